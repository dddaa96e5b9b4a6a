#include <string.h>

#include "law/fold.h"

const char *law_measure_state_name(enum law_measure_state s)
{
	switch (s) {
#define LAW_X(name)              \
	case LAW_MEASURE_##name: \
		return #name;
		LAW_MEASURE_STATES(LAW_X)
#undef LAW_X
	}
	return "invalid";
}

const char *law_case_state_name(enum law_case_state s)
{
	switch (s) {
#define LAW_X(name)           \
	case LAW_CASE_##name: \
		return #name;
		LAW_CASE_STATES(LAW_X)
#undef LAW_X
	}
	return "invalid";
}

enum {
	VERSION = 1,
	SIZE = 32 + CY_MEASURES_MAX * 7 + LAW_OPEN_MAX * 16
};

struct out {
	uint8_t b[SIZE];
	size_t len;
};

static void put(struct out *o, uint64_t v, unsigned bytes)
{
	while (bytes-- > 0)
		o->b[o->len++] = (uint8_t)(v >> (8 * bytes));
}

/* How many measures the digest is about; what is notified only once something was said of it. */
static unsigned said_of(const struct law_case *c)
{
	const struct law_measure *m = &c->measures[0];
	const bool any = m->state != LAW_MEASURE_PENDING || m->proposal != 0 || m->bound;

	return c->n_measures > 0 || any ? law_subjects(c) : 0;
}

/* Big-endian, in the order of the fields; lists behind their length. The derived
 * word is left out: it adds nothing. */
struct cy_digest law_case_digest(const struct law_case *c)
{
	struct out o = { .len = 0 };

	put(&o, VERSION, 1);
	put(&o, c->opened_by, 2);
	put(&o,
	    (uint64_t)c->registered | (uint64_t)c->executing_ack << 1 | (uint64_t)c->returned << 2 |
		    (uint64_t)c->redirected << 3 | (uint64_t)c->closed << 4 | (uint64_t)c->supplemented << 5 |
		    (uint64_t)(c->state == LAW_CASE_VOID) << 6,
	    1);
	put(&o, c->head[CY_SIDE__REQUESTING], 4);
	put(&o, c->head[CY_SIDE__REQUESTED], 4);
	put(&o, c->n_measures, 1);
	for (unsigned i = 0; i < said_of(c); i++) {
		const struct law_measure *m = &c->measures[i];

		put(&o, m->state, 1);
		put(&o,
		    (uint64_t)m->recognised | (uint64_t)m->postponed << 1 | (uint64_t)m->partial << 2 |
			    (uint64_t)m->bound << 3,
		    1);
		put(&o, m->proposal, 4);
		put(&o, m->ground, 1);
	}
	put(&o, c->n_notices, 1);
	for (unsigned i = 0; i < c->n_notices; i++) {
		put(&o, c->notices[i], 4);
		put(&o, c->notice_measures[i], 8);
	}
	put(&o, c->n_consents, 1);
	for (unsigned i = 0; i < c->n_consents; i++)
		put(&o, c->consents[i], 4);
	return cy_sha256(cy_bytes(o.b, o.len));
}
