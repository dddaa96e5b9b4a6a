/* Facts: derived from messages, encoded for the store, and back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rng.h"
#include "law/kinds.h"
#include "law_cases.h"

static void assert_round_trip(const struct law_fact *f)
{
	uint8_t out[LAW_FACT_MAX], again[LAW_FACT_MAX];
	size_t len = law_fact_encode(f, out);
	struct law_fact back;

	assert_in_range(len, 18, LAW_FACT_MAX);
	assert_int_equal(law_fact_decode(cy_bytes(out, len), &back), CY_OK);
	assert_int_equal(law_fact_encode(&back, again), len);
	assert_memory_equal(out, again, len);
	assert_int_equal(back.side, f->side);
	assert_int_equal(back.number, f->number);
	assert_int_equal(back.seen, f->seen);
	assert_int_equal(back.kind, f->kind);
	assert_int_equal(back.ref, f->ref);
	assert_int_equal(back.measures, f->measures);
	assert_memory_equal(back.code, f->code, sizeof back.code);
	assert_false(back.voided);
}

static void a_fact_of_every_kind_comes_back_from_its_encoding(void **state)
{
	struct cy_rng r = { .state = 7 };

	(void)state;
	for (size_t i = 0; i < law_kinds_n * 50; i++) {
		const struct law_kind *k = &law_kinds[i % law_kinds_n];
		struct law_fact f = { .side = k->who & LAW_ASKING ? ASKS : ASKED,
				      .number = (uint32_t)cy_rng_next(&r) | 1,
				      .seen = (uint32_t)cy_rng_next(&r),
				      .kind = k->number,
				      .ref = (uint32_t)cy_rng_next(&r),
				      .measures = (uint8_t)cy_rng_below(&r, 65),
				      .stated_ms = (int64_t)cy_rng_next(&r),
				      .day = (int32_t)(uint32_t)cy_rng_next(&r) };

		for (size_t m = 0, n = cy_rng_below(&r, 65); m < n; m++)
			f.code[m] = (uint8_t)cy_rng_next(&r);
		memset(f.clock, 'x', cy_rng_below(&r, CY_CLOCK_MAX + 1));
		assert_round_trip(&f);
	}
}

static void a_fact_of_the_first_version_is_read_without_instants(void **state)
{
	/* What version 1 wrote of the acknowledgement: number 1, seen 1, by the central authority. */
	static const uint8_t old[] = { 1, 2, 0, 0, 0, 1, 0, 0, 0, 1, 0, 20, 0, 0, 0, 0, 0, 1, 1 };
	struct law_fact f;

	(void)state;
	assert_int_equal(law_fact_decode(cy_bytes(old, sizeof old), &f), CY_OK);
	assert_int_equal(f.kind, CY_CONTENT__KIND_ACKNOWLEDGEMENT);
	assert_int_equal(f.code[0], 1);
	assert_int_equal(f.stated_ms, 0);
	assert_int_equal(f.day, LAW_NO_DAY);
	assert_int_equal(law_fact_decode(cy_bytes(old, sizeof old - 1), &f), CY_EPARSE);
}

static void what_encode_did_not_write_is_refused_and_the_output_left_alone(void **state)
{
	struct history h = registered();
	uint8_t good[LAW_FACT_MAX], bad[LAW_FACT_MAX];
	size_t len = law_fact_encode(&h.f[1], good);
	struct law_fact f = { .number = 42 };

	(void)state;
	for (size_t i = 0; i < len; i++)
		assert_int_equal(law_fact_decode(cy_bytes(good, i), &f), CY_EPARSE);
	memset(bad, 0, sizeof bad);
	assert_int_equal(law_fact_decode(cy_bytes(bad, sizeof bad), &f), CY_EPARSE);
	assert_int_equal(law_fact_decode(cy_bytes(bad, 0), &f), CY_EPARSE);
	static const struct {
		size_t at;
		uint8_t value;
	} broken[] = { { 0, 1 },   { 0, 3 }, { 1, 0 },  { 1, 3 },  { 11, 0 }, { 11, 99 },
		       { 16, 65 }, { 5, 0 }, { 17, 0 }, { 17, 2 }, { 30, 1 } };
	for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
		memcpy(bad, good, len);
		bad[broken[i].at] = broken[i].value;
		assert_int_equal(law_fact_decode(cy_bytes(bad, len), &f), CY_EPARSE);
	}
	/* Of a kind that the other side alone may say: rejected, and kept as void. */
	memcpy(bad, good, len);
	bad[1] = 1;
	assert_int_equal(law_fact_decode(cy_bytes(bad, len), &f), CY_OK);
	f.number = 42;
	memcpy(bad, good, len);
	bad[len] = 0;
	assert_int_equal(law_fact_decode(cy_bytes(bad, len + 1), &f), CY_EPARSE);
	assert_int_equal(f.number, 42);
}

static void a_result_tells_outcome_and_part_by_measure(void **state)
{
	CyMeasureResult one = CY_MEASURE_RESULT__INIT, two = CY_MEASURE_RESULT__INIT, *list[] = { &one, &two };
	CyResult result = CY_RESULT__INIT;
	CyContent content = CY_CONTENT__INIT;
	CyMessage m = CY_MESSAGE__INIT;
	struct law_fact f;

	(void)state;
	one.measure = 3;
	one.outcome = CY_MEASURE_OUTCOME__NOT_EXECUTED;
	two.measure = 1;
	two.partial = 1;
	result.n_results = 2;
	result.results = list;
	content.kind_case = CY_CONTENT__KIND_RESULT;
	content.result = &result;
	m.author_side = ASKED;
	m.number = 5;
	m.seen = 2;
	m.content = &content;
	law_fact_of(&m, &f);
	assert_int_equal(f.side, ASKED);
	assert_int_equal(f.number, 5);
	assert_int_equal(f.seen, 2);
	assert_int_equal(f.kind, CY_CONTENT__KIND_RESULT);
	assert_int_equal(f.code[0], 0x80);
	assert_int_equal(f.code[1], 0);
	assert_int_equal(f.code[2], CY_MEASURE_OUTCOME__NOT_EXECUTED);
	assert_round_trip(&f);
}

static void a_withdrawal_names_its_measures_and_an_answer_its_question(void **state)
{
	uint32_t list[] = { 2, 64 };
	CyWithdrawal w = CY_WITHDRAWAL__INIT;
	CyConditionsAccepted a = CY_CONDITIONS_ACCEPTED__INIT;
	CyContent content = CY_CONTENT__INIT;
	CyMessage m = CY_MESSAGE__INIT;
	struct law_fact f;

	(void)state;
	w.n_measures = 2;
	w.measures = list;
	content.kind_case = CY_CONTENT__KIND_WITHDRAWAL;
	content.withdrawal = &w;
	m.content = &content;
	law_fact_of(&m, &f);
	assert_int_equal(law_fact_mask(&f), UINT64_C(1) << 63 | 2);
	a.proposal = 12;
	content.kind_case = CY_CONTENT__KIND_CONDITIONS_ACCEPTED;
	content.conditions_accepted = &a;
	law_fact_of(&m, &f);
	assert_int_equal(f.ref, 12);
}

static void the_table_of_kinds_is_that_of_the_schema(void **state)
{
	(void)state;
	assert_int_equal(law_kinds_n, cy_content__descriptor.n_fields);
	for (size_t i = 0; i < law_kinds_n; i++) {
		const ProtobufCFieldDescriptor *d =
			protobuf_c_message_descriptor_get_field_by_name(&cy_content__descriptor, law_kinds[i].name);

		assert_non_null(d);
		assert_int_equal(d->id, law_kinds[i].number);
		assert_int_equal(law_kind_by_name(law_kinds[i].name), law_kinds[i].number);
		assert_string_equal(law_kind_name(law_kinds[i].number), law_kinds[i].name);
	}
	assert_null(law_kind_name(999));
	assert_int_equal(law_kind_by_name("nonsense"), 0);
	assert_true(law_kind_opens(CY_CONTENT__KIND_NOTIFICATION));
	assert_false(law_kind_opens(CY_CONTENT__KIND_NOTE));
	assert_true(law_kind_stated(CY_CONTENT__KIND_REMINDER));
	assert_false(law_kind_stated(CY_CONTENT__KIND_NOTE));
	assert_false(law_kind_stated(0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_fact_of_every_kind_comes_back_from_its_encoding),
		cmocka_unit_test(a_fact_of_the_first_version_is_read_without_instants),
		cmocka_unit_test(what_encode_did_not_write_is_refused_and_the_output_left_alone),
		cmocka_unit_test(a_result_tells_outcome_and_part_by_measure),
		cmocka_unit_test(a_withdrawal_names_its_measures_and_an_answer_its_question),
		cmocka_unit_test(the_table_of_kinds_is_that_of_the_schema),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
