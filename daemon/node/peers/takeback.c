/* Our own messages that come back from a peer after a restored backup, with the receipts that they
 * had been given. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/evidence/evidence.h"
#include "node/peers/parcels.h"
#include "wire/message.h"

bool takeback_never_left(const struct store_message *row)
{
	return row->author == STORE_OWN && ((row->transport == STORE_QUEUED && row->sequence == 0) ||
					    (row->transport == STORE_FAILED && row->void_code != 0));
}

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

	if (takeback_never_left(row) && row->number >= r->from && strcmp(row->id, r->keep) != 0 && r->count < r->cap)
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

	c->unkept = true;
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
	const struct written *marked = batch_written(r->n, BATCH_OP(MARK_MESSAGE), row->id, NULL);
	struct store_message m = *row;
	struct cy_buf content = CY_BUF(CY_MESSAGE_MAX + 64);
	struct law_fact fact;
	uint8_t encoded[LAW_FACT_MAX];
	CyMessage *msg;

	if (marked != NULL) {
		m.transport = marked->write->message.transport;
		m.void_code = marked->write->message.void_code;
		m.void_reason = marked->write->message.void_reason;
	}
	if (m.transport != STORE_QUEUED) {
		take_number(r, &m);
		return CY_OK;
	}
	/* What is damaged cannot leave: it stands under no number either. */
	if (sound_message(r->n, row) < 0) {
		take_number(r, &m);
		return CY_OK;
	}
	msg = cy_message__unpack(NULL, row->content.len, row->content.data);
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
	r->c->unkept = true;
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
	const char *case_id; /* in which it comes back; NULL: whichever */
	bool known, ours, left, given_up, elsewhere;
	uint32_t number;
	struct cy_digest digest;
};

static int load_held(void *arg, const struct store_message *row)
{
	struct held *h = arg;

	h->ours = row->author == STORE_OWN && strcmp(row->peer, h->p->id) == 0;
	h->left = !takeback_never_left(row);
	h->given_up = !h->left && row->transport == STORE_FAILED;
	h->elsewhere = h->case_id != NULL && strcmp(row->case_id, h->case_id) != 0;
	h->number = row->number;
	h->digest = row->digest;
	return CY_OK;
}

/* Here it is still as it left, and it does not come back whole: what is here stays. */
static void mark_back(struct node *n, const struct wire_text *t, uint32_t index, const struct wire_entry *verdict)
{
	struct store_write *w = batch_write(n, STORE_MARK_MESSAGE);

	w->message = (struct store_message){ .id = batch_string(n, verdict->id),
					     .transport = STORE_RELAYED,
					     .void_code = verdict->code,
					     .void_reason = batch_string(n, verdict->reason),
					     .epoch = t->epoch,
					     .sequence = t->sequence,
					     .index = index };
}

/* We hold it as one that has left: of what comes back only the verdict may be new. It counts as that of a
 * second receipt does: the peer was restored, judged it anew, and we lost the receipt. Of one that we gave up as it
 * left, and that the peer rejected and does not keep, nothing but the verdict comes back. */
static int take_verdict(struct node *n, struct peer *p, const struct wire_text *t, uint32_t index,
			const struct wire_entry *verdict, bool is_kept)
{
	struct store_port *s = &n->ports.store;
	struct held held = { .p = p };
	int r = s->message_row(s->ctx, verdict->id, load_held, &held);

	p->exchange->lacks |= r == CY_EDAMAGED;
	if (r == CY_EDAMAGED)
		node_damaged(n, p->id, "message %s, whose verdict peer %s gave back,", verdict->id, p->id);
	if (r < 0 || !held.ours || !cy_digest_equal(&held.digest, &verdict->digest))
		return r == CY_ENOENT || r == CY_EDAMAGED ? CY_OK : r;
	if (held.left)
		return outbound_apply_verdict(n, p, verdict, true, NULL);
	if (held.given_up && !is_kept && verdict->code != 0)
		mark_back(n, t, index, verdict);
	return CY_OK;
}

/* What a case system has repeated before the first one came back. */
struct repeated {
	const char *peer;
	char id[CY_UUID_LEN + 1], case_id[CY_UUID_LEN + 1], client[CY_CLIENT_MAX + 1];
	uint32_t kind, number;
	bool waits; /* it has never left, and will leave for this peer */
};

static int load_repeated(void *arg, const struct store_message *row)
{
	struct repeated *r = arg;

	r->kind = row->kind;
	r->number = row->number;
	r->waits = strcmp(row->peer, r->peer) == 0 && takeback_never_left(row) && row->transport == STORE_QUEUED;
	return cy_copy(r->case_id, sizeof r->case_id, row->case_id) < 0 ||
			       cy_copy(r->client, sizeof r->client, row->client) < 0
		       ? CY_ESTORE
		       : CY_OK;
}

/* An own message that comes back: its content, or what stands for it where the peer has erased it. */
struct returning {
	const CyTombstone *erased;
	CyMessage *m; /* NULL: erased, or it was rejected and is not held */
	const char *case_id;
	struct law_fact fact;
	/* Marks of its submission; empty: it bears none. A tombstone does not say of the second. */
	struct cy_bytes key, request;
};

/* Does another message under the key of this one wait to say the same? 1 yes, 0 no, < 0 the store cannot
 * read. No parcel leaves for this peer before all has come back: it has not left meanwhile. */
static int find_repeated(struct node *n, const struct peer *p, const struct returning *b, const char *id,
			 struct repeated *ret)
{
	struct store_port *s = &n->ports.store;
	const struct written *w;
	struct cy_digest request;
	char hex[CY_SHA256_HEX];
	int r;

	*ret = (struct repeated){ .peer = p->id };
	if (b->key.len == 0)
		return 0;
	cy_hex(b->key.data, CY_SHA256_LEN, hex);
	r = keys_known(n, hex, &request, ret->id);
	if (r < 0)
		return r == CY_ENOENT ? 0 : r;
	if (ret->id[0] == '\0' || strcmp(ret->id, id) == 0 ||
	    (b->request.len > 0 && memcmp(request.b, b->request.data, CY_SHA256_LEN) != 0))
		return 0;
	w = batch_written(n, BATCH_OP(PUT_MESSAGE), ret->id, NULL);
	r = w != NULL ? load_repeated(ret, &w->write->message) : s->message_row(s->ctx, ret->id, load_repeated, ret);
	if (r == CY_EDAMAGED)
		node_damaged(n, p->id, "message %s, which was repeated to peer %s,", ret->id, p->id);
	if (r < 0)
		return r == CY_ENOENT || r == CY_EDAMAGED ? 0 : r;
	return ret->waits;
}

/* It never leaves: what it says has taken effect by the one that came back. */
static int withdraw(struct node *n, const struct peer *p, const struct repeated *x, const char *by)
{
	char text[128];
	struct store_write *w;
	uint32_t number = x->number;
	int r;
	struct work_case *c = cases_or_stand_in(n, p->id, x->case_id, true, &r);

	if (c == NULL)
		return r;
	snprintf(text, sizeof text, "it says once more what had left before the restore, as message %s", by);
	w = batch_write(n, STORE_MARK_MESSAGE);
	w->message.id = batch_string(n, x->id);
	w->message.transport = STORE_FAILED;
	w->message.void_code = CY_REJECTION_CODE__LEFT_BEFORE;
	w->message.void_reason = batch_string(n, text);
	for (const struct moved *v = c->moved; v != NULL && number == x->number; v = v->next)
		if (strcmp(v->id, x->id) == 0)
			number = v->number;
	cases_void(n, c, c->row.side, number, true);
	cases_event(n, c,
		    &(struct event_of){ .type = CY_EVENT_TYPE__RELAY_FAILED,
					.message_id = x->id,
					.kind = x->kind,
					.number = number,
					.code = CY_REJECTION_CODE__LEFT_BEFORE,
					.text = text });
	batch_leaf(n, "repeated %s %s %s %s", n->authority, p->id, x->id, by);
	return evidence_receipted(n, p->id, x->case_id, x->id, EVIDENCE_REJECTED);
}

/* Its case system may repeat it, or has done so: by this it is known again. What was erased is answered no more than
 * that it was: its key is spent. */
static void take_back_key(struct node *n, const struct returning *b, const char *id, bool repeated)
{
	struct cy_digest request;
	char hex[CY_SHA256_HEX], before[CY_UUID_LEN + 1];
	struct store_write *w;

	if (b->key.len == 0)
		return;
	cy_hex(b->key.data, CY_SHA256_LEN, hex);
	if (keys_known(n, hex, &request, before) == CY_ENOENT) {
		memcpy(request.b, b->request.data, b->request.len);
		keys_put(n, hex, &request, id);
		if (b->erased != NULL) {
			w = batch_write(n, STORE_SPEND_KEY);
			w->key.client = STORE_BY_DIGEST;
			w->key.key = batch_string(n, hex);
		}
	} else if (repeated) {
		w = batch_write(n, STORE_MOVE_KEY);
		w->key.client = STORE_BY_DIGEST;
		w->key.key = batch_string(n, hex);
		w->key.message_id = batch_string(n, id);
	}
}

/* It waited here under another number, which it had been given after an earlier loss:
 * what left counts. */
static void forget_number(struct work_case *c, uint32_t number)
{
	c->row.messages--;
	c->unkept = true;
	for (size_t i = 0; number > 0 && i < c->n; i++)
		if (c->facts[i].side == c->row.side && c->facts[i].number == number) {
			c->facts[i] = c->facts[--c->n];
			return;
		}
}

/* What the case learns of it beside its fact. */
static void describe(struct node *n, struct work_case *c, const CyMessage *m)
{
	struct law_terms terms;

	if (c->row.own_reference[0] == '\0')
		c->row.own_reference = batch_string(n, m->own_reference);
	if (c->row.terms.len > 0 || !law_kind_opens(m->content->kind_case))
		return;
	law_terms_of(m, &terms);
	cases_pin(n, c, &terms);
}

static bool is_taken(const struct work_case *c, uint32_t number)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->facts[i].side == c->row.side && c->facts[i].number == number)
			return true;
	return false;
}

/* It takes its number in the case; where another one that has left stands under it, as the peer says of what it
 * rejected as NUMBER_REUSED, it stands under none. */
static int put_in_case(struct node *n, struct work_case *c, struct returning *b, const char *id, bool known,
		       uint32_t number, uint32_t highest)
{
	int r;

	for (const struct moved *v = c->moved; v != NULL; v = v->next)
		if (strcmp(v->id, id) == 0)
			number = v->number;
	if (known && number != b->fact.number) {
		forget_number(c, number);
		known = false;
	}
	r = known || c->renumbered ? CY_OK : renumber(n, c, b->fact.number, highest, id);
	if (r < 0)
		return r;
	if (known) {
		cases_void(n, c, c->row.side, b->fact.number, b->fact.voided);
	} else if (is_taken(c, b->fact.number)) {
		b->fact.number = 0;
		cases_put(n, c);
		return CY_OK;
	} else {
		cases_add(n, c, &b->fact);
	}
	if (b->m != NULL && b->fact.kind == CY_CONTENT__KIND_CLOCK_STATEMENT && !b->fact.voided)
		clocks_stated(n, c, b->fact.side, b->fact.number, b->m->content->clock_statement);
	return CY_OK;
}

static void put_back(struct node *n, const struct work_case *c, const struct wire_text *t, uint32_t index,
		     const struct wire_entry *verdict, const struct returning *b, struct cy_bytes content)
{
	struct store_write *w = batch_write(n, STORE_PUT_MESSAGE);
	uint8_t encoded[LAW_FACT_MAX];

	w->message = (struct store_message){ .id = batch_string(n, verdict->id),
					     .peer = c->row.peer,
					     .case_id = c->row.case_id,
					     .author = STORE_OWN,
					     .number = b->fact.number,
					     .seen = b->fact.seen,
					     .kind = b->fact.kind,
					     .priority = b->m != NULL ? b->m->priority : CY_PRIORITY__NORMAL,
					     .created = { b->fact.at_ms },
					     .digest = t->entries[index].digest,
					     .size = content.len,
					     .transport = STORE_RELAYED,
					     .void_code = verdict->code,
					     .void_reason = batch_string(n, verdict->reason),
					     .client = c->row.client,
					     .epoch = t->epoch,
					     .sequence = t->sequence,
					     .index = index,
					     .content = batch_bytes(n, content) };
	if (b->fact.number > 0)
		w->message.fact = batch_bytes(n, cy_bytes(encoded, law_fact_encode(&b->fact, encoded)));
	if (b->key.len > 0)
		memcpy(w->message.submission_key.b, b->key.data, CY_SHA256_LEN);
	if (b->erased != NULL) {
		w->message.erasure = STORE_ERASED_BY_PEER;
		w->message.erased = (struct cy_wall){ b->erased->erased_ms };
	}
}

/* 1: it comes back; 0: it does not, since it is here, or cannot be put here; < 0: the store cannot read. */
static int look_held(struct node *n, struct peer *p, const char *id, struct held *held)
{
	struct store_port *s = &n->ports.store;
	int r = s->message_row(s->ctx, id, load_held, held);

	if (r == CY_EDAMAGED) {
		p->exchange->lacks = true;
		node_damaged(n, p->id, "message %s, which peer %s gave back,", id, p->id);
		return 0;
	}
	held->known = r == CY_OK;
	if (!held->known)
		return r == CY_ENOENT ? 1 : r;
	if (!held->ours || (!held->left && held->elsewhere))
		node_log(n, NODE_ALARM, NODE_EVENT_STORE, p->id,
			 "peer %s: message %s cannot come back: another message has its id here", p->id, id);
	return held->ours && !held->left && !held->elsewhere;
}

/* Its case. NULL and CY_OK: it stays away, since the case is damaged, which is told, or has us on the other side,
 * as only a tombstone can say. */
static struct work_case *case_of(struct node *n, struct peer *p, const char *id, const struct returning *b,
				 int *ret_code)
{
	struct work_case *c = cases_get(n, p->id, b->case_id, ret_code);

	if (c == NULL && *ret_code == CY_ENOENT)
		c = cases_new(n, p->id, b->case_id, b->fact.side);
	if (c != NULL && b->fact.side != c->row.side)
		node_log(n, NODE_ALARM, NODE_EVENT_PEER_FAULT, p->id,
			 "peer %s: message %s does not come back: its tombstone names the other side as its author",
			 p->id, id);
	else if (c != NULL && !c->row.damaged)
		return c;
	p->exchange->lacks |= c != NULL ? c->row.damaged : *ret_code == CY_EDAMAGED;
	if (c != NULL || *ret_code == CY_EDAMAGED)
		*ret_code = CY_OK;
	return NULL;
}

/* One own message that came back, with the receipt that it had been given. */
static int take_back(struct node *n, struct peer *p, const struct wire_text *t, uint32_t index,
		     const struct wire_entry *verdict, struct returning *b, struct cy_bytes content, uint32_t highest)
{
	struct held held = { .p = p, .case_id = b->case_id };
	struct repeated repeated;
	struct work_case *c;
	int repeats = 0, r;

	if (strcmp(b->case_id, p->exchange->fetches->case_id) == 0 && b->fact.number > p->exchange->fetches->after)
		p->exchange->fetches->after = b->fact.number;
	r = look_held(n, p, verdict->id, &held);
	if (r <= 0)
		return r;
	c = case_of(n, p, verdict->id, b, &r);
	if (c == NULL)
		return r;
	b->fact.voided = verdict->code != 0;
	if (!b->fact.voided)
		repeats = find_repeated(n, p, b, verdict->id, &repeated);
	if (repeats < 0)
		return repeats;
	if (repeats > 0 && c->row.client[0] == '\0')
		c->row.client = batch_string(n, repeated.client);
	if (b->m != NULL)
		describe(n, c, b->m);
	else if (!b->fact.voided)
		tombstones_describe(n, c, b->erased);
	r = put_in_case(n, c, b, verdict->id, held.known, held.number, highest);
	if (r < 0)
		return r;
	if (b->erased != NULL && held.known && cy_digest_equal(&held.digest, &t->entries[index].digest))
		mark_back(n, t, index, verdict);
	else
		put_back(n, c, t, index, verdict, b, content);
	if (b->m != NULL && b->fact.number > 0 && !b->fact.voided) {
		r = evidence_heard(n, c, STORE_OWN, verdict->id, b->m->content);
		if (r == CY_EDAMAGED)
			cases_damaged(n, p->id, c->row.case_id, "evidence of");
		else if (r < 0)
			return r;
		evidence_attached(n, c, STORE_OWN, b->m->id, b->m->number, b->m->priority, b->m->content, "");
	}
	take_back_key(n, b, verdict->id, repeats > 0);
	if (b->fact.number == 1)
		c->row.first = STORE_RELAYED;
	cases_event(
		n, c,
		&(struct event_of){ .type = CY_EVENT_TYPE__MESSAGE_RECOVERED,
				    .message_id = verdict->id,
				    .kind = b->fact.kind,
				    .number = b->fact.number,
				    .code = verdict->code,
				    .text = b->erased != NULL
						    ? "it came back from the peer after a restored backup, without its "
						      "content, which the peer has erased"
						    : "it came back from the peer after a restored backup" });
	batch_leaf(n, "recovered %s %s %s", p->id, n->authority, verdict->id);
	return repeats > 0 ? withdraw(n, p, &repeated, verdict->id) : CY_OK;
}

static void read_marks(struct returning *b)
{
	const CyMessage *m = b->m;

	if (m->submission_key.len != CY_SHA256_LEN || m->submission_digest.len != CY_SHA256_LEN)
		return;
	b->key = cy_bytes(m->submission_key.data, CY_SHA256_LEN);
	b->request = cy_bytes(m->submission_digest.data, CY_SHA256_LEN);
}

/* All of them, read; CY_EPARSE for one that does not parse. To be freed by forget(). */
static int read_all(const CyFetched *f, struct returning *ret)
{
	for (size_t i = 0; i < f->n_messages; i++) {
		struct returning *b = &ret[i];
		ProtobufCMessage *pm = NULL;
		int r;

		b->erased = tombstones_at(f->tombstones, f->n_tombstones, i + 1);
		if (b->erased != NULL) {
			b->case_id = b->erased->case_id;
			b->key = cy_bytes(b->erased->submission_key.data, b->erased->submission_key.len);
			tombstones_fact(b->erased, &b->fact);
		} else if (f->messages[i].len > 0) {
			r = wire_unpack(&cy_message__descriptor, cy_bytes(f->messages[i].data, f->messages[i].len),
					CY_MESSAGE_MAX, &pm, NULL);
			if (r < 0)
				return r;
			b->m = (CyMessage *)pm;
			b->case_id = b->m->case_id;
			law_fact_of(b->m, &b->fact);
			read_marks(b);
		}
	}
	return CY_OK;
}

static void forget(struct returning *all, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (all[i].m != NULL)
			cy_message__free_unpacked(all[i].m, NULL);
}

/* Highest own number of the case of message `i` in the whole parcel. */
static uint32_t highest_number(const struct returning *all, size_t n, size_t i)
{
	uint32_t highest = 0;

	for (size_t k = 0; k < n; k++)
		if (all[k].case_id != NULL && strcmp(all[k].case_id, all[i].case_id) == 0 &&
		    all[k].fact.number > highest)
			highest = all[k].fact.number;
	return highest;
}

int takeback_parcel(struct node *n, struct peer *p, const CyFetched *f, const struct wire_text *t,
		    const struct wire_text *receipt)
{
	struct returning *all = cy_arena_take(&n->batch.arena, (f->n_messages + 1) * sizeof *all);
	struct store_write *w;
	int r = read_all(f, all);

	for (size_t i = 0; r == CY_OK && i < f->n_messages; i++) {
		r = take_verdict(n, p, t, (uint32_t)i, &receipt->entries[i], all[i].case_id != NULL);
		if (r == CY_OK && all[i].case_id != NULL)
			r = take_back(n, p, t, (uint32_t)i, &receipt->entries[i], &all[i],
				      cy_bytes(f->messages[i].data, f->messages[i].len),
				      highest_number(all, f->n_messages, i));
	}
	forget(all, f->n_messages);
	if (r < 0)
		return r;
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
