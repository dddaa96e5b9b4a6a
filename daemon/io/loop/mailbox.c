#include "io/loop/mailbox.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

static void on_wake(evutil_socket_t fd, short what, void *arg)
{
	struct mailbox *b = arg;
	struct mail *m;
	uint64_t n;

	(void)what;
	/* Emptied before the list is taken: a letter that comes later wakes again. */
	if (read(fd, &n, sizeof n) < 0 && errno != EAGAIN)
		return;
	pthread_mutex_lock(&b->lock);
	m = b->first;
	b->first = NULL;
	b->last = &b->first;
	b->n = 0;
	pthread_mutex_unlock(&b->lock);
	while (m) {
		struct mail *next = m->next;

		b->take(b->ctx, m);
		free(m);
		m = next;
	}
}

int mailbox_init(struct mailbox *b, struct event_base *base, void (*take)(void *ctx, const struct mail *m), void *ctx,
		 struct cy_error *e)
{
	*b = (struct mailbox){ .fd = -1, .take = take, .ctx = ctx };
	b->last = &b->first;
	CY_ASSERT(pthread_mutex_init(&b->lock, NULL) == 0);
	b->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (b->fd < 0) {
		int rc = cy_fail(e, CY_EIO, "cannot make an eventfd: %s", strerror(errno));

		pthread_mutex_destroy(&b->lock);
		return rc;
	}
	b->wake = event_new(base, b->fd, EV_READ | EV_PERSIST, on_wake, b);
	CY_ASSERT(b->wake && event_add(b->wake, NULL) == 0);
	return CY_OK;
}

bool mailbox_post_most(struct mailbox *b, const struct mail *m, size_t most)
{
	struct mail *copy = malloc(sizeof *copy);
	const uint64_t one = 1;
	bool room;

	CY_ASSERT(copy);
	*copy = *m;
	copy->next = NULL;
	pthread_mutex_lock(&b->lock);
	room = b->n < most;
	if (room) {
		*b->last = copy;
		b->last = &copy->next;
		b->n++;
	}
	pthread_mutex_unlock(&b->lock);
	if (!room) {
		free(copy);
		return false;
	}
	/* It fails only when the counter is full: the receiver is awake already. */
	if (write(b->fd, &one, sizeof one) < 0)
		CY_ASSERT(errno == EAGAIN);
	return true;
}

void mailbox_post(struct mailbox *b, const struct mail *m)
{
	mailbox_post_most(b, m, SIZE_MAX);
}

void mailbox_free(struct mailbox *b)
{
	if (b->wake == NULL)
		return;
	event_free(b->wake);
	close(b->fd);
	while (b->first) {
		struct mail *m = b->first;

		b->first = m->next;
		free(m);
	}
	pthread_mutex_destroy(&b->lock);
	b->wake = NULL;
}
