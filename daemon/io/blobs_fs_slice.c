/* What is done with parts in slices, between other tasks: copying a file into them, reading
 * back what an earlier life has written, finishing. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/blobs_fs_internal.h"

void blobs_job_add(struct blobs_fs *b, struct part *p)
{
	if (p->is_job)
		return;
	p->is_job = true;
	p->job = NULL;
	*b->last_job = p;
	b->last_job = &p->job;
}

void blobs_part_go_on(struct blobs_fs *b, struct task *waiting)
{
	while (waiting != NULL) {
		struct task *t = waiting;

		waiting = t->next;
		blobs_do(b, t);
	}
}

struct task *blobs_part_waiting(struct part *p)
{
	struct task *waiting = p->waiting;

	p->waiting = NULL;
	p->last_waiting = &p->waiting;
	return waiting;
}

/* --------------------------------------------------------------------- copying */

static void copy_end(struct blobs_fs *b, struct part *p)
{
	struct task *t = p->copy;

	p->copy = NULL;
	close(t->fd);
	t->fd = -1;
	t->result.offset = p->end;
	blobs_post(b, t);
	blobs_part_go_on(b, blobs_part_waiting(p));
}

void blobs_part_copy(struct blobs_fs *b, struct part *p, struct task *t)
{
	struct stat st;
	uint64_t size;

	p->copy = t;
	if (fstat(t->fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		blobs_fail(t, CY_EINVAL, "what was handed over for %s is not a regular file", p->name);
		copy_end(b, p);
		return;
	}
	if (p->pulled) {
		blobs_fail(t, CY_ESTATE, "%s is pulled from a peer", p->name);
		copy_end(b, p);
		return;
	}
	if (p->end > 0 && blobs_part_anew(b, p, t) < 0) {
		copy_end(b, p);
		return;
	}
	size = (uint64_t)st.st_size;
	if (p->size == 0 && !blobs_room(b, size, 0)) {
		blobs_fail(t, CY_ELIMIT, "the disk has no room for the %llu bytes of %s", (unsigned long long)size,
			   p->name);
		copy_end(b, p);
		return;
	}
	if (p->size == 0)
		p->size = size;
	blobs_part_end(b, p, p->end);
	posix_fadvise(t->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	blobs_job_add(b, p);
}

/* The next piece is read while the last one flies. */
static void copy_step(struct blobs_fs *b, struct part *p)
{
	struct task *t = p->copy;
	const uint64_t from = p->end + (b->flight.p == p ? b->flight.len : 0);
	uint8_t *const data = b->spare;
	size_t len = 0;
	const int error = blobs_pread(t->fd, data, CY_CHUNK, from, &len) < 0 ? errno : 0;

	blobs_land(b);
	if (t->result.code == CY_OK && error != 0)
		blobs_fail(t, CY_EIO, "what was handed over for %s cannot be read: %s", p->name, strerror(error));
	if (t->result.code == CY_OK) {
		b->spare = b->scratch;
		b->scratch = data;
		blobs_part_write(b, p, t, data, len, NULL);
	}
	if (t->result.code < 0 || len < CY_CHUNK) {
		blobs_land(b);
		copy_end(b, p);
		return;
	}
	t->result.offset = p->end;
	if (p->end > 0 && p->end % PROGRESS_BYTES == 0)
		blobs_post_more(b, t);
	blobs_job_add(b, p);
}

/* ---------------------------------------------------------------- reading back */

/* The disk does not give back what it took: nobody else is to blame. */
static void spoilt(struct blobs_fs *b, struct part *p)
{
	struct task *t = p->finish, *waiting, none = { .fd = -1 };

	if (t == NULL) {
		if (blobs_part_anew(b, p, &none) < 0)
			blobs_part_remove(b, p);
		else
			p->stuck = CY_EIO;
		return;
	}
	waiting = blobs_part_waiting(p);
	blobs_fail(t, CY_EIO, BLOBS_SPOILT, p->name);
	blobs_part_remove(b, p);
	blobs_post(b, t);
	blobs_part_go_on(b, waiting);
}

/* A chunk that is read back: its leaf is known; of an earlier life it may be lost, and is put
 * into the tree. */
static bool is_as_written(struct blobs_fs *b, struct part *p, struct files *f, size_t n)
{
	const uint64_t index = p->whole_at / CY_CHUNK;
	struct task none = { .fd = -1 };
	struct cy_digest leaf, stored = p->first;
	size_t len;

	blobs_leaf(b, b->scratch, n, &leaf);
	if (p->whole_at < p->resumed && p->leaves_lost)
		return blobs_part_leaf(b, p, index, &leaf, &none) == CY_OK;
	if ((index > 0 || !p->has_first) &&
	    (blobs_tree(b, f, O_RDWR) < 0 ||
	     blobs_pread(f->tree, stored.b, CY_SHA256_LEN, index * CY_SHA256_LEN, &len) < 0 || len != CY_SHA256_LEN))
		return false;
	if (index == 0) {
		p->first = leaf;
		p->has_first = true;
	}
	return cy_digest_equal(&leaf, &stored);
}

void blobs_hash(void *arg)
{
	const struct hashing *h = arg;

	CY_ASSERT(EVP_DigestUpdate(h->whole, h->data, h->len) == 1);
}

static void catch_up(struct blobs_fs *b, struct part *p)
{
	const uint64_t left = p->end - p->whole_at, room = CY_CHUNK - p->whole_at % CY_CHUNK;
	const size_t n = (size_t)(left < room ? left : room);
	struct files *f = blobs_files(b, p->path, O_RDWR);
	/* Else it has no leaf yet. */
	const bool whole_chunk = p->whole_at % CY_CHUNK == 0 && (n == CY_CHUNK || p->pulled);
	struct hashing hashing;
	bool good = true;
	size_t len = 0;

	if (f == NULL || blobs_data_read(b, f, b->scratch, n, p->whole_at, &len) < 0 || len != n) {
		spoilt(b, p);
		return;
	}
	hashing = (struct hashing){ p->whole, b->scratch, n };
	aide_begin(b->hasher, blobs_hash, &hashing);
	if (whole_chunk)
		good = is_as_written(b, p, f, n);
	aide_end(b->hasher);
	if (!good) {
		spoilt(b, p);
		return;
	}
	p->whole_at += n;
	if (p->whole_at < p->end || p->finish != NULL)
		blobs_job_add(b, p);
}

void blobs_job(struct blobs_fs *b)
{
	struct part *p = b->job;

	b->job = p->job;
	if (b->job == NULL)
		b->last_job = &b->job;
	p->is_job = false;
	if (p->copy != NULL) {
		copy_step(b, p);
		return;
	}
	blobs_land(b);
	if (p->whole_at < p->end)
		catch_up(b, p);
	else if (p->finish != NULL)
		blobs_finish_step(b, p);
}
