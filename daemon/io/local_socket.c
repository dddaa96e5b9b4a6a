#include "io/local_socket.h"

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
#include "io/descriptors.h"
#include "io/local_listen.h"
#include "wire/message.h"

#define READ_CHUNK      65536u
#define ANSWERS_A_WAKE  (64 * 1024) /* bytes of answers after which the others have their turn */
#define ACCEPTS_A_WAKE  16
#define PREFIX_MAX      5u
#define PIECES_A_WRITE  16
#define GROUPS_MAX      65536u
#define ACCEPT_PAUSE_MS 200
#define SHARE_OF_A_UID  4u

enum client_state {
	CLIENT_OPEN,  /* served */
	CLIENT_FLUSH, /* what is queued leaves, then it ends; nothing is read */
	CLIENT_DEAD   /* the sweep takes it away */
};

struct client {
	struct local_socket *socket;
	uint64_t id;
	uid_t uid;
	int fd;
	enum client_state state;
	bool paused; /* its queue is over pause_bytes */
	bool half;   /* the timer runs over a half frame */
	bool told;   /* that it does not read */
	struct cy_buf in;
	struct evbuffer *out;
	struct event *readable, *writable, *timer, *again;
};

struct local_socket {
	struct event_base *base;
	struct local_socket_config config;
	struct local_entry *entries;
	struct local_input input;
	struct local_listener listener;
	struct event *listen, *listen_again, *sweep;
	struct client **slots; /* clients_max places; id % clients_max is the place */
	size_t n_clients;
	uint64_t generation;
	size_t *allowed; /* scratch: n_entries places */
};

static struct timeval after_ms(int ms)
{
	return (struct timeval){ .tv_sec = ms / 1000, .tv_usec = (ms % 1000) * 1000 };
}

static struct client *find(struct local_socket *s, uint64_t id)
{
	struct client *c = s->slots[id % s->config.clients_max];

	return c && c->id == id ? c : NULL;
}

static void client_free(struct client *c)
{
	struct event *events[] = { c->readable, c->writable, c->timer, c->again };

	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++)
		if (events[i])
			event_free(events[i]);
	if (c->out)
		evbuffer_free(c->out);
	cy_buf_free(&c->in);
	close(c->fd);
	free(c);
}

static void say(const struct local_socket *s, uid_t uid, const char *what)
{
	char line[200];

	if (!s->input.log)
		return;
	snprintf(line, sizeof line, "local client of uid %u: %s", (unsigned)uid, what);
	s->input.log(s->input.ctx, NODE_WARNING, line);
}

/* The end of a client is always told by the sweep, so that no input is called
 * from inside the port. */
static void die(struct client *c)
{
	c->state = CLIENT_DEAD;
	event_del(c->readable);
	event_del(c->writable);
	event_del(c->timer);
	event_del(c->again);
	event_active(c->socket->sweep, EV_TIMEOUT, 0);
}

static void on_sweep(evutil_socket_t fd, short what, void *arg)
{
	struct local_socket *s = arg;

	(void)fd;
	(void)what;
	for (size_t i = 0; i < s->config.clients_max; i++) {
		struct client *c = s->slots[i];
		uint64_t id;

		if (!c || c->state != CLIENT_DEAD)
			continue;
		id = c->id;
		s->slots[i] = NULL;
		s->n_clients--;
		client_free(c);
		s->input.down(s->input.ctx, id);
	}
}

static void flush_then_die(struct client *c)
{
	struct timeval limit = after_ms(c->socket->config.half_frame_ms);

	if (c->state != CLIENT_OPEN)
		return;
	if (!evbuffer_get_length(c->out)) {
		die(c);
		return;
	}
	c->state = CLIENT_FLUSH;
	event_del(c->readable);
	event_del(c->again);
	event_add(c->writable, NULL);
	event_add(c->timer, &limit);
}

static int pack_error(CyErrorCode code, const char *text, struct cy_buf *out)
{
	CyServerFrame frame = CY_SERVER_FRAME__INIT;
	CyError error = CY_ERROR__INIT;

	error.code = code;
	error.text = (char *)(uintptr_t)text;
	frame.kind_case = CY_SERVER_FRAME__KIND_ERROR;
	frame.error = &error;
	return wire_delimited_pack(&frame.base, out);
}

static void refuse(struct client *c, CyErrorCode code, const char *text)
{
	struct cy_buf b = CY_BUF(1024);

	say(c->socket, c->uid, text);
	if (pack_error(code, text, &b) == CY_OK)
		evbuffer_add(c->out, b.data, b.len);
	cy_buf_free(&b);
	flush_then_die(c);
}

static void watch_half_frame(struct client *c, bool progressed)
{
	struct timeval limit = after_ms(c->socket->config.half_frame_ms);

	if (c->in.len && c->half && !progressed)
		return;
	c->half = c->in.len > 0;
	if (c->half)
		event_add(c->timer, &limit);
	else
		event_del(c->timer);
}

/* Nothing more is read from a client that does not read. */
static void pause_client(struct client *c)
{
	if (!c->told)
		say(c->socket, c->uid, "it does not read its answers; nothing is read from it until it does");
	c->told = true;
	event_del(c->readable);
	event_del(c->timer);
	c->half = false;
}

/* Hand up what is complete, within this client's share of a wake-up. */
static void take_frames(struct client *c)
{
	struct local_socket *s = c->socket;
	size_t used = 0, frames = 0, waited = evbuffer_get_length(c->out);
	bool more = false;
	int64_t r = 0;

	while (c->state == CLIENT_OPEN && used < c->in.len) {
		struct cy_bytes rest = cy_bytes(c->in.data + used, c->in.len - used), payload;

		c->paused = evbuffer_get_length(c->out) > s->config.pause_bytes;
		more = frames == s->config.frames_per_wake || evbuffer_get_length(c->out) >= waited + ANSWERS_A_WAKE;
		if (c->paused || more)
			break;
		r = wire_delimited_next(rest, s->config.frame_max, &payload);
		if (r <= 0)
			break;
		used += (size_t)r;
		frames++;
		s->input.frame(s->input.ctx, c->id, payload, -1);
	}
	cy_buf_drop(&c->in, used);
	if (!c->in.len && c->in.cap > READ_CHUNK)
		cy_buf_free(&c->in);
	if (c->state != CLIENT_OPEN)
		return;
	if (r < 0) {
		refuse(c, CY_ERROR_CODE__BAD_FRAME,
		       r == CY_ELIMIT ? "The frame is longer than this daemon takes; large files travel as evidence."
				      : "The length before the frame is no varint of at most 5 bytes.");
		return;
	}
	if (c->paused) {
		pause_client(c);
		return;
	}
	if (more) {
		/* Whether the rest is a half frame shows once it is its turn. A
		 * timer without delay lets the loop see the others first. */
		struct timeval now = { 0, 0 };

		event_del(c->readable);
		event_del(c->timer);
		c->half = false;
		event_add(c->again, &now);
		return;
	}
	event_add(c->readable, NULL);
	watch_half_frame(c, used > 0);
}

static void on_again(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	take_frames(arg);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct client *c = arg;
	ssize_t n;

	(void)what;
	if (evbuffer_get_length(c->out) > c->socket->config.pause_bytes) {
		c->paused = true;
		pause_client(c);
		return;
	}
	if (cy_buf_reserve(&c->in, READ_CHUNK) != CY_OK) {
		refuse(c, CY_ERROR_CODE__UNAVAILABLE, "The daemon has no memory for this frame now.");
		return;
	}
	n = recv(fd, c->in.data + c->in.len, READ_CHUNK, 0);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		die(c);
		return;
	}
	c->in.len += (size_t)n;
	take_frames(c);
}

/* writev(2) would raise SIGPIPE; sendmsg(2) can be told not to. */
static ssize_t send_some(struct client *c)
{
	struct evbuffer_iovec pieces[PIECES_A_WRITE];
	struct iovec iov[PIECES_A_WRITE];
	struct msghdr msg = { .msg_iov = iov };
	int n = evbuffer_peek(c->out, -1, NULL, pieces, PIECES_A_WRITE);

	msg.msg_iovlen = (size_t)(n < PIECES_A_WRITE ? n : PIECES_A_WRITE);
	for (size_t i = 0; i < msg.msg_iovlen; i++)
		iov[i] = (struct iovec){ .iov_base = pieces[i].iov_base, .iov_len = pieces[i].iov_len };
	return sendmsg(c->fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct client *c = arg;
	struct local_socket *s = c->socket;
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
		evbuffer_drain(c->out, (size_t)n);
	}
	if (!evbuffer_get_length(c->out)) {
		event_del(c->writable);
		if (c->state == CLIENT_FLUSH) {
			die(c);
			return;
		}
		s->input.drained(s->input.ctx, c->id);
	}
	if (c->state == CLIENT_OPEN && c->paused && evbuffer_get_length(c->out) <= s->config.pause_bytes / 2) {
		c->paused = false;
		take_frames(c);
	}
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct client *c = arg;

	(void)fd;
	(void)what;
	if (c->state == CLIENT_OPEN)
		refuse(c, CY_ERROR_CODE__BAD_FRAME, "A frame was begun and not completed in time.");
	else
		die(c);
}

/* ------------------------------------------------------------- connections */

static bool in_groups(int64_t gid, const gid_t *groups, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if ((int64_t)groups[i] == gid)
			return true;
	return false;
}

/* The supplementary groups of the connected process; NULL when there are none
 * or the kernel does not tell, which then matches nothing. */
static gid_t *peer_groups(int fd, size_t *ret_n)
{
	socklen_t len = 64 * sizeof(gid_t);
	gid_t *groups = malloc(len), *larger;

	while (groups) {
		if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &len) == 0) {
			*ret_n = len / sizeof(gid_t);
			return groups;
		}
		larger = errno == ERANGE && len <= GROUPS_MAX * sizeof(gid_t) ? realloc(groups, len) : NULL;
		if (!larger)
			free(groups);
		groups = larger;
	}
	*ret_n = 0;
	return NULL;
}

static size_t allowed_entries(struct local_socket *s, int fd, const struct ucred *cred)
{
	size_t n_groups, n = 0;
	gid_t *groups = peer_groups(fd, &n_groups);

	for (size_t i = 0; i < s->config.n_entries; i++) {
		const struct local_entry *entry = &s->entries[i];
		bool by_uid = entry->uid >= 0 && entry->uid == (int64_t)cred->uid;
		bool by_gid = entry->gid >= 0 &&
			      (entry->gid == (int64_t)cred->gid || in_groups(entry->gid, groups, n_groups));

		if (by_uid || by_gid)
			s->allowed[n++] = i;
	}
	free(groups);
	return n;
}

/* A connection that is not taken gets its reason in the fresh socket buffer,
 * without a place among the clients. */
static void turn_away(const struct local_socket *s, int fd, uid_t uid, CyErrorCode code, const char *text)
{
	struct cy_buf b = CY_BUF(1024);

	say(s, uid, text);
	/* Nothing can be done for a stranger whose buffer is full already. */
	if (pack_error(code, text, &b) == CY_OK && send(fd, b.data, b.len, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		errno = 0;
	cy_buf_free(&b);
	close(fd);
}

static bool has_place(const struct local_socket *s, uid_t uid)
{
	size_t same = 0, share = s->config.clients_max / SHARE_OF_A_UID;

	for (size_t i = 0; i < s->config.clients_max; i++)
		same += s->slots[i] && s->slots[i]->uid == uid;
	return s->n_clients < s->config.clients_max && same < (share ? share : 1);
}

static struct client *client_new(struct local_socket *s, int fd, uid_t uid)
{
	struct client *c = calloc(1, sizeof(*c));
	size_t slot = 0;

	if (!c)
		return NULL;
	while (s->slots[slot])
		slot++;
	c->socket = s;
	c->fd = fd;
	c->uid = uid;
	c->id = ++s->generation * s->config.clients_max + slot;
	c->in = (struct cy_buf)CY_BUF(s->config.frame_max + PREFIX_MAX + READ_CHUNK);
	c->out = evbuffer_new();
	c->readable = event_new(s->base, fd, EV_READ | EV_PERSIST, on_readable, c);
	c->writable = event_new(s->base, fd, EV_WRITE | EV_PERSIST, on_writable, c);
	c->timer = evtimer_new(s->base, on_timer, c);
	c->again = evtimer_new(s->base, on_again, c);
	if (!c->out || !c->readable || !c->writable || !c->timer || !c->again || event_add(c->readable, NULL) < 0) {
		client_free(c);
		return NULL;
	}
	s->slots[slot] = c;
	s->n_clients++;
	return c;
}

static void welcome(struct local_socket *s, int fd)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);
	struct client *c;
	size_t n;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0) {
		close(fd);
		return;
	}
	n = allowed_entries(s, fd, &cred);
	if (!n) {
		turn_away(s, fd, cred.uid, CY_ERROR_CODE__NOT_ALLOWED,
			  "The configuration names no client for this user or its groups.");
		return;
	}
	if (!has_place(s, cred.uid)) {
		turn_away(s, fd, cred.uid, CY_ERROR_CODE__TOO_MANY,
			  "This user, or all clients together, have too many connections; close one.");
		return;
	}
	c = client_new(s, fd, cred.uid);
	if (c)
		s->input.up(s->input.ctx, c->id, s->allowed, n);
}

static void on_listen(evutil_socket_t fd, short what, void *arg)
{
	struct local_socket *s = arg;

	(void)what;
	for (int i = 0; i < ACCEPTS_A_WAKE; i++) {
		bool room = descriptors_left(DESCRIPTORS_LOCAL);
		int conn = room ? accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK) : -1;

		if (conn >= 0) {
			welcome(s, conn);
		} else if (!room || errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
			/* The connection stays in the queue and would wake us for ever. */
			struct timeval pause = after_ms(ACCEPT_PAUSE_MS);

			event_del(s->listen);
			event_add(s->listen_again, &pause);
			return;
		} else {
			return;
		}
	}
}

static void on_listen_again(evutil_socket_t fd, short what, void *arg)
{
	struct local_socket *s = arg;

	(void)fd;
	(void)what;
	event_add(s->listen, NULL);
}

/* -------------------------------------------------------------------- port */

static int port_send(void *ctx, uint64_t conn, struct cy_bytes frame)
{
	struct local_socket *s = ctx;
	struct client *c = find(s, conn);
	uint8_t prefix[PREFIX_MAX];
	size_t n = 0, total;

	if (!c || c->state != CLIENT_OPEN)
		return CY_ENOENT;
	if (frame.len > s->config.frame_max ||
	    !cy_add_size(evbuffer_get_length(c->out), frame.len + PREFIX_MAX, &total) || total > s->config.queue_max) {
		say(s, c->uid, "it does not read what it asked for, and is closed");
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
	event_add(c->writable, NULL);
	return CY_OK;
}

static size_t port_queued(void *ctx, uint64_t conn)
{
	struct client *c = find(ctx, conn);

	return c ? evbuffer_get_length(c->out) : 0;
}

static void port_close(void *ctx, uint64_t conn)
{
	struct client *c = find(ctx, conn);

	if (c)
		flush_then_die(c);
}

struct local_port local_socket_port(struct local_socket *s)
{
	return (struct local_port){ .ctx = s, .send = port_send, .queued = port_queued, .close = port_close };
}

/* ------------------------------------------------------------------- life */

static int start_listening(struct local_socket *s, struct cy_error *e)
{
	s->listener.mode = s->config.mode;
	s->listener.gid = s->config.gid;
	if (s->config.fd < 0)
		return local_listen(&s->listener, s->config.path, e);
	if (evutil_make_socket_nonblocking(s->config.fd) < 0)
		return cy_fail(e, CY_EIO, "the socket passed in cannot be used: %s", strerror(errno));
	s->listener.fd = s->config.fd;
	return CY_OK;
}

static void set_defaults(struct local_socket_config *c)
{
	c->mode = c->mode ? c->mode : 0660;
	c->frame_max = c->frame_max ? c->frame_max : CY_LOCAL_FRAME_MAX;
	c->queue_max = c->queue_max ? c->queue_max : CY_LOCAL_QUEUE_MAX;
	c->pause_bytes = c->pause_bytes ? c->pause_bytes : 1024u * 1024u;
	c->clients_max = c->clients_max ? c->clients_max : CY_LOCAL_CLIENTS_MAX;
	c->frames_per_wake = c->frames_per_wake ? c->frames_per_wake : 32;
	c->half_frame_ms = c->half_frame_ms ? c->half_frame_ms : 30000;
}

int local_socket_new(struct event_base *base, const struct local_socket_config *config, const struct local_input *input,
		     struct local_socket **ret_socket, struct cy_error *e)
{
	struct local_socket *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return cy_fail(e, CY_ENOMEM, "no memory for the local socket");
	s->base = base;
	s->config = *config;
	s->input = *input;
	s->listener.fd = -1;
	set_defaults(&s->config);
	s->slots = calloc(s->config.clients_max, sizeof(struct client *));
	s->entries = calloc(config->n_entries + 1, sizeof(*s->entries));
	s->allowed = calloc(config->n_entries + 1, sizeof(*s->allowed));
	if (!s->slots || !s->entries || !s->allowed) {
		local_socket_free(s);
		return cy_fail(e, CY_ENOMEM, "no memory for the local socket");
	}
	if (config->n_entries)
		memcpy(s->entries, config->entries, config->n_entries * sizeof(*s->entries));
	s->config.entries = s->entries;
	r = start_listening(s, e);
	if (r != CY_OK) {
		local_socket_free(s);
		return r;
	}
	s->sweep = event_new(base, -1, 0, on_sweep, s);
	s->listen_again = evtimer_new(base, on_listen_again, s);
	s->listen = event_new(base, s->listener.fd, EV_READ | EV_PERSIST, on_listen, s);
	if (!s->sweep || !s->listen_again || !s->listen || event_add(s->listen, NULL) < 0) {
		local_socket_free(s);
		return cy_fail(e, CY_ENOMEM, "no memory for the events of the local socket");
	}
	*ret_socket = s;
	return CY_OK;
}

void local_socket_stop(struct local_socket *s)
{
	if (s->listen)
		event_free(s->listen);
	if (s->listen_again)
		event_free(s->listen_again);
	s->listen = s->listen_again = NULL;
	local_unlink(&s->listener);
	if (s->listener.fd >= 0)
		close(s->listener.fd);
	s->listener.fd = -1;
}

void local_socket_reconfigure(struct local_socket *s, const struct local_entry *entries, size_t n_entries)
{
	free(s->entries);
	free(s->allowed);
	s->entries = calloc(n_entries + 1, sizeof(*s->entries));
	s->allowed = calloc(n_entries + 1, sizeof(*s->allowed));
	CY_ASSERT(s->entries && s->allowed);
	if (n_entries)
		memcpy(s->entries, entries, n_entries * sizeof(*s->entries));
	s->config.entries = s->entries;
	s->config.n_entries = n_entries;
	for (size_t i = 0; i < s->config.clients_max; i++) {
		struct client *c = s->slots[i];
		struct ucred cred;
		socklen_t len = sizeof(cred);
		size_t n = 0;

		if (!c || c->state != CLIENT_OPEN)
			continue;
		if (getsockopt(c->fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) == 0)
			n = allowed_entries(s, c->fd, &cred);
		s->input.allowed(s->input.ctx, c->id, s->allowed, n);
	}
}

size_t local_socket_clients(const struct local_socket *s)
{
	return s->n_clients;
}

void local_socket_free(struct local_socket *s)
{
	if (!s)
		return;
	local_socket_stop(s);
	for (size_t i = 0; s->slots && i < s->config.clients_max; i++)
		if (s->slots[i])
			client_free(s->slots[i]);
	if (s->sweep)
		event_free(s->sweep);
	free(s->slots);
	free(s->entries);
	free(s->allowed);
	free(s);
}
