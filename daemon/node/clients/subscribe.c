/* Events for case systems: durable named cursors, repeated until acknowledged. */
#include <string.h>

#include "base/mutant.h"
#include "node/clients/prune.h"
#include "node/clients/views.h"

#define NODE_PUSH_BYTES (256u * 1024u) /* events in a client's queue */

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
	e->peer_reference = cy_arena_string(a, row->peer_reference);
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
	int code = s->pruned_events(s->ctx, &list.pruned);

	if (code == CY_OK && (r->after == 0 || r->after >= list.pruned))
		code = s->events(s->ctx, local_view(c), r->after,
				 limit < CY_BOUND(CY_PAGE_MAX) ? limit : CY_BOUND(CY_PAGE_MAX), add_event, page);
	if (code < 0) {
		local_unreadable(n, c, correlation, code);
	} else if (r->after > 0 && r->after < list.pruned) {
		local_error(n, c->id, correlation, CY_ERROR_CODE__NOT_FOUND, "read_events.after",
			    "events up to %llu are not kept any more (store.keep_events), and some after %llu may be "
			    "among them: see what became of the cases, and go on after %llu; a cursor is waited for",
			    (unsigned long long)list.pruned, (unsigned long long)r->after,
			    (unsigned long long)list.pruned);
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
static int get_cursor(struct node *n, const char *client, const char *name, uint64_t *ret_position)
{
	struct store_port *s = &n->ports.store;
	const struct store_write *last = NULL;

	for (const struct store_write *w = n->batch.writes.first; w != NULL; w = w->next)
		if ((w->op == STORE_PUT_CURSOR || w->op == STORE_DROP_CURSOR) && strcmp(w->cursor.name, name) == 0 &&
		    strcmp(w->cursor.client, client) == 0)
			last = w;
	if (last == NULL)
		return s->cursor(s->ctx, client, name, ret_position);
	*ret_position = last->cursor.position;
	return last->op == STORE_PUT_CURSOR ? CY_OK : CY_ENOENT;
}

struct cursor_count {
	const char *client;
	size_t n;
};

static int count_cursor(void *arg, const struct store_cursor *row)
{
	struct cursor_count *count = arg;

	count->n += strcmp(row->client, count->client) == 0;
	return CY_OK;
}

/* May this client have one more? Those that this batch makes are few. */
static int may_have_cursor(struct node *n, const struct conn *c, bool *ret_may)
{
	struct store_port *s = &n->ports.store;
	struct cursor_count count = { .client = c->client->name };
	int r = s->cursors(s->ctx, count_cursor, &count);

	*ret_may = count.n < CY_CURSORS_MAX;
	return r;
}

void subscribe_start(struct node *n, struct conn *c, uint64_t correlation, const CySubscribe *r)
{
	struct store_port *s = &n->ports.store;
	CyServerFrame f = CY_SERVER_FRAME__INIT;
	CySubscribed subscribed = CY_SUBSCRIBED__INIT;
	uint64_t position = 0;
	bool may_have = true;
	int code;

	if (!cy_name_valid(r->cursor, CY_KEY_MAX)) {
		batch_error(n, c->id, correlation, CY_ERROR_CODE__INVALID, "",
			    "subscribe.cursor: expected 1 to 64 printable ASCII characters");
		return;
	}
	if (c->sub->subscription != 0 || c->sub->subscribing != 0 || correlation == 0) {
		batch_error(n, c->id, correlation, CY_ERROR_CODE__TOO_MANY, "",
			    "one subscription a connection, with a correlation that is not 0");
		return;
	}
	code = s->pruned_events(s->ctx, &subscribed.pruned);
	if (code == CY_OK)
		code = get_cursor(n, c->client->name, r->cursor, &position);
	if (code == CY_ENOENT) {
		position = subscribed.pruned;
		code = may_have_cursor(n, c, &may_have);
		if (code == CY_OK && r->from_now)
			code = s->last_event(s->ctx, &position);
		if (code == CY_OK && may_have)
			put_cursor(n, c, r->cursor, position);
	} else if (position < subscribed.pruned) {
		/* What went before it had passed it was not for this client. */
		position = subscribed.pruned;
	}
	if (!may_have) {
		batch_error(
			n, c->id, correlation, CY_ERROR_CODE__TOO_MANY, "",
			"this client has as many cursors as it may: use one of them, or have an administrator remove "
			"one (comityctl cursor remove)");
		return;
	}
	if (code < 0) {
		batch_error(n, c->id, correlation, local_unread_code(code), "", local_unread_text(code));
		return;
	}
	if (CY_MUTANT_CURSOR_EARLY && s->last_event(s->ctx, &c->sub->pushed) == CY_OK)
		put_cursor(n, c, r->cursor, c->sub->pushed);
	c->sub->subscribing = correlation;
	c->sub->pushed = position;
	cy_copy(c->sub->cursor, sizeof c->sub->cursor, r->cursor);
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
		c->sub->subscription = c->sub->subscribing;
	c->sub->subscribing = 0;
}

static void mark(struct node *n, const char *id, enum store_transport transport)
{
	struct message_state m;

	if (message_state(n, id, &m) < 0 || m.transport < STORE_RELAYED || m.transport >= transport)
		return;
	m.transport = transport;
	message_mark(n, id, &m);
}

void subscribe_retrieved(struct node *n, const char *id)
{
	mark(n, id, STORE_RETRIEVED);
}

void subscribe_answered(struct node *n, const char *id)
{
	mark(n, id, STORE_DELIVERED);
}

/* Events that this batch may still move past. Each is looked up on the thread that commits, and all else waits. */
static uint64_t deliver_room(const struct node *n)
{
	uint64_t room = CY_BOUND(CY_DELIVER_MAX);

	for (const struct store_write *w = n->batch.writes.first; w != NULL; w = w->next)
		if (w->op == STORE_DELIVER)
			room -= w->deliver.last - w->deliver.after;
	return room;
}

/* What a case system has dealt with is delivered. False: not all of it in this batch. */
static bool move_cursor(struct node *n, struct conn *c, const CyAcknowledgeEvents *a, uint64_t position,
			uint64_t pruned)
{
	const uint64_t first = pruned < position ? position : pruned < a->position ? pruned : a->position;
	const uint64_t room = deliver_room(n);
	const uint64_t until = a->position - first > room ? first + room : a->position;
	struct store_write *w;

	if (until > first) {
		w = batch_write(n, STORE_DELIVER);
		if (local_view(c).client != NULL)
			w->deliver.client = batch_string(n, local_view(c).client);
		w->deliver.after = first;
		w->deliver.last = until;
	}
	if (until > position)
		put_cursor(n, c, a->cursor, until);
	return until == a->position;
}

/* The client is answered once the cursor stands where it wants it; if it is gone by then, it finds the cursor further.
 */
static void acknowledge_on(struct node *n, struct conn *c, uint64_t correlation, const CyAcknowledgeEvents *a)
{
	CyClientFrame f = CY_CLIENT_FRAME__INIT;

	f.correlation = correlation;
	f.kind_case = CY_CLIENT_FRAME__KIND_ACKNOWLEDGE_EVENTS;
	f.acknowledge_events = (CyAcknowledgeEvents *)(uintptr_t)a;
	batch_go_on(n, c->id, &f);
}

void subscribe_acknowledge(struct node *n, struct conn *c, uint64_t correlation, const CyAcknowledgeEvents *a)
{
	struct store_port *s = &n->ports.store;
	CyServerFrame f = CY_SERVER_FRAME__INIT;
	CyDone done = CY_DONE__INIT;
	uint64_t position, last = 0, pruned = 0;
	int code = get_cursor(n, c->client->name, a->cursor, &position);

	if (code == CY_OK)
		code = s->last_event(s->ctx, &last);
	if (code == CY_OK)
		code = s->pruned_events(s->ctx, &pruned);
	if (code == CY_ENOENT || (code == CY_OK && a->position > last)) {
		batch_error(n, c->id, correlation, code == CY_OK ? CY_ERROR_CODE__INVALID : CY_ERROR_CODE__NOT_FOUND,
			    "",
			    code == CY_OK ? "acknowledge_events.position: above the last event"
					  : "acknowledge_events.cursor: there is no such cursor, subscribe first");
		return;
	}
	if (code < 0) {
		batch_error(n, c->id, correlation, local_unread_code(code), "", local_unread_text(code));
		return;
	}
	if (a->position > position && !move_cursor(n, c, a, position, pruned)) {
		acknowledge_on(n, c, correlation, a);
		return;
	}
	f.kind_case = CY_SERVER_FRAME__KIND_DONE;
	f.done = &done;
	batch_reply(n, c->id, correlation, &f);
}

/* ------------------------------------------------- what operators ask of cursors */

struct cursor_page {
	struct node *n;
	const CyListCursors *asked;
	struct cy_arena arena;
	CyCursorView *rows[CY_PAGE_MAX];
	size_t n_rows;
	bool more;
};

static bool was_listed(const CyListCursors *asked, const struct store_cursor *row)
{
	const int order = strcmp(row->client, asked->after_client);

	return order < 0 || (order == 0 && strcmp(row->name, asked->after_name) <= 0);
}

static int add_cursor(void *arg, const struct store_cursor *row)
{
	struct cursor_page *page = arg;
	struct prune_next next;
	CyCursorView *v;
	int r;

	if (was_listed(page->asked, row))
		return CY_OK;
	if (page->n_rows == CY_BOUND(CY_PAGE_MAX)) {
		page->more = true;
		return CY_OK;
	}
	r = prune_first(page->n, row, &next);
	v = cy_arena_take(&page->arena, sizeof *v);
	cy_cursor_view__init(v);
	v->client = cy_arena_string(&page->arena, row->client);
	v->name = cy_arena_string(&page->arena, row->name);
	v->position = row->position;
	v->next_ms = next.at.ms;
	page->rows[page->n_rows++] = v;
	return r;
}

void subscribe_cursors(struct node *n, struct conn *c, uint64_t correlation, const CyListCursors *r)
{
	struct store_port *s = &n->ports.store;
	CyServerFrame f = CY_SERVER_FRAME__INIT;
	CyCursorList list = CY_CURSOR_LIST__INIT;
	struct cursor_page page = { .n = n, .asked = r };
	const int code = s->cursors(s->ctx, add_cursor, &page);

	if (code < 0) {
		local_unreadable(n, c, correlation, code);
	} else {
		list.cursors = page.rows;
		list.n_cursors = page.n_rows;
		list.now_ms = node_now(n).ms;
		list.more = page.more;
		f.kind_case = CY_SERVER_FRAME__KIND_CURSOR_LIST;
		f.cursor_list = &list;
		local_send(n, c->id, correlation, &f);
	}
	cy_arena_free(&page.arena);
}

void subscribe_remove(struct node *n, struct conn *c, uint64_t correlation, const CyRemoveCursor *r)
{
	CyServerFrame f = CY_SERVER_FRAME__INIT;
	CyDone done = CY_DONE__INIT;
	struct store_write *w;
	uint64_t position;
	const int code = get_cursor(n, r->client, r->name, &position);

	if (code < 0) {
		batch_error(n, c->id, correlation,
			    code == CY_ENOENT ? CY_ERROR_CODE__NOT_FOUND : local_unread_code(code), "",
			    code == CY_ENOENT ? "there is no such cursor: comityctl cursor list shows them"
					      : local_unread_text(code));
		return;
	}
	w = batch_write(n, STORE_DROP_CURSOR);
	w->cursor.client = batch_string(n, r->client);
	w->cursor.name = batch_string(n, r->name);
	node_note(n, NODE_INFO, "client %s: cursor %s of client %s was removed, at event %llu", c->client->name,
		  w->cursor.name, w->cursor.client, (unsigned long long)position);
	prune_soon(n);
	f.kind_case = CY_SERVER_FRAME__KIND_DONE;
	f.done = &done;
	batch_reply(n, c->id, correlation, &f);
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
	local_send(p->n, p->c->id, p->c->sub->subscription, &f);
	p->c->sub->pushed = row->position;
	cy_arena_free(&arena);
	return CY_OK;
}

void subscribe_push(struct node *n, struct conn *c)
{
	struct store_port *s = &n->ports.store;
	struct push p = { n, c };
	uint64_t before;
	int r;

	if (c->sub->subscription == 0)
		return;
	do {
		before = c->sub->pushed;
		r = s->events(s->ctx, local_view(c), c->sub->pushed, CY_BOUND(CY_PAGE_MAX), push_event, &p);
	} while (r == CY_OK && c->sub->pushed != before);
}
