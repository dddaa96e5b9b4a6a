/* For tests that end the daemon at a stated place: between a commit and the
 * release of its effects. Does nothing unless COMITY_TEST_HOLD is set. */
#ifndef CY_COMITYD_HOLD_H
#define CY_COMITYD_HOLD_H

#include <stdbool.h>

/* The hook for node_config.hold. While the file that COMITY_TEST_HOLD names
 * exists, the daemon makes FILE.held beside it at the place, and waits there to
 * be killed. NULL without the variable. */
void (*hold_hook(void))(void *ctx, const char *place);

/* Whether COMITY_TEST_DUMPABLE is set: tests that are not root look into the daemon. */
bool hold_dumpable(void);

#endif
