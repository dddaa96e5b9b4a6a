/* The proto3 JSON mapping, by descriptor reflection over protobuf-c structs.
 * Equal to Python's json_format in both directions for every message of the
 * schema, except that a parser here is stricter and refuses:
 * - the character NUL in a text: a C string cannot hold it;
 * - the same field under both its names;
 * - in bytes, characters that are not base64 (Python skips them);
 * - in numbers, blanks, underscores and digits that are not ASCII; whole numbers
 *   of 2^63 and more outside quotes; for an enum, true, false and fractions;
 * - a list or a text in place of the outermost object, even an empty one;
 * - texts, lists and nesting beyond base/limits.h.
 * Beyond Python, an instant (base/reflect.h) may also be a text of RFC 3339, or an
 * empty one: not stated. So people write it, and so wire_json_print_people() does.
 * Types float and double, which the schema does not use, have no JSON form here.
 * Unknown fields of a message are not printed. */
#ifndef CY_WIRE_JSON_H
#define CY_WIRE_JSON_H

#include <protobuf-c/protobuf-c.h>

#include "base/bytes.h"
#include "base/error.h"

/* Append the JSON form, character for character what Python's json.dumps makes
 * with that indent and ensure_ascii=False. Default values are left out unless
 * their presence matters, 64-bit integers are strings, bytes are base64, enums
 * are names (numbers, if unknown), field names are lowerCamelCase, in the order
 * of field numbers. `indent` 0: one line. CY_EINVAL for a text that is not
 * UTF-8, CY_ELIMIT; `out` is then unchanged. */
int wire_json_print(const ProtobufCMessage *m, int indent, struct cy_buf *out);

/* The same for people: instants are RFC 3339. */
int wire_json_print_people(const ProtobufCMessage *m, int indent, struct cy_buf *out);

/* Parse; the result is freed with protobuf_c_message_free_unpacked(.., NULL).
 * Both lowerCamelCase and proto names are accepted, null means absent; unknown
 * fields, unknown enum names, wrong types, duplicate keys, two members of a oneof
 * and numbers out of range are errors. `e` names the field by its path as the
 * document spells it (`content.request.measures[0].type`), or the line
 * (`line 3`) where the document is not JSON (wire/json_syntax.h); the sentence says what was expected,
 * suggests the name that is nearest, and never repeats a value. CY_EPARSE, CY_ELIMIT or CY_ENOMEM. */
int wire_json_parse(const ProtobufCMessageDescriptor *d, struct cy_bytes text, ProtobufCMessage **ret_message,
		    struct cy_error *e);

/* The same for whoever wants to know all faults: each is told, and what is wrong counts as not given, in a list as an
 * empty element, so that the others keep their places. CY_OK then, with the rest of the message. What is no JSON, or no
 * object, or exhausts the memory is an error as before. */
typedef void wire_json_fault(void *arg, const struct cy_error *fault);
int wire_json_read(const ProtobufCMessageDescriptor *d, struct cy_bytes text, ProtobufCMessage **ret_message,
		   wire_json_fault *fault, void *arg, struct cy_error *e);

#endif
