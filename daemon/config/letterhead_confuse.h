/* The letterhead of an authority, from a file in libconfuse's syntax; comityctl(1) describes it under `letter`. Every
 * problem is reported, with file and line. */
#ifndef CY_CONFIG_LETTERHEAD_CONFUSE_H
#define CY_CONFIG_LETTERHEAD_CONFUSE_H

#include "base/arena.h"
#include "config/config_problems.h"
#include "law/days.h"

struct letterhead {
	const char *authority;       /* its id: whose letters begin so */
	const struct law_zone *zone; /* in which its letters write instants; NULL: not said */
	const char *office;
	size_t n_lines;
	const char *const *lines; /* address, telephone, ... */
};

/* CY_OK, or CY_ECONFIG with problems added. What is loaded lives in the arena. */
int letterhead_load(const char *path, struct cy_arena *arena, struct letterhead *ret, struct config_problems *out);

#endif
