/* Output for people and for programs. What a peer wrote is made harmless for a
 * terminal: control characters, marks that turn the writing direction, and bytes
 * that are no UTF-8 are shown as escapes. */
#ifndef CY_COMITYCTL_OUT_H
#define CY_COMITYCTL_OUT_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/bytes.h"
#include "comity/v1/types.pb-c.h"

/* Print text on one line, harmless. */
void out_safe(FILE *f, const char *text);

/* A line: the field, what is wrong with it, and the article in parentheses. */
void out_fault(FILE *f, const CyFault *fault);
/* A line each, beginning with `warning: `. */
void out_warnings(FILE *f, size_t n, CyFault *const *list);

/* A line of text, harmless; on a terminal folded between words, and below beside an indent. */
void out_line(struct cy_bytes text, size_t indent);

/* A sentence, in the language (say.h). */
void out_said(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* `Label   value`, aligned; label and format are said in the language. An empty value prints nothing. On a terminal a
 * long one is folded between words. */
void out_pair(const char *label, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* RFC 3339 in UTC, `-` for 0; one of a few buffers in turn. */
const char *out_time(int64_t ms);

/* The time where we are; one of a few buffers in turn. */
enum out_form {
	OUT_CLOCK, /* 23:02 */
	OUT_DAY,   /* 24 Nov */
	OUT_DATE,  /* 24 Nov 2026 */
	OUT_FULL   /* Tue 24 Nov 2026 23:02:07 CET */
};
const char *out_local(int64_t ms, enum out_form form);

/* A time span, short: 12s, 45m, 3h12m, 2d4h, 212d; 0s for a negative one. And
 * bytes: 812 B, 3.1 GiB. Buffers in turn. */
const char *out_age(int64_t ms);
const char *out_size(uint64_t bytes);

/* The name of an enum value in lower case with blanks (`out_word`) or as in the
 * schema (`out_enum`); the number when it is unknown. Buffers in turn. */
const char *out_word(const ProtobufCEnumDescriptor *d, int value);
const char *out_enum(const ProtobufCEnumDescriptor *d, int value);

/* The text, or "-" when it is empty. */
const char *out_or_dash(const char *text);

/* SHA-256 or any other short bytes in hexadecimal; "-" when empty. */
const char *out_hex(const ProtobufCBinaryData *data);

/* The proto3 JSON form on standard output, with a newline. */
void out_json(const ProtobufCMessage *m, int indent);
/* The same for people: instants are RFC 3339. */
void out_json_people(const ProtobufCMessage *m, int indent);

/* Columns of the terminal that a descriptor is, 80 where it does not say; 0: it is none. */
size_t out_columns(int fd);

/* A table: aligned columns under headings, which are said in the language. Rows are filled cell by cell. On a terminal
 * no line is wider than that: the columns that it has no room for stand on a line below, and the last one is folded
 * between words. Into a file or a pipe each row is one line, and whole. */
struct out_table;
struct out_table *out_table_new(size_t columns, const char *const *heads);
/* Cut the last column instead of folding it; `…` stands for what is not shown. */
void out_table_cut(struct out_table *t);
void out_cell(struct out_table *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Print (nothing when it has no rows) and free. */
void out_table_end(struct out_table *t);
/* The same for a list that was asked for: where it has no rows people are told so, by the sentence `empty`, lest they
 * take silence for a failure. `tell`: to people, who got an answer. */
void out_list_end(struct out_table *t, bool tell, const char *empty);

#endif
