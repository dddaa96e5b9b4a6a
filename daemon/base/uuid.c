#include "base/uuid.h"

#include <string.h>

#include "base/bytes.h"

struct cy_uuid cy_uuid7(struct cy_wall now, const uint8_t random[static 10])
{
	static const int starts[] = { 0, 4, 6, 8, 10, 16 };
	uint64_t ms = (uint64_t)now.ms;
	struct cy_uuid u = { 0 };
	uint8_t b[16];
	char *p = u.s;

	for (int i = 0; i < 6; i++)
		b[i] = (uint8_t)(ms >> (40 - 8 * i));
	memcpy(b + 6, random, 10);
	b[6] = (uint8_t)(0x70 | (b[6] & 0x0f));
	b[8] = (uint8_t)(0x80 | (b[8] & 0x3f));
	for (int i = 0; i < 5; i++) {
		size_t n = (size_t)(starts[i + 1] - starts[i]);

		cy_hex(b + starts[i], n, p);
		p += 2 * n;
		*p++ = i < 4 ? '-' : '\0';
	}
	return u;
}

bool cy_uuid_valid(const char *text)
{
	if (strlen(text) != CY_UUID_LEN)
		return false;
	for (size_t i = 0; i < CY_UUID_LEN; i++) {
		if (i == 8 || i == 13 || i == 18 || i == 23) {
			if (text[i] != '-')
				return false;
		} else if (strchr("0123456789abcdef", text[i]) == NULL) {
			return false;
		}
	}
	return text[14] == '7' && strchr("89ab", text[19]) != NULL;
}
