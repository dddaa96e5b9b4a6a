/* The guard over ZMTP framing. Expectations are from RFC 37/ZMTP (version 3.1). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/rng.h"
#include "io/zmtp_guard.h"

static const char greeting[ZMTP_GREETING_LEN + 1] = "\xff\0\0\0\0\0\0\0\1\x7f\3\1NULL";
/* RFC 37: command READY with Socket-Type=DEALER. */
static const char ready[] = "\x04\x1c\x05READY\x0bSocket-Type\0\0\0\x06"
			    "DEALER";
#define READY_LEN (sizeof ready - 1)

static int feed(struct zmtp_guard *g, const char *s, size_t len)
{
	return zmtp_guard_feed(g, cy_bytes(s, len));
}

static struct zmtp_guard shaken(void)
{
	struct zmtp_guard g = { 0 };

	assert_int_equal(feed(&g, greeting, ZMTP_GREETING_LEN), CY_OK);
	assert_int_equal(feed(&g, ready, READY_LEN), CY_OK);
	return g;
}

/* The answer to one piece of text after the handshake, whole and byte by byte. */
static int after(const char *s, size_t len)
{
	struct zmtp_guard whole = shaken(), bytes = shaken();
	int rc = feed(&whole, s, len), one = CY_OK;

	for (size_t i = 0; i < len && one == CY_OK; i++)
		one = feed(&bytes, s + i, 1);
	assert_int_equal(one, rc);
	assert_int_equal(bytes.step, whole.step);
	return rc;
}
#define AFTER(s) after(s, sizeof(s) - 1)

static void test_a_good_stream_passes_however_it_is_cut(void **state)
{
	static char stream[4096];
	size_t len = 0;

	(void)state;
	memcpy(stream, greeting, ZMTP_GREETING_LEN);
	len += ZMTP_GREETING_LEN;
	memcpy(stream + len, ready, READY_LEN);
	len += READY_LEN;
	memcpy(stream + len, "\0\5hello\0\0\4\7\4PING\0\1\2\0\0\0\0\0\0\1\0", 25);
	len += 25 + 256;
	for (size_t cut = 1; cut < 300; cut++) {
		struct zmtp_guard g = { 0 };

		for (size_t i = 0; i < len; i += cut)
			assert_int_equal(feed(&g, stream + i, i + cut < len ? cut : len - i), CY_OK);
		assert_int_equal(g.step, ZMTP_FLAGS);
		assert_true(g.ready);
	}
}

static void test_each_octet_of_the_greeting_that_matters_is_held_to(void **state)
{
	(void)state;
	for (size_t i = 0; i < ZMTP_GREETING_LEN; i++) {
		char changed[ZMTP_GREETING_LEN];
		struct zmtp_guard g = { 0 };
		bool matters = i == 0 || i == 9 || i == 10 || (i >= 12 && i <= 32);

		memcpy(changed, greeting, sizeof changed);
		changed[i] = (char)(changed[i] ^ 1);
		assert_int_equal(feed(&g, changed, sizeof changed), matters ? CY_EPROTO : CY_OK);
	}
}

static void test_plain_text_is_not_a_greeting(void **state)
{
	struct zmtp_guard g = { 0 };

	(void)state;
	assert_int_equal(feed(&g, "GET / HTTP/1.1\r\n", 16), CY_EPROTO);
	assert_string_equal(g.why, "not a ZMTP greeting");
}

static void test_a_message_must_wait_for_ready(void **state)
{
	struct zmtp_guard g = { 0 };

	(void)state;
	assert_int_equal(feed(&g, greeting, ZMTP_GREETING_LEN), CY_OK);
	assert_int_equal(feed(&g, "\0\1x", 3), CY_EPROTO);
}

static void test_a_message_is_one_frame(void **state)
{
	(void)state;
	assert_int_equal(AFTER("\0\1x\0\1y"), CY_OK);
	assert_int_equal(AFTER("\1\1x"), CY_EPROTO);
	assert_int_equal(AFTER("\3\0\0\0\0\0\0\0\1x"), CY_EPROTO);
	assert_int_equal(AFTER("\5\5\4PING"), CY_EPROTO);
}

static void test_reserved_bits_are_refused(void **state)
{
	(void)state;
	for (unsigned bit = 3; bit < 8; bit++) {
		const char frame[] = { (char)(1u << bit), 1, 'x' };

		assert_int_equal(after(frame, sizeof frame), CY_EPROTO);
	}
}

static void test_a_frame_may_reach_the_limit_and_not_pass_it(void **state)
{
	const uint64_t limits[] = { CY_FRAME_MAX, CY_FRAME_MAX + 1ull, UINT64_MAX, UINT64_C(1) << 63 };

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		char header[9] = { 2 };

		for (size_t k = 0; k < 8; k++)
			header[1 + k] = (char)(limits[i] >> (56 - 8 * k));
		assert_int_equal(after(header, sizeof header), i == 0 ? CY_OK : CY_EPROTO);
	}
}

static void test_only_known_commands_within_their_limit_pass(void **state)
{
	(void)state;
	assert_int_equal(AFTER("\4\7\4PING\0\1"), CY_OK);
	assert_int_equal(AFTER("\4\5\4PONG"), CY_OK);
	assert_int_equal(AFTER("\4\7\5ERROR\0"), CY_OK);
	assert_int_equal(AFTER("\4\6\5READY"), CY_EPROTO); /* a second one */
	assert_int_equal(AFTER("\4\4\4PING"), CY_EPROTO);  /* cut short */
	assert_int_equal(AFTER("\4\4\3FOO"), CY_EPROTO);
	assert_int_equal(AFTER("\4\0"), CY_EPROTO);
	assert_int_equal(AFTER("\6\0\0\0\0\0\0\2\0\4PING"), CY_OK);
	assert_int_equal(AFTER("\6\0\0\0\0\0\0\2\1\4PING"), CY_EPROTO);
}

static void test_what_is_broken_stays_broken(void **state)
{
	struct zmtp_guard g = shaken();

	(void)state;
	assert_int_equal(feed(&g, "\1", 1), CY_EPROTO);
	assert_int_equal(feed(&g, "\0\1x", 3), CY_EPROTO);
	assert_string_equal(g.why, "a message of more than one frame");
}

static void test_garbage_ends_in_a_refusal_whatever_its_cut(void **state)
{
	struct cy_rng r = { 7 };

	(void)state;
	for (int i = 0; i < 20000; i++) {
		struct zmtp_guard a = shaken(), b = shaken();
		char junk[64];
		int rc = CY_OK;

		for (size_t k = 0; k < sizeof junk; k++)
			junk[k] = (char)cy_rng_below(&r, k < 2 ? 8 : 256);
		for (size_t k = 0; k < sizeof junk && !rc; k++)
			rc = feed(&a, junk + k, 1);
		assert_int_equal(feed(&b, junk, sizeof junk), rc);
		assert_int_equal(a.step, b.step);
		assert_true(rc == CY_OK || a.why);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_good_stream_passes_however_it_is_cut),
		cmocka_unit_test(test_each_octet_of_the_greeting_that_matters_is_held_to),
		cmocka_unit_test(test_plain_text_is_not_a_greeting),
		cmocka_unit_test(test_a_message_must_wait_for_ready),
		cmocka_unit_test(test_a_message_is_one_frame),
		cmocka_unit_test(test_reserved_bits_are_refused),
		cmocka_unit_test(test_a_frame_may_reach_the_limit_and_not_pass_it),
		cmocka_unit_test(test_only_known_commands_within_their_limit_pass),
		cmocka_unit_test(test_what_is_broken_stays_broken),
		cmocka_unit_test(test_garbage_ends_in_a_refusal_whatever_its_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
