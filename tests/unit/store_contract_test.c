/* The contract of the store port (port/store.h), held against each implementation: another one is one more row of
 * `impls`, and nothing else. A store that breaks the contract in one place fails: each of those in
 * store_contract_broken.c is red. */
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../rig/store_mem.h"
#include "io/store/store_sqlite.h"
#include "store_contract_broken.h"

/* ------------------------------------------------------------- by SQLite */

struct by_sqlite {
	struct contract *t;
	char dir[48], key[64];
	bool threaded;
	struct store_sqlite *store;
};

static bool open_sqlite(struct by_sqlite *s, struct store_port *ret_port)
{
	const struct store_sqlite_config config = {
		.dir = s->dir, .key_path = s->key, .threaded = s->threaded, .sync_off = true
	};
	struct cy_error e = { 0 };

	if (store_sqlite_open(&config, committed, s->t, &s->store, ret_port, &e) == CY_OK)
		return true;
	fprintf(stderr, "%s\n", e.text);
	return false;
}

static void *new_sqlite(struct contract *t, struct store_port *ret_port, bool threaded)
{
	struct by_sqlite *s = calloc(1, sizeof *s);

	assert_non_null(s);
	s->t = t;
	s->threaded = threaded;
	snprintf(s->dir, sizeof s->dir, "/tmp/comity-store-XXXXXX");
	assert_non_null(mkdtemp(s->dir));
	snprintf(s->key, sizeof s->key, "%s/store.key", s->dir);
	return open_sqlite(s, ret_port) ? s : NULL;
}

static void *sqlite_open(struct contract *t, struct store_port *ret_port)
{
	return new_sqlite(t, ret_port, false);
}

static void *sqlite_open_threaded(struct contract *t, struct store_port *ret_port)
{
	return new_sqlite(t, ret_port, true);
}

static void sqlite_work(void *store)
{
	struct by_sqlite *s = store;
	struct pollfd fd = { .fd = store_sqlite_fd(s->store), .events = POLLIN };

	assert_int_equal(poll(&fd, 1, 30000), 1);
	store_sqlite_dispatch(s->store);
}

static void sqlite_restart(void *store, struct store_port *ret_port)
{
	struct by_sqlite *s = store;

	store_sqlite_close(s->store);
	s->store = NULL;
	assert_true(open_sqlite(s, ret_port));
}

static void sqlite_close(void *store)
{
	struct by_sqlite *s = store;
	char cmd[96];

	if (s->store != NULL)
		store_sqlite_close(s->store);
	snprintf(cmd, sizeof cmd, "rm -rf '%s'", s->dir);
	assert_int_equal(system(cmd), 0);
	free(s);
}

/* ------------------------------------------------- in memory, of the simulator */

struct in_memory {
	struct mem_store store; /* first: what its port has as ctx */
	struct contract *t;
	char why[256]; /* it refuses the write-set; "": it does not */
};

/* In the simulator this ends the run. */
static void refuse(void *ctx, const char *what)
{
	struct in_memory *m = ctx;

	if (m->why[0] == '\0')
		snprintf(m->why, sizeof m->why, "%s", what);
}

static void *mem_open(struct contract *t, struct store_port *ret_port)
{
	static const char *const peers[] = { "IE", "DE" };
	struct in_memory *m = calloc(1, sizeof *m);

	assert_non_null(m);
	m->t = t;
	mem_store_init(&m->store, peers, 2, refuse, m);
	mem_store_port(&m->store, ret_port);
	return m;
}

static void mem_work(void *store)
{
	struct in_memory *m = store;

	m->why[0] = '\0';
	mem_store_finish(&m->store);
	if (m->why[0] != '\0')
		mem_store_restore(&m->store, m->store.n_log - 1);
	committed(m->t, m->why[0] != '\0' ? CY_ESTORE : CY_OK, m->why);
}

static void mem_restart(void *store, struct store_port *ret_port)
{
	struct in_memory *m = store;

	mem_store_restore(&m->store, m->store.n_log);
	mem_store_port(&m->store, ret_port);
}

static void mem_close(void *store)
{
	struct in_memory *m = store;

	mem_store_free(&m->store);
	free(m);
}

static const struct store_impl in_memory = { "in memory", mem_open, mem_work, mem_restart, mem_close };

static const struct store_impl *const impls[] = {
	&(const struct store_impl){ "by SQLite", sqlite_open, sqlite_work, sqlite_restart, sqlite_close },
	&(const struct store_impl){ "by SQLite with a thread", sqlite_open_threaded, sqlite_work, sqlite_restart,
				    sqlite_close },
	&in_memory,
};

/* --------------------------------------------------------------- what tests use */

void committed(void *contract, int code, const char *why)
{
	struct contract *t = contract;

	t->commits++;
	t->code = code;
	snprintf(t->why, sizeof t->why, "%s", why);
}

struct store_write *add(struct contract *t, enum store_op op)
{
	if (t->w == NULL) {
		t->w = calloc(1, sizeof *t->w);
		assert_non_null(t->w);
	}
	return store_add(t->w, op);
}

int commit(struct contract *t)
{
	const int before = t->commits;
	struct store_writeset *w = t->w;

	t->w = NULL;
	assert_int_equal(t->port.commit(t->port.ctx, w), CY_OK);
	for (int turns = 0; t->commits == before; turns++) {
		assert_true(turns < 100); /* what looks at the store has it work as well */
		t->impl->work(t->store);
	}
	return t->code;
}

void restart(struct contract *t)
{
	t->impl->restart(t->store, &t->port);
}

struct store_case *add_case(struct contract *t, const char *case_id, const char *client, const char *own,
			    const char *peer)
{
	struct store_case *c = &add(t, STORE_PUT_CASE)->case_row;

	*c = sample_case(case_id, client, own, peer);
	return c;
}

struct store_message *add_message(struct contract *t, const char *case_id, const char *id, uint32_t number,
				  CyPriority priority)
{
	struct store_message *m = &add(t, STORE_PUT_MESSAGE)->message;

	*m = sample_message(case_id, id, number, priority);
	return m;
}

int note(struct seen *s, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	s->n += (size_t)vsnprintf(s->text + s->n, sizeof s->text - s->n, fmt, ap);
	va_end(ap);
	assert_true(s->n < sizeof s->text);
	return CY_OK;
}

/* ------------------------------------------------------------------------- runs */

static int setup(void **state)
{
	const struct store_impl *impl = *state;
	struct contract *t = calloc(1, sizeof *t);

	assert_non_null(t);
	t->impl = impl;
	t->store = impl->open(t, &t->port);
	*state = t;
	return t->store != NULL ? 0 : -1;
}

static int teardown(void **state)
{
	struct contract *t = *state;

	if (t->store != NULL)
		t->impl->close(t->store);
	if (t->w != NULL)
		store_writeset_free(t->w);
	free(t->w);
	free(t);
	return 0;
}

static struct CMUnitTest prepared(const struct CMUnitTest *test, const struct store_impl *impl)
{
	return (struct CMUnitTest){ .name = test->name,
				    .test_func = test->test_func,
				    .setup_func = setup,
				    .teardown_func = teardown,
				    .initial_state = (void *)(uintptr_t)impl };
}

/* How many tests fail. */
static int hold(const struct store_impl *impl)
{
	static const struct contract_tests *const subjects[] = {
		&contract_writes, &contract_cases, &contract_law, &contract_evidence, &contract_uploads, &contract_ages
	};
	struct CMUnitTest tests[128];
	size_t n = 0;

	for (size_t i = 0; i < sizeof subjects / sizeof subjects[0]; i++)
		for (size_t k = 0; k < subjects[i]->n; k++) {
			assert_true(n < sizeof tests / sizeof tests[0]);
			tests[n++] = prepared(&subjects[i]->at[k], impl);
		}
	printf("The store %s:\n", impl->name);
	return _cmocka_run_group_tests(impl->name, tests, n, NULL, NULL);
}

/* ------------------------------------------------------------------------- main */

/* In a process of its own, which says what the tests say when `show` is set. */
static void each_broken_store_is_red(void **state)
{
	const bool show = *state != NULL;

	for (const struct store_broken *b = stores_broken; b->what != NULL; b++) {
		pid_t child;
		int status;

		fflush(NULL);
		child = fork();
		assert_true(child >= 0);
		if (child == 0) {
			const struct store_impl broken = store_break(&in_memory, b);

			if (!show &&
			    (freopen("/dev/null", "w", stdout) == NULL || freopen("/dev/null", "w", stderr) == NULL))
				_exit(9);
			_exit(hold(&broken) > 0 ? 1 : 0);
		}
		assert_int_equal(waitpid(child, &status, 0), child);
		if (!WIFEXITED(status) || WEXITSTATUS(status) != 1)
			fail_msg("a store that %s keeps the contract, say the tests", b->what);
	}
}

/* With an argument: shows which tests a broken store fails. */
int main(int argc, char **argv)
{
	const struct CMUnitTest broken[] = { cmocka_unit_test_prestate(each_broken_store_is_red,
								       argc > 1 ? argv[1] : NULL) };
	int failed = 0;

	for (size_t i = 0; i < sizeof impls / sizeof impls[0]; i++)
		failed += hold(impls[i]);
	failed += _cmocka_run_group_tests("broken stores", broken, 1, NULL, NULL);
	return failed;
}
