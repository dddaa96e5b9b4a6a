/* A store in a directory of its own, for the tests that go through its port. */
#ifndef CY_TESTS_STORE_FIXTURE_H
#define CY_TESTS_STORE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/store/store_sqlite_internal.h"
#include "store_samples.h"
#include "store_undo.h"

/* Take out of a schema what its migrations from 11, or from 12 on have added. */
#define BEFORE_WAITING                                                                                         \
	"ALTER TABLE meta DROP COLUMN restored; DROP INDEX evidence_overdue; DROP INDEX evidence_spent;"       \
	"CREATE INDEX evidence_overdue ON evidence (retain_until) WHERE author = 1 AND state = 2 AND hold = 0" \
	" AND retain_until > 0 AND retrieved = 1 AND verdict <> 2;"                                            \
	"CREATE INDEX evidence_spent ON evidence (settled) WHERE author = 0 AND state IN (2, 5) AND hold = 0"  \
	" AND deleted = 0 AND verdict <> 2 AND settled > 0;"
#define BEFORE_AGES                                                                     \
	"DROP INDEX submission_key_of_message; DROP INDEX submission_key_by_age; DROP " \
	"INDEX leaf_text;"                                                              \
	"DROP INDEX parcel_dissolved; DROP INDEX custody_by_age;"                       \
	"ALTER TABLE submission_key DROP COLUMN at; ALTER TABLE leaf DROP COLUMN at;"
#define BEFORE_ORDERS BEFORE_WAITING "DROP TABLE orders;"
#define BEFORE_ASKING                                                                     \
	"ALTER TABLE stream DROP COLUMN asks; ALTER TABLE stream DROP COLUMN asks_epoch;" \
	"ALTER TABLE stream DROP COLUMN asks_sequence;"
#define BEFORE_PUBLISHING BEFORE_FEWER_INDICES "DROP TABLE published;"
#define BEFORE_UNREAD     BEFORE_PUBLISHING "DROP INDEX message_unread; ALTER TABLE message DROP COLUMN unread;"
#define BEFORE_FORGIVING \
	BEFORE_UNREAD    \
	"ALTER TABLE stream DROP COLUMN forgotten_epoch; ALTER TABLE stream DROP COLUMN forgotten_sequence;"
#define BEFORE_FOLLOWING BEFORE_FORGIVING "DROP TABLE follow;"
#define BEFORE_LEAVES_SAID_ALL                                                              \
	BEFORE_FOLLOWING                                                                    \
	"DROP INDEX custody_readings; ALTER TABLE custody DROP COLUMN form;"                \
	"ALTER TABLE custody DROP COLUMN words; ALTER TABLE custody DROP COLUMN from_byte;" \
	"ALTER TABLE custody DROP COLUMN to_byte; ALTER TABLE custody DROP COLUMN count;"   \
	"ALTER TABLE custody DROP COLUMN last;"
#define BEFORE_EXCUSES BEFORE_LEAVES_SAID_ALL "ALTER TABLE clock DROP COLUMN excused;"
#define BEFORE_KEYS    BEFORE_EXCUSES "ALTER TABLE message DROP COLUMN submission_key;"
#define BEFORE_VERIFYING                                                          \
	BEFORE_KEYS "DROP INDEX evidence_unverified; DROP INDEX evidence_flawed;" \
		    "ALTER TABLE evidence DROP COLUMN verified; ALTER TABLE evidence DROP COLUMN flaw;"
#define BEFORE_REJECTED BEFORE_VERIFYING "DROP TABLE base; DROP INDEX message_rejected;"
#define BEFORE_TURNS                                                        \
	BEFORE_REJECTED                                                     \
	"DROP INDEX message_waiting; ALTER TABLE message DROP COLUMN turn;" \
	"CREATE INDEX message_waiting ON message (peer, priority DESC) WHERE author = 0 AND transport = 0;"
#define BEFORE_CATCHING_UP "DROP INDEX case_stale; ALTER TABLE cases DROP COLUMN stale;"
#define BEFORE_ERASURE                                                                             \
	BEFORE_TURNS BEFORE_ORDERS BEFORE_CATCHING_UP BEFORE_AGES                                  \
		"ALTER TABLE message DROP COLUMN erasure; ALTER TABLE message DROP COLUMN erased;" \
		"ALTER TABLE cases DROP COLUMN erased; ALTER TABLE cases DROP COLUMN erased_by;"   \
		"ALTER TABLE cases DROP COLUMN erased_reason;" BEFORE_ASKING

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

struct fixture {
	char dir[48], key[64];
	struct store_sqlite *store;
	struct store_port port;
	int code;
	char why[256];
	int commits;
	char damage[2048]; /* told so far, a line each */
	struct store_writeset *w;
};

static inline void committed(void *ctx, int code, const char *why)
{
	struct fixture *f = ctx;

	f->code = code;
	f->commits++;
	snprintf(f->why, sizeof f->why, "%s", why);
}

static inline void damaged(void *ctx, const char *peer, const char *case_id, const char *what)
{
	struct fixture *f = ctx;
	size_t len = strlen(f->damage);

	snprintf(f->damage + len, sizeof f->damage - len, "%s/%s %s\n", peer, case_id, what);
}

static inline int open_store(struct fixture *f, bool threaded, struct cy_error *e)
{
	const struct store_sqlite_config config = {
		.dir = f->dir, .key_path = f->key, .threaded = threaded, .sync_off = true, .damaged = damaged
	};

	return store_sqlite_open(&config, committed, f, &f->store, &f->port, e);
}

static inline int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);
	struct cy_error e = { 0 };

	snprintf(f->dir, sizeof f->dir, "/tmp/comity-store-XXXXXX");
	if (mkdtemp(f->dir) == NULL)
		return -1;
	snprintf(f->key, sizeof f->key, "%s/store.key", f->dir);
	if (open_store(f, false, &e) < 0) {
		fprintf(stderr, "%s\n", e.text);
		return -1;
	}
	*state = f;
	return 0;
}

static inline int teardown(void **state)
{
	struct fixture *f = *state;
	char cmd[96];

	if (f->store != NULL)
		store_sqlite_close(f->store);
	snprintf(cmd, sizeof cmd, "rm -rf '%s'", f->dir);
	free(f);
	return system(cmd);
}

static inline struct store_write *add(struct fixture *f, enum store_op op)
{
	if (f->w == NULL) {
		f->w = calloc(1, sizeof *f->w);
		assert_non_null(f->w);
	}
	return store_add(f->w, op);
}

static inline int commit(struct fixture *f)
{
	struct store_writeset *w = f->w;

	f->w = NULL;
	assert_int_equal(f->port.commit(f->port.ctx, w), CY_OK);
	store_sqlite_dispatch(f->store);
	return f->code;
}

static inline void add_case(struct fixture *f, const char *case_id, const char *client, const char *own,
			    const char *peer)
{
	add(f, STORE_PUT_CASE)->case_row = sample_case(case_id, client, own, peer);
}

static inline void add_message(struct fixture *f, const char *case_id, const char *id, uint32_t number,
			       CyPriority priority)
{
	add(f, STORE_PUT_MESSAGE)->message = sample_message(case_id, id, number, priority);
}

/* What was changed by SQLite alone, while the store is closed, gets its checksums when it is opened. */
static inline void edited(struct fixture *f)
{
	char path[80];

	snprintf(path, sizeof path, "%s/comity.db.checked", f->dir);
	assert_int_equal(unlink(path), 0);
}

static inline void reopen(struct fixture *f)
{
	struct cy_error e = { 0 };

	if (f->store != NULL)
		store_sqlite_close(f->store);
	f->store = NULL;
	if (open_store(f, false, &e) < 0)
		fail_msg("%s", e.text);
}

#endif
