/* What goes for good, in the real store and in the simulator's, which must agree: found by age, a page
 * at a time, by an index. */
#include "store_two.h"

#define ID(n) "0198b2c1-0000-7000-8000-00000000000" #n

/* What a read calls back with, as words. */
struct seen {
	char text[512];
};

__attribute__((format(printf, 2, 3))) static int say(struct seen *s, const char *fmt, ...)
{
	const size_t len = strlen(s->text);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(s->text + len, sizeof s->text - len, fmt, ap);
	va_end(ap);
	return CY_OK;
}

/* The same call to both stores. */
#define BOTH(t, words, call)                                 \
	for (size_t i_ = 0; i_ < 2; i_++) {                  \
		const struct store_port *p = (t)->ports[i_]; \
		struct seen s = { "" };                      \
		assert_int_equal(p->call, CY_OK);            \
		assert_string_equal(s.text, words);          \
	}

static int see_event(void *arg, const struct store_event *row)
{
	return say(arg, "%llu ", (unsigned long long)row->position);
}

static int see_cursor(void *arg, const struct store_cursor *row)
{
	return say(arg, "%s/%s %llu ", row->client, row->name, (unsigned long long)row->position);
}

static int see_key(void *arg, const struct store_key *row)
{
	return say(arg, "%s/%s%s ", row->client, row->key, row->spent ? " spent" : "");
}

static int see_leaf(void *arg, uint64_t index, struct cy_wall at)
{
	return say(arg, "%llu at %lld ", (unsigned long long)index, (long long)at.ms);
}

static int see_parcel(void *arg, const struct store_parcel *row)
{
	return say(arg, "%s %llu/%llu ", row->peer, (unsigned long long)row->epoch, (unsigned long long)row->sequence);
}

static int see_link(void *arg, const struct store_custody *row)
{
	return say(arg, "%u at %lld ", row->attachment, (long long)row->at.ms);
}

static void pruned_are(struct two *t, uint64_t expected)
{
	for (size_t i = 0; i < 2; i++) {
		uint64_t position = UINT64_MAX;

		assert_int_equal(t->ports[i]->pruned_events(t->ports[i]->ctx, &position), CY_OK);
		assert_int_equal(position, expected);
	}
}

static void put_events(struct two *t, size_t n)
{
	for (size_t i = 0; i < n; i++)
		add(t->f, STORE_PUT_EVENT)->event = (struct store_event){ .peer = "IE",
									  .case_id = "",
									  .message_id = "",
									  .client = "desk",
									  .own_reference = "",
									  .text = "",
									  .case_state = "" };
}

static void events_go_up_to_a_position_and_positions_rise(void **state)
{
	struct two *t = *state;
	const struct store_view all = { .client = NULL };

	pruned_are(t, 0);
	put_events(t, 4);
	assert_int_equal(commit_both(t), CY_OK);
	pruned_are(t, 0);
	add(t->f, STORE_PRUNE_EVENTS)->until = 2;
	assert_int_equal(commit_both(t), CY_OK);
	pruned_are(t, 2);
	BOTH(t, "3 4 ", events(p->ctx, all, 0, 9, see_event, &s));
	BOTH(t, "4 ", events(p->ctx, all, 3, 9, see_event, &s));
	add(t->f, STORE_PRUNE_EVENTS)->until = 4;
	assert_int_equal(commit_both(t), CY_OK);
	pruned_are(t, 4);
	BOTH(t, "", events(p->ctx, all, 0, 9, see_event, &s));
	put_events(t, 1);
	assert_int_equal(commit_both(t), CY_OK);
	pruned_are(t, 4);
	BOTH(t, "5 ", events(p->ctx, all, 0, 9, see_event, &s));
}

static void cursors_are_listed_and_dropped(void **state)
{
	struct two *t = *state;

	add(t->f, STORE_PUT_CURSOR)->cursor = (struct store_cursor){ "desk", "b", 7 };
	add(t->f, STORE_PUT_CURSOR)->cursor = (struct store_cursor){ "desk", "a", 5 };
	add(t->f, STORE_PUT_CURSOR)->cursor = (struct store_cursor){ "clerk", "z", 1 };
	assert_int_equal(commit_both(t), CY_OK);
	BOTH(t, "clerk/z 1 desk/a 5 desk/b 7 ", cursors(p->ctx, see_cursor, &s));
	add(t->f, STORE_DROP_CURSOR)->cursor = (struct store_cursor){ "desk", "a", 0 };
	assert_int_equal(commit_both(t), CY_OK);
	BOTH(t, "clerk/z 1 desk/b 7 ", cursors(p->ctx, see_cursor, &s));
}

static void put_key(struct two *t, const char *client, const char *key, int64_t at)
{
	add(t->f, STORE_PUT_KEY)->key =
		(struct store_key){ .client = client, .key = key, .message_id = ID(1), .at = { at } };
}

static void spend(struct two *t, const char *client, const char *key)
{
	add(t->f, STORE_SPEND_KEY)->key = (struct store_key){ .client = client, .key = key };
}

/* How a key of the desk is known once it is spent. */
static const char *digest_of(const char *key, char ret_hex[static CY_SHA256_HEX])
{
	const struct cy_digest digest = store_key_digest("desk", key);

	cy_digest_hex(&digest, ret_hex);
	return ret_hex;
}

static void is_spent(struct two *t, const char *key)
{
	char hex[CY_SHA256_HEX], words[CY_SHA256_HEX + 16];
	struct seen none = { "" };

	snprintf(words, sizeof words, "/%s spent ", digest_of(key, hex));
	BOTH(t, words, key(p->ctx, STORE_BY_DIGEST, hex, see_key, &s));
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(t->ports[i]->key(t->ports[i]->ctx, "desk", key, see_key, &none), CY_ENOENT);
}

static void of_a_spent_key_its_digest_stays(void **state)
{
	struct two *t = *state;
	const struct cy_wall before = { 30 };
	char hex[CY_SHA256_HEX];

	put_key(t, "desk", "second", 20);
	put_key(t, "desk", "first", 10);
	put_key(t, STORE_BY_DIGEST, "restored", 15);
	put_key(t, "desk", "young", 30);
	assert_int_equal(commit_both(t), CY_OK);
	BOTH(t, "desk/first /restored desk/second ", old_keys(p->ctx, before, 9, see_key, &s));
	BOTH(t, "desk/first ", old_keys(p->ctx, before, 1, see_key, &s));
	spend(t, "desk", "first");
	spend(t, STORE_BY_DIGEST, "restored");
	/* Its digest came back as well. */
	put_key(t, STORE_BY_DIGEST, digest_of("second", hex), 40);
	spend(t, "desk", "second");
	assert_int_equal(commit_both(t), CY_OK);
	BOTH(t, "", old_keys(p->ctx, before, 9, see_key, &s));
	is_spent(t, "first");
	is_spent(t, "second");
	BOTH(t, "/restored spent ", key(p->ctx, STORE_BY_DIGEST, "restored", see_key, &s));
	BOTH(t, "desk/young ", key(p->ctx, "desk", "young", see_key, &s));
}

/* Its message is not there to be sent again, and must not be written anew. */
static void keys_of_what_is_erased_are_spent(void **state)
{
	struct two *t = *state;
	struct store_write *w;

	add_case(t->f, "c1", "desk", "own", "");
	add_message(t->f, "c1", ID(1), 1, CY_PRIORITY__NORMAL);
	put_key(t, "desk", "of the message", 10);
	assert_int_equal(commit_both(t), CY_OK);
	add(t->f, STORE_ERASE_MESSAGE)->erase.message_id = ID(1);
	assert_int_equal(commit_both(t), CY_OK);
	is_spent(t, "of the message");
	put_key(t, "desk", "of the case", 10);
	assert_int_equal(commit_both(t), CY_OK);
	w = add(t->f, STORE_ERASE_CASE);
	w->erase_case.peer = "IE";
	w->erase_case.case_id = "c1";
	w->erase_case.by = w->erase_case.reason = "";
	assert_int_equal(commit_both(t), CY_OK);
	is_spent(t, "of the case");
}

static void put_leaf(struct two *t, uint64_t index, int64_t at)
{
	struct store_write *w = add(t->f, STORE_PUT_LEAF);

	w->leaf.index = index;
	w->leaf.data = cy_bytes("a text", 6);
	w->leaf.hash = cy_sha256(cy_bytes(&index, sizeof index));
	w->leaf.at.ms = at;
}

/* The number that a statement gives, read beside the store. */
static int64_t ask(struct two *t, const char *statement)
{
	sqlite3_stmt *s;
	int64_t n;

	assert_int_equal(sqlite3_prepare_v2(t->f->store->reader.db, statement, -1, &s, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(s), SQLITE_ROW);
	n = sqlite3_column_int64(s, 0);
	sqlite3_finalize(s);
	return n;
}

static void of_leaves_only_the_text_goes(void **state)
{
	struct two *t = *state;

	for (uint64_t i = 0; i < 4; i++)
		put_leaf(t, i, 10 * (int64_t)i);
	assert_int_equal(commit_both(t), CY_OK);
	BOTH(t, "0 at 0 1 at 10 ", leaf_texts(p->ctx, 2, see_leaf, &s));
	add(t->f, STORE_PRUNE_LEAVES)->until = 2;
	assert_int_equal(commit_both(t), CY_OK);
	BOTH(t, "3 at 30 ", leaf_texts(p->ctx, 9, see_leaf, &s));
	assert_int_equal(ask(t, "SELECT count(*) FROM leaf WHERE length(hash) = 32"), 4);
	assert_int_equal(ask(t, "SELECT sum(length(data)) FROM leaf"), 6);
	put_leaf(t, 4, 40);
	assert_int_equal(commit_both(t), CY_OK);
	BOTH(t, "3 at 30 4 at 40 ", leaf_texts(p->ctx, 9, see_leaf, &s));
}

static void put_dissolved(struct two *t, const char *peer, uint64_t sequence, int64_t made, bool dissolved)
{
	const struct store_parcel p = { .peer = peer,
					.author = STORE_OWN,
					.epoch = 5,
					.sequence = sequence,
					.manifest = cy_bytes("text", 4),
					.signature = cy_bytes("sig", 3),
					.made = { made } };

	add(t->f, STORE_PUT_PARCEL)->parcel = p;
	if (dissolved)
		add(t->f, STORE_DISSOLVE)->parcel = p;
}

static void dissolved_parcels_come_by_age_and_are_dropped(void **state)
{
	struct two *t = *state;
	const struct store_parcel first = { .peer = "" },
				  after = { .peer = "IE", .made = { 10 }, .epoch = 5, .sequence = 2 };
	const struct cy_wall before = { 30 };

	put_dissolved(t, "IE", 1, 20, true);
	put_dissolved(t, "IE", 2, 10, true);
	put_dissolved(t, "IE", 3, 10, true);
	put_dissolved(t, "DE", 1, 10, true);
	put_dissolved(t, "IE", 4, 10, false);
	put_dissolved(t, "IE", 5, 30, true);
	assert_int_equal(commit_both(t), CY_OK);
	BOTH(t, "DE 5/1 IE 5/2 IE 5/3 IE 5/1 ", dissolved(p->ctx, before, &first, 9, see_parcel, &s));
	BOTH(t, "IE 5/3 IE 5/1 ", dissolved(p->ctx, before, &after, 9, see_parcel, &s));
	BOTH(t, "DE 5/1 ", dissolved(p->ctx, before, &first, 1, see_parcel, &s));
	add(t->f, STORE_DROP_PARCEL)->parcel =
		(struct store_parcel){ .peer = "IE", .author = STORE_OWN, .epoch = 5, .sequence = 3 };
	assert_int_equal(commit_both(t), CY_OK);
	BOTH(t, "DE 5/1 IE 5/2 IE 5/1 ", dissolved(p->ctx, before, &first, 9, see_parcel, &s));
}

static void a_parcel_that_counts_is_not_dropped(void **state)
{
	struct two *t = *state;

	put_dissolved(t, "IE", 1, 10, false);
	assert_int_equal(commit_both(t), CY_OK);
	add(t->f, STORE_DROP_PARCEL)->parcel =
		(struct store_parcel){ .peer = "IE", .author = STORE_OWN, .epoch = 5, .sequence = 1 };
	assert_int_equal(commit(t->f), CY_ESTORE);
	assert_non_null(strstr(t->f->why, "a dissolved parcel of IE"));
}

static int see_message(void *arg, const struct store_message *row)
{
	return say(arg, "%s%s ", row->id + CY_UUID_LEN - 1, row->content.len > 0 ? " kept" : "");
}

static void put_rejected(struct two *t, const char *id, CyRejectionCode code)
{
	add(t->f, STORE_PUT_MESSAGE)->message =
		(struct store_message){ .id = id,
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
	struct two *t = *state;

	add_case(t->f, "c1", "desk", "own", "");
	put_rejected(t, ID(3), CY_REJECTION_CODE__MALFORMED);
	put_rejected(t, ID(1), CY_REJECTION_CODE__MALFORMED);
	put_rejected(t, ID(2), 0);
	assert_int_equal(commit_both(t), CY_OK);
	BOTH(t, "1 kept 3 kept ", rejected(p->ctx, "", 9, see_message, &s));
	BOTH(t, "3 kept ", rejected(p->ctx, ID(1), 9, see_message, &s));
	BOTH(t, "1 kept ", rejected(p->ctx, "", 1, see_message, &s));
	add(t->f, STORE_ERASE_MESSAGE)->erase.message_id = ID(1);
	t->f->w->first->erase.why = STORE_ERASED_BY_RETENTION;
	assert_int_equal(commit_both(t), CY_OK);
	BOTH(t, "3 kept ", rejected(p->ctx, "", 9, see_message, &s));
}

static void put_link(struct two *t, uint32_t attachment, int64_t at)
{
	add(t->f, STORE_PUT_CUSTODY)->custody = (struct store_custody){ .message_id = ID(1),
									.attachment = attachment,
									.at = { at },
									.action = "held",
									.by = "US",
									.text = "",
									.proof = "" };
}

static void chains_of_custody_come_by_age_and_go_whole(void **state)
{
	struct two *t = *state;
	const struct cy_wall before = { 30 }, start = { 0 };

	add_case(t->f, "c1", "desk", "own", "");
	add_message(t->f, "c1", ID(1), 1, CY_PRIORITY__NORMAL);
	put_link(t, 1, 20);
	put_link(t, 2, 10);
	put_link(t, 1, 10);
	put_link(t, 1, 40);
	assert_int_equal(commit_both(t), CY_OK);
	BOTH(t, "2 at 10 1 at 10 1 at 20 ", old_custody(p->ctx, before, start, 0, 9, see_link, &s));
	BOTH(t, "2 at 10 ", old_custody(p->ctx, before, start, 0, 1, see_link, &s));
	BOTH(t, "1 at 10 1 at 20 ", old_custody(p->ctx, before, (struct cy_wall){ 10 }, 2, 9, see_link, &s));
	add(t->f, STORE_DROP_CUSTODY)->custody = (struct store_custody){ .message_id = ID(1), .attachment = 1 };
	assert_int_equal(commit_both(t), CY_OK);
	BOTH(t, "2 at 10 ", old_custody(p->ctx, before, start, 0, 9, see_link, &s));
	BOTH(t, "", custody(p->ctx, ID(1), 1, 0, 99, see_link, &s));
}

/* Millions of rows make no look slow. */
static void every_look_for_what_is_old_goes_by_an_index(void **state)
{
	static const struct read_by reads[] = {
		{ R_OLD_KEYS, "submission_key USING INDEX submission_key_by_age (at>? AND at<?)" },
		{ R_LEAF_TEXTS, "SCAN leaf USING INDEX leaf_text" },
		{ R_DISSOLVED, "parcel USING INDEX parcel_dissolved" },
		{ R_REJECTED, "m USING INDEX message_rejected (id>?)" },
		{ R_OLD_CUSTODY, "custody USING INDEX custody_by_age" },
	};

	reads_go_by(*state, reads, sizeof reads / sizeof reads[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST_TWO(events_go_up_to_a_position_and_positions_rise),
		TEST_TWO(cursors_are_listed_and_dropped),
		TEST_TWO(of_a_spent_key_its_digest_stays),
		TEST_TWO(keys_of_what_is_erased_are_spent),
		TEST_TWO(of_leaves_only_the_text_goes),
		TEST_TWO(dissolved_parcels_come_by_age_and_are_dropped),
		TEST_TWO(a_parcel_that_counts_is_not_dropped),
		TEST_TWO(rejected_messages_are_found_until_they_are_erased),
		TEST_TWO(chains_of_custody_come_by_age_and_go_whole),
		TEST_TWO(every_look_for_what_is_old_goes_by_an_index),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
