/* The store port in memory. What is durable is the list of
 * committed write-sets, nothing else; the rows are an index over it. A crash
 * loses what was not committed, a backup is a length of the list, and restoring
 * it is applying that many write-sets anew.
 *
 * It is strict where SQLite would only answer what it is asked: rows that go
 * backwards are told to `broken`. */
#ifndef RIG_STORE_MEM_H
#define RIG_STORE_MEM_H

#include "port/store.h"

struct mem_message {
	struct store_message row;
	struct mem_message *next; /* of its case, in order of insertion */
	uint64_t no, turn;        /* turn: its place in the queue, by number where it is shared */
};

struct mem_case {
	struct store_case row;
	struct mem_message *first, **last;
	struct mem_clock *clocks;
	struct mem_measure *measures; /* by number */
	struct mem_case *next;        /* in order of insertion */
};

struct mem_clock {
	struct store_clock row;
	struct mem_case *c;
	struct mem_clock *next; /* of its case */
};

struct mem_measure {
	struct store_measure row;
	struct mem_measure *next; /* of its case */
};

/* As the port gives it, with what its time limits are at `now`. */
struct law_stat mem_stat(const struct mem_case *c, const struct mem_measure *m, uint64_t request, struct cy_wall now);

/* A command that is to be run. */
struct mem_hook {
	const char *id;
	struct cy_bytes environment;
	struct mem_hook *next;
};

struct mem_published {
	const char *year;
	struct cy_bytes table;
	struct mem_published *next;
};

struct mem_profile {
	const char *peer, *instrument, *version;
	struct cy_digest digest;
	struct cy_bytes text;
	struct mem_profile *next;
};

struct mem_parcel {
	struct store_parcel row;
	bool known; /* false: its messages are here, itself comes later in the write-set */
};

/* Parcels of one author and peer, in order of epoch and sequence. */
struct mem_parcels {
	struct mem_parcel **at;
	size_t n, cap;
};

struct mem_peer {
	char id[CY_AUTHORITY_MAX + 1];
	bool known;
	struct store_stream stream;
	struct mem_parcels parcels[2];
	struct mem_message **open; /* own messages QUEUED or TRANSMITTED, by age; settled ones are dropped lazily */
	size_t n_open, cap_open;
};

struct mem_store {
	/* The durable image. */
	struct store_writeset **log;
	size_t n_log, cap_log;
	/* The index over it; all rows live in `arena` or in the write-sets. */
	struct cy_arena arena;
	struct store_meta meta;
	bool has_meta;
	uint8_t frontier[4096]; /* of a store that copies */
	struct mem_peer *peers;
	size_t n_peers;
	void *messages, *cases, *keys, *cursors; /* tsearch(3) trees */
	struct mem_case *first_case, **last_case;
	struct mem_clock **clocks; /* by id less one */
	size_t n_clocks, cap_clocks;
	struct mem_hook *hooks, **last_hook;
	struct mem_follow {
		struct mem_case *c;
		const char *follows;
	} * follows;
	size_t n_follows, cap_follows;
	struct mem_published *published;
	struct mem_profile *profiles;
	struct store_evidence **evidence; /* by message id and attachment */
	size_t n_evidence, cap_evidence;
	struct store_upload **uploads; /* by age, client and content */
	size_t n_uploads, cap_uploads;
	struct store_leftover **leftovers; /* by `found` and content */
	size_t n_leftovers, cap_leftovers;
	struct store_custody **custody; /* in order of writing */
	size_t n_custody, cap_custody;
	struct store_order **orders; /* number is the index plus one */
	size_t n_orders, cap_orders;
	struct store_event **events; /* position is the index plus one */
	size_t n_events, cap_events;
	uint64_t pruned_events; /* of them, from the first */
	struct mem_leaf {
		struct cy_wall at; /* when it was written */
		struct cy_digest hash;
	} * leaves;
	size_t cap_leaves;
	uint64_t bare_leaves; /* of them, from the first, without a text */
	uint64_t n_leaves, n_messages, n_cases;
	bool copies;                       /* rows are copies: the list may be dropped. Nothing can be restored then */
	bool unreadable;                   /* reads fail */
	struct store_writeset *committing; /* given to commit(), and nobody was told yet what became of it */
	bool mark_may_fall;                /* the wall mark: an operator has said so once */

	void (*broken)(void *ctx, const char *what); /* an invariant does not hold; NULL: the program ends */
	void *ctx;
};

/* `peers`: their ids; the store makes room for each. */
void mem_store_init(struct mem_store *s, const char *const *peers, size_t n_peers, void (*broken)(void *, const char *),
		    void *ctx);
void mem_store_free(struct mem_store *s);

/* Its commit() only puts the write-set into `committing`, and is CY_EAGAIN while there is one. What becomes of
 * it, and when, is up to the test: one of the next two, and node_committed(). */
void mem_store_port(struct mem_store *s, struct store_port *ret_port);
/* It is durable, and applied. */
void mem_store_finish(struct mem_store *s);
/* Nothing of it is in the store. Nothing happens if there is none. */
void mem_store_drop(struct mem_store *s);

/* Make `w` durable and apply it; takes it over. */
void mem_store_apply(struct mem_store *s, struct store_writeset *w);

/* Free the list of a store that copies its rows. */
void mem_store_drop_log(struct mem_store *s);

/* Keep the first `n` write-sets only, as a restored backup does. */
void mem_store_restore(struct mem_store *s, size_t n);

struct mem_peer *mem_store_peer(struct mem_store *s, const char *id); /* NULL: unknown */
struct mem_message *mem_store_message(struct mem_store *s, const char *id);
struct mem_case *mem_store_case(struct mem_store *s, const char *peer, const char *case_id);
struct mem_parcel *mem_store_parcel(struct mem_store *s, const char *peer, enum store_author author, uint64_t epoch,
				    uint64_t sequence);
/* NULL: there is none. */
const struct store_evidence *mem_store_evidence(const struct mem_store *s, const char *message_id, uint32_t attachment);

#endif
