/* A hash table of entries that its user holds, by text: what a batch has written by its ids, its cases, the cases that
 * are kept. A table of zeros is empty. Several entries may have one key, and nobody's text is trusted to differ:
 * whoever bounds how many entries there are has bounded what the worst of them costs. */
#ifndef CY_BASE_TABLE_H
#define CY_BASE_TABLE_H

#include <stddef.h>
#include <stdint.h>

/* Part of what is found. It and its key stay where they are as long as they are in the table. */
struct cy_table_entry {
	struct cy_table_entry *next;
	const char *key;
	uint64_t hash;
};

struct cy_table {
	struct cy_table_entry **bucket;
	size_t n, size;
};

/* Ends the process when there is no memory for a pointer an entry. */
void cy_table_add(struct cy_table *t, struct cy_table_entry *e, const char *key);
/* The entry of this key that was added last; NULL: none. */
struct cy_table_entry *cy_table_find(const struct cy_table *t, const char *key);
/* The one of the same key that was added before this one; NULL: none. */
struct cy_table_entry *cy_table_before(const struct cy_table_entry *e);
void cy_table_remove(struct cy_table *t, struct cy_table_entry *e);
/* Leaves it empty; the entries are the caller's. */
void cy_table_free(struct cy_table *t);

/* The struct of this type that has the entry as this member. */
#define CY_TABLE_OWNER(entry, type, member) ((type *)(void *)((char *)(entry)-offsetof(type, member)))

#endif
