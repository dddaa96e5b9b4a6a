/* Certificate revocation lists of one authority (RFC 5280, 5), as one PEM file holds
 * them: for TLS and for signatures alike.
 *
 * A file may hold lists of several CAs, and may still hold an old list beside the new
 * one. What counts is the newest of each issuer, key and scope (issuingDistributionPoint):
 * by its thisUpdate, and by its number when that is the same. A delta list is refused,
 * since it says only what has changed and would count as all that is revoked. */
#ifndef CY_IO_GATE_CRL_LIST_H
#define CY_IO_GATE_CRL_LIST_H

#include <openssl/x509.h>
#include <stdbool.h>

#include "base/error.h"
#include "base/time.h"

/* Read `path`, the CRL file of authority `id`, and keep what counts. Each list must be
 * signed by one of `anchors`, the CA certificates in the file `from`. CY_ECONFIG names
 * the file, what is wrong, and the remedy. */
int crl_list_read(const char *path, const char *id, const char *from, STACK_OF(X509) * anchors,
		  STACK_OF(X509_CRL) * list, struct cy_error *e);

/* When the first of them grows stale: the earliest nextUpdate; 0: none is stated. */
struct cy_wall crl_list_due(STACK_OF(X509_CRL) * list);

/* The chain of a verified certificate, as far as the anchors go: with partial chains OpenSSL
 * ends it at the first of them. To be freed with sk_X509_pop_free(.., X509_free). */
STACK_OF(X509) * crl_list_chain(X509_STORE_CTX *verified);

/* Does one of them revoke a certificate of the chain, be it that of a CA? */
bool crl_list_revokes(STACK_OF(X509_CRL) * list, STACK_OF(X509) * chain);

#endif
