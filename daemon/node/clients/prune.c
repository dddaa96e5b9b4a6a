#include <stdio.h>
#include <string.h>

#include "base/mutant.h"
#include "node/clients/prune.h"
#include "node/clients/views.h"

/* --------------------------------------------------------------------- events */

static int load_first(void *arg, const struct store_event *row)
{
	*(struct prune_next *)arg = (struct prune_next){ row->position, row->at };
	return CY_OK;
}

/* A client that is not configured any more may have seen everything. */
static struct store_view view_of(const struct node *n, const char *client)
{
	for (size_t i = 0; i < n->config.n_clients; i++) {
		const struct node_client_config *c = &n->clients[i];

		if (strcmp(c->name, client) == 0 && c->role == CY_ROLE__SUBMITTER && !c->sees_all)
			return (struct store_view){ .client = c->name };
	}
	return (struct store_view){ .client = NULL };
}

int prune_first(struct node *n, const struct store_cursor *c, struct prune_next *ret)
{
	struct store_port *s = &n->ports.store;

	*ret = (struct prune_next){ 0 };
	return s->events(s->ctx, view_of(n, c->client), c->position, 1, load_first, ret);
}

struct pruning {
	struct node *n;
	struct cy_wall before;
	uint64_t most; /* the last event that no cursor needs */
	uint64_t last; /* the last one that goes; 0: none */
	uint32_t rows;
	/* The cursor that needs the earliest. */
	struct store_cursor holds;
	struct cy_wall since;
};

static int heed_cursor(void *arg, const struct store_cursor *c)
{
	struct pruning *p = arg;
	struct prune_next next;
	int r = prune_first(p->n, c, &next);

	if (r < 0 || CY_MUTANT_UNREAD_PRUNED || next.position == 0 || next.position > p->most)
		return r;
	p->most = next.position - 1;
	p->since = next.at;
	p->holds = (struct store_cursor){ batch_string(p->n, c->client), batch_string(p->n, c->name), c->position };
	return CY_OK;
}

/* Strictly in order: a single event that is kept keeps all behind it, so that there is no gap
 * between what a client may read. */
static int add_event(void *arg, const struct store_event *row)
{
	struct pruning *p = arg;

	if (row->at.ms >= p->before.ms || row->position > p->most)
		return CY_EEXIST;
	p->last = row->position;
	p->rows++;
	return CY_OK;
}

/* Told once for each place at which a cursor stands still. */
static void tell_cursor(struct node *n, const struct pruning *p)
{
	const bool stuck = p->holds.name != NULL && p->since.ms < p->before.ms;

	if (!stuck) {
		n->local->pruning.held_up.name[0] = '\0';
		return;
	}
	if (strcmp(n->local->pruning.held_up.name, p->holds.name) == 0 &&
	    strcmp(n->local->pruning.held_up.client, p->holds.client) == 0 &&
	    n->local->pruning.held_up.position == p->holds.position)
		return;
	cy_copy(n->local->pruning.held_up.client, sizeof n->local->pruning.held_up.client, p->holds.client);
	cy_copy(n->local->pruning.held_up.name, sizeof n->local->pruning.held_up.name, p->holds.name);
	n->local->pruning.held_up.position = p->holds.position;
	n->local->pruning.held_up.since = p->since;
	node_log(n, NODE_ALARM, NODE_EVENT_STORE, "",
		 "cursor %s of client %s: nobody has moved it beyond event %llu for longer than store.keep_events, and "
		 "all later events are kept for it: let its case system go on, or comityctl cursor remove",
		 p->holds.name, p->holds.client, (unsigned long long)p->holds.position);
}

static int prune_events(struct node *n)
{
	struct store_port *s = &n->ports.store;
	struct pruning p = { .n = n, .before = { node_now(n).ms - n->config.keep.events }, .most = UINT64_MAX };
	uint64_t pruned;
	int r = s->pruned_events(s->ctx, &pruned);

	if (r == CY_OK)
		r = s->cursors(s->ctx, heed_cursor, &p);
	/* One that this batch makes begins behind what was pruned before. */
	for (const struct store_write *w = n->batch.writes.first; r == CY_OK && w != NULL; w = w->next)
		if (w->op == STORE_PUT_CURSOR)
			r = heed_cursor(&p, &w->cursor);
	if (r < 0)
		return r;
	tell_cursor(n, &p);
	r = s->events(s->ctx, (struct store_view){ .client = NULL }, pruned, NODE_PRUNE_ROWS, add_event, &p);
	if (r < 0 && r != CY_EEXIST)
		return r;
	if (p.last > 0)
		batch_write(n, STORE_PRUNE_EVENTS)->until = p.last;
	return p.rows == NODE_PRUNE_ROWS ? CY_EAGAIN : CY_OK;
}

const char *prune_state(struct node *n, char *text, size_t size)
{
	if (n->config.keep.events == 0 || n->local->pruning.held_up.name[0] == '\0')
		snprintf(text, size, "ok");
	else
		snprintf(
			text, size,
			"cursor %s of client %s stands at event %llu, and all later ones are kept for it: let its case "
			"system go on, or comityctl cursor remove",
			n->local->pruning.held_up.name, n->local->pruning.held_up.client,
			(unsigned long long)n->local->pruning.held_up.position);
	return text;
}

/* ----------------------------------------------------------------------- keys */

/* A repeat shall never take effect once more: it is refused by the digest that stays. */
static int spend_key(void *arg, const struct store_key *row)
{
	struct pruning *p = arg;
	struct store_write *w = batch_write(p->n, STORE_SPEND_KEY);

	w->key.client = batch_string(p->n, row->client);
	w->key.key = batch_string(p->n, row->key);
	p->rows++;
	return CY_OK;
}

static int prune_keys(struct node *n)
{
	struct store_port *s = &n->ports.store;
	struct pruning p = { .n = n };
	int r = s->old_keys(s->ctx, (struct cy_wall){ node_now(n).ms - n->config.keep.keys }, NODE_PRUNE_ROWS,
			    spend_key, &p);

	return r < 0 ? r : p.rows == NODE_PRUNE_ROWS ? CY_EAGAIN : CY_OK;
}

/* --------------------------------------------------------------------- leaves */

static int add_leaf(void *arg, uint64_t index, struct cy_wall at)
{
	struct pruning *p = arg;

	if (at.ms >= p->before.ms)
		return CY_EEXIST;
	p->last = index;
	p->rows++;
	return CY_OK;
}

static int prune_leaves(struct node *n)
{
	struct store_port *s = &n->ports.store;
	struct pruning p = { .n = n, .before = { node_now(n).ms - n->config.keep.leaves } };
	int r = CY_MUTANT_TEXTS_KEPT ? CY_OK : s->leaf_texts(s->ctx, NODE_PRUNE_ROWS, add_leaf, &p);

	if (r < 0 && r != CY_EEXIST)
		return r;
	if (p.rows > 0)
		batch_write(n, STORE_PRUNE_LEAVES)->until = p.last;
	return p.rows == NODE_PRUNE_ROWS ? CY_EAGAIN : CY_OK;
}

/* -------------------------------------------------------------------- parcels */

struct travelled {
	const struct store_parcel *parcel;
	bool stays;
};

/* Its proof is in this parcel, since it has travelled in no other. */
static int find_proved(void *arg, const struct store_message *row)
{
	struct travelled *t = arg;

	t->stays = t->stays || (row->author == STORE_OWN && strcmp(row->peer, t->parcel->peer) == 0 &&
				row->epoch == t->parcel->epoch && row->sequence == t->parcel->sequence);
	return CY_OK;
}

/* The peer has receipted something of a later epoch: it names this place in no State any more, and no
 * receipt for it will come. */
static bool is_passed(struct node *n, const struct store_parcel *row)
{
	const struct peer *peer = node_peer_ever(n, row->peer);

	return peer != NULL && peer->stream.receipted_epoch > row->epoch;
}

static int drop_parcel(void *arg, const struct store_parcel *row)
{
	struct pruning *p = arg;
	struct node *n = p->n;
	struct store_port *s = &n->ports.store;
	struct wire_text *text = cy_arena_take(&n->batch.arena, sizeof *text);
	struct travelled t = { .parcel = row };
	struct store_write *w;
	int r = wire_text_read(row->manifest, text, NULL);

	p->rows++;
	n->local->pruning.parcel.made = row->made;
	cy_copy(n->local->pruning.parcel.peer, sizeof n->local->pruning.parcel.peer, row->peer);
	n->local->pruning.parcel.epoch = row->epoch;
	n->local->pruning.parcel.sequence = row->sequence;
	for (size_t i = 0; r == CY_OK && i < text->n && !t.stays; i++) {
		r = s->get_message(s->ctx, text->entries[i].id, find_proved, &t);
		if (r == CY_ENOENT)
			r = CY_OK;
	}
	/* One that cannot be read stays, and keeps no other. */
	if (r < 0 || t.stays || !is_passed(n, row) || !node_may_destroy_of(n, row->peer))
		return CY_OK;
	w = batch_write(n, STORE_DROP_PARCEL);
	w->parcel.peer = batch_string(n, row->peer);
	w->parcel.author = STORE_OWN;
	w->parcel.epoch = row->epoch;
	w->parcel.sequence = row->sequence;
	return CY_OK;
}

/* Whole messages are read: fewer in a page. */
#define READ_MAX 8

static int prune_parcels(struct node *n)
{
	struct store_port *s = &n->ports.store;
	const struct store_parcel after = { .made = n->local->pruning.parcel.made,
					    .peer = batch_string(n, n->local->pruning.parcel.peer),
					    .epoch = n->local->pruning.parcel.epoch,
					    .sequence = n->local->pruning.parcel.sequence };
	struct pruning p = { .n = n };
	int r = s->dissolved(s->ctx, (struct cy_wall){ node_now(n).ms - n->config.keep.parcels }, &after, READ_MAX,
			     drop_parcel, &p);

	if (r == CY_OK && p.rows == READ_MAX)
		return CY_EAGAIN;
	memset(&n->local->pruning.parcel, 0, sizeof n->local->pruning.parcel);
	return r;
}

/* ----------------------------------------------------------- rejected content */

static int load_judged(void *arg, const struct store_parcel *row)
{
	struct wire_text *receipt = arg;

	return row->receipt.len > 0 ? wire_text_read(row->receipt, receipt, NULL) : CY_ENOENT;
}

/* By when we signed that it was rejected: what its author says of its age is not ours to believe. */
static bool was_judged_before(struct node *n, const struct store_message *row, struct cy_wall before)
{
	struct store_port *s = &n->ports.store;
	struct wire_text *receipt = cy_arena_take(&n->batch.arena, sizeof *receipt);

	return s->get_parcel(s->ctx, row->peer, STORE_PEER, row->epoch, row->sequence, load_judged, receipt) == CY_OK &&
	       receipt->made.ms < before.ms;
}

/* What a restored peer then gets back is a tombstone: it has to know them. */
static int erase_rejected(void *arg, const struct store_message *row)
{
	struct pruning *p = arg;
	struct node *n = p->n;
	struct peer *peer = node_peer_ever(n, row->peer);

	p->rows++;
	cy_copy(n->local->pruning.rejected, sizeof n->local->pruning.rejected, row->id);
	if (peer == NULL || !node_may_destroy(n, peer) || !node_understands(peer, NODE_FEATURE_TOMBSTONES) ||
	    !was_judged_before(n, row, p->before))
		return CY_OK;
	erase_message(n, row, node_now(n), STORE_ERASED_BY_RETENTION);
	erase_makes_room(n, peer, row);
	return CY_OK;
}

static int prune_rejected(struct node *n)
{
	struct store_port *s = &n->ports.store;
	struct pruning p = { .n = n, .before = { node_now(n).ms - n->config.keep.rejected } };
	int r = s->rejected(s->ctx, batch_string(n, n->local->pruning.rejected), READ_MAX, erase_rejected, &p);

	if (r == CY_OK && p.rows == READ_MAX)
		return CY_EAGAIN;
	n->local->pruning.rejected[0] = '\0';
	return r;
}

/* -------------------------------------------------------------------- custody */

static int find_newest(void *arg, const struct store_custody *link)
{
	struct cy_wall *newest = arg;

	if (link->at.ms > newest->ms)
		*newest = link->at;
	if (link->last.ms > newest->ms)
		*newest = link->last;
	return CY_OK;
}

static int find_closed(void *arg, const struct store_case *row)
{
	*(bool *)arg = row->closed;
	return CY_OK;
}

struct ending {
	struct node *n;
	bool over;
};

static int find_over(void *arg, const struct store_evidence *row)
{
	struct ending *e = arg;
	struct store_port *s = &e->n->ports.store;

	if (row->legal_hold || !node_may_destroy_of(e->n, row->peer) ||
	    !(row->deleted || row->state == STORE_EVIDENCE_DESTROYED || row->state == STORE_EVIDENCE_MISMATCHED))
		return CY_OK;
	return s->get_case(s->ctx, row->peer, row->case_id, find_closed, &e->over);
}

static bool is_dropped(const struct node *n, const struct store_custody *link)
{
	for (const struct store_write *w = n->batch.writes.first; w != NULL; w = w->next)
		if (w->op == STORE_DROP_CUSTODY && w->custody.attachment == link->attachment &&
		    strcmp(w->custody.message_id, link->message_id) == 0)
			return true;
	return false;
}

/* Whole chains go, once their last link is old, what they tell of is no more, and the case is closed. */
static int drop_chain(void *arg, const struct store_custody *link)
{
	struct pruning *p = arg;
	struct node *n = p->n;
	struct store_port *s = &n->ports.store;
	struct cy_wall newest = { 0 };
	struct ending e = { .n = n };
	struct store_write *w;

	p->rows++;
	n->local->pruning.custody.at = link->at;
	n->local->pruning.custody.no = link->no;
	if (is_dropped(n, link) || s->get_evidence(s->ctx, link->message_id, link->attachment, find_over, &e) < 0 ||
	    !e.over ||
	    s->custody(s->ctx, link->message_id, link->attachment, 0, UINT32_MAX, find_newest, &newest) < 0 ||
	    newest.ms >= p->before.ms)
		return CY_OK;
	w = batch_write(n, STORE_DROP_CUSTODY);
	w->custody.message_id = batch_string(n, link->message_id);
	w->custody.attachment = link->attachment;
	return CY_OK;
}

static int prune_custody(struct node *n)
{
	struct store_port *s = &n->ports.store;
	struct pruning p = { .n = n, .before = { node_now(n).ms - n->config.keep.custody } };
	int r = s->old_custody(s->ctx, p.before, n->local->pruning.custody.at, n->local->pruning.custody.no,
			       NODE_PRUNE_ROWS, drop_chain, &p);

	if (r == CY_OK && p.rows == NODE_PRUNE_ROWS)
		return CY_EAGAIN;
	memset(&n->local->pruning.custody, 0, sizeof n->local->pruning.custody);
	return r;
}

/* ----------------------------------------------------------------------- all */

void prune_resumed(struct node *n)
{
	n->local->pruning.next = n->ports.clock.mono(n->ports.clock.ctx);
}

void prune_soon(struct node *n)
{
	n->local->pruning.next = cy_mono_add(n->ports.clock.mono(n->ports.clock.ctx), NODE_PRUNE_AGAIN_MS);
}

struct cy_mono prune_next(const struct node *n)
{
	return n->local->pruning.next;
}

void prune_step(struct node *n)
{
	const struct {
		int64_t keep;
		int (*prune)(struct node *n);
		const char *what;
		bool each; /* row is asked for itself whether it may go */
	} kinds[] = { { n->config.keep.events, prune_events, "events", false },
		      { n->config.keep.keys, prune_keys, "idempotency keys", false },
		      { n->config.keep.leaves, prune_leaves, "texts of audit leaves", false },
		      { n->config.keep.parcels, prune_parcels, "dissolved parcels", true },
		      { n->config.keep.rejected, prune_rejected, "rejected messages", true },
		      { n->config.keep.custody, prune_custody, "links of custody", true } };
	const struct cy_mono now = n->ports.clock.mono(n->ports.clock.ctx);
	struct cy_mono next;

	if (cy_mono_before(now, n->local->pruning.next))
		return;
	n->local->pruning.next = cy_mono_add(now, NODE_PRUNE_CHECK_MS);
	if (n->clock_suspect)
		return;
	n->local->pruning.next = CY_NEVER;
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
		int r;

		if (kinds[i].keep == 0)
			continue;
		r = kinds[i].each || node_may_destroy(n, NULL) ? kinds[i].prune(n) : CY_OK;
		next = cy_mono_add(now, r == CY_EAGAIN ? NODE_PRUNE_AGAIN_MS : NODE_PRUNE_CHECK_MS);
		if (cy_mono_before(next, n->local->pruning.next))
			n->local->pruning.next = next;
		if (r < 0 && r != CY_EAGAIN)
			node_log(n, NODE_ALARM, NODE_EVENT_STORE, "", "old %s cannot be read: %s", kinds[i].what,
				 cy_strerror(r));
	}
}
