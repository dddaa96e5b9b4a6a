/* The wiring: ports implemented by daemon/io/, inputs led to the node, one loop. */
#ifndef CY_COMITYD_DAEMON_H
#define CY_COMITYD_DAEMON_H

#include "base/error.h"
#include "io/config_confuse.h"

/* Run until SIGTERM or SIGINT. CY_OK after an orderly stop. */
int daemon_run(const struct config *config, struct cy_error *e);

#endif
