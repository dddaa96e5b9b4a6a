#include "node/cases/kept.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mutant.h"
#include "node/cases/cases.h"

#define ENTRY_FACTS 20 /* what a case takes beside its facts, counted as such */

struct kept_case {
	struct cy_table_entry entry;
	struct kept_case *newer, *older; /* of its peer */
	struct peer *peer;
	char case_id[CY_UUID_LEN + 1];
	/* As its row says, by which a changed case is told from the one that was kept. */
	uint32_t own_number, peer_number, messages;
	struct law_fact *facts;
	size_t n, cap;
	struct law_kept folded;
	uint32_t answered; /* as in struct work_case */
};

/* Of one peer, by use. */
struct kept_list {
	struct kept_case *newest, *oldest;
	size_t facts;
};

struct kept_state {
	struct cy_table by_id;
	size_t facts;           /* of all */
	struct kept_list *list; /* a peer each, by its place in the node */
	size_t n_lists;
};

static size_t weight(const struct kept_case *k)
{
	return k->cap + ENTRY_FACTS;
}

static void unlink_case(struct node *n, struct kept_case *k)
{
	struct kept_list *l = &n->kept->list[k->peer->index];

	*(k->newer != NULL ? &k->newer->older : &l->newest) = k->older;
	*(k->older != NULL ? &k->older->newer : &l->oldest) = k->newer;
	l->facts -= weight(k);
	n->kept->facts -= weight(k);
	cy_table_remove(&n->kept->by_id, &k->entry);
}

static void drop(struct node *n, struct kept_case *k)
{
	unlink_case(n, k);
	free(k->facts);
	free(k);
}

static struct kept_case *find(const struct node *n, const char *peer, const char *case_id)
{
	struct cy_table_entry *e = cy_table_find(&n->kept->by_id, case_id);

	while (e != NULL && strcmp(CY_TABLE_OWNER(e, struct kept_case, entry)->peer->id, peer) != 0)
		e = cy_table_before(e);
	return e != NULL ? CY_TABLE_OWNER(e, struct kept_case, entry) : NULL;
}

static bool fits(const struct kept_case *k, const struct store_case *row)
{
	return k->own_number == row->own_number && k->peer_number == row->peer_number && k->messages == row->messages &&
	       k->folded.n == k->n && !row->stale;
}

bool kept_take(struct node *n, struct work_case *c)
{
	struct kept_case *k = find(n, c->row.peer, c->row.case_id);
	const bool good = k != NULL && fits(k, &c->row);

	if (k == NULL)
		return false;
	if (good) {
		c->facts = k->facts;
		c->n = k->n;
		c->cap = k->cap;
		c->kept = k->folded;
		c->answered = k->answered;
	}
	unlink_case(n, k);
	if (!good)
		free(k->facts);
	free(k);
	return good;
}

static struct kept_list *fullest(const struct kept_state *s)
{
	struct kept_list *most = &s->list[0];

	for (size_t i = 1; i < s->n_lists; i++)
		if (s->list[i].facts > most->facts)
			most = &s->list[i];
	return most;
}

static struct kept_list *list_of(struct kept_state *s, const struct peer *p)
{
	if (p->index >= s->n_lists) {
		struct kept_list *larger = realloc(s->list, (p->index + 1) * sizeof *larger);

		CY_ASSERT(larger != NULL);
		memset(larger + s->n_lists, 0, (p->index + 1 - s->n_lists) * sizeof *larger);
		s->list = larger;
		s->n_lists = p->index + 1;
	}
	return &s->list[p->index];
}

/* The strings of the row are the store's by now: the batch has the names itself. */
static void put(struct node *n, struct work_case *c)
{
	struct kept_case *k, *before = find(n, c->peer, c->case_id);
	struct peer *p = node_peer_ever(n, c->peer);
	struct kept_list *l;

	if (before != NULL)
		drop(n, before);
	if (p == NULL || (k = calloc(1, sizeof *k)) == NULL)
		return;
	if (cy_copy(k->case_id, sizeof k->case_id, c->case_id) < 0) {
		free(k);
		return;
	}
	k->peer = p;
	k->own_number = c->row.own_number;
	k->peer_number = c->row.peer_number;
	k->messages = c->row.messages;
	k->facts = c->facts;
	k->n = c->n;
	k->cap = c->cap;
	k->folded = c->kept;
	k->answered = c->answered;
	c->facts = NULL;
	c->n = c->cap = 0;
	l = list_of(n->kept, p);
	k->older = l->newest;
	*(l->newest != NULL ? &l->newest->newer : &l->oldest) = k;
	l->newest = k;
	l->facts += weight(k);
	n->kept->facts += weight(k);
	cy_table_add(&n->kept->by_id, &k->entry, k->case_id);
	while (l->facts > CY_BOUND(NODE_KEPT_OF_PEER))
		drop(n, l->oldest);
	while (n->kept->facts > CY_BOUND(NODE_KEPT_FACTS))
		drop(n, fullest(n->kept)->oldest);
}

void kept_put(struct node *n)
{
	for (struct work_case *c = n->batch.cases; c != NULL; c = c->next)
		if (c->n > 0 && !c->unkept && !c->row.damaged && !store_is_unfiled(c->case_id))
			put(n, c);
}

void kept_failed(struct node *n)
{
	if (CY_MUTANT_KEPT_OUTLIVES)
		kept_put(n);
	else
		kept_drop(n);
}

void kept_drop(struct node *n)
{
	for (size_t i = 0; i < n->kept->n_lists; i++)
		while (n->kept->list[i].oldest != NULL)
			drop(n, n->kept->list[i].oldest);
}

void kept_new(struct node *n)
{
	n->kept = calloc(1, sizeof *n->kept);
	CY_ASSERT(n->kept != NULL);
}

void kept_free(struct node *n)
{
	if (n->kept == NULL)
		return;
	kept_drop(n);
	cy_table_free(&n->kept->by_id);
	free(n->kept->list);
	free(n->kept);
	n->kept = NULL;
}

/* ------------------------------------------------------------------ for tests */

struct loaded {
	struct law_fact facts[2 * CY_CASE_MESSAGES_MAX];
	size_t n;
	bool more;
	uint32_t unread; /* the lowest number of what came and was not answered; UINT32_MAX: there is none */
};

static int load(void *arg, const struct store_message *row)
{
	struct loaded *l = arg;

	if (row->author == STORE_PEER && row->number < l->unread && store_is_unread(row))
		l->unread = row->number;
	if (row->fact.len == 0)
		return CY_OK;
	if (l->n == sizeof l->facts / sizeof l->facts[0] || law_fact_decode(row->fact, &l->facts[l->n]) < 0) {
		l->more = true;
		return CY_OK;
	}
	l->facts[l->n].voided = row->void_code != 0;
	l->facts[l->n].at_ms = row->created.ms;
	l->n++;
	return CY_OK;
}

static bool is_same(const struct kept_case *k, const struct loaded *l)
{
	struct law_kept whole;
	struct cy_digest a = law_case_digest(&k->folded.folded), b;

	law_keep(l->facts, l->n, &whole);
	b = law_case_digest(&whole.folded);
	return cy_digest_equal(&a, &b) && k->n == l->n && k->folded.n == whole.n && k->folded.voided == whole.voided &&
	       k->folded.waits == whole.waits && memcmp(&k->folded.taken, &whole.taken, sizeof whole.taken) == 0 &&
	       memcmp(k->folded.latest_ms, whole.latest_ms, sizeof whole.latest_ms) == 0;
}

bool kept_holds(struct node *n, char *ret_text, size_t size)
{
	struct store_port *s = &n->ports.store;
	struct loaded *l = malloc(sizeof *l);
	bool all = true;

	CY_ASSERT(l != NULL);
	for (size_t i = 0; i < n->kept->n_lists; i++)
		for (const struct kept_case *k = n->kept->list[i].newest; all && k != NULL; k = k->older) {
			l->n = 0;
			l->more = false;
			l->unread = UINT32_MAX;
			if (s->case_messages(s->ctx, k->peer->id, k->case_id, load, l) < 0 || l->more ||
			    (is_same(k, l) && k->answered < l->unread))
				continue;
			snprintf(ret_text, size, "what is kept of case %s is not what its messages make of it",
				 k->case_id);
			all = false;
		}
	free(l);
	return all;
}
