/* Two real nodes of which one, or both, are restored from backups, some of them several times: what must
 * be the same on both sides in the end (node/peers/reconcile.c, takeback.c, resend.c). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "erase_rig.h"

#define BACKLOG 100 /* more than a page of parcels in each of the sessions until both have fetched back */

static void say_notes(struct side *s, const char *case_id, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		submit(s, case_id, NOTE);
		settle(s->w);
	}
}

/* A request of US-OIA that IE has acknowledged; both have made backup 0. */
static struct world *with_case(char *case_id)
{
	struct world *w = with_open_case(case_id);

	submit(&w->b, case_id, ACK);
	settle(w);
	keep(&w->a, 0);
	keep(&w->b, 0);
	meet(w);
	return w;
}

/* One session, with whatever goodbye ends it. */
static void meet_once(struct world *w)
{
	w->clock.now += 1000;
	connect_both(w);
	settle(w);
	session_lost(w, "connection reset");
}

/* That a store is an older one is noticed by what the peer holds beyond it: a verdict alone does not show it. */
static void be_missed(struct side *s)
{
	submit(s, NULL, request);
	settle(s->w);
}

/* What waits there, 31 days without a connection. */
static void give_up_all(struct side *s)
{
	s->w->clock.now += INT64_C(31) * 86400000;
	node_wake(s->node);
	settle(s->w);
}

/* How often `what` was told. */
static size_t told(const struct world *w, const char *what)
{
	size_t n = 0;

	for (const char *at = (const char *)w->trace.data; (at = strstr(at, what)) != NULL; at++)
		n++;
	return n;
}

/* A side holds many parcels of its own of one epoch, and not the first one of it: an earlier restore had
 * fetched back what it lacked, and that parcel held nothing it lacked. Then the other side loses all of
 * them. They can never be taken as they are. */
static void leave_a_gap(struct side *s, const char *case_id)
{
	struct world *w = s->w;
	struct side *o = s == &w->a ? &w->b : &w->a;

	say_notes(s, case_id, 1);
	keep(s, 1);
	meet(w);
	say_notes(s, case_id, 1);
	restore(s, 1);
	meet(w); /* the second note comes back */
	keep(s, 2);
	restore(o, 0);
	s->signer.stands_from = w->clock.now;
	meet(w); /* both notes travel anew, as the first parcel of the new epoch */
	s->signer.stands_from = 0;
	hold_the_same(w, case_id);
	say_notes(s, case_id, BACKLOG);
	restore(s, 2);
	meet(w); /* they come back, the first parcel of their epoch does not */
	hold_the_same(w, case_id);
	say_notes(s, case_id, 1);
}

static void all_that_lies_behind_a_gap_arrives(struct side *s, const char *case_id)
{
	struct world *w = s->w;
	struct side *o = s == &w->a ? &w->b : &w->a;
	size_t before;

	leave_a_gap(s, case_id);
	before = told(w, "travels anew");
	restore(o, 0);
	meet(w);
	assert_true(told(w, "travels anew") > before);
	hold_the_same(w, case_id);
}

static void a_hundred_parcels_behind_a_gap_arrive_at_either_side(void **state)
{
	char case_id[CASE_ID];
	struct world *w = with_case(case_id);

	(void)state;
	all_that_lies_behind_a_gap_arrives(&w->a, case_id);
	world_end(w, NULL);
	w = with_case(case_id);
	all_that_lies_behind_a_gap_arrives(&w->b, case_id);
	world_end(w, NULL);
}

static unsigned whole_parcels; /* of several messages, that have crossed */

/* The second parcel of what travels anew is not what its manifest says: it is not taken, and the session ends. */
static void spoil_the_second(CyPeerFrame *f)
{
	if (f->kind_case != CY_PEER_FRAME__KIND_PARCEL || f->parcel->n_messages < 2 || ++whole_parcels != 2)
		return;
	f->parcel->messages[0].data[0] ^= 1;
}

/* The peer lost what it had given receipts for, and of that only the first part travelled anew before the author was
 * restored to where it believed those receipts. By its marks the peer has long gone past the place of the rest. */
static void what_a_peer_lost_before_its_author_forgot_it_travels_anew(void **state)
{
	char case_id[CASE_ID];
	struct world *w = with_case(case_id);
	struct side *s = &w->a, *o = &w->b;

	(void)state;
	say_notes(s, case_id, BACKLOG);
	keep(s, 1);
	meet(w);
	be_missed(s);
	restore(o, 0);
	s->signer.stands_from = w->clock.now; /* they travel anew: their certificate is revoked */
	meet_once(w);
	meet_once(w);
	whole_parcels = 0;
	w->tamper = spoil_the_second;
	meet_once(w);
	assert_int_equal(whole_parcels, 2);
	w->tamper = NULL;
	restore(s, 1);
	meet(w);
	hold_the_same(w, case_id);
	world_end(w, NULL);
}

/* The same with messages that their author has erased: they cannot travel anew, and its operators hear so again. */
static void what_was_erased_and_lost_is_told_again_by_an_author_that_forgot_it(void **state)
{
	static const char lost[] = "was erased here, and the peer may have lost it";
	char case_id[CASE_ID];
	struct world *w = with_closed_case(case_id);

	(void)state;
	w->a.muted = w->b.muted = true;
	erase(&w->a, case_id);
	keep(&w->a, 2);
	restore(&w->b, 0);
	w->a.signer.stands_from = w->clock.now;
	meet(w);
	assert_int_equal(told(w, lost), 3);
	be_missed(&w->a);
	restore(&w->a, 2);
	meet(w);
	assert_int_equal(told(w, lost), 6);
	world_end(w, NULL);
}

static int add_restored(void *arg, const struct store_event *e)
{
	char *told = arg;
	const size_t len = strlen(told);

	if (e->type == CY_EVENT_TYPE__STORE_RESTORED || e->type == CY_EVENT_TYPE__FETCHED_BACK) {
		assert_string_equal(e->case_id, "");
		snprintf(told + len, 256 - len, "%s%s%s%s", e->client,
			 e->type == CY_EVENT_TYPE__STORE_RESTORED ? " restored" : " fetched back",
			 e->peer[0] ? " from " : "", e->peer);
		strncat(told, ";", 256 - strlen(told) - 1);
	}
	return CY_OK;
}

static void case_systems_hear_when_to_repeat_what_they_handed_in(void **state)
{
	char case_id[CASE_ID], told[256] = "";
	struct world *w = with_case(case_id);
	struct store_port *s = &w->a.ports.store;

	(void)state;
	say_notes(&w->a, case_id, 2);
	restore(&w->a, 0);
	meet(w);
	hold_the_same(w, case_id);
	assert_int_equal(s->events(s->ctx, (struct store_view){ .client = NULL }, 0, 1000, add_restored, told), CY_OK);
	assert_string_equal(told, "desk restored;desk fetched back from IE;");
	world_end(w, NULL);
}

/* Both sides lose what a message of US-OIA stood on, in turn: IE accepted it, and rejects it when it comes again.
 * US-OIA hears of that, and is restored to where it held the first verdict. */
static void the_verdict_of_a_restored_peer_reaches_an_author_that_forgot_it(void **state)
{
	char case_id[CASE_ID];
	struct world *w = with_case(case_id);

	(void)state;
	submit(&w->b, case_id, NOTICE);
	settle(w);
	submit(&w->a, case_id, SUPPLEMENT);
	settle(w);
	restore(&w->a, 0);
	meet_once(w);
	meet_once(w); /* the supplement comes back; the notice is not sent again in this session */
	keep(&w->a, 1);
	restore(&w->b, 0);
	meet(w); /* the notice is gone: the supplement has seen what was never sent */
	hold_the_same(w, case_id);
	assert_non_null(strstr(w->a.verdicts, "US-OIA 2: 7"));
	be_missed(&w->a);
	restore(&w->a, 1);
	w->a.muted = false;
	meet(w);
	hold_the_same(w, case_id);
	assert_non_null(strstr(w->a.verdicts, "US-OIA 2: 7"));
	be_missed(&w->a);
	restore(&w->a, 1);
	meet(w);
	hold_the_same(w, case_id);
	world_end(w, "restored-verdict");
}

/* The request, from IE to US-OIA. To be freed. */
static char *request_of_ie(void)
{
	static const char to[] = "\"to\": \"";
	const char *at = strstr(request, to);
	char *all = calloc(1, strlen(request) + 8);

	assert_true(at != NULL && all != NULL);
	at += strlen(to);
	snprintf(all, strlen(request) + 8, "%.*sUS-OIA%s", (int)(at - request), request, strchr(at, '"'));
	return all;
}

/* The same, where IE has lost the case: US-OIA had opened none, and its acknowledgement belongs to nothing. */
static void a_rejection_as_of_an_unknown_case_reaches_an_author_that_forgot_it(void **state)
{
	struct world *w = world_new();
	char case_id[CASE_ID], *theirs = request_of_ie();

	(void)state;
	w->a.muted = w->b.muted = true;
	meet(w);
	keep(&w->a, 0);
	keep(&w->b, 0);
	meet(w);
	submit(&w->b, NULL, theirs);
	free(theirs);
	settle(w);
	snprintf(case_id, sizeof case_id, "%s", w->b.case_id);
	submit(&w->a, case_id, ACK);
	settle(w);
	restore(&w->a, 0);
	meet_once(w);
	meet_once(w); /* the acknowledgement comes back, the request does not */
	keep(&w->a, 1);
	restore(&w->b, 0);
	meet(w);
	show(&w->a, case_id);
	assert_string_equal(w->a.verdicts, "US-OIA 1: 5\n");
	be_missed(&w->a);
	restore(&w->a, 1);
	show(&w->a, case_id);
	assert_string_equal(w->a.verdicts, "US-OIA 1: 0\n");
	meet(w);
	show(&w->a, case_id);
	assert_string_equal(w->a.verdicts, "US-OIA 1: 5\n");
	world_end(w, NULL);
}

/* As lists, statistics and time limits take it, which do not look into the messages. */
static int is_in_state(void *arg, const struct store_case *row)
{
	const struct side *s = arg;

	assert_string_equal(row->state, s->state);
	return CY_OK;
}

static int count_rounds(void *arg, const struct store_measure *row)
{
	*(uint32_t *)arg += row->stat.measure == 1 ? row->stat.rounds : 0;
	return CY_OK;
}

/* What each side has stored of the case beside its messages says the same, and follows from them. */
static void count_the_same(struct world *w, const char *case_id, uint32_t rounds)
{
	const struct store_measure_query all = { .until = { INT64_MAX }, .limit = UINT32_MAX };

	for (int i = 0; i < 2; i++) {
		struct side *s = i == 0 ? &w->a : &w->b;
		struct store_port *p = &s->ports.store;
		uint32_t n = 0;

		assert_int_equal(p->get_case(p->ctx, s->peer, case_id, is_in_state, s), CY_OK);
		assert_int_equal(p->measures(p->ctx, (struct store_view){ .client = NULL }, &all, count_rounds, &n),
				 CY_OK);
		assert_int_equal(n, rounds);
	}
}

/* IE lost the notice that a note had seen, and rejected the note; another notice followed. Then IE loses both, and gets
 * its own one back first: the note, which travels anew, has seen it, as it has seen the note. Neither came before the
 * other, and neither takes effect. */
static void what_was_rejected_and_is_accepted_anew_counts_again(void **state)
{
	char case_id[CASE_ID];
	struct world *w = with_case(case_id);

	(void)state;
	say_in(&w->b, case_id, NOTICE);
	say_in(&w->a, case_id, NOTE);
	restore(&w->a, 0);
	meet_once(w);
	meet_once(w); /* the note comes back; the notice is not sent again in this session */
	restore(&w->b, 0);
	meet(w);
	hold_the_same(w, case_id);
	assert_non_null(strstr(w->a.verdicts, "US-OIA 2: 7"));
	say_in(&w->b, case_id, NOTICE);
	hold_the_same(w, case_id);
	count_the_same(w, case_id, 1);
	restore(&w->b, 0);
	w->a.signer.stands_from = w->clock.now; /* it travels anew: its certificate is revoked */
	meet(w);
	hold_the_same(w, case_id);
	assert_non_null(strstr(w->a.verdicts, "US-OIA 2: 0"));
	count_the_same(w, case_id, 0);
	world_end(w, NULL);
}

/* IE keeps what it rejected for some time only. */
static void keep_no_content(CyPeerFrame *f)
{
	static const char rejected[] = "# rejected ";

	if (f->kind_case == CY_PEER_FRAME__KIND_FETCHED && !f->fetched->last &&
	    memmem(f->fetched->receipt->text.data, f->fetched->receipt->text.len, rejected, strlen(rejected)) != NULL)
		f->fetched->messages[0].len = 0;
}

/* A note waits in a backup; without it, it was given up and another one left after it. The note comes after that
 * one, whose number is higher, and is rejected. Restored once more, its author gives it up again before both meet. */
static void what_is_given_up_after_a_restore_stands_as_the_peer_has_judged_it(void **state)
{
	char case_id[CASE_ID];
	struct world *w = with_case(case_id);

	(void)state;
	session_lost(w, "connection reset");
	say_notes(&w->a, case_id, 1);
	keep(&w->a, 1);
	give_up_all(&w->a);
	meet(w);
	say_notes(&w->a, case_id, 1);
	restore(&w->a, 1);
	meet(w);
	both_equal(w, case_id);
	assert_non_null(strstr(w->a.verdicts, "US-OIA 2: 6"));
	for (int kept = 1; kept >= 0; kept--) {
		restore(&w->a, 1);
		wait_for_nobody(&w->a);
		give_up_all(&w->a);
		show(&w->a, case_id);
		assert_non_null(strstr(w->a.verdicts, "US-OIA 2: 10"));
		w->tamper = kept == 0 ? keep_no_content : NULL;
		meet(w);
		both_equal(w, case_id);
		assert_non_null(strstr(w->a.verdicts, "US-OIA 2: 6"));
	}
	world_end(w, NULL);
}

/* The case system does not know that its daemon was restored, and hands in what it has no answer for: a note
 * in a case, and a whole request. */
static void what_was_repeated_before_the_first_came_back_takes_effect_once(void **state)
{
	char case_id[CASE_ID];
	struct world *w = with_case(case_id);
	const uint64_t key = w->a.key;

	(void)state;
	submit(&w->a, case_id, NOTE);
	submit(&w->a, NULL, request);
	settle(w);
	restore(&w->a, 0);
	w->a.muted = w->b.muted = false;
	say(w, "       -- US-OIA is restored from a backup; its case system repeats");
	w->a.key = key;
	submit(&w->a, case_id, NOTE);
	submit(&w->a, NULL, request);
	settle(w);
	meet(w);
	assert_int_equal(told(w, "MESSAGE_RECEIVED"), 0);
	assert_int_equal(told(w, "RELAY_FAILED: note"), 1);
	assert_int_equal(told(w, "RELAY_FAILED: request"), 1);
	both_equal(w, case_id);
	say(w, "       -- and once more");
	w->a.key = key;
	submit(&w->a, case_id, NOTE);
	submit(&w->a, NULL, request);
	settle(w);
	assert_int_equal(told(w, "(as before)"), 2);
	both_equal(w, w->a.case_id);
	world_end(w, "restored-repeated");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_hundred_parcels_behind_a_gap_arrive_at_either_side),
		cmocka_unit_test(what_a_peer_lost_before_its_author_forgot_it_travels_anew),
		cmocka_unit_test(what_was_erased_and_lost_is_told_again_by_an_author_that_forgot_it),
		cmocka_unit_test(case_systems_hear_when_to_repeat_what_they_handed_in),
		cmocka_unit_test(the_verdict_of_a_restored_peer_reaches_an_author_that_forgot_it),
		cmocka_unit_test(a_rejection_as_of_an_unknown_case_reaches_an_author_that_forgot_it),
		cmocka_unit_test(what_was_rejected_and_is_accepted_anew_counts_again),
		cmocka_unit_test(what_is_given_up_after_a_restore_stands_as_the_peer_has_judged_it),
		cmocka_unit_test(what_was_repeated_before_the_first_came_back_takes_effect_once),
	};

	return cmocka_run_group_tests(tests, read_request, free_request);
}
