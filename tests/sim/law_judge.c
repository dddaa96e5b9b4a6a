/* Time limits judged anew, from the facts of a case alone and in another way than law/clock.c: measures are followed
 * one by one, what holds a clock up is a list of pauses, and its end is found by walking from day to day. Whatever it
 * says otherwise than the store is a fault of one of the two. */
#include <stdlib.h>
#include <string.h>

#include "law.h"
#include "law/fold.h"
#include "law/kinds.h"
#include "store_mem.h"

#define PAUSES 64
#define OPEN   64

/* One clock. */
struct judge {
	struct world *w;
	const char *who;
	const struct mem_case *c;
	const struct store_clock *row;
	const struct law_profile *p;
	const struct law_clock_rule *rule;
	const struct law_zone *zone;
	const struct law_calendar *calendar;
	struct law_terms terms;
	uint8_t n; /* measures of the request */
	/* By measure, from 1. */
	bool over[CY_MEASURES_MAX + 1], decided[CY_MEASURES_MAX + 1], postponed[CY_MEASURES_MAX + 1];
	/* Notices and proposals without an answer: which measures they are about that are open. */
	struct {
		uint32_t number;
		bool proposal, about[CY_MEASURES_MAX + 1];
	} open[OPEN];
	size_t n_open;
	struct {
		int64_t from, until;
	} pause[PAUSES];
	size_t n_pauses;
	bool paused, extended, unsure;
	int64_t opened, start; /* as the facts have it; 0: not known */
	int64_t ended;         /* met, or not owed any more; 0: neither */
	bool met;
};

static bool concerns(const struct judge *j, unsigned m)
{
	if (j->row->measure > 0)
		return m == j->row->measure;
	return j->rule->measures == 0 || m > j->terms.n ||
	       (j->rule->measures & UINT64_C(1) << j->terms.type[m - 1]) != 0;
}

static bool names(const struct law_fact *f, unsigned m)
{
	static const uint8_t none[CY_MEASURES_MAX];

	return f->code[m - 1] != 0 || memcmp(f->code, none, sizeof none) == 0;
}

static bool has_open_proposal(const struct judge *j, unsigned m)
{
	for (size_t i = 0; i < j->n_open; i++)
		if (j->open[i].proposal && j->open[i].about[m])
			return true;
	return false;
}

/* -------------------------------------------------------------------------- its end */

static int64_t day_at(const struct judge *j, int64_t ms)
{
	return cy_date_days(law_local_date(j->zone, (struct cy_wall){ ms }, NULL));
}

static bool works(const struct judge *j, int64_t day)
{
	return law_working_day(j->calendar, cy_date_of_days(day));
}

static bool stands_still(const struct judge *j, int64_t day)
{
	for (size_t i = 0; i < j->n_pauses; i++)
		if (day > day_at(j, j->pause[i].from) && day <= day_at(j, j->pause[i].until))
			return true;
	return false;
}

/* From day to day; 0: this judge does not know. */
static int64_t walk(struct judge *j, int64_t start)
{
	const struct law_period *p = &j->rule->period;
	const struct law_rule *r = law_find_rule(j->p, j->rule->rule);
	int64_t day = day_at(j, start), left = p->unit == LAW_WEEK ? 7 * (int64_t)p->amount : p->amount;

	if (p->unit == LAW_HOUR) {
		int64_t due = start + left * 3600000 - 1, hour = 3600000;

		if (r->exclude_event[0] != '\0')
			due += hour -
			       (start + (int64_t)law_offset_at(j->zone, (struct cy_wall){ start }) * 1000) % hour;
		for (size_t i = 0; i < j->n_pauses; i++)
			due += j->pause[i].until - j->pause[i].from;
		return due;
	}
	for (day -= r->exclude_event[0] == '\0'; left > 0;) {
		day++;
		if (!stands_still(j, day) && (p->unit != LAW_WORKING_DAY || works(j, day)))
			left--;
	}
	/* On its last day, or while an end on a day off was moved, it stood still: what is left is the day on which it
	 * goes on. */
	for (bool moved = true; moved;) {
		moved = false;
		while (r->roll_over[0] != '\0' && !works(j, day))
			day++;
		for (size_t i = 0; i < j->n_pauses; i++)
			if (day_at(j, j->pause[i].from) <= day && day_at(j, j->pause[i].until) > day) {
				day = day_at(j, j->pause[i].until);
				moved = true;
			}
	}
	/* Two working days at least: only short periods. */
	if (r->two_working[0] != '\0' && p->amount <= 7)
		return 0;
	return law_end_of_day(j->zone, cy_date_of_days(day)).ms;
}

static int64_t due_now(struct judge *j)
{
	if (j->rule->period.amount == 0)
		return j->n_pauses == 0 ? j->row->due.ms : 0; /* a date that was asked for */
	return walk(j, j->row->start.ms);
}

/* -------------------------------------------------------------------------- measures */

static void end_measure(struct judge *j, unsigned m)
{
	j->over[m] = true;
	j->postponed[m] = false;
	for (size_t i = 0; i < j->n_open; i++) {
		bool any = false;

		j->open[i].about[m] = false;
		for (unsigned k = 1; k <= j->n; k++)
			any = any || j->open[i].about[k];
		if (!any)
			j->open[i--] = j->open[--j->n_open];
	}
}

/* What is proposed instead is about what is left of the measures of the proposal that it replaces. */
static void ask_instead(struct judge *j, const struct law_fact *f)
{
	for (size_t i = 0; i < j->n_open; i++) {
		if (!j->open[i].proposal || j->open[i].number != f->ref)
			continue;
		if (f->code[0] == LAW_RETRACTED) {
			j->open[i] = j->open[--j->n_open];
			return;
		}
		j->open[i].number = f->number;
		for (unsigned m = 1; m <= j->n; m++)
			j->open[i].about[m] = j->open[i].about[m] && names(f, m);
	}
}

static void ask(struct judge *j, const struct law_fact *f)
{
	if (f->kind == CY_CONTENT__KIND_CONDITIONS_PROPOSED && f->ref != 0) {
		ask_instead(j, f);
		return;
	}
	if (j->n_open == OPEN || j->n == 0) {
		j->unsure = true;
		return;
	}
	memset(&j->open[j->n_open], 0, sizeof j->open[0]);
	j->open[j->n_open].number = f->number;
	j->open[j->n_open].proposal = f->kind == CY_CONTENT__KIND_CONDITIONS_PROPOSED;
	for (unsigned m = 1; m <= j->n; m++)
		j->open[j->n_open].about[m] = !j->over[m] && names(f, m);
	j->n_open++;
}

static void answer(struct judge *j, uint32_t number, bool proposal)
{
	for (size_t i = 0; i < j->n_open; i++)
		if (j->open[i].number == number && j->open[i].proposal == proposal)
			j->open[i--] = j->open[--j->n_open];
}

/* What it says of each measure; which of them the clock is about is in *ret_about. */
static void follow(struct judge *j, const struct law_fact *f, bool *ret_about)
{
	*ret_about = j->n == 0;
	for (unsigned m = 1; m <= j->n; m++) {
		const uint8_t code = f->code[m - 1];

		if (!names(f, m) || j->over[m])
			continue;
		switch (f->kind) {
		case CY_CONTENT__KIND_RESULT:
			if (has_open_proposal(j, m))
				continue;
			j->decided[m] = true;
			if ((code & 0x80) == 0)
				end_measure(j, m);
			break;
		case CY_CONTENT__KIND_DECISION:
			if (has_open_proposal(j, m))
				continue;
			j->decided[m] = true;
			break;
		case CY_CONTENT__KIND_REFUSAL:
		case CY_CONTENT__KIND_WITHDRAWAL:
			end_measure(j, m);
			break;
		case CY_CONTENT__KIND_POSTPONEMENT:
			j->postponed[m] = true;
			break;
		case CY_CONTENT__KIND_RESUMPTION:
			if (!j->postponed[m])
				continue;
			j->postponed[m] = false;
			break;
		default:
			break;
		}
		*ret_about = *ret_about || concerns(j, m);
	}
	if (f->kind == CY_CONTENT__KIND_PROBLEM_NOTICE || f->kind == CY_CONTENT__KIND_CONDITIONS_PROPOSED)
		ask(j, f);
	if (f->kind == CY_CONTENT__KIND_SUPPLEMENT)
		answer(j, f->ref, false);
	if (f->kind == CY_CONTENT__KIND_CONDITIONS_ACCEPTED || f->kind == CY_CONTENT__KIND_CONDITIONS_DECLINED)
		answer(j, f->ref, true);
}

/* ----------------------------------------------------------------------- the verdict */

static bool is_held(const struct judge *j)
{
	const unsigned by = j->rule->suspended_by;
	bool any = false, all = true;

	for (size_t i = 0; i < j->n_open; i++)
		for (unsigned m = 1; m <= j->n; m++)
			if (concerns(j, m) && j->open[i].about[m] &&
			    (by >> (j->open[i].proposal ? LAW_SUSPEND_CONDITIONS : LAW_SUSPEND_NOTICE) & 1) != 0)
				return true;
	for (unsigned m = 1; m <= j->n; m++)
		if (concerns(j, m) && !j->over[m]) {
			any = true;
			all = all && j->postponed[m];
		}
	return any && all && (by >> LAW_SUSPEND_POSTPONEMENT & 1) != 0;
}

static bool none_left(const struct judge *j, const bool done[static CY_MEASURES_MAX + 1])
{
	for (unsigned m = 1; m <= j->n; m++)
		if (concerns(j, m) && !j->over[m] && !done[m])
			return false;
	return true;
}

static void end(struct judge *j, const struct law_fact *f, bool met)
{
	j->ended = law_counted(f->at_ms) + (f->at_ms <= 0);
	j->met = met;
}

/* Of the kinds of clock whose end this judge knows. */
static void look_for_end(struct judge *j, const struct law_fact *f, bool about)
{
	static const bool nothing[CY_MEASURES_MAX + 1];
	const unsigned by = j->rule->met_by;
	const bool says = f->kind == CY_CONTENT__KIND_RESULT || f->kind == CY_CONTENT__KIND_REFUSAL ||
			  f->kind == CY_CONTENT__KIND_DECISION;

	if (says && about && (by >> LAW_MEET_EXECUTION & 1) != 0 && none_left(j, nothing))
		end(j, f, true);
	else if (says && about && (by >> LAW_MEET_DECISION & 1) != 0 && none_left(j, j->decided))
		end(j, f, true);
	else if (f->kind == CY_CONTENT__KIND_RETURNED_DEFICIENT || f->kind == CY_CONTENT__KIND_REDIRECTION)
		end(j, f, false);
	else if (f->kind == CY_CONTENT__KIND_WITHDRAWAL && about &&
		 none_left(j, (by >> LAW_MEET_DECISION & 1) != 0 ? j->decided : nothing))
		end(j, f, false);
	else if (f->kind == CY_CONTENT__KIND_REFUSAL && about && j->row->measure > 0)
		end(j, f, false);
}

static void pause_or_go_on(struct judge *j, const struct law_fact *f)
{
	const bool held = is_held(j);
	const int64_t at = law_counted(f->at_ms) + (f->at_ms <= 0);

	if (held == j->paused || j->row->start.ms == 0 || j->extended)
		return;
	if (held && j->n_pauses == PAUSES) {
		j->unsure = true;
		return;
	}
	if (held) {
		const int64_t due = due_now(j);

		j->unsure = j->unsure || due == 0;
		if (at > due)
			return; /* it was over */
		/* It may have been held before it began. */
		j->pause[j->n_pauses].from = at > j->row->start.ms ? at : j->row->start.ms;
		j->pause[j->n_pauses].until = j->pause[j->n_pauses].from;
	} else if (at > j->pause[j->n_pauses].from) {
		j->pause[j->n_pauses].until = at;
	}
	j->n_pauses += !held;
	j->paused = held;
}

/* Nobody decides or receives after he has said so, nor before he was asked. */
static int64_t happened(const struct judge *j, const struct law_fact *f)
{
	int64_t at = f->stated_ms > 0 ? law_counted(f->stated_ms) : law_counted(f->at_ms);

	if (at < j->opened)
		at = j->opened;
	return at < law_counted(f->at_ms) ? at : law_counted(f->at_ms);
}

/* The receipt that was stated, or an earlier one on paper. */
static void find_receipt(struct judge *j, const struct law_fact *f)
{
	if (law_kind_opens(f->kind)) {
		j->opened = law_counted(f->at_ms);
		if (j->rule->start == LAW_START_RECEIVED && j->row->start_by != 0)
			j->start = j->row->stated_start.ms > j->opened ? j->row->stated_start.ms : j->opened;
	} else if (j->start != 0 && f->kind == CY_CONTENT__KIND_ACKNOWLEDGEMENT && f->stated_ms > 0 &&
		   f->code[0] == CY_ACKNOWLEDGED_BY__CENTRAL_AUTHORITY && happened(j, f) < j->start) {
		j->start = happened(j, f);
	}
}

static void hear(struct judge *j, const struct law_fact *f)
{
	bool about;

	if (law_kind_opens(f->kind)) {
		j->n = f->measures;
		return;
	}
	follow(j, f, &about);
	if (f->kind == CY_CONTENT__KIND_DECISION && about && j->start == 0 && j->rule->start == LAW_START_DECIDED)
		j->start = happened(j, f);
	look_for_end(j, f, about);
	if (j->ended != 0)
		return;
	j->extended = j->extended || (f->kind == CY_CONTENT__KIND_EXTENSION && about && f->side == j->rule->obliged &&
				      j->rule->extensible && law_counted(f->at_ms) <= due_now(j));
	pause_or_go_on(j, f);
}

/* Clocks that start with a receipt or a decision, or at a date, and are met by an execution or a decision. */
static bool is_known(const struct law_clock_rule *r)
{
	return (r->met_by & ~(1u << LAW_MEET_EXECUTION | 1u << LAW_MEET_DECISION)) == 0 && r->met_by != 0 &&
	       (r->start == LAW_START_RECEIVED || r->start == LAW_START_DECIDED || r->start == LAW_START_WANTED_DATE ||
		r->start == LAW_START_URGENCY_DATE) &&
	       r->obliged == CY_SIDE__REQUESTED;
}

static void fail(const struct judge *j, const char *what, int64_t there, int64_t here)
{
	world_fail(j->w, "%s: case %s, clock %s of measure %u: %s is %lld, and %lld by the facts", j->who,
		   j->c->row.case_id, j->row->name, j->row->measure, what, (long long)there, (long long)here);
}

static void compare(struct judge *j)
{
	const struct store_clock *k = j->row;
	const bool there = k->state == LAW_CLOCK_MET;
	int64_t due;

	/* Before it started, a decision may have met it: law/clock.c, may_be_met(). */
	if (k->start.ms != 0 && j->start != 0 && k->start.ms != j->start)
		fail(j, "the start", k->start.ms, j->start);
	if (j->unsure || k->start.ms == 0)
		return;
	if ((k->ended.ms != 0) != (j->ended != 0) || k->ended.ms != j->ended)
		fail(j, "the end", k->ended.ms, j->ended);
	else if (j->ended != 0 && there != j->met)
		fail(j, "met", there, j->met);
	if (j->extended || j->paused)
		return;
	due = due_now(j);
	if (due != 0 && due != k->due.ms)
		fail(j, "the due instant", k->due.ms, due);
	j->w->law->counts.judged++;
}

/* ---------------------------------------------------------------------- linked cases */

static bool asks_for_more(const struct judge *j, const struct law_terms *t)
{
	bool more = false;

	for (size_t i = 0; i < t->n; i++)
		more = more || j->rule->measures == 0 || (j->rule->measures & UINT64_C(1) << t->type[i]) == 0;
	return more;
}

static bool names_case(const struct law_terms *t, const char *case_id)
{
	bool any = false;

	for (size_t i = 0; i < t->n_follows; i++)
		any = any || strcmp(t->follows[i], case_id) == 0;
	return any;
}

/* A request that follows the case up has met the time limit at the latest when it was made. */
static void judge_links(const struct judge *j, const struct sim_node *s)
{
	const struct store_clock *k = j->row;

	if ((j->rule->met_by >> LAW_MEET_FOLLOW_UP & 1) == 0 || k->start.ms == 0 || k->state == LAW_CLOCK_CEASED)
		return;
	for (const struct mem_case *c = s->store.first_case; c != NULL; c = c->next) {
		struct law_terms t;

		if (strcmp(c->row.peer, j->c->row.peer) != 0 || c->row.side != j->c->row.side ||
		    strcmp(c->row.state, "VOID") == 0 || law_terms_decode(c->row.terms, &t) < 0 ||
		    !names_case(&t, j->c->row.case_id) || !asks_for_more(j, &t))
			continue;
		j->w->law->counts.linked++;
		if (k->state != LAW_CLOCK_MET || (k->ended.ms > law_counted(t.opened_ms) && k->ended.ms > k->start.ms))
			fail(j, "the end of what a linked request has met", k->ended.ms, law_counted(t.opened_ms));
	}
}

/* ---------------------------------------------------------------------------- a case */

static size_t facts_of(const struct mem_case *c, struct law_fact **ret)
{
	size_t n = 0, cap = 0;

	*ret = NULL;
	for (const struct mem_message *m = c->first; m != NULL; m = m->next) {
		if (n == cap) {
			cap = cap > 0 ? 2 * cap : 64;
			*ret = realloc(*ret, cap * sizeof **ret);
			CY_ASSERT(*ret != NULL);
		}
		if (law_fact_decode(m->row.fact, &(*ret)[n]) < 0)
			continue;
		(*ret)[n].voided = m->row.void_code != 0;
		(*ret)[n].at_ms = m->row.created.ms;
		n++;
	}
	return n;
}

/* The duty to keep what was preserved, or to follow an arrest up: once the measure was carried out only its own end, or
 * what follows up, ends it. */
static void judge_keeping(struct judge *j, const struct law_fact *f)
{
	const unsigned m = j->row->measure;
	const bool was_over = m > 0 && j->over[m];
	bool about;

	if (law_kind_opens(f->kind)) {
		j->n = f->measures;
		return;
	}
	follow(j, f, &about);
	if (was_over && j->row->state == LAW_CLOCK_CEASED && j->row->start.ms != 0 && j->row->ended.ms == f->at_ms &&
	    f->kind != CY_CONTENT__KIND_RETURNED_DEFICIENT && f->kind != CY_CONTENT__KIND_REDIRECTION)
		fail(j, "the end of a duty that nothing ends", j->row->ended.ms, 0);
}

static void judge_clock(struct judge *j, const struct law_fact *facts, size_t n, const enum law_effect *effect,
			const size_t *order)
{
	for (size_t i = 0; i < n; i++)
		if (effect[order[i]] == LAW_EFFECT_TAKEN)
			find_receipt(j, &facts[order[i]]);
	for (size_t i = 0; i < n && j->ended == 0; i++)
		if (effect[order[i]] == LAW_EFFECT_TAKEN)
			j->rule->start == LAW_START_EFFECTED ? judge_keeping(j, &facts[order[i]])
							     : hear(j, &facts[order[i]]);
	if (j->rule->start != LAW_START_EFFECTED)
		compare(j);
}

static const struct law_clock_rule *rule_of(const struct law_profile *p, const char *name)
{
	for (size_t i = 0; i < p->n_clocks; i++)
		if (strcmp(p->clocks[i].name, name) == 0)
			return &p->clocks[i];
	return NULL;
}

void law_judge(struct world *w, const struct sim_node *s, const struct sim_node *peer, const struct mem_case *c)
{
	const struct law_profile *p = law_of_case(w, &c->row);
	enum law_effect *effect;
	struct law_fact *facts;
	struct law_case folded;
	size_t *order, n;

	if (p == NULL)
		return;
	n = facts_of(c, &facts);
	effect = calloc(n + 1, sizeof *effect);
	order = calloc(n + 1, sizeof *order);
	CY_ASSERT(effect != NULL && order != NULL);
	law_fold(facts, n, &folded, effect, order);
	for (const struct mem_clock *k = c->clocks; k != NULL; k = k->next) {
		struct judge *j = calloc(1, sizeof *j);
		const struct node_place *place = law_place(k->row.ours ? s : peer);

		CY_ASSERT(j != NULL);
		*j = (struct judge){ .w = w, .who = s->id, .c = c, .row = &k->row, .p = p };
		j->rule = rule_of(p, k->row.name);
		j->zone = law_find_zone(&w->law->books, place->zone);
		j->calendar = law_find_calendar(&w->law->books, place->calendar);
		if (j->rule != NULL)
			judge_links(j, s);
		if (j->rule != NULL && (is_known(j->rule) || j->rule->start == LAW_START_EFFECTED) &&
		    law_terms_decode(c->row.terms, &j->terms) == CY_OK)
			judge_clock(j, facts, n, effect, order);
		free(j);
	}
	free(facts);
	free(effect);
	free(order);
}
