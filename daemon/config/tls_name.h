/* The form of an expected name of a peer's TLS certificate, as the configuration gives it:
 * "dns:NAME", "ip:ADDRESS" or "uri:URI". What of a certificate has such a name:
 * io/gate/tls_names.h. */
#ifndef CY_CONFIG_TLS_NAME_H
#define CY_CONFIG_TLS_NAME_H

#include <stdbool.h>

/* True if `expected` has one of the three forms. */
bool tls_name_valid(const char *expected);

#endif
