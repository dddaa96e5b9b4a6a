/* The end of a part: the levels of its tree, the judgement, and its name as content. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/blobs/blobs_fs_internal.h"

#define NODES_STEP 8192u /* of a level that are made in a slice */

/* The leaf of a last chunk that is not full, or of nothing at all. */
static int last_leaf(struct blobs_fs *b, struct part *p, struct task *t)
{
	struct cy_digest leaf;

	if (p->end == 0)
		blobs_leaf(b, b->scratch, 0, &leaf);
	else if (!p->pulled && p->end % CY_CHUNK != 0)
		CY_ASSERT(EVP_DigestFinal_ex(p->leaf, leaf.b, NULL) == 1);
	else
		return CY_OK;
	return blobs_part_leaf(b, p, blob_chunks(p->end) - 1, &leaf, t);
}

static int make_nodes(struct blobs_fs *b, struct part *p, struct task *t)
{
	const uint64_t leaves = blob_chunks(p->end), below = audit_level(leaves, p->level - 1);
	const uint64_t nodes = audit_level(leaves, p->level);
	const uint64_t n = nodes - p->index < NODES_STEP ? nodes - p->index : NODES_STEP;
	const uint64_t children = below - 2 * p->index < 2 * n ? below - 2 * p->index : 2 * n;
	struct cy_digest *d = (struct cy_digest *)b->scratch;
	struct files *f = blobs_files(b, p->path, O_RDWR);
	size_t len;

	if (f == NULL || blobs_tree(b, f, O_RDWR) < 0)
		return blobs_fail_errno(t, "opened with its tree", p->path);
	errno = EIO;
	if (blobs_pread(f->tree, d, children * CY_SHA256_LEN, blobs_tree_at(leaves, p->level - 1, 2 * p->index), &len) <
		    0 ||
	    len != children * CY_SHA256_LEN)
		return blobs_fail_errno(t, "read with its tree", p->path);
	for (uint64_t i = 0; i < n; i++)
		d[i] = 2 * i + 1 < children ? audit_node(&d[2 * i], &d[2 * i + 1]) : d[2 * i];
	if (blobs_pwrite(f->tree, d, n * CY_SHA256_LEN, blobs_tree_at(leaves, p->level, p->index)) < 0)
		return blobs_fail_errno(t, "written to its tree", p->path);
	p->index += n;
	if (p->index == nodes) {
		p->level++;
		p->index = 0;
	}
	return CY_OK;
}

static int find_root(struct blobs_fs *b, struct part *p, struct cy_digest *ret, struct task *t)
{
	const uint64_t leaves = blob_chunks(p->end);
	struct files *f;
	size_t len;

	if (leaves == 1) {
		*ret = p->first;
		return CY_OK;
	}
	f = blobs_files(b, p->path, O_RDWR);
	errno = EIO;
	if (f == NULL || blobs_tree(b, f, O_RDWR) < 0 ||
	    blobs_pread(f->tree, ret->b, CY_SHA256_LEN, blobs_tree_at(leaves, p->level - 1, 0), &len) < 0 ||
	    len != CY_SHA256_LEN)
		return blobs_fail_errno(t, "read with its tree", p->path);
	return CY_OK;
}

/* Checks the bytes of a part. Returns CY_ESIGN if they are wrong: the part is thrown away. */
static int judge(struct blobs_fs *b, struct part *p, struct task *t)
{
	struct blob_id id = { .size = p->end };

	if (find_root(b, p, &id.root, t) < 0)
		return t->result.code;
	CY_ASSERT(EVP_DigestFinal_ex(p->whole, id.sha256.b, NULL) == 1);
	/* Each chunk led to that root when it came. */
	if (p->pulled && !cy_digest_equal(&id.root, &p->expected.root)) {
		blobs_fail(t, CY_EIO, BLOBS_SPOILT, p->name);
		return CY_ESIGN;
	}
	if (t->expects && !cy_digest_equal(&id.sha256, &t->id.sha256))
		return blobs_fail(t, CY_ESIGN, "%s has another SHA-256 than was stated, and was thrown away", p->name);
	if (p->pulled && !cy_digest_equal(&id.sha256, &p->expected.sha256))
		return blobs_fail(t, CY_ESIGN, "%s has another SHA-256 than its manifest says, and was thrown away",
				  p->name);
	t->result.id = id;
	return CY_OK;
}

/* CY_ESIGN: the disk has lost the end of it, which is to be thrown away. */
static int sync_files(struct blobs_fs *b, struct part *p, struct files *f, struct task *t)
{
	struct stat st;

	if (fstat(f->data, &st) < 0)
		return blobs_fail_errno(t, "looked at", p->path);
	if ((uint64_t)st.st_size < p->end) {
		blobs_fail(t, CY_EIO, BLOBS_SPOILT, p->name);
		return CY_ESIGN;
	}
	/* Blocks ahead of the end, or what an earlier attempt has left there. */
	if ((((uint64_t)st.st_size != p->end || p->allocated > p->end) && ftruncate(f->data, (off_t)p->end) < 0) ||
	    fsync(f->data) < 0)
		return blobs_fail_errno(t, "flushed", p->path);
	if (blob_chunks(p->end) > 1 &&
	    (blobs_tree(b, f, O_RDWR) < 0 ||
	     ftruncate(f->tree, (off_t)blobs_tree_at(blob_chunks(p->end), p->level, 0)) < 0 || fsync(f->tree) < 0))
		return blobs_fail_errno(t, "flushed with its tree", p->path);
	return CY_OK;
}

static int make_dir(struct blobs_fs *b, const char *dir, struct task *t)
{
	if (mkdirat(b->dir, dir, 0700) < 0 && errno != EEXIST)
		return blobs_fail_errno(t, "made", dir);
	return blobs_sync_dir(b, "content") < 0 ? blobs_fail_errno(t, "flushed", "content") : CY_OK;
}

/* The tree first: content is there when its data is. Each name is on the disk before the
 * next one. */
static int rename_files(struct blobs_fs *b, struct part *p, const char *content, struct task *t)
{
	char from[PATH_SIZE], to[PATH_SIZE], dir[PATH_SIZE];

	snprintf(dir, sizeof dir, "%.*s", (int)(strrchr(content, '/') - content), content);
	if (make_dir(b, dir, t) < 0)
		return t->result.code;
	if (blob_chunks(p->end) > 1) {
		blobs_path(from, p->path, "tree");
		blobs_path(to, content, "tree");
		if (renameat(b->dir, from, b->dir, to) < 0 || blobs_sync_dir(b, dir) < 0)
			return blobs_fail_errno(t, "renamed", from);
	}
	if (renameat(b->dir, p->path, b->dir, content) < 0)
		return blobs_fail_errno(t, "renamed", p->path);
	/* Nothing may find it open as a part any more. */
	blobs_files_forget(b, p->path);
	(void)!fchmodat(b->dir, content, 0400, 0);
	if (blobs_sync_dir(b, dir) < 0 || blobs_sync_dir(b, "part") < 0)
		return blobs_fail_errno(t, "flushed", dir);
	return CY_OK;
}

/* -------------------------------------------------------------------- the seal */

/* Of an upload; `pulled`: of what was pulled. */
static void seal_path(char out[static PATH_SIZE], const char *part, bool pulled)
{
	CY_ASSERT((size_t)snprintf(out, PATH_SIZE, "part/%s.%s", part, pulled ? "done" : "seal") < PATH_SIZE);
}

/* On the disk before the content has its name: the row is written later than that. */
static int write_seal(struct blobs_fs *b, struct part *p, struct task *t)
{
	char path[PATH_SIZE], hex[CY_SHA256_HEX];
	int fd, r;

	seal_path(path, p->name, p->pulled);
	cy_digest_hex(&t->result.id.sha256, hex);
	fd = openat(b->dir, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return blobs_fail_errno(t, "made", path);
	r = blobs_pwrite(fd, hex, sizeof hex - 1, 0) == CY_OK && fsync(fd) == 0 && blobs_sync_dir(b, "part") == CY_OK
		    ? CY_OK
		    : blobs_fail_errno(t, "written", path);
	close(fd);
	return r;
}

static bool read_seal(struct blobs_fs *b, const char *path, struct cy_digest *ret)
{
	const int fd = openat(b->dir, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	char hex[CY_SHA256_HEX];
	size_t len = 0;

	if (fd < 0)
		return false;
	if (blobs_pread(fd, hex, sizeof hex, 0, &len) < 0)
		len = 0;
	close(fd);
	return len == sizeof hex - 1 && cy_unhex(hex, len, ret->b, CY_SHA256_LEN) == CY_OK;
}

void blobs_seal_left(struct blobs_fs *b, const char *part)
{
	struct task *t = blobs_task(BLOBS_LEFT, 0);
	char path[PATH_SIZE];

	if (cy_copy(t->part, sizeof t->part, part) == CY_OK) {
		seal_path(path, part, false);
		if (read_seal(b, path, &t->id.sha256)) {
			blobs_post(b, t);
			return;
		}
		unlinkat(b->dir, path, 0);
	}
	blobs_task_free(t);
}

/* A later upload under the same name may have become something else. */
void blobs_seal_confirm(struct blobs_fs *b, struct task *t)
{
	struct cy_digest sealed;
	char path[PATH_SIZE];

	for (int pulled = 0; pulled < 2; pulled++) {
		seal_path(path, t->part, pulled);
		if (read_seal(b, path, &sealed) && cy_digest_equal(&sealed, &t->id.sha256))
			unlinkat(b->dir, path, 0);
	}
	blobs_task_free(t);
}

bool blobs_seal_pulled(struct blobs_fs *b, const char *part, const struct cy_digest *sha256)
{
	struct cy_digest sealed;
	char path[PATH_SIZE];

	seal_path(path, part, true);
	return read_seal(b, path, &sealed) && cy_digest_equal(&sealed, sha256);
}

/* ---------------------------------------------------------------- its new name */

static int seal(struct blobs_fs *b, struct part *p, struct task *t)
{
	char content[PATH_SIZE];
	struct files *f;
	struct stat st;
	bool was;
	int r;

	f = blobs_files(b, p->path, O_RDWR);
	if (f == NULL)
		return blobs_fail_errno(t, "opened", p->path);
	r = sync_files(b, p, f, t);
	if (r < 0)
		return r;
	blobs_content_path(content, &t->result.id.sha256);
	was = fstatat(b->dir, content, &st, AT_SYMLINK_NOFOLLOW) == 0;
	/* An upload of what is there already needs none: that content is somebody's. What is pulled
	 * needs it all the same: it tells whose pull it was. */
	if ((p->pulled || !was) && write_seal(b, p, t) < 0)
		return t->result.code;
	/* The same content is stored once: as it is now, for the disk may have spoilt the other. */
	blobs_files_forget(b, content);
	if (rename_files(b, p, content, t) < 0)
		return t->result.code;
	if (t->result.id.sha256.b[0] < b->scanned) {
		b->now.contents += !was;
		b->now.content += p->end - (was ? (uint64_t)st.st_size : 0);
	}
	return CY_OK;
}

void blobs_finish_step(struct blobs_fs *b, struct part *p)
{
	struct task *t = p->finish, *waiting;
	int r = CY_OK;

	if (p->level == 0) {
		if (p->end != t->size || (p->pulled && p->end != p->expected.size))
			r = blobs_fail(t, CY_ESIGN, "%s has %llu bytes instead of %llu, and was thrown away", p->name,
				       (unsigned long long)p->end, (unsigned long long)t->size);
		else
			r = last_leaf(b, p, t);
		p->level = 1;
		p->index = 0;
	}
	if (r == CY_OK && audit_level(blob_chunks(p->end), p->level) > 0) {
		r = make_nodes(b, p, t);
		if (r == CY_OK) {
			blobs_job_add(b, p);
			return;
		}
	}
	if (r == CY_OK)
		r = judge(b, p, t);
	if (r == CY_OK)
		r = seal(b, p, t);
	p->finish = NULL;
	waiting = blobs_part_waiting(p);
	/* The part has been renamed after its content; its mark and its other files are removed, even
	 * if the disk did not confirm the name: open() will find it. */
	if (r == CY_OK || r == CY_ESIGN || faccessat(b->dir, p->path, F_OK, AT_SYMLINK_NOFOLLOW) < 0) {
		t->result.offset = p->end;
		blobs_part_remove(b, p);
	} else {
		blobs_part_back(b, p, t);
	}
	blobs_post(b, t);
	blobs_part_go_on(b, waiting);
}
