/* Names of clocks, their keys, and whether their lapse is a breach. */
#include <string.h>

#include "law/clock.h"

const char *law_clock_state_name(enum law_clock_state s)
{
	switch (s) {
#define LAW_X(name, word)      \
	case LAW_CLOCK_##name: \
		return word;
		LAW_CLOCK_STATES(LAW_X)
#undef LAW_X
	}
	return "";
}

bool law_clock_same(const struct law_clock_key *a, const struct law_clock_key *b)
{
	return a->measure == b->measure && a->notice == b->notice && strcmp(a->name, b->name) == 0;
}

bool law_clock_breach(const struct law_clock_rule *rule)
{
	return (rule->met_by & ~(1u << LAW_MEET_NOTHING)) != 0 && rule->lapse != LAW_LAPSE_TACIT_NO_OBJECTION &&
	       rule->lapse != LAW_LAPSE_OBLIGATION_CEASES;
}
