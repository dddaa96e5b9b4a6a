/* When the side that owes received a message that starts a time limit. It states that; the receipt that it signed for
 * the message is the evidence of last resort, where it states nothing, or an instant that lies after the receipt by
 * more than its clock may have been wrong. Nothing is received before it was sent. Pure. */
#ifndef CY_LAW_RECEIVED_H
#define CY_LAW_RECEIVED_H

#include "law/clock.h"
#include "law/story.h"

/* 0: nobody knows yet. Sets c->overruled, and *ret_by_receipt where the receipt says it. */
int64_t law_received(const struct law_clock_input *in, const struct law_story *s, struct law_clock *c,
		     const struct law_fact *sent, bool *ret_by_receipt);

#endif
