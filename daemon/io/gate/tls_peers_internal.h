/* Inside the trust: tls_peers.c (loading, lanes, connections), tls_verify.c (who a
 * certificate is), tls_work.c (how much the other side may have TLS do). */
#ifndef CY_IO_GATE_TLS_PEERS_INTERNAL_H
#define CY_IO_GATE_TLS_PEERS_INTERNAL_H

#include <stdatomic.h>

#include "io/gate/tls_peers.h"

#define TLS_SECURITY_LEVEL 2 /* 112 bits: RSA from 2048, P-256; SHA-1 is out */

struct peer_trust {
	char *id;
	X509_STORE *store;
	STACK_OF(X509_CRL) * crls; /* the newest of each issuer and scope; they are in the store too */
	bool crl;
	int64_t crl_grace_s, crl_max_age_s;
	int64_t crl_made; /* thisUpdate of the oldest one; seconds since 1970 */
	int64_t crl_next; /* the earliest nextUpdate; 0: none is stated */
	bool configured;  /* false: the slot of a former peer */
};

struct tls_trust {
	atomic_uint refs;
	SSL_CTX *accept, *dial;
	struct peer_trust *peers;
	size_t n_peers;
	struct tls_names *names; /* that are expected of them all */
};

/* Seconds since 1970; 0 for a time that is missing or cannot be read. */
int64_t tls_seconds(const ASN1_TIME *t);

/* For SSL_CTX_set_cert_verify_callback(): the app data is the verdict that it fills in. */
int tls_on_certificate(X509_STORE_CTX *outer, void *arg);

/* For SSL_CTX_set_msg_callback(): counts into the verdict that is the app data, and ends
 * the reading at a limit (tls_work.c). */
void tls_on_message(int sent, int version, int type, const void *data, size_t len, SSL *ssl, void *arg);

#endif
