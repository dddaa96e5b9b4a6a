/* The clocks of a case: a fold over the same facts as the case itself, so that both
 * authorities come to the same. What only the obliged side can know, the instant of
 * a receipt, it states (ClockStatement), and that statement is an input here.
 *
 * A clock that has lapsed is no state of the case (domain, section 5): lapsing is
 * told by comparing `due` with the time, which is not known here. */
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

/* Which clock of a case. */
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
	int64_t at_ms;  /* when it was said: Message.created_ms */
	uint64_t types; /* what it asks for, a bit for each CyMeasureType */
};

/* When a side received a message of the other, as the receipt proves that it signed for it. */
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
	/* By CySide, of the side that owes; NULL: UTC, or no holidays are known. */
	const struct law_zone *zone[3];
	const struct law_calendar *calendar[3];
	const struct law_stated *stated;
	size_t n_stated;
	/* The evidence of last resort: it counts where no start is stated, or one that lies after the receipt by more
	 * than a trusted clock may be wrong. */
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
	/* What would have extended or suspended it and was said after its end: when, and number of the first such
	 * message; 0: nothing. It moves nothing; whether it excuses the breach people have to say. */
	struct cy_wall excused;
	uint32_t excused_by;
	uint32_t round; /* how often its due instant was moved */
	uint32_t by;    /* MET: number of the message that met it; 0: a linked request did */
	CySide by_side;
	struct law_count count; /* in sentences; count.due is `due` */
};

/* Calls `fn` for each clock of the case, in the order of the profile, then measure,
 * then notice. Waiting ones are among them, except those that wait for a problem
 * notice. One that cannot be counted waits, and says so. A return below 0 ends it and
 * is returned. */
int law_clocks(const struct law_clock_input *in, int (*fn)(void *arg, const struct law_clock *c), void *arg);

/* Is missing it a breach? Not where only the time of a duty runs out, or silence is an answer. */
bool law_clock_breach(const struct law_clock_rule *rule);

/* Number of calls that law_clocks may make for one case, at most. */
#define LAW_CLOCKS_MAX 4096u

#endif
