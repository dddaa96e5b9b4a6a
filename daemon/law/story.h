/* The story of a case: its facts that took effect, in that order, and the state of the measures after each of them.
 * The time limits are computed from it (law/clock.c). */
#ifndef CY_LAW_STORY_H
#define CY_LAW_STORY_H

#include "law/fold.h"

/* Measures are a bit each: number 1 is bit 0. */
struct law_told {
	const struct law_fact *f;
	uint64_t on; /* the measures on which it took effect; all bits for a kind that is about none */
	/* After it. */
	uint64_t open;      /* without an outcome */
	uint64_t undecided; /* of them those not recognised, and without a result in part */
	uint64_t given;     /* with a result in part, whatever became of the rest */
	uint64_t postponed;
	uint64_t proposed; /* with proposed conditions that wait for an answer */
	uint64_t noticed;  /* with a problem notice that waits for an answer; all bits: a notice about the case */
};

struct law_story {
	uint8_t n_measures;
	size_t n;
	struct law_told *told; /* points to the facts, which must outlive it */
	/* Problem notices, and the index in `told` of the fact that answered or ended each. */
	size_t n_notices;
	struct {
		uint32_t number;
		size_t closed; /* SIZE_MAX: the notice is open */
	} * notices;
};

/* Tells the story of any set of facts of one case, in any order, as law_fold() does. */
void law_story_begin(struct law_story *s, const struct law_fact *facts, size_t n);
void law_story_end(struct law_story *s);

/* Returns whether `told[at]` answered or ended this problem notice. */
bool law_story_closes(const struct law_story *s, size_t at, uint32_t notice);

#endif
