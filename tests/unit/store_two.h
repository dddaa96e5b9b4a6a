/* The real store and that of the simulator side by side, which must agree. */
#ifndef CY_TESTS_STORE_TWO_H
#define CY_TESTS_STORE_TWO_H

#include "../sim/store_mem.h"
#include "io/store_sqlite_sql.h"
#include "store_fixture.h"

#define TEST_TWO(name) cmocka_unit_test_setup_teardown(name, setup_two, teardown_two)

struct two {
	struct fixture *f;
	struct mem_store mem;
	struct store_port in_memory;
	const struct store_port *ports[2];
};

static inline void broken(void *ctx, const char *what)
{
	(void)ctx;
	fail_msg("%s", what);
}

static inline int setup_two(void **state)
{
	static const char *const peers[] = { "IE", "DE" };
	struct two *t = calloc(1, sizeof *t);
	void *f = NULL;

	if (t == NULL || setup(&f) < 0)
		return -1;
	t->f = f;
	mem_store_init(&t->mem, peers, 2, broken, NULL);
	mem_store_port(&t->mem, &t->in_memory);
	t->ports[0] = &t->f->port;
	t->ports[1] = &t->in_memory;
	*state = t;
	return 0;
}

static inline int teardown_two(void **state)
{
	struct two *t = *state;
	void *f = t->f;

	mem_store_free(&t->mem);
	free(t);
	return teardown(&f);
}

/* To both; what the real one refuses the other never gets. */
static inline int commit_both(struct two *t)
{
	struct store_writeset *w = t->f->w, *lent = calloc(1, sizeof *lent);
	int r;

	assert_non_null(lent);
	*lent = (struct store_writeset){ .first = w->first, .last = w->last, .n = w->n };
	t->f->w = lent;
	r = commit(t->f);
	if (r == CY_OK) {
		mem_store_apply(&t->mem, w);
	} else {
		store_writeset_free(w);
		free(w);
	}
	return r;
}

/* A read of the real store, and how it finds its rows: a scan only of the index that is named. */
struct read_by {
	int statement;
	const char *by;
};

/* An index that covers all that is read is as good as one that does not: versions of SQLite differ in which do. */
static inline bool goes_by(const char *step, const char *by)
{
	static const char word[] = "COVERING ";
	const char *covering = strstr(step, word);
	char plain[512];

	if (strstr(step, by) != NULL)
		return true;
	if (covering == NULL)
		return false;
	snprintf(plain, sizeof plain, "%.*s%s", (int)(covering - step), step, covering + strlen(word));
	return strstr(plain, by) != NULL;
}

static inline void reads_go_by(struct two *t, const struct read_by *reads, size_t n)
{
	char path[96], text[4096];
	sqlite3 *db;

	snprintf(path, sizeof path, "%s/comity.db", t->f->dir);
	assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	for (size_t i = 0; i < n; i++) {
		bool found = false;
		sqlite3_stmt *s;

		snprintf(text, sizeof text, "EXPLAIN QUERY PLAN %s", store_read_sql[reads[i].statement]);
		assert_int_equal(sqlite3_prepare_v2(db, text, -1, &s, NULL), SQLITE_OK);
		while (sqlite3_step(s) == SQLITE_ROW) {
			const char *step = (const char *)sqlite3_column_text(s, 3);

			found |= goes_by(step, reads[i].by);
			if (strstr(step, "TEMP B-TREE") != NULL ||
			    (strncmp(step, "SCAN ", 5) == 0 && strcmp(step, "SCAN CONSTANT ROW") != 0 &&
			     !goes_by(step, reads[i].by)))
				fail_msg("%s: %s", store_read_sql[reads[i].statement], step);
		}
		if (!found)
			fail_msg("%s: not by %s", store_read_sql[reads[i].statement], reads[i].by);
		sqlite3_finalize(s);
	}
	sqlite3_close(db);
}

#endif
