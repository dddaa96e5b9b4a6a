/* Sentences with values, said in another language. */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/sentence.h"

static void make(char *text, size_t size, struct cy_sentence *s, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
static void make(char *text, size_t size, struct cy_sentence *s, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	cy_sentence(text, size, s, fmt, ap);
	va_end(ap);
}

static const char *french(void *arg, const char *value)
{
	(void)arg;
	return strcmp(value, "it is over") == 0 ? "il est passé" : value;
}

static void said(const char *other, const char *text, const struct cy_sentence *s, const char *expected)
{
	struct cy_buf b = CY_BUF(4096);

	assert_int_equal(cy_sentence_say(&b, other, text, s, french, NULL), CY_OK);
	assert_string_equal((const char *)b.data, expected);
	cy_buf_free(&b);
}

/* The same text as printf() makes, also where it is cut. */
static void it_is_written_as_printf_does(void **state)
{
	struct cy_sentence s;
	char text[200], expected[200];

	(void)state;
#define SAME(size, ...)                                  \
	do {                                             \
		make(text, (size), &s, __VA_ARGS__);     \
		snprintf(expected, (size), __VA_ARGS__); \
		assert_string_equal(text, expected);     \
	} while (0)
	SAME(200, "%d %d %u %zu %ld %llu 100%%", -7, INT_MIN, UINT_MAX, (size_t)9, LONG_MIN, ULLONG_MAX);
	SAME(200, "%.3s %.*s %s %04d-%02d", "abcdef", 2, "xyz", "", 7, -3);
	SAME(200, "%x", 255u);
	assert_null(s.format);
#undef SAME
	make(text, 9, &s, "a long %s", "text");
	assert_string_equal(text, "a long t");
}

static void values_keep_their_place_in_another_order(void **state)
{
	struct cy_sentence s;
	char text[200];

	(void)state;
	make(text, sizeof text, &s, "%s lies after %04d: %s.", "x", 26, "it is over");
	said("%3$s : %1$s suit %2$04d (%%).", text, &s, "il est passé : x suit 0026 (%).");
	said("%s, %d, %s", text, &s, "x, 0026, il est passé");
	make(text, sizeof text, &s, "'%.40s' is none", "it is over");
	said("« %s »", text, &s, "« it is over »");
}

/* What a catalogue has wrong stays as it is written there. */
static void a_broken_format_does_no_harm(void **state)
{
	struct cy_sentence s;
	char text[200];

	(void)state;
	make(text, sizeof text, &s, "%s", "x");
	said("%n %2$s %99999999999$s %", text, &s, "%n %2$s %99999999999$s %");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_written_as_printf_does),
		cmocka_unit_test(values_keep_their_place_in_another_order),
		cmocka_unit_test(a_broken_format_does_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
