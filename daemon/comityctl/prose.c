#include "comityctl/prose.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "comityctl/out.h"

#define LINES_MAX (64u * 1024u * 1024u)

struct prose {
	const struct form_words *words;
	bool marked; /* something stands in place of characters that are not shown */
	struct cy_arena arena;
};

/* `  Label: value`, folded beside the value's indent; the lines of a longer text stand below the label. */
static void put(struct prose *p, size_t indent, const char *label, const char *text)
{
	struct cy_buf b = CY_BUF(LINES_MAX);
	const bool lines = strchr(text, '\n') != NULL;
	const char *line = form_fill(p->words, &p->arena, text[0] && !lines ? "{label}: {text}" : "{label}:", "label",
				     label, "text", text);

	CY_ASSERT(cy_buf_addf(&b, "%*s%s", (int)indent, "", line) == CY_OK);
	out_line(cy_buf_view(&b), indent + 2);
	cy_buf_free(&b);
	while (lines && *text) {
		const size_t n = strcspn(text, "\n");

		CY_ASSERT(cy_buf_addf(&b, "%*s%.*s", (int)indent + 2, "", (int)n, text) == CY_OK);
		out_line(cy_buf_view(&b), indent + 2);
		cy_buf_free(&b);
		text += n + (text[n] == '\n');
	}
}

static void put_values(struct prose *p, const struct form_field *f, size_t indent)
{
	const char **texts = cy_arena_take(&p->arena, f->n_items * sizeof *texts);
	bool lines = false;

	for (size_t i = 0; i < f->n_items; i++) {
		texts[i] = f->items[i].text;
		lines |= strchr(texts[i], '\n') != NULL || f->control == FORM_TEXT;
		p->marked |= f->items[i].marked;
	}
	if (!f->list)
		put(p, indent, f->label, texts[0]);
	else if (!lines)
		put(p, indent, f->label, form_list(p->words, &p->arena, f->n_items, texts));
	else
		for (size_t i = 0; i < f->n_items; i++) {
			char label[280];

			snprintf(label, sizeof label, "%.240s %zu", f->element, i + 1);
			put(p, indent, label, texts[i]);
		}
}

static void put_fields(struct prose *p, const struct form_field *list, size_t n, size_t indent)
{
	for (size_t i = 0; i < n; i++) {
		const struct form_field *f = &list[i];

		if (!f->n_items)
			continue;
		if (!f->n_fields) {
			put_values(p, f, indent);
			continue;
		}
		for (size_t k = 0; k < f->n_items; k++) {
			char label[280];

			if (f->list)
				snprintf(label, sizeof label, "%.240s %zu", f->element, k + 1);
			else
				snprintf(label, sizeof label, "%.240s", f->label);
			put(p, indent, label, "");
			put_fields(p, f->items[k].fields, f->items[k].n_fields, indent + 2);
		}
	}
}

/* A section of one part, which has its name, is told without it. */
static void put_section(struct prose *p, const struct form_section *s)
{
	const struct form_field *f = s->fields;
	bool any = false;

	for (size_t i = 0; i < s->n_fields; i++)
		any |= s->fields[i].n_items > 0;
	if (!any)
		return;
	printf("\n%s\n", s->label);
	if (s->n_fields == 1 && f->n_fields && !f->list)
		put_fields(p, f->items[0].fields, f->items[0].n_fields, 2);
	else
		put_fields(p, f, s->n_fields, 2);
}

void prose_print(const struct form *f, const struct form_words *w)
{
	static const char *const shown[] = { "own_reference", "priority" };
	struct prose p = { .words = w };

	if (f->kind != 0)
		printf("\n%s\n", f->title);
	for (size_t i = 0; i < sizeof shown / sizeof shown[0]; i++) {
		const struct form_field *field = form_find(f, shown[i]);

		if (field != NULL && field->n_items)
			put_values(&p, field, 2);
	}
	for (size_t i = 0; i < f->n_sections; i++)
		if (strncmp(f->sections[i].fields[0].path, "content.", sizeof "content." - 1) == 0)
			put_section(&p, &f->sections[i]);
	if (p.marked)
		printf("\n%s\n",
		       form_say(w,
				"What is written \\u{...} or \\x.. stands for a character that would not be shown, or "
				"would turn the direction of writing."));
	if (f->kind == 0)
		printf("\n%s\n",
		       form_say(w, "What is said is of a kind that this program does not know: --raw writes the "
				   "signed bytes."));
	else if (f->n_unknown)
		printf("\n%s\n", form_fill(w, &p.arena,
					   "Fields of a later version of the schema, which this program cannot show: "
					   "{n}. --raw writes "
					   "the signed bytes.",
					   "n", form_number(w, &p.arena, f->n_unknown)));
	cy_arena_free(&p.arena);
}
