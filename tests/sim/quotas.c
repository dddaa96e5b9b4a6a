/* Quotas and rates: what authorities may have of each other's evidence, and how fast they send it. No
 * commit leaves more than a quota allows, and in the end nothing is held back for which there is room. */
#include <string.h>

#include "sim.h"

#define MIB UINT64_C(1048576)

void quotas_new(struct sim_node *s, uint64_t seed)
{
	struct cy_rng r = { seed };
	struct sim_quotas *q = &s->quotas;

	q->on = true;
	q->of_case = cy_rng_below(&r, 3) > 0 ? MIB + cy_rng_below(&r, 6 * MIB) : 0;
	q->of_peer = cy_rng_below(&r, 3) > 0 ? 2 * MIB + cy_rng_below(&r, 20 * MIB) : 0;
	/* Slow by day, over midnight without a limit; or the same all day. */
	q->rates[0] = (struct node_rate){ .from = 8 * 60, .until = 18 * 60, .bytes_per_second = MIB / 8 };
	q->rates[1] = (struct node_rate){ .from = 20 * 60, .until = 6 * 60, .bytes_per_second = 0 };
	q->n_rates = cy_rng_below(&r, 3);
}

void quotas_configure(const struct sim_node *s, struct node_config *c, struct node_peer_config *peers)
{
	if (!s->quotas.on)
		return;
	c->quota_case = s->quotas.of_case;
	c->quota_peer = s->quotas.of_peer;
	for (size_t i = 0; i < c->n_peers; i++) {
		peers[i].rates = s->quotas.rates;
		peers[i].n_rates = s->quotas.n_rates;
	}
}

void quotas_raise(struct sim_node *s)
{
	s->quotas.of_case += s->quotas.of_case > 0 ? MIB : 0;
	s->quotas.of_peer += s->quotas.of_peer > 0 ? MIB : 0;
}

static bool is_theirs(const struct store_evidence *e, const struct store_evidence *of)
{
	return e->author == STORE_PEER && strcmp(e->peer, of->peer) == 0 &&
	       (e->state == STORE_EVIDENCE_WAITING || e->state == STORE_EVIDENCE_HERE);
}

/* Of the peer that `of` is from, and of its case. */
static void sums(const struct sim_node *s, const struct store_evidence *of, uint64_t *ret_peer, uint64_t *ret_case)
{
	*ret_peer = *ret_case = 0;
	for (size_t i = 0; i < s->store.n_evidence; i++) {
		const struct store_evidence *e = s->store.evidence[i];

		if (!is_theirs(e, of))
			continue;
		*ret_peer += e->size;
		*ret_case += strcmp(e->case_id, of->case_id) == 0 ? e->size : 0;
	}
}

void quotas_commit(struct sim_node *s, const struct store_writeset *w)
{
	const struct sim_quotas *q = &s->quotas;
	uint64_t of_peer, of_case;

	for (const struct store_write *x = w->first; q->on && x != NULL; x = x->next) {
		if (x->op != STORE_PUT_EVIDENCE || x->evidence.author != STORE_PEER)
			continue;
		sums(s, &x->evidence, &of_peer, &of_case);
		if ((q->of_case > 0 && of_case > q->of_case) || (q->of_peer > 0 && of_peer > q->of_peer))
			world_fail(s->w,
				   "%s: %llu bytes of evidence of %s, %llu of them of case %s, are more than it allows",
				   s->id, (unsigned long long)of_peer, x->evidence.peer, (unsigned long long)of_case,
				   x->evidence.case_id);
	}
}

void quotas_drained(struct world *w, char *why, size_t size)
{
	for (uint32_t i = 0; i < w->set.nodes; i++) {
		const struct sim_node *s = &w->nodes[i];
		const struct sim_quotas *q = &s->quotas;

		for (size_t k = 0; q->on && k < s->store.n_evidence; k++) {
			const struct store_evidence *e = s->store.evidence[k];
			uint64_t of_peer, of_case;

			if (e->author != STORE_PEER || e->state != STORE_EVIDENCE_HELD_BACK)
				continue;
			sums(s, e, &of_peer, &of_case);
			if ((q->of_case == 0 || of_case + e->size <= q->of_case) &&
			    (q->of_peer == 0 || of_peer + e->size <= q->of_peer))
				snprintf(why, size, "%s: %s/%u is held back although there is room for it", s->id,
					 e->message_id, e->attachment);
		}
	}
}
