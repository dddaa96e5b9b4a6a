/* Checked arithmetic for sizes and numbers that come from outside. */
#ifndef CY_BASE_NUM_H
#define CY_BASE_NUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* False on overflow; *ret is then undefined. */
static inline bool cy_add_size(size_t a, size_t b, size_t *ret)
{
	return !__builtin_add_overflow(a, b, ret);
}

static inline bool cy_add_i64(int64_t a, int64_t b, int64_t *ret)
{
	return !__builtin_add_overflow(a, b, ret);
}

/* A decimal number without sign, blanks or leading zeros; CY_EPARSE otherwise
 * or above `max`. */
int cy_parse_u64(const char *text, size_t len, uint64_t max, uint64_t *ret);

#endif
