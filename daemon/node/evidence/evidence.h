/* Evidence: attachments as rows, what becomes of them until they are destroyed, their chain of custody, and their bytes
 * on the bulk lane, from local clients and to them. */
#ifndef CY_NODE_EVIDENCE_EVIDENCE_H
#define CY_NODE_EVIDENCE_EVIDENCE_H

#include "node/cases/cases.h"
#include "port/orders.h"

#define NODE_OVERDUE_MAX 16 /* attachments that a batch destroys */

/* ------------------------------------------------- attachments of messages */
/* The attachments of an accepted message, of ours or the peer's. `client`: who handed it in; "": it is not known. */
void evidence_attached(struct node *n, struct work_case *c, enum store_author author, const char *message_id,
		       uint32_t number, CyPriority priority, const CyContent *content, const char *client);
/* What is new of a message of ours, for what it came with. */
enum evidence_news {
	EVIDENCE_REJECTED, /* the peer has rejected it: nothing of it is fetched */
	EVIDENCE_REVIVED,  /* that does not count any more */
	EVIDENCE_LOST /* the peer had accepted it and holds it no more, as one that was restored from a backup: all of
		       * it is to be fetched once more */
};
/* Returns CY_OK, or an error if the store cannot read. */
int evidence_receipted(struct node *n, const char *peer, const char *case_id, const char *message_id,
		       enum evidence_news news);
/* The peer sends a message once more that is held: what became of its evidence is stated anew, as that may be lost. */
int evidence_said_again(struct node *n, const char *peer, const char *case_id, const char *message_id);
/* What stands against this content of ours: a legal hold, or what it calls verified never arrived. "": nothing.
 * Returns CY_OK, or an error if the store cannot read. */
int evidence_objection(struct node *n, struct work_case *c, const CyContent *content, char *text, size_t size);
/* What an accepted message says about attachments of the other side; also a message of our own that comes back. */
int evidence_heard(struct node *n, struct work_case *c, enum store_author author, const char *message_id,
		   const CyContent *content);
/* May this client say so? Faults are added. Returns CY_OK, or an error if the store cannot read. */
int evidence_check(struct node *n, const struct conn *c, const CyContent *content, struct law_faults *f);
/* What could not be stated to a peer until now can be once this batch is committed. */
void evidence_state_all(struct node *n);

/* ------------------------------------------------------------------- rows */
void evidence_put(struct node *n, const struct store_evidence *row);
/* A link of the chain of custody that is no reading. Each has a leaf of our log, which says all of it
 * (audit/custody.h); a signed message, `proof`, may prove it as well. */
void evidence_custody(struct node *n, const struct store_evidence *row, const char *action, const char *by,
		      const char *text, const char *proof, struct cy_wall at);
void evidence_event(struct node *n, const struct work_case *c, const struct store_evidence *row, CyEventType type,
		    const char *why);
/* Its state is to be stated to the peer: soon, together with others, for each statement is a
 * message of the case. */
void evidence_state_later(struct node *n, struct store_evidence *row);
/* Its content is destroyed once the batch is committed, unless another row holds it. */
void evidence_discard(struct node *n, const struct store_evidence *row);
/* Returns a copy in the arena. */
struct store_evidence evidence_copy(struct cy_arena *a, const struct store_evidence *row);
/* May this client see the attachment? Returns CY_OK with the row in the arena, or CY_ENOENT. */
int evidence_visible(struct node *n, struct cy_arena *a, const struct conn *c, const CyEvidenceRef *item,
		     struct store_evidence *ret);
/* What the parts of an owner have of the disk. */
#define EVIDENCE_OWNER_MAX 18u
struct evidence_parts {
	char owner[EVIDENCE_OWNER_MAX + 1];
	uint64_t held, reserved; /* bytes */
	int64_t since_ms;        /* UTC, of the oldest reservation; 0: there is none */
};
void evidence_of_peer(const struct node *n, const char *peer, struct evidence_parts *ret);
/* Returns what has a flaw now, as a sentence within `text`; "": nothing. */
const char *evidence_flaws(struct node *n, char *text, size_t size);
/* All evidence at rest is to be verified now. */
void evidence_round(struct node *n);
/* The round under way, or the last one since the start. */
struct evidence_verified {
	struct cy_wall began, ended; /* ended 0: it goes on */
	uint64_t contents, bytes, found;
};
struct evidence_verified evidence_last_round(const struct node *n);

/* ------------------------------------------------- what local clients ask */
void evidence_hold(struct node *n, struct conn *c, uint64_t correlation, const CyHoldEvidence *r);
void evidence_fetch(struct node *n, struct conn *c, uint64_t correlation, const CyFetchEvidence *r);
void upload_begin(struct node *n, struct conn *c, uint64_t correlation, const CyOpenUpload *o);
void upload_data(struct node *n, struct conn *c, uint64_t correlation, CyUploadData *d); /* takes the bytes out */
void upload_file(struct node *n, struct conn *c, uint64_t correlation, const CyUploadFile *f, int fd);
void upload_finish(struct node *n, struct conn *c, uint64_t correlation, const CyFinishUpload *f);
void upload_list(struct node *n, struct conn *c, uint64_t correlation, const CyListUploads *r);
void upload_drop(struct node *n, struct conn *c, uint64_t correlation, const CyDropUpload *r); /* in a batch */
void upload_gone(struct node *n, uint64_t conn);                                               /* the client has gone */
void download_get(struct node *n, struct conn *c, uint64_t correlation, const CyGetEvidence *r);
/* That it is read is on record: the first byte may leave. */
void download_begin(struct node *n, uint64_t conn, uint64_t correlation);
/* It ends before that; what is said of it is the caller's. */
void download_forget(struct node *n, uint64_t conn, uint64_t correlation);
void download_gone(struct node *n, struct conn *c); /* the client has gone */
void evidence_conn_new(struct conn *c);
void evidence_conn_free(struct conn *c);
void download_go_on(struct node *n, struct conn *c);

/* ------------------------------------------------------- inputs of a batch */
void evidence_arrived(struct node *n, struct input *in);
void evidence_read(struct node *n, struct input *in);
void evidence_destroyed(struct node *n, struct input *in);
void upload_stored(struct node *n, struct input *in);
/* All bytes of a content were read, and were what they had been or not. */
void evidence_judged(struct node *n, const struct input *in);
/* A crash has left this content (it goes, unless something uses it), or, without a part, it is on the disk and nothing
 * knows it (it is marked). */
void evidence_left(struct node *n, const struct input *in);
/* An arrival is in the batch. */
void bulk_committing(struct node *n, const struct input *in);

/* ------------------------------------------------------ stages of a batch */
void evidence_new(struct node *n);
void evidence_free(struct node *n);
/* The batch failed: of what it kept to be replayed, what is being destroyed or was verified is not settled yet. */
void evidence_replayed(struct node *n);
/* What is over is looked for now: what it waited for is over. */
void evidence_resumed(struct node *n);
/* Another configuration: all that goes by it is looked at again. */
void evidence_reconfigured(struct node *n);
/* At the end of a batch: what is over, and what is to be stated. */
void evidence_step(struct node *n);
void evidence_start(struct node *n);
void evidence_released(struct node *n); /* the contents of the batch have their rows */
void evidence_failed(struct node *n);
struct cy_mono evidence_next(const struct node *n); /* of what the step does; CY_NEVER without evidence files */
/* Quotas, or what they count, may allow more now. */
void evidence_recheck(struct node *n);
/* Return when there is something to verify, or content to look for that nothing knows. */
struct cy_mono evidence_rest_next(const struct node *n);
struct cy_mono evidence_strays_next(const struct node *n);
/* Compares the list of orders with the store. Returns CY_OK, or CY_ECONFIG if the store knows what the list does not.
 */
int orders_load(struct node *n, struct cy_error *e);
/* In a batch, before all else: obeys what the list has beyond the store. */
void orders_step(struct node *n);
struct cy_mono orders_next(const struct node *n); /* when it has something to obey */
/* In a batch: puts an order into the list. The caller obeys it in the same batch; what becomes of it
 * in a store that is restored later says obey() in orders.c. */
void orders_add(struct node *n, enum node_order_kind kind, const struct store_evidence *about, const char *by,
		const char *reason);
/* Calls `fn` with each order to erase a case that the store has, in order of number. */
int orders_erasures(struct node *n, int (*fn)(struct node *n, const struct node_order *o));

/* ----------------------------------------------------------- the bulk lane */
/* The peer is proven on this lane: its session begins, and takes the place of the one before. */
void bulk_proven(struct node *n, struct peer *p, uint64_t session, const CyHello *h);
/* Says goodbye where nothing is wrong with the peer, then closes. */
void bulk_dismiss(struct node *n, struct peer *p, enum node_goodbye bye);
void bulk_close(struct node *n, struct peer *p, const char *why);
/* Returns its session on this lane; 0 if there is none. */
uint64_t bulk_session(const struct peer *p);
/* What is at hand is done: after a batch, a wake-up, a result. */
void bulk_work(struct node *n);
/* Returns the peer whose session this is on the bulk lane; NULL if it is over. */
struct peer *bulk_peer_of(struct node *n, uint64_t session);
/* An attachment on the lane to its peer. */
struct bulk_progress {
	uint64_t sent;          /* bytes of one of ours that have left in the present session */
	bool fetching;          /* it is being fetched, */
	uint64_t here;          /* and so many bytes of it are here */
	const char *paused_why; /* it is left out for a while; NULL: it is not */
};
struct bulk_progress bulk_progress(const struct node *n, const struct peer *p, const struct store_evidence *row);
/* What moves on the lane of a peer. */
struct bulk_counts {
	uint32_t fetching, sending, paused;
	const char *why; /* of the first that is paused */
};
struct bulk_counts bulk_counts(const struct peer *p);
/* A result of the evidence files, of which all that the result owns is taken over. */
/* In two parts, for what the first one has found has its batch before the second one tells anybody, and ends the
 * ticket, which the first one returns. */
struct blob_ticket *blob_done(struct node *n, struct blob_result *r);
void blob_end(struct node *n, struct blob_ticket *t, struct blob_result *r);
void bulk_frame(struct node *n, struct peer *p, struct blob_bytes frame); /* which is taken over */
void bulk_down(struct node *n, struct peer *p, const char *why);          /* the session has ended */
/* There is a place again for bytes to be read or written: who waits has a turn. */
void bulk_turns(struct node *n);
/* Returns the next instant at which bulk_work() has something to do by itself. */
struct cy_mono bulk_next(const struct node *n);
void bulk_start(struct node *n);
void bulk_released(struct node *n);
void bulk_failed(struct node *n);
void bulk_free(struct peer *p);
/* What is to be pulled, or offered, may have changed. */
void bulk_look(struct node *n);
/* A content is left that a crash has made of an upload: it is destroyed, unless somebody has it. */
void upload_leftover(struct node *n, const char *part, const struct cy_digest *sha256);

#endif
