/* The layout of forms, read from a file in libconfuse's syntax (config/form.conf, which describes it). */
#ifndef CY_CONFIG_FORM_CONFUSE_H
#define CY_CONFIG_FORM_CONFUSE_H

#include "base/arena.h"
#include "config/config_problems.h"
#include "form/layout.h"

/* CY_OK, or CY_ECONFIG and `out` tells. The arena owns the layout. Fields and values that the schema does not have are
 * a problem: the schema changes rarely, a mistyped name often. */
int form_load(const char *path, struct cy_arena *arena, struct form_layout *ret, struct config_problems *out);

#endif
