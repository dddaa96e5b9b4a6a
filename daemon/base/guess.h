/* "Did you mean ...?": of the names that there are, the one that a person most
 * likely meant with a name that there is not. */
#ifndef CY_BASE_GUESS_H
#define CY_BASE_GUESS_H

#include <stddef.h>

#define CY_GUESS_SIZE   80u /* longer names are neither looked for nor suggested */
#define CY_GUESS_BEGINS 3u  /* letters that a beginning of a name has at least */

struct cy_guess {
	const char *given; /* what was written; borrowed */
	size_t wrong;      /* letters of it that `name` has otherwise */
	char name[CY_GUESS_SIZE];
};

/* Begin with a name that is not known; it outlives the guess. */
#define CY_GUESS(text) ((struct cy_guess){ .given = (text) })

/* Offer a name that there is. A letter that is wrong, missing, one too many, or
 * changed places with its neighbour counts once; capitals and '-' for '_' count
 * nothing; all that lacks where a name is cut short counts once. It is suggested when at most every fourth letter is
 * wrong, and fewer are than of those that were offered before. */
void cy_guess_offer(struct cy_guess *g, const char *name);

/* The end of a sentence: ": did you mean 'NAME'?" in `out`, or "." where no name is near. */
#define CY_GUESS_TEXT (CY_GUESS_SIZE + 20u)
const char *cy_guess_text(const struct cy_guess *g, char out[static CY_GUESS_TEXT]);

#endif
