/* What happens to evidence by itself: it arrives, is held, is over and destroyed;
 * and what our daemon states of it to the other side. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mutant.h"
#include "node/evidence/lane.h"
#include "node/evidence/rows.h"
#include "node/evidence/tickets.h"
#include "node/evidence/uploads.h"

/* ------------------------------------------------------------------ arrivals */

struct same {
	const char *peer;
	const struct blob_id *id;
	struct {
		char message_id[CY_UUID_LEN + 1];
		uint32_t attachment;
	} at[64];
	size_t n_at;
};

/* Others of this peer that wait for the same content have it now. */
static int add_same(void *arg, const struct store_evidence *row)
{
	struct same *s = arg;

	if (row->author != STORE_PEER || strcmp(row->peer, s->peer) != 0 || row->state != STORE_EVIDENCE_WAITING ||
	    (row->send_always && row->flaw == STORE_SOUND) || row->size != s->id->size ||
	    !cy_digest_equal(&row->root, &s->id->root) || s->n_at == sizeof s->at / sizeof s->at[0])
		return CY_OK;
	s->at[s->n_at].attachment = row->attachment;
	return cy_copy(s->at[s->n_at++].message_id, CY_UUID_LEN + 1, row->message_id);
}

/* `by`: with what the same content came; NULL: it came itself. */
static void record_arrival(struct node *n, const char *message_id, uint32_t attachment, enum blob_outcome outcome,
			   const struct evidence_before *by)
{
	struct store_evidence row;
	struct work_case *c = NULL;
	int r = evidence_get(n, message_id, attachment, &row);

	if (r == CY_OK && row.state != STORE_EVIDENCE_WAITING) {
		if (outcome == OUTCOME_HERE) /* nobody may want it any more: it was destroyed while it was on its way */
			evidence_discard(n, &row);
		return;
	}
	if (r == CY_EDAMAGED)
		node_damaged(n, "", "the row of attachment %u of message %s, which has arrived,", attachment,
			     message_id);
	if (r == CY_OK)
		c = cases_or_stand_in(n, row.peer, row.case_id, true, &r);
	if (c == NULL) {
		if (r != CY_ENOENT && r != CY_EDAMAGED)
			n->batch.abort_reason = "the store cannot read the case of evidence that arrived";
		return;
	}
	if (outcome == OUTCOME_LOST && row.legal_hold) /* ordered meanwhile: somebody has to look */
		return;
	if (outcome == OUTCOME_MISMATCHED) {
		if (row.arrived.ms > 0)
			evidence_discard(n, &row);
		row.state = STORE_EVIDENCE_MISMATCHED;
		row.reason = "what came is not what its manifest says";
		evidence_event(n, c, &row, CY_EVENT_TYPE__EVIDENCE_FAILED, row.reason);
		evidence_state_later(n, &row);
		node_log(n, NODE_ALARM, NODE_EVENT_EVIDENCE, row.peer,
			 "peer %s: attachment %u of message %s is not what its manifest says; it was thrown away",
			 row.peer, attachment, message_id);
	} else if (outcome == OUTCOME_LOST) {
		row.state = STORE_EVIDENCE_DESTROYED;
		row.reason = "the sender has destroyed it, and it is not here";
		evidence_recheck(n);
		evidence_event(n, c, &row, CY_EVENT_TYPE__EVIDENCE_DESTROYED, row.reason);
		evidence_state_later(n, &row);
	} else if (outcome == OUTCOME_GONE || outcome == OUTCOME_SPOILT) { /* what is here was found to be good */
		evidence_here(n, &row);
		evidence_event(n, c, &row, CY_EVENT_TYPE__EVIDENCE_FAILED,
			       outcome == OUTCOME_GONE ? "the sender has no copy of it any more"
						       : "the copy of the sender is not what its manifest says");
		evidence_state_later(n, &row);
	} else if (by != NULL) {
		evidence_here_by(n, c, &row, by);
	} else {
		evidence_here(n, &row);
		row.reason = "";
		evidence_event(n, c, &row, CY_EVENT_TYPE__EVIDENCE_ARRIVED, "");
		evidence_state_later(n, &row);
	}
	evidence_put(n, &row);
}

/* It came before, and was verified again; if that has been destroyed meanwhile, this one is pulled. */
static void record_same(struct node *n, const struct input *in)
{
	struct evidence_before before;
	struct store_evidence row;
	int r = evidence_get(n, in->blob.message_id, in->blob.attachment, &row);

	if (r == CY_OK && evidence_delivered_before(n, &row, &before) == CY_OK)
		record_arrival(n, in->blob.message_id, in->blob.attachment, OUTCOME_HERE, &before);
}

void evidence_arrived(struct node *n, struct input *in)
{
	struct store_port *s = &n->ports.store;
	struct same same = { .peer = n->peers[in->peer]->id, .id = &in->blob.id };
	struct evidence_before by = { .attachment = in->blob.attachment };

	if (in->blob.outcome == OUTCOME_SAME) {
		record_same(n, in);
		return;
	}
	record_arrival(n, in->blob.message_id, in->blob.attachment, in->blob.outcome, NULL);
	if (in->blob.outcome != OUTCOME_HERE)
		return;
	evidence_mended(n, &in->blob.id, same.peer);
	if (s->same_evidence(s->ctx, &in->blob.id.sha256, add_same, &same) < 0)
		batch_retry(n);
	cy_copy(by.message_id, sizeof by.message_id, in->blob.message_id);
	for (size_t i = 0; i < same.n_at; i++)
		if (same.at[i].attachment != by.attachment || strcmp(same.at[i].message_id, by.message_id) != 0)
			record_arrival(n, same.at[i].message_id, same.at[i].attachment, OUTCOME_HERE, &by);
}

/* ------------------------------------------------------------------- retention */

struct overdue {
	struct node *n;
	struct store_evidence rows[NODE_OVERDUE_MAX];
	size_t n_rows;
};

static int add_overdue(void *arg, const struct store_evidence *row)
{
	struct overdue *o = arg;

	o->rows[o->n_rows++] = evidence_copy(&o->n->batch.writes.arena, row);
	return CY_OK;
}

static void destroy_overdue(struct node *n)
{
	struct store_port *s = &n->ports.store;
	struct overdue *o = cy_arena_take(&n->batch.arena, sizeof *o);
	bool any = false;

	o->n = n;
	for (size_t i = 0; i < n->n_peers && o->n_rows < CY_BOUND(NODE_OVERDUE_MAX); i++)
		if (node_may_destroy(n, n->peers[i]) &&
		    s->overdue_evidence(s->ctx, n->peers[i]->id, node_now(n),
					(uint32_t)(CY_BOUND(NODE_OVERDUE_MAX) - o->n_rows), add_overdue, o) < 0) {
			batch_retry(n);
			return;
		}
	for (size_t i = 0; i < o->n_rows; i++) {
		struct store_evidence row;
		struct work_case *c;
		int r = evidence_get(n, o->rows[i].message_id, o->rows[i].attachment, &row);

		if (r < 0 || (row.state != STORE_EVIDENCE_HERE && row.state != STORE_EVIDENCE_WAITING) ||
		    row.legal_hold || row.verdict == CY_EVIDENCE_STATE__REJECTED)
			continue;
		c = cases_or_stand_in(n, row.peer, row.case_id, true, &r);
		if (c == NULL) /* at the next look again */
			continue;
		any = true;
		row.state = STORE_EVIDENCE_DESTROYED;
		row.reason = "its retention is over";
		evidence_state_later(n, &row);
		evidence_put(n, &row);
		evidence_discard(n, &row);
		evidence_recheck(n);
		evidence_event(n, c, &row, CY_EVENT_TYPE__EVIDENCE_DESTROYED, "its retention is over");
	}
	if (any && o->n_rows == CY_BOUND(NODE_OVERDUE_MAX)) /* there may be more */
		n->evidence->next_evidence = n->ports.clock.mono(n->ports.clock.ctx);
}

/* Our copies of what the receiver has had for long enough. */
static void delete_spent(struct node *n)
{
	struct store_port *s = &n->ports.store;
	struct overdue *o = cy_arena_take(&n->batch.arena, sizeof *o);
	const struct cy_wall before = { node_now(n).ms - n->config.keep_sent_ms };

	o->n = n;
	for (size_t i = 0; i < n->n_peers && o->n_rows < CY_BOUND(NODE_OVERDUE_MAX); i++)
		if (node_may_destroy(n, n->peers[i]) &&
		    s->spent_evidence(s->ctx, n->peers[i]->id, before,
				      (uint32_t)(CY_BOUND(NODE_OVERDUE_MAX) - o->n_rows), add_overdue, o) < 0) {
			batch_retry(n);
			return;
		}
	for (size_t i = 0; i < o->n_rows; i++) {
		struct store_evidence row;
		int r = evidence_get(n, o->rows[i].message_id, o->rows[i].attachment, &row);

		/* What this batch has heard may have undone that. */
		if (r < 0 || row.receiver_done.ms == 0 || row.legal_hold)
			continue;
		row.deleted = true;
		evidence_put(n, &row);
		evidence_discard(n, &row);
		evidence_custody(n, &row, "deleted", n->authority, "evidence.keep_sent", "", node_legal_now(n));
	}
	if (o->n_rows == CY_BOUND(NODE_OVERDUE_MAX))
		n->evidence->next_evidence = n->ports.clock.mono(n->ports.clock.ctx);
}

/* Handed over once more in this batch. */
static bool stored_in_batch(const struct node *n, const struct store_upload *row)
{
	for (const struct store_write *w = n->batch.writes.first; w != NULL; w = w->next)
		if (w->op == STORE_PUT_UPLOAD && cy_digest_equal(&w->upload.sha256, &row->sha256) &&
		    strcmp(w->upload.client, row->client) == 0)
			return true;
	return false;
}

static bool left_in_batch(const struct node *n, const struct cy_digest *sha256)
{
	for (const struct store_write *w = n->batch.writes.first; w != NULL; w = w->next)
		if (w->op == STORE_PUT_LEFTOVER && cy_digest_equal(&w->leftover.sha256, sha256))
			return true;
	return false;
}

struct old_uploads {
	struct node *n;
	size_t n_rows;
};

static int add_old_upload(void *arg, const struct store_upload *row)
{
	struct old_uploads *o = arg;
	struct node *n = o->n;
	struct store_evidence like = { .sha256 = row->sha256, .root = row->root, .size = row->size };
	struct store_write *w;

	o->n_rows++;
	if (stored_in_batch(n, row))
		return CY_OK;
	w = batch_write(n, STORE_DROP_UPLOAD);
	w->upload.client = batch_string(n, row->client);
	w->upload.sha256 = row->sha256;
	evidence_discard(n, &like);
	return CY_OK;
}

static int add_old_stray(void *arg, const struct store_leftover *row)
{
	struct old_uploads *o = arg;

	o->n_rows++;
	if (!left_in_batch(o->n, &row->sha256) && evidence_stray_over(o->n, row))
		evidence_discard(
			o->n, &(struct store_evidence){ .sha256 = row->sha256, .root = row->root, .size = row->size });
	return CY_OK;
}

static void drop_old_uploads(struct node *n)
{
	struct store_port *s = &n->ports.store;
	const struct cy_wall before = { node_now(n).ms - UPLOAD_KEEP_MS };
	const uint32_t most = CY_BOUND(NODE_OVERDUE_MAX);
	/* Each has its own page: strays that stay, for what may have been ordered, keep no upload from its end. */
	struct old_uploads strays = { .n = n }, uploads = { .n = n };

	/* None is over while an order to keep content may be lost. */
	if ((!orders_hold_lost(n) && s->strays(s->ctx, before, most, add_old_stray, &strays) < 0) ||
	    s->uploads(s->ctx, NULL, (struct cy_wall){ 0 }, before, most, add_old_upload, &uploads) < 0)
		batch_retry(n);
	else if (strays.n_rows == most || uploads.n_rows == most) /* there may be more */
		n->evidence->next_evidence = n->ports.clock.mono(n->ports.clock.ctx);
}

/* ----------------------------------------------------------------- held back */

void evidence_recheck(struct node *n)
{
	n->evidence->recheck.on = true;
	n->evidence->recheck.batch = n->batch_number;
	n->evidence->recheck.message_id[0] = '\0';
	n->evidence->recheck.attachment = 0;
}

/* A page of what quotas held back: there may be room for it now. */
static void recheck(struct node *n)
{
	struct store_port *s = &n->ports.store;
	struct overdue *o = cy_arena_take(&n->batch.arena, sizeof *o);
	char text[160];

	o->n = n;
	if (s->held_back_evidence(s->ctx, n->evidence->recheck.message_id, n->evidence->recheck.attachment,
				  CY_BOUND(NODE_OVERDUE_MAX), add_overdue, o) < 0) {
		batch_retry(n);
		return;
	}
	n->evidence->recheck.on = o->n_rows == CY_BOUND(NODE_OVERDUE_MAX);
	for (size_t i = 0; i < o->n_rows; i++) {
		struct store_evidence row;
		struct work_case *c = NULL;
		int r = evidence_get(n, o->rows[i].message_id, o->rows[i].attachment, &row);

		if (r == CY_OK && row.state == STORE_EVIDENCE_HELD_BACK)
			c = cases_get(n, row.peer, row.case_id, &r);
		if (r == CY_ESTORE) { /* from here on again */
			n->evidence->recheck.on = true;
			batch_retry(n);
			return;
		}
		cy_copy(n->evidence->recheck.message_id, sizeof n->evidence->recheck.message_id, o->rows[i].message_id);
		n->evidence->recheck.attachment = o->rows[i].attachment;
		if (c == NULL || evidence_over_quota(n, c, &row, text, sizeof text) != NULL)
			continue;
		evidence_take_on(n, c, &row);
		row.state = STORE_EVIDENCE_WAITING;
		row.reason = "";
		evidence_state_later(n, &row);
		evidence_put(n, &row);
	}
}

/* ------------------------------------------------------------------- statements */

static CyEvidenceFate fate_of(enum store_evidence_state state)
{
	switch (state) {
	case STORE_EVIDENCE_HERE:
		return CY_EVIDENCE_FATE__ARRIVED;
	case STORE_EVIDENCE_HELD_BACK:
		return CY_EVIDENCE_FATE__HELD_BACK;
	case STORE_EVIDENCE_MISMATCHED:
		return CY_EVIDENCE_FATE__MISMATCHED;
	case STORE_EVIDENCE_DESTROYED:
		return CY_EVIDENCE_FATE__DESTROYED;
	case STORE_EVIDENCE_WAITING:
		return CY_EVIDENCE_FATE__WANTED;
	case STORE_EVIDENCE_OFFERED:
		break;
	}
	return CY_EVIDENCE_FATE__EVIDENCE_FATE_UNSPECIFIED;
}

/* In the chain of custody. */
static const char *action_of(enum store_evidence_state state)
{
	switch (state) {
	case STORE_EVIDENCE_HERE:
		return "arrived";
	case STORE_EVIDENCE_HELD_BACK:
		return "held_back";
	case STORE_EVIDENCE_MISMATCHED:
		return "mismatched";
	case STORE_EVIDENCE_DESTROYED:
		return "destroyed";
	case STORE_EVIDENCE_WAITING:
		return "wanted";
	case STORE_EVIDENCE_OFFERED:
		break;
	}
	return "";
}

static bool changed_in_batch(const struct node *n, const struct store_evidence *row)
{
	for (const struct store_write *w = n->batch.writes.first; w != NULL; w = w->next)
		if (w->op == STORE_PUT_EVIDENCE && w->evidence.attachment == row->attachment &&
		    strcmp(w->evidence.message_id, row->message_id) == 0)
			return true;
	return false;
}

struct stating {
	struct node *n;
	struct store_evidence rows[EVIDENCE_SAID_MAX];
	size_t n_rows;
};

/* Those of the first case. */
static int add_unstated(void *arg, const struct store_evidence *row)
{
	struct stating *s = arg;

	if (s->n_rows > 0 && (strcmp(s->rows[0].case_id, row->case_id) != 0 || strcmp(s->rows[0].peer, row->peer) != 0))
		return CY_EEXIST;
	s->rows[s->n_rows++] = evidence_copy(&s->n->batch.writes.arena, row);
	return CY_OK;
}

static int compose_rows(struct node *n, struct work_case *c, struct stating *s, struct composed *ret)
{
	CyContent content = CY_CONTENT__INIT;
	CyEvidenceStatement st = CY_EVIDENCE_STATEMENT__INIT;
	CyStatedEvidence *items = cy_arena_take(&n->batch.arena, s->n_rows * sizeof *items);
	CyStatedEvidence **list = cy_arena_take(&n->batch.arena, s->n_rows * sizeof *list);
	const struct compose_input input = {
		.content = &content, .priority = CY_PRIORITY__NORMAL, .own_reference = "", .client = ""
	};
	const struct cy_wall now = node_legal_now(n);
	struct cy_error e = { 0 };
	int r;

	for (size_t i = 0; i < s->n_rows; i++) {
		struct store_evidence *row = &s->rows[i];

		cy_stated_evidence__init(&items[i]);
		items[i].message = row->number;
		items[i].attachment = row->attachment;
		items[i].sha256 = (ProtobufCBinaryData){ .data = row->sha256.b, .len = CY_SHA256_LEN };
		items[i].fate = fate_of(row->state);
		items[i].at_ms = row->state == STORE_EVIDENCE_HERE ? row->verified.ms : now.ms;
		items[i].reason = (char *)row->reason;
		list[i] = &items[i];
	}
	st.items = list;
	st.n_items = s->n_rows;
	content.kind_case = CY_CONTENT__KIND_EVIDENCE_STATEMENT;
	content.evidence_statement = &st;
	r = compose_message(n, c, &input, ret, &e);
	if (r < 0)
		node_log(n, NODE_WARNING, NODE_EVENT_EVIDENCE, c->row.peer,
			 "case %s: what became of evidence cannot be stated to the peer: %s", c->row.case_id, e.text);
	return r;
}

static void state_rows(struct node *n, struct work_case *c, struct stating *s)
{
	const struct cy_wall now = node_legal_now(n);
	const struct peer *p = node_peer_ever(n, c->row.peer);
	struct composed said = { 0 };

	if (p == NULL) {
		batch_retry(n);
		return;
	}
	/* A full case takes no more messages, nor does a damaged one, and some peers do not understand
	 * what would be said: then it stays unsaid, and is on our own record. */
	if (node_understands(p, NODE_FEATURE_EVIDENCE) && !c->row.damaged)
		compose_rows(n, c, s, &said);
	for (size_t i = 0; i < s->n_rows; i++) {
		s->rows[i].unstated = false;
		evidence_put(n, &s->rows[i]);
		evidence_custody(n, &s->rows[i], action_of(s->rows[i].state), n->authority, s->rows[i].reason, said.id,
				 now);
	}
}

/* One case at a time: the others have their turn in the next batches. What this batch
 * itself changes is stated later, as it then is. To a peer from which a restored store fetches back nothing is said
 * yet: what was said before comes back first, and takes room in the case. */
static void state_some(struct node *n, struct cy_mono now)
{
	struct store_port *s = &n->ports.store;
	struct stating *x = cy_arena_take(&n->batch.arena, sizeof *x);
	struct work_case *c = NULL;
	size_t left = 0;
	int r;

	x->n = n;
	r = s->unstated_evidence(s->ctx, CY_BOUND(EVIDENCE_SAID_MAX), add_unstated, x);
	if (r < 0 && r != CY_EEXIST) {
		batch_retry(n);
		return;
	}
	/* Those that this batch adds come with the next look; so do other cases. */
	n->evidence->next_statement = x->n_rows == 0 && !n->batch.evidence ? CY_NEVER
				      : x->n_rows == 0 && bulk_fetching(n) ? cy_mono_add(now, EVIDENCE_STATE_MS)
									   : now;
	for (size_t i = 0; i < x->n_rows; i++)
		if (!changed_in_batch(n, &x->rows[i]))
			x->rows[left++] = x->rows[i];
	x->n_rows = left;
	if (left > 0)
		c = cases_or_stand_in(n, x->rows[0].peer, x->rows[0].case_id, true, &r);
	if (c != NULL)
		state_rows(n, c, x);
	else if (left > 0)
		batch_retry(n);
}

void evidence_state_all(struct node *n)
{
	n->batch.evidence = true;
	n->evidence->next_statement = n->ports.clock.mono(n->ports.clock.ctx);
}

void evidence_start(struct node *n)
{
	n->evidence->next_evidence = n->evidence->next_statement = n->evidence->rest.next = n->started_mono;
}

void evidence_released(struct node *n)
{
	n->evidence->contents_finishing -= n->batch.finished;
}

void evidence_replayed(struct node *n)
{
	for (const struct input *in = n->batch.replay; in != NULL; in = in->next) {
		if (in->kind == INPUT_DESTROYED)
			n->evidence->destroying = true;
		if (in->kind == INPUT_FOUND)
			n->evidence->rest.committing = true;
	}
}

void evidence_resumed(struct node *n)
{
	n->evidence->next_evidence = n->ports.clock.mono(n->ports.clock.ctx);
}

void evidence_reconfigured(struct node *n)
{
	evidence_recheck(n);
	n->evidence->next_evidence = n->evidence->rest.next = n->ports.clock.mono(n->ports.clock.ctx);
	evidence_share(n);
}

void evidence_failed(struct node *n)
{
	n->evidence->next_statement = n->ports.clock.mono(n->ports.clock.ctx);
	evidence_recheck(n);
}

struct cy_mono evidence_next(const struct node *n)
{
	const struct cy_mono look =
		n->evidence->recheck.on ? n->ports.clock.mono(n->ports.clock.ctx) : n->evidence->next_evidence;

	if (n->ports.blobs.ctx == NULL)
		return CY_NEVER;
	return cy_mono_before(n->evidence->next_statement, look) ? n->evidence->next_statement : look;
}

void evidence_step(struct node *n)
{
	const struct cy_mono now = n->ports.clock.mono(n->ports.clock.ctx);

	if (n->ports.blobs.ctx == NULL)
		return;
	if (!cy_mono_before(now, n->evidence->next_evidence) && n->batch.only_peer == NULL) {
		n->evidence->next_evidence = cy_mono_add(now, EVIDENCE_CHECK_MS);
		n->evidence->contents_to_destroy = true; /* what is over already needs no clock */
		n->evidence->n_undestroyed = 0;
		destroy_overdue(n);
		if (n->config.keep_sent_ms > 0)
			delete_spent(n);
		/* What a lost message attaches is wanted once it comes back from whichever peer. */
		if (node_may_destroy(n, NULL))
			drop_old_uploads(n);
	}
	if (n->evidence->recheck.on && n->evidence->recheck.batch != n->batch_number && n->batch.only_peer == NULL)
		recheck(n);
	/* While more is on its way a statement waits for it, but not for long. */
	if (n->evidence->next_statement.ms != CY_NEVER.ms && n->batch.only_peer == NULL &&
	    (!cy_mono_before(now, n->evidence->next_statement) || !bulk_fetching(n)))
		state_some(n, now);
}

/* --------------------------------------------------------------------- contents */

void evidence_drop_part(struct node *n, const char *peer, const struct blob_id *id)
{
	struct blob_port *b = &n->ports.blobs;
	struct blob_ticket *t = blob_take(n, BLOB_DROP);
	char part[BLOB_NAME_MAX + 1];

	evidence_part(peer, id, part);
	if (b->drop_part(b->ctx, t->id, part) < 0)
		blob_untake(n, t);
}

struct waiting {
	const struct node *n;
	const struct blob_id *id;
	struct {
		bool any, waits;
	} * of; /* by the peer's index */
};

static int find_waiting(void *arg, const struct store_evidence *row)
{
	struct waiting *w = arg;

	if (row->author != STORE_PEER || row->size != w->id->size || !cy_digest_equal(&row->root, &w->id->root))
		return CY_OK;
	for (size_t i = 0; i < w->n->n_peers; i++)
		if (strcmp(w->n->peers[i]->id, row->peer) == 0) {
			w->of[i].any = true;
			w->of[i].waits = w->of[i].waits || row->state == STORE_EVIDENCE_WAITING;
		}
	return CY_OK;
}

/* It may have been certified as destroyed before all of it was here. */
static int drop_parts(struct node *n, const struct blob_id *id)
{
	struct store_port *s = &n->ports.store;
	struct waiting w = { .n = n, .id = id, .of = calloc(n->n_peers + 1, sizeof *w.of) };
	int r;

	CY_ASSERT(w.of != NULL);
	r = s->same_evidence(s->ctx, &id->sha256, find_waiting, &w);
	for (size_t i = 0; r == CY_OK && i < n->n_peers; i++)
		if (w.of[i].any && !w.of[i].waits)
			evidence_drop_part(n, n->peers[i]->id, id);
	free(w.of);
	return r;
}

struct sweeping {
	const struct node *n;
	struct blob_id id;
};

static int first_discarded(void *arg, const struct store_leftover *row)
{
	struct sweeping *s = arg;

	for (size_t i = 0; i < s->n->evidence->n_undestroyed; i++)
		if (cy_digest_equal(&s->n->evidence->undestroyed[i], &row->sha256))
			return CY_OK;
	s->id = (struct blob_id){ row->size, row->sha256, row->root };
	return CY_EEXIST;
}

void evidence_gone(struct node *n, const struct cy_digest *sha256, int code)
{
	struct input *in;

	if (code < 0 && code != CY_ENOENT) {
		/* The others have their turn; it is told once for all until the next look. */
		if (n->evidence->n_undestroyed == 0)
			node_log(n, NODE_ALARM, NODE_EVENT_EVIDENCE, "",
				 "evidence that is over cannot be destroyed: %s; it is tried again within an hour",
				 cy_strerror(code));
		if (n->evidence->n_undestroyed < CY_BOUND(NODE_UNDESTROYED_MAX))
			n->evidence->undestroyed[n->evidence->n_undestroyed++] = *sha256;
		else
			n->evidence->contents_to_destroy = false;
		n->evidence->destroying = false;
		return;
	}
	in = node_input_new(INPUT_DESTROYED, 0);
	in->blob.id.sha256 = *sha256;
	node_queue(n, in);
}

void evidence_sweep(struct node *n)
{
	struct store_port *s = &n->ports.store;
	struct blob_port *b = &n->ports.blobs;
	struct sweeping w = { .n = n };
	struct evidence_users users;
	struct blob_ticket *t;
	int r;

	/* A content that gets its name just now may be found there already: its row is yet to be
	 * committed. */
	if (!n->evidence->contents_to_destroy || n->wait.restored || n->evidence->destroying ||
	    n->evidence->contents_finishing > 0 || !batch_is_idle(n))
		return;
	r = s->discarded(s->ctx, (uint32_t)n->evidence->n_undestroyed + 1, first_discarded, &w);
	if (r != CY_EEXIST) {
		n->evidence->contents_to_destroy = r < 0;
		return;
	}
	if (evidence_users(n, &w.id.sha256, &users) < 0 || drop_parts(n, &w.id) < 0)
		return;
	n->evidence->destroying = true;
	if (users.held && !CY_MUTANT_SHARED_DESTROYED) {
		evidence_gone(n, &w.id.sha256, CY_OK);
		return;
	}
	t = blob_take(n, BLOB_DESTROY);
	t->sha256 = w.id.sha256;
	if (b->destroy(b->ctx, t->id, &w.id.sha256) < 0) {
		blob_untake(n, t);
		n->evidence->destroying = false;
	}
}

void evidence_destroyed(struct node *n, struct input *in)
{
	struct store_write *w = batch_write(n, STORE_DROP_LEFTOVER);

	w->leftover.sha256 = in->blob.id.sha256;
	n->evidence->destroying = false;
	n->evidence->rest.strays.stale = true;
}
