/* Whose turn it is where there is not enough for all: credit, of which all peers together have so much, and places at
 * the evidence files. The most urgent goes first, whoever sends it; equal ones take turns. */
#include <stdlib.h>
#include <string.h>

#include "node/evidence/lane.h"
#include "node/evidence/rows.h"
#include "node/evidence/tickets.h"
#include "node/evidence/uploads.h"

struct bulk_pull *bulk_pull_of(struct peer *p, const struct xchg_pull *x)
{
	for (size_t i = 0; i < XCHG_PULLS; i++)
		if (p->bulk->pulls[i].x == x)
			return &p->bulk->pulls[i];
	return NULL;
}

/* -------------------------------------------------------------------- credit */

/* Chunks that this peer was granted and that are not stored. */
static uint64_t open_with(const struct peer *p)
{
	uint64_t open = 0;

	for (size_t i = 0; p->bulk != NULL && i < XCHG_PULLS; i++)
		if (p->bulk->puller.at[i].id != 0)
			open += p->bulk->puller.at[i].granted - p->bulk->puller.at[i].stored;
	return open;
}

/* How many more it may be granted: memory is bounded over all peers, and yet each of them gets on. */
static uint64_t may_have(const struct node *n, const struct peer *p)
{
	uint64_t open = 0;

	for (size_t i = 0; i < n->n_peers; i++)
		open += open_with(n->peers[i]);
	if (open < BULK_OPEN_MAX)
		return BULK_OPEN_MAX - open;
	return open_with(p) == 0 ? 1 : 0;
}

static int say_grant(struct node *n, struct peer *p, struct xchg_pull *x, uint32_t chunks)
{
	struct bulk_pull *pull = bulk_pull_of(p, x);
	CyBulkFrame f = CY_BULK_FRAME__INIT;
	CyCredit c = CY_CREDIT__INIT;
	CyPull first = CY_PULL__INIT;

	if (pull->asked) {
		c.pull = x->id;
		c.chunks = chunks;
		f.kind_case = CY_BULK_FRAME__KIND_CREDIT;
		f.credit = &c;
	} else {
		pull->asked = true;
		first.pull = x->id;
		first.message_id = pull->message_id;
		first.attachment = pull->attachment;
		first.sha256 = (ProtobufCBinaryData){ .data = pull->id.sha256.b, .len = CY_SHA256_LEN };
		first.first_chunk = x->arrived;
		first.credit = chunks;
		f.kind_case = CY_BULK_FRAME__KIND_PULL;
		f.pull = &first;
	}
	return bulk_send(n, p, &f);
}

static void grant(struct node *n, struct peer *p)
{
	const struct cy_mono now = n->ports.clock.mono(n->ports.clock.ctx);
	struct xchg_pull *x;
	uint32_t chunks;
	uint64_t most;

	while (p->bulk->session != 0 && n->ports.bulk.room(n->ports.bulk.ctx, p->bulk->session) &&
	       (most = may_have(n, p)) > 0 && xchg_pull_grant(&p->bulk->puller, now, &x, &chunks)) {
		if (chunks > most) {
			x->granted -= chunks - most;
			chunks = (uint32_t)most;
		}
		if (say_grant(n, p, x, chunks) < 0)
			return;
	}
}

void bulk_grant(struct node *n)
{
	for (int priority = CY_PRIORITY__EMERGENCY; priority >= 0; priority--)
		for (size_t i = 0; i < n->n_peers; i++) {
			struct peer *p = n->peers[(n->evidence->blobs_turn + i) % n->n_peers];

			if (p->bulk != NULL && p->bulk->session != 0 && xchg_pull_urgency(&p->bulk->puller) == priority)
				grant(n, p);
		}
}

/* -------------------------------------------------------------------- places */

int blob_taken(struct node *n, int code)
{
	n->evidence->blobs_full = n->evidence->blobs_full || code == CY_EAGAIN;
	return code;
}

static int append(struct node *n, struct peer *p, struct bulk_pull *pull, uint64_t chunk, struct blob_bytes data,
		  const struct cy_digest *path, size_t n_path)
{
	struct blob_port *b = &n->ports.blobs;
	struct blob_ticket *t;
	int r;

	if (n->evidence->blobs_full)
		return CY_EAGAIN;
	t = blob_take(n, BLOB_CHUNK_PULL);
	t->peer = p;
	t->session = p->bulk->session;
	t->slot = (size_t)(pull - p->bulk->pulls);
	t->number = pull->x->id;
	r = blob_taken(n, b->append(b->ctx, t->id, pull->part, chunk * CY_CHUNK, data, path, n_path));
	if (r < 0)
		blob_untake(n, t);
	return r;
}

void bulk_store(struct node *n, struct peer *p, struct bulk_pull *pull, const struct wire_chunk *c,
		struct blob_bytes data)
{
	struct bulk *b = p->bulk;
	struct bulk_late *l;

	/* Behind one that waits all others of the peer wait. */
	if (b->late == NULL && append(n, p, pull, c->chunk, data, c->path, c->n_path) != CY_EAGAIN)
		return;
	l = calloc(1, sizeof *l);
	CY_ASSERT(l != NULL);
	l->number = pull->x->id;
	l->chunk = c->chunk;
	l->data = data;
	l->n_path = c->n_path;
	memcpy(l->path, c->path, c->n_path * sizeof c->path[0]);
	*b->last_late = l;
	b->last_late = &l->next;
}

static void drop_first_late(struct bulk *b)
{
	struct bulk_late *l = b->late;

	b->late = l->next;
	if (b->late == NULL)
		b->last_late = &b->late;
	free(l);
}

/* What the first chunk that waits is of; those whose pull has ended are dropped. NULL: none waits. */
static struct bulk_pull *late_pull(struct peer *p)
{
	struct bulk *b = p->bulk;

	while (b != NULL && b->late != NULL) {
		struct xchg_pull *x = xchg_pull_find(&b->puller, b->late->number);
		struct bulk_pull *pull = x != NULL ? bulk_pull_of(p, x) : NULL;

		if (pull != NULL)
			return pull;
		blob_release(&b->late->data);
		drop_first_late(b);
	}
	return NULL;
}

static void store_late(struct node *n)
{
	while (!n->evidence->blobs_full) {
		struct bulk_pull *best = NULL, *pull;
		struct peer *of = NULL;
		struct bulk_late *l;

		for (size_t i = 0; i < n->n_peers; i++) {
			struct peer *p = n->peers[(n->evidence->blobs_turn + i) % n->n_peers];

			pull = late_pull(p);
			if (pull == NULL || (best != NULL && pull->priority <= best->priority))
				continue;
			best = pull;
			of = p;
		}
		if (best == NULL)
			return;
		l = of->bulk->late;
		if (append(n, of, best, l->chunk, l->data, l->path, l->n_path) == CY_EAGAIN)
			return;
		drop_first_late(of->bulk);
		n->evidence->blobs_turn++;
	}
}

static void push_again(struct node *n)
{
	for (size_t i = 0; i < n->n_peers; i++) {
		struct peer *p = n->peers[(n->evidence->blobs_turn + i) % n->n_peers];

		if (p->bulk != NULL && p->bulk->session != 0)
			bulk_push_chunks(n, p);
	}
}

/* Most often there is one place: each time others have the first choice. */
void bulk_turns(struct node *n)
{
	static void (*const kinds[])(struct node * n) = { store_late, push_again, upload_retry, download_retry };

	n->evidence->blobs_full = false;
	n->evidence->blobs_turn++;
	for (size_t i = 0; i < 4; i++)
		kinds[(n->evidence->blobs_kind + i) % 4](n);
	n->evidence->blobs_kind = (n->evidence->blobs_kind + 1) % 4;
}
