/* The BIO through which OpenSSL writes. A socket BIO leaves half a record behind in OpenSSL when
 * the socket is full; a KeyUpdate request that is read in the meantime then makes
 * it answer into the middle of that record, and it ends the connection with "bad
 * length" (seen with OpenSSL 3.0). Reading must not wait for writing either, or
 * two full sides wait for each other. So OpenSSL's writes always succeed: what the
 * socket does not take is spilt to c->to_net, and nothing more is given to OpenSSL
 * until that is empty. */
#include <errno.h>
#include <openssl/bio.h>
#include <openssl/ssl.h>
#include <string.h>

#include "io/gate/gate_tls_internal.h"

static size_t send_some(struct gate_conn *c, const uint8_t *data, size_t len, bool *ret_broken)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = send(c->fd, data + done, len - done, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			*ret_broken = errno != EAGAIN && errno != ENOBUFS;
			break;
		}
		done += (size_t)n;
	}
	return done;
}

/* To the socket, and what it does not take is spilt. */
static bool put_out(struct gate_conn *c, const uint8_t *data, size_t len)
{
	size_t done = 0;
	bool broken = false;

	if (c->to_net.len == 0)
		done = send_some(c, data, len, &broken);
	if (broken)
		return false;
	/* Only a peer that asks for answers and never reads them fills this. */
	if (cy_buf_add(&c->to_net, data + done, len - done)) {
		errno = ENOBUFS;
		return false;
	}
	return true;
}

static int wire_write(BIO *b, const char *data, int len)
{
	struct gate_conn *c = BIO_get_data(b);
	struct gate_wire *out = &c->g->out_wire;
	size_t n = len > 0 ? (size_t)len : 0;

	BIO_clear_retry_flags(b);
	if (out->of == c && n <= sizeof out->data - out->len) {
		memcpy(out->data + out->len, data, n);
		out->len += n;
		return len;
	}
	return conn_gathered(c) && put_out(c, (const uint8_t *)data, n) ? len : -1;
}

void conn_gather(struct gate_conn *c)
{
	CY_ASSERT(c->g->out_wire.len == 0);
	c->g->out_wire.of = c;
}

bool conn_gathered(struct gate_conn *c)
{
	struct gate_wire *out = &c->g->out_wire;
	size_t len = out->len;

	if (out->of != c)
		return true;
	out->of = NULL;
	out->len = 0;
	return put_out(c, out->data, len);
}

static long wire_ctrl(BIO *b, int what, long num, void *ptr)
{
	(void)b;
	(void)num;
	(void)ptr;
	return what == BIO_CTRL_FLUSH;
}

static int wire_create(BIO *b)
{
	BIO_set_init(b, 1);
	return 1;
}

BIO_METHOD *gate_wire_method(void)
{
	BIO_METHOD *m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "comity wire");

	CY_ASSERT(m && BIO_meth_set_write(m, wire_write) && BIO_meth_set_ctrl(m, wire_ctrl) &&
		  BIO_meth_set_create(m, wire_create));
	return m;
}

void conn_set_wire(struct gate_conn *c)
{
	BIO *b = BIO_new(c->g->wire);

	CY_ASSERT(b);
	BIO_set_data(b, c);
	SSL_set0_wbio(c->ssl, b);
}

bool conn_flush(struct gate_conn *c)
{
	bool broken = false;

	if (c->to_net.len == 0)
		return true;
	cy_buf_drop(&c->to_net, send_some(c, c->to_net.data, c->to_net.len, &broken));
	if (c->to_net.len == 0)
		cy_buf_free(&c->to_net); /* a quiet peer keeps no buffer */
	return !broken;
}
