/* Peers that cannot be told from each other, or from this authority. */
#ifndef CY_CONFIG_CONFIG_DISTINCT_H
#define CY_CONFIG_CONFIG_DISTINCT_H

#include "config/config_confuse.h"

/* A problem, with both sections and their lines, for each peer
 *
 *  - that pins a signing certificate which another peer, or this authority, has too, under an anchor
 *    in common: what it signs would count for both;
 *  - that expects a name under an anchor which another peer expects under the same anchor: one TLS
 *    certificate would be both, and the gate refuses a caller who could be two (tls_peers.h).
 *
 * Files that cannot be read, or hold no certificate, are told elsewhere. */
void config_distinct(const struct config *c, struct config_problems *out);

#endif
