/* A table that is published (node/clients/publish.c): it is stored before anybody gets it, and nobody gets another one
 * of the same year. */
#include "desk_rig.h"
#include "wire/message.h"

#define ASKED    7                      /* requests of 2025 */
#define SENT_MS  INT64_C(1751364000000) /* 2025-07-01T10:00:00Z */
#define LIBRARY  2                      /* connections; of this client all */
#define PRESS    3
#define MINISTRY 4

/* The last answer to each connection. */
static struct {
	CyServerFrame *frame;
	unsigned n;
} answers[8];

static int (*send_any)(void *ctx, uint64_t conn, struct cy_bytes bytes);

static void forget(uint64_t conn)
{
	if (answers[conn].frame != NULL)
		cy_server_frame__free_unpacked(answers[conn].frame, NULL);
	answers[conn].frame = NULL;
	answers[conn].n = 0;
}

static int send_and_keep(void *ctx, uint64_t conn, struct cy_bytes bytes)
{
	const unsigned n = answers[conn].n;

	forget(conn);
	answers[conn].frame = cy_server_frame__unpack(NULL, bytes.len, bytes.data);
	assert_non_null(answers[conn].frame);
	answers[conn].n = n + 1;
	return send_any(ctx, conn, bytes);
}

/* One more request of 2025 with one measure, refused. */
static void request(struct store_writeset **w, unsigned number)
{
	struct store_measure *m;
	char case_id[16];

	snprintf(case_id, sizeof case_id, "case-%u", number);
	put_case(w, PEER, case_id);
	m = &row(w, STORE_PUT_MEASURE)->measure;
	*m = (struct store_measure){ .peer = PEER, .case_id = cy_arena_string(&(*w)->arena, case_id) };
	m->stat = (struct law_stat){ .kind = CY_CONTENT__KIND_REQUEST,
				     .measure = 1,
				     .type = CY_MEASURE_TYPE__DISCLOSURE_SUBSCRIBER,
				     .outcome = LAW_OUTCOME_REFUSED,
				     .ground = CY_REFUSAL_GROUND__NE_BIS_IN_IDEM,
				     .sent_ms = SENT_MS,
				     .decided_ms = SENT_MS + DAY };
}

static void a_figure_changes(struct rig *r)
{
	struct store_writeset *w = NULL;

	request(&w, ASKED + 1);
	mem_store_apply(&r->store, w);
}

static struct rig *started(void)
{
	struct store_writeset *w = NULL;
	struct rig *r = rig_new(false);

	for (unsigned i = 1; i <= ASKED; i++)
		request(&w, i);
	send_any = r->ports.local.send;
	r->ports.local.send = send_and_keep;
	mem_store_apply(&r->store, w);
	rig_start(r);
	for (uint64_t conn = LIBRARY; conn <= MINISTRY; conn++) {
		rig_client_hello(r->node, conn, 0, 1);
		forget(conn);
	}
	return r;
}

static void stop(struct rig *r)
{
	for (uint64_t conn = 0; conn < sizeof answers / sizeof answers[0]; conn++)
		forget(conn);
	rig_free(r);
}

static void ask(struct rig *r, uint64_t conn, unsigned year, uint32_t smallest)
{
	CyClientFrame f = CY_CLIENT_FRAME__INIT;
	CyGetStatistics get = CY_GET_STATISTICS__INIT;
	char from[16], to[16];

	snprintf(from, sizeof from, "%u-01-01", year);
	snprintf(to, sizeof to, "%u-12-31", year);
	get.from_date = from;
	get.to_date = to;
	get.smallest = smallest;
	f.kind_case = CY_CLIENT_FRAME__KIND_GET_STATISTICS;
	f.get_statistics = &get;
	forget(conn);
	desk_ask(r, conn, &f);
}

/* A turn of the loop: what the first of them waits for is counted. */
static void count_one(struct rig *r)
{
	node_wake(r->node);
}

static void publish(struct rig *r, uint64_t conn, unsigned year, uint32_t smallest)
{
	ask(r, conn, year, smallest);
	rig_settle(r);
	count_one(r);
	rig_settle(r);
	assert_int_equal(answers[conn].n, 1);
}

static CyErrorCode error_of(uint64_t conn)
{
	assert_int_equal(answers[conn].n, 1);
	assert_int_equal(answers[conn].frame->kind_case, CY_SERVER_FRAME__KIND_ERROR);
	return answers[conn].frame->error->code;
}

/* The measures that were asked of us, as this connection was told. */
static uint64_t measures_told(uint64_t conn)
{
	const CyServerFrame *f = answers[conn].frame;

	assert_int_equal(answers[conn].n, 1);
	assert_int_equal(f->kind_case, CY_SERVER_FRAME__KIND_STATISTICS);
	for (size_t i = 0; i < f->statistics->n_groups; i++) {
		const CyStatisticsGroup *g = f->statistics->groups[i];

		for (size_t k = 0; k < g->n_counts; k++)
			if (g->direction == CY_DIRECTION__IN && g->measure == 0 &&
			    strcmp(g->counts[k]->name, "measures") == 0)
				return g->counts[k]->count;
	}
	fail_msg("no group has them");
	return 0;
}

static void the_same_was_told(uint64_t conn, uint64_t other)
{
	struct cy_buf one = CY_BUF(CY_LOCAL_FRAME_MAX), two = CY_BUF(CY_LOCAL_FRAME_MAX);

	assert_int_equal(measures_told(conn), measures_told(other));
	assert_int_equal(wire_pack(&answers[conn].frame->statistics->base, &one), CY_OK);
	assert_int_equal(wire_pack(&answers[other].frame->statistics->base, &two), CY_OK);
	assert_int_equal(one.len, two.len);
	assert_memory_equal(one.data, two.data, one.len);
	cy_buf_free(&one);
	cy_buf_free(&two);
}

static void a_table_leaves_when_it_is_stored_and_not_before(void **state)
{
	struct rig *r = started();

	(void)state;
	ask(r, LIBRARY, 2025, 5);
	count_one(r);
	assert_non_null(r->store.committing);
	assert_int_equal(answers[LIBRARY].n, 0);
	rig_settle(r);
	assert_int_equal(measures_told(LIBRARY), ASKED);
	a_figure_changes(r);
	r->clock.now += DAY;
	publish(r, PRESS, 2025, 5);
	the_same_was_told(PRESS, LIBRARY);
	publish(r, PRESS, 2025, 0);
	assert_int_equal(measures_told(PRESS), ASKED + 1);
	stop(r);
}

static void a_table_that_could_not_be_stored_was_never_given_out(void **state)
{
	struct rig *r = started();

	(void)state;
	ask(r, LIBRARY, 2025, 5);
	count_one(r);
	assert_non_null(r->store.committing);
	mem_store_drop(&r->store);
	node_committed(r->node, CY_ESTORE, "the disk is full");
	assert_int_equal(error_of(LIBRARY), CY_ERROR_CODE__UNAVAILABLE);
	a_figure_changes(r);
	r->clock.now += 60000;
	publish(r, LIBRARY, 2025, 5);
	assert_int_equal(measures_told(LIBRARY), ASKED + 1);
	rig_did(r, "alarm", "a commit that failed");
	stop(r);
}

/* Two were counted, with other figures, while the store was busy with a third: they meet in one batch. */
static void of_two_that_are_counted_at_once_one_is_given_to_both(void **state)
{
	struct rig *r = started();

	(void)state;
	ask(r, MINISTRY, 2024, 5);
	ask(r, LIBRARY, 2025, 5);
	ask(r, PRESS, 2025, 5);
	count_one(r);
	assert_non_null(r->store.committing); /* that of 2024 */
	count_one(r);
	a_figure_changes(r);
	count_one(r);
	assert_int_equal(answers[LIBRARY].n + answers[PRESS].n, 0);
	rig_settle(r);
	assert_int_equal(measures_told(MINISTRY), 0);
	assert_int_equal(measures_told(LIBRARY), ASKED);
	the_same_was_told(PRESS, LIBRARY);
	stop(r);
}

static void another_threshold_is_refused_and_what_cannot_be_read_is_not_counted_anew(void **state)
{
	struct rig *r = started();

	(void)state;
	publish(r, LIBRARY, 2025, 5);
	publish(r, PRESS, 2025, 4);
	assert_int_equal(error_of(PRESS), CY_ERROR_CODE__INVALID);
	assert_string_equal(answers[PRESS].frame->error->faults[0]->field, "smallest");
	assert_non_null(strstr(answers[PRESS].frame->error->text, "the table of 2025 was published on 2026-11-24"));
	r->store.unreadable = true;
	ask(r, PRESS, 2025, 5);
	r->store.unreadable = false;
	count_one(r);
	rig_settle(r);
	assert_int_equal(error_of(PRESS), CY_ERROR_CODE__UNAVAILABLE);
	stop(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_table_leaves_when_it_is_stored_and_not_before),
		cmocka_unit_test(a_table_that_could_not_be_stored_was_never_given_out),
		cmocka_unit_test(of_two_that_are_counted_at_once_one_is_given_to_both),
		cmocka_unit_test(another_threshold_is_refused_and_what_cannot_be_read_is_not_counted_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
