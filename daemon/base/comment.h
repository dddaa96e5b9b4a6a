/* The comments of the schema, as they were when the program was built (proto/comments.awk). */
#ifndef CY_BASE_COMMENT_H
#define CY_BASE_COMMENT_H

#include <stddef.h>

/* Of a message or enum by its name (Measure), of a field or value by both (Measure.type). */
struct cy_comment {
	const char *name, *text;
};

extern const struct cy_comment cy_comments[];
extern const size_t cy_comments_n;

/* "" : there is none. */
const char *cy_comment_of(const char *name);

#endif
