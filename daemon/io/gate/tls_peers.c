#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/limits.h"
#include "config/tls_name.h"
#include "io/gate/crl_list.h"
#include "io/gate/tls_names.h"
#include "io/gate/tls_peers_internal.h"
#include "io/signer/key_file.h"
#include "io/signer/pem_file.h"
#include "io/signer/signer_pin.h"

static const char *const lanes[TLS_LANES_N] = {
#define X(name, protocol) protocol,
	TLS_LANES(X)
#undef X
};

void tls_binding(const SSL *ssl, uint8_t ret_exporter[static 32], uint8_t ret_theirs[static 32],
		 uint8_t ret_ours[static 32])
{
	static const char label[] = "EXPORTER-Channel-Binding";

	CY_ASSERT(SSL_export_keying_material((SSL *)ssl, ret_exporter, 32, label, sizeof label - 1, NULL, 0, 1) == 1);
	CY_ASSERT(X509_digest(SSL_get0_peer_certificate(ssl), EVP_sha256(), ret_theirs, NULL) == 1);
	CY_ASSERT(X509_digest(SSL_get_certificate(ssl), EVP_sha256(), ret_ours, NULL) == 1);
}

/* ------------------------------------------------------------------- lanes */

/* TLS_LANES_N: none of ours. */
static enum tls_lane find_lane(const uint8_t *name, size_t len)
{
	enum tls_lane lane = 0;

	while (lane < TLS_LANES_N && (strlen(lanes[lane]) != len || memcmp(lanes[lane], name, len) != 0))
		lane++;
	return lane;
}

static int on_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len, const unsigned char *in,
		   unsigned in_len, void *arg)
{
	struct tls_verdict *v = SSL_get_app_data(ssl);

	(void)arg;
	for (unsigned i = 0; i < in_len && in[i] <= in_len - i - 1; i += 1u + in[i]) {
		if (find_lane(in + i + 1, in[i]) == TLS_LANES_N)
			continue;
		*out = in + i + 1;
		*out_len = in[i];
		return SSL_TLSEXT_ERR_OK;
	}
	v->no_lane = true;
	return SSL_TLSEXT_ERR_ALERT_FATAL;
}

enum tls_lane tls_lane_of(const SSL *ssl)
{
	const unsigned char *name;
	unsigned len;

	SSL_get0_alpn_selected(ssl, &name, &len);
	return name ? find_lane(name, len) : TLS_MESSAGES;
}

const char *tls_lane_protocol(enum tls_lane lane)
{
	return lanes[lane];
}

/* ----------------------------------------------------------------- loading */

static const char *last_error(void)
{
	const char *s = ERR_reason_error_string(ERR_peek_error());

	return s ? s : "unknown reason";
}

static int load_anchors(const char *path, const char *id, STACK_OF(X509) * list, struct cy_error *e)
{
	BIO *in = BIO_new_file(path, "r");
	int rc = pem_file_check(path, e);
	X509 *x;

	if (in == NULL)
		return cy_fail(e, CY_ECONFIG, "%s: cannot read the anchors of %s: %s; install its CA certificate there",
			       path, id, strerror(errno));
	while (!rc && (x = PEM_read_bio_X509(in, NULL, NULL, NULL))) {
		if (X509_check_ca(x) == 0)
			rc = cy_fail(e, CY_ECONFIG,
				     "%s: holds a certificate that is not a CA; list CA certificates only", path);
		CY_ASSERT(sk_X509_push(list, x) > 0);
	}
	if (!rc && (sk_X509_num(list) == 0 || ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE))
		rc = cy_fail(e, CY_ECONFIG, "%s: not a PEM file of CA certificates; export the CA of %s as PEM", path,
			     id);
	ERR_clear_error();
	BIO_free(in);
	return rc;
}

static int fill_store(struct peer_trust *p, const char *path, STACK_OF(X509) * anchors, struct cy_error *e)
{
	for (int i = 0; i < sk_X509_num(anchors); i++)
		if (!X509_STORE_add_cert(p->store, sk_X509_value(anchors, i)))
			return cy_fail(e, CY_ECONFIG, "%s: %s", path, last_error());
	for (int i = 0; i < sk_X509_CRL_num(p->crls); i++) {
		X509_CRL *crl = sk_X509_CRL_value(p->crls, i);
		int64_t made = tls_seconds(X509_CRL_get0_lastUpdate(crl));

		if (i == 0 || made < p->crl_made)
			p->crl_made = made;
		CY_ASSERT(X509_STORE_add_crl(p->store, crl));
	}
	p->crl_next = crl_list_due(p->crls).ms / 1000;
	return CY_OK;
}

static int load_files(struct peer_trust *p, const struct tls_peer_config *c, struct cy_error *e)
{
	STACK_OF(X509) *anchors = sk_X509_new_null();
	int rc;

	CY_ASSERT(anchors);
	rc = load_anchors(c->anchors, c->id, anchors, e);
	if (!rc && c->crl)
		rc = crl_list_read(c->crl, c->id, c->anchors, anchors, p->crls, e);
	if (!rc)
		rc = fill_store(p, c->anchors, anchors, e);
	sk_X509_pop_free(anchors, X509_free);
	return rc;
}

static void free_files(struct peer_trust *p)
{
	sk_X509_CRL_pop_free(p->crls, X509_CRL_free);
	X509_STORE_free(p->store);
}

/* The peer's names are those of number `at`. */
static int load_peer(struct peer_trust *p, const struct tls_peer_config *c, struct tls_names *names, size_t at,
		     struct cy_error *e)
{
	p->id = strdup(c->id);
	p->store = X509_STORE_new();
	p->crls = sk_X509_CRL_new_null();
	p->crl = c->crl != NULL;
	p->crl_grace_s = c->crl_grace_s;
	p->crl_max_age_s = c->crl_max_age_s;
	CY_ASSERT(p->id && p->store && p->crls);
	if (c->anchors == NULL)
		return CY_OK;
	if (c->n_sans == 0)
		return cy_fail(e, CY_ECONFIG, "peer %s: no expected name; give the subjectAltName of its certificate",
			       c->id);
	for (size_t i = 0; i < c->n_sans; i++) {
		if (!tls_name_valid(c->sans[i]))
			return cy_fail(e, CY_ECONFIG,
				       "peer %s: expected name '%s' is not dns:NAME, ip:ADDRESS or uri:URI", c->id,
				       c->sans[i]);
		tls_names_add(names, c->sans[i], at);
	}
	p->configured = true;
	return c->fault && c->fault->code ? c->fault->code : load_files(p, c, e);
}

/* Takes over what `old` has from its files. A peer that had no files cannot be anybody. */
static void keep_files(struct peer_trust *p, const struct peer_trust *old)
{
	const bool had = old && old->configured;

	free_files(p);
	p->configured = p->crl = false;
	p->crl_made = p->crl_next = 0;
	if (had) {
		CY_ASSERT(X509_STORE_up_ref(old->store));
		p->configured = true;
		p->crl = old->crl;
		p->crl_made = old->crl_made;
		p->crl_next = old->crl_next;
	}
	p->store = had ? old->store : X509_STORE_new();
	p->crls = had ? sk_X509_CRL_dup(old->crls) : sk_X509_CRL_new_null();
	CY_ASSERT(p->store && p->crls);
	for (int i = 0; i < sk_X509_CRL_num(p->crls); i++)
		CY_ASSERT(X509_CRL_up_ref(sk_X509_CRL_value(p->crls, i)));
}

/* The peer's own fault, where it is asked for, is not that of the whole. */
static int load_or_keep(struct tls_trust *t, size_t at, const struct tls_config *config, struct cy_error *e)
{
	const struct tls_peer_config *c = &config->peers[at];
	const struct tls_trust *before = config->before;
	int rc = load_peer(&t->peers[at], c, t->names, at, c->fault && !c->fault->code ? c->fault : e);

	if (!rc || c->fault == NULL)
		return rc;
	keep_files(&t->peers[at], before && at < before->n_peers ? &before->peers[at] : NULL);
	return CY_OK;
}

static int make_ctx(const struct tls_config *config, const SSL_METHOD *method, SSL_CTX **ret_ctx, struct cy_error *e)
{
	SSL_CTX *ctx = SSL_CTX_new(method);
	EVP_PKEY *key = NULL;
	int rc = CY_OK;

	CY_ASSERT(ctx);
	CY_ASSERT(SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION) &&
		  SSL_CTX_set_max_proto_version(ctx, TLS1_3_VERSION) &&
		  SSL_CTX_set_ciphersuites(ctx, "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384"));
	SSL_CTX_set_security_level(ctx, TLS_SECURITY_LEVEL);
	SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
					 SSL_OP_CIPHER_SERVER_PREFERENCE);
	SSL_CTX_set_num_tickets(ctx, 0);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_max_cert_list(ctx, CY_TLS_CERTIFICATES_MAX);
	SSL_CTX_set_msg_callback(ctx, tls_on_message);
	/* Else a read goes on for as long as KeyUpdates come, and nobody else is served. Our
	 * chain is in its file; it shall not be sought anew for each stranger. */
	SSL_CTX_clear_mode(ctx, SSL_MODE_AUTO_RETRY);
	SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
				      SSL_MODE_RELEASE_BUFFERS | SSL_MODE_NO_AUTO_CHAIN);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	SSL_CTX_set_cert_verify_callback(ctx, tls_on_certificate, NULL);
	rc = pem_file_check(config->certificate, e);
	if (!rc && SSL_CTX_use_certificate_chain_file(ctx, config->certificate) != 1)
		rc = cy_fail(e, CY_ECONFIG,
			     "%s: cannot use it as our TLS certificate: %s; it must be a PEM file with the "
			     "certificate first, then its chain",
			     config->certificate, last_error());
	if (!rc && signer_key_digest(X509_get0_pubkey(SSL_CTX_get0_certificate(ctx))) == NULL)
		rc = cy_fail(e, CY_ECONFIG,
			     "%s: the key of our TLS certificate is not EC P-256 or P-384, and no peer need take "
			     "another; make one with comity-pki, or ask your CA for one",
			     config->certificate);
	if (!rc && config->key)
		rc = key_file_load(config->key, &key, e);
	if (!rc && config->key && (SSL_CTX_use_PrivateKey(ctx, key) != 1 || SSL_CTX_check_private_key(ctx) != 1))
		rc = cy_fail(e, CY_ECONFIG, "%s: the private key does not belong to the certificate in %s", config->key,
			     config->certificate);
	EVP_PKEY_free(key);
	ERR_clear_error();
	if (rc)
		SSL_CTX_free(ctx);
	else
		*ret_ctx = ctx;
	return rc;
}

/* Stale from then on, refused from then on; ms since 1970, 0: never. */
static void crl_times(const struct peer_trust *p, int64_t *ret_due, int64_t *ret_end)
{
	int64_t due = p->crl_next;

	if (p->crl_max_age_s > 0 && (due == 0 || p->crl_made + p->crl_max_age_s < due))
		due = p->crl_made + p->crl_max_age_s;
	*ret_due = 1000 * due;
	*ret_end = due != 0 ? 1000 * (due + p->crl_grace_s) : 0;
}

static void free_peer(struct peer_trust *p)
{
	free(p->id);
	free_files(p);
}

/* The end of the CA that lasts longest; seconds since 1970. */
static int64_t anchors_end(const struct peer_trust *p)
{
	STACK_OF(X509_OBJECT) *all = X509_STORE_get0_objects(p->store);
	int64_t end = 0;

	for (int i = 0; i < sk_X509_OBJECT_num(all); i++) {
		const X509 *ca = X509_OBJECT_get0_X509(sk_X509_OBJECT_value(all, i));
		const int64_t at = ca != NULL ? tls_seconds(X509_get0_notAfter(ca)) : 0;

		end = at > end ? at : end;
	}
	return end;
}

static void out_of_date(const struct peer_trust *p, const struct tls_peer_config *c, struct cy_wall now,
			struct cy_error *ret_over)
{
	struct cy_wall end = { 1000 * anchors_end(p) };
	char when[CY_RFC3339_SIZE];
	struct cy_wall due;

	cy_rfc3339(end, when);
	if (end.ms < now.ms) {
		cy_fail_at(ret_over, CY_ECONFIG, c->anchors,
			   "the CA of %s expired at %s, and nobody is taken for it; ask %s for its ca.pem, and compare "
			   "the fingerprints",
			   c->id, when, c->id);
		return;
	}
	crl_times(p, &due.ms, &end.ms);
	cy_rfc3339(end, when);
	if (end.ms != 0 && end.ms < now.ms)
		cy_fail_at(ret_over, CY_ECONFIG, c->crl,
			   "the CRL of %s has expired, and its grace too, at %s: %s is refused; ask %s for its CRL",
			   c->id, when, c->id, c->id);
	else if (due.ms != 0 && due.ms < now.ms)
		cy_fail_at(ret_over, CY_ECONFIG, c->crl,
			   "a newer CRL of %s is due, and without it %s is refused from %s on; ask %s for its CRL",
			   c->id, c->id, when, c->id);
}

int tls_peer_check(const struct tls_peer_config *config, struct cy_wall now, struct cy_error *ret_over,
		   struct cy_error *e)
{
	struct tls_names *names = tls_names_new();
	struct peer_trust p = { 0 };
	int rc = load_peer(&p, config, names, 0, e);

	if (!rc && ret_over)
		out_of_date(&p, config, now, ret_over);
	free_peer(&p);
	tls_names_free(names);
	return rc;
}

/* Our own certificate and key, for both directions. */
static int make_both(const struct tls_config *config, struct tls_trust *t, struct cy_error *e)
{
	const struct tls_trust *before = config->fault ? config->before : NULL;
	int rc = make_ctx(config, TLS_server_method(), &t->accept, before ? config->fault : e);

	if (!rc)
		rc = make_ctx(config, TLS_client_method(), &t->dial, before ? config->fault : e);
	if (!rc)
		SSL_CTX_set_alpn_select_cb(t->accept, on_alpn, NULL);
	if (!rc || before == NULL)
		return rc;
	SSL_CTX_free(t->accept);
	t->accept = before->accept;
	t->dial = before->dial;
	CY_ASSERT(SSL_CTX_up_ref(t->accept) && SSL_CTX_up_ref(t->dial));
	return CY_OK;
}

int tls_trust_new(const struct tls_config *config, struct tls_trust **ret_trust, struct cy_error *e)
{
	struct tls_trust *t = calloc(1, sizeof *t);
	int rc;

	CY_ASSERT(t);
	t->refs = 1;
	t->names = tls_names_new();
	t->peers = calloc(config->n_peers ? config->n_peers : 1, sizeof *t->peers);
	CY_ASSERT(t->peers);
	rc = make_both(config, t, e);
	for (size_t i = 0; !rc && i < config->n_peers; i++) {
		t->n_peers++;
		rc = load_or_keep(t, i, config, e);
	}
	if (rc) {
		tls_trust_unref(t);
		return rc;
	}
	tls_names_sort(t->names);
	*ret_trust = t;
	return CY_OK;
}

bool tls_trust_has(const struct tls_trust *t, size_t peer)
{
	return peer < t->n_peers && t->peers[peer].configured;
}

int64_t tls_trust_end(const struct tls_trust *t)
{
	return 1000 * tls_seconds(X509_get0_notAfter(SSL_CTX_get0_certificate(t->accept)));
}

bool tls_trust_crl(const struct tls_trust *t, size_t peer, int64_t *ret_due, int64_t *ret_end)
{
	crl_times(&t->peers[peer], ret_due, ret_end);
	return t->peers[peer].crl;
}

struct tls_trust *tls_trust_ref(struct tls_trust *t)
{
	t->refs++;
	return t;
}

void tls_trust_unref(struct tls_trust *t)
{
	if (t == NULL || --t->refs)
		return;
	for (size_t i = 0; i < t->n_peers; i++)
		free_peer(&t->peers[i]);
	free(t->peers);
	tls_names_free(t->names);
	SSL_CTX_free(t->accept);
	SSL_CTX_free(t->dial);
	free(t);
}

/* ------------------------------------------------------------- connections */

static SSL *make_ssl(SSL_CTX *ctx, int fd, struct tls_verdict *v)
{
	SSL *ssl = SSL_new(ctx);

	if (ssl && !SSL_set_fd(ssl, fd)) {
		SSL_free(ssl);
		ssl = NULL;
	}
	if (ssl)
		SSL_set_app_data(ssl, v);
	return ssl;
}

SSL *tls_accept(struct tls_trust *t, int fd, struct tls_verdict *v)
{
	SSL *ssl = make_ssl(t->accept, fd, v);

	*v = (struct tls_verdict){ .trust = t };
	if (ssl)
		SSL_set_accept_state(ssl);
	return ssl;
}

SSL *tls_dial(struct tls_trust *t, int fd, size_t peer, enum tls_lane lane, const char *name, struct tls_verdict *v)
{
	SSL *ssl = make_ssl(t->dial, fd, v);
	uint8_t offer[32] = { (uint8_t)strlen(lanes[lane]) };

	*v = (struct tls_verdict){ .trust = t, .dialled = true, .peer = peer };
	CY_ASSERT(cy_copy((char *)offer + 1, sizeof offer - 1, lanes[lane]) == CY_OK);
	if (ssl) {
		SSL_set_connect_state(ssl);
		CY_ASSERT(SSL_set_alpn_protos(ssl, offer, 1u + offer[0]) == 0);
	}
	if (ssl && name)
		SSL_set_tlsext_host_name(ssl, name);
	return ssl;
}

static bool alert_sentence(int alert, char *out, size_t size)
{
	const char *s = alert == SSL_AD_CERTIFICATE_REQUIRED      ? "certificate required"
			: alert == SSL_AD_NO_APPLICATION_PROTOCOL ? "no application protocol"
								  : SSL_alert_desc_string_long(alert);
	bool certificate = (alert >= SSL_AD_BAD_CERTIFICATE && alert <= SSL_AD_CERTIFICATE_UNKNOWN) ||
			   alert == SSL_AD_UNKNOWN_CA || alert == SSL_AD_CERTIFICATE_REQUIRED;

	snprintf(out, size, "peer refused our %s: %s", certificate ? "certificate" : "connection", s);
	return certificate;
}

bool tls_why(int ssl_error, const struct tls_verdict *v, char *out, size_t size)
{
	unsigned long code = ERR_peek_error();
	int reason = ERR_GET_REASON(code);
	int os_error = errno;
	bool refused = v && v->why[0];
	const char *s;

	if (refused)
		snprintf(out, size, "certificate refused: %s", v->why);
	else if (v && v->work.over)
		snprintf(out, size, "%s", v->work.over);
	else if (v && v->no_lane)
		snprintf(out, size, "no application protocol (ALPN) that is served here");
	else if (ssl_error == SSL_ERROR_ZERO_RETURN)
		snprintf(out, size, "the peer closed the connection");
	else if (ssl_error == SSL_ERROR_SYSCALL)
		snprintf(out, size, "the connection broke: %s", os_error ? strerror(os_error) : "end of file");
	else if (ERR_GET_LIB(code) == ERR_LIB_SSL && reason >= SSL_AD_REASON_OFFSET &&
		 reason <= SSL_AD_REASON_OFFSET + 255)
		refused = alert_sentence(reason - SSL_AD_REASON_OFFSET, out, size);
	else if (reason == SSL_R_UNEXPECTED_EOF_WHILE_READING)
		snprintf(out, size, "the connection ended without a TLS close");
	else if (ERR_GET_LIB(code) == ERR_LIB_SSL && reason == SSL_R_EXCESSIVE_MESSAGE_SIZE)
		snprintf(out, size, "a message of the handshake is too long; certificates may have %d bytes",
			 CY_TLS_CERTIFICATES_MAX);
	else if (reason == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE)
		snprintf(out, size, "no certificate was sent");
	else
		snprintf(out, size, "TLS failed: %s", (s = ERR_reason_error_string(code)) ? s : "unknown reason");
	ERR_clear_error();
	return refused;
}
