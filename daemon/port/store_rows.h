/* The rows of the store, and what reads of them ask for. What a store does with them, and what holds of all
 * text, instants and numbers, says store.h. */
#ifndef CY_PORT_STORE_ROWS_H
#define CY_PORT_STORE_ROWS_H

#include "audit/custody.h"
#include "base/limits.h"
#include "base/sha256.h"
#include "base/time.h"
#include "comity/v1/local.pb-c.h"
#include "law/stats.h"

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

/* Is the other side known to have it? What was given up without a receipt may have arrived or not. */
static inline bool store_received(enum store_transport t)
{
	return t >= STORE_RELAYED && t != STORE_FAILED;
}

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
	uint64_t receipted_epoch; /* the position that is receipted without gaps, of this or an */
	uint64_t out_receipted;   /* earlier epoch; 0: none in that one */
	/* The peer had lost, with a restore, what lies after this position of ours, and judges it anew: its
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
	const char *difference;  /* between that and what we count, and its cause; "" */
	const char *explanation; /* how it was counted, a sentence a line */
	/* Of the case; reads fill them, writes ignore them. */
	CySide side;
	const char *own_reference, *peer_reference, *client;
	struct cy_bytes terms;
	/* How far our message has come that starts what the peer owes: what opens the case, or the notice. RELAYED:
	 * it is none of ours. store_received() says whether the peer is known to have it. */
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
	uint32_t index;           /* position in that parcel */
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

/* Has nobody here read it? */
static inline bool store_is_unread(const struct store_message *m)
{
	return m->unread.ms > 0 && m->transport == STORE_RELAYED && m->void_code == 0 && m->erasure == STORE_KEPT;
}

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
	bool legal_hold;
	bool retrieved; /* theirs: a local client has got all of it */
	bool unstated;  /* theirs: its state is yet to be stated to the peer */
	/* Ours: when we heard that the receiver verified or destroyed its copy; 0: not yet. */
	struct cy_wall receiver_done;
	bool deleted; /* ours: our copy is not kept any more */
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
	 * let it go, and it is discarded, to be destroyed at once. The row stays until that is done. */
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
	const char *salt;   /* of `words`, stored and erased with the text; "": there is no text. NULL in a write: "" */
	struct cy_digest words;       /* of salt and text (audit/custody.h); it stays. Zero: there was no text */
	const char *proof;            /* id of the signed message that proves it; "": our leaf alone */
	uint64_t leaf;                /* of our audit log, from 0 */
	enum audit_custody_form form; /* of the leaf. FIRST: with a proof there is none */
	uint64_t from, to;            /* bytes of a reading; 0: from the first one; no end is known */
	/* Readings that are like the first one are counted in its link (STORE_COUNT_CUSTODY); 0: this is none. */
	uint64_t count;
	struct cy_wall last; /* the last one of them */
	/* Reads fill these, writes ignore them: */
	uint64_t no;           /* its position in the order of writing, from 1 */
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

#endif
