/* Which fields are mandatory, and why: by the law, and by what the treaty profile asks for. */
#include <string.h>

#include "form/internal.h"
#include "law/kinds.h"

/* Does what holds for these measures hold: always, sometimes, or never? */
static enum form_need holds(const struct form_work *w, law_measures measures, CyMeasureType of)
{
	const law_measures those = of ? UINT64_C(1) << of : w->chosen;

	if (!measures || (those && (measures & those) == those))
		return FORM_MANDATORY;
	return !those || (measures & those) != 0 ? FORM_SOMETIMES : FORM_OPTIONAL;
}

static const char *measure_names(const struct form_work *w, law_measures measures)
{
	const ProtobufCEnumDescriptor *d = &cy_measure_type__descriptor;
	const char *names[64];
	size_t n = 0;

	for (unsigned i = 0; i < d->n_values; i++) {
		const char *label;

		if ((measures >> d->values[i].value & 1) == 0)
			continue;
		label = form_word(&w->ask->words, form_text(w->arena, "MeasureType.%s", d->values[i].name), "label");
		names[n++] = label[0] ? label : d->values[i].name;
	}
	return form_list(&w->ask->words, w->arena, n, names);
}

/* The strongest need with its reason; `measures` are those for which it is mandatory. */
static void need(struct form_field *f, enum form_need n, law_measures measures, const char *why)
{
	if (n == FORM_SOMETIMES)
		f->mandatory_for |= measures;
	if (n > f->need || !f->why[0]) {
		f->need = n > f->need ? n : f->need;
		f->why = why;
	}
}

static unsigned count(law_measures set)
{
	unsigned n = 0;

	for (; set; set &= set - 1)
		n++;
	return n;
}

static const char *only_for(const struct form_work *w, law_measures measures, const char *text)
{
	const law_measures others = form_every_measure() & ~measures;
	const bool most = count(others) < count(measures);

	return form_fill(&w->ask->words, w->arena,
			 most ? "For all measures but {measures}: {text}" : "For {measures}: {text}", "measures",
			 measure_names(w, most ? others : measures), "text", text);
}

/* The law's sentence; that of a choice without the name of its enum, since the choices stand beside it. */
static const char *sentence(const struct form_work *w, const struct form_need_of *q)
{
	static const char choice[] = "This field is mandatory; one of the values of ";

	return form_say(&w->ask->words,
			strncmp(q->text, choice, sizeof choice - 1) == 0 ? "This field is mandatory." : q->text);
}

/* The law says where a rule holds as "`reason` is OTHER_URGENCY": a field beside it and its value. */
static void where(const struct form_work *w, struct form_field *f, const char *when)
{
	static const char is[] = "` is ";
	const char *end = when[0] == '`' ? strstr(when, is) : NULL;

	if (end == NULL || strchr(end + sizeof is - 1, ' ') != NULL)
		return;
	f->must_where = form_text(w->arena, "%.*s", (int)(end - when - 1), when + 1);
	f->must_is = end + sizeof is - 1;
}

static void by_law(const struct form_work *w, struct form_field *f, const char *pattern, CyMeasureType of)
{
	for (size_t i = 0; i < w->n_needs; i++) {
		const struct form_need_of *q = &w->needs[i];
		const enum form_need n = q->missing ? holds(w, q->measures, of) : FORM_OPTIONAL;

		if (strcmp(q->path, pattern) != 0)
			continue;
		if (n == FORM_MANDATORY) {
			need(f, n, 0, sentence(w, q));
		} else if (n == FORM_SOMETIMES) {
			need(f, n, q->measures, only_for(w, q->measures, sentence(w, q)));
		} else if (q->when[0]) {
			where(w, f, q->when);
			need(f, FORM_SOMETIMES, 0,
			     form_fill(&w->ask->words, w->arena, "Where {when}: {text}", "when",
				       form_say(&w->ask->words, q->when), "text", sentence(w, q)));
		} else {
			need(f, FORM_OPTIONAL, 0, sentence(w, q));
		}
	}
}

/* The requirement is about this field of the kind. */
static bool about(const struct form_work *w, const struct law_requirement *q, const char *pattern)
{
	const size_t around = sizeof "content." - 1, kind = strlen(w->kind);

	if (strncmp(pattern, "content.", around) != 0 || strncmp(pattern + around, w->kind, kind) != 0 ||
	    pattern[around + kind] != '.' || strcmp(pattern + around + kind + 1, q->field) != 0)
		return false;
	return w->form->kind == CY_CONTENT__KIND_REQUEST ||
	       (w->form->kind == CY_CONTENT__KIND_NOTIFICATION && (q->measures & w->chosen) != 0);
}

void form_need(const struct form_work *w, struct form_field *f, const char *pattern, CyMeasureType of)
{
	const struct law_profile *p = w->form->profile;

	if (strcmp(f->key, "Submission.case_ref") == 0 && law_kind_opens(w->form->kind))
		f->need = FORM_NOT_HERE;
	if (f->need == FORM_NOT_HERE) {
		f->why = form_say(&w->ask->words, "Nobody writes this here.");
		return;
	}
	f->need = FORM_OPTIONAL;
	f->mandatory_for = 0;
	f->why = f->must_where = f->must_is = "";
	by_law(w, f, pattern, of);
	for (size_t i = 0; p != NULL && i < p->n_requirements; i++) {
		const struct law_requirement *q = &p->requirements[i];
		const enum form_need n = about(w, q, pattern) ? holds(w, q->measures, of) : FORM_OPTIONAL;

		if (n == FORM_MANDATORY)
			need(f, n, 0,
			     form_fill(&w->ask->words, w->arena, "{instrument} asks for it.", "instrument", p->id));
		else if (n == FORM_SOMETIMES)
			need(f, n, q->measures,
			     form_fill(&w->ask->words, w->arena, "{instrument} asks for it for {measures}.",
				       "instrument", p->id, "measures", measure_names(w, q->measures)));
	}
	if (!f->why[0])
		f->why = form_say(&w->ask->words, "This may stay empty.");
}

static struct form_guide *add_guide(const struct form_work *w, struct form_field *f, const char *text,
				    law_measures measures, const struct law_source *s)
{
	struct form_guide *more = cy_arena_take(w->arena, (f->n_guides + 1) * sizeof *more);

	if (f->n_guides)
		memcpy(more, f->guides, f->n_guides * sizeof *more);
	more[f->n_guides++] = (struct form_guide){ .text = text,
						   .measures = measures,
						   .instrument = w->form->profile->id,
						   .article = s->article,
						   .verified = s->verified,
						   .note = form_say(&w->ask->words, s->note) };
	f->guides = more;
	return &more[f->n_guides - 1];
}

/* What the profile says of the whole and that belongs to one field. */
static void general(const struct form_work *w, struct form_field *f)
{
	const struct law_profile *p = w->form->profile;
	const struct form_words *words = &w->ask->words;

	if (strcmp(f->key, "Request.language") == 0 && p->n_languages)
		add_guide(w, f,
			  form_fill(words, w->arena, "Requests under {instrument} are written in: {languages}.",
				    "instrument", p->id, "languages",
				    form_list(words, w->arena, p->n_languages, p->languages)),
			  0, &p->languages_source);
	if (strcmp(f->key, "Approval.categories") == 0 && p->n_sensitive)
		add_guide(w, f,
			  form_fill(words, w->arena,
				    "Data of these categories need an approval of their own: {categories}.",
				    "categories", form_list(words, w->arena, p->n_sensitive, p->sensitive)),
			  0, &p->sensitive_source);
	if (strcmp(f->key, "LegalBasis.articles") == 0)
		add_guide(w, f,
			  form_fill(words, w->arena,
				    "The measures that {instrument} admits are those of article {article}.",
				    "instrument", p->id, "article", p->measures_source.article),
			  0, &p->measures_source);
	if (strcmp(f->key, "Measure.type") == 0)
		add_guide(w, f,
			  form_fill(words, w->arena, "{instrument} admits the measures that stand here.", "instrument",
				    p->id),
			  0, &p->measures_source);
}

void form_guides(const struct form_work *w, struct form_field *f, const char *pattern, CyMeasureType of)
{
	const struct law_profile *p = w->form->profile;

	f->n_guides = 0;
	f->guides = NULL;
	if (p == NULL)
		return;
	for (size_t i = 0; i < p->n_requirements; i++) {
		const struct law_requirement *q = &p->requirements[i];

		if (about(w, q, pattern) && holds(w, q->measures, of) != FORM_OPTIONAL)
			add_guide(w, f, form_say(&w->ask->words, q->why), q->measures, &q->source)->asked = true;
	}
	general(w, f);
}
