/* What comityd makes of calendars, time zones and periods, for digests_test.py.
 *
 * usage: digests CALENDARS ZONE...
 *
 * Prints the digest of each calendar of the directory and of each zone, a line each; then reads from standard input, a
 * line each, `ZONE CALENDAR UNIT AMOUNT EXCLUDE ROLL TWO START UNTIL` ("-": no calendar; the three are 0 or 1; instants
 * in ms), and prints when the period ends and what of it is left at UNTIL: `DUE UNIT AMOUNT MS`. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/zone_tz.h"
#include "io/calendar/calendar_ical.h"
#include "law/profile.h"

static const struct law_zone *zones[64];
static size_t n_zones;

static void say(const char *what, const char *name, const struct cy_digest *d)
{
	char hex[CY_SHA256_HEX];

	cy_digest_hex(d, hex);
	printf("%s %s %s\n", what, name, hex);
}

static enum law_unit unit_of(const char *word)
{
	enum law_unit u = LAW_HOUR;

	while (u < LAW_WEEK && strcmp(law_unit_name(u), word) != 0)
		u++;
	return u;
}

static int count(const struct law_data *legal_data, const char *line)
{
	char zone[64], calendar[64], unit[32];
	unsigned amount, exclude, roll, two;
	int64_t start, until, ms = 0;
	struct law_rule rule = { .name = "" };
	struct law_period period, left;
	struct law_count c;
	const struct law_zone *z;
	const struct law_calendar *k;

	if (sscanf(line, "%63s %63s %31s %u %u %u %u %" SCNd64 " %" SCNd64, zone, calendar, unit, &amount, &exclude,
		   &roll, &two, &start, &until) != 9)
		return CY_EINVAL;
	rule.exclude_event = exclude ? "1" : "";
	rule.roll_over = roll ? "2" : "";
	rule.two_working = two ? "3" : "";
	period = (struct law_period){ unit_of(unit), amount };
	z = law_find_zone(legal_data, zone);
	k = law_find_calendar(legal_data, calendar);
	if (z == NULL || law_count(&period, &rule, z, k, (struct cy_wall){ start }, &c, NULL) < 0 ||
	    law_remaining(&period, &rule, z, k, (struct cy_wall){ start }, (struct cy_wall){ until }, &left, &ms) < 0)
		return CY_EINVAL;
	printf("%" PRId64 " %s %u %" PRId64 "\n", c.due.ms, law_unit_name(left.unit), left.amount, ms);
	return CY_OK;
}

int main(int argc, char **argv)
{
	struct config_problems problems = { 0 };
	struct cy_arena arena = { 0 };
	struct law_data legal_data = { .zones = zones };
	struct cy_error e = { 0 };
	char line[512];

	if (argc < 2 || argc > 64 ||
	    calendar_load_dir(argv[1], &arena, &legal_data.calendars, &legal_data.n_calendars, &problems) < 0) {
		fprintf(stderr, "usage: digests CALENDARS ZONE...\n");
		return 2;
	}
	for (size_t i = 0; i < legal_data.n_calendars; i++)
		say("calendar", legal_data.calendars[i]->name, &legal_data.calendars[i]->digest);
	for (int i = 2; i < argc; i++, n_zones++) {
		if (zone_load(NULL, argv[i], &arena, &zones[n_zones], &e) < 0) {
			fprintf(stderr, "%s\n", e.text);
			return 1;
		}
		say("zone", argv[i], &zones[n_zones]->digest);
	}
	legal_data.n_zones = n_zones;
	while (fgets(line, sizeof line, stdin) != NULL)
		if (count(&legal_data, line) < 0)
			return 1;
	cy_arena_free(&arena);
	return 0;
}
