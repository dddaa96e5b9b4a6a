/* letter_tool: letters for a test in another language.
 *
 * letter_tool pdf|html reads a description in JSON from standard input and writes the letter to standard output:
 *
 *	{"language": "en", "content": "fr", "title": …, "author": …, "subject": …, "reference": …, "at_ms": …,
 *	 "office": …, "lines": […], "blocks": [["field", level, label, text, note, foreign], …]}
 *
 * The other blocks are ["title", text], ["heading", level, text, note], ["text"|"note"|"code", level, text],
 * ["table", level, [heads], [shares], [[cells], …]], ["signature"], ["unknown", number] (a message of which this many
 * fields are of a later schema) and ["page"]. Where it fails the sentence goes to standard error, and the exit code
 * is 1. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "letter/fill.h"
#include "letter/html.h"
#include "letter/pdf.h"

static const char *string_of(const json_t *b, size_t i)
{
	const char *text = json_string_value(json_array_get(b, i));

	return text != NULL ? text : "";
}

static unsigned number_of(const json_t *b, size_t i)
{
	return (unsigned)json_integer_value(json_array_get(b, i));
}

static void strings(const json_t *list, const char *out[static LETTER_COLUMNS_MAX])
{
	for (size_t i = 0; i < json_array_size(list) && i < LETTER_COLUMNS_MAX; i++)
		out[i] = string_of(list, i);
}

static void table(struct letter *l, const json_t *b)
{
	const json_t *rows = json_array_get(b, 4), *heads = json_array_get(b, 2);
	const char *texts[LETTER_COLUMNS_MAX];
	unsigned share[LETTER_COLUMNS_MAX];
	struct letter_table *t;

	strings(heads, texts);
	for (size_t i = 0; i < json_array_size(heads); i++)
		share[i] = number_of(json_array_get(b, 3), i);
	t = letter_table(l, number_of(b, 1), json_array_size(heads), texts, share);
	for (size_t i = 0; i < json_array_size(rows); i++) {
		strings(json_array_get(rows, i), texts);
		letter_row(l, t, texts);
	}
}

static void block(struct letter *l, const json_t *b)
{
	const char *kind = string_of(b, 0);

	if (strcmp(kind, "title") == 0)
		letter_title(l, string_of(b, 1));
	else if (strcmp(kind, "heading") == 0)
		letter_heading(l, number_of(b, 1), string_of(b, 2), string_of(b, 3));
	else if (strcmp(kind, "field") == 0)
		letter_field(l, number_of(b, 1), string_of(b, 2), string_of(b, 3), string_of(b, 4),
			     json_is_true(json_array_get(b, 5)));
	else if (strcmp(kind, "text") == 0)
		letter_paragraph(l, LETTER_TEXT, number_of(b, 1), string_of(b, 2));
	else if (strcmp(kind, "note") == 0)
		letter_paragraph(l, LETTER_NOTE, number_of(b, 1), string_of(b, 2));
	else if (strcmp(kind, "code") == 0)
		letter_paragraph(l, LETTER_CODE, number_of(b, 1), string_of(b, 2));
	else if (strcmp(kind, "table") == 0)
		table(l, b);
	else if (strcmp(kind, "signature") == 0)
		letter_signature(l);
	else if (strcmp(kind, "unknown") == 0)
		letter_content(l, &(struct form){ .title = "", .n_unknown = number_of(b, 1) }, 1);
	else
		letter_page(l);
}

static const char *value_of(struct letter *l, const json_t *root, const char *name)
{
	return letter_text(l, json_string_value(json_object_get(root, name)));
}

static void build(struct letter *l, const json_t *root)
{
	const char *language = json_string_value(json_object_get(root, "language"));
	const json_t *lines = json_object_get(root, "lines"), *blocks = json_object_get(root, "blocks");

	letter_begin(l, &(struct form_words){ .language = language != NULL ? language : "en" });
	l->content = value_of(l, root, "content");
	l->title = value_of(l, root, "title");
	l->author = value_of(l, root, "author");
	l->subject = value_of(l, root, "subject");
	l->reference = value_of(l, root, "reference");
	l->office = value_of(l, root, "office");
	l->at_ms = json_integer_value(json_object_get(root, "at_ms"));
	for (size_t i = 0; i < json_array_size(lines); i++)
		letter_line(l, string_of(lines, i));
	for (size_t i = 0; i < json_array_size(blocks); i++)
		block(l, json_array_get(blocks, i));
}

int main(int argc, char **argv)
{
	json_t *root = json_loadf(stdin, JSON_ALLOW_NUL, NULL);
	const bool pdf = argc > 1 && strcmp(argv[1], "pdf") == 0;
	struct cy_buf out = CY_BUF(CY_LETTER_MAX);
	struct cy_error e = { 0 };
	struct letter l;
	int r;

	build(&l, root);
	r = pdf ? letter_pdf(&l, &out, NULL, &e) : letter_html(&l, &out);
	if (r == CY_OK)
		fwrite(out.data, 1, out.len, stdout);
	else
		fprintf(stderr, "%s\n", e.text);
	cy_buf_free(&out);
	letter_free(&l);
	json_decref(root);
	return r != CY_OK;
}
