#include <string.h>

#include "fuzz.h"
#include "wire/json.h"
#include "wire/message.h"

#define TEXT_MAX (32u * 1024u * 1024u)

static void same_again(const ProtobufCMessage *m, const struct cy_buf *packed, size_t max)
{
	ProtobufCMessage *again = NULL;
	struct cy_buf out = CY_BUF(TEXT_MAX);
	struct cy_error e = { 0 };

	/* A number of an enum that is negative takes ten bytes where the sender took five. */
	if (packed->len > max)
		return;
	CY_ASSERT(wire_unpack(m->descriptor, cy_buf_view(packed), max, &again, &e) == CY_OK);
	CY_ASSERT(wire_pack(again, &out) == CY_OK);
	CY_ASSERT(cy_bytes_equal(cy_buf_view(packed), cy_buf_view(&out)));
	cy_buf_free(&out);
	protobuf_c_message_free_unpacked(again, NULL);
}

/* JSON does not show what the schema does not know; all else comes back. */
static void same_as_text(const ProtobufCMessage *m, size_t max)
{
	ProtobufCMessage *again = NULL;
	struct cy_buf text = CY_BUF(TEXT_MAX), out = CY_BUF(TEXT_MAX);
	struct cy_error e = { 0 };
	int r;

	CY_ASSERT(wire_json_print(m, 0, &text) == CY_OK);
	r = wire_json_parse(m->descriptor, cy_buf_view(&text), &again, &e);
	CY_ASSERT(r == CY_OK);
	CY_ASSERT(wire_json_print(again, 0, &out) == CY_OK);
	CY_ASSERT(cy_bytes_equal(cy_buf_view(&text), cy_buf_view(&out)));
	cy_buf_free(&out);
	CY_ASSERT(wire_pack(again, &out) == CY_OK);
	same_again(again, &out, max);
	cy_buf_free(&out);
	cy_buf_free(&text);
	protobuf_c_message_free_unpacked(again, NULL);
}

void fuzz_round_trip(const ProtobufCMessage *m, size_t max)
{
	struct cy_buf packed = CY_BUF(TEXT_MAX);

	CY_ASSERT(wire_pack(m, &packed) == CY_OK);
	same_again(m, &packed, max);
	same_as_text(m, max);
	cy_buf_free(&packed);
}
