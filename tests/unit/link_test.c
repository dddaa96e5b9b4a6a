/* Two links over real sockets, and from outside by openssl s_client. */
#include "io/link/link_zmq_internal.h"
#include "link_rig.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>

#include "io/loop/loop_event.h"

/* -------------------------------------------------------------- what works */

static void test_two_links_exchange_frames_both_ways(void **state)
{
	struct node_rig us = { 0 }, ie = { 0 };

	(void)state;
	start_pair(&us, &ie);
	exchange(&us, &ie, 5000, 600);
	assert_int_equal(us.ups, 1);
	assert_int_equal(ie.ups, 1);
	stop_pair(&us, &ie);
}

static void test_frames_of_the_greatest_size_pass_and_keys_are_renewed(void **state)
{
	struct node_rig us = { .config.rekey_records = 16 }, ie = { .config.rekey_records = 100 };

	(void)state;
	start_pair(&us, &ie);
	exchange(&us, &ie, 100, CY_FRAME_MAX);
	assert_int_equal(us.port.send(us.port.ctx, us.session, cy_bytes("x", CY_FRAME_MAX + 1)), CY_ELIMIT);
	assert_int_equal(us.port.send(us.port.ctx, us.session + 1000, cy_bytes("x", 1)), CY_ENOENT);
	stop_pair(&us, &ie);
}

static void test_a_full_queue_says_so_once_and_then_when_there_is_room(void **state)
{
	struct node_rig us = { 0 }, ie = { 0 };
	uint64_t sent = 0;

	(void)state;
	start_pair(&us, &ie);
	RUN_UNTIL(us.session && ie.session);
	node_send(&us, &sent, 1000, CY_FRAME_MAX);
	assert_true(sent < 1000);
	assert_int_equal(us.writables, 0);
	RUN_UNTIL(us.writables > 0);
	assert_int_equal(us.writables, 1);
	RUN_UNTIL(ie.frames == sent);
	assert_false(ie.disorder);
	stop_pair(&us, &ie);
}

static void test_ipv6_and_host_names_are_dialled(void **state)
{
	struct node_rig us = { .listen = "[::1]:0" }, ie = { 0 };

	(void)state;
	start_pair(&us, &ie);
	exchange(&us, &ie, 10, 100);
	stop_pair(&us, &ie);
	us = (struct node_rig){ 0 };
	ie = (struct node_rig){ .id = "IE", .peer = "US-OIA" };
	start_acceptor(&us);
	snprintf(ie.dial, sizeof ie.dial, "localhost:%u", link_listen_port(us.link, 0));
	node_start(&ie);
	exchange(&us, &ie, 10, 100);
	stop_pair(&us, &ie);
}

static void test_a_closed_session_is_followed_by_a_fresh_one_in_order(void **state)
{
	struct node_rig us = { 0 }, ie = { 0 };
	uint64_t old_us, old_ie;

	(void)state;
	start_pair(&us, &ie);
	for (unsigned i = 1; i <= 5; i++) {
		exchange(&us, &ie, 200, 3000);
		old_us = us.session;
		old_ie = ie.session;
		ie.port.established(ie.port.ctx, ie.session);
		us.port.close(us.port.ctx, us.session, "the test wants it");
		us.port.close(us.port.ctx, us.session, "twice changes nothing");
		assert_int_equal(us.downs, i - 1);
		RUN_UNTIL(us.downs == i && ie.downs == i);
		assert_string_equal(us.why, "the test wants it");
		RUN_UNTIL(us.session && ie.session);
		assert_true(us.session != old_us && ie.session != old_ie);
	}
	stop_pair(&us, &ie);
}

static void test_a_session_without_a_state_is_ended(void **state)
{
	struct node_rig us = { .config.silence_ms = 400, .config.heartbeat_ms = 100 }, ie = { 0 };
	struct timespec start, now;

	(void)state;
	start_pair(&us, &ie);
	RUN_UNTIL(us.downs == 1 && ie.downs == 1);
	assert_string_equal(us.why, "no State within 400 ms");
	RUN_UNTIL(us.session && ie.session);
	us.port.established(us.port.ctx, us.session);
	clock_gettime(CLOCK_MONOTONIC, &start);
	do {
		rig_turn();
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while (now.tv_sec - start.tv_sec < 2);
	assert_int_equal(us.downs, 1);
	stop_pair(&us, &ie);
}

static void test_what_was_queued_leaves_before_a_close_and_before_a_stop(void **state)
{
	struct node_rig us = { 0 }, ie = { 0 };
	uint64_t sent = 0;

	(void)state;
	start_pair(&us, &ie);
	RUN_UNTIL(us.session && ie.session);
	node_send(&us, &sent, 20, 100000);
	us.port.close(us.port.ctx, us.session, "done");
	RUN_UNTIL(ie.downs == 1);
	assert_int_equal(ie.frames, 20);
	assert_string_equal(ie.why, "the peer closed the connection");
	RUN_UNTIL(us.session && ie.session);
	sent = 0;
	node_send(&us, &sent, 20, 100000);
	node_stop_link(&us);
	RUN_UNTIL(ie.downs == 2);
	assert_int_equal(ie.frames, 40);
	node_stop_link(&ie);
}

/* What waits for room may make some while it leaves: nothing comes behind what was said last, such as a Goodbye. */
static void test_a_session_that_is_closed_takes_nothing_more(void **state)
{
	struct node_rig us = { 0 }, ie = { 0 };
	uint64_t sent = 0, session;

	(void)state;
	start_pair(&us, &ie);
	RUN_UNTIL(us.session && ie.session);
	/* Not for another one of these, but for a short one there is room. */
	node_send(&us, &sent, 1000, 1000000);
	session = us.session;
	us.port.close(us.port.ctx, session, "the test wants it");
	assert_int_equal(us.port.send(us.port.ctx, session, cy_bytes("x", 1)), CY_ENOENT);
	RUN_UNTIL(us.downs == 1 && ie.downs == 1);
	assert_string_equal(us.why, "the test wants it");
	assert_int_equal(ie.frames, sent);
	assert_false(ie.disorder);
	stop_pair(&us, &ie);
}

static void test_a_dialler_comes_back_after_its_peer_does(void **state)
{
	struct node_rig us = { 0 }, ie = { .config.redial_cap_ms = 300 };
	char listen[32];

	(void)state;
	start_pair(&us, &ie);
	RUN_UNTIL(us.session && ie.session);
	snprintf(listen, sizeof listen, "127.0.0.1:%u", link_listen_port(us.link, 0));
	node_stop_link(&us);
	RUN_UNTIL(ie.downs == 1 && ie.failed > 1);
	assert_non_null(strstr(ie.why, "Connection refused"));
	us.listen = listen;
	node_start(&us);
	exchange(&us, &ie, 10, 100);
	stop_pair(&us, &ie);
}

static void test_two_that_dial_each_other_settle_on_one_connection(void **state)
{
	(void)state;
	for (int i = 0; i < 10; i++) {
		struct node_rig us = { .id = "US-OIA", .peer = "IE" }, ie = { .id = "IE", .peer = "US-OIA" };
		char a[32], b[32];

		us.config.redial_first_ms = ie.config.redial_first_ms = 20;
		snprintf(a, sizeof a, "127.0.0.1:%u", rig_free_port());
		snprintf(b, sizeof b, "127.0.0.1:%u", rig_free_port());
		us.listen = a;
		ie.listen = b;
		snprintf(us.dial, sizeof us.dial, "%s", b);
		snprintf(ie.dial, sizeof ie.dial, "%s", a);
		node_start(&us);
		node_start(&ie);
		/* Settled: what one side sends on its session comes to the other's. */
		us.echo = true;
		for (unsigned answers = 0; answers < 20; answers++) {
			uint64_t sent = 1, in = 0;
			unsigned had = ie.frames;

			/* What a loser took with it is asked again on the session that stays. */
			while (ie.frames == had) {
				RUN_UNTIL(us.session && ie.session);
				if (in != ie.session) {
					in = ie.session;
					sent = 0;
				}
				node_send(&ie, &sent, 1, 100);
				rig_turn();
			}
		}
		RUN_UNTIL(us.ups - us.downs == 1 && ie.ups - ie.downs == 1);
		assert_int_equal(us.alarms + ie.alarms, 0);
		stop_pair(&us, &ie);
	}
}

static void test_the_connection_dialled_by_the_smaller_id_stays(void **state)
{
	struct node_rig us = { 0 }, ie = { .listen = "127.0.0.1:0" }, twin = { .id = "US-OIA", .peer = "IE" };
	char dir[64];
	uint64_t held;

	(void)state;
	snprintf(dir, sizeof dir, "%s/twin", rig_dir);
	start_pair(&us, &ie);
	RUN_UNTIL(us.session && ie.session);
	held = ie.session;
	node_dials(&twin, &ie);
	twin.config.ipc_dir = dir;
	twin.config.redial_first_ms = twin.config.redial_cap_ms = 20;
	node_start(&twin);
	RUN_UNTIL(twin.downs > 3);
	assert_int_equal(ie.session, held);
	assert_int_equal(us.downs, 0);
	RUN_UNTIL(ie.ups - ie.downs == 1);
	node_stop_link(&twin);
	stop_pair(&us, &ie);

	/* The other way about: it takes the place of one dialled by the greater id. */
	ie = (struct node_rig){ .id = "IE", .peer = "US-OIA", .listen = "127.0.0.1:0" };
	us = (struct node_rig){ .id = "US-OIA", .peer = "IE", .listen = "127.0.0.1:0" };
	twin = (struct node_rig){ .id = "IE", .peer = "US-OIA", .config.ipc_dir = dir };
	node_start(&ie);
	node_dials(&us, &ie);
	us.config.redial_first_ms = us.config.redial_cap_ms = 20;
	node_start(&us);
	RUN_UNTIL(us.session && ie.session);
	node_dials(&twin, &us);
	node_start(&twin);
	RUN_UNTIL(twin.session && us.ups == 2 && us.session);
	RUN_UNTIL(us.downs == 1);
	assert_string_equal(us.why, "a newer connection of this peer takes the place");
	RUN_UNTIL(ie.downs == 1);
	assert_int_equal(us.downs + twin.downs, 1);
	node_stop_link(&twin);
	stop_pair(&us, &ie);
}

/* --------------------------------------------------------- who is kept out */

/* IE dials with what the test gave it and never comes up. */
static void kept_out(struct node_rig *us, struct node_rig *ie, const char *ie_reads, const char *us_reads)
{
	start_pair(us, ie);
	RUN_UNTIL(ie->failed && (us->refusals || !us_reads));
	if (!strstr(ie->why, ie_reads))
		fail_msg("the dialler says: %s", ie->why);
	if (us_reads && !strstr(us->refused, us_reads))
		fail_msg("the acceptor says: %s", us->refused);
	assert_int_equal(us->ups + ie->ups, 0);
	/* Told for the peer that it is about, or whose CA has issued the certificate. */
	assert_int_equal(ie->certificates > 0, strstr(ie->why, "certificate") != NULL);
	assert_int_equal(us->certificates > 0, strstr(us->refused, "IE: ") != NULL);
	stop_pair(us, ie);
}

static void test_a_caller_with_a_wrong_certificate_reads_the_true_reason(void **state)
{
	const struct {
		const char *certificate, *key, *crl, *ie_reads, *us_reads;
	} cases[] = {
		{ "expired.pem", "expired.key", NULL, "peer refused our certificate: certificate expired",
		  "IE: certificate has expired" },
		{ "unknown.pem", "unknown.key", NULL, "peer refused our certificate: ", "no CA of IE has issued it" },
		{ "stranger.pem", "stranger.key", NULL, "peer refused our certificate: bad certificate",
		  "none of the expected names" },
		{ "FR/tls.pem", "FR/tls.key", NULL, "peer refused our certificate: bad certificate",
		  "none of the expected names" },
		{ "IE/tls.pem", "IE/tls.key", "copy/crl.pem", "peer refused our certificate: certificate revoked",
		  "IE: certificate revoked" },
		{ "IE/tls.pem", "IE/tls.key", "stale.pem", "peer refused our certificate: certificate unknown",
		  "the CRL has expired" },
		{ "IE/sign.pem", "IE/sign.key", NULL, "peer refused our certificate: ", "certificate refused" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct node_rig us = { .crl = cases[i].crl };
		struct node_rig ie = { .certificate = cases[i].certificate, .key = cases[i].key };

		kept_out(&us, &ie, cases[i].ie_reads, cases[i].us_reads);
	}
}

static void test_an_anchor_of_one_peer_does_not_vouch_for_another(void **state)
{
	struct node_rig us = { .anchors = "FR/ca.pem" }, ie = { 0 };

	(void)state;
	kept_out(&us, &ie, "peer refused our certificate: unknown CA",
		 "no CA of IE has issued it: unable to get local");
	us = (struct node_rig){ 0 };
	ie = (struct node_rig){ .anchors = "FR/ca.pem" };
	kept_out(&us, &ie, "certificate refused: US-OIA: unable to get local issuer", "peer refused our certificate");
	us = (struct node_rig){ 0 };
	ie = (struct node_rig){ .san = "dns:ie.comity.invalid" };
	kept_out(&us, &ie, "none of the expected names", "peer refused our certificate: bad certificate");
}

static void test_a_crl_within_its_grace_still_counts_with_an_alarm(void **state)
{
	struct node_rig us = { .crl = "stale.pem", .crl_grace_s = 7200 }, ie = { .crl = "US-OIA/crl.pem" };

	(void)state;
	start_pair(&us, &ie);
	exchange(&us, &ie, 10, 100);
	assert_int_equal(us.alarms, 1);
	assert_non_null(strstr(us.alarm, "nextUpdate"));
	assert_int_equal(ie.alarms, 0);
	stop_pair(&us, &ie);
}

/* comity-pki dates its CRLs an hour back. */
static void test_a_crl_older_than_its_age_limit_is_stale(void **state)
{
	struct node_rig us = { .crl = "IE/crl.pem", .crl_max_age_s = 600, .crl_grace_s = 7200 }, ie = { 0 };

	(void)state;
	start_pair(&us, &ie);
	exchange(&us, &ie, 10, 100);
	assert_int_equal(us.alarms, 1);
	stop_pair(&us, &ie);
	us = (struct node_rig){ .crl = "IE/crl.pem", .crl_max_age_s = 600 };
	ie = (struct node_rig){ 0 };
	kept_out(&us, &ie, "certificate", "IE: the CRL has expired");
}

static void test_uri_and_address_names_pin_a_peer_too(void **state)
{
	struct node_rig us = { .san = "uri:urn:example:ie" };
	struct node_rig ie = { .certificate = "named.pem", .key = "named.key", .san = "ip:127.0.0.1" };

	(void)state;
	start_pair(&us, &ie);
	exchange(&us, &ie, 10, 100);
	stop_pair(&us, &ie);
	us = (struct node_rig){ .san = "uri:urn:example:i" };
	ie = (struct node_rig){ .certificate = "named.pem", .key = "named.key" };
	kept_out(&us, &ie, "bad certificate", "none of the expected names");
}

static void test_from_outside_only_alerts_come_without_a_good_certificate(void **state)
{
	const struct {
		const char *options, *client_reads, *us_reads;
	} cases[] = {
		{ "-alpn comity/1 </dev/null", "alert number 116", "no certificate was sent" },
		{ "-tls1_2 -alpn comity/1 -cert IE/tls.pem -key IE/tls.key </dev/null", "alert number 70",
		  "unsupported protocol" },
		{ "-alpn comity/2 -cert IE/tls.pem -key IE/tls.key </dev/null", "alert number 120", "ALPN" },
		{ "-alpn comity/1 -cert unknown.pem -key unknown.key </dev/null", "SSL alert number",
		  "no CA of IE has issued it" },
	};
	struct node_rig us = { 0 };

	(void)state;
	start_acceptor(&us);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char out[8192];
		size_t len;

		us.refusals = 0;
		s_client(&us, cases[i].options, out, sizeof out, &len);
		RUN_UNTIL(us.refusals == 1);
		if (!strstr(out, cases[i].client_reads))
			fail_msg("the client says: %s", out);
		if (!strstr(us.refused, cases[i].us_reads))
			fail_msg("the acceptor says: %s", us.refused);
		assert_null(memmem(out, len, "\xff\0\0\0\0\0\0\0", 8));
	}
	assert_int_equal(us.ups, 0);
	node_stop_link(&us);
}

static void test_garbage_before_the_handshake_is_refused(void **state)
{
	struct node_rig us = { 0 };
	char answer[256];
	ssize_t n;
	int fd;

	(void)state;
	start_acceptor(&us);
	fd = rig_tcp(&us);
	assert_int_equal(write(fd, "GET / HTTP/1.1\r\n\r\n", 18), 18);
	RUN_UNTIL(us.refusals == 1);
	assert_non_null(strstr(us.refused, "http request"));
	n = read(fd, answer, sizeof answer);
	assert_true(n == 0 || (n > 0 && answer[0] == 0x15)); /* a TLS alert at most */
	close(fd);
	node_stop_link(&us);
}

static void write_file(const char *path, const void *data, size_t len)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(data, 1, len, f), len);
	fclose(f);
}

static void test_with_a_certificate_zmtp_is_spoken_and_held_to(void **state)
{
	static const char greeting[64] = "\xff\0\0\0\0\0\0\0\1\x7f\3\1NULL";
	static const char ready[] = "\x04\x1c\x05READY\x0bSocket-Type\0\0\0\x06"
				    "DEALER";
	const struct {
		const char *tail;
		size_t len;
		const char *why;
	} cases[] = {
		{ "\2\0\0\0\0\0\x11\0\1", 9, "a frame over the limit" },
		{ "\1\1x\0\1y", 6, "a message of more than one frame" },
		{ "\x80\1x", 3, "reserved bits" },
	};
	struct node_rig us = { 0 };
	char out[8192], options[256], sent[256];
	size_t len;

	(void)state;
	start_acceptor(&us);
	snprintf(options, sizeof options, "-alpn comity/1 -cert IE/tls.pem -key IE/tls.key <%s/sent", rig_dir);
	snprintf(sent, sizeof sent, "%s/sent", rig_dir);
	write_file(sent, "GET / HTTP/1.1\r\n\r\n", 18);
	s_client(&us, options, out, sizeof out, &len);
	RUN_UNTIL(us.refusals == 1);
	assert_non_null(strstr(us.refused, "the peer breaks the protocol: not a ZMTP greeting"));
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char text[256];

		memcpy(text, greeting, 64);
		memcpy(text + 64, ready, sizeof ready - 1);
		memcpy(text + 64 + sizeof ready - 1, cases[i].tail, cases[i].len);
		write_file(sent, text, 64 + sizeof ready - 1 + cases[i].len);
		us.refused[0] = us.why[0] = '\0';
		s_client(&us, options, out, sizeof out, &len);
		/* The session may or may not have come up before the wrong bytes. */
		RUN_UNTIL(us.refused[0] || us.why[0]);
		if (!strstr(us.refused, cases[i].why) && !strstr(us.why, cases[i].why))
			fail_msg("said: %s %s", us.refused, us.why);
		assert_int_equal(us.frames, 0);
	}
	node_stop_link(&us);
}

static void test_the_greeting_arrives_at_an_outside_client(void **state)
{
	struct node_rig us = { .config.handshake_ms = 300 };
	char out[8192];
	size_t len;

	(void)state;
	start_acceptor(&us);
	/* Without ALPN, as a plain tunnel does it, this is the message lane. */
	s_client(&us, "-cert IE/tls.pem -key IE/tls.key </dev/null", out, sizeof out, &len);
	assert_non_null(memmem(out, len, "\xff\0\0\0\0\0\0\0", 8));
	RUN_UNTIL(us.refusals == 1);
	assert_string_equal(us.refused, "no session proof within 300 ms");
	node_stop_link(&us);
}

/* ------------------------------------------------------------------ limits */

static void test_silent_callers_are_evicted_and_a_true_peer_gets_in(void **state)
{
	struct node_rig us = { .id = "US-OIA", .peer = "IE", .listen = "127.0.0.1:0" };
	struct node_rig ie = { .id = "IE", .peer = "US-OIA" };
	int fds[40];

	(void)state;
	us.config.handshakes_max = 8;
	us.config.handshakes_per_source = 4;
	node_start(&us);
	for (size_t i = 0; i < 40; i++)
		fds[i] = rig_tcp(&us);
	node_dials(&ie, &us);
	node_start(&ie);
	exchange(&us, &ie, 10, 100);
	assert_int_equal(ie.failed, 0);
	assert_non_null(strstr(us.refused, "evicted"));
	assert_true(us.refusals >= 36);
	for (size_t i = 0; i < 40; i++)
		close(fds[i]);
	stop_pair(&us, &ie);
}

static void test_a_handshake_that_takes_too_long_is_ended(void **state)
{
	struct node_rig us = { 0 }, ie = { .id = "IE", .peer = "US-OIA", .config.handshake_ms = 200 };
	struct sockaddr_in sa = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof sa;
	int fd, silent = socket(AF_INET, SOCK_STREAM, 0);

	(void)state;
	us.config.handshake_ms = 200;
	start_acceptor(&us);
	fd = rig_tcp(&us);
	RUN_UNTIL(us.refusals == 1);
	assert_string_equal(us.refused, "the handshake took too long");
	close(fd);
	node_stop_link(&us);
	assert_int_equal(bind(silent, (struct sockaddr *)&sa, sizeof sa) | listen(silent, 5), 0);
	assert_int_equal(getsockname(silent, (struct sockaddr *)&sa, &len), 0);
	snprintf(ie.dial, sizeof ie.dial, "127.0.0.1:%u", ntohs(sa.sin_port));
	node_start(&ie);
	RUN_UNTIL(ie.failed);
	assert_string_equal(ie.why, "the handshake took too long");
	node_stop_link(&ie);
	close(silent);
}

static void test_too_many_takeovers_are_refused_with_an_alarm(void **state)
{
	struct node_rig us = { .config.takeovers_a_minute = 2 }, ie = { 0 }, twin = { .id = "IE", .peer = "US-OIA" };
	char dir[64];
	uint64_t held;
	unsigned before;

	(void)state;
	ie.config.redial_first_ms = twin.config.redial_first_ms = 10;
	ie.config.redial_cap_ms = twin.config.redial_cap_ms = 50;
	start_pair(&us, &ie);
	RUN_UNTIL(us.session && ie.session);
	snprintf(dir, sizeof dir, "%s/twin", rig_dir);
	twin.config.ipc_dir = dir;
	memcpy(twin.dial, ie.dial, sizeof ie.dial);
	node_start(&twin);
	RUN_UNTIL(us.alarms == 1);
	assert_non_null(strstr(us.alarm, "two machines"));
	RUN_UNTIL(us.session && us.ups - us.downs == 1);
	held = us.session;
	before = ie.downs + twin.downs;
	/* Each of them proves itself: however many there are, none is one that proves nothing. */
	RUN_UNTIL(ie.downs + twin.downs > before + 3 * LINK_UNPROVEN);
	assert_int_equal(us.session, held);
	assert_int_equal(us.alarms, 1);
	node_stop_link(&twin);
	stop_pair(&us, &ie);
}

/* ---------------------------------------------------------- a wrong start */

static void wrong_start(struct node_rig *n, const char *names, const char *remedy)
{
	struct cy_error e = { 0 };

	n->id = "IE";
	n->peer = "US-OIA";
	assert_int_equal(node_try(n, &e), CY_ECONFIG);
	if ((!strstr(e.text, names) && !strstr(e.field, names)) || !strstr(e.text, remedy))
		fail_msg("said: %s: %s", e.field, e.text);
}

static void test_a_wrong_configuration_is_told_with_its_file_and_remedy(void **state)
{
	char open_dir[64], long_dir[160];
	struct rlimit before, low;

	(void)state;
	wrong_start(&(struct node_rig){ .certificate = "absent.pem" }, "absent.pem", "PEM");
	wrong_start(&(struct node_rig){ .key = "absent.key" }, "absent.key", "cannot be opened");
	wrong_start(&(struct node_rig){ .key = "FR/tls.key" }, "FR/tls.key", "does not belong");
	wrong_start(&(struct node_rig){ .anchors = "absent.pem" }, "absent.pem", "install");
	wrong_start(&(struct node_rig){ .anchors = "IE/tls.key" }, "tls.key", "export");
	wrong_start(&(struct node_rig){ .anchors = "US-OIA/tls.pem" }, "tls.pem", "CA certificates only");
	wrong_start(&(struct node_rig){ .crl = "IE/ca.pem" }, "ca.pem", "openssl crl");
	wrong_start(&(struct node_rig){ .crl = "FR/crl.pem" }, "crl.pem", "has signed this CRL");
	wrong_start(&(struct node_rig){ .san = "us-oia" }, "us-oia", "dns:NAME");
	wrong_start(&(struct node_rig){ .listen = "everywhere" }, "everywhere", "ADDRESS:PORT");
	wrong_start(&(struct node_rig){ .dial = "::1:5671" }, "::1:5671", "[ADDRESS]:PORT");
	snprintf(open_dir, sizeof open_dir, "%s/open", rig_dir);
	assert_int_equal(mkdir(open_dir, 0700) | chmod(open_dir, 0755), 0);
	wrong_start(&(struct node_rig){ .config.ipc_dir = open_dir }, open_dir, "chmod 0700");
	memset(long_dir, 'x', sizeof long_dir - 1);
	long_dir[sizeof long_dir - 1] = '\0';
	wrong_start(&(struct node_rig){ .config.ipc_dir = long_dir }, "too long", "81");
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	low = before;
	low.rlim_cur = 128;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	wrong_start(&(struct node_rig){ 0 }, "128", "LimitNOFILE");
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
}

/* ---------------------------------------------------------------- the loop */

static struct loop loop;
static char trail[16];

static void say_b(void *ctx)
{
	(void)ctx;
	strcat(trail, "b");
}

static void say_a(void *ctx)
{
	(void)ctx;
	strcat(trail, "a");
	loop_defer(&loop, say_b, NULL);
	strcat(trail, ".");
}

static void woken(void *ctx)
{
	struct clock_port clock = loop_clock(&loop);

	(void)ctx;
	strcat(trail, "w");
	if (strchr(trail, 'w') == strrchr(trail, 'w'))
		clock.wake_at(clock.ctx, cy_mono_add(clock.mono(clock.ctx), 1));
	else
		loop_stop(&loop);
}

static void test_the_loop_wakes_the_node_and_puts_off_calls(void **state)
{
	struct clock_port clock;

	(void)state;
	assert_int_equal(loop_init(&loop, woken, NULL, NULL), CY_OK);
	clock = loop_clock(&loop);
	assert_true(clock.wall(clock.ctx).ms / 1000 >= time(NULL) - 1);
	clock.wake_at(clock.ctx, (struct cy_mono){ 0 });
	clock.wake_at(clock.ctx, CY_NEVER);
	loop_defer(&loop, say_a, NULL);
	clock.wake_at(clock.ctx, cy_mono_add(clock.mono(clock.ctx), 20));
	assert_string_equal(trail, "");
	assert_int_equal(loop_run(&loop), CY_OK);
	assert_string_equal(trail, "a.bww");
	loop_free(&loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_two_links_exchange_frames_both_ways),
		TEST(test_frames_of_the_greatest_size_pass_and_keys_are_renewed),
		TEST(test_a_full_queue_says_so_once_and_then_when_there_is_room),
		TEST(test_ipv6_and_host_names_are_dialled),
		TEST(test_a_session_without_a_state_is_ended),
		TEST(test_a_closed_session_is_followed_by_a_fresh_one_in_order),
		TEST(test_what_was_queued_leaves_before_a_close_and_before_a_stop),
		TEST(test_a_session_that_is_closed_takes_nothing_more),
		TEST(test_a_dialler_comes_back_after_its_peer_does),
		TEST(test_two_that_dial_each_other_settle_on_one_connection),
		TEST(test_the_connection_dialled_by_the_smaller_id_stays),
		TEST(test_a_caller_with_a_wrong_certificate_reads_the_true_reason),
		TEST(test_an_anchor_of_one_peer_does_not_vouch_for_another),
		TEST(test_a_crl_within_its_grace_still_counts_with_an_alarm),
		TEST(test_a_crl_older_than_its_age_limit_is_stale),
		TEST(test_uri_and_address_names_pin_a_peer_too),
		TEST(test_from_outside_only_alerts_come_without_a_good_certificate),
		TEST(test_garbage_before_the_handshake_is_refused),
		TEST(test_with_a_certificate_zmtp_is_spoken_and_held_to),
		TEST(test_the_greeting_arrives_at_an_outside_client),
		TEST(test_silent_callers_are_evicted_and_a_true_peer_gets_in),
		TEST(test_a_handshake_that_takes_too_long_is_ended),
		TEST(test_too_many_takeovers_are_refused_with_an_alarm),
		TEST(test_a_wrong_configuration_is_told_with_its_file_and_remedy),
		TEST(test_the_loop_wakes_the_node_and_puts_off_calls),
	};

	cmocka_set_test_filter(getenv("LINK_TEST"));
	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
