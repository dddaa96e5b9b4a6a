#include "letter/sheet.h"

#include <cairo-pdf.h>
#include <stdio.h>
#include <string.h>

#include "letter/glyphs.h"

#define DOCUMENT     "Document"
#define NOTE_POINTS  7.5
#define WORD_MAX     8192 /* bytes */
#define WORD_PART    1024
#define FOOT_AT      (SHEET_HEIGHT - 50)
#define LINES_LEAST  3   /* of a long row, before a page ends */
#define WHOLE_POINTS 150 /* a row that is no higher is not broken */

static const struct style {
	const char *font;
	double points;
	bool bold;
	double grey;
	const char *tag;
} styles[] = {
#define SHEET_X(NAME, font, points, bold, grey, tag) { font, points, bold, grey, tag },
	SHEET_STYLES(SHEET_X)
#undef SHEET_X
};

/* ------------------------------------------------------------------ cells */

PangoContext *sheet_context(const struct letter *l)
{
	PangoContext *c = pango_font_map_create_context(pango_cairo_font_map_get_default());
	cairo_font_options_t *options = cairo_font_options_create();

	cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE);
	cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
	pango_cairo_context_set_font_options(c, options);
	pango_cairo_context_set_resolution(c, 72);
	pango_context_set_round_glyph_positions(c, FALSE);
	pango_context_set_language(c, pango_language_from_string(l->words.language));
	pango_context_set_base_dir(c, letter_rtl(l->words.language) ? PANGO_DIRECTION_RTL : PANGO_DIRECTION_LTR);
	cairo_font_options_destroy(options);
	return c;
}

static void attribute(PangoAttrList *list, PangoAttribute *a, size_t from, size_t to)
{
	a->start_index = (guint)from;
	a->end_index = (guint)to;
	pango_attr_list_insert(list, a);
}

/* The same characters of East Asia have other shapes in each of its languages. */
static const char *han(const char *language)
{
	return strcmp(language, "ja") == 0   ? "Noto Sans CJK JP"
	       : strcmp(language, "ko") == 0 ? "Noto Sans CJK KR"
					     : "Noto Sans CJK SC";
}

static void describe(PangoLayout *layout, const struct style *style, const char *language)
{
	PangoFontDescription *d = pango_font_description_new();
	char families[128];

	snprintf(families, sizeof families, "%s, Noto Serif Hebrew, Noto Naskh Arabic, %s", style->font, han(language));
	pango_font_description_set_family(d, families);
	pango_font_description_set_absolute_size(d, style->points * PANGO_SCALE);
	pango_font_description_set_weight(d, style->bold ? PANGO_WEIGHT_BOLD : PANGO_WEIGHT_NORMAL);
	pango_layout_set_font_description(layout, d);
	pango_font_description_free(d);
}

/* Pango looks at all of a word again for each line that it fills: one that is longer than a page gets places where it
 * may be broken (U+200B). To be freed with g_free(). */
static char *breakable(const char *text)
{
	GString *b = g_string_new(NULL);

	while (text[0]) {
		const size_t len = strcspn(text, " \t\n");
		size_t at = 0;

		while (len > WORD_MAX && len - at > WORD_PART) {
			size_t n = WORD_PART;

			while (n > 0 && ((unsigned char)text[at + n] & 0xc0) == 0x80)
				n--;
			g_string_append_len(b, text + at, (gssize)n);
			g_string_append(b, "\u200b");
			at += n;
		}
		g_string_append_len(b, text + at, (gssize)(len - at));
		text += len;
		g_string_append_len(b, text, (gssize)strspn(text, " \t\n"));
		text += strspn(text, " \t\n");
	}
	return g_string_free(b, FALSE);
}

/* The text with the note below it. */
static void say(PangoLayout *layout, const char *text, const char *note, const char *language)
{
	PangoAttrList *list = pango_attr_list_new();
	char *first = breakable(text), *both = note[0] ? g_strconcat(first, "\n", note, NULL) : g_strdup(first);
	const size_t len = strlen(first), all = strlen(both);

	pango_layout_set_text(layout, both, (int)all);
	attribute(list, pango_attr_size_new_absolute((int)(NOTE_POINTS * PANGO_SCALE)), len, all);
	attribute(list, pango_attr_weight_new(PANGO_WEIGHT_NORMAL), len, all);
	if (language[0])
		attribute(list, pango_attr_language_new(pango_language_from_string(language)), 0, len);
	/* One character of the file for each that was written: what reads or searches it is to find them. */
	attribute(list, pango_attr_font_features_new("liga 0, clig 0, dlig 0"), 0, all);
	/* Digests and addresses stand as they are. */
	attribute(list, pango_attr_insert_hyphens_new(FALSE), 0, all);
	pango_layout_set_attributes(layout, list);
	pango_attr_list_unref(list);
	g_free(both);
	g_free(first);
}

struct sheet_cell sheet_cell(struct sheet *s, enum sheet_style style, double x, double width, const char *text,
			     const char *note, const char *language)
{
	struct sheet_cell c = { .layout = pango_layout_new(s->context), .x = x, .width = width, .style = style };

	if (s->rtl)
		c.x = SHEET_ROOM - x - width;
	describe(c.layout, &styles[style], language != NULL ? language : s->l->words.language);
	pango_layout_set_width(c.layout, (int)(width * PANGO_SCALE));
	pango_layout_set_wrap(c.layout, PANGO_WRAP_WORD_CHAR);
	say(c.layout, text, note != NULL ? note : "", language != NULL ? language : "");
	if (s->r == CY_OK)
		s->r = glyphs_check(c.layout, s->e);
	return c;
}

void sheet_cell_free(struct sheet_cell *c)
{
	if (c->at != NULL)
		pango_layout_iter_free(c->at);
	if (c->layout != NULL)
		g_object_unref(c->layout);
	*c = (struct sheet_cell){ 0 };
}

double sheet_height(const struct sheet_cell *c)
{
	int height;

	pango_layout_get_size(c->layout, NULL, &height);
	return (double)height / PANGO_SCALE;
}

/* ------------------------------------------------------------------- tags */

static void begin(struct sheet *s, const char *tag)
{
	if (s->cr != NULL && tag != NULL)
		cairo_tag_begin(s->cr, tag, "");
}

static void end(struct sheet *s, const char *tag)
{
	if (s->cr != NULL && tag != NULL)
		cairo_tag_end(s->cr, tag);
}

void sheet_open(struct sheet *s, const char *tag)
{
	CY_ASSERT(s->n_open < SHEET_DEPTH);
	s->open[s->n_open++] = tag;
	begin(s, tag);
}

void sheet_close(struct sheet *s)
{
	CY_ASSERT(s->n_open > 0);
	end(s, s->open[--s->n_open]);
}

void sheet_outline(struct sheet *s, unsigned level, const char *text)
{
	char place[64];

	CY_ASSERT(level >= 1 && level <= 3);
	if (s->surface == NULL)
		return;
	/* Tenths by hand: the point of a locale is none of PDF. */
	snprintf(place, sizeof place, "page=%u pos=[%d %d]", s->page, (int)SHEET_LEFT, (int)s->y);
	s->outline[level] = cairo_pdf_surface_add_outline(s->surface, s->outline[level - 1], text, place, 0);
	for (unsigned below = level + 1; below < 4; below++)
		s->outline[below] = s->outline[level];
}

/* ------------------------------------------------------------------ pages */

static void foot(struct sheet *s)
{
	struct cy_arena a = { 0 };
	const struct form_words *w = &s->l->words;
	const char *text = form_fill(w, &a, "Page {n} of {all}", "n", form_number(w, &a, s->page), "all",
				     form_number(w, &a, s->pages), NULL);
	const double wide = SHEET_ROOM * 0.78;
	struct sheet_cell left = sheet_cell(s, SHEET_FOOT, 0, wide, s->l->reference, NULL, NULL);
	struct sheet_cell right = sheet_cell(s, SHEET_FOOT, wide, SHEET_ROOM - wide, text, NULL, NULL);

	/* One line: a reference that is longer stands whole on the first page. */
	pango_layout_set_height(left.layout, -1);
	pango_layout_set_ellipsize(left.layout, PANGO_ELLIPSIZE_END);
	pango_layout_set_alignment(right.layout, PANGO_ALIGN_RIGHT);
	sheet_rule(s, 0, FOOT_AT - 5, SHEET_ROOM, 0.6);
	sheet_put(s, left, FOOT_AT, "P");
	sheet_put(s, right, FOOT_AT, "P");
	cy_arena_free(&a);
}

static void draw_heads(struct sheet *s);

/* What is open is closed on the page, and opened anew on the next one: a mark of PDF ends with its page. */
static void leave(struct sheet *s, bool last)
{
	for (size_t i = s->n_open; i > 0; i--)
		end(s, s->open[i - 1]);
	foot(s);
	/* Cairo 1.18 begins another page for a mark that ends behind the last one. */
	if (last)
		end(s, DOCUMENT);
	if (s->cr != NULL)
		cairo_show_page(s->cr);
}

void sheet_page(struct sheet *s)
{
	leave(s, false);
	s->page++;
	s->y = SHEET_TOP;
	s->fresh = true;
	for (size_t i = 0; i < s->n_open; i++)
		begin(s, s->open[i]);
	if (s->n_heads > 0)
		draw_heads(s);
}

void sheet_begin(struct sheet *s)
{
	s->page = 1;
	s->y = SHEET_TOP;
	s->fresh = true;
	begin(s, DOCUMENT);
}

void sheet_end(struct sheet *s)
{
	leave(s, true);
}

static double left(const struct sheet *s)
{
	return SHEET_HEIGHT - SHEET_BOTTOM - s->y;
}

void sheet_need(struct sheet *s, double height)
{
	if (!s->fresh && left(s) < height)
		sheet_page(s);
}

void sheet_space(struct sheet *s, double height)
{
	if (!s->fresh)
		s->y += height;
}

/* ------------------------------------------------------------------- rows */

static void draw_line(struct sheet *s, const struct sheet_cell *c, const PangoRectangle *r, double y)
{
	const double grey = styles[c->style].grey;
	const int drop = pango_layout_iter_get_baseline(c->at) - r->y;

	cairo_set_source_rgb(s->cr, grey, grey, grey);
	cairo_move_to(s->cr, SHEET_LEFT + c->x + (double)r->x / PANGO_SCALE, y + (double)drop / PANGO_SCALE);
	pango_cairo_show_layout_line(s->cr, pango_layout_iter_get_line_readonly(c->at));
}

/* Set lines of the cell until the page is full; how high they are. On a page of its own a line is set however high it
 * is. */
static double fill(struct sheet *s, struct sheet_cell *c, const char *tag)
{
	const double room = left(s);
	double used = c->drop;
	bool any = false;

	c->drop = 0;
	begin(s, tag);
	while (c->at != NULL) {
		PangoRectangle r;
		double height;

		pango_layout_iter_get_line_extents(c->at, NULL, &r);
		height = (double)r.height / PANGO_SCALE;
		if (used + height > room && (any || !s->fresh))
			break;
		if (s->cr != NULL)
			draw_line(s, c, &r, s->y + used);
		used += height;
		any = true;
		if (!pango_layout_iter_next_line(c->at)) {
			pango_layout_iter_free(c->at);
			c->at = NULL;
		}
	}
	end(s, tag);
	return used;
}

/* A row goes over to the next page whole where it is short, or hardly begins on this one. */
static void make_room(struct sheet *s, const struct sheet_cell *cells, size_t n)
{
	double high = 0, line = 0;

	for (size_t i = 0; i < n; i++) {
		const double h = cells[i].drop + sheet_height(&cells[i]),
			     one = h / pango_layout_get_line_count(cells[i].layout);

		high = h > high ? h : high;
		line = one > line ? one : line;
	}
	sheet_need(s, high <= WHOLE_POINTS ? high : LINES_LEAST * line);
}

/* The first lines stand on one. */
static void align(struct sheet_cell *cells, size_t n)
{
	int lowest = 0;

	for (size_t i = 0; i < n; i++) {
		const int baseline = pango_layout_get_baseline(cells[i].layout);

		lowest = baseline > lowest ? baseline : lowest;
	}
	for (size_t i = 0; i < n; i++)
		cells[i].drop = (double)(lowest - pango_layout_get_baseline(cells[i].layout)) / PANGO_SCALE;
}

void sheet_row(struct sheet *s, const char *group, struct sheet_cell *cells, size_t n)
{
	bool more = true;

	align(cells, n);
	make_room(s, cells, n);
	for (size_t i = 0; i < n; i++)
		cells[i].at = pango_layout_get_iter(cells[i].layout);
	while (more) {
		double used = 0;

		begin(s, group);
		more = false;
		for (size_t i = 0; i < n; i++) {
			const double h = cells[i].at != NULL ? fill(s, &cells[i], styles[cells[i].style].tag) : 0;

			used = h > used ? h : used;
			more = more || cells[i].at != NULL;
		}
		end(s, group);
		s->y += used;
		s->fresh = s->fresh && used <= 0;
		if (more)
			sheet_page(s);
	}
	for (size_t i = 0; i < n; i++)
		sheet_cell_free(&cells[i]);
}

void sheet_put(struct sheet *s, struct sheet_cell c, double y, const char *tag)
{
	if (s->cr != NULL) {
		const double grey = styles[c.style].grey;

		begin(s, tag);
		cairo_set_source_rgb(s->cr, grey, grey, grey);
		cairo_move_to(s->cr, SHEET_LEFT + c.x, y);
		pango_cairo_show_layout(s->cr, c.layout);
		end(s, tag);
	}
	sheet_cell_free(&c);
}

static void draw_heads(struct sheet *s)
{
	double high = 0, x;

	begin(s, "TR");
	for (size_t i = 0; i < s->n_heads; i++) {
		struct sheet_cell c = s->heads[i];
		const double h = sheet_height(&c);

		high = h > high ? h : high;
		g_object_ref(c.layout);
		sheet_put(s, c, s->y, styles[c.style].tag);
	}
	end(s, "TR");
	x = s->rtl ? 0 : s->heads[0].x;
	sheet_rule(s, x, s->y + high + 2, s->rtl ? s->heads[0].x + s->heads[0].width : SHEET_ROOM - x, 0.5);
	s->y += high + 5;
	s->fresh = false;
}

void sheet_heads(struct sheet *s, const struct sheet_cell *heads, size_t n)
{
	s->heads = heads;
	s->n_heads = n;
	if (n > 0)
		draw_heads(s);
}

void sheet_rule(struct sheet *s, double x, double y, double width, double grey)
{
	if (s->cr == NULL)
		return;
	cairo_set_source_rgb(s->cr, grey, grey, grey);
	cairo_set_line_width(s->cr, 0.6);
	cairo_move_to(s->cr, SHEET_LEFT + x, y);
	cairo_line_to(s->cr, SHEET_LEFT + x + width, y);
	cairo_stroke(s->cr);
}

void sheet_frame(struct sheet *s, double x, double y, double width, double height)
{
	if (s->cr == NULL)
		return;
	cairo_set_source_rgb(s->cr, 0.6, 0.6, 0.6);
	cairo_set_line_width(s->cr, 0.6);
	cairo_rectangle(s->cr, SHEET_LEFT + x, y, width, height);
	cairo_stroke(s->cr);
}
