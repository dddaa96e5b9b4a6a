#include <string.h>

#include "node/store.h"

struct store_write *store_add(struct store_writeset *w, enum store_op op)
{
	struct store_write *write = cy_arena_take(&w->arena, sizeof *write);

	write->op = op;
	if (w->last == NULL)
		w->first = write;
	else
		*w->last = write;
	w->last = &write->next;
	w->n++;
	return write;
}

void store_writeset_free(struct store_writeset *w)
{
	cy_arena_free(&w->arena);
	memset(w, 0, sizeof *w);
}
