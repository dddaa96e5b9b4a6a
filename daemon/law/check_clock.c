/* Checks of the messages about clocks that daemons send to each other. */

#include "base/bytes.h"
#include "base/limits.h"
#include "base/time.h"
#include "law/check.h"

static void clock_name(struct law_check *c, const char *field, const char *name)
{
	law_must(c, cy_name_valid(name, CY_CLOCK_MAX), field,
		 "A name has 1 to %u printable ASCII characters, without a blank at either end.", CY_CLOCK_MAX);
}

static void instant(struct law_check *c, const char *field, int64_t ms)
{
	char text[CY_RFC3339_SIZE];
	struct cy_wall back;

	cy_rfc3339((struct cy_wall){ ms }, text);
	law_must(c, ms > 0 && cy_rfc3339_parse(text, &back) == CY_OK, field,
		 "An instant after 1970, and before the year 10000, is mandatory.");
}

static void measure(struct law_check *c, uint32_t value)
{
	law_must(c, value <= CY_MEASURES_MAX, "measure", "Measures are numbered from 1 to %u; 0 is the whole request.",
		 CY_MEASURES_MAX);
}

void law_check_statement(struct law_check *c, const CyClockStatement *s)
{
	law_must(c, s->n_clocks > 0, "clocks", "At least one clock is mandatory.");
	for (size_t i = 0; i < s->n_clocks; i++) {
		const CyStatedClock *k = s->clocks[i];
		const size_t mark = law_in_at(c, "clocks", i);

		clock_name(c, "clock", k->clock);
		measure(c, k->measure);
		instant(c, "start_ms", k->start_ms);
		instant(c, "due_ms", k->due_ms);
		law_out(c, mark);
	}
}

void law_check_reminder(struct law_check *c, const CyReminder *r)
{
	clock_name(c, "clock", r->clock);
	measure(c, r->measure);
	instant(c, "due_ms", r->due_ms);
	clock_name(c, "step", r->step);
}
