/* Inclusion in a Merkle tree (RFC 9162, section 2.1.3; hashes as in RFC 6962,
 * section 2.1), and where the nodes of an audit path are in a tree that is stored level by
 * level. Pure.
 *
 * In storage level 0 holds the hashes of the leaves; a node of the next level is the
 * hash of two, or the last one again where it has no sibling. The last level has one
 * node: the root. */
#ifndef CY_AUDIT_TREE_H
#define CY_AUDIT_TREE_H

#include <stdbool.h>

#include "base/sha256.h"

#define AUDIT_LEVELS_MAX 64

/* SHA-256(0x01 || left || right). */
struct cy_digest audit_node(const struct cy_digest *left, const struct cy_digest *right);

/* Nodes of a level of a tree with so many leaves; 0: there is no such level. */
uint64_t audit_level(uint64_t leaves, unsigned level);

/* Positions of the audit path of a leaf, lowest first; returns how many. */
struct audit_position {
	unsigned level;
	uint64_t index;
};
size_t audit_path(uint64_t leaf, uint64_t leaves, struct audit_position out[static AUDIT_LEVELS_MAX]);

/* Does the path lead from the leaf to the root? */
bool audit_included(const struct cy_digest *leaf, uint64_t index, uint64_t leaves, const struct cy_digest *path,
		    size_t n_path, const struct cy_digest *root);

#endif
