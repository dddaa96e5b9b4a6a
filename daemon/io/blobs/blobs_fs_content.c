/* Complete content: chunks of it, its descriptor, its end. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/blobs/blobs_fs_internal.h"

void blobs_leaf(struct blobs_fs *b, const uint8_t *data, size_t len, struct cy_digest *ret)
{
	static const uint8_t prefix = 0;

	CY_ASSERT(EVP_DigestInit_ex2(b->leaf, b->sha256, NULL) == 1 && EVP_DigestUpdate(b->leaf, &prefix, 1) == 1 &&
		  EVP_DigestUpdate(b->leaf, data, len) == 1 && EVP_DigestFinal_ex(b->leaf, ret->b, NULL) == 1);
}

/* Nodes of the whole tree. */
static uint64_t tree_nodes(uint64_t leaves)
{
	uint64_t nodes = 0, n;

	for (unsigned level = 0; (n = audit_level(leaves, level)) > 0; level++)
		nodes += n;
	return nodes;
}

bool blobs_tree_node(struct files *f, uint64_t at, struct cy_digest *ret)
{
	size_t len;

	return blobs_pread(f->tree, ret->b, CY_SHA256_LEN, at, &len) == CY_OK && len == CY_SHA256_LEN;
}

bool blobs_tree_root(struct blobs_fs *b, struct files *f, uint64_t leaves, struct cy_digest *ret)
{
	const uint64_t nodes = tree_nodes(leaves);
	struct stat st;

	return blobs_tree(b, f, O_RDONLY) >= 0 && fstat(f->tree, &st) == 0 &&
	       (uint64_t)st.st_size == nodes * CY_SHA256_LEN && blobs_tree_node(f, (nodes - 1) * CY_SHA256_LEN, ret);
}

/* Content of one chunk has no tree: it is read, and its digest is its name. `sha256` NULL:
 * it is not verified. */
static bool only_chunk(struct files *f, uint8_t *data, uint64_t size, const struct cy_digest *sha256)
{
	struct cy_digest d;
	size_t len;

	if (blobs_pread(f->data, data, (size_t)size, 0, &len) < 0 || len != size)
		return false;
	if (sha256 == NULL)
		return true;
	d = cy_sha256(cy_bytes(data, len));
	return cy_digest_equal(&d, sha256);
}

struct files *blobs_content_files(struct blobs_fs *b, const struct cy_digest *sha256, uint64_t *ret_size)
{
	char path[PATH_SIZE];
	struct files *f;
	struct stat st;

	blobs_content_path(path, sha256);
	f = blobs_files(b, path, O_RDONLY);
	if (f == NULL || fstat(f->data, &st) < 0)
		return NULL;
	if (!S_ISREG(st.st_mode)) {
		errno = ENOENT;
		return NULL;
	}
	*ret_size = (uint64_t)st.st_size;
	return f;
}

bool blobs_content_is(struct blobs_fs *b, const struct cy_digest *sha256, struct blob_id *ret_id)
{
	struct blob_id id = { .sha256 = *sha256 };
	struct files *f = blobs_content_files(b, sha256, &id.size);

	if (f == NULL)
		return false;
	if (blob_chunks(id.size) > 1) {
		if (!blobs_tree_root(b, f, blob_chunks(id.size), &id.root))
			return false;
	} else {
		if (!only_chunk(f, b->scratch, id.size, sha256))
			return false;
		blobs_leaf(b, b->scratch, (size_t)id.size, &id.root);
	}
	*ret_id = id;
	return true;
}

int blobs_content_flush(struct blobs_fs *b, const struct cy_digest *sha256, struct task *t)
{
	char path[PATH_SIZE];

	blobs_content_path(path, sha256);
	*strrchr(path, '/') = '\0';
	if (blobs_sync_dir(b, path) < 0)
		return blobs_fail_errno(t, "flushed", path);
	return blobs_sync_dir(b, "content") < 0 ? blobs_fail_errno(t, "flushed", "content") : CY_OK;
}

/* A chunk of several, with its path, as the tree says. */
static bool chunk(struct blobs_fs *b, struct files *f, struct task *t, uint64_t leaves)
{
	struct audit_position at[AUDIT_LEVELS_MAX];
	struct cy_digest leaf, stored, root;
	size_t len;

	if (!blobs_tree_root(b, f, leaves, &root))
		return false;
	if (blobs_data_read(b, f, t->data.data, t->data.len, t->offset * CY_CHUNK, &len) < 0 || len != t->data.len)
		return false;
	t->result.n_path = audit_path(t->offset, leaves, at);
	CY_ASSERT(t->result.n_path <= CY_CHUNK_PATH_MAX);
	for (size_t i = 0; i < t->result.n_path; i++)
		if (!blobs_tree_node(f, blobs_tree_at(leaves, at[i].level, at[i].index), &t->result.path[i]))
			return false;
	if (!t->verify)
		return true;
	blobs_leaf(b, t->data.data, len, &leaf);
	return blobs_tree_node(f, t->offset * CY_SHA256_LEN, &stored) && cy_digest_equal(&leaf, &stored) &&
	       audit_included(&leaf, t->offset, leaves, t->result.path, t->result.n_path, &root);
}

void blobs_content_read(struct blobs_fs *b, struct task *t)
{
	uint64_t size = 0, left;
	struct files *f = blobs_content_files(b, &t->id.sha256, &size);
	char path[PATH_SIZE];
	bool good;

	blobs_content_path(path, &t->id.sha256);
	if (f == NULL) {
		blobs_fail_errno(t, "opened", path);
	} else if (t->offset >= blob_chunks(size)) {
		blobs_fail(t, CY_ESIGN, "%s has %llu bytes, and so no chunk %llu", path, (unsigned long long)size,
			   (unsigned long long)t->offset);
	} else {
		left = size - t->offset * CY_CHUNK;
		t->data.len = left < CY_CHUNK ? (size_t)left : CY_CHUNK;
		errno = 0;
		good = blob_chunks(size) == 1 ? only_chunk(f, t->data.data, size, t->verify ? &t->id.sha256 : NULL)
					      : chunk(b, f, t, blob_chunks(size));
		if (!good && errno == EIO)
			blobs_fail_errno(t, "read", path);
		else if (!good)
			blobs_fail(t, CY_ESIGN, "%s is not what it was when it was stored: chunk %llu differs", path,
				   (unsigned long long)t->offset);
	}
	if (t->result.code == CY_OK) {
		t->result.data = t->data;
		t->data = (struct blob_bytes){ 0 };
	} else {
		t->result.n_path = 0;
		blob_release(&t->data);
	}
	blobs_post(b, t);
}

void blobs_content_file(struct blobs_fs *b, struct task *t)
{
	char path[PATH_SIZE];

	blobs_content_path(path, &t->id.sha256);
	t->result.fd = openat(b->dir, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (t->result.fd < 0)
		blobs_fail_errno(t, "opened", path);
	blobs_post(b, t);
}

void blobs_content_destroy(struct blobs_fs *b, struct task *t)
{
	char path[PATH_SIZE], tree[PATH_SIZE];
	struct stat st = { 0 };
	char *slash;

	blobs_content_path(path, &t->id.sha256);
	blobs_path(tree, path, "tree");
	blobs_files_forget(b, path);
	/* The data first: a tree alone is a leftover. */
	if (fstatat(b->dir, path, &st, AT_SYMLINK_NOFOLLOW) < 0 || unlinkat(b->dir, path, 0) < 0) {
		blobs_fail_errno(t, "removed", path);
		blobs_post(b, t);
		return;
	}
	if (t->id.sha256.b[0] < b->scanned) {
		b->now.contents--;
		b->now.content -= (uint64_t)st.st_size;
	}
	unlinkat(b->dir, tree, 0);
	slash = strrchr(tree, '/');
	*slash = '\0';
	if (blobs_sync_dir(b, tree) < 0)
		blobs_fail_errno(t, "flushed", tree);
	blobs_look(b);
	blobs_post(b, t);
}
