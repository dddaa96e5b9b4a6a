/* What happens to evidence by itself: it arrives, is read, is held, is over and destroyed;
 * and what our daemon states of it to the other side. */
#include <stdio.h>
#include <string.h>

#include "node/evidence.h"

/* ------------------------------------------------------------------ arrivals */

struct same {
	struct node *n;
	const struct blob_id *id;
	struct {
		char message_id[CY_UUID_LEN + 1];
		uint32_t attachment;
	} at[64];
	size_t n_at;
};

/* Others that wait for the same content have it now. */
static int add_same(void *arg, const struct store_evidence *row)
{
	struct same *s = arg;

	if (row->author != STORE_PEER || row->state != STORE_EVIDENCE_WAITING || row->send_always ||
	    row->size != s->id->size || !cy_digest_equal(&row->root, &s->id->root) ||
	    s->n_at == sizeof s->at / sizeof s->at[0])
		return CY_OK;
	s->at[s->n_at].attachment = row->attachment;
	return cy_copy(s->at[s->n_at++].message_id, CY_UUID_LEN + 1, row->message_id);
}

static void settle_arrival(struct node *n, const char *message_id, uint32_t attachment, bool mismatched)
{
	struct store_evidence row;
	struct work_case *c = NULL;
	int r = evidence_get(n, message_id, attachment, &row);

	if (r == CY_OK && row.state != STORE_EVIDENCE_WAITING)
		return;
	if (r == CY_OK)
		c = cases_get(n, row.peer, row.case_id, &r);
	if (c == NULL) {
		if (r != CY_ENOENT)
			n->batch.doom = "the store cannot read the case of evidence that arrived";
		return;
	}
	if (mismatched) {
		row.state = STORE_EVIDENCE_MISMATCHED;
		row.reason = "what came is not what its manifest says";
		evidence_tell(n, c, &row, CY_EVENT_TYPE__EVIDENCE_FAILED, row.reason);
		evidence_state(n, c, &row, CY_EVIDENCE_FATE__MISMATCHED, row.reason);
		node_tell(n, NODE_ALARM, NODE_EVENT_EVIDENCE, row.peer,
			  "peer %s: attachment %u of message %s is not what its manifest says; it was thrown away",
			  row.peer, attachment, message_id);
	} else {
		row.state = STORE_EVIDENCE_HERE;
		row.arrived = node_legal_now(n);
		evidence_tell(n, c, &row, CY_EVENT_TYPE__EVIDENCE_ARRIVED, "");
		evidence_state(n, c, &row, CY_EVIDENCE_FATE__ARRIVED, "");
	}
	evidence_put(n, &row);
}

void evidence_arrived(struct node *n, struct input *in)
{
	struct store_port *s = &n->ports.store;
	struct same same = { .n = n, .id = &in->blob.id };

	settle_arrival(n, in->blob.message_id, in->blob.attachment, in->blob.mismatched);
	if (in->blob.mismatched)
		return;
	if (s->same_evidence(s->ctx, &in->blob.id.sha256, add_same, &same) < 0)
		batch_retry(n);
	for (size_t i = 0; i < same.n_at; i++)
		settle_arrival(n, same.at[i].message_id, same.at[i].attachment, false);
}

void evidence_read(struct node *n, struct input *in)
{
	struct store_evidence row;

	if (evidence_get(n, in->blob.message_id, in->blob.attachment, &row) < 0)
		return;
	evidence_custody(n, &row, "read", in->blob.name, "", "", node_legal_now(n));
	if (row.author == STORE_PEER && !row.retrieved) {
		row.retrieved = true;
		evidence_put(n, &row);
	}
}

/* ----------------------------------------------------------------- legal holds */

void evidence_hold(struct node *n, struct conn *c, uint64_t correlation, const CyHoldEvidence *r)
{
	CyServerFrame f = CY_SERVER_FRAME__INIT;
	CyDone done = CY_DONE__INIT;
	struct store_evidence row, now;
	int code = r->item != NULL ? evidence_visible(n, &n->batch.arena, c, r->item, &row) : CY_ENOENT;

	if (code == CY_OK)
		code = evidence_get(n, row.message_id, row.attachment, &now);
	if (code < 0) {
		submit_error(n, c, correlation,
			     code == CY_ENOENT ? CY_ERROR_CODE__NOT_FOUND : CY_ERROR_CODE__UNAVAILABLE, "item",
			     code == CY_ENOENT ? "this client has no such attachment whose bytes are here"
					       : "the store cannot read now: repeat later");
		return;
	}
	if (r->reason[0] == '\0' || strlen(r->reason) > CY_REASON_MAX) {
		submit_error(n, c, correlation, CY_ERROR_CODE__INVALID, "reason",
			     "a reason of 1 to 255 bytes is mandatory: it stands in the chain of custody");
		return;
	}
	if (now.author == STORE_PEER && now.state == STORE_EVIDENCE_DESTROYED) {
		submit_error(n, c, correlation, CY_ERROR_CODE__REFUSED_BY_LIFE_CYCLE, "item",
			     "the attachment was destroyed: there is nothing to hold");
		return;
	}
	if (now.hold != r->hold) {
		now.hold = r->hold;
		evidence_put(n, &now);
		evidence_custody(n, &now, r->hold ? "held" : "released", c->client->name, r->reason, "",
				 node_legal_now(n));
	}
	f.kind_case = CY_SERVER_FRAME__KIND_DONE;
	f.done = &done;
	batch_reply(n, c->id, correlation, &f);
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

	o->n = n;
	if (s->overdue_evidence(s->ctx, node_now(n), NODE_OVERDUE_MAX, add_overdue, o) < 0) {
		batch_retry(n);
		return;
	}
	for (size_t i = 0; i < o->n_rows; i++) {
		struct store_evidence row;
		struct work_case *c;
		int r = evidence_get(n, o->rows[i].message_id, o->rows[i].attachment, &row);

		if (r < 0 || row.state != STORE_EVIDENCE_HERE || row.hold)
			continue;
		c = cases_get(n, row.peer, row.case_id, &r);
		if (c == NULL) {
			n->batch.doom = "the store cannot read the case of evidence whose retention is over";
			return;
		}
		row.state = STORE_EVIDENCE_DESTROYED;
		evidence_put(n, &row);
		evidence_doom(n, &row);
		evidence_recheck(n);
		evidence_tell(n, c, &row, CY_EVENT_TYPE__EVIDENCE_DESTROYED, "its retention is over");
		evidence_state(n, c, &row, CY_EVIDENCE_FATE__DESTROYED, "its retention is over");
	}
	if (o->n_rows == NODE_OVERDUE_MAX) /* there may be more */
		n->next_evidence = n->ports.clock.mono(n->ports.clock.ctx);
}

static int add_old_upload(void *arg, const struct store_upload *row)
{
	struct node *n = arg;
	struct store_evidence like = { .sha256 = row->sha256, .root = row->root, .size = row->size };
	struct store_write *w;

	if (row->client[0] == '\0')
		return CY_OK;
	w = batch_write(n, STORE_DROP_UPLOAD);
	w->upload.client = batch_string(n, row->client);
	w->upload.sha256 = row->sha256;
	evidence_doom(n, &like);
	return CY_OK;
}

static void drop_old_uploads(struct node *n)
{
	struct store_port *s = &n->ports.store;

	if (s->uploads(s->ctx, NULL, (struct cy_wall){ node_now(n).ms - UPLOAD_KEEP_MS }, NODE_OVERDUE_MAX,
		       add_old_upload, n) < 0)
		batch_retry(n);
}

/* ----------------------------------------------------------------- held back */

void evidence_recheck(struct node *n)
{
	n->recheck.on = true;
	n->recheck.message_id[0] = '\0';
	n->recheck.attachment = 0;
}

/* A page of what quotas held back: there may be room for it now. */
static void recheck(struct node *n)
{
	struct store_port *s = &n->ports.store;
	struct overdue *o = cy_arena_take(&n->batch.arena, sizeof *o);
	char text[160];

	o->n = n;
	if (s->held_back_evidence(s->ctx, n->recheck.message_id, n->recheck.attachment, NODE_OVERDUE_MAX, add_overdue,
				  o) < 0) {
		batch_retry(n);
		return;
	}
	n->recheck.on = o->n_rows == NODE_OVERDUE_MAX;
	for (size_t i = 0; i < o->n_rows; i++) {
		struct store_evidence row;
		struct work_case *c = NULL;
		int r = evidence_get(n, o->rows[i].message_id, o->rows[i].attachment, &row);

		cy_copy(n->recheck.message_id, sizeof n->recheck.message_id, o->rows[i].message_id);
		n->recheck.attachment = o->rows[i].attachment;
		if (r == CY_OK && row.state == STORE_EVIDENCE_HELD_BACK)
			c = cases_get(n, row.peer, row.case_id, &r);
		if (c == NULL || evidence_over_quota(n, c, &row, text, sizeof text) != NULL)
			continue;
		evidence_take_on(n, c, &row);
		row.state = STORE_EVIDENCE_WAITING;
		row.reason = "";
		evidence_put(n, &row);
	}
}

/* ------------------------------------------------------------------- statements */

static const char *action_of(CyEvidenceFate fate)
{
	switch (fate) {
	case CY_EVIDENCE_FATE__ARRIVED:
		return "arrived";
	case CY_EVIDENCE_FATE__HELD_BACK:
		return "held_back";
	case CY_EVIDENCE_FATE__MISMATCHED:
		return "mismatched";
	case CY_EVIDENCE_FATE__DESTROYED:
		return "destroyed";
	case CY_EVIDENCE_FATE__EVIDENCE_FATE_UNSPECIFIED:
	case _CY_EVIDENCE_FATE_IS_INT_SIZE:
		break;
	}
	return "";
}

/* Some of a case's fates in one message; returns those that are left. */
static struct fate *say_some(struct node *n, struct work_case *c, struct fate *first)
{
	CyContent content = CY_CONTENT__INIT;
	CyEvidenceStatement st = CY_EVIDENCE_STATEMENT__INIT;
	CyStatedEvidence *items = cy_arena_take(&n->batch.arena, EVIDENCE_SAID_MAX * sizeof *items);
	CyStatedEvidence **list = cy_arena_take(&n->batch.arena, EVIDENCE_SAID_MAX * sizeof *list);
	const struct saying saying = {
		.content = &content, .priority = CY_PRIORITY__NORMAL, .own_reference = "", .client = ""
	};
	const struct cy_wall now = node_legal_now(n);
	struct cy_error e = { 0 };
	struct fate *f;
	struct said said;

	for (f = first; f != NULL && st.n_items < EVIDENCE_SAID_MAX; f = f->next) {
		CyStatedEvidence *i = &items[st.n_items];

		cy_stated_evidence__init(i);
		i->message = f->number;
		i->attachment = f->attachment;
		i->sha256 = (ProtobufCBinaryData){ .data = f->sha256.b, .len = CY_SHA256_LEN };
		i->fate = f->fate;
		i->at_ms = now.ms;
		i->reason = (char *)f->reason;
		list[st.n_items++] = i;
	}
	st.items = list;
	content.kind_case = CY_CONTENT__KIND_EVIDENCE_STATEMENT;
	content.evidence_statement = &st;
	if (say_message(n, c, &saying, &said, &e) < 0) {
		node_tell(n, NODE_WARNING, NODE_EVENT_EVIDENCE, c->row.peer,
			  "case %s: what became of evidence cannot be stated to the peer: %s", c->row.case_id, e.text);
		return NULL;
	}
	for (; first != f; first = first->next) {
		const struct store_evidence row = { .message_id = first->message_id,
						    .attachment = first->attachment,
						    .sha256 = first->sha256 };

		evidence_custody(n, &row, action_of(first->fate), n->authority, first->reason, said.id, now);
	}
	return f;
}

void evidence_step(struct node *n)
{
	const struct cy_mono now = n->ports.clock.mono(n->ports.clock.ctx);

	if (n->ports.blobs.ctx == NULL)
		return;
	if (!cy_mono_before(now, n->next_evidence) && !n->clock_suspect && n->batch.alone == NULL) {
		n->next_evidence = cy_mono_add(now, EVIDENCE_CHECK_MS);
		n->sweep = true;
		destroy_overdue(n);
		drop_old_uploads(n);
	}
	if (n->recheck.on && n->batch.alone == NULL)
		recheck(n);
	for (struct work_case *c = n->batch.cases; c != NULL; c = c->next)
		while (c->fates != NULL)
			c->fates = say_some(n, c, c->fates);
}

/* --------------------------------------------------------------------- contents */

static int first_doomed(void *arg, const struct store_upload *row)
{
	struct cy_digest *d = arg;

	*d = row->sha256;
	return CY_EEXIST;
}

void evidence_gone(struct node *n, const struct cy_digest *sha256, int code)
{
	struct input *in;

	if (code < 0 && code != CY_ENOENT) {
		node_tell(n, NODE_ALARM, NODE_EVENT_EVIDENCE, "", "evidence that is over cannot be destroyed: %s",
			  cy_strerror(code));
		n->destroying = n->sweep = false; /* until the next look at what is over */
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
	struct cy_digest sha256;
	struct blob_ticket *t;
	bool held = true;
	int r;

	/* A content that gets its name just now may be found there already: its row is yet to be
	 * committed. */
	if (!n->sweep || n->destroying || n->finishing > 0 || n->batch.phase != BATCH_IDLE)
		return;
	r = s->uploads(s->ctx, NULL, (struct cy_wall){ 2 }, 1, first_doomed, &sha256);
	if (r != CY_EEXIST) {
		n->sweep = r < 0;
		return;
	}
	if (evidence_content_held(n, &sha256, &held) < 0)
		return;
	n->destroying = true;
	if (held) {
		evidence_gone(n, &sha256, CY_OK);
		return;
	}
	t = blob_take(n, BLOB_DESTROY);
	t->sha256 = sha256;
	if (b->destroy(b->ctx, t->id, &sha256) < 0) {
		blob_untake(n, t);
		n->destroying = false;
	}
}

void evidence_destroyed(struct node *n, struct input *in)
{
	struct store_write *w = batch_write(n, STORE_DROP_UPLOAD);

	w->upload.client = "";
	w->upload.sha256 = in->blob.id.sha256;
	n->destroying = false;
}
