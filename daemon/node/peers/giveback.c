/* For a peer that fetches back after a restored backup: the heads of the shared cases, then one
 * parcel of its own after the other, with our receipt for it (proto/PROTOCOL.md, "Restored from a
 * backup"). */
#include <string.h>

#include "node/peers/parcels.h"

struct heads {
	struct node *n;
	struct peer *p;
	bool judged; /* with the digests of verdicts */
	CyCaseHead *rows[CY_HEADS_MAX];
	size_t count;
};

static int add_head(void *arg, const struct store_case *row)
{
	struct heads *h = arg;
	CyCaseHead *head = cy_arena_take(&h->n->batch.arena, sizeof *head);

	cy_case_head__init(head);
	if (h->judged) {
		const struct xchg_pos all = { UINT64_MAX, UINT64_MAX };
		struct verdicts *v = cy_arena_take(&h->n->batch.arena, sizeof *v);
		int r = verdicts_of(h->n, h->p->id, row->case_id, STORE_PEER, all, v);

		if (r == CY_EDAMAGED)
			cases_damaged(h->n, h->p->id, row->case_id, "messages of");
		else if (r < 0)
			return r;
		else
			head->verdicts = (ProtobufCBinaryData){ .data = v->digest.b, .len = sizeof v->digest.b };
	}
	head->case_id = cy_arena_string(&h->n->batch.arena, row->case_id);
	head->yours = row->peer_number;
	head->mine = row->own_number;
	h->rows[h->count++] = head;
	return CY_OK;
}

void giveback_heads(struct node *n, struct peer *p, const CyHeadsRequest *r)
{
	struct store_port *s = &n->ports.store;
	struct store_view all = { .client = NULL };
	struct heads *h = cy_arena_take(&n->batch.arena, sizeof *h);
	CyPeerFrame f = CY_PEER_FRAME__INIT;
	CyHeads heads = CY_HEADS__INIT;
	uint32_t most;

	h->n = n;
	h->p = p;
	h->judged = p->exchange->fetches_back && node_understands(p, NODE_FEATURE_VERDICTS);
	most = h->judged ? CY_BOUND(CY_HEADS_JUDGED_MAX) : CY_BOUND(CY_HEADS_MAX);
	if (s->list_cases(s->ctx, all, p->id, false, r->after_case_id, most, add_head, h) < 0) {
		session_goodbye(n, p, NODE_BYE_STORE);
		return;
	}
	heads.after_case_id = r->after_case_id;
	heads.heads = h->rows;
	heads.n_heads = h->count;
	heads.last = h->count < most;
	f.kind_case = CY_PEER_FRAME__KIND_HEADS;
	f.heads = &heads;
	batch_send(n, p->session, &f);
}

struct fetching {
	struct node *n;
	struct peer *p;
	/* As it is asked for. */
	const char *case_id, *message_id;
	uint32_t after;
	bool found, unsigned_receipt;
	struct xchg_pos pos;
	uint32_t number; /* of the message that led to it */
	struct parcel_content content;
	CySignedText *manifest, *receipt;
};

static int find_parcel(void *arg, const struct store_message *row)
{
	struct fetching *f = arg;

	f->found = true;
	f->pos = (struct xchg_pos){ row->epoch, row->sequence };
	f->number = row->number;
	return CY_EAGAIN; /* the first is enough */
}

/* For its verdict: of this peer's own messages alone. */
static int find_parcel_of(void *arg, const struct store_message *row)
{
	const struct fetching *f = arg;

	return row->author == STORE_PEER && strcmp(row->peer, f->p->id) == 0 ? find_parcel(arg, row) : CY_OK;
}

static int take_parcel(void *arg, const struct store_parcel *row)
{
	struct fetching *f = arg;
	int r = sound_parcel(f->n, row);

	if (r == CY_OK)
		r = outbound_messages(f->n, STORE_PEER, row->manifest, &f->content);
	f->manifest = outbound_text(f->n, row->manifest, row->signature);
	f->receipt = outbound_text(f->n, row->receipt, row->receipt_signature);
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
	fetched.after = f->after;
	fetched.message_id = (char *)f->message_id;
	fetched.last = !f->found;
	if (f->found) {
		fetched.manifest = f->manifest;
		fetched.receipt = f->receipt;
		fetched.messages = (ProtobufCBinaryData *)f->content.messages;
		fetched.n_messages = f->content.n;
		fetched.tombstones = (CyTombstone **)f->content.tombstones;
		fetched.n_tombstones = f->content.n_tombstones;
	}
	frame.kind_case = CY_PEER_FRAME__KIND_FETCHED;
	frame.fetched = &fetched;
	batch_send(f->n, f->p->session, &frame);
}

void giveback_receipted(struct fetching *f, struct cy_bytes receipt, struct cy_bytes signature)
{
	f->receipt = outbound_text(f->n, receipt, signature);
	say_fetched(f);
}

/* Of those that answer this the first that is whole: without what is damaged, which is told, the peer has to do
 * as if it were not held. */
static int load_parcel(struct fetching *x, const CyFetchRequest *r)
{
	struct store_port *s = &x->n->ports.store;
	const bool named = r->message_id[0] != '\0';
	int code;

	x->number = r->after;
	do {
		x->found = x->unsigned_receipt = false;
		code = named ? s->get_message(s->ctx, r->message_id, find_parcel_of, x)
			     : s->peer_messages(s->ctx, x->p->id, r->case_id, x->number, find_parcel, x);
		if (code == CY_EAGAIN)
			code = s->get_parcel(s->ctx, x->p->id, STORE_PEER, x->pos.epoch, x->pos.sequence, take_parcel,
					     x);
	} while (code == CY_EDAMAGED && x->found && !named);
	if (code != CY_EDAMAGED)
		return code;
	if (!x->found && cy_uuid_valid(r->case_id))
		cases_damaged(x->n, x->p->id, r->case_id, "messages of");
	x->found = x->unsigned_receipt = false;
	return CY_OK;
}

void giveback_parcel(struct node *n, struct peer *p, const CyFetchRequest *r)
{
	struct fetching *x = cy_arena_take(&n->batch.arena, sizeof *x);
	int code;

	x->n = n;
	x->p = p;
	x->case_id = cy_arena_string(&n->batch.arena, r->case_id);
	x->message_id = cy_arena_string(&n->batch.arena, r->message_id);
	x->after = r->after;
	code = load_parcel(x, r);
	if (code < 0 && (x->found || code != CY_ENOENT))
		session_goodbye(n, p, NODE_BYE_STORE);
	else if (!x->unsigned_receipt)
		say_fetched(x);
}
