/* The limits that the nodes apply (CY_BOUND): in some seeds so small that what waits is
 * longer than a page, a window, or the room in a case. */
#define CY_BOUNDS_VARY /* cy_bound() is declared */
#include <string.h>

#include "sim.h"

/* `least`, and less than that much more. */
static const struct {
	const char *name;
	unsigned least, more;
} smallest[] = {
	{ "CY_WINDOW_MAX", 1, 3 },       { "CY_PARCEL_MESSAGES_MAX", 1, 4 }, { "CY_HEADS_MAX", 1, 3 },
	{ "CY_PAGE_MAX", 1, 4 },         { "CY_REPEATED_MAX", 1, 3 },        { "CY_REJECTED_BYTES_MAX", 1, 4000 },
	{ "CY_CASE_SAYS_MAX", 8, 8 },    { "CY_CASE_STATES_MAX", 8, 8 },     { "CY_CASE_MESSAGES_MAX", 32, 8 },
	{ "NODE_BATCH_MESSAGES", 1, 4 }, { "NODE_CLOCKS_DUE", 1, 3 },        { "NODE_OVERDUE_MAX", 1, 3 },
	{ "NODE_EXPIRED_MAX", 1, 3 },    { "NODE_UNDESTROYED_MAX", 1, 3 },   { "NODE_REPLAY_MAX", 1, 4 },
	{ "BULK_SKIPPED_MAX", 1, 3 },    { "EVIDENCE_SAID_MAX", 1, 3 },      { "CY_HEADS_JUDGED_MAX", 1, 3 },
	{ "CY_UNREAD_MAX", 1, 3 },       { "CY_DELIVER_MAX", 1, 4 },         { "NODE_KEPT_OF_PEER", 30, 99 },
	{ "NODE_KEPT_FACTS", 30, 200 },
};
enum {
	BOUNDS = sizeof smallest / sizeof smallest[0]
};

/* 0: as it is. One world runs at a time in a process. */
static unsigned small[BOUNDS];

void bounds_of(struct world *w)
{
	const uint8_t level = w->set.level[FAULT_SMALL];

	for (size_t i = 0; i < BOUNDS; i++) {
		const unsigned value = smallest[i].least + (unsigned)cy_rng_below(&w->bounds, smallest[i].more);

		/* In mild seeds some of them are. */
		small[i] = level > 0 && cy_rng_below(&w->bounds, 3) < level ? value : 0;
	}
}

unsigned cy_bound(const char *name, unsigned most)
{
	for (size_t i = 0; i < BOUNDS; i++)
		if (strcmp(smallest[i].name, name) == 0)
			return small[i] > 0 && small[i] < most ? small[i] : most;
	CY_ASSERT(!"a limit that bounds.c does not know");
	return most;
}

unsigned bounds_window(void)
{
	return cy_bound("CY_WINDOW_MAX", CY_WINDOW_MAX);
}
