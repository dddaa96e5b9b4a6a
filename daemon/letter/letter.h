/* A letter before it is set: who writes, what it is called, and blocks in the order in which they are read. It is
 * built once, and written as PDF (letter/pdf.h) or as a page of HTML (letter/html.h), which say the same.
 *
 * Texts are UTF-8 of any length and script. What could make a text read otherwise than it is (control characters, marks
 * that turn the direction of writing, bytes that are no UTF-8), and what no font can have (characters that are none
 * yet, or mean something only to who made them), is taken in as a visible mark such as \u{202e}; \n begins a new line.
 * All of a letter lives in its arena. */
#ifndef CY_LETTER_LETTER_H
#define CY_LETTER_LETTER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "form/words.h"

enum letter_kind {
	LETTER_TITLE,     /* of the whole letter */
	LETTER_HEADING,   /* level 1 to 3; it stands in the outline of the file */
	LETTER_FIELD,     /* a value beside its label */
	LETTER_TEXT,      /* a paragraph */
	LETTER_NOTE,      /* a paragraph in small letters */
	LETTER_CODE,      /* lines that are typed as they stand */
	LETTER_TABLE,     /* rows of cells under headings */
	LETTER_SIGNATURE, /* a place for signature and seal */
	LETTER_PAGE       /* what follows begins a new page */
};

#define LETTER_COLUMNS_MAX 6

/* A table: `share` says how wide the columns are beside each other. */
struct letter_table {
	size_t n_columns;
	const char *heads[LETTER_COLUMNS_MAX];
	unsigned share[LETTER_COLUMNS_MAX];
	size_t n_rows, room;
	const char **cells; /* n_rows times n_columns */
};

struct letter_block {
	enum letter_kind kind;
	unsigned level;    /* of a heading; of another block: how far it is indented, from 0 */
	const char *label; /* of a field */
	const char *text;  /* or the value */
	const char *note;  /* beside a heading or label, in small letters: the article; "" */
	bool foreign;      /* the text is in the language of the content */
	bool exact;        /* of a field: each character counts, as of a digest */
	struct letter_table *table;
	struct letter_block *next;
};

#define LETTER_LINES_MAX 12

struct letter {
	struct form_words words; /* for the words of the letter itself; its language is that of the letter */
	const char *content;     /* language of what the authorities wrote, ISO 639-1; "" : not said */
	const char *title, *author, *subject;
	const char *reference; /* stands on every page */
	int64_t at_ms;         /* when it was made, for the file's own description; 0: not said */
	/* The letterhead; it may be empty. */
	const char *office;
	size_t n_lines;
	const char *lines[LETTER_LINES_MAX];
	struct letter_block *first, *last;
	struct cy_arena arena;
};

/* An empty letter in these words. */
void letter_begin(struct letter *l, const struct form_words *words);

/* A text for the letter: a copy, with marks for what is not harmless. */
const char *letter_text(struct letter *l, const char *text);

/* Add a line to the letterhead; what is beyond LETTER_LINES_MAX stands in the last one. "" adds nothing. */
void letter_line(struct letter *l, const char *text);

/* Add blocks. Texts are taken in by letter_text(); NULL is "". */
void letter_title(struct letter *l, const char *text);
void letter_heading(struct letter *l, unsigned level, const char *text, const char *note);
void letter_field(struct letter *l, unsigned level, const char *label, const char *text, const char *note,
		  bool foreign);
void letter_exact(struct letter *l, unsigned level, const char *label, const char *text, const char *note);
void letter_paragraph(struct letter *l, enum letter_kind kind, unsigned level, const char *text);
void letter_signature(struct letter *l);
void letter_page(struct letter *l);

/* A table, then its cells, row by row; a cell may be longer than a page. */
struct letter_table *letter_table(struct letter *l, unsigned level, size_t n_columns, const char *const *heads,
				  const unsigned *share);
void letter_row(struct letter *l, struct letter_table *t, const char *const *cells);

/* The four places of a signature, in the words of the letter. */
#define LETTER_SIGNATURE_PLACES 4
void letter_places(const struct letter *l, const char *ret[static LETTER_SIGNATURE_PLACES]);

/* Is the language written from right to left? */
bool letter_rtl(const char *language);

void letter_free(struct letter *l);

#endif
