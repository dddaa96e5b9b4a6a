/* Bytes: a borrowed view, and a growing buffer with a maximum. */
#ifndef CY_BASE_BYTES_H
#define CY_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A view of memory that somebody else owns. */
struct cy_bytes {
	const uint8_t *data;
	size_t len;
};

static inline struct cy_bytes cy_bytes(const void *data, size_t len)
{
	return (struct cy_bytes){ .data = data, .len = len };
}

bool cy_bytes_equal(struct cy_bytes a, struct cy_bytes b);

/* A buffer that owns its memory and never grows beyond `max`. Zero-initialised
 * with a maximum it is empty and valid. A NUL always follows the content, so
 * that text can be read as a string; it is not counted. */
struct cy_buf {
	uint8_t *data;
	size_t len, cap, max;
};

#define CY_BUF(limit) ((struct cy_buf){ .max = (limit) })

/* CY_ELIMIT beyond max, CY_ENOMEM without memory; the buffer is then unchanged. */
int cy_buf_add(struct cy_buf *b, const void *data, size_t len);
int cy_buf_addf(struct cy_buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Room for `len` more bytes at b->data + b->len; the caller then raises len. */
int cy_buf_reserve(struct cy_buf *b, size_t len);
/* Forget the first `len` bytes. */
void cy_buf_drop(struct cy_buf *b, size_t len);
/* Free the memory; the maximum stays. */
void cy_buf_free(struct cy_buf *b);

static inline struct cy_bytes cy_buf_view(const struct cy_buf *b)
{
	return (struct cy_bytes){ .data = b->data, .len = b->len };
}

/* Lower-case hexadecimal. `out` holds 2 * len + 1 characters. */
void cy_hex(const uint8_t *data, size_t len, char *out);
/* Exactly `len` bytes from 2 * len digits of either case; CY_EPARSE otherwise. */
int cy_unhex(const char *text, size_t text_len, uint8_t *ret_data, size_t len);

/* Copy a string into a fixed array; CY_ELIMIT if it does not fit whole. */
int cy_copy(char *dst, size_t size, const char *src);

/* Copies the text of another party as one line for people: control characters become '?', and
 * a text that does not fit is cut between two characters. `text` is UTF-8. */
void cy_line(char *dst, size_t size, const char *text);

/* Well-formed UTF-8 (RFC 3629). */
bool cy_utf8_valid(const char *text, size_t len);

/* Take out of a text that was put together of cut pieces what is left of cut characters: it is UTF-8 then. */
void cy_utf8_mend(char *text);

/* The bytes of a byte order mark of UTF-8, which other programs put before a text:
 * it is skipped. A text that begins with that of UTF-16 gives CY_EPARSE, for which
 * CY_UTF16_TEXT is the sentence. */
int cy_utf8_mark(const char *text, size_t len, size_t *ret_skip);
#define CY_UTF16_TEXT "it is UTF-16; save it anew as plain text in UTF-8"

/* Only the characters of an authority id: [A-Z0-9-], 1 to 32. */
bool cy_authority_valid(const char *id);
/* 1 to `max` printable ASCII characters without blanks at the ends. */
bool cy_name_valid(const char *name, size_t max);

#endif
