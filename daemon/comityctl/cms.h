/* Signatures as whoever trusts nobody here checks them: with the trust anchors of the authority that signed, and the
 * text (RFC 5652, detached; as `openssl cms -verify -purpose smimesign -cades -attime` does). */
#ifndef CY_COMITYCTL_CMS_H
#define CY_COMITYCTL_CMS_H

#include "base/bytes.h"
#include "base/error.h"
#include "base/sha256.h"
#include "base/time.h"

/* Trust anchors of one authority, and what its CAs have revoked. */
struct cms_anchors;

/* Reads certificates, and CRLs if there are any, from a PEM file. CY_OK, or CY_ECONFIG with the reason. */
int cms_anchors_load(const char *path, struct cms_anchors **ret_anchors, struct cy_error *e);
void cms_anchors_free(struct cms_anchors *a); /* NULL is allowed */

/* Did somebody whom these anchors vouch for sign this text at `made`? Each certificate of the chain was valid then, and
 * is on none of the CRLs as revoked by then. CY_OK with the SHA-256 of the signer's certificate (DER), or CY_ESIGN with
 * the reason. */
int cms_verify(const struct cms_anchors *a, struct cy_bytes text, struct cy_bytes signature, struct cy_wall made,
	       struct cy_digest *ret_signer, struct cy_error *e);

/* When the signer says that it was signed (signing-time, RFC 5652, 11.3); 0 where it does not say. */
struct cy_wall cms_signing_time(struct cy_bytes signature);

#endif
