/* The fake ports of a node (port/ports.h), for the simulator, the fuzz targets and the unit tests that run whole
 * nodes. Nothing in them happens by itself: the test moves the clock, lets a signature be made, a commit become
 * durable and a disk answer, in the order that it wants.
 *
 *   store    store_mem.h: all of the port in memory, and the list of orders (store_mem_orders.h);
 *            vfs_crash.h: a disk for the real one
 *   clock    struct rig_clock
 *   random   rig_random_port(): the bytes that a seed gives
 *   signer   struct rig_signer: a seal in place of CMS, and certificates that expire or are revoked
 *   local    rig_local_port(), and what a client says
 *   blobs    struct rig_disk: a disk of evidence without bytes
 *   journal  rig_check_line() for each line
 *
 * What is not here is what a rig is there for, and differs for that reason:
 * - The link. The simulator's network loses, delays and changes frames (sim/net.c); the fuzz targets hold each frame
 *   that leaves to the order of a session (fuzz/rig_link.c); the rig of the greeting writes frames down as words
 *   (unit/greet_rig.c); that of the traces carries them from one node to the other and describes them
 *   (unit/trace_rig.c). They share how a session and its frames reach the node: rig_lane_up() and what follows it.
 * - The simulator's clocks, signatures and disk of evidence (sim/world.c, sim/certs.c, sim/blobs_mem.c): they take
 *   their time and fail as a seed says, on the heap of events of its world, and its disk keeps bytes.
 * - The store of the traces, which is the real one: there is a backup of it, as of a file.
 * - Facts and hooks: whoever needs one needs another one. */
#ifndef RIG_H
#define RIG_H

#include "base/rng.h"
#include "comity/v1/local.pb-c.h"
#include "node/node.h"
#include "wire/manifest.h"

#define START_MS INT64_C(1795514400000) /* 2026-11-24T10:00:00Z: when all of them begin, and monotonic time is 0 */

/* A clock that stands still until the test moves it. */
struct rig_clock {
	int64_t now;         /* wall time, and START_MS more than the monotonic one */
	int64_t wrong;       /* ms by which the wall clock differs from that */
	struct cy_mono wake; /* asked for last */
};
struct clock_port rig_clock_port(struct rig_clock *c);

/* The same bytes for the same state. */
struct random_port rig_random_port(struct cy_rng *r);

/* A key that signs when the test says so. */
#define RIG_SIGNING 64
struct rig_signer {
	const char *self;
	/* What waits, as it was asked for: sign() is CY_EAGAIN beyond it. */
	struct {
		uint64_t ticket;
		enum wire_text_type type;
		struct cy_digest seal;
	} waits[RIG_SIGNING];
	size_t n;
	struct cy_wall judged; /* as made when the signature was that was verified last */
	/* What the test wants. */
	bool refuses;        /* sign() fails at once */
	bool expired;        /* our certificate, so that we may not sign */
	bool lost_own;       /* our own signatures do not verify: the certificates of before were not kept */
	int64_t trusts_from; /* what others signed as made before is refused: their certificate was revoked */
	int64_t renewed;     /* our present certificate signs since then; 0: always */
	int64_t stands_from; /* what we signed before would be refused by everybody: ours was revoked */
};
struct signer_port rig_signer_port(struct rig_signer *s);
/* What waits at place `i` is signed, or fails with `code`. */
void rig_sign_at(struct rig_signer *s, struct node *node, size_t i, int code);
/* All that waits now; the last one may ask for the next round. */
void rig_sign(struct rig_signer *s, struct node *node, int code);
/* Stands in for CMS: who signed what. */
struct cy_digest rig_seal(const char *authority, struct cy_bytes text);

/* What is told to the journal must be one line of UTF-8, without control characters. */
void rig_check_line(const char *text);

/* Local clients that always read, and stay until the test ends them: `send` has each frame. */
struct local_port rig_local_port(void *ctx, int (*send)(void *ctx, uint64_t conn, struct cy_bytes frame));
/* What a client asks, on its connection. */
void rig_client_says(struct node *node, uint64_t conn, const CyClientFrame *f);
/* The client at this place of the configuration connects, and says its Hello. */
void rig_client_hello(struct node *node, uint64_t conn, size_t client, uint64_t correlation);

/* A disk of evidence without bytes: what is asked of it ends as the test wants, when the test lets it. No content
 * can be read from it: tests that need that give read() or file() of their own, which ends with rig_disk_ends(). */
#define RIG_TASKS 64
struct rig_disk {
	struct blob_result tasks[RIG_TASKS]; /* how they end, in order: beyond it CY_EAGAIN */
	size_t n;
	struct blob_id pulled; /* the content that was opened last: it alone is whole when it is finished */
	unsigned n_stored, n_verified, n_destroyed;
	struct cy_digest destroyed; /* the last content that was */
	void (*opens)(void *ctx);   /* a part; NULL: nobody is told */
	void *ctx;
	/* What the test wants. */
	bool full;          /* no part can be opened, and there is no content */
	bool empty;         /* of what is pulled nothing is here; else all bytes are, only its name was not given */
	int stored_with;    /* the code with which each chunk of a part is stored, */
	int verified_with;  /* each content verified, */
	int destroyed_with; /* and each destroyed */
	struct cy_digest listed[4]; /* contents, each a page */
	size_t n_listed;
	const struct blob_part *left; /* of an earlier life; NULL: none */
};
struct blob_port rig_disk_port(struct rig_disk *d);
/* What was asked for will end so, after all that was asked for before. */
int rig_disk_ends(struct rig_disk *d, struct blob_result result);
/* The oldest ends. false: nothing was asked for. */
bool rig_disk_step(struct rig_disk *d, struct node *node);

/* What TLS says of a connection in which neither side is deceived. */
struct link_connection rig_connection(uint64_t session, bool dialled);
/* Sessions and frames of either lane, as the link hands them to the node. */
void rig_lane_up(struct node *node, enum wire_lane lane, const char *peer, uint64_t session,
		 const struct link_connection *on);
void rig_lane_frame(struct node *node, enum wire_lane lane, uint64_t session, struct cy_bytes frame);
void rig_lane_down(struct node *node, enum wire_lane lane, uint64_t session, const char *why);

#endif
