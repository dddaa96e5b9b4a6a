#include <inttypes.h>
#include <string.h>

#include "base/limits.h"
#include "base/reflect.h"
#include "base/time.h"
#include "wire/base64.h"
#include "wire/json.h"

struct printer {
	struct cy_buf *out;
	int indent;
	bool people;
	unsigned depth; /* messages and lists that are open */
};

static int put(struct printer *p, const char *text)
{
	return cy_buf_add(p->out, text, strlen(text));
}

static int new_line(struct printer *p)
{
	int r = put(p, "\n");

	for (unsigned i = 0; r == CY_OK && i < p->depth * (unsigned)p->indent; i++)
		r = put(p, " ");
	return r;
}

/* Before each member or element. */
static int separate(struct printer *p, bool first)
{
	int r;

	if (p->indent == 0)
		return first ? CY_OK : put(p, ", ");
	r = first ? CY_OK : put(p, ",");
	return r < 0 ? r : new_line(p);
}

static int close_with(struct printer *p, bool empty, const char *bracket)
{
	int r;

	p->depth--;
	if (!empty && p->indent > 0 && (r = new_line(p)) < 0)
		return r;
	return put(p, bracket);
}

static const char *escape(char c)
{
	switch (c) {
	case '"':
		return "\\\"";
	case '\\':
		return "\\\\";
	case '\n':
		return "\\n";
	case '\r':
		return "\\r";
	case '\t':
		return "\\t";
	case '\b':
		return "\\b";
	case '\f':
		return "\\f";
	default:
		return NULL;
	}
}

static int put_string(struct printer *p, const char *text)
{
	size_t len = strlen(text), done = 0;
	int r;

	if (!cy_utf8_valid(text, len))
		return CY_EINVAL;
	if ((r = put(p, "\"")) < 0)
		return r;
	for (size_t i = 0; i < len; i++) {
		const char *escaped = escape(text[i]);

		if (escaped == NULL && (uint8_t)text[i] >= 0x20)
			continue;
		if ((r = cy_buf_add(p->out, text + done, i - done)) < 0)
			return r;
		r = escaped != NULL ? put(p, escaped) : cy_buf_addf(p->out, "\\u%04x", (unsigned)text[i]);
		if (r < 0)
			return r;
		done = i + 1;
	}
	if ((r = cy_buf_add(p->out, text + done, len - done)) < 0)
		return r;
	return put(p, "\"");
}

static int put_bytes(struct printer *p, const ProtobufCBinaryData *data)
{
	int r = put(p, "\"");

	if (r == CY_OK)
		r = wire_base64(cy_bytes(data->data, data->len), p->out);
	return r < 0 ? r : put(p, "\"");
}

static int put_enum(struct printer *p, const ProtobufCEnumDescriptor *d, int32_t value)
{
	const ProtobufCEnumValue *v = protobuf_c_enum_descriptor_get_value(d, value);

	return v != NULL ? put_string(p, v->name) : cy_buf_addf(p->out, "%" PRId32, value);
}

static int put_signed(struct printer *p, const ProtobufCFieldDescriptor *f, int64_t value)
{
	char text[CY_RFC3339_SIZE];
	struct cy_wall t;

	if (p->people && cy_field_instant(f)) {
		cy_rfc3339((struct cy_wall){ value }, text);
		/* One that no calendar has stays the number that it is. */
		if (cy_rfc3339_read(text, &t) == CY_OK)
			return cy_buf_addf(p->out, "\"%s\"", text);
	}
	return cy_buf_addf(p->out, "\"%" PRId64 "\"", value);
}

static int put_message(struct printer *p, const ProtobufCMessage *m, unsigned level);

static int put_value(struct printer *p, const ProtobufCFieldDescriptor *f, const void *value, unsigned level)
{
	switch (f->type) {
	case PROTOBUF_C_TYPE_INT32:
	case PROTOBUF_C_TYPE_SINT32:
	case PROTOBUF_C_TYPE_SFIXED32:
		return cy_buf_addf(p->out, "%" PRId32, *(const int32_t *)value);
	case PROTOBUF_C_TYPE_UINT32:
	case PROTOBUF_C_TYPE_FIXED32:
		return cy_buf_addf(p->out, "%" PRIu32, *(const uint32_t *)value);
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_SFIXED64:
		return put_signed(p, f, *(const int64_t *)value);
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64:
		return cy_buf_addf(p->out, "\"%" PRIu64 "\"", *(const uint64_t *)value);
	case PROTOBUF_C_TYPE_BOOL:
		return put(p, *(const protobuf_c_boolean *)value ? "true" : "false");
	case PROTOBUF_C_TYPE_ENUM:
		return put_enum(p, f->descriptor, *(const int32_t *)value);
	case PROTOBUF_C_TYPE_STRING: {
		const char *text = *(const char *const *)value;

		return put_string(p, text != NULL ? text : "");
	}
	case PROTOBUF_C_TYPE_BYTES:
		return put_bytes(p, value);
	case PROTOBUF_C_TYPE_MESSAGE: {
		const ProtobufCMessage *m = *(const ProtobufCMessage *const *)value;

		return m != NULL ? put_message(p, m, level + 1) : CY_EINVAL;
	}
	case PROTOBUF_C_TYPE_FLOAT:
	case PROTOBUF_C_TYPE_DOUBLE:
		break;
	}
	return CY_EINVAL;
}

static int put_list(struct printer *p, const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f, unsigned level)
{
	size_t n = cy_field_count(m, f);
	int r = put(p, "[");

	p->depth++;
	for (size_t i = 0; r == CY_OK && i < n; i++) {
		r = separate(p, i == 0);
		if (r == CY_OK)
			r = put_value(p, f, cy_field_value(m, f, i), level);
	}
	return r < 0 ? r : close_with(p, n == 0, "]");
}

static int put_field(struct printer *p, const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f, bool *first,
		     unsigned level)
{
	bool repeated = f->label == PROTOBUF_C_LABEL_REPEATED;
	char name[CY_FIELD_NAME_SIZE];
	int r;

	if (repeated ? cy_field_count(m, f) == 0 : !cy_field_set(m, f))
		return CY_OK;
	cy_json_name(f, name, sizeof name);
	if ((r = separate(p, *first)) < 0 || (r = cy_buf_addf(p->out, "\"%s\": ", name)) < 0)
		return r;
	*first = false;
	return repeated ? put_list(p, m, f, level) : put_value(p, f, cy_field_value(m, f, 0), level);
}

static int put_message(struct printer *p, const ProtobufCMessage *m, unsigned level)
{
	bool first = true;
	int r;

	if (level > CY_NESTING_MAX)
		return CY_ELIMIT;
	r = put(p, "{");
	p->depth++;
	for (unsigned i = 0; r == CY_OK && i < m->descriptor->n_fields; i++)
		r = put_field(p, m, &m->descriptor->fields[i], &first, level);
	return r < 0 ? r : close_with(p, first, "}");
}

static int print(struct printer p, const ProtobufCMessage *m)
{
	size_t before = p.out->len;
	int r = put_message(&p, m, 1);

	if (r < 0 && p.out->data != NULL) {
		p.out->len = before;
		p.out->data[before] = 0;
	}
	return r;
}

int wire_json_print(const ProtobufCMessage *m, int indent, struct cy_buf *out)
{
	return print((struct printer){ .out = out, .indent = indent > 0 ? indent : 0 }, m);
}

int wire_json_print_people(const ProtobufCMessage *m, int indent, struct cy_buf *out)
{
	return print((struct printer){ .out = out, .indent = indent > 0 ? indent : 0, .people = true }, m);
}
