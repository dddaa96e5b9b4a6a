/* Counting legal periods. The rules are data (struct law_rule): Regulation (EEC,
 * Euratom) 1182/71, the European Convention on the Calculation of Time-Limits
 * (ETS 76), or what a profile states. Pure: zone offsets and holidays come in as
 * values; nothing here knows a clock. */
#ifndef CY_LAW_DAYS_H
#define CY_LAW_DAYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/sha256.h"
#include "base/time.h"

/* A time zone: offsets from UTC, each from an instant on. */
struct law_zone {
	const char *name; /* IANA, such as Europe/Dublin */
	size_t n;         /* at least 1; ascending; the first holds for all time before */
	const struct law_offset {
		int64_t from_ms;
		int32_t seconds; /* east of UTC */
	} * offsets;
	struct cy_digest digest; /* over the name and the offsets */
};

/* The holidays of a state, or of a part of it. */
struct law_calendar {
	const char *name;          /* such as IE */
	const char *source;        /* where the holidays were taken from */
	bool verified;             /* against the primary text */
	const char *note;          /* what it leaves out, or what was not verified; may be "" */
	int first_year, last_year; /* covered; outside it nothing is known */
	uint8_t weekend;           /* bit 0 Monday ... bit 6 Sunday; never all of them */
	size_t n;
	const struct law_holiday {
		int32_t day; /* since 1970-01-01 */
		const char *name;
	} * holidays;            /* ascending, each day once */
	struct cy_digest digest; /* over the years, the weekend and the days */
};

#define LAW_WEEKEND_SAT_SUN 0x60u

/* X(NAME, word in profiles and on screen) */
#define LAW_UNITS(X)                    \
	X(HOUR, "hour")                 \
	X(CALENDAR_DAY, "calendar_day") \
	X(WORKING_DAY, "working_day")   \
	X(WEEK, "week")

enum law_unit {
#define LAW_X(name, word) LAW_##name,
	LAW_UNITS(LAW_X)
#undef LAW_X
};
const char *law_unit_name(enum law_unit u);

#define LAW_AMOUNT_MAX 3660u /* of any unit */

struct law_period {
	enum law_unit unit;
	uint32_t amount; /* 1 to LAW_AMOUNT_MAX; 0: only what law_remaining leaves */
};

/* How a period is counted. Each article is that of the rule's own text; empty: the
 * rule does not say, and it is not done. */
struct law_rule {
	const char *name; /* such as regulation-1182-71 */
	const char *title;
	const char *exclude_event; /* the hour or day of the event is not counted */
	const char *roll_over;     /* an end on a holiday or weekend moves to the end of the next working day; not
				    * for hours */
	const char *two_working;   /* two days or more contain at least two working days; not for hours */
	bool verified;
	const char *note; /* what was not verified, or ""; may be NULL */
};

/* How it was counted, a sentence each: kept with the clock and printed. A clock that is held up is
 * counted anew: they have to last for some suspensions. */
#define LAW_COUNT_STEPS 40
struct law_count {
	struct cy_wall due; /* the last millisecond of the period */
	bool no_calendar;   /* it matters, and none was given or its years do not cover it: weekends only */
	size_t n;
	char steps[LAW_COUNT_STEPS][240];
};

/* The end of a period that begins with an event at `start`. `calendar` NULL: no
 * holidays are known, which the steps say. A period in hours counts elapsed hours, from
 * the next full hour of the local clock where the hour of the event is not counted. One
 * in days ends with the last local hour of its last day, also where a day is shorter or
 * longer, or its last hour comes twice; one in weeks with the weekday of the event.
 * CY_EINVAL for an amount or an instant out of range (years 1970 to 9000). */
int law_count(const struct law_period *p, const struct law_rule *rule, const struct law_zone *zone,
	      const struct law_calendar *calendar, struct cy_wall start, struct law_count *ret, struct cy_error *e);

/* Instants come from both sides, also from one that means no good: before 1970 and
 * after the year 9000 nothing is counted. */
int64_t law_counted(int64_t ms);

/* The last millisecond of a date in a zone. */
struct cy_wall law_end_of_day(const struct law_zone *zone, struct cy_date d);
/* Seconds east of UTC at an instant. */
int32_t law_offset_at(const struct law_zone *zone, struct cy_wall t);
/* The local date of an instant; *ret_ms (may be NULL) the local time of day. */
struct cy_date law_local_date(const struct law_zone *zone, struct cy_wall t, int32_t *ret_ms);
/* As people in the zone read it: "Sun 2026-12-06 23:59:59 America/New_York"; in UTC, and with that name, where there
 * is no zone (NULL). */
#define LAW_LOCAL_SIZE 64 /* the longest name of tzdata fits */
void law_local_text(const struct law_zone *zone, struct cy_wall t, char out[static LAW_LOCAL_SIZE]);
bool law_working_day(const struct law_calendar *calendar, struct cy_date d);

/* How much of a period is left when its count stops at `until` and goes on later: the
 * days that had not begun, in hours the milliseconds in *ret_ms (else 0) and as full
 * hours, rounded up. Weeks come back as days; a period that was prolonged to two working
 * days, as working days. For what suspends a clock: law_count goes on from the day of
 * resumption with what is left, by the same rule without `two_working`, which was heeded
 * already. Nothing left of days (amount 0): what is left is the rest of that day. */
int law_remaining(const struct law_period *p, const struct law_rule *rule, const struct law_zone *zone,
		  const struct law_calendar *calendar, struct cy_wall start, struct cy_wall until,
		  struct law_period *ret, int64_t *ret_ms);

#endif
