/* Pinned signing certificates of one authority, and the check of a detached
 * CAdES-BES signature (RFC 5652, RFC 5126 5.1, RFC 5035) against them.
 *
 * Everything that does not depend on the signature is decided once, at load:
 * that each pinned certificate chains to the authority's own anchors for the
 * purpose of signing, from when to when, and whether the authority's CRL names
 * it. A check then costs one CMS decode and one ECDSA verification. */
#ifndef CY_IO_SIGNER_SIGNER_PIN_H
#define CY_IO_SIGNER_SIGNER_PIN_H

#include <openssl/x509.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/time.h"

struct signer_pins;

/* The files to load; paths are PEM files. */
struct signer_pin_source {
	const char *id;      /* authority id */
	const char *anchors; /* CA certificates; NULL: the pins stand for themselves */
	const char *crl;     /* certificate revocation lists of these CAs (crl_list.h), or NULL */
	const char *bundle;  /* pinned signing certificates, or NULL */
	X509 *also;          /* one more pinned certificate, the first of them, or NULL; not consumed */
	bool own;            /* they are ours: a revoked one counts for what it has signed */
};

/* CY_ECONFIG with a sentence that names the file and the remedy: a file that
 * cannot be read, a certificate without chain to the anchors, a key that is not
 * EC P-256 or P-384, a CRL that no anchor has signed or that is a delta CRL, no certificate at all.
 * A pin that has expired or is revoked is no error here. */
int signer_pins_new(const struct signer_pin_source *source, struct signer_pins **ret_pins, struct cy_error *e);
/* One reference more; free() gives one back. Not for several threads. */
struct signer_pins *signer_pins_ref(struct signer_pins *p);
void signer_pins_free(struct signer_pins *p);

const char *signer_pins_id(const struct signer_pins *p);

/* Is `signature` (DER) made over `text` by one of the pinned certificates, which
 * was valid at `made` and is not revoked? CY_ESIGN with the reason otherwise. */
int signer_pins_verify(const struct signer_pins *p, struct cy_bytes text, struct cy_bytes signature,
		       struct cy_wall made, struct cy_error *e);

/* May the first of the pinned certificates sign at `at`: is its whole chain valid then,
 * and not revoked? CY_ESIGN with what is wrong, or CY_EAGAIN before it is valid; without
 * the remedy. */
int signer_pins_may_sign(const struct signer_pins *p, struct cy_wall at, struct cy_error *e);

/* Does any of them count at `now`: within its validity and that of its chain, and not revoked?
 * CY_ESIGN otherwise, without the remedy. */
int signer_pins_current(const struct signer_pins *p, struct cy_wall now, struct cy_error *e);

/* Is the pinned certificate of this signature valid at `made` and not revoked? CY_ESIGN
 * otherwise. CY_OK also where it is none of these, or no signature: only what is known is
 * judged. The signature itself is not checked. *ret_present, also on failure: it is of the first
 * of the pinned certificates. */
int signer_pins_stand(const struct signer_pins *p, struct cy_bytes signature, struct cy_wall made, bool *ret_present,
		      struct cy_error *e);

/* When a newer CRL than that of the source is due; 0: there is none, or it does not say. `ret_file`, which may be NULL:
 * the CRL's file, or NULL; valid as long as the pins. */
struct cy_wall signer_pins_crl_due(const struct signer_pins *p, const char **ret_file);

/* The digest that goes with an EC key: SHA-256 for P-256, SHA-384 for P-384;
 * NULL for any other key. */
const EVP_MD *signer_key_digest(const EVP_PKEY *key);

/* Milliseconds of an ASN.1 time. */
struct cy_wall signer_time(const ASN1_TIME *t);

/* OpenSSL's own word for what went wrong last; clears the error queue. The text
 * is static, never NULL. */
const char *signer_reason(void);

#endif
