/* Which peer or client is meant: by its id, its session or its connection; and what a client may see. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/guess.h"
#include "node/core/core.h"

static int load_stream(void *arg, const struct store_stream *row)
{
	struct peer *p = arg;

	p->stream = *row;
	p->stream.peer = p->id;
	p->head_text.len = p->head_signature.len = 0;
	if (cy_buf_add(&p->head_text, row->head_text.data, row->head_text.len) < 0 ||
	    cy_buf_add(&p->head_signature, row->head_signature.data, row->head_signature.len) < 0)
		return CY_ENOMEM;
	p->stream.head_text = cy_buf_view(&p->head_text);
	p->stream.head_signature = cy_buf_view(&p->head_signature);
	p->stored = true;
	return CY_OK;
}

int node_load_peer(struct node *n, struct peer *p, struct cy_error *e)
{
	struct store_port *s = &n->ports.store;
	int r;

	p->stream = (struct store_stream){ .peer = p->id, .out_epoch = n->epoch, .receipted_epoch = n->epoch };
	p->stored = false;
	p->waiting = true;
	r = s->stream(s->ctx, p->id, load_stream, p);
	if (r < 0 && r != CY_ENOENT)
		return cy_fail(e, r, "the stream with %s cannot be read: %s", p->id, cy_strerror(r));
	return CY_OK;
}

static struct peer *find_peer(struct node *n, const char *id)
{
	for (size_t i = 0; i < n->n_peers; i++)
		if (strcmp(n->peers[i]->id, id) == 0)
			return n->peers[i];
	return NULL;
}

/* A peer that there is no place for yet. No batch under way can know its stream. */
static int add_peer(struct node *n, const char *id, struct peer **ret_peer, struct cy_error *e)
{
	struct peer *p = calloc(1, sizeof *p), **larger;
	int r;

	if (p == NULL)
		return cy_fail(e, CY_ENOMEM, "out of memory");
	p->head_text = CY_BUF(CY_MANIFEST_MAX);
	p->head_signature = CY_BUF(CY_SIGNATURE_MAX);
	p->since = node_now(n);
	p->index = n->n_peers;
	if (cy_copy(p->id, sizeof p->id, id) < 0)
		r = cy_fail(e, CY_ECONFIG, "the id of a peer is too long");
	else
		r = node_load_peer(n, p, e);
	larger = r == CY_OK ? realloc(n->peers, (n->n_peers + 1) * sizeof(struct peer *)) : NULL;
	if (larger == NULL) {
		cy_buf_free(&p->head_text);
		cy_buf_free(&p->head_signature);
		free(p);
		return r < 0 ? r : cy_fail(e, CY_ENOMEM, "out of memory");
	}
	n->peers = larger;
	n->peers[n->n_peers++] = p;
	n->peer_new(p);
	*ret_peer = p;
	return CY_OK;
}

struct peer *node_peer(struct node *n, const char *id)
{
	struct peer *p = find_peer(n, id);

	return p != NULL && p->configured ? p : NULL;
}

int node_make_peer(struct node *n, const char *id, struct peer **ret_peer, struct cy_error *e)
{
	*ret_peer = find_peer(n, id);
	return *ret_peer != NULL ? CY_OK : add_peer(n, id, ret_peer, e);
}

struct peer *node_peer_ever(struct node *n, const char *id)
{
	struct peer *p;

	return node_make_peer(n, id, &p, NULL) == CY_OK ? p : NULL;
}

static int remember(void *arg, const struct store_stream *row)
{
	return node_peer_ever(arg, row->peer) != NULL ? CY_OK : CY_ESTORE;
}

int node_peers_ever(struct node *n)
{
	return n->ports.store.streams(n->ports.store.ctx, remember, n);
}

struct peer *node_peer_of_session(struct node *n, uint64_t session)
{
	for (size_t i = 0; i < n->n_peers; i++)
		if (n->peers[i]->session == session && session != 0)
			return n->peers[i];
	return NULL;
}

bool node_is_peer(struct node *n, const char *id, char ret_text[static NODE_NO_PEER])
{
	const struct peer *p = find_peer(n, id);
	struct cy_guess guess = CY_GUESS(id);
	char meant[CY_GUESS_TEXT];

	if (id[0] == '\0' || (p != NULL && (p->configured || p->stored)))
		return true;
	for (size_t i = 0; i < n->n_peers; i++)
		if (n->peers[i]->configured)
			cy_guess_offer(&guess, n->peers[i]->id);
	snprintf(ret_text, NODE_NO_PEER, "comityctl peer list shows the peers, and '%.*s' is not a peer%s",
		 (int)CY_AUTHORITY_MAX, id, cy_guess_text(&guess, meant));
	return false;
}

struct conn *node_conn(struct node *n, uint64_t id)
{
	for (struct conn *c = n->conns; c != NULL; c = c->next)
		if (c->id == id)
			return c;
	return NULL;
}

struct store_view local_view(const struct conn *c)
{
	bool own_only = c->client->role == CY_ROLE__SUBMITTER && !c->client->sees_all;

	return (struct store_view){ .client = own_only ? c->client->name : NULL };
}

bool node_is_read(const struct node *n)
{
	for (size_t i = 0; i < n->config.n_clients; i++)
		if (n->clients[i].role == CY_ROLE__SUBMITTER && n->clients[i].sees_all)
			return true;
	return false;
}

bool node_names_peer(struct node *n, const struct conn *c, uint64_t correlation, const char *id)
{
	char text[NODE_NO_PEER];
	const bool is = node_is_peer(n, id, text);

	if (!is)
		local_error(n, c->id, correlation, CY_ERROR_CODE__NOT_FOUND, "peer", "%s", text);
	return is;
}
