/* The contract of the store port: write-sets, restarts, and what holds of every read. */
#include "store_contract.h"

/* ------------------------------------------------------------------- helpers */

static void put_event(struct contract *t, const char *text)
{
	add(t, STORE_PUT_EVENT)->event = (struct store_event){ .type = CY_EVENT_TYPE__CLOCK_STEP,
							       .peer = "IE",
							       .case_id = "",
							       .message_id = "",
							       .client = "desk",
							       .own_reference = "",
							       .text = text,
							       .case_state = "" };
}

static int see_event(void *arg, const struct store_event *row)
{
	return note(arg, "%llu %s ", (unsigned long long)row->position, row->text);
}

static int see_case(void *arg, const struct store_case *row)
{
	return note(arg, "%s ", row->case_id);
}

static int see_message(void *arg, const struct store_message *row)
{
	return note(arg, "%s '%.*s' ", row->id, (int)row->content.len, (const char *)row->content.data);
}

static int see_cursor(void *arg, const struct store_cursor *row)
{
	return note(arg, "%s/%s ", row->client, row->name);
}

#define EVENTS(t, expected) \
	EXPECT(t, CY_OK, expected, p->events(p->ctx, (struct store_view){ .client = NULL }, 0, 9, see_event, &s))

static const struct store_view all = { .client = NULL };

/* -------------------------------------------------------------------- commits */

static void how_a_commit_ended_is_told_once_and_later(void **state)
{
	struct contract *t = *state;
	struct store_writeset *w, *second = calloc(1, sizeof *second);

	assert_non_null(second);
	put_event(t, "first");
	w = t->w;
	t->w = NULL;
	store_add(second, STORE_DROP_HOOK)->hook.id = "none";
	assert_int_equal(t->port.commit(t->port.ctx, w), CY_OK);
	assert_int_equal(t->commits, 0);
	/* The second one stays ours, as it is. */
	assert_int_equal(t->port.commit(t->port.ctx, second), CY_EAGAIN);
	assert_int_equal(second->n, 1);
	assert_string_equal(second->first->hook.id, "none");
	while (t->commits == 0)
		t->impl->work(t->store);
	assert_int_equal(t->commits, 1);
	assert_int_equal(t->code, CY_OK);
	EVENTS(t, "1 first ");
	assert_int_equal(t->port.commit(t->port.ctx, second), CY_OK);
	while (t->commits == 1)
		t->impl->work(t->store);
	assert_int_equal(t->commits, 2);
	EVENTS(t, "1 first ");
}

static void writes_apply_in_their_order(void **state)
{
	struct contract *t = *state;

	for (int i = 0; i < 2; i++) {
		const char *text = i == 0 ? "one" : "two";

		add_case(t, "c1", "desk", text, "");
		add_message(t, "c1", "m1", 1, CY_PRIORITY__NORMAL)->content = cy_bytes(text, 3);
		put_event(t, text);
		add(t, STORE_PUT_HOOK)->hook.id = text;
		add(t, STORE_DROP_HOOK)->hook.id = "one";
	}
	assert_int_equal(commit(t), CY_OK);
	EXPECT(t, CY_OK, "m1 'two' ", p->get_message(p->ctx, "m1", see_message, &s));
	EXPECT(t, CY_OK, "m1 '' ", p->message_row(p->ctx, "m1", see_message, &s));
	EXPECT(t, CY_ENOENT, "", p->message_row(p->ctx, "m2", see_message, &s));
	EXPECT(t, CY_OK, "c1 ", p->find_case(p->ctx, all, "two", see_case, &s));
	EXPECT(t, CY_ENOENT, "", p->find_case(p->ctx, all, "one", see_case, &s));
	EVENTS(t, "1 one 2 two ");
}

static void what_is_committed_is_there_after_a_restart(void **state)
{
	struct contract *t = *state;

	add_case(t, "c1", "desk", "own-1", "");
	add_message(t, "c1", "m1", 1, CY_PRIORITY__NORMAL);
	assert_int_equal(commit(t), CY_OK);
	put_event(t, "later");
	assert_int_equal(commit(t), CY_OK);
	restart(t);
	EXPECT(t, CY_OK, "m1 '" MARKER "' ", p->get_message(p->ctx, "m1", see_message, &s));
	EXPECT(t, CY_OK, "c1 ", p->get_case(p->ctx, "IE", "c1", see_case, &s));
	EVENTS(t, "1 later ");
	put_event(t, "and on");
	assert_int_equal(commit(t), CY_OK);
	EVENTS(t, "1 later 2 and on ");
}

/* ------------------------------------------------------------------- refusals */

/* What each of these needs is not there, or is given twice. */
static void add_refused(struct contract *t, int which)
{
	const struct store_parcel parcel = { .peer = "IE", .author = STORE_OWN, .epoch = 5, .sequence = 1 };
	const struct store_key key = { .client = STORE_BY_DIGEST, .key = "00", .message_id = "m1", .at = { 1 } };
	struct store_write *w;

	switch (which) {
	case 0:
		add_message(t, "c1", "m2", 1, CY_PRIORITY__NORMAL); /* the number is taken */
		return;
	case 1:
		add_message(t, "c2", "m1", 1, CY_PRIORITY__NORMAL); /* the id is of another case */
		return;
	case 2:
		add_message(t, "c1", "m1", 1, CY_PRIORITY__NORMAL)->author = STORE_PEER;
		return;
	case 3:
		add(t, STORE_MARK_MESSAGE)->message = (struct store_message){ .id = "m9", .void_reason = "" };
		return;
	case 4:
		add(t, STORE_PUT_RECEIPT)->parcel = parcel;
		return;
	case 5:
		add(t, STORE_DISSOLVE)->parcel = parcel;
		return;
	case 6:
		add(t, STORE_PUT_PARCEL)->parcel = parcel; /* it is not dissolved */
		add(t, STORE_DROP_PARCEL)->parcel = parcel;
		return;
	case 7:
		add(t, STORE_PUT_KEY)->key = key;
		add(t, STORE_PUT_KEY)->key = key;
		return;
	case 8:
		add(t, STORE_MOVE_KEY)->key = key;
		return;
	case 9:
		add(t, STORE_SPEND_KEY)->key = key;
		return;
	case 10:
		w = add(t, STORE_PUT_LEAF);
		w->leaf.index = 1;
		w->leaf.data = cy_bytes("leaf", 4);
		return;
	case 11:
		w = add(t, STORE_PUT_STATEMENT);
		w->statement.message_id = "m9";
		w->statement.text = w->statement.signature = cy_bytes("text", 4);
		return;
	case 12:
		add(t, STORE_COUNT_CUSTODY)->custody = (struct store_custody){ .message_id = "m1", .no = 1 };
		return;
	case 13:
		w = add(t, STORE_ERASE_MESSAGE);
		w->erase.message_id = "m9";
		return;
	case 14:
		w = add(t, STORE_ERASE_CASE);
		w->erase_case.peer = "IE";
		w->erase_case.case_id = "c9";
		w->erase_case.by = w->erase_case.reason = "";
		return;
	case 15:
		add(t, STORE_PUT_ORDER)->order = (struct store_order){
			.number = 2, .line = "2", .peer = "IE", .case_id = "c1", .message_id = "m1", .attachment = 1
		};
		return;
	default:
		fail();
	}
}

static void a_write_set_that_is_refused_leaves_nothing(void **state)
{
	struct contract *t = *state;
	struct store_counts counts;

	add_case(t, "c1", "desk", "own-1", "");
	add_case(t, "c2", "desk", "own-2", "");
	add_message(t, "c1", "m1", 1, CY_PRIORITY__NORMAL);
	assert_int_equal(commit(t), CY_OK);
	for (int which = 0; which <= 15; which++) {
		put_event(t, "before it");
		add_case(t, "c3", "desk", "own-3", "");
		add_message(t, "c3", "m3", 1, CY_PRIORITY__NORMAL);
		add_refused(t, which);
		put_event(t, "after it");
		if (commit(t) != CY_ESTORE)
			fail_msg("write-set %d is not refused", which);
		assert_true(t->why[0] != '\0');
		EVENTS(t, "");
		EXPECT(t, CY_ENOENT, "", p->get_message(p->ctx, "m3", see_message, &s));
		EXPECT(t, CY_OK, "c1 c2 ", p->list_cases(p->ctx, all, "", false, "", 9, see_case, &s));
		assert_int_equal(t->port.counts(t->port.ctx, &counts), CY_OK);
		assert_int_equal(counts.cases, 2);
		assert_int_equal(counts.messages, 1);
	}
	/* Service goes on, and what was refused does not come back. */
	put_event(t, "good");
	assert_int_equal(commit(t), CY_OK);
	EVENTS(t, "1 good ");
	restart(t);
	EVENTS(t, "1 good ");
	EXPECT(t, CY_OK, "c1 c2 ", p->list_cases(p->ctx, all, "", false, "", 9, see_case, &s));
}

static void what_is_dropped_may_be_gone_already(void **state)
{
	struct contract *t = *state;

	add(t, STORE_DROP_CURSOR)->cursor = (struct store_cursor){ .client = "desk", .name = "none" };
	add(t, STORE_DROP_HOOK)->hook.id = "none";
	add(t, STORE_DROP_UPLOAD)->upload = (struct store_upload){ .client = "desk" };
	add(t, STORE_DROP_LEFTOVER)->leftover.size = 0;
	add(t, STORE_DROP_CUSTODY)->custody = (struct store_custody){ .message_id = "m9", .attachment = 1 };
	assert_int_equal(commit(t), CY_OK);
}

/* -------------------------------------------------------------------- reading */

static int see_meta(void *arg, const struct store_meta *m)
{
	return note(arg, "%llu %llu %zu %lld %d", (unsigned long long)m->epoch, (unsigned long long)m->audit_size,
		    m->frontier.len, (long long)m->wall_mark.ms, m->restored);
}

static void a_new_store_has_its_own_values_and_nothing_else(void **state)
{
	struct contract *t = *state;
	const struct store_port *port = &t->port;
	struct store_peer_counts peer = { .waiting = 7 };
	struct store_counts counts = { 7, 7 };
	uint64_t n[5] = { 7, 7, 7, 7, 7 };
	struct cy_wall at = { 7 };

	EXPECT(t, CY_OK, "0 0 0 0 0", p->meta(p->ctx, see_meta, &s));
	EXPECT(t, CY_ENOENT, "", p->get_message(p->ctx, "m1", see_message, &s));
	EXPECT(t, CY_ENOENT, "", p->get_case(p->ctx, "IE", "c1", see_case, &s));
	EXPECT(t, CY_ENOENT, "", p->find_case(p->ctx, all, "c1", see_case, &s));
	EXPECT(t, CY_ENOENT, "", p->find_reference(p->ctx, all, "own-1", "", "", see_case, &s));
	EXPECT(t, CY_OK, "", p->list_cases(p->ctx, all, "", false, "", 9, see_case, &s));
	EXPECT(t, CY_OK, "", p->case_messages(p->ctx, "IE", "c1", see_message, &s));
	EXPECT(t, CY_OK, "", p->waiting(p->ctx, "IE", 9, see_message, &s));
	EXPECT(t, CY_OK, "", p->cursors(p->ctx, see_cursor, &s));
	EVENTS(t, "");
	assert_int_equal(port->stream(port->ctx, "IE", NULL, NULL), CY_ENOENT);
	assert_int_equal(port->streams(port->ctx, NULL, NULL), CY_OK);
	assert_int_equal(port->key(port->ctx, "desk", "k", NULL, NULL), CY_ENOENT);
	assert_int_equal(port->cursor(port->ctx, "desk", "c", &n[0]), CY_ENOENT);
	assert_int_equal(port->get_parcel(port->ctx, "IE", STORE_OWN, 1, 1, NULL, NULL), CY_ENOENT);
	assert_int_equal(port->get_clock(port->ctx, all, 1, NULL, NULL), CY_ENOENT);
	assert_int_equal(port->published(port->ctx, "2025", NULL, NULL), CY_ENOENT);
	assert_int_equal(port->peer_profile(port->ctx, "IE", "i", "1", NULL, NULL), CY_ENOENT);
	assert_int_equal(port->order_about(port->ctx, "IE", "c1", "", 0, NULL, NULL), CY_ENOENT);
	assert_int_equal(port->last_event(port->ctx, &n[1]), CY_OK);
	assert_int_equal(port->pruned_events(port->ctx, &n[2]), CY_OK);
	assert_int_equal(port->last_order(port->ctx, &n[3]), CY_OK);
	assert_int_equal(port->upload_bytes(port->ctx, "desk", &n[4]), CY_OK);
	for (size_t i = 1; i < 5; i++)
		assert_int_equal(n[i], 0);
	assert_int_equal(port->next_clock(port->ctx, &at), CY_OK);
	assert_int_equal(at.ms, 0);
	assert_int_equal(port->counts(port->ctx, &counts), CY_OK);
	assert_int_equal(counts.cases + counts.messages, 0);
	assert_int_equal(port->peer_counts(port->ctx, "IE", &peer), CY_OK);
	assert_int_equal(peer.waiting + (uint64_t)peer.oldest.ms + peer.in_flight, 0);
}

static void its_own_values_are_replaced(void **state)
{
	struct contract *t = *state;
	struct store_write *w = add(t, STORE_PUT_LEAF);

	w->leaf.data = cy_bytes("leaf", 4);
	add(t, STORE_PUT_META)->meta = (struct store_meta){
		.epoch = 3, .audit_size = 1, .frontier = cy_bytes("fr", 2), .wall_mark = { 9 }, .restored = true
	};
	assert_int_equal(commit(t), CY_OK);
	EXPECT(t, CY_OK, "3 1 2 9 1", p->meta(p->ctx, see_meta, &s));
	add(t, STORE_PUT_META)->meta = (struct store_meta){
		.epoch = 4, .audit_size = 1, .frontier = cy_bytes("frontier", 8), .wall_mark = { 10 }
	};
	assert_int_equal(commit(t), CY_OK);
	restart(t);
	EXPECT(t, CY_OK, "4 1 8 10 0", p->meta(p->ctx, see_meta, &s));
}

/* Capitals stand before small letters, and what is not ASCII behind both. */
static void text_is_compared_by_its_bytes(void **state)
{
	static const char *const names[] = { "b", "\xc3\xa4", "B", "a", "Z", "ab" };
	struct contract *t = *state;

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		add_case(t, names[i], "desk", names[i], "");
		add(t, STORE_PUT_CURSOR)->cursor = (struct store_cursor){ .client = "desk", .name = names[i] };
	}
	assert_int_equal(commit(t), CY_OK);
	EXPECT(t, CY_OK, "B Z a ab b \xc3\xa4 ", p->list_cases(p->ctx, all, "", false, "", 9, see_case, &s));
	EXPECT(t, CY_OK, "ab b \xc3\xa4 ", p->list_cases(p->ctx, all, "", false, "a", 9, see_case, &s));
	EXPECT(t, CY_OK, "desk/B desk/Z desk/a desk/ab desk/b desk/\xc3\xa4 ", p->cursors(p->ctx, see_cursor, &s));
	EXPECT(t, CY_OK, "B ", p->find_case(p->ctx, all, "B", see_case, &s));
	EXPECT(t, CY_ENOENT, "", p->find_case(p->ctx, all, "A", see_case, &s));
	EXPECT(t, CY_ENOENT, "", p->find_reference(p->ctx, all, "AB", "", "", see_case, &s));
	EXPECT(t, CY_ENOENT, "", p->find_case(p->ctx, all, "\xc3\x84", see_case, &s));
}

struct nested {
	struct contract *t;
	struct seen *s;
	int depth;
};

/* A row is what it was, after whatever was read inside of its call. */
static int nest(void *arg, const struct store_case *row);
static int nest_message(void *arg, const struct store_message *row)
{
	struct nested *n = arg;
	const struct store_port *p = &n->t->port;
	struct seen other = { .n = 0 };
	char id[16];

	snprintf(id, sizeof id, "%s", row->id);
	assert_int_equal(p->get_message(p->ctx, strcmp(id, "m1") == 0 ? "m2" : "m1", see_message, &other), CY_OK);
	assert_int_equal(p->message_row(p->ctx, strcmp(id, "m1") == 0 ? "m2" : "m1", see_message, &other), CY_OK);
	assert_int_equal(p->list_cases(p->ctx, all, "", false, "", 9, nest, n), CY_OK);
	assert_string_equal(row->id, id);
	return see_message(n->s, row);
}

static int nest(void *arg, const struct store_case *row)
{
	struct nested *n = arg;
	const struct store_port *p = &n->t->port;
	char id[16];

	if (n->depth == 3)
		return CY_OK;
	n->depth++;
	snprintf(id, sizeof id, "%s", row->case_id);
	assert_int_equal(p->get_message(p->ctx, id[1] == '1' ? "m1" : "m2", nest_message, n), CY_OK);
	assert_string_equal(row->case_id, id);
	assert_string_equal(row->own_reference, id[1] == '1' ? "own-1" : "own-2");
	n->depth--;
	return CY_OK;
}

static void reads_are_nested_in_each_other(void **state)
{
	struct contract *t = *state;
	struct seen s = { .n = 0 };
	struct nested n = { t, &s, 0 };

	add_case(t, "c1", "desk", "own-1", "");
	add_case(t, "c2", "desk", "own-2", "");
	add_message(t, "c1", "m1", 1, CY_PRIORITY__NORMAL);
	add_message(t, "c2", "m2", 1, CY_PRIORITY__NORMAL);
	assert_int_equal(commit(t), CY_OK);
	assert_int_equal(t->port.list_cases(t->port.ctx, all, "", false, "", 9, nest, &n), CY_OK);
	assert_non_null(strstr(s.text, "m1 '" MARKER "' m2 '" MARKER "' "));
}

struct ending {
	int calls, after, code;
};

static int end_it(struct ending *e)
{
	return ++e->calls == e->after ? e->code : CY_OK;
}

static int end_cases(void *arg, const struct store_case *row)
{
	(void)row;
	return end_it(arg);
}

static int end_events(void *arg, const struct store_event *row)
{
	(void)row;
	return end_it(arg);
}

static int end_messages(void *arg, const struct store_message *row)
{
	(void)row;
	return end_it(arg);
}

static void a_callback_ends_the_read_with_its_code(void **state)
{
	struct contract *t = *state;
	const struct store_port *p = &t->port;

	for (int i = 0; i < 3; i++) {
		static const char *const cases[] = { "c1", "c2", "c3" };
		static const char *const messages[] = { "m1", "m2", "m3" };

		add_case(t, cases[i], "desk", "", "");
		add_message(t, "c1", messages[i], (uint32_t)i + 1, CY_PRIORITY__NORMAL);
		put_event(t, "one");
	}
	assert_int_equal(commit(t), CY_OK);
	for (int after = 1; after <= 3; after++) {
		struct ending e[] = { { 0, after, CY_EEXIST }, { 0, after, CY_ELIMIT }, { 0, after, CY_EPARSE } };

		assert_int_equal(p->list_cases(p->ctx, all, "", false, "", 9, end_cases, &e[0]), CY_EEXIST);
		assert_int_equal(p->events(p->ctx, all, 0, 9, end_events, &e[1]), CY_ELIMIT);
		assert_int_equal(p->case_messages(p->ctx, "IE", "c1", end_messages, &e[2]), CY_EPARSE);
		for (int k = 0; k < 3; k++)
			assert_int_equal(e[k].calls, after);
	}
}

static void a_limit_is_the_most_that_comes(void **state)
{
	struct contract *t = *state;

	add_case(t, "c1", "desk", "", "");
	add_case(t, "c2", "desk", "", "");
	add_message(t, "c1", "m1", 1, CY_PRIORITY__NORMAL);
	add_message(t, "c2", "m2", 1, CY_PRIORITY__NORMAL);
	put_event(t, "one");
	put_event(t, "two");
	assert_int_equal(commit(t), CY_OK);
	for (uint32_t limit = 0; limit < 2; limit++) {
		EXPECT(t, CY_OK, limit == 0 ? "" : "c1 ",
		       p->list_cases(p->ctx, all, "", false, "", limit, see_case, &s));
		EXPECT(t, CY_OK, limit == 0 ? "" : "1 one ", p->events(p->ctx, all, 0, limit, see_event, &s));
		EXPECT(t, CY_OK, limit == 0 ? "" : "m1 '" MARKER "' ",
		       p->waiting(p->ctx, "IE", limit, see_message, &s));
	}
	EXPECT(t, CY_OK, "c1 c2 ", p->list_cases(p->ctx, all, "", false, "", UINT32_MAX, see_case, &s));
}

static const struct CMUnitTest tests_of_the_contract[] = {
	cmocka_unit_test(how_a_commit_ended_is_told_once_and_later),
	cmocka_unit_test(writes_apply_in_their_order),
	cmocka_unit_test(what_is_committed_is_there_after_a_restart),
	cmocka_unit_test(a_write_set_that_is_refused_leaves_nothing),
	cmocka_unit_test(what_is_dropped_may_be_gone_already),
	cmocka_unit_test(a_new_store_has_its_own_values_and_nothing_else),
	cmocka_unit_test(its_own_values_are_replaced),
	cmocka_unit_test(text_is_compared_by_its_bytes),
	cmocka_unit_test(reads_are_nested_in_each_other),
	cmocka_unit_test(a_callback_ends_the_read_with_its_code),
	cmocka_unit_test(a_limit_is_the_most_that_comes),
};
CONTRACT_TESTS(contract_writes);
