/* The ports of a node (port/ports.h), as tests give them: the simulator, the fuzz targets and the unit
 * tests that run whole nodes. Here is what they do all alike; a rig puts it together, and adds what it is
 * there for. */
#ifndef RIG_H
#define RIG_H

#include "base/rng.h"
#include "node/node.h"

#define START_MS INT64_C(1795514400000) /* 2026-11-24T10:00:00Z: when all of them begin, and monotonic time is 0 */

/* A clock that stands still until the test moves it. */
struct rig_clock {
	int64_t now;        /* wall time, and START_MS more than the monotonic one */
	int64_t wrong;      /* ms by which the wall clock differs from that */
	struct cy_mono wake; /* asked for last */
};
struct clock_port rig_clock_port(struct rig_clock *c);

/* The same bytes for the same state. */
struct random_port rig_random_port(struct cy_rng *r);

#endif
