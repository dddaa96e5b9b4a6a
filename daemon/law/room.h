/* How much one author may say in a case. Each has room of his own: what the other side writes takes
 * nothing of it. Of this room a part is kept for what ends the case, or must be said of evidence that
 * was given; and what a daemon states by itself, which the other side can provoke, has a share of its
 * own (limits.h: CY_CASE_...). */
#ifndef CY_LAW_ROOM_H
#define CY_LAW_ROOM_H

#include "base/error.h"
#include "law/fact.h"

/* May this author say one message more of this kind? CY_OK; CY_ELIMIT with the sentence. Void messages
 * count: they are part of the case. */
int law_room(const struct law_fact *facts, size_t n, CySide author, uint32_t kind, struct cy_error *e);

#endif
