/* Expectations from the published test vectors of RFC 6962 implementations
 * (certificate-transparency: the eight-leaf tree; transparency-dev/merkle: the proofs in tests/fixtures/proofs). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "audit/log.h"
#include "audit/tree.h"
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

/* Paths of the same leaves, by the recursive definition of RFC 6962, 2.1.1, in Python. */
static const struct {
	uint64_t leaf, leaves;
	size_t n;
	const char *path[3];
} paths[] = {
	{ 0, 1, 0, { NULL } },
	{ 0,
	  8,
	  3,
	  { "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
	    "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
	    "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4" } },
	{ 5,
	  8,
	  3,
	  { "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
	    "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
	    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7" } },
	{ 2, 3, 1, { "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125" } },
	{ 1,
	  5,
	  3,
	  { "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
	    "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
	    "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b" } },
	{ 4, 5, 1, { "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7" } },
	{ 6,
	  7,
	  2,
	  { "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
	    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7" } },
};

/* A tree as it is stored. */
struct tree {
	uint64_t leaves;
	struct cy_digest node[AUDIT_LEVELS_MAX][128];
};

static void build(struct tree *t, const struct cy_digest *leaf, uint64_t leaves)
{
	uint64_t n;

	t->leaves = leaves;
	memcpy(t->node[0], leaf, leaves * sizeof *leaf);
	for (unsigned level = 1; (n = audit_level(leaves, level)) > 0; level++) {
		const struct cy_digest *below = t->node[level - 1];

		for (uint64_t i = 0; i < n; i++)
			t->node[level][i] = 2 * i + 1 < audit_level(leaves, level - 1)
						    ? audit_node(&below[2 * i], &below[2 * i + 1])
						    : below[2 * i];
	}
}

static struct cy_digest root_of(const struct tree *t)
{
	unsigned level = 0;

	while (audit_level(t->leaves, level + 1) > 0)
		level++;
	return t->node[level][0];
}

static size_t path_of(const struct tree *t, uint64_t leaf, struct cy_digest out[static AUDIT_LEVELS_MAX])
{
	struct audit_position place[AUDIT_LEVELS_MAX];
	const size_t n = audit_path(leaf, t->leaves, place);

	for (size_t i = 0; i < n; i++)
		out[i] = t->node[place[i].level][place[i].index];
	return n;
}

static void paths_equal_the_published_ones(void **state)
{
	struct cy_digest leaf[8], path[AUDIT_LEVELS_MAX], root;
	char hex[CY_SHA256_HEX];
	struct tree t;

	(void)state;
	for (size_t i = 0; i < 8; i++) {
		uint8_t data[16];
		const size_t len = strlen(vectors[i].leaf) / 2;

		assert_int_equal(cy_unhex(vectors[i].leaf, 2 * len, data, len), CY_OK);
		leaf[i] = audit_leaf(cy_bytes(data, len));
	}
	for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
		build(&t, leaf, paths[i].leaves);
		root = root_of(&t);
		cy_digest_hex(&root, hex);
		assert_string_equal(hex, vectors[paths[i].leaves - 1].root);
		assert_int_equal(path_of(&t, paths[i].leaf, path), paths[i].n);
		for (size_t j = 0; j < paths[i].n; j++) {
			cy_digest_hex(&path[j], hex);
			assert_string_equal(hex, paths[i].path[j]);
		}
		assert_true(
			audit_included(&leaf[paths[i].leaf], paths[i].leaf, paths[i].leaves, path, paths[i].n, &root));
	}
}

/* Trees of 1 to 70 leaves, leaf i being the byte i: the SHA-256 of each root followed by the
 * path of each leaf is from Python. */
static void every_path_of_many_trees(void **state)
{
	static uint8_t all[512 * 1024];
	struct cy_digest leaf[71], path[AUDIT_LEVELS_MAX + 1], root, d;
	char hex[CY_SHA256_HEX];
	size_t len = 0;
	struct tree t;

	(void)state;
	for (uint8_t i = 0; i < 71; i++)
		leaf[i] = audit_leaf(cy_bytes(&i, 1));
	for (uint64_t leaves = 1; leaves <= 70; leaves++) {
		build(&t, leaf, leaves);
		root = root_of(&t);
		memcpy(all + len, root.b, CY_SHA256_LEN);
		len += CY_SHA256_LEN;
		for (uint64_t i = 0; i < leaves; i++) {
			const size_t n = path_of(&t, i, path);

			memcpy(all + len, path, n * CY_SHA256_LEN);
			len += n * CY_SHA256_LEN;
			assert_true(len < sizeof all - 64 * CY_SHA256_LEN);
			assert_true(audit_included(&leaf[i], i, leaves, path, n, &root));
			/* Nothing else is included. */
			assert_false(audit_included(&leaf[i + 1], i, leaves, path, n, &root));
			assert_false(audit_included(&leaf[i], i ^ 1, leaves, path, n, &root));
			assert_false(audit_included(&leaf[i], i + leaves, leaves, path, n, &root));
			path[n] = root;
			assert_false(audit_included(&leaf[i], i, leaves, path, n + 1, &root));
			if (n == 0)
				continue;
			assert_false(audit_included(&leaf[i], i, leaves, path, n - 1, &root));
			path[n / 2].b[3] ^= 0x10;
			assert_false(audit_included(&leaf[i], i, leaves, path, n, &root));
		}
	}
	d = cy_sha256(cy_bytes(all, len));
	cy_digest_hex(&d, hex);
	assert_string_equal(hex, "8dd375ea676c8ae19c807af74695d606176fa5245094ee8480d85eb616861756");
	assert_int_equal(audit_level(0, 0), 0);
	assert_int_equal(audit_level(1, 1), 0);
	assert_int_equal(audit_level(UINT64_MAX, 0), UINT64_MAX);
	assert_int_equal(audit_level(UINT64_MAX, 64), 1);
	assert_false(audit_included(&leaf[0], 0, 0, NULL, 0, &leaf[0]));
}

/* Of each two trees of 1 to 70 leaves, the smaller one is proved to be the beginning of the larger one; the SHA-256 of
 * all proofs is from Python, by the recursive definition of RFC 6962, 2.1.2. */
static void every_tree_continues_each_smaller_one(void **state)
{
	static struct tree t;
	static uint8_t all[512 * 1024];
	struct cy_digest leaf[70], root[71], proof[AUDIT_CONSISTENCY_MAX + 1], d;
	struct audit_position longest[AUDIT_CONSISTENCY_MAX];
	char hex[CY_SHA256_HEX];
	size_t len = 0;

	(void)state;
	for (uint8_t i = 0; i < 70; i++)
		leaf[i] = audit_leaf(cy_bytes(&i, 1));
	for (uint64_t leaves = 1; leaves <= 70; leaves++) {
		build(&t, leaf, leaves);
		root[leaves] = root_of(&t);
		for (uint64_t old = 1; old <= leaves; old++) {
			struct audit_position at[AUDIT_CONSISTENCY_MAX];
			const size_t n = audit_consistency(old, leaves, at);

			for (size_t i = 0; i < n; i++)
				proof[i] = t.node[at[i].level][at[i].index];
			assert_true(len + n * CY_SHA256_LEN <= sizeof all);
			memcpy(all + len, proof, n * CY_SHA256_LEN);
			len += n * CY_SHA256_LEN;
			assert_true(audit_consistent(old, &root[old], leaves, &root[leaves], proof, n));
			/* Nothing else is consistent. */
			proof[n] = root[old];
			assert_false(audit_consistent(old, &root[old], leaves, &root[leaves], proof, n + 1));
			assert_false(audit_consistent(leaves + 1, &root[old], leaves, &root[leaves], proof, n));
			assert_false(audit_consistent(0, &root[old], leaves, &root[leaves], proof, n));
			if (old == leaves)
				continue;
			assert_false(audit_consistent(old, &root[leaves], leaves, &root[leaves], proof, n));
			assert_false(audit_consistent(old, &root[old], leaves, &root[old], proof, n));
			assert_false(audit_consistent(old, &root[old], leaves, &root[leaves], proof, n - 1));
			for (size_t i = 0; i < n; i++) {
				proof[i].b[31] ^= 1;
				assert_false(audit_consistent(old, &root[old], leaves, &root[leaves], proof, n));
				proof[i].b[31] ^= 1;
			}
		}
	}
	d = cy_sha256(cy_bytes(all, len));
	cy_digest_hex(&d, hex);
	assert_string_equal(hex, "7d7f91c46c0471e0890af1e7108b5855bc82229ed3b66e6c07b263b45a5f17ea");
	assert_int_equal(audit_consistency(0, 5, longest), 0);
	assert_int_equal(audit_consistency(6, 5, longest), 0);
	assert_int_equal(audit_consistency(UINT64_MAX / 2 + 2, UINT64_MAX, longest), AUDIT_CONSISTENCY_MAX);
}

/* A line of tests/fixtures/proofs: two numbers, two hashes and a proof, which is accepted or refused. */
struct published {
	char verdict[16], name[160];
	unsigned long long a, b;
	struct cy_digest x, y, proof[AUDIT_CONSISTENCY_MAX];
	size_t n;
	bool sound; /* all hashes have the length of SHA-256 */
};

static bool digest_from(const char *hex, struct cy_digest *d)
{
	return cy_unhex(hex, strlen(hex), d->b, CY_SHA256_LEN) == CY_OK;
}

static bool next_published(FILE *f, struct published *p)
{
	char line[4096], x[80], y[80], proof[3072];

	do {
		if (fgets(line, sizeof line, f) == NULL)
			return false;
	} while (line[0] == '#');
	assert_int_equal(
		sscanf(line, "%15s %llu %llu %79s %79s %3071s %159s", p->verdict, &p->a, &p->b, x, y, proof, p->name),
		7);
	p->sound = digest_from(x, &p->x) && digest_from(y, &p->y);
	p->n = 0;
	if (strcmp(proof, "-") == 0)
		return true;
	for (char *save, *hash = strtok_r(proof, ",", &save); hash != NULL; hash = strtok_r(NULL, ",", &save)) {
		assert_true(p->n < AUDIT_CONSISTENCY_MAX);
		p->sound = digest_from(hash, &p->proof[p->n++]) && p->sound;
	}
	return true;
}

static void published_proofs_are_judged_as_published(void **state)
{
	static const char *const files[] = { "inclusion", "consistency" };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		char path[64];
		struct published p;
		unsigned accepted = 0, refused = 0;
		FILE *f;

		(void)snprintf(path, sizeof path, "tests/fixtures/proofs/%s.txt", files[i]);
		f = fopen(path, "re");
		assert_non_null(f);
		while (next_published(f, &p)) {
			const bool held = p.sound && (i == 0 ? audit_included(&p.x, p.a, p.b, p.proof, p.n, &p.y)
							     : audit_consistent(p.a, &p.x, p.b, &p.y, p.proof, p.n));

			if (held != (strcmp(p.verdict, "accept") == 0))
				fail_msg("%s %s: published as %s, here %s", files[i], p.name, p.verdict,
					 held ? "accept" : "refuse");
			accepted += held;
			refused += !held;
		}
		assert_int_equal(fclose(f), 0);
		assert_int_equal(accepted + refused, i == 0 ? 98 : 97);
		assert_true(accepted > 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(roots_equal_the_published_ones),
		cmocka_unit_test(a_stored_frontier_goes_on_as_if_never_stored),
		cmocka_unit_test(paths_equal_the_published_ones),
		cmocka_unit_test(every_path_of_many_trees),
		cmocka_unit_test(every_tree_continues_each_smaller_one),
		cmocka_unit_test(published_proofs_are_judged_as_published),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
