#include "node/peers/rejections.h"

#include "base/limits.h"
#include "node/peers/parcels.h"

_Static_assert(CY_REFERENCE_MAX == 128u, "the words for a reference that is too long say 128");
_Static_assert(CY_NUMBER_MAX == 1048576u, "the words for a number that is too high say 1048576");

const struct node_rejected node_rejections[NODE_REJECTIONS_N] = {
#define X(name, code, words) { CY_REJECTION_CODE__##code, words },
	NODE_REJECTIONS(X)
#undef X
};
