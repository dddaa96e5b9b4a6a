#include "node/orders.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mutant.h"
#include "node/evidence.h"

#define VERSION 1
#define FIELDS  9 /* before the chain */

static const char *const words[] = {
#define X(name, word) [NODE_ORDER_##name] = word,
	NODE_ORDERS(X)
#undef X
};

/* --------------------------------------------------------------------- lines */

static struct cy_digest chain_of(const struct cy_digest *before, const char *text)
{
	struct cy_buf all = CY_BUF(CY_SHA256_LEN + NODE_ORDER_LINE);
	struct cy_digest d;

	CY_ASSERT(cy_buf_add(&all, before->b, sizeof before->b) == CY_OK);
	CY_ASSERT(cy_buf_add(&all, text, strlen(text)) == CY_OK);
	d = cy_sha256(cy_buf_view(&all));
	cy_buf_free(&all);
	return d;
}

struct orders_mark orders_first(const char *authority, char ret_line[static NODE_ORDER_LINE])
{
	snprintf(ret_line, NODE_ORDER_LINE, "comity orders\t%d\t%s", VERSION, authority);
	return (struct orders_mark){ .chain = cy_sha256(cy_bytes(ret_line, strlen(ret_line))) };
}

void orders_write(struct orders_mark *mark, struct node_order *o, char ret_line[static NODE_ORDER_LINE])
{
	char at[CY_RFC3339_SIZE], reason[CY_SHA256_HEX], chain[CY_SHA256_HEX];
	int len;

	o->number = ++mark->number;
	cy_rfc3339(o->at, at);
	cy_digest_hex(&o->reason, reason);
	len = snprintf(ret_line, NODE_ORDER_LINE, "%" PRIu64 "\t%s\t%s\t%s\t%s\t%s\t%u\t%s\t%s", o->number, at,
		       words[o->kind], o->peer, o->case_id, o->message_id[0] != '\0' ? o->message_id : "-",
		       o->attachment, o->by, reason);
	mark->chain = chain_of(&mark->chain, ret_line);
	cy_digest_hex(&mark->chain, chain);
	CY_ASSERT(len > 0 && (size_t)len + CY_SHA256_HEX < NODE_ORDER_LINE);
	snprintf(ret_line + len, NODE_ORDER_LINE - (size_t)len, "\t%s", chain);
}

static bool read_number(const char *text, uint64_t *ret)
{
	char again[24];

	*ret = strtoull(text, NULL, 10);
	snprintf(again, sizeof again, "%" PRIu64, *ret);
	return strcmp(again, text) == 0;
}

/* Cut the text into its fields, and read these; false: they are not of their form. */
static bool read_fields(char *text, struct node_order *ret)
{
	struct node_order o = { .kind = NODE_ORDERS_N };
	char *f[FIELDS] = { text };
	uint64_t attachment;
	size_t n = 1;

	for (char *tab = strchr(text, '\t'); tab != NULL; tab = strchr(f[n - 1], '\t')) {
		if (n == FIELDS)
			return false;
		*tab = '\0';
		f[n++] = tab + 1;
	}
	if (n < FIELDS)
		return false;
	for (int i = 0; i < NODE_ORDERS_N; i++)
		if (strcmp(f[2], words[i]) == 0)
			o.kind = (enum node_order_kind)i;
	if (o.kind == NODE_ORDERS_N || !read_number(f[0], &o.number) || cy_rfc3339_parse(f[1], &o.at) < 0 ||
	    cy_copy(o.peer, sizeof o.peer, f[3]) < 0 || cy_copy(o.case_id, sizeof o.case_id, f[4]) < 0 ||
	    cy_copy(o.message_id, sizeof o.message_id, strcmp(f[5], "-") == 0 ? "" : f[5]) < 0 ||
	    !read_number(f[6], &attachment) || attachment > UINT32_MAX || cy_copy(o.by, sizeof o.by, f[7]) < 0 ||
	    cy_unhex(f[8], strlen(f[8]), o.reason.b, sizeof o.reason.b) < 0)
		return false;
	o.attachment = (uint32_t)attachment;
	*ret = o;
	return true;
}

int orders_read(const char *line, struct orders_mark *mark, struct node_order *ret, struct cy_error *e)
{
	char text[NODE_ORDER_LINE], *tab;
	struct node_order o;
	struct cy_digest chain, said;

	if (cy_copy(text, sizeof text, line) < 0)
		return cy_fail(e, CY_EPARSE, "it is longer than %u bytes", NODE_ORDER_LINE - 1);
	tab = strrchr(text, '\t');
	if (tab == NULL)
		return cy_fail(e, CY_EPARSE, "it has no fields");
	*tab = '\0';
	chain = chain_of(&mark->chain, text);
	if (cy_unhex(tab + 1, strlen(tab + 1), said.b, sizeof said.b) < 0 || !read_fields(text, &o))
		return cy_fail(e, CY_EPARSE, "its fields are not of their form");
	if (o.number != mark->number + 1)
		return cy_fail(e, CY_EPARSE, "it has number %" PRIu64 " and not %" PRIu64, o.number, mark->number + 1);
	if (!cy_digest_equal(&chain, &said))
		return cy_fail(e, CY_EPARSE, "its chain does not fit to it and to the lines before");
	*mark = (struct orders_mark){ o.number, chain };
	*ret = o;
	return CY_OK;
}

/* ------------------------------------------------------------- list and store */

struct comparing {
	struct node *n;
	uint64_t stored;
	char line[NODE_ORDER_LINE]; /* of that one, as the store has it */
	bool same;
};

static int keep_line(void *arg, const struct store_order *row)
{
	struct comparing *x = arg;

	return cy_copy(x->line, sizeof x->line, row->line) < 0 ? CY_ESTORE : CY_OK;
}

static int compare_entry(void *arg, const struct node_order *o, const char *line, const struct orders_mark *mark)
{
	struct comparing *x = arg;

	if (o->number == x->stored)
		x->same = strcmp(line, x->line) == 0;
	x->n->orders.last = *mark;
	return CY_OK;
}

int orders_load(struct node *n, struct cy_error *e)
{
	const struct orders_port *l = &n->ports.orders;
	struct store_port *s = &n->ports.store;
	struct comparing x = { .n = n };
	char first[NODE_ORDER_LINE];
	int r;

	if (l->ctx == NULL)
		return CY_OK;
	n->orders.last = orders_first(n->authority, first);
	r = s->last_order(s->ctx, &x.stored);
	if (r == CY_OK && x.stored > 0)
		r = s->orders(s->ctx, x.stored - 1, 1, keep_line, &x);
	if (r < 0)
		return cy_fail(e, r, "what the store knows of the list of orders cannot be read: %s", cy_strerror(r));
	r = l->read(l->ctx, 0, compare_entry, &x, e);
	if (r < 0)
		return r;
	if (n->orders.last.number < x.stored)
		return cy_fail(
			e, CY_ECONFIG,
			"the list of orders in %s ends with entry %" PRIu64 ", and the store knows entry %" PRIu64
			": what was ordered since is missing from it; put the latest list back, or see ORDERS in "
			"comityd(8)",
			l->name, n->orders.last.number, x.stored);
	if (x.stored > 0 && !x.same)
		return cy_fail(e, CY_ECONFIG,
			       "entry %" PRIu64 " of the list of orders in %s is not the one that the store knows: the "
			       "list or the store is of another time or place; put back the list that belongs to the "
			       "store, or see ORDERS in comityd(8)",
			       x.stored, l->name);
	n->orders.stored = x.stored;
	return CY_OK;
}

static void keep(struct node *n, const struct node_order *o, const char *line)
{
	struct store_write *w = batch_write(n, STORE_PUT_ORDER);

	w->order = (struct store_order){ .number = o->number,
					 .line = batch_string(n, line),
					 .peer = batch_string(n, o->peer),
					 .case_id = batch_string(n, o->case_id),
					 .message_id = batch_string(n, o->message_id),
					 .attachment = o->attachment };
	n->orders.stored = o->number;
}

/* An order about an attachment that this store, or this row, does not know yet. */
static void obey_hold(struct node *n, struct store_evidence *row, const struct node_order *o)
{
	const bool hold = o->kind == NODE_ORDER_HOLD;
	char text[80];

	if (row->hold == hold)
		return;
	row->hold = hold;
	snprintf(text, sizeof text, "entry %" PRIu64 " of the list of orders; the store was behind it", o->number);
	evidence_custody(n, row, hold ? "held" : "released", o->by, text, "", o->at);
}

static void obey(struct node *n, const struct node_order *o)
{
	struct store_evidence row;
	int r;

	switch (o->kind) {
	case NODE_ORDER_HOLD:
	case NODE_ORDER_RELEASE:
		r = evidence_get(n, o->message_id, o->attachment, &row);
		if (r < 0 && r != CY_ENOENT)
			n->batch.doom = "the store cannot read the evidence that an order is about";
		/* It was lost with the disk: orders_remember() when it comes back. */
		if (r < 0)
			return;
		obey_hold(n, &row, o);
		evidence_put(n, &row);
		return;
	case NODE_ORDER_ERASE:
		erase_soon(n);
		return;
	case NODE_ORDERS_N:
		return;
	}
}

static int obey_entry(void *arg, const struct node_order *o, const char *line, const struct orders_mark *mark)
{
	struct node *n = arg;

	(void)mark;
	if (!CY_MUTANT_ORDERS_FORGOTTEN)
		obey(n, o);
	keep(n, o, line);
	return CY_OK;
}

void orders_step(struct node *n)
{
	const struct orders_port *l = &n->ports.orders;
	const uint64_t from = n->orders.stored;
	struct cy_error e = { 0 };

	if (l->ctx == NULL || from == n->orders.last.number)
		return;
	if (l->read(l->ctx, from, obey_entry, n, &e) < 0) {
		n->batch.doom = cy_arena_string(&n->batch.arena, e.text);
		return;
	}
	node_tell(n, NODE_INFO, NODE_EVENT_STORE, "",
		  "the store did not know the last %" PRIu64 " of the list of orders: what they say is done now",
		  n->orders.last.number - from);
}

void orders_add(struct node *n, enum node_order_kind kind, const struct store_evidence *about, const char *by,
		const char *reason)
{
	struct node_order o = { .at = node_legal_now(n), .kind = kind, .attachment = about->attachment };
	char line[NODE_ORDER_LINE];

	if (n->ports.orders.ctx == NULL)
		return;
	cy_copy(o.peer, sizeof o.peer, about->peer);
	cy_copy(o.case_id, sizeof o.case_id, about->case_id);
	cy_copy(o.message_id, sizeof o.message_id, about->message_id != NULL ? about->message_id : "");
	cy_copy(o.by, sizeof o.by, by);
	o.reason = cy_sha256(cy_bytes(reason, strlen(reason)));
	orders_write(&n->orders.last, &o, line);
	keep(n, &o, line);
}

/* --------------------------------------------------------------- what comes back */

/* A line of the store's: the list had it, so that its chain is not looked at again. */
static int remember(void *arg, const struct store_order *row)
{
	char line[NODE_ORDER_LINE];

	return cy_copy(arg, sizeof line, row->line);
}

void orders_remember(struct node *n, struct store_evidence *row)
{
	struct store_port *s = &n->ports.store;
	char line[NODE_ORDER_LINE] = "", *tab;
	struct node_order o;
	int r;

	if (n->orders.stored == 0)
		return;
	r = s->order_about(s->ctx, row->peer, row->case_id, row->message_id, row->attachment, remember, line);
	for (const struct store_write *w = n->batch.writes.first; w != NULL; w = w->next)
		if (w->op == STORE_PUT_ORDER && w->order.attachment == row->attachment &&
		    strcmp(w->order.message_id, row->message_id) == 0)
			cy_copy(line, sizeof line, w->order.line);
	if (r < 0 && r != CY_ENOENT)
		n->batch.doom = "the store cannot read what was ordered about evidence";
	tab = strrchr(line, '\t');
	if (tab == NULL)
		return;
	*tab = '\0';
	if (read_fields(line, &o))
		obey_hold(n, row, &o);
}

#define PAGE 64u /* orders that are read at one time */

struct page {
	size_t n;
	uint64_t last;
	char lines[PAGE][NODE_ORDER_LINE];
};

static int add_line(void *arg, const struct store_order *row)
{
	struct page *p = arg;

	p->last = row->number;
	return cy_copy(p->lines[p->n++], NODE_ORDER_LINE, row->line) < 0 ? CY_ESTORE : CY_OK;
}

/* Each order of this kind that the store has obeyed, in order of number. */
static int each_of(struct node *n, enum node_order_kind kind, int (*fn)(struct node *n, const struct node_order *o))
{
	struct store_port *s = &n->ports.store;
	struct page *p = cy_arena_take(&n->batch.arena, sizeof *p);
	int r = CY_OK;

	if (n->orders.stored == 0)
		return CY_OK;
	do {
		p->n = 0;
		r = s->orders(s->ctx, p->last, PAGE, add_line, p);
		for (size_t i = 0; r == CY_OK && i < p->n; i++) {
			char *tab = strrchr(p->lines[i], '\t');
			struct node_order o;

			if (tab == NULL)
				continue;
			*tab = '\0';
			if (read_fields(p->lines[i], &o) && o.kind == kind)
				r = fn(n, &o);
		}
	} while (r == CY_OK && p->n == PAGE);
	return r;
}

int orders_erasures(struct node *n, int (*fn)(struct node *n, const struct node_order *o))
{
	return each_of(n, NODE_ORDER_ERASE, fn);
}

static int look_lost(struct node *n, const struct node_order *o)
{
	struct store_port *s = &n->ports.store;
	char line[NODE_ORDER_LINE] = "", *tab;
	struct store_evidence row;
	struct node_order last;
	int r = evidence_get(n, o->message_id, o->attachment, &row);

	if (r != CY_ENOENT)
		return r;
	r = s->order_about(s->ctx, o->peer, o->case_id, o->message_id, o->attachment, remember, line);
	tab = strrchr(line, '\t');
	if (r < 0 || tab == NULL)
		return CY_ESTORE;
	*tab = '\0';
	return read_fields(line, &last) && last.kind == NODE_ORDER_RELEASE ? CY_OK : CY_EEXIST;
}

bool orders_hold_lost(struct node *n)
{
	return each_of(n, NODE_ORDER_HOLD, look_lost) != CY_OK;
}
