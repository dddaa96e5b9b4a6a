#include "audit/log.h"

#include <string.h>

#include "audit/tree.h"
#include "base/error.h"

struct cy_digest audit_leaf(struct cy_bytes data)
{
	static const uint8_t prefix = 0;
	struct cy_bytes pieces[] = { cy_bytes(&prefix, 1), data };

	return cy_sha256v(pieces, 2);
}

void audit_append(struct audit_log *log, const struct cy_digest *leaf)
{
	struct cy_digest d = *leaf;
	unsigned i = 0;

	/* Like adding one in binary: each carry joins two trees of equal size. */
	for (; log->size >> i & 1; i++)
		d = audit_node(&log->node[i], &d);
	log->node[i] = d;
	log->size++;
}

struct cy_digest audit_root(const struct audit_log *log)
{
	struct cy_digest d = cy_sha256(cy_bytes("", 0));
	bool first = true;

	for (unsigned i = 0; i < 64; i++) {
		if (!(log->size >> i & 1))
			continue;
		d = first ? log->node[i] : audit_node(&log->node[i], &d);
		first = false;
	}
	return d;
}

size_t audit_encode(const struct audit_log *log, uint8_t out[static 64 * CY_SHA256_LEN])
{
	size_t len = 0;

	for (unsigned i = 0; i < 64; i++) {
		if (!(log->size >> i & 1))
			continue;
		memcpy(out + len, log->node[i].b, CY_SHA256_LEN);
		len += CY_SHA256_LEN;
	}
	return len;
}

int audit_decode(uint64_t size, struct cy_bytes frontier, struct audit_log *ret_log)
{
	struct audit_log log = { .size = size };
	size_t at = 0;

	if (frontier.len != (size_t)__builtin_popcountll(size) * CY_SHA256_LEN)
		return CY_EPARSE;
	for (unsigned i = 0; i < 64; i++) {
		if (!(size >> i & 1))
			continue;
		memcpy(log.node[i].b, frontier.data + at, CY_SHA256_LEN);
		at += CY_SHA256_LEN;
	}
	*ret_log = log;
	return CY_OK;
}
