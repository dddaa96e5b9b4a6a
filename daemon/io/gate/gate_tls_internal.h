/* Inside the gate: gate_tls.c (listening, limits, orders), gate_tls_dial.c (names
 * and connect), gate_tls_conn.c (handshake and end of a connection),
 * gate_tls_pump.c (bytes),
 * gate_tls_trust.c (another trust), gate_tls_alive.c (signs of life), gate_tls_bio.c (what OpenSSL writes). */
#ifndef CY_IO_GATE_GATE_TLS_INTERNAL_H
#define CY_IO_GATE_GATE_TLS_INTERNAL_H

#include <event2/event.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/bytes.h"
#include "io/gate/gate_tls.h"
#include "io/link/zmtp_guard.h"

#define GATE_BUFFER      (128u * 1024u)              /* shared by all; also the most that is spilt per direction */
#define GATE_SPILL       (GATE_BUFFER + 64u * 1024u) /* a buffer as TLS records, and answers to KeyUpdates */
#define GATE_ROUNDS      4                           /* per wake-up and direction */
#define GATE_READS       64                          /* of TLS in a round; eight full records fill the buffer */
#define GATE_ADDRESSES   4                           /* tried of a name */
#define GATE_CONNS       3                           /* of one peer's lane: a session, its successor, one more */
#define GATE_DRAINS      2                           /* of one peer's lane: ended, and waiting for its FIN */
#define GATE_DRAIN_BYTES (1024u * 1024u)
/* What fits into the 1,280 bytes that every IPv6 path carries. Tunnels between
 * authorities often take less than 1,500 and filter the ICMP that would say so: then
 * each parcel, and only parcels, would be lost for ever. */
#define GATE_MSS 1220

/* A connection's life. FLUSH: TLS has ended, the ipc side takes the rest.
 * DRAIN: all is said, wait for the other side's FIN so that nothing is swallowed
 * by a reset. */
enum conn_state {
	CONN_RESOLVE,
	CONN_CONNECT,
	CONN_SHAKE,
	CONN_FIRST, /* dialler: waiting for the first decrypted byte */
	CONN_WAIT,  /* authenticated; main has been asked */
	CONN_PUMP,
	CONN_FLUSH,
	CONN_DRAIN
};

struct gate_conn {
	TAILQ_ENTRY(gate_conn) all;
	TAILQ_ENTRY(gate_conn) stranger; /* callers that have not finished their handshake, oldest first */
	struct gate *g;
	uint64_t id;
	enum conn_state state;
	bool dialled, is_stranger, authenticated, told; /* told: main knows the end */
	bool proven;                                    /* PROVEN came */
	bool leaving;                                   /* CLOSE came: the timer of the end runs */
	size_t peer;
	enum tls_lane lane; /* dialled, or once it is authenticated */
	int fd, ipc;
	SSL *ssl;
	struct tls_verdict verdict;
	bool refused; /* a certificate ended the handshake */
	struct zmtp_guard guard;
	struct event *net_r, *net_w, *ipc_r, *ipc_w, *timer, *pump_again, *alive_check;
	bool ipc_deaf;                /* libzmq takes nothing more */
	bool fin;                     /* our FIN is sent */
	struct cy_buf to_ipc, to_net; /* spilt: plain for libzmq, TLS for the socket; empty most of the time */
	uint64_t records;             /* sent under the present key */
	uint64_t received, acked;     /* by TCP's counts at the last look */
	int64_t alive;                /* when the last sign of life was seen, monotonic ms */
	size_t drained;
	uint8_t source[16]; /* whom a caller counts as: an IPv4 address, or the /64 of an IPv6 one */
	char address[64];
	char why[256];
	struct gate_lookup *lookup;
	struct sockaddr_storage todo[GATE_ADDRESSES]; /* addresses not tried yet */
	socklen_t todo_len[GATE_ADDRESSES];
	size_t n_todo, next_todo;
};

TAILQ_HEAD(conn_list, gate_conn);

struct gate_listener {
	struct gate *g;
	int fd;
	struct event *ev;
};

struct gate_target {
	char *host, *port; /* NULL: not dialled */
};

struct gate_change {
	struct gate_config config; /* its pointers are not used */
	struct tls_trust *trust;
	struct gate_target *targets; /* config.n_peers */
};

/* Records on their way out together: a call for each would cost as much as its bytes. */
struct gate_wire {
	struct gate_conn *of; /* NULL: of nobody */
	size_t len;
	uint8_t data[GATE_SPILL];
};

struct evdns_base;

struct gate {
	struct event_base *base;
	struct gate_config config; /* its pointers are not used after gate_new() */
	struct tls_trust *trust;
	struct mailbox in, *out;
	struct gate_listener *listeners;
	size_t n_listen;
	struct gate_target *targets;
	struct evdns_base *dns;
	struct stat hosts, resolv; /* the files of names when they were last read */
	struct conn_list all, strangers;
	size_t n_all, n_strangers, n_lookups, most;
	uint64_t last_id;
	int reserve; /* a descriptor to give up, so that accept can still say no */
	bool stopping;
	struct event *stop_timer, *verify_timer;
	BIO_METHOD *wire;
	struct gate_wire out_wire;
	uint8_t buffer[GATE_BUFFER];
};

/* gate_tls.c */
/* Before connect() or listen(). */
void gate_limit_segments(int fd);
void gate_check_stopped(struct gate *g);
size_t gate_most(const struct gate_config *config); /* connections at one time */

/* gate_tls_dial.c */
/* "host:port" or "[v6]:port" in two strings of its own; CY_EPARSE. */
int gate_split(const char *address, char **ret_host, char **ret_port);
void gate_dial(struct gate *g, size_t peer, enum tls_lane lane);
void conn_connect_done(struct gate_conn *c);
/* The attempt at one address failed; the next, or the end. */
void conn_connect_failed(struct gate_conn *c, const char *why);
void conn_forget_lookup(struct gate_conn *c);

/* gate_tls_conn.c */
struct gate_conn *conn_new(struct gate *g, int fd);
/* Events of the socket, once c->fd is there. */
void conn_watch(struct gate_conn *c);
void conn_timer(struct gate_conn *c, int64_t ms);
void conn_want(struct event *ev, bool on);
void conn_address(struct gate_conn *c, const struct sockaddr *sa);
void conn_shake(struct gate_conn *c);
void conn_attach(struct gate_conn *c, const char *path);
/* Tell main, once: `why` for people. */
void conn_tell(struct gate_conn *c, const char *why);
/* TLS is over, or shall be: close it in order, and drain. `polite`: a TLS close
 * can be sent. Frees the connection at once when there is nothing to drain. */
void conn_end(struct gate_conn *c, const char *why, bool polite);
void conn_free(struct gate_conn *c);

/* gate_tls_bio.c */
BIO_METHOD *gate_wire_method(void);
/* Give c->ssl its way out. */
void conn_set_wire(struct gate_conn *c);
/* Keep what OpenSSL writes until gathered(), which sends or spills it. False: the socket is broken, errno. */
void conn_gather(struct gate_conn *c);
bool conn_gathered(struct gate_conn *c);
/* Send what is spilt, as far as it goes; false when the socket is broken. */
bool conn_flush(struct gate_conn *c);

/* gate_tls_trust.c */
/* Judge it by the trust in force; false: it has been ended. */
bool conn_verify_again(struct gate_conn *c);
void gate_watch_trust(struct gate *g);
/* Set the timer for the next verdict that may change. */
void gate_verify_later(struct gate *g);
void gate_apply(struct gate *g, struct gate_change *change);

/* gate_tls_alive.c */
/* From now on look for signs of life, and end the session when there are none. */
void conn_watch_life(struct gate_conn *c);

/* gate_tls_pump.c */
void pump(struct gate_conn *c, bool in, bool out);

#endif
