/* Keeps one kind of line from filling the journal. Lines are of one kind when
 * they differ in numbers, ids and addresses only. */
#ifndef CY_BASE_LOG_LIMIT_H
#define CY_BASE_LOG_LIMIT_H

#include <stdint.h>

#include "base/time.h"

#define CY_LOG_LIMIT_LINES  10    /* of one kind in a window */
#define CY_LOG_LIMIT_WINDOW 60000 /* ms */
#define CY_LOG_LIMIT_KINDS  64    /* told apart; all others are one kind */

/* All zero at the start. */
struct cy_log_limit {
	struct cy_log_limit_kind {
		uint64_t key;
		int64_t since; /* of the window, ms */
		uint64_t lines;
	} kind[CY_LOG_LIMIT_KINDS + 1];
};

enum cy_log_limit_verdict {
	CY_LOG_LIMIT_WRITE,
	CY_LOG_LIMIT_LAST, /* the last one of this window */
	CY_LOG_LIMIT_DROP
};

/* What to do with this line. `ret_dropped`: how many of its kind an earlier
 * window dropped, told once. */
enum cy_log_limit_verdict cy_log_limit(struct cy_log_limit *l, struct cy_mono now, const char *line,
				       uint64_t *ret_dropped);

#endif
