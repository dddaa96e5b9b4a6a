#include "io/service/hook_process.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#define ENVIRONMENT_MAX 32

struct run {
	struct run *next;
	struct hook_runner *h;
	char *id;
	pid_t pid;
	int pid_fd, out_fd;
	struct event *ended, *output, *timer;
	size_t output_bytes;
	bool late;
};

struct hook_runner {
	struct event_base *base;
	char *path;
	int64_t timeout_ms;
	void (*done)(void *ctx, const char *id, const char *fault);
	void *ctx;
	struct run *runs;
};

static void forget(struct event *ev)
{
	if (ev != NULL)
		event_free(ev);
}

static void free_run(struct run *r)
{
	struct run **at = &r->h->runs;

	while (*at != r)
		at = &(*at)->next;
	*at = r->next;
	forget(r->ended);
	forget(r->output);
	forget(r->timer);
	if (r->pid_fd >= 0)
		close(r->pid_fd);
	if (r->out_fd >= 0)
		close(r->out_fd);
	free(r->id);
	free(r);
}

/* The output of the command is read, so that a full pipe never stops it, and dropped: it may
 * name persons, which the journal must not. */
static void on_output(evutil_socket_t fd, short what, void *ctx)
{
	struct run *r = ctx;
	char text[4096];
	ssize_t n;

	(void)what;
	while ((n = read(fd, text, sizeof text)) > 0) {
		r->output_bytes += (size_t)n;
		if (r->output_bytes > HOOK_OUTPUT_MAX)
			return; /* the loop has others to serve; the rest is read in its next turn */
	}
	if (n == 0 || (errno != EAGAIN && errno != EINTR))
		event_del(r->output);
}

/* It never ran, or was ended at once: told from the loop, as any other end. */
static void on_failure(evutil_socket_t fd, short what, void *ctx)
{
	struct run *r = ctx;
	struct hook_runner *h = r->h;
	const bool ran = r->pid > 0;
	char *id = r->id;

	(void)fd;
	(void)what;
	r->id = NULL;
	free_run(r);
	h->done(h->ctx, id,
		ran ? "it was ended at once, as it could not be watched: descriptors or memory are short"
		    : "it cannot be started: see escalation.hook of the configuration");
	free(id);
}

/* A group of its own was made for it: children are ended as well. */
static void on_timer(evutil_socket_t fd, short what, void *ctx)
{
	struct run *r = ctx;

	(void)fd;
	(void)what;
	r->late = true;
	kill(-r->pid, SIGKILL);
}

static void on_end(evutil_socket_t fd, short what, void *ctx)
{
	struct run *r = ctx;
	struct hook_runner *h = r->h;
	char fault[160], *id = r->id;
	int status = 0;

	(void)fd;
	(void)what;
	/* Ends the processes that it has left behind; its number stays its own until it is waited for. */
	kill(-r->pid, SIGKILL);
	if (waitpid(r->pid, &status, WNOHANG) != r->pid)
		return;
	if (r->late)
		snprintf(fault, sizeof fault, "it was ended after %lld s: it took too long",
			 (long long)(h->timeout_ms / 1000));
	else if (WIFSIGNALED(status))
		snprintf(fault, sizeof fault, "it was ended by signal %d", WTERMSIG(status));
	else if (WEXITSTATUS(status) == 127 && r->output_bytes == 0)
		snprintf(fault, sizeof fault, "it cannot be run, or ended with status 127");
	else
		snprintf(fault, sizeof fault, "it ended with status %d, after %zu bytes of output", WEXITSTATUS(status),
			 r->output_bytes);
	r->id = NULL;
	free_run(r);
	h->done(h->ctx, id, WIFEXITED(status) && WEXITSTATUS(status) == 0 ? NULL : fault);
	free(id);
}

static int start(struct run *r, char *const *environment, int write_fd)
{
	char *argv[] = { r->h->path, NULL };
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t none, all;
	int rc;

	sigemptyset(&none);
	sigfillset(&all);
	posix_spawn_file_actions_init(&files);
	posix_spawnattr_init(&attr);
	posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&files, write_fd, 1);
	posix_spawn_file_actions_adddup2(&files, write_fd, 2);
	posix_spawn_file_actions_addclosefrom_np(&files, 3);
	posix_spawn_file_actions_addchdir_np(&files, "/");
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setsigdefault(&attr, &all);
	posix_spawnattr_setpgroup(&attr, 0);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	rc = posix_spawn(&r->pid, r->h->path, &files, &attr, argv, environment);
	posix_spawn_file_actions_destroy(&files);
	posix_spawnattr_destroy(&attr);
	return rc == 0 ? CY_OK : CY_EIO;
}

static int watch(struct run *r)
{
	const int64_t ms = r->h->timeout_ms;
	const struct timeval tv = { .tv_sec = (time_t)(ms / 1000), .tv_usec = (suseconds_t)(ms % 1000 * 1000) };

	r->pid_fd = pidfd_open(r->pid, 0);
	if (r->pid_fd < 0)
		return CY_EIO;
	r->ended = event_new(r->h->base, r->pid_fd, EV_READ | EV_PERSIST, on_end, r);
	r->output = event_new(r->h->base, r->out_fd, EV_READ | EV_PERSIST, on_output, r);
	r->timer = event_new(r->h->base, -1, 0, on_timer, r);
	return r->ended != NULL && r->output != NULL && r->timer != NULL && event_add(r->ended, NULL) == 0 &&
			       event_add(r->output, NULL) == 0 && event_add(r->timer, &tv) == 0
		       ? CY_OK
		       : CY_EIO;
}

/* With its children. */
static void kill_now(const struct run *r)
{
	if (r->pid <= 0)
		return;
	kill(-r->pid, SIGKILL);
	waitpid(r->pid, NULL, 0);
}

static void end_now(struct run *r)
{
	kill_now(r);
	free_run(r);
}

static int run(void *ctx, const char *id, struct cy_bytes environment)
{
	struct hook_runner *h = ctx;
	char *list[ENVIRONMENT_MAX + 3], path[] = "PATH=/usr/local/bin:/usr/bin:/bin", lang[] = "LANG=C.UTF-8";
	char *text = malloc(environment.len + 1);
	struct run *r = calloc(1, sizeof *r);
	int fds[2], code = CY_EIO;
	size_t n = 0;

	CY_ASSERT(text != NULL && r != NULL);
	memcpy(text, environment.data, environment.len);
	text[environment.len] = '\0';
	list[n++] = path;
	list[n++] = lang;
	for (size_t at = 0; at < environment.len && n < ENVIRONMENT_MAX + 2; at += strlen(text + at) + 1)
		list[n++] = text + at;
	list[n] = NULL;
	r->h = h;
	r->pid_fd = r->out_fd = -1;
	r->id = strdup(id);
	r->next = h->runs;
	h->runs = r;
	CY_ASSERT(r->id != NULL);
	if (h->path != NULL && pipe2(fds, O_CLOEXEC | O_NONBLOCK) == 0) {
		r->out_fd = fds[0];
		/* A process that writes to a full pipe waits, as processes do. */
		fcntl(fds[1], F_SETFL, 0);
		code = start(r, list, fds[1]);
		close(fds[1]);
		/* A process that would not be ended when its time is over must not go on. */
		if (code == CY_OK && (code = watch(r)) < 0)
			kill_now(r);
	}
	free(text);
	if (code == CY_OK)
		return CY_OK;
	forget(r->ended);
	forget(r->output);
	forget(r->timer);
	r->ended = r->output = NULL;
	r->timer = event_new(h->base, -1, 0, on_failure, r);
	if (r->timer == NULL) {
		free_run(r);
		return code;
	}
	event_active(r->timer, EV_TIMEOUT, 0);
	return CY_OK;
}

int hook_runner_set(struct hook_runner *h, const struct hook_config *config, struct cy_error *e)
{
	char *path = config->path != NULL ? strdup(config->path) : NULL;

	if (config->path != NULL && path == NULL)
		return cy_fail(e, CY_ENOMEM, "out of memory");
	free(h->path);
	h->path = path;
	h->timeout_ms = config->timeout_ms;
	return CY_OK;
}

int hook_runner_new(struct event_base *base, const struct hook_config *config,
		    void (*done)(void *ctx, const char *id, const char *fault), void *ctx, struct hook_runner **ret,
		    struct cy_error *e)
{
	struct hook_runner *h = calloc(1, sizeof *h);
	int r;

	if (h == NULL)
		return cy_fail(e, CY_ENOMEM, "out of memory");
	h->base = base;
	h->done = done;
	h->ctx = ctx;
	r = hook_runner_set(h, config, e);
	if (r < 0) {
		hook_runner_free(h);
		return r;
	}
	*ret = h;
	return CY_OK;
}

void hook_runner_free(struct hook_runner *h)
{
	if (h == NULL)
		return;
	while (h->runs != NULL)
		end_now(h->runs);
	free(h->path);
	free(h);
}

struct hook_port hook_runner_port(struct hook_runner *h)
{
	return (struct hook_port){ .ctx = h, .run = run };
}
