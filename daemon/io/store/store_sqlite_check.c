/* Looking at all that is stored, before somebody needs it: by a thread of its own with a connection
 * of its own, which only reads. No commit ever waits for it: what it reads at one time is one
 * table's structure, or one case.
 *
 * A damaged page that anybody has read is told as well, and has all cases looked at, so that
 * those are named which it concerns. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "io/store/store_sqlite_sql.h"

#define TABLES_MAX 64
#define NAME_MAX_  64
#define CASES_PAGE 64
/* How often the clock is looked at: steps of SQLite's virtual machine. */
#define STEPS 10000

/* ------------------------------------------------------------- what is found */

static bool same(const struct store_finding *f, const char *peer, const char *case_id, const char *what)
{
	return strcmp(f->peer, peer) == 0 && strcmp(f->case_id, case_id) == 0 && strcmp(f->what, what) == 0;
}

/* True: it was not known yet. What is beyond the list is told by nobody, as it would be by no person read. */
static bool add(struct store_sqlite *st, const char *peer, const char *case_id, const char *what)
{
	struct store_check *c = &st->check;
	struct store_finding f = { 0 };
	bool known = false;

	snprintf(f.peer, sizeof f.peer, "%s", peer);
	snprintf(f.case_id, sizeof f.case_id, "%s", case_id);
	snprintf(f.what, sizeof f.what, "%s", what);
	pthread_mutex_lock(&c->mutex);
	for (size_t i = 0; i < c->n && !known; i++)
		known = same(&c->found[i], f.peer, f.case_id, f.what);
	if (!known && c->n < STORE_FINDINGS_MAX)
		c->found[c->n++] = f;
	pthread_mutex_unlock(&c->mutex);
	if (!known)
		store_ring(st);
	return !known;
}

void store_check_page(void *ctx, const char *what)
{
	struct store_sqlite *st = ctx;
	struct store_check *c = &st->check;

	if (!add(st, "", "", what) || !c->runs || pthread_equal(pthread_self(), c->thread))
		return;
	pthread_mutex_lock(&c->mutex);
	c->wanted = true;
	pthread_cond_signal(&c->cond);
	pthread_mutex_unlock(&c->mutex);
}

void store_check_tell(struct store_sqlite *st)
{
	struct store_check *c = &st->check;
	struct store_finding f;

	for (;;) {
		pthread_mutex_lock(&c->mutex);
		if (c->told == c->n) {
			pthread_mutex_unlock(&c->mutex);
			return;
		}
		f = c->found[c->told++];
		pthread_mutex_unlock(&c->mutex);
		if (st->damaged != NULL)
			st->damaged(st->ctx, f.peer, f.case_id, f.what);
	}
}

/* ------------------------------------------------------------------- looking */

struct looking {
	struct store_sqlite *st;     /* whose store it is */
	struct store_sqlite *reader; /* by whose connection */
	struct store_port port;      /* of the reader */
	const char *table;
	uint64_t epoch, sequence; /* of the parcel looked at last */
	enum store_author author;
	bool damaged;
	int64_t until; /* ms */
};

static int64_t now_ms(void)
{
	struct timespec t;

	CY_ASSERT(clock_gettime(CLOCK_MONOTONIC, &t) == 0);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static bool quits(struct store_sqlite *st)
{
	bool quit;

	pthread_mutex_lock(&st->check.mutex);
	quit = st->check.quit;
	pthread_mutex_unlock(&st->check.mutex);
	return quit;
}

static int look_at_clock(void *ctx)
{
	struct looking *l = ctx;

	return quits(l->st) || now_ms() > l->until;
}

/* As long as the last piece of work took: half of a processor and of a disk at most. False: it is over. */
static bool rest(struct looking *l, int64_t began)
{
	struct store_check *c = &l->st->check;
	const int64_t took = now_ms() - began;
	struct timespec t;
	bool quit;

	if (!c->runs)
		return true;
	CY_ASSERT(clock_gettime(CLOCK_MONOTONIC, &t) == 0);
	t.tv_sec += took / 1000;
	t.tv_nsec += (long)(took % 1000) * 1000000 + 1000;
	if (t.tv_nsec >= 1000000000) {
		t.tv_sec++;
		t.tv_nsec -= 1000000000;
	}
	pthread_mutex_lock(&c->mutex);
	while (!c->quit && pthread_cond_timedwait(&c->cond, &c->mutex, &t) == 0)
		;
	quit = c->quit;
	pthread_mutex_unlock(&c->mutex);
	return !quit;
}

/* ------------------------------------------------------------------ structure */

static int take_name(void *ctx, int n, char **values, char **names)
{
	char(*all)[NAME_MAX_] = ctx;
	size_t i = 0;

	(void)n;
	(void)names;
	while (i < TABLES_MAX && all[i][0] != '\0')
		i++;
	if (i < TABLES_MAX)
		snprintf(all[i], NAME_MAX_, "%s", values[0]);
	return 0;
}

static int take_fault(void *ctx, int n, char **values, char **names)
{
	struct looking *l = ctx;
	char what[STORE_FINDING_TEXT];

	(void)n;
	(void)names;
	if (strcmp(values[0], "ok") == 0)
		return 0;
	/* A line that begins with a heading is about pages, which are reported by their numbers. */
	if (values[0][0] == '*')
		snprintf(what, sizeof what, "table %.60s", l->table);
	else
		snprintf(what, sizeof what, "table %.60s (%.90s)", l->table, values[0]);
	add(l->st, "", "", what);
	return 0;
}

/* A table with its indices. One that takes longer than its time is left: its pages have checksums. */
static bool look_at_tables(struct looking *l)
{
	char names[TABLES_MAX][NAME_MAX_] = { "" }, sql[NAME_MAX_ + 40];
	sqlite3 *db = l->reader->reader.db;
	bool goes_on = true;

	sqlite3_exec(db, "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name", take_name, names, NULL);
	for (size_t i = 0; goes_on && i < TABLES_MAX && names[i][0] != '\0'; i++) {
		const int64_t began = now_ms();

		l->table = names[i];
		l->until = began + STORE_CHECK_TABLE_MS;
		sqlite3_progress_handler(db, STEPS, look_at_clock, l);
		snprintf(sql, sizeof sql, "PRAGMA integrity_check(\"%.60s\")", names[i]);
		sqlite3_exec(db, sql, take_fault, l, NULL);
		sqlite3_progress_handler(db, 0, NULL, NULL);
		goes_on = rest(l, began);
	}
	return goes_on;
}

/* ---------------------------------------------------------------------- cases */

static void note(struct looking *l, int code)
{
	l->damaged |= code == CY_EDAMAGED;
}

static int see_case(void *arg, const struct store_case *row)
{
	((struct looking *)arg)->damaged |= row->damaged;
	return CY_OK;
}

static int see_content(void *arg, const struct store_message *row)
{
	struct looking *l = arg;
	struct cy_digest digest = cy_sha256(row->content);

	l->damaged |= row->damaged || (row->content.len > 0 && !cy_digest_equal(&digest, &row->digest));
	return CY_OK;
}

static int see_parcel(void *arg, const struct store_parcel *row)
{
	struct looking *l = arg;
	struct cy_digest digest = cy_sha256(row->manifest);

	l->damaged |= !cy_digest_equal(&digest, &row->digest);
	return CY_OK;
}

static int see_message(void *arg, const struct store_message *row)
{
	struct looking *l = arg;
	bool again = row->author == l->author && row->epoch == l->epoch && row->sequence == l->sequence;

	note(l, l->port.get_message(l->port.ctx, row->id, see_content, l));
	if (row->sequence != 0 && !again)
		note(l,
		     l->port.get_parcel(l->port.ctx, row->peer, row->author, row->epoch, row->sequence, see_parcel, l));
	l->author = row->author;
	l->epoch = row->epoch;
	l->sequence = row->sequence;
	return CY_OK;
}

static int see_clock(void *arg, const struct store_clock *row)
{
	(void)arg;
	(void)row;
	return CY_OK;
}

/* The leaf of the audit log has the same facts. */
static int see_custody(void *arg, const struct store_custody *row)
{
	return store_custody_sound(row, &((const struct store_evidence *)arg)->sha256) ? CY_OK : CY_EDAMAGED;
}

static int see_evidence(void *arg, const struct store_evidence *row)
{
	struct looking *l = arg;
	struct store_evidence copy = *row;

	note(l, l->port.custody(l->port.ctx, row->message_id, row->attachment, 0, UINT32_MAX, see_custody, &copy));
	return CY_OK;
}

static void look_at_case(struct looking *l, const char *peer, const char *case_id)
{
	const struct store_view all = { .titles = true };
	const struct store_evidence_query q = {
		.peer = peer, .case_id = case_id, .after_message = "", .limit = CY_REPEATED_MAX
	};
	const struct store_port *p = &l->port;
	char ref[CY_AUTHORITY_MAX + CY_UUID_LEN + 2];

	l->damaged = false;
	l->sequence = 0;
	snprintf(ref, sizeof ref, "%s/%s", peer, case_id);
	note(l, p->find_case(p->ctx, all, ref, see_case, l));
	note(l, p->get_case(p->ctx, peer, case_id, see_case, l));
	note(l, p->case_messages(p->ctx, peer, case_id, see_message, l));
	note(l, p->case_clocks(p->ctx, all, peer, case_id, see_clock, l));
	note(l, p->list_evidence(p->ctx, all, &q, see_evidence, l));
	if (l->damaged)
		add(l->st, peer, case_id, "");
}

struct page {
	size_t n;
	struct {
		char peer[CY_AUTHORITY_MAX + 1], case_id[CY_UUID_LEN + 1];
	} at[CASES_PAGE];
};

/* The ids alone, each list in the order of its index: they can be read where the row of a case cannot. */
#define KEYS  "case_key WHERE (peer, case_id) > (?1, ?2) ORDER BY peer, case_id"
#define CASES "cases WHERE (case_id, peer) > (?2, ?1) ORDER BY case_id, peer"

static int read_page(struct looking *l, const char *list, const char *peer, const char *case_id, struct page *ret)
{
	sqlite3_stmt *s;
	char sql[160], id[CY_UUID_LEN + 1];
	struct store_bind b;
	int rc;

	ret->n = 0;
	snprintf(sql, sizeof sql, "SELECT peer, case_id FROM %s LIMIT ?3", list);
	rc = sqlite3_prepare_v2(l->reader->reader.db, sql, -1, &s, NULL);
	if (rc != SQLITE_OK)
		return rc;
	b = (struct store_bind){ .s = s };
	bind_text(&b, peer);
	bind_id(&b, case_id);
	bind_i64(&b, CASES_PAGE);
	while ((rc = sqlite3_step(s)) == SQLITE_ROW) {
		snprintf(ret->at[ret->n].peer, sizeof ret->at[0].peer, "%s", store_text_at(s, 0));
		snprintf(ret->at[ret->n].case_id, sizeof ret->at[0].case_id, "%s", store_id_at(s, 1, id));
		ret->n++;
	}
	sqlite3_finalize(s);
	return rc;
}

/* False: the thread is to end. *ret_all: the table had them all. */
static bool look_at_cases_of(struct looking *l, const char *list, bool *ret_all)
{
	struct page page, last = { .n = 1 };
	bool goes_on = true;
	int rc;

	do {
		rc = read_page(l, list, last.at[0].peer, last.at[0].case_id, &page);
		for (size_t i = 0; goes_on && i < page.n; i++) {
			const int64_t began = now_ms();

			if (page.at[i].case_id[0] != '\0')
				look_at_case(l, page.at[i].peer, page.at[i].case_id);
			goes_on = rest(l, began);
		}
		if (page.n > 0)
			last.at[0] = page.at[page.n - 1];
	} while (goes_on && rc == SQLITE_DONE && page.n > 0);
	*ret_all = rc == SQLITE_DONE;
	return goes_on;
}

static bool look_at_cases(struct looking *l)
{
	bool all, others = true, goes_on = look_at_cases_of(l, KEYS, &all);

	/* One list may have what cannot be read in the other. */
	if (goes_on && !all)
		goes_on = look_at_cases_of(l, CASES, &others);
	if (goes_on && !others)
		add(l->st, "", "", "the list of cases");
	return goes_on;
}

static bool look(struct store_sqlite *st, struct store_sqlite *reader)
{
	struct looking l = { .st = st, .reader = reader, .port.ctx = reader };

	store_read_port(&l.port);
	return look_at_cases(&l) && look_at_tables(&l);
}

void store_sqlite_check(struct store_sqlite *store)
{
	CY_ASSERT(!store->check.runs);
	look(store, store);
	store_check_tell(store);
}

/* ----------------------------------------------------------------- the thread */

static void *run(void *arg)
{
	struct store_sqlite *st = arg;
	struct store_check *c = &st->check;
	bool goes_on = true;

	pthread_setname_np(pthread_self(), "store-check");
	while (goes_on) {
		struct timespec t;

		if (!look(st, c->reader))
			break;
		CY_ASSERT(clock_gettime(CLOCK_MONOTONIC, &t) == 0);
		t.tv_sec += STORE_CHECK_EVERY_S;
		pthread_mutex_lock(&c->mutex);
		while (!c->quit && !c->wanted && pthread_cond_timedwait(&c->cond, &c->mutex, &t) == 0)
			;
		c->wanted = false;
		goes_on = !c->quit;
		pthread_mutex_unlock(&c->mutex);
	}
	return NULL;
}

int store_check_start(struct store_sqlite *st, const struct store_sqlite_config *config, struct cy_error *e)
{
	struct store_check *c = &st->check;
	sqlite3 *db = NULL;
	int r;

	if (!st->threaded)
		return CY_OK;
	c->reader = calloc(1, sizeof *c->reader);
	if (c->reader == NULL)
		return cy_fail(e, CY_ENOMEM, "out of memory");
	c->reader->dir = st->dir;
	c->reader->key = st->key;
	c->reader->cipher = st->cipher;
	r = store_schema_open_reader(config, page_check_name(st->pages), &db, e);
	if (r < 0)
		return r;
	if (store_conn_init(&c->reader->reader, db, store_read_sql, store_read_sql_n, st->cipher) < 0)
		return cy_fail(e, CY_ENOMEM, "out of memory");
	c->runs = pthread_create(&c->thread, NULL, run, st) == 0;
	return c->runs ? CY_OK : cy_fail(e, CY_EIO, "the thread that looks at the store cannot be started");
}

void store_check_stop(struct store_sqlite *st)
{
	struct store_check *c = &st->check;

	if (c->runs) {
		pthread_mutex_lock(&c->mutex);
		c->quit = true;
		pthread_cond_signal(&c->cond);
		pthread_mutex_unlock(&c->mutex);
		pthread_join(c->thread, NULL);
		c->runs = false;
	}
	if (c->reader != NULL && c->reader->reader.db != NULL)
		store_conn_free(&c->reader->reader);
	free(c->reader);
	c->reader = NULL;
}
