/* Evidence, uploads and custody in the store in memory. */
#include <stdlib.h>
#include <string.h>

#include "store_mem_internal.h"

/* --------------------------------------------------------------- applying */

/* The first row at or after a key. */
static size_t evidence_at(const struct mem_store *s, const char *message_id, uint32_t attachment)
{
	size_t lo = 0, hi = s->n_evidence;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;
		const struct store_evidence *e = s->evidence[mid];
		int c = strcmp(e->message_id, message_id);

		if (c < 0 || (c == 0 && e->attachment < attachment))
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static struct store_evidence *find_evidence(const struct mem_store *s, const char *message_id, uint32_t attachment)
{
	size_t i = evidence_at(s, message_id, attachment);

	if (i == s->n_evidence || strcmp(s->evidence[i]->message_id, message_id) != 0 ||
	    s->evidence[i]->attachment != attachment)
		return NULL;
	return s->evidence[i];
}

const struct store_evidence *mem_store_evidence(const struct mem_store *s, const char *message_id, uint32_t attachment)
{
	return find_evidence(s, message_id, attachment);
}

static bool same_digest(const struct cy_digest *a, const struct cy_digest *b)
{
	return memcmp(a->b, b->b, sizeof a->b) == 0;
}

static void put_evidence(struct mem_store *s, const struct store_evidence *row)
{
	const struct mem_message *m = mem_store_message(s, row->message_id);
	struct store_evidence *e = find_evidence(s, row->message_id, row->attachment);
	struct store_evidence old = { .reason = NULL };

	if (m == NULL || m->row.author != row->author || strcmp(m->row.peer, row->peer) != 0 ||
	    strcmp(m->row.case_id, row->case_id) != 0) {
		mem_broken(s, "evidence %s/%u belongs to a message that is not there", row->message_id,
			   row->attachment);
		return;
	}
	if (e == NULL) {
		size_t i = evidence_at(s, row->message_id, row->attachment);

		GROW(s->evidence, s->n_evidence, s->cap_evidence);
		memmove(s->evidence + i + 1, s->evidence + i, (s->n_evidence - i) * sizeof(struct store_evidence *));
		s->n_evidence++;
		e = s->evidence[i] = cy_arena_take(&s->arena, sizeof *e);
	} else {
		old = *e;
		if (old.size != row->size || !same_digest(&old.sha256, &row->sha256) ||
		    !same_digest(&old.root, &row->root))
			mem_broken(s, "evidence %s/%u became another content", row->message_id, row->attachment);
	}
	*e = *row;
	e->message_id = m->row.id;
	e->peer = m->row.peer;
	e->case_id = m->row.case_id;
	e->reason = mem_text(s, row->reason, old.reason);
}

/* Its index; n_uploads: there is none. */
static size_t upload_at(const struct mem_store *s, const char *client, const struct cy_digest *sha256)
{
	size_t i = 0;

	while (i < s->n_uploads &&
	       (strcmp(s->uploads[i]->client, client) != 0 || !same_digest(&s->uploads[i]->sha256, sha256)))
		i++;
	return i;
}

static void drop_upload(struct mem_store *s, const char *client, const struct cy_digest *sha256)
{
	size_t i = upload_at(s, client, sha256);

	if (i == s->n_uploads)
		return;
	s->n_uploads--;
	memmove(s->uploads + i, s->uploads + i + 1, (s->n_uploads - i) * sizeof(struct store_upload *));
}

static int by_age(const struct store_upload *a, const struct store_upload *b)
{
	int c;

	if (a->at.ms != b->at.ms)
		return a->at.ms < b->at.ms ? -1 : 1;
	c = strcmp(a->client, b->client);
	return c != 0 ? c : memcmp(a->sha256.b, b->sha256.b, sizeof a->sha256.b);
}

static void put_upload(struct mem_store *s, const struct store_upload *row)
{
	struct store_upload *u = cy_arena_take(&s->arena, sizeof *u);
	size_t i;

	drop_upload(s, row->client, &row->sha256);
	*u = *row;
	u->client = mem_text(s, row->client, NULL);
	GROW(s->uploads, s->n_uploads, s->cap_uploads);
	for (i = s->n_uploads++; i > 0 && by_age(s->uploads[i - 1], u) > 0; i--)
		s->uploads[i] = s->uploads[i - 1];
	s->uploads[i] = u;
}

static void drop_leftover(struct mem_store *s, const struct cy_digest *sha256)
{
	size_t i = 0;

	while (i < s->n_leftovers && !same_digest(&s->leftovers[i]->sha256, sha256))
		i++;
	if (i == s->n_leftovers)
		return;
	s->n_leftovers--;
	memmove(s->leftovers + i, s->leftovers + i + 1, (s->n_leftovers - i) * sizeof(struct store_leftover *));
}

static bool found_later(const struct store_leftover *a, const struct store_leftover *b)
{
	return a->found.ms != b->found.ms ? a->found.ms > b->found.ms
					  : memcmp(a->sha256.b, b->sha256.b, sizeof a->sha256.b) > 0;
}

static void put_leftover(struct mem_store *s, const struct store_leftover *row)
{
	struct store_leftover *l = cy_arena_take(&s->arena, sizeof *l);
	size_t i;

	drop_leftover(s, &row->sha256);
	*l = *row;
	GROW(s->leftovers, s->n_leftovers, s->cap_leftovers);
	for (i = s->n_leftovers++; i > 0 && found_later(s->leftovers[i - 1], l); i--)
		s->leftovers[i] = s->leftovers[i - 1];
	s->leftovers[i] = l;
}

static void put_custody(struct mem_store *s, const struct store_custody *row)
{
	const struct mem_message *m = mem_store_message(s, row->message_id);
	struct store_custody *c;

	if (m == NULL) {
		mem_broken(s, "a link of custody belongs to message %s that is not there", row->message_id);
		return;
	}
	c = cy_arena_take(&s->arena, sizeof *c);
	*c = *row;
	c->message_id = m->row.id;
	c->action = mem_text(s, row->action, NULL);
	c->by = mem_text(s, row->by, NULL);
	c->text = mem_text(s, row->text, NULL);
	c->salt = mem_text(s, row->salt != NULL ? row->salt : "", NULL);
	c->proof = mem_text(s, row->proof, NULL);
	c->hash = (struct cy_digest){ { 0 } };
	c->no = s->n_custody > 0 ? s->custody[s->n_custody - 1]->no + 1 : 1;
	GROW(s->custody, s->n_custody, s->cap_custody);
	s->custody[s->n_custody++] = c;
}

static void count_custody(struct mem_store *s, const struct store_custody *row)
{
	for (size_t i = 0; i < s->n_custody; i++) {
		struct store_custody *c = s->custody[i];

		if (c->no != row->no || c->count == 0)
			continue;
		c->count++;
		if (c->last.ms < row->last.ms)
			c->last = row->last;
		return;
	}
	mem_broken(s, "a reading of message %s counts in a link that is not there", row->message_id);
}

static bool is_of(const struct store_custody *c, const char *message_id, uint32_t attachment)
{
	return c->attachment == attachment && strcmp(c->message_id, message_id) == 0;
}

static void drop_custody(struct mem_store *s, const char *message_id, uint32_t attachment)
{
	size_t left = 0;

	for (size_t i = 0; i < s->n_custody; i++)
		if (!is_of(s->custody[i], message_id, attachment))
			s->custody[left++] = s->custody[i];
	s->n_custody = left;
}

void mem_evidence_apply(struct mem_store *s, const struct store_write *w)
{
	if (w->op == STORE_PUT_EVIDENCE)
		put_evidence(s, &w->evidence);
	else if (w->op == STORE_PUT_UPLOAD)
		put_upload(s, &w->upload);
	else if (w->op == STORE_DROP_UPLOAD)
		drop_upload(s, w->upload.client, &w->upload.sha256);
	else if (w->op == STORE_PUT_LEFTOVER)
		put_leftover(s, &w->leftover);
	else if (w->op == STORE_DROP_LEFTOVER)
		drop_leftover(s, &w->leftover.sha256);
	else if (w->op == STORE_DROP_CUSTODY)
		drop_custody(s, w->custody.message_id, w->custody.attachment);
	else if (w->op == STORE_COUNT_CUSTODY)
		count_custody(s, &w->custody);
	else
		put_custody(s, &w->custody);
}

/* ---------------------------------------------------------------- reading */

static int get_evidence(void *ctx, const char *message_id, uint32_t attachment, store_evidence_fn *fn, void *arg)
{
	struct mem_store *s = ctx;
	const struct store_evidence *e = find_evidence(s, message_id, attachment);

	if (s->unreadable)
		return CY_ESTORE;
	return e != NULL ? fn(arg, e) : CY_ENOENT;
}

static int list_evidence(void *ctx, struct store_view view, const struct store_evidence_query *q, store_evidence_fn *fn,
			 void *arg)
{
	struct mem_store *s = ctx;
	uint32_t limit = q->limit;
	int r = s->unreadable ? CY_ESTORE : CY_OK;

	for (size_t i = evidence_at(s, q->after_message, q->after_attachment); i < s->n_evidence && limit > 0 && r >= 0;
	     i++) {
		const struct store_evidence *e = s->evidence[i];
		const struct mem_case *c = mem_store_case(s, e->peer, e->case_id);

		if ((e->attachment == q->after_attachment && strcmp(e->message_id, q->after_message) == 0) ||
		    (q->peer[0] != '\0' && strcmp(q->peer, e->peer) != 0) ||
		    (q->case_id[0] != '\0' && strcmp(q->case_id, e->case_id) != 0) || !mem_sees(view, c->row.client))
			continue;
		limit--;
		r = fn(arg, e);
	}
	return r;
}

static bool is_theirs(const struct store_evidence *e, enum store_evidence_state state)
{
	return e->author == STORE_PEER && e->state == state;
}

static int by_key(const struct store_evidence *a, const struct store_evidence *b)
{
	const int c = strcmp(a->message_id, b->message_id);

	return c != 0 ? c : a->attachment < b->attachment ? -1 : a->attachment > b->attachment;
}

static int more_urgent(const void *x, const void *y)
{
	const struct store_evidence *a = *(struct store_evidence *const *)x, *b = *(struct store_evidence *const *)y;

	if (a->priority != b->priority)
		return a->priority > b->priority ? -1 : 1;
	return by_key(a, b);
}

static int earlier(const void *x, const void *y)
{
	const struct store_evidence *a = *(struct store_evidence *const *)x, *b = *(struct store_evidence *const *)y;

	if (a->retain_until.ms != b->retain_until.ms)
		return a->retain_until.ms < b->retain_until.ms ? -1 : 1;
	return by_key(a, b);
}

static int sooner_receiver_done(const void *x, const void *y)
{
	const struct store_evidence *a = *(struct store_evidence *const *)x, *b = *(struct store_evidence *const *)y;

	if (a->receiver_done.ms != b->receiver_done.ms)
		return a->receiver_done.ms < b->receiver_done.ms ? -1 : 1;
	return by_key(a, b);
}

static bool is_waiting(const struct store_evidence *e, struct cy_wall now)
{
	(void)now;
	return is_theirs(e, STORE_EVIDENCE_WAITING);
}

static bool is_overdue(const struct store_evidence *e, struct cy_wall now)
{
	return (is_theirs(e, STORE_EVIDENCE_HERE) || is_theirs(e, STORE_EVIDENCE_WAITING)) && !e->legal_hold &&
	       e->retrieved && e->verdict != CY_EVIDENCE_STATE__REJECTED && e->retain_until.ms > 0 &&
	       e->retain_until.ms < now.ms;
}

static bool is_spent(const struct store_evidence *e, struct cy_wall before)
{
	return e->author == STORE_OWN && (e->state == STORE_EVIDENCE_HERE || e->state == STORE_EVIDENCE_DESTROYED) &&
	       !e->legal_hold && !e->deleted && e->verdict != CY_EVIDENCE_STATE__REJECTED && e->receiver_done.ms > 0 &&
	       e->receiver_done.ms < before.ms;
}

static bool is_unverified(const struct store_evidence *e, struct cy_wall before)
{
	return (e->author == STORE_OWN ? !e->deleted : e->state == STORE_EVIDENCE_HERE) && e->flaw == STORE_SOUND &&
	       e->verified.ms < before.ms;
}

static bool is_unstated(const struct store_evidence *e, struct cy_wall now)
{
	(void)now;
	return e->author == STORE_PEER && e->unstated && (e->state != STORE_EVIDENCE_HERE || e->verified.ms > 0);
}

/* Those that pass, of a peer (NULL: of all), in an order. */
static int evidence_by(struct mem_store *s, bool (*passes)(const struct store_evidence *e, struct cy_wall at),
		       struct cy_wall when, const char *peer, int (*order)(const void *x, const void *y),
		       uint32_t limit, store_evidence_fn *fn, void *arg)
{
	struct store_evidence **at = calloc(s->n_evidence + 1, sizeof *at);
	size_t n = 0;
	int r = s->unreadable ? CY_ESTORE : CY_OK;

	CY_ASSERT(at != NULL);
	for (size_t i = 0; i < s->n_evidence; i++) {
		struct store_evidence *e = s->evidence[i];

		if (passes(e, when) && (peer == NULL || strcmp(e->peer, peer) == 0))
			at[n++] = e;
	}
	qsort(at, n, sizeof *at, order);
	for (size_t i = 0; i < n && i < limit && r >= 0; i++)
		r = fn(arg, at[i]);
	free(at);
	return r;
}

static int waiting_evidence(void *ctx, const char *peer, uint32_t limit, store_evidence_fn *fn, void *arg)
{
	return evidence_by(ctx, is_waiting, (struct cy_wall){ 0 }, peer, more_urgent, limit, fn, arg);
}

struct after {
	CyPriority priority;
	const char *message_id;
	uint32_t attachment;
	store_evidence_fn *fn;
	void *arg;
	uint32_t left;
};

static int look_after(void *arg, const struct store_evidence *e)
{
	struct after *a = arg;
	const int c = strcmp(e->message_id, a->message_id);

	if (e->priority != a->priority || c < 0 || (c == 0 && e->attachment <= a->attachment) || a->left == 0)
		return CY_OK;
	a->left--;
	return a->fn(a->arg, e);
}

static int waiting_after(void *ctx, const char *peer, CyPriority priority, const char *after_message,
			 uint32_t after_attachment, uint32_t limit, store_evidence_fn *fn, void *arg)
{
	struct after a = { priority, after_message, after_attachment, fn, arg, limit };

	return waiting_evidence(ctx, peer, UINT32_MAX, look_after, &a);
}

static int overdue_evidence(void *ctx, const char *peer, struct cy_wall now, uint32_t limit, store_evidence_fn *fn,
			    void *arg)
{
	return evidence_by(ctx, is_overdue, now, peer, earlier, limit, fn, arg);
}

static int spent_evidence(void *ctx, const char *peer, struct cy_wall before, uint32_t limit, store_evidence_fn *fn,
			  void *arg)
{
	return evidence_by(ctx, is_spent, before, peer, sooner_receiver_done, limit, fn, arg);
}

static int sooner_verified(const void *x, const void *y)
{
	const struct store_evidence *a = *(struct store_evidence *const *)x, *b = *(struct store_evidence *const *)y;

	return a->verified.ms != b->verified.ms ? (a->verified.ms < b->verified.ms ? -1 : 1) : by_key(a, b);
}

/* Those after one, of which the key and when they were verified are told. */
struct later {
	struct store_evidence after;
	uint32_t left;
	store_evidence_fn *fn;
	void *arg;
};

static int look_later(void *arg, const struct store_evidence *e)
{
	struct later *l = arg;
	const struct store_evidence key = { .message_id = e->message_id,
					    .attachment = e->attachment,
					    .verified = e->verified },
				    *x = e, *y = &l->after;

	if (sooner_verified(&x, &y) <= 0 || l->left == 0)
		return CY_OK;
	l->left--;
	return l->fn(l->arg, &key);
}

static int unverified_evidence(void *ctx, struct cy_wall after, const char *after_message, uint32_t after_attachment,
			       struct cy_wall before, uint32_t limit, store_evidence_fn *fn, void *arg)
{
	struct later l = {
		{ .message_id = after_message, .attachment = after_attachment, .verified = after }, limit, fn, arg
	};

	return evidence_by(ctx, is_unverified, before, NULL, sooner_verified, UINT32_MAX, look_later, &l);
}

static int by_case(const void *x, const void *y)
{
	const struct store_evidence *a = *(struct store_evidence *const *)x, *b = *(struct store_evidence *const *)y;
	int c = strcmp(a->case_id, b->case_id);

	if (c == 0)
		c = strcmp(a->peer, b->peer);
	return c != 0 ? c : earlier(x, y);
}

/* Those of peers whose features are known and from whom nothing is fetched back. */
struct known {
	struct mem_store *s;
	uint32_t left;
	store_evidence_fn *fn;
	void *arg;
};

static int of_known_peer(void *arg, const struct store_evidence *e)
{
	struct known *k = arg;
	const struct mem_peer *p = mem_store_peer(k->s, e->peer);

	if (p == NULL || p->stream.features == 0 || p->stream.reconciling || k->left == 0)
		return CY_OK;
	k->left--;
	return k->fn(k->arg, e);
}

static int unstated_evidence(void *ctx, uint32_t limit, store_evidence_fn *fn, void *arg)
{
	struct known k = { ctx, limit, fn, arg };

	return evidence_by(ctx, is_unstated, (struct cy_wall){ 0 }, NULL, by_case, UINT32_MAX, of_known_peer, &k);
}

static int held_back_evidence(void *ctx, const char *after_message, uint32_t after_attachment, uint32_t limit,
			      store_evidence_fn *fn, void *arg)
{
	struct mem_store *s = ctx;
	int r = s->unreadable ? CY_ESTORE : CY_OK;

	for (size_t i = evidence_at(s, after_message, after_attachment + 1); i < s->n_evidence && limit > 0 && r >= 0;
	     i++)
		if (is_theirs(s->evidence[i], STORE_EVIDENCE_HELD_BACK)) {
			r = fn(arg, s->evidence[i]);
			limit--;
		}
	return r;
}

static int flawed_evidence(void *ctx, const char *after_message, uint32_t after_attachment, uint32_t limit,
			   store_evidence_fn *fn, void *arg)
{
	struct mem_store *s = ctx;
	int r = s->unreadable ? CY_ESTORE : CY_OK;

	for (size_t i = evidence_at(s, after_message, after_attachment + 1); i < s->n_evidence && limit > 0 && r >= 0;
	     i++)
		if (s->evidence[i]->flaw != STORE_SOUND) {
			r = fn(arg, s->evidence[i]);
			limit--;
		}
	return r;
}

static int offered_evidence(void *ctx, const char *peer, bool *ret_any)
{
	struct mem_store *s = ctx;

	*ret_any = false;
	for (size_t i = 0; i < s->n_evidence && !*ret_any; i++) {
		const struct store_evidence *e = s->evidence[i];

		*ret_any = e->author == STORE_OWN && e->state == STORE_EVIDENCE_OFFERED && strcmp(e->peer, peer) == 0;
	}
	return s->unreadable ? CY_ESTORE : CY_OK;
}

static int same_evidence(void *ctx, const struct cy_digest *sha256, store_evidence_fn *fn, void *arg)
{
	struct mem_store *s = ctx;
	int r = s->unreadable ? CY_ESTORE : CY_OK;

	for (size_t i = 0; i < s->n_evidence && r >= 0; i++)
		if (same_digest(&s->evidence[i]->sha256, sha256))
			r = fn(arg, s->evidence[i]);
	return r;
}

static int delivered_evidence(void *ctx, const char *peer, const struct cy_digest *sha256, store_evidence_fn *fn,
			      void *arg)
{
	struct mem_store *s = ctx;

	if (s->unreadable)
		return CY_ESTORE;
	for (size_t i = 0; i < s->n_evidence; i++) {
		const struct store_evidence *e = s->evidence[i];

		if (e->author == STORE_PEER && e->state == STORE_EVIDENCE_HERE && strcmp(e->peer, peer) == 0 &&
		    same_digest(&e->sha256, sha256))
			return fn(arg, e);
	}
	return CY_ENOENT;
}

static uint64_t add_up(uint64_t a, uint64_t b)
{
	return b > UINT64_MAX - a ? UINT64_MAX : a + b;
}

static int evidence_bytes(void *ctx, const char *peer, const char *case_id, uint64_t *ret_peer, uint64_t *ret_case)
{
	struct mem_store *s = ctx;

	*ret_peer = *ret_case = 0;
	for (size_t i = 0; i < s->n_evidence; i++) {
		const struct store_evidence *e = s->evidence[i];

		if ((!is_theirs(e, STORE_EVIDENCE_WAITING) && !is_theirs(e, STORE_EVIDENCE_HERE)) ||
		    strcmp(e->peer, peer) != 0)
			continue;
		*ret_peer = add_up(*ret_peer, e->size);
		if (strcmp(e->case_id, case_id) == 0)
			*ret_case = add_up(*ret_case, e->size);
	}
	return s->unreadable ? CY_ESTORE : CY_OK;
}

static int get_upload(void *ctx, const char *client, const struct cy_digest *sha256, store_upload_fn *fn, void *arg)
{
	struct mem_store *s = ctx;
	size_t i = upload_at(s, client, sha256);

	if (s->unreadable)
		return CY_ESTORE;
	return i < s->n_uploads ? fn(arg, s->uploads[i]) : CY_ENOENT;
}

static int uploads(void *ctx, const struct cy_digest *sha256, struct cy_wall from, struct cy_wall before,
		   uint32_t limit, store_upload_fn *fn, void *arg)
{
	struct mem_store *s = ctx;
	int r = s->unreadable ? CY_ESTORE : CY_OK;

	for (size_t i = 0; i < s->n_uploads && s->uploads[i]->at.ms < before.ms && limit > 0 && r >= 0; i++) {
		if (s->uploads[i]->at.ms < from.ms || (sha256 != NULL && !same_digest(&s->uploads[i]->sha256, sha256)))
			continue;
		limit--;
		r = fn(arg, s->uploads[i]);
	}
	return r;
}

static int get_leftover(void *ctx, const struct cy_digest *sha256, store_leftover_fn *fn, void *arg)
{
	struct mem_store *s = ctx;

	for (size_t i = 0; i < s->n_leftovers && !s->unreadable; i++)
		if (same_digest(&s->leftovers[i]->sha256, sha256))
			return fn(arg, s->leftovers[i]);
	return s->unreadable ? CY_ESTORE : CY_ENOENT;
}

/* Those that were found from an instant on and before another one. */
static int leftovers(struct mem_store *s, int64_t from, int64_t before, uint32_t limit, store_leftover_fn *fn,
		     void *arg)
{
	int r = s->unreadable ? CY_ESTORE : CY_OK;

	for (size_t i = 0; i < s->n_leftovers && limit > 0 && r >= 0; i++) {
		if (s->leftovers[i]->found.ms < from || s->leftovers[i]->found.ms >= before)
			continue;
		limit--;
		r = fn(arg, s->leftovers[i]);
	}
	return r;
}

static int discarded(void *ctx, uint32_t limit, store_leftover_fn *fn, void *arg)
{
	return leftovers(ctx, 0, 1, limit, fn, arg);
}

static int strays(void *ctx, struct cy_wall before, uint32_t limit, store_leftover_fn *fn, void *arg)
{
	return leftovers(ctx, 1, before.ms, limit, fn, arg);
}

static int upload_bytes(void *ctx, const char *client, uint64_t *ret_bytes)
{
	struct mem_store *s = ctx;

	*ret_bytes = 0;
	for (size_t i = 0; i < s->n_uploads; i++)
		if (strcmp(s->uploads[i]->client, client) == 0)
			*ret_bytes += s->uploads[i]->size;
	return s->unreadable ? CY_ESTORE : CY_OK;
}

/* With the hash of its leaf, where it has one. */
static int tell_custody(const struct mem_store *s, const struct store_custody *c, store_custody_fn *fn, void *arg)
{
	struct store_custody row = *c;

	if ((c->form != AUDIT_CUSTODY_FIRST || c->proof[0] == '\0') && c->leaf < s->n_leaves)
		row.hash = s->leaves[c->leaf].hash;
	return fn(arg, &row);
}

static int custody(void *ctx, const char *message_id, uint32_t attachment, uint64_t after, uint32_t limit,
		   store_custody_fn *fn, void *arg)
{
	struct mem_store *s = ctx;
	int r = s->unreadable ? CY_ESTORE : CY_OK;

	for (size_t i = 0; i < s->n_custody && r >= 0 && limit > 0; i++)
		if (s->custody[i]->no > after && is_of(s->custody[i], message_id, attachment)) {
			r = tell_custody(s, s->custody[i], fn, arg);
			limit--;
		}
	return r;
}

static int readings(void *ctx, const struct store_custody *like, struct cy_wall since, store_custody_fn *fn, void *arg)
{
	struct mem_store *s = ctx;
	int r = s->unreadable ? CY_ESTORE : CY_OK;

	for (size_t i = 0; i < s->n_custody && r >= 0; i++) {
		const struct store_custody *c = s->custody[i];

		if (c->count > 0 && c->at.ms >= since.ms && is_of(c, like->message_id, like->attachment) &&
		    strcmp(c->action, like->action) == 0 && strcmp(c->by, like->by) == 0)
			r = tell_custody(s, c, fn, arg);
	}
	return r;
}

static int by_instant(const void *x, const void *y)
{
	const struct store_custody *a = *(const struct store_custody *const *)x;
	const struct store_custody *b = *(const struct store_custody *const *)y;

	if (a->at.ms != b->at.ms)
		return a->at.ms < b->at.ms ? -1 : 1;
	return a->no < b->no ? -1 : a->no > b->no;
}

static int old_custody(void *ctx, struct cy_wall before, struct cy_wall after, uint64_t after_no, uint32_t limit,
		       store_custody_fn *fn, void *arg)
{
	struct mem_store *s = ctx;
	struct store_custody **old = calloc(s->n_custody + 1, sizeof *old);
	const struct store_custody place = { .at = after, .no = after_no }, *from = &place;
	int r = s->unreadable ? CY_ESTORE : CY_OK;
	size_t n = 0;

	CY_ASSERT(old != NULL);
	for (size_t i = 0; i < s->n_custody; i++)
		if (s->custody[i]->at.ms < before.ms && by_instant(&s->custody[i], &from) > 0)
			old[n++] = s->custody[i];
	qsort(old, n, sizeof *old, by_instant);
	for (size_t i = 0; i < n && i < limit && r >= 0; i++)
		r = fn(arg, old[i]);
	free(old);
	return r;
}

void mem_evidence_port(struct store_port *port)
{
	port->get_evidence = get_evidence;
	port->list_evidence = list_evidence;
	port->waiting_evidence = waiting_evidence;
	port->waiting_after = waiting_after;
	port->offered_evidence = offered_evidence;
	port->same_evidence = same_evidence;
	port->same_keys = same_evidence;
	port->delivered_evidence = delivered_evidence;
	port->overdue_evidence = overdue_evidence;
	port->spent_evidence = spent_evidence;
	port->unverified_evidence = unverified_evidence;
	port->flawed_evidence = flawed_evidence;
	port->held_back_evidence = held_back_evidence;
	port->unstated_evidence = unstated_evidence;
	port->evidence_bytes = evidence_bytes;
	port->get_upload = get_upload;
	port->uploads = uploads;
	port->upload_bytes = upload_bytes;
	port->get_leftover = get_leftover;
	port->discarded = discarded;
	port->strays = strays;
	port->custody = custody;
	port->readings = readings;
	port->old_custody = old_custody;
}
