/* What the files of the command `record good-faith` share: a case with all its messages, proofs and time limits, and on
 * whose side its time lay. */
#ifndef CY_COMITYCTL_RECORD_H
#define CY_COMITYCTL_RECORD_H

#include "comityctl/letter_job.h"
#include "law/story.h"
#include "proof/sides.h"

struct record_message {
	const CyMessageSummary *s;
	const CyMessageView *view;
	const CyMessage *m;
	int64_t sent_ms;    /* its parcel was signed; 0: it has none yet */
	int64_t receipt_ms; /* the receipt for it was signed; 0: there is none */
	int64_t counts_ms;  /* it counts as received; 0: not yet */
};

struct record_limit {
	const CyClockView *k;
	const char *steps; /* how it was counted, a sentence a line */
};

struct record {
	struct letter_job *j;
	CyServerFrame *of_case;
	const CyCaseView *v;
	size_t n; /* messages, in the order in which they take effect; so are facts and receipts */
	struct record_message *m;
	CyServerFrame **replies;
	struct law_fact *facts;
	int64_t *receipts;
	struct law_story story;
	struct proof_periods periods; /* in whole seconds */
	size_t n_limits;
	struct record_limit *limits;
	const char *side[PROOF_SIDES_N]; /* authority ids; of nobody "" */
};

/* How a case came to its end for a measure. */
struct record_outcome {
	size_t by;          /* index of the message; SIZE_MAX: none yet */
	const char *ground; /* label of the ground of refusal, in the language; "" */
	const char *code;   /* the ground as the schema names it; "" */
	const char *article, *reason;
};
struct record_outcome record_outcome(struct record *r, uint32_t measure);

/* The problem notices, and what answered each. */
struct record_question {
	size_t notice, answer; /* indices of messages; `answer` SIZE_MAX: none yet */
};
size_t record_questions(const struct record *r, struct record_question **ret);

/* Does a message that names measures, or none for all, concern this one? */
bool record_concerns(size_t n, const uint32_t *measures, uint32_t measure);

/* What the limit became: met in time, met late, lapsed, running, suspended, waiting, ceased. */
const char *record_became(const CyClockView *k, int64_t now_ms);

/* The document, in r->j->letter. */
void record_page(struct record *r);
void record_limits(struct record *r);
/* "FR no. 3" */
const char *record_name(struct record *r, size_t message);
/* "12 days, 3 h 04 min 05 s" */
const char *record_span(struct record *r, int64_t ms);

/* The same as JSON, to be freed. */
char *record_json(struct record *r);

#endif
