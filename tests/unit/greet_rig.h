/* One node with one peer, for greet_test.c: its ports write down what it does, as words; the test
 * is the peer, and says when a signature is ready. Time stands still unless the test moves it. */
#ifndef GREET_RIG_H
#define GREET_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../rig/rig.h"
#include "../rig/store_mem.h"
#include "../rig/store_mem_orders.h"
#include "base/uuid.h"
#include "comity/v1/bulk.pb-c.h"
#include "comity/v1/local.pb-c.h"
#include "comity/v1/peer.pb-c.h"
#include "exchange/stream.h"
#include "node/node.h"
#include "wire/manifest.h"

#define SELF  "IE"
#define PEER  "US-OIA"
#define OTHER "FR" /* has a place in the store; configured only where a test says so */
#define LINES 8

/* A connection, as the peer sees it. */
struct line {
	uint64_t session;
	enum wire_lane lane;
	struct link_connection on; /* as the node was told */
	struct cy_digest ours;     /* SHA-256 of the node's Hello */
	struct cy_digest theirs;   /* and of the peer's */
	bool closed;               /* by the node */
};

struct rig {
	struct mem_store store;
	struct orders_mem orders; /* the node has this list where ports.orders is set */
	struct node *node;
	struct node_ports ports;
	struct node_config config;
	struct node_peer_config peer;
	struct rig_clock clock;
	struct cy_rng rng;
	struct rig_signer signer;
	struct rig_disk disk;
	struct line lines[LINES]; /* a session is its place, from 1 */
	size_t n_lines;
	uint64_t n_parcels; /* of the peer that desk_parcel() has given */

	struct xchg_pos holds;  /* of our stream, in the peer's State */
	CyProfileDigest *named; /* in the peer's State; NULL: none */
	bool fetches_back;      /* its State says so */

	/* What the ports shall do. */
	const char *damaged_case; /* a commit that puts a message into it meets a damaged page */
	bool stays;               /* proven(): another connection stays */

	/* What the node did since taken(), in words: "warning", "alarm", and with the number of the
	 * session "1:hello", "2:goodbye-PROTOCOL", "1:close"; "want" and "no-want" of the bulk lane. */
	char did[8192];
	char journal[512];       /* the last line that is a warning or an alarm */
	struct wire_text *proof; /* the node's last one */
	CyHello *hello;          /* and its last Hello */
	CyPeerStatus *status;    /* the last one asked for */
	char all[4096];          /* every line of the journal, of whatever level */
};

/* `config` and `peer` may be changed before rig_start(). */
struct rig *rig_new(bool evidence);
void rig_start(struct rig *r);
void rig_begin(struct rig *r); /* the same, whatever the node says at its start */
void rig_free(struct rig *r);

struct line *rig_up(struct rig *r, enum wire_lane lane, bool dialled);
void rig_give(struct rig *r, const struct line *l, struct cy_bytes bytes);
void rig_give_peer(struct rig *r, const struct line *l, const CyPeerFrame *f);
void rig_give_bulk(struct rig *r, const struct line *l, const CyBulkFrame *f);
/* The signatures that the node waits for are ready, or have failed. */
void rig_signed(struct rig *r, int code);
/* The newest of them alone. */
void rig_signed_newest(struct rig *r);
/* What waits in the store and on the disk happens; nothing is signed. */
void rig_run(struct rig *r);
/* The same, and all that is signed. */
void rig_settle(struct rig *r);
/* What the node did since this was last asked; equal to `words`. */
void rig_did(struct rig *r, const char *words, const char *of);

/* The peer's row of the status, without its last fault, and what is stored of it, as one
 * digest. */
struct cy_digest rig_state(struct rig *r);
void rig_ask_status(struct rig *r);

/* ---------------------------------------------------------------- as the peer */

/* Hello as it should be, with these features. */
CyHello peer_hello(const struct line *l, char **features, size_t n);
void give_hello(struct rig *r, struct line *l, CyHello *h);
void say_hello(struct rig *r, struct line *l, char **features, size_t n);
/* The proof that this connection needs. */
struct wire_text peer_proof(const struct rig *r, const struct line *l);
/* Any signed text under the seal of `by`; frees nothing of it. */
struct sealed {
	struct cy_buf text;
	struct cy_digest seal;
	CySignedText st;
};
void seal_text(struct sealed *s, const struct wire_text *t, const char *by);
void say_proof(struct rig *r, const struct line *l, const struct wire_text *t, const char *by);
void say_state(struct rig *r, const struct line *l);
/* One that is proven, and both States were said on the message lane. */
struct line *rig_session(struct rig *r, enum wire_lane lane, bool dialled, char **features, size_t n);

/* ------------------------------------------------------------- greet_frames.c */

extern char *all_features[2];

#define EACH_SETTING(lane, dialled)                                          \
	for (enum wire_lane lane = WIRE_MESSAGES; lane <= WIRE_BULK; lane++) \
		for (int dialled = 0; dialled <= 1; dialled++)

const char *setting(enum wire_lane lane, bool dialled);
/* How the node ends a greeting: that an attempt of its own to reach the peer failed is told too. */
const char *ended(const char *how, enum wire_lane lane, bool dialled);

/* The same for the same number. */
struct cy_uuid some_id(uint8_t which);
void prove(struct rig *r, const struct line *l);
/* A parcel of the peer in the epoch START_MS, with this one message. */
void give_parcel_at(struct rig *r, const struct line *l, uint64_t sequence, const char *id, struct cy_bytes message);
/* The first one, with some_id(0). */
void give_parcel(struct rig *r, const struct line *l, struct cy_bytes message);
void give_goodbye(struct rig *r, const struct line *l, CyGoodbyeCode code);
/* A frame of this kind; kind 0: bytes that are no frame. */
void give_message_frame(struct rig *r, struct line *l, CyPeerFrame__KindCase kind);
void give_bulk_frame(struct rig *r, struct line *l, CyBulkFrame__KindCase kind);

#endif
