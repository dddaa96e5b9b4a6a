/* Reliable delivery with one peer (proto/PROTOCOL.md, "Streams"): positions,
 * window, resume from what the other side holds, de-duplication, and how a
 * side that was restored from a backup finds out. Pure. */
#ifndef CY_EXCHANGE_STREAM_H
#define CY_EXCHANGE_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/limits.h"
#include "base/time.h"

/* A position in a stream. Positions are ordered by epoch, then sequence. */
struct xchg_pos {
	uint64_t epoch, sequence;
};

int xchg_cmp(struct xchg_pos a, struct xchg_pos b);

/* The state of both streams with one peer, as the store has it. */
struct xchg_own {
	struct xchg_pos given;     /* last, of our stream; sequence 0: none in this epoch yet */
	struct xchg_pos receipted; /* up to here without gaps, of whatever epoch; dissolved positions are none */
	struct xchg_pos resume;    /* receipts are asked for after this position: at `receipted`, or before it */
	struct xchg_pos held;      /* the receive mark: what we hold of theirs */
	/* Receipts up to here are known to be forgotten: a reconciliation dealt with
	 * them, and the peer is about to send again what they were for. */
	struct xchg_pos receipts_forgotten;
};

/* The state that the peer's State gives, and the window of its Hello. */
struct xchg_theirs {
	uint64_t epoch;
	struct xchg_pos held;      /* of our stream */
	struct xchg_pos receipted; /* of its own stream, by our receipts */
	bool reconciling;
	uint32_t window;
};

/* The conclusion from a State. */
enum xchg_verdict {
	XCHG_NORMAL,
	XCHG_PEER_RESTORED, /* it holds less than it receipted: it will fetch back */
	XCHG_WE_RESTORED,   /* it knows more of us than we do */
};
enum xchg_verdict xchg_judge(const struct xchg_own *own, const struct xchg_theirs *theirs);

/* A new epoch, after a restore or for what was dissolved: above every epoch known, and the
 * wall time in milliseconds where that is higher, so that two restores of one backup differ. */
uint64_t xchg_new_epoch(struct cy_wall now, uint64_t highest_known);

/* The sending side of one session; forgotten with it. */
struct xchg_sender {
	bool open;                                /* parcels may be sent */
	uint32_t window;                          /* the smaller of both sides' */
	struct xchg_pos held;                     /* by the other side, when the session began */
	struct xchg_pos sent;                     /* the last one sent in this session */
	size_t n;                                 /* in flight */
	struct xchg_pos in_flight[CY_WINDOW_MAX]; /* sent, without receipt, in order */
};

/* Start after both States: sending resumes after what the other side holds, or
 * at `resume` where that is earlier (a duplicate is answered with the receipt
 * that was given). */
void xchg_sender_open(struct xchg_sender *s, const struct xchg_own *own, const struct xchg_theirs *theirs,
		      uint32_t own_window);

/* May a parcel of this epoch be sent now? The first one of an epoch waits until
 * all earlier ones have their receipts: a receiver cannot tell what is missing
 * at the end of an epoch. */
static inline bool xchg_may_send(const struct xchg_sender *s, uint64_t epoch)
{
	return s->open && s->n < s->window && (s->n == 0 || s->in_flight[s->n - 1].epoch == epoch);
}

void xchg_sent(struct xchg_sender *s, struct xchg_pos pos);

/* A receipt came. CY_OK, or CY_ENOENT if this position is not in flight. */
int xchg_receipted(struct xchg_sender *s, struct xchg_pos pos);

/* After a receipt: up to here all positions have theirs, or are dissolved. Receipts may come in
 * another order than the parcels left. Sequence 0: that is known of no position of this epoch. */
struct xchg_pos xchg_receipted_to(const struct xchg_sender *s);

/* A parcel came: what to do with it. */
enum xchg_arrival {
	XCHG_NEXT,      /* the next one: take it */
	XCHG_DUPLICATE, /* held already: answer with the same receipt */
	XCHG_GAP,       /* out of order: end the session */
};
enum xchg_arrival xchg_arrival(struct xchg_pos held, struct xchg_pos pos);

#endif
