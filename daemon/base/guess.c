#include "base/guess.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static char folded(char c)
{
	if (c == '-')
		return '_';
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static size_t smallest(size_t a, size_t b, size_t c)
{
	const size_t least = a < b ? a : b;

	return least < c ? least : c;
}

/* Optimal string alignment: three rows of the table of distances are kept. */
static size_t distance(const char *a, size_t n, const char *b, size_t m)
{
	size_t rows[3][CY_GUESS_SIZE];

	for (size_t j = 0; j <= m; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= n; i++) {
		size_t *row = rows[i % 3], *above = rows[(i - 1) % 3];

		row[0] = i;
		for (size_t j = 1; j <= m; j++) {
			const char x = folded(a[i - 1]), y = folded(b[j - 1]);

			row[j] = smallest(above[j] + 1, row[j - 1] + 1, above[j - 1] + (x != y));
			if (i > 1 && j > 1 && x == folded(b[j - 2]) && y == folded(a[i - 2]) &&
			    rows[(i - 2) % 3][j - 2] + 1 < row[j])
				row[j] = rows[(i - 2) % 3][j - 2] + 1;
		}
	}
	return rows[n % 3][m];
}

static const char *letters_of(const char *p)
{
	return p + strspn(p, "_-");
}

/* A name that is cut short, such as `ownRef` for `ownReference`: people who remember how it begins write so. */
static bool begins(const char *given, const char *name)
{
	size_t same = 0;

	while (*(given = letters_of(given)) != '\0') {
		name = letters_of(name);
		if (folded(*given++) != folded(*name++))
			return false;
		same++;
	}
	return same >= CY_GUESS_BEGINS;
}

void cy_guess_offer(struct cy_guess *g, const char *name)
{
	const size_t n = strlen(g->given), m = strlen(name);
	size_t wrong;

	if (n >= CY_GUESS_SIZE || m >= CY_GUESS_SIZE || m == 0)
		return;
	wrong = distance(g->given, n, name, m);
	if (wrong > 1 && begins(g->given, name))
		wrong = 1;
	if (wrong > (m + 3) / 4 || wrong >= n || (g->name[0] != '\0' && wrong >= g->wrong))
		return;
	g->wrong = wrong;
	memcpy(g->name, name, m + 1);
}

const char *cy_guess_text(const struct cy_guess *g, char out[static CY_GUESS_TEXT])
{
	if (g->name[0] != '\0')
		snprintf(out, CY_GUESS_TEXT, ": did you mean '%s'?", g->name);
	else
		snprintf(out, CY_GUESS_TEXT, ".");
	return out;
}
