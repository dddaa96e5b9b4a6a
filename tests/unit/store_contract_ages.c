/* The contract of the store port: what goes for good, by its age, a page at a time. */
#include "store_contract.h"

#define ID(n) "0198b2c1-0000-7000-8000-00000000000" #n

#define READ(t, words, call) EXPECT(t, CY_OK, words, p->call)

static int see_event(void *arg, const struct store_event *row)
{
	return note(arg, "%llu ", (unsigned long long)row->position);
}

static int see_cursor(void *arg, const struct store_cursor *row)
{
	return note(arg, "%s/%s %llu ", row->client, row->name, (unsigned long long)row->position);
}

static int see_key(void *arg, const struct store_key *row)
{
	return note(arg, "%s/%s%s ", row->client, row->key, row->spent ? " spent" : "");
}

static int see_leaf(void *arg, uint64_t index, struct cy_wall at)
{
	return note(arg, "%llu at %lld ", (unsigned long long)index, (long long)at.ms);
}

static int see_parcel(void *arg, const struct store_parcel *row)
{
	return note(arg, "%s %llu/%llu ", row->peer, (unsigned long long)row->epoch, (unsigned long long)row->sequence);
}

static int see_link(void *arg, const struct store_custody *row)
{
	return note(arg, "%u at %lld ", row->attachment, (long long)row->at.ms);
}

static void pruned_are(struct contract *t, uint64_t expected)
{
	uint64_t position = UINT64_MAX;

	assert_int_equal(t->port.pruned_events(t->port.ctx, &position), CY_OK);
	assert_int_equal(position, expected);
}

static void put_events(struct contract *t, size_t n)
{
	for (size_t i = 0; i < n; i++)
		add(t, STORE_PUT_EVENT)->event = (struct store_event){ .peer = "IE",
								       .case_id = "",
								       .message_id = "",
								       .client = "desk",
								       .own_reference = "",
								       .text = "",
								       .case_state = "" };
}

static void events_go_up_to_a_position_and_positions_rise(void **state)
{
	struct contract *t = *state;
	const struct store_view all = { .client = NULL };

	pruned_are(t, 0);
	put_events(t, 4);
	assert_int_equal(commit(t), CY_OK);
	pruned_are(t, 0);
	add(t, STORE_PRUNE_EVENTS)->until = 2;
	assert_int_equal(commit(t), CY_OK);
	pruned_are(t, 2);
	READ(t, "3 4 ", events(p->ctx, all, 0, 9, see_event, &s));
	READ(t, "4 ", events(p->ctx, all, 3, 9, see_event, &s));
	add(t, STORE_PRUNE_EVENTS)->until = 4;
	assert_int_equal(commit(t), CY_OK);
	pruned_are(t, 4);
	READ(t, "", events(p->ctx, all, 0, 9, see_event, &s));
	put_events(t, 1);
	assert_int_equal(commit(t), CY_OK);
	pruned_are(t, 4);
	READ(t, "5 ", events(p->ctx, all, 0, 9, see_event, &s));
}

static void cursors_are_listed_and_dropped(void **state)
{
	struct contract *t = *state;

	add(t, STORE_PUT_CURSOR)->cursor = (struct store_cursor){ "desk", "b", 7 };
	add(t, STORE_PUT_CURSOR)->cursor = (struct store_cursor){ "desk", "a", 5 };
	add(t, STORE_PUT_CURSOR)->cursor = (struct store_cursor){ "clerk", "z", 1 };
	assert_int_equal(commit(t), CY_OK);
	READ(t, "clerk/z 1 desk/a 5 desk/b 7 ", cursors(p->ctx, see_cursor, &s));
	add(t, STORE_DROP_CURSOR)->cursor = (struct store_cursor){ "desk", "a", 0 };
	assert_int_equal(commit(t), CY_OK);
	READ(t, "clerk/z 1 desk/b 7 ", cursors(p->ctx, see_cursor, &s));
}

static void put_key(struct contract *t, const char *client, const char *key, int64_t at)
{
	add(t, STORE_PUT_KEY)->key =
		(struct store_key){ .client = client, .key = key, .message_id = ID(1), .at = { at } };
}

static void spend(struct contract *t, const char *client, const char *key)
{
	add(t, STORE_SPEND_KEY)->key = (struct store_key){ .client = client, .key = key };
}

/* How a key of the desk is known once it is spent. */
static const char *digest_of(const char *key, char ret_hex[static CY_SHA256_HEX])
{
	const struct cy_digest digest = store_key_digest("desk", key);

	cy_digest_hex(&digest, ret_hex);
	return ret_hex;
}

static void is_spent(struct contract *t, const char *key)
{
	char hex[CY_SHA256_HEX], words[CY_SHA256_HEX + 16];

	snprintf(words, sizeof words, "/%s spent ", digest_of(key, hex));
	READ(t, words, key(p->ctx, STORE_BY_DIGEST, hex, see_key, &s));
	EXPECT(t, CY_ENOENT, "", p->key(p->ctx, "desk", key, see_key, &s));
}

static void of_a_spent_key_its_digest_stays(void **state)
{
	struct contract *t = *state;
	const struct cy_wall before = { 30 };
	char hex[CY_SHA256_HEX];

	put_key(t, "desk", "second", 29);
	put_key(t, "desk", "first", 10);
	put_key(t, STORE_BY_DIGEST, "restored", 15);
	put_key(t, "desk", "young", 30);
	assert_int_equal(commit(t), CY_OK);
	READ(t, "desk/first /restored desk/second ", old_keys(p->ctx, before, 9, see_key, &s));
	READ(t, "desk/first /restored ", old_keys(p->ctx, before, 2, see_key, &s));
	spend(t, "desk", "first");
	spend(t, STORE_BY_DIGEST, "restored");
	/* Its digest came back as well. */
	put_key(t, STORE_BY_DIGEST, digest_of("second", hex), 40);
	spend(t, "desk", "second");
	assert_int_equal(commit(t), CY_OK);
	READ(t, "", old_keys(p->ctx, before, 9, see_key, &s));
	is_spent(t, "first");
	is_spent(t, "second");
	READ(t, "/restored spent ", key(p->ctx, STORE_BY_DIGEST, "restored", see_key, &s));
	READ(t, "desk/young ", key(p->ctx, "desk", "young", see_key, &s));
}

/* Its message is not there to be sent again, and must not be written anew. */
static void keys_of_what_is_erased_are_spent(void **state)
{
	struct contract *t = *state;
	struct store_write *w;

	add_case(t, "c1", "desk", "own", "");
	add_message(t, "c1", ID(1), 1, CY_PRIORITY__NORMAL);
	put_key(t, "desk", "of the message", 10);
	assert_int_equal(commit(t), CY_OK);
	add(t, STORE_ERASE_MESSAGE)->erase.message_id = ID(1);
	assert_int_equal(commit(t), CY_OK);
	is_spent(t, "of the message");
	put_key(t, "desk", "of the case", 10);
	assert_int_equal(commit(t), CY_OK);
	w = add(t, STORE_ERASE_CASE);
	w->erase_case.peer = "IE";
	w->erase_case.case_id = "c1";
	w->erase_case.by = w->erase_case.reason = "";
	assert_int_equal(commit(t), CY_OK);
	is_spent(t, "of the case");
}

static void put_leaf(struct contract *t, uint64_t index, int64_t at)
{
	struct store_write *w = add(t, STORE_PUT_LEAF);

	w->leaf.index = index;
	w->leaf.data = cy_bytes("a text", 6);
	w->leaf.hash = cy_sha256(cy_bytes(&index, sizeof index));
	w->leaf.at.ms = at;
}

static void of_leaves_only_the_text_goes(void **state)
{
	struct contract *t = *state;

	for (uint64_t i = 0; i < 4; i++)
		put_leaf(t, i, 10 * (int64_t)i);
	assert_int_equal(commit(t), CY_OK);
	READ(t, "0 at 0 1 at 10 ", leaf_texts(p->ctx, 2, see_leaf, &s));
	add(t, STORE_PRUNE_LEAVES)->until = 2;
	assert_int_equal(commit(t), CY_OK);
	READ(t, "3 at 30 ", leaf_texts(p->ctx, 9, see_leaf, &s));
	put_leaf(t, 4, 40);
	assert_int_equal(commit(t), CY_OK);
	READ(t, "3 at 30 4 at 40 ", leaf_texts(p->ctx, 9, see_leaf, &s));
}

static void put_dissolved(struct contract *t, const char *peer, uint64_t sequence, int64_t made, bool dissolved)
{
	const struct store_parcel p = { .peer = peer,
					.author = STORE_OWN,
					.epoch = 5,
					.sequence = sequence,
					.manifest = cy_bytes("text", 4),
					.signature = cy_bytes("sig", 3),
					.made = { made } };

	add(t, STORE_PUT_PARCEL)->parcel = p;
	if (dissolved)
		add(t, STORE_DISSOLVE)->parcel = p;
}

static void dissolved_parcels_come_by_age_and_are_dropped(void **state)
{
	struct contract *t = *state;
	const struct store_parcel first = { .peer = "" },
				  after = { .peer = "IE", .made = { 10 }, .epoch = 5, .sequence = 2 };
	const struct cy_wall before = { 30 };

	put_dissolved(t, "IE", 1, 29, true);
	put_dissolved(t, "IE", 2, 10, true);
	put_dissolved(t, "IE", 3, 10, true);
	put_dissolved(t, "DE", 1, 10, true);
	put_dissolved(t, "IE", 4, 10, false);
	put_dissolved(t, "IE", 5, 30, true);
	assert_int_equal(commit(t), CY_OK);
	READ(t, "DE 5/1 IE 5/2 IE 5/3 IE 5/1 ", dissolved(p->ctx, before, &first, 9, see_parcel, &s));
	READ(t, "IE 5/3 IE 5/1 ", dissolved(p->ctx, before, &after, 9, see_parcel, &s));
	READ(t, "DE 5/1 IE 5/2 ", dissolved(p->ctx, before, &first, 2, see_parcel, &s));
	add(t, STORE_DROP_PARCEL)->parcel =
		(struct store_parcel){ .peer = "IE", .author = STORE_OWN, .epoch = 5, .sequence = 3 };
	assert_int_equal(commit(t), CY_OK);
	READ(t, "DE 5/1 IE 5/2 IE 5/1 ", dissolved(p->ctx, before, &first, 9, see_parcel, &s));
}

static int see_message(void *arg, const struct store_message *row)
{
	return note(arg, "%s%s ", row->id + CY_UUID_LEN - 1, row->content.len > 0 ? " kept" : "");
}

static void put_rejected(struct contract *t, const char *id, CyRejectionCode code)
{
	add(t, STORE_PUT_MESSAGE)->message = (struct store_message){ .id = id,
								     .peer = "IE",
								     .case_id = "c1",
								     .author = STORE_PEER,
								     .number = (uint32_t)(id[CY_UUID_LEN - 1] - '0'),
								     .transport = STORE_RELAYED,
								     .void_code = code,
								     .void_reason = "",
								     .client = "",
								     .content = cy_bytes(MARKER, sizeof MARKER - 1) };
}

static void rejected_messages_are_found_until_they_are_erased(void **state)
{
	struct contract *t = *state;

	add_case(t, "c1", "desk", "own", "");
	put_rejected(t, ID(3), CY_REJECTION_CODE__MALFORMED);
	put_rejected(t, ID(1), CY_REJECTION_CODE__MALFORMED);
	put_rejected(t, ID(2), 0);
	assert_int_equal(commit(t), CY_OK);
	READ(t, "1 kept 3 kept ", rejected(p->ctx, "", 9, see_message, &s));
	READ(t, "3 kept ", rejected(p->ctx, ID(1), 9, see_message, &s));
	READ(t, "1 kept ", rejected(p->ctx, "", 1, see_message, &s));
	add(t, STORE_ERASE_MESSAGE)->erase.message_id = ID(1);
	t->w->first->erase.why = STORE_ERASED_BY_RETENTION;
	assert_int_equal(commit(t), CY_OK);
	READ(t, "3 kept ", rejected(p->ctx, "", 9, see_message, &s));
}

static void put_link(struct contract *t, uint32_t attachment, int64_t at)
{
	add(t, STORE_PUT_CUSTODY)->custody = (struct store_custody){ .message_id = ID(1),
								     .attachment = attachment,
								     .at = { at },
								     .action = "held",
								     .by = "US",
								     .text = "",
								     .proof = "" };
}

static void chains_of_custody_come_by_age_and_go_whole(void **state)
{
	struct contract *t = *state;
	const struct cy_wall before = { 30 }, start = { 0 };

	add_case(t, "c1", "desk", "own", "");
	add_message(t, "c1", ID(1), 1, CY_PRIORITY__NORMAL);
	put_link(t, 1, 29);
	put_link(t, 2, 10);
	put_link(t, 1, 10);
	put_link(t, 1, 30);
	assert_int_equal(commit(t), CY_OK);
	READ(t, "2 at 10 1 at 10 1 at 29 ", old_custody(p->ctx, before, start, 0, 9, see_link, &s));
	READ(t, "2 at 10 1 at 10 ", old_custody(p->ctx, before, start, 0, 2, see_link, &s));
	READ(t, "1 at 10 1 at 29 ", old_custody(p->ctx, before, (struct cy_wall){ 10 }, 2, 9, see_link, &s));
	add(t, STORE_DROP_CUSTODY)->custody = (struct store_custody){ .message_id = ID(1), .attachment = 1 };
	assert_int_equal(commit(t), CY_OK);
	READ(t, "2 at 10 ", old_custody(p->ctx, before, start, 0, 9, see_link, &s));
	READ(t, "", custody(p->ctx, ID(1), 1, 0, 99, see_link, &s));
}

static const struct CMUnitTest tests_of_the_contract[] = {
	cmocka_unit_test(events_go_up_to_a_position_and_positions_rise),
	cmocka_unit_test(cursors_are_listed_and_dropped),
	cmocka_unit_test(of_a_spent_key_its_digest_stays),
	cmocka_unit_test(keys_of_what_is_erased_are_spent),
	cmocka_unit_test(of_leaves_only_the_text_goes),
	cmocka_unit_test(dissolved_parcels_come_by_age_and_are_dropped),
	cmocka_unit_test(rejected_messages_are_found_until_they_are_erased),
	cmocka_unit_test(chains_of_custody_come_by_age_and_go_whole),
};
CONTRACT_TESTS(contract_ages);
