/* template: a commented form, as the model of the form has it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/error.h"
#include "base/limits.h"
#include "comityctl/ctl.h"
#include "comityctl/fields.h"
#include "comityctl/out.h"
#include "comityctl/template_print.h"
#include "comityctl/treaties.h"
#include "comityctl/words.h"

#define INFORMATION  "SPONTANEOUS_INFORMATION"
#define TEMPLATE_MAX (16u * 1024u * 1024u)

static const char help[] = "usage: comityctl template MEASURE... [--under INSTRUMENT] [--from STATE] [--to STATE]\n"
			   "                          [--language LANGUAGE] [--treaties DIR]\n"
			   "       comityctl template --list\n"
			   "\n"
			   "Prints a form for 'comityctl submit': JSON with every mandatory field, and a\n"
			   "comment for each line. Replace every FILL IN, and write when it was approved;\n"
			   "then check the file with 'comityctl check FILE'. INTERCEPTION_NOTIFICATION and\n"
			   "SPONTANEOUS_INFORMATION ask for nothing and have their own kind of message.\n"
			   "\n"
			   "  --under INSTRUMENT   say at each field what this instrument asks for, such as\n"
			   "                       us-ie-2001; 'comityctl treaty list' shows them\n"
			   "  --from STATE         the state that asks, such as US\n"
			   "  --to STATE           the state that is asked\n"
			   "  --language LANGUAGE  of the comments, such as en or fr (default: that of $LANG);\n"
			   "                       a request is written in its own language all the same\n"
			   "  --treaties DIR       the profiles (default: $COMITY_TREATIES, else those installed)\n"
			   "  --list               the types of measure, one a line\n";

struct template
{
	const char *under, *from, *to, *language, *dir;
	size_t n;
	CyMeasureType types[CY_MEASURES_MAX];
	uint32_t kind;
	struct treaties treaties;
	struct words words;
	struct cy_arena arena;
};

static int list(void)
{
	const ProtobufCEnumDescriptor *d = &cy_measure_type__descriptor;

	for (unsigned i = 0; i < d->n_values; i++)
		if (d->values[i].value)
			puts(d->values[i].name);
	puts(INFORMATION);
	return CTL_DONE;
}

/* Which kind of message the words ask for, and for which measures. */
static int choose(struct template *t, const char *const *words, size_t n)
{
	t->kind = CY_CONTENT__KIND_REQUEST;
	for (size_t i = 0; i < n; i++) {
		const ProtobufCEnumValue *v = fields_enum_value(&cy_measure_type__descriptor, words[i]);

		if (strcasecmp(words[i], INFORMATION) == 0 || strcasecmp(words[i], "spontaneous-information") == 0)
			t->kind = CY_CONTENT__KIND_SPONTANEOUS_INFORMATION;
		else if (v == NULL || v->value == 0)
			return fields_no_measure(words[i]);
		else if (v->value == CY_MEASURE_TYPE__INTERCEPTION_NOTIFICATION)
			t->kind = CY_CONTENT__KIND_NOTIFICATION;
		if (v != NULL)
			t->types[t->n++] = (CyMeasureType)v->value;
	}
	if (t->kind != CY_CONTENT__KIND_REQUEST && n > 1)
		return ctl_usage("template", "INTERCEPTION_NOTIFICATION and " INFORMATION
					     " are messages of their own: ask for each alone");
	return CTL_DONE;
}

/* A submission that says nothing but which measures are asked for. */
static CySubmission *seed(struct template *t)
{
	CySubmission *s = cy_arena_take(&t->arena, sizeof *s);
	CyContent *c = cy_arena_take(&t->arena, sizeof *c);
	CyRequest *r = cy_arena_take(&t->arena, sizeof *r);

	cy_submission__init(s);
	cy_content__init(c);
	cy_request__init(r);
	s->content = c;
	c->kind_case = CY_CONTENT__KIND_REQUEST;
	c->request = r;
	r->measures = cy_arena_take(&t->arena, t->n * sizeof *r->measures);
	for (; r->n_measures < t->n; r->n_measures++) {
		CyMeasure *m = cy_arena_take(&t->arena, sizeof *m);

		cy_measure__init(m);
		m->measure = (uint32_t)r->n_measures + 1;
		m->type = t->types[r->n_measures];
		r->measures[r->n_measures] = m;
	}
	return s;
}

static int print(struct template *t)
{
	struct law_data legal_data = { .profiles = t->treaties.list, .n_profiles = t->treaties.n };
	struct form_ask ask = { .words = t->words.words,
				.layout = &t->words.layout,
				.legal_data = &legal_data,
				.between = { .requesting = t->from != NULL ? t->from : "",
					     .requested = t->to != NULL ? t->to : "",
					     .day = cy_date_of_days((int64_t)time(NULL) / 86400) },
				.kind = t->kind,
				.n_measures = t->n,
				.measures = t->types };
	struct cy_buf b = CY_BUF(TEMPLATE_MAX);
	struct form *f;

	if (t->under != NULL) {
		ask.profile = treaties_find(&t->treaties, t->under, "");
		if (ask.profile == NULL)
			return CTL_NOT_FOUND;
	}
	for (size_t i = 0; ask.profile != NULL && i < t->n; i++)
		if ((ask.profile->measures >> t->types[i] & 1) == 0)
			return ctl_fail(CTL_NOT_FOUND,
					"%s does not admit %s; 'comityctl treaty show %s' shows under 'admitted' what "
					"it does",
					ask.profile->id, out_enum(&cy_measure_type__descriptor, (int)t->types[i]),
					ask.profile->id);
	if (t->kind == CY_CONTENT__KIND_REQUEST)
		ask.message = &seed(t)->base;
	CY_ASSERT(form_make(&ask, &t->arena, &f) == CY_OK);
	template_print(f, &t->words.words, &b);
	fwrite(b.data, 1, b.len, stdout);
	cy_buf_free(&b);
	return CTL_DONE;
}

static int run(struct ctl *ctl, int argc, char **argv)
{
	struct template t = { 0 };
	const char *words[CY_MEASURES_MAX];
	bool lists = false;
	size_t n = 0;
	const struct ctl_option options[] = {
		{ .name = "list", .flag = &lists },           { .name = "under", .value = &t.under },
		{ .name = "from", .value = &t.from },         { .name = "to", .value = &t.to },
		{ .name = "language", .value = &t.language }, { .name = "treaties", .value = &t.dir }
	};
	int r = ctl_parse(ctl, &ctl_template, argc, argv, options, sizeof options / sizeof options[0], words, 0,
			  CY_MEASURES_MAX, &n);

	if (r != CTL_DONE)
		return r;
	if (lists == (n > 0))
		return ctl_usage("template", "it requires types of measure, or --list");
	if (lists)
		return list();
	r = choose(&t, words, n);
	if (r == CTL_DONE)
		r = words_load("template", t.language, &t.words);
	if (r == CTL_DONE && t.under != NULL)
		r = treaties_load(t.dir, &t.treaties);
	if (r == CTL_DONE)
		r = print(&t);
	cy_arena_free(&t.arena);
	cy_arena_free(&t.words.arena);
	cy_arena_free(&t.treaties.arena);
	return r;
}

const struct ctl_command ctl_template = { "template", "print a form for types of measure", help, run, NULL };
