/* Which fields are mandatory, and why: what the law faults in a message that says nothing, what it tells of its rules,
 * and what the treaty profile asks for. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/reflect.h"
#include "form/internal.h"
#include "law/check.h"
#include "law/kinds.h"

#define NEEDS_MAX 1024u

struct probe {
	struct form_work *w;
	struct form_need_of *list;
	size_t n;
	CyMeasureType of;
};

/* request.measures[0].type is content.request.measures[].type. False: it is one value of a list. */
static bool pattern_of(const char *path, char out[static FORM_PATH_MAX])
{
	size_t len = sizeof "content." - 1;

	memcpy(out, "content.", len);
	for (const char *p = path; *p != '\0' && len + 2 < FORM_PATH_MAX; p++) {
		out[len++] = *p;
		if (*p == '[')
			p += strcspn(p, "]") - 1;
	}
	out[len] = '\0';
	return out[len - 1] != ']';
}

static struct form_need_of *add(struct probe *p, const char *path, const char *when, const char *text)
{
	char pattern[FORM_PATH_MAX];

	if (!pattern_of(path, pattern))
		return NULL;
	for (size_t i = 0; i < p->n; i++)
		if (strcmp(p->list[i].path, pattern) == 0 && strcmp(p->list[i].text, text) == 0 &&
		    strcmp(p->list[i].when, when) == 0)
			return &p->list[i];
	CY_ASSERT(p->n < NEEDS_MAX);
	p->list[p->n] = (struct form_need_of){ .path = cy_arena_string(p->w->arena, pattern),
					       .when = cy_arena_string(p->w->arena, when),
					       .text = cy_arena_string(p->w->arena, text) };
	return &p->list[p->n++];
}

/* What another part lacks is told when it is looked at; of a request, for each type of measure. */
static bool wanted(const struct probe *p, const ProtobufCFieldDescriptor *part, const char *path)
{
	const char *field = path + strcspn(path, ".") + 1, *name = part != NULL ? part->name : "measures";
	const size_t len = strlen(name);

	return (part == NULL && p->w->body != &cy_request__descriptor) ||
	       (strncmp(field, name, len) == 0 && strcspn(field, ".[") == len);
}

/* The faults of a body in which only this part is there, and empty. */
static void look(struct probe *p, const ProtobufCFieldDescriptor *part)
{
	const ProtobufCFieldDescriptor *kind =
		protobuf_c_message_descriptor_get_field(&cy_content__descriptor, p->w->form->kind);
	struct law_faults *faults = cy_arena_take(p->w->arena, sizeof *faults);
	ProtobufCMessage *whole = cy_whole(p->w->arena, p->w->body, false);
	ProtobufCMessage *bare = cy_arena_take(p->w->arena, p->w->body->sizeof_message);
	CyContent content = CY_CONTENT__INIT;

	protobuf_c_message_init(p->w->body, bare);
	if (part != NULL) {
		memcpy((char *)bare + part->offset, (char *)whole + part->offset,
		       cy_value_size(PROTOBUF_C_TYPE_MESSAGE));
		if (part->label == PROTOBUF_C_LABEL_REPEATED)
			*(size_t *)((char *)bare + part->quantifier_offset) = 1;
	}
	if (p->of)
		((CyRequest *)bare)->measures[0]->type = p->of;
	content.kind_case = (CyContent__KindCase)p->w->form->kind;
	*(ProtobufCMessage **)((char *)&content + kind->offset) = bare;
	law_validate(&content, faults);
	for (size_t i = 0; i < faults->n; i++) {
		struct form_need_of *need;

		if (!p->of && !wanted(p, part, faults->at[i].field))
			continue;
		need = add(p, faults->at[i].field, "", faults->at[i].text);
		if (need == NULL)
			continue;
		need->missing = true;
		need->measures |= p->of ? UINT64_C(1) << p->of : 0;
	}
}

static void on_rule(void *arg, const char *path, const char *when, bool may_be_empty, const char *text)
{
	if (!may_be_empty)
		add(arg, path, when != NULL ? when : "", text);
}

static void tell(struct probe *p)
{
	const ProtobufCFieldDescriptor *kind =
		protobuf_c_message_descriptor_get_field(&cy_content__descriptor, p->w->form->kind);
	struct law_faults *faults = cy_arena_take(p->w->arena, sizeof *faults);
	struct law_check c = { .faults = faults, .tell = on_rule, .arg = p };
	CyContent content = CY_CONTENT__INIT;

	content.kind_case = (CyContent__KindCase)p->w->form->kind;
	*(ProtobufCMessage **)((char *)&content + kind->offset) = cy_whole(p->w->arena, p->w->body, true);
	law_check_content(&c, &content);
}

static law_measures every_measure(void)
{
	law_measures all = 0;

	for (unsigned i = 0; i < cy_measure_type__descriptor.n_values; i++)
		all |= UINT64_C(1) << cy_measure_type__descriptor.values[i].value;
	return all & ~UINT64_C(1);
}

/* Every type of measure faults it: then it does not depend on the type. */
static void settle(struct probe *p)
{
	const law_measures all = every_measure();

	for (size_t i = 0; i < p->n; i++)
		if (p->list[i].measures == all)
			p->list[i].measures = 0;
}

static void submission(struct probe *p)
{
	const bool opens = law_kind_opens(p->w->form->kind);
	static const char *const opening[] = { "to", "own_reference" }, *const within[] = { "case_ref" };
	const char *const *names = opens ? opening : within;

	for (size_t i = 0; i < (opens ? 2u : 1u); i++)
		p->list[p->n++] = (struct form_need_of){
			.path = names[i], .missing = true, .when = "", .text = "This field is mandatory."
		};
}

void form_needs(struct form_work *w)
{
	struct probe p = { .w = w, .list = cy_arena_take(w->arena, NEEDS_MAX * sizeof *p.list) };

	look(&p, NULL);
	for (unsigned i = 0; i < w->body->n_fields; i++) {
		const ProtobufCFieldDescriptor *f = &w->body->fields[i];

		if (f->type != PROTOBUF_C_TYPE_MESSAGE)
			continue;
		if (f->descriptor != &cy_measure__descriptor) {
			look(&p, f);
			continue;
		}
		for (unsigned t = 0; t < cy_measure_type__descriptor.n_values; t++) {
			p.of = (CyMeasureType)cy_measure_type__descriptor.values[t].value;
			look(&p, f);
		}
		p.of = CY_MEASURE_TYPE__MEASURE_TYPE_UNSPECIFIED;
	}
	settle(&p);
	submission(&p);
	tell(&p);
	w->needs = p.list;
	w->n_needs = p.n;
}

/* ------------------------------------------------------------ of one field */

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

/* The strongest need with its reason. */
static void need(struct form_field *f, enum form_need n, const char *why)
{
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
	const law_measures others = every_measure() & ~measures;
	const bool most = count(others) < count(measures);

	return form_fill(&w->ask->words, w->arena,
			 most ? "For all measures but {measures}: {text}" : "For {measures}: {text}", "measures",
			 measure_names(w, most ? others : measures), "text", form_say(&w->ask->words, text));
}

static void by_law(const struct form_work *w, struct form_field *f, const char *pattern, CyMeasureType of)
{
	for (size_t i = 0; i < w->n_needs; i++) {
		const struct form_need_of *q = &w->needs[i];
		const enum form_need n = q->missing ? holds(w, q->measures, of) : FORM_OPTIONAL;

		if (strcmp(q->path, pattern) != 0)
			continue;
		if (n == FORM_MANDATORY)
			need(f, n, form_say(&w->ask->words, q->text));
		else if (n == FORM_SOMETIMES)
			need(f, n, only_for(w, q->measures, q->text));
		else if (q->when[0])
			need(f, FORM_SOMETIMES,
			     form_fill(&w->ask->words, w->arena, "Where {when}: {text}", "when",
				       form_say(&w->ask->words, q->when), "text", form_say(&w->ask->words, q->text)));
		else
			need(f, FORM_OPTIONAL, form_say(&w->ask->words, q->text));
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
	f->why = "";
	by_law(w, f, pattern, of);
	for (size_t i = 0; p != NULL && i < p->n_requirements; i++) {
		const struct law_requirement *q = &p->requirements[i];
		const enum form_need n = about(w, q, pattern) ? holds(w, q->measures, of) : FORM_OPTIONAL;

		if (n == FORM_MANDATORY)
			need(f, n,
			     form_fill(&w->ask->words, w->arena, "{instrument} asks for it.", "instrument", p->id));
		else if (n == FORM_SOMETIMES)
			need(f, n,
			     form_fill(&w->ask->words, w->arena, "{instrument} asks for it for {measures}.",
				       "instrument", p->id, "measures", measure_names(w, q->measures)));
	}
	if (!f->why[0])
		f->why = form_say(&w->ask->words, "This may stay empty.");
}

static void add_guide(const struct form_work *w, struct form_field *f, const char *text, law_measures measures,
		      const struct law_source *s)
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
			add_guide(w, f, form_say(&w->ask->words, q->why), q->measures, &q->source);
	}
	general(w, f);
}
