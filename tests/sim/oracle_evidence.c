/* What must always hold of evidence, told from outside the nodes: from the frames of the
 * bulk lane, from what is durable, and from the contents that are on the disk. */
#include <stdlib.h>
#include <string.h>

#include "comity/v1/bulk.pb-c.h"
#include "node/evidence/lane.h"
#include "node/evidence/rows.h"
#include "node/evidence/uploads.h"
#include "sim.h"
#include "wire/chunk.h"

/* ------------------------------------------------------------------- the bulk lane */

static struct sim_asked *find_asked(struct sim_asked *list, size_t n, uint32_t id)
{
	while (n > 0)
		if (list[--n].id == id)
			return &list[n];
	return NULL;
}

static struct sim_asked *add_asked(struct sim_asked **list, size_t *n, size_t *cap, uint32_t id)
{
	if (*n == *cap) {
		*cap = *cap > 0 ? 2 * *cap : 8;
		*list = realloc(*list, *cap * sizeof **list);
		CY_ASSERT(*list != NULL);
	}
	(*list)[*n] = (struct sim_asked){ .id = id, .open = true };
	return &(*list)[(*n)++];
}

/* Its place in what came from that peer; NULL: nothing of it, and `add` is not set. */
static struct sim_came *find_came(struct sim_node *s, const struct sim_node *from, const struct cy_digest *sha256,
				  bool add)
{
	for (size_t i = 0; i < s->n_came; i++)
		if (s->came[i].from == from && cy_digest_equal(&s->came[i].sha256, sha256))
			return &s->came[i];
	if (!add)
		return NULL;
	if (s->n_came == s->cap_came) {
		s->cap_came = s->cap_came > 0 ? 2 * s->cap_came : 8;
		s->came = realloc(s->came, s->cap_came * sizeof *s->came);
		CY_ASSERT(s->came != NULL);
	}
	s->came[s->n_came] = (struct sim_came){ .from = from, .sha256 = *sha256 };
	return &s->came[s->n_came++];
}

/* Chunks that peers were allowed to send to this node and that did not come yet. */
static void check_open(const struct sim_node *s)
{
	uint64_t open = 0;

	for (size_t i = 0; i < s->n_pairs; i++) {
		const size_t side = s->pairs[i]->side[0] == s ? 0 : 1;

		for (const struct sim_bulk *x = s->pairs[i]->bulk; x != NULL; x = x->next)
			for (size_t k = 0; k < x->n_asked[side] && x->up[side]; k++) {
				const struct sim_asked *a = &x->asked[side][k];

				open += a->open && a->granted > a->came ? a->granted - a->came : 0;
			}
	}
	/* Each peer gets on by one chunk at least. */
	if (open > BULK_OPEN_MAX + s->n_pairs)
		world_fail(s->w, "%s has asked for %llu chunks that are not here yet", s->id, (unsigned long long)open);
}

static void chunk_leaves(struct sim_bulk *x, size_t by, const struct wire_chunk *c)
{
	struct sim_node *from = x->pair->side[by], *to = x->pair->side[1 - by];
	const struct sim_asked *a = find_asked(x->heard[1 - by], x->n_heard[1 - by], c->pull);
	const struct sim_content *content = a != NULL ? content_find(from->w, &a->sha256) : NULL;
	struct cy_bytes expected;

	from->w->counts.chunks++;
	if (a == NULL || !a->offered || content == NULL) {
		world_fail(from->w, "%s sends %s a chunk of evidence that no accepted message offers to it", from->id,
			   to->id);
		return;
	}
	expected = c->chunk < blob_chunks(content->id.size) ? content_chunk(content, c->chunk) : cy_bytes("", 0);
	if (from->w->set.level[FAULT_BLOB_ROT] == 0 && !cy_bytes_equal(expected, c->data))
		world_fail(from->w, "%s sends %s other bytes than those of chunk %llu", from->id, to->id,
			   (unsigned long long)c->chunk);
	world_say(from->w, "%s -> %s: chunk %llu of pull %u, %zu bytes", from->id, to->id, (unsigned long long)c->chunk,
		  c->pull, c->data.len);
}

void oracle_bulk_leaves(struct sim_bulk *x, size_t by, struct cy_bytes frame)
{
	struct sim_node *from = x->pair->side[by], *to = x->pair->side[1 - by];
	const ProtobufCFieldDescriptor *d;
	struct wire_chunk c;
	struct sim_asked *a;
	CyBulkFrame *f;

	if (wire_chunk_read(frame, &c, NULL) == CY_OK) {
		chunk_leaves(x, by, &c);
		return;
	}
	f = cy_bulk_frame__unpack(NULL, frame.len, frame.data);
	CY_ASSERT(f != NULL);
	if (f->kind_case == CY_BULK_FRAME__KIND_PULL) {
		a = add_asked(&x->asked[by], &x->n_asked[by], &x->cap_asked[by], f->pull->pull);
		a->granted = f->pull->credit;
		memcpy(a->sha256.b, f->pull->sha256.data, CY_SHA256_LEN);
		world_say(from->w, "%s -> %s: pull %u of %s/%u from chunk %llu, credit %u", from->id, to->id,
			  f->pull->pull, f->pull->message_id, f->pull->attachment,
			  (unsigned long long)f->pull->first_chunk, f->pull->credit);
	} else {
		d = protobuf_c_message_descriptor_get_field(&cy_bulk_frame__descriptor, (unsigned)f->kind_case);
		world_say(from->w, "%s -> %s: bulk %s", from->id, to->id, d != NULL ? d->name : "?");
	}
	if (f->kind_case == CY_BULK_FRAME__KIND_CREDIT) {
		a = find_asked(x->asked[by], x->n_asked[by], f->credit->pull);
		if (a != NULL)
			a->granted += f->credit->chunks;
	}
	if (f->kind_case == CY_BULK_FRAME__KIND_CANCEL) {
		a = find_asked(x->asked[by], x->n_asked[by], f->cancel->pull);
		if (a != NULL)
			a->open = false;
	}
	cy_bulk_frame__free_unpacked(f, NULL);
	check_open(from);
}

/* Does a message that this peer got, and did not reject, offer it? */
static bool is_offered(const struct sim_node *from, const struct sim_node *to, const CyPull *p)
{
	const struct store_evidence *e = mem_store_evidence(&from->store, p->message_id, p->attachment);
	const struct mem_message *m = mem_store_message((struct mem_store *)&from->store, p->message_id);

	return e != NULL && m != NULL && e->author == STORE_OWN && strcmp(e->peer, to->id) == 0 &&
	       e->state != STORE_EVIDENCE_DESTROYED && p->sha256.len == CY_SHA256_LEN &&
	       memcmp(p->sha256.data, e->sha256.b, CY_SHA256_LEN) == 0 && m->row.sequence != 0 && m->row.void_code == 0;
}

void oracle_bulk_arrives(struct sim_bulk *x, size_t at, struct cy_bytes frame)
{
	struct sim_node *s = x->pair->side[at];
	struct wire_chunk c;
	struct sim_asked *a;
	CyBulkFrame *f;

	if (wire_chunk_read(frame, &c, NULL) == CY_OK) {
		a = find_asked(x->asked[at], x->n_asked[at], c.pull);
		if (a != NULL)
			a->came++;
		if (a != NULL && c.chunk < SIM_CHUNKS_MAX)
			find_came(s, x->pair->side[1 - at], &a->sha256, true)->chunks |= 1u << c.chunk;
		return;
	}
	f = cy_bulk_frame__unpack(NULL, frame.len, frame.data);
	if (f == NULL) /* a fault of the net */
		return;
	if (f->kind_case == CY_BULK_FRAME__KIND_PULL) {
		const bool offered = is_offered(s, x->pair->side[1 - at], f->pull);

		/* A number that a fault of the net gave twice: what was offered goes on. */
		a = find_asked(x->heard[1 - at], x->n_heard[1 - at], f->pull->pull);
		if (offered || a == NULL)
			a = add_asked(&x->heard[1 - at], &x->n_heard[1 - at], &x->cap_heard[1 - at], f->pull->pull);
		a->offered = a->offered || offered;
		s->w->counts.lies += !offered;
		if (offered)
			memcpy(a->sha256.b, f->pull->sha256.data, CY_SHA256_LEN);
	} else if (f->kind_case == CY_BULK_FRAME__KIND_NOT_SENT) {
		a = find_asked(x->asked[at], x->n_asked[at], f->not_sent->pull);
		if (a != NULL)
			a->open = false;
	}
	cy_bulk_frame__free_unpacked(f, NULL);
}

/* ---------------------------------------------------------------- what is durable */

static struct blob_id id_of(const struct store_evidence *e)
{
	return (struct blob_id){ e->size, e->sha256, e->root };
}

/* Must its bytes be here? */
static bool needs(const struct store_evidence *e)
{
	return e->author == STORE_OWN ? !e->deleted : e->state == STORE_EVIDENCE_HERE;
}

static const char *state_name(enum store_evidence_state state)
{
	static const char *const names[] = {
#define STORE_X(name, word) word,
		STORE_EVIDENCE_STATES(STORE_X)
#undef STORE_X
	};

	return names[state];
}

void oracle_destroyed(struct sim_node *s, const struct cy_digest *sha256)
{
	const struct mem_store *m = &s->store;

	s->w->counts.destroyed++;
	for (size_t i = 0; i < m->n_evidence; i++)
		if (cy_digest_equal(&m->evidence[i]->sha256, sha256) && needs(m->evidence[i]))
			world_fail(s->w, "%s destroys content that %s/%u holds (%s)", s->id, m->evidence[i]->message_id,
				   m->evidence[i]->attachment, state_name(m->evidence[i]->state));
	for (size_t i = 0; i < m->n_uploads; i++)
		if (cy_digest_equal(&m->uploads[i]->sha256, sha256))
			world_fail(s->w, "%s destroys content that %s has handed over", s->id, m->uploads[i]->client);
}

static bool has_certificate(const struct store_writeset *w)
{
	bool has = false;

	for (const struct store_write *x = w->first; x != NULL; x = x->next)
		has = has || (x->op == STORE_PUT_MESSAGE && x->message.author == STORE_OWN &&
			      x->message.kind == CY_CONTENT__KIND_DESTRUCTION_CERTIFICATE);
	return has;
}

static const struct sim_node *other_side(const struct sim_node *s, const char *peer, const struct sim_pair **ret_pair)
{
	size_t i = 0;

	while (strcmp(s->pairs[i]->side[s->pairs[i]->side[0] == s]->id, peer) != 0)
		CY_ASSERT(++i < s->n_pairs);
	*ret_pair = s->pairs[i];
	return s->pairs[i]->side[s->pairs[i]->side[0] == s];
}

/* It was destroyed before its receiver was restored, as the sender knows: the statement of it has come back, or the
 * sender has said that it has no copy any more. */
static bool destroyed_before(const struct sim_node *receiver, const struct store_evidence *e)
{
	const struct sim_pair *p;
	const struct sim_node *sender = other_side(receiver, e->peer, &p);
	const struct store_evidence *there = mem_store_evidence(&sender->store, e->message_id, e->attachment);

	return receiver->restored && there != NULL && (there->state == STORE_EVIDENCE_DESTROYED || there->deleted);
}

/* May it be destroyed now? `e`: as it is before. */
static void check_destroyed(struct sim_node *s, const struct store_evidence *e, bool ordered)
{
	/* The clock may have been set while the commit was under way. */
	const int64_t now = sim_node_wall(s).ms + (s->w->set.level[FAULT_CLOCK_STEP] > 0 ? 4 * DAY : MINUTE);

	if (e->legal_hold)
		world_fail(s->w, "%s destroys %s/%u, which a legal hold keeps", s->id, e->message_id, e->attachment);
	if (ordered || destroyed_before(s, e))
		return;
	if (e->verdict == CY_EVIDENCE_STATE__REJECTED)
		world_fail(s->w, "%s destroys %s/%u, which is disputed", s->id, e->message_id, e->attachment);
	if (!e->retrieved)
		world_fail(s->w, "%s destroys %s/%u, which nobody has fetched", s->id, e->message_id, e->attachment);
	if (e->retain_until.ms == 0 || e->retain_until.ms > now)
		world_fail(s->w, "%s destroys %s/%u before its retention is over", s->id, e->message_id, e->attachment);
}

/* May our copy be deleted now? `e`: as it is before. */
static void check_deleted(struct sim_node *s, const struct store_evidence *e, bool ordered)
{
	if (e->legal_hold)
		world_fail(s->w, "%s deletes its copy of %s/%u, which a legal hold keeps", s->id, e->message_id,
			   e->attachment);
	if (ordered)
		return;
	if (e->verdict == CY_EVIDENCE_STATE__REJECTED)
		world_fail(s->w, "%s deletes its copy of %s/%u, which is disputed", s->id, e->message_id,
			   e->attachment);
	if (e->state != STORE_EVIDENCE_DESTROYED &&
	    (e->state != STORE_EVIDENCE_HERE || e->verdict != CY_EVIDENCE_STATE__VERIFIED))
		world_fail(s->w, "%s deletes its copy of %s/%u, which the receiver may still need (%s)", s->id,
			   e->message_id, e->attachment, state_name(e->state));
}

void oracle_evidence_before(struct sim_node *s, const struct store_writeset *w)
{
	const bool certified = has_certificate(w);

	hashed_before(s, w);

	for (const struct store_write *x = w->first; x != NULL; x = x->next) {
		const struct store_evidence *e = &x->evidence, *old;
		const bool erased = x->op == STORE_PUT_EVIDENCE && erasures_in(w, e->case_id);

		if (x->op != STORE_PUT_EVIDENCE ||
		    (e->author == STORE_PEER ? e->state != STORE_EVIDENCE_DESTROYED : !e->deleted))
			continue;
		old = mem_store_evidence(&s->store, e->message_id, e->attachment);
		for (const struct store_write *y = w->first; y != x; y = y->next)
			if (y->op == STORE_PUT_EVIDENCE && y->evidence.attachment == e->attachment &&
			    strcmp(y->evidence.message_id, e->message_id) == 0)
				old = &y->evidence;
		if (old != NULL && e->author == STORE_OWN && !old->deleted)
			check_deleted(s, old, erased);
		if (old != NULL && e->author == STORE_PEER && old->state != STORE_EVIDENCE_DESTROYED)
			check_destroyed(s, old, certified || erased);
	}
}

/* Evidence arrives when its own sender has sent every chunk of it, whoever else has sent the same. */
static void check_came(struct sim_node *s, const struct store_evidence *e)
{
	const struct sim_pair *p;
	const struct sim_came *x = find_came(s, other_side(s, e->peer, &p), &e->sha256, false);
	const uint64_t n = blob_chunks(e->size);
	const uint32_t all = n <= SIM_CHUNKS_MAX ? (1u << n) - 1 : UINT32_MAX;

	if (x == NULL || (x->chunks & all) != all)
		world_fail(s->w, "%s says that %s/%u is here, and %s has not sent all of it", s->id, e->message_id,
			   e->attachment, e->peer);
}

/* Whatever became of the store since: a hold that was ordered stands, one that was ended does not. */
static void check_order(struct sim_node *s, const struct store_evidence *e)
{
	for (size_t i = s->store.n_orders; i-- > 0;) {
		const struct store_order *o = s->store.orders[i];

		if (o->attachment != e->attachment || strcmp(o->message_id, e->message_id) != 0)
			continue;
		if (e->legal_hold != (strstr(o->line, "\thold\t") != NULL))
			world_fail(s->w, "%s: %s/%u is%s held, against order %llu", s->id, e->message_id, e->attachment,
				   e->legal_hold ? "" : " not", (unsigned long long)o->number);
		return;
	}
}

void oracle_evidence_commit(struct sim_node *s, const struct store_writeset *w)
{
	for (const struct store_write *x = w->first; x != NULL; x = x->next) {
		const struct store_evidence *e;
		struct blob_id id;

		if (x->op == STORE_PUT_EVENT && x->event.type == CY_EVENT_TYPE__EVIDENCE_ARRIVED)
			s->w->counts.arrived++;
		if (x->op == STORE_PUT_ORDER) {
			e = mem_store_evidence(&s->store, x->order.message_id, x->order.attachment);
			if (e != NULL)
				check_order(s, e);
		}
		if (x->op != STORE_PUT_EVIDENCE)
			continue;
		e = mem_store_evidence(&s->store, x->evidence.message_id, x->evidence.attachment);
		id = id_of(e);
		check_order(s, e);
		if (s->w->trace != NULL)
			world_say(s->w, "%s: evidence %s/%u %s %s is %s%s%s", s->id, e->message_id, e->attachment,
				  e->author == STORE_OWN ? "for" : "from", e->peer, state_name(e->state),
				  e->legal_hold ? ", held" : "", e->deleted ? ", our copy is deleted" : "");
		/* What the disk has lost is not missed before somebody looks. */
		if (needs(e) && !blobs_holds(s, &id) && !blobs_lost(s, &id.sha256) && !s->restored)
			world_fail(s->w, "%s: %s/%u is %s, and its bytes are not on the disk", s->id, e->message_id,
				   e->attachment, state_name(e->state));
		if (e->author == STORE_PEER && e->state == STORE_EVIDENCE_HERE)
			check_came(s, e);
	}
}

void oracle_stated(struct sim_node *from, struct sim_node *to, const CyMessage *m)
{
	const struct mem_case *c;

	/* After a restore what was true may be said again of what is fetched anew. */
	if (from->blobs == NULL || from->restored || m->content == NULL ||
	    m->content->kind_case != CY_CONTENT__KIND_EVIDENCE_STATEMENT)
		return;
	c = mem_store_case(&from->store, to->id, m->case_id);
	for (size_t i = 0; i < m->content->evidence_statement->n_items; i++) {
		const CyStatedEvidence *said = m->content->evidence_statement->items[i];
		const struct store_evidence *e = NULL;
		struct blob_id id;

		if (said->fate != CY_EVIDENCE_FATE__ARRIVED)
			continue;
		for (const struct mem_message *x = c != NULL ? c->first : NULL; x != NULL; x = x->next)
			if (x->row.author == STORE_PEER && x->row.number == said->message)
				e = mem_store_evidence(&from->store, x->row.id, said->attachment);
		if (e != NULL)
			id = id_of(e);
		if (e != NULL && e->state == STORE_EVIDENCE_WAITING &&
		    e->arrived.ms > 0) /* once: it is fetched again */
			continue;
		/* The statement may have waited since the bytes were hashed, and the disk has lost them by now. */
		if (e == NULL ||
		    (e->state != STORE_EVIDENCE_DESTROYED &&
		     (e->state != STORE_EVIDENCE_HERE || (!blobs_holds(from, &id) && !blobs_lost(from, &id.sha256)))))
			world_fail(from->w, "%s tells %s that attachment %u of message %u arrived, and it is %s",
				   from->id, to->id, said->attachment, said->message,
				   e != NULL ? state_name(e->state) : "unknown");
	}
}

/* ------------------------------------------------------------------ room on the disk */

static bool goes_on(const struct node *n, const char *part)
{
	for (const struct upload *u = n->evidence->uploads; u != NULL; u = u->next)
		if (strcmp(u->part, part) == 0)
			return true;
	for (size_t i = 0; i < n->n_peers; i++)
		for (size_t k = 0; n->peers[i]->bulk != NULL && k < XCHG_PULLS; k++)
			if (n->peers[i]->bulk->pulls[k].used && strcmp(n->peers[i]->bulk->pulls[k].part, part) == 0)
				return true;
	return false;
}

static void check_reserved(void *arg, const struct blob_part *part)
{
	const struct sim_node *s = arg;

	if (part->reserved > 0 && !goes_on(s->node, part->name))
		world_fail(s->w, "%s keeps %llu bytes of its disk for part %s, with which nobody goes on", s->id,
			   (unsigned long long)part->reserved, part->name);
}

void oracle_reserved(struct sim_node *s)
{
	const struct blob_port port = blobs_port(s);

	if (s->node != NULL)
		port.parts(port.ctx, check_reserved, s);
}

struct counted {
	const struct sim_node *s;
	const char *peer;
	uint64_t held, reserved, all;
};

/* By what its rows say is fetched into it, and not by its name. */
static void count_part(void *arg, const struct blob_part *part)
{
	struct counted *c = arg;
	char its[BLOB_NAME_MAX + 1];

	c->all += part->reserved;
	for (size_t i = 0; i < c->s->store.n_evidence; i++) {
		const struct store_evidence *e = c->s->store.evidence[i];

		evidence_part(e->peer, &(struct blob_id){ e->size, e->sha256, e->root }, its);
		if (e->author != STORE_PEER || strcmp(e->peer, c->peer) != 0 || strcmp(its, part->name) != 0)
			continue;
		c->held += part->held;
		c->reserved += part->reserved;
		return;
	}
}

/* Each peer has what the disk says; all of them, and the clients, what it says in all. */
static void check_sums(struct sim_node *s)
{
	const struct blob_port port = blobs_port(s);
	struct blob_space space;
	uint64_t all = 0;

	port.space(port.ctx, &space);
	for (size_t i = 0; i < s->node->n_peers; i++) {
		struct counted c = { .s = s, .peer = s->node->peers[i]->id };
		struct evidence_parts parts;

		port.parts(port.ctx, count_part, &c);
		all = c.all;
		evidence_of_peer(s->node, c.peer, &parts);
		if (parts.held != c.held || parts.reserved != c.reserved)
			world_fail(s->w, "%s: %s has %llu bytes of the disk and %llu reserved, not %llu and %llu",
				   s->id, c.peer, (unsigned long long)c.held, (unsigned long long)c.reserved,
				   (unsigned long long)parts.held, (unsigned long long)parts.reserved);
	}
	if (all != space.reserved)
		world_fail(s->w, "%s: %llu bytes of the disk are reserved, %llu of them for parts", s->id,
			   (unsigned long long)space.reserved, (unsigned long long)all);
}

/* --------------------------------------------------------------------- at the end */

/* The sender let its copy go once the receiver had it; then both were restored, and have it no more. */
static bool lost_at_both(const struct sim_node *sender, const struct sim_node *receiver, const struct blob_id *id)
{
	return sender->restored && receiver->restored && !blobs_holds(sender, id);
}

/* Does the receiver know what becomes of it, and has no room in the case to say so? */
static bool unsaid(const struct sim_node *s, const struct sim_node *receiver, const struct store_evidence *e)
{
	const struct mem_message *m = mem_store_message((struct mem_store *)&s->store, e->message_id);
	const struct mem_case *c = mem_store_case((struct mem_store *)&receiver->store, s->id, m->row.case_id);

	return c != NULL && oracle_speechless(c);
}

static void row_drained(const struct sim_node *s, const struct store_evidence *e, char *why, size_t size)
{
	const struct sim_pair *p = NULL;
	const struct sim_node *o = other_side(s, e->peer, &p);
	const struct store_evidence *there = mem_store_evidence(&o->store, e->message_id, e->attachment);
	const struct mem_message *m = mem_store_message((struct mem_store *)&s->store, e->message_id);
	const struct blob_id id = id_of(e);
	const struct sim_bulk *x = p->bulk;

	if (m->row.void_code != 0 || m->row.transport == STORE_FAILED)
		return;
	if (damage_excuses(s, o->id, e->case_id) || damage_excuses(o, s->id, e->case_id))
		return;
	if (e->author == STORE_PEER ? e->state != STORE_EVIDENCE_WAITING : e->state != STORE_EVIDENCE_OFFERED)
		return;
	/* The statement of it was given up. */
	if (s->w->set.level[FAULT_EXPIRY] > 0 && e->author == STORE_OWN && there != NULL &&
	    there->state != STORE_EVIDENCE_WAITING)
		return;
	if (e->author == STORE_OWN ? unsaid(s, o, e) || lost_at_both(s, o, &id) : lost_at_both(o, s, &id))
		return;
	snprintf(why, size,
		 "%s: evidence %s/%u %s %s is %s, %s there; its bytes are %s the sender's disk; bulk session: %s, %s",
		 s->id, e->message_id, e->attachment, e->author == STORE_OWN ? "for" : "from", o->id,
		 state_name(e->state), there != NULL ? state_name(there->state) : "unknown",
		 blobs_holds(e->author == STORE_OWN ? s : o, &id) ? "on" : "not on",
		 x == NULL || x->over ? "none"
		 : x->doomed          ? "doomed"
				      : "up",
		 p->bulk_wanted[0] || p->bulk_wanted[1] ? "wanted" : "not wanted");
}

void oracle_evidence_drained(struct world *w, char *why, size_t size)
{
	hashed_drained(w, why, size);
	for (uint32_t i = 0; i < w->set.nodes && why[0] == '\0'; i++) {
		const struct mem_store *m = &w->nodes[i].store;

		for (size_t k = 0; k < m->n_evidence && why[0] == '\0'; k++)
			row_drained(&w->nodes[i], m->evidence[k], why, size);
		/* What a restored store does not know is only marked, with the time, and stays for 30 days. */
		for (size_t k = 0; k < m->n_leftovers && why[0] == '\0'; k++)
			if (m->leftovers[k]->found.ms == 0 || !w->nodes[i].restored)
				snprintf(why, size, "%s: a content that is over is not destroyed", w->nodes[i].id);
	}
}

/* Whose is it? */
static int belongs(void *arg, const char *part, const struct cy_digest *sha256)
{
	struct sim_node *s = arg;
	const struct mem_store *m = &s->store;
	char hex[CY_SHA256_HEX], its[BLOB_NAME_MAX + 1];

	for (size_t i = 0; i < m->n_evidence; i++) {
		const struct store_evidence *e = m->evidence[i];

		evidence_part(e->peer, &(struct blob_id){ e->size, e->sha256, e->root }, its);
		if (sha256 != NULL
			    ? cy_digest_equal(&e->sha256, sha256) && needs(e)
			    : e->author == STORE_PEER && e->state == STORE_EVIDENCE_WAITING && strcmp(part, its) == 0)
			return 0;
	}
	for (size_t i = 0; i < m->n_uploads && sha256 != NULL; i++)
		if (cy_digest_equal(&m->uploads[i]->sha256, sha256))
			return 0;
	for (size_t i = 0; i < m->n_leftovers && sha256 != NULL; i++)
		if (cy_digest_equal(&m->leftovers[i]->sha256, sha256))
			return 0;
	if (sha256 != NULL)
		cy_digest_hex(sha256, hex);
	world_fail(s->w, "%s: %s %.16s stays on the disk and belongs to nobody", s->id,
		   part != NULL ? "part" : "content", part != NULL ? part : hex);
	return 1;
}

void oracle_evidence_final(struct world *w)
{
	for (uint32_t i = 0; i < w->set.nodes; i++) {
		struct sim_node *s = &w->nodes[i];

		for (size_t k = 0; k < s->store.n_evidence; k++) {
			const struct store_evidence *e = s->store.evidence[k], *there;
			const struct blob_id id = id_of(e);
			const struct sim_pair *p;
			const struct sim_node *o = other_side(s, e->peer, &p);
			const struct mem_message *m = mem_store_message(&s->store, e->message_id);

			/* What was destroyed since the backup is missed when somebody reads it. */
			if (needs(e) && !blobs_holds(s, &id) && !s->restored)
				world_fail(w, "%s: %s/%u is %s, and its bytes are not on the disk", s->id,
					   e->message_id, e->attachment, state_name(e->state));
			w->counts.attached += e->author == STORE_OWN;
			w->counts.held_back += e->author == STORE_PEER && e->state == STORE_EVIDENCE_HELD_BACK;
			if (e->author != STORE_OWN || m->row.void_code != 0 || m->row.transport == STORE_FAILED ||
			    w->set.level[FAULT_EXPIRY] > 0) /* statements are given up */
				continue;
			there = mem_store_evidence(&o->store, e->message_id, e->attachment);
			if (there == NULL || (there->state != e->state && !unsaid(s, o, e) && !lost_at_both(s, o, &id)))
				world_fail(w, "evidence %s/%u is %s at %s and %s at %s", e->message_id, e->attachment,
					   state_name(e->state), s->id,
					   there != NULL ? state_name(there->state) : "unknown", o->id);
		}
		/* What came since the backup goes once all peers were met, and their clocks agree. */
		if (!s->restored || (s->node != NULL && node_may_destroy(s->node, NULL)))
			blobs_each(s, belongs, s);
		oracle_reserved(s);
		if (s->node != NULL)
			check_sums(s);
	}
}
