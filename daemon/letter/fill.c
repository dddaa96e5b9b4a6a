#include "letter/fill.h"

#include <string.h>

#include "base/limits.h"

#define TABLE_CELL   48u /* bytes: what is longer has no place in a table */
#define SHARE_LEAST  8u
#define NOTE_MAX     4096u
#define LABELS_MAX   64u
#define LIST_MAX     16u
#define LIST_ITEM    24u /* bytes */
#define FULLY_FILLED LETTER_COLUMNS_MAX

static const char *text_of(struct letter *l, struct cy_buf *b)
{
	const char *text = cy_arena_string(&l->arena, b->data != NULL ? (const char *)b->data : "");

	cy_buf_free(b);
	return text;
}

/* A note that grows too long is cut: it stands beside a label. */
static void more(struct cy_buf *b, const char *between, const char *text)
{
	(void)cy_buf_addf(b, "%s%s", b->len ? between : "", text);
}

/* ---------------------------------------------------------------- articles */

static bool said_before(const struct form_field *f, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(f->guides[i].article, f->guides[n].article) == 0)
			return true;
	return false;
}

const char *letter_article(struct letter *l, const char *text)
{
	return text[0] >= '0' && text[0] <= '9' ? form_fill(&l->words, &l->arena, "Article {n}", "n", text, NULL)
						: form_say(&l->words, text);
}

/* The articles that the instrument has for the field, once each; a star: not verified. */
static const char *note_of(struct letter *l, const struct form_field *f)
{
	struct cy_buf b = CY_BUF(NOTE_MAX), one = CY_BUF(NOTE_MAX);

	for (size_t i = 0; i < f->n_guides; i++) {
		const struct form_guide *g = &f->guides[i];

		if (g->article[0] == '\0' || said_before(f, i))
			continue;
		one.len = 0;
		(void)cy_buf_addf(&one, "%s%s", letter_article(l, g->article), g->verified ? "" : "*");
		more(&b, "; ", (const char *)one.data);
	}
	cy_buf_free(&one);
	return text_of(l, &b);
}

static bool unverified(const struct form_field *fields, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct form_field *f = &fields[i];

		for (size_t g = 0; g < f->n_guides; g++)
			if (f->guides[g].article[0] && !f->guides[g].verified)
				return true;
		if (unverified(f->fields, f->n_fields))
			return true;
	}
	return false;
}

/* ------------------------------------------------------------------ values */

/* Is it in the words of whoever wrote it, and not in those of the letter? */
static bool foreign(const struct form_field *f)
{
	return f->control == FORM_LINE || f->control == FORM_TEXT;
}

static bool is_part(const struct form_field *f)
{
	return f->control == FORM_PART || f->control == FORM_FILE;
}

/* A few short ones. */
static const char *in_a_line(struct letter *l, const struct form_field *f)
{
	const char *texts[LIST_MAX];

	if (f->n_items > LIST_MAX || f->control == FORM_TEXT)
		return NULL;
	for (size_t i = 0; i < f->n_items; i++) {
		texts[i] = f->items[i].text;
		if (strlen(texts[i]) > LIST_ITEM || strchr(texts[i], '\n') != NULL)
			return NULL;
	}
	return form_list(&l->words, &l->arena, f->n_items, texts);
}

/* Those of a list stand below each other, texts with a number. */
static const char *value_of(struct letter *l, const struct form_field *f)
{
	struct cy_buf b = CY_BUF(CY_LETTER_MAX);
	const char *line = in_a_line(l, f);

	if (f->n_items == 1 || line != NULL)
		return f->n_items == 1 ? f->items[0].text : line;
	for (size_t i = 0; i < f->n_items; i++) {
		CY_ASSERT(b.len == 0 || cy_buf_add(&b, "\n", 1) == CY_OK);
		CY_ASSERT((f->control != FORM_TEXT || cy_buf_addf(&b, "%zu. ", i + 1) == CY_OK) &&
			  cy_buf_add(&b, f->items[i].text, strlen(f->items[i].text)) == CY_OK);
	}
	return text_of(l, &b);
}

static void value(struct letter *l, const struct form_field *f, unsigned depth)
{
	if (f->control == FORM_BYTES)
		letter_exact(l, depth, f->label, value_of(l, f), note_of(l, f));
	else
		letter_field(l, depth, f->label, value_of(l, f), note_of(l, f), foreign(f));
}

static void missing(struct letter *l, const struct form_field *f, unsigned depth)
{
	letter_field(l, depth, f->label, form_say(&l->words, "Missing: this is mandatory, and was not filled in."),
		     note_of(l, f), false);
}

/* Does another field do for it that is filled in, or the other way round? */
static bool done_for(const struct form_field *fields, size_t n, const struct form_field *f)
{
	for (size_t i = 0; i < n; i++) {
		const struct form_field *other = &fields[i];

		if (form_filled(other) && (strcmp(f->instead, strchr(other->key, '.') + 1) == 0 ||
					   strcmp(other->instead, strchr(f->key, '.') + 1) == 0))
			return true;
	}
	return false;
}

static bool worth_telling(const struct form_field *fields, size_t n, const struct form_field *f)
{
	return !f->empty && f->need != FORM_NOT_HERE && f->control != FORM_SWITCH && !form_filled(f) &&
	       form_shown(f, fields, n) && !done_for(fields, n, f);
}

/* Which fields of a part have nothing in them, and might have. */
static void not_stated(struct letter *l, const struct form_field *fields, size_t n, unsigned depth)
{
	const char *labels[LABELS_MAX], *list;
	size_t found = 0;

	for (size_t i = 0; i < n && found < LABELS_MAX; i++)
		if (worth_telling(fields, n, &fields[i]))
			labels[found++] = fields[i].label;
	if (!found)
		return;
	list = form_list(&l->words, &l->arena, found, labels);
	letter_paragraph(l, LETTER_NOTE, depth,
			 n == 1 ? form_say(&l->words, "None.")
				: form_fill(&l->words, &l->arena, "Not stated: {fields}.", "fields", list, NULL));
}

/* ------------------------------------------------------------------- tables */

static bool short_text(const char *text)
{
	return strlen(text) <= TABLE_CELL && strchr(text, '\n') == NULL;
}

/* The columns of the list, if it is a table: parts with a few short values each. 0: it is none. */
static size_t table_columns(const struct form_field *f, size_t out[static LETTER_COLUMNS_MAX])
{
	size_t n = 0;

	for (size_t k = 0; k < f->n_fields; k++) {
		bool filled = false;

		for (size_t i = 0; i < f->n_items; i++) {
			const struct form_field *in = &f->items[i].fields[k];

			if (in->empty ||
			    (form_filled(in) && (in->list || is_part(in) || !short_text(in->items[0].text))))
				return 0;
			filled |= form_filled(in);
		}
		if (filled && n == FULLY_FILLED)
			return 0;
		if (filled)
			out[n++] = k;
	}
	return f->list && f->control == FORM_PART ? n : 0;
}

static const char *head_of(struct letter *l, const struct form_field *f)
{
	const char *note = note_of(l, f);
	struct cy_buf b = CY_BUF(NOTE_MAX + 1024);

	(void)cy_buf_addf(&b, "%s%s%s", f->label, note[0] ? "\n" : "", note);
	return text_of(l, &b);
}

static void table(struct letter *l, const struct form_field *f, const size_t *columns, size_t n, unsigned depth)
{
	const char *texts[LETTER_COLUMNS_MAX];
	unsigned share[LETTER_COLUMNS_MAX];
	struct letter_table *t;

	for (size_t c = 0; c < n; c++) {
		share[c] = SHARE_LEAST;
		texts[c] = head_of(l, &f->items[0].fields[columns[c]]);
		for (size_t i = 0; i < f->n_items; i++) {
			const struct form_field *in = &f->items[i].fields[columns[c]];
			const size_t len = in->n_items ? strlen(in->items[0].text) : 0;

			share[c] = len > share[c] ? (unsigned)len : share[c];
		}
	}
	t = letter_table(l, depth, n, texts, share);
	for (size_t i = 0; i < f->n_items; i++) {
		for (size_t c = 0; c < n; c++) {
			const struct form_field *in = &f->items[i].fields[columns[c]];

			texts[c] = in->n_items ? in->items[0].text : "–";
		}
		letter_row(l, t, texts);
	}
}

/* ------------------------------------------------------------------- parts */

/* `whole`: they are those of the message itself, of which a "no" is told as well. */
static void fields(struct letter *l, const struct form_field *list, size_t n, unsigned level, unsigned depth,
		   bool whole);

static void head(struct letter *l, unsigned level, const char *text, const char *note)
{
	letter_heading(l, level > 3 ? 3 : level, text, note);
}

static void parts(struct letter *l, const struct form_field *f, unsigned level, unsigned depth)
{
	size_t columns[LETTER_COLUMNS_MAX];
	const size_t n = table_columns(f, columns);
	const char *note = note_of(l, f);

	if (n > 1) {
		head(l, level, f->label, note);
		table(l, f, columns, n, depth);
		return;
	}
	for (size_t i = 0; i < f->n_items; i++) {
		const struct form_item *item = &f->items[i];
		const char *label = f->element;

		if (f->n_items > 1)
			label = form_fill(&l->words, &l->arena, "{field} {n}", "field", label, "n",
					  form_number(&l->words, &l->arena, i + 1), NULL);
		head(l, level, label, i == 0 ? note : "");
		fields(l, item->fields, item->n_fields, level + 1, depth, false);
	}
}

static void fields(struct letter *l, const struct form_field *list, size_t n, unsigned level, unsigned depth,
		   bool whole)
{
	for (size_t i = 0; i < n; i++) {
		const struct form_field *f = &list[i];

		if (f->empty && !form_filled(f))
			missing(l, f, depth);
		else if (form_filled(f) && is_part(f))
			parts(l, f, level, level > 2 ? depth + 1 : depth);
		else if (form_filled(f))
			value(l, f, depth);
		else if (whole && f->control == FORM_SWITCH)
			letter_field(l, depth, f->label, form_say(&l->words, "no"), note_of(l, f), false);
	}
}

/* A section of one part is that part; one that is called as the letter is needs no heading. */
static void section(struct letter *l, const struct form_section *s, const char *title, unsigned level)
{
	const bool named = strcmp(s->label, title) != 0;
	const struct form_field *only = s->n_fields == 1 ? s->fields : NULL;

	if (only != NULL && (!is_part(only) || only->list || !form_filled(only)))
		only = NULL;
	if (named)
		letter_heading(l, level, s->label, only != NULL ? note_of(l, only) : "");
	if (only != NULL) {
		fields(l, only->items[0].fields, only->items[0].n_fields, level + 1, 0, false);
		not_stated(l, only->items[0].fields, only->items[0].n_fields, 0);
	} else {
		fields(l, s->fields, s->n_fields, level + 1, 0, true);
		not_stated(l, s->fields, s->n_fields, 0);
	}
}

static bool around(const struct form_section *s)
{
	return strcmp(s->name, "message") == 0 || strcmp(s->name, "technical") == 0;
}

void letter_content(struct letter *l, const struct form *f, unsigned level)
{
	CY_ASSERT(level >= 1 && level <= 2);
	for (size_t i = 0; i < f->n_sections; i++)
		if (!around(&f->sections[i]))
			section(l, &f->sections[i], f->title, level);
	if (f->n_unknown)
		letter_paragraph(l, LETTER_NOTE, 0,
				 form_fill(&l->words, &l->arena,
					   "Not shown: {n} fields of a later version of the schema, which this program "
					   "does not know.",
					   "n", form_number(&l->words, &l->arena, f->n_unknown), NULL));
}

void letter_envelope(struct letter *l, const struct form *f, unsigned level)
{
	CY_ASSERT(level >= 1 && level <= 2);
	for (size_t i = 0; i < f->n_sections; i++) {
		const struct form_section *s = &f->sections[i];

		if (!around(s))
			continue;
		letter_heading(l, level, s->label, "");
		fields(l, s->fields, s->n_fields, level + 1, 0, true);
	}
}

void letter_caveats(struct letter *l, const struct form *const *forms, size_t n)
{
	bool star = false, words = false;

	for (size_t i = 0; i < n; i++) {
		words |= !forms[i]->reviewed;
		for (size_t s = 0; s < forms[i]->n_sections; s++)
			star |= unverified(forms[i]->sections[s].fields, forms[i]->sections[s].n_fields);
	}
	if (star)
		letter_paragraph(l, LETTER_NOTE, 0,
				 form_say(&l->words, "* This article was not verified against the primary text."));
	if (words)
		letter_paragraph(l, LETTER_NOTE, 0,
				 form_say(&l->words,
					  "The labels and translations of this letter were not reviewed by a lawyer."));
}
