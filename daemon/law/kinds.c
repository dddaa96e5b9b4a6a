#include "law/kinds.h"

#include <string.h>

const struct law_kind law_kinds[] = {
#define OPENS  true
#define WITHIN false
#define LAW_X(NAME, name, who, opens, phases, share, effect) \
	{ CY_CONTENT__KIND_##NAME, #name, (who), (phases), (opens), (share), law_effect_##effect },
	LAW_KINDS(LAW_X)
#undef LAW_X
#undef OPENS
#undef WITHIN
};

enum {
#define LAW_X(NAME, name, who, opens, phases, share, effect) PLACE_##NAME,
	LAW_KINDS(LAW_X)
#undef LAW_X
};

const size_t law_kinds_n = sizeof law_kinds / sizeof law_kinds[0];

/* By the number of a kind: it is asked for with each step of a fold. */
static const struct law_kind *const by_number[] = {
#define LAW_X(NAME, name, who, opens, phases, share, effect) [CY_CONTENT__KIND_##NAME] = &law_kinds[PLACE_##NAME],
	LAW_KINDS(LAW_X)
#undef LAW_X
};

const struct law_kind *law_kind(uint32_t number)
{
	return number < sizeof by_number / sizeof by_number[0] ? by_number[number] : NULL;
}

const char *law_kind_name(uint32_t kind)
{
	const struct law_kind *k = law_kind(kind);

	return k ? k->name : NULL;
}

uint32_t law_kind_by_name(const char *name)
{
	for (size_t i = 0; i < law_kinds_n; i++)
		if (!strcmp(law_kinds[i].name, name))
			return law_kinds[i].number;
	return 0;
}

bool law_kind_opens(uint32_t kind)
{
	const struct law_kind *k = law_kind(kind);

	return k && k->opens;
}

bool law_kind_by(uint32_t kind, CySide side)
{
	const struct law_kind *k = law_kind(kind);

	if (k == NULL)
		return false;
	if (side == CY_SIDE__REQUESTING)
		return k->who & LAW_ASKING;
	return side == CY_SIDE__REQUESTED && (k->who & LAW_ASKED);
}

bool law_kind_stated(uint32_t kind)
{
	const struct law_kind *k = law_kind(kind);

	return k && k->share == LAW_STATES;
}

const char *law_title_of(const CyContent *content)
{
#define TITLE_OPENS(field)  content->field->title
#define TITLE_WITHIN(field) ""
#define LAW_X(NAME, name, who, opens, phases, share, effect) \
	case CY_CONTENT__KIND_##NAME:                        \
		return TITLE_##opens(name);
	switch ((uint32_t)content->kind_case) {
		LAW_KINDS(LAW_X)
	default:
		return "";
	}
#undef LAW_X
}

const CyLegalBasis *law_basis_of(const CyContent *content)
{
#define BASIS_OPENS(field)  content->field->legal_basis
#define BASIS_WITHIN(field) NULL
#define LAW_X(NAME, name, who, opens, phases, share, effect) \
	case CY_CONTENT__KIND_##NAME:                        \
		return BASIS_##opens(name);
	switch ((uint32_t)content->kind_case) {
		LAW_KINDS(LAW_X)
	default:
		return NULL;
	}
#undef LAW_X
}

void law_kind_spoken(uint32_t number, char out[static LAW_SPOKEN_SIZE])
{
	const char *name = law_kind_name(number);
	size_t i = 0;

	for (name = name ? name : "message"; name[i] && i < LAW_SPOKEN_SIZE - 1; i++)
		out[i] = name[i] == '_' ? ' ' : name[i];
	out[i] = '\0';
}

uint64_t law_fact_mask(const struct law_fact *f)
{
	uint64_t mask = 0;

	for (unsigned i = 0; i < CY_MEASURES_MAX; i++)
		if (f->code[i])
			mask |= UINT64_C(1) << i;
	return mask ? mask : UINT64_MAX;
}
