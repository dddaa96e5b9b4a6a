/* The store on a disk that fails: at every write and sync of a scenario the power
 * goes, the disk is full or an operation fails, and again while it recovers. What
 * was said to be committed is there, the commit in flight is there whole or not at
 * all, and nothing else is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../rig/vfs_crash.h"
#include "base/sha256.h"
#include "io/store/page_check_vfs.h"
#include "io/store/store_sqlite.h"
#include "store_undo.h"

#define STEPS      24
#define UUID       "0198b2c1-%s-7000-8000-%012d" /* kind, number */
#define MESSAGE    "0001"
#define CASE       "0002"
#define CHECKPOINT 8  /* before this step the WAL is written back while the store is open */
#define REOPEN     16 /* before this step the store is closed and opened again */
#define SEEDS      1  /* for each point of the scenario; neighbours lose other writes */
#define RECOVERIES 12 /* in one of so many points the recovery is swept too */
#define FAULTS     6  /* in one of so many points something fails */

/* A store's whole content. */
struct state {
	uint8_t b[CY_SHA256_LEN];
};

struct world {
	char dir[48], key[64];
	struct vfs_crash *disk;
	struct page_check *check; /* over it, for a look from outside */
	struct store_sqlite *store;
	struct store_port port;
	int code;
	char why[512];
	uint64_t points;                /* of the scenario without faults */
	struct state states[STEPS + 1]; /* after so many commits */
};

/* ---------------------------------------------------------------- the store */

static void committed(void *ctx, int code, const char *why)
{
	struct world *w = ctx;

	w->code = code;
	snprintf(w->why, sizeof w->why, "%s", why);
}

static int open_store(struct world *w, struct cy_error *e)
{
	const struct store_sqlite_config config = { .dir = w->dir, .key_path = w->key, .vfs = vfs_crash_name(w->disk) };

	return store_sqlite_open(&config, committed, w, &w->store, &w->port, e);
}

static void close_store(struct world *w)
{
	if (w->store != NULL)
		store_sqlite_close(w->store);
	w->store = NULL;
}

static void must_open(struct world *w)
{
	struct cy_error e = { 0 };

	if (open_store(w, &e) < 0)
		fail_msg("%s", e.text);
}

static sqlite3 *open_raw(struct world *w)
{
	sqlite3 *db = NULL;
	char path[64];

	snprintf(path, sizeof path, "%s/comity.db", w->dir);
	assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, page_check_name(w->check)), SQLITE_OK);
	return db;
}

/* ------------------------------------------------------------------ scenario */

static const char *text(struct store_writeset *set, const char *word, int i)
{
	char buf[64];

	snprintf(buf, sizeof buf, "%s-%d", word, i);
	return cy_arena_string(&set->arena, buf);
}

/* The id of message or case `i`. */
static const char *uuid(struct store_writeset *set, const char *kind, int i)
{
	char id[CY_UUID_LEN + 1];

	snprintf(id, sizeof id, UUID, kind, i);
	return cy_arena_string(&set->arena, id);
}

/* Some kilobytes, different in each step. */
static struct cy_bytes content(struct store_writeset *set, int i)
{
	size_t len = 700 + (size_t)i * 331 % 6000;
	uint8_t *data = cy_arena_take(&set->arena, len);

	memset(data, 'A' + i, len);
	return cy_bytes(data, len);
}

static void add_message(struct store_writeset *set, int i, const char *case_id, const char *id)
{
	struct cy_digest digest;
	char hex[CY_SHA256_HEX];

	store_add(set, STORE_PUT_CASE)->case_row = (struct store_case){ .peer = "IE",
									.case_id = case_id,
									.own_reference = text(set, "own", i),
									.peer_reference = "",
									.client = "desk",
									.title = text(set, "title", i),
									.instrument = "us-ie-2001",
									.state = "TRANSMITTED" };
	store_add(set, STORE_PUT_MESSAGE)->message = (struct store_message){ .id = id,
									     .peer = "IE",
									     .case_id = case_id,
									     .number = (uint32_t)i + 1,
									     .kind = 1,
									     .priority = CY_PRIORITY__NORMAL,
									     .created = { 1000 + i },
									     .void_reason = "",
									     .client = "desk",
									     .fact = cy_bytes("fact", 4),
									     .content = content(set, i) };
	store_add(set, STORE_PUT_KEY)->key =
		(struct store_key){ .client = "desk", .key = text(set, "key", i), .message_id = id };
	digest = store_key_digest("desk", id);
	cy_digest_hex(&digest, hex);
	store_add(set, STORE_PUT_KEY)->key = (struct store_key){
		.client = STORE_BY_DIGEST, .key = cy_arena_string(&set->arena, hex), .message_id = id, .at = { 1 + i }
	};
}

static void add_parcel(struct store_writeset *set, int i, const char *id)
{
	store_add(set, STORE_PUT_PARCEL)->parcel = (struct store_parcel){ .peer = "IE",
									  .epoch = 7,
									  .sequence = (uint64_t)i,
									  .manifest = content(set, i),
									  .signature = cy_bytes("sig", 3),
									  .messages = 1 };
	store_add(set, STORE_MARK_MESSAGE)->message = (struct store_message){
		.id = id, .transport = STORE_TRANSMITTED, .epoch = 7, .sequence = (uint64_t)i, .void_reason = ""
	};
}

static void add_receipt(struct store_writeset *set, int i)
{
	struct store_stream stream = { .peer = "IE", .out_sequence = (uint64_t)i, .out_receipted = (uint64_t)i - 1 };
	struct store_parcel parcel = { .peer = "IE", .epoch = 7, .sequence = (uint64_t)i - 1 };

	store_add(set, STORE_PUT_STREAM)->stream = stream;
	parcel.receipt = content(set, i);
	parcel.receipt_signature = cy_bytes("sig", 3);
	store_add(set, STORE_PUT_RECEIPT)->parcel = parcel;
}

static void add_small(struct store_writeset *set, int i, const char *case_id, const char *id)
{
	struct store_write *x = store_add(set, STORE_PUT_CURSOR);

	x->cursor.client = "desk";
	x->cursor.name = "inbox";
	x->cursor.position = (uint64_t)i + 1;
	x = store_add(set, STORE_PUT_STATEMENT);
	x->statement.message_id = id;
	x->statement.text = content(set, i);
	x->statement.signature = cy_bytes("sig", 3);
	x = store_add(set, STORE_RAISE);
	x->raise.peer = "IE";
	x->raise.case_id = case_id;
	x->raise.priority = CY_PRIORITY__EMERGENCY;
}

/* Evidence of a message, what it was made of, and a link of its custody. */
static void add_evidence(struct store_writeset *set, int i, const char *case_id, const char *id)
{
	struct store_write *x = store_add(set, STORE_PUT_EVIDENCE);

	x->evidence = (struct store_evidence){ .message_id = id,
					       .attachment = 1,
					       .peer = "IE",
					       .case_id = case_id,
					       .size = (uint64_t)i,
					       .state = STORE_EVIDENCE_OFFERED,
					       .reason = "" };
	x = store_add(set, i / 6 % 2 == 0 ? STORE_PUT_UPLOAD : STORE_DROP_UPLOAD);
	x->upload = (struct store_upload){ .client = "desk", .size = (uint64_t)i, .at = { i } };
	x = store_add(set, STORE_PUT_CUSTODY);
	x->custody = (struct store_custody){ .message_id = id,
					     .attachment = 1,
					     .action = "held",
					     .by = "desk",
					     .text = text(set, "reason", i),
					     .proof = "",
					     .leaf = (uint64_t)i };
}

/* A message alone, or its whole case. */
static void add_erasure(struct store_writeset *set, int i, const char *case_id, const char *id)
{
	struct store_write *x;

	if (i % 12 == 5) {
		x = store_add(set, STORE_ERASE_MESSAGE);
		x->erase.message_id = id;
		x->erase.at = (struct cy_wall){ i + 1 };
		x->erase.why = STORE_ERASED_BY_RETENTION;
		return;
	}
	x = store_add(set, STORE_ERASE_CASE);
	x->erase_case.peer = "IE";
	x->erase_case.case_id = case_id;
	x->erase_case.at = (struct cy_wall){ i + 1 };
	x->erase_case.until = (struct cy_wall){ INT64_MAX };
	x->erase_case.by = "admin";
	x->erase_case.reason = "reason";
}

/* Step i: every kind of write that the port has, over the steps. A message is
 * made in the first of three, goes into a parcel in the second and gets its
 * receipt in the third, or is put back into the queue. */
static struct store_writeset *step(int i)
{
	struct store_writeset *set = calloc(1, sizeof *set);
	const char *case_id, *id;

	assert_non_null(set);
	case_id = uuid(set, CASE, i / 6);
	id = uuid(set, MESSAGE, i / 3);
	store_add(set, STORE_PUT_META)->meta = (struct store_meta){
		.epoch = 7, .audit_size = (uint64_t)i + 1, .frontier = cy_bytes(id, strlen(id)), .wall_mark = { i }
	};
	store_add(set, STORE_PUT_LEAF)->leaf.index = (uint64_t)i;
	if (i % 3 == 0)
		add_message(set, i, case_id, id);
	else if (i % 3 == 1)
		add_parcel(set, i, id);
	else if (i % 6 == 2)
		add_receipt(set, i);
	else
		store_add(set, STORE_REQUEUE_ALL)->peer = "IE";
	if (i % 6 == 3)
		add_small(set, i, case_id, id);
	if (i % 6 == 4)
		add_evidence(set, i, case_id, id);
	if (i % 6 == 5)
		add_erasure(set, i, case_id, id);
	store_add(set, STORE_PUT_EVENT)->event = (struct store_event){ .peer = "IE",
								       .case_id = case_id,
								       .message_id = id,
								       .client = "desk",
								       .own_reference = "",
								       .text = "",
								       .case_state = "" };
	return set;
}

static int commit(struct world *w, int i)
{
	assert_int_equal(w->port.commit(w->port.ctx, step(i)), CY_OK);
	w->code = 1;
	store_sqlite_dispatch(w->store);
	assert_int_not_equal(w->code, 1);
	return w->code;
}

/* Before some steps: what the store does beside commits. CY_OK, or the store
 * could not be opened. */
static int prepare(struct world *w, int i, struct cy_error *e)
{
	if (i == REOPEN || w->store == NULL) {
		close_store(w);
		return open_store(w, e);
	}
	if (i == CHECKPOINT) {
		sqlite3 *db = open_raw(w);

		/* Its failure is nobody's loss. */
		sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
		sqlite3_close(db);
	}
	return CY_OK;
}

/* ------------------------------------------------------------------- looking */

static void add_text(struct cy_buf *out, const void *data, size_t len)
{
	assert_int_equal(cy_buf_addf(out, "%zu:", len), CY_OK);
	assert_int_equal(cy_buf_add(out, data, len), CY_OK);
}

static int see_message(void *arg, const struct store_message *m)
{
	add_text(arg, m->content.data, m->content.len);
	return CY_OK;
}

static int see_case(void *arg, const struct store_case *c)
{
	add_text(arg, c->title, strlen(c->title));
	return CY_OK;
}

/* What is sealed is read through the port instead. */
static bool is_sealed(const char *column)
{
	static const char *const names[] = { "sealed", "nonce", "wrapped", "title", "title_nonce" };

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (strcmp(names[i], column) == 0)
			return true;
	return false;
}

static void dump_table(sqlite3 *db, const char *table, struct cy_buf *out)
{
	sqlite3_stmt *s;
	char sql[128];

	snprintf(sql, sizeof sql, "SELECT * FROM %s ORDER BY 1, 2", table);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &s, NULL), SQLITE_OK);
	add_text(out, table, strlen(table));
	while (sqlite3_step(s) == SQLITE_ROW)
		for (int i = 0; i < sqlite3_column_count(s); i++)
			if (!is_sealed(sqlite3_column_name(s, i)))
				add_text(out, sqlite3_column_blob(s, i), (size_t)sqlite3_column_bytes(s, i));
	assert_int_equal(sqlite3_finalize(s), SQLITE_OK);
}

/* All tables but the ids of WALs, which are random; all contents, and that SQLite finds the file sound. */
static struct state look(struct world *w)
{
	struct cy_buf out = CY_BUF(8 << 20);
	struct cy_digest digest;
	struct state state;
	sqlite3 *db = open_raw(w);
	sqlite3_stmt *s;
	char id[CY_UUID_LEN + 1];

	assert_int_equal(sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &s, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(s), SQLITE_ROW);
	assert_string_equal((const char *)sqlite3_column_text(s, 0), "ok");
	sqlite3_finalize(s);
	assert_int_equal(
		sqlite3_prepare_v2(db,
				   "SELECT name FROM sqlite_schema WHERE type = 'table'"
				   " AND name NOT LIKE 'sqlite%' AND name NOT IN ('payload', 'base') ORDER BY name",
				   -1, &s, NULL),
		SQLITE_OK);
	while (sqlite3_step(s) == SQLITE_ROW)
		dump_table(db, (const char *)sqlite3_column_text(s, 0), &out);
	assert_int_equal(sqlite3_finalize(s), SQLITE_OK);
	sqlite3_close(db);
	for (int i = 0; i < STEPS; i++) {
		snprintf(id, sizeof id, UUID, MESSAGE, i);
		if (w->port.get_message(w->port.ctx, id, see_message, &out) == CY_ENOENT)
			break;
		snprintf(id, sizeof id, UUID, CASE, i / 2);
		assert_int_equal(w->port.get_case(w->port.ctx, "IE", id, see_case, &out), CY_OK);
	}
	digest = cy_sha256(cy_buf_view(&out));
	memcpy(state.b, digest.b, sizeof state.b);
	cy_buf_free(&out);
	return state;
}

/* The number of commits that the store holds, which must be `done` or, with one
 * in flight, one more. */
static int must_hold(struct world *w, int done, bool in_flight)
{
	struct state s = look(w);

	if (memcmp(&s, &w->states[done], sizeof s) == 0)
		return done;
	if (in_flight && memcmp(&s, &w->states[done + 1], sizeof s) == 0)
		return done + 1;
	for (int i = 0; i <= STEPS; i++)
		if (memcmp(&s, &w->states[i], sizeof s) == 0)
			fail_msg("%d commits were acknowledged and %d are there", done, i);
	fail_msg("after %d commits the store holds something else", done);
	return -1;
}

/* ---------------------------------------------------------------- the sweeps */

static void new_disk(struct world *w, uint64_t seed)
{
	w->disk = vfs_crash_new("disk", seed);
	assert_int_equal(page_check_new("disk", NULL, NULL, &w->check), CY_OK);
}

static void end_disk(struct world *w)
{
	close_store(w);
	page_check_free(w->check);
	vfs_crash_free(w->disk);
	w->disk = NULL;
}

static void power_cut(struct world *w)
{
	vfs_crash_cut(w->disk);
	close_store(w);
	vfs_crash_up(w->disk);
}

/* From step `i` until the first failure or the end: the steps done. */
static int go_on(struct world *w, int i, bool *ret_in_flight)
{
	*ret_in_flight = false;
	for (; i < STEPS; i++) {
		struct cy_error e = { 0 };

		if (prepare(w, i, &e) < 0) {
			assert_true(e.text[0] != '\0');
			w->store = NULL;
			return i;
		}
		if (commit(w, i) < 0) {
			assert_true(w->why[0] != '\0');
			*ret_in_flight = true;
			return i;
		}
	}
	close_store(w);
	return STEPS;
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof *w);
	bool in_flight;

	snprintf(w->dir, sizeof w->dir, "/tmp/comity-crash-XXXXXX");
	if (mkdtemp(w->dir) == NULL)
		return -1;
	snprintf(w->key, sizeof w->key, "%s/store.key", w->dir);
	new_disk(w, 1);
	must_open(w);
	w->states[0] = look(w);
	for (int i = 0; i < STEPS; i++) {
		struct cy_error e = { 0 };

		assert_int_equal(prepare(w, i, &e), CY_OK);
		if (commit(w, i) < 0)
			fail_msg("step %d: %s", i, w->why);
		w->states[i + 1] = look(w);
		assert_memory_not_equal(&w->states[i], &w->states[i + 1], sizeof w->states[0]);
	}
	end_disk(w);
	new_disk(w, 1);
	assert_int_equal(go_on(w, 0, &in_flight), STEPS);
	w->points = vfs_crash_points(w->disk);
	end_disk(w);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;
	char cmd[96];

	snprintf(cmd, sizeof cmd, "rm -rf '%s'", w->dir);
	free(w);
	return system(cmd);
}

/* Crash again at every point of the recovery from `image`. */
static uint64_t sweep_recovery(struct world *w, const struct vfs_crash_image *image, int done, bool in_flight)
{
	for (uint64_t n = 1;; n++) {
		struct cy_error e = { 0 };
		bool whole;

		vfs_crash_restore(w->disk, image);
		vfs_crash_fault(w->disk, VFS_CRASH_CUT, n, 0);
		whole = open_store(w, &e) == CY_OK;
		if (!whole)
			w->store = NULL;
		power_cut(w);
		must_open(w);
		must_hold(w, done, in_flight);
		close_store(w);
		if (whole)
			return n - 1;
	}
}

static void a_crash_at_any_point_leaves_before_or_after(void **state)
{
	struct world *w = *state;
	uint64_t crashes = 0, again = 0, ahead = 0;

	for (uint64_t n = 1; n <= w->points; n++)
		for (uint64_t seed = 0; seed < SEEDS; seed++) {
			struct vfs_crash_image *image;
			bool in_flight;
			int done;

			new_disk(w, n * SEEDS + seed);
			vfs_crash_fault(w->disk, VFS_CRASH_CUT, n, 0);
			done = go_on(w, 0, &in_flight);
			assert_true(vfs_crash_is_down(w->disk));
			power_cut(w);
			image = vfs_crash_snapshot(w->disk);
			must_open(w);
			ahead += must_hold(w, done, in_flight) > done;
			/* and service goes on from there */
			close_store(w);
			crashes++;
			if (seed == 0 && n % RECOVERIES == 0)
				again += sweep_recovery(w, image, done, in_flight);
			vfs_crash_image_free(image);
			end_disk(w);
		}
	/* Some commits in flight were already whole, or the sweep did not look there. */
	assert_true(ahead > 0);
	print_message("%llu points, %llu crashes, %llu of them after the commit in flight, %llu crashes in recovery\n",
		      (unsigned long long)w->points, (unsigned long long)crashes, (unsigned long long)ahead,
		      (unsigned long long)again);
}

/* After a failure that was reported the store goes on at once, or its process
 * dies first; in the end the power goes. */
static uint64_t sweep_faults(struct world *w, enum vfs_crash_fault fault, bool dies)
{
	uint64_t failures = 0;

	/* Once, a few times, or until it is released. */
	static const uint64_t counts[] = { 1, 3, 0 };

	for (uint64_t start = 0, n = 1; n <= w->points; n += FAULTS, start++)
		for (uint64_t seed = 0; seed < SEEDS; seed++) {
			bool in_flight;
			int done;

			new_disk(w, n * SEEDS + seed);
			vfs_crash_fault(w->disk, fault, n, counts[(start + seed) % 3]);
			done = go_on(w, 0, &in_flight);
			failures += done < STEPS;
			vfs_crash_fault(w->disk, VFS_CRASH_NONE, 0, 0);
			if (dies) {
				vfs_crash_kill(w->disk);
				close_store(w);
				vfs_crash_up(w->disk);
			}
			if (w->store == NULL)
				must_open(w);
			done = must_hold(w, done, in_flight && dies);
			for (int more = 0; more < 3 && done < STEPS; more++) {
				if (commit(w, done) < 0)
					fail_msg("after the release: %s", w->why);
				done = must_hold(w, done + 1, false);
			}
			power_cut(w);
			must_open(w);
			must_hold(w, done, false);
			end_disk(w);
		}
	return failures;
}

static void a_full_disk_is_told_and_survived(void **state)
{
	uint64_t n = sweep_faults(*state, VFS_CRASH_FULL, false);

	assert_true(n > 0);
	print_message("%llu failures\n", (unsigned long long)n);
}

static void failing_writes_and_syncs_are_told_and_survived(void **state)
{
	uint64_t n = sweep_faults(*state, VFS_CRASH_IOERR, false);

	assert_true(n > 0);
	print_message("%llu failures\n", (unsigned long long)n);
}

/* The page cache then shows a commit that the disk may never have got. */
static void a_restart_after_a_failed_sync_builds_on_nothing_lost(void **state)
{
	uint64_t n = sweep_faults(*state, VFS_CRASH_IOERR, true);

	assert_true(n > 0);
	print_message("%llu failures\n", (unsigned long long)n);
}

/* ----------------------------------------------------------------- migrations */

#define OLD_VERSION  "31"
#define MIGRATION_OF 3 /* in one of so many points of a migration the power goes */

static int version(struct world *w)
{
	sqlite3 *db = open_raw(w);
	sqlite3_stmt *s;
	int n;

	assert_int_equal(sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &s, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(s), SQLITE_ROW);
	n = sqlite3_column_int(s, 0);
	sqlite3_finalize(s);
	sqlite3_close(db);
	return n;
}

/* The store after all steps, as a program of that version has left it. */
static struct vfs_crash_image *old_store(struct world *w)
{
	bool in_flight;
	sqlite3 *db;

	new_disk(w, 1);
	assert_int_equal(go_on(w, 0, &in_flight), STEPS);
	db = open_raw(w);
	if (sqlite3_exec(db, BEFORE_FEWER_INDICES "PRAGMA user_version = " OLD_VERSION, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s", sqlite3_errmsg(db));
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	assert_int_equal(version(w), atoi(OLD_VERSION));
	return vfs_crash_snapshot(w->disk);
}

/* It holds what it held, and the power that goes meanwhile leaves the old store or the new one. */
static void a_migration_is_whole_or_was_not_begun(void **state)
{
	struct world *w = *state;
	struct vfs_crash_image *image = old_store(w);
	unsigned old = 0, new = 0;

	must_open(w);
	assert_int_equal(must_hold(w, STEPS, false), STEPS);
	close_store(w);
	for (uint64_t n = 1;; n += MIGRATION_OF) {
		struct cy_error e = { 0 };
		bool whole;
		int left;

		vfs_crash_restore(w->disk, image);
		vfs_crash_fault(w->disk, VFS_CRASH_CUT, n, 0);
		whole = open_store(w, &e) == CY_OK;
		if (!whole)
			w->store = NULL;
		power_cut(w);
		left = version(w);
		old += left == atoi(OLD_VERSION);
		new += left != atoi(OLD_VERSION);
		must_open(w);
		must_hold(w, STEPS, false);
		close_store(w);
		if (whole)
			break;
	}
	assert_true(old > 0 && new > 0);
	print_message("%u crashes left the old store, %u the new one\n", old, new);
	vfs_crash_image_free(image);
	end_disk(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_migration_is_whole_or_was_not_begun),
		cmocka_unit_test(a_crash_at_any_point_leaves_before_or_after),
		cmocka_unit_test(a_full_disk_is_told_and_survived),
		cmocka_unit_test(failing_writes_and_syncs_are_told_and_survived),
		cmocka_unit_test(a_restart_after_a_failed_sync_builds_on_nothing_lost),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
