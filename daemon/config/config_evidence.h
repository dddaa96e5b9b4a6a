/* The section evidence of the configuration, and how fast evidence may leave to a peer.
 * Private to config_confuse.c. */
#ifndef CY_CONFIG_CONFIG_EVIDENCE_H
#define CY_CONFIG_CONFIG_EVIDENCE_H

#include "config/config_value.h"

/* After the section store: the directory is within that of the store unless named. */
void config_evidence(struct config_load *l, cfg_t *root);
/* evidence_rate of a peer section. */
void config_rates(const struct config_sec *s, struct config_peer *peer);

#endif
