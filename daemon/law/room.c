#include "law/room.h"

#include "base/limits.h"
#include "base/mutant.h"
#include "law/kinds.h"

static enum law_share share_of(uint32_t kind)
{
	const struct law_kind *k = law_kind(kind);

	return k ? k->share : LAW_SAYS;
}

void law_take(struct law_taken *t, const struct law_fact *f)
{
	if (f->side == CY_SIDE__REQUESTING || f->side == CY_SIDE__REQUESTED)
		t->of[f->side][share_of(f->kind)]++;
}

int law_room(const struct law_taken *t, CySide author, uint32_t kind, struct cy_error *e)
{
	const unsigned most_of[] = { [LAW_SAYS] = CY_BOUND(CY_CASE_SAYS_MAX),
				     [LAW_STATES] = CY_BOUND(CY_CASE_STATES_MAX),
				     [LAW_ENDS] = CY_BOUND(CY_CASE_MESSAGES_MAX) };
	const enum law_share share = share_of(kind);
	const uint32_t *of = t->of[author], all = of[LAW_SAYS] + of[LAW_STATES] + of[LAW_ENDS];

	if (all >= CY_BOUND(CY_CASE_MESSAGES_MAX))
		return cy_fail(
			e, CY_ELIMIT,
			"the author has %u messages in this case, and may have no more: go on in a new, linked case",
			all);
	if (of[share] >= most_of[share] && !CY_MUTANT_NO_ROOM_KEPT)
		return cy_fail(
			e, CY_ELIMIT,
			"the author has %u messages of this sort in this case; what room is left is kept for %s: "
			"go on in a new, linked case",
			of[share], share == LAW_STATES ? "what people say" : "what ends the case");
	return CY_OK;
}
