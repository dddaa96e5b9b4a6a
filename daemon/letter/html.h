/* A letter as one page of HTML: no script, nothing from elsewhere, and rules for printing. */
#ifndef CY_LETTER_HTML_H
#define CY_LETTER_HTML_H

#include "base/bytes.h"
#include "letter/letter.h"

/* CY_ELIMIT: it does not fit into `out`. */
int letter_html(const struct letter *l, struct cy_buf *out);

#endif
