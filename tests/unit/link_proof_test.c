/* What TLS alone gives somebody: a connection that may prove whose it is, and no more. */
#include "link_rig.h"

/* TLS alone makes nobody a peer: a connection that nothing proves takes no place, and does not last. */
static void test_a_session_that_is_not_proven_takes_no_place_and_ends(void **state)
{
	struct node_rig us = { .config.handshake_ms = 2000 };
	struct node_rig ie = { .config.handshake_ms = 2000, .config.redial_first_ms = 10, .config.redial_cap_ms = 20 };
	struct node_rig twin = { .id = "IE", .peer = "US-OIA", .unproven = true };
	char dir[64];
	uint64_t held;

	(void)state;
	start_pair(&us, &ie);
	RUN_UNTIL(us.session && ie.session);
	us.port.established(us.port.ctx, us.session);
	ie.port.established(ie.port.ctx, ie.session);
	held = us.session;
	us.unproven = true;
	snprintf(dir, sizeof dir, "%s/twin", rig_dir);
	twin.config.ipc_dir = dir;
	twin.config.handshake_ms = 60000;
	memcpy(twin.dial, ie.dial, sizeof ie.dial);
	node_start(&twin);
	RUN_UNTIL(us.ups == 2);
	exchange(&us, &ie, 100, 600);
	RUN_UNTIL(us.downs == 1);
	assert_string_equal(us.why, "no session proof within 2000 ms");
	assert_int_equal(us.session, held);
	assert_int_equal(ie.downs + us.alarms, 0);
	exchange(&us, &ie, 100, 600);
	node_stop_link(&twin);
	stop_pair(&us, &ie);
}

/* RFC 9266: both ends export the same, no two connections do; and each has seen the other's certificate. */
static void test_both_ends_see_one_exporter_and_the_certificates(void **state)
{
	struct node_rig us = { 0 }, ie = { 0 };
	struct link_connection first;

	(void)state;
	start_pair(&us, &ie);
	RUN_UNTIL(us.session && ie.session);
	first = us.on;
	assert_true(ie.on.dialled && !us.on.dialled);
	assert_memory_equal(&us.on.exporter, &ie.on.exporter, sizeof us.on.exporter);
	assert_memory_equal(&us.on.ours, &ie.on.theirs, sizeof us.on.ours);
	assert_memory_equal(&us.on.theirs, &ie.on.ours, sizeof us.on.ours);
	assert_memory_not_equal(&us.on.theirs, &us.on.ours, sizeof us.on.ours);
	us.port.close(us.port.ctx, us.session, "again");
	RUN_UNTIL(us.ups == 2 && ie.ups == 2);
	assert_memory_equal(&us.on.exporter, &ie.on.exporter, sizeof us.on.exporter);
	assert_memory_not_equal(&us.on.exporter, &first.exporter, sizeof first.exporter);
	assert_memory_equal(&us.on.theirs, &first.theirs, sizeof first.theirs);
	stop_pair(&us, &ie);
}

/* Whoever holds a TLS key of the peer, and no more, hangs on to every place that he can get. */
static void test_who_proves_nothing_does_not_keep_the_peer_out(void **state)
{
	struct node_rig us = {
		.id = "US-OIA", .peer = "IE", .listen = "127.0.0.1:0", .unproven = true, .by_frame = true
	};
	struct node_rig ie = { .id = "IE", .peer = "US-OIA" };
	struct node_rig holders[5];
	char dirs[5][64];

	(void)state;
	ie.config.redial_first_ms = 10;
	ie.config.redial_cap_ms = 100;
	node_start(&us);
	for (size_t i = 0; i < 5; i++) {
		snprintf(dirs[i], sizeof dirs[i], "%s/holder-%zu", rig_dir, i);
		holders[i] = (struct node_rig){ .id = "IE", .peer = "US-OIA", .unproven = true };
		holders[i].config.ipc_dir = dirs[i];
		holders[i].config.redial_first_ms = 10;
		holders[i].config.redial_cap_ms = 400;
		holders[i].config.handshake_ms = 60000;
		node_dials(&holders[i], &us);
		node_start(&holders[i]);
	}
	RUN_UNTIL(us.alarms == 1);
	assert_non_null(strstr(us.alarm, "prove nothing"));
	assert_int_equal(us.session, 0);
	node_dials(&ie, &us);
	node_start(&ie);
	/* What goes with a connection that had to give way is said again on the next one. */
	while (us.frames < 100) {
		uint64_t first = 0;

		RUN_UNTIL(ie.session);
		node_send(&ie, &first, 1, 1000);
		rig_turn();
	}
	assert_int_not_equal(us.session, 0);
	for (size_t i = 0; i < 5; i++)
		node_stop_link(&holders[i]);
	stop_pair(&us, &ie);
}

/* A flood in the peer's name uses up what a minute allows; we go on dialling it all the same. */
static void test_a_flood_of_callers_does_not_end_our_own_dialling(void **state)
{
	struct node_rig us = { .id = "US-OIA", .peer = "IE", .listen = "127.0.0.1:0", .unproven = true };
	struct node_rig ie = { .id = "IE", .peer = "US-OIA" };
	char out[8192], listen[32];
	size_t len;

	(void)state;
	us.config.connections_a_minute = 3;
	us.config.handshake_ms = 300;
	us.config.redial_first_ms = 10;
	us.config.redial_cap_ms = 50;
	snprintf(listen, sizeof listen, "127.0.0.1:%u", rig_free_port());
	snprintf(us.dial, sizeof us.dial, "%s", listen);
	node_start(&us);
	for (unsigned i = 1; i <= 4; i++) {
		s_client(&us, "-cert IE/tls.pem -key IE/tls.key </dev/null", out, sizeof out, &len);
		RUN_UNTIL(us.refusals == i || us.alarms > 0);
	}
	RUN_UNTIL(us.alarms == 1);
	assert_non_null(strstr(us.alarm, "too many connections within a minute"));
	us.unproven = false;
	ie.listen = listen;
	node_start(&ie);
	RUN_UNTIL(us.session && ie.session);
	stop_pair(&us, &ie);
}

/* What status says of the peer's certificate comes from a session that was proven. */
static void test_a_certificate_that_proved_nothing_is_not_shown(void **state)
{
	struct node_rig us = { .config.handshake_ms = 1000 }, ie = { 0 };
	struct node_peer_facts before = { 0 }, after = { 0 };
	char out[8192];
	size_t len;

	(void)state;
	start_pair(&us, &ie);
	RUN_UNTIL(us.session && ie.session);
	link_peer_facts(us.link, "IE", &before);
	s_client(&us, "-cert short.pem -key short.key </dev/null", out, sizeof out, &len);
	RUN_UNTIL(us.refusals == 1);
	link_peer_facts(us.link, "IE", &after);
	assert_true(before.certificate_end.ms > 0);
	assert_int_equal(before.certificate_end.ms, after.certificate_end.ms);
	stop_pair(&us, &ie);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_session_that_is_not_proven_takes_no_place_and_ends),
		TEST(test_both_ends_see_one_exporter_and_the_certificates),
		TEST(test_who_proves_nothing_does_not_keep_the_peer_out),
		TEST(test_a_flood_of_callers_does_not_end_our_own_dialling),
		TEST(test_a_certificate_that_proved_nothing_is_not_shown),
	};

	cmocka_set_test_filter(getenv("LINK_TEST"));
	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
