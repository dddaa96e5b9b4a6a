/* Who a certificate is: every order of two and three peers, each with its own relation to what was
 * shown, when a caller is accepted, when a connection is judged again, and on both lanes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "io/tls_peers.h"

#define PEERS 3

static char dir[] = "/tmp/comity-tls-XXXXXX";

static const char *path(const char *name)
{
	static char paths[8][64];
	static size_t next;
	char *p = paths[next++ % 8];

	snprintf(p, sizeof paths[0], "%s/%s", dir, name);
	return p;
}

/* ------------------------------------------------------------ certificates */

struct ca {
	X509 *cert;
	EVP_PKEY *key;
};

static struct ca own, other; /* the CA that has issued what is shown, and another one */
static X509 *leaf, *forged;  /* the same names and number; the latter issued by nobody */
static EVP_PKEY *leaf_key;

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
	FILE *f = fopen(path(name), "w");

	assert_true(f && PEM_write_X509(f, cert) == 1);
	fclose(f);
}

static struct ca make_ca(const char *cn, const char *file)
{
	struct ca ca = { .key = EVP_EC_gen("P-256") };

	ca.cert = new_cert(cn, 1, ca.key, NULL);
	extend(ca.cert, NID_basic_constraints, "critical,CA:TRUE");
	extend(ca.cert, NID_key_usage, "critical,keyCertSign,cRLSign");
	assert_true(X509_sign(ca.cert, ca.key, EVP_sha256()) > 0);
	write_cert(file, ca.cert);
	return ca;
}

static X509 *make_leaf(const struct ca *ca, long serial, EVP_PKEY *key, const char *names)
{
	X509 *cert = new_cert("leaf", serial, key, X509_get_subject_name(ca->cert));

	extend(cert, NID_subject_alt_name, names);
	extend(cert, NID_key_usage, "critical,digitalSignature");
	extend(cert, NID_ext_key_usage, "serverAuth,clientAuth");
	assert_true(X509_sign(cert, ca->key, EVP_sha256()) > 0);
	return cert;
}

static void make_crl(const struct ca *ca, const char *file, X509 *revoked)
{
	X509_CRL *crl = X509_CRL_new();
	ASN1_TIME *at = X509_gmtime_adj(NULL, -60);
	FILE *f = fopen(path(file), "w");

	assert_true(crl && at && f && X509_CRL_set_version(crl, 1) == 1);
	assert_int_equal(X509_CRL_set_issuer_name(crl, X509_get_subject_name(ca->cert)), 1);
	assert_int_equal(X509_CRL_set1_lastUpdate(crl, at), 1);
	if (revoked) {
		X509_REVOKED *entry = X509_REVOKED_new();

		assert_int_equal(X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(revoked)), 1);
		assert_int_equal(X509_REVOKED_set_revocationDate(entry, at), 1);
		assert_int_equal(X509_CRL_add0_revoked(crl, entry), 1);
	}
	X509_gmtime_adj(at, 86400);
	assert_int_equal(X509_CRL_set1_nextUpdate(crl, at), 1);
	assert_true(X509_CRL_sign(crl, ca->key, EVP_sha256()) > 0);
	assert_int_equal(PEM_write_X509_CRL(f, crl), 1);
	fclose(f);
	ASN1_TIME_free(at);
	X509_CRL_free(crl);
}

static void write_ours(void)
{
	struct ca ours = make_ca("ours", "ours-ca.pem");
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = make_leaf(&ours, 2, key, "DNS:us.invalid");
	FILE *f = fopen(path("us.key"), "w");

	write_cert("us.pem", cert);
	assert_true(f && PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL) == 1);
	fclose(f);
	X509_free(cert);
	EVP_PKEY_free(key);
	X509_free(ours.cert);
	EVP_PKEY_free(ours.key);
}

#define NAMES "DNS:all.invalid,DNS:peer0.invalid,DNS:peer1.invalid,DNS:peer2.invalid"

static int set_up(void **state)
{
	struct ca fake;

	(void)state;
	assert_non_null(mkdtemp(dir));
	write_ours();
	own = make_ca("own", "own.pem");
	other = make_ca("other", "other.pem");
	leaf_key = EVP_EC_gen("P-256");
	leaf = make_leaf(&own, 7, leaf_key, NAMES);
	fake = (struct ca){ own.cert, leaf_key };
	forged = make_leaf(&fake, 7, leaf_key, NAMES);
	make_crl(&own, "revoked.crl", leaf);
	return 0;
}

static int tear_down(void **state)
{
	char command[64];

	(void)state;
	X509_free(leaf);
	X509_free(forged);
	EVP_PKEY_free(leaf_key);
	X509_free(own.cert);
	EVP_PKEY_free(own.key);
	X509_free(other.cert);
	EVP_PKEY_free(other.key);
	snprintf(command, sizeof command, "rm -rf %s", dir);
	return system(command);
}

/* ------------------------------------------------------------------- peers */

/* What a peer of the configuration is to the certificate that is shown. */
enum relation {
	MATCHING,   /* its name, its CA */
	FAILING,    /* its name, its CA, and its CRL revokes it */
	FOREIGN_CA, /* its name, issued by somebody else's CA */
	OTHER_NAME, /* its CA, another name */
	FOREIGN,    /* neither */
	RELATIONS
};

static const char *const words[] = { "matching", "failing", "foreign-ca", "other-name", "foreign" };

/* Peers 0 to n - 1 with these relations. `shared`: they all expect one name, else each its own. */
static struct tls_trust *make_trust(const enum relation *is, size_t n, bool shared)
{
	static const char *const ids[PEERS] = { "AA", "BB", "CC" };
	static const char *const names[PEERS] = { "dns:peer0.invalid", "dns:peer1.invalid", "dns:peer2.invalid" };
	static const char *const all = "dns:all.invalid", *const none = "dns:none.invalid";
	struct tls_peer_config peers[PEERS];
	struct tls_config config = {
		.certificate = path("us.pem"), .key = path("us.key"), .peers = peers, .n_peers = n
	};
	struct tls_trust *trust = NULL;
	struct cy_error e = { 0 };

	for (size_t i = 0; i < n; i++)
		peers[i] = (struct tls_peer_config){
			.id = ids[i],
			.anchors = path(is[i] == FOREIGN_CA || is[i] == FOREIGN ? "other.pem" : "own.pem"),
			.crl = is[i] == FAILING ? path("revoked.crl") : NULL,
			.sans = is[i] >= OTHER_NAME ? &none
				: shared            ? &all
						    : &names[i],
			.n_sans = 1
		};
	if (tls_trust_new(&config, &trust, &e))
		fail_msg("%s", e.text);
	return trust;
}

/* ------------------------------------------------------------- connections */

/* A caller with a certificate, on a lane, and our side of it. */
struct call {
	SSL_CTX *ctx;
	SSL *caller, *us;
	struct tls_verdict verdict;
	int fds[2];
};

static void call_start(struct call *c, struct tls_trust *trust, enum tls_lane lane, X509 *cert)
{
	const char *protocol = tls_lane_protocol(lane);
	uint8_t offer[32] = { (uint8_t)strlen(protocol) };

	memcpy(offer + 1, protocol, offer[0]);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, c->fds), 0);
	c->ctx = SSL_CTX_new(TLS_client_method());
	assert_int_equal(SSL_CTX_use_certificate(c->ctx, cert), 1);
	assert_int_equal(SSL_CTX_use_PrivateKey(c->ctx, leaf_key), 1);
	c->caller = SSL_new(c->ctx);
	assert_int_equal(SSL_set_fd(c->caller, c->fds[0]), 1);
	assert_int_equal(SSL_set_alpn_protos(c->caller, offer, 1u + offer[0]), 0);
	SSL_set_connect_state(c->caller);
	c->us = tls_accept(trust, c->fds[1], &c->verdict);
	tls_trust_ref(trust);
	for (int i = 0; i < 10 && SSL_do_handshake(c->us) != 1; i++)
		SSL_do_handshake(c->caller);
}

static void call_end(struct call *c)
{
	SSL_free(c->caller);
	SSL_free(c->us);
	SSL_CTX_free(c->ctx);
	tls_trust_unref(c->verdict.trust);
	close(c->fds[0]);
	close(c->fds[1]);
}

/* Every assignment of relations to two and to three peers, with each way to name them. */
static void for_all(void (*check)(const enum relation *is, size_t n, bool shared))
{
	for (size_t n = 2; n <= PEERS; n++)
		for (unsigned code = 0; code < (n == 2 ? RELATIONS * RELATIONS : RELATIONS * RELATIONS * RELATIONS);
		     code++)
			for (int shared = 0; shared < 2; shared++) {
				enum relation is[PEERS] = { code % RELATIONS, code / RELATIONS % RELATIONS,
							    code / RELATIONS / RELATIONS };

				check(is, n, shared);
			}
}

static size_t count(const enum relation *is, size_t n, enum relation what, size_t *ret_last)
{
	size_t found = 0;

	for (size_t i = 0; i < n; i++)
		if (is[i] == what) {
			found++;
			*ret_last = i;
		}
	return found;
}

#define ROW      "%s, %s, %s, %s"
#define ROW_ARGS shared ? "one name" : "own names", words[is[0]], words[is[1]], n == PEERS ? words[is[2]] : "-"

/* ------------------------------------------------------------------- tests */

static void check_caller(const enum relation *is, size_t n, bool shared)
{
	struct tls_trust *trust = make_trust(is, n, shared);
	size_t peer = 0, failing = 0, matches = count(is, n, MATCHING, &peer);
	bool named = count(is, n, FAILING, &failing) == 1 && matches == 0;

	for (enum tls_lane lane = 0; lane < TLS_LANES_N; lane++) {
		struct call c = { 0 };

		call_start(&c, trust, lane, leaf);
		if (c.verdict.decided != (matches == 1))
			fail_msg(ROW ": decided %d: %s", ROW_ARGS, c.verdict.decided, c.verdict.why);
		if (c.verdict.decided && c.verdict.peer != peer)
			fail_msg(ROW ": taken for peer %zu", ROW_ARGS, c.verdict.peer);
		if (matches == 1)
			assert_int_equal(tls_lane_of(c.us), lane);
		if (matches > 1 && !strstr(c.verdict.why, "both"))
			fail_msg(ROW ": the reason is: %s", ROW_ARGS, c.verdict.why);
		if (c.verdict.named != named || (named && c.verdict.peer != failing))
			fail_msg(ROW ": named %d, peer %zu", ROW_ARGS, c.verdict.named, c.verdict.peer);
		assert_true(c.verdict.decided == (c.verdict.why[0] == '\0'));
		call_end(&c);
	}
	tls_trust_unref(trust);
}

static void test_a_caller_is_the_one_peer_that_it_matches(void **state)
{
	(void)state;
	for_all(check_caller);
}

/* Issued by nobody, with the CA's name on it and even the number of a revoked one: it says
 * nothing of any peer. */
static void check_forged(const enum relation *is, size_t n, bool shared)
{
	struct tls_trust *trust = make_trust(is, n, shared);

	for (enum tls_lane lane = 0; lane < TLS_LANES_N; lane++) {
		struct call c = { 0 };

		call_start(&c, trust, lane, forged);
		if (c.verdict.decided || c.verdict.named || c.verdict.stale_crl || !c.verdict.why[0])
			fail_msg(ROW ": decided %d, named %d: %s", ROW_ARGS, c.verdict.decided, c.verdict.named,
				 c.verdict.why);
		call_end(&c);
	}
	tls_trust_unref(trust);
}

static void test_a_forged_certificate_marks_nobody(void **state)
{
	(void)state;
	for_all(check_forged);
}

/* The connection of each peer, made when only this peer matched, is judged by another trust. */
static void check_again(const enum relation *is, size_t n, bool shared)
{
	size_t match = 0, matches = count(is, n, MATCHING, &match);

	for (size_t peer = 0; peer < n; peer++) {
		enum relation before[PEERS] = { FOREIGN, FOREIGN, FOREIGN };
		bool stays = matches == 1 && match == peer;
		struct tls_trust *old, *new = make_trust(is, n, shared);

		before[peer] = MATCHING;
		old = make_trust(before, n, shared);
		for (enum tls_lane lane = 0; lane < TLS_LANES_N; lane++) {
			struct call c = { 0 };

			call_start(&c, old, lane, leaf);
			assert_true(c.verdict.decided);
			if (tls_judge_again(new, c.us, &c.verdict) != stays)
				fail_msg(ROW ": peer %zu %s: %s", ROW_ARGS, peer, stays ? "goes" : "stays",
					 c.verdict.why);
			assert_int_equal(c.verdict.peer, peer);
			assert_true(stays == (c.verdict.why[0] == '\0'));
			call_end(&c);
		}
		tls_trust_unref(old);
		tls_trust_unref(new);
	}
}

static void test_a_connection_stays_while_it_is_that_peer_and_no_other(void **state)
{
	(void)state;
	for_all(check_again);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_caller_is_the_one_peer_that_it_matches),
		cmocka_unit_test(test_a_forged_certificate_marks_nobody),
		cmocka_unit_test(test_a_connection_stays_while_it_is_that_peer_and_no_other),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
