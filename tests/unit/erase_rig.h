/* Beside trace_rig.h: backups of two nodes, and a case that one of them has erased. */
#ifndef ERASE_RIG_H
#define ERASE_RIG_H

#include "trace_rig.h"

#define CASE_ID 40
#define RETURN                                                                                                         \
	"{\"content\":{\"returnedDeficient\":{\"faults\":[{\"field\":\"facts\",\"text\":\"Missing.\"}],\"text\":\"No." \
	"\"}}}"
#define WHY         "retention over"
#define ALL_OF_BOTH " US-OIA/1 IE/1 US-OIA/2 IE/2 US-OIA/3 IE/3"

void keep(struct side *s, unsigned backup);
void restore(struct side *s, unsigned backup);
/* As often as goodbyes make it necessary. */
void meet(struct world *w);
/* The administrator says that nobody need be waited for, and that the clock is right. */
void wait_for_nobody(struct side *s);
void say_in(struct side *s, const char *case_id, const char *json);
/* A request of US-OIA that has arrived. */
struct world *with_open_case(char case_id[static CASE_ID]);
/* A request of US-OIA that IE has sent back: it is closed on both sides, and each has said three
 * things. Both have made backup 0 before it, and 1 after it. */
struct world *with_closed_case(char case_id[static CASE_ID]);
void erase(struct side *s, const char *case_id);
/* What the side shows of the erasure. */
void erased(struct side *s, const char *case_id, const char *text);
/* Both hold the same of the case with the same verdicts, and wait for nothing. */
void hold_the_same(struct world *w, const char *case_id);
/* That, and what is said next arrives. */
void agree(struct world *w, const char *case_id);

#endif
