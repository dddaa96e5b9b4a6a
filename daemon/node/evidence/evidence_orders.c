/* What local clients order about an attachment: a legal hold and its end, and that its bytes are
 * fetched again. Each order is a link of the chain of custody. */
#include <string.h>

#include "node/evidence/lane.h"
#include "node/evidence/rows.h"

/* What is ordered for, and why; false: it was answered that this cannot be. */
static bool ordered(struct node *n, struct conn *c, uint64_t correlation, const CyEvidenceRef *item, const char *reason,
		    struct store_evidence *ret)
{
	struct store_evidence row;
	int code = item != NULL ? evidence_visible(n, &n->batch.arena, c, item, &row) : CY_ENOENT;

	if (code == CY_OK)
		code = evidence_get(n, row.message_id, row.attachment, ret);
	if (code < 0)
		batch_error(n, c->id, correlation,
			    code == CY_ENOENT ? CY_ERROR_CODE__NOT_FOUND : local_unread_code(code), "item",
			    code == CY_ENOENT ? "this client has no such attachment whose bytes travel on the bulk lane"
					      : local_unread_text(code));
	else if (reason[0] == '\0' || strlen(reason) > CY_REASON_MAX)
		batch_error(n, c->id, correlation, CY_ERROR_CODE__INVALID, "reason",
			    "a reason of 1 to 255 bytes is mandatory: it stands in the chain of custody");
	else
		return true;
	return false;
}

static void done(struct node *n, const struct conn *c, uint64_t correlation, const char *text)
{
	CyServerFrame f = CY_SERVER_FRAME__INIT;
	CyDone done = CY_DONE__INIT;

	done.text = (char *)(uintptr_t)text;
	f.kind_case = CY_SERVER_FRAME__KIND_DONE;
	f.done = &done;
	batch_reply(n, c->id, correlation, &f);
}

void evidence_hold(struct node *n, struct conn *c, uint64_t correlation, const CyHoldEvidence *r)
{
	struct store_evidence row;

	if (!ordered(n, c, correlation, r->item, r->reason, &row))
		return;
	if (row.author == STORE_PEER ? row.state == STORE_EVIDENCE_DESTROYED : row.deleted) {
		batch_error(n, c->id, correlation, CY_ERROR_CODE__REFUSED_BY_LIFE_CYCLE, "item",
			    row.author == STORE_PEER ? "the attachment was destroyed: there is nothing to hold"
						     : "our copy was deleted: there is nothing to hold");
		return;
	}
	if (row.legal_hold != r->hold) {
		row.legal_hold = r->hold;
		orders_add(n, r->hold ? NODE_ORDER_HOLD : NODE_ORDER_RELEASE, &row, c->client->name, r->reason);
		evidence_put(n, &row);
		evidence_custody(n, &row, r->hold ? "held" : "released", c->client->name, r->reason, "",
				 node_legal_now(n));
	}
	done(n, c, correlation, "");
}

void evidence_fetch(struct node *n, struct conn *c, uint64_t correlation, const CyFetchEvidence *r)
{
	struct store_evidence row;
	char text[256] = "it is fetched again";

	if (!ordered(n, c, correlation, r->item, r->reason, &row))
		return;
	if (row.author == STORE_OWN || (row.state != STORE_EVIDENCE_HERE && row.state != STORE_EVIDENCE_WAITING)) {
		batch_error(n, c->id, correlation, CY_ERROR_CODE__REFUSED_BY_LIFE_CYCLE, "item",
			    row.author == STORE_OWN ? "the attachment is our own: put its content once more instead"
						    : "the attachment was held back, thrown away or destroyed: there "
						      "is nothing to fetch again");
		return;
	}
	if (row.state == STORE_EVIDENCE_HERE) {
		row.state = STORE_EVIDENCE_WAITING;
		row.send_always = true;
		evidence_state_later(n, &row);
		evidence_put(n, &row);
		evidence_custody(n, &row, "fetched", c->client->name, r->reason, "", node_legal_now(n));
	} else {
		bulk_hurry(n, &row, text, sizeof text);
	}
	done(n, c, correlation, text);
}
