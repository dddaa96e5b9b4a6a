#include "io/loop/signals.h"

#include <errno.h>
#include <event2/event.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

struct signals {
	int fd;
	struct event *ev;
	void (*fn)(void *ctx, int number);
	void *ctx;
};

static void on_signal(evutil_socket_t fd, short what, void *arg)
{
	struct signals *s = arg;
	struct signalfd_siginfo info;

	(void)what;
	while (read(fd, &info, sizeof info) == sizeof info)
		s->fn(s->ctx, (int)info.ssi_signo);
}

int signals_open(struct event_base *base, void (*fn)(void *ctx, int number), void *ctx, struct signals **ret_signals,
		 struct cy_error *e)
{
	struct signals *s = calloc(1, sizeof *s);
	sigset_t set;

	CY_ASSERT(s != NULL);
	s->fn = fn;
	s->ctx = ctx;
	sigemptyset(&set);
	sigaddset(&set, SIGNALS_INTERRUPT);
	CY_ASSERT(pthread_sigmask(SIG_BLOCK, &set, NULL) == 0);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	CY_ASSERT(pthread_sigmask(SIG_BLOCK, &set, NULL) == 0);
	s->fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (s->fd >= 0)
		s->ev = event_new(base, s->fd, EV_READ | EV_PERSIST, on_signal, s);
	if (s->ev == NULL || event_add(s->ev, NULL) != 0) {
		cy_fail(e, CY_EIO, "signals cannot be watched: %s", strerror(errno));
		signals_free(s);
		return CY_EIO;
	}
	*ret_signals = s;
	return CY_OK;
}

void signals_free(struct signals *s)
{
	if (s == NULL)
		return;
	if (s->ev != NULL)
		event_free(s->ev);
	if (s->fd >= 0)
		close(s->fd);
	free(s);
}
