#include "node/goodbyes.h"

const struct node_farewell node_goodbyes[NODE_GOODBYES_N] = {
#define X(name, code, words) { CY_GOODBYE_CODE__##code, words },
	NODE_GOODBYES(X)
#undef X
};
