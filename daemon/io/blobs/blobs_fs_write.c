/* Appending to a part. An append is in flight while one helper thread writes it and another one adds it to
 * the hash of the whole. Meanwhile the worker hashes the leaves of the next piece, until that is appended in
 * turn, or another task is to be done. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "io/blobs/blobs_fs_internal.h"

#define ALONE          65536u          /* so little flies nowhere: handing it over costs as much */
#define FLUSH_WINDOW   (8u * CY_CHUNK) /* bytes that are being written back, and as many that are not yet */
#define ALLOCATE_AHEAD (256u * CY_CHUNK)

/* --------------------------------------------------------------------- leaves */

int blobs_part_leaf(struct blobs_fs *b, struct part *p, uint64_t index, const struct cy_digest *leaf, struct task *t)
{
	struct files *f;

	if (index == 0) {
		p->first = *leaf;
		p->has_first = true;
		/* Most items have no second chunk, and so no tree. */
		if (!p->has_tree)
			return CY_OK;
	}
	f = blobs_files(b, p->path, O_RDWR);
	if (f == NULL || blobs_tree(b, f, O_RDWR | O_CREAT) < 0)
		return blobs_fail_errno(t, "opened with its tree", p->path);
	if (!p->has_tree) {
		p->has_tree = true;
		p->named = false;
		if (p->has_first && blobs_pwrite(f->tree, p->first.b, CY_SHA256_LEN, 0) < 0)
			return blobs_fail_errno(t, "written to its tree", p->path);
	}
	if (blobs_pwrite(f->tree, leaf->b, CY_SHA256_LEN, index * CY_SHA256_LEN) < 0)
		return blobs_fail_errno(t, "written to its tree", p->path);
	return CY_OK;
}

/* Leaves of an upload, whose pieces are not chunks. */
static int hash_leaves(struct blobs_fs *b, struct part *p, struct task *t, const uint8_t *data, size_t len)
{
	uint64_t at = p->end;

	while (len > 0) {
		const uint64_t room = CY_CHUNK - at % CY_CHUNK;
		const size_t n = len < room ? len : (size_t)room;
		struct cy_digest leaf;

		CY_ASSERT(EVP_DigestUpdate(p->leaf, data, n) == 1);
		at += n;
		data += n;
		len -= n;
		if (at % CY_CHUNK != 0)
			break;
		CY_ASSERT(EVP_DigestFinal_ex(p->leaf, leaf.b, NULL) == 1);
		blobs_leaf_begin(b, p);
		if (blobs_part_leaf(b, p, at / CY_CHUNK - 1, &leaf, t) < 0)
			return t->result.code;
	}
	return CY_OK;
}

/* ---------------------------------------------------------------- on the disk */

/* Blocks ahead of what is written, that the file lies in one piece; it goes without as well. */
static void allocate(struct blobs_fs *b, struct part *p, struct files *f, uint64_t end)
{
	const uint64_t from = p->end > p->allocated ? p->end : p->allocated;
	uint64_t len;

	if (p->no_allocate || end <= p->allocated || end > p->size)
		return;
	len = p->size - from < ALLOCATE_AHEAD ? p->size - from : ALLOCATE_AHEAD;
	if (!blobs_usable(b, p, len))
		return;
	if (fallocate(f->data, FALLOC_FL_KEEP_SIZE, (off_t)from, (off_t)len) == 0)
		p->allocated = from + len;
	else if (errno == EOPNOTSUPP || errno == ENOSYS)
		p->no_allocate = true;
}

static int flush_range(struct files *f, uint64_t from, uint64_t to, unsigned flags)
{
	if (to == from || sync_file_range(f->data, (off_t)from, (off_t)(to - from), flags) == 0)
		return CY_OK;
	/* Else the file system cannot, and the mark's flush is all there is. */
	return errno == EIO || errno == ENOSPC || errno == EDQUOT ? CY_EIO : CY_OK;
}

/* The amount of dirty data stays small, so that a commit on the same disk does not wait for it. */
static int pace(struct blobs_fs *b, struct part *p, struct files *f, struct task *t)
{
	const unsigned wait = SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER;

	if (p->end / CY_CHUNK * CY_CHUNK >= p->durable + BLOBS_FS_MARK)
		return blobs_part_mark(b, p, f, t);
	if (p->end - p->flushing < FLUSH_WINDOW)
		return CY_OK;
	if (flush_range(f, p->flushed, p->flushing, wait) < 0 ||
	    flush_range(f, p->flushing, p->end, SYNC_FILE_RANGE_WRITE) < 0)
		return blobs_fail_errno(t, "written back", p->path);
	p->flushed = p->flushing;
	p->flushing = p->end;
	return CY_OK;
}

/* ------------------------------------------------------------------ the flight */

static void write_data(void *arg)
{
	struct blobs_fs *b = arg;
	struct flight *f = &b->flight;

	f->code = blobs_data_write(b, f->files, f->data, f->len, f->p->end);
	f->error = errno;
}

static void hash_data(void *arg)
{
	struct blobs_fs *b = arg;

	CY_ASSERT(EVP_DigestUpdate(b->flight.p->whole, b->flight.data, b->flight.len) == 1);
}

static void take_off(struct blobs_fs *b)
{
	struct flight *f = &b->flight;

	if (f->in_turn)
		CY_ASSERT(EVP_MD_CTX_copy_ex(b->whole_before, f->p->whole) == 1);
	CY_ASSERT(EVP_MD_CTX_copy_ex(b->leaf_before, f->p->leaf) == 1);
	if (f->len <= ALONE) {
		write_data(b);
		if (f->in_turn)
			hash_data(b);
		return;
	}
	helper_begin(b->writer, write_data, b);
	if (f->in_turn)
		helper_begin(b->hasher, hash_data, b);
}

/* It was not written: the part is as before. */
static int undo(struct blobs_fs *b, struct flight *f)
{
	errno = f->error;
	if (f->in_turn)
		CY_ASSERT(EVP_MD_CTX_copy_ex(f->p->whole, b->whole_before) == 1);
	CY_ASSERT(EVP_MD_CTX_copy_ex(f->p->leaf, b->leaf_before) == 1);
	return blobs_fail_errno(f->t, "written", f->p->path);
}

/* The bytes are the part's. */
static int take(struct blobs_fs *b, struct flight *f)
{
	struct part *p = f->p;
	struct task *t = f->t;

	if (f->in_turn)
		p->whole_at = p->end + f->len;
	else
		blobs_job_add(b, p);
	if (t->result.code == CY_OK && f->is_chunk)
		blobs_part_leaf(b, p, p->end / CY_CHUNK, &f->leaf, t);
	if (t->result.code == CY_OK) {
		blobs_part_end(b, p, p->end + f->len);
		pace(b, p, f->files, t);
	}
	if (t->result.code < 0)
		blobs_part_back(b, p, t);
	return t->result.code;
}

static void appended(struct blobs_fs *b, struct part *p, struct task *t)
{
	t->result.offset = p->end;
	t->result.n_path = 0;
	blob_release(&t->data);
	blobs_post(b, t);
}

void blobs_land(struct blobs_fs *b)
{
	struct flight f;
	int r;

	if (b->flight.p == NULL)
		return;
	helper_end(b->writer);
	helper_end(b->hasher);
	f = b->flight;
	b->flight.p = NULL;
	r = f.code < 0 ? undo(b, &f) : take(b, &f);
	if (f.t->what != BLOBS_APPEND)
		return;
	f.p->append_error = r;
	appended(b, f.p, f.t);
}

int blobs_part_write(struct blobs_fs *b, struct part *p, struct task *t, const uint8_t *data, size_t len,
		     const struct cy_digest *leaf)
{
	const uint64_t end = p->end + len, have = p->end > p->allocated ? p->end : p->allocated;
	struct files *f = blobs_files(b, p->path, O_RDWR);

	if (f == NULL)
		return blobs_fail_errno(t, "opened", p->path);
	if (end > have && !blobs_usable(b, p, end - have))
		return blobs_fail(t, CY_ELIMIT, "the disk has no room for more of %s", p->path);
	allocate(b, p, f, end);
	/* A whole that is behind catches up later. */
	b->flight = (struct flight){
		.p = p, .t = t, .files = f, .data = data, .len = len, .in_turn = p->whole_at == p->end
	};
	if (leaf != NULL) {
		b->flight.leaf = *leaf;
		b->flight.is_chunk = true;
	}
	take_off(b);
	/* A failure is reported when the write has ended. */
	if (leaf == NULL)
		hash_leaves(b, p, t, data, len);
	return CY_OK;
}

/* ------------------------------------------------------------------- appending */

/* A chunk of a pulled part is believed when its path leads to the manifest's root. */
static int take_chunk(struct blobs_fs *b, struct part *p, struct task *t, const struct cy_digest *leaf)
{
	const uint64_t size = p->expected.size, index = t->offset / CY_CHUNK;
	const uint64_t left = size - p->end, want = left < CY_CHUNK ? left : CY_CHUNK;

	if (t->data.len != want || (want == 0 && size > 0))
		return blobs_fail(t, CY_ESIGN, "chunk %llu of %s has %zu bytes; the manifest says %llu",
				  (unsigned long long)index, p->name, t->data.len, (unsigned long long)want);
	if (!audit_included(leaf, index, blob_chunks(size), t->result.path, t->result.n_path, &p->expected.root))
		return blobs_fail(t, CY_ESIGN, "chunk %llu of %s is not what the manifest states",
				  (unsigned long long)index, p->name);
	return blobs_part_write(b, p, t, t->data.data, t->data.len, leaf);
}

void blobs_part_append(struct blobs_fs *b, struct part *p, struct task *t)
{
	struct cy_digest leaf;

	if (p->pulled)
		blobs_leaf(b, t->data.data, t->data.len, &leaf);
	blobs_land(b);
	if (t->offset > p->end && p->append_error != CY_OK)
		blobs_fail(t, p->append_error, "what comes before it in %s failed", p->name);
	else if (t->offset != p->end)
		blobs_fail(t, CY_ESTATE, "%s ends at %llu, not at %llu", p->name, (unsigned long long)p->end,
			   (unsigned long long)t->offset);
	else
		p->append_error = p->pulled ? take_chunk(b, p, t, &leaf)
					    : blobs_part_write(b, p, t, t->data.data, t->data.len, NULL);
	if (b->flight.t != t || b->flight.p == NULL)
		appended(b, p, t);
}
