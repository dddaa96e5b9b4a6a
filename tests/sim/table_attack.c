#include "table_attack.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"

#define UNBOUNDED INT64_MAX
#define UNTYPED   LAW_TYPES /* what states no type stands in no group */
#define SUMS      (LAW_TYPES * 3 + LAW_FIGURES_N + 8)

/* Sums of unknowns, each from its least value on. Row r says: the sum of coefficient times unknown is right[r]. */
struct tableau {
	unsigned rows, columns, cap;
	int8_t **row;
	int64_t right[SUMS];
	unsigned basic[SUMS]; /* the unknown that stands in this row alone */
	bool *is_basic;
	int64_t *least;
	unsigned column[LAW_TYPES + 1][LAW_FIGURES_N]; /* from 1 */
};

static unsigned column_of(struct tableau *y, unsigned type, unsigned figure, int64_t least)
{
	unsigned *c = &y->column[type][figure];

	if (*c == 0) {
		*c = ++y->columns;
		CY_ASSERT(y->columns < y->cap);
		y->least[*c] = least;
	}
	return *c;
}

static void add(struct tableau *y, const struct law_group *g, unsigned type, unsigned figure, int k)
{
	int64_t least = 1;

	if (!g[type].hidden[figure]) {
		y->right[y->rows] -= k * (int64_t)g[type].count[figure];
		return;
	}
	if (g[type].count[figure] == 0)
		return; /* shown as nothing at all */
	if (type == 0 && figure == LAW_FIGURE_MEASURES && !g->hidden[LAW_FIGURE_REQUESTS])
		least = (int64_t)g->count[LAW_FIGURE_REQUESTS];
	if (type == 0 && figure == LAW_FIGURE_OUTCOME_RETURNED_DEFICIENT && !g->hidden[LAW_FIGURE_REQUESTS_RETURNED])
		least = (int64_t)g->count[LAW_FIGURE_REQUESTS_RETURNED];
	least = least < 1 ? 1 : least;
	y->row[y->rows][column_of(y, type, figure, least)] = (int8_t)k;
	y->right[y->rows] -= k * least;
}

static void in_group(struct tableau *y, const struct law_group *g, unsigned type, unsigned total, unsigned first,
		     unsigned n)
{
	add(y, g, type, total, -1);
	for (unsigned i = 0; i < n; i++)
		add(y, g, type, first + i, 1);
	y->rows++;
}

/* A reader does not know how much states no type; where nothing does, it may know that. */
static void over_types(struct tableau *y, const struct law_group *g, unsigned figure)
{
	uint64_t typed = 0;

	add(y, g, 0, figure, -1);
	for (unsigned t = 1; t < LAW_TYPES; t++) {
		typed += g[t].count[figure];
		add(y, g, t, figure, 1);
	}
	if (g[0].count[figure] > typed)
		y->row[y->rows][column_of(y, UNTYPED, figure, 0)] = 1;
	y->rows++;
}

/* Where a zero is hidden among the three, each may be all there were. */
static void limits(struct tableau *y, const struct law_group *g, unsigned first, uint32_t smallest)
{
	const int64_t n = (int64_t)(g->count[first] + g->count[first + 1] + g->count[first + 2]);
	int64_t least = 1;

	if (n <= 2 * (int64_t)smallest)
		return;
	for (unsigned i = first; i < first + 3; i++)
		least = g->hidden[i] && g->count[i] == 0 ? 0 : least;
	for (unsigned i = first; i < first + 3; i++)
		if (g->hidden[i] && least == 0)
			y->row[y->rows][column_of(y, 0, i, 0)] = 1;
		else
			add(y, g, 0, i, 1);
	y->right[y->rows++] += n;
}

static void set_up(struct tableau *y, const struct law_group *g, uint32_t smallest)
{
	memset(y, 0, sizeof *y);
	y->cap = (LAW_TYPES + 1) * LAW_FIGURES_N + 1;
	y->row = calloc(SUMS, sizeof *y->row);
	y->least = calloc(y->cap, sizeof *y->least);
	y->is_basic = calloc(y->cap, sizeof *y->is_basic);
	CY_ASSERT(y->row != NULL && y->least != NULL && y->is_basic != NULL);
	for (unsigned r = 0; r < SUMS; r++) {
		y->row[r] = calloc(y->cap, 1);
		CY_ASSERT(y->row[r] != NULL);
	}
	for (unsigned t = 0; t < LAW_TYPES; t++) {
		in_group(y, g, t, LAW_FIGURE_MEASURES, LAW_FIGURE_OUTCOME_OPEN, LAW_OUTCOME_VOID);
		in_group(y, g, t, LAW_FIGURE_OUTCOME_OPEN, LAW_FIGURE_OPEN_30, 5);
		in_group(y, g, t, LAW_FIGURE_OUTCOME_REFUSED, LAW_FIGURE_GROUND, LAW_FIGURES_N - LAW_FIGURE_GROUND);
	}
	for (unsigned f = 0; f < LAW_FIGURES_N; f++)
		if (f == LAW_FIGURE_MEASURES || (f >= LAW_FIGURE_OPEN_30 && f <= LAW_FIGURE_OPEN_OVER) ||
		    f >= LAW_FIGURE_OUTCOME_OPEN)
			over_types(y, g, f);
	limits(y, g, LAW_FIGURE_THEIRS_IN_TIME, smallest);
	limits(y, g, LAW_FIGURE_OURS_IN_TIME, smallest);
}

static void tear_down(struct tableau *y)
{
	for (unsigned r = 0; r < SUMS; r++)
		free(y->row[r]);
	free(y->row);
	free(y->least);
	free(y->is_basic);
}

static void subtract(struct tableau *y, unsigned from, unsigned what, int k)
{
	for (unsigned c = 1; c <= y->columns; c++) {
		const int v = y->row[from][c] - k * y->row[what][c];

		CY_ASSERT(v >= -1 && v <= 1);
		y->row[from][c] = (int8_t)v;
	}
	y->right[from] -= k * y->right[what];
}

/* The unknown stands in this row alone from now on. */
static void pivot(struct tableau *y, unsigned row, unsigned column)
{
	if (y->row[row][column] < 0) {
		for (unsigned c = 1; c <= y->columns; c++)
			y->row[row][c] = (int8_t)-y->row[row][c];
		y->right[row] = -y->right[row];
	}
	for (unsigned r = 0; r < y->rows; r++)
		if (r != row && y->row[r][column] != 0)
			subtract(y, r, row, y->row[r][column]);
	y->is_basic[y->basic[row]] = false;
	y->basic[row] = column;
	y->is_basic[column] = true;
}

/* Each row gets an unknown of its own; a row that says nothing goes. */
static void solve(struct tableau *y)
{
	for (unsigned r = 0; r < y->rows;) {
		unsigned c = 1;

		while (c <= y->columns && y->row[r][c] == 0)
			c++;
		if (c <= y->columns) {
			pivot(y, r++, c);
			continue;
		}
		CY_ASSERT(y->right[r] == 0);
		{
			int8_t *empty = y->row[r];

			y->rows--;
			y->row[r] = y->row[y->rows];
			y->right[r] = y->right[y->rows];
			y->row[y->rows] = empty;
		}
	}
}

/* No unknown below its least value: the dual of the simplex method with nothing to optimise, by Bland's rule. */
static void make_feasible(struct tableau *y)
{
	for (;;) {
		unsigned row = y->rows, column = 0;

		for (unsigned r = 0; r < y->rows; r++)
			if (y->right[r] < 0 && (row == y->rows || y->basic[r] < y->basic[row]))
				row = r;
		if (row == y->rows)
			return;
		for (unsigned c = 1; column == 0 && c <= y->columns; c++)
			if (y->row[row][c] < 0)
				column = c;
		CY_ASSERT(column != 0); /* the table itself is a solution */
		pivot(y, row, column);
	}
}

/* Make an unknown as great as it can be. Nothing but it is in what is to be made great, so its cost in terms of what is
 * not basic is its own row, if it is basic. */
static int64_t greatest(struct tableau *y, unsigned unknown, int sign)
{
	for (;;) {
		unsigned home = y->rows, enter = 0, leave = y->rows;

		for (unsigned r = 0; r < y->rows; r++)
			if (y->basic[r] == unknown)
				home = r;
		for (unsigned c = 1; enter == 0 && c <= y->columns; c++) {
			/* value of the unknown = right - sum of coefficient times what is not basic */
			const int gain = home == y->rows ? c == unknown : -y->row[home][c];

			if (!y->is_basic[c] && sign * gain > 0)
				enter = c;
		}
		if (enter == 0)
			return home == y->rows ? 0 : y->right[home];
		for (unsigned r = 0; r < y->rows; r++)
			if (y->row[r][enter] > 0 && (leave == y->rows || y->right[r] < y->right[leave] ||
						     (y->right[r] == y->right[leave] && y->basic[r] < y->basic[leave])))
				leave = r;
		if (leave == y->rows)
			return UNBOUNDED;
		pivot(y, leave, enter);
	}
}

static void bounds_of(struct tableau *y, unsigned type, unsigned figure, int64_t *ret_least, int64_t *ret_greatest)
{
	const unsigned c = y->column[type][figure];
	int64_t most;

	if (c == 0) { /* in no sum */
		*ret_least = 1;
		*ret_greatest = UNBOUNDED;
		return;
	}
	most = greatest(y, c, 1);
	*ret_greatest = most == UNBOUNDED ? most : y->least[c] + most;
	*ret_least = y->least[c] + greatest(y, c, -1);
}

void table_bounds(const struct law_group groups[static LAW_TYPES], uint32_t smallest, unsigned type, unsigned figure,
		  int64_t *ret_least, int64_t *ret_greatest)
{
	struct tableau y;

	set_up(&y, groups, smallest);
	solve(&y);
	make_feasible(&y);
	bounds_of(&y, type, figure, ret_least, ret_greatest);
	tear_down(&y);
}

/* Who is excused is among the late and the lapsed; of few of these a hidden number may be a nothing. */
static void among_the_late(const struct law_group *g, uint32_t smallest, unsigned figure, int64_t *least, int64_t *most)
{
	const unsigned late = figure == LAW_FIGURE_THEIRS_EXCUSED ? LAW_FIGURE_THEIRS_LATE : LAW_FIGURE_OURS_LATE;
	const int64_t n = (int64_t)(g->count[late] + g->count[late + 1]);

	if ((figure != LAW_FIGURE_THEIRS_EXCUSED && figure != LAW_FIGURE_OURS_EXCUSED) || g->hidden[late] ||
	    g->hidden[late + 1])
		return;
	*least = n <= (int64_t)smallest ? 0 : *least;
	*most = n < *most ? n : *most;
}

static void look_at(struct tableau *y, const struct law_group *g, uint32_t smallest, unsigned type, unsigned figure,
		    struct table_attack *a, int64_t *narrowest)
{
	const int64_t count = (int64_t)g[type].count[figure];
	char name[LAW_FIGURE_SIZE];
	int64_t least, most;

	bounds_of(y, type, figure, &least, &most);
	among_the_late(&g[0], smallest, figure, &least, &most);
	CY_ASSERT(least <= count && count <= most);
	a->hidden++;
	a->recovered += least == most;
	a->narrow += most - least < (int64_t)smallest;
	if (most - least >= *narrowest)
		return;
	*narrowest = most - least;
	law_figure_name(figure, name);
	snprintf(a->worst, sizeof a->worst, "type %u %s: %lld to %lld", type, name, (long long)least, (long long)most);
}

void table_attack(const struct law_group groups[static LAW_TYPES], uint32_t smallest, struct table_attack *ret)
{
	int64_t narrowest = INT64_MAX;
	struct tableau y;

	*ret = (struct table_attack){ 0 };
	set_up(&y, groups, smallest);
	solve(&y);
	make_feasible(&y);
	for (unsigned t = 0; t < LAW_TYPES; t++)
		for (unsigned f = 0; f < LAW_FIGURES_N; f++)
			if (groups[t].hidden[f] && groups[t].count[f] > 0 && (t == 0 || law_figure_of_types(f)))
				look_at(&y, groups, smallest, t, f, ret, &narrowest);
	tear_down(&y);
}
