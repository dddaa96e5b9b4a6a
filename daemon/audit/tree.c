#include "audit/tree.h"

struct cy_digest audit_node(const struct cy_digest *left, const struct cy_digest *right)
{
	static const uint8_t prefix = 1;
	struct cy_bytes pieces[] = { cy_bytes(&prefix, 1), cy_bytes(left->b, CY_SHA256_LEN),
				     cy_bytes(right->b, CY_SHA256_LEN) };

	return cy_sha256v(pieces, 3);
}

uint64_t audit_level(uint64_t leaves, unsigned level)
{
	for (; level > 0; level--) {
		if (leaves <= 1)
			return 0;
		leaves = leaves / 2 + leaves % 2;
	}
	return leaves;
}

size_t audit_path(uint64_t leaf, uint64_t leaves, struct audit_position out[static AUDIT_LEVELS_MAX])
{
	uint64_t nodes = leaves, index = leaf;
	size_t n = 0;

	for (unsigned level = 0; nodes > 1; level++) {
		/* The last one of a level may have no sibling. */
		if ((index ^ 1) < nodes)
			out[n++] = (struct audit_position){ .level = level, .index = index ^ 1 };
		index /= 2;
		nodes = nodes / 2 + nodes % 2;
	}
	return n;
}

bool audit_included(const struct cy_digest *leaf, uint64_t index, uint64_t leaves, const struct cy_digest *path,
		    size_t n_path, const struct cy_digest *root)
{
	struct cy_digest d = *leaf;
	uint64_t nodes = leaves;
	size_t used = 0;

	if (index >= leaves)
		return false;
	for (; nodes > 1; index /= 2, nodes = nodes / 2 + nodes % 2) {
		if ((index ^ 1) >= nodes)
			continue;
		if (used == n_path)
			return false;
		d = index % 2 == 1 ? audit_node(&path[used], &d) : audit_node(&d, &path[used]);
		used++;
	}
	return used == n_path && cy_digest_equal(&d, root);
}
