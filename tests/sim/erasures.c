/* Erasures: administrators order that the content of cases is erased, mostly of closed ones. A refusal
 * says what stands against it, and that is so. An order that is in the list is final, whatever becomes
 * of the store: what was written in the case until then is given out no more, and once all is healed it
 * is in the store no more. */
#include <stdlib.h>
#include <string.h>

#include "comity/v1/local.pb-c.h"
#include "sim.h"
#include "wire/message.h"

struct sim_erasures {
	struct sim_node *node;
	struct cy_rng rng;
	uint64_t conn, asked; /* conn 0: none; asked 0: nothing */
	const struct mem_case *about;
	unsigned stood;      /* against the order, at some time since it was given */
	unsigned stood_then; /* when it was put into the list */
	/* Ids of messages that were there when the erasure of their case was ordered. */
	char (*messages)[CY_UUID_LEN + 1];
	size_t n_messages, cap_messages;
	/* Contents that erased cases held, and when they were erased last. */
	struct erased_content {
		struct cy_digest sha256;
		int64_t at;
	} * contents;
	size_t n_contents, cap_contents;
};

/* ----------------------------------------------------------- what was ordered */

struct cy_wall erasures_until(const struct sim_node *s, const char *peer, const char *case_id)
{
	struct orders_mark mark = s->orders.begin;
	struct cy_wall at = { 0 };

	for (size_t i = 0; i < s->orders.n; i++) {
		struct node_order o;

		CY_ASSERT(orders_read(s->orders.lines[i], &mark, &o, NULL) == CY_OK);
		if (o.kind == NODE_ORDER_ERASE && strcmp(o.case_id, case_id) == 0 && strcmp(o.peer, peer) == 0 &&
		    o.at.ms > at.ms)
			at = o.at;
	}
	return at;
}

static bool was_ordered(const struct sim_node *s, const char *id)
{
	const struct sim_erasures *x = s->erasures;

	for (size_t i = 0; x != NULL && i < x->n_messages; i++)
		if (strcmp(x->messages[i], id) == 0)
			return true;
	return false;
}

static void remember(struct sim_erasures *x, const struct mem_case *c)
{
	for (const struct mem_message *m = c != NULL ? c->first : NULL; m != NULL; m = m->next) {
		if (was_ordered(x->node, m->row.id))
			continue;
		if (x->n_messages == x->cap_messages) {
			x->cap_messages = x->cap_messages > 0 ? 2 * x->cap_messages : 64;
			x->messages = realloc(x->messages, x->cap_messages * sizeof *x->messages);
			CY_ASSERT(x->messages != NULL);
		}
		snprintf(x->messages[x->n_messages++], CY_UUID_LEN + 1, "%s", m->row.id);
	}
}

static struct erased_content *find_content(const struct sim_erasures *x, const struct cy_digest *sha256)
{
	for (size_t i = 0; x != NULL && i < x->n_contents; i++)
		if (cy_digest_equal(&x->contents[i].sha256, sha256))
			return &x->contents[i];
	return NULL;
}

int64_t erasures_destroyed(const struct sim_node *s, const struct cy_digest *sha256)
{
	const struct erased_content *c = find_content(s->erasures, sha256);

	return c != NULL ? c->at : -1;
}

static void destroyed(struct sim_erasures *x, const char *peer, const char *case_id)
{
	for (size_t i = 0; i < x->node->store.n_evidence; i++) {
		const struct store_evidence *e = x->node->store.evidence[i];
		struct erased_content *c;

		if (strcmp(e->case_id, case_id) != 0 || strcmp(e->peer, peer) != 0)
			continue;
		c = find_content(x, &e->sha256);
		if (c == NULL) {
			if (x->n_contents == x->cap_contents) {
				x->cap_contents = x->cap_contents > 0 ? 2 * x->cap_contents : 16;
				x->contents = realloc(x->contents, x->cap_contents * sizeof *x->contents);
				CY_ASSERT(x->contents != NULL);
			}
			c = &x->contents[x->n_contents++];
			c->sha256 = e->sha256;
		}
		c->at = x->node->w->now;
	}
}

/* ------------------------------------------------------- what stands against it */

enum obstacle {
	IS_OPEN = 1,
	IS_UNDELIVERED = 2,
	IS_HELD = 4,
	IS_UNDER_WAY = 8,
	FETCHES_BACK = 16
};

static bool undelivered(const struct mem_case *c)
{
	for (const struct mem_message *m = c->first; m != NULL; m = m->next)
		if (m->row.author == STORE_OWN &&
		    (m->row.transport == STORE_QUEUED || m->row.transport == STORE_TRANSMITTED ||
		     (m->row.transport == STORE_FAILED && m->row.void_code == 0)))
			return true;
	return false;
}

/* Of its evidence: is there some of that, or one that a hold keeps? */
static bool any_item(const struct sim_node *s, const struct mem_case *c, bool held)
{
	for (size_t i = 0; i < s->store.n_evidence; i++) {
		const struct store_evidence *e = s->store.evidence[i];

		if (strcmp(e->case_id, c->row.case_id) == 0 && strcmp(e->peer, c->row.peer) == 0 &&
		    (held ? e->legal_hold
			  : e->state == STORE_EVIDENCE_OFFERED || e->state == STORE_EVIDENCE_WAITING || e->unstated))
			return true;
	}
	return false;
}

static bool is_over(const struct mem_case *c)
{
	return c->row.closed || strcmp(c->row.state, "VOID") == 0;
}

static unsigned obstacles(const struct sim_node *s, const struct mem_case *c)
{
	const struct mem_peer *p = mem_store_peer((struct mem_store *)&s->store, c->row.peer);

	return (is_over(c) ? 0 : IS_OPEN) | (undelivered(c) ? IS_UNDELIVERED : 0) |
	       (any_item(s, c, true) ? IS_HELD : 0) | (any_item(s, c, false) ? IS_UNDER_WAY : 0) |
	       (p->stream.reconciling ? FETCHES_BACK : 0);
}

/* Before each commit: what it changes comes after an order that is in it. */
void erasures_ordered(struct sim_node *s, const struct store_writeset *w)
{
	struct sim_erasures *x = s->erasures;
	unsigned now;

	if (x == NULL)
		return;
	now = x->conn != 0 ? obstacles(s, x->about) : 0;
	x->stood |= now;
	for (const struct store_write *i = w->first; i != NULL; i = i->next) {
		if (i->op != STORE_ERASE_CASE)
			continue;
		destroyed(x, i->erase_case.peer, i->erase_case.case_id);
		if (i->erase_case.until.ms == INT64_MAX) {
			x->stood_then = now;
			remember(x, mem_store_case(&s->store, i->erase_case.peer, i->erase_case.case_id));
		}
	}
}

/* ------------------------------------------------------------- what was erased */

/* Must its content be gone? A restored store goes by the instant of the order, and cannot know that what
 * the other side's clock has dated after it was there before. */
static bool must_go(const struct sim_node *s, const struct store_message *m, struct cy_wall until)
{
	return m->created.ms <= until.ms && was_ordered(s, m->id);
}

bool erasures_in(const struct store_writeset *w, const char *case_id)
{
	for (const struct store_write *x = w->first; x != NULL; x = x->next)
		if (x->op == STORE_ERASE_CASE && strcmp(x->erase_case.case_id, case_id) == 0)
			return true;
	return false;
}

/* Is the message that was handed in under this key erased at this side, or did it come back so? */
static bool was_erased(const struct sim_node *s, const char *client, const char *key)
{
	const struct cy_digest d = store_key_digest(client, key);

	for (const struct mem_case *c = s->store.first_case; c != NULL; c = c->next)
		for (const struct mem_message *m = c->first; m != NULL; m = m->next)
			if (m->row.author == STORE_OWN && m->row.erasure != STORE_KEPT &&
			    cy_digest_equal(&m->row.submission_key, &d))
				return true;
	return false;
}

bool erasures_spent(const struct sim_node *s, const struct sim_job *j)
{
	return was_erased(s, "desk", j->key) || was_erased(s, "clerk", j->key) ||
	       (j->message_id[0] != '\0' &&
		erasures_until(s, j->pair->side[j->pair->side[0] == s]->id, j->case_id).ms > 0);
}

/* By an order of its author, or of the addressee, which had given it back as a tombstone before it lost it, too. */
static bool is_erased(const struct sim_node *from, const struct sim_node *to, const char *case_id)
{
	return erasures_until(from, to->id, case_id).ms > 0 || erasures_until(to, from->id, case_id).ms > 0;
}

void erasures_tombstone(struct sim_node *from, const struct sim_node *to, const CyParcel *p, size_t place)
{
	bool stands = false;

	for (size_t i = 0; i < p->n_tombstones; i++)
		stands = stands || (p->tombstones[i]->place == place && is_erased(from, to, p->tombstones[i]->case_id));
	if (!stands)
		world_fail(from->w, "%s sends %s a message without its content, and nobody had it erased", from->id,
			   to->id);
	if (p->receipt == NULL)
		world_fail(from->w, "%s sends %s a tombstone without the receipt of then", from->id, to->id);
	from->w->counts.tombstones++;
}

/* ------------------------------------------------------------------- refusals */

/* Is what the refusal says so? What only the node knows is believed. */
static bool is_so(unsigned stood, const char *text)
{
	if (strstr(text, "is not closed") != NULL)
		return stood & IS_OPEN;
	if (strstr(text, "is not delivered yet: wait for its receipt") != NULL ||
	    strstr(text, "never receipted") != NULL)
		return stood & IS_UNDELIVERED;
	if (strstr(text, "legal hold stands") != NULL)
		return stood & IS_HELD;
	if (strstr(text, "is not delivered yet: wait until it has arrived") != NULL ||
	    strstr(text, "still to be stated") != NULL)
		return stood & IS_UNDER_WAY;
	if (strstr(text, "still fetched back") != NULL)
		return stood & FETCHES_BACK;
	return strstr(text, "has no receipt yet") != NULL || strstr(text, "clock is not trusted") != NULL ||
	       strstr(text, "does not know tombstones") != NULL || strstr(text, "the time limit") != NULL ||
	       strstr(text, "before it was met since the start") != NULL || strstr(text, "at this moment") != NULL;
}

static void refused(const struct sim_erasures *x, const CyError *e)
{
	const struct sim_node *s = x->node;

	switch (e->code) {
	case CY_ERROR_CODE__UNAVAILABLE:
		return;
	case CY_ERROR_CODE__DAMAGED:
		if (s->damage.ever)
			return;
		break;
	case CY_ERROR_CODE__REFUSED_BY_LIFE_CYCLE:
		if (e->n_faults == 1 && is_so(x->stood | obstacles(s, x->about), e->faults[0]->text))
			return;
		break;
	default:
		break;
	}
	world_fail(s->w, "%s: the erasure of case %s is refused: %d %s%s%s", s->id, x->about->row.case_id, (int)e->code,
		   e->text, e->n_faults > 0 ? ": " : "", e->n_faults > 0 ? e->faults[0]->text : "");
}

/* ------------------------------------------------------------------- an order */

/* Was there no session with the peer since the start? The store may be an older one, and nobody says that it need not
 * be waited for. Of a peer that a configuration has left out only its own daemon would know. */
static bool is_unmet(const struct sim_node *s, const char *peer)
{
	for (size_t i = 0; i < s->n_pairs; i++)
		if (strcmp(s->pairs[i]->side[s->pairs[i]->side[0] == s]->id, peer) == 0)
			return s->met_in[i] != s->life && s->w->set.level[FAULT_RECONFIGURE] == 0;
	return false;
}

/* What it must not be accepted with: nothing of the case may be needed any more. */
static void accepted(const struct sim_erasures *x)
{
	const struct sim_node *s = x->node;
	const struct store_case *c = &x->about->row;

	s->w->counts.erased++;
	if (erasures_until(s, c->peer, c->case_id).ms == 0 || c->erased.ms == 0)
		world_fail(s->w, "%s: the erasure of case %s is answered, and not in the list and the store", s->id,
			   c->case_id);
	if (x->stood_then & (IS_OPEN | IS_UNDELIVERED | IS_HELD))
		world_fail(s->w, "%s: case %s is erased although it is still needed", s->id, c->case_id);
	if (is_unmet(s, c->peer))
		world_fail(s->w, "%s: case %s is erased, and %s was not met since the start", s->id, c->case_id,
			   c->peer);
}

static void close_order(struct sim_erasures *x)
{
	const uint64_t conn = x->conn;

	x->conn = x->asked = 0;
	if (conn != 0)
		node_local_down(x->node->node, conn);
}

static void on_close(struct world *w, void *arg, uint64_t conn)
{
	struct sim_erasures *x = arg;

	(void)w;
	if (x->conn == conn && x->node->node != NULL)
		close_order(x);
}

bool erasures_take(struct sim_node *s, uint64_t conn, struct cy_bytes frame)
{
	struct sim_erasures *x = s->erasures;
	CyServerFrame *f;

	if (x == NULL || x->conn != conn)
		return false;
	f = cy_server_frame__unpack(NULL, frame.len, frame.data);
	CY_ASSERT(f != NULL);
	world_mix_some(s->w, frame.data, frame.len);
	if (f->correlation == x->asked) {
		if (f->kind_case == CY_SERVER_FRAME__KIND_DONE)
			accepted(x);
		else if (f->kind_case == CY_SERVER_FRAME__KIND_ERROR)
			refused(x, f->error);
		world_at(s->w, s->w->now + 1, on_close, x, conn);
	}
	cy_server_frame__free_unpacked(f, NULL);
	return true;
}

static void say(struct sim_erasures *x, CyClientFrame *f)
{
	struct cy_buf out = CY_BUF(CY_LOCAL_FRAME_MAX);

	CY_ASSERT(wire_pack(&f->base, &out) == CY_OK);
	world_mix_some(x->node->w, out.data, out.len);
	node_local_frame(x->node->node, x->conn, cy_buf_view(&out), -1);
	cy_buf_free(&out);
}

static void order(struct sim_erasures *x, const struct sim_client *client, const struct mem_case *c)
{
	CyClientFrame f = CY_CLIENT_FRAME__INIT;
	CyLocalHello h = CY_LOCAL_HELLO__INIT;
	CyEraseCase e = CY_ERASE_CASE__INIT;
	char ref[CY_AUTHORITY_MAX + CY_UUID_LEN + 2];

	world_say(x->node->w, "%s: the erasure of case %s with %s is ordered", x->node->id, c->row.case_id,
		  c->row.peer);
	x->conn = ++x->node->w->conns;
	x->about = c;
	x->stood = obstacles(x->node, c);
	x->stood_then = 0;
	node_local_up(x->node->node, x->conn, &client->place, 1);
	h.version = 1;
	f.correlation = 1;
	f.kind_case = CY_CLIENT_FRAME__KIND_HELLO;
	f.hello = &h;
	say(x, &f);
	if (x->conn == 0)
		return;
	snprintf(ref, sizeof ref, "%s/%s", c->row.peer, c->row.case_id);
	e.ref = ref;
	e.reason = (char *)"the retention is over";
	f.correlation = x->asked = 2;
	f.kind_case = CY_CLIENT_FRAME__KIND_ERASE_CASE;
	f.erase_case = &e;
	say(x, &f);
}

static bool is_listed(const struct sim_node *s, const char *case_id)
{
	for (size_t i = 0; i < s->orders.n; i++)
		if (strstr(s->orders.lines[i], case_id) != NULL)
			return true;
	return false;
}

/* Mostly one that is over and was not erased before: an order that is not repeated shows whether a restored store
 * obeys it. */
static const struct mem_case *some_case(struct sim_node *s, struct cy_rng *r)
{
	const bool whatever = cy_rng_below(r, 8) == 0;
	const struct mem_case *chosen = NULL;
	uint64_t n = 0;

	for (const struct mem_case *c = s->store.first_case; c != NULL; c = c->next)
		if (c->row.case_id[0] != '\0' && (whatever || (is_over(c) && !is_listed(s, c->row.case_id))) &&
		    cy_rng_below(r, ++n) == 0)
			chosen = c;
	return chosen;
}

static void on_turn(struct world *w, void *arg, uint64_t n)
{
	struct sim_erasures *x = arg;
	struct sim_node *s = x->node;
	struct sim_client client;
	const struct mem_case *c;

	if (w->healed)
		return;
	if (s->node != NULL && s->suspended_until <= w->now && x->conn == 0 &&
	    sim_client_of(s, "administrator", &client) && client.role == CY_ROLE__ADMINISTRATOR) {
		c = some_case(s, &x->rng);
		if (c != NULL)
			order(x, &client, c);
	}
	world_at(w, w->now + world_span(&x->rng, w->set.pause * 24 / w->set.level[FAULT_ERASE]), on_turn, x, n);
}

/* ----------------------------------------------------------------- at the end */

/* What is left of a case of which the content was ordered to be erased: "" or what. */
static void case_drained(const struct sim_node *s, const struct mem_case *c, char *why, size_t size)
{
	const struct cy_wall until = erasures_until(s, c->row.peer, c->row.case_id);
	const struct mem_message *m;

	if (until.ms == 0)
		return;
	if (c->row.title[0] != '\0')
		snprintf(why, size, "%s: case %s has its title, and was ordered to be erased", s->id, c->row.case_id);
	for (m = c->first; m != NULL; m = m->next)
		if (m->row.content.len > 0 && must_go(s, &m->row, until))
			snprintf(why, size, "%s: message %s of case %s has its content, and was ordered to be erased",
				 s->id, m->row.id, c->row.case_id);
	for (size_t i = 0; i < s->store.n_evidence; i++) {
		const struct store_evidence *e = s->store.evidence[i];

		if (strcmp(e->case_id, c->row.case_id) != 0 || strcmp(e->peer, c->row.peer) != 0)
			continue;
		m = mem_store_message((struct mem_store *)&s->store, e->message_id);
		if (m != NULL && must_go(s, &m->row, until) &&
		    (e->author == STORE_OWN ? !e->deleted : e->state == STORE_EVIDENCE_HERE))
			snprintf(why, size, "%s: evidence %s/%u is kept, and was ordered to be erased", s->id,
				 e->message_id, e->attachment);
	}
}

void erasures_drained(struct world *w, char *why, size_t size)
{
	for (uint32_t i = 0; i < w->set.nodes; i++) {
		const struct sim_node *s = &w->nodes[i];

		for (const struct mem_case *c = s->store.first_case; c != NULL && s->orders.n > 0; c = c->next)
			case_drained(s, c, why, size);
	}
}

/* ------------------------------------------------------------------------ life */

void erasures_new(struct sim_node *s, uint64_t seed)
{
	s->erasures = calloc(1, sizeof *s->erasures);
	CY_ASSERT(s->erasures != NULL);
	s->erasures->node = s;
	s->erasures->rng.state = seed;
	world_at(s->w, world_span(&s->erasures->rng, MINUTE), on_turn, s->erasures, 0);
}

void erasures_free(struct sim_node *s)
{
	if (s->erasures != NULL) {
		free(s->erasures->messages);
		free(s->erasures->contents);
	}
	free(s->erasures);
}

void erasures_closed(struct sim_node *s, uint64_t conn)
{
	if (s->erasures != NULL && (conn == 0 || s->erasures->conn == conn))
		s->erasures->conn = s->erasures->asked = 0;
}

void erasures_allowed(struct sim_node *s)
{
	if (s->erasures != NULL && s->erasures->conn != 0)
		close_order(s->erasures);
}
