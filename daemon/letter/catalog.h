/* What Cairo does not say of a PDF, put into its catalog by an update at the end of the file (PDF 1.4, 3.4.5): the
 * language, that the text is tagged, and that its title is to be shown. Private to letter/. */
#ifndef CY_LETTER_CATALOG_H
#define CY_LETTER_CATALOG_H

#include "base/bytes.h"

/* `file` is what Cairo has written, `language` such as en. CY_EPARSE: it is set up in another way, as Cairo 1.18 does,
 * and stays as it is. CY_ELIMIT: there is no room for more. */
int catalog_say(struct cy_buf *file, const char *language);

#endif
