#include "config/ladder_confuse.h"

#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "config/profile_value.h"

void ladder_rung_options(cfg_opt_t ret[static LADDER_RUNG_OPTIONS])
{
	const cfg_opt_t options[LADDER_RUNG_OPTIONS] = { config_option("at"), config_option("role"),
							 config_list("side"), config_list("actions"), CFG_END() };

	memcpy(ret, options, sizeof options);
}

static int64_t unit_of(const char *word)
{
	return strncmp(word, "m ", 2) == 0   ? MINUTE
	       : strncmp(word, "h ", 2) == 0 ? HOUR
	       : strncmp(word, "d ", 2) == 0 ? DAY
					     : 0;
}

/* due, 50%, 36h before, 7d after. */
static bool when(const char *text, enum law_when *ret_when, int64_t *ret_value)
{
	const size_t digits = strspn(text, "0123456789");
	const char *rest = text + digits;
	const int64_t unit = unit_of(rest);
	uint64_t n;

	if (strcmp(text, "due") == 0) {
		*ret_when = LAW_WHEN_AFTER;
		*ret_value = 0;
		return true;
	}
	if (strcmp(rest, "%") == 0) {
		if (cy_parse_u64(text, digits, 99, &n) != CY_OK || n == 0)
			return false;
		*ret_when = LAW_WHEN_SHARE;
		*ret_value = (int64_t)n;
		return true;
	}
	if (unit == 0 || cy_parse_u64(text, digits, (uint64_t)(LONG / unit), &n) != CY_OK || n == 0)
		return false;
	if (strcmp(rest + 2, "before") != 0 && strcmp(rest + 2, "after") != 0)
		return false;
	*ret_when = rest[2] == 'b' ? LAW_WHEN_BEFORE : LAW_WHEN_AFTER;
	*ret_value = (int64_t)n * unit;
	return true;
}

/* May `b` stand behind `a`? What is due at a share and what before an instant have no order. */
static bool in_order(const struct law_rung *a, const struct law_rung *b)
{
	if (a->when == LAW_WHEN_AFTER || b->when == LAW_WHEN_AFTER)
		return b->when == LAW_WHEN_AFTER && (a->when != LAW_WHEN_AFTER || a->value <= b->value);
	if (a->when != b->when)
		return true;
	return a->when == LAW_WHEN_SHARE ? a->value <= b->value : a->value >= b->value;
}

static void rung_of(const struct config_sec *outer, cfg_t *cfg, struct law_rung *r)
{
	static const char *const sides[] = { "obliged", "waiting", NULL };
	struct config_sec s = { .l = outer->l, .cfg = cfg };
	const struct config_text *at;
	unsigned side;

	snprintf(s.label, sizeof s.label, "%.40s%srung %.30s", outer->label, outer->label[0] == '\0' ? "" : ".",
		 cfg_title(cfg));
	r->name = profile_title(&s);
	r->role = profile_name(&s, "role", "who is called, such as desk_officer or head_of_authority,");
	at = config_required(&s, "at", "an instant such as 50%, 3d before, due or 7d after");
	if (at != NULL && !when(at->text, &r->when, &r->value))
		config_wrong(&s, "at", at->line,
			     "'%s' is not a step of a ladder; 1%% to 99%%, due, or a number with m, h or d followed by "
			     "before or after, such as \"3d before\", is expected; correct it",
			     at->text);
	side = profile_bits(&s, "side", sides, "obliged, waiting or both");
	r->obliged = (side & 1) != 0;
	r->waiting = (side & 2) != 0;
	r->actions = profile_bits(&s, "actions", profile_actions, "at least one of event, journal, hook, reminder");
}

struct law_ladder ladder_of(const struct config_sec *s, const char *name)
{
	const unsigned n = cfg_size(s->cfg, "rung");
	const unsigned taken = n < LADDER_RUNGS_MAX ? n : LADDER_RUNGS_MAX;
	struct law_rung *rungs = cy_arena_take(s->l->arena, (taken + 1) * sizeof *rungs);

	if (n == 0 || n > LADDER_RUNGS_MAX)
		config_wrong(s, "rung", config_end(s), "there are %u steps; 1 to %u are expected; %s", n,
			     LADDER_RUNGS_MAX, n == 0 ? "add a section rung NAME { ... }" : "remove some");
	for (unsigned i = 0; i < taken; i++) {
		cfg_t *cfg = cfg_getnsec(s->cfg, "rung", i);
		const size_t before = s->l->out->n;

		rung_of(s, cfg, &rungs[i]);
		if (i > 0 && s->l->out->n == before && !in_order(&rungs[i - 1], &rungs[i]))
			config_wrong(
				s, "rung", cfg->line,
				"the step %s comes before %s, which stands above it; steps in the order of time are "
				"expected; move it up",
				rungs[i].name, rungs[i - 1].name);
	}
	return (struct law_ladder){ .name = name, .n = taken, .rungs = rungs };
}
