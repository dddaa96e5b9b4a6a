/* Attachments as rows: what messages say about evidence, and what became of it. All of it
 * happens in batches; the bytes move apart from them (bulk.c, upload.c). */
#include "node/evidence.h"

#include <stdio.h>
#include <string.h>

#include "base/mutant.h"
#include "law/validate.h"

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
	const struct store_evidence *changed = NULL;
	int r;

	for (const struct store_write *w = n->batch.writes.first; w != NULL; w = w->next)
		if (w->op == STORE_PUT_EVIDENCE && w->evidence.attachment == attachment &&
		    strcmp(w->evidence.message_id, message_id) == 0)
			changed = &w->evidence;
	if (changed != NULL) {
		*ret = *changed;
		return CY_OK;
	}
	r = s->get_evidence(s->ctx, message_id, attachment, load_row, &l);
	if (r == CY_OK)
		*ret = l.row;
	return r;
}

void evidence_put(struct node *n, const struct store_evidence *row)
{
	batch_write(n, STORE_PUT_EVIDENCE)->evidence = *row;
	n->batch.evidence = true;
}

/* A link of the chain of custody: proved by a signed message, or by a leaf of our log. */
void evidence_custody(struct node *n, const struct store_evidence *row, const char *action, const char *by,
		      const char *text, const char *proof, struct cy_wall at)
{
	struct store_write *w;
	char hex[CY_SHA256_HEX];

	if (proof[0] == '\0') {
		cy_digest_hex(&row->sha256, hex);
		batch_leaf(n, "evidence %s %s %u %s %s", action, row->message_id, row->attachment, hex, by);
	}
	w = batch_write(n, STORE_PUT_CUSTODY);
	w->custody = (struct store_custody){ .message_id = row->message_id,
					     .attachment = row->attachment,
					     .at = at,
					     .action = action,
					     .by = batch_string(n, by),
					     .text = batch_string(n, text),
					     .proof = batch_string(n, proof),
					     .leaf = proof[0] == '\0' ? n->audit.size - 1 : 0 };
}

void evidence_tell(struct node *n, const struct work_case *c, const struct store_evidence *row, CyEventType type,
		   const char *why)
{
	char text[200];

	snprintf(text, sizeof text, why[0] != '\0' ? "%u: %s" : "%u", row->attachment, why);
	cases_event(
		n, c,
		&(struct event_of){ .type = type, .message_id = row->message_id, .number = row->number, .text = text });
}

void evidence_state(struct node *n, struct store_evidence *row)
{
	const struct cy_mono soon = cy_mono_add(n->ports.clock.mono(n->ports.clock.ctx), EVIDENCE_STATE_MS);

	row->unstated = true;
	if (cy_mono_before(soon, n->next_statement))
		n->next_statement = soon;
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
	if (!row->send_always)
		r = CY_MUTANT_ANOTHERS_EVIDENCE
			    ? s->same_evidence(s->ctx, &row->sha256, look_same, &same)
			    : s->delivered_evidence(s->ctx, row->peer, &row->sha256, look_same, &same);
	return r == CY_EEXIST ? CY_OK : r == CY_OK ? CY_ENOENT : r;
}

void evidence_here_by(struct node *n, struct work_case *c, struct store_evidence *row,
		      const struct evidence_before *before)
{
	char text[128];

	snprintf(text, sizeof text, "the same content came with message %s, attachment %u", before->message_id,
		 before->attachment);
	row->state = STORE_EVIDENCE_HERE;
	row->reason = batch_string(n, text);
	row->arrived = node_legal_now(n);
	evidence_tell(n, c, row, CY_EVENT_TYPE__EVIDENCE_ARRIVED, "");
	evidence_state(n, row);
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
	if (row->client[0] != '\0')
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
	const struct law_zone *z = n->config.books != NULL ? law_find_zone(n->config.books, n->place.zone) : NULL;
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
		return n->batch.doom = "the store cannot read how much evidence there is already";
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
		evidence_tell(n, c, row, CY_EVENT_TYPE__EVIDENCE_FAILED, quota);
		evidence_state(n, row);
		return;
	}
	evidence_take_on(n, c, row);
	if (evidence_delivered_before(n, row, &before) == CY_OK)
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
		if (author == STORE_PEER) {
			row.retain_until = retain_until(n, a);
			take_theirs(n, c, &row);
		} else {
			take_ours(n, &row, client);
		}
		orders_remember(n, &row);
		evidence_put(n, &row);
	}
}

/* ---------------------------------------------------- what is said about them */

struct naming {
	enum store_author author;
	struct named {
		uint32_t number;
		char id[CY_UUID_LEN + 1]; /* "": there is no such message */
	} * at;
	size_t n;
};

static int match_number(void *arg, const struct store_message *row)
{
	struct naming *m = arg;

	for (size_t i = 0; row->author == m->author && row->number != 0 && i < m->n; i++)
		if (m->at[i].number == row->number && cy_copy(m->at[i].id, sizeof m->at[i].id, row->id) < 0)
			return CY_ESTORE;
	return CY_OK;
}

/* The ids of messages by their numbers. */
static int messages_of(struct node *n, const struct work_case *c, struct naming *m)
{
	struct store_port *s = &n->ports.store;

	for (const struct store_write *w = n->batch.writes.first; w != NULL; w = w->next)
		if (w->op == STORE_PUT_MESSAGE && strcmp(w->message.case_id, c->row.case_id) == 0 &&
		    strcmp(w->message.peer, c->row.peer) == 0)
			match_number(m, &w->message);
	return s->case_messages(s->ctx, c->row.peer, c->row.case_id, match_number, m);
}

static void hear_fate(struct node *n, struct work_case *c, struct store_evidence *row, const char *proof,
		      const CyStatedEvidence *e)
{
	const struct cy_wall at = { e->at_ms };

	switch (e->fate) {
	case CY_EVIDENCE_FATE__ARRIVED:
		if (row->state == STORE_EVIDENCE_DESTROYED)
			return;
		row->state = STORE_EVIDENCE_HERE;
		row->arrived = at;
		row->reason = "";
		if (CY_MUTANT_UNVERIFIED_DELETED)
			row->settled = node_legal_now(n);
		evidence_custody(n, row, "delivered", c->row.peer, "", proof, at);
		evidence_tell(n, c, row, CY_EVENT_TYPE__EVIDENCE_DELIVERED, "");
		break;
	case CY_EVIDENCE_FATE__HELD_BACK:
	case CY_EVIDENCE_FATE__MISMATCHED:
		if (row->state != STORE_EVIDENCE_OFFERED && row->state != STORE_EVIDENCE_HELD_BACK)
			return;
		row->state =
			e->fate == CY_EVIDENCE_FATE__HELD_BACK ? STORE_EVIDENCE_HELD_BACK : STORE_EVIDENCE_MISMATCHED;
		/* The sentence is for the case system: nobody knows what a peer puts into it. */
		row->reason = e->fate == CY_EVIDENCE_FATE__HELD_BACK ? "held back by a quota of the receiver"
								     : "the receiver got other content";
		evidence_custody(n, row, e->fate == CY_EVIDENCE_FATE__HELD_BACK ? "held_back" : "mismatched",
				 c->row.peer, "", proof, at);
		evidence_tell(n, c, row, CY_EVENT_TYPE__EVIDENCE_FAILED, row->reason);
		break;
	case CY_EVIDENCE_FATE__DESTROYED:
		if (row->state == STORE_EVIDENCE_DESTROYED) /* its case system has certified it */
			return;
		row->state = STORE_EVIDENCE_DESTROYED;
		row->settled = node_legal_now(n);
		evidence_custody(n, row, "destroyed", c->row.peer, "", proof, at);
		evidence_tell(n, c, row, CY_EVENT_TYPE__EVIDENCE_DESTROYED, "");
		break;
	case CY_EVIDENCE_FATE__WANTED:
		if (row->deleted || (row->state != STORE_EVIDENCE_HERE && row->state != STORE_EVIDENCE_HELD_BACK))
			return;
		row->state = STORE_EVIDENCE_OFFERED;
		row->reason = "";
		row->settled = (struct cy_wall){ 0 };
		evidence_custody(n, row, "wanted", c->row.peer, "", proof, at);
		break;
	case CY_EVIDENCE_FATE__EVIDENCE_FATE_UNSPECIFIED:
	case _CY_EVIDENCE_FATE_IS_INT_SIZE:
		return;
	}
	evidence_put(n, row);
}

static int hear_statement(struct node *n, struct work_case *c, const char *proof, const CyEvidenceStatement *s)
{
	struct naming m = { STORE_OWN, cy_arena_take(&n->batch.arena, s->n_items * sizeof *m.at), 0 };
	int r;

	/* Most items are of the same message as the one before. */
	for (size_t i = 0; i < s->n_items; i++)
		if (m.n == 0 || m.at[m.n - 1].number != s->items[i]->message)
			m.at[m.n++] = (struct named){ .number = s->items[i]->message };
	r = messages_of(n, c, &m);
	if (r < 0)
		return r;
	for (size_t i = 0, k = 0; i < s->n_items; i++) {
		const CyStatedEvidence *e = s->items[i];
		struct store_evidence row;

		if (m.at[k].number != e->message)
			k++;
		r = m.at[k].id[0] != '\0' ? evidence_get(n, m.at[k].id, e->attachment, &row) : CY_ENOENT;
		if (r == CY_EDAMAGED)
			cases_damaged(n, c->row.peer, c->row.case_id, "evidence of");
		else if (r < 0 && r != CY_ENOENT)
			return r;
		if (r == CY_OK && memcmp(row.sha256.b, e->sha256.data, CY_SHA256_LEN) == 0)
			hear_fate(n, c, &row, proof, e);
	}
	return CY_OK;
}

/* Content that no row holds any more is destroyed once that is committed: under the
 * client "" it stands among the uploads until it is done. */
void evidence_doom(struct node *n, const struct store_evidence *row)
{
	struct store_write *w = batch_write(n, STORE_PUT_UPLOAD);

	w->upload = (struct store_upload){
		.client = "", .sha256 = row->sha256, .root = row->root, .size = row->size, .at = { 1 }
	};
	n->sweep = true;
}

struct placing {
	const char *message_id;
	uint32_t at[CY_REPEATED_MAX];
	size_t n;
};

static int add_place(void *arg, const struct store_evidence *row)
{
	struct placing *l = arg;

	if (strcmp(row->message_id, l->message_id) != 0)
		return CY_EEXIST;
	l->at[l->n++] = row->attachment;
	return CY_OK;
}

/* Which attachments of a committed message have rows. */
static int places(struct node *n, const char *peer, const char *case_id, struct placing *l)
{
	struct store_port *s = &n->ports.store;
	const struct store_evidence_query q = {
		.peer = peer, .case_id = case_id, .after_message = l->message_id, .limit = CY_REPEATED_MAX
	};
	int r = s->list_evidence(s->ctx, (struct store_view){ .client = NULL }, &q, add_place, l);

	return r == CY_EEXIST ? CY_OK : r;
}

struct about {
	struct node *n;
	struct work_case *c;
	enum store_author author; /* of the one that speaks */
	const char *proof;
	const CyEvidenceVerification *verified;
	const CyDestructionCertificate *destroyed;
	bool ask;      /* nothing is done yet */
	uint32_t held; /* one that a legal hold keeps from being destroyed */
};

static void hear_about(struct about *x, struct store_evidence *row)
{
	const char *by = x->author == STORE_OWN ? x->n->authority : x->c->row.peer;
	const struct cy_wall now = node_legal_now(x->n);

	if (x->ask) {
		if (row->hold && x->destroyed != NULL && !CY_MUTANT_HOLD_IGNORED)
			x->held = row->attachment;
		return;
	}
	if (x->verified != NULL) {
		row->verdict = x->verified->state;
		if (row->author == STORE_OWN)
			row->settled = row->verdict == CY_EVIDENCE_STATE__VERIFIED ? now : (struct cy_wall){ 0 };
		evidence_custody(x->n, row, row->verdict == CY_EVIDENCE_STATE__VERIFIED ? "verified" : "rejected", by,
				 "", x->proof, now);
	} else {
		row->state = STORE_EVIDENCE_DESTROYED;
		row->unstated = false; /* the certificate says so */
		evidence_custody(x->n, row, "destroyed", by, "", x->proof, now);
		if (row->author == STORE_PEER) {
			evidence_doom(x->n, row);
			evidence_recheck(x->n);
		} else {
			row->settled = now;
		}
	}
	evidence_put(x->n, row);
}

/* A case system speaks about attachments of a Result: those named, or all. */
static int hear_result(struct about *x, uint32_t result, size_t n_named, const uint32_t *named)
{
	struct named of = { .number = result };
	struct naming m = { x->author == STORE_OWN ? STORE_PEER : STORE_OWN, &of, 1 };
	struct placing *l = cy_arena_take(&x->n->batch.arena, sizeof *l);
	int r = messages_of(x->n, x->c, &m);

	l->message_id = of.id;
	if (r == CY_OK && of.id[0] != '\0')
		r = places(x->n, x->c->row.peer, x->c->row.case_id, l);
	for (size_t i = 0; r == CY_OK && i < l->n; i++) {
		struct store_evidence row;
		bool one_of = n_named == 0;

		for (size_t k = 0; k < n_named; k++)
			one_of = one_of || named[k] == l->at[i];
		if (!one_of)
			continue;
		r = evidence_get(x->n, l->message_id, l->at[i], &row);
		if (r == CY_OK)
			hear_about(x, &row);
	}
	return r;
}

static int hear(struct about *x, const CyContent *content)
{
	switch (content->kind_case) {
	case CY_CONTENT__KIND_EVIDENCE_VERIFICATION:
		x->verified = content->evidence_verification;
		return hear_result(x, x->verified->result, x->verified->n_attachments, x->verified->attachments);
	case CY_CONTENT__KIND_DESTRUCTION_CERTIFICATE:
		x->destroyed = content->destruction_certificate;
		return hear_result(x, x->destroyed->result, x->destroyed->n_attachments, x->destroyed->attachments);
	default:
		return CY_OK;
	}
}

int evidence_held(struct node *n, struct work_case *c, const CyContent *content, uint32_t *ret_held)
{
	struct about x = { .n = n, .c = c, .author = STORE_OWN, .proof = "", .ask = true };
	int r = hear(&x, content);

	if (r == CY_OK)
		*ret_held = x.held;
	return r;
}

int evidence_heard(struct node *n, struct work_case *c, enum store_author author, const char *message_id,
		   const CyContent *content)
{
	struct about x = { .n = n, .c = c, .author = author, .proof = message_id };

	if (content->kind_case != CY_CONTENT__KIND_EVIDENCE_STATEMENT)
		return hear(&x, content);
	return author == STORE_PEER ? hear_statement(n, c, message_id, content->evidence_statement) : CY_OK;
}

int evidence_receipted(struct node *n, const char *peer, const char *case_id, const char *message_id, bool rejected)
{
	struct placing *l = cy_arena_take(&n->batch.arena, sizeof *l);
	int r;

	l->message_id = message_id;
	r = places(n, peer, case_id, l);
	for (size_t i = 0; r == CY_OK && i < l->n; i++) {
		struct store_evidence row;

		r = evidence_get(n, message_id, l->at[i], &row);
		if (r == CY_OK && rejected && row.state == STORE_EVIDENCE_OFFERED) {
			row.state = STORE_EVIDENCE_HELD_BACK;
			row.reason = "the receiver rejected the message";
			evidence_put(n, &row);
		} else if (r == CY_OK && !rejected && row.state == STORE_EVIDENCE_HERE) {
			row.state = STORE_EVIDENCE_OFFERED;
			row.settled = (struct cy_wall){ 0 };
			evidence_put(n, &row);
		}
	}
	return r;
}
