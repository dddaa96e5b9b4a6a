#include "config/profile_clock.h"

#include <stdio.h>
#include <string.h>

void profile_clock_options(cfg_opt_t ret[static PROFILE_CLOCK_OPTIONS], cfg_opt_t *extension)
{
	const cfg_opt_t options[] = {
		config_option("obligation"),
		config_option("obliged"),
		config_option("obliged_role"),
		config_option("per"),
		config_list("measures"),
		config_option("only"),
		config_option("start"),
		config_option("amount"),
		config_option("unit"),
		config_option("rule"),
		config_list("met_by"),
		config_list("suspended_by"),
		CFG_SEC("extension", extension, CFGF_NODEFAULT),
		config_option("force"),
		config_option("on_lapse"),
		config_option("ladder"),
		PROFILE_SOURCE,
		CFG_END(),
	};

	_Static_assert(sizeof options == PROFILE_CLOCK_OPTIONS * sizeof options[0], "their number is in the header");
	memcpy(ret, options, sizeof options);
}

law_measures profile_measures_of(const struct config_sec *s, const char *name, const struct law_profile *p)
{
	const law_measures set = profile_measures(s, name), beyond = set & ~p->measures;

	for (unsigned i = 0; i < cy_measure_type__descriptor.n_values; i++) {
		const ProtobufCEnumValue *v = &cy_measure_type__descriptor.values[i];

		if ((beyond >> v->value & 1) != 0)
			config_wrong(s, name, config_end(s),
				     "%s is not among measures.admitted; admitted measures are expected; add it there, "
				     "or remove it here",
				     v->name);
	}
	return set;
}

/* ------------------------------------------------------------------ one clock */

static bool from_date(enum law_start start)
{
	return start == LAW_START_WANTED_DATE || start == LAW_START_URGENCY_DATE || start == LAW_START_ANSWER_DATE;
}

/* Starts that are about one measure. */
static bool for_measure(enum law_start start)
{
	return start == LAW_START_DECIDED || start == LAW_START_EFFECTED || start == LAW_START_WANTED_DATE;
}

static void unexpected(const struct config_sec *s, const char *name, const char *start)
{
	const struct config_text *t = config_given(s, name);

	if (t != NULL)
		config_wrong(s, name, t->line,
			     "a clock that starts at %s has its date from the message; no period and no rule are "
			     "expected; remove it",
			     start);
}

static void period_of(const struct config_sec *s, const struct law_profile *p, struct law_clock_rule *c)
{
	const struct config_text *rule;

	c->rule = "";
	if (from_date(c->start)) {
		unexpected(s, "amount", law_start_name(c->start));
		unexpected(s, "unit", law_start_name(c->start));
		unexpected(s, "rule", law_start_name(c->start));
		return;
	}
	c->period = profile_period(s, true);
	rule = config_required(s, "rule", "the name of a section rule");
	if (rule == NULL)
		return;
	c->rule = config_keep(s, rule->text);
	if (law_find_rule(p, c->rule) == NULL)
		config_wrong(
			s, "rule", rule->line,
			"there is no rule '%.60s' here; the name of a section rule is expected; add the section, or "
			"correct it",
			rule->text);
}

static void extension_of(const struct config_sec *outer, struct law_clock_rule *c)
{
	static const char *const needs[] = { "reason", "estimate", NULL };
	struct config_sec s = { .l = outer->l };
	unsigned bits;

	c->extension_source = (struct law_source){ "", false, "" };
	if (cfg_size(outer->cfg, "extension") == 0)
		return;
	s.cfg = cfg_getsec(outer->cfg, "extension");
	snprintf(s.label, sizeof s.label, "%.60s.extension", outer->label);
	c->extensible = true;
	c->extension = profile_period(&s, false);
	bits = profile_bits(&s, "needs", needs, NULL);
	c->extension_reason = (bits & 1) != 0;
	c->extension_estimate = (bits & 2) != 0;
	c->extension_source = profile_source(&s);
}

static void ladder_of_clock(const struct config_sec *s, const struct law_profile *p, struct law_clock_rule *c)
{
	const struct config_text *t = config_given(s, "ladder");

	c->ladder = "";
	if (t == NULL)
		return;
	c->ladder = config_keep(s, t->text);
	for (size_t i = 0; i < p->n_ladders; i++) {
		if (strcmp(p->ladders[i].name, c->ladder) == 0)
			return;
	}
	config_wrong(s, "ladder", t->line,
		     "there is no ladder '%.60s' here; the name of a section ladder is expected; add the section, or "
		     "remove this: the site's ladder is then used",
		     t->text);
}

/* A suspension is a cycle when it begins with what starts the clock, or ends only with
 * what meets it: the clock would never run. And what meets a clock cannot suspend it. */
static void cycles(const struct config_sec *s, const struct law_clock_rule *c)
{
	const bool notice = (c->suspended_by >> LAW_SUSPEND_NOTICE & 1) != 0,
		   conditions = (c->suspended_by >> LAW_SUSPEND_CONDITIONS & 1) != 0;
	const int line = config_end(s);

	if (notice && (c->start == LAW_START_CLARIFICATION || c->start == LAW_START_ANSWER_DATE))
		config_wrong(s, "suspended_by", line,
			     "clarification starts this clock and suspends it: it would never run; what comes later is "
			     "expected; remove clarification here");
	else if (notice && c->met_by == 1u << LAW_MEET_SUPPLEMENT)
		config_wrong(s, "suspended_by", line,
			     "a suspension by clarification ends only with the supplement that meets this clock: it "
			     "would never run again; remove clarification here");
	if ((notice || conditions) && (c->met_by >> LAW_MEET_OBJECTION & 1) != 0)
		config_wrong(
			s, "suspended_by", line,
			"%s is an objection, which meets this clock, and cannot suspend it as well; remove it here",
			notice ? "clarification" : "conditions");
}

static void clock_of(const struct config_sec *s, const struct law_profile *p, struct law_clock_rule *c)
{
	static const char *const sides[] = { "requesting", "requested", NULL };
	static const char *const per[] = { "request", "measure", NULL };
	static const char *const only[] = { "", "urgent", "not_urgent", NULL };
	int limited;

	c->name = profile_title(s);
	c->obligation = profile_text_required(s, "obligation", "what is due, in words,");
	c->obliged = profile_choice(s, "obliged", sides, -1, "requesting or requested") == 0 ? CY_SIDE__REQUESTING
											     : CY_SIDE__REQUESTED;
	c->obliged_role = profile_text(s, "obliged_role");
	c->by_measure = profile_choice(s, "per", per, -1, "request or measure") == 1;
	c->measures = profile_measures_of(s, "measures", p);
	limited = profile_choice(s, "only", only, 0, NULL);
	c->urgent_only = limited == 1;
	c->not_urgent = limited == 2;
	c->start = (enum law_start)profile_choice(s, "start", profile_starts, -1,
						  "the event that starts the clock, such as received,");
	if (for_measure(c->start) && !c->by_measure && config_given(s, "start") != NULL)
		config_wrong(s, "per", config_end(s),
			     "a clock that starts at %s is one of each measure; per = measure is expected; correct it",
			     law_start_name(c->start));
	if (config_given(s, "start") != NULL)
		period_of(s, p, c);
	c->met_by = profile_bits(s, "met_by", profile_meets, "what meets the clock, such as {\"decision\"},");
	c->suspended_by = profile_bits(s, "suspended_by", profile_suspends, NULL);
	extension_of(s, c);
	c->force = (enum law_force)profile_choice(s, "force", profile_forces, LAW_FORCE_BINDING, NULL);
	c->lapse = (enum law_lapse)profile_choice(s, "on_lapse", profile_lapses, LAW_LAPSE_RECORD_ONLY, NULL);
	ladder_of_clock(s, p, c);
	c->source = profile_source(s);
	cycles(s, c);
}

void profile_clocks(const struct config_sec *root, struct law_profile *p)
{
	const unsigned n = cfg_size(root->cfg, "clock");
	struct law_clock_rule *list = cy_arena_take(root->l->arena, (n + 1) * sizeof *list);

	p->clocks = list;
	p->n_clocks = n;
	for (unsigned i = 0; i < n; i++) {
		struct config_sec s = { .l = root->l, .cfg = cfg_getnsec(root->cfg, "clock", i) };

		snprintf(s.label, sizeof s.label, "clock %.40s", cfg_title(s.cfg));
		clock_of(&s, p, &list[i]);
	}
}
