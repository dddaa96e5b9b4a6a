/* The proto3 JSON mapping, by descriptor reflection over protobuf-c structs.
 * Equal to Python's json_format in both directions for every message of the
 * schema. */
#ifndef CY_WIRE_JSON_H
#define CY_WIRE_JSON_H

#include <protobuf-c/protobuf-c.h>

#include "base/bytes.h"
#include "base/error.h"

/* Append the JSON form. Default values are left out, 64-bit integers are
 * strings, bytes are base64, enums are names, field names are lowerCamelCase.
 * `indent` 0: one line. */
int wire_json_print(const ProtobufCMessage *m, int indent, struct cy_buf *out);

/* Parse; the result is freed with protobuf_c_message_free_unpacked(.., NULL).
 * Both lowerCamelCase and proto names are accepted; unknown fields, unknown enum
 * names, wrong types, duplicate keys and numbers out of range are errors with
 * the path of the field in `e`. */
int wire_json_parse(const ProtobufCMessageDescriptor *d, struct cy_bytes text, ProtobufCMessage **ret_message,
		    struct cy_error *e);

#endif
