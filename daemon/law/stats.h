/* Statistics: the outcome of each measure, folded from the facts of its case, and counted.
 * Figures contain no content; law_stats_hide() makes them fit for publication. */
#ifndef CY_LAW_STATS_H
#define CY_LAW_STATS_H

#include "base/time.h"
#include "law/fold.h"
#include "law/terms.h"

/* ------------------------------------------------------------------ a measure */

/* The outcome of a measure. X(NAME, word); OPEN to REDIRECTED add up to all measures. */
#define LAW_OUTCOMES(X)                                                       \
	X(OPEN, "open")                                                       \
	X(EXECUTED, "executed")                                               \
	X(PARTIALLY_EXECUTED, "partially_executed")                           \
	X(NOT_EXECUTED, "not_executed") /* for a reason that is no refusal */ \
	X(REFUSED, "refused")                                                 \
	X(WITHDRAWN, "withdrawn")                                             \
	X(RETURNED_DEFICIENT, "returned_deficient")                           \
	X(REDIRECTED, "redirected")

enum law_outcome {
#define LAW_X(name, word) LAW_OUTCOME_##name,
	LAW_OUTCOMES(LAW_X)
#undef LAW_X
	/* The opening message was rejected or never sent: nothing was asked. */
	LAW_OUTCOME_VOID
};

/* Time limits that can be broken (law_clock_rule.lapse says which). */
struct law_limits {
	uint32_t in_time, late, lapsed; /* met; met too late; over and not met */
	uint32_t excused; /* of those late or lapsed: with an extension or a suspension that came after the end */
};

/* One measure of a request; a notification or information has one row of measure 0. */
struct law_stat {
	uint64_t request; /* the same for all rows of one case, and for no other */
	CySide side;      /* ours */
	uint32_t kind;    /* of the opening message: CyContent__KindCase */
	uint8_t measure;
	uint8_t type; /* CyMeasureType; 0: none stated */
	enum law_outcome outcome;
	uint8_t ground; /* RefusalGround once refused */
	/* By the authors' clocks; 0: not yet, or never. */
	int64_t sent_ms;         /* opening message */
	int64_t acknowledged_ms; /* first acknowledgement by the central authority */
	int64_t decided_ms;      /* recognised or refused, or the final result if nothing was decided before */
	int64_t ended_ms;        /* final result, refusal, withdrawal, return or redirection */
	/* Of the whole case. */
	uint32_t rounds;           /* problem notices */
	uint32_t relied, repeated; /* reviews of the other side */
	/* By the side that owes: 0 theirs, 1 ours; of the measure, and of the request as a whole.
	 * law_stats_of() does not set them, since they depend on the time of asking. */
	struct law_limits limits[2], request_limits[2];
};

/* Calls `fn` for each row of a case, in order of measure; there is no row while the opening
 * message is not here. `terms` NULL: the types are not known. `request`, `side` and the limits
 * are not set. Returns CY_OK; any other return of `fn` ends the calls and is returned. */
int law_stats_of(const struct law_fact *facts, size_t n, const struct law_terms *terms,
		 int (*fn)(void *arg, const struct law_stat *row), void *arg);

/* -------------------------------------------------------------------- figures */

/* Counts. X(NAME, word). Requests and what follows to REVIEWS_REPEATED count once for
 * each case; a time limit of the whole request does, too. The words of outcomes are as
 * above and follow. */
#define LAW_FIGURES(X)                                                            \
	X(REQUESTS, "requests")                                                   \
	X(NOTIFICATIONS, "notifications")                                         \
	X(NOTIFICATIONS_REFUSED, "notifications_refused")                         \
	X(INFORMATION, "spontaneous_information")                                 \
	X(REQUESTS_RETURNED, "requests_returned_deficient")                       \
	X(ROUNDS, "clarification_rounds")                                         \
	X(REVIEWS_RELIED, "reviews_relied_on")                                    \
	X(REVIEWS_REPEATED, "reviews_repeated")                                   \
	X(MEASURES, "measures")          /* of requests */                        \
	X(OPEN_30, "open_under_30_days") /* the backlog, by age since sending  */ \
	X(OPEN_90, "open_under_90_days") /* 30 to 89 */                           \
	X(OPEN_180, "open_under_180_days")                                        \
	X(OPEN_365, "open_under_365_days")                                        \
	X(OPEN_OVER, "open_365_days_and_over")                                    \
	X(THEIRS_IN_TIME, "limits_theirs_in_time")                                \
	X(THEIRS_LATE, "limits_theirs_late")                                      \
	X(THEIRS_LAPSED, "limits_theirs_lapsed")                                  \
	X(OURS_IN_TIME, "limits_ours_in_time")                                    \
	X(OURS_LATE, "limits_ours_late")                                          \
	X(OURS_LAPSED, "limits_ours_lapsed")                                      \
	X(THEIRS_EXCUSED, "limits_theirs_excused") /* of the late and lapsed */   \
	X(OURS_EXCUSED, "limits_ours_excused")

enum law_figure {
#define LAW_X(name, word) LAW_FIGURE_##name,
	LAW_FIGURES(LAW_X)
#undef LAW_X
#define LAW_X(name, word) LAW_FIGURE_OUTCOME_##name,
	LAW_OUTCOMES(LAW_X)
#undef LAW_X
		LAW_FIGURE_GROUND, /* the ground numbered 0, never counted */
	LAW_FIGURES_N = LAW_FIGURE_GROUND + 1 + CY_REFUSAL_GROUND__TREATY_SPECIFIC
};

/* The word, or "ground_" and the name of the ground in lower case. */
#define LAW_FIGURE_SIZE 64
void law_figure_name(unsigned figure, char out[static LAW_FIGURE_SIZE]);

/* Steps, each counted from the sending of the request. X(NAME, word) */
#define LAW_STEPS(X)                  \
	X(ACKNOWLEDGE, "acknowledge") \
	X(DECIDE, "decide")           \
	X(EXECUTE, "execute") /* executed, in full or in part */

enum law_stats_step {
#define LAW_X(name, word) LAW_STEP_##name,
	LAW_STEPS(LAW_X)
#undef LAW_X
	LAW_STEPS_N
};
const char *law_stats_step_name(enum law_stats_step s);

/* Percentiles by nearest rank: of n values in rising order the one numbered
 * ceil(p / 100 * n), so always one that occurred. */
struct law_spread {
	uint64_t n, requests; /* values; of so many requests */
	int64_t p50_ms, p90_ms;
	bool n_hidden, p50_hidden, p90_hidden;
};

#define LAW_TYPES (CY_MEASURE_TYPE__PROVISIONAL_ARREST + 1)

/* The figures for one type of measure, or for all types together. */
struct law_group {
	bool any; /* something was counted */
	uint64_t count[LAW_FIGURES_N];
	uint64_t
		requests[LAW_FIGURES_N]; /* the requests that are counted in it: few of them make people recognisable */
	bool hidden[LAW_FIGURES_N];
	struct law_spread spread[LAW_STEPS_N];
};

struct law_sample;
struct law_stats {
	int64_t now_ms;
	/* By our side, less one: 0 what we asked, 1 what we were asked. By type; 0: all
	 * together, also what states no type. */
	struct law_group group[2][LAW_TYPES];
	struct {
		struct law_sample *at;
		size_t n, cap;
	} samples[2][LAW_STEPS_N];
	uint64_t request; /* of the last row */
	/* The figures in which that request was counted. */
	bool counted[LAW_TYPES][LAW_FIGURES_N], sampled[LAW_TYPES][LAW_STEPS_N];
	/* Types that it had, and that were returned as deficient, a bit each (bit 0: none
	 * stated); 0: none yet. */
	uint64_t seen, returned;
};

/* Rows of one case follow each other. Ends the process if there is no memory (8 bytes
 * a step of a measure). */
void law_stats_begin(struct law_stats *s, struct cy_wall now);
void law_stats_add(struct law_stats *s, const struct law_stat *row);
/* Computes the spreads, and frees the samples. */
void law_stats_end(struct law_stats *s);

/* Returns whether the figure is published by type as well. The other figures count a case in each type that it has, and
 * are published for all types together only. */
bool law_figure_of_types(unsigned figure);

/* Before publication: hide counts of fewer than `smallest` requests, and as many others as are needed: whoever solves
 * the sums of the table (of outcomes to measures, of ages to the backlog, of grounds to refusals, of time limits to
 * their number, of types to the total) for a hidden count finds bounds that are `smallest` apart, or more. Zeros
 * are shown, except beside time limits of few requests that all ended alike. What states no type is not shown, and is
 * hidden in the same way. A median of fewer than `smallest` requests is hidden, a 90th percentile of not more than
 * twice as many (it would be the largest), both where they would tell how great a hidden count is, and how many values
 * there were always. 0 and 1 hide nothing. This holds for one table: two that overlap may tell together what neither
 * tells alone. */
void law_stats_hide(struct law_stats *s, uint32_t smallest);

#endif
