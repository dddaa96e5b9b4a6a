/* Time zones of the system's tzdata, as values. The files are read as RFC 8536 says,
 * with the rule at their end for the years after the last change that they list. libical's
 * zones are not taken: it makes recurrence rules of these files, which in places say
 * something else (America/Sao_Paulo of 2014, Asia/Beirut of 1973). */
#ifndef CY_CONFIG_ZONE_TZ_H
#define CY_CONFIG_ZONE_TZ_H

#include "base/arena.h"
#include "law/days.h"

#define ZONE_DIR        "/usr/share/zoneinfo"
#define ZONE_FIRST_YEAR 1970
#define ZONE_LAST_YEAR  2100 /* afterwards the last offset goes on */

/* The zone `name` (IANA, such as Europe/Dublin) of the directory `dir` (NULL: the
 * system's). The arena owns it. CY_EINVAL for what is no name of a zone, CY_ENOENT for
 * one that is not there, CY_EPARSE for a file that is damaged, CY_EIO; `e` tells. */
int zone_load(const char *dir, const char *name, struct cy_arena *arena, const struct law_zone **ret,
	      struct cy_error *e);

#endif
