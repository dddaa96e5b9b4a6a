/* Sections and fields, as they are before anything is written. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/comment.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/reflect.h"
#include "form/internal.h"
#include "law/kinds.h"

#define TEXT_MAX 4096u

const char *form_text(struct cy_arena *a, const char *fmt, ...)
{
	char text[TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	cy_utf8_mend(text);
	return cy_arena_string(a, text);
}

const char *form_control_name(enum form_control c)
{
	static const char *const names[] = {
#define FORM_X(NAME, word) word,
		FORM_CONTROLS(FORM_X)
#undef FORM_X
	};

	return c < FORM_CONTROLS_N ? names[c] : "?";
}

const struct form_rule *form_rule_of(const struct form_layout *l, const char *key)
{
	for (size_t i = 0; l != NULL && i < l->n_rules; i++)
		if (strcmp(l->rules[i].field, key) == 0)
			return &l->rules[i];
	return NULL;
}

const ProtobufCFieldDescriptor *form_descriptor(const ProtobufCMessageDescriptor *d, const char *name)
{
	return protobuf_c_message_descriptor_get_field_by_name(d, name);
}

static bool ends(const char *name, const char *end)
{
	const size_t len = strlen(name), n = strlen(end);

	return len > n && strcmp(name + len - n, end) == 0;
}

static enum form_control control_of(const ProtobufCFieldDescriptor *d)
{
	switch (d->type) {
	case PROTOBUF_C_TYPE_MESSAGE:
		return FORM_PART;
	case PROTOBUF_C_TYPE_ENUM:
		return FORM_CHOICE;
	case PROTOBUF_C_TYPE_BOOL:
		return (d->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0 ? FORM_YES_NO : FORM_SWITCH;
	case PROTOBUF_C_TYPE_STRING:
		return ends(d->name, "_date") ? FORM_DATE : FORM_LINE;
	case PROTOBUF_C_TYPE_BYTES:
		return FORM_BYTES;
	default:
		return cy_field_instant(d) ? FORM_INSTANT : FORM_NUMBER;
	}
}

/* own_reference is Own reference. */
static const char *spelled(struct cy_arena *a, const char *name)
{
	char *text = cy_arena_string(a, name);

	for (char *p = text; *p; p++)
		*p = *p == '_' ? ' ' : *p;
	if (text[0] >= 'a' && text[0] <= 'z')
		text[0] = (char)(text[0] - 'a' + 'A');
	return text;
}

/* Where the catalogue does not know what is named, the comment of the schema is better than nothing. */
const char *form_help(const struct form_work *w, const char *key)
{
	const bool known = form_word(&w->ask->words, key, "label")[0] != '\0';

	return known ? form_word(&w->ask->words, key, "help") : cy_comment_of(key);
}

/* What the description of the one measure that was chosen says. */
static const char *asked(const struct form_work *w, const char *help)
{
	const char *ask = w->form->n_measures == 1
				  ? form_word(&w->ask->words,
					      form_text(w->arena, "MeasureType.%s", w->form->measures[0].value), "ask")
				  : "";

	return ask[0] ? form_text(w->arena, "%s%s%s", help, help[0] ? " " : "", ask) : help;
}

static void name_field(const struct form_work *w, struct form_field *f, const char *name)
{
	f->label = form_word(&w->ask->words, f->key, "label");
	f->help = form_help(w, f->key);
	if (!f->label[0])
		f->label = spelled(w->arena, name);
	if (strcmp(f->key, "Measure.description") == 0)
		f->help = asked(w, f->help);
	f->example = form_word(&w->ask->words, f->key, "example");
	f->element = f->list ? form_word(&w->ask->words, f->key, "element") : "";
	if (!f->element[0])
		f->element = f->label;
}

/* All measures that were chosen are among those that the rule names. */
static bool holds_here(const struct form_work *w, const ProtobufCMessageDescriptor *part, const struct form_rule *r)
{
	law_measures set = 0;

	if (part != &cy_measure__descriptor || strcmp(r->where, "type") != 0 || !w->chosen)
		return false;
	for (size_t i = 0; i < r->n_is; i++) {
		const ProtobufCEnumValue *v =
			protobuf_c_enum_descriptor_get_value_by_name(&cy_measure_type__descriptor, r->is[i]);

		set |= v != NULL ? UINT64_C(1) << v->value : 0;
	}
	return (w->chosen & ~set) == 0;
}

/* `where` in words: Mode: By video conference. */
static const char *in_words(const struct form_work *w, const ProtobufCMessageDescriptor *part,
			    const struct form_rule *r)
{
	const ProtobufCFieldDescriptor *d = form_descriptor(part, r->where);
	const char *labels[64], *label;
	size_t n = 0;

	label = form_word(&w->ask->words, form_text(w->arena, "%s.%s", part->short_name, r->where), "label");
	for (size_t i = 0; i < r->n_is && n < sizeof labels / sizeof labels[0]; i++) {
		const char *text = r->is[i];

		if (d != NULL && d->type == PROTOBUF_C_TYPE_ENUM) {
			const ProtobufCEnumDescriptor *e = d->descriptor;
			const char *word =
				form_word(&w->ask->words, form_text(w->arena, "%s.%s", e->short_name, text), "label");

			text = word[0] ? word : text;
		} else if (d != NULL && d->type == PROTOBUF_C_TYPE_BOOL) {
			text = form_say(&w->ask->words, strcmp(text, "true") == 0 ? "yes" : "no");
		}
		labels[n++] = text;
	}
	return form_fill(&w->ask->words, w->arena, "Only where {field} is: {values}.", "field",
			 label[0] ? label : r->where, "values", form_list(&w->ask->words, w->arena, n, labels));
}

static void fill_rule(const struct form_work *w, struct form_field *f, const ProtobufCMessageDescriptor *part,
		      const struct form_rule *r)
{
	if (r == NULL)
		return;
	if (r->control != FORM_AUTO)
		f->control = r->control;
	f->usual = r->usual;
	f->instead = r->instead != NULL ? r->instead : "";
	if (r->ours)
		f->need = FORM_NOT_HERE;
	if (r->where == NULL)
		return;
	f->where = r->where;
	f->n_is = r->n_is;
	f->is = r->is;
	f->when = holds_here(w, part, r) ? "" : in_words(w, part, r);
}

/* The two states and the instrument are those for which a form is made: its fields and rules are those of no other. */
static bool is_fixed(const char *key)
{
	static const char *const keys[] = { "Request.requesting_state", "Request.requested_state",
					    "LegalBasis.instrument", "LegalBasis.version" };

	for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
		if (strcmp(keys[i], key) == 0)
			return true;
	return false;
}

static struct form_field field_of(const struct form_work *w, const ProtobufCMessageDescriptor *part,
				  const ProtobufCFieldDescriptor *d, const char *around)
{
	const bool list = d->label == PROTOBUF_C_LABEL_REPEATED;
	struct form_field f = { .list = list,
				.control = control_of(d),
				.when = "",
				.instead = "",
				.preset = "",
				.why = "",
				.must_where = "",
				.must_is = "" };
	char name[CY_FIELD_NAME_SIZE];
	const struct form_rule *rule;
	size_t n;

	cy_json_name(d, name, sizeof name);
	f.name = cy_arena_string(w->arena, name);
	f.key = form_text(w->arena, "%s.%s", part->short_name, d->name);
	f.path = form_text(w->arena, "%s%s%s", around, around[0] ? "." : "", d->name);
	f.most = !list ? 1 : strcmp(f.key, "Request.measures") == 0 ? CY_MEASURES_MAX : CY_REPEATED_MAX;
	name_field(w, &f, d->name);
	rule = form_rule_of(w->ask->layout, f.key);
	fill_rule(w, &f, part, rule);
	form_need(w, &f, f.path, 0);
	form_guides(w, &f, f.path, 0);
	form_choices(w, &f, d);
	form_shape(w, &f);
	f.preset = form_preset(w, &f, rule);
	f.fixed = w->ask->message == NULL && f.preset[0] && is_fixed(f.key);
	if (d->type == PROTOBUF_C_TYPE_MESSAGE) {
		f.fields = form_fields(w, d->descriptor, list ? form_text(w->arena, "%s[]", f.path) : f.path, NULL, &n);
		f.n_fields = n;
	}
	return f;
}

/* The place of a field in the layout; behind all of them where it does not stand there. */
static size_t place_of(const struct form_layout *l, const char *part, const char *name)
{
	size_t place = 0;

	for (size_t i = 0; l != NULL && i < l->n_groups; i++) {
		const struct form_group *g = &l->groups[i];

		for (size_t k = 0; strcmp(g->part, part) == 0 && k < g->n_fields; k++, place++)
			if (strcmp(g->fields[k], name) == 0)
				return place;
	}
	return SIZE_MAX;
}

struct form_field *form_fields(const struct form_work *w, const ProtobufCMessageDescriptor *d, const char *path,
			       const ProtobufCFieldDescriptor *skip, size_t *ret_n)
{
	struct form_field *list = cy_arena_take(w->arena, (d->n_fields + 1) * sizeof *list);
	size_t *places = cy_arena_take(w->arena, (d->n_fields + 1) * sizeof *places);
	size_t n = 0;

	for (unsigned i = 0; i < d->n_fields; i++) {
		const size_t place = place_of(w->ask->layout, d->short_name, d->fields[i].name);
		size_t k = n;

		if (&d->fields[i] == skip)
			continue;
		for (; k > 0 && places[k - 1] > place; k--) {
			places[k] = places[k - 1];
			list[k] = list[k - 1];
		}
		places[k] = place;
		list[k] = field_of(w, d, &d->fields[i], path);
		n++;
	}
	*ret_n = n;
	return list;
}

/* ---------------------------------------------------------------- sections */

static const char *section_of(const struct form_layout *l, const char *part, const char *field)
{
	for (size_t i = 0; l != NULL && i < l->n_groups; i++) {
		const struct form_group *g = &l->groups[i];

		for (size_t k = 0; strcmp(g->part, part) == 0 && k < g->n_fields; k++)
			if (strcmp(g->fields[k], field) == 0)
				return g->name;
	}
	return NULL;
}

static void name_section(const struct form_work *w, struct form_section *s, const char *otherwise)
{
	const char *context = form_text(w->arena, "section.%s", s->name);

	s->label = form_word(&w->ask->words, context, "label");
	if (!s->label[0])
		s->label = otherwise[0] ? otherwise : spelled(w->arena, s->name);
	s->help = form_word(&w->ask->words, context, "help");
}

/* The fields of a type of message go into the sections that the layout has for it: the fields come in its order, so
 * that a section ends where the next one begins. What it does not name is a section of its own at the end. */
static void add_sections(struct form_work *w, const ProtobufCMessageDescriptor *d, const char *path,
			 const ProtobufCFieldDescriptor *skip, const char *name, const char *label)
{
	struct form *form = w->form;
	struct form_section *s = NULL;
	size_t n;
	struct form_field *fields = form_fields(w, d, path, skip, &n);
	const char *rest =
		section_of(w->ask->layout, d->short_name, n ? strchr(fields[0].key, '.') + 1 : "") ? "other" : name;

	for (size_t i = 0; i < n; i++) {
		const char *in = section_of(w->ask->layout, d->short_name, strchr(fields[i].key, '.') + 1);

		in = in != NULL && in[0] ? in : rest;
		if (s == NULL || strcmp(s->name, in) != 0) {
			s = &form->sections[form->n_sections++];
			*s = (struct form_section){ .name = in, .fields = &fields[i] };
			name_section(w, s, in == name ? label : "");
		}
		s->n_fields++;
	}
}

/* ----------------------------------------------------------------- the whole */

static const CyContent *content_of(const ProtobufCMessage *m)
{
	if (m == NULL)
		return NULL;
	CY_ASSERT(m->descriptor == &cy_submission__descriptor || m->descriptor == &cy_message__descriptor);
	return m->descriptor == &cy_message__descriptor ? ((const CyMessage *)m)->content
							: ((const CySubmission *)m)->content;
}

static const char *or_else(const char *text, const char *other)
{
	return text != NULL && text[0] ? text : other != NULL ? other : "";
}

static void know(struct form_work *w, const CyContent *c)
{
	const struct form_ask *ask = w->ask;
	const CyLegalBasis *basis = c != NULL ? law_basis_of(c) : NULL;
	const CyRequest *r = c != NULL && c->kind_case == CY_CONTENT__KIND_REQUEST ? c->request : NULL;

	w->between = ask->between;
	w->between.requesting = or_else(ask->between.requesting, r != NULL ? r->requesting_state : "");
	w->between.requested = or_else(ask->between.requested, r != NULL ? r->requested_state : "");
	w->form->profile = ask->profile;
	if (ask->profile == NULL && ask->legal_data != NULL && basis != NULL && basis->instrument[0])
		w->form->profile =
			law_find_profile(ask->legal_data, basis->instrument, basis->version, ask->between.day);
	for (size_t i = 0; i < ask->n_measures; i++)
		w->chosen |= UINT64_C(1) << (ask->measures[i] & 63);
	for (size_t i = 0; !ask->n_measures && r != NULL && i < r->n_measures; i++)
		if ((unsigned)r->measures[i]->type < 64)
			w->chosen |= UINT64_C(1) << r->measures[i]->type;
	if (!ask->n_measures && c != NULL && c->kind_case == CY_CONTENT__KIND_NOTIFICATION &&
	    (unsigned)c->notification->type < 64)
		w->chosen |= UINT64_C(1) << c->notification->type;
	w->chosen &= ~UINT64_C(1);
}

static void name_form(struct form_work *w)
{
	struct form *f = w->form;
	const ProtobufCEnumDescriptor *types = &cy_measure_type__descriptor;
	struct form_choice *chosen = cy_arena_take(w->arena, 64 * sizeof *chosen);

	f->language = w->ask->words.language != NULL ? w->ask->words.language : "en";
	f->unreviewed = form_say(&w->ask->words, "These words were not reviewed by a lawyer.");
	f->reviewed = strcmp(form_word(&w->ask->words, "catalogue", "reviewed"), "yes") == 0;
	f->title = form_word(&w->ask->words, form_text(w->arena, "Content.%s", w->kind), "label");
	if (!f->title[0])
		f->title = spelled(w->arena, w->kind);
	for (unsigned i = 0; i < types->n_values; i++) {
		const char *key = form_text(w->arena, "MeasureType.%s", types->values[i].name);
		const char *label = form_word(&w->ask->words, key, "label");

		if ((w->chosen >> types->values[i].value & 1) == 0)
			continue;
		chosen[f->n_measures++] = (struct form_choice){ .value = types->values[i].name,
								.label = label[0] ? label : types->values[i].name,
								.help = form_word(&w->ask->words, key, "help") };
	}
	f->measures = chosen;
}

/* What the message says, in the fields of all sections. */
static void fill(struct form_work *w, const CyContent *content)
{
	const ProtobufCMessage *m = w->ask->message;
	const char *path = form_text(w->arena, "content.%s", w->kind);
	const ProtobufCMessage *body = NULL;

	if (content != NULL && content->kind_case)
		body = *(const ProtobufCMessage *const *)cy_field_value(
			&content->base, form_descriptor(&cy_content__descriptor, w->kind), 0);
	w->form->n_unknown = (m != NULL ? m->n_unknown_fields : 0) +
			     (content != NULL ? content->base.n_unknown_fields : 0) +
			     (body != NULL ? body->n_unknown_fields : 0);
	for (size_t i = 0; m != NULL && i < w->form->n_sections; i++) {
		const struct form_section *s = &w->form->sections[i];

		for (size_t k = 0; k < s->n_fields; k++) {
			const bool inner = strncmp(s->fields[k].path, "content.", sizeof "content." - 1) == 0;

			if (!inner || body != NULL)
				form_items(w, &s->fields[k], inner ? body : m, inner ? path : "", 0);
		}
	}
}

int form_make(const struct form_ask *ask, struct cy_arena *arena, struct form **ret)
{
	struct form_work w = { .ask = ask, .arena = arena, .kind = "" };
	const CyContent *content = content_of(ask->message);
	const uint32_t kind = content != NULL && content->kind_case ? (uint32_t)content->kind_case : ask->kind;
	const ProtobufCMessageDescriptor *around =
		ask->message != NULL ? ask->message->descriptor : &cy_submission__descriptor;
	const ProtobufCFieldDescriptor *body =
		kind ? protobuf_c_message_descriptor_get_field(&cy_content__descriptor, kind) : NULL;

	if (body == NULL && (kind || ask->message == NULL))
		return CY_EINVAL;
	w.form = cy_arena_take(arena, sizeof *w.form);
	w.form->kind = kind;
	if (body != NULL) {
		w.body = body->descriptor;
		w.kind = body->name;
	}
	know(&w, content);
	name_form(&w);
	form_needs(&w);
	w.form->sections = cy_arena_take(arena, (around->n_fields + (body != NULL ? w.body->n_fields : 0) + 2) *
							sizeof *w.form->sections);
	add_sections(&w, around, "", form_descriptor(around, "content"), "message", "");
	if (body != NULL)
		add_sections(&w, w.body, form_text(arena, "content.%s", w.kind), NULL, body->name, w.form->title);
	fill(&w, content);
	form_judge(&w);
	*ret = w.form;
	return CY_OK;
}
