/* What the bulk lane and the evidence files tell the node. */
#include "node/driver/driver.h"
#include "node/evidence/evidence.h"
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
	struct blob_ticket *t = blob_done(n, r);

	batch_go(n); /* what was found has its batch before anybody is told of it */
	blob_end(n, t, r);
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
