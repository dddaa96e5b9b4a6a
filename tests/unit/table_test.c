/* The hash table: what is found by a key, in which order, however many there are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "base/table.h"

#define MANY 5000

struct named {
	int before; /* so that the entry is not the first member */
	struct cy_table_entry entry;
	char key[16];
};

static struct named all[MANY];

static void put(struct cy_table *t, size_t i, const char *key)
{
	snprintf(all[i].key, sizeof all[i].key, "%s", key);
	cy_table_add(t, &all[i].entry, all[i].key);
}

static struct named *found(const struct cy_table *t, const char *key)
{
	struct cy_table_entry *e = cy_table_find(t, key);

	return e != NULL ? CY_TABLE_OWNER(e, struct named, entry) : NULL;
}

static void each_of_many_is_found(void **state)
{
	struct cy_table t = { 0 };
	char key[16];

	(void)state;
	assert_null(cy_table_find(&t, "0"));
	for (size_t i = 0; i < MANY; i++) {
		snprintf(key, sizeof key, "%zu", i);
		put(&t, i, key);
	}
	for (size_t i = 0; i < MANY; i++)
		assert_ptr_equal(found(&t, all[i].key), &all[i]);
	assert_null(found(&t, "-1"));
	assert_null(found(&t, ""));
	for (size_t i = 0; i < MANY; i += 2)
		cy_table_remove(&t, &all[i].entry);
	assert_int_equal(t.n, MANY / 2);
	for (size_t i = 0; i < MANY; i++)
		assert_ptr_equal(found(&t, all[i].key), i % 2 == 0 ? NULL : &all[i]);
	cy_table_free(&t);
	assert_null(cy_table_find(&t, "1"));
}

/* Also when the table has grown since. */
static void of_one_key_the_last_is_first(void **state)
{
	struct cy_table t = { 0 };
	struct cy_table_entry *e;

	(void)state;
	for (size_t i = 0; i < MANY; i++)
		put(&t, i, i % 3 == 0 ? "three" : "other");
	e = cy_table_find(&t, "three");
	for (size_t i = MANY; i-- > 0;) {
		if (i % 3 != 0)
			continue;
		assert_ptr_equal(e, &all[i].entry);
		e = cy_table_before(e);
	}
	assert_null(e);
	cy_table_remove(&t, &all[MANY - 1].entry);
	assert_ptr_equal(found(&t, all[MANY - 1].key), &all[MANY - 3]); /* the one between has the other key */
	cy_table_free(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_of_many_is_found),
		cmocka_unit_test(of_one_key_the_last_is_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
