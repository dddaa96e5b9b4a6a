/* Time limits as rows of a table. */
#ifndef CY_COMITYCTL_CLOCK_TABLE_H
#define CY_COMITYCTL_CLOCK_TABLE_H

#include "comity/v1/local.pb-c.h"
#include "comityctl/ctl.h"
#include "comityctl/out.h"

/* With the case of each, or of one case. */
struct out_table *clock_table(bool cases);
void clock_row(struct out_table *t, const CyClockView *v, int64_t now_ms, bool cases);

/* How people name its case: our reference, else the peer's, else its id. */
const char *clock_case(const CyClockView *v);
/* Why the side that owes it may not know of it; "": it does. */
const char *clock_unknown(const CyClockView *v);

/* Ask for these, and give each page to `fn`. Not CTL_DONE: the reason is printed. */
typedef void clock_page_fn(void *arg, const CyClockList *page);
int clock_pages(struct ctl *ctl, CyListClocks *list, clock_page_fn *fn, void *arg);

#endif
