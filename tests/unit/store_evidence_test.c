/* Evidence and custody in the SQLite store, beside the contract of its port (store_contract_evidence.c): what is on the
 * disk, and stores of older versions. */
#include "store_fixture.h"

static void put_message(struct fixture *f, const char *id, enum store_author author)
{
	add_message(f, "c1", id, 1, CY_PRIORITY__NORMAL);
	for (struct store_write *w = f->w->first; w != NULL; w = w->next)
		if (w->op == STORE_PUT_MESSAGE && strcmp(w->message.id, id) == 0)
			w->message.author = author;
}

static void make_cases(struct fixture *f)
{
	add_case(f, "c1", "desk", "", "");
	put_message(f, "m1", STORE_PEER);
	put_message(f, "m5", STORE_OWN);
}

static struct store_evidence *put(struct fixture *f, const char *message, uint32_t attachment, enum store_author author,
				  enum store_evidence_state state)
{
	struct store_evidence *e = &add(f, STORE_PUT_EVIDENCE)->evidence;

	*e = sample_evidence("IE", "c1", message, attachment, author, state);
	return e;
}

static void put_custody(struct fixture *f, const char *message, uint32_t attachment, int64_t at, const char *action,
			const char *text, uint64_t leaf)
{
	add(f, STORE_PUT_CUSTODY)->custody = (struct store_custody){ .message_id = message,
								     .attachment = attachment,
								     .at = { at },
								     .action = action,
								     .by = "US",
								     .text = text,
								     .proof = "",
								     .leaf = leaf };
}

struct seen {
	char text[256];
	size_t n;
};

__attribute__((format(printf, 2, 3))) static int note(struct seen *s, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	s->n += (size_t)vsnprintf(s->text + s->n, sizeof s->text - s->n, fmt, ap);
	va_end(ap);
	assert_true(s->n < sizeof s->text);
	return CY_OK;
}

static int see_key(void *arg, const struct store_evidence *e)
{
	return note(arg, "%s/%u", e->message_id, e->attachment);
}

static int see_custody(void *arg, const struct store_custody *c)
{
	return note(arg, "%s/%u %s '%s'", c->message_id, c->attachment, c->action, c->text);
}

static int see_sound(void *arg, const struct store_custody *c)
{
	const struct cy_digest x = sample_digest('x');

	return note(arg, "'%s' is %s", c->text, store_custody_sound(c, &x) ? "sound" : "not sound");
}

/* A statement behind the store's back. */
static void sql(struct fixture *f, const char *text)
{
	char path[96];
	sqlite3 *db;

	snprintf(path, sizeof path, "%s/comity.db", f->dir);
	assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
	if (sqlite3_exec(db, text, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s: %s", text, sqlite3_errmsg(db));
	sqlite3_close(db);
}

static void a_reason_is_unreadable_on_the_disk_and_erased_with_its_case(void **state)
{
	struct fixture *f = *state;
	const struct store_port *disk = &f->port;
	struct seen seen = { .n = 0 };
	char cmd[128];

	make_cases(f);
	put_custody(f, "m1", 1, 10, "held", MARKER, 7);
	put_custody(f, "m1", 2, 10, "released", "other", 8);
	assert_int_equal(commit(f), CY_OK);
	snprintf(cmd, sizeof cmd, "grep -rqs released '%s'", f->dir);
	assert_int_equal(system(cmd), 0);
	snprintf(cmd, sizeof cmd, "grep -rqs " MARKER " '%s'", f->dir);
	assert_int_not_equal(system(cmd), 0);
	assert_int_equal(disk->custody(disk->ctx, "m1", 1, 0, 99, see_custody, &seen), CY_OK);
	assert_string_equal(seen.text, "m1/1 held '" MARKER "'");
	seen = (struct seen){ .n = 0 };

	/* Nobody who writes to the disk moves it to another attachment. */
	sql(f, "UPDATE custody SET attachment = 3 WHERE attachment = 1");
	assert_int_equal(disk->custody(disk->ctx, "m1", 3, 0, 99, see_custody, &seen), CY_EDAMAGED);

	sql(f, "UPDATE case_key SET wrapped = NULL WHERE case_id = 'c1'");
	assert_int_equal(disk->custody(disk->ctx, "m1", 2, 0, 99, see_custody, &seen), CY_OK);
	assert_string_equal(seen.text, "m1/2 released ''");
}

/* Whoever is to see a case sees its evidence, whichever of the two was written first. */
static void evidence_follows_its_case_to_the_client(void **state)
{
	struct fixture *f = *state;
	const struct store_evidence_query q = { .peer = "", .case_id = "", .after_message = "", .limit = 9 };
	static const char *const clients[] = { "desk", "clerk" };

	put_message(f, "m1", STORE_PEER);
	put(f, "m1", 1, STORE_PEER, STORE_EVIDENCE_WAITING);
	for (int k = 0; k < 2; k++) {
		add_case(f, "c1", clients[k], "", "");
		assert_int_equal(commit(f), CY_OK);
		for (int who = 0; who < 2; who++) {
			const struct store_view view = { .client = clients[who] };
			struct seen s = { .n = 0 };

			assert_int_equal(f->port.list_evidence(f->port.ctx, view, &q, see_key, &s), CY_OK);
			assert_string_equal(s.text, who == k ? "m1/1" : "");
		}
	}
}

static int note_column(void *arg, int n, char **values, char **names)
{
	struct cy_buf *b = arg;

	(void)names;
	for (int i = 0; i < n; i++)
		assert_int_equal(cy_buf_addf(b, "%s\n", values[i] != NULL ? values[i] : ""), CY_OK);
	return 0;
}

static void read_schema(struct fixture *f, struct cy_buf *out)
{
	char path[96];
	sqlite3 *db;

	*out = CY_BUF(1 << 20);
	snprintf(path, sizeof path, "%s/comity.db", f->dir);
	assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "SELECT type, name, sql FROM sqlite_schema ORDER BY type, name", note_column,
				      out, NULL),
			 SQLITE_OK);
	sqlite3_close(db);
}

#define LATER                                                                                       \
	BEFORE_ERASURE                                                                              \
	"ALTER TABLE stream DROP COLUMN features; ALTER TABLE stream DROP COLUMN rejected;"         \
	"ALTER TABLE stream DROP COLUMN out_epoch; ALTER TABLE stream DROP COLUMN receipted_epoch;" \
	"ALTER TABLE parcel DROP COLUMN dissolved; DROP INDEX evidence_delivered;"

static void a_store_from_before_evidence_keeps_what_it_holds(void **state)
{
	struct fixture *f = *state;
	struct store_counts counts;
	struct cy_buf before, after;
	struct seen s = { .n = 0 };
	uint64_t of_peer = 0, of_case = 0;

	make_cases(f);
	assert_int_equal(commit(f), CY_OK);
	read_schema(f, &before);
	store_sqlite_close(f->store);
	f->store = NULL;
	sql(f, LATER "DROP TRIGGER evidence_of_case; DROP TRIGGER evidence_of_client;"
		     "DROP TABLE custody; DROP TABLE evidence; DROP TABLE evidence_held;"
		     "DROP TABLE upload; DROP TABLE upload_held; PRAGMA user_version = 4");
	edited(f);
	reopen(f);
	read_schema(f, &after);
	assert_string_equal((const char *)before.data, (const char *)after.data);
	cy_buf_free(&before);
	cy_buf_free(&after);
	assert_int_equal(f->port.counts(f->port.ctx, &counts), CY_OK);
	assert_int_equal(counts.cases, 1);
	assert_int_equal(counts.messages, 2);
	put(f, "m1", 1, STORE_PEER, STORE_EVIDENCE_WAITING);
	put_custody(f, "m1", 1, 10, "held", "a text", 7);
	assert_int_equal(commit(f), CY_OK);
	assert_int_equal(f->port.waiting_evidence(f->port.ctx, "IE", 9, see_key, &s), CY_OK);
	assert_int_equal(f->port.list_evidence(f->port.ctx, (struct store_view){ .client = "desk" },
					       &(struct store_evidence_query){
						       .peer = "", .case_id = "", .after_message = "", .limit = 9 },
					       see_key, &s),
			 CY_OK);
	assert_int_equal(f->port.custody(f->port.ctx, "m1", 1, 0, 9, see_custody, &s), CY_OK);
	assert_string_equal(s.text, "m1/1m1/1m1/1 held 'a text'");
	assert_int_equal(f->port.evidence_bytes(f->port.ctx, "IE", "c1", &of_peer, &of_case), CY_OK);
	assert_int_equal(of_peer, 100);
	assert_int_equal(of_case, 100);
}

static void a_store_from_before_copies_were_deleted_knows_what_is_settled(void **state)
{
	struct fixture *f = *state;
	struct cy_buf before, after;
	struct seen s = { .n = 0 };

	make_cases(f);
	put(f, "m5", 1, STORE_OWN, STORE_EVIDENCE_HERE)->verdict = CY_EVIDENCE_STATE__VERIFIED;
	put(f, "m5", 2, STORE_OWN, STORE_EVIDENCE_HERE);
	assert_int_equal(commit(f), CY_OK);
	read_schema(f, &before);
	store_sqlite_close(f->store);
	f->store = NULL;
	sql(f, LATER "DROP INDEX evidence_spent; ALTER TABLE evidence DROP COLUMN settled;"
		     "ALTER TABLE evidence DROP COLUMN deleted; PRAGMA user_version = 5");
	edited(f);
	reopen(f);
	read_schema(f, &after);
	assert_string_equal((const char *)before.data, (const char *)after.data);
	cy_buf_free(&before);
	cy_buf_free(&after);
	assert_int_equal(f->port.spent_evidence(f->port.ctx, "IE", (struct cy_wall){ 100 }, 9, see_key, &s), CY_OK);
	assert_string_equal(s.text, "m5/1");
}

/* Its leaves are what they were: they hold neither time nor text. */
static void a_link_from_before_leaves_said_all_stays_what_it_is(void **state)
{
	struct fixture *f = *state;
	const struct cy_digest x = sample_digest('x');
	struct cy_buf before, after;
	struct seen s = { .n = 0 };
	struct store_write *w;
	struct store_custody link = { .message_id = "m1",
				      .attachment = 1,
				      .at = { 10 },
				      .action = "held",
				      .by = "US",
				      .text = "a",
				      .proof = "" };
	const struct audit_custody said = store_custody_said(&link, &x);

	make_cases(f);
	w = add(f, STORE_PUT_LEAF);
	w->leaf.hash = audit_custody_leaf(&said, AUDIT_CUSTODY_FIRST);
	w->leaf.data = cy_bytes("leaf", 4);
	add(f, STORE_PUT_CUSTODY)->custody = link;
	assert_int_equal(commit(f), CY_OK);
	read_schema(f, &before);
	store_sqlite_close(f->store);
	f->store = NULL;
	sql(f, BEFORE_LEAVES_SAID_ALL "PRAGMA user_version = 24");
	edited(f);
	reopen(f);
	read_schema(f, &after);
	assert_string_equal((const char *)before.data, (const char *)after.data);
	cy_buf_free(&before);
	cy_buf_free(&after);
	assert_int_equal(f->port.custody(f->port.ctx, "m1", 1, 0, 9, see_sound, &s), CY_OK);
	assert_string_equal(s.text, "'a' is sound");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_reason_is_unreadable_on_the_disk_and_erased_with_its_case),
		TEST(evidence_follows_its_case_to_the_client),
		TEST(a_store_from_before_evidence_keeps_what_it_holds),
		TEST(a_store_from_before_copies_were_deleted_knows_what_is_settled),
		TEST(a_link_from_before_leaves_said_all_stays_what_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
