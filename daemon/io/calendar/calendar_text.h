/* The text of an iCalendar file before libical reads it: libical tells no lines, and takes
 * what it can of a broken file, so what holds a file together is looked at first. */
#ifndef CY_IO_CALENDAR_CALENDAR_TEXT_H
#define CY_IO_CALENDAR_CALENDAR_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "config/config_problems.h"

#define CALENDAR_FILE_MAX   (1024u * 1024u)
#define CALENDAR_EVENTS_MAX 2000u

struct calendar_text {
	char *text; /* NUL-terminated UTF-8 without control characters */
	size_t n_lines;
	int lines[CALENDAR_EVENTS_MAX]; /* where each VEVENT begins */
};

/* NULL with at least one problem added to `out`. */
struct calendar_text *calendar_text_load(const char *path, struct config_problems *out);
void calendar_text_free(struct calendar_text *t); /* NULL: nothing */

#endif
