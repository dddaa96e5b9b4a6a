/* What the files of this sub-room share: parcels that come in, that leave, that leave again, and that are fetched back;
 * and what a session begins with. */
#ifndef CY_NODE_PEERS_PARCELS_H
#define CY_NODE_PEERS_PARCELS_H

#include "node/cases/cases.h"
#include "node/peers/peers.h"
#include "node/peers/rejections.h"

struct fetching; /* giveback.c */

/* What is to be fetched back from a peer: first the messages of ours in a case that it holds and we do
 * not; then, where it judges those that both hold otherwise, its verdict on each. */
struct node_fetch {
	struct node_fetch *next;
	char case_id[CY_UUID_LEN + 1];
	bool lost;             /* it holds messages above `after` */
	uint32_t after, yours; /* and is said to hold them up to `yours` */
	bool compares;         /* the digest of its verdicts is known */
	struct cy_digest verdicts;
	char message_id[CY_UUID_LEN + 1]; /* not "": the verdict on this one is asked for, and no more */
};

#define NODE_LANES 2 /* of enum wire_lane */

/* The session proof of a peer, as it came. */
struct node_proof {
	struct cy_buf text, signature;
};

/* What this sub-room keeps of a peer. */
struct exchange_peer {
	/* The session, or the last one. */
	uint32_t hello_features; /* bits of enum node_feature that its Hello named; stream.features once its State came
				  */
	struct node_proof proof[NODE_LANES]; /* of its present session, or of the last one */
	uint64_t proving[NODE_LANES];        /* ticket of a proof of ours for it that is being signed; 0: none */
	uint32_t their_window;               /* as its Hello says */
	uint8_t instances[4][16];            /* the latest first; all zero: none */

	/* Parcels. */
	struct xchg_sender sender;
	bool resent; /* all stored parcels that the peer lacks were sent again */

	/* What is fetched back. */
	bool fetches_back;                 /* as its State says: it was restored */
	struct node_fetch *fetches;        /* of one page of heads */
	char heads_after[CY_UUID_LEN + 1]; /* where the next page begins */
	bool heads_last;                   /* there is none */
	uint32_t heads_n;                  /* that have come, in all pages */
	struct cy_mono answer_by;          /* to what was asked last; CY_NEVER: nothing is asked */
	bool lacks;                        /* of what it holds of ours something cannot come back: it is damaged */

	/* The treaty profiles that its last State named. */
	struct cy_arena profiles_arena;
	struct node_profile {
		const char *instrument, *version;
		struct cy_digest digest;
		bool asked;
	} * profiles;
	size_t n_profiles;
	bool profiles_known;
};

/* What this sub-room keeps of the node. */
struct exchange_state {
	struct greeting *greetings; /* connections that are not proven (greet.c) */
	/* When messages that nobody has received are looked at; CY_NEVER: none waited at the last look, and nothing was
	 * committed since. */
	struct cy_mono next_expiry;
};

/* What a frame holds of a parcel: the messages in the order of its manifest, and for those whose
 * content was erased, which are empty, a tombstone. */
struct parcel_content {
	ProtobufCBinaryData messages[CY_PARCEL_MESSAGES_MAX];
	size_t n;
	CyTombstone *tombstones[CY_PARCEL_MESSAGES_MAX];
	size_t n_tombstones;
};

/* -------------------------------------------------------------- greet.c */
void node_proof_free(struct node_proof *p);
/* Returns the features that a Hello names, as bits of enum node_feature. */
uint32_t greet_features(const CyHello *h);

/* -------------------------------------------------------------- session.c */
/* The peer is proven: its session begins, and takes the place of the one before. */
void session_proven(struct node *n, struct peer *p, uint64_t session, const CyHello *h);

/* -------------------------------------------------------------- profiles.c */
/* Returns the profiles in use, for our State; in the batch's arena. */
CyProfileDigest **profiles_list(struct node *n, size_t *ret_n);
/* What the peer's State names: the text of what differs is asked for. */
void profiles_named(struct node *n, struct peer *p, const CyState *st);

/* ----------------------------------------------------------------- made.c */
/* Returns what is odd about the time that the peer signed, in the batch's arena; NULL if nothing is. The operator is
 * told as well. To be called before the row of the parcel, the next one of its stream, is written. */
const char *made_parcel(struct node *n, const struct peer *p, const struct wire_text *t);
/* The same about the instant at which a message of the peer says that it was written, beside the `made` of its parcel
 * and what its author had seen. */
const char *made_dated(struct node *n, const struct peer *p, const CyMessage *m, const struct work_case *c,
		       struct cy_wall made);
/* The same about the time of a receipt; `parcel`: the `made` of our parcel that it answers. */
const char *made_receipt(struct node *n, const struct peer *p, const struct wire_text *t, struct cy_wall parcel);

/* -------------------------------------------------------------- inbound.c */
/* Returns the case that stands for messages that belong to no case, which are kept apart so that they can be shown;
 * NULL if the store cannot read. */
struct work_case *inbound_unfiled(struct node *n, const struct peer *p, int *ret_code);
/* Returns, after cases_get(), whether the case is damaged: nobody can say what a message does to the case, and nothing
 * can be stored in one without its key. */
bool inbound_is_damaged(const struct work_case *c, int code);
/* Makes the verdict on a message that is rejected, in the words of the table. */
void inbound_reject(struct wire_entry *e, enum node_rejection why);
/* Has the receipt signed for a stored parcel whose receipt is missing, or would be refused: with the verdicts that are
 * stored. What is fetched back leaves with it in the same session. Returns CY_OK, or an error if the store cannot read.
 */
int inbound_make_receipt(struct node *n, struct peer *p, const struct store_parcel *row, struct fetching *fetching);

/* -------------------------------------------------------------- tombstones.c */
/* Returns the tombstone of a stored message whose content was erased, in the batch's arena. */
CyTombstone *tombstones_of(struct node *n, const struct store_message *row, uint32_t place);
/* Makes the fact of a tombstone that was checked. */
void tombstones_fact(const CyTombstone *t, struct law_fact *ret);
/* Of an opening message: the types of its measures are the terms of its case, where that has none yet. */
void tombstones_describe(struct node *n, struct work_case *c, const CyTombstone *t);
/* Takes a tombstone of a peer's parcel, for a message that is not held: the message is kept without content, with the
 * verdict that stands in `e`, or the verdict that it must have here. Returns CY_OK, or an error if the store cannot
 * read. */
int tombstones_take(struct node *n, struct peer *p, const CyTombstone *t, struct wire_entry *e, struct xchg_pos pos,
		    uint32_t index);

/* -------------------------------------------------------------- resend.c */
/* Sends stored parcels that the peer lacks, or for which it has sent no receipt, once more as they are, or dissolves
 * them. `resent` is set when that is done. */
void resend_step(struct node *n, struct peer *p);
/* We were restored, and the peer does not hold this message, of which we hold its receipt and whose place it has gone
 * past: the peer lost it, and we have forgotten that. Its parcel is dissolved. Returns CY_OK, or an error if the store
 * cannot read it. */
int resend_lost(struct node *n, struct peer *p, const char *message_id);

/* -------------------------------------------------------------- outbound.c */
void outbound_send(struct node *n, struct peer *p, struct xchg_pos pos, struct cy_bytes manifest,
		   struct cy_bytes signature, const struct parcel_content *content, CySignedText *receipt);
/* Takes the peer's verdict on one message of ours. `again`: there was a verdict before, and this one counts where it
 * differs: the peer lost what the earlier verdict stood on, and judges so now. `doubt`: what is odd about the receipt's
 * time; NULL: nothing. Returns CY_OK; CY_ENOENT if we have said no such message; or an error if the store cannot read.
 */
int outbound_apply_verdict(struct node *n, struct peer *p, const struct wire_entry *e, bool again, const char *doubt);
/* Returns the place of ours after which receipts are missing. */
struct xchg_pos outbound_resume(const struct peer *p);
bool outbound_is_position(const struct store_parcel *row, const struct peer *p, enum store_author author,
			  struct xchg_pos pos);
/* Returns a signed text in the batch's arena, for a frame. */
CySignedText *outbound_text(struct node *n, struct cy_bytes text, struct cy_bytes signature);
/* Reads the messages of a stored parcel of either side, whole and in the order of its manifest, into the batch's arena.
 * A message of the peer that was rejected as ID_REUSED is empty. Returns CY_OK; CY_ESTORE if a message is not here as
 * the manifest names it; or CY_EDAMAGED if what is here is damaged, which is told. */
int outbound_messages(struct node *n, enum store_author author, struct cy_bytes manifest, struct parcel_content *ret);

/* -------------------------------------------------------------- reconcile.c */
/* A peer has proved that this store was restored: it begins a new epoch, above all that the peer knows. */
void reconcile_restored(struct node *n, struct peer *by, uint64_t highest_epoch);
/* Asks the peer for the heads of the cases that both share: what it holds of ours and we lack is fetched back. */
void reconcile_start(struct node *n, struct peer *p);
/* Forgets what was still to be fetched back. */
void reconcile_forget(struct peer *p);

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
/* The receipt that this answer waited for is signed. */
void giveback_receipted(struct fetching *f, struct cy_bytes receipt, struct cy_bytes signature);

/* -------------------------------------------------------------- takeback.c */
/* Returns whether nobody has ever seen this message, as far as this store knows: it waits, or waited until
 * its age limit. A restored store may be wrong about that. What was dissolved has left. */
bool takeback_never_left(const struct store_message *row);
/* Takes a whole parcel of ours that has come back, with the receipt for it. An error aborts the batch. */
int takeback_parcel(struct node *n, struct peer *p, const CyFetched *f, const struct wire_text *t,
		    const struct wire_text *receipt);

#endif
