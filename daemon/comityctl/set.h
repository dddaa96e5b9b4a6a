/* `--set field.path=value`: changes one value of a JSON document, guided by the
 * descriptor of the message that it is to become. */
#ifndef CY_COMITYCTL_SET_H
#define CY_COMITYCTL_SET_H

#include <jansson.h>
#include <protobuf-c/protobuf-c.h>

#include "base/error.h"

/* Apply one assignment to `root`, an object that wire_json_parse accepts for
 * `d`. The path has field names (of the schema or of JSON) and list indices, as
 * in `results[0].outcome`; an index may be the next free one, and a list of plain
 * values without an index gets the value appended. Numbers, `true`, `false`, enum
 * names of either case, texts as they are, base64 or `hex:` for bytes, and RFC
 * 3339 or milliseconds for instants. A negative code with the sentence. */
int set_apply(json_t *root, const ProtobufCMessageDescriptor *d, const char *assignment, struct cy_error *e);

#endif
