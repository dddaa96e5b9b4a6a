/* check: looks for faults in a submission, without a daemon. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/limits.h"
#include "base/reflect.h"
#include "comityctl/ctl.h"
#include "comityctl/input.h"
#include "comityctl/out.h"
#include "comityctl/treaties.h"
#include "law/kinds.h"
#include "law/plausible.h"
#include "law/treaty.h"
#include "law/warn.h"

static const char help[] = "usage: comityctl check FILE|- [--treaties DIR | --no-treaty] [--from-state STATE]\n"
			   "                       [--to-state STATE] [--date YYYY-MM-DD]\n"
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
			   "\n"
			   "Exit codes: 0 nothing is missing, whatever the warnings; 4 there are faults, or a\n"
			   "file cannot be read; 2 the command line is wrong. --json prints what the daemon\n"
			   "would answer (comity.v1.Error): faults, warnings and atomWarnings.\n";

#define PATH_SIZE 192u

/* What was read, and what was found. */
struct check {
	const char *file;
	CySubmission *s;
	struct treaties treaties;
	struct law_data legal_data;
	struct law_between between;
	/* Of what the file says: names and values that the schema does not have, and what was not filled in. */
	struct written {
		size_t n;
		bool more;
		struct {
			const char *field, *text;
		} at[LAW_FAULTS_MAX];
	} written;
	struct law_faults faults, warnings;
	struct law_atom_warnings atoms;
	struct cy_arena arena;
};

/* Those of a content are found on their own: law_validate() begins anew. Their paths are those of the daemon's answer
 * to submit. */
static void add_all(struct law_faults *to, const struct law_faults *content)
{
	to->more = content->more || to->n + content->n > LAW_FAULTS_MAX;
	for (size_t i = 0; i < content->n && to->n < LAW_FAULTS_MAX; i++) {
		struct law_fault *f = &to->at[to->n++];

		*f = content->at[i];
		snprintf(f->field, sizeof f->field, "submission.content.%.70s", content->at[i].field);
	}
}

static void add(struct check *c, const char *field, const char *text)
{
	struct law_fault *f = &c->faults.at[c->faults.n++];

	*f = (struct law_fault){ 0 };
	cy_copy(f->field, sizeof f->field, field);
	cy_copy(f->text, sizeof f->text, text);
}

static void on_written(void *arg, const char *field, const char *text)
{
	struct check *c = arg;
	struct written *w = &c->written;
	char path[sizeof c->faults.at[0].field];

	if (w->n == LAW_FAULTS_MAX) {
		w->more = true;
		return;
	}
	snprintf(path, sizeof path, "submission.%s", field);
	w->at[w->n].field = cy_arena_string(&c->arena, path);
	w->at[w->n].text = cy_arena_string(&c->arena, text);
	w->n++;
}

/* Is it about a field, or a part of one, that could not be read? Then it counted as not given. */
static bool unread(const struct written *w, const char *field)
{
	char path[PATH_SIZE], known[PATH_SIZE];

	cy_json_path(field, path, sizeof path);
	for (size_t i = 0; i < w->n; i++) {
		size_t len;

		cy_json_path(w->at[i].field, known, sizeof known);
		len = strlen(known);
		if (strncmp(path, known, len) == 0 && (path[len] == '\0' || path[len] == '.' || path[len] == '['))
			return true;
	}
	return false;
}

static void leave_out_unread(struct check *c)
{
	size_t left = 0;

	for (size_t i = 0; i < c->faults.n; i++)
		if (!unread(&c->written, c->faults.at[i].field))
			c->faults.at[left++] = c->faults.at[i];
	c->faults.n = left;
}

/* The submission around the content comes first. */
static void look(struct check *c)
{
	const CySubmission *s = c->s;
	struct law_faults *content = cy_arena_take(&c->arena, sizeof *content);

	law_validate_submission(s, &c->faults);
	if (s->content == NULL)
		return;
	if (law_kind_opens(s->content->kind_case) && !cy_authority_valid(s->to))
		add(c, "submission.to", "The authority id of the addressee is mandatory.");
	law_validate(s->content, content);
	law_plausible(s->content, content);
	law_treaty_check(s->content, &c->legal_data, &c->between, content);
	add_all(&c->faults, content);
	law_warnings(s->content, &c->legal_data, &c->between, content);
	add_all(&c->warnings, content);
	if (s->content->kind_case == CY_CONTENT__KIND_REQUEST)
		c->atoms = law_atom_warnings(s->content->request, &c->legal_data, &c->between, &c->arena);
}

/* ------------------------------------------------------------------ telling */

static CyFault *fault_of(struct check *c, const char *field, const char *text, const char *article)
{
	CyFault *f = cy_arena_take(&c->arena, sizeof *f);

	cy_fault__init(f);
	f->field = (char *)field;
	f->text = (char *)text;
	f->article = (char *)article;
	return f;
}

/* What the file says wrong first, if `written` is not NULL. */
static CyFault **fault_list(struct check *c, const struct written *written, struct law_faults *all, size_t *ret_n)
{
	const size_t before = written != NULL ? written->n : 0;
	CyFault **list = cy_arena_take(&c->arena, (before + all->n + 1) * sizeof(CyFault *));

	for (size_t i = 0; i < before; i++)
		list[i] = fault_of(c, written->at[i].field, written->at[i].text, "");
	for (size_t i = 0; i < all->n; i++)
		list[before + i] = fault_of(c, all->at[i].field, all->at[i].text, all->at[i].article);
	*ret_n = before + all->n;
	return list;
}

static void print_meaning(struct out_table *t, const CyAtomMeaning *m)
{
	if (!m->category[0])
		out_cell(t, "%s: does not say", m->state);
	else
		out_cell(t, "%s: %s%s%s; %s", m->state, m->category, m->threshold[0] ? ", " : "", m->threshold,
			 m->article);
}

static void print_atoms(const struct check *c)
{
	static const char *const heads[] = { "ATOM", "WHO ASKS", "WHO IS ASKED", "ACKNOWLEDGED BY" };
	struct out_table *t;
	bool first = true;

	if (!c->atoms.n)
		return;
	printf("\nThese data atoms mean different things to the two states:\n");
	t = out_table_new(sizeof heads / sizeof heads[0], heads);
	for (size_t i = 0; i < c->atoms.n; i++) {
		const CyAtomWarning *w = c->atoms.list[i];

		out_cell(t, "%s", w->atom);
		print_meaning(t, w->ours);
		print_meaning(t, w->theirs);
		out_cell(t, "%s", out_or_dash(w->acknowledged_by));
	}
	out_table_end(t);
	for (size_t i = 0; i < c->atoms.n; i++) {
		if (c->atoms.list[i]->acknowledged_by[0])
			continue;
		if (first)
			printf("If that is understood, add to the request:\n  \"atomWarnings\": [");
		printf("%s\n    {\"atom\": \"", first ? "" : ",");
		out_safe(stdout, c->atoms.list[i]->atom);
		printf("\", \"acknowledgedBy\": \"NAME OF THE OFFICER\"}");
		first = false;
	}
	if (!first)
		printf("\n  ]\n");
}

static void print_count(const char *before, size_t n, bool more, const char *word)
{
	printf("%s%zu%s %s%s", before, n, more ? " or more" : "", word, n == 1 ? "" : "s");
}

static void print_all(struct check *c)
{
	size_t n, n_warnings;
	CyFault **faults = fault_list(c, &c->written, &c->faults, &n);
	CyFault **warnings = fault_list(c, NULL, &c->warnings, &n_warnings);

	out_safe(stdout, c->file);
	if (n)
		print_count(": ", n, c->faults.more || c->written.more, "fault");
	else
		printf(": complete");
	if (n_warnings)
		print_count(", ", n_warnings, c->warnings.more, "warning");
	putchar('\n');
	for (size_t i = 0; i < n; i++)
		out_fault(stdout, faults[i]);
	out_warnings(stdout, n_warnings, warnings);
	print_atoms(c);
	if (!c->legal_data.n_profiles)
		printf("Nothing was checked against a treaty (--no-treaty).\n");
}

static void print_json(struct check *c)
{
	CyError e = CY_ERROR__INIT;

	e.faults = fault_list(c, &c->written, &c->faults, &e.n_faults);
	if (e.n_faults)
		e.code = CY_ERROR_CODE__INVALID;
	e.atom_warnings = c->atoms.list;
	e.n_atom_warnings = c->atoms.n;
	e.warnings = fault_list(c, NULL, &c->warnings, &e.n_warnings);
	e.more_faults = c->faults.more || c->written.more;
	e.more_warnings = c->warnings.more;
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

static int run(struct ctl *ctl, int argc, char **argv)
{
	const char *dir = NULL, *from = NULL, *to = NULL, *date = NULL;
	bool no_treaty = false;
	const struct ctl_option options[] = { { .name = "treaties", .value = &dir },
					      { .name = "no-treaty", .flag = &no_treaty },
					      { .name = "from-state", .value = &from },
					      { .name = "to-state", .value = &to },
					      { .name = "date", .value = &date } };
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
		r = input_submission(c->file, on_written, c, &c->s);
	if (r == CTL_DONE)
		r = input_filled(c->file, &c->s->base, on_written, c);
	if (r == CTL_DONE) {
		c->legal_data.profiles = c->treaties.list;
		c->legal_data.n_profiles = c->treaties.n;
		look(c);
		leave_out_unread(c);
		if (ctl->json)
			print_json(c);
		else
			print_all(c);
		r = c->faults.n || c->written.n ? CTL_BAD_FILE : CTL_DONE;
	}
	if (c->s != NULL)
		cy_submission__free_unpacked(c->s, NULL);
	cy_arena_free(&c->arena);
	cy_arena_free(&c->treaties.arena);
	free(c);
	return r;
}

const struct ctl_command ctl_check = { "check", "look for faults in a file, without a daemon", help, run, NULL };
