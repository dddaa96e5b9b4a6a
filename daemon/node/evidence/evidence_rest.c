/* Evidence at rest: what should be on our disk is read and hashed from time to time, the one that was verified
 * longest ago first. What is found spoilt or missing, by this or by whoever reads it, is told, is given to nobody any
 * more, and is fetched again where it is a peer's. */
#include <stdio.h>
#include <string.h>

#include "base/mutant.h"
#include "node/evidence/lane.h"
#include "node/evidence/rows.h"
#include "node/evidence/tickets.h"
#include "node/evidence/uploads.h"

#define FLAWS_TOLD 8u /* that the status names */

/* --------------------------------------------------------------- what was found */

static void found_at(struct node *n, const struct cy_digest *sha256, int code, struct cy_wall at)
{
	struct input *in = node_input_new(INPUT_FOUND, 0);

	in->blob.id.sha256 = *sha256;
	in->blob.code = code;
	in->blob.at = at;
	n->evidence->rest.committing = true;
	node_queue(n, in);
}

void evidence_found(struct node *n, const struct cy_digest *sha256, int code)
{
	if (code == CY_OK || code == CY_ESIGN || code == CY_ENOENT)
		found_at(n, sha256, code, node_legal_now(n));
}

/* A row of a content, by its key. */
struct key {
	struct key *next;
	const char *message_id;
	uint32_t attachment;
};

struct keys {
	struct node *n;
	struct key *first, **last;
};

static int add_key(void *arg, const struct store_evidence *row)
{
	struct keys *l = arg;
	struct key *k = cy_arena_take(&l->n->batch.arena, sizeof *k);

	*k = (struct key){ .message_id = batch_string(l->n, row->message_id), .attachment = row->attachment };
	*l->last = k;
	l->last = &k->next;
	return CY_OK;
}

static void damaged_row(struct node *n, const char *message_id, uint32_t attachment)
{
	node_damaged(n, "", "the row of attachment %u of message %s, which is to be verified,", attachment, message_id);
}

/* Calls `fn` for each row of the content as this batch has changed it last; what it changes it puts. */
static void each_row(struct node *n, const struct cy_digest *sha256, void (*fn)(void *arg, struct store_evidence *row),
		     void *arg)
{
	struct store_port *s = &n->ports.store;
	struct keys l = { .n = n };
	int r;

	l.last = &l.first;
	r = s->same_keys(s->ctx, sha256, add_key, &l);
	if (r == CY_EDAMAGED) { /* what could be read of them has its turn */
		node_damaged(n, "", "which evidence is of the content that was verified");
	} else if (r < 0) {
		n->batch.abort_reason = "the store cannot read whose evidence was verified";
		return;
	}
	for (const struct key *k = l.first; k != NULL; k = k->next) {
		struct store_evidence row;

		r = evidence_get(n, k->message_id, k->attachment, &row);
		if (r == CY_OK)
			fn(arg, &row);
		else if (r == CY_EDAMAGED)
			damaged_row(n, k->message_id, k->attachment);
		else if (r == CY_ESTORE)
			n->batch.abort_reason = "the store cannot read the rows of evidence that was verified";
	}
}

/* An event of its case. */
static void tell(struct node *n, const struct store_evidence *row, CyEventType type, const char *text)
{
	int r;
	const struct work_case *c = cases_or_stand_in(n, row->peer, row->case_id, true, &r);

	if (c != NULL)
		evidence_event(n, c, row, type, text);
	else if (r == CY_ESTORE)
		n->batch.abort_reason = "the store cannot read the case of evidence that was verified";
}

static void mend(struct node *n, struct store_evidence *row, const char *by, const char *text)
{
	row->flaw = STORE_SOUND;
	evidence_custody(n, row, "mended", by, text, "", row->verified);
}

static void set_flaw(struct node *n, struct store_evidence *row, enum store_flaw flaw)
{
	const bool own = row->author == STORE_OWN;
	const char *what = flaw == STORE_SPOILT ? "its bytes here are not those that were hashed before"
						: "its bytes are not on the disk any more";
	char text[160];

	row->flaw = flaw;
	if (row->state == STORE_EVIDENCE_HERE && !own) {
		row->state = STORE_EVIDENCE_WAITING;
		row->send_always = true;
		row->reason = batch_string(n, what);
		evidence_state_later(n, row);
	}
	snprintf(text, sizeof text, "%s: %s", what, own ? "put it once more" : "it is fetched again");
	evidence_custody(n, row, flaw == STORE_SPOILT ? "spoilt" : "missing", n->authority, what, "",
			 node_legal_now(n));
	tell(n, row, CY_EVENT_TYPE__EVIDENCE_FAILED, text);
	node_log(n, NODE_ALARM, NODE_EVENT_EVIDENCE, row->peer, "attachment %u of message %s: %s", row->attachment,
		 row->message_id, text);
}

struct finding {
	struct node *n;
	const struct input *in;
};

/* It was to be fetched again, and its bytes are back. */
static void is_back(struct node *n, struct store_evidence *row)
{
	const struct blob_id id = { row->size, row->sha256, row->root };

	evidence_here(n, row);
	mend(n, row, n->authority, "its bytes are here again");
	tell(n, row, CY_EVENT_TYPE__EVIDENCE_ARRIVED, "");
	evidence_state_later(n, row);
	evidence_drop_part(n, row->peer, &id);
}

static void find_row(void *arg, struct store_evidence *row)
{
	const struct finding *f = arg;
	const struct input *in = f->in;
	const bool own = row->author == STORE_OWN, here = own ? !row->deleted : row->state == STORE_EVIDENCE_HERE;
	/* It was to be fetched again while it might still have been good. */
	const bool again = !own && row->state == STORE_EVIDENCE_WAITING && row->arrived.ms > 0;

	if (in->blob.code == CY_OK && !own && row->state == STORE_EVIDENCE_WAITING && row->flaw != STORE_SOUND) {
		is_back(f->n, row);
		evidence_put(f->n, row);
	} else if (in->blob.code == CY_OK && here) {
		row->verified = in->blob.at;
		if (row->unstated) /* it has waited for that */
			evidence_state_later(f->n, row);
		if (row->flaw != STORE_SOUND)
			mend(f->n, row, f->n->authority, "its bytes are here again");
		evidence_put(f->n, row);
	} else if (in->blob.code < 0 && (here || again) && row->flaw == STORE_SOUND &&
		   row->verified.ms <= in->blob.at.ms) { /* else what was read is not what is here now */
		set_flaw(f->n, row, in->blob.code == CY_ENOENT ? STORE_MISSING : STORE_SPOILT);
		evidence_put(f->n, row);
	}
}

/* What nobody has attached yet has to be put once more. */
static int drop_upload(void *arg, const struct store_upload *row)
{
	struct node *n = arg;
	struct store_evidence like = { .sha256 = row->sha256, .root = row->root, .size = row->size };
	struct store_write *w;

	w = batch_write(n, STORE_DROP_UPLOAD);
	w->upload.client = batch_string(n, row->client);
	w->upload.sha256 = row->sha256;
	evidence_discard(n, &like);
	return CY_OK;
}

void evidence_judged(struct node *n, const struct input *in)
{
	struct store_port *s = &n->ports.store;
	struct finding f = { n, in };

	n->evidence->rest.committing = false;
	each_row(n, &in->blob.id.sha256, find_row, &f);
	if (in->blob.code < 0 && s->uploads(s->ctx, &in->blob.id.sha256, (struct cy_wall){ 0 }, in->blob.at,
					    CY_PAGE_MAX, drop_upload, n) < 0)
		n->batch.abort_reason = "the store cannot read who has handed over what is spoilt";
}

static void look_from_the_first(struct node *n)
{
	n->evidence->rest.after = (struct cy_wall){ 0 };
	n->evidence->rest.message_id[0] = '\0';
	n->evidence->rest.attachment = 0;
}

void evidence_unverified(struct node *n, struct store_evidence *row)
{
	row->verified = (struct cy_wall){ 0 };
	if (!n->evidence->rest.flawed)
		look_from_the_first(n);
	n->evidence->rest.next = n->ports.clock.mono(n->ports.clock.ctx);
}

struct mending {
	struct node *n;
	const struct blob_id *id;
	const char *by;
};

static void mend_row(void *arg, struct store_evidence *row)
{
	const struct mending *m = arg;

	if (row->author != STORE_OWN || row->deleted || row->flaw == STORE_SOUND || row->size != m->id->size ||
	    !cy_digest_equal(&row->root, &m->id->root))
		return;
	row->verified = node_legal_now(m->n);
	mend(m->n, row, m->by, "the same content was hashed as it came");
	evidence_put(m->n, row);
}

void evidence_mended(struct node *n, const struct blob_id *id, const char *by)
{
	struct mending m = { n, id, by };

	each_row(n, &id->sha256, mend_row, &m);
}

/* -------------------------------------------------------------------- the round */

void evidence_round(struct node *n)
{
	const struct cy_mono now = n->ports.clock.mono(n->ports.clock.ctx);

	n->evidence->rest.ordered = node_now(n);
	n->evidence->rest.flawed = true;
	look_from_the_first(n);
	n->evidence->rest.next = now;
	n->evidence->rest.failed = (struct cy_digest){ 0 };
	bulk_work(n);
}

struct picking {
	struct node *n;
	bool found, damaged; /* one is due; its row cannot be read */
	struct blob_id id;
};

static int take_content(void *arg, const struct store_evidence *row)
{
	*(struct blob_id *)arg = (struct blob_id){ row->size, row->sha256, row->root };
	return CY_OK;
}

/* A damaged one stays as it is, and is told: those after it have their turn. */
static int pick(void *arg, const struct store_evidence *key)
{
	struct picking *p = arg;
	struct node *n = p->n;
	struct store_port *s = &n->ports.store;
	int r = s->get_evidence(s->ctx, key->message_id, key->attachment, take_content, &p->id);

	p->damaged = r == CY_EDAMAGED || r == CY_ENOENT;
	if (r < 0 && !p->damaged)
		return r;
	if (p->damaged)
		damaged_row(n, key->message_id, key->attachment);
	p->found = true;
	if (n->evidence->rest.flawed || p->damaged) {
		n->evidence->rest.after = key->verified;
		cy_copy(n->evidence->rest.message_id, sizeof n->evidence->rest.message_id, key->message_id);
		n->evidence->rest.attachment = key->attachment;
	}
	return CY_OK;
}

/* What was last verified before this is due; in any case what never was. */
static struct cy_wall due_before(struct node *n)
{
	const int64_t every = n->config.check_every_ms;
	const int64_t before = every > 0 ? node_now(n).ms - every : 1;

	return (struct cy_wall){ before > n->evidence->rest.ordered.ms ? before : n->evidence->rest.ordered.ms };
}

static int pick_next(struct node *n, struct picking *p)
{
	struct store_port *s = &n->ports.store;
	int r;

	if (n->evidence->rest.flawed) {
		r = s->flawed_evidence(s->ctx, n->evidence->rest.message_id, n->evidence->rest.attachment, 1, pick, p);
		if (p->found || (r < 0 && r != CY_EDAMAGED))
			return r;
		if (r == CY_EDAMAGED)
			node_damaged(n, "", "which evidence has a flaw");
		n->evidence->rest.flawed = false;
		look_from_the_first(n);
	}
	return s->unverified_evidence(s->ctx, n->evidence->rest.after, n->evidence->rest.message_id,
				      n->evidence->rest.attachment, due_before(n), 1, pick, p);
}

static void round_over(struct node *n, struct cy_mono now)
{
	n->evidence->rest.ordered = (struct cy_wall){ 0 };
	look_from_the_first(n);
	n->evidence->rest.next = cy_mono_add(now, EVIDENCE_CHECK_MS);
	if (n->evidence->rest.began.ms == 0 || n->evidence->rest.ended.ms > 0)
		return;
	n->evidence->rest.ended = node_now(n);
	node_log(n, n->evidence->rest.found > 0 ? NODE_WARNING : NODE_INFO, NODE_EVENT_EVIDENCE, "",
		 "%llu contents of evidence (%llu bytes) were verified: %llu spoilt or missing",
		 (unsigned long long)n->evidence->rest.contents, (unsigned long long)n->evidence->rest.bytes,
		 (unsigned long long)n->evidence->rest.found);
}

void evidence_rest(struct node *n)
{
	const struct cy_mono now = n->ports.clock.mono(n->ports.clock.ctx);
	struct blob_port *b = &n->ports.blobs;
	struct picking p = { .n = n };
	struct blob_ticket *t;
	int r;

	if (cy_mono_before(now, evidence_rest_next(n)) || !batch_is_idle(n) || replay_full(n))
		return;
	r = pick_next(n, &p);
	if (r < 0) {
		/* Without the keys there is no next one. */
		if (r == CY_EDAMAGED)
			node_damaged(n, "", "which evidence is to be verified");
		n->evidence->rest.next = cy_mono_add(now, r == CY_EDAMAGED ? EVIDENCE_CHECK_MS : NODE_STORE_RETRY_MS);
		return;
	}
	if (!p.found) {
		round_over(n, now);
		return;
	}
	if (p.damaged) {
		n->evidence->rest.next = now;
		return;
	}
	if (n->evidence->rest.began.ms == 0 || n->evidence->rest.ended.ms > 0) {
		n->evidence->rest.began = node_now(n);
		n->evidence->rest.ended = (struct cy_wall){ 0 };
		n->evidence->rest.contents = n->evidence->rest.bytes = n->evidence->rest.found = 0;
	}
	t = blob_take(n, BLOB_VERIFY_REST);
	t->sha256 = p.id.sha256;
	t->size = p.id.size;
	n->evidence->rest.busy = true;
	n->evidence->rest.at = node_legal_now(n);
	if (b->verify(b->ctx, t->id, &p.id.sha256, n->config.check_rate) < 0) {
		blob_untake(n, t);
		n->evidence->rest.busy = false;
		n->evidence->rest.next = cy_mono_add(now, EVIDENCE_CHECK_MS);
	}
}

struct cy_mono evidence_rest_next(const struct node *n)
{
	/* Until it is known what became of what a restored store believes to be here, nothing is missed. */
	return n->ports.blobs.ctx == NULL || n->evidence->rest.busy || n->evidence->rest.committing ||
			       n->wait.restored || n->stopping || n->batch.phase >= BATCH_SIGNING
		       ? CY_NEVER
		       : n->evidence->rest.next;
}

void evidence_rest_done(struct node *n, const struct blob_ticket *t, const struct blob_result *r)
{
	const struct cy_mono now = n->ports.clock.mono(n->ports.clock.ctx);
	const uint64_t rate = n->config.check_rate;
	int code = r->code;

	n->evidence->rest.busy = false;
	if (code < 0 && code != CY_ESIGN && code != CY_ENOENT) {
		node_log(n, NODE_ALARM, NODE_EVENT_EVIDENCE, "", "evidence cannot be verified: %s", r->text);
		/* A disk that gives nothing back now may do so in an hour; what it does not give back then is lost. */
		n->evidence->rest.next = cy_mono_add(now, EVIDENCE_CHECK_MS);
		if (!cy_digest_equal(&n->evidence->rest.failed, &t->sha256)) {
			n->evidence->rest.failed = t->sha256;
			return;
		}
		code = CY_ESIGN;
	} else {
		/* A small one counts as a chunk. */
		n->evidence->rest.next = cy_mono_add(now, rate > 0 ? (int64_t)(UINT64_C(1000) * CY_CHUNK / rate) : 0);
	}
	n->evidence->rest.failed = (struct cy_digest){ 0 };
	n->evidence->rest.contents++;
	n->evidence->rest.bytes += t->size;
	n->evidence->rest.found += code < 0;
	found_at(n, &t->sha256, code, n->evidence->rest.at);
}

/* ------------------------------------------------------------------- the status */

struct flaws {
	struct node *node;
	struct cy_buf text;
	size_t n;
};

static int tell_flaw(void *arg, const struct store_evidence *row)
{
	struct flaws *f = arg;

	f->n++;
	cy_buf_addf(&f->text, "%s%s/%u (%s, %s)", f->n > 1 ? ", " : "", row->message_id, row->attachment,
		    row->author == STORE_OWN ? "ours" : row->peer, row->flaw == STORE_SPOILT ? "spoilt" : "missing");
	return CY_OK;
}

static int tell_flaw_of(void *arg, const struct store_evidence *key)
{
	struct flaws *f = arg;
	struct store_port *s = &f->node->ports.store;

	if (f->n == FLAWS_TOLD) {
		f->n++;
		return CY_EEXIST;
	}
	s->get_evidence(s->ctx, key->message_id, key->attachment, tell_flaw, f); /* a damaged one is told as such */
	return CY_OK;
}

const char *evidence_flaws(struct node *n, char *text, size_t size)
{
	struct store_port *s = &n->ports.store;
	struct flaws f = { .node = n, .text = CY_BUF(4096) };

	text[0] = '\0';
	s->flawed_evidence(s->ctx, "", 0, CY_PAGE_MAX, tell_flaw_of, &f);
	if (f.n > 0)
		snprintf(text, size,
			 "the disk has spoilt or lost %.*s%s: what is a peer's is fetched again, put the same content "
			 "of ours once more (comityctl evidence check shows all)",
			 (int)f.text.len, (const char *)f.text.data, f.n > FLAWS_TOLD ? " and more" : "");
	cy_buf_free(&f.text);
	return text;
}

struct evidence_verified evidence_last_round(const struct node *n)
{
	const struct rest *r = &n->evidence->rest;

	return (struct evidence_verified){ r->began, r->ended, r->contents, r->bytes, r->found };
}
