/* Legal years: the legal data, where each authority is, and what goes wrong in ten years. */
#include "law.h"

#include <stdlib.h>
#include <string.h>

#include "config/profile_confuse.h"
#include "config/zone_tz.h"
#include "io/calendar/calendar_ical.h"

/* The states of config/calendars, one authority of each in turn. */
static const struct node_place places[] = {
	{ "US", "America/New_York", "US" },  { "IE", "Europe/Dublin", "IE" },    { "DE", "Europe/Berlin", "DE" },
	{ "FR", "Europe/Paris", "FR" },      { "GB", "Europe/London", "GB" },    { "IT", "Europe/Rome", "IT" },
	{ "BR", "America/Sao_Paulo", "BR" }, { "NL", "Europe/Amsterdam", "NL" }, { "IN", "Asia/Kolkata", "IN" },
	{ "PT", "Europe/Lisbon", "PT" },
};
enum {
	PLACES = sizeof places / sizeof places[0]
};

/* Mean time between two of the kind at one authority, and how long each lasts at most. */
#define CRASH_MEAN     (45 * DAY)
#define OUTAGE_MEAN    (400 * DAY)
#define OUTAGE_MOST    (12 * DAY)
#define PARTITION_MEAN (300 * DAY)
#define PARTITION_MOST (10 * DAY)
#define RESET_MEAN     (100 * DAY)
#define SUSPEND_MEAN   (60 * DAY)
#define SUSPEND_MOST   (3 * DAY)
#define DRIFT_MEAN     (60 * DAY)
#define WRONG_MEAN     (300 * DAY)
#define WRONG_MOST     (3 * DAY)
#define SLIGHTLY       (25 * MINUTE) /* by so much a clock may be wrong: two of these are within an hour */
#define AGREE_EVERY    (30 * DAY)

struct law_site *law_site(const struct sim_node *s)
{
	return &s->w->law->sites[s->index];
}

const struct node_place *law_place(const struct sim_node *s)
{
	return &places[s->index % PLACES];
}

/* The last of ten has no treaty profiles: it states no start, and what others count of it rests on its receipts. */
bool law_keeps(const struct sim_node *s)
{
	return s->index % PLACES != PLACES - 1;
}

const struct law_profile *law_of_case(const struct world *w, const struct store_case *c)
{
	struct law_terms t;

	if (law_terms_decode(c->terms, &t) < 0 || t.instrument[0] == '\0')
		return NULL;
	return law_find_profile(&w->law->legal_data, t.instrument, t.version, cy_date_of_days(t.opened_ms / 86400000));
}

/* ------------------------------------------------------------------ legal data */

static void complain(const struct config_problems *p)
{
	for (size_t i = 0; i < p->n; i++)
		fprintf(stderr, "%s\n", p->list[i].text);
	abort();
}

static void load_legal_data(struct law_years *l)
{
	struct config_problems problems = { 0 };
	const struct law_zone **zones = cy_arena_take(&l->arena, PLACES * sizeof *zones);

	if (profile_load_dir("config/treaties", &l->arena, &l->legal_data.profiles, &l->legal_data.n_profiles,
			     &problems) < 0 ||
	    calendar_load_dir("config/calendars", &l->arena, &l->legal_data.calendars, &l->legal_data.n_calendars,
			      &problems) < 0)
		complain(&problems);
	for (size_t i = 0; i < PLACES; i++)
		CY_ASSERT(zone_load(NULL, places[i].zone, &l->arena, &zones[i], NULL) == CY_OK);
	l->legal_data.zones = zones;
	l->legal_data.n_zones = PLACES;
	l->legal_data.ladder = &law_ladder_default;
}

void law_new(struct world *w)
{
	struct law_years *l = calloc(1, sizeof *l);

	CY_ASSERT(l != NULL);
	w->law = l;
	load_legal_data(l);
	l->sites = calloc(w->set.nodes, sizeof *l->sites);
	CY_ASSERT(l->sites != NULL);
	l->rng = (struct cy_rng){ w->set.seed * UINT64_C(0x9e3779b97f4a7c15) + 1 };
	l->faults = (struct cy_rng){ w->set.seed * UINT64_C(0x9e3779b97f4a7c15) + 2 };
}

void law_forget(struct world *w)
{
	if (w->law == NULL)
		return;
	law_oracle_free(w);
	for (uint32_t i = 0; i < w->set.nodes; i++)
		for (struct law_job *j = w->law->sites[i].jobs, *next; j != NULL; j = next) {
			next = j->next;
			free(j->submission);
			free(j);
		}
	free(w->law->sites);
	cy_arena_free(&w->law->arena);
	free(w->law);
}

void law_configure(const struct sim_node *s, struct node_config *config, struct node_peer_config *peers)
{
	static const struct node_client_config clients[] = { { "desk", CY_ROLE__SUBMITTER, true },
							     { "operator", CY_ROLE__OPERATOR, true } };
	static const struct node_role roles[] = { { "desk_officer", "", "desk" }, { "head_of_authority", "", "head" } };

	config->place = places[s->index % PLACES];
	for (size_t i = 0; i < config->n_peers; i++)
		peers[i].place = places[(uint32_t)strtoul(peers[i].id + 1, NULL, 10) % PLACES];
	config->legal_data = law_keeps(s) ? &s->w->law->legal_data : NULL;
	config->clients = clients;
	config->n_clients = 2;
	config->roles = roles;
	config->n_roles = 2;
	config->hook = true;
	config->window = 4;
}

/* ----------------------------------------------------------------------- hooks */

struct run {
	struct sim_node *s;
	uint64_t life;
	char id[256];
};

static void on_run(struct world *w, void *arg, uint64_t fails)
{
	struct run *r = arg;

	(void)w;
	/* One that died with the daemon may have done its work, or not. */
	if (r->life == r->s->life) {
		law_hook_ran(r->s, r->id);
		node_hook_done(r->s->node, r->id, fails ? "it ended with status 1" : NULL);
	}
	free(r);
}

static int hook_run(void *ctx, const char *id, struct cy_bytes environment)
{
	struct sim_node *s = ctx;
	struct run *r = calloc(1, sizeof *r);

	(void)environment;
	CY_ASSERT(r != NULL && cy_copy(r->id, sizeof r->id, id) == CY_OK);
	r->s = s;
	r->life = s->life;
	world_at(s->w, s->w->now + world_span(&s->w->law->faults, 10 * SECOND), on_run, r,
		 cy_rng_below(&s->w->law->faults, 50) == 0);
	return CY_OK;
}

void law_ports(struct sim_node *s)
{
	s->ports.local = law_port(s);
	s->ports.hook = (struct hook_port){ s, hook_run };
}

/* ------------------------------------------------------------------- wall clocks */

void law_shown(struct sim_node *s, int64_t wall)
{
	struct law_site *site = law_site(s);

	if (!site->wrong && wall > site->trusted_wall)
		site->trusted_wall = wall;
}

static void set_clock(struct sim_node *s, int64_t offset, bool wrong)
{
	law_site(s)->wrong = wrong;
	s->w->law->counts.clocks_set++;
	sim_node_set_clock(s, offset);
}

static int64_t slightly(struct cy_rng *r)
{
	return (int64_t)cy_rng_below(r, 2 * SLIGHTLY) - SLIGHTLY;
}

static void on_confirm(struct world *w, void *arg, uint64_t life)
{
	struct sim_node *s = arg;

	if (s->life != life || s->node == NULL || law_site(s)->wrong || !law_site(s)->doubted)
		return;
	if (s->suspended_until > w->now) {
		world_at(w, s->suspended_until, on_confirm, s, life);
		return;
	}
	law_site(s)->doubted = false;
	w->law->counts.confirmed++;
	law_confirm(s);
}

void law_confirm_later(struct sim_node *s)
{
	law_site(s)->doubted = true;
	s->w->law->counts.confirmed--;
	world_at(s->w, s->w->now + MINUTE, on_confirm, s, s->life);
}

static void on_right(struct world *w, void *arg, uint64_t x)
{
	struct sim_node *s = arg;

	(void)x;
	if (!law_site(s)->wrong)
		return;
	set_clock(s, slightly(&w->law->faults), false);
	if (law_site(s)->doubted)
		world_at(w, w->now + world_span(&w->law->faults, 3 * HOUR), on_confirm, s, s->life);
}

/* A machine that starts asks the network for the time; one in twenty has an empty
 * battery and no network yet. */
void law_boots(struct sim_node *s)
{
	struct law_years *l = s->w->law;
	struct law_site *site = law_site(s);

	site->doubted = false;
	if (!s->w->healed && s->store.meta.wall_mark.ms > 0 && cy_rng_below(&l->faults, 20) == 0) {
		set_clock(s, -(int64_t)(2 * HOUR + cy_rng_below(&l->faults, 3000) * DAY), true);
		site->doubted = true;
		world_at(s->w, s->w->now + world_span(&l->faults, 6 * HOUR), on_right, s, 0);
	} else if (site->wrong) {
		set_clock(s, slightly(&l->faults), false);
	}
}

/* ------------------------------------------------------------- what goes wrong */

static struct sim_node *any(struct world *w)
{
	return &w->nodes[cy_rng_below(&w->law->faults, w->set.nodes)];
}

static int64_t at_most(struct cy_rng *r, int64_t most)
{
	return (int64_t)(1 + cy_rng_below(r, (uint64_t)most));
}

void law_gone(struct sim_node *s)
{
	struct law_site *site = law_site(s);

	site->conn = site->operator_conn = 0;
	for (struct law_job *j = site->jobs; j != NULL; j = j->next)
		j->correlation = 0;
	s->w->law->counts.crashes++;
}

int64_t law_down(struct sim_node *s)
{
	struct cy_rng *r = &s->w->law->faults;

	return cy_rng_below(r, OUTAGE_MEAN / CRASH_MEAN) == 0 ? at_most(r, OUTAGE_MOST) : world_span(r, 2 * MINUTE);
}

static void on_open(struct world *w, void *arg, uint64_t side)
{
	struct sim_pair *p = arg;

	(void)w;
	p->blocked[side] = false;
}

static void partition(struct world *w)
{
	struct sim_pair *p = w->pairs[cy_rng_below(&w->law->faults, w->n_pairs)];
	const int64_t until = w->now + at_most(&w->law->faults, PARTITION_MOST);

	for (uint64_t side = 0; side < 2; side++) {
		p->blocked[side] = true;
		world_at(w, until, on_open, p, side);
	}
	net_reset(p, "partitioned");
}

static void wrong_clock(struct world *w, struct sim_node *s)
{
	struct cy_rng *r = &w->law->faults;
	int64_t by = 2 * HOUR + at_most(r, cy_rng_below(r, 2) == 0 ? 2 * DAY : 400 * DAY);

	if (law_site(s)->wrong)
		return;
	set_clock(s, cy_rng_below(r, 2) == 0 ? by : -by, true);
	world_at(w, w->now + at_most(r, WRONG_MOST), on_right, s, 0);
}

enum trouble {
	CRASH,
	PARTITION,
	RESET,
	SUSPEND,
	DRIFT,
	WRONG,
	TROUBLES
};
static const int64_t means[TROUBLES] = { CRASH_MEAN, PARTITION_MEAN, RESET_MEAN, SUSPEND_MEAN, DRIFT_MEAN, WRONG_MEAN };

static void plan_trouble(struct world *w, enum trouble t);

static void on_trouble(struct world *w, void *arg, uint64_t t)
{
	struct sim_node *s = any(w);

	(void)arg;
	if (w->healed)
		return;
	switch ((enum trouble)t) {
	case CRASH:
		sim_node_end(s, (enum sim_end)cy_rng_below(&w->law->faults, 3), "ends");
		break;
	case PARTITION:
		partition(w);
		break;
	case RESET:
		net_reset(w->pairs[cy_rng_below(&w->law->faults, w->n_pairs)], "the connection is cut");
		break;
	case SUSPEND:
		s->suspended_until = w->now + at_most(&w->law->faults, SUSPEND_MOST);
		/* Events that were put off until then stand in the heap. */
		if (s->suspended_until > w->set.faulty)
			s->suspended_until = w->set.faulty;
		break;
	case DRIFT:
		if (!law_site(s)->wrong)
			set_clock(s, slightly(&w->law->faults), false);
		break;
	case WRONG:
		wrong_clock(w, s);
		break;
	case TROUBLES:
		break;
	}
	plan_trouble(w, (enum trouble)t);
}

static void plan_trouble(struct world *w, enum trouble t)
{
	world_at(w, w->now + world_span(&w->law->faults, means[t] / w->set.nodes), on_trouble, NULL, (uint64_t)t);
}

static void on_agree(struct world *w, void *arg, uint64_t x)
{
	law_agree(w);
	if (!w->healed)
		world_at(w, w->now + AGREE_EVERY, on_agree, arg, x);
}

void law_begin(struct world *w)
{
	for (enum trouble t = 0; t < TROUBLES; t++)
		plan_trouble(w, t);
	world_at(w, AGREE_EVERY, on_agree, NULL, 0);
	law_say_begin(w);
}

void law_heal(struct world *w)
{
	for (uint32_t i = 0; i < w->set.nodes; i++) {
		struct sim_node *s = &w->nodes[i];

		if (law_site(s)->wrong)
			set_clock(s, 0, false);
		if (law_site(s)->doubted)
			world_at(w, w->now + MINUTE, on_confirm, s, s->life);
	}
}
