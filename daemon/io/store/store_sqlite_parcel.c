/* Streams and parcels: how far each peer is, and what was sent and receipted. */
#include "io/store/store_sqlite_sql.h"

int store_put_stream(struct store_applying *a, const struct store_stream *s)
{
	struct store_bind b;
	int r = store_apply_start(a, W_STREAM, &b);

	if (r < 0)
		return r;
	bind_text(&b, s->peer);
	bind_u64(&b, s->out_sequence);
	bind_u64(&b, s->out_receipted);
	bind_u64(&b, s->in_epoch);
	bind_u64(&b, s->in_held);
	bind_i64(&b, s->reconciling);
	bind_i64(&b, s->last_receipt.ms);
	bind_u64(&b, s->head_size);
	bind_bytes(&b, cy_bytes(s->head_root.b, sizeof s->head_root.b));
	bind_bytes(&b, s->head_text);
	bind_bytes(&b, s->head_signature);
	bind_u64(&b, s->features);
	bind_u64(&b, s->rejected);
	bind_u64(&b, s->out_epoch);
	bind_u64(&b, s->receipted_epoch);
	bind_i64(&b, s->asks);
	bind_u64(&b, s->asks_epoch);
	bind_u64(&b, s->asks_sequence);
	bind_u64(&b, s->forgotten_epoch);
	bind_u64(&b, s->forgotten_sequence);
	return store_apply_finish(a, &b);
}

static void bind_parcel_key(struct store_bind *b, const struct store_parcel *p)
{
	bind_text(b, p->peer);
	bind_i64(b, (int64_t)p->author);
	bind_u64(b, p->epoch);
	bind_u64(b, p->sequence);
}

int store_put_parcel(struct store_applying *a, const struct store_parcel *p)
{
	struct store_bind b;
	int r = store_apply_start(a, W_PARCEL, &b);

	if (r < 0)
		return r;
	bind_parcel_key(&b, p);
	bind_bytes(&b, p->manifest);
	bind_bytes(&b, p->signature);
	bind_bytes(&b, cy_bytes(p->digest.b, sizeof p->digest.b));
	if (p->receipt.len > 0) {
		bind_bytes(&b, p->receipt);
		bind_bytes(&b, p->receipt_signature);
	} else {
		bind_null(&b);
		bind_null(&b);
	}
	bind_i64(&b, p->made.ms);
	bind_i64(&b, p->messages);
	return store_apply_finish(a, &b);
}

int store_put_receipt(struct store_applying *a, const struct store_parcel *p)
{
	struct store_bind b;
	int r = store_apply_start(a, W_RECEIPT, &b);

	if (r < 0)
		return r;
	bind_bytes(&b, p->receipt);
	bind_bytes(&b, p->receipt_signature);
	bind_parcel_key(&b, p);
	r = store_apply_finish(a, &b);
	return r < 0 ? r : store_apply_changed_one(a, "a parcel of", p->peer);
}

int store_dissolve(struct store_applying *a, const struct store_parcel *p)
{
	struct store_bind b;
	int r = store_apply_start(a, W_DISSOLVE, &b);

	if (r < 0)
		return r;
	bind_parcel_key(&b, p);
	r = store_apply_finish(a, &b);
	return r < 0 ? r : store_apply_changed_one(a, "a parcel of", p->peer);
}
