/* Another trust for connections that are there already: when the configuration or
 * one of its files has changed, when a certificate expires, when a CRL grows stale. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "io/gate/gate_tls_internal.h"

#define LOOK_AGAIN_MS 60000 /* the wall clock may be set meanwhile */

bool conn_verify_again(struct gate_conn *c)
{
	struct mail m = { .what = GATE_DISTRUSTED, .peer = c->verdict.peer, .lane = c->lane };
	struct mail stale = { .what = GATE_STALE_CRL };
	char why[sizeof c->why];
	bool good = tls_verify_again(c->g->trust, c->ssl, &c->verdict);

	if (c->verdict.stale_crl) {
		c->verdict.stale_crl = false;
		stale.peer = c->verdict.stale_peer;
		mailbox_post_most(c->g->out, &stale, 64);
	}
	if (good)
		return true;
	snprintf(why, sizeof why, "certificate refused: %s", c->verdict.why);
	cy_copy(m.text, sizeof m.text, why);
	if (c->authenticated)
		mailbox_post(c->g->out, &m);
	c->refused = true;
	conn_end(c, why, true);
	return false;
}

/* Those who have shown a certificate and are not on their way out. */
static bool is_verified(const struct gate_conn *c)
{
	return !c->told && !c->leaving && c->ssl && c->verdict.decided && c->state >= CONN_FIRST &&
	       c->state <= CONN_PUMP;
}

void gate_verify_later(struct gate *g)
{
	int64_t now = 1000 * (int64_t)time(NULL), ms = LOOK_AGAIN_MS;
	struct timeval tv;
	struct gate_conn *c;

	TAILQ_FOREACH(c, &g->all, all)
	if (is_verified(c) && c->verdict.verify_at - now < ms)
		ms = c->verdict.verify_at - now;
	ms = ms > 0 ? ms : 0;
	tv = (struct timeval){ .tv_sec = (time_t)(ms / 1000), .tv_usec = (suseconds_t)(ms % 1000 * 1000) };
	CY_ASSERT(event_add(g->verify_timer, &tv) == 0);
}

/* Those verified by another trust, or too long ago. The end of one may free others: then
 * begin again, the verified ones are not due any more. */
static void verify_due(struct gate *g)
{
	struct gate_conn *c = TAILQ_FIRST(&g->all);

	while (c) {
		bool due = c->verdict.trust != g->trust || c->verdict.verify_at <= 1000 * (int64_t)time(NULL);

		if (is_verified(c) && due && !conn_verify_again(c))
			c = TAILQ_FIRST(&g->all);
		else
			c = TAILQ_NEXT(c, all);
	}
	gate_verify_later(g);
}

static void on_verify(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	verify_due(arg);
}

void gate_watch_trust(struct gate *g)
{
	g->verify_timer = evtimer_new(g->base, on_verify, g);
	CY_ASSERT(g->verify_timer);
}

/* ------------------------------------------------------------------ changes */

static void free_targets(struct gate_target *targets, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(targets[i].host);
		free(targets[i].port);
	}
	free(targets);
}

int gate_change_new(const struct gate_config *config, struct tls_trust *trust, struct gate_change **ret_change,
		    struct cy_error *e)
{
	struct gate_change *change = calloc(1, sizeof *change);

	CY_ASSERT(change);
	change->config = *config;
	change->trust = tls_trust_ref(trust);
	change->targets = calloc(config->n_peers + 1, sizeof *change->targets);
	CY_ASSERT(change->targets);
	for (size_t i = 0; i < config->n_peers; i++) {
		struct gate_target *t = &change->targets[i];

		if (config->dial[i] && gate_split(config->dial[i], &t->host, &t->port)) {
			gate_change_free(change);
			return cy_fail(e, CY_ECONFIG, "cannot dial '%s': write HOST:PORT or [ADDRESS]:PORT",
				       config->dial[i]);
		}
	}
	*ret_change = change;
	return CY_OK;
}

void gate_change_free(struct gate_change *change)
{
	if (change == NULL)
		return;
	free_targets(change->targets, change->config.n_peers);
	tls_trust_unref(change->trust);
	free(change);
}

static bool same_target(const struct gate_target *a, const struct gate_target *b)
{
	if (a->host == NULL || b->host == NULL)
		return a->host == b->host;
	return strcmp(a->host, b->host) == 0 && strcmp(a->port, b->port) == 0;
}

void gate_apply(struct gate *g, struct gate_change *change)
{
	struct gate_change old = { .config = g->config, .trust = g->trust, .targets = g->targets };
	struct gate_conn *c, *next;

	g->config = change->config;
	g->trust = change->trust;
	g->targets = change->targets;
	g->most = gate_most(&g->config);
	for (c = TAILQ_FIRST(&g->all); c; c = next) {
		next = TAILQ_NEXT(c, all);
		if (c->state <= CONN_CONNECT && !same_target(&old.targets[c->peer], &g->targets[c->peer]))
			conn_end(c, "the address to dial has changed", false);
	}
	*change = old;
	gate_change_free(change);
	verify_due(g);
}
