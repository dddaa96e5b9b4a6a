#include "comityctl/time_line.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "comityctl/clock_table.h"
#include "comityctl/due.h"
#include "comityctl/out.h"
#include "comityctl/say.h"

struct line {
	struct time_line_entry *list;
	size_t n;
};

static void add(struct line *l, struct time_line_entry e)
{
	e.order = l->n;
	if (e.at != 0)
		l->list[l->n++] = e;
}

static void add_clock(struct line *l, const CyClockView *k, int64_t now)
{
	const bool open = strcmp(k->state, "running") == 0 || strcmp(k->state, "suspended") == 0;

	add(l, (struct time_line_entry){ .at = k->start_ms, .clock = k, .what = "starts" });
	if (k->late)
		add(l, (struct time_line_entry){ .at = k->due_ms, .clock = k, .what = "lapses" });
	else if (open)
		add(l, (struct time_line_entry){ .at = k->due_ms,
						 .clock = k,
						 .what = k->due_ms < now && clock_unknown(k)[0] != '\0'
								 ? "is over, and has no receipt"
							 : k->due_ms < now ? "was due, and stands still"
									   : "is due" });
	add(l, (struct time_line_entry){ .at = k->ended_ms, .clock = k, .what = k->state });
}

static int by_time(const void *x, const void *y)
{
	const struct time_line_entry *a = x, *b = y;

	if (a->at != b->at)
		return a->at < b->at ? -1 : 1;
	return a->order < b->order ? -1 : a->order > b->order;
}

static void row(struct out_table *t, const struct time_line_entry *e)
{
	out_cell(t, "%s", out_time(e->at));
	if (e->message != NULL) {
		out_cell(t, "%s", e->message->author);
		out_cell(t, "%s #%u%s", say_kind(e->message->kind_name), e->message->number,
			 e->message->void_code != 0 ? say(", void") : "");
	} else if (e->clock != NULL) {
		const bool due = e->at == e->clock->due_ms;
		char measure[48] = "";

		if (e->clock->measure > 0)
			snprintf(measure, sizeof measure, "%s", say_made(", measure %u,", e->clock->measure));
		out_cell(t, "%s", e->clock->obliged);
		out_cell(t, "%s%s",
			 say_made("time limit %s%s %s", e->clock->clock, measure,
				  e->what == e->clock->state ? say_state(e->what) : say(e->what)),
			 due ? say_made(" (until %s)", due_text(e->clock, e->at)) : "");
	} else {
		out_cell(t, "-");
		out_cell(t, "%s", say("now"));
	}
}

struct time_line_entry *time_line_entries(const CyCaseView *v, size_t *ret_n)
{
	struct line l = { calloc(v->n_messages + 3 * v->n_clocks + 1, sizeof *l.list), 0 };

	CY_ASSERT(l.list != NULL);
	for (size_t i = 0; i < v->n_messages; i++)
		add(&l, (struct time_line_entry){ .at = v->messages[i]->created_ms, .message = v->messages[i] });
	for (size_t i = 0; i < v->n_clocks; i++)
		add_clock(&l, v->clocks[i], v->now_ms);
	if (v->n_clocks > 0)
		add(&l, (struct time_line_entry){ .at = v->now_ms });
	qsort(l.list, l.n, sizeof *l.list, by_time);
	*ret_n = l.n;
	return l.list;
}

void time_line(const CyCaseView *v)
{
	static const char *const heads[] = { "WHEN", "WHO", "WHAT" };
	struct time_line_entry *list;
	struct out_table *t;
	size_t n;

	list = time_line_entries(v, &n);
	t = out_table_new(sizeof heads / sizeof heads[0], heads);
	if (v->n_clocks > 0 && n > 0)
		putchar('\n');
	for (size_t i = 0; v->n_clocks > 0 && i < n; i++)
		row(t, &list[i]);
	out_table_end(t);
	free(list);
}
