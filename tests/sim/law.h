/* Legal years: authorities in ten states keep the time limits of the shipped treaties
 * for years, while their case systems are mostly late, machines crash and stay down, and
 * wall clocks are set wrong. */
#ifndef SIM_LAW_H
#define SIM_LAW_H

#include "law/clock.h"
#include "law/ladder.h"
#include "sim.h"
#include "store_mem.h"

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
	bool absurd;    /* it states an instant that cannot be */
	uint64_t again; /* the step, to be said as it is then */
};

/* What an authority has beside its node. */
struct law_site {
	uint64_t conn, operator_conn, correlation;
	struct law_job *jobs;
	bool wrong;           /* its wall clock is, by more than the node trusts */
	bool doubted;         /* it was at the start: an operator has to confirm */
	int64_t trusted_wall; /* the highest that the node was shown while it was right */
};

struct law_years {
	struct cy_arena arena;
	struct law_books books;
	struct law_site *sites;
	struct cy_rng rng, faults;
	uint64_t matters, jobs;
	void *steps, *hooks; /* tsearch(3): what was decided, what is to be run */
	struct law_counts {
		uint64_t clocks, cases, steps, lapses, hooks, hook_runs, crashes, clocks_set, confirmed, refused,
			compared, hidden, judged, linked;
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
const struct law_profile *law_of_case(const struct world *w, const struct store_case *c);

/* law_say.c: what the people do */
void law_say_begin(struct world *w);
void law_say_again(const struct law_job *j); /* rightly this time */
/* law_desk.c: how they hand it in */
struct local_port law_port(struct sim_node *s);
void law_confirm(struct sim_node *s);
/* Takes `content` over. `as`: what else is known of the job. */
void law_hand_in(struct sim_node *s, struct law_matter *m, bool opens, CyContent *content, const struct law_job *as);

/* law_oracle.c: what must hold */
void law_commit(struct sim_node *s, const struct store_writeset *w); /* it is durable now */
void law_hook_ran(struct sim_node *s, const char *id);
void law_agree(struct world *w); /* wherever nothing is in flight */
void law_drained(struct world *w, char *why, size_t size);
void law_final(struct world *w);
/* law_judge.c: the clocks of a case that all is known of */
void law_judge(struct world *w, const struct sim_node *s, const struct sim_node *peer, const struct mem_case *c);
void law_publish(struct world *w);     /* law_publish.c: nobody is given away */
void law_restored(struct sim_node *s); /* its store knows no more what was decided after the backup */
void law_oracle_free(struct world *w);

#endif
