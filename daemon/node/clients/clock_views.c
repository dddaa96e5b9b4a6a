/* What people ask about time limits: what is due, who is late, how it was counted. */
#include <stdlib.h>
#include <string.h>

#include "node/clients/views.h"

#define NODE_CONFIRM_MS 60000 /* by which the time that an operator confirms may differ */

static bool is_late(const struct store_clock *row, struct cy_wall now)
{
	if (row->due.ms == 0)
		return false;
	if (row->state == LAW_CLOCK_MET)
		return row->ended.ms > row->due.ms;
	return row->state == LAW_CLOCK_RUNNING && row->due.ms < now.ms;
}

static CyClockView *view_of(struct node *n, struct cy_arena *a, const struct store_clock *row)
{
	const struct law_profile *p = NULL;
	const struct law_clock_rule *rule = clocks_rule(n, row, &p);
	const struct law_zone *zone = clocks_zone(n, row);
	CyClockView *v = cy_arena_take(a, sizeof *v);

	cy_clock_view__init(v);
	v->id = row->id;
	v->peer = cy_arena_string(a, row->peer);
	v->case_id = cy_arena_string(a, row->case_id);
	v->own_reference = cy_arena_string(a, row->own_reference);
	v->peer_reference = cy_arena_string(a, row->peer_reference);
	v->clock = cy_arena_string(a, row->name);
	v->measure = row->measure;
	v->notice = row->notice;
	v->obliged = row->ours ? n->authority : v->peer;
	v->state = (char *)law_clock_state_name((enum law_clock_state)row->state);
	v->start_ms = row->start.ms;
	v->due_ms = row->due.ms;
	v->ended_ms = row->ended.ms;
	if (!store_received(row->starter))
		v->not_received = cy_arena_string(a, views_transport(row->starter));
	v->late = store_received(row->starter) && is_late(row, node_now(n));
	v->excused_ms = row->excused.ms;
	v->stated_due_ms = row->stated_due.ms;
	v->difference = cy_arena_string(a, row->difference);
	v->time_zone = zone != NULL ? (char *)zone->name : v->time_zone;
	if (rule == NULL)
		return v;
	v->instrument = (char *)p->id;
	v->obligation = (char *)rule->obligation;
	v->article = (char *)rule->source.article;
	v->verified = rule->source.verified;
	v->force = (char *)law_force_name(rule->force);
	v->on_lapse = (char *)law_lapse_name(rule->lapse);
	return v;
}

struct listing {
	struct node *n;
	struct cy_arena arena;
	CyClockView **rows;
	size_t n_rows, max, bytes, most_bytes;
	uint64_t skip_to; /* all up to the clock with this id are left out; 0: none is */
};

static int add_clock(void *arg, const struct store_clock *row)
{
	struct listing *l = arg;

	if (l->skip_to != 0) {
		l->skip_to = row->id == l->skip_to ? 0 : l->skip_to;
		return CY_OK;
	}
	if (l->n_rows == l->max)
		return CY_ELIMIT;
	l->rows[l->n_rows] = view_of(l->n, &l->arena, row);
	l->bytes += cy_clock_view__get_packed_size(l->rows[l->n_rows]) + 8;
	if (l->bytes > l->most_bytes) /* the next page takes it */
		return CY_ELIMIT;
	l->n_rows++;
	return CY_OK;
}

/* Suspended ones are not due, whatever their last due instant was. */
static int add_running(void *arg, const struct store_clock *row)
{
	return row->state == LAW_CLOCK_RUNNING ? add_clock(arg, row) : CY_OK;
}

static int add_any(void *arg, const struct store_clock *row)
{
	return row->start.ms != 0 || row->state == LAW_CLOCK_WAITING ? add_clock(arg, row) : CY_OK;
}

/* From when to when they are due that are asked for. */
static void window(const struct node *n, const CyListClocks *r, struct cy_wall now, struct cy_wall *from,
		   struct cy_wall *until)
{
	static const struct law_offset always[] = { { INT64_MIN, 0 } };
	static const struct law_zone utc = { .name = "UTC", .n = 1, .offsets = always };
	const struct law_zone *own =
		n->config.legal_data != NULL ? law_find_zone(n->config.legal_data, n->place.zone) : NULL;
	const struct law_zone *z = own != NULL ? own : &utc;
	const int64_t today = cy_date_days(law_local_date(z, now, NULL));

	*from = (struct cy_wall){ 0 };
	*until = (struct cy_wall){ INT64_MAX };
	if (r->window == CY_CLOCK_WINDOW__TODAY || r->window == CY_CLOCK_WINDOW__WEEK) {
		const int64_t last = today + (r->window == CY_CLOCK_WINDOW__WEEK ? 6 : 0);

		*from = law_end_of_day(z, cy_date_of_days(today - 1));
		*until = law_end_of_day(z, cy_date_of_days(last));
	} else if (r->window == CY_CLOCK_WINDOW__LATE) {
		*until = (struct cy_wall){ now.ms - 1 };
	}
}

static int list_case(struct node *n, struct conn *c, uint64_t correlation, const char *ref, struct listing *l,
		     bool *ret_answered)
{
	struct store_port *s = &n->ports.store;
	struct case_name f;
	int code = views_named(n, c, correlation, ref, &f);

	*ret_answered = code == CY_ENOENT;
	return code == CY_OK       ? s->case_clocks(s->ctx, local_view(c), f.peer, f.case_id, add_any, l)
	       : code == CY_ENOENT ? CY_OK
				   : code;
}

void clock_views_list(struct node *n, struct conn *c, uint64_t correlation, const CyListClocks *r)
{
	struct store_port *s = &n->ports.store;
	CyServerFrame f = CY_SERVER_FRAME__INIT;
	CyClockList list = CY_CLOCK_LIST__INIT;
	struct listing l = { .n = n, .most_bytes = CY_LOCAL_FRAME_MAX - 1024 };
	const uint32_t limit = r->limit == 0 ? 100 : r->limit < CY_PAGE_MAX ? r->limit : CY_PAGE_MAX;
	const struct cy_wall now = node_now(n);
	struct cy_wall from, until;
	bool answered = false;
	int code;

	if (!node_names_peer(n, c, correlation, r->peer))
		return;
	window(n, r, now, &from, &until);
	l.max = r->case_ref[0] != '\0' && r->limit == 0 ? CY_PAGE_MAX : limit;
	l.skip_to = r->case_ref[0] != '\0' ? r->after_id : 0;
	l.rows = cy_arena_take(&l.arena, (l.max + 1) * sizeof *l.rows);
	if (r->case_ref[0] != '\0')
		code = list_case(n, c, correlation, r->case_ref, &l, &answered);
	else
		code = s->open_clocks(s->ctx, local_view(c), r->peer,
				      r->after_due_ms > from.ms ? (struct cy_wall){ r->after_due_ms } : from,
				      r->after_due_ms > from.ms ? r->after_id : INT64_MAX, until, UINT32_MAX,
				      r->window == CY_CLOCK_WINDOW__OPEN || r->window == 0 ? add_clock : add_running,
				      &l);
	if (code < 0 && code != CY_ELIMIT) {
		local_unreadable(n, c, correlation, code);
	} else if (!answered && l.skip_to != 0) {
		local_error(n, c->id, correlation, CY_ERROR_CODE__NOT_FOUND, "after_id",
			    "the time limits of this case have changed since the page before: list them anew");
	} else if (!answered) {
		list.more = code == CY_ELIMIT;
		list.clocks = l.rows;
		list.n_clocks = l.n_rows;
		list.now_ms = now.ms;
		list.time_zone = n->place.zone;
		f.kind_case = CY_SERVER_FRAME__KIND_CLOCK_LIST;
		f.clock_list = &list;
		local_send(n, c->id, correlation, &f);
	}
	cy_arena_free(&l.arena);
}

int clock_views_case(struct node *n, struct cy_arena *a, struct store_view view, const char *peer, const char *case_id,
		     size_t most_bytes, CyClockView ***ret_rows, size_t *ret_n, bool *ret_more)
{
	struct store_port *s = &n->ports.store;
	struct listing l = { .n = n, .arena = *a, .max = CY_BOUND(CY_PAGE_MAX), .most_bytes = most_bytes };
	int code;

	l.rows = cy_arena_take(&l.arena, (l.max + 1) * sizeof *l.rows);
	code = s->case_clocks(s->ctx, view, peer, case_id, add_any, &l);
	*a = l.arena;
	*ret_rows = l.rows;
	*ret_n = l.n_rows;
	*ret_more = code == CY_ELIMIT;
	return code == CY_ELIMIT ? CY_OK : code;
}

/* ------------------------------------------------------------------ explaining */

struct explaining {
	struct node *n;
	struct cy_arena arena;
	CyClockExplanation e;
	char *steps[LAW_COUNT_STEPS];
};

static int explain(void *arg, const struct store_clock *row)
{
	struct explaining *x = arg;
	char *line = cy_arena_string(&x->arena, row->explanation);

	x->e.clock = view_of(x->n, &x->arena, row);
	while (line != NULL && line[0] != '\0' && x->e.n_steps < LAW_COUNT_STEPS) {
		char *end = strchr(line, '\n');

		if (end != NULL)
			*end++ = '\0';
		x->steps[x->e.n_steps++] = line;
		line = end;
	}
	x->e.steps = x->steps;
	return CY_OK;
}

void clock_views_explain(struct node *n, struct conn *c, uint64_t correlation, const CyExplainClock *r)
{
	struct store_port *s = &n->ports.store;
	struct explaining x = { .n = n, .e = CY_CLOCK_EXPLANATION__INIT };
	CyServerFrame f = CY_SERVER_FRAME__INIT;
	int code = s->get_clock(s->ctx, local_view(c), r->id, explain, &x);

	if (code == CY_ENOENT) {
		local_error(n, c->id, correlation, CY_ERROR_CODE__NOT_FOUND, "id",
			    "no clock of this client's cases has this id: comityctl clock list CASE shows them");
	} else if (code < 0) {
		local_unreadable(n, c, correlation, code);
	} else {
		f.kind_case = CY_SERVER_FRAME__KIND_CLOCK_EXPLANATION;
		f.clock_explanation = &x.e;
		local_send(n, c->id, correlation, &f);
	}
	cy_arena_free(&x.arena);
}

/* ------------------------------------------------------------------ confirming */

void clock_views_confirm(struct node *n, struct conn *c, uint64_t correlation, const CyConfirmTime *r)
{
	const int64_t off = r->now_ms - node_now(n).ms;
	CyServerFrame f = CY_SERVER_FRAME__INIT;
	CyDone done = CY_DONE__INIT;

	if (off > NODE_CONFIRM_MS || off < -NODE_CONFIRM_MS) {
		local_error(n, c->id, correlation, CY_ERROR_CODE__INVALID, "now_ms",
			    "this is %lld s away from the daemon's clock: set the clock right first",
			    (long long)((off > 0 ? off : -off) / 1000));
		return;
	}
	n->batch.right = node_now(n);
	n->batch.right_at = n->ports.clock.mono(n->ports.clock.ctx);
	batch_leaf(n, "confirmed %s %lld %s", n->authority, (long long)n->batch.right.ms, c->client->name);
	batch_effect(n, EFFECT_CLOCK_CONFIRMED, 0, cy_bytes(NULL, 0), c->client->name);
	f.kind_case = CY_SERVER_FRAME__KIND_DONE;
	f.done = &done;
	batch_reply(n, c->id, correlation, &f);
}
