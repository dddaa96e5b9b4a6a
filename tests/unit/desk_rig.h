/* Beside greet_rig.h: rows that were in the store before the test began, and what local clients ask. */
#ifndef DESK_RIG_H
#define DESK_RIG_H

#include "greet_rig.h"
#include "law/fact.h"

#define DESK "desk"
#define DAY  INT64_C(86400000)

/* ----------------------------------------------------------------------- the store */

/* A write of *w, which is made when it is NULL; mem_store_apply() takes it over. */
struct store_write *row(struct store_writeset **w, enum store_op op);
/* In which we are the requested side. */
struct store_case *put_case(struct store_writeset **w, const char *peer, const char *case_id);
/* RELAYED, with this fact, of its side. */
struct store_message *put_message(struct store_writeset **w, const char *peer, const char *case_id, const char *id,
				  const struct law_fact *fact);

enum way {
	NEVER_LEFT,
	UNANSWERED,
	LEAVES_AGAIN
};

/* A case with `n` notes of ours, each a minute younger than the one before: CASE_ID-0001, and so on. */
void put_own(struct store_writeset **w, const char *peer, const char *case_id, unsigned n, int64_t first_ms,
	     enum way way);

/* A case of PEER that it has opened, with so many notes of ours that have never left. */
void put_open_case(struct store_writeset **w, const char *case_id, unsigned notes);

/* ----------------------------------------------------------------------- the clients */

/* With correlation 7. */
void desk_ask(struct rig *r, uint64_t conn, CyClientFrame *f);
/* Hand in a Submission as JSON, in a case of PEER. */
void desk_submit(struct rig *r, uint64_t conn, const char *case_id, CyPriority priority, const char *json);

/* ------------------------------------------------------------------------- the peer */

/* Its receipt for this parcel of ours, without rejections, that states `parcel` as its digest. */
void desk_receipt(struct rig *r, const struct line *l, const struct store_parcel *row, const struct cy_digest *parcel);
/* The next parcel of the peer, in the epoch START_MS, with one message in a case in which it is the
 * requested side, or with `asks` the requesting one. It has seen our messages up to `seen`. Returns the
 * id of the message. */
struct cy_uuid desk_parcel(struct rig *r, const struct line *l, const char *case_id, uint32_t number, uint32_t seen,
			   bool asks, CyContent *content);
/* The same with a note that has seen nothing of ours. */
struct cy_uuid desk_parcel_note(struct rig *r, const struct line *l, const char *case_id, uint32_t number, bool asks);

/* A page of its heads, for a side that was restored: a case in which it holds so many messages of ours. */
void desk_heads(struct rig *r, const struct line *l, const char *case_id, uint32_t yours, bool last);
/* A message of ours that a restored store has lost, of the requested side of a case of PEER. To be freed. */
struct cy_buf desk_lost_message(const char *id, const char *case_id, uint32_t number, uint32_t seen,
				CyContent *content);
/* A parcel of ours with one message, and the peer's receipt for it; `t`: it has the message erased since. */
void desk_gives_back(struct rig *r, const struct line *l, const char *case_id, const char *id, struct cy_bytes message,
		     CyTombstone *t);
/* The manifest of a parcel with one message, and the receipt of its receiver; their texts are to be freed. */
void desk_seal_both(struct wire_text *t, const char *from, const char *to, const char *id, struct cy_bytes message,
		    struct sealed *manifest, struct sealed *receipt);

#endif
