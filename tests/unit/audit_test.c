/* Expectations from the published test vectors of RFC 6962 implementations
 * (certificate-transparency: the eight-leaf tree). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <string.h>

#include "audit/log.h"
#include "base/error.h"

static const struct {
	const char *leaf; /* hex */
	const char *root; /* after this leaf */
} vectors[] = {
	{ "", "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d" },
	{ "00", "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125" },
	{ "10", "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77" },
	{ "2021", "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7" },
	{ "3031", "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4" },
	{ "40414243", "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef" },
	{ "5051525354555657", "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c" },
	{ "606162636465666768696a6b6c6d6e6f", "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328" },
};

static void roots_equal_the_published_ones(void **state)
{
	struct audit_log log = { 0 };
	char hex[CY_SHA256_HEX];
	struct cy_digest d = audit_root(&log);

	(void)state;
	cy_digest_hex(&d, hex);
	assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
		uint8_t data[16];
		size_t len = strlen(vectors[i].leaf) / 2;

		assert_int_equal(cy_unhex(vectors[i].leaf, 2 * len, data, len), CY_OK);
		d = audit_leaf(cy_bytes(data, len));
		audit_append(&log, &d);
		d = audit_root(&log);
		cy_digest_hex(&d, hex);
		assert_string_equal(hex, vectors[i].root);
	}
}

static void a_stored_frontier_goes_on_as_if_never_stored(void **state)
{
	struct audit_log log = { 0 }, copy;
	uint8_t bytes[64 * CY_SHA256_LEN];

	(void)state;
	for (uint32_t i = 0; i < 300; i++) {
		struct cy_digest leaf = audit_leaf(cy_bytes(&i, sizeof i)), a, b;

		assert_int_equal(audit_decode(log.size, cy_bytes(bytes, audit_encode(&log, bytes)), &copy), CY_OK);
		audit_append(&log, &leaf);
		audit_append(&copy, &leaf);
		a = audit_root(&log);
		b = audit_root(&copy);
		assert_true(cy_digest_equal(&a, &b));
	}
	assert_int_equal(audit_decode(3, cy_bytes(bytes, 32), &copy), CY_EPARSE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(roots_equal_the_published_ones),
		cmocka_unit_test(a_stored_frontier_goes_on_as_if_never_stored),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
