/* What may be chosen, and what a field begins with. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "form/internal.h"

#define CHOICES_MAX 512u
#define ARTICLE_MAX 1000u

struct choosing {
	const struct form_work *w;
	struct form_choice *list;
	size_t n;
};

static void offer(struct choosing *c, const char *value, const char *label, const char *help)
{
	if (!value[0] || c->n == CHOICES_MAX)
		return;
	for (size_t i = 0; i < c->n; i++)
		if (strcmp(c->list[i].value, value) == 0)
			return;
	c->list[c->n++] =
		(struct form_choice){ .value = value, .label = label[0] ? label : value, .help = help, .ask = "" };
}

/* The article by which the instrument knows a ground. */
static const char *ground_help(const struct form_work *w, int value, const char *help)
{
	const struct law_profile *p = w->form->profile;

	for (size_t i = 0; p != NULL && i < p->n_grounds; i++)
		if ((int)p->grounds[i].ground == value)
			return form_text(w->arena, "%s %s", p->id, p->grounds[i].source.article);
	return help;
}

static void offer_enum(struct choosing *c, const ProtobufCEnumDescriptor *d)
{
	const struct form_work *w = c->w;
	const law_measures admitted = w->form->profile != NULL ? w->form->profile->measures : ~UINT64_C(0);

	for (unsigned i = 0; i < d->n_values; i++) {
		const char *name = d->values[i].name;
		const char *key = form_text(w->arena, "%s.%s", d->short_name, name);
		const char *help = form_help(w, key);

		if (d->values[i].value == 0 ||
		    (d == &cy_measure_type__descriptor && (admitted >> d->values[i].value & 1) == 0))
			continue;
		if (d == &cy_refusal_ground__descriptor)
			help = ground_help(w, d->values[i].value, help);
		offer(c, name, form_word(&w->ask->words, key, "label"), help);
		if (c->n && d == &cy_measure_type__descriptor)
			c->list[c->n - 1].ask = form_word(&w->ask->words, key, "ask");
	}
}

static void offer_states(struct choosing *c)
{
	const struct form_work *w = c->w;
	const struct law_profile *p = w->form->profile;

	if (w->between.requesting[0])
		offer(c, w->between.requesting, form_word(&w->ask->words, "state", w->between.requesting), "");
	if (w->between.requested[0])
		offer(c, w->between.requested, form_word(&w->ask->words, "state", w->between.requested), "");
	for (size_t i = 0; p != NULL && i < p->n_parties; i++)
		offer(c, p->parties[i].state, form_word(&w->ask->words, "state", p->parties[i].state), "");
	for (const char *const *s = w->ask->words.states; s != NULL && *s != NULL; s++)
		offer(c, *s, form_word(&w->ask->words, "state", *s), "");
}

static void offer_languages(struct choosing *c)
{
	const struct law_profile *p = c->w->form->profile;

	for (size_t i = 0; p != NULL && i < p->n_languages; i++)
		offer(c, p->languages[i], form_word(&c->w->ask->words, "language", p->languages[i]), "");
	for (const char *const *l = c->w->ask->words.languages; l != NULL && *l != NULL; l++)
		offer(c, *l, form_word(&c->w->ask->words, "language", *l), "");
}

static void offer_instruments(struct choosing *c)
{
	const struct law_data *b = c->w->ask->legal_data;
	const struct law_profile *p = c->w->form->profile;

	if (p != NULL)
		offer(c, p->id, form_say(&c->w->ask->words, p->title), p->citation);
	for (size_t i = 0; p == NULL && b != NULL && i < b->n_profiles; i++)
		offer(c, b->profiles[i]->id, form_say(&c->w->ask->words, b->profiles[i]->title),
		      b->profiles[i]->citation);
}

/* What the two states, or the instrument, say of an atom. */
static const char *meanings(const struct form_work *w, const char *atom)
{
	const struct law_profile *p = w->form->profile;
	const char *text = "";

	for (size_t i = 0; i < p->n_atoms; i++) {
		const struct law_atom *a = &p->atoms[i];

		if (strcmp(a->atom, atom) != 0 ||
		    (a->state[0] && w->between.requesting[0] && strcmp(a->state, w->between.requesting) != 0 &&
		     strcmp(a->state, w->between.requested) != 0))
			continue;
		text = form_text(w->arena, "%s%s%s%s%s%s%s (%s)", text, text[0] ? "; " : "", a->state,
				 a->state[0] ? ": " : "", a->category, a->threshold[0] ? ", " : "", a->threshold,
				 a->source.article);
	}
	return text;
}

static void offer_atoms(struct choosing *c)
{
	const struct law_profile *p = c->w->form->profile;

	for (size_t i = 0; p != NULL && i < p->n_atoms; i++)
		offer(c, p->atoms[i].atom, form_word(&c->w->ask->words, "atom", p->atoms[i].atom),
		      meanings(c->w, p->atoms[i].atom));
}

static void offer_categories(struct choosing *c)
{
	const struct law_profile *p = c->w->form->profile;

	for (size_t i = 0; p != NULL && i < p->n_sensitive; i++)
		offer(c, p->sensitive[i], form_word(&c->w->ask->words, "category", p->sensitive[i]), "");
	for (size_t i = 0; p != NULL && i < p->n_atoms; i++)
		offer(c, p->atoms[i].category, form_word(&c->w->ask->words, "category", p->atoms[i].category), "");
}

static void offer_clocks(struct choosing *c)
{
	const struct law_profile *p = c->w->form->profile;

	for (size_t i = 0; p != NULL && i < p->n_clocks; i++)
		offer(c, p->clocks[i].name, form_say(&c->w->ask->words, p->clocks[i].obligation),
		      p->clocks[i].source.article);
}

/* 3 before 12, 4 before 4(2). */
static int by_number(const void *a, const void *b)
{
	const char *x = ((const struct form_choice *)a)->value, *y = ((const struct form_choice *)b)->value;
	const long m = strtol(x, NULL, 10), n = strtol(y, NULL, 10);

	return m != n ? (m > n) - (m < n) : strcmp(x, y);
}

/* Two numbers of articles with "to" between, and nothing else up to the end. */
static bool is_range(const char *p, const char *end, unsigned long *ret_from, unsigned long *ret_to)
{
	char *at;

	*ret_from = strtoul(p, &at, 10);
	if (at == p || strncmp(at, " to ", 4) != 0)
		return false;
	p = at + 4;
	*ret_to = strtoul(p, &at, 10);
	return at > p && at == end && *ret_to < ARTICLE_MAX;
}

/* The articles of the profile's text, such as "5(5)(d), 6(4)(d)" or "6 to 12", each by itself. What is no article of
 * the instrument (practice, a law of one state) is left out. */
static void offer_articles_of(struct choosing *c, const char *text, const char *help)
{
	static const char digits[] = "0123456789", within[] = "0123456789abcdefghijklmnopqrstuvwxyz()";

	for (const char *p = text, *end; *p != '\0'; p = *end != '\0' ? end + 1 : end) {
		unsigned long from, to;

		p += strspn(p, " ");
		end = p + strcspn(p, ",");
		if (is_range(p, end, &from, &to))
			for (; from <= to; from++)
				offer(c, form_text(c->w->arena, "%lu", from), "", help);
		else if (strspn(p, digits) > 0 && p + strspn(p, within) == end)
			offer(c, form_text(c->w->arena, "%.*s", (int)(end - p), p), "", help);
	}
}

static void offer_articles(struct choosing *c)
{
	const struct form_words *words = &c->w->ask->words;
	const struct law_profile *p = c->w->form->profile;

	if (p == NULL)
		return;
	for (size_t i = 0; i < p->n_requirements; i++)
		if (!p->requirements[i].measures || !c->w->chosen || (p->requirements[i].measures & c->w->chosen) != 0)
			offer_articles_of(c, p->requirements[i].source.article,
					  form_say(words, p->requirements[i].why));
	for (size_t i = 0; i < p->n_clocks; i++)
		if (!p->clocks[i].measures || !c->w->chosen || (p->clocks[i].measures & c->w->chosen) != 0)
			offer_articles_of(c, p->clocks[i].source.article, form_say(words, p->clocks[i].obligation));
	offer_articles_of(c, p->measures_source.article, "");
	qsort(c->list, c->n, sizeof *c->list, by_number);
}

static void offer_versions(struct choosing *c)
{
	if (c->w->form->profile != NULL)
		offer(c, c->w->form->profile->version, "", "");
}

static const struct offer {
	const char *key;
	void (*offer)(struct choosing *c);
} offers[] = {
	{ "LegalBasis.instrument", offer_instruments },
	{ "LegalBasis.version", offer_versions },
	{ "LegalBasis.articles", offer_articles },
	{ "Measure.atoms", offer_atoms },
	{ "AtomWarning.atom", offer_atoms },
	{ "Attachment.atoms", offer_atoms },
	{ "Measure.data_categories", offer_categories },
	{ "Attachment.data_category", offer_categories },
	{ "Approval.categories", offer_categories },
	{ "Extension.clock", offer_clocks },
	{ "StatedClock.clock", offer_clocks },
	{ "Reminder.clock", offer_clocks },
};

void form_choices(const struct form_work *w, struct form_field *f, const ProtobufCFieldDescriptor *d)
{
	const struct form_rule *rule = form_rule_of(w->ask->layout, f->key);
	struct choosing c = { .w = w };
	struct form_choice room[CHOICES_MAX], *kept;

	c.list = room;
	if (d->type == PROTOBUF_C_TYPE_ENUM)
		offer_enum(&c, d->descriptor);
	else if (f->control == FORM_STATE)
		offer_states(&c);
	else if (f->control == FORM_LANGUAGE || f->control == FORM_LANGUAGES)
		offer_languages(&c);
	for (size_t i = 0; i < sizeof offers / sizeof offers[0]; i++)
		if (strcmp(offers[i].key, f->key) == 0)
			offers[i].offer(&c);
	for (size_t i = 0; rule != NULL && i < rule->n_often; i++)
		offer(&c, rule->often[i], form_word(&w->ask->words, f->key, rule->often[i]), "");
	if (f->control == FORM_LINE && c.n)
		f->control = FORM_OPEN;
	kept = cy_arena_take(w->arena, (c.n + 1) * sizeof *kept);
	memcpy(kept, room, c.n * sizeof *kept);
	f->choices = kept;
	f->n_choices = c.n;
}

static bool spoken(const struct law_profile *p, const char *language)
{
	for (size_t i = 0; i < p->n_languages; i++)
		if (strcmp(p->languages[i], language) == 0)
			return true;
	return false;
}

static const char *preset_of(const struct form_work *w, const struct form_rule *rule)
{
	const char *one = w->form->n_measures == 1 ? w->form->measures[0].value : "";
	const size_t len = strlen(one);

	for (size_t i = 0; rule != NULL && len && i < rule->n_preset_for; i++)
		if (strncmp(rule->preset_for[i], one, len) == 0 && rule->preset_for[i][len] == '=')
			return rule->preset_for[i] + len + 1;
	return rule != NULL && rule->preset != NULL ? rule->preset : "";
}

const char *form_preset(const struct form_work *w, const struct form_field *f, const struct form_rule *rule)
{
	const struct law_profile *p = w->form->profile;
	const char *preset = preset_of(w, rule);

	if (strcmp(f->key, "Request.requesting_state") == 0)
		return w->between.requesting;
	if (strcmp(f->key, "Request.requested_state") == 0 || strcmp(f->key, "Submission.to") == 0)
		return w->between.requested;
	if (strcmp(f->key, "LegalBasis.instrument") == 0 || strcmp(f->key, "LegalBasis.version") == 0)
		return p == NULL ? "" : strcmp(f->name, "version") == 0 ? p->version : p->id;
	if (strcmp(f->key, "Request.language") == 0 && p != NULL && p->n_languages && !spoken(p, preset))
		return p->languages[0];
	if ((strcmp(f->key, "Measure.type") == 0 || strcmp(f->key, "Notification.type") == 0) && w->form->n_measures)
		return w->form->measures[0].value;
	return preset;
}
