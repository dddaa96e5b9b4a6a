/* The exchange with peers over the messages' lane: greetings and sessions, parcels that come and leave, receipts, what
 * is given up, and what is given back after a restore. */
#ifndef CY_NODE_PEERS_PEERS_H
#define CY_NODE_PEERS_PEERS_H

#include "node/core/core.h"

struct wire_text;

/* ------------------------------------------------- connections and sessions */
/* A connection that TLS takes for this peer's. */
void greet_begin(struct node *n, struct peer *p, uint64_t session, enum wire_lane lane,
		 const struct link_connection *on);
/* Return false if no greeting is under way on this session, or if the ticket is none of a greeting. */
bool greet_frame(struct node *n, uint64_t session, struct cy_bytes bytes);
bool greet_signed(struct node *n, uint64_t ticket, int code, struct cy_bytes signature);
/* The connection has ended, if it is one that is not proven. */
void greet_over(struct node *n, uint64_t session, const char *why);
/* Closes the connections of this peer that are not proven; NULL: of all peers. */
void greet_dismiss(struct node *n, const struct peer *p, enum node_goodbye bye);
void greet_new(struct node *n);
void greet_free(struct node *n);
void greet_peer_free(struct peer *p);

void session_up(struct node *n, struct peer *p);
void session_compose_state(struct node *n, struct signing_request *w);
void session_state(struct node *n, struct peer *p, const CyState *st, const struct wire_text *head);
/* Says goodbye, and ends the session: outside a batch, when nothing of what the peer sent was kept; `more` is said in
 * the place of the words, NULL: there is no more to say. */
void session_refuse(struct node *n, struct peer *p, enum node_level level, enum node_goodbye bye, const char *more);
void session_dismiss(struct node *n, struct peer *p, enum node_goodbye bye);
/* The same with the effects of the batch. */
void session_goodbye(struct node *n, struct peer *p, enum node_goodbye bye);

/* ---------------------------------------------------------------- profiles */
void profiles_asked(struct node *n, struct peer *p, const CyProfileRequest *r);
void profiles_told(struct node *n, struct peer *p, const CyProfile *f);
/* Returns how many profiles that both sides have differ. */
uint32_t profiles_different(const struct node *n, const struct peer *p);
void profiles_compare(struct node *n, struct conn *c, uint64_t correlation, const CyCompareProfiles *r);

/* ----------------------------------------------------------------- parcels */
/* `receipt`: ours, which comes with tombstones; NULL: there are none. */
void inbound_parcel(struct node *n, struct peer *p, const CyParcel *parcel, const struct wire_text *text,
		    const struct wire_text *receipt);
void inbound_receipt_signed(struct node *n, struct signing_request *w);

/* Returns the tombstone for this place of the manifest, from 1; NULL if there is none. */
const CyTombstone *tombstones_at(CyTombstone *const *tombstones, size_t n, size_t place);
/* Are they in order, each for a message that is empty, and what they say well formed? And is the receipt one for this
 * very parcel? Returns CY_OK, or CY_EPARSE or CY_ESIGN with the sentence. */
int tombstones_check(CyTombstone *const *tombstones, size_t n, const ProtobufCBinaryData *messages,
		     const struct wire_text *parcel, const CySignedText *manifest, const struct wire_text *receipt,
		     struct cy_error *e);

/* Sends again and makes parcels wherever a window is open. */
void outbound_step(struct node *n);
/* Returns when a parcel is tried again that could not be signed. */
struct cy_mono outbound_next(const struct node *n);
void outbound_signed(struct node *n, struct signing_request *w);
void outbound_receipt_came(struct node *n, struct peer *p, const CyReceipt *receipt, const struct wire_text *text);
/* The peer refuses a signature of ours. */
void resend_refused(struct node *n, struct peer *p);

/* Where it is time, gives up what is older than delivery.undelivered_after, oldest first and of all peers: the
 * statements are signing requests of this batch. */
void expire_step(struct node *n);
void expire_start(struct node *n);
/* What is over is looked for now: what it waited for is over, or the configuration is another. */
void expire_resumed(struct node *n);
/* Something of ours may wait now. */
void expire_committed(struct node *n);
/* Returns when the next message may have to be given up; CY_NEVER if none of ours waited at the last look. */
struct cy_mono expire_next(const struct node *n);
void expire_signed(struct node *n, struct signing_request *w);

/* ----------------------------------------------------------- after a restore */
void giveback_heads(struct node *n, struct peer *p, const CyHeadsRequest *r);
void giveback_parcel(struct node *n, struct peer *p, const CyFetchRequest *r);
void reconcile_heads(struct node *n, struct peer *p, const CyHeads *h);
void reconcile_fetched(struct node *n, struct peer *p, const CyFetched *f, const struct wire_text *text,
		       const struct wire_text *receipt);
/* Ends the sessions in which an answer is overdue. */
void reconcile_step(struct node *n);
/* Returns when the next answer will be. */
struct cy_mono reconcile_next(const struct node *n);

/* ------------------------------------------------- times that a peer signed */
/* What is odd about the date of a message that is here, for people who look at its case. */
struct made_date {
	int64_t created_ms;
	uint32_t seen; /* what its author had seen of ours */
	struct cy_wall made;
	const struct law_fact *facts; /* of the case */
	size_t n;
	CySide own; /* our side of it */
};
/* Returns whether there is something, with the sentence. */
bool made_doubts(const struct made_date *d, char text[static CY_REASON_MAX + 1]);

#endif
