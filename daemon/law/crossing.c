#include "law/crossing.h"

#include "law/kinds.h"

static const struct law_crossing rules[] = {
#define LAW_X(letter, holds, touch, reason) { letter, CY_SIDE__##holds, LAW_TOUCH_##touch, reason },
	LAW_CROSSINGS(LAW_X)
#undef LAW_X
};

/* A row for each kind of the requesting side that can cross another message
 * (one that opens a case cannot: nothing is said before it). A column for each
 * kind of the requested side; '.' is independent.
 *
 *                              acknowledgement
 *                              |returned_deficient
 *                              ||redirection
 *                              |||problem_notice
 *                              ||||conditions_proposed
 *                              |||||decision
 *                              ||||||postponement
 *                              |||||||resumption
 *                              ||||||||extension
 *                              |||||||||progress_report
 *                              ||||||||||result
 *                              |||||||||||refusal
 *                              ||||||||||||closure
 *                              |||||||||||||use_consent_decision
 *                              ||||||||||||||costs_consultation
 *                              |||||||||||||||conflict_of_law_notice
 *                              ||||||||||||||||review_attestation
 *                              |||||||||||||||||review_reliance
 *                              ||||||||||||||||||note
 *                              |||||||||||||||||||clock_statement
 *                              ||||||||||||||||||||reminder
 *                              |||||||||||||||||||||evidence_statement   */
/* The columns are read downwards. */
/* clang-format off */
#define LAW_ROWS(X)                                      \
	X(SUPPLEMENT,              ".rrs........c.........") \
	X(CONDITIONS_ACCEPTED,     ".rr.a.....ffc.........") \
	X(CONDITIONS_DECLINED,     ".rr.d.....ffc.........") \
	X(WITHDRAWAL,              ".rrwwwwww.ooc.........") \
	X(PROGRESS_QUERY,          ".rr.........c.........") \
	X(EVIDENCE_VERIFICATION,   "......................") \
	X(USE_CONSENT_REQUEST,     "......................") \
	X(EVIDENCE_RETURN,         "......................") \
	X(DESTRUCTION_CERTIFICATE, "......................") \
	X(COSTS_CONSULTATION,      "......................") \
	X(CONFLICT_OF_LAW_NOTICE,  "......................") \
	X(REVIEW_ATTESTATION,      "......................") \
	X(REVIEW_RELIANCE,         "......................") \
	X(NOTE,                    "......................") \
	X(CLOCK_STATEMENT,         "......................") \
	X(REMINDER,                "......................") \
	X(EVIDENCE_STATEMENT,      "......................")
/* clang-format on */

/* All by the number of a kind, made by the compiler: for each pair of messages that crossed the fold asks here. */
static const char *const rows[] = {
#define LAW_X(NAME, columns) [CY_CONTENT__KIND_##NAME] = (columns),
	LAW_ROWS(LAW_X)
#undef LAW_X
};

/* How many kinds of the requested side come before each kind: what an enumerator is given is one more than the last. */
enum {
	COLUMN_BEFORE_ALL = -1,
#define LAW_X(NAME, name, who, opens, phases, share, effect) \
	COLUMN_##NAME, COLUMN_AFTER_##NAME = COLUMN_##NAME - (((who)&LAW_ASKED) == 0),
	LAW_KINDS(LAW_X)
#undef LAW_X
	COLUMNS
};

static const struct {
	bool is_one;
	uint8_t at;
} columns[] = {
#define LAW_X(NAME, name, who, opens, phases, share, effect) \
	[CY_CONTENT__KIND_##NAME] = { ((who)&LAW_ASKED) != 0, COLUMN_##NAME },
	LAW_KINDS(LAW_X)
#undef LAW_X
};

#define LAW_X(NAME, columns) \
	_Static_assert(sizeof(columns) == COLUMNS + 1, "a column for each kind of the requested side");
LAW_ROWS(LAW_X)
#undef LAW_X

/* The letter for a pair; 0 if the table says nothing. */
static char letter(uint32_t requesting, uint32_t requested)
{
	if (requesting >= sizeof rows / sizeof rows[0] || rows[requesting] == NULL ||
	    requested >= sizeof columns / sizeof columns[0] || !columns[requested].is_one)
		return 0;
	return rows[requesting][columns[requested].at];
}

const struct law_crossing *law_crossing(uint32_t requesting, uint32_t requested)
{
	const char l = letter(requesting, requested);

	for (size_t i = 0; i < sizeof rules / sizeof rules[0] && l != 0 && l != '.'; i++)
		if (rules[i].letter == l)
			return &rules[i];
	return NULL;
}

static bool touch(enum law_touch t, const struct law_fact *requesting, const struct law_fact *requested)
{
	switch (t) {
	case LAW_TOUCH_CASE:
		return true;
	case LAW_TOUCH_MEASURE:
		return (law_fact_mask(requesting) & law_fact_mask(requested)) != 0;
	case LAW_TOUCH_PROPOSAL:
		return requesting->ref != 0 && requesting->ref == requested->ref;
	}
	return false;
}

CySide law_crossing_holds(const struct law_fact *requesting, const struct law_fact *requested)
{
	const struct law_crossing *x = law_crossing(requesting->kind, requested->kind);

	if (x == NULL || !touch(x->touch, requesting, requested))
		return CY_SIDE__SIDE_UNSPECIFIED;
	return x->holds;
}

bool law_crossing_stated(uint32_t requesting, uint32_t requested)
{
	return letter(requesting, requested) == '.' || law_crossing(requesting, requested);
}
