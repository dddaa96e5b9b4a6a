#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/guess.h"
#include "base/limits.h"
#include "base/reflect.h"
#include "law/treaty_look.h"

void law_source_text(const struct law_profile *p, const struct law_source *s, char *out, size_t size)
{
	snprintf(out, size, "%s %s%s", p->id, s->article, s->verified ? "" : LAW_UNVERIFIED);
	cy_utf8_mend(out);
}

void law_add_word(struct words *w, const char *word)
{
	static const char others[] = " and others";
	size_t more = strlen(word) + 2;

	if (w->cut)
		return;
	w->cut = w->len + more + sizeof others > sizeof w->text;
	if (w->cut) {
		w->len += (size_t)snprintf(w->text + w->len, sizeof w->text - w->len, "%s", others);
		return;
	}
	w->len += (size_t)snprintf(w->text + w->len, sizeof w->text - w->len, "%s%s", w->len ? ", " : "", word);
}

static const char *measure_name(CyMeasureType t)
{
	const ProtobufCEnumValue *v = protobuf_c_enum_descriptor_get_value(&cy_measure_type__descriptor, (int)t);

	return v ? v->name : "this measure";
}

static bool among(law_measures set, CyMeasureType t)
{
	return t > 0 && t < 64 && (set >> t & 1) != 0;
}

/* ------------------------------------------------------------ requirements */

/* Something besides blanks stands in the field. */
static bool filled(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f)
{
	if (f->label == PROTOBUF_C_LABEL_REPEATED) {
		for (size_t i = 0; i < cy_field_count(m, f); i++)
			if (f->type != PROTOBUF_C_TYPE_STRING ||
			    !law_blank(*(const char *const *)cy_field_value(m, f, i)))
				return true;
		return false;
	}
	return cy_field_set(m, f) &&
	       (f->type != PROTOBUF_C_TYPE_STRING || !law_blank(*(const char *const *)cy_field_value(m, f, 0)));
}

static void missing(struct look *l, const char *field, const struct law_requirement *q, const char *measure)
{
	if (law_named(l->c.faults, l->c.path, field))
		return;
	if (measure != NULL)
		fault_of(l, field, &q->source, "This field is mandatory under %s for %s. %s", l->profile->id, measure,
			 q->why);
	else
		fault_of(l, field, &q->source, "This field is mandatory under %s. %s", l->profile->id, q->why);
}

static void require(struct look *l, const ProtobufCMessage *m, const char *path, const struct law_requirement *q,
		    const char *measure)
{
	struct law_field s;
	size_t mark;

	if (!law_field_step(m->descriptor, path, &s)) /* the loader lets none of these through */
		return;
	if (!s.rest[0]) {
		if (!filled(m, s.field))
			missing(l, path, q, measure);
		return;
	}
	for (size_t i = 0; s.each && i < cy_field_count(m, s.field); i++) {
		const ProtobufCMessage *part = *(const ProtobufCMessage *const *)cy_field_value(m, s.field, i);

		if (part->descriptor == &cy_measure__descriptor) {
			CyMeasureType type = ((const CyMeasure *)part)->type;

			if (q->measures && !among(q->measures, type))
				continue;
			measure = measure_name(type);
		}
		mark = law_in_at(&l->c, s.field->name, i);
		require(l, part, s.rest, q, measure);
		law_out(&l->c, mark);
	}
	if (s.each)
		return;
	if (!cy_field_set(m, s.field)) {
		missing(l, path, q, measure);
		return;
	}
	mark = law_in(&l->c, s.field->name);
	require(l, *(const ProtobufCMessage *const *)cy_field_value(m, s.field, 0), s.rest, q, measure);
	law_out(&l->c, mark);
}

/* The first measure of the request for which the rule holds; NULL: for none. */
static const CyMeasure *concerned(const CyRequest *r, law_measures measures)
{
	for (size_t i = 0; i < r->n_measures; i++)
		if (among(measures, r->measures[i]->type))
			return r->measures[i];
	return NULL;
}

/* Is what is found wrong the field that is asked for, or a part in which that would stand? Elements have no number
 * where they are asked for. */
static bool is_asked(const char *asked, const char *found)
{
	while (*found != '\0') {
		if (*asked++ != *found)
			return false;
		if (*found++ == '[') {
			found += strcspn(found, "]") + 1;
			asked += strcspn(asked, "]") + 1;
		}
	}
	return *asked == '\0' || *asked == '.' || *asked == '[';
}

/* Part of what the instrument asks for is asked of every message, and has been found missing without its article. */
static void cite(struct look *l, const struct law_requirement *q)
{
	for (size_t i = 0; i < l->c.faults->n; i++) {
		struct law_fault *f = &l->c.faults->at[i];
		const size_t kind = strcspn(f->field, ".");

		if (f->article[0] == '\0' && f->field[kind] == '.' && is_asked(q->field, f->field + kind + 1))
			law_source_text(l->profile, &q->source, f->article, sizeof f->article);
	}
}

static void requirements(struct look *l, const CyRequest *r)
{
	for (size_t i = 0; i < l->profile->n_requirements; i++) {
		const struct law_requirement *q = &l->profile->requirements[i];
		const CyMeasure *m = concerned(r, q->measures);

		if (q->measures && m == NULL)
			continue;
		cite(l, q);
		require(l, &r->base, q->field, q, m ? measure_name(m->type) : NULL);
	}
}

/* The fields of a notification are required by rules that name its measure. */
static void notified(struct look *l, const CyNotification *n)
{
	for (size_t i = 0; i < l->profile->n_requirements; i++) {
		const struct law_requirement *q = &l->profile->requirements[i];

		if (!among(q->measures, n->type) || !law_field_in(n->base.descriptor, q->field))
			continue;
		cite(l, q);
		require(l, &n->base, q->field, q, measure_name(n->type));
	}
}

/* ---------------------------------------------------------------- measures */

static void admitted(struct look *l, const char *field, CyMeasureType t)
{
	const struct law_profile *p = l->profile;
	struct words w = { .len = 0 };

	if (!t || among(p->measures, t) ||
	    protobuf_c_enum_descriptor_get_value(&cy_measure_type__descriptor, (int)t) == NULL)
		return;
	for (unsigned i = 0; i < cy_measure_type__descriptor.n_values; i++)
		if (among(p->measures, (CyMeasureType)cy_measure_type__descriptor.values[i].value))
			law_add_word(&w, cy_measure_type__descriptor.values[i].name);
	fault_of(l, field, &p->measures_source, "%s does not admit %s; it admits: %s. Use another instrument for it.",
		 p->id, measure_name(t), w.text);
}

/* -------------------------------------------------------------- instrument */

static void unknown_instrument(struct look *l, const CyLegalBasis *basis)
{
	struct words ids = { .len = 0 }, versions = { .len = 0 };

	for (size_t i = 0; i < l->legal_data->n_profiles; i++) {
		const struct law_profile *p = l->legal_data->profiles[i];
		bool before = false;

		if (!strcmp(p->id, basis->instrument))
			law_add_word(&versions, p->version);
		for (size_t k = 0; k < i && !before; k++)
			before = !strcmp(l->legal_data->profiles[k]->id, p->id);
		if (!before)
			law_add_word(&ids, p->id);
	}
	if (versions.len)
		law_fault(&l->c, "legal_basis.version", LAW_NO_ARTICLE,
			  "There is no version '%.40s' of the profile %.60s here; there is: %s.", basis->version,
			  basis->instrument, versions.text);
	else
		law_fault(&l->c, "legal_basis.instrument", LAW_NO_ARTICLE,
			  "There is no profile of the instrument '%.60s' here; there is: %s.", basis->instrument,
			  ids.text);
}

/* The profile, and whether it is in force between the two. False: nothing further
 * can be checked. */
static bool instrument(struct look *l, const CyLegalBasis *basis, const char *requesting, const char *requested)
{
	struct cy_error e = { 0 };

	if (basis == NULL || basis->reciprocity || law_blank(basis->instrument) || law_blank(basis->version))
		return false;
	l->profile = law_find_profile(l->legal_data, basis->instrument, basis->version, l->between->day);
	if (l->profile == NULL) {
		unknown_instrument(l, basis);
		return false;
	}
	if (!law_in_force(l->profile, requesting, requested, l->between->day, &e)) {
		const struct law_source s = { l->profile->citation, l->profile->verified, "" };

		fault_of(l, "legal_basis.instrument", &s, "%s", e.text);
	}
	return true;
}

static void state(struct look *l, const char *field, const char *stated, const char *configured, const char *where)
{
	if (configured[0] && stated[0] && strcmp(stated, configured) != 0)
		law_fault(&l->c, field, LAW_NO_ARTICLE,
			  "%s is expected: the state configured for the %s authority; '%.8s' stands here.", configured,
			  where, stated);
}

static void language(struct look *l, const CyRequest *r)
{
	const struct law_profile *p = l->profile;
	struct words w = { .len = 0 };

	for (size_t i = 0; i < p->n_languages; i++) {
		if (!strcmp(p->languages[i], r->language))
			return;
		law_add_word(&w, p->languages[i]);
	}
	if (p->n_languages && !law_named(l->c.faults, l->c.path, "language"))
		fault_of(l, "language", &p->languages_source,
			 "Requests under %s are written in: %s; '%.8s' is none of these.", p->id, w.text, r->language);
}

/* --------------------------------------------------------------- sensitive */

static bool has(size_t n, char *const *list, const char *word)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(list[i], word))
			return true;
	return false;
}

/* Is data of this category asked for or sent along? By what the request says, or by
 * what either state understands by an atom. */
static bool touches(const struct look *l, const CyRequest *r, const char *category)
{
	for (size_t i = 0; i < r->n_measures; i++) {
		const CyMeasure *m = r->measures[i];

		if (has(m->n_data_categories, m->data_categories, category))
			return true;
		for (size_t k = 0; k < m->n_atoms; k++) {
			const struct law_atom *a = law_meaning(l->profile, r->requesting_state, m->atoms[k]);
			const struct law_atom *b = law_meaning(l->profile, r->requested_state, m->atoms[k]);

			if ((a && !strcmp(a->category, category)) || (b && !strcmp(b->category, category)))
				return true;
		}
	}
	for (size_t i = 0; i < r->n_attachments; i++)
		if (!strcmp(r->attachments[i]->data_category, category))
			return true;
	return false;
}

/* One that is nearly the profile's would pass without the approval that this needs. Others there may be. */
static void category(struct look *l, const char *field, const char *name)
{
	const struct law_profile *p = l->profile;
	struct cy_guess guess = CY_GUESS(name);
	char meant[CY_GUESS_TEXT];

	for (size_t i = 0; i < p->n_sensitive; i++) {
		if (!strcmp(p->sensitive[i], name))
			return;
		cy_guess_offer(&guess, p->sensitive[i]);
	}
	for (size_t i = 0; i < p->n_atoms; i++) {
		if (!strcmp(p->atoms[i].category, name))
			return;
		cy_guess_offer(&guess, p->atoms[i].category);
	}
	if (guess.name[0])
		law_fault(&l->c, field, LAW_NO_ARTICLE,
			  "'%.40s' is not a category of data under %s%s What is meant may need an approval of its own.",
			  name, p->id, cy_guess_text(&guess, meant));
}

static void categories(struct look *l, const CyRequest *r)
{
	for (size_t i = 0; i < r->n_measures && i < CY_MEASURES_MAX; i++) {
		const size_t mark = law_in_at(&l->c, "measures", i);

		for (size_t k = 0; k < r->measures[i]->n_data_categories; k++) {
			const size_t each = law_in_at(&l->c, "data_categories", k);

			category(l, NULL, r->measures[i]->data_categories[k]);
			law_out(&l->c, each);
		}
		law_out(&l->c, mark);
	}
	for (size_t i = 0; i < r->n_attachments; i++) {
		const size_t mark = law_in_at(&l->c, "attachments", i);

		category(l, "data_category", r->attachments[i]->data_category);
		law_out(&l->c, mark);
	}
}

static void sensitive(struct look *l, const CyRequest *r)
{
	for (size_t s = 0; s < l->profile->n_sensitive; s++) {
		const char *category = l->profile->sensitive[s];
		bool approved = false;

		for (size_t i = 0; i < r->n_approvals && !approved; i++)
			approved = has(r->approvals[i]->n_categories, r->approvals[i]->categories, category);
		if (!approved && touches(l, r, category))
			fault_of(l, "approvals", &l->profile->sensitive_source,
				 "Data of the category '%.40s' need an approval of their own: whoever gave it is named "
				 "in an approval with \"categories\": [\"%.40s\"].",
				 category, category);
	}
}

/* ------------------------------------------------------------------- kinds */

static void request(struct look *l, const CyRequest *r)
{
	const struct law_between *w = l->between;

	state(l, "requesting_state", r->requesting_state, w->requesting, "requesting");
	state(l, "requested_state", r->requested_state, w->requested, "requested");
	if (!instrument(l, r->legal_basis, law_or_stated(w->requesting, r->requesting_state),
			law_or_stated(w->requested, r->requested_state)))
		return;
	for (size_t i = 0; i < r->n_measures && i < CY_MEASURES_MAX; i++) {
		size_t mark = law_in_at(&l->c, "measures", i);

		admitted(l, "type", r->measures[i]->type);
		law_out(&l->c, mark);
	}
	requirements(l, r);
	language(l, r);
	categories(l, r);
	sensitive(l, r);
	law_check_atoms(l, r);
}

int law_treaty_check(const CyContent *content, const struct law_data *b, const struct law_between *w,
		     struct law_faults *faults)
{
	struct look l = { .c = { .faults = faults }, .legal_data = b, .between = w };

	if (b == NULL || !b->n_profiles)
		return faults->n ? CY_EINVAL : CY_OK;
	switch (content->kind_case) {
	case CY_CONTENT__KIND_REQUEST:
		law_in(&l.c, "request");
		request(&l, content->request);
		break;
	case CY_CONTENT__KIND_NOTIFICATION:
		law_in(&l.c, "notification");
		if (instrument(&l, content->notification->legal_basis, w->requesting, w->requested)) {
			admitted(&l, "type", content->notification->type);
			notified(&l, content->notification);
		}
		break;
	case CY_CONTENT__KIND_SPONTANEOUS_INFORMATION:
		law_in(&l.c, "spontaneous_information");
		instrument(&l, content->spontaneous_information->legal_basis, w->requesting, w->requested);
		break;
	default:
		break;
	}
	return faults->n ? CY_EINVAL : CY_OK;
}
