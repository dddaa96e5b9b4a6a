/* Long work on parts, done in slices between other tasks: reading back the bytes that an earlier
 * process has written, and finishing. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/blobs/blobs_fs_internal.h"

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

/* ---------------------------------------------------------------- reading back */

/* The disk does not give back what it took: nobody else is to blame. */
static void spoilt(struct blobs_fs *b, struct part *p)
{
	struct task *t = p->finish, *waiting, none = { 0 };

	if (t == NULL) {
		if (blobs_part_anew(b, p, &none) < 0)
			blobs_part_remove(b, p);
		else
			p->append_error = CY_EIO;
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
	struct task none = { 0 };
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
	helper_begin(b->hasher, blobs_hash, &hashing);
	if (whole_chunk)
		good = is_as_written(b, p, f, n);
	helper_end(b->hasher);
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
	blobs_land(b);
	if (p->whole_at < p->end)
		catch_up(b, p);
	else if (p->finish != NULL)
		blobs_finish_step(b, p);
}
