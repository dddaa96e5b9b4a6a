/* What must hold in the legal years: no step twice, none early, every start stated as it
 * was, every command run, and both sides with the same clocks. */
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "law.h"

/* As far as a clock that a node trusts may be wrong. */
#define TRUSTED HOUR

struct decided {
	const struct sim_node *s;
	const char *id;
	uint64_t runs;
	size_t at; /* length of the store's list then */
};

static int by_id(const void *x, const void *y)
{
	const struct decided *a = x, *b = y;

	if (a->s != b->s)
		return a->s->index < b->s->index ? -1 : 1;
	return strcmp(a->id, b->id);
}

static struct decided *find(void *const *root, const struct sim_node *s, const char *id)
{
	const struct decided key = { .s = s, .id = id };
	void **at = tfind(&key, root, by_id);

	return at != NULL ? *at : NULL;
}

/* False: it is there already. */
static bool add(void **root, const struct sim_node *s, const char *id)
{
	struct decided *e;

	if (find(root, s, id) != NULL)
		return false;
	e = cy_arena_take(&s->w->law->arena, sizeof *e);
	e->s = s;
	e->id = cy_arena_string(&s->w->law->arena, id);
	e->at = s->store.n_log;
	CY_ASSERT(tsearch(e, root, by_id) != NULL);
	return true;
}

static void no_free(void *row)
{
	(void)row; /* in the arena */
}

void law_oracle_free(struct world *w)
{
	tdestroy(w->law->steps, no_free);
	tdestroy(w->law->hooks, no_free);
}

struct forgetting {
	const struct sim_node *s;
	struct decided **at;
	size_t n, cap;
};

static void collect_later(const void *node, VISIT visit, void *arg)
{
	struct decided *e = *(struct decided *const *)node;
	struct forgetting *f = arg;

	if ((visit != postorder && visit != leaf) || e->s != f->s || e->at <= f->s->backup)
		return;
	/* A start that it had stated comes back from the other side, as it was stated then. */
	if (strncmp(e->id, "start ", 6) == 0)
		return;
	if (f->n == f->cap) {
		f->cap = f->cap > 0 ? 2 * f->cap : 64;
		f->at = realloc(f->at, f->cap * sizeof(*f->at));
		CY_ASSERT(f->at != NULL);
	}
	f->at[f->n++] = e;
}

/* It is for the authority to decide it anew: nobody else knows that it was decided. */
void law_restored(struct sim_node *s)
{
	void **roots[] = { &s->w->law->steps, &s->w->law->hooks };

	for (size_t k = 0; k < sizeof roots / sizeof roots[0]; k++) {
		struct forgetting f = { .s = s };

		twalk_r(*roots[k], collect_later, &f);
		for (size_t i = 0; i < f.n; i++)
			tdelete(f.at[i], roots[k], by_id);
		free(f.at);
	}
}

/* ------------------------------------------------------------------- each step */

static const struct law_clock_rule *rule_of(const struct law_profile *p, const char *name)
{
	for (size_t i = 0; p != NULL && i < p->n_clocks; i++)
		if (strcmp(p->clocks[i].name, name) == 0)
			return &p->clocks[i];
	return NULL;
}

static const struct law_ladder *ladder_of(struct sim_node *s, const struct store_clock *row)
{
	const struct mem_case *c = mem_store_case(&s->store, row->peer, row->case_id);
	const struct law_profile *p = c != NULL ? law_of_case(s->w, &c->row) : NULL;
	const struct law_clock_rule *rule = rule_of(p, row->name);

	return rule != NULL ? law_ladder_of(&s->w->law->legal_data, p, rule) : NULL;
}

/* The clock in this commit that the step's id names. */
static const struct store_clock *clock_of(const struct store_writeset *w, const char *id, const char **ret_step)
{
	for (const struct store_write *x = w->first; x != NULL; x = x->next) {
		const struct store_clock *k = &x->clock;
		char start[256];
		int n;

		if (x->op != STORE_PUT_CLOCK)
			continue;
		n = snprintf(start, sizeof start, "%s/%s/%s/%u/%u/%u/", k->peer, k->case_id, k->name, k->measure,
			     k->notice, k->round);
		if (strncmp(id, start, (size_t)n) != 0)
			continue;
		*ret_step = id + n;
		return k;
	}
	return NULL;
}

static void not_early(struct sim_node *s, const char *id, int64_t at)
{
	struct world *w = s->w;
	const int64_t now = START_MS + w->now;

	if (at > law_site(s)->trusted_wall)
		world_fail(w, "%s: step %s was decided %lld ms before its own clock came to it", s->id, id,
			   (long long)(at - law_site(s)->trusted_wall));
	if (at > now + TRUSTED)
		world_fail(w, "%s: step %s was decided %lld min early", s->id, id, (long long)((at - now) / MINUTE));
}

static void step(struct sim_node *s, const struct store_writeset *w, const char *id)
{
	const char *name = "";
	const struct store_clock *k = clock_of(w, id, &name);
	const struct law_ladder *l = k != NULL ? ladder_of(s, k) : NULL;
	size_t i = 0;

	s->w->law->counts.steps++;
	if (!add(&s->w->law->steps, s, id))
		world_fail(s->w, "%s: step %s was decided twice", s->id, id);
	while (l != NULL && i < l->n && strcmp(l->rungs[i].name, name) != 0)
		i++;
	if (l == NULL || i == l->n)
		world_fail(s->w, "%s: step %s belongs to no clock of its commit", s->id, id);
	else
		not_early(s, id, law_rung_at(&l->rungs[i], k->start, k->due).ms);
}

static void lapse(struct sim_node *s, const struct store_writeset *w, const char *text)
{
	s->w->law->counts.lapses++;
	if (!add(&s->w->law->steps, s, text))
		world_fail(s->w, "%s: '%s' is said twice", s->id, text);
	for (const struct store_write *x = w->first; x != NULL; x = x->next)
		if (x->op == STORE_PUT_CLOCK && x->clock.lapsed.ms == x->clock.due.ms && x->clock.due.ms > 0 &&
		    strstr(text, x->clock.case_id) != NULL && strstr(text, x->clock.name) != NULL)
			not_early(s, text, x->clock.due.ms + 1);
}

/* A receipt is now, give or take what a trusted clock may be wrong. One that was wrong at
 * the start of the daemon does not know how long the machine was down. */
static void stated(struct sim_node *s, const struct store_clock *k)
{
	const struct mem_case *c = mem_store_case(&s->store, k->peer, k->case_id);
	const struct law_clock_rule *rule = rule_of(law_of_case(s->w, &c->row), k->name);
	const int64_t off = k->stated_start.ms - START_MS - s->w->now;
	char key[256];

	if (rule == NULL || !k->ours || k->start_by == 0 ||
	    (rule->start != LAW_START_RECEIVED && rule->start != LAW_START_CLARIFICATION))
		return;
	snprintf(key, sizeof key, "start %s/%s/%s/%u/%u", k->peer, k->case_id, k->name, k->measure, k->notice);
	if (add(&s->w->law->steps, s, key) && !law_site(s)->doubted && (off > TRUSTED || off < -TRUSTED))
		world_fail(s->w, "%s: the start of %s is stated %lld h from when it was", s->id, key,
			   (long long)(off / HOUR));
}

static void look_at_leaf(struct sim_node *s, const struct store_writeset *w, struct cy_bytes data)
{
	char text[513];

	CY_ASSERT(data.len < sizeof text);
	memcpy(text, data.data, data.len);
	text[data.len] = '\0';
	if (strncmp(text, "step ", 5) == 0)
		step(s, w, text + 5);
	else if (strncmp(text, "lapsed ", 7) == 0)
		lapse(s, w, text);
}

void law_commit(struct sim_node *s, const struct store_writeset *w)
{
	for (const struct store_write *x = w->first; x != NULL; x = x->next) {
		if (x->op == STORE_PUT_LEAF) {
			look_at_leaf(s, w, x->leaf.data);
		} else if (x->op == STORE_PUT_CLOCK) {
			stated(s, &x->clock);
		} else if (x->op == STORE_PUT_HOOK) {
			s->w->law->counts.hooks++;
			if (!add(&s->w->law->hooks, s, x->hook.id))
				world_fail(s->w, "%s: hook %s is to be run twice", s->id, x->hook.id);
		}
	}
}

void law_hook_ran(struct sim_node *s, const char *id)
{
	struct decided *e = find(&s->w->law->hooks, s, id);

	s->w->law->counts.hook_runs++;
	if (e == NULL)
		world_fail(s->w, "%s: hook %s runs, and its step is not on the disk", s->id, id);
	else
		e->runs++;
}

/* ------------------------------------------------------------------- agreement */

static const struct store_clock *same_there(const struct mem_case *c, const struct store_clock *k)
{
	for (const struct mem_clock *o = c->clocks; o != NULL; o = o->next)
		if (o->row.measure == k->measure && o->row.notice == k->notice && strcmp(o->row.name, k->name) == 0)
			return &o->row;
	return NULL;
}

static void case_agrees(struct world *w, struct sim_node *a, struct sim_node *b, const struct mem_case *c)
{
	const struct mem_case *there = mem_store_case(&b->store, a->id, c->row.case_id);

	if (!law_keeps(a) || !law_keeps(b))
		return;
	for (const struct mem_clock *k = c->clocks; k != NULL; k = k->next) {
		const struct store_clock *o = there != NULL ? same_there(there, &k->row) : NULL;

		w->law->counts.compared++;
		/* It never was owed: what started it was overtaken. The other side may not have known it. */
		if (k->row.state == LAW_CLOCK_CEASED && k->row.ended.ms == 0 &&
		    (o == NULL || (o->state == LAW_CLOCK_CEASED && o->ended.ms == 0)))
			continue;
		if (o == NULL)
			world_fail(w, "%s has clock %s of case %s, measure %u, %s has not", a->id, k->row.name,
				   c->row.case_id, k->row.measure, b->id);
		else if (o->state != k->row.state || o->start.ms != k->row.start.ms || o->due.ms != k->row.due.ms ||
			 o->ended.ms != k->row.ended.ms || o->ours == k->row.ours)
			world_fail(
				w,
				"clock %s of case %s, measure %u, is %s from %lld to %lld at %s, and %s from %lld to "
				"%lld at %s",
				k->row.name, c->row.case_id, k->row.measure,
				law_clock_state_name((enum law_clock_state)k->row.state), (long long)k->row.start.ms,
				(long long)k->row.due.ms, a->id, law_clock_state_name((enum law_clock_state)o->state),
				(long long)o->start.ms, (long long)o->due.ms, b->id);
		if (k->row.difference[0] != '\0')
			world_fail(w, "%s: case %s, clock %s: %s", a->id, c->row.case_id, k->row.name,
				   k->row.difference);
	}
}

static bool quiet(struct sim_node *a, struct sim_node *b)
{
	const struct mem_peer *p = mem_store_peer(&a->store, b->id);

	/* Since a restore it has not been found out, or not fetched back, what was lost. */
	for (size_t i = 0; i < a->n_pairs; i++)
		if (a->pairs[i]->side[a->pairs[i]->side[0] == a] == b && a->unsure[i])
			return false;
	if (p->stream.reconciling)
		return false;
	for (size_t i = 0; i < p->n_open; i++)
		if (p->open[i]->row.transport <= STORE_TRANSMITTED)
			return false;
	return true;
}

void law_agree(struct world *w)
{
	for (size_t i = 0; i < w->n_pairs && w->failure[0] == '\0'; i++)
		for (size_t side = 0; side < 2; side++) {
			struct sim_node *a = w->pairs[i]->side[side], *b = w->pairs[i]->side[1 - side];

			if (!quiet(a, b) || !quiet(b, a))
				continue;
			for (struct mem_case *c = a->store.first_case; c != NULL; c = c->next)
				if (strcmp(c->row.peer, b->id) == 0 && c->row.case_id[0] != '\0') {
					case_agrees(w, a, b, c);
					law_judge(w, a, c);
				}
		}
}

/* --------------------------------------------------------------------- the end */

/* Once all else is drained each is asked, all at a time. */
static void figures_drained(struct world *w, char *why, size_t size)
{
	for (uint32_t i = 0; i < w->set.nodes; i++) {
		struct sim_node *s = &w->nodes[i];
		struct law_site *site = law_site(s);

		if (site->counted)
			continue;
		if (site->question == 0 && site->asked == 0)
			law_ask_figures(w, s, 0);
		snprintf(why, size, "%s: its statistics are not answered", s->id);
	}
}

void law_drained(struct world *w, char *why, size_t size)
{
	for (uint32_t i = 0; i < w->set.nodes && why[0] == '\0'; i++) {
		const struct sim_node *s = &w->nodes[i];
		const int64_t wall = START_MS + w->now + s->wall_offset;

		if (law_site(s)->jobs != NULL)
			snprintf(why, size, "%s: %s for %s is not answered", s->id, law_site(s)->jobs->key,
				 law_site(s)->jobs->matter->ref);
		else if (s->store.hooks != NULL)
			snprintf(why, size, "%s: hook %s was not run", s->id, s->store.hooks->id);
		for (size_t k = 0; k < s->store.n_clocks && why[0] == '\0'; k++) {
			const struct store_clock *row = &s->store.clocks[k]->row;

			if (row->next.ms > 0 && row->next.ms < wall - MINUTE)
				snprintf(why, size, "%s: clock %s of case %s waits for a step %lld min overdue", s->id,
					 row->name, row->case_id, (long long)((wall - row->next.ms) / MINUTE));
		}
	}
	figures_drained(w, why, size);
}

static void hook_was_run(const void *node, VISIT visit, void *arg)
{
	const struct decided *e = *(struct decided *const *)node;

	if ((visit == postorder || visit == leaf) && e->runs == 0)
		world_fail(arg, "%s: hook %s was never run", e->s->id, e->id);
}

void law_final(struct world *w)
{
	law_agree(w);
	law_publish(w);
	twalk_r(w->law->hooks, hook_was_run, w);
	for (uint32_t i = 0; i < w->set.nodes; i++)
		for (struct mem_case *c = w->nodes[i].store.first_case; c != NULL; c = c->next) {
			w->law->counts.cases += c->row.side == CY_SIDE__REQUESTING;
			for (const struct mem_clock *k = c->clocks; k != NULL; k = k->next)
				w->law->counts.clocks += c->row.side == CY_SIDE__REQUESTING;
		}
}
