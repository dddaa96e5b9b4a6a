/* What the law asks of every message of a kind: what it faults where nothing is said, and what it tells of its rules.
 */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/reflect.h"
#include "base/time.h"
#include "form/internal.h"
#include "law/check.h"
#include "law/kinds.h"
#include "law/warn.h"

#define NEEDS_MAX 1024u

struct probe {
	struct form_work *w;
	struct cy_arena scratch;
	struct form_need_of *list;
	size_t n;
	const ProtobufCFieldDescriptor *kind, *part; /* that is looked at; NULL: none */
	CyMeasureType of;                            /* of the one measure that is there; 0: it has no type */
	CyContent content;
	ProtobufCMessage *body;
	struct law_faults faults;
};

/* request.measures[0].type is content.request.measures[].type. False: it is one value of a list. */
static bool pattern_of(const char *path, char out[static FORM_PATH_MAX])
{
	size_t len = sizeof "content." - 1;

	memcpy(out, "content.", len);
	for (const char *p = path; *p != '\0' && len + 2 < FORM_PATH_MAX; p++) {
		out[len++] = *p;
		if (*p == '[')
			p += strcspn(p, "]") - 1;
	}
	out[len] = '\0';
	return out[len - 1] != ']';
}

static struct form_need_of *add(struct probe *p, const char *path, const char *when, const char *text)
{
	char pattern[FORM_PATH_MAX];

	if (!pattern_of(path, pattern))
		return NULL;
	for (size_t i = 0; i < p->n; i++)
		if (strcmp(p->list[i].path, pattern) == 0 && strcmp(p->list[i].text, text) == 0 &&
		    strcmp(p->list[i].when, when) == 0)
			return &p->list[i];
	CY_ASSERT(p->n < NEEDS_MAX);
	p->list[p->n] = (struct form_need_of){ .path = cy_arena_string(p->w->arena, pattern),
					       .when = cy_arena_string(p->w->arena, when),
					       .text = cy_arena_string(p->w->arena, text) };
	return &p->list[p->n++];
}

static void missing(struct probe *p, const struct law_fault *f)
{
	struct form_need_of *need = add(p, f->field, "", f->text);

	if (need == NULL)
		return;
	need->missing = true;
	need->measures |= p->of ? UINT64_C(1) << p->of : 0;
}

/* A body in which only this part is there, with all of its own. */
static void begin(struct probe *p, const ProtobufCFieldDescriptor *part)
{
	ProtobufCMessage *whole = cy_whole(&p->scratch, p->w->body, false);

	p->part = part;
	p->body = cy_arena_take(&p->scratch, p->w->body->sizeof_message);
	protobuf_c_message_init(p->w->body, p->body);
	if (part != NULL) {
		memcpy((char *)p->body + part->offset, (char *)whole + part->offset,
		       cy_value_size(PROTOBUF_C_TYPE_MESSAGE));
		if (part->label == PROTOBUF_C_LABEL_REPEATED)
			*(size_t *)((char *)p->body + part->quantifier_offset) = 1;
	}
	if (part != NULL && part->descriptor == &cy_measure__descriptor)
		((CyRequest *)p->body)->measures[0]->type = p->of;
	cy_content__init(&p->content);
	p->content.kind_case = (CyContent__KindCase)p->w->form->kind;
	*(ProtobufCMessage **)((char *)&p->content + p->kind->offset) = p->body;
}

/* What another part lacks is told when it is looked at; of a request, for each type of measure. */
static bool wanted(const struct probe *p, const char *path)
{
	const char *field = path + strcspn(path, ".") + 1, *name = p->part != NULL ? p->part->name : "measures";
	const size_t len = strlen(name);

	return p->of || (p->part == NULL && p->w->body != &cy_request__descriptor) ||
	       (strncmp(field, name, len) == 0 && strcspn(field, ".[") == len);
}

/* The fault of a part that alone is taken out. */
static void without(struct probe *p, const char *path)
{
	law_validate(&p->content, &p->faults);
	for (size_t i = 0; i < p->faults.n; i++)
		if (strcmp(p->faults.at[i].field, path) == 0)
			missing(p, &p->faults.at[i]);
}

static void take_out(struct probe *p, ProtobufCMessage *m, const char *path)
{
	for (unsigned i = 0; i < m->descriptor->n_fields; i++) {
		const ProtobufCFieldDescriptor *f = &m->descriptor->fields[i];
		const bool list = f->label == PROTOBUF_C_LABEL_REPEATED;
		char *at = (char *)m + (list ? f->quantifier_offset : f->offset), below[FORM_PATH_MAX];
		const size_t size = list ? sizeof(size_t) : sizeof(void *);
		const ProtobufCMessage *part;
		char kept[sizeof(void *)];

		if (f->type != PROTOBUF_C_TYPE_MESSAGE || !(list ? cy_field_count(m, f) : cy_field_set(m, f)))
			continue;
		part = *(const ProtobufCMessage *const *)cy_field_value(m, f, 0);
		snprintf(below, sizeof below, "%s.%s", path, f->name);
		memcpy(kept, at, size);
		memset(at, 0, size);
		if (m != p->body)
			without(p, below);
		memcpy(at, kept, size);
		snprintf(below, sizeof below, "%s.%s%s", path, f->name, list ? "[0]" : "");
		take_out(p, (ProtobufCMessage *)part, below);
	}
}

static void look(struct probe *p, const ProtobufCFieldDescriptor *part)
{
	begin(p, part);
	law_validate(&p->content, &p->faults);
	for (size_t i = 0; i < p->faults.n; i++)
		if (wanted(p, p->faults.at[i].field))
			missing(p, &p->faults.at[i]);
	take_out(p, p->body, p->w->kind);
}

static void on_rule(void *arg, const char *path, const char *when, bool may_be_empty, const char *text)
{
	if (!may_be_empty)
		add(arg, path, when != NULL ? when : "", text);
}

static void tell(struct probe *p)
{
	struct law_check c = { .faults = &p->faults, .tell = on_rule, .arg = p };

	begin(p, NULL);
	*(ProtobufCMessage **)((char *)&p->content + p->kind->offset) = cy_whole(&p->scratch, p->w->body, true);
	law_check_content(&c, &p->content);
}

law_measures form_every_measure(void)
{
	law_measures all = 0;

	for (unsigned i = 0; i < cy_measure_type__descriptor.n_values; i++)
		all |= UINT64_C(1) << cy_measure_type__descriptor.values[i].value;
	return all & ~UINT64_C(1);
}

/* Every type of measure faults it: then it does not depend on the type. */
static void settle(struct probe *p)
{
	const law_measures all = form_every_measure();

	for (size_t i = 0; i < p->n; i++)
		if (p->list[i].measures == all)
			p->list[i].measures = 0;
}

#define DAYS_MAX 64u

/* Write the day into every date and instant. */
static void date(ProtobufCMessage *m, const char *text, int64_t ms)
{
	for (unsigned i = 0; i < m->descriptor->n_fields; i++) {
		const ProtobufCFieldDescriptor *f = &m->descriptor->fields[i];
		const bool list = f->label == PROTOBUF_C_LABEL_REPEATED;
		const size_t len = strlen(f->name);
		void *at = (char *)m + f->offset;

		if (f->type == PROTOBUF_C_TYPE_MESSAGE && (list ? cy_field_count(m, f) > 0 : cy_field_set(m, f)))
			date(*(ProtobufCMessage *const *)cy_field_value(m, f, 0), text, ms);
		else if (!list && f->type == PROTOBUF_C_TYPE_STRING && len > 5 &&
			 strcmp(f->name + len - 5, "_date") == 0)
			*(const char **)at = text;
		else if (cy_field_instant(f))
			*(int64_t *)at = ms;
	}
}

/* On which side of today the law wants the dates: what it warns of where all lie on the other side. */
static void warned(struct probe *p, struct form_day_of *list, const char *text, enum form_day day)
{
	const struct law_between between = { "", "", { 2000, 1, 1 } };
	struct cy_date d;

	CY_ASSERT(cy_date_parse(text, &d) == CY_OK);
	begin(p, NULL);
	*(ProtobufCMessage **)((char *)&p->content + p->kind->offset) = p->body =
		cy_whole(&p->scratch, p->w->body, true);
	date(p->body, text, cy_date_days(d) * INT64_C(86400000));
	law_warnings(&p->content, NULL, &between, &p->faults);
	for (size_t i = 0; i < p->faults.n && p->w->n_days < DAYS_MAX; i++) {
		char pattern[FORM_PATH_MAX];

		if (pattern_of(p->faults.at[i].field, pattern) && strstr(p->faults.at[i].text, text) != NULL)
			list[p->w->n_days++] = (struct form_day_of){ cy_arena_string(p->w->arena, pattern), day };
	}
}

static void days(struct probe *p)
{
	struct form_day_of *list = cy_arena_take(p->w->arena, DAYS_MAX * sizeof *list);

	warned(p, list, "2999-01-01", FORM_NOT_LATER);
	warned(p, list, "1999-01-01", FORM_NOT_EARLIER);
	p->w->days = list;
}

static void submission(struct probe *p)
{
	const bool opens = law_kind_opens(p->w->form->kind);
	static const char *const opening[] = { "to", "own_reference" }, *const within[] = { "case_ref" };
	const char *const *names = opens ? opening : within;

	for (size_t i = 0; i < (opens ? 2u : 1u); i++)
		p->list[p->n++] = (struct form_need_of){
			.path = names[i], .missing = true, .when = "", .text = "This field is mandatory."
		};
}

static void look_at_measures(struct probe *p, const ProtobufCFieldDescriptor *part)
{
	for (unsigned t = 0; t < cy_measure_type__descriptor.n_values; t++) {
		p->of = (CyMeasureType)cy_measure_type__descriptor.values[t].value;
		look(p, part);
	}
	p->of = CY_MEASURE_TYPE__MEASURE_TYPE_UNSPECIFIED;
}

void form_needs(struct form_work *w)
{
	struct probe *p = cy_arena_take(w->arena, sizeof *p);

	p->w = w;
	if (w->body == NULL)
		return;
	p->list = cy_arena_take(w->arena, NEEDS_MAX * sizeof *p->list);
	p->kind = protobuf_c_message_descriptor_get_field(&cy_content__descriptor, w->form->kind);
	look(p, NULL);
	for (unsigned i = 0; i < w->body->n_fields; i++) {
		const ProtobufCFieldDescriptor *f = &w->body->fields[i];

		if (f->type != PROTOBUF_C_TYPE_MESSAGE)
			continue;
		if (f->descriptor == &cy_measure__descriptor)
			look_at_measures(p, f);
		else
			look(p, f);
	}
	settle(p);
	submission(p);
	tell(p);
	days(p);
	cy_arena_free(&p->scratch);
	w->needs = p->list;
	w->n_needs = p->n;
}
