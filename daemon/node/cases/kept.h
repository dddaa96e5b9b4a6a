/* The facts and the folded state of cases that were in use, kept for the batches that come next. What is kept of a case
 * is what the store has of it: a batch takes it out, and gives it back once it is committed. Of a batch that fails
 * nothing is known, and nothing at all is kept any more. */
#ifndef CY_NODE_CASES_KEPT_H
#define CY_NODE_CASES_KEPT_H

#include <stdbool.h>
#include <stddef.h>

struct node;
struct work_case;

#define NODE_KEPT_OF_PEER 8192  /* facts that are kept of one peer's cases, of 150 bytes; a case counts 20 more */
#define NODE_KEPT_FACTS   32768 /* the same of all: then the peer that has most of them gives up its oldest case */

/* Takes out what is kept of a case, whose row was read. Returns false if there is nothing that fits this row. */
bool kept_take(struct node *n, struct work_case *c);
/* Returns whether all that is kept is what the store has, which answers; else *ret_text is a sentence, for tests. */
bool kept_holds(struct node *n, char *ret_text, size_t size);

#endif
