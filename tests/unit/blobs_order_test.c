/* In which order the disk hears of evidence (io/blobs/blobs_fs_finish.c, blobs_fs_part.c): a crash at any
 * moment finds content whole under its name, or not at all. The calls of the C library that change
 * files or flush them are written down here, and what must come before what is looked up afterwards. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <event2/event.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "io/blobs/blobs_fs.h"

#define MIB   ((uint64_t)CY_CHUNK)
#define SIZE  (18 * MIB + 5) /* several chunks, and one mark before the end */
#define CALLS 4096
#define PART  "part/put"

enum call {
	CHANGES,
	FLUSHES,
	MAKES_DIR,
	RENAMES,
	REMOVES,
	TELLS /* a result: all that it stands for is on the disk */
};

/* Paths are below the directory of the evidence; "": that itself. */
static struct {
	enum call call;
	char path[128], to[128];
} calls[CALLS];
static size_t n_calls;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char dir[64];

static void note(enum call call, const char *path, const char *to)
{
	pthread_mutex_lock(&lock);
	CY_ASSERT(n_calls < CALLS);
	calls[n_calls].call = call;
	snprintf(calls[n_calls].path, sizeof calls[0].path, "%s", path);
	snprintf(calls[n_calls++].to, sizeof calls[0].to, "%s", to);
	pthread_mutex_unlock(&lock);
}

static void note_fd(enum call call, int fd)
{
	char link[32], path[256];
	ssize_t n;

	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof path - 1);
	path[n > 0 ? n : 0] = '\0';
	if (dir[0] != '\0' && strncmp(path, dir, strlen(dir)) == 0)
		note(call, path + strlen(dir) + (path[strlen(dir)] == '/'), "");
}

int fsync(int fd)
{
	const long r = syscall(SYS_fsync, fd);

	note_fd(FLUSHES, fd);
	return (int)r;
}

int fdatasync(int fd)
{
	const long r = syscall(SYS_fdatasync, fd);

	note_fd(FLUSHES, fd);
	return (int)r;
}

ssize_t pwrite(int fd, const void *data, size_t len, off_t offset)
{
	note_fd(CHANGES, fd);
	return syscall(SYS_pwrite64, fd, data, len, offset);
}

int ftruncate(int fd, off_t len)
{
	note_fd(CHANGES, fd);
	return (int)syscall(SYS_ftruncate, fd, len);
}

int mkdirat(int fd, const char *path, mode_t mode)
{
	const long r = syscall(SYS_mkdirat, fd, path, mode);

	if (r == 0)
		note(MAKES_DIR, path, "");
	return (int)r;
}

int renameat(int from, const char *path, int to, const char *new)
{
	note(RENAMES, path, new);
	return (int)syscall(SYS_renameat2, from, path, to, new, 0);
}

int unlinkat(int fd, const char *path, int flags)
{
	const long r = syscall(SYS_unlinkat, fd, path, flags);

	if (r == 0)
		note(REMOVES, path, "");
	return (int)r;
}

/* ------------------------------------------------------------------ looking it up */

static bool is(size_t i, enum call call, const char *path)
{
	return calls[i].call == call && strcmp(calls[i].path, path) == 0;
}

/* From i on, before anything is told. */
static bool flushed_after(size_t i, const char *path)
{
	while (++i < n_calls && calls[i].call != TELLS)
		if (is(i, FLUSHES, path))
			return true;
	return false;
}

/* All that was changed in it before i was flushed before i. */
static bool flushed_before(size_t i, const char *path)
{
	while (i-- > 0)
		if (is(i, FLUSHES, path) || is(i, CHANGES, path))
			return calls[i].call == FLUSHES;
	return false;
}

static const char *above(const char *path)
{
	static char parent[128];
	const char *slash = strrchr(path, '/');

	snprintf(parent, sizeof parent, "%.*s", slash == NULL ? 0 : (int)(slash - path), path);
	return parent;
}

static size_t place_of(enum call call, const char *path)
{
	size_t i = 0;

	while (i < n_calls && !is(i, call, path))
		i++;
	if (i == n_calls)
		fail_msg("nothing of that kind happened to %s", path);
	return i;
}

/* ------------------------------------------------------------------------ driving */

static struct event_base *base;
static struct blobs_fs *blobs;
static struct blob_port port;
static struct blob_result result;
static uint64_t ticket, told;

static void done(void *ctx, struct blob_result *r)
{
	(void)ctx;
	if (r->more)
		return;
	note(TELLS, "", "");
	result = *r;
	told = r->ticket;
}

static void nothing(void *ctx)
{
	(void)ctx;
}

static void left(void *ctx, const char *part, const struct cy_digest *sha256)
{
	(void)ctx;
	(void)sha256;
	fail_msg("a new directory holds %s", part);
}

static void wait_for(int asked)
{
	assert_int_equal(asked, CY_OK);
	while (told != ticket)
		assert_int_equal(event_base_loop(base, EVLOOP_ONCE), 0);
	assert_int_equal(result.code, CY_OK);
}

/* Upload it whole; what happened since it was opened is in `calls`. */
static void put(void)
{
	uint8_t *data = calloc(1, MIB);

	assert_non_null(data);
	n_calls = 0;
	wait_for(port.open(port.ctx, ++ticket, "put", SIZE, NULL, false));
	for (uint64_t at = 0; at < SIZE; at += MIB) {
		const struct blob_bytes piece = { .data = data, .len = SIZE - at < MIB ? (size_t)(SIZE - at) : MIB };

		wait_for(port.append(port.ctx, ++ticket, "put", at, piece, NULL, 0));
	}
	wait_for(port.finish(port.ctx, ++ticket, "put", SIZE, NULL));
	free(data);
}

static int set_up(void **state)
{
	const struct blobs_fs_events events = { .done = done, .ready = nothing, .left = left };
	const struct blobs_fs_config config = { .dir = dir };

	(void)state;
	snprintf(dir, sizeof dir, "/var/tmp/comity-order-XXXXXX");
	if (mkdtemp(dir) == NULL)
		return -1;
	base = event_base_new();
	if (blobs_fs_open(base, &config, &events, &blobs, NULL) < 0)
		return -1;
	port = blobs_fs_port(blobs);
	return 0;
}

static int tear_down(void **state)
{
	char cmd[128];

	(void)state;
	blobs_fs_close(blobs);
	event_base_free(base);
	snprintf(cmd, sizeof cmd, "rm -rf %s", dir);
	return system(cmd);
}

/* -------------------------------------------------------------------------- tests */

static void content_is_flushed_before_it_gets_its_name(void **state)
{
	(void)state;
	put();
	assert_true(flushed_before(place_of(RENAMES, PART), PART));
	assert_true(flushed_before(place_of(RENAMES, PART ".tree"), PART ".tree"));
}

static void names_are_flushed_before_anybody_is_told_of_them(void **state)
{
	const char *files[] = { PART, PART ".tree" };

	(void)state;
	put();
	for (size_t i = 0; i < 2; i++) {
		const size_t at = place_of(RENAMES, files[i]);

		assert_true(flushed_after(at, above(calls[at].to)));
		assert_true(flushed_after(at, "part"));
	}
	for (size_t i = 0; i < n_calls; i++)
		if (calls[i].call == MAKES_DIR)
			assert_true(flushed_after(i, above(calls[i].path)));
}

/* The tree first: what has its data under its name is whole. */
static void the_name_of_the_tree_is_flushed_before_the_content_gets_its_own(void **state)
{
	size_t tree, data, i;

	(void)state;
	put();
	tree = place_of(RENAMES, PART ".tree");
	data = place_of(RENAMES, PART);
	for (i = tree; i < data && !is(i, FLUSHES, above(calls[tree].to)); i++)
		continue;
	assert_true(i < data);
}

static void the_seal_and_its_name_are_flushed_before_the_content_gets_its_name(void **state)
{
	size_t seal, data, flush;

	(void)state;
	put();
	seal = place_of(FLUSHES, PART ".seal");
	data = place_of(RENAMES, PART);
	assert_true(seal < data && flushed_before(data, PART ".seal"));
	for (flush = seal; flush < data && !is(flush, FLUSHES, "part"); flush++)
		continue;
	assert_true(flush < data);
}

static void a_mark_claims_only_what_is_flushed(void **state)
{
	size_t marks = 0;

	(void)state;
	put();
	for (size_t i = place_of(CHANGES, PART); i < n_calls; i++)
		if (is(i, CHANGES, PART ".mark")) {
			marks++;
			assert_true(flushed_before(i, PART));
			assert_true(flushed_before(i, PART ".tree"));
		}
	assert_true(marks > 0);
}

static void an_end_is_flushed_before_anybody_is_told_of_it(void **state)
{
	struct cy_digest sha256;
	size_t removed = 0;

	(void)state;
	put();
	sha256 = result.id.sha256;
	n_calls = 0;
	wait_for(port.destroy(port.ctx, ++ticket, &sha256));
	for (size_t i = 0; i < n_calls; i++)
		if (calls[i].call == REMOVES) {
			removed++;
			assert_true(flushed_after(i, above(calls[i].path)));
		}
	assert_int_equal(removed, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(content_is_flushed_before_it_gets_its_name, set_up, tear_down),
		cmocka_unit_test_setup_teardown(names_are_flushed_before_anybody_is_told_of_them, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_name_of_the_tree_is_flushed_before_the_content_gets_its_own, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(the_seal_and_its_name_are_flushed_before_the_content_gets_its_name,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_mark_claims_only_what_is_flushed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(an_end_is_flushed_before_anybody_is_told_of_it, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
