/* The clocks of the cases that a batch changed: computed from the facts by law/clock.h,
 * compared with what is stored, and stated to the other side where we owe. */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/mutant.h"
#include "node/cases/clocks.h"

/* A stored clock of the case at hand. */
struct clock_row {
	struct clock_row *next;
	struct store_clock row; /* strings in the write-set's arena */
	bool stated;            /* in this batch */
	bool told;              /* by law_clocks, this time */
	bool put;               /* in this batch */
};

/* Bringing one case up to date. */
struct clock_update {
	struct node *n;
	struct work_case *c;
	const struct law_profile *profile;
	const struct law_zone *zone[3];
	const struct law_calendar *calendar[3];
	size_t n_stated, n_receipts, n_say;
	bool receipts_read;
	bool recalls;                     /* a statement may be in the store whose time limit is new */
	uint8_t digest[3][CY_SHA256_LEN]; /* that the statement points to */
	/* Used up to n_stated and n_say, and not cleared from case to case. */
	struct law_stated stated[LAW_CLOCKS_MAX];
	struct law_receipt receipts[LAW_OPEN_MAX];
	CyStatedClock *say[CY_REPEATED_MAX];
};

static int64_t day_of(int64_t ms)
{
	return ms / 86400000;
}

static const struct law_profile *profile_of(const struct node *n, const struct law_terms *t)
{
	return n->config.legal_data == NULL || t->instrument[0] == '\0'
		       ? NULL
		       : law_find_profile(n->config.legal_data, t->instrument, t->version,
					  cy_date_of_days(day_of(t->opened_ms)));
}

static const struct law_clock_rule *rule_named(const struct law_profile *p, const char *name)
{
	for (size_t i = 0; i < p->n_clocks; i++)
		if (strcmp(p->clocks[i].name, name) == 0)
			return &p->clocks[i];
	return NULL;
}

const struct law_clock_rule *clocks_rule(const struct node *n, const struct store_clock *row,
					 const struct law_profile **ret_profile)
{
	struct law_terms t;
	const struct law_profile *p = law_terms_decode(row->terms, &t) == CY_OK ? profile_of(n, &t) : NULL;

	if (p != NULL)
		*ret_profile = p;
	return p != NULL ? rule_named(p, row->name) : NULL;
}

const struct law_zone *clocks_zone(struct node *n, const struct store_clock *row)
{
	const struct peer *p = row->ours ? NULL : node_peer_ever(n, row->peer);
	const char *zone = row->ours ? n->place.zone : p != NULL ? p->place.zone : "";

	return n->config.legal_data != NULL ? law_find_zone(n->config.legal_data, zone) : NULL;
}

/* ------------------------------------------------------------------ statements */

static void take_digest(struct cy_digest *d, const ProtobufCBinaryData *b)
{
	if (b->len == CY_SHA256_LEN)
		memcpy(d->b, b->data, CY_SHA256_LEN);
}

void clocks_stated(struct node *n, struct work_case *c, CySide author, uint32_t number, const CyClockStatement *s)
{
	for (size_t i = 0; i < s->n_clocks; i++) {
		const CyStatedClock *k = s->clocks[i];
		struct stated *st = cy_arena_take(&n->batch.arena, sizeof *st);

		cy_copy(st->key.name, sizeof st->key.name, k->clock);
		st->key.measure = (uint8_t)k->measure;
		st->key.notice = k->notice;
		st->author = author;
		st->number = number;
		st->start_ms = k->start_ms;
		st->due_ms = k->due_ms;
		take_digest(&st->profile, &s->profile_digest);
		take_digest(&st->calendar, &s->calendar_digest);
		take_digest(&st->zone, &s->zone_digest);
		st->next = c->stated;
		c->stated = st;
	}
	c->clocks_changed = true;
}

static int recall_content(void *arg, const struct store_message *row)
{
	struct clock_update *s = arg;
	CyMessage *m = row->damaged ? NULL : cy_message__unpack(NULL, row->content.len, row->content.data);

	if (m != NULL && m->content != NULL && m->content->kind_case == CY_CONTENT__KIND_CLOCK_STATEMENT)
		clocks_stated(s->n, s->c, row->author == STORE_OWN ? s->c->row.side : cases_other(s->c->row.side),
			      row->number, m->content->clock_statement);
	if (m != NULL)
		cy_message__free_unpacked(m, NULL);
	return CY_OK;
}

static int recall_message(void *arg, const struct store_message *row)
{
	struct clock_update *s = arg;
	struct store_port *store = &s->n->ports.store;

	return row->kind != CY_CONTENT__KIND_CLOCK_STATEMENT || row->void_code != 0
		       ? CY_OK
		       : store->get_message(store->ctx, row->id, recall_content, s);
}

/* What was stated of a time limit before there was one: after a restore a statement may come back before the request
 * or the notice that it is about, and a treaty profile may have been missing. */
static int recall(struct clock_update *s)
{
	struct store_port *store = &s->n->ports.store;

	return store->case_messages(store->ctx, s->c->row.peer, s->c->row.case_id, recall_message, s);
}

/* ------------------------------------------------------------------------ rows */

static struct clock_row *find_row(struct clock_update *s, const struct law_clock_key *k)
{
	for (struct clock_row *r = s->c->clocks; r != NULL; r = r->next)
		if (r->row.measure == k->measure && r->row.notice == k->notice && strcmp(r->row.name, k->name) == 0)
			return r;
	return NULL;
}

static struct clock_row *new_row(struct clock_update *s)
{
	struct clock_row *r = cy_arena_take(&s->n->batch.arena, sizeof *r);

	r->next = s->c->clocks;
	s->c->clocks = r;
	return r;
}

static int load_row(void *arg, const struct store_clock *row)
{
	struct clock_update *s = arg;
	struct clock_row *r = new_row(s);

	r->row = *row;
	r->row.peer = s->c->row.peer;
	r->row.case_id = s->c->row.case_id;
	r->row.name = batch_string(s->n, row->name);
	r->row.difference = batch_string(s->n, row->difference);
	r->row.explanation = batch_string(s->n, row->explanation);
	return CY_OK;
}

static int read_rows(struct clock_update *s)
{
	struct store_port *store = &s->n->ports.store;
	int r;

	for (struct clock_row *k = s->c->clocks; k != NULL; k = k->next)
		k->stated = k->told = false;
	if (s->c->clocks_read)
		return CY_OK;
	r = store->case_clocks(store->ctx, (struct store_view){ .client = NULL }, s->c->row.peer, s->c->row.case_id,
			       load_row, s);
	s->c->clocks_read = r == CY_OK;
	return r;
}

static struct clock_row *row_of(struct clock_update *s, const struct law_clock_key *k,
				const struct law_clock_rule *rule)
{
	struct clock_row *r = find_row(s, k);

	if (r != NULL)
		return r;
	r = new_row(s);
	r->row = (struct store_clock){ .peer = s->c->row.peer,
				       .case_id = s->c->row.case_id,
				       .name = batch_string(s->n, k->name),
				       .measure = k->measure,
				       .notice = k->notice,
				       .ours = rule->obliged == s->c->row.side,
				       .difference = "",
				       .explanation = "" };
	return r;
}

/* What was stated in this batch, by the side that owes. The first statement of a start
 * stands, also where it comes back after a restore; of a due instant the last. */
static void apply_statements(struct clock_update *s)
{
	for (const struct stated *st = s->c->stated; st != NULL; st = st->next) {
		const struct law_clock_rule *rule = rule_named(s->profile, st->key.name);
		struct clock_row *r;

		if (rule == NULL || rule->obliged != st->author)
			continue;
		r = row_of(s, &st->key, rule);
		r->stated = true;
		if (r->row.start_by == 0 || st->number < r->row.start_by) {
			r->row.stated_start = (struct cy_wall){ st->start_ms };
			r->row.start_by = st->number;
		}
		if (st->number >= r->row.due_by) {
			r->row.stated_due = (struct cy_wall){ st->due_ms };
			r->row.due_by = st->number;
		}
	}
}

static void gather_stated(struct clock_update *s)
{
	for (const struct clock_row *r = s->c->clocks; r != NULL && s->n_stated < LAW_CLOCKS_MAX; r = r->next) {
		struct law_stated *st = &s->stated[s->n_stated];

		if (r->row.stated_start.ms == 0 || (CY_MUTANT_LAW_OWN_START && !r->row.ours))
			continue;
		*st = (struct law_stated){ .key = { .measure = (uint8_t)r->row.measure, .notice = r->row.notice },
					   .start_ms = r->row.stated_start.ms };
		if (cy_copy(st->key.name, sizeof st->key.name, r->row.name) == CY_OK)
			s->n_stated++;
	}
}

/* When we signed a receipt for what the time limit starts with; 0: there is none. */
static int64_t receipt_of(const struct clock_update *s, const struct law_clock *k)
{
	for (size_t i = 0; i < s->n_receipts; i++)
		if (s->receipts[i].author != k->rule->obliged &&
		    (k->key.notice == 0 || s->receipts[i].number == k->key.notice))
			return s->receipts[i].made_ms;
	return 0;
}

/* ------------------------------------------------------------------ differences */

static bool is_stated(const struct cy_digest *d)
{
	static const struct cy_digest none;

	return !cy_digest_equal(d, &none);
}

static const char *cause(const struct clock_update *s, const struct stated *st, CySide obliged)
{
	const struct law_zone *z = s->zone[obliged];
	const struct law_calendar *k = s->calendar[obliged];

	if (!cy_digest_equal(&st->profile, &s->profile->digest))
		return "the treaty profiles differ: comityctl treaty diff shows where";
	if ((k != NULL) != is_stated(&st->calendar) || (k != NULL && !cy_digest_equal(&st->calendar, &k->digest)))
		return "the holiday calendars differ";
	if (z == NULL || !cy_digest_equal(&st->zone, &z->digest))
		return "the time zone or its data differ";
	return "with the same profile, calendar and time zone";
}

static void tell_difference(struct clock_update *s, struct clock_row *r, const struct law_clock *k, const char *text)
{
	if (strcmp(r->row.difference, text) == 0)
		return;
	r->row.difference = batch_string(s->n, text);
	node_log(s->n, NODE_WARNING, NODE_EVENT_ESCALATION, s->c->row.peer, "case %s: clock %s, measure %u: %s",
		 s->c->row.case_id, k->key.name, k->key.measure, text);
	cases_event(s->n, s->c,
		    &(struct event_of){ .type = CY_EVENT_TYPE__CLOCK_DIFFERS, .message_id = "", .text = text });
}

static void compare(struct clock_update *s, struct clock_row *r, const struct law_clock *k)
{
	const struct law_zone *zone = s->zone[k->rule->obliged];
	char ours[LAW_LOCAL_SIZE], theirs[LAW_LOCAL_SIZE], text[CY_REASON_MAX + 1];
	const struct stated *st;

	/* Whoever owes gains time by a late start; that it lies ahead anybody can see whose
	 * own clock is right. */
	if (!s->n->clock_suspect && k->start.ms > node_now(s->n).ms + NODE_CLOCK_JUMP_MS) {
		law_local_text(zone, k->start, theirs);
		snprintf(text, sizeof text, "its start, stated by %s, lies ahead: %s", s->c->row.peer, theirs);
		tell_difference(s, r, k, text);
		return;
	}
	if (k->overruled) {
		law_local_text(zone, k->start, ours);
		law_local_text(zone, r->row.stated_start, theirs);
		snprintf(text, sizeof text,
			 "its start was stated as %s by %s, which had signed a receipt before: %s counts", theirs,
			 s->c->row.peer, ours);
		tell_difference(s, r, k, text);
		return;
	}
	if (r->row.due_by == 0 || k->due.ms == 0 || k->due.ms == r->row.stated_due.ms) {
		r->row.difference = "";
		return;
	}
	for (st = s->c->stated; st != NULL; st = st->next)
		if (st->number == r->row.due_by && st->author == k->rule->obliged && law_clock_same(&st->key, &k->key))
			break;
	/* Without a new statement the other side may just not have seen what we have. */
	if (st == NULL)
		return;
	law_local_text(zone, k->due, ours);
	law_local_text(zone, r->row.stated_due, theirs);
	snprintf(text, sizeof text, "due %s is counted here, %s was stated by %s: %s", ours, theirs, s->c->row.peer,
		 cause(s, st, k->rule->obliged));
	tell_difference(s, r, k, text);
}

/* -------------------------------------------------------------------- settling */

static const char *sentences(struct node *n, const struct law_count *how)
{
	char text[LAW_COUNT_STEPS * (sizeof how->steps[0] + 1)];
	size_t len = 0;

	text[0] = '\0';
	for (size_t i = 0; i < how->n; i++)
		len += (size_t)snprintf(text + len, sizeof text - len, "%s%s", i > 0 ? "\n" : "", how->steps[i]);
	return batch_string(n, text);
}

static void state_it(struct clock_update *s, struct clock_row *r)
{
	CyStatedClock *k;

	if (s->n_say == CY_BOUND(CY_REPEATED_MAX))
		return;
	k = cy_arena_take(&s->n->batch.arena, sizeof *k);
	cy_stated_clock__init(k);
	k->clock = (char *)r->row.name;
	k->measure = r->row.measure;
	k->notice = r->row.notice;
	k->start_ms = r->row.start.ms;
	k->due_ms = r->row.due.ms;
	s->say[s->n_say++] = k;
	r->row.stated_due = r->row.due;
	/* The message that follows; it is the next of ours. */
	if (r->row.start_by == 0) {
		r->row.stated_start = r->row.start;
		r->row.start_by = s->c->row.own_number + 1;
	}
	r->row.due_by = s->c->row.own_number + 1;
}

static bool changed(const struct store_clock *a, const struct store_clock *b)
{
	return a->state != b->state || a->start.ms != b->start.ms || a->due.ms != b->due.ms ||
	       a->ended.ms != b->ended.ms || a->round != b->round || a->rungs != b->rungs || a->next.ms != b->next.ms ||
	       a->stated_start.ms != b->stated_start.ms || a->stated_due.ms != b->stated_due.ms ||
	       a->start_by != b->start_by || a->due_by != b->due_by || a->breach != b->breach ||
	       a->excused.ms != b->excused.ms || strcmp(a->difference, b->difference) != 0 ||
	       strcmp(a->explanation, b->explanation) != 0;
}

void clocks_put(struct node *n, const struct store_clock *row)
{
	batch_write(n, STORE_PUT_CLOCK)->clock = *row;
	n->cases->clocks_changed = true;
}

/* Has the side that owes stated something after it knew of what starts this time limit, which is new here? */
static bool may_be_recalled(struct clock_update *s, const struct law_clock *k)
{
	const struct clock_row *r = find_row(s, &k->key);

	if (r != NULL && (r->row.id != 0 || r->put))
		return false;
	for (size_t i = 0; i < s->c->n; i++) {
		const struct law_fact *f = &s->c->facts[i];

		if (f->kind == CY_CONTENT__KIND_CLOCK_STATEMENT && f->side == k->rule->obliged &&
		    f->seen >= k->key.notice)
			return true;
	}
	return false;
}

/* A receipt whose instant nobody has stated: where we are the one to do so, it is now; of the request, when the case
 * was opened here, which was before where nothing could be counted then. */
static int state_start(void *arg, const struct law_clock *k)
{
	struct clock_update *s = arg;
	struct law_stated *st = &s->stated[s->n_stated];
	int64_t receipt;
	int r = CY_OK;

	s->recalls = s->recalls || may_be_recalled(s, k);
	if (!s->receipts_read && proofs_are_wanted(s->n, s->c, k, &r)) {
		r = proofs_receipts(s->n, s->c, s->receipts, LAW_OPEN_MAX, &s->n_receipts);
		s->receipts_read = true;
	}
	if (r < 0)
		return r;
	if (!k->unstated || k->state != LAW_CLOCK_WAITING || k->rule->obliged != s->c->row.side ||
	    s->n_stated == LAW_CLOCKS_MAX)
		return CY_OK;
	*st = (struct law_stated){ .key = k->key, .start_ms = node_legal_now(s->n).ms };
	if (k->rule->start == LAW_START_RECEIVED && !s->c->is_new && s->c->row.opened.ms < st->start_ms)
		st->start_ms = s->c->row.opened.ms;
	receipt = receipt_of(s, k);
	if (receipt > 0 && receipt < st->start_ms)
		st->start_ms = receipt;
	s->n_stated++;
	return CY_OK;
}

static int take_clock(void *arg, const struct law_clock *k)
{
	struct clock_update *s = arg;
	struct clock_row *r = row_of(s, &k->key, k->rule);
	struct store_clock before = r->row;
	const struct law_ladder *ladder = law_ladder_of(s->n->config.legal_data, s->profile, k->rule);

	r->told = true;
	r->row.state = (int)k->state;
	r->row.start = k->start;
	r->row.due = k->due;
	r->row.ended = k->ended;
	r->row.excused = k->excused;
	r->row.explanation = sentences(s->n, &k->count);
	r->row.breach = law_clock_breach(k->rule);
	if (k->round > r->row.round) {
		r->row.round = k->round;
		r->row.rungs = escalate_skip(ladder, &r->row, node_legal_now(s->n));
	} else if (before.start.ms != k->start.ms || before.due.ms != k->due.ms) {
		r->row.rungs = law_rungs_kept(ladder, before.start, before.due, before.rungs, k->start, k->due);
	}
	r->row.next = k->state == LAW_CLOCK_RUNNING ? escalate_next(&r->row, ladder) : (struct cy_wall){ 0 };
	if (r->row.ours && (k->state == LAW_CLOCK_RUNNING || k->state == LAW_CLOCK_SUSPENDED) &&
	    (r->row.stated_due.ms != k->due.ms || r->row.start_by == 0))
		state_it(s, r);
	else if (!r->row.ours)
		compare(s, r, k);
	if (before.id == 0 || r->stated || changed(&before, &r->row)) {
		clocks_put(s->n, &r->row);
		r->put = true;
	}
	return CY_OK;
}

/* A clock that started with what a crossing message has overtaken since, or what turned
 * out void: it never was. */
static void cease(struct clock_update *s)
{
	for (struct clock_row *r = s->c->clocks; r != NULL; r = r->next) {
		if (r->told || (r->row.id == 0 && !r->put) || r->row.state == LAW_CLOCK_CEASED)
			continue;
		r->row.state = LAW_CLOCK_CEASED;
		r->row.ended = r->row.next = (struct cy_wall){ 0 };
		r->row.explanation =
			batch_string(s->n, "What started it does not count: it was overtaken by a message that "
					   "it crossed, rejected, or never sent.");
		clocks_put(s->n, &r->row);
	}
}

static ProtobufCBinaryData digest_of(uint8_t *copy, const struct cy_digest *d)
{
	memcpy(copy, d->b, CY_SHA256_LEN);
	return (ProtobufCBinaryData){ .data = copy, .len = CY_SHA256_LEN };
}

static void compose_statement(struct clock_update *s)
{
	CyContent content = CY_CONTENT__INIT;
	CyClockStatement st = CY_CLOCK_STATEMENT__INIT;
	const CySide side = s->c->row.side;
	const struct compose_input input = {
		.content = &content, .priority = CY_PRIORITY__NORMAL, .own_reference = "", .client = ""
	};
	struct cy_error e = { 0 };
	struct composed said;

	st.clocks = s->say;
	st.n_clocks = s->n_say;
	st.profile_digest = digest_of(s->digest[0], &s->profile->digest);
	if (s->calendar[side] != NULL)
		st.calendar_digest = digest_of(s->digest[1], &s->calendar[side]->digest);
	if (s->zone[side] != NULL)
		st.zone_digest = digest_of(s->digest[2], &s->zone[side]->digest);
	content.kind_case = CY_CONTENT__KIND_CLOCK_STATEMENT;
	content.clock_statement = &st;
	if (compose_message(s->n, s->c, &input, &said, &e) < 0)
		node_log(s->n, NODE_WARNING, NODE_EVENT_ESCALATION, s->c->row.peer,
			 "case %s: its clocks cannot be stated to the peer: %s", s->c->row.case_id, e.text);
}

static const struct site *site_of(const struct clock_update *s, CySide side)
{
	const struct peer *p = node_peer(s->n, s->c->row.peer);

	return side == s->c->row.side ? &s->n->place : p != NULL ? &p->place : NULL;
}

static int find_starts(struct clock_update *s, struct law_clock_input *in)
{
	int r;

	apply_statements(s);
	s->n_stated = 0;
	gather_stated(s);
	in->n_stated = s->n_stated;
	in->n_receipts = 0; /* we state what we owe, and let no receipt say it */
	r = law_clocks(in, state_start, s);
	in->n_stated = s->n_stated;
	in->n_receipts = s->n_receipts;
	return r;
}

static int find_all_starts(struct clock_update *s, struct law_clock_input *in)
{
	int r = read_rows(s);

	if (r < 0)
		return r;
	r = find_starts(s, in);
	if (r < 0 || !s->recalls)
		return r;
	r = recall(s);
	return r == CY_OK ? find_starts(s, in) : r;
}

static void update_clocks(struct node *n, struct work_case *c, struct clock_update *s)
{
	struct law_terms terms;
	struct law_clock_input in = { .terms = &terms, .stated = s->stated, .receipts = s->receipts };
	int r;

	memset(s, 0, offsetof(struct clock_update, stated));
	s->n = n;
	s->c = c;
	if (law_terms_decode(c->row.terms, &terms) < 0)
		return;
	s->profile = profile_of(n, &terms);
	if (s->profile == NULL || s->profile->n_clocks == 0)
		return;
	for (CySide side = CY_SIDE__REQUESTING; side <= CY_SIDE__REQUESTED; side++) {
		const struct site *at = site_of(s, side);

		s->zone[side] = at != NULL ? law_find_zone(n->config.legal_data, at->zone) : NULL;
		s->calendar[side] = at != NULL ? law_find_calendar(n->config.legal_data, at->calendar) : NULL;
		in.zone[side] = s->zone[side];
		in.calendar[side] = s->calendar[side];
	}
	in.profile = s->profile;
	in.facts = c->facts;
	in.n = c->n;
	r = CY_MUTANT_LAW_LINK_UNREAD ? CY_OK : follow_get(n, c, s->profile, &in.follow_ups, &in.n_follow_ups);
	if (r == CY_OK)
		r = find_all_starts(s, &in);
	if (r == CY_EDAMAGED)
		cases_damaged(n, c->row.peer, c->row.case_id, "a time limit of");
	else if (r < 0)
		n->batch.abort_reason = "the store cannot read the time limits of a case";
	if (r < 0)
		return;
	law_clocks(&in, take_clock, s);
	cease(s);
	if (s->n_say > 0)
		compose_statement(s);
}

void clocks_update(struct node *n)
{
	struct clock_update *s = NULL; /* one after the other uses it */

	follow_put(n);
	if (n->config.legal_data == NULL || n->config.legal_data->n_profiles == 0)
		return;
	for (struct work_case *c = n->batch.cases; c != NULL; c = c->next)
		if (c->clocks_changed && !store_is_unfiled(c->row.case_id)) {
			if (s == NULL)
				s = cy_arena_take(&n->batch.arena, sizeof *s);
			update_clocks(n, c, s);
			c->clocks_changed = false;
		}
}
