#include "comityd/daemon.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <openssl/rand.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "comityd/internal.h"

#define TICK_MS      2000
#define CLOCK_SET_MS 1000 /* between two ticks it does not drift by so much */

/* --------------------------------------------------------------------- journal */

void daemon_tell(struct daemon *d, enum node_level level, enum node_event event, const char *peer, const char *fmt, ...)
{
	char text[1200];
	va_list ap;

	if (level < d->config->log_level)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	service_log(level, event, d->config->id, peer, text);
}

static void journal_event(void *ctx, enum node_level level, enum node_event event, const char *peer, const char *text)
{
	struct daemon *d = ctx;
	uint64_t dropped;

	if (level < d->config->log_level)
		return;
	switch (cy_log_limit(&d->log_limit, loop_mono(), text, &dropped)) {
	case CY_LOG_LIMIT_WRITE:
		if (dropped > 0)
			daemon_tell(d, level, event, peer, "%s (%llu more like it were not written)", text,
				    (unsigned long long)dropped);
		else
			daemon_tell(d, level, event, peer, "%s", text);
		return;
	case CY_LOG_LIMIT_LAST:
		daemon_tell(d, level, event, peer, "%s (more like it within this minute are counted, not written)",
			    text);
		return;
	case CY_LOG_LIMIT_DROP:
		return;
	}
}

static void journal(void *ctx, enum node_level level, const char *text)
{
	journal_event(ctx, level, NODE_EVENT_NONE, "", text);
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

static void on_hook(void *ctx, const char *id, const char *fault)
{
	node_hook_done(((struct daemon *)ctx)->node, id, fault);
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

static void on_signal(void *ctx, int number)
{
	struct daemon *d = ctx;

	if (number == SIGHUP) {
		daemon_reload(d);
		return;
	}
	daemon_tell(d, NODE_INFO, NODE_EVENT_STOPPING, "", "stopping");
	service_stopping();
	loop_stop(&d->loop);
}

static void link_up(void *ctx, const char *peer, uint64_t session, const struct link_connection *on)
{
	node_link_up(((struct daemon *)ctx)->node, peer, session, on);
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
	journal_event(ctx, NODE_WARNING, NODE_EVENT_CALLER_REFUSED, "", text);
}

static void link_alarm(void *ctx, const char *peer, const char *text)
{
	char line[400];

	snprintf(line, sizeof line, "peer %s: %s", peer, text);
	journal_event(ctx, NODE_ALARM, NODE_EVENT_PEER_TRUST, peer, line);
}

static void bulk_up(void *ctx, const char *peer, uint64_t session, const struct link_connection *on)
{
	node_bulk_up(((struct daemon *)ctx)->node, peer, session, on);
}

static void bulk_frame(void *ctx, uint64_t session, struct blob_bytes frame)
{
	node_bulk_frame(((struct daemon *)ctx)->node, session, frame);
}

static void bulk_writable(void *ctx, uint64_t session)
{
	node_bulk_writable(((struct daemon *)ctx)->node, session);
}

static void bulk_down(void *ctx, uint64_t session, const char *why)
{
	node_bulk_down(((struct daemon *)ctx)->node, session, why);
}

static void blob_done(void *ctx, struct blob_result *result)
{
	node_blob_done(((struct daemon *)ctx)->node, result);
}

static void blob_left(void *ctx, const char *part, const struct cy_digest *sha256)
{
	node_blob_left(((struct daemon *)ctx)->node, part, sha256);
}

static void blob_ready(void *ctx)
{
	node_blob_ready(((struct daemon *)ctx)->node);
}

static void local_up(void *ctx, uint64_t conn, const size_t *allowed, size_t n)
{
	node_local_up(((struct daemon *)ctx)->node, conn, allowed, n);
}

static void local_frame(void *ctx, uint64_t conn, struct cy_bytes frame, int fd)
{
	node_local_frame(((struct daemon *)ctx)->node, conn, frame, fd);
}

static void local_drained(void *ctx, uint64_t conn)
{
	node_local_drained(((struct daemon *)ctx)->node, conn);
}

static void local_down(void *ctx, uint64_t conn)
{
	node_local_down(((struct daemon *)ctx)->node, conn);
}

static void local_allowed(void *ctx, uint64_t conn, const size_t *allowed, size_t n)
{
	node_local_allowed(((struct daemon *)ctx)->node, conn, allowed, n);
}

/* ------------------------------------------------------------------------ tick */

static void say_status(struct daemon *d, void (*say)(const char *status))
{
	char text[200];

	snprintf(text, sizeof text, "%s: %zu of %zu peers connected, %zu local clients", d->config->id,
		 link_sessions(d->link), d->config->n_peers, local_socket_clients(d->local));
	if (say == service_status && strcmp(text, d->status) == 0)
		return;
	cy_copy(d->status, sizeof d->status, text);
	say(text);
}

void daemon_ready(struct daemon *d)
{
	say_status(d, service_ready);
}

bool daemon_may_sign(struct daemon *d)
{
	const struct clock_port *c = &d->ports.clock;
	const struct signer_port *s = &d->ports.signer;
	struct cy_digest certificate;

	return s->may_sign(s->ctx, c->wall(c->ctx), &certificate, NULL) == CY_OK;
}

/* Nor does it hear that a certificate has expired, or that there is another one. */
static void watch_signing(struct daemon *d)
{
	const bool may = daemon_may_sign(d);

	if (may != d->may_sign)
		node_wake(d->node);
	d->may_sign = may;
}

/* Of a peer's CRL the link tells when it meets that peer; ours only the peers look at. */
static void watch_crl(struct daemon *d)
{
	const char *file;
	const struct cy_wall due = signer_openssl_crl_due(d->signer, &file);
	char when[CY_RFC3339_SIZE];

	if (due.ms == 0 || due.ms > d->ports.clock.wall(d->ports.clock.ctx).ms || due.ms == d->crl_due.ms)
		return;
	d->crl_due = due;
	cy_rfc3339(due, when);
	daemon_tell(d, NODE_ALARM, NODE_EVENT_PEER_TRUST, "", "%s: a newer CRL was due at %s; " CRL_REMEDY, file, when);
}

/* The node does not look at the wall clock while it has nothing to do. */
static void watch_clock(struct daemon *d)
{
	const struct clock_port *c = &d->ports.clock;
	const int64_t now = c->wall(c->ctx).ms - c->mono(c->ctx).ms, moved = now - d->wall_less_mono;

	d->wall_less_mono = now;
	if (moved > CLOCK_SET_MS || moved < -CLOCK_SET_MS)
		node_wake(d->node);
}

/* A call from the loop is the loop's sign of life. The watchdog is fed when both threads have
 * given a sign since the last time; then each is asked for its next one. */
static void on_tick(evutil_socket_t fd, short what, void *ctx)
{
	struct daemon *d = ctx;
	const char *changed = file_watch_look(&d->files);

	(void)fd;
	(void)what;
	if (link_alive(d->link) && store_sqlite_alive(d->store)) {
		service_alive();
		link_probe(d->link);
		store_sqlite_probe(d->store);
	}
	watch_clock(d);
	if (changed != NULL)
		daemon_renew(d, changed);
	watch_signing(d);
	watch_crl(d);
	say_status(d, service_status);
}

static int start_tick(struct daemon *d, struct cy_error *e)
{
	const int64_t watchdog = service_watchdog_ms();
	const int64_t ms = watchdog > 0 && watchdog / 4 < TICK_MS ? watchdog / 4 + 1 : TICK_MS;
	const struct timeval tv = { .tv_sec = (time_t)(ms / 1000), .tv_usec = (suseconds_t)(ms % 1000 * 1000) };

	d->tick = event_new(d->loop.base, -1, EV_PERSIST, on_tick, d);
	if (d->tick == NULL || event_add(d->tick, &tv) != 0)
		return cy_fail(e, CY_EIO, "the event loop cannot set a timer");
	link_probe(d->link);
	store_sqlite_probe(d->store);
	return CY_OK;
}

/* -------------------------------------------------------------------- starting */

static void store_damaged(void *ctx, const char *peer, const char *case_id, const char *what)
{
	node_store_damaged(((struct daemon *)ctx)->node, peer, case_id, what);
}

/* A line in the log for each new sentence; the service manager hears all of them. */
static void store_starting(void *ctx, const char *text)
{
	struct daemon *d = ctx;

	if (strcmp(text, d->status) != 0)
		daemon_tell(d, NODE_INFO, NODE_EVENT_NONE, "", "%s", text);
	cy_copy(d->status, sizeof d->status, text);
	service_starting(text);
}

static int start_store(struct daemon *d, struct cy_error *e)
{
	const struct store_sqlite_config config = { .dir = d->config->store_dir,
						    .key_path = d->config->store_key,
						    .threaded = true,
						    .orders = d->ports.orders,
						    .progress = store_starting,
						    .damaged = store_damaged };

	return store_sqlite_open(&config, on_committed, d, &d->store, &d->ports.store, e);
}

static int start_blobs(struct daemon *d, struct cy_error *e)
{
	const struct blobs_fs_config config = { .dir = d->config->evidence_dir,
						.keep_free = d->config->evidence_keep_free };
	const struct blobs_fs_events events = { d, blob_done, blob_ready, blob_left };
	int r = blobs_fs_open(d->loop.base, &config, &events, &d->blobs, e);

	if (r == CY_OK)
		d->ports.blobs = blobs_fs_port(d->blobs);
	return r;
}

static int start_local(struct daemon *d, const struct parts *p, struct cy_error *e)
{
	const struct local_input input = {
		d, local_up, local_frame, local_drained, local_down, local_allowed, journal
	};
	struct local_socket_config config = p->local;
	int r;

	config.fd = d->sockets.local;
	r = local_socket_new(d->loop.base, &config, &input, &d->local, e);
	if (r == CY_OK)
		d->ports.local = local_socket_port(d->local);
	return r;
}

static int start_link(struct daemon *d, const struct parts *p, struct cy_error *e)
{
	const struct link_events events = { .ctx = d,
					    .up = link_up,
					    .frame = link_frame,
					    .writable = link_writable,
					    .down = link_down,
					    .bulk_up = bulk_up,
					    .bulk_frame = bulk_frame,
					    .bulk_writable = bulk_writable,
					    .bulk_down = bulk_down,
					    .attempt_failed = link_failed,
					    .refused = link_refused,
					    .certificate_refused = link_certificate_refused,
					    .alarm = link_alarm,
					    .log = journal };
	struct link_config config = p->link;
	int r;

	config.fds = d->sockets.tls;
	config.n_fds = d->sockets.n_tls;
	if (config.n_fds > 0)
		daemon_tell(d, NODE_INFO, NODE_EVENT_NONE, "",
			    "peers are accepted at %zu sockets that were passed in; the option listen is not used",
			    config.n_fds);
	r = link_start(d->loop.base, &config, &events, &d->link, e);
	if (r == CY_OK)
		r = parts_say_listen(d->config, config.n_fds > 0, e);
	if (r == CY_OK) {
		d->ports.link = link_get_port(d->link);
		d->ports.bulk = link_get_bulk_port(d->link);
		d->facts = (struct facts){ d->store, d->signer, d->link, &d->faults };
		d->ports.facts = facts_port(&d->facts);
	}
	return r;
}

static int start_parts(struct daemon *d, struct cy_error *e)
{
	struct config_problems problems = { 0 };
	struct parts p;
	int r;

	legal_data_load(d->config, &d->legal_data, &problems);
	faults_take_legal_data(&d->faults, &problems, false);
	config_problems_free(&problems);
	if (legal_data_law(d->legal_data)->n_profiles == 0)
		daemon_tell(d, NODE_INFO, NODE_EVENT_NONE, "",
			    "no treaty profile is loaded: nothing is checked against a treaty");
	parts_watch(d->config, &d->files);
	parts_make(d->config, d->legal_data, d->ports.clock.wall(d->ports.clock.ctx), NULL, &p);
	if ((r = signer_openssl_new(&p.signer, on_signed, d, &d->signer, &d->ports.signer, e)) == CY_OK &&
	    (r = start_local(d, &p, e)) == CY_OK && (r = start_link(d, &p, e)) == CY_OK &&
	    (r = hook_runner_new(d->loop.base, &p.hook, on_hook, d, &d->hooks, e)) == CY_OK) {
		d->ports.hook = hook_runner_port(d->hooks);
		r = node_new(&p.node, &d->ports, &d->node, e);
	}
	if (r == CY_OK) {
		faults_take(&d->faults, &p, d->link);
		daemon_tell_faults(d, &(struct faults){ 0 });
	}
	parts_free(&p);
	return r;
}

static int watch(struct daemon *d, struct event **ret_event, int fd, event_callback_fn fn, struct cy_error *e)
{
	*ret_event = event_new(d->loop.base, fd, EV_READ | EV_PERSIST, fn, d);
	if (*ret_event == NULL || event_add(*ret_event, NULL) != 0)
		return cy_fail(e, CY_EIO, "the event loop cannot watch a descriptor");
	return CY_OK;
}

static int start(struct daemon *d, struct cy_error *e)
{
	int r = loop_init(&d->loop, on_wake, d, e);

	if (r < 0 || (r = signals_open(d->loop.base, on_signal, d, &d->signals, e)) < 0)
		return r;
	d->ports.clock = loop_clock(&d->loop);
	d->ports.random = (struct random_port){ d, fill_random };
	d->ports.journal = (struct journal_port){ d, journal, journal_event };
	if ((r = service_take_sockets(&d->sockets, e)) < 0 ||
	    (r = orders_file_open(d->config->orders_dir, d->config->id, &d->orders, &d->ports.orders, e)) < 0 ||
	    (r = start_store(d, e)) < 0 || (r = start_blobs(d, e)) < 0 || (r = start_parts(d, e)) < 0)
		return r;
	if ((r = watch(d, &d->store_event, store_sqlite_fd(d->store), on_store, e)) < 0 ||
	    (r = watch(d, &d->signer_event, signer_openssl_fd(d->signer), on_signer, e)) < 0)
		return r;
	return start_tick(d, e);
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
	blobs_fs_close(d->blobs);
	if (d->store != NULL)
		store_sqlite_close(d->store);
	orders_file_close(d->orders);
	signer_openssl_free(d->signer);
	hook_runner_free(d->hooks);
	node_free(d->node);
	legal_data_free(d->legal_data);
	forget(d->store_event);
	forget(d->signer_event);
	signals_free(d->signals);
	forget(d->tick);
	file_watch_free(&d->files);
	faults_free(&d->faults);
	if (d->loop.base != NULL)
		loop_free(&d->loop);
}

int daemon_run(struct config *config, struct cy_error *e)
{
	struct daemon d = { .config = config, .first = config };
	int r;

	umask(077);
	r = start(&d, e);
	if (r == CY_OK) {
		if (config->ipv4_only)
			daemon_tell(
				&d, NODE_WARNING, NODE_EVENT_READY, "",
				"the kernel has no IPv6: only 0.0.0.0:5671 is listened on, which is the rest of the "
				"default; set listen where that is meant");
		daemon_tell(&d, NODE_INFO, NODE_EVENT_READY, "", "ready");
		daemon_ready(&d);
		r = loop_run(&d.loop);
		if (r < 0)
			cy_fail(e, r, "the event loop failed");
	}
	if (r < 0)
		daemon_tell(&d, NODE_ALARM, NODE_EVENT_START_FAILED, "", "%s%s%s", e->field,
			    e->field[0] != '\0' ? ": " : "", e->text);
	stop(&d);
	if (d.config != d.first)
		config_free(d.config);
	return r;
}
