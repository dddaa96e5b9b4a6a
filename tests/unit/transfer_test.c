/* Evidence on the bulk lane: credit, turns and rate. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/rng.h"
#include "exchange/transfer.h"

static struct cy_mono at(int64_t ms)
{
	return (struct cy_mono){ ms };
}

static struct xchg_puller puller(void)
{
	return (struct xchg_puller){ .most = XCHG_PULLS };
}

static uint64_t under_way(const struct xchg_pull *pull)
{
	return pull->granted - pull->stored;
}

static uint64_t all_under_way(const struct xchg_puller *p)
{
	uint64_t n = 0;

	for (size_t i = 0; i < XCHG_PULLS; i++)
		n += under_way(&p->at[i]);
	return n;
}

/* Give all credit that there is. */
static unsigned grant_all(struct xchg_puller *p, int64_t ms)
{
	struct xchg_pull *pull;
	uint32_t chunks;
	unsigned frames = 0;

	for (; xchg_pull_grant(p, at(ms), &pull, &chunks); frames++) {
		assert_int_not_equal(pull->id, 0);
		assert_in_range(chunks, 1, XCHG_PULL_WINDOW);
		assert_in_range(all_under_way(p), 1, XCHG_PULL_WINDOW);
	}
	return frames;
}

/* `n` chunks come and are stored. */
static void take(struct xchg_pull *pull, unsigned n, int64_t ms)
{
	while (n-- > 0) {
		assert_int_equal(xchg_pull_arrived(pull, pull->arrived, at(ms)), CY_OK);
		xchg_pull_stored(pull);
	}
}

static void one_pull_has_the_whole_window(void **state)
{
	struct xchg_puller p = puller();
	struct xchg_pull *a = xchg_pull_begin(&p, 1, 0, 1000, at(0));

	(void)state;
	assert_int_equal(grant_all(&p, 0), 1);
	assert_int_equal(under_way(a), XCHG_PULL_WINDOW);
	/* A quarter at a time from then on. */
	take(a, XCHG_PULL_WINDOW / 4 - 1, 1);
	assert_int_equal(grant_all(&p, 1), 0);
	take(a, 1, 1);
	assert_int_equal(grant_all(&p, 1), 1);
	assert_int_equal(under_way(a), XCHG_PULL_WINDOW);
}

static void the_last_chunks_are_given_at_once(void **state)
{
	struct xchg_puller p = puller();
	struct xchg_pull *a = xchg_pull_begin(&p, 1, 5, 5 + XCHG_PULL_WINDOW + 1, at(0));

	(void)state;
	assert_int_equal(grant_all(&p, 0), 1);
	take(a, 1, 1);
	assert_int_equal(grant_all(&p, 1), 1);
	assert_int_equal(a->granted, a->chunks);
	take(a, XCHG_PULL_WINDOW, 2);
	assert_int_equal(grant_all(&p, 2), 0);
	assert_int_equal(a->stored, a->chunks);
}

static void equal_urgency_shares_evenly(void **state)
{
	static const uint64_t shares[] = { 0, 16, 8, 5, 4 };

	(void)state;
	for (unsigned n = 1; n <= XCHG_PULLS; n++) {
		struct xchg_puller p = puller();

		for (unsigned i = 0; i < n; i++)
			xchg_pull_begin(&p, 3, 0, 1000, at(0));
		grant_all(&p, 0);
		for (unsigned i = 0; i < n; i++)
			assert_int_equal(under_way(&p.at[i]), shares[n]);
	}
}

/* Who comes later gets its share as soon as what the first one has under way is here. */
static void a_second_pull_gets_its_share(void **state)
{
	struct xchg_puller p = puller();
	struct xchg_pull *a = xchg_pull_begin(&p, 3, 0, 1000, at(0)), *b;

	(void)state;
	grant_all(&p, 0);
	b = xchg_pull_begin(&p, 3, 0, 1000, at(1));
	assert_int_equal(grant_all(&p, 1), 0);
	/* It has nothing under way: what there is is given at once. */
	take(a, 1, 2);
	assert_int_equal(grant_all(&p, 2), 1);
	assert_int_equal(under_way(b), 1);
	take(a, 7, 3);
	grant_all(&p, 3);
	assert_int_equal(under_way(a), 8);
	assert_int_equal(under_way(b), 8);
}

static void the_urgent_go_first(void **state)
{
	struct xchg_puller p = puller();
	struct xchg_pull *slow = xchg_pull_begin(&p, 1, 0, 1000, at(0)), *urgent;

	(void)state;
	grant_all(&p, 0);
	urgent = xchg_pull_begin(&p, 3, 0, 30, at(1));
	take(slow, 10, 2);
	grant_all(&p, 2);
	assert_int_equal(under_way(slow), 6);
	assert_int_equal(under_way(urgent), 10);
	take(slow, 6, 3);
	grant_all(&p, 3);
	assert_int_equal(under_way(slow), 0);
	assert_int_equal(under_way(urgent), 16);
	/* What it has no use for goes to the other one. */
	take(urgent, 16, 4);
	grant_all(&p, 4);
	assert_int_equal(urgent->granted, 30);
	assert_int_equal(under_way(slow), 2);
	take(urgent, 14, 5);
	grant_all(&p, 5);
	assert_int_equal(under_way(slow), 16);
}

/* Whoever has the least under way is first to get what becomes free. */
static void shares_grow_side_by_side(void **state)
{
	struct xchg_puller p = puller();
	struct xchg_pull *slow = xchg_pull_begin(&p, 1, 0, 1000, at(0)), *a, *b;

	(void)state;
	grant_all(&p, 0);
	a = xchg_pull_begin(&p, 3, 0, 1000, at(1));
	b = xchg_pull_begin(&p, 3, 0, 1000, at(1));
	for (int i = 0; i < 8; i++) {
		take(slow, 2, 2);
		grant_all(&p, 2);
		assert_true(under_way(a) <= under_way(b) + 2 && under_way(b) <= under_way(a) + 2);
	}
	assert_int_equal(under_way(a), 8);
	assert_int_equal(under_way(b), 8);
}

static void a_few_urgent_chunks_leave_the_rest(void **state)
{
	struct xchg_puller p = puller();
	struct xchg_pull *slow = xchg_pull_begin(&p, 1, 0, 1000, at(0)), *urgent = xchg_pull_begin(&p, 3, 7, 10, at(0));

	(void)state;
	grant_all(&p, 0);
	assert_int_equal(under_way(urgent), 3);
	assert_int_equal(under_way(slow), 13);
}

/* Three shares of 5 leave one chunk. */
static void what_shares_leave_goes_to_others(void **state)
{
	struct xchg_puller p = puller();
	struct xchg_pull *slow = xchg_pull_begin(&p, INT32_MIN, 0, 1000, at(0));

	(void)state;
	for (int i = 0; i < 3; i++)
		xchg_pull_begin(&p, INT32_MAX, 0, 1000, at(0));
	grant_all(&p, 0);
	assert_int_equal(under_way(slow), 1);
	assert_int_equal(all_under_way(&p), XCHG_PULL_WINDOW);
}

static void the_number_of_a_pull_is_used_once(void **state)
{
	struct xchg_puller p = puller();
	struct xchg_pull *second;

	(void)state;
	xchg_pull_begin(&p, 1, 0, 10, at(0));
	second = xchg_pull_begin(&p, 1, 0, 10, at(0));
	assert_ptr_equal(second, xchg_pull_find(&p, 2));
	xchg_pull_end(second);
	assert_null(xchg_pull_find(&p, 2));
	assert_ptr_equal(xchg_pull_begin(&p, 2, 0, 10, at(0)), second);
	assert_int_equal(second->id, 3);
}

static void no_pull_has_the_id_of_a_free_place(void **state)
{
	struct xchg_puller p = puller();
	struct xchg_pusher s = { 0 };

	(void)state;
	assert_null(xchg_pull_find(&p, 0));
	assert_null(xchg_push_find(&s, 0));
}

static void chunks_come_in_order_and_by_credit(void **state)
{
	struct xchg_puller p = puller();
	struct xchg_pull *a = xchg_pull_begin(&p, 1, 4, 1000, at(0));

	(void)state;
	assert_int_equal(xchg_pull_arrived(a, 4, at(1)), CY_EPROTO);
	grant_all(&p, 0);
	assert_int_equal(xchg_pull_arrived(a, 5, at(1)), CY_EPROTO);
	assert_int_equal(xchg_pull_arrived(a, 3, at(1)), CY_EPROTO);
	assert_int_equal(xchg_pull_arrived(a, UINT64_MAX, at(1)), CY_EPROTO);
	for (uint64_t i = 4; i < 4 + XCHG_PULL_WINDOW; i++)
		assert_int_equal(xchg_pull_arrived(a, i, at(1)), CY_OK);
	assert_int_equal(xchg_pull_arrived(a, 4 + XCHG_PULL_WINDOW, at(1)), CY_EPROTO);
	assert_int_equal(xchg_pull_arrived(a, 4, at(1)), CY_EPROTO);
	assert_int_equal(a->arrived, 4 + XCHG_PULL_WINDOW);
}

static void who_sends_nothing_stalls(void **state)
{
	struct xchg_puller p = puller();
	struct xchg_pull *a, *b;

	(void)state;
	assert_int_equal(xchg_pull_stalls(&p).ms, INT64_MAX);
	a = xchg_pull_begin(&p, 1, 0, 20, at(0));
	assert_int_equal(xchg_pull_stalls(&p).ms, INT64_MAX);
	/* Time counts from the credit, then from each chunk. */
	grant_all(&p, 5000);
	assert_int_equal(xchg_pull_stalls(&p).ms, 5000 + XCHG_STALL_MS);
	take(a, 4, 9000);
	assert_int_equal(xchg_pull_stalls(&p).ms, 9000 + XCHG_STALL_MS);
	/* More credit is no chunk. */
	assert_int_equal(grant_all(&p, 9500), 1);
	assert_int_equal(xchg_pull_stalls(&p).ms, 9000 + XCHG_STALL_MS);
	b = xchg_pull_begin(&p, 1, 0, 20, at(9600));
	assert_int_equal(xchg_pull_stalls(&p).ms, 9000 + XCHG_STALL_MS);
	take(a, 16, 20000);
	assert_int_equal(xchg_pull_stalls(&p).ms, INT64_MAX);
	grant_all(&p, 30000);
	assert_int_equal(xchg_pull_stalls(&p).ms, 30000 + XCHG_STALL_MS);
	/* One that came and is not stored is not waited for. */
	while (b->arrived < b->granted)
		assert_int_equal(xchg_pull_arrived(b, b->arrived, at(31000)), CY_OK);
	assert_int_equal(xchg_pull_stalls(&p).ms, INT64_MAX);
	xchg_pull_end(b);
	assert_int_equal(xchg_pull_stalls(&p).ms, INT64_MAX);
}

/* What holds after every step, whatever happened. */
static void check_puller(const struct xchg_puller *p)
{
	for (size_t i = 0; i < XCHG_PULLS; i++) {
		const struct xchg_pull *a = &p->at[i];

		assert_true(a->stored <= a->arrived && a->arrived <= a->granted && a->granted <= a->chunks);
		assert_true(under_way(a) <= CY_PULL_CREDIT_MAX);
	}
	assert_true(all_under_way(p) <= XCHG_PULL_WINDOW);
}

/* No more is given: nobody who asks waits with nothing under way while there is room,
 * unless more urgent ones have all of it. */
static void check_nobody_starves(const struct xchg_puller *p)
{
	int highest = INT32_MIN;
	bool asks = false;

	if (all_under_way(p) == XCHG_PULL_WINDOW)
		return;
	for (size_t i = 0; i < XCHG_PULLS; i++)
		if (p->at[i].id != 0 && p->at[i].granted < p->at[i].chunks && (!asks || p->at[i].priority > highest)) {
			asks = true;
			highest = p->at[i].priority;
		}
	for (size_t i = 0; asks && i < XCHG_PULLS; i++)
		if (p->at[i].id != 0 && p->at[i].granted < p->at[i].chunks && p->at[i].priority == highest)
			assert_true(under_way(&p->at[i]) > 0);
}

/* Both sides and the way between them, as a random walk: pulls of any urgency and length, credit and
 * chunks under way in order, stores, cancels. Everything completes in the end. */
struct world {
	struct cy_rng rng;
	struct xchg_puller puller;
	struct xchg_pusher pusher;
	struct {
		uint32_t pull, chunks;
		bool begins;
		uint64_t first, all;
	} asked[256]; /* on the way to the sender */
	size_t asked_n;
	struct {
		uint32_t pull;
		uint64_t chunk;
	} sent[256]; /* on the way to the receiver */
	size_t sent_n;
	uint64_t first[XCHG_PULLS];
	unsigned begun, done, cancelled;
};

/* A place that is free, or the pull in it that is less urgent. */
static bool world_place(struct world *w, int priority, struct xchg_pull **ret_instead)
{
	uint32_t taken = 0;

	*ret_instead = NULL;
	for (size_t i = 0; i < XCHG_PULLS; i++) {
		struct xchg_pull *at = &w->puller.at[i];

		taken += at->id != 0;
		if (at->id != 0 && at->priority < priority)
			*ret_instead = at;
	}
	if (taken >= w->puller.most)
		return *ret_instead != NULL;
	*ret_instead = NULL;
	return true;
}

static void world_begin(struct world *w)
{
	struct xchg_pull *instead, *pull;
	int priority = (int)cy_rng_below(&w->rng, 3);
	uint64_t chunks = 1 + cy_rng_below(&w->rng, cy_rng_below(&w->rng, 2) ? 5 : 60);

	if (!world_place(w, priority, &instead))
		return;
	if (instead != NULL) {
		/* A cancel goes the same way as what follows it. */
		w->asked[w->asked_n].pull = instead->id;
		w->asked[w->asked_n].begins = false;
		w->asked[w->asked_n++].chunks = 0;
		xchg_pull_end(instead);
		w->cancelled++;
	}
	pull = xchg_pull_begin(&w->puller, priority, cy_rng_below(&w->rng, chunks), chunks, at(0));
	w->first[pull - w->puller.at] = pull->granted;
	w->begun++;
	assert_ptr_equal(xchg_pull_find(&w->puller, pull->id), pull);
}

static void world_grant(struct world *w)
{
	struct xchg_pull *pull;
	uint32_t chunks;

	while (w->asked_n < 250 && xchg_pull_grant(&w->puller, at(0), &pull, &chunks)) {
		w->asked[w->asked_n].pull = pull->id;
		w->asked[w->asked_n].begins = pull->granted - chunks == w->first[pull - w->puller.at];
		w->asked[w->asked_n].first = pull->granted - chunks;
		w->asked[w->asked_n].all = pull->chunks;
		w->asked[w->asked_n++].chunks = chunks;
		check_puller(&w->puller);
	}
	if (w->asked_n < 250)
		check_nobody_starves(&w->puller);
}

static void world_ask(struct world *w)
{
	struct xchg_push *push;

	if (w->asked_n == 0)
		return;
	push = xchg_push_find(&w->pusher, w->asked[0].pull);
	if (w->asked[0].begins)
		assert_int_equal(xchg_push_begin(&w->pusher, w->asked[0].pull, w->asked[0].first, w->asked[0].all,
						 w->asked[0].chunks, &push),
				 CY_OK);
	else if (w->asked[0].chunks > 0 && push != NULL)
		assert_int_equal(xchg_push_credit(push, w->asked[0].chunks), CY_OK);
	else if (push != NULL)
		xchg_push_end(push);
	w->asked_n--;
	for (size_t i = 0; i < w->asked_n; i++)
		w->asked[i] = w->asked[i + 1];
}

static void world_send(struct world *w)
{
	struct xchg_push *push = w->sent_n < 250 ? xchg_push_next(&w->pusher) : NULL;

	if (push == NULL)
		return;
	w->sent[w->sent_n].pull = push->id;
	w->sent[w->sent_n++].chunk = push->next++;
	if (push->next == push->chunks)
		xchg_push_end(push);
}

static void world_arrive(struct world *w)
{
	struct xchg_pull *pull;

	if (w->sent_n == 0)
		return;
	pull = xchg_pull_find(&w->puller, w->sent[0].pull);
	if (pull != NULL)
		assert_int_equal(xchg_pull_arrived(pull, w->sent[0].chunk, at(0)), CY_OK);
	w->sent_n--;
	for (size_t i = 0; i < w->sent_n; i++)
		w->sent[i] = w->sent[i + 1];
}

static void world_store(struct world *w, struct xchg_pull *pull)
{
	if (pull->id == 0 || pull->stored == pull->arrived)
		return;
	xchg_pull_stored(pull);
	if (pull->stored == pull->chunks) {
		xchg_pull_end(pull);
		w->done++;
	}
}

static void world_step(struct world *w)
{
	struct xchg_pull *pull = &w->puller.at[cy_rng_below(&w->rng, XCHG_PULLS)];

	switch (cy_rng_below(&w->rng, 11)) {
	case 0:
		world_begin(w);
		break;
	case 1:
	case 2:
		world_grant(w);
		break;
	case 3:
	case 4:
		world_ask(w);
		break;
	case 5:
	case 6:
		world_send(w);
		break;
	case 7:
	case 8:
		world_arrive(w);
		break;
	default:
		world_store(w, pull);
	}
	check_puller(&w->puller);
}

static void everything_completes(void **state)
{
	unsigned done = 0, cancelled = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 300; seed++) {
		struct world w = { .rng = { seed }, .puller = { .most = 1 + (uint32_t)(seed % XCHG_PULLS) } };
		unsigned rounds = 0;

		for (int i = 0; i < 3000; i++)
			world_step(&w);
		/* Nothing new begins. */
		for (; w.done + w.cancelled < w.begun; rounds++) {
			assert_in_range(rounds, 0, 1000);
			world_grant(&w);
			world_ask(&w);
			world_send(&w);
			world_arrive(&w);
			for (size_t i = 0; i < XCHG_PULLS; i++)
				world_store(&w, &w.puller.at[i]);
			check_puller(&w.puller);
		}
		assert_int_equal(all_under_way(&w.puller), 0);
		done += w.done;
		cancelled += w.cancelled;
	}
	assert_in_range(done, 1000, UINT32_MAX);
	assert_in_range(cancelled, 100, UINT32_MAX);
}

/* --------------------------------------------------------------- the sender */

static void a_pull_must_be_proper(void **state)
{
	struct xchg_pusher p = { 0 };
	struct xchg_push *push = NULL;

	(void)state;
	assert_int_equal(xchg_push_begin(&p, 0, 0, 10, 1, &push), CY_EPROTO);
	assert_int_equal(xchg_push_begin(&p, 7, 0, 10, 0, &push), CY_EPROTO);
	assert_int_equal(xchg_push_begin(&p, 7, 0, 10, CY_PULL_CREDIT_MAX + 1, &push), CY_EPROTO);
	assert_int_equal(xchg_push_begin(&p, 7, 0, 10, CY_PULL_CREDIT_MAX, &push), CY_OK);
	assert_ptr_equal(xchg_push_find(&p, 7), push);
	assert_int_equal(push->granted, 10);
	/* One id is one pull. */
	assert_int_equal(xchg_push_begin(&p, 7, 0, 10, 1, &push), CY_EPROTO);
	assert_int_equal(xchg_push_begin(&p, 9, 10, 10, 1, &push), CY_EINVAL);
	assert_int_equal(xchg_push_begin(&p, 10, UINT64_MAX, 10, 1, &push), CY_EINVAL);
	assert_null(xchg_push_find(&p, 9));
	/* It need not be above the last one: the first credit of an urgent pull may overtake. */
	assert_int_equal(xchg_push_begin(&p, 6, 0, 10, 1, &push), CY_OK);
	xchg_push_end(push);
	assert_int_equal(xchg_push_begin(&p, 11, UINT64_MAX - 1, UINT64_MAX, 64, &push), CY_OK);
	assert_int_equal(push->granted, UINT64_MAX);
	assert_int_equal(xchg_push_begin(&p, 12, 0, 10, 1, &push), CY_OK);
	assert_int_equal(xchg_push_begin(&p, 13, 0, 10, 1, &push), CY_OK);
	assert_int_equal(xchg_push_begin(&p, 14, 0, 10, 1, &push), CY_ELIMIT);
	assert_null(xchg_push_find(&p, 14));
	xchg_push_end(xchg_push_find(&p, 12));
	assert_null(xchg_push_find(&p, 12));
	assert_int_equal(xchg_push_begin(&p, UINT32_MAX, 0, 10, 1, &push), CY_OK);
}

static void credit_has_a_limit(void **state)
{
	struct xchg_pusher p = { 0 };
	struct xchg_push *push;

	(void)state;
	assert_int_equal(xchg_push_begin(&p, 1, 0, 1000, 60, &push), CY_OK);
	assert_int_equal(xchg_push_credit(push, 0), CY_EPROTO);
	assert_int_equal(xchg_push_credit(push, 5), CY_EPROTO);
	assert_int_equal(xchg_push_credit(push, UINT32_MAX), CY_EPROTO);
	assert_int_equal(push->granted, 60);
	assert_int_equal(xchg_push_credit(push, 4), CY_OK);
	assert_int_equal(xchg_push_credit(push, 1), CY_EPROTO);
	push->next += 10;
	assert_int_equal(xchg_push_credit(push, 11), CY_EPROTO);
	assert_int_equal(xchg_push_credit(push, 10), CY_OK);
	assert_int_equal(push->granted, 74);
	/* Credit beyond the end gives nothing. */
	push->next = push->granted = 990;
	assert_int_equal(xchg_push_credit(push, 64), CY_OK);
	assert_int_equal(push->granted, 1000);
}

static void turns_are_fair(void **state)
{
	struct xchg_pusher p = { 0 };
	struct xchg_push *push[XCHG_PULLS];
	unsigned sent[XCHG_PULLS + 1] = { 0 };

	(void)state;
	assert_null(xchg_push_next(&p));
	for (uint32_t i = 0; i < XCHG_PULLS; i++)
		assert_int_equal(xchg_push_begin(&p, i + 1, 0, 1000, 20, &push[i]), CY_OK);
	/* After any number of chunks nobody is more than one ahead. */
	for (int n = 0; n < 30; n++) {
		struct xchg_push *next = xchg_push_next(&p);

		assert_non_null(next);
		next->next++;
		sent[next->id]++;
		for (uint32_t i = 1; i <= XCHG_PULLS; i++)
			assert_true(sent[next->id] <= sent[i] + 1);
	}
	/* One that is being read, or has no credit, is passed over. */
	push[0]->reading = true;
	push[1]->next = push[1]->granted;
	for (int n = 0; n < 4; n++) {
		struct xchg_push *next = xchg_push_next(&p);

		assert_true(next == push[2] || next == push[3]);
		next->next++;
	}
	push[2]->reading = push[3]->reading = true;
	assert_null(xchg_push_next(&p));
	assert_int_equal(xchg_push_credit(push[1], 1), CY_OK);
	assert_ptr_equal(xchg_push_next(&p), push[1]);
	/* The only one there is has every turn. */
	for (int n = 0; n < 5; n++)
		assert_ptr_equal(xchg_push_next(&p), push[1]);
}

/* With two pulls and a rate that refuses every second chunk both get on. */
static void a_turn_of_which_nothing_came_is_not_lost(void **state)
{
	struct xchg_pusher p = { 0 };
	struct xchg_push *a, *b, *next;

	(void)state;
	assert_int_equal(xchg_push_begin(&p, 1, 0, 1000, 64, &a), CY_OK);
	assert_int_equal(xchg_push_begin(&p, 2, 0, 1000, 64, &b), CY_OK);
	for (int n = 0; n < 40; n++) {
		next = xchg_push_next(&p);
		if (n % 2 == 0)
			xchg_push_again(&p, next);
		else
			next->next++;
	}
	assert_int_equal(a->next, 10);
	assert_int_equal(b->next, 10);
}

/* ------------------------------------------------------------------ the rate */

#define KIB UINT64_C(1024)
#define GIB (UINT64_C(1) << 30)

static uint64_t bucket(uint64_t rate)
{
	return rate / 4 > CY_CHUNK ? rate / 4 : CY_CHUNK;
}

static void without_a_rate_all_may_leave(void **state)
{
	struct xchg_pace p = { 0 };
	struct cy_mono when;

	(void)state;
	for (int i = 0; i < 100000; i++) {
		assert_true(xchg_pace_may(&p, at(0), &when));
		xchg_pace_left(&p, CY_CHUNK);
	}
	/* What left before does not count. */
	xchg_pace_set(&p, KIB, at(0));
	assert_true(xchg_pace_may(&p, at(0), &when));
	xchg_pace_left(&p, CY_CHUNK);
	assert_false(xchg_pace_may(&p, at(0), &when));
	xchg_pace_set(&p, 0, at(0));
	assert_true(xchg_pace_may(&p, at(0), &when));
}

/* Whoever comes exactly when it was told may go, and not a millisecond earlier. */
static void the_instant_that_is_told_is_right(void **state)
{
	static const uint64_t rates[] = { 1, 7, 999, KIB, 64 * KIB, 1000001, GIB, 10 * GIB };

	(void)state;
	for (size_t r = 0; r < sizeof rates / sizeof *rates; r++) {
		struct xchg_pace p = { 0 };
		struct cy_mono now = at(1000), when, early;

		xchg_pace_set(&p, rates[r], now);
		for (int i = 0; i < 3000; i++) {
			while (xchg_pace_may(&p, now, &when))
				xchg_pace_left(&p, CY_CHUNK - (size_t)i);
			assert_true(cy_mono_before(now, when));
			early = at(when.ms - 1);
			if (cy_mono_before(now, early))
				assert_false(xchg_pace_may(&p, early, &early));
			now = when;
			assert_true(xchg_pace_may(&p, now, &when));
		}
	}
}

/* Over any 10 s no more than rate * 10 s, one bucket and one chunk; and, when there is always something
 * to send and somebody asks in time, no less than the rate. */
static void the_rate_is_kept(void **state)
{
	static const uint64_t rates[] = { KIB, 8 * KIB, 100000, 1024 * KIB, 100 * 1024 * KIB, GIB, 10 * GIB };
	struct cy_rng rng = { 5 };

	(void)state;
	for (size_t r = 0; r < sizeof rates / sizeof *rates; r++) {
		struct xchg_pace p = { 0 };
		static uint64_t left_at[600000];
		uint64_t total = 0, window = 0, largest = 0;
		int64_t end = rates[r] < GIB ? 600000 : 60000;

		xchg_pace_set(&p, rates[r], at(0));
		for (int64_t ms = 0; ms < end; ms++) {
			struct cy_mono when;

			left_at[ms] = 0;
			/* Sometimes nobody asks for a while. */
			if (cy_rng_below(&rng, 2000) == 0)
				for (uint64_t n = cy_rng_below(&rng, 200); n > 0 && ms + 1 < end; n--)
					left_at[++ms] = 0;
			while (xchg_pace_may(&p, at(ms), &when)) {
				size_t n = cy_rng_below(&rng, 4) ? CY_CHUNK : cy_rng_below(&rng, CY_CHUNK) + 1;

				xchg_pace_left(&p, n);
				left_at[ms] += n;
				total += n;
			}
		}
		for (int64_t ms = 0, from = 0; ms < end; ms++) {
			window += left_at[ms];
			if (ms - from >= 10000)
				window -= left_at[from++];
			largest = window > largest ? window : largest;
		}
		assert_true(largest <= rates[r] * 10 + bucket(rates[r]) + CY_CHUNK);
		assert_true(total + bucket(rates[r]) >= rates[r] * (uint64_t)(end / 1000));
	}
}

/* Asking often does not lose what flows in: one byte a second for 2^20 + 1 seconds. */
static void nothing_is_lost_by_asking(void **state)
{
	struct xchg_pace p = { 0 };
	struct cy_mono when;
	int64_t ms = 0;

	(void)state;
	xchg_pace_set(&p, 1, at(0));
	assert_true(xchg_pace_may(&p, at(0), &when));
	xchg_pace_left(&p, CY_CHUNK);
	xchg_pace_set(&p, 1000, at(0));
	assert_false(xchg_pace_may(&p, at(0), &when));
	assert_int_equal(when.ms, 1);
	assert_true(xchg_pace_may(&p, at(1), &when));
	xchg_pace_left(&p, 1000);
	for (ms = 1; !xchg_pace_may(&p, at(ms), &when); ms++)
		assert_int_equal(when.ms, 1001);
	assert_int_equal(ms, 1001);
}

static void a_clock_that_stands_still_gives_nothing(void **state)
{
	struct xchg_pace p = { 0 };
	struct cy_mono when = at(0);
	uint64_t n = 0;

	(void)state;
	xchg_pace_set(&p, GIB, at(77));
	for (; xchg_pace_may(&p, at(77), &when); n += CY_CHUNK)
		xchg_pace_left(&p, CY_CHUNK);
	assert_int_equal(n, bucket(GIB));
	for (int i = 0; i < 1000; i++) {
		xchg_pace_set(&p, GIB, at(77));
		assert_false(xchg_pace_may(&p, at(77), &when));
	}
	assert_int_equal(when.ms, 78);
	/* Nor does one that goes back. */
	assert_false(xchg_pace_may(&p, at(INT64_MIN), &when));
	assert_true(xchg_pace_may(&p, at(78), &when));
}

static void another_rate_holds_from_now_on(void **state)
{
	struct xchg_pace p = { 0 };
	struct cy_mono when = at(0);
	uint64_t n = 0;

	(void)state;
	xchg_pace_set(&p, 10 * GIB, at(0));
	/* A full bucket of the fast rate is none of the slow one. */
	xchg_pace_set(&p, KIB, at(1000));
	for (; xchg_pace_may(&p, at(1000), &when); n += CY_CHUNK)
		xchg_pace_left(&p, CY_CHUNK);
	assert_int_equal(n, CY_CHUNK);
	assert_true(xchg_pace_may(&p, at(1001), &when));
	xchg_pace_left(&p, CY_CHUNK);
	assert_false(xchg_pace_may(&p, at(1001), &when));
	/* 1 MiB less one byte at 1 KiB/s. */
	assert_in_range(when.ms, 1024000, 1025100);
	/* What was owed is owed at the new rate. */
	xchg_pace_set(&p, 1024 * KIB, at(1001));
	assert_false(xchg_pace_may(&p, at(1001), &when));
	assert_in_range(when.ms, 1900, 2002);
	/* Changing it again and again gives nothing. */
	for (int i = 0; i < 1000; i++)
		xchg_pace_set(&p, KIB + (uint64_t)(i % 2), at(1001));
	assert_false(xchg_pace_may(&p, at(1001), &when));
}

static void nothing_overflows(void **state)
{
	static const uint64_t rates[] = { 1, KIB, GIB, 10 * GIB, UINT64_MAX / 1000, UINT64_MAX };
	static const int64_t times[] = { INT64_MIN, -1, 0, 1, 5, INT64_MAX - 1, INT64_MAX };

	(void)state;
	for (size_t r = 0; r < sizeof rates / sizeof *rates; r++) {
		struct xchg_pace p = { .at = { INT64_MIN } };

		xchg_pace_set(&p, rates[r], at(INT64_MIN));
		for (size_t t = 0; t < sizeof times / sizeof *times; t++) {
			struct cy_mono when = at(times[t]);

			for (int i = 0; i < 3 && xchg_pace_may(&p, at(times[t]), &when); i++)
				xchg_pace_left(&p, CY_CHUNK);
			assert_true(when.ms >= times[t]);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_pull_has_the_whole_window),
		cmocka_unit_test(the_last_chunks_are_given_at_once),
		cmocka_unit_test(equal_urgency_shares_evenly),
		cmocka_unit_test(a_second_pull_gets_its_share),
		cmocka_unit_test(the_urgent_go_first),
		cmocka_unit_test(shares_grow_side_by_side),
		cmocka_unit_test(a_few_urgent_chunks_leave_the_rest),
		cmocka_unit_test(what_shares_leave_goes_to_others),
		cmocka_unit_test(the_number_of_a_pull_is_used_once),
		cmocka_unit_test(no_pull_has_the_id_of_a_free_place),
		cmocka_unit_test(chunks_come_in_order_and_by_credit),
		cmocka_unit_test(who_sends_nothing_stalls),
		cmocka_unit_test(everything_completes),
		cmocka_unit_test(a_pull_must_be_proper),
		cmocka_unit_test(credit_has_a_limit),
		cmocka_unit_test(turns_are_fair),
		cmocka_unit_test(a_turn_of_which_nothing_came_is_not_lost),
		cmocka_unit_test(without_a_rate_all_may_leave),
		cmocka_unit_test(the_instant_that_is_told_is_right),
		cmocka_unit_test(the_rate_is_kept),
		cmocka_unit_test(nothing_is_lost_by_asking),
		cmocka_unit_test(a_clock_that_stands_still_gives_nothing),
		cmocka_unit_test(another_rate_holds_from_now_on),
		cmocka_unit_test(nothing_overflows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
