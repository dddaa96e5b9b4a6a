#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zmq.h>

#include "base/limits.h"
#include "io/link/link_zmq_internal.h"
#include "io/loop/descriptors.h"
#include "io/loop/loop_event.h"

static void set_int(void *socket, int option, int value)
{
	CY_ASSERT(zmq_setsockopt(socket, option, &value, sizeof value) == 0);
}

static struct link *link_of(const struct link_session *s)
{
	return s->lane->peer->l;
}

static const struct link_kind *kind_of(const struct link_session *s)
{
	return &link_of(s)->kinds[s->lane->lane];
}

int link_session_events(const struct link_session *s)
{
	int events = 0;
	size_t len = sizeof events;

	CY_ASSERT(zmq_getsockopt(s->socket, ZMQ_EVENTS, &events, &len) == 0);
	return events;
}

void link_session_look(struct link_session *s)
{
	static const struct timeval now = { 0 };

	/* Adding it anew each turn would put it off for ever. */
	if (!evtimer_pending(s->read_again, NULL))
		CY_ASSERT(event_add(s->read_again, &now) == 0);
}

struct link_session *link_session_find(const struct link *l, uint64_t id)
{
	struct link_session *s = l->sessions;

	while (s && s->id != id)
		s = s->next;
	return s;
}

struct link_session *link_session_up(const struct link *l, uint64_t id)
{
	struct link_session *s = link_session_find(l, id);

	return s && s->up && !s->draining ? s : NULL;
}

/* ------------------------------------------------------------- what is ahead */

static void pop_ahead(struct link_session *s, size_t bytes)
{
	s->first_ahead = (s->first_ahead + 1) % CY_AHEAD_MAX;
	s->n_ahead--;
	s->ahead_bytes -= bytes;
}

static void forget_ahead(struct link_session *s)
{
	while (s->n_ahead) {
		zmq_msg_t *msg = &s->ahead[s->first_ahead];
		const size_t bytes = zmq_msg_size(msg);

		zmq_msg_close(msg);
		pop_ahead(s, bytes);
	}
}

bool link_flush(struct link_session *s)
{
	while (s->n_ahead) {
		const size_t bytes = zmq_msg_size(&s->ahead[s->first_ahead]);

		if (zmq_msg_send(&s->ahead[s->first_ahead], s->socket, ZMQ_DONTWAIT) < 0)
			break;
		pop_ahead(s, bytes);
	}
	return s->n_ahead == 0;
}

bool link_queue(struct link_session *s, zmq_msg_t *msg)
{
	const size_t bytes = zmq_msg_size(msg);
	zmq_msg_t *last = &s->ahead[(s->first_ahead + s->n_ahead) % CY_AHEAD_MAX];

	if (s->n_ahead == kind_of(s)->ahead || s->ahead_bytes + bytes > CY_AHEAD_BYTES) {
		zmq_msg_close(msg);
		return false;
	}
	zmq_msg_init(last);
	CY_ASSERT(zmq_msg_move(last, msg) == 0);
	s->n_ahead++;
	s->ahead_bytes += bytes;
	link_flush(s);
	return true;
}

static void close_socket(struct link_session *s, int linger_ms)
{
	if (s->ev)
		event_free(s->ev);
	if (s->read_again)
		event_free(s->read_again);
	if (s->patience)
		event_free(s->patience);
	s->ev = s->read_again = s->patience = NULL;
	forget_ahead(s);
	if (s->socket == NULL)
		return;
	set_int(s->socket, ZMQ_LINGER, linger_ms);
	zmq_close(s->socket);
	s->socket = NULL;
}

void link_session_free(struct link_session *s)
{
	struct link_session **at = &link_of(s)->sessions;

	while (*at != s)
		at = &(*at)->next;
	*at = s->next;
	if (s->lane->now == s)
		s->lane->now = NULL;
	close_socket(s, 0);
	free(s);
}

/* One frame handed on, false when there is none. */
static bool take_frame(struct link_session *s)
{
	struct link *l = link_of(s);
	zmq_msg_t msg;

	if (s->lane->lane == TLS_BULK)
		return link_take_bulk(s);
	zmq_msg_init(&msg);
	if (zmq_msg_recv(&msg, s->socket, ZMQ_DONTWAIT) < 0) {
		zmq_msg_close(&msg);
		return false;
	}
	l->events.frame(l->events.ctx, s->id, cy_bytes(zmq_msg_data(&msg), zmq_msg_size(&msg)));
	zmq_msg_close(&msg);
	return true;
}

static void say_up(struct link_session *s)
{
	struct link *l = link_of(s);
	const char *peer = s->lane->peer->id;

	s->up = true;
	link_log(l, NODE_DEBUG, "a connection %s %s (%s) has yet to prove whose it is",
		 s->on.dialled ? "to" : "in the name of", peer, s->address);
	kind_of(s)->up(l->events.ctx, peer, s->id, &s->on);
}

/* ZMQ_FD is edge-triggered: go on until ZMQ_EVENTS has nothing more, or come back
 * by a timer. Callbacks may close the session, and then its socket is gone. Who fills
 * the queue each time that there is room must not hold up the others, nor what came. */
static void work(struct link_session *s)
{
	const struct link_kind *kind = kind_of(s);
	struct link *l = link_of(s);
	bool writable = false;
	int frames = 0;

	if (s->draining) {
		if (link_flush(s))
			link_session_leave(s);
		return;
	}
	s->busy = true;
	while (s->socket && !s->draining) {
		int events = link_session_events(s);
		bool room = (s->blocked || s->n_ahead) && (events & ZMQ_POLLOUT);

		if (!s->up) {
			/* The pipe is there once ZMTP has shaken hands. */
			if (!(events & (ZMQ_POLLIN | ZMQ_POLLOUT)))
				break;
			say_up(s);
		} else if (room && !writable) {
			writable = true;
			if (!link_flush(s) || !s->blocked)
				continue;
			s->blocked = false;
			kind->writable(l->events.ctx, s->id);
		} else if ((events & ZMQ_POLLIN) && frames < kind->frames) {
			frames++;
			take_frame(s);
		} else {
			if (room || (events & ZMQ_POLLIN))
				link_session_look(s);
			break;
		}
	}
	s->busy = false;
}

static void on_socket(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	work(arg);
}

/* Messages come first: timers have their turn after the sockets. */
static void on_bulk_socket(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	link_session_look(arg);
}

/* Heartbeats come from the library's threads: what they do not show is a peer whose
 * own thread says nothing. */
static void on_patience_over(evutil_socket_t fd, short what, void *arg)
{
	struct link_session *s = arg;
	char why[64];

	(void)fd;
	(void)what;
	if (s->draining) {
		link_session_leave(s);
		return;
	}
	if (s->proven)
		snprintf(why, sizeof why, "no State within %lld ms", (long long)link_of(s)->silence_ms);
	else
		snprintf(why, sizeof why, "no session proof within %lld ms", (long long)link_of(s)->handshake_ms);
	link_close(link_of(s), s->id, why);
}

static void wait_patiently(struct link_session *s, int64_t ms)
{
	const struct timeval tv = { .tv_sec = (time_t)(ms / 1000), .tv_usec = (suseconds_t)(ms % 1000 * 1000) };

	CY_ASSERT(event_add(s->patience, &tv) == 0);
}

static int make_socket(struct link_session *s, char *path, size_t path_size)
{
	struct link *l = link_of(s);
	bool bulk = s->lane->lane == TLS_BULK;
	char endpoint[160];
	size_t len = sizeof(int);
	int fd;

	snprintf(path, path_size, "%s/%08x-%llx", l->ipc_dir, l->tag, (unsigned long long)s->id);
	snprintf(endpoint, sizeof endpoint, "ipc://%s", path);
	errno = EMFILE;
	if (!descriptors_left(DESCRIPTORS_SESSION))
		return CY_EIO;
	s->socket = zmq_socket(l->zmq, ZMQ_DEALER);
	if (s->socket == NULL)
		return CY_EIO;
	set_int(s->socket, ZMQ_SNDHWM, kind_of(s)->hwm);
	set_int(s->socket, ZMQ_RCVHWM, kind_of(s)->hwm);
	if (bulk)
		set_int(s->socket, ZMQ_SNDBUF, GATE_BULK_QUEUE);
	set_int(s->socket, ZMQ_LINGER, 0);
	set_int(s->socket, ZMQ_HANDSHAKE_IVL, 0); /* `patience` ends it */
	/* PINGs without an end: the gate judges (gate_tls_alive.c). */
	set_int(s->socket, ZMQ_HEARTBEAT_IVL, (int)l->heartbeat_ms);
	set_int(s->socket, ZMQ_HEARTBEAT_TIMEOUT, 0);
	set_int(s->socket, ZMQ_HEARTBEAT_TTL, 0);
	CY_ASSERT(zmq_setsockopt(s->socket, ZMQ_MAXMSGSIZE, &(int64_t){ CY_FRAME_MAX }, sizeof(int64_t)) == 0);
	if (zmq_bind(s->socket, endpoint) != 0)
		return CY_EIO;
	CY_ASSERT(zmq_getsockopt(s->socket, ZMQ_FD, &fd, &len) == 0);
	s->ev = event_new(l->base, fd, EV_READ | EV_PERSIST, bulk ? on_bulk_socket : on_socket, s);
	s->read_again = evtimer_new(l->base, on_socket, s);
	s->patience = evtimer_new(l->base, on_patience_over, s);
	CY_ASSERT(s->ev && s->read_again && s->patience);
	CY_ASSERT(event_add(s->ev, NULL) == 0);
	wait_patiently(s, l->handshake_ms);
	return CY_OK;
}

struct link_session *link_session_new(struct link_lane *p, const struct mail *m)
{
	struct link *l = p->peer->l;
	struct link_session *s = calloc(1, sizeof *s);
	char path[108];

	CY_ASSERT(s);
	s->lane = p;
	s->id = m->conn;
	s->on.dialled = m->dialled;
	s->certificate_end = m->certificate_end;
	memcpy(s->on.exporter.b, m->exporter, sizeof s->on.exporter.b);
	memcpy(s->on.theirs.b, m->theirs, sizeof s->on.theirs.b);
	memcpy(s->on.ours.b, m->ours, sizeof s->on.ours.b);
	cy_copy(s->address, sizeof s->address, m->address);
	s->next = l->sessions;
	l->sessions = s;
	if (make_socket(s, path, sizeof path)) {
		link_log(l, NODE_WARNING, "no socket for a %s with %s: %s", kind_of(s)->name, p->peer->id,
			 zmq_strerror(errno));
		link_session_free(s);
		return NULL;
	}
	link_order(l, GATE_CONNECT, s->id, path);
	link_session_look(s);
	return s;
}

void link_session_over(struct link_session *s, const char *why)
{
	struct link_lane *p = s->lane;
	struct link *l = link_of(s);
	const struct link_kind *kind = kind_of(s);
	bool up = s->up;
	uint64_t id = s->id;
	char text[sizeof s->why];

	CY_ASSERT(!s->busy);
	/* Frames that came before the end still count; RCVHWM bounds them. */
	if (s->socket && up && !s->draining) {
		s->busy = true;
		while (s->socket && !s->draining && take_frame(s))
			;
		s->busy = false;
	}
	if (s->on.dialled && !s->proven)
		p->dialling = false;
	if (!s->on.dialled && !s->judged)
		link_count_unproven(p);
	if (s->greeted)
		backoff_lasted(&p->backoff, loop_mono().ms - s->greeted);
	cy_copy(text, sizeof text, s->why[0] ? s->why : why);
	if (up)
		link_log(l, NODE_DEBUG, "%s with %s is down: %s", kind->name, p->peer->id, text);
	link_session_free(s);
	if (up)
		kind->down(l->events.ctx, id, text);
	if (p->now == NULL)
		link_redial_later(p);
}

/* libzmq sends what is queued and then ends the ipc side; the gate passes that on, and
 * its CLOSED brings `down`. */
void link_session_leave(struct link_session *s)
{
	struct link *l = link_of(s);

	link_order(l, GATE_CLOSE, s->id, "");
	close_socket(s, (int)l->close_ms);
}

/* ----------------------------------------------------------------- the port */

int link_send(void *ctx, uint64_t session, struct cy_bytes frame)
{
	struct link_session *s = link_session_up(ctx, session);
	zmq_msg_t msg;

	if (frame.len > CY_FRAME_MAX)
		return CY_ELIMIT;
	if (s == NULL)
		return CY_ENOENT;
	CY_ASSERT(zmq_msg_init_size(&msg, frame.len) == 0);
	if (frame.len)
		memcpy(zmq_msg_data(&msg), frame.data, frame.len);
	if (!link_queue(s, &msg)) {
		s->blocked = true;
		link_session_look(s);
		return CY_EAGAIN;
	}
	/* A send may have eaten the edge that told of frames to read, or of room. */
	if (!s->busy)
		link_session_look(s);
	return CY_OK;
}

int link_proven(void *ctx, uint64_t session, struct cy_error *e)
{
	struct link_session *s = link_session_find(ctx, session);
	const char *no;

	if (s == NULL || s->draining)
		return cy_fail(e, CY_ENOENT, "the session is over");
	s->judged = true;
	no = link_weigh(s->lane, s->on.dialled);
	if (no)
		return cy_fail(e, CY_EDENIED, "%s", no);
	s->proven = true;
	s->lane->now = s;
	s->lane->peer->certificate_end = s->certificate_end;
	s->lane->failure[0] = '\0';
	link_order(ctx, GATE_PROVEN, s->id, "");
	link_log(ctx, NODE_INFO, "%s with %s is up (%s %s)", kind_of(s)->name, s->lane->peer->id,
		 s->on.dialled ? "dialled" : "called by", s->address);
	if (s->on.dialled)
		s->lane->dialling = false;
	wait_patiently(s, link_of(s)->silence_ms);
	return CY_OK;
}

void link_established(void *ctx, uint64_t session)
{
	struct link_session *s = link_session_find(ctx, session);

	if (s == NULL || s->draining)
		return;
	s->greeted = loop_mono().ms;
	event_del(s->patience);
}

void link_close(void *ctx, uint64_t session, const char *why)
{
	struct link *l = ctx;
	struct link_session *s = link_session_find(l, session);

	if (s == NULL || s->draining)
		return;
	s->draining = true;
	if (cy_copy(s->why, sizeof s->why, why))
		cy_copy(s->why, sizeof s->why, "closed");
	if (s->lane->now == s)
		s->lane->now = NULL;
	if (link_flush(s)) {
		link_session_leave(s);
		return;
	}
	/* Among it may be why it is closed. */
	wait_patiently(s, l->close_ms);
	link_session_look(s);
}
