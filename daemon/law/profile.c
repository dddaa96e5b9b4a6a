#include "law/profile.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* -------------------------------------------------------------------- names */

#define LAW_X(name, word) word,
#define NAMES(function, type, LIST)                                 \
	const char *function(type value)                            \
	{                                                           \
		static const char *const names[] = { LIST(LAW_X) }; \
		return names[value];                                \
	}
NAMES(law_status_name, enum law_status, LAW_STATUSES)
NAMES(law_force_name, enum law_force, LAW_FORCES)
NAMES(law_lapse_name, enum law_lapse, LAW_LAPSES)
NAMES(law_start_name, enum law_start, LAW_STARTS)
NAMES(law_meet_name, enum law_meet, LAW_MEETS)
NAMES(law_suspend_name, enum law_suspend, LAW_SUSPENDS)
NAMES(law_action_name, enum law_action, LAW_ACTIONS)
#undef NAMES
#undef LAW_X

/* ------------------------------------------------------------------- lookups */

static bool dated(struct cy_date d)
{
	return d.year != 0;
}

static bool effective(const struct law_profile *p, struct cy_date day)
{
	const int64_t at = cy_date_days(day);

	return (!dated(p->effective_from) || cy_date_days(p->effective_from) <= at) &&
	       (!dated(p->effective_to) || at <= cy_date_days(p->effective_to));
}

const struct law_profile *law_find_profile(const struct law_data *b, const char *id, const char *version,
					   struct cy_date day)
{
	for (size_t i = 0; i < b->n_profiles; i++) {
		const struct law_profile *p = b->profiles[i];

		if (strcmp(p->id, id) == 0 &&
		    (version[0] != '\0' ? strcmp(p->version, version) == 0 : effective(p, day)))
			return p;
	}
	return NULL;
}

const struct law_calendar *law_find_calendar(const struct law_data *b, const char *name)
{
	for (size_t i = 0; i < b->n_calendars; i++) {
		if (strcmp(b->calendars[i]->name, name) == 0)
			return b->calendars[i];
	}
	return NULL;
}

const struct law_zone *law_find_zone(const struct law_data *b, const char *name)
{
	for (size_t i = 0; i < b->n_zones; i++) {
		if (strcmp(b->zones[i]->name, name) == 0)
			return b->zones[i];
	}
	return NULL;
}

const struct law_rule *law_find_rule(const struct law_profile *p, const char *name)
{
	for (size_t i = 0; i < p->n_rules; i++) {
		if (strcmp(p->rules[i].name, name) == 0)
			return &p->rules[i];
	}
	return NULL;
}

int64_t law_retention_ms(const struct law_profile *p)
{
	switch (p->retention.unit) {
	case LAW_HOUR:
		return p->retention.amount * INT64_C(3600000);
	case LAW_WEEK:
		return p->retention.amount * 7 * INT64_C(86400000);
	case LAW_CALENDAR_DAY:
	case LAW_WORKING_DAY:
		break;
	}
	return p->retention.amount * INT64_C(86400000);
}

static const struct law_party *listed(const struct law_profile *p, const char *state)
{
	for (size_t i = 0; i < p->n_parties; i++)
		if (strcmp(p->parties[i].state, state) == 0)
			return &p->parties[i];
	return NULL;
}

/* A list that may lack some. */
static bool open_list(const struct law_profile *p)
{
	return p->parties_open || p->n_parties == 0;
}

/* Or may it be one? False: the sentence. */
static bool is_party(const struct law_profile *p, const char *state, struct cy_date day, struct cy_error *e)
{
	const struct law_party *party = listed(p, state);

	if (party == NULL && open_list(p))
		return true;
	if (party == NULL)
		cy_fail(e, CY_EINVAL, "%s (version %s) does not name %s as a party", p->id, p->version, state);
	else if (dated(party->from) && cy_date_days(party->from) > cy_date_days(day))
		cy_fail(e, CY_EINVAL, "%s (version %s) is in force for %s only from %04d-%02d-%02d", p->id, p->version,
			state, party->from.year, party->from.month, party->from.day);
	else
		return true;
	return false;
}

bool law_bond_told(const struct law_profile *p, const char *state, const char *other, struct cy_error *e)
{
	const char *unlisted = listed(p, state) == NULL ? state : listed(p, other) == NULL ? other : NULL;

	if (!open_list(p) || unlisted == NULL)
		return true;
	if (p->n_parties == 0)
		cy_fail(e, CY_EINVAL,
			"%s (version %s) does not list its parties: it cannot be told here whether it is in force "
			"between %s and %s. Check that with its depositary.",
			p->id, p->version, state, other);
	else
		cy_fail(e, CY_EINVAL,
			"%s (version %s) does not list all of its parties, and %s not: it cannot be told here whether "
			"it is in force between %s and %s. Check that with its depositary.",
			p->id, p->version, unlisted, state, other);
	return false;
}

static bool binds(const struct law_profile *p, const char *state, const char *other, struct cy_date day,
		  struct cy_error *e)
{
	const struct law_party *a, *b;

	if (!is_party(p, state, day, e) || !is_party(p, other, day, e))
		return false;
	a = listed(p, state);
	b = listed(p, other);
	if (a == NULL || b == NULL || a->side[0] == '\0' || strcmp(a->side, b->side) != 0)
		return true;
	cy_fail(e, CY_EINVAL, "%s (version %s) does not bind %s and %s to each other: both are on the side of %s",
		p->id, p->version, state, other, a->side);
	return false;
}

bool law_in_force(const struct law_profile *p, const char *state, const char *other, struct cy_date day,
		  struct cy_error *e)
{
	if (p->status == LAW_STATUS_NOT_IN_FORCE) {
		cy_fail(e, CY_EINVAL, "%s (version %s) is not in force", p->id, p->version);
		return false;
	}
	if (dated(p->effective_from) && cy_date_days(day) < cy_date_days(p->effective_from)) {
		cy_fail(e, CY_EINVAL, "version %s of %s is effective only from %04d-%02d-%02d", p->version, p->id,
			p->effective_from.year, p->effective_from.month, p->effective_from.day);
		return false;
	}
	if (!effective(p, day)) {
		cy_fail(e, CY_EINVAL, "version %s of %s was effective only until %04d-%02d-%02d", p->version, p->id,
			p->effective_to.year, p->effective_to.month, p->effective_to.day);
		return false;
	}
	return binds(p, state, other, day, e);
}

/* ------------------------------------------------------------ default ladder */

#define DAY_MS (INT64_C(24) * 3600 * 1000)

static const struct law_rung default_rungs[] = {
	{ "half", "desk_officer", LAW_WHEN_SHARE, 50, true, false, 1u << LAW_ACTION_EVENT | 1u << LAW_ACTION_JOURNAL },
	{ "three-days", "desk_officer", LAW_WHEN_BEFORE, 3 * DAY_MS, true, true,
	  1u << LAW_ACTION_EVENT | 1u << LAW_ACTION_JOURNAL | 1u << LAW_ACTION_HOOK | 1u << LAW_ACTION_REMINDER },
	{ "breach", "desk_officer", LAW_WHEN_AFTER, 0, true, true,
	  1u << LAW_ACTION_EVENT | 1u << LAW_ACTION_JOURNAL | 1u << LAW_ACTION_HOOK },
	{ "head", "head_of_authority", LAW_WHEN_AFTER, 7 * DAY_MS, true, true,
	  1u << LAW_ACTION_EVENT | 1u << LAW_ACTION_JOURNAL | 1u << LAW_ACTION_HOOK | 1u << LAW_ACTION_REMINDER },
	{ "liaison", "liaison", LAW_WHEN_AFTER, 30 * DAY_MS, true, true,
	  1u << LAW_ACTION_EVENT | 1u << LAW_ACTION_JOURNAL | 1u << LAW_ACTION_HOOK },
};

const struct law_ladder law_ladder_default = { "default", sizeof default_rungs / sizeof default_rungs[0],
					       default_rungs };

/* ------------------------------------------------------------ canonical form */

struct form {
	struct cy_buf *b;
	int r; /* the first failure */
	char path[256];
};

static void into(struct form *f, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void into(struct form *f, const char *fmt, ...)
{
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(f->path, sizeof f->path, fmt, ap);
	va_end(ap);
	if ((len < 0 || (size_t)len >= sizeof f->path) && f->r == CY_OK)
		f->r = CY_ELIMIT;
}

static void add(struct form *f, const char *data, size_t len)
{
	if (f->r == CY_OK)
		f->r = cy_buf_add(f->b, data, len);
}

static void escaped(struct form *f, const char *value)
{
	static const char digits[] = "0123456789abcdef";

	for (; *value != '\0'; value++) {
		const unsigned char c = (unsigned char)*value;
		const char code[4] = { '\\', 'x', digits[c >> 4], digits[c & 15] };

		if (c < 0x20 || c == 0x7f || c == '\\')
			add(f, code, sizeof code);
		else
			add(f, value, 1);
	}
}

/* A line below the path; `name` "" is the path itself. */
static void text(struct form *f, const char *name, const char *value)
{
	if (value == NULL || value[0] == '\0')
		return;
	add(f, f->path, strlen(f->path));
	if (f->path[0] != '\0' && name[0] != '\0')
		add(f, ".", 1);
	add(f, name, strlen(name));
	add(f, " = ", 3);
	escaped(f, value);
	add(f, "\n", 1);
}

static void yes(struct form *f, const char *name, bool value)
{
	text(f, name, value ? "yes" : "");
}

static void number(struct form *f, const char *name, int64_t value)
{
	char digits[24];

	snprintf(digits, sizeof digits, "%lld", (long long)value);
	text(f, name, digits);
}

static void date(struct form *f, const char *name, struct cy_date d)
{
	char out[32];

	snprintf(out, sizeof out, "%04d-%02d-%02d", d.year, d.month, d.day);
	text(f, name, dated(d) ? out : "");
}

static void source(struct form *f, const struct law_source *s)
{
	text(f, "article", s->article);
	/* An entry without a source is neither verified nor unverified. */
	if (s->article != NULL && s->article[0] != '\0')
		text(f, "verified", s->verified ? "yes" : "no");
	text(f, "note", s->note);
}

static void measures(struct form *f, law_measures m)
{
	char name[80];

	for (unsigned i = 0; i < cy_measure_type__descriptor.n_values; i++) {
		const ProtobufCEnumValue *v = &cy_measure_type__descriptor.values[i];

		snprintf(name, sizeof name, "measure.%s", v->name);
		yes(f, name, (m >> v->value & 1) != 0);
	}
}

/* A line for each bit: `name.word = yes`. */
#define EACH_BIT(f, name, bits, n, word)                                              \
	do {                                                                          \
		char line_[80];                                                       \
		for (unsigned bit_ = 0; bit_ < (n); bit_++) {                         \
			snprintf(line_, sizeof line_, "%s.%s", (name), (word)(bit_)); \
			yes((f), line_, ((bits) >> bit_ & 1u) != 0);                  \
		}                                                                     \
	} while (0)

static void period(struct form *f, const char *amount, const char *unit, const struct law_period *p)
{
	if (p->amount == 0)
		return;
	number(f, amount, p->amount);
	text(f, unit, law_unit_name(p->unit));
}

static void clock_rule(struct form *f, const struct law_clock_rule *c)
{
	into(f, "clock.%s", c->name);
	text(f, "obligation", c->obligation);
	text(f, "obliged", c->obliged == CY_SIDE__REQUESTING ? "requesting" : "requested");
	text(f, "obliged_role", c->obliged_role);
	text(f, "per", c->by_measure ? "measure" : "request");
	measures(f, c->measures);
	text(f, "only", c->urgent_only ? "urgent" : c->not_urgent ? "not_urgent" : "");
	text(f, "start", law_start_name(c->start));
	period(f, "amount", "unit", &c->period);
	text(f, "rule", c->rule);
	EACH_BIT(f, "met_by", c->met_by, LAW_MEETS_N, law_meet_name);
	EACH_BIT(f, "suspended_by", c->suspended_by, LAW_SUSPENDS_N, law_suspend_name);
	text(f, "force", law_force_name(c->force));
	text(f, "on_lapse", law_lapse_name(c->lapse));
	text(f, "ladder", c->ladder);
	source(f, &c->source);
	if (!c->extensible)
		return;
	into(f, "clock.%s.extension", c->name);
	yes(f, "", true);
	period(f, "amount", "unit", &c->extension);
	yes(f, "needs.reason", c->extension_reason);
	yes(f, "needs.estimate", c->extension_estimate);
	source(f, &c->extension_source);
}

static void rung(struct form *f, const char *ladder, size_t place, const struct law_rung *r)
{
	static const char *const when[] = { "share", "before_ms", "after_ms" };

	into(f, "ladder.%s.%s", ladder, r->name);
	number(f, "place", (int64_t)place);
	text(f, "role", r->role);
	number(f, when[r->when], r->value);
	yes(f, "side.obliged", r->obliged);
	yes(f, "side.waiting", r->waiting);
	EACH_BIT(f, "action", r->actions, LAW_ACTIONS_N, law_action_name);
}

static void head(struct form *f, const struct law_profile *p)
{
	into(f, "%s", "");
	text(f, "instrument", p->id);
	text(f, "version", p->version);
	text(f, "title", p->title);
	text(f, "citation", p->citation);
	text(f, "source", p->source);
	text(f, "verified", p->verified ? "yes" : "no");
	text(f, "note", p->note);
	text(f, "status", law_status_name(p->status));
	date(f, "effective_from", p->effective_from);
	date(f, "effective_to", p->effective_to);
	for (size_t i = 0; i < p->n_parties; i++) {
		into(f, "party.%s", p->parties[i].state);
		yes(f, "", true);
		text(f, "side", p->parties[i].side);
		date(f, "from", p->parties[i].from);
	}
	into(f, "party.others");
	yes(f, "", p->parties_open);
	into(f, "admitted");
	measures(f, p->measures);
	source(f, &p->measures_source);
}

/* Plain words below a path, and where they come from. */
static void words(struct form *f, const char *path, const char *each, size_t n, const char *const *list,
		  const struct law_source *s)
{
	char name[128];

	into(f, "%s", path);
	for (size_t i = 0; i < n; i++) {
		snprintf(name, sizeof name, "%s.%s", each, list[i]);
		yes(f, name, true);
	}
	source(f, s);
}

static void rules(struct form *f, const struct law_profile *p)
{
	for (size_t i = 0; i < p->n_rules; i++) {
		const struct law_rule *r = &p->rules[i];

		into(f, "rule.%s", r->name);
		text(f, "title", r->title);
		text(f, "exclude_event", r->exclude_event);
		text(f, "roll_over", r->roll_over);
		text(f, "two_working", r->two_working);
		text(f, "verified", r->verified ? "yes" : "no");
		text(f, "note", r->note);
	}
	for (size_t i = 0; i < p->n_requirements; i++) {
		const struct law_requirement *r = &p->requirements[i];

		into(f, "requirement.%s", r->name);
		text(f, "field", r->field);
		measures(f, r->measures);
		text(f, "why", r->why);
		source(f, &r->source);
	}
	for (size_t i = 0; i < p->n_atoms; i++) {
		const struct law_atom *a = &p->atoms[i];

		into(f, "terms.%s.%s", a->state[0] == '\0' ? "any" : a->state, a->atom);
		text(f, "category", a->category);
		text(f, "threshold", a->threshold);
		text(f, "definition", a->definition);
		source(f, &a->source);
	}
}

static void limits(struct form *f, const struct law_profile *p)
{
	for (size_t i = 0; i < p->n_clocks; i++)
		clock_rule(f, &p->clocks[i]);
	for (size_t i = 0; i < p->n_grounds; i++) {
		const struct law_ground *g = &p->grounds[i];
		const ProtobufCEnumValue *v =
			protobuf_c_enum_descriptor_get_value(&cy_refusal_ground__descriptor, (int)g->ground);

		into(f, "ground.%s%s%s", v == NULL ? "?" : v->name, g->code[0] == '\0' ? "" : ".", g->code);
		source(f, &g->source);
	}
	for (size_t i = 0; i < p->n_conditions; i++) {
		into(f, "condition.%s", p->conditions[i].name);
		text(f, "text", p->conditions[i].text);
		source(f, &p->conditions[i].source);
	}
	words(f, "languages", "code", p->n_languages, p->languages, &p->languages_source);
	if (p->retention.amount > 0) {
		into(f, "retention");
		period(f, "amount", "unit", &p->retention);
		source(f, &p->retention_source);
	}
	into(f, "first_use");
	yes(f, "", p->first_use);
	source(f, &p->first_use_source);
	words(f, "sensitive", "category", p->n_sensitive, p->sensitive, &p->sensitive_source);
	for (size_t i = 0; i < p->n_ladders; i++) {
		for (size_t j = 0; j < p->ladders[i].n; j++)
			rung(f, p->ladders[i].name, j + 1, &p->ladders[i].rungs[j]);
	}
}

static int compare_lines(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Sort by path: a blank follows it, which is less than what a path is made of. */
static int sorted(struct cy_buf *lines, struct cy_buf *out)
{
	const char **line;
	size_t n = 0, i = 0;
	int r = CY_OK;

	for (size_t at = 0; at < lines->len; at++)
		n += lines->data[at] == '\n';
	line = calloc(n + 1, sizeof *line);
	if (line == NULL)
		return CY_ENOMEM;
	for (char *at = (char *)lines->data; i < n; i++) {
		char *end = strchr(at, '\n');

		*end = '\0';
		line[i] = at;
		at = end + 1;
	}
	qsort(line, n, sizeof *line, compare_lines);
	for (i = 0; r == CY_OK && i < n; i++)
		r = cy_buf_addf(out, "%s\n", line[i]);
	free(line);
	return r;
}

int law_profile_canonical(const struct law_profile *p, struct cy_buf *out)
{
	struct cy_buf lines = CY_BUF(LAW_CANONICAL_MAX);
	struct form f = { .b = &lines };

	head(&f, p);
	rules(&f, p);
	limits(&f, p);
	if (f.r == CY_OK)
		f.r = sorted(&lines, out);
	cy_buf_free(&lines);
	return f.r;
}

int law_profile_digest(const struct law_profile *p, struct cy_digest *ret)
{
	struct cy_buf b = CY_BUF(LAW_CANONICAL_MAX);
	int r = law_profile_canonical(p, &b);

	if (r == CY_OK)
		*ret = cy_sha256(cy_buf_view(&b));
	cy_buf_free(&b);
	return r;
}

/* --------------------------------------------------------------- differences */

struct line {
	struct cy_bytes path, value;
	size_t whole; /* with its end */
};

/* The first line; path.data NULL when there is none. */
static struct line first_line(struct cy_bytes form)
{
	const uint8_t *end, *sign;
	size_t len;

	if (form.len == 0)
		return (struct line){ 0 };
	end = memchr(form.data, '\n', form.len);
	len = end == NULL ? form.len : (size_t)(end - form.data);
	sign = memchr(form.data, ' ', len);
	if (sign == NULL || len - (size_t)(sign - form.data) < 3 || memcmp(sign, " = ", 3) != 0)
		sign = NULL;
	return (struct line){ .path = cy_bytes(form.data, sign == NULL ? len : (size_t)(sign - form.data)),
			      .value = sign == NULL ? cy_bytes(form.data + len, 0)
						    : cy_bytes(sign + 3, len - (size_t)(sign - form.data) - 3),
			      .whole = end == NULL ? len : len + 1 };
}

static int compare_paths(struct cy_bytes a, struct cy_bytes b)
{
	const size_t least = a.len < b.len ? a.len : b.len;
	const int c = memcmp(a.data, b.data, least);

	return c != 0 ? c : (a.len > b.len) - (a.len < b.len);
}

static void skip(struct cy_bytes *form, size_t len)
{
	form->data += len;
	form->len -= len;
}

bool law_diff_next(struct law_diff *d, struct law_difference *ret)
{
	for (;;) {
		const struct line a = first_line(d->a), b = first_line(d->b);
		int c;

		if (a.path.data == NULL && b.path.data == NULL)
			return false;
		c = a.path.data == NULL ? 1 : b.path.data == NULL ? -1 : compare_paths(a.path, b.path);
		if (c <= 0)
			skip(&d->a, a.whole);
		if (c >= 0)
			skip(&d->b, b.whole);
		if (c == 0 && cy_bytes_equal(a.value, b.value))
			continue;
		*ret = (struct law_difference){ .path = c <= 0 ? a.path : b.path,
						.a = c <= 0 ? a.value : (struct cy_bytes){ 0 },
						.b = c >= 0 ? b.value : (struct cy_bytes){ 0 } };
		return true;
	}
}
