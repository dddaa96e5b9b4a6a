/* What this sub-room keeps of the node: the evidence files, uploads, what is to be destroyed, verified and stated. No
 * other sub-room sees it. */
#ifndef CY_NODE_EVIDENCE_STATE_H
#define CY_NODE_EVIDENCE_STATE_H

#include "base/limits.h"
#include "base/sha256.h"
#include "base/time.h"
#include "base/uuid.h"
#include "port/blobs.h"

#define NODE_UNDESTROYED_MAX 256 /* contents that are passed over because the disk does not let them go */

/* The look at all content on the disk. */
struct strays {
	struct cy_mono next; /* when it goes on */
	bool asked;          /* a page is being listed */
	uint64_t page;       /* the next one; BLOB_PAGES: that was the last */
	uint64_t of;         /* that of which `found` is the list */
	bool stale;          /* something was destroyed since that was asked for: it is asked for once more */
	struct blob_bytes found;
	size_t at; /* digests before it are done with */
};

struct rest {
	struct strays strays;
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
struct recheck {
	bool on;
	char message_id[CY_UUID_LEN + 1]; /* after this attachment */
	uint32_t attachment;
	uint64_t batch; /* that asked for it: until it is committed, what it destroys counts */
};

/* Of a connection of a local client. */
struct conn_evidence {
	bool paused; /* nothing is read from it until its evidence is written */
	/* The attachment that it gets; correlation 0: none. */
	struct {
		uint64_t correlation, offset;
		char message_id[CY_UUID_LEN + 1];
		uint32_t attachment;
		struct blob_id id;
		uint64_t from; /* where it began */
		bool as_file;
		bool recorded; /* that it is read */
		bool own;      /* the attachment is of this authority */
		bool reading;  /* a chunk, or the descriptor, is on its way; or the record of it is */
	} get;
};

struct evidence_state {
	struct blob_ticket *blob_tickets;
	uint64_t last_blob_ticket;
	uint32_t last_upload;
	struct upload *uploads;
	size_t n_uploads;
	size_t contents_finishing; /* contents that are looked for, get their name, or whose rows are not committed */
	bool blobs_full;           /* append() or read() had no place: who waits has its turn in node_blob_ready() */
	size_t blobs_turn, blobs_kind; /* which peer, and which kind of work, has the first choice */
	bool destroying;               /* a content is being destroyed */
	bool contents_to_destroy;      /* contents wait to be destroyed */
	/* Those that could not be, until the next look at what is over. */
	struct cy_digest undestroyed[NODE_UNDESTROYED_MAX];
	size_t n_undestroyed;
	struct recheck recheck;
	struct rest rest;
	struct cy_mono next_evidence;  /* the next look at what is over */
	struct cy_mono next_statement; /* CY_NEVER: nothing is unstated */
};

#endif
