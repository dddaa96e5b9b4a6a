/* Time as values. Three kinds that never mix: monotonic time for retries, wall
 * time for what is stated to others, civil dates for the law. None of them is
 * read here: a clock is a port. */
#ifndef CY_BASE_TIME_H
#define CY_BASE_TIME_H

#include <stdbool.h>
#include <stdint.h>

/* Milliseconds of a clock that never jumps; its zero means nothing. */
struct cy_mono {
	int64_t ms;
};

/* Milliseconds since 1970-01-01T00:00:00Z, UTC, without leap seconds. */
struct cy_wall {
	int64_t ms;
};

/* A day of the proleptic Gregorian calendar (ISO 8601), 0001 to 9999. */
struct cy_date {
	int year, month, day;
};

#define CY_NEVER ((struct cy_mono){ .ms = INT64_MAX })

static inline struct cy_mono cy_mono_add(struct cy_mono t, int64_t ms)
{
	return (struct cy_mono){ .ms = t.ms > INT64_MAX - ms ? INT64_MAX : t.ms + ms };
}

static inline bool cy_mono_before(struct cy_mono a, struct cy_mono b)
{
	return a.ms < b.ms;
}

/* RFC 3339 with milliseconds and Z: 2026-11-23T10:00:00.000Z. `out` holds
 * CY_RFC3339_SIZE characters. A time outside the years 1 to 9999 gives "invalid". */
#define CY_RFC3339_SIZE 32
void cy_rfc3339(struct cy_wall t, char out[static CY_RFC3339_SIZE]);

/* The form that cy_rfc3339 writes, and no other; CY_EPARSE otherwise. What is
 * signed or kept has this one form. */
int cy_rfc3339_parse(const char *text, struct cy_wall *ret);

/* An instant as a person writes it: any date-time of RFC 3339, with Z or an
 * offset, with or without a fraction of the second, of which what is below the
 * millisecond is left out. No leap second. CY_EPARSE otherwise. */
int cy_rfc3339_read(const char *text, struct cy_wall *ret);
/* The form of such a text, for sentences. */
#define CY_RFC3339_LIKE "an instant such as 2026-11-23T10:00:00Z or 2026-11-23T11:00:00+01:00"

/* YYYY-MM-DD of an existing day; CY_EPARSE otherwise. */
int cy_date_parse(const char *text, struct cy_date *ret);

/* Days since 1970-01-01, negative before. */
int64_t cy_date_days(struct cy_date d);
struct cy_date cy_date_of_days(int64_t days);

#endif
