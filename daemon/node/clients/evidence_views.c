/* What people ask about evidence: what there is, how far it is, and its chain of custody. */
#include <stdlib.h>
#include <string.h>

#include "law/validate.h"
#include "node/clients/views.h"
#include "node/evidence/evidence.h"

/* -------------------------------------------------------------------- manifests */

/* The message whose attachments are shown: many follow each other in a list. */
struct reading {
	char message_id[CY_UUID_LEN + 1];
	CyMessage *message; /* NULL: it cannot be read, or its key was erased */
	struct node *n;
	bool damaged;
};

static int load_message(void *arg, const struct store_message *row)
{
	struct reading *r = arg;

	r->damaged = sound_message(r->n, row) < 0;
	if (!r->damaged)
		r->message = cy_message__unpack(NULL, row->content.len, row->content.data);
	return CY_OK;
}

static void forget(struct reading *r)
{
	if (r->message != NULL)
		cy_message__free_unpacked(r->message, NULL);
	r->message = NULL;
	r->message_id[0] = '\0';
	r->damaged = false;
}

static const CyAttachment *manifest(struct node *n, struct reading *r, const struct store_evidence *row)
{
	struct store_port *s = &n->ports.store;
	CyAttachment **list;
	size_t n_list = 0;

	if (strcmp(r->message_id, row->message_id) != 0) {
		forget(r);
		cy_copy(r->message_id, sizeof r->message_id, row->message_id);
		r->n = n;
		s->get_message(s->ctx, row->message_id, load_message, r);
	}
	if (r->message == NULL || r->message->content == NULL)
		return NULL;
	list = law_attachments_of(r->message->content, &n_list);
	return row->attachment >= 1 && row->attachment <= n_list ? list[row->attachment - 1] : NULL;
}

/* ------------------------------------------------------------------------ views */

static const char *word(enum store_evidence_state state)
{
	switch (state) {
#define STORE_X(name, word)         \
	case STORE_EVIDENCE_##name: \
		return word;
		STORE_EVIDENCE_STATES(STORE_X)
#undef STORE_X
	}
	return "";
}

static void show_progress(struct node *n, struct cy_arena *a, CyEvidenceView *v, const struct store_evidence *row)
{
	const struct peer *p = node_peer(n, row->peer);
	const struct bulk_progress on = p != NULL ? bulk_progress(n, p, row) : (struct bulk_progress){ 0 };

	v->state = (char *)word(row->state);
	v->reason = (char *)row->reason;
	if (row->state == STORE_EVIDENCE_HERE) {
		v->here = row->size;
		if (row->author == STORE_OWN)
			v->state = (char *)"delivered";
	} else if (row->state == STORE_EVIDENCE_OFFERED && p != NULL) {
		v->here = on.sent;
	} else if (row->state == STORE_EVIDENCE_WAITING && on.fetching) {
		v->state = (char *)"fetching";
		v->here = on.here;
	} else if (row->state == STORE_EVIDENCE_WAITING && on.paused_why != NULL) {
		v->state = (char *)"paused";
		v->reason = cy_arena_string(a, on.paused_why);
	}
}

static CyEvidenceFlaw flaw_of(enum store_flaw flaw)
{
	switch (flaw) {
	case STORE_SPOILT:
		return CY_EVIDENCE_FLAW__SPOILT;
	case STORE_MISSING:
		return CY_EVIDENCE_FLAW__MISSING;
	case STORE_SOUND:
		break;
	}
	return CY_EVIDENCE_FLAW__EVIDENCE_FLAW_UNSPECIFIED;
}

static CyEvidenceView *view_of(struct node *n, struct cy_arena *a, const struct conn *c, struct reading *reading,
			       const struct store_evidence *from)
{
	struct store_evidence *row = cy_arena_take(a, sizeof *row);
	CyEvidenceView *v = cy_arena_take(a, sizeof *v);
	CyEvidenceRef *item = cy_arena_take(a, sizeof *item);
	const CyAttachment *m = manifest(n, reading, from);

	*row = evidence_copy(a, from);
	cy_evidence_view__init(v);
	cy_evidence_ref__init(item);
	item->message_id = (char *)row->message_id;
	item->attachment = row->attachment;
	v->item = item;
	v->peer = (char *)row->peer;
	v->case_id = (char *)row->case_id;
	v->author = row->author == STORE_OWN ? n->authority : v->peer;
	v->number = row->number;
	v->size = row->size;
	v->sha256 = (ProtobufCBinaryData){ .data = row->sha256.b, .len = CY_SHA256_LEN };
	v->verdict = row->verdict;
	v->arrived_ms = row->arrived.ms;
	v->hold = row->legal_hold;
	v->copy_deleted = row->deleted;
	v->verified_ms = row->verified.ms;
	v->flaw = flaw_of(row->flaw);
	show_progress(n, a, v, row);
	if (reading->damaged)
		v->reason = (char *)"its manifest is damaged in the store: a backup has to be restored";
	if (m == NULL)
		return v;
	v->retain_until_date = cy_arena_string(a, m->retain_until_date);
	if (c->client->role != CY_ROLE__SUBMITTER)
		return v;
	v->name = cy_arena_string(a, m->name);
	v->media_type = cy_arena_string(a, m->media_type);
	v->exhibit = cy_arena_string(a, m->exhibit);
	v->use_limits = cy_arena_string(a, m->use_limits);
	return v;
}

struct listing {
	struct node *n;
	struct cy_arena *a;
	const struct conn *c;
	struct reading reading;
	CyEvidenceView **rows;
	size_t n_rows, max, bytes, most_bytes;
};

static int add_row(void *arg, const struct store_evidence *row)
{
	struct listing *l = arg;

	if (l->n_rows == l->max)
		return CY_ELIMIT;
	l->rows[l->n_rows] = view_of(l->n, l->a, l->c, &l->reading, row);
	l->bytes += cy_evidence_view__get_packed_size(l->rows[l->n_rows]) + 8;
	if (l->bytes > l->most_bytes) /* the next page takes it */
		return CY_ELIMIT;
	l->n_rows++;
	return CY_OK;
}

static int list(struct listing *l, const struct store_evidence_query *q, bool *ret_more)
{
	struct store_port *s = &l->n->ports.store;
	int r;

	l->rows = cy_arena_take(l->a, (l->max + 1) * sizeof(CyEvidenceView *));
	r = s->list_evidence(s->ctx, local_view(l->c), q, add_row, l);
	forget(&l->reading);
	*ret_more = r == CY_ELIMIT;
	return r == CY_ELIMIT ? CY_OK : r;
}

int evidence_views_case(struct node *n, struct cy_arena *a, const struct conn *c, const char *peer, const char *case_id,
			size_t most, CyEvidenceView ***ret_rows, size_t *ret_n, bool *ret_more)
{
	struct listing l = { .n = n, .a = a, .c = c, .max = most, .most_bytes = CY_LOCAL_FRAME_MAX / 4 };
	const struct store_evidence_query q = {
		.peer = peer, .case_id = case_id, .after_message = "", .limit = (uint32_t)most + 1
	};
	int r = list(&l, &q, ret_more);

	*ret_rows = l.rows;
	*ret_n = l.n_rows;
	return r;
}

void evidence_views_list(struct node *n, struct conn *c, uint64_t correlation, const CyListEvidence *r)
{
	struct cy_arena arena = { 0 };
	struct listing l = { .n = n, .a = &arena, .c = c, .most_bytes = CY_LOCAL_FRAME_MAX - 1024 };
	struct case_name f;
	struct store_evidence_query q = { .peer = "", .case_id = "", .after_message = "" };
	CyServerFrame frame = CY_SERVER_FRAME__INIT;
	CyEvidenceList answer = CY_EVIDENCE_LIST__INIT;
	bool more = false;
	int code = CY_OK;

	l.max = r->limit == 0 ? 100 : r->limit < CY_PAGE_MAX ? r->limit : CY_PAGE_MAX;
	q.limit = (uint32_t)l.max + 1;
	if (r->after != NULL) {
		q.after_message = r->after->message_id;
		q.after_attachment = r->after->attachment;
	}
	if (r->case_ref[0] != '\0') {
		code = views_named(n, c, correlation, r->case_ref, &f);
		q.peer = f.peer;
		q.case_id = f.case_id;
		if (code == CY_ENOENT)
			return;
	}
	if (code == CY_OK)
		code = list(&l, &q, &more);
	if (code < 0) {
		local_unreadable(n, c, correlation, code);
	} else {
		answer.items = l.rows;
		answer.n_items = l.n_rows;
		answer.more = more;
		frame.kind_case = CY_SERVER_FRAME__KIND_EVIDENCE_LIST;
		frame.evidence_list = &answer;
		local_send(n, c->id, correlation, &frame);
	}
	cy_arena_free(&arena);
}

/* ------------------------------------------------------------------- at rest */

static int see_verified(void *arg, const struct store_evidence *row)
{
	*(int64_t *)arg = row->verified.ms;
	return CY_OK;
}

/* A page of what has a flaw. */
struct flawed {
	struct listing l;
	size_t n_looked; /* at so many, also at those that the client may not see */
	CyEvidenceRef last;
	char last_id[CY_UUID_LEN + 1];
};

/* Those whose case the client may see. */
static int add_flawed(void *arg, const struct store_evidence *row)
{
	struct flawed *x = arg;
	const CyEvidenceRef item = { .message_id = (char *)row->message_id, .attachment = row->attachment };
	struct store_evidence seen;
	int r = CY_OK;

	if (x->n_looked == CY_PAGE_MAX)
		return CY_ELIMIT;
	if (evidence_visible(x->l.n, x->l.a, x->l.c, &item, &seen) == CY_OK)
		r = add_row(&x->l, &seen);
	if (r == CY_OK) {
		x->n_looked++;
		cy_copy(x->last_id, sizeof x->last_id, row->message_id);
		x->last.attachment = row->attachment;
	}
	return r;
}

/* The page after this one; NULL: the first. */
static int list_flawed(struct flawed *x, const CyEvidenceRef *after, CyEvidenceCheck *ret)
{
	struct store_port *s = &x->l.n->ports.store;
	int r;

	cy_evidence_ref__init(&x->last);
	x->last.message_id = x->last_id;
	x->l.rows = cy_arena_take(x->l.a, (x->l.max + 1) * sizeof *x->l.rows);
	r = s->flawed_evidence(s->ctx, after != NULL ? after->message_id : "", after != NULL ? after->attachment : 0,
			       CY_PAGE_MAX + 1, add_flawed, x);
	forget(&x->l.reading);
	ret->flawed = x->l.rows;
	ret->n_flawed = x->l.n_rows;
	ret->more = r == CY_ELIMIT;
	ret->next = ret->more ? &x->last : NULL;
	return r == CY_ELIMIT ? CY_OK : r;
}

void evidence_rest_asked(struct node *n, struct conn *c, uint64_t correlation, const CyCheckEvidence *r)
{
	struct store_port *s = &n->ports.store;
	struct cy_arena arena = { 0 };
	struct flawed x = { .l = { .n = n, .a = &arena, .c = c, .max = 100, .most_bytes = CY_LOCAL_FRAME_MAX / 2 } };
	CyServerFrame frame = CY_SERVER_FRAME__INIT;
	CyEvidenceCheck answer = CY_EVIDENCE_CHECK__INIT;
	int code;

	if (n->ports.blobs.ctx == NULL) {
		local_error(n, c->id, correlation, CY_ERROR_CODE__NOT_FOUND, "", "this daemon keeps no evidence");
		return;
	}
	if (r->start)
		evidence_round(n);
	code = list_flawed(&x, r->after, &answer);
	if (code == CY_OK)
		code = s->unverified_evidence(s->ctx, (struct cy_wall){ 0 }, "", 0, (struct cy_wall){ INT64_MAX }, 1,
					      see_verified, &answer.oldest_ms);
	if (code < 0) {
		local_unreadable(n, c, correlation, code);
	} else {
		const struct evidence_verified round = evidence_last_round(n);

		answer.every_ms = (uint64_t)n->config.check_every_ms;
		answer.rate = n->config.check_rate;
		answer.began_ms = round.began.ms;
		answer.ended_ms = round.ended.ms;
		answer.contents = round.contents;
		answer.bytes = round.bytes;
		answer.found = round.found;
		frame.kind_case = CY_SERVER_FRAME__KIND_EVIDENCE_CHECK;
		frame.evidence_check = &answer;
		local_send(n, c->id, correlation, &frame);
	}
	cy_arena_free(&arena);
}

/* ---------------------------------------------------------------------- custody */

struct chain {
	struct cy_arena *a;
	bool names; /* what people wrote may be shown */
	CyCustodyEntry **list;
	size_t n, own, max, bytes; /* own: of our record; bytes: of them all in the answer */
	bool more;
};

static CyCustodyEntry *link_new(const struct chain *x)
{
	CyCustodyEntry *e = cy_arena_take(x->a, sizeof *e);

	cy_custody_entry__init(e);
	return e;
}

static void link_add(struct chain *x, CyCustodyEntry *e)
{
	x->bytes += cy_custody_entry__get_packed_size(e) + 8;
	x->list[x->n++] = e;
}

static ProtobufCBinaryData digest_of(const struct chain *x, const struct cy_digest *d)
{
	static const struct cy_digest none;
	uint8_t *copy;

	if (cy_digest_equal(d, &none))
		return (ProtobufCBinaryData){ .data = NULL, .len = 0 };
	copy = cy_arena_take(x->a, sizeof d->b);
	memcpy(copy, d->b, sizeof d->b);
	return (ProtobufCBinaryData){ .data = copy, .len = sizeof d->b };
}

static int add_link(void *arg, const struct store_custody *row)
{
	struct chain *x = arg;
	CyCustodyEntry *e = link_new(x);

	e->at_ms = row->at.ms;
	e->action = cy_arena_string(x->a, row->action);
	e->by = cy_arena_string(x->a, row->by);
	if (x->names) {
		e->text = cy_arena_string(x->a, row->text);
		e->text_salt = cy_arena_string(x->a, row->salt);
	}
	e->message_id = cy_arena_string(x->a, row->proof);
	e->recorded_here = row->proof[0] == '\0';
	e->leaf = row->leaf;
	e->no = row->no;
	e->leaf_hash = digest_of(x, &row->hash);
	e->leaf_form = row->form;
	e->text_digest = digest_of(x, &row->words);
	e->from = row->from;
	e->to = row->to;
	e->count = row->count;
	e->last_ms = row->last.ms;
	x->more = x->own == x->max || x->bytes + cy_custody_entry__get_packed_size(e) > CY_LOCAL_FRAME_MAX - 1024;
	if (x->more)
		return CY_ELIMIT;
	x->own++;
	link_add(x, e);
	return CY_OK;
}

/* What the manifest says happened before it came to us. A message is short: all of it fits into a page. */
static void add_manifest(struct chain *x, const CyAttachment *m, const char *message_id)
{
	for (size_t i = 0; i < m->n_custody; i++) {
		CyCustodyEntry *e = link_new(x);

		e->at_ms = m->custody[i]->at_ms;
		e->action = cy_arena_string(x->a, m->custody[i]->action);
		if (x->names) {
			e->by = cy_arena_string(x->a, m->custody[i]->holder);
			e->text = cy_arena_string(x->a, m->custody[i]->tool);
		}
		e->message_id = cy_arena_string(x->a, message_id);
		link_add(x, e);
	}
}

static int read_chain(struct node *n, struct chain *x, struct reading *reading, const struct store_evidence *row,
		      const CyShowCustody *r)
{
	struct store_port *s = &n->ports.store;
	const CyAttachment *m = r->after == 0 && !r->record_only ? manifest(n, reading, row) : NULL;
	const size_t stated = m != NULL ? m->n_custody : 0, room = stated < CY_PAGE_MAX ? CY_PAGE_MAX - stated : 0;
	int code;

	x->max = r->limit == 0 || r->limit > room ? room : r->limit;
	x->list = cy_arena_take(x->a, (stated + x->max + 1) * sizeof(CyCustodyEntry *));
	if (m != NULL)
		add_manifest(x, m, row->message_id);
	code = s->custody(s->ctx, row->message_id, row->attachment, r->after, (uint32_t)x->max + 1, add_link, x);
	return code == CY_ELIMIT && x->more ? CY_OK : code;
}

void evidence_views_custody(struct node *n, struct conn *c, uint64_t correlation, const CyShowCustody *r)
{
	struct cy_arena arena = { 0 };
	struct chain x = { .a = &arena, .names = c->client->role == CY_ROLE__SUBMITTER };
	struct store_evidence row;
	struct reading reading = { 0 };
	CyServerFrame frame = CY_SERVER_FRAME__INIT;
	CyCustody answer = CY_CUSTODY__INIT;
	int code = r->item != NULL ? evidence_visible(n, &arena, c, r->item, &row) : CY_ENOENT;

	if (code == CY_OK) {
		answer.item = view_of(n, &arena, c, &reading, &row);
		x.bytes = cy_evidence_view__get_packed_size(answer.item);
		code = read_chain(n, &x, &reading, &row, r);
	}
	if (code == CY_ENOENT) {
		local_error(n, c->id, correlation, CY_ERROR_CODE__NOT_FOUND, "item",
			    "this client has no such attachment whose bytes travel on the bulk lane");
	} else if (code < 0) {
		local_unreadable(n, c, correlation, code);
	} else {
		answer.entries = x.list;
		answer.n_entries = x.n;
		answer.more = x.more;
		frame.kind_case = CY_SERVER_FRAME__KIND_CUSTODY;
		frame.custody = &answer;
		local_send(n, c->id, correlation, &frame);
	}
	forget(&reading);
	cy_arena_free(&arena);
}
