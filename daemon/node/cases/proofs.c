/* What signed receipts prove about the time limits of a case: when the side that owes one had the message that starts
 * it. Both sides hold the same receipt, one with its own parcel, the other with that of its peer. */
#include <string.h>

#include "node/cases/clocks.h"

static int load_receipted(void *arg, const struct store_parcel *row)
{
	struct wire_text text;

	if (row->receipt.len > 0 && wire_text_read(row->receipt, &text, NULL) == CY_OK)
		*(struct cy_wall *)arg = text.made;
	return CY_OK;
}

/* When the receipt for a parcel was made, in this batch or in the store; 0: there is none yet, or none that can be read
 * any more. Below 0: the store cannot read now. */
static int receipted(struct node *n, const char *peer, enum store_author author, struct xchg_pos pos,
		     struct cy_wall *ret_made)
{
	struct store_port *s = &n->ports.store;
	const enum store_op ops[] = { STORE_PUT_PARCEL, STORE_PUT_RECEIPT };
	int r;

	*ret_made = (struct cy_wall){ 0 };
	for (size_t i = 0; i < sizeof ops / sizeof ops[0]; i++) {
		const struct store_parcel *row = batch_parcel(n, ops[i], peer, author, pos);

		if (row != NULL)
			load_receipted(ret_made, row);
	}
	if (ret_made->ms != 0)
		return CY_OK;
	r = s->get_parcel(s->ctx, peer, author, pos.epoch, pos.sequence, load_receipted, ret_made);
	return r == CY_ENOENT || r == CY_EDAMAGED ? CY_OK : r;
}

static bool is_about(const struct proof *p, const struct law_clock *k)
{
	return k->key.notice == 0 ? p->opens : p->number == k->key.notice && !p->opens;
}

/* Can there be one that says more than what was stated? The facts tell without the store. */
static bool may_be_wanted(const struct work_case *c, const struct law_clock *k)
{
	bool may = k->unstated;

	for (size_t i = 0; i < c->n && !may; i++) {
		const struct law_fact *f = &c->facts[i];

		may = (k->key.notice == 0 ? law_kind_opens(f->kind)
					  : f->kind == CY_CONTENT__KIND_PROBLEM_NOTICE && f->number == k->key.notice) &&
		      k->start.ms > law_counted(f->at_ms) + CY_STATED_AHEAD_MS;
	}
	return may;
}

bool proofs_are_wanted(struct node *n, struct work_case *c, const struct law_clock *k, int *ret_code)
{
	const struct proof *p;

	if ((k->rule->start != LAW_START_RECEIVED && k->rule->start != LAW_START_CLARIFICATION) || !may_be_wanted(c, k))
		return false;
	*ret_code = cases_proofs(n, c);
	if (*ret_code < 0)
		return false;
	p = c->proofs;
	while (p != NULL && !is_about(p, k))
		p = p->next;
	return p != NULL && (k->unstated || k->start.ms > law_counted(p->created_ms) + CY_STATED_AHEAD_MS);
}

static bool is_void(const struct work_case *c, CySide author, uint32_t number)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->facts[i].side == author && c->facts[i].number == number)
			return c->facts[i].voided;
	return true;
}

int proofs_receipts(struct node *n, const struct work_case *c, struct law_receipt *ret, size_t max, size_t *ret_n)
{
	const CySide own = c->row.side;
	size_t looked_at = 0;
	int r = CY_OK;

	*ret_n = 0;
	for (const struct proof *p = c->proofs; r == CY_OK && p != NULL && looked_at < max; p = p->next) {
		const CySide author = p->author == STORE_OWN ? own : cases_other(own);
		struct cy_wall made;

		if (is_void(c, author, p->number))
			continue;
		looked_at++;
		r = receipted(n, c->row.peer, p->author, p->pos, &made);
		if (made.ms > 0)
			ret[(*ret_n)++] =
				(struct law_receipt){ .author = author, .number = p->number, .made_ms = made.ms };
	}
	return r;
}
