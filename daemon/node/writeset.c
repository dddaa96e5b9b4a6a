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

struct cy_digest store_key_digest(const char *client, const char *key)
{
	const struct cy_bytes pieces[] = { cy_bytes(client, strlen(client) + 1), cy_bytes(key, strlen(key)) };

	return cy_sha256v(pieces, 2);
}

void store_writeset_free(struct store_writeset *w)
{
	cy_arena_free(&w->arena);
	memset(w, 0, sizeof *w);
}
