/* The store port: what the node keeps, in terms of the domain, never of SQL.
 *
 * Reads answer at once from committed state. Writes are collected into a
 * write-set, which the store commits whole or not at all, on a thread of its
 * own; completion comes by an event. The node has one write-set in flight. */
#ifndef CY_PORT_STORE_H
#define CY_PORT_STORE_H

#include "audit/custody.h"
#include "base/arena.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/sha256.h"
#include "base/time.h"
#include "comity/v1/local.pb-c.h"
#include "law/stats.h"

/* ------------------------------------------------------------------- rows */

/* Which side of a link an item comes from. */
enum store_author {
	STORE_OWN,
	STORE_PEER
};

/* Transport of a message (domain, section 2). X(name, word) */
#define STORE_TRANSPORTS(X)           \
	X(QUEUED, "queued")           \
	X(TRANSMITTED, "transmitted") \
	X(RELAYED, "relayed")         \
	X(DELIVERED, "delivered")     \
	X(RETRIEVED, "retrieved")     \
	X(FAILED, "failed")

enum store_transport {
#define STORE_X(name, word) STORE_##name,
	STORE_TRANSPORTS(STORE_X)
#undef STORE_X
};

/* The node's own values: one row. */
struct store_meta {
	uint64_t epoch;           /* in which a new stream of ours begins; 0: a new store */
	uint64_t audit_size;      /* leaves */
	struct cy_bytes frontier; /* audit_log's frontier, opaque here */
	struct cy_wall wall_mark; /* highest wall time ever stored */
	bool restored;            /* from a backup, and not every peer has been met since (waiting.h) */
};

/* One peer's two streams. */
struct store_stream {
	const char *peer;
	uint64_t out_epoch;       /* of our stream */
	uint64_t out_sequence;    /* given last in it; 0: none */
	uint64_t receipted_epoch; /* the place that is receipted without gaps, of this or an */
	uint64_t out_receipted;   /* earlier epoch; 0: none in that one */
	/* The peer had lost, with a restore, what lies after this place of ours, and judges it anew: its
	 * receipts are asked for until they are here again. */
	bool asks;
	uint64_t asks_epoch, asks_sequence;
	/* The peer showed receipts of ours up to here, which we had lost with a restore, and that was dealt with: until
	 * it has sent again what they were for, they are no news. */
	uint64_t forgotten_epoch, forgotten_sequence;
	uint64_t in_epoch; /* of the peer's stream that we hold; 0: none */
	uint64_t in_held;  /* the receive mark: highest sequence held */
	bool reconciling;  /* restored: fetch back before anything is sent */
	struct cy_wall last_receipt;
	/* the peer's audit head seen last: proof of what it said */
	uint64_t head_size;
	struct cy_digest head_root;
	struct cy_bytes head_text, head_signature;
	uint32_t features; /* that its last State came with: bits of the node's enum; 0: none has come */
	uint64_t rejected; /* bytes of rejected messages of the peer that were ever kept */
};

/* What stands for the case of a peer's messages that belong to none. Its row is written before them, as that
 * of any case, and is found by its key alone: no list and no reference leads to it. */
#define STORE_UNFILED ""

static inline bool store_is_unfiled(const char *case_id)
{
	return case_id[0] == '\0';
}

/* One case with one peer. Key: (peer, case_id). */
struct store_case {
	const char *peer, *case_id;
	CySide side;                /* ours */
	const char *own_reference;  /* ours; "" until there is one */
	const char *peer_reference; /* theirs; "" until there is one */
	const char *client;         /* local client that opened it; "" for one that came in */
	const char *title;          /* stored encrypted; "" when not asked for */
	bool damaged;               /* the title was asked for and does not open; of get_case(): the case's key
				     * does not, so that no content can be stored in it */
	const char *instrument;     /* instrument id; may be "" */
	struct cy_wall opened, changed;
	const char *state; /* derived word */
	bool closed;
	uint32_t own_number, peer_number; /* highest number of each author, void ones included */
	uint32_t messages;
	struct cy_bytes terms; /* law_terms_encode of the opening message; empty: none */
	/* How far our message number 1 has come; RELAYED: there is none. Reads fill it, writes ignore it. */
	enum store_transport first;
	bool stale; /* written by an older version: terms, time limits and measures are yet to be computed */
	/* An order erased what people wrote in it until then: when, which client, and why. Reads
	 * fill them (0 and "": nobody did), STORE_PUT_CASE ignores them. */
	struct cy_wall erased;
	const char *erased_by, *erased_reason;
};

/* One clock of a case. Key: (peer, case_id, name, measure, notice); a new one gets an
 * id from the store. */
struct store_clock {
	uint64_t id;
	const char *peer, *case_id;
	const char *name;
	uint32_t measure, notice;
	bool ours;                                /* we owe it */
	int state;                                /* law_clock_state */
	struct cy_wall start, due, ended, lapsed; /* 0: none, not yet; ended with CEASED: it never was owed */
	struct cy_wall excused;                   /* law_clock.excused */
	uint32_t round;                           /* how often its due instant was moved */
	uint32_t rungs;                           /* of the ladder that are behind it in this round */
	bool breach;                              /* its lapse is a breach, not just the end of a time */
	struct cy_wall next;                      /* when something is to be decided about it; 0: nothing */
	/* What the obliged side stated last, and in which of its messages; 0: nothing. */
	struct cy_wall stated_start, stated_due;
	uint32_t start_by, due_by;
	const char *difference; /* between that and what we count, and its cause; "" */
	const char *how;        /* it was counted, a sentence a line */
	/* Of the case; reads fill them, writes ignore them. */
	CySide side;
	const char *own_reference, *peer_reference, *client;
	struct cy_bytes terms;
	/* How far our message has come that starts what the peer owes: what opens the case, or the notice. RELAYED:
	 * it is none of ours. */
	enum store_transport starter;
};

/* What became of one measure. Key: (peer, case_id, stat.measure). */
struct store_measure {
	const char *peer, *case_id;
	struct law_stat stat; /* reads fill `request`, `side` and the limits, writes ignore them */
};

/* Which measures, and a page of them. */
struct store_measure_query {
	/* After this one, in order of sending, then case, then measure; a time alone: those
	 * that were sent then or later. */
	struct {
		int64_t sent_ms;
		uint64_t request; /* law_stat */
		uint8_t measure;
	} after;
	struct cy_wall until;          /* sent before */
	uint32_t limit;                /* at most so many */
	const char *peer, *instrument; /* "" : all */
	uint8_t type;                  /* CyMeasureType; 0: all */
	struct cy_wall now;            /* for the limits: what is due before it is over */
};

/* Why the content of a message is not here any more. */
enum store_erasure {
	STORE_KEPT,
	STORE_ERASED_BY_ORDER,
	STORE_ERASED_BY_RETENTION,
	STORE_ERASED_BY_PEER /* the peer had erased its own copy: a tombstone came instead */
};

/* One message. Key: id; (peer, case_id, author, number) is unique too where
 * number > 0. A message that belongs to no case (it did not parse, or names an
 * unknown case) is STORE_UNFILED and has number 0. */
struct store_message {
	const char *id, *peer, *case_id;
	enum store_author author;
	uint32_t number, seen;
	uint32_t kind;
	CyPriority priority;
	struct cy_wall created;
	struct cy_digest digest;
	size_t size;
	enum store_transport transport;
	CyRejectionCode void_code; /* 0: not void */
	const char *void_reason;
	const char *client;       /* local client that submitted it; "" otherwise */
	uint64_t epoch, sequence; /* parcel it travelled in last; 0: none yet. QUEUED with one: it has left
				   * once, and does so again */
	uint32_t index;           /* place in that parcel */
	struct cy_bytes fact;     /* law_fact_encode; empty for one that did not parse */
	struct cy_bytes content;  /* signed bytes, stored encrypted under the key of its case; empty when
				   * not asked for or erased */
	bool damaged;             /* content was asked for and does not open */
	/* Of the peer, by people, and not rejected: when it came, to be fetched by a local client; 0: all others, and
	 * what came with an older version. */
	struct cy_wall unread;
	enum store_erasure erasure;
	struct cy_wall erased; /* when; by STORE_ERASED_BY_PEER: as the peer says */
	/* Under which its author's case system handed it in: it stays when the content is erased. Zeros: none, or it
	 * was stored by an older version. */
	struct cy_digest submission_key;
};

/* One parcel. Key: (peer, author, epoch, sequence). */
struct store_parcel {
	const char *peer;
	enum store_author author;
	uint64_t epoch, sequence;
	struct cy_bytes manifest, signature;
	struct cy_digest digest;                    /* of the manifest */
	struct cy_bytes receipt, receipt_signature; /* empty: not yet */
	struct cy_wall made;
	uint32_t messages;
	bool dissolved; /* ours: its messages travel in later ones; it is never sent again */
};

/* One event of the local log. Written with position 0; the store assigns
 * rising positions in the order of the write-set. */
struct store_event {
	uint64_t position;
	CyEventType type;
	struct cy_wall at;
	const char *peer, *case_id, *message_id;
	const char *client; /* of the case; "" for one that came in */
	const char *own_reference;
	uint32_t kind, number;
	CyRejectionCode code;
	const char *text;           /* reason, without personal data */
	const char *case_state;     /* afterwards */
	const char *peer_reference; /* of the case, as it is now; reads fill it, writes ignore it */
};

/* What stands for the client of an idempotency key that is known by its digest alone: `key` is then
 * store_key_digest() in hexadecimal. So is every key that is given now, which travels in its message and comes
 * back with it after a restore, and every spent one; older versions stored them by client and key. */
#define STORE_BY_DIGEST ""

/* An idempotency key and what was answered. Key: (client, key). */
struct store_key {
	const char *client, *key;
	struct cy_digest request; /* of the serialised Submission */
	const char *message_id;
	struct cy_wall at; /* when it was written */
	bool spent;        /* it was used, and nothing else is kept: `request`, `message_id` and `at` are empty */
};

/* SHA-256 of the client's name, a NUL, and its key. */
struct cy_digest store_key_digest(const char *client, const char *key);

/* Up to where a client has dealt with events. Key: (client, name). */
struct store_cursor {
	const char *client, *name;
	uint64_t position;
};

/* What became of an attachment. X(name, word) */
#define STORE_EVIDENCE_STATES(X)                                                            \
	X(OFFERED, "offered")       /* ours: the peer may pull it */                        \
	X(WAITING, "waiting")       /* theirs: to be pulled */                              \
	X(HERE, "here")             /* it arrived: theirs is here, ours is there as well */ \
	X(HELD_BACK, "held_back")   /* not pulled, by a quota of the receiver */            \
	X(MISMATCHED, "mismatched") /* what came was not what its manifest says */          \
	X(DESTROYED, "destroyed")   /* at the receiver */

enum store_evidence_state {
#define STORE_X(name, word) STORE_EVIDENCE_##name,
	STORE_EVIDENCE_STATES(STORE_X)
#undef STORE_X
};

/* What is wrong with the bytes that should be on our disk. */
enum store_flaw {
	STORE_SOUND,
	STORE_SPOILT, /* the disk has changed them, or cut them off */
	STORE_MISSING /* there is no such file any more */
};

/* An attachment whose bytes travel on the bulk lane. Key: (message_id, attachment). */
struct store_evidence {
	const char *message_id;
	uint32_t attachment; /* from 1 */
	const char *peer, *case_id;
	enum store_author author;
	uint32_t number; /* of the message */
	CyPriority priority;
	uint64_t size;
	struct cy_digest sha256, root;
	bool send_always; /* fetched also where the same content is here: its author wants so, or ours was spoilt */
	enum store_evidence_state state;
	const char *reason;          /* why it is held back or mismatched, with which message it came; "" */
	CyEvidenceState verdict;     /* of the receiving case system; 0: none yet */
	struct cy_wall arrived;      /* at the receiver, for the first time; 0: not yet */
	struct cy_wall retain_until; /* the receiver may keep it until this instant; 0: for ever. Only for theirs */
	bool hold;                   /* a legal hold */
	bool retrieved;              /* theirs: a local client has got all of it */
	bool unstated;               /* theirs: its state is yet to be stated to the peer */
	struct cy_wall settled; /* ours: when we heard that the receiver verified or destroyed its own; 0: not yet */
	bool deleted;           /* ours: our copy is not kept any more */
	/* When all bytes on our disk were last hashed and were those of the manifest; 0: they are to be verified. */
	struct cy_wall verified;
	/* What was found instead since: they are neither given out nor sent. Theirs are WAITING to be fetched again. */
	enum store_flaw flaw;
};

/* Content that a client has handed over and may attach. Key: (client, sha256). */
struct store_upload {
	const char *client;
	struct cy_digest sha256, root;
	uint64_t size;
	struct cy_wall at;
};

/* Content on our disk that nothing in the store holds. Key: sha256. */
struct store_leftover {
	struct cy_digest sha256, root; /* root and size: zero where only the name is known */
	uint64_t size;
	/* A stray: when it was found on the disk, where nothing in the store knew it. 0: the last that held it has
	 * let it go, and it is doomed, to be destroyed at once. The row stays until that is done. */
	struct cy_wall found;
};

/* A link of the chain of custody that this daemon saw itself; several for one attachment, in the order of writing. */
struct store_custody {
	const char *message_id;
	uint32_t attachment;
	struct cy_wall at;
	const char *action; /* as in CustodyEntry */
	const char *by;     /* authority or client; nobody's name */
	const char *text;   /* ""; stored encrypted under the key of the case; "" when that was erased or is damaged */
	const char *salt;   /* of `words`, stored and erased with the text; "": there is no text */
	struct cy_digest words;       /* of salt and text (audit/custody.h); it stays. Zero: there was no text */
	const char *proof;            /* id of the signed message that proves it; "": our leaf alone */
	uint64_t leaf;                /* of our audit log, from 0 */
	enum audit_custody_form form; /* of the leaf. FIRST: with a proof there is none */
	uint64_t from, to;            /* bytes of a reading; 0: from the first one; no end is known */
	/* Readings that are like the first one are counted in its link (STORE_COUNT_CUSTODY); 0: this is none. */
	uint64_t count;
	struct cy_wall last; /* the last one of them */
	/* Reads fill these, writes ignore them: */
	uint64_t no;           /* its place in the order of writing, from 1 */
	struct cy_digest hash; /* of the leaf, as the log has it; zero: it has none */
};

/* What the leaf of a link about this content says. */
struct audit_custody store_custody_said(const struct store_custody *row, const struct cy_digest *sha256);
/* Is the row what its leaf says, and the text what its digest says? True for one without a leaf. */
bool store_custody_sound(const struct store_custody *row, const struct cy_digest *sha256);

/* An entry of the list of orders that the store has obeyed (orders.h). Key: number. */
struct store_order {
	uint64_t number;
	const char *line;
	const char *peer, *case_id, *message_id; /* what it is about; message_id "": the whole case */
	uint32_t attachment;
};

/* Which attachments. */
struct store_evidence_query {
	const char *peer, *case_id; /* case_id "": all cases; then peer "": all peers */
	const char *after_message;  /* page: after this one; "": from the first */
	uint32_t after_attachment;
	uint32_t limit;
};

/* ---------------------------------------------------------------- write-set */

/* One write. Strings and bytes live in the write-set's arena. */
enum store_op {
	STORE_PUT_META,   /* replace */
	STORE_PUT_STREAM, /* insert or replace, by peer */
	STORE_PUT_CASE, /* insert or replace, by (peer, case_id); a new case gets its key. title "" leaves the title */
	STORE_PUT_MESSAGE,  /* insert with content, or replace the message of the same id */
	STORE_MARK_MESSAGE, /* by id: transport, void_code, void_reason, epoch, sequence, index */
	STORE_PUT_PARCEL,   /* insert; an existing one of the same key stays as it is */
	STORE_PUT_RECEIPT,  /* by key: receipt, receipt_signature. The first one of the peer stays, ours is replaced */
	STORE_DISSOLVE,     /* a parcel of ours, by key */
	STORE_DROP_PARCEL,  /* a dissolved one of ours, by key */
	STORE_PUT_EVENT,
	STORE_PUT_CURSOR,
	STORE_DELIVER,          /* the RELAYED messages of events that a client may see become DELIVERED */
	STORE_DROP_CURSOR,      /* by key */
	STORE_PRUNE_EVENTS,     /* those up to a position go */
	STORE_PRUNE_LEAVES,     /* the texts of leaves up to an index go; the hashes stay, and with them every proof */
	STORE_PUT_KEY,          /* insert */
	STORE_MOVE_KEY,         /* by (client, key): it stands for another message */
	STORE_SPEND_KEY,        /* by (client, key): the row goes, and its digest stands for it as a spent one */
	STORE_PUT_LEAF,         /* audit leaf; indices follow without gaps */
	STORE_PUT_STATEMENT,    /* a signed text of our own about a message: RELAY_FAILURE */
	STORE_RAISE,            /* own QUEUED messages of a case get at least this priority */
	STORE_PUT_CLOCK,        /* insert or replace, by key */
	STORE_PUT_MEASURE,      /* insert or replace, by key */
	STORE_PUBLISH,          /* insert: a year has one table, as it was given out first */
	STORE_PUT_FOLLOW,       /* a case names another one as one that it follows; once is enough */
	STORE_PUT_HOOK,         /* a command that is to be run; its id is new */
	STORE_DROP_HOOK,        /* it was run */
	STORE_PUT_PEER_PROFILE, /* a peer's treaty profile, by (peer, instrument, version) */
	STORE_PUT_EVIDENCE,     /* insert or replace, by key */
	STORE_PUT_UPLOAD,       /* insert or replace, by key */
	STORE_DROP_UPLOAD,      /* by key */
	STORE_PUT_LEFTOVER,     /* insert or replace, by key */
	STORE_DROP_LEFTOVER,    /* by key */
	STORE_PUT_CUSTODY,      /* append */
	STORE_COUNT_CUSTODY,    /* by `no`: one reading more is counted in it, the last one at `last` */
	STORE_ERASE_MESSAGE,    /* by id: what people wrote in it, and what its attachments' custody says of people,
				 * goes for good, and its idempotency key is spent; id, digest, number, fact and verdict
				 * stay. One that was erased before keeps the first instant and reason */
	STORE_ERASE_CASE,       /* all that of each message of a case; its title, references, waiting hooks, and the
				 * texts of its events; and its key, so that nothing of it that was sealed opens */
	STORE_PUT_ORDER,        /* append; before the commit it is in the list of orders, on stable storage */
	STORE_DROP_CUSTODY,     /* the whole chain of an attachment */
	STORE_REQUEUE_ALL,      /* after a restore: own messages to `peer` that are TRANSMITTED, or FAILED and not
				 * void, are QUEUED again, without parcel; nobody in the queue is less urgent than
				 * what waits in its case; own parcels to it that have no receipt are deleted */
};

struct store_write {
	struct store_write *next;
	enum store_op op;
	union {
		struct store_meta meta;
		struct store_stream stream;
		struct store_case case_row;
		struct store_message message;
		struct store_parcel parcel;
		struct store_event event;
		struct store_key key;
		struct store_cursor cursor;
		struct {
			const char *client;   /* as in store_view */
			uint64_t after, last; /* events above `after`, up to this one */
		} deliver;
		uint64_t until; /* STORE_PRUNE_EVENTS, STORE_PRUNE_LEAVES: the last one that goes */
		struct {
			uint64_t index;
			struct cy_digest hash; /* leaf hash, RFC 6962 */
			struct cy_bytes data;  /* what was hashed: ids and digests, no personal data */
			struct cy_wall at;
		} leaf;
		struct {
			const char *message_id;
			struct cy_bytes text, signature;
		} statement;
		struct {
			const char *peer, *case_id;
			CyPriority priority;
		} raise;
		struct store_clock clock;
		struct store_measure measure;
		struct store_evidence evidence;
		struct store_upload upload;
		struct store_leftover leftover;
		struct store_custody custody;
		struct store_order order;
		struct {
			const char *peer, *case_id, *follows;
		} follow;
		struct {
			const char *id;
			struct cy_bytes environment; /* NAME=value, a NUL after each */
		} hook;
		struct {
			const char *year;      /* 2025 */
			struct cy_bytes table; /* CyStatistics */
		} published;
		struct {
			const char *peer, *instrument, *version;
			struct cy_digest digest;
			struct cy_bytes text; /* canonical form */
		} profile;
		struct {
			const char *message_id;
			struct cy_wall at;
			enum store_erasure why;
		} erase;
		struct {
			const char *peer, *case_id;
			struct cy_wall at;
			struct cy_wall until;    /* what was made later stays, and the key for it */
			const char *by, *reason; /* who ordered it, and why */
		} erase_case;
		const char *peer; /* STORE_REQUEUE_ALL */
	};
};

/* Writes in the order in which they apply. */
struct store_writeset {
	struct cy_arena arena;
	struct store_write *first, **last; /* last: where the next one is linked; NULL when empty */
	size_t n;
};

/* Append a zeroed write. */
struct store_write *store_add(struct store_writeset *w, enum store_op op);
void store_writeset_free(struct store_writeset *w);

/* -------------------------------------------------------------------- port */

/* Row callbacks: the row and all it points to are valid during the call only. A
 * return below 0 ends the read, which returns it. */
typedef int store_case_fn(void *arg, const struct store_case *row);
typedef int store_message_fn(void *arg, const struct store_message *row);
typedef int store_parcel_fn(void *arg, const struct store_parcel *row);
typedef int store_event_fn(void *arg, const struct store_event *row);
typedef int store_stream_fn(void *arg, const struct store_stream *row);
typedef int store_clock_fn(void *arg, const struct store_clock *row);
typedef int store_measure_fn(void *arg, const struct store_measure *row);
typedef int store_evidence_fn(void *arg, const struct store_evidence *row);
typedef int store_upload_fn(void *arg, const struct store_upload *row);
typedef int store_leftover_fn(void *arg, const struct store_leftover *row);
typedef int store_custody_fn(void *arg, const struct store_custody *row);
typedef int store_order_fn(void *arg, const struct store_order *row);
typedef int store_key_fn(void *arg, const struct store_key *row);
typedef int store_cursor_fn(void *arg, const struct store_cursor *row);
typedef int store_leaf_fn(void *arg, uint64_t index, struct cy_wall at);
typedef int store_bytes_fn(void *arg, const char *id, struct cy_bytes data);

/* What a client may see. */
struct store_view {
	const char *client; /* NULL: everything */
	bool titles;        /* of cases are opened: they are shown */
};

struct store_counts {
	uint64_t cases, messages;
};

struct store_peer_counts {
	uint64_t waiting;      /* own messages without a receipt: QUEUED, or in a parcel in flight */
	struct cy_wall oldest; /* creation of the oldest of them; 0: none */
	uint32_t in_flight;    /* own parcels without receipt, dissolved ones left out */
};

/* All reads: CY_OK; CY_ENOENT where one row was asked for and there is none;
 * CY_ESTORE when the store cannot read now; CY_EDAMAGED when what was asked for is damaged,
 * which reading it again does not change: it is set aside, and all else goes on. */
struct store_port {
	void *ctx;

	/* Commit the write-set; ownership passes to the store, which frees it. The
	 * result comes by node_committed(). CY_EAGAIN while one is in flight. */
	int (*commit)(void *ctx, struct store_writeset *w);

	int (*meta)(void *ctx, int (*fn)(void *arg, const struct store_meta *row), void *arg);
	int (*stream)(void *ctx, const char *peer, store_stream_fn *fn, void *arg);
	/* Of all peers that there ever was a session with. */
	int (*streams)(void *ctx, store_stream_fn *fn, void *arg);
	int (*key)(void *ctx, const char *client, const char *key, store_key_fn *fn, void *arg);
	int (*cursor)(void *ctx, const char *client, const char *name, uint64_t *ret_position);

	/* By key; without its title. */
	int (*get_case)(void *ctx, const char *peer, const char *case_id, store_case_fn *fn, void *arg);
	/* By case id, which may have the peer's id and '/' before it; else by own
	 * reference; else by peer reference, which is not ours to choose. As seen by a
	 * client; calls `fn` for each that matches, at most twice. */
	int (*find_case)(void *ctx, struct store_view view, const char *ref, store_case_fn *fn, void *arg);
	/* One with this own reference, of this peer ("": any), other than the case `except`; as seen by a client. */
	int (*find_reference)(void *ctx, struct store_view view, const char *reference, const char *peer,
			      const char *except, store_case_fn *fn, void *arg);
	/* In order of case id, after `after` ("" from the first), at most `limit`. peer "" : all. */
	int (*list_cases)(void *ctx, struct store_view view, const char *peer, bool open_only, const char *after,
			  uint32_t limit, store_case_fn *fn, void *arg);

	/* Those that are stale, in order of case id, then peer, after these; at most `limit`. */
	int (*stale_cases)(void *ctx, const char *after_case, const char *after_peer, uint32_t limit, store_case_fn *fn,
			   void *arg);

	/* Those of ours by this side that name this one as one that they follow, and are neither void nor it, in order
	 * of writing; at most `limit`. */
	int (*following)(void *ctx, const char *peer, const char *case_id, CySide side, uint32_t limit,
			 store_case_fn *fn, void *arg);

	/* By id, with content. */
	int (*get_message)(void *ctx, const char *id, store_message_fn *fn, void *arg);
	/* All of a case, by author then number; without content. */
	int (*case_messages)(void *ctx, const char *peer, const char *case_id, store_message_fn *fn, void *arg);
	/* Own QUEUED messages to `peer`, most urgent first, then oldest, and none behind what follows
	 * it in its case, in whatever order they came back; with content; at most `limit`. */
	int (*waiting)(void *ctx, const char *peer, uint32_t limit, store_message_fn *fn, void *arg);
	/* Own QUEUED messages that have never left, and own TRANSMITTED ones, to all peers, created
	 * before `before`; in order of creation, then id, after that place (0 and "": from the first),
	 * at most `limit`; without content. What has left once and is QUEUED again leaves again. */
	int (*undelivered)(void *ctx, struct cy_wall before, struct cy_wall after, const char *after_id, uint32_t limit,
			   store_message_fn *fn, void *arg);

	/* Of all peers, those that a local client is to fetch and none has (`unread`, RELAYED, neither void nor
	 * erased), in order of `unread`, then id, after that place (0 and "": from the first), at most `limit`;
	 * without content. */
	int (*unread)(void *ctx, struct cy_wall after, const char *after_id, uint32_t limit, store_message_fn *fn,
		      void *arg);

	/* By key. */
	int (*get_parcel)(void *ctx, const char *peer, enum store_author author, uint64_t epoch, uint64_t sequence,
			  store_parcel_fn *fn, void *arg);
	/* Parcels of one author after the place (epoch, sequence) that are not dissolved, in
	 * order of epoch, then sequence: also those of later epochs. At most `limit`. */
	int (*parcels)(void *ctx, const char *peer, enum store_author author, uint64_t epoch, uint64_t sequence,
		       uint32_t limit, store_parcel_fn *fn, void *arg);
	/* The peer's messages of a case with a number above `after`, in order, without content. */
	int (*peer_messages)(void *ctx, const char *peer, const char *case_id, uint32_t after, store_message_fn *fn,
			     void *arg);

	/* Messages of one author of a case whose verdict the state of the case decided: accepted, or rejected as
	 * NUMBER_REUSED, UNSEEN or TRANSITION_NOT_ALLOWED; our own only with a receipt. In order of their digests,
	 * without content. */
	int (*judged_messages)(void *ctx, const char *peer, const char *case_id, enum store_author author,
			       store_message_fn *fn, void *arg);

	/* Events above `after` that the client may see, in order, at most `limit`. */
	int (*events)(void *ctx, struct store_view view, uint64_t after, uint32_t limit, store_event_fn *fn, void *arg);
	/* Highest position given; 0: none. */
	int (*last_event)(void *ctx, uint64_t *ret_position);

	/* For pruning (node/prune.h): what is oldest first, without what is sealed; at most `limit`. */
	/* Up to which position no event is kept any more; 0: all are. */
	int (*pruned_events)(void *ctx, uint64_t *ret_position);
	/* Of all clients, in order of client and name. */
	int (*cursors)(void *ctx, store_cursor_fn *fn, void *arg);
	/* Keys that are not spent and were written before `before`. */
	int (*old_keys)(void *ctx, struct cy_wall before, uint32_t limit, store_key_fn *fn, void *arg);
	/* Leaves whose text is kept, in order. */
	int (*leaf_texts)(void *ctx, uint32_t limit, store_leaf_fn *fn, void *arg);
	/* Own dissolved parcels that were made before `before`, in order of `made`, peer, epoch and sequence,
	 * after the place of `after` in that order. */
	int (*dissolved)(void *ctx, struct cy_wall before, const struct store_parcel *after, uint32_t limit,
			 store_parcel_fn *fn, void *arg);
	/* Messages of peers that were rejected and not erased, by id, after this one; with content. */
	int (*rejected)(void *ctx, const char *after_id, uint32_t limit, store_message_fn *fn, void *arg);
	/* Links of custody from before `before`, in order of `at` and `no`, after these. */
	int (*old_custody)(void *ctx, struct cy_wall before, struct cy_wall after, uint64_t after_no, uint32_t limit,
			   store_custody_fn *fn, void *arg);

	/* All clocks of a case. */
	int (*case_clocks)(void *ctx, struct store_view view, const char *peer, const char *case_id, store_clock_fn *fn,
			   void *arg);
	int (*get_clock)(void *ctx, struct store_view view, uint64_t id, store_clock_fn *fn, void *arg);
	/* Those about which something is to be decided at `now` or was before, in that order;
	 * at most `limit`. */
	int (*next_clocks)(void *ctx, struct cy_wall now, uint32_t limit, store_clock_fn *fn, void *arg);
	/* The first instant at which something is to be decided; 0: none. */
	int (*next_clock)(void *ctx, struct cy_wall *ret_at);
	/* Running and suspended ones that are due after (after, after_id) and not after
	 * `until`, in that order; at most `limit`. peer "": all. */
	int (*open_clocks)(void *ctx, struct store_view view, const char *peer, struct cy_wall after, uint64_t after_id,
			   struct cy_wall until, uint32_t limit, store_clock_fn *fn, void *arg);
	/* Measures, in order: those of one case follow each other. */
	int (*measures)(void *ctx, struct store_view view, const struct store_measure_query *q, store_measure_fn *fn,
			void *arg);
	/* The table of statistics that was published of this year; `fn` gets the year, and the table. */
	int (*published)(void *ctx, const char *year, store_bytes_fn *fn, void *arg);
	/* Hooks that were not run yet, oldest first. */
	int (*hooks)(void *ctx, uint32_t limit, store_bytes_fn *fn, void *arg);
	/* A peer's profile; `fn` gets the digest in hexadecimal, and the text. */
	int (*peer_profile)(void *ctx, const char *peer, const char *instrument, const char *version,
			    store_bytes_fn *fn, void *arg);

	/* By key. */
	int (*get_evidence)(void *ctx, const char *message_id, uint32_t attachment, store_evidence_fn *fn, void *arg);
	/* By message id, then attachment. */
	int (*list_evidence)(void *ctx, struct store_view view, const struct store_evidence_query *q,
			     store_evidence_fn *fn, void *arg);
	/* Theirs that are WAITING, the most urgent first, then by message id and attachment; at
	 * most `limit`. */
	int (*waiting_evidence)(void *ctx, const char *peer, uint32_t limit, store_evidence_fn *fn, void *arg);
	/* Those of one urgency, by message id and attachment, after these; at most `limit`. */
	int (*waiting_after)(void *ctx, const char *peer, CyPriority priority, const char *after_message,
			     uint32_t after_attachment, uint32_t limit, store_evidence_fn *fn, void *arg);
	/* Ours that are OFFERED to the peer: are there any? */
	int (*offered_evidence)(void *ctx, const char *peer, bool *ret_any);
	/* All rows of this content, of all peers and cases. */
	int (*same_evidence)(void *ctx, const struct cy_digest *sha256, store_evidence_fn *fn, void *arg);
	/* Their keys: `fn` gets message id and attachment alone. A damaged row is among them, and hides no other. */
	int (*same_keys)(void *ctx, const struct cy_digest *sha256, store_evidence_fn *fn, void *arg);
	/* The first of this content that the peer has delivered: theirs, HERE. */
	int (*delivered_evidence)(void *ctx, const char *peer, const struct cy_digest *sha256, store_evidence_fn *fn,
				  void *arg);
	/* Of this peer, theirs that are HERE, or WAITING to be fetched again, were retrieved, are not REJECTED, have no
	 * hold, and whose retain_until is before `now`; the earliest first, at most `limit`. */
	int (*overdue_evidence)(void *ctx, const char *peer, struct cy_wall now, uint32_t limit, store_evidence_fn *fn,
				void *arg);
	/* Of this peer, ours that are HERE or DESTROYED, not deleted, not REJECTED, have no hold, and were settled
	 * before `before`; the earliest first, at most `limit`. */
	int (*spent_evidence)(void *ctx, const char *peer, struct cy_wall before, uint32_t limit, store_evidence_fn *fn,
			      void *arg);
	/* Keys of those without a flaw whose bytes should be on our disk and were last verified before `before`: theirs
	 * that are HERE, and ours that are not deleted. The earliest first, then by message id and attachment, after
	 * these; at most `limit`. `fn` gets the key and `verified` alone. A damaged row hides no other, as above. */
	int (*unverified_evidence)(void *ctx, struct cy_wall after, const char *after_message,
				   uint32_t after_attachment, struct cy_wall before, uint32_t limit,
				   store_evidence_fn *fn, void *arg);
	/* Keys of those with a flaw, by message id and attachment, after these; at most `limit`. `fn` gets the key
	 * alone. A damaged row hides no other, as above. */
	int (*flawed_evidence)(void *ctx, const char *after_message, uint32_t after_attachment, uint32_t limit,
			       store_evidence_fn *fn, void *arg);
	/* Theirs that are HELD_BACK, by message id and attachment, after these; at most `limit`. */
	int (*held_back_evidence)(void *ctx, const char *after_message, uint32_t after_attachment, uint32_t limit,
				  store_evidence_fn *fn, void *arg);
	/* Theirs that are unstated, of peers whose features are known and from whom nothing is fetched back,
	 * those of a case one after the other; at most `limit`. What is HERE waits until it has been verified. */
	int (*unstated_evidence)(void *ctx, uint32_t limit, store_evidence_fn *fn, void *arg);
	/* Bytes of theirs that are WAITING or HERE: of a peer, and of one of its cases. */
	int (*evidence_bytes)(void *ctx, const char *peer, const char *case_id, uint64_t *ret_peer, uint64_t *ret_case);
	/* By key. */
	int (*get_upload)(void *ctx, const char *client, const struct cy_digest *sha256, store_upload_fn *fn,
			  void *arg);
	/* Of this content; sha256 NULL: of all. Those made at `from` or later and before `before`, oldest first,
	 * at most `limit`. */
	int (*uploads)(void *ctx, const struct cy_digest *sha256, struct cy_wall from, struct cy_wall before,
		       uint32_t limit, store_upload_fn *fn, void *arg);
	/* Bytes of all uploads of a client. */
	int (*upload_bytes)(void *ctx, const char *client, uint64_t *ret_bytes);
	/* By key. */
	int (*get_leftover)(void *ctx, const struct cy_digest *sha256, store_leftover_fn *fn, void *arg);
	/* Leftovers that are doomed, by content; at most `limit`. */
	int (*doomed)(void *ctx, uint32_t limit, store_leftover_fn *fn, void *arg);
	/* Strays that were found before `before`, the one that was found longest ago first, then by content; at most
	 * `limit`. */
	int (*strays)(void *ctx, struct cy_wall before, uint32_t limit, store_leftover_fn *fn, void *arg);
	/* In the order of writing, after the one whose `no` is this; at most `limit`. */
	int (*custody)(void *ctx, const char *message_id, uint32_t attachment, uint64_t after, uint32_t limit,
		       store_custody_fn *fn, void *arg);
	/* Those that count readings, of one action by one client, at `since` or later; in the order of writing. */
	int (*readings)(void *ctx, const struct store_custody *like, struct cy_wall since, store_custody_fn *fn,
			void *arg);

	/* Orders above `after`, in order of number, at most `limit`. */
	int (*orders)(void *ctx, uint64_t after, uint32_t limit, store_order_fn *fn, void *arg);
	int (*last_order)(void *ctx, uint64_t *ret_number); /* 0: none */
	/* The last one about this attachment; message_id "" and 0: about the whole case. */
	int (*order_about)(void *ctx, const char *peer, const char *case_id, const char *message_id,
			   uint32_t attachment, store_order_fn *fn, void *arg);

	int (*counts)(void *ctx, struct store_counts *ret_counts);
	int (*peer_counts)(void *ctx, const char *peer, struct store_peer_counts *ret_counts);
};

#endif
