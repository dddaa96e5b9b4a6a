#include "base/uri.h"

#include <stddef.h>
#include <string.h>

#define BLANKS " \t\r\n"

/* Where the query of the word begins, if a scheme may be before it: at its '?'. */
static char *query_of(char *word, size_t len)
{
	char *mark = memchr(word, '?', len);

	return mark != NULL && memchr(word, ':', (size_t)(mark - word)) != NULL ? mark : NULL;
}

void cy_uri_mask(char *text)
{
	char *at = text + strspn(text, BLANKS);

	while (*at != '\0') {
		size_t len = strcspn(at, BLANKS);
		char *mark = query_of(at, len), *end = at + len;
		size_t kept, hidden;

		if (mark != NULL && end > mark + 1) {
			/* Punctuation of the sentence behind the URI, such as a quote and a colon. */
			for (kept = 0;
			     kept < 2 && end - kept > mark + 1 && strchr("'\":;,)", end[-1 - (ptrdiff_t)kept]);)
				kept++;
			hidden = (size_t)(end - mark) - 1 - kept;
			hidden = hidden < 3 ? hidden : 3;
			memset(mark + 1, '*', hidden);
			memmove(mark + 1 + hidden, end - kept, strlen(end - kept) + 1);
			end = mark + 1 + hidden + kept;
		}
		at = end + strspn(end, BLANKS);
	}
}
