/* Names that people type: fields of the schema, values of its enums. */
#ifndef CY_COMITYCTL_FIELDS_H
#define CY_COMITYCTL_FIELDS_H

#include <protobuf-c/protobuf-c.h>

/* The field by its name in the schema, in JSON, or with hyphens; NULL: none. */
const ProtobufCFieldDescriptor *fields_find(const ProtobufCMessageDescriptor *d, const char *name, size_t len);

/* The enum value by its name, of either case and with '-' for '_'; NULL: none. */
const ProtobufCEnumValue *fields_enum_value(const ProtobufCEnumDescriptor *d, const char *name);

/* Say that there is no type of measure of this name, and which was probably meant; the exit code. */
int fields_no_measure(const char *name);

#endif
