/* Base64 (RFC 4648, sections 4 and 5). */
#ifndef CY_WIRE_BASE64_H
#define CY_WIRE_BASE64_H

#include "base/bytes.h"
#include "base/error.h"

/* Append the standard alphabet's form, padded. */
int wire_base64(struct cy_bytes data, struct cy_buf *out);

/* Append the bytes that `text` stands for. Both alphabets, with up to two
 * padding characters or none; nothing else between or behind: CY_EPARSE. */
int wire_unbase64(struct cy_bytes text, struct cy_buf *out);

#endif
