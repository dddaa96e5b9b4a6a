/* What a message says, as blocks of a letter: the sections and fields of its form in their order, each with what the
 * instrument asks for it. */
#ifndef CY_LETTER_FILL_H
#define CY_LETTER_FILL_H

#include "form/form.h"
#include "letter/letter.h"

/* Add what is said: sections as headings of `level` (1 or 2). Nothing that was written is left out; what is mandatory
 * and empty is said to be missing, and what may be empty stands in one line below its section. */
void letter_content(struct letter *l, const struct form *f, unsigned level);

/* Add what stands around it in the message: number, case, ids. */
void letter_envelope(struct letter *l, const struct form *f, unsigned level);

/* An article by its number; what is none, such as "practice", says by itself what it is. */
const char *letter_article(struct letter *l, const char *text);

/* Add what is to be known of the words and articles of these forms: that they were not reviewed, not verified. */
void letter_caveats(struct letter *l, const struct form *const *forms, size_t n);

#endif
