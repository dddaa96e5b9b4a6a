#include "comityctl/due.h"
#include "comityctl/say.h"

#include <stdio.h>
#include <string.h>

#include "config/zone_tz.h"

#define TURNS 4u

/* Most lists are of two authorities; what is no longer kept is read again. */
static const struct law_zone *zone_of(const char *name)
{
	static struct cy_arena arena;
	static const struct law_zone *kept[8];
	static size_t n;
	const struct law_zone *z = NULL;
	struct cy_error e;

	for (size_t i = 0; i < n; i++)
		if (strcmp(kept[i]->name, name) == 0)
			return kept[i];
	if (n == sizeof kept / sizeof kept[0]) {
		cy_arena_free(&arena);
		n = 0;
	}
	if (name[0] == '\0' || zone_load(NULL, name, &arena, &z, &e) < 0)
		return NULL;
	kept[n++] = z;
	return z;
}

/* The weekday that it begins with has three letters of ASCII, in whatever language. */
static void say_weekday(char *out)
{
	const char *said;
	char day[4];

	snprintf(day, sizeof day, "%.3s", out);
	said = say_short("weekday", day);
	if (strlen(said) == sizeof day - 1)
		memcpy(out, said, sizeof day - 1);
}

const char *due_text(const CyClockView *v, int64_t ms)
{
	static char turns[TURNS][LAW_LOCAL_SIZE];
	static unsigned next;
	char *out = turns[next++ % TURNS];

	if (ms == 0)
		return "-";
	law_local_text(zone_of(v->time_zone), (struct cy_wall){ ms }, out);
	say_weekday(out);
	return out;
}
