/* What the files of this sub-room ask of the evidence files, each under a ticket by which its result is known
 * (tickets.c); and evidence at rest: its bytes on our disk are verified from time to time, and what is found spoilt or
 * missing is marked, told, and fetched again (evidence_rest.c). Content that nothing knows is found and destroyed
 * (evidence_strays.c). */
#ifndef CY_NODE_EVIDENCE_TICKETS_H
#define CY_NODE_EVIDENCE_TICKETS_H

#include "node/evidence/evidence.h"
#include "node/evidence/state.h"

enum blob_task {
	BLOB_OPEN_PULL,
	BLOB_CHUNK_PULL,
	BLOB_FINISH_PULL,
	BLOB_DROP,
	BLOB_CHUNK_PUSH,
	BLOB_DOUBTED,
	BLOB_OPEN_UPLOAD,
	BLOB_DATA_UPLOAD,
	BLOB_COPY_UPLOAD,
	BLOB_FINISH_UPLOAD,
	BLOB_CHUNK_GET,
	BLOB_FILE_GET,
	BLOB_DESTROY,
	BLOB_VERIFY_PULL,
	BLOB_VERIFY_GET,
	BLOB_VERIFY_REST,
	BLOB_LIST
};

struct blob_ticket {
	struct blob_ticket *next;
	uint64_t id;
	enum blob_task task;
	struct peer *peer; /* of a pull or push */
	uint64_t session;
	size_t slot;                /* in the puller or pusher */
	uint32_t number;            /* of the pull */
	uint64_t conn, correlation; /* of a local client */
	struct cy_digest sha256;    /* what is destroyed, pushed, or verified */
	uint64_t size;              /* of what the round verifies */
};

/* Returns a new ticket with its number; the port's function is called with it at once, and blob_untake() takes it back
 * if that failed. */
struct blob_ticket *blob_take(struct node *n, enum blob_task task);
void blob_untake(struct node *n, struct blob_ticket *t);

/* All bytes of this content were read. `code`: CY_OK, they are what they were; CY_ESIGN, they are not; CY_ENOENT, there
 * is no such file any more; any other code says nothing. This becomes an input. */
void evidence_found(struct node *n, const struct cy_digest *sha256, int code);
/* In a batch: it is verified as soon as possible, and until then nobody is told that it is here. */
void evidence_unverified(struct node *n, struct store_evidence *row);
/* In a batch: this content was hashed as it came from `by`; ours that was spoilt is good again. */
void evidence_mended(struct node *n, const struct blob_id *id, const char *by);

/* What is due is verified, one content after the other. */
void evidence_rest(struct node *n);
void evidence_rest_done(struct node *n, const struct blob_ticket *t, const struct blob_result *r);

/* After each start and then daily, once content may be destroyed that has to do with no peer alone (waiting.h): content
 * is marked that no attachment has or waits for, and no upload. */
void evidence_strays(struct node *n);
void evidence_strays_free(struct node *n);
void evidence_strays_listed(struct node *n, struct blob_result *r);
/* In a batch, of a mark that is old enough: does its content go now? Not what an attachment has, waits for or stands
 * behind a quota with. Asked for none while a legal hold stands on evidence whose message was lost. */
bool evidence_stray_over(struct node *n, const struct store_leftover *row);
#endif
