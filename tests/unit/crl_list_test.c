/* Which lists of revoked certificates count, and for whom. */
#include "tls_rig.h"

#include <openssl/cms.h>

#include "io/signer/signer_pin.h"

#define HOUR 3600

static struct ca root, issuing; /* the latter issued by the former */
static X509 *leaf;              /* of `issuing` */
static EVP_PKEY *key;

static void append(const char *to, const char *from)
{
	char command[256];

	snprintf(command, sizeof command, "cat %s >>%s", rig_file(from), rig_file(to));
	assert_int_equal(system(command), 0);
}

static int set_up(void **state)
{
	(void)state;
	tls_rig_start();
	root = rig_ca("root", NULL, "root.pem");
	issuing = rig_ca("issuing", &root, "issuing.pem");
	append("both.pem", "issuing.pem");
	append("both.pem", "root.pem");
	key = EVP_EC_gen("P-256");
	leaf = rig_leaf(&issuing, 7, key, "DNS:ie.invalid");
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	X509_free(leaf);
	EVP_PKEY_free(key);
	rig_ca_free(&root);
	rig_ca_free(&issuing);
	rig_end();
	return 0;
}

/* ------------------------------------------------------------------- asking */

static const struct tls_peer_config *peer(const char *anchors)
{
	static const char *const name = "dns:ie.invalid";
	static struct tls_peer_config p;

	p = (struct tls_peer_config){
		.id = "IE", .anchors = rig_file(anchors), .crl = rig_file("crl"), .sans = &name, .n_sans = 1
	};
	return &p;
}

/* "" when the caller is IE, else why not; and when IE's list is due, in seconds from now. */
static const char *verdict(const char *anchors, X509 *chain, int64_t *ret_due_s)
{
	static char why[sizeof((struct tls_verdict *)0)->why];
	const struct tls_config config = {
		.certificate = rig_file("us.pem"), .key = rig_file("us.key"), .peers = peer(anchors), .n_peers = 1
	};
	struct tls_trust *trust;
	struct cy_error e = { 0 };
	struct call c = { 0 };
	int64_t due, end;

	if (tls_trust_new(&config, &trust, &e))
		fail_msg("%s", e.text);
	call_start(&c, trust, TLS_MESSAGES, leaf, key, chain);
	assert_true(c.verdict.decided == (c.verdict.why[0] == '\0'));
	snprintf(why, sizeof why, "%s", c.verdict.why);
	assert_true(tls_trust_crl(trust, 0, &due, &end));
	if (ret_due_s)
		*ret_due_s = due / 1000 - time(NULL);
	call_end(&c);
	tls_trust_unref(trust);
	return why;
}

static void crl(const struct ca *ca, X509 *revoked, int made, long number, const char *how)
{
	rig_crl(&(struct crl_spec){ .ca = ca, .revoked = revoked, .made = made, .number = number }, "crl", how);
}

/* What the signer says of a signature by the leaf, "" for nothing. */
static const char *signature(const char *anchors)
{
	static char why[sizeof((struct cy_error *)0)->text];
	const struct signer_pin_source source = {
		.id = "IE", .anchors = rig_file(anchors), .crl = rig_file("crl"), .also = leaf
	};
	const struct cy_wall now = { .ms = 1000 * (int64_t)time(NULL) };
	BIO *text = BIO_new_mem_buf("text", 4);
	CMS_ContentInfo *cms = CMS_sign(leaf, key, NULL, text, CMS_DETACHED | CMS_BINARY | CMS_CADES | CMS_NOSMIMECAP);
	struct signer_pins *pins = NULL;
	struct cy_error e = { 0 };
	uint8_t *der = NULL;
	int len = i2d_CMS_ContentInfo(cms, &der);

	assert_true(len > 0);
	if (signer_pins_new(&source, &pins, &e))
		fail_msg("%s: %s", e.field, e.text);
	signer_pins_verify(pins, cy_bytes("text", 4), cy_bytes(der, (size_t)len), now, &e);
	snprintf(why, sizeof why, "%s", e.text);
	signer_pins_free(pins);
	OPENSSL_free(der);
	CMS_ContentInfo_free(cms);
	BIO_free(text);
	return why;
}

/* Neither TLS nor signatures take the file. */
static void refused_at_load(const char *why)
{
	const struct signer_pin_source pins = {
		.id = "IE", .anchors = rig_file("both.pem"), .crl = rig_file("crl"), .also = leaf
	};
	struct signer_pins *p = NULL;
	struct cy_error e = { 0 };

	assert_int_equal(tls_peer_check(peer("both.pem"), (struct cy_wall){ 0 }, NULL, &e), CY_ECONFIG);
	if (!strstr(e.text, why) || strcmp(e.field, rig_file("crl")) != 0)
		fail_msg("TLS says: %s", e.text);
	e = (struct cy_error){ 0 };
	assert_int_equal(signer_pins_new(&pins, &p, &e), CY_ECONFIG);
	if (!strstr(e.text, why) || strcmp(e.field, rig_file("crl")) != 0)
		fail_msg("the signer says: %s", e.text);
}

/* ------------------------------------------------------------------- tests */

static void test_a_revoked_issuing_ca_is_refused(void **state)
{
	(void)state;
	crl(&issuing, NULL, -60, 1, "w");
	crl(&root, NULL, -60, 1, "a");
	assert_string_equal(verdict("both.pem", NULL, NULL), "");
	assert_string_equal(signature("both.pem"), "");
	crl(&issuing, NULL, -60, 1, "w");
	crl(&root, issuing.cert, -60, 2, "a");
	assert_string_equal(verdict("both.pem", NULL, NULL), "IE: certificate revoked");
	assert_string_equal(verdict("both.pem", issuing.cert, NULL), "IE: certificate revoked");
	assert_non_null(strstr(signature("both.pem"), "is revoked"));
}

/* The issuing CA is pinned, but the one above it is revoked by the root. */
static void test_a_revoked_ca_above_the_issuing_one_is_refused(void **state)
{
	struct ca lowest = rig_ca("lowest", &issuing, "lowest.pem");
	X509 *upper = leaf;

	(void)state;
	append("lowest.pem", "both.pem");
	leaf = rig_leaf(&lowest, 8, key, "DNS:ie.invalid");
	crl(&lowest, NULL, -60, 1, "w");
	crl(&root, NULL, -60, 1, "a");
	assert_string_equal(verdict("lowest.pem", NULL, NULL), "");
	crl(&root, issuing.cert, -60, 2, "a");
	assert_string_equal(verdict("lowest.pem", NULL, NULL), "IE: certificate revoked");
	X509_free(leaf);
	leaf = upper;
	rig_ca_free(&lowest);
}

static void test_an_issuing_ca_is_pinned_without_its_root(void **state)
{
	(void)state;
	crl(&issuing, NULL, -60, 1, "w");
	assert_string_equal(verdict("issuing.pem", NULL, NULL), "");
	assert_string_equal(verdict("both.pem", NULL, NULL), "");
	crl(&issuing, leaf, -60, 1, "w");
	assert_string_equal(verdict("issuing.pem", NULL, NULL), "IE: certificate revoked");
	/* The list of the CA that has issued the certificate must be there. */
	crl(&root, NULL, -60, 1, "w");
	assert_string_equal(verdict("both.pem", NULL, NULL), "IE: unable to get certificate CRL");
}

static void test_the_newest_list_counts_in_whatever_order(void **state)
{
	const struct {
		X509 *old, *new;
		int made; /* of the new one */
		const char *why;
	} cases[] = {
		{ leaf, NULL, -HOUR, "" },
		{ NULL, leaf, -HOUR, "IE: certificate revoked" },
		{ leaf, NULL, -2 * HOUR, "" }, /* made in the same second: by its number */
		{ NULL, leaf, -2 * HOUR, "IE: certificate revoked" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		for (int swapped = 0; swapped < 2; swapped++) {
			int64_t due;

			if (swapped)
				crl(&issuing, cases[i].new, cases[i].made, 2, "w");
			crl(&issuing, cases[i].old, -2 * HOUR, 1, swapped ? "a" : "w");
			if (!swapped)
				crl(&issuing, cases[i].new, cases[i].made, 2, "a");
			if (strcmp(verdict("both.pem", NULL, &due), cases[i].why) != 0)
				fail_msg("case %zu, swapped %d: %s", i, swapped, verdict("both.pem", NULL, NULL));
			if ((strstr(signature("both.pem"), "is revoked") != NULL) != (cases[i].new != NULL))
				fail_msg("case %zu, swapped %d, a signature: %s", i, swapped, signature("both.pem"));
			/* The old one is not waited for any more. */
			assert_true(due > cases[i].made + 23 * HOUR);
		}
}

static void test_an_old_list_past_its_next_update_does_no_harm(void **state)
{
	int64_t due;

	(void)state;
	crl(&issuing, leaf, -48 * HOUR, 1, "w");
	crl(&issuing, NULL, -HOUR, 2, "a");
	assert_string_equal(verdict("both.pem", NULL, &due), "");
	assert_true(due > 0);
}

/* A list for certificates of users, and one for all: each counts. */
static void test_lists_of_different_scope_stand_beside_each_other(void **state)
{
	(void)state;
	for (int newer = 0; newer < 2; newer++) {
		crl(&issuing, leaf, newer ? -HOUR : -2 * HOUR, 1, "w");
		rig_crl(&(struct crl_spec){ .ca = &issuing,
					    .made = newer ? -2 * HOUR : -HOUR,
					    .number = 2,
					    .scope = "critical,onlyuser:TRUE" },
			"crl", "a");
		assert_string_equal(verdict("both.pem", NULL, NULL), "IE: certificate revoked");
	}
}

static void test_a_delta_list_is_refused_at_load(void **state)
{
	const struct crl_spec delta = { .ca = &issuing, .made = -HOUR, .number = 2, .delta_of = 1 };

	(void)state;
	crl(&issuing, leaf, -2 * HOUR, 1, "w");
	rig_crl(&delta, "crl", "a");
	refused_at_load("delta CRL");
	rig_crl(&delta, "crl", "w");
	refused_at_load("delta CRL");
}

static void test_a_list_that_no_anchor_has_signed_is_refused_at_load(void **state)
{
	struct ca fake = { issuing.cert, key };
	FILE *f;

	(void)state;
	crl(&issuing, leaf, -2 * HOUR, 1, "w");
	crl(&fake, NULL, -HOUR, 2, "a");
	refused_at_load("has signed this CRL");
	f = fopen(rig_file("crl"), "w");
	assert_true(f && fclose(f) == 0);
	refused_at_load("not a PEM file of CRLs");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_revoked_issuing_ca_is_refused),
		cmocka_unit_test(test_a_revoked_ca_above_the_issuing_one_is_refused),
		cmocka_unit_test(test_an_issuing_ca_is_pinned_without_its_root),
		cmocka_unit_test(test_the_newest_list_counts_in_whatever_order),
		cmocka_unit_test(test_an_old_list_past_its_next_update_does_no_harm),
		cmocka_unit_test(test_lists_of_different_scope_stand_beside_each_other),
		cmocka_unit_test(test_a_delta_list_is_refused_at_load),
		cmocka_unit_test(test_a_list_that_no_anchor_has_signed_is_refused_at_load),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
