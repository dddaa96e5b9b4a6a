/* Where keys lie, and who may look. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "io/secrets.h"

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
	assert_true(locked_kib() >= 64);
	key = OPENSSL_secure_zalloc(32);
	assert_int_equal(CRYPTO_secure_allocated(key), 1);
	OPENSSL_secure_clear_free(key, 32);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys_are_locked_and_nobody_looks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
