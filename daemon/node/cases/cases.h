/* The cases: what a batch changes of them, their time limits, steps, measures and treaties, and the messages that this
 * authority says in them, whether people or the daemon wrote these. */
#ifndef CY_NODE_CASES_CASES_H
#define CY_NODE_CASES_CASES_H

#include "base/table.h"
#include "law/clock.h"
#include "law/fact.h"
#include "law/fold.h"
#include "law/treaty.h"
#include "node/core/core.h"

/* One clock of a statement. */
struct stated {
	struct stated *next;
	struct law_clock_key key;
	CySide author;
	uint32_t number;
	int64_t start_ms, due_ms;
	struct cy_digest profile, calendar, zone; /* zero: not stated */
};

struct moved {
	struct moved *next;
	const char *id;
	uint32_t number;
};

/* A message of a case for which there is a receipt, or will be, that proves when a time limit started. */
struct proof {
	struct proof *next;
	enum store_author author;
	uint32_t number;
	bool opens; /* it is the opening message */
	int64_t created_ms;
	struct xchg_pos pos; /* of its parcel */
};

/* A case in the working set of a batch. */
struct work_case {
	struct work_case *next;
	struct cy_table_entry entry; /* of those of the batch, by its id */
	struct store_case row;       /* strings in the batch's arena */
	bool is_new, dirty;
	bool stand_in;           /* for one that is damaged: nothing of it is changed */
	struct moved *moved;     /* own messages that were given other numbers in this batch */
	bool renumbered;         /* own messages that took the numbers of lost ones have others */
	bool clocks_changed;     /* its clocks may have changed */
	bool relinked;           /* so may those of the cases that it follows */
	bool unmeasured;         /* what became of its measures may have changed */
	bool decided;            /* it is here only because something was decided about a clock of it */
	struct proof *proofs;    /* of its opening message, and of problem notices */
	struct stated *stated;   /* statements about clocks in this batch */
	uint64_t evidence_added; /* bytes of them that this batch took on */
	/* Its clocks as this batch leaves them; not read from the store a second time. */
	struct clock_row *clocks;
	bool clocks_read;
	struct law_fact *facts;
	size_t n, cap;
	struct law_kept kept;       /* folded from them */
	bool unkept;                /* facts were changed, not only added: it is folded whole, and not kept */
	bool proofs_read;           /* `proofs` are here */
	bool row_only;              /* its facts were not read: cases_get() does */
	uint32_t answered;          /* what came from the peer up to this number counts as read */
	const char *peer, *case_id; /* as its row has them, until the batch is over */
};

void clocks_new(struct node *n);
void clocks_free(struct node *n);

/* Finds the case in the working set, and takes it there from the store. Returns NULL if there is none; *ret_code tells
 * apart CY_ENOENT, a store that cannot read now, and CY_EDAMAGED, which is told. */
struct work_case *cases_get(struct node *n, const char *peer, const char *case_id, int *ret_code);
/* The same for what needs its row alone: its facts are not read. */
struct work_case *cases_get_row(struct node *n, const char *peer, const char *case_id, int *ret_code);
/* The same for one that is in the working set already, with its facts; NULL: it is not. */
struct work_case *cases_worked_on(const struct node *n, const char *peer, const char *case_id);
/* Reads its proofs; below 0: the store cannot. */
int cases_proofs(struct node *n, struct work_case *c);
/* As cases_get(), or with `facts` false cases_get_row(), for what needs the case only to say of whom an event is: one
 * that is damaged has a stand-in, which is nobody's, in no state, without facts and in no working set. */
struct work_case *cases_or_stand_in(struct node *n, const char *peer, const char *case_id, bool facts, int *ret_code);
/* store.find_case() by this id or reference, in whichever of Unicode's normal forms it is stored. */
int cases_look_up(struct node *n, struct store_view view, const char *ref, store_case_fn *fn, void *arg);
/* Returns CY_OK with how many cases, as this view sees them, have this id or reference; with one, which. */
int cases_name(struct node *n, struct store_view view, const char *ref, struct case_name *ret);
/* Finds another case than `except`, of this peer ("": any), that has this reference of ours, as this view sees them and
 * this batch leaves them. Returns CY_OK, or CY_ENOENT if there is none. */
int cases_reference(struct node *n, struct store_view view, const char *reference, const char *peer, const char *except,
		    struct case_name *ret);
/* Finds the one case of this client that `ref` names; *ret_matches says how many it names. */
struct work_case *cases_find(struct node *n, const char *client, const char *ref, int *ret_code, size_t *ret_matches);
/* Returns a new case in the working set; `side` is ours. */
struct work_case *cases_new(struct node *n, const char *peer, const char *case_id, CySide side);
/* Keeps what its opening message says that clocks depend on. */
void cases_pin(struct node *n, struct work_case *c, const struct law_terms *t);
/* Adds a fact, folds, and writes the case row. */
void cases_add(struct node *n, struct work_case *c, const struct law_fact *fact);
/* A message of the case became void, or is not void after all: it is folded again. */
void cases_void(struct node *n, struct work_case *c, CySide author, uint32_t number, bool voided);
/* Writes the case row. */
void cases_put(struct node *n, struct work_case *c);
/* Something may be here again that was ordered to be erased. */
void cases_erase_soon(struct node *n);
/* Returns how the case stands, in a word for people: until our request, or what we notify, has a receipt, that. */
const char *cases_word(const struct store_case *row);
/* Something of a case is damaged in the store, as "the title of" it or "the key of" it, under which no content
 * can be stored any more; "": the case itself (node_damaged()). */
void cases_damaged(struct node *n, const char *peer, const char *case_id, const char *what);
CySide cases_other(CySide side);

struct event_of {
	CyEventType type;
	const char *message_id;
	uint32_t kind, number;
	CyRejectionCode code;
	const char *text;
};
/* Writes an event of the case, for the clients that may see it. */
void cases_event(struct node *n, const struct work_case *c, const struct event_of *e);

/* -------------------------------------------------------- messages of ours */
struct compose_input {
	const CyContent *content;
	CyPriority priority;
	const char *own_reference;             /* "" : that of the case */
	const char *client;                    /* "" : the daemon itself */
	const struct cy_digest *key, *request; /* of a submission; NULL: none */
};
struct composed {
	char id[CY_UUID_LEN + 1];
	uint32_t number, kind;
	struct cy_digest digest;
};
struct cy_uuid compose_new_id(struct node *n);
/* Numbers, serialises and stores a message. Returns CY_OK, or an error, and then nothing was written: CY_EDAMAGED if
 * the key of the case is; CY_ELIMIT if it is too long; CY_ESTATE if the life cycle does not allow it; CY_EAGAIN if the
 * case is full. */
int compose_message(struct node *n, struct work_case *c, const struct compose_input *s, struct composed *ret,
		    struct cy_error *e);

/* ------------------------------------------------------------- time limits */
/* What a statement about clocks says, of ours or of the peer's. */
void clocks_stated(struct node *n, struct work_case *c, CySide author, uint32_t number, const CyClockStatement *s);
/* Brings the clocks of all cases of the batch up to date. A case with `decided` must not be changed since. */
void clocks_update(struct node *n);
/* Returns the rule of a stored clock, and its profile; NULL if the profile is not here. */
const struct law_clock_rule *clocks_rule(const struct node *n, const struct store_clock *row,
					 const struct law_profile **ret_profile);
/* Returns the zone of the side that owes it, in which its days end; NULL if none is configured. */
const struct law_zone *clocks_zone(struct node *n, const struct store_clock *row);
/* Brings the clocks up to date, and decides what is due. */
void clocks_step(struct node *n);
/* Reads again when the next decision is to be made. */
void clocks_plan(struct node *n);
void clocks_start(struct node *n);
void clocks_failed(struct node *n);
/* What decisions waited for is over. */
void clocks_resumed(struct node *n);
/* Returns when the next decision is to be made, if it may be made. */
struct cy_mono clocks_next(const struct node *n);

/* Brings some cases of an older store up to date, before their clocks are settled. */
void catch_up_step(struct node *n);
/* From the first of them on, at a start or after a batch that failed. */
void catch_up_start(struct node *n);
/* Returns now, while some may be left. */
struct cy_mono catch_up_next(const struct node *n);

/* Starts the commands of steps that wait and may run. */
void hooks_run(struct node *n);
void hooks_ended(struct node *n, const char *id, const char *fault); /* as node_hook_done() */
void hooks_done(struct node *n, const char *id);                     /* in a batch */

/* Writes what became of the measures of the cases that the batch changed. */
void measures_put(struct node *n);

/* ---------------------------------------------------------------- treaties */
/* Returns the two states, and the local day of the requesting one, for what its authority said at `made`. `side`: ours.
 */
struct law_between treaty_between(struct node *n, const struct peer *p, CySide side, struct cy_wall made);
/* What the contents of a case say that its facts do not: for a submitter. */
struct treaty_view {
	uint8_t types[CY_MEASURES_MAX]; /* of the measures */
	CyFault **faults;               /* of what the other side opened it with; that a message is damaged */
	size_t n_faults;
	CyReviewView **reviews; /* of both sides */
	size_t n_reviews;
	bool more_faults, more_reviews;
};
/* In the arena; the messages are all those of the case. Returns CY_OK, or an error if the store cannot read. */
int treaty_look(struct node *n, struct cy_arena *a, const CyCaseSummary *c, CyMessageSummary *const *messages,
		size_t n_messages, struct treaty_view *ret);
/* Returns the faults as they are sent, in the arena; the texts are those of `faults`. */
CyFault **treaty_faults(struct cy_arena *a, const struct law_faults *faults);

/* ----------------------------------------------------------------- kept.c */
/* The folded state of cases in use, for the batches that come next. Stages of a batch: it is over, or nothing of it has
 * happened. */
void kept_put(struct node *n);
void kept_failed(struct node *n);
void kept_new(struct node *n);
void kept_free(struct node *n);
/* Keeps nothing any more. */
void kept_drop(struct node *n);

#endif
