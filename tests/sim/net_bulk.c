/* The bulk lane: sessions of their own beside those for messages, with the same faults.
 * Frames change hands instead of being copied, as between the real threads. */
#include <stdlib.h>
#include <string.h>

#include "comity/v1/bulk.pb-c.h"
#include "sim.h"

#define QUEUE_MAX 4 /* as ZMQ_SNDHWM of the bulk lane */
#define AHEAD     8 /* as LINK_AHEAD: frames that are taken although there is no room */

static size_t side_of(const struct sim_pair *p, const struct sim_node *s)
{
	return p->side[0] == s ? 0 : 1;
}

static struct sim_bulk *session_of(struct sim_node *s, uint64_t id)
{
	for (size_t i = 0; i < s->n_pairs; i++)
		for (struct sim_bulk *x = s->pairs[i]->bulk; x != NULL; x = x->next)
			if (x->id == id)
				return x;
	return NULL;
}

static void dial(struct sim_pair *p);

/* ------------------------------------------------------------------ the end */

static void clear(struct sim_bulk *x, size_t side)
{
	while (x->to[side].first != NULL) {
		struct sim_bulk_frame *f = x->to[side].first;

		x->to[side].first = f->next;
		blob_release(&f->data);
		free(f);
	}
	x->to[side].last = &x->to[side].first;
	x->to[side].n = 0;
}

static void check_over(struct sim_bulk *x)
{
	if (x->over || !x->closed[0] || !x->closed[1])
		return;
	x->over = true;
	for (struct sim_bulk **at = &x->pair->bulk; *at != NULL; at = &(*at)->next)
		if (*at == x) {
			*at = x->next;
			break;
		}
	x->next = x->pair->bulk_old;
	x->pair->bulk_old = x;
	for (size_t side = 0; side < 2; side++) {
		clear(x, side);
		free(x->asked[side]);
		free(x->heard[side]);
		x->asked[side] = x->heard[side] = NULL;
		x->n_asked[side] = x->n_heard[side] = 0;
	}
	if (x->greeted > 0 && x->pair->w->now - x->greeted >= 10 * SECOND)
		x->pair->bulk_backoff = 0;
	dial(x->pair);
}

static void tell_down(struct sim_bulk *x, size_t side, const char *why)
{
	struct sim_node *s = x->pair->side[side];

	clear(x, side);
	x->closed[side] = true;
	if (!x->up[side])
		return;
	x->up[side] = false;
	if (s->node != NULL)
		node_bulk_down(s->node, x->id, why);
}

static void on_down(struct world *w, void *arg, uint64_t side)
{
	struct sim_bulk *x = arg;

	if (x->closed[side])
		return;
	if (x->pair->side[side]->suspended_until > w->now) {
		world_at(w, x->pair->side[side]->suspended_until, on_down, x, side);
		return;
	}
	world_say(w, "%s: bulk session %llu with %s is broken", x->pair->side[side]->id, (unsigned long long)x->id,
		  x->pair->side[1 - side]->id);
	tell_down(x, side, "the connection is broken");
	check_over(x);
	dial(x->pair);
}

static void doom(struct sim_bulk *x)
{
	struct world *w = x->pair->w;

	if (x->doomed)
		return;
	x->doomed = true;
	for (size_t side = 0; side < 2; side++)
		world_at(w, w->now + 1 + (int64_t)cy_rng_below(&w->bulk, MINUTE), on_down, x, side);
}

void bulk_net_cut(struct sim_pair *p)
{
	for (struct sim_bulk *x = p->bulk; x != NULL; x = x->next) {
		clear(x, 0);
		clear(x, 1);
		doom(x);
	}
}

void bulk_net_gone(struct sim_node *s)
{
	struct world *w = s->w;

	for (size_t i = 0; i < s->n_pairs; i++) {
		const size_t side = side_of(s->pairs[i], s);

		s->pairs[i]->bulk_wanted[side] = false;
		for (struct sim_bulk *x = s->pairs[i]->bulk, *next; x != NULL; x = next) {
			next = x->next;
			if (x->closed[side])
				continue;
			x->up[side] = false;
			x->closed[side] = true;
			clear(x, side);
			world_at(w,
				 w->now + 1 +
					 (int64_t)cy_rng_below(&w->bulk, cy_rng_below(&w->bulk, 4) ? SECOND : MINUTE),
				 on_down, x, 1 - side);
			check_over(x);
		}
	}
}

void bulk_net_free(struct sim_pair *p)
{
	while (p->bulk != NULL || p->bulk_old != NULL) {
		struct sim_bulk **list = p->bulk != NULL ? &p->bulk : &p->bulk_old, *x = *list;

		*list = x->next;
		for (size_t side = 0; side < 2; side++) {
			clear(x, side);
			free(x->asked[side]);
			free(x->heard[side]);
		}
		free(x);
	}
}

/* ------------------------------------------------------------------- frames */

static void deliver(struct world *w, void *arg, uint64_t side)
{
	struct sim_bulk *x = arg;
	struct sim_node *s = x->pair->side[side];
	struct sim_bulk_frame *f;

	if (x->closed[side])
		return;
	if (s->suspended_until > w->now) {
		world_at(w, s->suspended_until, deliver, x, side);
		return;
	}
	if (!x->up[side]) {
		world_at(w, w->now + 5, deliver, x, side);
		return;
	}
	f = x->to[side].first;
	if (f == NULL)
		return;
	x->to[side].first = f->next;
	if (f->next == NULL)
		x->to[side].last = &x->to[side].first;
	x->to[side].n--;
	if (f->fin) {
		tell_down(x, side, "closed by the other side");
		check_over(x);
	} else {
		world_mix_some(w, f->data.data, f->data.len);
		oracle_bulk_arrives(x, side, cy_bytes(f->data.data, f->data.len));
		node_bulk_frame(s->node, x->id, f->data);
	}
	free(f);
	if (x->full[1 - side] && x->to[side].n <= QUEUE_MAX / 2 && x->up[1 - side] &&
	    x->pair->side[1 - side]->node != NULL && x->pair->side[1 - side]->suspended_until <= w->now) {
		x->full[1 - side] = false;
		node_bulk_writable(x->pair->side[1 - side]->node, x->id);
	}
}

static void send_off(struct sim_bulk *x, size_t to, struct blob_bytes data, bool fin)
{
	struct world *w = x->pair->w;
	struct sim_bulk_frame *f = calloc(1, sizeof *f);
	int64_t due = w->now + 1 + (int64_t)cy_rng_below(&w->bulk, 80 + data.len / 4096);

	CY_ASSERT(f != NULL);
	if (world_chance(w, FAULT_LATENCY))
		due += (int64_t)cy_rng_below(&w->bulk, 30 * SECOND);
	if (due < x->to[to].last_due)
		due = x->to[to].last_due;
	if (due < x->pair->clogged_until[to])
		due = x->pair->clogged_until[to];
	x->to[to].last_due = due;
	f->data = data;
	f->fin = fin;
	*x->to[to].last = f;
	x->to[to].last = &f->next;
	x->to[to].n++;
	world_at(w, due, deliver, x, to);
}

static void swap_last(struct sim_bulk *x, size_t to)
{
	struct sim_bulk_frame **at = &x->to[to].first, *a, *b;

	if (x->to[to].n < 2)
		return;
	while ((*at)->next->next != NULL)
		at = &(*at)->next;
	a = *at;
	b = a->next;
	*at = b;
	b->next = a;
	a->next = NULL;
	x->to[to].last = &a->next;
}

static struct blob_bytes copy(struct blob_bytes from)
{
	struct blob_bytes b = sim_buffer(from.len);

	memcpy(b.data, from.data, from.len);
	return b;
}

/* Of what was offered to the one who asks an answer would be right, and taken for one about what it had asked for. */
static bool is_offered(const struct sim_bulk *x, size_t to, const struct store_evidence *e)
{
	return e->author == STORE_OWN && strcmp(e->peer, x->pair->side[1 - to]->id) == 0;
}

/* Asks for something else that the other side has: nothing but what was offered may come. */
static void lie(struct sim_bulk *x, size_t to, struct blob_bytes *frame)
{
	struct world *w = x->pair->w;
	const struct mem_store *s = &x->pair->side[to]->store;
	CyBulkFrame *f = frame->len < 4096 ? cy_bulk_frame__unpack(NULL, frame->len, frame->data) : NULL;
	const struct store_evidence *e;

	if (f != NULL && f->kind_case == CY_BULK_FRAME__KIND_PULL && s->n_evidence > 0) {
		e = s->evidence[cy_rng_below(&w->bulk, s->n_evidence)];
		if (is_offered(x, to, e)) {
			cy_bulk_frame__free_unpacked(f, NULL);
			return;
		}
		free(f->pull->message_id);
		f->pull->message_id = strdup(e->message_id);
		f->pull->attachment = e->attachment;
		memcpy(f->pull->sha256.data, e->sha256.b, CY_SHA256_LEN);
		f->pull->first_chunk = 0;
		blob_release(frame);
		*frame = sim_buffer(cy_bulk_frame__get_packed_size(f));
		cy_bulk_frame__pack(f, frame->data);
		world_say(w, "%s -> %s: asks for another attachment: %s/%u of %s", x->pair->side[1 - to]->id,
			  x->pair->side[to]->id, e->message_id, e->attachment, e->peer);
	}
	if (f != NULL)
		cy_bulk_frame__free_unpacked(f, NULL);
}

static int bulk_send(void *ctx, uint64_t session, struct blob_bytes frame)
{
	struct sim_node *s = ctx;
	struct world *w = s->w;
	struct sim_bulk *x = session_of(s, session);
	const size_t me = x != NULL ? side_of(x->pair, s) : 0, to = 1 - me;

	if (x == NULL || !x->up[me] || x->closed[me]) {
		blob_release(&frame);
		return CY_ENOENT;
	}
	if (x->to[to].n >= QUEUE_MAX + AHEAD && !x->closed[to]) {
		x->full[me] = true;
		blob_release(&frame);
		return CY_EAGAIN;
	}
	oracle_bulk_leaves(x, me, cy_bytes(frame.data, frame.len));
	if (x->closed[to]) {
		blob_release(&frame);
		return CY_OK;
	}
	if (x->pair->blocked[to] || world_chance(w, FAULT_LOSS)) {
		world_say(w, "%s -> %s: a bulk frame is lost", s->id, x->pair->side[to]->id);
		blob_release(&frame);
		doom(x);
		return CY_OK;
	}
	if (world_chance_high(w, FAULT_BULK_LIES))
		lie(x, to, &frame);
	if (world_chance(w, FAULT_FLIP) && frame.len > 0) {
		const size_t bit = (size_t)cy_rng_below(&w->bulk, 8 * frame.len);

		frame.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
		world_say(w, "%s -> %s: a bit of a bulk frame is flipped", s->id, x->pair->side[to]->id);
	}
	if (world_chance(w, FAULT_TRUNCATE) && frame.len > 0) {
		frame.len = (size_t)cy_rng_below(&w->bulk, frame.len);
		world_say(w, "%s -> %s: a bulk frame is cut to %zu bytes", s->id, x->pair->side[to]->id, frame.len);
	}
	if (world_chance(w, FAULT_DUPLICATE)) {
		world_say(w, "%s -> %s: a bulk frame is doubled", s->id, x->pair->side[to]->id);
		send_off(x, to, copy(frame), false);
	}
	send_off(x, to, frame, false);
	if (world_chance(w, FAULT_REORDER)) {
		world_say(w, "%s -> %s: a bulk frame overtakes", s->id, x->pair->side[to]->id);
		swap_last(x, to);
	}
	return CY_OK;
}

static bool bulk_room(void *ctx, uint64_t session)
{
	struct sim_node *s = ctx;
	struct sim_bulk *x = session_of(s, session);
	const size_t me = x != NULL ? side_of(x->pair, s) : 0;

	if (x == NULL || x->closed[me])
		return false;
	if (x->closed[1 - me] || x->to[1 - me].n < QUEUE_MAX)
		return true;
	x->full[me] = true;
	return false;
}

static int bulk_net_proven(void *ctx, uint64_t session, struct cy_error *e)
{
	struct sim_node *s = ctx;
	struct sim_bulk *x = session_of(s, session);

	if (x == NULL || x->closed[side_of(x->pair, s)])
		return cy_fail(e, CY_ENOENT, "the session is over");
	if (x->relayed)
		world_fail(s->w, "%s: bulk session %llu is proven although it is relayed", s->id,
			   (unsigned long long)session);
	return CY_OK;
}

static void bulk_established(void *ctx, uint64_t session)
{
	struct sim_node *s = ctx;
	struct sim_bulk *x = session_of(s, session);

	if (x != NULL && x->greeted == 0)
		x->greeted = s->w->now;
}

static void bulk_close(void *ctx, uint64_t session, const char *why)
{
	struct sim_node *s = ctx;
	struct sim_bulk *x = session_of(s, session);
	const size_t me = x != NULL ? side_of(x->pair, s) : 0;

	if (x == NULL || x->closed[me])
		return;
	world_say(s->w, "%s closes bulk session %llu: %s", s->id, (unsigned long long)session, why);
	if (!x->closed[1 - me])
		send_off(x, 1 - me, (struct blob_bytes){ 0 }, true);
	/* The node knows: it is not told. */
	x->up[me] = false;
	x->closed[me] = true;
	clear(x, me);
	check_over(x);
}

/* ----------------------------------------------------------------- dialling */

static void on_up(struct world *w, void *arg, uint64_t side)
{
	struct sim_bulk *x = arg;
	struct sim_node *s = x->pair->side[side];
	struct link_connection on;

	if (x->closed[side] || s->node == NULL)
		return;
	if (s->suspended_until > w->now) {
		world_at(w, s->suspended_until, on_up, x, side);
		return;
	}
	x->up[side] = true;
	on = sim_connection(x->id, x->relayed, side);
	node_bulk_up(s->node, x->pair->side[1 - side]->id, x->id, &on);
}

static void on_dial(struct world *w, void *arg, uint64_t unused)
{
	struct sim_pair *p = arg;
	struct sim_bulk *x;

	(void)unused;
	p->bulk_dialling = false;
	if (!p->bulk_wanted[0] && !p->bulk_wanted[1])
		return;
	if (p->bulk != NULL && !p->bulk->doomed && !p->bulk->closed[0] && !p->bulk->closed[1])
		return;
	for (size_t side = 0; side < 2; side++)
		if (p->side[side]->node == NULL || p->side[side]->suspended_until > w->now || p->blocked[side] ||
		    p->side[side]->left_out == p) {
			dial(p);
			return;
		}
	x = calloc(1, sizeof *x);
	CY_ASSERT(x != NULL);
	x->id = ++w->sessions;
	x->pair = p;
	x->relayed = world_chance(w, FAULT_RELAY);
	x->next = p->bulk;
	p->bulk = x;
	for (size_t side = 0; side < 2; side++) {
		x->to[side].last = &x->to[side].first;
		world_at(w, w->now + 1 + (int64_t)cy_rng_below(&w->bulk, 80), on_up, x, side);
	}
	w->counts.bulk_sessions++;
	world_say(w, "%s - %s: bulk session %llu", p->side[0]->id, p->side[1]->id, (unsigned long long)x->id);
}

static void dial(struct sim_pair *p)
{
	struct world *w = p->w;

	if (p->bulk_dialling || (!p->bulk_wanted[0] && !p->bulk_wanted[1]))
		return;
	p->bulk_dialling = true;
	p->bulk_backoff = p->bulk_backoff == 0                    ? 250
			  : p->bulk_backoff < SIM_REDIAL_MOST / 2 ? 2 * p->bulk_backoff
								  : SIM_REDIAL_MOST;
	world_at(w, w->now + 1 + (int64_t)cy_rng_below(&w->bulk, (uint64_t)p->bulk_backoff), on_dial, p, 0);
}

static void bulk_want(void *ctx, const char *peer, bool wanted)
{
	struct sim_node *s = ctx;

	for (size_t i = 0; i < s->n_pairs; i++) {
		struct sim_pair *p = s->pairs[i];
		const size_t me = side_of(p, s);

		if (strcmp(p->side[1 - me]->id, peer) != 0)
			continue;
		p->bulk_wanted[me] = wanted;
		dial(p);
	}
}

struct bulk_port bulk_net_port(struct sim_node *s)
{
	return (struct bulk_port){ s, bulk_send, bulk_room, bulk_net_proven, bulk_established, bulk_close, bulk_want };
}
