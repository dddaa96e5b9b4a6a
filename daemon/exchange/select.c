#include "exchange/select.h"

#include <stdlib.h>
#include <string.h>

static int by_case(const void *x, const void *y)
{
	const struct xchg_item *a = x, *b = y;
	int c = strcmp(a->case_id, b->case_id);

	if (c != 0)
		return c;
	return a->number < b->number ? -1 : a->number > b->number;
}

static int by_urgency(const void *x, const void *y)
{
	const struct xchg_item *a = x, *b = y;

	if (a->priority != b->priority)
		return a->priority > b->priority ? -1 : 1;
	if (a->order != b->order)
		return a->order < b->order ? -1 : 1;
	return by_case(x, y);
}

void xchg_sort(struct xchg_item *items, size_t n)
{
	if (n == 0)
		return;
	qsort(items, n, sizeof *items, by_case);
	/* From the last of each case backwards: nobody is less urgent, or younger,
	 * than the one behind him. */
	for (size_t i = n - 1; i-- > 0;) {
		if (strcmp(items[i].case_id, items[i + 1].case_id) != 0)
			continue;
		if (items[i].priority < items[i + 1].priority)
			items[i].priority = items[i + 1].priority;
		if (items[i].order > items[i + 1].order)
			items[i].order = items[i + 1].order;
	}
	qsort(items, n, sizeof *items, by_urgency);
}

size_t xchg_fill(const struct xchg_item *items, size_t n, size_t max_messages, size_t max_bytes)
{
	size_t bytes = 0, k = 0;

	for (; k < n && k < max_messages; k++) {
		if (k > 0 && bytes + items[k].size > max_bytes)
			break;
		bytes += items[k].size;
	}
	return k;
}
