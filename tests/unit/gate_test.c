/* Which callers are one address to the gate, which counts their unfinished handshakes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "io/gate/gate_tls_internal.h"

static void caller(struct gate_conn *c, const char *address)
{
	struct sockaddr_in in4 = { .sin_family = AF_INET, .sin_port = htons(4711) };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons(4711) };

	if (inet_pton(AF_INET, address, &in4.sin_addr) == 1) {
		conn_address(c, (struct sockaddr *)&in4);
		return;
	}
	assert_int_equal(inet_pton(AF_INET6, address, &in6.sin6_addr), 1);
	conn_address(c, (struct sockaddr *)&in6);
}

static void test_callers_are_counted_by_address(void **state)
{
	const struct {
		const char *a, *b;
		bool same;
	} cases[] = {
		{ "192.0.2.7", "192.0.2.7", true },
		{ "192.0.2.7", "192.0.2.8", false },
		/* A socket for both families tells IPv4 callers in this form. */
		{ "::ffff:192.0.2.7", "::ffff:192.0.2.8", false },
		{ "::ffff:192.0.2.7", "192.0.2.7", true },
		{ "::ffff:192.0.2.7", "::1", false },
		/* Behind a NAT64 with the well-known prefix (RFC 6052). */
		{ "64:ff9b::192.0.2.7", "64:ff9b::192.0.2.8", false },
		{ "64:ff9b::192.0.2.7", "192.0.2.7", true },
		/* One host has a whole /64. */
		{ "2001:db8::1", "2001:db8::ffff:192.0.2.7", true },
		{ "2001:db8::1", "2001:db8:0:1::1", false },
		{ "::", "0.0.0.0", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct gate_conn a = { 0 }, b = { 0 };

		caller(&a, cases[i].a);
		caller(&b, cases[i].b);
		if ((memcmp(a.source, b.source, sizeof a.source) == 0) != cases[i].same)
			fail_msg("%s and %s are %s", cases[i].a, cases[i].b, cases[i].same ? "two" : "one");
	}
}

static void test_the_log_has_the_address_as_an_administrator_knows_it(void **state)
{
	const struct {
		const char *address, *text;
	} cases[] = {
		{ "192.0.2.7", "192.0.2.7:4711" },
		{ "::ffff:192.0.2.7", "192.0.2.7:4711" },
		{ "64:ff9b::192.0.2.7", "[64:ff9b::c000:207]:4711" },
		{ "2001:db8::1", "[2001:db8::1]:4711" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct gate_conn c = { 0 };

		caller(&c, cases[i].address);
		assert_string_equal(c.address, cases[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_callers_are_counted_by_address),
		cmocka_unit_test(test_the_log_has_the_address_as_an_administrator_knows_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
