/* After a restored backup: a new epoch, then our own lost messages are fetched
 * back from each peer, and only then are parcels exchanged again
 * (proto/PROTOCOL.md, "Restored from a backup"). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mutant.h"
#include "node/evidence/evidence.h"
#include "node/peers/parcels.h"
#include "wire/message.h"

void reconcile_forget(struct peer *p)
{
	p->exchange->answer_by = CY_NEVER;
	while (p->exchange->fetches != NULL) {
		struct node_fetch *f = p->exchange->fetches;

		p->exchange->fetches = f->next;
		free(f);
	}
}

/* An event for every case system, about no case. peer "": about all peers. */
static void tell_submitters(struct node *n, CyEventType type, const char *peer)
{
	for (size_t i = 0; i < n->config.n_clients; i++) {
		struct store_write *w;

		if (n->clients[i].role != CY_ROLE__SUBMITTER)
			continue;
		w = batch_write(n, STORE_PUT_EVENT);
		w->event = (struct store_event){ .type = type,
						 .at = node_now(n),
						 .peer = batch_string(n, peer),
						 .case_id = "",
						 .message_id = "",
						 .client = batch_string(n, n->clients[i].name),
						 .own_reference = "",
						 .text = "",
						 .case_state = "" };
	}
}

/* We are the restored side: nothing of ours is believed towards any peer, also one
 * that is not configured now. */
void reconcile_restored(struct node *n, struct peer *by, uint64_t highest_epoch)
{
	uint64_t known = highest_epoch > n->epoch ? highest_epoch : n->epoch;

	if (node_peers_ever(n) < 0) {
		session_goodbye(n, by, NODE_BYE_STORE);
		return;
	}
	node_log(n, NODE_ALARM, NODE_EVENT_RESTORED, by->id,
		 "this store was restored from a backup: peer %s knows more of it; "
		 "a new epoch begins and what was lost is fetched back",
		 by->id);
	for (size_t i = 0; i < n->n_peers; i++)
		if (n->peers[i]->stream.out_epoch > known)
			known = n->peers[i]->stream.out_epoch;
	n->epoch = xchg_new_epoch(node_now(n), known);
	for (size_t i = 0; i < n->n_peers; i++) {
		struct peer *p = n->peers[i];
		struct store_write *w = batch_write(n, STORE_REQUEUE_ALL);

		w->peer = batch_string(n, p->id);
		p->stream.out_epoch = p->stream.receipted_epoch = n->epoch;
		p->stream.out_sequence = p->stream.out_receipted = 0;
		/* What the peer holds by now may have been sent otherwise; its verdicts are compared instead. */
		p->stream.asks = false;
		p->stream.reconciling = true;
		batch_put_stream(n, p);
		session_goodbye(n, p, NODE_BYE_WAS_RESTORED);
	}
	waiting_restored(n);
	tell_submitters(n, CY_EVENT_TYPE__STORE_RESTORED, "");
	batch_leaf(n, "restored %s %llu", n->authority, (unsigned long long)n->epoch);
}

static void ask(struct node *n, struct peer *p, const CyPeerFrame *f)
{
	p->exchange->answer_by = cy_mono_add(n->ports.clock.mono(n->ports.clock.ctx), CY_ANSWER_MS);
	batch_send(n, p->session, f);
}

struct cy_mono reconcile_next(const struct node *n)
{
	struct cy_mono next = CY_NEVER;

	for (size_t i = 0; i < n->n_peers; i++)
		if (cy_mono_before(n->peers[i]->exchange->answer_by, next))
			next = n->peers[i]->exchange->answer_by;
	return next;
}

/* Nothing is sent to it meanwhile: that its operator learns of it is all that can be done. */
void reconcile_step(struct node *n)
{
	const struct cy_mono now = n->ports.clock.mono(n->ports.clock.ctx);

	for (size_t i = 0; i < n->n_peers; i++)
		if (!cy_mono_before(now, n->peers[i]->exchange->answer_by))
			session_goodbye(n, n->peers[i], NODE_BYE_NO_ANSWER);
}

static void ask_heads(struct node *n, struct peer *p, const char *after)
{
	CyPeerFrame f = CY_PEER_FRAME__INIT;
	CyHeadsRequest r = CY_HEADS_REQUEST__INIT;

	r.after_case_id = (char *)after;
	f.kind_case = CY_PEER_FRAME__KIND_HEADS_REQUEST;
	f.heads_request = &r;
	ask(n, p, &f);
}

void reconcile_start(struct node *n, struct peer *p)
{
	reconcile_forget(p);
	p->exchange->heads_after[0] = '\0';
	p->exchange->heads_last = p->exchange->lacks = false;
	p->exchange->heads_n = 0;
	node_note(n, NODE_INFO, "peer %s: asks for the heads of the shared cases", p->id);
	ask_heads(n, p, "");
}

/* A case system would repeat what is lacking, and it would take effect twice: the peer has it, and what is damaged, at
 * either side, may be repaired. */
static void finish(struct node *n, struct peer *p)
{
	if (p->exchange->lacks && !waiting_resumed(n, p)) {
		session_goodbye(n, p, NODE_BYE_NOT_ALL_BACK);
		return;
	}
	node_log(n, NODE_INFO, NODE_EVENT_RESTORED, p->id, "peer %s: all that was lost has been fetched back", p->id);
	p->stream.reconciling = false;
	evidence_state_all(n);
	tell_submitters(n, CY_EVENT_TYPE__FETCHED_BACK, p->id);
	batch_put_stream(n, p);
	session_goodbye(n, p, NODE_BYE_FETCHED_BACK);
}

static struct node_fetch *add_fetch(struct peer *p, const char *case_id)
{
	struct node_fetch *f = calloc(1, sizeof *f);

	CY_ASSERT(f != NULL);
	cy_copy(f->case_id, sizeof f->case_id, case_id);
	f->next = p->exchange->fetches;
	p->exchange->fetches = f;
	return f;
}

/* -------------------------------------------------------- verdicts that differ */

/* Does the peer judge what both hold of the case as we know it? What it does not hold it gets anew, and
 * gives another receipt for. 1 yes, 0 no, < 0 the store cannot read. */
static int agrees(struct node *n, const struct peer *p, const struct node_fetch *f)
{
	struct verdicts own;
	int r = verdicts_of(n, p->id, f->case_id, STORE_OWN, p->exchange->sender.held, &own);

	return r < 0 ? r : !f->compares || cy_digest_equal(&own.digest, &f->verdicts);
}

struct asking {
	struct peer *p;
	char case_id[CY_UUID_LEN + 1];
};

/* Of each own message that left, also of one that it rejected by a verdict that no digest holds, since it may have
 * accepted it when it came again; and of one that was given up here, which may have left before the restore. */
static int ask_verdict(void *arg, const struct store_message *row)
{
	struct asking *a = arg;
	const struct xchg_pos pos = { row->epoch, row->sequence };
	const bool left = row->transport == STORE_RELAYED && xchg_cmp(pos, a->p->exchange->sender.held) <= 0;
	const bool given_up = row->transport == STORE_FAILED && row->void_code != 0;

	if (row->author != STORE_OWN || (!left && !given_up))
		return CY_OK;
	return cy_copy(add_fetch(a->p, a->case_id)->message_id, CY_UUID_LEN + 1, row->id) < 0 ? CY_ESTORE : CY_OK;
}

/* In place of the first one: its verdict on each message of the case. */
static int ask_verdicts(struct node *n, struct peer *p)
{
	struct store_port *s = &n->ports.store;
	struct node_fetch *f = p->exchange->fetches;
	struct asking a = { .p = p };

	cy_copy(a.case_id, sizeof a.case_id, f->case_id);
	p->exchange->fetches = f->next;
	free(f);
	node_note(n, NODE_INFO, "peer %s: it judges messages of case %s otherwise than is known here", p->id,
		  a.case_id);
	return s->case_messages(s->ctx, p->id, a.case_id, ask_verdict, &a);
}

/* 1: something is still to be asked for of the first case; 0: it is dealt with; < 0: the store cannot read. */
static int has_more(struct node *n, struct peer *p)
{
	struct node_fetch *f = p->exchange->fetches;
	int r;

	if (f->lost || f->message_id[0] != '\0')
		return 1;
	r = agrees(n, p, f);
	if (r == CY_EDAMAGED) {
		p->exchange->lacks = true;
		cases_damaged(n, p->id, f->case_id, "messages of");
		r = 1;
	}
	if (r == 0)
		return ask_verdicts(n, p);
	if (r > 0) {
		p->exchange->fetches = f->next;
		free(f);
	}
	return r < 0 ? r : 0;
}

/* The next parcel of this page of heads, the next page, or the end. */
static void ask_next(struct node *n, struct peer *p)
{
	CyPeerFrame f = CY_PEER_FRAME__INIT;
	CyFetchRequest r = CY_FETCH_REQUEST__INIT;
	int more = 0;

	while (p->exchange->fetches != NULL && (more = has_more(n, p)) == 0)
		;
	if (more < 0) {
		session_goodbye(n, p, NODE_BYE_STORE);
		return;
	}
	if (p->exchange->fetches == NULL && p->exchange->heads_last) {
		finish(n, p);
		return;
	}
	if (p->exchange->fetches == NULL) {
		ask_heads(n, p, p->exchange->heads_after);
		return;
	}
	r.case_id = p->exchange->fetches->case_id;
	r.after = p->exchange->fetches->after;
	r.message_id = p->exchange->fetches->message_id;
	f.kind_case = CY_PEER_FRAME__KIND_FETCH_REQUEST;
	f.fetch_request = &r;
	ask(n, p, &f);
}

/* --------------------------------------------------------------------- heads */

/* Own numbers up to which all have left. One that was given up may lie below
 * others that left. */
struct left {
	uint32_t number;
	bool gap;
};

static int find_left(void *arg, const struct store_message *row)
{
	struct left *l = arg;

	/* In order of number, one author after the other. */
	if (row->author != STORE_OWN || l->gap)
		return CY_OK;
	l->gap = takeback_never_left(row) || row->number > l->number + 1;
	if (!l->gap)
		l->number = row->number;
	return CY_OK;
}

/* Our cases that lie between two heads, or behind the last one: of those it has no case, and accepts
 * nothing. */
struct unnamed {
	struct node *n;
	struct peer *p;
	const CyHeads *h;
	size_t at;
};

static int find_unnamed(void *arg, const struct store_case *row)
{
	struct unnamed *u = arg;
	struct verdicts own;
	int r;

	while (u->at < u->h->n_heads && strcmp(u->h->heads[u->at]->case_id, row->case_id) < 0)
		u->at++;
	if (u->at == u->h->n_heads && !u->h->last)
		return CY_EAGAIN; /* it may be in the next page */
	if (u->at < u->h->n_heads && strcmp(u->h->heads[u->at]->case_id, row->case_id) == 0)
		return CY_OK;
	r = verdicts_of(u->n, u->p->id, row->case_id, STORE_OWN, u->p->exchange->sender.held, &own);
	if (r == CY_EDAMAGED) {
		u->p->exchange->lacks = true;
		cases_damaged(u->n, u->p->id, row->case_id, "messages of");
		return CY_OK;
	}
	if (r < 0 || own.n == 0)
		return r;
	add_fetch(u->p, row->case_id)->compares = true;
	u->p->exchange->fetches->verdicts = cy_sha256(cy_bytes("", 0));
	return CY_OK;
}

static int ask_unnamed(struct node *n, struct peer *p, const CyHeads *h, const char *after)
{
	struct store_port *s = &n->ports.store;
	struct store_view all = { .client = NULL };
	struct unnamed u = { .n = n, .p = p, .h = h };
	int r;

	if (!node_understands(p, NODE_FEATURE_VERDICTS))
		return CY_OK;
	r = s->list_cases(s->ctx, all, p->id, false, after, UINT32_MAX, find_unnamed, &u);
	return r == CY_EAGAIN ? CY_OK : r;
}

static int take_head(struct node *n, struct peer *p, const CyCaseHead *head)
{
	struct store_port *s = &n->ports.store;
	struct left l = { 0 };
	struct node_fetch *f;
	int r = s->case_messages(s->ctx, p->id, head->case_id, find_left, &l);

	/* Nothing can come back to a case that cannot be read; the others need not wait for it. */
	if (r == CY_EDAMAGED) {
		p->exchange->lacks = true;
		cases_damaged(n, p->id, head->case_id, "");
		return CY_OK;
	}
	if (r < 0)
		return r;
	if (head->yours <= l.number && head->verdicts.len != CY_SHA256_LEN)
		return CY_OK;
	f = add_fetch(p, head->case_id);
	f->lost = head->yours > l.number;
	f->after = l.number;
	f->yours = head->yours;
	f->compares = head->verdicts.len == CY_SHA256_LEN;
	if (f->compares)
		memcpy(f->verdicts.b, head->verdicts.data, CY_SHA256_LEN);
	return CY_OK;
}

void reconcile_heads(struct node *n, struct peer *p, const CyHeads *h)
{
	char after[CY_UUID_LEN + 1];
	int r = CY_OK;

	if (!p->stream.reconciling || p->exchange->fetches != NULL || p->exchange->heads_last ||
	    h->n_heads > CY_HEADS_MAX || (h->n_heads == 0 && !h->last)) {
		session_goodbye(n, p, NODE_BYE_HEADS);
		return;
	}
	p->exchange->heads_n += (uint32_t)h->n_heads;
	if (p->exchange->heads_n > CY_HEADS_ALL_MAX) {
		session_goodbye(n, p, NODE_BYE_HEADS_ALL);
		return;
	}
	/* What lies between would never be fetched back. */
	if (h->after_case_id[0] != '\0' && strcmp(h->after_case_id, p->exchange->heads_after) != 0) {
		session_goodbye(n, p, NODE_BYE_HEADS_AFTER);
		return;
	}
	cy_copy(after, sizeof after, p->exchange->heads_after);
	for (size_t i = 0; i < h->n_heads && r >= 0; i++) {
		const CyCaseHead *head = h->heads[i];

		if (!cy_uuid_valid(head->case_id) || strcmp(head->case_id, p->exchange->heads_after) <= 0) {
			session_goodbye(n, p, NODE_BYE_HEADS_ORDER);
			return;
		}
		cy_copy(p->exchange->heads_after, sizeof p->exchange->heads_after, head->case_id);
		r = take_head(n, p, head);
	}
	if (r >= 0)
		r = ask_unnamed(n, p, h, after);
	if (r < 0) {
		session_goodbye(n, p, NODE_BYE_STORE);
		return;
	}
	p->exchange->heads_last = h->last;
	ask_next(n, p);
}

/* Message `i` as it left, or what stands for it. *ret_found: it is one that was asked for. */
static bool is_ours(const struct node_fetch *asked, const CyFetched *f, const struct wire_text *t,
		    const struct wire_text *receipt, size_t i, bool *ret_found)
{
	struct cy_bytes content = cy_bytes(f->messages[i].data, f->messages[i].len);
	const CyTombstone *erased = tombstones_at(f->tombstones, f->n_tombstones, i + 1);
	const bool verdict = asked->message_id[0] != '\0';
	struct cy_digest d = cy_sha256(content);
	ProtobufCMessage *pm = NULL;
	struct law_fact fact;
	const CyMessage *m;
	bool good;

	*ret_found |= verdict && strcmp(t->entries[i].id, asked->message_id) == 0;
	if (erased != NULL) {
		tombstones_fact(erased, &fact);
		*ret_found |= !verdict && strcmp(erased->case_id, asked->case_id) == 0 && fact.number > asked->after;
		return true;
	}
	if (strcmp(receipt->entries[i].id, t->entries[i].id) != 0)
		return false;
	if (content.len == 0 && receipt->entries[i].code != 0) /* it was not kept */
		return true;
	if (!cy_digest_equal(&d, &t->entries[i].digest) ||
	    wire_unpack(&cy_message__descriptor, content, CY_MESSAGE_MAX, &pm, NULL) < 0)
		return false;
	m = (const CyMessage *)pm;
	good = cy_uuid_valid(m->case_id) && m->content != NULL && m->number > 0;
	*ret_found |= !verdict && strcmp(m->case_id, asked->case_id) == 0 && m->number > asked->after;
	protobuf_c_message_free_unpacked(pm, NULL);
	return good;
}

/* Is this what was asked for: a parcel of ours, whole, with a message of the case or with the one that was
 * named, and the receipt for it? */
static bool is_asked_for(const struct node_fetch *asked, const CyFetched *f, const struct wire_text *t,
			 const struct wire_text *receipt)
{
	struct cy_digest manifest = cy_sha256(cy_bytes(f->manifest->text.data, f->manifest->text.len));
	bool good = f->n_messages == t->n && receipt->n == t->n && cy_digest_equal(&manifest, &receipt->parcel);
	bool found = false;

	for (size_t i = 0; good && i < t->n; i++)
		good = is_ours(asked, f, t, receipt, i, &found);
	return good && found;
}

/* A parcel has brought the verdict on each of its messages. */
static void forget_verdicts(struct peer *p, const struct wire_text *t)
{
	struct node_fetch **at = &p->exchange->fetches;

	while (*at != NULL) {
		struct node_fetch *f = *at;
		size_t i = 0;

		while (i < t->n && strcmp(f->message_id, t->entries[i].id) != 0)
			i++;
		if (i == t->n) {
			at = &f->next;
			continue;
		}
		*at = f->next;
		free(f);
	}
}

/* Versions that do not repeat what they were asked leave it empty. */
static bool answers(const struct node_fetch *asked, const CyFetched *f)
{
	return strcmp(f->case_id, asked->case_id) == 0 && (f->after == 0 || f->after == asked->after) &&
	       (f->message_id[0] == '\0' || strcmp(f->message_id, asked->message_id) == 0);
}

/* The peer does not hold a message of which we hold its receipt, where it says so of this very one. < 0: the store
 * cannot read. */
static int lost_there(struct node *n, struct peer *p, const char *message_id, const CyFetched *f)
{
	int r = CY_OK;

	if (strcmp(f->message_id, message_id) == 0 && !CY_MUTANT_LOST_FORGOTTEN)
		r = resend_lost(n, p, message_id);
	if (r != CY_EDAMAGED)
		return r;
	p->exchange->lacks = true;
	node_damaged(n, p->id, "message %s, which peer %s has lost,", message_id, p->id);
	return CY_OK;
}

void reconcile_fetched(struct node *n, struct peer *p, const CyFetched *f, const struct wire_text *text,
		       const struct wire_text *receipt)
{
	struct node_fetch *done = p->exchange->fetches;

	/* The next one is asked for once this batch is committed. */
	for (const struct store_write *w = n->batch.writes.first; w != NULL; w = w->next)
		if (w->op == STORE_PUT_PARCEL && w->parcel.author == STORE_OWN && strcmp(w->parcel.peer, p->id) == 0)
			done = NULL;
	if (done == NULL || !answers(done, f) || (f->manifest == NULL) != f->last ||
	    (!f->last && !is_asked_for(done, f, text, receipt))) {
		session_goodbye(n, p, NODE_BYE_FETCHED);
		return;
	}
	if (f->last && done->lost) {
		done->lost = false;
		if (done->after < done->yours) {
			p->exchange->lacks = true;
			node_log(
				n, NODE_ALARM, NODE_EVENT_RESTORED, p->id,
				"peer %s: in case %s it gave back our messages only up to number %u, and holds %u: ask "
				"its operator, since what is behind may be damaged there",
				p->id, done->case_id, done->after, done->yours);
		}
	} else if (f->last) {
		if (lost_there(n, p, done->message_id, f) < 0) {
			batch_abort(n, p, "a message that the peer has lost cannot be read");
			return;
		}
		p->exchange->fetches = done->next;
		free(done);
	} else if (takeback_parcel(n, p, f, text, receipt) < 0) {
		batch_abort(n, p, "a fetched parcel cannot be taken back");
		return;
	} else if (!done->lost) {
		forget_verdicts(p, text);
	}
	ask_next(n, p);
}
