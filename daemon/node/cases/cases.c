/* The working set of cases of a batch. A step sees committed state and what
 * earlier steps of its batch added; the set is forgotten with the batch. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/cases/cases.h"
#include "node/cases/kept.h"
#include "node/cases/normal.h"

CySide cases_other(CySide side)
{
	return side == CY_SIDE__REQUESTING ? CY_SIDE__REQUESTED : CY_SIDE__REQUESTING;
}

static const struct store_case *own_row(struct node *n, struct work_case *c, const struct store_case *row)
{
	struct cy_arena *a = &n->batch.writes.arena;

	c->row = *row;
	c->row.peer = cy_arena_string(a, row->peer);
	c->row.case_id = cy_arena_string(a, row->case_id);
	c->row.own_reference = cy_arena_string(a, row->own_reference);
	c->row.peer_reference = cy_arena_string(a, row->peer_reference);
	c->row.client = cy_arena_string(a, row->client);
	/* An empty title leaves the stored one. */
	c->row.title = "";
	c->row.instrument = cy_arena_string(a, row->instrument);
	c->row.state = cy_arena_string(a, row->state);
	c->row.terms = cy_arena_bytes(a, row->terms);
	c->row.erased_by = c->row.erased_reason = ""; /* nobody asks here */
	return &c->row;
}

struct loading {
	struct node *n;
	struct work_case *c;
};

void cases_damaged(struct node *n, const char *peer, const char *case_id, const char *what)
{
	node_damaged(n, peer, "%s%scase %s of peer %s", what, what[0] != '\0' ? " " : "", case_id, peer);
}

static int load_row(void *arg, const struct store_case *row)
{
	struct loading *l = arg;

	if (row->damaged)
		cases_damaged(l->n, row->peer, row->case_id, "the key of");
	own_row(l->n, l->c, row);
	return CY_OK;
}

/* What was taken once has its place, also where more came back after a restore than a new message
 * would have room for: law_room() is asked before. */
static void push_fact(struct work_case *c, const struct law_fact *f)
{
	if (c->n == c->cap) {
		c->cap = c->cap > 0 ? 2 * c->cap : 8;
		c->facts = realloc(c->facts, c->cap * sizeof *c->facts);
		CY_ASSERT(c->facts != NULL);
	}
	c->facts[c->n++] = *f;
}

/* The opening message first, then what is newer: both sides come to the same order. */
static void push_proof(struct loading *l, const struct store_message *row)
{
	struct proof **at = &l->c->proofs, *p;

	if (row->sequence == 0 || (!law_kind_opens(row->kind) && row->kind != CY_CONTENT__KIND_PROBLEM_NOTICE))
		return;
	p = cy_arena_take(&l->n->batch.arena, sizeof *p);
	if (*at != NULL && (*at)->opens)
		at = &(*at)->next;
	*p = (struct proof){ .next = *at,
			     .author = row->author,
			     .number = row->number,
			     .opens = law_kind_opens(row->kind),
			     .created_ms = row->created.ms,
			     .pos = { row->epoch, row->sequence } };
	*at = p;
}

static int load_fact(void *arg, const struct store_message *row)
{
	struct loading *l = arg;
	struct law_fact f;

	if (row->fact.len == 0)
		return CY_OK;
	if (law_fact_decode(row->fact, &f) < 0)
		return CY_EDAMAGED;
	f.voided = row->void_code != 0;
	f.at_ms = row->created.ms;
	push_fact(l->c, &f);
	push_proof(l, row);
	return CY_OK;
}

static int load_proof(void *arg, const struct store_message *row)
{
	if (row->fact.len > 0)
		push_proof(arg, row);
	return CY_OK;
}

int cases_proofs(struct node *n, struct work_case *c)
{
	struct store_port *s = &n->ports.store;
	struct loading l = { n, c };
	int r = CY_OK;

	if (!c->proofs_read && !c->is_new)
		r = s->case_messages(s->ctx, c->row.peer, c->row.case_id, load_proof, &l);
	c->proofs_read = r == CY_OK;
	return r;
}

static void say_state(struct work_case *c)
{
	const struct law_case *f = &c->kept.folded;

	c->row.state = law_case_state_name(f->state);
	c->row.closed = f->closed || f->returned || f->redirected;
}

static void add(struct node *n, struct work_case *c)
{
	c->next = n->batch.cases;
	n->batch.cases = c;
	c->peer = cy_arena_string(&n->batch.arena, c->row.peer);
	c->case_id = cy_arena_string(&n->batch.arena, c->row.case_id);
	cy_table_add(&n->batch.by_id, &c->entry, c->row.case_id);
}

static struct work_case *in_set(const struct node *n, const char *peer, const char *case_id)
{
	struct cy_table_entry *e = cy_table_find(&n->batch.by_id, case_id);

	while (e != NULL && strcmp(CY_TABLE_OWNER(e, struct work_case, entry)->row.peer, peer) != 0)
		e = cy_table_before(e);
	return e != NULL ? CY_TABLE_OWNER(e, struct work_case, entry) : NULL;
}

struct work_case *cases_worked_on(const struct node *n, const char *peer, const char *case_id)
{
	struct work_case *c = in_set(n, peer, case_id);

	return c != NULL && !c->row_only ? c : NULL;
}

static int read_facts(struct node *n, struct work_case *c)
{
	struct store_port *s = &n->ports.store;
	struct loading l = { n, c };
	int r;

	if (kept_take(n, c))
		return CY_OK;
	r = s->case_messages(s->ctx, c->row.peer, c->row.case_id, load_fact, &l);
	c->proofs_read = true;
	if (r == CY_OK)
		law_keep(c->facts, c->n, &c->kept);
	return r;
}

struct work_case *cases_get_row(struct node *n, const char *peer, const char *case_id, int *ret_code)
{
	struct store_port *s = &n->ports.store;
	struct work_case found = { .row_only = true }, *c = in_set(n, peer, case_id);
	struct loading l = { n, &found };

	if (c != NULL)
		return c;
	*ret_code = s->get_case(s->ctx, peer, case_id, load_row, &l);
	if (*ret_code == CY_EDAMAGED)
		cases_damaged(n, peer, case_id, "");
	if (*ret_code < 0)
		return NULL;
	c = cy_arena_take(&n->batch.arena, sizeof *c);
	*c = found;
	add(n, c);
	return c;
}

struct work_case *cases_get(struct node *n, const char *peer, const char *case_id, int *ret_code)
{
	struct work_case *c = cases_get_row(n, peer, case_id, ret_code);
	struct work_case found;

	if (c == NULL || !c->row_only)
		return c;
	found = *c;
	*ret_code = read_facts(n, &found);
	if (*ret_code == CY_EDAMAGED)
		cases_damaged(n, peer, case_id, "");
	if (*ret_code < 0) {
		free(found.facts);
		return NULL;
	}
	c->facts = found.facts;
	c->n = found.n;
	c->cap = found.cap;
	c->kept = found.kept;
	c->answered = found.answered;
	c->proofs = found.proofs;
	c->proofs_read = found.proofs_read;
	c->row_only = false;
	say_state(c);
	return c;
}

static struct work_case *stand_in(struct node *n, const char *peer, const char *case_id)
{
	struct work_case *c = cy_arena_take(&n->batch.arena, sizeof *c);
	const struct store_case row = {
		.peer = peer,
		.case_id = case_id,
		.own_reference = "",
		.peer_reference = "",
		.client = "",
		.instrument = "",
		.state = "",
	};

	own_row(n, c, &row);
	c->row.damaged = c->stand_in = true;
	return c;
}

struct work_case *cases_or_stand_in(struct node *n, const char *peer, const char *case_id, bool facts, int *ret_code)
{
	struct work_case *c = facts ? cases_get(n, peer, case_id, ret_code) : cases_get_row(n, peer, case_id, ret_code);

	return c == NULL && *ret_code == CY_EDAMAGED ? stand_in(n, peer, case_id) : c;
}

static int found_case(void *arg, const struct store_case *row)
{
	struct case_name *f = arg;

	f->n++;
	return cy_copy(f->peer, sizeof f->peer, row->peer) < 0 ||
			       cy_copy(f->case_id, sizeof f->case_id, row->case_id) < 0
		       ? CY_ESTORE
		       : CY_OK;
}

struct looking {
	store_case_fn *fn;
	void *arg;
	bool found;
};

static int looked_up(void *arg, const struct store_case *row)
{
	struct looking *l = arg;

	l->found = true;
	return l->fn(l->arg, row);
}

int cases_look_up(struct node *n, struct store_view view, const char *ref, store_case_fn *fn, void *arg)
{
	struct store_port *s = &n->ports.store;
	struct looking l = { .fn = fn, .arg = arg };
	struct normal_forms forms;
	int r = CY_ENOENT;

	normal_forms(ref, &forms);
	for (size_t i = 0; i < forms.n && !l.found && (r == CY_OK || r == CY_ENOENT); i++)
		r = s->find_case(s->ctx, view, forms.form[i], looked_up, &l);
	return r;
}

int cases_name(struct node *n, struct store_view view, const char *ref, struct case_name *ret)
{
	int r;

	*ret = (struct case_name){ 0 };
	r = cases_look_up(n, view, ref, found_case, ret);
	return r == CY_ENOENT ? CY_OK : r;
}

int cases_reference(struct node *n, struct store_view view, const char *reference, const char *peer, const char *except,
		    struct case_name *ret)
{
	struct store_port *s = &n->ports.store;
	struct normal_forms forms;
	int r = CY_ENOENT;

	*ret = (struct case_name){ 0 };
	for (const struct work_case *c = n->batch.cases; c != NULL; c = c->next)
		if (normal_equal(reference, c->row.own_reference) && strcmp(c->row.case_id, except) != 0 &&
		    (peer[0] == '\0' || strcmp(c->row.peer, peer) == 0) &&
		    (view.client == NULL || strcmp(c->row.client, view.client) == 0))
			return found_case(ret, &c->row);
	normal_forms(reference, &forms);
	for (size_t i = 0; i < forms.n && r == CY_ENOENT; i++)
		r = s->find_reference(s->ctx, view, forms.form[i], peer, except, found_case, ret);
	return r;
}

struct work_case *cases_find(struct node *n, const char *client, const char *ref, int *ret_code, size_t *ret_matches)
{
	struct case_name f;

	/* Opened by us in this very batch: the store does not know it yet. */
	for (struct work_case *c = n->batch.cases; c != NULL; c = c->next)
		if (c->is_new && c->row.client[0] != '\0' &&
		    (strcmp(c->row.case_id, ref) == 0 || normal_equal(ref, c->row.own_reference)) &&
		    (client == NULL || strcmp(c->row.client, client) == 0)) {
			*ret_matches = 1;
			return c;
		}
	*ret_code = cases_name(n, (struct store_view){ .client = client }, ref, &f);
	*ret_matches = f.n;
	if (*ret_code < 0 || f.n != 1)
		return NULL;
	return cases_get(n, f.peer, f.case_id, ret_code);
}

void cases_erase_soon(struct node *n)
{
	n->next_erasure = n->ports.clock.mono(n->ports.clock.ctx);
}

struct work_case *cases_new(struct node *n, const char *peer, const char *case_id, CySide side)
{
	struct work_case *c = cy_arena_take(&n->batch.arena, sizeof *c);
	const struct store_case row = { .peer = peer,
					.case_id = case_id,
					.side = side,
					.own_reference = "",
					.peer_reference = "",
					.client = "",
					.title = "",
					.instrument = "",
					.state = "",
					.opened = node_now(n) };

	own_row(n, c, &row);
	add(n, c);
	c->is_new = true;
	if (n->orders.stored > 0)
		cases_erase_soon(n);
	return c;
}

void cases_pin(struct node *n, struct work_case *c, const struct law_terms *t)
{
	uint8_t encoded[LAW_TERMS_MAX];

	c->row.instrument = batch_string(n, t->instrument);
	c->row.terms = batch_bytes(n, cy_bytes(encoded, law_terms_encode(t, encoded)));
	c->relinked = t->n_follows > 0;
}

void cases_put(struct node *n, struct work_case *c)
{
	struct store_write *w = batch_write(n, STORE_PUT_CASE);

	c->row.changed = node_now(n);
	w->case_row = c->row;
	c->row.title = "";
}

const char *cases_word(const struct store_case *row)
{
	const bool begins = strcmp(row->state, law_case_state_name(LAW_CASE_TRANSMITTED)) == 0 ||
			    strcmp(row->state, law_case_state_name(LAW_CASE_INFORMED)) == 0;

	if (!begins || row->side != CY_SIDE__REQUESTING)
		return row->state;
	return row->first == STORE_QUEUED        ? "QUEUED"
	       : row->first == STORE_TRANSMITTED ? "SENT"
	       : row->first == STORE_FAILED      ? "UNDELIVERED"
						 : row->state;
}

void cases_add(struct node *n, struct work_case *c, const struct law_fact *fact)
{
	uint32_t *head = fact->side == c->row.side ? &c->row.own_number : &c->row.peer_number;

	push_fact(c, fact);
	if (fact->number > *head)
		*head = fact->number;
	c->row.messages++;
	if (fact->at_ms <= c->row.erased.ms)
		cases_erase_soon(n);
	c->clocks_changed = c->unmeasured = true;
	if (c->unkept)
		law_keep(c->facts, c->n, &c->kept);
	else
		law_keep_on(&c->kept, c->facts, c->n);
	say_state(c);
	cases_put(n, c);
}

void cases_void(struct node *n, struct work_case *c, CySide author, uint32_t number, bool voided)
{
	if (c->stand_in)
		return;
	for (size_t i = 0; i < c->n; i++)
		if (c->facts[i].side == author && c->facts[i].number == number) {
			c->facts[i].voided = voided;
			c->relinked = c->relinked || law_kind_opens(c->facts[i].kind);
		}
	c->clocks_changed = c->unmeasured = c->unkept = true;
	law_keep(c->facts, c->n, &c->kept);
	say_state(c);
	cases_put(n, c);
}

void cases_event(struct node *n, const struct work_case *c, const struct event_of *e)
{
	struct store_write *w = batch_write(n, STORE_PUT_EVENT);

	w->event = (struct store_event){ .type = e->type,
					 .at = node_now(n),
					 .peer = c->row.peer,
					 .case_id = c->row.case_id,
					 .message_id = batch_string(n, e->message_id),
					 .client = c->row.client,
					 .own_reference = c->row.own_reference,
					 .kind = e->kind,
					 .number = e->number,
					 .code = e->code,
					 .text = batch_string(n, e->text != NULL ? e->text : ""),
					 .case_state = cases_word(&c->row) };
}
