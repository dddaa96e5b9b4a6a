/* The network: sessions between authorities, and all that can happen to the
 * bytes on the way. TCP and TLS would turn loss into an end of the session; here
 * the frames behind a lost one still arrive for a while, so that the node has to
 * notice by itself. */
#include <stdlib.h>
#include <string.h>

#include "comity/v1/peer.pb-c.h"
#include "sim.h"
#include "wire/message.h"

#define QUEUE_MAX 64            /* frames in one direction, as the link's high-water marks */
#define LASTED    (10 * SECOND) /* after its State, a session that was worth redialling at once */
#define PATIENCE  (3 * HOUR)    /* in legal years, between two attempts */

static size_t side_of(const struct sim_pair *p, const struct sim_node *s)
{
	return p->side[0] == s ? 0 : 1;
}

static struct sim_pair *pair_of_session(struct sim_node *s, uint64_t id, struct sim_session **ret)
{
	for (size_t i = 0; i < s->n_pairs; i++)
		for (struct sim_session *x = s->pairs[i]->session; x != NULL; x = x->next)
			if (x->id == id) {
				*ret = x;
				return s->pairs[i];
			}
	return NULL;
}

static int64_t delay(struct world *w)
{
	int64_t ms = 1 + (int64_t)cy_rng_below(&w->net, 80);

	return world_chance(w, FAULT_LATENCY) ? ms + (int64_t)cy_rng_below(&w->net, 30 * SECOND) : ms;
}

/* ------------------------------------------------------------------ the end */

static void tell_down(struct sim_session *x, size_t side, const char *why)
{
	struct sim_node *s = x->pair->side[side];

	pipe_clear(&x->to[side]);
	x->closed[side] = true;
	if (!x->up[side])
		return;
	x->up[side] = false;
	if (s->node != NULL)
		node_link_down(s->node, x->id, why);
}

static void check_over(struct sim_session *x)
{
	struct sim_pair *p = x->pair;

	if (x->over || !x->closed[0] || !x->closed[1])
		return;
	x->over = true;
	for (struct sim_session **at = &p->session; *at != NULL; at = &(*at)->next)
		if (*at == x) {
			*at = x->next;
			break;
		}
	x->next = p->old;
	p->old = x;
	if (x->greeted > 0 && p->w->now - x->greeted >= LASTED)
		p->backoff = 0;
	if (p->session == NULL)
		net_dial(p, 0);
}

static void on_down(struct world *w, void *arg, uint64_t side)
{
	struct sim_session *x = arg;

	if (x->closed[side])
		return;
	if (x->pair->side[side]->suspended_until > w->now) {
		world_at(w, x->pair->side[side]->suspended_until, on_down, x, side);
		return;
	}
	world_say(w, "%s: session %llu with %s is broken", x->pair->side[side]->id, (unsigned long long)x->id,
		  x->pair->side[1 - side]->id);
	tell_down(x, side, "the connection is broken");
	check_over(x);
	/* Whoever notices first dials. */
	net_dial(x->pair, 0);
}

static void doom(struct sim_session *x)
{
	struct world *w = x->pair->w;

	if (x->doomed)
		return;
	x->doomed = true;
	for (size_t side = 0; side < 2; side++)
		world_at(w, w->now + 1 + (int64_t)cy_rng_below(&w->net, MINUTE), on_down, x, side);
}

void net_reset(struct sim_pair *p, const char *why)
{
	if (p->session == NULL || p->session->over || p->session->doomed)
		return;
	world_say(p->w, "%s - %s: %s", p->side[0]->id, p->side[1]->id, why);
	doom(p->session);
	pipe_clear(&p->session->to[0]);
	pipe_clear(&p->session->to[1]);
}

/* A process is gone: its kernel says so to the other side, mostly at once. */
void net_node_gone(struct sim_node *s)
{
	struct world *w = s->w;

	for (size_t i = 0; i < s->n_pairs; i++) {
		for (struct sim_session *x = s->pairs[i]->session, *next; x != NULL; x = next) {
			size_t side = side_of(s->pairs[i], s);

			next = x->next;
			if (x->closed[side])
				continue;
			x->up[side] = false;
			x->closed[side] = true;
			pipe_clear(&x->to[side]);
			world_at(w,
				 w->now + 1 +
					 (int64_t)cy_rng_below(&w->net, cy_rng_below(&w->net, 4) ? SECOND : MINUTE),
				 on_down, x, 1 - side);
			check_over(x);
		}
	}
}

void net_free(struct sim_pair *p)
{
	for (size_t i = 0; i < 2; i++) {
		struct sim_session **list = i == 0 ? &p->session : &p->old;

		while (*list != NULL) {
			struct sim_session *x = *list;

			*list = x->next;
			pipe_clear(&x->to[0]);
			pipe_clear(&x->to[1]);
			free(x);
		}
	}
}

/* ------------------------------------------------------------------ frames */

static void deliver(struct world *w, void *arg, uint64_t side)
{
	struct sim_session *x = arg;
	struct sim_node *s = x->pair->side[side];
	struct sim_chunk *c;

	if (x->closed[side])
		return;
	if (s->suspended_until > w->now) {
		world_at(w, s->suspended_until, deliver, x, side);
		return;
	}
	if (!x->up[side]) { /* not told yet that there is a session */
		world_at(w, w->now + 5, deliver, x, side);
		return;
	}
	c = pipe_take(&x->to[side]);
	if (c == NULL)
		return;
	if (c->fin) {
		tell_down(x, side, "closed by the other side");
		check_over(x);
	} else {
		world_mix(w, c->data, c->len);
		node_link_frame(s->node, x->id, cy_bytes(c->data, c->len));
	}
	free(c);
	if (x->full[1 - side] && x->to[side].n < QUEUE_MAX / 2 && x->up[1 - side]) {
		x->full[1 - side] = false;
		node_link_writable(x->pair->side[1 - side]->node, x->id);
	}
}

static void send_off(struct sim_session *x, size_t to, struct cy_bytes data, bool fin)
{
	struct world *w = x->pair->w;
	struct sim_pipe *pipe = &x->to[to];
	int64_t due = w->now + delay(w);

	if (due < pipe->last_due)
		due = pipe->last_due;
	if (due < x->pair->clogged_until[to])
		due = x->pair->clogged_until[to];
	pipe->last_due = due;
	pipe_put(pipe, data, fin);
	world_at(w, due, deliver, x, to);
}

/* The last two change places. */
static void swap_last(struct sim_pipe *p)
{
	struct sim_chunk **at = &p->first, *a, *b;

	if (p->n < 2)
		return;
	while ((*at)->next->next != NULL)
		at = &(*at)->next;
	a = *at;
	b = a->next;
	if (b->fin)
		return;
	*at = b;
	b->next = a;
	a->next = NULL;
	p->last = &a->next;
}

static bool holds_less(const CyState *a, const CyState *b)
{
	return a->held == NULL || b->held == NULL || a->held->epoch < b->held->epoch ||
	       (a->held->epoch == b->held->epoch && a->held->sequence < b->held->sequence);
}

/* Do the tombstones say of a message what they did not say? */
static bool says_otherwise(CyTombstone *const *a, size_t n_a, CyTombstone *const *b, size_t n_b)
{
	bool same = n_a == n_b;

	for (size_t i = 0; same && i < n_a; i++) {
		struct cy_buf was = CY_BUF(CY_FRAME_MAX), is = CY_BUF(CY_FRAME_MAX);

		CY_ASSERT(wire_pack(&a[i]->base, &was) == CY_OK && wire_pack(&b[i]->base, &is) == CY_OK);
		same = cy_bytes_equal(cy_buf_view(&was), cy_buf_view(&is));
		cy_buf_free(&was);
		cy_buf_free(&is);
	}
	return !same;
}

/* Is it by TLS alone that this flipped bit is noticed? Heads are not signed, and
 * what is not named in them is not fetched back; nor is a State, and to one who is
 * said to fetch back nothing is sent, and what one is said not to hold may be dissolved;
 * nor is a tombstone, which is taken at its sender's word: with another key of its submission
 * what a case system repeats is new. */
static bool kept_by_tls(struct cy_bytes frame, struct cy_bytes flipped)
{
	CyPeerFrame *f = cy_peer_frame__unpack(NULL, frame.len, frame.data);
	CyPeerFrame *g = cy_peer_frame__unpack(NULL, flipped.len, flipped.data);
	bool kept = f != NULL && f->kind_case == CY_PEER_FRAME__KIND_HEADS;

	if (f != NULL && g != NULL && f->kind_case == CY_PEER_FRAME__KIND_STATE && g->kind_case == f->kind_case)
		kept = f->state->reconciling != g->state->reconciling || holds_less(g->state, f->state);
	if (f != NULL && g != NULL && f->kind_case == CY_PEER_FRAME__KIND_PARCEL && g->kind_case == f->kind_case)
		kept = says_otherwise(f->parcel->tombstones, f->parcel->n_tombstones, g->parcel->tombstones,
				      g->parcel->n_tombstones);
	if (f != NULL && g != NULL && f->kind_case == CY_PEER_FRAME__KIND_FETCHED && g->kind_case == f->kind_case)
		kept = says_otherwise(f->fetched->tombstones, f->fetched->n_tombstones, g->fetched->tombstones,
				      g->fetched->n_tombstones);
	if (f != NULL)
		cy_peer_frame__free_unpacked(f, NULL);
	if (g != NULL)
		cy_peer_frame__free_unpacked(g, NULL);
	return kept;
}

static int net_send(void *ctx, uint64_t session, struct cy_bytes frame)
{
	struct sim_node *s = ctx;
	struct world *w = s->w;
	struct sim_session *x;
	struct sim_pair *p = pair_of_session(s, session, &x);
	struct cy_buf changed = CY_BUF(CY_FRAME_MAX);
	size_t me, to;

	if (p == NULL)
		return CY_ENOENT;
	me = side_of(p, s);
	to = 1 - me;
	if (!x->up[me] || x->closed[me])
		return CY_ENOENT;
	if (w->law == NULL)
		oracle_link(x, s, frame);
	if (x->closed[to])
		return CY_OK; /* nobody is there any more; we learn it later */
	if (x->to[to].n >= QUEUE_MAX) {
		x->full[me] = true;
		return CY_EAGAIN;
	}
	if (p->blocked[to] || world_chance(w, FAULT_LOSS)) {
		world_say(w, "%s -> %s: a frame is lost", s->id, p->side[to]->id);
		doom(x);
		return CY_OK;
	}
	CY_ASSERT(cy_buf_add(&changed, frame.data, frame.len) == CY_OK);
	if (world_chance(w, FAULT_FLIP)) {
		size_t bit = cy_rng_below(&w->net, 8 * changed.len);
		uint8_t mask = (uint8_t)(1u << bit % 8);

		changed.data[bit / 8] ^= mask;
		if (kept_by_tls(frame, cy_buf_view(&changed)))
			changed.data[bit / 8] ^= mask;
		else
			world_say(w, "%s -> %s: a bit of a frame is flipped", s->id, p->side[to]->id);
	}
	if (world_chance(w, FAULT_TRUNCATE)) {
		changed.len = cy_rng_below(&w->net, changed.len);
		world_say(w, "%s -> %s: a frame is cut to %zu bytes", s->id, p->side[to]->id, changed.len);
	}
	send_off(x, to, cy_buf_view(&changed), false);
	if (world_chance(w, FAULT_DUPLICATE)) {
		world_say(w, "%s -> %s: a frame is doubled", s->id, p->side[to]->id);
		send_off(x, to, cy_buf_view(&changed), false);
	}
	if (world_chance(w, FAULT_REORDER)) {
		world_say(w, "%s -> %s: a frame overtakes", s->id, p->side[to]->id);
		swap_last(&x->to[to]);
	}
	cy_buf_free(&changed);
	return CY_OK;
}

static void on_close(struct world *w, void *arg, uint64_t side)
{
	struct sim_session *x = arg;

	(void)w;
	if (x->closed[side])
		return;
	if (!x->closed[1 - side])
		send_off(x, 1 - side, cy_bytes(NULL, 0), true);
	tell_down(x, side, "closed");
	check_over(x);
}

static void net_close(void *ctx, uint64_t session, const char *why)
{
	struct sim_node *s = ctx;
	struct sim_session *x;
	struct sim_pair *p = pair_of_session(s, session, &x);

	if (p == NULL || x->closed[side_of(p, s)])
		return;
	world_say(s->w, "%s closes session %llu: %s", s->id, (unsigned long long)session, why);
	world_at(s->w, s->w->now, on_close, x, side_of(p, s));
}

/* What TLS says at both ends of a session: the same, unless somebody stands between who passes as
 * the other side to each and hands everything on. */
struct link_connection sim_connection(uint64_t session, bool relayed, size_t side)
{
	const uint64_t number[] = { session, relayed ? side + 1 : 0 };

	return (struct link_connection){ .dialled = side == session % 2,
					 .exporter = cy_sha256(cy_bytes(number, sizeof number)) };
}

static int net_proven(void *ctx, uint64_t session, struct cy_error *e)
{
	struct sim_node *s = ctx;
	struct sim_session *x;
	struct sim_pair *p = pair_of_session(s, session, &x);

	if (p == NULL || x->closed[side_of(p, s)])
		return cy_fail(e, CY_ENOENT, "the session is over");
	if (x->relayed)
		world_fail(s->w, "%s: session %llu is proven although it is relayed", s->id,
			   (unsigned long long)session);
	x->proven[side_of(p, s)] = true;
	return CY_OK;
}

static void net_established(void *ctx, uint64_t session)
{
	struct sim_node *s = ctx;
	struct sim_session *x;
	struct sim_pair *p = pair_of_session(s, session, &x);

	if (p == NULL)
		return;
	if (x->greeted == 0)
		x->greeted = s->w->now;
	for (size_t i = 0; i < s->n_pairs; i++) {
		const struct mem_peer *row = mem_store_peer(&s->store, p->side[1 - side_of(p, s)]->id);

		if (s->pairs[i] == p && !row->stream.reconciling)
			s->unsure[i] = false;
		if (s->pairs[i] == p)
			s->met_in[i] = s->life;
	}
}

struct link_port net_port(struct sim_node *s)
{
	return (struct link_port){ s, net_send, net_proven, net_established, net_close };
}

/* ----------------------------------------------------------------- dialling */

static void on_up(struct world *w, void *arg, uint64_t side)
{
	struct sim_session *x = arg;
	struct sim_pair *p = x->pair;
	struct sim_node *s = p->side[side];
	struct link_connection on;

	if (x->closed[side] || s->node == NULL)
		return;
	if (s->suspended_until > w->now) {
		world_at(w, s->suspended_until, on_up, x, side);
		return;
	}
	x->up[side] = true;
	on = sim_connection(x->id, x->relayed, side);
	node_link_up(s->node, p->side[1 - side]->id, x->id, &on);
}

static void on_dial(struct world *w, void *arg, uint64_t x)
{
	struct sim_pair *p = arg;
	struct sim_session *s;

	(void)x;
	p->dialling = false;
	if (p->session != NULL && !p->session->over && !p->session->doomed && !p->session->closed[0] &&
	    !p->session->closed[1])
		return;
	for (size_t side = 0; side < 2; side++)
		if (p->side[side]->node == NULL || p->side[side]->suspended_until > w->now || p->blocked[side] ||
		    p->side[side]->left_out == p) {
			if (p->side[1 - side]->node != NULL)
				node_link_failed(p->side[1 - side]->node, p->side[side]->id, "no answer");
			net_dial(p, 0);
			return;
		}
	s = calloc(1, sizeof *s);
	CY_ASSERT(s != NULL);
	s->id = ++w->sessions;
	s->pair = p;
	s->relayed = world_chance(w, FAULT_RELAY);
	pipe_init(&s->to[0]);
	pipe_init(&s->to[1]);
	s->next = p->session;
	p->session = s;
	w->counts.sessions++;
	world_say(w, "%s - %s: session %llu", p->side[0]->id, p->side[1]->id, (unsigned long long)s->id);
	for (size_t side = 0; side < 2; side++)
		world_at(w, w->now + delay(w), on_up, s, side);
}

void net_dial(struct sim_pair *p, int64_t after)
{
	struct world *w = p->w;

	if (p->dialling)
		return;
	p->dialling = true;
	const int64_t most = w->law != NULL ? PATIENCE : SIM_REDIAL_MOST;

	p->backoff = p->backoff == 0 ? 250 : p->backoff < most / 2 ? 2 * p->backoff : most;
	world_at(w, w->now + after + 1 + (int64_t)cy_rng_below(&w->net, (uint64_t)p->backoff), on_dial, p, 0);
}
