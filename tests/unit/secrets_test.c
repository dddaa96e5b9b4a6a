/* Where keys lie, and who may look. */
#include <openssl/crypto.h>
#include <sys/prctl.h>

#include "base/limits.h"
#include "io/gate/gate_tls_internal.h"
#include "io/signer/secrets.h"
#include "tls_rig.h"

static unsigned long locked_kib(void)
{
	unsigned long kib = 0;
	char line[128];
	FILE *f = fopen("/proc/self/status", "r");

	assert_non_null(f);
	while (fgets(line, sizeof line, f) != NULL)
		if (strncmp(line, "VmLck:", 6) == 0)
			kib = strtoul(line + 6, NULL, 10);
	fclose(f);
	return kib;
}

static void test_keys_are_locked_and_nobody_looks(void **state)
{
	uint8_t *key;

	(void)state;
	assert_int_equal(prctl(PR_GET_DUMPABLE), 1);
	assert_int_equal(locked_kib(), 0);
	assert_true(secrets_protect(false));
	assert_int_equal(prctl(PR_GET_DUMPABLE), 0);
	assert_true(locked_kib() >= CY_SECRET_BYTES / 1024);
	key = OPENSSL_secure_zalloc(32);
	assert_int_equal(CRYPTO_secure_allocated(key), 1);
	OPENSSL_secure_clear_free(key, 32);
}

/* A caller chooses the group, and the key that we make for it stays as long as its connection. */
static void test_a_connection_takes_as_much_as_it_may(void **state)
{
	SSL_CTX *ours = SSL_CTX_new(TLS_server_method()), *theirs = SSL_CTX_new(TLS_client_method());
	size_t before;
	BIO *a, *b;
	SSL *us, *caller;

	(void)state;
	tls_rig_start();
	assert_int_equal(SSL_CTX_use_certificate_file(ours, rig_file("us.pem"), SSL_FILETYPE_PEM), 1);
	assert_int_equal(SSL_CTX_use_PrivateKey_file(ours, rig_file("us.key"), SSL_FILETYPE_PEM), 1);
	assert_int_equal(SSL_CTX_set1_groups_list(theirs, "P-521"), 1);
	us = SSL_new(ours);
	caller = SSL_new(theirs);
	assert_int_equal(BIO_new_bio_pair(&a, 65536, &b, 65536), 1);
	SSL_set_bio(us, a, a);
	SSL_set_bio(caller, b, b);
	SSL_set_accept_state(us);
	SSL_set_connect_state(caller);
	before = CRYPTO_secure_used();
	for (int i = 0; i < 4; i++) {
		SSL_do_handshake(caller);
		SSL_do_handshake(us);
	}
	assert_int_equal(SSL_is_init_finished(us), 1);
	SSL_free(caller);
	assert_in_range(CRYPTO_secure_used() - before, 1, CY_SECRET_CONNECTION);
	SSL_free(us);
	SSL_CTX_free(ours);
	SSL_CTX_free(theirs);
	rig_end();
}

static void test_there_is_room_for_the_keys_of_all_connections(void **state)
{
	const struct gate_config most = { .handshakes_max = CY_HANDSHAKES_MAX, .n_peers = CY_PEERS_MAX };
	const size_t n = gate_most(&most);
	void **key = calloc(n, sizeof *key);

	(void)state;
	assert_non_null(key);
	for (size_t i = 0; i < n; i++) {
		key[i] = OPENSSL_secure_malloc(CY_SECRET_CONNECTION);
		if (key[i] == NULL)
			fail_msg("connection %zu of %zu finds no memory for its key", i + 1, n);
	}
	for (size_t i = 0; i < n; i++)
		OPENSSL_secure_free(key[i]);
	free(key);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys_are_locked_and_nobody_looks),
		cmocka_unit_test(test_a_connection_takes_as_much_as_it_may),
		cmocka_unit_test(test_there_is_room_for_the_keys_of_all_connections),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
