/* Holidays from iCalendar files (RFC 5545), read with libical. comity.calendar(5)
 * describes what a file holds; everything else in it is a problem, told with the line
 * at which its event begins and with the remedy. */
#ifndef CY_IO_CALENDAR_CALENDAR_ICAL_H
#define CY_IO_CALENDAR_CALENDAR_ICAL_H

#include "config/config_confuse.h"
#include "law/days.h"

#define CALENDAR_DAYS_MAX   4000u
#define CALENDAR_FIRST_YEAR 1970
#define CALENDAR_LAST_YEAR  2200
#define CALENDARS_MAX       500u /* files of a directory */

/* The file IE.ics is the calendar IE. CY_OK, or CY_ECONFIG with at least one problem
 * added to `out`. The arena owns the calendar. */
int calendar_load(const char *path, struct cy_arena *arena, const struct law_calendar **ret,
		  struct config_problems *out);

/* All *.ics of a directory, in the order of their names, as struct law_data takes
 * them. CY_ECONFIG after all of them were read, with the problems of each; *ret holds those
 * without one, if the directory can be read at all. */
int calendar_load_dir(const char *dir, struct cy_arena *arena, const struct law_calendar *const **ret, size_t *ret_n,
		      struct config_problems *out);

#endif
