/* Events for case systems: durable named cursors, repeated until acknowledged. */
#include <string.h>

#include "base/mutant.h"
#include "node/internal.h"

struct page {
	CyEvent rows[CY_PAGE_MAX], *list[CY_PAGE_MAX];
	size_t n;
	struct cy_arena arena;
};

static void fill(CyEvent *e, struct cy_arena *a, const struct store_event *row)
{
	cy_event__init(e);
	e->position = row->position;
	e->type = row->type;
	e->at_ms = row->at.ms;
	e->peer = cy_arena_string(a, row->peer);
	e->case_id = cy_arena_string(a, row->case_id);
	e->own_reference = cy_arena_string(a, row->own_reference);
	e->message_id = cy_arena_string(a, row->message_id);
	e->kind = row->kind;
	e->number = row->number;
	e->code = row->code;
	e->text = cy_arena_string(a, row->text);
	e->case_state = cy_arena_string(a, row->case_state);
}

static int add_event(void *arg, const struct store_event *row)
{
	struct page *p = arg;

	fill(&p->rows[p->n], &p->arena, row);
	p->list[p->n] = &p->rows[p->n];
	p->n++;
	return CY_OK;
}

void subscribe_read(struct node *n, struct conn *c, uint64_t correlation, const CyReadEvents *r)
{
	struct store_port *s = &n->ports.store;
	CyServerFrame f = CY_SERVER_FRAME__INIT;
	CyEventList list = CY_EVENT_LIST__INIT;
	struct cy_arena arena = { 0 };
	struct page *page = cy_arena_take(&arena, sizeof *page);
	uint32_t limit = r->limit == 0 ? 100 : r->limit;
	int code = s->events(s->ctx, local_view(c), r->after,
			     limit < CY_BOUND(CY_PAGE_MAX) ? limit : CY_BOUND(CY_PAGE_MAX), add_event, page);

	if (code < 0) {
		local_error(n, c->id, correlation, CY_ERROR_CODE__UNAVAILABLE, "", "the store cannot read now");
	} else {
		list.events = page->list;
		list.n_events = page->n;
		f.kind_case = CY_SERVER_FRAME__KIND_EVENT_LIST;
		f.event_list = &list;
		local_send(n, c->id, correlation, &f);
	}
	cy_arena_free(&page->arena);
	cy_arena_free(&arena);
}

/* --------------------------------------------------------------- cursors */

static void put_cursor(struct node *n, const struct conn *c, const char *name, uint64_t position)
{
	struct store_write *w = batch_write(n, STORE_PUT_CURSOR);

	w->cursor.client = batch_string(n, c->client->name);
	w->cursor.name = batch_string(n, name);
	w->cursor.position = position;
}

/* As this batch leaves it so far; CY_ENOENT: there is none. */
static int get_cursor(struct node *n, const struct conn *c, const char *name, uint64_t *ret_position)
{
	struct store_port *s = &n->ports.store;
	const struct store_write *last = NULL;

	for (const struct store_write *w = n->batch.writes.first; w != NULL; w = w->next)
		if (w->op == STORE_PUT_CURSOR && strcmp(w->cursor.name, name) == 0 &&
		    strcmp(w->cursor.client, c->client->name) == 0)
			last = w;
	if (last == NULL)
		return s->cursor(s->ctx, c->client->name, name, ret_position);
	*ret_position = last->cursor.position;
	return CY_OK;
}

static void reply_error(struct node *n, const struct conn *c, uint64_t correlation, CyErrorCode code, const char *text)
{
	CyServerFrame f = CY_SERVER_FRAME__INIT;
	CyError e = CY_ERROR__INIT;

	e.code = code;
	e.text = (char *)text;
	f.kind_case = CY_SERVER_FRAME__KIND_ERROR;
	f.error = &e;
	batch_reply(n, c->id, correlation, &f);
}

void subscribe_start(struct node *n, struct conn *c, uint64_t correlation, const CySubscribe *r)
{
	struct store_port *s = &n->ports.store;
	CyServerFrame f = CY_SERVER_FRAME__INIT;
	CySubscribed subscribed = CY_SUBSCRIBED__INIT;
	uint64_t position = 0;
	int code;

	if (!cy_name_valid(r->cursor, CY_KEY_MAX)) {
		reply_error(n, c, correlation, CY_ERROR_CODE__INVALID,
			    "subscribe.cursor: expected 1 to 64 printable ASCII characters");
		return;
	}
	if (c->subscription != 0 || c->subscribing != 0 || correlation == 0) {
		reply_error(n, c, correlation, CY_ERROR_CODE__TOO_MANY,
			    "one subscription a connection, with a correlation that is not 0");
		return;
	}
	code = get_cursor(n, c, r->cursor, &position);
	if (code == CY_ENOENT) {
		code = r->from_now ? s->last_event(s->ctx, &position) : CY_OK;
		put_cursor(n, c, r->cursor, position);
	}
	if (code < 0) {
		reply_error(n, c, correlation, CY_ERROR_CODE__UNAVAILABLE, "the store cannot read now");
		return;
	}
	if (CY_MUTANT_CURSOR_EARLY && s->last_event(s->ctx, &c->pushed) == CY_OK)
		put_cursor(n, c, r->cursor, c->pushed);
	c->subscribing = correlation;
	c->pushed = position;
	cy_copy(c->cursor, sizeof c->cursor, r->cursor);
	subscribed.position = position;
	f.kind_case = CY_SERVER_FRAME__KIND_SUBSCRIBED;
	f.subscribed = &subscribed;
	batch_reply(n, c->id, correlation, &f);
	batch_effect(n, EFFECT_SUBSCRIBED, c->id, cy_bytes(NULL, 0), "");
}

/* The batch is through: events follow the answer, or there is no subscription. */
void subscribe_begin(struct node *n, uint64_t conn, bool committed)
{
	struct conn *c = node_conn(n, conn);

	if (c == NULL)
		return;
	if (committed)
		c->subscription = c->subscribing;
	c->subscribing = 0;
}

/* What a case system has dealt with is delivered. */
static int mark_delivered(void *arg, const struct store_event *row)
{
	struct page *p = arg;

	return row->type == CY_EVENT_TYPE__MESSAGE_RECEIVED ? add_event(p, row) : CY_OK;
}

struct place {
	enum store_transport transport;
	uint64_t epoch, sequence;
	uint32_t index;
	CyRejectionCode code;
	char reason[CY_REASON_MAX + 1];
};

static int load_place(void *arg, const struct store_message *row)
{
	struct place *p = arg;

	p->transport = row->transport;
	p->epoch = row->epoch;
	p->sequence = row->sequence;
	p->index = row->index;
	p->code = row->void_code;
	return cy_copy(p->reason, sizeof p->reason, row->void_reason);
}

/* As this batch leaves it so far. */
static int get_place(struct node *n, const char *id, struct place *ret)
{
	struct store_port *s = &n->ports.store;
	const struct store_write *last = NULL;

	for (const struct store_write *w = n->batch.writes.first; w != NULL; w = w->next)
		if ((w->op == STORE_MARK_MESSAGE || w->op == STORE_PUT_MESSAGE) && strcmp(w->message.id, id) == 0)
			last = w;
	return last != NULL ? load_place(ret, &last->message) : s->get_message(s->ctx, id, load_place, ret);
}

/* Move a message of the peer forward on its way, never back. */
static void advance(struct node *n, const char *id, enum store_transport to)
{
	struct place at = { 0 };
	struct store_write *w;

	if (get_place(n, id, &at) < 0 || at.transport < STORE_RELAYED || at.transport >= to)
		return;
	w = batch_write(n, STORE_MARK_MESSAGE);
	w->message.id = batch_string(n, id);
	w->message.transport = to;
	w->message.void_code = at.code;
	w->message.void_reason = batch_string(n, at.reason);
	w->message.epoch = at.epoch;
	w->message.sequence = at.sequence;
	w->message.index = at.index;
}

void subscribe_acknowledge(struct node *n, struct conn *c, uint64_t correlation, const CyAcknowledgeEvents *a)
{
	struct store_port *s = &n->ports.store;
	CyServerFrame f = CY_SERVER_FRAME__INIT;
	CyDone done = CY_DONE__INIT;
	struct page *page = cy_arena_take(&n->batch.arena, sizeof *page);
	uint64_t position, last = 0;
	int code = get_cursor(n, c, a->cursor, &position);

	if (code == CY_OK)
		code = s->last_event(s->ctx, &last);
	if (code == CY_ENOENT || (code == CY_OK && a->position > last)) {
		reply_error(n, c, correlation, code == CY_OK ? CY_ERROR_CODE__INVALID : CY_ERROR_CODE__NOT_FOUND,
			    code == CY_OK ? "acknowledge_events.position: above the last event"
					  : "acknowledge_events.cursor: there is no such cursor, subscribe first");
		return;
	}
	if (code < 0) {
		reply_error(n, c, correlation, CY_ERROR_CODE__UNAVAILABLE, "the store cannot read now");
		return;
	}
	if (a->position > position) {
		/* Beyond a page nothing is marked; the messages are shown as relayed. */
		s->events(s->ctx, local_view(c), position, CY_BOUND(CY_PAGE_MAX), mark_delivered, page);
		for (size_t i = 0; i < page->n; i++)
			if (page->rows[i].position <= a->position)
				advance(n, page->rows[i].message_id, STORE_DELIVERED);
		cy_arena_free(&page->arena);
		put_cursor(n, c, a->cursor, a->position);
	}
	f.kind_case = CY_SERVER_FRAME__KIND_DONE;
	f.done = &done;
	batch_reply(n, c->id, correlation, &f);
}

void subscribe_retrieved(struct node *n, const char *message_id)
{
	advance(n, message_id, STORE_RETRIEVED);
}

/* ----------------------------------------------------------------- pushing */

struct push {
	struct node *n;
	struct conn *c;
};

static int push_event(void *arg, const struct store_event *row)
{
	struct push *p = arg;
	struct local_port *l = &p->n->ports.local;
	struct cy_arena arena = { 0 };
	CyServerFrame f = CY_SERVER_FRAME__INIT;
	CyEvent e;

	if (l->queued(l->ctx, p->c->id) > NODE_PUSH_BYTES)
		return CY_EAGAIN;
	fill(&e, &arena, row);
	f.kind_case = CY_SERVER_FRAME__KIND_EVENT;
	f.event = &e;
	local_send(p->n, p->c->id, p->c->subscription, &f);
	p->c->pushed = row->position;
	cy_arena_free(&arena);
	return CY_OK;
}

void subscribe_push(struct node *n, struct conn *c)
{
	struct store_port *s = &n->ports.store;
	struct push p = { n, c };
	uint64_t before;
	int r;

	if (c->subscription == 0)
		return;
	do {
		before = c->pushed;
		r = s->events(s->ctx, local_view(c), c->pushed, CY_BOUND(CY_PAGE_MAX), push_event, &p);
	} while (r == CY_OK && c->pushed != before);
}
