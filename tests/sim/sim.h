/* The simulator: many authorities in one process, each the real node with a
 * simulated clock, network, disk, signer and case systems (tests/sim/README.md).
 *
 * One heap of events, ordered by due time and seeded priority; one seed, split
 * into streams, so that switching one kind of fault off leaves the others'
 * draws as they were. */
#ifndef SIM_H
#define SIM_H

#include <stdio.h>

#include "../rig/rig.h"
#include "../rig/store_mem.h"
#include "../rig/store_mem_orders.h"
#include "../rig/vfs_crash.h"
#include "base/rng.h"
#include "comity/v1/local.pb-c.h"
#include "comity/v1/peer.pb-c.h"
#include "node/node.h"

#define SECOND INT64_C(1000)
#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)

/* ---------------------------------------------------------------- settings */

/* What can go wrong. X(NAME, what it does) */
#define SIM_FAULTS(X)                                                                        \
	X(LATENCY, "frames take up to half a minute")                                        \
	X(LOSS, "frames are lost, and their session some time later")                        \
	X(DUPLICATE, "frames arrive twice")                                                  \
	X(REORDER, "frames overtake each other")                                             \
	X(FLIP, "a bit of a frame is flipped")                                               \
	X(TRUNCATE, "a frame is cut short")                                                  \
	X(RESET, "sessions are cut, each side learns of it at another time")                 \
	X(PARTITION, "two authorities cannot reach each other")                              \
	X(ONE_WAY, "one direction between two authorities is dead")                          \
	X(CLOG, "one direction takes nothing for a while")                                   \
	X(CRASH, "an authority crashes and restarts")                                        \
	X(CRASH_COMMIT, "an authority crashes between a commit and what follows")            \
	X(COMMIT_FAILS, "a commit fails")                                                    \
	X(READ_FAILS, "a store cannot be read for a while")                                  \
	X(SLOW_DISK, "a commit takes up to ten seconds")                                     \
	X(SIGN_FAILS, "a signature cannot be made")                                          \
	X(SLOW_TOKEN, "a signature takes up to ten seconds")                                 \
	X(RESTORE, "an authority is restored from an older backup")                          \
	X(DRIFT, "clocks run at other speeds")                                               \
	X(CLOCK_STEP, "a wall clock is set by up to two days")                               \
	X(SUSPEND, "a machine is suspended for a while")                                     \
	X(DESK_CRASH, "a case system crashes and repeats what it is not sure of")            \
	X(DESK_STALL, "a case system does not read for a while")                             \
	X(REPEAT, "a case system repeats what was answered")                                 \
	X(EXPIRY, "messages are undeliverable after two days instead of thirty")             \
	X(RECONFIGURE, "a configuration leaves a peer out for a while, with another window") \
	X(EVIDENCE, "there is evidence: it is handed over, fetched, held, and destroyed")    \
	X(BULK_RESET, "sessions of the bulk lane are cut")                                   \
	X(BULK_LIES, "a peer asks for evidence that was not offered to it")                  \
	X(BLOB_FAILS, "files of evidence cannot be read or written")                         \
	X(BLOB_SLOW, "files of evidence take up to half a minute, or take nothing")          \
	X(BLOB_FULL, "the disk of evidence is full for a while")                             \
	X(BLOB_ROT, "the disk changes, cuts off or loses evidence")                          \
	X(RELAY, "somebody who passes as the other side to each hands everything on")        \
	X(CERTIFICATES, "signing certificates expire, are revoked, and renewed late")        \
	X(CLOCK_LEAP, "a wall clock is wrong by seven years for some seconds")               \
	X(SMALL, "pages, windows and the room in a case are of a few rows")                  \
	X(DISASTER, "restores are of older backups, of both sides, and again soon after")    \
	X(PROGRAMS, "other programs of the clients ask for much at once, and go away")       \
	X(QUOTAS, "evidence is held back by quotas, and sent at a limited rate")             \
	X(DAMAGE, "what is stored of a case is damaged for a while")                         \
	X(ERASE, "administrators have the content of cases erased")

enum sim_fault {
#define SIM_X(name, what) FAULT_##name,
	SIM_FAULTS(SIM_X)
#undef SIM_X
	FAULTS
};
extern const char *const sim_fault_name[FAULTS], *const sim_fault_what[FAULTS];

enum sim_backend {
	SIM_MEMORY,
	SIM_SQLITE
};

/* All that a run depends on. */
struct sim_settings {
	uint64_t seed;
	uint32_t nodes;
	int64_t faulty;        /* ms of simulated time with faults; then all is healed */
	int64_t pause;         /* mean ms between two things that a case system does */
	uint8_t level[FAULTS]; /* 0 off .. 3 extreme */
	enum sim_backend backend;
	/* The sweep: the first authority loses power at this write or sync of its disk,
	 * and again at that one of the recovery (0: never). */
	uint64_t cut, cut_again;
	bool sweep;
	bool law;              /* legal years (law.h) */
	uint32_t restore_rate; /* so many times as often as the seed says is a store restored */
};

/* What a seed decides. */
void sim_settings_of(uint64_t seed, struct sim_settings *ret);

/* Ten years of 100 authorities, unless others are asked for (0: not), with mild faults. */
void sim_settings_law(struct sim_settings *set, uint32_t nodes, int64_t days);

/* ------------------------------------------------------------------- world */

struct world;
struct sim_node;
typedef void sim_fn(struct world *w, void *arg, uint64_t x);

struct sim_event {
	int64_t due;
	uint32_t priority;
	uint64_t serial;
	sim_fn *fn;
	void *arg;
	uint64_t x;
};

/* Encoded bytes on their way, first in first out. */
struct sim_chunk {
	struct sim_chunk *next;
	size_t len;
	bool fin; /* the sender has closed */
	uint8_t data[];
};
struct sim_pipe {
	struct sim_chunk *first, **last;
	size_t n, bytes;
	int64_t last_due;
};

/* One connection between two authorities, as the link layer gives it to them. */
struct sim_session {
	struct sim_session *next;
	uint64_t id;
	struct sim_pair *pair;
	bool up[2];     /* the node of this side has been told, and not of its end */
	bool closed[2]; /* this side sends and takes nothing more */
	bool full[2];   /* this side was told to wait */
	bool proven[2]; /* the node of this side takes it for the other's */
	bool relayed;   /* nobody may take it for the other's */
	bool doomed;    /* something was lost: it ends before long */
	bool over;
	int64_t greeted;       /* a side has the other's State; 0: not yet */
	uint64_t parcels[2];   /* that a side has sent */
	struct sim_pipe to[2]; /* towards side 0 and 1 */
};

/* A frame of the bulk lane on its way. */
struct sim_bulk_frame {
	struct sim_bulk_frame *next;
	struct blob_bytes data;
	bool fin;
};

/* A pull as its frames tell it. */
struct sim_asked {
	uint32_t id;
	struct cy_digest sha256;
	bool offered;           /* when it was asked for, the row said so */
	bool open;              /* neither cancelled nor refused */
	uint64_t granted, came; /* chunks */
};

/* Which chunks of a content a peer has sent, a bit each, since the world began. */
struct sim_came {
	const struct sim_node *from;
	struct cy_digest sha256;
	uint32_t chunks;
};

/* A session of the bulk lane. */
struct sim_bulk {
	struct sim_bulk *next;
	uint64_t id;
	struct sim_pair *pair;
	bool up[2], closed[2], full[2], relayed, doomed, over;
	int64_t greeted; /* a side has proved the other; 0: not yet */
	struct {
		struct sim_bulk_frame *first, **last;
		size_t n;
		int64_t last_due;
	} to[2];
	/* Pulls by each side: as it has sent them, as they arrived at the other one. */
	struct sim_asked *asked[2];
	size_t n_asked[2], cap_asked[2];
	struct sim_asked *heard[2];
	size_t n_heard[2], cap_heard[2];
};

/* Two authorities that exchange. */
struct sim_pair {
	struct world *w;
	struct sim_node *side[2];
	struct sim_session *session; /* those that are not over, the newest first */
	struct sim_session *old;     /* over; events may still point to them */
	bool blocked[2];             /* towards side 0 or 1 nothing gets through */
	int64_t clogged_until[2];
	int64_t backoff; /* it starts anew once a session has lasted */
	bool dialling;
	struct sim_bulk *bulk, *bulk_old; /* as with sessions for messages */
	bool bulk_wanted[2], bulk_dialling;
	int64_t bulk_backoff;
};

/* Content of evidence: patterns, and bytes of its own. */
#define SIM_CHUNKS_MAX 8
#define SIM_LEVELS_MAX 5
#define SIM_OWN_MAX    200
struct sim_content {
	struct blob_id id;
	size_t first, full; /* patterns */
	uint8_t own[SIM_OWN_MAX];
	size_t n_own;
};
struct sim_tree {
	size_t n;
	struct cy_digest leaves[SIM_CHUNKS_MAX], level[SIM_LEVELS_MAX][SIM_CHUNKS_MAX], root;
};

#define SIM_ATTACHED_MAX 2

/* What a case system wants to say, and what became of it. */
struct sim_job {
	uint64_t serial;
	char key[24], tag[24];
	struct sim_pair *pair;
	uint8_t *submission; /* packed */
	size_t len;
	enum {
		JOB_WAITING,
		JOB_ACCEPTED,
		JOB_REFUSED
	} state;
	uint64_t correlation; /* in flight with the present connection; 0: not */
	size_t accepted_at;   /* length of the store's list then */
	bool said, repeats;   /* it was handed in; it may be known to the peer and not to the store */
	char message_id[CY_UUID_LEN + 1], case_id[CY_UUID_LEN + 1];
	/* What it attaches; it waits until all of it is stored. */
	struct {
		const struct sim_content *content;
		bool stored;
		int64_t at;
		char retain[16];
		bool send_always;
	} attached[SIM_ATTACHED_MAX];
	size_t n_attached;
};
struct sim_case {
	char id[CY_UUID_LEN + 1];
	struct sim_pair *pair;
	CySide side;
	uint32_t notice, proposal, consent; /* numbers to answer */
};

struct sim_desk {
	struct sim_node *node;
	uint32_t client; /* index in the configuration */
	struct cy_rng rng;
	bool running, stalled;
	uint64_t starts;
	/* Durable in the case system. */
	struct sim_job **jobs;
	size_t n_jobs, cap_jobs, first_open; /* jobs before it are settled */
	struct sim_case *cases;
	size_t n_cases, cap_cases;
	uint64_t dealt_with; /* position acknowledged last */
	uint64_t confirmed;  /* the same, as far as it was answered */
	/* Of the present connection; conn 0: none. */
	uint64_t conn, correlation, subscription, received, acknowledging, lagging;
	struct sim_pipe out, in;
	bool paused; /* nothing is read from it for now */
	struct sim_desk_evidence *evidence;
};

#define SIM_DESKS   2
#define SIM_BACKUPS 4

/* A local client in the configuration of this moment. */
struct sim_client {
	size_t place;   /* among the clients */
	uint32_t index; /* of the desk, for a submitter */
	CyRole role;
	bool sees_all;
};
struct sim_clients {
	struct node_client_config at[4];
	size_t n;
};

struct sim_quotas {
	bool on;
	uint64_t of_case, of_peer; /* bytes; 0: no limit */
	struct node_rate rates[2];
	size_t n_rates;
};

enum sim_damage_kind {
	DAMAGE_FACTS, /* of a case */
	DAMAGE_KEY,   /* and with it the title and all content */
	DAMAGES
};
struct sim_damage {
	bool on, ever;
	enum sim_damage_kind kind;
	char peer[16], case_id[CY_UUID_LEN + 1];
	bool touched, told; /* since the start: the node asked for it; an alarm names it */
	uint64_t serial;
	struct store_port whole; /* as if nothing were */
};

struct sim_node {
	struct world *w;
	uint32_t index;
	char id[16];
	struct node *node; /* NULL: down */
	uint64_t life;     /* rises at each start and crash */
	struct node_ports ports;
	struct mem_store store;
	struct orders_mem orders; /* is never restored */
	struct sim_disk *disk;    /* SIM_SQLITE */
	struct cy_rng random;
	struct sim_certificate *certificates; /* for signing, the last one in use */
	size_t n_certificates;
	uint64_t confirming; /* the connection of an operator who says that the clock is right, and has no answer; 0 */
	int64_t wall_offset, offset_low, offset_high; /* now; and over the whole run */
	int32_t drift_ppm;
	int64_t suspended_until;
	int64_t wake_at;
	uint64_t wakes;
	const struct sim_pair *left_out; /* not in its configuration now; NULL: all are */
	bool reconfigured;
	struct sim_desk desk[SIM_DESKS];
	struct sim_clients clients, wanted; /* of the node as it runs; of its configuration */
	struct sim_programs *programs;      /* NULL: there are none */
	struct sim_erasures *erasures;      /* NULL: nobody orders any */
	struct sim_quotas quotas;
	struct sim_damage damage;
	struct sim_blobs *blobs;     /* NULL: it keeps no evidence */
	struct sim_unknown *unknown; /* evidence that was not known to be here and good, and when (hashed.c) */
	struct sim_pair **pairs;
	size_t n_pairs;
	size_t backups[SIM_BACKUPS]; /* lengths of the store's list, the oldest first */
	size_t n_backups;
	size_t backup; /* the one that was restored last */
	bool restored;
	/* For each pair: since the last restore it has not been found out what was lost. */
	bool *unsure;
	uint64_t *met_in; /* for each pair the last life in which a session of it was established */
	/* Chunks of evidence that came, by the peer that sent them. */
	struct sim_came *came;
	size_t n_came, cap_came;
};

struct world {
	struct sim_settings set;
	int64_t now; /* ms of true time */
	bool healed;
	struct sim_event *heap;
	size_t n_heap, cap_heap;
	uint64_t serial, sessions, conns, jobs, events;
	struct cy_rng order, bounds, net, disk, clock, blobs, bulk, faults[FAULTS];
	void *contents; /* tsearch(3) tree */
	struct cy_arena contents_arena;
	struct sim_node *nodes;
	struct sim_pair **pairs;
	size_t n_pairs;
	struct oracle *oracle;
	struct law_years *law; /* NULL: not these */
	uint64_t hash;
	char failure[1024]; /* "" while all is well */
	FILE *trace;        /* NULL: nobody listens */
	/* For the summary. */
	struct sim_counts {
		uint64_t submitted, refused, relayed, rejected, failed, crashes, restores, sessions, recovered, commits,
			cuts, points, uploads, attached, arrived, fetched, destroyed, held_back, bulk_sessions, lies,
			refused_lies, chunks, dissolved, erased, tombstones;
	} counts;
};

#define SIM_REDIAL_MOST (5 * MINUTE) /* between two attempts: backoff_max where nothing is configured */

/* world.c */
/* Run to the end; w->failure says what broke. */
void world_run(const struct sim_settings *set, FILE *trace, struct world *ret_world);
void world_free(struct world *w);
void world_fail(struct world *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void world_say(struct world *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void world_at(struct world *w, int64_t due, sim_fn *fn, void *arg, uint64_t x);
void world_mix(struct world *w, const void *data, size_t len);
void world_mix_some(struct world *w, const void *data, size_t len); /* of what is long, its ends */
bool world_chance(struct world *w, enum sim_fault f);               /* once an operation */
bool world_chance_high(struct world *w, enum sim_fault f);          /* once one of few operations */
bool world_chance_half(struct world *w, enum sim_fault f);          /* once another fault strikes */
int64_t world_span(struct cy_rng *r, int64_t mean);                 /* exponential, at least 1 ms */
void sim_node_start(struct sim_node *s);
struct cy_wall sim_node_wall(struct sim_node *s); /* as its clock shows it */
/* Set its wall clock, ms from the true time; it is told soon after. */
void sim_node_set_clock(struct sim_node *s, int64_t offset);

/* bounds.c */
void bounds_of(struct world *w); /* from now on: what CY_BOUND() says to the nodes */
unsigned bounds_window(void);    /* parcels without receipt that a configuration may allow */

/* certs.c */
void certs_new(struct sim_node *s);
void certs_free(struct sim_node *s);
void certs_forget(const struct sim_event *e); /* one that is left in the heap */
struct signer_port certs_port(struct sim_node *s);
void certs_strike(struct sim_node *s, struct cy_rng *r);
void certs_leap(struct sim_node *s, struct cy_rng *r);
void certs_clock_set(struct sim_node *s, int64_t after); /* an operator confirms it by then */
void certs_heal(struct sim_node *s);
void certs_answered(struct sim_node *s, uint64_t conn, struct cy_bytes frame); /* what an operator is told */
/* On a connection of its own, which lasts for a minute. */
void operator_says(struct sim_node *s, CyClientFrame *f);

/* How a process ends. */
enum sim_end {
	SIM_ORDERLY,
	SIM_KILL, /* the machine goes on */
	SIM_POWER
};
void sim_node_end(struct sim_node *s, enum sim_end end, const char *why);
int sim_node_commit(struct sim_node *s, struct store_writeset *set); /* the store port's commit() */

/* store_disk.c, with SIM_SQLITE only */
void disk_new(struct sim_node *s, uint64_t seed);
void disk_free(struct sim_node *s); /* NULL disk: nothing */
void disk_open(struct sim_node *s); /* fills the store port */
void disk_close(struct sim_node *s, enum sim_end end);
bool disk_is_down(const struct sim_node *s);
/* CY_OK: it is durable, and `w` is still the caller's. Otherwise it is taken, and
 * may be found on the disk after a crash. */
int disk_commit(struct sim_node *s, struct store_writeset *w);
void disk_fault(struct sim_node *s, enum vfs_crash_fault fault, uint64_t first, uint64_t count);
uint64_t disk_points(const struct sim_node *s);
/* Backups as in sim_node.backups. */
void disk_backup(struct sim_node *s);
void disk_restore(struct sim_node *s, size_t which);
void disk_forget_backup(struct sim_node *s, size_t which); /* those after it move up */
void disk_check(struct sim_node *s);                       /* disk and account hold the same */

/* pipes */
void pipe_init(struct sim_pipe *p);
void pipe_put(struct sim_pipe *p, struct cy_bytes data, bool fin);
struct sim_chunk *pipe_take(struct sim_pipe *p); /* NULL: empty; free() it */
void pipe_clear(struct sim_pipe *p);

/* net.c */
struct link_connection sim_connection(uint64_t session, bool relayed, size_t side);
struct link_port net_port(struct sim_node *s);
void net_dial(struct sim_pair *p, int64_t after);
void net_node_gone(struct sim_node *s);
void net_reset(struct sim_pair *p, const char *why); /* both sides learn of it, at times of their own */
void net_free(struct sim_pair *p);

/* desk.c */
void desk_init(struct sim_desk *d, struct sim_node *s, uint32_t client, uint64_t seed);
void desk_start(struct sim_desk *d);
void desk_crash(struct sim_desk *d);
void desk_lost_connection(struct sim_desk *d);
void desk_after_restore(struct sim_desk *d);
bool desk_idle(const struct sim_desk *d, char *why, size_t size);
void desk_free(struct sim_desk *d);
struct local_port desk_port(struct sim_node *s);
void desk_templates(void); /* parse the templates once */

bool desk_may_say(const struct sim_desk *d, const struct sim_job *j);
void desk_pack_job(const struct sim_job *j, CyClientFrame *f); /* a SUBMIT of it, without correlation */
void desk_unpack_job(const struct sim_job *j, CyClientFrame *f);
void desk_allowed(struct sim_desk *d); /* after another configuration */

/* programs.c */
void sim_clients(struct sim_clients *ret, struct cy_rng *r); /* others; NULL: all, as at first */
bool sim_client_of(const struct sim_node *s, const char *name, struct sim_client *ret); /* false: not configured now */
void programs_new(struct sim_node *s, uint64_t seed);
void programs_free(struct sim_node *s);
void programs_gone(struct sim_node *s);                                       /* the node is */
void programs_allowed(struct sim_node *s);                                    /* after another configuration */
void programs_hand_in(const struct sim_desk *d, struct sim_job *j);           /* some do the same at the same moment */
bool programs_take(struct sim_node *s, uint64_t conn, struct cy_bytes frame); /* false: none of them */
size_t programs_queued(struct sim_node *s, uint64_t conn);
void programs_pause(struct sim_node *s, uint64_t conn, bool on);
void programs_closed(struct sim_node *s, uint64_t conn);
void programs_idle(const struct sim_node *s, char *why, size_t size); /* why: "" when all is answered */

/* erasures.c */
void erasures_new(struct sim_node *s, uint64_t seed);
void erasures_free(struct sim_node *s);
void erasures_closed(struct sim_node *s, uint64_t conn);                      /* 0: whichever it is, the node is gone */
void erasures_allowed(struct sim_node *s);                                    /* after another configuration */
bool erasures_take(struct sim_node *s, uint64_t conn, struct cy_bytes frame); /* false: not for it */
void erasures_ordered(struct sim_node *s, const struct store_writeset *w);    /* it is in the list */
/* When the list of orders has the case erased, the last time; 0: never. */
struct cy_wall erasures_until(const struct sim_node *s, const char *peer, const char *case_id);
bool erasures_in(const struct store_writeset *w, const char *case_id);
bool erasures_spent(const struct sim_node *s, const struct sim_job *j); /* its key says no more what was answered */
/* When a case with this content was last erased here; -1: never. */
int64_t erasures_destroyed(const struct sim_node *s, const struct cy_digest *sha256);
/* The message at this place of a parcel leaves without its content. */
void erasures_tombstone(struct sim_node *from, const struct sim_node *to, const CyParcel *p, size_t place);
void erasures_drained(struct world *w, char *why, size_t size);

/* quotas.c */
void quotas_new(struct sim_node *s, uint64_t seed);
void quotas_configure(const struct sim_node *s, struct node_config *c, struct node_peer_config *peers);
void quotas_raise(struct sim_node *s);                                  /* the configuration allows more from now on */
void quotas_commit(struct sim_node *s, const struct store_writeset *w); /* it is durable now */
void quotas_drained(struct world *w, char *why, size_t size);

/* damage.c */
void damage_ports(struct sim_node *s);
void damage_told(struct sim_node *s, const char *text); /* an alarm */
void damage_strike(struct sim_node *s, struct cy_rng *r);
void damage_gone(struct sim_node *s); /* the disk is another one */
/* A content that cannot be read cannot be sent, and holds up what is behind it in the stream to this peer. */
bool damage_holds_up(const struct sim_node *s, const char *peer);
bool damage_excuses(const struct sim_node *s, const char *peer, const char *case_id); /* it may wait for the repair */
bool damage_repair(struct world *w); /* all of it; false: nothing was damaged */

/* contents.c */
void contents_init(void); /* once */
void contents_free(struct world *w);
const struct sim_content *content_new(struct world *w, struct cy_rng *r);
const struct sim_content *content_find(const struct world *w, const struct cy_digest *sha256); /* NULL: unknown */
struct cy_bytes content_chunk(const struct sim_content *c, uint64_t chunk);
void content_bytes(const struct sim_content *c, uint64_t offset, size_t len, uint8_t *out);
const uint8_t *contents_same(struct cy_bytes chunk); /* bytes for good that are the same; NULL: there are none */
struct cy_digest contents_leaf(struct cy_bytes chunk);
struct cy_digest contents_whole(const struct cy_bytes *chunks, size_t n);
void contents_tree(struct sim_tree *t, size_t n); /* t->leaves are set */
size_t contents_path(const struct sim_tree *t, uint64_t leaf, struct cy_digest out[static CY_CHUNK_PATH_MAX]);

/* blobs_mem.c */
struct blob_bytes sim_buffer(size_t len); /* after BLOB_HEADROOM bytes */
void blobs_new(struct sim_node *s);
void blobs_free(struct sim_node *s);
struct blob_port blobs_port(struct sim_node *s);
void blobs_started(struct sim_node *s); /* what a crash left is told */
void blobs_gone(struct sim_node *s, enum sim_end end);
void blobs_strike(struct sim_node *s, enum sim_fault f, struct cy_rng *r);
void blobs_heal(struct sim_node *s);
bool blobs_holds(const struct sim_node *s, const struct blob_id *id);
/* When all bytes of it were hashed last and were right, since the start; when the disk harmed them last. -1: never. */
int64_t blobs_hashed(const struct sim_node *s, const struct cy_digest *sha256);
int64_t blobs_harmed(const struct sim_node *s, const struct cy_digest *sha256);
/* When its disk last gave nothing back at two checks one after the other. -1: never. */
int64_t blobs_not_given(const struct sim_node *s, const struct cy_digest *sha256);
bool blobs_lost(const struct sim_node *s, const struct cy_digest *sha256); /* by the disk; it has not come back */
/* Each part (sha256 NULL) and each content (part NULL), until `fn` returns other than 0. */
int blobs_each(const struct sim_node *s, int (*fn)(void *arg, const char *part, const struct cy_digest *sha256),
	       void *arg);

/* hashed.c */
void hashed_before(struct sim_node *s, const struct store_writeset *w);
void hashed_heal(struct sim_node *s);
void hashed_drained(struct world *w, char *why, size_t size);
void hashed_free(struct sim_node *s);

/* net_bulk.c */
struct bulk_port bulk_net_port(struct sim_node *s);
void bulk_net_gone(struct sim_node *s);
void bulk_net_cut(struct sim_pair *p);
void bulk_net_free(struct sim_pair *p);

/* desk_evidence.c: of `d` only what is declared here */
void desk_evidence_init(struct sim_desk *d);
void desk_evidence_free(struct sim_desk *d);
void desk_attach(struct sim_desk *d, struct sim_job *j, CyContent__KindCase kind);
bool desk_attached(const struct sim_job *j); /* all is stored */
void desk_fill(const struct sim_job *j, CySubmission *s, CyAttachment *room, CyAttachment **list);
void desk_unfill(const struct sim_job *j, CySubmission *s);
bool desk_to_store(struct sim_desk *d, struct sim_job *j, const char *field); /* again: it was there too long */
void desk_evidence_turn(struct sim_desk *d);
void desk_evidence_lost(struct sim_desk *d);
void desk_evidence_event(struct sim_desk *d, const CyEvent *e);
bool desk_evidence_frame(struct sim_desk *d, const CyServerFrame *f); /* true: it was its own */
void desk_evidence_restored(struct sim_desk *d);
bool desk_evidence_idle(const struct sim_desk *d, char *why, size_t size);
/* desk.c for it */
uint64_t desk_say(struct sim_desk *d, CyClientFrame *f);
void desk_follow_up(struct sim_desk *d, struct sim_pair *pair, const char *case_id, const char *content);

/* oracle_evidence.c */
void oracle_destroyed(struct sim_node *s, const struct cy_digest *sha256); /* it is about to be */
void oracle_reserved(struct sim_node *s); /* nothing is kept on the disk for what nobody goes on with */
void oracle_bulk_leaves(struct sim_bulk *x, size_t by, struct cy_bytes frame);
void oracle_bulk_arrives(struct sim_bulk *x, size_t at, struct cy_bytes frame);
void oracle_evidence_before(struct sim_node *s, const struct store_writeset *w); /* it is about to be */
void oracle_evidence_commit(struct sim_node *s, const struct store_writeset *w);
/* What it keeps of its cases is what its store has of them. */
void oracle_kept(struct sim_node *s);
void oracle_stated(struct sim_node *from, struct sim_node *to, const CyMessage *m);
void oracle_evidence_drained(struct world *w, char *why, size_t size);
void oracle_evidence_final(struct world *w);

/* oracle_streams.c */
void oracle_sent_again(struct sim_node *from, struct sim_node *to, const struct store_parcel *p, unsigned *times);
void oracle_streams_drained(struct world *w, char *why, size_t size);
void oracle_streams_final(struct world *w);

/* oracle.c */
struct oracle *oracle_new(struct world *w);
void oracle_free(struct oracle *o);
void oracle_link(struct sim_session *x, struct sim_node *from, struct cy_bytes frame); /* before it leaves */
void oracle_submitted(struct sim_desk *d, const struct sim_job *job, const CySubmitted *s);
void oracle_event(struct sim_desk *d, const CyEvent *e);
void oracle_commit(struct sim_node *s, const struct store_writeset *w); /* it is durable now */
void oracle_restored(struct sim_node *s);
void oracle_queues(struct world *w);
/* Nothing may be on its way any more: "" or what is, and why. */
void oracle_drained(struct world *w, char *why, size_t size);
void oracle_final(struct world *w);
bool oracle_speechless(const struct mem_case *c); /* its daemon can state no more in it: it is full, or void */

#endif
