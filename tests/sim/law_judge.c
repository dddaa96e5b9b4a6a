/* Time limits judged anew, from the messages of a case alone and in another way than law/clock.c: it looks for what
 * starts one, then for what ends it, then for what held it up or extended it in between, and finds when it is due by
 * walking from day to day. Whatever it says otherwise than the store is a fault of one of the two. */
#include <stdlib.h>
#include <string.h>

#include "law.h"
#include "law/kinds.h"
#include "wire/manifest.h"

#define NOWHERE SIZE_MAX

/* One clock. */
struct judge {
	const struct sim_node *s;
	const struct mem_case *c;
	const struct law_scenes *a;
	const struct law_profile *p;
	const struct law_terms *terms;
	const struct law_clock_rule *rule;
	struct law_walk walk;
	const struct store_clock *row; /* for what was stated of its start; NULL: there is none */
	struct law_verdict v;
	size_t started, ends; /* scenes; NOWHERE: none */
	bool unstated;        /* it started with a receipt of which nothing is known */
	bool linked;          /* a request that follows ends it, before the scene `ends` */
	int32_t day;          /* that it was asked for by; LAW_NO_DAY: it is a period */
	bool paused;
	/* The last extension: the instant, and how many pauses were over by then. */
	int64_t extended, most;
	size_t pauses_before;
};

static int64_t at_of(const struct judge *j, size_t i)
{
	return law_counted(j->a->scene[i].f->at_ms);
}

static bool is(const struct law_scene *x, uint32_t kind)
{
	return x->f->kind == kind;
}

/* -------------------------------------------------------------------------- its measures */

static bool concerns(const struct judge *j, unsigned m)
{
	if (j->v.measure > 0)
		return m == j->v.measure;
	return j->rule->measures == 0 || m > j->terms->n ||
	       (j->terms->type[m - 1] < 64 && (j->rule->measures & UINT64_C(1) << j->terms->type[m - 1]) != 0);
}

static bool about(const struct judge *j, const struct law_scene *x)
{
	for (unsigned m = 1; m <= j->a->measures; m++)
		if (concerns(j, m) && x->on[m])
			return true;
	return j->a->measures == 0;
}

static bool none_left(const struct judge *j, const struct law_scene *x, bool undecided)
{
	for (unsigned m = 1; m <= j->a->measures; m++)
		if (concerns(j, m) && !x->over[m] && !(undecided && x->decided[m]))
			return false;
	return true;
}

static bool may_hold(const struct judge *j, enum law_suspend by)
{
	return (j->rule->suspended_by >> by & 1) != 0;
}

static bool is_held(const struct judge *j, const struct law_scene *x)
{
	bool any = false, all = true;

	for (size_t i = 0; i < x->n_open; i++) {
		const struct law_asked *q = &x->open[i];

		if (!may_hold(j, q->proposal ? LAW_SUSPEND_CONDITIONS : LAW_SUSPEND_NOTICE))
			continue;
		if (j->a->measures == 0)
			return true;
		for (unsigned m = 1; m <= j->a->measures; m++)
			if (concerns(j, m) && q->about[m])
				return true;
	}
	for (unsigned m = 1; m <= j->a->measures; m++)
		if (concerns(j, m) && !x->over[m]) {
			any = true;
			all = all && x->postponed[m];
		}
	return any && all && may_hold(j, LAW_SUSPEND_POSTPONEMENT);
}

/* ------------------------------------------------------------------------------ its days */

static int64_t due_now(struct judge *j)
{
	const struct law_rule *r = law_find_rule(j->p, j->rule->rule);
	const struct law_period *p = &j->rule->period;
	const int64_t hour = 3600000, start = j->v.start;
	const bool in_hours = p->unit == LAW_HOUR && p->amount > 0;

	if (j->extended != 0)
		return in_hours ? law_walk_hours(&j->walk, j->extended, j->pauses_before)
				: law_walk_dated(&j->walk, j->extended, r, j->pauses_before);
	if (j->day != LAW_NO_DAY)
		return law_walk_dated(&j->walk, law_walk_end(&j->walk, j->day), r, 0);
	if (in_hours) {
		const int64_t local = start + (int64_t)law_offset_at(j->walk.zone, (struct cy_wall){ start }) * 1000;

		return law_walk_hours(
			&j->walk,
			start + p->amount * hour - 1 + (r->exclude_event[0] != '\0' ? hour - local % hour : 0), 0);
	}
	return law_walk_end(&j->walk, law_walk_last(&j->walk, start, p, r, j->walk.n_pauses));
}

/* ------------------------------------------------------------------------------ its start */

/* When the receipt for a message was signed; 0: there is none. */
static int64_t receipt_of(const struct judge *j, const struct law_fact *f)
{
	const enum store_author author = f->side == j->c->row.side ? STORE_OWN : STORE_PEER;
	const struct mem_message *m = j->c->first;
	const struct mem_parcel *parcel;
	struct wire_text text;

	while (m != NULL && (m->row.author != author || m->row.number != f->number))
		m = m->next;
	if (m == NULL || m->row.epoch == 0)
		return 0;
	parcel = mem_store_parcel((struct mem_store *)(uintptr_t)&j->s->store, j->c->row.peer, author, m->row.epoch,
				  m->row.sequence);
	if (parcel == NULL || parcel->row.receipt.len == 0 || wire_text_read(parcel->row.receipt, &text, NULL) < 0)
		return 0;
	return law_counted(text.made.ms);
}

/* What the side that owes has stated, unless its own receipt proves that it was earlier; or that receipt. */
static int64_t received(const struct judge *j, const struct law_fact *f)
{
	const int64_t made = law_counted(f->at_ms), receipt = f->side != j->rule->obliged ? receipt_of(j, f) : 0;
	int64_t at = j->row != NULL && j->row->start_by != 0 ? law_counted(j->row->stated_start.ms) : 0;

	if (receipt != 0 && (at == 0 || (at > receipt + CY_STATED_AHEAD_MS && at > made + CY_STATED_AHEAD_MS)))
		at = receipt;
	if (at != 0 && at < made)
		at = made;
	for (size_t i = 0; at != 0 && law_kind_opens(f->kind) && i < j->a->n; i++) {
		const struct law_scene *x = &j->a->scene[i];
		int64_t paper;

		/* It had come before, on paper. */
		if (!is(x, CY_CONTENT__KIND_ACKNOWLEDGEMENT) || x->f->stated_ms <= 0 ||
		    x->f->code[0] != CY_ACKNOWLEDGED_BY__CENTRAL_AUTHORITY)
			continue;
		paper = law_scene_happened(j->a, x->f);
		if (paper < made)
			paper = made;
		if (paper < at)
			at = paper;
	}
	return at;
}

/* What was preserved, seized, arrested: and an interim result may say when. */
static bool carries_out(const struct judge *j, const struct law_scene *x)
{
	for (unsigned m = 1; is(x, CY_CONTENT__KIND_RESULT) && m <= j->a->measures; m++) {
		const uint8_t code = x->f->code[m - 1];

		if (concerns(j, m) && x->on[m] &&
		    (code == CY_MEASURE_OUTCOME__EXECUTED || code == CY_MEASURE_OUTCOME__PARTIALLY_EXECUTED ||
		     ((code & 0x80) != 0 && x->f->stated_ms > 0)))
			return true;
	}
	return false;
}

static bool starts_with(const struct judge *j, const struct law_scene *x)
{
	const bool executing = x->f->code[0] == CY_ACKNOWLEDGED_BY__EXECUTING_AUTHORITY;

	switch (j->rule->start) {
	case LAW_START_RECEIVED:
	case LAW_START_WANTED_DATE:
	case LAW_START_URGENCY_DATE:
		return law_kind_opens(x->f->kind);
	case LAW_START_RECEIVED_EXECUTING:
		return is(x, CY_CONTENT__KIND_ACKNOWLEDGEMENT) && executing;
	case LAW_START_ACKNOWLEDGED:
		return is(x, CY_CONTENT__KIND_ACKNOWLEDGEMENT);
	case LAW_START_DECIDED:
		return is(x, CY_CONTENT__KIND_DECISION) && about(j, x);
	case LAW_START_EFFECTED:
		return carries_out(j, x);
	case LAW_START_CLARIFICATION:
	case LAW_START_ANSWER_DATE:
		return is(x, CY_CONTENT__KIND_PROBLEM_NOTICE) && x->f->number == j->v.notice;
	case LAW_STARTS_N:
		break;
	}
	return false;
}

static void find_start(struct judge *j)
{
	const enum law_start by = j->rule->start;
	size_t i = 0;

	while (i < j->a->n && !starts_with(j, &j->a->scene[i]))
		i++;
	j->started = j->ends = NOWHERE;
	j->day = LAW_NO_DAY;
	if (i == j->a->n)
		return;
	j->v.start = by == LAW_START_RECEIVED || by == LAW_START_CLARIFICATION
			     ? received(j, j->a->scene[i].f)
			     : law_scene_happened(j->a, j->a->scene[i].f);
	j->unstated = j->v.start == 0;
	if (!j->unstated)
		j->started = i;
	if (by == LAW_START_WANTED_DATE)
		j->day = j->terms->wanted[j->v.measure - 1];
	else if (by == LAW_START_URGENCY_DATE)
		j->day = j->terms->urgency_day;
	else if (by == LAW_START_ANSWER_DATE)
		j->day = j->a->scene[i].f->day;
}

/* -------------------------------------------------------------------------------- its end */

static bool met_by(const struct judge *j, enum law_meet m)
{
	return (j->rule->met_by >> m & 1) != 0;
}

static bool does_what_is_owed(const struct judge *j, const struct law_scene *x, bool started)
{
	const uint32_t kind = x->f->kind;
	const bool ack = kind == CY_CONTENT__KIND_ACKNOWLEDGEMENT,
		   back = kind == CY_CONTENT__KIND_RETURNED_DEFICIENT || kind == CY_CONTENT__KIND_REDIRECTION,
		   result = kind == CY_CONTENT__KIND_RESULT || kind == CY_CONTENT__KIND_REFUSAL ||
			    kind == CY_CONTENT__KIND_DECISION,
		   objection = kind == CY_CONTENT__KIND_REFUSAL || kind == CY_CONTENT__KIND_PROBLEM_NOTICE ||
			       (kind == CY_CONTENT__KIND_CONDITIONS_PROPOSED && x->f->code[0] != LAW_RETRACTED);

	if (kind == CY_CONTENT__KIND_SUPPLEMENT)
		return (met_by(j, LAW_MEET_SUPPLEMENT) && (j->v.notice == 0 || x->f->ref == j->v.notice)) ||
		       (met_by(j, LAW_MEET_FOLLOW_UP) && started && x->f->ref == 0);
	if (met_by(j, LAW_MEET_ACKNOWLEDGEMENT) && (ack || back))
		return true;
	if (met_by(j, LAW_MEET_EXECUTING_ACKNOWLEDGEMENT) && ack &&
	    x->f->code[0] == CY_ACKNOWLEDGED_BY__EXECUTING_AUTHORITY)
		return true;
	if (!about(j, x))
		return false;
	return (met_by(j, LAW_MEET_OBJECTION) && objection) ||
	       (met_by(j, LAW_MEET_EXECUTION) && result && none_left(j, x, false)) ||
	       (met_by(j, LAW_MEET_DECISION) && result && none_left(j, x, true));
}

/* What is done before its time limit has started is done; but what was refused was never to be executed. */
static bool may_be_done(const struct judge *j, size_t i)
{
	if (j->unstated || j->rule->start == LAW_START_RECEIVED_EXECUTING ||
	    (j->rule->start == LAW_START_DECIDED && !is(&j->a->scene[i], CY_CONTENT__KIND_REFUSAL)))
		return i != j->started;
	return j->started != NOWHERE && i > j->started;
}

/* A duty about what was carried out lasts as long as that does. */
static bool is_of_keeping(const struct judge *j)
{
	return j->rule->start == LAW_START_EFFECTED || met_by(j, LAW_MEET_FOLLOW_UP) || met_by(j, LAW_MEET_NOTHING);
}

static bool is_kept(const struct judge *j, const struct law_scene *x, bool started)
{
	for (unsigned m = 1; started && is_of_keeping(j) && m <= j->a->measures; m++)
		if (concerns(j, m) && x->given[m])
			return true;
	return false;
}

static bool waits(const struct law_scene *x, uint32_t notice)
{
	for (size_t i = 0; i < x->n_open; i++)
		if (!x->open[i].proposal && x->open[i].number == notice)
			return true;
	return false;
}

/* Nothing is owed any more. */
static bool is_dropped(const struct judge *j, size_t i)
{
	const struct law_scene *x = &j->a->scene[i];
	const bool started = j->started != NOWHERE && i >= j->started;

	if (j->v.notice > 0 && i > 0 && waits(x - 1, j->v.notice) && !waits(x, j->v.notice))
		return true;
	switch (x->f->kind) {
	case CY_CONTENT__KIND_WITHDRAWAL:
		return about(j, x) && none_left(j, x, met_by(j, LAW_MEET_DECISION)) && !is_kept(j, x, started);
	case CY_CONTENT__KIND_REFUSAL:
		return j->v.measure > 0 && about(j, x) && !is_kept(j, x, started);
	case CY_CONTENT__KIND_CLOSURE:
		return !is_of_keeping(j);
	default:
		return is(x, CY_CONTENT__KIND_RETURNED_DEFICIENT) || is(x, CY_CONTENT__KIND_REDIRECTION);
	}
}

static bool names_case(const struct law_terms *t, const char *case_id)
{
	bool any = false;

	for (size_t i = 0; i < t->n_follows; i++)
		any = any || strcmp(t->follows[i], case_id) == 0;
	return any;
}

static bool asks_for_more(const struct judge *j, const struct law_terms *t)
{
	bool more = false;

	for (size_t i = 0; i < t->n; i++)
		more = more || j->rule->measures == 0 || (j->rule->measures & UINT64_C(1) << t->type[i]) == 0;
	return more;
}

/* When the first request was made that follows the case up; 0: none was. */
static int64_t followed_up(const struct judge *j)
{
	int64_t first = 0;

	for (size_t i = 0; met_by(j, LAW_MEET_FOLLOW_UP) && i < j->s->store.n_follows; i++) {
		const struct mem_case *c = j->s->store.follows[i].c;
		struct law_terms t;

		if (c == j->c || strcmp(j->s->store.follows[i].follows, j->c->row.case_id) != 0 ||
		    strcmp(c->row.peer, j->c->row.peer) != 0 || c->row.side != j->c->row.side ||
		    strcmp(c->row.state, "VOID") == 0 || law_terms_decode(c->row.terms, &t) < 0 ||
		    !names_case(&t, j->c->row.case_id) || !asks_for_more(j, &t))
			continue;
		j->s->w->law->counts.linked++;
		if (first == 0 || law_counted(t.opened_ms) < first)
			first = law_counted(t.opened_ms);
	}
	return first;
}

static void end(struct judge *j, size_t i, enum law_clock_state state, int64_t at)
{
	j->ends = i;
	j->v.state = state;
	j->v.ended = at;
}

static void find_end(struct judge *j)
{
	const int64_t linked = followed_up(j);

	for (size_t i = 0; i < j->a->n && j->ends == NOWHERE; i++) {
		const struct law_scene *x = &j->a->scene[i];
		const bool started = j->started != NOWHERE && i > j->started;
		const int64_t at = at_of(j, i) + (x->f->at_ms <= 0);

		if (linked != 0 && started && linked < at_of(j, i))
			end(j, i, LAW_CLOCK_MET, linked > j->v.start ? linked : j->v.start);
		else if (may_be_done(j, i) && does_what_is_owed(j, x, started))
			end(j, i, LAW_CLOCK_MET, at);
		else if (is_dropped(j, i))
			end(j, i, LAW_CLOCK_CEASED, at);
	}
	if (j->ends == NOWHERE && linked != 0 && j->started != NOWHERE)
		end(j, j->a->n, LAW_CLOCK_MET, linked > j->v.start ? linked : j->v.start);
	/* It ended before it began. */
	if (j->ends != NOWHERE && j->started != NOWHERE && j->ends < j->started) {
		j->started = NOWHERE;
		j->v.start = 0;
	}
}

/* ---------------------------------------------------------------------- what lies between */

static void excuse(struct judge *j, int64_t at)
{
	if (j->v.excused == 0)
		j->v.excused = at;
}

static void hold_or_go_on(struct judge *j, size_t i)
{
	const bool held = is_held(j, &j->a->scene[i]);
	const int64_t at = at_of(j, i) + (j->a->scene[i].f->at_ms <= 0);

	if (held == j->paused)
		return;
	if (held && at_of(j, i) > due_now(j)) {
		excuse(j, at_of(j, i)); /* it was over */
		return;
	}
	if (held && j->walk.n_pauses == LAW_WALK_PAUSES) {
		j->walk.unsure = true;
		return;
	}
	if (held) {
		/* It may have been held before it began. */
		j->walk.pause[j->walk.n_pauses].from = j->walk.pause[j->walk.n_pauses].until =
			at > j->v.start ? at : j->v.start;
	} else {
		const int64_t was = due_now(j);

		if (at_of(j, i) > j->walk.pause[j->walk.n_pauses].from)
			j->walk.pause[j->walk.n_pauses].until = at_of(j, i);
		j->walk.n_pauses++;
		/* What it may be extended to moves with it. */
		if (j->most != 0)
			j->most = j->rule->period.unit == LAW_HOUR && j->rule->period.amount > 0
					  ? j->most + due_now(j) - was
					  : law_walk_end(&j->walk, law_walk_day(&j->walk, j->most) +
									   law_walk_day(&j->walk, due_now(j)) -
									   law_walk_day(&j->walk, was));
	}
	j->paused = held;
}

static void extend(struct judge *j, size_t i)
{
	const struct law_rule *r = law_find_rule(j->p, j->rule->rule);
	const struct law_fact *f = j->a->scene[i].f;
	int64_t due, to = f->day != LAW_NO_DAY ? law_walk_end(&j->walk, f->day) : 0;

	if (!is(&j->a->scene[i], CY_CONTENT__KIND_EXTENSION) || f->side != j->rule->obliged || !j->rule->extensible ||
	    !about(j, &j->a->scene[i]) || (f->clock[0] != '\0' && strcmp(f->clock, j->rule->name) != 0))
		return;
	due = due_now(j);
	if (!j->paused && at_of(j, i) > due) {
		excuse(j, at_of(j, i));
		return;
	}
	if (j->most == 0 && j->rule->extension.amount > 0 && r != NULL)
		j->most = law_walk_end(&j->walk, law_walk_last(&j->walk, due, &j->rule->extension, r, 0));
	if (j->most != 0 && (to == 0 || to > j->most))
		to = j->most;
	if (to <= due)
		return;
	j->extended = to;
	j->pauses_before = j->walk.n_pauses;
}

static void live(struct judge *j)
{
	const size_t until = j->ends != NOWHERE ? j->ends : j->a->n;

	for (size_t i = 0; j->started != NOWHERE && i < until; i++) {
		if (i >= j->started || at_of(j, i) >= j->v.start)
			extend(j, i);
		hold_or_go_on(j, i);
	}
	if (j->started != NOWHERE)
		j->v.due = due_now(j);
	if (j->ends == NOWHERE)
		j->v.state = j->started == NOWHERE ? LAW_CLOCK_WAITING
			     : j->paused           ? LAW_CLOCK_SUSPENDED
						   : LAW_CLOCK_RUNNING;
}

/* ------------------------------------------------------------------------------ which ones */

static const struct store_clock *row_of(const struct mem_case *c, const char *name, unsigned measure, uint32_t notice)
{
	for (const struct mem_clock *k = c->clocks; k != NULL; k = k->next)
		if (k->row.measure == measure && k->row.notice == notice && strcmp(k->row.name, name) == 0)
			return &k->row;
	return NULL;
}

static bool is_asked_for(const struct law_clock_rule *rule, const struct law_terms *t, unsigned m)
{
	return rule->measures == 0 ||
	       (m <= t->n && t->type[m - 1] < 64 && (rule->measures & UINT64_C(1) << t->type[m - 1]) != 0);
}

static bool is_of_notices(const struct law_clock_rule *rule)
{
	return rule->start == LAW_START_CLARIFICATION || rule->start == LAW_START_ANSWER_DATE;
}

/* Is there a clock of the whole request (0), or of this measure? */
static bool exists(const struct law_clock_rule *rule, const struct law_terms *t, unsigned measures, unsigned m)
{
	bool any = rule->measures == 0;

	if (rule->urgent_only ? !t->urgent : rule->not_urgent && t->urgent)
		return false;
	if (rule->start == LAW_START_URGENCY_DATE && t->urgency_day == LAW_NO_DAY)
		return false;
	if (rule->by_measure)
		return m > 0 && m <= measures && m <= t->n && is_asked_for(rule, t, m) &&
		       (rule->start != LAW_START_WANTED_DATE || t->wanted[m - 1] != LAW_NO_DAY);
	for (unsigned i = 1; i <= t->n; i++)
		any = any || is_asked_for(rule, t, i);
	return m == 0 && any && rule->start != LAW_START_WANTED_DATE;
}

struct judging {
	const struct sim_node *s;
	const struct mem_case *c;
	const struct law_scenes *a;
	const struct law_profile *p;
	struct law_terms terms;
	void (*fn)(void *arg, const struct law_verdict *v);
	void *arg;
};

static void judge_one(const struct judging *g, const struct law_clock_rule *rule, unsigned measure, uint32_t notice)
{
	struct world *w = g->s->w;
	struct judge *j = calloc(1, sizeof *j);
	const struct sim_node *obliged =
		rule->obliged == g->c->row.side ? g->s : &w->nodes[strtoul(g->c->row.peer + 1, NULL, 10)];

	CY_ASSERT(j != NULL);
	*j = (struct judge){ .s = g->s, .c = g->c, .a = g->a, .p = g->p, .terms = &g->terms, .rule = rule };
	j->v = (struct law_verdict){ .rule = rule, .measure = (uint8_t)measure, .notice = notice };
	j->row = row_of(g->c, rule->name, measure, notice);
	j->walk.zone = law_find_zone(&w->law->legal_data, law_place(obliged)->zone);
	j->walk.calendar = law_find_calendar(&w->law->legal_data, law_place(obliged)->calendar);
	find_start(j);
	find_end(j);
	live(j);
	j->v.unsure = j->walk.unsure;
	g->fn(g->arg, &j->v);
	free(j);
}

static void judge_rule(const struct judging *g, const struct law_clock_rule *rule)
{
	for (unsigned m = 0; m <= g->a->measures; m++) {
		if (!exists(rule, &g->terms, g->a->measures, m))
			continue;
		if (!is_of_notices(rule))
			judge_one(g, rule, m, 0);
		for (size_t i = 0; is_of_notices(rule) && i < g->a->n; i++)
			if (is(&g->a->scene[i], CY_CONTENT__KIND_PROBLEM_NOTICE) &&
			    (rule->start == LAW_START_CLARIFICATION || g->a->scene[i].f->day != LAW_NO_DAY))
				judge_one(g, rule, m, g->a->scene[i].f->number);
	}
}

void law_verdicts(const struct sim_node *s, const struct mem_case *c, const struct law_scenes *a,
		  void (*fn)(void *arg, const struct law_verdict *v), void *arg)
{
	struct judging g = { .s = s, .c = c, .a = a, .p = law_of_case(s->w, &c->row), .fn = fn, .arg = arg };

	if (g.p == NULL || !law_keeps(s) || law_terms_decode(c->row.terms, &g.terms) < 0)
		return;
	for (size_t i = 0; i < g.p->n_clocks; i++)
		judge_rule(&g, &g.p->clocks[i]);
}

/* ------------------------------------------------------------------------------ comparing */

struct comparing {
	struct world *w;
	const struct sim_node *s;
	const struct mem_case *c;
	size_t n; /* rows that it met */
};

static void fail(const struct comparing *k, const struct law_verdict *v, const char *what, int64_t there, int64_t here)
{
	world_fail(k->w, "%s: case %s, clock %s of measure %u and notice %u: %s is %lld, and %lld by the facts",
		   k->s->id, k->c->row.case_id, v->rule->name, v->measure, v->notice, what, (long long)there,
		   (long long)here);
}

static void compare(void *arg, const struct law_verdict *v)
{
	struct comparing *k = arg;
	const struct store_clock *row = row_of(k->c, v->rule->name, v->measure, v->notice);

	if (row == NULL) {
		fail(k, v, "whether there is one", 0, 1);
		return;
	}
	k->n++;
	if (row->state != (int)v->state)
		fail(k, v, "the state", row->state, (int)v->state);
	if (row->start.ms != v->start)
		fail(k, v, "the start", row->start.ms, v->start);
	if (row->ended.ms != v->ended)
		fail(k, v, "the end", row->ended.ms, v->ended);
	if (v->unsure)
		return;
	if (row->due.ms != v->due)
		fail(k, v, "the due instant", row->due.ms, v->due);
	if (row->excused.ms != v->excused)
		fail(k, v, "what excuses its breach", row->excused.ms, v->excused);
	k->w->law->counts.judged++;
}

/* What is stored of a clock that the facts do not give was never owed. */
static size_t never_owed(const struct mem_case *c)
{
	size_t n = 0;

	for (const struct mem_clock *k = c->clocks; k != NULL; k = k->next)
		n += k->row.state == LAW_CLOCK_CEASED && k->row.ended.ms == 0;
	return n;
}

void law_judge(struct world *w, const struct sim_node *s, const struct mem_case *c)
{
	struct comparing k = { .w = w, .s = s, .c = c };
	struct law_scenes a;
	size_t rows = 0;

	if (law_of_case(w, &c->row) == NULL)
		return;
	law_scenes_begin(&a, c);
	law_verdicts(s, c, &a, compare, &k);
	for (const struct mem_clock *x = c->clocks; x != NULL; x = x->next)
		rows++;
	if (w->failure[0] == '\0' && rows != k.n + never_owed(c))
		world_fail(w, "%s: case %s has %zu clocks, and %zu by the facts", s->id, c->row.case_id, rows,
			   k.n + never_owed(c));
	law_scenes_end(&a);
}
