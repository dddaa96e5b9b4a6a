/* Instants that a message states: when a request was received, a measure decided or carried out. Time limits start with
 * them, so they are judged: nothing happens after it was said, nor before what it answers was there. Pure; both sides
 * come to the same, from the facts of the case alone. */
#ifndef CY_LAW_STATED_H
#define CY_LAW_STATED_H

#include "law/fact.h"

struct cy_error;

/* Can what `next` states have happened then? CY_OK, also where it states nothing; CY_EINVAL with the sentence, and in
 * e->field the field of the content, such as "decision.decided_ms". An instant is let through that lies after the
 * message by no more than a trusted clock may be wrong, and before the case was opened by no more than a day, since
 * people state days (limits.h): it counts as the bound then. `next` itself is not among the facts. */
int law_stated_admit(const struct law_fact *facts, size_t n, const struct law_fact *next, struct cy_error *e);

/* When the case was opened; 0: that is not known here. */
int64_t law_stated_opened(const struct law_fact *facts, size_t n);

/* The instant that counts: the stated one, but not after the message itself and not before the case was opened; that of
 * the message where it states none. */
int64_t law_stated_instant(const struct law_fact *f, int64_t opened_ms);

#endif
