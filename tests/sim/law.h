/* Legal years: authorities in ten states keep the time limits of the shipped treaties
 * for years, while their case systems are mostly late, machines crash and stay down, and
 * wall clocks are set wrong. */
#ifndef SIM_LAW_H
#define SIM_LAW_H

#include "../rig/store_mem.h"
#include "law/clock.h"
#include "law/ladder.h"
#include "law/stats.h"
#include "sim.h"

/* A case as the people on both sides know it. */
struct law_matter {
	struct sim_pair *pair;
	size_t asks; /* side of the pair */
	const struct law_profile *profile;
	char ref[24], id[CY_UUID_LEN + 1]; /* id "": not accepted yet */
	uint8_t n, type[CY_MEASURES_MAX];
	uint32_t notice, proposal; /* numbers to answer; 0: none */
	int64_t opened;            /* when the request was taken */
};

/* One thing that somebody hands in, until it is answered. */
struct law_job {
	struct law_job *next; /* of its authority, unanswered ones */
	struct sim_node *node;
	struct law_matter *matter;
	char key[24];
	uint8_t *submission; /* packed */
	size_t len;
	uint32_t *ret_number; /* NULL: nobody asks */
	uint64_t correlation; /* in flight; 0: not */
	unsigned tries;
	bool refuses;   /* what was asked, or notified */
	bool absurd;    /* it states an instant that cannot be */
	uint64_t again; /* the step, to be said as it is then */
};

/* What an authority has beside its node. */
struct law_site {
	uint64_t conn, operator_conn, correlation;
	struct law_job *jobs;
	/* The statistics that it is asked for in the end: the next question, and that without an answer; 0: none. */
	size_t question;
	uint64_t asked;
	bool counted;         /* all were answered */
	bool wrong;           /* its wall clock is, by more than the node trusts */
	bool doubted;         /* it was at the start: an operator has to confirm */
	int64_t trusted_wall; /* the highest that the node was shown while it was right */
};

struct law_years {
	struct cy_arena arena;
	struct law_data legal_data;
	struct law_site *sites;
	struct cy_rng rng, faults;
	uint64_t matters, jobs;
	void *steps, *hooks; /* tsearch(3): what was decided, what is to be run */
	struct law_counts {
		uint64_t clocks, cases, steps, lapses, hooks, hook_runs, crashes, clocks_set, confirmed, refused,
			compared, hidden, judged, linked, figures;
	} counts;
};

/* law.c */
void law_new(struct world *w);
void law_forget(struct world *w);
void law_begin(struct world *w);
void law_heal(struct world *w);
void law_configure(const struct sim_node *s, struct node_config *config, struct node_peer_config *peers);
void law_ports(struct sim_node *s); /* before its node starts */
void law_shown(struct sim_node *s, int64_t wall);
void law_gone(struct sim_node *s);    /* its process is */
int64_t law_down(struct sim_node *s); /* for how long */
void law_boots(struct sim_node *s);   /* its machine sets the wall clock */
struct law_site *law_site(const struct sim_node *s);
const struct node_place *law_place(const struct sim_node *s);
bool law_keeps(const struct sim_node *s); /* has it treaty profiles, and so time limits? */
const struct law_profile *law_of_case(const struct world *w, const struct store_case *c);

/* law_say.c: what the people do */
void law_say_begin(struct world *w);
void law_say_again(const struct law_job *j); /* rightly this time */
/* law_desk.c: how they hand it in */
struct local_port law_port(struct sim_node *s);
void law_confirm(struct sim_node *s);
void law_confirm_later(struct sim_node *s); /* the store could not commit that now */
/* Takes `content` over. `as`: what else is known of the job. */
void law_hand_in(struct sim_node *s, struct law_matter *m, bool opens, CyContent *content, const struct law_job *as);

void law_ask_figures(struct world *w, void *node, uint64_t x); /* and then the next ones, until site->counted */

/* law_oracle.c: what must hold */
void law_commit(struct sim_node *s, const struct store_writeset *w); /* it is durable now */
void law_hook_ran(struct sim_node *s, const char *id);
void law_agree(struct world *w); /* wherever nothing is in flight */
void law_drained(struct world *w, char *why, size_t size);
void law_final(struct world *w);
/* law_scenes.c: a case as it stood after each message that took effect. By measure, from 1. */
#define LAW_SCENE_OPEN 16
struct law_scene {
	const struct law_fact *f;
	bool on[CY_MEASURES_MAX + 1]; /* the measures that it is about */
	bool over[CY_MEASURES_MAX + 1], decided[CY_MEASURES_MAX + 1], given[CY_MEASURES_MAX + 1],
		postponed[CY_MEASURES_MAX + 1];
	uint8_t outcome[CY_MEASURES_MAX + 1], ground[CY_MEASURES_MAX + 1];
	/* Notices and proposals without an answer, and the open measures that they are about. */
	struct law_asked {
		uint32_t number;
		bool proposal, about[CY_MEASURES_MAX + 1];
	} open[LAW_SCENE_OPEN];
	size_t n_open;
};
struct law_scenes {
	struct law_fact *facts;
	struct law_scene *scene;
	size_t n;
	unsigned measures; /* of the request */
	int64_t opened;
};
void law_scenes_begin(struct law_scenes *a, const struct mem_case *c);
void law_scenes_end(struct law_scenes *a);
/* The instant that counts of what a message states. */
int64_t law_scene_happened(const struct law_scenes *a, const struct law_fact *f);

/* law_walk.c: days, from one to the next. `pauses`: past so many of them; `first`: past those from this one. */
#define LAW_WALK_PAUSES 64
struct law_walk {
	const struct law_zone *zone;
	const struct law_calendar *calendar;
	struct {
		int64_t from, until;
	} pause[LAW_WALK_PAUSES];
	size_t n_pauses;
	bool unsure; /* two working days after a pause: not known here */
};
int64_t law_walk_day(const struct law_walk *k, int64_t ms);  /* that an instant lies in */
int64_t law_walk_end(const struct law_walk *k, int64_t day); /* its last instant */
/* The last day of a period of days or weeks. */
int64_t law_walk_last(struct law_walk *k, int64_t start, const struct law_period *p, const struct law_rule *r,
		      size_t pauses);
/* A date that stands, and the time since by which it was held up; a number of hours. */
int64_t law_walk_dated(const struct law_walk *k, int64_t end, const struct law_rule *r, size_t first);
int64_t law_walk_hours(const struct law_walk *k, int64_t end, size_t first);

/* law_judge.c: the clocks of a case that all is known of, by its messages alone. Calls `fn` for each. */
struct law_verdict {
	const struct law_clock_rule *rule;
	uint8_t measure;
	uint32_t notice;
	bool unsure; /* this judge cannot count when it is due */
	enum law_clock_state state;
	int64_t start, due, ended, excused; /* 0: none */
};
void law_verdicts(const struct sim_node *s, const struct mem_case *c, const struct law_scenes *a,
		  void (*fn)(void *arg, const struct law_verdict *v), void *arg);
void law_judge(struct world *w, const struct sim_node *s, const struct mem_case *c);
/* law_figures.c: question `no`; false: there are no more. And what was answered to it. */
bool law_figures_ask(struct sim_node *s, size_t no, CyGetStatistics *ret);
bool law_figures_unknown(const struct sim_node *s,
			 size_t no); /* it has no case under the instrument that is asked for */
void law_figures_answered(struct sim_node *s, size_t no, const CyStatistics *v);
void law_publish(struct world *w);     /* law_publish.c: nobody is given away */
void law_restored(struct sim_node *s); /* its store knows no more what was decided after the backup */
void law_oracle_free(struct world *w);

#endif
