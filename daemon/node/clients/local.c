/* Local clients: connections, hello, and what becomes of each frame (the table of requests: requests.c). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/clients/requests.h"
#include "node/clients/views.h"
#include "node/evidence/evidence.h"
#include "wire/message.h"

void local_may_be(struct conn *c, const size_t *allowed, size_t n_allowed)
{
	free(c->allowed);
	c->allowed = calloc(n_allowed + 1, sizeof *c->allowed);
	CY_ASSERT(c->allowed != NULL);
	if (n_allowed > 0)
		memcpy(c->allowed, allowed, n_allowed * sizeof *allowed);
	c->n_allowed = n_allowed;
}

static void conn_free(struct conn *c)
{
	evidence_conn_free(c);
	free(c->sub);
	free(c->allowed);
	free(c);
}

void local_new(struct node *n)
{
	n->local = calloc(1, sizeof *n->local);
	CY_ASSERT(n->local != NULL);
}

void local_free(struct node *n)
{
	stats_views_free(n);
	for (struct conn *c = n->conns, *next; c != NULL; c = next) {
		next = c->next;
		conn_free(c);
	}
	free(n->local);
}

void local_up(struct node *n, uint64_t conn, const size_t *allowed, size_t n_allowed)
{
	struct conn *c = calloc(1, sizeof *c);

	CY_ASSERT(c != NULL);
	c->sub = calloc(1, sizeof *c->sub);
	CY_ASSERT(c->sub != NULL);
	evidence_conn_new(c);
	c->id = conn;
	local_may_be(c, allowed, n_allowed);
	c->next = n->conns;
	n->conns = c;
}

void local_down(struct node *n, uint64_t conn)
{
	for (struct conn **at = &n->conns; *at != NULL; at = &(*at)->next) {
		struct conn *c = *at;

		if (c->id != conn)
			continue;
		*at = c->next;
		download_gone(n, c);
		conn_free(c);
		upload_gone(n, conn);
		return;
	}
}

void local_drained(struct node *n, uint64_t conn)
{
	struct conn *c = node_conn(n, conn);

	if (c == NULL)
		return;
	subscribe_push(n, c);
	download_go_on(n, c);
}

/* Which client of the configuration is this? */
static const struct node_client_config *choose(struct node *n, const struct conn *c, const char *name)
{
	if (name[0] == '\0')
		return c->n_allowed == 1 ? &n->clients[c->allowed[0]] : NULL;
	for (size_t i = 0; i < c->n_allowed; i++)
		if (strcmp(n->clients[c->allowed[i]].name, name) == 0)
			return &n->clients[c->allowed[i]];
	return NULL;
}

/* These are the caller's own clients: it may know their names. */
static void tell_which(struct node *n, const struct conn *c, uint64_t correlation, const char *asked)
{
	struct cy_buf text = CY_BUF(4096);

	cy_buf_addf(&text, "these credentials %s",
		    asked[0] ? "do not allow this client name, but these:" : "allow several clients:");
	for (size_t i = 0; i < c->n_allowed; i++)
		cy_buf_addf(&text, "%s %s", i ? "," : "", n->clients[c->allowed[i]].name);
	cy_buf_addf(&text, "; name one (comityctl --client NAME)");
	local_error(n, c->id, correlation, CY_ERROR_CODE__NOT_ALLOWED, "hello.client", "%s", (const char *)text.data);
	cy_buf_free(&text);
}

static void hello(struct node *n, struct conn *c, uint64_t correlation, const CyLocalHello *h)
{
	const struct node_client_config *client = choose(n, c, h->client);
	CyServerFrame f = CY_SERVER_FRAME__INIT;
	CyLocalWelcome w = CY_LOCAL_WELCOME__INIT;

	if (h->version != 1) {
		local_error(n, c->id, correlation, CY_ERROR_CODE__BAD_FRAME, "hello.version",
			    "this daemon speaks version 1 of the local protocol");
	} else if (c->client != NULL) {
		local_error(n, c->id, correlation, CY_ERROR_CODE__BAD_FRAME, "hello", "a second hello");
	} else if (client == NULL) {
		tell_which(n, c, correlation, h->client);
	} else {
		c->client = client;
		w.version = 1;
		w.authority = n->authority;
		w.client = (char *)client->name;
		w.role = client->role;
		w.max_frame_bytes = CY_LOCAL_FRAME_MAX;
		w.software = (char *)"comityd " COMITY_VERSION;
		f.kind_case = CY_SERVER_FRAME__KIND_WELCOME;
		f.welcome = &w;
		local_send(n, c->id, correlation, &f);
	}
}

/* It waits for a batch; the frame is taken over. */
static void queue_request(struct node *n, struct conn *c, CyClientFrame *f)
{
	struct input *in = node_input_new(INPUT_REQUEST, c->id);

	c->inputs++;
	in->request = f;
	node_queue(n, in);
}

void local_frame(struct node *n, uint64_t conn, struct cy_bytes frame, int fd)
{
	struct conn *c = node_conn(n, conn);
	ProtobufCMessage *m = NULL;
	struct cy_error e = { 0 };
	struct request request;
	CyClientFrame *f;

	if (c == NULL)
		return;
	if (wire_unpack(&cy_client_frame__descriptor, frame, CY_LOCAL_FRAME_MAX, &m, &e) < 0) {
		local_error(n, conn, 0, CY_ERROR_CODE__BAD_FRAME, e.field, "the frame does not parse: %s", e.text);
		return;
	}
	f = (CyClientFrame *)m;
	request = request_of(f);
	/* 0 stands for "none" where an answer is longer than a frame. */
	if (f->correlation == 0)
		local_error(n, conn, 0, CY_ERROR_CODE__BAD_FRAME, "correlation",
			    "a frame has a correlation other than 0, by which its answers are known");
	else if (f->kind_case == CY_CLIENT_FRAME__KIND_HELLO)
		hello(n, c, f->correlation, f->hello);
	else if (c->client == NULL)
		local_error(n, conn, f->correlation, CY_ERROR_CODE__BAD_FRAME, "hello", "the first frame is a hello");
	else if (!request_allows(&request, c->client->role))
		local_error(n, conn, f->correlation, CY_ERROR_CODE__NOT_ALLOWED, "",
			    "the role of client %s does not allow this: it takes %s", c->client->name,
			    request_who_may(&request));
	else if (request.turn == REQUEST_AT_ONCE)
		request.answer(n, c, f, fd);
	else if (c->inputs >= NODE_CLIENT_INPUTS_MAX)
		local_error(n, conn, f->correlation, CY_ERROR_CODE__TOO_MANY, "",
			    "more than %d requests without an answer: wait for some", NODE_CLIENT_INPUTS_MAX);
	else {
		queue_request(n, c, f);
		return;
	}
	cy_client_frame__free_unpacked(f, NULL);
}

void local_step(struct node *n, const struct input *in)
{
	struct conn *c = node_conn(n, in->source);

	if (c == NULL) /* gone before its turn: it repeats with the same key */
		return;
	c->inputs--;
	request_of(in->request).answer(n, c, in->request, -1);
}
