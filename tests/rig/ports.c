#include <string.h>

#include "rig.h"

/* -------------------------------------------------------------------- the clock */

static struct cy_mono clock_mono(void *ctx)
{
	return (struct cy_mono){ ((const struct rig_clock *)ctx)->now - START_MS };
}

static struct cy_wall clock_wall(void *ctx)
{
	const struct rig_clock *c = ctx;

	return (struct cy_wall){ c->now + c->wrong };
}

static void clock_wake_at(void *ctx, struct cy_mono at)
{
	((struct rig_clock *)ctx)->wake = at;
}

struct clock_port rig_clock_port(struct rig_clock *c)
{
	return (struct clock_port){ c, clock_mono, clock_wall, clock_wake_at };
}

/* ---------------------------------------------------------------- random numbers */

static void random_fill(void *ctx, void *data, size_t len)
{
	uint8_t *p = data;

	for (size_t i = 0; i < len; i++)
		p[i] = (uint8_t)cy_rng_next(ctx);
}

struct random_port rig_random_port(struct cy_rng *r)
{
	return (struct random_port){ r, random_fill };
}

/* ------------------------------------------------------------------- the journal */

void rig_check_line(const char *text)
{
	CY_ASSERT(cy_utf8_valid(text, strlen(text)));
	for (const char *s = text; *s != '\0'; s++)
		CY_ASSERT((unsigned char)*s >= ' ' && *s != 0x7f);
}
