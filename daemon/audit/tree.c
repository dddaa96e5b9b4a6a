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

/* The path of a node of a level to the root. */
static size_t path_from(struct audit_position at, uint64_t leaves, struct audit_position out[static AUDIT_LEVELS_MAX])
{
	uint64_t nodes = audit_level(leaves, at.level);
	size_t n = 0;

	for (; nodes > 1; at.level++) {
		/* The last one of a level may have no sibling. */
		if ((at.index ^ 1) < nodes)
			out[n++] = (struct audit_position){ .level = at.level, .index = at.index ^ 1 };
		at.index /= 2;
		nodes = nodes / 2 + nodes % 2;
	}
	return n;
}

size_t audit_path(uint64_t leaf, uint64_t leaves, struct audit_position out[static AUDIT_LEVELS_MAX])
{
	return path_from((struct audit_position){ .index = leaf }, leaves, out);
}

/* The largest perfect subtree at the end of a tree that is not empty: it is a node of every tree that continues this
 * one, and a consistency proof begins there. */
static struct audit_position last_subtree(uint64_t leaves)
{
	const unsigned level = (unsigned)__builtin_ctzll(leaves);

	return (struct audit_position){ .level = level, .index = (leaves >> level) - 1 };
}

size_t audit_consistency(uint64_t old, uint64_t leaves, struct audit_position out[static AUDIT_CONSISTENCY_MAX])
{
	size_t n = 0;

	if (old == 0 || old >= leaves)
		return 0;
	/* A subtree that is the whole old tree has the old root, which the verifier knows. */
	if (last_subtree(old).index > 0)
		out[n++] = last_subtree(old);
	return n + path_from(last_subtree(old), leaves, out + n);
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

bool audit_consistent(uint64_t old, const struct cy_digest *old_root, uint64_t leaves, const struct cy_digest *root,
		      const struct cy_digest *proof, size_t n_proof)
{
	struct audit_position at;
	struct cy_digest before = *old_root, after;
	uint64_t nodes;
	size_t used = 0;

	if (old == 0 || old > leaves)
		return false;
	if (old == leaves)
		return n_proof == 0 && cy_digest_equal(old_root, root);
	at = last_subtree(old);
	nodes = audit_level(leaves, at.level);
	if (at.index > 0) {
		if (n_proof == 0)
			return false;
		before = proof[used++];
	}
	after = before;
	for (; nodes > 1; at.index /= 2, nodes = nodes / 2 + nodes % 2) {
		if ((at.index ^ 1) >= nodes)
			continue;
		if (used == n_proof)
			return false;
		if (at.index % 2 == 1) { /* what stands to the left is in both trees */
			before = audit_node(&proof[used], &before);
			after = audit_node(&proof[used], &after);
		} else {
			after = audit_node(&after, &proof[used]);
		}
		used++;
	}
	return used == n_proof && cy_digest_equal(&before, old_root) && cy_digest_equal(&after, root);
}
