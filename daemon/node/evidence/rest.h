/* Evidence at rest. Its bytes on our disk are verified from time to time, and what is found spoilt or missing is
 * marked, told, and fetched again (evidence_rest.c). Content that nothing knows is found and destroyed
 * (evidence_strays.c). */
#ifndef CY_NODE_EVIDENCE_REST_H
#define CY_NODE_EVIDENCE_REST_H

#include "base/sha256.h"
#include "base/time.h"
#include "base/uuid.h"
#include "comity/v1/local.pb-c.h"
#include "port/blobs.h"

struct conn;
struct input;
struct node;
struct store_evidence;
struct store_upload;
struct blob_ticket;

/* The look at all content on the disk. */
struct node_strays {
	struct cy_mono next; /* when it goes on */
	bool asked;          /* a page is being listed */
	uint64_t page;       /* the next one; BLOB_PAGES: that was the last */
	uint64_t of;         /* that of which `found` is the list */
	bool stale;          /* something was destroyed since that was asked for: it is asked for once more */
	struct blob_bytes found;
	size_t at; /* digests before it are done with */
};

struct node_rest {
	struct node_strays strays;
	bool busy;              /* a content is being verified by the round */
	bool committing;        /* what was found of one is not committed yet */
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

/* After each start and then daily, once content may be destroyed that has to do with no peer alone (waiting.h): content
 * is marked that no attachment has or waits for, and no upload. */
void evidence_strays(struct node *n);
struct cy_mono evidence_strays_next(const struct node *n); /* when there is something to do by itself */
void evidence_strays_listed(struct node *n, struct blob_result *r);
void evidence_strays_free(struct node *n);
/* In a batch: a crash has left this content (it goes, unless something uses it), or, without a part, it is on the disk
 * and nothing knows it (it is marked). */
void evidence_left(struct node *n, const struct input *in);
/* In a batch, of a mark that is old enough: does its content go now? Not what an attachment has, waits for or stands
 * behind a quota with. Asked for none while a legal hold stands on evidence whose message was lost. */
bool evidence_stray_over(struct node *n, const struct store_leftover *row);
/* A client asks how the round stands, or orders one (evidence_views.c). */
void evidence_rest_asked(struct node *n, struct conn *c, uint64_t correlation, const CyCheckEvidence *r);
/* What has a flaw now, as a sentence within `text`; "": nothing. */
const char *evidence_flaws(struct node *n, char *text, size_t size);

#endif
