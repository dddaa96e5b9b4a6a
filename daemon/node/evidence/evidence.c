/* Attachments as rows: what messages say about evidence, and what became of it. All of it
 * happens in batches; the bytes move apart from them (bulk.c, upload.c). */

#include <stdio.h>
#include <string.h>

#include "base/mutant.h"
#include "law/validate.h"
#include "node/evidence/lane.h"
#include "node/evidence/rows.h"
#include "node/evidence/uploads.h"

/* --------------------------------------------------------------------- rows */

struct store_evidence evidence_copy(struct cy_arena *a, const struct store_evidence *row)
{
	struct store_evidence r = *row;

	r.message_id = cy_arena_string(a, row->message_id);
	r.peer = cy_arena_string(a, row->peer);
	r.case_id = cy_arena_string(a, row->case_id);
	r.reason = cy_arena_string(a, row->reason != NULL ? row->reason : "");
	return r;
}

struct loading {
	struct cy_arena *a;
	struct store_evidence row;
};

static int load_row(void *arg, const struct store_evidence *row)
{
	struct loading *l = arg;

	l->row = evidence_copy(l->a, row);
	return CY_OK;
}

/* A row as the store has it, or as this batch has changed it last. */
int evidence_get(struct node *n, const char *message_id, uint32_t attachment, struct store_evidence *ret)
{
	struct store_port *s = &n->ports.store;
	struct loading l = { .a = &n->batch.writes.arena };
	const struct written *w = batch_written(n, BATCH_OP(PUT_EVIDENCE), message_id, NULL);
	int r;

	while (w != NULL && w->write->evidence.attachment != attachment)
		w = batch_written(n, BATCH_OP(PUT_EVIDENCE), message_id, w);
	if (w != NULL) {
		*ret = w->write->evidence;
		return CY_OK;
	}
	r = s->get_evidence(s->ctx, message_id, attachment, load_row, &l);
	if (r == CY_OK)
		*ret = l.row;
	return r;
}

void evidence_put(struct node *n, const struct store_evidence *row)
{
	struct store_evidence *e = &batch_write(n, STORE_PUT_EVIDENCE)->evidence;

	*e = *row;
	/* No bytes of it should be here. */
	if (row->author == STORE_OWN ? row->deleted
				     : row->state != STORE_EVIDENCE_HERE && row->state != STORE_EVIDENCE_WAITING)
		e->flaw = STORE_SOUND;
	n->batch.evidence = true;
}

/* The text stays out of the log, which nobody can erase: its leaf has a digest that tells nothing without the salt. */
static void add_text(struct node *n, struct store_custody *c, const char *text)
{
	uint8_t salt[AUDIT_SALT_LEN];
	char hex[AUDIT_SALT_HEX];

	c->text = batch_string(n, text);
	c->salt = "";
	if (text[0] == '\0')
		return;
	n->ports.random.fill(n->ports.random.ctx, salt, sizeof salt);
	cy_hex(salt, sizeof salt, hex);
	c->salt = batch_string(n, hex);
	c->words = audit_custody_words(c->salt, c->text);
}

void evidence_leaf(struct node *n, const struct audit_custody *said)
{
	struct cy_buf text = CY_BUF(CY_CUSTODY_TEXT_MAX);

	audit_custody_write(said, AUDIT_CUSTODY_WHOLE, &text);
	batch_leaf_of(n, cy_buf_view(&text));
	cy_buf_free(&text);
}

void evidence_link(struct node *n, const struct store_evidence *row, const struct evidence_link *link)
{
	struct store_custody *c = &batch_write(n, STORE_PUT_CUSTODY)->custody;
	struct audit_custody said;

	*c = (struct store_custody){ .message_id = row->message_id,
				     .attachment = row->attachment,
				     .at = link->at,
				     .action = link->action,
				     .by = batch_string(n, link->by),
				     .proof = batch_string(n, link->proof),
				     .leaf = n->audit.size,
				     .form = AUDIT_CUSTODY_WHOLE,
				     .from = link->from,
				     .to = link->to,
				     .count = link->counts ? 1 : 0,
				     .last = { link->counts ? link->at.ms : 0 } };
	add_text(n, c, link->text);
	said = store_custody_said(c, &row->sha256);
	evidence_leaf(n, &said);
}

void evidence_custody(struct node *n, const struct store_evidence *row, const char *action, const char *by,
		      const char *text, const char *proof, struct cy_wall at)
{
	evidence_link(n, row,
		      &(struct evidence_link){ .action = action, .by = by, .text = text, .proof = proof, .at = at });
}

void evidence_event(struct node *n, const struct work_case *c, const struct store_evidence *row, CyEventType type,
		    const char *why)
{
	char text[200];

	snprintf(text, sizeof text, why[0] != '\0' ? "%u: %s" : "%u", row->attachment, why);
	cases_event(
		n, c,
		&(struct event_of){ .type = type, .message_id = row->message_id, .number = row->number, .text = text });
}

void evidence_state_later(struct node *n, struct store_evidence *row)
{
	const struct cy_mono soon = cy_mono_add(n->ports.clock.mono(n->ports.clock.ctx), EVIDENCE_STATE_MS);

	row->unstated = true;
	if (cy_mono_before(soon, n->evidence->next_statement))
		n->evidence->next_statement = soon;
}

/* --------------------------------------------------------------- what is held */

/* What we sent stays here, whatever the receiver does with its own, until our copy is deleted. */
static bool holds(const struct store_evidence *row)
{
	return row->author == STORE_OWN ? !row->deleted : row->state == STORE_EVIDENCE_HERE;
}

struct same {
	const struct store_evidence *as;
	struct evidence_before *ret;
};

static int look_same(void *arg, const struct store_evidence *row)
{
	const struct same *same = arg;

	if (!holds(row) || row->size != same->as->size || !cy_digest_equal(&row->root, &same->as->root))
		return CY_OK;
	same->ret->attachment = row->attachment;
	return cy_copy(same->ret->message_id, sizeof same->ret->message_id, row->message_id) < 0 ? CY_ESTORE
												 : CY_EEXIST;
}

int evidence_delivered_before(struct node *n, const struct store_evidence *row, struct evidence_before *ret)
{
	struct store_port *s = &n->ports.store;
	struct same same = { row, ret };
	int r = CY_OK;

	/* What is here was verified: all that has this digest has one size and root. */
	if (!row->send_always || row->flaw != STORE_SOUND)
		r = CY_MUTANT_ANOTHERS_EVIDENCE
			    ? s->same_evidence(s->ctx, &row->sha256, look_same, &same)
			    : s->delivered_evidence(s->ctx, row->peer, &row->sha256, look_same, &same);
	return r == CY_EEXIST ? CY_OK : r == CY_OK ? CY_ENOENT : r;
}

/* All its bytes were hashed. */
void evidence_here(struct node *n, struct store_evidence *row)
{
	row->state = STORE_EVIDENCE_HERE;
	row->verified = node_legal_now(n);
	row->flaw = STORE_SOUND;
	if (row->arrived.ms == 0) /* else it was fetched again */
		row->arrived = row->verified;
}

void evidence_here_by(struct node *n, struct work_case *c, struct store_evidence *row,
		      const struct evidence_before *before)
{
	char text[128];

	snprintf(text, sizeof text, "the same content came with message %s, attachment %u, and was hashed again here",
		 before->message_id, before->attachment);
	row->reason = batch_string(n, text);
	evidence_here(n, row);
	evidence_event(n, c, row, CY_EVENT_TYPE__EVIDENCE_ARRIVED, "");
	evidence_state_later(n, row);
}

static int look_user(void *arg, const struct store_evidence *row)
{
	struct evidence_users *u = arg;

	/* One that is fetched again may turn out to be good, or all that there is. */
	u->held = u->held || holds(row) || (row->state == STORE_EVIDENCE_WAITING && row->arrived.ms > 0);
	return CY_OK;
}

static int look_upload(void *arg, const struct store_upload *row)
{
	(void)row;
	((struct evidence_users *)arg)->held = true;
	return CY_OK;
}

int evidence_users(struct node *n, const struct cy_digest *sha256, struct evidence_users *ret)
{
	struct store_port *s = &n->ports.store;
	struct evidence_users u = { 0 };
	int r = s->same_evidence(s->ctx, sha256, look_user, &u);

	if (r == CY_OK)
		r = s->uploads(s->ctx, sha256, (struct cy_wall){ 0 }, (struct cy_wall){ INT64_MAX }, CY_PAGE_MAX,
			       look_upload, &u);
	if (r == CY_OK)
		*ret = u;
	return r;
}

/* ----------------------------------------------------------------- attachments */

static struct cy_wall retain_until(struct node *n, const CyAttachment *a)
{
	const struct law_zone *z =
		n->config.legal_data != NULL ? law_find_zone(n->config.legal_data, n->place.zone) : NULL;
	struct cy_date d;

	if (a->retain_until_date[0] == '\0' || cy_date_parse(a->retain_until_date, &d) < 0)
		return (struct cy_wall){ 0 };
	if (z == NULL)
		return (struct cy_wall){ (cy_date_days(d) + 1) * INT64_C(86400000) - 1 };
	return law_end_of_day(z, d);
}

const char *evidence_over_quota(struct node *n, struct work_case *c, const struct store_evidence *row, char *text,
				size_t size)
{
	struct store_port *s = &n->ports.store;
	struct peer *p = node_peer_ever(n, row->peer);
	uint64_t of_peer = 0, of_case = 0;

	int r = p == NULL ? CY_ESTORE : s->evidence_bytes(s->ctx, row->peer, row->case_id, &of_peer, &of_case);

	if (r == CY_EDAMAGED) {
		node_damaged(n, row->peer, "how much evidence of peer %s there is", row->peer);
		snprintf(text, size, "what it counts for the quotas is damaged in the store");
		return text;
	}
	/* Nobody would look again at what was held back for that. */
	if (r < 0)
		return n->batch.abort_reason = "the store cannot read how much evidence there is already";
	if (p->evidence_batch != n->batch_number)
		p->evidence_added = 0;
	p->evidence_batch = n->batch_number;
	of_peer += p->evidence_added;
	of_case += c->evidence_added;
	if (n->config.quota_case > 0 &&
	    (row->size > n->config.quota_case || of_case > n->config.quota_case - row->size))
		snprintf(text, size, "%llu bytes more than the %llu that one case may have here",
			 (unsigned long long)(of_case + row->size - n->config.quota_case),
			 (unsigned long long)n->config.quota_case);
	else if (n->config.quota_peer > 0 &&
		 (row->size > n->config.quota_peer || of_peer > n->config.quota_peer - row->size))
		snprintf(text, size, "%llu bytes more than the %llu that one authority may have here",
			 (unsigned long long)(of_peer + row->size - n->config.quota_peer),
			 (unsigned long long)n->config.quota_peer);
	else
		return NULL;
	return text;
}

void evidence_take_on(struct node *n, struct work_case *c, const struct store_evidence *row)
{
	c->evidence_added += row->size;
	node_peer_ever(n, row->peer)->evidence_added += row->size;
}

static void take_theirs(struct node *n, struct work_case *c, struct store_evidence *row)
{
	char text[160];
	const char *quota = evidence_over_quota(n, c, row, text, sizeof text);
	struct evidence_before before;

	if (quota != NULL) {
		row->state = STORE_EVIDENCE_HELD_BACK;
		row->reason = batch_string(n, quota);
		evidence_event(n, c, row, CY_EVENT_TYPE__EVIDENCE_FAILED, quota);
		evidence_state_later(n, row);
		return;
	}
	evidence_take_on(n, c, row);
	if (CY_MUTANT_HERE_UNHASHED && evidence_delivered_before(n, row, &before) == CY_OK)
		evidence_here_by(n, c, row, &before);
}

static void take_ours(struct node *n, struct store_evidence *row, const char *client)
{
	row->state = STORE_EVIDENCE_OFFERED;
	evidence_own(n, row, client);
	evidence_custody(n, row, "offered", n->authority, "", row->message_id, node_legal_now(n));
}

void evidence_attached(struct node *n, struct work_case *c, enum store_author author, const char *message_id,
		       uint32_t number, CyPriority priority, const CyContent *content, const char *client)
{
	size_t n_list;
	CyAttachment **list = law_attachments_of(content, &n_list);
	struct store_evidence known;
	bool any = false;
	int r;

	for (size_t i = 0; i < n_list; i++) {
		const CyAttachment *a = list[i];
		struct store_evidence row = { .message_id = batch_string(n, message_id),
					      .attachment = (uint32_t)i + 1,
					      .peer = c->row.peer,
					      .case_id = c->row.case_id,
					      .author = author,
					      .number = number,
					      .priority = priority,
					      .size = a->size,
					      .send_always = a->send_always,
					      .state = STORE_EVIDENCE_WAITING,
					      .reason = "" };

		if (a->chunk_root.len != CY_SHA256_LEN)
			continue;
		memcpy(row.sha256.b, a->sha256.data, CY_SHA256_LEN);
		memcpy(row.root.b, a->chunk_root.data, CY_SHA256_LEN);
		/* A message of ours that comes back, and was damaged alone: what its bytes were found to be, holds. */
		if (author == STORE_OWN && evidence_get(n, row.message_id, row.attachment, &known) == CY_OK)
			continue;
		if (author == STORE_PEER) {
			row.retain_until = retain_until(n, a);
			take_theirs(n, c, &row);
		} else {
			take_ours(n, &row, client);
		}
		orders_remember(n, &row);
		evidence_put(n, &row);
		any = true;
	}
	r = any ? evidence_recall(n, c, author, number) : CY_OK;
	if (r == CY_EDAMAGED)
		cases_damaged(n, c->row.peer, c->row.case_id, "what was said of evidence of");
	else if (r < 0)
		n->batch.abort_reason = "the store cannot read what was said of evidence that comes back";
}

/* Content that no row holds any more is destroyed once that is committed: until it is done it stands among the
 * leftovers. */
void evidence_discard(struct node *n, const struct store_evidence *row)
{
	struct store_write *w = batch_write(n, STORE_PUT_LEFTOVER);

	w->leftover = (struct store_leftover){ .sha256 = row->sha256, .root = row->root, .size = row->size };
	n->evidence->contents_to_destroy = true;
}

/* -------------------------------------------------------------- what a client may see */

struct seeing {
	struct cy_arena *a;
	struct store_evidence row;
	const char *client;
	bool visible;
};

static int see_row(void *arg, const struct store_evidence *row)
{
	struct seeing *s = arg;

	s->row = evidence_copy(s->a, row);
	return CY_OK;
}

static int see_case(void *arg, const struct store_case *row)
{
	struct seeing *s = arg;

	s->visible = strcmp(row->client, s->client) == 0;
	return CY_OK;
}

int evidence_visible(struct node *n, struct cy_arena *a, const struct conn *c, const CyEvidenceRef *item,
		     struct store_evidence *ret)
{
	struct store_port *s = &n->ports.store;
	const struct store_view view = local_view(c);
	struct seeing x = { .a = a, .client = view.client, .visible = view.client == NULL };
	int r = s->get_evidence(s->ctx, item->message_id, item->attachment, see_row, &x);

	if (r == CY_OK && !x.visible)
		r = s->get_case(s->ctx, x.row.peer, x.row.case_id, see_case, &x);
	if (r == CY_OK && !x.visible)
		r = CY_ENOENT;
	if (r == CY_OK)
		*ret = x.row;
	return r;
}
