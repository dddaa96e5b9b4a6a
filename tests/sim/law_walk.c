/* Days of time limits, found by walking from day to day, in another way than law/days.c. */
#include "law.h"

int64_t law_walk_day(const struct law_walk *k, int64_t ms)
{
	return cy_date_days(law_local_date(k->zone, (struct cy_wall){ ms }, NULL));
}

int64_t law_walk_end(const struct law_walk *k, int64_t day)
{
	return law_end_of_day(k->zone, cy_date_of_days(day)).ms;
}

static bool works(const struct law_walk *k, int64_t day)
{
	return law_working_day(k->calendar, cy_date_of_days(day));
}

static bool stands_still(const struct law_walk *k, int64_t day, size_t pauses)
{
	for (size_t i = 0; i < pauses; i++)
		if (day > law_walk_day(k, k->pause[i].from) && day <= law_walk_day(k, k->pause[i].until))
			return true;
	return false;
}

static bool rolls(const struct law_rule *r)
{
	return r != NULL && r->roll_over[0] != '\0';
}

static int64_t rolled(const struct law_walk *k, const struct law_rule *r, int64_t day)
{
	while (rolls(r) && !works(k, day))
		day++;
	return day;
}

static bool two_working_days(const struct law_walk *k, int64_t first, int64_t last)
{
	unsigned n = 0;

	for (int64_t day = first; day <= last && n < 2; day++)
		n += works(k, day);
	return n == 2;
}

/* The last day of a period of days or weeks, from day to day, past the first `pauses` of the pauses. */
int64_t law_walk_last(struct law_walk *k, int64_t start, const struct law_period *p, const struct law_rule *r,
		      size_t pauses)
{
	const int64_t first = law_walk_day(k, start) + (r->exclude_event[0] != '\0');
	int64_t day = first - 1, left = p->unit == LAW_WEEK ? 7 * (int64_t)p->amount : p->amount;

	while (left > 0) {
		day++;
		if (!stands_still(k, day, pauses) && (p->unit != LAW_WORKING_DAY || works(k, day)))
			left--;
	}
	/* On its last day, or while an end on a day off was moved, it stood still: what is left is the day on which it
	 * goes on. */
	for (bool moved = true; moved;) {
		moved = false;
		day = rolled(k, r, day);
		for (size_t i = 0; i < pauses; i++)
			if (law_walk_day(k, k->pause[i].from) <= day && law_walk_day(k, k->pause[i].until) > day) {
				day = law_walk_day(k, k->pause[i].until);
				moved = true;
			}
	}
	if (r->two_working[0] == '\0' || (p->amount < 2 && p->unit != LAW_WEEK) || two_working_days(k, first, day))
		return day;
	k->unsure = k->unsure || pauses > 0;
	while (!two_working_days(k, first, day))
		day++;
	return day;
}

/* A date that stands, and the days since by which it was held up. */
int64_t law_walk_dated(const struct law_walk *k, int64_t end, const struct law_rule *r, size_t first)
{
	int64_t day = law_walk_day(k, end);

	if (first == k->n_pauses)
		return end;
	for (size_t i = first; i < k->n_pauses; i++) {
		const int64_t from = law_walk_day(k, k->pause[i].from), until = law_walk_day(k, k->pause[i].until);
		const int64_t last = rolled(k, r, day);

		/* Within a day, or in none of its time. */
		if (k->pause[i].from == k->pause[i].until)
			continue;
		day = from <= day ? day + until - from : from <= last || until > last ? until : day;
	}
	return law_walk_end(k, rolled(k, r, day));
}

int64_t law_walk_hours(const struct law_walk *k, int64_t end, size_t first)
{
	for (size_t i = first; i < k->n_pauses; i++)
		end += k->pause[i].until - k->pause[i].from;
	return end;
}
