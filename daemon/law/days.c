#include "law/days.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"

#define HOUR_MS   INT64_C(3600000)
#define DAY_MS    INT64_C(86400000)
#define START_MAX INT64_C(221845392000000) /* 9000-01-01 */

const char *law_unit_name(enum law_unit u)
{
	switch (u) {
#define LAW_X(name, word) \
	case LAW_##name:  \
		return word;
		LAW_UNITS(LAW_X)
#undef LAW_X
	}
	return "?";
}

int64_t law_counted(int64_t ms)
{
	return ms < 0 ? 0 : ms > START_MAX ? START_MAX : ms;
}

/* ------------------------------------------------------------- time zones */
/* The offset in force at an instant, as an index. */
static size_t offset_index(const struct law_zone *zone, int64_t ms)
{
	size_t low = 0, high = zone->n;

	while (high - low > 1) {
		size_t mid = low + (high - low) / 2;

		if (zone->offsets[mid].from_ms <= ms)
			low = mid;
		else
			high = mid;
	}
	return low;
}

int32_t law_offset_at(const struct law_zone *zone, struct cy_wall t)
{
	return zone->offsets[offset_index(zone, t.ms)].seconds;
}

/* The local clock's milliseconds since 1970-01-01 00:00. */
static int64_t local_ms(const struct law_zone *zone, int64_t ms)
{
	return ms + (int64_t)law_offset_at(zone, (struct cy_wall){ ms }) * 1000;
}

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

static int64_t local_day(const struct law_zone *zone, int64_t ms)
{
	return floor_div(local_ms(zone, ms), DAY_MS);
}

struct cy_date law_local_date(const struct law_zone *zone, struct cy_wall t, int32_t *ret_ms)
{
	int64_t day = local_day(zone, t.ms);

	if (ret_ms)
		*ret_ms = (int32_t)(local_ms(zone, t.ms) - day * DAY_MS);
	return cy_date_of_days(day);
}

/* Midnight may be skipped, or come twice: the end is in the last stretch of one
 * offset that still has a time before it. */
static int64_t end_of_day(const struct law_zone *zone, int64_t day)
{
	int64_t midnight = (day + 1) * DAY_MS;
	size_t i = offset_index(zone, midnight + 2 * DAY_MS);

	for (;; i--) {
		const struct law_offset *o = &zone->offsets[i];
		int64_t end = midnight - (int64_t)o->seconds * 1000;

		if (i == 0 || end > o->from_ms) {
			if (i + 1 < zone->n && end > o[1].from_ms)
				end = o[1].from_ms;
			return end - 1;
		}
	}
}

struct cy_wall law_end_of_day(const struct law_zone *zone, struct cy_date d)
{
	return (struct cy_wall){ end_of_day(zone, cy_date_days(d)) };
}

/* ---------------------------------------------------------- working days */
/* 0 Monday ... 6 Sunday; 1970-01-01 was a Thursday. */
static unsigned weekday(int64_t day)
{
	return (unsigned)((day % 7 + 7 + 3) % 7);
}

static bool weekend(const struct law_calendar *c, int64_t day)
{
	return ((c ? c->weekend : LAW_WEEKEND_SAT_SUN) >> weekday(day) & 1) != 0;
}

/* NULL when it is none. */
static const struct law_holiday *holiday(const struct law_calendar *c, int64_t day)
{
	size_t low = 0, high = c ? c->n : 0;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (c->holidays[mid].day == day)
			return &c->holidays[mid];
		if (c->holidays[mid].day < day)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

static bool working(const struct law_calendar *c, int64_t day)
{
	return !weekend(c, day) && holiday(c, day) == NULL;
}

bool law_working_day(const struct law_calendar *calendar, struct cy_date d)
{
	return working(calendar, cy_date_days(d));
}

/* The first working day from `day` on. */
static int64_t next_working(const struct law_calendar *c, int64_t day)
{
	while (!working(c, day))
		day++;
	return day;
}

/* Working days from `first` to `last`, both included. */
static uint32_t working_between(const struct law_calendar *c, int64_t first, int64_t last)
{
	uint32_t n = 0;

	for (; first <= last; first++)
		n += working(c, first);
	return n;
}

static bool two_working(const struct law_calendar *c, int64_t first, int64_t last)
{
	int64_t day = next_working(c, first);

	return day < last && next_working(c, day + 1) <= last;
}

/* ------------------------------------------------------------- the period */
/* A period laid out. In days: local days since 1970-01-01. */
struct span {
	int64_t start_day; /* of the event */
	int64_t first;     /* the first that counts */
	int64_t counted;   /* the last by number */
	int64_t rolled;    /* after holidays and weekends */
	int64_t last;      /* after two working days */
	int64_t begin_ms, due_ms;
};

static bool given(const char *article)
{
	return article && *article != '\0';
}

static int check(const struct law_period *p, const struct law_zone *zone, const struct law_calendar *calendar,
		 struct cy_wall start, struct cy_error *e)
{
	CY_ASSERT(zone && zone->n > 0);
	if (p->amount > LAW_AMOUNT_MAX)
		return cy_fail(e, CY_EINVAL, "a period of %u %ss is too long; at most %u can be counted", p->amount,
			       law_unit_name(p->unit), LAW_AMOUNT_MAX);
	if (start.ms < 0 || start.ms >= START_MAX)
		return cy_fail(e, CY_EINVAL, "the event is not within the years 1970 to 9000; state when it happened");
	if (calendar && (calendar->weekend & 0x7f) == 0x7f)
		return cy_fail(e, CY_EINVAL, "the calendar %s has no working day; correct its weekend", calendar->name);
	return CY_OK;
}

static int64_t last_counted(const struct law_period *p, const struct law_calendar *c, const struct span *s)
{
	int64_t day = s->first - 1;

	if (p->unit != LAW_WORKING_DAY)
		return day + (int64_t)p->amount * (p->unit == LAW_WEEK ? 7 : 1);
	for (uint32_t i = 0; i < p->amount; i++)
		day = next_working(c, day + 1);
	return day;
}

static struct span lay_out(const struct law_period *p, const struct law_rule *rule, const struct law_zone *zone,
			   const struct law_calendar *c, int64_t start)
{
	struct span s = { .start_day = local_day(zone, start), .begin_ms = start };
	bool exclude = given(rule->exclude_event);

	if (p->unit == LAW_HOUR) {
		int64_t local = local_ms(zone, start);

		if (exclude)
			s.begin_ms = start - (local - floor_div(local, HOUR_MS) * HOUR_MS) + HOUR_MS;
		s.due_ms = s.begin_ms + (int64_t)p->amount * HOUR_MS - 1;
		s.last = local_day(zone, s.due_ms);
		return s;
	}
	s.first = s.start_day + exclude;
	s.counted = last_counted(p, c, &s);
	if (s.counted < s.start_day)
		s.counted = s.start_day;
	s.rolled = given(rule->roll_over) ? next_working(c, s.counted) : s.counted;
	s.last = s.rolled;
	if (given(rule->two_working) && (p->amount > 1 || p->unit == LAW_WEEK))
		while (!two_working(c, s.first, s.last))
			s.last = next_working(c, s.last + 1);
	s.due_ms = end_of_day(zone, s.last);
	return s;
}

/* -------------------------------------------------------------- the steps */
/* A day for people: "Friday 2026-04-03". */
struct day_text {
	char s[32];
};

static const char *const weekdays[] = { "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday" };

static struct day_text day_text(int64_t day)
{
	struct cy_date d = cy_date_of_days(day);
	struct day_text t;

	snprintf(t.s, sizeof t.s, "%s %04d-%02d-%02d", weekdays[weekday(day)], d.year, d.month, d.day);
	return t;
}

void law_local_text(const struct law_zone *zone, struct cy_wall t, char out[static LAW_LOCAL_SIZE])
{
	static const struct law_offset always[] = { { INT64_MIN, 0 } };
	static const struct law_zone utc = { .name = "UTC", .n = 1, .offsets = always };
	const struct law_zone *z = zone != NULL ? zone : &utc;
	int32_t ms;
	const struct cy_date d = law_local_date(z, t, &ms);

	snprintf(out, LAW_LOCAL_SIZE, "%.3s %04d-%02d-%02d %02d:%02d:%02d %s", weekdays[weekday(cy_date_days(d))],
		 d.year, d.month, d.day, ms / 3600000, ms / 60000 % 60, ms / 1000 % 60, z->name);
}

/* "UTC+05:30" */
static struct day_text offset_text(int32_t seconds)
{
	unsigned minutes = (unsigned)(seconds < 0 ? -seconds : seconds) / 60;
	struct day_text t;

	snprintf(t.s, sizeof t.s, "UTC%c%02u:%02u", seconds < 0 ? '-' : '+', minutes / 60, minutes % 60);
	return t;
}

static void step(struct law_count *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void step(struct law_count *r, const char *fmt, ...)
{
	va_list ap;

	CY_ASSERT(r->n < LAW_COUNT_STEPS);
	va_start(ap, fmt);
	vsnprintf(r->steps[r->n], sizeof r->steps[0], fmt, ap);
	va_end(ap);
	r->n++;
}

/* The days from `first` to `last` that are off, each with why, as far as they fit. With
 * `holidays` weekends are left out. Returns how many there are. */
static unsigned days_off(const struct law_calendar *c, int64_t first, int64_t last, bool holidays, char *out,
			 size_t size)
{
	size_t used = 0;
	unsigned n = 0, left_out = 0;

	out[0] = '\0';
	for (int64_t day = first; day <= last; day++) {
		const struct law_holiday *h = holiday(c, day);
		char one[80], name[40];
		int len;

		if (h == NULL && (holidays || !weekend(c, day)))
			continue;
		if (h && holidays && weekend(c, day))
			continue;
		cy_line(name, sizeof name, h ? h->name : "");
		len = h ? snprintf(one, sizeof one, "%s%s (%s)", n ? ", " : "", day_text(day).s, name)
			: snprintf(one, sizeof one, "%s%s", n ? ", " : "", day_text(day).s);
		n++;
		if (left_out == 0 && used + (size_t)len + 16 < size) {
			memcpy(out + used, one, (size_t)len + 1);
			used += (size_t)len;
		} else {
			left_out++;
		}
	}
	if (left_out)
		snprintf(out + used, size - used, " and %u more", left_out);
	return n;
}

static bool covers(const struct law_calendar *c, int year)
{
	return year >= c->first_year && year <= c->last_year;
}

/* Says what is not known about holidays: missing holidays are never silently taken for none. */
static void tell_calendar(const struct law_rule *rule, const struct law_period *p, const struct law_calendar *c,
			  const struct span *s, struct law_count *r)
{
	int from = cy_date_of_days(s->first).year, to = cy_date_of_days(s->last).year;

	if (p->unit != LAW_WORKING_DAY && !given(rule->roll_over) && !given(rule->two_working))
		return;
	if (c && covers(c, from) && covers(c, to)) {
		step(r, "Holidays are those of the calendar %s.", c->name);
		return;
	}
	r->no_calendar = true;
	if (c == NULL)
		step(r, "WARNING: no calendar is known: holidays are not heeded, only Saturdays and Sundays.");
	else
		step(r, "WARNING: the calendar %s covers %d to %d: holidays of %d are not known and not heeded.",
		     c->name, c->first_year, c->last_year, covers(c, from) ? to : from);
}

static void tell_days(const struct law_period *p, const struct law_rule *rule, const struct law_zone *zone,
		      const struct law_calendar *c, const struct span *s, struct law_count *r)
{
	char off[140];
	unsigned n;

	if (given(rule->exclude_event))
		step(r, "The day of the event, %s, is not counted (Article %s).", day_text(s->start_day).s,
		     rule->exclude_event);
	tell_calendar(rule, p, c, s, r);
	if (p->amount == 0)
		step(r, "What is left of the period ends with %s.", day_text(s->counted).s);
	else
		step(r, "Day 1 is %s; the last day of %u %s%s is %s.", day_text(s->first).s, p->amount,
		     p->unit == LAW_WEEK          ? "week"
		     : p->unit == LAW_WORKING_DAY ? "working day"
						  : "day",
		     p->amount == 1 ? "" : "s", day_text(s->counted).s);
	if (p->unit == LAW_WORKING_DAY && days_off(c, s->first, s->counted, true, off, sizeof off) > 0)
		step(r, "Holidays on the way are not counted: %s.", off);
	if (s->rolled != s->counted) {
		n = days_off(c, s->counted, s->rolled - 1, false, off, sizeof off);
		step(r, "%s %s no working day%s: the period ends with %s (Article %s).", off, n == 1 ? "is" : "are",
		     n == 1 ? "" : "s", day_text(s->rolled).s, rule->roll_over);
	}
	if (s->last != s->rolled)
		step(r, "It must have at least two working days: it ends with the second one, %s (Article %s).",
		     day_text(s->last).s, rule->two_working);
	if (end_of_day(zone, s->last) - end_of_day(zone, s->last - 1) != DAY_MS)
		step(r, "The clocks of %s change on that day: it ends with its last hour all the same.", zone->name);
}

static void tell_hours(const struct law_period *p, const struct law_rule *rule, const struct law_zone *zone,
		       const struct span *s, struct law_count *r)
{
	int64_t begin = local_ms(zone, s->begin_ms);
	int32_t at_start = law_offset_at(zone, (struct cy_wall){ s->begin_ms }),
		at_end = law_offset_at(zone, (struct cy_wall){ s->due_ms });

	if (given(rule->exclude_event))
		step(r, "The hour of the event is not counted (Article %s).", rule->exclude_event);
	step(r, "%u hour%s run%s from %02d:%02d of %s, through weekends and holidays.", p->amount,
	     p->amount == 1 ? "" : "s", p->amount == 1 ? "s" : "", (int)(floor_div(begin, HOUR_MS) % 24),
	     (int)(floor_div(begin, 60000) % 60), day_text(local_day(zone, s->begin_ms)).s);
	if (at_start != at_end)
		step(r, "The clocks of %s change from %s to %s on the way: elapsed hours are counted.", zone->name,
		     offset_text(at_start).s, offset_text(at_end).s);
}

int law_count(const struct law_period *p, const struct law_rule *rule, const struct law_zone *zone,
	      const struct law_calendar *calendar, struct cy_wall start, struct law_count *ret, struct cy_error *e)
{
	struct law_count r = { 0 };
	struct span s;
	char utc[CY_RFC3339_SIZE];
	int64_t local = 0;
	int rc = check(p, zone, calendar, start, e);

	if (rc < 0)
		return rc;
	s = lay_out(p, rule, zone, calendar, start.ms);
	r.due.ms = s.due_ms;
	local = local_ms(zone, start.ms);
	step(&r, "Event: %s %02d:%02d in %s (%s).", day_text(s.start_day).s, (int)(floor_div(local, HOUR_MS) % 24),
	     (int)(floor_div(local, 60000) % 60), zone->name, offset_text(law_offset_at(zone, start)).s);
	if (p->unit == LAW_HOUR)
		tell_hours(p, rule, zone, &s, &r);
	else
		tell_days(p, rule, zone, calendar, &s, &r);
	local = local_ms(zone, s.due_ms);
	cy_rfc3339(r.due, utc);
	step(&r, "Due: %s, until %02d:%02d:%02d in %s (%s), which is %s.", day_text(local_day(zone, s.due_ms)).s,
	     (int)(floor_div(local, HOUR_MS) % 24), (int)(floor_div(local, 60000) % 60),
	     (int)(floor_div(local, 1000) % 60), zone->name, offset_text(law_offset_at(zone, r.due)).s, utc);
	if (!rule->verified)
		step(&r, "The rule %s is not verified against the primary text.", rule->name);
	*ret = r;
	return CY_OK;
}

int law_remaining(const struct law_period *p, const struct law_rule *rule, const struct law_zone *zone,
		  const struct law_calendar *calendar, struct cy_wall start, struct cy_wall until,
		  struct law_period *ret, int64_t *ret_ms)
{
	struct law_period left = { .unit = p->unit == LAW_WEEK ? LAW_CALENDAR_DAY : p->unit };
	struct span s;
	int64_t ms = 0, day, n;
	int rc = check(p, zone, calendar, start, NULL);

	if (rc < 0)
		return rc;
	s = lay_out(p, rule, zone, calendar, start.ms);
	if (p->unit == LAW_HOUR) {
		ms = s.due_ms + 1 - (until.ms > s.begin_ms ? until.ms : s.begin_ms);
		if (ms < 0)
			ms = 0;
		left.amount = (uint32_t)((ms + HOUR_MS - 1) / HOUR_MS);
		*ret = left;
		*ret_ms = ms;
		return CY_OK;
	}
	day = local_day(zone, until.ms);
	if (day < s.first)
		day = s.first - 1;
	if (s.last != s.rolled) { /* it became two working days */
		left.unit = LAW_WORKING_DAY;
		s.counted = s.last;
	}
	if (left.unit == LAW_WORKING_DAY)
		n = working_between(calendar, day + 1, s.counted);
	else
		n = s.counted - day;
	left.amount = n > 0 ? (uint32_t)n : 0;
	*ret = left;
	*ret_ms = 0;
	return CY_OK;
}
