/* The digests of calendars and time zones as comityd has them, for digests_test.py: a line each.
 * usage: digests CALENDARS ZONE... */
#include <stdio.h>
#include <stdlib.h>

#include "io/calendar_ical.h"
#include "io/zone_tz.h"

static void say(const char *what, const char *name, const struct cy_digest *d)
{
	char hex[CY_SHA256_HEX];

	cy_digest_hex(d, hex);
	printf("%s %s %s\n", what, name, hex);
}

int main(int argc, char **argv)
{
	const struct law_calendar *const *calendars;
	struct config_problems problems = { 0 };
	struct cy_arena arena = { 0 };
	const struct law_zone *zone;
	struct cy_error e = { 0 };
	size_t n = 0;

	if (argc < 2 || calendar_load_dir(argv[1], &arena, &calendars, &n, &problems) < 0) {
		fprintf(stderr, "usage: digests CALENDARS ZONE...\n");
		return 2;
	}
	for (size_t i = 0; i < n; i++)
		say("calendar", calendars[i]->name, &calendars[i]->digest);
	for (int i = 2; i < argc; i++) {
		if (zone_load(NULL, argv[i], &arena, &zone, &e) < 0) {
			fprintf(stderr, "%s\n", e.text);
			return 1;
		}
		say("zone", argv[i], &zone->digest);
	}
	cy_arena_free(&arena);
	return 0;
}
