/* Paths of fields, as a treaty profile names what it asks for. `[]` stands for each
 * element of a list of parts: `facts`, `purpose.use_limits`, `measures[].targets`,
 * `persons[].identifiers[].issuer`. A path does not end with it. */
#ifndef CY_LAW_FIELD_H
#define CY_LAW_FIELD_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>

/* Returns whether this is the path of a field of a Request. */
bool law_field_known(const char *path);
/* Returns whether this is the path of a field of a message of this type. */
bool law_field_in(const ProtobufCMessageDescriptor *d, const char *path);

/* The first step of a path. */
struct law_field {
	const ProtobufCFieldDescriptor *field;
	bool each;        /* every element of the list */
	const char *rest; /* "" at the end; else the field is a part, or a list of parts */
};

/* Splits off the first step of a path. Returns false if there is no such field, or it has no fields below it. */
bool law_field_step(const ProtobufCMessageDescriptor *d, const char *path, struct law_field *ret);

#endif
