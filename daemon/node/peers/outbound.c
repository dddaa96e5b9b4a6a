/* New parcels that leave, from what waits, and the receipts for them. Stored ones that leave
 * again: resend.c. What was never delivered: expire.c. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mutant.h"
#include "exchange/select.h"
#include "node/evidence/evidence.h"
#include "node/peers/parcels.h"

#define NODE_SIGN_RETRY_MS 10000 /* after a failed signature */

static ProtobufCBinaryData binary(struct cy_bytes b)
{
	return (ProtobufCBinaryData){ .data = (uint8_t *)b.data, .len = b.len };
}

CySignedText *outbound_text(struct node *n, struct cy_bytes text, struct cy_bytes signature)
{
	CySignedText *st = cy_arena_take(&n->batch.arena, sizeof *st);

	cy_signed_text__init(st);
	st->text = binary(cy_arena_bytes(&n->batch.arena, text));
	st->signature = binary(cy_arena_bytes(&n->batch.arena, signature));
	return st;
}

void outbound_send(struct node *n, struct peer *p, struct xchg_pos pos, struct cy_bytes manifest,
		   struct cy_bytes signature, const struct parcel_content *content, CySignedText *receipt)
{
	CyPeerFrame f = CY_PEER_FRAME__INIT;
	CyParcel parcel = CY_PARCEL__INIT;
	CySignedText st = CY_SIGNED_TEXT__INIT;

	st.text = binary(manifest);
	st.signature = binary(signature);
	parcel.manifest = &st;
	parcel.messages = (ProtobufCBinaryData *)content->messages;
	parcel.n_messages = content->n;
	parcel.tombstones = (CyTombstone **)content->tombstones;
	parcel.n_tombstones = content->n_tombstones;
	parcel.receipt = receipt;
	f.kind_case = CY_PEER_FRAME__KIND_PARCEL;
	f.parcel = &parcel;
	batch_send(n, p->session, &f)->parcel = pos;
	batch_touch(n, p->session);
}

bool outbound_is_position(const struct store_parcel *row, const struct peer *p, enum store_author author,
			  struct xchg_pos pos)
{
	return row->author == author && row->epoch == pos.epoch && row->sequence == pos.sequence &&
	       strcmp(row->peer, p->id) == 0;
}

/* ------------------------------------------------------------ what is in one */

/* The messages of a parcel are found by their ids: one that travelled again in a
 * later parcel, after a restore, belongs to both. */
struct content {
	struct node *n;
	const struct wire_entry *entry;
	struct parcel_content *ret;
	size_t at;
	bool of_peer;
};

static int load_content(void *arg, const struct store_message *row)
{
	struct content *c = arg;
	const bool same = cy_digest_equal(&row->digest, &c->entry->digest);

	if (same && row->content.len == 0 && row->erasure != STORE_KEPT && row->fact.len > 0) {
		c->ret->tombstones[c->ret->n_tombstones++] = tombstones_of(c->n, row, (uint32_t)c->at + 1);
		return CY_OK;
	}
	/* What used the id of another message was rejected, and is not held; nor is what was
	 * too large, or rejected after many others. An empty one says no more than its absence. */
	if (c->of_peer && !row->damaged && (!same || row->content.len == 0))
		return CY_OK;
	if (sound_message(c->n, row) < 0)
		return CY_EDAMAGED;
	if (!same || row->content.len == 0)
		return CY_ESTORE;
	c->ret->messages[c->at] = binary(cy_arena_bytes(&c->n->batch.arena, row->content));
	return CY_OK;
}

int outbound_messages(struct node *n, enum store_author author, struct cy_bytes manifest, struct parcel_content *ret)
{
	struct store_port *s = &n->ports.store;
	struct wire_text *t = cy_arena_take(&n->batch.arena, sizeof *t);
	int r = wire_text_read(manifest, t, NULL);

	ret->n_tombstones = 0;
	for (size_t i = 0; r == CY_OK && i < t->n; i++) {
		struct content c = { n, &t->entries[i], ret, i, author == STORE_PEER };

		ret->messages[i] = (ProtobufCBinaryData){ 0 };
		r = s->get_message(s->ctx, t->entries[i].id, load_content, &c);
	}
	ret->n = t->n;
	return r == CY_OK || r == CY_EDAMAGED ? r : CY_ESTORE;
}

/* -------------------------------------------------------------- new parcels */

struct waiting {
	struct node *n;
	struct peer *p;
	struct xchg_item *items;
	size_t n_items;
	size_t rows; /* read of the store, damaged ones too */
	size_t bytes;
	uint64_t order;
};

static void add_item(struct waiting *w, struct outgoing *o)
{
	w->items[w->n_items++] = (struct xchg_item){ .case_id = o->case_id,
						     .number = o->number,
						     .priority = o->priority,
						     .order = ++w->order,
						     .size = o->content.len,
						     .user = o };
}

static int add_waiting(void *arg, const struct store_message *row)
{
	struct waiting *w = arg;
	struct cy_arena *a = &w->n->batch.arena;
	struct outgoing *o;

	w->rows++;
	/* It stays, and all others leave. */
	if (sound_message(w->n, row) < 0)
		return CY_OK;
	if (row->content.len == 0) {
		node_note(w->n, NODE_ALARM,
			  "peer %s: message %s was erased before it was delivered, and cannot be sent", w->p->id,
			  row->id);
		return CY_OK;
	}
	/* More than fits in one parcel is not copied. */
	if (w->n_items > 0 && w->bytes + row->size > CY_PARCEL_BYTES_MAX)
		return CY_ELIMIT;
	o = cy_arena_take(a, sizeof *o);
	o->peer = w->p;
	o->id = cy_arena_string(a, row->id);
	o->case_id = cy_arena_string(a, row->case_id);
	o->number = row->number;
	o->priority = row->priority;
	o->digest = row->digest;
	o->content = cy_arena_bytes(a, row->content);
	w->bytes += row->size;
	add_item(w, o);
	return CY_OK;
}

/* A parcel of these items, to be signed; `place`: among those of the batch, from 0. */
static void make_parcel(struct node *n, struct peer *p, uint32_t place, const struct xchg_item *items, size_t count)
{
	struct wire_text *t = cy_arena_take(&n->batch.arena, sizeof *t);
	struct signing_request *w;

	t->type = WIRE_PARCEL;
	cy_copy(t->from, sizeof t->from, n->authority);
	cy_copy(t->to, sizeof t->to, p->id);
	t->epoch = p->stream.out_epoch;
	t->sequence = p->stream.out_sequence + 1 + place;
	t->made = node_now(n);
	t->n = count;
	for (size_t i = 0; i < count; i++) {
		const struct outgoing *o = items[i].user;

		t->entries[i].digest = o->digest;
		cy_copy(t->entries[i].id, sizeof t->entries[i].id, o->id);
	}
	w = batch_request_signature(n, SIGN_PARCEL, p, t);
	w->pos = (struct xchg_pos){ t->epoch, t->sequence };
	w->n = count;
	w->messages = cy_arena_take(&n->batch.arena, count * sizeof(struct outgoing *));
	for (size_t i = 0; i < count; i++)
		w->messages[i] = items[i].user;
}

static size_t accepted(const struct node *n, const struct peer *p)
{
	size_t count = 0;

	for (const struct outgoing *o = n->batch.accepted; o != NULL; o = o->next)
		count += o->peer == p;
	return count;
}

/* One parcel, and one more for each that the accepted messages fill, as far as the window permits. */
static void send_new(struct node *n, struct peer *p)
{
	struct store_port *s = &n->ports.store;
	struct waiting *w = cy_arena_take(&n->batch.arena, sizeof *w);
	const uint32_t full = CY_BOUND(CY_PARCEL_MESSAGES_MAX);
	const uint32_t room = p->exchange->sender.window - (uint32_t)p->exchange->sender.n;
	const uint32_t new = (uint32_t)accepted(n, p), wanted = 1 + new / full, most = wanted < room ? wanted : room;
	size_t at = 0;
	bool all;
	int r;

	w->n = n;
	w->p = p;
	w->items = cy_arena_take(&n->batch.arena, (most * full + new) * sizeof *w->items);
	r = s->waiting(s->ctx, p->id, most * full, add_waiting, w);
	if (r < 0 && r != CY_ELIMIT) {
		node_log(n, NODE_ALARM, NODE_EVENT_STORE, p->id, "peer %s: waiting messages cannot be read: %s", p->id,
			 cy_strerror(r));
		return;
	}
	/* With enough in the store already, what this batch brought waits for the next. */
	all = r == CY_OK && w->rows < most * full;
	for (struct outgoing *o = n->batch.accepted; all && o != NULL; o = o->next)
		if (o->peer == p)
			add_item(w, o);
	xchg_sort(w->items, w->n_items);
	for (uint32_t k = 0; k < most && at < w->n_items; k++) {
		const size_t count = xchg_fill(&w->items[at], w->n_items - at, full, CY_PARCEL_BYTES_MAX);

		make_parcel(n, p, k, &w->items[at], count);
		at += count;
	}
	p->waiting = !all || at < w->n_items;
}

void outbound_step(struct node *n)
{
	struct cy_mono now = n->ports.clock.mono(n->ports.clock.ctx);

	for (size_t i = 0; i < n->n_peers && !n->stopping; i++) {
		struct peer *p = n->peers[i];

		if (p->session == 0 || !p->greeted || p->stream.reconciling)
			continue;
		if (!p->exchange->resent)
			resend_step(n, p);
		if (p->exchange->resent && p->waiting && xchg_may_send(&p->exchange->sender, p->stream.out_epoch) &&
		    !cy_mono_before(now, p->no_parcel_before))
			send_new(n, p);
	}
}

struct cy_mono outbound_next(const struct node *n)
{
	const struct cy_mono now = n->ports.clock.mono(n->ports.clock.ctx);
	struct cy_mono next = CY_NEVER;

	for (size_t i = 0; i < n->n_peers; i++)
		if (cy_mono_before(now, n->peers[i]->no_parcel_before) &&
		    cy_mono_before(n->peers[i]->no_parcel_before, next))
			next = n->peers[i]->no_parcel_before;
	return next;
}

/* The message now travels in a parcel: in the same write if it is new. */
static void mark_sent(struct node *n, const struct outgoing *o, struct xchg_pos pos, uint32_t index)
{
	struct store_message *m;

	if (o->write != NULL) {
		m = &o->write->message;
	} else {
		struct store_write *w = batch_write(n, STORE_MARK_MESSAGE);

		m = &w->message;
		m->id = batch_string(n, o->id);
		m->void_reason = "";
	}
	m->transport = STORE_TRANSMITTED;
	m->epoch = pos.epoch;
	m->sequence = pos.sequence;
	m->index = index;
}

void outbound_signed(struct node *n, struct signing_request *w)
{
	struct peer *p = w->peer;
	struct store_write *put;
	struct parcel_content *content = cy_arena_take(&n->batch.arena, sizeof *content);
	struct cy_digest digest = cy_sha256(w->text);
	char hex[CY_SHA256_HEX];

	/* A session that ended meanwhile takes no parcel, and none leaves after one that could not be signed: the
	 * messages wait on. */
	if (p->session != w->session || w->session == 0 ||
	    xchg_cmp(w->pos, (struct xchg_pos){ p->stream.out_epoch, p->stream.out_sequence + 1 }) != 0) {
		p->waiting = true;
		return;
	}
	if (w->signature.len == 0) {
		struct clock_port *c = &n->ports.clock;

		if (n->sign_fault[0] == '\0')
			node_log(n, NODE_ALARM, NODE_EVENT_SIGNING, p->id,
				 "peer %s: a parcel cannot be signed now; it is tried again", p->id);
		p->waiting = true;
		p->no_parcel_before = cy_mono_add(c->mono(c->ctx), NODE_SIGN_RETRY_MS);
		batch_replan(n);
		return;
	}
	for (size_t i = 0; i < w->n; i++) {
		mark_sent(n, w->messages[i], w->pos, (uint32_t)i);
		content->messages[i] = binary(w->messages[i]->content);
	}
	content->n = w->n;
	put = batch_write(n, STORE_PUT_PARCEL);
	put->parcel = (struct store_parcel){ .peer = batch_string(n, p->id),
					     .author = STORE_OWN,
					     .epoch = w->pos.epoch,
					     .sequence = w->pos.sequence,
					     .manifest = w->text,
					     .signature = w->signature,
					     .digest = digest,
					     .made = node_now(n),
					     .messages = (uint32_t)w->n };
	p->stream.out_sequence = w->pos.sequence;
	batch_put_stream(n, p);
	cy_digest_hex(&digest, hex);
	batch_leaf(n, "parcel %s %s %llu %llu %s", n->authority, p->id, (unsigned long long)w->pos.epoch,
		   (unsigned long long)w->pos.sequence, hex);
	outbound_send(n, p, w->pos, w->text, w->signature, content, NULL);
	xchg_sent(&p->exchange->sender, w->pos);
}

/* ------------------------------------------------------------------ receipts */

int outbound_apply_verdict(struct node *n, struct peer *p, const struct wire_entry *e, bool again, const char *doubt)
{
	struct message_state m, judged;
	struct work_case *c;
	struct store_write *w;
	bool starts;
	int r = message_state(n, e->id, &m);

	if (r == CY_OK && (m.author != STORE_OWN || strcmp(m.peer, p->id) != 0))
		r = CY_ENOENT;
	if (r == CY_EDAMAGED) {
		node_damaged(n, p->id, "message %s, for which a receipt of peer %s came,", e->id, p->id);
		return CY_OK;
	}
	if (r == CY_OK && (e->code != 0 || m.void_code != 0))
		r = evidence_receipted(n, p->id, m.case_id, e->id, e->code != 0 ? EVIDENCE_REJECTED : EVIDENCE_REVIVED);
	if (r == CY_EDAMAGED) {
		cases_damaged(n, p->id, m.case_id, "evidence of");
		r = CY_OK;
	}
	/* A late receipt for a dissolved parcel may have said so before. */
	if (r < 0 || ((again || m.transport == STORE_RELAYED) && m.void_code == e->code))
		return r;
	/* The receipt proves when a time limit started. */
	starts = law_kind_opens(m.kind) || m.kind == CY_CONTENT__KIND_PROBLEM_NOTICE;
	/* That one of the others was taken changes nothing in its case: the event says of which one it was. */
	c = cases_or_stand_in(n, p->id, m.case_id, e->code != 0 || m.void_code != 0 || starts, &r);
	if (c == NULL)
		return r;
	judged = m;
	judged.transport = STORE_RELAYED;
	judged.void_code = e->code;
	if (cy_copy(judged.void_reason, sizeof judged.void_reason, e->reason) < 0)
		return CY_ESTORE;
	w = message_mark(n, e->id, &judged);
	if (e->code != 0) {
		node_log(n, NODE_WARNING, NODE_EVENT_REJECTED, p->id, "peer %s: it rejected message %s, code %d", p->id,
			 e->id, (int)e->code);
	}
	if ((e->code != 0) != (m.void_code != 0))
		cases_void(n, c, c->row.side, m.number, e->code != 0);
	if (m.number == 1)
		c->row.first = STORE_RELAYED;
	c->clocks_changed = c->clocks_changed || starts;
	if (e->code != 0 && CY_MUTANT_REJECTED_RETRIED) {
		w->message.transport = STORE_QUEUED;
		w->message.epoch = w->message.sequence = 0;
	}
	cases_event(n, c,
		    &(struct event_of){ .type = e->code == 0 ? CY_EVENT_TYPE__RELAY_ACCEPTED
							     : CY_EVENT_TYPE__RELAY_REJECTED,
					.message_id = e->id,
					.kind = m.kind,
					.number = m.number,
					.code = e->code,
					.text = e->code == 0 ? doubt : e->reason });
	return CY_OK;
}

struct own_parcel {
	struct cy_digest digest;
	bool receipted, same; /* there is a receipt; it is the one that came now */
	bool dissolved;
	struct cy_bytes now;
	struct wire_text *text;
	struct cy_arena *arena;
};

static int load_own_parcel(void *arg, const struct store_parcel *row)
{
	struct own_parcel *o = arg;

	o->digest = row->digest;
	o->receipted = row->receipt.len > 0;
	o->dissolved = row->dissolved;
	o->same = cy_bytes_equal(row->receipt, o->now);
	o->text = cy_arena_take(o->arena, sizeof *o->text);
	return wire_text_read(row->manifest, o->text, NULL);
}

/* The same, with a receipt that came earlier in this batch. */
static int find_own_parcel(struct node *n, const struct peer *p, struct xchg_pos pos, struct own_parcel *o)
{
	struct store_port *s = &n->ports.store;
	int r = s->get_parcel(s->ctx, p->id, STORE_OWN, pos.epoch, pos.sequence, load_own_parcel, o);
	const struct store_parcel *row = r == CY_OK ? batch_parcel(n, STORE_PUT_RECEIPT, p->id, STORE_OWN, pos) : NULL;

	if (row != NULL) {
		o->same = cy_bytes_equal(row->receipt, o->now);
		o->receipted = true;
	}
	return r;
}

/* The same messages in the same order? */
static bool same_entries(const struct wire_text *a, const struct wire_text *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (strcmp(a->entries[i].id, b->entries[i].id) != 0 ||
		    !cy_digest_equal(&a->entries[i].digest, &b->entries[i].digest))
			return false;
	return true;
}

struct xchg_pos outbound_resume(const struct peer *p)
{
	const struct store_stream *s = &p->stream;

	return s->asks ? (struct xchg_pos){ s->asks_epoch, s->asks_sequence }
		       : (struct xchg_pos){ s->receipted_epoch, s->out_receipted };
}

/* The marks of what is receipted without gaps go on. */
static void continue_receipted(struct node *n, struct peer *p)
{
	const struct xchg_pos to = xchg_receipted_to(&p->exchange->sender);
	struct store_stream *s = &p->stream;

	if (to.sequence == 0 || xchg_cmp(to, outbound_resume(p)) <= 0 || CY_MUTANT_MARK_STANDS)
		return;
	if (xchg_cmp(to, (struct xchg_pos){ s->receipted_epoch, s->out_receipted }) >= 0) {
		s->receipted_epoch = to.epoch;
		s->out_receipted = to.sequence;
		s->asks = false;
	} else {
		s->asks_epoch = to.epoch;
		s->asks_sequence = to.sequence;
	}
	batch_put_stream(n, p);
}

void outbound_receipt_came(struct node *n, struct peer *p, const CyReceipt *receipt, const struct wire_text *text)
{
	struct xchg_pos pos = { text->epoch, text->sequence };
	struct own_parcel own = { .arena = &n->batch.arena,
				  .now = cy_bytes(receipt->receipt->text.data, receipt->receipt->text.len) };
	struct cy_digest digest;
	struct store_write *w;
	const char *doubt;
	char hex[CY_SHA256_HEX];
	int r = find_own_parcel(n, p, pos, &own);

	if (r == CY_OK && (!cy_digest_equal(&own.digest, &text->parcel) || !same_entries(own.text, text)))
		r = CY_ENOENT;
	if (r < 0) {
		session_goodbye(n, p, r == CY_ENOENT ? NODE_BYE_RECEIPT : NODE_BYE_STORE);
		return;
	}
	p->waiting = true;
	/* What it had held before says nothing of what it takes now, nor does a receipt that is repeated. */
	if (xchg_cmp(pos, p->exchange->sender.held) > 0 && !own.same)
		signing_accepted(p);
	/* One for a dissolved parcel is late, and tells all the same what became of its messages. */
	if (xchg_receipted(&p->exchange->sender, pos) < 0 && !own.dissolved)
		return;
	if (!own.dissolved)
		continue_receipted(n, p);
	/* What is only repeated says nothing new: what it stated may have gone on since. */
	if (own.same)
		return;
	doubt = made_receipt(n, p, text, own.text->made);
	waiting_signed(n, p, text->made);
	for (size_t i = 0; i < text->n; i++) {
		r = outbound_apply_verdict(n, p, &text->entries[i], own.receipted, doubt);
		if (r < 0) {
			batch_abort(n, p, "a message that it receipted cannot be read");
			return;
		}
	}
	/* A restored peer gives another receipt for the same parcel: the first one stays. */
	if (own.receipted)
		return;
	w = batch_write(n, STORE_PUT_RECEIPT);
	w->parcel.peer = batch_string(n, p->id);
	w->parcel.author = STORE_OWN;
	w->parcel.epoch = pos.epoch;
	w->parcel.sequence = pos.sequence;
	w->parcel.receipt = batch_bytes(n, own.now);
	w->parcel.receipt_signature =
		batch_bytes(n, cy_bytes(receipt->receipt->signature.data, receipt->receipt->signature.len));
	p->stream.last_receipt = node_now(n);
	batch_put_stream(n, p);
	digest = cy_sha256(w->parcel.receipt);
	cy_digest_hex(&digest, hex);
	batch_leaf(n, "receipt %s %s %llu %llu %s", p->id, n->authority, (unsigned long long)pos.epoch,
		   (unsigned long long)pos.sequence, hex);
}
