/* Inclusion and consistency proofs of a Merkle tree (RFC 9162, sections 2.1.3 and 2.1.4; hashes and proofs are those of
 * RFC 6962, section 2.1): checking a proof, and where the nodes of a proof are in a tree that is stored level by level.
 * Pure.
 *
 * In storage level 0 holds the hashes of the leaves; a node of the next level is the
 * hash of two, or the last one again where it has no sibling. The last level has one
 * node: the root. */
#ifndef CY_AUDIT_TREE_H
#define CY_AUDIT_TREE_H

#include <stdbool.h>

#include "base/sha256.h"

#define AUDIT_LEVELS_MAX      64
#define AUDIT_CONSISTENCY_MAX 65 /* nodes of a consistency proof: a subtree, and its path */

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

/* Positions of the nodes that prove a tree of `old` leaves to be the beginning of this one, in the order of RFC 6962,
 * section 2.1.2; returns how many. There are none where the sizes are equal, or where `old` is 0 or more than `leaves`:
 * of an empty tree there is nothing to prove. */
size_t audit_consistency(uint64_t old, uint64_t leaves, struct audit_position out[static AUDIT_CONSISTENCY_MAX]);

/* Does the path lead from the leaf to the root? */
bool audit_included(const struct cy_digest *leaf, uint64_t index, uint64_t leaves, const struct cy_digest *path,
		    size_t n_path, const struct cy_digest *root);

/* Does the proof show that the tree of `old` leaves with `old_root` is the beginning of the tree of `leaves` leaves
 * with `root`? False also for an empty old tree, which is the beginning of every tree without any proof. */
bool audit_consistent(uint64_t old, const struct cy_digest *old_root, uint64_t leaves, const struct cy_digest *root,
		      const struct cy_digest *proof, size_t n_proof);

#endif
