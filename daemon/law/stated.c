#include "law/stated.h"

#include "base/error.h"
#include "base/limits.h"
#include "base/mutant.h"
#include "base/time.h"
#include "law/days.h"

int64_t law_stated_opened(const struct law_fact *facts, size_t n)
{
	const struct law_fact *first = NULL;

	for (size_t i = 0; i < n; i++)
		if (law_kind_opens(facts[i].kind) && !facts[i].voided &&
		    (first == NULL || facts[i].number < first->number))
			first = &facts[i];
	return first != NULL ? law_counted(first->at_ms) : 0;
}

int64_t law_stated_instant(const struct law_fact *f, int64_t opened_ms)
{
	const int64_t said = law_counted(f->at_ms), stated = law_counted(f->stated_ms);

	if (f->stated_ms <= 0 || stated > said)
		return said;
	if (stated >= opened_ms || CY_MUTANT_LAW_ANY_INSTANT)
		return stated;
	return opened_ms < said ? opened_ms : said;
}

static const char *field_of(uint32_t kind)
{
	switch (kind) {
	case CY_CONTENT__KIND_ACKNOWLEDGEMENT:
		return "acknowledgement.received_ms";
	case CY_CONTENT__KIND_DECISION:
		return "decision.decided_ms";
	case CY_CONTENT__KIND_RESULT:
		return "result.effected_ms";
	default:
		return "";
	}
}

int law_stated_admit(const struct law_fact *facts, size_t n, const struct law_fact *next, struct cy_error *e)
{
	char found[CY_RFC3339_SIZE], bound[CY_RFC3339_SIZE];
	int64_t opened;

	if (next->stated_ms == 0 || CY_MUTANT_LAW_ANY_INSTANT)
		return CY_OK;
	opened = law_stated_opened(facts, n);
	cy_rfc3339((struct cy_wall){ law_counted(next->stated_ms) }, found);
	if (next->stated_ms > law_counted(next->at_ms) + CY_STATED_AHEAD_MS) {
		cy_rfc3339((struct cy_wall){ law_counted(next->at_ms) }, bound);
		return cy_fail_at(e, CY_EINVAL, field_of(next->kind),
				  "%s is %s; expected is an instant not after the message that states it, of %s: "
				  "correct it, or leave it out",
				  field_of(next->kind), found, bound);
	}
	if (next->stated_ms < opened - CY_STATED_BEFORE_MS) {
		cy_rfc3339((struct cy_wall){ opened }, bound);
		return cy_fail_at(e, CY_EINVAL, field_of(next->kind),
				  "%s is %s; expected is an instant not before the case was opened, on %s: correct "
				  "it, or leave it out",
				  field_of(next->kind), found, bound);
	}
	return CY_OK;
}
