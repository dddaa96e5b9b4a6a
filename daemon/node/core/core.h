/* The state that all sub-rooms of the node share, and what each of them may use: who is who, what time it is, the
 * journal, replies to local clients, goodbyes, what is signed, what waits after a start, and idempotency keys. What
 * they put into the batch that is under way stands in batch.h, which this header brings. */
#ifndef CY_NODE_CORE_CORE_H
#define CY_NODE_CORE_CORE_H

#include "audit/log.h"
#include "base/guess.h"
#include "base/uuid.h"
#include "comity/v1/local.pb-c.h"
#include "comity/v1/peer.pb-c.h"
#include "exchange/rtt.h"
#include "exchange/stream.h"
#include "node/core/batch.h"
#include "node/core/goodbyes.h"
#include "node/core/signing.h"
#include "node/core/waiting.h"
#include "port/config.h"
#include "port/orders.h"
#include "port/ports.h"
#include "wire/manifest.h"

#define NODE_SESSION_INPUTS_MAX (CY_WINDOW_MAX + 16) /* frames of one session that wait for a batch */
#define NODE_CLIENT_INPUTS_MAX  64                   /* frames of one client that wait for a batch */
#define NODE_EXPIRY_CHECK_MS    60000   /* how soon, and how often at most, undelivered messages are looked at */
#define NODE_STORE_RETRY_MS     2000    /* after a failed commit */
#define NODE_CLOCK_JUMP_MS      3600000 /* beyond this the wall clock is not trusted */

/* A struct node_place that the node owns; "" where nothing is configured. */
struct site {
	char state[3], zone[65], calendar[65];
};

/* ------------------------------------------------------------------- peers */

/* What a side understands beyond the protocol version, by the names in its Hello: X(name, word, what belongs to it, as
 * proto/PROTOCOL.md says). */
#define NODE_FEATURES(X)                                                                                        \
	X(EVIDENCE, "evidence", "the bulk lane is dialled; messages of the kind `evidence_statement` are sent") \
	X(PROFILE_TEXT, "profile-text", "`profile_request` is sent; who names it answers with `profile`")       \
	X(VERDICTS, "verdicts",                                                                                 \
	  "`heads` come with `verdicts`, where the asker was restored; `fetch_request` may name a message")     \
	X(TOMBSTONES, "tombstones", "`parcel` and `fetched` are sent with [tombstones](#tombstones)")

enum node_feature {
#define X(name, word, what) NODE_FEATURE_##name,
	NODE_FEATURES(X)
#undef X
	NODE_FEATURES_N
};
#define NODE_FEATURES_KNOWN (1u << 31) /* beside them in stream.features: a State has come */

struct peer {
	char id[CY_AUTHORITY_MAX + 1];
	struct site place;
	bool tunnel;     /* its session proofs are bound to certificates */
	bool configured; /* false: removed, or known from the store only */
	size_t index;    /* its place in the node's peers, for good */

	/* The stream row. While a batch is under way it runs ahead of the store; after
	 * a failed commit it is loaded anew. */
	struct store_stream stream;
	struct cy_buf head_text, head_signature; /* what stream.head_* point to */
	bool stored;                             /* there is a row */

	/* The session, which is proven; 0: none. */
	uint64_t session;
	bool greeted; /* the peer's State was good */
	bool waiting; /* there may be messages that wait for a parcel */
	struct waits_peer wait;
	bool batch_alone; /* what it sent failed a batch: its frames share none with others */
	size_t inputs;    /* frames that wait for a batch */
	struct node_refusal refusal;
	struct cy_mono no_parcel_before; /* after a failed signature */
	struct exchange_peer *exchange;  /* what peers/ keeps of it */
	struct bulk *bulk;               /* its bulk lane (evidence/); NULL: it has had none yet */
	const struct node_rate *rates;
	size_t n_rates;
	uint64_t evidence_added, evidence_batch; /* bytes that a batch took on, and which batch */

	/* For status. */
	struct cy_wall since; /* connected or not connected */
	bool refused;         /* the last fault is about a certificate */
	bool skew_known;
	int64_t skew_ms;
	struct xchg_rtt rtt;
	char farewell[128];        /* the text of its Goodbye in this session */
	const char *farewell_code; /* and the name of its code; never freed */
	char last_fault[160];
	struct cy_mono ended[CY_FLAPS_MAX]; /* when its latest sessions did, in a ring */
	size_t n_ended;                     /* of all, since the start */
};

static inline bool node_understands(const struct peer *p, enum node_feature f)
{
	return p->stream.features & 1u << f;
}

/* ----------------------------------------------------------------- clients */

struct conn {
	struct conn *next;
	uint64_t id;
	size_t *allowed, n_allowed;              /* places in the configuration of all clients that it may be */
	const struct node_client_config *client; /* NULL until hello */
	size_t inputs;                           /* frames that wait for a batch */
	struct subscription *sub;                /* clients/ */
	struct conn_evidence *evidence;          /* evidence/ */
};

/* ------------------------------------------------------------------ inputs */

/* Something that needs a batch, decoded and verified where that can be done
 * without the store. */
enum input_kind {
	INPUT_LINK_UP,
	INPUT_FRAME,
	INPUT_REQUEST,
	INPUT_HOOK,
	INPUT_STORED,  /* an upload is complete */
	INPUT_ARRIVED, /* an attachment of a peer is here, or is not what it must be */
	INPUT_READ,    /* a local client wants to read an attachment, or has done so */
	INPUT_DESTROYED,
	INPUT_LEFT,  /* content that may have no row, after a crash */
	INPUT_FOUND, /* bytes on our disk were verified */
	INPUT_TABLE  /* statistics were counted that are to be published */
};

/* How a pull has ended. */
enum blob_outcome {
	OUTCOME_HERE,
	OUTCOME_SAME,       /* it came before, and was verified again */
	OUTCOME_MISMATCHED, /* what came is not what its manifest says */
	OUTCOME_LOST,       /* it has never been here, and the sender has destroyed it */
	/* It had arrived before, and does not come again: */
	OUTCOME_GONE,  /* the sender has it no more */
	OUTCOME_SPOILT /* what the sender has is not what its manifest says */
};

struct input {
	struct input *next;
	enum input_kind kind;
	uint64_t source; /* session or connection */
	size_t peer;     /* index, for INPUT_LINK_UP and INPUT_FRAME */
	CyPeerFrame *frame;
	CyClientFrame *request;
	struct wire_text *text;    /* signed text of a parcel, receipt, fetched parcel or audit head */
	struct wire_text *receipt; /* receipt of a fetched parcel, or that comes with tombstones */
	char *hook;                /* id of one that has ended */
	CyStatistics *table;       /* of INPUT_TABLE, as the next two */
	uint64_t correlation;
	char year[5];
	struct {
		char message_id[CY_UUID_LEN + 1];
		uint32_t attachment;
		struct blob_id id;
		enum blob_outcome outcome;
		int code;          /* of INPUT_FOUND */
		struct cy_wall at; /* when it was read, or verified */
		uint64_t from, to; /* of a reading: from which byte on; up to which one, */
		bool ended;        /* once that is over */
		uint64_t correlation;
		char name[CY_CLIENT_MAX + 1]; /* of the client */
		char key[CY_KEY_MAX + 1];
		char part[BLOB_NAME_MAX + 1];
	} blob;
};

/* Of a case, and how many there are. */
struct case_name {
	size_t n;
	char peer[CY_AUTHORITY_MAX + 1], case_id[CY_UUID_LEN + 1];
};

/* How far the node is with the list of orders (port/orders.h). */
struct orders_state {
	struct orders_mark last; /* of the list, and what this batch adds */
	uint64_t stored;         /* the store has obeyed up to this number */
};

struct node {
	char authority[CY_AUTHORITY_MAX + 1];
	struct site place;
	struct node_config config;
	struct node_ports ports;
	/* Pointers to peers and indices stay good: a peer that is removed keeps its place. */
	struct peer **peers;
	size_t n_peers;
	void (*peer_new)(struct peer *p); /* makes what peers/ keeps of one */
	struct cy_arena settings;         /* holds what of the configuration is copied */
	struct node_client_config *clients;
	struct conn *conns;
	uint8_t instance[16];
	struct cy_wall started;
	struct cy_wall trusted_from; /* wall and monotonic time at the start, or when an operator */
	struct cy_mono started_mono; /* confirmed the clock */

	char sign_fault[NODE_FAULT_SIZE]; /* "" while we may sign */

	/* The meta row; like a stream row it runs ahead during a batch. */
	uint64_t epoch;
	struct audit_log audit;
	struct cy_wall wall_mark;
	bool clock_suspect; /* told; nothing that follows from the wall clock is done by itself */
	uint8_t frontier[64 * CY_SHA256_LEN];
	struct orders_state orders;
	struct cy_mono next_erasure; /* when cases that were ordered to be erased are looked at; CY_NEVER: all are */
	struct waits wait;

	struct input *inputs, **last_input;
	bool waited; /* what some parts waited for is over: each looks again at what it left (STAGE_RESUMED) */
	bool wants_batch, wants_plan; /* what the driver is to do next: see batch_go() */
	struct batch batch;
	uint64_t last_ticket;
	struct cy_mono retry;   /* after a failed commit */
	struct cy_mono careful; /* until then each input has a batch of its own */
	bool stale; /* the audit log and the streams here are of a batch that failed, and could not be loaded again */
	struct cy_mono planned; /* the wake-up that was asked for */
	bool stopping;
	char store_fault[160]; /* "" while the store works */
	char damaged[4096];    /* what was found damaged in it since the start, as a sentence; "": nothing */

	uint64_t batch_number;
	struct input *replay, **last_replay; /* inputs of batches that failed */
	size_t n_replay;

	/* What the other sub-rooms keep, each for itself. */
	struct cases_state *cases;
	struct kept_state *kept; /* cases/kept.c */
	struct evidence_state *evidence;
	struct exchange_state *exchange; /* peers/ */
	struct local_state *local;       /* clients/ */
};

/* ------------------------------------------------------------- the journal */
void node_note(struct node *n, enum node_level level, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void node_log(struct node *n, enum node_level level, enum node_event event, const char *peer, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));
/* Something in the store is damaged: an alarm, and the state of the store in the status; whatever does not need it
 * goes on. */
void node_damaged(struct node *n, const char *peer, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* Is what is about to be given out what was signed: a message by its digest, a manifest by its own, a receipt by
 * the manifest that it names? Returns CY_OK, or CY_EDAMAGED, which is told. */
int sound_message(struct node *n, const struct store_message *row);
int sound_parcel(struct node *n, const struct store_parcel *row);

/* --------------------------------------------------------------- messages */
/* Where a message is, without its content. */
struct message_state {
	char peer[CY_AUTHORITY_MAX + 1], case_id[CY_UUID_LEN + 1];
	enum store_author author;
	uint32_t kind, number;
	struct cy_digest digest;
	enum store_transport transport;
	CyRejectionCode void_code;
	char void_reason[CY_REASON_MAX + 1];
	uint64_t epoch, sequence;
	uint32_t index;
};
/* Returns CY_OK with the message as this batch leaves it so far; CY_ENOENT if there is none; or another error if the
 * store cannot read it. */
int message_state(struct node *n, const char *id, struct message_state *ret);
/* Writes what changes of a message after it was stored: transport, what it is void for, and its place in a parcel. */
struct store_write *message_mark(struct node *n, const char *id, const struct message_state *m);

/* -------------------------------------------------------------------- time */
/* Returns the time of the wall clock. */
struct cy_wall node_now(const struct node *n);
/* Returns what is signed as the time of what happens now: while the wall clock is doubted, what it would say had it
 * gone on, and not before what was recorded. */
struct cy_wall node_legal_now(struct node *n);
/* Compares wall time with what was recorded, and with monotonic time since the start. False: the reason is in `text`.
 */
bool node_clock_trusted(struct node *n, char *text, size_t size);
/* The same for a reading of it that was taken a moment ago. */
bool node_clock_fits(struct node *n, struct cy_wall wall, char *text, size_t size);

/* ------------------------------------------------------------------- peers */
/* Reads the peer's stream from the store. Returns CY_OK also where there is none yet. */
int node_load_peer(struct node *n, struct peer *p, struct cy_error *e);
/* Returns the peer of this id, or NULL if none is configured. */
struct peer *node_peer(struct node *n, const char *id);
/* Returns CY_OK with the peer of this id and its stream from the store; a place is made where there is none. */
int node_make_peer(struct node *n, const char *id, struct peer **ret_peer, struct cy_error *e);
/* Returns also a former peer; NULL if its stream cannot be read. */
struct peer *node_peer_ever(struct node *n, const char *id);
/* Does or did a peer have this id? False: why not, for whoever asked. "" stands for all peers. */
#define NODE_NO_PEER (96 + CY_AUTHORITY_MAX + CY_GUESS_TEXT)
bool node_is_peer(struct node *n, const char *id, char ret_text[static NODE_NO_PEER]);
/* The same, and false is answered at once. */
bool node_names_peer(struct node *n, const struct conn *c, uint64_t correlation, const char *id);
/* Returns CY_OK, and n->peers has all of them from here on; or an error if some cannot be read. */
int node_peers_ever(struct node *n);
/* Returns the peer whose session this is, or NULL if it is over. */
struct peer *node_peer_of_session(struct node *n, uint64_t session);

/* ----------------------------------------------------------------- clients */
/* Returns the connection with this id, or NULL if it is gone. */
struct conn *node_conn(struct node *n, uint64_t id);
/* Returns what this client may see of other clients' cases. */
struct store_view local_view(const struct conn *c);
/* Is there a client that gets what peers open? It is told at the start, in the status and by health. */
bool node_is_read(const struct node *n);
void local_send(struct node *n, uint64_t conn, uint64_t correlation, CyServerFrame *frame);
/* The same with a descriptor, which is taken over. */
void local_send_file(struct node *n, uint64_t conn, const CyServerFrame *frame, int fd);
void local_error(struct node *n, uint64_t conn, uint64_t correlation, CyErrorCode code, const char *field,
		 const char *fmt, ...) __attribute__((format(printf, 6, 7)));
/* For a client that asked for something that the store could not read (`code` is below 0 and not CY_ENOENT): it is
 * damaged, or to be repeated later. */
CyErrorCode local_unread_code(int code);
const char *local_unread_text(int code);
void local_unreadable(struct node *n, const struct conn *c, uint64_t correlation, int code);

/* ------------------------------------------------------------------ inputs */
/* Returns an input, which node_queue() takes over; the driver then begins a batch for it. */
struct input *node_input_new(enum input_kind kind, uint64_t source);
void node_input_free(struct input *in);
void node_queue(struct node *n, struct input *in);
/* The batch keeps an input, until it is through, that says what has happened already. Returns whether it did. */
bool replay_keep(struct node *n, struct input *in);
/* The batch is through: contents have their rows, or are to be destroyed. */
void replay_committed(struct node *n);
/* The batch failed: what it kept has its turn again. */
void replay_failed(struct node *n);
/* Before all other inputs, once the store may be tried again. */
void replay_take(struct node *n);
/* Returns whether so many inputs wait for the store that no more evidence is taken or given. */
bool replay_full(const struct node *n);
void replay_free(struct input *first);

/* ----------------------------------------------------------------- signing */
/* Does the signed text verify and have the expected type and parties? Returns CY_OK with the text, which is the
 * caller's to free; CY_EDENIED if it has not those; CY_ESIGN if its signature does not verify. A session proof is
 * judged by our time, all else by when it was made. */
int node_check_text(struct node *n, const CySignedText *st, enum wire_text_type type, const char *from, const char *to,
		    struct wire_text **ret_text, struct cy_error *e);

/* -------------------------------------------------------- idempotency keys */
/* A key is kept by its digest in hexadecimal (store_key_digest), which travels in the message: so it is known again
 * after a restore. */
struct node_key {
	bool found;
	bool spent; /* so long ago that the answer is not kept any more */
	struct cy_digest request;
	char message_id[CY_UUID_LEN + 1];
};

/* Finds the key of this client, as the store has it and as this batch adds it. Returns CY_OK, or CY_ENOENT if there is
 * none, or another error if the store cannot read it. */
int keys_find(struct node *n, const char *client, const char *key, struct node_key *k);
/* The same by its digest alone. Returns CY_OK with what it was used for. */
int keys_known(struct node *n, const char *digest, struct cy_digest *ret_request,
	       char ret_message_id[static CY_UUID_LEN + 1]);
/* The key stands for this message from now on. */
void keys_put(struct node *n, const char *digest, const struct cy_digest *request, const char *message_id);

#endif
