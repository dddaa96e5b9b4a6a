/* What is found in the store's directory at a start: the store as it was, a copy of it, one that is torn, an old
 * comity.db beside the WAL of a newer one, or none where there was one (io/store/store_sqlite_base.c). */
#include <sys/stat.h>
#include <sys/wait.h>

#include "store_fixture.h"

static void path_of(const struct fixture *f, const char *name, char path[static 128])
{
	snprintf(path, 128, "%s/%s", f->dir, name);
}

/* The bytes of a file, "" where there is none. */
static struct cy_buf bytes_of(const struct fixture *f, const char *name)
{
	struct cy_buf b = CY_BUF(64u << 20);
	char path[128], block[65536];
	size_t n;
	FILE *in;

	path_of(f, name, path);
	in = fopen(path, "rb");
	while (in != NULL && (n = fread(block, 1, sizeof block, in)) > 0)
		assert_int_equal(cy_buf_add(&b, block, n), CY_OK);
	if (in != NULL)
		fclose(in);
	return b;
}

static void put_bytes(const struct fixture *f, const char *name, const struct cy_buf *b, size_t len)
{
	char path[128];
	FILE *out;

	path_of(f, name, path);
	out = fopen(path, "wb"); /* in the same file, as cp does */
	assert_non_null(out);
	assert_int_equal(fwrite(b->data, 1, len, out), len);
	fclose(out);
}

static void drop(const struct fixture *f, const char *name)
{
	char path[128];

	path_of(f, name, path);
	unlink(path);
}

static unsigned writes;

/* A commit as a node makes it, of so many bytes. */
static void put(struct fixture *f, size_t bytes)
{
	uint8_t *data = calloc(1, bytes + 1);
	struct store_write *w = add(f, STORE_PUT_HOOK);
	char id[16];

	snprintf(id, sizeof id, "%u", ++writes);
	w->hook.id = cy_arena_string(&f->w->arena, id);
	w->hook.environment = cy_arena_bytes(&f->w->arena, cy_bytes(data, bytes));
	free(data);
	add(f, STORE_PUT_META)->meta.epoch = 7;
	assert_int_equal(commit(f), CY_OK);
}

static void stop(struct fixture *f)
{
	store_sqlite_close(f->store);
	f->store = NULL;
}

/* A process that makes `n` commits and is killed: its WAL stays. */
static void crash_after(struct fixture *f, unsigned n, size_t bytes)
{
	pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (child == 0) {
		struct cy_error e = { 0 };

		if (f->store == NULL && open_store(f, false, &e) < 0)
			_exit(1);
		for (unsigned i = 0; i < n; i++)
			put(f, bytes);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	writes += n;
}

static int see_meta(void *arg, const struct store_meta *m)
{
	*(struct store_meta *)arg = *m;
	return CY_OK;
}

/* The next start is well; is the store known as restored then? */
static bool starts_restored(struct fixture *f)
{
	struct store_meta m = { 0 };
	struct cy_error e = { 0 };

	if (open_store(f, false, &e) < 0)
		fail_msg("%s", e.text);
	assert_int_equal(f->port.meta(f->port.ctx, see_meta, &m), CY_OK);
	return m.restored;
}

static void is_refused(struct fixture *f, const char *text)
{
	struct cy_error e = { 0 };

	assert_int_equal(open_store(f, false, &e), CY_ESTORE);
	if (strstr(e.text, text) == NULL)
		fail_msg("'%s' does not say '%s'", e.text, text);
}

static int fresh(void **state)
{
	writes = 0;
	return setup(state);
}

static void the_store_as_it_was_is_no_copy(void **state)
{
	struct fixture *f = *state;

	put(f, 10);
	for (int i = 0; i < 3; i++) {
		stop(f);
		assert_false(starts_restored(f));
		for (int k = 0; k < 40; k++)
			put(f, 200000); /* some WALs of it */
	}
	stop(f);
	crash_after(f, 30, 200000);
	assert_false(starts_restored(f));
}

static void an_old_file_beside_the_WAL_of_a_newer_one_is_refused(void **state)
{
	struct fixture *f = *state;
	struct cy_buf old, wal, after;

	put(f, 10);
	stop(f);
	old = bytes_of(f, "comity.db");
	assert_false(starts_restored(f));
	put(f, 100000);
	stop(f);
	crash_after(f, 3, 100000);
	wal = bytes_of(f, "comity.db-wal");
	assert_true(wal.len > 0);
	put_bytes(f, "comity.db", &old, old.len);
	is_refused(f, "are of different times");
	/* Nothing was changed, and the way that the sentence names works. */
	after = bytes_of(f, "comity.db");
	assert_int_equal(after.len, old.len);
	assert_memory_equal(after.data, old.data, old.len);
	cy_buf_free(&after);
	after = bytes_of(f, "comity.db-wal");
	assert_int_equal(after.len, wal.len);
	drop(f, "comity.db-wal");
	drop(f, "comity.db-shm");
	assert_true(starts_restored(f));
	cy_buf_free(&old);
	cy_buf_free(&wal);
	cy_buf_free(&after);
}

/* A program that reads page after page while others are written. */
static void a_torn_copy_is_refused(void **state)
{
	struct fixture *f = *state;
	struct cy_buf before, after;
	size_t half;

	for (int i = 0; i < 20; i++)
		put(f, 100000);
	stop(f);
	before = bytes_of(f, "comity.db");
	assert_false(starts_restored(f));
	for (int i = 0; i < 20; i++)
		put(f, 100000);
	stop(f);
	after = bytes_of(f, "comity.db");
	half = before.len / 2 / 4096 * 4096;
	memcpy(before.data, after.data, half);
	put_bytes(f, "comity.db", &before, before.len);
	is_refused(f, "restore");
	cy_buf_free(&before);
	cy_buf_free(&after);
}

static void a_whole_copy_starts_as_restored(void **state)
{
	struct fixture *f = *state;
	char path[128], copy[128];
	struct cy_buf b;

	put(f, 10);
	put(f, 10);
	stop(f);
	b = bytes_of(f, "comity.db");
	put_bytes(f, "copy", &b, b.len);
	path_of(f, "copy", copy);
	path_of(f, "comity.db", path);
	assert_int_equal(rename(copy, path), 0);
	assert_true(starts_restored(f));
	stop(f);
	/* It is known until a node says that it is over. */
	assert_true(starts_restored(f));
	cy_buf_free(&b);
}

static void what_SQLite_has_copied_while_it_ran_starts_as_restored(void **state)
{
	struct fixture *f = *state;
	char path[128], copy[128], sql[300];

	for (int i = 0; i < 5; i++)
		put(f, 100000);
	path_of(f, "comity.db", path);
	path_of(f, "copy", copy);
	snprintf(sql, sizeof sql, "sqlite3 '%s' \".backup '%s'\"", path, copy);
	assert_int_equal(system(sql), 0);
	put(f, 10);
	stop(f);
	assert_int_equal(rename(copy, path), 0);
	drop(f, "comity.db.checked"); /* as INSTALL says */
	assert_true(starts_restored(f));
}

static void an_older_file_in_its_place_starts_as_restored(void **state)
{
	struct fixture *f = *state;
	struct cy_buf old;

	put(f, 10);
	stop(f);
	old = bytes_of(f, "comity.db");
	for (int i = 0; i < 2; i++) {
		assert_false(starts_restored(f));
		put(f, 10);
		stop(f);
	}
	put_bytes(f, "comity.db", &old, old.len); /* the same inode */
	assert_true(starts_restored(f));
	cy_buf_free(&old);
}

static void a_store_that_is_missing_or_empty_is_not_begun_anew(void **state)
{
	struct fixture *f = *state;
	const struct cy_buf nothing = CY_BUF(1);

	put(f, 10);
	stop(f);
	put_bytes(f, "comity.db", &nothing, 0);
	is_refused(f, "comity.db is empty, and there was a store here");
	drop(f, "comity.db");
	is_refused(f, "comity.db is missing, and there was a store here");
	drop(f, "comity.db.base");
	is_refused(f, "store.key is left of it");
	/* As the sentence says. */
	drop(f, "store.key");
	assert_false(starts_restored(f));
}

#define BASE_TEST(name) cmocka_unit_test_setup_teardown(name, fresh, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BASE_TEST(the_store_as_it_was_is_no_copy),
		BASE_TEST(an_old_file_beside_the_WAL_of_a_newer_one_is_refused),
		BASE_TEST(a_torn_copy_is_refused),
		BASE_TEST(a_whole_copy_starts_as_restored),
		BASE_TEST(what_SQLite_has_copied_while_it_ran_starts_as_restored),
		BASE_TEST(an_older_file_in_its_place_starts_as_restored),
		BASE_TEST(a_store_that_is_missing_or_empty_is_not_begun_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
