/* The sentence about a name that the schema does not have: what it has, and what
 * was probably meant. */
#ifndef CY_WIRE_NAMES_H
#define CY_WIRE_NAMES_H

#include <protobuf-c/protobuf-c.h>

#include "base/error.h"

/* `path` is where the name stands, "" where that is said otherwise. Both return
 * CY_EPARSE. Fields have their names of JSON; an enum's value zero, which is
 * refused wherever one is required, is not listed. */
int wire_unknown_field(const ProtobufCMessageDescriptor *d, const char *name, const char *path, struct cy_error *e);
int wire_unknown_value(const ProtobufCEnumDescriptor *d, const char *name, const char *path, struct cy_error *e);

#endif
