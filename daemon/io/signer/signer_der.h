/* Is something that was received DER (X.690, 10 and 11), and not another encoding of the
 * same value? A reader of BER takes both; a signature that has many encodings can be
 * altered on its way, and two implementations may take it differently. */
#ifndef CY_IO_SIGNER_SIGNER_DER_H
#define CY_IO_SIGNER_SIGNER_DER_H

#include "base/bytes.h"

/* One value and nothing after it. What an OCTET STRING holds is not looked into. Two rules
 * need the schema and are the caller's, who encodes the value anew and compares: the order
 * of a SET OF, and a string under an implicit tag that is in pieces. */
bool signer_der_strict(struct cy_bytes data);

#endif
