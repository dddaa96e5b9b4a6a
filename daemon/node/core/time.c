/* Which time it is: as the wall clock says, as it would say had it not jumped, and whether it is trusted. */
#include <stdio.h>

#include "base/mutant.h"
#include "node/core/core.h"

struct cy_wall node_now(const struct node *n)
{
	return n->ports.clock.wall(n->ports.clock.ctx);
}

struct cy_wall node_legal_now(struct node *n)
{
	struct cy_wall now = node_now(n);

	if (!n->clock_suspect || CY_MUTANT_LAW_DOUBTED_TIME)
		return now;
	now.ms = n->trusted_from.ms + n->ports.clock.mono(n->ports.clock.ctx).ms - n->started_mono.ms;
	return now.ms < n->wall_mark.ms ? n->wall_mark : now;
}

bool node_clock_fits(struct node *n, struct cy_wall wall, char *text, size_t size)
{
	int64_t hour = 3600000;
	int64_t behind = n->wall_mark.ms - wall.ms;
	int64_t jump = wall.ms - n->trusted_from.ms - (n->ports.clock.mono(n->ports.clock.ctx).ms - n->started_mono.ms);

	if (behind > NODE_CLOCK_JUMP_MS)
		snprintf(text, size, "%lld h behind what was recorded", (long long)(behind / hour));
	else if (jump > NODE_CLOCK_JUMP_MS || jump < -NODE_CLOCK_JUMP_MS)
		snprintf(text, size, "jumped %lld h %s since the start", (long long)((jump > 0 ? jump : -jump) / hour),
			 jump > 0 ? "ahead" : "back");
	else
		return true;
	return false;
}

bool node_clock_trusted(struct node *n, char *text, size_t size)
{
	return node_clock_fits(n, node_now(n), text, size);
}
