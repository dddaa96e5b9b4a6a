/* How much a side may have TLS do, before it has shown who it is and after. */
#include "tls_rig.h"

#include <openssl/err.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/limits.h"

#define MANY 150 /* peers */

static struct ca own;
static X509 *leaf;
static EVP_PKEY *key;
static struct tls_trust *trust; /* peer number i expects dns:peer<i>.invalid */

static struct tls_trust *make_trust(void)
{
	static char names[MANY][32], ids[MANY][8];
	static const char *sans[MANY];
	struct tls_peer_config peers[MANY];
	const struct tls_config config = {
		.certificate = rig_file("us.pem"), .key = rig_file("us.key"), .peers = peers, .n_peers = MANY
	};
	const char *anchors = rig_file("own.pem");
	struct tls_trust *t = NULL;
	struct cy_error e = { 0 };

	for (size_t i = 0; i < MANY; i++) {
		snprintf(ids[i], sizeof ids[i], "P%zu", i);
		snprintf(names[i], sizeof names[i], "dns:peer%zu.invalid", i);
		sans[i] = names[i];
		peers[i] = (struct tls_peer_config){ .id = ids[i], .anchors = anchors, .sans = &sans[i], .n_sans = 1 };
	}
	if (tls_trust_new(&config, &t, &e))
		fail_msg("%s", e.text);
	return t;
}

static int set_up(void **state)
{
	(void)state;
	tls_rig_start();
	own = rig_ca("own", NULL, "own.pem");
	key = EVP_EC_gen("P-256");
	leaf = rig_leaf(&own, 7, key, "DNS:Peer7.invalid");
	trust = make_trust();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	tls_trust_unref(trust);
	X509_free(leaf);
	EVP_PKEY_free(key);
	rig_ca_free(&own);
	rig_end();
	return 0;
}

/* What our side says of a call that has ended. */
static const char *why(struct call *c, int result)
{
	static char text[256];

	tls_why(SSL_get_error(c->us, result), &c->verdict, text, sizeof text);
	return text;
}

/* --------------------------------------------------------------- certificates */

/* A certificate with names of so many peers, and with others beside them. */
static X509 *with_names(size_t n, size_t others)
{
	size_t size = 32 * (n + others) + 1, len = 0;
	char *names = malloc(size);
	X509 *cert;

	for (size_t i = 0; i < others; i++)
		len += (size_t)snprintf(names + len, size - len, "DNS:x%zu.invalid,", i);
	for (size_t i = 0; i < n; i++)
		len += (size_t)snprintf(names + len, size - len, "DNS:peer%zu.invalid,", 10 * i);
	names[len - 1] = '\0';
	cert = rig_leaf(&own, 8, key, names);
	free(names);
	return cert;
}

static void test_a_certificate_may_name_a_few_of_many_peers(void **state)
{
	const struct {
		size_t names, others;
		const char *why;
	} cases[] = {
		{ 1, 0, "" },
		{ 1, 500, "" },
		{ CY_TLS_NAMED_MAX, 0, "it is that of both P0 and P10" },
		{ CY_TLS_NAMED_MAX + 1, 0, "it has names of more than 4 peers" },
		{ 15, 100, "it has names of more than 4 peers" },
		{ 0, 500, "none of the expected names" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		X509 *cert = with_names(cases[i].names, cases[i].others);
		struct call c = { 0 };

		call_start(&c, trust, TLS_MESSAGES, cert, key, NULL);
		if (cases[i].why[0] ? !strstr(c.verdict.why, cases[i].why) : !c.verdict.decided || c.verdict.peer != 0)
			fail_msg("case %zu: %s", i, c.verdict.why);
		assert_false(c.verdict.named);
		call_end(&c);
		X509_free(cert);
	}
}

static void test_a_name_is_compared_without_regard_to_case(void **state)
{
	struct call c = { 0 };

	(void)state;
	call_start(&c, trust, TLS_BULK, leaf, key, NULL);
	assert_true(c.verdict.decided);
	assert_int_equal(c.verdict.peer, 7);
	call_end(&c);
}

/* It is refused by its length, before anything in it is looked at, and well below the
 * bytes that a handshake may have. */
static void test_long_certificates_are_refused(void **state)
{
	X509 *cert = with_names(1, 1500);
	struct call c = { 0 };

	(void)state;
	assert_in_range(i2d_X509(cert, NULL), CY_TLS_CERTIFICATES_MAX, CY_TLS_HANDSHAKE_BYTES_MAX / 2);
	call_start(&c, trust, TLS_MESSAGES, cert, key, NULL);
	assert_false(c.verdict.decided);
	assert_int_equal(c.verdict.certificate_end, 0);
	assert_false(SSL_is_init_finished(c.us));
	call_end(&c);
	X509_free(cert);
}

/* ------------------------------------------------------------------ handshake */

/* What a caller says first, a byte a record. */
static size_t hello_by_bytes(uint8_t *out, size_t size)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	SSL *ssl = SSL_new(ctx);
	BIO *to = BIO_new(BIO_s_mem());
	uint8_t hello[4096];
	size_t len = 0;
	int n;

	SSL_set0_wbio(ssl, to);
	SSL_set0_rbio(ssl, BIO_new(BIO_s_mem()));
	SSL_set_connect_state(ssl);
	assert_int_not_equal(SSL_do_handshake(ssl), 1);
	n = BIO_read(to, hello, sizeof hello);
	assert_true(n > 5 + (int)CY_TLS_HANDSHAKE_RECORDS_MAX);
	for (int i = 5; i < n; i++) {
		const uint8_t record[6] = { hello[0], hello[1], hello[2], 0, 1, hello[i] };

		assert_true(len + sizeof record <= size);
		memcpy(out + len, record, sizeof record);
		len += sizeof record;
	}
	SSL_free(ssl);
	SSL_CTX_free(ctx);
	return len;
}

static void test_a_handshake_in_too_many_records_is_refused(void **state)
{
	struct tls_verdict v;
	uint8_t records[16384];
	size_t len = hello_by_bytes(records, sizeof records);
	char text[256];
	int fds[2], r;
	SSL *us;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	us = tls_accept(trust, fds[1], &v);
	assert_int_equal(write(fds[0], records, len), len);
	ERR_clear_error();
	r = SSL_do_handshake(us);
	tls_why(SSL_get_error(us, r), &v, text, sizeof text);
	assert_string_equal(text, "the handshake takes too many records or bytes");
	assert_int_equal(v.work.records, CY_TLS_HANDSHAKE_RECORDS_MAX + 1);
	SSL_free(us);
	close(fds[0]);
	close(fds[1]);
}

/* ----------------------------------------------------------------- afterwards */

static void take(struct call *c, size_t len)
{
	uint8_t data[64];

	ERR_clear_error();
	assert_int_equal(SSL_read(c->us, data, sizeof data), len);
}

/* The caller renews its keys so often, and sends some records of data after each time. */
static void renew(struct call *c, unsigned times, unsigned records)
{
	for (unsigned i = 0; i < times; i++) {
		assert_int_equal(SSL_key_update(c->caller, SSL_KEY_UPDATE_NOT_REQUESTED), 1);
		assert_int_equal(SSL_do_handshake(c->caller), 1);
		for (unsigned k = 0; k < records; k++)
			assert_int_equal(SSL_write(c->caller, "x", 1), 1);
	}
}

static void test_a_flood_of_key_updates_ends_the_connection(void **state)
{
	struct call c = { 0 };
	uint8_t byte;
	int r;

	(void)state;
	call_start(&c, trust, TLS_MESSAGES, leaf, key, NULL);
	assert_int_equal(SSL_write(c.caller, "x", 1), 1);
	take(&c, 1);
	SSL_set_read_ahead(c.us, 1); /* as in the gate */
	renew(&c, 3 * CY_TLS_REKEYS_MAX, 0);
	do {
		uint64_t before = c.verdict.work.messages;

		ERR_clear_error();
		r = SSL_read(c.us, &byte, 1);
		assert_true(r <= 0);
		if (c.verdict.work.messages == before)
			break;
	} while (!c.verdict.work.over);
	assert_string_equal(why(&c, r), "the peer renews its keys too often (TLS KeyUpdate)");
	assert_int_equal(c.verdict.work.messages, CY_TLS_REKEYS_MAX + 1);
	assert_true(SSL_read(c.us, &byte, 1) <= 0);
	call_end(&c);
}

static void test_each_read_takes_one_key_update(void **state)
{
	struct call c = { 0 };
	uint8_t byte;

	(void)state;
	call_start(&c, trust, TLS_MESSAGES, leaf, key, NULL);
	renew(&c, 5, 0);
	for (unsigned i = 1; i <= 5; i++) {
		ERR_clear_error();
		assert_int_equal(SSL_get_error(c.us, SSL_read(c.us, &byte, 1)), SSL_ERROR_WANT_READ);
		assert_int_equal(c.verdict.work.messages, i);
	}
	call_end(&c);
}

static void test_keys_that_are_renewed_with_the_data_are_no_flood(void **state)
{
	struct call c = { 0 };

	(void)state;
	call_start(&c, trust, TLS_BULK, leaf, key, NULL);
	for (unsigned i = 0; i < 5 * CY_TLS_REKEYS_MAX; i++) {
		unsigned taken = 0;

		renew(&c, 1, CY_TLS_REKEY_RECORDS);
		while (taken < CY_TLS_REKEY_RECORDS) {
			uint8_t byte;

			ERR_clear_error();
			taken += SSL_read(c.us, &byte, 1) == 1;
			assert_null(c.verdict.work.over);
		}
	}
	assert_int_equal(c.verdict.work.messages, 5 * CY_TLS_REKEYS_MAX);
	call_end(&c);
}

/* We dial, and the acceptor sends tickets. */
static void test_a_flood_of_tickets_ends_the_connection(void **state)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	struct tls_verdict v;
	SSL *us, *them = NULL;
	uint8_t byte;
	char text[256];
	int fds[2], r = 0;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	assert_int_equal(SSL_CTX_use_certificate(ctx, leaf), 1);
	assert_int_equal(SSL_CTX_use_PrivateKey(ctx, key), 1);
	assert_int_equal(SSL_CTX_set_num_tickets(ctx, 4 * CY_TLS_TICKETS_MAX), 1);
	them = SSL_new(ctx);
	assert_int_equal(SSL_set_fd(them, fds[0]), 1);
	SSL_set_accept_state(them);
	us = tls_dial(trust, fds[1], 7, TLS_MESSAGES, NULL, &v);
	for (int i = 0; i < 10 && (SSL_do_handshake(us) != 1 || !SSL_is_init_finished(them)); i++)
		SSL_do_handshake(them);
	assert_true(v.decided);
	for (unsigned i = 0; i < 4 * CY_TLS_TICKETS_MAX && !v.work.over; i++) {
		ERR_clear_error();
		r = SSL_peek(us, &byte, 1);
		assert_true(r <= 0);
	}
	tls_why(SSL_get_error(us, r), &v, text, sizeof text);
	assert_string_equal(text, "the peer sends too many session tickets (TLS NewSessionTicket)");
	SSL_free(us);
	SSL_free(them);
	SSL_CTX_free(ctx);
	close(fds[0]);
	close(fds[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_certificate_may_name_a_few_of_many_peers),
		cmocka_unit_test(test_a_name_is_compared_without_regard_to_case),
		cmocka_unit_test(test_long_certificates_are_refused),
		cmocka_unit_test(test_a_handshake_in_too_many_records_is_refused),
		cmocka_unit_test(test_a_flood_of_key_updates_ends_the_connection),
		cmocka_unit_test(test_each_read_takes_one_key_update),
		cmocka_unit_test(test_keys_that_are_renewed_with_the_data_are_no_flood),
		cmocka_unit_test(test_a_flood_of_tickets_ends_the_connection),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
