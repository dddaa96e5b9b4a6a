#include "base/time.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"

#define DAY_MS INT64_C(86400000)

/* Both conversions count from 1 March, so that the leap day ends the year
 * (H. Hinnant, "chrono-compatible low-level date algorithms"). */
int64_t cy_date_days(struct cy_date d)
{
	int64_t y = d.year - (d.month <= 2);
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t yoe = y - era * 400;
	int64_t doy = (153 * (d.month + (d.month > 2 ? -3 : 9)) + 2) / 5 + d.day - 1;

	return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

struct cy_date cy_date_of_days(int64_t days)
{
	int64_t z = days + 719468;
	int64_t era = (z >= 0 ? z : z - 146096) / 146097;
	int64_t doe = z - era * 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int64_t mp = (5 * doy + 2) / 153;
	int month = (int)(mp < 10 ? mp + 3 : mp - 9);

	return (struct cy_date){ .year = (int)(yoe + era * 400 + (month <= 2)),
				 .month = month,
				 .day = (int)(doy - (153 * mp + 2) / 5 + 1) };
}

void cy_rfc3339(struct cy_wall t, char out[static CY_RFC3339_SIZE])
{
	int64_t days = t.ms / DAY_MS, ms = t.ms % DAY_MS;
	struct cy_date d;

	if (ms < 0) {
		ms += DAY_MS;
		days--;
	}
	if (days < -719162 || days > 2932896) {
		snprintf(out, CY_RFC3339_SIZE, "invalid");
		return;
	}
	d = cy_date_of_days(days);
	snprintf(out, CY_RFC3339_SIZE, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", d.year, d.month, d.day,
		 (int)(ms / 3600000), (int)(ms / 60000 % 60), (int)(ms / 1000 % 60), (int)(ms % 1000));
}

/* `n` digits at p as a number, -1 if one is none. */
static int digits(const char *p, int n)
{
	int value = 0;

	for (int i = 0; i < n; i++) {
		if (p[i] < '0' || p[i] > '9')
			return -1;
		value = value * 10 + (p[i] - '0');
	}
	return value;
}

static int month_days(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return month == 2 && leap ? 29 : days[month - 1];
}

/* YYYY-MM-DD at the start of a text of at least 10 characters. */
static int date_at(const char *p, struct cy_date *ret)
{
	struct cy_date d = { .year = digits(p, 4), .month = digits(p + 5, 2), .day = digits(p + 8, 2) };

	if (p[4] != '-' || p[7] != '-' || d.year < 1 || d.month < 1 || d.month > 12 || d.day < 1 ||
	    d.day > month_days(d.year, d.month))
		return CY_EPARSE;
	*ret = d;
	return CY_OK;
}

int cy_date_parse(const char *text, struct cy_date *ret)
{
	return strlen(text) == 10 ? date_at(text, ret) : CY_EPARSE;
}

static bool has_form(const char *text, const char *form)
{
	for (size_t i = 0; form[i] != '\0'; i++)
		if (form[i] == 'd' ? digits(text + i, 1) < 0 : text[i] != form[i])
			return false;
	return true;
}

/* dddd-dd-ddTdd:dd:dd, of which the form was looked at. */
static int second_at(const char *text, int64_t *ret_ms)
{
	const int h = digits(text + 11, 2), m = digits(text + 14, 2), s = digits(text + 17, 2);
	struct cy_date d;

	if (date_at(text, &d) < 0 || h > 23 || m > 59 || s > 59)
		return CY_EPARSE;
	*ret_ms = cy_date_days(d) * DAY_MS + ((h * 60 + m) * 60 + s) * INT64_C(1000);
	return CY_OK;
}

int cy_rfc3339_parse(const char *text, struct cy_wall *ret)
{
	static const char form[] = "dddd-dd-ddTdd:dd:dd.dddZ";
	int64_t ms;

	if (strlen(text) != sizeof form - 1 || !has_form(text, form) || second_at(text, &ms) < 0)
		return CY_EPARSE;
	ret->ms = ms + digits(text + 20, 3);
	return CY_OK;
}

/* The offset from UTC at the end of a text. */
static int offset_at(const char *p, int64_t *ret_ms)
{
	int h, m;

	if (strcmp(p, "Z") == 0 || strcmp(p, "z") == 0) {
		*ret_ms = 0;
		return CY_OK;
	}
	if (strlen(p) != 6 || (*p != '+' && *p != '-') || !has_form(p + 1, "dd:dd"))
		return CY_EPARSE;
	h = digits(p + 1, 2);
	m = digits(p + 4, 2);
	if (h > 23 || m > 59)
		return CY_EPARSE;
	*ret_ms = (*p == '-' ? -1 : 1) * (h * 60 + m) * INT64_C(60000);
	return CY_OK;
}

int cy_rfc3339_read(const char *text, struct cy_wall *ret)
{
	static const char day[] = "dddd-dd-dd", second[] = "dd:dd:dd";
	const char *p = text + sizeof day + sizeof second - 1;
	int64_t ms, fraction = 0, offset;

	/* In this order: each looks no further than the end of the text. */
	if (strnlen(text, 20) < 20 || !has_form(text, day) || (text[10] != 'T' && text[10] != 't') ||
	    !has_form(text + 11, second) || second_at(text, &ms) < 0)
		return CY_EPARSE;
	if (*p == '.') {
		if (digits(++p, 1) < 0)
			return CY_EPARSE;
		for (int64_t unit = 100; digits(p, 1) >= 0; unit /= 10)
			fraction += unit * digits(p++, 1);
	}
	if (offset_at(p, &offset) < 0)
		return CY_EPARSE;
	ret->ms = ms + fraction - offset;
	return CY_OK;
}
