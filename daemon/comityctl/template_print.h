/* A form as JSON with a comment for each line, for people to fill in with an editor. What is to be filled in says FILL
 * IN, or has an empty instant, for which no text can stand; a text that is usual and may stay empty is empty. What may
 * stay empty is commented out, with its comma, so that commas are right either way. */
#ifndef CY_COMITYCTL_TEMPLATE_PRINT_H
#define CY_COMITYCTL_TEMPLATE_PRINT_H

#include "base/bytes.h"
#include "form/form.h"

/* Append it. The form is for a Submission; what stands in it already is kept. */
void template_print(const struct form *f, const struct form_words *w, struct cy_buf *out);

/* Append the fields of what is said, for people who set them one by one (`comityctl send --set`): each with its name in
 * JSON, what it holds, and the words of the form. */
void template_fields(const struct form *f, const struct form_words *w, struct cy_buf *out);

#endif
