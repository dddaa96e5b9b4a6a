/* Certificates, lists of revoked ones and TLS connections in one process, for tls_peers_test.c,
 * tls_work_test.c and crl_list_test.c. Files are in a directory of the test's own. */
#ifndef TLS_RIG_H
#define TLS_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "io/gate/tls_peers.h"

struct ca {
	X509 *cert;
	EVP_PKEY *key;
};

/* The file of that name in the directory. The text lives for some more calls. */
const char *rig_file(const char *name);
/* Makes the directory, and us.pem and us.key in it: our own certificate. */
void tls_rig_start(void);
void rig_end(void);

/* A CA and its file. `issuer` NULL: a root. */
struct ca rig_ca(const char *cn, const struct ca *issuer, const char *file);
void rig_ca_free(struct ca *ca);
/* A certificate for TLS, and for signatures, with these subjectAltNames, as openssl.cnf writes them. */
X509 *rig_leaf(const struct ca *ca, long serial, EVP_PKEY *key, const char *names);

/* A CRL. `made`: seconds from tls_rig_start(). `scope`: issuingDistributionPoint as openssl.cnf writes
 * it, NULL: none. */
struct crl_spec {
	const struct ca *ca;
	X509 *revoked; /* NULL: nobody is */
	int made;
	long number, delta_of; /* 0: none is stated */
	const char *scope;
};
/* `how`: "w" or "a", as of fopen(). */
void rig_crl(const struct crl_spec *spec, const char *file, const char *how);

/* A caller, and our side of it after the handshake, however that ended. */
struct call {
	SSL_CTX *ctx;
	SSL *caller, *us;
	struct tls_verdict verdict;
	int fds[2];
};
/* `chain`: one more certificate that is sent, or NULL. */
void call_start(struct call *c, struct tls_trust *trust, enum tls_lane lane, X509 *cert, EVP_PKEY *key, X509 *chain);
void call_end(struct call *c);

#endif
