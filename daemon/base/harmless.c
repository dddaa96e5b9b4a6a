#include "base/harmless.h"

#include "base/error.h"

size_t cy_utf8_char(const uint8_t *s, size_t len, uint32_t *ret)
{
	static const uint8_t lead[] = { 0, 0, 0x1f, 0x0f, 0x07 };
	size_t n = s[0] < 0x80 ? 1 : s[0] < 0xc0 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : s[0] < 0xf8 ? 4 : 0;
	uint32_t c;

	if (!n || n > len || !cy_utf8_valid((const char *)s, n))
		return 0;
	c = n == 1 ? s[0] : s[0] & lead[n];
	for (size_t i = 1; i < n; i++)
		c = c << 6 | (s[i] & 0x3f);
	*ret = c;
	return n;
}

bool cy_harmful(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x061c || c == 0x200e || c == 0x200f ||
	       (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0xfeff ||
	       (c >= 0xe0000 && c <= 0xe007f);
}

int cy_harmless(struct cy_buf *b, const char *text, size_t len, bool lines, bool *ret_marked)
{
	const uint8_t *s = (const uint8_t *)text;
	bool marked = false;

	for (size_t i = 0; i < len;) {
		uint32_t c = 0;
		const size_t n = cy_utf8_char(s + i, len - i, &c);
		const bool kept = n && (c == '\n' ? lines : !cy_harmful(c));
		int r;

		if (kept)
			r = cy_buf_add(b, s + i, n);
		else if (!n)
			r = cy_buf_addf(b, "\\x%02x", s[i]);
		else if (c == '\n')
			r = cy_buf_addf(b, "\\n");
		else
			r = cy_buf_addf(b, c < 0x100 ? "\\x%02x" : "\\u{%x}", (unsigned)c);
		if (r != CY_OK)
			return r;
		marked |= !kept;
		i += n ? n : 1;
	}
	if (ret_marked != NULL)
		*ret_marked = marked;
	return CY_OK;
}
