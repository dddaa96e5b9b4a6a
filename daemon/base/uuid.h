/* UUID version 7 (RFC 9562, 5.7) from a time and random bytes given as values. */
#ifndef CY_BASE_UUID_H
#define CY_BASE_UUID_H

#include <stdbool.h>
#include <stdint.h>

#include "base/limits.h"
#include "base/time.h"

struct cy_uuid {
	char s[CY_UUID_LEN + 1]; /* lower case, with hyphens */
};

struct cy_uuid cy_uuid7(struct cy_wall now, const uint8_t random[static 10]);

/* The form that cy_uuid7 writes: lower case, version 7, RFC variant. */
bool cy_uuid_valid(const char *text);

#endif
