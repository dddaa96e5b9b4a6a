/* One real node over a store in memory, with simulated time, link, signer and
 * clients, and a disk for evidence that is always full. The rig asserts what must hold of
 * everything that leaves the node, whatever came in:
 * - no connection counts as proven unless the right proof for exactly this one was given
 *   to the node, and until then it changes nothing of what the node knows of the peer;
 * - what leaves on a connection has its order: Hello, proof, State, and then the rest;
 * - each frame and each answer parses under its limit;
 * - parcels, receipts and positions that leave are in the durable image;
 * - rows of the store never go backwards;
 * - what waits for a batch is bounded;
 * - a line of the journal is one line of UTF-8. */
#ifndef CY_TESTS_FUZZ_RIG_H
#define CY_TESTS_FUZZ_RIG_H

#include "../rig/rig.h"
#include "../rig/store_mem.h"
#include "base/rng.h"
#include "comity/v1/local.pb-c.h"
#include "comity/v1/peer.pb-c.h"
#include "node/node.h"
#include "wire/manifest.h"

#define RIG_SELF     "IE"
#define RIG_PEERS    2
#define RIG_CONNS    32
#define RIG_UNPROVEN 3 /* connections of one peer and lane, as the link allows */

/* A connection. */
struct rig_conn {
	uint64_t session; /* 0: this place is free */
	size_t peer;
	enum wire_lane lane;
	struct link_connection on; /* as the node sees it */
	int64_t since;
	bool closing;               /* the node wants it closed */
	bool proven;                /* the node takes it for the peer's */
	bool said, heard;           /* the node's Hello, and the peer's */
	struct cy_digest our_hello; /* SHA-256 of these frames */
	struct cy_digest their_hello;
	bool hello_right;   /* it is from this peer to the node, of our version */
	bool shown;         /* the right proof for this connection was given to the node */
	bool proof, stated; /* the node's have left */
};

struct rig {
	struct mem_store store;
	struct node *node;
	struct node_ports ports;
	struct cy_rng rng;
	struct rig_clock clock;
	struct rig_signer signer;
	struct rig_disk disk;
	bool fail_commit, fail_signing; /* the next ones */
	struct rig_conn conns[RIG_CONNS];
	uint64_t at[RIG_PEERS][2]; /* by lane: the session that the player speaks on; 0: none */
	uint64_t sessions;         /* given last */

	/* What left the node; called from inside a port: call no node_...() there. */
	void *ctx;
	void (*frame)(void *ctx, size_t peer, struct cy_bytes bytes, const CyPeerFrame *f);
	void (*closed)(void *ctx, size_t peer, const char *why);
	void (*proof)(void *ctx, size_t peer, const CySignedText *proof); /* on either lane */
	void (*answer)(void *ctx, uint64_t conn, const CyServerFrame *f);
};

/* The fuzzed peer, then the honest one. */
extern const char *const rig_peers[RIG_PEERS];

/* The callbacks are set before. Client 0 sees all cases, client 1 its own. */
void rig_open(struct rig *r);
void rig_close(struct rig *r);
/* The process ends and starts again; what was not committed is lost. */
void rig_restart(struct rig *r);

/* A new connection, on which the player speaks from now on. Those before it stay. */
void rig_up(struct rig *r, size_t peer, enum wire_lane lane, bool dialled);
/* The one on which the player speaks ends. */
void rig_down(struct rig *r, size_t peer, enum wire_lane lane);
/* The player speaks on another one, if there is one. */
void rig_switch(struct rig *r, size_t peer, enum wire_lane lane);
/* The one on which the player speaks; NULL: there is none, or the node wants it closed. */
struct rig_conn *rig_conn(struct rig *r, size_t peer, enum wire_lane lane);
/* Nothing without a connection. */
void rig_frame(struct rig *r, size_t peer, enum wire_lane lane, struct cy_bytes bytes);
/* The node's session proofs are signed now, even if the next signature is to fail. */
void rig_prove(struct rig *r);
void rig_local(struct rig *r, uint64_t conn, struct cy_bytes bytes);
/* Until nothing waits to be signed, committed or closed. */
void rig_settle(struct rig *r);
void rig_sleep(struct rig *r, int64_t ms);

/* -------------------------------------------------- rig_link.c, for rig.c only */
/* The link's ports and the bulk lane's. */
void rig_link_ports(struct rig *r);
/* Connections that are over are told to the node; false: there is none. */
bool rig_link_step(struct rig *r);
/* Time has passed: connections that were not proven end. */
void rig_link_age(struct rig *r);
void rig_is_bounded(const struct rig *r);

#endif
