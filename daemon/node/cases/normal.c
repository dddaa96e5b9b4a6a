#include "node/cases/normal.h"

#include <string.h>
#include <unicode/unorm2.h>
#include <unicode/ustring.h>

#include "node/cases/cases.h"

static bool is_ascii(const char *s)
{
	while (*s != '\0' && (unsigned char)*s < 0x80)
		s++;
	return *s == '\0';
}

/* False: it has no such form of that size. */
static bool normalize(const UNormalizer2 *form, const char *text, char out[static NORMAL_SIZE])
{
	UChar wide[NORMAL_SIZE], normal[NORMAL_SIZE];
	UErrorCode e = U_ZERO_ERROR;
	int32_t len = 0;

	u_strFromUTF8(wide, NORMAL_SIZE, &len, text, -1, &e);
	len = unorm2_normalize(form, wide, len, normal, NORMAL_SIZE, &e);
	u_strToUTF8(out, NORMAL_SIZE, NULL, normal, len, &e);
	return U_SUCCESS(e) && e != U_STRING_NOT_TERMINATED_WARNING;
}

static void add(struct normal_forms *all, const UNormalizer2 *form, const char *text)
{
	char *out = all->room[all->n - 1];

	if (!normalize(form, text, out))
		return;
	for (size_t i = 0; i < all->n; i++)
		if (strcmp(out, all->form[i]) == 0)
			return;
	all->form[all->n++] = out;
}

void normal_forms(const char *text, struct normal_forms *ret)
{
	UErrorCode e = U_ZERO_ERROR;
	const UNormalizer2 *composed, *decomposed;

	ret->form[0] = text;
	ret->n = 1;
	if (strlen(text) > CY_REFERENCE_MAX || is_ascii(text))
		return;
	composed = unorm2_getNFCInstance(&e);
	decomposed = unorm2_getNFDInstance(&e);
	if (U_FAILURE(e))
		return;
	add(ret, composed, text);
	add(ret, decomposed, text);
}

bool normal_equal(const char *a, const char *b)
{
	struct normal_forms forms;

	normal_forms(a, &forms);
	for (size_t i = 0; i < forms.n; i++)
		if (strcmp(forms.form[i], b) == 0)
			return true;
	return false;
}
