/* Limits of the work that the other side may cause in TLS. A callback cannot end a connection: it
 * marks it as shut down by the other side, so that OpenSSL reads nothing more from it. */
#include "base/limits.h"
#include "io/gate/tls_peers_internal.h"

static void count_record(struct tls_work *w, const uint8_t *header, size_t len)
{
	w->records++;
	w->bytes += len >= SSL3_RT_HEADER_LENGTH ? (size_t)(header[3] << 8 | header[4]) : 0;
	if (w->records > CY_TLS_HANDSHAKE_RECORDS_MAX || w->bytes > CY_TLS_HANDSHAKE_BYTES_MAX)
		w->over = "the handshake takes too many records or bytes";
}

/* All other records are alerts, and OpenSSL counts these. */
static void count_data(struct tls_work *w)
{
	w->data++;
	if (w->data < CY_TLS_REKEY_RECORDS)
		return;
	w->data = 0;
	w->rekeys -= w->rekeys > 0;
}

static void count_message(struct tls_work *w, int type)
{
	if (type == SSL3_MT_FINISHED)
		w->shaken = true;
	if (type != SSL3_MT_KEY_UPDATE && type != SSL3_MT_NEWSESSION_TICKET)
		return;
	w->messages++;
	if (type == SSL3_MT_KEY_UPDATE && ++w->rekeys > CY_TLS_REKEYS_MAX)
		w->over = "the peer renews its keys too often (TLS KeyUpdate)";
	if (type == SSL3_MT_NEWSESSION_TICKET && ++w->tickets > CY_TLS_TICKETS_MAX)
		w->over = "the peer sends too many session tickets (TLS NewSessionTicket)";
}

void tls_on_message(int sent, int version, int type, const void *data, size_t len, SSL *ssl, void *arg)
{
	struct tls_verdict *v = SSL_get_app_data(ssl);
	const uint8_t *bytes = data;

	(void)version;
	(void)arg;
	if (sent || len == 0)
		return;
	if (type == SSL3_RT_HEADER && !v->work.shaken)
		count_record(&v->work, bytes, len);
	else if (type == SSL3_RT_INNER_CONTENT_TYPE && bytes[0] == SSL3_RT_APPLICATION_DATA)
		count_data(&v->work);
	else if (type == SSL3_RT_HANDSHAKE)
		count_message(&v->work, bytes[0]);
	if (v->work.over)
		SSL_set_shutdown(ssl, SSL_get_shutdown(ssl) | SSL_RECEIVED_SHUTDOWN);
}
