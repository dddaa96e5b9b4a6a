/* Counting periods: every line of tests/dates/table, which says how it is read, with
 * the calendars that are shipped; and what must hold of all periods. */
#include "law/days.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config/zone_tz.h"
#include "io/calendar/calendar_ical.h"

#define DAY_MS INT64_C(86400000)

static struct cy_arena arena;
static const struct law_calendar *const *calendars;
static size_t n_calendars;

static const struct law_rule
	eu = { .name = "regulation-1182-71",
	       .title = "Regulation (EEC, Euratom) 1182/71",
	       .exclude_event = "3(1)",
	       .roll_over = "3(4)",
	       .two_working = "3(5)",
	       .verified = true },
	ets = { .name = "ets-76",
		.title = "European Convention on the Calculation of Time-Limits",
		.exclude_event = "3",
		.roll_over = "5",
		.two_working = "" },
	plain = { .name = "plain", .title = "", .exclude_event = "1", .roll_over = "", .two_working = "" },
	bare = { .name = "bare", .title = "", .exclude_event = "", .roll_over = "", .two_working = "" };

static const struct law_calendar *calendar(const char *name)
{
	for (size_t i = 0; i < n_calendars; i++)
		if (strcmp(calendars[i]->name, name) == 0)
			return calendars[i];
	return NULL;
}

/* Loaded once. */
static const struct law_zone *zone(const char *name)
{
	static const struct law_zone *seen[32];
	static size_t n;
	struct cy_error e;

	for (size_t i = 0; i < n; i++)
		if (strcmp(seen[i]->name, name) == 0)
			return seen[i];
	assert_true(n < 32);
	if (zone_load(NULL, name, &arena, &seen[n], &e) != CY_OK)
		fail_msg("%s", e.text);
	return seen[n++];
}

/* ------------------------------------------------------------- the table */
/* "Fri 2026-04-03 11:00 +01:00" as an instant, by arithmetic alone. */
static struct cy_wall instant(const char *text)
{
	static const char weekdays[] = "MonTueWedThuFriSatSun";
	char weekday[4], date[11], sign;
	int hour, minute, off_hour, off_minute, offset;
	struct cy_date d;

	assert_int_equal(sscanf(text, "%3s %10s %2d:%2d %c%2d:%2d", weekday, date, &hour, &minute, &sign, &off_hour,
				&off_minute),
			 7);
	assert_int_equal(cy_date_parse(date, &d), CY_OK);
	assert_memory_equal(weekday, weekdays + (cy_date_days(d) + 3) % 7 * 3, 3);
	offset = (off_hour * 60 + off_minute) * (sign == '-' ? -1 : 1);
	return (struct cy_wall){ cy_date_days(d) * DAY_MS + ((hour * 60 + minute) - offset) * INT64_C(60000) };
}

static enum law_unit unit_of(const char *word)
{
	if (strncmp(word, "hour", 4) == 0)
		return LAW_HOUR;
	if (strncmp(word, "day", 3) == 0)
		return LAW_CALENDAR_DAY;
	if (strncmp(word, "working day", 11) == 0)
		return LAW_WORKING_DAY;
	assert_memory_equal(word, "week", 4);
	return LAW_WEEK;
}

static void print_steps(const struct law_count *c)
{
	for (size_t i = 0; i < c->n; i++)
		print_message("  %s\n", c->steps[i]);
}

static void table_line(void **state)
{
	const char *line = *state;
	char rule[8], unit[16], name[8], zone_name[32], from[32], to[32];
	struct law_period p, left;
	struct law_rule rest;
	struct law_count c, again;
	struct cy_error e;
	struct cy_wall start, due;
	int64_t ms;
	bool warned;

	assert_int_equal(sscanf(line, "%7s %u %15[a-z ]| %7s %31s | %31[^-]-%*[^|]", rule, &p.amount, unit, name,
				zone_name, from) >= 5,
			 1);
	p.unit = unit_of(unit);
	snprintf(from, sizeof from, "%.27s", strchr(strchr(line, '|') + 1, '|') + 2);
	snprintf(to, sizeof to, "%.27s", strstr(line, " -> ") + 4);
	start = instant(from);
	due = instant(to);
	due.ms += 59999;
	rest = strcmp(rule, "eu") == 0 ? eu : strcmp(rule, "ets") == 0 ? ets : plain;
	warned = strchr(name, '?') != NULL || (name[0] == '-' && p.unit != LAW_HOUR && rest.roll_over[0] != '\0');
	name[strcspn(name, "?")] = '\0';
	if (name[0] != '-')
		assert_non_null(calendar(name));
	assert_int_equal(law_count(&p, &rest, zone(zone_name), calendar(name), start, &c, &e), CY_OK);
	if (c.due.ms != due.ms || c.no_calendar != warned) {
		char got[CY_RFC3339_SIZE], expected[CY_RFC3339_SIZE];

		cy_rfc3339(c.due, got);
		cy_rfc3339(due, expected);
		print_steps(&c);
		fail_msg("%s\nexpected %s%s, counted %s%s", line, expected, warned ? " and a warning" : "", got,
			 c.no_calendar ? " and a warning" : "");
	}
	if (getenv("STEPS"))
		print_steps(&c);
	/* Stopped at once and gone on with, it ends at the same time. */
	assert_int_equal(law_remaining(&p, &rest, zone(zone_name), calendar(name), start, start, &left, &ms), CY_OK);
	rest.two_working = "";
	if (p.unit == LAW_HOUR) {
		assert_int_equal(left.amount, p.amount);
		assert_true(ms == p.amount * INT64_C(3600000));
	} else {
		assert_int_equal(law_count(&left, &rest, zone(zone_name), calendar(name), start, &again, &e), CY_OK);
		assert_true(again.due.ms == c.due.ms);
	}
}

static size_t read_table(struct CMUnitTest *tests, size_t max)
{
	FILE *f = fopen("tests/dates/table", "r");
	char line[512];
	size_t n = 0;

	assert_non_null(f);
	while (fgets(line, sizeof line, f)) {
		line[strcspn(line, "\n")] = '\0';
		if (line[0] == '#' || line[0] == '\0')
			continue;
		assert_true(n < max);
		tests[n].name = cy_arena_string(&arena, line);
		tests[n].test_func = table_line;
		tests[n].initial_state = (void *)(uintptr_t)tests[n].name;
		n++;
	}
	fclose(f);
	return n;
}

/* --------------------------------------------------------------- the rules */
static const char *const zones[] = { "Europe/Dublin", "America/New_York",    "America/Sao_Paulo", "Asia/Beirut",
				     "Asia/Kolkata",  "Australia/Lord_Howe", "Pacific/Auckland",  "UTC" };
#define N_ZONES (sizeof zones / sizeof zones[0])

static uint64_t next(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

/* From 2018 to 2038, so that calendars begin and end. */
static struct cy_wall draw(uint64_t *seed)
{
	return (struct cy_wall){ INT64_C(1514764800000) + (int64_t)(next(seed) % (20 * 365)) * DAY_MS +
				 (int64_t)(next(seed) % (uint64_t)DAY_MS) };
}

static int64_t due(struct law_period p, const struct law_rule *rule, const struct law_zone *z,
		   const struct law_calendar *cal, struct cy_wall start)
{
	struct law_count c;
	struct cy_error e;

	if (law_count(&p, rule, z, cal, start, &c, &e) != CY_OK)
		fail_msg("%s", e.text);
	assert_true(c.n >= 2 && c.n <= LAW_COUNT_STEPS);
	return c.due.ms;
}

static void a_later_event_and_a_longer_period_never_end_earlier(void **state)
{
	static const struct law_rule *const rules[] = { &eu, &ets, &plain, &bare };
	uint64_t seed = 20260403;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		const struct law_zone *z = zone(zones[next(&seed) % N_ZONES]);
		const struct law_calendar *cal = next(&seed) % 5 == 0 ? NULL : calendars[next(&seed) % n_calendars];
		const struct law_rule *rule = rules[next(&seed) % 4];
		struct law_period p = { .unit = (enum law_unit)(next(&seed) % 4),
					.amount = 1 + (uint32_t)(next(&seed) % 100) };
		struct cy_wall start = draw(&seed), later = { start.ms + (int64_t)(next(&seed) % (3 * DAY_MS)) };
		int64_t end = due(p, rule, z, cal, start);
		struct law_period longer = { p.unit, p.amount + 1 };
		struct cy_wall t = { end };
		int32_t ms;

		assert_true(end >= start.ms);
		assert_true(due(p, rule, z, cal, later) >= end);
		assert_true(due(longer, rule, z, cal, start) >= end);
		if (p.unit == LAW_HOUR)
			continue;
		/* The next instant is of another day, and that day does not come back. */
		assert_true(cy_date_days(law_local_date(z, (struct cy_wall){ end + 1 }, &ms)) >
			    cy_date_days(law_local_date(z, t, NULL)));
		if (rule->roll_over[0] != '\0')
			assert_true(law_working_day(cal, law_local_date(z, t, NULL)));
		assert_true(law_end_of_day(z, law_local_date(z, t, NULL)).ms == end);
	}
}

static void what_is_left_ends_when_the_whole_would(void **state)
{
	static const struct law_rule *const rules[] = { &eu, &ets, &plain };
	uint64_t seed = 11;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		const struct law_zone *z = zone(zones[next(&seed) % N_ZONES]);
		const struct law_calendar *cal = calendars[next(&seed) % n_calendars];
		struct law_rule rule = *rules[next(&seed) % 3];
		struct law_period p = { .unit = (enum law_unit)(next(&seed) % 4),
					.amount = 1 + (uint32_t)(next(&seed) % 40) },
				  left;
		struct cy_wall start = draw(&seed), until;
		int64_t end = due(p, &rule, z, cal, start), ms;

		until.ms = start.ms + (int64_t)(next(&seed) % (uint64_t)(end - start.ms + 1));
		assert_int_equal(law_remaining(&p, &rule, z, cal, start, until, &left, &ms), CY_OK);
		if (p.unit == LAW_HOUR) {
			assert_true(ms <= p.amount * INT64_C(3600000));
			assert_true(until.ms + ms == end + 1 || ms == p.amount * INT64_C(3600000));
			continue;
		}
		assert_true(ms == 0);
		rule.two_working = "";
		assert_true(due(left, &rule, z, cal, until) == end);
		/* After its end nothing is left. */
		until.ms = end + 1;
		assert_int_equal(law_remaining(&p, &rule, z, cal, start, until, &left, &ms), CY_OK);
		assert_int_equal(left.amount, 0);
	}
}

/* What moves an end to a working day is no part of what is left, and is not left again. */
static void of_nothing_nothing_is_left(void **state)
{
	const struct law_zone *z = zone("Europe/Dublin");
	const struct cy_wall saturday = instant("Sat 2026-06-06 10:00 +01:00"),
			     sunday = instant("Sun 2026-06-07 10:00 +01:00");
	struct law_rule rule = eu;

	(void)state;
	rule.two_working = "";
	for (unsigned u = LAW_CALENDAR_DAY; u <= LAW_WORKING_DAY; u++) {
		const struct law_period nothing = { .unit = (enum law_unit)u, .amount = 0 };
		struct law_period left;
		int64_t ms;

		assert_int_equal(law_remaining(&nothing, &rule, z, NULL, saturday, sunday, &left, &ms), CY_OK);
		assert_int_equal(left.amount, 0);
	}
}

static struct cy_wall dublin(const char *text)
{
	return instant(text);
}

static bool says(const struct law_count *c, const char *sentence)
{
	for (size_t i = 0; i < c->n; i++)
		if (strstr(c->steps[i], sentence))
			return true;
	print_message("missing: %s\n", sentence);
	print_steps(c);
	return false;
}

static void every_step_is_told_with_its_article(void **state)
{
	struct law_period month = { LAW_CALENDAR_DAY, 30 }, two = { LAW_CALENDAR_DAY, 2 },
			  ten = { LAW_WORKING_DAY, 10 }, hours = { LAW_HOUR, 96 };
	struct law_count c;

	(void)state;
	assert_int_equal(law_count(&month, &eu, zone("Europe/Dublin"), calendar("IE"),
				   dublin("Fri 2026-04-03 11:00 +01:00"), &c, NULL),
			 CY_OK);
	assert_true(says(&c, "Event: Friday 2026-04-03 11:00 in Europe/Dublin (UTC+01:00)."));
	assert_true(says(&c, "The day of the event, Friday 2026-04-03, is not counted (Article 3(1))."));
	assert_true(says(&c, "Holidays are those of the calendar IE."));
	assert_true(says(&c, "Day 1 is Saturday 2026-04-04; the last day of 30 days is Sunday 2026-05-03."));
	assert_true(says(&c,
			 "Sunday 2026-05-03, Monday 2026-05-04 (First Monday in May) are no working days: the period "
			 "ends with Tuesday 2026-05-05 (Article 3(4))."));
	assert_true(says(&c, "Due: Tuesday 2026-05-05, until 23:59:59 in Europe/Dublin (UTC+01:00), which is "
			     "2026-05-05T22:59:59.999Z."));
	assert_false(c.no_calendar);

	assert_int_equal(law_count(&two, &eu, zone("Europe/Dublin"), calendar("IE"),
				   dublin("Fri 2026-06-05 14:00 +01:00"), &c, NULL),
			 CY_OK);
	assert_true(says(&c, "It must have at least two working days: it ends with the second one, Tuesday 2026-06-09 "
			     "(Article 3(5))."));

	assert_int_equal(law_count(&ten, &ets, zone("Europe/London"), calendar("GB"),
				   dublin("Fri 2026-12-18 14:00 +00:00"), &c, NULL),
			 CY_OK);
	assert_true(
		says(&c, "Holidays on the way are not counted: Friday 2026-12-25 (Christmas Day), Monday 2026-12-28 "));
	assert_true(says(&c, "The rule ets-76 is not verified against the primary text."));

	assert_int_equal(
		law_count(&hours, &eu, zone("Europe/Dublin"), NULL, dublin("Fri 2026-03-27 10:30 +00:00"), &c, NULL),
		CY_OK);
	assert_true(says(&c, "The hour of the event is not counted (Article 3(1))."));
	assert_true(says(&c, "96 hours run from 11:00 of Friday 2026-03-27, through weekends and holidays."));
	assert_true(says(&c,
			 "The clocks of Europe/Dublin change from UTC+00:00 to UTC+01:00 on the way: elapsed hours are "
			 "counted."));
	assert_false(c.no_calendar);
}

static void what_is_not_known_about_holidays_is_told(void **state)
{
	struct law_period week = { LAW_WEEK, 1 };
	struct law_count c;

	(void)state;
	assert_int_equal(
		law_count(&week, &eu, zone("Europe/Dublin"), NULL, dublin("Fri 2026-12-18 15:00 +00:00"), &c, NULL),
		CY_OK);
	assert_true(c.no_calendar);
	assert_true(says(&c, "WARNING: no calendar is known: holidays are not heeded, only Saturdays and Sundays."));
	assert_int_equal(law_count(&week, &eu, zone("Europe/Dublin"), calendar("IE"),
				   dublin("Fri 2036-12-26 15:00 +00:00"), &c, NULL),
			 CY_OK);
	assert_true(c.no_calendar);
	assert_true(says(
		&c, "WARNING: the calendar IE covers 2020 to 2036: holidays of 2037 are not known and not heeded."));
	assert_int_equal(law_count(&week, &eu, zone("Europe/Dublin"), calendar("IE"),
				   dublin("Fri 2019-12-27 15:00 +00:00"), &c, NULL),
			 CY_OK);
	assert_true(says(
		&c, "WARNING: the calendar IE covers 2020 to 2036: holidays of 2019 are not known and not heeded."));
	/* Where nothing depends on holidays there is nothing to warn of. */
	assert_int_equal(
		law_count(&week, &plain, zone("Europe/Dublin"), NULL, dublin("Fri 2026-12-18 15:00 +00:00"), &c, NULL),
		CY_OK);
	assert_false(c.no_calendar);
}

static void what_cannot_be_counted_is_refused(void **state)
{
	struct law_period p = { LAW_CALENDAR_DAY, LAW_AMOUNT_MAX + 1 }, week = { LAW_WEEK, 1 };
	struct law_calendar never = { .name = "X", .weekend = 0x7f };
	struct law_count c;
	struct cy_error e;

	(void)state;
	assert_int_equal(law_count(&p, &eu, zone("UTC"), NULL, (struct cy_wall){ 0 }, &c, &e), CY_EINVAL);
	assert_string_equal(e.text, "a period of 3661 calendar_days is too long; at most 3660 can be counted");
	assert_int_equal(law_count(&week, &eu, zone("UTC"), NULL, (struct cy_wall){ -1 }, &c, &e), CY_EINVAL);
	assert_string_equal(e.text, "the event is not within the years 1970 to 9000; state when it happened");
	assert_int_equal(law_count(&week, &eu, zone("UTC"), NULL, (struct cy_wall){ INT64_MAX }, &c, &e), CY_EINVAL);
	assert_int_equal(law_count(&week, &eu, zone("UTC"), &never, (struct cy_wall){ 0 }, &c, &e), CY_EINVAL);
	assert_string_equal(e.text, "the calendar X has no working day; correct its weekend");
	p.amount = LAW_AMOUNT_MAX;
	assert_int_equal(law_count(&p, &eu, zone("UTC"), NULL, (struct cy_wall){ 0 }, &c, &e), CY_OK);
}

static void a_weekend_is_the_calendars(void **state)
{
	static const struct law_holiday eid[] = { { 20532, "Eid" } }; /* 2026-03-20, a Friday */
	struct law_calendar c = { .name = "X",
				  .first_year = 2026,
				  .last_year = 2026,
				  .weekend = 0x30, /* Friday, Saturday */
				  .n = 1,
				  .holidays = eid };
	struct law_period one = { LAW_CALENDAR_DAY, 1 };
	struct cy_wall thursday = instant("Thu 2026-03-19 10:00 +00:00");
	struct law_count r;

	(void)state;
	assert_true(law_working_day(&c, (struct cy_date){ 2026, 3, 22 }));
	assert_false(law_working_day(&c, (struct cy_date){ 2026, 3, 21 }));
	assert_int_equal(law_count(&one, &eu, zone("UTC"), &c, thursday, &r, NULL), CY_OK);
	assert_true(r.due.ms == instant("Sun 2026-03-22 23:59 +00:00").ms + 59999);
}

/* Samoa went over the date line and had no 30 December 2011; elsewhere clocks may go
 * forward over midnight. */
static void a_day_that_does_not_exist_ends_with_the_one_before(void **state)
{
	static const struct law_offset over[] = { { 0, 0 }, { 84600000, 3600 } }; /* 23:30 to 00:30 */
	static const struct law_zone z = { .name = "X", .n = 2, .offsets = over };
	struct cy_wall t = law_end_of_day(zone("Pacific/Apia"), (struct cy_date){ 2011, 12, 30 });

	(void)state;
	assert_true(t.ms == instant("Thu 2011-12-29 23:59 -10:00").ms + 59999);
	t = law_end_of_day(zone("Pacific/Apia"), (struct cy_date){ 2011, 12, 31 });
	assert_true(t.ms == instant("Sat 2011-12-31 23:59 +14:00").ms + 59999);
	assert_true(law_end_of_day(&z, (struct cy_date){ 1970, 1, 1 }).ms == 84600000 - 1);
	assert_true(law_end_of_day(&z, (struct cy_date){ 1970, 1, 2 }).ms == 2 * DAY_MS - 3600000 - 1);
}

static void a_rule_that_excludes_nothing_counts_the_day_of_the_event(void **state)
{
	struct law_period one = { LAW_CALENDAR_DAY, 1 }, week = { LAW_WEEK, 1 }, hour = { LAW_HOUR, 1 };
	struct cy_wall t = instant("Wed 2026-04-01 10:17 +00:00");

	(void)state;
	assert_true(due(one, &bare, zone("UTC"), NULL, t) == instant("Wed 2026-04-01 23:59 +00:00").ms + 59999);
	assert_true(due(week, &bare, zone("UTC"), NULL, t) == instant("Tue 2026-04-07 23:59 +00:00").ms + 59999);
	assert_true(due(hour, &bare, zone("UTC"), NULL, t) == t.ms + 3600000 - 1);
}

/* A limit that ends on 6 December in Washington. */
static void an_instant_is_told_as_it_is_read_in_its_zone(void **state)
{
	char text[LAW_LOCAL_SIZE];
	struct cy_wall t;

	(void)state;
	assert_int_equal(cy_rfc3339_parse("2026-12-07T04:59:59.999Z", &t), CY_OK);
	law_local_text(zone("America/New_York"), t, text);
	assert_string_equal(text, "Sun 2026-12-06 23:59:59 America/New_York");
	law_local_text(zone("Asia/Kolkata"), t, text);
	assert_string_equal(text, "Mon 2026-12-07 10:29:59 Asia/Kolkata");
	law_local_text(NULL, t, text);
	assert_string_equal(text, "Mon 2026-12-07 04:59:59 UTC");
}

int main(void)
{
	static struct CMUnitTest table[400];
	const struct CMUnitTest rules[] = {
		cmocka_unit_test(a_later_event_and_a_longer_period_never_end_earlier),
		cmocka_unit_test(what_is_left_ends_when_the_whole_would),
		cmocka_unit_test(of_nothing_nothing_is_left),
		cmocka_unit_test(an_instant_is_told_as_it_is_read_in_its_zone),
		cmocka_unit_test(every_step_is_told_with_its_article),
		cmocka_unit_test(what_is_not_known_about_holidays_is_told),
		cmocka_unit_test(what_cannot_be_counted_is_refused),
		cmocka_unit_test(a_weekend_is_the_calendars),
		cmocka_unit_test(a_day_that_does_not_exist_ends_with_the_one_before),
		cmocka_unit_test(a_rule_that_excludes_nothing_counts_the_day_of_the_event),
	};
	struct config_problems out = { 0 };
	size_t n = read_table(table, sizeof table / sizeof table[0]);
	int rc = calendar_load_dir("config/calendars", &arena, &calendars, &n_calendars, &out);

	for (size_t i = 0; i < out.n; i++)
		fprintf(stderr, "%s\n", out.list[i].text);
	if (rc < 0 || n < 60)
		return 1;
	rc = _cmocka_run_group_tests("tests/dates/table", table, n, NULL, NULL);
	rc += cmocka_run_group_tests(rules, NULL, NULL);
	config_problems_free(&out);
	cy_arena_free(&arena);
	return rc;
}
