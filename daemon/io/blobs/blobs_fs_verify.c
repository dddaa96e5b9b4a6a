/* Complete content is read once from beginning to end, in slices between other tasks: is it
 * still what its name says, and does its tree still prove each chunk of it? */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include "io/blobs/blobs_fs_internal.h"

struct check {
	struct check *next;
	struct task *task;
	uint64_t chunk;
	int64_t due; /* of the next one, for its rate */
	EVP_MD_CTX *whole;
	struct cy_digest left[AUDIT_LEVELS_MAX]; /* nodes that wait for the one on their right */
	struct cy_digest root;
};

static void check_free(struct check *c)
{
	EVP_MD_CTX_free(c->whole);
	free(c);
}

void blobs_verify(struct blobs_fs *b, struct task *t)
{
	struct check *c = calloc(1, sizeof *c);

	CY_ASSERT(c != NULL);
	c->task = t;
	c->whole = EVP_MD_CTX_new();
	CY_ASSERT(c->whole != NULL && EVP_DigestInit_ex2(c->whole, b->sha256, NULL) == 1);
	*b->last_check = c;
	b->last_check = &c->next;
}

void blobs_verify_free_all(struct blobs_fs *b)
{
	for (struct check *c = b->check, *next; c != NULL; c = next) {
		next = c->next;
		blobs_task_free(c->task);
		check_free(c);
	}
	b->check = NULL;
	b->last_check = &b->check;
}

int64_t blobs_verify_due(struct blobs_fs *b)
{
	int64_t due = INT64_MAX;

	for (const struct check *c = b->check; c != NULL; c = c->next)
		due = c->due < due ? c->due : due;
	return due;
}

/* The leaf, and each node that is whole with it, are what the tree says; the last leaf leads to the root. */
static bool climb(struct check *c, struct files *f, uint64_t leaves, struct cy_digest node)
{
	uint64_t index = c->chunk;

	for (unsigned level = 0;; level++, index /= 2) {
		const uint64_t nodes = audit_level(leaves, level);
		struct cy_digest stored;

		if (leaves > 1 && (!blobs_tree_node(f, blobs_tree_at(leaves, level, index), &stored) ||
				   !cy_digest_equal(&node, &stored)))
			return false;
		if (nodes == 1) {
			c->root = node;
			return true;
		}
		if (index % 2 == 1) {
			node = audit_node(&c->left[level], &node);
		} else if (index + 1 < nodes) {
			c->left[level] = node;
			return true;
		}
	}
}

/* The next chunk; false: it is not what it was, or cannot be read (errno). */
static bool next_chunk(struct blobs_fs *b, struct check *c, struct files *f, uint64_t size)
{
	const uint64_t left = size - c->chunk * CY_CHUNK;
	const size_t n = left < CY_CHUNK ? (size_t)left : CY_CHUNK;
	struct hashing hashing = { c->whole, b->scratch, n };
	struct cy_digest leaf;
	size_t len;

	if (blobs_data_read(b, f, b->scratch, n, c->chunk * CY_CHUNK, &len) < 0 || len != n)
		return false;
	helper_begin(b->hasher, blobs_hash, &hashing);
	blobs_leaf(b, b->scratch, n, &leaf);
	helper_end(b->hasher);
	return climb(c, f, blob_chunks(size), leaf);
}

/* All chunks were read. */
static void judge(struct check *c, uint64_t size, const char *path)
{
	struct task *t = c->task;

	t->result.id = (struct blob_id){ .size = size, .root = c->root };
	CY_ASSERT(EVP_DigestFinal_ex(c->whole, t->result.id.sha256.b, NULL) == 1);
	if (!cy_digest_equal(&t->result.id.sha256, &t->id.sha256))
		blobs_fail(t, CY_ESIGN, "%s is not what it was when it was stored", path);
}

static bool check_step(struct blobs_fs *b, struct check *c)
{
	struct task *t = c->task;
	struct files *f;
	struct cy_digest root;
	char path[PATH_SIZE];
	uint64_t size;

	blobs_content_path(path, &t->id.sha256);
	/* A file that is still open tells nothing of its name. */
	if (c->chunk == 0)
		blobs_files_forget(b, path);
	f = blobs_content_files(b, &t->id.sha256, &size);
	if (f == NULL) {
		blobs_fail_errno(t, "opened", path);
		return true;
	}
	errno = 0;
	if ((blob_chunks(size) > 1 && !blobs_tree_root(b, f, blob_chunks(size), &root)) ||
	    c->chunk >= blob_chunks(size) || !next_chunk(b, c, f, size)) {
		if (errno == EIO)
			blobs_fail_errno(t, "read", path);
		else
			blobs_fail(t, CY_ESIGN, "%s is not what it was when it was stored: chunk %llu differs", path,
				   (unsigned long long)c->chunk);
		return true;
	}
	if (++c->chunk < blob_chunks(size))
		return false;
	judge(c, size, path);
	return true;
}

void blobs_verify_step(struct blobs_fs *b)
{
	const int64_t now = blobs_now();
	struct check **at = &b->check, *c;

	while ((*at)->due > now)
		at = &(*at)->next;
	c = *at;
	*at = c->next;
	if (*at == NULL)
		b->last_check = at;
	blobs_land(b);
	if (check_step(b, c)) {
		blobs_post(b, c->task);
		check_free(c);
		return;
	}
	/* They take turns: a small one does not wait for a large one. */
	if (c->task->size > 0)
		c->due = now + (int64_t)(UINT64_C(1000) * CY_CHUNK / c->task->size);
	c->next = NULL;
	*b->last_check = c;
	b->last_check = &c->next;
}
