#include "config/profile_value.h"

#include <stdio.h>
#include <string.h>

#include "base/num.h"

#define LAW_X(name, word) word,
const char *const profile_statuses[] = { LAW_STATUSES(LAW_X) NULL };
const char *const profile_forces[] = { LAW_FORCES(LAW_X) NULL };
const char *const profile_lapses[] = { LAW_LAPSES(LAW_X) NULL };
const char *const profile_starts[] = { LAW_STARTS(LAW_X) NULL };
const char *const profile_meets[] = { LAW_MEETS(LAW_X) NULL };
const char *const profile_suspends[] = { LAW_SUSPENDS(LAW_X) NULL };
const char *const profile_actions[] = { LAW_ACTIONS(LAW_X) NULL };
const char *const profile_units[] = { LAW_UNITS(LAW_X) NULL };
#undef LAW_X

/* ---------------------------------------------------------------------- text */

/* Control characters (C0, C1) and marks that turn the writing direction. */
static bool harmless(const char *text)
{
	const unsigned char *at = (const unsigned char *)text;

	for (; *at != '\0'; at++) {
		if (*at < 0x20 || *at == 0x7f || (*at == 0xc2 && at[1] < 0xa0))
			return false;
		if (at[0] == 0xe2 && at[1] == 0x80 &&
		    (at[2] == 0x8e || at[2] == 0x8f || (at[2] >= 0xa8 && at[2] <= 0xae)))
			return false;
		if (at[0] == 0xe2 && at[1] == 0x81 && at[2] >= 0xa6 && at[2] <= 0xa9)
			return false;
	}
	return true;
}

static const char *one_line(const struct config_sec *s, const char *text)
{
	static const char blanks[] = " \t\r\n";
	char *out = cy_arena_take(s->l->arena, strlen(text) + 1), *to = out;

	for (const char *at = text + strspn(text, blanks); *at != '\0';) {
		const size_t word = strcspn(at, blanks);

		if (to != out)
			*to++ = ' ';
		memcpy(to, at, word);
		to += word;
		at += word + strspn(at + word, blanks);
	}
	*to = '\0';
	return out;
}

static const char *text_of(const struct config_sec *s, const char *name, const struct config_text *t)
{
	const char *text;

	if (t == NULL)
		return "";
	text = one_line(s, t->text);
	if (cy_utf8_valid(text, strlen(text)) && harmless(text))
		return text;
	config_wrong(s, name, t->line,
		     "it holds a control character, a mark that turns the writing direction, or bytes that are no "
		     "UTF-8; plain text is expected; write it anew");
	return "";
}

const char *profile_text(const struct config_sec *s, const char *name)
{
	return text_of(s, name, config_given(s, name));
}

const char *profile_text_required(const struct config_sec *s, const char *name, const char *expected)
{
	const struct config_text *t = config_required(s, name, expected);
	const char *text;
	const size_t before = s->l->out->n;

	text = text_of(s, name, t);
	if (t != NULL && text[0] == '\0' && s->l->out->n == before)
		config_wrong(s, name, t->line, "it is empty; %s is expected; write it", expected);
	return text;
}

/* --------------------------------------------------------------------- names */

bool profile_name_valid(const char *text)
{
	const size_t len = strlen(text);

	return len >= 1 && len <= PROFILE_NAME_MAX && strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_-") == len;
}

bool profile_state_valid(const char *text)
{
	return strlen(text) == 2 && strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == 2;
}

const char *profile_name(const struct config_sec *s, const char *name, const char *expected)
{
	const struct config_text *t = config_required(s, name, expected);

	if (t == NULL)
		return "";
	if (profile_name_valid(t->text))
		return config_keep(s, t->text);
	config_wrong(s, name, t->line, "'%s' is not a name; 1 to %u of a-z, 0-9, '-' and '_' are expected; correct it",
		     t->text, PROFILE_NAME_MAX);
	return "";
}

const char *profile_title(const struct config_sec *s)
{
	const char *title = cfg_title(s->cfg);

	if (profile_name_valid(title))
		return config_keep(s, title);
	config_problem(s->l->out, s->l->path, config_end(s), s->label,
		       "its name is not valid; 1 to %u of a-z, 0-9, '-' and '_' are expected; correct it",
		       PROFILE_NAME_MAX);
	return "";
}

/* --------------------------------------------------------------------- words */

static int find(const char *word, const char *const *words)
{
	for (int i = 0; words[i] != NULL; i++) {
		if (strcmp(words[i], word) == 0)
			return i;
	}
	return -1;
}

static void unknown(const struct config_sec *s, const char *name, const struct config_text *t, const char *const *words)
{
	char all[400] = "";

	for (int i = 0; words[i] != NULL; i++) {
		strncat(all, i == 0 ? "" : ", ", sizeof all - strlen(all) - 1);
		strncat(all, words[i], sizeof all - strlen(all) - 1);
	}
	config_wrong(s, name, t->line, "'%.80s' is not known; one of %s is expected; correct it", t->text, all);
}

bool profile_flag(const struct config_sec *s, const char *name)
{
	static const char *const words[] = { "false", "true", NULL };

	return profile_choice(s, name, words, -1, "true or false") == 1;
}

int profile_choice(const struct config_sec *s, const char *name, const char *const *words, int otherwise,
		   const char *expected)
{
	const struct config_text *t = otherwise < 0 ? config_required(s, name, expected) : config_given(s, name);
	int i;

	if (t == NULL)
		return otherwise < 0 ? 0 : otherwise;
	i = find(t->text, words);
	if (i < 0)
		unknown(s, name, t, words);
	return i < 0 ? 0 : i;
}

unsigned profile_bits(const struct config_sec *s, const char *name, const char *const *words, const char *expected)
{
	cfg_opt_t *opt = cfg_getopt(s->cfg, name);
	unsigned bits = 0;

	if (expected != NULL && cfg_opt_size(opt) == 0)
		config_wrong(s, name, config_end(s), "it is missing or empty; %s is expected; add it", expected);
	for (unsigned i = 0; i < cfg_opt_size(opt); i++) {
		const struct config_text *t = cfg_opt_getnptr(opt, i);
		const int place = find(t->text, words);

		if (place < 0)
			unknown(s, name, t, words);
		else
			bits |= 1u << place;
	}
	return bits;
}

law_measures profile_measures(const struct config_sec *s, const char *name)
{
	cfg_opt_t *opt = cfg_getopt(s->cfg, name);
	law_measures set = 0;

	for (unsigned i = 0; i < cfg_opt_size(opt); i++) {
		const struct config_text *t = cfg_opt_getnptr(opt, i);
		const ProtobufCEnumValue *v =
			protobuf_c_enum_descriptor_get_value_by_name(&cy_measure_type__descriptor, t->text);

		if (v == NULL || v->value == CY_MEASURE_TYPE__MEASURE_TYPE_UNSPECIFIED)
			config_wrong(s, name, t->line,
				     "there is no measure '%.80s'; one of 'comityctl template --list' is expected; "
				     "correct it",
				     t->text);
		else
			set |= (law_measures)1 << v->value;
	}
	return set;
}

/* ------------------------------------------------------------------- the rest */

struct cy_date profile_date(const struct config_sec *s, const char *name)
{
	const struct config_text *t = config_given(s, name);
	struct cy_date d = { 0 };

	if (t != NULL && cy_date_parse(t->text, &d) != CY_OK)
		config_wrong(s, name, t->line,
			     "'%.40s' is not a day; an existing one such as 2026-11-24 is expected; correct it",
			     t->text);
	return d;
}

struct law_period profile_period(const struct config_sec *s, bool must)
{
	const struct config_text *amount = config_given(s, "amount"), *unit = config_given(s, "unit");
	struct law_period p = { 0 };

	if (!must && amount == NULL && unit == NULL)
		return p;
	p.unit = (enum law_unit)profile_choice(s, "unit", profile_units, -1, "hour, calendar_day, working_day or week");
	if (config_required(s, "amount", "how many of the unit the period has") != NULL)
		p.amount = config_number(s, "amount", 1, LAW_AMOUNT_MAX, 0);
	return p;
}

struct law_source profile_source(const struct config_sec *s)
{
	return (struct law_source){
		.article = profile_text_required(s, "article", "the article that says so, such as \"12(3)\","),
		.verified = profile_flag(s, "verified"),
		.note = profile_text(s, "note"),
	};
}
