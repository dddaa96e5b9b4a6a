/* What the files of this room share about evidence: evidence.c (attachments as rows, in
 * a batch), evidence_hear.c (what is said of them), evidence_say.c (statements, retention), evidence_orders.c (of local
 * clients), bulk.c, bulk_pull.c, bulk_turn.c, bulk_skip.c, bulk_push.c (the bulk lane), upload.c (from a local client),
 * download.c (to one), evidence_views.c, evidence_room.c (who has the disk). */
#ifndef CY_NODE_EVIDENCE_EVIDENCE_H
#define CY_NODE_EVIDENCE_EVIDENCE_H

#include "comity/v1/bulk.pb-c.h"
#include "exchange/transfer.h"
#include "node/internal.h"
#include "wire/chunk.h"

#define BULK_OPEN_MAX     48u                          /* chunks that all peers may send before more are stored */
#define BULK_SKIPPED_MAX  64u                          /* attachments of a peer that are left out for a while */
#define BULK_PASSED_MAX   16u                          /* more of them that are tried in that while */
#define BULK_RETRY_MS     30000                        /* for so long, */
#define BULK_RETRY_MAX_MS 3600000                      /* and longer each time that the sender has no such thing */
#define BULK_READS_MAX    3u                           /* chunks of a peer that are read ahead */
#define BULK_PULLED_MAX   64u                          /* pulls of a peer that are remembered */
#define BULK_DOUBTED_MAX  64u                          /* contents that are verified because a peer doubts them */
#define BULK_IDLE_MS      60000                        /* without anything to pull a session is closed */
#define UPLOADS_MAX       64u                          /* open uploads in memory; and one of each client */
#define UPLOADS_OF_CLIENT 16u                          /* of them of one client */
#define UPLOADS_LEFT_MAX  64u                          /* of one client, with which nobody goes on */
#define UPLOAD_WAITS_MAX  4u                           /* frames of a client that are not written yet */
#define UPLOAD_KEEP_MS    (INT64_C(30) * 24 * 3600000) /* content that nobody attaches */
#define EVIDENCE_CHECK_MS 3600000                      /* between two looks at what is over */
#define EVIDENCE_SAID_MAX 500u                         /* attachments in a statement */
#define EVIDENCE_STATE_MS 5000                         /* while others are fetched, a statement waits for them */
/* ------------------------------------------------------- tickets of the blobs port */

enum blob_task {
	BLOB_OPEN_PULL,
	BLOB_CHUNK_PULL,
	BLOB_FINISH_PULL,
	BLOB_DROP,
	BLOB_CHUNK_PUSH,
	BLOB_DOUBTED,
	BLOB_OPEN_UPLOAD,
	BLOB_DATA_UPLOAD,
	BLOB_COPY_UPLOAD,
	BLOB_FINISH_UPLOAD,
	BLOB_CHUNK_GET,
	BLOB_FILE_GET,
	BLOB_DESTROY,
	BLOB_VERIFY_PULL,
	BLOB_VERIFY_GET,
	BLOB_VERIFY_REST,
	BLOB_LIST
};

struct blob_ticket {
	struct blob_ticket *next;
	uint64_t id;
	enum blob_task task;
	struct peer *peer; /* of a pull or push */
	uint64_t session;
	size_t slot;                /* in the puller or pusher */
	uint32_t number;            /* of the pull */
	uint64_t conn, correlation; /* of a local client */
	struct cy_digest sha256;    /* what is destroyed, pushed, or verified */
	uint64_t size;              /* of what the round verifies */
};

/* Room for a ticket and its number; the port's function is called with it at once, and
 * blob_untake() takes it back when that failed. */
struct blob_ticket *blob_take(struct node *n, enum blob_task task);
void blob_untake(struct node *n, struct blob_ticket *t);

/* ------------------------------------------------------------------- rows */

/* A row as the store has it, or as this batch has changed it last; in the batch's arena. */
int evidence_get(struct node *n, const char *message_id, uint32_t attachment, struct store_evidence *ret);
void evidence_put(struct node *n, const struct store_evidence *row);
/* The attachments of this message have their rows now: what was said of them before, by us or the peer, holds. After
 * a restored backup a message may come back later than what speaks of it. */
int evidence_recall(struct node *n, struct work_case *c, enum store_author author, uint32_t number);
/* A link of the chain of custody. Each has a leaf of our log, which says all of it (audit/custody.h); a signed message
 * may prove it as well. */
struct evidence_link {
	const char *action; /* a constant */
	const char *by, *text;
	const char *proof; /* id of the message; "": none */
	struct cy_wall at;
	uint64_t from, to; /* bytes of a reading */
	bool counts;       /* further readings that are like it are counted in it */
};
void evidence_link(struct node *n, const struct store_evidence *row, const struct evidence_link *link);
/* One that is no reading. */
void evidence_custody(struct node *n, const struct store_evidence *row, const char *action, const char *by,
		      const char *text, const char *proof, struct cy_wall at);
/* The leaf alone. */
void evidence_leaf(struct node *n, const struct audit_custody *said);
void evidence_event(struct node *n, const struct work_case *c, const struct store_evidence *row, CyEventType type,
		    const char *why);
/* Its state is to be stated to the peer: soon, together with others, for each statement is a
 * message of the case. */
void evidence_state_later(struct node *n, struct store_evidence *row);
/* Its content is destroyed once the batch is committed, unless another row holds it. */
void evidence_discard(struct node *n, const struct store_evidence *row);
/* What a quota refuses, within `text` or constant; NULL: nothing. Then it may be taken on. */
const char *evidence_over_quota(struct node *n, struct work_case *c, const struct store_evidence *row, char *text,
				size_t size);
void evidence_take_on(struct node *n, struct work_case *c, const struct store_evidence *row);
/* Who has to do with a content. */
struct evidence_users {
	bool held; /* by a row, or a client's upload */
};
int evidence_users(struct node *n, const struct cy_digest *sha256, struct evidence_users *ret);
/* This attachment of ours is content that the client has handed over, or has attached before: that is a link of its
 * chain of custody, and the upload ends. */
void evidence_own(struct node *n, struct store_evidence *row, const char *client);
/* Whose a part is (blobs.h): of a peer ('p') or a local client ('u'). */
#define EVIDENCE_OWNER_MAX 18u
void evidence_owner(char kind, const char *name, char ret[static EVIDENCE_OWNER_MAX + 1]);
bool evidence_owns(const char *owner, const char *part);
/* The owners that there may be have changed: the disk is shared anew. */
void evidence_share(struct node *n);
/* What the parts of an owner have of the disk. */
struct evidence_parts {
	char owner[EVIDENCE_OWNER_MAX + 1];
	uint64_t held, reserved; /* bytes */
	int64_t since_ms;        /* UTC, of the oldest reservation; 0: there is none */
};
void evidence_of_peer(const struct node *n, const char *peer, struct evidence_parts *ret);
/* The part that it is pulled into. Each peer has its own: none profits from, learns of, or spoils what another one
 * has sent. Who lies about the size or root of a content has one of his own as well. */
void evidence_part(const char *peer, const struct blob_id *id, char ret[static BLOB_NAME_MAX + 1]);
/* What an interrupted pull has left of it is not needed any more. */
void evidence_drop_part(struct node *n, const char *peer, const struct blob_id *id);
/* The same content, which this peer itself has delivered with an earlier message; CY_ENOENT: none. What others have
 * delivered, and what we have sent, never counts: it would tell the peer that we hold it. */
struct evidence_before {
	char message_id[CY_UUID_LEN + 1];
	uint32_t attachment;
};
int evidence_delivered_before(struct node *n, const struct store_evidence *row, struct evidence_before *ret);
/* All its bytes are here and were hashed now. */
void evidence_here(struct node *n, struct store_evidence *row);
/* The same, as it came with that message; custody will name it. */
void evidence_here_by(struct node *n, struct work_case *c, struct store_evidence *row,
		      const struct evidence_before *before);
/* Destroy contents that wait for it, one after the other. */
void evidence_sweep(struct node *n);
void evidence_gone(struct node *n, const struct cy_digest *sha256, int code);

/* ------------------------------------------------------------- the bulk lane */

struct bulk_pull {
	bool used;
	enum {
		BULK_OPENING,
		BULK_PULLING,
		BULK_FINISHING,
		BULK_VERIFYING, /* what is here already */
		BULK_ARRIVED,   /* an input says so */
		BULK_COMMITTING /* which is in the batch */
	} phase;
	char message_id[CY_UUID_LEN + 1];
	uint32_t attachment;
	CyPriority priority;
	struct blob_id id;
	char part[BLOB_NAME_MAX + 1];
	bool again;                /* it is fetched even where the content is here */
	bool arrived_before;       /* it is fetched once more */
	bool ends;                 /* once the sender has destroyed it: it was never here, and has no legal hold */
	enum blob_outcome outcome; /* while VERIFYING: what it is then */
	uint64_t ticket;           /* while OPENING */
	struct xchg_pull *x;       /* while PULLING */
	bool asked;                /* the peer knows of it */
};

struct bulk_push {
	struct cy_digest sha256;
	uint64_t size;
};

/* The last pulls of the peer, also when all their chunks have left: it may say what was wrong with them. */
struct bulk_pulled {
	uint32_t number; /* 0: the place is free */
	struct cy_digest sha256;
};

/* Left out for a while, and why. */
struct bulk_skip {
	char message_id[CY_UUID_LEN + 1];
	uint32_t attachment;
	struct cy_mono until;
	unsigned times; /* that the sender said that it has no such thing */
	bool due;       /* it may be asked for again; the count is kept */
	char why[160];
};

/* A frame that came and that the blobs port had no room for. */
struct bulk_late {
	struct bulk_late *next;
	uint32_t number;
	uint64_t chunk;
	struct blob_bytes data;
	size_t n_path;
	struct cy_digest path[CY_CHUNK_PATH_MAX];
};

struct bulk {
	uint64_t session;   /* that is proven; 0: none */
	bool wanted;        /* told the link */
	bool look_for_work; /* what waits or is offered may have changed */
	struct xchg_puller puller;
	struct bulk_pull pulls[XCHG_PULLS];
	struct bulk_late *late, **last_late;
	struct xchg_pusher pusher;
	struct bulk_push pushes[XCHG_PULLS];
	struct bulk_pulled pulled[BULK_PULLED_MAX];
	size_t n_pulled;                            /* of this session; the next one's place, modulo */
	struct cy_digest doubted[BULK_DOUBTED_MAX]; /* what the peer has said not to be what it should; verified once */
	size_t n_doubted;
	struct xchg_pace pace;
	struct cy_mono paced;      /* when the next chunk may leave; CY_NEVER: nothing waits for that */
	size_t reading;            /* chunks that are being read for it */
	struct cy_mono idle_since; /* nothing is pulled either way; CY_NEVER: something is */
	struct bulk_skip skipped[BULK_SKIPPED_MAX];
	size_t n_skipped;
	/* Where there are more: by urgency, up to where they are passed over until all that is behind was tried. */
	struct {
		char message_id[CY_UUID_LEN + 1];
		uint32_t attachment;
	} passed[CY_PRIORITY__EMERGENCY + 1];
	size_t n_passed;              /* of them, since some were tried again */
	bool tried_all;               /* nothing is left behind them */
	bool all_skipped;             /* they are too many for now: nothing is begun */
	struct cy_mono skipped_until; /* then all of them are tried again */
};

/* The peer is proven on this lane: its session begins, and takes the place of the one before. */
void bulk_proven(struct node *n, struct peer *p, uint64_t session, const CyHello *h);
void bulk_close(struct node *n, struct peer *p, const char *why);
/* Say why, then close: the peer broke the protocol. `more` is said in the place of the words; NULL: there is no more.
 */
void bulk_goodbye(struct node *n, struct peer *p, enum node_goodbye bye, const char *more);
/* The same where nothing is wrong with the peer. */
void bulk_dismiss(struct node *n, struct peer *p, enum node_goodbye bye);
int bulk_send(struct node *n, struct peer *p, const CyBulkFrame *frame);
/* What is at hand is done: after a batch, a wake-up, a result. */
void bulk_work(struct node *n);
struct peer *bulk_peer_of(struct node *n, uint64_t session);              /* NULL if gone */
void bulk_frame(struct node *n, struct peer *p, struct blob_bytes frame); /* which is taken over */
void bulk_down(struct node *n, struct peer *p, const char *why);          /* the session has ended */
/* There is a place again for bytes to be read or written: who waits has a turn. */
void bulk_turns(struct node *n);
/* The next instant at which bulk_work() has something to do by itself. */
struct cy_mono bulk_next(const struct node *n);
void bulk_start(struct node *n);
void bulk_released(struct node *n);
void bulk_failed(struct node *n);
void bulk_free(struct peer *p);
/* What is to be pulled, or offered, may have changed. */
void bulk_look(struct node *n);

void bulk_plan_pulls(struct node *n, struct peer *p);
/* Credit for all peers that wait for some. */
void bulk_grant(struct node *n);
struct bulk_pull *bulk_pull_of(struct peer *p, const struct xchg_pull *x);
/* A chunk that has come goes to the disk, or waits for a place there. */
void bulk_store(struct node *n, struct peer *p, struct bulk_pull *pull, const struct wire_chunk *c,
		struct blob_bytes data);
/* What append() or read() has said passes through here; while n->blobs_full neither is asked. */
int blob_taken(struct node *n, int code);
void bulk_chunk(struct node *n, struct peer *p, const struct wire_chunk *c, struct blob_bytes frame);
void bulk_not_sent(struct node *n, struct peer *p, const CyNotSent *f);
/* Leave it out for a while; the others go on. `differs`: the sender has no such thing, and will hardly
 * have it soon. */
void bulk_leave_out(struct node *n, struct peer *p, const struct bulk_pull *pull, bool differs, const char *why);
/* This one, which waits, is tried now if it is left out; a sentence about what becomes of it. */
void bulk_hurry(struct node *n, const struct store_evidence *row, char *text, size_t size);
/* Some of what was left out may be tried again. */
void bulk_skips_due(struct node *n, struct peer *p);
/* An arrival is in the batch. */
void bulk_committing(struct node *n, const struct input *in);
/* Is anything being fetched that this batch does not settle? */
bool bulk_fetching(const struct node *n);
/* The batch is through: its arrivals are settled; or it failed, and they have their turn again. */
void bulk_batch_ended(struct node *n, bool committed);
void bulk_pull_done(struct node *n, struct blob_ticket *t, struct blob_result *r);
void bulk_forget_pulls(struct node *n, struct peer *p);
const struct bulk_skip *bulk_skipped(const struct peer *p, const char *message_id, uint32_t attachment);
const struct bulk_pull *bulk_pulling(const struct peer *p, const char *message_id, uint32_t attachment);

void bulk_asked(struct node *n, struct peer *p, const CyPull *f);
void bulk_credit(struct node *n, struct peer *p, const CyCredit *f);
void bulk_cancelled(struct node *n, struct peer *p, const CyCancel *f);
void bulk_push_chunks(struct node *n, struct peer *p);
/* The peer has broken the session off, and does not say which chunk was wrong: the versions before `cancel` had a code.
 */
void bulk_doubt_last(struct node *n, struct peer *p);
void bulk_doubt_over(struct node *n, struct blob_ticket *t, const struct blob_result *r);
void bulk_push_done(struct node *n, struct blob_ticket *t, struct blob_result *r);

/* --------------------------------------------------------------- local clients */

enum upload_state {
	UPLOAD_OPENING,
	UPLOAD_READY,
	UPLOAD_COPYING,
	UPLOAD_FINISHING
};

/* A frame of data that the blobs port had no room for. */
struct upload_late {
	struct upload_late *next;
	uint64_t correlation, offset;
	struct blob_bytes data;
};

struct upload {
	struct upload *next;
	uint32_t id;
	char client[CY_CLIENT_MAX + 1], key[CY_KEY_MAX + 1];
	char part[BLOB_NAME_MAX + 1];
	uint64_t conn;        /* who feeds it; 0: the client has gone */
	uint64_t correlation; /* of the frame that has opened it */
	enum upload_state state;
	uint64_t taken, stored, told; /* bytes: taken over, written, told as written */
	uint64_t size;                /* 0: not known */
	uint64_t stored_before; /* bytes that the client had handed over and not attached, when that was read last */
	uint64_t before;        /* bytes of all its other uploads: those, open ones and left ones */
	unsigned waits;         /* frames that are not written yet */
	struct upload_late *late, **last_late;
	struct {
		bool asked;
		uint64_t correlation, size;
		struct cy_digest sha256;
		bool stated;
	} finish;
};

void upload_begin(struct node *n, struct conn *c, uint64_t correlation, const CyOpenUpload *o);
void upload_data(struct node *n, struct conn *c, uint64_t correlation, CyUploadData *d); /* takes the bytes out */
void upload_file(struct node *n, struct conn *c, uint64_t correlation, const CyUploadFile *f, int fd);
void upload_finish(struct node *n, struct conn *c, uint64_t correlation, const CyFinishUpload *f);
void upload_done(struct node *n, struct blob_ticket *t, struct blob_result *r);
void upload_stored(struct node *n, struct input *in); /* in a batch */
void upload_retry(struct node *n);
/* As node_blob_left(): it is destroyed, unless somebody has it. */
void upload_leftover(struct node *n, const char *part, const struct cy_digest *sha256);
void upload_gone(struct node *n, uint64_t conn); /* the client has gone */
void upload_free(struct node *n);
/* Its part is thrown away, and with it this upload, if it is open (NULL: it is not). */
void upload_throw_away(struct node *n, struct upload *u, const char *part);
/* The part that it is put into. */
void upload_part(const char *client, const char *key, char ret[static BLOB_NAME_MAX + 1]);
/* Bytes that it may have in all, by the quota of its client and what else that has: `before`. */
uint64_t upload_quota(struct node *n, struct upload *u);
/* Uploads of the same client with which nobody goes on. */
size_t upload_left(const struct node *n, const struct upload *u);
void upload_list(struct node *n, struct conn *c, uint64_t correlation, const CyListUploads *r);
void upload_drop(struct node *n, struct conn *c, uint64_t correlation, const CyDropUpload *r); /* in a batch */

void download_get(struct node *n, struct conn *c, uint64_t correlation, const CyGetEvidence *r);
/* Why an attachment that no disk has spoilt cannot be had; NULL: it can. */
const char *download_not_here(const struct store_evidence *row);
/* That it is read is on record: the first byte may leave. */
void download_begin(struct node *n, uint64_t conn, uint64_t correlation);
/* It ends before that; what is said of it is the caller's. */
void download_forget(struct node *n, uint64_t conn, uint64_t correlation);
void download_gone(struct node *n, struct conn *c); /* the client has gone */
void download_done(struct node *n, struct blob_ticket *t, struct blob_result *r);
void download_go_on(struct node *n, struct conn *c);
void download_retry(struct node *n);

void evidence_views_list(struct node *n, struct conn *c, uint64_t correlation, const CyListEvidence *r);
void evidence_views_custody(struct node *n, struct conn *c, uint64_t correlation, const CyShowCustody *r);
/* Those of a case, in the arena; *ret_more: there are more than `most`. */
int evidence_views_case(struct node *n, struct cy_arena *a, const struct conn *c, const char *peer, const char *case_id,
			size_t most, CyEvidenceView ***ret_rows, size_t *ret_n, bool *ret_more);
/* May this client see the attachment? CY_OK with the row in the arena; CY_ENOENT. */
int evidence_visible(struct node *n, struct cy_arena *a, const struct conn *c, const CyEvidenceRef *item,
		     struct store_evidence *ret);
struct store_evidence evidence_copy(struct cy_arena *a, const struct store_evidence *row);

#endif
