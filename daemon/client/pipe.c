#include "client/pipe.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/limits.h"
#include "wire/message.h"

#define READ_CHUNK 65536u
#define HELD_MAX   (CY_LOCAL_QUEUE_MAX + CY_LOCAL_FRAME_MAX + READ_CHUNK)

struct cy_mono pipe_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (struct cy_mono){ .ms = (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000 };
}

int pipe_connect(struct pipe *p, const char *path, struct cy_error *e)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd;

	if (cy_copy(addr.sun_path, sizeof addr.sun_path, path) != CY_OK)
		return cy_fail(e, CY_EIO, "the path of the socket is over %zu bytes", sizeof addr.sun_path - 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return cy_fail(e, CY_EIO, "cannot make a socket: %s", strerror(errno));
	if (connect(fd, (const struct sockaddr *)&addr, sizeof addr) < 0) {
		int why = errno;

		close(fd);
		return cy_fail(e, CY_EIO, "cannot reach the daemon at %s: %s", path, strerror(why));
	}
	p->fd = fd;
	p->in = (struct cy_buf)CY_BUF(HELD_MAX);
	return CY_OK;
}

int pipe_take_file(struct pipe *p)
{
	int fd = p->n_files ? p->files[0] : -1;

	if (p->n_files)
		memmove(p->files, p->files + 1, --p->n_files * sizeof p->files[0]);
	return fd;
}

void pipe_close(struct pipe *p)
{
	for (int fd = pipe_take_file(p); fd >= 0; fd = pipe_take_file(p))
		close(fd);
	if (p->fd >= 0)
		close(p->fd);
	p->fd = -1;
}

static int lost(struct pipe *p, struct cy_error *e, const char *why)
{
	pipe_close(p);
	return cy_fail(e, CY_EIO, "the connection to the daemon is lost: %s", why);
}

/* Wait for `events`; CY_EAGAIN at the deadline. */
static int wait_for(struct pipe *p, short events, struct cy_mono deadline, short *ret_events, struct cy_error *e)
{
	struct pollfd pfd = { .fd = p->fd, .events = events };
	int r, ms = -1;

	do {
		if (deadline.ms != CY_NEVER.ms) {
			int64_t left = deadline.ms - pipe_now().ms;

			ms = left < 0 ? 0 : left > INT_MAX ? INT_MAX : (int)left;
		}
		r = poll(&pfd, 1, ms);
	} while (r < 0 && errno == EINTR);
	if (r < 0)
		return lost(p, e, strerror(errno));
	if (r == 0)
		return CY_EAGAIN;
	*ret_events = pfd.revents;
	return CY_OK;
}

/* Room for one descriptor. */
union control {
	struct cmsghdr align;
	char room[CMSG_SPACE(sizeof(int))];
};

static void keep_file(struct pipe *p, struct msghdr *msg)
{
	const struct cmsghdr *h = CMSG_FIRSTHDR(msg);
	int fd;

	if (h == NULL || h->cmsg_level != SOL_SOCKET || h->cmsg_type != SCM_RIGHTS)
		return;
	memcpy(&fd, CMSG_DATA(h), sizeof fd);
	if (p->n_files == PIPE_FILES_MAX)
		close(fd);
	else
		p->files[p->n_files++] = fd;
}

static int take_in(struct pipe *p, struct cy_error *e)
{
	union control control;
	struct iovec iov;
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control };
	ssize_t n;

	if (cy_buf_reserve(&p->in, READ_CHUNK) != CY_OK)
		return lost(p, e, "more arrives than can be held");
	iov = (struct iovec){ .iov_base = p->in.data + p->in.len, .iov_len = READ_CHUNK };
	msg.msg_controllen = CMSG_LEN(sizeof(int));
	n = recvmsg(p->fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return CY_OK;
	if (n < 0)
		return lost(p, e, strerror(errno));
	if (n == 0)
		return lost(p, e, "the daemon closed it");
	keep_file(p, &msg);
	p->in.len += (size_t)n;
	return CY_OK;
}

static ssize_t send_some(const struct pipe *p, struct cy_bytes data, int fd)
{
	union control control = { .room = { 0 } };
	struct iovec iov = { .iov_base = (uint8_t *)(uintptr_t)data.data, .iov_len = data.len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (fd >= 0) {
		control.align = (struct cmsghdr){ .cmsg_level = SOL_SOCKET,
						  .cmsg_type = SCM_RIGHTS,
						  .cmsg_len = CMSG_LEN(sizeof(int)) };
		memcpy(CMSG_DATA(&control.align), &fd, sizeof fd);
		msg.msg_control = &control;
		msg.msg_controllen = CMSG_SPACE(sizeof(int));
	}
	return sendmsg(p->fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
}

int pipe_send(struct pipe *p, struct cy_bytes data, int fd, struct cy_mono deadline, struct cy_error *e)
{
	size_t sent = 0;

	if (p->fd < 0)
		return cy_fail(e, CY_EIO, "the connection to the daemon is lost");
	while (sent < data.len) {
		bool room = p->in.len + READ_CHUNK < p->in.max;
		short ready = 0;
		ssize_t n;
		int r = wait_for(p, (short)(POLLOUT | (room ? POLLIN : 0)), deadline, &ready, e);

		if (r == CY_EAGAIN)
			return lost(p, e, "the daemon takes nothing within the time limit");
		if (r != CY_OK)
			return r;
		n = send_some(p, cy_bytes(data.data + sent, data.len - sent), sent ? -1 : fd);
		/* A daemon that turned us away has left its reason in our buffer. */
		if (n < 0 && errno == EPIPE)
			return CY_OK;
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return lost(p, e, strerror(errno));
		sent += n > 0 ? (size_t)n : 0;
		if (sent < data.len && (ready & POLLIN) && room) {
			r = take_in(p, e);
			if (r != CY_OK)
				return r;
		}
	}
	return CY_OK;
}

int pipe_next(struct pipe *p, struct cy_mono deadline, struct cy_bytes *ret_frame, size_t *ret_len, struct cy_error *e)
{
	for (;;) {
		int64_t len = wire_delimited_next(cy_buf_view(&p->in), CY_LOCAL_FRAME_MAX, ret_frame);
		short ready = 0;
		int r;

		if (len > 0) {
			*ret_len = (size_t)len;
			return CY_OK;
		}
		if (len < 0) {
			pipe_close(p);
			return cy_fail(e, CY_EPROTO, "what answers at the socket does not speak this protocol");
		}
		if (p->fd < 0)
			return cy_fail(e, CY_EIO, "the connection to the daemon is lost");
		r = wait_for(p, POLLIN, deadline, &ready, e);
		if (r == CY_OK)
			r = take_in(p, e);
		if (r != CY_OK)
			return r;
	}
}

void pipe_drop(struct pipe *p, size_t len)
{
	cy_buf_drop(&p->in, len);
}
