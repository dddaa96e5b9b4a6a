/* The site's command for steps of an escalation: a process of its own, without a shell,
 * with nothing in its environment but what the step says, PATH and a locale; its input is
 * empty, its output bounded, its time too. */
#ifndef CY_IO_SERVICE_HOOK_PROCESS_H
#define CY_IO_SERVICE_HOOK_PROCESS_H

#include "base/error.h"
#include "port/ports.h"

struct event_base;
struct hook_runner;

#define HOOK_OUTPUT_MAX 4096u /* bytes of output that are kept; the rest is read and dropped */

struct hook_config {
	const char *path;   /* NULL: there is no command */
	int64_t timeout_ms; /* then it is ended, with its children */
};

/* `done` is called from the loop, once for each hook that was started: `fault` is NULL
 * for exit status 0, else a sentence without the output's text. */
int hook_runner_new(struct event_base *base, const struct hook_config *config,
		    void (*done)(void *ctx, const char *id, const char *fault), void *ctx, struct hook_runner **ret,
		    struct cy_error *e);
/* For hooks that start from now on. */
int hook_runner_set(struct hook_runner *h, const struct hook_config *config, struct cy_error *e);
/* Ends what runs; done() is not called for it. NULL is allowed. */
void hook_runner_free(struct hook_runner *h);

struct hook_port hook_runner_port(struct hook_runner *h);

#endif
