/* Messages that cross: neither author had seen the other's message when writing. A table says
 * for each pair of kinds which of the two messages holds. */
#ifndef CY_LAW_CROSSING_H
#define CY_LAW_CROSSING_H

#include "law/fact.h"

/* The rules. The message that holds takes effect first; the other then takes effect as far as
 * it is still admissible. X(letter, side whose message holds, what both must be about, reason) */
#define LAW_CROSSINGS(X)                                                                                           \
	X('o', REQUESTED, MEASURE,                                                                                 \
	  "What was carried out or refused has happened; a withdrawal that it crossed cannot undo it.")            \
	X('r', REQUESTED, CASE,                                                                                    \
	  "The request had gone back unregistered; there is nothing here to add to. "                              \
	  "The requesting side says it again in a new, linked request.")                                           \
	X('c', REQUESTED, CASE,                                                                                    \
	  "Every measure had its outcome before the case was closed; only a linked request reopens it.")           \
	X('f', REQUESTED, CASE,                                                                                    \
	  "The measure was refused or carried out without waiting for the answer; the offer is gone.")             \
	X('w', REQUESTING, MEASURE, "Nobody plans, postpones or asks about a measure that is no longer wanted.")   \
	X('a', REQUESTING, PROPOSAL,                                                                               \
	  "Who accepts has a word to rely on, as long as it has not heard that the proposal was replaced or "      \
	  "retracted.")                                                                                            \
	X('d', REQUESTED, PROPOSAL,                                                                                \
	  "What was declined had been replaced or retracted; an answer to the new proposal is another one.")       \
	X('s', REQUESTING, CASE,                                                                                   \
	  "The supplement was written without the notice, so it does not answer it: both hold, the notice is the " \
	  "later word.")

/* What the two messages must have in common for the rule to apply: nothing but the case, a measure, or the proposal. */
enum law_touch {
	LAW_TOUCH_CASE,
	LAW_TOUCH_MEASURE,
	LAW_TOUCH_PROPOSAL
};

struct law_crossing {
	char letter;
	CySide holds;
	enum law_touch touch;
	const char *reason;
};

/* Returns the rule for a pair of kinds, or NULL if the two are independent and have the same
 * effect in either order. */
const struct law_crossing *law_crossing(uint32_t requesting, uint32_t requested);

/* Returns the side whose message holds, or SIDE_UNSPECIFIED if the two messages are independent
 * or do not concern the same measure. */
CySide law_crossing_holds(const struct law_fact *requesting, const struct law_fact *requested);

/* Returns whether the table has an entry for the pair, which may say that the two are independent. */
bool law_crossing_stated(uint32_t requesting, uint32_t requested);

#endif
