/* Reading and finding the members of protobuf-c structs by their descriptors. */
#ifndef CY_BASE_REFLECT_H
#define CY_BASE_REFLECT_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"

/* Size of one value of this type inside a struct. */
size_t cy_value_size(ProtobufCType type);

/* A singular field is set: the chosen member of its oneof (which is how
 * `optional` appears), a sub-message that is there, else other than zero. */
bool cy_field_set(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f);

/* How many elements a repeated field has. */
size_t cy_field_count(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f);

/* The value of a singular field, or element `i` of a repeated one. */
const void *cy_field_value(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f, size_t i);

/* The lowerCamelCase name, as protoc makes it. Cut to `size`. */
void cy_json_name(const ProtobufCFieldDescriptor *f, char *out, size_t size);

/* A path of fields under their names of the schema, as it is written in JSON:
 * `content.request.own_reference` is `content.request.ownReference`. Cut to `size`. */
void cy_json_path(const char *path, char *out, size_t size);

/* An instant, by the conventions of the schema (types.proto): int64, `*_ms`, not `optional`. */
bool cy_field_instant(const ProtobufCFieldDescriptor *f);

/* A message in which nothing is said, with all of its parts, and theirs: one element in each list of parts, and, if
 * `values`, in each list of values. For whoever asks what is said of its fields. */
ProtobufCMessage *cy_whole(struct cy_arena *a, const ProtobufCMessageDescriptor *d, bool values);

/* Longer than any field name of the schema, with NUL. */
#define CY_FIELD_NAME_SIZE 64

#endif
