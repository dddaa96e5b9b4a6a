#include "comityctl/set.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/limits.h"
#include "base/num.h"
#include "base/reflect.h"
#include "base/time.h"
#include "comityctl/fields.h"
#include "wire/base64.h"
#include "wire/names.h"

#define BYTES_MAX 4096u

/* One step of the path: a name and perhaps an index. */
struct step {
	const char *name;
	size_t len;
	bool indexed;
	size_t index;
	const char *rest; /* after the '.', or NULL at the end */
};

static int next_step(const char *path, struct step *ret, struct cy_error *e)
{
	struct step s = { .name = path, .len = strcspn(path, ".[") };
	const char *p = path + s.len;
	uint64_t index;

	if (*p == '[') {
		const char *end = strchr(++p, ']');

		if (end == NULL || cy_parse_u64(p, (size_t)(end - p), CY_REPEATED_MAX - 1, &index) != CY_OK)
			return cy_fail(e, CY_EINVAL, "a place in a list is a number in brackets, from [0]");
		s.indexed = true;
		s.index = (size_t)index;
		p = end + 1;
	}
	if (*p == '.' && p[1])
		s.rest = p + 1;
	else if (*p)
		return cy_fail(e, CY_EINVAL, "'%s' is not a path of fields", path);
	*ret = s;
	return CY_OK;
}

static json_t *number(const ProtobufCFieldDescriptor *f, const char *text, struct cy_error *e)
{
	bool negative = text[0] == '-', wide = cy_value_size(f->type) == 8;
	bool is_signed = f->type == PROTOBUF_C_TYPE_INT32 || f->type == PROTOBUF_C_TYPE_INT64;
	const char *digits = text + negative;
	uint64_t value;

	if (cy_parse_u64(digits, strlen(digits), wide ? UINT64_MAX : UINT32_MAX, &value) != CY_OK ||
	    (negative && !is_signed)) {
		cy_fail(e, CY_EINVAL, "a whole number is expected, not '%s'", text);
		return NULL;
	}
	return wide ? json_string(text) : json_integer(negative ? -(json_int_t)value : (json_int_t)value);
}

/* The file's own reader takes it as a person writes it. */
static json_t *instant(const ProtobufCFieldDescriptor *f, const char *text, struct cy_error *e)
{
	struct cy_wall t;

	if (strpbrk(text, "-:Tt") == NULL)
		return number(f, text, e);
	if (cy_rfc3339_read(text, &t) == CY_OK)
		return json_string(text);
	cy_fail(e, CY_EINVAL, CY_RFC3339_LIKE " is expected, not '%s'", text);
	return NULL;
}

static json_t *bytes(const char *text, struct cy_error *e)
{
	struct cy_buf b = CY_BUF(BYTES_MAX * 2);
	uint8_t raw[BYTES_MAX];
	size_t len;
	json_t *j = NULL;

	if (strncmp(text, "hex:", 4) != 0)
		return json_string(text);
	len = strlen(text + 4);
	if (len % 2 || len / 2 > sizeof raw || cy_unhex(text + 4, len, raw, len / 2) != CY_OK)
		cy_fail(e, CY_EINVAL, "an even number of hexadecimal digits is expected after hex:");
	else if (wire_base64(cy_bytes(raw, len / 2), &b) == CY_OK)
		j = json_stringn((const char *)b.data, b.len);
	cy_buf_free(&b);
	return j;
}

/* NULL with the sentence. */
static json_t *scalar(const ProtobufCFieldDescriptor *f, const char *text, struct cy_error *e)
{
	const ProtobufCEnumValue *v;
	char name[CY_FIELD_NAME_SIZE];
	json_t *j;

	switch (f->type) {
	case PROTOBUF_C_TYPE_BOOL:
		if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0)
			return json_boolean(text[0] == 't');
		cy_fail(e, CY_EINVAL, "true or false is expected, not '%s'", text);
		return NULL;
	case PROTOBUF_C_TYPE_ENUM:
		v = fields_enum_value(f->descriptor, text);
		if (v != NULL)
			return json_string(v->name);
		wire_unknown_value(f->descriptor, text, "", e);
		return NULL;
	case PROTOBUF_C_TYPE_STRING:
		j = json_string(text);
		if (j == NULL)
			cy_fail(e, CY_EINVAL, "the text is not valid UTF-8");
		return j;
	case PROTOBUF_C_TYPE_BYTES:
		return bytes(text, e);
	case PROTOBUF_C_TYPE_MESSAGE:
		cy_json_name(f, name, sizeof name);
		cy_fail(e, CY_EINVAL, "it has fields of its own; set those, as in %s.FIELD=VALUE", name);
		return NULL;
	default:
		return cy_field_instant(f) ? instant(f, text, e) : number(f, text, e);
	}
}

/* The key under which the document has this field already, else its JSON name. */
static const char *key_of(json_t *object, const ProtobufCFieldDescriptor *f, char json[static CY_FIELD_NAME_SIZE])
{
	cy_json_name(f, json, CY_FIELD_NAME_SIZE);
	return json_object_get(object, f->name) != NULL ? f->name : json;
}

/* Put a new empty container, or find the one that is there. */
static json_t *member(json_t *object, const char *key, bool list)
{
	json_t *j = json_object_get(object, key);

	if (j == NULL || json_is_null(j)) {
		json_object_set_new(object, key, list ? json_array() : json_object());
		j = json_object_get(object, key);
	}
	return j;
}

static int put(json_t *object, const char *key, const ProtobufCFieldDescriptor *f, const struct step *s,
	       const char *text, struct cy_error *e)
{
	json_t *value = scalar(f, text, e), *list;
	size_t n;

	if (value == NULL)
		return CY_EINVAL;
	if (f->label != PROTOBUF_C_LABEL_REPEATED) {
		json_object_set_new(object, key, value);
		return CY_OK;
	}
	list = member(object, key, true);
	n = json_array_size(list);
	if (!json_is_array(list) || (s->indexed && s->index > n)) {
		json_decref(value);
		return cy_fail(e, CY_EINVAL, "the next free place is %s[%zu]", key, n);
	}
	if (s->indexed && s->index < n)
		json_array_set_new(list, s->index, value);
	else
		json_array_append_new(list, value);
	return CY_OK;
}

/* The object below `object` that the step leads to; NULL with the sentence. */
static json_t *descend(json_t *object, const char *key, const ProtobufCFieldDescriptor *f, const struct step *s,
		       struct cy_error *e)
{
	bool many = f->label == PROTOBUF_C_LABEL_REPEATED;
	json_t *j = member(object, key, many);

	if (many && !s->indexed) {
		cy_fail(e, CY_EINVAL, "'%s' is a list; say which one, as in %s[0]", key, key);
		return NULL;
	}
	if (many) {
		if (s->index > json_array_size(j)) {
			cy_fail(e, CY_EINVAL, "the next free place is %s[%zu]", key, json_array_size(j));
			return NULL;
		}
		if (s->index == json_array_size(j))
			json_array_append_new(j, json_object());
		j = json_array_get(j, s->index);
	}
	if (!json_is_object(j)) {
		cy_fail(e, CY_EINVAL, "'%s' is not an object in the file", key);
		return NULL;
	}
	return j;
}

static int unknown(const ProtobufCMessageDescriptor *d, const struct step *s, struct cy_error *e)
{
	char name[CY_FIELD_NAME_SIZE];

	snprintf(name, sizeof name, "%.*s", (int)s->len, s->name);
	return wire_unknown_field(d, name, "", e);
}

static int apply(json_t *root, const ProtobufCMessageDescriptor *d, const char *path, const char *text,
		 struct cy_error *e)
{
	json_t *object = root;

	for (;;) {
		const ProtobufCFieldDescriptor *f;
		char json[CY_FIELD_NAME_SIZE];
		struct step s = { 0 };
		const char *key;

		if (next_step(path, &s, e) != CY_OK)
			return CY_EINVAL;
		f = fields_find(d, s.name, s.len);
		if (f == NULL)
			return unknown(d, &s, e);
		key = key_of(object, f, json);
		if (s.indexed && f->label != PROTOBUF_C_LABEL_REPEATED)
			return cy_fail(e, CY_EINVAL, "'%s' is not a list", key);
		if (s.rest == NULL)
			return put(object, key, f, &s, text, e);
		if (f->type != PROTOBUF_C_TYPE_MESSAGE)
			return cy_fail(e, CY_EINVAL, "'%s' has no fields of its own", key);
		object = descend(object, key, f, &s, e);
		if (object == NULL)
			return CY_EINVAL;
		d = f->descriptor;
		path = s.rest;
	}
}

int set_apply(json_t *root, const ProtobufCMessageDescriptor *d, const char *assignment, struct cy_error *e)
{
	const char *equals = strchr(assignment, '=');
	char *path;
	int r;

	if (equals == NULL || equals == assignment)
		return cy_fail(e, CY_EINVAL, "it has the form FIELD=VALUE");
	path = strndup(assignment, (size_t)(equals - assignment));
	CY_ASSERT(path != NULL);
	r = apply(root, d, path, equals + 1, e);
	free(path);
	return r;
}
