/* Hello, of the node and of its peer, and a refused signature, on both lanes and in both roles
 * (node/peers/greet.c). */
#include "greet_rig.h"

#include "exchange/transfer.h"

static struct rig *started(void)
{
	struct rig *r = rig_new(true);

	rig_start(r);
	return r;
}

/* ------------------------------------------------------------------------ ours */

static CyHello *hear_hello(struct rig *r, enum wire_lane lane, bool dialled)
{
	struct line *l = rig_up(r, lane, dialled);

	say_hello(r, l, all_features, 2);
	return r->hello;
}

static void our_hello(void **state)
{
	(void)state;
	EACH_SETTING(lane, dialled)
	{
		struct rig *r = started();
		const CyHello *h = hear_hello(r, lane, dialled);
		uint8_t nonce[CY_HELLO_NONCE], instance[16];

		assert_int_equal(h->lowest_version, 2);
		assert_int_equal(h->highest_version, 2);
		assert_string_equal(h->from, SELF);
		assert_string_equal(h->to, PEER);
		assert_int_equal(h->instance_id.len, sizeof instance);
		assert_int_equal(h->nonce.len, sizeof nonce);
		assert_int_equal(h->clock_ms, START_MS);
		assert_int_equal(h->n_critical, 0);
		assert_int_equal(h->pulls, lane == WIRE_BULK ? XCHG_PULLS : 0);
		assert_int_equal(h->window, lane == WIRE_BULK ? 0 : 4);
		assert_int_equal(h->max_message_bytes, lane == WIRE_BULK ? 0 : CY_MESSAGE_MAX);
		memcpy(nonce, h->nonce.data, sizeof nonce);
		memcpy(instance, h->instance_id.data, sizeof instance);
		/* The process stays the same; a nonce is of one connection. */
		h = hear_hello(r, lane, dialled);
		assert_memory_equal(instance, h->instance_id.data, sizeof instance);
		assert_memory_not_equal(nonce, h->nonce.data, sizeof nonce);
		rig_free(r);
	}
}

/* ---------------------------------------------------------------------- theirs */

static char *critical[] = { (char *)"tomorrow" };

static void as_it_is(CyHello *h)
{
	(void)h;
}

static void of_version_1(CyHello *h)
{
	h->lowest_version = h->highest_version = 1;
}

static void of_version_3(CyHello *h)
{
	h->lowest_version = h->highest_version = 3;
}

static void of_versions_around(CyHello *h)
{
	h->lowest_version = 1;
	h->highest_version = 9;
}

static void critical_feature(CyHello *h)
{
	h->critical = critical;
	h->n_critical = 1;
}

static void from_another(CyHello *h)
{
	h->from = (char *)"DE";
}

static void to_another(CyHello *h)
{
	h->to = (char *)"DE";
}

static void zero_instance(CyHello *h)
{
	static uint8_t none[16];

	h->instance_id.data = none;
}

static void short_instance(CyHello *h)
{
	h->instance_id.len--;
}

static void no_nonce(CyHello *h)
{
	h->nonce.len = 0;
}

static void short_nonce(CyHello *h)
{
	h->nonce.len--;
}

static void no_window(CyHello *h)
{
	h->window = 0;
}

static void small_messages(CyHello *h)
{
	h->max_message_bytes--;
}

static void small_parcels(CyHello *h)
{
	h->max_parcel_bytes--;
}

static void few_messages(CyHello *h)
{
	h->max_parcel_messages--;
}

static void no_pulls(CyHello *h)
{
	h->pulls = 0;
}

#define ON(lane) (1u << (lane))
#define ON_BOTH  (ON(WIRE_MESSAGES) | ON(WIRE_BULK))

/* `code` NULL: it is good. */
static const struct {
	const char *name;
	void (*alter)(CyHello *h);
	const char *code;
	unsigned lanes;
} hellos[] = {
	{ "as it should be", as_it_is, NULL, ON_BOTH },
	{ "of versions 1 to 9", of_versions_around, NULL, ON_BOTH },
	{ "of version 1", of_version_1, "warning 1:goodbye-VERSION 1:close", ON_BOTH },
	{ "of version 3", of_version_3, "warning 1:goodbye-VERSION 1:close", ON_BOTH },
	{ "with a critical feature", critical_feature, "warning 1:goodbye-VERSION 1:close", ON_BOTH },
	{ "from another authority", from_another, "alarm 1:goodbye-IDENTITY 1:close", ON_BOTH },
	{ "to another authority", to_another, "alarm 1:goodbye-IDENTITY 1:close", ON_BOTH },
	{ "with an instance id of zeros", zero_instance, "warning 1:goodbye-PROTOCOL 1:close", ON_BOTH },
	{ "with a short instance id", short_instance, "warning 1:goodbye-PROTOCOL 1:close", ON_BOTH },
	{ "without a nonce", no_nonce, "warning 1:goodbye-PROTOCOL 1:close", ON_BOTH },
	{ "with a short nonce", short_nonce, "warning 1:goodbye-PROTOCOL 1:close", ON_BOTH },
	{ "without a window", no_window, "warning 1:goodbye-PROTOCOL 1:close", ON(WIRE_MESSAGES) },
	{ "with small messages", small_messages, "warning 1:goodbye-PROTOCOL 1:close", ON(WIRE_MESSAGES) },
	{ "with small parcels", small_parcels, "warning 1:goodbye-PROTOCOL 1:close", ON(WIRE_MESSAGES) },
	{ "with few messages", few_messages, "warning 1:goodbye-PROTOCOL 1:close", ON(WIRE_MESSAGES) },
	{ "without pulls", no_pulls, "warning 1:goodbye-PROTOCOL 1:close", ON(WIRE_BULK) },
};

static void every_field_of_their_hello(void **state)
{
	(void)state;
	EACH_SETTING(lane, dialled)
	for (size_t i = 0; i < sizeof hellos / sizeof hellos[0]; i++) {
		struct rig *r = started();
		struct line *l = rig_up(r, lane, dialled);
		struct cy_digest before = rig_state(r), after;
		CyHello h = peer_hello(l, all_features, 2);

		r->did[0] = '\0';
		hellos[i].alter(&h);
		give_hello(r, l, &h);
		after = rig_state(r);
		assert_true(cy_digest_equal(&before, &after));
		if (hellos[i].code != NULL && (hellos[i].lanes & ON(lane)) != 0) {
			rig_did(r, ended(hellos[i].code, lane, dialled), hellos[i].name);
			assert_int_equal(r->signer.n, 0);
		} else {
			rig_did(r, dialled ? "" : "1:hello", hellos[i].name);
			assert_int_equal(r->signer.n, dialled);
		}
		rig_free(r);
	}
}

/* Somebody who has proved nothing says that our signature is wrong. Only where we have dialled,
 * and have shown it, do we know whom that comes from: all others only make a line in the journal. */
static void a_stranger_refuses_our_signature(void **state)
{
	(void)state;
	EACH_SETTING(lane, dialled)
	{
		struct rig *r = started();
		struct line *l = rig_up(r, lane, dialled);
		struct cy_digest before, after;

		say_hello(r, l, all_features, 2);
		rig_settle(r);
		before = rig_state(r);
		r->did[0] = '\0';
		give_goodbye(r, l, CY_GOODBYE_CODE__SIGNATURE);
		after = rig_state(r);
		if (lane == WIRE_MESSAGES && dialled) {
			rig_did(r, "alarm alarm 1:close warning", setting(lane, dialled));
		} else {
			rig_did(r, dialled ? "alarm 1:close" : "1:close", setting(lane, dialled));
			assert_true(cy_digest_equal(&before, &after));
			assert_string_equal(r->status->last_fault, "");
		}
		rig_free(r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(our_hello),
		cmocka_unit_test(every_field_of_their_hello),
		cmocka_unit_test(a_stranger_refuses_our_signature),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
