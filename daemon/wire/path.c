#include "wire/path.h"

#include <stdio.h>
#include <string.h>

static void add(struct wire_path *p, const char *text, size_t len)
{
	size_t room = sizeof p->s - 1 - p->len;

	if (len > room) {
		len = room;
		while (len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80)
			len--;
	}
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		p->s[p->len++] = c < 0x20 || c == 0x7f ? '?' : text[i];
	}
	p->s[p->len] = 0;
}

size_t wire_path_name(struct wire_path *p, const char *name, size_t len)
{
	size_t before = p->len;

	if (before > 0)
		add(p, ".", 1);
	add(p, name, len);
	return before;
}

size_t wire_path_index(struct wire_path *p, size_t index)
{
	size_t before = p->len;
	char text[32];
	int n = snprintf(text, sizeof text, "[%zu]", index);

	add(p, text, (size_t)n);
	return before;
}

void wire_path_back(struct wire_path *p, size_t before)
{
	p->len = before;
	p->s[before] = 0;
}
