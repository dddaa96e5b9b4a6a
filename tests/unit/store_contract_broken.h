/* Stores that break the contract in one place each, for the tests that must notice. */
#ifndef CY_TESTS_STORE_CONTRACT_BROKEN_H
#define CY_TESTS_STORE_CONTRACT_BROKEN_H

#include "store_contract.h"

struct store_broken {
	const char *what;                              /* it does; NULL ends the list */
	void (*spoil)(struct store_port *port);        /* its operations; NULL: they are sound */
	void (*work)(struct contract *t, void *store); /* NULL: as the sound one */
	void (*restart)(void *store);                  /* before the sound one; NULL: nothing */
};

extern const struct store_broken stores_broken[];

/* The store in memory, broken so. One at a time in a process. */
struct store_impl store_break(const struct store_impl *in_memory, const struct store_broken *how);

#endif
