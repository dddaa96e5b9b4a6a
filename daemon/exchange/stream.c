#include "exchange/stream.h"

#include "base/error.h"
#include "base/mutant.h"

int xchg_cmp(struct xchg_pos a, struct xchg_pos b)
{
	if (a.epoch != b.epoch)
		return a.epoch < b.epoch ? -1 : 1;
	if (a.sequence != b.sequence)
		return a.sequence < b.sequence ? -1 : 1;
	return 0;
}

enum xchg_verdict xchg_judge(const struct xchg_own *own, const struct xchg_theirs *theirs)
{
	if (CY_MUTANT_BACKUP_BELIEVED)
		return XCHG_NORMAL;
	if (xchg_cmp(theirs->held, own->given) > 0)
		return XCHG_WE_RESTORED;
	/* Sequence 0 of a new epoch proves nothing: no receipt of ours stands behind it. */
	if (theirs->receipted.sequence > 0 && xchg_cmp(theirs->receipted, own->held) > 0 &&
	    xchg_cmp(theirs->receipted, own->receipts_forgotten) > 0)
		return XCHG_WE_RESTORED;
	if (theirs->reconciling || (own->receipted.sequence > 0 && xchg_cmp(theirs->held, own->receipted) < 0))
		return XCHG_PEER_RESTORED;
	return XCHG_NORMAL;
}

uint64_t xchg_new_epoch(struct cy_wall now, uint64_t highest_known)
{
	uint64_t wall = now.ms > 0 ? (uint64_t)now.ms : 0;

	return wall > highest_known ? wall : highest_known + 1;
}

void xchg_sender_open(struct xchg_sender *s, const struct xchg_own *own, const struct xchg_theirs *theirs,
		      uint32_t own_window)
{
	*s = (struct xchg_sender){ .open = !theirs->reconciling,
				   .window = theirs->window < own_window ? theirs->window : own_window,
				   .held = theirs->held,
				   .sent = xchg_cmp(theirs->held, own->resume) < 0 ? theirs->held : own->resume };
	if (CY_MUTANT_RESUME_FROM_SENT)
		s->sent = own->given;
}

void xchg_sent(struct xchg_sender *s, struct xchg_pos pos)
{
	CY_ASSERT(xchg_may_send(s, pos.epoch) && xchg_cmp(pos, s->sent) > 0);
	s->in_flight[s->n++] = pos;
	s->sent = pos;
}

int xchg_receipted(struct xchg_sender *s, struct xchg_pos pos)
{
	for (size_t i = 0; i < s->n; i++) {
		if (xchg_cmp(s->in_flight[i], pos) != 0)
			continue;
		for (size_t k = i + 1; k < s->n; k++)
			s->in_flight[k - 1] = s->in_flight[k];
		s->n--;
		return CY_OK;
	}
	return CY_ENOENT;
}

struct xchg_pos xchg_receipted_to(const struct xchg_sender *s)
{
	/* The first position of an epoch is sent once all earlier ones have their receipts. */
	return s->n == 0 ? s->sent : (struct xchg_pos){ s->in_flight[0].epoch, s->in_flight[0].sequence - 1 };
}

enum xchg_arrival xchg_arrival(struct xchg_pos held, struct xchg_pos pos)
{
	if (xchg_cmp(pos, held) <= 0)
		return CY_MUTANT_NO_DEDUPLICATION ? XCHG_NEXT : XCHG_DUPLICATE;
	/* Within an epoch nothing is left out; a new epoch starts at 1. */
	if (pos.sequence == (pos.epoch == held.epoch ? held.sequence + 1 : 1))
		return XCHG_NEXT;
	return XCHG_GAP;
}
