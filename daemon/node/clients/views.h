/* What local clients may ask, and what the files of this sub-room share to answer it. */
#ifndef CY_NODE_CLIENTS_VIEWS_H
#define CY_NODE_CLIENTS_VIEWS_H

#include "node/cases/cases.h"
#include "node/clients/clients.h"
#include "node/clients/prune.h"

/* What this sub-room keeps of a connection. */
struct subscription {
	/* The subscription; correlation 0: none. It is asked for in a batch, and begins
	 * once that is committed and answered. */
	uint64_t subscribing, subscription;
	uint64_t pushed; /* position sent last */
	char cursor[CY_KEY_MAX + 1];
};

/* What this sub-room keeps of the node. */
struct local_state {
	struct counting *counting; /* statistics that were asked for, the first under way */
	struct node_pruning pruning;
	struct {
		struct cy_mono next; /* when messages that no client has fetched are looked at; CY_NEVER: none was
				      * there, and nothing was committed since */
		struct cy_wall told; /* the last one that was told, by when it came */
		char told_id[CY_UUID_LEN + 1];
	} unread;
};

/* -------------------------------------------------------------- requests */
void submit_step(struct node *n, struct conn *c, uint64_t correlation, const CySubmit *s);
void subscribe_start(struct node *n, struct conn *c, uint64_t correlation, const CySubscribe *s);
void subscribe_acknowledge(struct node *n, struct conn *c, uint64_t correlation, const CyAcknowledgeEvents *a);
void subscribe_cursors(struct node *n, struct conn *c, uint64_t correlation, const CyListCursors *r);
void subscribe_remove(struct node *n, struct conn *c, uint64_t correlation, const CyRemoveCursor *r);
void subscribe_read(struct node *n, struct conn *c, uint64_t correlation, const CyReadEvents *r);
void views_list(struct node *n, struct conn *c, uint64_t correlation, const CyListCases *r);
void views_case(struct node *n, struct conn *c, uint64_t correlation, const CyShowCase *r);
void views_message(struct node *n, struct conn *c, uint64_t correlation, const CyShowMessage *r);
void views_status(struct node *n, struct conn *c, uint64_t correlation, const CyGetStatus *r);
void evidence_views_list(struct node *n, struct conn *c, uint64_t correlation, const CyListEvidence *r);
void evidence_views_custody(struct node *n, struct conn *c, uint64_t correlation, const CyShowCustody *r);
/* How the round that verifies evidence at rest stands; it may be ordered. */
void evidence_rest_asked(struct node *n, struct conn *c, uint64_t correlation, const CyCheckEvidence *r);
void clock_views_list(struct node *n, struct conn *c, uint64_t correlation, const CyListClocks *r);
void clock_views_explain(struct node *n, struct conn *c, uint64_t correlation, const CyExplainClock *r);
void clock_views_confirm(struct node *n, struct conn *c, uint64_t correlation, const CyConfirmTime *r);
/* It is answered later. What is to be published is asked for in a batch. */
void stats_views_free(struct node *n);
void stats_views_get(struct node *n, struct conn *c, uint64_t correlation, const CyGetStatistics *r);
/* A client has the authority sign which files are in a container. */
void container_sign(struct node *n, struct conn *c, uint64_t correlation, const CySignContainer *r);
/* An administrator orders that the content of a case is erased. */
void erase_case(struct node *n, struct conn *c, uint64_t correlation, const CyEraseCase *r);

/* ----------------------------------------------------------------- shared */
const char *views_transport(enum store_transport t); /* as clients read it */
/* Returns CY_OK with the one case that this client means by `ref`; CY_ENOENT if there is none, or if there are several,
 * and it was answered so. */
int views_named(struct node *n, struct conn *c, uint64_t correlation, const char *ref, struct case_name *ret);
/* The clocks of a case, in `a`: as many as have so many bytes. */
int clock_views_case(struct node *n, struct cy_arena *a, struct store_view view, const char *peer, const char *case_id,
		     size_t most_bytes, CyClockView ***ret_rows, size_t *ret_n, bool *ret_more);
/* The evidence of a case, in the arena; *ret_more: there are more than `most`. */
int evidence_views_case(struct node *n, struct cy_arena *a, const struct conn *c, const char *peer, const char *case_id,
			size_t most, CyEvidenceView ***ret_rows, size_t *ret_n, bool *ret_more);

/* Counts the messages that no client has fetched, for the status; with the references of the cases that this view sees.
 * Returns CY_OK, or an error if the store cannot read. */
int unread_count(struct node *n, struct store_view view, struct cy_arena *a, CyStatus *ret_status);
/* A client hands in something in this case: whoever answers has read what was there. `ret_text` tells the client what
 * of it no client had fetched; or is empty. */
int unread_answered(struct node *n, struct work_case *c, char *ret_text, size_t size);
/* How many each of these cases has, which are in order of their ids, then peers. */
int unread_mark(struct node *n, CyCaseSummary **cases, size_t n_cases);
void subscribe_retrieved(struct node *n, const char *id); /* a message of the peer was shown */
void subscribe_answered(struct node *n, const char *id);  /* something was handed in behind it */

/* Erases this message alone, with all that holds something of it. */
void erase_message(struct node *n, const struct store_message *row, struct cy_wall at, enum store_erasure why);
/* The content of a rejected message of this peer goes: others of it may be kept again. */
void erase_makes_room(struct node *n, struct peer *p, const struct store_message *row);

/* What two tables hide that overlap, their difference may tell: there is one table for a year, of all that an authority
 * asked and was asked. Returns what is wrong with this request, and in which field; NULL if nothing is. */
const char *publish_refused(struct node *n, const struct conn *c, const CyGetStatistics *r, struct cy_wall until,
			    const char **ret_field);
/* A table of this year was given out: it is given out again once the batch is committed, or refused where another
 * threshold is asked for. Returns false if none was. */
bool publish_again(struct node *n, const struct conn *c, uint64_t correlation, const char *year, uint32_t smallest);
/* A table was counted, which is copied: a batch (publish_step()) gives it out. */
void publish_counted(struct node *n, uint64_t conn, uint64_t correlation, const char *year, const CyStatistics *table);

#endif
