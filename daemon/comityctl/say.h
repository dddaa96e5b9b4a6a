/* What comityctl says to people, in the language that was asked for: sentences and names of columns by the catalogues
 * of config/locale, which have the English ones as they stand in the program. What is returned lives until the end of
 * the program. JSON, and what programs read, is never said in another language. */
#ifndef CY_COMITYCTL_SAY_H
#define CY_COMITYCTL_SAY_H

#include <protobuf-c/protobuf-c.h>
#include <stdarg.h>

/* Choose the language: that of `--language` among the arguments, else that of the environment as far as there is a
 * catalogue for it, else English. CTL_DONE, or with the sentence printed CTL_USAGE for a language that there is not,
 * and CTL_BAD_FILE for a catalogue that is damaged. */
int say_begin(int argc, char **argv);

/* The language, ISO 639-1, for words_load(). NULL: nobody asked for one. */
const char *say_language(void);

/* A sentence of the program. */
const char *say(const char *english);

/* The same with values in it, which stand as they are. */
const char *say_made(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
const char *say_list(const char *fmt, va_list ap) __attribute__((format(printf, 1, 0)));

/* A sentence that was made elsewhere, as by the daemon, with its values in it already: it is known again by the
 * catalogue's formats. One that is not known stays as it is. */
const char *say_heard(const char *text);

/* A state of a case, a measure or a message; the label of a value, and of a kind of message by its name in the schema.
 * In English they stay as they are given. */
const char *say_state(const char *text);
const char *say_value(const ProtobufCEnumDescriptor *d, int value, const char *english);
const char *say_kind(const char *name);

/* A short word in a context of the catalogue; the word itself where there is none. */
const char *say_short(const char *context, const char *word);

#endif
