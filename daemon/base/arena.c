#include "base/arena.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/num.h"

#define FIRST 1024 /* many hold little: each block is twice the one before */
#define BLOCK 16384

struct cy_arena_block {
	struct cy_arena_block *next;
	size_t used, size;
	alignas(max_align_t) unsigned char data[];
};

void *cy_arena_take(struct cy_arena *a, size_t size)
{
	struct cy_arena_block *b = a->first;
	size_t need;
	void *p;

	CY_ASSERT(cy_add_size(size, alignof(max_align_t) - 1, &need));
	need &= ~(alignof(max_align_t) - 1);
	if (b == NULL || b->size - b->used < need) {
		const size_t least = b == NULL ? FIRST : b->size < BLOCK / 2 ? 2 * b->size : BLOCK;
		size_t room = need > least ? need : least;

		b = calloc(1, sizeof *b + room);
		CY_ASSERT(b != NULL);
		b->size = room;
		b->next = a->first;
		a->first = b;
		a->total += sizeof *b + room;
	}
	p = b->data + b->used;
	b->used += need;
	return p;
}

char *cy_arena_string(struct cy_arena *a, const char *s)
{
	size_t len = strlen(s) + 1;

	return memcpy(cy_arena_take(a, len), s, len);
}

struct cy_bytes cy_arena_bytes(struct cy_arena *a, struct cy_bytes b)
{
	uint8_t *p = cy_arena_take(a, b.len + 1);

	if (b.len > 0)
		memcpy(p, b.data, b.len);
	return cy_bytes(p, b.len);
}

void cy_arena_free(struct cy_arena *a)
{
	while (a->first != NULL) {
		struct cy_arena_block *b = a->first;

		a->first = b->next;
		free(b);
	}
	a->total = 0;
}
