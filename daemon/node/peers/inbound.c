/* A parcel that came in: each message is admitted, or rejected with a reason;
 * messages, receive mark, cases and audit leaves share the commit with the
 * receipt. */
#include <stdio.h>
#include <string.h>

#include "base/mutant.h"
#include "law/kinds.h"
#include "law/room.h"
#include "law/validate.h"
#include "node/evidence/evidence.h"
#include "node/peers/parcels.h"
#include "wire/message.h"

/* Why a message is rejected; code 0: it is accepted. */
struct verdict {
	CyRejectionCode code;
	char reason[CY_REASON_MAX + 1];
	bool duplicate; /* known: nothing is written */
	bool apart;     /* rejected, and without a number in its case */
	bool bare;      /* rejected, and its content is not kept */
};

bool inbound_is_damaged(const struct work_case *c, int code)
{
	return !CY_MUTANT_DAMAGE_STOPS_ALL && (code == CY_EDAMAGED || (c != NULL && c->row.damaged));
}

void inbound_reject(struct wire_entry *e, enum node_rejection why)
{
	e->code = node_rejections[why].code;
	snprintf(e->reason, sizeof e->reason, "%s", node_rejections[why].words);
}

/* `more` stands in the place of the words, where there is more to say. */
static void reject(struct verdict *v, enum node_rejection why, const char *more)
{
	v->code = node_rejections[why].code;
	snprintf(v->reason, sizeof v->reason, "%.*s", CY_REASON_MAX, more != NULL ? more : node_rejections[why].words);
}

/* A message on its way into the store. */
struct arrival {
	struct wire_entry *entry;
	struct cy_bytes content;
	struct xchg_pos pos; /* of its parcel, and its place there */
	uint32_t index;
	struct cy_wall made;              /* the parcel was */
	const char *doubt;                /* what is odd about that time, or NULL */
	bool too_large;                   /* it is over a limit of the protocol, and is not held */
	const CyTombstone *erased;        /* it comes without its content; NULL: with it */
	const struct wire_entry *verdict; /* then: ours of before */
};

struct known {
	const struct peer *p;
	struct cy_digest digest;
	struct verdict verdict;
	bool another; /* of another author */
	char case_id[CY_UUID_LEN + 1];
};

static int load_known(void *arg, const struct store_message *row)
{
	struct known *k = arg;

	k->digest = row->digest;
	k->another = row->author != STORE_PEER || strcmp(row->peer, k->p->id) != 0;
	k->verdict.code = row->void_code;
	snprintf(k->verdict.reason, sizeof k->verdict.reason, "%s", row->void_reason);
	return cy_copy(k->case_id, sizeof k->case_id, row->case_id) < 0 ? CY_ESTORE : CY_OK;
}

/* Is the id known, from the store or from this batch? 1 known, 0 not, < 0 the
 * store cannot read. */
static int look_up(struct node *n, const struct peer *p, const struct wire_entry *e, struct verdict *v, struct known *k)
{
	struct store_port *s = &n->ports.store;
	const struct written *w = batch_written(n, BATCH_OP(PUT_MESSAGE), e->id, NULL);
	int r;

	*k = (struct known){ .p = p };
	r = w != NULL ? load_known(k, &w->write->message) : s->message_row(s->ctx, e->id, load_known, k);
	if (r < 0)
		return r == CY_ENOENT ? 0 : r;
	*v = k->verdict;
	v->duplicate = true;
	if (k->another || !cy_digest_equal(&k->digest, &e->digest))
		reject(v, NODE_REJECT_ID_REUSED, NULL);
	return 1;
}

static bool follows_itself(const CyMessage *m)
{
	const CyRequest *r = m->content->kind_case == CY_CONTENT__KIND_REQUEST ? m->content->request : NULL;

	for (size_t i = 0; r != NULL && i < r->n_links; i++)
		if (strcmp(r->links[i]->case_id, m->case_id) == 0)
			return true;
	return false;
}

/* What can be said of a message by itself. */
static void check_envelope(struct node *n, const struct peer *p, const struct wire_entry *e, const CyMessage *m,
			   struct verdict *v)
{
	const bool wrong[] = {
		[NODE_REJECT_NO_ID] = !cy_uuid_valid(e->id),
		[NODE_REJECT_FORMAT] = m->format != 1,
		[NODE_REJECT_OTHER_ID] = strcmp(m->id, e->id) != 0,
		[NODE_REJECT_NONCE] = m->nonce.len != 16,
		[NODE_REJECT_NO_CONTENT] = m->content == NULL,
		[NODE_REJECT_NO_CASE_ID] = !cy_uuid_valid(m->case_id),
		[NODE_REJECT_NO_NUMBER] = m->number == 0,
		[NODE_REJECT_NUMBER_MAX] = m->number > CY_NUMBER_MAX,
		[NODE_REJECT_PRIORITY] = m->priority < CY_PRIORITY__LOW || m->priority > CY_PRIORITY__EMERGENCY,
		[NODE_REJECT_REFERENCE] = strlen(m->own_reference) > CY_REFERENCE_MAX,
		[NODE_REJECT_PARTY] = strcmp(m->from, p->id) != 0 || strcmp(m->to, n->authority) != 0,
		[NODE_REJECT_CRITICAL] = m->n_critical > 0,
	};
	struct law_faults faults;
	char reason[CY_REASON_MAX + 1];

	for (size_t why = 0; why < sizeof wrong / sizeof wrong[0]; why++)
		if (wrong[why]) {
			reject(v, (enum node_rejection)why, NULL);
			return;
		}
	if (law_validate(m->content, &faults) < 0) {
		snprintf(reason, sizeof reason, "%zu faults, the first: %.90s: %.100s", faults.n, faults.at[0].field,
			 faults.at[0].text);
		reject(v, NODE_REJECT_FAULTS, reason);
	} else if (follows_itself(m)) {
		reject(v, NODE_REJECT_FOLLOWS_ITSELF, NULL);
	}
}

/* What can be said of it in its case. A new case is made for one that opens. */
static int check_case(struct node *n, const struct peer *p, const CyMessage *m, struct law_fact *fact,
		      struct work_case **ret_case, struct verdict *v)
{
	struct cy_error e = { 0 };
	int r = CY_OK;
	struct work_case *c = cases_get(n, p->id, m->case_id, &r);
	bool opens = law_kind_opens(m->content->kind_case);

	if (inbound_is_damaged(c, r)) {
		reject(v, NODE_REJECT_DAMAGED, NULL);
		return CY_OK;
	}
	if (c == NULL && r != CY_ENOENT)
		return r;
	if (c == NULL && !opens) {
		reject(v, NODE_REJECT_NO_CASE, NULL);
		return CY_OK;
	}
	if (c != NULL && m->author_side != cases_other(c->row.side)) {
		reject(v, NODE_REJECT_SIDE, NULL);
		return CY_OK;
	}
	if (c == NULL && m->author_side != CY_SIDE__REQUESTING) {
		reject(v, NODE_REJECT_OPENER, NULL);
		return CY_OK;
	}
	if (c == NULL)
		c = cases_new(n, p->id, m->case_id, CY_SIDE__REQUESTED);
	*ret_case = c;
	law_fact_of(m, fact);
	if (m->number <= c->row.peer_number) {
		v->apart = true;
		reject(v, NODE_REJECT_NUMBER_REUSED, NULL);
	} else if (law_kept_room(&c->kept, c->facts, c->n, fact->side, fact->kind, &e) < 0) {
		v->apart = true;
		reject(v, NODE_REJECT_ROOM, e.text);
	} else if (m->seen > c->row.own_number)
		reject(v, NODE_REJECT_UNSEEN, NULL);
	else {
		r = law_kept_admit(&c->kept, c->facts, c->n, fact, &e);
		if (r < 0)
			reject(v, r == CY_EINVAL ? NODE_REJECT_INSTANT : NODE_REJECT_LIFE_CYCLE, e.text);
	}
	return CY_OK;
}

/* A message that belongs to no case is kept apart, so that it can be shown. */
struct work_case *inbound_unfiled(struct node *n, const struct peer *p, int *ret_code)
{
	struct work_case *c = cases_get(n, p->id, STORE_UNFILED, ret_code);

	if (c == NULL && *ret_code == CY_ENOENT) {
		c = cases_new(n, p->id, STORE_UNFILED, CY_SIDE__REQUESTED);
		c->row.state = "UNFILED";
		c->row.closed = true;
		cases_put(n, c);
	}
	return c;
}

/* Case row from what the message says about references and titles. */
static void describe(struct node *n, struct work_case *c, const CyMessage *m)
{
	const CyContent *content = m->content;
	struct law_terms terms;

	/* In a restored store what we said in the case may have come back before what opened it. */
	if (c->row.terms.len == 0 && law_kind_opens(m->content->kind_case)) {
		c->row.title = batch_string(n, law_title_of(content));
		c->row.peer_reference = batch_string(n, m->own_reference);
		law_terms_of(m, &terms);
		cases_pin(n, c, &terms);
	} else if (content->kind_case == CY_CONTENT__KIND_ACKNOWLEDGEMENT) {
		c->row.peer_reference = batch_string(n, content->acknowledgement->reference);
	}
}

static int write_message(struct node *n, const struct peer *p, const struct arrival *a, const CyMessage *m,
			 struct work_case *c, const struct law_fact *fact, const struct verdict *v)
{
	const struct wire_entry *e = a->entry;
	struct store_write *w;
	uint8_t encoded[LAW_FACT_MAX];
	bool counts = !store_is_unfiled(c->row.case_id) && !v->apart;
	int r = CY_OK;

	if (counts) {
		struct law_fact f = *fact;

		f.voided = v->code != 0;
		describe(n, c, m);
		cases_add(n, c, &f);
		if (f.kind == CY_CONTENT__KIND_CLOCK_STATEMENT && !f.voided)
			clocks_stated(n, c, f.side, f.number, m->content->clock_statement);
	}
	w = batch_write(n, STORE_PUT_MESSAGE);
	w->message = (struct store_message){ .id = batch_string(n, e->id),
					     .peer = batch_string(n, p->id),
					     .case_id = c->row.case_id,
					     .author = STORE_PEER,
					     .number = counts ? m->number : 0,
					     .seen = counts ? m->seen : 0,
					     .kind = m != NULL && m->content != NULL ? m->content->kind_case : 0,
					     .priority = counts ? m->priority : CY_PRIORITY__NORMAL,
					     .created = { m != NULL ? m->created_ms : node_now(n).ms },
					     .digest = e->digest,
					     .size = a->content.len,
					     .transport = STORE_RELAYED,
					     .void_code = v->code,
					     .void_reason = batch_string(n, v->reason),
					     .client = "",
					     .epoch = a->pos.epoch,
					     .sequence = a->pos.sequence,
					     .index = a->index };
	if (m != NULL && m->submission_key.len == CY_SHA256_LEN)
		memcpy(w->message.submission_key.b, m->submission_key.data, CY_SHA256_LEN);
	if (!v->bare)
		w->message.content = batch_bytes(n, a->content);
	if (counts)
		w->message.fact = batch_bytes(n, cy_bytes(encoded, law_fact_encode(fact, encoded)));
	/* What a daemon states by itself nobody has to read. */
	if (counts && v->code == 0 && !law_kind_stated(fact->kind))
		w->message.unread = node_now(n);
	if (counts && v->code == 0)
		r = evidence_heard(n, c, STORE_PEER, e->id, m->content);
	if (r == CY_EDAMAGED) {
		cases_damaged(n, p->id, c->row.case_id, "evidence of");
		r = CY_OK;
	}
	if (r == CY_OK && counts && v->code == 0)
		evidence_attached(n, c, STORE_PEER, e->id, m->number, m->priority, m->content, "");
	return r;
}

static int find_erased(void *arg, const struct store_case *row)
{
	*(struct cy_wall *)arg = row->erased;
	return CY_OK;
}

/* Does it name a case of which what was said by then was erased? A restored store may get back what went with it. */
static bool was_erased(struct node *n, const struct peer *p, const CyMessage *m)
{
	struct store_port *s = &n->ports.store;
	struct cy_wall erased = { 0 };

	return m != NULL && cy_uuid_valid(m->case_id) && !CY_MUTANT_ERASED_COMES_BACK &&
	       s->get_case(s->ctx, p->id, m->case_id, find_erased, &erased) == CY_OK && erased.ms > 0 &&
	       m->created_ms <= erased.ms;
}

/* Nobody fills our disk with what is rejected: beyond so many bytes of a peer we keep that it was, and
 * why, but neither its content nor a place in its case. */
static void keep_rejected(struct peer *p, const struct arrival *a, struct verdict *v)
{
	v->bare |= a->too_large;
	if (v->bare)
		return;
	if (a->content.len > CY_BOUND(CY_REJECTED_BYTES_MAX) ||
	    p->stream.rejected > CY_BOUND(CY_REJECTED_BYTES_MAX) - a->content.len)
		v->apart = v->bare = true;
	else
		p->stream.rejected += a->content.len;
}

static void tell_rejected(struct node *n, const struct peer *p, const struct arrival *a, const struct verdict *v)
{
	const char *bare = v->bare ? ", and its content is not kept" : "";

	/* What a peer of another make puts in the place of an id may be anything. */
	if (cy_uuid_valid(a->entry->id))
		node_log(n, NODE_WARNING, NODE_EVENT_REJECTED, p->id, "peer %s: message %s rejected, code %d%s", p->id,
			 a->entry->id, (int)v->code, bare);
	else
		node_log(n, NODE_WARNING, NODE_EVENT_REJECTED, p->id,
			 "peer %s: message %u of parcel %llu/%llu rejected, code %d%s", p->id, a->index + 1,
			 (unsigned long long)a->pos.epoch, (unsigned long long)a->pos.sequence, (int)v->code, bare);
}

static void announce(struct node *n, const struct peer *p, const struct arrival *a, const CyMessage *m,
		     const struct work_case *c, const struct verdict *v)
{
	const char *doubt = v->code != 0 || a->doubt != NULL ? a->doubt : made_dated(n, p, m, c, a->made);
	const struct event_of event = { .type = v->code == 0 ? CY_EVENT_TYPE__MESSAGE_RECEIVED
							     : CY_EVENT_TYPE__MESSAGE_REJECTED,
					.message_id = a->entry->id,
					.kind = m != NULL && m->content != NULL ? m->content->kind_case : 0,
					.number = m != NULL ? m->number : 0,
					.code = v->code,
					.text = v->code != 0 ? v->reason : doubt };
	char hex[CY_SHA256_HEX];

	cases_event(n, c, &event);
	cy_digest_hex(&a->entry->digest, hex);
	batch_leaf(n, "message %s %s %s %s %d", p->id, n->authority, a->entry->id, hex, (int)v->code);
	n->batch.messages++;
}

/* One that is not known yet: judge it and keep it. */
static int take_new(struct node *n, struct peer *p, const struct arrival *a, struct verdict *v)
{
	ProtobufCMessage *pm = NULL;
	struct work_case *c = NULL;
	struct law_fact fact = { 0 };
	struct cy_error why = { 0 };
	CyMessage *m;
	int r;

	if (a->too_large)
		reject(v, NODE_REJECT_TOO_LARGE, NULL);
	else if (wire_unpack(&cy_message__descriptor, a->content, CY_MESSAGE_MAX, &pm, &why) < 0)
		reject(v, NODE_REJECT_NOT_PARSED, NULL);
	m = (CyMessage *)pm;
	if (m != NULL)
		check_envelope(n, p, a->entry, m, v);
	r = v->code == 0 ? check_case(n, p, m, &fact, &c, v) : CY_OK;
	if (r == CY_OK && v->code != 0) {
		v->bare = was_erased(n, p, m);
		keep_rejected(p, a, v);
	}
	if (r == CY_OK && (c == NULL || (v->bare && c->is_new))) {
		c = inbound_unfiled(n, p, &r);
		v->bare = v->bare || (c != NULL && c->row.damaged);
	}
	r = c == NULL ? r : write_message(n, p, a, m, c, &fact, v);
	if (r == CY_OK)
		announce(n, p, a, m, c, v);
	if (m != NULL)
		cy_message__free_unpacked(m, NULL);
	return r;
}

/* One message of a parcel. Only a store that cannot read ends in an error. */
static int take(struct node *n, struct peer *p, const struct arrival *a)
{
	struct verdict v = { 0 };
	struct known known;
	int r = look_up(n, p, a->entry, &v, &known);

	if (r == 0 && a->erased != NULL) {
		a->entry->code = a->verdict->code;
		snprintf(a->entry->reason, sizeof a->entry->reason, "%s", a->verdict->reason);
		return tombstones_take(n, p, a->erased, a->entry, a->pos, a->index);
	}
	if (r == 0)
		r = take_new(n, p, a, &v);
	else if (r > 0 && v.code == 0)
		r = evidence_said_again(n, p->id, known.case_id, a->entry->id);
	if (r == CY_EDAMAGED && v.duplicate) {
		cases_damaged(n, p->id, known.case_id, "evidence of");
		r = CY_OK;
	}
	if (r < 0)
		return r;
	if (v.code != 0 && (!v.duplicate || v.code == CY_REJECTION_CODE__ID_REUSED))
		tell_rejected(n, p, a, &v);
	a->entry->code = v.code;
	snprintf(a->entry->reason, sizeof a->entry->reason, "%s", v.reason);
	return CY_OK;
}

/* All messages of a parcel, with their verdicts in the text. */
static int take_all(struct node *n, struct peer *p, const CyParcel *parcel, struct wire_text *t, struct xchg_pos pos,
		    const struct wire_text *receipt)
{
	struct arrival a = { .pos = pos, .made = t->made, .doubt = made_parcel(n, p, t) };
	size_t bytes = 0;
	int r = CY_OK;

	for (size_t i = 0; r == CY_OK && i < t->n; i++) {
		const ProtobufCBinaryData *m = &parcel->messages[i];

		bytes += m->len;
		a.entry = &t->entries[i];
		a.content = cy_bytes(m->data, m->len);
		a.index = (uint32_t)i;
		a.erased = tombstones_at(parcel->tombstones, parcel->n_tombstones, i + 1);
		a.verdict = a.erased != NULL ? &receipt->entries[i] : NULL;
		a.too_large = m->len > CY_MESSAGE_MAX || bytes > CY_PARCEL_BYTES_MAX;
		r = take(n, p, &a);
	}
	return r;
}

/* ----------------------------------------------------------------- receipts */

struct stored {
	struct node *n;
	struct cy_digest digest;
	struct cy_bytes receipt, signature;
	bool found;
};

static int load_stored(void *arg, const struct store_parcel *row)
{
	struct stored *s = arg;
	int r = sound_parcel(s->n, row);

	if (r < 0)
		return r;
	s->digest = row->digest;
	s->receipt = cy_arena_bytes(&s->n->batch.arena, row->receipt);
	s->signature = cy_arena_bytes(&s->n->batch.arena, row->receipt_signature);
	s->found = true;
	return CY_OK;
}

static void send_receipt(struct node *n, const struct peer *p, struct cy_bytes text, struct cy_bytes signature)
{
	CyPeerFrame f = CY_PEER_FRAME__INIT;
	CyReceipt receipt = CY_RECEIPT__INIT;
	CySignedText st = CY_SIGNED_TEXT__INIT;

	st.text = (ProtobufCBinaryData){ .data = (uint8_t *)text.data, .len = text.len };
	st.signature = (ProtobufCBinaryData){ .data = (uint8_t *)signature.data, .len = signature.len };
	receipt.receipt = &st;
	f.kind_case = CY_PEER_FRAME__KIND_RECEIPT;
	f.receipt = &receipt;
	batch_send(n, p->session, &f);
}

/* The receipt for a parcel whose entries carry their verdicts. */
static struct signing_request *request_receipt(struct node *n, struct peer *p, struct wire_text *t,
					       const struct cy_digest *parcel, struct xchg_pos pos)
{
	struct signing_request *w;
	struct cy_digest d;
	char hex[CY_SHA256_HEX];

	t->type = WIRE_RECEIPT;
	cy_copy(t->from, sizeof t->from, n->authority);
	cy_copy(t->to, sizeof t->to, p->id);
	t->parcel = *parcel;
	t->made = node_now(n);
	t->audit_size = n->audit.size;
	t->audit_root = audit_root(&n->audit);
	w = batch_request_signature(n, SIGN_RECEIPT, p, t);
	w->pos = pos;
	d = cy_sha256(w->text);
	cy_digest_hex(&d, hex);
	batch_leaf(n, "receipt %s %s %llu %llu %s", n->authority, p->id, (unsigned long long)pos.epoch,
		   (unsigned long long)pos.sequence, hex);
	return w;
}

/* Verdicts on a stored parcel whose receipt could not be signed at the time. */
static int verdicts_again(struct node *n, const struct peer *p, struct wire_text *t)
{
	for (size_t i = 0; i < t->n; i++) {
		struct verdict v = { 0 };
		struct known known;
		int r = look_up(n, p, &t->entries[i], &v, &known);

		if (r < 0)
			return r;
		t->entries[i].code = v.code;
		snprintf(t->entries[i].reason, sizeof t->entries[i].reason, "%s", v.reason);
	}
	return CY_OK;
}

int inbound_make_receipt(struct node *n, struct peer *p, const struct store_parcel *row, struct fetching *fetching)
{
	struct wire_text *t = cy_arena_take(&n->batch.arena, sizeof *t);
	int r = wire_text_read(row->manifest, t, NULL);

	if (r == CY_OK)
		r = verdicts_again(n, p, t);
	if (r == CY_OK)
		request_receipt(n, p, t, &row->digest, (struct xchg_pos){ row->epoch, row->sequence })->fetching =
			fetching;
	return r;
}

static void answer_duplicate(struct node *n, struct peer *p, struct wire_text *t, const struct cy_digest *digest,
			     struct xchg_pos pos)
{
	struct store_port *s = &n->ports.store;
	struct stored stored = { .n = n };
	int r = s->get_parcel(s->ctx, p->id, STORE_PEER, pos.epoch, pos.sequence, load_stored, &stored);

	if (r < 0 && r != CY_ENOENT) {
		session_goodbye(n, p, NODE_BYE_STORE);
	} else if (!stored.found || !cy_digest_equal(&stored.digest, digest)) {
		session_goodbye(n, p, NODE_BYE_OTHER_PARCEL);
	} else if (stored.receipt.len > 0 && signing_counts(n, p, stored.receipt, stored.signature)) {
		send_receipt(n, p, stored.receipt, stored.signature);
	} else if (verdicts_again(n, p, t) == CY_OK) {
		request_receipt(n, p, t, digest, pos);
	} else {
		session_goodbye(n, p, NODE_BYE_STORE);
	}
}

/* Is this parcel among the writes of this batch? Its receipt follows anyway. */
static bool in_batch(struct node *n, const struct peer *p, struct xchg_pos pos)
{
	for (struct signing_request *w = n->batch.requests; w != NULL; w = w->next)
		if (w->kind == SIGN_RECEIPT && w->peer == p && xchg_cmp(w->pos, pos) == 0)
			return true;
	return false;
}

void inbound_parcel(struct node *n, struct peer *p, const CyParcel *parcel, const struct wire_text *text,
		    const struct wire_text *receipt)
{
	const CySignedText *st = parcel->manifest;
	struct xchg_pos pos = { text->epoch, text->sequence };
	struct xchg_pos held = { p->stream.in_epoch, p->stream.in_held };
	struct wire_text *t = cy_arena_take(&n->batch.arena, sizeof *t);
	struct cy_digest digest = cy_sha256(cy_bytes(st->text.data, st->text.len));
	struct store_write *w;
	struct signing_request *request;

	*t = *text;
	if (p->stream.reconciling) {
		session_goodbye(n, p, NODE_BYE_FETCHES);
		return;
	}
	switch (xchg_arrival(held, pos)) {
	case XCHG_GAP:
		session_goodbye(n, p, NODE_BYE_GAP);
		return;
	case XCHG_DUPLICATE:
		if (!in_batch(n, p, pos))
			answer_duplicate(n, p, t, &digest, pos);
		return;
	case XCHG_NEXT:
		break;
	}
	if (take_all(n, p, parcel, t, pos, receipt) < 0) {
		/* Half of a parcel must not be committed. */
		batch_abort(n, p, "the store cannot read what its parcel needs");
		return;
	}
	p->stream.in_epoch = pos.epoch;
	p->stream.in_held = pos.sequence;
	waiting_held(n, p);
	waiting_signed(n, p, t->made);
	if (!CY_MUTANT_MARK_APART)
		batch_put_stream(n, p);
	request = request_receipt(n, p, t, &digest, pos);
	w = batch_write(n, STORE_PUT_PARCEL);
	w->parcel = (struct store_parcel){ .peer = batch_string(n, p->id),
					   .author = STORE_PEER,
					   .epoch = pos.epoch,
					   .sequence = pos.sequence,
					   .manifest = batch_bytes(n, cy_bytes(st->text.data, st->text.len)),
					   .signature = batch_bytes(n, cy_bytes(st->signature.data, st->signature.len)),
					   .digest = digest,
					   .made = text->made,
					   .messages = (uint32_t)t->n };
	request->parcel = w;
}

void inbound_receipt_signed(struct node *n, struct signing_request *w)
{
	struct peer *p = w->peer;

	if (w->signature.len == 0) {
		/* The parcel is kept without a receipt; the peer repeats it and is answered then. */
		if (p->session == w->session)
			session_goodbye(n, p, NODE_BYE_RECEIPT_NOT_SIGNED);
		return;
	}
	if (w->parcel != NULL) {
		w->parcel->parcel.receipt = w->text;
		w->parcel->parcel.receipt_signature = w->signature;
	} else {
		struct store_write *put = batch_write(n, STORE_PUT_RECEIPT);

		put->parcel = (struct store_parcel){ .peer = batch_string(n, p->id),
						     .author = STORE_PEER,
						     .epoch = w->pos.epoch,
						     .sequence = w->pos.sequence,
						     .receipt = w->text,
						     .receipt_signature = w->signature };
	}
	if (p->session != w->session || w->session == 0)
		return;
	if (w->fetching != NULL)
		giveback_receipted(w->fetching, w->text, w->signature);
	else
		send_receipt(n, p, w->text, w->signature);
}
