/* The case as a fold over both authors' messages (daemon/README.md, "A case is a fold"). Pure:
 * the state is a function of the set of facts, and does not depend on the order in which they
 * arrived, so that both sides compute the same state. */
#ifndef CY_LAW_FOLD_H
#define CY_LAW_FOLD_H

#include "base/error.h"
#include "base/sha256.h"
#include "law/fact.h"
#include "law/room.h"

/* Life cycle of a measure (domain, section 2). X(name) */
#define LAW_MEASURE_STATES(X) \
	X(PENDING)            \
	X(EXECUTING)          \
	X(EXECUTED)           \
	X(PARTIALLY_EXECUTED) \
	X(NOT_EXECUTED)       \
	X(REFUSED)            \
	X(WITHDRAWN)

enum law_measure_state {
#define LAW_X(name) LAW_MEASURE_##name,
	LAW_MEASURE_STATES(LAW_X)
#undef LAW_X
};
const char *law_measure_state_name(enum law_measure_state s);

/* The one-word state of a case, derived for display. X(name) */
#define LAW_CASE_STATES(X)                                          \
	X(TRANSMITTED) /* sent, not yet registered */               \
	X(RETURNED_DEFICIENT)                                       \
	X(REDIRECTED)                                               \
	X(ACKNOWLEDGED)                                             \
	X(CLARIFICATION_REQUESTED)                                  \
	X(SUPPLEMENTED)                                             \
	X(CONDITIONS_PROPOSED)                                      \
	X(RECOGNISED)                                               \
	X(EXECUTING)                                                \
	X(POSTPONED)                                                \
	X(COMPLETE)  /* every measure has an outcome, not closed */ \
	X(REFUSED)   /* every measure refused, not closed */        \
	X(WITHDRAWN) /* every measure withdrawn, not closed */      \
	X(CLOSED)                                                   \
	X(INFORMED) /* opened by a notification or information */   \
	X(VOID)     /* the opening message is void */

enum law_case_state {
#define LAW_X(name) LAW_CASE_##name,
	LAW_CASE_STATES(LAW_X)
#undef LAW_X
};
const char *law_case_state_name(enum law_case_state s);

/* The conditions under which an opened case has each word, in the order in which they are tried: the first that fits
 * counts. */
struct law_word {
	enum law_case_state word;
	const char *when;
};
extern const struct law_word law_words[];
extern const size_t law_words_n;

/* One measure: regions that run side by side. */
struct law_measure {
	enum law_measure_state state;
	bool recognised;
	bool postponed;
	bool partial;      /* a partial result was sent */
	bool bound;        /* conditions were accepted and bind */
	uint32_t proposal; /* number of the open ConditionsProposed; 0: none */
	uint8_t ground;    /* RefusalGround once REFUSED */
};

/* The result of the fold for one fact. */
enum law_effect {
	LAW_EFFECT_TAKEN,     /* took effect */
	LAW_EFFECT_OVERTAKEN, /* valid, but without effect: a crossing message holds instead (in whole or for every
				 measure it names), or what it rested on is void */
	LAW_EFFECT_VOID,      /* voided */
	LAW_EFFECT_WAITING,   /* something it had seen is not here yet */
};

#define LAW_OPEN_MAX 64

struct law_case {
	enum law_case_state state; /* derived */
	CySide opener;             /* always REQUESTING once opened */
	uint32_t opened_by;        /* kind that opened it; 0: not opened */
	uint8_t n_measures;
	struct law_measure measures[CY_MEASURES_MAX];
	bool registered;    /* acknowledged by the central authority */
	bool executing_ack; /* acknowledged by the executing authority */
	bool returned, redirected, closed;
	uint8_t n_notices; /* open problem notices, by number */
	uint32_t notices[LAW_OPEN_MAX];
	uint64_t notice_measures[LAW_OPEN_MAX]; /* the open measures that each is about, a bit each; 0: the case has
						   none */
	bool supplemented;                      /* a supplement came after the last notice */
	uint8_t n_consents;                     /* open use-consent requests */
	uint32_t consents[LAW_OPEN_MAX];
	uint32_t head[3]; /* by CySide: highest number that took part */
};

/* Returns how many subjects the case has that can be refused, made subject to conditions, or given more time: its
 * measures, or, for a notification, which has none, the one thing that it notifies of. That is measures[0] then, and
 * needs no outcome. */
unsigned law_subjects(const struct law_case *c);

/* Folds any set of facts of one case, in any order. `ret_effect` and `ret_order` (each may be
 * NULL) have n entries. `ret_order` receives the indices of `facts` in the order in which they
 * take effect, those of waiting facts last. Never fails: a fact that is not admissible has no
 * effect. */
void law_fold(const struct law_fact *facts, size_t n, struct law_case *ret_case, enum law_effect *ret_effect,
	      size_t *ret_order);

/* Decides whether `next` is admissible against what its author had seen. Returns CY_OK; CY_ESTATE
 * with a sentence (the state, the measure, what is allowed), `e->field` being the kind; or CY_EINVAL
 * if it states an impossible instant (law/stated.h), `e->field` being the field of the content. `next`
 * itself is not among the facts. Both sides come to the same answer, whatever else they hold: only
 * the author's earlier messages and those of the other side up to `seen` count. */
int law_admit(const struct law_fact *facts, size_t n, const struct law_fact *next, struct cy_error *e);

/* A folded case, and what further facts are folded upon: most come when their author had seen everything, and take
 * effect behind all others. */
struct law_kept {
	struct law_case folded;
	size_t n, voided;          /* facts that it was made from; of them, void ones */
	uint32_t held[3], seen[3]; /* by CySide: the highest number here; the highest of the other side that the
				    * author had seen */
	bool waits;                /* facts wait for something that is not here */
	bool opener_void;
	struct law_taken taken; /* the room in the case */
	int64_t latest_ms[3];   /* by CySide: the latest at_ms */
};

/* Folds all of them. */
void law_keep(const struct law_fact *facts, size_t n, struct law_kept *ret);
/* Folds the last of these facts upon what was made from those before it; where messages crossed, all of them anew. */
void law_keep_on(struct law_kept *k, const struct law_fact *facts, size_t n);
/* law_room() and law_admit(), by what was made from these facts; if they are others by now, by them. */
int law_kept_room(const struct law_kept *k, const struct law_fact *facts, size_t n, CySide author, uint32_t kind,
		  struct cy_error *e);
int law_kept_admit(const struct law_kept *k, const struct law_fact *facts, size_t n, const struct law_fact *next,
		   struct cy_error *e);

/* Returns SHA-256 over a canonical encoding of the folded state, which is equal on both sides
 * once no message is in flight. */
struct cy_digest law_case_digest(const struct law_case *c);

#endif
