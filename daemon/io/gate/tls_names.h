/* Expected names of peers' TLS certificates (their forms: config/tls_name.h), compared with
 * subjectAltNames (RFC 5280, 4.2.1.6). The subject counts for nothing, and nothing is a
 * pattern: neither wildcards in the certificate nor anything in the expected name.
 *
 * The names of all peers stand in one sorted set, so that a certificate is decoded once
 * and each of its names looked up once, however many peers there are: whoever calls
 * chooses how many names it has. */
#ifndef CY_IO_GATE_TLS_NAMES_H
#define CY_IO_GATE_TLS_NAMES_H

#include <openssl/x509.h>
#include <stdbool.h>
#include <stddef.h>

struct tls_names;

struct tls_names *tls_names_new(void);
void tls_names_free(struct tls_names *names); /* NULL is allowed */
/* One more expected name, a valid one, of a peer with this number. */
void tls_names_add(struct tls_names *names, const char *expected, size_t peer);
/* After the last one. */
void tls_names_sort(struct tls_names *names);

/* Does the certificate have a name of this peer? DNS names without regard to case (RFC
 * 4343), addresses and URIs byte for byte. */
bool tls_names_match(const struct tls_names *names, X509 *certificate, size_t peer);
/* The peers of which the certificate has a name, in the order of their numbers, and how
 * many there are: `max` + 1 stands for more than `max`. */
size_t tls_names_peers(const struct tls_names *names, X509 *certificate, size_t *ret_peers, size_t max);

#endif
