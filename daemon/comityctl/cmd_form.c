/* form: writes a form that an officer fills in with a browser, without a server. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/error.h"
#include "base/limits.h"
#include "comityctl/fields.h"
#include "comityctl/file.h"
#include "comityctl/form_page.h"
#include "comityctl/input.h"
#include "comityctl/say.h"
#include "comityctl/treaties.h"
#include "comityctl/words.h"
#include "wire/json.h"

#define PAGE_MAX  (32u * 1024u * 1024u)
#define NOTES_MAX 2u

static const char help[] = "usage: comityctl form INSTRUMENT MEASURE... --from STATE --to STATE [--language LANGUAGE]\n"
			   "                      [--draft FILE] [--treaties DIR] [-o FILE]\n"
			   "\n"
			   "Writes a form as one HTML file, which an officer opens from a disk in any current\n"
			   "browser: it reaches no network, and what is typed stays on that computer. The\n"
			   "draft that it saves is what 'comityctl check' and 'comityctl submit' take. MEASURE is\n"
			   "a type of measure of the request, or INTERCEPTION_NOTIFICATION or\n"
			   "SPONTANEOUS_INFORMATION alone.\n"
			   "\n"
			   "  --from STATE         the state that asks: two capital letters of ISO 3166-1\n"
			   "  --to STATE           the state that is asked\n"
			   "  --language LANGUAGE  of labels and guide, such as en or fr (default: that of the\n"
			   "                       environment)\n"
			   "  --draft FILE         begin with this draft\n"
			   "  --treaties DIR       the profiles (default: $COMITY_TREATIES, else those installed)\n"
			   "  -o, --output FILE    where (default: standard output); only its owner may read a new\n"
			   "                       file\n";

/* The command line, and the data that is read for it. */
struct asked {
	const char *instrument, *from, *to, *language, *draft, *dir, *output;
	struct treaties_asked measures;
	struct treaties treaties;
	struct words words;
	struct law_data legal_data;
	struct law_between between;
	const struct law_profile *profile;
	struct cy_buf text; /* of the draft */
	struct cy_arena arena;
};

static void left_to_the_page(void *arg, const struct cy_error *fault)
{
	(void)arg;
	(void)fault;
}

/* What is no JSON is told as check tells it; what does not fit a field is told by the page, field by field. */
static int read_draft(struct asked *a)
{
	struct cy_error e = { 0 };
	ProtobufCMessage *m = NULL;
	const int r = a->draft != NULL ? input_read(a->draft, &a->text) : CTL_DONE;

	if (r != CTL_DONE || a->draft == NULL)
		return r;
	if (wire_json_read(&cy_submission__descriptor, cy_buf_view(&a->text), &m, left_to_the_page, NULL, &e) != CY_OK)
		return ctl_fail(CTL_BAD_FILE, "%s: %s%s%s", a->draft, e.field, e.field[0] ? ": " : "",
				say_heard(e.text));
	protobuf_c_message_free_unpacked(m, NULL);
	return CTL_DONE;
}

static bool listed(const CyMeasure *measure, const char *atom)
{
	for (size_t i = 0; i < measure->n_atoms; i++)
		if (strcmp(measure->atoms[i], atom) == 0)
			return true;
	return false;
}

static void list_atoms(struct asked *a, CyMeasure *measure)
{
	const struct law_data *b = &a->legal_data;
	size_t most = 0;

	for (size_t i = 0; i < b->n_profiles; i++)
		most += b->profiles[i]->n_atoms;
	measure->atoms = cy_arena_take(&a->arena, (most + 1) * sizeof(char *));
	for (size_t i = 0; i < b->n_profiles; i++)
		for (size_t k = 0; k < b->profiles[i]->n_atoms; k++)
			if (!listed(measure, b->profiles[i]->atoms[k].atom))
				measure->atoms[measure->n_atoms++] = (char *)b->profiles[i]->atoms[k].atom;
}

/* Every atom of the profiles: which of them the two states understand differently. */
static struct law_atom_warnings differences(struct asked *a)
{
	CyRequest *request = cy_arena_take(&a->arena, sizeof *request);
	CyMeasure *measure = cy_arena_take(&a->arena, sizeof *measure);
	CyMeasure **measures = cy_arena_take(&a->arena, sizeof(CyMeasure *));
	CyLegalBasis *basis = cy_arena_take(&a->arena, sizeof *basis);
	const struct law_profile *p = a->profile;

	cy_request__init(request);
	cy_measure__init(measure);
	cy_legal_basis__init(basis);
	basis->instrument = (char *)p->id;
	basis->version = (char *)p->version;
	request->requesting_state = (char *)a->from;
	request->requested_state = (char *)a->to;
	request->legal_basis = basis;
	list_atoms(a, measure);
	measures[0] = measure;
	request->measures = measures;
	request->n_measures = 1;
	return law_atom_warnings(request, &a->legal_data, &a->between, &a->arena);
}

/* Then nothing that is written under it is complete. */
static void not_in_force(struct asked *a, struct form *form, const char *why)
{
	struct form_fault *fault = cy_arena_take(&a->arena, sizeof *fault);

	*fault = (struct form_fault){ .path = form_find(form, "content.request.legal_basis") != NULL
						      ? "content.request.legal_basis.instrument"
						      : "",
				      .label = "",
				      .text = cy_arena_string(&a->arena, why),
				      .article = a->profile->citation };
	form->faults = fault;
	form->n_faults = 1;
}

static int make(struct asked *a, struct cy_buf *page)
{
	const struct form_ask ask = { .words = a->words.words,
				      .layout = &a->words.layout,
				      .legal_data = &a->legal_data,
				      .profile = a->profile,
				      .between = a->between,
				      .kind = a->measures.kind,
				      .n_measures = a->measures.n,
				      .measures = a->measures.types };
	struct cy_error e = { 0 }, doubt = { 0 };
	const char *notes[NOTES_MAX];
	size_t n = 0;
	struct form *form;

	CY_ASSERT(form_make(&ask, &a->arena, &form) == CY_OK);
	form->atoms = differences(a);
	if (!law_in_force(a->profile, a->from, a->to, a->between.day, &e))
		not_in_force(a, form, e.text);
	else if (!law_bond_told(a->profile, a->from, a->to, &doubt))
		notes[n++] = doubt.text;
	if (form_page(form, &ask.words, a->draft != NULL ? (const char *)a->text.data : NULL, notes, n, page) != CY_OK)
		return ctl_fail(CTL_BAD_FILE, "the page is longer than %u bytes", PAGE_MAX);
	return CTL_DONE;
}

static int put(struct asked *a, const struct cy_buf *page)
{
	const int r = a->output != NULL ? file_may_replace(a->output, "--output") : CTL_DONE;

	if (r != CTL_DONE)
		return r;
	if (a->output != NULL)
		return file_replace(a->output, "--output", cy_buf_view(page));
	fwrite(page->data, 1, page->len, stdout);
	return CTL_DONE;
}

static int write_form(struct asked *a, const char *const *words, size_t n)
{
	struct cy_buf page = CY_BUF(PAGE_MAX);
	int r = ctl_state("form", "from", a->from);

	if (r == CTL_DONE)
		r = ctl_state("form", "to", a->to);
	if (r == CTL_DONE && strcmp(a->from, a->to) == 0)
		r = ctl_usage("form", "--from and --to are both %s; a request goes from one state to another", a->from);
	if (r == CTL_DONE)
		r = treaties_load(a->dir, &a->treaties);
	if (r != CTL_DONE)
		return r;
	a->legal_data = (struct law_data){ .n_profiles = a->treaties.n, .profiles = a->treaties.list };
	a->profile = treaties_find(&a->treaties, a->instrument, "");
	if (a->profile == NULL)
		return CTL_NOT_FOUND;
	a->between = (struct law_between){ a->from, a->to, treaties_today() };
	r = treaties_ask("form", a->profile, words, n, &a->measures);
	if (r == CTL_DONE)
		r = words_load("form", a->language, &a->words);
	if (r == CTL_DONE)
		r = read_draft(a);
	if (r == CTL_DONE)
		r = make(a, &page);
	if (r == CTL_DONE)
		r = put(a, &page);
	cy_buf_free(&page);
	return r;
}

static int run(struct ctl *ctl, int argc, char **argv)
{
	struct asked *a = calloc(1, sizeof *a);
	const struct ctl_option options[] = {
		{ .name = "from", .value = &a->from },         { .name = "to", .value = &a->to },
		{ .name = "language", .value = &a->language }, { .name = "draft", .value = &a->draft },
		{ .name = "treaties", .value = &a->dir },      { .name = "output", .value = &a->output, .letter = 'o' }
	};
	const char *words[1 + CY_MEASURES_MAX];
	size_t n = 0;
	int r;

	CY_ASSERT(a != NULL);
	r = ctl_parse(ctl, &ctl_form, argc, argv, options, sizeof options / sizeof options[0], words, 2,
		      sizeof words / sizeof words[0], &n);
	if (r == CTL_DONE && (a->from == NULL || a->to == NULL))
		r = ctl_usage("form",
			      "it requires --from STATE, the state that asks, and --to STATE, the state that is asked");
	if (r == CTL_DONE) {
		a->instrument = words[0];
		r = write_form(a, words + 1, n - 1);
	}
	cy_buf_free(&a->text);
	cy_arena_free(&a->arena);
	cy_arena_free(&a->words.arena);
	cy_arena_free(&a->treaties.arena);
	free(a);
	return r;
}

const struct ctl_command ctl_form = { "form", "write a form that is filled in with a browser", help, run, NULL };
