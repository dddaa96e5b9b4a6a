/* Sealing under a key per case, as any store does it: a text opens in its own place, with the key of its case and of
 * its store, and nowhere else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <string.h>

#include "io/store/store_seal.h"

#define TEXT "what people wrote"

struct rig {
	EVP_CIPHER *cipher;
	struct seal seal;
	uint8_t store_key[SEAL_KEY_LEN], key[SEAL_KEY_LEN], wrapped[SEAL_WRAPPED_LEN], nonce[SEAL_NONCE_LEN];
	uint8_t sealed[sizeof TEXT - 1 + SEAL_TAG_LEN];
};

static int setup(void **state)
{
	static struct rig r;
	const struct seal_context context = seal_custody("IE", "c1", "m1", 3);

	r = (struct rig){ .cipher = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL), .store_key = { 7 } };
	assert_non_null(r.cipher);
	assert_int_equal(seal_init(&r.seal, r.cipher), CY_OK);
	assert_int_equal(seal_new_key(&r.seal, r.store_key, "IE", "c1", r.key, r.wrapped), CY_OK);
	assert_int_equal(seal_up(&r.seal, r.key, &context, cy_bytes(TEXT, sizeof TEXT - 1), r.nonce), CY_OK);
	assert_int_equal(r.seal.out.len, sizeof r.sealed);
	memcpy(r.sealed, r.seal.out.data, sizeof r.sealed);
	*state = &r;
	return 0;
}

static int teardown(void **state)
{
	struct rig *r = *state;

	seal_free(&r->seal);
	EVP_CIPHER_free(r->cipher);
	return 0;
}

static int opens(struct rig *r, struct seal_context context)
{
	uint8_t *plain = NULL;
	size_t len = 0;
	const int code = seal_open_text(&r->seal, r->store_key, &context, cy_bytes(r->wrapped, sizeof r->wrapped),
					cy_bytes(r->nonce, sizeof r->nonce), cy_bytes(r->sealed, sizeof r->sealed),
					&plain, &len);

	if (code == CY_OK) {
		assert_int_equal(len, sizeof TEXT - 1);
		assert_string_equal((const char *)plain, TEXT);
	} else {
		assert_null(plain);
	}
	seal_forget(plain, len);
	return code;
}

static void a_text_opens_in_its_own_place_alone(void **state)
{
	struct rig *r = *state;

	assert_int_equal(opens(r, seal_custody("IE", "c1", "m1", 3)), CY_OK);
	assert_int_equal(opens(r, seal_custody("IE", "c1", "m1", 4)), CY_EDAMAGED);
	assert_int_equal(opens(r, seal_custody("IE", "c1", "m2", 3)), CY_EDAMAGED);
	assert_int_equal(opens(r, seal_custody("DE", "c1", "m1", 3)), CY_EDAMAGED);
	assert_int_equal(opens(r, seal_custody("IE", "c2", "m1", 3)), CY_EDAMAGED);
	assert_int_equal(opens(r, seal_content("IE", "c1", "m1")), CY_EDAMAGED);
	assert_int_equal(opens(r, seal_title("IE", "c1")), CY_EDAMAGED);
}

static void what_the_disk_has_changed_does_not_open(void **state)
{
	uint8_t *const parts[] = { ((struct rig *)*state)->sealed, ((struct rig *)*state)->nonce,
				   ((struct rig *)*state)->wrapped, ((struct rig *)*state)->store_key };

	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
		parts[i][1] ^= 1;
		assert_int_equal(opens(*state, seal_custody("IE", "c1", "m1", 3)), CY_EDAMAGED);
		parts[i][1] ^= 1;
	}
	assert_int_equal(opens(*state, seal_custody("IE", "c1", "m1", 3)), CY_OK);
}

static void each_case_has_a_key_of_its_own(void **state)
{
	struct rig *r = *state;
	uint8_t other[SEAL_KEY_LEN], again[SEAL_KEY_LEN], wrapped[SEAL_WRAPPED_LEN];

	assert_int_equal(seal_new_key(&r->seal, r->store_key, "IE", "c2", other, wrapped), CY_OK);
	assert_memory_not_equal(other, r->key, sizeof other);
	assert_int_equal(seal_open_key(&r->seal, r->store_key, "IE", "c2", cy_bytes(wrapped, sizeof wrapped), again),
			 CY_OK);
	assert_memory_equal(again, other, sizeof other);
	assert_int_equal(seal_open_key(&r->seal, r->store_key, "IE", "c1", cy_bytes(wrapped, sizeof wrapped), again),
			 CY_EDAMAGED);
	assert_int_equal(
		seal_open_key(&r->seal, r->store_key, "IE", "c2", cy_bytes(wrapped, sizeof wrapped - 1), again),
		CY_EDAMAGED);
}

static void a_store_knows_its_key_again(void **state)
{
	struct rig *r = *state;
	uint8_t check[SEAL_WRAPPED_LEN];

	assert_int_equal(seal_check_new(&r->seal, r->store_key, check), CY_OK);
	assert_int_equal(seal_check(&r->seal, r->store_key, cy_bytes(check, sizeof check)), CY_OK);
	r->store_key[0]++;
	assert_int_equal(seal_check(&r->seal, r->store_key, cy_bytes(check, sizeof check)), CY_EDAMAGED);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_text_opens_in_its_own_place_alone),
		TEST(what_the_disk_has_changed_does_not_open),
		TEST(each_case_has_a_key_of_its_own),
		TEST(a_store_knows_its_key_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
