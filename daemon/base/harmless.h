/* Texts of others made harmless for whoever shows them. */
#ifndef CY_BASE_HARMLESS_H
#define CY_BASE_HARMLESS_H

#include "base/bytes.h"

/* One character of well-formed UTF-8, and how many bytes it has; 0 when the bytes are none. */
size_t cy_utf8_char(const uint8_t *s, size_t len, uint32_t *ret);

/* Could it move the cursor, or make a line read otherwise than it is? Control characters, and marks that turn the
 * direction of writing or are not seen. */
bool cy_harmful(uint32_t c);

/* Append the text; such characters stand as \x1b and \u{202e}, bytes that are no UTF-8 as \xff, and the end of a line
 * as \n unless `lines` keeps it. *ret_marked (may be NULL): something was replaced. */
int cy_harmless(struct cy_buf *b, const char *text, size_t len, bool lines, bool *ret_marked);

#endif
