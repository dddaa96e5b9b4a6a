/* Raw protobuf, looked at before protobuf-c does: it knows no limit on nesting,
 * counts or memory, and does not look into strings. */
#ifndef CY_WIRE_SCAN_H
#define CY_WIRE_SCAN_H

#include <protobuf-c/protobuf-c.h>

#include "base/bytes.h"
#include "base/error.h"

/* Memory that one message may take once unpacked. Two bytes can stand for an
 * empty sub-message of several hundred: without this a frame of 1 MiB could
 * ask for 100 MiB. */
#define WIRE_UNPACKED_MAX (16u * 1024u * 1024u)

/* CY_OK if `data` is a message of descriptor `d` that may be unpacked:
 * - every tag and value is well formed and within the message that holds it; no
 *   groups;
 * - a field has the wire type of its declaration; repeated numbers may be packed;
 * - nesting, repeated fields, texts and WIRE_UNPACKED_MAX are within limits;
 * - strings are UTF-8 without NUL;
 * - a sub-message or a member of a oneof (`optional` fields too) comes at most
 *   once. Merging, which protobuf allows here, is something no writer does, and
 *   implementations differ in it.
 * Unknown fields pass. CY_ELIMIT or CY_EPARSE with the path in `e`. */
int wire_scan(const ProtobufCMessageDescriptor *d, struct cy_bytes data, struct cy_error *e);

#endif
