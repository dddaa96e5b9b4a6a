/* record good-faith: what is read out of the messages, for the page and for JSON. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "comityctl/clock_table.h"
#include "comityctl/record.h"

bool record_concerns(size_t n, const uint32_t *measures, uint32_t measure)
{
	for (size_t i = 0; i < n; i++)
		if (measures[i] == measure)
			return true;
	return n == 0;
}

static bool of_result(const CyResult *result, uint32_t measure, struct record_outcome *o)
{
	for (size_t i = 0; i < result->n_results; i++)
		if (result->results[i]->measure == measure && !result->results[i]->partial) {
			o->reason = result->results[i]->reason;
			return true;
		}
	return false;
}

static bool of_refusal(struct letter_job *j, const CyRefusal *refusal, uint32_t measure, struct record_outcome *o)
{
	for (size_t i = 0; i < refusal->n_refusals; i++) {
		const CyMeasureRefusal *one = refusal->refusals[i];
		const ProtobufCEnumValue *v =
			protobuf_c_enum_descriptor_get_value(&cy_refusal_ground__descriptor, (int)one->ground);

		if (one->measure != measure)
			continue;
		o->ground = letter_enum(j, &cy_refusal_ground__descriptor, (int)one->ground);
		o->code = v != NULL ? v->name : "";
		o->article = one->article;
		o->reason = one->reason;
		return true;
	}
	return false;
}

static bool ends(struct record *r, const CyContent *c, uint32_t measure, struct record_outcome *o)
{
	if (c->kind_case == CY_CONTENT__KIND_RESULT)
		return of_result(c->result, measure, o);
	if (c->kind_case == CY_CONTENT__KIND_REFUSAL)
		return of_refusal(r->j, c->refusal, measure, o);
	if (c->kind_case == CY_CONTENT__KIND_WITHDRAWAL) {
		o->reason = c->withdrawal->reason;
		return record_concerns(c->withdrawal->n_measures, c->withdrawal->measures, measure);
	}
	return false;
}

/* The story tells on which measures a message took effect. */
static bool took_effect(const struct record *r, size_t message, uint32_t measure)
{
	for (size_t i = 0; i < r->story.n; i++)
		if (r->story.told[i].f == &r->facts[message])
			return (r->story.told[i].on >> (measure - 1) & 1) != 0;
	return false;
}

struct record_outcome record_outcome(struct record *r, uint32_t measure)
{
	struct record_outcome o = { SIZE_MAX, "", "", "", "" };

	for (size_t i = 0; i < r->n; i++)
		if (took_effect(r, i, measure) && ends(r, r->m[i].m->content, measure, &o)) {
			o.by = i;
			break;
		}
	return o;
}

static size_t of_fact(const struct record *r, size_t told)
{
	return told < r->story.n ? (size_t)(r->story.told[told].f - r->facts) : SIZE_MAX;
}

size_t record_questions(const struct record *r, struct record_question **ret)
{
	struct record_question *list = calloc(r->story.n_notices + 1, sizeof *list);
	size_t n = 0;

	CY_ASSERT(list != NULL);
	for (size_t i = 0; i < r->n; i++)
		for (size_t k = 0; k < r->story.n_notices; k++)
			if (!r->facts[i].voided && r->facts[i].kind == CY_CONTENT__KIND_PROBLEM_NOTICE &&
			    r->facts[i].number == r->story.notices[k].number)
				list[n++] = (struct record_question){ i, of_fact(r, r->story.notices[k].closed) };
	*ret = list;
	return n;
}

const char *record_became(const CyClockView *k, int64_t now_ms)
{
	if (strcmp(k->state, "met") == 0)
		return k->late ? "met late" : "met in time";
	if (clock_unknown(k)[0] != '\0')
		return k->due_ms != 0 && k->due_ms < now_ms ? "over, without a receipt" : k->state;
	return k->late ? "lapsed" : k->state;
}
