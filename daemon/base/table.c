#include "base/table.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"

#define FIRST_SIZE 64 /* a power of 2, as all sizes */

/* FNV-1a. */
static uint64_t hash_of(const char *key)
{
	uint64_t h = UINT64_C(14695981039346656037);

	for (; *key != '\0'; key++)
		h = (h ^ (uint8_t)*key) * UINT64_C(1099511628211);
	return h ^ h >> 32;
}

static struct cy_table_entry **bucket_of(const struct cy_table *t, uint64_t hash)
{
	return &t->bucket[hash & (t->size - 1)];
}

/* In each bucket the order stays: the one that was added last is found first. */
static void grow(struct cy_table *t)
{
	const struct cy_table before = *t;

	t->size = before.size > 0 ? 2 * before.size : FIRST_SIZE;
	t->bucket = calloc(t->size, sizeof *t->bucket);
	CY_ASSERT(t->bucket != NULL);
	for (size_t i = 0; i < before.size; i++) {
		struct cy_table_entry **last[2] = { &t->bucket[i], &t->bucket[i + before.size] }, *next;

		for (struct cy_table_entry *e = before.bucket[i]; e != NULL; e = next) {
			struct cy_table_entry ***end = &last[(e->hash & before.size) != 0];

			next = e->next;
			e->next = NULL;
			**end = e;
			*end = &e->next;
		}
	}
	free(before.bucket);
}

void cy_table_add(struct cy_table *t, struct cy_table_entry *e, const char *key)
{
	struct cy_table_entry **b;

	if (t->n == t->size)
		grow(t);
	e->key = key;
	e->hash = hash_of(key);
	b = bucket_of(t, e->hash);
	e->next = *b;
	*b = e;
	t->n++;
}

static struct cy_table_entry *first_like(struct cy_table_entry *e, uint64_t hash, const char *key)
{
	while (e != NULL && (e->hash != hash || strcmp(e->key, key) != 0))
		e = e->next;
	return e;
}

struct cy_table_entry *cy_table_find(const struct cy_table *t, const char *key)
{
	const uint64_t hash = hash_of(key);

	return t->n > 0 ? first_like(*bucket_of(t, hash), hash, key) : NULL;
}

struct cy_table_entry *cy_table_before(const struct cy_table_entry *e)
{
	return first_like(e->next, e->hash, e->key);
}

void cy_table_remove(struct cy_table *t, struct cy_table_entry *e)
{
	struct cy_table_entry **at = bucket_of(t, e->hash);

	while (*at != e) {
		CY_ASSERT(*at != NULL);
		at = &(*at)->next;
	}
	*at = e->next;
	t->n--;
}

void cy_table_free(struct cy_table *t)
{
	free(t->bucket);
	*t = (struct cy_table){ 0 };
}
