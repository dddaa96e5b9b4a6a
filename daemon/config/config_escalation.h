/* The section escalation of comityd.conf. Private to the loader of the configuration. */
#ifndef CY_CONFIG_CONFIG_ESCALATION_H
#define CY_CONFIG_CONFIG_ESCALATION_H

#include "config/config_value.h"

void config_escalation(struct config_load *l, cfg_t *root);
/* The sections role within `s`, for cases with `peer` ("": with all). */
void config_roles(const struct config_sec *s, const char *peer, struct config *c);

#endif
