#include "comityctl/template_print.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/reflect.h"
#include "base/time.h"
#include "comityctl/input.h"

#define WIDTH      100u
#define LINE_ROOM  30u
#define MEMBER_MAX (1024u * 1024u)
#define OPEN_SHOWN 12u /* values that a text often has */
#define NAME_WIDTH 30u

struct printing {
	struct cy_buf *out;
	const struct form *form;
	const struct form_words *words;
	const char *before; /* each line of a comment */
	struct cy_arena arena;
};

static void put(struct printing *p, const char *text)
{
	CY_ASSERT(cy_buf_add(p->out, text, strlen(text)) == CY_OK);
}

static void indent(struct printing *p, unsigned depth)
{
	CY_ASSERT(cy_buf_addf(p->out, "%*s", (int)depth * 2, "") == CY_OK);
}

/* JSON is folded between members: within a text the end of a line would not be JSON. */
static bool may_fold(const char *text, size_t at, bool json)
{
	return text[at] == ' ' && (!json || (at > 1 && text[at - 1] == ',' && strchr("\"]}", text[at - 2]) != NULL));
}

/* Lines of a comment, folded between words. Only ASCII counts as one column: a line may
 * come out short. */
static void put_lines(struct printing *p, unsigned depth, const char *text, bool json)
{
	const size_t room = WIDTH > depth * 2 + LINE_ROOM ? WIDTH - depth * 2 - strlen(p->before) : LINE_ROOM;

	while (*text) {
		size_t n = strlen(text), cut;

		if (n > room) {
			for (cut = room; cut > 0 && !may_fold(text, cut, json); cut--)
				;
			for (n = cut ? cut : room; text[n] && !may_fold(text, n, json); n++)
				;
		}
		indent(p, depth);
		CY_ASSERT(cy_buf_addf(p->out, "%s%.*s\n", p->before, (int)n, text) == CY_OK);
		text += n + strspn(text + n, " ");
	}
}

static void comment(struct printing *p, unsigned depth, const char *text)
{
	put_lines(p, depth, text, false);
}

/* --------------------------------------------------------------- one field */

static const char *say(struct printing *p, const char *english)
{
	return form_say(p->words, english);
}

/* Each with its label, where that says something. */
static const char *choices(struct printing *p, const struct form_field *f)
{
	const char *list[64];
	const size_t most = f->control == FORM_CHOICE ? sizeof list / sizeof list[0] : OPEN_SHOWN;
	size_t n = 0;

	for (; n < f->n_choices && n < most; n++) {
		const struct form_choice *c = &f->choices[n];

		list[n] = strcmp(c->label, c->value) != 0 ? form_fill(p->words, &p->arena, "{value} ({label})", "value",
								      c->value, "label", c->label)
							  : c->value;
	}
	return form_fill(p->words, &p->arena, f->control == FORM_CHOICE ? "One of: {values}." : "Such as: {values}",
			 "values", form_list(p->words, &p->arena, n, list));
}

static void explain(struct printing *p, const struct form_field *f, unsigned depth)
{
	const bool plain = f->need == FORM_MANDATORY || strcmp(f->why, say(p, "This may stay empty.")) == 0;

	comment(p, depth,
		form_fill(p->words, &p->arena, f->help[0] ? "{label}: {text}" : "{label}.", "label", f->label, "text",
			  f->help));
	for (size_t i = 0; i < f->n_guides; i++) {
		const struct form_guide *g = &f->guides[i];

		comment(p, depth,
			form_fill(p->words, &p->arena,
				  g->verified
					  ? "{text} ({instrument} {article})"
					  : "{text} ({instrument} {article}, not verified against the primary text)",
				  "text", g->text, "instrument", g->instrument, "article", g->article));
	}
	if (f->when[0])
		comment(p, depth, f->when);
	if (!plain)
		comment(p, depth, f->why);
	if (form_filled(f))
		return;
	if (f->n_choices && (f->control == FORM_CHOICE || f->control == FORM_OPEN))
		comment(p, depth, choices(p, f));
	else if (f->example[0])
		comment(p, depth, form_fill(p->words, &p->arena, "Such as: {values}", "values", f->example));
}

/* A value as JSON has it, to begin with. */
static json_t *value(const struct form_field *f, const char *given, bool may_stay_empty)
{
	const char *text = given[0] ? given : f->preset;

	switch (f->control) {
	case FORM_SWITCH:
	case FORM_YES_NO:
		return json_boolean(strcmp(text, "true") == 0);
	case FORM_NUMBER:
	case FORM_MEASURE:
		return json_integer((json_int_t)strtoull(text, NULL, 10));
	case FORM_INSTANT:
		return json_string(text);
	case FORM_SIZE:
		return json_string(text[0] ? text : "0");
	case FORM_CHOICE:
		return json_string(text[0] ? text : f->n_choices ? f->choices[0].value : "");
	default:
		return json_string(text[0] ? text : may_stay_empty ? "" : INPUT_FILL_IN);
	}
}

/* With all of its fields, for what is commented out. */
static json_t *whole(const struct form_field *f)
{
	json_t *one;

	if (f->n_fields) {
		one = json_object();
		for (size_t i = 0; i < f->n_fields; i++)
			if (f->fields[i].need != FORM_NOT_HERE)
				json_object_set_new(one, f->fields[i].name, whole(&f->fields[i]));
	} else {
		one = value(f, "", false);
	}
	return f->list ? json_pack("[o]", one) : one;
}

/* What it depends on is decided against it: of a measure of another type. */
static bool out_of_place(const struct form_field *f, const struct form_field *siblings, size_t n)
{
	for (size_t i = 0; f->where != NULL && i < n; i++)
		if (strcmp(strchr(siblings[i].key, '.') + 1, f->where) == 0)
			return siblings[i].n_items > 0 && !form_shown(f, siblings, n);
	return false;
}

/* Whether the form begins the item; otherwise it is commented out. */
static bool active(const struct form_field *f, const struct form_field *siblings, size_t n)
{
	return form_filled(f) || (form_shown(f, siblings, n) && (f->need == FORM_MANDATORY || f->usual));
}

static char *dumped(json_t *j)
{
	char *text = json_dumps(j, JSON_ENCODE_ANY);

	CY_ASSERT(text != NULL);
	json_decref(j);
	return text;
}

static void inactive(struct printing *p, const struct form_field *f, unsigned depth, bool behind)
{
	struct cy_buf b = CY_BUF(MEMBER_MAX);
	char *text = dumped(whole(f));

	CY_ASSERT(cy_buf_addf(&b, behind ? ", \"%s\": %s" : "\"%s\": %s,", f->name, text) == CY_OK);
	put_lines(p, depth, (const char *)b.data, true);
	cy_buf_free(&b);
	free(text);
}

static void fields(struct printing *p, const struct form_field *list, size_t n, unsigned depth, bool more);

static void part(struct printing *p, const struct form_field *list, size_t n, unsigned depth)
{
	put(p, "{\n");
	fields(p, list, n, depth + 1, false);
	indent(p, depth);
	put(p, "}");
}

static void parts(struct printing *p, const struct form_field *f, unsigned depth)
{
	const size_t n = f->n_items ? f->n_items : 1;

	put(p, f->list ? "[" : "");
	for (size_t i = 0; i < n; i++) {
		put(p, i ? ", " : "");
		if (f->n_items)
			part(p, f->items[i].fields, f->items[i].n_fields, depth);
		else
			part(p, f->fields, f->n_fields, depth);
	}
	put(p, f->list ? "]" : "");
}

static void values(struct printing *p, const struct form_field *f)
{
	const size_t n = f->n_items ? f->n_items : 1;

	put(p, f->list ? "[" : "");
	for (size_t i = 0; i < n; i++) {
		char *text = dumped(value(f, f->n_items ? f->items[i].raw : "", !f->list && f->need != FORM_MANDATORY));

		put(p, i ? ", " : "");
		put(p, text);
		free(text);
	}
	put(p, f->list ? "]" : "");
}

/* The head of a section above its first field. */
static void section(struct printing *p, const struct form_field *f, unsigned depth)
{
	for (size_t i = 0; i < p->form->n_sections; i++) {
		const struct form_section *s = &p->form->sections[i];

		if (strcmp(s->fields[0].path, f->path) != 0)
			continue;
		put(p, "\n");
		comment(p, depth, form_fill(p->words, &p->arena, "---- {label}", "label", s->label));
	}
}

/* `more`: further members follow. */
static void fields(struct printing *p, const struct form_field *list, size_t n, unsigned depth, bool more)
{
	size_t last = SIZE_MAX;

	for (size_t i = 0; i < n; i++)
		last = active(&list[i], list, n) ? i : last;
	for (size_t i = 0; i < n; i++) {
		const struct form_field *f = &list[i];

		if (f->need == FORM_NOT_HERE || out_of_place(f, list, n))
			continue;
		section(p, f, depth);
		explain(p, f, depth);
		if (!active(f, list, n)) {
			inactive(p, f, depth, !more && last != SIZE_MAX && i > last);
			continue;
		}
		indent(p, depth);
		CY_ASSERT(cy_buf_addf(p->out, "\"%s\": ", f->name) == CY_OK);
		if (f->n_fields)
			parts(p, f, depth);
		else
			values(p, f);
		put(p, i == last && !more ? "\n" : ",\n");
	}
}

/* --------------------------------------------------------------- the whole */

static bool of_content(const struct form_section *s)
{
	return strncmp(s->fields[0].path, "content.", sizeof "content." - 1) == 0;
}

static void head(struct printing *p, const struct form *f)
{
	comment(p, 0,
		form_fill(p->words, &p->arena,
			  "{title}: a submission for 'comityctl submit'. Replace every FILL IN. Lines that begin with "
			  "// are "
			  "comments; remove the // of a part to use it.",
			  "title", f->title));
	comment(p, 0, say(p, "Check it with 'comityctl check FILE'."));
	comment(p, 0,
		say(p,
		    "Dates are written YYYY-MM-DD, instants 2026-11-23T10:00:00Z, or with the offset of a time zone: "
		    "2026-11-23T11:00:00+01:00."));
	if (strcmp(f->language, "en") != 0)
		comment(p, 0, f->unreviewed);
}

/* A field that stands in one list with those of other sections: the list is one object of JSON. */
static struct form_field *joined(struct printing *p, const struct form *f, bool content, size_t *ret_n)
{
	struct form_field *list;
	size_t n = 0;

	for (size_t i = 0; i < f->n_sections; i++)
		n += f->sections[i].n_fields;
	list = cy_arena_take(&p->arena, (n + 1) * sizeof *list);
	n = 0;
	for (size_t i = 0; i < f->n_sections; i++) {
		const struct form_section *s = &f->sections[i];

		if (of_content(s) != content)
			continue;
		memcpy(&list[n], s->fields, s->n_fields * sizeof *list);
		n += s->n_fields;
	}
	*ret_n = n;
	return list;
}

static const char *name_of_kind(const struct form *f)
{
	return protobuf_c_message_descriptor_get_field(&cy_content__descriptor, f->kind)->name;
}

void template_print(const struct form *f, const struct form_words *w, struct cy_buf *out)
{
	struct printing p = { .out = out, .form = f, .words = w, .before = "// " };
	char kind[64];
	struct form_field *list;
	size_t n;

	cy_json_path(name_of_kind(f), kind, sizeof kind);
	head(&p, f);
	put(&p, "{\n");
	list = joined(&p, f, false, &n);
	fields(&p, list, n, 1, true);
	CY_ASSERT(cy_buf_addf(p.out, "  \"content\": {\n    \"%s\": ", kind) == CY_OK);
	list = joined(&p, f, true, &n);
	part(&p, list, n, 2);
	put(&p, "\n  }\n}\n");
	cy_arena_free(&p.arena);
}

/* ------------------------------------------------- the fields, one by one */

static const char *held(const struct form_field *f)
{
	switch (f->control) {
	case FORM_PART:
	case FORM_FILE:
		return "object";
	case FORM_CHOICE:
		return "one of";
	case FORM_STATE:
		return "state, two capital letters of ISO 3166-1";
	case FORM_LANGUAGE:
		return "language, two small letters of ISO 639-1";
	case FORM_LANGUAGES:
		return "languages, two small letters of ISO 639-1 each, blanks between";
	case FORM_DATE:
		return "date, YYYY-MM-DD";
	case FORM_INSTANT:
		return CY_RFC3339_LIKE;
	case FORM_NUMBER:
	case FORM_SIZE:
	case FORM_MEASURE:
		return "number";
	case FORM_SWITCH:
	case FORM_YES_NO:
		return "true or false";
	case FORM_BYTES:
		return "base64, or hex:DIGITS with --set";
	default:
		return "text";
	}
}

static void name_line(struct printing *p, const struct form_field *f, unsigned depth)
{
	const char *what = say(p, held(f));

	if (f->list)
		what = form_fill(p->words, &p->arena, "list of {what}", "what", what);
	if (f->need == FORM_MANDATORY)
		what = form_fill(p->words, &p->arena, "{what}; mandatory", "what", what);
	indent(p, depth + 1);
	CY_ASSERT(cy_buf_addf(p->out, "%-*s %s\n", (int)(NAME_WIDTH - depth * 2), f->name, what) == CY_OK);
}

static void explained(struct printing *p, const struct form_field *list, size_t n, unsigned depth)
{
	for (size_t i = 0; i < n; i++) {
		const struct form_field *f = &list[i];

		if (f->need == FORM_NOT_HERE)
			continue;
		name_line(p, f, depth);
		explain(p, f, depth + 3);
		explained(p, f->fields, f->n_fields, depth + 1);
	}
}

void template_fields(const struct form *f, const struct form_words *w, struct cy_buf *out)
{
	struct printing p = { .out = out, .form = f, .words = w, .before = "" };
	struct form_field *list;
	size_t n;

	list = joined(&p, f, true, &n);
	explained(&p, list, n, 0);
	cy_arena_free(&p.arena);
}
