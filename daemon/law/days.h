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

/* How a period is counted. Each string names the article of the rule's text that prescribes
 * the step; empty: the rule does not prescribe it, and the step is left out. */
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

/* How a period was counted, in sentences that are kept with the clock and printed. A clock that was
 * suspended is counted anew each time, so there must be room for the sentences of some suspensions. */
#define LAW_COUNT_STEPS 40
struct law_count {
	struct cy_wall due; /* the last millisecond of the period */
	bool no_calendar;   /* holidays matter, but no calendar covers these years: only weekends were counted */
	size_t n;
	char steps[LAW_COUNT_STEPS][240];
};

/* Computes the end of a period that begins with an event at `start`. `calendar` NULL: no
 * holidays are known, and the steps say so. A period in hours counts elapsed hours, from the
 * next full hour of the local clock if the hour of the event is not counted. A period in days
 * ends with the last local hour of its last day, even if that day is shorter or longer, or its
 * last hour comes twice; a period in weeks ends with the weekday of the event. Returns CY_OK, or
 * CY_EINVAL if the amount or an instant is out of range (years 1970 to 9000). */
int law_count(const struct law_period *p, const struct law_rule *rule, const struct law_zone *zone,
	      const struct law_calendar *calendar, struct cy_wall start, struct law_count *ret, struct cy_error *e);

/* Returns the instant, moved into the years 1970 to 9000, in which periods can be counted: a
 * malicious peer may state any instant. */
int64_t law_counted(int64_t ms);

/* Returns the last millisecond of a date in a zone. */
struct cy_wall law_end_of_day(const struct law_zone *zone, struct cy_date d);
/* Returns the seconds east of UTC at an instant. */
int32_t law_offset_at(const struct law_zone *zone, struct cy_wall t);
/* Returns the local date of an instant, and in *ret_ms (may be NULL) the local time of day. */
struct cy_date law_local_date(const struct law_zone *zone, struct cy_wall t, int32_t *ret_ms);
/* Writes an instant as people in the zone read it: "Sun 2026-12-06 23:59:59 America/New_York". Without a zone (NULL)
 * the time and the name are those of UTC. */
#define LAW_LOCAL_SIZE 64 /* the longest name of tzdata fits */
void law_local_text(const struct law_zone *zone, struct cy_wall t, char out[static LAW_LOCAL_SIZE]);
bool law_working_day(const struct law_calendar *calendar, struct cy_date d);

/* Computes how much of a period is left when a clock is suspended at `until`: the days that
 * had not begun; of a period in hours the milliseconds in *ret_ms (else 0), and in *ret full
 * hours, rounded up. Weeks are returned as days, and a period that was prolonged to two working
 * days as working days. When the clock is resumed, law_count() goes on from that day with the
 * rest of the period, by the same rule without `two_working`, which was applied already. If no
 * days are left (amount 0), the rest of the day of `until` is left. */
int law_remaining(const struct law_period *p, const struct law_rule *rule, const struct law_zone *zone,
		  const struct law_calendar *calendar, struct cy_wall start, struct cy_wall until,
		  struct law_period *ret, int64_t *ret_ms);

#endif
