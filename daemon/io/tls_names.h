/* Expected names of a peer's TLS certificate: "dns:NAME", "ip:ADDRESS" or
 * "uri:URI", compared with its subjectAltNames (RFC 5280, 4.2.1.6). The subject
 * counts for nothing, and nothing is a pattern: neither wildcards in the
 * certificate nor anything in the expected name. */
#ifndef CY_IO_TLS_NAMES_H
#define CY_IO_TLS_NAMES_H

#include <openssl/x509.h>
#include <stdbool.h>

/* Has it one of the three forms? */
bool tls_name_valid(const char *expected);

/* Does the certificate have this name? DNS names without regard to case (RFC
 * 4343), addresses and URIs byte for byte. False for one that is not valid. */
bool tls_name_matches(const char *expected, X509 *certificate);

#endif
