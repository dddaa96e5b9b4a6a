#include "base/sentence.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

#define VALUE_MAX  1024u
#define HEAR_LEAST 9u /* bytes of a format by which a text is known again */

/* A conversion of printf(): flags, width, precision, length and the letter. */
struct conversion {
	const char *from;
	size_t len;
	size_t flags;   /* length of the flag `0` and the width, which has two digits at most */
	uint8_t width;  /* with zeros before the digits; 0: none */
	int precision;  /* -1: none; -2: an argument */
	unsigned longs; /* l: 1, ll: 2, z: 3 */
	char letter;
};

/* The conversion at a `%`. */
static struct conversion read_one(const char *at)
{
	struct conversion c = { .from = at, .precision = -1 };
	const char *p = at + 1;

	c.flags = strspn(p, "0123456789");
	c.width = p[0] == '0' ? (uint8_t)strtol(p, NULL, 10) : 0;
	p += c.flags;
	if (p[0] == '.' && p[1] == '*') {
		c.precision = -2;
		p += 2;
	} else if (p[0] == '.') {
		c.precision = (int)strtol(p + 1, (char **)&p, 10);
	}
	for (; p[0] == 'l'; p++)
		c.longs++;
	if (p[0] == 'z') {
		c.longs = 3;
		p++;
	}
	c.letter = p[0];
	c.len = (size_t)(p - at) + (p[0] != '\0');
	return c;
}

static bool known(const struct conversion *c)
{
	if (c->letter == 's')
		return c->flags == 0 && c->longs == 0;
	return (c->letter == 'd' || c->letter == 'u' || c->letter == '%') && c->precision == -1 && c->flags <= 3;
}

static bool all_known(const char *fmt)
{
	unsigned n = 0;

	for (const char *at = fmt; (at = strchr(at, '%')) != NULL;) {
		const struct conversion c = read_one(at);

		if (!known(&c) || (c.letter != '%' && n++ == CY_SENTENCE_VALUES))
			return false;
		at += c.len;
	}
	return true;
}

/* Digits, with zeros before them as the flags say. */
static void number(char out[static VALUE_MAX], const struct conversion *c, unsigned long long n, bool minus)
{
	snprintf(out, VALUE_MAX, "%s%0*llu", minus ? "-" : "", c->width > 0 ? c->width - minus : 1, n);
}

static void put(char *text, size_t size, size_t *len, const char *from, size_t n)
{
	const size_t room = size - 1 - *len;

	n = n < room ? n : room;
	memcpy(text + *len, from, n);
	*len += n;
}

/* The next argument, as it is written. Integers of the same length are taken by their rank: va_arg() wants the type. */
#define NEXT_NUMBER(value, ap, c, UNSIGNED, SIGNED)                                                         \
	do {                                                                                                \
		if ((c)->letter == 'u') {                                                                   \
			number((value), (c), va_arg((ap), UNSIGNED), false);                                \
		} else {                                                                                    \
			const SIGNED signed_ = va_arg((ap), SIGNED);                                        \
			number((value), (c),                                                                \
			       signed_ < 0 ? 0 - (unsigned long long)signed_ : (unsigned long long)signed_, \
			       signed_ < 0);                                                                \
		}                                                                                           \
	} while (0)

void cy_sentence(char *text, size_t size, struct cy_sentence *ret, const char *fmt, va_list ap)
{
	size_t len = 0;
	va_list args;

	*ret = (struct cy_sentence){ 0 };
	if (!all_known(fmt)) {
		vsnprintf(text, size, fmt, ap);
		return;
	}
	ret->format = fmt;
	va_copy(args, ap);
	while (fmt[0]) {
		const size_t plain = strcspn(fmt, "%");
		struct cy_sentence_value *v = &ret->values[ret->n];
		struct conversion c;
		char digits[VALUE_MAX];
		const char *value = digits;
		size_t n;

		put(text, size, &len, fmt, plain);
		fmt += plain;
		if (!fmt[0])
			break;
		c = read_one(fmt);
		fmt += c.len;
		if (c.letter == '%') {
			put(text, size, &len, "%", 1);
			continue;
		}
		if (c.precision == -2)
			c.precision = va_arg(args, int);
		if (c.letter == 's')
			value = va_arg(args, const char *);
		else if (c.longs == 0)
			NEXT_NUMBER(digits, args, &c, unsigned, int);
		else if (c.longs == 1)
			NEXT_NUMBER(digits, args, &c, unsigned long, long);
		else if (c.longs == 2)
			NEXT_NUMBER(digits, args, &c, unsigned long long, long long);
		else
			NEXT_NUMBER(digits, args, &c, size_t, long);
		n = c.precision >= 0 ? strnlen(value, (size_t)c.precision) : strlen(value);
		v->at = (uint16_t)len;
		put(text, size, &len, value, n);
		v->len = (uint16_t)(len - v->at);
		v->word = c.letter == 's' && c.precision == -1;
		ret->n++;
	}
	text[len] = '\0';
	va_end(args);
}

/* The value at `text`, which ends where the words that follow it in the format begin; at the end of the format, where
 * the text ends. NULL: there is none. */
static const char *end_of_value(const struct conversion *c, const char *text, const char *words, size_t n)
{
	const char *end = text;

	if (c->letter != 's') {
		end += c->letter == 'd' && end[0] == '-';
		end += strspn(end, "0123456789");
		return end > text && strncmp(end, words, n) == 0 ? end : NULL;
	}
	if (n == 0)
		return words[0] ? NULL : text + strlen(text);
	for (; end[0]; end++)
		if (strncmp(end, words, n) == 0 && (words[n] || !end[n]))
			return end;
	return NULL;
}

size_t cy_sentence_hear(const char *format, const char *text, struct cy_sentence *ret)
{
	struct cy_sentence s = { .format = format };
	const char *at = text;
	size_t own = 0;

	if (!all_known(format) || strstr(format, "%%") != NULL)
		return 0;
	for (;;) {
		const size_t plain = strcspn(format, "%");
		struct conversion c;
		const char *end;

		if (strncmp(at, format, plain) != 0)
			return 0;
		own += plain;
		at += plain;
		format += plain;
		if (!format[0])
			break;
		c = read_one(format);
		format += c.len;
		end = end_of_value(&c, at, format, strcspn(format, "%"));
		if (end == NULL)
			return 0;
		s.values[s.n++] = (struct cy_sentence_value){ .at = (uint16_t)(at - text),
							      .len = (uint16_t)(end - at),
							      .word = c.letter == 's' && c.precision == -1 };
		at = end;
	}
	if (at[0] || own < HEAR_LEAST || strlen(text) > UINT16_MAX)
		return 0;
	*ret = s;
	return own;
}

static int put_value(struct cy_buf *out, const char *text, const struct cy_sentence_value *v, cy_sentence_word *word,
		     void *arg)
{
	const size_t all = strlen(text), at = v->at < all ? v->at : all, len = v->len < all - at ? v->len : all - at;
	char copy[VALUE_MAX];
	const char *said;

	if (word == NULL || !v->word || len >= sizeof copy)
		return cy_buf_add(out, text + at, len);
	memcpy(copy, text + at, len);
	copy[len] = '\0';
	said = word(arg, copy);
	return cy_buf_add(out, said, strlen(said));
}

int cy_sentence_say(struct cy_buf *out, const char *other, const char *text, const struct cy_sentence *s,
		    cy_sentence_word *word, void *arg)
{
	unsigned next = 0;
	int r = CY_OK;

	while (r == CY_OK && other[0]) {
		const size_t plain = strcspn(other, "%"),
			     digits = other[plain] ? strspn(other + plain + 1, "0123456789") : 0;
		const bool placed = digits > 0 && other[plain + 1 + digits] == '$';
		struct conversion c;
		unsigned long n;

		r = cy_buf_add(out, other, plain);
		other += plain;
		if (r != CY_OK || !other[0])
			break;
		n = placed ? strtoul(other + 1, NULL, 10) : next + 1;
		c = read_one(placed ? other + 1 + digits : other);
		if (c.letter == '%') {
			r = cy_buf_add(out, "%", 1);
		} else if (known(&c) && n >= 1 && n <= s->n) {
			r = put_value(out, text, &s->values[n - 1], word, arg);
			next += !placed;
		} else {
			r = cy_buf_add(out, other, (size_t)(c.from + c.len - other));
		}
		other = c.from + c.len;
	}
	return r;
}
