#include "law/check.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/limits.h"
#include "base/num.h"
#include "base/reflect.h"
#include "base/time.h"

static size_t put(char *out, size_t size, size_t len, const char *fmt, ...) __attribute__((format(printf, 4, 5)));
static size_t put(char *out, size_t size, size_t len, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(out + len, size - len, fmt, ap);
	va_end(ap);
	if (n < 0)
		return len;
	return len + (size_t)n < size ? len + (size_t)n : size - 1;
}

size_t law_in(struct law_check *c, const char *field)
{
	size_t mark = c->len;

	c->len = put(c->path, sizeof c->path, c->len, "%s%s", c->len ? "." : "", field);
	return mark;
}

size_t law_in_at(struct law_check *c, const char *field, size_t index)
{
	size_t mark = c->len;

	c->len = put(c->path, sizeof c->path, c->len, "%s%s[%zu]", c->len ? "." : "", field, index);
	return mark;
}

void law_out(struct law_check *c, size_t mark)
{
	c->len = mark;
	c->path[mark] = '\0';
}

static void add(struct law_check *c, const char *field, const char *article, const char *fmt, va_list ap)
	__attribute__((format(printf, 4, 0)));
static void add(struct law_check *c, const char *field, const char *article, const char *fmt, va_list ap)
{
	struct law_faults *all = c->faults;
	struct law_fault *f;
	size_t mark = c->len;

	if (all->n == LAW_FAULTS_MAX) {
		all->more = true;
		return;
	}
	f = &all->at[all->n++];
	if (field)
		mark = law_in(c, field);
	put(f->field, sizeof f->field, 0, "%s", c->path);
	law_out(c, mark);
	cy_sentence(f->text, sizeof f->text, &f->sentence, fmt, ap);
	put(f->article, sizeof f->article, 0, "%s", article);
	cy_utf8_mend(f->text);
}

void law_fault(struct law_check *c, const char *field, const char *article, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add(c, field, article, fmt, ap);
	va_end(ap);
}

/* A rule whose fault has words of its own: is it told instead? */
static bool told(struct law_check *c, const char *field, bool may_be_empty, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
static bool told(struct law_check *c, const char *field, bool may_be_empty, const char *fmt, ...)
{
	const char *when = c->when;
	char text[sizeof c->faults->at[0].text];
	size_t mark = c->len;
	va_list ap;

	c->when = NULL;
	if (c->tell == NULL)
		return false;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	if (field != NULL)
		mark = law_in(c, field);
	c->tell(c->arg, c->path, when, may_be_empty, text);
	law_out(c, mark);
	return true;
}

void law_must(struct law_check *c, bool kept, const char *field, const char *fmt, ...)
{
	char text[sizeof c->faults->at[0].text];
	va_list ap;

	if (kept && c->tell == NULL)
		return;
	va_start(ap, fmt);
	if (c->tell != NULL) {
		vsnprintf(text, sizeof text, fmt, ap);
		told(c, field, false, "%s", text);
	} else {
		add(c, field, LAW_NO_ARTICLE, fmt, ap);
	}
	va_end(ap);
}

bool law_where(struct law_check *c, bool applies, const char *when)
{
	if (c->tell == NULL)
		return applies;
	c->when = when;
	return true;
}

bool law_named(const struct law_faults *all, const char *path, const char *field)
{
	for (size_t i = 0; i < all->n; i++) {
		const char *known = all->at[i].field;
		const size_t len = strlen(path);

		if (strncmp(known, path, len) == 0 && known[len] == '.' && strcmp(known + len + 1, field) == 0)
			return true;
	}
	return false;
}

void law_each_part(struct law_check *c, const ProtobufCMessage *m, law_look *look, void *arg)
{
	look(c, arg, m);
	for (unsigned i = 0; i < m->descriptor->n_fields; i++) {
		const ProtobufCFieldDescriptor *f = &m->descriptor->fields[i];
		const bool list = f->label == PROTOBUF_C_LABEL_REPEATED;
		const size_t n = list ? cy_field_count(m, f) : cy_field_set(m, f);

		for (size_t k = 0; f->type == PROTOBUF_C_TYPE_MESSAGE && k < n; k++) {
			const size_t mark = list ? law_in_at(c, f->name, k) : law_in(c, f->name);

			law_each_part(c, *(const ProtobufCMessage *const *)cy_field_value(m, f, k), look, arg);
			law_out(c, mark);
		}
	}
}

bool law_blank(const char *text)
{
	return text == NULL || !text[strspn(text, " \t\r\n")];
}

void law_text(struct law_check *c, const char *field, const char *value)
{
	law_must(c, !law_blank(value), field, "This field is mandatory.");
}

void law_texts(struct law_check *c, const char *field, size_t n, char **values)
{
	for (size_t i = 0; i < n; i++) {
		size_t mark = law_in_at(c, field, i);

		law_text(c, NULL, values[i]);
		law_out(c, mark);
	}
}

static void day(struct law_check *c, const char *field, const char *value, bool may_be_empty)
{
	static const char text[] = "A day of the calendar is expected, written YYYY-MM-DD.";
	struct cy_date d;

	if (!told(c, field, may_be_empty, text) && value[0] && cy_date_parse(value, &d))
		law_fault(c, field, LAW_NO_ARTICLE, text);
}

void law_date(struct law_check *c, const char *field, const char *value)
{
	day(c, field, value, true);
}

void law_date_must(struct law_check *c, const char *field, const char *value)
{
	law_text(c, field, value);
	day(c, field, value, false);
}

void law_period(struct law_check *c, const char *from_field, const char *from, const char *to_field, const char *to)
{
	struct cy_date a, b;

	law_date(c, from_field, from);
	law_date(c, to_field, to);
	law_must(c,
		 !from[0] || !to[0] || cy_date_parse(from, &a) || cy_date_parse(to, &b) ||
			 cy_date_days(a) <= cy_date_days(b),
		 to_field, "The last day must not lie before the first day.");
}

static bool letters(const char *value, char low, char high)
{
	return value[0] >= low && value[0] <= high && value[1] >= low && value[1] <= high && !value[2];
}

void law_state(struct law_check *c, const char *field, const char *value, bool must)
{
	static const char text[] = "A state is expected as two capital letters of ISO 3166-1, such as IE.";

	if (!told(c, field, !must, text) && (must || value[0]) && !letters(value, 'A', 'Z'))
		law_fault(c, field, LAW_NO_ARTICLE, text);
}

void law_language(struct law_check *c, const char *field, const char *value)
{
	law_must(c, letters(value, 'a', 'z'), field,
		 "A language is expected as two small letters of ISO 639-1, such as en.");
}

void law_enum(struct law_check *c, const char *field, const ProtobufCEnumDescriptor *d, int value, bool must)
{
	if (told(c, field, !must,
		 must ? "This field is mandatory; one of the values of %s is expected."
		      : "One of the values of %s is expected.",
		 d->short_name))
		return;
	if (!value && must)
		law_fault(c, field, LAW_NO_ARTICLE, "This field is mandatory; one of the values of %s is expected.",
			  d->short_name);
	else if (value && protobuf_c_enum_descriptor_get_value(d, value) == NULL)
		law_fault(c, field, LAW_NO_ARTICLE, "%d is not a value of %s.", value, d->short_name);
}

void law_title(struct law_check *c, const char *value, bool must)
{
	if (must)
		law_text(c, "title", value);
	law_must(c, strlen(value) <= CY_TITLE_MAX, "title", "A title has at most %u bytes.", CY_TITLE_MAX);
	law_must(c, strlen(value) > CY_TITLE_MAX || strpbrk(value, "\r\n") == NULL, "title", "A title is one line.");
}

void law_number(struct law_check *c, const char *field, uint32_t value)
{
	law_must(c, value != 0, field, "The number of the message that is meant is mandatory.");
}

void law_measure_number(struct law_check *c, const char *field, uint32_t value, uint64_t *seen)
{
	const bool exists = value >= 1 && value <= CY_MEASURES_MAX;
	uint64_t bit;

	law_must(c, exists, field, "The number of a measure is expected, 1 to %u.", CY_MEASURES_MAX);
	if (told(c, field, false, "Each measure is named once.") || !exists)
		return;
	bit = UINT64_C(1) << (value - 1);
	if (*seen & bit)
		law_fault(c, field, LAW_NO_ARTICLE, "Measure %u is named twice.", value);
	*seen |= bit;
}

void law_measure_list(struct law_check *c, size_t n, const uint32_t *values)
{
	uint64_t seen = 0;

	for (size_t i = 0; i < n; i++) {
		size_t mark = law_in_at(c, "measures", i);

		law_measure_number(c, NULL, values[i], &seen);
		law_out(c, mark);
	}
}
