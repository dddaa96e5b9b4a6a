#include "form/catalogue.h"

#include <string.h>

#define MAGIC    0x950412deu
#define KEY_MAX  4096u
#define HEAD_LEN 20u

/* msgfmt writes the byte order of the machine that it is for; little-endian is asked for (--endianness=little). */
static uint32_t word(struct cy_bytes b, size_t at)
{
	const uint8_t *p = b.data + at;

	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* The text of a table's row; NULL where it does not lie in the file, or does not end there. */
static const char *text_at(const struct form_catalogue *c, size_t table, size_t row, size_t *ret_len)
{
	const size_t len = word(c->file, table + row * 8), at = word(c->file, table + row * 8 + 4);

	if (at >= c->file.len || len >= c->file.len - at || c->file.data[at + len] != '\0')
		return NULL;
	*ret_len = len;
	return (const char *)c->file.data + at;
}

static int compare(const char *id, size_t len, const char *key, size_t key_len)
{
	const int r = memcmp(id, key, len < key_len ? len : key_len);

	return r ? r : len < key_len ? -1 : len > key_len;
}

int form_catalogue_open(struct cy_bytes file, struct form_catalogue *ret, struct cy_error *e)
{
	struct form_catalogue c = { .file = file };
	const char *before = NULL;
	size_t before_len = 0;

	if (file.len < HEAD_LEN || word(file, 0) != MAGIC || word(file, 4) >> 16 > 1)
		return cy_fail(e, CY_EPARSE, "a catalogue of gettext is expected, as msgfmt writes it");
	c.n = word(file, 8);
	c.ids = word(file, 12);
	c.texts = word(file, 16);
	if (c.n > file.len / 16 || c.ids > file.len || c.texts > file.len || c.n * 8 > file.len - c.ids ||
	    c.n * 8 > file.len - c.texts)
		return cy_fail(e, CY_EPARSE, "the catalogue is cut off");
	for (size_t i = 0; i < c.n; i++) {
		size_t id_len, text_len;
		const char *id = text_at(&c, c.ids, i, &id_len), *text = text_at(&c, c.texts, i, &text_len);

		if (id == NULL || text == NULL || !cy_utf8_valid(text, text_len) ||
		    (before != NULL && compare(before, before_len, id, id_len) >= 0))
			return cy_fail(e, CY_EPARSE, "text %zu of the catalogue is damaged, or out of order", i + 1);
		before = id;
		before_len = id_len;
	}
	*ret = c;
	return CY_OK;
}

/* Ids with a context are CONTEXT EOT ID in the file, and sorted by bytes. */
const char *form_catalogue_find(void *arg, const char *context, const char *id)
{
	const struct form_catalogue *c = arg;
	const size_t before = strlen(context), len = strlen(id);
	size_t low = 0, high = c->n, key_len = 0;
	char key[KEY_MAX];

	if (before + 1 + len > sizeof key)
		return NULL;
	if (before) {
		memcpy(key, context, before);
		key[before] = '\4';
		key_len = before + 1;
	}
	memcpy(key + key_len, id, len);
	key_len += len;
	while (low < high) {
		const size_t middle = low + (high - low) / 2;
		size_t found_len, text_len;
		const char *found = text_at(c, c->ids, middle, &found_len);
		const int r = compare(found, found_len, key, key_len);

		if (r == 0)
			return text_at(c, c->texts, middle, &text_len);
		if (r < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

const char *form_catalogue_sentence(const struct form_catalogue *c, size_t i)
{
	size_t len;
	const char *id = text_at(c, c->ids, i, &len);

	return id != NULL && len > 0 && strchr(id, '\4') == NULL ? id : NULL;
}

const char *form_catalogue_head(const struct form_catalogue *c, struct cy_arena *a, const char *name)
{
	const char *line = form_catalogue_find((void *)c, "", "");
	const size_t len = strlen(name);

	while (line != NULL && *line) {
		const size_t all = strcspn(line, "\n");

		if (strncmp(line, name, len) == 0 && line[len] == ':') {
			const size_t skip = len + 1 + strspn(line + len + 1, " ");
			char *text = cy_arena_take(a, all - skip + 1);

			memcpy(text, line + skip, all - skip);
			return text;
		}
		line += all + (line[all] == '\n');
	}
	return "";
}
