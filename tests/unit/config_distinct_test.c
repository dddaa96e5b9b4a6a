/* Peers that cannot be told apart, by certificates of comity-pki. Run from the root of the tree. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/config_confuse.h"

static char dir[] = "/tmp/comity-distinct-XXXXXX";

/* One section of a peer; files are those of the authority `of` unless they are given. */
struct section {
	const char *id, *anchors, *name, *signing;
};

static const struct section ie = { "IE", "IE", "dns:ie.comity.invalid", "IE" },
			    fr = { "FR", "FR", "dns:fr.comity.invalid", "FR" },
			    ie_copied = { "XX", "IE", "dns:ie.comity.invalid", "IE" },
			    ie_signs_as_xx = { "XX", "IE", "dns:xx.comity.invalid", "IE" },
			    hands_over_ies = { "XX", "FR", "dns:xx.comity.invalid", "IE" },
			    ie_is_named_xx = { "XX", "IE", "dns:IE.comity.invalid", "FR" },
			    same_ca_other_name = { "XX", "IE", "dns:xx.comity.invalid", "DE" },
			    same_name_other_ca = { "XX", "DE", "dns:ie.comity.invalid", "DE" },
			    ours = { "XX", "US", "dns:xx.comity.invalid", "US" },
			    hands_over_ours = { "XX", "DE", "dns:xx.comity.invalid", "US" };

static void load(const struct section *const *peers, size_t n, struct config_problems *ret_problems)
{
	struct config *c = NULL;
	char path[64];
	FILE *f;

	snprintf(path, sizeof path, "%s/c.conf", dir);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs("authority { id = US name = x }\nstore { dir = store }\nidentity { tls_certificate = \"US/tls.pem\" "
	      "tls_key "
	      "= \"US/tls.key\" signing_certificate = \"US/sign.pem\" signing_key = \"US/sign.key\" }\n",
	      f);
	for (size_t i = 0; i < n; i++)
		fprintf(f,
			"peer %s { anchors = \"%s/ca.pem\" names = {\"%s\"} signing_certificates = \"%s/sign-all.pem\" "
			"}\n",
			peers[i]->id, peers[i]->anchors, peers[i]->name, peers[i]->signing);
	assert_int_equal(fclose(f), 0);
	if (config_load(path, &c, ret_problems) == CY_OK)
		config_free(c);
}

/* The problems that the sections make, in whatever order they stand. */
static void expect(const struct section *const *peers, size_t n, size_t problems, const char *what, const char *one,
		   const char *other)
{
	struct config_problems p;

	load(peers, n, &p);
	for (size_t i = 0; i < p.n; i++) {
		if (strstr(p.list[i].text, what) == NULL || strstr(p.list[i].text, one) == NULL ||
		    strstr(p.list[i].text, other) == NULL)
			fail_msg("expected '%s' '%s' '%s' in: %s", what, one, other, p.list[i].text);
	}
	assert_int_equal(p.n, problems);
	config_problems_free(&p);
}

static void test_two_peers_in_both_orders(void **state)
{
	static const struct {
		const struct section *a, *b;
		size_t problems;
		const char *what;
	} cases[] = {
		{ &ie, &fr, 0, "" },
		{ &ie, &ie_signs_as_xx, 1, "pins the same certificate (SHA-256 " },
		{ &ie, &hands_over_ies, 0, "" },
		{ &ie, &ie_is_named_xx, 1, "expects dns:" },
		{ &ie, &ie_copied, 2, "remove the copied section" },
		{ &ie, &same_ca_other_name, 0, "" },
		{ &ie, &same_name_other_ca, 0, "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		expect((const struct section *[]){ cases[i].a, cases[i].b }, 2, cases[i].problems, cases[i].what,
		       "option 'peer XX.", "the section peer IE (line 4)");
		expect((const struct section *[]){ cases[i].b, cases[i].a }, 2, cases[i].problems, cases[i].what,
		       "option 'peer IE.", "the section peer XX (line 4)");
	}
}

static void test_three_peers_in_every_order(void **state)
{
	static const int orders[][3] = { { 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 }, { 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 } };
	const struct section *const all[] = { &ie, &fr, &ie_copied };

	(void)state;
	for (size_t i = 0; i < sizeof orders / sizeof *orders; i++)
		expect((const struct section *[]){ all[orders[i][0]], all[orders[i][1]], all[orders[i][2]] }, 3, 2,
		       "remove the copied section", "IE", "XX");
}

static void test_a_peer_is_not_this_authority(void **state)
{
	(void)state;
	expect((const struct section *[]){ &ours }, 1, 1, "this authority's own (section identity)",
	       "option 'peer XX.signing_certificates'", "that the peer has exported");
	/* What does not stand under its anchors never counts as its own. */
	expect((const struct section *[]){ &hands_over_ours }, 1, 0, "", "", "");
}

static int make_folder(void **state)
{
	char line[256];

	(void)state;
	if (mkdtemp(dir) == NULL)
		return -1;
	snprintf(line, sizeof line, "certs/comity-pki throwaway %s US IE FR DE >%s/log 2>&1", dir, dir);
	return system(line);
}

static int remove_folder(void **state)
{
	char line[64];

	(void)state;
	snprintf(line, sizeof line, "rm -rf %s", dir);
	return system(line);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_two_peers_in_both_orders),
		cmocka_unit_test(test_three_peers_in_every_order),
		cmocka_unit_test(test_a_peer_is_not_this_authority),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
