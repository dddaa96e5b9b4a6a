#include "comityctl/fields.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/guess.h"
#include "base/reflect.h"
#include "comity/v1/types.pb-c.h"
#include "comityctl/ctl.h"
#include "comityctl/say.h"

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

int fields_no_measure(const char *name)
{
	const ProtobufCEnumDescriptor *d = &cy_measure_type__descriptor;
	struct cy_guess guess = CY_GUESS(name);
	char meant[CY_GUESS_TEXT];

	for (unsigned i = 0; i < d->n_values; i++)
		if (d->values[i].value != 0)
			cy_guess_offer(&guess, d->values[i].name);
	return ctl_fail(CTL_NOT_FOUND, "there is no measure '%s'%s 'comityctl template --list' shows them", name,
			say_heard(cy_guess_text(&guess, meant)));
}
