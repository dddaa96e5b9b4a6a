/* What a message costs in the store: rows written, entries of each table and index, and their bytes, at both sides.
 * Two nodes with real stores; SQLite counts. Entries and writes are asserted exactly, bytes within 2 %: whoever
 * changes what is stored sees here what it costs, and states it in daemon/README.md.
 * ROWS_WRITE=1 writes tests/unit/store_rows.txt anew, for 256 messages in parcels of 64. */
#define SQLITE_ENABLE_PREUPDATE_HOOK 1

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/store/store_sqlite_internal.h"
#include "trace_rig.h"

#define OBJECTS  96
#define PARCEL   64 /* messages that leave together */
#define MESSAGES (4 * PARCEL)
#define EXPECTED "tests/unit/store_rows.txt"

/* A table or an index: what is in it, and in pages of which it shares none. */
struct object {
	char name[48];
	int64_t entries, bytes;
	unsigned inserts, changes, deletes; /* of its rows, since counting began; an index: 0 */
};

struct count {
	struct object at[OBJECTS];
	size_t n;
};

static struct object *object(struct count *c, const char *name)
{
	for (size_t i = 0; i < c->n; i++)
		if (strcmp(c->at[i].name, name) == 0)
			return &c->at[i];
	assert_true(c->n < OBJECTS);
	snprintf(c->at[c->n].name, sizeof c->at[0].name, "%s", name);
	return &c->at[c->n++];
}

static void on_write(void *ctx, sqlite3 *db, int op, const char *schema, const char *table, sqlite3_int64 before,
		     sqlite3_int64 after)
{
	struct object *o = object(ctx, table);

	(void)db;
	(void)schema;
	(void)before;
	(void)after;
	if (op == SQLITE_INSERT)
		o->inserts++;
	else if (op == SQLITE_UPDATE)
		o->changes++;
	else
		o->deletes++;
}

static int64_t number(sqlite3 *db, const char *statement)
{
	sqlite3_stmt *s;
	int64_t n;

	assert_int_equal(sqlite3_prepare_v2(db, statement, -1, &s, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(s), SQLITE_ROW);
	n = sqlite3_column_int64(s, 0);
	sqlite3_finalize(s);
	return n;
}

/* Every b-tree of the file. */
static void look(struct side *s, struct count *c)
{
	sqlite3 *db = s->store->reader.db;
	sqlite3_stmt *each;
	char text[160];

	assert_int_equal(
		sqlite3_prepare_v2(db,
				   "SELECT d.name, sum(d.pgsize - d.unused), sum(d.ncell), s.type FROM dbstat d"
				   " JOIN sqlite_schema s ON s.name = d.name GROUP BY d.name ORDER BY d.name",
				   -1, &each, NULL),
		SQLITE_OK);
	while (sqlite3_step(each) == SQLITE_ROW) {
		struct object *o = object(c, (const char *)sqlite3_column_text(each, 0));

		o->bytes = sqlite3_column_int64(each, 1);
		o->entries = sqlite3_column_int64(each, 2);
		/* The inner pages of a table repeat keys, those of an index hold entries of their own. */
		if (strcmp((const char *)sqlite3_column_text(each, 3), "table") == 0) {
			snprintf(text, sizeof text, "SELECT count(*) FROM \"%s\"", o->name);
			o->entries = number(db, text);
		}
	}
	sqlite3_finalize(each);
}

/* ------------------------------------------------------------------- scenario */

static const char *submission(bool opens)
{
	static char json[1400];
	static unsigned references;
	char text[901];

	memset(text, 'x', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	if (opens)
		snprintf(json, sizeof json,
			 "{\"to\":\"IE\",\"ownReference\":\"182-%05u\",\"content\":{\"spontaneousInformation\":"
			 "{\"title\":\"A title\",\"text\":\"%s\"}}}",
			 references++ % 100000, text);
	else
		snprintf(json, sizeof json, "{\"content\":{\"note\":{\"text\":\"%s\"}}}", text);
	return json;
}

/* What one side paid: a line for each table and index. */
static void describe(const char *what, struct count *before, struct count *after, struct cy_buf *out)
{
	int64_t entries = 0, bytes = 0, writes = 0;

	assert_int_equal(cy_buf_addf(out, "%s\n", what), CY_OK);
	for (size_t i = 0; i < after->n; i++) {
		const struct object *o = &after->at[i], *old = object(before, o->name);
		const int64_t more = o->entries - old->entries, more_bytes = o->bytes - old->bytes;

		if (more == 0 && o->inserts + o->changes + o->deletes == 0)
			continue;
		entries += more;
		bytes += more_bytes;
		writes += o->inserts + o->changes + o->deletes;
		assert_int_equal(cy_buf_addf(out, "  %s %lld entries %u inserts %u changes %u deletes %lld bytes\n",
					     o->name, (long long)more, o->inserts, o->changes, o->deletes,
					     (long long)more_bytes),
				 CY_OK);
	}
	assert_int_equal(cy_buf_addf(out, "  all %lld entries %lld writes %lld bytes\n", (long long)entries,
				     (long long)writes, (long long)bytes),
			 CY_OK);
	printf("%-26s %5.2f entries, %5.2f rows written, %6.1f bytes a message\n", what, (double)entries / MESSAGES,
	       (double)writes / MESSAGES, (double)bytes / MESSAGES);
}

/* Up to the bytes, which are compared apart. */
static bool same_line(const char *a, const char *b, long long *ret_a, long long *ret_b)
{
	const char *a_bytes = strrchr(a, ' '), *b_bytes = strrchr(b, ' ');

	*ret_a = *ret_b = 0;
	if (a_bytes == NULL || b_bytes == NULL || strcmp(a_bytes, " bytes") != 0 || strcmp(b_bytes, " bytes") != 0)
		return strcmp(a, b) == 0;
	while (a_bytes[-1] != ' ')
		a_bytes--;
	while (b_bytes[-1] != ' ')
		b_bytes--;
	*ret_a = atoll(a_bytes);
	*ret_b = atoll(b_bytes);
	return a_bytes - a == b_bytes - b && strncmp(a, b, (size_t)(a_bytes - a)) == 0;
}

static void compare(char *is, char *want)
{
	char *at_is, *at_want, *a = strtok_r(is, "\n", &at_is), *b = strtok_r(want, "\n", &at_want);
	long long bytes, wanted;

	for (; a != NULL && b != NULL; a = strtok_r(NULL, "\n", &at_is), b = strtok_r(NULL, "\n", &at_want)) {
		if (!same_line(a, b, &bytes, &wanted))
			fail_msg("it is '%s', and was '%s': a message costs something else (ROWS_WRITE=1 writes %s; "
				 "daemon/README.md states it)",
				 a, b, EXPECTED);
		if (strncmp(a, "  all ", 6) == 0 && 50 * llabs(bytes - wanted) > wanted)
			fail_msg("it is '%s', and was '%s': more than 2 %% (ROWS_WRITE=1 writes %s)", a, b, EXPECTED);
	}
	if (a != NULL || b != NULL)
		fail_msg("it is '%s', and was '%s'", a != NULL ? a : "nothing", b != NULL ? b : "nothing");
}

static void costs(bool opens, struct cy_buf *out)
{
	struct world *w = world_new();
	struct count before[2] = { 0 }, after[2] = { 0 };
	struct side *const sides[] = { &w->a, &w->b };

	w->a.muted = w->b.muted = true;
	connect_both(w);
	settle(w);
	submit(&w->a, NULL, submission(true));
	settle(w);
	for (size_t i = 0; i < 2; i++) {
		look(sides[i], &before[i]);
		sqlite3_preupdate_hook(sides[i]->store->writer.db, on_write, &after[i]);
	}
	for (unsigned i = 0; i < MESSAGES; i++) {
		submit(&w->a, opens ? NULL : w->a.case_id, submission(opens));
		if (i % PARCEL < PARCEL - 1)
			continue;
		settle(w);
		w->n_ids = 0; /* nobody reads the trace */
	}
	for (size_t i = 0; i < 2; i++) {
		char what[64];

		sqlite3_preupdate_hook(sides[i]->store->writer.db, NULL, NULL);
		look(sides[i], &after[i]);
		snprintf(what, sizeof what, "%s, at the %s", opens ? "a new case" : "a note",
			 i == 0 ? "sender" : "receiver");
		describe(what, &before[i], &after[i], out);
	}
	world_end(w, NULL);
}

static void a_message_costs_what_is_written_down(void **state)
{
	struct cy_buf is = CY_BUF(64 * 1024);
	char *want;

	(void)state;
	costs(true, &is);
	costs(false, &is);
	if (getenv("ROWS_WRITE") != NULL) {
		FILE *f = fopen(EXPECTED, "w");

		assert_non_null(f);
		fputs((char *)is.data, f);
		fclose(f);
	}
	want = read_file(EXPECTED);
	if (want == NULL)
		fail_msg("%s is missing: ROWS_WRITE=1 writes it", EXPECTED);
	compare((char *)is.data, want);
	free(want);
	cy_buf_free(&is);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_message_costs_what_is_written_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
