#include "io/gate/gate_tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/dns.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/gate/gate_tls_internal.h"
#include "io/loop/descriptors.h"

#define ACCEPTS      64                                             /* per wake-up */
#define CONNS_A_PEER (TLS_LANES_N * (GATE_CONNS + GATE_DRAINS + 1)) /* one is our own dialling */
#define SESSION_FDS  5    /* TCP, ipc, and libzmq's listener, connection, mailbox */
#define STOP_SLACK   1000 /* ms beyond the drain of each connection */

size_t gate_most(const struct gate_config *config)
{
	return config->handshakes_max + config->n_peers * CONNS_A_PEER;
}

size_t gate_descriptors(const struct gate_config *config)
{
	/* A connection that drains has lost its ipc side, and one that is being dialled has none yet. */
	size_t a_peer = TLS_LANES_N * (GATE_CONNS * SESSION_FDS + GATE_DRAINS + 1);

	return config->handshakes_max + config->n_listen + config->n_peers * a_peer + 16;
}

/* ---------------------------------------------------------------- accepting */

/* Make room among those who have not shown a certificate: the oldest goes, since
 * pausing accept would let a handful of silent callers keep out a true peer. */
static void make_room(struct gate *g, const struct gate_conn *new)
{
	struct gate_conn *c, *oldest_same = NULL;
	size_t same = 0;

	TAILQ_FOREACH(c, &g->strangers, stranger)
	{
		if (memcmp(c->source, new->source, sizeof c->source) != 0)
			continue;
		same++;
		if (oldest_same == NULL)
			oldest_same = c;
	}
	c = NULL;
	if (same >= g->config.handshakes_per_source)
		c = oldest_same;
	else if (g->n_strangers >= g->config.handshakes_max)
		c = TAILQ_FIRST(&g->strangers);
	if (c) {
		conn_tell(c, "evicted: too many unfinished handshakes");
		conn_free(c);
	}
}

static void turn_away(struct gate *g, int fd, const struct sockaddr *sa, const char *why)
{
	struct mail m = { .what = GATE_REFUSED };
	struct gate_conn c;

	conn_address(&c, sa);
	cy_copy(m.address, sizeof m.address, c.address);
	cy_copy(m.text, sizeof m.text, why);
	mailbox_post_most(g->out, &m, 256);
	close(fd);
}

static void take_caller(struct gate *g, int fd, const struct sockaddr *sa)
{
	struct gate_conn *c;

	if (!descriptors_left(DESCRIPTORS_STRANGER)) {
		turn_away(g, fd, sa, "too few open files are left for it; raise LimitNOFILE (ulimit -n)");
		return;
	}
	if (g->n_all >= g->most) {
		turn_away(g, fd, sa, "too many connections");
		return;
	}
	c = conn_new(g, fd);
	conn_address(c, sa);
	make_room(g, c);
	TAILQ_INSERT_TAIL(&g->strangers, c, stranger);
	g->n_strangers++;
	c->is_stranger = true;
	c->ssl = tls_accept(g->trust, fd, &c->verdict);
	CY_ASSERT(c->ssl);
	conn_set_wire(c);
	tls_trust_ref(g->trust);
	c->state = CONN_SHAKE;
	conn_timer(c, g->config.handshake_ms);
	conn_want(c->net_r, true);
}

static void on_accept(evutil_socket_t listener, short what, void *arg)
{
	struct gate_listener *l = arg;
	struct gate *g = l->g;

	(void)what;
	for (int i = 0; i < ACCEPTS; i++) {
		struct sockaddr_storage sa = { 0 };
		socklen_t len = sizeof sa;
		int fd = accept4(listener, (struct sockaddr *)&sa, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd >= 0) {
			take_caller(g, fd, (struct sockaddr *)&sa);
			continue;
		}
		if (errno != EMFILE && errno != ENFILE)
			return;
		/* Give up the reserve to say no, or the caller would wake us for ever. */
		close(g->reserve);
		fd = accept(listener, NULL, NULL);
		if (fd >= 0)
			close(fd);
		g->reserve = open("/dev/null", O_RDONLY | O_CLOEXEC);
		return;
	}
}

/* Numbers only: which address is meant must not depend on a resolver. */
static bool parse_listen(const char *address, struct sockaddr_storage *sa, socklen_t *len)
{
	struct sockaddr_in *in4 = (struct sockaddr_in *)sa;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)sa;
	char *host, *port;
	uint16_t number;
	bool ok = true;

	if (gate_split(address, &host, &port))
		return false;
	number = htons((uint16_t)strtoul(port, NULL, 10));
	if (inet_pton(AF_INET, host, &in4->sin_addr) == 1) {
		in4->sin_family = AF_INET;
		in4->sin_port = number;
		*len = sizeof *in4;
	} else if (inet_pton(AF_INET6, host, &in6->sin6_addr) == 1) {
		in6->sin6_family = AF_INET6;
		in6->sin6_port = number;
		*len = sizeof *in6;
	} else {
		ok = false;
	}
	free(host);
	free(port);
	return ok;
}

void gate_limit_segments(int fd)
{
	static const int mss = GATE_MSS;

	setsockopt(fd, IPPROTO_TCP, TCP_MAXSEG, &mss, sizeof mss);
}

static void wait_for_callers(struct gate_listener *l)
{
	l->ev = event_new(l->g->base, l->fd, EV_READ | EV_PERSIST, on_accept, l);
	CY_ASSERT(l->ev && event_add(l->ev, NULL) == 0);
}

/* *ret_fd is -1 or to be closed, whatever the result. */
static int open_listener(const char *address, int *ret_fd, struct cy_error *e)
{
	static const int on = 1;
	struct sockaddr_storage sa = { 0 };
	socklen_t len;
	int fd;

	*ret_fd = -1;

	if (!parse_listen(address, &sa, &len))
		return cy_fail(e, CY_ECONFIG, "cannot listen on '%s': write ADDRESS:PORT or [ADDRESS]:PORT, in numbers",
			       address);
	*ret_fd = fd = socket(sa.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
	if (fd < 0)
		return cy_fail(e, CY_ECONFIG, "cannot listen on '%s': %s%s", address, strerror(errno),
			       errno == EAFNOSUPPORT ? "; name an IPv4 address, or boot a kernel with IPv6" : "");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (sa.ss_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
	gate_limit_segments(fd);
	if (bind(fd, (struct sockaddr *)&sa, len) != 0 || listen(fd, 512) != 0)
		return cy_fail(e, CY_ECONFIG,
			       "cannot listen on '%s': %s; free the port, or name an address of this machine", address,
			       strerror(errno));
	return CY_OK;
}

int gate_listen_check(const char *address, struct cy_error *e)
{
	int fd, rc = open_listener(address, &fd, e);

	if (fd >= 0)
		close(fd);
	return rc;
}

static int listen_on(struct gate *g, struct gate_listener *l, const char *address, struct cy_error *e)
{
	int rc = open_listener(address, &l->fd, e);

	l->g = g;
	if (rc == CY_OK)
		wait_for_callers(l);
	return rc;
}

static int listen_with(struct gate *g, struct gate_listener *l, int fd, struct cy_error *e)
{
	l->g = g;
	l->fd = fd;
	if (evutil_make_socket_nonblocking(fd) != 0)
		return cy_fail(e, CY_EIO, "a listening socket that was passed in cannot be used: %s", strerror(errno));
	gate_limit_segments(fd);
	wait_for_callers(l);
	return CY_OK;
}

static void stop_listening(struct gate *g)
{
	for (size_t i = 0; i < g->n_listen; i++) {
		if (g->listeners[i].ev)
			event_free(g->listeners[i].ev);
		if (g->listeners[i].fd >= 0)
			close(g->listeners[i].fd);
		g->listeners[i].ev = NULL;
		g->listeners[i].fd = -1;
	}
}

uint16_t gate_port(const struct gate *g, size_t i)
{
	struct sockaddr_storage sa = { 0 };
	socklen_t len = sizeof sa;

	if (i >= g->n_listen || getsockname(g->listeners[i].fd, (struct sockaddr *)&sa, &len) != 0)
		return 0;
	return ntohs(sa.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&sa)->sin6_port
					      : ((struct sockaddr_in *)&sa)->sin_port);
}

/* ------------------------------------------------------------------- orders */

void gate_check_stopped(struct gate *g)
{
	struct mail m = { .what = GATE_STOPPED };

	if (!g->stopping || g->n_all || g->n_lookups)
		return;
	g->stopping = false;
	mailbox_post(g->out, &m);
	event_base_loopbreak(g->base);
}

static void on_stop_timer(evutil_socket_t fd, short what, void *arg)
{
	struct gate *g = arg;

	(void)fd;
	(void)what;
	event_base_loopbreak(g->base);
}

static void stop(struct gate *g)
{
	int64_t ms = 2 * g->config.drain_ms + STOP_SLACK;
	struct timeval tv = { .tv_sec = (time_t)(ms / 1000), .tv_usec = (suseconds_t)(ms % 1000 * 1000) };
	struct gate_conn *c, *next;

	stop_listening(g);
	g->stopping = true;
	CY_ASSERT(event_add(g->stop_timer, &tv) == 0);
	for (c = TAILQ_FIRST(&g->all); c; c = next) {
		next = TAILQ_NEXT(c, all);
		if (c->state < CONN_WAIT)
			conn_free(c);
		else if (c->state == CONN_WAIT)
			conn_end(c, "stopping", true);
		else if (c->state == CONN_PUMP && !c->leaving) {
			c->leaving = true;
			conn_timer(c, g->config.drain_ms);
		}
	}
	gate_check_stopped(g);
}

static void on_order(void *ctx, const struct mail *m)
{
	struct gate *g = ctx;
	struct gate_conn *c = NULL;

	if (m->what == GATE_DIAL) {
		gate_dial(g, m->peer, m->lane);
		return;
	}
	if (m->what == GATE_STOP) {
		stop(g);
		return;
	}
	if (m->what == GATE_CHANGE) {
		gate_apply(g, m->data);
		return;
	}
	if (m->what == GATE_PROBE) {
		mailbox_post(g->out, &(struct mail){ .what = GATE_ALIVE });
		return;
	}
	TAILQ_FOREACH(c, &g->all, all)
	if (c->id == m->conn)
		break;
	if (c == NULL || c->told) {
		/* An endpoint that nobody reaches any more must not stay behind. */
		if (m->what == GATE_CONNECT)
			unlink(m->text);
		return;
	}
	switch ((enum gate_order)m->what) {
	case GATE_CONNECT:
		conn_attach(c, m->text);
		break;
	case GATE_PROVEN:
		c->proven = true;
		break;
	case GATE_CLOSE:
		c->leaving = true;
		if (c->state != CONN_FLUSH)
			conn_timer(c, g->config.drain_ms);
		break;
	case GATE_DROP:
		conn_end(c, m->text, true);
		break;
	case GATE_DIAL:
	case GATE_CHANGE:
	case GATE_PROBE:
	case GATE_STOP:
		break;
	}
}

/* --------------------------------------------------------------------- life */

static int set_up(struct gate *g, const struct gate_config *config, struct cy_error *e)
{
	for (size_t i = 0; i < g->n_listen; i++) {
		struct gate_listener *l = &g->listeners[i];
		int rc = config->n_fds ? listen_with(g, l, config->fds[i], e) : listen_on(g, l, config->listen[i], e);

		if (rc)
			return rc;
	}
	return mailbox_init(&g->in, g->base, on_order, g, e);
}

int gate_new(struct event_base *base, const struct gate_config *config, struct tls_trust *trust, struct mailbox *out,
	     struct gate **ret_gate, struct cy_error *e)
{
	struct gate *g = calloc(1, sizeof *g);
	struct gate_change *first;
	int rc = gate_change_new(config, trust, &first, e);

	CY_ASSERT(g);
	if (rc) {
		free(g);
		return rc;
	}
	g->base = base;
	g->out = out;
	g->n_listen = config->n_fds ? config->n_fds : config->n_listen;
	g->wire = gate_wire_method();
	TAILQ_INIT(&g->all);
	TAILQ_INIT(&g->strangers);
	g->listeners = calloc(g->n_listen + 1, sizeof *g->listeners);
	CY_ASSERT(g->listeners);
	for (size_t i = 0; i < g->n_listen; i++)
		g->listeners[i].fd = -1;
	g->stop_timer = evtimer_new(base, on_stop_timer, g);
	CY_ASSERT(g->stop_timer);
	gate_watch_trust(g);
	gate_apply(g, first);
	g->reserve = open("/dev/null", O_RDONLY | O_CLOEXEC);
	rc = set_up(g, config, e);
	if (rc) {
		gate_free(g);
		return rc;
	}
	*ret_gate = g;
	return CY_OK;
}

void gate_post(struct gate *g, const struct mail *m)
{
	mailbox_post(&g->in, m);
}

void gate_free(struct gate *g)
{
	struct gate_change *last;

	if (g == NULL)
		return;
	g->stopping = false;
	stop_listening(g);
	while (!TAILQ_EMPTY(&g->all))
		conn_free(TAILQ_FIRST(&g->all));
	if (g->dns)
		evdns_base_free(g->dns, 0);
	mailbox_free(&g->in);
	event_free(g->stop_timer);
	BIO_meth_free(g->wire);
	if (g->reserve >= 0)
		close(g->reserve);
	event_free(g->verify_timer);
	free(g->listeners);
	last = calloc(1, sizeof *last);
	CY_ASSERT(last);
	*last = (struct gate_change){ g->config, g->trust, g->targets };
	gate_change_free(last);
	free(g);
}
