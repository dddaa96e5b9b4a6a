/* The tables of proto/PROTOCOL.md that stand in the code, printed in Markdown between the marks by which
 * tests/proto/page_test.py finds them in the page. */
#ifndef CY_TESTS_PROTO_PAGE_H
#define CY_TESTS_PROTO_PAGE_H

#include <stddef.h>

#define PAGE_CELL 1024

/* A table begins with its name and its heads, separated by '|', and ends. Between them: rows. */
void page_begin(const char *name, const char *heads);
void page_end(void);
/* A row of `n` cells. */
void page_row(size_t n, const char *const cells[]);

/* Append to a cell, with `between` before it where something stands there already. Ends the process if it does not
 * fit. */
void page_add(char cell[static PAGE_CELL], const char *between, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

void page_case(void);     /* the life cycle: kinds, measures, crossings, words */
void page_checks(void);   /* what a message must hold */
void page_refusals(void); /* rejections and goodbyes */
void page_limits(void);
void page_frames(void); /* features, names of frames and codes */

#endif
