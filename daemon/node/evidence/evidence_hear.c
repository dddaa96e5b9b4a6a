/* What messages say about attachments: the statements of both daemons, and what case systems verify or
 * certify as destroyed. After a restored backup what was said may come back before what it speaks of, and
 * what we have said ourselves comes back as well. All of it happens in batches. */
#include <stdio.h>
#include <string.h>

#include "base/mutant.h"
#include "node/evidence/rows.h"
#include "node/evidence/tickets.h"

/* ---------------------------------------------------------- of what it is said */

struct about {
	struct node *n;
	struct work_case *c;
	enum store_author author; /* of the one that speaks */
	const char *proof;
	const CyEvidenceVerification *verified;
	const CyDestructionCertificate *destroyed;
	uint32_t only;   /* what is said of this message alone; 0: of all */
	bool ask;        /* nothing is done yet */
	uint32_t held;   /* one that a legal hold keeps from being destroyed */
	uint32_t unseen; /* one that never was here, or is spoilt, and is to be called verified */
};

static enum store_author other(enum store_author author)
{
	return author == STORE_OWN ? STORE_PEER : STORE_OWN;
}

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

struct rows_of {
	const char *message_id;
	uint32_t at[CY_REPEATED_MAX];
	size_t n;
};

static int add_row(void *arg, const struct store_evidence *row)
{
	struct rows_of *l = arg;

	if (strcmp(row->message_id, l->message_id) != 0)
		return CY_EEXIST;
	l->at[l->n++] = row->attachment;
	return CY_OK;
}

static bool has_row(const struct rows_of *l, uint32_t attachment)
{
	bool has = false;

	for (size_t i = 0; i < l->n; i++)
		has = has || l->at[i] == attachment;
	return has;
}

/* Which attachments of a message have rows. */
static int rows_of_message(struct node *n, const char *peer, const char *case_id, struct rows_of *l)
{
	struct store_port *s = &n->ports.store;
	const struct store_evidence_query q = {
		.peer = peer, .case_id = case_id, .after_message = l->message_id, .limit = CY_REPEATED_MAX
	};
	int r = s->list_evidence(s->ctx, (struct store_view){ .client = NULL }, &q, add_row, l);

	/* A row that this batch adds: its message and what is said of it may come back together. */
	for (const struct store_write *w = n->batch.writes.first; w != NULL; w = w->next)
		if (w->op == STORE_PUT_EVIDENCE && strcmp(w->evidence.message_id, l->message_id) == 0 &&
		    !has_row(l, w->evidence.attachment))
			add_row(l, &w->evidence);
	return r == CY_EEXIST ? CY_OK : r;
}

/* ------------------------------------------------------------------ statements */

/* What the peer says of ours. */
static void hear_fate(struct about *x, struct store_evidence *row, const CyStatedEvidence *e)
{
	struct node *n = x->n;
	struct work_case *c = x->c;
	const char *proof = x->proof;
	const struct cy_wall at = { e->at_ms };

	switch (e->fate) {
	case CY_EVIDENCE_FATE__ARRIVED:
		if (row->state == STORE_EVIDENCE_DESTROYED)
			return;
		row->state = STORE_EVIDENCE_HERE;
		if (row->arrived.ms == 0) /* else it was fetched again */
			row->arrived = at;
		row->reason = "";
		if (CY_MUTANT_UNVERIFIED_DELETED)
			row->receiver_done = node_legal_now(n);
		evidence_custody(n, row, "delivered", c->row.peer, "", proof, at);
		evidence_event(n, c, row, CY_EVENT_TYPE__EVIDENCE_DELIVERED, "");
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
		evidence_event(n, c, row, CY_EVENT_TYPE__EVIDENCE_FAILED, row->reason);
		break;
	case CY_EVIDENCE_FATE__DESTROYED:
		if (row->state == STORE_EVIDENCE_DESTROYED) /* its case system has certified it */
			return;
		row->state = STORE_EVIDENCE_DESTROYED;
		row->receiver_done = node_legal_now(n);
		evidence_custody(n, row, "destroyed", c->row.peer, "", proof, at);
		evidence_event(n, c, row, CY_EVENT_TYPE__EVIDENCE_DESTROYED, "");
		break;
	case CY_EVIDENCE_FATE__WANTED:
		if (row->deleted || (row->state != STORE_EVIDENCE_HERE && row->state != STORE_EVIDENCE_HELD_BACK))
			return;
		row->state = STORE_EVIDENCE_OFFERED;
		row->reason = "";
		row->receiver_done = (struct cy_wall){ 0 };
		evidence_custody(n, row, "wanted", c->row.peer, "", proof, at);
		break;
	case CY_EVIDENCE_FATE__EVIDENCE_FATE_UNSPECIFIED:
	case _CY_EVIDENCE_FATE_IS_INT_SIZE:
		return;
	}
	evidence_put(n, row);
}

/* What we said ourselves of theirs, and do not know any more: the peer acts on it. */
static void recall_fate(struct about *x, struct store_evidence *row, const CyStatedEvidence *e)
{
	struct node *n = x->n;
	const bool here = row->state == STORE_EVIDENCE_HERE;
	const char *action;

	if (row->state == STORE_EVIDENCE_DESTROYED || row->state == STORE_EVIDENCE_MISMATCHED ||
	    CY_MUTANT_FATE_FORGOTTEN)
		return;
	switch (e->fate) {
	case CY_EVIDENCE_FATE__DESTROYED:
	case CY_EVIDENCE_FATE__MISMATCHED:
		if (here && row->legal_hold) /* its end is in no order that we know */
			return;
		if (e->fate == CY_EVIDENCE_FATE__DESTROYED) {
			row->state = STORE_EVIDENCE_DESTROYED;
			action = "destroyed";
		} else {
			row->state = STORE_EVIDENCE_MISMATCHED;
			action = "mismatched";
		}
		row->unstated = false;
		evidence_discard(n, row);
		evidence_recheck(n);
		break;
	case CY_EVIDENCE_FATE__WANTED:
		if (!here)
			return;
		row->state = STORE_EVIDENCE_WAITING;
		row->send_always = true;
		action = "wanted";
		break;
	case CY_EVIDENCE_FATE__ARRIVED:   /* it may be gone from here since: it is pulled again */
	case CY_EVIDENCE_FATE__HELD_BACK: /* the quotas were asked anew */
	case CY_EVIDENCE_FATE__EVIDENCE_FATE_UNSPECIFIED:
	case _CY_EVIDENCE_FATE_IS_INT_SIZE:
	default:
		return;
	}
	row->reason = batch_string(n, e->reason);
	evidence_custody(n, row, action, n->authority, row->reason, x->proof, (struct cy_wall){ e->at_ms });
	if (row->state != STORE_EVIDENCE_WAITING)
		evidence_event(n, x->c, row,
			       row->state == STORE_EVIDENCE_DESTROYED ? CY_EVENT_TYPE__EVIDENCE_DESTROYED
								      : CY_EVENT_TYPE__EVIDENCE_FAILED,
			       row->reason);
	evidence_put(n, row);
}

static int hear_statement(struct about *x, const CyEvidenceStatement *s)
{
	struct node *n = x->n;
	struct naming m = { other(x->author), cy_arena_take(&n->batch.arena, s->n_items * sizeof *m.at), 0 };
	int r;

	/* Most items are of the same message as the one before. */
	for (size_t i = 0; i < s->n_items; i++)
		if ((x->only == 0 || s->items[i]->message == x->only) &&
		    (m.n == 0 || m.at[m.n - 1].number != s->items[i]->message))
			m.at[m.n++] = (struct named){ .number = s->items[i]->message };
	r = m.n > 0 ? messages_of(n, x->c, &m) : CY_OK;
	if (r < 0)
		return r;
	for (size_t i = 0, k = 0; i < s->n_items; i++) {
		const CyStatedEvidence *e = s->items[i];
		struct store_evidence row;

		if (x->only != 0 && e->message != x->only)
			continue;
		if (m.at[k].number != e->message)
			k++;
		r = m.at[k].id[0] != '\0' ? evidence_get(n, m.at[k].id, e->attachment, &row) : CY_ENOENT;
		if (r == CY_EDAMAGED)
			cases_damaged(n, x->c->row.peer, x->c->row.case_id, "evidence of");
		else if (r < 0 && r != CY_ENOENT)
			return r;
		if (r == CY_OK && memcmp(row.sha256.b, e->sha256.data, CY_SHA256_LEN) == 0)
			(x->author == STORE_OWN ? recall_fate : hear_fate)(x, &row, e);
	}
	return CY_OK;
}

/* ------------------------------------------------------------ of case systems */

static void hear_about(struct about *x, struct store_evidence *row)
{
	const char *by = x->author == STORE_OWN ? x->n->authority : x->c->row.peer;
	const struct cy_wall now = node_legal_now(x->n);

	if (x->ask) {
		if (row->legal_hold && x->destroyed != NULL && !CY_MUTANT_HOLD_IGNORED)
			x->held = row->attachment;
		if (x->verified != NULL && x->verified->state == CY_EVIDENCE_STATE__VERIFIED &&
		    (row->arrived.ms == 0 || row->flaw != STORE_SOUND))
			x->unseen = row->attachment;
		return;
	}
	if (x->verified != NULL) {
		row->verdict = x->verified->state;
		if (row->author == STORE_OWN)
			row->receiver_done = row->verdict == CY_EVIDENCE_STATE__VERIFIED ? now : (struct cy_wall){ 0 };
		evidence_custody(x->n, row, row->verdict == CY_EVIDENCE_STATE__VERIFIED ? "verified" : "rejected", by,
				 "", x->proof, now);
	} else {
		/* One that comes back: the end of the hold is in no order that we know. */
		if (row->author == STORE_PEER && row->legal_hold && !CY_MUTANT_HOLD_IGNORED)
			return;
		row->state = STORE_EVIDENCE_DESTROYED;
		row->unstated = false; /* the certificate says so */
		evidence_custody(x->n, row, "destroyed", by, "", x->proof, now);
		if (row->author == STORE_PEER) {
			evidence_discard(x->n, row);
			evidence_recheck(x->n);
		} else {
			row->receiver_done = now;
		}
	}
	evidence_put(x->n, row);
}

/* A case system speaks about attachments of a Result: those named, or all. */
static int hear_result(struct about *x, uint32_t result, size_t n_named, const uint32_t *named)
{
	struct named of = { .number = result };
	struct naming m = { other(x->author), &of, 1 };
	struct rows_of *l = cy_arena_take(&x->n->batch.arena, sizeof *l);
	int r = x->only == 0 || x->only == result ? messages_of(x->n, x->c, &m) : CY_OK;

	l->message_id = of.id;
	if (r == CY_OK && of.id[0] != '\0')
		r = rows_of_message(x->n, x->c->row.peer, x->c->row.case_id, l);
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
	case CY_CONTENT__KIND_EVIDENCE_STATEMENT:
		return hear_statement(x, content->evidence_statement);
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

int evidence_objection(struct node *n, struct work_case *c, const CyContent *content, char *text, size_t size)
{
	struct about x = { .n = n, .c = c, .author = STORE_OWN, .proof = "", .ask = true };
	int r = hear(&x, content);

	text[0] = '\0';
	if (r == CY_OK && x.held > 0)
		snprintf(text, size, "a legal hold keeps attachment %u: it must not be destroyed", x.held);
	else if (r == CY_OK && x.unseen > 0)
		snprintf(text, size,
			 "attachment %u is not here as its manifest says: nobody can have verified its bytes",
			 x.unseen);
	return r;
}

int evidence_heard(struct node *n, struct work_case *c, enum store_author author, const char *message_id,
		   const CyContent *content)
{
	struct about x = { .n = n, .c = c, .author = author, .proof = message_id };

	return hear(&x, content);
}

/* -------------------------------------------------------- what was said before */

static bool speaks(uint32_t kind)
{
	return kind == CY_CONTENT__KIND_EVIDENCE_STATEMENT || kind == CY_CONTENT__KIND_EVIDENCE_VERIFICATION ||
	       kind == CY_CONTENT__KIND_DESTRUCTION_CERTIFICATE;
}

struct recalling {
	struct about x;
	struct spoken {
		struct spoken *next;
		const char *id;
	} * first, **last;
	int code;
};

/* The store is not asked anything else while it tells of a case. */
static int add_spoken(void *arg, const struct store_message *row)
{
	struct recalling *l = arg;
	struct spoken *s;

	if (row->author != l->x.author || row->void_code != 0 || row->seen < l->x.only || !speaks(row->kind))
		return CY_OK;
	s = cy_arena_take(&l->x.n->batch.arena, sizeof *s);
	*s = (struct spoken){ .id = batch_string(l->x.n, row->id) };
	*l->last = s;
	l->last = &s->next;
	return CY_OK;
}

static int hear_spoken(void *arg, const struct store_message *row)
{
	struct recalling *l = arg;
	CyMessage *m = row->damaged ? NULL : cy_message__unpack(NULL, row->content.len, row->content.data);

	if (m != NULL && m->content != NULL) {
		l->x.verified = NULL;
		l->x.destroyed = NULL;
		l->x.proof = batch_string(l->x.n, row->id);
		l->code = hear(&l->x, m->content);
	}
	if (m != NULL)
		cy_message__free_unpacked(m, NULL);
	return CY_OK;
}

/* Who speaks of a message has seen it: without a restored backup that comes later than the message. */
static bool spoken_before(const struct work_case *c, CySide side, uint32_t number)
{
	bool any = false;

	for (size_t i = 0; i < c->n; i++)
		any = any || (c->facts[i].side == side && c->facts[i].seen >= number && !c->facts[i].voided &&
			      speaks(c->facts[i].kind));
	return any;
}

int evidence_recall(struct node *n, struct work_case *c, enum store_author author, uint32_t number)
{
	struct store_port *s = &n->ports.store;
	struct recalling l = { .x = { .n = n, .c = c, .author = other(author), .only = number } };
	int r;

	l.last = &l.first;
	if (!spoken_before(c, author == STORE_OWN ? cases_other(c->row.side) : c->row.side, number))
		return CY_OK;
	r = s->case_messages(s->ctx, c->row.peer, c->row.case_id, add_spoken, &l);
	for (const struct spoken *p = l.first; r == CY_OK && p != NULL; p = p->next) {
		r = s->get_message(s->ctx, p->id, hear_spoken, &l);
		if (r == CY_OK)
			r = l.code;
	}
	for (const struct store_write *w = n->batch.writes.first; r == CY_OK && w != NULL; w = w->next)
		if (w->op == STORE_PUT_MESSAGE && w->message.author == l.x.author && w->message.void_code == 0 &&
		    strcmp(w->message.case_id, c->row.case_id) == 0 && strcmp(w->message.peer, c->row.peer) == 0 &&
		    speaks(w->message.kind)) {
			hear_spoken(&l, &w->message);
			r = l.code;
		}
	return r;
}

static const char rejected[] = "the receiver rejected the message";

/* Did the row change? */
static bool take_news(struct store_evidence *row, enum evidence_news news)
{
	switch (news) {
	case EVIDENCE_REJECTED:
		if (row->state != STORE_EVIDENCE_OFFERED)
			return false;
		row->state = STORE_EVIDENCE_HELD_BACK;
		row->reason = rejected;
		return true;
	case EVIDENCE_REVIVED: /* what the peer itself holds back stays so */
		if (row->state != STORE_EVIDENCE_HELD_BACK || strcmp(row->reason, rejected) != 0)
			return false;
		row->state = STORE_EVIDENCE_OFFERED;
		row->reason = "";
		return true;
	case EVIDENCE_LOST:
		if (row->state != STORE_EVIDENCE_HERE)
			return false;
		row->state = STORE_EVIDENCE_OFFERED;
		row->receiver_done = (struct cy_wall){ 0 };
		return true;
	}
	return false;
}

int evidence_receipted(struct node *n, const char *peer, const char *case_id, const char *message_id,
		       enum evidence_news news)
{
	struct rows_of *l = cy_arena_take(&n->batch.arena, sizeof *l);
	int r;

	l->message_id = message_id;
	r = rows_of_message(n, peer, case_id, l);
	for (size_t i = 0; r == CY_OK && i < l->n; i++) {
		struct store_evidence row;

		r = evidence_get(n, message_id, l->at[i], &row);
		if (r == CY_OK && take_news(&row, news))
			evidence_put(n, &row);
	}
	return r;
}

int evidence_said_again(struct node *n, const char *peer, const char *case_id, const char *message_id)
{
	struct rows_of *l = cy_arena_take(&n->batch.arena, sizeof *l);
	int r;

	l->message_id = message_id;
	r = rows_of_message(n, peer, case_id, l);
	for (size_t i = 0; r == CY_OK && i < l->n; i++) {
		struct store_evidence row;

		r = evidence_get(n, message_id, l->at[i], &row);
		if (r == CY_OK && row.author == STORE_PEER && row.state != STORE_EVIDENCE_WAITING && !row.unstated) {
			if (row.state == STORE_EVIDENCE_HERE)
				evidence_unverified(n, &row);
			evidence_state_later(n, &row);
			evidence_put(n, &row);
		}
	}
	return r;
}
