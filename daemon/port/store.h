/* The store port: what the node keeps, in terms of the domain, never of SQL. This is the whole
 * contract: io/store/store_sqlite.h and tests/rig/store_mem.h say only what is their own, and
 * tests/unit/store_contract_test.c holds each of them to it.
 *
 * Writing. Writes are collected into a write-set (store_add), which is committed whole or not at all.
 * They apply in the order in which they were added: each one meets what those before it have done.
 * From commit() on the write-set is the store's, which frees it. commit() returns before anything is
 * on the disk, and waits for nothing. How it ended is told by node_committed(), once, from the main
 * loop and never from inside commit(). One write-set is in flight at a time.
 *
 * CY_OK means that all of it is on stable storage, and stays there when the power fails. CY_ESTORE, or
 * CY_EDAMAGED where a part of the store that it needs is damaged, means that none of it can be read, and
 * that the next write-set builds upon what was there before. It may be there after all: when the process
 * ends before another write-set was committed, the next start finds the failed one whole, or nothing of
 * it. So the node tells nobody that it happened, nor that it did not, and loads its state at the start;
 * who repeats it meets what is there. Entries of the list of orders (STORE_PUT_ORDER) may stand in that
 * list although the commit failed.
 *
 * A store refuses a write-set (CY_ESTORE with a sentence) for one write that needs a row which is neither
 * stored nor written before it, or that gives for a second time what is given once; "refused" stands below
 * at the operations of which all stores refuse it. What belongs to a case (its messages, clocks and measures)
 * is written after the case; a store may refuse it before.
 *
 * Reading. A read answers at once, on the thread that calls it, from what was committed. It may wait for
 * the disk, but never for a commit: meanwhile it sees the state before it or after it, never a part. For
 * each row it calls `fn`, which does not commit, and may read on: every read may be nested in every other,
 * and sees the state that the outer one sees. A row and all that it points to are valid during the call
 * alone, in which nested reads leave them as they are. `fn` returns CY_OK, or below 0: then no more rows
 * come, and the read returns that.
 *
 * A read of one row returns CY_ENOENT where there is none, and a read of many rows CY_OK without a call.
 * CY_ESTORE: the store cannot read now. CY_EDAMAGED: what was asked for is damaged, which reading it
 * again does not change: it is set aside, and all else goes on. `limit` is how many rows come at most;
 * 0: none.
 *
 * Values. Text is UTF-8 without NUL, and "" where there is none: in a write no string is NULL unless it is
 * said so there. Text and digests are compared by their bytes (strcmp, memcmp), in every order and every
 * key; nothing is folded or collated. Instants are UTC in milliseconds since 1970, 0: none. Numbers are
 * below 2^63, sizes are in bytes. Content, titles and the texts of custody are sealed, each under the key
 * of its case: they are on no disk in the clear. */
#ifndef CY_PORT_STORE_H
#define CY_PORT_STORE_H

#include "base/arena.h"
#include "base/error.h"
#include "port/store_rows.h"

/* ---------------------------------------------------------------- write-set */

/* One write. Strings and bytes live in the write-set's arena, or outlast it. What is dropped or pruned and is not
 * there is no fault, unless it says so. */
enum store_op {
	STORE_PUT_META,   /* replace */
	STORE_PUT_STREAM, /* insert or replace, by peer */
	STORE_PUT_CASE, /* insert or replace, by (peer, case_id); a new case gets its key. title "" leaves the title */
	/* Insert with content, or replace the message of the same id; content that is empty leaves the content.
	 * Refused: the id is that of another case, peer or author; the number is taken. */
	STORE_PUT_MESSAGE,
	/* By id: transport, void_code, void_reason, epoch, sequence, index. Refused: there is none. */
	STORE_MARK_MESSAGE,
	STORE_PUT_PARCEL,  /* insert; an existing one of the same key stays as it is */
	STORE_PUT_RECEIPT, /* by key: receipt, receipt_signature. The first one of the peer stays, ours is replaced.
			    * Refused: there is no such parcel */
	STORE_DISSOLVE,    /* a parcel of ours, by key. Refused: there is none */
	STORE_DROP_PARCEL, /* a dissolved one of ours, by key. Refused: there is none */
	STORE_PUT_EVENT,
	STORE_PUT_CURSOR, /* insert or replace, by key */
	/* Of the MESSAGE_RECEIVED events that a client may see: their messages that are RELAYED become DELIVERED. */
	STORE_DELIVER,
	STORE_DROP_CURSOR,      /* by key */
	STORE_PRUNE_EVENTS,     /* those up to a position go; no position is given twice */
	STORE_PRUNE_LEAVES,     /* the texts of leaves up to an index go; the hashes stay, and with them every proof */
	STORE_PUT_KEY,          /* insert. Refused: it is there */
	STORE_MOVE_KEY,         /* by (client, key): it stands for another message. Refused: there is none */
	STORE_SPEND_KEY,        /* by (client, key): the row goes, and its digest stands for it as a spent one, in the
				 * place of what was known by that digest. Refused: there is none */
	STORE_PUT_LEAF,         /* audit leaf; the first index is 0. Refused: it does not follow the last one */
	STORE_PUT_STATEMENT,    /* a signed text of our own about a message: RELAY_FAILURE. Refused: there is no such
				 * message */
	STORE_RAISE,            /* own QUEUED messages of a case get at least this priority */
	STORE_PUT_CLOCK,        /* insert or replace, by key */
	STORE_PUT_MEASURE,      /* insert or replace, by key */
	STORE_PUBLISH,          /* insert: a year has one table, as it was given out first. Refused: it has one */
	STORE_PUT_FOLLOW,       /* a case names another one as one that it follows; once is enough */
	STORE_PUT_HOOK,         /* a command that is to be run; its id is new */
	STORE_DROP_HOOK,        /* it was run */
	STORE_PUT_PEER_PROFILE, /* a peer's treaty profile: insert or replace, by (peer, instrument, version) */
	STORE_PUT_EVIDENCE,     /* insert or replace, by key. Refused: there is no message of this id, case, peer and
				 * author */
	STORE_PUT_UPLOAD,       /* insert or replace, by key */
	STORE_DROP_UPLOAD,      /* by key */
	STORE_PUT_LEFTOVER,     /* insert or replace, by key */
	STORE_DROP_LEFTOVER,    /* by key */
	STORE_PUT_CUSTODY,      /* append. Refused: there is no such message */
	STORE_COUNT_CUSTODY, /* by `no`: one reading more is counted in it; `last` is the latest one. Refused: there is
			      * none that counts readings */
	STORE_ERASE_MESSAGE, /* by id: what people wrote in it, and what its attachments' custody says of people,
			      * goes for good, and its idempotency key is spent; id, digest, number, fact and verdict
			      * stay. One that was erased before keeps the first instant and reason. Refused: there is
			      * none */
	STORE_ERASE_CASE,    /* all that of each message of a case; its title, references, waiting hooks, and the
			      * texts of its events; and its key, so that nothing of it that was sealed opens.
			      * Refused: there is none */
	STORE_PUT_ORDER,     /* append; before the commit it is in the list of orders, on stable storage. Refused: its
			      * number does not follow the last one, or the list cannot be written */
	STORE_DROP_CUSTODY,  /* the whole chain of an attachment */
	STORE_REQUEUE_ALL,   /* after a restore: own messages to `peer` that are TRANSMITTED, or FAILED and not
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
/* Free what it holds and leave it empty, to be used again; the struct itself is the caller's. */
void store_writeset_free(struct store_writeset *w);

/* -------------------------------------------------------------------- port */

/* Row callbacks. */
typedef int store_meta_fn(void *arg, const struct store_meta *row);
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

/* All of it is called from one thread, the node's. */
struct store_port {
	void *ctx;

	/* Commit a write-set that was allocated with malloc(). CY_OK: the struct and all that it holds are the store's
	 * from here on, which frees them whatever becomes of the commit; node_committed() follows. CY_EAGAIN: one is in
	 * flight, and this one stays the caller's as it is. */
	int (*commit)(void *ctx, struct store_writeset *w);

	/* There always is a row; in a new store all of it is zero. */
	int (*meta)(void *ctx, store_meta_fn *fn, void *arg);
	int (*stream)(void *ctx, const char *peer, store_stream_fn *fn, void *arg);
	/* Of all peers that there ever was a session with, in no order. */
	int (*streams)(void *ctx, store_stream_fn *fn, void *arg);
	/* By (client, key). */
	int (*key)(void *ctx, const char *client, const char *key, store_key_fn *fn, void *arg);
	int (*cursor)(void *ctx, const char *client, const char *name, uint64_t *ret_position);

	/* By key; without its title. */
	int (*get_case)(void *ctx, const char *peer, const char *case_id, store_case_fn *fn, void *arg);
	/* By case id, which may have the peer's id and '/' before it; else by own
	 * reference; else by peer reference, which is not ours to choose. As seen by a
	 * client; calls `fn` for each that matches, at most twice. CY_ENOENT: none does. */
	int (*find_case)(void *ctx, struct store_view view, const char *ref, store_case_fn *fn, void *arg);
	/* One with this own reference, of this peer ("": any), other than the case `except`; as seen by a client. */
	int (*find_reference)(void *ctx, struct store_view view, const char *reference, const char *peer,
			      const char *except, store_case_fn *fn, void *arg);
	/* In order of case id, then peer: ids after `after` ("" from the first), at most `limit`. peer "" : all. */
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
	/* The same without content: nothing is opened for it. */
	int (*message_row)(void *ctx, const char *id, store_message_fn *fn, void *arg);
	/* All of a case, by author then number; without content. */
	int (*case_messages)(void *ctx, const char *peer, const char *case_id, store_message_fn *fn, void *arg);
	/* Own QUEUED messages to `peer`, most urgent first, then oldest, and none behind what follows
	 * it in its case, in whatever order they came back; with content; at most `limit`. */
	int (*waiting)(void *ctx, const char *peer, uint32_t limit, store_message_fn *fn, void *arg);
	/* Own QUEUED messages that have never left, and own TRANSMITTED ones, to all peers, created
	 * before `before`; in order of creation, then id, after that position (0 and "": from the first),
	 * at most `limit`; without content. What has left once and is QUEUED again leaves again. */
	int (*undelivered)(void *ctx, struct cy_wall before, struct cy_wall after, const char *after_id, uint32_t limit,
			   store_message_fn *fn, void *arg);

	/* Of all peers, those that a local client is to fetch and none has (`unread`, RELAYED, neither void nor
	 * erased), in order of `unread`, then id, after that position (0 and "": from the first), at most `limit`;
	 * without content. */
	int (*unread)(void *ctx, struct cy_wall after, const char *after_id, uint32_t limit, store_message_fn *fn,
		      void *arg);

	/* By key. */
	int (*get_parcel)(void *ctx, const char *peer, enum store_author author, uint64_t epoch, uint64_t sequence,
			  store_parcel_fn *fn, void *arg);
	/* Parcels of one author after the position (epoch, sequence) that are not dissolved, in
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

	/* For pruning (node/clients/prune.h): what is oldest first, without what is sealed; at most `limit`. */
	/* Up to which position no event is kept any more; 0: all are. */
	int (*pruned_events)(void *ctx, uint64_t *ret_position);
	/* Of all clients, in order of client and name. */
	int (*cursors)(void *ctx, store_cursor_fn *fn, void *arg);
	/* Keys that are not spent and were written before `before`. */
	int (*old_keys)(void *ctx, struct cy_wall before, uint32_t limit, store_key_fn *fn, void *arg);
	/* Leaves whose text is kept, in order. */
	int (*leaf_texts)(void *ctx, uint32_t limit, store_leaf_fn *fn, void *arg);
	/* Own dissolved parcels that were made before `before`, in order of `made`, peer, epoch and sequence,
	 * after the position of `after` in that order. */
	int (*dissolved)(void *ctx, struct cy_wall before, const struct store_parcel *after, uint32_t limit,
			 store_parcel_fn *fn, void *arg);
	/* Messages of peers that were rejected and not erased, by id, after this one; with content. */
	int (*rejected)(void *ctx, const char *after_id, uint32_t limit, store_message_fn *fn, void *arg);
	/* Links of custody from before `before`, in order of `at` and `no`, after these. */
	int (*old_custody)(void *ctx, struct cy_wall before, struct cy_wall after, uint64_t after_no, uint32_t limit,
			   store_custody_fn *fn, void *arg);

	/* All clocks of a case, in order of name, measure and notice. */
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
	/* Of this peer, ours that are HERE or DESTROYED, not deleted, not REJECTED, have no hold, and whose receiver
	 * was done before `before`; the earliest first, at most `limit`. */
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
	 * then by client and content, at most `limit`. */
	int (*uploads)(void *ctx, const struct cy_digest *sha256, struct cy_wall from, struct cy_wall before,
		       uint32_t limit, store_upload_fn *fn, void *arg);
	/* Bytes of all uploads of a client. */
	int (*upload_bytes)(void *ctx, const char *client, uint64_t *ret_bytes);
	/* By key. */
	int (*get_leftover)(void *ctx, const struct cy_digest *sha256, store_leftover_fn *fn, void *arg);
	/* Leftovers that are discarded, by content; at most `limit`. */
	int (*discarded)(void *ctx, uint32_t limit, store_leftover_fn *fn, void *arg);
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
