/* What the heads of cases are made of (node/giveback.c, verdicts.c), in the real store and in the
 * simulator's, which must agree. */
#include "store_two.h"

static int note_id(void *arg, const struct store_message *row)
{
	char *ids = arg;

	strcat(ids, row->id);
	return CY_OK;
}

/* One letter a message; its digest begins with this byte. */
static void put(struct two *t, const char *id, enum store_author author, enum store_transport transport,
		CyRejectionCode code, uint8_t first)
{
	struct store_message *m = &add(t->f, STORE_PUT_MESSAGE)->message;

	*m = (struct store_message){ .id = id,
				     .peer = "IE",
				     .case_id = "c1",
				     .author = author,
				     .transport = transport,
				     .void_code = code,
				     .void_reason = "",
				     .client = "" };
	m->digest.b[0] = first;
}

static void verdicts_of_the_case_come_in_the_order_of_digests(void **state)
{
	struct two *t = *state;

	add_case(t->f, "c1", "", "own-1", "");
	put(t, "a", STORE_PEER, STORE_RELAYED, 0, 3);
	put(t, "b", STORE_PEER, STORE_RETRIEVED, 0, 1);
	put(t, "c", STORE_PEER, STORE_RELAYED, CY_REJECTION_CODE__UNSEEN, 2);
	put(t, "d", STORE_PEER, STORE_RELAYED, CY_REJECTION_CODE__MALFORMED, 0);
	put(t, "e", STORE_OWN, STORE_RELAYED, CY_REJECTION_CODE__TRANSITION_NOT_ALLOWED, 9);
	put(t, "f", STORE_OWN, STORE_TRANSMITTED, 0, 8);
	put(t, "g", STORE_OWN, STORE_RELAYED, CY_REJECTION_CODE__NUMBER_REUSED, 7);
	put(t, "h", STORE_OWN, STORE_FAILED, CY_REJECTION_CODE__EXPIRED, 6);
	assert_int_equal(commit_both(t), CY_OK);
	for (size_t i = 0; i < 2; i++) {
		const struct store_port *p = t->ports[i];
		char theirs[16] = "", ours[16] = "";

		assert_int_equal(p->judged_messages(p->ctx, "IE", "c1", STORE_PEER, note_id, theirs), CY_OK);
		assert_string_equal(theirs, "bca");
		assert_int_equal(p->judged_messages(p->ctx, "IE", "c1", STORE_OWN, note_id, ours), CY_OK);
		assert_string_equal(ours, "ge");
	}
}

/* However many cases there are with others. */
static void the_cases_of_one_peer_go_by_an_index(void **state)
{
	static const struct read_by reads[] = { { R_CASES_OF_PEER,
						  "sqlite_autoindex_cases_1 (peer=? AND case_id>?)" } };

	reads_go_by(*state, reads, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST_TWO(verdicts_of_the_case_come_in_the_order_of_digests),
		TEST_TWO(the_cases_of_one_peer_go_by_an_index),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
