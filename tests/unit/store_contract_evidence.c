/* The contract of the store port: evidence and custody. */
#include "store_contract.h"

/* ------------------------------------------------------------------- writing */

static void put_case(struct contract *t, const char *peer, const char *case_id, const char *client)
{
	add(t, STORE_PUT_CASE)->case_row = (struct store_case){ .peer = peer,
								.case_id = case_id,
								.side = CY_SIDE__REQUESTING,
								.own_reference = "",
								.peer_reference = "",
								.client = client,
								.title = "t",
								.instrument = "",
								.state = "" };
}

static void put_message(struct contract *t, const char *peer, const char *case_id, const char *id,
			enum store_author author, uint32_t number)
{
	add(t, STORE_PUT_MESSAGE)->message = (struct store_message){ .id = id,
								     .peer = peer,
								     .case_id = case_id,
								     .author = author,
								     .number = number,
								     .transport = STORE_DELIVERED,
								     .void_reason = "",
								     .client = "",
								     .fact = cy_bytes("fact", 4),
								     .content = cy_bytes("content", 7) };
}

static struct store_evidence *put(struct contract *t, const char *peer, const char *case_id, const char *message,
				  uint32_t attachment, enum store_author author, enum store_evidence_state state)
{
	struct store_evidence *e = &add(t, STORE_PUT_EVIDENCE)->evidence;

	*e = sample_evidence(peer, case_id, message, attachment, author, state);
	return e;
}

static void put_stream(struct contract *t, const char *peer, uint32_t features)
{
	add(t, STORE_PUT_STREAM)->stream = (struct store_stream){ .peer = peer, .features = features };
}

/* Two cases of IE, one of them the desk's, and the desk's of DE. */
static void make_cases(struct contract *t)
{
	put_case(t, "IE", "c1", "desk");
	put_case(t, "IE", "c2", "");
	put_case(t, "DE", "c3", "desk");
	put_message(t, "IE", "c1", "m1", STORE_PEER, 1);
	put_message(t, "IE", "c2", "m2", STORE_PEER, 1);
	put_message(t, "DE", "c3", "m3", STORE_PEER, 1);
	put_message(t, "IE", "c1", "m4", STORE_PEER, 2);
	put_message(t, "IE", "c1", "m5", STORE_OWN, 1);
}

/* ------------------------------------------------------------------- reading */

static int see_key(void *arg, const struct store_evidence *e)
{
	return note(arg, "%s%s/%u", ((struct seen *)arg)->n > 0 ? " " : "", e->message_id, e->attachment);
}

static int see_all(void *arg, const struct store_evidence *e)
{
	struct cy_digest x = sample_digest('x'), r = sample_digest('r');

	return note(arg, "%s/%u %s %s %d %u %d %llu %d%d %d %d '%s' %d %lld %lld %d %d %d %lld %d %lld %d",
		    e->message_id, e->attachment, e->peer, e->case_id, (int)e->author, e->number, (int)e->priority,
		    (unsigned long long)e->size, memcmp(&e->sha256, &x, sizeof x) == 0,
		    memcmp(&e->root, &r, sizeof r) == 0, e->send_always, (int)e->state, e->reason, (int)e->verdict,
		    (long long)e->arrived.ms, (long long)e->retain_until.ms, e->legal_hold, e->retrieved, e->unstated,
		    (long long)e->receiver_done.ms, e->deleted, (long long)e->verified.ms, (int)e->flaw);
}

static int see_custody(void *arg, const struct store_custody *c)
{
	return note(arg, "%s/%u %lld %s by %s '%s' '%s' %llu\n", c->message_id, c->attachment, (long long)c->at.ms,
		    c->action, c->by, c->text, c->proof, (unsigned long long)c->leaf);
}

#define LIST(t, expected, view_client, ...)                                           \
	EXPECT(t, CY_OK, expected,                                                    \
	       p->list_evidence(p->ctx, (struct store_view){ .client = view_client }, \
				&(struct store_evidence_query){ __VA_ARGS__ }, see_key, &s))

#define WAITING(t, expected, peer, limit) \
	EXPECT(t, CY_OK, expected, p->waiting_evidence(p->ctx, peer, limit, see_key, &s))
#define OVERDUE(t, expected, peer, now, limit) \
	EXPECT(t, CY_OK, expected, p->overdue_evidence(p->ctx, peer, (struct cy_wall){ now }, limit, see_key, &s))

#define SPENT(t, expected, before, limit) \
	EXPECT(t, CY_OK, expected, p->spent_evidence(p->ctx, "IE", (struct cy_wall){ before }, limit, see_key, &s))

static void sums_are(struct contract *t, const char *peer, const char *case_id, uint64_t of_peer, uint64_t of_case)
{
	uint64_t a = 1, b = 1;

	assert_int_equal(t->port.evidence_bytes(t->port.ctx, peer, case_id, &a, &b), CY_OK);
	assert_int_equal(a, of_peer);
	assert_int_equal(b, of_case);
}

/* --------------------------------------------------------------------- tests */

static void evidence_is_found_by_its_key_and_replaced(void **state)
{
	struct contract *t = *state;
	struct store_evidence *e;

	make_cases(t);
	e = put(t, "IE", "c1", "m1", 2, STORE_PEER, STORE_EVIDENCE_WAITING);
	e->number = 7;
	e->priority = CY_PRIORITY__HIGH;
	e->size = CY_EVIDENCE_MAX;
	e->send_always = true;
	assert_int_equal(commit(t), CY_OK);
	EXPECT(t, CY_OK, "m1/2 IE c1 1 7 3 70368744177664 11 1 1 '' 0 0 0 0 0 0 0 0 0 0",
	       p->get_evidence(p->ctx, "m1", 2, see_all, &s));
	EXPECT(t, CY_ENOENT, "", p->get_evidence(p->ctx, "m1", 1, see_all, &s));
	EXPECT(t, CY_ENOENT, "", p->get_evidence(p->ctx, "m2", 2, see_all, &s));

	e = put(t, "IE", "c1", "m1", 2, STORE_PEER, STORE_EVIDENCE_MISMATCHED);
	e->number = 8;
	e->priority = CY_PRIORITY__LOW;
	e->size = CY_EVIDENCE_MAX;
	e->reason = "chunk 3";
	e->verdict = CY_EVIDENCE_STATE__REJECTED;
	e->arrived.ms = 11;
	e->retain_until.ms = 12;
	e->legal_hold = true;
	e->retrieved = true;
	e->unstated = true;
	e->receiver_done.ms = 13;
	e->deleted = true;
	e->verified.ms = 14;
	e->flaw = STORE_MISSING;
	assert_int_equal(commit(t), CY_OK);
	restart(t);
	EXPECT(t, CY_OK, "m1/2 IE c1 1 8 1 70368744177664 11 0 4 'chunk 3' 2 11 12 1 1 1 13 1 14 2",
	       p->get_evidence(p->ctx, "m1", 2, see_all, &s));
	LIST(t, "m1/2", NULL, .peer = "", .case_id = "", .after_message = "", .limit = 9);
}

static void evidence_is_listed_by_pages_for_who_may_see_it(void **state)
{
	struct contract *t = *state;

	make_cases(t);
	put(t, "IE", "c1", "m4", 1, STORE_PEER, STORE_EVIDENCE_WAITING);
	put(t, "IE", "c1", "m1", 10, STORE_PEER, STORE_EVIDENCE_HERE);
	put(t, "IE", "c1", "m1", 9, STORE_PEER, STORE_EVIDENCE_WAITING);
	put(t, "IE", "c2", "m2", 1, STORE_PEER, STORE_EVIDENCE_WAITING);
	put(t, "DE", "c3", "m3", 1, STORE_PEER, STORE_EVIDENCE_WAITING);
	put(t, "IE", "c1", "m5", 1, STORE_OWN, STORE_EVIDENCE_OFFERED);
	assert_int_equal(commit(t), CY_OK);

	LIST(t, "m1/9 m1/10 m2/1 m3/1 m4/1 m5/1", NULL, .peer = "", .case_id = "", .after_message = "", .limit = 9);
	LIST(t, "m1/9 m1/10", NULL, .peer = "", .case_id = "", .after_message = "", .limit = 2);
	LIST(t, "m1/10 m2/1", NULL, .peer = "", .case_id = "", .after_message = "m1", .after_attachment = 9,
	     .limit = 2);
	LIST(t, "", NULL, .peer = "", .case_id = "", .after_message = "m5", .after_attachment = 1, .limit = 2);
	LIST(t, "m1/9 m1/10 m4/1 m5/1", NULL, .peer = "IE", .case_id = "c1", .after_message = "", .limit = 9);
	LIST(t, "m4/1", NULL, .peer = "IE", .case_id = "c1", .after_message = "m1", .after_attachment = 10, .limit = 1);
	LIST(t, "", NULL, .peer = "DE", .case_id = "c1", .after_message = "", .limit = 9);
	LIST(t, "m1/9 m1/10 m2/1 m4/1 m5/1", NULL, .peer = "IE", .case_id = "", .after_message = "", .limit = 9);
	LIST(t, "m2/1", NULL, .peer = "IE", .case_id = "", .after_message = "m1", .after_attachment = 10, .limit = 1);

	LIST(t, "m1/9 m1/10 m3/1 m4/1 m5/1", "desk", .peer = "", .case_id = "", .after_message = "", .limit = 9);
	LIST(t, "m3/1 m4/1", "desk", .peer = "", .case_id = "", .after_message = "m1", .after_attachment = 10,
	     .limit = 2);
	LIST(t, "m3/1", "desk", .peer = "DE", .case_id = "", .after_message = "", .limit = 9);
	LIST(t, "", "desk", .peer = "IE", .case_id = "c2", .after_message = "", .limit = 9);
	LIST(t, "m5/1", "desk", .peer = "IE", .case_id = "c1", .after_message = "m4", .after_attachment = 1,
	     .limit = 9);
	LIST(t, "", "other", .peer = "", .case_id = "", .after_message = "", .limit = 9);
	LIST(t, "", "other", .peer = "IE", .case_id = "c1", .after_message = "", .limit = 9);
}

static void the_most_urgent_evidence_waits_first(void **state)
{
	struct contract *t = *state;

	make_cases(t);
	put(t, "IE", "c1", "m4", 1, STORE_PEER, STORE_EVIDENCE_WAITING)->priority = CY_PRIORITY__EMERGENCY;
	put(t, "IE", "c1", "m1", 1, STORE_PEER, STORE_EVIDENCE_WAITING)->priority = CY_PRIORITY__LOW;
	put(t, "IE", "c2", "m2", 2, STORE_PEER, STORE_EVIDENCE_WAITING);
	put(t, "IE", "c2", "m2", 1, STORE_PEER, STORE_EVIDENCE_WAITING);
	put(t, "IE", "c1", "m1", 2, STORE_PEER, STORE_EVIDENCE_WAITING);
	put(t, "IE", "c1", "m1", 3, STORE_PEER, STORE_EVIDENCE_HERE)->priority = CY_PRIORITY__EMERGENCY;
	put(t, "IE", "c1", "m1", 4, STORE_PEER, STORE_EVIDENCE_HELD_BACK)->priority = CY_PRIORITY__EMERGENCY;
	put(t, "IE", "c1", "m5", 1, STORE_OWN, STORE_EVIDENCE_OFFERED)->priority = CY_PRIORITY__EMERGENCY;
	put(t, "DE", "c3", "m3", 1, STORE_PEER, STORE_EVIDENCE_WAITING)->priority = CY_PRIORITY__EMERGENCY;
	assert_int_equal(commit(t), CY_OK);
	WAITING(t, "m4/1 m1/2 m2/1 m2/2 m1/1", "IE", 9);
	WAITING(t, "m4/1 m1/2", "IE", 2);
	WAITING(t, "m3/1", "DE", 9);
	EXPECT(t, CY_OK, "m1/2 m2/1", p->waiting_after(p->ctx, "IE", CY_PRIORITY__NORMAL, "", 0, 2, see_key, &s));
	EXPECT(t, CY_OK, "m2/2", p->waiting_after(p->ctx, "IE", CY_PRIORITY__NORMAL, "m2", 1, 9, see_key, &s));
	put(t, "IE", "c1", "m1", 1, STORE_PEER, STORE_EVIDENCE_WAITING)->priority = CY_PRIORITY__EMERGENCY;
	put(t, "IE", "c1", "m4", 1, STORE_PEER, STORE_EVIDENCE_HERE)->priority = CY_PRIORITY__EMERGENCY;
	assert_int_equal(commit(t), CY_OK);
	WAITING(t, "m1/1 m1/2 m2/1 m2/2", "IE", 9);
}

static void offers_are_known_by_peer(void **state)
{
	struct contract *t = *state;

	make_cases(t);
	put(t, "IE", "c1", "m1", 1, STORE_PEER, STORE_EVIDENCE_WAITING);
	put(t, "IE", "c1", "m5", 1, STORE_OWN, STORE_EVIDENCE_OFFERED);
	assert_int_equal(commit(t), CY_OK);
	for (int k = 0; k < 2; k++) {
		bool of_ie = k == 1, of_de = true;

		assert_int_equal(t->port.offered_evidence(t->port.ctx, "IE", &of_ie), CY_OK);
		assert_int_equal(t->port.offered_evidence(t->port.ctx, "DE", &of_de), CY_OK);
		assert_int_equal(of_ie, k == 0);
		assert_false(of_de);
		put(t, "IE", "c1", "m5", 1, STORE_OWN, STORE_EVIDENCE_HERE);
		assert_int_equal(commit(t), CY_OK);
	}
}

static void the_same_content_is_found_everywhere(void **state)
{
	struct contract *t = *state;
	const struct cy_digest x = sample_digest('x'), y = sample_digest('y'), z = sample_digest('z');

	make_cases(t);
	put(t, "IE", "c1", "m5", 1, STORE_OWN, STORE_EVIDENCE_OFFERED);
	put(t, "DE", "c3", "m3", 1, STORE_PEER, STORE_EVIDENCE_WAITING);
	put(t, "IE", "c1", "m1", 2, STORE_PEER, STORE_EVIDENCE_DESTROYED);
	put(t, "IE", "c1", "m1", 1, STORE_PEER, STORE_EVIDENCE_HERE)->sha256 = y;
	assert_int_equal(commit(t), CY_OK);
	EXPECT(t, CY_OK, "m1/2 m3/1 m5/1", p->same_evidence(p->ctx, &x, see_key, &s));
	EXPECT(t, CY_OK, "m1/1", p->same_evidence(p->ctx, &y, see_key, &s));
	EXPECT(t, CY_OK, "", p->same_evidence(p->ctx, &z, see_key, &s));
	EXPECT(t, CY_OK, "m1/2 m3/1 m5/1", p->same_keys(p->ctx, &x, see_key, &s));
	/* What counts for a peer is what it has delivered itself, and is here. */
	EXPECT(t, CY_OK, "m1/1", p->delivered_evidence(p->ctx, "IE", &y, see_key, &s));
	EXPECT(t, CY_ENOENT, "", p->delivered_evidence(p->ctx, "DE", &y, see_key, &s));
	EXPECT(t, CY_ENOENT, "", p->delivered_evidence(p->ctx, "IE", &x, see_key, &s));
}

/* That a client has got, until a time. */
static struct store_evidence *got(struct store_evidence *e, int64_t retain_until)
{
	e->retrieved = true;
	e->retain_until.ms = retain_until;
	return e;
}

static void what_is_past_its_retention_comes_the_earliest_first(void **state)
{
	struct contract *t = *state;

	make_cases(t);
	got(put(t, "IE", "c1", "m1", 1, STORE_PEER, STORE_EVIDENCE_HERE), 50);
	got(put(t, "DE", "c3", "m3", 1, STORE_PEER, STORE_EVIDENCE_HERE), 40);
	got(put(t, "IE", "c2", "m2", 2, STORE_PEER, STORE_EVIDENCE_HERE), 50);
	got(put(t, "IE", "c2", "m2", 1, STORE_PEER, STORE_EVIDENCE_HERE), 0);     /* for ever */
	got(put(t, "IE", "c1", "m1", 2, STORE_PEER, STORE_EVIDENCE_WAITING), 45); /* to be fetched again */
	got(put(t, "IE", "c1", "m1", 4, STORE_PEER, STORE_EVIDENCE_WAITING), 10)->retrieved = false;
	got(put(t, "IE", "c1", "m1", 3, STORE_PEER, STORE_EVIDENCE_DESTROYED), 10);
	got(put(t, "IE", "c1", "m5", 1, STORE_OWN, STORE_EVIDENCE_HERE), 10);
	got(put(t, "IE", "c1", "m4", 1, STORE_PEER, STORE_EVIDENCE_HERE), 10)->legal_hold = true;
	/* Disputed, and never fetched by a client. */
	got(put(t, "IE", "c1", "m4", 2, STORE_PEER, STORE_EVIDENCE_HERE), 10)->verdict = CY_EVIDENCE_STATE__REJECTED;
	got(put(t, "IE", "c1", "m4", 3, STORE_PEER, STORE_EVIDENCE_HERE), 10)->retrieved = false;
	assert_int_equal(commit(t), CY_OK);
	OVERDUE(t, "", "DE", 40, 9);
	OVERDUE(t, "m3/1", "DE", 41, 9);
	OVERDUE(t, "m1/2", "IE", 50, 9);
	OVERDUE(t, "m1/2 m1/1 m2/2", "IE", 51, 9);
	OVERDUE(t, "m1/2", "IE", 51, 1);
	got(put(t, "IE", "c1", "m4", 1, STORE_PEER, STORE_EVIDENCE_HERE), 10); /* the hold is over */
	got(put(t, "DE", "c3", "m3", 1, STORE_PEER, STORE_EVIDENCE_DESTROYED), 40);
	assert_int_equal(commit(t), CY_OK);
	OVERDUE(t, "m4/1 m1/2 m1/1 m2/2", "IE", 51, 9);
	OVERDUE(t, "", "DE", 51, 9);
}

/* Ours, with which the receiver was done at a time. */
static struct store_evidence *done_at(struct contract *t, const char *message_id, uint32_t attachment, int64_t at,
				      enum store_evidence_state state)
{
	struct store_evidence *e = put(t, "IE", "c1", message_id, attachment, STORE_OWN, state);

	e->receiver_done.ms = at;
	return e;
}

static void what_its_receiver_has_had_comes_the_earliest_first(void **state)
{
	struct contract *t = *state;

	make_cases(t);
	done_at(t, "m5", 1, 50, STORE_EVIDENCE_HERE);
	done_at(t, "m5", 2, 40, STORE_EVIDENCE_DESTROYED);
	done_at(t, "m5", 3, 0, STORE_EVIDENCE_HERE);
	done_at(t, "m5", 4, 10, STORE_EVIDENCE_OFFERED); /* never delivered */
	done_at(t, "m5", 5, 10, STORE_EVIDENCE_HERE)->legal_hold = true;
	done_at(t, "m5", 6, 10, STORE_EVIDENCE_HERE)->verdict = CY_EVIDENCE_STATE__REJECTED;
	done_at(t, "m5", 7, 10, STORE_EVIDENCE_HERE)->deleted = true;
	put(t, "IE", "c1", "m1", 1, STORE_PEER, STORE_EVIDENCE_HERE)->receiver_done.ms = 10;
	assert_int_equal(commit(t), CY_OK);
	SPENT(t, "", 40, 9);
	SPENT(t, "m5/2", 41, 9);
	SPENT(t, "m5/2 m5/1", 51, 9);
	SPENT(t, "m5/2", 51, 1);
}

#define UNVERIFIED(t, expected, before, limit) UNVERIFIED_AFTER(t, expected, 0, "", 0, before, limit)
#define UNVERIFIED_AFTER(t, expected, after, message_id, attachment, before, limit)              \
	EXPECT(t, CY_OK, expected,                                                               \
	       p->unverified_evidence(p->ctx, (struct cy_wall){ after }, message_id, attachment, \
				      (struct cy_wall){ before }, limit, see_key, &s))
#define FLAWED(t, expected, message_id, attachment, limit) \
	EXPECT(t, CY_OK, expected, p->flawed_evidence(p->ctx, message_id, attachment, limit, see_key, &s))

static void what_was_verified_longest_ago_comes_first_and_what_has_a_flaw_by_itself(void **state)
{
	struct contract *t = *state;
	struct store_evidence *e;

	make_cases(t);
	put(t, "IE", "c1", "m1", 1, STORE_PEER, STORE_EVIDENCE_HERE)->verified.ms = 30;
	put(t, "IE", "c1", "m1", 2, STORE_PEER, STORE_EVIDENCE_WAITING);
	put(t, "IE", "c1", "m1", 3, STORE_PEER, STORE_EVIDENCE_DESTROYED);
	put(t, "DE", "c3", "m3", 1, STORE_PEER, STORE_EVIDENCE_HERE)->verified.ms = 10;
	put(t, "IE", "c1", "m5", 1, STORE_OWN, STORE_EVIDENCE_OFFERED)->verified.ms = 20;
	put(t, "IE", "c1", "m5", 2, STORE_OWN, STORE_EVIDENCE_DESTROYED);
	put(t, "IE", "c1", "m5", 3, STORE_OWN, STORE_EVIDENCE_HERE)->deleted = true;
	put(t, "IE", "c1", "m5", 4, STORE_OWN, STORE_EVIDENCE_HERE)->flaw = STORE_SPOILT;
	e = put(t, "IE", "c1", "m4", 1, STORE_PEER, STORE_EVIDENCE_WAITING);
	e->flaw = STORE_MISSING;
	assert_int_equal(commit(t), CY_OK);
	UNVERIFIED(t, "m5/2 m3/1 m5/1 m1/1", 31, 9);
	UNVERIFIED(t, "m5/2 m3/1", 20, 9);
	UNVERIFIED(t, "m5/2", 20, 1);
	UNVERIFIED(t, "m5/2 m3/1", 31, 2);
	UNVERIFIED_AFTER(t, "m5/1 m1/1", 10, "m3", 1, 31, 9);
	UNVERIFIED_AFTER(t, "m3/1", 10, "m2", 7, 31, 1);
	UNVERIFIED_AFTER(t, "m3/1", 10, "m3", 0, 31, 1);
	UNVERIFIED_AFTER(t, "", 30, "m1", 1, 31, 9);
	FLAWED(t, "m4/1 m5/4", "", 0, 9);
	FLAWED(t, "m5/4", "m4", 1, 9);
	FLAWED(t, "m4/1 m5/4", "m4", 0, 2);
	FLAWED(t, "m4/1", "", 0, 1);
	put(t, "IE", "c1", "m5", 4, STORE_OWN, STORE_EVIDENCE_HERE)->verified.ms = 5;
	assert_int_equal(commit(t), CY_OK);
	UNVERIFIED(t, "m5/2 m5/4", 6, 9);
	FLAWED(t, "m4/1", "", 0, 9);
}

static void what_quotas_hold_back_is_found_page_by_page(void **state)
{
	struct contract *t = *state;

	make_cases(t);
	put(t, "IE", "c1", "m1", 1, STORE_PEER, STORE_EVIDENCE_HELD_BACK);
	put(t, "IE", "c1", "m1", 2, STORE_PEER, STORE_EVIDENCE_WAITING);
	put(t, "DE", "c3", "m3", 7, STORE_PEER, STORE_EVIDENCE_HELD_BACK);
	put(t, "IE", "c2", "m2", 1, STORE_PEER, STORE_EVIDENCE_HELD_BACK);
	put(t, "IE", "c1", "m5", 1, STORE_OWN, STORE_EVIDENCE_HELD_BACK);
	assert_int_equal(commit(t), CY_OK);
	EXPECT(t, CY_OK, "m1/1 m2/1", p->held_back_evidence(p->ctx, "", 0, 2, see_key, &s));
	EXPECT(t, CY_OK, "m3/7", p->held_back_evidence(p->ctx, "m2", 1, 2, see_key, &s));
	EXPECT(t, CY_OK, "m2/1 m3/7", p->held_back_evidence(p->ctx, "m2", 0, 2, see_key, &s));
	EXPECT(t, CY_OK, "", p->held_back_evidence(p->ctx, "m3", 7, 2, see_key, &s));
}

static void what_is_to_be_stated_comes_case_by_case(void **state)
{
	struct contract *t = *state;
	struct store_evidence *e;

	make_cases(t);
	e = put(t, "IE", "c1", "m4", 1, STORE_PEER, STORE_EVIDENCE_HERE);
	e->unstated = true;
	e->verified.ms = 10;
	/* One that has to be verified before. */
	put(t, "IE", "c1", "m4", 2, STORE_PEER, STORE_EVIDENCE_HERE)->unstated = true;
	put(t, "IE", "c2", "m2", 1, STORE_PEER, STORE_EVIDENCE_HELD_BACK)->unstated = true;
	put(t, "IE", "c1", "m1", 2, STORE_PEER, STORE_EVIDENCE_DESTROYED)->unstated = true;
	put(t, "IE", "c1", "m1", 1, STORE_PEER, STORE_EVIDENCE_HERE);
	put(t, "DE", "c3", "m3", 7, STORE_PEER, STORE_EVIDENCE_HERE)->unstated = true;
	assert_int_equal(commit(t), CY_OK);
	/* Nobody has said what it understands: what is stated to whom is not known yet. */
	EXPECT(t, CY_OK, "", p->unstated_evidence(p->ctx, 9, see_key, &s));
	put_stream(t, "IE", 1);
	put_stream(t, "DE", 0);
	assert_int_equal(commit(t), CY_OK);
	EXPECT(t, CY_OK, "m1/2 m4/1 m2/1", p->unstated_evidence(p->ctx, 9, see_key, &s));
	EXPECT(t, CY_OK, "m1/2", p->unstated_evidence(p->ctx, 1, see_key, &s));
	put(t, "IE", "c1", "m1", 2, STORE_PEER, STORE_EVIDENCE_DESTROYED);
	assert_int_equal(commit(t), CY_OK);
	EXPECT(t, CY_OK, "m4/1 m2/1", p->unstated_evidence(p->ctx, 9, see_key, &s));
	/* What it had been told comes back from it first. */
	add(t, STORE_PUT_STREAM)->stream = (struct store_stream){ .peer = "IE", .features = 1, .reconciling = true };
	assert_int_equal(commit(t), CY_OK);
	EXPECT(t, CY_OK, "", p->unstated_evidence(p->ctx, 9, see_key, &s));
}

static void sums_follow_what_is_held(void **state)
{
	struct contract *t = *state;

	make_cases(t);
	sums_are(t, "IE", "c1", 0, 0);
	put(t, "IE", "c1", "m1", 1, STORE_PEER, STORE_EVIDENCE_WAITING)->size = 5000000000;
	put(t, "IE", "c1", "m4", 1, STORE_PEER, STORE_EVIDENCE_HERE)->size = 7;
	put(t, "IE", "c1", "m4", 2, STORE_PEER, STORE_EVIDENCE_HELD_BACK)->size = 4000000000;
	put(t, "IE", "c2", "m2", 1, STORE_PEER, STORE_EVIDENCE_WAITING)->size = 4294967295;
	put(t, "DE", "c3", "m3", 1, STORE_PEER, STORE_EVIDENCE_WAITING)->size = 3;
	put(t, "IE", "c1", "m5", 1, STORE_OWN, STORE_EVIDENCE_HERE)->size = 1000;
	assert_int_equal(commit(t), CY_OK);
	sums_are(t, "IE", "c1", 9294967302, 5000000007);
	sums_are(t, "IE", "c2", 9294967302, 4294967295);
	sums_are(t, "IE", "c3", 9294967302, 0);
	sums_are(t, "DE", "c3", 3, 3);
	sums_are(t, "FR", "c1", 0, 0);

	put(t, "IE", "c1", "m1", 1, STORE_PEER, STORE_EVIDENCE_HERE)->size = 5000000000;
	put(t, "IE", "c1", "m4", 1, STORE_PEER, STORE_EVIDENCE_DESTROYED)->size = 7;
	put(t, "IE", "c1", "m4", 2, STORE_PEER, STORE_EVIDENCE_WAITING)->size = 4000000000;
	assert_int_equal(commit(t), CY_OK);
	sums_are(t, "IE", "c1", 13294967295, 9000000000);
	put(t, "IE", "c1", "m1", 1, STORE_PEER, STORE_EVIDENCE_MISMATCHED)->size = 5000000000;
	put(t, "IE", "c1", "m4", 2, STORE_PEER, STORE_EVIDENCE_DESTROYED)->size = 4000000000;
	put(t, "IE", "c2", "m2", 1, STORE_PEER, STORE_EVIDENCE_DESTROYED)->size = 4294967295;
	assert_int_equal(commit(t), CY_OK);
	sums_are(t, "IE", "c1", 0, 0);
	sums_are(t, "DE", "c3", 3, 3);
}

/* A peer may announce more than 64 bits hold: no commit fails of it. */
static void sums_beyond_64_bits_are_the_highest(void **state)
{
	struct contract *t = *state;

	make_cases(t);
	for (uint32_t i = 1; i <= 5; i++)
		put(t, "IE", "c1", "m1", i, STORE_PEER, STORE_EVIDENCE_WAITING)->size = UINT64_C(1) << 62;
	assert_int_equal(commit(t), CY_OK);
	sums_are(t, "IE", "c1", UINT64_MAX, UINT64_MAX);
	for (uint32_t i = 1; i <= 4; i++)
		put(t, "IE", "c1", "m1", i, STORE_PEER, STORE_EVIDENCE_HELD_BACK)->size = UINT64_C(1) << 62;
	assert_int_equal(commit(t), CY_OK);
	sums_are(t, "IE", "c1", UINT64_C(1) << 62, UINT64_C(1) << 62);
}

static void put_custody(struct contract *t, const char *message, uint32_t attachment, int64_t at, const char *action,
			const char *text, uint64_t leaf)
{
	add(t, STORE_PUT_CUSTODY)->custody = (struct store_custody){ .message_id = message,
								     .attachment = attachment,
								     .at = { at },
								     .action = action,
								     .by = "US",
								     .text = text,
								     .proof = leaf > 0 ? "" : "m4",
								     .leaf = leaf };
}

#define CUSTODY(t, code, expected, message, attachment) \
	EXPECT(t, code, expected, p->custody(p->ctx, message, attachment, 0, 99, see_custody, &s))

static void the_chain_of_custody_is_in_the_order_of_writing(void **state)
{
	struct contract *t = *state;

	make_cases(t);
	put_custody(t, "m1", 1, 20, "arrived", "", 5);
	put_custody(t, "m1", 2, 20, "arrived", "", 6);
	put_custody(t, "m1", 1, 10, "held", "appeal is pending", 7);
	assert_int_equal(commit(t), CY_OK);
	put_custody(t, "m1", 1, 10, "verified", "", 0);
	put_custody(t, "m1", 1, 10, "held", "appeal is pending", UINT64_C(1) << 40);
	assert_int_equal(commit(t), CY_OK);
	restart(t);
	CUSTODY(t, CY_OK,
		"m1/1 20 arrived by US '' '' 5\n"
		"m1/1 10 held by US 'appeal is pending' '' 7\n"
		"m1/1 10 verified by US '' 'm4' 0\n"
		"m1/1 10 held by US 'appeal is pending' '' 1099511627776\n",
		"m1", 1);
	CUSTODY(t, CY_OK, "m1/2 20 arrived by US '' '' 6\n", "m1", 2);
	CUSTODY(t, CY_OK, "", "m4", 1);
}

/* All that a leaf binds, and what is counted beside it. */
static int see_link(void *arg, const struct store_custody *c)
{
	return note(arg, "%llu %s by %s '%s%s' form %d words %02x hash %02x bytes %llu to %llu, %llu until %lld\n",
		    (unsigned long long)c->no, c->action, c->by, c->salt, c->text, (int)c->form, c->words.b[0],
		    c->hash.b[0], (unsigned long long)c->from, (unsigned long long)c->to, (unsigned long long)c->count,
		    (long long)c->last.ms);
}

#define LINKS(t, expected, after, limit) \
	EXPECT(t, CY_OK, expected, p->custody(p->ctx, "m1", 1, after, limit, see_link, &s))
#define READINGS(t, expected, what, who, since)                                                                       \
	EXPECT(t, CY_OK, expected,                                                                                    \
	       p->readings(p->ctx,                                                                                    \
			   &(struct store_custody){ .message_id = "m1", .attachment = 1, .action = what, .by = who }, \
			   (struct cy_wall){ since }, see_link, &s))

static void put_reading(struct contract *t, const char *client, int64_t at, uint64_t from, uint64_t to)
{
	add(t, STORE_PUT_CUSTODY)->custody = (struct store_custody){ .message_id = "m1",
								     .attachment = 1,
								     .at = { at },
								     .action = "read",
								     .by = client,
								     .text = "",
								     .proof = "",
								     .leaf = 1,
								     .form = AUDIT_CUSTODY_WHOLE,
								     .from = from,
								     .to = to,
								     .count = 1,
								     .last = { at } };
}

static void readings_are_counted_and_come_page_by_page(void **state)
{
	static const char salt[] = "00112233445566778899aabbccddeeff";
	struct contract *t = *state;
	struct store_write *w;

	make_cases(t);
	for (uint64_t i = 0; i < 2; i++) {
		w = add(t, STORE_PUT_LEAF);
		w->leaf.index = i;
		w->leaf.hash = sample_digest(i == 0 ? '\x01' : '\x02');
		w->leaf.data = cy_bytes("leaf", 4);
	}
	add(t, STORE_PUT_CUSTODY)->custody = (struct store_custody){ .message_id = "m1",
								     .attachment = 1,
								     .at = { 5 },
								     .action = "held",
								     .by = "US",
								     .text = "appeal",
								     .salt = salt,
								     .words = sample_digest('\x03'),
								     .proof = "",
								     .form = AUDIT_CUSTODY_WHOLE };
	put_reading(t, "desk", 10, 7, UINT64_C(1) << 62);
	put_reading(t, "archive", 20, 0, 0);
	put_custody(t, "m1", 1, 30, "verified", "", 0);
	assert_int_equal(commit(t), CY_OK);
	for (int64_t at = 50; at > 30; at -= 10)
		add(t, STORE_COUNT_CUSTODY)->custody =
			(struct store_custody){ .message_id = "m1", .no = 2, .last = { at } };
	assert_int_equal(commit(t), CY_OK);
	restart(t);
#define HELD     "1 held by US '00112233445566778899aabbccddeeffappeal' form 1 words 08 hash 4b bytes 0 to 0, 0 until 0\n"
#define DESK     "2 read by desk '' form 1 words 00 hash db bytes 7 to 4611686018427387904, 3 until 50\n"
#define ARCHIVE  "3 read by archive '' form 1 words 00 hash db bytes 0 to 0, 1 until 20\n"
#define VERIFIED "4 verified by US '' form 0 words 00 hash 00 bytes 0 to 0, 0 until 0\n"
	LINKS(t, HELD DESK ARCHIVE VERIFIED, 0, 9);
	LINKS(t, HELD DESK, 0, 2);
	LINKS(t, ARCHIVE VERIFIED, 2, 2);
	LINKS(t, "", 4, 2);
	READINGS(t, DESK, "read", "desk", 10);
	READINGS(t, "", "read", "desk", 11);
	READINGS(t, "", "read_end", "desk", 0);
	READINGS(t, ARCHIVE, "read", "archive", 0);
	READINGS(t, "", "verified", "US", 0);
	READINGS(t, "", "held", "US", 0);
}

static void evidence_of_no_message_is_refused_with_its_write_set(void **state)
{
	struct contract *t = *state;
	const struct cy_digest a = sample_digest('a');

	make_cases(t);
	assert_int_equal(commit(t), CY_OK);
	for (int wrong = 0; wrong < 5; wrong++) {
		add(t, STORE_PUT_UPLOAD)->upload = (struct store_upload){ .client = "desk", .sha256 = a, .size = 10 };
		put(t, "IE", "c1", "m1", 1, STORE_PEER, STORE_EVIDENCE_WAITING);
		put_custody(t, "m1", 1, 10, "arrived", "text", 5);
		if (wrong == 0)
			put(t, "IE", "c1", "m9", 1, STORE_PEER, STORE_EVIDENCE_WAITING);
		else if (wrong == 1)
			put(t, "IE", "c2", "m1", 2, STORE_PEER, STORE_EVIDENCE_WAITING);
		else if (wrong == 2)
			put(t, "IE", "c1", "m1", 2, STORE_OWN, STORE_EVIDENCE_WAITING);
		else
			put_custody(t, "m9", 1, 10, "arrived", wrong == 3 ? "text" : "", 6);
		assert_int_equal(commit(t), CY_ESTORE);
		assert_non_null(strstr(t->why, "message"));
		LIST(t, "", NULL, .peer = "", .case_id = "", .after_message = "", .limit = 9);
		assert_int_equal(t->port.get_upload(t->port.ctx, "desk", &a, NULL, NULL), CY_ENOENT);
		CUSTODY(t, CY_OK, "", "m1", 1);
		sums_are(t, "IE", "c1", 0, 0);
	}
	put_message(t, "IE", "c1", "m9", STORE_PEER, 9);
	put(t, "IE", "c1", "m9", 1, STORE_PEER, STORE_EVIDENCE_WAITING);
	assert_int_equal(commit(t), CY_OK);
	WAITING(t, "m9/1", "IE", 9);
}

static const struct CMUnitTest tests_of_the_contract[] = {
	cmocka_unit_test(evidence_is_found_by_its_key_and_replaced),
	cmocka_unit_test(evidence_is_listed_by_pages_for_who_may_see_it),
	cmocka_unit_test(the_most_urgent_evidence_waits_first),
	cmocka_unit_test(offers_are_known_by_peer),
	cmocka_unit_test(the_same_content_is_found_everywhere),
	cmocka_unit_test(what_is_past_its_retention_comes_the_earliest_first),
	cmocka_unit_test(what_its_receiver_has_had_comes_the_earliest_first),
	cmocka_unit_test(what_was_verified_longest_ago_comes_first_and_what_has_a_flaw_by_itself),
	cmocka_unit_test(what_quotas_hold_back_is_found_page_by_page),
	cmocka_unit_test(what_is_to_be_stated_comes_case_by_case),
	cmocka_unit_test(sums_follow_what_is_held),
	cmocka_unit_test(sums_beyond_64_bits_are_the_highest),
	cmocka_unit_test(the_chain_of_custody_is_in_the_order_of_writing),
	cmocka_unit_test(readings_are_counted_and_come_page_by_page),
	cmocka_unit_test(evidence_of_no_message_is_refused_with_its_write_set),
};
CONTRACT_TESTS(contract_evidence);
