/* What is folded on is what a whole fold makes of the same facts, whatever came in which order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/error.h"
#include "base/rng.h"
#include "law/fold.h"
#include "law/kinds.h"

#define ROUNDS 3000
#define LENGTH 40

static struct law_fact facts[LENGTH];
static size_t n_facts;
static uint32_t number[3]; /* given so far, by side */

static CySide other(CySide side)
{
	return side == CY_SIDE__REQUESTING ? CY_SIDE__REQUESTED : CY_SIDE__REQUESTING;
}

/* What somebody may say next: mostly with all of the other side seen, sometimes with less, or with what never comes. */
static struct law_fact say(struct cy_rng *r)
{
	const CySide side = n_facts == 0 || cy_rng_below(r, 2) == 0 ? CY_SIDE__REQUESTING : CY_SIDE__REQUESTED;
	struct law_fact f = { .side = side, .number = number[side] + 1, .day = LAW_NO_DAY };

	f.kind = n_facts == 0 && cy_rng_below(r, 20) > 0 ? (uint32_t)CY_CONTENT__KIND_REQUEST
							 : law_kinds[cy_rng_below(r, law_kinds_n)].number;
	f.measures = law_kind_opens(f.kind) ? (uint8_t)(1 + cy_rng_below(r, 3)) : 0;
	f.seen = number[other(side)];
	if (cy_rng_below(r, 10) == 0)
		f.seen = (uint32_t)cy_rng_below(r, number[other(side)] + 2);
	f.ref = (uint32_t)cy_rng_below(r, number[other(side)] + 1);
	f.voided = cy_rng_below(r, 15) == 0;
	if (!law_kind_opens(f.kind) && cy_rng_below(r, 2) == 0)
		f.code[cy_rng_below(r, 3)] = 1;
	return f;
}

static void same_state(const struct law_kept *k)
{
	struct law_kept whole;
	struct law_case c;
	struct cy_digest a, b;

	law_fold(facts, n_facts, &c, NULL, NULL);
	a = law_case_digest(&k->folded);
	b = law_case_digest(&c);
	assert_memory_equal(a.b, b.b, sizeof a.b);
	law_keep(facts, n_facts, &whole);
	assert_int_equal(k->n, whole.n);
	assert_int_equal(k->voided, whole.voided);
	assert_int_equal(k->waits, whole.waits);
	assert_memory_equal(&k->taken, &whole.taken, sizeof k->taken);
	assert_memory_equal(k->latest_ms, whole.latest_ms, sizeof k->latest_ms);
	assert_int_equal(k->opener_void, whole.opener_void);
	assert_memory_equal(k->held, whole.held, sizeof k->held);
	assert_memory_equal(k->seen, whole.seen, sizeof k->seen);
	assert_int_equal(k->folded.state, c.state);
	assert_memory_equal(k->folded.head, c.head, sizeof c.head);
}

/* The same verdict, with the same sentence. */
static void same_verdict(const struct law_kept *k, const struct law_fact *next)
{
	struct cy_error a = { 0 }, b = { 0 };

	assert_int_equal(law_kept_admit(k, facts, n_facts, next, &a), law_admit(facts, n_facts, next, &b));
	assert_string_equal(a.text, b.text);
	assert_string_equal(a.field, b.field);
}

static void what_is_folded_on_is_a_whole_fold(void **state)
{
	struct cy_rng r = { 1 };

	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		struct law_kept k = { 0 };

		n_facts = 0;
		memset(number, 0, sizeof number);
		law_keep(facts, 0, &k);
		while (n_facts < LENGTH) {
			struct law_fact f = say(&r);

			same_verdict(&k, &f);
			/* Now and then one is lost, and the number stays free. */
			number[f.side] = f.number + (cy_rng_below(&r, 25) == 0);
			facts[n_facts++] = f;
			law_keep_on(&k, facts, n_facts);
			same_state(&k);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_folded_on_is_a_whole_fold),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
