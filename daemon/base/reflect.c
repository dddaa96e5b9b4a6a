#include "base/reflect.h"

#include <string.h>

size_t cy_value_size(ProtobufCType type)
{
	switch (type) {
	case PROTOBUF_C_TYPE_INT32:
	case PROTOBUF_C_TYPE_SINT32:
	case PROTOBUF_C_TYPE_SFIXED32:
	case PROTOBUF_C_TYPE_UINT32:
	case PROTOBUF_C_TYPE_FIXED32:
	case PROTOBUF_C_TYPE_FLOAT:
	case PROTOBUF_C_TYPE_ENUM:
		return sizeof(uint32_t);
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_SFIXED64:
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64:
	case PROTOBUF_C_TYPE_DOUBLE:
		return sizeof(uint64_t);
	case PROTOBUF_C_TYPE_BOOL:
		return sizeof(protobuf_c_boolean);
	case PROTOBUF_C_TYPE_BYTES:
		return sizeof(ProtobufCBinaryData);
	case PROTOBUF_C_TYPE_STRING:
	case PROTOBUF_C_TYPE_MESSAGE:
		break;
	}
	return sizeof(void *);
}

static const void *member(const ProtobufCMessage *m, unsigned offset)
{
	return (const char *)m + offset;
}

bool cy_field_set(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f)
{
	const void *value = member(m, f->offset);
	static const char zero[sizeof(uint64_t)];

	if ((f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0)
		return *(const uint32_t *)member(m, f->quantifier_offset) == f->id;
	switch (f->type) {
	case PROTOBUF_C_TYPE_MESSAGE:
		return *(const ProtobufCMessage *const *)value != NULL;
	case PROTOBUF_C_TYPE_STRING: {
		const char *text = *(const char *const *)value;

		return text != NULL && text[0] != 0;
	}
	case PROTOBUF_C_TYPE_BYTES:
		return ((const ProtobufCBinaryData *)value)->len > 0;
	default:
		return memcmp(value, zero, cy_value_size(f->type)) != 0;
	}
}

size_t cy_field_count(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f)
{
	return *(const size_t *)member(m, f->quantifier_offset);
}

const void *cy_field_value(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f, size_t i)
{
	const void *value = member(m, f->offset);

	if (f->label != PROTOBUF_C_LABEL_REPEATED)
		return value;
	return *(const char *const *)value + i * cy_value_size(f->type);
}

void cy_json_path(const char *path, char *out, size_t size)
{
	bool upper = false;
	size_t n = 0;

	for (const char *p = path; *p != 0 && n + 1 < size; p++) {
		if (*p == '_') {
			upper = true;
			continue;
		}
		out[n++] = upper && *p >= 'a' && *p <= 'z' ? (char)(*p - 'a' + 'A') : *p;
		upper = false;
	}
	out[n] = 0;
}

void cy_json_name(const ProtobufCFieldDescriptor *f, char *out, size_t size)
{
	cy_json_path(f->name, out, size);
}

bool cy_field_instant(const ProtobufCFieldDescriptor *f)
{
	const size_t len = strlen(f->name);

	return f->type == PROTOBUF_C_TYPE_INT64 && (f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) == 0 && len > 3 &&
	       strcmp(f->name + len - 3, "_ms") == 0;
}

/* The pointer to one more value, as it stands in a struct or a list. */
static void fill(struct cy_arena *a, const ProtobufCFieldDescriptor *f, bool values, void *at)
{
	if (f->type == PROTOBUF_C_TYPE_MESSAGE)
		*(ProtobufCMessage **)at = cy_whole(a, f->descriptor, values);
	else if (f->type == PROTOBUF_C_TYPE_STRING)
		*(char **)at = (char *)"";
}

ProtobufCMessage *cy_whole(struct cy_arena *a, const ProtobufCMessageDescriptor *d, bool values)
{
	ProtobufCMessage *m = cy_arena_take(a, d->sizeof_message);

	protobuf_c_message_init(d, m);
	for (unsigned i = 0; i < d->n_fields; i++) {
		const ProtobufCFieldDescriptor *f = &d->fields[i];
		char *at = (char *)m + f->offset;

		if (f->label != PROTOBUF_C_LABEL_REPEATED) {
			if ((f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) == 0)
				fill(a, f, values, at);
		} else if (values || f->type == PROTOBUF_C_TYPE_MESSAGE) {
			void *list = cy_arena_take(a, cy_value_size(f->type));

			fill(a, f, values, list);
			*(void **)at = list;
			*(size_t *)((char *)m + f->quantifier_offset) = 1;
		}
	}
	return m;
}
