/* template: a commented form, as the model of the form has it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "comityctl/ctl.h"
#include "comityctl/template_print.h"
#include "comityctl/treaties.h"
#include "comityctl/words.h"

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

struct wanted {
	const char *under, *from, *to, *language, *dir;
	struct treaties_asked asked;
	const struct law_profile *profile;
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
	puts(TREATIES_INFORMATION);
	return CTL_DONE;
}

/* A submission that says nothing but which measures are asked for. */
static CySubmission *seed(struct wanted *t)
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
	r->measures = cy_arena_take(&t->arena, t->asked.n * sizeof *r->measures);
	for (; r->n_measures < t->asked.n; r->n_measures++) {
		CyMeasure *m = cy_arena_take(&t->arena, sizeof *m);

		cy_measure__init(m);
		m->measure = (uint32_t)r->n_measures + 1;
		m->type = t->asked.types[r->n_measures];
		r->measures[r->n_measures] = m;
	}
	return s;
}

static int print(struct wanted *t)
{
	struct law_data legal_data = { .profiles = t->treaties.list, .n_profiles = t->treaties.n };
	struct form_ask ask = { .words = t->words.words,
				.layout = &t->words.layout,
				.legal_data = &legal_data,
				.between = { .requesting = t->from != NULL ? t->from : "",
					     .requested = t->to != NULL ? t->to : "",
					     .day = treaties_today() },
				.profile = t->profile,
				.kind = t->asked.kind,
				.n_measures = t->asked.n,
				.measures = t->asked.types };
	struct cy_buf b = CY_BUF(TEMPLATE_MAX);
	struct form *f;

	if (t->asked.kind == CY_CONTENT__KIND_REQUEST)
		ask.message = &seed(t)->base;
	CY_ASSERT(form_make(&ask, &t->arena, &f) == CY_OK);
	template_print(f, &t->words.words, &b);
	fwrite(b.data, 1, b.len, stdout);
	cy_buf_free(&b);
	return CTL_DONE;
}

static int under(struct wanted *t)
{
	const int r = treaties_load(t->dir, &t->treaties);

	if (r == CTL_DONE)
		t->profile = treaties_find(&t->treaties, t->under, "");
	return r != CTL_DONE ? r : t->profile != NULL ? CTL_DONE : CTL_NOT_FOUND;
}

static int run(struct ctl *ctl, int argc, char **argv)
{
	struct wanted t = { 0 };
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
	r = ctl_state("template", "from", t.from);
	if (r == CTL_DONE)
		r = ctl_state("template", "to", t.to);
	if (r == CTL_DONE && t.under != NULL)
		r = under(&t);
	if (r == CTL_DONE)
		r = treaties_ask("template", t.profile, words, n, &t.asked);
	if (r == CTL_DONE)
		r = words_load("template", t.language, &t.words);
	if (r == CTL_DONE)
		r = print(&t);
	cy_arena_free(&t.arena);
	cy_arena_free(&t.words.arena);
	cy_arena_free(&t.treaties.arena);
	return r;
}

const struct ctl_command ctl_template = { "template", "print a form for types of measure", help, run, NULL };
