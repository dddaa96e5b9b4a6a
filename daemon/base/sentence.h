/* A sentence with values in it that can be said in another language. Catalogues know it by the format of printf() that
 * it was made with; the text remembers where each value stands, so that a translation takes the values as they are, in
 * an order of its own (%2$s), and never is a format that printf() follows. */
#ifndef CY_BASE_SENTENCE_H
#define CY_BASE_SENTENCE_H

#include <stdarg.h>

#include "base/bytes.h"

#define CY_SENTENCE_VALUES 10

struct cy_sentence {
	const char *format; /* NULL: it has a conversion that is none of %s, %d, %u and their lengths */
	unsigned n;
	struct cy_sentence_value {
		uint16_t at, len; /* bytes of the text */
		bool word;        /* a plain %s: words of the program, which may have a translation themselves */
	} values[CY_SENTENCE_VALUES];
};

/* Write what vsnprintf() would, and remember the values. */
void cy_sentence(char *text, size_t size, struct cy_sentence *ret, const char *fmt, va_list ap)
	__attribute__((format(printf, 4, 0)));

/* Says a value in another language; returns the value itself where there is no word for it. */
typedef const char *cy_sentence_word(void *arg, const char *value);

/* Know a text again that was made with the format, wherever that was: its values are found between the words of the
 * format, a number as digits. Returns how many bytes of the text are words of the format; 0: it was not made with it,
 * or the format has so few words that nobody could tell. */
size_t cy_sentence_hear(const char *format, const char *text, struct cy_sentence *ret);

/* Append the translation `other` of the format with the values of the text; `word` NULL: they
 * stand as they are. A conversion for which there is no value
 * stays as it is. CY_ELIMIT: it does not fit. */
int cy_sentence_say(struct cy_buf *out, const char *other, const char *text, const struct cy_sentence *s,
		    cy_sentence_word *word, void *arg);

#endif
