/* The stories that story_test.c tells, a table for each instrument (story_tables.c). */
#ifndef TESTS_UNIT_STORY_H
#define TESTS_UNIT_STORY_H

#include <stdbool.h>
#include <stddef.h>

#include "node/node.h"

/* Something that one side says, at ten o'clock there. */
struct step {
	const char *date;  /* NULL: the story ends before it */
	bool asked;        /* the requested side says it */
	const char *words; /* behind the name of the authority */
	/* Content as JSON, with ' for " and @ for the number of the last problem notice, # for the instant; of the
	 * first step, and of a request that follows, the measures. NULL: nothing is said, and both look what is late.
	 */
	const char *json;
};

struct story {
	const char *id;       /* of the instrument */
	const char *names[2]; /* who asks, who is asked */
	struct node_place places[2];
	const char *urgency; /* JSON of the request; "" : it is not urgent */
	struct step steps[20];
};

extern const struct story stories[];
extern const size_t stories_n;

#endif
