/* The gate: TCP and TLS, and nothing else. It listens and dials, shakes hands,
 * decides by the certificate which peer this is, and then pumps bytes between the
 * TLS connection and the private ipc endpoint of that session, watching ZMTP
 * framing on the way in (zmtp_guard.h).
 *
 * It runs in whatever thread runs its event base: its own in service, so that the
 * pump stays alive while others wait. The two sides talk by letters only.
 *
 * A connection has an id that is never used again in this process. The dialler of
 * a connection reports it only after the first decrypted byte from the acceptor:
 * in TLS 1.3 a client's handshake is done before it learns that its certificate
 * was refused. */
#ifndef CY_IO_GATE_GATE_TLS_H
#define CY_IO_GATE_GATE_TLS_H

#include "io/gate/tls_peers.h"
#include "io/loop/mailbox.h"

/* Letters to the gate. A CONNECT or CLOSE of a connection that has ended is
 * ignored: its CLOSED is on the way. */
enum gate_order {
	GATE_DIAL,    /* peer, lane: one attempt; ends in AUTHENTICATED or FAILED */
	GATE_CONNECT, /* conn, text = path of the ipc endpoint: connect and pump; the path is unlinked */
	GATE_CLOSE,   /* conn: the ipc side is about to end; let it flush for drain_ms, then end anyway */
	GATE_PROVEN,  /* conn: it is the peer's, and gives way to no newer caller */
	GATE_DROP,    /* conn, text = why: end at once */
	GATE_CHANGE,  /* data: a gate_change, which is taken over */
	GATE_PROBE,   /* ALIVE comes back */
	GATE_STOP     /* let all connections drain, then STOPPED, and the loop is broken */
};

/* Letters from the gate; those with a peer say the lane, but for STALE_CRL. */
enum gate_event {
	/* conn, peer, dialled, address, source, certificate_end, exporter, theirs, ours: answer with CONNECT or DROP */
	GATE_AUTHENTICATED,
	GATE_FAILED,     /* peer, refused, text = why: the attempt to dial ended without a connection */
	GATE_REFUSED,    /* address, text = why: a caller was turned away; refused: by peer's own CA */
	GATE_CLOSED,     /* conn, text = why: an authenticated connection has ended; refused: main was never asked */
	GATE_STALE_CRL,  /* peer: its CRL is past its nextUpdate */
	GATE_DISTRUSTED, /* peer, text = why: its live connection is ended, CLOSED follows */
	GATE_ALIVE,      /* the answer to PROBE */
	GATE_STOPPED
};

/* Bytes between gate and libzmq on the bulk lane, each way; the kernel may allow fewer. */
#define GATE_BULK_QUEUE (1024 * 1024)

struct gate_config {
	const char *const *listen; /* "0.0.0.0:5671", "[::]:5671": numeric; IPv6 sockets take IPv6 only */
	size_t n_listen;
	const int *fds; /* listening sockets passed in, taken over; then `listen` is not used */
	size_t n_fds;
	const char *const *dial; /* one a peer, NULL: not dialled; "host:port", "[::1]:5671" */
	size_t n_peers;
	int64_t handshake_ms; /* over all of a handshake, from connect to the first byte */
	int64_t drain_ms;     /* for the last bytes at an end */
	int64_t silence_ms;   /* a session without a sign of life for so long is ended */
	size_t handshakes_max, handshakes_per_source;
	uint64_t rekey_records; /* TLS records sent under one key, well under 2^24 */
};

struct gate;

/* Bind the listening sockets. Takes a reference to `trust`; what `config` points
 * to is copied; `out` takes the letters and outlives the gate. CY_ECONFIG names
 * the address and the remedy. */
int gate_new(struct event_base *base, const struct gate_config *config, struct tls_trust *trust, struct mailbox *out,
	     struct gate **ret_gate, struct cy_error *e);
/* The same anew, for GATE_CHANGE: other peers (those of before keep their indices),
 * trust and limits. Listening goes on as before: `listen` is not looked at. */
struct gate_change;
int gate_change_new(const struct gate_config *config, struct tls_trust *trust, struct gate_change **ret_change,
		    struct cy_error *e);
void gate_change_free(struct gate_change *change); /* NULL is allowed */

/* Any thread. */
void gate_post(struct gate *g, const struct mail *m);
/* Could a gate listen there now? CY_ECONFIG with the sentence that gate_new() would give. */
int gate_listen_check(const char *address, struct cy_error *e);
/* The TCP port of the i-th listening socket. */
uint16_t gate_port(const struct gate *g, size_t i);
/* After its loop has ended. */
void gate_free(struct gate *g);

/* Descriptors that a gate and its sessions take at most. */
size_t gate_descriptors(const struct gate_config *config);

#endif
