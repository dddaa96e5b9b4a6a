/* Instants of a time limit as people read them where it is owed. */
#ifndef CY_COMITYCTL_DUE_H
#define CY_COMITYCTL_DUE_H

#include "comity/v1/local.pb-c.h"

/* "Sun 2026-12-06 23:59:59 America/New_York"; in UTC where no zone is configured, or this machine has none of that
 * name.
 * `-` for 0. One of a few buffers in turn. */
const char *due_text(const CyClockView *v, int64_t ms);
#define DUE_DATE_AT  4 /* where in it the date stands, YYYY-MM-DD */
#define DUE_DATE_LEN 10

#endif
