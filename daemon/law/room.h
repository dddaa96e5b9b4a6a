/* How many messages one author may have in a case. Each author has room of his own, of which the other
 * side's messages take nothing. A part of it is kept for messages that end the case or must be said about
 * evidence that was given; messages that a daemon composes by itself, which the other side can provoke,
 * have a share of their own (limits.h: CY_CASE_...). */
#ifndef CY_LAW_ROOM_H
#define CY_LAW_ROOM_H

#include "base/error.h"
#include "law/fact.h"

/* Returns CY_OK if this author may have one more message of this kind, or CY_ELIMIT with the sentence.
 * Void messages count: they are part of the case. */
int law_room(const struct law_fact *facts, size_t n, CySide author, uint32_t kind, struct cy_error *e);

#endif
