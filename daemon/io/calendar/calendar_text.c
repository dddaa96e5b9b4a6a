#include "io/calendar/calendar_text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/error.h"
#include "config/config_tree.h"

struct load {
	const char *path;
	struct config_problems *out;
	struct calendar_text *t;
	bool failed;
};

static void problem(struct load *l, int line, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
static void problem(struct load *l, int line, const char *fmt, ...)
{
	char text[900];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	config_problem(l->out, l->path, line, NULL, "%s", text);
	l->failed = true;
}

/* Once it is unfolded: a line may be folded between the bytes of one character (RFC 5545, 3.1). */
static bool is_utf8(const char *text, size_t len)
{
	char *unfolded = malloc(len + 1);
	size_t n = 0;
	bool valid;

	CY_ASSERT(unfolded);
	for (size_t i = 0; i < len;) {
		const size_t end = i + (text[i] == '\r');

		if (text[end] == '\n' && (text[end + 1] == ' ' || text[end + 1] == '\t'))
			i = end + 2;
		else
			unfolded[n++] = text[i++];
	}
	valid = cy_utf8_valid(unfolded, n);
	free(unfolded);
	return valid;
}

/* NUL-terminated, to be freed; useless when there is a problem. */
static char *slurp(struct load *l)
{
	struct stat st;
	char *text = NULL;
	size_t len = 0, mark = 0;
	ssize_t n = 0;
	int fd = open(l->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0 || fstat(fd, &st) < 0) {
		problem(l, 0, "the calendar cannot be read: %s; correct its name or permissions", strerror(errno));
	} else if (!S_ISREG(st.st_mode)) {
		problem(l, 0, "it is not a file; an iCalendar file is expected; remove it, or name it otherwise");
	} else if (st.st_size > (off_t)CALENDAR_FILE_MAX) {
		problem(l, 0,
			"the file has %lld bytes; at most %u are expected of a calendar of holidays; keep only the "
			"holidays in it",
			(long long)st.st_size, CALENDAR_FILE_MAX);
	} else {
		text = malloc(CALENDAR_FILE_MAX + 1);
		CY_ASSERT(text);
		while (len < CALENDAR_FILE_MAX && (n = read(fd, text + len, CALENDAR_FILE_MAX - len)) > 0)
			len += (size_t)n;
		text[len] = '\0';
		if (n < 0)
			problem(l, 0, "the calendar cannot be read: %s; try again", strerror(errno));
		else if (cy_utf8_mark(text, len, &mark) < 0)
			problem(l, 0, CY_UTF16_TEXT);
		else if (strlen(text) != len)
			problem(l, 0, "it holds a NUL character; a text file is expected; save it anew as plain text");
		else if (!is_utf8(text + mark, len - mark))
			problem(l, 0, "it is not UTF-8; save it anew in UTF-8");
		else
			memmove(text, text + mark, len - mark + 1);
	}
	if (fd >= 0)
		close(fd);
	return text;
}

/* A line without its end, cut for showing. */
struct line {
	const char *text;
	int len, number;
};

static bool is(const struct line *l, const char *word)
{
	return l->len == (int)strlen(word) && strncasecmp(l->text, word, strlen(word)) == 0;
}

static bool begins(const struct line *l, const char *word)
{
	return l->len >= (int)strlen(word) && strncasecmp(l->text, word, strlen(word)) == 0;
}

/* The components that are open: VCALENDAR, in it VEVENT or VTIMEZONE; in VTIMEZONE STANDARD or DAYLIGHT, in VEVENT the
 * alarms that calendar programs add by themselves, which have nothing to do with its days. */
struct nesting {
	struct line open[3]; /* their BEGIN lines */
	unsigned depth;
};

static bool opened(struct load *l, struct nesting *n, const struct line *at)
{
	if (n->depth == 3 || (n->depth == 1 && !is(at, "BEGIN:VEVENT") && !is(at, "BEGIN:VTIMEZONE")) ||
	    (n->depth == 2 && is(&n->open[1], "BEGIN:VEVENT") && !is(at, "BEGIN:VALARM"))) {
		problem(l, at->number,
			"'%.*s' has no place in a calendar of holidays; only VEVENT is expected; remove it",
			at->len > 60 ? 60 : at->len, at->text);
		return false;
	}
	if (n->depth == 1 && is(at, "BEGIN:VEVENT")) {
		if (l->t->n_lines == CALENDAR_EVENTS_MAX) {
			problem(l, at->number, "there are more than %u events; keep only the holidays",
				CALENDAR_EVENTS_MAX);
			return false;
		}
		l->t->lines[l->t->n_lines++] = at->number;
	}
	n->open[n->depth++] = *at;
	return true;
}

static bool closed(struct load *l, struct nesting *n, const struct line *at)
{
	const struct line *open = &n->open[--n->depth];
	int name = open->len - 6; /* after BEGIN: */

	if (at->len - 4 == name && strncasecmp(at->text + 4, open->text + 6, (size_t)name) == 0)
		return true;
	problem(l, at->number, "END:%.*s is expected instead of '%.*s'; add it", name > 60 ? 60 : name, open->text + 6,
		at->len > 60 ? 60 : at->len, at->text);
	return false;
}

static void scan(struct load *l, const char *text)
{
	struct nesting n = { 0 };
	struct line at = { .number = 1 };
	bool ok = true;

	for (const char *p = text; *p != '\0' && ok; at.number++) {
		size_t len = strcspn(p, "\n");

		at.text = p;
		at.len = (int)(len > 0 && p[len - 1] == '\r' ? len - 1 : len);
		for (int i = 0; i < at.len && ok; i++)
			if (((uint8_t)p[i] < ' ' && p[i] != '\t') || p[i] == 0x7f) {
				problem(l, at.number, "it holds a control character; text is expected; remove it");
				ok = false;
			}
		if (ok && at.number == 1 && !is(&at, "BEGIN:VCALENDAR")) {
			problem(l, 1, "BEGIN:VCALENDAR is expected as the first line of an iCalendar file");
			ok = false;
		} else if (ok && at.number > 1 && n.depth == 0 && at.len > 0) {
			problem(l, at.number,
				"something follows after END:VCALENDAR; one calendar a file is expected; remove it");
			ok = false;
		}
		if (ok && begins(&at, "BEGIN:"))
			ok = opened(l, &n, &at);
		else if (ok && begins(&at, "END:"))
			ok = closed(l, &n, &at);
		p += len + (p[len] != '\0');
	}
	if (ok && (n.depth > 0 || at.number == 1))
		problem(l, at.number - 1, "the file ends early; END:VCALENDAR is expected; is it whole?");
}

struct calendar_text *calendar_text_load(const char *path, struct config_problems *out)
{
	struct load l = { .path = path, .out = out, .t = calloc(1, sizeof *l.t) };

	CY_ASSERT(l.t);
	l.t->text = slurp(&l);
	if (!l.failed)
		scan(&l, l.t->text);
	if (!l.failed)
		return l.t;
	calendar_text_free(l.t);
	return NULL;
}

void calendar_text_free(struct calendar_text *t)
{
	if (t != NULL)
		free(t->text);
	free(t);
}
