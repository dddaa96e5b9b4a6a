/* Messages of ours that no receipt answers in time: they are given up, with a signed statement. */
#include <stdio.h>
#include <string.h>

#include "node/peers/parcels.h"

#define NODE_EXPIRED_MAX 256 /* undelivered messages that a batch gives up */

struct page {
	struct node *n;
	struct store_message rows[CY_PARCEL_MESSAGES_MAX];
	size_t n_rows;
};

static int add_row(void *arg, const struct store_message *row)
{
	struct page *page = arg;
	struct cy_arena *a = &page->n->batch.arena;
	struct store_message *to = &page->rows[page->n_rows++];

	*to = *row;
	to->id = cy_arena_string(a, row->id);
	to->peer = cy_arena_string(a, row->peer);
	to->case_id = cy_arena_string(a, row->case_id);
	return CY_OK;
}

/* In this batch, about a clock of the case that the message is of. */
static bool was_decided(const struct node *n, const struct store_message *row)
{
	const struct work_case *c = cases_worked_on(n, row->peer, row->case_id);

	return c != NULL && c->decided;
}

/* Its receipt has come in this very batch, or its parcel is on its way to be signed. */
static bool is_moving(struct node *n, const struct store_message *row)
{
	if (batch_written(n, BATCH_OP(MARK_MESSAGE), row->id, NULL) != NULL)
		return true;
	for (const struct signing_request *w = n->batch.requests; w != NULL; w = w->next)
		for (size_t i = 0; w->kind == SIGN_PARCEL && i < w->n; i++)
			if (strcmp(w->messages[i]->id, row->id) == 0)
				return true;
	return false;
}

/* What one peer has not had: a statement is about one peer, and holds as many as a parcel. */
struct giving_up {
	struct giving_up *next;
	struct peer *peer;
	struct wire_text text;
	struct store_message rows[CY_PARCEL_MESSAGES_MAX];
};

/* The statement of this peer that has room; NULL: there are no more places for peers. */
static struct giving_up *statement_of(struct node *n, struct giving_up **first, const char *peer)
{
	struct giving_up *g = *first;

	while (g != NULL && (strcmp(g->peer->id, peer) != 0 || g->text.n == CY_BOUND(CY_PARCEL_MESSAGES_MAX)))
		g = g->next;
	if (g != NULL || node_peer_ever(n, peer) == NULL)
		return g;
	g = cy_arena_take(&n->batch.arena, sizeof *g);
	g->peer = node_peer_ever(n, peer);
	g->text.type = WIRE_RELAY_FAILURE;
	cy_copy(g->text.from, sizeof g->text.from, n->authority);
	cy_copy(g->text.to, sizeof g->text.to, peer);
	g->text.made = node_now(n);
	g->next = *first;
	return *first = g;
}

static bool give_up(struct node *n, struct giving_up **first, const struct store_message *row)
{
	struct giving_up *g;
	struct wire_entry *e;
	int r;

	/* What is left out has its turn at the next look, and nothing behind it waits for that. */
	if (was_decided(n, row) || is_moving(n, row) || cases_get(n, row->peer, row->case_id, &r) == NULL)
		return false;
	g = statement_of(n, first, row->peer);
	if (g == NULL)
		return false;
	g->rows[g->text.n] = *row;
	e = &g->text.entries[g->text.n++];
	e->digest = row->digest;
	e->code = CY_REJECTION_CODE__EXPIRED;
	snprintf(e->reason, sizeof e->reason, "%s",
		 row->transport == STORE_QUEUED ? "never sent before its age limit"
						: "sent, but no receipt before its age limit: it may have arrived");
	cy_copy(e->id, sizeof e->id, row->id);
	return true;
}

static void give_up_old(struct node *n)
{
	struct store_port *s = &n->ports.store;
	const struct cy_wall before = { node_now(n).ms - n->config.undelivered_ms };
	struct page *page = cy_arena_take(&n->batch.arena, sizeof *page);
	struct cy_wall after = { 0 };
	const char *after_id = "";
	struct giving_up *first = NULL;
	size_t given_up = 0;

	page->n = n;
	do {
		page->n_rows = 0;
		const int r = s->undelivered(s->ctx, before, after, after_id, CY_BOUND(CY_PARCEL_MESSAGES_MAX), add_row,
					     page);
		if (r < 0) {
			node_log(n, NODE_ALARM, NODE_EVENT_STORE, "", "undelivered messages cannot be read: %s",
				 cy_strerror(r));
			break;
		}
		for (size_t i = 0; i < page->n_rows && given_up < CY_BOUND(NODE_EXPIRED_MAX); i++) {
			after = page->rows[i].created;
			after_id = page->rows[i].id;
			given_up += give_up(n, &first, &page->rows[i]);
		}
	} while (page->n_rows == CY_BOUND(CY_PARCEL_MESSAGES_MAX) && given_up < CY_BOUND(NODE_EXPIRED_MAX));
	for (struct giving_up *g = first; g != NULL; g = g->next) {
		struct signing_request *w = batch_request_signature(n, SIGN_STATEMENT, g->peer, &g->text);

		w->failed = g->rows;
		w->n = g->text.n;
	}
}

static int load_oldest(void *arg, const struct store_message *row)
{
	*(struct cy_wall *)arg = row->created;
	return CY_OK;
}

static struct cy_mono next_look(struct node *n)
{
	struct store_port *s = &n->ports.store;
	struct cy_wall oldest = { INT64_MAX };
	const int r = s->undelivered(s->ctx, oldest, (struct cy_wall){ 0 }, "", 1, load_oldest, &oldest);
	int64_t left = NODE_EXPIRY_CHECK_MS;

	if (r == CY_OK && oldest.ms == INT64_MAX)
		return CY_NEVER;
	if (r == CY_OK && oldest.ms + n->config.undelivered_ms - node_now(n).ms > left)
		left = oldest.ms + n->config.undelivered_ms - node_now(n).ms;
	return cy_mono_add(n->ports.clock.mono(n->ports.clock.ctx), left);
}

void expire_resumed(struct node *n)
{
	n->exchange->next_expiry = n->ports.clock.mono(n->ports.clock.ctx);
}

void expire_start(struct node *n)
{
	n->exchange->next_expiry = n->ports.clock.mono(n->ports.clock.ctx);
}

void expire_step(struct node *n)
{
	const struct cy_mono now = n->ports.clock.mono(n->ports.clock.ctx);

	if (cy_mono_before(now, n->exchange->next_expiry))
		return;
	n->exchange->next_expiry = cy_mono_add(now, NODE_EXPIRY_CHECK_MS);
	if (!node_may_decide(n))
		return;
	give_up_old(n);
	n->exchange->next_expiry = next_look(n);
}

void expire_committed(struct node *n)
{
	if (n->exchange->next_expiry.ms == CY_NEVER.ms)
		n->exchange->next_expiry = cy_mono_add(n->ports.clock.mono(n->ports.clock.ctx), NODE_EXPIRY_CHECK_MS);
}

struct cy_mono expire_next(const struct node *n)
{
	return n->exchange->next_expiry;
}

void expire_signed(struct node *n, struct signing_request *w)
{
	if (w->signature.len == 0) /* tried again at the next check */
		return;
	/* More may be due than one batch gives up; what the look then finds plans the next one. */
	n->exchange->next_expiry = n->ports.clock.mono(n->ports.clock.ctx);
	for (size_t i = 0; i < w->n; i++) {
		const struct store_message *m = &w->failed[i];
		bool never_sent = m->transport == STORE_QUEUED;
		struct work_case *c;
		struct store_write *mark, *statement;
		int r;

		c = cases_get(n, w->peer->id, m->case_id, &r);
		if (c == NULL)
			continue;
		mark = batch_write(n, STORE_MARK_MESSAGE);
		mark->message = *m;
		mark->message.id = batch_string(n, m->id);
		mark->message.transport = STORE_FAILED;
		/* What never left is void; what may have arrived is not for us to void. */
		mark->message.void_code = never_sent ? CY_REJECTION_CODE__EXPIRED : 0;
		mark->message.void_reason = never_sent ? "not delivered before its age limit" : "";
		if (m->number == 1)
			c->row.first = STORE_FAILED;
		if (never_sent)
			cases_void(n, c, c->row.side, m->number, true);
		statement = batch_write(n, STORE_PUT_STATEMENT);
		statement->statement.message_id = mark->message.id;
		statement->statement.text = w->text;
		statement->statement.signature = w->signature;
		batch_leaf(n, "relay-failure %s %s %s", n->authority, w->peer->id, m->id);
		cases_event(n, c,
			    &(struct event_of){ .type = CY_EVENT_TYPE__RELAY_FAILED,
						.message_id = m->id,
						.kind = m->kind,
						.number = m->number,
						.code = CY_REJECTION_CODE__EXPIRED,
						.text = never_sent ? "never sent before its age limit"
								   : "no receipt before its age limit" });
		node_log(n, NODE_ALARM, NODE_EVENT_UNDELIVERED, w->peer->id,
			 "peer %s: message %s was not delivered before its age limit", w->peer->id, m->id);
	}
}
