/* The main thread's event loop: one libevent base, the node's one wake-up, and
 * calls put off until the present one has returned. */
#ifndef CY_IO_LOOP_LOOP_EVENT_H
#define CY_IO_LOOP_LOOP_EVENT_H

#include "base/error.h"
#include "port/ports.h"

struct event;
struct event_base;
struct loop_call;

struct loop {
	struct event_base *base;
	struct event *wake; /* fires at wake_at, or earlier to look at the clock again */
	struct event *defer;
	struct cy_mono wake_at;
	void (*on_wake)(void *ctx);
	void *ctx;
	struct loop_call *first, **last;
};

/* `on_wake` (node_wake) is called at or after the time given to wake_at of the
 * clock port, always from the loop. CY_EIO with the reason. */
int loop_init(struct loop *l, void (*on_wake)(void *ctx), void *ctx, struct cy_error *e);
void loop_free(struct loop *l);

/* Call `fn` from the loop, in the order of these calls. Only the loop's thread.
 * What has not run by loop_free() never does. */
void loop_defer(struct loop *l, void (*fn)(void *ctx), void *ctx);

/* Until loop_stop(). CY_EIO when libevent fails. */
int loop_run(struct loop *l);
void loop_stop(struct loop *l);

/* Monotonic time that goes on while the machine sleeps (CLOCK_BOOTTIME), so that
 * a suspended machine does not look like a jump of wall time; wall time is
 * CLOCK_REALTIME. The port lives as long as the loop. */
struct clock_port loop_clock(struct loop *l);

struct cy_mono loop_mono(void);

#endif
