#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/reflect.h"
#include "base/time.h"
#include "wire/base64.h"
#include "wire/json.h"
#include "wire/json_number.h"
#include "wire/json_syntax.h"
#include "wire/names.h"
#include "wire/path.h"

#define FIELDS_MAX 64u

struct parser {
	struct wire_path path;
	struct cy_error *e;
	wire_json_fault *fault; /* told each fault, and the rest is read; NULL: the first one ends it */
	void *arg;
};

static int fail(struct parser *p, int code, const char *text)
{
	return cy_fail_at(p->e, code, p->path.s, "%s", text);
}

static int parse_message(struct parser *p, const ProtobufCMessageDescriptor *d, const json_t *j, unsigned level,
			 ProtobufCMessage **ret);

/* ------------------------------------------------------------------ scalars */

static int parse_signed(struct parser *p, const json_t *j, int64_t min, int64_t max, int64_t *ret)
{
	if (!wire_json_signed(j, min, max, ret))
		return cy_fail_at(p->e, CY_EPARSE, p->path.s, "expected a whole number from %" PRId64 " to %" PRId64,
				  min, max);
	return CY_OK;
}

static int parse_unsigned(struct parser *p, const json_t *j, uint64_t max, uint64_t *ret)
{
	if (!wire_json_unsigned(j, max, ret))
		return cy_fail_at(p->e, CY_EPARSE, p->path.s, "expected a whole number from 0 to %" PRIu64, max);
	return CY_OK;
}

static int parse_enum(struct parser *p, const ProtobufCEnumDescriptor *d, const json_t *j, int32_t *ret)
{
	int64_t value;

	if (json_is_string(j) && strlen(json_string_value(j)) == json_string_length(j)) {
		const ProtobufCEnumValue *v = protobuf_c_enum_descriptor_get_value_by_name(d, json_string_value(j));

		if (v != NULL) {
			*ret = v->value;
			return CY_OK;
		}
	}
	if (!wire_json_signed(j, INT32_MIN, INT32_MAX, &value))
		return wire_unknown_value(d, json_is_string(j) ? json_string_value(j) : "", p->path.s, p->e);
	*ret = (int32_t)value;
	return CY_OK;
}

/* A person writes it as in RFC 3339, or leaves it empty where it is still open; a
 * program gives milliseconds. */
static int parse_instant(struct parser *p, const json_t *j, int64_t *ret)
{
	struct cy_wall t = { 0 };

	if (wire_json_signed(j, INT64_MIN, INT64_MAX, ret))
		return CY_OK;
	if (!json_is_string(j) || strlen(json_string_value(j)) != json_string_length(j) ||
	    (json_string_length(j) > 0 && cy_rfc3339_read(json_string_value(j), &t) < 0))
		return fail(p, CY_EPARSE, "expected " CY_RFC3339_LIKE);
	*ret = t.ms;
	return CY_OK;
}

static int parse_string(struct parser *p, const json_t *j, char **ret)
{
	size_t len = json_string_length(j);
	char *copy;

	if (!json_is_string(j))
		return fail(p, CY_EPARSE, "expected a text in quotes");
	if (len > CY_TEXT_MAX)
		return cy_fail_at(p->e, CY_ELIMIT, p->path.s, "a text has at most %u bytes", CY_TEXT_MAX);
	if (memchr(json_string_value(j), 0, len) != NULL)
		return fail(p, CY_EPARSE, "expected a text without the character NUL (\\u0000)");
	copy = malloc(len + 1);
	if (copy == NULL)
		return fail(p, CY_ENOMEM, "out of memory");
	memcpy(copy, json_string_value(j), len + 1);
	*ret = copy;
	return CY_OK;
}

static int parse_bytes(struct parser *p, const json_t *j, ProtobufCBinaryData *ret)
{
	struct cy_buf out = CY_BUF(json_string_length(j) + 4);
	int r;

	if (!json_is_string(j))
		return fail(p, CY_EPARSE, "expected base64 in quotes");
	r = wire_unbase64(cy_bytes(json_string_value(j), json_string_length(j)), &out);
	if (r == CY_EPARSE)
		return fail(p, r, "expected base64, standard or URL-safe");
	if (r < 0)
		return fail(p, r, "out of memory");
	if (out.len == 0)
		cy_buf_free(&out);
	ret->data = out.data;
	ret->len = out.len;
	return CY_OK;
}

/* One value into zeroed memory of its type. On failure the memory holds
 * nothing that needs to be freed. */
static int parse_value(struct parser *p, const ProtobufCFieldDescriptor *f, const json_t *j, unsigned level, void *out)
{
	int64_t number = 0;
	uint64_t whole = 0;
	int r;

	switch (f->type) {
	case PROTOBUF_C_TYPE_INT32:
	case PROTOBUF_C_TYPE_SINT32:
	case PROTOBUF_C_TYPE_SFIXED32:
		if ((r = parse_signed(p, j, INT32_MIN, INT32_MAX, &number)) == CY_OK)
			*(int32_t *)out = (int32_t)number;
		return r;
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_SFIXED64:
		if (cy_field_instant(f))
			return parse_instant(p, j, out);
		return parse_signed(p, j, INT64_MIN, INT64_MAX, out);
	case PROTOBUF_C_TYPE_UINT32:
	case PROTOBUF_C_TYPE_FIXED32:
		if ((r = parse_unsigned(p, j, UINT32_MAX, &whole)) == CY_OK)
			*(uint32_t *)out = (uint32_t)whole;
		return r;
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64:
		return parse_unsigned(p, j, UINT64_MAX, out);
	case PROTOBUF_C_TYPE_BOOL:
		if (!json_is_boolean(j))
			return fail(p, CY_EPARSE, "expected true or false without quotes");
		*(protobuf_c_boolean *)out = json_is_true(j);
		return CY_OK;
	case PROTOBUF_C_TYPE_ENUM:
		return parse_enum(p, f->descriptor, j, out);
	case PROTOBUF_C_TYPE_STRING:
		return parse_string(p, j, out);
	case PROTOBUF_C_TYPE_BYTES:
		return parse_bytes(p, j, out);
	case PROTOBUF_C_TYPE_MESSAGE:
		return parse_message(p, f->descriptor, j, level + 1, out);
	case PROTOBUF_C_TYPE_FLOAT:
	case PROTOBUF_C_TYPE_DOUBLE:
		break;
	}
	return fail(p, CY_EINVAL, "this type of field has no JSON form here");
}

/* ----------------------------------------------------------------- messages */

/* Tell a fault, and read on where that is wanted. */
static bool goes_on(struct parser *p, int r)
{
	if (p->fault == NULL || (r != CY_EPARSE && r != CY_ELIMIT))
		return false;
	p->fault(p->arg, p->e);
	return true;
}

/* Elements that are freed, and checked, like elements that could be read. */
static int stand_in(struct parser *p, const ProtobufCFieldDescriptor *f, void *out)
{
	const ProtobufCMessageDescriptor *d = f->descriptor;
	void *made = NULL;

	if (f->type != PROTOBUF_C_TYPE_STRING && f->type != PROTOBUF_C_TYPE_MESSAGE)
		return CY_OK;
	made = calloc(1, f->type == PROTOBUF_C_TYPE_MESSAGE ? d->sizeof_message : 1);
	if (made == NULL)
		return fail(p, CY_ENOMEM, "out of memory");
	if (f->type == PROTOBUF_C_TYPE_MESSAGE)
		protobuf_c_message_init(d, made);
	*(void **)out = made;
	return CY_OK;
}

static int parse_list(struct parser *p, const ProtobufCFieldDescriptor *f, const json_t *j, unsigned level,
		      ProtobufCMessage *m)
{
	size_t *count = (size_t *)(void *)((char *)m + f->quantifier_offset);
	char **list = (char **)(void *)((char *)m + f->offset);
	size_t n = json_array_size(j), size = cy_value_size(f->type);

	if (!json_is_array(j))
		return fail(p, CY_EPARSE, "expected a list in []");
	if (n > CY_REPEATED_MAX)
		return cy_fail_at(p->e, CY_ELIMIT, p->path.s, "at most %u elements are allowed", CY_REPEATED_MAX);
	if (n == 0)
		return CY_OK;
	*list = calloc(n, size);
	if (*list == NULL)
		return fail(p, CY_ENOMEM, "out of memory");
	for (size_t i = 0; i < n; i++) {
		size_t before = wire_path_index(&p->path, i);
		const json_t *element = json_array_get(j, i);
		int r = json_is_null(element) ? fail(p, CY_EPARSE, "null is not an element of a list")
					      : parse_value(p, f, element, level, *list + i * size);

		if (goes_on(p, r))
			r = stand_in(p, f, *list + i * size);
		if (r < 0)
			return r;
		/* Freeing looks at as many elements as are counted. */
		*count = i + 1;
		wire_path_back(&p->path, before);
	}
	return CY_OK;
}

static int parse_member(struct parser *p, const ProtobufCFieldDescriptor *f, const json_t *j, unsigned level,
			ProtobufCMessage *m)
{
	union {
		uint64_t number;
		void *pointer;
		ProtobufCBinaryData data;
	} value = { .data = { 0, NULL } };
	int r = parse_value(p, f, j, level, &value);

	if (r < 0)
		return r;
	memcpy((char *)m + f->offset, &value, cy_value_size(f->type));
	if ((f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0)
		*(uint32_t *)(void *)((char *)m + f->quantifier_offset) = f->id;
	return CY_OK;
}

static const ProtobufCFieldDescriptor *find_field(const ProtobufCMessageDescriptor *d, const char *key)
{
	char name[CY_FIELD_NAME_SIZE];

	for (unsigned i = 0; i < d->n_fields; i++) {
		cy_json_name(&d->fields[i], name, sizeof name);
		if (strcmp(key, name) == 0 || strcmp(key, d->fields[i].name) == 0)
			return &d->fields[i];
	}
	return NULL;
}

static int parse_field(struct parser *p, const char *key, const json_t *j, unsigned level, ProtobufCMessage *m,
		       bool *seen)
{
	const ProtobufCFieldDescriptor *f = find_field(m->descriptor, key);
	size_t i;

	if (f == NULL)
		return wire_unknown_field(m->descriptor, key, p->path.s, p->e);
	i = (size_t)(f - m->descriptor->fields);
	if (seen[i])
		return fail(p, CY_EPARSE, "the same field stands here under both its names");
	seen[i] = true;
	if (json_is_null(j))
		return CY_OK;
	if (f->label == PROTOBUF_C_LABEL_REPEATED)
		return parse_list(p, f, j, level, m);
	if ((f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0 &&
	    *(const uint32_t *)(const void *)((const char *)m + f->quantifier_offset) != 0)
		return fail(p, CY_EPARSE, "only one of the fields that exclude each other may be given");
	return parse_member(p, f, j, level, m);
}

static int parse_message(struct parser *p, const ProtobufCMessageDescriptor *d, const json_t *j, unsigned level,
			 ProtobufCMessage **ret)
{
	bool seen[FIELDS_MAX] = { false };
	ProtobufCMessage *m;
	const char *key;
	json_t *value;

	CY_ASSERT(d->n_fields <= FIELDS_MAX);
	if (!json_is_object(j))
		return fail(p, CY_EPARSE, "expected an object in {}");
	if (level > CY_NESTING_MAX)
		return cy_fail_at(p->e, CY_ELIMIT, p->path.s, "more than %u levels of objects", CY_NESTING_MAX);
	m = malloc(d->sizeof_message);
	if (m == NULL)
		return fail(p, CY_ENOMEM, "out of memory");
	protobuf_c_message_init(d, m);
	json_object_foreach((json_t *)(uintptr_t)j, key, value)
	{
		size_t before = wire_path_name(&p->path, key, strlen(key));
		int r = parse_field(p, key, value, level, m, seen);

		if (r < 0 && !goes_on(p, r)) {
			protobuf_c_message_free_unpacked(m, NULL);
			return r;
		}
		wire_path_back(&p->path, before);
	}
	*ret = m;
	return CY_OK;
}

int wire_json_read(const ProtobufCMessageDescriptor *d, struct cy_bytes text, ProtobufCMessage **ret_message,
		   wire_json_fault *fault, void *arg, struct cy_error *e)
{
	struct cy_error last = { 0 };
	struct parser p = { .e = e != NULL ? e : &last, .fault = fault, .arg = arg };
	json_error_t error;
	json_t *j;
	int r;

	j = json_loadb(text.len > 0 ? (const char *)text.data : "", text.len,
		       JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
	if (j == NULL)
		return wire_json_syntax(text, &error, e);
	r = parse_message(&p, d, j, 1, ret_message);
	json_decref(j);
	return r;
}

int wire_json_parse(const ProtobufCMessageDescriptor *d, struct cy_bytes text, ProtobufCMessage **ret_message,
		    struct cy_error *e)
{
	return wire_json_read(d, text, ret_message, NULL, NULL, e);
}
