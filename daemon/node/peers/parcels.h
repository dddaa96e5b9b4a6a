/* Parcels, within this room: that come in, that leave, that leave again, and that are fetched
 * back. */
#ifndef CY_NODE_PEERS_PARCELS_H
#define CY_NODE_PEERS_PARCELS_H

#include "comity/v1/peer.pb-c.h"
#include "exchange/stream.h"
#include "law/fact.h"
#include "node/core/rejections.h"
#include "port/store.h"
#include "wire/manifest.h"

struct node;
struct peer;
struct signing_request;
struct work_case;
struct fetching; /* giveback.c */

/* What a frame holds of a parcel: the messages in the order of its manifest, and for those whose
 * content was erased, which are empty, a tombstone. */
struct parcel_content {
	ProtobufCBinaryData messages[CY_PARCEL_MESSAGES_MAX];
	size_t n;
	CyTombstone *tombstones[CY_PARCEL_MESSAGES_MAX];
	size_t n_tombstones;
};

/* -------------------------------------------------------------- inbound.c */
/* `receipt`: ours, which comes with tombstones; else NULL. */
void inbound_parcel(struct node *n, struct peer *p, const CyParcel *parcel, const struct wire_text *text,
		    const struct wire_text *receipt);
/* What belongs to no case is kept apart, so that it can be shown; NULL: the store cannot read. */
struct work_case *inbound_unfiled(struct node *n, const struct peer *p, int *ret_code);
/* After cases_get(): nobody can say what a message does to the case, and nothing can be stored in one without its
 * key. */
bool inbound_is_damaged(const struct work_case *c, int code);
/* The verdict on one that is rejected, in the words of the table. */
void inbound_reject(struct wire_entry *e, enum node_rejection why);
/* For a stored parcel whose receipt is missing, or would be refused: it is signed with the verdicts
 * that are stored, and what is fetched back leaves with it in the same session. */
int inbound_make_receipt(struct node *n, struct peer *p, const struct store_parcel *row, struct fetching *fetching);
void inbound_receipt_signed(struct node *n, struct signing_request *w);

/* -------------------------------------------------------------- tombstones.c */
/* For a stored message whose content was erased; in the batch's arena. */
CyTombstone *tombstones_of(struct node *n, const struct store_message *row, uint32_t place);
/* The one for this place of the manifest, from 1; NULL: there is none. */
const CyTombstone *tombstones_at(CyTombstone *const *tombstones, size_t n, size_t place);
/* Are they in order, each for a message that is empty, and what they say well formed? And is the
 * receipt one for this very parcel? CY_EPARSE, CY_ESIGN with the sentence. */
int tombstones_check(CyTombstone *const *tombstones, size_t n, const ProtobufCBinaryData *messages,
		     const struct wire_text *parcel, const CySignedText *manifest, const struct wire_text *receipt,
		     struct cy_error *e);
/* The fact of one that was checked. */
void tombstones_fact(const CyTombstone *t, struct law_fact *ret);
/* Of an opening message: the types of its measures are the terms of its case, where that has none yet. */
void tombstones_describe(struct node *n, struct work_case *c, const CyTombstone *t);
/* One of a peer's parcel, of a message that is not held: it is kept without content, with the verdict that stands in
 * `e`, or the one that it must have here. */
int tombstones_take(struct node *n, struct peer *p, const CyTombstone *t, struct wire_entry *e, struct xchg_pos pos,
		    uint32_t index);

/* -------------------------------------------------------------- resend.c */
/* Stored parcels that the peer lacks, or has not receipted: again as they are, or never
 * again. `resent` is set when that is done. */
void resend_step(struct node *n, struct peer *p);
/* We were restored, and the peer does not hold this message, of which we hold its receipt and whose place it has gone
 * past: it lost it, and we have forgotten that. Its parcel is dissolved. < 0: the store cannot read it. */
int resend_lost(struct node *n, struct peer *p, const char *message_id);
/* The peer refuses a signature of ours. */
void resend_refused(struct node *n, struct peer *p);

/* -------------------------------------------------------------- outbound.c */
void outbound_step(struct node *n);                 /* re-send and make parcels wherever a window is open */
struct cy_mono outbound_next(const struct node *n); /* when a parcel is tried again that could not be signed */
void outbound_send(struct node *n, struct peer *p, struct xchg_pos pos, struct cy_bytes manifest,
		   struct cy_bytes signature, const struct parcel_content *content, CySignedText *receipt);
void outbound_signed(struct node *n, struct signing_request *w);
void outbound_receipt_came(struct node *n, struct peer *p, const CyReceipt *receipt, const struct wire_text *text);
/* The peer's verdict on one own message. `again`: there was one before, and this one counts where it
 * differs: the peer lost what that one stood on, and holds it so now. `doubt`: what is odd about the
 * receipt's time, or NULL. */
int outbound_apply_verdict(struct node *n, struct peer *p, const struct wire_entry *e, bool again, const char *doubt);
/* After this place of ours receipts are missing. */
struct xchg_pos outbound_resume(const struct peer *p);
bool outbound_is_position(const struct store_parcel *row, const struct peer *p, enum store_author author,
			  struct xchg_pos pos);
/* A signed text in the batch's arena, for a frame. */
CySignedText *outbound_text(struct node *n, struct cy_bytes text, struct cy_bytes signature);
/* The messages of a stored parcel of either side, whole and in the order of its
 * manifest, in the batch's arena; CY_ESTORE if one is not here as the manifest names it, CY_EDAMAGED
 * if what is here is damaged, which is told.
 * One of the peer's that was rejected as ID_REUSED is empty. */
int outbound_messages(struct node *n, enum store_author author, struct cy_bytes manifest, struct parcel_content *ret);

/* -------------------------------------------------------------- sound.c */
/* Is what is about to be given out what was signed: a message by its digest, a manifest by its own, a receipt by
 * the manifest that it names? CY_EDAMAGED, which is told (node_damaged()). */
int sound_message(struct node *n, const struct store_message *row);
int sound_parcel(struct node *n, const struct store_parcel *row);

/* -------------------------------------------------------------- expire.c */
/* Where it is time, give up what is older than delivery.undelivered_after, oldest first and of all peers: the signed
 * statements are wants of this batch. */
void expire_step(struct node *n);
void expire_start(struct node *n);
void expire_committed(struct node *n); /* something of ours may wait now */
/* When the next message may have to be given up; CY_NEVER: none of ours waited at the last look. */
struct cy_mono expire_next(const struct node *n);
void expire_signed(struct node *n, struct signing_request *w);

/* -------------------------------------------------------------- reconcile.c */
void reconcile_restored(struct node *n, struct peer *by, uint64_t highest_epoch);
void reconcile_start(struct node *n, struct peer *p);
void reconcile_heads(struct node *n, struct peer *p, const CyHeads *h);
void reconcile_fetched(struct node *n, struct peer *p, const CyFetched *f, const struct wire_text *text,
		       const struct wire_text *receipt);
void reconcile_forget(struct peer *p);
void reconcile_step(struct node *n);                 /* end the sessions in which an answer is overdue */
struct cy_mono reconcile_next(const struct node *n); /* when the next one will be */

/* -------------------------------------------------------------- verdicts.c */
/* SHA-256 over the digest and the verdict of each message that judged_messages() gives, and their number;
 * only of those whose place in their author's stream is not after `until`. */
struct verdicts {
	struct cy_digest digest;
	size_t n;
};
int verdicts_of(struct node *n, const char *peer, const char *case_id, enum store_author author, struct xchg_pos until,
		struct verdicts *ret);

/* -------------------------------------------------------------- giveback.c */
void giveback_heads(struct node *n, struct peer *p, const CyHeadsRequest *r);
void giveback_parcel(struct node *n, struct peer *p, const CyFetchRequest *r);
/* The receipt that this answer waited for is signed. */
void giveback_receipted(struct fetching *f, struct cy_bytes receipt, struct cy_bytes signature);

/* -------------------------------------------------------------- takeback.c */
/* As far as this store knows, nobody has ever seen it: it waits, or waited until
 * its age limit. A restored store may be wrong about that. What was dissolved has left. */
bool takeback_never_left(const struct store_message *row);
/* A whole parcel of ours that has come back, with the receipt for it. An error aborts the batch. */
int takeback_parcel(struct node *n, struct peer *p, const CyFetched *f, const struct wire_text *t,
		    const struct wire_text *receipt);

#endif
