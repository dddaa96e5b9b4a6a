/* What a leaf of the chain of custody says; the hashes are those of sha256sum. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above. */
#include <cmocka.h>
#include <string.h>

#include "audit/custody.h"
#include "base/limits.h"

#define MESSAGE "0198b2c1-0000-7000-8000-000000000001"
#define X_HEX   "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"

static struct audit_custody link_of(void)
{
	return (struct audit_custody){ .message_id = MESSAGE,
				       .attachment = 2,
				       .sha256 = cy_sha256(cy_bytes("x", 1)),
				       .action = "held",
				       .by = "case desk",
				       .at = { 1796007983123 },
				       .proof = "" };
}

static void says(const struct audit_custody *link, enum audit_custody_form form, const char *expected, const char *hex)
{
	struct cy_buf text = CY_BUF(CY_CUSTODY_TEXT_MAX);
	const struct cy_digest hash = audit_custody_leaf(link, form);
	char is[CY_SHA256_HEX];

	audit_custody_write(link, form, &text);
	assert_string_equal((const char *)text.data, expected);
	cy_digest_hex(&hash, is);
	assert_string_equal(is, hex);
	cy_buf_free(&text);
}

/* { printf '\0'; printf 'comity custody 1\n...'; } | sha256sum */
static void a_leaf_says_all_of_a_link(void **state)
{
	struct audit_custody link = link_of();

	(void)state;
	says(&link, AUDIT_CUSTODY_WHOLE,
	     "comity custody 1\nmessage " MESSAGE "\nattachment 2\nsha256 " X_HEX
	     "\naction held\nby case desk\nat 2026-11-30T03:06:23.123Z\n",
	     "ea968b1b04de9fb730478a94a3e55cbedd2e70836f5071bb27a591b6fe7d1cb9");
	link.words = audit_custody_words("00112233445566778899aabbccddeeff", "appeal");
	link.proof = "0198b2c1-0000-7000-8000-000000000003";
	link.from = 7;
	link.to = UINT64_MAX;
	says(&link, AUDIT_CUSTODY_WHOLE,
	     "comity custody 1\nmessage " MESSAGE "\nattachment 2\nsha256 " X_HEX
	     "\naction held\nby case desk\nat 2026-11-30T03:06:23.123Z\n"
	     "text 24c1525ab49efcfcdd145259a42d413f605ab2e49a17c7706ab058b49eea40d4"
	     "\nproof 0198b2c1-0000-7000-8000-000000000003\nfrom 7\nto 18446744073709551615\n",
	     "03ef7e9f64c04f9aea749991d6eb469da691ce255d55c0a802a49000c035fccc");
}

static void a_leaf_of_before_stays_as_it_was(void **state)
{
	const struct audit_custody link = link_of();

	(void)state;
	says(&link, AUDIT_CUSTODY_FIRST, "evidence held " MESSAGE " 2 " X_HEX " case desk",
	     "361c2c3bac0214d11d1df2b3cf8c7fba5ed2a7e7ce56aea4392efa11ddc90d19");
}

/* No two links have one text: a line ends where its value ends. */
static void a_value_is_on_its_line_whatever_is_in_it(void **state)
{
	struct audit_custody link = link_of();
	struct cy_buf text = CY_BUF(CY_CUSTODY_TEXT_MAX);

	(void)state;
	link.by = "desk\nat \\x0a\x7f \xc3\xb6";
	audit_custody_write(&link, AUDIT_CUSTODY_WHOLE, &text);
	assert_non_null(strstr((const char *)text.data, "\nby desk\\0012at \\0134x0a\\0177 \\0303\\0266\nat "));
	cy_buf_free(&text);
}

static void each_field_makes_another_leaf(void **state)
{
	const struct audit_custody link = link_of();
	const struct cy_digest leaf = audit_custody_leaf(&link, AUDIT_CUSTODY_WHOLE);
	struct audit_custody others[10];

	(void)state;
	for (size_t i = 0; i < 10; i++)
		others[i] = link;
	others[0].message_id = "0198b2c1-0000-7000-8000-000000000002";
	others[1].attachment = 1;
	others[2].sha256 = cy_sha256(cy_bytes("y", 1));
	others[3].action = "released";
	others[4].by = "case  desk";
	others[5].at.ms++;
	others[6].words = audit_custody_words("", "");
	others[7].proof = MESSAGE;
	others[8].from = 1;
	others[9].to = 1;
	for (size_t i = 0; i < 10; i++) {
		const struct cy_digest other = audit_custody_leaf(&others[i], AUDIT_CUSTODY_WHOLE);

		assert_false(cy_digest_equal(&leaf, &other));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_leaf_says_all_of_a_link),
		cmocka_unit_test(a_leaf_of_before_stays_as_it_was),
		cmocka_unit_test(a_value_is_on_its_line_whatever_is_in_it),
		cmocka_unit_test(each_field_makes_another_leaf),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
