/* What people ask: cases, and messages with their proofs. */
#include <stdlib.h>
#include <string.h>

#include "node/clients/views.h"
#include "node/evidence/evidence.h"
#include "node/peers/peers.h"
#include "wire/message.h"

#define VIEWS_EVIDENCE_MAX 200 /* attachments in the view of a case */
#define VIEWS_MESSAGES_MAX (2 * CY_CASE_MESSAGES_MAX)
#define VIEWS_BYTES        (CY_LOCAL_FRAME_MAX / 4) /* of each list in the view of a case */

static ProtobufCBinaryData binary(struct cy_bytes b)
{
	return (ProtobufCBinaryData){ .data = (uint8_t *)b.data, .len = b.len };
}

/* ------------------------------------------------------------------- cases */

/* An operator is shown none. */
static struct store_view with_titles(const struct conn *c)
{
	struct store_view view = local_view(c);

	view.titles = c->client->role == CY_ROLE__SUBMITTER;
	return view;
}

static CyCaseSummary *summary(struct node *n, struct cy_arena *a, const struct store_case *row)
{
	CyCaseSummary *s = cy_arena_take(a, sizeof *s);

	if (row->damaged)
		cases_damaged(n, row->peer, row->case_id, "the title of");

	cy_case_summary__init(s);
	s->case_id = cy_arena_string(a, row->case_id);
	s->peer = cy_arena_string(a, row->peer);
	s->side = row->side;
	s->own_reference = cy_arena_string(a, row->own_reference);
	s->peer_reference = cy_arena_string(a, row->peer_reference);
	s->state = cy_arena_string(a, cases_word(row));
	s->opened_ms = row->opened.ms;
	s->changed_ms = row->changed.ms;
	s->messages = row->messages;
	s->instrument = cy_arena_string(a, row->instrument);
	s->title = cy_arena_string(a, row->title);
	s->erased_ms = row->erased.ms;
	s->closed = row->closed;
	s->unsent = row->side == CY_SIDE__REQUESTING && row->first == STORE_QUEUED;
	return s;
}

struct listing {
	struct node *node;
	struct cy_arena arena;
	CyCaseSummary *rows[CY_PAGE_MAX + 1];
	size_t n;
	size_t bytes;
};

static int add_case(void *arg, const struct store_case *row)
{
	struct listing *l = arg;

	l->rows[l->n] = summary(l->node, &l->arena, row);
	l->bytes += cy_case_summary__get_packed_size(l->rows[l->n]) + 12; /* with what is unread of it */
	if (l->bytes > CY_LOCAL_FRAME_MAX - 1024)                         /* the next page takes it */
		return CY_ELIMIT;
	l->n++;
	return CY_OK;
}

void views_list(struct node *n, struct conn *c, uint64_t correlation, const CyListCases *r)
{
	struct store_port *s = &n->ports.store;
	CyServerFrame f = CY_SERVER_FRAME__INIT;
	CyCaseList list = CY_CASE_LIST__INIT;
	struct listing *l;
	uint32_t limit = r->limit == 0 ? 100 : r->limit < CY_BOUND(CY_PAGE_MAX) ? r->limit : CY_BOUND(CY_PAGE_MAX);
	int code;

	if (!node_names_peer(n, c, correlation, r->peer))
		return;
	l = calloc(1, sizeof *l);
	CY_ASSERT(l != NULL);
	l->node = n;
	code = s->list_cases(s->ctx, with_titles(c), r->peer, r->open_only, r->after_case_id, limit + 1, add_case, l);
	list.more = code == CY_ELIMIT || l->n > limit;
	list.cases = l->rows;
	list.n_cases = l->n > limit ? limit : l->n;
	if (code == CY_OK || code == CY_ELIMIT)
		code = unread_mark(n, list.cases, list.n_cases);
	if (code < 0) {
		local_unreadable(n, c, correlation, code);
	} else {
		f.kind_case = CY_SERVER_FRAME__KIND_CASE_LIST;
		f.case_list = &list;
		local_send(n, c->id, correlation, &f);
	}
	cy_arena_free(&l->arena);
	free(l);
}

const char *views_transport(enum store_transport t)
{
	switch (t) {
#define STORE_X(name, word) \
	case STORE_##name:  \
		return word;
		STORE_TRANSPORTS(STORE_X)
#undef STORE_X
	}
	return "";
}

static CyErasure erasure_of(enum store_erasure e)
{
	switch (e) {
	case STORE_ERASED_BY_ORDER:
		return CY_ERASURE__ERASED_BY_ORDER;
	case STORE_ERASED_BY_RETENTION:
		return CY_ERASURE__ERASED_BY_RETENTION;
	case STORE_ERASED_BY_PEER:
		return CY_ERASURE__ERASED_BY_PEER;
	case STORE_KEPT:
		break;
	}
	return CY_ERASURE__ERASURE_UNSPECIFIED;
}

static CyMessageSummary *message_summary(struct node *n, struct cy_arena *a, const struct store_message *row)
{
	CyMessageSummary *m = cy_arena_take(a, sizeof *m);
	const char *kind = law_kind_name(row->kind);

	cy_message_summary__init(m);
	m->message_id = cy_arena_string(a, row->id);
	m->author = cy_arena_string(a, row->author == STORE_OWN ? n->authority : row->peer);
	m->kind = row->kind;
	m->kind_name = cy_arena_string(a, kind != NULL ? kind : "");
	m->number = row->number;
	m->seen = row->seen;
	m->created_ms = row->created.ms;
	m->transport = cy_arena_string(a, views_transport(row->transport));
	m->void_code = row->void_code;
	m->void_reason = cy_arena_string(a, row->void_reason);
	m->erasure = erasure_of(row->erasure);
	m->erased_ms = row->erased.ms;
	m->unread = store_is_unread(row);
	return m;
}

struct showing {
	struct node *n;
	const struct conn *c;
	struct cy_arena arena;
	size_t matches;
	uint32_t after; /* of the messages in order, so many were shown before */
	CyCaseSummary *summary;
	CyCaseErasure *erasure; /* NULL: it was not erased */
	CyMessageSummary *messages[VIEWS_MESSAGES_MAX];
	struct law_fact facts[VIEWS_MESSAGES_MAX];
	struct xchg_pos came[VIEWS_MESSAGES_MAX]; /* the parcel of a message of the peer; sequence 0: none */
	size_t n_facts;
	CySide side; /* ours */
	struct treaty_view law;
	CyClockView **clocks;
	size_t n_clocks;
	bool more_clocks;
	CyEvidenceView **evidence;
	size_t n_evidence;
	bool more_evidence;
};

static int found_case(void *arg, const struct store_case *row)
{
	struct showing *s = arg;

	s->matches++;
	s->side = row->side;
	s->summary = summary(s->n, &s->arena, row);
	if (row->erased.ms == 0)
		return CY_OK;
	s->erasure = cy_arena_take(&s->arena, sizeof *s->erasure);
	cy_case_erasure__init(s->erasure);
	s->erasure->at_ms = row->erased.ms;
	s->erasure->by = cy_arena_string(&s->arena, row->erased_by);
	s->erasure->reason = cy_arena_string(&s->arena, row->erased_reason);
	return CY_OK;
}

static int add_message(void *arg, const struct store_message *row)
{
	struct showing *s = arg;

	if (s->n_facts == VIEWS_MESSAGES_MAX || row->fact.len == 0)
		return CY_OK;
	if (law_fact_decode(row->fact, &s->facts[s->n_facts]) < 0)
		return CY_ESTORE;
	s->facts[s->n_facts].voided = row->void_code != 0;
	s->facts[s->n_facts].at_ms = row->created.ms;
	if (row->author == STORE_PEER)
		s->came[s->n_facts] = (struct xchg_pos){ row->epoch, row->sequence };
	s->messages[s->n_facts] = message_summary(s->n, &s->arena, row);
	s->n_facts++;
	return CY_OK;
}

static int load_made(void *arg, const struct store_parcel *row)
{
	*(struct cy_wall *)arg = row->made;
	return CY_OK;
}

/* Whoever dates a message back gains time by it: people are told as long as the case is here. */
static int doubt_dates(struct showing *s)
{
	struct store_port *store = &s->n->ports.store;
	struct made_date d = { .facts = s->facts, .n = s->n_facts, .own = s->side };
	struct xchg_pos read = { 0 };
	char text[CY_REASON_MAX + 1];
	int r = CY_OK;

	for (size_t i = 0; r == CY_OK && i < s->n_facts; i++) {
		if (s->came[i].sequence == 0)
			continue;
		if (s->came[i].epoch != read.epoch || s->came[i].sequence != read.sequence) {
			read = s->came[i];
			d.made.ms = 0;
			r = store->get_parcel(store->ctx, s->summary->peer, STORE_PEER, read.epoch, read.sequence,
					      load_made, &d.made);
			r = r == CY_ENOENT || r == CY_EDAMAGED ? CY_OK : r;
		}
		d.created_ms = s->messages[i]->created_ms;
		d.seen = s->messages[i]->seen;
		if (d.made.ms > 0 && made_doubts(&d, text))
			s->messages[i]->date_doubt = cy_arena_string(&s->arena, text);
	}
	return r;
}

/* Each once, also of what is notified; returns how many. */
static size_t open_proposals(const struct law_case *c, uint32_t *ret)
{
	size_t n = 0;

	for (unsigned i = 0; i < law_subjects(c); i++) {
		bool listed = c->measures[i].proposal == 0;

		for (size_t k = 0; k < n; k++)
			listed = listed || ret[k] == c->measures[i].proposal;
		if (!listed)
			ret[n++] = c->measures[i].proposal;
	}
	return n;
}

/* Those of the page that is asked for, as many as fit. */
static void put_messages(struct showing *s, const enum law_effect *effects, const size_t *order, CyCaseView *v)
{
	const size_t most = s->after + (size_t)CY_BOUND(CY_PAGE_MAX);
	size_t bytes = 0, i = s->after;

	v->messages = cy_arena_take(&s->arena, (s->n_facts + 1) * sizeof *v->messages);
	for (; i < s->n_facts && i < most && bytes < VIEWS_BYTES; i++) {
		CyMessageSummary *m = s->messages[order[i]];

		m->overtaken = effects[order[i]] == LAW_EFFECT_OVERTAKEN;
		bytes += cy_message_summary__get_packed_size(m) + 8;
		v->messages[v->n_messages++] = m;
	}
	v->more_messages = i < s->n_facts;
}

/* All that is beside the messages, on the first page. */
static void put_rest(struct showing *s, const struct law_case *folded, CyCaseView *v)
{
	CyMeasureView *measures = cy_arena_take(&s->arena, CY_MEASURES_MAX * sizeof *measures);

	v->measures = cy_arena_take(&s->arena, CY_MEASURES_MAX * sizeof *v->measures);
	for (size_t i = 0; i < folded->n_measures; i++) {
		const struct law_measure *m = &folded->measures[i];

		cy_measure_view__init(&measures[i]);
		measures[i].measure = (uint32_t)i + 1;
		measures[i].type = (CyMeasureType)s->law.types[i];
		measures[i].state = (char *)law_measure_state_name(m->state);
		measures[i].postponed = m->postponed;
		measures[i].recognised = m->recognised;
		measures[i].conditions_open = m->proposal != 0;
		v->measures[i] = &measures[i];
	}
	v->n_measures = folded->n_measures;
	v->open_notices = (uint32_t *)folded->notices;
	v->n_open_notices = folded->n_notices;
	v->open_proposals = cy_arena_take(&s->arena, CY_MEASURES_MAX * sizeof *v->open_proposals);
	v->n_open_proposals = open_proposals(folded, v->open_proposals);
	v->faults = s->law.faults;
	v->n_faults = s->law.n_faults;
	v->more_faults = s->law.more_faults;
	v->reviews = s->law.reviews;
	v->n_reviews = s->law.n_reviews;
	v->more_reviews = s->law.more_reviews;
	v->clocks = s->clocks;
	v->n_clocks = s->n_clocks;
	v->more_clocks = s->more_clocks;
	v->evidence = s->evidence;
	v->n_evidence = s->n_evidence;
	v->more_evidence = s->more_evidence;
	v->erasure = s->erasure;
}

static void send_case(struct showing *s, uint64_t correlation)
{
	struct node *n = s->n;
	CyServerFrame f = CY_SERVER_FRAME__INIT;
	CyCaseView v = CY_CASE_VIEW__INIT;
	struct law_case *folded = cy_arena_take(&s->arena, sizeof *folded);
	enum law_effect *effects = cy_arena_take(&s->arena, (s->n_facts + 1) * sizeof *effects);
	size_t *order = cy_arena_take(&s->arena, (s->n_facts + 1) * sizeof *order);
	struct cy_digest digest;

	law_fold(s->facts, s->n_facts, folded, effects, order);
	put_messages(s, effects, order, &v);
	if (s->after == 0)
		put_rest(s, folded, &v);
	digest = law_case_digest(folded);
	v.summary = s->summary;
	v.now_ms = node_now(n).ms;
	v.state_digest = (ProtobufCBinaryData){ .data = digest.b, .len = sizeof digest.b };
	f.kind_case = CY_SERVER_FRAME__KIND_CASE_VIEW;
	f.case_view = &v;
	local_send(n, s->c->id, correlation, &f);
}

/* What the first page has beside the messages. */
static int load_rest(struct node *n, struct conn *c, struct showing *x)
{
	int code = CY_OK;

	if (c->client->role == CY_ROLE__SUBMITTER)
		code = treaty_look(n, &x->arena, x->summary, x->messages, x->n_facts, &x->law);
	if (code == CY_OK)
		code = clock_views_case(n, &x->arena, local_view(c), x->summary->peer, x->summary->case_id, VIEWS_BYTES,
					&x->clocks, &x->n_clocks, &x->more_clocks);
	if (code == CY_OK)
		code = evidence_views_case(n, &x->arena, c, x->summary->peer, x->summary->case_id, VIEWS_EVIDENCE_MAX,
					   &x->evidence, &x->n_evidence, &x->more_evidence);
	return code;
}

void views_case(struct node *n, struct conn *c, uint64_t correlation, const CyShowCase *r)
{
	struct store_port *s = &n->ports.store;
	struct showing *x = calloc(1, sizeof *x);
	int code;

	CY_ASSERT(x != NULL);
	x->n = n;
	x->c = c;
	x->after = r->after;
	code = cases_look_up(n, with_titles(c), r->ref, found_case, x);
	if (code == CY_OK && x->matches == 1)
		code = s->case_messages(s->ctx, x->summary->peer, x->summary->case_id, add_message, x);
	if (code == CY_OK && x->matches == 1)
		code = doubt_dates(x);
	if (code == CY_OK && x->matches == 1 && x->after == 0)
		code = load_rest(n, c, x);
	if (code == CY_EDAMAGED && x->matches == 1)
		cases_damaged(n, x->summary->peer, x->summary->case_id, "what was said in");
	if (code < 0 && code != CY_ENOENT)
		local_unreadable(n, c, correlation, code);
	else if (x->matches == 0)
		local_error(n, c->id, correlation, CY_ERROR_CODE__NOT_FOUND, "ref",
			    "no case of this client has this id or reference");
	else if (x->matches > 1)
		local_error(n, c->id, correlation, CY_ERROR_CODE__INVALID, "ref",
			    "several cases have this name: give PEER/CASE-ID, such as IE/0198b2c1-...");
	else
		send_case(x, correlation);
	cy_arena_free(&x->arena);
	free(x);
}

int views_named(struct node *n, struct conn *c, uint64_t correlation, const char *ref, struct case_name *ret)
{
	int code = cases_name(n, local_view(c), ref, ret);

	if (code < 0 || ret->n == 1)
		return code;
	if (ret->n == 0)
		local_error(n, c->id, correlation, CY_ERROR_CODE__NOT_FOUND, "case_ref",
			    "no case of this client has this id or reference");
	else
		local_error(n, c->id, correlation, CY_ERROR_CODE__INVALID, "case_ref",
			    "several cases have this name: give PEER/CASE-ID, such as IE/0198b2c1-...");
	return CY_ENOENT;
}

/* ---------------------------------------------------------------- messages */

struct message {
	struct node *n;
	struct cy_arena *arena;
	CyMessageView view;
	char peer[CY_AUTHORITY_MAX + 1], case_id[CY_UUID_LEN + 1];
	enum store_author author;
	uint64_t epoch, sequence;
	const char *client; /* whose cases may be seen */
	bool visible;
};

static int load_message(void *arg, const struct store_message *row)
{
	struct message *m = arg;
	int r = sound_message(m->n, row);

	if (r < 0)
		return r;
	m->view.summary = message_summary(m->n, m->arena, row);
	m->view.content = binary(cy_arena_bytes(m->arena, row->content));
	m->author = row->author;
	m->epoch = row->epoch;
	m->sequence = row->sequence;
	return cy_copy(m->peer, sizeof m->peer, row->peer) < 0 ||
			       cy_copy(m->case_id, sizeof m->case_id, row->case_id) < 0
		       ? CY_ESTORE
		       : CY_OK;
}

static int load_proof(void *arg, const struct store_parcel *row)
{
	struct message *m = arg;
	int r = sound_parcel(m->n, row);

	if (r < 0)
		return r;
	m->view.manifest = binary(cy_arena_bytes(m->arena, row->manifest));
	m->view.signature = binary(cy_arena_bytes(m->arena, row->signature));
	m->view.receipt = binary(cy_arena_bytes(m->arena, row->receipt));
	m->view.receipt_signature = binary(cy_arena_bytes(m->arena, row->receipt_signature));
	return CY_OK;
}

static int check_visible(void *arg, const struct store_case *row)
{
	struct message *m = arg;

	m->visible = strcmp(row->client, m->client) == 0;
	return CY_OK;
}

/* May this client see the message? By its case; what belongs to none is for
 * clients that see everything. */
static int visible(struct node *n, const struct conn *c, struct message *m)
{
	struct store_port *s = &n->ports.store;
	struct store_view view = local_view(c);

	if (view.client == NULL) {
		m->visible = true;
		return CY_OK;
	}
	m->client = view.client;
	return store_is_unfiled(m->case_id) ? CY_OK : s->get_case(s->ctx, m->peer, m->case_id, check_visible, m);
}

void views_message(struct node *n, struct conn *c, uint64_t correlation, const CyShowMessage *r)
{
	struct store_port *s = &n->ports.store;
	CyServerFrame f = CY_SERVER_FRAME__INIT;
	struct message m = { .n = n, .arena = &n->batch.arena };
	ProtobufCMessage *decoded = NULL;
	int code;

	cy_message_view__init(&m.view);
	code = s->get_message(s->ctx, r->message_id, load_message, &m);
	if (code == CY_OK)
		code = visible(n, c, &m);
	if (code == CY_OK && m.visible && m.sequence != 0)
		code = s->get_parcel(s->ctx, m.peer, m.author, m.epoch, m.sequence, load_proof, &m);
	if (code == CY_OK && m.visible) {
		n->batch.shows = true;
		if (wire_unpack(&cy_message__descriptor, cy_bytes(m.view.content.data, m.view.content.len),
				CY_MESSAGE_MAX, &decoded, NULL) == CY_OK)
			m.view.message = (CyMessage *)decoded;
		f.kind_case = CY_SERVER_FRAME__KIND_MESSAGE_VIEW;
		f.message_view = &m.view;
		if (m.author == STORE_PEER)
			subscribe_retrieved(n, r->message_id);
		batch_reply(n, c->id, correlation, &f);
	} else if (code < 0 && code != CY_ENOENT) {
		batch_error(n, c->id, correlation, local_unread_code(code), "", local_unread_text(code));
	} else {
		batch_error(n, c->id, correlation, CY_ERROR_CODE__NOT_FOUND, "",
			    "this client has no message with this id");
	}
	if (decoded != NULL)
		protobuf_c_message_free_unpacked(decoded, NULL);
}
