/* A hook that cannot be watched. pidfd_open() is the test's own: it fails when it is told to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "io/service/hook_process.h"

static char script[] = "/tmp/comity-hook-XXXXXX"; /* goes on for an hour, without a word */
static bool fail_pidfd;
static pid_t started;

int pidfd_open(pid_t pid, unsigned flags)
{
	started = pid;
	if (fail_pidfd) {
		errno = EMFILE;
		return -1;
	}
	return (int)syscall(SYS_pidfd_open, pid, flags);
}

struct outcome {
	struct event_base *base;
	unsigned calls;
	char fault[160];
};

static void done(void *ctx, const char *id, const char *fault)
{
	struct outcome *o = ctx;

	assert_string_equal(id, "step");
	o->calls++;
	snprintf(o->fault, sizeof o->fault, "%s", fault == NULL ? "" : fault);
	event_base_loopbreak(o->base);
}

/* Runs a command until it is over. */
static struct outcome outcome_of(const char *path, int64_t timeout_ms)
{
	struct outcome o = { .base = event_base_new() };
	const struct hook_config config = { path, timeout_ms };
	struct hook_runner *h = NULL;
	struct hook_port port;
	struct cy_error e;

	assert_int_equal(hook_runner_new(o.base, &config, done, &o, &h, &e), CY_OK);
	port = hook_runner_port(h);
	assert_int_equal(port.run(port.ctx, "step", cy_bytes("A=b", 4)), CY_OK);
	event_base_dispatch(o.base);
	assert_int_equal(o.calls, 1);
	/* Its number is free again: nothing runs, and nothing waits to be asked for. */
	assert_int_equal(kill(started, 0), -1);
	assert_int_equal(errno, ESRCH);
	hook_runner_free(h);
	event_base_free(o.base);
	return o;
}

static void test_what_cannot_be_watched_is_ended_at_once(void **state)
{
	struct outcome o;

	(void)state;
	fail_pidfd = true;
	o = outcome_of(script, 3600000);
	assert_non_null(strstr(o.fault, "could not be watched"));
	fail_pidfd = false;
}

static void test_what_is_watched_ends_by_itself_or_by_its_time(void **state)
{
	(void)state;
	assert_string_equal(outcome_of("/bin/true", 3600000).fault, "");
	assert_non_null(strstr(outcome_of(script, 50).fault, "it took too long"));
}

static int make_script(void **state)
{
	static const char text[] = "#!/bin/sh\nexec sleep 3600\n";
	int fd = mkstemp(script);
	bool made = fd >= 0 && write(fd, text, sizeof text - 1) == (ssize_t)sizeof text - 1 && fchmod(fd, 0700) == 0;

	(void)state;
	return made && close(fd) == 0 ? 0 : -1;
}

static int remove_script(void **state)
{
	(void)state;
	return unlink(script);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_cannot_be_watched_is_ended_at_once),
		cmocka_unit_test(test_what_is_watched_ends_by_itself_or_by_its_time),
	};

	return cmocka_run_group_tests(tests, make_script, remove_script);
}
