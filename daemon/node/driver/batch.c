/* The batch: many inputs, one round of signatures, one commit, then the effects.
 * One batch is under way at a time. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mutant.h"
#include "node/cases/cases.h"
#include "node/clients/clients.h"
#include "node/driver/driver.h"
#include "node/evidence/evidence.h"
#include "node/node.h"
#include "node/peers/peers.h"
#include "wire/message.h"

#define NODE_BATCH_BYTES (4u * 1024u * 1024u) /* after so many bytes of answers a batch takes no further input */
#define NODE_CAREFUL_MS  60000                /* after a batch that met damage each input has a batch of its own */

static void put_meta(struct node *n)
{
	struct store_write *w = batch_write(n, STORE_PUT_META);
	struct cy_wall now = node_now(n);
	char why[128];

	/* The clock may have been set since the batch began. */
	if (now.ms > n->wall_mark.ms && !n->clock_suspect && !n->wait.ahead && node_clock_trusted(n, why, sizeof why))
		n->wall_mark = now;
	w->meta.epoch = n->epoch;
	w->meta.audit_size = n->audit.size;
	w->meta.frontier = batch_bytes(n, cy_bytes(n->frontier, audit_encode(&n->audit, n->frontier)));
	w->meta.wall_mark = n->batch.right.ms > 0 ? n->batch.right : n->wall_mark;
	w->meta.restored = n->wait.restored;
}

/* ------------------------------------------------------------ stepping */

static void step_frame(struct node *n, struct input *in)
{
	struct peer *p = n->peers[in->peer];
	const CyPeerFrame *f = in->frame;
	char why[160];

	if (p->session != in->source) /* it ended meanwhile; the peer repeats what matters */
		return;
	p->inputs--;
	batch_touch(n, p->session);
	if ((f->kind_case == CY_PEER_FRAME__KIND_STATE) == p->greeted && f->kind_case != CY_PEER_FRAME__KIND_GOODBYE) {
		session_goodbye(n, p, p->greeted ? NODE_BYE_SECOND_STATE : NODE_BYE_BEFORE_STATE);
		return;
	}
	switch (f->kind_case) {
	case CY_PEER_FRAME__KIND_STATE:
		session_state(n, p, f->state, in->text);
		return;
	case CY_PEER_FRAME__KIND_PARCEL:
		inbound_parcel(n, p, f->parcel, in->text, in->receipt);
		return;
	case CY_PEER_FRAME__KIND_RECEIPT:
		outbound_receipt_came(n, p, f->receipt, in->text);
		return;
	case CY_PEER_FRAME__KIND_GOODBYE:
		if (f->goodbye->code == CY_GOODBYE_CODE__SIGNATURE)
			resend_refused(n, p);
		snprintf(why, sizeof why, "the peer said goodbye: %s", p->farewell_code);
		batch_effect(n, EFFECT_LINK_CLOSE, p->session, cy_bytes(NULL, 0), why);
		node_link_down(n, p->session, why);
		return;
	case CY_PEER_FRAME__KIND_HEADS_REQUEST:
		giveback_heads(n, p, f->heads_request);
		return;
	case CY_PEER_FRAME__KIND_HEADS:
		reconcile_heads(n, p, f->heads);
		return;
	case CY_PEER_FRAME__KIND_FETCH_REQUEST:
		giveback_parcel(n, p, f->fetch_request);
		return;
	case CY_PEER_FRAME__KIND_FETCHED:
		reconcile_fetched(n, p, f->fetched, in->text, in->receipt);
		return;
	case CY_PEER_FRAME__KIND_PROFILE_REQUEST:
		profiles_asked(n, p, f->profile_request);
		return;
	case CY_PEER_FRAME__KIND_PROFILE:
		profiles_told(n, p, f->profile);
		return;
	case CY_PEER_FRAME__KIND_HELLO:
	case CY_PEER_FRAME__KIND_SESSION_PROOF:
	case CY_PEER_FRAME__KIND__NOT_SET:
	case _CY_PEER_FRAME__KIND__CASE_IS_INT_SIZE:
		return;
	}
}

static void step(struct node *n, struct input *in)
{
	switch (in->kind) {
	case INPUT_LINK_UP:
		if (n->peers[in->peer]->session == in->source) {
			batch_touch(n, in->source);
			session_up(n, n->peers[in->peer]);
		}
		return;
	case INPUT_FRAME:
		step_frame(n, in);
		return;
	case INPUT_REQUEST:
		local_step(n, in);
		return;
	case INPUT_HOOK:
		hooks_done(n, in->hook);
		return;
	case INPUT_STORED:
		n->batch.finished++;
		upload_stored(n, in);
		return;
	case INPUT_ARRIVED:
		n->batch.finished++;
		bulk_committing(n, in);
		evidence_arrived(n, in);
		return;
	case INPUT_READ:
		evidence_read(n, in);
		return;
	case INPUT_DESTROYED:
		evidence_destroyed(n, in);
		return;
	case INPUT_FOUND:
		evidence_judged(n, in);
		return;
	case INPUT_LEFT:
		evidence_left(n, in);
		return;
	case INPUT_TABLE:
		publish_step(n, in);
		return;
	}
}

void batch_reset(struct node *n)
{
	struct batch *b = &n->batch;

	for (struct work_case *c = b->cases; c != NULL; c = c->next)
		free(c->facts);
	replay_free(b->replay);
	cy_table_free(&b->written);
	cy_table_free(&b->by_id);
	store_writeset_free(&b->writes);
	cy_arena_free(&b->arena);
	*b = (struct batch){ .phase = b->phase };
	b->last_effect = &b->effects;
	b->last_request = &b->requests;
	b->last_accepted = &b->accepted;
	b->last_replay = &b->replay;
}

/* --------------------------------------------------------------- phases */

/* The phase changes here alone. A port that calls the node from inside, or a step that begins a batch, would have one
 * batch take place within another: that ends the process before anything of either is committed. */
static void enter(struct batch *b, enum batch_phase next)
{
	static const unsigned after[] = {
		[BATCH_IDLE] = 1u << BATCH_RELEASING | 1u << BATCH_SIGNING | 1u << BATCH_COMMITTING,
		[BATCH_COLLECTING] = 1u << BATCH_IDLE,
		[BATCH_SIGNING] = 1u << BATCH_COLLECTING,
		[BATCH_COMMITTING] = 1u << BATCH_SIGNING,
		[BATCH_RELEASING] = 1u << BATCH_SIGNING | 1u << BATCH_COMMITTING,
	};

	CY_ASSERT((after[next] & 1u << b->phase) != 0);
	b->phase = next;
}

static void release(struct node *n);
static void commit(struct node *n);
static void fail(struct node *n, int code, const char *why);

/* There is one wake-up: for whatever comes first. */
void batch_plan_wake(struct node *n)
{
	const struct cy_mono at = stages_next(n);

	n->wants_plan = false;
	if (at.ms == n->planned.ms)
		return;
	n->planned = at;
	n->ports.clock.wake_at(n->ports.clock.ctx, at);
}

void batch_go(struct node *n)
{
	const bool plan = n->wants_plan;

	if (n->wants_batch)
		batch_start(n);
	if (plan) /* also where the batch has planned when it began: now it is further on */
		batch_plan_wake(n);
}

void batch_start(struct node *n)
{
	struct batch *b = &n->batch;
	struct cy_mono now = n->ports.clock.mono(n->ports.clock.ctx);
	const bool careful = cy_mono_before(now, n->careful);

	n->wants_batch = false;
	if (b->phase >= BATCH_SIGNING) /* its end begins the next one */
		return;
	enter(b, BATCH_COLLECTING);
	batch_reset(n);
	if (n->stale)
		node_load_again(n);
	if (n->stale)
		b->abort_reason = "the store's own values cannot be read";
	n->batch_number++;
	stages_run(n, STAGE_BEGIN);
	while (n->inputs != NULL && b->messages < CY_BOUND(NODE_BATCH_MESSAGES) && b->bytes < NODE_BATCH_BYTES &&
	       b->only_peer == NULL && !b->erases && (!careful || b->inputs == 0)) {
		struct input *in = n->inputs;
		struct peer *only_peer =
			in->kind == INPUT_FRAME && n->peers[in->peer]->batch_alone ? n->peers[in->peer] : NULL;

		if (only_peer != NULL && b->inputs > 0)
			break;
		n->inputs = in->next;
		if (n->inputs == NULL)
			n->last_input = &n->inputs;
		b->only_peer = only_peer;
		b->inputs++;
		step(n, in);
		if (!replay_keep(n, in))
			node_input_free(in);
	}
	if (!careful || b->inputs == 0) {
		stages_run(n, STAGE_STEP);
		if (b->only_peer == NULL)
			stages_run(n, STAGE_STEP_ALL);
	}
	batch_plan_wake(n);
	enter(b, BATCH_SIGNING);
	for (struct signing_request *w = b->requests; w != NULL; w = w->next) {
		w->ticket = ++n->last_ticket;
		b->unsigned_texts++;
	}
	for (struct signing_request *w = b->requests; w != NULL; w = w->next)
		if (!signing_allowed(n, w->made) || n->ports.signer.sign(n->ports.signer.ctx, w->ticket, w->text) < 0) {
			w->answered = true;
			b->unsigned_texts--;
		}
	if (b->unsigned_texts == 0)
		commit(n);
}

void node_signed(struct node *n, uint64_t ticket, int code, struct cy_bytes signature)
{
	struct batch *b = &n->batch;

	if (greet_signed(n, ticket, code, signature)) {
		batch_go(n);
		return;
	}
	for (struct signing_request *w = b->requests; w != NULL; w = w->next) {
		if (w->ticket != ticket || w->answered)
			continue;
		w->answered = true;
		if (code == CY_OK)
			w->signature = batch_bytes(n, signature);
		if (--b->unsigned_texts == 0)
			commit(n);
		return;
	}
}

static void release_effect(struct node *n, const struct effect *f)
{
	struct link_port *l = &n->ports.link;
	struct peer *p;
	int r;

	switch (f->kind) {
	case EFFECT_LINK_SEND:
		/* The windows keep the queue short: a full one is a peer that does not read. */
		r = l->send(l->ctx, f->target, f->bytes);
		p = node_peer_of_session(n, f->target);
		if (r == CY_EAGAIN) {
			l->close(l->ctx, f->target, "the peer is gone, or does not read");
			node_link_down(n, f->target, "the peer is gone, or does not read");
		} else if (r == CY_OK && p != NULL && f->parcel.sequence != 0) {
			xchg_rtt_left(&p->rtt, f->parcel, n->ports.clock.mono(n->ports.clock.ctx));
		}
		return;
	case EFFECT_LINK_CLOSE:
		l->close(l->ctx, f->target, f->why);
		return;
	case EFFECT_ESTABLISHED:
		l->established(l->ctx, f->target);
		return;
	case EFFECT_LOCAL_SEND:
		n->ports.local.send(n->ports.local.ctx, f->target, f->bytes);
		return;
	case EFFECT_LOCAL_AGAIN:
		local_frame(n, f->target, f->bytes, -1);
		return;
	case EFFECT_SUBSCRIBED:
		subscribe_begin(n, f->target, true);
		return;
	case EFFECT_READING:
		download_begin(n, f->target, f->correlation);
		return;
	case EFFECT_CLOCK_CONFIRMED:
		node_clock_confirmed(n, f->why);
		return;
	}
}

/* All signatures are there, or failed: the batch is complete. */
static void commit(struct node *n)
{
	struct batch *b = &n->batch;
	struct store_writeset *w;
	int r;

	for (struct signing_request *request = b->requests; request != NULL; request = request->next) {
		switch (request->kind) {
		case SIGN_STATE:
			session_compose_state(n, request);
			break;
		case SIGN_PARCEL:
			outbound_signed(n, request);
			break;
		case SIGN_RECEIPT:
			inbound_receipt_signed(n, request);
			break;
		case SIGN_STATEMENT:
			expire_signed(n, request);
			break;
		case SIGN_CONTAINER:
			container_signed(n, request);
			break;
		}
	}
	if (n->wants_plan)
		batch_plan_wake(n);
	stages_run(n, STAGE_COMPLETE);
	if (b->abort_reason != NULL) {
		fail(n, CY_ESTORE, b->abort_reason);
		return;
	}
	if (b->writes.n == 0) {
		release(n);
		return;
	}
	put_meta(n);
	enter(b, BATCH_COMMITTING);
	if (CY_MUTANT_RECEIPT_BEFORE_COMMIT)
		for (struct effect *f = b->effects; f != NULL; f = f->next)
			release_effect(n, f);
	w = malloc(sizeof *w);
	CY_ASSERT(w != NULL);
	/* The store owns it from here on; frames that point into its arena have been
	 * packed already. */
	cy_table_free(&b->written);
	b->listed = NULL;
	*w = b->writes;
	b->writes = (struct store_writeset){ 0 };
	r = n->ports.store.commit(n->ports.store.ctx, w);
	if (r < 0)
		node_committed(n, r, cy_strerror(r));
}

/* Who asked for something is told that it was not done. */
static void fail_client(struct node *n, const struct effect *f, int code)
{
	if (f->kind == EFFECT_SUBSCRIBED) {
		subscribe_begin(n, f->target, false);
		return;
	}
	if (f->kind == EFFECT_READING)
		download_forget(n, f->target, f->correlation);
	else if (f->kind != EFFECT_LOCAL_SEND && f->kind != EFFECT_LOCAL_AGAIN)
		return;
	if (code == CY_EDAMAGED && n->batch.inputs == 1)
		local_error(n, f->target, f->correlation, local_unread_code(code), "", "%s", local_unread_text(code));
	else
		local_error(n, f->target, f->correlation, CY_ERROR_CODE__UNAVAILABLE, "",
			    "the store cannot commit now: repeat it later, with the same key it takes effect once");
}

/* The batch failed: nothing has happened. Sessions resume from the store, local
 * clients are told to repeat. */
static void fail(struct node *n, int code, const char *why)
{
	struct batch *b = &n->batch;

	node_log(n, NODE_ALARM, NODE_EVENT_STORE, "", "nothing can be committed now: %s", why);
	snprintf(n->store_fault, sizeof n->store_fault, "%s", why);
	/* Whose work it was that needs what is damaged shows when each has batches of its own. */
	if (code == CY_EDAMAGED)
		n->careful = cy_mono_add(n->ports.clock.mono(n->ports.clock.ctx), NODE_CAREFUL_MS);
	for (struct effect *f = b->effects; f != NULL; f = f->next)
		fail_client(n, f, code);
	for (size_t i = 0; i < n->n_peers; i++) {
		struct peer *p = n->peers[i];
		bool touched = b->all_touched;

		for (size_t k = 0; k < b->n_touched; k++)
			touched = touched || b->touched[k] == p->session;
		if (p->session != 0 && touched) {
			n->ports.link.close(n->ports.link.ctx, p->session, "the store cannot commit");
			node_link_down(n, p->session, "the store cannot commit");
		}
	}
	/* Effects that end a session had taken it from its peer already. */
	for (struct effect *f = b->effects; f != NULL; f = f->next)
		if (f->kind == EFFECT_LINK_CLOSE)
			n->ports.link.close(n->ports.link.ctx, f->target, f->why);
	stages_run(n, STAGE_FAILED);
	enter(b, BATCH_IDLE);
	batch_reset(n);
	/* What came in meanwhile. A wake-up tries again what waits without an input. */
	batch_retry(n);
	batch_plan_wake(n);
	if (n->inputs != NULL)
		batch_start(n);
}

static void release(struct node *n)
{
	struct batch *b = &n->batch;
	const bool committed = b->phase == BATCH_COMMITTING;
	bool something = b->effects != NULL || committed || n->inputs != NULL;

	enter(b, BATCH_RELEASING);
	if (b->only_peer != NULL) {
		b->only_peer->batch_alone = false;
		something = true;
	}
	/* Then what comes of no input has its turn. */
	if (b->inputs > 0 && cy_mono_before(n->ports.clock.mono(n->ports.clock.ctx), n->careful))
		something = true;
	if (committed)
		stages_run(n, STAGE_COMMITTED);
	for (struct effect *f = b->effects; f != NULL; f = f->next)
		release_effect(n, f);
	stages_run(n, STAGE_RELEASED);
	enter(b, BATCH_IDLE);
	batch_reset(n);
	n->wants_batch = false; /* the next one begins below */
	stages_run(n, STAGE_IDLE);
	if (!something) {
		batch_plan_wake(n);
		return;
	}
	for (struct conn *c = n->conns; c != NULL; c = c->next)
		subscribe_push(n, c);
	/* What came in meanwhile, or waits for a parcel of its own. */
	batch_start(n);
}

void node_committed(struct node *n, int code, const char *why)
{
	CY_ASSERT(n->batch.phase == BATCH_COMMITTING);
	if (code < 0) {
		fail(n, code, why);
		return;
	}
	n->store_fault[0] = '\0';
	if (n->config.test_pause != NULL)
		n->config.test_pause(n->config.test_pause_ctx, "committed");
	release(n);
}
