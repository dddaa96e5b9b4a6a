/* Evidence, uploads and custody through the store's port. Each write-set goes to the
 * real store and to the simulator's, and both must answer what is expected. */
#include "store_two.h"

/* ------------------------------------------------------------------- writing */

static void put_case(struct two *t, const char *peer, const char *case_id, const char *client)
{
	add(t->f, STORE_PUT_CASE)->case_row = (struct store_case){ .peer = peer,
								   .case_id = case_id,
								   .side = CY_SIDE__REQUESTING,
								   .own_reference = "",
								   .peer_reference = "",
								   .client = client,
								   .title = "t",
								   .instrument = "",
								   .state = "" };
}

static void put_message(struct two *t, const char *peer, const char *case_id, const char *id, enum store_author author,
			uint32_t number)
{
	add(t->f, STORE_PUT_MESSAGE)->message = (struct store_message){ .id = id,
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

static struct cy_digest content(char c)
{
	return cy_sha256(cy_bytes(&c, 1));
}

static struct store_evidence *put(struct two *t, const char *peer, const char *case_id, const char *message,
				  uint32_t attachment, enum store_author author, enum store_evidence_state state)
{
	struct store_evidence *e = &add(t->f, STORE_PUT_EVIDENCE)->evidence;

	*e = (struct store_evidence){ .message_id = message,
				      .attachment = attachment,
				      .peer = peer,
				      .case_id = case_id,
				      .author = author,
				      .number = 1,
				      .priority = CY_PRIORITY__NORMAL,
				      .size = 100,
				      .sha256 = content('x'),
				      .root = content('r'),
				      .state = state,
				      .reason = "" };
	return e;
}

static void put_stream(struct two *t, const char *peer, uint32_t features)
{
	add(t->f, STORE_PUT_STREAM)->stream = (struct store_stream){ .peer = peer, .features = features };
}

/* Two cases of IE, one of them the desk's, and the desk's of DE. */
static void make_cases(struct two *t)
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

struct seen {
	char text[2048];
	size_t n;
};

__attribute__((format(printf, 2, 3))) static int note(struct seen *s, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	s->n += (size_t)vsnprintf(s->text + s->n, sizeof s->text - s->n, fmt, ap);
	va_end(ap);
	assert_true(s->n < sizeof s->text);
	return CY_OK;
}

static int see_key(void *arg, const struct store_evidence *e)
{
	return note(arg, "%s%s/%u", ((struct seen *)arg)->n > 0 ? " " : "", e->message_id, e->attachment);
}

static int see_all(void *arg, const struct store_evidence *e)
{
	struct cy_digest x = content('x'), r = content('r');

	return note(arg, "%s/%u %s %s %d %u %d %llu %d%d %d %d '%s' %d %lld %lld %d %d %d %lld %d %lld %d",
		    e->message_id, e->attachment, e->peer, e->case_id, (int)e->author, e->number, (int)e->priority,
		    (unsigned long long)e->size, memcmp(&e->sha256, &x, sizeof x) == 0,
		    memcmp(&e->root, &r, sizeof r) == 0, e->send_always, (int)e->state, e->reason, (int)e->verdict,
		    (long long)e->arrived.ms, (long long)e->retain_until.ms, e->hold, e->retrieved, e->unstated,
		    (long long)e->settled.ms, e->deleted, (long long)e->verified.ms, (int)e->flaw);
}

static int see_upload(void *arg, const struct store_upload *u)
{
	static const char names[] = "abcdef";
	const char *c = names;
	struct cy_digest d, r = content('r');

	while (d = content(*c), memcmp(&d, &u->sha256, sizeof d) != 0)
		c++;
	assert_memory_equal(&r, &u->root, sizeof r);
	return note(arg, "%s%s/%c %llu at %lld", ((struct seen *)arg)->n > 0 ? ", " : "", u->client, *c,
		    (unsigned long long)u->size, (long long)u->at.ms);
}

static int see_custody(void *arg, const struct store_custody *c)
{
	return note(arg, "%s/%u %lld %s by %s '%s' '%s' %llu\n", c->message_id, c->attachment, (long long)c->at.ms,
		    c->action, c->by, c->text, c->proof, (unsigned long long)c->leaf);
}

/* What a read of either port `p` gives to `&s`. */
#define EXPECT(t, code, expected, read)                             \
	do {                                                        \
		for (int k = 0; k < 2; k++) {                       \
			const struct store_port *p = (t)->ports[k]; \
			struct seen s = { .n = 0 };                 \
                                                                    \
			assert_int_equal(read, code);               \
			assert_string_equal(s.text, expected);      \
		}                                                   \
	} while (0)

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

static void sums_are(struct two *t, const char *peer, const char *case_id, uint64_t of_peer, uint64_t of_case)
{
	for (int k = 0; k < 2; k++) {
		uint64_t a = 1, b = 1;

		assert_int_equal(t->ports[k]->evidence_bytes(t->ports[k]->ctx, peer, case_id, &a, &b), CY_OK);
		assert_int_equal(a, of_peer);
		assert_int_equal(b, of_case);
	}
}

/* --------------------------------------------------------------------- tests */

static void evidence_is_found_by_its_key_and_replaced(void **state)
{
	struct two *t = *state;
	struct store_evidence *e;

	make_cases(t);
	e = put(t, "IE", "c1", "m1", 2, STORE_PEER, STORE_EVIDENCE_WAITING);
	e->number = 7;
	e->priority = CY_PRIORITY__HIGH;
	e->size = CY_EVIDENCE_MAX;
	e->send_always = true;
	assert_int_equal(commit_both(t), CY_OK);
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
	e->hold = true;
	e->retrieved = true;
	e->unstated = true;
	e->settled.ms = 13;
	e->deleted = true;
	e->verified.ms = 14;
	e->flaw = STORE_MISSING;
	assert_int_equal(commit_both(t), CY_OK);
	reopen(t->f);
	EXPECT(t, CY_OK, "m1/2 IE c1 1 8 1 70368744177664 11 0 4 'chunk 3' 2 11 12 1 1 1 13 1 14 2",
	       p->get_evidence(p->ctx, "m1", 2, see_all, &s));
	LIST(t, "m1/2", NULL, .peer = "", .case_id = "", .after_message = "", .limit = 9);
}

static void evidence_is_listed_by_pages_for_who_may_see_it(void **state)
{
	struct two *t = *state;

	make_cases(t);
	put(t, "IE", "c1", "m4", 1, STORE_PEER, STORE_EVIDENCE_WAITING);
	put(t, "IE", "c1", "m1", 10, STORE_PEER, STORE_EVIDENCE_HERE);
	put(t, "IE", "c1", "m1", 9, STORE_PEER, STORE_EVIDENCE_WAITING);
	put(t, "IE", "c2", "m2", 1, STORE_PEER, STORE_EVIDENCE_WAITING);
	put(t, "DE", "c3", "m3", 1, STORE_PEER, STORE_EVIDENCE_WAITING);
	put(t, "IE", "c1", "m5", 1, STORE_OWN, STORE_EVIDENCE_OFFERED);
	assert_int_equal(commit_both(t), CY_OK);

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
	struct two *t = *state;

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
	assert_int_equal(commit_both(t), CY_OK);
	WAITING(t, "m4/1 m1/2 m2/1 m2/2 m1/1", "IE", 9);
	WAITING(t, "m4/1 m1/2", "IE", 2);
	WAITING(t, "m3/1", "DE", 9);
	EXPECT(t, CY_OK, "m1/2 m2/1", p->waiting_after(p->ctx, "IE", CY_PRIORITY__NORMAL, "", 0, 2, see_key, &s));
	EXPECT(t, CY_OK, "m2/2", p->waiting_after(p->ctx, "IE", CY_PRIORITY__NORMAL, "m2", 1, 9, see_key, &s));
	put(t, "IE", "c1", "m1", 1, STORE_PEER, STORE_EVIDENCE_WAITING)->priority = CY_PRIORITY__EMERGENCY;
	put(t, "IE", "c1", "m4", 1, STORE_PEER, STORE_EVIDENCE_HERE)->priority = CY_PRIORITY__EMERGENCY;
	assert_int_equal(commit_both(t), CY_OK);
	WAITING(t, "m1/1 m1/2 m2/1 m2/2", "IE", 9);
}

static void offers_are_known_by_peer(void **state)
{
	struct two *t = *state;

	make_cases(t);
	put(t, "IE", "c1", "m1", 1, STORE_PEER, STORE_EVIDENCE_WAITING);
	put(t, "IE", "c1", "m5", 1, STORE_OWN, STORE_EVIDENCE_OFFERED);
	assert_int_equal(commit_both(t), CY_OK);
	for (int k = 0; k < 4; k++) {
		const struct store_port *p = t->ports[k % 2];
		bool of_ie = false, of_de = true;

		if (k == 2) {
			put(t, "IE", "c1", "m5", 1, STORE_OWN, STORE_EVIDENCE_HERE);
			assert_int_equal(commit_both(t), CY_OK);
		}
		assert_int_equal(p->offered_evidence(p->ctx, "IE", &of_ie), CY_OK);
		assert_int_equal(p->offered_evidence(p->ctx, "DE", &of_de), CY_OK);
		assert_int_equal(of_ie, k < 2);
		assert_false(of_de);
	}
}

static void the_same_content_is_found_everywhere(void **state)
{
	struct two *t = *state;
	const struct cy_digest x = content('x'), y = content('y'), z = content('z');

	make_cases(t);
	put(t, "IE", "c1", "m5", 1, STORE_OWN, STORE_EVIDENCE_OFFERED);
	put(t, "DE", "c3", "m3", 1, STORE_PEER, STORE_EVIDENCE_WAITING);
	put(t, "IE", "c1", "m1", 2, STORE_PEER, STORE_EVIDENCE_DESTROYED);
	put(t, "IE", "c1", "m1", 1, STORE_PEER, STORE_EVIDENCE_HERE)->sha256 = y;
	assert_int_equal(commit_both(t), CY_OK);
	EXPECT(t, CY_OK, "m1/2 m3/1 m5/1", p->same_evidence(p->ctx, &x, see_key, &s));
	EXPECT(t, CY_OK, "m1/1", p->same_evidence(p->ctx, &y, see_key, &s));
	EXPECT(t, CY_OK, "", p->same_evidence(p->ctx, &z, see_key, &s));
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
	struct two *t = *state;

	make_cases(t);
	got(put(t, "IE", "c1", "m1", 1, STORE_PEER, STORE_EVIDENCE_HERE), 50);
	got(put(t, "DE", "c3", "m3", 1, STORE_PEER, STORE_EVIDENCE_HERE), 40);
	got(put(t, "IE", "c2", "m2", 2, STORE_PEER, STORE_EVIDENCE_HERE), 50);
	got(put(t, "IE", "c2", "m2", 1, STORE_PEER, STORE_EVIDENCE_HERE), 0);     /* for ever */
	got(put(t, "IE", "c1", "m1", 2, STORE_PEER, STORE_EVIDENCE_WAITING), 45); /* to be fetched again */
	got(put(t, "IE", "c1", "m1", 4, STORE_PEER, STORE_EVIDENCE_WAITING), 10)->retrieved = false;
	got(put(t, "IE", "c1", "m1", 3, STORE_PEER, STORE_EVIDENCE_DESTROYED), 10);
	got(put(t, "IE", "c1", "m5", 1, STORE_OWN, STORE_EVIDENCE_HERE), 10);
	got(put(t, "IE", "c1", "m4", 1, STORE_PEER, STORE_EVIDENCE_HERE), 10)->hold = true;
	/* Disputed, and never fetched by a client. */
	got(put(t, "IE", "c1", "m4", 2, STORE_PEER, STORE_EVIDENCE_HERE), 10)->verdict = CY_EVIDENCE_STATE__REJECTED;
	got(put(t, "IE", "c1", "m4", 3, STORE_PEER, STORE_EVIDENCE_HERE), 10)->retrieved = false;
	assert_int_equal(commit_both(t), CY_OK);
	OVERDUE(t, "", "DE", 40, 9);
	OVERDUE(t, "m3/1", "DE", 41, 9);
	OVERDUE(t, "m1/2", "IE", 50, 9);
	OVERDUE(t, "m1/2 m1/1 m2/2", "IE", 51, 9);
	OVERDUE(t, "m1/2", "IE", 51, 1);
	got(put(t, "IE", "c1", "m4", 1, STORE_PEER, STORE_EVIDENCE_HERE), 10); /* the hold is over */
	got(put(t, "DE", "c3", "m3", 1, STORE_PEER, STORE_EVIDENCE_DESTROYED), 40);
	assert_int_equal(commit_both(t), CY_OK);
	OVERDUE(t, "m4/1 m1/2 m1/1 m2/2", "IE", 51, 9);
	OVERDUE(t, "", "DE", 51, 9);
}

/* Ours, settled at a time. */
static struct store_evidence *settled(struct two *t, const char *message_id, uint32_t attachment, int64_t at,
				      enum store_evidence_state state)
{
	struct store_evidence *e = put(t, "IE", "c1", message_id, attachment, STORE_OWN, state);

	e->settled.ms = at;
	return e;
}

static void what_its_receiver_has_had_comes_the_earliest_first(void **state)
{
	struct two *t = *state;

	make_cases(t);
	settled(t, "m5", 1, 50, STORE_EVIDENCE_HERE);
	settled(t, "m5", 2, 40, STORE_EVIDENCE_DESTROYED);
	settled(t, "m5", 3, 0, STORE_EVIDENCE_HERE);
	settled(t, "m5", 4, 10, STORE_EVIDENCE_OFFERED); /* never delivered */
	settled(t, "m5", 5, 10, STORE_EVIDENCE_HERE)->hold = true;
	settled(t, "m5", 6, 10, STORE_EVIDENCE_HERE)->verdict = CY_EVIDENCE_STATE__REJECTED;
	settled(t, "m5", 7, 10, STORE_EVIDENCE_HERE)->deleted = true;
	put(t, "IE", "c1", "m1", 1, STORE_PEER, STORE_EVIDENCE_HERE)->settled.ms = 10;
	assert_int_equal(commit_both(t), CY_OK);
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
	struct two *t = *state;
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
	assert_int_equal(commit_both(t), CY_OK);
	UNVERIFIED(t, "m5/2 m3/1 m5/1 m1/1", 31, 9);
	UNVERIFIED(t, "m5/2 m3/1", 20, 9);
	UNVERIFIED(t, "m5/2", 20, 1);
	UNVERIFIED_AFTER(t, "m5/1 m1/1", 10, "m3", 1, 31, 9);
	UNVERIFIED_AFTER(t, "m3/1", 10, "m2", 7, 31, 1);
	UNVERIFIED_AFTER(t, "", 30, "m1", 1, 31, 9);
	FLAWED(t, "m4/1 m5/4", "", 0, 9);
	FLAWED(t, "m5/4", "m4", 1, 9);
	FLAWED(t, "m4/1", "", 0, 1);
	put(t, "IE", "c1", "m5", 4, STORE_OWN, STORE_EVIDENCE_HERE)->verified.ms = 5;
	assert_int_equal(commit_both(t), CY_OK);
	UNVERIFIED(t, "m5/2 m5/4", 6, 9);
	FLAWED(t, "m4/1", "", 0, 9);
}

static void what_quotas_hold_back_is_found_page_by_page(void **state)
{
	struct two *t = *state;

	make_cases(t);
	put(t, "IE", "c1", "m1", 1, STORE_PEER, STORE_EVIDENCE_HELD_BACK);
	put(t, "IE", "c1", "m1", 2, STORE_PEER, STORE_EVIDENCE_WAITING);
	put(t, "DE", "c3", "m3", 7, STORE_PEER, STORE_EVIDENCE_HELD_BACK);
	put(t, "IE", "c2", "m2", 1, STORE_PEER, STORE_EVIDENCE_HELD_BACK);
	put(t, "IE", "c1", "m5", 1, STORE_OWN, STORE_EVIDENCE_HELD_BACK);
	assert_int_equal(commit_both(t), CY_OK);
	EXPECT(t, CY_OK, "m1/1 m2/1", p->held_back_evidence(p->ctx, "", 0, 2, see_key, &s));
	EXPECT(t, CY_OK, "m3/7", p->held_back_evidence(p->ctx, "m2", 1, 2, see_key, &s));
	EXPECT(t, CY_OK, "", p->held_back_evidence(p->ctx, "m3", 7, 2, see_key, &s));
}

static void what_is_to_be_stated_comes_case_by_case(void **state)
{
	struct two *t = *state;
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
	assert_int_equal(commit_both(t), CY_OK);
	/* Nobody has said what it understands: what is stated to whom is not known yet. */
	EXPECT(t, CY_OK, "", p->unstated_evidence(p->ctx, 9, see_key, &s));
	put_stream(t, "IE", 1);
	put_stream(t, "DE", 0);
	assert_int_equal(commit_both(t), CY_OK);
	EXPECT(t, CY_OK, "m1/2 m4/1 m2/1", p->unstated_evidence(p->ctx, 9, see_key, &s));
	EXPECT(t, CY_OK, "m1/2", p->unstated_evidence(p->ctx, 1, see_key, &s));
	put(t, "IE", "c1", "m1", 2, STORE_PEER, STORE_EVIDENCE_DESTROYED);
	assert_int_equal(commit_both(t), CY_OK);
	EXPECT(t, CY_OK, "m4/1 m2/1", p->unstated_evidence(p->ctx, 9, see_key, &s));
	/* What it had been told comes back from it first. */
	add(t->f, STORE_PUT_STREAM)->stream = (struct store_stream){ .peer = "IE", .features = 1, .reconciling = true };
	assert_int_equal(commit_both(t), CY_OK);
	EXPECT(t, CY_OK, "", p->unstated_evidence(p->ctx, 9, see_key, &s));
}

static void sums_follow_what_is_held(void **state)
{
	struct two *t = *state;

	make_cases(t);
	sums_are(t, "IE", "c1", 0, 0);
	put(t, "IE", "c1", "m1", 1, STORE_PEER, STORE_EVIDENCE_WAITING)->size = 5000000000;
	put(t, "IE", "c1", "m4", 1, STORE_PEER, STORE_EVIDENCE_HERE)->size = 7;
	put(t, "IE", "c1", "m4", 2, STORE_PEER, STORE_EVIDENCE_HELD_BACK)->size = 4000000000;
	put(t, "IE", "c2", "m2", 1, STORE_PEER, STORE_EVIDENCE_WAITING)->size = 4294967295;
	put(t, "DE", "c3", "m3", 1, STORE_PEER, STORE_EVIDENCE_WAITING)->size = 3;
	put(t, "IE", "c1", "m5", 1, STORE_OWN, STORE_EVIDENCE_HERE)->size = 1000;
	assert_int_equal(commit_both(t), CY_OK);
	sums_are(t, "IE", "c1", 9294967302, 5000000007);
	sums_are(t, "IE", "c2", 9294967302, 4294967295);
	sums_are(t, "IE", "c3", 9294967302, 0);
	sums_are(t, "DE", "c3", 3, 3);
	sums_are(t, "FR", "c1", 0, 0);

	put(t, "IE", "c1", "m1", 1, STORE_PEER, STORE_EVIDENCE_HERE)->size = 5000000000;
	put(t, "IE", "c1", "m4", 1, STORE_PEER, STORE_EVIDENCE_DESTROYED)->size = 7;
	put(t, "IE", "c1", "m4", 2, STORE_PEER, STORE_EVIDENCE_WAITING)->size = 4000000000;
	assert_int_equal(commit_both(t), CY_OK);
	sums_are(t, "IE", "c1", 13294967295, 9000000000);
	put(t, "IE", "c1", "m1", 1, STORE_PEER, STORE_EVIDENCE_MISMATCHED)->size = 5000000000;
	put(t, "IE", "c1", "m4", 2, STORE_PEER, STORE_EVIDENCE_DESTROYED)->size = 4000000000;
	put(t, "IE", "c2", "m2", 1, STORE_PEER, STORE_EVIDENCE_DESTROYED)->size = 4294967295;
	assert_int_equal(commit_both(t), CY_OK);
	sums_are(t, "IE", "c1", 0, 0);
	sums_are(t, "DE", "c3", 3, 3);
}

/* A peer may announce more than 64 bits hold: no commit fails of it. */
static void sums_beyond_64_bits_are_the_highest(void **state)
{
	struct two *t = *state;

	make_cases(t);
	for (uint32_t i = 1; i <= 5; i++)
		put(t, "IE", "c1", "m1", i, STORE_PEER, STORE_EVIDENCE_WAITING)->size = UINT64_C(1) << 62;
	assert_int_equal(commit_both(t), CY_OK);
	sums_are(t, "IE", "c1", UINT64_MAX, UINT64_MAX);
	for (uint32_t i = 1; i <= 4; i++)
		put(t, "IE", "c1", "m1", i, STORE_PEER, STORE_EVIDENCE_HELD_BACK)->size = UINT64_C(1) << 62;
	assert_int_equal(commit_both(t), CY_OK);
	sums_are(t, "IE", "c1", UINT64_C(1) << 62, UINT64_C(1) << 62);
}

static void put_upload(struct two *t, const char *client, char c, uint64_t size, int64_t at)
{
	add(t->f, STORE_PUT_UPLOAD)->upload = (struct store_upload){
		.client = client, .sha256 = content(c), .root = content('r'), .size = size, .at = { at }
	};
}

static void upload_sums_are(struct two *t, const char *client, uint64_t expected)
{
	for (int k = 0; k < 2; k++) {
		uint64_t n = 1;

		assert_int_equal(t->ports[k]->upload_bytes(t->ports[k]->ctx, client, &n), CY_OK);
		assert_int_equal(n, expected);
	}
}

#define UPLOADS(t, expected, digest, from, before, limit)                                                          \
	EXPECT(t, CY_OK, expected,                                                                                 \
	       p->uploads(p->ctx, digest, (struct cy_wall){ from }, (struct cy_wall){ before }, limit, see_upload, \
			  &s))

static void uploads_are_kept_by_client_and_content(void **state)
{
	struct two *t = *state;
	const struct cy_digest a = content('a'), b = content('b'), f = content('f');

	upload_sums_are(t, "desk", 0);
	put_upload(t, "desk", 'b', 20, 300);
	put_upload(t, "desk", 'a', 10, 200);
	put_upload(t, "clerk", 'a', 10, 100);
	put_upload(t, "archive", 'c', 0, 200);
	assert_int_equal(commit_both(t), CY_OK);
	EXPECT(t, CY_OK, "desk/a 10 at 200", p->get_upload(p->ctx, "desk", &a, see_upload, &s));
	EXPECT(t, CY_ENOENT, "", p->get_upload(p->ctx, "clerk", &b, see_upload, &s));
	UPLOADS(t, "clerk/a 10 at 100, archive/c 0 at 200, desk/a 10 at 200, desk/b 20 at 300", NULL, 0, INT64_MAX, 9);
	UPLOADS(t, "clerk/a 10 at 100, archive/c 0 at 200, desk/a 10 at 200", NULL, 0, 300, 9);
	UPLOADS(t, "clerk/a 10 at 100, archive/c 0 at 200", NULL, 0, 300, 2);
	UPLOADS(t, "archive/c 0 at 200, desk/a 10 at 200", NULL, 200, 300, 9);
	UPLOADS(t, "desk/a 10 at 200", &a, 101, 300, 9);
	UPLOADS(t, "clerk/a 10 at 100, desk/a 10 at 200", &a, 0, 300, 9);
	UPLOADS(t, "clerk/a 10 at 100", &a, 0, 200, 9);
	UPLOADS(t, "clerk/a 10 at 100", &a, 0, 300, 1);
	UPLOADS(t, "", &f, 0, 300, 9);
	upload_sums_are(t, "desk", 30);
	upload_sums_are(t, "clerk", 10);

	put_upload(t, "desk", 'a', 10, 400);
	add(t->f, STORE_DROP_UPLOAD)->upload = (struct store_upload){ .client = "clerk", .sha256 = content('a') };
	add(t->f, STORE_DROP_UPLOAD)->upload = (struct store_upload){ .client = "clerk", .sha256 = content('e') };
	assert_int_equal(commit_both(t), CY_OK);
	reopen(t->f);
	UPLOADS(t, "archive/c 0 at 200, desk/b 20 at 300, desk/a 10 at 400", NULL, 0, INT64_MAX, 9);
	UPLOADS(t, "desk/a 10 at 400", &a, 0, INT64_MAX, 9);
	upload_sums_are(t, "desk", 30);
	upload_sums_are(t, "clerk", 0);
}

static void put_custody(struct two *t, const char *message, uint32_t attachment, int64_t at, const char *action,
			const char *text, uint64_t leaf)
{
	add(t->f, STORE_PUT_CUSTODY)->custody = (struct store_custody){ .message_id = message,
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
	struct two *t = *state;

	make_cases(t);
	put_custody(t, "m1", 1, 20, "arrived", "", 5);
	put_custody(t, "m1", 2, 20, "arrived", "", 6);
	put_custody(t, "m1", 1, 10, "held", "appeal is pending", 7);
	assert_int_equal(commit_both(t), CY_OK);
	put_custody(t, "m1", 1, 10, "verified", "", 0);
	put_custody(t, "m1", 1, 10, "held", "appeal is pending", UINT64_C(1) << 40);
	assert_int_equal(commit_both(t), CY_OK);
	reopen(t->f);
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

static void put_reading(struct two *t, const char *client, int64_t at, uint64_t from, uint64_t to)
{
	add(t->f, STORE_PUT_CUSTODY)->custody = (struct store_custody){ .message_id = "m1",
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
	struct two *t = *state;
	struct store_write *w;

	make_cases(t);
	for (uint64_t i = 0; i < 2; i++) {
		w = add(t->f, STORE_PUT_LEAF);
		w->leaf.index = i;
		w->leaf.hash = content(i == 0 ? '\x01' : '\x02');
		w->leaf.data = cy_bytes("leaf", 4);
	}
	add(t->f, STORE_PUT_CUSTODY)->custody = (struct store_custody){ .message_id = "m1",
									.attachment = 1,
									.at = { 5 },
									.action = "held",
									.by = "US",
									.text = "appeal",
									.salt = salt,
									.words = content('\x03'),
									.proof = "",
									.form = AUDIT_CUSTODY_WHOLE };
	put_reading(t, "desk", 10, 7, UINT64_C(1) << 62);
	put_reading(t, "archive", 20, 0, 0);
	put_custody(t, "m1", 1, 30, "verified", "", 0);
	assert_int_equal(commit_both(t), CY_OK);
	for (int64_t at = 50; at > 30; at -= 10)
		add(t->f, STORE_COUNT_CUSTODY)->custody =
			(struct store_custody){ .message_id = "m1", .no = 2, .last = { at } };
	assert_int_equal(commit_both(t), CY_OK);
	reopen(t->f);
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

static int see_sound(void *arg, const struct store_custody *c)
{
	const struct cy_digest x = content('x');

	return note(arg, "'%s' is %s", c->text, store_custody_sound(c, &x) ? "sound" : "not sound");
}

/* A statement behind the store's back. */
static void sql(struct two *t, const char *text)
{
	char path[96];
	sqlite3 *db;

	snprintf(path, sizeof path, "%s/comity.db", t->f->dir);
	assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
	if (sqlite3_exec(db, text, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s: %s", text, sqlite3_errmsg(db));
	sqlite3_close(db);
}

static void a_reason_is_unreadable_on_the_disk_and_erased_with_its_case(void **state)
{
	struct two *t = *state;
	const struct store_port *disk = &t->f->port;
	struct seen seen = { .n = 0 };
	char cmd[128];

	make_cases(t);
	put_custody(t, "m1", 1, 10, "held", MARKER, 7);
	put_custody(t, "m1", 2, 10, "released", "other", 8);
	assert_int_equal(commit_both(t), CY_OK);
	snprintf(cmd, sizeof cmd, "grep -rqs released '%s'", t->f->dir);
	assert_int_equal(system(cmd), 0);
	snprintf(cmd, sizeof cmd, "grep -rqs " MARKER " '%s'", t->f->dir);
	assert_int_not_equal(system(cmd), 0);
	CUSTODY(t, CY_OK, "m1/1 10 held by US '" MARKER "' '' 7\n", "m1", 1);

	/* Nobody who writes to the disk moves it to another attachment. */
	sql(t, "UPDATE custody SET attachment = 3 WHERE attachment = 1");
	assert_int_equal(disk->custody(disk->ctx, "m1", 3, 0, 99, see_custody, &seen), CY_EDAMAGED);

	sql(t, "UPDATE case_key SET wrapped = NULL WHERE case_id = 'c1'");
	assert_int_equal(disk->custody(disk->ctx, "m1", 2, 0, 99, see_custody, &seen), CY_OK);
	assert_string_equal(seen.text, "m1/2 10 released by US '' '' 8\n");
}

static void evidence_of_no_message_is_refused_with_its_write_set(void **state)
{
	struct two *t = *state;
	const struct cy_digest a = content('a');

	make_cases(t);
	assert_int_equal(commit_both(t), CY_OK);
	for (int wrong = 0; wrong < 5; wrong++) {
		put_upload(t, "desk", 'a', 10, 100);
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
		assert_int_equal(commit_both(t), CY_ESTORE);
		assert_non_null(strstr(t->f->why, "message"));
		LIST(t, "", NULL, .peer = "", .case_id = "", .after_message = "", .limit = 9);
		EXPECT(t, CY_ENOENT, "", p->get_upload(p->ctx, "desk", &a, see_upload, &s));
		CUSTODY(t, CY_OK, "", "m1", 1);
		sums_are(t, "IE", "c1", 0, 0);
		upload_sums_are(t, "desk", 0);
	}
	put_message(t, "IE", "c1", "m9", STORE_PEER, 9);
	put(t, "IE", "c1", "m9", 1, STORE_PEER, STORE_EVIDENCE_WAITING);
	assert_int_equal(commit_both(t), CY_OK);
	WAITING(t, "m9/1", "IE", 9);
}

/* Whoever is to see a case sees its evidence, whichever of the two was written first. */
static void evidence_follows_its_case_to_the_client(void **state)
{
	struct two *t = *state;
	struct fixture *f = t->f;
	const struct store_evidence_query q = { .peer = "", .case_id = "", .after_message = "", .limit = 9 };
	static const char *const clients[] = { "desk", "clerk" };

	put_message(t, "IE", "c1", "m1", STORE_PEER, 1);
	put(t, "IE", "c1", "m1", 1, STORE_PEER, STORE_EVIDENCE_WAITING);
	for (int k = 0; k < 2; k++) {
		put_case(t, "IE", "c1", clients[k]);
		assert_int_equal(commit(f), CY_OK);
		for (int who = 0; who < 2; who++) {
			const struct store_view view = { .client = clients[who] };
			struct seen s = { .n = 0 };

			assert_int_equal(f->port.list_evidence(f->port.ctx, view, &q, see_key, &s), CY_OK);
			assert_string_equal(s.text, who == k ? "m1/1" : "");
		}
	}
}

static int note_column(void *arg, int n, char **values, char **names)
{
	struct cy_buf *b = arg;

	(void)names;
	for (int i = 0; i < n; i++)
		assert_int_equal(cy_buf_addf(b, "%s\n", values[i] != NULL ? values[i] : ""), CY_OK);
	return 0;
}

static void read_schema(struct two *t, struct cy_buf *out)
{
	char path[96];
	sqlite3 *db;

	*out = CY_BUF(1 << 20);
	snprintf(path, sizeof path, "%s/comity.db", t->f->dir);
	assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "SELECT type, name, sql FROM sqlite_schema ORDER BY type, name", note_column,
				      out, NULL),
			 SQLITE_OK);
	sqlite3_close(db);
}

#define LATER                                                                                       \
	BEFORE_ERASURE                                                                              \
	"ALTER TABLE stream DROP COLUMN features; ALTER TABLE stream DROP COLUMN rejected;"         \
	"ALTER TABLE stream DROP COLUMN out_epoch; ALTER TABLE stream DROP COLUMN receipted_epoch;" \
	"ALTER TABLE parcel DROP COLUMN dissolved; DROP INDEX evidence_delivered;"

static void a_store_from_before_evidence_keeps_what_it_holds(void **state)
{
	struct two *t = *state;
	struct store_counts counts;
	struct cy_buf before, after;

	make_cases(t);
	assert_int_equal(commit_both(t), CY_OK);
	read_schema(t, &before);
	store_sqlite_close(t->f->store);
	t->f->store = NULL;
	sql(t, LATER "DROP TRIGGER evidence_of_case; DROP TRIGGER evidence_of_client;"
		     "DROP TABLE custody; DROP TABLE evidence; DROP TABLE evidence_held;"
		     "DROP TABLE upload; DROP TABLE upload_held; PRAGMA user_version = 4");
	edited(t->f);
	reopen(t->f);
	read_schema(t, &after);
	assert_string_equal((const char *)before.data, (const char *)after.data);
	cy_buf_free(&before);
	cy_buf_free(&after);
	assert_int_equal(t->f->port.counts(t->f->port.ctx, &counts), CY_OK);
	assert_int_equal(counts.cases, 3);
	assert_int_equal(counts.messages, 5);
	put(t, "IE", "c1", "m1", 1, STORE_PEER, STORE_EVIDENCE_WAITING);
	put_custody(t, "m1", 1, 10, "held", "a text", 7);
	assert_int_equal(commit_both(t), CY_OK);
	WAITING(t, "m1/1", "IE", 9);
	LIST(t, "m1/1", "desk", .peer = "", .case_id = "", .after_message = "", .limit = 9);
	sums_are(t, "IE", "c1", 100, 100);
	CUSTODY(t, CY_OK, "m1/1 10 held by US 'a text' '' 7\n", "m1", 1);
}

static void a_store_from_before_copies_were_deleted_knows_what_is_settled(void **state)
{
	struct two *t = *state;
	struct cy_buf before, after;
	struct seen s = { .n = 0 };

	make_cases(t);
	put(t, "IE", "c1", "m5", 1, STORE_OWN, STORE_EVIDENCE_HERE)->verdict = CY_EVIDENCE_STATE__VERIFIED;
	put(t, "IE", "c1", "m5", 2, STORE_OWN, STORE_EVIDENCE_HERE);
	assert_int_equal(commit_both(t), CY_OK);
	read_schema(t, &before);
	store_sqlite_close(t->f->store);
	t->f->store = NULL;
	sql(t, LATER "DROP INDEX evidence_spent; ALTER TABLE evidence DROP COLUMN settled;"
		     "ALTER TABLE evidence DROP COLUMN deleted; PRAGMA user_version = 5");
	edited(t->f);
	reopen(t->f);
	read_schema(t, &after);
	assert_string_equal((const char *)before.data, (const char *)after.data);
	cy_buf_free(&before);
	cy_buf_free(&after);
	assert_int_equal(t->f->port.spent_evidence(t->f->port.ctx, "IE", (struct cy_wall){ 100 }, 9, see_key, &s),
			 CY_OK);
	assert_string_equal(s.text, "m5/1");
}

/* Its leaves are what they were: they hold neither time nor text. */
static void a_link_from_before_leaves_said_all_stays_what_it_is(void **state)
{
	struct two *t = *state;
	const struct cy_digest x = content('x');
	struct cy_buf before, after;
	struct seen s = { .n = 0 };
	struct store_write *w;
	struct store_custody link = { .message_id = "m1",
				      .attachment = 1,
				      .at = { 10 },
				      .action = "held",
				      .by = "US",
				      .text = "a",
				      .proof = "" };
	const struct audit_custody said = store_custody_said(&link, &x);

	make_cases(t);
	w = add(t->f, STORE_PUT_LEAF);
	w->leaf.hash = audit_custody_leaf(&said, AUDIT_CUSTODY_FIRST);
	w->leaf.data = cy_bytes("leaf", 4);
	add(t->f, STORE_PUT_CUSTODY)->custody = link;
	assert_int_equal(commit_both(t), CY_OK);
	read_schema(t, &before);
	store_sqlite_close(t->f->store);
	t->f->store = NULL;
	sql(t, BEFORE_LEAVES_SAID_ALL "PRAGMA user_version = 24");
	edited(t->f);
	reopen(t->f);
	read_schema(t, &after);
	assert_string_equal((const char *)before.data, (const char *)after.data);
	cy_buf_free(&before);
	cy_buf_free(&after);
	assert_int_equal(t->f->port.custody(t->f->port.ctx, "m1", 1, 0, 9, see_sound, &s), CY_OK);
	assert_string_equal(s.text, "'a' is sound");
}

/* A million rows make no read slow: each goes by its index, in its order. */
static void every_read_of_evidence_goes_by_an_index(void **state)
{
	struct two *t = *state;
	static const struct read_by reads[] = {
		{ R_GET_EVIDENCE, "e USING PRIMARY KEY (message_id=? AND attachment=?)" },
		{ R_EVIDENCE, "e USING PRIMARY KEY" },
		{ R_EVIDENCE_OF_CASE, "e USING INDEX evidence_by_case (case_no=? AND (message_id,attachment)>(?,?))" },
		{ R_EVIDENCE_OF_CLIENT,
		  "e USING INDEX evidence_by_client (client=? AND (message_id,attachment)>(?,?))" },
		{ R_EVIDENCE_OF_PEER, "e USING INDEX evidence_by_peer (peer=? AND (message_id,attachment)>(?,?))" },
		{ R_WAITING_EVIDENCE, "e USING INDEX evidence_waiting (peer=?)" },
		{ R_WAITING_AFTER,
		  "e USING INDEX evidence_waiting (peer=? AND priority=? AND (message_id,attachment)>(?,?))" },
		{ R_OFFERED_EVIDENCE, "evidence USING INDEX evidence_offered (peer=?)" },
		{ R_SAME_EVIDENCE, "e USING INDEX evidence_by_content (sha256=?)" },
		{ R_DELIVERED_EVIDENCE, "e USING INDEX evidence_delivered (sha256=? AND peer=?)" },
		{ R_OVERDUE_EVIDENCE, "e USING INDEX evidence_overdue (peer=? AND retain_until" },
		{ R_SPENT_EVIDENCE, "e USING INDEX evidence_spent (peer=? AND settled>? AND settled<?)" },
		/* None of these reads a row. */
		{ R_SAME_KEYS, "evidence USING COVERING INDEX evidence_by_content (sha256=?)" },
		{ R_UNVERIFIED_EVIDENCE,
		  "evidence USING COVERING INDEX evidence_unverified ((verified,message_id,attachment)>(?,?,?)"
		  " AND verified<?)" },
		{ R_FLAWED_EVIDENCE, "evidence USING COVERING INDEX evidence_flawed ((message_id,attachment)>(?,?))" },
		{ R_HELD_BACK_EVIDENCE, "e USING INDEX evidence_held_back" },
		{ R_EVIDENCE_BYTES, "p USING PRIMARY KEY (peer=? AND case_no=?)" },
		{ R_GET_UPLOAD, "upload USING PRIMARY KEY (client=? AND sha256=?)" },
		{ R_UPLOADS, "upload USING INDEX upload_by_age (at>? AND at<?)" },
		{ R_UPLOADS_OF_CONTENT, "upload USING INDEX upload_by_content (sha256=? AND at>? AND at<?)" },
		{ R_UPLOAD_BYTES, "upload_held USING PRIMARY KEY (client=?)" },
		{ R_CUSTODY, "q USING INDEX custody_of_evidence (message_id=? AND attachment=? AND rowid>?)" },
		{ R_READINGS,
		  "q USING INDEX custody_readings (message_id=? AND attachment=? AND action=? AND by=? AND at>?)" },
	};

	reads_go_by(t, reads, sizeof reads / sizeof reads[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST_TWO(evidence_is_found_by_its_key_and_replaced),
		TEST_TWO(evidence_is_listed_by_pages_for_who_may_see_it),
		TEST_TWO(the_most_urgent_evidence_waits_first),
		TEST_TWO(offers_are_known_by_peer),
		TEST_TWO(the_same_content_is_found_everywhere),
		TEST_TWO(what_is_past_its_retention_comes_the_earliest_first),
		TEST_TWO(what_its_receiver_has_had_comes_the_earliest_first),
		TEST_TWO(what_was_verified_longest_ago_comes_first_and_what_has_a_flaw_by_itself),
		TEST_TWO(what_quotas_hold_back_is_found_page_by_page),
		TEST_TWO(what_is_to_be_stated_comes_case_by_case),
		TEST_TWO(sums_follow_what_is_held),
		TEST_TWO(sums_beyond_64_bits_are_the_highest),
		TEST_TWO(uploads_are_kept_by_client_and_content),
		TEST_TWO(the_chain_of_custody_is_in_the_order_of_writing),
		TEST_TWO(readings_are_counted_and_come_page_by_page),
		TEST_TWO(a_reason_is_unreadable_on_the_disk_and_erased_with_its_case),
		TEST_TWO(evidence_of_no_message_is_refused_with_its_write_set),
		TEST_TWO(evidence_follows_its_case_to_the_client),
		TEST_TWO(a_store_from_before_evidence_keeps_what_it_holds),
		TEST_TWO(a_store_from_before_copies_were_deleted_knows_what_is_settled),
		TEST_TWO(a_link_from_before_leaves_said_all_stays_what_it_is),
		TEST_TWO(every_read_of_evidence_goes_by_an_index),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
