#include "comityctl/stats_table.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "comityctl/out.h"

#define TENTH_OF_DAY 8640000

static char *turn(void)
{
	static char texts[8][32];
	static unsigned at;

	return texts[at++ % 8];
}

static const CyStatisticsCount *find(const CyStatisticsGroup *g, const char *name)
{
	for (size_t i = 0; i < g->n_counts; i++)
		if (strcmp(g->counts[i]->name, name) == 0)
			return g->counts[i];
	return NULL;
}

const char *stats_count(const CyStatisticsGroup *g, const char *name)
{
	const CyStatisticsCount *c = find(g, name);
	char *out = turn();

	if (c != NULL && c->_count_case != CY_STATISTICS_COUNT___COUNT_COUNT)
		return STATS_HIDDEN;
	snprintf(out, 32, "%" PRIu64, c != NULL ? c->count : 0);
	return out;
}

bool stats_hide_any(const CyStatistics *s)
{
	for (size_t i = 0; i < s->n_groups; i++) {
		const CyStatisticsGroup *g = s->groups[i];

		for (size_t k = 0; k < g->n_counts; k++)
			if (g->counts[k]->_count_case != CY_STATISTICS_COUNT___COUNT_COUNT)
				return true;
		for (size_t k = 0; k < g->n_steps; k++)
			if (g->steps[k]->_n_case != CY_STATISTICS_STEP___N_N)
				return true;
	}
	return false;
}

const char *stats_measure(const CyStatisticsGroup *g)
{
	return g->measure != 0 ? out_enum(&cy_measure_type__descriptor, (int)g->measure) : "all";
}

const char *stats_days(bool known, int64_t ms, int decimals)
{
	char *out = turn();

	if (!known)
		return "-";
	snprintf(out, 32, "%.*f", decimals, (double)ms / (10.0 * TENTH_OF_DAY));
	return out;
}

/* ---------------------------------------------------------------------- tables */

static bool is_nothing(const char *count)
{
	return strcmp(count, "0") == 0;
}

/* A table stands off from what is above it, if it has rows. */
static void begin_row(bool *begun)
{
	if (!*begun)
		putchar('\n');
	*begun = true;
}

/* A row of counts, unless all are 0. */
static void count_row(struct out_table *t, bool *begun, const CyStatisticsGroup *g, const char *const *names, size_t n)
{
	bool any = false;

	for (size_t i = 0; i < n; i++)
		any = any || !is_nothing(stats_count(g, names[i]));
	if (!any)
		return;
	begin_row(begun);
	out_cell(t, "%s", stats_measure(g));
	for (size_t i = 0; i < n; i++)
		out_cell(t, "%s", stats_count(g, names[i]));
}

static void print_counts(const CyStatistics *s, CyDirection direction, const char *const *heads,
			 const char *const *names, size_t n)
{
	struct out_table *t = out_table_new(n + 1, heads);
	bool begun = false;

	for (size_t i = 0; i < s->n_groups; i++)
		if (s->groups[i]->direction == direction)
			count_row(t, &begun, s->groups[i], names, n);
	out_table_end(t);
}

static void limit_row(struct out_table *t, bool *begun, const CyStatisticsGroup *g, const char *whose, const char *owed)
{
	static const char *const how[] = { "in_time", "late", "lapsed" };
	uint64_t sum = 0, in_time = 0;
	bool hidden = false;
	char name[48];

	for (size_t i = 0; i < 3; i++) {
		const CyStatisticsCount *c;

		snprintf(name, sizeof name, "limits_%s_%s", whose, how[i]);
		c = find(g, name);
		if (c == NULL)
			return;
		hidden = hidden || c->_count_case != CY_STATISTICS_COUNT___COUNT_COUNT;
		in_time = i == 0 ? c->count : in_time;
		sum += c->count;
	}
	if (sum == 0 && !hidden)
		return;
	begin_row(begun);
	out_cell(t, "%s", stats_measure(g));
	out_cell(t, "%s", owed);
	for (size_t i = 0; i < 3; i++) {
		snprintf(name, sizeof name, "limits_%s_%s", whose, how[i]);
		out_cell(t, "%s", stats_count(g, name));
	}
	if (hidden)
		out_cell(t, STATS_HIDDEN);
	else
		out_cell(t, "%.0f %%", 100.0 * (double)in_time / (double)sum);
	snprintf(name, sizeof name, "limits_%s_excused", whose);
	out_cell(t, "%s", stats_count(g, name));
}

static void print_limits(const CyStatistics *s, CyDirection direction)
{
	static const char *const heads[] = { "TIME LIMITS", "OWED BY", "MET IN TIME",      "MET LATE",
					     "LAPSED",      "IN TIME", "EXTENDED TOO LATE" };
	struct out_table *t = out_table_new(sizeof heads / sizeof heads[0], heads);
	bool begun = false;

	for (size_t i = 0; i < s->n_groups; i++)
		if (s->groups[i]->direction == direction) {
			limit_row(t, &begun, s->groups[i], "theirs", "them");
			limit_row(t, &begun, s->groups[i], "ours", "us");
		}
	out_table_end(t);
}

static void print_grounds(const CyStatistics *s, CyDirection direction)
{
	static const char *const heads[] = { "REFUSED", "GROUND", "MEASURES" };
	static const char prefix[] = "ground_";
	struct out_table *t = out_table_new(3, heads);
	bool begun = false;

	for (size_t i = 0; i < s->n_groups; i++) {
		const CyStatisticsGroup *g = s->groups[i];

		for (size_t k = 0; k < g->n_counts && g->direction == direction; k++) {
			const char *name = g->counts[k]->name;

			if (strncmp(name, prefix, sizeof prefix - 1) != 0)
				continue;
			begin_row(&begun);
			out_cell(t, "%s", stats_measure(g));
			out_cell(t, "%s", name + sizeof prefix - 1);
			out_cell(t, "%s", stats_count(g, name));
		}
	}
	out_table_end(t);
}

static void step_cell(struct out_table *t, const CyStatisticsStep *p, bool known, int64_t ms)
{
	const bool hidden = !known && p->_n_case != CY_STATISTICS_STEP___N_N;

	out_cell(t, "%s", hidden ? STATS_HIDDEN : stats_days(known, ms, 1));
}

void stats_print_steps(const CyStatistics *s, CyDirection direction)
{
	static const char *const heads[] = { "DAYS TO", "MEASURE", "N", "MEDIAN", "P90" };
	struct out_table *t = out_table_new(sizeof heads / sizeof heads[0], heads);
	bool begun = false;

	for (size_t i = 0; i < s->n_groups; i++) {
		const CyStatisticsGroup *g = s->groups[i];

		for (size_t k = 0; k < g->n_steps && g->direction == direction; k++) {
			const CyStatisticsStep *p = g->steps[k];
			const bool counted = p->_n_case == CY_STATISTICS_STEP___N_N;

			if (counted && p->n == 0)
				continue;
			begin_row(&begun);
			out_cell(t, "%s", p->name);
			out_cell(t, "%s", stats_measure(g));
			if (counted)
				out_cell(t, "%" PRIu64, p->n);
			else
				out_cell(t, STATS_HIDDEN);
			step_cell(t, p, p->_p50_ms_case == CY_STATISTICS_STEP___P50_MS_P50_MS, p->p50_ms);
			step_cell(t, p, p->_p90_ms_case == CY_STATISTICS_STEP___P90_MS_P90_MS, p->p90_ms);
		}
	}
	out_table_end(t);
}

void stats_print(const CyStatistics *s, CyDirection direction)
{
	static const char *const outcome_heads[] = { "MEASURE", "ALL",     "OPEN",      "EXECUTED", "IN PART",
						     "NOT",     "REFUSED", "WITHDRAWN", "RETURNED", "REDIRECTED" };
	static const char *const outcomes[] = { "measures",     "open",    "executed",  "partially_executed",
						"not_executed", "refused", "withdrawn", "returned_deficient",
						"redirected" };
	static const char *const age_heads[] = { "OPEN SINCE", "< 30 DAYS", "< 90", "< 180", "< 365", "365 AND OVER" };
	static const char *const ages[] = { "open_under_30_days", "open_under_90_days", "open_under_180_days",
					    "open_under_365_days", "open_365_days_and_over" };

	for (size_t i = 0; i < s->n_groups; i++) {
		const CyStatisticsGroup *g = s->groups[i];

		if (g->direction != direction || g->measure != 0)
			continue;
		out_pair("Requests", "%s, of them returned as deficient: %s", stats_count(g, "requests"),
			 stats_count(g, "requests_returned_deficient"));
		out_pair("Problem notices", "%s", stats_count(g, "clarification_rounds"));
		out_pair("Notifications", "%s, of them refused: %s", stats_count(g, "notifications"),
			 stats_count(g, "notifications_refused"));
		out_pair("Information", "%s", stats_count(g, "spontaneous_information"));
		out_pair("Reviews", "%s relied on, %s repeated", stats_count(g, "reviews_relied_on"),
			 stats_count(g, "reviews_repeated"));
	}
	print_counts(s, direction, outcome_heads, outcomes, sizeof outcomes / sizeof outcomes[0]);
	print_grounds(s, direction);
	print_counts(s, direction, age_heads, ages, sizeof ages / sizeof ages[0]);
	stats_print_steps(s, direction);
	print_limits(s, direction);
}
