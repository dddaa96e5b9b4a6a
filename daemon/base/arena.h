/* Memory that lives as long as one piece of work: everything taken from an arena
 * is freed at once. */
#ifndef CY_BASE_ARENA_H
#define CY_BASE_ARENA_H

#include <stddef.h>

#include "base/bytes.h"

struct cy_arena {
	struct cy_arena_block *first;
	size_t total; /* bytes taken from libc */
};

/* Zeroed memory, aligned for any type. Ends the process when there is none:
 * callers bound what they take, so this is a broken machine, not bad input. */
void *cy_arena_take(struct cy_arena *a, size_t size);
/* Copies. */
char *cy_arena_string(struct cy_arena *a, const char *s);
struct cy_bytes cy_arena_bytes(struct cy_arena *a, struct cy_bytes b);
void cy_arena_free(struct cy_arena *a);

#endif
