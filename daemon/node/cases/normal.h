/* Unicode's normal forms of references (Unicode Standard Annex #15). One program
 * writes é as one character, another as e with an accent behind it, and nobody sees
 * the difference: what is typed in one form names what is stored in the other. */
#ifndef CY_NODE_CASES_NORMAL_H
#define CY_NODE_CASES_NORMAL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/limits.h"

/* Of a character no form has more than three times the bytes (of UTF-8) of another. */
#define NORMAL_SIZE (3 * CY_REFERENCE_MAX + 1)

struct normal_forms {
	const char *form[3]; /* as given, then composed and decomposed (NFC, NFD) where these differ */
	size_t n;
	char room[2][NORMAL_SIZE];
};

/* `text`, which is borrowed, alone, where it is longer than a reference or no UTF-8. */
void normal_forms(const char *text, struct normal_forms *ret);

/* Do both show the same? */
bool normal_equal(const char *a, const char *b);

#endif
