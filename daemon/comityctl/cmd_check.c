/* check: looks for faults in a submission, without a daemon. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/error.h"
#include "comityctl/ctl.h"
#include "comityctl/input.h"
#include "comityctl/out.h"
#include "comityctl/say.h"
#include "comityctl/treaties.h"
#include "comityctl/words.h"
#include "form/form.h"

static const char help[] = "usage: comityctl check FILE|- [--treaties DIR | --no-treaty] [--from-state STATE]\n"
			   "                       [--to-state STATE] [--date YYYY-MM-DD] [--language LANGUAGE]\n"
			   "\n"
			   "Looks for all faults of a file that 'comityctl submit' would hand in, without a\n"
			   "daemon: what every request must hold, and what the treaty profile asks for: its\n"
			   "fields, measures, languages and approvals, and whether it is in force between the\n"
			   "two states. It warns of what is no fault and ought to be known: dates that have\n"
			   "passed, or have not come although they must have, and a treaty of which the profile\n"
			   "cannot tell whether it binds the two. Then it lists the data atoms that mean\n"
			   "different things to the two, and what to add to acknowledge that. The daemon checks\n"
			   "the same at submit.\n"
			   "\n"
			   "  --treaties DIR      the profiles (default: $COMITY_TREATIES, else those installed)\n"
			   "  --no-treaty         look only for what every request must hold\n"
			   "  --from-state STATE  the state that asks (default: as the file says)\n"
			   "  --to-state STATE    the state that is asked (default: as the file says)\n"
			   "  --date YYYY-MM-DD   the day on which it is sent (default: today in the time zone of\n"
			   "                      this machine, or of $TZ; submit counts that of the authority)\n"
			   "  --language LANGUAGE the language of labels and of most sentences, such as en or fr\n"
			   "                      (default: that of $LANG)\n"
			   "\n"
			   "Exit codes: 0 nothing is missing, whatever the warnings; 4 there are faults, or a\n"
			   "file cannot be read; 2 the command line is wrong. --json prints what the daemon\n"
			   "would answer (comity.v1.Error): faults, warnings and atomWarnings.\n";

/* The file, and the faults that were found in it. */
struct check {
	const char *file;
	CySubmission *s;
	struct treaties treaties;
	struct words words;
	struct law_data legal_data;
	struct law_between between;
	/* Of what the file says: names and values that the schema does not have, and what was not filled in. */
	size_t n_unread;
	bool more_unread;
	struct form_unread unread[LAW_FAULTS_MAX];
	struct form *form;
	struct cy_arena arena;
};

static void on_unread(void *arg, const char *field, const char *text)
{
	struct check *c = arg;

	if (c->n_unread == LAW_FAULTS_MAX) {
		c->more_unread = true;
		return;
	}
	c->unread[c->n_unread++] = (struct form_unread){ .path = cy_arena_string(&c->arena, field),
							 .text = cy_arena_string(&c->arena, text) };
}

static void look(struct check *c)
{
	const struct form_ask ask = { .words = c->words.words,
				      .layout = &c->words.layout,
				      .legal_data = &c->legal_data,
				      .between = c->between,
				      .message = &c->s->base,
				      .n_unread = c->n_unread,
				      .unread = c->unread,
				      .more_unread = c->more_unread,
				      .judge = true };

	CY_ASSERT(form_make(&ask, &c->arena, &c->form) == CY_OK);
}

/* ------------------------------------------------------------------ telling */

/* As the daemon's answer to submit has them. */
static CyFault **fault_list(struct check *c, bool warnings, size_t *ret_n)
{
	CyFault **list = cy_arena_take(&c->arena, (c->form->n_faults + 1) * sizeof(CyFault *));
	size_t n = 0;

	for (size_t i = 0; i < c->form->n_faults; i++) {
		const struct form_fault *f = &c->form->faults[i];
		const size_t size = sizeof "submission." + strlen(f->path);
		char *field = cy_arena_take(&c->arena, size);

		if (f->warning != warnings)
			continue;
		snprintf(field, size, "submission.%s", f->path);
		list[n] = cy_arena_take(&c->arena, sizeof *list[n]);
		cy_fault__init(list[n]);
		list[n]->field = field;
		list[n]->text = (char *)f->text;
		list[n++]->article = (char *)f->article;
	}
	*ret_n = n;
	return list;
}

static void print_meaning(struct out_table *t, const CyAtomMeaning *m)
{
	if (!m->category[0])
		out_cell(t, "%s", say_made("%s: does not say", m->state));
	else
		out_cell(t, "%s: %s%s%s; %s", m->state, m->category, m->threshold[0] ? ", " : "", m->threshold,
			 m->article);
}

static void print_atoms(const struct check *c)
{
	static const char *const heads[] = { "ATOM", "WHO ASKS", "WHO IS ASKED", "ACKNOWLEDGED BY" };
	struct out_table *t;
	bool first = true;

	if (!c->form->atoms.n)
		return;
	out_said("\nThese data atoms mean different things to the two states:\n");
	t = out_table_new(sizeof heads / sizeof heads[0], heads);
	for (size_t i = 0; i < c->form->atoms.n; i++) {
		const CyAtomWarning *w = c->form->atoms.list[i];

		out_cell(t, "%s", w->atom);
		print_meaning(t, w->ours);
		print_meaning(t, w->theirs);
		out_cell(t, "%s", out_or_dash(w->acknowledged_by));
	}
	out_table_end(t);
	for (size_t i = 0; i < c->form->atoms.n; i++) {
		if (c->form->atoms.list[i]->acknowledged_by[0])
			continue;
		if (first)
			out_said("If that is understood, add to the request:\n  \"atomWarnings\": [");
		printf("%s\n    {\"atom\": \"", first ? "" : ",");
		out_safe(stdout, c->form->atoms.list[i]->atom);
		printf("\", \"acknowledgedBy\": \"%s\"}", say("NAME OF THE OFFICER"));
		first = false;
	}
	if (!first)
		printf("\n  ]\n");
}

/* The labels of what is mandatory and has nothing in it. */
static void print_empty(struct check *c)
{
	const char **labels = cy_arena_take(&c->arena, (c->form->n_faults + 1) * sizeof *labels);
	size_t n = 0;

	for (size_t i = 0; i < c->form->n_faults; i++) {
		const struct form_fault *f = &c->form->faults[i];
		const struct form_field *field = form_find(c->form, f->path);

		if (field != NULL && field->empty && f == field->faults[0])
			labels[n++] = f->label;
	}
	if (n)
		printf("%s\n", form_fill(&c->words.words, &c->arena, "Still empty: {fields}.", "fields",
					 form_list(&c->words.words, &c->arena, n, labels)));
}

static void print_all(struct check *c)
{
	size_t n, n_warnings;
	CyFault **faults = fault_list(c, false, &n), **warnings = fault_list(c, true, &n_warnings);

	out_safe(stdout, c->file);
	if (n)
		out_said(n == 1 ? ": %zu%s fault" : ": %zu%s faults", n, c->form->more_faults ? say(" or more") : "");
	else
		out_said(": complete");
	if (n_warnings)
		out_said(n_warnings == 1 ? ", %zu%s warning" : ", %zu%s warnings", n_warnings,
			 c->form->more_warnings ? say(" or more") : "");
	putchar('\n');
	for (size_t i = 0; i < n; i++)
		out_fault(stdout, faults[i]);
	print_empty(c);
	out_warnings(stdout, n_warnings, warnings);
	print_atoms(c);
	if (!c->legal_data.n_profiles)
		out_said("Nothing was checked against a treaty (--no-treaty).\n");
}

static void print_json(struct check *c)
{
	CyError e = CY_ERROR__INIT;

	e.faults = fault_list(c, false, &e.n_faults);
	if (e.n_faults)
		e.code = CY_ERROR_CODE__INVALID;
	e.atom_warnings = c->form->atoms.list;
	e.n_atom_warnings = c->form->atoms.n;
	e.warnings = fault_list(c, true, &e.n_warnings);
	e.more_faults = c->form->more_faults;
	e.more_warnings = c->form->more_warnings;
	out_json(&e.base, 2);
}

/* ------------------------------------------------------------------ reading */

/* The daemon counts the day of the authority; here it is that of whoever asks. */
static int day_option(const char *text, struct cy_date *ret)
{
	const time_t now = time(NULL);
	struct tm here;

	CY_ASSERT(localtime_r(&now, &here));
	*ret = (struct cy_date){ here.tm_year + 1900, here.tm_mon + 1, here.tm_mday };
	if (text != NULL && cy_date_parse(text, ret) != CY_OK)
		return ctl_usage("check", "--date requires a day written YYYY-MM-DD, not '%s'", text);
	return CTL_DONE;
}

static bool faulty(const struct check *c)
{
	for (size_t i = 0; i < c->form->n_faults; i++)
		if (!c->form->faults[i].warning)
			return true;
	return false;
}

static int run(struct ctl *ctl, int argc, char **argv)
{
	const char *dir = NULL, *from = NULL, *to = NULL, *date = NULL, *language = NULL;
	bool no_treaty = false;
	const struct ctl_option options[] = {
		{ .name = "treaties", .value = &dir },    { .name = "no-treaty", .flag = &no_treaty },
		{ .name = "from-state", .value = &from }, { .name = "to-state", .value = &to },
		{ .name = "date", .value = &date },       { .name = "language", .value = &language }
	};
	struct check *c = calloc(1, sizeof *c);
	int r;

	CY_ASSERT(c != NULL);
	r = ctl_parse(ctl, &ctl_check, argc, argv, options, sizeof options / sizeof options[0], &c->file, 1, 1, NULL);
	if (r == CTL_DONE)
		r = ctl_state("check", "from-state", from);
	if (r == CTL_DONE)
		r = ctl_state("check", "to-state", to);
	c->between.requesting = from != NULL ? from : "";
	c->between.requested = to != NULL ? to : "";
	if (r == CTL_DONE)
		r = day_option(date, &c->between.day);
	if (r == CTL_DONE && !no_treaty)
		r = treaties_load(dir, &c->treaties);
	if (r == CTL_DONE)
		r = words_load("check", language, &c->words);
	if (r == CTL_DONE)
		r = input_submission(c->file, on_unread, c, &c->s);
	if (r == CTL_DONE)
		r = input_filled(c->file, &c->s->base, on_unread, c);
	if (r == CTL_DONE) {
		c->legal_data.profiles = c->treaties.list;
		c->legal_data.n_profiles = c->treaties.n;
		look(c);
		if (ctl->json)
			print_json(c);
		else
			print_all(c);
		r = faulty(c) ? CTL_BAD_FILE : CTL_DONE;
	}
	if (c->s != NULL)
		cy_submission__free_unpacked(c->s, NULL);
	cy_arena_free(&c->arena);
	cy_arena_free(&c->treaties.arena);
	cy_arena_free(&c->words.arena);
	free(c);
	return r;
}

const struct ctl_command ctl_check = { "check", "look for faults in a file, without a daemon", help, run, NULL };
