/* The link: sessions with peers over ZeroMQ inside mutual TLS, as port/ports.h
 * wants them. A session is one authenticated connection with a DEALER socket of
 * its own, bound to a fresh ipc endpoint in a private directory; the gate
 * (gate_tls.h), in its own thread, joins it to the TLS connection.
 *
 * Everything here is called from the main thread, and calls back in it, from its
 * event loop: never from inside a function of the link port or the bulk port.
 *
 * There are two lanes, told apart by ALPN: one for messages, dialled whenever there is
 * no session, and one for bulk, dialled while it is wanted (port/blobs.h). A peer has a place in each; what
 * happens in one changes nothing in the other.
 *
 * A connection holds nobody's place until link_port.proven() is called for its session; one for which
 * that has not come handshake_ms after TLS is ended. Of two proven ones of one peer and lane, the one
 * dialled by the smaller authority id (strcmp) stays; of two dialled by the same side, the newer. More connections or
 * takeovers than a limit a minute are refused with an alarm: with the latter two
 * machines probably hold one certificate. */
#ifndef CY_IO_LINK_LINK_ZMQ_H
#define CY_IO_LINK_LINK_ZMQ_H

#include <event2/event.h>

#include "io/gate/tls_peers.h"
#include "port/blobs.h"
#include "port/ports.h"

struct link_peer_config {
	struct tls_peer_config tls; /* id, anchors, expected names, CRL */
	const char *dial;           /* "host:port" or "[address]:port"; NULL: we wait to be called */
};

/* Numbers that are 0 take the default in brackets. Copied. */
struct link_config {
	const char *authority;   /* own id */
	const char *certificate; /* PEM file: ours, then its chain */
	const char *key;         /* OSSL_STORE URI or path */
	/* For link_prepare(), not NULL: where it is put why these two cannot be used; those of
	 * before then stay. Each peer has its own place (tls_peer_config.fault). */
	struct cy_error *own_fault;
	const char *const *listen; /* "0.0.0.0:5671", "[::]:5671"; an IPv6 address takes IPv6 only */
	size_t n_listen;
	const int *fds; /* listening sockets passed in and taken over; then `listen` is not used */
	size_t n_fds;
	const struct link_peer_config *peers;
	size_t n_peers;
	/* Directory for the ipc endpoints: mode 0700, ours, made if missing, at most
	 * LINK_IPC_DIR_MAX bytes. */
	const char *ipc_dir;
	int64_t handshake_ms;          /* TCP and TLS together; and then as long until it is proven [10000] */
	int64_t heartbeat_ms;          /* between two PINGs [15000] */
	int64_t silence_ms;            /* without a sign of life, or the first State; ends the session [60000] */
	int64_t close_ms;              /* for what was queued, at an orderly end [2000] */
	int64_t redial_first_ms;       /* back-off with full jitter [250] */
	int64_t redial_cap_ms;         /* [60000] */
	unsigned takeovers_a_minute;   /* of one peer and lane [10] */
	unsigned connections_a_minute; /* of one peer and lane [240] */
	size_t handshakes_max;         /* callers without a finished handshake [64] */
	size_t handshakes_per_source;  /* of one IPv4 address or IPv6 /64 [16] */
	size_t descriptors_elsewhere;  /* that the rest of the process needs [512] */
	uint64_t rekey_records;        /* TLS records under one key [2^20] */
};

#define LINK_IPC_DIR_MAX 81

struct link_events {
	void *ctx;
	/* ZMTP is up with this peer: frames can be sent. `peer` lives as long as the link. */
	void (*up)(void *ctx, const char *peer, uint64_t session, const struct link_connection *on);
	/* The bytes live until the call returns. */
	void (*frame)(void *ctx, uint64_t session, struct cy_bytes frame);
	void (*writable)(void *ctx, uint64_t session); /* once after CY_EAGAIN */
	/* Exactly once for each `up`, and nothing about the session follows. */
	void (*down)(void *ctx, uint64_t session, const char *why);
	/* The same for the bulk lane. All NULL: there is none, and who dials it is refused.
	 * A frame is taken over; it can be released by any thread, also when the link is
	 * gone. */
	void (*bulk_up)(void *ctx, const char *peer, uint64_t session, const struct link_connection *on);
	void (*bulk_frame)(void *ctx, uint64_t session, struct blob_bytes frame);
	void (*bulk_writable)(void *ctx, uint64_t session); /* once after CY_EAGAIN, or no room */
	void (*bulk_down)(void *ctx, uint64_t session, const char *why);
	/* Dialling a peer for messages failed before `up`; it is tried again later. May be
	 * NULL. */
	void (*attempt_failed)(void *ctx, const char *peer, const char *why);
	/* A caller was turned away before `up`. May be NULL. */
	void (*refused)(void *ctx, const char *address, const char *why);
	/* Beside one of the two before, for messages: a certificate was the reason, and it
	 * is this peer's, or names it. May be NULL. */
	void (*certificate_refused)(void *ctx, const char *peer, const char *why);
	/* Something that a person should look at. May be NULL. */
	void (*alarm)(void *ctx, const char *peer, const char *text);
	/* Lines for the journal: peer ids and addresses, no content. May be NULL. */
	void (*log)(void *ctx, enum node_level level, const char *text);
};

struct link;

/* Check everything, listen, start the gate and dial. SIGPIPE must be ignored by
 * the process, no handler of a signal may run in the thread of `base` (io/loop/signals.h), and
 * it must not fork afterwards. CY_ECONFIG or CY_EIO with the
 * file or address and the remedy. */
int link_start(struct event_base *base, const struct link_config *config, const struct link_events *events,
	       struct link **ret_link, struct cy_error *e);
/* Take another configuration in two steps: prepare() reads all files and may fail,
 * with nothing changed; apply() cannot fail and takes the change over. Sessions go on
 * as long as their certificates are good for their peers by what is in force now; the
 * others end, with an alarm. `listen`, `fds`, `ipc_dir`, heartbeat_ms and close_ms
 * stay as they are. */
struct link_change;
int link_prepare(struct link *l, const struct link_config *config, struct link_change **ret_change, struct cy_error *e);
void link_apply(struct link *l, struct link_change *change);
void link_change_free(struct link_change *change); /* NULL is allowed */

/* Ask the gate's thread for a sign of life; has it answered since? */
void link_probe(struct link *l);
bool link_alive(const struct link *l);

/* Sessions for messages whose peer has said a good State. */
size_t link_sessions(const struct link *l);

/* Orderly end: what is queued may still leave, for about 3 × close_ms + 1 s at most;
 * the call waits for that. No callback is made from here on. Frees the link. */
void link_stop(struct link *l);

struct link_port link_get_port(struct link *l);
/* Once room() has said yes, at least LINK_AHEAD frames are taken without asking again:
 * what was being read meanwhile, and what has to be said. */
struct bulk_port link_get_bulk_port(struct link *l);
#define LINK_AHEAD 8u

/* Can anybody be this peer, by what is in force? False for one whose files could not be
 * used when they were read first (tls_peer_config.fault). */
bool link_trusts(const struct link *l, const char *peer);

/* For the facts port. */
struct cy_wall link_certificate_end(const struct link *l);
void link_peer_facts(const struct link *l, const char *peer, struct node_peer_facts *ret_facts);

/* The TCP port of the i-th listening socket, also when 0 was asked for. */
uint16_t link_listen_port(const struct link *l, size_t i);

#endif
