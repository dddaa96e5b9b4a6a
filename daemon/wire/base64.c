#include "wire/base64.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

int wire_base64(struct cy_bytes data, struct cy_buf *out)
{
	size_t size = data.len / 3 * 4 + (data.len % 3 > 0 ? 4 : 0);
	uint8_t *p;
	int r;

	if (data.len > SIZE_MAX / 2)
		return CY_ELIMIT;
	if ((r = cy_buf_reserve(out, size)) < 0)
		return r;
	p = out->data + out->len;
	for (size_t i = 0; i < data.len; i += 3) {
		size_t left = data.len - i;
		unsigned v = (unsigned)data.data[i] << 16;

		if (left > 1)
			v |= (unsigned)data.data[i + 1] << 8;
		if (left > 2)
			v |= data.data[i + 2];
		*p++ = (uint8_t)alphabet[v >> 18];
		*p++ = (uint8_t)alphabet[v >> 12 & 63];
		*p++ = left > 1 ? (uint8_t)alphabet[v >> 6 & 63] : '=';
		*p++ = left > 2 ? (uint8_t)alphabet[v & 63] : '=';
	}
	*p = 0;
	out->len += size;
	return CY_OK;
}

static int digit(uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+' || c == '-')
		return 62;
	if (c == '/' || c == '_')
		return 63;
	return -1;
}

int wire_unbase64(struct cy_bytes text, struct cy_buf *out)
{
	unsigned v = 0, bits = 0;
	uint8_t *p;
	int r;

	for (unsigned i = 0; i < 2 && text.len > 0 && text.data[text.len - 1] == '='; i++)
		text.len--;
	if (text.len % 4 == 1)
		return CY_EPARSE;
	for (size_t i = 0; i < text.len; i++)
		if (digit(text.data[i]) < 0)
			return CY_EPARSE;
	if ((r = cy_buf_reserve(out, text.len / 4 * 3 + 2)) < 0)
		return r;
	p = out->data + out->len;
	for (size_t i = 0; i < text.len; i++) {
		v = v << 6 | (unsigned)digit(text.data[i]);
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			*p++ = (uint8_t)(v >> bits);
			v &= (1u << bits) - 1;
		}
	}
	*p = 0;
	out->len = (size_t)(p - out->data);
	return CY_OK;
}
