/* Two real nodes with real stores, simulated time, link, signer and clients. What crosses and what the
 * clients are told is written down as text (tests/traces). */
#ifndef TESTS_UNIT_TRACE_RIG_H
#define TESTS_UNIT_TRACE_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdbool.h>
#include <stdint.h>

#include "../rig/rig.h"
#include "base/bytes.h"
#include "comity/v1/local.pb-c.h"
#include "comity/v1/peer.pb-c.h"
#include "io/store/store_sqlite.h"
#include "node/node.h"

#define FRAMES 64

struct side {
	struct world *w;
	const char *name, *peer;
	char dir[32], backup[48];
	struct node *node;
	struct store_sqlite *store;
	struct orders_file *orders; /* beside the store: no backup brings an older one back */
	struct node_ports ports;
	struct cy_rng rng;
	uint64_t session;
	struct rig_signer signer;
	uint64_t key;     /* idempotency keys */
	char case_id[40]; /* of the last submission or event */
	char last_error[256];
	char state[40], digest[65];
	char verdicts[16384];   /* on the messages of that case, a line each */
	size_t without_receipt; /* messages of its own in it */
	size_t shown;           /* bytes of the content of the last message that was shown */
	char erased[1024];      /* who had it erased, and what of it is not here any more, a word each */
	size_t events;          /* that told of an erasure */
	int64_t due_ms;         /* of the last time limit that was shown */
	bool committed;         /* in this turn: another write-set may follow */
	bool muted;             /* events are not shown */
};

struct frame {
	struct side *to;
	uint64_t session;
	struct cy_buf bytes;
};

struct world {
	struct side a, b; /* US-OIA, IE */
	struct frame queue[FRAMES];
	size_t head, n;
	uint64_t sessions;
	struct rig_clock clock;
	bool silent; /* nothing is told, so that what is measured is the nodes */
	struct cy_buf trace;
	char ids[256][40];
	size_t n_ids;
	const struct law_data *legal_data; /* NULL: none */
	const struct node_place *places;   /* of both */
	/* What a client is told; NULL: nobody listens. */
	void (*heard)(struct side *s, const CyServerFrame *f);
	const char *lose;   /* kind of frame that is lost, with the session, when it comes */
	struct cy_buf lost; /* that frame */
	bool late;          /* it comes to US-OIA before the next receipt */
	bool down_pending;
	/* Changes a frame on its way; NULL: nobody does. */
	void (*tamper)(CyPeerFrame *f);
};

struct world *world_new(void);
struct world *world_with(const struct law_data *legal_data);
/* Between two authorities of these names and places, instead of US-OIA and IE. */
struct world *world_between(const struct law_data *legal_data, const char *const names[static 2],
			    const struct node_place places[static 2]);
/* Compare what was told with tests/traces/NAME.txt, and free it; NULL: whatever was told. */
void world_end(struct world *w, const char *name);
void say(struct world *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

void start(struct side *s);
void stop(struct side *s);
/* The side stops, its store is put away as a backup or is that backup again, and it starts. */
void copy_store(struct side *s, bool back);
/* Which backup that is from now on; at first number 0. */
void use_backup(struct side *s, unsigned number);
void connect_both(struct world *w);
void session_lost(struct world *w, const char *why);
/* Until nothing moves any more. */
void settle(struct world *w);

/* Any Submission as JSON; case_ref NULL: it opens a case. */
void submit(struct side *s, const char *case_ref, const char *json);
/* The administrator orders that the case is erased; what is said against it is in last_error. */
void order_erasure(struct side *s, const char *case_id, const char *reason);
void ask_erasure(struct side *s, const char *case_id, const char *reason); /* it is not waited for */
/* Show the message; it is not waited for. */
void show_message(struct side *s, const char *id);
/* The desk asks for something; the answer is heard. */
void desk_says(struct side *s, CyClientFrame *f);
void chief_says(struct side *s, CyClientFrame *f); /* so does the administrator */
/* Put the state of the case, its digest and the verdicts into the side. */
void show(struct side *s, const char *case_id);
/* Nothing is in flight: both sides hold the same case. */
void both_equal(struct world *w, const char *case_id);

char *read_file(const char *path); /* the caller's to free; NULL: there is none */

extern char *request; /* of US-OIA, as JSON */
/* Before and after all tests of a group. */
int read_request(void **state);
int free_request(void **state);

#define ACK "{\"content\":{\"acknowledgement\":{\"by\":\"CENTRAL_AUTHORITY\",\"reference\":\"MLA/2026/1\"}}}"
#define NOTICE                                                                                         \
	"{\"content\":{\"problemNotice\":{\"type\":\"CLARIFICATION\",\"questions\":[\"Which days?\"]," \
	"\"text\":\"One question.\"}}}"
#define SUPPLEMENT "{\"content\":{\"supplement\":{\"notice\":2,\"text\":\"The three days of the shipments.\"}}}"
#define NOTE       "{\"content\":{\"note\":{\"text\":\"Written since.\"}}}"
#define REFUSE_3                                                                                     \
	"{\"content\":{\"refusal\":{\"refusals\":[{\"measure\":3,\"ground\":\"INSUFFICIENT_NEXUS\"," \
	"\"article\":\"4\",\"reason\":\"No link shown.\"}]}}}"
#define WITHDRAW_3 "{\"content\":{\"withdrawal\":{\"measures\":[3],\"reason\":\"No longer needed.\"}}}"
#define RESULT_3   "{\"content\":{\"result\":{\"results\":[{\"measure\":3,\"outcome\":\"EXECUTED\"}]}}}"

#endif
