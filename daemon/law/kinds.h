/* The kinds of message in one table: numbers, names, authors, phases, effect.
 * Everything else about kinds is read from it: the names on screen, the order
 * of the columns of the crossing table, the dispatch of the fold. */
#ifndef CY_LAW_KINDS_H
#define CY_LAW_KINDS_H

#include "law/fact.h"
#include "law/room.h"

/* Phases of a case, by which kinds are admitted. X(name, bit, spoken) */
#define LAW_PHASES(X)                                          \
	X(UNREGISTERED, 1u, "not registered yet")              \
	X(REGISTERED, 2u, "registered and open")               \
	X(OVER, 4u, "returned or redirected to the requester") \
	X(CLOSED, 8u, "closed")

enum law_phase {
#define LAW_X(name, bit, spoken) LAW_##name = bit,
	LAW_PHASES(LAW_X)
#undef LAW_X
};

#define LAW_RUNNING (LAW_UNREGISTERED | LAW_REGISTERED)
#define LAW_GIVEN   (LAW_REGISTERED | LAW_CLOSED) /* evidence may have been given */
#define LAW_ALWAYS  (LAW_RUNNING | LAW_OVER | LAW_CLOSED)

/* The sides that may say a kind. */
#define LAW_ASKING 1u
#define LAW_ASKED  2u
#define LAW_EITHER (LAW_ASKING | LAW_ASKED)

/* X(NAME, proto field name, who, opens, phases, share, effect): `opens` is OPENS for a kind that opens a case, which
 * has a title, a legal basis and no phase, and WITHIN for all others. Of the shares LAW_STATES is that of kinds which
 * a daemon alone says: no case system hands them in. The effect is the function law_effect_... of effects.c. */
#define LAW_KINDS(X)                                                                                               \
	X(REQUEST, request, LAW_ASKING, OPENS, 0u, LAW_SAYS, opening)                                              \
	X(NOTIFICATION, notification, LAW_ASKING, OPENS, 0u, LAW_SAYS, opening)                                    \
	X(SPONTANEOUS_INFORMATION, spontaneous_information, LAW_ASKING, OPENS, 0u, LAW_SAYS, opening)              \
	X(SUPPLEMENT, supplement, LAW_ASKING, WITHIN, LAW_RUNNING, LAW_SAYS, supplement)                           \
	X(CONDITIONS_ACCEPTED, conditions_accepted, LAW_ASKING, WITHIN, LAW_REGISTERED, LAW_ENDS, answer)          \
	X(CONDITIONS_DECLINED, conditions_declined, LAW_ASKING, WITHIN, LAW_REGISTERED, LAW_ENDS, answer)          \
	X(WITHDRAWAL, withdrawal, LAW_ASKING, WITHIN, LAW_RUNNING, LAW_ENDS, measures)                             \
	X(PROGRESS_QUERY, progress_query, LAW_ASKING, WITHIN, LAW_RUNNING, LAW_SAYS, progress)                     \
	X(EVIDENCE_VERIFICATION, evidence_verification, LAW_ASKING, WITHIN, LAW_GIVEN, LAW_ENDS, about_result)     \
	X(USE_CONSENT_REQUEST, use_consent_request, LAW_ASKING, WITHIN, LAW_GIVEN, LAW_SAYS, consent_request)      \
	X(EVIDENCE_RETURN, evidence_return, LAW_ASKING, WITHIN, LAW_GIVEN, LAW_ENDS, about_result)                 \
	X(DESTRUCTION_CERTIFICATE, destruction_certificate, LAW_ASKING, WITHIN, LAW_GIVEN, LAW_ENDS, about_result) \
	X(ACKNOWLEDGEMENT, acknowledgement, LAW_ASKED, WITHIN, LAW_RUNNING, LAW_ENDS, acknowledgement)             \
	X(RETURNED_DEFICIENT, returned_deficient, LAW_ASKED, WITHIN, LAW_UNREGISTERED, LAW_ENDS, going_back)       \
	X(REDIRECTION, redirection, LAW_ASKED, WITHIN, LAW_UNREGISTERED, LAW_ENDS, going_back)                     \
	X(PROBLEM_NOTICE, problem_notice, LAW_ASKED, WITHIN, LAW_RUNNING, LAW_SAYS, notice)                        \
	X(CONDITIONS_PROPOSED, conditions_proposed, LAW_ASKED, WITHIN, LAW_REGISTERED, LAW_SAYS, proposal)         \
	X(DECISION, decision, LAW_ASKED, WITHIN, LAW_REGISTERED, LAW_SAYS, measures)                               \
	X(POSTPONEMENT, postponement, LAW_ASKED, WITHIN, LAW_REGISTERED, LAW_SAYS, measures)                       \
	X(RESUMPTION, resumption, LAW_ASKED, WITHIN, LAW_REGISTERED, LAW_SAYS, measures)                           \
	X(EXTENSION, extension, LAW_ASKED, WITHIN, LAW_REGISTERED, LAW_SAYS, measures)                             \
	X(PROGRESS_REPORT, progress_report, LAW_ASKED, WITHIN, LAW_RUNNING, LAW_SAYS, progress)                    \
	X(RESULT, result, LAW_ASKED, WITHIN, LAW_REGISTERED, LAW_ENDS, measures)                                   \
	X(REFUSAL, refusal, LAW_ASKED, WITHIN, LAW_REGISTERED, LAW_ENDS, measures)                                 \
	X(CLOSURE, closure, LAW_ASKED, WITHIN, LAW_RUNNING, LAW_ENDS, closure)                                     \
	X(USE_CONSENT_DECISION, use_consent_decision, LAW_ASKED, WITHIN, LAW_GIVEN, LAW_SAYS, consent_decision)    \
	X(COSTS_CONSULTATION, costs_consultation, LAW_EITHER, WITHIN, LAW_ALWAYS, LAW_SAYS, remark)                \
	X(CONFLICT_OF_LAW_NOTICE, conflict_of_law_notice, LAW_EITHER, WITHIN, LAW_ALWAYS, LAW_SAYS, remark)        \
	X(REVIEW_ATTESTATION, review_attestation, LAW_EITHER, WITHIN, LAW_ALWAYS, LAW_SAYS, remark)                \
	X(REVIEW_RELIANCE, review_reliance, LAW_EITHER, WITHIN, LAW_ALWAYS, LAW_SAYS, reliance)                    \
	X(NOTE, note, LAW_EITHER, WITHIN, LAW_ALWAYS, LAW_SAYS, remark)                                            \
	X(CLOCK_STATEMENT, clock_statement, LAW_EITHER, WITHIN, LAW_ALWAYS, LAW_STATES, remark)                    \
	X(REMINDER, reminder, LAW_EITHER, WITHIN, LAW_ALWAYS, LAW_STATES, remark)                                  \
	X(EVIDENCE_STATEMENT, evidence_statement, LAW_EITHER, WITHIN, LAW_ALWAYS, LAW_STATES, remark)

/* One step of the fold: a fact is applied to the folded state. In strict mode every part of it
 * must be admissible, or else the sentence says why it is not; otherwise its admissible parts
 * take effect, and CY_ESTATE means that there were none. */
struct law_case;
struct cy_error;
struct law_step {
	struct law_case *c;
	const struct law_fact *facts; /* all of the case, for what `ref` names */
	size_t n;
	const struct law_fact *f; /* the one that steps */
	uint32_t seen;            /* highest number of the other side seen by its author or by his earlier messages */
	bool strict;
	struct cy_error *e;
	uint64_t *ret_measures; /* NULL, or: gains a bit for each measure on which it takes effect */
};

/* The one function that moves the state of a case. */
int law_step(const struct law_step *s);

struct law_kind {
	uint32_t number;
	const char *name;
	unsigned who, phases;
	bool opens;
	enum law_share share;
	int (*effect)(const struct law_step *s);
};

extern const struct law_kind law_kinds[];
extern const size_t law_kinds_n;

/* NULL if unknown. */
const struct law_kind *law_kind(uint32_t number);

/* Return the title and the legal basis of content that opens a case; of other content "" and NULL. The basis is NULL as
 * well if it is optional and was left out. */
const char *law_title_of(const CyContent *content);
const CyLegalBasis *law_basis_of(const CyContent *content);

/* Writes the name in words, such as "problem notice". */
#define LAW_SPOKEN_SIZE 32
void law_kind_spoken(uint32_t number, char out[static LAW_SPOKEN_SIZE]);

#define LAW_X(NAME, name, who, opens, phases, share, effect) int law_effect_##effect(const struct law_step *s);
LAW_KINDS(LAW_X)
#undef LAW_X

/* A precondition on a measure; its words follow "a measure that is". */
struct law_measure;
struct law_being {
	bool (*holds)(const struct law_measure *m);
	const char *says;
};
extern const struct law_being law_open, law_free, law_postponed, law_extensible;

/* Kinds that are about measures, a row a kind. If a kind has two rows, the row with by_clock is for messages that name
 * a clock. */
struct law_measure_kind {
	uint32_t kind;
	const struct law_being *takes; /* the measures that it may name */
	const struct law_being *all;   /* the measures that it means if it names none */
	void (*apply)(struct law_case *c, unsigned i, uint8_t code, uint32_t number); /* NULL: nothing changes */
	bool notified; /* it may also be about what a notification notifies of, as measure 1 */
	bool by_clock;
};
extern const struct law_measure_kind law_measure_kinds[];
extern const size_t law_measure_kinds_n;

/* Returns the measures that a fact names, one bit each; all bits if it names none. */
uint64_t law_fact_mask(const struct law_fact *f);

#endif
