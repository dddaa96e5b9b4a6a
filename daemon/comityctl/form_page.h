/* The page of a form: one HTML file that needs no server and reaches none. Its script, style and frame stand in
 * comityctl/form/, and are part of this program. */
#ifndef CY_COMITYCTL_FORM_PAGE_H
#define CY_COMITYCTL_FORM_PAGE_H

#include "form/form.h"

/* Write the page of an empty form. `form->atoms` are all differences that may have to be acknowledged. `draft` is the
 * text of a file that the page opens at once, as it opens one by hand; NULL: none. `notes` are shown before the form.
 * CY_ELIMIT beyond the buffer's maximum. */
int form_page(const struct form *form, const struct form_words *words, const char *draft, const char *const *notes,
	      size_t n_notes, struct cy_buf *out);

#endif
