/* Erasing through the store's port: in the real store and in the simulator's. What was erased is
 * searched for by its bytes in all files of the store. */
#include <poll.h>
#include <sys/stat.h>

#include "../rig/store_mem.h"
#include "store_fixture.h"

#define REASON   "a-reason-of-custody"
#define OWN      "our-reference-17"
#define PEERS    "their-reference-4"
#define EVENT    "what-the-event-said"
#define VOID     "why-it-was-rejected"
#define KEY      "key-of-the-submission"
#define OTHER    "another-case-stays"
#define CASES(x) (sizeof(x) / sizeof((x)[0]))

struct two {
	struct fixture *f;
	struct mem_store mem;
	struct store_port in_memory;
};

static int setup_two(void **state)
{
	static const char *const peers[] = { "IE" };
	struct two *t = calloc(1, sizeof *t);
	void *f = NULL;

	if (t == NULL || setup(&f) < 0)
		return -1;
	t->f = f;
	mem_store_init(&t->mem, peers, 1, NULL, NULL);
	t->mem.copies = true;
	mem_store_port(&t->mem, &t->in_memory);
	*state = t;
	return 0;
}

static int teardown_two(void **state)
{
	struct two *t = *state;
	void *f = t->f;

	mem_store_free(&t->mem);
	free(t);
	return teardown(&f);
}

/* Each write goes to both: what the real one refuses the other never gets. */
static void write_both(struct two *t, const struct store_write *write)
{
	for (int i = 0; i < 2; i++) {
		struct store_write *w = add(t->f, write->op), *next = w->next;

		*w = *write;
		w->next = next;
		if (i == 0) {
			assert_int_equal(commit(t->f), CY_OK);
		} else {
			mem_store_apply(&t->mem, t->f->w);
			t->f->w = NULL;
		}
	}
}

static void put_case(struct two *t, const char *case_id, const char *title, const char *own, const char *peer)
{
	write_both(t, &(struct store_write){ .op = STORE_PUT_CASE,
					     .case_row = { .peer = "IE",
							   .case_id = case_id,
							   .side = CY_SIDE__REQUESTING,
							   .own_reference = own,
							   .peer_reference = peer,
							   .client = "desk",
							   .title = title,
							   .instrument = "",
							   .state = "CLOSED",
							   .closed = true } });
}

static void put_message(struct two *t, const char *case_id, const char *id, uint32_t number, const char *content)
{
	write_both(t, &(struct store_write){ .op = STORE_PUT_MESSAGE,
					     .message = { .id = id,
							  .peer = "IE",
							  .case_id = case_id,
							  .author = STORE_PEER,
							  .number = number,
							  .kind = 1,
							  .priority = CY_PRIORITY__NORMAL,
							  .created = { 1000 + number },
							  .size = strlen(content),
							  .transport = STORE_RELAYED,
							  .void_code = CY_REJECTION_CODE__INCOMPLETE,
							  .void_reason = strcmp(case_id, "c1") == 0 ? VOID : OTHER,
							  .client = "",
							  .fact = cy_bytes("fact", 4),
							  .content = cy_bytes(content, strlen(content)),
							  .submission_key = { .b = { (uint8_t)number } } } });
}

static void put_rest(struct two *t, const char *case_id, const char *id, const char *own, const char *text)
{
	char environment[256];
	const int n = snprintf(environment, sizeof environment,
			       "COMITY_STEP_ID=%s%cCOMITY_PEER=IE%cCOMITY_CASE=%s%cCOMITY_OWN_REFERENCE=%s%c", id, 0, 0,
			       case_id, 0, own, 0);

	write_both(t, &(struct store_write){ .op = STORE_PUT_CUSTODY,
					     .custody = { .message_id = id,
							  .attachment = 1,
							  .action = "held",
							  .by = "desk",
							  .text = text,
							  .proof = "" } });
	write_both(t, &(struct store_write){ .op = STORE_PUT_EVENT,
					     .event = { .peer = "IE",
							.case_id = case_id,
							.message_id = id,
							.client = "desk",
							.own_reference = own,
							.text = text,
							.case_state = "CLOSED" } });
	write_both(t, &(struct store_write){
			      .op = STORE_PUT_KEY,
			      .key = { .client = "desk", .key = text[0] == 'a' ? OTHER : KEY, .message_id = id } });
	write_both(t, &(struct store_write){ .op = STORE_PUT_HOOK,
					     .hook = { .id = id, .environment = cy_bytes(environment, (size_t)n) } });
}

static void fill(struct two *t)
{
	put_case(t, "c1", MARKER, OWN, PEERS);
	put_message(t, "c1", "m1", 1, MARKER "-in-1");
	put_message(t, "c1", "m2", 2, MARKER "-in-2");
	put_rest(t, "c1", "m1", OWN, EVENT);
	put_case(t, "c2", OTHER, OTHER, "");
	put_message(t, "c2", "m3", 1, OTHER);
	put_rest(t, "c2", "m3", OTHER, "another-event");
}

static bool in_files(const struct two *t, const char *text)
{
	char cmd[192];

	snprintf(cmd, sizeof cmd, "grep -rqsaF -e '%s' '%s'", text, t->f->dir);
	return system(cmd) == 0;
}

struct seen {
	char text[1024];
	size_t len;
};

static void say(struct seen *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void say(struct seen *s, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	s->len += (size_t)vsnprintf(s->text + s->len, sizeof s->text - s->len, fmt, ap);
	va_end(ap);
	assert_true(s->len < sizeof s->text);
}

static int see_case(void *arg, const struct store_case *c)
{
	say(arg, "%s '%s' '%s' '%s' erased %lld by '%s': '%s'\n", c->case_id, c->title, c->own_reference,
	    c->peer_reference, (long long)c->erased.ms, c->erased_by, c->erased_reason);
	return CY_OK;
}

static int see_message(void *arg, const struct store_message *m)
{
	say(arg, "%s #%u %d '%s' fact %zu size %zu '%.*s' erased %lld %d key %d%s\n", m->id, m->number,
	    (int)m->void_code, m->void_reason, m->fact.len, m->size, (int)m->content.len, (const char *)m->content.data,
	    (long long)m->erased.ms, (int)m->erasure, m->submission_key.b[0], m->damaged ? " damaged" : "");
	return CY_OK;
}

static int see_event(void *arg, const struct store_event *e)
{
	say(arg, "event %s '%s' '%s'\n", e->message_id, e->own_reference, e->text);
	return CY_OK;
}

static int see_custody(void *arg, const struct store_custody *c)
{
	say(arg, "custody %s by %s '%s'\n", c->message_id, c->by, c->text);
	return CY_OK;
}

static int see_key(void *arg, const struct store_key *k)
{
	say(arg, "key %s\n", k->key);
	return CY_OK;
}

static int see_hook(void *arg, const char *id, struct cy_bytes environment)
{
	(void)environment;
	say(arg, "hook %s\n", id);
	return CY_OK;
}

static void look(const struct store_port *p, const char *case_id, struct seen *s)
{
	static const char *const ids[] = { "m1", "m2", "m3" };
	const struct store_view all = { .titles = true };

	*s = (struct seen){ .len = 0 };
	assert_int_equal(p->list_cases(p->ctx, all, "IE", false, case_id[1] == '1' ? "" : "c1", 1, see_case, s), CY_OK);
	for (size_t i = 0; i < CASES(ids); i++)
		if ((strcmp(case_id, "c2") == 0) == (i == 2)) {
			p->get_message(p->ctx, ids[i], see_message, s);
			p->custody(p->ctx, ids[i], 1, 0, 99, see_custody, s);
		}
	if (p->key(p->ctx, "desk", strcmp(case_id, "c2") == 0 ? OTHER : KEY, see_key, s) == CY_ENOENT)
		say(s, "no key\n");
	p->events(p->ctx, all, strcmp(case_id, "c2") == 0 ? 1 : 0, 1, see_event, s);
	p->hooks(p->ctx, 9, see_hook, s);
}

static void expect(struct two *t, const char *case_id, const char *text)
{
	const struct store_port *ports[] = { &t->f->port, &t->in_memory };

	for (int i = 0; i < 2; i++) {
		struct seen s;

		look(ports[i], case_id, &s);
		assert_string_equal(s.text, text);
	}
}

static struct store_write erasure(int64_t at)
{
	return (struct store_write){ .op = STORE_ERASE_CASE,
				     .erase_case = { .peer = "IE",
						     .case_id = "c1",
						     .at = { at },
						     .until = { INT64_MAX },
						     .by = "admin",
						     .reason = "an order" } };
}

static void erase_case(struct two *t, int64_t at)
{
	const struct store_write w = erasure(at);

	write_both(t, &w);
}

/* With the hooks that are there. */
static const char other_case[] = "c2 '" OTHER "' '" OTHER "' '' erased 0 by '': ''\n"
				 "m3 #1 4 '" OTHER "' fact 4 size 18 '" OTHER "' erased 0 0 key 1\n"
				 "custody m3 by desk 'another-event'\n"
				 "key " OTHER "\n"
				 "event m3 '" OTHER "' 'another-event'\n";

static void expect_other(struct two *t, const char *hooks)
{
	char text[1024];

	snprintf(text, sizeof text, "%s%s", other_case, hooks);
	expect(t, "c2", text);
}

static void an_erased_case_keeps_what_shows_that_it_was(void **state)
{
	struct two *t = *state;

	fill(t);
	erase_case(t, 77);
	expect(t, "c1",
	       "c1 '' '' '' erased 77 by 'admin': 'an order'\n"
	       "m1 #1 4 '' fact 4 size 38 '' erased 77 1 key 1\n"
	       "custody m1 by desk ''\n"
	       "m2 #2 4 '' fact 4 size 38 '' erased 77 1 key 2\n"
	       "no key\n"
	       "event m1 '' ''\n"
	       "hook m3\n");
	expect_other(t, "hook m3\n");
}

/* Not in the database, its WAL or free pages, before the store is closed, and after. */
static void the_bytes_of_an_erased_case_are_on_no_page(void **state)
{
	static const char *const gone[] = { OWN, PEERS, EVENT, VOID, KEY, MARKER };
	struct two *t = *state;
	sqlite3 *db;
	char path[80], sealed[33] = "";
	sqlite3_stmt *s;

	fill(t);
	/* Sealed texts are searched for by what stands in the rows. */
	snprintf(path, sizeof path, "%s/comity.db", t->f->dir);
	assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	assert_int_equal(
		sqlite3_prepare_v2(db,
				   "SELECT p.sealed, k.wrapped FROM payload p JOIN message m ON m.no = p.message"
				   " JOIN case_key k ON k.no = m.case_no WHERE m.id = 'm1'",
				   -1, &s, NULL),
		SQLITE_OK);
	assert_int_equal(sqlite3_step(s), SQLITE_ROW);
	{
		uint8_t content[24], key[24];
		char dump[160];

		memcpy(content, sqlite3_column_blob(s, 0), sizeof content);
		memcpy(key, sqlite3_column_blob(s, 1), sizeof key);
		sqlite3_finalize(s);
		sqlite3_close(db);
		assert_true(in_files(t, OWN) && in_files(t, PEERS) && in_files(t, EVENT) && in_files(t, KEY));
		erase_case(t, 77);
		for (int closed = 0; closed < 2; closed++) {
			for (size_t i = 0; i < CASES(gone); i++)
				if (in_files(t, gone[i]))
					fail_msg("'%s' is still there", gone[i]);
			assert_true(in_files(t, OTHER));
			for (int which = 0; which < 2; which++) {
				const uint8_t *at = which == 0 ? content : key;

				sealed[0] = '\0';
				for (size_t i = 0; i < 16; i++)
					snprintf(sealed + 2 * i, 3, "%02x", at[i]);
				snprintf(dump, sizeof dump, "cat '%s'/comity.db* | xxd -p | tr -d '\n' | grep -q %s",
					 t->f->dir, sealed);
				assert_int_not_equal(system(dump), 0);
			}
			if (closed == 0)
				reopen(t->f);
		}
	}
}

static off_t wal_size(const struct fixture *f)
{
	struct stat st;
	char path[80];

	snprintf(path, sizeof path, "%s/comity.db-wal", f->dir);
	assert_int_equal(stat(path, &st), 0);
	return st.st_size;
}

static sqlite3 *read_on(const struct two *t, sqlite3_stmt **ret_read)
{
	sqlite3 *db;
	char path[80];

	snprintf(path, sizeof path, "%s/comity.db", t->f->dir);
	assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, "SELECT * FROM event", -1, ret_read, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(*ret_read), SQLITE_ROW);
	return db;
}

/* Somebody reads, as a backup does, and the WAL cannot be cut off: it is by the next commit, or by
 * the next start where the process ended before. */
static void the_wal_is_cut_off_later_where_somebody_reads(void **state)
{
	struct two *t = *state;
	struct fixture after = { 0 };
	char cmd[160];
	sqlite3_stmt *read;
	sqlite3 *db;

	fill(t);
	db = read_on(t, &read);
	erase_case(t, 77);
	assert_true(in_files(t, EVENT));
	snprintf(after.dir, sizeof after.dir, "%.40s.after", t->f->dir);
	snprintf(after.key, sizeof after.key, "%.47s/store.key", after.dir);
	snprintf(cmd, sizeof cmd, "cp -a '%s' '%s'", t->f->dir, after.dir);
	assert_int_equal(system(cmd), 0);
	sqlite3_finalize(read);
	sqlite3_close(db);

	put_message(t, "c2", "m5", 2, "more");
	assert_false(in_files(t, EVENT));

	assert_int_equal(open_store(&after, false, NULL), CY_OK);
	snprintf(cmd, sizeof cmd, "grep -rqsaF -e " EVENT " '%s'", after.dir);
	assert_int_not_equal(system(cmd), 0);
	store_sqlite_close(after.store);
	snprintf(cmd, sizeof cmd, "rm -rf '%s'", after.dir);
	assert_int_equal(system(cmd), 0);
}

/* An authority may have nothing to do after it: there is no next commit. */
static void the_wal_is_cut_off_without_a_commit_once_nobody_reads(void **state)
{
	struct two *t = *state;
	struct fixture *f = t->f;
	struct cy_error e = { 0 };
	struct pollfd fd;
	sqlite3_stmt *read;
	sqlite3 *db;
	int looks = 0;

	fill(t);
	store_sqlite_close(f->store);
	f->store = NULL;
	assert_int_equal(open_store(f, true, &e), CY_OK);
	db = read_on(t, &read);
	add(f, STORE_ERASE_CASE)->erase_case = erasure(77).erase_case;
	assert_int_equal(f->port.commit(f->port.ctx, f->w), CY_OK);
	f->w = NULL;
	fd = (struct pollfd){ .fd = store_sqlite_fd(f->store), .events = POLLIN };
	/* What looks at the store rings as well: the digests of these messages are made up. */
	for (const int before = f->commits; f->commits == before;) {
		assert_int_equal(poll(&fd, 1, 30000), 1);
		store_sqlite_dispatch(f->store);
	}
	assert_int_equal(f->code, CY_OK);
	assert_true(wal_size(f) > 0);
	sqlite3_finalize(read);
	sqlite3_close(db);
	while (wal_size(f) > 0 && looks++ < 3000)
		poll(NULL, 0, 20);
	assert_int_equal(wal_size(f), 0);
}

static void a_message_is_erased_alone_and_once(void **state)
{
	struct two *t = *state;
	const struct store_write one = { .op = STORE_ERASE_MESSAGE,
					 .erase = {
						 .message_id = "m1", .at = { 50 }, .why = STORE_ERASED_BY_RETENTION } };

	fill(t);
	write_both(t, &one);
	expect(t, "c1",
	       "c1 '" MARKER "' '" OWN "' '" PEERS "' erased 0 by '': ''\n"
	       "m1 #1 4 '' fact 4 size 38 '' erased 50 2 key 1\n"
	       "custody m1 by desk ''\n"
	       "m2 #2 4 '" VOID "' fact 4 size 38 '" MARKER "-in-2' erased 0 0 key 2\n"
	       "no key\n"
	       "event m1 '" OWN "' '" EVENT "'\n"
	       "hook m1\nhook m3\n");
	erase_case(t, 77);
	expect(t, "c1",
	       "c1 '' '' '' erased 77 by 'admin': 'an order'\n"
	       "m1 #1 4 '' fact 4 size 38 '' erased 50 2 key 1\n"
	       "custody m1 by desk ''\n"
	       "m2 #2 4 '' fact 4 size 38 '' erased 77 1 key 2\n"
	       "no key\n"
	       "event m1 '' ''\n"
	       "hook m3\n");
}

/* Under a new key, and nothing of before opens with it. */
static void what_comes_after_an_erasure_is_kept(void **state)
{
	struct two *t = *state;

	fill(t);
	erase_case(t, 77);
	put_case(t, "c1", "", "", "new-reference");
	write_both(t, &(struct store_write){ .op = STORE_PUT_MESSAGE,
					     .message = { .id = "m4",
							  .peer = "IE",
							  .case_id = "c1",
							  .author = STORE_OWN,
							  .number = 1,
							  .size = 5,
							  .transport = STORE_QUEUED,
							  .void_reason = "",
							  .client = "",
							  .content = cy_bytes("later", 5) } });
	for (int i = 0; i < 2; i++) {
		struct seen s = { .len = 0 };

		assert_int_equal(t->f->port.get_message(t->f->port.ctx, "m4", see_message, &s), CY_OK);
		assert_int_equal(t->f->port.get_message(t->f->port.ctx, "m1", see_message, &s), CY_OK);
		assert_int_equal(t->f->port.get_case(t->f->port.ctx, "IE", "c1", see_case, &s), CY_OK);
		assert_string_equal(s.text, "m4 #1 0 '' fact 0 size 5 'later' erased 0 0 key 0\n"
					    "m1 #1 4 '' fact 4 size 38 '' erased 77 1 key 1\n"
					    "c1 '' '' 'new-reference' erased 77 by 'admin': 'an order'\n");
		reopen(t->f);
	}
}

static void a_case_or_message_that_is_not_there_is_refused_with_its_write_set(void **state)
{
	struct two *t = *state;

	fill(t);
	add(t->f, STORE_ERASE_CASE)->erase_case.peer = "IE";
	t->f->w->first->erase_case.case_id = "c2";
	add(t->f, STORE_ERASE_CASE)->erase_case.peer = "IE";
	t->f->w->first->next->erase_case.case_id = "c9";
	assert_int_equal(commit(t->f), CY_ESTORE);
	assert_non_null(strstr(t->f->why, "case c9"));
	add(t->f, STORE_ERASE_MESSAGE)->erase.message_id = "m9";
	assert_int_equal(commit(t->f), CY_ESTORE);
	assert_non_null(strstr(t->f->why, "message m9"));
	expect_other(t, "hook m1\nhook m3\n");
}

#define TEST_TWO(name) cmocka_unit_test_setup_teardown(name, setup_two, teardown_two)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST_TWO(an_erased_case_keeps_what_shows_that_it_was),
		TEST_TWO(the_bytes_of_an_erased_case_are_on_no_page),
		TEST_TWO(the_wal_is_cut_off_later_where_somebody_reads),
		TEST_TWO(the_wal_is_cut_off_without_a_commit_once_nobody_reads),
		TEST_TWO(a_message_is_erased_alone_and_once),
		TEST_TWO(what_comes_after_an_erasure_is_kept),
		TEST_TWO(a_case_or_message_that_is_not_there_is_refused_with_its_write_set),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
