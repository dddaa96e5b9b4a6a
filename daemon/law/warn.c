#include "law/warn.h"

#include <string.h>

#include "base/reflect.h"
#include "base/time.h"
#include "law/check.h"
#include "law/kinds.h"

/* A date in the schema that has a sense only on one side of today. */
static const struct dated {
	const ProtobufCMessageDescriptor *part;
	const char *field;
	bool past; /* it lies in the past; else in the future */
	const char *text;
} dates[] = {
	{ &cy_urgency__descriptor, "until_date", false, "what is asked for comes too late by the request's own words" },
	{ &cy_measure__descriptor, "wanted_by_date", false, "its time limit is over as it begins" },
	{ &cy_custody_particulars__descriptor, "return_by_date", false, "the person would have to be back already" },
	{ &cy_problem_notice__descriptor, "answer_by_date", false, "its time limit is over as it begins" },
	{ &cy_postponement__descriptor, "until_date", false, "a postponement ends after it was said" },
	{ &cy_extension__descriptor, "estimate_date", false, "what is estimated is still to come" },
	{ &cy_progress_report__descriptor, "estimate_date", false, "what is estimated is still to come" },
	{ &cy_attachment__descriptor, "retain_until_date", false, "it is destroyed as soon as it has been handed on" },
	{ &cy_person__descriptor, "birth_date", true, "nobody is born later" },
	{ &cy_offence__descriptor, "committed_from_date", true, "no offence is asked about before it began" },
};

struct look {
	struct law_check c;
	struct cy_date today;
};

static void judge(struct look *l, const ProtobufCMessageDescriptor *part, const char *field, const char *value)
{
	struct cy_date day;

	for (size_t i = 0; i < sizeof dates / sizeof dates[0]; i++) {
		const struct dated *d = &dates[i];

		if (d->part != part || strcmp(d->field, field) != 0 || value[0] == '\0' ||
		    cy_date_parse(value, &day) < 0)
			continue;
		if (d->past && cy_date_days(day) > cy_date_days(l->today))
			law_fault(&l->c, field, LAW_NO_ARTICLE,
				  "%s lies after %04d-%02d-%02d, the day on which it is sent: %s. Correct it.", value,
				  l->today.year, l->today.month, l->today.day, d->text);
		else if (!d->past && cy_date_days(day) < cy_date_days(l->today))
			law_fault(&l->c, field, LAW_NO_ARTICLE,
				  "%s lies before %04d-%02d-%02d, the day on which it is sent: %s. Correct it, or "
				  "leave it out.",
				  value, l->today.year, l->today.month, l->today.day, d->text);
	}
}

/* Past acts (an approval, a review, a hand-over) must lie in the past. The author's zone is not known here, so a day
 * more is allowed. */
static void judge_instant(struct look *l, const char *field, int64_t ms)
{
	char when[CY_RFC3339_SIZE];

	if (strcmp(field, "at_ms") != 0 || ms / 86400000 <= cy_date_days(l->today) + 1)
		return;
	cy_rfc3339((struct cy_wall){ ms }, when);
	law_fault(&l->c, field, LAW_NO_ARTICLE,
		  "%s lies after %04d-%02d-%02d, the day on which it is sent: it says when something was done. Correct "
		  "it.",
		  when, l->today.year, l->today.month, l->today.day);
}

/* Nobody can tell which case it means: the other side has other references. */
static void judge_link(struct look *l, const CyLink *link)
{
	if (link->type > CY_LINK_TYPE__NEW && link->case_id[0] == '\0')
		law_fault(&l->c, "case_id", LAW_NO_ARTICLE,
			  "It is empty: by a reference alone the request meets no time limit of what it follows (data "
			  "preserved, papers to be sent). If that went this way, give the id of its case.");
}

static void look_at(struct law_check *c, void *arg, const ProtobufCMessage *m)
{
	struct look *l = arg;

	(void)c;
	if (m->descriptor == &cy_link__descriptor)
		judge_link(l, (const CyLink *)m);
	for (unsigned i = 0; i < m->descriptor->n_fields; i++) {
		const ProtobufCFieldDescriptor *f = &m->descriptor->fields[i];

		if (f->label == PROTOBUF_C_LABEL_REPEATED)
			continue;
		if (f->type == PROTOBUF_C_TYPE_STRING && cy_field_set(m, f))
			judge(l, m->descriptor, f->name, *(const char *const *)cy_field_value(m, f, 0));
		else if (cy_field_instant(f))
			judge_instant(l, f->name, *(const int64_t *)cy_field_value(m, f, 0));
	}
}

/* Between whom it would have to be in force; those of a request where none are configured. */
static void bond(struct look *l, const CyContent *c, const struct law_data *b, const struct law_between *w)
{
	const bool request = c->kind_case == CY_CONTENT__KIND_REQUEST;
	const CyLegalBasis *basis = law_basis_of(c);
	const char *from = w->requesting[0] == '\0' && request ? c->request->requesting_state : w->requesting;
	const char *to = w->requested[0] == '\0' && request ? c->request->requested_state : w->requested;
	const struct law_profile *p;
	struct cy_error e;

	if (basis == NULL || basis->reciprocity || basis->version[0] == '\0')
		return;
	p = law_find_profile(b, basis->instrument, basis->version, w->day);
	if (p == NULL || law_bond_told(p, from, to, &e))
		return;
	if (from[0] == '\0' || to[0] == '\0')
		cy_fail(&e, CY_EINVAL,
			"The two states are not known here: it cannot be told whether %s (version %s) is in force "
			"between them.",
			p->id, p->version);
	law_fault(&l->c, "legal_basis.instrument", p->citation, "%s", e.text);
}

void law_warnings(const CyContent *content, const struct law_data *b, const struct law_between *w,
		  struct law_faults *ret)
{
	const struct law_kind *kind = law_kind((uint32_t)content->kind_case);
	struct look l = { .c = { .faults = ret }, .today = w->day };

	ret->n = 0;
	ret->more = false;
	if (kind == NULL)
		return;
	law_each_part(&l.c, &content->base, look_at, &l);
	law_in(&l.c, kind->name);
	if (b != NULL)
		bond(&l, content, b, w);
}
