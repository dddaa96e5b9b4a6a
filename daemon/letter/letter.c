#include "letter/letter.h"

#include <string.h>
#include <unicode/uchar.h>

#include "base/harmless.h"
#include "base/limits.h"

void letter_begin(struct letter *l, const struct form_words *words)
{
	*l = (struct letter){
		.words = *words, .content = "", .title = "", .author = "", .subject = "", .reference = "", .office = ""
	};
}

/* No font can have it. */
static bool nameless(uint32_t c)
{
	const int8_t type = u_charType((UChar32)c);

	return type == U_UNASSIGNED || type == U_PRIVATE_USE_CHAR;
}

static int add_harmless(struct cy_buf *b, const char *text)
{
	const size_t len = strlen(text);
	const char *rest = text;
	int r = CY_OK;

	for (size_t i = 0, n; r == CY_OK && i < len; i += n) {
		uint32_t c = 0;

		n = cy_utf8_char((const uint8_t *)text + i, len - i, &c);
		if (n && nameless(c)) {
			r = cy_harmless(b, rest, (size_t)(text + i - rest), true, NULL);
			r = r == CY_OK ? cy_buf_addf(b, "\\u{%x}", (unsigned)c) : r;
			rest = text + i + n;
		}
		n = n ? n : 1;
	}
	return r == CY_OK ? cy_harmless(b, rest, (size_t)(text + len - rest), true, NULL) : r;
}

const char *letter_text(struct letter *l, const char *text)
{
	struct cy_buf b = CY_BUF(CY_LETTER_MAX);
	const char *copy;

	if (text == NULL || text[0] == '\0')
		return "";
	CY_ASSERT(add_harmless(&b, text) == CY_OK);
	copy = cy_arena_string(&l->arena, (const char *)b.data);
	cy_buf_free(&b);
	return copy;
}

void letter_line(struct letter *l, const char *text)
{
	struct cy_buf b = CY_BUF(CY_LETTER_MAX);

	if (text == NULL || text[0] == '\0')
		return;
	if (l->n_lines < LETTER_LINES_MAX) {
		l->lines[l->n_lines++] = letter_text(l, text);
		return;
	}
	CY_ASSERT(cy_buf_addf(&b, "%s\n", l->lines[l->n_lines - 1]) == CY_OK && add_harmless(&b, text) == CY_OK);
	l->lines[l->n_lines - 1] = cy_arena_string(&l->arena, (const char *)b.data);
	cy_buf_free(&b);
}

static struct letter_block *add(struct letter *l, enum letter_kind kind, unsigned level, const char *text)
{
	struct letter_block *b = cy_arena_take(&l->arena, sizeof *b);

	*b = (struct letter_block){
		.kind = kind, .level = level, .label = "", .text = letter_text(l, text), .note = ""
	};
	if (l->last != NULL)
		l->last->next = b;
	else
		l->first = b;
	l->last = b;
	return b;
}

void letter_title(struct letter *l, const char *text)
{
	add(l, LETTER_TITLE, 0, text);
}

void letter_heading(struct letter *l, unsigned level, const char *text, const char *note)
{
	CY_ASSERT(level >= 1 && level <= 3);
	add(l, LETTER_HEADING, level, text)->note = letter_text(l, note);
}

void letter_field(struct letter *l, unsigned level, const char *label, const char *text, const char *note, bool foreign)
{
	struct letter_block *b = add(l, LETTER_FIELD, level, text);

	b->label = letter_text(l, label);
	b->note = letter_text(l, note);
	b->foreign = foreign;
}

void letter_exact(struct letter *l, unsigned level, const char *label, const char *text, const char *note)
{
	letter_field(l, level, label, text, note, false);
	l->last->exact = true;
}

void letter_paragraph(struct letter *l, enum letter_kind kind, unsigned level, const char *text)
{
	CY_ASSERT(kind == LETTER_TEXT || kind == LETTER_NOTE || kind == LETTER_CODE);
	add(l, kind, level, text);
}

void letter_signature(struct letter *l)
{
	add(l, LETTER_SIGNATURE, 0, "");
}

void letter_page(struct letter *l)
{
	add(l, LETTER_PAGE, 0, "");
}

struct letter_table *letter_table(struct letter *l, unsigned level, size_t n_columns, const char *const *heads,
				  const unsigned *share)
{
	struct letter_table *t = cy_arena_take(&l->arena, sizeof *t);

	CY_ASSERT(n_columns >= 1 && n_columns <= LETTER_COLUMNS_MAX);
	t->n_columns = n_columns;
	for (size_t i = 0; i < n_columns; i++) {
		t->heads[i] = letter_text(l, heads[i]);
		t->share[i] = share[i];
	}
	add(l, LETTER_TABLE, level, "")->table = t;
	return t;
}

void letter_row(struct letter *l, struct letter_table *t, const char *const *cells)
{
	if (t->n_rows == t->room) {
		const char **more;

		t->room = t->room ? 2 * t->room : 8;
		more = cy_arena_take(&l->arena, t->room * t->n_columns * sizeof *more);
		if (t->n_rows)
			memcpy(more, t->cells, t->n_rows * t->n_columns * sizeof *more);
		t->cells = more;
	}
	for (size_t i = 0; i < t->n_columns; i++)
		t->cells[t->n_rows * t->n_columns + i] = letter_text(l, cells[i]);
	t->n_rows++;
}

void letter_places(const struct letter *l, const char *ret[static LETTER_SIGNATURE_PLACES])
{
	ret[0] = form_say(&l->words, "Place and date");
	ret[1] = form_say(&l->words, "Signature");
	ret[2] = form_say(&l->words, "Name and office");
	ret[3] = form_say(&l->words, "Seal");
}

bool letter_rtl(const char *language)
{
	static const char *const from_right[] = { "ar", "dv", "fa", "he", "ps", "sd", "ug", "ur", "yi" };

	for (size_t i = 0; i < sizeof from_right / sizeof from_right[0]; i++)
		if (strcmp(language, from_right[i]) == 0)
			return true;
	return false;
}

void letter_free(struct letter *l)
{
	cy_arena_free(&l->arena);
	*l = (struct letter){ 0 };
}
