/* The path of a field while walking a message, such as
 * `content.request.measures[0].type`. Cut when it grows too long for an error,
 * never overrun. */
#ifndef CY_WIRE_PATH_H
#define CY_WIRE_PATH_H

#include <stddef.h>

struct wire_path {
	char s[128];
	size_t len;
};

/* Add a name of `len` bytes, or an index; the result is what wire_path_back
 * wants. Control characters show as '?': a JSON key may hold anything. */
size_t wire_path_name(struct wire_path *p, const char *name, size_t len);
size_t wire_path_index(struct wire_path *p, size_t index);
void wire_path_back(struct wire_path *p, size_t before);

#endif
