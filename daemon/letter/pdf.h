/* A letter as PDF by Pango and Cairo: A4, with outline, description, tags for screen readers as far as Cairo has them,
 * and every font in the file, of which it holds the characters that occur. */
#ifndef CY_LETTER_PDF_H
#define CY_LETTER_PDF_H

#include "base/bytes.h"
#include "letter/letter.h"

/* CY_ENOENT: no font of this machine has a character of the letter; the sentence names the script and a package of
 * Debian. CY_ELIMIT: the file does not fit into `out`. `ret_pages` (may be NULL): how many pages there are. */
int letter_pdf(const struct letter *l, struct cy_buf *out, unsigned *ret_pages, struct cy_error *e);

#endif
