/* A message in words, from the model of its form: for people who read what came in. */
#ifndef CY_COMITYCTL_PROSE_H
#define CY_COMITYCTL_PROSE_H

#include "form/form.h"

/* Print what is filled: sections, labels and values, an indent for each part. What stands around the content is left
 * out but for the author's reference and the priority: whoever prints a message has shown the rest of it. */
void prose_print(const struct form *f, const struct form_words *w);

#endif
