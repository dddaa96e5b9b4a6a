#include "comityctl/say.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "comityctl/ctl.h"
#include "comityctl/words.h"

#define MADE_MAX    8192u
#define CONTEXT_MAX 128u

/* One program says one thing at a time. */
static struct words spoken;
static const char *asked;
static bool other; /* than English */

int say_begin(int argc, char **argv)
{
	static const char option[] = "--language";
	const size_t len = sizeof option - 1;
	int r;

	for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++) {
		if (strncmp(argv[i], option, len) != 0)
			continue;
		if (argv[i][len] == '=')
			asked = argv[i] + len + 1;
		else if (argv[i][len] == '\0' && i + 1 < argc)
			asked = argv[i + 1];
	}
	r = words_speak(asked, &spoken);
	other = r == CTL_DONE && spoken.language[0] != '\0' && strcmp(spoken.language, "en") != 0;
	return r;
}

const char *say_language(void)
{
	return asked;
}

const char *say(const char *english)
{
	return other ? form_say(&spoken.words, english) : english;
}

const char *say_list(const char *fmt, va_list ap)
{
	char text[MADE_MAX];
	struct cy_sentence s;
	struct cy_buf b = CY_BUF(MADE_MAX);
	const char *said;

	cy_sentence(text, sizeof text, &s, fmt, ap);
	said = text;
	if (other && s.format != NULL && s.n == 0)
		said = form_say(&spoken.words, text);
	else if (other && s.format != NULL &&
		 cy_sentence_say(&b, form_say(&spoken.words, fmt), text, &s, NULL, NULL) == CY_OK && b.data != NULL)
		said = (const char *)b.data;
	said = cy_arena_string(&spoken.arena, said);
	cy_buf_free(&b);
	return said;
}

const char *say_made(const char *fmt, ...)
{
	const char *said;
	va_list ap;

	va_start(ap, fmt);
	said = say_list(fmt, ap);
	va_end(ap);
	return said;
}

/* The format of the catalogue that the text was most probably made with: the one with the most words of its own. */
static const char *format_of(const char *text, struct cy_sentence *ret)
{
	const char *found = NULL;
	size_t most = 0;

	for (size_t i = 0; i < spoken.catalogue.n; i++) {
		const char *format = form_catalogue_sentence(&spoken.catalogue, i);
		struct cy_sentence s;
		const size_t own = format != NULL ? cy_sentence_hear(format, text, &s) : 0;

		if (own > most) {
			most = own;
			found = format;
			*ret = s;
		}
	}
	return found;
}

const char *say_heard(const char *text)
{
	struct cy_sentence s;
	const char *said, *format;

	if (!other || !text[0])
		return text;
	said = form_say(&spoken.words, text);
	if (said != text)
		return said;
	format = format_of(text, &s);
	if (format == NULL)
		return text;
	s.format = format;
	return form_say_made(&spoken.words, &spoken.arena, text, &s);
}

const char *say_short(const char *context, const char *word)
{
	const char *said = other ? form_word(&spoken.words, context, word) : "";

	return said[0] ? said : word;
}

const char *say_state(const char *text)
{
	char *lower;
	const char *said;

	if (!other || !text[0])
		return text;
	lower = cy_arena_string(&spoken.arena, text);
	for (char *c = lower; *c; c++)
		*c = *c == '_' ? ' ' : (char)tolower((unsigned char)*c);
	said = form_word(&spoken.words, "case state", lower);
	return said[0] ? said : text;
}

const char *say_value(const ProtobufCEnumDescriptor *d, int value, const char *english)
{
	const ProtobufCEnumValue *v = protobuf_c_enum_descriptor_get_value(d, value);
	char context[CONTEXT_MAX];
	const char *said;

	if (!other || v == NULL || value == 0)
		return english;
	snprintf(context, sizeof context, "%.60s.%.60s", d->short_name, v->name);
	said = form_word(&spoken.words, context, "label");
	return said[0] ? said : english;
}

const char *say_kind(const char *name)
{
	char context[CONTEXT_MAX];
	const char *said;

	snprintf(context, sizeof context, "Content.%.60s", name);
	said = other ? form_word(&spoken.words, context, "label") : "";
	return said[0] ? said : name;
}
