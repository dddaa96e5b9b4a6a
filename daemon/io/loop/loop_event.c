#include "io/loop/loop_event.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* libevent counts CLOCK_MONOTONIC, which stands still in suspend: look again. */
#define LOOK_AGAIN_MS 60000

struct loop_call {
	struct loop_call *next;
	void (*fn)(void *ctx);
	void *ctx;
};

static int64_t read_clock(clockid_t id)
{
	struct timespec t;

	CY_ASSERT(clock_gettime(id, &t) == 0);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

struct cy_mono loop_mono(void)
{
	return (struct cy_mono){ .ms = read_clock(CLOCK_BOOTTIME) };
}

static struct cy_mono clock_mono(void *ctx)
{
	(void)ctx;
	return loop_mono();
}

static struct cy_wall clock_wall(void *ctx)
{
	(void)ctx;
	return (struct cy_wall){ .ms = read_clock(CLOCK_REALTIME) };
}

static void arm(struct loop *l)
{
	int64_t ms = l->wake_at.ms == INT64_MAX ? LOOK_AGAIN_MS : l->wake_at.ms - loop_mono().ms;
	struct timeval tv;

	if (ms < 0)
		ms = 0;
	if (ms > LOOK_AGAIN_MS)
		ms = LOOK_AGAIN_MS;
	tv = (struct timeval){ .tv_sec = (time_t)(ms / 1000), .tv_usec = (suseconds_t)(ms % 1000 * 1000) };
	CY_ASSERT(event_add(l->wake, &tv) == 0);
}

static void clock_wake_at(void *ctx, struct cy_mono at)
{
	struct loop *l = ctx;

	l->wake_at = at;
	if (at.ms == CY_NEVER.ms)
		event_del(l->wake);
	else
		arm(l);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct loop *l = arg;

	(void)fd;
	(void)what;
	if (cy_mono_before(loop_mono(), l->wake_at)) {
		arm(l);
		return;
	}
	l->wake_at = CY_NEVER;
	l->on_wake(l->ctx);
}

static void on_defer(evutil_socket_t fd, short what, void *arg)
{
	struct loop *l = arg;
	struct loop_call *c = l->first;

	(void)fd;
	(void)what;
	/* Work that these calls postpone waits for the next turn of the loop. */
	l->first = NULL;
	l->last = &l->first;
	while (c) {
		struct loop_call *next = c->next;

		c->fn(c->ctx);
		free(c);
		c = next;
	}
}

int loop_init(struct loop *l, void (*on_wake)(void *ctx), void *ctx, struct cy_error *e)
{
	*l = (struct loop){ .wake_at = CY_NEVER, .on_wake = on_wake, .ctx = ctx };
	l->last = &l->first;
	l->base = event_base_new();
	if (l->base == NULL)
		return cy_fail(e, CY_EIO, "cannot make an event loop");
	l->wake = evtimer_new(l->base, on_timer, l);
	l->defer = evtimer_new(l->base, on_defer, l);
	CY_ASSERT(l->wake && l->defer);
	return CY_OK;
}

void loop_free(struct loop *l)
{
	if (l->base == NULL)
		return;
	event_free(l->wake);
	event_free(l->defer);
	event_base_free(l->base);
	while (l->first) {
		struct loop_call *c = l->first;

		l->first = c->next;
		free(c);
	}
	*l = (struct loop){ 0 };
}

void loop_defer(struct loop *l, void (*fn)(void *ctx), void *ctx)
{
	struct loop_call *c = malloc(sizeof *c);
	const struct timeval now = { 0 };

	CY_ASSERT(c);
	*c = (struct loop_call){ .fn = fn, .ctx = ctx };
	*l->last = c;
	l->last = &c->next;
	CY_ASSERT(event_add(l->defer, &now) == 0);
}

int loop_run(struct loop *l)
{
	return event_base_loop(l->base, EVLOOP_NO_EXIT_ON_EMPTY) < 0 ? CY_EIO : CY_OK;
}

void loop_stop(struct loop *l)
{
	event_base_loopbreak(l->base);
}

struct clock_port loop_clock(struct loop *l)
{
	return (struct clock_port){ .ctx = l, .mono = clock_mono, .wall = clock_wall, .wake_at = clock_wake_at };
}
