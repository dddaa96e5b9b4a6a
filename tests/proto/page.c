/* Prints all tables; see page.h. */
#include "page.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"

void page_add(char cell[static PAGE_CELL], const char *between, const char *fmt, ...)
{
	size_t len = strlen(cell);
	va_list ap;
	int n = snprintf(cell + len, PAGE_CELL - len, "%s", len > 0 ? between : "");

	CY_ASSERT(n >= 0 && len + (size_t)n < PAGE_CELL);
	len += (size_t)n;
	va_start(ap, fmt);
	n = vsnprintf(cell + len, PAGE_CELL - len, fmt, ap);
	va_end(ap);
	CY_ASSERT(n >= 0 && len + (size_t)n < PAGE_CELL);
}

void page_begin(const char *name, const char *heads)
{
	printf("<!-- table: %s -->\n|", name);
	for (const char *p = heads; *p != '\0'; p++) {
		if (*p == '|')
			printf(" |");
		else
			printf("%s%c", p == heads || p[-1] == '|' ? " " : "", *p);
	}
	printf(" |\n|---|");
	for (const char *p = heads; *p != '\0'; p++)
		if (*p == '|')
			printf("---|");
	putchar('\n');
}

void page_row(size_t n, const char *const cells[])
{
	for (size_t i = 0; i < n; i++)
		printf("| %s%s", cells[i], cells[i][0] != '\0' ? " " : "");
	printf("|\n");
}

void page_end(void)
{
	printf("<!-- end -->\n");
}

int main(void)
{
	page_case();
	page_checks();
	page_refusals();
	page_limits();
	page_frames();
	return 0;
}
