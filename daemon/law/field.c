#include "law/field.h"

#include <string.h>

#include "base/reflect.h"
#include "comity/v1/case.pb-c.h"

bool law_field_step(const ProtobufCMessageDescriptor *d, const char *path, struct law_field *ret)
{
	char name[CY_FIELD_NAME_SIZE];
	size_t len = strcspn(path, ".[");
	const ProtobufCFieldDescriptor *f;
	bool each;

	if (!len || len >= sizeof name)
		return false;
	memcpy(name, path, len);
	name[len] = '\0';
	f = protobuf_c_message_descriptor_get_field_by_name(d, name);
	if (f == NULL)
		return false;
	path += len;
	each = !strncmp(path, "[]", 2);
	path += each ? 2 : 0;
	*ret = (struct law_field){ .field = f, .each = each, .rest = *path == '.' ? path + 1 : path };
	if (*path == '\0')
		return !each;
	return *path == '.' && path[1] && f->type == PROTOBUF_C_TYPE_MESSAGE &&
	       each == (f->label == PROTOBUF_C_LABEL_REPEATED);
}

bool law_field_in(const ProtobufCMessageDescriptor *d, const char *path)
{
	struct law_field s;

	while (law_field_step(d, path, &s)) {
		if (!s.rest[0])
			return true;
		d = s.field->descriptor;
		path = s.rest;
	}
	return false;
}

bool law_field_known(const char *path)
{
	return law_field_in(&cy_request__descriptor, path);
}
