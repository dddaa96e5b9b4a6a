/* Who a certificate is: every order of two and three peers, each with its own relation to what was
 * shown, when a caller is accepted, when a connection is judged again, and on both lanes. */
#include "tls_rig.h"

#define PEERS 3
#define NAMES "DNS:all.invalid,DNS:peer0.invalid,DNS:peer1.invalid,DNS:peer2.invalid"

static struct ca own, other; /* the CA that has issued what is shown, and another one */
static X509 *leaf, *forged;  /* the same names and number; the latter issued by nobody */
static EVP_PKEY *leaf_key;

static int set_up(void **state)
{
	struct ca fake;

	(void)state;
	tls_rig_start();
	own = rig_ca("own", NULL, "own.pem");
	other = rig_ca("other", NULL, "other.pem");
	leaf_key = EVP_EC_gen("P-256");
	leaf = rig_leaf(&own, 7, leaf_key, NAMES);
	fake = (struct ca){ own.cert, leaf_key };
	forged = rig_leaf(&fake, 7, leaf_key, NAMES);
	rig_crl(&(struct crl_spec){ .ca = &own, .revoked = leaf, .made = -60 }, "revoked.crl", "w");
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	X509_free(leaf);
	X509_free(forged);
	EVP_PKEY_free(leaf_key);
	rig_ca_free(&own);
	rig_ca_free(&other);
	rig_end();
	return 0;
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
		.certificate = rig_file("us.pem"), .key = rig_file("us.key"), .peers = peers, .n_peers = n
	};
	struct tls_trust *trust = NULL;
	struct cy_error e = { 0 };

	for (size_t i = 0; i < n; i++)
		peers[i] = (struct tls_peer_config){
			.id = ids[i],
			.anchors = rig_file(is[i] == FOREIGN_CA || is[i] == FOREIGN ? "other.pem" : "own.pem"),
			.crl = is[i] == FAILING ? rig_file("revoked.crl") : NULL,
			.sans = is[i] >= OTHER_NAME ? &none
				: shared            ? &all
						    : &names[i],
			.n_sans = 1
		};
	if (tls_trust_new(&config, &trust, &e))
		fail_msg("%s", e.text);
	return trust;
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

		call_start(&c, trust, lane, leaf, leaf_key, NULL);
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

		call_start(&c, trust, lane, forged, leaf_key, NULL);
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

			call_start(&c, old, lane, leaf, leaf_key, NULL);
			assert_true(c.verdict.decided);
			if (tls_verify_again(new, c.us, &c.verdict) != stays)
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
