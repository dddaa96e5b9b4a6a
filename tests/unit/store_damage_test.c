/* A store in which something was damaged behind its back: the rest is read and written. */
#include "store_fixture.h"

struct seen {
	size_t n;
	char ids[16][40];
	char title[64];
};

static int see_damage(void *arg, const struct store_case *row)
{
	struct seen *s = arg;

	assert_true(s->n < sizeof s->ids / sizeof s->ids[0]);
	snprintf(s->ids[s->n++], sizeof s->ids[0], "%s%s", row->case_id, row->damaged ? " damaged" : "");
	snprintf(s->title, sizeof s->title, "%s", row->title);
	return CY_OK;
}

/* Spoil it behind the store's back. */
static void spoil(struct fixture *f, const char *sql)
{
	char path[64];
	sqlite3 *db;

	store_sqlite_close(f->store);
	f->store = NULL;
	snprintf(path, sizeof path, "%s/comity.db", f->dir);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	edited(f);
	reopen(f);
}

static void a_damaged_title_or_key_hides_no_case(void **state)
{
	static const char *const spoils[] = { "UPDATE cases SET title = zeroblob(length(title)) WHERE case_id = 'c1'",
					      "UPDATE case_key SET wrapped = zeroblob(length(wrapped))"
					      " WHERE case_id = 'c1'" };
	const struct store_view shown = { .titles = true }, hidden = { .titles = false };
	struct fixture *f = *state;
	struct store_port *p = &f->port;

	add_case(f, "c1", "desk", "own-1", "");
	add_case(f, "c2", "desk", "own-2", "");
	assert_int_equal(commit(f), CY_OK);
	for (size_t i = 0; i < 2; i++) {
		struct seen s = { 0 };

		spoil(f, spoils[i]);
		/* By key, a key that does not open is told: nothing can be stored under it. */
		assert_int_equal(p->get_case(p->ctx, "IE", "c1", see_damage, &s), CY_OK);
		assert_string_equal(s.ids[0], i == 0 ? "c1" : "c1 damaged");
		assert_string_equal(s.title, "");
		/* Where titles are shown, it is told that one does not open; nobody else opens any. */
		assert_int_equal(p->find_case(p->ctx, shown, "own-1", see_damage, &s), CY_OK);
		assert_int_equal(p->list_cases(p->ctx, shown, "", false, "", 9, see_damage, &s), CY_OK);
		assert_int_equal(s.n, 4);
		assert_string_equal(s.ids[1], "c1 damaged");
		assert_string_equal(s.ids[2], "c1 damaged");
		assert_string_equal(s.ids[3], "c2");
		assert_string_equal(s.title, MARKER);
		assert_int_equal(p->find_case(p->ctx, hidden, "own-1", see_damage, &s), CY_OK);
		assert_int_equal(p->list_cases(p->ctx, hidden, "", false, "", 9, see_damage, &s), CY_OK);
		assert_int_equal(s.n, 7);
		assert_string_equal(s.ids[4], "c1");
		assert_string_equal(s.ids[5], "c1");
		assert_string_equal(s.title, "");
	}
	/* Without the key nothing of the case can be sealed, and all else of it is written. */
	add(f, STORE_PUT_CASE)->case_row = (struct store_case){ .peer = "IE",
								.case_id = "c1",
								.own_reference = "own-1",
								.peer_reference = "",
								.client = "desk",
								.title = "",
								.instrument = "",
								.state = "CLOSED" };
	assert_int_equal(commit(f), CY_OK);
	add_message(f, "c1", "m", 1, CY_PRIORITY__NORMAL);
	assert_int_equal(commit(f), CY_ESTORE);
	assert_non_null(strstr(f->why, "the key of case c1 is damaged"));
}

static int see_link(void *arg, const struct store_custody *row)
{
	struct seen *s = arg;

	snprintf(s->title, sizeof s->title, "%s '%s'", row->action, row->text);
	return CY_OK;
}

/* That something happened to evidence is worth more than the words for it. */
static void a_link_of_custody_without_its_key_is_written_without_its_text(void **state)
{
	struct fixture *f = *state;
	struct seen s = { 0 };

	add_case(f, "c1", "desk", "own-1", "");
	add_message(f, "c1", "m1", 1, CY_PRIORITY__NORMAL);
	assert_int_equal(commit(f), CY_OK);
	spoil(f, "UPDATE case_key SET wrapped = zeroblob(length(wrapped))");
	add(f, STORE_PUT_CUSTODY)->custody = (struct store_custody){
		.message_id = "m1", .attachment = 1, .action = "destroyed", .by = "US", .text = MARKER, .proof = ""
	};
	assert_int_equal(commit(f), CY_OK);
	assert_int_equal(f->port.custody(f->port.ctx, "m1", 1, 0, 99, see_link, &s), CY_OK);
	assert_string_equal(s.title, "destroyed ''");
}

/* ------------------------------------------------------- pages that are damaged */

static int see_nothing(void *arg, const struct store_message *row)
{
	(void)arg;
	return row->damaged ? CY_EDAMAGED : CY_OK;
}

/* A message of its own pages. */
static void add_long(struct fixture *f, const char *case_id, const char *id, char fill)
{
	static uint8_t content[20000];
	struct store_message *m;

	add_message(f, case_id, id, 1, CY_PRIORITY__NORMAL);
	for (struct store_write *w = f->w->first; w != NULL; w = w->next)
		if (w->op == STORE_PUT_MESSAGE && strcmp(w->message.id, id) == 0) {
			m = &w->message;
			memset(content, fill, sizeof content);
			m->content = cy_bytes(content, sizeof content);
			m->digest = cy_sha256(m->content);
		}
	assert_int_equal(commit(f), CY_OK);
}

/* Flip a byte where these 64 lie, which the statement selects: in a page of its own. */
static void flip(struct fixture *f, const char *sql)
{
	char path[64];
	uint8_t bytes[64], *all;
	sqlite3_stmt *s;
	sqlite3 *db;
	FILE *file;
	long size;

	store_sqlite_close(f->store);
	f->store = NULL;
	snprintf(path, sizeof path, "%s/comity.db", f->dir);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &s, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(s), SQLITE_ROW);
	assert_int_equal(sqlite3_column_bytes(s, 0), sizeof bytes);
	memcpy(bytes, sqlite3_column_blob(s, 0), sizeof bytes);
	sqlite3_finalize(s);
	sqlite3_close(db);
	file = fopen(path, "r+e");
	assert_non_null(file);
	assert_int_equal(fseek(file, 0, SEEK_END), 0);
	size = ftell(file);
	all = malloc((size_t)size);
	rewind(file);
	assert_int_equal(fread(all, 1, (size_t)size, file), size);
	for (long at = 0; at + 64 <= size; at++)
		if (memcmp(all + at, bytes, sizeof bytes) == 0) {
			assert_int_equal(fseek(file, at, SEEK_SET), 0);
			fputc(all[at] ^ 0x20, file);
		}
	free(all);
	fclose(file);
	reopen(f);
}

static void a_damaged_page_is_told_with_the_case_that_it_concerns(void **state)
{
	struct fixture *f = *state;
	struct store_port *p = &f->port;

	for (char i = '1'; i < '5'; i++) {
		const char id[] = { 'c', i, '\0' }, message[] = { 'm', i, '\0' };

		add_case(f, id, "desk", id, "");
		add_long(f, id, message, i);
	}
	store_sqlite_check(f->store);
	assert_string_equal(f->damage, "");
	flip(f, "SELECT substr(sealed, 10000, 64) FROM payload JOIN message ON no = message WHERE id = 'm3'");
	assert_string_equal(f->damage, "");
	/* All others are read, by themselves and in the row of what waits. */
	assert_int_equal(p->get_message(p->ctx, "m2", see_nothing, NULL), CY_OK);
	assert_int_equal(p->get_message(p->ctx, "m3", see_nothing, NULL), CY_EDAMAGED);
	assert_int_equal(p->message_row(p->ctx, "m3", see_nothing, NULL), CY_OK);
	store_sqlite_dispatch(f->store);
	assert_non_null(strstr(f->damage, "/ page "));
	assert_non_null(strstr(f->damage, " of comity.db\n"));
	assert_null(strstr(f->damage, "c3"));
	store_sqlite_check(f->store);
	assert_non_null(strstr(f->damage, "IE/c3 \n"));
	for (char i = '1'; i < '5'; i++)
		if (i != '3') {
			const char id[] = { 'c', i, '\0' };

			assert_null(strstr(f->damage, id));
		}
	/* Each once. */
	f->damage[0] = '\0';
	store_sqlite_check(f->store);
	assert_string_equal(f->damage, "");
}

static int see_key(void *arg, const struct store_evidence *row)
{
	struct seen *s = arg;

	assert_true(s->n < sizeof s->ids / sizeof s->ids[0]);
	snprintf(s->ids[s->n++], sizeof s->ids[0], "%s/%u", row->message_id, row->attachment);
	return CY_OK;
}

/* Their keys are read without the rows: the damaged one is among them, and those after it are not hidden. */
static void a_damaged_row_of_evidence_hides_no_other_that_is_to_be_verified(void **state)
{
	static char reason[20000];
	const struct cy_digest x = cy_sha256(cy_bytes("x", 1));
	const struct cy_wall from = { 0 }, before = { 100 };
	struct fixture *f = *state;
	struct store_port *p = &f->port;
	struct seen s = { 0 };

	add_case(f, "c1", "desk", "own-1", "");
	add_message(f, "c1", "m1", 1, CY_PRIORITY__NORMAL);
	assert_int_equal(commit(f), CY_OK);
	for (uint32_t i = 1; i <= 6; i++) {
		memset(reason, i % 3 == 2 ? 'd' : 's', sizeof reason - 1);
		add(f, STORE_PUT_EVIDENCE)->evidence =
			(struct store_evidence){ .message_id = "m1",
						 .attachment = i,
						 .peer = "IE",
						 .case_id = "c1",
						 .number = 1,
						 .size = 1,
						 .sha256 = x,
						 .root = x,
						 .state = STORE_EVIDENCE_HERE,
						 .verified = { i },
						 .flaw = i > 3 ? STORE_SPOILT : STORE_SOUND,
						 .reason = reason };
		assert_int_equal(commit(f), CY_OK);
	}
	flip(f, "SELECT substr(reason, 10000, 64) FROM evidence WHERE reason LIKE 'd%'");
	assert_int_equal(p->get_evidence(p->ctx, "m1", 2, see_key, &s), CY_EDAMAGED);
	assert_int_equal(p->get_evidence(p->ctx, "m1", 5, see_key, &s), CY_EDAMAGED);
	assert_int_equal(p->same_evidence(p->ctx, &x, see_key, &s), CY_EDAMAGED);
	s.n = 0;
	assert_int_equal(p->unverified_evidence(p->ctx, from, "", 0, before, 9, see_key, &s), CY_OK);
	assert_int_equal(p->flawed_evidence(p->ctx, "", 0, 9, see_key, &s), CY_OK);
	assert_int_equal(p->same_keys(p->ctx, &x, see_key, &s), CY_OK);
	assert_int_equal(s.n, 12);
	for (size_t i = 0; i < s.n; i++) {
		const char key[] = { 'm', '1', '/', (char)('1' + i % 6), '\0' };

		assert_string_equal(s.ids[i], key);
	}
}

/* What was written wrongly has a right checksum. */
static void what_is_not_what_was_signed_is_found(void **state)
{
	struct fixture *f = *state;

	add_case(f, "c1", "desk", "own-1", "");
	add_long(f, "c1", "m1", 'x');
	add_case(f, "c2", "desk", "own-2", "");
	add_long(f, "c2", "m2", 'y');
	spoil(f, "UPDATE message SET digest = zeroblob(32) WHERE id = 'm2'");
	store_sqlite_check(f->store);
	assert_string_equal(f->damage, "IE/c2 \n");
}

/* Somebody has changed the record of what became of evidence: its leaf says something else. */
static void a_link_of_custody_that_is_not_what_its_leaf_says_is_found(void **state)
{
	static const char salt[] = "00112233445566778899aabbccddeeff";
	static const char *const edits[] = { "at = at + 1",   "by = 'other'",        "proof = 'm2'",
					     "from_byte = 1", "action = 'released'", "leaf = 1" };
	struct fixture *f = *state;
	const struct cy_digest x = cy_sha256(cy_bytes("x", 1));
	struct store_custody link = { .message_id = "m1",
				      .attachment = 1,
				      .at = { 10 },
				      .action = "held",
				      .by = "US",
				      .text = MARKER,
				      .salt = salt,
				      .words = audit_custody_words(salt, MARKER),
				      .proof = "",
				      .form = AUDIT_CUSTODY_WHOLE };
	const struct audit_custody said = store_custody_said(&link, &x);
	struct store_write *w;

	add_case(f, "c1", "desk", "own-1", "");
	add_long(f, "c1", "m1", 'x');
	for (uint64_t i = 0; i < 2; i++) {
		w = add(f, STORE_PUT_LEAF);
		w->leaf.index = i;
		w->leaf.hash = i == 0 ? audit_custody_leaf(&said, AUDIT_CUSTODY_WHOLE) : x;
		w->leaf.data = cy_bytes("leaf", 4);
	}
	add(f, STORE_PUT_EVIDENCE)->evidence = (struct store_evidence){ .message_id = "m1",
									.attachment = 1,
									.peer = "IE",
									.case_id = "c1",
									.number = 1,
									.size = 1,
									.sha256 = x,
									.root = x,
									.state = STORE_EVIDENCE_OFFERED,
									.reason = "" };
	add(f, STORE_PUT_CUSTODY)->custody = link;
	assert_int_equal(commit(f), CY_OK);
	store_sqlite_check(f->store);
	assert_string_equal(f->damage, "");
	for (size_t i = 0; i < sizeof edits / sizeof edits[0]; i++) {
		char all[512];

		snprintf(all, sizeof all, "CREATE TABLE was AS SELECT * FROM custody; UPDATE custody SET %s", edits[i]);
		f->damage[0] = '\0';
		spoil(f, all);
		store_sqlite_check(f->store);
		assert_string_equal(f->damage, "IE/c1 \n");
		spoil(f, "DELETE FROM custody; INSERT INTO custody SELECT * FROM was; DROP TABLE was");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_damaged_title_or_key_hides_no_case),
		TEST(a_link_of_custody_without_its_key_is_written_without_its_text),
		TEST(a_damaged_page_is_told_with_the_case_that_it_concerns),
		TEST(a_damaged_row_of_evidence_hides_no_other_that_is_to_be_verified),
		TEST(what_is_not_what_was_signed_is_found),
		TEST(a_link_of_custody_that_is_not_what_its_leaf_says_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
