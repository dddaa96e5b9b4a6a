/* What the files of this sub-room share about the bulk lane: bulk.c has its sessions, bulk_pull.c what is fetched,
 * bulk_turn.c whose turn it is at the disk, bulk_skip.c what is left out for a while, and bulk_push.c what peers fetch.
 */
#ifndef CY_NODE_EVIDENCE_LANE_H
#define CY_NODE_EVIDENCE_LANE_H

#include "comity/v1/bulk.pb-c.h"
#include "exchange/transfer.h"
#include "node/evidence/tickets.h"
#include "wire/chunk.h"

#define BULK_OPEN_MAX     48u     /* chunks that all peers may send before more are stored */
#define BULK_SKIPPED_MAX  64u     /* attachments of a peer that are left out for a while */
#define BULK_PASSED_MAX   16u     /* more of them that are tried in that while */
#define BULK_RETRY_MS     30000   /* for so long, */
#define BULK_RETRY_MAX_MS 3600000 /* and longer each time that the sender has no such thing */
#define BULK_READS_MAX    3u      /* chunks of a peer that are read ahead */
#define BULK_PULLED_MAX   64u     /* pulls of a peer that are remembered */
#define BULK_DOUBTED_MAX  64u     /* contents that are verified because a peer doubts them */
#define BULK_IDLE_MS      60000   /* without anything to pull a session is closed */

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
	uint64_t ticket;           /* while OPENING or VERIFYING */
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

/* Say why, then close: the peer broke the protocol. `more` is said in the place of the words; NULL: there is no more.
 */
void bulk_goodbye(struct node *n, struct peer *p, enum node_goodbye bye, const char *more);
int bulk_send(struct node *n, struct peer *p, const CyBulkFrame *frame);

void bulk_plan_pulls(struct node *n, struct peer *p);
/* Credit for all peers that wait for some. */
void bulk_grant(struct node *n);
struct bulk_pull *bulk_pull_of(struct peer *p, const struct xchg_pull *x);
/* A chunk that has come goes to the disk, or waits for a place there. */
void bulk_store(struct node *n, struct peer *p, struct bulk_pull *pull, const struct wire_chunk *c,
		struct blob_bytes data);
/* What append() or read() has said passes through here; while n->evidence->blobs_full neither is asked. */
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
/* Is anything being fetched that this batch does not settle? */
bool bulk_fetching(const struct node *n);
/* The batch is through: its arrivals are settled; or it failed, and they have their turn again. */
void bulk_batch_ended(struct node *n, bool committed);
void bulk_pull_done(struct node *n, struct blob_ticket *t, struct blob_result *r);
/* What becomes of a pull whose content was found not to be here: after bulk_pull_done(), which has recorded the flaw.
 */
void bulk_pull_unproven(struct node *n, const struct blob_ticket *t, const struct blob_result *r);
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
/* The peer is told that it does not get what cannot be read: after bulk_push_done(), which has recorded why. */
void bulk_push_refuse(struct node *n, const struct blob_ticket *t, int code);

#endif
