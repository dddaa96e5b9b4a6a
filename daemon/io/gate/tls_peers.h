/* The trust of the gate: a snapshot of our own certificate and of each peer's trust (anchors,
 * expected names, CRL), with the SSL_CTXs made from it. A snapshot never changes. A connection
 * keeps the snapshot with which it was made, so that new connections can get a new one.
 *
 * Only TLS 1.3 is spoken, and both certificates are required. There are no tickets and no
 * session cache, since a resumption would skip the certificates. ALPN (RFC 7301) names the lane:
 * the dialler offers the lane that it dials; a side without ALPN, such as a plain TLS tunnel, is
 * on the message lane; a side that offers only other protocols is refused. */
#ifndef CY_IO_GATE_TLS_PEERS_H
#define CY_IO_GATE_TLS_PEERS_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/time.h"

/* Lanes by ALPN: X(name, protocol). */
#define TLS_LANES(X)            \
	X(MESSAGES, "comity/1") \
	X(BULK, "comity-bulk/1")

enum tls_lane {
#define X(name, protocol) TLS_##name,
	TLS_LANES(X)
#undef X
	TLS_LANES_N
};

struct tls_trust;

struct tls_peer_config {
	const char *id;
	/* PEM file of one or more CA certificates; they vouch for this peer alone. NULL:
	 * a slot that is kept for a former peer, whom nobody can be. */
	const char *anchors;
	/* PEM file of one or more CRLs, or NULL; io/gate/crl_list.h says which count. When set, a
	 * leaf whose issuer has no CRL in it is refused, and so is every leaf once the CRL's
	 * nextUpdate is more than crl_grace_s seconds ago. What it says of the CAs above the
	 * leaf counts too; for these no CRL has to be there. */
	const char *crl;
	int64_t crl_grace_s;
	/* A CRL is also stale this many seconds after its thisUpdate; 0: only its
	 * nextUpdate counts. */
	int64_t crl_max_age_s;
	/* At least one; the leaf must have one of them as subjectAltName:
	 * "dns:NAME", "ip:ADDRESS" or "uri:URI". Wildcards and CN count for nothing. */
	const char *const *sans;
	size_t n_sans;
	/* Not NULL: files of this peer that cannot be used are no error of the whole. The reason
	 * is put here, and the peer keeps the anchors and CRLs that it had in `before`, or is
	 * nobody. With a reason here already they are not read. */
	struct cy_error *fault;
};

struct tls_config {
	const char *certificate; /* PEM file: our certificate, then its chain */
	const char *key; /* OSSL_STORE URI ("file:...") or plain path, without passphrase; NULL: nothing but a check */
	const struct tls_peer_config *peers;
	size_t n_peers;
	const struct tls_trust *before; /* what was in force, peers under the same indices; NULL: nothing */
	struct cy_error *fault;         /* as for a peer, of our own certificate and key; only with `before` */
};

/* Read all files. CY_ECONFIG names the file and the remedy. The caller holds one
 * reference. */
int tls_trust_new(const struct tls_config *config, struct tls_trust **ret_trust, struct cy_error *e);
/* Read the files of one peer, as tls_trust_new() would. Where they can be used, and yet nobody would
 * be taken for this peer at `now`, *ret_over says why: all its CAs, or its CRL, are out of date. NULL: that
 * is not looked at. */
int tls_peer_check(const struct tls_peer_config *config, struct cy_wall now, struct cy_error *ret_over,
		   struct cy_error *e);

/* Any thread. */
struct tls_trust *tls_trust_ref(struct tls_trust *t);
void tls_trust_unref(struct tls_trust *t);

/* The work that the other side has caused in TLS. OpenSSL bounds each message, but neither the
 * number of records that it comes in, nor how often keys are renewed. At a limit reading ends,
 * and tls_why() names the limit. */
struct tls_work {
	unsigned records;  /* of the handshake, until its Finished */
	size_t bytes;      /* in them */
	bool shaken;       /* its Finished is here */
	uint64_t messages; /* after that: KeyUpdate, NewSessionTicket */
	unsigned rekeys;   /* KeyUpdates that its data has not earned yet */
	unsigned data;     /* records of data since it has earned the last one */
	unsigned tickets;
	const char *over; /* the limit that was met, NULL: none */
};

/* The verdict on the other side's certificate. */
struct tls_verdict {
	struct tls_trust *trust;
	bool decided;   /* `peer` says who it is */
	bool dialled;   /* `peer` was known before, and only its trust counts */
	bool no_lane;   /* the client named no lane that we serve */
	bool stale_crl; /* `stale_peer`'s CRL is past its nextUpdate */
	bool named;     /* not decided, and it is `peer`'s: one of its CAs has issued it, in its name */
	size_t peer;    /* index into config.peers */
	size_t stale_peer;
	int64_t certificate_end; /* its notAfter, ms since 1970 */
	int64_t verify_at;       /* when the verdict may become another one, ms since 1970 */
	char why[160];           /* of a refusal; empty otherwise */
	struct tls_work work;
};

/* A connection over `fd` (not owned). `v` is filled while it shakes hands and must
 * outlive it. As acceptor any peer may call, on any lane; as dialler only `peer` is
 * accepted, on `lane`; `name` is sent as SNI, NULL for none. NULL without memory. */
SSL *tls_accept(struct tls_trust *t, int fd, struct tls_verdict *v);
SSL *tls_dial(struct tls_trust *t, int fd, size_t peer, enum tls_lane lane, const char *name, struct tls_verdict *v);

/* After the handshake: is the other side still `v->peer` by what `t` says now? Moves
 * the verdict and its reference over to `t`; false with the reason in v->why. Each
 * trust has at least the peers of those before it, under the same indices. */
bool tls_verify_again(struct tls_trust *t, const SSL *ssl, struct tls_verdict *v);

/* After the handshake: the channel binding "tls-exporter" of the connection (RFC 9266), and the SHA-256
 * of the certificates (DER) that the other side and we have presented. */
void tls_binding(const SSL *ssl, uint8_t ret_exporter[static 32], uint8_t ret_theirs[static 32],
		 uint8_t ret_ours[static 32]);

/* Once both have said their Hello: the lane that was agreed. TLS_LANES_N, as dialler
 * only: the other side answered with something else. */
enum tls_lane tls_lane_of(const SSL *ssl);
const char *tls_lane_protocol(enum tls_lane lane);

/* Can anybody be this peer? False for a slot that has no anchors. */
bool tls_trust_has(const struct tls_trust *t, size_t peer);

/* notAfter of our own certificate, ms since 1970. */
int64_t tls_trust_end(const struct tls_trust *t);
/* A peer's CRL: false without one. It is stale from *ret_due on, and the peer is
 * refused from *ret_end on; ms since 1970, 0: never. */
bool tls_trust_crl(const struct tls_trust *t, size_t peer, int64_t *ret_due, int64_t *ret_end);

/* The true reason of a failure, as a clause for people. `ssl_error` is what
 * SSL_get_error() said; takes the thread's OpenSSL error queue and errno. True: a
 * certificate was refused, by us or by the other side. */
bool tls_why(int ssl_error, const struct tls_verdict *v, char *out, size_t size);

#endif
