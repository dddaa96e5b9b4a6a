/* The one certificate that a signature encloses, and the signature without it.
 *
 * OpenSSL reads every enclosed certificate and its public key, which costs more than the
 * check of the signature does. Where the certificate's bytes are those of one that is known
 * already, it need not be read: what is left is the same CMS SignedData (RFC 5652, 5.1)
 * without its field `certificates`, which no signature covers. */
#ifndef CY_IO_SIGNER_SIGNER_CMS_H
#define CY_IO_SIGNER_SIGNER_CMS_H

#include "base/bytes.h"
#include "base/limits.h"

/* Take the field `certificates` out of the SignedData `der`, which is DER (signer_der_strict()) of
 * at most CY_SIGNATURE_MAX bytes. Returns true if the field is there and has one value:
 * *ret_certificate is that value, within `der`, and *ret_bare is the rest, in `out`. Returns false
 * if `der` is anything else. */
bool signer_cms_bare(struct cy_bytes der, uint8_t out[static CY_SIGNATURE_MAX], struct cy_bytes *ret_certificate,
		     struct cy_bytes *ret_bare);

#endif
