/* Inside the link: link_zmq.c (decisions, life), link_zmq_config.c (peers),
 * link_zmq_session.c (one session's socket and frames), link_zmq_bulk.c (frames that
 * are handed on). */
#ifndef CY_IO_LINK_LINK_ZMQ_INTERNAL_H
#define CY_IO_LINK_LINK_ZMQ_INTERNAL_H

#include <pthread.h>
#include <zmq.h>

#include "base/limits.h"
#include "io/gate/gate_tls.h"
#include "io/link/backoff.h"
#include "io/link/link_zmq.h"

#define LINK_CALLERS  8  /* addresses whose connections are counted apart */
#define LINK_UNPROVEN 10 /* connections in a minute that prove nothing: then somebody is told */

struct link_lane {
	struct link_peer *peer;
	enum tls_lane lane;
	bool wanted;              /* dialled when there is no session */
	bool dialling;            /* an attempt is on its way: until its session is proven, or over */
	struct link_session *now; /* the proven session that holds the place; not one that is closing */
	struct event *redial;
	struct backoff backoff;
	int64_t minute; /* when the present counts began, ms */
	unsigned takeovers, unproven;
	struct link_callers {
		uint8_t source[16]; /* the last one: of all further addresses together */
		unsigned connections;
	} callers[LINK_CALLERS];
	size_t n_callers;
	int64_t no_takeover_before;                             /* ms */
	bool alarmed_flood, alarmed_takeover, alarmed_unproven; /* in this minute */
	char failure[256]; /* of the last attempt to dial bulk, since its last session */
};

struct link_peer {
	struct link *l;
	size_t index;
	char id[CY_AUTHORITY_MAX + 1];
	bool removed; /* not in the configuration; its slot stays */
	char *dial;   /* where we dial it; NULL: we do not */
	struct link_lane lanes[TLS_LANES_N];
	int64_t certificate_end; /* of the session that was proven last, ms since 1970 */
	int64_t crl_alarm;       /* when last, ms; 0: never */
};

struct link_session {
	struct link_session *next;
	struct link_lane *lane;
	uint64_t id;   /* the gate's id of the connection */
	bool up;       /* told so */
	bool blocked;  /* a send met CY_EAGAIN */
	bool busy;     /* inside a callback about it */
	bool draining; /* closed by us: what is ahead goes out, then the socket, and libzmq and the gate flush */
	struct link_connection on;
	int64_t certificate_end; /* of the peer's, ms since 1970 */
	bool judged;             /* it has proved whose it is, whether it got the place or not */
	bool proven;
	int64_t greeted; /* when its State was found good, ms; 0: not yet */
	void *socket;
	struct event *ev, *read_again;
	struct event
		*patience; /* with a peer that has proved nothing, or said no State; with what is ahead at a close */
	zmq_msg_t ahead[CY_AHEAD_MAX]; /* frames for which the socket has no room yet, as a ring */
	unsigned first_ahead, n_ahead;
	size_t ahead_bytes;
	char address[64];
	char why[256]; /* of a close by us */
};

/* The differences between the lanes. */
struct link_kind {
	const char *name; /* of a session, for people */
	int hwm;          /* frames each way; worst memory is this × limit × peers, and CY_AHEAD_BYTES */
	unsigned ahead;   /* frames for which the socket has no room yet, at most CY_AHEAD_MAX */
	int frames;       /* handed on in one turn of the loop */
	void (*up)(void *ctx, const char *peer, uint64_t session, const struct link_connection *on);
	void (*writable)(void *ctx, uint64_t session);
	void (*down)(void *ctx, uint64_t session, const char *why);
};

struct link {
	struct event_base *base, *gate_base;
	struct link_events events;
	struct link_kind kinds[TLS_LANES_N];
	char authority[CY_AUTHORITY_MAX + 1];
	char *ipc_dir;
	uint32_t tag; /* in the names of our endpoints */
	int64_t close_ms, handshake_ms, heartbeat_ms, silence_ms;
	unsigned takeovers_a_minute, connections_a_minute;
	struct link_peer **peers; /* by index, for good */
	size_t n_peers;
	struct link_session *sessions;
	void *zmq;
	struct tls_trust *trust;
	struct mailbox in;
	struct gate *gate;
	pthread_t thread;
	bool running;
	bool alive; /* the gate has answered since the last probe */
};

void link_log(struct link *l, enum node_level level, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* About a connection. */
void link_order(struct link *l, enum gate_order what, uint64_t conn, const char *text);
int64_t link_or_default(int64_t value, int64_t otherwise);
void link_on_redial(evutil_socket_t fd, short what, void *arg);
int link_open_gate(struct link *l, const struct link_change *change, struct cy_error *e);
/* NULL: the session takes the place of its lane; otherwise why it must go. */
const char *link_weigh(struct link_lane *p, bool new_dialled);
/* A caller in the peer's name has gone without a proof. */
void link_count_unproven(struct link_lane *p);
/* Dial the peer after the lane's back-off, unless it is not needed. */
void link_redial_later(struct link_lane *p);

/* A session for an authenticated connection. NULL with a logged reason when no socket can
 * be had. */
struct link_session *link_session_new(struct link_lane *p, const struct mail *m);
struct link_session *link_session_find(const struct link *l, uint64_t id);
/* The same where frames may be sent: NULL as well for one that is not up yet, or is being closed. */
struct link_session *link_session_up(const struct link *l, uint64_t id);
/* The connection has ended: hand on what was received, say `down`, free. */
void link_session_over(struct link_session *s, const char *why);
/* Closed by us, and nothing more is sent. */
void link_session_leave(struct link_session *s);
/* Unlink from the link and free. */
void link_session_free(struct link_session *s);

/* Look at its socket in the next turn of the loop. */
void link_session_look(struct link_session *s);
int link_session_events(const struct link_session *s); /* ZMQ_EVENTS */

/* Takes *msg over and queues it, behind what is ahead where the socket has no room; false: there is no room ahead
 * either, and *msg is closed. */
bool link_queue(struct link_session *s, zmq_msg_t *msg);
/* Queue what is ahead, as far as there is room; true: nothing is left. */
bool link_flush(struct link_session *s);

int link_send(void *ctx, uint64_t session, struct cy_bytes frame);
int link_proven(void *ctx, uint64_t session, struct cy_error *e);
void link_established(void *ctx, uint64_t session);
void link_close(void *ctx, uint64_t session, const char *why);

/* One frame handed on, false when there is none. */
bool link_take_bulk(struct link_session *s);

#endif
