/* The clocks of a treaty profile. Private to the loader of profiles. */
#ifndef CY_CONFIG_PROFILE_CLOCK_H
#define CY_CONFIG_PROFILE_CLOCK_H

#include "config/profile_value.h"

/* The options of a section clock; `extension` are those of the section in it. */
#define PROFILE_CLOCK_OPTIONS 20
void profile_clock_options(cfg_opt_t ret[static PROFILE_CLOCK_OPTIONS], cfg_opt_t *extension);

/* All clocks, checked against the rules, measures and ladders that `p` holds already. */
void profile_clocks(const struct config_sec *root, struct law_profile *p);

/* As profile_measures(); what the profile does not admit is a problem. */
law_measures profile_measures_of(const struct config_sec *s, const char *name, const struct law_profile *p);

#endif
