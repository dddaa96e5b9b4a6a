#include <errno.h>
#include <openssl/err.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "io/gate/gate_tls_internal.h"

#define RECORD 16384u

enum turn {
	IDLE, /* nothing more to do until an event */
	MORE, /* stopped by the limit on rounds */
	OVER  /* the connection has left CONN_PUMP, and may be gone */
};

/* Bytes taken by libzmq, kept ones first out. A dead ipc side takes everything:
 * its end is noticed by reading. */
static size_t write_ipc(struct gate_conn *c, const uint8_t *data, size_t len)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = send(c->ipc, data + done, len - done, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == ENOBUFS))
			break;
		if (n < 0) {
			c->ipc_deaf = true;
			return len;
		}
		done += (size_t)n;
	}
	return done;
}

static void keep(struct cy_buf *b, const uint8_t *data, size_t len)
{
	if (len)
		CY_ASSERT(cy_buf_add(b, data, len) == CY_OK);
}

static void flush_ipc(struct gate_conn *c)
{
	if (c->to_ipc.len == 0)
		return;
	cy_buf_drop(&c->to_ipc, write_ipc(c, c->to_ipc.data, c->to_ipc.len));
	if (c->to_ipc.len == 0)
		cy_buf_free(&c->to_ipc); /* a quiet peer keeps no buffer */
}

/* TLS has ended: what was received still goes to libzmq, which then ends its side
 * once it has taken all. */
static void begin_flush(struct gate_conn *c, const char *why)
{
	cy_copy(c->why, sizeof c->why, why);
	c->state = CONN_FLUSH;
	conn_want(c->net_r, false);
	conn_want(c->net_w, false);
	conn_timer(c, c->g->config.drain_ms);
	pump(c, true, true);
}

static enum turn tls_over(struct gate_conn *c, int ssl_error)
{
	char why[sizeof c->why];

	tls_why(ssl_error, &c->verdict, why, sizeof why);
	begin_flush(c, why);
	return OVER;
}

/* Fill the shared buffer from TLS. A record may hold a single byte, or a message of TLS
 * itself, which OpenSSL tells as a wish to read though more may be there: the number of
 * reads is what is bounded. */
static size_t read_net(struct gate_conn *c, int *ret_error)
{
	uint8_t *buffer = c->g->buffer;
	size_t n = 0;

	*ret_error = SSL_ERROR_NONE;
	for (int reads = 0; n < GATE_BUFFER && reads < GATE_READS; reads++) {
		uint64_t messages = c->verdict.work.messages;
		int r;

		ERR_clear_error();
		errno = 0;
		r = SSL_read(c->ssl, buffer + n, (int)(GATE_BUFFER - n));
		*ret_error = r > 0 ? SSL_ERROR_NONE : SSL_get_error(c->ssl, r);
		if (r > 0)
			n += (size_t)r;
		else if (*ret_error == SSL_ERROR_WANT_READ && c->verdict.work.messages != messages)
			*ret_error = SSL_ERROR_NONE;
		else
			break;
	}
	return n;
}

static enum turn pump_in(struct gate_conn *c)
{
	for (int round = 0; round < GATE_ROUNDS; round++) {
		int error, saved;
		size_t n, done;

		flush_ipc(c);
		if (c->to_ipc.len || c->ipc_deaf)
			return IDLE;
		n = read_net(c, &error);
		saved = errno;
		if (n && zmtp_guard_feed(&c->guard, cy_bytes(c->g->buffer, n))) {
			char why[sizeof c->why];

			snprintf(why, sizeof why, "the peer breaks the protocol: %s", c->guard.why);
			conn_end(c, why, true);
			return OVER;
		}
		done = write_ipc(c, c->g->buffer, n);
		keep(&c->to_ipc, c->g->buffer + done, n - done);
		if (error == SSL_ERROR_NONE)
			continue;
		if (error == SSL_ERROR_WANT_READ)
			return IDLE;
		errno = saved;
		return tls_over(c, error);
	}
	return MORE;
}

/* All of it becomes TLS records; what the socket does not take is spilt. The
 * error that ended the connection, or none. */
static int write_net(struct gate_conn *c, const uint8_t *data, size_t len)
{
	int error = SSL_ERROR_NONE, saved = 0;
	bool sent;

	conn_gather(c);
	for (size_t done = 0; done < len;) {
		int r;

		/* Rekeying is ours to do: OpenSSL never does it by itself. Each side does
		 * it for what it sends, and asks for nothing. */
		ERR_clear_error();
		if (c->records >= c->g->config.rekey_records &&
		    SSL_key_update(c->ssl, SSL_KEY_UPDATE_NOT_REQUESTED) == 1)
			c->records = 0;
		errno = 0;
		r = SSL_write(c->ssl, data + done, (int)(len - done));
		if (r <= 0) {
			error = SSL_get_error(c->ssl, r);
			saved = errno;
			break;
		}
		done += (size_t)r;
		c->records += ((size_t)r + RECORD - 1) / RECORD;
	}
	sent = conn_gathered(c);
	if (error == SSL_ERROR_NONE)
		return sent ? SSL_ERROR_NONE : SSL_ERROR_SYSCALL;
	errno = saved;
	return error;
}

/* Every end that libzmq decides on shows here. */
static enum turn ipc_over(struct gate_conn *c)
{
	conn_end(c, c->leaving ? "closed" : "the ZeroMQ side ended the session", true);
	return OVER;
}

static enum turn pump_out(struct gate_conn *c)
{
	for (int round = 0; round < GATE_ROUNDS; round++) {
		ssize_t n;
		int error;

		if (!conn_flush(c))
			return tls_over(c, SSL_ERROR_SYSCALL);
		if (c->to_net.len)
			return IDLE;
		n = recv(c->ipc, c->g->buffer, GATE_BUFFER, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return IDLE;
		if (n <= 0)
			return ipc_over(c);
		error = write_net(c, c->g->buffer, (size_t)n);
		if (error)
			return tls_over(c, error);
	}
	return MORE;
}

/* Hand the rest to libzmq and wait for it to end its side; what it still sends
 * has nowhere to go. */
static void pump_flush(struct gate_conn *c)
{
	ssize_t n;

	flush_ipc(c);
	if (c->to_ipc.len == 0)
		shutdown(c->ipc, SHUT_WR);
	do
		n = recv(c->ipc, c->g->buffer, GATE_BUFFER, 0);
	while (n > 0 || (n < 0 && errno == EINTR));
	if (n < 0 && errno == EAGAIN) {
		conn_want(c->ipc_r, true);
		conn_want(c->ipc_w, c->to_ipc.len > 0);
		return;
	}
	conn_end(c, c->why, false);
}

/* in: from the peer; out: to the peer. */
void pump(struct gate_conn *c, bool in, bool out)
{
	static const struct timeval now = { 0 };
	bool more = false;
	enum turn t;

	if (c->state == CONN_FLUSH) {
		pump_flush(c);
		return;
	}
	if (in) {
		t = pump_in(c);
		if (t == OVER)
			return;
		more |= t == MORE;
	}
	if (out || c->to_net.len) {
		t = pump_out(c);
		if (t == OVER)
			return;
		more |= t == MORE;
	}
	/* With a spilt buffer nothing is read on that way: the sender feels it. */
	conn_want(c->net_r, c->to_ipc.len == 0 && !c->ipc_deaf);
	conn_want(c->net_w, c->to_net.len > 0);
	conn_want(c->ipc_r, c->to_net.len == 0);
	conn_want(c->ipc_w, c->to_ipc.len > 0);
	/* A zero timer, since OpenSSL may hold bytes that no socket event tells of. */
	if (more)
		CY_ASSERT(event_add(c->pump_again, &now) == 0);
}
