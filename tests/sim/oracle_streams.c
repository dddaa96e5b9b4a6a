/* The streams' own health: nothing is sent again without need, and in the end the marks
 * of both sides say what is there. */
#include <stdio.h>

#include "sim.h"

/* A session may break while the receipt for what was sent again is on its way, several times. */
#define AGAIN_MOST 8

/* Of the first parcel of a session, which is about to leave. What has no receipt is sent again, with
 * all that follows it, and what the other side lost. What both know as received would be sent again
 * with every session if the mark stood still: `times` counts that for this place. Receipts that the other side
 * gives anew, since it was restored, are asked for as long as none can be read: its certificate may be revoked. */
void oracle_sent_again(struct sim_node *from, struct sim_node *to, const struct store_parcel *p, unsigned *times)
{
	const struct store_stream *there = &mem_store_peer(&to->store, from->id)->stream;
	const struct store_stream *here = &mem_store_peer(&from->store, to->id)->stream;

	if (!here->asks && p->receipt.len > 0 && there->in_epoch == p->epoch && there->in_held >= p->sequence &&
	    ++*times > AGAIN_MOST)
		world_fail(from->w, "%s sends %llu/%llu again and again, which %s holds, and has its receipt", from->id,
			   (unsigned long long)p->epoch, (unsigned long long)p->sequence, to->id);
}

/* The backup is of the time between the parcel and its receipt, which could not be signed then. The author got the
 * receipt before the restore and asks for it no more; when somebody does, it is signed anew. */
static bool receipt_forgotten(struct sim_node *s, struct sim_node *author, uint64_t epoch, uint64_t i)
{
	const struct mem_parcel *p = mem_store_parcel(&author->store, s->id, STORE_OWN, epoch, i);

	return s->restored && p != NULL && p->row.receipt.len > 0;
}

/* Each place of the present epoch, at one side. */
static void places(struct sim_node *s, struct sim_node *peer, enum store_author author, uint64_t epoch, uint64_t last)
{
	for (uint64_t i = 1; i <= last && s->w->failure[0] == '\0'; i++) {
		const struct mem_parcel *p = mem_store_parcel(&s->store, peer->id, author, epoch, i);

		if (p == NULL)
			world_fail(s->w, "%s: its mark is %llu/%llu of the stream %s %s, and %llu is not there", s->id,
				   (unsigned long long)epoch, (unsigned long long)last,
				   author == STORE_OWN ? "to" : "from", peer->id, (unsigned long long)i);
		else if (p->row.receipt.len == 0 && (author == STORE_OWN || !receipt_forgotten(s, peer, epoch, i)))
			world_fail(s->w, "%s: %llu/%llu %s %s has no receipt", s->id, (unsigned long long)epoch,
				   (unsigned long long)i, author == STORE_OWN ? "to" : "from", peer->id);
	}
}

static void stream_healthy(struct sim_node *from, struct sim_node *to)
{
	const struct store_stream *out = &mem_store_peer(&from->store, to->id)->stream;
	const struct store_stream *in = &mem_store_peer(&to->store, from->id)->stream;

	if (out->out_sequence == 0)
		return; /* nothing was said in this epoch; the other side may not have heard of it */
	if (out->receipted_epoch != out->out_epoch || out->out_receipted != out->out_sequence)
		world_fail(from->w, "%s has sent %llu/%llu to %s, and is receipted up to %llu/%llu", from->id,
			   (unsigned long long)out->out_epoch, (unsigned long long)out->out_sequence, to->id,
			   (unsigned long long)out->receipted_epoch, (unsigned long long)out->out_receipted);
	places(from, to, STORE_OWN, out->out_epoch, out->out_sequence);
	places(to, from, STORE_PEER, in->in_epoch, in->in_held);
}

/* Who was restored, and has just fetched back what was its own, gets what the others had sent with the
 * next session. */
void oracle_streams_drained(struct world *w, char *why, size_t size)
{
	for (size_t i = 0; i < w->n_pairs && why[0] == '\0'; i++)
		for (size_t side = 0; side < 2 && why[0] == '\0'; side++) {
			struct sim_node *from = w->pairs[i]->side[side], *to = w->pairs[i]->side[1 - side];
			const struct store_stream *out = &mem_store_peer(&from->store, to->id)->stream;
			const struct store_stream *in = &mem_store_peer(&to->store, from->id)->stream;

			if (out->out_sequence > 0 && !damage_holds_up(from, to->id) &&
			    (in->in_epoch != out->out_epoch || in->in_held != out->out_sequence))
				snprintf(why, size, "%s has sent %llu/%llu to %s, which holds %llu/%llu", from->id,
					 (unsigned long long)out->out_epoch, (unsigned long long)out->out_sequence,
					 to->id, (unsigned long long)in->in_epoch, (unsigned long long)in->in_held);
		}
}

void oracle_streams_final(struct world *w)
{
	for (size_t i = 0; i < w->n_pairs && w->failure[0] == '\0'; i++)
		for (size_t side = 0; side < 2; side++)
			stream_healthy(w->pairs[i]->side[side], w->pairs[i]->side[1 - side]);
}
