#include "comityd/legal_data.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/config_tree.h"
#include "config/profile_confuse.h"
#include "config/zone_tz.h"
#include "io/calendar/calendar_ical.h"

struct legal_data {
	struct cy_arena arena;
	struct law_data law;
	const struct law_zone **zones; /* what law.zones points to */
};

/* The zone of one section, if it is not here yet. */
static void load_zone(const struct config *c, const struct config_place *p, const char *section, struct legal_data *b,
		      struct config_problems *out)
{
	struct cy_error e = { 0 };
	char option[80];

	if (p->names.zone[0] == '\0' || law_find_zone(&b->law, p->names.zone) != NULL)
		return;
	if (zone_load(NULL, p->names.zone, &b->arena, &b->zones[b->law.n_zones], &e) == CY_OK) {
		b->law.n_zones++;
		return;
	}
	snprintf(option, sizeof option, "%s.time_zone", section);
	config_problem(out, c->path, p->zone_line, option, "%s; correct it", e.text);
}

static void check_calendar(const struct config *c, const struct config_place *p, const char *section,
			   const struct legal_data *b, struct config_problems *out)
{
	char option[80];

	if (p->names.calendar[0] == '\0' || law_find_calendar(&b->law, p->names.calendar) != NULL)
		return;
	snprintf(option, sizeof option, "%s.calendar", section);
	if (c->calendars == NULL)
		config_problem(out, c->path, p->calendar_line, option,
			       "there is no calendar '%s': law.calendars is not given; add it, or remove this",
			       p->names.calendar);
	else
		config_problem(out, c->path, p->calendar_line, option,
			       "there is no calendar '%s'; the file %s/%s.ics is expected; add it, or correct the name",
			       p->names.calendar, c->calendars, p->names.calendar);
}

static void each_place(const struct config *c, struct legal_data *b, bool calendars, struct config_problems *out)
{
	char section[60];

	for (size_t i = 0; i <= c->n_peers; i++) {
		const struct config_place *p = i == 0 ? &c->place : &c->peers[i - 1].place;

		snprintf(section, sizeof section, i == 0 ? "authority" : "peer %.40s",
			 i == 0 ? "" : c->peers[i - 1].id);
		if (calendars)
			check_calendar(c, p, section, b, out);
		else
			load_zone(c, p, section, b, out);
	}
}

int legal_data_load(const struct config *c, struct legal_data **ret, struct config_problems *out)
{
	struct legal_data *b = calloc(1, sizeof *b);
	const size_t before = out->n;
	bool calendars = true;

	CY_ASSERT(b != NULL);
	b->zones = cy_arena_take(&b->arena, (c->n_peers + 1) * sizeof *b->zones);
	b->law.zones = b->zones;
	legal_data_set_ladder(b, c);
	if (c->treaties != NULL)
		profile_load_dir(c->treaties, &b->arena, &b->law.profiles, &b->law.n_profiles, out);
	if (c->calendars != NULL)
		calendars = calendar_load_dir(c->calendars, &b->arena, &b->law.calendars, &b->law.n_calendars, out) ==
			    CY_OK;
	each_place(c, b, false, out);
	if (calendars)
		each_place(c, b, true, out);
	*ret = b;
	return out->n > before ? CY_ECONFIG : CY_OK;
}

void legal_data_set_ladder(struct legal_data *b, const struct config *c)
{
	b->law.ladder = c->ladder.n > 0 ? &c->ladder : NULL;
}

void legal_data_free(struct legal_data *b)
{
	if (b == NULL)
		return;
	cy_arena_free(&b->arena);
	free(b);
}

const struct law_data *legal_data_law(const struct legal_data *b)
{
	return &b->law;
}
