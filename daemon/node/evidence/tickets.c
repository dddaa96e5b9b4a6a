/* What the evidence files are asked for, and to whom each result goes; and what this sub-room keeps of the node. */
#include <stdlib.h>

#include "node/evidence/lane.h"
#include "node/evidence/rows.h"
#include "node/evidence/tickets.h"
#include "node/evidence/uploads.h"

void evidence_new(struct node *n)
{
	n->evidence = calloc(1, sizeof *n->evidence);
	CY_ASSERT(n->evidence != NULL);
}

void evidence_conn_new(struct conn *c)
{
	c->evidence = calloc(1, sizeof *c->evidence);
	CY_ASSERT(c->evidence != NULL);
}

void evidence_conn_free(struct conn *c)
{
	free(c->evidence);
}

void evidence_free(struct node *n)
{
	upload_free(n);
	evidence_strays_free(n);
	while (n->evidence->blob_tickets != NULL)
		blob_untake(n, n->evidence->blob_tickets);
	free(n->evidence);
}

struct blob_ticket *blob_take(struct node *n, enum blob_task task)
{
	struct blob_ticket *t = calloc(1, sizeof *t);

	CY_ASSERT(t != NULL);
	t->id = ++n->evidence->last_blob_ticket;
	t->task = task;
	t->next = n->evidence->blob_tickets;
	n->evidence->blob_tickets = t;
	return t;
}

void blob_untake(struct node *n, struct blob_ticket *t)
{
	struct blob_ticket **at = &n->evidence->blob_tickets;

	while (*at != t)
		at = &(*at)->next;
	*at = t->next;
	free(t);
}

struct blob_ticket *blob_done(struct node *n, struct blob_result *r)
{
	struct blob_ticket *t = n->evidence->blob_tickets;

	while (t != NULL && t->id != r->ticket)
		t = t->next;
	CY_ASSERT(t != NULL);
	switch (t->task) {
	case BLOB_OPEN_PULL:
	case BLOB_CHUNK_PULL:
	case BLOB_FINISH_PULL:
	case BLOB_VERIFY_PULL:
		bulk_pull_done(n, t, r);
		break;
	case BLOB_CHUNK_PUSH:
		bulk_push_done(n, t, r);
		break;
	case BLOB_DOUBTED:
		bulk_doubt_over(n, t, r);
		break;
	case BLOB_OPEN_UPLOAD:
	case BLOB_DATA_UPLOAD:
	case BLOB_COPY_UPLOAD:
	case BLOB_FINISH_UPLOAD:
		upload_done(n, t, r);
		break;
	case BLOB_CHUNK_GET:
	case BLOB_FILE_GET:
	case BLOB_VERIFY_GET:
		download_done(n, t, r);
		break;
	case BLOB_DESTROY:
		evidence_gone(n, &t->sha256, r->code);
		break;
	case BLOB_VERIFY_REST:
		evidence_rest_done(n, t, r);
		break;
	case BLOB_LIST:
		evidence_strays_listed(n, r);
		break;
	case BLOB_DROP:
		break;
	}
	return t;
}

void blob_end(struct node *n, struct blob_ticket *t, struct blob_result *r)
{
	if (t->task == BLOB_VERIFY_PULL)
		bulk_pull_unproven(n, t, r);
	if (r->code < 0 && t->task == BLOB_CHUNK_PUSH)
		bulk_push_refuse(n, t, r->code);
	else if (r->code < 0 && (t->task == BLOB_CHUNK_GET || t->task == BLOB_FILE_GET || t->task == BLOB_VERIFY_GET))
		download_refuse(n, t, r->code);
	blob_release(&r->data);
	if (!r->more)
		blob_untake(n, t);
}
