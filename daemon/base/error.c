#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/uri.h"

const char *cy_strerror(int code)
{
	switch ((enum cy_code)code) {
#define CY_X(name, value, text) \
	case CY_##name:         \
		return text;
		CY_ERRORS(CY_X)
#undef CY_X
	}
	return "unknown error";
}

__attribute__((format(printf, 4, 0))) static void fill(struct cy_error *e, int code, const char *field, const char *fmt,
						       va_list ap)
{
	if (e == NULL)
		return;
	e->code = code;
	snprintf(e->field, sizeof e->field, "%s", field);
	vsnprintf(e->text, sizeof e->text, fmt, ap);
	/* It is printed and logged, and a key may be named by a URI with its PIN. */
	cy_uri_mask(e->field);
	cy_uri_mask(e->text);
}

int cy_fail(struct cy_error *e, int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fill(e, code, "", fmt, ap);
	va_end(ap);
	return code;
}

int cy_fail_at(struct cy_error *e, int code, const char *field, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fill(e, code, field, fmt, ap);
	va_end(ap);
	return code;
}

void cy_assert_failed(const char *cond, const char *file, int line)
{
	fprintf(stderr, "comity: broken invariant: %s at %s:%d\n", cond, file, line);
	abort();
}
