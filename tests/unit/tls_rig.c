#include "tls_rig.h"

#include <fcntl.h>
#include <openssl/pem.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[] = "/tmp/comity-tls-XXXXXX";

const char *rig_file(const char *name)
{
	static char paths[8][64];
	static size_t next;
	char *p = paths[next++ % 8];

	snprintf(p, sizeof paths[0], "%s/%s", dir, name);
	return p;
}

/* ------------------------------------------------------------ certificates */

static void extend(X509 *cert, int nid, const char *value)
{
	X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

	assert_non_null(ext);
	assert_int_equal(X509_add_ext(cert, ext, -1), 1);
	X509_EXTENSION_free(ext);
}

static X509 *new_cert(const char *cn, long serial, EVP_PKEY *key, const X509_NAME *issuer)
{
	X509 *cert = X509_new();
	X509_NAME *name = X509_get_subject_name(cert);

	assert_int_equal(X509_set_version(cert, 2), 1);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), serial);
	X509_gmtime_adj(X509_getm_notBefore(cert), -3600);
	X509_gmtime_adj(X509_getm_notAfter(cert), 86400);
	assert_int_equal(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const uint8_t *)cn, -1, -1, 0), 1);
	assert_int_equal(X509_set_issuer_name(cert, issuer ? issuer : name), 1);
	assert_int_equal(X509_set_pubkey(cert, key), 1);
	return cert;
}

static void write_cert(const char *name, X509 *cert)
{
	FILE *f = fopen(rig_file(name), "w");

	assert_true(f && PEM_write_X509(f, cert) == 1);
	fclose(f);
}

struct ca rig_ca(const char *cn, const struct ca *issuer, const char *file)
{
	static long serial = 100;
	struct ca ca = { .key = EVP_EC_gen("P-256") };

	ca.cert = new_cert(cn, serial++, ca.key, issuer ? X509_get_subject_name(issuer->cert) : NULL);
	extend(ca.cert, NID_basic_constraints, "critical,CA:TRUE");
	extend(ca.cert, NID_key_usage, "critical,keyCertSign,cRLSign");
	assert_true(X509_sign(ca.cert, issuer ? issuer->key : ca.key, EVP_sha256()) > 0);
	write_cert(file, ca.cert);
	return ca;
}

void rig_ca_free(struct ca *ca)
{
	X509_free(ca->cert);
	EVP_PKEY_free(ca->key);
}

X509 *rig_leaf(const struct ca *ca, long serial, EVP_PKEY *key, const char *names)
{
	X509 *cert = new_cert("leaf", serial, key, X509_get_subject_name(ca->cert));

	extend(cert, NID_subject_alt_name, names);
	extend(cert, NID_key_usage, "critical,digitalSignature");
	extend(cert, NID_ext_key_usage, "serverAuth,clientAuth,emailProtection");
	assert_true(X509_sign(cert, ca->key, EVP_sha256()) > 0);
	return cert;
}

static void extend_crl(X509_CRL *crl, int nid, const char *value)
{
	X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

	assert_non_null(ext);
	assert_int_equal(X509_CRL_add_ext(crl, ext, -1), 1);
	X509_EXTENSION_free(ext);
}

static void extend_number(X509_CRL *crl, int nid, long number)
{
	ASN1_INTEGER *value = ASN1_INTEGER_new();

	assert_int_equal(ASN1_INTEGER_set(value, number), 1);
	assert_int_equal(X509_CRL_add1_ext_i2d(crl, nid, value, nid == NID_delta_crl, 0), 1);
	ASN1_INTEGER_free(value);
}

/* By this, lists that are made in the same second are. */
static time_t started;

void rig_crl(const struct crl_spec *s, const char *file, const char *how)
{
	X509_CRL *crl = X509_CRL_new();
	ASN1_TIME *at = X509_time_adj(NULL, s->made, &started);
	FILE *f = fopen(rig_file(file), how);

	assert_true(crl && at && f && X509_CRL_set_version(crl, 1) == 1);
	assert_int_equal(X509_CRL_set_issuer_name(crl, X509_get_subject_name(s->ca->cert)), 1);
	assert_int_equal(X509_CRL_set1_lastUpdate(crl, at), 1);
	if (s->revoked) {
		X509_REVOKED *entry = X509_REVOKED_new();

		assert_int_equal(X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(s->revoked)), 1);
		assert_int_equal(X509_REVOKED_set_revocationDate(entry, at), 1);
		assert_int_equal(X509_CRL_add0_revoked(crl, entry), 1);
	}
	X509_time_adj(at, s->made + 86400, &started);
	assert_int_equal(X509_CRL_set1_nextUpdate(crl, at), 1);
	if (s->number)
		extend_number(crl, NID_crl_number, s->number);
	if (s->delta_of)
		extend_number(crl, NID_delta_crl, s->delta_of);
	if (s->scope)
		extend_crl(crl, NID_issuing_distribution_point, s->scope);
	assert_true(X509_CRL_sign(crl, s->ca->key, EVP_sha256()) > 0);
	assert_int_equal(PEM_write_X509_CRL(f, crl), 1);
	fclose(f);
	ASN1_TIME_free(at);
	X509_CRL_free(crl);
}

void tls_rig_start(void)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	struct ca ours;
	X509 *cert;
	FILE *f;

	started = time(NULL);
	assert_non_null(mkdtemp(dir));
	ours = rig_ca("ours", NULL, "ours.pem");
	cert = rig_leaf(&ours, 2, key, "DNS:us.invalid");
	write_cert("us.pem", cert);
	f = fopen(rig_file("us.key"), "w");
	assert_true(f && fchmod(fileno(f), 0600) == 0 && PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL) == 1);
	fclose(f);
	X509_free(cert);
	EVP_PKEY_free(key);
	rig_ca_free(&ours);
}

void rig_end(void)
{
	char command[64];

	snprintf(command, sizeof command, "rm -rf %s", dir);
	assert_int_equal(system(command), 0);
}

/* ------------------------------------------------------------- connections */

void call_start(struct call *c, struct tls_trust *trust, enum tls_lane lane, X509 *cert, EVP_PKEY *key, X509 *chain)
{
	const char *protocol = tls_lane_protocol(lane);
	uint8_t offer[32] = { (uint8_t)strlen(protocol) };

	memcpy(offer + 1, protocol, offer[0]);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, c->fds), 0);
	c->ctx = SSL_CTX_new(TLS_client_method());
	assert_int_equal(SSL_CTX_use_certificate(c->ctx, cert), 1);
	assert_int_equal(SSL_CTX_use_PrivateKey(c->ctx, key), 1);
	if (chain)
		assert_int_equal(SSL_CTX_add1_chain_cert(c->ctx, chain), 1);
	c->caller = SSL_new(c->ctx);
	assert_int_equal(SSL_set_fd(c->caller, c->fds[0]), 1);
	assert_int_equal(SSL_set_alpn_protos(c->caller, offer, 1u + offer[0]), 0);
	SSL_set_connect_state(c->caller);
	c->us = tls_accept(trust, c->fds[1], &c->verdict);
	tls_trust_ref(trust);
	for (int i = 0; i < 10 && SSL_do_handshake(c->us) != 1; i++)
		SSL_do_handshake(c->caller);
}

void call_end(struct call *c)
{
	SSL_free(c->caller);
	SSL_free(c->us);
	SSL_CTX_free(c->ctx);
	tls_trust_unref(c->verdict.trust);
	close(c->fds[0]);
	close(c->fds[1]);
}
