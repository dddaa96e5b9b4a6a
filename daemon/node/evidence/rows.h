/* What the files of this sub-room share about attachments as rows, in a batch: evidence.c keeps them, evidence_hear.c
 * has what is said of them, evidence_say.c statements and retention, evidence_own.c our own, evidence_orders.c the
 * orders of clients, orders.c those of the list, evidence_room.c the parts on the disk. */
#ifndef CY_NODE_EVIDENCE_ROWS_H
#define CY_NODE_EVIDENCE_ROWS_H

#include "audit/custody.h"
#include "node/evidence/evidence.h"
#include "node/evidence/state.h"

#define UPLOAD_KEEP_MS    (INT64_C(30) * 24 * 3600000) /* content that nobody attaches */
#define EVIDENCE_CHECK_MS 3600000                      /* between two looks at what is over */
#define EVIDENCE_SAID_MAX 500u                         /* attachments in a statement */
#define EVIDENCE_STATE_MS 5000                         /* while others are fetched, a statement waits for them */

/* Returns CY_OK with a row as the store has it, or as this batch has changed it last, in the batch's arena; CY_ENOENT
 * if there is none; or another error if the store cannot read it. */
int evidence_get(struct node *n, const char *message_id, uint32_t attachment, struct store_evidence *ret);
/* The attachments of this message have their rows now: what was said of them before, by us or the peer, holds. After
 * a restored backup a message may come back later than what speaks of it. */
int evidence_recall(struct node *n, struct work_case *c, enum store_author author, uint32_t number);
/* A link of the chain of custody. Each has a leaf of our log, which says all of it (audit/custody.h); a signed message
 * may prove it as well. */
struct evidence_link {
	const char *action; /* a constant */
	const char *by, *text;
	const char *proof; /* id of the message; "": none */
	struct cy_wall at;
	uint64_t from, to; /* bytes of a reading */
	bool counts;       /* further readings that are like it are counted in it */
};
void evidence_link(struct node *n, const struct store_evidence *row, const struct evidence_link *link);
/* Adds the leaf alone. */
void evidence_leaf(struct node *n, const struct audit_custody *said);
/* Returns what a quota refuses, within `text` or constant; NULL if none does: then the attachment may be taken on. */
const char *evidence_over_quota(struct node *n, struct work_case *c, const struct store_evidence *row, char *text,
				size_t size);
void evidence_take_on(struct node *n, struct work_case *c, const struct store_evidence *row);
/* Who has to do with a content. */
struct evidence_users {
	bool held; /* by a row, or a client's upload */
};
int evidence_users(struct node *n, const struct cy_digest *sha256, struct evidence_users *ret);
/* This attachment of ours is content that the client has handed over, or has attached before: that is a link of its
 * chain of custody, and the upload ends. */
void evidence_own(struct node *n, struct store_evidence *row, const char *client);
/* The owners that there may be have changed: the disk is shared anew. */
void evidence_share(struct node *n);
/* Whose a part is (blobs.h): of a peer ('p') or a local client ('u'). */
void evidence_owner(char kind, const char *name, char ret[static EVIDENCE_OWNER_MAX + 1]);
bool evidence_owns(const char *owner, const char *part);
/* Says into which part a content is pulled. Each peer has parts of its own: no peer profits from, learns of, or spoils
 * what another peer has sent. A peer that lies about the size or root of a content has a part of its own as well. */
void evidence_part(const char *peer, const struct blob_id *id, char ret[static BLOB_NAME_MAX + 1]);
/* What an interrupted pull has left of it is not needed any more. */
void evidence_drop_part(struct node *n, const char *peer, const struct blob_id *id);
/* An attachment with the same content, which this peer itself has delivered with an earlier message. What others have
 * delivered, and what we have sent, never counts: it would tell the peer that we hold it. */
struct evidence_before {
	char message_id[CY_UUID_LEN + 1];
	uint32_t attachment;
};
/* Returns CY_OK, or CY_ENOENT if there is none. */
int evidence_delivered_before(struct node *n, const struct store_evidence *row, struct evidence_before *ret);
/* All its bytes are here and were hashed now. */
void evidence_here(struct node *n, struct store_evidence *row);
/* The same, as it came with that message; custody will name it. */
void evidence_here_by(struct node *n, struct work_case *c, struct store_evidence *row,
		      const struct evidence_before *before);
/* Destroys contents that wait for it, one after the other. */
void evidence_sweep(struct node *n);
void evidence_gone(struct node *n, const struct cy_digest *sha256, int code);

/* An attachment of which the store learns now: was it ordered before to hold it? As when a message
 * that was lost with the disk comes back. */
void orders_remember(struct node *n, struct store_evidence *row);
/* Returns whether a legal hold stands on evidence that the store does not have; also true where the list cannot say. */
bool orders_hold_lost(struct node *n);

#endif
