/* The ladder of a clock: each rung is decided once, in one commit with the row that
 * says so. Legal steps follow the wall clock, and wait while it is not trusted. */
#include <stdio.h>
#include <string.h>

#include "base/mutant.h"
#include "node/cases/clocks.h"

static bool is_for_us(const struct law_rung *g, const struct store_clock *row)
{
	return row->ours ? g->obliged : g->waiting;
}

/* The next rung from number *ret_nth on that is for us; NULL: none. */
static const struct law_rung *next_rung(const struct law_ladder *l, const struct store_clock *row, uint32_t *ret_nth)
{
	const struct law_rung *g;

	*ret_nth = row->rungs;
	while ((g = law_rung_nth(l, row->start, row->due, *ret_nth)) != NULL && !is_for_us(g, row))
		(*ret_nth)++;
	return g;
}

static bool has_lapsed(const struct store_clock *row)
{
	return row->lapsed.ms == row->due.ms;
}

struct cy_wall escalate_next(const struct store_clock *row, const struct law_ladder *l)
{
	struct cy_wall at = { has_lapsed(row) ? 0 : row->due.ms + 1 };
	uint32_t nth;
	const struct law_rung *g = next_rung(l, row, &nth);

	if (g != NULL) {
		const struct cy_wall rung = law_rung_at(g, row->start, row->due);

		if (at.ms == 0 || rung.ms < at.ms)
			at = rung;
	}
	return at;
}

/* The due instant was moved: what comes before the new one and is over already is left
 * out, since it was said about the old one. */
uint32_t escalate_skip(const struct law_ladder *l, const struct store_clock *row, struct cy_wall now)
{
	const struct law_rung *g;
	uint32_t nth = 0;

	while ((g = law_rung_nth(l, row->start, row->due, nth)) != NULL && g->when != LAW_WHEN_AFTER &&
	       law_rung_at(g, row->start, row->due).ms <= now.ms)
		nth++;
	return nth;
}

static void describe(struct node *n, const struct store_clock *row, char *out, size_t size)
{
	char due[LAW_LOCAL_SIZE], measure[32] = "";

	law_local_text(clocks_zone(n, row), row->due, due);
	if (row->measure > 0)
		snprintf(measure, sizeof measure, ", measure %u", row->measure);
	snprintf(out, size, "clock %s%s, due %s, owed by %s%s", row->name, measure, due,
		 row->ours ? n->authority : row->peer,
		 row->starter == STORE_QUEUED        ? "; what starts it has not left yet"
		 : row->starter == STORE_TRANSMITTED ? "; what starts it has no receipt yet"
		 : row->starter == STORE_FAILED      ? "; what starts it was given up without a receipt"
						     : "");
}

static void lapse(struct node *n, struct work_case *c, struct store_clock *row)
{
	char what[240];

	row->lapsed = row->due;
	describe(n, row, what, sizeof what);
	node_log(n, NODE_INFO, NODE_EVENT_ESCALATION, row->peer, "case %s: %s: lapsed on the side of %s", row->case_id,
		 what, row->ours ? n->authority : row->peer);
	batch_leaf(n, "lapsed %s %s %s %u %u %lld %s", row->peer, row->case_id, row->name, row->measure, row->notice,
		   (long long)row->due.ms, row->ours ? n->authority : row->peer);
	cases_event(n, c, &(struct event_of){ .type = CY_EVENT_TYPE__CLOCK_LAPSED, .message_id = "", .text = what });
}

static void remind(struct node *n, struct work_case *c, const struct store_clock *row,
		   const struct law_clock_rule *rule, const struct law_rung *g)
{
	CyContent content = CY_CONTENT__INIT;
	CyReminder r = CY_REMINDER__INIT;
	const struct compose_input input = {
		.content = &content, .priority = CY_PRIORITY__NORMAL, .own_reference = "", .client = ""
	};
	struct cy_error e = { 0 };
	struct composed said;

	r.clock = (char *)row->name;
	r.measure = row->measure;
	r.notice = row->notice;
	r.due_ms = row->due.ms;
	r.step = (char *)g->name;
	r.text = (char *)rule->obligation;
	content.kind_case = CY_CONTENT__KIND_REMINDER;
	content.reminder = &r;
	if (compose_message(n, c, &input, &said, &e) < 0)
		node_log(n, NODE_WARNING, NODE_EVENT_ESCALATION, row->peer, "case %s: no reminder can be sent: %s",
			 row->case_id, e.text);
}

static void climb(struct node *n, struct work_case *c, const struct store_clock *row, const struct law_clock_rule *rule,
		  const struct law_rung *g)
{
	char what[240], text[CY_REASON_MAX + 1], id[NODE_HOOK_ID];

	describe(n, row, what, sizeof what);
	snprintf(text, sizeof text, "%s: step %s for %s", what, g->name, g->role);
	/* Names the decision for good: what is decided twice about the same has another round. */
	snprintf(id, sizeof id, "%s/%s/%s/%u/%u/%u/%s", row->peer, row->case_id, row->name, row->measure, row->notice,
		 row->round, g->name);
	batch_leaf(n, "step %s", id);
	if ((g->actions & 1u << LAW_ACTION_EVENT) != 0)
		cases_event(n, c,
			    &(struct event_of){ .type = CY_EVENT_TYPE__CLOCK_STEP, .message_id = "", .text = text });
	if ((g->actions & 1u << LAW_ACTION_JOURNAL) != 0)
		node_log(n, g->when == LAW_WHEN_AFTER ? NODE_WARNING : NODE_INFO, NODE_EVENT_ESCALATION, row->peer,
			 "case %s: %s", row->case_id, text);
	if ((g->actions & 1u << LAW_ACTION_HOOK) != 0)
		hooks_put(n, id, row, rule, g);
	if ((g->actions & 1u << LAW_ACTION_REMINDER) != 0)
		remind(n, c, row, rule, g);
}

void escalate_clock(struct node *n, struct work_case *c, struct store_clock *row, const struct law_profile *p,
		    const struct law_clock_rule *rule)
{
	const struct law_ladder *l = law_ladder_of(n->config.legal_data, p, rule);
	const struct cy_wall now = node_now(n);

	for (;;) {
		uint32_t nth;
		const struct law_rung *g = next_rung(l, row, &nth);
		const struct cy_wall at = g != NULL ? law_rung_at(g, row->start, row->due) : (struct cy_wall){ 0 };

		if (!has_lapsed(row) && row->due.ms < now.ms && (g == NULL || row->due.ms < at.ms)) {
			lapse(n, c, row);
		} else if (g != NULL && at.ms - (CY_MUTANT_LAW_STEP_EARLY ? 86400000 : 0) <= now.ms) {
			climb(n, c, row, rule, g);
			row->rungs = nth + 1;
		} else {
			break;
		}
	}
	row->next = escalate_next(row, l);
}
