#include "comityctl/fields.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/guess.h"
#include "base/reflect.h"
#include "base/time.h"
#include "comity/v1/types.pb-c.h"
#include "comityctl/ctl.h"

#define NAME_WIDTH 30
#define LINE_WIDTH 100

static bool same(const char *known, const char *given, size_t len)
{
	if (strlen(known) != len)
		return false;
	for (size_t i = 0; i < len; i++)
		if (known[i] != (given[i] == '-' ? '_' : given[i]))
			return false;
	return true;
}

const ProtobufCFieldDescriptor *fields_find(const ProtobufCMessageDescriptor *d, const char *name, size_t len)
{
	for (unsigned i = 0; i < d->n_fields; i++) {
		char json[CY_FIELD_NAME_SIZE];

		cy_json_name(&d->fields[i], json, sizeof json);
		if (same(d->fields[i].name, name, len) || same(json, name, len))
			return &d->fields[i];
	}
	return NULL;
}

const ProtobufCEnumValue *fields_enum_value(const ProtobufCEnumDescriptor *d, const char *name)
{
	char upper[64];
	size_t i = 0;

	for (; i < sizeof upper - 1 && name[i]; i++)
		upper[i] = name[i] == '-' ? '_' : (char)toupper((unsigned char)name[i]);
	upper[i] = 0;
	return protobuf_c_enum_descriptor_get_value_by_name(d, upper);
}

static const char *type_name(const ProtobufCFieldDescriptor *f)
{
	switch (f->type) {
	case PROTOBUF_C_TYPE_INT32:
	case PROTOBUF_C_TYPE_SINT32:
	case PROTOBUF_C_TYPE_SFIXED32:
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_SFIXED64:
	case PROTOBUF_C_TYPE_UINT32:
	case PROTOBUF_C_TYPE_FIXED32:
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64:
	case PROTOBUF_C_TYPE_FLOAT:
	case PROTOBUF_C_TYPE_DOUBLE:
		return "number";
	case PROTOBUF_C_TYPE_BOOL:
		return "true or false";
	case PROTOBUF_C_TYPE_ENUM:
		return "one of";
	case PROTOBUF_C_TYPE_STRING:
		return "text";
	case PROTOBUF_C_TYPE_BYTES:
		return "base64, or hex:DIGITS with --set";
	case PROTOBUF_C_TYPE_MESSAGE:
		return "object";
	}
	return "?";
}

/* The conventions of the schema (types.proto) for names. */
static const char *form(const ProtobufCFieldDescriptor *f)
{
	size_t len = strlen(f->name);

	if (f->type == PROTOBUF_C_TYPE_STRING && len > 5 && strcmp(f->name + len - 5, "_date") == 0)
		return "date, YYYY-MM-DD";
	if (cy_field_instant(f))
		return CY_RFC3339_LIKE;
	return type_name(f);
}

static void print_values(const ProtobufCEnumDescriptor *d, int indent)
{
	int column = LINE_WIDTH;

	for (unsigned i = 0; i < d->n_values; i++) {
		if (d->values[i].value == 0)
			continue;
		if (column + (int)strlen(d->values[i].name) + 2 > LINE_WIDTH)
			column = printf("\n%*s", indent, "") - 1;
		column += printf(" %s", d->values[i].name);
	}
}

void fields_print(const ProtobufCMessageDescriptor *d, int depth)
{
	for (unsigned i = 0; i < d->n_fields; i++) {
		const ProtobufCFieldDescriptor *f = &d->fields[i];
		bool many = f->label == PROTOBUF_C_LABEL_REPEATED;
		char json[CY_FIELD_NAME_SIZE];

		cy_json_name(f, json, sizeof json);
		printf("%*s%-*s %s%s", depth * 2 + 2, "", NAME_WIDTH - depth * 2, json, many ? "list of " : "",
		       form(f));
		if (f->type == PROTOBUF_C_TYPE_ENUM)
			print_values(f->descriptor, NAME_WIDTH + 4);
		putchar('\n');
		if (f->type == PROTOBUF_C_TYPE_MESSAGE)
			fields_print(f->descriptor, depth + 1);
	}
}

int fields_no_measure(const char *name)
{
	const ProtobufCEnumDescriptor *d = &cy_measure_type__descriptor;
	struct cy_guess guess = CY_GUESS(name);
	char meant[CY_GUESS_TEXT];

	for (unsigned i = 0; i < d->n_values; i++)
		if (d->values[i].value != 0)
			cy_guess_offer(&guess, d->values[i].name);
	return ctl_fail(CTL_NOT_FOUND, "there is no measure '%s'%s 'comityctl template --list' shows them", name,
			cy_guess_text(&guess, meant));
}
