#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "io/gate/gate_tls_internal.h"

void conn_want(struct event *ev, bool on)
{
	bool is = event_pending(ev, EV_READ | EV_WRITE, NULL);

	if (on && !is)
		CY_ASSERT(event_add(ev, NULL) == 0);
	else if (!on && is)
		event_del(ev);
}

void conn_timer(struct gate_conn *c, int64_t ms)
{
	struct timeval tv = { .tv_sec = (time_t)(ms / 1000), .tv_usec = (suseconds_t)(ms % 1000 * 1000) };

	CY_ASSERT(event_add(c->timer, &tv) == 0);
}

/* The IPv4 address in an IPv6 one, NULL: none. A socket for both families tells an IPv4
 * caller so, and a NAT64 in front of us by its well-known prefix (RFC 6052). */
static const uint8_t *ipv4_in(const struct in6_addr *a)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	static const uint8_t nat64[12] = { 0x00, 0x64, 0xff, 0x9b };

	return memcmp(a, mapped, sizeof mapped) == 0 || memcmp(a, nat64, sizeof nat64) == 0 ? a->s6_addr + 12 : NULL;
}

void conn_address(struct gate_conn *c, const struct sockaddr *sa)
{
	char host[INET6_ADDRSTRLEN] = "?";
	const struct sockaddr_in *in4 = (const struct sockaddr_in *)(const void *)sa;
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)(const void *)sa;
	bool v6 = sa->sa_family == AF_INET6;
	bool mapped = v6 && IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr);
	const uint8_t *ipv4 = v6 ? ipv4_in(&in6->sin6_addr) : (const uint8_t *)&in4->sin_addr;

	memset(c->source, 0, sizeof c->source);
	if (ipv4) {
		c->source[8] = 1; /* no IPv6 network has anything there */
		memcpy(c->source + 12, ipv4, 4);
	} else {
		memcpy(c->source, &in6->sin6_addr, 8);
	}
	inet_ntop(v6 && !mapped ? AF_INET6 : AF_INET, v6 && !mapped ? (const void *)&in6->sin6_addr : ipv4, host,
		  sizeof host);
	snprintf(c->address, sizeof c->address, v6 && !mapped ? "[%s]:%u" : "%s:%u", host,
		 ntohs(v6 ? in6->sin6_port : in4->sin_port));
}

/* ------------------------------------------------------------------ events */

static void tell_authenticated(struct gate_conn *c)
{
	struct mail m = { .what = GATE_AUTHENTICATED,
			  .conn = c->id,
			  .peer = c->peer,
			  .lane = c->lane,
			  .dialled = c->dialled,
			  .certificate_end = c->verdict.certificate_end };

	tls_binding(c->ssl, m.exporter, m.theirs, m.ours);
	memcpy(m.source, c->source, sizeof m.source);
	cy_copy(m.address, sizeof m.address, c->address);
	mailbox_post(c->g->out, &m);
	gate_verify_later(c->g);
}

/* The first decrypted byte proves that the acceptor took our certificate. */
static void first_byte(struct gate_conn *c)
{
	char why[sizeof c->why];
	uint64_t messages;
	uint8_t byte;
	int r, error;

	/* After a session ticket OpenSSL tells a wish to read, though more may be there. */
	do {
		messages = c->verdict.work.messages;
		ERR_clear_error();
		errno = 0;
		r = SSL_peek(c->ssl, &byte, 1);
		error = r > 0 ? SSL_ERROR_NONE : SSL_get_error(c->ssl, r);
	} while (error == SSL_ERROR_WANT_READ && c->verdict.work.messages != messages);
	if (error == SSL_ERROR_NONE) {
		c->state = CONN_WAIT;
		c->authenticated = true;
		conn_want(c->net_r, false);
		conn_want(c->net_w, false);
		event_del(c->timer);
		tell_authenticated(c);
		return;
	}
	if (error == SSL_ERROR_WANT_READ) {
		conn_want(c->net_r, true);
		conn_want(c->net_w, c->to_net.len > 0);
		return;
	}
	c->refused = tls_why(error, &c->verdict, why, sizeof why);
	conn_end(c, why, false);
}

/* Other connections of this one's peer and lane that drain, or that do not. */
static size_t siblings(const struct gate_conn *c, bool draining, struct gate_conn **ret_oldest)
{
	struct gate_conn *other = NULL;
	size_t n = 0;

	TAILQ_FOREACH(other, &c->g->all, all)
	{
		if (other == c || !other->authenticated || other->peer != c->peer || other->lane != c->lane ||
		    (other->state == CONN_DRAIN) != draining)
			continue;
		if (n++ == 0)
			*ret_oldest = other;
	}
	return n;
}

/* A caller that has only a TLS key of the peer must not keep the peer out: of the callers that are not
 * proven the oldest is dropped, and those from the address of the new caller before all others. */
static struct gate_conn *gives_way(const struct gate_conn *c)
{
	struct gate_conn *other = NULL, *oldest = NULL;

	TAILQ_FOREACH(other, &c->g->all, all)
	{
		if (other == c || !other->authenticated || other->dialled || other->proven || other->peer != c->peer ||
		    other->lane != c->lane || other->state == CONN_DRAIN)
			continue;
		if (memcmp(other->source, c->source, sizeof c->source) == 0)
			return other;
		if (oldest == NULL)
			oldest = other;
	}
	return oldest;
}

static void shaken(struct gate_conn *c)
{
	struct gate_conn *oldest;
	const enum tls_lane lane = tls_lane_of(c->ssl);

	if (!c->verdict.decided) {
		conn_end(c, "no certificate was sent", false);
		return;
	}
	/* Several records with a call; only now, when it is known who they are from. */
	SSL_set_read_ahead(c->ssl, 1);
	SSL_set_default_read_buffer_len(c->ssl, GATE_BUFFER);
	/* The trust may have been exchanged since the certificate came. */
	if (c->verdict.trust != c->g->trust && !conn_verify_again(c))
		return;
	if (c->dialled && lane != c->lane) {
		char why[sizeof c->why];

		snprintf(why, sizeof why, "the peer did not agree to %s (ALPN)", tls_lane_protocol(c->lane));
		conn_end(c, why, true);
		return;
	}
	if (c->dialled) {
		c->state = CONN_FIRST;
		first_byte(c);
		return;
	}
	c->state = CONN_WAIT;
	c->authenticated = true;
	c->peer = c->verdict.peer;
	c->lane = lane;
	if (c->is_stranger) {
		TAILQ_REMOVE(&c->g->strangers, c, stranger);
		c->g->n_strangers--;
		c->is_stranger = false;
	}
	/* Main may be slow to decide, and one peer must not take the place of all. */
	if (siblings(c, false, &oldest) >= GATE_CONNS) {
		oldest = gives_way(c);
		if (oldest == NULL)
			oldest = c;
		c->refused = oldest == c;
		conn_end(oldest, "too many connections of this peer at one time", true);
		if (oldest == c)
			return;
	}
	conn_want(c->net_r, false);
	conn_want(c->net_w, c->to_net.len > 0);
	event_del(c->timer);
	tell_authenticated(c);
}

void conn_shake(struct gate_conn *c)
{
	char why[sizeof c->why];
	int r, error;

	ERR_clear_error();
	errno = 0;
	r = SSL_do_handshake(c->ssl);
	error = r == 1 ? SSL_ERROR_NONE : SSL_get_error(c->ssl, r);
	if (c->verdict.stale_crl) {
		struct mail m = { .what = GATE_STALE_CRL, .peer = c->verdict.stale_peer };

		c->verdict.stale_crl = false;
		mailbox_post_most(c->g->out, &m, 64);
	}
	if (error == SSL_ERROR_NONE) {
		shaken(c);
		return;
	}
	if (error == SSL_ERROR_WANT_READ) {
		conn_want(c->net_r, true);
		conn_want(c->net_w, c->to_net.len > 0);
		return;
	}
	c->refused = tls_why(error, &c->verdict, why, sizeof why);
	conn_end(c, why, false);
}

static void drain(struct gate_conn *c)
{
	ssize_t n;

	if (!conn_flush(c)) {
		conn_free(c);
		return;
	}
	conn_want(c->net_w, c->to_net.len > 0);
	if (c->to_net.len == 0 && !c->fin) {
		c->fin = true;
		shutdown(c->fd, SHUT_WR);
	}
	while ((n = recv(c->fd, c->g->buffer, GATE_BUFFER, 0)) > 0) {
		c->drained += (size_t)n;
		if (c->drained > GATE_DRAIN_BYTES)
			break;
	}
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	conn_free(c);
}

static void on_net(evutil_socket_t fd, short what, void *arg)
{
	struct gate_conn *c = arg;

	(void)fd;
	switch (c->state) {
	case CONN_RESOLVE:
	case CONN_FLUSH:
		break;
	case CONN_WAIT:
		conn_flush(c);
		conn_want(c->net_w, c->to_net.len > 0);
		break;
	case CONN_CONNECT:
		conn_connect_done(c);
		break;
	case CONN_SHAKE:
		conn_flush(c);
		conn_shake(c);
		break;
	case CONN_FIRST:
		conn_flush(c);
		first_byte(c);
		break;
	case CONN_PUMP:
		pump(c, what & EV_READ, what & EV_WRITE);
		break;
	case CONN_DRAIN:
		drain(c);
		break;
	}
}

static void on_ipc(evutil_socket_t fd, short what, void *arg)
{
	struct gate_conn *c = arg;

	(void)fd;
	pump(c, what & EV_WRITE, what & EV_READ);
}

static void on_pump_again(evutil_socket_t fd, short what, void *arg)
{
	struct gate_conn *c = arg;

	(void)fd;
	(void)what;
	if (c->state == CONN_PUMP)
		pump(c, true, true);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct gate_conn *c = arg;
	char why[sizeof c->why];

	(void)fd;
	(void)what;
	switch (c->state) {
	case CONN_CONNECT:
		snprintf(why, sizeof why, "cannot connect to %s: no answer", c->address);
		conn_connect_failed(c, why);
		break;
	case CONN_RESOLVE:
		conn_end(c, "the name was not resolved in time", false);
		break;
	case CONN_SHAKE:
	case CONN_FIRST:
		conn_end(c, "the handshake took too long", false);
		break;
	case CONN_WAIT:
	case CONN_PUMP:
		conn_end(c, "closed before all could be sent", false);
		break;
	case CONN_FLUSH:
		conn_end(c, c->why, false);
		break;
	case CONN_DRAIN:
		conn_free(c);
		break;
	}
}

/* -------------------------------------------------------------------- life */

struct gate_conn *conn_new(struct gate *g, int fd)
{
	struct gate_conn *c = calloc(1, sizeof *c);

	CY_ASSERT(c);
	c->g = g;
	c->id = ++g->last_id;
	c->ipc = -1;
	c->fd = fd;
	c->to_ipc = CY_BUF(GATE_BUFFER);
	c->to_net = CY_BUF(GATE_SPILL);
	c->timer = evtimer_new(g->base, on_timer, c);
	c->pump_again = evtimer_new(g->base, on_pump_again, c);
	CY_ASSERT(c->timer && c->pump_again);
	TAILQ_INSERT_TAIL(&g->all, c, all);
	g->n_all++;
	if (fd >= 0)
		conn_watch(c);
	return c;
}

void conn_watch(struct gate_conn *c)
{
	static const int on = 1;

	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	c->net_r = event_new(c->g->base, c->fd, EV_READ | EV_PERSIST, on_net, c);
	c->net_w = event_new(c->g->base, c->fd, EV_WRITE | EV_PERSIST, on_net, c);
	CY_ASSERT(c->net_r && c->net_w);
}

void conn_attach(struct gate_conn *c, const char *path)
{
	static const int queue = GATE_BULK_QUEUE;
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	char why[sizeof c->why];

	CY_ASSERT(c->state == CONN_WAIT && cy_copy(sa.sun_path, sizeof sa.sun_path, path) == CY_OK);
	c->ipc = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (c->ipc >= 0 && c->lane == TLS_BULK)
		setsockopt(c->ipc, SOL_SOCKET, SO_SNDBUF, &queue, sizeof queue);
	if (c->ipc < 0 || connect(c->ipc, (struct sockaddr *)&sa, sizeof sa) != 0) {
		snprintf(why, sizeof why, "cannot reach the ipc endpoint: %s", strerror(errno));
		conn_end(c, why, true);
		return;
	}
	/* Nobody else shall find the endpoint, and nothing stay behind. */
	unlink(path);
	c->state = CONN_PUMP;
	c->ipc_r = event_new(c->g->base, c->ipc, EV_READ | EV_PERSIST, on_ipc, c);
	c->ipc_w = event_new(c->g->base, c->ipc, EV_WRITE | EV_PERSIST, on_ipc, c);
	CY_ASSERT(c->ipc_r && c->ipc_w);
	conn_watch_life(c);
	pump(c, true, true);
}

void conn_tell(struct gate_conn *c, const char *why)
{
	struct mail m = { .what = c->authenticated ? GATE_CLOSED
				  : c->dialled     ? GATE_FAILED
						   : GATE_REFUSED,
			  .conn = c->id,
			  .peer = c->peer,
			  .lane = c->lane,
			  .dialled = c->dialled,
			  .refused = c->refused };

	if (c->told)
		return;
	if (m.what == GATE_REFUSED) {
		m.peer = c->verdict.peer;
		m.lane = c->ssl ? tls_lane_of(c->ssl) : TLS_MESSAGES;
		m.refused = c->verdict.named;
	}
	c->told = true;
	cy_copy(m.address, sizeof m.address, c->address);
	cy_copy(m.text, sizeof m.text, why);
	/* Strangers must not be able to fill the memory with complaints. */
	if (m.what == GATE_REFUSED)
		mailbox_post_most(c->g->out, &m, 256);
	else
		mailbox_post(c->g->out, &m);
}

static void close_ipc(struct gate_conn *c)
{
	if (c->ipc_r)
		event_free(c->ipc_r);
	if (c->ipc_w)
		event_free(c->ipc_w);
	if (c->ipc >= 0)
		close(c->ipc);
	c->ipc_r = c->ipc_w = NULL;
	c->ipc = -1;
}

void conn_end(struct gate_conn *c, const char *why, bool polite)
{
	struct gate_conn *oldest = NULL;

	conn_tell(c, why);
	if (c->ssl == NULL) {
		conn_free(c);
		return;
	}
	close_ipc(c);
	event_del(c->pump_again);
	if (polite || (SSL_get_shutdown(c->ssl) & SSL_RECEIVED_SHUTDOWN)) {
		ERR_clear_error();
		SSL_shutdown(c->ssl);
		ERR_clear_error();
	}
	cy_buf_free(&c->to_ipc);
	c->state = CONN_DRAIN;
	if (c->authenticated && !c->g->stopping && siblings(c, true, &oldest) >= GATE_DRAINS)
		conn_free(oldest);
	conn_want(c->net_r, true);
	conn_timer(c, c->g->config.drain_ms);
	drain(c);
}

void conn_free(struct gate_conn *c)
{
	struct gate *g = c->g;

	conn_forget_lookup(c);
	close_ipc(c);
	event_free(c->timer);
	event_free(c->pump_again);
	if (c->alive_check)
		event_free(c->alive_check);
	if (c->net_r)
		event_free(c->net_r);
	if (c->net_w)
		event_free(c->net_w);
	SSL_free(c->ssl);
	tls_trust_unref(c->verdict.trust);
	if (c->fd >= 0)
		close(c->fd);
	cy_buf_free(&c->to_ipc);
	cy_buf_free(&c->to_net);
	if (c->is_stranger) {
		TAILQ_REMOVE(&g->strangers, c, stranger);
		g->n_strangers--;
	}
	TAILQ_REMOVE(&g->all, c, all);
	g->n_all--;
	free(c);
	gate_check_stopped(g);
}
