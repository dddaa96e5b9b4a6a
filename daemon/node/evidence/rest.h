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

#endif
