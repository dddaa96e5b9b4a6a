#include "letter/catalog.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"

/* The last place of `what` from `from` on; NULL: there is none. */
static const char *last(const char *from, const char *end, const char *what)
{
	const char *found = NULL, *at = from;

	while (at != NULL && (at = memmem(at, (size_t)(end - at), what, strlen(what))) != NULL)
		found = at++;
	return found;
}

/* The number behind the name; 0: there is none. */
static unsigned long number(const char *from, const char *end, const char *name)
{
	const char *at = memmem(from, (size_t)(end - from), name, strlen(name));

	return at != NULL ? strtoul(at + strlen(name), NULL, 10) : 0;
}

static bool has(const char *from, const char *to, const char *name)
{
	return memmem(from, (size_t)(to - from), name, strlen(name)) != NULL;
}

/* The object of this number as it stands in the file, from `<<` to before its last `>>`. */
static bool object(const char *file, const char *end, unsigned long n, const char **ret_from, const char **ret_to)
{
	struct cy_buf head = CY_BUF(64);
	const char *at, *over;
	bool found = false;

	if (cy_buf_addf(&head, "\n%lu 0 obj\n<<", n) == CY_OK &&
	    (at = last(file, end, (const char *)head.data)) != NULL) {
		at += head.len - 2;
		over = memmem(at, (size_t)(end - at), ">>\nendobj", 9);
		found = over != NULL;
		*ret_from = at;
		*ret_to = over;
	}
	cy_buf_free(&head);
	return found;
}

int catalog_say(struct cy_buf *file, const char *language)
{
	const char *text = (const char *)file->data, *end = text + file->len, *from, *to;
	const char *trailer = last(text, end, "\ntrailer\n"), *start = last(text, end, "\nstartxref\n");
	struct cy_buf more = CY_BUF(4096);
	unsigned long root, size, info, before;
	int r;

	if (trailer == NULL || start == NULL || start < trailer)
		return CY_EPARSE;
	root = number(trailer, start, "/Root ");
	size = number(trailer, start, "/Size ");
	info = number(trailer, start, "/Info ");
	before = strtoul(start + strlen("\nstartxref\n"), NULL, 10);
	if (!root || !size || !info || !before || !object(text, trailer, root, &from, &to))
		return CY_EPARSE;
	r = cy_buf_addf(&more, "%lu 0 obj\n%.*s", root, (int)(to - from), from);
	if (r == CY_OK && !has(from, to, "/Lang"))
		r = cy_buf_addf(&more, "   /Lang (%.*s)\n", (int)strspn(language, "abcdefghijklmnopqrstuvwxyz-"),
				language);
	if (r == CY_OK && !has(from, to, "/MarkInfo"))
		r = cy_buf_addf(&more, "   /MarkInfo << /Marked true >>\n");
	if (r == CY_OK && !has(from, to, "/ViewerPreferences"))
		r = cy_buf_addf(&more, "   /ViewerPreferences << /DisplayDocTitle true >>\n");
	if (r == CY_OK)
		r = cy_buf_addf(&more, ">>\nendobj\n");
	if (r == CY_OK)
		r = cy_buf_addf(
			&more,
			"xref\n%lu 1\n%010zu 00000 n \ntrailer\n<< /Size %lu /Root %lu 0 R /Info %lu 0 R /Prev %lu >>\n"
			"startxref\n%zu\n%%%%EOF\n",
			root, file->len, size, root, info, before, file->len + more.len);
	if (r == CY_OK)
		r = cy_buf_add(file, more.data, more.len);
	cy_buf_free(&more);
	return r;
}
