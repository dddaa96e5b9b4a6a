/* Statistics as tables for people: `stats` and `peer show` print the same. */
#ifndef CY_COMITYCTL_STATS_TABLE_H
#define CY_COMITYCTL_STATS_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "comity/v1/local.pb-c.h"

/* The text in place of a hidden number. */
#define STATS_HIDDEN "*"

/* What was counted under a name: digits, STATS_HIDDEN, or "0". One of a few buffers in
 * turn. */
const char *stats_count(const CyStatisticsGroup *g, const char *name);
/* The type of measure as in the schema; "all". */
const char *stats_measure(const CyStatisticsGroup *g);
/* Days with `decimals` (1 or 2); "-" where `known` is false. One of a few buffers in turn. */
const char *stats_days(bool known, int64_t ms, int decimals);
/* Is any number hidden? */
bool stats_hide_any(const CyStatistics *s);

/* All of one direction; and the steps alone. */
void stats_print(const CyStatistics *s, CyDirection direction);
void stats_print_steps(const CyStatistics *s, CyDirection direction);

#endif
