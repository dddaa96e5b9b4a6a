/* Erasing a case by order: what people wrote in it goes for good, on this side. Each reason against
 * it is told with what is to be done about it. What stays shows that something was said, and when,
 * so that both streams can go on (tombstones.c). */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/mutant.h"
#include "node/clients/views.h"
#include "node/evidence/evidence.h"
#include "wire/message.h"

/* Whatever stands against it, as a sentence; "": nothing. */
struct obstacle {
	struct node *n;
	const struct peer *p;
	const struct work_case *c;
	char text[320];
};

static void stands(struct obstacle *o, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void stands(struct obstacle *o, const char *fmt, ...)
{
	va_list ap;

	if (o->text[0] != '\0')
		return;
	va_start(ap, fmt);
	vsnprintf(o->text, sizeof o->text, fmt, ap);
	va_end(ap);
}

/* ------------------------------------------------------------------- messages */

static int find_receipt(void *arg, const struct store_parcel *row)
{
	*(bool *)arg = row->receipt.len == 0 && !row->dissolved;
	return CY_OK;
}

/* A parcel of ours that has no receipt is sent again, and needs its contents. */
static int look_message(void *arg, const struct store_message *row)
{
	struct obstacle *o = arg;
	struct store_port *s = &o->n->ports.store;
	bool under_way = false;
	int r;

	if (row->author != STORE_OWN || o->text[0] != '\0')
		return CY_OK;
	if (row->transport == STORE_QUEUED || row->transport == STORE_TRANSMITTED)
		stands(o, "message %s is not delivered yet: wait for its receipt, or until it is given up", row->id);
	else if (row->transport == STORE_FAILED && row->void_code == 0)
		stands(o,
		       "message %s was sent and never receipted, and the peer is still to answer it: wait until it "
		       "is connected",
		       row->id);
	if (row->sequence == 0 || o->text[0] != '\0')
		return CY_OK;
	r = s->get_parcel(s->ctx, row->peer, STORE_OWN, row->epoch, row->sequence, find_receipt, &under_way);
	if (under_way)
		stands(o, "the parcel of message %s has no receipt yet: wait until the peer is connected", row->id);
	return r == CY_ENOENT ? CY_OK : r;
}

/* What this very batch does in the case is not committed, and not looked at; what it shows leaves once it is. */
static bool in_batch(const struct node *n, const struct work_case *c)
{
	for (const struct store_write *w = n->batch.writes.first; w != NULL; w = w->next)
		if ((w->op == STORE_PUT_CASE && strcmp(w->case_row.case_id, c->row.case_id) == 0) ||
		    (w->op == STORE_PUT_EVIDENCE && strcmp(w->evidence.case_id, c->row.case_id) == 0) ||
		    w->op == STORE_MARK_MESSAGE)
			return true;
	return n->batch.shows;
}

/* --------------------------------------------------- time limits and retention */

static int look_clock(void *arg, const struct store_clock *row)
{
	if (row->state == LAW_CLOCK_RUNNING || row->state == LAW_CLOCK_SUSPENDED)
		stands(arg, "the time limit %s runs: it has to be met, or to end with the case", row->name);
	return CY_OK;
}

static void look_retention(struct obstacle *o)
{
	const struct law_data *legal_data = o->n->config.legal_data;
	const struct law_profile *p;
	struct law_terms t;
	char until[CY_RFC3339_SIZE];
	int64_t end;

	if (legal_data == NULL || legal_data->n_profiles == 0 || o->c->row.terms.len == 0 ||
	    law_terms_decode(o->c->row.terms, &t) < 0 || t.instrument[0] == '\0' || t.version[0] == '\0')
		return;
	p = law_find_profile(legal_data, t.instrument, t.version, (struct cy_date){ 0 });
	if (p == NULL) {
		stands(o,
		       "version %s of the treaty profile %s is not here, and nobody can say how long the case is to be "
		       "kept: configure it",
		       t.version, t.instrument);
		return;
	}
	end = o->c->row.changed.ms + law_retention_ms(p);
	if (law_retention_ms(p) == 0 || node_now(o->n).ms > end)
		return;
	cy_rfc3339((struct cy_wall){ end }, until);
	stands(o, "the treaty profile %s keeps a case until %s, counted from its last message: wait until then",
	       t.instrument, until);
}

/* ------------------------------------------------------------------- evidence */

/* Each attachment of the case, a page at a time. */
struct items {
	struct node *n;
	struct store_evidence rows[NODE_OVERDUE_MAX];
	size_t n_rows;
};

static int add_item(void *arg, const struct store_evidence *row)
{
	struct items *i = arg;

	i->rows[i->n_rows++] = evidence_copy(&i->n->batch.writes.arena, row);
	return CY_OK;
}

static int each_item(struct node *n, const struct work_case *c, void (*fn)(void *arg, struct store_evidence *row),
		     void *arg)
{
	struct store_port *s = &n->ports.store;
	const struct store_view all = { .client = NULL };
	struct items *i = cy_arena_take(&n->batch.arena, sizeof *i);
	struct store_evidence_query q = {
		.peer = c->row.peer, .case_id = c->row.case_id, .after_message = "", .limit = CY_BOUND(NODE_OVERDUE_MAX)
	};
	int r;

	do {
		*i = (struct items){ .n = n };
		r = s->list_evidence(s->ctx, all, &q, add_item, i);
		for (size_t k = 0; r == CY_OK && k < i->n_rows; k++) {
			q.after_message = i->rows[k].message_id;
			q.after_attachment = i->rows[k].attachment;
			fn(arg, &i->rows[k]);
		}
	} while (r == CY_OK && i->n_rows == q.limit);
	return r;
}

static void look_item(void *arg, struct store_evidence *row)
{
	if (row->legal_hold)
		stands(arg, "a legal hold stands on attachment %u of message %s: it has to be released first",
		       row->attachment, row->message_id);
	else if (row->state == STORE_EVIDENCE_OFFERED || row->state == STORE_EVIDENCE_WAITING)
		stands(arg, "attachment %u of message %s is not delivered yet: wait until it has arrived",
		       row->attachment, row->message_id);
	else if (row->unstated)
		stands(arg,
		       "what became of attachment %u of message %s is still to be stated to the peer: repeat in a "
		       "minute",
		       row->attachment, row->message_id);
}

struct destroying {
	struct node *n;
	struct work_case *c;
	struct cy_wall until;
};

/* What opened the case was there when its erasure was ordered, whatever its author's clock said. Of all else nobody
 * knows but by these clocks: one that was ahead reaches no further than the message that it dated. */
static bool is_opening(const struct store_message *row)
{
	return law_kind_opens(row->kind) && row->void_code == 0;
}

struct meant {
	struct cy_wall until;
	bool is;
};

static int look_made(void *arg, const struct store_message *row)
{
	struct meant *m = arg;

	m->is = is_opening(row) || row->created.ms <= m->until.ms;
	return CY_OK;
}

/* Was its message made until then? Where that cannot be read it stays. */
static bool is_meant(const struct destroying *d, const struct store_evidence *row)
{
	struct store_port *s = &d->n->ports.store;
	struct meant m = { .until = d->until };

	return d->until.ms == INT64_MAX || (s->get_message(s->ctx, row->message_id, look_made, &m) == CY_OK && m.is);
}

static void drop_upload(struct node *n, const struct work_case *c, const struct store_evidence *row)
{
	struct store_write *w;

	if (c->row.client[0] == '\0')
		return;
	w = batch_write(n, STORE_DROP_UPLOAD);
	w->upload.client = c->row.client;
	w->upload.sha256 = row->sha256;
}

static void destroy_item(void *arg, struct store_evidence *row)
{
	const struct destroying *d = arg;
	struct node *n = d->n;

	if (!is_meant(d, row))
		return;
	drop_upload(n, d->c, row);
	if (row->author == STORE_OWN) {
		if (row->deleted)
			return;
		row->deleted = true;
		evidence_custody(n, row, "deleted", n->authority, "", "", node_legal_now(n));
	} else {
		/* A restored store may wait for what was here when that was ordered. */
		if (row->state != STORE_EVIDENCE_HERE && row->state != STORE_EVIDENCE_HELD_BACK &&
		    row->state != STORE_EVIDENCE_WAITING)
			return;
		row->state = STORE_EVIDENCE_DESTROYED;
		row->reason = "the case was erased";
		evidence_state_later(n, row);
		evidence_event(n, d->c, row, CY_EVENT_TYPE__EVIDENCE_DESTROYED, row->reason);
		evidence_recheck(n);
	}
	evidence_put(n, row);
	evidence_discard(n, row);
}

/* ------------------------------------------------------------------ the order */

static int look(struct obstacle *o)
{
	struct node *n = o->n;
	struct store_port *s = &n->ports.store;
	const struct work_case *c = o->c;
	const struct store_view all = { .client = NULL };
	int r;

	if (!c->row.closed && c->kept.folded.state != LAW_CASE_VOID)
		stands(o, "the case is not closed: it has to be closed, returned or redirected first");
	if (n->clock_suspect)
		stands(o, "the wall clock is not trusted: 'comityctl clock confirm' once it is right");
	if (o->p->stream.reconciling)
		stands(o,
		       "what was lost with a restored backup is still fetched back from %s: wait until it is connected",
		       o->p->id);
	if (!node_understands(o->p, NODE_FEATURE_TOMBSTONES))
		stands(o,
		       "the daemon of %s does not know tombstones: its stream would stall after a restored backup. The "
		       "case can be erased once the peer runs a newer version",
		       o->p->id);
	r = s->case_messages(s->ctx, c->row.peer, c->row.case_id, look_message, o);
	if (r == CY_OK)
		r = s->case_clocks(s->ctx, all, c->row.peer, c->row.case_id, look_clock, o);
	if (r == CY_OK)
		r = each_item(n, c, look_item, o);
	look_retention(o);
	if (!node_may_destroy(n, o->p))
		stands(o,
		       "nothing of %s is destroyed before it was met since the start: wait until it is connected, or "
		       "'comityctl resume'",
		       o->p->id);
	return r;
}

/* ------------------------------------------------------------------- rejections */

void erase_message(struct node *n, const struct store_message *row, struct cy_wall at, enum store_erasure why)
{
	struct store_write *w = batch_write(n, STORE_ERASE_MESSAGE);

	w->erase.message_id = batch_string(n, row->id);
	w->erase.at = at;
	w->erase.why = why;
}

void erase_makes_room(struct node *n, struct peer *p, const struct store_message *row)
{
	if (row->content.len == 0)
		return;
	p->stream.rejected -= row->content.len < p->stream.rejected ? row->content.len : p->stream.rejected;
	batch_put_stream(n, p);
}

struct rejected {
	struct node *n;
	const struct work_case *c;
	struct cy_wall at, until; /* when it is erased, and up to when it was made */
};

static bool names(struct cy_bytes content, const char *case_id)
{
	ProtobufCMessage *m = NULL;
	bool does;

	if (wire_unpack(&cy_message__descriptor, content, CY_MESSAGE_MAX, &m, NULL) < 0)
		return false;
	does = strcmp(((const CyMessage *)m)->case_id, case_id) == 0;
	protobuf_c_message_free_unpacked(m, NULL);
	return does;
}

static int erase_rejected(void *arg, const struct store_message *row)
{
	struct rejected *x = arg;
	struct peer *p = node_peer_ever(x->n, row->peer);
	const bool filed = strcmp(row->case_id, x->c->row.case_id) == 0;

	if (strcmp(row->peer, x->c->row.peer) != 0 || row->created.ms > x->until.ms ||
	    (!filed && (!store_is_unfiled(row->case_id) || !names(row->content, x->c->row.case_id))))
		return CY_OK;
	if (!filed)
		erase_message(x->n, row, x->at, STORE_ERASED_BY_ORDER);
	if (p != NULL)
		erase_makes_room(x->n, p, row);
	return CY_OK;
}

/* What the peer said in this case and was rejected. What is wrong with the envelope itself, or came before the case was
 * opened, was filed in none. */
static int each_rejected(struct rejected *x)
{
	struct store_port *s = &x->n->ports.store;

	return s->rejected(s->ctx, "", UINT32_MAX, erase_rejected, x);
}

/* -------------------------------------------------------------------- the order */

/* What was made until then. */
static int erase(struct node *n, struct work_case *c, struct cy_wall at, struct cy_wall until, const char *by,
		 const char *reason)
{
	struct destroying d = { n, c, until };
	struct rejected x = { .n = n, .c = c, .at = at, .until = until };
	const struct cy_digest digest = cy_sha256(cy_bytes((const uint8_t *)reason, strlen(reason)));
	struct store_write *w;
	char hex[CY_SHA256_HEX];
	int r = each_item(n, c, destroy_item, &d);

	if (r == CY_OK)
		r = each_rejected(&x);
	if (r < 0)
		return r;
	n->batch.erases = c->unkept = true;
	w = batch_write(n, STORE_ERASE_CASE);
	w->erase_case.peer = c->row.peer;
	w->erase_case.case_id = c->row.case_id;
	w->erase_case.at = at;
	w->erase_case.until = until;
	w->erase_case.by = batch_string(n, by);
	w->erase_case.reason = batch_string(n, reason);
	/* Whatever of the case this batch still writes. */
	c->row.title = c->row.own_reference = c->row.peer_reference = "";
	c->row.erased = at;
	cases_event(n, c,
		    &(struct event_of){ .type = CY_EVENT_TYPE__CONTENT_ERASED,
					.message_id = "",
					.text = "an administrator had the content of the case erased" });
	cy_digest_hex(&digest, hex);
	batch_leaf(n, "erased %s %s %s %s", c->row.peer, c->row.case_id, by, hex);
	node_log(n, NODE_INFO, NODE_EVENT_STORE, c->row.peer, "peer %s: client %s had the content of case %s erased",
		 c->row.peer, by, c->row.case_id);
	return CY_OK;
}

static void refuse(struct node *n, const struct conn *c, uint64_t correlation, const char *text)
{
	batch_error(n, c->id, correlation, CY_ERROR_CODE__REFUSED_BY_LIFE_CYCLE, "ref", text);
}

void erase_case(struct node *n, struct conn *c, uint64_t correlation, const CyEraseCase *r)
{
	size_t matches = 0;
	int code = CY_OK;
	struct work_case *x = NULL;
	CyServerFrame f = CY_SERVER_FRAME__INIT;
	CyDone done = CY_DONE__INIT;

	if (r->reason[0] == '\0' || strlen(r->reason) > CY_REASON_MAX) {
		batch_error(n, c->id, correlation, CY_ERROR_CODE__INVALID, "reason",
			    "a reason of 1 to 255 bytes is mandatory: it is kept, and shown with the case");
		return;
	}
	x = cases_find(n, NULL, r->ref, &code, &matches);
	if (x == NULL && code < 0 && code != CY_ENOENT) {
		batch_error(n, c->id, correlation, CY_ERROR_CODE__UNAVAILABLE, "",
			    "the store cannot read now: repeat later");
	} else if (x == NULL) {
		batch_error(n, c->id, correlation, matches > 1 ? CY_ERROR_CODE__INVALID : CY_ERROR_CODE__NOT_FOUND,
			    "ref",
			    matches > 1 ? "several cases have this name: give PEER/CASE-ID, such as IE/0198b2c1-..."
					: "no case has this id or reference");
	} else if (in_batch(n, x)) {
		refuse(n, c, correlation, "something happens in the case at this moment: repeat the order");
	} else {
		struct obstacle o = { .n = n, .p = node_peer_ever(n, x->row.peer), .c = x };

		code = o.p == NULL ? CY_ESTORE : look(&o);
		if (code == CY_OK && o.text[0] != '\0') {
			refuse(n, c, correlation, o.text);
			return;
		}
		if (code == CY_OK) {
			const struct store_evidence about = { .peer = x->row.peer, .case_id = x->row.case_id };

			orders_add(n, NODE_ORDER_ERASE, &about, c->client->name, r->reason);
			code = erase(n, x, node_legal_now(n), (struct cy_wall){ INT64_MAX }, c->client->name,
				     r->reason);
		}
		if (code < 0) {
			n->batch.abort_reason = "the store cannot read the case that is to be erased";
			return;
		}
		done.text = batch_string(n, x->row.case_id);
		f.kind_case = CY_SERVER_FRAME__KIND_DONE;
		f.done = &done;
		batch_reply(n, c->id, correlation, &f);
	}
}

/* ---------------------------------------------------------------- what comes back */

struct cy_mono erase_next(const struct node *n)
{
	return n->next_erasure;
}

void erase_failed(struct node *n)
{
	const struct cy_mono later = cy_mono_add(n->ports.clock.mono(n->ports.clock.ctx), NODE_EXPIRY_CHECK_MS);

	if (n->orders.stored > 0 && cy_mono_before(later, n->next_erasure))
		n->next_erasure = later;
}

struct kept {
	const struct node_order *order;
	bool in_person, any;
};

static int look_reason(void *arg, const struct store_case *row)
{
	struct kept *k = arg;
	const struct cy_digest d = cy_sha256(cy_bytes((const uint8_t *)row->erased_reason, strlen(row->erased_reason)));

	k->in_person = cy_digest_equal(&d, &k->order->reason);
	return CY_OK;
}

static int look_kept(void *arg, const struct store_message *row)
{
	struct kept *k = arg;

	k->any = k->any || (row->erasure == STORE_KEPT && (is_opening(row) || row->created.ms <= k->order->at.ms));
	return CY_OK;
}

/* Is there, in a case that was erased since the order, something that was made before it? The store that the
 * order was given to has erased what was there then: what comes to it is new, whatever its author's clock
 * said. To a store that knows the order from the list it comes back. */
static int came_back(struct node *n, const struct work_case *c, struct kept *k)
{
	struct store_port *s = &n->ports.store;
	int r = s->get_case(s->ctx, c->row.peer, c->row.case_id, look_reason, k);

	return r < 0 || k->in_person ? r : s->case_messages(s->ctx, c->row.peer, c->row.case_id, look_kept, k);
}

struct opening {
	struct node *n;
	const struct node_order *order;
};

/* Before the case, whose key goes only with the last content. */
static int erase_opening(void *arg, const struct store_message *row)
{
	const struct opening *o = arg;

	if (is_opening(row) && row->erasure == STORE_KEPT && row->created.ms > o->order->at.ms)
		erase_message(o->n, row, o->order->at, STORE_ERASED_BY_ORDER);
	return CY_OK;
}

/* What still has to be delivered, or fetched back, keeps its content until then. */
static int erase_again(struct node *n, const struct node_order *order)
{
	struct store_port *s = &n->ports.store;
	int r = CY_OK;
	struct work_case *c = cases_get(n, order->peer, order->case_id, &r);
	struct obstacle o = { .n = n, .p = node_peer_ever(n, order->peer), .c = c };
	struct kept k = { .order = order, .any = true };
	struct opening opening = { n, order };
	char reason[96];

	if (c == NULL || o.p == NULL)
		return c != NULL || r == CY_ENOENT ? CY_OK : r;
	/* What this very batch takes in shows once it is committed. */
	if (c->row.erased.ms >= order->at.ms && !in_batch(n, c)) {
		k.any = false;
		r = came_back(n, c, &k);
	}
	if (r < 0 || !k.any)
		return r;
	if (o.p->stream.reconciling || in_batch(n, c))
		stands(&o, "it is not whole");
	r = s->case_messages(s->ctx, c->row.peer, c->row.case_id, look_message, &o);
	if (r < 0)
		return r;
	if (o.text[0] != '\0') {
		n->next_erasure = cy_mono_add(n->ports.clock.mono(n->ports.clock.ctx), NODE_EXPIRY_CHECK_MS);
		return CY_OK;
	}
	snprintf(reason, sizeof reason, "entry %llu of the list of orders; the store was behind it",
		 (unsigned long long)order->number);
	r = s->case_messages(s->ctx, c->row.peer, c->row.case_id, erase_opening, &opening);
	return r < 0 ? r : erase(n, c, order->at, order->at, order->by, reason);
}

void erase_step(struct node *n)
{
	/* What this batch has read of the list is in the store with the next one. */
	for (const struct store_write *w = n->batch.writes.first; w != NULL; w = w->next)
		if (w->op == STORE_PUT_ORDER)
			return;
	if (n->batch.only_peer != NULL || cy_mono_before(n->ports.clock.mono(n->ports.clock.ctx), n->next_erasure))
		return;
	n->next_erasure = CY_NEVER;
	if (!CY_MUTANT_ERASED_COMES_BACK && orders_erasures(n, erase_again) < 0)
		n->next_erasure = cy_mono_add(n->ports.clock.mono(n->ports.clock.ctx), NODE_EXPIRY_CHECK_MS);
}
