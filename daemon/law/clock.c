#include "law/clock.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mutant.h"
#include "law/kinds.h"
#include "law/received.h"
#include "law/stated.h"
#include "law/story.h"

/* One clock while the story is told to it. */
struct telling {
	const struct law_clock_input *in;
	const struct law_story *s;
	struct law_clock *c;
	uint64_t mine;     /* its measures, a bit each; 0: a case without any */
	int64_t opened_ms; /* the case was */
	bool by_receipt;   /* its start is that of the signed receipt */
	bool started;
	/* The rule by which its due instant was counted, unless the date was stated. */
	bool counted;
	struct law_period period;
	struct cy_wall from;
	bool remainder; /* of a period: nothing is added to a short one */
	/* The latest instant to which all extensions together may move it; 0: it was not extended yet. */
	struct cy_wall most;
	struct cy_wall since; /* suspended; 0: not */
};

static const struct law_zone *zone_of(const struct telling *t)
{
	static const struct law_offset always[] = { { INT64_MIN, 0 } };
	static const struct law_zone utc = { .name = "UTC", .n = 1, .offsets = always };
	const struct law_zone *z = t->in->zone[t->c->rule->obliged];

	return z != NULL ? z : &utc;
}

static const struct law_calendar *calendar_of(const struct telling *t)
{
	return t->in->calendar[t->c->rule->obliged];
}

__attribute__((format(printf, 2, 3))) static void say(struct telling *t, const char *fmt, ...)
{
	struct law_count *count = &t->c->count;
	va_list ap;

	/* The last line stands for all that do not fit. */
	if (count->n == LAW_COUNT_STEPS)
		count->n--;
	va_start(ap, fmt);
	vsnprintf(count->steps[count->n++], sizeof count->steps[0], fmt, ap);
	va_end(ap);
}

static void date_text(const struct telling *t, struct cy_wall w, char out[static 24])
{
	int32_t ms = 0;
	const struct cy_date d = law_local_date(zone_of(t), w, &ms);

	snprintf(out, 24, "%04d-%02d-%02d %02d:%02d", d.year, d.month, d.day, ms / 3600000, ms / 60000 % 60);
}

static bool about(const struct telling *t, const struct law_told *x)
{
	return t->mine == 0 || (x->on & t->mine) != 0;
}

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* Did it give one of the measures that it is about such a result? */
static bool gives(const struct telling *t, const struct law_told *x, bool (*such)(uint8_t code))
{
	for (unsigned i = 0; x->f->kind == CY_CONTENT__KIND_RESULT && i < CY_MEASURES_MAX; i++)
		if ((x->on & t->mine & UINT64_C(1) << i) != 0 && such(x->f->code[i]))
			return true;
	return false;
}

static bool is_executed(uint8_t code)
{
	return code == CY_MEASURE_OUTCOME__EXECUTED || code == CY_MEASURE_OUTCOME__PARTIALLY_EXECUTED;
}

/* Also in part, so far. */
static bool is_effected(uint8_t code)
{
	return (code & 0x80) != 0 || is_executed(code);
}

/* ------------------------------------------------------------------- counting */

/* Its time limit: a period, counted from an instant. */
static int count(struct telling *t, struct cy_wall from, const struct law_period *p)
{
	const struct law_rule *stated = law_find_rule(t->in->profile, t->c->rule->rule);
	struct law_count counted;
	struct law_rule rule;
	int r;

	if (stated == NULL)
		return CY_EINVAL;
	rule = *stated;
	if (t->remainder)
		rule.two_working = "";
	r = law_count(p, &rule, zone_of(t), calendar_of(t), from, &counted, NULL);
	if (r < 0)
		return r;
	for (size_t i = 0; i < counted.n; i++)
		say(t, "%s", counted.steps[i]);
	t->c->count.no_calendar = t->c->count.no_calendar || counted.no_calendar;
	t->c->due = counted.due;
	t->counted = true;
	t->period = *p;
	t->from = from;
	return CY_OK;
}

static int begin(struct telling *t, int64_t start_ms, int32_t day)
{
	char text[24];

	t->started = true;
	t->c->start = (struct cy_wall){ start_ms };
	date_text(t, t->c->start, text);
	say(t, "It starts %s in %s: %s (Article %s).", text, zone_of(t)->name, t->c->rule->obligation,
	    t->c->rule->source.article);
	if (t->by_receipt)
		say(t, "%s: the receipt that it signed for the message says when it had it.",
		    t->c->overruled ? "The obliged authority states a later start"
				    : "The obliged authority has stated no start");
	if (t->c->rule->period.amount > 0)
		return count(t, t->c->start, &t->c->rule->period);
	t->c->due = law_end_of_day(zone_of(t), cy_date_of_days(day));
	date_text(t, t->c->due, text);
	say(t, "The date asked for ends %s.", text);
	return CY_OK;
}

static int64_t day_of(const struct telling *t, struct cy_wall at)
{
	return cy_date_days(law_local_date(zone_of(t), at, NULL));
}

/* The rest of the period when the count stops: whole days that had not begun. */
static int remaining(const struct telling *t, struct law_period *ret)
{
	const struct law_rule *stated = law_find_rule(t->in->profile, t->c->rule->rule);
	const int64_t first = day_of(t, t->since), last = day_of(t, t->c->due);
	struct law_rule rule;
	int64_t ms;

	if (!t->counted || stated == NULL) {
		const int64_t days = last > first ? last - first : 0;

		*ret = (struct law_period){ LAW_CALENDAR_DAY,
					    (uint32_t)(days < LAW_AMOUNT_MAX ? days : LAW_AMOUNT_MAX) };
		return CY_OK;
	}
	rule = *stated;
	if (t->remainder)
		rule.two_working = "";
	return law_remaining(&t->period, &rule, zone_of(t), calendar_of(t), t->from, t->since, ret, &ms);
}

/* Of a resumption the day is not counted, also by a rule that counts the day of the event: the day on which it stood
 * still was, and both may be the same. */
static struct cy_wall day_after(const struct telling *t, struct cy_wall at)
{
	const struct law_rule *rule = law_find_rule(t->in->profile, t->c->rule->rule);

	if (rule == NULL || rule->exclude_event[0] != '\0')
		return at;
	return (struct cy_wall){ law_end_of_day(zone_of(t), law_local_date(zone_of(t), at, NULL)).ms + 1 };
}

static bool in_hours(const struct telling *t)
{
	return t->c->rule->period.unit == LAW_HOUR && t->c->rule->period.amount > 0;
}

static int go_on(struct telling *t, struct cy_wall at)
{
	struct law_period left;
	char since[24], until[24];
	int r;

	date_text(t, t->since, since);
	date_text(t, at, until);
	t->c->round++;
	if (in_hours(t)) {
		t->c->due.ms += at.ms - t->since.ms;
		say(t, "It stood still from %s to %s: the end moves by that time.", since, until);
		return CY_OK;
	}
	r = remaining(t, &left);
	if (r < 0)
		return r;
	say(t, "It stood still from %s to %s: %u day(s) were left, and count from the day after.", since, until,
	    left.amount);
	t->remainder = true;
	if (t->c->rule->rule[0] != '\0')
		return count(t, left.amount > 0 ? day_after(t, at) : at, &left);
	t->c->due = law_end_of_day(zone_of(t), cy_date_of_days(day_of(t, at) + left.amount));
	t->counted = false;
	return CY_OK;
}

/* The latest end of an extension moves with the end of the clock: by days, which need not have 24 hours each, unless
 * the period is one of hours. */
static int resume(struct telling *t, struct cy_wall at)
{
	const struct cy_wall was = t->c->due;
	const int r = go_on(t, at);

	if (t->most.ms == 0)
		return r;
	if (in_hours(t))
		t->most.ms += t->c->due.ms - was.ms;
	else
		t->most = law_end_of_day(zone_of(t),
					 cy_date_of_days(day_of(t, t->most) + day_of(t, t->c->due) - day_of(t, was)));
	return r;
}

/* It is over, and was not met: nothing that was said after its end moves the end. The other side has a breach before
 * it, whatever excuses that. By the author's own instant: a message may arrive late. */
static bool is_over(const struct telling *t, const struct law_fact *f)
{
	return !CY_MUTANT_LAW_REVIVED && t->started && t->since.ms == 0 && law_counted(f->at_ms) > t->c->due.ms;
}

static void excuse(struct telling *t, const struct law_fact *f, const char *what)
{
	char text[24];

	if (t->c->excused.ms != 0)
		return;
	t->c->excused = (struct cy_wall){ law_counted(f->at_ms) };
	t->c->excused_by = f->number;
	date_text(t, t->c->excused, text);
	say(t, "Message %u %s on %s, when it was over: its end stays.", f->number, what, text);
}

static int extend(struct telling *t, const struct law_told *x)
{
	const struct law_fact *f = x->f;
	const struct law_clock_rule *rule = t->c->rule;
	const struct law_rule *count_rule = law_find_rule(t->in->profile, rule->rule);
	struct cy_wall due = { 0 };
	struct law_count longest;
	char text[24];

	if (f->kind != CY_CONTENT__KIND_EXTENSION || f->side != rule->obliged || !rule->extensible || !about(t, x) ||
	    (f->clock[0] != '\0' && strcmp(f->clock, rule->name) != 0))
		return CY_OK;
	if (is_over(t, f)) {
		excuse(t, f, "extends it");
		return CY_OK;
	}
	if (f->day != LAW_NO_DAY)
		due = law_end_of_day(zone_of(t), cy_date_of_days(f->day));
	if (t->most.ms == 0 && rule->extension.amount > 0 && count_rule != NULL) {
		int r = law_count(&rule->extension, count_rule, zone_of(t), calendar_of(t), t->c->due, &longest, NULL);

		if (r < 0)
			return r;
		t->most = longest.due;
	}
	if (t->most.ms != 0 && (due.ms == 0 || due.ms > t->most.ms))
		due = t->most;
	if (due.ms <= t->c->due.ms)
		return CY_OK;
	t->c->due = due;
	t->counted = false;
	t->c->round++;
	date_text(t, due, text);
	say(t, "Message %u extends it to %s (Article %s%s).", f->number, text, rule->extension_source.article,
	    t->most.ms == due.ms ? ", the most it allows" : "");
	return CY_OK;
}

/* ------------------------------------------------------------------ the story */

/* When the side that owes received it; 0: that has to be stated. */
static int64_t came(struct telling *t, const struct law_fact *sent)
{
	return law_received(t->in, t->s, t->c, sent, &t->by_receipt);
}

/* Does this fact start it? Then *ret_ms is when; 0: that has to be stated. */
static bool starts(struct telling *t, const struct law_told *x, int64_t *ret_ms, int32_t *ret_day)
{
	const struct law_terms *terms = t->in->terms;
	const struct law_clock_key *key = &t->c->key;
	const struct law_fact *f = x->f;
	const bool opens = law_kind_opens(f->kind), ack = f->kind == CY_CONTENT__KIND_ACKNOWLEDGEMENT;

	*ret_ms = law_stated_instant(f, t->opened_ms);
	switch (t->c->rule->start) {
	case LAW_START_RECEIVED:
		*ret_ms = opens ? came(t, f) : 0;
		return opens;
	case LAW_START_RECEIVED_EXECUTING:
		return ack && f->code[0] == CY_ACKNOWLEDGED_BY__EXECUTING_AUTHORITY;
	case LAW_START_ACKNOWLEDGED:
		return ack;
	case LAW_START_DECIDED:
		return f->kind == CY_CONTENT__KIND_DECISION && about(t, x);
	case LAW_START_EFFECTED:
		/* A measure that was not carried out has no lasting effect. */
		return gives(t, x, f->stated_ms > 0 ? is_effected : is_executed);
	case LAW_START_CLARIFICATION:
		if (f->kind != CY_CONTENT__KIND_PROBLEM_NOTICE || f->number != key->notice)
			return false;
		*ret_ms = came(t, f);
		return true;
	case LAW_START_WANTED_DATE:
		*ret_day = key->measure > 0 ? terms->wanted[key->measure - 1] : LAW_NO_DAY;
		return opens && *ret_day != LAW_NO_DAY;
	case LAW_START_URGENCY_DATE:
		*ret_day = terms->urgency_day;
		return opens && *ret_day != LAW_NO_DAY;
	case LAW_START_ANSWER_DATE:
		*ret_day = f->day;
		return f->kind == CY_CONTENT__KIND_PROBLEM_NOTICE && f->number == key->notice && f->day != LAW_NO_DAY;
	case LAW_STARTS_N:
		break;
	}
	return false;
}

/* An outcome, or a decision, of the last of its measures that had none. */
static bool last_of(const struct telling *t, const struct law_told *x, uint64_t left)
{
	const bool says = x->f->kind == CY_CONTENT__KIND_REFUSAL || x->f->kind == CY_CONTENT__KIND_RESULT ||
			  x->f->kind == CY_CONTENT__KIND_DECISION;

	return says && about(t, x) && ((left & t->mine) == 0 || CY_MUTANT_LAW_FIRST_MEASURE);
}

static bool meets_by(const struct telling *t, enum law_meet m, const struct law_told *x)
{
	const struct law_fact *f = x->f;

	switch (m) {
	case LAW_MEET_ACKNOWLEDGEMENT:
		return f->kind == CY_CONTENT__KIND_ACKNOWLEDGEMENT || f->kind == CY_CONTENT__KIND_RETURNED_DEFICIENT ||
		       f->kind == CY_CONTENT__KIND_REDIRECTION;
	case LAW_MEET_EXECUTING_ACKNOWLEDGEMENT:
		return f->kind == CY_CONTENT__KIND_ACKNOWLEDGEMENT &&
		       f->code[0] == CY_ACKNOWLEDGED_BY__EXECUTING_AUTHORITY;
	case LAW_MEET_DECISION:
		return last_of(t, x, x->undecided);
	case LAW_MEET_EXECUTION:
		return last_of(t, x, x->open);
	case LAW_MEET_OBJECTION:
		return (f->kind == CY_CONTENT__KIND_REFUSAL || f->kind == CY_CONTENT__KIND_PROBLEM_NOTICE ||
			(f->kind == CY_CONTENT__KIND_CONDITIONS_PROPOSED && f->code[0] != LAW_RETRACTED)) &&
		       about(t, x);
	case LAW_MEET_SUPPLEMENT:
		return f->kind == CY_CONTENT__KIND_SUPPLEMENT && (t->c->key.notice == 0 || f->ref == t->c->key.notice);
	case LAW_MEET_FOLLOW_UP:
		/* The answer to a problem notice corrects what was sent, and follows up on nothing. */
		return t->started && f->kind == CY_CONTENT__KIND_SUPPLEMENT && f->ref == 0;
	case LAW_MEET_NOTHING:
	case LAW_MEETS_N:
		break;
	}
	return false;
}

static bool is_met_by(const struct telling *t, unsigned meets)
{
	return (t->c->rule->met_by & meets) != 0;
}

static bool meets(const struct telling *t, const struct law_told *x)
{
	for (unsigned m = 0; m < LAW_MEETS_N; m++)
		if (is_met_by(t, 1u << m) && meets_by(t, (enum law_meet)m, x))
			return true;
	return false;
}

/* A duty about what was carried out, as long as that lasts. */
static bool is_of_keeping(const struct telling *t)
{
	return t->c->rule->start == LAW_START_EFFECTED ||
	       is_met_by(t, 1u << LAW_MEET_FOLLOW_UP | 1u << LAW_MEET_NOTHING);
}

/* The measures that were carried out in part, although the rest will not be. */
static bool is_kept(const struct telling *t, const struct law_told *x)
{
	return t->started && is_of_keeping(t) && (x->given & t->mine) != 0 && !CY_MUTANT_LAW_KEEPING_CEASES;
}

/* Nothing is owed any more. */
static bool ceases(const struct telling *t, const struct law_told *x, size_t place)
{
	const uint64_t left = is_met_by(t, 1u << LAW_MEET_DECISION) ? x->undecided : x->open;

	if (t->c->key.notice > 0 && law_story_closes(t->s, place, t->c->key.notice))
		return true; /* what it asked about has ended */
	switch (x->f->kind) {
	case CY_CONTENT__KIND_WITHDRAWAL:
		return (about(t, x) || CY_MUTANT_LAW_KEEPING_CEASES) && (left & t->mine) == 0 && !is_kept(t, x);
	case CY_CONTENT__KIND_REFUSAL:
		return t->c->key.measure > 0 && about(t, x) && !is_kept(t, x);
	case CY_CONTENT__KIND_RETURNED_DEFICIENT:
	case CY_CONTENT__KIND_REDIRECTION:
		return true;
	case CY_CONTENT__KIND_CLOSURE:
		/* Preserved data is kept beyond the case. */
		return CY_MUTANT_LAW_KEEPING_CEASES || !is_of_keeping(t);
	default:
		return false;
	}
}

/* Returns whether something that may suspend the clock does so. The request as a whole is postponed once all its open
 * measures are. */
static bool is_held(const struct telling *t, const struct law_told *x)
{
	const unsigned by = t->c->rule->suspended_by;
	const uint64_t open = x->open & t->mine;

	return ((by & 1u << LAW_SUSPEND_POSTPONEMENT) != 0 && open != 0 && (open & ~x->postponed) == 0) ||
	       ((by & 1u << LAW_SUSPEND_NOTICE) != 0 && (t->mine == 0 ? x->noticed : x->noticed & t->mine) != 0) ||
	       ((by & 1u << LAW_SUSPEND_CONDITIONS) != 0 && (x->proposed & t->mine) != 0);
}

static int suspend_or_resume(struct telling *t, const struct law_told *x)
{
	const bool held = is_held(t, x);
	const struct law_fact *f = x->f;

	if (!t->started || held == (t->since.ms != 0))
		return CY_OK;
	if (held && is_over(t, f)) {
		excuse(t, f, "holds it up");
		return CY_OK;
	}
	/* The authors' clocks may differ: no time runs backwards here. */
	if (held) {
		t->since = (struct cy_wall){ later(law_counted(f->at_ms) + (f->at_ms <= 0), t->c->start.ms) };
		return CY_OK;
	}
	{
		const struct cy_wall at = { later(law_counted(f->at_ms), t->since.ms) };
		int r = at.ms > t->since.ms ? resume(t, at) : CY_OK;

		t->since = (struct cy_wall){ 0 };
		return r;
	}
}

/* The first linked request that asks for more than what its own clock is about: who asks to preserve once more follows
 * nothing up. NULL: there is none. */
static const struct law_follow_up *followed_up(const struct telling *t)
{
	const struct law_follow_up *first = NULL;

	for (size_t i = 0; i < t->in->n_follow_ups; i++) {
		const struct law_follow_up *f = &t->in->follow_ups[i];

		if ((f->types & ~t->c->rule->measures) != 0 && (first == NULL || f->at_ms < first->at_ms))
			first = f;
	}
	return first;
}

/* Was it followed up before the instant at which the next message was said? What was asked for before there was
 * anything to follow up meets it as it starts. */
static bool linked(struct telling *t, int64_t before)
{
	const struct law_follow_up *f = followed_up(t);
	char text[24];

	if (f == NULL || !t->started || !is_met_by(t, 1u << LAW_MEET_FOLLOW_UP) || law_counted(f->at_ms) >= before)
		return false;
	t->c->state = LAW_CLOCK_MET;
	t->c->by_side = CY_SIDE__REQUESTING;
	t->c->ended.ms = law_counted(f->at_ms) > t->c->start.ms ? law_counted(f->at_ms) : t->c->start.ms;
	date_text(t, t->c->ended, text);
	say(t, "Met %s by the request of case %s, which follows this one.", text, f->case_id);
	return true;
}

static void end(struct telling *t, enum law_clock_state state, const struct law_fact *f)
{
	char text[24];

	t->c->state = state;
	t->c->ended = (struct cy_wall){ law_counted(f->at_ms) + (f->at_ms <= 0) };
	t->c->by = f->number;
	t->c->by_side = f->side;
	date_text(t, t->c->ended, text);
	say(t,
	    state == LAW_CLOCK_MET ? "Met %s by message %u of the %s side." : "Ends %s by message %u of the %s side.",
	    text, f->number, f->side == CY_SIDE__REQUESTING ? "requesting" : "requested");
}

/* An obligation that is met before its time limit has started, or is known to have started, is
 * met all the same; but a refused measure was never to be executed. */
static bool may_be_met(const struct telling *t, const struct law_fact *f)
{
	if (t->started || t->c->unstated || t->c->rule->start == LAW_START_RECEIVED_EXECUTING)
		return true;
	return t->c->rule->start == LAW_START_DECIDED && f->kind != CY_CONTENT__KIND_REFUSAL;
}

/* It started before the message that says so. What was said in between holds it up and extends it as if that had been
 * known, and what held the measure up when it started does so from the first. */
static int catch_up(struct telling *t, size_t place)
{
	int r = CY_OK;

	for (size_t i = 0; r == CY_OK && i < place; i++) {
		const struct law_told *x = &t->s->told[i];

		if (law_counted(x->f->at_ms) >= t->c->start.ms)
			r = extend(t, x);
		if (r == CY_OK)
			r = suspend_or_resume(t, x);
	}
	return r;
}

static int tell(struct telling *t, size_t place)
{
	const struct law_told *x = &t->s->told[place];
	int64_t ms = 0;
	int32_t day = LAW_NO_DAY;
	int r = CY_OK;

	if (!t->started && starts(t, x, &ms, &day)) {
		t->c->unstated = ms == 0;
		if (ms != 0)
			r = begin(t, ms, day);
		if (r == CY_OK && t->started)
			r = catch_up(t, place);
	} else if (may_be_met(t, x->f) && meets(t, x)) {
		end(t, LAW_CLOCK_MET, x->f);
		return CY_OK;
	}
	if (r == CY_OK && ceases(t, x, place)) {
		end(t, LAW_CLOCK_CEASED, x->f);
		return CY_OK;
	}
	if (r == CY_OK && t->started)
		r = extend(t, x);
	return r < 0 ? r : suspend_or_resume(t, x);
}

/* For all clocks of a case. */
struct teller {
	const struct law_clock_input *in;
	struct law_story story;
	int64_t opened_ms;
	int (*fn)(void *arg, const struct law_clock *c);
	void *arg;
};

static bool chosen(const struct law_clock_rule *rule, uint8_t type)
{
	return rule->measures == 0 || (type < 64 && (rule->measures & UINT64_C(1) << type) != 0);
}

/* The measures that it is about. */
static uint64_t measures_of(const struct teller *s, const struct law_clock_rule *rule, uint8_t measure)
{
	uint64_t mask = 0;

	if (measure > 0)
		return UINT64_C(1) << (measure - 1);
	for (unsigned i = 0; i < s->story.n_measures; i++)
		if (i >= s->in->terms->n || chosen(rule, s->in->terms->type[i]))
			mask |= UINT64_C(1) << i;
	return mask;
}

static int one(const struct teller *s, const struct law_clock_rule *rule, uint8_t measure, uint32_t notice)
{
	struct law_clock c = { .rule = rule, .key = { .measure = measure, .notice = notice } };
	struct telling t = {
		.in = s->in, .s = &s->story, .c = &c, .mine = measures_of(s, rule, measure), .opened_ms = s->opened_ms
	};
	int r = CY_OK;

	if (cy_copy(c.key.name, sizeof c.key.name, rule->name) < 0)
		return CY_EINVAL;
	for (size_t i = 0; r == CY_OK && i < s->story.n && c.ended.ms == 0; i++)
		if (!linked(&t, law_counted(s->story.told[i].f->at_ms)))
			r = tell(&t, i);
	if (r == CY_OK && c.ended.ms == 0)
		linked(&t, INT64_MAX);
	if (r < 0) {
		/* An absurd date of one message must not take the other clocks with it. */
		c.start = c.due = c.ended = c.excused = (struct cy_wall){ 0 };
		t.started = false;
		say(&t, "It cannot be counted: a date or a time limit lies outside of the years 1970 to 9000.");
	}
	if (c.ended.ms == 0)
		c.state = !t.started ? LAW_CLOCK_WAITING : t.since.ms != 0 ? LAW_CLOCK_SUSPENDED : LAW_CLOCK_RUNNING;
	if (c.state == LAW_CLOCK_WAITING && r == CY_OK)
		say(&t, c.unstated ? "It waits for the obliged authority to state when it received the message."
				   : "It waits for what starts it.");
	c.count.due = c.due;
	return s->fn(s->arg, &c);
}

/* ------------------------------------------------------------------ which ones */

static bool any_chosen(const struct law_clock_rule *rule, const struct law_terms *t)
{
	if (rule->measures == 0)
		return true;
	for (size_t i = 0; i < t->n; i++)
		if (chosen(rule, t->type[i]))
			return true;
	return false;
}

/* A date that was not asked for is no clock. */
static bool dated(const struct law_clock_rule *rule, const struct law_terms *t, uint8_t measure)
{
	if (rule->start == LAW_START_WANTED_DATE)
		return measure > 0 && t->wanted[measure - 1] != LAW_NO_DAY;
	return rule->start != LAW_START_URGENCY_DATE || t->urgency_day != LAW_NO_DAY;
}

static int for_measures(const struct teller *s, const struct law_clock_rule *rule, uint32_t notice)
{
	const struct law_terms *t = s->in->terms;
	int r = CY_OK;

	if (!rule->by_measure)
		return any_chosen(rule, t) && dated(rule, t, 0) ? one(s, rule, 0, notice) : CY_OK;
	for (uint8_t m = 1; r == CY_OK && m <= s->story.n_measures && m <= t->n; m++)
		if (chosen(rule, t->type[m - 1]) && dated(rule, t, m))
			r = one(s, rule, m, notice);
	return r;
}

static int for_rule(const struct teller *s, const struct law_clock_rule *rule)
{
	const bool notices = rule->start == LAW_START_CLARIFICATION || rule->start == LAW_START_ANSWER_DATE;
	int r = CY_OK;

	if ((rule->urgent_only && !s->in->terms->urgent) || (rule->not_urgent && s->in->terms->urgent))
		return CY_OK;
	if (!notices)
		return for_measures(s, rule, 0);
	for (size_t i = 0; r == CY_OK && i < s->story.n; i++) {
		const struct law_fact *f = s->story.told[i].f;

		if (f->kind == CY_CONTENT__KIND_PROBLEM_NOTICE &&
		    (rule->start == LAW_START_CLARIFICATION || f->day != LAW_NO_DAY))
			r = for_measures(s, rule, f->number);
	}
	return r;
}

int law_clocks(const struct law_clock_input *in, int (*fn)(void *arg, const struct law_clock *c), void *arg)
{
	struct teller s = { .in = in, .opened_ms = law_stated_opened(in->facts, in->n), .fn = fn, .arg = arg };
	int r = CY_OK;

	law_story_begin(&s.story, in->facts, in->n);
	for (size_t i = 0; r == CY_OK && i < in->profile->n_clocks; i++)
		r = for_rule(&s, &in->profile->clocks[i]);
	law_story_end(&s.story);
	return r;
}
