/* What stands for a message whose content was erased: in a parcel that leaves or comes again, and in
 * one that is given back (proto/PROTOCOL.md, "Tombstones"). */
#include <stdio.h>
#include <string.h>

#include "node/peers/parcels.h"

struct typing {
	struct node *n;
	uint8_t measures; /* of the message */
	CyTombstone *t;
};

/* The terms of its case stay when that is erased. */
static int add_types(void *arg, const struct store_case *row)
{
	const struct typing *y = arg;
	struct law_terms terms;
	struct cy_bytes types;

	if (row->terms.len == 0 || law_terms_decode(row->terms, &terms) < 0 || terms.n != y->measures)
		return CY_OK;
	types = cy_arena_bytes(&y->n->batch.arena, cy_bytes(terms.type, terms.n));
	y->t->measure_types = (ProtobufCBinaryData){ .data = (uint8_t *)types.data, .len = types.len };
	y->t->follows = cy_arena_take(&y->n->batch.arena, LAW_FOLLOWS_MAX * sizeof *y->t->follows);
	for (; y->t->n_follows < terms.n_follows; y->t->n_follows++)
		y->t->follows[y->t->n_follows] = cy_arena_string(&y->n->batch.arena, terms.follows[y->t->n_follows]);
	return CY_OK;
}

/* What else is known of it: a case that cannot be read now says nothing. */
static void add_marks(struct node *n, const struct store_message *row, CyTombstone *t)
{
	static const struct cy_digest none;
	struct store_port *s = &n->ports.store;
	struct typing y = { .n = n, .t = t };
	struct law_fact fact;

	if (!cy_digest_equal(&row->submission_key, &none)) {
		const struct cy_bytes key =
			cy_arena_bytes(&n->batch.arena, cy_bytes(row->submission_key.b, CY_SHA256_LEN));

		t->submission_key = (ProtobufCBinaryData){ .data = (uint8_t *)key.data, .len = key.len };
	}
	if (!law_kind_opens(row->kind) || law_fact_decode(row->fact, &fact) < 0)
		return;
	y.measures = fact.measures;
	(void)s->get_case(s->ctx, row->peer, row->case_id, add_types, &y);
}

CyTombstone *tombstones_of(struct node *n, const struct store_message *row, uint32_t place)
{
	CyTombstone *t = cy_arena_take(&n->batch.arena, sizeof *t);
	const struct cy_bytes fact = cy_arena_bytes(&n->batch.arena, row->fact);

	cy_tombstone__init(t);
	t->place = place;
	t->case_id = cy_arena_string(&n->batch.arena, row->case_id);
	t->created_ms = row->created.ms;
	t->fact = (ProtobufCBinaryData){ .data = (uint8_t *)fact.data, .len = fact.len };
	t->erased_ms = row->erased.ms;
	add_marks(n, row, t);
	return t;
}

void tombstones_describe(struct node *n, struct work_case *c, const CyTombstone *t)
{
	struct law_terms terms = { .opened_ms = t->created_ms, .urgency_day = LAW_NO_DAY };

	if (t->measure_types.len == 0 || c->row.terms.len > 0)
		return;
	terms.n = (uint8_t)t->measure_types.len;
	memcpy(terms.type, t->measure_types.data, terms.n);
	for (size_t i = 0; i < terms.n; i++)
		terms.wanted[i] = LAW_NO_DAY;
	for (; terms.n_follows < t->n_follows; terms.n_follows++)
		cy_copy(terms.follows[terms.n_follows], sizeof terms.follows[0], t->follows[terms.n_follows]);
	cases_pin(n, c, &terms);
}

const CyTombstone *tombstones_at(CyTombstone *const *tombstones, size_t n, size_t place)
{
	for (size_t i = 0; i < n; i++)
		if (tombstones[i]->place == place)
			return tombstones[i];
	return NULL;
}

void tombstones_fact(const CyTombstone *t, struct law_fact *ret)
{
	/* tombstones_check() has read it. */
	CY_ASSERT(law_fact_decode(cy_bytes(t->fact.data, t->fact.len), ret) == CY_OK);
	ret->at_ms = t->created_ms;
}

/* Is the receipt one for this very parcel? */
static int check_receipt(const struct wire_text *parcel, const CySignedText *manifest, const struct wire_text *receipt,
			 struct cy_error *e)
{
	const struct cy_digest d = cy_sha256(cy_bytes(manifest->text.data, manifest->text.len));
	bool same = receipt->n == parcel->n && cy_digest_equal(&d, &receipt->parcel);

	for (size_t i = 0; same && i < parcel->n; i++)
		same = strcmp(receipt->entries[i].id, parcel->entries[i].id) == 0 &&
		       cy_digest_equal(&receipt->entries[i].digest, &parcel->entries[i].digest);
	return same ? CY_OK : cy_fail(e, CY_EPARSE, "the receipt beside a tombstone is of another parcel");
}

/* A peer of an older version says nothing of either. */
static bool are_marks(const CyTombstone *t, const struct law_fact *fact)
{
	for (size_t i = 0; i < t->n_follows; i++)
		if (t->n_follows > LAW_FOLLOWS_MAX || !law_kind_opens(fact->kind) || !cy_uuid_valid(t->follows[i]))
			return false;
	return (t->submission_key.len == 0 || t->submission_key.len == CY_SHA256_LEN) &&
	       (t->measure_types.len == 0 || (law_kind_opens(fact->kind) && t->measure_types.len == fact->measures));
}

int tombstones_check(CyTombstone *const *tombstones, size_t n, const ProtobufCBinaryData *messages,
		     const struct wire_text *parcel, const CySignedText *manifest, const struct wire_text *receipt,
		     struct cy_error *e)
{
	uint32_t before = 0;

	for (size_t i = 0; i < n; i++) {
		const CyTombstone *t = tombstones[i];
		struct law_fact fact;

		if (t->place <= before || t->place > parcel->n || messages[t->place - 1].len > 0)
			return cy_fail(e, CY_EPARSE,
				       "tombstone %zu of a parcel is out of order, or of a message that is there",
				       i + 1);
		if (!cy_uuid_valid(t->case_id) || law_fact_decode(cy_bytes(t->fact.data, t->fact.len), &fact) < 0 ||
		    fact.number > CY_NUMBER_MAX || !are_marks(t, &fact))
			return cy_fail(e, CY_EPARSE, "tombstone %zu of a parcel is not well formed", i + 1);
		before = t->place;
	}
	return check_receipt(parcel, manifest, receipt, e);
}

/* What was rejected, and what cannot have its number here, has no place in the case. */
static struct work_case *place(struct node *n, const struct peer *p, const CyTombstone *t, const struct law_fact *fact,
			       struct wire_entry *e, bool *ret_counts, int *ret_code)
{
	struct work_case *c = cases_get(n, p->id, t->case_id, ret_code);

	if (inbound_is_damaged(c, *ret_code)) {
		if (e->code == 0)
			inbound_reject(e, NODE_REJECT_DAMAGED);
		return inbound_unfiled(n, p, ret_code);
	}
	if (c == NULL && *ret_code != CY_ENOENT)
		return NULL;
	if (c != NULL && fact->side == c->row.side && e->code == 0)
		inbound_reject(e, NODE_REJECT_SIDE);
	if (c != NULL && fact->number <= c->row.peer_number && e->code == 0)
		inbound_reject(e, NODE_REJECT_NUMBER_REUSED);
	if (c == NULL && e->code == 0) {
		c = cases_new(n, p->id, t->case_id, cases_other(fact->side));
		c->row.opened = (struct cy_wall){ t->created_ms };
	}
	*ret_counts = c != NULL && fact->side != c->row.side && fact->number > c->row.peer_number;
	return c != NULL ? c : inbound_unfiled(n, p, ret_code);
}

int tombstones_take(struct node *n, struct peer *p, const CyTombstone *t, struct wire_entry *e, struct xchg_pos pos,
		    uint32_t index)
{
	struct law_fact fact;
	struct work_case *c;
	struct store_write *w;
	char hex[CY_SHA256_HEX];
	bool counts = false;
	int r = CY_OK;

	tombstones_fact(t, &fact);
	c = place(n, p, t, &fact, e, &counts, &r);
	if (c == NULL)
		return r;
	if (counts) {
		fact.voided = e->code != 0;
		if (!fact.voided)
			tombstones_describe(n, c, t);
		cases_add(n, c, &fact);
	}
	w = batch_write(n, STORE_PUT_MESSAGE);
	w->message = (struct store_message){ .id = batch_string(n, e->id),
					     .peer = batch_string(n, p->id),
					     .case_id = c->row.case_id,
					     .author = STORE_PEER,
					     .number = counts ? fact.number : 0,
					     .seen = counts ? fact.seen : 0,
					     .kind = fact.kind,
					     .priority = CY_PRIORITY__NORMAL,
					     .created = { t->created_ms },
					     .digest = e->digest,
					     .transport = STORE_RELAYED,
					     .void_code = e->code,
					     .void_reason = batch_string(n, e->reason),
					     .client = "",
					     .epoch = pos.epoch,
					     .sequence = pos.sequence,
					     .index = index,
					     .erasure = STORE_ERASED_BY_PEER,
					     .erased = { t->erased_ms } };
	if (t->submission_key.len > 0)
		memcpy(w->message.submission_key.b, t->submission_key.data, CY_SHA256_LEN);
	if (counts)
		w->message.fact = batch_bytes(n, cy_bytes(t->fact.data, t->fact.len));
	cases_event(n, c,
		    &(struct event_of){ .type = CY_EVENT_TYPE__CONTENT_ERASED,
					.message_id = e->id,
					.kind = fact.kind,
					.number = fact.number,
					.code = e->code,
					.text = "the other side has erased its content, which this side has lost" });
	cy_digest_hex(&e->digest, hex);
	batch_leaf(n, "tombstone %s %s %s %s %d", p->id, n->authority, e->id, hex, (int)e->code);
	n->batch.messages++;
	return CY_OK;
}
