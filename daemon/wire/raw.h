/* Raw protobuf, value by value: a tag, a number, a length. It knows no schema. */
#ifndef CY_WIRE_RAW_H
#define CY_WIRE_RAW_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>

#include "base/bytes.h"

#define WIRE_VARINT_MAX 10u

/* A field as it stands there. */
struct wire_raw {
	uint32_t number; /* not 0 */
	ProtobufCWireType wire;
	uint64_t value;        /* of a varint */
	struct cy_bytes bytes; /* of all others */
};

/* Take from the front of `in`: the tag (number and wire type); the value after it. NULL, or
 * the sentence that says what is wrong; then `in` is of no use any more. */
const char *wire_raw_tag(struct cy_bytes *in, struct wire_raw *f);
const char *wire_raw_value(struct cy_bytes *in, struct wire_raw *f);

/* Write a number of 7 bits a byte; returns its length. */
size_t wire_raw_put(uint8_t out[static WIRE_VARINT_MAX], uint64_t value);

#endif
