#include "form/words.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"

#define TEXT_MAX    (1024u * 1024u)
#define INSTANT_MAX INT64_C(62135596800000) /* milliseconds from the year 1 to 1970 */

const char *form_word(const struct form_words *w, const char *context, const char *id)
{
	const char *text = w->look_up != NULL ? w->look_up(w->arg, context, id) : NULL;

	return text != NULL ? text : "";
}

const char *form_say(const struct form_words *w, const char *english)
{
	const char *text = english[0] ? form_word(w, "", english) : "";

	return text[0] ? text : english;
}

static const char *word(void *arg, const char *value)
{
	return form_say(arg, value);
}

const char *form_say_made(const struct form_words *w, struct cy_arena *a, const char *english,
			  const struct cy_sentence *s)
{
	const char *other = s->format != NULL ? form_say(w, s->format) : english, *said;
	struct cy_buf b = CY_BUF(TEXT_MAX);

	if (s->n == 0)
		return form_say(w, english);
	said = cy_sentence_say(&b, other, english, s, word, (void *)w) == CY_OK && b.data != NULL ? (const char *)b.data
												  : english;
	said = cy_arena_string(a, said);
	cy_buf_free(&b);
	return said;
}

/* The value for a name of `len` bytes; NULL: there is none. */
static const char *value_of(const char *name, size_t len, const char *const *values)
{
	for (; values[0] != NULL; values += 2)
		if (strlen(values[0]) == len && memcmp(values[0], name, len) == 0)
			return values[1];
	return NULL;
}

const char *form_fill_list(const struct form_words *w, struct cy_arena *a, const char *english,
			   const char *const *values)
{
	const char *text = form_say(w, english), *done;
	struct cy_buf b = CY_BUF(TEXT_MAX);
	int r = CY_OK;

	while (r == CY_OK && text[0]) {
		const size_t plain = strcspn(text, "{"), len = strcspn(text + plain, "}");
		const char *value = NULL;

		if (text[plain] && text[plain + len])
			value = value_of(text + plain + 1, len - 1, values);
		r = cy_buf_add(&b, text, plain);
		text += plain;
		if (r == CY_OK && value != NULL)
			r = cy_buf_add(&b, value, strlen(value));
		else if (r == CY_OK && text[0])
			r = cy_buf_add(&b, text, 1);
		text += value != NULL ? len + 1 : text[0] != '\0';
	}
	done = cy_arena_string(a, b.data != NULL ? (const char *)b.data : "");
	cy_buf_free(&b);
	return done;
}

/* The months by their numbers, in the context "month"; a day that is not written by its number alone is in "day". */
const char *form_date(const struct form_words *w, struct cy_arena *a, struct cy_date d)
{
	static const char *const months[] = { "January", "February", "March",     "April",   "May",      "June",
					      "July",    "August",   "September", "October", "November", "December" };
	char day[16], number[16], year[16];
	const char *month, *special;

	CY_ASSERT(d.month >= 1 && d.month <= 12);
	snprintf(day, sizeof day, "%d", d.day);
	snprintf(number, sizeof number, "%d", d.month);
	snprintf(year, sizeof year, "%d", d.year);
	month = form_word(w, "month", number);
	special = form_word(w, "day", day);
	return form_fill(w, a, "{day} {month} {year}", "day", special[0] ? special : day, "month",
			 month[0] ? month : months[d.month - 1], "year", year);
}

/* "UTC-05:00" */
static const char *distance(const struct law_zone *zone, int64_t ms, struct cy_arena *a)
{
	const int32_t seconds = law_offset_at(zone, (struct cy_wall){ .ms = ms });
	const int minutes = (seconds < 0 ? -seconds : seconds) / 60;
	char text[32];

	snprintf(text, sizeof text, "UTC%c%02d:%02d", seconds < 0 ? '-' : '+', minutes / 60, minutes % 60);
	return cy_arena_string(a, text);
}

/* Beyond the years that a calendar has they are numbers. */
const char *form_instant(const struct form_words *w, struct cy_arena *a, int64_t ms)
{
	static const struct law_offset always[] = { { INT64_MIN, 0 } };
	static const struct law_zone utc = { .name = "UTC", .n = 1, .offsets = always };
	struct cy_date d;
	char clock[32];
	int32_t at;

	if (ms < -INSTANT_MAX || ms > INSTANT_MAX) {
		snprintf(clock, sizeof clock, "%" PRId64, ms);
		return cy_arena_string(a, clock);
	}
	d = law_local_date(w->zone != NULL ? w->zone : &utc, (struct cy_wall){ .ms = ms }, &at);
	snprintf(clock, sizeof clock, "%02d:%02d:%02d", at / 3600000, at / 60000 % 60, at / 1000 % 60);
	return form_fill(w, a, "{date}, {clock} {zone}", "date", form_date(w, a, d), "clock", clock, "zone",
			 w->zone != NULL ? distance(w->zone, ms, a) : "UTC");
}

/* What stands between groups of three digits is the word "thousands" of the context "number". */
const char *form_number(const struct form_words *w, struct cy_arena *a, uint64_t n)
{
	const char *between = form_word(w, "number", "thousands");
	struct cy_buf b = CY_BUF(512);
	char digits[32];
	const char *done;
	size_t len;

	snprintf(digits, sizeof digits, "%" PRIu64, n);
	len = strlen(digits);
	for (size_t i = 0; i < len; i++)
		if (cy_buf_addf(&b, "%s%c", i && len > 4 && (len - i) % 3 == 0 ? between : "", digits[i]) != CY_OK)
			break;
	done = cy_arena_string(a, (const char *)b.data);
	cy_buf_free(&b);
	return done;
}

const char *form_list(const struct form_words *w, struct cy_arena *a, size_t n, const char *const *texts)
{
	const char *text = n ? texts[0] : "";

	for (size_t i = 1; i < n; i++)
		text = form_fill(w, a, i + 1 < n ? "{list}, {item}" : "{list} and {item}", "list", text, "item",
				 texts[i]);
	return text;
}
