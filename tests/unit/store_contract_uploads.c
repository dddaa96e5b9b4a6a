/* The contract of the store port: what clients have handed over, and what nothing holds. */
#include "store_contract.h"

static int see_upload(void *arg, const struct store_upload *u)
{
	static const char names[] = "abcdef";
	const char *c = names;
	struct cy_digest d, r = sample_digest('r');

	while (d = sample_digest(*c), memcmp(&d, &u->sha256, sizeof d) != 0)
		c++;
	assert_memory_equal(&r, &u->root, sizeof r);
	return note(arg, "%s%s/%c %llu at %lld", ((struct seen *)arg)->n > 0 ? ", " : "", u->client, *c,
		    (unsigned long long)u->size, (long long)u->at.ms);
}

static void put_upload(struct contract *t, const char *client, char c, uint64_t size, int64_t at)
{
	add(t, STORE_PUT_UPLOAD)->upload = (struct store_upload){
		.client = client, .sha256 = sample_digest(c), .root = sample_digest('r'), .size = size, .at = { at }
	};
}

static void upload_sums_are(struct contract *t, const char *client, uint64_t expected)
{
	uint64_t n = 1;

	assert_int_equal(t->port.upload_bytes(t->port.ctx, client, &n), CY_OK);
	assert_int_equal(n, expected);
}

#define UPLOADS(t, expected, digest, from, before, limit)                                                          \
	EXPECT(t, CY_OK, expected,                                                                                 \
	       p->uploads(p->ctx, digest, (struct cy_wall){ from }, (struct cy_wall){ before }, limit, see_upload, \
			  &s))

static void uploads_are_kept_by_client_and_content(void **state)
{
	struct contract *t = *state;
	const struct cy_digest a = sample_digest('a'), b = sample_digest('b'), f = sample_digest('f');

	upload_sums_are(t, "desk", 0);
	put_upload(t, "desk", 'b', 20, 300);
	put_upload(t, "desk", 'a', 10, 200);
	put_upload(t, "clerk", 'a', 10, 100);
	put_upload(t, "archive", 'c', 0, 200);
	assert_int_equal(commit(t), CY_OK);
	EXPECT(t, CY_OK, "desk/a 10 at 200", p->get_upload(p->ctx, "desk", &a, see_upload, &s));
	EXPECT(t, CY_ENOENT, "", p->get_upload(p->ctx, "clerk", &b, see_upload, &s));
	UPLOADS(t, "clerk/a 10 at 100, archive/c 0 at 200, desk/a 10 at 200, desk/b 20 at 300", NULL, 0, INT64_MAX, 9);
	UPLOADS(t, "clerk/a 10 at 100, archive/c 0 at 200, desk/a 10 at 200", NULL, 0, 300, 9);
	UPLOADS(t, "clerk/a 10 at 100, archive/c 0 at 200", NULL, 0, 300, 2);
	UPLOADS(t, "archive/c 0 at 200, desk/a 10 at 200", NULL, 200, 300, 9);
	UPLOADS(t, "desk/a 10 at 200", &a, 101, 300, 9);
	UPLOADS(t, "clerk/a 10 at 100, desk/a 10 at 200", &a, 0, 300, 9);
	UPLOADS(t, "clerk/a 10 at 100", &a, 0, 200, 9);
	UPLOADS(t, "clerk/a 10 at 100", &a, 0, 101, 9);
	UPLOADS(t, "clerk/a 10 at 100", &a, 0, 300, 1);
	UPLOADS(t, "", &f, 0, 300, 9);
	upload_sums_are(t, "desk", 30);
	upload_sums_are(t, "clerk", 10);

	put_upload(t, "desk", 'a', 10, 400);
	add(t, STORE_DROP_UPLOAD)->upload = (struct store_upload){ .client = "clerk", .sha256 = sample_digest('a') };
	add(t, STORE_DROP_UPLOAD)->upload = (struct store_upload){ .client = "clerk", .sha256 = sample_digest('e') };
	assert_int_equal(commit(t), CY_OK);
	restart(t);
	UPLOADS(t, "archive/c 0 at 200, desk/b 20 at 300, desk/a 10 at 400", NULL, 0, INT64_MAX, 9);
	UPLOADS(t, "desk/a 10 at 400", &a, 0, INT64_MAX, 9);
	upload_sums_are(t, "desk", 30);
	upload_sums_are(t, "clerk", 0);
}

static void put_leftover(struct contract *t, char c, uint64_t size, int64_t found)
{
	add(t, STORE_PUT_LEFTOVER)->leftover = (struct store_leftover){
		.sha256 = sample_digest(c), .root = sample_digest('r'), .size = size, .found = { found }
	};
}

static int see_leftover(void *arg, const struct store_leftover *l)
{
	const struct store_upload as = {
		.client = "left", .sha256 = l->sha256, .root = l->root, .size = l->size, .at = l->found
	};

	return see_upload(arg, &as);
}

#define DISCARDED(t, expected, limit) EXPECT(t, CY_OK, expected, p->discarded(p->ctx, limit, see_leftover, &s))
#define STRAYS(t, expected, before, limit) \
	EXPECT(t, CY_OK, expected, p->strays(p->ctx, (struct cy_wall){ before }, limit, see_leftover, &s))

/* The digests of these letters are in the order d, c, b, e, a. */
static void leftovers_are_discarded_or_strays_and_no_uploads(void **state)
{
	struct contract *t = *state;
	const struct cy_digest a = sample_digest('a'), f = sample_digest('f');

	put_leftover(t, 'a', 10, 0);
	put_leftover(t, 'b', 20, 0);
	put_leftover(t, 'c', 30, 300);
	put_leftover(t, 'd', 40, 200);
	put_leftover(t, 'e', 50, 300);
	put_upload(t, "desk", 'a', 10, 100);
	assert_int_equal(commit(t), CY_OK);
	DISCARDED(t, "left/b 20 at 0, left/a 10 at 0", 9);
	DISCARDED(t, "left/b 20 at 0", 1);
	STRAYS(t, "left/d 40 at 200, left/c 30 at 300, left/e 50 at 300", 301, 9);
	STRAYS(t, "left/d 40 at 200", 300, 9);
	STRAYS(t, "left/d 40 at 200, left/c 30 at 300", 301, 2);
	EXPECT(t, CY_OK, "left/a 10 at 0", p->get_leftover(p->ctx, &a, see_leftover, &s));
	EXPECT(t, CY_ENOENT, "", p->get_leftover(p->ctx, &f, see_leftover, &s));
	UPLOADS(t, "desk/a 10 at 100", NULL, 0, INT64_MAX, 9);
	UPLOADS(t, "desk/a 10 at 100", &a, 0, INT64_MAX, 9);
	upload_sums_are(t, "desk", 10);

	put_leftover(t, 'd', 40, 0); /* its time is over */
	add(t, STORE_DROP_LEFTOVER)->leftover.sha256 = sample_digest('a');
	add(t, STORE_DROP_LEFTOVER)->leftover.sha256 = sample_digest('f');
	add(t, STORE_DROP_UPLOAD)->upload = (struct store_upload){ .client = "desk", .sha256 = sample_digest('c') };
	assert_int_equal(commit(t), CY_OK);
	restart(t);
	DISCARDED(t, "left/d 40 at 0, left/b 20 at 0", 9);
	STRAYS(t, "left/c 30 at 300, left/e 50 at 300", 301, 9);
	UPLOADS(t, "desk/a 10 at 100", NULL, 0, INT64_MAX, 9);
}

static const struct CMUnitTest tests_of_the_contract[] = {
	cmocka_unit_test(uploads_are_kept_by_client_and_content),
	cmocka_unit_test(leftovers_are_discarded_or_strays_and_no_uploads),
};
CONTRACT_TESTS(contract_uploads);
