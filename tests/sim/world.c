/* The world: time, authorities and their machines, and what goes wrong. */
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/uuid.h"
#include "law.h"
#include "sim.h"

#define EVENTS_MAX   UINT64_C(40000000) /* and for each authority a tenth of that: more is a run without end */
#define DRAIN_WITHIN (12 * HOUR)        /* after healing, all outboxes are empty by then */

/* ------------------------------------------------------------------ telling */

void world_fail(struct world *w, const char *fmt, ...)
{
	va_list ap;

	if (w->failure[0] != '\0')
		return;
	va_start(ap, fmt);
	vsnprintf(w->failure, sizeof w->failure, fmt, ap);
	va_end(ap);
	world_say(w, "BROKEN: %s", w->failure);
}

void world_say(struct world *w, const char *fmt, ...)
{
	va_list ap;

	if (w->trace == NULL)
		return;
	fprintf(w->trace, "%4lld d %02lld:%02lld:%02lld.%03lld  ", (long long)(w->now / DAY),
		(long long)(w->now / HOUR % 24), (long long)(w->now / MINUTE % 60), (long long)(w->now / SECOND % 60),
		(long long)(w->now % SECOND));
	va_start(ap, fmt);
	vfprintf(w->trace, fmt, ap);
	va_end(ap);
	fputc('\n', w->trace);
}

/* FNV-1a */
void world_mix(struct world *w, const void *data, size_t len)
{
	const uint8_t *p = data;

	for (size_t i = 0; i < len; i++)
		w->hash = (w->hash ^ p[i]) * UINT64_C(0x100000001b3);
}

void world_mix_some(struct world *w, const void *data, size_t len)
{
	const uint8_t *p = data;

	world_mix(w, &len, sizeof len);
	world_mix(w, p, len < 2048 ? len : 2048);
	if (len > 2048)
		world_mix(w, p + len - 64, 64);
}

static void broken_store(void *ctx, const char *what)
{
	struct sim_node *s = ctx;

	world_fail(s->w, "%s: %s", s->id, what);
}

/* ------------------------------------------------------------------- chance */

static bool chance(struct world *w, enum sim_fault f, const uint64_t one_in[static 4])
{
	const uint8_t level = w->set.level[f];

	return level > 0 && !w->healed && cy_rng_below(&w->faults[f], one_in[level]) == 0;
}

bool world_chance(struct world *w, enum sim_fault f)
{
	return chance(w, f, (const uint64_t[]){ 0, 5000, 500, 60 });
}

bool world_chance_high(struct world *w, enum sim_fault f)
{
	return chance(w, f, (const uint64_t[]){ 0, 300, 60, 12 });
}

bool world_chance_half(struct world *w, enum sim_fault f)
{
	return chance(w, f, (const uint64_t[]){ 0, 8, 4, 2 });
}

int64_t world_span(struct cy_rng *r, int64_t mean)
{
	double u = (double)(cy_rng_next(r) >> 11) / 9007199254740992.0;
	double ms = -log(1.0 - u) * (double)mean;

	return ms < 1.0 ? 1 : ms > 1e15 ? (int64_t)1e15 : (int64_t)ms;
}

/* --------------------------------------------------------------------- heap */

static bool before(const struct sim_event *a, const struct sim_event *b)
{
	if (a->due != b->due)
		return a->due < b->due;
	if (a->priority != b->priority)
		return a->priority < b->priority;
	return a->serial < b->serial;
}

void world_at(struct world *w, int64_t due, sim_fn *fn, void *arg, uint64_t x)
{
	size_t i = w->n_heap++;

	if (w->n_heap > w->cap_heap) {
		w->cap_heap = w->cap_heap > 0 ? 2 * w->cap_heap : 256;
		w->heap = realloc(w->heap, w->cap_heap * sizeof *w->heap);
		CY_ASSERT(w->heap != NULL);
	}
	w->heap[i] = (struct sim_event){ .due = due < w->now ? w->now : due,
					 .priority = (uint32_t)cy_rng_next(&w->order),
					 .serial = ++w->serial,
					 .fn = fn,
					 .arg = arg,
					 .x = x };
	for (; i > 0 && before(&w->heap[i], &w->heap[(i - 1) / 2]); i = (i - 1) / 2) {
		struct sim_event e = w->heap[i];

		w->heap[i] = w->heap[(i - 1) / 2];
		w->heap[(i - 1) / 2] = e;
	}
}

static struct sim_event next_event(struct world *w)
{
	struct sim_event first = w->heap[0], e = w->heap[--w->n_heap];
	size_t i = 0, child;

	for (; (child = 2 * i + 1) < w->n_heap; i = child) {
		if (child + 1 < w->n_heap && before(&w->heap[child + 1], &w->heap[child]))
			child++;
		if (!before(&w->heap[child], &e))
			break;
		w->heap[i] = w->heap[child];
	}
	w->heap[i] = e;
	return first;
}

/* -------------------------------------------------------------------- pipes */

void pipe_init(struct sim_pipe *p)
{
	*p = (struct sim_pipe){ 0 };
	p->last = &p->first;
}

void pipe_put(struct sim_pipe *p, struct cy_bytes data, bool fin)
{
	struct sim_chunk *c = malloc(sizeof *c + data.len);

	CY_ASSERT(c != NULL);
	c->next = NULL;
	c->len = data.len;
	c->fin = fin;
	if (data.len > 0)
		memcpy(c->data, data.data, data.len);
	*p->last = c;
	p->last = &c->next;
	p->n++;
	p->bytes += data.len;
}

struct sim_chunk *pipe_take(struct sim_pipe *p)
{
	struct sim_chunk *c = p->first;

	if (c == NULL)
		return NULL;
	p->first = c->next;
	if (p->first == NULL)
		p->last = &p->first;
	p->n--;
	p->bytes -= c->len;
	return c;
}

void pipe_clear(struct sim_pipe *p)
{
	while (p->first != NULL)
		free(pipe_take(p));
}

/* -------------------------------------------------------------------- ports */

static struct cy_mono clock_mono(void *ctx)
{
	const struct sim_node *s = ctx;

	return (struct cy_mono){ s->w->now + s->w->now * s->drift_ppm / 1000000 + 1000 };
}

static struct cy_wall clock_wall(void *ctx)
{
	struct sim_node *s = ctx;
	const int64_t ms = START_MS + clock_mono(ctx).ms + s->wall_offset;

	if (s->w->law != NULL)
		law_shown(s, ms);
	return (struct cy_wall){ ms };
}

struct cy_wall sim_node_wall(struct sim_node *s)
{
	return clock_wall(s);
}

/* A later call replaces an earlier one. */
static void on_wake(struct world *w, void *arg, uint64_t x)
{
	struct sim_node *s = arg;

	if (x != s->wakes || s->node == NULL)
		return;
	if (s->suspended_until > w->now) {
		world_at(w, s->suspended_until, on_wake, s, x);
		return;
	}
	if (clock_mono(s).ms < s->wake_at) {
		world_at(w, w->now + s->wake_at - clock_mono(s).ms, on_wake, s, x);
		return;
	}
	node_wake(s->node);
}

static void clock_wake_at(void *ctx, struct cy_mono at)
{
	struct sim_node *s = ctx;

	s->wakes++;
	s->wake_at = at.ms;
	if (at.ms != CY_NEVER.ms)
		world_at(s->w, s->w->now + (at.ms > clock_mono(s).ms ? at.ms - clock_mono(s).ms : 1), on_wake, s,
			 s->wakes);
}

#define TOLD_AFTER (2 * SECOND)

static void on_told(struct world *w, void *arg, uint64_t life)
{
	struct sim_node *s = arg;

	if (s->node == NULL || s->life != life)
		return;
	if (s->suspended_until > w->now)
		world_at(w, s->suspended_until, on_told, s, life);
	else
		node_wake(s->node);
}

void sim_node_set_clock(struct sim_node *s, int64_t offset)
{
	s->wall_offset = offset;
	s->offset_low = offset < s->offset_low ? offset : s->offset_low;
	s->offset_high = offset > s->offset_high ? offset : s->offset_high;
	world_say(s->w, "%s: its clock is set, %lld min from the true time", s->id, (long long)(offset / MINUTE));
	if (s->node != NULL)
		world_at(s->w, s->w->now + TOLD_AFTER, on_told, s, s->life);
}

static void journal_note(void *ctx, enum node_level level, const char *text)
{
	struct sim_node *s = ctx;

	rig_check_line(text);
	if (level == NODE_ALARM)
		damage_told(s, text);
	world_mix(s->w, text, strlen(text));
	world_say(s->w, "%s %s %s", s->id, level == NODE_ALARM ? "!!" : level == NODE_WARNING ? "! " : "  ", text);
}

/* -------------------------------------------------------------------- store */

/* What is ordered is in the list first, whatever becomes of the commit. */
static void list_orders(struct sim_node *s, const struct store_writeset *w)
{
	CY_ASSERT(orders_mem_append(&s->orders, w) == CY_OK);
	erasures_ordered(s, w);
}

static void make_durable(struct sim_node *s)
{
	struct store_writeset *w = s->store.committing;

	list_orders(s, w);
	s->w->counts.commits++;
	world_mix(s->w, &w->n, sizeof w->n);
	if (s->blobs != NULL)
		oracle_evidence_before(s, w);
	mem_store_finish(&s->store);
	if (s->w->law != NULL) {
		law_commit(s, w);
		if (s->store.copies)
			mem_store_drop_log(&s->store);
	} else {
		oracle_commit(s, w);
		quotas_commit(s, w);
	}
}

/* Nothing of it is in the store. What it orders is in the list already: that comes first. */
static void drop_commit(struct sim_node *s)
{
	if (s->store.committing == NULL)
		return;
	list_orders(s, s->store.committing);
	mem_store_drop(&s->store);
}

/* The same with the real store: the disk fails or loses power somewhere in the
 * middle of the commit. */
static void commit_to_disk(struct sim_node *s)
{
	struct world *w = s->w;
	struct store_writeset *set = s->store.committing;
	bool fails = world_chance(w, FAULT_COMMIT_FAILS), cut = world_chance(w, FAULT_CRASH_COMMIT);
	int r;

	if (cut)
		disk_fault(s, VFS_CRASH_CUT, 1 + cy_rng_below(&w->disk, 12), 0);
	else if (fails)
		disk_fault(s, cy_rng_below(&w->disk, 2) ? VFS_CRASH_FULL : VFS_CRASH_IOERR,
			   1 + cy_rng_below(&w->disk, 12), 1 + cy_rng_below(&w->disk, 4));
	list_orders(s, set);
	s->store.committing = NULL;
	r = disk_commit(s, set);
	if (r == CY_OK) {
		s->store.committing = set;
		make_durable(s);
	}
	if (disk_is_down(s)) {
		w->counts.cuts++;
		sim_node_end(s, SIM_POWER, "loses power in the middle of a commit");
		return;
	}
	if (cut || fails)
		disk_fault(s, VFS_CRASH_NONE, 0, 0);
	node_committed(s->node, r, "the simulated disk failed");
}

static void on_committed(struct world *w, void *arg, uint64_t life)
{
	struct sim_node *s = arg;

	if (life != s->life)
		return;
	if (s->suspended_until > w->now) {
		world_at(w, s->suspended_until, on_committed, s, life);
		return;
	}
	if (s->disk != NULL) {
		commit_to_disk(s);
		return;
	}
	if (world_chance(w, FAULT_COMMIT_FAILS)) {
		drop_commit(s);
		node_committed(s->node, CY_ESTORE, "the simulated disk is full");
		return;
	}
	make_durable(s);
	if (world_chance(w, FAULT_CRASH_COMMIT))
		sim_node_end(s, SIM_KILL, "crashes after a commit, before what follows");
	else
		node_committed(s->node, CY_OK, "");
}

static int store_commit(void *ctx, struct store_writeset *set)
{
	return sim_node_commit((struct sim_node *)((char *)ctx - offsetof(struct sim_node, store)), set);
}

int sim_node_commit(struct sim_node *s, struct store_writeset *set)
{
	struct world *w = s->w;

	if (s->store.committing != NULL)
		return CY_EAGAIN;
	s->store.committing = set;
	world_at(w,
		 w->now + 1 +
			 (world_chance(w, FAULT_SLOW_DISK) ? (int64_t)cy_rng_below(&w->disk, 10 * SECOND)
							   : (int64_t)cy_rng_below(&w->disk, 20)),
		 on_committed, s, s->life);
	return CY_OK;
}

/* -------------------------------------------------------------------- nodes */

/* Its configuration as it stands; peers in `ret_peers`, to be freed. */
static struct node_config configuration(struct sim_node *s, struct node_peer_config **ret_peers)
{
	struct node_peer_config *peers = calloc(s->n_pairs + 1, sizeof *peers);
	struct node_config config;
	size_t n = 0;

	CY_ASSERT(peers != NULL);
	for (size_t i = 0; i < s->n_pairs; i++)
		if (s->pairs[i] != s->left_out)
			peers[n++].id = s->pairs[i]->side[s->pairs[i]->side[0] == s]->id;
	*ret_peers = peers;
	config = (struct node_config){ .authority = s->id,
				       .peers = peers,
				       .n_peers = n,
				       .clients = s->wanted.at,
				       .n_clients = s->wanted.n,
				       .window = 1 + (uint32_t)cy_rng_below(&s->random, bounds_window()),
				       .undelivered_ms = s->w->set.level[FAULT_EXPIRY] > 0 ? 2 * DAY : 30 * DAY,
				       .check_every_ms = s->w->set.level[FAULT_BLOB_ROT] > 0
								 ? (s - s->w->nodes) % 3 * 12 * HOUR
								 : 0,
				       .keep_sent_ms = (s - s->w->nodes) % 2 * 6 * HOUR };
	/* Case systems repeat a key days later: how a spent one is answered is for prune_test.c. */
	if ((s - s->w->nodes) % 2 == 1 && s->w->law == NULL)
		config.keep = (struct node_keeping){
			.events = 6 * HOUR, .leaves = 6 * HOUR, .parcels = 6 * HOUR, .custody = 6 * HOUR
		};
	quotas_configure(s, &config, peers);
	if (s->w->law != NULL)
		law_configure(s, &config, peers);
	return config;
}

/* The connections are judged again by the users and groups that each client has now. */
static void clients_allowed(struct sim_node *s)
{
	for (size_t i = 0; i < SIM_DESKS; i++)
		desk_allowed(&s->desk[i]);
	programs_allowed(s);
	erasures_allowed(s);
}

static void on_reconfigure(struct world *w, void *arg, uint64_t life);

static void reconfigure(struct sim_node *s)
{
	struct node_peer_config *peers;
	struct node_config config = configuration(s, &peers);
	struct cy_error e = { 0 };
	int r;

	world_say(s->w, "%s reads its configuration again, %s", s->id,
		  s->left_out == NULL ? "all peers are there" : s->left_out->side[s->left_out->side[0] == s]->id);
	r = s->node != NULL ? node_reconfigure(s->node, &config, &e) : CY_ENOENT;
	if (r == CY_OK)
		s->clients = s->wanted;
	if (r == CY_OK && s->w->law == NULL)
		clients_allowed(s);
	/* What is stored of a peer that was not configured cannot be read now. */
	if (r < 0 && s->node != NULL && s->store.unreadable)
		world_at(s->w, s->w->now + MINUTE, on_reconfigure, s, s->life);
	else if (r < 0 && s->node != NULL)
		world_fail(s->w, "%s does not take its configuration: %s", s->id, e.text);
	free(peers);
}

static void on_reconfigure(struct world *w, void *arg, uint64_t life)
{
	struct sim_node *s = arg;

	(void)w;
	if (s->node != NULL && s->life == life)
		reconfigure(s);
}

void sim_node_start(struct sim_node *s)
{
	struct world *w = s->w;
	struct node_peer_config *peers;
	struct node_config config = configuration(s, &peers);
	struct cy_error e = { 0 };

	s->life++;
	world_say(w, "%s starts", s->id);
	if (w->law != NULL)
		law_boots(s);
	s->store.unreadable = false;
	if (s->disk != NULL) {
		disk_open(s);
		if (w->failure[0] != '\0') {
			free(peers);
			return;
		}
	} else {
		mem_store_port(&s->store, &s->ports.store);
		s->ports.store.commit = store_commit;
	}
	s->ports.orders = orders_mem_port(&s->orders);
	damage_ports(s);
	s->ports.link = net_port(s);
	s->ports.local = desk_port(s);
	s->ports.clock = (struct clock_port){ s, clock_mono, clock_wall, clock_wake_at };
	s->ports.signer = certs_port(s);
	s->ports.random = rig_random_port(&s->random);
	s->ports.journal = (struct journal_port){ .ctx = s, .note = journal_note };
	if (s->blobs != NULL) {
		s->ports.blobs = blobs_port(s);
		s->ports.bulk = bulk_net_port(s);
	}
	if (w->law != NULL)
		law_ports(s);
	if (node_new(&config, &s->ports, &s->node, &e) < 0)
		world_fail(w, "%s does not start: %s", s->id, e.text);
	s->clients = s->wanted;
	blobs_started(s);
	free(peers);
	for (size_t i = 0; i < s->n_pairs; i++)
		net_dial(s->pairs[i], 0);
}

static void on_start(struct world *w, void *arg, uint64_t life)
{
	struct sim_node *s = arg;

	(void)w;
	if (s->node == NULL && life == s->life)
		sim_node_start(s);
}

/* Only from an event: the node is not on the stack. */
void sim_node_end(struct sim_node *s, enum sim_end end, const char *why)
{
	struct world *w = s->w;

	if (s->node == NULL)
		return;
	world_say(w, "%s %s", s->id, why);
	w->counts.crashes++;
	s->life++;
	s->wakes++;
	/* A commit under way may have reached the disk. */
	if (s->store.committing != NULL && s->disk == NULL && cy_rng_below(&w->disk, 2) == 0)
		make_durable(s);
	drop_commit(s);
	node_free(s->node);
	s->node = NULL;
	if (s->disk != NULL)
		disk_close(s, end);
	if (s->disk != NULL && end == SIM_POWER && w->set.cut_again > 0) {
		disk_fault(s, VFS_CRASH_CUT, w->set.cut_again, 0);
		w->set.cut_again = 0;
	}
	net_node_gone(s);
	bulk_net_gone(s);
	blobs_gone(s, end);
	for (size_t i = 0; i < SIM_DESKS; i++)
		desk_lost_connection(&s->desk[i]);
	programs_gone(s);
	erasures_closed(s, 0);
	if (w->law != NULL)
		law_gone(s);
	world_at(w, w->now + (w->law != NULL ? law_down(s) : world_span(&w->faults[FAULT_CRASH], 2 * MINUTE)), on_start,
		 s, s->life);
}

/* ------------------------------------------------------- what goes wrong */

static struct sim_node *any_node(struct world *w, enum sim_fault f)
{
	return &w->nodes[cy_rng_below(&w->faults[f], w->set.nodes)];
}

static struct sim_pair *any_pair(struct world *w, enum sim_fault f)
{
	return w->pairs[cy_rng_below(&w->faults[f], w->n_pairs)];
}

static void on_unblock(struct world *w, void *arg, uint64_t side)
{
	struct sim_pair *p = arg;

	p->blocked[side] = false;
	world_say(w, "%s -> %s: gets through again", p->side[1 - side]->id, p->side[side]->id);
}

static void block(struct world *w, enum sim_fault f, bool both)
{
	struct sim_pair *p = any_pair(w, f);
	size_t side = cy_rng_below(&w->faults[f], 2);
	int64_t until = w->now + world_span(&w->faults[f], cy_rng_below(&w->faults[f], 10) == 0 ? 4 * DAY : 2 * HOUR);

	for (size_t i = 0; i < 2; i++) {
		if (!both && i != side)
			continue;
		world_say(w, "%s -> %s: nothing gets through", p->side[1 - i]->id, p->side[i]->id);
		p->blocked[i] = true;
		world_at(w, until, on_unblock, p, i);
	}
	net_reset(p, both ? "partitioned" : "one way is dead");
}

static void on_readable(struct world *w, void *arg, uint64_t life)
{
	struct sim_node *s = arg;

	(void)w;
	if (life == s->life)
		s->store.unreadable = false;
}

static void on_desk_back(struct world *w, void *arg, uint64_t x)
{
	struct sim_desk *d = arg;

	(void)w;
	(void)x;
	if (!d->running)
		desk_start(d);
	d->stalled = false;
}

static void on_all_peers(struct world *w, void *arg, uint64_t x)
{
	struct sim_node *s = arg;

	(void)w;
	(void)x;
	s->left_out = NULL;
	sim_clients(&s->wanted, NULL);
	reconfigure(s);
}

static void forget_backup(struct sim_node *s, size_t which)
{
	s->n_backups--;
	for (size_t i = which; i < s->n_backups; i++)
		s->backups[i] = s->backups[i + 1];
	if (s->disk != NULL)
		disk_forget_backup(s, which);
}

static void restore(struct world *w, struct sim_node *s, size_t which)
{
	sim_node_end(s, SIM_POWER, "loses its disk");
	world_say(w, "%s is restored from its backup, the %zu. of %zu", s->id, which + 1, s->n_backups);
	w->counts.restores++;
	if (s->disk != NULL)
		disk_restore(s, which);
	s->backup = s->backups[which];
	/* Later ones are of a life that is lost. */
	while (s->n_backups > which + 1)
		forget_backup(s, s->n_backups - 1);
	mem_store_restore(&s->store, s->backup);
	s->restored = true;
	damage_gone(s);
	for (size_t i = 0; i < s->n_pairs; i++)
		s->unsure[i] = true;
	oracle_restored(s);
	if (w->law != NULL)
		law_restored(s);
	for (size_t i = 0; i < SIM_DESKS; i++)
		desk_after_restore(&s->desk[i]);
}

static void restore_some(struct world *w, struct sim_node *s, struct cy_rng *r)
{
	const bool old = world_chance_half(w, FAULT_DISASTER);

	if (s->n_backups > 0)
		restore(w, s, old ? cy_rng_below(r, s->n_backups) : s->n_backups - 1);
}

static void on_restore_again(struct world *w, void *arg, uint64_t x)
{
	(void)x;
	if (!w->healed)
		restore_some(w, arg, &w->faults[FAULT_DISASTER]);
}

static void strike_store(struct world *w, struct sim_node *s)
{
	struct cy_rng *r = &w->faults[FAULT_DISASTER];

	restore_some(w, s, r);
	if (world_chance_half(w, FAULT_DISASTER)) {
		struct sim_pair *p = s->pairs[cy_rng_below(r, s->n_pairs)];

		restore_some(w, p->side[p->side[0] == s], r);
	}
	/* While it fetches back, or its evidence flows again. */
	if (world_chance_half(w, FAULT_DISASTER))
		world_at(w, w->now + world_span(r, 10 * MINUTE), on_restore_again, s, 0);
}

static void on_backup(struct world *w, void *arg, uint64_t x)
{
	struct sim_node *s = arg;

	(void)x;
	if (s->n_backups == SIM_BACKUPS)
		forget_backup(s, 0);
	/* What is not durable is not in a backup; a commit in doubt might be. */
	if (s->disk != NULL)
		disk_backup(s);
	s->backups[s->n_backups++] = s->store.n_log;
	if (!w->healed)
		world_at(w, w->now + world_span(&w->faults[FAULT_RESTORE], 2 * DAY), on_backup, s, 0);
}

/* Events that were put off until then stand in the heap. */
static int64_t before_healing(const struct world *w, int64_t at)
{
	return at < w->set.faulty ? at : w->set.faulty;
}

static void strike(struct world *w, enum sim_fault f)
{
	struct cy_rng *r = &w->faults[f];
	struct sim_node *s = any_node(w, f);
	struct sim_desk *d = &s->desk[cy_rng_below(r, SIM_DESKS)];
	struct sim_pair *p;
	size_t side;

	switch (f) {
	case FAULT_RESET:
		net_reset(any_pair(w, f), "the connection is cut");
		break;
	case FAULT_PARTITION:
	case FAULT_ONE_WAY:
		block(w, f, f == FAULT_PARTITION);
		break;
	case FAULT_CLOG:
		p = any_pair(w, f);
		side = cy_rng_below(r, 2);
		p->clogged_until[side] = before_healing(w, w->now + world_span(r, 20 * MINUTE));
		world_say(w, "%s -> %s: clogged", p->side[1 - side]->id, p->side[side]->id);
		break;
	case FAULT_CRASH:
		sim_node_end(s, (enum sim_end)cy_rng_below(r, 3), "ends");
		break;
	case FAULT_READ_FAILS:
		world_say(w, "%s: its store cannot be read", s->id);
		s->store.unreadable = true;
		world_at(w, w->now + world_span(r, MINUTE), on_readable, s, s->life);
		break;
	case FAULT_RESTORE:
		strike_store(w, s);
		break;
	case FAULT_CLOCK_STEP:
		sim_node_set_clock(s, s->wall_offset + (int64_t)cy_rng_below(r, 4 * DAY) - 2 * DAY);
		certs_clock_set(s, world_span(r, 10 * MINUTE));
		break;
	case FAULT_CLOCK_LEAP:
		certs_leap(s, r);
		break;
	case FAULT_CERTIFICATES:
		certs_strike(s, r);
		break;
	case FAULT_SUSPEND:
		s->suspended_until = before_healing(w, w->now + world_span(r, 3 * HOUR));
		world_say(w, "%s is suspended", s->id);
		break;
	case FAULT_DESK_CRASH:
		if (d->running) {
			desk_crash(d);
			world_at(w, w->now + world_span(r, 10 * MINUTE), on_desk_back, d, 0);
		}
		break;
	case FAULT_DESK_STALL:
		d->stalled = true;
		world_at(w, w->now + world_span(r, HOUR), on_desk_back, d, 0);
		break;
	case FAULT_RECONFIGURE:
		s->left_out = s->pairs[cy_rng_below(r, s->n_pairs)];
		s->reconfigured = true;
		sim_clients(&s->wanted, r);
		quotas_raise(s);
		reconfigure(s);
		world_at(w, before_healing(w, w->now + world_span(r, 3 * HOUR)), on_all_peers, s, 0);
		break;
	case FAULT_DAMAGE:
		damage_strike(s, r);
		break;
	case FAULT_BULK_RESET:
		bulk_net_cut(any_pair(w, f));
		break;
	case FAULT_BLOB_FULL:
	case FAULT_BLOB_ROT:
		blobs_strike(s, f, r);
		break;
	default:
		break;
	}
}

static bool strikes(enum sim_fault f)
{
	return f == FAULT_RESET || f == FAULT_PARTITION || f == FAULT_ONE_WAY || f == FAULT_CLOG || f == FAULT_CRASH ||
	       f == FAULT_READ_FAILS || f == FAULT_RESTORE || f == FAULT_CLOCK_STEP || f == FAULT_SUSPEND ||
	       f == FAULT_DESK_CRASH || f == FAULT_DESK_STALL || f == FAULT_RECONFIGURE || f == FAULT_BULK_RESET ||
	       f == FAULT_BLOB_FULL || f == FAULT_BLOB_ROT || f == FAULT_CLOCK_LEAP || f == FAULT_CERTIFICATES ||
	       f == FAULT_DAMAGE;
}

/* Mean time between two strikes at one authority. */
static int64_t strike_mean(const struct world *w, enum sim_fault f)
{
	static const int64_t mean[] = { 0, 8 * DAY, DAY, 3 * HOUR };

	return mean[w->set.level[f]] * (f == FAULT_RESTORE ? 16 : 1) / (f == FAULT_RESTORE ? w->set.restore_rate : 1) /
	       w->set.nodes;
}

static void on_strike(struct world *w, void *arg, uint64_t f)
{
	(void)arg;
	if (w->healed)
		return;
	strike(w, (enum sim_fault)f);
	world_at(w, w->now + world_span(&w->faults[f], strike_mean(w, (enum sim_fault)f)), on_strike, NULL, f);
}

/* All faults end; what was down comes up. */
static void heal(struct world *w)
{
	world_say(w, "all is healed");
	w->healed = true;
	for (size_t i = 0; i < w->n_pairs; i++) {
		struct sim_pair *p = w->pairs[i];

		p->blocked[0] = p->blocked[1] = false;
		p->clogged_until[0] = p->clogged_until[1] = 0;
		p->backoff = p->bulk_backoff = 0;
	}
	for (uint32_t i = 0; i < w->set.nodes; i++) {
		struct sim_node *s = &w->nodes[i];

		s->store.unreadable = false;
		s->suspended_until = 0;
		blobs_heal(s);
		hashed_heal(s);
		if (w->law == NULL)
			certs_heal(s);
		if (s->left_out != NULL)
			on_all_peers(w, s, 0);
		if (s->node == NULL)
			sim_node_start(s);
		for (size_t k = 0; k < SIM_DESKS && w->law == NULL; k++) {
			s->desk[k].stalled = false;
			desk_start(&s->desk[k]);
		}
	}
	if (w->law != NULL)
		law_heal(w);
}

/* --------------------------------------------------------------------- life */

static struct cy_rng stream(const struct world *w, uint64_t which)
{
	struct cy_rng r = { w->set.seed * UINT64_C(0x9e3779b97f4a7c15) + which * UINT64_C(0xd1b54a32d192ed03) };

	cy_rng_next(&r);
	return (struct cy_rng){ cy_rng_next(&r) };
}

static void join(struct world *w, uint32_t a, uint32_t b)
{
	struct sim_pair *p = calloc(1, sizeof *p);
	struct sim_node *side[2] = { &w->nodes[a], &w->nodes[b] };

	CY_ASSERT(p != NULL);
	p->w = w;
	for (size_t i = 0; i < 2; i++) {
		struct sim_node *s = side[i];

		p->side[i] = s;
		s->pairs = realloc(s->pairs, (s->n_pairs + 1) * sizeof *s->pairs);
		CY_ASSERT(s->pairs != NULL);
		s->pairs[s->n_pairs++] = p;
	}
	w->pairs = realloc(w->pairs, (w->n_pairs + 1) * sizeof *w->pairs);
	CY_ASSERT(w->pairs != NULL);
	w->pairs[w->n_pairs++] = p;
}

/* Up to eight authorities all know each other; more stand in a ring with some
 * links across. */
static void make_pairs(struct world *w)
{
	struct cy_rng r = stream(w, 7);
	uint32_t n = w->set.nodes;

	for (uint32_t a = 0; a < n; a++)
		for (uint32_t b = a + 1; b < n; b++)
			if (n <= 8 || b == a + 1 || (a == 0 && b == n - 1) || cy_rng_below(&r, n) < 2)
				join(w, a, b);
}

static void make_nodes(struct world *w)
{
	struct cy_rng drift = stream(w, 6);

	w->nodes = calloc(w->set.nodes, sizeof *w->nodes);
	CY_ASSERT(w->nodes != NULL);
	for (uint32_t i = 0; i < w->set.nodes; i++) {
		struct sim_node *s = &w->nodes[i];

		s->w = w;
		s->index = i;
		snprintf(s->id, sizeof s->id, "A%03u", i);
		s->random = stream(w, 1000 + i);
		certs_new(s);
		if (w->set.level[FAULT_DRIFT] > 0)
			s->drift_ppm = (int32_t)cy_rng_below(&drift, 2000) - 1000;
	}
	make_pairs(w);
	for (uint32_t i = 0; i < w->set.nodes; i++) {
		struct sim_node *s = &w->nodes[i];
		const char **peers = calloc(s->n_pairs + 1, sizeof *peers);

		s->unsure = calloc(s->n_pairs + 1, sizeof *s->unsure);
		s->met_in = calloc(s->n_pairs + 1, sizeof *s->met_in);
		CY_ASSERT(peers != NULL && s->unsure != NULL && s->met_in != NULL);
		for (size_t k = 0; k < s->n_pairs; k++)
			peers[k] = s->pairs[k]->side[s->pairs[k]->side[0] == s]->id;
		mem_store_init(&s->store, peers, s->n_pairs, broken_store, s);
		orders_mem_init(&s->orders, s->id);
		s->store.copies = w->law != NULL && w->set.level[FAULT_RESTORE] == 0;
		free(peers);
		if (w->set.backend == SIM_SQLITE)
			disk_new(s, cy_rng_next(&s->random));
		if (w->set.level[FAULT_EVIDENCE] > 0)
			blobs_new(s);
		for (uint32_t k = 0; k < SIM_DESKS; k++)
			desk_init(&s->desk[k], s, k, cy_rng_next(&s->random));
		sim_clients(&s->wanted, NULL);
		if (w->set.level[FAULT_PROGRAMS] > 0)
			programs_new(s, cy_rng_next(&s->random));
		if (w->set.level[FAULT_QUOTAS] > 0)
			quotas_new(s, cy_rng_next(&s->random));
		if (w->set.level[FAULT_ERASE] > 0)
			erasures_new(s, cy_rng_next(&s->random));
	}
}

static void on_restart(struct world *w, void *arg, uint64_t x)
{
	(void)w;
	(void)x;
	sim_node_end(arg, SIM_ORDERLY, "is stopped in order");
}

static void begin(struct world *w)
{
	if (w->set.sweep) {
		if (w->set.cut > 0)
			disk_fault(&w->nodes[0], VFS_CRASH_CUT, w->set.cut, 0);
		world_at(w, w->set.faulty / 2, on_restart, &w->nodes[0], 0);
	}
	for (uint32_t i = 0; i < w->set.nodes; i++) {
		sim_node_start(&w->nodes[i]);
		for (size_t k = 0; k < SIM_DESKS && w->law == NULL; k++)
			desk_start(&w->nodes[i].desk[k]);
		if (w->set.level[FAULT_RESTORE] > 0)
			world_at(w, world_span(&w->faults[FAULT_RESTORE], 2 * DAY), on_backup, &w->nodes[i], 0);
	}
	for (uint64_t f = 0; f < FAULTS; f++)
		if (strikes((enum sim_fault)f) && w->set.level[f] > 0)
			world_at(w, world_span(&w->faults[f], strike_mean(w, (enum sim_fault)f)), on_strike, NULL, f);
	if (w->law != NULL)
		law_begin(w);
}

#define KEPT_EVERY 509 /* events from one look at what a node keeps of its cases to the next */

static void run_until(struct world *w, int64_t end)
{
	while (w->failure[0] == '\0' && w->n_heap > 0 && w->heap[0].due <= end) {
		struct sim_event e = next_event(w);

		w->now = e.due;
		world_mix(w, &e.due, sizeof e.due);
		world_mix(w, &e.serial, sizeof e.serial);
		e.fn(w, e.arg, e.x);
		if (w->law == NULL)
			oracle_queues(w);
		if (w->events % KEPT_EVERY == 0)
			oracle_kept(&w->nodes[w->events / KEPT_EVERY % w->set.nodes]);
		if (++w->events > EVENTS_MAX + w->set.nodes * EVENTS_MAX / 10)
			world_fail(w, "more than %llu events: something goes round for ever",
				   (unsigned long long)EVENTS_MAX);
	}
	if (w->now < end)
		w->now = end;
}

static void drain(struct world *w)
{
	char why[512] = "";

	for (int64_t end = w->now + DRAIN_WITHIN; w->failure[0] == '\0';) {
		oracle_drained(w, why, sizeof why);
		if (w->law != NULL)
			law_drained(w, why, sizeof why);
		if (why[0] == '\0')
			return;
		if (w->now >= end) {
			world_fail(w, "%lld h after all was healed: %s", (long long)(DRAIN_WITHIN / HOUR), why);
			return;
		}
		run_until(w, w->now + 5 * MINUTE);
	}
}

void world_run(const struct sim_settings *set, FILE *trace, struct world *w)
{
	*w = (struct world){ .set = *set, .trace = trace, .hash = UINT64_C(0xcbf29ce484222325) };
	w->order = stream(w, 1);
	w->net = stream(w, 2);
	w->disk = stream(w, 3);
	w->clock = stream(w, 4);
	w->blobs = stream(w, 8);
	w->bulk = stream(w, 9);
	w->bounds = stream(w, 10);
	bounds_of(w);
	for (uint64_t f = 0; f < FAULTS; f++)
		w->faults[f] = stream(w, 100 + f);
	w->oracle = oracle_new(w);
	if (set->law)
		law_new(w);
	make_nodes(w);
	begin(w);
	run_until(w, set->faulty);
	if (w->failure[0] == '\0') {
		heal(w);
		drain(w);
		/* What was damaged until now hindered nobody else; it is repaired, and all is as it should be. */
		if (w->failure[0] == '\0' && damage_repair(w))
			drain(w);
	}
	if (w->failure[0] == '\0' && w->law != NULL)
		law_final(w);
	else if (w->failure[0] == '\0')
		oracle_final(w);
	if (w->failure[0] == '\0' && w->set.level[FAULT_EVIDENCE] > 0)
		oracle_evidence_final(w);
	for (uint32_t i = 0; i < set->nodes && set->backend == SIM_SQLITE && w->failure[0] == '\0'; i++)
		disk_check(&w->nodes[i]);
	if (set->backend == SIM_SQLITE)
		w->counts.points = disk_points(&w->nodes[0]);
}

/* What is left in the heap owns nothing, signatures excepted. */
void world_free(struct world *w)
{
	for (size_t i = 0; i < w->n_heap; i++)
		certs_forget(&w->heap[i]);
	for (uint32_t i = 0; i < w->set.nodes; i++) {
		struct sim_node *s = &w->nodes[i];

		node_free(s->node);
		drop_commit(s);
		disk_free(s);
		blobs_free(s);
		hashed_free(s);
		for (size_t k = 0; k < SIM_DESKS; k++)
			desk_free(&s->desk[k]);
		programs_free(s);
		erasures_free(s);
		mem_store_free(&s->store);
		orders_mem_free(&s->orders);
		free(s->pairs);
		free(s->unsure);
		free(s->met_in);
		free(s->came);
		certs_free(s);
	}
	for (size_t i = 0; i < w->n_pairs; i++) {
		net_free(w->pairs[i]);
		bulk_net_free(w->pairs[i]);
		free(w->pairs[i]);
	}
	oracle_free(w->oracle);
	law_forget(w);
	contents_free(w);
	free(w->pairs);
	free(w->nodes);
	free(w->heap);
}
