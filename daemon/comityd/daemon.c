#include "comityd/daemon.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <openssl/rand.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hush.h"
#include "comityd/facts.h"
#include "comityd/hold.h"
#include "io/link_zmq.h"
#include "io/local_socket.h"
#include "io/loop_event.h"
#include "io/signer_openssl.h"
#include "io/store_sqlite.h"
#include "node/node.h"

struct daemon {
	const struct config *config;
	struct loop loop;
	struct store_sqlite *store;
	struct signer_openssl *signer;
	struct local_socket *local;
	struct link *link;
	struct facts facts;
	struct node *node;
	struct node_ports ports;
	struct event *store_event, *signer_event, *term_event, *int_event;
	struct cy_hush hush;
};

/* --------------------------------------------------------------------- journal */

static void journal(void *ctx, enum node_level level, const char *text)
{
	static const char *const words[] = { "debug", "info", "warning", "ALARM" };
	struct daemon *d = ctx;
	uint64_t dropped;

	if (level < d->config->log_level)
		return;
	switch (cy_hush(&d->hush, loop_mono(), text, &dropped)) {
	case CY_HUSH_SAY:
		if (dropped > 0)
			fprintf(stderr, "%s: %s (%llu more like it were not written)\n", words[level], text,
				(unsigned long long)dropped);
		else
			fprintf(stderr, "%s: %s\n", words[level], text);
		return;
	case CY_HUSH_LAST:
		fprintf(stderr, "%s: %s (more like it within this minute are counted, not written)\n", words[level],
			text);
		return;
	case CY_HUSH_DROP:
		return;
	}
}

static void fill_random(void *ctx, void *data, size_t len)
{
	(void)ctx;
	CY_ASSERT(RAND_bytes(data, (int)len) == 1);
}

/* ---------------------------------------------------------------------- inputs */

static void on_committed(void *ctx, int code, const char *why)
{
	struct daemon *d = ctx;

	node_committed(d->node, code, why);
}

static void on_signed(void *ctx, uint64_t ticket, int code, struct cy_bytes signature)
{
	struct daemon *d = ctx;

	node_signed(d->node, ticket, code, signature);
}

static void on_wake(void *ctx)
{
	struct daemon *d = ctx;

	node_wake(d->node);
}

static void on_store(evutil_socket_t fd, short what, void *ctx)
{
	struct daemon *d = ctx;

	(void)fd;
	(void)what;
	store_sqlite_dispatch(d->store);
}

static void on_signer(evutil_socket_t fd, short what, void *ctx)
{
	struct daemon *d = ctx;

	(void)fd;
	(void)what;
	signer_openssl_dispatch(d->signer);
}

static void on_term(evutil_socket_t fd, short what, void *ctx)
{
	struct daemon *d = ctx;

	(void)fd;
	(void)what;
	journal(d, NODE_INFO, "stopping");
	loop_stop(&d->loop);
}

static void link_up(void *ctx, const char *peer, uint64_t session)
{
	node_link_up(((struct daemon *)ctx)->node, peer, session);
}

static void link_frame(void *ctx, uint64_t session, struct cy_bytes frame)
{
	node_link_frame(((struct daemon *)ctx)->node, session, frame);
}

static void link_writable(void *ctx, uint64_t session)
{
	node_link_writable(((struct daemon *)ctx)->node, session);
}

static void link_down(void *ctx, uint64_t session, const char *why)
{
	node_link_down(((struct daemon *)ctx)->node, session, why);
}

static void link_failed(void *ctx, const char *peer, const char *why)
{
	node_link_failed(((struct daemon *)ctx)->node, peer, why);
}

static void link_certificate_refused(void *ctx, const char *peer, const char *why)
{
	node_link_refused(((struct daemon *)ctx)->node, peer, why);
}

static void link_refused(void *ctx, const char *address, const char *why)
{
	char text[400];

	snprintf(text, sizeof text, "refused a connection from %s: %s", address, why);
	journal(ctx, NODE_WARNING, text);
}

static void link_alarm(void *ctx, const char *peer, const char *text)
{
	char line[400];

	snprintf(line, sizeof line, "peer %s: %s", peer, text);
	journal(ctx, NODE_ALARM, line);
}

static void local_up(void *ctx, uint64_t conn, const size_t *allowed, size_t n)
{
	node_local_up(((struct daemon *)ctx)->node, conn, allowed, n);
}

static void local_frame(void *ctx, uint64_t conn, struct cy_bytes frame)
{
	node_local_frame(((struct daemon *)ctx)->node, conn, frame);
}

static void local_drained(void *ctx, uint64_t conn)
{
	node_local_drained(((struct daemon *)ctx)->node, conn);
}

static void local_down(void *ctx, uint64_t conn)
{
	node_local_down(((struct daemon *)ctx)->node, conn);
}

/* -------------------------------------------------------------------- starting */

static int start_store(struct daemon *d, struct cy_error *e)
{
	const struct store_sqlite_config config = { .dir = d->config->store_dir,
						    .key_path = d->config->store_key,
						    .threaded = true };

	return store_sqlite_open(&config, on_committed, d, &d->store, &d->ports.store, e);
}

static int start_signer(struct daemon *d, struct cy_error *e)
{
	const struct config *c = d->config;
	struct signer_peer *peers = calloc(c->n_peers + 1, sizeof *peers);
	struct signer_config config = { .id = c->id,
					.key = c->signing_key,
					.certificate = c->signing_certificate,
					.own_bundle = c->own_signing_certificates,
					.own_anchors = c->own_anchors,
					.peers = peers,
					.n_peers = c->n_peers,
					.now = d->ports.clock.wall(d->ports.clock.ctx),
					.threaded = true };
	int r;

	if (peers == NULL)
		return cy_fail(e, CY_ENOMEM, "out of memory");
	for (size_t i = 0; i < c->n_peers; i++)
		peers[i] = (struct signer_peer){ .id = c->peers[i].id,
						 .anchors = c->peers[i].anchors,
						 .crl = c->peers[i].crl,
						 .signing = c->peers[i].signing_certificates };
	r = signer_openssl_new(&config, on_signed, d, &d->signer, &d->ports.signer, e);
	free(peers);
	return r;
}

static int start_local(struct daemon *d, struct cy_error *e)
{
	const struct config *c = d->config;
	const struct local_input input = { d, local_up, local_frame, local_drained, local_down };
	struct local_entry *entries = calloc(c->n_clients + 1, sizeof *entries);
	struct local_socket_config config = { .path = c->local_path,
					      .fd = -1,
					      .mode = c->local_mode,
					      .gid = c->local_gid,
					      .entries = entries,
					      .n_entries = c->n_clients };
	int r;

	if (entries == NULL)
		return cy_fail(e, CY_ENOMEM, "out of memory");
	for (size_t i = 0; i < c->n_clients; i++)
		entries[i] = (struct local_entry){ c->clients[i].uid, c->clients[i].gid };
	r = local_socket_new(d->loop.base, &config, &input, &d->local, e);
	free(entries);
	if (r == CY_OK)
		d->ports.local = local_socket_port(d->local);
	return r;
}

static int start_link(struct daemon *d, struct cy_error *e)
{
	const struct config *c = d->config;
	const struct link_events events = { .ctx = d,
					    .up = link_up,
					    .frame = link_frame,
					    .writable = link_writable,
					    .down = link_down,
					    .attempt_failed = link_failed,
					    .refused = link_refused,
					    .certificate_refused = link_certificate_refused,
					    .alarm = link_alarm,
					    .log = journal };
	struct link_peer_config *peers = calloc(c->n_peers + 1, sizeof *peers);
	const char **listen = calloc(c->n_listen + 1, sizeof *listen);
	struct link_config config = { .authority = c->id,
				      .certificate = c->tls_certificate,
				      .key = c->tls_key,
				      .listen = listen,
				      .n_listen = c->n_listen,
				      .peers = peers,
				      .n_peers = c->n_peers,
				      .ipc_dir = c->run_dir,
				      .handshake_ms = c->handshake_timeout_ms,
				      .heartbeat_ms = c->heartbeat_ms,
				      .silence_ms = c->heartbeat_timeout_ms,
				      .redial_first_ms = c->backoff_first_ms,
				      .redial_cap_ms = c->backoff_max_ms,
				      .handshakes_max = c->handshakes,
				      .handshakes_per_source = c->handshakes_per_address };
	int r = CY_ENOMEM;

	if (peers != NULL && listen != NULL) {
		for (size_t i = 0; i < c->n_listen; i++)
			listen[i] = c->listen[i].text;
		for (size_t i = 0; i < c->n_peers; i++)
			peers[i] =
				(struct link_peer_config){ .tls = { .id = c->peers[i].id,
								    .anchors = c->peers[i].anchors,
								    .crl = c->peers[i].crl,
								    .crl_grace_s = c->peers[i].crl_grace_ms / 1000,
								    .crl_max_age_s = c->peers[i].crl_max_age_ms / 1000,
								    .sans = c->peers[i].names,
								    .n_sans = c->peers[i].n_names },
							   .dial = c->peers[i].dial.text };
		r = link_start(d->loop.base, &config, &events, &d->link, e);
	}
	free(peers);
	free(listen);
	if (r == CY_OK) {
		d->ports.link = link_get_port(d->link);
		d->facts = (struct facts){ d->store, d->signer, d->link };
		d->ports.facts = facts_port(&d->facts);
	}
	return r;
}

static int start_node(struct daemon *d, struct cy_error *e)
{
	const struct config *c = d->config;
	struct node_peer_config *peers = calloc(c->n_peers + 1, sizeof *peers);
	struct node_client_config *clients = calloc(c->n_clients + 1, sizeof *clients);
	struct node_config config = { .authority = c->id,
				      .peers = peers,
				      .n_peers = c->n_peers,
				      .clients = clients,
				      .n_clients = c->n_clients,
				      .window = c->window,
				      .undelivered_ms = c->undelivered_ms,
				      .hold = hold_hook() };
	int r = CY_ENOMEM;

	if (peers != NULL && clients != NULL) {
		for (size_t i = 0; i < c->n_peers; i++)
			peers[i].id = c->peers[i].id;
		for (size_t i = 0; i < c->n_clients; i++)
			clients[i] = (struct node_client_config){ c->clients[i].name, c->clients[i].role,
								  c->clients[i].sees_all };
		r = node_new(&config, &d->ports, &d->node, e);
	}
	free(peers);
	free(clients);
	return r;
}

static int watch(struct daemon *d, struct event **ret_event, int fd, short what, event_callback_fn fn,
		 struct cy_error *e)
{
	*ret_event = event_new(d->loop.base, fd, (short)(what | EV_PERSIST), fn, d);
	if (*ret_event == NULL || event_add(*ret_event, NULL) != 0)
		return cy_fail(e, CY_EIO, "the event loop cannot watch a descriptor");
	return CY_OK;
}

static int start(struct daemon *d, struct cy_error *e)
{
	int r = loop_init(&d->loop, on_wake, d, e);

	if (r < 0)
		return r;
	d->ports.clock = loop_clock(&d->loop);
	d->ports.random = (struct random_port){ d, fill_random };
	d->ports.journal = (struct journal_port){ d, journal };
	if ((r = start_store(d, e)) < 0 || (r = start_signer(d, e)) < 0 || (r = start_local(d, e)) < 0 ||
	    (r = start_link(d, e)) < 0 || (r = start_node(d, e)) < 0)
		return r;
	if ((r = watch(d, &d->store_event, store_sqlite_fd(d->store), EV_READ, on_store, e)) < 0 ||
	    (r = watch(d, &d->signer_event, signer_openssl_fd(d->signer), EV_READ, on_signer, e)) < 0 ||
	    (r = watch(d, &d->term_event, SIGTERM, EV_SIGNAL, on_term, e)) < 0 ||
	    (r = watch(d, &d->int_event, SIGINT, EV_SIGNAL, on_term, e)) < 0)
		return r;
	return CY_OK;
}

static void forget(struct event *ev)
{
	if (ev != NULL)
		event_free(ev);
}

/* The reverse of starting; what never started is left out. */
static void stop(struct daemon *d)
{
	if (d->node != NULL)
		node_stop(d->node);
	if (d->link != NULL)
		link_stop(d->link);
	if (d->local != NULL)
		local_socket_free(d->local);
	if (d->store != NULL)
		store_sqlite_close(d->store);
	signer_openssl_free(d->signer);
	node_free(d->node);
	forget(d->store_event);
	forget(d->signer_event);
	forget(d->term_event);
	forget(d->int_event);
	if (d->loop.base != NULL)
		loop_free(&d->loop);
}

int daemon_run(const struct config *config, struct cy_error *e)
{
	struct daemon d = { .config = config };
	int r;

	umask(077);
	r = start(&d, e);
	if (r == CY_OK) {
		journal(&d, NODE_INFO, "ready");
		r = loop_run(&d.loop);
		if (r < 0)
			cy_fail(e, r, "the event loop failed");
	}
	stop(&d);
	return r;
}
