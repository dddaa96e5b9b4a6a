/* After a restored backup: a new epoch, then our own lost messages are fetched
 * back from each peer, and only then are parcels exchanged again
 * (proto/PROTOCOL.md, "Restored from a backup"). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/internal.h"
#include "wire/message.h"

void reconcile_forget(struct peer *p)
{
	while (p->fetches != NULL) {
		struct node_fetch *f = p->fetches;

		p->fetches = f->next;
		free(f);
	}
}

static int meet(void *arg, const struct store_stream *row)
{
	return node_peer_ever(arg, row->peer) != NULL ? CY_OK : CY_ENOMEM;
}

/* We are the restored side: nothing of ours is believed towards any peer, also one
 * that is not configured now. */
void reconcile_restored(struct node *n, struct peer *by, uint64_t highest_epoch)
{
	uint64_t known = highest_epoch > n->epoch ? highest_epoch : n->epoch;

	if (n->ports.store.streams(n->ports.store.ctx, meet, n) < 0) {
		batch_goodbye(n, by, CY_GOODBYE_CODE__STORE, "the store cannot read now");
		return;
	}
	node_tell(n, NODE_ALARM, NODE_EVENT_RESTORED, by->id,
		  "this store was restored from a backup: peer %s knows more of it; "
		  "a new epoch begins and what was lost is fetched back",
		  by->id);
	for (size_t i = 0; i < n->n_peers; i++)
		if (n->peers[i]->stream.out_epoch > known)
			known = n->peers[i]->stream.out_epoch;
	n->epoch = xchg_new_epoch(node_now(n), known);
	for (size_t i = 0; i < n->n_peers; i++) {
		struct peer *p = n->peers[i];
		struct store_write *w = batch_write(n, STORE_REQUEUE_ALL);

		w->peer = batch_string(n, p->id);
		p->stream.out_epoch = p->stream.receipted_epoch = n->epoch;
		p->stream.out_sequence = p->stream.out_receipted = 0;
		p->stream.reconciling = true;
		batch_put_stream(n, p);
		batch_goodbye(n, p, CY_GOODBYE_CODE__RESTORED, "this side was restored from a backup");
	}
	batch_leaf(n, "restored %s %llu", n->authority, (unsigned long long)n->epoch);
}

static void ask_heads(struct node *n, const struct peer *p, const char *after)
{
	CyPeerFrame f = CY_PEER_FRAME__INIT;
	CyHeadsRequest r = CY_HEADS_REQUEST__INIT;

	r.after_case_id = (char *)after;
	f.kind_case = CY_PEER_FRAME__KIND_HEADS_REQUEST;
	f.heads_request = &r;
	batch_send(n, p->session, &f);
}

void reconcile_start(struct node *n, struct peer *p)
{
	reconcile_forget(p);
	p->heads_after[0] = '\0';
	p->heads_last = false;
	node_note(n, NODE_INFO, "peer %s: asks for the heads of the shared cases", p->id);
	ask_heads(n, p, "");
}

static void finish(struct node *n, struct peer *p)
{
	node_tell(n, NODE_INFO, NODE_EVENT_RESTORED, p->id, "peer %s: all that was lost has been fetched back", p->id);
	p->stream.reconciling = false;
	batch_put_stream(n, p);
	batch_goodbye(n, p, CY_GOODBYE_CODE__RESTORED, "fetched back: the session starts again");
}

/* The next parcel of this page of heads, the next page, or the end. */
static void ask_next(struct node *n, struct peer *p)
{
	CyPeerFrame f = CY_PEER_FRAME__INIT;
	CyFetchRequest r = CY_FETCH_REQUEST__INIT;

	if (p->fetches == NULL && p->heads_last) {
		finish(n, p);
		return;
	}
	if (p->fetches == NULL) {
		ask_heads(n, p, p->heads_after);
		return;
	}
	r.case_id = p->fetches->case_id;
	r.after = p->fetches->after;
	f.kind_case = CY_PEER_FRAME__KIND_FETCH_REQUEST;
	f.fetch_request = &r;
	batch_send(n, p->session, &f);
}

/* ------------------------------------------------------------ serving heads */

struct heads {
	struct node *n;
	CyCaseHead *rows[CY_HEADS_MAX];
	size_t count;
};

static int add_head(void *arg, const struct store_case *row)
{
	struct heads *h = arg;
	CyCaseHead *head = cy_arena_take(&h->n->batch.arena, sizeof *head);

	cy_case_head__init(head);
	head->case_id = cy_arena_string(&h->n->batch.arena, row->case_id);
	head->yours = row->peer_number;
	head->mine = row->own_number;
	h->rows[h->count++] = head;
	return CY_OK;
}

void reconcile_heads_request(struct node *n, struct peer *p, const CyHeadsRequest *r)
{
	struct store_port *s = &n->ports.store;
	struct store_view all = { NULL };
	struct heads *h = cy_arena_take(&n->batch.arena, sizeof *h);
	CyPeerFrame f = CY_PEER_FRAME__INIT;
	CyHeads heads = CY_HEADS__INIT;

	h->n = n;
	if (s->list_cases(s->ctx, all, p->id, false, r->after_case_id, CY_HEADS_MAX, add_head, h) < 0) {
		batch_goodbye(n, p, CY_GOODBYE_CODE__STORE, "the store cannot read now");
		return;
	}
	heads.heads = h->rows;
	heads.n_heads = h->count;
	heads.last = h->count < CY_HEADS_MAX;
	f.kind_case = CY_PEER_FRAME__KIND_HEADS;
	f.heads = &heads;
	batch_send(n, p->session, &f);
}

/* As far as this store knows, nobody has ever seen it: it waits, or waited until
 * its age limit. A restored store may be wrong about that. What was dissolved has left. */
static bool never_left(const struct store_message *row)
{
	return row->author == STORE_OWN && ((row->transport == STORE_QUEUED && row->sequence == 0) ||
					    (row->transport == STORE_FAILED && row->void_code != 0));
}

/* Own numbers up to which all have left. One that was given up may lie below
 * others that left. */
struct left {
	uint32_t number;
	bool gap;
};

static int find_left(void *arg, const struct store_message *row)
{
	struct left *l = arg;

	/* In order of number, one author after the other. */
	if (row->author != STORE_OWN || l->gap)
		return CY_OK;
	l->gap = never_left(row) || row->number > l->number + 1;
	if (!l->gap)
		l->number = row->number;
	return CY_OK;
}

void reconcile_heads(struct node *n, struct peer *p, const CyHeads *h)
{
	struct store_port *s = &n->ports.store;

	if (!p->stream.reconciling || p->fetches != NULL || p->heads_last || h->n_heads > CY_HEADS_MAX ||
	    (h->n_heads == 0 && !h->last)) {
		batch_goodbye(n, p, CY_GOODBYE_CODE__PROTOCOL, "heads that were not asked for");
		return;
	}
	for (size_t i = 0; i < h->n_heads; i++) {
		const CyCaseHead *head = h->heads[i];
		struct left l = { 0 };
		struct node_fetch *f;

		if (!cy_uuid_valid(head->case_id) || strcmp(head->case_id, p->heads_after) <= 0) {
			batch_goodbye(n, p, CY_GOODBYE_CODE__PROTOCOL, "heads without case ids, or out of order");
			return;
		}
		cy_copy(p->heads_after, sizeof p->heads_after, head->case_id);
		if (s->case_messages(s->ctx, p->id, head->case_id, find_left, &l) < 0) {
			batch_goodbye(n, p, CY_GOODBYE_CODE__STORE, "the store cannot read now");
			return;
		}
		if (head->yours <= l.number)
			continue;
		f = calloc(1, sizeof *f);
		CY_ASSERT(f != NULL);
		cy_copy(f->case_id, sizeof f->case_id, head->case_id);
		f->after = l.number;
		f->next = p->fetches;
		p->fetches = f;
	}
	p->heads_last = h->last;
	ask_next(n, p);
}

/* ------------------------------------------------- serving what was fetched */

struct fetching {
	struct node *n;
	struct peer *p;
	const char *case_id;
	bool found, unsigned_receipt;
	struct xchg_pos pos;
	struct parcel_content content;
	CySignedText *manifest, *receipt;
};

static int find_parcel(void *arg, const struct store_message *row)
{
	struct fetching *f = arg;

	f->found = true;
	f->pos = (struct xchg_pos){ row->epoch, row->sequence };
	return CY_EAGAIN; /* the first is enough */
}

static CySignedText *keep_text(struct node *n, struct cy_bytes text, struct cy_bytes signature)
{
	CySignedText *st = cy_arena_take(&n->batch.arena, sizeof *st);
	struct cy_bytes t = cy_arena_bytes(&n->batch.arena, text), s = cy_arena_bytes(&n->batch.arena, signature);

	cy_signed_text__init(st);
	st->text = (ProtobufCBinaryData){ .data = (uint8_t *)t.data, .len = t.len };
	st->signature = (ProtobufCBinaryData){ .data = (uint8_t *)s.data, .len = s.len };
	return st;
}

static int take_parcel(void *arg, const struct store_parcel *row)
{
	struct fetching *f = arg;

	int r = outbound_messages(f->n, STORE_PEER, row->manifest, &f->content);

	f->manifest = keep_text(f->n, row->manifest, row->signature);
	f->receipt = keep_text(f->n, row->receipt, row->receipt_signature);
	/* It could not be signed when the parcel came, or would be refused. */
	f->unsigned_receipt =
		row->receipt.len == 0 || !signing_counts(f->n, f->p, row->receipt, row->receipt_signature);
	return r == CY_OK && f->unsigned_receipt ? inbound_make_receipt(f->n, f->p, row, f) : r;
}

static void say_fetched(const struct fetching *f)
{
	CyPeerFrame frame = CY_PEER_FRAME__INIT;
	CyFetched fetched = CY_FETCHED__INIT;

	fetched.case_id = (char *)f->case_id;
	fetched.last = !f->found;
	if (f->found) {
		fetched.manifest = f->manifest;
		fetched.receipt = f->receipt;
		fetched.messages = (ProtobufCBinaryData *)f->content.messages;
		fetched.n_messages = f->content.n;
	}
	frame.kind_case = CY_PEER_FRAME__KIND_FETCHED;
	frame.fetched = &fetched;
	batch_send(f->n, f->p->session, &frame);
}

void reconcile_receipted(struct fetching *f, struct cy_bytes receipt, struct cy_bytes signature)
{
	f->receipt = keep_text(f->n, receipt, signature);
	say_fetched(f);
}

void reconcile_fetch_request(struct node *n, struct peer *p, const CyFetchRequest *r)
{
	struct store_port *s = &n->ports.store;
	struct fetching *x = cy_arena_take(&n->batch.arena, sizeof *x);
	int code;

	x->n = n;
	x->p = p;
	x->case_id = cy_arena_string(&n->batch.arena, r->case_id);
	code = s->peer_messages(s->ctx, p->id, r->case_id, r->after, find_parcel, x);
	if (code == CY_EAGAIN)
		code = s->get_parcel(s->ctx, p->id, STORE_PEER, x->pos.epoch, x->pos.sequence, take_parcel, x);
	if (code < 0)
		batch_goodbye(n, p, CY_GOODBYE_CODE__STORE, "the store cannot read now");
	else if (!x->unsigned_receipt)
		say_fetched(x);
}

/* ---------------------------------------------------------------- taking back */

/* A message of ours that took the number of a lost one was never sent: it is
 * serialised anew under the next free number, or, where it has failed already and
 * a signed statement says so, it stands under no number any more. */
struct renumbering {
	struct node *n;
	struct work_case *c;
	uint32_t from;
	const char *keep;
	size_t count, cap;
	const char **ids;
};

static int find_collision(void *arg, const struct store_message *row)
{
	struct renumbering *r = arg;

	if (never_left(row) && row->number >= r->from && strcmp(row->id, r->keep) != 0 && r->count < r->cap)
		r->ids[r->count++] = cy_arena_string(&r->n->batch.arena, row->id);
	return CY_OK;
}

static void put_again(struct renumbering *r, const struct store_message *m)
{
	struct store_write *w = batch_write(r->n, STORE_PUT_MESSAGE);

	w->message = *m;
	w->message.id = batch_string(r->n, m->id);
	w->message.peer = r->c->row.peer;
	w->message.case_id = r->c->row.case_id;
	w->message.client = batch_string(r->n, m->client);
	w->message.void_reason = batch_string(r->n, m->void_reason);
	w->message.content = batch_bytes(r->n, m->content);
	w->message.fact = batch_bytes(r->n, m->fact);
}

/* It may be one that comes back later in the same parcel. */
static void note_move(struct renumbering *r, const char *id, uint32_t number)
{
	struct moved *m = cy_arena_take(&r->n->batch.arena, sizeof *m);

	m->id = cy_arena_string(&r->n->batch.arena, id);
	m->number = number;
	m->next = r->c->moved;
	r->c->moved = m;
}

static void take_number(struct renumbering *r, const struct store_message *row)
{
	struct store_message m = *row;
	struct work_case *c = r->c;

	for (size_t i = 0; i < c->n; i++)
		if (c->facts[i].side == c->row.side && c->facts[i].number == row->number) {
			c->facts[i] = c->facts[--c->n];
			break;
		}
	m.number = 0;
	note_move(r, row->id, 0);
	m.fact = m.content = cy_bytes(NULL, 0);
	put_again(r, &m);
}

static int renumber_one(void *arg, const struct store_message *row)
{
	struct renumbering *r = arg;
	struct store_message m = *row;
	struct cy_buf content = CY_BUF(CY_MESSAGE_MAX + 64);
	struct law_fact fact;
	uint8_t encoded[LAW_FACT_MAX];
	CyMessage *msg;

	if (row->transport != STORE_QUEUED) {
		take_number(r, row);
		return CY_OK;
	}
	msg = row->damaged ? NULL : cy_message__unpack(NULL, row->content.len, row->content.data);
	if (msg == NULL)
		return CY_ESTORE;
	msg->number = m.number = ++r->c->row.own_number;
	note_move(r, row->id, m.number);
	CY_ASSERT(wire_pack(&msg->base, &content) == CY_OK);
	law_fact_of(msg, &fact);
	cy_message__free_unpacked(msg, NULL);
	m.digest = cy_sha256(cy_buf_view(&content));
	m.size = content.len;
	m.content = cy_buf_view(&content);
	m.fact = cy_bytes(encoded, law_fact_encode(&fact, encoded));
	put_again(r, &m);
	cy_buf_free(&content);
	for (size_t i = 0; i < r->c->n; i++)
		if (r->c->facts[i].side == fact.side && r->c->facts[i].number == row->number)
			r->c->facts[i] = fact;
	return CY_OK;
}

/* `highest`: of the case in what comes back with it; nobody may be moved there. */
static int renumber(struct node *n, struct work_case *c, uint32_t from, uint32_t highest, const char *keep)
{
	struct store_port *s = &n->ports.store;
	struct renumbering r = { .n = n, .c = c, .from = from, .keep = keep, .cap = c->n };
	int code;

	if (c->is_new)
		return CY_OK;
	r.ids = cy_arena_take(&n->batch.arena, (r.cap + 1) * sizeof *r.ids);
	code = s->case_messages(s->ctx, c->row.peer, c->row.case_id, find_collision, &r);
	if (code == CY_OK && r.count > 0 && c->row.own_number < highest)
		c->row.own_number = highest;
	c->renumbered = true;
	for (size_t i = 0; code == CY_OK && i < r.count; i++)
		code = s->get_message(s->ctx, r.ids[i], renumber_one, &r);
	return code;
}

/* What the store holds under the id of a message that comes back. */
struct held {
	const struct peer *p;
	bool ours, left;
	uint32_t number;
};

static int load_held(void *arg, const struct store_message *row)
{
	struct held *h = arg;

	h->ours = row->author == STORE_OWN && strcmp(row->peer, h->p->id) == 0;
	h->left = !never_left(row);
	h->number = row->number;
	return CY_OK;
}

/* Its case system may repeat it: by this it is known again. */
static void take_back_key(struct node *n, const CyMessage *m)
{
	struct store_write *w;
	char hex[CY_SHA256_HEX];

	if (m->submission_key.len != CY_SHA256_LEN || m->submission_digest.len != CY_SHA256_LEN)
		return;
	cy_hex(m->submission_key.data, CY_SHA256_LEN, hex);
	/* Two messages have one key where it was repeated before the first came back. */
	if (submit_key_known(n, "", hex) != CY_ENOENT)
		return;
	w = batch_write(n, STORE_PUT_KEY);
	w->key.client = "";
	w->key.key = batch_string(n, hex);
	memcpy(w->key.request.b, m->submission_digest.data, CY_SHA256_LEN);
	w->key.message_id = batch_string(n, m->id);
}

/* It waited here under another number, which it had been given after an earlier loss:
 * what left counts. */
static void forget_number(struct work_case *c, uint32_t number)
{
	c->row.messages--;
	for (size_t i = 0; number > 0 && i < c->n; i++)
		if (c->facts[i].side == c->row.side && c->facts[i].number == number) {
			c->facts[i] = c->facts[--c->n];
			return;
		}
}

/* One own message that came back, with the receipt that it had been given. */
static int take_back(struct node *n, struct peer *p, const struct wire_text *t, uint32_t index,
		     const struct wire_entry *verdict, struct cy_bytes content, uint32_t highest)
{
	struct store_port *s = &n->ports.store;
	struct held held = { .p = p };
	ProtobufCMessage *pm = NULL;
	struct work_case *c;
	struct law_fact fact;
	uint8_t encoded[LAW_FACT_MAX];
	struct store_write *w;
	CyMessage *m;
	bool known;
	int r = s->get_message(s->ctx, verdict->id, load_held, &held);

	if (r < 0 && r != CY_ENOENT)
		return r;
	known = r == CY_OK;
	r = wire_unpack(&cy_message__descriptor, content, CY_MESSAGE_MAX, &pm, NULL);
	if (r < 0)
		return r;
	m = (CyMessage *)pm;
	if (strcmp(m->case_id, p->fetches->case_id) == 0 && m->number > p->fetches->after)
		p->fetches->after = m->number;
	if (known && !held.ours)
		node_tell(n, NODE_ALARM, NODE_EVENT_STORE, p->id,
			  "peer %s: message %s cannot come back: another message has taken its id meanwhile", p->id,
			  verdict->id);
	if (known && (!held.ours || held.left)) {
		cy_message__free_unpacked(m, NULL);
		return CY_OK;
	}
	c = cases_get(n, p->id, m->case_id, &r);
	if (c == NULL && r == CY_ENOENT)
		c = cases_new(n, p->id, m->case_id, m->author_side);
	if (c == NULL) {
		cy_message__free_unpacked(m, NULL);
		return r;
	}
	if (c->row.own_reference[0] == '\0')
		c->row.own_reference = batch_string(n, m->own_reference);
	if (c->row.terms.len == 0 && law_kind_opens(m->content->kind_case)) {
		struct law_terms terms;

		law_terms_of(m, &terms);
		cases_pin(n, c, &terms);
	}
	law_fact_of(m, &fact);
	fact.voided = verdict->code != 0;
	for (const struct moved *v = c->moved; v != NULL; v = v->next)
		if (strcmp(v->id, m->id) == 0)
			held.number = v->number;
	if (known && held.number != m->number) {
		forget_number(c, held.number);
		known = false;
	}
	r = known || c->renumbered ? CY_OK : renumber(n, c, m->number, highest, m->id);
	if (r == CY_OK && known)
		cases_void(n, c, c->row.side, m->number, fact.voided);
	else if (r == CY_OK)
		cases_add(n, c, &fact);
	if (r == CY_OK && fact.kind == CY_CONTENT__KIND_CLOCK_STATEMENT && !fact.voided)
		clocks_stated(n, c, fact.side, fact.number, m->content->clock_statement);
	w = batch_write(n, STORE_PUT_MESSAGE);
	w->message =
		(struct store_message){ .id = batch_string(n, m->id),
					.peer = c->row.peer,
					.case_id = c->row.case_id,
					.author = STORE_OWN,
					.number = m->number,
					.seen = m->seen,
					.kind = m->content->kind_case,
					.priority = m->priority,
					.created = { m->created_ms },
					.digest = t->entries[index].digest,
					.size = content.len,
					.transport = STORE_RELAYED,
					.void_code = verdict->code,
					.void_reason = batch_string(n, verdict->reason),
					.client = c->row.client,
					.epoch = t->epoch,
					.sequence = t->sequence,
					.index = index,
					.content = batch_bytes(n, content),
					.fact = batch_bytes(n, cy_bytes(encoded, law_fact_encode(&fact, encoded))) };
	if (r == CY_OK && !fact.voided)
		evidence_attached(n, c, STORE_OWN, m->id, m->number, m->priority, m->content, "");
	take_back_key(n, m);
	cases_event(n, c,
		    &(struct event_of){ .type = CY_EVENT_TYPE__MESSAGE_RECOVERED,
					.message_id = m->id,
					.kind = m->content->kind_case,
					.number = m->number,
					.code = verdict->code,
					.text = "it came back from the peer after a restored backup" });
	batch_leaf(n, "recovered %s %s %s", p->id, n->authority, m->id);
	cy_message__free_unpacked(m, NULL);
	return r;
}

/* Is this what was asked for: a parcel of ours, whole, with a message of the case,
 * and the receipt for it? */
static bool is_asked_for(const struct node_fetch *asked, const CyFetched *f, const struct wire_text *t,
			 const struct wire_text *receipt)
{
	struct cy_digest manifest = cy_sha256(cy_bytes(f->manifest->text.data, f->manifest->text.len));
	bool good = f->n_messages == t->n && receipt->n == t->n && cy_digest_equal(&manifest, &receipt->parcel);
	bool found = false;

	for (size_t i = 0; good && i < t->n; i++) {
		struct cy_bytes content = cy_bytes(f->messages[i].data, f->messages[i].len);
		struct cy_digest d = cy_sha256(content);
		ProtobufCMessage *pm = NULL;
		const CyMessage *m;

		if (content.len == 0 && receipt->entries[i].code != 0) /* it was not kept */
			continue;
		good = cy_digest_equal(&d, &t->entries[i].digest) &&
		       strcmp(receipt->entries[i].id, t->entries[i].id) == 0 &&
		       wire_unpack(&cy_message__descriptor, content, CY_MESSAGE_MAX, &pm, NULL) == CY_OK;
		if (!good)
			break;
		m = (const CyMessage *)pm;
		good = cy_uuid_valid(m->case_id) && m->content != NULL && m->number > 0;
		found = found || (strcmp(m->case_id, asked->case_id) == 0 && m->number > asked->after);
		protobuf_c_message_free_unpacked(pm, NULL);
	}
	return good && found;
}

/* Highest own number of the case of message `i` in the whole parcel. */
static uint32_t highest_number(const CyFetched *f, size_t i)
{
	CyMessage *m = cy_message__unpack(NULL, f->messages[i].len, f->messages[i].data);
	uint32_t highest = 0;

	for (size_t k = 0; m != NULL && k < f->n_messages; k++) {
		CyMessage *o = cy_message__unpack(NULL, f->messages[k].len, f->messages[k].data);

		if (o != NULL && strcmp(o->case_id, m->case_id) == 0 && o->number > highest)
			highest = o->number;
		if (o != NULL)
			cy_message__free_unpacked(o, NULL);
	}
	if (m != NULL)
		cy_message__free_unpacked(m, NULL);
	return highest;
}

static int take_back_all(struct node *n, struct peer *p, const CyFetched *f, const struct wire_text *t,
			 const struct wire_text *receipt)
{
	struct store_write *w;

	for (size_t i = 0; i < f->n_messages; i++) {
		int r = CY_OK;

		if (f->messages[i].len > 0)
			r = take_back(n, p, t, (uint32_t)i, &receipt->entries[i],
				      cy_bytes(f->messages[i].data, f->messages[i].len), highest_number(f, i));
		if (r < 0)
			return r;
	}
	w = batch_write(n, STORE_PUT_PARCEL);
	w->parcel = (struct store_parcel){ .peer = batch_string(n, p->id),
					   .author = STORE_OWN,
					   .epoch = t->epoch,
					   .sequence = t->sequence,
					   .made = t->made,
					   .messages = (uint32_t)t->n };
	w->parcel.manifest = batch_bytes(n, cy_bytes(f->manifest->text.data, f->manifest->text.len));
	w->parcel.signature = batch_bytes(n, cy_bytes(f->manifest->signature.data, f->manifest->signature.len));
	w->parcel.digest = receipt->parcel;
	w->parcel.receipt = batch_bytes(n, cy_bytes(f->receipt->text.data, f->receipt->text.len));
	w->parcel.receipt_signature = batch_bytes(n, cy_bytes(f->receipt->signature.data, f->receipt->signature.len));
	return CY_OK;
}

void reconcile_fetched(struct node *n, struct peer *p, const CyFetched *f, const struct wire_text *text,
		       const struct wire_text *receipt)
{
	struct node_fetch *done = p->fetches;

	/* The next one is asked for once this batch is committed. */
	for (const struct store_write *w = n->batch.writes.first; w != NULL; w = w->next)
		if (w->op == STORE_PUT_PARCEL && w->parcel.author == STORE_OWN && strcmp(w->parcel.peer, p->id) == 0)
			done = NULL;
	if (done == NULL || strcmp(done->case_id, f->case_id) != 0 || (f->manifest == NULL) != f->last ||
	    (!f->last && !is_asked_for(done, f, text, receipt))) {
		batch_goodbye(n, p, CY_GOODBYE_CODE__PROTOCOL, "a fetched parcel that was not asked for");
		return;
	}
	if (f->last) {
		p->fetches = done->next;
		free(done);
	} else if (take_back_all(n, p, f, text, receipt) < 0) {
		batch_doom(n, p, "a fetched parcel cannot be taken back");
		return;
	}
	ask_next(n, p);
}
