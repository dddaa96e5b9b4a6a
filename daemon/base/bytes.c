#include "base/bytes.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/num.h"

bool cy_bytes_equal(struct cy_bytes a, struct cy_bytes b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

int cy_buf_reserve(struct cy_buf *b, size_t len)
{
	size_t need, cap = b->cap > 0 ? b->cap : 64;
	uint8_t *data;

	if (!cy_add_size(b->len, len, &need) || need > b->max)
		return CY_ELIMIT;
	if (b->data != NULL && need < b->cap)
		return CY_OK;
	while (cap <= need)
		cap *= 2;
	data = realloc(b->data, cap);
	if (data == NULL)
		return CY_ENOMEM;
	b->data = data;
	b->cap = cap;
	b->data[b->len] = 0;
	return CY_OK;
}

int cy_buf_add(struct cy_buf *b, const void *data, size_t len)
{
	int r = cy_buf_reserve(b, len);

	if (r < 0)
		return r;
	if (len > 0)
		memcpy(b->data + b->len, data, len);
	b->len += len;
	b->data[b->len] = 0;
	return CY_OK;
}

int cy_buf_addf(struct cy_buf *b, const char *fmt, ...)
{
	va_list ap;
	int n, r;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		return CY_EINVAL;
	r = cy_buf_reserve(b, (size_t)n);
	if (r < 0)
		return r;
	va_start(ap, fmt);
	vsnprintf((char *)b->data + b->len, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->len += (size_t)n;
	return CY_OK;
}

void cy_buf_drop(struct cy_buf *b, size_t len)
{
	CY_ASSERT(len <= b->len);
	if (len == 0)
		return;
	memmove(b->data, b->data + len, b->len - len);
	b->len -= len;
	b->data[b->len] = 0;
}

void cy_buf_free(struct cy_buf *b)
{
	free(b->data);
	b->data = NULL;
	b->len = b->cap = 0;
}

void cy_hex(const uint8_t *data, size_t len, char *out)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < len; i++) {
		out[2 * i] = digits[data[i] >> 4];
		out[2 * i + 1] = digits[data[i] & 15];
	}
	out[2 * len] = 0;
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int cy_unhex(const char *text, size_t text_len, uint8_t *ret_data, size_t len)
{
	if (text_len != 2 * len)
		return CY_EPARSE;
	for (size_t i = 0; i < text_len; i++)
		if (digit(text[i]) < 0)
			return CY_EPARSE;
	for (size_t i = 0; i < len; i++)
		ret_data[i] = (uint8_t)(digit(text[2 * i]) << 4 | digit(text[2 * i + 1]));
	return CY_OK;
}

int cy_copy(char *dst, size_t size, const char *src)
{
	size_t len = strlen(src);

	if (len >= size)
		return CY_ELIMIT;
	memcpy(dst, src, len + 1);
	return CY_OK;
}

/* Length of the well-formed sequence at p (RFC 3629), 0 if there is none. */
static size_t utf8_sequence(const uint8_t *p, size_t left)
{
	static const struct {
		uint8_t first_lo, first_hi, second_lo, second_hi, len;
	} forms[] = {
		{ 0xc2, 0xdf, 0x80, 0xbf, 2 }, { 0xe0, 0xe0, 0xa0, 0xbf, 3 }, { 0xe1, 0xec, 0x80, 0xbf, 3 },
		{ 0xed, 0xed, 0x80, 0x9f, 3 }, { 0xee, 0xef, 0x80, 0xbf, 3 }, { 0xf0, 0xf0, 0x90, 0xbf, 4 },
		{ 0xf1, 0xf3, 0x80, 0xbf, 4 }, { 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};

	if (p[0] < 0x80)
		return 1;
	for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
		if (p[0] < forms[i].first_lo || p[0] > forms[i].first_hi)
			continue;
		if (left < forms[i].len || p[1] < forms[i].second_lo || p[1] > forms[i].second_hi)
			return 0;
		for (size_t k = 2; k < forms[i].len; k++)
			if (p[k] < 0x80 || p[k] > 0xbf)
				return 0;
		return forms[i].len;
	}
	return 0;
}

void cy_line(char *dst, size_t size, const char *text)
{
	size_t n = strnlen(text, size - 1);

	while (n > 0 && ((uint8_t)text[n] & 0xc0) == 0x80)
		n--;
	for (size_t i = 0; i < n; i++) {
		/* C1 controls are two bytes, 0xc2 and then 0x80 to 0x9f. */
		bool c1 = (uint8_t)text[i] == 0xc2 && (uint8_t)text[i + 1] < 0xa0;

		dst[i] = (uint8_t)text[i] < 0x20 || text[i] == 0x7f || c1 ? '?' : text[i];
		if (c1)
			dst[++i] = '?';
	}
	dst[n] = '\0';
}

bool cy_utf8_valid(const char *text, size_t len)
{
	const uint8_t *p = (const uint8_t *)text;

	while (len > 0) {
		size_t n = utf8_sequence(p, len);

		if (n == 0)
			return false;
		p += n;
		len -= n;
	}
	return true;
}

void cy_utf8_mend(char *text)
{
	size_t left = strlen(text), len = 0;

	for (const char *at = text; left > 0;) {
		const size_t n = utf8_sequence((const uint8_t *)at, left), step = n > 0 ? n : 1;

		memmove(text + len, at, n);
		len += n;
		at += step;
		left -= step;
	}
	text[len] = '\0';
}

int cy_utf8_mark(const char *text, size_t len, size_t *ret_skip)
{
	if (len >= 2 && (memcmp(text, "\xff\xfe", 2) == 0 || memcmp(text, "\xfe\xff", 2) == 0))
		return CY_EPARSE;
	*ret_skip = len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
	return CY_OK;
}

bool cy_authority_valid(const char *id)
{
	size_t len = strlen(id);

	return len >= 1 && len <= CY_AUTHORITY_MAX && strspn(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") == len &&
	       id[0] != '-';
}

bool cy_name_valid(const char *name, size_t max)
{
	size_t len = strlen(name);

	if (len < 1 || len > max || name[0] == ' ' || name[len - 1] == ' ')
		return false;
	for (size_t i = 0; i < len; i++)
		if (name[i] < 0x20 || name[i] > 0x7e)
			return false;
	return true;
}
