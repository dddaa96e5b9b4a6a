/* Both sides come to the same case, whatever crossed and whatever came first. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/rng.h"
#include "law/crossing.h"
#include "law/kinds.h"
#include "law_cases.h"

enum {
	MOVES_MAX = 112,
	STATES_MAX = 60000,
	DEPTH = 4,
	DEPTH_MAX = 8,
	NONE = 0,
	DONE = CY_MEASURE_OUTCOME__EXECUTED
};

static uint32_t first_of(const struct history *h, uint32_t kind)
{
	for (size_t i = 0; i < h->n; i++)
		if (h->f[i].kind == kind && !h->f[i].voided)
			return h->f[i].number;
	return 0;
}

static struct law_fact retraction(uint32_t proposal)
{
	struct law_fact f = say(K(CONDITIONS_PROPOSED), proposal, 0, 0);

	memset(f.code, LAW_RETRACTED, sizeof f.code);
	return f;
}

static void each_list(struct law_fact *out, size_t *n, uint32_t kind, uint8_t code)
{
	out[(*n)++] = say(kind, 0, code, 0);
	out[(*n)++] = say(kind, 0, 0, code);
	out[(*n)++] = say(kind, 0, code, code);
}

/* Everything that a side might say about a case of two measures. */
static size_t moves(const struct history *h, const struct law_case *c, CySide side, struct law_fact *out)
{
	static const uint32_t lists[] = { K(WITHDRAWAL),          K(PROGRESS_QUERY), K(PROBLEM_NOTICE),
					  K(CONDITIONS_PROPOSED), K(DECISION),       K(POSTPONEMENT),
					  K(RESUMPTION),          K(EXTENSION),      K(PROGRESS_REPORT) };
	static const uint32_t whole[] = { K(SUPPLEMENT),
					  K(USE_CONSENT_REQUEST),
					  K(RETURNED_DEFICIENT),
					  K(REDIRECTION),
					  K(CLOSURE),
					  K(COSTS_CONSULTATION),
					  K(CONFLICT_OF_LAW_NOTICE),
					  K(REVIEW_ATTESTATION),
					  K(NOTE),
					  K(CLOCK_STATEMENT),
					  K(REMINDER),
					  K(EVIDENCE_STATEMENT) };
	static const uint32_t on_result[] = { K(EVIDENCE_VERIFICATION), K(EVIDENCE_RETURN),
					      K(DESTRUCTION_CERTIFICATE) };
	uint32_t result = first_of(h, K(RESULT));
	size_t n = 0, m = 0;

	for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
		each_list(out, &n, lists[i], 1);
		out[n++] = say(lists[i], 0, 0, 0);
	}
	for (size_t i = 0; i < sizeof whole / sizeof whole[0]; i++)
		out[n++] = say(whole[i], 0, 0, 0);
	for (size_t i = 0; result && i < 3; i++)
		out[n++] = say(on_result[i], result, 0, 0);
	for (size_t i = 0; i < c->n_notices; i++)
		out[n++] = say(K(SUPPLEMENT), c->notices[i], 0, 0);
	for (size_t i = 0; i < c->n_consents; i++)
		out[n++] = say(K(USE_CONSENT_DECISION), c->consents[i], 0, 0);
	for (size_t i = 0; i < c->n_measures; i++) {
		out[n++] = say(K(CONDITIONS_ACCEPTED), c->measures[i].proposal, 0, 0);
		out[n++] = say(K(CONDITIONS_DECLINED), c->measures[i].proposal, 0, 0);
		if (c->measures[i].proposal == 0)
			continue;
		out[n++] = retraction(c->measures[i].proposal);
		out[n++] = say(K(CONDITIONS_PROPOSED), c->measures[i].proposal, 0, 0);
		out[n++] = say(K(CONDITIONS_PROPOSED), c->measures[i].proposal, 1, 0);
		out[n++] = say(K(CONDITIONS_PROPOSED), c->measures[i].proposal, 0, 1);
	}
	out[n++] = say(K(REVIEW_RELIANCE), 1, 0, 0);
	out[n++] = say(K(ACKNOWLEDGEMENT), 0, CY_ACKNOWLEDGED_BY__CENTRAL_AUTHORITY, 0);
	out[n++] = say(K(ACKNOWLEDGEMENT), 0, CY_ACKNOWLEDGED_BY__EXECUTING_AUTHORITY, 0);
	each_list(out, &n, K(REFUSAL), CY_REFUSAL_GROUND__DE_MINIMIS);
	each_list(out, &n, K(RESULT), DONE);
	each_list(out, &n, K(RESULT), 0x80);
	out[n++] = say(K(RESULT), 0, CY_MEASURE_OUTCOME__NOT_EXECUTED, 0x80);
	assert_true(n <= MOVES_MAX);
	for (size_t i = 0; i < n; i++)
		if (law_kind_by(out[i].kind, side))
			out[m++] = out[i];
	return m;
}

static size_t admissible(const struct history *h, const struct law_case *c, CySide side, uint32_t seen,
			 struct law_fact *out)
{
	struct law_fact all[MOVES_MAX];
	size_t n = moves(h, c, side, all), m = 0;

	for (size_t i = 0; i < n; i++) {
		struct law_fact f = by(h, side, all[i], seen);

		if (!law_admit(h->f, h->n, &f, NULL))
			out[m++] = f;
	}
	return m;
}

/* The state without the numbers, so that different ways to it count once. */
static struct cy_digest shape(const struct history *h, struct law_case c)
{
	c.head[ASKS] = first_of(h, K(RESULT)) != 0;
	c.head[ASKED] = 0;
	if (c.measures[0].proposal && c.measures[1].proposal)
		c.measures[1].proposal = c.measures[1].proposal == c.measures[0].proposal ? 1 : 2;
	else if (c.measures[1].proposal)
		c.measures[1].proposal = 1;
	c.measures[0].proposal = c.measures[0].proposal != 0;
	for (uint32_t i = 0; i < c.n_notices; i++)
		c.notices[i] = i + 1;
	for (uint32_t i = 0; i < c.n_consents; i++)
		c.consents[i] = i + 1;
	return law_case_digest(&c);
}

static void assert_same(const struct history *a, const struct history *b)
{
	struct law_case x = folded(a), y = folded(b);
	struct cy_digest dx = law_case_digest(&x), dy = law_case_digest(&y);

	assert_memory_equal(dx.b, dy.b, sizeof dx.b);
	assert_memory_equal(&x, &y, sizeof x);
}

/* Two sides that each fold after each arrival, in their own order; and the
 * whole history in reverse. */
static void assert_converges(const struct history *h, const struct law_fact *a, const struct law_fact *b)
{
	struct history x, y, z;

	z.n = 0;
	copy_history(&x, h);
	copy_history(&y, h);
	x.f[x.n++] = *a;
	folded(&x);
	x.f[x.n++] = *b;
	y.f[y.n++] = *b;
	folded(&y);
	y.f[y.n++] = *a;
	for (size_t i = x.n; i-- > 0;)
		z.f[z.n++] = x.f[i];
	assert_same(&x, &y);
	assert_same(&x, &z);
}

/* `first` then `second`, who saw it: what the table says the crossing comes to. */
static struct law_case in_turn(const struct history *h, const struct law_fact *first, const struct law_fact *second)
{
	struct history x;

	copy_history(&x, h);
	x.f[x.n++] = *first;
	x.f[x.n] = *second;
	x.f[x.n++].seen = first->number;
	return folded(&x);
}

struct counts {
	size_t states, pairs, overtaken, crossings;
	bool crossed[64]; /* a message of the kind in this row of law_kinds has crossed another one */
};

static void check_pair(const struct history *h, const struct law_fact *a, const struct law_fact *b, struct counts *k)
{
	CySide holds = law_crossing_holds(a, b);
	enum law_effect effect[HISTORY_MAX];
	struct history x;
	struct law_case c, ab = in_turn(h, a, b), ba = in_turn(h, b, a);

	assert_true(law_crossing_stated(a->kind, b->kind));
	assert_converges(h, a, b);
	copy_history(&x, h);
	x.f[x.n++] = *a;
	x.f[x.n++] = *b;
	law_fold(x.f, x.n, &c, effect, NULL);
	k->pairs++;
	k->crossed[law_kind(a->kind) - law_kinds] = k->crossed[law_kind(b->kind) - law_kinds] = true;
	k->crossings += holds != CY_SIDE__SIDE_UNSPECIFIED;
	k->overtaken += effect[h->n] == LAW_EFFECT_OVERTAKEN || effect[h->n + 1] == LAW_EFFECT_OVERTAKEN;
	if (holds == ASKS || !holds) {
		if (effect[h->n] != LAW_EFFECT_TAKEN || memcmp(&c, &ab, sizeof c))
			print_error("%s x %s: their order matters: see its letter in law/crossing.c\n",
				    law_kind_name(a->kind), law_kind_name(b->kind));
		assert_int_equal(effect[h->n], LAW_EFFECT_TAKEN);
		assert_memory_equal(&c, &ab, sizeof c);
	}
	if (holds == ASKED || !holds) {
		if (effect[h->n + 1] != LAW_EFFECT_TAKEN || memcmp(&c, &ba, sizeof c))
			print_error("%s x %s: their order matters: see its letter in law/crossing.c\n",
				    law_kind_name(a->kind), law_kind_name(b->kind));
		assert_int_equal(effect[h->n + 1], LAW_EFFECT_TAKEN);
		assert_memory_equal(&c, &ba, sizeof c);
	}
}

static bool known(struct cy_digest *seen, size_t *n, const struct cy_digest *d)
{
	static uint32_t place[1u << 18];
	uint32_t at = (uint32_t)(d->b[0] | d->b[1] << 8 | d->b[2] << 16) & ((1u << 18) - 1);

	if (!*n)
		memset(place, 0, sizeof place);
	for (; place[at]; at = (at + 1) & ((1u << 18) - 1))
		if (cy_digest_equal(&seen[place[at] - 1], d))
			return true;
	assert_true(*n < STATES_MAX);
	seen[(*n)++] = *d;
	place[at] = (uint32_t)*n;
	return false;
}

struct queued {
	struct law_fact f[DEPTH_MAX + 2];
	size_t n;
};

/* COMITY_LAW_DEPTH makes the sequences longer than is usual for a unit test: 6
 * gives some 12,500 states and 5.8 million pairs in a minute. */
static void every_pair_in_every_state_comes_to_what_the_table_says(void **state)
{
	struct cy_digest *seen = calloc(STATES_MAX, sizeof *seen);
	struct queued *queue = calloc(STATES_MAX, sizeof *queue);
	struct counts k = { 0 };
	size_t queued = 0, known_n = 0;
	struct history h = requested();
	struct cy_digest d;
	const char *deeper = getenv("COMITY_LAW_DEPTH");
	size_t depth = deeper ? strtoul(deeper, NULL, 10) : DEPTH;

	(void)state;
	assert_in_range(depth, 1, DEPTH_MAX);
	assert_non_null(seen);
	assert_non_null(queue);
	d = shape(&h, folded(&h));
	known(seen, &known_n, &d);
	memcpy(queue[0].f, h.f, h.n * sizeof h.f[0]);
	queue[queued++].n = h.n;
	for (; k.states < queued; k.states++) {
		struct law_fact a[MOVES_MAX], b[MOVES_MAX];
		struct law_case c;
		size_t na, nb;

		h.n = queue[k.states].n;
		memcpy(h.f, queue[k.states].f, h.n * sizeof h.f[0]);
		c = folded(&h);
		na = admissible(&h, &c, ASKS, last_number(&h, ASKED), a);
		nb = admissible(&h, &c, ASKED, last_number(&h, ASKS), b);
		for (size_t i = 0; i < na; i++)
			for (size_t j = 0; j < nb; j++)
				check_pair(&h, &a[i], &b[j], &k);
		for (size_t i = 0; h.n <= depth && i < na + nb; i++) {
			h.f[h.n++] = i < na ? a[i] : b[i - na];
			c = folded(&h);
			d = shape(&h, c);
			if (c.n_notices <= 1 && c.n_consents <= 1 && !known(seen, &known_n, &d)) {
				memcpy(queue[queued].f, h.f, h.n * sizeof h.f[0]);
				queue[queued++].n = h.n;
			}
			h.n--;
		}
	}
	print_message("%zu states, %zu pairs of messages, %zu of them in the table of crossings, %zu overtaken\n",
		      k.states, k.pairs, k.crossings, k.overtaken);
	assert_true(k.states > 500);
	assert_true(k.crossings > 1000);
	/* A kind that is in no move is not held against the table. */
	assert_in_range(law_kinds_n, 1, sizeof k.crossed / sizeof *k.crossed);
	for (size_t i = 0; i < law_kinds_n; i++)
		if (law_kinds[i].phases && !k.crossed[i])
			fail_msg("%s: add it to moves()", law_kind_name(law_kinds[i].number));
	free(seen);
	free(queue);
}

/* ------------------------------------------------- long histories, two sides */

/* What one side holds, and what is on its way to it, in order: facts, and
 * rejections (a fact of its own that comes back voided). */
struct side {
	struct history h;
	struct law_fact inbox[HISTORY_MAX * 2];
	size_t in, out;
	CySide side;
};

static void void_number(struct history *h, CySide author, uint32_t number)
{
	for (size_t i = 0; i < h->n; i++)
		if (h->f[i].side == author && h->f[i].number == number)
			h->f[i].voided = true;
}

static void speak(struct side *me, struct side *peer, struct cy_rng *r, bool honest)
{
	struct law_case c = folded(&me->h);
	struct law_fact f[MOVES_MAX];
	uint32_t seen = last_number(&me->h, peer->side);
	size_t n = honest ? admissible(&me->h, &c, me->side, seen, f) : moves(&me->h, &c, me->side, f);
	struct law_fact said;

	if (!n)
		return;
	said = by(&me->h, me->side, f[cy_rng_below(r, n)], seen);
	if (!me->h.n)
		said = by(&me->h, me->side, say(K(REQUEST), 0, 0, 0), 0);
	said.number += cy_rng_below(r, 8) == 0;
	me->h.f[me->h.n++] = said;
	peer->inbox[peer->in++] = said;
}

static void hear(struct side *me, struct side *peer, bool all_honest)
{
	struct law_fact f = me->inbox[me->out++];

	if (f.side == me->side) {
		void_number(&me->h, me->side, f.number);
		return;
	}
	if (law_admit(me->h.f, me->h.n, &f, NULL)) {
		assert_false(all_honest);
		f.voided = true;
		peer->inbox[peer->in++] = f;
	}
	me->h.f[me->h.n++] = f;
}

static void shuffle(struct history *h, struct cy_rng *r)
{
	for (size_t i = h->n; i > 1; i--) {
		size_t j = (size_t)cy_rng_below(r, i);
		struct law_fact swap = h->f[i - 1];

		h->f[i - 1] = h->f[j];
		h->f[j] = swap;
	}
}

/* Causality, and that whoever holds by the table takes effect first. */
static void assert_order(const struct history *h)
{
	enum law_effect effect[HISTORY_MAX];
	size_t order[HISTORY_MAX], place[HISTORY_MAX];
	struct law_case c;

	law_fold(h->f, h->n, &c, effect, order);
	for (size_t i = 0; i < h->n; i++)
		place[order[i]] = i;
	for (size_t i = 0; i < h->n; i++) {
		assert_true(effect[i] != LAW_EFFECT_WAITING);
		for (size_t j = 0; j < h->n; j++) {
			const struct law_fact *a = &h->f[i], *b = &h->f[j];

			if (a->voided || b->voided || i == j)
				continue;
			if (a->side == b->side && a->number < b->number)
				assert_true(place[i] < place[j]);
			if (a->side == b->side || a->side != ASKS)
				continue;
			if (a->seen >= b->number)
				assert_true(place[j] < place[i]);
			else if (b->seen >= a->number)
				assert_true(place[i] < place[j]);
			else if (law_crossing_holds(a, b) == ASKED)
				assert_true(place[j] < place[i]);
		}
	}
	for (unsigned i = 0; i < c.n_measures; i++)
		if (c.measures[i].state == LAW_MEASURE_WITHDRAWN)
			assert_false(c.measures[i].postponed || c.measures[i].proposal || c.measures[i].recognised);
}

static void play(uint64_t seed, bool all_honest, size_t *messages, size_t *voids)
{
	struct cy_rng r = { .state = seed };
	struct side *s = calloc(2, sizeof *s);

	assert_non_null(s);
	s[0].side = ASKS;
	s[1].side = ASKED;
	speak(&s[0], &s[1], &r, true);
	s[0].h.n = 0;
	s[1].in = 0;
	add(&s[0].h, ASKS, say(K(REQUEST), 0, 0, 0));
	s[1].inbox[s[1].in++] = s[0].h.f[0];
	while (s[0].h.n + s[1].h.n < 70) {
		struct side *me = &s[cy_rng_below(&r, 2)], *peer = me == s ? s + 1 : s;

		if (cy_rng_below(&r, 3) && me->out < me->in)
			hear(me, peer, all_honest);
		else if (me->h.n)
			speak(me, peer, &r, all_honest || cy_rng_below(&r, 6));
	}
	while (s[0].out < s[0].in || s[1].out < s[1].in)
		for (int i = 0; i < 2; i++)
			if (s[i].out < s[i].in)
				hear(&s[i], &s[!i], all_honest);
	assert_int_equal(s[0].h.n, s[1].h.n);
	assert_same(&s[0].h, &s[1].h);
	assert_order(&s[0].h);
	for (int i = 0; i < 4; i++) {
		shuffle(&s[0].h, &r);
		assert_same(&s[0].h, &s[1].h);
	}
	*messages += s[0].h.n;
	for (size_t i = 0; i < s[0].h.n; i++)
		*voids += s[0].h.f[i].voided;
	free(s);
}

static void long_crossing_histories_converge_and_nothing_admitted_by_its_author_is_rejected(void **state)
{
	size_t messages = 0, voids = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 400; seed++)
		play(seed, true, &messages, &voids);
	print_message("%zu messages\n", messages);
	assert_int_equal(voids, 0);
}

static void histories_with_rejected_messages_converge_too(void **state)
{
	size_t messages = 0, voids = 0;

	(void)state;
	for (uint64_t seed = 1001; seed <= 1400; seed++)
		play(seed, false, &messages, &voids);
	print_message("%zu messages, %zu void\n", messages, voids);
	assert_true(voids > 100);
}

/* ---------------------------------------------------------------- by name */

static enum law_effect effect_of(const struct history *h, CySide side, uint32_t number)
{
	enum law_effect effect[HISTORY_MAX];
	struct law_case c;

	law_fold(h->f, h->n, &c, effect, NULL);
	for (size_t i = 0; i < h->n; i++)
		if (h->f[i].side == side && h->f[i].number == number)
			return effect[i];
	fail();
	return LAW_EFFECT_VOID;
}

static void a_refusal_holds_against_a_withdrawal_that_crosses_it(void **state)
{
	struct history h = registered();
	uint32_t refusal = add_seen(&h, ASKED, say(K(REFUSAL), 0, 10, 0), 1);
	uint32_t withdrawal = add_seen(&h, ASKS, say(K(WITHDRAWAL), 0, 1, 0), 1);
	struct law_case c = folded(&h);

	(void)state;
	assert_int_equal(c.measures[0].state, LAW_MEASURE_REFUSED);
	assert_int_equal(c.measures[0].ground, 10);
	assert_int_equal(effect_of(&h, ASKED, refusal), LAW_EFFECT_TAKEN);
	assert_int_equal(effect_of(&h, ASKS, withdrawal), LAW_EFFECT_OVERTAKEN);
}

static void a_withdrawal_of_everything_takes_what_a_crossing_result_left_open(void **state)
{
	struct history h = registered();
	uint32_t withdrawal;
	struct law_case c;

	(void)state;
	add_seen(&h, ASKED, say(K(RESULT), 0, DONE, 0), 1);
	withdrawal = add_seen(&h, ASKS, say(K(WITHDRAWAL), 0, 0, 0), 1);
	c = folded(&h);
	assert_int_equal(c.measures[0].state, LAW_MEASURE_EXECUTED);
	assert_int_equal(c.measures[1].state, LAW_MEASURE_WITHDRAWN);
	assert_int_equal(c.state, LAW_CASE_COMPLETE);
	assert_int_equal(effect_of(&h, ASKS, withdrawal), LAW_EFFECT_TAKEN);
}

static void a_withdrawal_holds_against_a_decision_also_from_behind_a_note(void **state)
{
	struct history h = registered();
	uint32_t decision;
	struct law_case c;

	(void)state;
	add_seen(&h, ASKS, say(K(NOTE), 0, 0, 0), 1);
	add_seen(&h, ASKS, say(K(WITHDRAWAL), 0, 1, 0), 1);
	decision = add_seen(&h, ASKED, say(K(DECISION), 0, 1, 0), 1);
	c = folded(&h);
	assert_int_equal(c.measures[0].state, LAW_MEASURE_WITHDRAWN);
	assert_int_equal(effect_of(&h, ASKED, decision), LAW_EFFECT_OVERTAKEN);
}

static void a_result_holds_against_a_withdrawal_also_from_behind_a_decision(void **state)
{
	struct history h = registered();
	uint32_t withdrawal;
	struct law_case c;

	(void)state;
	withdrawal = add_seen(&h, ASKS, say(K(WITHDRAWAL), 0, 1, 0), 1);
	add_seen(&h, ASKED, say(K(DECISION), 0, 1, 0), 1);
	c = folded(&h);
	assert_int_equal(c.measures[0].state, LAW_MEASURE_WITHDRAWN);
	add_seen(&h, ASKED, say(K(RESULT), 0, DONE, 0), 1);
	c = folded(&h);
	assert_int_equal(c.measures[0].state, LAW_MEASURE_EXECUTED);
	assert_int_equal(effect_of(&h, ASKS, withdrawal), LAW_EFFECT_OVERTAKEN);
}

static void a_withdrawal_ends_the_plans_that_had_to_go_before_it(void **state)
{
	struct history h = registered();
	struct law_case c;

	(void)state;
	add_seen(&h, ASKS, say(K(WITHDRAWAL), 0, 1, 1), 1);
	add_seen(&h, ASKED, say(K(POSTPONEMENT), 0, 1, 0), 1);
	add_seen(&h, ASKED, say(K(PROBLEM_NOTICE), 0, 1, 0), 1);
	add_seen(&h, ASKED, say(K(RESULT), 0, 0, DONE), 1);
	c = folded(&h);
	assert_int_equal(c.measures[0].state, LAW_MEASURE_WITHDRAWN);
	assert_false(c.measures[0].postponed);
	assert_int_equal(c.n_notices, 0);
	assert_int_equal(c.measures[1].state, LAW_MEASURE_EXECUTED);
}

static void conditions_accepted_too_late_lose_to_the_refusal(void **state)
{
	struct history h = registered();
	uint32_t proposal = add(&h, ASKED, say(K(CONDITIONS_PROPOSED), 0, 1, 0)), accepted;
	struct law_case c;

	(void)state;
	accepted = add_seen(&h, ASKS, say(K(CONDITIONS_ACCEPTED), proposal, 0, 0), proposal);
	add_seen(&h, ASKED, say(K(REFUSAL), 0, 1, 0), 1);
	c = folded(&h);
	assert_int_equal(c.measures[0].state, LAW_MEASURE_REFUSED);
	assert_false(c.measures[0].bound);
	assert_int_equal(effect_of(&h, ASKS, accepted), LAW_EFFECT_OVERTAKEN);
}

/* A proposal for both measures, and what crosses: the answer is to the proposal that its author had seen. */
static struct law_case answered(uint32_t answer, struct law_fact instead, enum law_effect *ret_answer,
				enum law_effect *ret_instead)
{
	struct history h = registered();
	const uint32_t proposal = add(&h, ASKED, say(K(CONDITIONS_PROPOSED), 0, 1, 1)), seen = last_number(&h, ASKS);
	uint32_t a, b;

	instead.ref = proposal;
	a = add_seen(&h, ASKS, say(answer, proposal, 0, 0), proposal);
	b = add_seen(&h, ASKED, instead, seen);
	*ret_answer = effect_of(&h, ASKS, a);
	*ret_instead = effect_of(&h, ASKED, b);
	return folded(&h);
}

static void an_acceptance_holds_against_a_proposal_replaced_meanwhile(void **state)
{
	const struct law_fact instead[] = { say(K(CONDITIONS_PROPOSED), 1, 0, 0), say(K(CONDITIONS_PROPOSED), 1, 1, 0),
					    retraction(1) };
	enum law_effect answer, later;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		const struct law_case c = answered(K(CONDITIONS_ACCEPTED), instead[i], &answer, &later);

		assert_true(c.measures[0].bound && c.measures[1].bound);
		assert_int_equal(c.measures[0].proposal, 0);
		assert_int_equal(c.measures[1].proposal, 0);
		assert_int_equal(answer, LAW_EFFECT_TAKEN);
		assert_int_equal(later, LAW_EFFECT_OVERTAKEN);
	}
}

static void who_declined_has_the_new_proposal_to_answer(void **state)
{
	enum law_effect answer, later;
	struct law_case c = answered(K(CONDITIONS_DECLINED), say(K(CONDITIONS_PROPOSED), 1, 1, 0), &answer, &later);

	(void)state;
	assert_int_not_equal(c.measures[0].proposal, 0);
	assert_int_equal(c.measures[1].proposal, 0);
	assert_int_equal(answer, LAW_EFFECT_OVERTAKEN);
	assert_int_equal(later, LAW_EFFECT_TAKEN);
	c = answered(K(CONDITIONS_DECLINED), retraction(1), &answer, &later);
	assert_int_equal(c.measures[0].proposal, 0);
	assert_false(c.measures[0].bound);
	assert_int_equal(later, LAW_EFFECT_TAKEN);
}

static void a_return_stands_against_a_crossing_supplement(void **state)
{
	struct history h = requested();
	uint32_t supplement = add_seen(&h, ASKS, say(K(SUPPLEMENT), 0, 0, 0), 0);

	(void)state;
	add_seen(&h, ASKED, say(K(RETURNED_DEFICIENT), 0, 0, 0), 1);
	assert_int_equal(folded(&h).state, LAW_CASE_RETURNED_DEFICIENT);
	assert_int_equal(effect_of(&h, ASKS, supplement), LAW_EFFECT_OVERTAKEN);
}

static void an_unasked_supplement_does_not_answer_the_notice_it_crosses(void **state)
{
	struct history h = registered();
	uint32_t supplement = add_seen(&h, ASKS, say(K(SUPPLEMENT), 0, 0, 0), 1);

	(void)state;
	add_seen(&h, ASKED, say(K(PROBLEM_NOTICE), 0, 0, 0), 1);
	assert_int_equal(folded(&h).state, LAW_CASE_CLARIFICATION_REQUESTED);
	assert_int_equal(effect_of(&h, ASKS, supplement), LAW_EFFECT_TAKEN);
}

static void a_void_message_has_no_effect_and_holds_nothing_up(void **state)
{
	struct history h = registered();
	struct law_case c;

	(void)state;
	add(&h, ASKS, say(K(WITHDRAWAL), 0, 0, 0));
	h.f[h.n - 1].voided = true;
	h.f[h.n - 1].seen = 4000000;
	add(&h, ASKED, say(K(DECISION), 0, 1, 0));
	c = folded(&h);
	assert_int_equal(c.measures[0].state, LAW_MEASURE_EXECUTING);
	assert_int_equal(c.head[ASKS], 1);
	assert_int_equal(effect_of(&h, ASKS, 2), LAW_EFFECT_VOID);
}

static void a_case_whose_opening_message_is_void_is_void(void **state)
{
	struct history h = registered();

	(void)state;
	h.f[0].voided = true;
	assert_int_equal(folded(&h).state, LAW_CASE_VOID);
	assert_int_equal(effect_of(&h, ASKED, 1), LAW_EFFECT_OVERTAKEN);
}

static void a_message_waits_for_what_it_had_seen_and_then_takes_effect(void **state)
{
	struct history h = registered();

	(void)state;
	add_seen(&h, ASKED, say(K(NOTE), 0, 0, 0), 2);
	add_seen(&h, ASKED, say(K(DECISION), 0, 1, 0), 1);
	assert_int_equal(effect_of(&h, ASKED, 2), LAW_EFFECT_WAITING);
	assert_int_equal(effect_of(&h, ASKED, 3), LAW_EFFECT_WAITING);
	assert_int_equal(folded(&h).head[ASKED], 1);
	add_seen(&h, ASKS, say(K(PROGRESS_QUERY), 0, 0, 0), 1);
	assert_int_equal(effect_of(&h, ASKED, 3), LAW_EFFECT_TAKEN);
}

static void a_number_that_was_never_sent_is_not_waited_for(void **state)
{
	struct history h = registered();

	(void)state;
	add(&h, ASKS, say(K(NOTE), 0, 0, 0));
	h.f[h.n - 1].number = 6;
	add_seen(&h, ASKED, say(K(DECISION), 0, 1, 0), 5);
	assert_int_equal(effect_of(&h, ASKED, 2), LAW_EFFECT_TAKEN);
}

static void two_messages_that_claim_to_have_seen_each_other_wait_for_ever(void **state)
{
	struct history h = registered();

	(void)state;
	add_seen(&h, ASKS, say(K(NOTE), 0, 0, 0), 2);
	add_seen(&h, ASKED, say(K(NOTE), 0, 0, 0), 2);
	assert_int_equal(effect_of(&h, ASKS, 2), LAW_EFFECT_WAITING);
	assert_int_equal(effect_of(&h, ASKED, 2), LAW_EFFECT_WAITING);
}

static void every_pair_of_kinds_stands_in_the_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < law_kinds_n; i++)
		for (size_t j = 0; j < law_kinds_n; j++)
			assert_int_equal(law_crossing_stated(law_kinds[i].number, law_kinds[j].number),
					 (law_kinds[i].who & LAW_ASKING) && law_kinds[i].phases &&
						 (law_kinds[j].who & LAW_ASKED));
	assert_int_equal(law_crossing(K(WITHDRAWAL), K(CLOSURE))->letter, 'c');
	assert_int_equal(law_crossing(K(WITHDRAWAL), K(REFUSAL))->letter, 'o');
	assert_int_equal(law_crossing(K(WITHDRAWAL), K(PROBLEM_NOTICE))->letter, 'w');
	assert_null(law_crossing(K(WITHDRAWAL), K(PROGRESS_REPORT)));
	assert_null(law_crossing(K(NOTE), K(NOTE)));
}

/* Also what nobody may say there: a peer may send it all the same. */
static void any_two_kinds_that_cross_come_to_the_same_whoever_is_heard_first(void **state)
{
	struct history bases[3] = { requested(), registered(), registered() };

	(void)state;
	add(&bases[2], ASKED, say(K(RESULT), 0, DONE, 0));
	for (size_t i = 0; i < law_kinds_n; i++)
		for (size_t j = 0; j < law_kinds_n; j++)
			for (size_t k = 0; k < 3; k++) {
				const struct history *h = &bases[k];
				struct law_fact a =
					by(h, ASKS, say(law_kinds[i].number, 1, 1, 0), last_number(h, ASKED));
				struct law_fact b =
					by(h, ASKED, say(law_kinds[j].number, 1, 1, 0), last_number(h, ASKS));

				if (law_crossing_stated(a.kind, b.kind))
					assert_converges(h, &a, &b);
			}
}

static void the_one_word_is_the_first_that_fits(void **state)
{
	struct history h = requested();
	uint32_t n;

	(void)state;
	assert_int_equal(folded(&h).state, LAW_CASE_TRANSMITTED);
	add(&h, ASKED, say(K(ACKNOWLEDGEMENT), 0, 1, 0));
	assert_int_equal(folded(&h).state, LAW_CASE_ACKNOWLEDGED);
	n = add(&h, ASKED, say(K(PROBLEM_NOTICE), 0, 1, 0));
	assert_int_equal(folded(&h).state, LAW_CASE_CLARIFICATION_REQUESTED);
	add(&h, ASKS, say(K(SUPPLEMENT), n, 0, 0));
	assert_int_equal(folded(&h).state, LAW_CASE_SUPPLEMENTED);
	n = add(&h, ASKED, say(K(CONDITIONS_PROPOSED), 0, 0, 0));
	assert_int_equal(folded(&h).state, LAW_CASE_CONDITIONS_PROPOSED);
	add(&h, ASKS, say(K(CONDITIONS_ACCEPTED), n, 0, 0));
	add(&h, ASKED, say(K(DECISION), 0, 1, 0));
	assert_int_equal(folded(&h).state, LAW_CASE_RECOGNISED);
	add(&h, ASKED, say(K(ACKNOWLEDGEMENT), 0, 2, 0));
	assert_int_equal(folded(&h).state, LAW_CASE_EXECUTING);
	add(&h, ASKED, say(K(POSTPONEMENT), 0, 0, 0));
	assert_int_equal(folded(&h).state, LAW_CASE_POSTPONED);
	add(&h, ASKED, say(K(RESUMPTION), 0, 0, 0));
	add(&h, ASKED, say(K(RESULT), 0, DONE, DONE));
	assert_int_equal(folded(&h).state, LAW_CASE_COMPLETE);
	add(&h, ASKED, say(K(CLOSURE), 0, 0, 0));
	assert_int_equal(folded(&h).state, LAW_CASE_CLOSED);
	assert_string_equal(law_case_state_name(LAW_CASE_CLOSED), "CLOSED");
	assert_string_equal(law_measure_state_name(LAW_MEASURE_REFUSED), "REFUSED");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_pair_of_kinds_stands_in_the_table),
		cmocka_unit_test(any_two_kinds_that_cross_come_to_the_same_whoever_is_heard_first),
		cmocka_unit_test(a_refusal_holds_against_a_withdrawal_that_crosses_it),
		cmocka_unit_test(a_withdrawal_of_everything_takes_what_a_crossing_result_left_open),
		cmocka_unit_test(a_withdrawal_holds_against_a_decision_also_from_behind_a_note),
		cmocka_unit_test(a_result_holds_against_a_withdrawal_also_from_behind_a_decision),
		cmocka_unit_test(a_withdrawal_ends_the_plans_that_had_to_go_before_it),
		cmocka_unit_test(conditions_accepted_too_late_lose_to_the_refusal),
		cmocka_unit_test(an_acceptance_holds_against_a_proposal_replaced_meanwhile),
		cmocka_unit_test(who_declined_has_the_new_proposal_to_answer),
		cmocka_unit_test(a_return_stands_against_a_crossing_supplement),
		cmocka_unit_test(an_unasked_supplement_does_not_answer_the_notice_it_crosses),
		cmocka_unit_test(a_void_message_has_no_effect_and_holds_nothing_up),
		cmocka_unit_test(a_case_whose_opening_message_is_void_is_void),
		cmocka_unit_test(a_message_waits_for_what_it_had_seen_and_then_takes_effect),
		cmocka_unit_test(a_number_that_was_never_sent_is_not_waited_for),
		cmocka_unit_test(two_messages_that_claim_to_have_seen_each_other_wait_for_ever),
		cmocka_unit_test(the_one_word_is_the_first_that_fits),
		cmocka_unit_test(every_pair_in_every_state_comes_to_what_the_table_says),
		cmocka_unit_test(long_crossing_histories_converge_and_nothing_admitted_by_its_author_is_rejected),
		cmocka_unit_test(histories_with_rejected_messages_converge_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
