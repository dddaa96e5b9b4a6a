/* A batch is the inputs that share one commit: the rows that they write, the effects that leave once these are
 * committed, and the texts that have to be signed before. Every sub-room adds to the batch that is under way by the
 * functions below; the driver begins it, commits it and ends it (driver/driver.h). */
#ifndef CY_NODE_CORE_BATCH_H
#define CY_NODE_CORE_BATCH_H

#include "base/table.h"
#include "comity/v1/local.pb-c.h"
#include "comity/v1/peer.pb-c.h"
#include "exchange/stream.h"
#include "port/store.h"
#include "wire/manifest.h"

struct input;
struct node;
struct peer;
struct work_case;

#define NODE_BATCH_MESSAGES 256 /* after this many messages a batch takes no further input */

/* Something that leaves once the batch is committed. */
enum effect_kind {
	EFFECT_LINK_SEND,
	EFFECT_LINK_CLOSE,
	EFFECT_ESTABLISHED,
	EFFECT_LOCAL_SEND,
	EFFECT_LOCAL_AGAIN, /* a request of a client that has not been dealt with whole: the rest of it */
	EFFECT_SUBSCRIBED,
	EFFECT_READING,
	EFFECT_CLOCK_CONFIRMED
};

struct effect {
	struct effect *next;
	enum effect_kind kind;
	uint64_t target; /* session or connection */
	uint64_t correlation;
	struct cy_bytes bytes;
	struct xchg_pos parcel; /* sequence 0: the frame is none */
	const char *why;
};

/* A message on its way into a parcel. */
struct outgoing {
	struct outgoing *next;
	struct peer *peer;
	const char *id, *case_id;
	uint32_t number;
	CyPriority priority;
	struct cy_digest digest;
	struct cy_bytes content;
	struct store_write *write; /* accepted in this batch: not in the store yet */
};

/* A text that has to be signed before the batch can be committed. */
enum signing_kind {
	SIGN_STATE,
	SIGN_PARCEL,
	SIGN_RECEIPT,
	SIGN_STATEMENT,
	SIGN_CONTAINER
};

struct signing_request {
	struct signing_request *next;
	enum signing_kind kind;
	uint64_t ticket;
	struct cy_wall made;
	struct peer *peer;
	uint64_t session;
	struct cy_bytes text, signature;
	bool answered;
	struct xchg_pos pos;        /* parcel, receipt */
	struct outgoing **messages; /* parcel */
	size_t n;
	struct store_write *parcel;   /* receipt of a parcel taken in this batch */
	struct store_message *failed; /* statement */
	struct fetching *fetching;    /* receipt: of a parcel that is fetched back, and leaves with it */
	/* Container: the client that asked for it. */
	uint64_t conn, correlation;
	const char *client;
};

/* Each but the first lasts until the next one; a batch in which nothing is to be written leaves out COMMITTING, and one
 * that fails is IDLE from SIGNING or COMMITTING on. */
enum batch_phase {
	BATCH_IDLE,
	BATCH_COLLECTING, /* inputs have their turn, and what comes of none */
	BATCH_SIGNING,    /* the signer has the texts */
	BATCH_COMMITTING, /* the store has the rows */
	BATCH_RELEASING   /* the effects leave */
};

/* What the batch has written so far, as batch_written() finds it. */
struct written {
	struct cy_table_entry entry;
	const struct store_write *write;
};

struct batch {
	enum batch_phase phase;
	struct cy_arena arena; /* until the effects have left */
	struct store_writeset writes;
	struct cy_table written;
	const struct store_write *listed; /* the last write that is among them; NULL: none is */
	struct effect *effects, **last_effect;
	struct signing_request *requests, **last_request;
	struct work_case *cases;
	struct cy_table by_id;                      /* the same */
	struct outgoing *accepted, **last_accepted; /* accepted in this batch */
	size_t messages;
	size_t unsigned_texts;
	const char *abort_reason;            /* why the batch must not be committed; NULL: it may */
	struct peer *only_peer;              /* the batch is of this peer's frame only; NULL: it is not */
	size_t inputs, bytes;                /* taken; frames that are to leave */
	size_t finished;                     /* contents whose rows are in it */
	struct input *replay, **last_replay; /* inputs that a failure does not undo (replay.c) */
	bool evidence;                       /* it changes rows of evidence */
	bool shows;                          /* the content of a message, or evidence, leaves to a client with it */
	bool erases;                         /* what a case says is not to be read any more */
	struct cy_wall right;    /* an operator has said at this time of the wall clock that it is right; 0: not */
	struct cy_mono right_at; /* the same instant */
	uint64_t touched[64];    /* sessions whose inputs are in the batch, to be dropped if it fails */
	size_t n_touched;
	bool all_touched;
};

/* ------------------------------------------------------------- the driver */
/* Has the driver try again soon what could not be read or started now. */
void batch_retry(struct node *n);
/* When the node is to be woken next may have changed: the driver plans it anew. */
void batch_replan(struct node *n);
/* Returns whether no batch is under way, and none is about to begin. */
bool batch_is_idle(const struct node *n);
/* A session whose input is in the batch: it ends if the batch fails. */
void batch_touch(struct node *n, uint64_t session);
/* The batch must not be committed, because of what this peer sent. */
void batch_abort(struct node *n, struct peer *p, const char *why);

/* -------------------------------------------------------------------- rows */
/* Returns the next row of the write-set, to be filled in. */
struct store_write *batch_write(struct node *n, enum store_op op);
/* Returns the last write of this batch of one of these kinds, each a BATCH_OP(): STORE_PUT_MESSAGE and
 * STORE_MARK_MESSAGE by the id of the message, STORE_PUT_EVIDENCE by that of its message, STORE_PUT_KEY by the key,
 * STORE_PUT_PARCEL and STORE_PUT_RECEIPT by the peer. `before`: the one that was written before that; NULL: the last of
 * all. NULL: there is none. */
const struct written *batch_written(struct node *n, uint64_t ops, const char *key, const struct written *before);
/* Returns the parcel at this position, as the last STORE_PUT_PARCEL or STORE_PUT_RECEIPT of this batch has it; NULL:
 * there is none. */
const struct store_parcel *batch_parcel(struct node *n, enum store_op op, const char *peer, enum store_author author,
					struct xchg_pos pos);
#define BATCH_OP(name) (UINT64_C(1) << STORE_##name)
/* Return a copy that lasts as long as the write-set. */
char *batch_string(struct node *n, const char *s);
struct cy_bytes batch_bytes(struct node *n, struct cy_bytes b);
/* Writes the peer's stream as it is now. */
void batch_put_stream(struct node *n, struct peer *p);
/* Adds a leaf to the audit log: ids and digests, nothing about people. */
void batch_leaf(struct node *n, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void batch_leaf_of(struct node *n, struct cy_bytes data);

/* ----------------------------------------------------------------- effects */
/* Adds an effect, and returns it so that the caller can say more of it. */
struct effect *batch_effect(struct node *n, enum effect_kind kind, uint64_t target, struct cy_bytes bytes,
			    const char *why);
struct effect *batch_send(struct node *n, uint64_t session, const CyPeerFrame *frame);
/* The same, before all else that leaves with this batch. */
void batch_send_first(struct node *n, uint64_t session, const CyPeerFrame *frame);
/* Takes back what was to leave to the session. */
void batch_unsend(struct node *n, uint64_t session);
/* Answers a local client. */
void batch_reply(struct node *n, uint64_t conn, uint64_t correlation, CyServerFrame *frame);
/* The same with an error about one field; field "": about none. */
void batch_error(struct node *n, uint64_t conn, uint64_t correlation, CyErrorCode code, const char *field,
		 const char *text);
/* Once the batch is through the client is taken to ask that, in the place of what it asked. */
void batch_go_on(struct node *n, uint64_t conn, CyClientFrame *frame);

/* ------------------------------------------------------- signing requests */
/* Add a text that has to be signed, and return its request; what was to be signed is then done by its kind. */
struct signing_request *batch_request_signature(struct node *n, enum signing_kind kind, struct peer *p,
						const struct wire_text *text);
/* For nobody's stream; made now. */
struct signing_request *batch_request_signature_of(struct node *n, enum signing_kind kind, struct cy_bytes text);

#endif
