/* An escalation ladder, in a treaty profile or in comityd.conf:
 *     rung NAME { at = "3d before"  role = desk_officer  side = {"obliged"}  actions = {"event", "reminder"} } */
#ifndef CY_CONFIG_LADDER_CONFUSE_H
#define CY_CONFIG_LADDER_CONFUSE_H

#include "config/config_value.h"
#include "law/profile.h"

#define LADDER_RUNGS_MAX 32u

/* The options of a section rung, which is CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES. */
#define LADDER_RUNG_OPTIONS 5
void ladder_rung_options(cfg_opt_t ret[static LADDER_RUNG_OPTIONS]);

/* The sections rung within `s`. What is wrong is reported, and the rest taken. */
struct law_ladder ladder_of(const struct config_sec *s, const char *name);

#endif
