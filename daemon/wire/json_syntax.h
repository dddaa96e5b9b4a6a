/* Messages about a text that is not JSON, for the person who wrote it. */
#ifndef CY_WIRE_JSON_SYNTAX_H
#define CY_WIRE_JSON_SYNTAX_H

#include <jansson.h>

#include "base/bytes.h"
#include "base/error.h"

/* By what jansson has found: the line where the fault begins, which is where a comma or a quote is missing and not
 * where that was noticed; what is expected there; where the object or list begins that is not closed. jansson's own
 * sentence quotes the document, which may hold personal data, and is not repeated. CY_EPARSE, CY_ELIMIT or CY_ENOMEM.
 */
int wire_json_syntax(struct cy_bytes text, const json_error_t *found, struct cy_error *e);

#endif
