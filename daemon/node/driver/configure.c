/* What the configuration says, at the start and when it is read again: which
 * peers there are, and which local clients. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/guess.h"
#include "node/cases/cases.h"
#include "node/clients/clients.h"
#include "node/driver/driver.h"
#include "node/evidence/evidence.h"
#include "node/node.h"
#include "node/peers/peers.h"

/* ------------------------------------------------------------------- peers */

void node_peer_free(struct peer *p)
{
	cy_buf_free(&p->head_text);
	cy_buf_free(&p->head_signature);
	greet_peer_free(p);
	bulk_free(p);
	free(p);
}

static void set_name(char *to, size_t size, const char *name)
{
	CY_ASSERT(cy_copy(to, size, name != NULL ? name : "") == CY_OK);
}

static void set_place(struct site *p, const struct node_place *named)
{
	set_name(p->state, sizeof p->state, named->state);
	set_name(p->zone, sizeof p->zone, named->zone);
	set_name(p->calendar, sizeof p->calendar, named->calendar);
}

/* After set_roles(), in the same arena. */
static void set_rates(struct node *n, struct peer *p, const struct node_peer_config *named)
{
	const struct cy_bytes rates = cy_bytes(named->rates, named->n_rates * sizeof *named->rates);

	if (named->n_rates == 0)
		return;
	p->rates = memcpy(cy_arena_take(&n->settings, rates.len), rates.data, rates.len);
	p->n_rates = named->n_rates;
}

static const struct node_peer_config *named_peer(const struct node_config *config, const struct peer *p)
{
	for (size_t i = 0; i < config->n_peers; i++)
		if (strcmp(config->peers[i].id, p->id) == 0)
			return &config->peers[i];
	return NULL;
}

/* Its proofs have to be bound to something else from now on. */
static void proven_otherwise(struct node *n, struct peer *p)
{
	greet_dismiss(n, p, NODE_BYE_TUNNEL);
	if (p->session != 0)
		session_dismiss(n, p, NODE_BYE_TUNNEL);
	if (p->bulk != NULL)
		bulk_dismiss(n, p, NODE_BYE_TUNNEL);
}

static void set_peers(struct node *n, const struct node_config *config)
{
	for (size_t i = 0; i < n->n_peers; i++) {
		struct peer *p = n->peers[i];
		const struct node_peer_config *named = named_peer(config, p);

		if (named == NULL)
			greet_dismiss(n, p, NODE_BYE_REMOVED);
		if (p->session != 0 && named == NULL)
			session_dismiss(n, p, NODE_BYE_REMOVED);
		if (named != NULL && !p->configured) {
			p->since = node_now(n);
			p->waiting = true;
		}
		p->configured = named != NULL;
		p->rates = NULL;
		p->n_rates = 0;
		if (named != NULL) {
			set_place(&p->place, &named->place);
			if (p->tunnel != named->tunnel)
				proven_otherwise(n, p);
			p->tunnel = named->tunnel;
			set_rates(n, p, named);
		}
	}
}

/* ----------------------------------------------------------------- clients */

void node_clients_free(struct node_client_config *clients, size_t n)
{
	for (size_t i = 0; clients != NULL && i < n; i++)
		free((char *)clients[i].name);
	free(clients);
}

static struct node_client_config *copy_clients(const struct node_config *config)
{
	struct node_client_config *clients = calloc(config->n_clients + 1, sizeof *clients);

	for (size_t i = 0; clients != NULL && i < config->n_clients; i++) {
		clients[i] = config->clients[i];
		clients[i].name = strdup(config->clients[i].name);
		if (clients[i].name == NULL) {
			node_clients_free(clients, i);
			return NULL;
		}
	}
	return clients;
}

static const struct node_client_config *same_client(const struct node_config *config,
						    const struct node_client_config *was)
{
	for (size_t i = 0; i < config->n_clients; i++) {
		const struct node_client_config *c = &config->clients[i];

		if (strcmp(c->name, was->name) == 0 && c->role == was->role && c->sees_all == was->sees_all)
			return c;
	}
	return NULL;
}

static void send_away(struct node *n, struct conn *c, const char *why)
{
	const uint64_t id = c->id;

	local_error(n, id, 0, CY_ERROR_CODE__NOT_ALLOWED, "", "%s", why);
	n->ports.local.close(n->ports.local.ctx, id);
	/* Its requests that wait find nobody; it repeats them with the same keys. */
	node_local_down(n, id);
}

static void set_clients(struct node *n, struct node_client_config *clients, size_t n_clients)
{
	struct node_client_config *old = n->clients;
	const size_t n_old = n->config.n_clients;

	n->clients = clients;
	n->config.clients = clients;
	n->config.n_clients = n_clients;
	for (struct conn *c = n->conns, *next; c != NULL; c = next) {
		next = c->next;
		c->n_allowed = 0;
		if (c->client == NULL)
			continue;
		c->client = same_client(&n->config, c->client);
		if (c->client == NULL)
			send_away(n, c,
				  "this client was removed from the configuration, or may do other things now: connect "
				  "again");
	}
	node_clients_free(old, n_old);
	if (!node_is_read(n))
		node_log(n, NODE_WARNING, NODE_EVENT_NONE, "", NODE_UNREAD);
}

void node_local_allowed(struct node *n, uint64_t conn, const size_t *allowed, size_t n_allowed)
{
	struct conn *c = node_conn(n, conn);
	bool may = false;

	if (c == NULL)
		return;
	local_may_be(c, allowed, n_allowed);
	for (size_t i = 0; i < n_allowed; i++)
		may = may || c->client == NULL || c->client == &n->clients[allowed[i]];
	if (!may)
		send_away(n, c, "the configuration names no such client for this user or its groups any more");
}

/* ------------------------------------------------------------------- roles */

static void set_roles(struct node *n, const struct node_config *config)
{
	struct cy_arena a = { 0 };
	struct node_role *roles = cy_arena_take(&a, (config->n_roles + 1) * sizeof *roles);

	for (size_t i = 0; i < config->n_roles; i++) {
		roles[i].name = cy_arena_string(&a, config->roles[i].name);
		roles[i].peer = cy_arena_string(&a, config->roles[i].peer);
		roles[i].address = cy_arena_string(&a, config->roles[i].address);
	}
	cy_arena_free(&n->settings);
	n->settings = a;
	n->config.roles = roles;
	n->config.n_roles = config->n_roles;
	n->config.hook = config->hook;
}

/* -------------------------------------------------------------------- both */

int node_reconfigure(struct node *n, const struct node_config *config, struct cy_error *e)
{
	struct node_client_config *clients;
	struct peer *p;
	int r = CY_OK;

	CY_ASSERT(config->window >= 1 && config->window <= CY_WINDOW_MAX);
	for (size_t i = 0; r == CY_OK && i < config->n_peers; i++)
		r = node_make_peer(n, config->peers[i].id, &p, e);
	if (r < 0)
		return r;
	clients = copy_clients(config);
	if (clients == NULL)
		return cy_fail(e, CY_ENOMEM, "out of memory");
	set_roles(n, config);
	n->config.window = config->window;
	n->config.undelivered_ms = config->undelivered_ms;
	n->config.unread_ms = config->unread_ms;
	n->config.legal_data = config->legal_data;
	n->config.quota_peer = config->quota_peer;
	n->config.quota_case = config->quota_case;
	n->config.quota_client = config->quota_client;
	n->config.keep_sent_ms = config->keep_sent_ms;
	n->config.check_every_ms = config->check_every_ms;
	n->config.check_rate = config->check_rate;
	n->config.keep = config->keep;
	set_place(&n->place, &config->place);
	set_peers(n, config);
	set_clients(n, clients, config->n_clients);
	expire_resumed(n);
	unread_reconfigured(n);
	prune_resumed(n);
	evidence_reconfigured(n);
	return CY_OK;
}
