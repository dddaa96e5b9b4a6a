#include "io/calendar/calendar_ical.h"

#include <dirent.h>
#include <errno.h>
#include <libical/ical.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/num.h"
#include "config/config_tree.h"
#include "io/calendar/calendar_text.h"

#define NAME_MAX_SHOWN 120u

/* A day that the file names. */
struct day {
	int32_t day;
	int line; /* where its event begins */
	const char *name;
};

struct load {
	const char *path;
	struct cy_arena *arena;
	struct config_problems *out;
	bool failed;
	struct law_calendar c;
	const struct calendar_text *text;
	struct day *days;
	size_t n;
};

/* The event that is being read. */
struct event {
	struct load *l;
	icalcomponent *component;
	int line;
	const char *name;
	size_t first; /* of its days */
};

static void problem(struct load *l, int line, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
static void problem(struct load *l, int line, const char *fmt, ...)
{
	char text[900];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	config_problem(l->out, l->path, line, NULL, "%s", text);
	l->failed = true;
}

static void wrong(const struct event *v, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void wrong(const struct event *v, const char *fmt, ...)
{
	char text[700], name[NAME_MAX_SHOWN];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	cy_line(name, sizeof name, v->name);
	problem(v->l, v->line, "event '%s': %s", name, text);
}

/* ------------------------------------------------------------------- days */
static bool date_of(struct icaltimetype t, struct cy_date *ret)
{
	char text[16];

	if (!t.is_date || t.year < 0 || t.year > 9999 || t.month < 0 || t.month > 99 || t.day < 0 || t.day > 99)
		return false;
	snprintf(text, sizeof text, "%04d-%02d-%02d", t.year, t.month, t.day);
	return cy_date_parse(text, ret) == CY_OK;
}

static bool covered(const struct load *l, int year)
{
	return year >= l->c.first_year && year <= l->c.last_year;
}

static bool add(const struct event *v, struct cy_date d)
{
	struct load *l = v->l;

	if (l->n == CALENDAR_DAYS_MAX) {
		wrong(v, "with it there are more than %u days; does it repeat too often? correct it",
		      CALENDAR_DAYS_MAX);
		return false;
	}
	l->days[l->n++] = (struct day){ .day = (int32_t)cy_date_days(d), .line = v->line, .name = v->name };
	return true;
}

/* By the rule, as far as the calendar's years go. */
static bool repeat(const struct event *v, struct icalrecurrencetype rule, struct icaltimetype start)
{
	icalrecur_iterator *i;
	bool first = true, ok = true;

	if (rule.freq != ICAL_YEARLY_RECURRENCE) {
		wrong(v, "RRULE:FREQ=YEARLY is expected of a holiday; correct it, or list the days with RDATE");
		return false;
	}
	i = icalrecur_iterator_new(rule, start);
	if (i == NULL) {
		wrong(v, "its RRULE has no day, such as a 30th of February; correct it");
		return false;
	}
	for (;;) {
		struct icaltimetype t = icalrecur_iterator_next(i);
		struct cy_date d;

		if (first && icaltime_compare_date_only(t, start) != 0) {
			wrong(v, "DTSTART is not the first day of its own RRULE; correct one of them");
			ok = false;
		}
		first = false;
		if (!ok || icaltime_is_null_time(t) || !date_of(t, &d) || d.year > v->l->c.last_year)
			break;
		if (covered(v->l, d.year))
			ok = add(v, d);
	}
	icalrecur_iterator_free(i);
	return ok;
}

static void remove_day(const struct event *v, struct cy_date d)
{
	struct load *l = v->l;
	int32_t day = (int32_t)cy_date_days(d);

	for (size_t i = v->first; i < l->n; i++)
		if (l->days[i].day == day) {
			l->days[i] = l->days[--l->n];
			return;
		}
	wrong(v, "EXDATE %04d-%02d-%02d is none of its days; correct it", d.year, d.month, d.day);
}

static bool day_of(const struct event *v, const char *property, struct icaltimetype t, struct cy_date *ret)
{
	if (!date_of(t, ret)) {
		wrong(v,
		      "its %s is not an existing date; a whole day such as %s;VALUE=DATE:20260317 is expected; correct "
		      "it",
		      property, property);
		return false;
	}
	if (!covered(v->l, ret->year) && strcmp(property, "DTSTART") != 0) {
		wrong(v, "its %s %04d-%02d-%02d is outside X-COMITY-YEARS (%d-%d); correct one of them", property,
		      ret->year, ret->month, ret->day, v->l->c.first_year, v->l->c.last_year);
		return false;
	}
	return true;
}

static icalproperty *only(const struct event *v, icalproperty_kind kind)
{
	icalproperty *p = icalcomponent_get_first_property(v->component, kind);

	if (p != NULL && icalcomponent_get_next_property(v->component, kind) != NULL)
		wrong(v, "%s is given twice; one is expected; remove the other", icalproperty_kind_to_string(kind));
	return p;
}

static void event_dates(const struct event *v)
{
	icalproperty *start = only(v, ICAL_DTSTART_PROPERTY), *end = only(v, ICAL_DTEND_PROPERTY),
		     *rule = only(v, ICAL_RRULE_PROPERTY);
	struct cy_date d, other;

	if (start == NULL) {
		wrong(v, "it has no date; DTSTART;VALUE=DATE:YYYYMMDD is expected; add it");
		return;
	}
	if (!day_of(v, "DTSTART", icalproperty_get_dtstart(start), &d))
		return;
	if (end != NULL &&
	    (!date_of(icalproperty_get_dtend(end), &other) || cy_date_days(other) != cy_date_days(d) + 1)) {
		wrong(v, "its DTEND is not the day after DTSTART; one day is expected; write an event for each day");
		return;
	}
	if (rule == NULL && !covered(v->l, d.year)) {
		wrong(v, "its DTSTART %04d-%02d-%02d is outside X-COMITY-YEARS (%d-%d); correct one of them", d.year,
		      d.month, d.day, v->l->c.first_year, v->l->c.last_year);
		return;
	}
	if (rule != NULL ? !repeat(v, icalproperty_get_rrule(rule), icalproperty_get_dtstart(start)) : !add(v, d))
		return;
	for (icalproperty *p = icalcomponent_get_first_property(v->component, ICAL_RDATE_PROPERTY); p != NULL;
	     p = icalcomponent_get_next_property(v->component, ICAL_RDATE_PROPERTY))
		if (!day_of(v, "RDATE", icalproperty_get_rdate(p).time, &d) || !add(v, d))
			return;
	for (icalproperty *p = icalcomponent_get_first_property(v->component, ICAL_EXDATE_PROPERTY); p != NULL;
	     p = icalcomponent_get_next_property(v->component, ICAL_EXDATE_PROPERTY))
		if (day_of(v, "EXDATE", icalproperty_get_exdate(p), &d))
			remove_day(v, d);
}

/* Of the n-th event; libical also finds one whose BEGIN is folded. */
static int line_of(const struct load *l, size_t n)
{
	return n < l->text->n_lines ? l->text->lines[n] : 1;
}

/* RFC 5545, 3.8.1.11. A day that was cancelled is none. One that is not certain is neither: a court
 * would ask why a limit ended by it, or not by it. */
static bool holds(const struct event *v)
{
	icalproperty *p = only(v, ICAL_STATUS_PROPERTY);
	const icalproperty_status status = p == NULL ? ICAL_STATUS_CONFIRMED : icalproperty_get_status(p);

	if (status == ICAL_STATUS_TENTATIVE)
		wrong(v, "STATUS:TENTATIVE leaves open whether its days are holidays, and with them when time limits "
			 "end; CONFIRMED or CANCELLED is expected; find out, and correct it");
	else if (status != ICAL_STATUS_CONFIRMED && status != ICAL_STATUS_CANCELLED)
		wrong(v,
		      "STATUS:%s has no meaning for a holiday; CONFIRMED or CANCELLED is expected; find out, and "
		      "correct it",
		      icalproperty_get_value_as_string(p));
	return status != ICAL_STATUS_CANCELLED;
}

/* Of two events with one UID the later is a new version of the other (RFC 5546, 2.1.5), or a mistake. */
static void only_of_its_uid(const struct event *v)
{
	const char *uid = icalcomponent_get_uid(v->component);
	icalcomponent *root = icalcomponent_get_parent(v->component);
	icalcompiter i = icalcomponent_begin_component(root, ICAL_VEVENT_COMPONENT);

	for (size_t n = 0; uid != NULL && icalcompiter_deref(&i) != v->component; n++, icalcompiter_next(&i)) {
		const char *other = icalcomponent_get_uid(icalcompiter_deref(&i));

		if (other == NULL || strcmp(uid, other) != 0)
			continue;
		wrong(v,
		      "its UID is that of the event of line %d; one event a holiday is expected; remove the one that "
		      "does not hold",
		      line_of(v->l, n));
		return;
	}
}

/* Reports a line that libical could not parse. */
static void told_by_libical(struct load *l, icalcomponent *c, int line)
{
	for (icalproperty *p = icalcomponent_get_first_property(c, ICAL_XLICERROR_PROPERTY); p != NULL;
	     p = icalcomponent_get_next_property(c, ICAL_XLICERROR_PROPERTY)) {
		char text[300];

		cy_line(text, sizeof text, icalproperty_get_xlicerror(p));
		problem(l, line, "a line %s does not parse: %s; correct it",
			line > 1 ? "of the event that begins here" : "before the events", text);
	}
}

static void event(struct load *l, icalcomponent *c, int line)
{
	static const icalproperty_kind refused[] = { ICAL_RECURRENCEID_PROPERTY, ICAL_EXRULE_PROPERTY,
						     ICAL_DURATION_PROPERTY };
	icalproperty *summary = icalcomponent_get_first_property(c, ICAL_SUMMARY_PROPERTY);
	const char *name = summary == NULL ? NULL : icalproperty_get_summary(summary);
	struct event v = { .l = l, .component = c, .line = line, .name = name ? name : "", .first = l->n };

	if (v.name[0] == '\0')
		wrong(&v, "it has no name; SUMMARY is expected; add it");
	for (const char *p = v.name; *p != '\0'; p++)
		if ((uint8_t)*p < ' ' || *p == 0x7f) {
			wrong(&v, "its name holds a control character or a line break; one line of text is expected; "
				  "correct SUMMARY");
			break;
		}
	if (strlen(v.name) > NAME_MAX_SHOWN - 1)
		wrong(&v, "its name has more than %u bytes; shorten SUMMARY", NAME_MAX_SHOWN - 1);
	v.name = cy_arena_string(l->arena, v.name);
	for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
		if (icalcomponent_get_first_property(c, refused[i]) != NULL)
			wrong(&v, "%s is not understood; use DTSTART, RRULE, RDATE and EXDATE only",
			      icalproperty_kind_to_string(refused[i]));
	only_of_its_uid(&v);
	if (holds(&v))
		event_dates(&v);
}

/* ------------------------------------------------------- of the whole file */
static const struct {
	const char *name, *expected;
	bool required;
} of_calendar[] = {
	{ "X-COMITY-SOURCE", "the statute that names the holidays", true },
	{ "X-COMITY-YEARS", "the first and last year covered, such as 2020-2036,", true },
	{ "X-COMITY-WEEKEND", "days such as SA,SU", false },
	{ "X-COMITY-VERIFIED", "TRUE or FALSE", false },
	{ "X-COMITY-NOTE", "what the calendar leaves out", false },
};
enum {
	SOURCE,
	YEARS,
	WEEKEND,
	VERIFIED,
	NOTE,
	PROPERTIES
};

static bool years(const char *text, struct law_calendar *c)
{
	uint64_t first, last;

	if (strlen(text) != 9 || text[4] != '-' || cy_parse_u64(text, 4, CALENDAR_LAST_YEAR, &first) != CY_OK ||
	    cy_parse_u64(text + 5, 4, CALENDAR_LAST_YEAR, &last) != CY_OK || first < CALENDAR_FIRST_YEAR ||
	    last < first)
		return false;
	c->first_year = (int)first;
	c->last_year = (int)last;
	return true;
}

static bool weekend(const char *text, struct law_calendar *c)
{
	static const char names[] = "MOTUWETHFRSASU";

	c->weekend = 0;
	for (const char *p = text;; p += 3) {
		size_t i = 0;

		while (i < 7 && strncmp(p, names + 2 * i, 2) != 0)
			i++;
		if (i == 7)
			return false;
		c->weekend |= (uint8_t)(1u << i);
		if (p[2] == '\0')
			return c->weekend != 0x7f;
		if (p[2] != ',')
			return false;
	}
}

static void header(struct load *l, icalcomponent *root)
{
	icalproperty *method = icalcomponent_get_first_property(root, ICAL_METHOD_PROPERTY);
	const char *values[PROPERTIES] = { 0 };
	struct law_calendar *c = &l->c;

	/* CANCEL takes back what it lists (RFC 5546, 3.2.5); others ask or answer. */
	if (method != NULL && icalproperty_get_method(method) != ICAL_METHOD_PUBLISH)
		problem(l, 1,
			"METHOD is '%s'; PUBLISH or none is expected of a calendar of holidays that hold; export the "
			"calendar itself",
			icalproperty_get_value_as_string(method));
	for (icalproperty *p = icalcomponent_get_first_property(root, ICAL_X_PROPERTY); p != NULL;
	     p = icalcomponent_get_next_property(root, ICAL_X_PROPERTY)) {
		const char *name = icalproperty_get_x_name(p), *value = icalproperty_get_value_as_string(p);
		size_t i = 0;

		if (name == NULL || strncasecmp(name, "X-COMITY-", 9) != 0)
			continue;
		while (i < PROPERTIES && strcasecmp(name, of_calendar[i].name) != 0)
			i++;
		if (i == PROPERTIES)
			problem(l, 1,
				"%s is not known; X-COMITY-SOURCE, -YEARS, -WEEKEND, -VERIFIED and -NOTE are; "
				"correct it",
				name);
		else if (values[i] != NULL)
			problem(l, 1, "%s is given twice; one is expected; remove the other", name);
		else
			values[i] = cy_arena_string(l->arena, value ? value : "");
	}
	for (size_t i = 0; i < PROPERTIES; i++)
		if (values[i] == NULL && of_calendar[i].required)
			problem(l, 1, "%s is missing; %s is expected; add it", of_calendar[i].name,
				of_calendar[i].expected);
	c->source = values[SOURCE];
	c->note = values[NOTE] ? values[NOTE] : "";
	c->verified = values[VERIFIED] && strcmp(values[VERIFIED], "TRUE") == 0;
	if (values[SOURCE] && values[SOURCE][0] == '\0')
		problem(l, 1, "X-COMITY-SOURCE is empty; %s is expected; fill it in", of_calendar[SOURCE].expected);
	if (values[VERIFIED] && !c->verified && strcmp(values[VERIFIED], "FALSE") != 0)
		problem(l, 1, "X-COMITY-VERIFIED is '%s'; TRUE or FALSE is expected; correct it", values[VERIFIED]);
	if (values[YEARS] && !years(values[YEARS], c))
		problem(l, 1, "X-COMITY-YEARS is '%s'; years from %d to %d such as 2020-2036 are expected; correct it",
			values[YEARS], CALENDAR_FIRST_YEAR, CALENDAR_LAST_YEAR);
	c->weekend = LAW_WEEKEND_SAT_SUN;
	if (values[WEEKEND] && !weekend(values[WEEKEND], c))
		problem(l, 1, "X-COMITY-WEEKEND is '%s'; one to six of MO,TU,WE,TH,FR,SA,SU are expected; correct it",
			values[WEEKEND]);
}

static int by_day(const void *a, const void *b)
{
	const struct day *x = a, *y = b;

	return x->day != y->day ? (x->day < y->day ? -1 : 1) : x->line - y->line;
}

/* Two names of one day are most often a wrong date. */
static void finish(struct load *l)
{
	struct law_holiday *h = cy_arena_take(l->arena, (l->n + 1) * sizeof *h);
	struct cy_buf text = CY_BUF(256u * 1024u);
	int rc;

	qsort(l->days, l->n, sizeof *l->days, by_day);
	rc = cy_buf_addf(&text, "calendar %d-%d %02x\n", l->c.first_year, l->c.last_year, l->c.weekend);
	for (size_t i = 0; i < l->n; i++) {
		const struct day *d = &l->days[i];
		struct cy_date date = cy_date_of_days(d->day);

		if (i > 0 && d->day == d[-1].day)
			problem(l, d->line,
				"event '%s': %04d-%02d-%02d is a day of '%s' (line %d) already; correct it, or take it "
				"out of one of them with EXDATE",
				d->name, date.year, date.month, date.day, d[-1].name, d[-1].line);
		h[i] = (struct law_holiday){ .day = d->day, .name = d->name };
		if (rc == CY_OK)
			rc = cy_buf_addf(&text, "%04d-%02d-%02d\n", date.year, date.month, date.day);
	}
	CY_ASSERT(rc == CY_OK);
	l->c.digest = cy_sha256(cy_buf_view(&text));
	cy_buf_free(&text);
	l->c.n = l->n;
	l->c.holidays = h;
}

static void parse(struct load *l)
{
	icalcomponent *root;
	size_t i = 0;

	icalerror_set_errors_are_fatal(false);
	root = icalparser_parse_string(l->text->text);
	if (root == NULL || icalcomponent_isa(root) != ICAL_VCALENDAR_COMPONENT) {
		problem(l, 1, "it does not parse as an iCalendar file (RFC 5545); write it anew");
	} else {
		told_by_libical(l, root, 1);
		header(l, root);
	}
	if (l->c.last_year > 0) { /* else no date can be judged */
		for (icalcomponent *c = icalcomponent_get_first_component(root, ICAL_VEVENT_COMPONENT); c != NULL;
		     c = icalcomponent_get_next_component(root, ICAL_VEVENT_COMPONENT), i++) {
			int line = line_of(l, i);

			told_by_libical(l, c, line);
			event(l, c, line);
		}
		finish(l);
	}
	if (root != NULL)
		icalcomponent_free(root);
}

/* IE of .../IE.ics */
static const char *name_of(struct load *l)
{
	const char *base = strrchr(l->path, '/');
	char name[CY_AUTHORITY_MAX + 1];
	size_t len;

	base = base ? base + 1 : l->path;
	len = strlen(base);
	if (len > 4 && len - 4 < sizeof name && strcmp(base + len - 4, ".ics") == 0) {
		memcpy(name, base, len - 4);
		name[len - 4] = '\0';
		if (cy_authority_valid(name))
			return cy_arena_string(l->arena, name);
	}
	problem(l, 0,
		"the name of the file is that of the calendar: capital letters, digits and '-' before .ics are "
		"expected, such as IE.ics; rename it");
	return "";
}

int calendar_load(const char *path, struct cy_arena *arena, const struct law_calendar **ret,
		  struct config_problems *out)
{
	struct load l = { .path = path, .arena = arena, .out = out };
	struct law_calendar *c;
	struct calendar_text *text;

	l.c.name = name_of(&l);
	if (l.failed)
		return CY_ECONFIG;
	text = calendar_text_load(path, out);
	if (text == NULL)
		return CY_ECONFIG;
	l.text = text;
	l.days = calloc(CALENDAR_DAYS_MAX, sizeof *l.days);
	CY_ASSERT(l.days);
	parse(&l);
	free(l.days);
	calendar_text_free(text);
	if (l.failed)
		return CY_ECONFIG;
	c = cy_arena_take(arena, sizeof *c);
	*c = l.c;
	*ret = c;
	return CY_OK;
}

/* ------------------------------------------------------------ a directory */
static int ics(const struct dirent *d)
{
	size_t len = strlen(d->d_name);

	return d->d_name[0] != '.' && len > 4 && strcmp(d->d_name + len - 4, ".ics") == 0;
}

/* GB before GB-SCT, as no comparison of GB.ics with GB-SCT.ics has it. */
static int by_name(const struct dirent **a, const struct dirent **b)
{
	const size_t len = strlen((*a)->d_name) - 4, other = strlen((*b)->d_name) - 4;
	const int r = memcmp((*a)->d_name, (*b)->d_name, len < other ? len : other);

	return r != 0 ? r : (len > other) - (len < other);
}

int calendar_load_dir(const char *dir, struct cy_arena *arena, const struct law_calendar *const **ret, size_t *ret_n,
		      struct config_problems *out)
{
	const struct law_calendar **list;
	struct dirent **names;
	size_t good = 0;
	int rc = CY_OK, n = scandir(dir, &names, ics, by_name);

	if (n < 0) {
		config_problem(out, dir, 0, NULL, "the directory of calendars cannot be read: %s; correct it",
			       strerror(errno));
		return CY_ECONFIG;
	}
	if (n > (int)CALENDARS_MAX) {
		config_problem(out, dir, 0, NULL, "it has %d calendars; at most %u are expected; remove some", n,
			       CALENDARS_MAX);
		rc = CY_ECONFIG;
	}
	list = cy_arena_take(arena, ((size_t)n + 1) * sizeof(const struct law_calendar *));
	for (int i = 0; i < n; i++) {
		struct config_problems one = { 0 };
		char path[4096];

		if (rc == CY_OK || i < (int)CALENDARS_MAX) {
			snprintf(path, sizeof path, "%s/%s", dir, names[i]->d_name);
			if (calendar_load(path, arena, &list[good], &one) < 0)
				rc = CY_ECONFIG;
			else
				good++;
			config_problems_append(out, &one);
		}
		free(names[i]);
	}
	free(names);
	*ret = list;
	*ret_n = good;
	return rc;
}
