/* What the bulk lane and the evidence files tell the node. */
#include "node/cases/cases.h"
#include "node/clients/clients.h"
#include "node/driver/driver.h"
#include "node/evidence/evidence.h"
#include "node/evidence/lane.h"
#include "node/evidence/rows.h"
#include "node/evidence/tickets.h"
#include "node/evidence/uploads.h"
#include "node/node.h"
#include "node/peers/peers.h"

void node_bulk_up(struct node *n, const char *peer, uint64_t session, const struct link_connection *on)
{
	struct peer *p = node_peer(n, peer);

	if (p == NULL || n->stopping || n->ports.blobs.ctx == NULL)
		n->ports.bulk.close(n->ports.bulk.ctx, session,
				    p == NULL ? "this peer is not configured"
					      : "the daemon stops, or keeps no evidence");
	else
		greet_begin(n, p, session, WIRE_BULK, on);
}

void node_bulk_down(struct node *n, uint64_t session, const char *why)
{
	struct peer *p = bulk_peer_of(n, session);

	if (p == NULL)
		greet_over(n, session, why);
	else
		bulk_down(n, p, why);
	batch_go(n);
}

/* What has happened has its batch before more is begun. */
static void work(struct node *n)
{
	batch_go(n);
	bulk_work(n);
	batch_go(n);
}

void node_bulk_frame(struct node *n, uint64_t session, struct blob_bytes frame)
{
	struct peer *p = bulk_peer_of(n, session);

	if (n->stopping || greet_frame(n, session, cy_bytes(frame.data, frame.len)) || p == NULL) {
		blob_release(&frame);
		batch_go(n);
		return;
	}
	bulk_frame(n, p, frame);
	work(n);
}

void node_bulk_writable(struct node *n, uint64_t session)
{
	if (bulk_peer_of(n, session) != NULL)
		work(n);
}

void node_blob_done(struct node *n, struct blob_result *r)
{
	struct blob_ticket *t = n->blob_tickets;

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
	blob_release(&r->data);
	if (!r->more)
		blob_untake(n, t);
	work(n);
}

void node_blob_ready(struct node *n)
{
	bulk_turns(n);
	work(n);
}

void node_blob_left(struct node *n, const char *part, const struct cy_digest *sha256)
{
	upload_leftover(n, part, sha256);
	batch_go(n);
}
