/* What was signed is looked at again where it is given out: to a client, or to a peer once more.
 * A page of the store that was damaged is not read at all; this finds what was written wrongly. */
#include "node/core/core.h"

int sound_message(struct node *n, const struct store_message *row)
{
	struct cy_digest digest;

	if (row->damaged) {
		node_damaged(n, row->peer, "message %s, of case %s of peer %s,", row->id, row->case_id, row->peer);
		return CY_EDAMAGED;
	}
	/* An empty one was erased, or never kept. */
	if (row->content.len == 0)
		return CY_OK;
	digest = cy_sha256(row->content);
	if (cy_digest_equal(&digest, &row->digest))
		return CY_OK;
	node_damaged(n, row->peer, "message %s, of case %s of peer %s,", row->id, row->case_id, row->peer);
	return CY_EDAMAGED;
}

int sound_parcel(struct node *n, const struct store_parcel *row)
{
	struct wire_text *t = cy_arena_take(&n->batch.arena, sizeof *t);
	struct cy_digest digest = cy_sha256(row->manifest);
	bool sound = cy_digest_equal(&digest, &row->digest);

	if (sound && row->receipt.len > 0)
		sound = wire_text_read(row->receipt, t, NULL) == CY_OK && t->type == WIRE_RECEIPT &&
			cy_digest_equal(&t->parcel, &row->digest);
	if (sound)
		return CY_OK;
	node_damaged(n, row->peer, "parcel %llu/%llu of %s,", (unsigned long long)row->epoch,
		     (unsigned long long)row->sequence, row->author == STORE_OWN ? n->authority : row->peer);
	return CY_EDAMAGED;
}
