#include "config/profile_confuse.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/ladder_confuse.h"
#include "config/profile_clock.h"
#include "config/profile_value.h"
#include "law/field.h"

#define FILES_MAX 1000

static const struct config_kind kind = {
	.manual = "comity.treaty(5)",
	.unread = "the treaty profile",
	.instead = "name a file such as those of share/comity/treaties",
	.fixed = true,
};

/* The sections `name`, and what each of them becomes. */
static struct config_sec nth(const struct config_sec *outer, const char *name, unsigned i)
{
	struct config_sec s = { .l = outer->l, .cfg = cfg_getnsec(outer->cfg, name, i) };
	const char *title = cfg_title(s.cfg);

	snprintf(s.label, sizeof s.label, "%.40s%s%s%s%.30s", outer->label, outer->label[0] == '\0' ? "" : ".", name,
		 title == NULL ? "" : " ", title == NULL ? "" : title);
	return s;
}

static void *room_for(const struct config_sec *s, size_t n, size_t size)
{
	return cy_arena_take(s->l->arena, (n + 1) * size);
}

/* -------------------------------------------------------------------- parties */

/* XX, or XX from YYYY-MM-DD. */
static struct law_party party_of(const struct config_sec *s, const struct config_text *t, const char *side)
{
	static const char from[] = " from ";
	struct law_party party = { .state = config_keep(s, t->text), .side = side };
	char state[3] = "";

	snprintf(state, sizeof state, "%s", t->text);
	if (!profile_state_valid(state) ||
	    (t->text[2] != '\0' && (strncmp(t->text + 2, from, sizeof from - 1) != 0 ||
				    cy_date_parse(t->text + 2 + sizeof from - 1, &party.from) != CY_OK)))
		config_wrong(s, "parties", t->line,
			     "'%.40s' is not a party; an ISO 3166-1 code such as IE, one with a day such as "
			     "\"IE from 2009-05-22\", or others is expected; correct it",
			     t->text);
	else
		party.state = config_keep(s, state);
	return party;
}

static void parties_of(const struct config_sec *s, const char *side, struct law_party *list, struct law_profile *p)
{
	cfg_opt_t *opt = cfg_getopt(s->cfg, "parties");

	for (unsigned i = 0; i < cfg_opt_size(opt); i++) {
		const struct config_text *t = cfg_opt_getnptr(opt, i);
		struct law_party party;
		size_t at = 0;

		if (strcmp(t->text, "others") == 0) {
			p->parties_open = true;
			continue;
		}
		party = party_of(s, t, side);
		while (at < p->n_parties && strcmp(list[at].state, party.state) != 0)
			at++;
		if (at < p->n_parties)
			config_wrong(s, "parties", t->line, "%.40s is named twice; once is expected; remove one",
				     party.state);
		else
			list[p->n_parties++] = party;
	}
}

static void load_parties(const struct config_sec *root, struct law_profile *p)
{
	const unsigned sides = cfg_size(root->cfg, "side");
	size_t n = cfg_opt_size(cfg_getopt(root->cfg, "parties"));
	struct law_party *list;

	for (unsigned i = 0; i < sides; i++)
		n += cfg_opt_size(cfg_getopt(cfg_getnsec(root->cfg, "side", i), "parties"));
	list = room_for(root, n, sizeof *list);
	p->parties = list;
	parties_of(root, "", list, p);
	if (sides == 1)
		config_wrong(root, "side", config_end(root), "there is one side; two are expected; add the other");
	for (unsigned i = 0; i < sides; i++) {
		const struct config_sec s = nth(root, "side", i);

		if (!cy_authority_valid(cfg_title(s.cfg)))
			config_problem(s.l->out, s.l->path, config_end(&s), s.label,
				       "its name is not valid; 1 to %u of A-Z, 0-9 and '-' are expected; correct it",
				       CY_AUTHORITY_MAX);
		parties_of(&s, config_keep(&s, cfg_title(s.cfg)), list, p);
	}
}

/* ---------------------------------------------------------------------- parts */

static void load_rules(const struct config_sec *root, struct law_profile *p)
{
	struct law_rule *list = room_for(root, cfg_size(root->cfg, "rule"), sizeof *list);

	p->rules = list;
	p->n_rules = cfg_size(root->cfg, "rule");
	for (unsigned i = 0; i < p->n_rules; i++) {
		const struct config_sec s = nth(root, "rule", i);

		list[i] = (struct law_rule){
			.name = profile_title(&s),
			.title = profile_text_required(&s, "title", "the name of the rule's text"),
			.exclude_event = profile_text(&s, "exclude_event"),
			.roll_over = profile_text(&s, "roll_over"),
			.two_working = profile_text(&s, "two_working"),
			.verified = profile_flag(&s, "verified"),
			.note = profile_text(&s, "note"),
		};
	}
}

static void load_measures(const struct config_sec *root, struct law_profile *p)
{
	const struct config_sec s = config_section(root->l, root->cfg, "measures");

	p->measures = profile_measures(&s, "admitted");
	p->measures_source = profile_source(&s);
	if (cfg_opt_size(cfg_getopt(s.cfg, "admitted")) == 0)
		config_wrong(
			&s, "admitted", config_end(&s),
			"it is missing or empty; the types of measure that the instrument admits are expected; add "
			"them");
}

static void load_requirements(const struct config_sec *root, struct law_profile *p)
{
	const unsigned n = cfg_size(root->cfg, "requirement");
	struct law_requirement *list = room_for(root, n, sizeof *list);

	p->requirements = list;
	p->n_requirements = n;
	for (unsigned i = 0; i < n; i++) {
		const struct config_sec s = nth(root, "requirement", i);
		const struct config_text *field =
			config_required(&s, "field", "a field of the request such as measures[].nexus");

		if (field != NULL && !law_field_known(field->text))
			config_wrong(
				&s, "field", field->line,
				"a request has no field '%.80s'; a path as of comity/v1/case.proto such as facts or "
				"measures[].nexus is expected; correct it",
				field->text);
		list[i] = (struct law_requirement){
			.name = profile_title(&s),
			.field = field == NULL ? "" : config_keep(&s, field->text),
			.measures = profile_measures_of(&s, "measures", p),
			.why = profile_text_required(&s, "why", "what to fill in and why"),
			.source = profile_source(&s),
		};
	}
}

static bool is_party(const struct law_profile *p, const char *state)
{
	for (size_t i = 0; i < p->n_parties; i++) {
		if (strcmp(p->parties[i].state, state) == 0)
			return true;
	}
	return p->parties_open || p->n_parties == 0;
}

static const char *terms_state(const struct config_sec *s, const struct law_profile *p)
{
	const char *state = cfg_title(s->cfg);

	if (strcmp(state, "any") == 0)
		return "";
	if (!profile_state_valid(state))
		config_problem(s->l->out, s->l->path, config_end(s), s->label,
			       "it is of no state; an ISO 3166-1 code such as IE, or any, is expected; correct it");
	else if (!is_party(p, state))
		config_problem(
			s->l->out, s->l->path, config_end(s), s->label,
			"%s is not a party of the instrument; one of the parties, or any, is expected; correct it, "
			"or add the party",
			state);
	return config_keep(s, state);
}

static void load_atoms(const struct config_sec *root, struct law_profile *p)
{
	const unsigned states = cfg_size(root->cfg, "terms");
	struct law_atom *list;
	size_t n = 0;

	for (unsigned i = 0; i < states; i++)
		n += cfg_size(cfg_getnsec(root->cfg, "terms", i), "atom");
	list = room_for(root, n, sizeof *list);
	p->atoms = list;
	for (unsigned i = 0; i < states; i++) {
		const struct config_sec terms = nth(root, "terms", i);
		const char *state = terms_state(&terms, p);

		for (unsigned k = 0; k < cfg_size(terms.cfg, "atom"); k++) {
			const struct config_sec s = nth(&terms, "atom", k);

			list[p->n_atoms++] = (struct law_atom){
				.state = state,
				.atom = profile_title(&s),
				.category = profile_text_required(&s, "category", "what kind of data it is there"),
				.threshold = profile_text(&s, "threshold"),
				.definition = profile_text(&s, "definition"),
				.source = profile_source(&s),
			};
		}
	}
}

/* The name of a ground of the schema, or a code of the treaty's own. */
static void load_grounds(const struct config_sec *root, struct law_profile *p)
{
	const unsigned n = cfg_size(root->cfg, "ground");
	struct law_ground *list = room_for(root, n, sizeof *list);

	p->grounds = list;
	p->n_grounds = n;
	for (unsigned i = 0; i < n; i++) {
		const struct config_sec s = nth(root, "ground", i);
		const char *title = cfg_title(s.cfg);
		const ProtobufCEnumValue *v =
			protobuf_c_enum_descriptor_get_value_by_name(&cy_refusal_ground__descriptor, title);

		list[i] = (struct law_ground){ .ground = CY_REFUSAL_GROUND__TREATY_SPECIFIC, .code = "" };
		if (v != NULL && v->value != 0 && v->value != CY_REFUSAL_GROUND__TREATY_SPECIFIC)
			list[i].ground = (CyRefusalGround)v->value;
		else if (profile_name_valid(title))
			list[i].code = config_keep(&s, title);
		else
			config_problem(
				s.l->out, s.l->path, config_end(&s), s.label,
				"there is no such ground; one of RefusalGround in comity/v1/types.proto, or a "
				"name of a-z, 0-9 and '-' for what is this treaty's own, is expected; correct it");
		list[i].source = profile_source(&s);
	}
}

static void load_conditions(const struct config_sec *root, struct law_profile *p)
{
	const unsigned n = cfg_size(root->cfg, "condition");
	struct law_condition *list = room_for(root, n, sizeof *list);

	p->conditions = list;
	p->n_conditions = n;
	for (unsigned i = 0; i < n; i++) {
		const struct config_sec s = nth(root, "condition", i);

		list[i] = (struct law_condition){
			.name = profile_title(&s),
			.text = profile_text_required(&s, "text", "what is allowed and what not"),
			.source = profile_source(&s),
		};
	}
}

static bool is_language(const char *text)
{
	return strlen(text) == 2 && strspn(text, "abcdefghijklmnopqrstuvwxyz") == 2;
}

/* A list of names; each once. */
static const char *const *names_of(const struct config_sec *s, const char *name, bool (*valid)(const char *text),
				   const char *expected, size_t *ret_n)
{
	cfg_opt_t *opt = cfg_getopt(s->cfg, name);
	const char **list = room_for(s, cfg_opt_size(opt), sizeof *list);

	*ret_n = 0;
	if (cfg_opt_size(opt) == 0)
		config_wrong(s, name, config_end(s), "it is missing or empty; %s are expected; add them", expected);
	for (unsigned i = 0; i < cfg_opt_size(opt); i++) {
		const struct config_text *t = cfg_opt_getnptr(opt, i);
		size_t at = 0;

		while (at < *ret_n && strcmp(list[at], t->text) != 0)
			at++;
		if (!valid(t->text))
			config_wrong(s, name, t->line, "'%.40s' is not valid; %s are expected; correct it", t->text,
				     expected);
		else if (at < *ret_n)
			config_wrong(s, name, t->line, "'%s' stands there twice; once is expected; remove one",
				     t->text);
		else
			list[(*ret_n)++] = config_keep(s, t->text);
	}
	return list;
}

/* Sections that stand there once, or not at all. */
static void load_singles(const struct config_sec *root, struct law_profile *p)
{
	static const struct law_source none = { "", false, "" };

	p->languages_source = p->retention_source = p->first_use_source = p->sensitive_source = none;
	if (cfg_size(root->cfg, "languages") > 0) {
		const struct config_sec s = nth(root, "languages", 0);

		p->languages = names_of(&s, "codes", is_language, "ISO 639-1 codes such as {\"en\"}", &p->n_languages);
		p->languages_source = profile_source(&s);
	}
	if (cfg_size(root->cfg, "retention") > 0) {
		const struct config_sec s = nth(root, "retention", 0);

		p->retention = profile_period(&s, true);
		p->retention_source = profile_source(&s);
		if (p->retention.unit == LAW_WORKING_DAY)
			config_wrong(&s, "unit", config_given(&s, "unit")->line,
				     "a retention is not counted in working days; hour, calendar_day or week is "
				     "expected; correct it");
	}
	if (cfg_size(root->cfg, "first_use") > 0) {
		const struct config_sec s = nth(root, "first_use", 0);

		p->first_use = true;
		p->first_use_source = profile_source(&s);
	}
	if (cfg_size(root->cfg, "sensitive") > 0) {
		const struct config_sec s = nth(root, "sensitive", 0);

		p->sensitive = names_of(&s, "categories", profile_name_valid, "names of a-z, 0-9, '-' and '_'",
					&p->n_sensitive);
		p->sensitive_source = profile_source(&s);
	}
}

static void load_ladders(const struct config_sec *root, struct law_profile *p)
{
	const unsigned n = cfg_size(root->cfg, "ladder");
	struct law_ladder *list = room_for(root, n, sizeof *list);

	p->ladders = list;
	p->n_ladders = n;
	for (unsigned i = 0; i < n; i++) {
		const struct config_sec s = nth(root, "ladder", i);

		list[i] = ladder_of(&s, profile_title(&s));
	}
}

static bool is_version(const char *text)
{
	const size_t len = strlen(text);

	return len >= 1 && len <= 32 && strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789.-_") == len;
}

static void load_head(const struct config_sec *root, struct law_profile *p)
{
	const struct config_text *version = config_required(root, "version", "the version of this profile, such as 1,"),
				 *to;

	p->id = profile_name(root, "instrument", "the id of the instrument, such as eio-2014-41,");
	p->version = "";
	if (version != NULL && is_version(version->text))
		p->version = config_keep(root, version->text);
	else if (version != NULL)
		config_wrong(root, "version", version->line,
			     "'%.40s' is not a version; 1 to 32 of a-z, 0-9, '.', '-' and '_' are expected; correct it",
			     version->text);
	p->title = profile_text_required(root, "title", "the name of the instrument");
	p->citation = profile_text_required(root, "citation", "where it was published");
	p->source = profile_text(root, "source");
	p->verified = profile_flag(root, "verified");
	p->note = profile_text(root, "note");
	p->status = (enum law_status)profile_choice(root, "status", profile_statuses, -1,
						    "in_force, not_in_force or non_binding");
	p->effective_from = profile_date(root, "effective_from");
	p->effective_to = profile_date(root, "effective_to");
	to = config_given(root, "effective_to");
	if (p->effective_from.year != 0 && p->effective_to.year != 0 &&
	    cy_date_days(p->effective_to) < cy_date_days(p->effective_from))
		config_wrong(root, "effective_to", to->line,
			     "it is before effective_from; the same or a later day is expected; correct one of them");
}

/* ------------------------------------------------------------------- the file */

#define OPTION(name)       config_option(name)
#define LIST(name)         config_list(name)
#define TITLED             (CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES)
#define ONCE(name, inside) CFG_SEC(name, inside, CFGF_NODEFAULT)

static cfg_t *parse(const char *path, struct config_problems *out, int *ret_last)
{
	cfg_opt_t rung[LADDER_RUNG_OPTIONS];
	cfg_opt_t ladder[] = { CFG_SEC("rung", rung, TITLED), CFG_END() };
	cfg_opt_t extension[] = { OPTION("amount"), OPTION("unit"), LIST("needs"), PROFILE_SOURCE, CFG_END() };
	cfg_opt_t clock[PROFILE_CLOCK_OPTIONS];
	cfg_opt_t side[] = { LIST("parties"), CFG_END() };
	cfg_opt_t measures[] = { LIST("admitted"), PROFILE_SOURCE, CFG_END() };
	cfg_opt_t rule[] = { OPTION("title"),
			     OPTION("exclude_event"),
			     OPTION("roll_over"),
			     OPTION("two_working"),
			     OPTION("verified"),
			     OPTION("note"),
			     CFG_END() };
	cfg_opt_t requirement[] = { OPTION("field"), LIST("measures"), OPTION("why"), PROFILE_SOURCE, CFG_END() };
	cfg_opt_t atom[] = { OPTION("category"), OPTION("threshold"), OPTION("definition"), PROFILE_SOURCE, CFG_END() };
	cfg_opt_t terms[] = { CFG_SEC("atom", atom, TITLED), CFG_END() };
	cfg_opt_t ground[] = { PROFILE_SOURCE, CFG_END() };
	cfg_opt_t condition[] = { OPTION("text"), PROFILE_SOURCE, CFG_END() };
	cfg_opt_t languages[] = { LIST("codes"), PROFILE_SOURCE, CFG_END() };
	cfg_opt_t retention[] = { OPTION("amount"), OPTION("unit"), PROFILE_SOURCE, CFG_END() };
	cfg_opt_t first_use[] = { PROFILE_SOURCE, CFG_END() };
	cfg_opt_t sensitive[] = { LIST("categories"), PROFILE_SOURCE, CFG_END() };
	cfg_opt_t root[] = { OPTION("instrument"),
			     OPTION("version"),
			     OPTION("title"),
			     OPTION("citation"),
			     OPTION("source"),
			     OPTION("verified"),
			     OPTION("note"),
			     OPTION("status"),
			     OPTION("effective_from"),
			     OPTION("effective_to"),
			     LIST("parties"),
			     CFG_SEC("side", side, TITLED),
			     CFG_SEC("measures", measures, CFGF_NONE),
			     CFG_SEC("rule", rule, TITLED),
			     CFG_SEC("clock", clock, TITLED),
			     CFG_SEC("requirement", requirement, TITLED),
			     CFG_SEC("terms", terms, TITLED),
			     CFG_SEC("ground", ground, TITLED),
			     CFG_SEC("condition", condition, TITLED),
			     ONCE("languages", languages),
			     ONCE("retention", retention),
			     ONCE("first_use", first_use),
			     ONCE("sensitive", sensitive),
			     CFG_SEC("ladder", ladder, TITLED),
			     CFG_END() };

	ladder_rung_options(rung);
	profile_clock_options(clock, extension);
	return config_tree(&kind, path, root, out, ret_last);
}

static void load_all(const struct config_sec *root, struct law_profile *p)
{
	load_head(root, p);
	load_parties(root, p);
	load_rules(root, p);
	load_measures(root, p);
	load_requirements(root, p);
	load_atoms(root, p);
	load_ladders(root, p);
	profile_clocks(root, p);
	load_grounds(root, p);
	load_conditions(root, p);
	load_singles(root, p);
}

/* Takes the problems of one file, in order of its lines. */
int profile_load(const char *path, struct cy_arena *arena, const struct law_profile **ret, struct config_problems *out)
{
	struct config_problems found = { 0 };
	struct config_load l = { .arena = arena, .out = &found, .path = path, .dir = "" };
	struct config_sec root = { .l = &l };
	struct law_profile *p = cy_arena_take(arena, sizeof *p);
	int r = CY_ECONFIG;

	root.cfg = parse(path, &found, &l.last);
	if (root.cfg != NULL) {
		load_all(&root, p);
		cfg_free(root.cfg);
		if (found.n == 0 && law_profile_digest(p, &p->digest) != CY_OK)
			config_problem(
				&found, path, l.last, NULL,
				"its canonical form is too long; at most %u bytes are expected; shorten the texts",
				LAW_CANONICAL_MAX);
		r = found.n == 0 ? CY_OK : CY_ECONFIG;
	}
	config_problems_append(out, &found);
	if (r == CY_OK)
		*ret = p;
	return r;
}

/* -------------------------------------------------------------- the directory */

struct loaded {
	const struct law_profile *profile;
	char *path;
	bool contradicted; /* by another one */
};

static int is_profile(const struct dirent *entry)
{
	const char *dot = strrchr(entry->d_name, '.');

	return entry->d_name[0] != '.' && dot != NULL && (strcmp(dot, ".conf") == 0 || strcmp(dot, ".treaty") == 0);
}

static int64_t first_day(const struct law_profile *p)
{
	return p->effective_from.year == 0 ? INT64_MIN : cy_date_days(p->effective_from);
}

static int64_t last_day(const struct law_profile *p)
{
	return p->effective_to.year == 0 ? INT64_MAX : cy_date_days(p->effective_to);
}

static int by_id_and_date(const void *a, const void *b)
{
	const struct loaded *x = a, *y = b;
	const int c = strcmp(x->profile->id, y->profile->id);

	if (c != 0)
		return c;
	return (first_day(x->profile) > first_day(y->profile)) - (first_day(x->profile) < first_day(y->profile));
}

/* Each with all that follow: the last day of one may lie behind several others. */
static void overlaps(struct loaded *list, size_t n, struct config_problems *out)
{
	for (size_t i = 0; i < n; i++) {
		for (size_t k = i + 1; k < n && strcmp(list[i].profile->id, list[k].profile->id) == 0; k++) {
			const struct law_profile *a = list[i].profile, *b = list[k].profile;

			if (strcmp(a->version, b->version) == 0)
				config_problem(out, list[k].path, 0, "version",
					       "%s also holds version %s of %s; one file of each version is expected; "
					       "give one of them another version",
					       list[i].path, a->version, a->id);
			else if (last_day(a) < first_day(b))
				continue;
			else
				config_problem(out, list[k].path, 0, "effective_from",
					       "version %s of %s is effective on days on which version %s of %s is as "
					       "well; one version on each day is expected; end one with effective_to "
					       "before the other begins",
					       b->version, b->id, a->version, list[i].path);
			list[i].contradicted = list[k].contradicted = true;
		}
	}
}

static size_t load_files(const char *dir, struct dirent **names, int n, struct cy_arena *arena, struct loaded *list,
			 struct config_problems *out)
{
	size_t loaded = 0;

	for (int i = 0; i < n; i++) {
		struct loaded *at = &list[loaded];

		CY_ASSERT(asprintf(&at->path, "%s/%s", dir, names[i]->d_name) >= 0);
		if (profile_load(at->path, arena, &at->profile, out) == CY_OK)
			loaded++;
		else
			free(at->path);
		free(names[i]);
	}
	free(names);
	return loaded;
}

int profile_load_dir(const char *dir, struct cy_arena *arena, const struct law_profile *const **ret, size_t *ret_n,
		     struct config_problems *out)
{
	const size_t before = out->n;
	const struct law_profile **profiles;
	struct dirent **names = NULL;
	struct loaded *list;
	const int n = scandir(dir, &names, is_profile, alphasort);
	size_t loaded, good = 0;

	if (n < 0)
		config_problem(out, dir, 0, NULL, "it cannot be read: %s; a directory of treaty profiles is expected",
			       strerror(errno));
	else if (n == 0 || n > FILES_MAX)
		config_problem(out, dir, 0, NULL,
			       "there are %d treaty profiles (*.conf, *.treaty) in it; 1 to %d are expected; name "
			       "another directory",
			       n, FILES_MAX);
	if (n < 0)
		return CY_ECONFIG;
	list = calloc((size_t)n + 1, sizeof *list);
	CY_ASSERT(list != NULL);
	loaded = load_files(dir, names, n, arena, list, out);
	qsort(list, loaded, sizeof *list, by_id_and_date);
	overlaps(list, loaded, out);
	profiles = cy_arena_take(arena, (loaded + 1) * sizeof *profiles);
	for (size_t i = 0; i < loaded; i++) {
		if (!list[i].contradicted)
			profiles[good++] = list[i].profile;
		free(list[i].path);
	}
	free(list);
	*ret = profiles;
	*ret_n = good;
	return out->n > before ? CY_ECONFIG : CY_OK;
}
