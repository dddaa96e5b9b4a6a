/* The instant at which the obliged side received a message that starts a time limit. That side states it. Its signed
 * receipt for the message is the evidence of last resort: it counts if the side states no instant, or one that lies
 * after the receipt by more than its clock may have been wrong. No message is received before it was sent. Pure. */
#ifndef CY_LAW_RECEIVED_H
#define CY_LAW_RECEIVED_H

#include "law/clock.h"
#include "law/story.h"

/* Returns the instant, or 0 if it is not known yet. Sets c->overruled, and *ret_by_receipt if the receipt decides. */
int64_t law_received(const struct law_clock_input *in, const struct law_story *s, struct law_clock *c,
		     const struct law_fact *sent, bool *ret_by_receipt);

#endif
