/* The append-only audit log as a Merkle tree (RFC 6962, section 2.1, SHA-256).
 * Only the frontier is kept in memory: the roots of the perfect subtrees, one
 * for each bit set in the size. Pure. */
#ifndef CY_AUDIT_LOG_H
#define CY_AUDIT_LOG_H

#include "base/sha256.h"

struct audit_log {
	uint64_t size;             /* leaves */
	struct cy_digest node[64]; /* node[i] counts when bit i of size is set: root of 2^i leaves */
};

/* Hash of a leaf: SHA-256(0x00 || data). */
struct cy_digest audit_leaf(struct cy_bytes data);

void audit_append(struct audit_log *log, const struct cy_digest *leaf);

/* Root of the whole log; SHA-256 of nothing when it is empty. */
struct cy_digest audit_root(const struct audit_log *log);

/* The frontier as bytes for the store, lowest bit first, and back; CY_EPARSE if
 * the length does not fit the size. `out` holds 64 digests. */
size_t audit_encode(const struct audit_log *log, uint8_t out[static 64 * CY_SHA256_LEN]);
int audit_decode(uint64_t size, struct cy_bytes frontier, struct audit_log *ret_log);

#endif
