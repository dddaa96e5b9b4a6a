/* The bulk lane beside the message lane, over real sockets. */
#include "link_rig.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

#define CHUNK CY_CHUNK

static void want(struct node_rig *n, bool wanted)
{
	n->bulk.port.want(n->bulk.port.ctx, n->peer, wanted);
}

/* Queue frames up to number `count` while there is room. */
static void bulk_send(struct node_rig *n, uint64_t *number, uint64_t count, size_t size)
{
	const struct bulk_port *port = &n->bulk.port;

	while (*number < count && port->room(port->ctx, n->bulk.session)) {
		assert_int_equal(port->send(port->ctx, n->bulk.session, rig_bulk_frame(*number, size)), CY_OK);
		++*number;
	}
}

static void greet(struct node_rig *n)
{
	RUN_UNTIL(n->session && n->bulk.session);
	n->port.established(n->port.ctx, n->session);
	n->bulk.port.established(n->bulk.port.ctx, n->bulk.session);
}

/* Both lanes up. IE dials, and US-OIA wants nothing. */
static void start_both(struct node_rig *us, struct node_rig *ie)
{
	start_pair(us, ie);
	want(ie, true);
	greet(us);
	greet(ie);
}

static void assert_each_released_once(uint64_t count)
{
	for (uint64_t i = 0; i < count; i++)
		RUN_UNTIL(rig_released[i] >= 1);
	for (uint64_t i = 0; i < count; i++)
		assert_int_equal(rig_released[i], 1);
}

static void test_chunks_pass_both_ways_in_order_beside_messages(void **state)
{
	struct node_rig us = { 0 }, ie = { 0 };
	uint64_t down = 0, up = 200;

	(void)state;
	start_both(&us, &ie);
	us.bulk.next_number = up;
	while (us.bulk.frames < 200 || ie.bulk.frames < 200) {
		bulk_send(&us, &down, 200, CHUNK);
		bulk_send(&ie, &up, 400, CHUNK);
		rig_turn();
	}
	exchange(&us, &ie, 1000, 600);
	assert_false(us.bulk.disorder || ie.bulk.disorder);
	assert_each_released_once(400);
	assert_int_equal(us.ups + ie.ups + us.bulk.ups + ie.bulk.ups, 4);
	assert_int_equal(us.downs + ie.downs + us.bulk.downs + ie.bulk.downs, 0);
	stop_pair(&us, &ie);
}

static void test_messages_have_their_turn_while_chunks_flow(void **state)
{
	struct node_rig us = { 0 }, ie = { 0 };
	uint64_t chunks = 0, messages = 0;
	unsigned seen = 0;

	(void)state;
	start_both(&us, &ie);
	us.echo = true;
	/* A message is answered while the lane beside it is always full. */
	while (seen < 200) {
		bulk_send(&ie, &chunks, 2000, CHUNK);
		node_send(&ie, &messages, seen + 1, 600);
		rig_turn();
		seen = ie.frames;
	}
	assert_true(us.bulk.frames > 0 && chunks < 2000);
	RUN_UNTIL(us.bulk.frames == chunks);
	assert_false(us.disorder || ie.disorder || us.bulk.disorder);
	stop_pair(&us, &ie);
}

static void test_bulk_is_dialled_when_it_is_wanted(void **state)
{
	struct node_rig us = { 0 }, ie = { 0 };

	(void)state;
	start_pair(&us, &ie);
	want(&us, true); /* who has no address waits */
	exchange(&us, &ie, 200, 600);
	assert_int_equal(us.bulk.ups + ie.bulk.ups, 0);
	want(&ie, true);
	RUN_UNTIL(us.bulk.session && ie.bulk.session);
	/* While it is wanted there is a next one. */
	us.bulk.port.close(us.bulk.port.ctx, us.bulk.session, "the test wants it");
	RUN_UNTIL(us.bulk.downs == 1 && ie.bulk.downs == 1);
	assert_string_equal(us.bulk.why, "the test wants it");
	RUN_UNTIL(us.bulk.session && ie.bulk.session);
	want(&ie, false);
	us.bulk.port.close(us.bulk.port.ctx, us.bulk.session, "again");
	RUN_UNTIL(us.bulk.downs == 2 && ie.bulk.downs == 2);
	exchange(&us, &ie, 200, 600);
	assert_int_equal(us.bulk.ups, 2);
	stop_pair(&us, &ie);
}

static void test_a_session_without_a_hello_is_ended(void **state)
{
	struct node_rig us = { .config.silence_ms = 400, .config.heartbeat_ms = 100 }, ie = { 0 };

	(void)state;
	start_pair(&us, &ie);
	want(&ie, true);
	RUN_UNTIL(us.session);
	us.port.established(us.port.ctx, us.session);
	RUN_UNTIL(us.bulk.downs == 1 && ie.bulk.downs == 1);
	assert_string_equal(us.bulk.why, "no State within 400 ms");
	assert_int_equal(us.downs, 0);
	stop_pair(&us, &ie);
}

static void test_no_lane_takes_the_place_of_the_other(void **state)
{
	struct node_rig us = { 0 }, ie = { 0 };
	uint64_t kept;

	(void)state;
	start_both(&us, &ie);
	kept = us.bulk.session;
	for (unsigned i = 1; i <= 3; i++) {
		us.port.close(us.port.ctx, us.session, "the test wants it");
		RUN_UNTIL(us.ups == i + 1 && ie.ups == i + 1);
	}
	assert_int_equal(us.bulk.session, kept);
	kept = us.session;
	for (unsigned i = 1; i <= 3; i++) {
		us.bulk.port.close(us.bulk.port.ctx, us.bulk.session, "the test wants it");
		RUN_UNTIL(us.bulk.ups == i + 1 && ie.bulk.ups == i + 1);
	}
	assert_int_equal(us.session, kept);
	exchange(&us, &ie, 10, 600);
	stop_pair(&us, &ie);
}

static void test_two_that_dial_each_other_settle_on_one_bulk_session(void **state)
{
	struct node_rig us = { .id = "US-OIA", .peer = "IE" }, ie = { .id = "IE", .peer = "US-OIA" };
	char a[32], b[32];
	uint64_t number = 0;

	(void)state;
	us.config.redial_first_ms = ie.config.redial_first_ms = 20;
	snprintf(a, sizeof a, "127.0.0.1:%u", rig_free_port());
	snprintf(b, sizeof b, "127.0.0.1:%u", rig_free_port());
	us.listen = a;
	ie.listen = b;
	snprintf(us.dial, sizeof us.dial, "%s", b);
	snprintf(ie.dial, sizeof ie.dial, "%s", a);
	node_start(&us);
	node_start(&ie);
	want(&us, true);
	want(&ie, true);
	/* What a loser took with it is sent anew. */
	for (uint64_t on = 0; ie.bulk.next_number < 20 || number < 20;) {
		if (on != us.bulk.session)
			number = 0;
		on = us.bulk.session;
		bulk_send(&us, &number, 20, 1000);
		rig_turn();
	}
	RUN_UNTIL(us.bulk.ups - us.bulk.downs == 1 && ie.bulk.ups - ie.bulk.downs == 1);
	assert_false(ie.bulk.disorder);
	stop_pair(&us, &ie);
}

static void test_a_full_queue_says_so_and_then_once_that_there_is_room(void **state)
{
	struct node_rig us = { 0 }, ie = { 0 };
	uint64_t sent = 0;
	int rc = CY_OK;

	(void)state;
	start_both(&us, &ie);
	bulk_send(&us, &sent, 1000, CHUNK);
	assert_true(sent < 1000);
	assert_int_equal(us.bulk.writables, 0);
	RUN_UNTIL(us.bulk.writables == 1);
	RUN_UNTIL(ie.bulk.frames == sent);
	/* Without asking: what does not fit is released at once. */
	while (rc == CY_OK)
		rc = us.bulk.port.send(us.bulk.port.ctx, us.bulk.session, rig_bulk_frame(sent++, CHUNK));
	assert_int_equal(rc, CY_EAGAIN);
	assert_int_equal(rig_released[sent - 1], 1);
	RUN_UNTIL(us.bulk.writables == 2 && ie.bulk.frames == sent - 1);
	assert_false(ie.bulk.disorder);
	assert_each_released_once(sent);
	assert_int_equal(us.bulk.writables, 2);
	stop_pair(&us, &ie);
}

static void test_what_was_read_ahead_is_taken(void **state)
{
	struct node_rig us = { 0 }, ie = { 0 };
	const struct bulk_port *port = &us.bulk.port;
	uint64_t sent = 0;

	(void)state;
	start_both(&us, &ie);
	for (unsigned round = 0; round < 20; round++) {
		/* There was room for one, and while it was read for no other one. */
		bulk_send(&us, &sent, 4000, CHUNK);
		for (unsigned i = 0; i < LINK_AHEAD; i++)
			assert_int_equal(port->send(port->ctx, us.bulk.session, rig_bulk_frame(sent++, CHUNK)), CY_OK);
		assert_false(port->room(port->ctx, us.bulk.session));
		RUN_UNTIL(port->room(port->ctx, us.bulk.session));
	}
	RUN_UNTIL(ie.bulk.frames == sent);
	assert_false(ie.bulk.disorder);
	assert_each_released_once(sent);
	stop_pair(&us, &ie);
}

static void test_what_cannot_be_sent_is_released(void **state)
{
	struct node_rig us = { 0 }, ie = { 0 };
	const struct bulk_port *port = &us.bulk.port;

	(void)state;
	start_both(&us, &ie);
	assert_int_equal(port->send(port->ctx, us.bulk.session, rig_bulk_frame(0, CY_FRAME_MAX + 1)), CY_ELIMIT);
	assert_int_equal(port->send(port->ctx, us.bulk.session + 1000, rig_bulk_frame(1, 100)), CY_ENOENT);
	assert_false(port->room(port->ctx, us.bulk.session + 1000));
	assert_int_equal(rig_released[0] + rig_released[1], 2);
	stop_pair(&us, &ie);
}

static void test_frames_that_are_queued_at_an_end_are_released_once(void **state)
{
	struct node_rig us = { .config.close_ms = 300 }, ie = { .config.close_ms = 300 };
	uint64_t sent = 0, before;

	(void)state;
	start_both(&us, &ie);
	bulk_send(&us, &sent, 1000, CHUNK);
	node_stop_link(&ie);
	RUN_UNTIL(us.bulk.downs == 1);
	assert_each_released_once(sent);
	node_start(&ie);
	want(&ie, true);
	RUN_UNTIL(us.bulk.session && ie.bulk.session);
	before = sent;
	bulk_send(&us, &sent, before + 1000, CHUNK);
	assert_true(sent > before);
	us.bulk.port.close(us.bulk.port.ctx, us.bulk.session, "the test wants it");
	RUN_UNTIL(us.bulk.downs == 2);
	assert_each_released_once(sent);
	stop_pair(&us, &ie);
}

/* A Goodbye would be among it. */
static void test_what_waits_for_room_leaves_before_a_close(void **state)
{
	struct node_rig us = { 0 }, ie = { 0 };
	const struct bulk_port *port = &us.bulk.port;
	uint64_t sent = 0, session;

	(void)state;
	start_both(&us, &ie);
	bulk_send(&us, &sent, 1000, CHUNK);
	for (unsigned i = 0; i < LINK_AHEAD; i++)
		assert_int_equal(port->send(port->ctx, us.bulk.session, rig_bulk_frame(sent++, CHUNK)), CY_OK);
	session = us.bulk.session;
	port->close(port->ctx, session, "the test wants it");
	assert_int_equal(port->send(port->ctx, session, rig_bulk_frame(sent, 100)), CY_ENOENT);
	assert_false(port->room(port->ctx, session));
	RUN_UNTIL(us.bulk.downs == 1 && ie.bulk.downs == 1);
	assert_string_equal(us.bulk.why, "the test wants it");
	assert_int_equal(ie.bulk.frames, sent);
	assert_false(ie.bulk.disorder);
	assert_each_released_once(sent);
	stop_pair(&us, &ie);
}

/* With a certificate, and a pipe behind it that is full soon. */
static pid_t start_deaf_client(const struct node_rig *to, int ret_pipes[static 2])
{
	static const char hello[] = "\xff\0\0\0\0\0\0\0\1\x7f\3\1NULL\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
				    "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
				    "\x04\x1c\x05READY\x0bSocket-Type\0\0\0\x06"
				    "DEALER";
	char address[32], pki[128];
	int in[2], out[2];
	pid_t pid;

	assert_int_equal(pipe2(in, O_CLOEXEC) + pipe2(out, O_CLOEXEC), 0);
	snprintf(address, sizeof address, "127.0.0.1:%u", link_listen_port(to->link, 0));
	snprintf(pki, sizeof pki, "%s/pki", rig_dir);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		if (dup2(in[0], 0) == 0 && dup2(out[1], 1) == 1 && chdir(pki) == 0)
			execlp("openssl", "openssl", "s_client", "-connect", address, "-quiet", "-alpn",
			       "comity-bulk/1", "-cert", "IE/tls.pem", "-key", "IE/tls.key", (char *)NULL);
		_exit(127);
	}
	assert_int_equal(write(in[1], hello, sizeof hello - 1), sizeof hello - 1);
	close(in[0]);
	close(out[1]);
	ret_pipes[0] = in[1];
	ret_pipes[1] = out[0];
	return pid;
}

static void test_a_close_does_not_wait_for_who_reads_nothing(void **state)
{
	struct node_rig us = { .config.close_ms = 300 };
	const struct bulk_port *port = &us.bulk.port;
	uint64_t sent = 0;
	int pipes[2];
	pid_t pid;

	(void)state;
	start_acceptor(&us);
	pid = start_deaf_client(&us, pipes);
	RUN_UNTIL(us.bulk.session);
	/* Until all that lies between is full as well: nothing is released any more. */
	do {
		bulk_send(&us, &sent, 1000, CHUNK);
		for (time_t end = time(NULL) + 2; time(NULL) < end && !port->room(port->ctx, us.bulk.session);)
			rig_turn();
	} while (port->room(port->ctx, us.bulk.session));
	assert_int_equal(port->send(port->ctx, us.bulk.session, rig_bulk_frame(sent++, CHUNK)), CY_OK);
	port->close(port->ctx, us.bulk.session, "the test wants it");
	RUN_UNTIL(us.bulk.downs == 1);
	assert_string_equal(us.bulk.why, "the test wants it");
	assert_each_released_once(sent);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	close(pipes[0]);
	close(pipes[1]);
	node_stop_link(&us);
}

static void test_a_stop_with_a_full_queue_ends(void **state)
{
	struct node_rig us = { .config.close_ms = 300 }, ie = { .config.close_ms = 300 };
	uint64_t sent = 0;

	(void)state;
	start_both(&us, &ie);
	bulk_send(&us, &sent, 1000, CHUNK);
	/* Nobody receives meanwhile: the loop stands still. */
	node_stop_link(&us);
	assert_each_released_once(sent);
	RUN_UNTIL(ie.bulk.downs == 1 && ie.downs == 1);
	assert_false(ie.bulk.disorder);
	node_stop_link(&ie);
}

static void test_a_flood_leaves_memory_bounded(void **state)
{
	struct node_rig us = { 0 }, ie = { 0 };
	uint64_t sent = 0, released = 0, queued = 0, under_way = 0;

	(void)state;
	start_both(&us, &ie);
	while (us.bulk.frames < 2000) {
		bulk_send(&ie, &sent, 2000, CHUNK);
		while (released < sent && rig_released[released])
			released++;
		queued = sent - released > queued ? sent - released : queued;
		under_way = sent - us.bulk.frames > under_way ? sent - us.bulk.frames : under_way;
		rig_turn();
	}
	/* The sender's queue and the one in hand; both queues, and what the kernel keeps. */
	assert_in_range(queued, 1, 8);
	assert_in_range(under_way, 1, 32);
	assert_false(us.bulk.disorder);
	exchange(&us, &ie, 10, 600);
	stop_pair(&us, &ie);
}

static void test_the_limits_of_one_lane_leave_the_other_alone(void **state)
{
	struct node_rig us = { .config.connections_a_minute = 3, .config.handshake_ms = 300 };
	struct node_rig ie = { .id = "IE", .peer = "US-OIA", .config.redial_first_ms = 10 };
	char out[8192];
	size_t len;

	(void)state;
	start_acceptor(&us);
	for (unsigned i = 1; i <= 5; i++) {
		s_client(&us, "-alpn comity-bulk/1 -cert IE/tls.pem -key IE/tls.key </dev/null", out, sizeof out, &len);
		RUN_UNTIL(us.refusals == (i < 3 ? i : 3));
	}
	RUN_UNTIL(us.alarms == 1);
	assert_non_null(strstr(us.alarm, "too many connections"));
	node_dials(&ie, &us);
	node_start(&ie);
	exchange(&us, &ie, 10, 600);
	/* What fails is told once for each reason, and says nothing about the peer. */
	want(&ie, true);
	RUN_UNTIL(ie.bulk.failed >= 4);
	assert_in_range(ie.bulk.failed_told, 1, 2);
	assert_int_equal(us.alarms, 1);
	assert_int_equal(ie.failed + us.downs + ie.downs, 0);
	stop_pair(&us, &ie);
}

static void test_where_no_bulk_is_exchanged_messages_are(void **state)
{
	struct node_rig us = { .no_bulk = true }, ie = { .config.redial_first_ms = 10 };

	(void)state;
	start_pair(&us, &ie);
	want(&ie, true);
	RUN_UNTIL(us.session && ie.session && ie.bulk.failed >= 3);
	exchange(&us, &ie, 100, 600);
	assert_int_equal(us.downs + ie.downs + us.bulk.ups + ie.bulk.ups + ie.failed + ie.certificates, 0);
	stop_pair(&us, &ie);
}

static void test_an_outside_client_gets_the_lane_that_it_names(void **state)
{
	struct node_rig us = { .config.handshake_ms = 300 };
	char out[8192];
	size_t len;

	(void)state;
	start_acceptor(&us);
	s_client(&us, "-alpn comity-bulk/1 -cert IE/tls.pem -key IE/tls.key </dev/null", out, sizeof out, &len);
	assert_non_null(memmem(out, len, "\xff\0\0\0\0\0\0\0", 8));
	RUN_UNTIL(us.refusals == 1);
	assert_string_equal(us.refused, "no session proof within 300 ms");
	s_client(&us, "-alpn comity-bulk/2 -cert IE/tls.pem -key IE/tls.key </dev/null", out, sizeof out, &len);
	assert_non_null(strstr(out, "alert number 120"));
	RUN_UNTIL(us.refusals == 2);
	assert_non_null(strstr(us.refused, "ALPN"));
	node_stop_link(&us);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_chunks_pass_both_ways_in_order_beside_messages),
		TEST(test_messages_have_their_turn_while_chunks_flow),
		TEST(test_bulk_is_dialled_when_it_is_wanted),
		TEST(test_what_was_read_ahead_is_taken),
		TEST(test_a_session_without_a_hello_is_ended),
		TEST(test_no_lane_takes_the_place_of_the_other),
		TEST(test_two_that_dial_each_other_settle_on_one_bulk_session),
		TEST(test_a_full_queue_says_so_and_then_once_that_there_is_room),
		TEST(test_what_cannot_be_sent_is_released),
		TEST(test_frames_that_are_queued_at_an_end_are_released_once),
		TEST(test_what_waits_for_room_leaves_before_a_close),
		TEST(test_a_close_does_not_wait_for_who_reads_nothing),
		TEST(test_a_stop_with_a_full_queue_ends),
		TEST(test_a_flood_leaves_memory_bounded),
		TEST(test_the_limits_of_one_lane_leave_the_other_alone),
		TEST(test_where_no_bulk_is_exchanged_messages_are),
		TEST(test_an_outside_client_gets_the_lane_that_it_names),
	};

	cmocka_set_test_filter(getenv("LINK_TEST"));
	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
