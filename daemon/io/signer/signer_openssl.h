/* The signer port by OpenSSL: detached CAdES-BES CMS signatures (RFC 5652) with
 * an EC key, made by one worker thread, and checked against pinned certificates
 * (see signer_pin.h) on the caller's thread.
 *
 * All functions are called from the main thread; the worker only signs. */
#ifndef CY_IO_SIGNER_SIGNER_OPENSSL_H
#define CY_IO_SIGNER_SIGNER_OPENSSL_H

#include "port/ports.h"
#include "wire/asic.h"

/* Texts that wait or whose result has not been fetched; beyond it sign() says
 * CY_EAGAIN. */
#define SIGNER_QUEUE_MAX 1024u

struct signer_peer {
	const char *id;      /* authority id */
	const char *anchors; /* its CA certificates, PEM */
	const char *crl;     /* its CRL, PEM, or NULL */
	const char *signing; /* its pinned signing certificates, PEM */
	/* Not NULL: files of this peer that cannot be used are no error of the whole. The reason
	 * is put here, and the pins of `before` stay, or nothing counts that it signs. With a
	 * reason here already they are not read. */
	struct cy_error *fault;
};

struct signer_openssl;

/* Nothing of it is kept after the call. */
struct signer_config {
	const char *id;          /* own authority id */
	const char *key;         /* OSSL_STORE URI (file:, pkcs11:) or path; NULL: for signer_prepare(), as a check */
	const char *certificate; /* of that key, PEM */
	const char *own_bundle;  /* older own signing certificates, PEM, or NULL */
	const char *own_anchors; /* own CA, PEM, or NULL */
	const char *own_crl;     /* of that CA, PEM, or NULL */
	const struct signer_peer *peers;
	size_t n_peers;
	struct cy_wall now;                  /* to refuse a certificate of our own that is not valid now */
	bool any_time;                       /* it is taken all the same, and nothing is signed with it */
	bool threaded;                       /* false: signer_openssl_dispatch() signs by itself */
	const struct signer_openssl *before; /* what was in force; NULL: nothing */
	struct cy_error *own_fault;          /* as for a peer, of our own files; only with `before` */
};

#define SIGNER_TEXT_MAX ASIC_MANIFEST_MAX /* bytes that are signed at once: the longest text is that of a container */

/* A result: CY_OK with the DER signature, which is valid during the call only,
 * or CY_ESIGN or CY_ENOMEM and no bytes. May call sign() again. */
typedef void (*signer_signed_cb)(void *ctx, uint64_t ticket, int code, struct cy_bytes signature);

/* CY_ECONFIG with a sentence that names the file (e->field) and the remedy.
 * `ret_port` then works until signer_openssl_free(). sign() gives CY_EAGAIN when
 * the queue is full and CY_ELIMIT for a text over SIGNER_TEXT_MAX; the callback
 * then does not come. */
int signer_openssl_new(const struct signer_config *config, signer_signed_cb cb, void *ctx,
		       struct signer_openssl **ret_signer, struct signer_port *ret_port, struct cy_error *e);
/* Texts that still wait are dropped without a callback. NULL is allowed. */
void signer_openssl_free(struct signer_openssl *s);

/* Take another key, other peers and their files in two steps: prepare() reads them
 * and may fail as signer_openssl_new() does, with all that was loaded before in force;
 * apply() takes the material over. What waits to be signed is signed with the key of
 * its time. */
struct signer_material;
int signer_prepare(const struct signer_config *config, struct signer_material **ret_material, struct cy_error *e);
void signer_openssl_apply(struct signer_openssl *s, struct signer_material *m);
void signer_material_free(struct signer_material *m); /* NULL is allowed */

/* Readable when results wait; then call dispatch. Owned by the signer. */
int signer_openssl_fd(const struct signer_openssl *s);
void signer_openssl_dispatch(struct signer_openssl *s);

/* When the own signing certificate expires: for an alarm in time. */
struct cy_wall signer_openssl_expiry(const struct signer_openssl *s);
/* When a newer CRL of our own CA is due; 0: none is given, or it does not say. `ret_file`, which may be NULL: the file
 * that was read, which is another one than the configuration names where that could not be used; valid as long as the
 * material. */
struct cy_wall signer_openssl_crl_due(const struct signer_openssl *s, const char **ret_file);
struct cy_wall signer_material_crl_due(const struct signer_material *m, const char **ret_file);

#endif
