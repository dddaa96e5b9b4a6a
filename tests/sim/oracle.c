/* What must always hold, whatever goes wrong, told from outside the nodes: from
 * the bytes that leave them and from what is durable at that moment. */
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "comity/v1/peer.pb-c.h"
#include "law/fact.h"
#include "law/fold.h"
#include "law/room.h"
#include "node/cases/kept.h"
#include "sim.h"
#include "wire/manifest.h"
#include "wire/message.h"

#define QUEUE_MOST 72 /* frames towards one side: the link's limit, and what faults add */

/* What was signed and sent for a place in a stream. The text of a parcel is the same for ever; a
 * receipt may be signed anew, and its verdicts are the same for ever. */
struct said {
	const struct sim_node *by, *to;
	enum wire_text_type type;
	uint64_t epoch, sequence;
	struct cy_digest digest;
	unsigned again; /* oracle_sent_again() */
};

/* What a case system said, and the one message that it became. */
struct effect {
	char tag[24];
	char message_id[CY_UUID_LEN + 1];
};

struct oracle {
	struct world *w;
	struct cy_arena arena;
	void *said, *effects;
};

static int by_place(const void *x, const void *y)
{
	const struct said *a = x, *b = y;

	if (a->by->index != b->by->index)
		return a->by->index < b->by->index ? -1 : 1;
	if (a->to->index != b->to->index)
		return a->to->index < b->to->index ? -1 : 1;
	if (a->type != b->type)
		return a->type < b->type ? -1 : 1;
	if (a->epoch != b->epoch)
		return a->epoch < b->epoch ? -1 : 1;
	return a->sequence < b->sequence ? -1 : a->sequence > b->sequence;
}

static int by_tag(const void *x, const void *y)
{
	return strcmp(((const struct effect *)x)->tag, ((const struct effect *)y)->tag);
}

static void keep_row(void *row)
{
	(void)row; /* rows live in the arena */
}

struct oracle *oracle_new(struct world *w)
{
	struct oracle *o = calloc(1, sizeof *o);

	CY_ASSERT(o != NULL);
	o->w = w;
	return o;
}

void oracle_free(struct oracle *o)
{
	tdestroy(o->said, keep_row);
	tdestroy(o->effects, keep_row);
	cy_arena_free(&o->arena);
	free(o);
}

/* ------------------------------------------------------------ what leaves */

static struct cy_digest verdicts(const struct wire_text *t)
{
	struct cy_buf all = CY_BUF(CY_MANIFEST_MAX);
	struct cy_digest d;

	CY_ASSERT(cy_buf_add(&all, t->parcel.b, sizeof t->parcel.b) == CY_OK);
	for (size_t i = 0; i < t->n; i++)
		CY_ASSERT(cy_buf_addf(&all, "%s %d %s\n", t->entries[i].id, (int)t->entries[i].code,
				      t->entries[i].reason) == CY_OK);
	d = cy_sha256(cy_buf_view(&all));
	cy_buf_free(&all);
	return d;
}

static struct said *said(struct sim_node *by, struct sim_node *to, const struct wire_text *t, struct cy_bytes text)
{
	struct oracle *o = by->w->oracle;
	struct said key = { by,       to,          t->type,
			    t->epoch, t->sequence, t->type == WIRE_PARCEL ? cy_sha256(text) : verdicts(t),
			    0 },
		    *new;
	struct said **at = tfind(&key, &o->said, by_place);

	if (at != NULL) {
		if (!cy_digest_equal(&(*at)->digest, &key.digest))
			world_fail(by->w, "%s says something else to %s under %llu/%llu than before (%s)", by->id,
				   to->id, (unsigned long long)t->epoch, (unsigned long long)t->sequence,
				   t->type == WIRE_PARCEL ? "parcel" : "receipt");
		return *at;
	}
	new = cy_arena_take(&o->arena, sizeof *new);
	*new = key;
	CY_ASSERT(tsearch(new, &o->said, by_place) != NULL);
	return new;
}

static struct cy_bytes bytes_of(ProtobufCBinaryData b)
{
	return cy_bytes(b.data, b.len);
}

static void parcel_leaves(struct sim_session *x, struct sim_node *from, struct sim_node *to, const CyParcel *p,
			  const struct wire_text *t, struct said *place)
{
	struct world *w = from->w;
	const struct mem_parcel *row = mem_store_parcel(&from->store, to->id, STORE_OWN, t->epoch, t->sequence);

	if (row == NULL || !cy_bytes_equal(row->row.manifest, bytes_of(p->manifest->text)) ||
	    !cy_bytes_equal(row->row.signature, bytes_of(p->manifest->signature)))
		world_fail(w, "%s sends a parcel to %s that is not the one on its disk", from->id, to->id);
	if (row != NULL && row->row.dissolved)
		world_fail(w, "%s sends a parcel to %s that it has dissolved", from->id, to->id);
	if (row != NULL && x->parcels[x->pair->side[1] == from]++ == 0)
		oracle_sent_again(from, to, &row->row, &place->again);
	if (strcmp(t->from, from->id) != 0 || strcmp(t->to, to->id) != 0)
		world_fail(w, "%s sends %s a parcel from %s to %s", from->id, to->id, t->from, t->to);
	for (size_t i = 0; i < p->n_messages; i++) {
		const struct mem_message *stored = mem_store_message(&from->store, t->entries[i].id);
		CyMessage *m;

		if (stored == NULL || !cy_bytes_equal(stored->row.content, bytes_of(p->messages[i])))
			world_fail(w, "%s sends %s a message with other content than it has", from->id, to->id);
		if (p->messages[i].len == 0) {
			erasures_tombstone(from, to, p, i + 1);
			continue;
		}
		m = cy_message__unpack(NULL, p->messages[i].len, p->messages[i].data);
		if (m == NULL || strcmp(m->to, to->id) != 0)
			world_fail(w, "%s sends %s a message that is not for it", from->id, to->id);
		if (m != NULL)
			oracle_stated(from, to, m);
		if (m != NULL)
			cy_message__free_unpacked(m, NULL);
	}
}

static void receipt_leaves(struct sim_node *from, struct sim_node *to, struct cy_bytes text, const struct wire_text *t)
{
	struct world *w = from->w;
	const struct mem_parcel *row = mem_store_parcel(&from->store, to->id, STORE_PEER, t->epoch, t->sequence);
	const struct store_stream *s = &mem_store_peer(&from->store, to->id)->stream;

	if (row == NULL || !cy_bytes_equal(row->row.receipt, text)) {
		world_fail(w, "%s gives %s a receipt that is not on its disk", from->id, to->id);
		return;
	}
	if (s->in_epoch < t->epoch || (s->in_epoch == t->epoch && s->in_held < t->sequence))
		world_fail(w, "%s gives %s a receipt above its receive mark", from->id, to->id);
	for (size_t i = 0; i < t->n; i++)
		if (mem_store_message(&from->store, t->entries[i].id) == NULL)
			world_fail(w, "%s gives %s a receipt for a message that is not on its disk", from->id, to->id);
}

static void state_leaves(struct sim_node *from, struct sim_node *to, const CyState *h)
{
	const struct store_stream *s = &mem_store_peer(&from->store, to->id)->stream;

	if (h->held->epoch != s->in_epoch || h->held->sequence != s->in_held)
		world_fail(from->w, "%s tells %s that it holds what is not on its disk", from->id, to->id);
}

static const char *frame_name(const CyPeerFrame *f)
{
	const ProtobufCFieldDescriptor *d =
		protobuf_c_message_descriptor_get_field(&cy_peer_frame__descriptor, (unsigned)f->kind_case);

	return d != NULL ? d->name : "?";
}

void oracle_link(struct sim_session *x, struct sim_node *from, struct cy_bytes frame)
{
	struct sim_node *to = x->pair->side[x->pair->side[0] == from];
	CyPeerFrame *f = cy_peer_frame__unpack(NULL, frame.len, frame.data);
	const CySignedText *st = NULL;
	struct said *place;
	struct wire_text *t;

	CY_ASSERT(f != NULL);
	t = calloc(1, sizeof *t);
	CY_ASSERT(t != NULL);
	if (f->kind_case == CY_PEER_FRAME__KIND_PARCEL)
		st = f->parcel->manifest;
	else if (f->kind_case == CY_PEER_FRAME__KIND_RECEIPT)
		st = f->receipt->receipt;
	else if (f->kind_case == CY_PEER_FRAME__KIND_STATE)
		state_leaves(from, to, f->state);
	if (st != NULL) {
		struct cy_bytes text = bytes_of(st->text);

		CY_ASSERT(wire_text_read(text, t, NULL) == CY_OK);
		place = said(from, to, t, text);
		if (t->type == WIRE_PARCEL)
			parcel_leaves(x, from, to, f->parcel, t, place);
		else
			receipt_leaves(from, to, text, t);
		world_say(from->w, "%s -> %s: %s %llu/%llu, %zu message(s)", from->id, to->id, frame_name(f),
			  (unsigned long long)t->epoch, (unsigned long long)t->sequence, t->n);
	} else if (f->kind_case == CY_PEER_FRAME__KIND_STATE) {
		world_say(from->w, "%s -> %s: state, epoch %llu, holds %llu/%llu, receipted %llu%s", from->id, to->id,
			  (unsigned long long)f->state->epoch, (unsigned long long)f->state->held->epoch,
			  (unsigned long long)f->state->held->sequence,
			  (unsigned long long)f->state->receipted->sequence,
			  f->state->reconciling ? ", reconciling" : "");
	} else {
		world_say(from->w, "%s -> %s: %s", from->id, to->id, frame_name(f));
	}
	free(t);
	cy_peer_frame__free_unpacked(f, NULL);
}

void oracle_submitted(struct sim_desk *d, const struct sim_job *job, const CySubmitted *s)
{
	struct sim_node *n = d->node;
	const struct mem_message *m = mem_store_message(&n->store, s->message_id);

	if (m == NULL || m->row.author != STORE_OWN || strcmp(m->row.case_id, s->case_id) != 0 ||
	    m->row.number < s->number || !cy_bytes_equal(bytes_of(s->sha256), cy_bytes(m->row.digest.b, CY_SHA256_LEN)))
		world_fail(n->w, "%s/%u: %s was accepted and is not on the disk as answered", n->id, d->client,
			   job->tag);
	if (job->state == JOB_ACCEPTED && strcmp(job->message_id, s->message_id) != 0)
		world_fail(n->w, "%s/%u: %s was accepted twice, as two messages", n->id, d->client, job->tag);
}

void oracle_event(struct sim_desk *d, const CyEvent *e)
{
	struct sim_node *n = d->node;
	const struct mem_store *s = &n->store;
	const char *client = d->client == 0 ? NULL : "clerk";

	if (e->position == 0 || e->position > s->n_events ||
	    strcmp(s->events[e->position - 1]->message_id, e->message_id) != 0) {
		world_fail(n->w, "%s/%u: event %llu is not on the disk", n->id, d->client,
			   (unsigned long long)e->position);
		return;
	}
	if (client != NULL && strcmp(s->events[e->position - 1]->client, client) != 0)
		world_fail(n->w, "%s/%u: is shown an event of another client's case", n->id, d->client);
	if (e->position <= d->received)
		world_fail(n->w, "%s/%u: event %llu comes after %llu", n->id, d->client,
			   (unsigned long long)e->position, (unsigned long long)d->received);
	for (uint64_t p = d->received; p + 1 < e->position; p++)
		if (client == NULL || strcmp(s->events[p]->client, client) == 0)
			world_fail(n->w, "%s/%u: event %llu was left out", n->id, d->client, (unsigned long long)p + 1);
}

/* ------------------------------------------------------- what is durable */

/* One thing that a case system said takes effect once, everywhere. */
static void took_effect(struct sim_node *s, const struct store_message *m)
{
	struct oracle *o = s->w->oracle;
	CyMessage *msg = m->content.len > 0 ? cy_message__unpack(NULL, m->content.len, m->content.data) : NULL;
	struct effect key = { 0 }, **at, *new;
	const struct mem_message *before;

	/* What a daemon states by itself bears the reference of its case. */
	if (msg != NULL && msg->content->kind_case == CY_CONTENT__KIND_EVIDENCE_STATEMENT) {
		cy_message__free_unpacked(msg, NULL);
		return;
	}
	if (msg == NULL)
		return;
	snprintf(key.tag, sizeof key.tag, "%s", msg->own_reference);
	snprintf(key.message_id, sizeof key.message_id, "%s", m->id);
	cy_message__free_unpacked(msg, NULL);
	at = tfind(&key, &o->effects, by_tag);
	if (at == NULL) {
		new = cy_arena_take(&o->arena, sizeof *new);
		*new = key;
		CY_ASSERT(tsearch(new, &o->effects, by_tag) != NULL);
		return;
	}
	/* The one before may be gone with a disk. */
	before = mem_store_message(&s->store, (*at)->message_id);
	if (strcmp((*at)->message_id, m->id) != 0 && before != NULL && before->row.void_code == 0)
		world_fail(s->w, "%s: %s took effect twice, as %s and as %s", s->id, key.tag, (*at)->message_id, m->id);
	**at = key;
}

/* A place that the other side holds is never given up. Of an earlier epoch than that of its mark it may have lost some,
 * or never got it. */
static void dissolved(struct sim_node *s, const struct store_parcel *p)
{
	for (size_t i = 0; i < s->n_pairs; i++) {
		struct sim_node *to = s->pairs[i]->side[s->pairs[i]->side[0] == s];
		const struct store_stream *there = &mem_store_peer(&to->store, s->id)->stream;

		if (strcmp(to->id, p->peer) != 0)
			continue;
		if ((there->in_epoch == p->epoch && there->in_held >= p->sequence) ||
		    mem_store_parcel(&to->store, s->id, STORE_PEER, p->epoch, p->sequence) != NULL)
			world_fail(s->w, "%s dissolves %llu/%llu, which %s holds", s->id, (unsigned long long)p->epoch,
				   (unsigned long long)p->sequence, to->id);
	}
	s->w->counts.dissolved++;
}

static void tell_write(const struct sim_node *s, const struct store_write *x)
{
	const struct store_message *m = &x->message;

	if (x->op == STORE_PUT_MESSAGE || x->op == STORE_MARK_MESSAGE)
		world_say(s->w, "%s writes %s: number %u, transport %d, void %d, in %llu/%llu.%u", s->id, m->id,
			  m->number, (int)m->transport, (int)m->void_code, (unsigned long long)m->epoch,
			  (unsigned long long)m->sequence, m->index);
	else if (x->op == STORE_DISSOLVE)
		world_say(s->w, "%s dissolves %llu/%llu to %s", s->id, (unsigned long long)x->parcel.epoch,
			  (unsigned long long)x->parcel.sequence, x->parcel.peer);
	else if (x->op == STORE_REQUEUE_ALL)
		world_say(s->w, "%s puts into the queue what it had sent to %s", s->id, x->peer);
}

void oracle_commit(struct sim_node *s, const struct store_writeset *w)
{
	for (const struct store_write *x = w->first; x != NULL && s->w->trace != NULL; x = x->next)
		tell_write(s, x);
	if (s->blobs != NULL)
		oracle_evidence_commit(s, w);
	for (const struct store_write *x = w->first; x != NULL; x = x->next) {
		if (x->op == STORE_PUT_MESSAGE && x->message.author == STORE_PEER && x->message.void_code == 0)
			took_effect(s, &x->message);
		if (x->op == STORE_DISSOLVE)
			dissolved(s, &x->parcel);
		if (x->op != STORE_PUT_EVENT)
			continue;
		s->w->counts.relayed += x->event.type == CY_EVENT_TYPE__RELAY_ACCEPTED;
		s->w->counts.rejected += x->event.type == CY_EVENT_TYPE__RELAY_REJECTED;
		s->w->counts.failed += x->event.type == CY_EVENT_TYPE__RELAY_FAILED;
		s->w->counts.recovered += x->event.type == CY_EVENT_TYPE__MESSAGE_RECOVERED;
	}
}

struct forgetting {
	struct sim_node *s;
	struct said **at;
	size_t n, cap;
};

static void collect_said(const void *node, VISIT visit, void *arg)
{
	struct forgetting *f = arg;
	struct said *x = *(struct said *const *)node;

	if ((visit != postorder && visit != leaf) || x->by != f->s)
		return;
	if (f->n == f->cap) {
		f->cap = f->cap > 0 ? 2 * f->cap : 64;
		f->at = realloc(f->at, f->cap * sizeof *f->at);
		CY_ASSERT(f->at != NULL);
	}
	f->at[f->n++] = x;
}

/* What the disk no longer knows may be said anew: it is for the other side to
 * notice, and for the end of the run to show that both came to the same. */
void oracle_restored(struct sim_node *s)
{
	struct oracle *o = s->w->oracle;
	struct forgetting f = { .s = s };

	twalk_r(o->said, collect_said, &f);
	for (size_t i = 0; i < f.n; i++)
		if (mem_store_parcel(&s->store, f.at[i]->to->id, f.at[i]->type == WIRE_PARCEL ? STORE_OWN : STORE_PEER,
				     f.at[i]->epoch, f.at[i]->sequence) == NULL)
			tdelete(f.at[i], &o->said, by_place);
	free(f.at);
}

void oracle_queues(struct world *w)
{
	for (size_t i = 0; i < w->n_pairs; i++) {
		const struct sim_session *x = w->pairs[i]->session;

		for (size_t side = 0; x != NULL && side < 2; side++)
			if (x->to[side].n > 2 * QUEUE_MOST)
				world_fail(w, "%zu frames wait for %s", x->to[side].n, w->pairs[i]->side[side]->id);
	}
}

void oracle_kept(struct sim_node *s)
{
	char text[256];

	/* A read more would be another story of a disk that fails, and one of damage that nobody is told of. */
	if (s->node != NULL && s->disk == NULL && !s->damage.on && !kept_holds(s->node, text, sizeof text))
		world_fail(s->w, "%s: %s", s->id, text);
}

/* ------------------------------------------------------------- at the end */

static void pair_drained(const struct sim_pair *p, size_t side, char *why, size_t size)
{
	const struct sim_node *s = p->side[side];
	const struct mem_peer *row = mem_store_peer((struct mem_store *)&s->store, p->side[1 - side]->id);
	const struct sim_session *x = p->session;
	size_t queued = 0, sent = 0;

	for (size_t i = 0; i < row->n_open; i++) {
		const char *case_id = row->open[i]->row.case_id;

		if (damage_excuses(s, row->id, case_id) || damage_excuses(p->side[1 - side], s->id, case_id))
			continue;
		queued += row->open[i]->row.transport == STORE_QUEUED;
		sent += row->open[i]->row.transport == STORE_TRANSMITTED;
	}
	if (queued + sent == 0 && !row->stream.reconciling)
		return;
	snprintf(why, size,
		 "%s -> %s: %zu message(s) wait, %zu are without receipt, sequence %llu, receipted %llu%s; %s, %s",
		 s->id, row->id, queued, sent, (unsigned long long)row->stream.out_sequence,
		 (unsigned long long)row->stream.out_receipted, row->stream.reconciling ? ", reconciling" : "",
		 x == NULL || x->over ? "no session"
		 : x->doomed          ? "the session is doomed"
				      : "a session is up",
		 s->node == NULL ? "the authority is down" : "the authority runs");
}

void oracle_drained(struct world *w, char *why, size_t size)
{
	why[0] = '\0';
	for (size_t i = 0; i < w->n_pairs && why[0] == '\0'; i++) {
		pair_drained(w->pairs[i], 0, why, size);
		if (why[0] == '\0')
			pair_drained(w->pairs[i], 1, why, size);
	}
	if (why[0] == '\0')
		oracle_streams_drained(w, why, size);
	for (uint32_t i = 0; i < w->set.nodes && why[0] == '\0'; i++)
		for (size_t k = 0; k < SIM_DESKS && why[0] == '\0'; k++)
			desk_idle(&w->nodes[i].desk[k], why, size);
	for (uint32_t i = 0; i < w->set.nodes && why[0] == '\0'; i++)
		programs_idle(&w->nodes[i], why, size);
	if (why[0] == '\0' && w->set.level[FAULT_EVIDENCE] > 0)
		oracle_evidence_drained(w, why, size);
	if (why[0] == '\0')
		quotas_drained(w, why, size);
	if (why[0] == '\0')
		erasures_drained(w, why, size);
}

/* To be freed. */
static struct law_fact *facts_of(const struct mem_case *c, size_t *ret_n)
{
	struct law_fact *facts;
	size_t n = 0;

	for (const struct mem_message *m = c->first; m != NULL; m = m->next)
		n++;
	facts = calloc(n + 1, sizeof *facts);
	CY_ASSERT(facts != NULL);
	n = 0;
	for (const struct mem_message *m = c->first; m != NULL; m = m->next) {
		if (m->row.fact.len == 0)
			continue;
		CY_ASSERT(law_fact_decode(m->row.fact, &facts[n]) == CY_OK);
		facts[n++].voided = m->row.void_code != 0;
	}
	*ret_n = n;
	return facts;
}

bool oracle_speechless(const struct mem_case *c)
{
	struct law_taken taken = { 0 };
	size_t n;
	struct law_fact *facts = facts_of(c, &n);

	for (size_t i = 0; i < n; i++)
		law_take(&taken, &facts[i]);
	free(facts);
	return law_room(&taken, c->row.side, CY_CONTENT__KIND_EVIDENCE_STATEMENT, NULL) < 0 ||
	       strcmp(c->row.state, "VOID") == 0;
}

static struct cy_digest folded(const struct mem_case *c, char *state, size_t size)
{
	struct law_case *folded_case = calloc(1, sizeof *folded_case);
	struct cy_digest d;
	size_t n;
	struct law_fact *facts = facts_of(c, &n);

	CY_ASSERT(folded_case != NULL);
	law_fold(facts, n, folded_case, NULL, NULL);
	snprintf(state, size, "%s", law_case_state_name(folded_case->state));
	d = law_case_digest(folded_case);
	free(facts);
	free(folded_case);
	return d;
}

static bool stat_equal(const struct law_stat *a, const struct law_stat *b)
{
	return a->kind == b->kind && a->measure == b->measure && a->type == b->type && a->outcome == b->outcome &&
	       a->ground == b->ground && a->sent_ms == b->sent_ms && a->acknowledged_ms == b->acknowledged_ms &&
	       a->decided_ms == b->decided_ms && a->ended_ms == b->ended_ms && a->rounds == b->rounds &&
	       a->relied == b->relied && a->repeated == b->repeated;
}

/* Does each side count the same of a case? */
static void measures_equal(struct world *w, const struct sim_node *a, const struct mem_case *here,
			   const struct sim_node *b, const struct mem_case *there)
{
	const struct mem_measure *x = here->measures, *y = there->measures;

	while (x != NULL && y != NULL && stat_equal(&x->row.stat, &y->row.stat)) {
		x = x->next;
		y = y->next;
	}
	if (x != NULL || y != NULL)
		world_fail(w, "case %s: what became of measure %u is counted otherwise at %s than at %s",
			   here->row.case_id, (x != NULL ? x : y)->row.stat.measure, a->id, b->id);
}

static void tell_case(struct world *w, const struct sim_node *s, const struct mem_case *c)
{
	for (const struct mem_message *m = c->first; m != NULL; m = m->next)
		world_say(w, "%s holds %s of %s: %s, number %u, seen %u, transport %d, void %d, in %llu/%llu", s->id,
			  m->row.id, m->row.author == STORE_OWN ? s->id : c->row.peer, law_kind_name(m->row.kind),
			  m->row.number, m->row.seen, (int)m->row.transport, (int)m->row.void_code,
			  (unsigned long long)m->row.epoch, (unsigned long long)m->row.sequence);
}

/* Its author had it erased and dissolves its parcel, which the other side, restored, has lost or would refuse: it
 * cannot be signed for anew without its content, and leaves a gap (proto/PROTOCOL.md, "Tombstones"). */
static bool leaves_a_gap(struct sim_node *s, const struct store_message *m)
{
	const struct mem_parcel *p = mem_store_parcel(&s->store, m->peer, STORE_OWN, m->epoch, m->sequence);

	return m->author == STORE_OWN && m->erasure != STORE_KEPT && p != NULL && p->row.dissolved;
}

static bool has_gap(struct sim_node *s, const struct mem_case *c, struct sim_node *peer)
{
	for (const struct mem_message *m = c->first; m != NULL; m = m->next)
		if (leaves_a_gap(s, &m->row) && mem_store_message(&peer->store, m->row.id) == NULL)
			return true;
	return false;
}

/* The other side rejected it, and gave it no place in the case: nothing depends on it, and its restored author, which
 * asks by the numbers of the case, does not ask for it (proto/PROTOCOL.md, "Restored from a backup"). */
static bool lost_apart(const struct mem_message *m, const struct sim_node *author)
{
	return m->row.author == STORE_PEER && m->row.void_code != 0 && m->row.number == 0 && author->restored;
}

/* The other side rejected it by a verdict that belongs to no case, gave a receipt for that, and lost it in a restore;
 * its author was restored as well, to before it knew that, and compares only the verdicts that belong to a case: it
 * goes by the receipt, and nothing depends on it at either side (proto/PROTOCOL.md, "Verdicts in heads"). */
static bool rejected_apart(const struct store_message *m, const struct sim_node *author, const struct sim_node *peer)
{
	return m->author == STORE_OWN && m->transport == STORE_RELAYED && m->void_code != 0 &&
	       m->void_code != CY_REJECTION_CODE__NUMBER_REUSED && m->void_code != CY_REJECTION_CODE__UNSEEN &&
	       m->void_code != CY_REJECTION_CODE__TRANSITION_NOT_ALLOWED && author->restored && peer->restored;
}

/* Is each message that one side sent at the other side, the same? */
static void case_equal(struct world *w, struct sim_node *a, struct sim_node *b, struct mem_case *c)
{
	struct mem_case *there = mem_store_case(&b->store, a->id, c->row.case_id);
	struct cy_digest x, y;
	char here_state[32], there_state[32];

	for (struct mem_message *m = c->first; m != NULL; m = m->next) {
		const struct mem_message *o = mem_store_message(&b->store, m->row.id);
		bool owed = m->row.author == STORE_PEER || m->row.transport >= STORE_RELAYED;

		if (m->row.transport == STORE_FAILED ||
		    (o == NULL &&
		     (!owed || leaves_a_gap(a, &m->row) || lost_apart(m, b) || rejected_apart(&m->row, a, b))))
			continue;
		if (o == NULL)
			world_fail(w, "%s holds message %s of case %s, %s does not", a->id, m->row.id, c->row.case_id,
				   b->id);
		else if (!cy_digest_equal(&o->row.digest, &m->row.digest))
			world_fail(w, "%s and %s hold message %s with other bytes", a->id, b->id, m->row.id);
		else if (o->row.void_code == 0 && m->row.void_code == 0 && o->row.number != m->row.number)
			world_fail(w, "message %s has number %u at %s and %u at %s", m->row.id, m->row.number, a->id,
				   o->row.number, b->id);
		else if (o->row.void_code != m->row.void_code)
			world_fail(w, "message %s is void at %s (%d) and not at %s (%d)", m->row.id, a->id,
				   (int)m->row.void_code, b->id, (int)o->row.void_code);
	}
	if (there == NULL || has_gap(a, c, b) || has_gap(b, there, a))
		return; /* nothing of it arrived, or not all */
	x = folded(c, here_state, sizeof here_state);
	y = folded(there, there_state, sizeof there_state);
	if (!cy_digest_equal(&x, &y) && w->failure[0] == '\0') {
		tell_case(w, a, c);
		tell_case(w, b, there);
	}
	if (!cy_digest_equal(&x, &y))
		world_fail(w, "case %s is %s at %s and %s at %s, or differs in detail", c->row.case_id, here_state,
			   a->id, there_state, b->id);
	if (strcmp(c->row.state, here_state) != 0 && !damage_excuses(a, b->id, c->row.case_id))
		world_fail(w, "case %s is stored as %s at %s, and is %s", c->row.case_id, c->row.state, a->id,
			   here_state);
	measures_equal(w, a, c, b, there);
}

void oracle_final(struct world *w)
{
	oracle_streams_final(w);
	for (size_t i = 0; i < w->n_pairs; i++)
		for (size_t side = 0; side < 2; side++) {
			struct sim_node *a = w->pairs[i]->side[side], *b = w->pairs[i]->side[1 - side];

			for (struct mem_case *c = a->store.first_case; c != NULL; c = c->next)
				if (strcmp(c->row.peer, b->id) == 0 && c->row.case_id[0] != '\0')
					case_equal(w, a, b, c);
		}
	for (uint32_t i = 0; i < w->set.nodes; i++)
		for (size_t k = 0; k < SIM_DESKS; k++)
			for (size_t j = 0; j < w->nodes[i].desk[k].n_jobs; j++) {
				const struct sim_job *job = w->nodes[i].desk[k].jobs[j];

				/* A key that was spent by an erasure before it was answered: nobody has told it which
				 * message it was. */
				if (job->state == JOB_ACCEPTED &&
				    (job->message_id[0] == '\0'
					     ? !erasures_spent(&w->nodes[i], job)
					     : mem_store_message(&w->nodes[i].store, job->message_id) == NULL))
					world_fail(w, "%s: %s was accepted and is lost", w->nodes[i].id, job->tag);
			}
}
