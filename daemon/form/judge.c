/* What is wrong with a draft, at its fields. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/reflect.h"
#include "form/internal.h"
#include "law/kinds.h"
#include "law/plausible.h"
#include "law/warn.h"

struct judging {
	struct form_work *w;
	struct form_fault *list;
	size_t n, room;
	/* The faults of the content from this one on are against a version that the draft does not name. */
	const char *version; /* NULL: there are none */
	size_t version_from;
};

static struct form_fault *add(struct judging *j, const char *path, const char *text, const char *article)
{
	struct form_fault *f;

	if (j->n == j->room) {
		struct form_fault *more = cy_arena_take(j->w->arena, (j->room * 2 + 64) * sizeof *more);

		if (j->n)
			memcpy(more, j->list, j->n * sizeof *more);
		j->list = more;
		j->room = j->room * 2 + 64;
	}
	f = &j->list[j->n++];
	*f = (struct form_fault){ .path = path, .label = "", .text = text, .article = article };
	return f;
}

/* Is the field, or a part around it, one that could not be read? Then it counted as not given. */
static bool unread(const struct judging *j, const char *path)
{
	char known[FORM_PATH_MAX], given[FORM_PATH_MAX];

	cy_json_path(path, given, sizeof given);
	for (size_t i = 0; i < j->w->ask->n_unread; i++) {
		size_t len;

		cy_json_path(j->w->ask->unread[i].path, known, sizeof known);
		len = strlen(known);
		if (strncmp(given, known, len) == 0 && (given[len] == '\0' || given[len] == '.' || given[len] == '['))
			return true;
	}
	return false;
}

/* The fault in the language of the form. */
static const char *said(struct judging *j, const struct law_fault *f, size_t i, bool warning)
{
	const struct form_words *w = &j->w->ask->words;
	const char *text = cy_arena_string(j->w->arena, f->text);

	text = form_say_made(w, j->w->arena, text, &f->sentence);
	if (warning || j->version == NULL || i < j->version_from)
		return text;
	return form_fill(w, j->w->arena, "By version {version}, which is here: {fault}", "version", j->version, "fault",
			 text);
}

static void add_all(struct judging *j, const struct law_faults *faults, const char *around, bool warning)
{
	struct cy_arena *a = j->w->arena;

	for (size_t i = 0; i < faults->n; i++) {
		const struct law_fault *f = &faults->at[i];
		const char *path = f->field;

		if (strncmp(path, "submission.", 11) == 0)
			path += 11;
		path = form_text(a, "%s%s", around, path);
		if (!unread(j, path))
			add(j, path, said(j, f, i, warning), cy_arena_string(a, f->article))->warning = warning;
	}
	if (warning)
		j->w->form->more_warnings |= faults->more;
	else
		j->w->form->more_faults |= faults->more;
}

/* The instrument of a draft whose version of the profile is not at hand is held against the one that is. */
static void other_version(struct judging *j, const CyContent *content, struct law_faults *faults)
{
	const struct form_ask *ask = j->w->ask;
	const struct law_profile *p;
	CyContent copy = *content;
	CyRequest request;
	CyLegalBasis basis;
	size_t before = faults->n;

	if (content->kind_case != CY_CONTENT__KIND_REQUEST || content->request->legal_basis == NULL ||
	    ask->legal_data == NULL)
		return;
	request = *content->request;
	basis = *request.legal_basis;
	if (law_find_profile(ask->legal_data, basis.instrument, basis.version, ask->between.day) != NULL)
		return;
	p = law_find_profile(ask->legal_data, basis.instrument, "", ask->between.day);
	if (p == NULL || !basis.version[0])
		return;
	basis.version = (char *)p->version;
	request.legal_basis = &basis;
	copy.request = &request;
	law_treaty_check(&copy, ask->legal_data, &ask->between, faults);
	j->version = p->version;
	j->version_from = before;
}

static void judge_content(struct judging *j, const CyContent *content)
{
	const struct form_ask *ask = j->w->ask;
	struct law_faults *faults = cy_arena_take(j->w->arena, sizeof *faults);

	law_validate(content, faults);
	law_plausible(content, faults);
	if (ask->legal_data != NULL) {
		law_treaty_check(content, ask->legal_data, &ask->between, faults);
		other_version(j, content, faults);
	}
	add_all(j, faults, "content.", false);
	if (ask->legal_data == NULL)
		return;
	law_warnings(content, ask->legal_data, &ask->between, faults);
	add_all(j, faults, "content.", true);
	if (content->kind_case == CY_CONTENT__KIND_REQUEST)
		j->w->form->atoms = law_atom_warnings(content->request, ask->legal_data, &ask->between, j->w->arena);
}

static void judge_submission(struct judging *j, const CySubmission *s)
{
	struct law_faults *faults = cy_arena_take(j->w->arena, sizeof *faults);

	law_validate_submission(s, faults);
	add_all(j, faults, "", false);
	if (s->content != NULL && law_kind_opens((uint32_t)s->content->kind_case) && !cy_authority_valid(s->to) &&
	    !unread(j, "to"))
		add(j, "to",
		    form_say(&j->w->ask->words,
			     s->to[0] ? "An authority id has capital letters, digits and hyphens alone, such as IE."
				      : "The authority id of the addressee is mandatory."),
		    "");
}

/* ------------------------------------------------------------ at the fields */

static bool same_path(const char *a, const char *b)
{
	char x[FORM_PATH_MAX], y[FORM_PATH_MAX];

	cy_json_path(a, x, sizeof x);
	cy_json_path(b, y, sizeof y);
	return strcmp(x, y) == 0;
}

/* The field itself, or one value of its list. */
static bool is_of(const struct form_field *f, const char *path)
{
	const char *end = strrchr(path, '[');
	char around[FORM_PATH_MAX];

	if (same_path(f->path, path))
		return true;
	if (!f->list || f->n_fields || end == NULL || strchr(end, '.') != NULL)
		return false;
	snprintf(around, sizeof around, "%.*s", (int)(end - path), path);
	return same_path(f->path, around);
}

static const char *outer(const struct form_work *w, const char *label, const struct form_field *f, size_t place)
{
	const char *own = f->list && f->n_fields ? form_text(w->arena, "%s %zu", f->element, place + 1) : f->label;

	return label[0] ? form_text(w->arena, "%s › %s", label, own) : own;
}

static void attach(struct form_work *w, struct form_field *f, const char *around)
{
	struct form *form = w->form;
	const struct form_fault **own = NULL;
	const char *label = around[0] ? form_text(w->arena, "%s › %s", around, f->label) : f->label;

	for (size_t i = 0; i < form->n_faults; i++) {
		struct form_fault *fault = (struct form_fault *)&form->faults[i];

		if (!is_of(f, fault->path))
			continue;
		if (own == NULL)
			own = cy_arena_take(w->arena, form->n_faults * sizeof *own);
		own[f->n_faults++] = fault;
		fault->label = label;
		f->empty |= !fault->warning && !fault->unread && !form_filled(f);
	}
	f->faults = own;
	if (w->ask->message == NULL || !w->ask->judge)
		f->empty = f->need == FORM_MANDATORY && !form_filled(f);
	form->n_empty += f->empty;
	for (size_t i = 0; i < f->n_items; i++)
		for (size_t k = 0; k < f->items[i].n_fields; k++)
			attach(w, &f->items[i].fields[k], outer(w, around, f, i));
}

void form_judge(struct form_work *w)
{
	const struct form_ask *ask = w->ask;
	struct judging j = { .w = w };

	for (size_t i = 0; i < ask->n_unread; i++)
		add(&j, ask->unread[i].path, form_say(&ask->words, ask->unread[i].text), "")->unread = true;
	w->form->more_faults = ask->more_unread;
	if (ask->judge && ask->message != NULL) {
		const bool draft = ask->message->descriptor == &cy_submission__descriptor;
		const CyContent *content = draft ? ((const CySubmission *)ask->message)->content
						 : ((const CyMessage *)ask->message)->content;

		if (draft)
			judge_submission(&j, (const CySubmission *)ask->message);
		if (content != NULL)
			judge_content(&j, content);
	}
	w->form->faults = j.list;
	w->form->n_faults = j.n;
	for (size_t i = 0; i < w->form->n_sections; i++)
		for (size_t k = 0; k < w->form->sections[i].n_fields; k++)
			attach(w, &w->form->sections[i].fields[k], "");
}
