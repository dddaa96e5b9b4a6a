/* The story of a case: its facts that took effect, in that order, and how the measures stand after each of them. What
 * time limits are told by (law/clock.c). */
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
	uint64_t noticed;  /* with a problem notice that waits for one; all bits: one about the case */
};

struct law_story {
	uint8_t n_measures;
	size_t n;
	struct law_told *told; /* points to the facts, which must outlive it */
	/* What told them ended, or answered: index in `told`. */
	size_t n_notices;
	struct {
		uint32_t number;
		size_t closed; /* SIZE_MAX: it is open */
	} * notices;
};

/* From any set of facts of one case, in any order, as law_fold. */
void law_story_begin(struct law_story *s, const struct law_fact *facts, size_t n);
void law_story_end(struct law_story *s);

/* Was this problem notice open until `told[at]`, and is not any more? */
bool law_story_closes(const struct law_story *s, size_t at, uint32_t notice);

#endif
