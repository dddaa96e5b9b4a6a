/* A store that is held to the contract of its port (port/store.h): each test is run with each of the
 * implementations that store_contract_test.c lists. */
#ifndef CY_TESTS_STORE_CONTRACT_H
#define CY_TESTS_STORE_CONTRACT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "port/store.h"
#include "store_samples.h"

struct contract {
	const struct store_impl *impl;
	void *store; /* the implementation's own */
	struct store_port port;
	struct store_writeset *w; /* that add() collects; NULL: nothing yet */
	int commits, code;        /* that were told; the last one */
	char why[256];
};

/* A way to keep what a node stores. The peers are IE and DE. */
struct store_impl {
	const char *name;
	/* A new store, empty; NULL: it cannot be made. committed(t) is what it tells of each commit. */
	void *(*open)(struct contract *t, struct store_port *ret_port);
	/* Do what a process does until the commit in flight is told of. */
	void (*work)(void *store);
	/* The process ends, and starts again with what is durable. */
	void (*restart)(void *store, struct store_port *ret_port);
	void (*close)(void *store);
};

void committed(void *contract, int code, const char *why);

/* Append a write to the next write-set. */
struct store_write *add(struct contract *t, enum store_op op);
/* Commit it, and wait for the end: its code. */
int commit(struct contract *t);
void restart(struct contract *t);

/* A case with IE in the next write-set, and a message of ours in it. */
struct store_case *add_case(struct contract *t, const char *case_id, const char *client, const char *own,
			    const char *peer);
struct store_message *add_message(struct contract *t, const char *case_id, const char *id, uint32_t number,
				  CyPriority priority);

/* What a read calls back with, as words. */
struct seen {
	char text[2048];
	size_t n;
};

int note(struct seen *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* A read of the port `p` gives this code, and these words to `&s`. */
#define EXPECT(t, expected_code, expected, read)         \
	do {                                             \
		const struct store_port *p = &(t)->port; \
		struct seen s = { .n = 0 };              \
                                                         \
		assert_int_equal(read, expected_code);   \
		assert_string_equal(s.text, expected);   \
	} while (0)

/* The tests, by subject. */
struct contract_tests {
	const struct CMUnitTest *at;
	size_t n;
};
extern const struct contract_tests contract_writes, contract_cases, contract_law, contract_evidence, contract_uploads,
	contract_ages;

#define CONTRACT_TESTS(name)                                        \
	const struct contract_tests name = { tests_of_the_contract, \
					     sizeof tests_of_the_contract / sizeof tests_of_the_contract[0] }

#endif
