/* Prints the time line of a case: its messages and events, and the time limits to come, in the order of time. */
#ifndef CY_COMITYCTL_TIME_LINE_H
#define CY_COMITYCTL_TIME_LINE_H

#include "comity/v1/local.pb-c.h"

void time_line(const CyCaseView *v);

#endif
