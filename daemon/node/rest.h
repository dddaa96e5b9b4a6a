/* Evidence at rest (evidence_rest.c): its bytes on our disk are verified from time to time, and what is found spoilt or
 * missing is marked, told, and fetched again. */
#ifndef CY_NODE_REST_H
#define CY_NODE_REST_H

#include "base/sha256.h"
#include "base/time.h"
#include "base/uuid.h"
#include "comity/v1/local.pb-c.h"
#include "node/blobs.h"

struct conn;
struct input;
struct node;
struct store_evidence;
struct blob_ticket;

struct node_rest {
	bool busy;              /* a content is being verified by the round */
	bool settling;          /* what was found of one is not committed yet */
	struct cy_wall at;      /* when that began */
	struct cy_mono next;    /* the next look at what is due */
	struct cy_wall ordered; /* all that was verified before is due; 0: by evidence.check_every alone */
	bool flawed;            /* those that have a flaw are looked at once more, and then those without */
	/* The look-up goes on after this one: among those with a flaw the last that was looked at, among the others
	 * the last that is damaged. */
	struct cy_wall after; /* when it was verified */
	char message_id[CY_UUID_LEN + 1];
	uint32_t attachment;
	struct cy_digest failed; /* could not be read at the last look; zero: none */
	/* The round under way, or the last one since the start; ended 0: it goes on. */
	struct cy_wall began, ended;
	uint64_t contents, bytes, found;
};

/* What quotas held back is looked at again. */
struct node_recheck {
	bool on;
	char message_id[CY_UUID_LEN + 1]; /* after this attachment */
	uint32_t attachment;
	uint64_t batch; /* that asked for it: until it is committed, what it destroys counts */
};

/* All bytes of this content were read: CY_OK, they are what they were; CY_ESIGN, they are not; CY_ENOENT, there is
 * no such file any more. Anything else says nothing. Becomes an input. */
void evidence_found(struct node *n, const struct cy_digest *sha256, int code);
/* The same in a batch. */
void evidence_judged(struct node *n, const struct input *in);
/* In a batch: it is verified as soon as possible, and until then nobody is told that it is here. */
void evidence_unverified(struct node *n, struct store_evidence *row);
/* In a batch: this content was hashed as it came from `by`; ours that was spoilt is good again. */
void evidence_mended(struct node *n, const struct blob_id *id, const char *by);

/* What is due is verified, one content after the other. */
void evidence_rest(struct node *n);
struct cy_mono evidence_rest_next(const struct node *n); /* when there is something to do by itself */
void evidence_rest_done(struct node *n, const struct blob_ticket *t, const struct blob_result *r);
/* All of it is due now. */
void evidence_round(struct node *n);
/* A client asks how the round stands, or orders one (evidence_views.c). */
void evidence_rest_asked(struct node *n, struct conn *c, uint64_t correlation, const CyCheckEvidence *r);
/* What has a flaw now, as a sentence within `text`; "": nothing. */
const char *evidence_flaws(struct node *n, char *text, size_t size);

#endif
