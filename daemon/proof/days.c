/* Days of the calendar, and on whose side each lay. */
#include <string.h>

#include "proof/sides.h"

static const struct law_offset always[] = { { INT64_MIN, 0 } };
static const struct law_zone utc = { .name = "UTC", .n = 1, .offsets = always };

void proof_whole_seconds(struct proof_periods *p)
{
	size_t n = 0;

	p->from_ms -= p->from_ms % 1000;
	p->to_ms -= p->to_ms % 1000;
	for (size_t i = 0; i < p->n; i++) {
		struct proof_period one = p->at[i];

		one.from_ms -= one.from_ms % 1000;
		one.to_ms -= one.to_ms % 1000;
		if (one.from_ms < one.to_ms)
			p->at[n++] = one;
	}
	p->n = n;
}

static bool is_whole(const struct proof_days *d, int64_t length)
{
	for (unsigned s = 0; s < PROOF_SIDES_N; s++)
		if (d->ms[s] == length)
			return true;
	return false;
}

static bool is_same_side(const struct proof_days *a, const struct proof_days *b)
{
	for (unsigned s = 0; s < PROOF_SIDES_N; s++)
		if ((a->ms[s] != 0) != (b->ms[s] != 0))
			return false;
	return true;
}

void proof_days(const struct proof_periods *p, const struct law_zone *zone,
		void (*fn)(void *arg, const struct proof_days *row), void *arg)
{
	struct proof_days row = { 0 };
	bool row_whole = false;
	size_t i = 0;

	if (zone == NULL)
		zone = &utc;
	for (int64_t at = p->from_ms; at < p->to_ms;) {
		const struct cy_date d = law_local_date(zone, (struct cy_wall){ .ms = at }, NULL);
		const struct cy_date before = cy_date_of_days(cy_date_days(d) - 1);
		const int64_t begins = law_end_of_day(zone, before).ms + 1, ends = law_end_of_day(zone, d).ms + 1;
		struct proof_days day = { .first = d, .last = d, .days = 1 };
		bool whole;

		while (i < p->n && p->at[i].from_ms < ends) {
			const int64_t from = p->at[i].from_ms > begins ? p->at[i].from_ms : begins;
			const int64_t to = p->at[i].to_ms < ends ? p->at[i].to_ms : ends;

			day.ms[p->at[i].side] += to - from;
			if (p->at[i].to_ms > ends)
				break;
			i++;
		}
		whole = is_whole(&day, ends - begins);
		if (row.days > 0 && row_whole && whole && is_same_side(&row, &day)) {
			row.last = d;
			row.days++;
			for (unsigned s = 0; s < PROOF_SIDES_N; s++)
				row.ms[s] += day.ms[s];
		} else {
			if (row.days > 0)
				fn(arg, &row);
			row = day;
			row_whole = whole;
		}
		at = ends;
	}
	if (row.days > 0)
		fn(arg, &row);
}
