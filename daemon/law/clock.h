/* The clocks of a case: a fold over the same facts as the case itself, so that both
 * authorities compute the same clocks. Only the obliged side knows the instant of a receipt:
 * it states the instant (ClockStatement), and that statement is an input here.
 *
 * That a clock has lapsed is not a state of the case (domain, section 5): the caller compares
 * `due` with the present time, which is not known here. */
#ifndef CY_LAW_CLOCK_H
#define CY_LAW_CLOCK_H

#include "law/fold.h"
#include "law/profile.h"
#include "law/terms.h"

/* X(NAME, word on screen) */
#define LAW_CLOCK_STATES(X)                                         \
	X(WAITING, "waiting") /* what starts it has not happened */ \
	X(RUNNING, "running")                                       \
	X(SUSPENDED, "suspended")                                   \
	X(MET, "met")       /* in time, or late */                  \
	X(CEASED, "ceased") /* withdrawn, returned, closed: not owed any more */

enum law_clock_state {
#define LAW_X(name, word) LAW_CLOCK_##name,
	LAW_CLOCK_STATES(LAW_X)
#undef LAW_X
};
const char *law_clock_state_name(enum law_clock_state s);

/* The key of a clock within its case. */
struct law_clock_key {
	char name[CY_CLOCK_MAX + 1];
	uint8_t measure; /* 0: the whole request */
	uint32_t notice; /* number of the problem notice that started it; 0: none */
};
bool law_clock_same(const struct law_clock_key *a, const struct law_clock_key *b);

/* A start that the obliged side stated. */
struct law_stated {
	struct law_clock_key key;
	int64_t start_ms;
};

/* A request of the same side that names this case as one that it follows. */
struct law_follow_up {
	const char *case_id;
	int64_t at_ms;  /* of the request: Message.created_ms */
	uint64_t types; /* of its measures, a bit for each CyMeasureType */
};

/* A signed receipt, which proves when a side had received a message of the other side. */
struct law_receipt {
	CySide author; /* of the message */
	uint32_t number;
	int64_t made_ms;
};

struct law_clock_input {
	const struct law_profile *profile;
	const struct law_terms *terms;
	const struct law_fact *facts; /* as for law_fold */
	size_t n;
	/* The zone and the calendar of each CySide; those of the obliged side count. NULL: UTC, or no holidays are
	 * known. */
	const struct law_zone *zone[3];
	const struct law_calendar *calendar[3];
	const struct law_stated *stated;
	size_t n_stated;
	/* The evidence of last resort: a receipt counts if no start is stated, or the stated start lies after the
	 * receipt by more than a trusted clock may be wrong. */
	const struct law_receipt *receipts;
	size_t n_receipts;
	const struct law_follow_up *follow_ups; /* in any order */
	size_t n_follow_ups;
};

struct law_clock {
	const struct law_clock_rule *rule;
	struct law_clock_key key;
	enum law_clock_state state;
	bool overruled;            /* a start was stated that lies after the signed receipt */
	bool unstated;             /* it started with a receipt whose instant has not been stated */
	struct cy_wall start, due; /* 0: none */
	struct cy_wall ended;      /* MET, CEASED: when; 0 otherwise */
	/* Instant and number of the first message that would have extended or suspended the clock but was made after
	 * its end; 0: there is none. It moves nothing; people decide whether it excuses the breach. */
	struct cy_wall excused;
	uint32_t excused_by;
	uint32_t round; /* how often its due instant was moved */
	uint32_t by;    /* MET: number of the message that met it; 0: a linked request met it */
	CySide by_side;
	struct law_count count; /* in sentences; count.due is `due` */
};

/* Calls `fn` for each clock of the case, in the order of the profile, then by measure, then by
 * notice. WAITING clocks are among them, except those that wait for a problem notice. A clock
 * that cannot be counted is WAITING, and its sentences say why. Returns CY_OK; a return of `fn`
 * below 0 ends the calls and is returned. */
int law_clocks(const struct law_clock_input *in, int (*fn)(void *arg, const struct law_clock *c), void *arg);

/* Returns whether missing the clock is a breach. It is not if only the time of a duty runs out, or if silence is an
 * answer. */
bool law_clock_breach(const struct law_clock_rule *rule);

/* The most calls of `fn` that law_clocks() makes for one case. */
#define LAW_CLOCKS_MAX 4096u

#endif
