#include "config/letterhead_confuse.h"

#include "base/bytes.h"
#include "base/error.h"
#include "config/config_value.h"
#include "config/zone_tz.h"

#define LINES_MAX 10

static const struct config_kind kind = {
	.manual = "comityctl(1)",
	.unread = "the letterhead",
	.instead = "name a file that there is by --letterhead or COMITY_LETTERHEAD",
	.fixed = true,
};

static const char *authority(const struct config_sec *s)
{
	const struct config_text *t =
		config_required(s, "authority", "the authority id of whoever has this letterhead, such as \"IE\"");

	if (t == NULL)
		return "";
	if (!cy_authority_valid(t->text))
		config_wrong(s, "authority", t->line,
			     "'%.40s' is no authority id; 1 to 32 capital letters, digits and hyphens are expected; "
			     "correct it",
			     t->text);
	return config_keep(s, t->text);
}

static const char *office(const struct config_sec *s)
{
	const struct config_text *t = config_required(s, "office", "the name of the office");

	return t != NULL ? config_keep(s, t->text) : "";
}

static const struct law_zone *zone(const struct config_sec *s)
{
	const struct config_text *t = cfg_getnptr(s->cfg, "time_zone", 0);
	const struct law_zone *z = NULL;
	struct cy_error e = { 0 };

	if (t != NULL && zone_load(NULL, t->text, s->l->arena, &z, &e) != CY_OK)
		config_wrong(s, "time_zone", t->line, "%s", e.text);
	return z;
}

static void lines(const struct config_sec *s, struct letterhead *h)
{
	const unsigned n = cfg_size(s->cfg, "lines");
	const char **list = cy_arena_take(s->l->arena, (n + 1) * sizeof *list);

	for (unsigned i = 0; i < n; i++) {
		const struct config_text *t = cfg_getnptr(s->cfg, "lines", i);

		if (i == LINES_MAX)
			config_wrong(s, "lines", t->line, "there are %u; at most %d are expected; join some", n,
				     LINES_MAX);
		list[i] = config_keep(s, t->text);
	}
	h->lines = list;
	h->n_lines = n;
}

int letterhead_load(const char *path, struct cy_arena *arena, struct letterhead *ret, struct config_problems *out)
{
	cfg_opt_t options[] = { config_option("authority"), config_option("office"), config_option("time_zone"),
				config_list("lines"), CFG_END() };
	struct config_problems found = { 0 };
	struct config_load l = { .arena = arena, .out = &found, .path = path, .dir = "" };
	struct config_sec root = { .l = &l };
	struct letterhead h = { 0 };

	root.cfg = config_tree(&kind, path, options, &found, &l.last);
	if (root.cfg != NULL) {
		h.authority = authority(&root);
		h.office = office(&root);
		h.zone = zone(&root);
		lines(&root, &h);
		cfg_free(root.cfg);
	}
	if (found.n == 0)
		*ret = h;
	config_problems_append(out, &found);
	return out->n ? CY_ECONFIG : CY_OK;
}
