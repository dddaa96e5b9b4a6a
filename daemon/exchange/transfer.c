#include "exchange/transfer.h"

#include "base/error.h"

/* The credit that the receiver grants never exceeds the sender's limit. */
_Static_assert(XCHG_PULL_WINDOW <= CY_PULL_CREDIT_MAX, "the window is within the credit of one pull");

/* Above it the bucket's thousandths of a byte would not fit. */
#define RATE_MAX ((uint64_t)INT64_MAX / 1000)

/* ------------------------------------------------------------- the receiver */

/* Of a free slot the id is 0. */
static struct xchg_pull *pull_at(struct xchg_puller *p, uint32_t id)
{
	for (size_t i = 0; i < XCHG_PULLS; i++)
		if (p->at[i].id == id)
			return &p->at[i];
	return NULL;
}

struct xchg_pull *xchg_pull_begin(struct xchg_puller *p, int priority, uint64_t first, uint64_t chunks,
				  struct cy_mono now)
{
	struct xchg_pull *pull = pull_at(p, 0);

	CY_ASSERT(pull != NULL && p->last_id < UINT32_MAX && first < chunks);
	*pull = (struct xchg_pull){ .id = ++p->last_id,
				    .priority = priority,
				    .chunks = chunks,
				    .granted = first,
				    .arrived = first,
				    .stored = first,
				    .since = now };
	return pull;
}

struct xchg_pull *xchg_pull_find(struct xchg_puller *p, uint32_t id)
{
	return id == 0 ? NULL : pull_at(p, id);
}

void xchg_pull_end(struct xchg_pull *pull)
{
	*pull = (struct xchg_pull){ 0 };
}

static uint64_t under_way(const struct xchg_pull *pull)
{
	return pull->granted - pull->stored;
}

static bool asks(const struct xchg_pull *pull)
{
	return pull->id != 0 && pull->granted < pull->chunks;
}

static uint64_t smaller(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* How many chunks `pull` may be given now, of `share` that it may have under way and
 * `room` in the window; 0: it waits. */
static uint64_t given(const struct xchg_pull *pull, uint64_t share, uint64_t room)
{
	uint64_t has = under_way(pull), n = pull->chunks - pull->granted, batch = smaller(n, share / 4);

	n = smaller(n, smaller(room, share > has ? share - has : 0));
	return n >= batch || has == 0 ? n : 0;
}

/* The highest priority below `below` of those that ask, and how many have it; 0: nobody. */
static uint32_t most_urgent(const struct xchg_puller *p, int64_t below, int64_t *ret_priority)
{
	uint32_t equals = 0;

	for (size_t i = 0; i < XCHG_PULLS; i++) {
		const struct xchg_pull *at = &p->at[i];

		if (!asks(at) || at->priority >= below || (equals > 0 && at->priority < *ret_priority))
			continue;
		equals = equals > 0 && at->priority == *ret_priority ? equals + 1 : 1;
		*ret_priority = at->priority;
	}
	return equals;
}

int64_t xchg_pull_urgency(const struct xchg_puller *p)
{
	int64_t priority = -1;

	return most_urgent(p, INT64_MAX, &priority) > 0 ? priority : -1;
}

bool xchg_pull_grant(struct xchg_puller *p, struct cy_mono now, struct xchg_pull **ret_pull, uint32_t *ret_chunks)
{
	uint64_t room = XCHG_PULL_WINDOW, left = XCHG_PULL_WINDOW, chunks = 0;
	int64_t priority = INT64_MAX;
	struct xchg_pull *best = NULL;
	uint32_t equals;

	for (size_t i = 0; i < XCHG_PULLS; i++) {
		room -= under_way(&p->at[i]);
		left -= asks(&p->at[i]) ? 0 : under_way(&p->at[i]);
	}
	/* The most urgent ones first; `left` is what the more urgent ones leave of the window. Of equal ones
	 * it is the turn of whoever has the least under way. */
	while (best == NULL && left > 0 && (equals = most_urgent(p, priority, &priority)) > 0) {
		uint64_t share = left / equals > 0 ? left / equals : 1;

		for (size_t i = 0; i < XCHG_PULLS; i++) {
			struct xchg_pull *at = &p->at[i];
			uint64_t n;

			if (!asks(at) || at->priority != priority)
				continue;
			left -= smaller(left, smaller(share, at->chunks - at->stored));
			n = given(at, share, room);
			if (n == 0 || (best != NULL && under_way(at) >= under_way(best)))
				continue;
			best = at;
			chunks = n;
		}
	}
	if (best == NULL)
		return false;
	if (best->granted == best->arrived)
		best->since = now;
	best->granted += chunks;
	*ret_pull = best;
	*ret_chunks = (uint32_t)chunks;
	return true;
}

int xchg_pull_arrived(struct xchg_pull *pull, uint64_t chunk, struct cy_mono now)
{
	if (chunk != pull->arrived || chunk >= pull->granted)
		return CY_EPROTO;
	pull->arrived++;
	pull->since = now;
	return CY_OK;
}

void xchg_pull_stored(struct xchg_pull *pull)
{
	CY_ASSERT(pull->stored < pull->arrived);
	pull->stored++;
}

struct cy_mono xchg_pull_stalls(const struct xchg_puller *p)
{
	struct cy_mono first = CY_NEVER;

	for (size_t i = 0; i < XCHG_PULLS; i++) {
		struct cy_mono at = cy_mono_add(p->at[i].since, XCHG_STALL_MS);

		if (p->at[i].arrived < p->at[i].granted && cy_mono_before(at, first))
			first = at;
	}
	return first;
}

/* --------------------------------------------------------------- the sender */

static struct xchg_push *push_at(struct xchg_pusher *p, uint32_t id)
{
	for (size_t i = 0; i < XCHG_PULLS; i++)
		if (p->at[i].id == id)
			return &p->at[i];
	return NULL;
}

bool xchg_push_proper(struct xchg_pusher *p, uint32_t id, uint32_t credit)
{
	return id != 0 && push_at(p, id) == NULL && credit > 0 && credit <= CY_PULL_CREDIT_MAX;
}

int xchg_push_begin(struct xchg_pusher *p, uint32_t id, uint64_t first, uint64_t chunks, uint32_t credit,
		    struct xchg_push **ret_push)
{
	struct xchg_push *push;

	if (!xchg_push_proper(p, id, credit))
		return CY_EPROTO;
	push = push_at(p, 0);
	if (push == NULL)
		return CY_ELIMIT;
	if (first >= chunks)
		return CY_EINVAL;
	*push = (struct xchg_push){
		.id = id, .chunks = chunks, .next = first, .granted = first + smaller(credit, chunks - first)
	};
	*ret_push = push;
	return CY_OK;
}

struct xchg_push *xchg_push_find(struct xchg_pusher *p, uint32_t id)
{
	return id == 0 ? NULL : push_at(p, id);
}

int xchg_push_credit(struct xchg_push *push, uint32_t chunks)
{
	if (chunks == 0 || chunks > CY_PULL_CREDIT_MAX - (push->granted - push->next))
		return CY_EPROTO;
	push->granted += smaller(chunks, push->chunks - push->granted);
	return CY_OK;
}

void xchg_push_end(struct xchg_push *push)
{
	*push = (struct xchg_push){ 0 };
}

struct xchg_push *xchg_push_next(struct xchg_pusher *p)
{
	for (size_t i = 0; i < XCHG_PULLS; i++) {
		struct xchg_push *push = &p->at[(p->turn + i) % XCHG_PULLS];

		if (push->id == 0 || push->reading || push->next >= push->granted)
			continue;
		p->turn = (p->turn + i + 1) % XCHG_PULLS;
		return push;
	}
	return NULL;
}

void xchg_push_again(struct xchg_pusher *p, const struct xchg_push *push)
{
	p->turn = (size_t)(push - p->at);
}

/* ------------------------------------------------------------------ the rate */

/* Thousandths of a byte, which are bytes a second times milliseconds: a quarter of a
 * second, and one chunk at least. */
static int64_t bucket(uint64_t rate)
{
	uint64_t quarter = rate * 250, chunk = (uint64_t)CY_CHUNK * 1000;

	return (int64_t)(quarter > chunk ? quarter : chunk);
}

/* The credit that has accrued since p->at. */
static void refill(struct xchg_pace *p, struct cy_mono now)
{
	uint64_t passed, missing;

	if (!cy_mono_before(p->at, now))
		return;
	passed = (uint64_t)now.ms - (uint64_t)p->at.ms;
	missing = (uint64_t)(bucket(p->rate) - p->budget);
	p->budget = passed > missing / p->rate ? bucket(p->rate) : p->budget + (int64_t)(passed * p->rate);
	p->at = now;
}

void xchg_pace_set(struct xchg_pace *p, uint64_t rate, struct cy_mono now)
{
	uint64_t before = p->rate;

	rate = smaller(rate, RATE_MAX);
	if (before > 0)
		refill(p, now);
	p->rate = rate;
	if (before == 0 || p->budget > bucket(rate))
		p->budget = bucket(rate);
	p->at = now;
}

bool xchg_pace_may(struct xchg_pace *p, struct cy_mono now, struct cy_mono *ret_at)
{
	if (p->rate == 0)
		return true;
	refill(p, now);
	if (p->budget > 0)
		return true;
	*ret_at = cy_mono_add(p->at, -p->budget / (int64_t)p->rate + 1);
	return false;
}

void xchg_pace_left(struct xchg_pace *p, size_t bytes)
{
	CY_ASSERT(bytes <= CY_FRAME_MAX);
	if (p->rate > 0)
		p->budget -= (int64_t)bytes * 1000;
}
