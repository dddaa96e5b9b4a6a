/* Calendars of holidays: what is shipped, what a file becomes, and that each mistake is
 * told with file, line, event and remedy. Run from the root of the tree. */
#include "io/calendar/calendar_ical.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char dir[] = "/tmp/comity-calendar-XXXXXX";

static const char *in_dir(const char *name)
{
	static char path[128];

	snprintf(path, sizeof path, "%s/%s", dir, name);
	return path;
}

static void put(const char *name, const char *text)
{
	FILE *f = fopen(in_dir(name), "w");

	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

#define HEAD                                              \
	"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//x//EN\n" \
	"X-COMITY-SOURCE:An Act\nX-COMITY-YEARS:2026-2030\n"
#define EVENT(lines) "BEGIN:VEVENT\n" lines "END:VEVENT\n"
#define TAIL         "END:VCALENDAR\n"
#define ONE          "SUMMARY:A\nDTSTART;VALUE=DATE:20260317\n"
#define FILE_OF(lines)    \
	HEAD EVENT(lines) \
	TAIL

static const struct law_calendar *good(struct cy_arena *arena, const char *text)
{
	struct config_problems out = { 0 };
	const struct law_calendar *c = NULL;

	put("XX.ics", text);
	if (calendar_load(in_dir("XX.ics"), arena, &c, &out) != CY_OK)
		fail_msg("%s", out.list[0].text);
	assert_int_equal(out.n, 0);
	config_problems_free(&out);
	return c;
}

/* "2026-01-01 New Year's Day\n..." of one year */
static void list(const struct law_calendar *c, int year, char *out, size_t size)
{
	out[0] = '\0';
	for (size_t i = 0; i < c->n; i++) {
		struct cy_date d = cy_date_of_days(c->holidays[i].day);
		size_t used = strlen(out);

		if (d.year == year)
			snprintf(out + used, size - used, "%02d-%02d %s\n", d.month, d.day, c->holidays[i].name);
	}
}

static const struct law_calendar *shipped(struct cy_arena *arena, const char *name)
{
	struct config_problems out = { 0 };
	const struct law_calendar *const *all;
	size_t n;

	if (calendar_load_dir("config/calendars", arena, &all, &n, &out) != CY_OK)
		fail_msg("%s", out.list[0].text);
	assert_int_equal(n, 13);
	for (size_t i = 1; i < n; i++)
		assert_true(strcmp(all[i - 1]->name, all[i]->name) < 0);
	for (size_t i = 0; i < n; i++)
		if (strcmp(all[i]->name, name) == 0)
			return all[i];
	fail_msg("%s is not shipped", name);
	return NULL;
}

/* Worked out by hand from the statutes, for years with days that moved. */
static void shipped_calendars_have_the_days_of_their_statutes(void **state)
{
	static const struct {
		const char *name;
		int year;
		const char *days;
	} years[] = {
		{ "IE", 2026,
		  "01-01 New Year's Day\n02-02 St Brigid's Day\n03-17 St Patrick's Day\n04-06 Easter Monday\n"
		  "05-04 First Monday in May\n06-01 First Monday in June\n08-03 First Monday in August\n"
		  "10-26 Last Monday in October\n12-25 Christmas Day\n12-26 St Stephen's Day\n" },
		{ "IE", 2022,
		  "01-01 New Year's Day\n03-17 St Patrick's Day\n03-18 Day of Remembrance and Recognition\n"
		  "04-18 Easter Monday\n05-02 First Monday in May\n06-06 First Monday in June\n"
		  "08-01 First Monday in August\n10-31 Last Monday in October\n12-25 Christmas Day\n"
		  "12-26 St Stephen's Day\n" },
		{ "US", 2026,
		  "01-01 New Year's Day\n01-19 Birthday of Martin Luther King, Jr.\n02-16 Washington's Birthday\n"
		  "05-25 Memorial Day\n06-19 Juneteenth National Independence Day\n07-03 Independence Day\n"
		  "09-07 Labor Day\n10-12 Columbus Day\n11-11 Veterans Day\n11-26 Thanksgiving Day\n"
		  "12-25 Christmas Day\n" },
		{ "US", 2021,
		  "01-01 New Year's Day\n01-18 Birthday of Martin Luther King, Jr.\n02-15 Washington's Birthday\n"
		  "05-31 Memorial Day\n06-18 Juneteenth National Independence Day\n07-05 Independence Day\n"
		  "09-06 Labor Day\n10-11 Columbus Day\n11-11 Veterans Day\n11-25 Thanksgiving Day\n"
		  "12-24 Christmas Day\n12-31 New Year's Day\n" },
		{ "GB", 2026,
		  "01-01 New Year's Day\n04-03 Good Friday\n04-06 Easter Monday\n05-04 Early May bank holiday\n"
		  "05-25 Spring bank holiday\n08-31 Summer bank holiday\n12-25 Christmas Day\n12-26 Boxing Day\n"
		  "12-28 Christmas or Boxing Day (substitute day)\n" },
		{ "GB", 2022,
		  "01-03 New Year's Day\n04-15 Good Friday\n04-18 Easter Monday\n05-02 Early May bank holiday\n"
		  "06-02 Spring bank holiday (moved)\n06-03 Platinum Jubilee\n08-29 Summer bank holiday\n"
		  "09-19 State Funeral of Queen Elizabeth II\n12-25 Christmas Day\n12-26 Boxing Day\n"
		  "12-27 Christmas or Boxing Day (substitute day)\n" },
		{ "GB-SCT", 2026,
		  "01-01 New Year's Day\n01-02 2 January\n04-03 Good Friday\n05-04 Early May bank holiday\n"
		  "05-25 Spring bank holiday\n08-03 Summer bank holiday\n11-30 St Andrew's Day\n12-25 Christmas Day\n"
		  "12-28 Boxing Day\n" },
		{ "GB-NIR", 2027,
		  "01-01 New Year's Day\n03-17 St Patrick's Day\n03-26 Good Friday\n03-29 Easter Monday\n"
		  "05-03 Early May bank holiday\n05-31 Spring bank holiday\n07-12 Battle of the Boyne\n"
		  "08-30 Summer bank holiday\n12-27 Christmas Day\n12-28 Boxing Day\n" },
		{ "DE-NW", 2026,
		  "01-01 Neujahr\n04-03 Karfreitag\n04-06 Ostermontag\n05-01 Tag der Arbeit\n"
		  "05-14 Christi Himmelfahrt\n05-25 Pfingstmontag\n06-04 Fronleichnam\n10-03 Tag der Deutschen "
		  "Einheit\n"
		  "11-01 Allerheiligen\n12-25 Erster Weihnachtstag\n12-26 Zweiter Weihnachtstag\n" },
		/* With the days that a decree puts on a par: Algemene termijnenwet, article 3(3). */
		{ "NL", 2026,
		  "01-01 Nieuwjaarsdag\n01-02 Gelijkgesteld met een algemeen erkende feestdag\n04-03 Goede Vrijdag\n"
		  "04-06 Tweede paasdag\n04-27 Koningsdag\n05-05 Bevrijdingsdag\n05-14 Hemelvaartsdag\n"
		  "05-15 Gelijkgesteld met een algemeen erkende feestdag\n05-25 Tweede pinksterdag\n"
		  "12-25 Eerste kerstdag\n12-26 Tweede kerstdag\n" },
		{ "BR", 2026,
		  "01-01 Confraternização Universal\n04-03 Paixão de Cristo\n04-21 Tiradentes\n05-01 Dia do Trabalho\n"
		  "09-07 Independência do Brasil\n10-12 Nossa Senhora Aparecida\n11-02 Finados\n"
		  "11-15 Proclamação da República\n11-20 Dia Nacional de Zumbi e da Consciência Negra\n12-25 Natal\n" },
		{ "IN", 2026,
		  "01-26 Republic Day\n03-21 Id-ul-Fitr\n03-31 Mahavir Jayanti\n04-03 Good Friday\n05-01 Buddha "
		  "Purnima\n"
		  "05-27 Id-ul-Zuha\n06-26 Muharram\n08-15 Independence Day\n08-26 Prophet Mohammad's Birthday\n"
		  "10-02 Mahatma Gandhi's Birthday\n10-20 Dussehra\n11-08 Diwali\n11-24 Guru Nanak's Birthday\n"
		  "12-25 Christmas Day\n" },
		{ "FR", 2026,
		  "01-01 1er janvier\n04-06 Lundi de Pâques\n05-01 1er mai\n05-08 8 mai\n05-14 Ascension\n"
		  "05-25 Lundi de Pentecôte\n07-14 14 juillet\n08-15 Assomption\n11-01 Toussaint\n"
		  "11-11 11 novembre\n12-25 Noël\n" },
	};
	char got[2048];

	(void)state;
	for (size_t i = 0; i < sizeof years / sizeof years[0]; i++) {
		struct cy_arena arena = { 0 };

		list(shipped(&arena, years[i].name), years[i].year, got, sizeof got);
		assert_string_equal(got, years[i].days);
		cy_arena_free(&arena);
	}
}

static void shipped_calendars_name_their_source(void **state)
{
	struct config_problems out = { 0 };
	struct cy_arena arena = { 0 };
	const struct law_calendar *const *all;
	size_t n;

	(void)state;
	assert_int_equal(calendar_load_dir("config/calendars", &arena, &all, &n, &out), CY_OK);
	for (size_t i = 0; i < n; i++) {
		assert_true(strlen(all[i]->source) > 10);
		assert_true(all[i]->verified || strlen(all[i]->note) > 10);
		assert_true(all[i]->first_year == 2020 && all[i]->last_year == 2036);
		assert_int_equal(all[i]->weekend, LAW_WEEKEND_SAT_SUN);
	}
	cy_arena_free(&arena);
}

static void a_file_becomes_its_days(void **state)
{
	struct cy_arena arena = { 0 };
	const struct law_calendar *c =
		good(&arena,
		     "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//EN\r\nX-COMITY-SOURCE:An Act\\, section 1\\; a "
		     "decr\r\n ee\r\nX-COMITY-YEARS:2026-2029\r\nX-COMITY-WEEKEND:FR,SA\r\nX-COMITY-VERIFIED:TRUE\r\n"
		     "X-COMITY-NOTE:Nationwide\r\nX-WR-CALNAME:whatever\r\n" EVENT(
			     "SUMMARY:Leap day\nDTSTART;VALUE=DATE:20240229\nRRULE:FREQ=YEARLY\n")
			     EVENT("SUMMARY:Second Tuesday\\, March\nDTSTART;VALUE=DATE:20260310\nRRULE:FREQ=YEARLY;"
				   "BYMONTH=3;BYDAY=2TU\nEXDATE;VALUE=DATE:20280314\n")
				     EVENT("SUMMARY:Feast\nDTSTART;VALUE=DATE:20260501\nDTEND;VALUE=DATE:20260502\n"
					   "RDATE;VALUE=DATE:20270510,20290501\n")
					     EVENT("SUMMARY:Until\nDTSTART;VALUE=DATE:20100101\n"
						   "RRULE:FREQ=YEARLY;UNTIL=20270101\n") "END:VCALENDAR\r\n");
	static const char *const days[] = {
		"2026-01-01 Until",    "2026-03-10 Second Tuesday, March", "2026-05-01 Feast",
		"2027-01-01 Until",    "2027-03-09 Second Tuesday, March", "2027-05-10 Feast",
		"2028-02-29 Leap day", "2029-03-13 Second Tuesday, March", "2029-05-01 Feast"
	};
	char one[80];

	(void)state;
	assert_string_equal(c->name, "XX");
	assert_string_equal(c->source, "An Act, section 1; a decree");
	assert_string_equal(c->note, "Nationwide");
	assert_true(c->verified);
	assert_int_equal(c->first_year, 2026);
	assert_int_equal(c->last_year, 2029);
	assert_int_equal(c->weekend, 0x30);
	assert_int_equal(c->n, sizeof days / sizeof days[0]);
	for (size_t i = 0; i < c->n; i++) {
		struct cy_date d = cy_date_of_days(c->holidays[i].day);

		snprintf(one, sizeof one, "%04d-%02d-%02d %s", d.year, d.month, d.day, c->holidays[i].name);
		assert_string_equal(one, days[i]);
	}
	cy_arena_free(&arena);
}

/* RFC 5545, 3.8.1.11: what was cancelled is kept in the file, and is none. */
static void a_holiday_that_was_cancelled_is_none(void **state)
{
	struct cy_arena arena = { 0 };
	const struct law_calendar *c = good(
		&arena, HEAD "METHOD:PUBLISH\n" EVENT("SUMMARY:Holds\nDTSTART;VALUE=DATE:20260317\nSTATUS:CONFIRMED\n")
				EVENT("SUMMARY:Is off\nDTSTART;VALUE=DATE:20260427\nRRULE:FREQ=YEARLY\n"
				      "STATUS:CANCELLED\n")
					EVENT("SUMMARY:Off too\nDTSTART;VALUE=DATE:20260317\nSTATUS:cancelled\n") TAIL);

	(void)state;
	assert_int_equal(c->n, 1);
	assert_string_equal(c->holidays[0].name, "Holds");
	cy_arena_free(&arena);
}

/* A byte order mark, lines that end with CR LF, a fold within a character, and an alarm with what Apple's program
 * writes into it. */
static void a_file_of_another_program_is_taken(void **state)
{
	static const char text[] =
		"\xef\xbb\xbf"
		"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Apple Inc.//macOS 13.0//EN\r\nX-COMITY-SOURCE:An Act\r\n"
		"X-COMITY-YEARS:2026-2030\r\nX-APPLE-CALENDAR-COLOR:#1BADF8\r\nBEGIN:VEVENT\r\n"
		"UID:A\r\nSUMMARY:L\xc3\r\n \xa1 F\xc3\xa9\xe2\x82\r\n\t\xac\r\nDTSTART;VALUE=DATE:20260317\r\n"
		"DTEND;VALUE=DATE:20260318\r\nBEGIN:VALARM\r\nX-WR-ALARMUID:B\r\nUID:B\r\n"
		"TRIGGER;VALUE=DATE-TIME:19760401T005545Z\r\nDURATION:PT5M\r\nREPEAT:2\r\nACTION:NONE\r\nEND:VALARM\r\n"
		"TRANSP:TRANSPARENT\r\nBEGIN:VALARM\r\nACTION:DISPLAY\r\nSUMMARY:Another\r\nTRIGGER:-PT15H\r\n"
		"END:VALARM\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
	struct cy_arena arena = { 0 };
	const struct law_calendar *c = good(&arena, text);
	char found[256];

	(void)state;
	list(c, 2026, found, sizeof found);
	assert_string_equal(found, "03-17 L\xc3\xa1 F\xc3\xa9\xe2\x82\xac\n");
	assert_int_equal(c->n, 1);
	cy_arena_free(&arena);
}

static void the_example_of_the_manual_page_is_a_calendar(void **state)
{
	FILE *f = fopen("contrib/man/comity.calendar.5", "r");
	struct cy_arena arena = { 0 };
	char line[256], text[4096] = "";
	size_t used = 0;
	bool in = false;

	(void)state;
	assert_non_null(f);
	while (fgets(line, sizeof line, f)) {
		if (strcmp(line, ".fi\n") == 0)
			break;
		for (const char *p = line; in && *p; p++) { /* \- and \e of roff */
			if (p[0] == '\\' && p[1] == '-')
				p++;
			text[used++] = p[0] == '\\' ? *p++ : *p;
		}
		in = in || strcmp(line, ".nf\n") == 0;
	}
	fclose(f);
	assert_int_equal(good(&arena, text)->n, 9);
	cy_arena_free(&arena);
}

static void a_calendar_is_known_again_by_what_counts(void **state)
{
	struct cy_arena arena = { 0 };
	const struct law_calendar *c = good(&arena, FILE_OF(ONE)), *d;

	(void)state;
	d = good(&arena, FILE_OF("DTSTART;VALUE=DATE:20260317\nSUMMARY:Another name\nCOMMENT:x\n"));
	assert_true(cy_digest_equal(&c->digest, &d->digest));
	d = good(&arena, FILE_OF("SUMMARY:A\nDTSTART;VALUE=DATE:20260318\n"));
	assert_false(cy_digest_equal(&c->digest, &d->digest));
	d = good(&arena, HEAD "X-COMITY-WEEKEND:SU\n" EVENT(ONE) TAIL);
	assert_false(cy_digest_equal(&c->digest, &d->digest));
	d = good(&arena, "BEGIN:VCALENDAR\nX-COMITY-SOURCE:An Act\nX-COMITY-YEARS:2026-2031\n" EVENT(ONE) TAIL);
	assert_false(cy_digest_equal(&c->digest, &d->digest));
	cy_arena_free(&arena);
}

/* The first problem of a file: line and sentence. */
static void mistakes_are_told_with_line_event_and_remedy(void **state)
{
	static const struct {
		const char *text, *problem;
	} cases[] = {
		{ "", ":0: the file ends early; END:VCALENDAR is expected; is it whole?" },
		{ "Dear Sir,\n", ":1: BEGIN:VCALENDAR is expected as the first line of an iCalendar file" },
		{ HEAD, ":5: the file ends early; END:VCALENDAR is expected; is it whole?" },
		{ HEAD "BEGIN:VEVENT\n" ONE TAIL, ":9: END:VEVENT is expected instead of 'END:VCALENDAR'; add it" },
		{ FILE_OF(ONE) "BEGIN:VCALENDAR\n",
		  ":11: something follows after END:VCALENDAR; one calendar a file is expected; remove it" },
		{ HEAD "BEGIN:VTODO\nEND:VTODO\n" TAIL,
		  ":6: 'BEGIN:VTODO' has no place in a calendar of holidays; only VEVENT is expected; remove it" },
		{ FILE_OF(ONE "BEGIN:VTODO\nEND:VTODO\n"), ":9: 'BEGIN:VTODO' has no place" },
		{ FILE_OF(ONE "BEGIN:VALARM\nBEGIN:VALARM\nEND:VALARM\nEND:VALARM\n"),
		  ":10: 'BEGIN:VALARM' has no place" },
		{ HEAD "BEGIN:VALARM\nEND:VALARM\n" TAIL, ":6: 'BEGIN:VALARM' has no place" },
		{ "\xff\xfe" HEAD TAIL, ": it is UTF-16; save it anew as plain text in UTF-8" },
		{ FILE_OF("SUMMARY:Caf\xc3\n\xa9\nDTSTART;VALUE=DATE:20260317\n"), ": it is not UTF-8" },
		{ FILE_OF("SUMMARY:A\x1b[31m\nDTSTART;VALUE=DATE:20260317\n"),
		  ":7: it holds a control character; text is expected; remove it" },
		{ FILE_OF("SUMMARY:\xff\nDTSTART;VALUE=DATE:20260317\n"), ": it is not UTF-8; save it anew in UTF-8" },
		{ FILE_OF("SUMMARY:A\\nB\nDTSTART;VALUE=DATE:20260317\n"),
		  ":6: event 'A?B': its name holds a control character or a line break; one line of text is expected; "
		  "correct SUMMARY" },
		{ FILE_OF("DTSTART;VALUE=DATE:20260317\n"),
		  ":6: event '': it has no name; SUMMARY is expected; add it" },
		{ FILE_OF("SUMMARY:A\n"),
		  ":6: event 'A': it has no date; DTSTART;VALUE=DATE:YYYYMMDD is expected; add it" },
		{ FILE_OF("SUMMARY:A\nDTSTART:20260317T100000Z\n"),
		  ":6: event 'A': its DTSTART is not an existing date" },
		{ FILE_OF("SUMMARY:A\nDTSTART;VALUE=DATE:20260229\n"),
		  ":6: event 'A': its DTSTART is not an existing date; a whole day such as DTSTART;VALUE=DATE:20260317 "
		  "is "
		  "expected; correct it" },
		{ FILE_OF("SUMMARY:A\nDTSTART;VALUE=DATE:banana\n"),
		  ":6: a line of the event that begins here does not "
		  "parse:" },
		{ FILE_OF("SUMMARY:A\nDTSTART;VALUE=DATE:20250317\n"),
		  ":6: event 'A': its DTSTART 2025-03-17 is outside X-COMITY-YEARS (2026-2030); correct one of them" },
		{ FILE_OF(ONE "RDATE;VALUE=DATE:20310317\n"),
		  ":6: event 'A': its RDATE 2031-03-17 is outside X-COMITY-YEARS (2026-2030); correct one of them" },
		{ FILE_OF(ONE "RDATE;VALUE=DATE:20270317,20271340\n"),
		  ":6: event 'A': its RDATE is not an existing date" },
		{ FILE_OF(ONE "RDATE;VALUE=DATE:20270317,banana\n"),
		  ":6: a line of the event that begins here does not "
		  "parse:" },
		{ FILE_OF(ONE "DTSTART;VALUE=DATE:20260318\n"),
		  ":6: event 'A': DTSTART is given twice; one is expected; remove the other" },
		{ FILE_OF(ONE "DTEND;VALUE=DATE:20260320\n"),
		  ":6: event 'A': its DTEND is not the day after DTSTART; one day is expected; write an event for each "
		  "day" },
		{ FILE_OF(ONE "RRULE:FREQ=BANANA\n"), ":6: a line of the event that begins here does not parse:" },
		{ FILE_OF(ONE "RRULE:FREQ=SECONDLY\n"), ":6: event 'A': RRULE:FREQ=YEARLY is expected of a holiday; "
							"correct it, or list the days with RDATE" },
		{ FILE_OF(ONE "RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30\n"),
		  ":6: event 'A': its RRULE has no day, such as a 30th of February; correct it" },
		{ FILE_OF(ONE "RRULE:FREQ=YEARLY;BYMONTH=3;BYMONTHDAY=18\n"),
		  ":6: event 'A': DTSTART is not the first day of its own RRULE; correct one of them" },
		{ FILE_OF(ONE "EXDATE;VALUE=DATE:20260318\n"),
		  ":6: event 'A': EXDATE 2026-03-18 is none of its days; correct it" },
		{ FILE_OF(ONE "RECURRENCE-ID;VALUE=DATE:20260317\n"),
		  ":6: event 'A': RECURRENCE-ID is not understood; use DTSTART, RRULE, RDATE and EXDATE only" },
		/* That one day of a holiday is cancelled must not be lost with the event that says so. */
		{ FILE_OF(ONE "STATUS:CANCELLED\nRECURRENCE-ID;VALUE=DATE:20260317\n"),
		  ":6: event 'A': RECURRENCE-ID is not understood; use DTSTART, RRULE, RDATE and EXDATE only" },
		{ HEAD EVENT(ONE "UID:a\n") EVENT("SUMMARY:A\nDTSTART;VALUE=DATE:20260317\nSTATUS:CANCELLED\nUID:a\n")
			  TAIL,
		  ":11: event 'A': its UID is that of the event of line 6; one event a holiday is expected; remove "
		  "the one that does not hold" },
		{ FILE_OF(ONE "STATUS:TENTATIVE\n"),
		  ":6: event 'A': STATUS:TENTATIVE leaves open whether its days are holidays, and with them when time "
		  "limits end; CONFIRMED or CANCELLED is expected; find out, and correct it" },
		{ FILE_OF(ONE "STATUS:NEEDS-ACTION\n"), ":6: event 'A': STATUS:NEEDS-ACTION has no meaning for a "
							"holiday; CONFIRMED or CANCELLED is expected; "
							"find out, and correct it" },
		{ FILE_OF(ONE "STATUS:CANCELLED\nSTATUS:CONFIRMED\n"),
		  ":6: event 'A': STATUS is given twice; one is expected; remove the other" },
		{ FILE_OF(ONE "STATUS:PERHAPS\n"), ":6: event 'A': STATUS:PERHAPS has no meaning for a holiday;" },
		{ HEAD "METHOD:CANCEL\n" EVENT(ONE) TAIL,
		  ":1: METHOD is 'CANCEL'; PUBLISH or none is expected of a calendar of holidays that hold; export the "
		  "calendar itself" },
		{ HEAD EVENT(ONE) EVENT("SUMMARY:B\nDTSTART;VALUE=DATE:20250317\nRRULE:FREQ=YEARLY\n") TAIL,
		  ":10: event 'B': 2026-03-17 is a day of 'A' (line 6) already; correct it, or take it out of one of "
		  "them with EXDATE" },
		{ "BEGIN:VCALENDAR\nX-COMITY-YEARS:2026-2030\n" EVENT(ONE) TAIL,
		  ":1: X-COMITY-SOURCE is missing; the statute that names the holidays is expected; add it" },
		{ "BEGIN:VCALENDAR\nX-COMITY-SOURCE:An Act\n" EVENT(ONE) TAIL,
		  ":1: X-COMITY-YEARS is missing; the first and last year covered, such as 2020-2036, is expected; add "
		  "it" },
		{ "BEGIN:VCALENDAR\nX-COMITY-SOURCE:An Act\nX-COMITY-YEARS:2030-2026\n" TAIL,
		  ":1: X-COMITY-YEARS is '2030-2026'; years from 1970 to 2200 such as 2020-2036 are expected; correct "
		  "it" },
		{ HEAD "X-COMITY-WEEKEND:SA,SO\n" TAIL,
		  ":1: X-COMITY-WEEKEND is 'SA,SO'; one to six of MO,TU,WE,TH,FR,SA,SU are expected; correct it" },
		{ HEAD "X-COMITY-WEEKEND:MO,TU,WE,TH,FR,SA,SU\n" TAIL, ":1: X-COMITY-WEEKEND is" },
		{ HEAD "X-COMITY-VERIFIED:YES\n" TAIL,
		  ":1: X-COMITY-VERIFIED is 'YES'; TRUE or FALSE is expected; correct it" },
		{ HEAD "X-COMITY-YEARS:2020-2030\n" TAIL,
		  ":1: X-COMITY-YEARS is given twice; one is expected; remove the other" },
		{ HEAD "X-COMITY-WEEKENDS:SU\n" TAIL, ":1: X-COMITY-WEEKENDS is not known;" },
		{ HEAD "garbage\n" TAIL, ":1: a line before the events does not parse:" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct config_problems out = { 0 };
		struct cy_arena arena = { 0 };
		const struct law_calendar *c = NULL;
		char expected[512];

		put("XX.ics", cases[i].text);
		assert_int_equal(calendar_load(in_dir("XX.ics"), &arena, &c, &out), CY_ECONFIG);
		assert_null(c);
		snprintf(expected, sizeof expected, "%s%s", in_dir("XX.ics"),
			 cases[i].problem + (strncmp(cases[i].problem, ":0", 2) == 0 ? 2 : 0));
		if (out.n == 0 || strncmp(out.list[0].text, expected, strlen(expected)) != 0)
			fail_msg("%zu: %s\nexpected %s", i, out.n ? out.list[0].text : "nothing", expected);
		config_problems_free(&out);
		cy_arena_free(&arena);
	}
}

static void what_repeats_for_ever_is_bounded(void **state)
{
	struct config_problems out = { 0 };
	struct cy_arena arena = { 0 };
	const struct law_calendar *c =
		good(&arena, FILE_OF("SUMMARY:A\nDTSTART;VALUE=DATE:19700317\nRRULE:FREQ=YEARLY\n"));

	(void)state;
	assert_int_equal(c->n, 5);
	put("XX.ics",
	    "BEGIN:VCALENDAR\nX-COMITY-SOURCE:An Act\nX-COMITY-YEARS:1970-2200\n" EVENT(
		    "SUMMARY:A\nDTSTART;VALUE=DATE:19700101\nRRULE:FREQ=YEARLY;BYDAY=MO,TU,WE,TH,FR,SA,SU\n") TAIL);
	assert_int_equal(calendar_load(in_dir("XX.ics"), &arena, &c, &out), CY_ECONFIG);
	assert_non_null(strstr(out.list[0].text,
			       "XX.ics:4: event 'A': with it there are more than 4000 days; does it repeat "
			       "too often? correct it"));
	config_problems_free(&out);
	cy_arena_free(&arena);
}

static void files_that_are_none_are_told(void **state)
{
	struct config_problems out = { 0 };
	struct cy_arena arena = { 0 };
	const struct law_calendar *c = NULL;
	char name[128];

	(void)state;
	put("XX.ics", HEAD TAIL);
	assert_int_equal(truncate(in_dir("XX.ics"), 10 * 1000 * 1000), 0);
	assert_int_equal(calendar_load(in_dir("XX.ics"), &arena, &c, &out), CY_ECONFIG);
	assert_int_equal(calendar_load(in_dir("YY.ics"), &arena, &c, &out), CY_ECONFIG);
	assert_int_equal(calendar_load(in_dir("ie.ics"), &arena, &c, &out), CY_ECONFIG);
	snprintf(name, sizeof name, "%s", in_dir("ZZ.ics"));
	assert_int_equal(mkfifo(name, 0600), 0);
	assert_int_equal(calendar_load(name, &arena, &c, &out), CY_ECONFIG);
	unlink(name);
	assert_int_equal(out.n, 4);
	assert_non_null(strstr(out.list[0].text,
			       "XX.ics: the file has 10000000 bytes; at most 1048576 are expected of a "
			       "calendar of holidays; keep only the holidays in it"));
	assert_non_null(strstr(out.list[1].text,
			       "YY.ics: the calendar cannot be read: No such file or directory; correct its "
			       "name or permissions"));
	assert_non_null(strstr(out.list[2].text,
			       "ie.ics: the name of the file is that of the calendar: capital letters, "
			       "digits and '-' before .ics are expected, such as IE.ics; rename it"));
	assert_non_null(strstr(out.list[3].text,
			       "ZZ.ics: it is not a file; an iCalendar file is expected; remove it, or name "
			       "it otherwise"));
	config_problems_free(&out);
	cy_arena_free(&arena);
}

/* Every problem of every file, file by file; nothing is taken when there is one. */
static void a_directory_is_read_whole(void **state)
{
	static const char *const expected[] = { "AA.ics:6: event 'A': its RDATE is not an existing date",
						"CC.ics:1: X-COMITY-VERIFIED is", "CC.ics:1: X-COMITY-WEEKEND is 'X'",
						"CC.ics:8: event 'A': its DTEND" };
	struct config_problems out = { 0 };
	struct cy_arena arena = { 0 };
	const struct law_calendar *const *all = NULL;
	size_t n = 99;

	(void)state;
	unlink(in_dir("XX.ics"));
	put("AA.ics", FILE_OF(ONE "RDATE;VALUE=DATE:20271340\n"));
	put("BB.ics", FILE_OF(ONE));
	put("CC.ics", HEAD "X-COMITY-WEEKEND:X\nX-COMITY-VERIFIED:?\n" EVENT(ONE "DTEND;VALUE=DATE:20260320\n") TAIL);
	put("README", "not a calendar");
	assert_int_equal(calendar_load_dir(dir, &arena, &all, &n, &out), CY_ECONFIG);
	/* What has no problem is there all the same. */
	assert_non_null(all);
	assert_int_equal(n, 1);
	assert_string_equal(all[0]->name, "BB");
	assert_int_equal(out.n, 4);
	for (size_t i = 0; i < out.n; i++)
		if (!strstr(out.list[i].text, expected[i]))
			fail_msg("%s\nexpected %s", out.list[i].text, expected[i]);
	config_problems_free(&out);
	put("AA.ics", FILE_OF(ONE));
	unlink(in_dir("CC.ics"));
	out = (struct config_problems){ 0 };
	assert_int_equal(calendar_load_dir(dir, &arena, &all, &n, &out), CY_OK);
	assert_int_equal(n, 2);
	assert_string_equal(all[0]->name, "AA");
	assert_string_equal(all[1]->name, "BB");
	assert_int_equal(calendar_load_dir(in_dir("missing"), &arena, &all, &n, &out), CY_ECONFIG);
	assert_non_null(
		strstr(out.list[0].text, "the directory of calendars cannot be read: No such file or directory"));
	config_problems_free(&out);
	cy_arena_free(&arena);
}

/* Cut at every byte, and every byte changed: a problem or a calendar, and no harm. */
static void damaged_files_do_no_harm(void **state)
{
	static char whole[8192], bad[8192];
	FILE *f = fopen("config/calendars/IE.ics", "r");
	size_t len;

	(void)state;
	assert_non_null(f);
	len = fread(whole, 1, sizeof whole - 1, f);
	fclose(f);
	assert_true(len > 2000 && len < sizeof whole - 1);
	for (size_t i = 0; i < 2 * len; i++) {
		struct config_problems out = { 0 };
		struct cy_arena arena = { 0 };
		const struct law_calendar *c = NULL;
		size_t n = i < len ? i : len;
		int rc;

		memcpy(bad, whole, len);
		if (i >= len)
			bad[i - len] ^= (char)(1 << i % 7);
		f = fopen(in_dir("XX.ics"), "w");
		assert_non_null(f);
		assert_int_equal(fwrite(bad, 1, n, f), n);
		fclose(f);
		rc = calendar_load(in_dir("XX.ics"), &arena, &c, &out);
		assert_true(rc == CY_OK ? c && out.n == 0 : rc == CY_ECONFIG && !c && out.n > 0);
		if (n < len - 2) /* without the end of its last line it is whole */
			assert_int_equal(rc, CY_ECONFIG);
		config_problems_free(&out);
		cy_arena_free(&arena);
	}
}

static int begin(void **state)
{
	(void)state;
	return mkdtemp(dir) == NULL;
}

static int end(void **state)
{
	static const char *const names[] = { "XX.ics", "AA.ics", "BB.ics", "CC.ics", "README" };

	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		unlink(in_dir(names[i]));
	return rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shipped_calendars_have_the_days_of_their_statutes),
		cmocka_unit_test(shipped_calendars_name_their_source),
		cmocka_unit_test(a_file_becomes_its_days),
		cmocka_unit_test(a_holiday_that_was_cancelled_is_none),
		cmocka_unit_test(a_file_of_another_program_is_taken),
		cmocka_unit_test(the_example_of_the_manual_page_is_a_calendar),
		cmocka_unit_test(a_calendar_is_known_again_by_what_counts),
		cmocka_unit_test(mistakes_are_told_with_line_event_and_remedy),
		cmocka_unit_test(what_repeats_for_ever_is_bounded),
		cmocka_unit_test(files_that_are_none_are_told),
		cmocka_unit_test(a_directory_is_read_whole),
		cmocka_unit_test(damaged_files_do_no_harm),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
