#include "wire/scan.h"

#include <string.h>

#include "base/limits.h"
#include "wire/path.h"
#include "wire/raw.h"

/* Fields of the largest message type; more is a fault of the schema. */
#define FIELDS_MAX 64u

/* The overhead of malloc for each small piece, roughly. */
#define ALLOCATION_COST 16u

struct scan {
	struct wire_path path;
	size_t memory;
	uint32_t unknown; /* fields */
	struct cy_error *e;
};

static int fail(struct scan *s, int code, const char *text)
{
	return cy_fail_at(s->e, code, s->path.s, "%s", text);
}

/* One more allocation of `size` bytes. */
static int take_memory(struct scan *s, size_t size)
{
	s->memory += size + ALLOCATION_COST;
	if (s->memory > WIRE_UNPACKED_MAX)
		return fail(s, CY_ELIMIT, "the message would take too much memory once unpacked");
	return CY_OK;
}

/* The value after a tag: *ret_value is the content of a length-delimited one. */
static int take_value(struct scan *s, struct cy_bytes *in, ProtobufCWireType wire, struct cy_bytes *ret_value)
{
	struct wire_raw f = { .wire = wire };
	const char *wrong = wire_raw_value(in, &f);

	*ret_value = f.bytes;
	return wrong == NULL ? CY_OK : fail(s, CY_EPARSE, wrong);
}

static ProtobufCWireType wire_of(ProtobufCType type)
{
	switch (type) {
	case PROTOBUF_C_TYPE_STRING:
	case PROTOBUF_C_TYPE_BYTES:
	case PROTOBUF_C_TYPE_MESSAGE:
		return PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED;
	case PROTOBUF_C_TYPE_FIXED32:
	case PROTOBUF_C_TYPE_SFIXED32:
	case PROTOBUF_C_TYPE_FLOAT:
		return PROTOBUF_C_WIRE_TYPE_32BIT;
	case PROTOBUF_C_TYPE_FIXED64:
	case PROTOBUF_C_TYPE_SFIXED64:
	case PROTOBUF_C_TYPE_DOUBLE:
		return PROTOBUF_C_WIRE_TYPE_64BIT;
	case PROTOBUF_C_TYPE_INT32:
	case PROTOBUF_C_TYPE_SINT32:
	case PROTOBUF_C_TYPE_UINT32:
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_BOOL:
	case PROTOBUF_C_TYPE_ENUM:
		break;
	}
	return PROTOBUF_C_WIRE_TYPE_VARINT;
}

static int count_more(struct scan *s, uint32_t *count)
{
	if (*count == CY_REPEATED_MAX)
		return cy_fail_at(s->e, CY_ELIMIT, s->path.s, "at most %u elements are allowed", CY_REPEATED_MAX);
	*count += 1;
	s->memory += sizeof(uint64_t);
	return CY_OK;
}

static int scan_packed(struct scan *s, ProtobufCWireType wire, struct cy_bytes value, uint32_t *count)
{
	struct cy_bytes part;
	int r;

	while (value.len > 0)
		if ((r = take_value(s, &value, wire, &part)) < 0 || (r = count_more(s, count)) < 0)
			return r;
	return CY_OK;
}

static int scan_string(struct scan *s, struct cy_bytes value)
{
	if (value.len > CY_TEXT_MAX)
		return cy_fail_at(s->e, CY_ELIMIT, s->path.s, "a text has at most %u bytes", CY_TEXT_MAX);
	if (memchr(value.data, 0, value.len) != NULL || !cy_utf8_valid((const char *)value.data, value.len))
		return fail(s, CY_EPARSE, "a text must be UTF-8 without NUL");
	return take_memory(s, value.len + 1);
}

/* One more of field `f`, which is singular: may it come again? */
static int count_singular(struct scan *s, const ProtobufCMessageDescriptor *d, size_t f, uint32_t *counts)
{
	const ProtobufCFieldDescriptor *field = &d->fields[f];

	if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0) {
		for (size_t i = 0; i < d->n_fields; i++)
			if (counts[i] > 0 && (d->fields[i].flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0 &&
			    d->fields[i].quantifier_offset == field->quantifier_offset)
				return fail(s, CY_EPARSE, "a second member of the same oneof");
	} else if (counts[f] > 0 && field->type == PROTOBUF_C_TYPE_MESSAGE) {
		return fail(s, CY_EPARSE, "a field that occurs once comes twice");
	}
	counts[f] = 1;
	return CY_OK;
}

static int scan_message(struct scan *s, const ProtobufCMessageDescriptor *d, struct cy_bytes in, unsigned depth);

static int scan_field(struct scan *s, const ProtobufCMessageDescriptor *d, size_t f, ProtobufCWireType wire,
		      struct cy_bytes *in, uint32_t *counts, unsigned depth)
{
	const ProtobufCFieldDescriptor *field = &d->fields[f];
	bool repeated = field->label == PROTOBUF_C_LABEL_REPEATED;
	ProtobufCWireType expected = wire_of(field->type);
	struct cy_bytes value = { .data = NULL };
	int r = CY_OK;

	if (wire != expected && !(repeated && wire == PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED && expected != wire))
		return fail(s, CY_EPARSE, "the wire type is not that of this field");
	if ((r = take_value(s, in, wire, &value)) < 0)
		return r;
	if (wire != expected)
		return scan_packed(s, expected, value, &counts[f]);
	r = repeated ? count_more(s, &counts[f]) : count_singular(s, d, f, counts);
	if (r < 0)
		return r;
	if (field->type == PROTOBUF_C_TYPE_STRING)
		return scan_string(s, value);
	if (field->type == PROTOBUF_C_TYPE_BYTES)
		return take_memory(s, value.len + sizeof(ProtobufCBinaryData));
	if (field->type == PROTOBUF_C_TYPE_MESSAGE)
		return scan_message(s, field->descriptor, value, depth + 1);
	return CY_OK;
}

/* A field that the schema does not know; protobuf-c keeps a copy of it. */
static int scan_unknown(struct scan *s, ProtobufCWireType wire, struct cy_bytes *in)
{
	struct cy_bytes before = *in, value = { .data = NULL };
	int r = take_value(s, in, wire, &value);

	if (r < 0)
		return r;
	if (++s->unknown > CY_UNKNOWN_MAX)
		return fail(s, CY_ELIMIT, "too many unknown fields");
	return take_memory(s, sizeof(ProtobufCMessageUnknownField) + ALLOCATION_COST + (before.len - in->len));
}

static int scan_message(struct scan *s, const ProtobufCMessageDescriptor *d, struct cy_bytes in, unsigned depth)
{
	uint32_t counts[FIELDS_MAX] = { 0 };
	int r;

	CY_ASSERT(d->n_fields <= FIELDS_MAX);
	if (depth > CY_NESTING_MAX)
		return cy_fail_at(s->e, CY_ELIMIT, s->path.s, "more than %u levels of messages", CY_NESTING_MAX);
	if ((r = take_memory(s, d->sizeof_message)) < 0)
		return r;
	while (in.len > 0) {
		const ProtobufCFieldDescriptor *field;
		struct wire_raw f = { 0 };
		size_t before = s->path.len;
		const char *wrong = wire_raw_tag(&in, &f);

		if (wrong != NULL)
			return fail(s, CY_EPARSE, wrong);
		field = protobuf_c_message_descriptor_get_field(d, f.number);
		if (field == NULL) {
			if ((r = scan_unknown(s, f.wire, &in)) < 0)
				return r;
			continue;
		}
		wire_path_name(&s->path, field->name, strlen(field->name));
		if (field->label == PROTOBUF_C_LABEL_REPEATED)
			wire_path_index(&s->path, counts[field - d->fields]);
		r = scan_field(s, d, (size_t)(field - d->fields), f.wire, &in, counts, depth);
		if (r < 0)
			return r;
		wire_path_back(&s->path, before);
	}
	return CY_OK;
}

int wire_scan(const ProtobufCMessageDescriptor *d, struct cy_bytes data, struct cy_error *e)
{
	struct scan s = { .e = e };

	return scan_message(&s, d, data, 1);
}
