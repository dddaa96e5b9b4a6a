#include "wire/json_syntax.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"

#define BLANKS "\t\n\r "
#define MARKS  "{}[]:,"

#define NO_VALUE "this is no value: a text is expected in double quotes, or a number, true, false, null, { or ["

/* A piece of the text, by bytes from its beginning. */
struct piece {
	size_t from, to;
};

/* The text before the point at which the reader stopped. */
struct scan {
	const char *s;
	size_t end;
	struct piece before, last; /* the last two tokens; the last one is that at which it stopped */
	size_t open[CY_NESTING_MAX];
	size_t depth; /* brackets that are open before the last token; only the outer ones have a place */
};

static size_t string_end(const struct scan *t, size_t i)
{
	for (i++; i < t->end && t->s[i] != '"' && t->s[i] != '\n'; i++)
		if (t->s[i] == '\\')
			i++;
	return i < t->end ? i + 1 : t->end;
}

static bool among(char c, const char *set)
{
	return c != '\0' && strchr(set, c) != NULL;
}

static size_t token_end(const struct scan *t, size_t i)
{
	if (t->s[i] == '"')
		return string_end(t, i);
	if (among(t->s[i], MARKS))
		return i + 1;
	while (i < t->end && !among(t->s[i], BLANKS MARKS "\""))
		i++;
	return i;
}

/* The next token. A bracket counts as open or closed once something follows it: what nobody expected changes nothing.
 */
static void take(struct scan *t, struct piece next)
{
	const char was = t->last.to > t->last.from ? t->s[t->last.from] : '\0';

	if (among(was, "{[") && t->depth++ < CY_NESTING_MAX)
		t->open[t->depth - 1] = t->last.from;
	else if (among(was, "}]") && t->depth > 0)
		t->depth--;
	t->before = t->last;
	t->last = next;
}

static void scan(struct scan *t)
{
	size_t i = 0;

	for (;;) {
		while (i < t->end && among(t->s[i], BLANKS))
			i++;
		if (i >= t->end)
			return;
		take(t, (struct piece){ i, token_end(t, i) });
		i = t->last.to;
	}
}

static unsigned line_of(const struct scan *t, size_t at)
{
	unsigned line = 1;

	for (size_t i = 0; i < at; i++)
		line += t->s[i] == '\n';
	return line;
}

/* In characters, from 1. */
static unsigned column_of(const struct scan *t, size_t at)
{
	unsigned column = 1;

	for (size_t i = 0; i < at; i++)
		column = t->s[i] == '\n' ? 1 : column + (((unsigned char)t->s[i] & 0xc0) != 0x80);
	return column;
}

static int fail_there(const struct scan *t, size_t at, struct cy_error *e, const char *text)
{
	char field[32];

	snprintf(field, sizeof field, "line %u", line_of(t, at));
	return cy_fail_at(e, CY_EPARSE, field, "%s (column %u)", text, column_of(t, at));
}

static size_t last_of(struct piece p)
{
	return p.to > p.from ? p.to - 1 : p.from;
}

static int fail_deep(struct cy_error *e)
{
	return cy_fail(e, CY_ELIMIT, "the document nests too deeply");
}

/* A value has ended, and what follows belongs neither behind it nor to the end of what it stands in. */
static int fail_unclosed(const struct scan *t, bool ended, struct cy_error *e)
{
	const size_t open = t->depth > 0 && t->depth <= CY_NESTING_MAX ? t->open[t->depth - 1] : 0;
	const bool list = t->s[open] == '[';
	char text[240];

	if (t->depth > CY_NESTING_MAX)
		return fail_deep(e);
	/* jansson has read a part of a token, as 2026 of 2026-03-01, for the value. */
	if (!ended && among(t->s[t->before.from], "[:,"))
		return fail_there(t, t->last.from, e, NO_VALUE);
	snprintf(text, sizeof text, "%s%c is expected behind this: the %s that begins in line %u is open",
		 ended ? "the document ends here, and " : "a comma or ", list ? ']' : '}', list ? "list" : "object",
		 line_of(t, open));
	return fail_there(t, last_of(t->before), e, text);
}

/* No name of a field, or no value, where one has to be. */
static int fail_unexpected(const struct scan *t, const char *expected, struct cy_error *e)
{
	if (among(t->s[t->last.from], "}]") && t->s[t->before.from] == ',')
		return fail_there(t, t->before.from, e, "nothing follows this comma: remove it");
	return fail_there(t, t->last.from, e, expected);
}

#define UNCLOSED "the text that begins here is not closed in its line: a quote is expected"

/* Where the token begins; the last character that was read; the one behind it. */
enum place {
	TOKEN,
	LAST,
	NEXT
};

/* By how jansson's sentence begins. */
static const struct {
	const char *sentence;
	enum place at;
	const char *text;
} others[] = {
	{ "unexpected newline", TOKEN, UNCLOSED },
	{ "control character 0xd", TOKEN, UNCLOSED }, /* a line ends so under Windows */
	{ "control character", NEXT, "a text holds a control character: a tab is written \\t" },
	{ "invalid escape", LAST, "no such escape: a backslash itself is written \\\\, a quote \\\"" },
	{ "invalid Unicode", LAST, "no such character: of a pair of escapes \\u one is missing or wrong" },
	{ "end of file expected", TOKEN, "the document has ended before this: remove it, or a bracket too many" },
	{ "duplicate object key", TOKEN, "the same field stands twice in one object" },
	{ "NUL byte in object key", TOKEN, "a field name holds the character NUL" },
	{ "too big", TOKEN, "a number is too large: put whole numbers of 2^63 and more in quotes" },
	{ "real number overflow", TOKEN, "a number is too large" },
};

static bool begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

static int fail_token(const struct scan *t, const char *sentence, struct cy_error *e)
{
	if (begins(sentence, "':' expected"))
		return fail_there(t, last_of(t->before), e, "a colon and a value are expected behind this name");
	if (begins(sentence, "string or '}' expected"))
		return fail_unexpected(t, "the name of a field is expected here, in double quotes", e);
	if (begins(sentence, "unexpected token"))
		return fail_unexpected(t, "a value is expected here", e);
	if (begins(sentence, "invalid token"))
		return fail_there(t, t->last.from, e, NO_VALUE);
	for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
		const size_t at[] = { [TOKEN] = t->last.from, [LAST] = t->end - 1, [NEXT] = t->end };

		if (begins(sentence, others[i].sentence))
			return fail_there(t, at[others[i].at], e, others[i].text);
	}
	return fail_there(t, t->last.from, e, "it is not well-formed JSON");
}

int wire_json_syntax(struct cy_bytes text, const json_error_t *found, struct cy_error *e)
{
	const size_t stopped = found->position > 0 ? (size_t)found->position : 0;
	struct scan t = { .s = (const char *)text.data, .end = stopped < text.len ? stopped : text.len };

	switch (json_error_code(found)) {
	case json_error_out_of_memory:
		return cy_fail(e, CY_ENOMEM, "out of memory");
	case json_error_stack_overflow:
		return fail_deep(e);
	case json_error_invalid_utf8:
		return fail_there(&t, t.end, e, "it is not UTF-8");
	default:
		break;
	}
	scan(&t);
	if (t.last.to == t.last.from)
		return fail_there(&t, 0, e, "the document is empty: an object is expected in {}");
	if (t.s[t.last.from] == '/')
		return fail_there(&t, t.last.from, e,
				  "this is no JSON: a comment has a line of its own, which begins with //");
	if (t.s[t.end - 1] == '\0')
		return fail_there(&t, t.end - 1, e, "here is the character NUL, which no text file has");
	if (json_error_code(found) == json_error_premature_end_of_input) {
		if (begins(found->text, "premature end"))
			return fail_there(&t, t.last.from, e,
					  "the text that begins here is not closed: a quote is expected");
		take(&t, (struct piece){ t.end, t.end });
		return fail_unclosed(&t, true, e);
	}
	if (begins(found->text, "'}' expected") || begins(found->text, "']' expected"))
		return fail_unclosed(&t, false, e);
	return fail_token(&t, found->text, e);
}
