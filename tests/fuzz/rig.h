/* One real node over a store in memory, with simulated time, link, signer and
 * clients. The rig asserts what must hold of everything that leaves the node,
 * whatever came in:
 * - each frame and each answer parses under its limit;
 * - parcels, receipts and positions that leave are in the durable image;
 * - rows of the store never go backwards;
 * - what waits for a batch is bounded;
 * - a line of the journal is one line of UTF-8. */
#ifndef CY_TESTS_FUZZ_RIG_H
#define CY_TESTS_FUZZ_RIG_H

#include "../sim/store_mem.h"
#include "base/rng.h"
#include "comity/v1/local.pb-c.h"
#include "comity/v1/peer.pb-c.h"
#include "node/node.h"
#include "wire/manifest.h"

#define RIG_SELF     "IE"
#define RIG_START_MS INT64_C(1795514400000) /* 2026-11-24T10:00:00Z */
#define RIG_PEERS    2
#define RIG_SIGNING  64

struct rig {
	struct mem_store store;
	struct node *node;
	struct node_ports ports;
	struct cy_rng rng;
	int64_t now;
	struct cy_mono wake;
	struct store_writeset *committing;
	struct {
		uint64_t ticket;
		struct cy_digest seal;
	} signing[RIG_SIGNING];
	size_t n_signing;
	bool fail_commit, fail_signing; /* the next ones */
	uint64_t session[RIG_PEERS];    /* 0: none */
	bool closing[RIG_PEERS];        /* the node wants it closed */
	uint64_t sessions;              /* given last */

	/* What left the node; called from inside a port: call no node_...() there. */
	void *ctx;
	void (*frame)(void *ctx, size_t peer, struct cy_bytes bytes, const CyPeerFrame *f);
	void (*closed)(void *ctx, size_t peer, const char *why);
	void (*answer)(void *ctx, uint64_t conn, const CyServerFrame *f);
};

/* The fuzzed peer, then the honest one. */
extern const char *const rig_peers[RIG_PEERS];

/* The callbacks are set before. Client 0 sees all cases, client 1 its own. */
void rig_open(struct rig *r);
void rig_close(struct rig *r);
/* The process ends and starts again; what was not committed is lost. */
void rig_restart(struct rig *r);

void rig_up(struct rig *r, size_t peer);
void rig_down(struct rig *r, size_t peer);
/* Nothing without a session. */
void rig_frame(struct rig *r, size_t peer, struct cy_bytes bytes);
void rig_local(struct rig *r, uint64_t conn, struct cy_bytes bytes);
/* Until nothing waits to be signed, committed or closed. */
void rig_settle(struct rig *r);
void rig_sleep(struct rig *r, int64_t ms);

/* Stands in for CMS: who signed what. */
struct cy_digest rig_seal(const char *authority, struct cy_bytes text);

#endif
