/* Keeps one kind of line from filling the journal. Lines are of one kind when
 * they differ in numbers, ids and addresses only. */
#ifndef CY_BASE_HUSH_H
#define CY_BASE_HUSH_H

#include <stdint.h>

#include "base/time.h"

#define CY_HUSH_LINES  10    /* of one kind in a window */
#define CY_HUSH_WINDOW 60000 /* ms */
#define CY_HUSH_KINDS  64    /* told apart; all others are one kind */

/* All zero at the start. */
struct cy_hush {
	struct cy_hush_kind {
		uint64_t key;
		int64_t since; /* of the window, ms */
		uint64_t lines;
	} kind[CY_HUSH_KINDS + 1];
};

enum cy_hush_verdict {
	CY_HUSH_SAY,
	CY_HUSH_LAST, /* the last one of this window */
	CY_HUSH_DROP
};

/* What to do with this line. `ret_dropped`: how many of its kind an earlier
 * window dropped, told once. */
enum cy_hush_verdict cy_hush(struct cy_hush *h, struct cy_mono now, const char *line, uint64_t *ret_dropped);

#endif
