/* A treaty profile: one instrument as data. A loader makes it from a file, and everything else
 * uses it as a value. Every rule names its article, and `verified` says whether the rule was
 * checked against the primary text. */
#ifndef CY_LAW_PROFILE_H
#define CY_LAW_PROFILE_H

#include "base/bytes.h"
#include "base/error.h"
#include "comity/v1/case.pb-c.h"
#include "law/days.h"

/* Where a rule comes from. */
struct law_source {
	const char *article; /* such as "12(3)"; never empty */
	bool verified;       /* against the primary text */
	const char *note;    /* what was not verified, or ""; printed beside it */
};

/* X(NAME, word) */
#define LAW_STATUSES(X)                 \
	X(IN_FORCE, "in_force")         \
	X(NOT_IN_FORCE, "not_in_force") \
	X(NON_BINDING, "non_binding") /* a scheme, such as Harare: may be named as basis */

#define LAW_FORCES(X)                             \
	X(BINDING, "binding")                     \
	X(WHERE_PRACTICABLE, "where_practicable") \
	X(REQUESTED, "requested") /* what the requesting side asked for */

#define LAW_LAPSES(X)                               \
	X(RECORD_ONLY, "record_only")               \
	X(TACIT_NO_OBJECTION, "tacit_no_objection") \
	X(OBLIGATION_CEASES, "obligation_ceases")   \
	X(CONTINUES_UNTIL_DECISION, "continues_until_decision")

/* The events that start a clock. "Received" is the instant at which the obliged authority's
 * daemon had the message on stable storage, which that daemon states (ClockStatement). */
#define LAW_STARTS(X)                                                                                                 \
	X(RECEIVED, "received")                     /* the opening message, by the obliged central authority */       \
	X(RECEIVED_EXECUTING, "received_executing") /* by the executing authority: its Acknowledgement.received_ms */ \
	X(ACKNOWLEDGED, "acknowledged")             /* the first Acknowledgement: its received_ms, else created_ms */ \
	X(DECIDED, "decided")                       /* Decision.decided_ms, by measure */                             \
	X(EFFECTED, "effected")                     /* MeasureResult.effected_ms, by measure: preserved, arrested */  \
	X(CLARIFICATION, "clarification")           /* each ProblemNotice, received by the requesting side */         \
	X(WANTED_DATE, "wanted_date")               /* no period: Measure.wanted_by_date is the due date */           \
	X(URGENCY_DATE, "urgency_date")             /* no period: Urgency.until_date is the due date */               \
	X(ANSWER_DATE, "answer_date")               /* no period: ProblemNotice.answer_by_date is the due date */

/* The events that meet a clock. */
#define LAW_MEETS(X)                                                                                 \
	X(ACKNOWLEDGEMENT, "acknowledgement") /* any; also returned or redirected */                 \
	X(EXECUTING_ACKNOWLEDGEMENT, "executing_acknowledgement")                                    \
	X(DECISION, "decision")     /* of each measure: recognised or refused, or a result for it */ \
	X(EXECUTION, "execution")   /* of each measure: final result or refusal */                   \
	X(OBJECTION, "objection")   /* a refusal, conditions or problem notice about the measure */  \
	X(SUPPLEMENT, "supplement") /* the answer to the notice that started it */                   \
	X(FOLLOW_UP, "follow_up")   /* a supplement that answers no notice: full papers */           \
	X(NOTHING, "nothing")       /* runs out: the duty of keeping lasts that long */

#define LAW_SUSPENDS(X)                                                               \
	X(POSTPONEMENT, "postponement") /* of the measure, until resumed */           \
	X(NOTICE, "clarification")      /* while a problem notice about it is open */ \
	X(CONDITIONS, "conditions")     /* while proposed conditions wait for an answer */

#define LAW_X(name, word) LAW_STATUS_##name,
enum law_status {
	LAW_STATUSES(LAW_X)
};
#undef LAW_X
#define LAW_X(name, word) LAW_FORCE_##name,
enum law_force {
	LAW_FORCES(LAW_X)
};
#undef LAW_X
#define LAW_X(name, word) LAW_LAPSE_##name,
enum law_lapse {
	LAW_LAPSES(LAW_X)
};
#undef LAW_X
#define LAW_X(name, word) LAW_START_##name,
enum law_start {
	LAW_STARTS(LAW_X) LAW_STARTS_N
};
#undef LAW_X
#define LAW_X(name, word) LAW_MEET_##name,
enum law_meet {
	LAW_MEETS(LAW_X) LAW_MEETS_N
};
#undef LAW_X
#define LAW_X(name, word) LAW_SUSPEND_##name,
enum law_suspend {
	LAW_SUSPENDS(LAW_X) LAW_SUSPENDS_N
};
#undef LAW_X

const char *law_status_name(enum law_status s);
const char *law_force_name(enum law_force f);
const char *law_lapse_name(enum law_lapse l);
const char *law_start_name(enum law_start s);
const char *law_meet_name(enum law_meet m);
const char *law_suspend_name(enum law_suspend s);

/* Measures by CyMeasureType, a bit each; 0: all that the profile admits. */
typedef uint64_t law_measures;

/* A time limit of the instrument. */
struct law_clock_rule {
	const char *name;       /* such as decide: [a-z0-9-], unique in the profile */
	const char *obligation; /* what is due, in words */
	CySide obliged;
	const char *obliged_role; /* who on that side, in words; may be "" */
	bool by_measure;          /* one for each measure, else one for the request */
	law_measures measures;    /* only if the request has (by_measure: for) one of these */
	bool urgent_only;         /* only for a request with an urgency */
	bool not_urgent;          /* only for one without */
	enum law_start start;
	struct law_period period; /* amount 0 where the start is a date */
	const char *rule;         /* count rule; "" where the start is a date */
	unsigned met_by;          /* bits of law_meet */
	unsigned suspended_by;    /* bits of law_suspend */
	bool extensible;
	struct law_period extension;               /* longest; amount 0: no cap */
	bool extension_reason, extension_estimate; /* what an extension must state */
	struct law_source extension_source;
	enum law_force force;
	enum law_lapse lapse;
	const char *ladder; /* "" : the site's */
	struct law_source source;
};

/* A field that the instrument asks for. */
struct law_requirement {
	const char *name;      /* [a-z0-9-], unique in the profile */
	const char *field;     /* path in Request, such as measures[].nexus or facts */
	law_measures measures; /* only for these; 0: always */
	const char *why;       /* what to fill in and why, for the guide */
	struct law_source source;
};

/* The meaning that one state gives to an atom under this instrument. */
struct law_atom {
	const char *state; /* ISO 3166-1 alpha-2; "" : the instrument itself, for states that say nothing of it */
	const char *atom;  /* such as login_ip_log */
	const char *category;
	const char *threshold; /* what is needed to get it; "": not stated, and not compared */
	const char *definition;
	struct law_source source;
};

struct law_ground {
	CyRefusalGround ground;
	const char *code; /* for TREATY_SPECIFIC */
	struct law_source source;
};

/* A condition or limit of use. */
struct law_condition {
	const char *name, *text;
	struct law_source source;
};

/* A state for which the instrument is in force. */
struct law_party {
	const char *state;
	const char *side;    /* such as EU: it does not bind two parties of one side to each other; "": none */
	struct cy_date from; /* year 0: from the profile's effective date */
};

/* One step of an escalation ladder. */
enum law_when {
	LAW_WHEN_SHARE,  /* per cent of the time from start to due */
	LAW_WHEN_BEFORE, /* milliseconds before due */
	LAW_WHEN_AFTER   /* milliseconds after due; 0: the breach */
};
#define LAW_ACTIONS(X)                                       \
	X(EVENT, "event")       /* to the case system */     \
	X(JOURNAL, "journal")   /* with priority */          \
	X(HOOK, "hook")         /* the configured command */ \
	X(REMINDER, "reminder") /* a signed message to the peer */
#define LAW_X(name, word) LAW_ACTION_##name,
enum law_action {
	LAW_ACTIONS(LAW_X) LAW_ACTIONS_N
};
#undef LAW_X
const char *law_action_name(enum law_action a);

struct law_rung {
	const char *name; /* [a-z0-9-], unique in the ladder */
	const char *role; /* desk_officer, head_of_authority, liaison or another of the site's */
	enum law_when when;
	int64_t value;         /* per cent, or milliseconds */
	bool obliged, waiting; /* on the side that owes it; on the other */
	unsigned actions;      /* bits of law_action */
};
struct law_ladder {
	const char *name;
	size_t n;
	const struct law_rung *rungs; /* in the order in which they come */
};

/* The ladder of a site that configures none. It is practice, not law. */
extern const struct law_ladder law_ladder_default;

struct law_profile {
	const char *id;      /* such as eio-2014-41 */
	const char *version; /* of the profile */
	const char *title, *citation;
	const char *source; /* where the text is to be found */
	bool verified;      /* title, status, dates and parties */
	const char *note;   /* what of these was not verified, or "" */
	enum law_status status;
	struct cy_date effective_from, effective_to; /* of this version; year 0: open */
	size_t n_parties;
	const struct law_party *parties;
	bool parties_open; /* not all of them are listed; so it is when none are */
	size_t n_rules;
	const struct law_rule *rules;
	law_measures measures; /* admitted */
	struct law_source measures_source;
	size_t n_requirements;
	const struct law_requirement *requirements;
	size_t n_atoms;
	const struct law_atom *atoms;
	size_t n_clocks;
	const struct law_clock_rule *clocks;
	size_t n_grounds;
	const struct law_ground *grounds;
	size_t n_conditions;
	const struct law_condition *conditions;
	size_t n_languages;           /* 0: not stated */
	const char *const *languages; /* ISO 639-1 */
	struct law_source languages_source;
	struct law_period retention; /* a case is kept at least so long after its last message; amount 0: not stated */
	struct law_source retention_source;
	bool first_use; /* direct access only after this channel was tried */
	struct law_source first_use_source;
	size_t n_sensitive; /* data categories that need a recorded approval */
	const char *const *sensitive;
	struct law_source sensitive_source;
	size_t n_ladders;
	const struct law_ladder *ladders;
	struct cy_digest digest; /* of the canonical form */
};

/* Legal data: the profiles in use, and the zones and calendars that go with them. The caller
 * owns them; all lists may be empty. */
struct law_data {
	size_t n_profiles;
	const struct law_profile *const *profiles;
	size_t n_calendars;
	const struct law_calendar *const *calendars;
	size_t n_zones;
	const struct law_zone *const *zones;
	const struct law_ladder *ladder; /* the site's; NULL: none */
};

/* Each returns NULL if there is none. `version` "": the profile that is in force on `day`. */
const struct law_profile *law_find_profile(const struct law_data *b, const char *id, const char *version,
					   struct cy_date day);
const struct law_calendar *law_find_calendar(const struct law_data *b, const char *name);
const struct law_zone *law_find_zone(const struct law_data *b, const char *name);
const struct law_rule *law_find_rule(const struct law_profile *p, const char *name);

/* Returns how long a case is kept after its last message; 0: the profile does not say. */
int64_t law_retention_ms(const struct law_profile *p);

/* Returns whether the instrument is in force between the two states on that day; if not, the sentence says why. Returns
 * true as well if the profile cannot tell: see law_bond_told(). */
bool law_in_force(const struct law_profile *p, const char *state, const char *other, struct cy_date day,
		  struct cy_error *e);

/* Returns whether the profile can tell. It cannot if it does not list one of the states although its list of parties is
 * not complete; the sentence says so. */
bool law_bond_told(const struct law_profile *p, const char *state, const char *other, struct cy_error *e);

/* Appends the canonical form of a profile to `out`: UTF-8 lines `path = value`, sorted, with
 * everything that has an effect and nothing about the file's layout; empty values are left out.
 * A control character or backslash of a value is written as \xHH. Two profiles are the same if
 * and only if their canonical forms are. Returns CY_OK, or CY_ELIMIT beyond the maximum of `out`. */
#define LAW_CANONICAL_MAX (256u * 1024u)
int law_profile_canonical(const struct law_profile *p, struct cy_buf *out);

/* SHA-256 of the canonical form. */
int law_profile_digest(const struct law_profile *p, struct cy_digest *ret);

/* Finds the differences between two canonical forms, path by path. The results are views into
 * the forms; a value that one of them does not have is NULL. Both texts must be canonical. */
struct law_diff {
	struct cy_bytes a, b; /* what is not yet compared */
};
struct law_difference {
	struct cy_bytes path, a, b;
};
bool law_diff_next(struct law_diff *d, struct law_difference *ret);

#endif
