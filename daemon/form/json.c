#include "form/json.h"

#include <stdlib.h>
#include <string.h>

#include "law/kinds.h"

static void text(json_t *o, const char *name, const char *value)
{
	if (value != NULL && value[0])
		json_object_set_new(o, name, json_string(value));
}

static void flag(json_t *o, const char *name, bool value)
{
	if (value)
		json_object_set_new(o, name, json_true());
}

static void list(json_t *o, const char *name, json_t *values)
{
	if (json_array_size(values))
		json_object_set_new(o, name, values);
	else
		json_decref(values);
}

static json_t *texts(size_t n, const char *const *values)
{
	json_t *a = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(a, json_string(values[i]));
	return a;
}

static json_t *choices(size_t n, const struct form_choice *c)
{
	json_t *a = json_array();

	for (size_t i = 0; i < n; i++) {
		json_t *o = json_object();

		text(o, "value", c[i].value);
		text(o, "label", c[i].label);
		text(o, "help", c[i].help);
		text(o, "ask", c[i].ask);
		json_array_append_new(a, o);
	}
	return a;
}

static json_t *measures(law_measures set)
{
	const ProtobufCEnumDescriptor *d = &cy_measure_type__descriptor;
	json_t *a = json_array();

	for (unsigned i = 0; i < d->n_values; i++)
		if ((set >> d->values[i].value & 1) != 0)
			json_array_append_new(a, json_string(d->values[i].name));
	return a;
}

static json_t *guides(const struct form_field *f)
{
	json_t *a = json_array();

	for (size_t i = 0; i < f->n_guides; i++) {
		const struct form_guide *g = &f->guides[i];
		json_t *o = json_object();

		text(o, "text", g->text);
		list(o, "measures", measures(g->measures));
		flag(o, "asked", g->asked);
		text(o, "instrument", g->instrument);
		text(o, "article", g->article);
		flag(o, "verified", g->verified);
		text(o, "note", g->note);
		json_array_append_new(a, o);
	}
	return a;
}

static json_t *fields(const struct form *form, size_t n, const struct form_field *f);

static json_t *items(const struct form *form, const struct form_field *f)
{
	json_t *a = json_array();

	for (size_t i = 0; i < f->n_items; i++) {
		const struct form_item *item = &f->items[i];
		json_t *o = json_object();

		text(o, "path", item->path);
		text(o, "text", item->text);
		text(o, "raw", item->raw);
		flag(o, "marked", item->marked);
		list(o, "fields", fields(form, item->n_fields, item->fields));
		json_array_append_new(a, o);
	}
	return a;
}

static json_t *fault_places(const struct form *form, const struct form_field *f)
{
	json_t *a = json_array();

	for (size_t i = 0; i < f->n_faults; i++)
		json_array_append_new(a, json_integer(f->faults[i] - form->faults));
	return a;
}

static json_t *shape(const struct form_shape *s)
{
	json_t *o = json_object();

	if (s->most_bytes)
		json_object_set_new(o, "mostBytes", json_integer((json_int_t)s->most_bytes));
	if (s->least)
		json_object_set_new(o, "least", json_integer((json_int_t)s->least));
	if (s->most)
		json_object_set_new(o, "most", json_integer((json_int_t)s->most));
	text(o, "pattern", s->pattern);
	text(o, "told", s->told);
	list(o, "only", texts(s->n_only, s->only));
	return o;
}

static json_t *field(const struct form *form, const struct form_field *f)
{
	static const char *const days[] = { "", "not_later", "not_earlier" };
	static const char *const needs[] = { "optional", "sometimes", "mandatory", "ours" };
	json_t *o = json_object();

	text(o, "path", f->path);
	text(o, "name", f->name);
	text(o, "key", f->key);
	text(o, "label", f->label);
	text(o, "element", f->element);
	text(o, "help", f->help);
	text(o, "example", f->example);
	text(o, "control", form_control_name(f->control));
	flag(o, "list", f->list);
	json_object_set_new(o, "most", json_integer((json_int_t)f->most));
	text(o, "need", needs[f->need]);
	list(o, "mandatoryFor", measures(f->mandatory_for));
	text(o, "why", f->why);
	text(o, "mustWhere", f->must_where);
	text(o, "mustIs", f->must_is);
	json_object_set_new(o, "shape", shape(&f->shape));
	text(o, "day", days[f->day]);
	flag(o, "fixed", f->fixed);
	text(o, "where", f->where);
	list(o, "is", texts(f->n_is, f->is));
	text(o, "when", f->when);
	text(o, "instead", f->instead);
	flag(o, "usual", f->usual);
	text(o, "preset", f->preset);
	list(o, "guides", guides(f));
	list(o, "choices", choices(f->n_choices, f->choices));
	list(o, "fields", fields(form, f->n_fields, f->fields));
	list(o, "items", items(form, f));
	flag(o, "empty", f->empty);
	list(o, "faults", fault_places(form, f));
	return o;
}

static json_t *fields(const struct form *form, size_t n, const struct form_field *f)
{
	json_t *a = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(a, field(form, &f[i]));
	return a;
}

static json_t *faults(const struct form *f)
{
	json_t *a = json_array();

	for (size_t i = 0; i < f->n_faults; i++) {
		json_t *o = json_object();

		text(o, "path", f->faults[i].path);
		text(o, "label", f->faults[i].label);
		text(o, "text", f->faults[i].text);
		text(o, "article", f->faults[i].article);
		flag(o, "unread", f->faults[i].unread);
		flag(o, "warning", f->faults[i].warning);
		json_array_append_new(a, o);
	}
	return a;
}

static json_t *meaning(const CyAtomMeaning *m)
{
	json_t *o = json_object();

	text(o, "state", m->state);
	text(o, "category", m->category);
	text(o, "threshold", m->threshold);
	text(o, "article", m->article);
	return o;
}

static json_t *atoms(const struct form *f)
{
	json_t *a = json_array();

	for (size_t i = 0; i < f->atoms.n; i++) {
		const CyAtomWarning *w = f->atoms.list[i];
		json_t *o = json_object();

		text(o, "atom", w->atom);
		json_object_set_new(o, "ours", meaning(w->ours));
		json_object_set_new(o, "theirs", meaning(w->theirs));
		text(o, "acknowledgedBy", w->acknowledged_by);
		json_array_append_new(a, o);
	}
	return a;
}

static json_t *instrument(const struct law_profile *p)
{
	json_t *o = json_object();

	text(o, "id", p->id);
	text(o, "version", p->version);
	text(o, "title", p->title);
	text(o, "citation", p->citation);
	flag(o, "verified", p->verified);
	text(o, "note", p->note);
	if (p->effective_to.year)
		json_object_set_new(o, "until",
				    json_sprintf("%04d-%02d-%02d", p->effective_to.year, p->effective_to.month,
						 p->effective_to.day));
	list(o, "sensitive", texts(p->n_sensitive, p->sensitive));
	return o;
}

static json_t *sections(const struct form *f)
{
	json_t *a = json_array();

	for (size_t i = 0; i < f->n_sections; i++) {
		const struct form_section *s = &f->sections[i];
		json_t *o = json_object();

		text(o, "name", s->name);
		text(o, "label", s->label);
		text(o, "help", s->help);
		json_object_set_new(o, "fields", fields(f, s->n_fields, s->fields));
		json_array_append_new(a, o);
	}
	return a;
}

static json_t *whole(const struct form *f)
{
	json_t *o = json_object();

	text(o, "language", f->language);
	flag(o, "reviewed", f->reviewed);
	text(o, "unreviewed", f->unreviewed);
	text(o, "kind", law_kind_name(f->kind));
	text(o, "title", f->title);
	if (f->profile != NULL)
		json_object_set_new(o, "instrument", instrument(f->profile));
	list(o, "measures", choices(f->n_measures, f->measures));
	json_object_set_new(o, "sections", sections(f));
	list(o, "faults", faults(f));
	list(o, "atoms", atoms(f));
	json_object_set_new(o, "empty", json_integer((json_int_t)f->n_empty));
	json_object_set_new(o, "unknown", json_integer((json_int_t)f->n_unknown));
	return o;
}

struct sink {
	struct cy_buf *out;
	int r;
};

/* `<` could end the script of a page in which it stands; only texts have it. */
static int put(const char *data, size_t len, void *arg)
{
	struct sink *s = arg;

	for (size_t i = 0; s->r == CY_OK && i < len;) {
		const char *found = memchr(data + i, '<', len - i);
		const size_t n = found != NULL ? (size_t)(found - data) - i : len - i;

		s->r = cy_buf_add(s->out, data + i, n);
		if (s->r == CY_OK && found != NULL)
			s->r = cy_buf_add(s->out, "\\u003c", 6);
		i += n + (found != NULL);
	}
	return s->r == CY_OK ? 0 : -1;
}

int form_json_print(const json_t *value, struct cy_buf *out)
{
	struct sink s = { .out = out };

	json_dump_callback(value, put, &s, JSON_COMPACT | JSON_ENCODE_ANY);
	return s.r;
}

int form_json(const struct form *f, struct cy_buf *out)
{
	json_t *o = whole(f);
	const int r = form_json_print(o, out);

	json_decref(o);
	return r;
}
