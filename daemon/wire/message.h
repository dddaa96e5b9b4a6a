/* Protobuf from outside: unpack under limits, before anything looks at it. */
#ifndef CY_WIRE_MESSAGE_H
#define CY_WIRE_MESSAGE_H

#include <protobuf-c/protobuf-c.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/limits.h"

/* Unpack `data` as a message of descriptor `d`: at most `max` bytes, nesting,
 * repeated fields and texts within the limits of base/limits.h, every string
 * well-formed UTF-8 without NUL. Free with protobuf_c_message_free_unpacked.
 * CY_ELIMIT or CY_EPARSE, with the field path in `e`. */
int wire_unpack(const ProtobufCMessageDescriptor *d, struct cy_bytes data, size_t max, ProtobufCMessage **ret_message,
		struct cy_error *e);

/* Serialise, appended to `out`. */
int wire_pack(const ProtobufCMessage *m, struct cy_buf *out);

/* Delimited frames of the local socket: the varint length before a frame.
 * Returns the length of the whole frame with its prefix and sets *ret_payload
 * when it is complete, 0 when more bytes are needed, CY_ELIMIT beyond `max`,
 * CY_EPARSE for a length of more than 5 bytes. */
int64_t wire_delimited_next(struct cy_bytes data, size_t max, struct cy_bytes *ret_payload);
int wire_delimited_pack(const ProtobufCMessage *m, struct cy_buf *out);

#endif
