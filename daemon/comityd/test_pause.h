/* For tests that end the daemon at a stated point: between a commit and the
 * release of its effects. Does nothing unless COMITY_TEST_PAUSE is set. */
#ifndef CY_COMITYD_TEST_PAUSE_H
#define CY_COMITYD_TEST_PAUSE_H

#include <stdbool.h>

/* The hook for node_config.test_pause. While the file that COMITY_TEST_PAUSE names
 * exists, the daemon makes FILE.paused beside it at that point, and waits there to
 * be killed. NULL without the variable. */
void (*test_pause_hook(void))(void *ctx, const char *point);

/* Whether COMITY_TEST_DUMPABLE is set: tests that are not root look into the daemon. */
bool test_dumpable(void);

#endif
