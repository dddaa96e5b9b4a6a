#include "letter/pdf.h"

#include <cairo-pdf.h>
#include <string.h>

#include "base/time.h"
#include "letter/catalog.h"
#include "letter/sheet.h"

#define INDENT      14.0
#define LABEL_WIDTH 140.0
#define COLUMN_GAP  10.0
#define SIGN_HEIGHT 150.0
#define SEAL_WIDTH  130.0

static void one(struct sheet *s, enum sheet_style style, double indent, const char *text, const char *note,
		const char *language)
{
	struct sheet_cell c = sheet_cell(s, style, indent, SHEET_ROOM - indent, text, note, language);

	sheet_row(s, NULL, &c, 1);
}

static void letterhead(struct sheet *s)
{
	const struct letter *l = s->l;

	if (l->office != NULL && l->office[0])
		one(s, SHEET_OFFICE, 0, l->office, NULL, NULL);
	for (size_t i = 0; i < l->n_lines; i++)
		one(s, SHEET_LINE, 0, l->lines[i], NULL, NULL);
	if (s->fresh)
		return;
	sheet_space(s, 6);
	sheet_rule(s, 0, s->y, SHEET_ROOM, 0);
	sheet_space(s, 14);
}

static void heading(struct sheet *s, const struct letter_block *b)
{
	static const enum sheet_style style[] = { SHEET_H1, SHEET_H1, SHEET_H2, SHEET_H3 };
	static const double before[] = { 0, 16, 10, 6 }, after[] = { 0, 5, 3, 2 };

	/* Never alone at the end of a page. */
	sheet_need(s, before[b->level] + (b->level == 1 ? 110 : 70));
	sheet_space(s, before[b->level]);
	sheet_outline(s, b->level, b->text);
	one(s, style[b->level], b->level == 3 ? INDENT : 0, b->text, b->note, NULL);
	if (b->level == 1)
		sheet_rule(s, 0, s->y + 1, SHEET_ROOM, 0.5);
	sheet_space(s, after[b->level]);
}

static void field(struct sheet *s, const struct letter_block *b)
{
	const double indent = INDENT * b->level, at = LABEL_WIDTH + COLUMN_GAP;
	struct sheet_cell cells[] = {
		sheet_cell(s, SHEET_LABEL, indent, LABEL_WIDTH - indent, b->label, b->note, NULL),
		sheet_cell(s, b->exact ? SHEET_EXACT : SHEET_VALUE, at, SHEET_ROOM - at, b->text, NULL,
			   b->foreign ? s->l->content : NULL),
	};

	sheet_row(s, "LI", cells, 2);
	sheet_space(s, 4);
}

static void columns(struct sheet *s, const struct letter_table *t, enum sheet_style style, double indent,
		    const char *const *texts, struct sheet_cell *out)
{
	double x = indent;
	unsigned all = 0;

	for (size_t i = 0; i < t->n_columns; i++)
		all += t->share[i];
	for (size_t i = 0; i < t->n_columns; i++) {
		const double width = (SHEET_ROOM - indent) * t->share[i] / all;

		out[i] = sheet_cell(s, style, x, width - (i + 1 < t->n_columns ? COLUMN_GAP : 0), texts[i], NULL, NULL);
		x += width;
	}
}

static void table(struct sheet *s, const struct letter_block *b)
{
	const struct letter_table *t = b->table;
	struct sheet_cell heads[LETTER_COLUMNS_MAX], cells[LETTER_COLUMNS_MAX];
	const double indent = INDENT * b->level;

	sheet_need(s, 60);
	sheet_open(s, "Table");
	columns(s, t, SHEET_HEAD, indent, t->heads, heads);
	sheet_heads(s, heads, t->n_columns);
	for (size_t i = 0; i < t->n_rows; i++) {
		columns(s, t, SHEET_CELL, indent, t->cells + i * t->n_columns, cells);
		sheet_row(s, "TR", cells, t->n_columns);
		sheet_space(s, 3);
	}
	sheet_heads(s, NULL, 0);
	for (size_t i = 0; i < t->n_columns; i++)
		sheet_cell_free(&heads[i]);
	sheet_close(s);
	sheet_space(s, 5);
}

/* Lines to write on at the left, the place of the seal at the right. */
static void signature(struct sheet *s)
{
	const double wide = SHEET_ROOM - SEAL_WIDTH - 30;
	const char *places[LETTER_SIGNATURE_PLACES];
	double y;

	letter_places(s->l, places);
	sheet_need(s, SIGN_HEIGHT);
	y = s->y + 34;
	for (size_t i = 0; i < 3; i++, y += 42) {
		sheet_rule(s, s->rtl ? SHEET_ROOM - wide : 0, y, wide, 0.3);
		sheet_put(s, sheet_cell(s, SHEET_LINE, 0, wide, places[i], NULL, NULL), y + 3, "P");
	}
	sheet_frame(s, s->rtl ? 0 : SHEET_ROOM - SEAL_WIDTH, s->y + 6, SEAL_WIDTH, SIGN_HEIGHT - 20);
	sheet_put(s, sheet_cell(s, SHEET_LINE, SHEET_ROOM - SEAL_WIDTH + 6, SEAL_WIDTH - 12, places[3], NULL, NULL),
		  s->y + 10, "P");
	s->y += SIGN_HEIGHT;
	s->fresh = false;
}

static void block(struct sheet *s, const struct letter_block *b)
{
	const double indent = INDENT * b->level;
	const char *content = b->foreign ? s->l->content : NULL;

	switch (b->kind) {
	case LETTER_TITLE:
		sheet_space(s, 8);
		one(s, SHEET_TITLE, 0, b->text, NULL, NULL);
		sheet_space(s, 8);
		return;
	case LETTER_HEADING:
		heading(s, b);
		return;
	case LETTER_FIELD:
		field(s, b);
		return;
	case LETTER_TEXT:
		one(s, SHEET_TEXT, indent, b->text, NULL, content);
		sheet_space(s, 6);
		return;
	case LETTER_NOTE:
		sheet_space(s, 3);
		one(s, SHEET_NOTE, indent, b->text, NULL, content);
		sheet_space(s, 5);
		return;
	case LETTER_CODE:
		one(s, SHEET_CODE, indent, b->text, NULL, NULL);
		sheet_space(s, 6);
		return;
	case LETTER_TABLE:
		table(s, b);
		return;
	case LETTER_SIGNATURE:
		signature(s);
		return;
	case LETTER_PAGE:
		if (!s->fresh)
			sheet_page(s);
		return;
	}
}

/* Fields that follow each other are one list. */
static unsigned set(struct sheet *s)
{
	unsigned before = 0;
	bool list = false;

	sheet_begin(s);
	letterhead(s);
	for (const struct letter_block *b = s->l->first; b != NULL && s->r == CY_OK; b = b->next) {
		const bool field = b->kind == LETTER_FIELD;

		if (list && !field)
			sheet_close(s);
		else if (!list && field)
			sheet_open(s, "L");
		list = field;
		/* What was within another part is over. */
		if (field && before > b->level)
			sheet_space(s, 6);
		before = field || b->kind == LETTER_TABLE ? b->level : 0;
		block(s, b);
	}
	if (list)
		sheet_close(s);
	sheet_end(s);
	return s->page;
}

static cairo_status_t write_out(void *closure, const unsigned char *data, unsigned len)
{
	struct cy_buf *out = closure;

	return cy_buf_add(out, data, len) == CY_OK ? CAIRO_STATUS_SUCCESS : CAIRO_STATUS_WRITE_ERROR;
}

static void describe(cairo_surface_t *surface, const struct letter *l)
{
	cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_TITLE, l->title);
	cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_AUTHOR, l->author);
	cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_SUBJECT, l->subject);
	cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_KEYWORDS, l->reference);
	cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_CREATOR, "Comity " COMITY_VERSION);
	if (l->at_ms != 0) {
		char at[CY_RFC3339_SIZE];

		/* Whole seconds. */
		cy_rfc3339((struct cy_wall){ .ms = l->at_ms - l->at_ms % 1000 }, at);
		memcpy(at + strcspn(at, ".Z"), "Z", 2);
		cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_CREATE_DATE, at);
	}
}

/* Set it once more, on paper. */
static int draw(struct sheet *s, struct cy_buf *out, struct cy_error *e)
{
	cairo_status_t status;
	int r;

	s->surface = cairo_pdf_surface_create_for_stream(write_out, out, SHEET_WIDTH, SHEET_HEIGHT);
	describe(s->surface, s->l);
	s->cr = cairo_create(s->surface);
	set(s);
	status = cairo_status(s->cr);
	cairo_surface_finish(s->surface);
	if (status == CAIRO_STATUS_SUCCESS)
		status = cairo_surface_status(s->surface);
	cairo_destroy(s->cr);
	cairo_surface_destroy(s->surface);
	if (status != CAIRO_STATUS_SUCCESS)
		return cy_fail(e, status == CAIRO_STATUS_WRITE_ERROR ? CY_ELIMIT : CY_EIO,
			       "the letter cannot be written as PDF: %s", cairo_status_to_string(status));
	r = catalog_say(out, s->l->words.language);
	return r == CY_EPARSE ? CY_OK : r;
}

int letter_pdf(const struct letter *l, struct cy_buf *out, unsigned *ret_pages, struct cy_error *e)
{
	struct sheet s = { .l = l, .rtl = letter_rtl(l->words.language), .e = e, .context = sheet_context(l) };

	s.pages = set(&s);
	if (s.r == CY_OK)
		s.r = draw(&s, out, e);
	g_object_unref(s.context);
	if (s.r == CY_OK && ret_pages != NULL)
		*ret_pages = s.pages;
	return s.r;
}
