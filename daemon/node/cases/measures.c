/* What became of the measures of a case, for statistics: in the same commit as what it
 * follows from. */
#include "node/cases/clocks.h"

struct putting {
	struct node *n;
	const struct work_case *c;
};

static int put(void *arg, const struct law_stat *stat)
{
	const struct putting *p = arg;

	batch_write(p->n, STORE_PUT_MEASURE)->measure =
		(struct store_measure){ .peer = p->c->row.peer, .case_id = p->c->row.case_id, .stat = *stat };
	return CY_OK;
}

void measures_put(struct node *n)
{
	for (struct work_case *c = n->batch.cases; c != NULL; c = c->next) {
		struct law_terms terms;
		const bool known = law_terms_decode(c->row.terms, &terms) == CY_OK;

		if (c->unmeasured && !store_is_unfiled(c->row.case_id))
			(void)law_stats_of(c->facts, c->n, known ? &terms : NULL, put, &(struct putting){ n, c });
		c->unmeasured = false;
	}
}
