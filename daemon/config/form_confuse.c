#include "config/form_confuse.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "comity/v1/local.pb-c.h"
#include "config/config_value.h"

static const struct config_kind kind = {
	.manual = "config/form.conf",
	.unread = "the layout of forms",
	.instead = "name the one that was installed with this program",
	.fixed = true,
};

/* The type of message of this name, wherever it stands within what people write or read; NULL: there is none. */
static const ProtobufCMessageDescriptor *part_within(const ProtobufCMessageDescriptor *d, const char *name)
{
	const ProtobufCMessageDescriptor *found = strcmp(d->short_name, name) == 0 ? d : NULL;

	for (unsigned i = 0; found == NULL && i < d->n_fields; i++)
		if (d->fields[i].type == PROTOBUF_C_TYPE_MESSAGE)
			found = part_within(d->fields[i].descriptor, name);
	return found;
}

static const ProtobufCMessageDescriptor *part_of(const char *name)
{
	const ProtobufCMessageDescriptor *d = part_within(&cy_submission__descriptor, name);

	return d != NULL ? d : part_within(&cy_message__descriptor, name);
}

/* The words of a list, kept. */
static const char *const *words(const struct config_sec *s, const char *name, size_t *ret_n)
{
	const unsigned n = cfg_size(s->cfg, name);
	const char **list = cy_arena_take(s->l->arena, (n + 1) * sizeof *list);

	for (unsigned i = 0; i < n; i++) {
		const struct config_text *t = cfg_getnptr(s->cfg, name, i);

		list[i] = config_keep(s, t->text);
	}
	*ret_n = n;
	return list;
}

static void check_fields(const struct config_sec *s, const ProtobufCMessageDescriptor *d, const struct form_group *g)
{
	for (size_t i = 0; i < g->n_fields; i++)
		if (protobuf_c_message_descriptor_get_field_by_name(d, g->fields[i]) == NULL)
			config_wrong(s, "fields", config_end(s),
				     "%s has no field '%.40s'; a name of the schema is expected; correct it",
				     d->short_name, g->fields[i]);
}

static void group(const struct config_sec *s, const char *part, const char *name, struct form_layout *l)
{
	struct form_group *g = (struct form_group *)&l->groups[l->n_groups++];
	const ProtobufCMessageDescriptor *d = part_of(part);

	*g = (struct form_group){ .part = part, .name = name };
	g->fields = words(s, "fields", &g->n_fields);
	if (d == NULL)
		config_wrong(
			s, "part", s->cfg->line,
			"the schema has no part '%.40s'; a name such as Request or Measure is expected; correct it",
			part);
	else
		check_fields(s, d, g);
}

static void part(const struct config_sec *root, cfg_t *cfg, struct form_layout *l)
{
	struct config_sec s = { .l = root->l, .cfg = cfg };
	const char *name = config_keep(&s, cfg_title(cfg));

	snprintf(s.label, sizeof s.label, "part %.40s", name);
	if (cfg_size(cfg, "fields"))
		group(&s, name, "", l);
	for (unsigned i = 0; i < cfg_size(cfg, "section"); i++) {
		struct config_sec in = { .l = root->l, .cfg = cfg_getnsec(cfg, "section", i) };

		snprintf(in.label, sizeof in.label, "part %.30s.section %.30s", name, cfg_title(in.cfg));
		group(&in, name, config_keep(&in, cfg_title(in.cfg)), l);
	}
}

static bool flag(const struct config_sec *s, const char *name)
{
	static const char *const answers[] = { "no", "yes", NULL };
	const struct config_text *t = config_given(s, name);

	return t != NULL && config_choice(s, name, t, answers) == 1;
}

static enum form_control control(const struct config_sec *s)
{
	static const char *const controls[] = {
#define FORM_X(NAME, word) word,
		FORM_CONTROLS(FORM_X)
#undef FORM_X
			NULL
	};
	const struct config_text *t = config_given(s, "control");
	const int place = t != NULL ? config_choice(s, "control", t, controls) : 0;

	return place > 0 ? (enum form_control)place : FORM_AUTO;
}

static const ProtobufCFieldDescriptor *field_of(const char *key)
{
	const ProtobufCMessageDescriptor *d;
	char name[64];
	const char *dot = strchr(key, '.');

	if (dot == NULL || (size_t)(dot - key) >= sizeof name)
		return NULL;
	snprintf(name, sizeof name, "%.*s", (int)(dot - key), key);
	d = part_of(name);
	return d != NULL ? protobuf_c_message_descriptor_get_field_by_name(d, dot + 1) : NULL;
}

/* NULL, and a problem: there is no such field beside it. */
static const ProtobufCFieldDescriptor *check_beside(const struct config_sec *s, const char *option, const char *field,
						    const char *name)
{
	const ProtobufCFieldDescriptor *d;
	char key[128];

	snprintf(key, sizeof key, "%.*s.%.60s", (int)strcspn(field, "."), field, name);
	d = field_of(key);
	if (d == NULL)
		config_wrong(s, option, config_end(s),
			     "'%.40s' is not a field beside it; a name of the schema is expected; correct it", name);
	return d;
}

/* The field beside it on which it depends has these values. */
static void check_where(const struct config_sec *s, const struct form_rule *r)
{
	const ProtobufCFieldDescriptor *d = check_beside(s, "where", r->field, r->where);

	for (size_t i = 0; d != NULL && d->type == PROTOBUF_C_TYPE_ENUM && i < r->n_is; i++)
		if (protobuf_c_enum_descriptor_get_value_by_name(d->descriptor, r->is[i]) == NULL)
			config_wrong(s, "is", config_end(s), "'%.40s' is not a value of %.40s; correct it", r->is[i],
				     r->where);
}

static void rule(const struct config_sec *root, cfg_t *cfg, struct form_layout *l)
{
	struct form_rule *r = (struct form_rule *)&l->rules[l->n_rules++];
	struct config_sec s = { .l = root->l, .cfg = cfg };
	const struct config_text *where, *preset, *instead;

	snprintf(s.label, sizeof s.label, "field %.60s", cfg_title(cfg));
	where = config_given(&s, "where");
	preset = config_given(&s, "preset");
	instead = config_given(&s, "instead");
	*r = (struct form_rule){ .field = config_keep(&s, cfg_title(cfg)),
				 .control = control(&s),
				 .usual = flag(&s, "usual"),
				 .ours = flag(&s, "ours"),
				 .where = where != NULL ? config_keep(&s, where->text) : NULL,
				 .instead = instead != NULL ? config_keep(&s, instead->text) : NULL,
				 .preset = preset != NULL ? config_keep(&s, preset->text) : NULL };
	r->is = words(&s, "is", &r->n_is);
	r->often = words(&s, "often", &r->n_often);
	r->preset_for = words(&s, "preset_for", &r->n_preset_for);
	if (field_of(r->field) == NULL)
		config_wrong(&s, "field", cfg->line,
			     "the schema has no such field; a name such as Measure.type is expected; correct it");
	else if (r->where != NULL)
		check_where(&s, r);
	if (field_of(r->field) != NULL && r->instead != NULL)
		check_beside(&s, "instead", r->field, r->instead);
}

int form_load(const char *path, struct cy_arena *arena, struct form_layout *ret, struct config_problems *out)
{
	cfg_opt_t section[] = { config_list("fields"), CFG_END() };
	cfg_opt_t parts[] = { config_list("fields"), CFG_SEC("section", section, CFGF_MULTI | CFGF_TITLE), CFG_END() };
	cfg_opt_t field[] = { config_option("control"),  config_option("usual"),
			      config_option("ours"),     config_option("where"),
			      config_list("is"),         config_list("often"),
			      config_option("preset"),   config_option("instead"),
			      config_list("preset_for"), CFG_END() };
	cfg_opt_t options[] = { CFG_SEC("part", parts, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES),
				CFG_SEC("field", field, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES), CFG_END() };
	struct config_problems found = { 0 };
	struct config_load l = { .arena = arena, .out = &found, .path = path, .dir = "" };
	struct config_sec root = { .l = &l };
	struct form_layout layout = { 0 };
	size_t groups = 0;

	root.cfg = config_tree(&kind, path, options, &found, &l.last);
	for (unsigned i = 0; root.cfg != NULL && i < cfg_size(root.cfg, "part"); i++)
		groups += 1 + cfg_size(cfg_getnsec(root.cfg, "part", i), "section");
	layout.groups = cy_arena_take(arena, (groups + 1) * sizeof *layout.groups);
	layout.rules =
		cy_arena_take(arena, ((root.cfg != NULL ? cfg_size(root.cfg, "field") : 0) + 1) * sizeof *layout.rules);
	for (unsigned i = 0; root.cfg != NULL && i < cfg_size(root.cfg, "part"); i++)
		part(&root, cfg_getnsec(root.cfg, "part", i), &layout);
	for (unsigned i = 0; root.cfg != NULL && i < cfg_size(root.cfg, "field"); i++)
		rule(&root, cfg_getnsec(root.cfg, "field", i), &layout);
	if (root.cfg != NULL)
		cfg_free(root.cfg);
	if (found.n == 0)
		*ret = layout;
	config_problems_append(out, &found);
	return out->n ? CY_ECONFIG : CY_OK;
}
