/* How many messages one author may have in a case. Each author has room of his own, of which the other
 * side's messages take nothing. A part of it is kept for messages that end the case or must be said about
 * evidence that was given; messages that a daemon composes by itself, which the other side can provoke,
 * have a share of their own (limits.h: CY_CASE_...). */
#ifndef CY_LAW_ROOM_H
#define CY_LAW_ROOM_H

#include "base/error.h"
#include "law/fact.h"

/* The sorts of kinds, as law/kinds.h names the room that each takes. */
enum law_share {
	LAW_SAYS,   /* written by people, and ends nothing */
	LAW_STATES, /* composed by a daemon by itself */
	LAW_ENDS    /* ends the case or a part of it, or must be said about evidence that was given */
};

/* How many messages a case has: by CySide of the author, then by the sort. Void ones count: they are part of it. */
struct law_taken {
	uint32_t of[3][LAW_ENDS + 1];
};
void law_take(struct law_taken *t, const struct law_fact *f);

/* Returns CY_OK if this author may have one more message of this kind, or CY_ELIMIT with the sentence. */
int law_room(const struct law_taken *t, CySide author, uint32_t kind, struct cy_error *e);

#endif
