#include "config/config_tree.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/guess.h"
#include "base/uri.h"

#define FILE_MAX     (1024u * 1024u)
#define MISTAKES_MAX 100 /* unknown options after which the rest is not worth reading */

/* How libconfuse says it, before the name and another quotation mark. */
#define NO_OPTION "no such option '"

/* One reading. libconfuse passes no context to its callbacks. */
struct reading {
	const struct config_kind *kind;
	const char *path;
	struct config_problems *out;
	bool parsing;
	bool dropped; /* an option's earlier value has just been freed */
	int line;     /* of the error that ended this reading */
	char error[256];
	char meant[CY_GUESS_TEXT]; /* the name that is nearest to an option that there is not */
};
static _Thread_local struct reading *reading;

void config_problem(struct config_problems *out, const char *path, int line, const char *option, const char *fmt, ...)
{
	char sentence[1024], *text;
	struct config_problem *list = realloc(out->list, (out->n + 1) * sizeof *list);
	size_t at = out->n;
	va_list ap;
	int len;

	va_start(ap, fmt);
	vsnprintf(sentence, sizeof sentence, fmt, ap);
	va_end(ap);
	if (option != NULL)
		len = asprintf(&text, "%s:%d: option '%s': %s", path, line, option, sentence);
	else if (line > 0)
		len = asprintf(&text, "%s:%d: %s", path, line, sentence);
	else
		len = asprintf(&text, "%s: %s", path, sentence);
	CY_ASSERT(list != NULL && len >= 0);
	/* It goes to a terminal and to the log, and quotes whatever the file holds. */
	cy_uri_mask(text);
	cy_utf8_mend(text);
	cy_line(text, (size_t)len + 1, text);
	out->list = list;
	for (; at > 0 && list[at - 1].line > line; at--)
		list[at] = list[at - 1];
	list[at] = (struct config_problem){ .line = line, .text = text };
	out->n++;
}

void config_problems_append(struct config_problems *out, struct config_problems *more)
{
	struct config_problem *list;

	if (more->n == 0)
		return;
	list = realloc(out->list, (out->n + more->n) * sizeof *list);
	CY_ASSERT(list != NULL);
	memcpy(list + out->n, more->list, more->n * sizeof *list);
	out->list = list;
	out->n += more->n;
	free(more->list);
	*more = (struct config_problems){ 0 };
}

void config_problems_free(struct config_problems *out)
{
	for (size_t i = 0; i < out->n; i++)
		free(out->list[i].text);
	free(out->list);
	*out = (struct config_problems){ 0 };
}

/* --------------------------------------------------- libconfuse's callbacks */

static int take(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	const size_t size = strlen(value) + 1;
	struct config_text *t = malloc(sizeof *t + size);

	CY_ASSERT(t != NULL);
	t->line = cfg->line;
	memcpy(t->text, value, size);
	if (reading->dropped)
		config_problem(reading->out, reading->path, cfg->line, opt->name,
			       "it is given twice in this section; one value is expected; remove one of them");
	reading->dropped = false;
	*(void **)result = t;
	return 0;
}

/* While the file is read, a value is freed only because another replaces it. */
static void drop(void *text)
{
	if (reading != NULL && reading->parsing)
		reading->dropped = true;
	free(text);
}

/* The word in quotation marks of libconfuse's message. */
static bool quoted(const char *message, const char *prefix, char *ret_word, size_t size)
{
	const size_t skip = strlen(prefix);
	size_t len;

	if (strncmp(message, prefix, skip) != 0)
		return false;
	len = strlen(message + skip);
	if (len < 2 || len > size)
		return false;
	memcpy(ret_word, message + skip, len - 1);
	ret_word[len - 1] = '\0';
	return true;
}

static void failed(cfg_t *cfg, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));
static void failed(cfg_t *cfg, const char *fmt, va_list ap)
{
	char word[sizeof reading->error];
	struct cy_guess guess;

	reading->line = cfg->line;
	vsnprintf(reading->error, sizeof reading->error, fmt, ap);
	reading->meant[0] = '\0';
	if (!quoted(reading->error, NO_OPTION, word, sizeof word))
		return;
	guess = CY_GUESS(word);
	for (const cfg_opt_t *o = cfg->opts; o->name != NULL; o++)
		cy_guess_offer(&guess, o->name);
	cy_guess_text(&guess, reading->meant);
}

cfg_opt_t config_option(const char *name)
{
	return (cfg_opt_t)CFG_PTR_CB(name, NULL, CFGF_NODEFAULT, take, drop);
}

cfg_opt_t config_list(const char *name)
{
	return (cfg_opt_t)CFG_PTR_LIST_CB(name, NULL, CFGF_NODEFAULT, take, drop);
}

/* -------------------------------------------------------------- the raw text */

static const char *const blanks = " \t\r\n";
static const char *const delimiters = " \t\r\n={}()+,#\"'";

/* The end of a quoted string that starts at `at`. */
static char *past_quote(char *at)
{
	const char quote = *at++;

	while (*at != '\0' && *at != quote)
		at += *at == '\\' && at[1] != '\0' ? 2 : 1;
	return *at == '\0' ? at : at + 1;
}

/* Overwrite, but keep the lines. */
static void blank(char *from, const char *to)
{
	for (; from < to; from++) {
		if (*from != '\n')
			*from = ' ';
	}
}

/* libconfuse counts a line too many after each C comment, so it sees none. The
 * one that is not closed, or NULL. */
static const char *blank_comments(char *at)
{
	while (*at != '\0') {
		char *end = at + 1;

		if (*at == '"' || *at == '\'') {
			end = past_quote(at);
		} else if (*at == '#') {
			end = at + strcspn(at, "\n");
			blank(at, end);
		} else if (at[0] == '/' && at[1] == '*') {
			end = strstr(at + 2, "*/");
			if (end == NULL)
				return at;
			end += 2;
			blank(at, end);
		}
		at = end;
	}
	return NULL;
}

/* The first quoted string that does not end in its line, or NULL. */
static const char *open_quote(char *at)
{
	while (*at != '\0') {
		char *end = *at == '"' || *at == '\'' ? past_quote(at) : at + 1;

		if (end > at + 1 && memchr(at, '\n', (size_t)(end - at)) != NULL)
			return at;
		at = end;
	}
	return NULL;
}

/* libconfuse takes the end of the file for the end of every section. The brace of
 * the outermost one that is not closed, or NULL. */
static const char *open_brace(char *at)
{
	const char *outermost = NULL;
	int depth = 0;

	while (*at != '\0') {
		if (*at == '"' || *at == '\'') {
			at = past_quote(at);
			continue;
		}
		if (*at == '{' && depth++ == 0)
			outermost = at;
		else if (*at == '}' && depth > 0)
			depth--;
		at++;
	}
	return depth > 0 ? outermost : NULL;
}

static char *past_word(char *at)
{
	at += strspn(at, blanks);
	if (*at == '"' || *at == '\'')
		return past_quote(at);
	return at + strcspn(at, delimiters);
}

static char *past_braces(char *at)
{
	int depth = 0;

	do {
		if (*at == '"' || *at == '\'') {
			at = past_quote(at);
			continue;
		}
		depth += *at == '{' ? 1 : *at == '}' ? -1 : 0;
		at++;
	} while (*at != '\0' && depth > 0);
	return at;
}

/* The end of `name = value`, `name = { list }`, `name { section }` or
 * `name title { section }`, after the name; NULL when it is none of them. */
static char *past_option(char *at)
{
	at += strspn(at, blanks);
	if (*at == '+')
		at++;
	if (*at == '=') {
		at++;
		at += strspn(at, blanks);
		return *at == '{' ? past_braces(at) : past_word(at);
	}
	if (*at != '{') {
		at = past_word(at);
		at += strspn(at, blanks);
	}
	return *at == '{' ? past_braces(at) : NULL;
}

/* The first whole word `word` of line `line`. */
static char *find_word(char *text, int line, const char *word)
{
	const size_t len = strlen(word);
	char *end;

	while (--line > 0 && (text = strchr(text, '\n')) != NULL)
		text++;
	if (text == NULL)
		return NULL;
	end = text + strcspn(text, "\n");
	for (char *at = text; at + len <= end; at++) {
		if (strncmp(at, word, len) == 0 && (at == text || strchr(delimiters, at[-1]) != NULL) &&
		    strchr(delimiters, at[len]) != NULL)
			return at;
	}
	return NULL;
}

static bool blank_option(char *text, int line, const char *name)
{
	char *at = find_word(text, line, name), *end;

	if (at == NULL || (end = past_option(at + strlen(name))) == NULL)
		return false;
	blank(at, end);
	return true;
}

/* The title is known, the word before it is to go as well. */
static bool blank_section(char *text, int line, const char *title)
{
	char *at = NULL, *end;

	/* The error is on the line of the brace; the title may stand before it. */
	for (; at == NULL && line > 0; line--)
		at = find_word(text, line, title);
	if (at == NULL)
		return false;
	end = strchr(at, '{');
	if (end == NULL)
		return false;
	end = past_braces(end);
	while (at > text && strchr(" \t\"'", at[-1]) != NULL)
		at--;
	while (at > text && strchr(delimiters, at[-1]) == NULL)
		at--;
	blank(at, end);
	return true;
}

/* The line before `before` in which a section of this title begins; 0: none is found. */
static int first_section(char *text, int before, const char *title)
{
	for (int line = 1; line < before; line++) {
		const char *at = find_word(text, line, title);

		if (at == NULL)
			continue;
		at += strlen(title);
		at += strspn(at, " \t\r\n\"'");
		if (*at == '{')
			return line;
	}
	return 0;
}

/* ------------------------------------------------------------------- reading */

static char *slurp(const struct config_kind *kind, const char *path, struct config_problems *out)
{
	FILE *f = fopen(path, "re");
	char *text = NULL;
	size_t n, mark = 0;

	if (f == NULL) {
		config_problem(out, path, 0, NULL, "%s cannot be read: %s; %s", kind->unread, strerror(errno),
			       kind->instead);
		return NULL;
	}
	text = calloc(1, FILE_MAX + 1);
	CY_ASSERT(text != NULL);
	n = fread(text, 1, FILE_MAX, f);
	if (ferror(f) == 0 && cy_utf8_mark(text, n, &mark) < 0) {
		config_problem(out, path, 0, NULL, "%s cannot be read: " CY_UTF16_TEXT, kind->unread);
		free(text);
		text = NULL;
	} else if (ferror(f) != 0 || n == FILE_MAX || memchr(text, '\0', n) != NULL) {
		config_problem(out, path, 0, NULL, "%s cannot be read: it is not a text file of less than %u bytes; %s",
			       kind->unread, FILE_MAX, kind->instead);
		free(text);
		text = NULL;
	} else {
		memset(text, ' ', mark);
	}
	fclose(f);
	return text;
}

/* Report the error that ended a reading; true when its cause was blanked out. */
static bool mend(struct reading *r, char *text, struct config_problems *out)
{
	char word[128];

	if (quoted(r->error, NO_OPTION, word, sizeof word)) {
		config_problem(out, r->path, r->line, word,
			       "there is no such option or section here%s See %s; correct or remove it", r->meant,
			       r->kind->manual);
		if (blank_option(text, r->line, word))
			return true;
	} else if (quoted(r->error, "found duplicate title '", word, sizeof word)) {
		config_problem(
			out, r->path, r->line, word,
			"a section of this name is there already, in line %d; one of each name is expected; merge "
			"them, or correct the name of a copied one",
			first_section(text, r->line, word));
		if (blank_section(text, r->line, word))
			return true;
	} else {
		config_problem(out, r->path, r->line, NULL,
			       "syntax: %s; expected are lines such as option = \"value\", list = {\"a\", \"b\"} and "
			       "section { ... }; correct this line or the one before",
			       r->error[0] == '\0' ? "an unfinished string" : r->error);
	}
	config_problem(out, r->path, r->line, NULL, "nothing after this line was checked");
	return false;
}

static int line_of(const char *text, const char *at)
{
	int n = 1;

	for (; text < at; text++)
		n += *text == '\n' && text[1] != '\0';
	return n;
}

/* Report what is not closed; libconfuse would swallow the rest of the file. */
static bool all_closed(const char *path, char *text, struct config_problems *out)
{
	const char *comment = blank_comments(text), *brace, *quote;

	if (comment != NULL) {
		config_problem(out, path, line_of(text, comment), NULL,
			       "syntax: this comment does not end; */ is expected; add it");
		return false;
	}
	brace = open_brace(text);
	quote = brace == NULL ? NULL : open_quote(text);
	if (quote != NULL)
		config_problem(out, path, line_of(text, quote), NULL,
			       "syntax: what is quoted from here on does not end in its line; a closing quotation mark "
			       "is expected; add it, and the braces may be right");
	if (brace != NULL)
		config_problem(out, path, line_of(text, brace), NULL,
			       "syntax: what begins here is not closed; a closing brace is expected; add it");
	return brace == NULL;
}

/* The end of "${NAME}" that begins at `at`: its closing brace, or NULL. */
static const char *variable_end(const char *at, const char *end)
{
	return at + 1 < end && at[0] == '$' && at[1] == '{' ? memchr(at, '}', (size_t)(end - at)) : NULL;
}

/* The next text in which libconfuse replaces ${NAME}: within double quotes, or such a name without
 * any. It begins at or after `at`; false: there is none. */
static bool next_text(char *at, const char *text_end, const char **ret_from, char **ret_end)
{
	for (char *end; *at != '\0'; at = end) {
		const char *brace = variable_end(at, text_end);

		end = *at == '"' || *at == '\'' ? past_quote(at) : brace != NULL ? at + (brace - at) + 1 : at + 1;
		if (*at != '"' && brace == NULL)
			continue;
		*ret_from = *at == '"' ? at + 1 : at;
		*ret_end = end;
		return true;
	}
	return false;
}

static bool all_fixed(const char *path, char *text, struct config_problems *out)
{
	const size_t before = out->n;
	const char *from;

	for (char *at = text, *text_end = text + strlen(text); next_text(at, text_end, &from, &at);)
		if (memmem(from, (size_t)(at - from), "${", 2) != NULL)
			config_problem(
				out, path, line_of(text, from), NULL,
				"${ stands for an environment variable, which is another in each place; plain text is "
				"expected; write it out");
	return out->n == before;
}

/* libconfuse reads a variable that is not set as no text at all, and "${DIR}/store" would be another,
 * empty store. "${NAME:-TEXT}" says what it stands for then. */
static void variables_of(const char *path, const char *text, const char *from, const char *end,
			 struct config_problems *out)
{
	for (const char *at = from, *brace; at < end; at++) {
		char name[128];
		const char *value;

		if (*at == '\\') {
			at++; /* and what it takes the meaning from */
			continue;
		}
		if ((brace = variable_end(at, end)) == NULL || memmem(at, (size_t)(brace - at), ":-", 2) != NULL)
			continue;
		snprintf(name, sizeof name, "%.*s", (int)(brace - at) - 2, at + 2);
		value = getenv(name);
		if (value == NULL || *value == '\0')
			config_problem(
				out, path, line_of(text, at), NULL,
				"the environment variable %s is %s, and ${%s} would stand for nothing; a value is "
				"expected; set it (Environment= of the service unit), write the text out, or write "
				"${%s:-TEXT}",
				name, value == NULL ? "not set" : "empty", name, name);
	}
}

static bool all_set(const char *path, char *text, struct config_problems *out)
{
	const size_t before = out->n;
	const char *from;

	for (char *at = text, *text_end = text + strlen(text); next_text(at, text_end, &from, &at);)
		variables_of(path, text, from, at, out);
	return out->n == before;
}

cfg_t *config_tree(const struct config_kind *kind, const char *path, cfg_opt_t *options, struct config_problems *out,
		   int *ret_last)
{
	char *text = slurp(kind, path, out);
	cfg_t *cfg = NULL;

	if (text == NULL)
		return NULL;
	*ret_last = line_of(text, text + strlen(text));
	if (!all_closed(path, text, out) || !(kind->fixed ? all_fixed : all_set)(path, text, out)) {
		free(text);
		return NULL;
	}
	for (int mistakes = 0; cfg == NULL && mistakes < MISTAKES_MAX; mistakes++) {
		struct config_problems found = { 0 };
		struct reading r = { .kind = kind, .path = path, .out = &found };
		int rc;

		cfg = cfg_init(options, CFGF_NONE);
		CY_ASSERT(cfg != NULL);
		cfg_set_error_function(cfg, failed);
		reading = &r;
		r.parsing = true;
		rc = cfg_parse_buf(cfg, text);
		r.parsing = false;
		/* An option that was given twice is found again by each reading: the last value counts. */
		if (rc == CFG_SUCCESS) {
			for (size_t i = 0; i < found.n; i++) {
				const char *sentence = strchr(found.list[i].text + strlen(path) + 1, ':') + 2;

				config_problem(out, path, found.list[i].line, NULL, "%s", sentence);
			}
		} else {
			cfg_free(cfg);
			cfg = NULL;
		}
		config_problems_free(&found);
		reading = NULL;
		if (rc != CFG_SUCCESS && !mend(&r, text, out))
			break;
	}
	free(text);
	return cfg;
}
