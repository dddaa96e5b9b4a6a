/* Can a text of the other side have been made when it says? The signature proves who
 * states `made`, and the signer's certificate bounds it; what it is measured by here are
 * the receiver's clock and what must have been there before. A text that fails is taken
 * all the same, and people are told: both clocks may be wrong, and a message must not be
 * lost for that (proto/PROTOCOL.md, "When it was made"). Pure. */
#ifndef CY_EXCHANGE_MADE_H
#define CY_EXCHANGE_MADE_H

#include "base/limits.h"
#include "base/time.h"

enum xchg_made {
	XCHG_MADE_GOOD,
	XCHG_MADE_AHEAD, /* of the receiver's clock */
	XCHG_MADE_EARLY, /* before something that it follows */
	XCHG_MADE_LATE   /* it came long after */
};

/* `now`: the receiver's clock when the text is taken for the first time; NULL while that
 * clock is not trusted. `after`: when what must have been there before was made, or
 * NULL. A signed time lies within the years 1 to 9999: no difference overflows. */
static inline enum xchg_made xchg_judge_made(struct cy_wall made, const struct cy_wall *now,
					     const struct cy_wall *after)
{
	if (now != NULL && made.ms > now->ms + CY_MADE_TOLERANCE_MS)
		return XCHG_MADE_AHEAD;
	if (after != NULL && made.ms < after->ms - CY_MADE_TOLERANCE_MS)
		return XCHG_MADE_EARLY;
	if (now != NULL && made.ms < now->ms - CY_MADE_LATE_MS)
		return XCHG_MADE_LATE;
	return XCHG_MADE_GOOD;
}

#endif
