/* The round trip of parcels: from the leaving of one to its receipt, network and
 * the peer's commit together. One parcel at a time is timed; the smoothed value
 * follows RFC 6298 (an eighth of each new one). Pure. */
#ifndef CY_EXCHANGE_RTT_H
#define CY_EXCHANGE_RTT_H

#include "exchange/stream.h"

struct xchg_rtt {
	bool timing; /* `pos` left at `left`, and its receipt is not here */
	struct xchg_pos pos;
	struct cy_mono left;
	bool measured;
	int64_t last_ms, eighths; /* of the smoothed value */
};

static inline void xchg_rtt_left(struct xchg_rtt *r, struct xchg_pos pos, struct cy_mono now)
{
	if (r->timing)
		return;
	r->timing = true;
	r->pos = pos;
	r->left = now;
}

static inline void xchg_rtt_back(struct xchg_rtt *r, struct xchg_pos pos, struct cy_mono now)
{
	if (!r->timing || xchg_cmp(r->pos, pos) != 0)
		return;
	r->timing = false;
	r->last_ms = now.ms - r->left.ms;
	r->eighths = r->measured ? r->eighths - r->eighths / 8 + r->last_ms : r->last_ms * 8;
	r->measured = true;
}

/* The session ended: no receipt comes for what left in it. */
static inline void xchg_rtt_forget(struct xchg_rtt *r)
{
	r->timing = false;
}

static inline int64_t xchg_rtt_smoothed(const struct xchg_rtt *r)
{
	return (r->eighths + 4) / 8;
}

#endif
