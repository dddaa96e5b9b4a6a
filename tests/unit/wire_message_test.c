/* Protobuf from outside: what unpacks, what is refused, and where it says so. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "comity/v1/case.pb-c.h"
#include "comity/v1/local.pb-c.h"
#include "wire/message.h"

#define HAS(literal) cy_bytes(literal, sizeof(literal) - 1)

static void assert_refused(const ProtobufCMessageDescriptor *d, struct cy_bytes data, int code, const char *field)
{
	ProtobufCMessage *m = NULL;
	struct cy_error e = { .code = 0 };

	assert_int_equal(wire_unpack(d, data, CY_MESSAGE_MAX, &m, &e), code);
	assert_null(m);
	assert_int_equal(e.code, code);
	assert_string_equal(e.field, field);
	assert_true(e.text[0] != 0);
}

static void assert_unpacks(const ProtobufCMessageDescriptor *d, struct cy_bytes data)
{
	ProtobufCMessage *m = NULL;
	struct cy_error e = { .code = 0 };

	assert_int_equal(wire_unpack(d, data, CY_MESSAGE_MAX, &m, &e), CY_OK);
	assert_ptr_equal(m->descriptor, d);
	protobuf_c_message_free_unpacked(m, NULL);
}

/* Put `content` into field `number` of another message, `levels` times over. */
static void wrap(struct cy_buf *b, unsigned number)
{
	struct cy_buf out = CY_BUF(b->max);
	uint8_t head[16];
	size_t n = 0, len = b->len;

	head[n++] = (uint8_t)(number << 3 | 2);
	do {
		head[n++] = (uint8_t)((len & 0x7f) | (len > 0x7f ? 0x80 : 0));
		len >>= 7;
	} while (len > 0);
	assert_int_equal(cy_buf_add(&out, head, n), CY_OK);
	assert_int_equal(cy_buf_add(&out, b->data, b->len), CY_OK);
	cy_buf_free(b);
	*b = out;
}

static void a_message_is_packed_and_unpacked_the_same(void **state)
{
	CyMessage m = CY_MESSAGE__INIT;
	CyContent content = CY_CONTENT__INIT;
	CyNote note = CY_NOTE__INIT;
	struct cy_buf out = CY_BUF(CY_MESSAGE_MAX), again = CY_BUF(CY_MESSAGE_MAX);
	ProtobufCMessage *back = NULL;

	(void)state;
	m.format = 1;
	m.from = (char *)"IE";
	m.own_reference = (char *)"Überprüfung 7";
	m.content = &content;
	content.kind_case = CY_CONTENT__KIND_NOTE;
	content.note = &note;
	assert_int_equal(wire_pack(&m.base, &out), CY_OK);
	assert_int_equal(wire_unpack(&cy_message__descriptor, cy_buf_view(&out), out.len, &back, NULL), CY_OK);
	assert_int_equal(((CyMessage *)back)->content->kind_case, CY_CONTENT__KIND_NOTE);
	assert_int_equal(wire_pack(back, &again), CY_OK);
	assert_true(cy_bytes_equal(cy_buf_view(&out), cy_buf_view(&again)));
	protobuf_c_message_free_unpacked(back, NULL);
	assert_int_equal(wire_unpack(&cy_message__descriptor, cy_buf_view(&out), out.len - 1, &back, NULL), CY_ELIMIT);
	cy_buf_free(&out);
	cy_buf_free(&again);
}

static void an_empty_message_is_no_bytes(void **state)
{
	struct cy_buf out = CY_BUF(10);
	CyNote note = CY_NOTE__INIT;

	(void)state;
	assert_unpacks(&cy_message__descriptor, cy_bytes(NULL, 0));
	assert_int_equal(wire_pack(&note.base, &out), CY_OK);
	assert_int_equal(out.len, 0);
	cy_buf_free(&out);
}

static void a_fault_is_named_by_its_path(void **state)
{
	struct cy_buf b = CY_BUF(4096);

	(void)state;
	/* Measure.type = "x", in Request.measures[1], in Content, in Message. */
	assert_int_equal(cy_buf_add(&b, "\x12\x01x", 3), CY_OK);
	{
		CyRequest request = CY_REQUEST__INIT;
		CyMeasure measure = CY_MEASURE__INIT;
		CyMeasure *measures[] = { &measure };
		struct cy_buf inner = CY_BUF(4096);
		const ProtobufCFieldDescriptor *field =
			protobuf_c_message_descriptor_get_field_by_name(&cy_request__descriptor, "measures");

		request.measures = measures;
		request.n_measures = 1;
		assert_int_equal(wire_pack(&request.base, &inner), CY_OK);
		wrap(&b, field->id);
		assert_int_equal(cy_buf_add(&inner, b.data, b.len), CY_OK);
		cy_buf_free(&b);
		b = inner;
	}
	wrap(&b, 1);
	wrap(&b, 14);
	assert_refused(&cy_message__descriptor, cy_buf_view(&b), CY_EPARSE, "content.request.measures[1].type");
	cy_buf_free(&b);
}

static void malformed_bytes_are_refused(void **state)
{
	const ProtobufCMessageDescriptor *d = &cy_message__descriptor;

	(void)state;
	assert_refused(d, HAS("\x08"), CY_EPARSE, "format");
	assert_refused(d, HAS("\x08\x80"), CY_EPARSE, "format");
	assert_refused(d, HAS("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f"), CY_EPARSE, "format");
	assert_refused(d, HAS("\x12\x05IE"), CY_EPARSE, "id");
	assert_refused(d, HAS("\x12\xff\xff\xff\xff\x0fIE"), CY_EPARSE, "id");
	assert_refused(d, HAS("\x00"), CY_EPARSE, "");
	assert_refused(d, HAS("\x80"), CY_EPARSE, "");
	assert_refused(d, HAS("\xff\xff\xff\xff\xff\x01\x00"), CY_EPARSE, "");
	assert_refused(d, HAS("\x12\x02\xc3\x28"), CY_EPARSE, "id");
	assert_refused(d, HAS("\x12\x03\xed\xa0\x80"), CY_EPARSE, "id");
	assert_refused(d, HAS("\x12\x03I\0E"), CY_EPARSE, "id");
	assert_refused(d, HAS("\x0a\x01x"), CY_EPARSE, "format");
	assert_refused(d, HAS("\x10\x01"), CY_EPARSE, "id");
	assert_refused(d, HAS("\x62\x01x\x60\x01"), CY_EPARSE, "critical[1]");
	assert_refused(d, HAS("\x0d\0\0\0\0"), CY_EPARSE, "format");
}

static void unknown_fields_pass_and_groups_do_not(void **state)
{
	const ProtobufCMessageDescriptor *d = &cy_message__descriptor;

	(void)state;
	assert_unpacks(d, HAS("\xa0\x06\x01"));
	assert_unpacks(d, HAS("\xa2\x06\x02\xff\xff"));
	assert_unpacks(d, HAS("\xa1\x06\0\0\0\0\0\0\0\0"));
	assert_unpacks(d, HAS("\xa5\x06\0\0\0\0"));
	assert_unpacks(d, HAS("\xf8\xff\xff\xff\x0f\x01"));
	assert_refused(d, HAS("\xa3\x06\xa4\x06"), CY_EPARSE, "");
	assert_refused(d, HAS("\xa4\x06"), CY_EPARSE, "");
	assert_refused(d, HAS("\xa6\x06\x01"), CY_EPARSE, "");
	assert_refused(d, HAS("\x0b\x0c"), CY_EPARSE, "format");
}

static void what_occurs_once_may_not_come_twice_unless_it_is_a_plain_value(void **state)
{
	(void)state;
	assert_unpacks(&cy_message__descriptor, HAS("\x08\x01\x08\x02"));
	assert_refused(&cy_message__descriptor, HAS("\x72\x00\x72\x00"), CY_EPARSE, "content");
	assert_refused(&cy_content__descriptor, HAS("\x0a\x00\x0a\x00"), CY_EPARSE, "request");
	assert_refused(&cy_content__descriptor, HAS("\x0a\x00\x12\x00"), CY_EPARSE, "notification");
	assert_refused(&cy_attachment__descriptor, HAS("\x18\x01\x18\x01"), CY_EPARSE, "size");
}

static void more_than_a_thousand_elements_are_refused(void **state)
{
	struct cy_buf b = CY_BUF(8192);

	(void)state;
	for (unsigned i = 0; i < CY_REPEATED_MAX; i++)
		assert_int_equal(cy_buf_add(&b, "\x62\x00", 2), CY_OK);
	assert_unpacks(&cy_message__descriptor, cy_buf_view(&b));
	assert_int_equal(cy_buf_add(&b, "\x62\x00", 2), CY_OK);
	assert_refused(&cy_message__descriptor, cy_buf_view(&b), CY_ELIMIT, "critical[1000]");
	cy_buf_free(&b);
}

static const ProtobufCFieldDescriptor *packed_field(const ProtobufCMessageDescriptor *d)
{
	for (unsigned i = 0; i < d->n_fields; i++)
		if (d->fields[i].label == PROTOBUF_C_LABEL_REPEATED && d->fields[i].type == PROTOBUF_C_TYPE_UINT32)
			return &d->fields[i];
	return NULL;
}

static void packed_numbers_count_one_by_one_and_may_also_come_unpacked(void **state)
{
	const ProtobufCMessageDescriptor *d = &cy_withdrawal__descriptor;
	const ProtobufCFieldDescriptor *field = packed_field(d);
	struct cy_buf b = CY_BUF(8192);
	uint8_t single[2];
	CyWithdrawal *w;

	(void)state;
	assert_non_null(field);
	single[0] = (uint8_t)(field->id << 3);
	single[1] = 7;
	for (unsigned i = 0; i < CY_REPEATED_MAX - 1; i++)
		assert_int_equal(cy_buf_add(&b, "\x07", 1), CY_OK);
	wrap(&b, field->id);
	assert_int_equal(cy_buf_add(&b, single, 2), CY_OK);
	assert_int_equal(wire_unpack(d, cy_buf_view(&b), CY_MESSAGE_MAX, (ProtobufCMessage **)&w, NULL), CY_OK);
	assert_int_equal(w->n_measures, CY_REPEATED_MAX);
	assert_int_equal(w->measures[CY_REPEATED_MAX - 1], 7);
	cy_withdrawal__free_unpacked(w, NULL);
	assert_int_equal(cy_buf_add(&b, single, 2), CY_OK);
	assert_refused(d, cy_buf_view(&b), CY_ELIMIT, "measures[1000]");
	cy_buf_free(&b);
	assert_int_equal(cy_buf_add(&b, "\x80", 1), CY_OK);
	wrap(&b, field->id);
	assert_refused(d, cy_buf_view(&b), CY_EPARSE, "measures[0]");
	cy_buf_free(&b);
}

static void a_text_has_at_most_128_kib(void **state)
{
	struct cy_buf b = CY_BUF(CY_MESSAGE_MAX);

	(void)state;
	assert_int_equal(cy_buf_reserve(&b, CY_TEXT_MAX + 1), CY_OK);
	memset(b.data, 'x', CY_TEXT_MAX);
	b.len = CY_TEXT_MAX;
	wrap(&b, 13);
	assert_unpacks(&cy_message__descriptor, cy_buf_view(&b));
	cy_buf_free(&b);
	assert_int_equal(cy_buf_reserve(&b, CY_TEXT_MAX + 1), CY_OK);
	memset(b.data, 'x', CY_TEXT_MAX + 1);
	b.len = CY_TEXT_MAX + 1;
	wrap(&b, 13);
	assert_refused(&cy_message__descriptor, cy_buf_view(&b), CY_ELIMIT, "own_reference");
	cy_buf_free(&b);
}

/* A message type that holds itself; the schema has none. */
struct box {
	ProtobufCMessage base;
	struct box *box;
};
extern const ProtobufCMessageDescriptor box_descriptor;
static const ProtobufCFieldDescriptor box_fields[] = { {
	.name = "box",
	.id = 1,
	.label = PROTOBUF_C_LABEL_NONE,
	.type = PROTOBUF_C_TYPE_MESSAGE,
	.offset = offsetof(struct box, box),
	.descriptor = &box_descriptor,
} };
static const unsigned box_names[] = { 0 };
static const ProtobufCIntRange box_ranges[] = { { 1, 0 }, { 0, 1 } };
const ProtobufCMessageDescriptor box_descriptor = {
	.magic = PROTOBUF_C__MESSAGE_DESCRIPTOR_MAGIC,
	.name = "Box",
	.short_name = "Box",
	.c_name = "Box",
	.package_name = "",
	.sizeof_message = sizeof(struct box),
	.n_fields = 1,
	.fields = box_fields,
	.fields_sorted_by_name = box_names,
	.n_field_ranges = 1,
	.field_ranges = box_ranges,
};

static void messages_nest_sixteen_deep_and_no_deeper(void **state)
{
	struct cy_buf b = CY_BUF(4096);

	(void)state;
	for (unsigned i = 1; i < CY_NESTING_MAX; i++)
		wrap(&b, 1);
	assert_unpacks(&box_descriptor, cy_buf_view(&b));
	wrap(&b, 1);
	assert_refused(&box_descriptor, cy_buf_view(&b), CY_ELIMIT,
		       "box.box.box.box.box.box.box.box.box.box.box.box.box.box.box.box");
	cy_buf_free(&b);
}

static void small_bytes_cannot_ask_for_much_memory(void **state)
{
	struct cy_buf b = CY_BUF(CY_MESSAGE_MAX), part = CY_BUF(CY_MESSAGE_MAX);
	ProtobufCMessage *m;
	struct cy_error e;

	(void)state;
	/* 125 persons of 1000 empty identifiers, then unknown fields. */
	for (unsigned i = 0; i < 1000; i++)
		assert_int_equal(cy_buf_add(&part, "\x4a\x00", 2), CY_OK);
	wrap(&part, protobuf_c_message_descriptor_get_field_by_name(&cy_request__descriptor, "persons")->id);
	for (unsigned i = 0; i < 125; i++)
		assert_int_equal(cy_buf_add(&b, part.data, part.len), CY_OK);
	assert_int_equal(wire_unpack(&cy_request__descriptor, cy_buf_view(&b), CY_MESSAGE_MAX, &m, NULL), CY_OK);
	protobuf_c_message_free_unpacked(m, NULL);
	cy_buf_free(&part);
	cy_buf_free(&b);
	b.max = CY_LOCAL_FRAME_MAX;
	while (b.len + 3 < b.max)
		assert_int_equal(cy_buf_add(&b, "\xa0\x06\x00", 3), CY_OK);
	assert_int_equal(wire_unpack(&cy_client_frame__descriptor, cy_buf_view(&b), CY_LOCAL_FRAME_MAX, &m, &e),
			 CY_ELIMIT);
	cy_buf_free(&b);
}

/* Whatever comes, it is refused or it packs again; sanitizers watch. */
static void random_bytes_do_no_harm(void **state)
{
	struct cy_rng rng = { .state = 42 };
	uint8_t data[64];
	unsigned accepted = 0;

	(void)state;
	for (unsigned round = 0; round < 200000; round++) {
		size_t len = cy_rng_below(&rng, sizeof data);
		ProtobufCMessage *m;

		for (size_t i = 0; i < len; i++)
			data[i] = (uint8_t)(cy_rng_below(&rng, 3) == 0 ? cy_rng_below(&rng, 256)
								       : cy_rng_below(&rng, 20));
		if (wire_unpack(&cy_request__descriptor, cy_bytes(data, len), sizeof data, &m, NULL) == CY_OK) {
			struct cy_buf out = CY_BUF(4096);

			accepted++;
			assert_int_equal(wire_pack(m, &out), CY_OK);
			cy_buf_free(&out);
			protobuf_c_message_free_unpacked(m, NULL);
		}
	}
	assert_true(accepted > 100);
}

static void a_delimited_frame_is_found_once_it_is_whole(void **state)
{
	struct cy_buf b = CY_BUF(4096);
	struct cy_bytes payload;
	CyNote note = CY_NOTE__INIT;
	char text[201];

	(void)state;
	memset(text, 'x', 200);
	text[200] = 0;
	note.text = text;
	assert_int_equal(wire_delimited_pack(&note.base, &b), CY_OK);
	assert_int_equal(b.len, 2 + cy_note__get_packed_size(&note));
	for (size_t i = 0; i < b.len; i++)
		assert_int_equal(wire_delimited_next(cy_bytes(b.data, i), 4096, &payload), 0);
	assert_int_equal(cy_buf_add(&b, "more", 4), CY_OK);
	assert_int_equal(wire_delimited_next(cy_buf_view(&b), 4096, &payload), (int64_t)b.len - 4);
	assert_int_equal(payload.len, b.len - 6);
	assert_ptr_equal(payload.data, b.data + 2);
	assert_int_equal(wire_delimited_next(cy_buf_view(&b), payload.len - 1, &payload), CY_ELIMIT);
	cy_buf_free(&b);
	assert_int_equal(wire_delimited_next(HAS("\x00"), 10, &payload), 1);
	assert_int_equal(payload.len, 0);
	assert_int_equal(wire_delimited_next(HAS("\x80\x80\x80\x80\x80"), 10, &payload), CY_EPARSE);
	assert_int_equal(wire_delimited_next(HAS("\xff\xff\xff\xff\x7f"), 10, &payload), CY_ELIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_message_is_packed_and_unpacked_the_same),
		cmocka_unit_test(an_empty_message_is_no_bytes),
		cmocka_unit_test(a_fault_is_named_by_its_path),
		cmocka_unit_test(malformed_bytes_are_refused),
		cmocka_unit_test(unknown_fields_pass_and_groups_do_not),
		cmocka_unit_test(what_occurs_once_may_not_come_twice_unless_it_is_a_plain_value),
		cmocka_unit_test(more_than_a_thousand_elements_are_refused),
		cmocka_unit_test(packed_numbers_count_one_by_one_and_may_also_come_unpacked),
		cmocka_unit_test(a_text_has_at_most_128_kib),
		cmocka_unit_test(messages_nest_sixteen_deep_and_no_deeper),
		cmocka_unit_test(small_bytes_cannot_ask_for_much_memory),
		cmocka_unit_test(random_bytes_do_no_harm),
		cmocka_unit_test(a_delimited_frame_is_found_once_it_is_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
