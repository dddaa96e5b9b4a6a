/* What holds when two messages cross: neither author had seen the other's. */
#ifndef CY_LAW_CROSSING_H
#define CY_LAW_CROSSING_H

#include "law/fact.h"

/* The rules. The one that holds takes effect first; what is then still
 * admissible of the other takes effect after it.
 * X(letter, holds, what both must be about, reason) */
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

/* Both must be about one measure at least, or the same proposal; the whole case always is. */
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

/* The rule for a pair of kinds; NULL if the two are independent: they take
 * effect alike in either order. */
const struct law_crossing *law_crossing(uint32_t requesting, uint32_t requested);

/* The side whose message holds; SIDE_UNSPECIFIED if the pair is independent or
 * does not touch the same measure. */
CySide law_crossing_holds(const struct law_fact *requesting, const struct law_fact *requested);

/* True if the table has an entry for the pair, be it independence. */
bool law_crossing_stated(uint32_t requesting, uint32_t requested);

#endif
