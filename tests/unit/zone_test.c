/* Time zones: what is read of tzdata against the C library, which reads the same files
 * on its own; and files and names that are no zones. */
#include "config/zone_tz.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define YEAR_S INT64_C(31556952)

static char dir[] = "/tmp/comity-zone-XXXXXX";

/* The C library's offset; TZ is set. */
static long libc_offset(int64_t s)
{
	time_t t = (time_t)s;
	struct tm tm;

	assert_non_null(localtime_r(&t, &tm));
	return tm.tm_gmtoff;
}

static void compare(const struct law_zone *z, const char *tz, int64_t s)
{
	struct cy_wall t = { s * 1000 };

	if (law_offset_at(z, t) != libc_offset(s)) {
		char text[CY_RFC3339_SIZE];

		cy_rfc3339(t, text);
		fail_msg("%s at %s: %d, the C library has %ld", tz, text, law_offset_at(z, t), libc_offset(s));
	}
}

static void compare_all(const struct law_zone *z, const char *tz)
{
	assert_int_equal(setenv("TZ", tz, 1), 0);
	tzset();
	for (size_t i = 1; i < z->n; i++) {
		compare(z, tz, z->offsets[i].from_ms / 1000 - 1);
		compare(z, tz, z->offsets[i].from_ms / 1000);
	}
	for (int64_t s = 1; s < 131 * YEAR_S - 86400; s += 5 * 86400 + 3607)
		compare(z, tz, s);
}

/* Every zone of the table that tzdata has for people. */
static void all_zones_of_tzdata_are_as_the_c_library_has_them(void **state)
{
	FILE *f = fopen(ZONE_DIR "/zone1970.tab", "r");
	char line[512], name[64];
	int n = 0;

	(void)state;
	assert_non_null(f);
	while (fgets(line, sizeof line, f)) {
		struct cy_arena arena = { 0 };
		const struct law_zone *z;
		struct cy_error e;

		if (line[0] == '#' || sscanf(line, "%*s %*s %63s", name) != 1)
			continue;
		if (zone_load(NULL, name, &arena, &z, &e) != CY_OK)
			fail_msg("%s: %s", name, e.text);
		assert_string_equal(z->name, name);
		for (size_t i = 1; i < z->n; i++)
			assert_true(z->offsets[i].from_ms > z->offsets[i - 1].from_ms &&
				    z->offsets[i].seconds != z->offsets[i - 1].seconds);
		compare_all(z, name);
		cy_arena_free(&arena);
		n++;
	}
	fclose(f);
	assert_true(n > 300);
}

static void names_that_are_no_zones_are_told(void **state)
{
	static const struct {
		const char *name;
		int rc;
		const char *text;
	} cases[] = {
		{ "Europe/Dublim", CY_ENOENT,
		  "there is no time zone 'Europe/Dublim' in /usr/share/zoneinfo; a zone of the IANA database such as "
		  "Europe/Dublin is expected (the package tzdata has them)" },
		{ "Europe", CY_ENOENT, "there is no time zone 'Europe'" },
		{ "Europe/Dublin/x", CY_ENOENT, "there is no time zone 'Europe/Dublin/x'" },
		{ "", CY_EINVAL,
		  "'' is not a time zone; a zone of the IANA database such as Europe/Dublin is expected" },
		{ "../../../etc/passwd", CY_EINVAL, "is not a time zone" },
		{ "/etc/localtime", CY_EINVAL, "is not a time zone" },
		{ "right/Europe/Dublin", CY_EINVAL, "is not a time zone" },
		{ "Europe//Dublin", CY_EINVAL, "is not a time zone" },
		{ "Europe/\033[31mDublin", CY_EINVAL, "'Europe/?[31mDublin' is not a time zone" },
		{ "zone.tab", CY_EINVAL, "is not a time zone" },
		{ "leapseconds", CY_EPARSE, "it is no TZif file" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct cy_arena arena = { 0 };
		const struct law_zone *z = NULL;
		struct cy_error e;

		assert_int_equal(zone_load(NULL, cases[i].name, &arena, &z, &e), cases[i].rc);
		if (!strstr(e.text, cases[i].text))
			fail_msg("'%s': %s", cases[i].name, e.text);
		assert_null(z);
		cy_arena_free(&arena);
	}
}

static void put(const char *name, const void *data, size_t len)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof path, "%s/%s", dir, name);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(data, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
}

static int load(const char *name, struct cy_arena *arena, const struct law_zone **z, struct cy_error *e)
{
	return zone_load(dir, name, arena, z, e);
}

/* A file without changes, of one offset, and with this last line. */
static size_t made(uint8_t *out, int32_t offset, const char *rule)
{
	uint8_t *p = out;

	for (int part = 0; part < 2; part++) {
		static const uint8_t header[44] = { 'T', 'Z', 'i', 'f', '2', [39] = 1, [43] = 4 };

		memcpy(p, header, sizeof header);
		p += sizeof header;
		for (int shift = 24; shift >= 0; shift -= 8)
			*p++ = (uint8_t)((uint32_t)offset >> shift);
		*p++ = 0;
		*p++ = 0;
		memcpy(p, "AAA", 4);
		p += 4;
	}
	p += sprintf((char *)p, "\n%s\n", rule);
	return (size_t)(p - out);
}

/* All forms that POSIX and RFC 8536 know, as the C library counts them. */
static void rules_of_the_last_line_are_as_the_c_library_has_them(void **state)
{
	static const struct {
		int32_t offset;
		const char *rule;
	} cases[] = {
		{ 3600, "IST-1GMT0,M10.5.0,M3.5.0/1" },
		{ -18000, "EST5EDT,M3.2.0,M11.1.0" },
		{ 43200, "NZST-12NZDT,M9.5.0,M4.1.0/3" },
		{ 36000 + 1800, "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0" },
		{ 7200, "IST-2IDT,M3.4.4/26,M10.5.0" },
		{ -7200, "<-02>2<-01>,M3.5.0/-1,M10.5.0/0" },
		{ 0, "AAA0BBB,J60/0,J300/0" },
		{ 0, "AAA0BBB,59/0,299/0" },
		{ 3600, "AAA-1BBB-3:30:15,M2.5.6/5:6:7,M12.1.1" },
		{ 19800, "IST-5:30" },
		{ 7200, "EET-2EEST,M3.5.0/0,M10.5.0/0" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct cy_arena arena = { 0 };
		const struct law_zone *z;
		struct cy_error e;
		uint8_t file[512];

		put("Made", file, made(file, cases[i].offset, cases[i].rule));
		if (load("Made", &arena, &z, &e) != CY_OK)
			fail_msg("%s: %s", cases[i].rule, e.text);
		compare_all(z, cases[i].rule);
		cy_arena_free(&arena);
	}
}

static void a_rule_that_does_not_parse_is_told(void **state)
{
	static const char *const rules[] = { "X",
					     "IST",
					     "IST-25",
					     "IST-1GMT0",
					     "IST-1GMT0,M13.1.0,M3.5.0",
					     "IST-1GMT0,M10.6.0,M3.5.0",
					     "IST-1GMT0,M10.5.7,M3.5.0",
					     "IST-1GMT0,M10.5.0",
					     "IST-1GMT0,M10.5.0,M3.5.0x",
					     "IST-1GMT0,M10.5.0,M3.5.0/168",
					     "IST-1GMT0,J0,J2",
					     "IST-1GMT0,366,1",
					     "<x-1",
					     "IST-1:60" };

	(void)state;
	for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
		struct cy_arena arena = { 0 };
		const struct law_zone *z;
		struct cy_error e;
		uint8_t file[512];

		put("Made", file, made(file, 3600, rules[i]));
		if (load("Made", &arena, &z, &e) != CY_EPARSE)
			fail_msg("'%s' is taken", rules[i]);
		assert_string_equal(e.text, "the zone Made cannot be read: the rule of its last line does not parse; "
					    "install the package tzdata anew");
		cy_arena_free(&arena);
	}
}

/* Cut at every byte, and every byte changed: an error or a zone in order. */
static void damaged_files_do_no_harm(void **state)
{
	static uint8_t whole[8192], bad[8192];
	FILE *f = fopen(ZONE_DIR "/Europe/Dublin", "r");
	struct cy_error e;
	size_t len;
	int refused = 0;

	(void)state;
	assert_non_null(f);
	len = fread(whole, 1, sizeof whole, f);
	fclose(f);
	assert_true(len > 500 && len < sizeof whole);
	for (size_t i = 0; i < 2 * len; i++) {
		struct cy_arena arena = { 0 };
		const struct law_zone *z = NULL;
		int rc;

		memcpy(bad, whole, len);
		if (i >= len)
			bad[i - len] ^= (uint8_t)(0x80 >> i % 8);
		put("Bad", bad, i < len ? i : len);
		rc = load("Bad", &arena, &z, &e);
		if (i < len)
			assert_int_equal(rc, CY_EPARSE);
		refused += rc != CY_OK;
		for (size_t k = 1; rc == CY_OK && k < z->n; k++)
			assert_true(z->offsets[k].from_ms > z->offsets[k - 1].from_ms);
		cy_arena_free(&arena);
	}
	assert_true(refused > (int)len);
}

static void a_zone_is_known_again_by_its_digest(void **state)
{
	struct cy_arena arena = { 0 };
	const struct law_zone *a, *b, *c;
	uint8_t file[512];

	(void)state;
	put("One", file, made(file, 3600, "AAA-1"));
	put("Two", file, made(file, 3600, "AAA-1"));
	assert_int_equal(load("One", &arena, &a, NULL), CY_OK);
	assert_int_equal(load("One", &arena, &b, NULL), CY_OK);
	assert_true(cy_digest_equal(&a->digest, &b->digest));
	assert_int_equal(load("Two", &arena, &c, NULL), CY_OK);
	assert_false(cy_digest_equal(&a->digest, &c->digest));
	put("One", file, made(file, 7200, "AAA-2"));
	assert_int_equal(load("One", &arena, &b, NULL), CY_OK);
	assert_false(cy_digest_equal(&a->digest, &b->digest));
	cy_arena_free(&arena);
}

static int begin(void **state)
{
	(void)state;
	return mkdtemp(dir) == NULL;
}

static int end(void **state)
{
	static const char *const names[] = { "Made", "Bad", "One", "Two" };
	char path[128];

	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		snprintf(path, sizeof path, "%s/%s", dir, names[i]);
		unlink(path);
	}
	return rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_zones_of_tzdata_are_as_the_c_library_has_them),
		cmocka_unit_test(names_that_are_no_zones_are_told),
		cmocka_unit_test(rules_of_the_last_line_are_as_the_c_library_has_them),
		cmocka_unit_test(a_rule_that_does_not_parse_is_told),
		cmocka_unit_test(damaged_files_do_no_harm),
		cmocka_unit_test(a_zone_is_known_again_by_its_digest),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
