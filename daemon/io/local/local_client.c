#include "io/local/local_client.h"

#include <errno.h>
#include <event2/buffer.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/num.h"
#include "comity/v1/local.pb-c.h"
#include "io/local/strangers.h"
#include "wire/message.h"

#define READ_CHUNK     65536u
#define ANSWERS_A_WAKE (64u * 1024u) /* bytes of answers after which the others have their turn */
#define PREFIX_MAX     5u
#define PIECES_A_WRITE 16

/* Room for one descriptor. */
union control {
	struct cmsghdr align;
	char room[CMSG_SPACE(sizeof(int))];
};

static struct timeval after_ms(int ms)
{
	return (struct timeval){ .tv_sec = ms / 1000, .tv_usec = (ms % 1000) * 1000 };
}

void local_say(const struct local_shared *shared, uid_t uid, const char *what)
{
	char line[200];

	if (shared->input.log == NULL)
		return;
	snprintf(line, sizeof line, "local client of uid %u: %s", (unsigned)uid, what);
	shared->input.log(shared->input.ctx, NODE_WARNING, line);
}

int local_pack_error(CyErrorCode code, const char *text, struct cy_buf *out)
{
	CyServerFrame frame = CY_SERVER_FRAME__INIT;
	CyError error = CY_ERROR__INIT;

	error.code = code;
	error.text = (char *)(uintptr_t)text;
	frame.kind_case = CY_SERVER_FRAME__KIND_ERROR;
	frame.error = &error;
	return wire_delimited_pack(&frame.base, out);
}

/* ------------------------------------------------------------------ the end */

/* The end of a client is always told by the cleanup, so that no input is called
 * from inside the port. */
static void die(struct local_client *c)
{
	c->state = LOCAL_DEAD;
	event_del(c->readable);
	event_del(c->writable);
	event_del(c->timer);
	event_active(c->shared->cleanup, EV_TIMEOUT, 0);
}

void local_client_close(struct local_client *c)
{
	struct timeval limit = after_ms(c->shared->config.half_frame_ms);

	if (c->state != LOCAL_OPEN)
		return;
	if (!evbuffer_get_length(c->out)) {
		die(c);
		return;
	}
	c->state = LOCAL_FLUSH;
	event_del(c->readable);
	event_add(c->writable, NULL);
	event_add(c->timer, &limit);
}

static void refuse(struct local_client *c, CyErrorCode code, const char *text)
{
	struct cy_buf b = CY_BUF(1024);

	local_say(c->shared, c->uid, text);
	if (local_pack_error(code, text, &b) == CY_OK)
		evbuffer_add(c->out, b.data, b.len);
	cy_buf_free(&b);
	local_client_close(c);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct local_client *c = arg;

	(void)fd;
	(void)what;
	if (c->state == LOCAL_OPEN)
		refuse(c, CY_ERROR_CODE__BAD_FRAME, "A frame was begun and not completed in time.");
	else
		die(c);
}

/* ----------------------------------------------------------------- frames in */

/* Does it leave unread what was sent to it? It is read from again at half of that. */
static bool behind(const struct local_client *c)
{
	size_t waiting = evbuffer_get_length(c->out), limit = c->shared->config.pause_bytes;

	return waiting > (c->paused ? limit / 2 : limit) ||
	       c->n_files > (c->paused ? LOCAL_FILES_PAUSE / 2 : LOCAL_FILES_PAUSE);
}

/* Read from it or not, and let the time of a half frame run or not: only while it is
 * read from, and from its first byte on. */
static void steer(struct local_client *c)
{
	struct timeval limit = after_ms(c->shared->config.half_frame_ms);
	bool half, idle;

	if (c->state != LOCAL_OPEN)
		return;
	c->paused = behind(c);
	if (c->paused && !c->told) {
		local_say(c->shared, c->uid, "it does not read its answers; nothing is read from it until it does");
		c->told = true;
	}
	idle = c->paused || c->paused_by_node || c->taking > 0;
	if (idle)
		event_del(c->readable);
	else
		event_add(c->readable, NULL);
	if (!idle && c->taken) /* nothing more may come */
		event_active(c->readable, EV_READ, 0);
	half = !idle && c->in.len > 0;
	if (half && !c->half)
		event_add(c->timer, &limit);
	else if (!half)
		event_del(c->timer);
	c->half = half;
}

void local_client_pause(struct local_client *c, bool on)
{
	c->paused_by_node = on;
	steer(c);
}

/* Returns how many bytes are to be read next: the length byte by byte, then the rest of the
 * frame. 0: the frame is complete, in *ret_frame. */
static int64_t missing(const struct local_client *c, struct cy_bytes *ret_frame)
{
	struct cy_bytes in = cy_buf_view(&c->in);
	int64_t r = wire_delimited_next(in, c->shared->config.frame_max, ret_frame);
	size_t len = 0;

	if (r != 0)
		return r > 0 ? 0 : r;
	for (size_t i = 0; i < in.len; i++) {
		len |= (size_t)(in.data[i] & 0x7f) << 7 * i;
		if (!(in.data[i] & 0x80))
			return (int64_t)(len + i + 1 - in.len);
	}
	return 1;
}

/* One read of at most `len` bytes; 0: the end, or what is beside them is being taken. */
static ssize_t receive(struct local_client *c, size_t len)
{
	uint8_t *const at = c->in.data + c->in.len;
	bool beside;
	const ssize_t n = strangers_peek(c->fd, at, len, &beside);

	if (n <= 0)
		return n;
	if (!beside)
		return recv(c->fd, at, (size_t)n, MSG_DONTWAIT);
	c->taking = (size_t)n;
	/* One belongs to the frame beside whose first byte it comes. */
	if (strangers_take(c->shared->strangers, c->uid, c->id, c->fd, c->taking, c->in.len == 0) < 0)
		refuse(c, CY_ERROR_CODE__UNAVAILABLE, "This process can spare no descriptor for one that was sent.");
	return 0;
}

void local_client_taken(struct local_client *c, int file, bool surplus)
{
	if (c->in.len == 0)
		c->came = file;
	c->in.len += c->taking;
	c->taking = 0;
	c->taken = true;
	if (surplus)
		local_say(c->shared, c->uid,
			  "a descriptor that it sent was not taken: one may go beside the first byte "
			  "of a frame, and this process needs some for itself");
	steer(c);
}

static void hand_up(struct local_client *c, struct cy_bytes frame)
{
	struct local_shared *s = c->shared;
	int fd = c->came;

	c->came = LOCAL_CAME_NOTHING;
	c->in.len = 0;
	steer(c); /* the time of this frame ends */
	s->input.frame(s->input.ctx, c->id, frame, fd);
	if (fd >= 0)
		strangers_close(s->strangers, c->uid, fd);
	if (c->in.cap > READ_CHUNK)
		cy_buf_free(&c->in);
}

/* Take what is there, within this client's share of a wake-up. */
static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct local_client *c = arg;
	struct local_shared *s = c->shared;
	size_t frames = 0, waited = evbuffer_get_length(c->out);

	(void)fd;
	(void)what;
	c->taken = false;
	while (c->state == LOCAL_OPEN && !c->paused && !c->paused_by_node && frames < s->config.frames_per_wake &&
	       evbuffer_get_length(c->out) < waited + ANSWERS_A_WAKE) {
		struct cy_bytes frame;
		int64_t want = missing(c, &frame);
		ssize_t n;

		if (want < 0) {
			refuse(c, CY_ERROR_CODE__BAD_FRAME,
			       want == CY_ELIMIT
				       ? "The frame is longer than this daemon takes; large files travel as evidence."
				       : "The length before the frame is not a varint of at most 5 bytes.");
			return;
		}
		if (want == 0) {
			hand_up(c, frame);
			frames++;
			steer(c);
			continue;
		}
		if (cy_buf_reserve(&c->in, want < READ_CHUNK ? (size_t)want : READ_CHUNK) != CY_OK) {
			refuse(c, CY_ERROR_CODE__UNAVAILABLE, "The daemon has no memory for this frame now.");
			return;
		}
		n = receive(c, want < (int64_t)(c->in.cap - c->in.len) ? (size_t)want : c->in.cap - c->in.len - 1);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			break;
		if (c->taking)
			break;
		if (n <= 0) {
			die(c);
			return;
		}
		c->in.len += (size_t)n;
	}
	steer(c);
}

/* ---------------------------------------------------------------- frames out */

static void drop_file(struct local_client *c)
{
	strangers_close_own(c->shared->strangers, c->files[c->first_file].fd);
	c->first_file = (c->first_file + 1) % LOCAL_FILES_MAX;
	c->n_files--;
}

/* writev(2) would raise SIGPIPE; sendmsg(2) can be told not to. A descriptor leaves
 * beside the first byte of a call: each call ends before the next one's. */
static ssize_t send_some(struct local_client *c)
{
	const struct local_file *file = c->n_files ? &c->files[c->first_file] : NULL, *next = file;
	struct evbuffer_iovec pieces[PIECES_A_WRITE];
	struct iovec iov[PIECES_A_WRITE];
	union control control = { .room = { 0 } };
	struct msghdr msg = { .msg_iov = iov };
	int n = evbuffer_peek(c->out, -1, NULL, pieces, PIECES_A_WRITE);
	uint64_t room = UINT64_MAX;

	if (file && file->at == c->sent) {
		msg.msg_control = &control;
		msg.msg_controllen = CMSG_SPACE(sizeof(int));
		control.align = (struct cmsghdr){ .cmsg_level = SOL_SOCKET,
						  .cmsg_type = SCM_RIGHTS,
						  .cmsg_len = CMSG_LEN(sizeof(int)) };
		memcpy(CMSG_DATA(&control.align), &file->fd, sizeof(int));
		next = c->n_files > 1 ? &c->files[(c->first_file + 1) % LOCAL_FILES_MAX] : NULL;
	}
	if (next)
		room = next->at - c->sent;
	for (int i = 0; i < n && i < PIECES_A_WRITE && room; i++) {
		iov[i] = (struct iovec){ .iov_base = pieces[i].iov_base,
					 .iov_len = pieces[i].iov_len < room ? pieces[i].iov_len : (size_t)room };
		room -= iov[i].iov_len;
		msg.msg_iovlen++;
	}
	return sendmsg(c->fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct local_client *c = arg;
	struct local_shared *s = c->shared;
	ssize_t n = 0;

	(void)fd;
	(void)what;
	if (evbuffer_get_length(c->out)) {
		n = send_some(c);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n < 0) {
			die(c);
			return;
		}
		if (c->n_files && c->files[c->first_file].at == c->sent)
			drop_file(c);
		evbuffer_drain(c->out, (size_t)n);
		c->sent += (uint64_t)n;
	}
	if (!evbuffer_get_length(c->out)) {
		event_del(c->writable);
		if (c->state == LOCAL_FLUSH) {
			die(c);
			return;
		}
		s->input.drained(s->input.ctx, c->id);
	}
	if (c->paused)
		steer(c);
}

static int queue(struct local_client *c, struct cy_bytes frame, int fd)
{
	size_t n = 0, waiting = evbuffer_get_length(c->out), total;
	uint8_t prefix[PREFIX_MAX];

	if (frame.len > c->shared->config.frame_max || !cy_add_size(waiting, frame.len + PREFIX_MAX, &total) ||
	    total > c->shared->config.queue_max || (fd >= 0 && c->n_files == LOCAL_FILES_MAX)) {
		local_say(c->shared, c->uid, "it does not read what it asked for, and is closed");
		die(c);
		return CY_ELIMIT;
	}
	for (size_t len = frame.len; n == 0 || len; len >>= 7)
		prefix[n++] = (uint8_t)((len & 0x7f) | (len > 0x7f ? 0x80 : 0));
	if (evbuffer_expand(c->out, n + frame.len) < 0) {
		die(c);
		return CY_ENOMEM;
	}
	evbuffer_add(c->out, prefix, n);
	evbuffer_add(c->out, frame.data, frame.len);
	if (fd >= 0)
		c->files[(c->first_file + c->n_files++) % LOCAL_FILES_MAX] =
			(struct local_file){ .at = c->sent + waiting, .fd = fd };
	event_add(c->writable, NULL);
	return CY_OK;
}

int local_client_send(struct local_client *c, struct cy_bytes frame, int fd)
{
	int r = c->state == LOCAL_OPEN ? queue(c, frame, fd) : CY_ENOENT;

	if (r != CY_OK && fd >= 0)
		strangers_close_own(c->shared->strangers, fd);
	return r;
}

/* ---------------------------------------------------------------------- life */

void local_client_free(struct local_client *c)
{
	struct event *events[] = { c->readable, c->writable, c->timer };

	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++)
		if (events[i])
			event_free(events[i]);
	if (c->out)
		evbuffer_free(c->out);
	while (c->n_files)
		drop_file(c);
	if (c->came >= 0)
		strangers_close(c->shared->strangers, c->uid, c->came);
	cy_buf_free(&c->in);
	strangers_hang_up(c->shared->strangers, c->uid, c->fd);
	free(c);
}

struct local_client *local_client_new(struct local_shared *shared, int fd, uid_t uid, uint64_t id)
{
	struct local_client *c = calloc(1, sizeof(*c));

	if (c == NULL) {
		strangers_hang_up(shared->strangers, uid, fd);
		return NULL;
	}
	c->shared = shared;
	c->fd = fd;
	c->came = LOCAL_CAME_NOTHING;
	c->uid = uid;
	c->id = id;
	c->in = (struct cy_buf)CY_BUF(shared->config.frame_max + PREFIX_MAX + READ_CHUNK);
	c->out = evbuffer_new();
	c->readable = event_new(shared->base, fd, EV_READ | EV_PERSIST, on_readable, c);
	c->writable = event_new(shared->base, fd, EV_WRITE | EV_PERSIST, on_writable, c);
	c->timer = evtimer_new(shared->base, on_timer, c);
	if (c->out == NULL || c->readable == NULL || c->writable == NULL || c->timer == NULL ||
	    event_add(c->readable, NULL) < 0) {
		local_client_free(c);
		return NULL;
	}
	return c;
}
