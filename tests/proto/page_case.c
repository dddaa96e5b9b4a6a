/* The life cycle of a case: who may say what and when, what becomes of measures, what holds when two messages cross,
 * and the words for a case. What becomes of a measure is what the law does with one. */
#include <stdio.h>
#include <string.h>

#include "law/crossing.h"
#include "law/fold.h"
#include "law/kinds.h"
#include "law/profile.h"
#include "page.h"

static const char *author(unsigned who)
{
	return who == LAW_EITHER ? "either" : who == LAW_ASKING ? "requesting" : "requested";
}

static const char *room(enum law_share share)
{
	return share == LAW_SAYS ? "says" : share == LAW_STATES ? "states" : "ends";
}

static void phases(const struct law_kind *k, char cell[static PAGE_CELL])
{
	if (k->opens)
		page_add(cell, "", "opens a case");
	else if (k->phases == LAW_ALWAYS)
		page_add(cell, "", "always");
	else {
#define LAW_X(name, bit, spoken)      \
	if ((k->phases & (bit)) != 0) \
		page_add(cell, ", or ", "%s", spoken);
		LAW_PHASES(LAW_X)
#undef LAW_X
	}
}

static void kinds(void)
{
	page_begin("kinds", "kind|no.|author|while the case is|room|title");
	for (size_t i = 0; i < law_kinds_n; i++) {
		const struct law_kind *k = &law_kinds[i];
		char name[PAGE_CELL] = "", number[PAGE_CELL] = "", when[PAGE_CELL] = "";

		page_add(name, "", "`%s`", k->name);
		page_add(number, "", "%u", k->number);
		phases(k, when);
		page_row(6,
			 (const char *[]){ name, number, author(k->who), when, room(k->share), k->opens ? "yes" : "" });
	}
	page_end();
}

/* ---------------------------------------------------------------- measures */

struct composed {
	const struct law_measure_kind *rule;
	uint8_t code;
	const char *words; /* beyond the kind */
};

/* The measure after it, of one that is as given. */
static struct law_measure after(const struct composed *s, struct law_measure before)
{
	struct law_case c = { .n_measures = 1, .measures = { before } };

	if (s->rule->apply != NULL)
		s->rule->apply(&c, 0, s->code, 7);
	return c.measures[0];
}

#define FLAGS(X)      \
	X(recognised) \
	X(postponed)  \
	X(partial)    \
	X(bound)      \
	X(proposal)

static void becomes(const struct composed *s, char cell[static PAGE_CELL])
{
	const struct law_measure plain = after(s, (struct law_measure){ .state = LAW_MEASURE_PENDING }),
				 going = after(s, (struct law_measure){ .state = LAW_MEASURE_EXECUTING }),
				 part = after(s,
					      (struct law_measure){ .state = LAW_MEASURE_EXECUTING, .partial = true });

	if (plain.state != LAW_MEASURE_PENDING || going.state != LAW_MEASURE_EXECUTING)
		page_add(cell, "", "%s", law_measure_state_name(plain.state));
	if (part.state != going.state)
		page_add(cell, "; ", "%s if it is partial", law_measure_state_name(part.state));
}

static void begins(const struct composed *s, char cell[static PAGE_CELL])
{
	const struct law_measure m = after(s, (struct law_measure){ .state = LAW_MEASURE_EXECUTING });

#define X(flag)     \
	if (m.flag) \
		page_add(cell, "; ", "%s", #flag);
	FLAGS(X)
#undef X
	if (m.ground != 0)
		page_add(cell, "; ", "ground");
}

static void ends(const struct composed *s, char cell[static PAGE_CELL])
{
	struct law_measure all = {
		.state = LAW_MEASURE_EXECUTING, .recognised = true, .postponed = true, .bound = true, .proposal = 3
	};
	const struct law_measure whole = after(s, all);
	struct law_measure part;

	all.partial = true;
	part = after(s, all);
#define X(flag)                                                       \
	if (all.flag && !whole.flag && strcmp(#flag, "partial") != 0) \
		page_add(cell, "; ", "%s%s", #flag, part.flag ? " unless it is partial" : "");
	FLAGS(X)
#undef X
}

static void row_of_measure(const struct composed *s)
{
	char what[PAGE_CELL] = "", state[PAGE_CELL] = "", on[PAGE_CELL] = "", off[PAGE_CELL] = "";

	page_add(what, "", "`%s`%s", law_kind_name(s->rule->kind), s->words);
	becomes(s, state);
	begins(s, on);
	ends(s, off);
	page_row(7, (const char *[]){ what, s->rule->takes->says, s->rule->all->says, state, on, off,
				      s->rule->notified ? "yes" : "" });
}

static void measures(void)
{
	page_begin("measures", "message|of a measure that is|when it names none: all that are|the measure "
			       "becomes|begins|ends|notification");
	for (size_t i = 0; i < law_measure_kinds_n; i++) {
		const struct law_measure_kind *r = &law_measure_kinds[i];

		if (r->kind == CY_CONTENT__KIND_RESULT) {
			row_of_measure(&(struct composed){ r, CY_MEASURE_OUTCOME__EXECUTED, ", EXECUTED" });
			row_of_measure(&(struct composed){ r, CY_MEASURE_OUTCOME__PARTIALLY_EXECUTED,
							   ", PARTIALLY_EXECUTED" });
			row_of_measure(&(struct composed){ r, CY_MEASURE_OUTCOME__NOT_EXECUTED, ", NOT_EXECUTED" });
			row_of_measure(&(struct composed){ r, 0x80, " with `partial`, whatever outcome" });
		} else
			row_of_measure(&(struct composed){ r, 1, r->by_clock ? " that names its `clock`" : "" });
	}
	page_end();
}

/* --------------------------------------------------------------- crossings */

/* The kinds of the requested side that cross with this letter, or none. */
static void crossed(uint32_t requesting, char letter, char cell[static PAGE_CELL])
{
	for (size_t i = 0; i < law_kinds_n; i++) {
		const struct law_crossing *x = law_crossing(requesting, law_kinds[i].number);

		if (x != NULL && x->letter == letter)
			page_add(cell, ", ", "`%s`", law_kinds[i].name);
	}
}

static const char *touched(enum law_touch t)
{
	return t == LAW_TOUCH_CASE      ? "the case"
	       : t == LAW_TOUCH_MEASURE ? "a measure that both name"
					: "the proposal that both name";
}

static void rows_of_letter(const struct law_crossing *x)
{
	bool done[64] = { false };

	for (size_t i = 0; i < law_kinds_n; i++) {
		char by[PAGE_CELL] = "", with[PAGE_CELL] = "";

		crossed(law_kinds[i].number, x->letter, with);
		if (with[0] == '\0' || done[i])
			continue;
		for (size_t k = i; k < law_kinds_n; k++) {
			char same[PAGE_CELL] = "";

			crossed(law_kinds[k].number, x->letter, same);
			if (strcmp(with, same) != 0)
				continue;
			page_add(by, ", ", "`%s`", law_kinds[k].name);
			done[k] = true;
		}
		page_row(5, (const char *[]){ by, with, x->holds == CY_SIDE__REQUESTING ? "requesting" : "requested",
					      touched(x->touch), x->reason });
	}
}

static void crossings(void)
{
	static const struct law_crossing rules[] = {
#define LAW_X(letter, holds, touch, reason) { letter, CY_SIDE__##holds, LAW_TOUCH_##touch, reason },
		LAW_CROSSINGS(LAW_X)
#undef LAW_X
	};

	page_begin("crossings", "requesting side|requested side|holds|about|why");
	for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
		rows_of_letter(&rules[i]);
	page_end();
}

static void words(void)
{
	page_begin("words", "word|when");
	for (size_t i = 0; i < law_words_n; i++)
		page_row(2, (const char *[]){ law_case_state_name(law_words[i].word), law_words[i].when });
	page_end();
}

/* ------------------------------------------------------------------ clocks */

static void clock_words(void)
{
	printf("<!-- names: starts of clocks -->");
	for (unsigned i = 0; i < LAW_STARTS_N; i++)
		printf(" %s", law_start_name((enum law_start)i));
	printf("\n<!-- names: what meets clocks -->");
	for (unsigned i = 0; i < LAW_MEETS_N; i++)
		printf(" %s", law_meet_name((enum law_meet)i));
	printf("\n<!-- names: what suspends clocks -->");
	for (unsigned i = 0; i < LAW_SUSPENDS_N; i++)
		printf(" %s", law_suspend_name((enum law_suspend)i));
	putchar('\n');
}

void page_case(void)
{
	kinds();
	measures();
	crossings();
	words();
	clock_words();
}
