/* What happened in a case and what is still to come, in the order of time. */
#ifndef CY_COMITYCTL_TIME_LINE_H
#define CY_COMITYCTL_TIME_LINE_H

#include "comity/v1/local.pb-c.h"

void time_line(const CyCaseView *v);

#endif
