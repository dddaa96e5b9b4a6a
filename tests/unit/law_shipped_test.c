/* Every rule of every shipped profile: each clock is started, met by each thing that
 * meets it, met too late, suspended and extended where the profile says so, and each
 * ground refuses a measure. And every kind of message in every phase of a case. The
 * expected ends are counted here again, by hand's rules: in UTC, and without holidays. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants these first */
#include <cmocka.h>
#include <stdio.h>

#include "config/profile_confuse.h"
#include "law/clock.h"
#include "law/kinds.h"
#include "law_cases.h"

#define DAY  INT64_C(86400000)
#define HOUR INT64_C(3600000)

static struct cy_arena arena;
static const struct law_profile *const *profiles;
static size_t n_profiles;

static int load(void **state)
{
	struct config_problems problems = { 0 };

	(void)state;
	arena = (struct cy_arena){ 0 };
	return profile_load_dir("config/treaties", &arena, &profiles, &n_profiles, &problems);
}

static int unload(void **state)
{
	(void)state;
	cy_arena_free(&arena);
	return 0;
}

static int64_t at(const char *rfc3339)
{
	struct cy_wall t;

	assert_int_equal(cy_rfc3339_parse(rfc3339, &t), CY_OK);
	return t.ms;
}

/* A Monday, and the Tuesday on which all clocks of a period start. */
#define OPENED at("2027-02-01T09:30:00.000Z")
#define START  at("2027-02-02T09:30:00.000Z")
#define WANTED "2027-03-10"

/* ------------------------------------------------------------------ one clock */

struct trial {
	const struct law_profile *p;
	const struct law_clock_rule *rule;
	struct history h;
	struct law_terms terms;
	struct law_stated stated;
	uint32_t notice;
	bool registered;
	struct law_clock found;
	bool there;
};

static uint32_t tell(struct trial *t, CySide side, struct law_fact f, int64_t when)
{
	uint32_t number = add(&t->h, side, f);

	t->h.f[t->h.n - 1].at_ms = when;
	return number;
}

static void registers(struct trial *t, int64_t when)
{
	if (!t->registered)
		tell(t, ASKED, say(K(ACKNOWLEDGEMENT), 0, CY_ACKNOWLEDGED_BY__CENTRAL_AUTHORITY, 0), when);
	t->registered = true;
}

static uint8_t first_measure(law_measures set)
{
	uint8_t type = 0;

	while ((set >> type & 1) == 0)
		type++;
	return type;
}

static void opens(struct trial *t, const struct law_profile *p, law_measures measures, bool urgent)
{
	struct law_fact request = say(K(REQUEST), 0, 0, 0);

	*t = (struct trial){ .p = p };
	t->terms = (struct law_terms){ .n = 1, .urgency_day = LAW_NO_DAY, .urgent = urgent, .opened_ms = OPENED };
	for (size_t i = 0; i < CY_MEASURES_MAX; i++)
		t->terms.wanted[i] = LAW_NO_DAY;
	t->terms.type[0] = first_measure(measures != 0 ? measures : p->measures);
	request.measures = 1;
	tell(t, ASKS, request, OPENED);
}

static void states(struct trial *t)
{
	t->stated = (struct law_stated){ .start_ms = START };
	assert_int_equal(cy_copy(t->stated.key.name, sizeof t->stated.key.name, t->rule->name), CY_OK);
	t->stated.key.measure = t->rule->by_measure;
	t->stated.key.notice = t->notice;
}

/* Until it runs. */
static void begins(struct trial *t, const struct law_profile *p, const struct law_clock_rule *rule)
{
	struct law_fact f;

	opens(t, p, rule->measures, rule->urgent_only);
	t->rule = rule;
	switch (rule->start) {
	case LAW_START_RECEIVED:
		states(t);
		return;
	case LAW_START_RECEIVED_EXECUTING:
	case LAW_START_ACKNOWLEDGED:
		registers(t, START);
		f = say(K(ACKNOWLEDGEMENT), 0, CY_ACKNOWLEDGED_BY__EXECUTING_AUTHORITY, 0);
		f.stated_ms = START;
		if (rule->start == LAW_START_RECEIVED_EXECUTING)
			tell(t, ASKED, f, START + HOUR);
		return;
	case LAW_START_DECIDED:
		registers(t, OPENED);
		f = say(K(DECISION), 0, 1, 0);
		f.stated_ms = START;
		tell(t, ASKED, f, START + HOUR);
		return;
	case LAW_START_EFFECTED:
		registers(t, OPENED);
		f = say(K(RESULT), 0, 0x80, 0);
		f.stated_ms = START;
		tell(t, ASKED, f, START + HOUR);
		return;
	case LAW_START_CLARIFICATION:
	case LAW_START_ANSWER_DATE:
		f = say(K(PROBLEM_NOTICE), 0, 0, 0);
		if (rule->start == LAW_START_ANSWER_DATE)
			f.day = law_day(WANTED);
		t->notice = tell(t, ASKED, f, START);
		if (rule->start == LAW_START_CLARIFICATION)
			states(t);
		return;
	case LAW_START_WANTED_DATE:
		t->terms.wanted[0] = law_day(WANTED);
		states(t);
		return;
	case LAW_START_URGENCY_DATE:
		t->terms.urgency_day = law_day(WANTED);
		states(t);
		return;
	case LAW_STARTS_N:
		break;
	}
	fail();
}

static int keep(void *arg, const struct law_clock *c)
{
	struct trial *t = arg;

	if (strcmp(c->key.name, t->rule->name) == 0 && c->key.notice == t->notice) {
		t->found = *c;
		t->there = true;
	}
	return CY_OK;
}

static const struct law_clock *clock_of(struct trial *t)
{
	const struct law_clock_input in = { .profile = t->p,
					    .terms = &t->terms,
					    .facts = t->h.f,
					    .n = t->h.n,
					    .stated = &t->stated,
					    .n_stated = t->stated.start_ms > 0 };

	t->there = false;
	assert_int_equal(law_clocks(&in, keep, t), CY_OK);
	if (!t->there)
		fail_msg("%s: there is no clock %s", t->p->id, t->rule->name);
	return &t->found;
}

static void assert_clock(struct trial *t, enum law_clock_state state, int64_t due)
{
	const struct law_clock *c = clock_of(t);
	char found[CY_RFC3339_SIZE], expected[CY_RFC3339_SIZE];

	cy_rfc3339(c->due, found);
	cy_rfc3339((struct cy_wall){ due }, expected);
	if (c->state == state && c->due.ms == due)
		return;
	for (size_t i = 0; i < c->count.n; i++)
		print_message("%s\n", c->count.steps[i]);
	fail_msg("%s: clock %s is %s until %s; expected is %s until %s", t->p->id, t->rule->name,
		 law_clock_state_name(c->state), found, law_clock_state_name(state), expected);
}

/* ------------------------------------------------------------------ its end */

static bool weekend(int64_t day)
{
	return (day + 3) % 7 >= 5; /* 1970-01-01 was a Thursday */
}

/* What a period from `start` comes to. */
static int64_t counted(const struct law_profile *p, const char *rule, const struct law_period *period, int64_t start)
{
	const struct law_rule *r = law_find_rule(p, rule);
	const bool exclude = r->exclude_event[0] != '\0';
	int64_t day = start / DAY, left = period->amount;

	switch (period->unit) {
	case LAW_HOUR:
		if (exclude)
			start = (start / HOUR + 1) * HOUR;
		return start + left * HOUR - 1;
	case LAW_WORKING_DAY:
		for (day -= !exclude; left > 0; left -= !weekend(day))
			day++;
		return (day + 1) * DAY - 1;
	case LAW_CALENDAR_DAY:
		day += left - !exclude;
		break;
	case LAW_WEEK:
		day += 7 * left;
		break;
	}
	while (r->roll_over[0] != '\0' && weekend(day))
		day++;
	return (day + 1) * DAY - 1;
}

static int64_t expected_due(const struct law_profile *p, const struct law_clock_rule *rule)
{
	return rule->period.amount > 0 ? counted(p, rule->rule, &rule->period, START) : (law_day(WANTED) + 1) * DAY - 1;
}

static void meets(struct trial *t, enum law_meet m, int64_t when)
{
	switch (m) {
	case LAW_MEET_ACKNOWLEDGEMENT:
		registers(t, when);
		return;
	case LAW_MEET_EXECUTING_ACKNOWLEDGEMENT:
		registers(t, START);
		tell(t, ASKED, say(K(ACKNOWLEDGEMENT), 0, CY_ACKNOWLEDGED_BY__EXECUTING_AUTHORITY, 0), when);
		return;
	case LAW_MEET_DECISION:
		registers(t, START);
		tell(t, ASKED, say(K(DECISION), 0, 1, 0), when);
		return;
	case LAW_MEET_EXECUTION:
		registers(t, START);
		tell(t, ASKED, say(K(RESULT), 0, CY_MEASURE_OUTCOME__EXECUTED, 0), when);
		return;
	case LAW_MEET_OBJECTION:
		tell(t, ASKED, say(K(PROBLEM_NOTICE), 0, 0, 0), when);
		return;
	case LAW_MEET_SUPPLEMENT:
		tell(t, ASKS, say(K(SUPPLEMENT), t->notice, 0, 0), when);
		return;
	case LAW_MEET_FOLLOW_UP:
		tell(t, ASKS, say(K(SUPPLEMENT), 0, 0, 0), when);
		return;
	case LAW_MEET_NOTHING:
	case LAW_MEETS_N:
		break;
	}
	fail();
}

/* Each clock rule in turn. */
static void each(void (*fn)(const struct law_profile *p, const struct law_clock_rule *rule, int64_t due))
{
	size_t n = 0;

	for (size_t i = 0; i < n_profiles; i++)
		for (size_t k = 0; k < profiles[i]->n_clocks; k++, n++)
			fn(profiles[i], &profiles[i]->clocks[k], expected_due(profiles[i], &profiles[i]->clocks[k]));
	assert_true(n > 40);
}

static void runs(const struct law_profile *p, const struct law_clock_rule *rule, int64_t due)
{
	struct trial t;

	begins(&t, p, rule);
	assert_clock(&t, LAW_CLOCK_RUNNING, due);
	if (rule->period.amount > 0)
		assert_int_equal(t.found.start.ms, START);
}

static void is_met(const struct law_profile *p, const struct law_clock_rule *rule, int64_t due)
{
	struct trial t;

	for (unsigned m = 0; m < LAW_MEETS_N; m++)
		for (int late = 0; late < 2 && (rule->met_by >> m & 1) != 0; late++) {
			const int64_t when = late ? due + 1 : due;

			begins(&t, p, rule);
			meets(&t, (enum law_meet)m, when);
			assert_clock(&t, LAW_CLOCK_MET, due);
			assert_int_equal(t.found.ended.ms, when);
		}
}

static void is_extended(const struct law_profile *p, const struct law_clock_rule *rule, int64_t due)
{
	struct law_fact f = say(K(EXTENSION), 0, 1, 0);
	struct trial t;

	if (!rule->extensible)
		return;
	/* By two days, and by more than it may be. */
	begins(&t, p, rule);
	registers(&t, START);
	f.day = (int32_t)(due / DAY + 2);
	tell(&t, ASKED, f, due - 1);
	assert_clock(&t, LAW_CLOCK_RUNNING, (f.day + 1) * DAY - 1);
	assert_int_equal(t.found.round, 1);
	begins(&t, p, rule);
	registers(&t, START);
	f.day = (int32_t)(due / DAY + 1000);
	tell(&t, ASKED, f, due - 1);
	assert_clock(&t, LAW_CLOCK_RUNNING,
		     rule->extension.amount > 0 ? counted(p, rule->rule, &rule->extension, due)
						: (f.day + 1) * DAY - 1);
}

/* Held on Wednesday, and going on on the Friday of the week after. */
static void is_suspended(const struct law_profile *p, const struct law_clock_rule *rule, int64_t due)
{
	const int64_t from = rule->period.unit == LAW_HOUR ? START + 1 : at("2027-02-03T12:00:00.000Z");
	const int64_t until = from + 9 * DAY;

	for (unsigned s = 0; s < LAW_SUSPENDS_N; s++) {
		struct trial t;
		uint32_t number;

		if ((rule->suspended_by >> s & 1) == 0)
			continue;
		begins(&t, p, rule);
		registers(&t, START);
		number = tell(&t, ASKED,
			      say(s == LAW_SUSPEND_POSTPONEMENT ? K(POSTPONEMENT)
				  : s == LAW_SUSPEND_NOTICE     ? K(PROBLEM_NOTICE)
								: K(CONDITIONS_PROPOSED),
				  0, 1, 0),
			      from);
		assert_clock(&t, LAW_CLOCK_SUSPENDED, due);
		if (s == LAW_SUSPEND_POSTPONEMENT)
			tell(&t, ASKED, say(K(RESUMPTION), 0, 1, 0), until);
		else
			tell(&t, ASKS,
			     say(s == LAW_SUSPEND_NOTICE ? K(SUPPLEMENT) : K(CONDITIONS_ACCEPTED), number, 0, 0),
			     until);
		/* The days that had not begun, or the hours, follow. */
		if (rule->period.unit == LAW_HOUR)
			assert_clock(&t, LAW_CLOCK_RUNNING, due + 9 * DAY);
		else
			assert_clock(
				&t, LAW_CLOCK_RUNNING,
				counted(p, rule->rule,
					&(struct law_period){ LAW_CALENDAR_DAY, (uint32_t)(due / DAY - from / DAY) },
					until));
		assert_int_equal(t.found.round, 1);
	}
}

static void every_clock_starts_and_ends_when_its_rule_says(void **state)
{
	(void)state;
	each(runs);
}

static void every_clock_is_met_by_what_its_rule_names_in_time_or_late(void **state)
{
	(void)state;
	each(is_met);
}

static void every_clock_that_may_be_extended_is_and_no_further_than_its_rule_allows(void **state)
{
	(void)state;
	each(is_extended);
}

static void every_clock_that_may_stand_still_does_and_goes_on(void **state)
{
	(void)state;
	each(is_suspended);
}

/* ------------------------------------------------------------------- grounds */

static int assert_over(void *arg, const struct law_clock *c)
{
	(void)arg;
	if (c->key.measure == 1)
		assert_true(c->state == LAW_CLOCK_MET || c->state == LAW_CLOCK_CEASED);
	return CY_OK;
}

static void every_ground_refuses_a_measure_and_ends_its_clocks(void **state)
{
	size_t n = 0;

	(void)state;
	for (size_t i = 0; i < n_profiles; i++)
		for (size_t k = 0; k < profiles[i]->n_grounds; k++, n++) {
			const CyRefusalGround ground = profiles[i]->grounds[k].ground;
			struct trial t;
			struct law_case c;

			opens(&t, profiles[i], 0, false);
			registers(&t, START);
			tell(&t, ASKED, say(K(REFUSAL), 0, (uint8_t)ground, 0), START + DAY);
			c = folded(&t.h);
			assert_int_equal(c.state, LAW_CASE_REFUSED);
			assert_int_equal(c.measures[0].state, LAW_MEASURE_REFUSED);
			assert_int_equal(c.measures[0].ground, ground);
			assert_int_equal(law_clocks(&(struct law_clock_input){ .profile = t.p,
									       .terms = &t.terms,
									       .facts = t.h.f,
									       .n = t.h.n },
						    assert_over, NULL),
					 CY_OK);
		}
	assert_true(n > 40);
}

/* ----------------------------------------------------------- kinds and phases */

static struct history in_phase(unsigned phase)
{
	struct history h = { .n = 0 };

	if (phase == 0)
		return h;
	h = phase == LAW_REGISTERED || phase == LAW_CLOSED ? registered() : requested();
	if (phase == LAW_OVER)
		add(&h, ASKED, say(K(RETURNED_DEFICIENT), 0, 0, 0));
	return h;
}

/* What the kind needs to be there, so that only the phase can stand against it. */
static struct law_fact prepared(struct history *h, uint32_t kind, bool admitted)
{
	const CySide side = law_kind_by(kind, ASKS) ? ASKS : ASKED;
	struct law_fact f = say(kind, 0, 1, 0);

	switch (kind) {
	case K(REQUEST):
	case K(NOTIFICATION):
	case K(SPONTANEOUS_INFORMATION):
		return say(kind, 0, 0, 0);
	case K(ACKNOWLEDGEMENT):
		f.code[0] = folded(h).registered ? CY_ACKNOWLEDGED_BY__EXECUTING_AUTHORITY
						 : CY_ACKNOWLEDGED_BY__CENTRAL_AUTHORITY;
		return f;
	case K(CONDITIONS_ACCEPTED):
	case K(CONDITIONS_DECLINED):
		return say(kind, admitted ? add(h, ASKED, say(K(CONDITIONS_PROPOSED), 0, 1, 0)) : 1, 0, 0);
	case K(RESUMPTION):
		if (admitted)
			add(h, ASKED, say(K(POSTPONEMENT), 0, 1, 0));
		return f;
	case K(EVIDENCE_VERIFICATION):
	case K(EVIDENCE_RETURN):
	case K(DESTRUCTION_CERTIFICATE):
		return say(kind, admitted ? add(h, ASKED, say(K(RESULT), 0, CY_MEASURE_OUTCOME__EXECUTED, 0)) : 1, 0,
			   0);
	case K(USE_CONSENT_DECISION):
		return say(kind, admitted ? add(h, ASKS, say(K(USE_CONSENT_REQUEST), 0, 0, 0)) : 1, 0, 0);
	case K(CLOSURE):
		if (admitted)
			add(h, ASKS, say(K(WITHDRAWAL), 0, 0, 0));
		return say(kind, 0, 0, 0);
	case K(REVIEW_RELIANCE):
		return say(kind, admitted ? add(h, other_side(side), say(K(REVIEW_ATTESTATION), 0, 0, 0)) : 1, 0, 0);
	default:
		return law_kind_by(kind, ASKED) && !law_kind_by(kind, ASKS) ? f : say(kind, 0, 0, 0);
	}
}

/* Evidence that was given is spoken of after the close, too: the result comes before. */
static void closes(struct history *h, struct law_fact *f)
{
	if (f->kind == K(EVIDENCE_VERIFICATION) || f->kind == K(EVIDENCE_RETURN) ||
	    f->kind == K(DESTRUCTION_CERTIFICATE))
		f->ref = add(h, ASKED, say(K(RESULT), 0, CY_MEASURE_OUTCOME__EXECUTED, CY_MEASURE_OUTCOME__EXECUTED));
	else
		add(h, ASKS, say(K(WITHDRAWAL), 0, 0, 0));
	add(h, ASKED, say(K(CLOSURE), 0, 0, 0));
}

static void judged(const struct law_kind *k, unsigned phase)
{
	const CySide side = (k->who & LAW_ASKING) != 0 ? ASKS : ASKED;
	const bool admitted = phase == 0 ? k->phases == 0 : (k->phases & phase) != 0;
	const bool afterwards = phase == LAW_CLOSED && admitted && k->number != K(USE_CONSENT_DECISION) &&
				k->number != K(REVIEW_RELIANCE);
	struct history h = in_phase(phase);
	struct law_fact f;

	if (phase == LAW_CLOSED && !afterwards) {
		struct law_fact none = { .kind = 0 };

		closes(&h, &none);
	}
	f = prepared(&h, k->number, admitted && !afterwards);
	if (afterwards)
		closes(&h, &f);
	f = by(&h, side, f, last_number(&h, other_side(side)));
	if (law_admit(h.f, h.n, &f, NULL) != (admitted ? CY_OK : CY_ESTATE))
		fail_msg("%s in phase %u is %s", k->name, phase, admitted ? "not admitted" : "admitted");
}

static void every_kind_is_admitted_in_its_phases_and_in_no_other(void **state)
{
	static const unsigned phases[] = { 0, LAW_UNREGISTERED, LAW_REGISTERED, LAW_OVER, LAW_CLOSED };

	(void)state;
	for (size_t i = 0; i < law_kinds_n; i++)
		for (size_t k = 0; k < sizeof phases / sizeof phases[0]; k++)
			judged(&law_kinds[i], phases[k]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_clock_starts_and_ends_when_its_rule_says),
		cmocka_unit_test(every_clock_is_met_by_what_its_rule_names_in_time_or_late),
		cmocka_unit_test(every_clock_that_may_be_extended_is_and_no_further_than_its_rule_allows),
		cmocka_unit_test(every_clock_that_may_stand_still_does_and_goes_on),
		cmocka_unit_test(every_ground_refuses_a_measure_and_ends_its_clocks),
		cmocka_unit_test(every_kind_is_admitted_in_its_phases_and_in_no_other),
	};

	return cmocka_run_group_tests(tests, load, unload);
}
