/* What we sign and what becomes of it, within this room: when nothing is signed, when a
 * peer refuses a signature, and what is never sent again as it is stored. */
#ifndef CY_NODE_CORE_SIGNING_H
#define CY_NODE_CORE_SIGNING_H

#include <stdbool.h>

#include "base/bytes.h"
#include "base/sha256.h"
#include "base/time.h"

struct node;
struct peer;

#define NODE_REFUSAL_MS 60000 /* a session that lasts so long has taken our signatures */
#define NODE_FAULT_SIZE 320   /* bytes of a reason why nothing is signed */

/* What becomes of our signatures at a peer that refuses one. */
struct node_refusal {
	struct cy_wall since; /* 0: it refuses none */
	struct cy_wall at;    /* last */
	bool now;             /* in this session, which ends by it */
	bool proven;          /* it was in a session in which both sides were who they are */
	/* In this session: what was signed by then, or with another certificate than the present one,
	 * leaves as it is stored no more, if the peer does not hold it. */
	bool anew;
	bool was_anew;                       /* something is signed anew for that in this session */
	bool refused_twice;                  /* that was done, and refused as well: what is signed */
	struct cy_digest certificate, tried; /* with this certificate of ours is not signed anew */
};

/* -------------------------------------------------------------- signing.c */
/* Tell that nothing may be signed now, or that it may again. */
void signing_watch(struct node *n);
bool signing_allowed(struct node *n, struct cy_wall made);
/* "ok", or why nothing may be signed, and the remedy. */
const char *signing_state(struct node *n, char *text, size_t size);
/* As far as we know: would the peer take this signed text of ours? */
bool signing_counts(struct node *n, struct peer *p, struct cy_bytes text, struct cy_bytes signature);
/* The peer says goodbye because of a signature of ours, `proven`: in a session in which both sides
 * have proved who they are; its places are heard in a new session;
 * it has taken a signature. */
void signing_refused(struct node *n, struct peer *p, bool proven);
void signing_heard(struct node *n, struct peer *p);
void signing_accepted(struct peer *p);
void signing_clock_confirmed(struct node *n);
bool signing_is_refused(struct node *n, const struct peer *p);

#endif
