/* Sheets of paper that are filled from the top: rows of cells side by side, each as long as it needs, broken between
 * lines where a page ends. A letter is set twice, once to count its pages and once to draw them. Private to letter/. */
#ifndef CY_LETTER_SHEET_H
#define CY_LETTER_SHEET_H

#include <pango/pangocairo.h>

#include "letter/letter.h"

/* Points. */
#define SHEET_WIDTH  595.28
#define SHEET_HEIGHT 841.89
#define SHEET_LEFT   68.0
#define SHEET_RIGHT  56.0
#define SHEET_TOP    56.0
#define SHEET_BOTTOM 70.0
#define SHEET_ROOM   (SHEET_WIDTH - SHEET_LEFT - SHEET_RIGHT)

/* X(NAME, font, points, bold, grey, tag): the tag is that of PDF for what the text is. */
#define SHEET_STYLES(X)                                    \
	X(OFFICE, "Noto Serif", 15, true, 0, "P")          \
	X(LINE, "Noto Sans", 8.5, false, 0.25, "P")        \
	X(TITLE, "Noto Serif", 17, true, 0, "H1")          \
	X(H1, "Noto Sans", 12, true, 0, "H2")              \
	X(H2, "Noto Sans", 10.5, true, 0, "H3")            \
	X(H3, "Noto Sans", 9.5, true, 0.2, "H4")           \
	X(LABEL, "Noto Sans", 8.5, false, 0.25, "Lbl")     \
	X(VALUE, "Noto Serif", 10, false, 0, "LBody")      \
	X(EXACT, "DejaVu Sans Mono", 8, false, 0, "LBody") \
	X(TEXT, "Noto Serif", 10, false, 0, "P")           \
	X(NOTE, "Noto Sans", 8, false, 0.25, "P")          \
	X(CODE, "DejaVu Sans Mono", 7.5, false, 0, "Code") \
	X(HEAD, "Noto Sans", 8, true, 0.15, "TH")          \
	X(CELL, "Noto Serif", 9, false, 0, "TD")           \
	X(FOOT, "Noto Sans", 7.5, false, 0.3, "P")

enum sheet_style {
#define SHEET_X(NAME, font, points, bold, grey, tag) SHEET_##NAME,
	SHEET_STYLES(SHEET_X)
#undef SHEET_X
};

/* A text in its place, from the margin on. */
struct sheet_cell {
	PangoLayout *layout;
	double x, width;
	double drop; /* how far below the top of its row it begins */
	enum sheet_style style;
	PangoLayoutIter *at; /* the line that comes next; NULL: all are set */
};

#define SHEET_DEPTH 3

struct sheet {
	const struct letter *l;
	cairo_surface_t *surface; /* both NULL while pages are counted */
	cairo_t *cr;
	PangoContext *context;
	bool rtl;             /* columns go from the right */
	unsigned page, pages; /* the present one, from 1; all, once they are counted */
	double y;             /* where the next row begins */
	bool fresh;           /* nothing stands on this page yet */
	size_t n_open;        /* groups that are open, each with its tag; they go on over pages */
	const char *open[SHEET_DEPTH];
	const struct sheet_cell *heads; /* of the table that is being set: again on each page */
	size_t n_heads;
	int outline[4]; /* the last entry of each level */
	int r;          /* CY_OK, or the first failure, told in *e */
	struct cy_error *e;
};

/* A context that measures as PDF draws; to be given back with g_object_unref(). */
PangoContext *sheet_context(const struct letter *l);

/* A cell of `width` points from `x` on; `note` stands below in small letters. A character that no font has is the
 * failure of the sheet. */
struct sheet_cell sheet_cell(struct sheet *s, enum sheet_style style, double x, double width, const char *text,
			     const char *note, const char *language);
void sheet_cell_free(struct sheet_cell *c);
double sheet_height(const struct sheet_cell *c);

/* Begin the next page unless so much is left on this one. */
void sheet_need(struct sheet *s, double height);
/* Leave so much free, unless a page begins here. */
void sheet_space(struct sheet *s, double height);
void sheet_page(struct sheet *s);
/* The first page begins; the last one is done. */
void sheet_begin(struct sheet *s);
void sheet_end(struct sheet *s);

/* Set cells side by side, and free them; `group` is the tag around them, or NULL. */
void sheet_row(struct sheet *s, const char *group, struct sheet_cell *cells, size_t n);

/* Set the headings of a table, here and on each page that follows, until they are none (NULL, 0). They stay the
 * caller's. */
void sheet_heads(struct sheet *s, const struct sheet_cell *heads, size_t n);

/* Groups of rows. */
void sheet_open(struct sheet *s, const char *tag);
void sheet_close(struct sheet *s);

/* A line across, or across a part of it. */
void sheet_rule(struct sheet *s, double x, double y, double width, double grey);
/* A frame. */
void sheet_frame(struct sheet *s, double x, double y, double width, double height);
/* Put a cell at its place beside the flow, and free it; `tag` may be NULL. */
void sheet_put(struct sheet *s, struct sheet_cell c, double y, const char *tag);

/* An entry of the outline for what comes next. */
void sheet_outline(struct sheet *s, unsigned level, const char *text);

#endif
