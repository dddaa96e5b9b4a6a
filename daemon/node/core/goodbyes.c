#include "node/core/goodbyes.h"

#include "node/core/core.h"

_Static_assert(NODE_SESSION_INPUTS_MAX == 32u, "the words for too many frames say 32");

const struct node_farewell node_goodbyes[NODE_GOODBYES_N] = {
#define X(name, code, words) { CY_GOODBYE_CODE__##code, words },
	NODE_GOODBYES(X)
#undef X
};

CyGoodbye node_goodbye(enum node_goodbye bye, const char *more)
{
	CyGoodbye g = CY_GOODBYE__INIT;

	g.code = node_goodbyes[bye].code;
	g.text = (char *)(more != NULL ? more : node_goodbyes[bye].words);
	return g;
}

const char *node_goodbye_name(CyGoodbyeCode code)
{
	const ProtobufCEnumValue *v = protobuf_c_enum_descriptor_get_value(&cy_goodbye_code__descriptor, (int)code);

	return v != NULL ? v->name : "without a known reason";
}
