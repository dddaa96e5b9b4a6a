/* Damaged rows: for a while, through restarts, the facts of one case of an authority cannot be read, or its
 * key, under which titles and contents are stored. Whatever does not need that goes on as ever, and what is
 * damaged is told; once it is repaired, both sides come to the same. With the store in memory only. */
#include <string.h>

#include "sim.h"

static struct sim_node *node_of(void *ctx)
{
	return (struct sim_node *)((char *)ctx - offsetof(struct sim_node, store));
}

static bool hits(void *ctx, enum sim_damage_kind kind, const char *peer, const char *case_id)
{
	const struct sim_damage *d = &node_of(ctx)->damage;

	return d->on && d->kind == kind && strcmp(d->peer, peer) == 0 && strcmp(d->case_id, case_id) == 0;
}

/* A read whose rows are looked at on their way. */
struct seeing {
	void *ctx, *arg;
	store_case_fn *on_case;
	store_message_fn *on_message;
};

static int see_case(void *arg, const struct store_case *row)
{
	const struct seeing *s = arg;
	struct store_case c = *row;

	if (hits(s->ctx, DAMAGE_KEY, row->peer, row->case_id)) {
		c.damaged = true;
		c.title = "";
	}
	return s->on_case(s->arg, &c);
}

static int see_message(void *arg, const struct store_message *row)
{
	const struct seeing *s = arg;
	struct store_message m = *row;

	if (hits(s->ctx, DAMAGE_KEY, row->peer, row->case_id)) {
		m.damaged = true;
		m.content = cy_bytes(NULL, 0);
	}
	return s->on_message(s->arg, &m);
}

static int get_case(void *ctx, const char *peer, const char *case_id, store_case_fn *fn, void *arg)
{
	struct seeing s = { .ctx = ctx, .arg = arg, .on_case = fn };

	node_of(ctx)->damage.touched |= hits(ctx, DAMAGE_KEY, peer, case_id);
	return node_of(ctx)->damage.whole.get_case(ctx, peer, case_id, see_case, &s);
}

static int find_case(void *ctx, struct store_view view, const char *ref, store_case_fn *fn, void *arg)
{
	struct seeing s = { .ctx = ctx, .arg = arg, .on_case = fn };

	return node_of(ctx)->damage.whole.find_case(ctx, view, ref, see_case, &s);
}

static int list_cases(void *ctx, struct store_view view, const char *peer, bool open_only, const char *after,
		      uint32_t limit, store_case_fn *fn, void *arg)
{
	struct seeing s = { .ctx = ctx, .arg = arg, .on_case = fn };

	return node_of(ctx)->damage.whole.list_cases(ctx, view, peer, open_only, after, limit, see_case, &s);
}

static int get_message(void *ctx, const char *id, store_message_fn *fn, void *arg)
{
	struct seeing s = { .ctx = ctx, .arg = arg, .on_message = fn };

	return node_of(ctx)->damage.whole.get_message(ctx, id, see_message, &s);
}

static int waiting(void *ctx, const char *peer, uint32_t limit, store_message_fn *fn, void *arg)
{
	struct seeing s = { .ctx = ctx, .arg = arg, .on_message = fn };

	return node_of(ctx)->damage.whole.waiting(ctx, peer, limit, see_message, &s);
}

static int case_messages(void *ctx, const char *peer, const char *case_id, store_message_fn *fn, void *arg)
{
	if (!hits(ctx, DAMAGE_FACTS, peer, case_id))
		return node_of(ctx)->damage.whole.case_messages(ctx, peer, case_id, fn, arg);
	node_of(ctx)->damage.touched = true;
	return CY_EDAMAGED;
}

void damage_ports(struct sim_node *s)
{
	if (s->disk != NULL || s->w->set.level[FAULT_DAMAGE] == 0)
		return;
	s->damage.whole = s->ports.store;
	s->ports.store.get_case = get_case;
	s->ports.store.find_case = find_case;
	s->ports.store.list_cases = list_cases;
	s->ports.store.get_message = get_message;
	s->ports.store.waiting = waiting;
	s->ports.store.case_messages = case_messages;
	s->damage.touched = s->damage.told = false;
}

void damage_told(struct sim_node *s, const char *text)
{
	if (s->damage.on && strstr(text, "damaged") != NULL && strstr(text, s->damage.case_id) != NULL)
		s->damage.told = true;
}

static void repair(struct sim_node *s)
{
	if (!s->damage.on)
		return;
	world_say(s->w, "%s: case %s is repaired", s->id, s->damage.case_id);
	s->damage.on = false;
	sim_node_end(s, SIM_ORDERLY, "is stopped in order");
}

static void on_repair(struct world *w, void *arg, uint64_t serial)
{
	struct sim_node *s = arg;

	if (!w->healed && s->damage.serial == serial)
		repair(s);
}

void damage_strike(struct sim_node *s, struct cy_rng *r)
{
	const struct mem_case *c = s->store.first_case;

	for (uint64_t skip = s->store.n_cases > 0 ? cy_rng_below(r, s->store.n_cases) : 0; c != NULL && skip > 0;
	     skip--)
		c = c->next;
	if (c == NULL || c->row.case_id[0] == '\0' || s->disk != NULL || s->damage.on)
		return;
	s->damage.on = s->damage.ever = true;
	s->damage.kind = (enum sim_damage_kind)cy_rng_below(r, DAMAGES);
	s->damage.touched = s->damage.told = false;
	snprintf(s->damage.peer, sizeof s->damage.peer, "%s", c->row.peer);
	snprintf(s->damage.case_id, sizeof s->damage.case_id, "%s", c->row.case_id);
	world_say(s->w, "%s: the %s of case %s with %s is damaged", s->id,
		  s->damage.kind == DAMAGE_KEY ? "key" : "facts", c->row.case_id, c->row.peer);
	if (cy_rng_below(r, 2) == 0)
		sim_node_end(s, SIM_ORDERLY, "is stopped in order");
	if (cy_rng_below(r, 2) == 0)
		world_at(s->w, s->w->now + world_span(r, 4 * HOUR), on_repair, s, ++s->damage.serial);
}

void damage_gone(struct sim_node *s)
{
	s->damage.on = false;
	s->damage.serial++;
}

bool damage_holds_up(const struct sim_node *s, const char *peer)
{
	return s->damage.on && s->damage.kind == DAMAGE_KEY && strcmp(s->damage.peer, peer) == 0;
}

bool damage_excuses(const struct sim_node *s, const char *peer, const char *case_id)
{
	const struct sim_damage *d = &s->damage;

	return damage_holds_up(s, peer) || (d->on && strcmp(d->peer, peer) == 0 && strcmp(d->case_id, case_id) == 0);
}

bool damage_repair(struct world *w)
{
	bool any = false;

	for (uint32_t i = 0; i < w->set.nodes; i++) {
		struct sim_node *s = &w->nodes[i];

		if (s->damage.on && s->damage.touched && !s->damage.told)
			world_fail(w, "%s met what is damaged in case %s, and told nobody", s->id, s->damage.case_id);
		any = any || s->damage.on;
		repair(s);
	}
	return any;
}
