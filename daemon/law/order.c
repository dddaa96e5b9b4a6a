#include "law/order.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "law/crossing.h"
#include "law/kinds.h"

static uint32_t number(const struct law_order *o, const struct law_link *l)
{
	return o->facts[l->index].number;
}

static int compare_content(const struct law_fact *x, const struct law_fact *y)
{
	uint8_t ex[LAW_FACT_MAX] = { 0 }, ey[LAW_FACT_MAX] = { 0 };

	law_fact_encode(x, ex);
	law_fact_encode(y, ey);
	return memcmp(ex, ey, sizeof ex);
}

/* By number; equal numbers, which no admitted pair of facts has, by content, so
 * that even then the order of the input does not matter. */
static int compare(const void *a, const void *b, void *facts)
{
	const struct law_fact *x = (const struct law_fact *)facts + ((const struct law_link *)a)->index;
	const struct law_fact *y = (const struct law_fact *)facts + ((const struct law_link *)b)->index;

	if (x->number != y->number)
		return x->number < y->number ? -1 : 1;
	return compare_content(x, y);
}

static void prepare(struct law_order *o, struct law_chain *c, uint32_t other_held)
{
	uint32_t seen = 0;

	if (c->n)
		qsort_r(c->link, c->n, sizeof c->link[0], compare, (void *)(uintptr_t)o->facts);
	c->blocked = c->n;
	for (size_t i = 0; i < c->n; i++) {
		if (c->link[i].seen > seen)
			seen = c->link[i].seen;
		c->link[i].seen = seen;
		if (seen > other_held && c->blocked == c->n)
			c->blocked = i;
	}
}

void law_order_begin(struct law_order *o, const struct law_fact *facts, size_t n, uint32_t requesting_limit,
		     uint32_t requested_limit)
{
	struct law_link *memory = calloc(n ? n : 1, sizeof *memory);

	CY_ASSERT(memory);
	*o = (struct law_order){ .facts = facts, .n = n, .memory = memory };
	for (int pass = 0; pass < 2; pass++) {
		CySide side = pass ? CY_SIDE__REQUESTED : CY_SIDE__REQUESTING;
		struct law_chain *c = pass ? &o->requested : &o->requesting;

		c->link = pass ? memory + o->requesting.n : memory;
		for (size_t i = 0; i < n; i++) {
			const struct law_fact *f = &facts[i];

			if (f->side != side || f->number > (pass ? requested_limit : requesting_limit))
				continue;
			if (f->number > c->held)
				c->held = f->number;
			if (f->voided)
				o->opener_void |= law_kind_opens(f->kind);
			else
				c->link[c->n++] = (struct law_link){ .index = i, .seen = f->seen };
		}
	}
	prepare(o, &o->requesting, o->requested.held);
	prepare(o, &o->requested, o->requesting.held);
}

static bool ready(const struct law_order *o, const struct law_chain *c, const struct law_chain *other)
{
	if (c->next >= c->blocked)
		return false;
	return other->next == other->n || number(o, &other->link[other->next]) > c->link[c->next].seen;
}

/* Does any message of `run` that crosses `head` hold against it? Looking ahead
 * over the whole run matters: the one that holds may stand behind others of its
 * author. */
static bool beaten(const struct law_order *o, const struct law_link *head, const struct law_chain *run, CySide by)
{
	const struct law_fact *f = &o->facts[head->index];

	for (size_t i = run->next; i < run->blocked && run->link[i].seen < f->number; i++) {
		const struct law_fact *g = &o->facts[run->link[i].index];

		if (by == (by == CY_SIDE__REQUESTED ? law_crossing_holds(f, g) : law_crossing_holds(g, f)))
			return true;
	}
	return false;
}

bool law_order_next(struct law_order *o, size_t *ret_index, uint32_t *ret_seen)
{
	struct law_chain *a = &o->requesting, *b = &o->requested, *first;
	bool a_ready = ready(o, a, b), b_ready = ready(o, b, a);

	if (!a_ready && !b_ready)
		return false;
	if (!a_ready || !b_ready)
		first = a_ready ? a : b;
	else if (beaten(o, &a->link[a->next], b, CY_SIDE__REQUESTED))
		first = b;
	else if (beaten(o, &b->link[b->next], a, CY_SIDE__REQUESTING))
		first = a;
	else
		first = b;
	*ret_index = first->link[first->next].index;
	*ret_seen = first->link[first->next].seen;
	first->next++;
	return true;
}

void law_order_rest(const struct law_order *o, size_t *ret_order)
{
	for (size_t i = o->requesting.next; i < o->requesting.n; i++)
		*ret_order++ = o->requesting.link[i].index;
	for (size_t i = o->requested.next; i < o->requested.n; i++)
		*ret_order++ = o->requested.link[i].index;
	for (size_t i = 0; i < o->n; i++)
		if (o->facts[i].voided ||
		    (o->facts[i].side != CY_SIDE__REQUESTING && o->facts[i].side != CY_SIDE__REQUESTED))
			*ret_order++ = i;
}

void law_order_end(struct law_order *o)
{
	free(o->memory);
}
