/* Time limits as rows of a table. */
#ifndef CY_COMITYCTL_CLOCK_TABLE_H
#define CY_COMITYCTL_CLOCK_TABLE_H

#include "comity/v1/local.pb-c.h"
#include "comityctl/out.h"

/* With the case of each, or of one case. */
struct out_table *clock_table(bool cases);
void clock_row(struct out_table *t, const CyClockView *v, int64_t now_ms, bool cases);

#endif
