/* Evidence on the bulk lane with one peer (proto/PROTOCOL.md, "The bulk lane"): which
 * pull gets how much credit, which chunk leaves next, and at which rate. Pure.
 *
 * Nothing here outlives a session. What is durable is the part (port/blobs.h), which
 * says from which chunk a pull begins. */
#ifndef CY_EXCHANGE_TRANSFER_H
#define CY_EXCHANGE_TRANSFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/limits.h"
#include "base/time.h"

#define XCHG_PULLS       4u  /* at one time, in each direction */
#define XCHG_PULL_WINDOW 16u /* chunks that were granted and are not stored, of all pulls of a session */
/* A peer that was granted chunks of a pull and sends none of it for so long breaks the protocol. At 64 kbit/s
 * four pulls that take turns get a chunk each in 524 s. */
#define XCHG_STALL_MS 600000

/* ------------------------------------------------------------- the receiver */

/* One pull. Chunks are asked for, come and are stored in order:
 * stored <= arrived <= granted <= chunks. */
struct xchg_pull {
	uint32_t id;  /* 0: the slot is free */
	int priority; /* the higher, the sooner */
	uint64_t chunks;
	uint64_t granted, arrived, stored; /* the first chunk that is not */
	struct cy_mono since; /* when the last chunk came, or credit was given to one that waited for none */
};

struct xchg_puller {
	uint32_t last_id;
	uint32_t most; /* pulls that the peer serves at one time: the smaller of XCHG_PULLS and what it says */
	struct xchg_pull at[XCHG_PULLS];
};

/* Begin a pull at chunk `first` (< chunks). There must be a free slot. */
struct xchg_pull *xchg_pull_begin(struct xchg_puller *p, int priority, uint64_t first, uint64_t chunks,
				  struct cy_mono now);
struct xchg_pull *xchg_pull_find(struct xchg_puller *p, uint32_t id); /* NULL if it has ended */
void xchg_pull_end(struct xchg_pull *pull);

/* The next grant: how many more chunks, of which pull; false: none now. Grants never
 * exceed XCHG_PULL_WINDOW in all nor CY_PULL_CREDIT_MAX for one. The most urgent pulls
 * that still have chunks to ask for share the window evenly; others get what these leave.
 * To save frames, a pull is given no less than a quarter of its share at a time, unless
 * fewer chunks are left or it has none under way. */
bool xchg_pull_grant(struct xchg_puller *p, struct cy_mono now, struct xchg_pull **ret_pull, uint32_t *ret_chunks);

/* The highest priority of those that would take a grant; -1: none would. */
int64_t xchg_pull_urgency(const struct xchg_puller *p);

/* A chunk came: CY_OK; CY_EPROTO: it was not granted, or is not the next one. */
int xchg_pull_arrived(struct xchg_pull *pull, uint64_t chunk, struct cy_mono now);
/* The next chunk is stored. */
void xchg_pull_stored(struct xchg_pull *pull);
/* The instant at which the first pull that waits for granted chunks has stalled;
 * CY_NEVER: none waits. */
struct cy_mono xchg_pull_stalls(const struct xchg_puller *p);

/* --------------------------------------------------------------- the sender */

struct xchg_push {
	uint32_t id; /* of the peer's pull; 0: the slot is free */
	uint64_t chunks;
	uint64_t next;    /* the chunk to be read next */
	uint64_t granted; /* the first chunk that may not leave yet */
	bool reading;     /* a chunk of it is being read: they leave in order */
};

struct xchg_pusher {
	size_t turn;
	struct xchg_push at[XCHG_PULLS];
};

/* May a pull have this number and this credit, whatever it is of? */
bool xchg_push_proper(struct xchg_pusher *p, uint32_t id, uint32_t credit);
/* The peer pulls. CY_OK; CY_EPROTO: it is not proper; CY_ELIMIT: it has XCHG_PULLS already; CY_EINVAL: there is no such
 * chunk. */
int xchg_push_begin(struct xchg_pusher *p, uint32_t id, uint64_t first, uint64_t chunks, uint32_t credit,
		    struct xchg_push **ret_push);
struct xchg_push *xchg_push_find(struct xchg_pusher *p, uint32_t id); /* NULL: it has ended */
/* CY_EPROTO: none, or more than CY_PULL_CREDIT_MAX would be open. */
int xchg_push_credit(struct xchg_push *push, uint32_t chunks);
void xchg_push_end(struct xchg_push *push);
/* Whose turn is it? Those that may send take turns, a chunk each; NULL: nobody. The
 * caller sets `reading`, and on success of the read advances `next`. */
struct xchg_push *xchg_push_next(struct xchg_pusher *p);
/* Nothing came of its turn, for the rate or the disk: the next turn is its own. */
void xchg_push_again(struct xchg_pusher *p, const struct xchg_push *push);

/* ------------------------------------------------------------------ the rate */

/* A bucket that holds what may leave within a quarter of a second, and one chunk at least. */
struct xchg_pace {
	uint64_t rate;  /* bytes a second; 0: no limit */
	int64_t budget; /* thousandths of a byte that may leave now; 0 or less after a chunk was let through */
	struct cy_mono at;
};

/* Take another rate (the time of day has come). */
void xchg_pace_set(struct xchg_pace *p, uint64_t rate, struct cy_mono now);
/* May the next chunk leave? If not, *ret_at is when. */
bool xchg_pace_may(struct xchg_pace *p, struct cy_mono now, struct cy_mono *ret_at);
/* It was let through: `bytes` (CY_FRAME_MAX at most) leave. Said before may() is asked for another one. */
void xchg_pace_left(struct xchg_pace *p, size_t bytes);

#endif
