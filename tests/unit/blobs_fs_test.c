/* Evidence files through the port: what is put is read back, proven, survives a crash, and
 * nothing that is not what it must be becomes content. Digests and roots are from Python's
 * hashlib and RFC 6962, 2.1, over the same pattern. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "audit/log.h"
#include "audit/tree.h"
#include "io/blobs/blobs_fs.h"

#define MIB     ((uint64_t)CY_CHUNK)
#define RESULTS 4096

static const struct vector {
	uint64_t size;
	const char *sha256, *root;
} vectors[] = {
	{ 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
	  "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d" },
	{ 1000, "9ae5bf6a24c09bca9d2633fc99cc71241a16b993ef7c8019f574993fc886554c",
	  "ff60f1fb6858a315cd5106a83ffbeeffc4a92ec3c875876b9d55a31a3fd2b990" },
	{ 1048576, "9a058339229372b03c3b56553873e3681bb2ec068f7b9f08d7d6c9dd93157cbd",
	  "64adaa1806f2c2389caec12e56928788c1f1827e2a06f593f68d1a0f5ce61d89" },
	{ 1048577, "12edaca5731359b132cd6a3c2d3529ebc95089fafe9d884e23d71fe73dab5306",
	  "6258edc4479341cb79ac4ccec4a72f1ef12ae6bbd1fcdb478650a569d54f8ef1" },
	{ 3145733, "2def17ff03aea75aa22a6332ab1abf41ff643eb44c4eb5ea8c53b148f824dbd1",
	  "c7fdd55991f4d59956294c47501bd1925855d537acc7b0c62d49cf62c88dae7f" },
	{ 41943047, "87a8c596e93dc6f5585b2007a29f1df5dd6ece64bc6cad578897a79795c27ac3",
	  "a404f04e8b8fbe853c6edecaad3ae59192434d4bc1087502a92741eaee453499" },
};
enum {
	EMPTY,
	THOUSAND,
	ONE,
	ONE_MORE,
	FOUR,
	FORTY_ONE
};

/* Instead of the C library's: directories of content cannot be flushed, parts cannot be written. */
static atomic_bool no_flush, no_write;

static bool is_below(int fd, const char *dir)
{
	char link[32], path[256];
	ssize_t n;

	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof path - 1);
	path[n > 0 ? n : 0] = '\0';
	return strstr(path, dir) != NULL;
}

int fsync(int fd)
{
	if (atomic_load(&no_flush) && is_below(fd, "/content/")) {
		errno = EIO;
		return -1;
	}
	return (int)syscall(SYS_fsync, fd);
}

ssize_t pwrite(int fd, const void *data, size_t len, off_t offset)
{
	if (atomic_load(&no_write) && is_below(fd, "/part/")) {
		errno = ENOSPC;
		return -1;
	}
	return syscall(SYS_pwrite64, fd, data, len, offset);
}

static uint8_t *pattern; /* of the longest one; the others are its beginning */

static struct blob_id id_of(size_t i)
{
	struct blob_id id = { .size = vectors[i].size };

	assert_int_equal(cy_unhex(vectors[i].sha256, 64, id.sha256.b, CY_SHA256_LEN), CY_OK);
	assert_int_equal(cy_unhex(vectors[i].root, 64, id.root.b, CY_SHA256_LEN), CY_OK);
	return id;
}

struct fixture {
	char dir[64];
	struct event_base *base;
	struct blobs_fs *b;
	struct blob_port port;
	uint64_t ticket;
	struct blob_result result[RESULTS];
	bool done[RESULTS];
	uint64_t order[RESULTS]; /* in which results came */
	size_t n_done;
	unsigned ready, progress;
	unsigned n_left;
	char left_part[BLOB_NAME_MAX + 1];
	struct cy_digest left;
	void (*on_more)(struct fixture *f, const struct blob_result *r);
	int fd; /* for on_more */
};

static void done(void *ctx, struct blob_result *r)
{
	struct fixture *f = ctx;

	CY_ASSERT(r->ticket < RESULTS && !f->done[r->ticket]);
	if (r->more) {
		f->progress++;
		if (f->on_more != NULL)
			f->on_more(f, r);
		return;
	}
	f->result[r->ticket] = *r;
	f->done[r->ticket] = true;
	f->order[r->ticket] = ++f->n_done;
}

static void ready(void *ctx)
{
	((struct fixture *)ctx)->ready++;
}

static void left(void *ctx, const char *part, const struct cy_digest *sha256)
{
	struct fixture *f = ctx;

	f->n_left++;
	snprintf(f->left_part, sizeof f->left_part, "%s", part);
	f->left = *sha256;
}

static int start(struct fixture *f, const char *dir, uint64_t keep_free, struct cy_error *e)
{
	const struct blobs_fs_config config = { .dir = dir, .keep_free = keep_free };
	const struct blobs_fs_events events = { .ctx = f, .done = done, .ready = ready, .left = left };
	int r = blobs_fs_open(f->base, &config, &events, &f->b, e);

	if (r == CY_OK)
		f->port = blobs_fs_port(f->b);
	return r;
}

static struct blob_result *wait_for(struct fixture *f, uint64_t ticket)
{
	while (!f->done[ticket])
		CY_ASSERT(event_base_loop(f->base, EVLOOP_ONCE) == 0);
	return &f->result[ticket];
}

static uint64_t ticket(struct fixture *f)
{
	CY_ASSERT(f->ticket + 1 < RESULTS);
	return ++f->ticket;
}

/* -------------------------------------------------------------- one of each */

static struct blob_result *open_part(struct fixture *f, const char *part, uint64_t size, const struct blob_id *expected)
{
	const uint64_t t = ticket(f);

	assert_int_equal(f->port.open(f->port.ctx, t, part, size, expected, false), CY_OK);
	return wait_for(f, t);
}

static struct blob_bytes piece(uint64_t offset, size_t len)
{
	return (struct blob_bytes){ .data = pattern + offset, .len = len };
}

static struct blob_result *append(struct fixture *f, const char *part, uint64_t offset, struct blob_bytes data,
				  const struct blob_result *path)
{
	const uint64_t t = ticket(f);

	assert_int_equal(f->port.append(f->port.ctx, t, part, offset, data, path != NULL ? path->path : NULL,
					path != NULL ? path->n_path : 0),
			 CY_OK);
	return wait_for(f, t);
}

static void append_all(struct fixture *f, const char *part, uint64_t from, uint64_t to, size_t step)
{
	for (uint64_t at = from; at < to; at += step) {
		const size_t len = to - at < step ? (size_t)(to - at) : step;
		const struct blob_result *r = append(f, part, at, piece(at, len), NULL);

		assert_int_equal(r->code, CY_OK);
		assert_int_equal(r->offset, at + len);
	}
}

static struct blob_result *finish(struct fixture *f, const char *part, uint64_t size, const struct cy_digest *sha256)
{
	const uint64_t t = ticket(f);

	assert_int_equal(f->port.finish(f->port.ctx, t, part, size, sha256), CY_OK);
	return wait_for(f, t);
}

static struct blob_result *read_chunk(struct fixture *f, const struct cy_digest *sha256, uint64_t chunk)
{
	const uint64_t t = ticket(f);

	assert_int_equal(f->port.read(f->port.ctx, t, sha256, chunk, true), CY_OK);
	return wait_for(f, t);
}

static struct blob_result *verify(struct fixture *f, const struct cy_digest *sha256)
{
	const uint64_t t = ticket(f);

	assert_int_equal(f->port.verify(f->port.ctx, t, sha256, 0), CY_OK);
	return wait_for(f, t);
}

static struct blob_result *copy_most(struct fixture *f, const char *part, int fd, uint64_t most)
{
	const uint64_t t = ticket(f);

	assert_int_equal(f->port.copy(f->port.ctx, t, part, fd, most), CY_OK);
	return wait_for(f, t);
}

static struct blob_result *copy(struct fixture *f, const char *part, int fd)
{
	return copy_most(f, part, fd, CY_EVIDENCE_MAX);
}

static struct blob_result *drop(struct fixture *f, const char *part)
{
	const uint64_t t = ticket(f);

	assert_int_equal(f->port.drop_part(f->port.ctx, t, part), CY_OK);
	return wait_for(f, t);
}

static void id_is(const struct blob_id *id, size_t vector)
{
	char hex[CY_SHA256_HEX];

	assert_int_equal(id->size, vectors[vector].size);
	cy_digest_hex(&id->sha256, hex);
	assert_string_equal(hex, vectors[vector].sha256);
	cy_digest_hex(&id->root, hex);
	assert_string_equal(hex, vectors[vector].root);
}

static void put(struct fixture *f, size_t vector, size_t step)
{
	const struct blob_result *r = open_part(f, "put", vectors[vector].size, NULL);

	assert_int_equal(r->code, CY_OK);
	assert_int_equal(r->offset, 0);
	append_all(f, "put", 0, vectors[vector].size, step);
	r = finish(f, "put", vectors[vector].size, NULL);
	assert_int_equal(r->code, CY_OK);
	id_is(&r->id, vector);
}

/* A file below DIR. */
static const char *path_of(const char *dir, const char *fmt, const char *a)
{
	static char path[256];
	const size_t n = (size_t)snprintf(path, sizeof path, "%s/", dir);

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(path + n, sizeof path - n, fmt, a);
#pragma GCC diagnostic pop
	return path;
}

static const char *content_of(const char *dir, size_t vector, const char *suffix)
{
	static char path[256];

	snprintf(path, sizeof path, "%s/content/%.2s/%s%s", dir, vectors[vector].sha256, vectors[vector].sha256,
		 suffix);
	return path;
}

static bool there(const char *path)
{
	return access(path, F_OK) == 0;
}

static void flip(const char *path, off_t offset)
{
	int fd = open(path, O_RDWR);
	uint8_t byte;

	/* Content is read-only also to its owner. */
	if (fd < 0 && chmod(path, 0600) == 0)
		fd = open(path, O_RDWR);
	assert_true(fd >= 0);
	assert_int_equal(pread(fd, &byte, 1, offset), 1);
	byte ^= 1;
	assert_int_equal(pwrite(fd, &byte, 1, offset), 1);
	close(fd);
}

static void cut(const char *path, uint64_t size)
{
	assert_int_equal(chmod(path, 0600), 0);
	assert_int_equal(truncate(path, (off_t)size), 0);
}

static void touch(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT, 0600);

	assert_true(fd >= 0 && write(fd, "x", 1) == 1);
	close(fd);
}

/* As a crash would find it; DIR + "2". */
static void copy_dir(const struct fixture *f, char out[static 80])
{
	char cmd[256];

	snprintf(out, 80, "%s2", f->dir);
	snprintf(cmd, sizeof cmd, "rm -rf %s && cp -a %s %s", out, f->dir, out);
	assert_int_equal(system(cmd), 0);
}

static void restart(struct fixture *f, const char *dir)
{
	blobs_fs_close(f->b);
	f->b = NULL;
	assert_int_equal(start(f, dir, 0, NULL), CY_OK);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);
	struct cy_error e = { 0 };

	snprintf(f->dir, sizeof f->dir, "/var/tmp/comity-blobs-XXXXXX");
	if (mkdtemp(f->dir) == NULL)
		return -1;
	f->base = event_base_new();
	f->fd = -1;
	if (start(f, f->dir, 0, &e) < 0) {
		fprintf(stderr, "%s\n", e.text);
		return -1;
	}
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	char cmd[256];

	blobs_fs_close(f->b);
	event_base_free(f->base);
	snprintf(cmd, sizeof cmd, "rm -rf %s %s2", f->dir, f->dir);
	free(f);
	return system(cmd);
}

/* ------------------------------------------------------------------- uploads */

static void what_is_put_is_read_back_and_proven(void **state)
{
	static const size_t steps[] = { 1, 7, 512 * 1024, 512 * 1024 + 1, 300001, 777777 };
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
		const struct blob_id id = id_of(i);
		const uint64_t chunks = blob_chunks(id.size);

		put(f, i, steps[i]);
		for (uint64_t c = 0; c < chunks; c++) {
			struct blob_result *r = read_chunk(f, &id.sha256, c);
			struct cy_digest leaf;

			assert_int_equal(r->code, CY_OK);
			assert_int_equal(r->data.len, id.size - c * MIB < MIB ? id.size - c * MIB : MIB);
			assert_memory_equal(r->data.data, pattern + c * MIB, r->data.len);
			memset(r->data.data - BLOB_HEADROOM, 0xee, BLOB_HEADROOM);
			leaf = audit_leaf(cy_bytes(r->data.data, r->data.len));
			assert_true(audit_included(&leaf, c, chunks, r->path, r->n_path, &id.root));
			blob_release(&r->data);
		}
		assert_int_equal(read_chunk(f, &id.sha256, chunks)->code, CY_ESIGN);
		assert_false(there(path_of(f->dir, "part/%s", "put")));
		assert_false(there(path_of(f->dir, "part/%s.tree", "put")));
		assert_false(there(path_of(f->dir, "part/%s.mark", "put")));
		assert_int_equal(there(content_of(f->dir, i, ".tree")), chunks > 1);
	}
}

static void what_is_verified_is_read_whole(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
		const struct blob_id id = id_of(i);
		struct blob_result *r;

		assert_int_equal(verify(f, &id.sha256)->code, CY_ENOENT);
		put(f, i, 1 << 19);
		r = verify(f, &id.sha256);
		assert_int_equal(r->code, CY_OK);
		id_is(&r->id, i);
	}
}

/* A byte of it, or of its tree; cut off; longer; without a tree. */
static void what_the_disk_has_changed_is_not_verified(void **state)
{
	struct fixture *f = *state;
	const struct blob_id id = id_of(FOUR), small = id_of(THOUSAND);
	const off_t in_tree[] = { 0, 3 * CY_SHA256_LEN, 5 * CY_SHA256_LEN, 6 * CY_SHA256_LEN };

	put(f, FOUR, 1 << 19);
	put(f, THOUSAND, 1 << 19);
	for (size_t i = 0; i < sizeof in_tree / sizeof in_tree[0]; i++) {
		flip(content_of(f->dir, FOUR, ".tree"), in_tree[i]);
		assert_int_equal(verify(f, &id.sha256)->code, CY_ESIGN);
		flip(content_of(f->dir, FOUR, ".tree"), in_tree[i]);
		assert_int_equal(verify(f, &id.sha256)->code, CY_OK);
	}
	flip(content_of(f->dir, FOUR, ""), (off_t)id.size - 1);
	assert_int_equal(verify(f, &id.sha256)->code, CY_ESIGN);
	flip(content_of(f->dir, FOUR, ""), (off_t)id.size - 1);
	cut(content_of(f->dir, FOUR, ""), id.size + 1);
	assert_int_equal(verify(f, &id.sha256)->code, CY_ESIGN);
	cut(content_of(f->dir, FOUR, ""), id.size - 1);
	assert_int_equal(verify(f, &id.sha256)->code, CY_ESIGN);
	cut(content_of(f->dir, FOUR, ""), 0);
	assert_int_equal(verify(f, &id.sha256)->code, CY_ESIGN);
	put(f, FOUR, 1 << 19);
	assert_int_equal(verify(f, &id.sha256)->code, CY_OK);
	assert_int_equal(unlink(content_of(f->dir, FOUR, ".tree")), 0);
	assert_int_equal(verify(f, &id.sha256)->code, CY_ESIGN);
	flip(content_of(f->dir, THOUSAND, ""), 999);
	assert_int_equal(verify(f, &small.sha256)->code, CY_ESIGN);
	assert_int_equal(unlink(content_of(f->dir, THOUSAND, "")), 0);
	assert_int_equal(verify(f, &small.sha256)->code, CY_ENOENT);
}

/* A large one, a small one, and what is asked for meanwhile. */
static void verifying_holds_up_nothing(void **state)
{
	struct fixture *f = *state;
	const struct blob_id large = id_of(FORTY_ONE), small = id_of(THOUSAND);
	uint64_t first, second, third;

	put(f, FORTY_ONE, 1 << 19);
	put(f, THOUSAND, 1 << 19);
	first = ticket(f);
	second = ticket(f);
	third = ticket(f);
	assert_int_equal(f->port.verify(f->port.ctx, first, &large.sha256, 20 * MIB), CY_OK);
	assert_int_equal(f->port.verify(f->port.ctx, second, &small.sha256, 0), CY_OK);
	assert_int_equal(f->port.read(f->port.ctx, third, &large.sha256, 40, true), CY_OK);
	for (uint64_t t = first; t <= third; t++)
		assert_int_equal(wait_for(f, t)->code, CY_OK);
	assert_true(f->order[second] < f->order[first] && f->order[third] < f->order[first]);
	blob_release(&f->result[third].data);
	/* One that is under way when it is closed. */
	assert_int_equal(f->port.verify(f->port.ctx, ticket(f), &large.sha256, 1), CY_OK);
	assert_int_equal(f->port.verify(f->port.ctx, ticket(f), &small.sha256, 1), CY_OK);
}

static void a_descriptor_reads_and_outlives_destruction(void **state)
{
	struct fixture *f = *state;
	const struct blob_id id = id_of(ONE_MORE);
	struct blob_space space;
	uint8_t *data = malloc(id.size + 1);
	uint64_t t = ticket(f);
	struct blob_result *r;

	put(f, ONE_MORE, 1 << 19);
	assert_int_equal(f->port.file(f->port.ctx, t, &id.sha256), CY_OK);
	r = wait_for(f, t);
	assert_int_equal(r->code, CY_OK);
	assert_int_equal(fcntl(r->fd, F_GETFL) & O_ACCMODE, O_RDONLY);
	assert_int_equal(fcntl(r->fd, F_GETFD), FD_CLOEXEC);
	t = ticket(f);
	assert_int_equal(f->port.destroy(f->port.ctx, t, &id.sha256), CY_OK);
	assert_int_equal(wait_for(f, t)->code, CY_OK);
	assert_false(there(content_of(f->dir, ONE_MORE, "")));
	assert_false(there(content_of(f->dir, ONE_MORE, ".tree")));
	f->port.space(f->port.ctx, &space);
	assert_int_equal(space.content, 0);
	assert_int_equal(pread(r->fd, data, id.size + 1, 0), id.size);
	assert_memory_equal(data, pattern, id.size);
	close(r->fd);
	free(data);
	assert_int_equal(read_chunk(f, &id.sha256, 0)->code, CY_ENOENT);
	t = ticket(f);
	assert_int_equal(f->port.file(f->port.ctx, t, &id.sha256), CY_OK);
	assert_int_equal(wait_for(f, t)->code, CY_ENOENT);
	t = ticket(f);
	assert_int_equal(f->port.destroy(f->port.ctx, t, &id.sha256), CY_OK);
	assert_int_equal(wait_for(f, t)->code, CY_ENOENT);
}

struct source;
static struct source *source_new(struct fixture *f, size_t vector);
static void source_free(struct source *s);
static void pull(struct fixture *f, struct source *s, const struct blob_id *id, uint64_t from);

/* Whoever names its digest: who is pulled from learns nothing of what others have sent. */
static void the_same_content_is_stored_once_and_pulled_from_each(void **state)
{
	struct fixture *f = *state;
	const struct blob_id id = id_of(FOUR);
	struct source *s = source_new(f, FOUR);
	struct blob_id other = id;
	struct blob_space space;
	struct blob_result *r;
	uint64_t t;

	put(f, FOUR, 1 << 19);
	put(f, FOUR, 1 << 20);
	put(f, THOUSAND, 1000);
	other.root.b[0] ^= 1;
	assert_int_equal(open_part(f, "pull", 0, &other)->code, CY_OK);
	other = id;
	other.size--;
	assert_int_equal(open_part(f, "pull", 0, &other)->code, CY_OK);
	r = open_part(f, "pull", 0, &id);
	assert_int_equal(r->code, CY_OK);
	assert_int_equal(r->offset, 0);
	pull(f, s, &id, 0);
	assert_int_equal(finish(f, "pull", id.size, NULL)->code, CY_OK);
	f->port.space(f->port.ctx, &space);
	assert_true(space.contents <= 2);
	/* Another peer's part begins at the beginning. */
	r = open_part(f, "pull-2", 0, &id);
	assert_int_equal(r->code, CY_OK);
	assert_int_equal(r->offset, 0);
	/* As if the process had ended before a row said that it has come: it need not come again. */
	restart(f, f->dir);
	r = open_part(f, "pull", 0, &id);
	assert_int_equal(r->code, CY_EEXIST);
	id_is(&r->id, FOUR);
	assert_false(there(path_of(f->dir, "part/%s", "pull")));
	/* Unless it is asked for all the same. */
	t = ticket(f);
	assert_int_equal(f->port.open(f->port.ctx, t, "pull", 0, &id, true), CY_OK);
	assert_int_equal(wait_for(f, t)->code, CY_OK);
	assert_int_equal(f->result[t].offset, 0);
	/* Once a row says so, the next one of this content is a delivery of its own. */
	f->port.confirm(f->port.ctx, "pull", &id.sha256);
	r = open_part(f, "pull", 0, &id);
	assert_int_equal(r->code, CY_OK);
	assert_int_equal(r->offset, 0);
	source_free(s);
}

/* It has its name, but a power failure may take it away. */
static void content_is_not_told_as_here_before_its_name_is_flushed(void **state)
{
	struct fixture *f = *state;
	const struct blob_id id = id_of(THOUSAND);
	struct source *s = source_new(f, THOUSAND);

	open_part(f, "pull", 0, &id);
	pull(f, s, &id, 0);
	atomic_store(&no_flush, true);
	assert_int_equal(finish(f, "pull", id.size, NULL)->code, CY_EIO);
	assert_true(there(content_of(f->dir, THOUSAND, "")));
	assert_int_equal(open_part(f, "pull", 0, &id)->code, CY_EIO);
	open_part(f, "u", 0, NULL);
	append_all(f, "u", 0, id.size, 1000);
	assert_int_equal(finish(f, "u", id.size, NULL)->code, CY_EIO);
	atomic_store(&no_flush, false);
	assert_int_equal(open_part(f, "pull", 0, &id)->code, CY_EEXIST);
	open_part(f, "u", 0, NULL);
	append_all(f, "u", 0, id.size, 1000);
	assert_int_equal(finish(f, "u", id.size, NULL)->code, CY_OK);
	source_free(s);
}

/* Nobody knows of it but its seal, until a row does. */
static void content_that_was_not_confirmed_is_told_after_a_restart(void **state)
{
	struct fixture *f = *state;
	const struct blob_id id = id_of(THOUSAND), other = id_of(FOUR);
	struct source *s;

	put(f, THOUSAND, 1000);
	assert_int_equal(f->n_left, 0);
	for (unsigned i = 1; i <= 2; i++) {
		restart(f, f->dir);
		drop(f, "nothing");
		assert_int_equal(f->n_left, i);
		assert_string_equal(f->left_part, "put");
		assert_true(cy_digest_equal(&f->left, &id.sha256));
	}
	f->port.confirm(f->port.ctx, "put", &other.sha256);
	restart(f, f->dir);
	f->port.confirm(f->port.ctx, "put", &id.sha256);
	drop(f, "nothing");
	assert_int_equal(f->n_left, 3);
	restart(f, f->dir);
	drop(f, "nothing");
	assert_int_equal(f->n_left, 3);
	/* What is there already is somebody's; so is what is pulled. */
	put(f, THOUSAND, 1000);
	s = source_new(f, FOUR);
	open_part(f, "pull", 0, &other);
	pull(f, s, &other, 0);
	assert_int_equal(finish(f, "pull", other.size, NULL)->code, CY_OK);
	source_free(s);
	touch(path_of(f->dir, "part/%s", "none.seal"));
	restart(f, f->dir);
	drop(f, "nothing");
	assert_int_equal(f->n_left, 3);
	assert_false(there(path_of(f->dir, "part/%s", "none.seal")));
}

/* Page after page: each once, and nothing else that lies there. */
static void contents_are_listed(void **state)
{
	struct fixture *f = *state;
	const size_t put_there[] = { EMPTY, FOUR, THOUSAND };
	size_t times[3] = { 0 }, all = 0;
	uint64_t page = 0;

	for (size_t i = 0; i < 3; i++)
		put(f, put_there[i], 1 << 19);
	touch(path_of(f->dir, "content/%s", "strange"));
	while (page < BLOB_PAGES) {
		const uint64_t t = ticket(f);
		struct blob_result *r;

		assert_int_equal(f->port.list(f->port.ctx, t, page), CY_OK);
		r = wait_for(f, t);
		assert_int_equal(r->code, CY_OK);
		assert_true(r->offset > page);
		page = r->offset;
		for (size_t at = 0; at < r->data.len; at += CY_SHA256_LEN, all++)
			for (size_t i = 0; i < 3; i++) {
				const struct blob_id id = id_of(put_there[i]);

				times[i] += memcmp(r->data.data + at, id.sha256.b, CY_SHA256_LEN) == 0;
			}
		blob_release(&r->data);
	}
	assert_int_equal(all, 3);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(times[i], 1);
}

static void contents_are_counted(void **state)
{
	struct fixture *f = *state;
	struct blob_space space;

	put(f, FOUR, 1 << 20);
	put(f, THOUSAND, 1000);
	put(f, EMPTY, 1);
	restart(f, f->dir);
	/* Each task lets the scan go on by one directory. */
	for (int i = 0; i < 256; i++)
		assert_int_equal(drop(f, "nothing")->code, CY_OK);
	f->port.space(f->port.ctx, &space);
	assert_int_equal(space.contents, 3);
	assert_int_equal(space.content, vectors[FOUR].size + 1000);
	put(f, ONE, 1 << 20);
	f->port.space(f->port.ctx, &space);
	assert_int_equal(space.contents, 4);
	assert_int_equal(space.content, vectors[FOUR].size + 1000 + MIB);
	assert_true(space.free > 0 && space.total > space.free);
}

static void an_upload_that_is_not_as_stated_is_thrown_away(void **state)
{
	struct fixture *f = *state;
	struct blob_id id = id_of(THOUSAND);

	open_part(f, "u", 0, NULL);
	append_all(f, "u", 0, 1000, 100);
	assert_int_equal(finish(f, "u", 1001, NULL)->code, CY_ESIGN);
	assert_false(there(path_of(f->dir, "part/%s", "u")));
	assert_int_equal(open_part(f, "u", 0, NULL)->offset, 0);
	append_all(f, "u", 0, 1000, 100);
	id.sha256.b[31] ^= 1;
	assert_int_equal(finish(f, "u", 1000, &id.sha256)->code, CY_ESIGN);
	assert_false(there(path_of(f->dir, "part/%s", "u")));
	assert_false(there(content_of(f->dir, THOUSAND, "")));
	open_part(f, "u", 0, NULL);
	append_all(f, "u", 0, 1000, 100);
	id.sha256.b[31] ^= 1;
	assert_int_equal(finish(f, "u", 1000, &id.sha256)->code, CY_OK);
}

static void a_piece_that_does_not_fit_is_told_where_the_part_ends(void **state)
{
	struct fixture *f = *state;
	struct blob_result *r;

	assert_int_equal(append(f, "u", 0, piece(0, 10), NULL)->code, CY_ENOENT);
	open_part(f, "u", 0, NULL);
	append_all(f, "u", 0, 1000, 1000);
	r = append(f, "u", 999, piece(999, 10), NULL);
	assert_int_equal(r->code, CY_ESTATE);
	assert_int_equal(r->offset, 1000);
	assert_int_equal(append(f, "u", 1001, piece(1001, 10), NULL)->code, CY_ESTATE);
	assert_int_equal(f->port.progress(f->port.ctx, "u"), 1000);
	assert_int_equal(f->port.progress(f->port.ctx, "v"), 0);
	/* Whoever opens it once more goes on. */
	assert_int_equal(open_part(f, "u", 0, NULL)->offset, 1000);
}

static uint64_t append_later(struct fixture *f, const char *part, uint64_t offset, size_t len)
{
	const uint64_t t = ticket(f);

	assert_int_equal(f->port.append(f->port.ctx, t, part, offset, piece(offset, len), NULL, 0), CY_OK);
	return t;
}

/* One is written while the next one is hashed; what comes between waits for neither too long
 * nor too little. */
static void pieces_that_follow_each_other_at_once(void **state)
{
	static const size_t step = 300001;
	const uint64_t size = vectors[FOUR].size;
	struct fixture *f = *state;
	uint64_t first, t = 0, misfit = 0;

	open_part(f, "a", 0, NULL);
	open_part(f, "b", size, NULL);
	open_part(f, "c", 0, NULL);
	first = f->ticket + 1;
	for (uint64_t at = 0; at < size; at += step) {
		const size_t len = size - at < step ? (size_t)(size - at) : step;

		if (at == 4 * step) {
			append_later(f, "c", 0, 100000);
			assert_int_equal(f->port.drop_part(f->port.ctx, ticket(f), "c"), CY_OK);
			misfit = append_later(f, "b", at + 1, len);
		}
		append_later(f, "a", at, len);
		t = append_later(f, "b", at, len);
		if (f->ticket - first > 8)
			wait_for(f, f->ticket - 8);
	}
	wait_for(f, t);
	for (t = first; t <= f->ticket; t++) {
		assert_int_equal(f->result[t].code, t == misfit ? CY_ESTATE : CY_OK);
		assert_true(t == first || f->order[t] > f->order[t - 1]);
	}
	assert_int_equal(f->result[misfit].offset, 4 * step);
	id_is(&finish(f, "a", size, NULL)->id, FOUR);
	id_is(&finish(f, "b", size, NULL)->id, FOUR);
	assert_int_equal(finish(f, "c", 100000, NULL)->code, CY_ENOENT);
}

static void a_piece_that_cannot_be_written_is_repeated(void **state)
{
	static const size_t lens[] = { 1000, 70000, 1 << 20, 1500000 };
	struct fixture *f = *state;

	open_part(f, "u", 0, NULL);
	append_all(f, "u", 0, 500000, 500000);
	for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
		uint64_t t;

		atomic_store(&no_write, true);
		t = append_later(f, "u", 500000, lens[i]);
		append_later(f, "u", 500000 + lens[i], 100000);
		assert_int_equal(wait_for(f, t + 1)->code, CY_ELIMIT);
		assert_int_equal(f->result[t].code, CY_ELIMIT);
		assert_int_equal(f->result[t + 1].offset, 500000);
		atomic_store(&no_write, false);
	}
	append_all(f, "u", 500000, vectors[FOUR].size, 500000);
	id_is(&finish(f, "u", vectors[FOUR].size, NULL)->id, FOUR);
}

static void names_that_are_not_allowed(void **state)
{
	static const char *const names[] = {
		"",    "A",   "a/b", "..",       ".",
		"a.b", "a b", "a\n", "\xc3\xa4", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		const struct blob_port *p = &f->port;
		int fd = open("/dev/null", O_RDONLY);

		assert_int_equal(p->open(p->ctx, 1, names[i], 0, NULL, false), CY_EINVAL);
		assert_int_equal(p->append(p->ctx, 1, names[i], 0, piece(0, 1), NULL, 0), CY_EINVAL);
		assert_int_equal(p->copy(p->ctx, 1, names[i], fd, CY_EVIDENCE_MAX), CY_EINVAL);
		assert_int_equal(close(fd), 0);
		assert_int_equal(p->finish(p->ctx, 1, names[i], 0, NULL), CY_EINVAL);
		assert_int_equal(p->drop_part(p->ctx, 1, names[i]), CY_EINVAL);
	}
	assert_int_equal(
		open_part(f, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-", 0, NULL)->code, CY_OK);
	assert_int_equal(f->port.open(f->port.ctx, 1, "u", CY_EVIDENCE_MAX + 1, NULL, false), CY_EINVAL);
}

/* --------------------------------------------------------------------- pulls */

/* Chunks with their paths, from another place. */
struct source {
	struct fixture f;
	char dir[80];
};

static struct source *source_new(struct fixture *f, size_t vector)
{
	struct source *s = calloc(1, sizeof *s);

	snprintf(s->dir, sizeof s->dir, "%s2", f->dir);
	s->f.base = f->base;
	assert_int_equal(start(&s->f, s->dir, 0, NULL), CY_OK);
	put(&s->f, vector, 1 << 20);
	return s;
}

static void source_free(struct source *s)
{
	blobs_fs_close(s->f.b);
	free(s);
}

static void pull(struct fixture *f, struct source *s, const struct blob_id *id, uint64_t from)
{
	for (uint64_t c = from; c < blob_chunks(id->size); c++) {
		struct blob_result *chunk = read_chunk(&s->f, &id->sha256, c), *r;

		r = append(f, "pull", c * MIB, chunk->data, chunk);
		assert_int_equal(r->code, CY_OK);
		chunk->data = (struct blob_bytes){ 0 };
	}
}

static void what_is_pulled_is_the_manifests(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
		const struct blob_id id = id_of(i);
		struct source *s = source_new(f, i);
		struct blob_result *r;

		assert_int_equal(open_part(f, "pull", 0, &id)->code, CY_OK);
		pull(f, s, &id, 0);
		r = finish(f, "pull", id.size, NULL);
		assert_int_equal(r->code, CY_OK);
		id_is(&r->id, i);
		source_free(s);
	}
}

static void a_chunk_that_is_not_the_manifests_is_not_written(void **state)
{
	struct fixture *f = *state;
	const struct blob_id id = id_of(FOUR);
	struct source *s = source_new(f, FOUR);
	struct blob_result *chunk = read_chunk(&s->f, &id.sha256, 0), path = *chunk;
	struct blob_bytes data = { .data = chunk->data.data, .len = chunk->data.len };
	struct stat st;
	uint64_t first, second;

	open_part(f, "pull", 0, &id);
	/* A wrong byte. */
	data.data[5] ^= 1;
	assert_int_equal(append(f, "pull", 0, data, &path)->code, CY_ESIGN);
	data.data[5] ^= 1;
	/* A wrong path, a short one, one that is too long. */
	path.path[1].b[0] ^= 1;
	assert_int_equal(append(f, "pull", 0, data, &path)->code, CY_ESIGN);
	path.path[1].b[0] ^= 1;
	path.n_path--;
	assert_int_equal(append(f, "pull", 0, data, &path)->code, CY_ESIGN);
	path.n_path += 2;
	assert_int_equal(append(f, "pull", 0, data, &path)->code, CY_ESIGN);
	path.n_path = CY_CHUNK_PATH_MAX + 1;
	assert_int_equal(f->port.append(f->port.ctx, 1, "pull", 0, data, path.path, path.n_path), CY_EINVAL);
	path.n_path = chunk->n_path;
	/* A wrong size. */
	data.len--;
	assert_int_equal(append(f, "pull", 0, data, &path)->code, CY_ESIGN);
	data.len++;
	assert_int_equal(stat(path_of(f->dir, "part/%s", "pull"), &st), 0);
	assert_int_equal(st.st_size, 0);
	/* What comes behind one that failed fails alike, until one fits. */
	data.data[5] ^= 1;
	first = ticket(f);
	second = ticket(f);
	assert_int_equal(f->port.append(f->port.ctx, first, "pull", 0, data, path.path, path.n_path), CY_OK);
	assert_int_equal(f->port.append(f->port.ctx, second, "pull", MIB, piece(MIB, MIB), path.path, path.n_path),
			 CY_OK);
	assert_int_equal(wait_for(f, second)->code, CY_ESIGN);
	assert_int_equal(f->result[first].code, CY_ESIGN);
	assert_int_equal(f->result[second].offset, 0);
	data.data[5] ^= 1;
	assert_int_equal(append(f, "pull", 0, data, &path)->code, CY_OK);
	blob_release(&chunk->data);
	pull(f, s, &id, 1);
	/* Nothing follows the last chunk. */
	assert_int_equal(append(f, "pull", id.size, piece(0, 0), NULL)->code, CY_ESIGN);
	assert_int_equal(finish(f, "pull", id.size, NULL)->code, CY_OK);
	source_free(s);
}

static void a_manifest_that_lies_about_the_digest(void **state)
{
	struct fixture *f = *state;
	const struct blob_id id = id_of(FOUR);
	struct blob_id lie = id;
	struct source *s = source_new(f, FOUR);

	lie.sha256.b[0] ^= 1;
	open_part(f, "pull", 0, &lie);
	pull(f, s, &id, 0);
	assert_int_equal(finish(f, "pull", id.size, NULL)->code, CY_ESIGN);
	assert_false(there(path_of(f->dir, "part/%s", "pull")));
	assert_false(there(content_of(f->dir, FOUR, "")));
	source_free(s);
}

static void an_unfinished_pull_is_not_finished(void **state)
{
	struct fixture *f = *state;
	const struct blob_id id = id_of(FOUR);
	struct source *s = source_new(f, FOUR);
	struct blob_result *chunk = read_chunk(&s->f, &id.sha256, 0);

	open_part(f, "pull", 0, &id);
	append(f, "pull", 0, chunk->data, chunk);
	chunk->data = (struct blob_bytes){ 0 };
	assert_int_equal(finish(f, "pull", MIB, NULL)->code, CY_ESIGN);
	source_free(s);
}

static void a_part_of_other_content_begins_anew(void **state)
{
	struct fixture *f = *state;
	const struct blob_id id = id_of(FOUR);
	struct source *s = source_new(f, FOUR);

	open_part(f, "pull", 0, NULL);
	append_all(f, "pull", 0, 18 * MIB, MIB);
	assert_int_equal(open_part(f, "pull", 0, &id)->offset, 0);
	pull(f, s, &id, 0);
	restart(f, f->dir);
	/* The restart marked what was whole. */
	assert_int_equal(open_part(f, "pull", 0, &id)->offset, 3 * MIB);
	pull(f, s, &id, 3);
	assert_int_equal(finish(f, "pull", id.size, NULL)->code, CY_OK);
	source_free(s);
}

/* ------------------------------------------------------------------- crashes */

static void go_on_and_finish(struct fixture *f, uint64_t from)
{
	const struct blob_id id = id_of(FORTY_ONE);
	struct blob_result *r;

	append_all(f, "u", from, id.size, 512 * 1024);
	r = finish(f, "u", id.size, &id.sha256);
	assert_int_equal(r->code, CY_OK);
	id_is(&r->id, FORTY_ONE);
	r = read_chunk(f, &id.sha256, 17);
	assert_int_equal(r->code, CY_OK);
	blob_release(&r->data);
}

static void a_part_goes_on_from_its_mark(void **state)
{
	struct fixture *f = *state;
	char dir[80];

	open_part(f, "u", vectors[FORTY_ONE].size, NULL);
	append_all(f, "u", 0, 20 * MIB + 5, 300001);
	copy_dir(f, dir);
	restart(f, dir);
	assert_int_equal(open_part(f, "u", vectors[FORTY_ONE].size, NULL)->offset, 16 * MIB);
	go_on_and_finish(f, 16 * MIB);
}

static void a_torn_mark_is_not_believed(void **state)
{
	struct fixture *f = *state;
	char dir[80];

	open_part(f, "u", 0, NULL);
	append_all(f, "u", 0, 33 * MIB, MIB);
	copy_dir(f, dir);
	/* Marks: at 0, at 16 MiB, at 32 MiB; the last one is where the first was. */
	flip(path_of(dir, "part/%s.mark", "u"), 512 + 20);
	restart(f, dir);
	assert_int_equal(open_part(f, "u", 0, NULL)->offset, 16 * MIB);
	go_on_and_finish(f, 16 * MIB);
}

static void without_a_mark_that_is_whole_it_begins_anew(void **state)
{
	struct fixture *f = *state;
	char dir[80];

	open_part(f, "u", 0, NULL);
	append_all(f, "u", 0, 33 * MIB, MIB);
	copy_dir(f, dir);
	flip(path_of(dir, "part/%s.mark", "u"), 20);
	flip(path_of(dir, "part/%s.mark", "u"), 512 + 20);
	restart(f, dir);
	assert_int_equal(open_part(f, "u", 0, NULL)->offset, 0);
	go_on_and_finish(f, 0);
}

static void a_finish_that_was_interrupted_goes_on(void **state)
{
	struct fixture *f = *state;
	char dir[80], cmd[1024];

	open_part(f, "u", 0, NULL);
	append_all(f, "u", 0, vectors[FORTY_ONE].size, MIB);
	copy_dir(f, dir);
	/* The tree has its new name, the data has not. */
	snprintf(cmd, sizeof cmd, "d=$(dirname %s) && mkdir -p $d && mv %s/part/u.tree %s",
		 content_of(dir, FORTY_ONE, ".tree"), dir, content_of(dir, FORTY_ONE, ".tree"));
	assert_int_equal(system(cmd), 0);
	restart(f, dir);
	for (int i = 0; i < 256; i++)
		drop(f, "nothing");
	assert_false(there(content_of(dir, FORTY_ONE, ".tree")));
	assert_int_equal(open_part(f, "u", 0, NULL)->offset, 32 * MIB);
	go_on_and_finish(f, 32 * MIB);
}

static void leftovers_are_removed_and_parts_are_not(void **state)
{
	const struct timespec month_ago[] = { { .tv_sec = time(NULL) - BLOBS_FS_PART_S - 60 },
					      { .tv_sec = time(NULL) - BLOBS_FS_PART_S - 60 } };
	struct fixture *f = *state;
	char dir[80];

	put(f, FOUR, MIB);
	open_part(f, "u", 0, NULL);
	append_all(f, "u", 0, 17 * MIB, MIB);
	copy_dir(f, dir);
	/* Nobody has gone on with it for more than a month. */
	touch(path_of(dir, "part/%s", "old"));
	touch(path_of(dir, "part/%s", "old.mark"));
	touch(path_of(dir, "part/%s", "young.done"));
	touch(path_of(dir, "part/%s", "old.done"));
	assert_int_equal(utimensat(AT_FDCWD, path_of(dir, "part/%s", "old.done"), month_ago, 0), 0);
	assert_int_equal(utimensat(AT_FDCWD, path_of(dir, "part/%s", "old.mark"), month_ago, 0), 0);
	touch(path_of(dir, "part/%s", "no-mark"));
	touch(path_of(dir, "part/%s", "no-data.tree"));
	touch(path_of(dir, "part/%s", "no-data.mark"));
	assert_int_equal(unlink(content_of(dir, FOUR, "")), 0);
	restart(f, dir);
	for (int i = 0; i < 256; i++)
		drop(f, "nothing");
	assert_false(there(path_of(dir, "part/%s", "old")));
	assert_false(there(path_of(dir, "part/%s", "old.done")));
	assert_true(there(path_of(dir, "part/%s", "young.done")));
	assert_false(there(path_of(dir, "part/%s", "no-mark")));
	assert_false(there(path_of(dir, "part/%s", "no-data.tree")));
	assert_false(there(path_of(dir, "part/%s", "no-data.mark")));
	assert_false(there(content_of(dir, FOUR, ".tree")));
	assert_int_equal(open_part(f, "u", 0, NULL)->offset, 16 * MIB);
}

static void a_part_that_the_disk_has_changed_is_not_built_upon(void **state)
{
	struct fixture *f = *state;
	char dir[80];

	open_part(f, "u", 0, NULL);
	append_all(f, "u", 0, 33 * MIB, MIB);
	copy_dir(f, dir);
	flip(path_of(dir, "part/%s", "u"), 7 * CY_CHUNK + 3);
	restart(f, dir);
	assert_int_equal(open_part(f, "u", 0, NULL)->offset, 32 * MIB);
	assert_int_equal(finish(f, "u", 32 * MIB, NULL)->code, CY_EIO);
	assert_int_equal(open_part(f, "u", 0, NULL)->offset, 0);
	go_on_and_finish(f, 0);
}

/* Neither the sender nor its manifest is to blame. */
static void a_pull_that_the_disk_has_changed_is_the_disks_fault(void **state)
{
	static const struct {
		const char *file;
		uint64_t at;
		bool without_tree;
	} changes[] = { { "part/pull", 3 * CY_CHUNK + 1, false },
			{ "part/pull", 0, true },
			{ "part/pull.tree", 0, false },
			{ "part/pull.tree", 5 * CY_SHA256_LEN, false } };
	struct fixture *f = *state;
	const struct blob_id id = id_of(FORTY_ONE);
	struct source *s = source_new(f, FORTY_ONE);
	char dir[80], copy_of[160], cmd[400];

	assert_int_equal(open_part(f, "pull", 0, &id)->code, CY_OK);
	pull(f, s, &id, 0);
	snprintf(dir, sizeof dir, "%s", f->dir);
	for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
		/* As a crash would find it. */
		snprintf(copy_of, sizeof copy_of, "%s2/%zu", f->dir, i);
		snprintf(cmd, sizeof cmd, "cp -a %s %s", f->dir, copy_of);
		assert_int_equal(system(cmd), 0);
		flip(path_of(copy_of, "%s", changes[i].file), (off_t)changes[i].at);
		if (changes[i].without_tree)
			assert_int_equal(unlink(path_of(copy_of, "%s", "part/pull.tree")), 0);
	}
	for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
		struct blob_result *r;

		snprintf(copy_of, sizeof copy_of, "%s2/%zu", dir, i);
		restart(f, copy_of);
		r = open_part(f, "pull", 0, &id);
		assert_int_equal(r->code, CY_OK);
		assert_true(r->offset > 5 * MIB);
		/* What is changed is found at once, or at the end. */
		for (uint64_t c = r->offset / MIB; c < blob_chunks(id.size) && r->code == CY_OK; c++) {
			struct blob_result *chunk = read_chunk(&s->f, &id.sha256, c);

			r = append(f, "pull", c * MIB, chunk->data, chunk);
			chunk->data = (struct blob_bytes){ 0 };
		}
		if (r->code == CY_OK)
			r = finish(f, "pull", id.size, NULL);
		assert_int_equal(r->code, CY_EIO);
		assert_int_equal(open_part(f, "pull", 0, &id)->offset, 0);
		pull(f, s, &id, 0);
		assert_int_equal(finish(f, "pull", id.size, NULL)->code, CY_OK);
	}
	source_free(s);
}

/* Killed at any moment, again and again. */
static void kill_9_in_the_middle(void **state)
{
	struct fixture *f = *state;
	uint64_t at = 0, more = 0;

	blobs_fs_close(f->b);
	f->b = NULL;
	while (at < 32 * MIB) {
		int fds[2];
		pid_t pid;
		uint64_t got, last = 0;
		bool first = true;

		assert_int_equal(pipe(fds), 0);
		pid = fork();
		assert_true(pid >= 0);
		if (pid == 0) {
			struct fixture child = { .base = event_base_new(), .fd = -1 };

			CY_ASSERT(start(&child, f->dir, 0, NULL) == CY_OK);
			got = open_part(&child, "u", 0, NULL)->offset;
			for (;;) {
				CY_ASSERT(write(fds[1], &got, sizeof got) == sizeof got);
				if (got >= 40 * MIB)
					pause();
				got = append(&child, "u", got, piece(got, 512 * 1024), NULL)->offset;
			}
		}
		close(fds[1]);
		more += 11 * MIB + 100000;
		while (last < more && last < 40 * MIB && read(fds[0], &got, sizeof got) == sizeof got) {
			/* It begins where the mark was, and never before what was durable. */
			if (first)
				assert_true(got % MIB == 0 && got + 16 * MIB >= at);
			first = false;
			last = got;
		}
		kill(pid, SIGKILL);
		assert_int_equal(waitpid(pid, NULL, 0), pid);
		close(fds[0]);
		at = last;
	}
	assert_int_equal(start(f, f->dir, 0, NULL), CY_OK);
	at = open_part(f, "u", 0, NULL)->offset;
	assert_true(at >= 16 * MIB);
	go_on_and_finish(f, at);
}

/* ------------------------------------------------------------- what is damaged */

static void content_that_the_disk_has_changed_is_not_given(void **state)
{
	struct fixture *f = *state;
	const struct blob_id four = id_of(FOUR), small = id_of(THOUSAND);
	struct blob_result *r;
	uint64_t t;

	put(f, FOUR, MIB);
	put(f, THOUSAND, 1000);
	flip(content_of(f->dir, THOUSAND, ""), 999);
	assert_int_equal(read_chunk(f, &small.sha256, 0)->code, CY_ESIGN);
	/* A chunk; the others are good. */
	flip(content_of(f->dir, FOUR, ""), 2 * CY_CHUNK);
	r = read_chunk(f, &four.sha256, 2);
	assert_int_equal(r->code, CY_ESIGN);
	assert_null(r->data.data);
	/* As it is, for who does not want it verified. */
	t = ticket(f);
	assert_int_equal(f->port.read(f->port.ctx, t, &four.sha256, 2, false), CY_OK);
	r = wait_for(f, t);
	assert_int_equal(r->code, CY_OK);
	assert_int_equal(r->data.data[0], pattern[2 * CY_CHUNK] ^ 1);
	assert_int_equal(r->n_path, 2);
	blob_release(&r->data);
	r = read_chunk(f, &four.sha256, 1);
	assert_int_equal(r->code, CY_OK);
	blob_release(&r->data);
	flip(content_of(f->dir, FOUR, ""), 2 * CY_CHUNK);
	/* An inner node of the path of chunk 0: the one above chunks 2 and 3. */
	flip(content_of(f->dir, FOUR, ".tree"), 5 * CY_SHA256_LEN);
	assert_int_equal(read_chunk(f, &four.sha256, 0)->code, CY_ESIGN);
	flip(content_of(f->dir, FOUR, ".tree"), 5 * CY_SHA256_LEN);
	r = read_chunk(f, &four.sha256, 0);
	assert_int_equal(r->code, CY_OK);
	blob_release(&r->data);
	cut(content_of(f->dir, FOUR, ""), 2 * MIB + 7);
	assert_int_equal(read_chunk(f, &four.sha256, 0)->code, CY_ESIGN);
	assert_int_equal(read_chunk(f, &four.sha256, 2)->code, CY_ESIGN);
	assert_int_equal(read_chunk(f, &four.sha256, 3)->code, CY_ESIGN);
	/* It can be put once more, and is whole then. */
	put(f, FOUR, MIB);
	r = read_chunk(f, &four.sha256, 3);
	assert_int_equal(r->code, CY_OK);
	blob_release(&r->data);
}

/* Within its last chunk, at the end of it, before it, and all of it: nothing of it counts any more. */
static const uint64_t cuts[] = { 3 * MIB + 4, 3 * MIB + 1, 3 * MIB, 2 * MIB + 7, 0 };

static void a_copy_that_was_cut_off_is_pulled_anew(void **state)
{
	struct fixture *f = *state;
	const struct blob_id id = id_of(FOUR);
	struct source *s = source_new(f, FOUR);

	for (size_t i = 0; i < sizeof cuts / sizeof cuts[0]; i++) {
		struct blob_result *r;

		/* Nobody was told that it is complete, and it is asked for once more. */
		assert_int_equal(open_part(f, "pull", 0, &id)->offset, 0);
		pull(f, s, &id, 0);
		assert_int_equal(finish(f, "pull", id.size, NULL)->code, CY_OK);
		assert_int_equal(open_part(f, "pull", 0, &id)->code, CY_EEXIST);
		cut(content_of(f->dir, FOUR, ""), cuts[i]);
		r = open_part(f, "pull", 0, &id);
		assert_int_equal(r->code, CY_OK);
		assert_int_equal(r->offset, 0);
		pull(f, s, &id, 0);
		assert_int_equal(finish(f, "pull", id.size, NULL)->code, CY_OK);
		assert_int_equal(verify(f, &id.sha256)->code, CY_OK);
		assert_int_equal(drop(f, "pull")->code, CY_OK);
	}
	source_free(s);
}

/* What the disk had taken was hashed as it came, and is not read again. */
static void a_part_that_was_cut_off_is_begun_anew(void **state)
{
	struct fixture *f = *state;
	const struct blob_id id = id_of(FOUR);
	struct source *s = source_new(f, FOUR);

	for (size_t i = 0; i < sizeof cuts / sizeof cuts[0]; i++) {
		struct blob_result *r;

		assert_int_equal(open_part(f, "pull", 0, &id)->offset, 0);
		pull(f, s, &id, 0);
		assert_int_equal(truncate(path_of(f->dir, "part/%s", "pull"), (off_t)cuts[i]), 0);
		r = finish(f, "pull", id.size, NULL);
		assert_int_equal(r->code, CY_EIO);
		assert_non_null(strstr(r->text, "thrown away"));
		assert_false(there(content_of(f->dir, FOUR, "")));
		assert_int_equal(open_part(f, "u", id.size, NULL)->code, CY_OK);
		append_all(f, "u", 0, id.size, MIB);
		assert_int_equal(truncate(path_of(f->dir, "part/%s", "u"), (off_t)cuts[i]), 0);
		assert_int_equal(finish(f, "u", id.size, NULL)->code, CY_EIO);
	}
	assert_int_equal(open_part(f, "pull", 0, &id)->offset, 0);
	pull(f, s, &id, 0);
	assert_int_equal(finish(f, "pull", id.size, NULL)->code, CY_OK);
	assert_int_equal(verify(f, &id.sha256)->code, CY_OK);
	source_free(s);
}

/* ------------------------------------------------------------------- no room */

static void what_does_not_fit_is_refused_before_bytes_flow(void **state)
{
	struct fixture *f = *state;
	struct blob_space space;
	uint64_t most;

	assert_int_equal(open_part(f, "u", UINT64_C(1) << 46, NULL)->code, CY_ELIMIT);
	assert_false(there(path_of(f->dir, "part/%s", "u")));
	assert_false(there(path_of(f->dir, "part/%s.mark", "u")));
	/* What one has reserved another one cannot have. */
	f->port.space(f->port.ctx, &space);
	most = space.free - space.free / 4;
	assert_int_equal(open_part(f, "a", most, NULL)->code, CY_OK);
	f->port.space(f->port.ctx, &space);
	assert_true(space.reserved == most && space.free < most);
	assert_int_equal(open_part(f, "b", most, NULL)->code, CY_ELIMIT);
	drop(f, "a");
	f->port.space(f->port.ctx, &space);
	assert_int_equal(space.reserved, 0);
	assert_int_equal(open_part(f, "b", most, NULL)->code, CY_OK);
	/* What is never used. */
	blobs_fs_close(f->b);
	f->b = NULL;
	assert_int_equal(start(f, f->dir, UINT64_C(1) << 60, NULL), CY_OK);
	f->port.space(f->port.ctx, &space);
	assert_int_equal(space.free, 0);
	assert_int_equal(open_part(f, "u", 1, NULL)->code, CY_ELIMIT);
	assert_int_equal(open_part(f, "u", 0, NULL)->code, CY_OK);
	assert_int_equal(append(f, "u", 0, piece(0, 1), NULL)->code, CY_ELIMIT);
}

struct seen {
	const char *name;
	struct blob_part part;
	size_t n;
};

static void see(void *arg, const struct blob_part *part)
{
	struct seen *s = arg;

	if (strcmp(part->name, s->name) != 0)
		return;
	s->part = *part;
	s->n++;
}

static struct blob_part seen(struct fixture *f, const char *part, size_t times)
{
	struct seen s = { .name = part };

	f->port.parts(f->port.ctx, see, &s);
	assert_int_equal(s.n, times);
	return s.part;
}

/* What was asked before is done. */
static void settle(struct fixture *f)
{
	drop(f, "nothing");
}

static uint64_t blocks(struct fixture *f, const char *part)
{
	struct stat st;

	assert_int_equal(stat(path_of(f->dir, "part/%s", part), &st), 0);
	return (uint64_t)st.st_blocks * 512;
}

static void a_part_that_is_left_keeps_what_is_durable_and_nothing_ahead(void **state)
{
	struct fixture *f = *state;
	struct blob_space space;
	struct blob_part p;

	open_part(f, "u-a-1", 300 * MIB, NULL);
	append_all(f, "u-a-1", 0, 2 * MIB + 5, MIB);
	p = seen(f, "u-a-1", 1);
	assert_int_equal(p.here, 2 * MIB + 5);
	assert_int_equal(p.held + p.reserved, 300 * MIB);
	assert_int_equal(p.size, 300 * MIB);
	assert_true(p.since_ms > 0);
	assert_true(p.held == 2 * MIB + 5 || blocks(f, "u-a-1") >= p.held);
	f->port.release(f->port.ctx, "u-a-1");
	f->port.release(f->port.ctx, "u-a-2");
	settle(f);
	p = seen(f, "u-a-1", 1);
	assert_true(p.held == 2 * MIB + 5 && p.reserved == 0 && p.size == 0);
	assert_true(blocks(f, "u-a-1") < 3 * MIB);
	f->port.space(f->port.ctx, &space);
	assert_int_equal(space.reserved, 0);
	/* In the same life it goes on from where it was, in the next one from what is durable. */
	assert_int_equal(open_part(f, "u-a-1", 300 * MIB, NULL)->offset, 2 * MIB + 5);
	f->port.release(f->port.ctx, "u-a-1");
	/* Nothing of it is durable. */
	open_part(f, "u-a-3", 300 * MIB, NULL);
	append_all(f, "u-a-3", 0, 65536, 65536);
	f->port.release(f->port.ctx, "u-a-3");
	settle(f);
	seen(f, "u-a-3", 0);
	assert_false(there(path_of(f->dir, "part/%s", "u-a-3")));
	restart(f, f->dir);
	p = seen(f, "u-a-1", 1);
	assert_true(p.held == 2 * MIB + 5 && p.reserved == 0 && p.since_ms > 0);
	assert_int_equal(open_part(f, "u-a-1", 300 * MIB, NULL)->offset, 2 * MIB);
}

/* The process dies, and what the disk gave it ahead is still there. */
static void what_a_crash_leaves_ahead_of_a_part_is_given_back_at_the_start(void **state)
{
	struct fixture *f = *state;
	char dir[80];
	struct stat st;
	int fd;

	open_part(f, "u-a-1", 300 * MIB, NULL);
	append_all(f, "u-a-1", 0, 20 * MIB, MIB);
	copy_dir(f, dir);
	fd = open(path_of(dir, "part/%s", "u-a-1"), O_RDWR);
	assert_true(fd >= 0);
	if (fallocate(fd, FALLOC_FL_KEEP_SIZE, 20 * MIB, 100 * MIB) < 0)
		skip();
	assert_true(fstat(fd, &st) == 0 && st.st_blocks * 512 >= (off_t)(120 * MIB));
	restart(f, dir);
	assert_int_equal(seen(f, "u-a-1", 1).held, 20 * MIB);
	assert_true(fstat(fd, &st) == 0 && st.st_blocks * 512 < (off_t)(21 * MIB));
	close(fd);
}

static void each_owner_has_its_share_whatever_others_reserve(void **state)
{
	struct fixture *f = *state;
	struct blob_space space;
	uint64_t percent;

	f->port.share(f->port.ctx, 4);
	f->port.space(f->port.ctx, &space);
	percent = space.free / 100;
	/* One takes more than its share while nobody else needs it. */
	assert_int_equal(open_part(f, "p-one-1", 90 * percent, NULL)->code, CY_OK);
	/* Nobody gets as much beside that, but each as much as its share. */
	assert_int_equal(open_part(f, "p-two-1", 40 * percent, NULL)->code, CY_ELIMIT);
	assert_int_equal(open_part(f, "p-two-1", 20 * percent, NULL)->code, CY_OK);
	assert_int_equal(open_part(f, "p-two-2", 20 * percent, NULL)->code, CY_ELIMIT);
	assert_int_equal(open_part(f, "p-three-1", 20 * percent, NULL)->code, CY_OK);
	assert_int_equal(open_part(f, "u-three-1", 20 * percent, NULL)->code, CY_OK);
	assert_int_equal(open_part(f, "p-one-2", percent, NULL)->code, CY_ELIMIT);
	/* What is over is for others. */
	f->port.release(f->port.ctx, "p-two-1");
	assert_int_equal(open_part(f, "p-two-2", 20 * percent, NULL)->code, CY_OK);
	f->port.release(f->port.ctx, "p-one-1");
	f->port.release(f->port.ctx, "p-three-1");
	assert_int_equal(open_part(f, "p-one-1", 50 * percent, NULL)->code, CY_OK);
	f->port.space(f->port.ctx, &space);
	assert_int_equal(space.reserved, 90 * percent);
}

static void limit_files(rlim_t bytes)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = bytes;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void a_part_that_finds_no_room_goes_on_later(void **state)
{
	struct fixture *f = *state;
	const struct blob_id id = id_of(FOUR);
	struct blob_result *r;

	signal(SIGXFSZ, SIG_IGN);
	open_part(f, "u", 0, NULL);
	append_all(f, "u", 0, MIB, 1 << 19);
	limit_files(MIB + 1000);
	r = append(f, "u", MIB, piece(MIB, 1 << 19), NULL);
	limit_files(RLIM_INFINITY);
	assert_int_equal(r->code, CY_ELIMIT);
	assert_int_equal(r->offset, MIB);
	append_all(f, "u", MIB, id.size, 1 << 19);
	r = finish(f, "u", id.size, NULL);
	assert_int_equal(r->code, CY_OK);
	id_is(&r->id, FOUR);
}

/* We are root in a user namespace of our own; -1: without groups. */
static bool map(const char *file, long id)
{
	char text[64];
	const int n = id < 0 ? snprintf(text, sizeof text, "deny") : snprintf(text, sizeof text, "0 %ld 1", id);
	const int fd = open(file, O_WRONLY);
	const bool written = fd >= 0 && write(fd, text, (size_t)n) == n;

	if (fd >= 0)
		close(fd);
	return written;
}

/* In a process of its own, on a file system of 48 MiB that only it sees. 0: as it should
 * be; 77: this machine does not let it. */
static int on_a_full_disk(const char *dir)
{
	struct fixture f = { .fd = -1 };
	const uint64_t size = vectors[FORTY_ONE].size;
	struct blob_result *r;
	uint64_t at = 0, stopped;
	char path[128];
	const bool own_user = geteuid() != 0;
	const long uid = geteuid(), gid = getegid();
	int fd;

	if (unshare(CLONE_NEWNS | (own_user ? CLONE_NEWUSER : 0)) < 0 ||
	    (own_user && (!map("/proc/self/uid_map", uid) || !map("/proc/self/setgroups", -1) ||
			  !map("/proc/self/gid_map", gid))) ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("tmpfs", dir, "tmpfs", 0, "size=48m,mode=700") < 0)
		return 77;
	/* Somebody else uses half of it. */
	snprintf(path, sizeof path, "%s/ballast", dir);
	fd = open(path, O_RDWR | O_CREAT, 0600);
	if (fd < 0 || fallocate(fd, 0, 0, 24 << 20) < 0)
		return 77;
	close(fd);
	f.base = event_base_new();
	CY_ASSERT(start(&f, dir, 0, NULL) == CY_OK);
	CY_ASSERT(open_part(&f, "known", size, NULL)->code == CY_ELIMIT);
	CY_ASSERT(open_part(&f, "u", 0, NULL)->code == CY_OK);
	while ((r = append(&f, "u", at, piece(at, 512 * 1024), NULL))->code == CY_OK)
		at = r->offset;
	CY_ASSERT(r->code == CY_ELIMIT);
	stopped = r->offset;
	CY_ASSERT(stopped >= 16 * MIB && stopped < 24 * MIB);
	/* What is there is read meanwhile, and small things are refused alike. */
	CY_ASSERT(append(&f, "u", stopped, piece(stopped, 512 * 1024), NULL)->code == CY_ELIMIT);
	CY_ASSERT(unlink(path) == 0);
	for (at = stopped; at < size; at = r->offset) {
		r = append(&f, "u", at, piece(at, size - at < 512 * 1024 ? size - at : 512 * 1024), NULL);
		CY_ASSERT(r->code == CY_OK);
	}
	r = finish(&f, "u", size, NULL);
	CY_ASSERT(r->code == CY_OK);
	id_is(&r->id, FORTY_ONE);
	blobs_fs_close(f.b);
	return 0;
}

static void a_full_disk_pauses_and_goes_on(void **state)
{
	struct fixture *f = *state;
	char dir[80];
	int status;
	pid_t pid;

	snprintf(dir, sizeof dir, "%s2", f->dir);
	assert_int_equal(mkdir(dir, 0700), 0);
	blobs_fs_close(f->b);
	f->b = NULL;
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(on_a_full_disk(dir));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* -------------------------------------------------------------------- copying */

static int file_of(const struct fixture *f, uint64_t size, bool filled)
{
	int fd;

	fd = open(path_of(f->dir, "%s", "source"), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	if (filled)
		assert_int_equal(write(fd, pattern, size), size);
	else
		assert_int_equal(ftruncate(fd, (off_t)size), 0);
	return fd;
}

static void a_file_is_copied(void **state)
{
	struct fixture *f = *state;
	struct blob_result *r;
	int fds[2];

	for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
		int fd = file_of(f, vectors[i].size, true);

		open_part(f, "c", 0, NULL);
		/* What was there before is none of it. */
		append_all(f, "c", 0, 70000, 70000);
		r = copy(f, "c", fd);
		assert_int_equal(r->code, CY_OK);
		assert_int_equal(r->offset, vectors[i].size);
		/* It was duplicated, and that is closed: a new one has the number. */
		assert_int_equal(close(fd), 0);
		r = finish(f, "c", r->offset, NULL);
		assert_int_equal(r->code, CY_OK);
		id_is(&r->id, i);
	}
	open_part(f, "c", 0, NULL);
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(copy(f, "c", fds[0])->code, CY_EINVAL);
	close(fds[1]);
	assert_int_equal(copy(f, "c", open("/", O_RDONLY | O_DIRECTORY))->code, CY_EINVAL);
}

static void shrink(struct fixture *f, const struct blob_result *r)
{
	assert_int_equal(r->offset % (64 * MIB), 0);
	assert_int_equal(ftruncate(f->fd, (off_t)(100 * MIB + 3)), 0);
}

static void grow(struct fixture *f, const struct blob_result *r)
{
	if (r->offset == 64 * MIB)
		assert_int_equal(ftruncate(f->fd, (off_t)(200 * MIB + 9)), 0);
}

static void a_file_that_changes_while_it_is_copied_is_refused(void **state)
{
	struct fixture *f = *state;
	struct blob_result *r;

	for (size_t i = 0; i < 2; i++) {
		f->fd = file_of(f, i == 0 ? 400 * MIB : 130 * MIB, false);
		f->on_more = i == 0 ? shrink : grow;
		open_part(f, "c", 0, NULL);
		r = copy(f, "c", f->fd);
		assert_int_equal(r->code, CY_EINVAL);
		assert_non_null(strstr(r->text, "changed while it was read"));
		assert_true(r->offset >= 64 * MIB);
		close(f->fd);
	}
	/* It says nothing of its size. */
	f->fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	open_part(f, "c", 0, NULL);
	r = copy(f, "c", f->fd);
	assert_int_equal(r->code, CY_EINVAL);
	assert_non_null(strstr(r->text, "says that it has 0 bytes"));
	close(f->fd);
}

static void a_copy_stops_at_the_most_that_it_may_have(void **state)
{
	struct fixture *f = *state;
	struct blob_result *r;

	f->fd = file_of(f, vectors[FOUR].size, true);
	open_part(f, "c", 0, NULL);
	r = copy_most(f, "c", f->fd, vectors[FOUR].size - 1);
	assert_int_equal(r->code, CY_EDENIED);
	assert_int_equal(r->offset, 0);
	drop(f, "c");
	open_part(f, "c", 0, NULL);
	r = copy_most(f, "c", f->fd, vectors[FOUR].size);
	assert_int_equal(r->code, CY_OK);
	id_is(&finish(f, "c", r->offset, NULL)->id, FOUR);
	close(f->fd);
}

static void a_large_copy_does_not_hold_up_the_rest(void **state)
{
	struct fixture *f = *state;
	const struct blob_id id = id_of(THOUSAND);
	uint64_t copying, reading, waiting;
	struct blob_result *r;

	put(f, THOUSAND, 1000);
	open_part(f, "c", 0, NULL);
	copying = ticket(f);
	waiting = ticket(f);
	reading = ticket(f);
	f->fd = file_of(f, 200 * MIB, false);
	assert_int_equal(f->port.copy(f->port.ctx, copying, "c", f->fd, CY_EVIDENCE_MAX), CY_OK);
	assert_int_equal(close(f->fd), 0);
	/* What is asked of the same part comes after it. */
	assert_int_equal(f->port.append(f->port.ctx, waiting, "c", 200 * MIB, piece(0, 10), NULL, 0), CY_OK);
	assert_int_equal(f->port.read(f->port.ctx, reading, &id.sha256, 0, true), CY_OK);
	r = wait_for(f, reading);
	assert_int_equal(r->code, CY_OK);
	blob_release(&r->data);
	assert_int_equal(wait_for(f, waiting)->code, CY_OK);
	assert_true(f->order[reading] < f->order[copying] && f->order[copying] < f->order[waiting]);
	assert_int_equal(f->result[waiting].offset, 200 * MIB + 10);
}

static void a_part_is_thrown_away_while_it_is_copied(void **state)
{
	struct fixture *f = *state;
	uint64_t copying, waiting;

	open_part(f, "c", 0, NULL);
	copying = ticket(f);
	waiting = ticket(f);
	f->fd = file_of(f, 2000 * MIB, false);
	assert_int_equal(f->port.copy(f->port.ctx, copying, "c", f->fd, CY_EVIDENCE_MAX), CY_OK);
	assert_int_equal(close(f->fd), 0);
	assert_int_equal(f->port.finish(f->port.ctx, waiting, "c", 2000 * MIB, NULL), CY_OK);
	assert_int_equal(drop(f, "c")->code, CY_OK);
	assert_int_equal(wait_for(f, copying)->code, CY_ENOENT);
	assert_int_equal(wait_for(f, waiting)->code, CY_ENOENT);
	assert_false(there(path_of(f->dir, "part/%s", "c")));
	assert_int_equal(open_part(f, "c", 0, NULL)->offset, 0);
}

/* Does a thread read what a client has handed over? */
static bool is_read(void)
{
	DIR *tasks = opendir("/proc/self/task");
	char path[300], name[32];
	bool found = false;
	FILE *file;

	assert_non_null(tasks);
	for (const struct dirent *e = readdir(tasks); e != NULL; e = readdir(tasks)) {
		snprintf(path, sizeof path, "/proc/self/task/%s/comm", e->d_name);
		file = fopen(path, "r");
		if (file == NULL)
			continue;
		found = found || (fgets(name, sizeof name, file) != NULL && strcmp(name, "evidence-read\n") == 0);
		fclose(file);
	}
	closedir(tasks);
	return found;
}

/* Whoever closes the files looks at what is queued: nobody queues anything then. */
static void what_is_thrown_away_is_read_no_more_before_anybody_is_told(void **state)
{
	struct fixture *f = *state;
	const struct timespec ms = { .tv_nsec = 1000000 };

	open_part(f, "c", 0, NULL);
	f->fd = file_of(f, 2000 * MIB, false);
	assert_int_equal(f->port.copy(f->port.ctx, ticket(f), "c", f->fd, CY_EVIDENCE_MAX), CY_OK);
	assert_int_equal(close(f->fd), 0);
	while (f->port.progress(f->port.ctx, "c") == 0)
		sched_yield();
	assert_int_equal(f->port.drop_part(f->port.ctx, ticket(f), "c"), CY_OK);
	/* The loop does not run meanwhile. */
	for (unsigned i = 0; is_read(); i++) {
		assert_true(i < 30000);
		nanosleep(&ms, NULL);
	}
	assert_false(there(path_of(f->dir, "part/%s", "c")));
	blobs_fs_close(f->b);
	f->b = NULL;
}

/* ------------------------------------------------------------------- the limits */

static void more_than_can_wait_is_refused_until_there_is_room(void **state)
{
	struct fixture *f = *state;
	const struct blob_id id = id_of(FOUR);
	uint64_t t[BLOB_WAITS_MAX], offset = 0, held[64];
	struct blob_bytes refused;
	size_t n = 0;

	put(f, FOUR, MIB);
	open_part(f, "u", 0, NULL);
	for (size_t i = 0; i < BLOB_WAITS_MAX; i++, offset += 1000) {
		t[i] = ticket(f);
		assert_int_equal(f->port.append(f->port.ctx, t[i], "u", offset, piece(offset, 1000), NULL, 0), CY_OK);
	}
	refused = piece(offset, 1000);
	assert_int_equal(f->port.append(f->port.ctx, 1, "u", offset, refused, NULL, 0), CY_EAGAIN);
	/* It is still ours. */
	blob_release(&refused);
	assert_int_equal(f->port.read(f->port.ctx, 1, &id.sha256, 0, true), CY_EAGAIN);
	assert_int_equal(f->ready, 0);
	for (size_t i = 0; i < BLOB_WAITS_MAX; i++)
		assert_int_equal(wait_for(f, t[i])->code, CY_OK);
	assert_int_equal(f->ready, 1);
	/* Chunks that nobody has released are memory, too. */
	f->ready = 0;
	for (;;) {
		held[n] = ticket(f);
		if (f->port.read(f->port.ctx, held[n], &id.sha256, n % 4, true) == CY_EAGAIN)
			break;
		assert_int_equal(wait_for(f, held[n])->code, CY_OK);
		assert_memory_equal(f->result[held[n]].data.data, pattern + n % 4 * MIB, f->result[held[n]].data.len);
		n++;
		assert_true(n < 64);
	}
	assert_true(n >= BLOB_WAITS_MAX);
	assert_int_equal(f->ready, 0);
	blob_release(&f->result[held[0]].data);
	while (f->ready == 0)
		assert_int_equal(event_base_loop(f->base, EVLOOP_ONCE), 0);
	held[0] = ticket(f);
	assert_int_equal(f->port.read(f->port.ctx, held[0], &id.sha256, 0, true), CY_OK);
	wait_for(f, held[0]);
	for (size_t i = 0; i < n; i++)
		blob_release(&f->result[held[i]].data);
}

static void *release_all(void *arg)
{
	struct blob_bytes *data = arg;

	blob_release(&data[0]);
	blob_release(&data[1]);
	return NULL;
}

static void chunks_outlive_the_port(void **state)
{
	struct fixture *f = *state;
	const struct blob_id id = id_of(FOUR);
	struct blob_bytes data[2];
	pthread_t thread;

	put(f, FOUR, MIB);
	for (size_t i = 0; i < 2; i++) {
		struct blob_result *r = read_chunk(f, &id.sha256, i);

		data[i] = r->data;
	}
	/* Some that are never delivered. */
	for (int i = 0; i < 4; i++) {
		assert_int_equal(f->port.read(f->port.ctx, ticket(f), &id.sha256, 0, true), CY_OK);
		assert_int_equal(f->port.file(f->port.ctx, ticket(f), &id.sha256), CY_OK);
	}
	blobs_fs_close(f->b);
	f->b = NULL;
	assert_memory_equal(data[1].data, pattern + MIB, MIB);
	assert_int_equal(pthread_create(&thread, NULL, release_all, data), 0);
	pthread_join(thread, NULL);
}

static void many_parts_need_few_descriptors(void **state)
{
	struct fixture *f = *state;
	char name[16], cmd[96];

	for (int i = 0; i < 100; i++) {
		snprintf(name, sizeof name, "p-%d", i);
		assert_int_equal(open_part(f, name, 2000, NULL)->code, CY_OK);
		assert_int_equal(append(f, name, 0, piece(0, 500), NULL)->code, CY_OK);
	}
	for (int i = 0; i < 100; i++) {
		snprintf(name, sizeof name, "p-%d", i);
		assert_int_equal(append(f, name, 500, piece(500, 500), NULL)->code, CY_OK);
	}
	snprintf(cmd, sizeof cmd, "test $(ls /proc/%d/fd | wc -l) -lt 40", (int)getpid());
	assert_int_equal(system(cmd), 0);
	for (int i = 0; i < 100; i++) {
		struct blob_result *r;

		snprintf(name, sizeof name, "p-%d", i);
		r = finish(f, name, 1000, NULL);
		assert_int_equal(r->code, CY_OK);
		id_is(&r->id, THOUSAND);
	}
}

static void the_directory_is_ours_alone(void **state)
{
	struct fixture *f = *state;
	struct fixture other = { .base = f->base };
	struct cy_error e = { 0 };
	struct stat st;

	assert_int_equal(start(&other, f->dir, 0, &e), CY_EEXIST);
	assert_non_null(strstr(e.text, f->dir));
	assert_int_equal(stat(f->dir, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(start(&other, "/nonexistent/evidence", 0, &e), CY_ECONFIG);
	assert_int_equal(start(&other, "/dev/null", 0, &e), CY_ECONFIG);
	put(f, FOUR, MIB);
	assert_int_equal(stat(content_of(f->dir, FOUR, ""), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0400);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(what_is_put_is_read_back_and_proven),
		TEST(what_is_verified_is_read_whole),
		TEST(what_the_disk_has_changed_is_not_verified),
		TEST(verifying_holds_up_nothing),
		TEST(a_descriptor_reads_and_outlives_destruction),
		TEST(the_same_content_is_stored_once_and_pulled_from_each),
		TEST(content_is_not_told_as_here_before_its_name_is_flushed),
		TEST(content_that_was_not_confirmed_is_told_after_a_restart),
		TEST(contents_are_listed),
		TEST(contents_are_counted),
		TEST(an_upload_that_is_not_as_stated_is_thrown_away),
		TEST(a_piece_that_does_not_fit_is_told_where_the_part_ends),
		TEST(pieces_that_follow_each_other_at_once),
		TEST(a_piece_that_cannot_be_written_is_repeated),
		TEST(names_that_are_not_allowed),
		TEST(what_is_pulled_is_the_manifests),
		TEST(a_chunk_that_is_not_the_manifests_is_not_written),
		TEST(a_manifest_that_lies_about_the_digest),
		TEST(an_unfinished_pull_is_not_finished),
		TEST(a_part_of_other_content_begins_anew),
		TEST(a_part_goes_on_from_its_mark),
		TEST(a_torn_mark_is_not_believed),
		TEST(without_a_mark_that_is_whole_it_begins_anew),
		TEST(a_finish_that_was_interrupted_goes_on),
		TEST(leftovers_are_removed_and_parts_are_not),
		TEST(a_part_that_the_disk_has_changed_is_not_built_upon),
		TEST(a_pull_that_the_disk_has_changed_is_the_disks_fault),
		TEST(kill_9_in_the_middle),
		TEST(content_that_the_disk_has_changed_is_not_given),
		TEST(a_copy_that_was_cut_off_is_pulled_anew),
		TEST(a_part_that_was_cut_off_is_begun_anew),
		TEST(what_does_not_fit_is_refused_before_bytes_flow),
		TEST(a_part_that_is_left_keeps_what_is_durable_and_nothing_ahead),
		TEST(what_a_crash_leaves_ahead_of_a_part_is_given_back_at_the_start),
		TEST(each_owner_has_its_share_whatever_others_reserve),
		TEST(a_part_that_finds_no_room_goes_on_later),
		TEST(a_full_disk_pauses_and_goes_on),
		TEST(a_file_is_copied),
		TEST(a_file_that_changes_while_it_is_copied_is_refused),
		TEST(a_copy_stops_at_the_most_that_it_may_have),
		TEST(a_large_copy_does_not_hold_up_the_rest),
		TEST(a_part_is_thrown_away_while_it_is_copied),
		TEST(what_is_thrown_away_is_read_no_more_before_anybody_is_told),
		TEST(more_than_can_wait_is_refused_until_there_is_room),
		TEST(chunks_outlive_the_port),
		TEST(many_parts_need_few_descriptors),
		TEST(the_directory_is_ours_alone),
	};
	const uint64_t size = vectors[FORTY_ONE].size;
	int failed;

	pattern = malloc(size + CY_CHUNK);
	for (uint64_t i = 0; i < size + CY_CHUNK; i++)
		pattern[i] = (uint8_t)(i ^ i >> 8 ^ i >> 16 ^ (i >> 20) * 37);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	free(pattern);
	return failed;
}
