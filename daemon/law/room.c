#include "law/room.h"

#include "base/limits.h"
#include "base/mutant.h"
#include "law/kinds.h"

static enum law_share share_of(uint32_t kind)
{
	const struct law_kind *k = law_kind(kind);

	return k ? k->share : LAW_SAYS;
}

int law_room(const struct law_fact *facts, size_t n, CySide author, uint32_t kind, struct cy_error *e)
{
	const unsigned most_of[] = { [LAW_SAYS] = CY_BOUND(CY_CASE_SAYS_MAX),
				     [LAW_STATES] = CY_BOUND(CY_CASE_STATES_MAX),
				     [LAW_ENDS] = CY_BOUND(CY_CASE_MESSAGES_MAX) };
	const enum law_share share = share_of(kind);
	unsigned all = 0, alike = 0;

	for (size_t i = 0; i < n; i++)
		all += facts[i].side == author;
	if (all >= CY_BOUND(CY_CASE_MESSAGES_MAX))
		return cy_fail(
			e, CY_ELIMIT,
			"the author has %u messages in this case, and may have no more: go on in a new, linked case",
			all);
	if (all < most_of[share] || CY_MUTANT_NO_ROOM_KEPT)
		return CY_OK;
	for (size_t i = 0; i < n; i++)
		alike += facts[i].side == author && share_of(facts[i].kind) == share;
	if (alike >= most_of[share])
		return cy_fail(
			e, CY_ELIMIT,
			"the author has %u messages of this sort in this case; what room is left is kept for %s: "
			"go on in a new, linked case",
			alike, share == LAW_STATES ? "what people say" : "what ends the case");
	return CY_OK;
}
