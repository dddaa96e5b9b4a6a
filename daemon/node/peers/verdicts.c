/* Which verdicts hold on one author's messages of a case, as one digest: the two sides compare it after a
 * restored backup (proto/PROTOCOL.md, "Verdicts in heads"). */
#include "node/peers/parcels.h"

struct adding {
	struct cy_sha256_stream sha;
	struct xchg_pos until;
	size_t n;
};

static int add_verdict(void *arg, const struct store_message *row)
{
	struct adding *a = arg;
	const uint32_t code = row->void_code;
	const uint8_t encoded[4] = { (uint8_t)(code >> 24), (uint8_t)(code >> 16), (uint8_t)(code >> 8),
				     (uint8_t)code };

	if (xchg_cmp((struct xchg_pos){ row->epoch, row->sequence }, a->until) > 0)
		return CY_OK;
	cy_sha256_update(&a->sha, cy_bytes(row->digest.b, sizeof row->digest.b));
	cy_sha256_update(&a->sha, cy_bytes(encoded, sizeof encoded));
	a->n++;
	return CY_OK;
}

int verdicts_of(struct node *n, const char *peer, const char *case_id, enum store_author author, struct xchg_pos until,
		struct verdicts *ret)
{
	struct store_port *s = &n->ports.store;
	struct adding a = { .until = until };
	int r;

	cy_sha256_begin(&a.sha);
	r = s->judged_messages(s->ctx, peer, case_id, author, add_verdict, &a);
	ret->digest = cy_sha256_end(&a.sha);
	ret->n = a.n;
	return r;
}
