/* What is refused, with all causes: rejections in the order in which they are looked for, and goodbyes. */
#include "node/core/goodbyes.h"
#include "node/peers/rejections.h"
#include "page.h"

static const char *named(const ProtobufCEnumDescriptor *d, int code, char cell[static PAGE_CELL])
{
	page_add(cell, "", "`%s`", protobuf_c_enum_descriptor_get_value(d, code)->name);
	return cell;
}

void page_refusals(void)
{
	page_begin("rejections", "code|cause");
	for (size_t i = 0; i < NODE_REJECTIONS_N; i++) {
		const struct node_rejected *r = &node_rejections[i];
		char code[PAGE_CELL] = "";

		page_row(2, (const char *[]){ named(&cy_rejection_code__descriptor, (int)r->code, code), r->words });
	}
	page_end();
	page_begin("goodbyes", "code|no.|cause");
	for (size_t i = 0; i < NODE_GOODBYES_N; i++) {
		const struct node_farewell *g = &node_goodbyes[i];
		char code[PAGE_CELL] = "", number[PAGE_CELL] = "";

		page_add(number, "", "%d", (int)g->code);
		page_row(3,
			 (const char *[]){ named(&cy_goodbye_code__descriptor, (int)g->code, code), number, g->words });
	}
	page_end();
}
