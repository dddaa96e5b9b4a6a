/* On whose side the time of a case lay: a list of periods without gap or overlap, from the making of the message that
 * opened the case to now, or to the end of the case. Pure: both authorities compute the same list from the same signed
 * messages and receipts, and so does whoever reads them later. No treaty says to whom time is to be attributed; the
 * rules are ours, and stand here, in proto/PROTOCOL.md ("Whose time it was") and in every record.
 *
 * 1. A message counts from its receipt: the instant at which the other authority signed that it is on stable storage
 *    there. Whether anybody there has read it makes no difference. Without a receipt, a later message whose author had
 *    seen it proves the same. No message counts before what its author had seen.
 * 2. A message that passes the time on to the other side, or ends the waiting, is its author's until it counts: what
 *    is not delivered lies with its sender. So does a message that was rejected, or never arrived.
 * 3. Between the two sides the time lies with the requested side, as long as there is a measure without an outcome
 *    with which it can go on: before and after its acknowledgement, and while it has postponed the measure, whatever
 *    the ground.
 * 4. It lies with the requesting side while every measure without an outcome waits for it: for the answer to a problem
 *    notice, or to proposed conditions.
 * 5. It lies with nobody once every measure has an outcome, or the case was returned, redirected or closed.
 *
 * Instants are those that the authors signed, each by its own clock; a receipt that lies before the making of its
 * message counts as made with it. */
#ifndef CY_PROOF_SIDES_H
#define CY_PROOF_SIDES_H

#include "law/days.h"
#include "law/fact.h"

/* X(NAME, word) */
#define PROOF_SIDES(X)              \
	X(REQUESTING, "requesting") \
	X(REQUESTED, "requested")   \
	X(NOBODY, "nobody")

enum proof_side {
#define PROOF_X(name, word) PROOF_##name,
	PROOF_SIDES(PROOF_X)
#undef PROOF_X
	PROOF_SIDES_N
};
const char *proof_side_name(enum proof_side s);

/* Why the time lay there. X(NAME, word, sentence) */
#define PROOF_WHYS(X)                                                                                    \
	X(TRANSIT, "in_transit", "a message on its way, without a receipt yet: it lies with its sender") \
	X(REGISTRATION, "registration", "the request is there, and not acknowledged yet")                \
	X(EXECUTION, "execution", "the request is acknowledged, and a measure has no outcome yet")       \
	X(POSTPONEMENT, "postponement", "every measure with which it could go on is postponed")          \
	X(CLARIFICATION, "clarification", "every open measure waits for the answer to a problem notice") \
	X(CONDITIONS, "conditions", "every open measure waits for the answer to proposed conditions")    \
	X(COMPLETE, "complete", "every measure has an outcome; the case was not closed yet")             \
	X(CLOSED, "closed", "the case is over")

enum proof_why {
#define PROOF_X(name, word, sentence) PROOF_WHY_##name,
	PROOF_WHYS(PROOF_X)
#undef PROOF_X
};
const char *proof_why_name(enum proof_why w);
const char *proof_why_text(enum proof_why w);

struct proof_period {
	int64_t from_ms, to_ms; /* from < to; `to` is the next one's `from` */
	enum proof_side side;
	enum proof_why why;
	size_t basis; /* index of the fact whose making (TRANSIT) or receipt began it */
};

struct proof_periods {
	int64_t from_ms, to_ms; /* the whole */
	bool over;              /* the case ended at to_ms; otherwise that is now */
	size_t n;
	struct proof_period *at;
};

/* Facts of one case, in any order, and of each the instant of the receipt for it, 0 where there is none. Without a fact
 * that opens the case there are no periods. To be freed. */
void proof_periods(const struct law_fact *facts, const int64_t *receipt_ms, size_t n, int64_t now_ms,
		   struct proof_periods *ret);
void proof_periods_free(struct proof_periods *p);

/* When a fact counts by the first rule, before causes are looked at; 0: not known. */
int64_t proof_counts_ms(const struct law_fact *facts, const int64_t *receipt_ms, size_t n, size_t at);

/* Days of the calendar in a zone (NULL: UTC), and how much of each lay on which side. Whole days in a row that lie on
 * one side are one row. The milliseconds of all rows add up to the whole. */
struct proof_days {
	struct cy_date first, last;
	uint32_t days;
	int64_t ms[PROOF_SIDES_N];
};
void proof_days(const struct proof_periods *p, const struct law_zone *zone,
		void (*fn)(void *arg, const struct proof_days *row), void *arg);

/* Cuts every instant to its second, and leaves out what begins and ends in the same one: then the seconds of periods,
 * days and sides, as people read them, add up to those of the whole. */
void proof_whole_seconds(struct proof_periods *p);

#endif
