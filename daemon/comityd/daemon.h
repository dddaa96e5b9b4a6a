/* The wiring: ports implemented by daemon/io/, inputs led to the node, one loop. */
#ifndef CY_COMITYD_DAEMON_H
#define CY_COMITYD_DAEMON_H

#include "base/error.h"
#include "config/config_confuse.h"

/* Run until SIGTERM or SIGINT; SIGHUP reads the configuration again. CY_OK after an
 * orderly stop. A failure to start has been told already; the caller keeps `config`. */
int daemon_run(struct config *config, struct cy_error *e);

#endif
