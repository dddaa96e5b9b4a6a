/* Treaty profiles from files, one file a version of an instrument, in libconfuse's
 * syntax; comity.treaty(5) describes it. Every problem is reported, with file and line. */
#ifndef CY_CONFIG_PROFILE_CONFUSE_H
#define CY_CONFIG_PROFILE_CONFUSE_H

#include "base/arena.h"
#include "config/config_problems.h"
#include "law/profile.h"

/* CY_OK, or CY_ECONFIG with problems added. What is loaded lives in the arena, which
 * also after a failure is the caller's to free. */
int profile_load(const char *path, struct cy_arena *arena, const struct law_profile **ret, struct config_problems *out);

/* All files *.conf and *.treaty of a directory, by id and then by effective date. Two
 * versions of an instrument that are effective on the same day are a problem. After a
 * problem *ret holds what has none, if the directory can be read at all. */
int profile_load_dir(const char *dir, struct cy_arena *arena, const struct law_profile *const **ret, size_t *ret_n,
		     struct config_problems *out);

#endif
