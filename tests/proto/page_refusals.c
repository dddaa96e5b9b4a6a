/* What is refused: the causes of rejections, in the order in which they are looked for. */
#include "node/rejections.h"
#include "page.h"

void page_refusals(void)
{
	page_begin("rejections", "code|cause");
	for (size_t i = 0; i < NODE_REJECTIONS_N; i++) {
		const struct node_rejected *r = &node_rejections[i];
		const ProtobufCEnumValue *v =
			protobuf_c_enum_descriptor_get_value(&cy_rejection_code__descriptor, (int)r->code);
		char code[PAGE_CELL] = "";

		page_add(code, "", "`%s`", v->name);
		page_row(2, (const char *[]){ code, r->words });
	}
	page_end();
}
