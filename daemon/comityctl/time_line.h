/* Prints the time line of a case: its messages and events, and the time limits to come, in the order of time. */
#ifndef CY_COMITYCTL_TIME_LINE_H
#define CY_COMITYCTL_TIME_LINE_H

#include "comity/v1/local.pb-c.h"

/* A message, or what becomes of a time limit (`what`: starts, is due, met ...), or neither: now. */
struct time_line_entry {
	int64_t at;
	size_t order; /* as they were added: the sort keeps it among equals */
	const CyMessageSummary *message;
	const CyClockView *clock;
	const char *what;
};

/* To be freed; the entries point into the view. */
struct time_line_entry *time_line_entries(const CyCaseView *v, size_t *ret_n);

/* Print them as a table. */
void time_line(const CyCaseView *v);

#endif
