/* Tombstones between two real nodes, of which one has a case erased and the other was restored: what leaves
 * and comes in the place of a message (node/peers/tombstones.c, resend.c, takeback.c). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "erase_rig.h"

#define NOTHING_OF_BOTH " US-OIA/1+ IE/1+ US-OIA/2+ IE/2+ US-OIA/3+ IE/3+" /* a tombstone each */

/* The side has lost the case, or a part of it, and meets who had it erased: this is not here after it. */
static void comes_back_as(struct side *s, const char *case_id, const char *text)
{
	restore(s, 0);
	meet(s->w);
	erased(s, case_id, text);
}

/* US-OIA was restored from a backup of before the case. What IE had erased comes without its content. */
static void a_restored_peer_gets_tombstones_and_its_stream_goes_on(void **state)
{
	for (int both = 0; both < 2; both++) {
		char case_id[CASE_ID];
		struct world *w = with_closed_case(case_id);

		(void)state;
		erase(&w->b, case_id);
		if (both)
			erase(&w->a, case_id);
		comes_back_as(&w->a, case_id, NOTHING_OF_BOTH);
		assert_int_equal(w->a.events, both ? 4 : 3);
		agree(w, case_id);
		erased(&w->b, case_id, "chief: " WHY ";" ALL_OF_BOTH);
		world_end(w, NULL);
	}
}

/* The other way round: IE was restored, and its case with it, and US-OIA has erased. */
static void who_had_the_case_opened_gets_it_back_as_well(void **state)
{
	char case_id[CASE_ID];
	struct world *w = with_closed_case(case_id);

	(void)state;
	erase(&w->a, case_id);
	comes_back_as(&w->b, case_id, NOTHING_OF_BOTH);
	agree(w, case_id);
	world_end(w, NULL);
}

/* A backup from the middle of the case: what it holds stays as it is. */
static void what_a_backup_holds_with_its_content_stays(void **state)
{
	char case_id[CASE_ID];
	struct world *w = with_open_case(case_id);

	(void)state;
	say_in(&w->b, case_id, NOTE);
	keep(&w->a, 0);
	keep(&w->b, 0);
	meet(w);
	say_in(&w->a, case_id, NOTE);
	say_in(&w->b, case_id, RETURN);
	erase(&w->a, case_id);
	comes_back_as(&w->b, case_id, " US-OIA/2+ IE/2+");
	agree(w, case_id);
	erase(&w->b, case_id);
	restore(&w->a, 0);
	meet(w);
	erased(&w->a, case_id,
	       "chief: entry 1 of the list of orders; the store was behind it; US-OIA/1 IE/1 US-OIA/2+ IE/2+"
	       " US-OIA/3+ IE/3+");
	agree(w, case_id);
	world_end(w, NULL);
}

/* Its own message still waits in the backup: it is what left, and its content stays. */
static void a_message_that_waits_in_the_backup_is_marked_as_delivered(void **state)
{
	char case_id[CASE_ID];
	struct world *w = with_open_case(case_id);

	(void)state;
	session_lost(w, "connection reset");
	say_in(&w->a, case_id, NOTE);
	keep(&w->a, 0);
	meet(w);
	say_in(&w->b, case_id, RETURN);
	erase(&w->b, case_id);
	comes_back_as(&w->a, case_id, " IE/1+");
	agree(w, case_id);
	world_end(w, NULL);
}

/* A restored store has begun an epoch and given nothing in it yet: what the peer lost since leaves as it is stored,
 * and nothing of it is dissolved, since what was erased could not travel anew. */
static void what_was_erased_leaves_again_from_a_store_that_was_restored(void **state)
{
	char case_id[CASE_ID];
	struct world *w = with_closed_case(case_id);

	(void)state;
	say_in(&w->a, case_id, NOTE);
	restore(&w->a, 1);
	meet(w);
	erase(&w->a, case_id);
	comes_back_as(&w->b, case_id, NOTHING_OF_BOTH " US-OIA/4+");
	agree(w, case_id);
	world_end(w, NULL);
}

/* Its key was lost with the store, and came back with the tombstone: what its case system repeats is not said again. */
static void what_comes_back_without_its_content_is_not_said_again(void **state)
{
	char case_id[CASE_ID];
	struct world *w = with_closed_case(case_id);

	(void)state;
	erase(&w->b, case_id);
	restore(&w->a, 0);
	meet(w);
	w->a.key = 1; /* that of the request is the next one */
	say_in(&w->a, NULL, request);
	if (strstr(w->a.last_error, "this key was used") == NULL)
		fail_msg("'%s'", w->a.last_error);
	agree(w, case_id);
	world_end(w, NULL);
}

/* The same, where its case system has repeated it before it came back: the one that waits never leaves. */
static void what_was_repeated_before_it_came_back_erased_never_leaves(void **state)
{
	char case_id[CASE_ID], repeated[CASE_ID];
	struct world *w = with_closed_case(case_id);

	(void)state;
	erase(&w->b, case_id);
	restore(&w->a, 0);
	w->a.key = 1;
	say_in(&w->a, NULL, request);
	snprintf(repeated, sizeof repeated, "%s", w->a.case_id);
	meet(w);
	w->b.state[0] = '\0';
	show(&w->b, repeated);
	assert_string_equal(w->b.state, "");
	show(&w->a, repeated);
	assert_string_equal(w->a.state, "VOID");
	w->a.key = 20;
	agree(w, case_id);
	world_end(w, NULL);
}

static int add_type(void *arg, const struct store_measure *row)
{
	char *types = arg;
	const size_t len = strlen(types);

	snprintf(types + len, 64 - len, " %u", row->stat.type);
	return CY_OK;
}

/* The statistics of a restored side count the measures of a request by their types, as the other side does. */
static void a_request_that_comes_back_erased_says_of_which_types_its_measures_are(void **state)
{
	for (int author = 0; author < 2; author++) {
		char case_id[CASE_ID], types[2][64] = { "", "" };
		struct world *w = with_closed_case(case_id);
		struct side *restored = author ? &w->a : &w->b, *eraser = author ? &w->b : &w->a;

		(void)state;
		erase(eraser, case_id);
		restore(restored, 0);
		meet(w);
		for (int i = 0; i < 2; i++) {
			struct store_port *s = i ? &w->a.ports.store : &w->b.ports.store;
			struct store_measure_query q = {
				.limit = 64, .peer = "", .instrument = "", .until = { INT64_MAX }
			};

			assert_int_equal(
				s->measures(s->ctx, (struct store_view){ .client = NULL }, &q, add_type, types[i]),
				CY_OK);
		}
		assert_string_equal(types[0], types[1]);
		assert_true(strlen(types[0]) > 0 && strstr(types[0], " 0") == NULL);
		agree(w, case_id);
		world_end(w, NULL);
	}
}

/* A peer of an older version says less. */
static void say_less(CyPeerFrame *f)
{
	if (f->kind_case != CY_PEER_FRAME__KIND_PARCEL)
		return;
	for (size_t i = 0; i < f->parcel->n_tombstones; i++)
		f->parcel->tombstones[i]->submission_key.len = f->parcel->tombstones[i]->measure_types.len = 0;
}

static void a_tombstone_without_key_and_types_counts(void **state)
{
	char case_id[CASE_ID];
	struct world *w = with_closed_case(case_id);

	(void)state;
	erase(&w->a, case_id);
	w->tamper = say_less;
	comes_back_as(&w->b, case_id, NOTHING_OF_BOTH);
	agree(w, case_id);
	world_end(w, NULL);
}

static struct {
	uint8_t bytes[4096];
	size_t len;
} last_receipt; /* by the same receiver, for the last parcel with tombstones */

static void keep_receipt(CyPeerFrame *f)
{
	const CyParcel *p = f->kind_case == CY_PEER_FRAME__KIND_PARCEL ? f->parcel : NULL;

	if (p == NULL || p->n_tombstones == 0)
		return;
	assert_true(cy_signed_text__get_packed_size(p->receipt) <= sizeof last_receipt.bytes);
	last_receipt.len = cy_signed_text__pack(p->receipt, last_receipt.bytes);
}

static int how;

/* Of each parcel with tombstones that comes. */
static void lie(CyPeerFrame *f)
{
	CyParcel *p = f->kind_case == CY_PEER_FRAME__KIND_PARCEL ? f->parcel : NULL;
	CyTombstone *t;

	if (p == NULL || p->n_tombstones == 0)
		return;
	t = p->tombstones[0];
	switch (how) {
	case 0: /* no receipt */
		cy_signed_text__free_unpacked(p->receipt, NULL);
		p->receipt = NULL;
		break;
	case 1: /* one that was signed by nobody */
		p->receipt->signature.data[0] ^= 1;
		break;
	case 2: /* the parcel in its place */
		p->receipt->text.len = p->manifest->text.len;
		free(p->receipt->text.data);
		p->receipt->text.data = malloc(p->manifest->text.len);
		memcpy(p->receipt->text.data, p->manifest->text.data, p->manifest->text.len);
		break;
	case 3: /* of no message */
		t->place = 2;
		break;
	case 4:
		t->place = 0;
		break;
	case 5:
		t->fact.len--;
		break;
	case 6:
		t->case_id[0] = 'X';
		break;
	case 7:
		t->submission_key.len--;
		break;
	case 8:
		if (t->measure_types.len > 0)
			t->measure_types.len--;
		break;
	case 9: /* a good one, but of the last parcel */
		cy_signed_text__free_unpacked(p->receipt, NULL);
		p->receipt = cy_signed_text__unpack(NULL, last_receipt.len, last_receipt.bytes);
		break;
	default: /* the message is there */
		p->messages[0].data = malloc(1);
		p->messages[0].data[0] = 0;
		p->messages[0].len = 1;
	}
}

static void a_tombstone_counts_with_its_receivers_own_receipt_alone(void **state)
{
	(void)state;
	for (how = 0; how < 11; how++) {
		char case_id[CASE_ID];
		struct world *w = with_closed_case(case_id);

		erase(&w->a, case_id);
		restore(&w->b, 0);
		w->tamper = lie;
		for (int i = 0; i < 4; i++) {
			if (w->a.session == 0) {
				w->clock.now += 1000;
				connect_both(w);
			}
			settle(w);
		}
		if (w->a.session != 0)
			fail_msg("lie %d was believed", how);
		show(&w->b, case_id);
		assert_null(strstr(w->b.erased, "US-OIA"));
		w->tamper = keep_receipt; /* each world is the same */
		meet(w);
		erased(&w->b, case_id, NOTHING_OF_BOTH);
		agree(w, case_id);
		world_end(w, NULL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_restored_peer_gets_tombstones_and_its_stream_goes_on),
		cmocka_unit_test(who_had_the_case_opened_gets_it_back_as_well),
		cmocka_unit_test(what_a_backup_holds_with_its_content_stays),
		cmocka_unit_test(a_message_that_waits_in_the_backup_is_marked_as_delivered),
		cmocka_unit_test(what_was_erased_leaves_again_from_a_store_that_was_restored),
		cmocka_unit_test(what_comes_back_without_its_content_is_not_said_again),
		cmocka_unit_test(what_was_repeated_before_it_came_back_erased_never_leaves),
		cmocka_unit_test(a_request_that_comes_back_erased_says_of_which_types_its_measures_are),
		cmocka_unit_test(a_tombstone_without_key_and_types_counts),
		cmocka_unit_test(a_tombstone_counts_with_its_receivers_own_receipt_alone),
	};

	return cmocka_run_group_tests(tests, read_request, free_request);
}
