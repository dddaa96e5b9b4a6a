/* What a message says, put into the fields as people read it. */
#include <inttypes.h>
#include <string.h>

#include "base/error.h"
#include "base/harmless.h"
#include "base/limits.h"
#include "base/num.h"
#include "base/reflect.h"
#include "base/time.h"
#include "form/internal.h"
#include "wire/base64.h"

static const char *taken(struct cy_arena *a, struct cy_buf *b)
{
	const char *text = cy_arena_string(a, b->data != NULL ? (const char *)b->data : "");

	cy_buf_free(b);
	return text;
}

/* Texts of a message are at most CY_TEXT_MAX bytes; one replaced takes up to nine. */
static const char *harmless(const struct form_work *w, const char *text, bool *marked)
{
	struct cy_buf b = CY_BUF(9 * CY_MESSAGE_MAX * 16);

	CY_ASSERT(cy_harmless(&b, text, strlen(text), true, marked) == CY_OK);
	return taken(w->arena, &b);
}

static const char *named(const struct form_work *w, const char *context, const char *code)
{
	const char *name = form_word(&w->ask->words, context, code);

	return name[0] ? form_text(w->arena, "%s (%s)", name, code) : code;
}

/* More than a sentence can take stay the codes that they are. */
static const char *languages(const struct form_work *w, const char *codes)
{
	const char *list[16];
	size_t n = 0;

	for (const char *p = codes; *p != '\0';) {
		const size_t len = strcspn(p, " ");

		if (len && n == sizeof list / sizeof list[0])
			return codes;
		if (len)
			list[n++] = named(w, "language", form_text(w->arena, "%.*s", (int)len, p));
		p += len + (p[len] == ' ');
	}
	return form_list(&w->ask->words, w->arena, n, list);
}

/* The label of a choice; where the value is no name of the schema it stands beside. */
static const char *chosen(const struct form_work *w, const struct form_field *f, const char *value)
{
	for (size_t i = 0; i < f->n_choices; i++) {
		const struct form_choice *c = &f->choices[i];

		if (strcmp(c->value, value) != 0 || strcmp(c->label, value) == 0)
			continue;
		return f->control == FORM_CHOICE ? c->label : form_text(w->arena, "%s (%s)", c->label, value);
	}
	return value;
}

static const char *text_of(const struct form_work *w, const struct form_field *f, const char *value)
{
	struct cy_date day;

	if (f->control == FORM_STATE)
		return named(w, "state", value);
	if (f->control == FORM_LANGUAGE)
		return named(w, "language", value);
	if (f->control == FORM_LANGUAGES)
		return languages(w, value);
	if (f->control == FORM_DATE && cy_date_parse(value, &day) == CY_OK)
		return form_date(&w->ask->words, w->arena, day);
	return chosen(w, f, value);
}

static void text_item(const struct form_work *w, const struct form_field *f, const char *value, struct form_item *item)
{
	const char *safe = harmless(w, value, &item->marked);

	item->raw = value;
	item->text = item->marked ? safe : text_of(w, f, safe);
}

static void number_item(const struct form_work *w, const struct form_field *f, uint64_t value, struct form_item *item)
{
	item->raw = form_text(w->arena, "%" PRIu64, value);
	if (f->control == FORM_SIZE)
		item->text = form_fill(&w->ask->words, w->arena, "{n} bytes", "n",
				       form_number(&w->ask->words, w->arena, value));
	else
		item->text = item->raw;
}

/* One of another version of the schema has its number. */
static void enum_item(const struct form_work *w, const struct form_field *f, const ProtobufCEnumDescriptor *d,
		      int value, struct form_item *item)
{
	const ProtobufCEnumValue *v = protobuf_c_enum_descriptor_get_value(d, value);
	const char *label;

	item->raw = v != NULL ? v->name : form_text(w->arena, "%d", value);
	label = v != NULL ? form_word(&w->ask->words, form_text(w->arena, "%s.%s", d->short_name, v->name), "label")
			  : "";
	(void)f;
	item->text = label[0] ? label : item->raw;
}

static void bytes_item(const struct form_work *w, const ProtobufCBinaryData *data, struct form_item *item)
{
	struct cy_buf b = CY_BUF(2 * CY_MESSAGE_MAX);
	char *hex = cy_arena_take(w->arena, data->len * 2 + 1);

	cy_hex(data->data, data->len, hex);
	item->text = hex;
	CY_ASSERT(wire_base64(cy_bytes(data->data, data->len), &b) == CY_OK);
	item->raw = taken(w->arena, &b);
}

static void instant_item(const struct form_work *w, int64_t ms, struct form_item *item)
{
	char text[CY_RFC3339_SIZE];
	struct cy_wall back;

	cy_rfc3339((struct cy_wall){ .ms = ms }, text);
	if (cy_rfc3339_parse(text, &back) == CY_OK) {
		item->raw = cy_arena_string(w->arena, text);
		item->text = form_instant(&w->ask->words, w->arena, ms);
	} else {
		item->text = item->raw = form_text(w->arena, "%" PRId64, ms);
	}
}

static void bool_item(const struct form_work *w, bool value, struct form_item *item)
{
	item->raw = value ? "true" : "false";
	item->text = form_say(&w->ask->words, value ? "yes" : "no");
}

static void part_item(const struct form_work *w, const struct form_field *f, const ProtobufCMessage *m,
		      CyMeasureType of, struct form_item *item)
{
	struct form_field *fields = cy_arena_take(w->arena, (f->n_fields + 1) * sizeof *fields);

	w->form->n_unknown += m->n_unknown_fields;
	if (m->descriptor == &cy_measure__descriptor)
		of = ((const CyMeasure *)m)->type;
	memcpy(fields, f->fields, f->n_fields * sizeof *fields);
	for (size_t i = 0; i < f->n_fields; i++)
		form_items(w, &fields[i], m, item->path, of);
	item->fields = fields;
	item->n_fields = f->n_fields;
	item->text = item->raw = "";
}

static void one_item(const struct form_work *w, const struct form_field *f, const ProtobufCFieldDescriptor *d,
		     const void *value, CyMeasureType of, struct form_item *item)
{
	switch (d->type) {
	case PROTOBUF_C_TYPE_MESSAGE:
		part_item(w, f, *(const ProtobufCMessage *const *)value, of, item);
		return;
	case PROTOBUF_C_TYPE_STRING:
		text_item(w, f, *(const char *const *)value, item);
		return;
	case PROTOBUF_C_TYPE_BYTES:
		bytes_item(w, value, item);
		return;
	case PROTOBUF_C_TYPE_BOOL:
		bool_item(w, *(const protobuf_c_boolean *)value != 0, item);
		return;
	case PROTOBUF_C_TYPE_ENUM:
		enum_item(w, f, d->descriptor, *(const int *)value, item);
		return;
	default:
		if (cy_field_instant(d))
			instant_item(w, *(const int64_t *)value, item);
		else
			number_item(w, f,
				    cy_value_size(d->type) == 8 ? *(const uint64_t *)value : *(const uint32_t *)value,
				    item);
	}
}

/* The fields of a part in which nothing stands yet, as they are within a measure of this type. */
static struct form_field *renewed(const struct form_work *w, const struct form_field *list, size_t n, CyMeasureType of)
{
	struct form_field *own = cy_arena_take(w->arena, (n + 1) * sizeof *own);

	for (size_t i = 0; i < n; i++) {
		own[i] = list[i];
		form_need(w, &own[i], own[i].path, of);
		form_guides(w, &own[i], own[i].path, of);
		own[i].fields = renewed(w, own[i].fields, own[i].n_fields, of);
	}
	return own;
}

/* Has the type of this very measure been asked about? Then it need not be told. */
static bool settled(const struct form_field *f, CyMeasureType of)
{
	const ProtobufCEnumValue *v = protobuf_c_enum_descriptor_get_value(&cy_measure_type__descriptor, (int)of);

	if (f->where == NULL || v == NULL || strncmp(f->key, "Measure.", 8) != 0 || strcmp(f->where, "type") != 0)
		return false;
	for (size_t i = 0; i < f->n_is; i++)
		if (strcmp(f->is[i], v->name) == 0)
			return true;
	return false;
}

void form_items(const struct form_work *w, struct form_field *f, const ProtobufCMessage *m, const char *path,
		CyMeasureType of)
{
	const ProtobufCFieldDescriptor *d = form_descriptor(m->descriptor, strchr(f->key, '.') + 1);
	const char *pattern = f->path;
	size_t n;

	f->path = form_text(w->arena, "%s%s%s", path, path[0] ? "." : "", d->name);
	if (of) {
		form_need(w, f, pattern, of);
		form_guides(w, f, pattern, of);
		f->fields = renewed(w, f->fields, f->n_fields, of);
		f->when = settled(f, of) ? "" : f->when;
	}
	n = f->list ? cy_field_count(m, d) : cy_field_set(m, d);
	if (!n)
		return;
	f->items = cy_arena_take(w->arena, n * sizeof *f->items);
	f->n_items = n;
	for (size_t i = 0; i < n; i++) {
		f->items[i].path = f->list ? form_text(w->arena, "%s[%zu]", f->path, i) : f->path;
		one_item(w, f, d, cy_field_value(m, d, i), of, &f->items[i]);
	}
}
