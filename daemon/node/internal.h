/* What the files of this room share. Nobody else includes it. */
#ifndef CY_NODE_INTERNAL_H
#define CY_NODE_INTERNAL_H

#include "audit/log.h"
#include "base/guess.h"
#include "base/uuid.h"
#include "comity/v1/local.pb-c.h"
#include "comity/v1/peer.pb-c.h"
#include "exchange/rtt.h"
#include "exchange/stream.h"
#include "law/clock.h"
#include "law/fact.h"
#include "law/fold.h"
#include "law/ladder.h"
#include "law/treaty.h"
#include "node/clients/prune.h"
#include "node/core/signing.h"
#include "node/core/waiting.h"
#include "node/driver/batch.h"
#include "node/evidence/orders.h"
#include "node/evidence/rest.h"
#include "node/node.h"
#include "node/peers/parcels.h"
#include "wire/manifest.h"

#define NODE_SESSION_INPUTS_MAX (CY_WINDOW_MAX + 16) /* frames of one session that wait for a batch */
#define NODE_CLIENT_INPUTS_MAX  64                   /* frames of one client that wait for a batch */
#define NODE_BATCH_MESSAGES     256                  /* after this many messages a batch takes no further input */
#define NODE_BATCH_BYTES        (4u * 1024u * 1024u) /* nor after this many bytes of answers */
#define NODE_EXPIRY_CHECK_MS    60000   /* how soon, and how often at most, undelivered messages are looked at */
#define NODE_SIGN_RETRY_MS      10000   /* after a failed signature */
#define NODE_STORE_RETRY_MS     2000    /* after a failed commit */
#define NODE_CAREFUL_MS         60000   /* after one that met damage: each input has a batch of its own */
#define NODE_CLOCK_JUMP_MS      3600000 /* beyond this the wall clock is not trusted */
#define NODE_CLOCK_AHEAD_MS     (7 * INT64_C(86400000)) /* so far ahead of what was recorded it is doubted at a start */
#define NODE_CATCH_UP_MAX       16                      /* cases of an older store that a batch brings up to date */
#define NODE_CLOCKS_DUE         64                      /* clocks that a batch decides about */
#define NODE_FOLLOW_UPS_MAX     64                      /* requests that are looked at as those that follow one case */
#define NODE_STATS_ROWS         1000                    /* measures that are counted in one turn of the loop */
#define NODE_HOOK_ID            224                     /* bytes of a step's id, with the NUL */
#define NODE_HOOKS_MAX          4                       /* commands that run at one time */
#define NODE_CONFIRM_MS         60000                   /* by which an operator's time may differ */
#define NODE_OVERDUE_MAX        16                      /* attachments that a batch destroys */
#define NODE_DAMAGED_AGAIN_MS   (10 * INT64_C(60000))   /* a time limit of a case that cannot be read is tried again */
#define NODE_EXPIRED_MAX        256                     /* undelivered messages that a batch gives up */
#define NODE_UNDESTROYED_MAX    256            /* contents that are passed over because the disk does not let them go */
#define NODE_REPLAY_MAX         1024           /* inputs of failed batches; then no more evidence goes in or out */
#define NODE_PUSH_BYTES         (256u * 1024u) /* events in a client's queue */

/* A struct node_place that the node owns; "" where nothing is configured. */
struct site {
	char state[3], zone[65], calendar[65];
};

/* ------------------------------------------------------------------- peers */

/* What is to be fetched back from a peer: first the messages of ours in a case that it holds and we do
 * not; then, where it judges those that both hold otherwise, its verdict on each. */
struct node_fetch {
	struct node_fetch *next;
	char case_id[CY_UUID_LEN + 1];
	bool lost;             /* it holds messages above `after` */
	uint32_t after, yours; /* and is said to hold them up to `yours` */
	bool compares;         /* the digest of its verdicts is known */
	struct cy_digest verdicts;
	char message_id[CY_UUID_LEN + 1]; /* not "": the verdict on this one is asked for, and no more */
};

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

#define NODE_LANES 2 /* of enum wire_lane */

/* The session proof of a peer, as it came. */
struct node_proof {
	struct cy_buf text, signature;
};

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
	uint32_t hello_features; /* bits of enum node_feature that its Hello named; stream.features once its State came
				  */
	bool greeted;            /* the peer's State was good */
	struct node_proof proof[NODE_LANES]; /* of its present session, or of the last one */
	uint64_t proving[NODE_LANES];        /* ticket of a proof of ours for it that is being signed; 0: none */
	bool resent;                         /* all stored parcels that the peer lacks were sent again */
	bool waiting;                        /* there may be messages that wait for a parcel */
	struct waits_peer wait;
	bool batch_alone; /* what it sent failed a batch: its frames share none with others */
	size_t inputs;    /* frames that wait for a batch */
	struct xchg_sender sender;
	struct node_refusal refusal;
	uint32_t their_window;             /* as its Hello says */
	bool fetches_back;                 /* as its State says: it was restored */
	struct cy_mono no_parcel_before;   /* after a failed signature */
	struct node_fetch *fetches;        /* of one page of heads */
	char heads_after[CY_UUID_LEN + 1]; /* where the next page begins */
	bool heads_last;                   /* there is none */
	uint32_t heads_n;                  /* that have come, in all pages */
	struct cy_mono answer_by;          /* to what was asked last; CY_NEVER: nothing is asked */
	bool lacks;                        /* of what it holds of ours something cannot come back: it is damaged */

	/* The treaty profiles that its last State named. */
	struct cy_arena profiles_arena;
	struct node_profile {
		const char *instrument, *version;
		struct cy_digest digest;
		bool asked;
	} * profiles;
	size_t n_profiles;
	bool profiles_known;

	struct bulk *bulk; /* its bulk lane (evidence.h) */
	const struct node_rate *rates;
	size_t n_rates;
	uint64_t evidence_added, evidence_batch; /* bytes that a batch took on, and which batch */

	/* For status. */
	struct cy_wall since; /* connected or not connected */
	bool refused;         /* the last fault is about a certificate */
	bool skew_known;
	int64_t skew_ms;
	struct xchg_rtt rtt;
	uint8_t instances[4][16];  /* the latest first; all zero: none */
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
	/* The subscription; correlation 0: none. It is asked for in a batch, and begins
	 * once that is committed and answered. */
	uint64_t subscribing, subscription;
	uint64_t pushed; /* position sent last */
	char cursor[CY_KEY_MAX + 1];
	bool paused; /* nothing is read from it until its evidence is written */
	/* The attachment that it gets; correlation 0: none. */
	struct {
		uint64_t correlation, offset;
		char message_id[CY_UUID_LEN + 1];
		uint32_t attachment;
		struct blob_id id;
		uint64_t from; /* where it began */
		bool as_file;
		bool recorded; /* that it is read */
		bool own;      /* the attachment is of this authority */
		bool reading;  /* a chunk, or the descriptor, is on its way; or the record of it is */
	} get;
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

struct node {
	char authority[CY_AUTHORITY_MAX + 1];
	struct site place;
	struct node_config config;
	struct node_ports ports;
	/* Pointers to peers and indices stay good: a peer that is removed keeps its place. */
	struct peer **peers;
	size_t n_peers;
	struct cy_arena settings; /* holds what of the configuration is copied */
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

	struct greeting *greetings; /* connections that are not proven (greet.c) */
	struct input *inputs, **last_input;
	bool wants_batch, wants_plan; /* what the driver is to do next: see batch_go() */
	struct counting *counting;    /* statistics that were asked for, the first under way */
	struct batch batch;
	uint64_t last_ticket;
	struct cy_mono
		next_expiry; /* CY_NEVER: none of ours waited at the last check, and nothing was committed since */
	struct cy_wall next_clock;                /* when something is to be decided about a clock; 0: nothing */
	bool clocks_changed;                      /* since that was read */
	bool catching_up;                         /* cases of an older store may be left (catch_up.c) */
	struct case_name caught_up;               /* the last of them that had its turn */
	char hooks[NODE_HOOKS_MAX][NODE_HOOK_ID]; /* that run; "" : none */
	struct cy_mono retry;                     /* after a failed commit */
	struct cy_mono careful;                   /* until then each input has a batch of its own */
	bool stale; /* the audit log and the streams here are of a batch that failed, and could not be loaded again */
	struct cy_mono planned; /* the wake-up that was asked for */
	struct node_pruning pruning;
	struct {
		struct cy_mono next; /* when messages that no client has fetched are looked at; CY_NEVER: none was
				      * there, and nothing was committed since */
		struct cy_wall told; /* the last one that was told, by when it came */
		char told_id[CY_UUID_LEN + 1];
	} unread;
	bool stopping;
	char store_fault[160]; /* "" while the store works */
	char damaged[4096];    /* what was found damaged in it since the start, as a sentence; "": nothing */

	/* Evidence (evidence.h). */
	struct blob_ticket *blob_tickets;
	uint64_t last_blob_ticket;
	uint32_t last_upload;
	struct upload *uploads;
	size_t n_uploads;
	uint64_t batch_number;
	struct input *replay, **last_replay; /* inputs of batches that failed */
	size_t n_replay;
	size_t contents_finishing; /* contents that are looked for, get their name, or whose rows are not committed */
	bool blobs_full;           /* append() or read() had no place: who waits has its turn in node_blob_ready() */
	size_t blobs_turn, blobs_kind; /* which peer, and which kind of work, has the first choice */
	bool destroying;               /* a content is being destroyed */
	bool contents_to_destroy;      /* contents wait to be destroyed */
	struct cy_digest
		undestroyed[NODE_UNDESTROYED_MAX]; /* those that could not be, until the next look at what is over */
	size_t n_undestroyed;
	struct node_recheck recheck;
	struct node_rest rest;
	struct cy_mono next_evidence;  /* the next look at what is over */
	struct cy_mono next_statement; /* CY_NEVER: nothing is unstated */
};

/* -------------------------------------------------------------- node.c */
int node_load(struct node *n, struct cy_error *e);
/* After a failed batch, of which what is in memory of the store's own values (the audit log, the streams) is. Until
 * they can be read, n->stale: nothing may be built upon them. */
void node_load_again(struct node *n);
/* What is over is looked for by peer, also of one that was removed. */
void node_find_former_peers(struct node *n);
void node_note(struct node *n, enum node_level level, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void node_log(struct node *n, enum node_level level, enum node_event event, const char *peer, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));
/* Something in the store is damaged: an alarm, and the state of the store in the status; whatever does not need it
 * goes on. */
void node_damaged(struct node *n, const char *peer, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
struct cy_wall node_now(const struct node *n);
/* What is signed as the time of what happens now: while the wall clock is doubted, what
 * it would say had it gone on, and not before what was recorded. */
struct cy_wall node_legal_now(struct node *n);
struct peer *node_peer(struct node *n, const char *id); /* NULL if not configured */
/* The one of this id, with its stream from the store; a place is made where there is none. */
int node_make_peer(struct node *n, const char *id, struct peer **ret_peer, struct cy_error *e);
struct peer *node_peer_ever(struct node *n, const char *id); /* also a former one; NULL: cannot be read */
/* Does or did a peer have this id? false: why not, for whoever asked. "" is of all. */
#define NODE_NO_PEER (96 + CY_AUTHORITY_MAX + CY_GUESS_TEXT)
bool node_is_peer(struct node *n, const char *id, char ret_text[static NODE_NO_PEER]);
/* The same, and false is answered at once. */
bool node_names_peer(struct node *n, const struct conn *c, uint64_t correlation, const char *id);
int node_peers_ever(struct node *n); /* n->peers has all of them from here on; an error: some cannot be read */
struct peer *node_peer_of_session(struct node *n, uint64_t session); /* NULL if gone */
struct conn *node_conn(struct node *n, uint64_t id);                 /* NULL if gone */
void node_queue(struct node *n, struct input *in);                   /* the driver begins a batch for it */
struct input *node_input_new(enum input_kind kind, uint64_t source);
void node_input_free(struct input *in);
/* Wall time against what was recorded, and against monotonic time since the
 * start. False: the reason is in `text`. */
bool node_clock_trusted(struct node *n, char *text, size_t size);
/* The same for a reading of it that was taken a moment ago. */
bool node_clock_fits(struct node *n, struct cy_wall wall, char *text, size_t size);
/* Tell of a clock that jumped, or is right again. */
void node_watch_clock(struct node *n);
/* An operator has said that the wall clock is right as it is, and the store says so since this batch. */
void node_clock_confirmed(struct node *n, const char *client);
/* Does the signed text verify and have the expected type and parties? CY_EDENIED: not those;
 * CY_ESIGN: the signature. A session proof is judged by our time, all else by when it was
 * made. *ret_text is the caller's to free. */
int node_check_text(struct node *n, const CySignedText *st, enum wire_text_type type, const char *from, const char *to,
		    struct wire_text **ret_text, struct cy_error *e);

const char *node_goodbye_name(CyGoodbyeCode code); /* never freed */

/* -------------------------------------------------------------- configure.c */
int node_load_peer(struct node *n, struct peer *p, struct cy_error *e); /* its stream, from the store */
void node_peer_free(struct peer *p);
/* Is there a client that gets what peers open? It is told at the start, in the status and by health. */
bool node_is_read(const struct node *n);
void node_clients_free(struct node_client_config *clients, size_t n);

/* -------------------------------------------------------------- unread.c */
/* Those that no client has fetched, for the status; with the references of the cases that this view sees. An error:
 * the store cannot read. */
int unread_count(struct node *n, struct store_view view, struct cy_arena *a, CyStatus *ret_status);
/* What was committed may be one more. */
void unread_committed(struct node *n);
bool unread_is(const struct store_message *row);
/* A client hands in something in this case: whoever answers has read what was there. `ret_text` tells the client what
 * of it no client had fetched; or is empty. */
int unread_answered(struct node *n, const struct work_case *c, char *ret_text, size_t size);
/* How many each of these cases has, which are in order of their ids, then peers. */
int unread_mark(struct node *n, CyCaseSummary **cases, size_t n_cases);
/* Tell of those that are here for longer than unread_after, each once; and when to look again. */
void unread_look(struct node *n);
struct cy_mono unread_next(const struct node *n);

/* -------------------------------------------------------------- treaty.c */
/* The two states, and the local day of the requesting one, for what its authority
 * said at `made`. `requesting`: our side. */
struct law_between treaty_between(struct node *n, const struct peer *p, CySide side, struct cy_wall made);
/* What the contents of a case say that its facts do not: for a submitter. */
struct treaty_view {
	uint8_t types[CY_MEASURES_MAX]; /* of the measures */
	CyFault **faults;               /* of what the other side opened it with; that a message is damaged */
	size_t n_faults;
	CyReviewView **reviews; /* of both sides */
	size_t n_reviews;
	bool more_faults, more_reviews;
};
/* In the arena; the messages are all those of the case. */
int treaty_look(struct node *n, struct cy_arena *a, const CyCaseSummary *c, CyMessageSummary *const *messages,
		size_t n_messages, struct treaty_view *ret);
/* The faults as they are sent, in the arena; the texts are those of `faults`. */
CyFault **treaty_faults(struct cy_arena *a, const struct law_faults *faults);

/* -------------------------------------------------------------- cases.c */
/* The case in the working set; NULL if there is none. *ret_code tells apart CY_ENOENT, a store
 * that cannot read now, and CY_EDAMAGED, which is told. */
struct work_case *cases_get(struct node *n, const char *peer, const char *case_id, int *ret_code);
/* The same for what needs the case only to say of whom an event is: one that is damaged has a stand-in, which is
 * nobody's, in no state, without facts and in no working set. */
struct work_case *cases_or_stand_in(struct node *n, const char *peer, const char *case_id, int *ret_code);
/* store.find_case() by this id or reference, in whichever of Unicode's normal forms it is stored. */
int cases_look_up(struct node *n, struct store_view view, const char *ref, store_case_fn *fn, void *arg);
/* How many cases, as this view sees them, have this id or reference; with one, which. */
int cases_name(struct node *n, struct store_view view, const char *ref, struct case_name *ret);
/* Another case than `except`, of this peer ("": any), that has this reference of ours, as this view sees them and
 * this batch leaves them; CY_ENOENT: none. */
int cases_reference(struct node *n, struct store_view view, const char *reference, const char *peer, const char *except,
		    struct case_name *ret);
struct work_case *cases_find(struct node *n, const char *client, const char *ref, int *ret_code, size_t *ret_matches);
struct work_case *cases_new(struct node *n, const char *peer, const char *case_id, CySide side);
/* What its opening message says that clocks depend on. */
void cases_pin(struct node *n, struct work_case *c, const struct law_terms *t);
/* Add a fact, fold, and write the case row. */
void cases_add(struct node *n, struct work_case *c, const struct law_fact *fact);
/* A message of the case became void, or is not void after all: fold again. */
void cases_void(struct node *n, struct work_case *c, CySide author, uint32_t number, bool voided);
void cases_put(struct node *n, struct work_case *c);
/* Something may be here again that was ordered to be erased. */
void cases_erase_soon(struct node *n);
/* How the case stands, in a word for people: until our request, or what we notify, has a receipt, that. */
const char *cases_word(const struct store_case *row);
/* Something of a case is damaged in the store, as "the title of" it or "the key of" it, under which no content
 * can be stored any more; "": the case itself (node_damaged()). */
void cases_damaged(struct node *n, const char *peer, const char *case_id, const char *what);
CySide cases_other(CySide side);

struct event_of {
	CyEventType type;
	const char *message_id;
	uint32_t kind, number;
	CyRejectionCode code;
	const char *text;
};
void cases_event(struct node *n, const struct work_case *c, const struct event_of *e);

/* -------------------------------------------------------------- session.c */
/* The peer is proven: its session begins, and takes the place of the one before. */
void session_proven(struct node *n, struct peer *p, uint64_t session, const CyHello *h);
void session_up(struct node *n, struct peer *p);
void session_compose_state(struct node *n, struct signing_request *w);
void session_state(struct node *n, struct peer *p, const CyState *st, const struct wire_text *head);
/* Say goodbye, and end the session: outside a batch, when nothing of what the peer sent was kept; `more` is said in the
 * place of the words, NULL: there is no more to say. */
void session_refuse(struct node *n, struct peer *p, enum node_level level, enum node_goodbye bye, const char *more);
void session_dismiss(struct node *n, struct peer *p, enum node_goodbye bye);
/* The same with the effects of the batch. */
void session_goodbye(struct node *n, struct peer *p, enum node_goodbye bye);

/* -------------------------------------------------------------- greet.c */
/* A connection that TLS takes for this peer's. */
void greet_begin(struct node *n, struct peer *p, uint64_t session, enum wire_lane lane,
		 const struct link_connection *on);
/* False: no greeting is under way on this session; that of greet_signed(): the ticket is none of theirs. */
bool greet_frame(struct node *n, uint64_t session, struct cy_bytes bytes);
bool greet_signed(struct node *n, uint64_t ticket, int code, struct cy_bytes signature);
void greet_over(struct node *n, uint64_t session, const char *why); /* the connection has ended, if it is one */
void node_proof_free(struct node_proof *p);
/* Close the connections of this peer that are not proven; NULL: of all. */
void greet_dismiss(struct node *n, const struct peer *p, enum node_goodbye bye);
void greet_free(struct node *n);
/* The features that a Hello names, as bits of enum node_feature. */
uint32_t greet_features(const CyHello *h);

/* -------------------------------------------------------------- profiles.c */
/* Those in use, for our State; in the batch's arena. */
CyProfileDigest **profiles_list(struct node *n, size_t *ret_n);
/* What the peer's State names: ask for the text of what differs. */
void profiles_named(struct node *n, struct peer *p, const CyState *st);
void profiles_asked(struct node *n, struct peer *p, const CyProfileRequest *r);
void profiles_told(struct node *n, struct peer *p, const CyProfile *f);
uint32_t profiles_different(const struct node *n, const struct peer *p);
void profiles_compare(struct node *n, struct conn *c, uint64_t correlation, const CyCompareProfiles *r);

/* ----------------------------------------------------------------- made.c */
/* What is odd about the time that the peer signed, told to the operator as well; NULL:
 * nothing. In the batch's arena. To be asked before the parcel, the next one of its
 * stream, is written; of a receipt, with the `made` of our parcel that it answers. */
const char *made_parcel(struct node *n, const struct peer *p, const struct wire_text *t);
/* What is odd about the instant at which a message of the peer says that it was written, beside the `made` of its
 * parcel and what its author had seen; NULL: nothing. People are told; in the batch's arena. */
const char *made_dated(struct node *n, const struct peer *p, const CyMessage *m, const struct work_case *c,
		       struct cy_wall made);
const char *made_receipt(struct node *n, const struct peer *p, const struct wire_text *t, struct cy_wall parcel);
/* The same of a message that is here, for those who look at its case: the sentence, or false. */
struct made_date {
	int64_t created_ms;
	uint32_t seen; /* what its author had seen of ours */
	struct cy_wall made;
	const struct law_fact *facts; /* of the case */
	size_t n;
	CySide own; /* our side of it */
};
bool made_doubts(const struct made_date *d, char text[static CY_REASON_MAX + 1]);

/* -------------------------------------------------------------- replies.c */
void local_send(struct node *n, uint64_t conn, uint64_t correlation, CyServerFrame *frame);
void local_error(struct node *n, uint64_t conn, uint64_t correlation, CyErrorCode code, const char *field,
		 const char *fmt, ...) __attribute__((format(printf, 6, 7)));

/* For whoever asked for something that the store could not read (`code` is below 0 and not CY_ENOENT): damaged, or to
 * be repeated later. */
CyErrorCode local_unread_code(int code);
const char *local_unread_text(int code);
void local_unreadable(struct node *n, const struct conn *c, uint64_t correlation, int code);

/* With a descriptor, which is taken over. */
void local_send_file(struct node *n, uint64_t conn, const CyServerFrame *frame, int fd);
/* -------------------------------------------------------------- local.c */
/* Whom it may be from now on; the list is copied. */
void local_may_be(struct conn *c, const size_t *allowed, size_t n_allowed);
void local_conn_free(struct conn *c);
/* As the functions of node.h; local_frame() also of what a client has asked before. */
void local_up(struct node *n, uint64_t conn, const size_t *allowed, size_t n_allowed);
void local_down(struct node *n, uint64_t conn);
void local_drained(struct node *n, uint64_t conn);
void local_frame(struct node *n, uint64_t conn, struct cy_bytes frame, int fd);
struct store_view local_view(const struct conn *c);

/* -------------------------------------------------------------- compose.c */
struct compose_input {
	const CyContent *content;
	CyPriority priority;
	const char *own_reference;             /* "" : that of the case */
	const char *client;                    /* "" : the daemon itself */
	const struct cy_digest *key, *request; /* of a submission; NULL: none */
};
struct composed {
	char id[CY_UUID_LEN + 1];
	uint32_t number, kind;
	struct cy_digest digest;
};
struct cy_uuid compose_new_id(struct node *n);
/* CY_EDAMAGED: its key is; CY_ELIMIT: too long; CY_ESTATE: the life cycle does not allow it; CY_EAGAIN: the case
 * is full. Then nothing was written. */
int compose_message(struct node *n, struct work_case *c, const struct compose_input *s, struct composed *ret,
		    struct cy_error *e);

/* -------------------------------------------------------------- replay.c */
/* The batch keeps an input, until it is through, that says what has happened already; false: it is none. */
bool replay_keep(struct node *n, struct input *in);
/* The batch is through: contents have their rows, or are to be destroyed. */
void replay_committed(struct node *n);
/* The batch failed: what it kept has its turn again. */
void replay_failed(struct node *n);
/* Before all other inputs, once the store may be tried again. */
void replay_take(struct node *n);
bool replay_full(const struct node *n);
void replay_free(struct input *first);

/* -------------------------------------------------------------- evidence.c */
/* The attachments of an accepted message, of ours or the peer's. `client`: who handed it in; "": it is not known. */
void evidence_attached(struct node *n, struct work_case *c, enum store_author author, const char *message_id,
		       uint32_t number, CyPriority priority, const CyContent *content, const char *client);
/* What is new of a message of ours, for what it came with. */
enum evidence_news {
	EVIDENCE_REJECTED, /* the peer has rejected it: nothing of it is fetched */
	EVIDENCE_REVIVED,  /* that does not count any more */
	EVIDENCE_LOST /* the peer had accepted it and holds it no more, as one that was restored from a backup: all of
		       * it is to be fetched once more */
};
int evidence_receipted(struct node *n, const char *peer, const char *case_id, const char *message_id,
		       enum evidence_news news);
/* The peer sends a message once more that is held: what became of its evidence is stated anew, as that may be lost. */
int evidence_said_again(struct node *n, const char *peer, const char *case_id, const char *message_id);
/* What stands against this content of ours: a legal hold, or what it calls verified never arrived. "": nothing. */
int evidence_objection(struct node *n, struct work_case *c, const CyContent *content, char *text, size_t size);
/* What an accepted message says about attachments of the other side; also one of our own that comes back. */
int evidence_heard(struct node *n, struct work_case *c, enum store_author author, const char *message_id,
		   const CyContent *content);
/* May this client say so? Faults are added; below 0 the store cannot read. */
int evidence_check(struct node *n, const struct conn *c, const CyContent *content, struct law_faults *f);
void evidence_arrived(struct node *n, struct input *in);
void evidence_read(struct node *n, struct input *in);
void evidence_destroyed(struct node *n, struct input *in);
void evidence_hold(struct node *n, struct conn *c, uint64_t correlation, const CyHoldEvidence *r);
void evidence_fetch(struct node *n, struct conn *c, uint64_t correlation, const CyFetchEvidence *r);
/* Quotas, or what they count, may allow more now. */
void evidence_recheck(struct node *n);
/* What could not be stated to a peer until now can be once this batch is committed. */
void evidence_state_all(struct node *n);
/* At the end of a batch: what is over, and what is to be stated. */
void evidence_step(struct node *n);
void evidence_start(struct node *n);
void evidence_released(struct node *n); /* the contents of the batch have their rows */
void evidence_failed(struct node *n);
struct cy_mono evidence_next(const struct node *n); /* of what the step does; CY_NEVER without evidence files */
/* -------------------------------------------------------------- erase.c */
/* An administrator orders that the content of a case is erased. */
void erase_case(struct node *n, struct conn *c, uint64_t correlation, const CyEraseCase *r);
/* This one alone, with all that holds something of it. */
void erase_message(struct node *n, const struct store_message *row, struct cy_wall at, enum store_erasure why);
/* The content of a rejected message of this peer goes: others of it may be kept again. */
void erase_makes_room(struct node *n, struct peer *p, const struct store_message *row);
/* At the end of a batch: erase again what a restored backup, or a peer, has brought back. */
void erase_step(struct node *n);
/* A batch failed, and with it what it may have erased: that is looked at again, but does not fail each batch from now
 * on. */
void erase_failed(struct node *n);
struct cy_mono erase_next(const struct node *n); /* when the step looks again */
/* -------------------------------------------------------------- submit.c */
void submit_step(struct node *n, struct conn *c, uint64_t correlation, const CySubmit *s);

/* -------------------------------------------------------------- subscribe.c */
void subscribe_start(struct node *n, struct conn *c, uint64_t correlation, const CySubscribe *s);
void subscribe_acknowledge(struct node *n, struct conn *c, uint64_t correlation, const CyAcknowledgeEvents *a);
void subscribe_cursors(struct node *n, struct conn *c, uint64_t correlation, const CyListCursors *r);
void subscribe_remove(struct node *n, struct conn *c, uint64_t correlation, const CyRemoveCursor *r);
void subscribe_read(struct node *n, struct conn *c, uint64_t correlation, const CyReadEvents *r);
void subscribe_begin(struct node *n, uint64_t conn, bool committed);
void subscribe_push(struct node *n, struct conn *c);
void subscribe_retrieved(struct node *n, const char *id); /* a message of the peer was shown */
void subscribe_answered(struct node *n, const char *id);  /* something was handed in behind it */

/* -------------------------------------------------------------- views.c */
const char *views_transport(enum store_transport t); /* as clients read it */
/* The one case that this client means by `ref`. CY_ENOENT: there is none, or several, and it was answered so. */
int views_named(struct node *n, struct conn *c, uint64_t correlation, const char *ref, struct case_name *ret);
void views_list(struct node *n, struct conn *c, uint64_t correlation, const CyListCases *r);
void views_case(struct node *n, struct conn *c, uint64_t correlation, const CyShowCase *r);
void views_message(struct node *n, struct conn *c, uint64_t correlation, const CyShowMessage *r);

/* -------------------------------------------------------------- status.c */
void views_status(struct node *n, struct conn *c, uint64_t correlation, const CyGetStatus *r);

#endif
