/* Instants that a message states: when a request was received, or a measure decided or carried out. Time limits start
 * with them, so they are checked: no event happens after the message that states it, nor before the message that it
 * answers. Pure: both sides come to the same result, from the facts of the case alone. */
#ifndef CY_LAW_STATED_H
#define CY_LAW_STATED_H

#include "law/fact.h"

struct cy_error;

/* Returns CY_OK if the instant that `next` states is possible, or it states none; otherwise CY_EINVAL with the
 * sentence, and in e->field the field of the content, such as "decision.decided_ms". An instant may lie after the
 * message by as much as a trusted clock may be wrong, and a day before the opening of the case, since people state days
 * (limits.h): it then counts as the bound. `next` itself is not among the facts. */
int law_stated_admit(const struct law_fact *facts, size_t n, const struct law_fact *next, struct cy_error *e);

/* Returns the instant at which the case was opened, or 0 if it is not known here. */
int64_t law_stated_opened(const struct law_fact *facts, size_t n);

/* Returns the instant that counts: the stated one, but not after the message itself and not before the case was opened;
 * if the message states none, its own. */
int64_t law_stated_instant(const struct law_fact *f, int64_t opened_ms);

#endif
