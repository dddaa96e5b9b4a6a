/* The signals that steer the process, as events of the main loop (signalfd(2)). They are never
 * delivered: a handler would interrupt a call of a library in the middle, and ZeroMQ does not
 * repeat its own. */
#ifndef CY_IO_LOOP_SIGNALS_H
#define CY_IO_LOOP_SIGNALS_H

#include <signal.h>

#include "base/error.h"

struct event_base;
struct signals;

/* The signal by which a thread ends a sleep of its own (io/local/strangers.h); that thread unblocks it. */
#define SIGNALS_INTERRUPT SIGURG

/* Blocks SIGTERM, SIGINT, SIGHUP and SIGNALS_INTERRUPT, before any thread is started: threads inherit it. `fn` is
 * called from the loop for each one that came; several of one kind may be one call. CY_EIO. */
int signals_open(struct event_base *base, void (*fn)(void *ctx, int number), void *ctx, struct signals **ret_signals,
		 struct cy_error *e);
/* They stay blocked. */
void signals_free(struct signals *s);

#endif
