#include "comityctl/out.h"
#include "comityctl/say.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>
#include <wchar.h>

#include "base/error.h"
#include "base/harmless.h"
#include "base/reflect.h"
#include "base/time.h"
#include "wire/json.h"

#define TURNS        16
#define TURN_SIZE    80
#define LABEL_WIDTH  17
#define OUT_MAX      (64u * 1024u * 1024u)
#define COLUMNS_MAX  16
#define SCREEN_WIDTH 80u /* of a terminal that does not say */
#define LINE_LEAST   24u
#define CUT_LEAST    12u
#define FOLD_LEAST   24u
#define INDENT       4
#define HEX_SHOWN    32
#define JSON_ESCAPES 2
#define PATH_SIZE    256 /* more than a daemon says of a field */

static char *turn(void)
{
	static char buffers[TURNS][TURN_SIZE];
	static size_t next;

	return buffers[next++ % TURNS];
}

void out_safe(FILE *f, const char *text)
{
	struct cy_buf b = CY_BUF(OUT_MAX);

	if (cy_harmless(&b, text, strlen(text), false, NULL) == CY_OK && b.len)
		fwrite(b.data, 1, b.len, f);
	cy_buf_free(&b);
}

void out_fault(FILE *f, const CyFault *fault)
{
	static const char around[] = "submission.";
	const bool within = strncmp(fault->field, around, sizeof around - 1) == 0;
	char path[PATH_SIZE];

	cy_json_path(fault->field + (within ? sizeof around - 1 : 0), path, sizeof path);
	out_safe(f, path);
	fputs(path[0] ? ": " : "", f);
	out_safe(f, say_heard(fault->text));
	if (fault->article[0]) {
		fputs(" (", f);
		out_safe(f, fault->article);
		fputc(')', f);
	}
	fputc('\n', f);
}

void out_warnings(FILE *f, size_t n, CyFault *const *list)
{
	for (size_t i = 0; i < n; i++) {
		fputs(say("warning: "), f);
		out_fault(f, list[i]);
	}
}

static char *__attribute__((format(printf, 1, 0))) format(const char *fmt, va_list ap)
{
	char *text = NULL;

	CY_ASSERT(vasprintf(&text, fmt, ap) >= 0);
	return text;
}

void out_said(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fputs(say_list(fmt, ap), stdout);
	va_end(ap);
}

/* ------------------------------------------------------------- the screen */

size_t out_columns(int fd)
{
	struct winsize w;

	return ioctl(fd, TIOCGWINSZ, &w) < 0 ? 0 : w.ws_col ? w.ws_col : SCREEN_WIDTH;
}

/* Columns that a line on standard output may have. */
static size_t line_room(void)
{
	const size_t n = out_columns(STDOUT_FILENO);

	return n == 0 ? SIZE_MAX : n < LINE_LEAST ? LINE_LEAST : n;
}

/* The bytes of harmless text that take at most `max` columns on the screen, and how many columns they take: letters of
 * East Asia take two, marks above others none, and what is no character yet may come to take two. */
static size_t fitting(const char *text, size_t max, size_t *ret_width)
{
	const size_t len = strlen(text);
	size_t i = 0, width = 0;

	while (i < len) {
		uint32_t c = 0;
		const size_t n = cy_utf8_char((const uint8_t *)text + i, len - i, &c);
		const int known = wcwidth((wchar_t)c);
		const size_t w = known < 0 ? 2 : (size_t)known;

		if (width + w > max)
			break;
		width += w;
		i += n ? n : 1;
	}
	*ret_width = width;
	return i;
}

static size_t width(const char *text)
{
	size_t n;

	fitting(text, SIZE_MAX, &n);
	return n;
}

/* How many columns it took. */
static size_t put_cut(const char *text, size_t room)
{
	size_t shown = width(text);

	if (shown <= room) {
		fputs(text, stdout);
		return shown;
	}
	printf("%.*s…", (int)fitting(text, room - 1, &shown), text);
	return shown + 1;
}

/* From column `at` on; what the line has no room for goes on below, between words, beside an indent. */
static void put_folded(const char *text, size_t at, size_t indent, size_t all)
{
	for (;; at = indent) {
		size_t shown, n = fitting(text, all - at, &shown), word = n;

		while (text[n] && word > 0 && text[word] != ' ')
			word--;
		n = word ? word : n;
		printf("%.*s", (int)n, text);
		text += n + strspn(text + n, " ");
		if (!text[0])
			return;
		printf("\n%*s", (int)indent, "");
	}
}

void out_line(struct cy_bytes text, size_t indent)
{
	struct cy_buf b = CY_BUF(OUT_MAX);

	CY_ASSERT(cy_harmless(&b, (const char *)text.data, text.len, false, NULL) == CY_OK);
	if (b.len)
		put_folded((const char *)b.data, 0, indent, line_room());
	putchar('\n');
	cy_buf_free(&b);
}

void out_pair(const char *label, const char *fmt, ...)
{
	struct cy_buf b = CY_BUF(OUT_MAX);
	const char *name, *text;
	size_t wide;
	va_list ap;

	va_start(ap, fmt);
	text = say_list(fmt, ap);
	va_end(ap);
	if (text[0]) {
		CY_ASSERT(cy_harmless(&b, text, strlen(text), false, NULL) == CY_OK);
		name = say(label);
		wide = width(name);
		printf("%s%*s ", name, wide < LABEL_WIDTH ? (int)(LABEL_WIDTH - wide) : 0, "");
		put_folded((const char *)b.data, (wide < LABEL_WIDTH ? LABEL_WIDTH : wide) + 1, LABEL_WIDTH + 1,
			   line_room());
		putchar('\n');
		cy_buf_free(&b);
	}
}

const char *out_time(int64_t ms)
{
	char *out = turn();

	if (ms)
		cy_rfc3339((struct cy_wall){ .ms = ms }, out);
	return ms ? out : "-";
}

const char *out_local(int64_t ms, enum out_form form)
{
	time_t t = (time_t)(ms / 1000);
	char *out = turn();
	struct tm tm;

	if (localtime_r(&t, &tm) == NULL)
		return "?";
	switch (form) {
	case OUT_CLOCK:
		strftime(out, TURN_SIZE, "%H:%M", &tm);
		break;
	case OUT_DAY:
		strftime(out, TURN_SIZE, "%d %b", &tm);
		break;
	case OUT_DATE:
		strftime(out, TURN_SIZE, "%d %b %Y", &tm);
		break;
	case OUT_FULL:
		strftime(out, TURN_SIZE, "%a %d %b %Y %H:%M:%S %Z", &tm);
		break;
	}
	return out;
}

const char *out_age(int64_t ms)
{
	long long s = ms > 0 ? ms / 1000 : 0, m = s / 60, h = m / 60, d = h / 24;
	const char *day = say_short("age", "d");
	char *out = turn();

	if (s < 60)
		snprintf(out, TURN_SIZE, "%llds", s);
	else if (h < 1)
		snprintf(out, TURN_SIZE, "%lldm", m);
	else if (d < 1)
		snprintf(out, TURN_SIZE, m % 60 ? "%lldh%lldm" : "%lldh", h, m % 60);
	else if (d < 10)
		snprintf(out, TURN_SIZE, h % 24 ? "%lld%s%lldh" : "%lld%s", d, day, h % 24);
	else
		snprintf(out, TURN_SIZE, "%lld%s", d, day);
	return out;
}

const char *out_size(uint64_t bytes)
{
	static const char units[] = "KMGTPE";
	double n = (double)bytes / 1024;
	char *out = turn();
	size_t i = 0;

	if (bytes < 1024) {
		snprintf(out, TURN_SIZE, "%" PRIu64 " B", bytes);
		return out;
	}
	for (; n >= 1024 && i < sizeof units - 2; i++)
		n /= 1024;
	snprintf(out, TURN_SIZE, n < 10 ? "%.1f %ciB" : "%.0f %ciB", n, units[i]);
	return out;
}

const char *out_enum(const ProtobufCEnumDescriptor *d, int value)
{
	const ProtobufCEnumValue *v = protobuf_c_enum_descriptor_get_value(d, value);
	char *out = turn();

	if (v != NULL)
		return v->name;
	snprintf(out, TURN_SIZE, "%d", value);
	return out;
}

const char *out_word(const ProtobufCEnumDescriptor *d, int value)
{
	const char *name = out_enum(d, value);
	char *out = turn();
	size_t i = 0;

	if (value == 0)
		return "-";
	for (; i < TURN_SIZE - 1 && name[i]; i++)
		out[i] = name[i] == '_' ? ' ' : (char)tolower((unsigned char)name[i]);
	out[i] = 0;
	return out;
}

const char *out_or_dash(const char *text)
{
	return text != NULL && text[0] ? text : "-";
}

const char *out_hex(const ProtobufCBinaryData *data)
{
	char *out = turn();

	if (!data->len)
		return "-";
	cy_hex(data->data, data->len < HEX_SHOWN ? data->len : HEX_SHOWN, out);
	return out;
}

/* Harmful characters above ASCII stand only inside the strings of JSON, where an
 * escape says the same. */
static int json_safe(struct cy_buf *b, const uint8_t *s, size_t len)
{
	for (size_t i = 0; i < len;) {
		uint32_t c = 0;
		size_t n = cy_utf8_char(s + i, len - i, &c);
		int r;

		if (n > 1 && cy_harmful(c) && c < 0x10000)
			r = cy_buf_addf(b, "\\u%04x", (unsigned)c);
		else if (n > 1 && cy_harmful(c))
			r = cy_buf_addf(b, "\\u%04x\\u%04x", (unsigned)(0xd800 + ((c - 0x10000) >> 10)),
					(unsigned)(0xdc00 + ((c - 0x10000) & 0x3ff)));
		else
			r = s[i] == 0x7f ? cy_buf_addf(b, "\\u007f") : cy_buf_add(b, s + i, n ? n : 1);
		if (r != CY_OK)
			return r;
		i += n ? n : 1;
	}
	return CY_OK;
}

static void print_json(int (*print)(const ProtobufCMessage *m, int indent, struct cy_buf *out),
		       const ProtobufCMessage *m, int indent)
{
	struct cy_buf raw = CY_BUF(OUT_MAX), b = CY_BUF(OUT_MAX * JSON_ESCAPES);

	CY_ASSERT(print(m, indent, &raw) == CY_OK && json_safe(&b, raw.data, raw.len) == CY_OK);
	fwrite(b.data, 1, b.len, stdout);
	putchar('\n');
	cy_buf_free(&raw);
	cy_buf_free(&b);
}

void out_json(const ProtobufCMessage *m, int indent)
{
	print_json(wire_json_print, m, indent);
}

void out_json_people(const ProtobufCMessage *m, int indent)
{
	print_json(wire_json_print_people, m, indent);
}

/* ------------------------------------------------------------------ tables */

struct out_table {
	size_t columns, n, room;
	bool cut;
	char **cells; /* row after row, harmless; the headings are the first row */
};

static void add_cell(struct out_table *t, const char *text)
{
	struct cy_buf b = CY_BUF(OUT_MAX);

	if (t->n == t->room) {
		t->room = t->room ? t->room * 2 : 64;
		t->cells = realloc(t->cells, t->room * sizeof *t->cells);
		CY_ASSERT(t->cells != NULL);
	}
	if (!text[0])
		text = "-";
	CY_ASSERT(cy_harmless(&b, text, strlen(text), false, NULL) == CY_OK);
	t->cells[t->n++] = (char *)b.data;
}

struct out_table *out_table_new(size_t columns, const char *const *heads)
{
	struct out_table *t = calloc(1, sizeof *t);

	CY_ASSERT(t && columns <= COLUMNS_MAX);
	t->columns = columns;
	for (size_t i = 0; i < columns; i++)
		add_cell(t, say(heads[i]));
	return t;
}

void out_cell(struct out_table *t, const char *fmt, ...)
{
	va_list ap;
	char *text;

	va_start(ap, fmt);
	text = format(fmt, ap);
	va_end(ap);
	add_cell(t, text);
	free(text);
}

void out_table_cut(struct out_table *t)
{
	t->cut = true;
}

/* Where the columns stand. What a line has no room for goes on below, beside an indent, for all rows alike. */
struct layout {
	size_t all;
	size_t at[COLUMNS_MAX], widths[COLUMNS_MAX];
	bool below[COLUMNS_MAX];
};

static void lay_out(const struct out_table *t, struct layout *l)
{
	size_t at = 0;

	*l = (struct layout){ .all = line_room() };
	for (size_t i = 0; i < t->n; i++) {
		size_t w = width(t->cells[i]), c = i % t->columns;

		l->widths[c] = w > l->widths[c] ? w : l->widths[c];
	}
	for (size_t c = 0; c < t->columns; c++) {
		const size_t least = c + 1 < t->columns ? SIZE_MAX : t->cut ? CUT_LEAST : FOLD_LEAST;
		size_t *w = &l->widths[c];

		l->below[c] = c > 0 && at + (*w < least ? *w : least) > l->all;
		l->at[c] = l->below[c] ? INDENT : at;
		*w = *w < l->all - l->at[c] ? *w : l->all - l->at[c];
		at = l->at[c] + *w + 2;
	}
}

static void put_cell(const struct out_table *t, const struct layout *l, size_t i)
{
	const size_t c = i % t->columns;
	const bool last = c + 1 == t->columns;
	size_t shown;

	if (l->below[c])
		printf("\n%*s", INDENT, "");
	if (last && !t->cut) {
		put_folded(t->cells[i], l->at[c], l->at[c], l->all);
	} else {
		shown = put_cut(t->cells[i], l->widths[c]);
		if (!last && !l->below[c + 1])
			printf("%*s", (int)(l->widths[c] - shown + 2), "");
	}
	if (last)
		putchar('\n');
}

void out_table_end(struct out_table *t)
{
	struct layout l;

	lay_out(t, &l);
	for (size_t i = 0; i < t->n; i++) {
		if (t->n > t->columns)
			put_cell(t, &l, i);
		free(t->cells[i]);
	}
	free(t->cells);
	free(t);
}

void out_list_end(struct out_table *t, bool tell, const char *empty)
{
	if (tell && t->n == t->columns)
		puts(say(empty));
	out_table_end(t);
}
