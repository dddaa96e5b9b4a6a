/* The link's configuration: which peers there are, how they are reached, who may be
 * them; at the start, and when it is read again. */
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "io/link/link_zmq_internal.h"

/* By index in l->peers. */
struct link_change {
	struct gate_config config;
	const char **dial; /* copies; config.dial points here */
	bool *named;
	size_t n;
	struct tls_trust *trust;
	struct gate_change *gate;
	int64_t redial_first_ms, redial_cap_ms;
};

static int check_descriptors(const struct gate_config *g, size_t elsewhere, struct cy_error *e)
{
	size_t need = gate_descriptors(g) + elsewhere;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= need)
		return CY_OK;
	return cy_fail(
		e, CY_ECONFIG,
		"the limit of %llu open files is too low for %zu peers; set LimitNOFILE (ulimit -n) to %zu or more",
		(unsigned long long)limit.rlim_cur, g->n_peers, need);
}

static int check_peers(const struct link_config *config, struct cy_error *e)
{
	if (!cy_authority_valid(config->authority))
		return cy_fail(e, CY_ECONFIG, "'%s' is not an authority id", config->authority);
	for (size_t i = 0; i < config->n_peers; i++) {
		const char *id = config->peers[i].tls.id;

		if (!cy_authority_valid(id) || strcmp(id, config->authority) == 0)
			return cy_fail(e, CY_ECONFIG, "'%s' is not the authority id of a peer", id);
		for (size_t k = 0; k < i; k++)
			if (strcmp(id, config->peers[k].tls.id) == 0)
				return cy_fail(e, CY_ECONFIG, "peer %s is there twice", id);
	}
	return CY_OK;
}

static struct link_peer *find_peer(const struct link *l, const char *id)
{
	for (size_t i = 0; i < l->n_peers; i++)
		if (strcmp(l->peers[i]->id, id) == 0)
			return l->peers[i];
	return NULL;
}

bool link_trusts(const struct link *l, const char *peer)
{
	const struct link_peer *p = find_peer(l, peer);

	return p && tls_trust_has(l->trust, p->index);
}

/* A slot of its own, for good: letters and sessions refer to it. */
static struct link_peer *add_peer(struct link *l, const char *id)
{
	struct link_peer *p = calloc(1, sizeof *p), **larger;

	larger = realloc(l->peers, (l->n_peers + 1) * sizeof(struct link_peer *));
	CY_ASSERT(p && larger);
	l->peers = larger;
	p->l = l;
	p->index = l->n_peers;
	p->removed = true;
	cy_copy(p->id, sizeof p->id, id);
	for (unsigned i = 0; i < TLS_LANES_N; i++) {
		struct link_lane *lane = &p->lanes[i];

		*lane = (struct link_lane){ .peer = p, .lane = i, .wanted = i == TLS_MESSAGES };
		CY_ASSERT(RAND_bytes((unsigned char *)&lane->backoff.rng.state, sizeof lane->backoff.rng.state) == 1);
		lane->redial = evtimer_new(l->base, link_on_redial, lane);
		CY_ASSERT(lane->redial);
	}
	l->peers[l->n_peers++] = p;
	return p;
}

/* Whom nobody can be need not be dialled. */
static void leave_nobody(struct link_change *change)
{
	for (size_t i = 0; i < change->n; i++) {
		if (tls_trust_has(change->trust, i))
			continue;
		free((char *)change->dial[i]);
		change->dial[i] = NULL;
	}
}

static int make_parts(struct link *l, struct link_change *change, const struct link_config *config,
		      struct tls_peer_config *peers, struct cy_error *e)
{
	struct tls_config tls = { .certificate = config->certificate,
				  .key = config->key,
				  .peers = peers,
				  .n_peers = change->n,
				  .before = l->trust,
				  .fault = config->own_fault };
	size_t elsewhere = config->descriptors_elsewhere ? config->descriptors_elsewhere : 512;
	int rc = check_descriptors(&change->config, elsewhere, e);

	if (!rc)
		rc = tls_trust_new(&tls, &change->trust, e);
	if (!rc)
		leave_nobody(change);
	if (!rc)
		rc = gate_change_new(&change->config, change->trust, &change->gate, e);
	return rc;
}

int link_prepare(struct link *l, const struct link_config *config, struct link_change **ret_change, struct cy_error *e)
{
	struct link_change *change;
	struct tls_peer_config *peers;
	int rc = check_peers(config, e);

	if (rc)
		return rc;
	for (size_t i = 0; i < config->n_peers; i++)
		if (find_peer(l, config->peers[i].tls.id) == NULL)
			add_peer(l, config->peers[i].tls.id);
	change = calloc(1, sizeof *change);
	peers = calloc(l->n_peers + 1, sizeof *peers);
	CY_ASSERT(change && peers);
	change->n = l->n_peers;
	change->dial = calloc(change->n + 1, sizeof *change->dial);
	change->named = calloc(change->n + 1, sizeof *change->named);
	CY_ASSERT(change->dial && change->named);
	for (size_t i = 0; i < change->n; i++)
		peers[i].id = l->peers[i]->id;
	for (size_t i = 0; i < config->n_peers; i++) {
		const struct link_peer_config *p = &config->peers[i];
		size_t at = find_peer(l, p->tls.id)->index;

		peers[at] = p->tls;
		change->named[at] = true;
		change->dial[at] = p->dial ? strdup(p->dial) : NULL;
		CY_ASSERT(p->dial == NULL || change->dial[at]);
	}
	change->redial_first_ms = link_or_default(config->redial_first_ms, 250);
	change->redial_cap_ms = link_or_default(config->redial_cap_ms, 60000);
	change->config = (struct gate_config){
		.listen = config->listen,
		.n_listen = config->n_listen,
		.fds = config->fds,
		.n_fds = config->n_fds,
		.dial = change->dial,
		.n_peers = change->n,
		.handshake_ms = link_or_default(config->handshake_ms, 10000),
		.drain_ms = l->close_ms,
		.silence_ms = link_or_default(config->silence_ms, 60000),
		.handshakes_max = config->handshakes_max ? config->handshakes_max : 64,
		.handshakes_per_source = config->handshakes_per_source ? config->handshakes_per_source : 16,
		.rekey_records = config->rekey_records ? config->rekey_records : UINT64_C(1) << 20,
	};
	rc = make_parts(l, change, config, peers, e);
	free(peers);
	if (rc) {
		link_change_free(change);
		return rc;
	}
	*ret_change = change;
	return CY_OK;
}

void link_change_free(struct link_change *change)
{
	if (change == NULL)
		return;
	for (size_t i = 0; i < change->n; i++)
		free((char *)change->dial[i]);
	free(change->dial);
	free(change->named);
	gate_change_free(change->gate);
	tls_trust_unref(change->trust);
	free(change);
}

int link_open_gate(struct link *l, const struct link_change *change, struct cy_error *e)
{
	return gate_new(l->gate_base, &change->config, change->trust, &l->in, &l->gate, e);
}

/* A new address is tried at once; an attempt at the old one ends by itself. */
static void dial_anew(struct link_lane *p)
{
	static const struct timeval now = { 0 };

	event_del(p->redial);
	if (p->peer->dial && p->wanted && p->now == NULL && !p->dialling)
		CY_ASSERT(event_add(p->redial, &now) == 0);
}

static void apply_peer(struct link_peer *p, const struct link_change *change)
{
	const char *dial = p->index < change->n ? change->dial[p->index] : NULL;
	bool other = dial == NULL || p->dial == NULL ? dial != p->dial : strcmp(dial, p->dial) != 0;

	p->removed = p->index >= change->n || !change->named[p->index];
	for (size_t i = 0; i < TLS_LANES_N; i++) {
		p->lanes[i].backoff.first_ms = change->redial_first_ms;
		p->lanes[i].backoff.cap_ms = change->redial_cap_ms;
	}
	if (!other)
		return;
	free(p->dial);
	p->dial = dial ? strdup(dial) : NULL;
	CY_ASSERT(dial == NULL || p->dial);
	for (size_t i = 0; i < TLS_LANES_N; i++)
		dial_anew(&p->lanes[i]);
}

void link_apply(struct link *l, struct link_change *change)
{
	struct mail m = { .what = GATE_CHANGE, .data = change->gate };

	for (size_t i = 0; i < l->n_peers; i++)
		apply_peer(l->peers[i], change);
	l->handshake_ms = change->config.handshake_ms;
	l->silence_ms = change->config.silence_ms;
	tls_trust_unref(l->trust);
	l->trust = tls_trust_ref(change->trust);
	change->gate = NULL;
	gate_post(l->gate, &m);
	link_change_free(change);
}
