#include "store_mem_internal.h"

#include <search.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "law/clock.h"
#include "store_mem_orders.h"

/* ------------------------------------------------------------------- keys */

static int by_message(const void *x, const void *y)
{
	return strcmp(((const struct mem_message *)x)->row.id, ((const struct mem_message *)y)->row.id);
}

static int by_case(const void *x, const void *y)
{
	const struct store_case *a = &((const struct mem_case *)x)->row, *b = &((const struct mem_case *)y)->row;
	int c = strcmp(a->case_id, b->case_id);

	return c != 0 ? c : strcmp(a->peer, b->peer);
}

static int by_key(const void *x, const void *y)
{
	const struct store_key *a = x, *b = y;
	int c = strcmp(a->client, b->client);

	return c != 0 ? c : strcmp(a->key, b->key);
}

static int by_cursor(const void *x, const void *y)
{
	const struct store_cursor *a = x, *b = y;
	int c = strcmp(a->client, b->client);

	return c != 0 ? c : strcmp(a->name, b->name);
}

static void *find(void *const *root, const void *key, int (*cmp)(const void *, const void *))
{
	void **at = tfind(key, root, cmp);

	return at != NULL ? *at : NULL;
}

static void insert(void **root, const void *row, int (*cmp)(const void *, const void *))
{
	CY_ASSERT(tsearch(row, root, cmp) != NULL);
}

struct mem_peer *mem_store_peer(struct mem_store *s, const char *id)
{
	for (size_t i = 0; i < s->n_peers; i++)
		if (strcmp(s->peers[i].id, id) == 0)
			return &s->peers[i];
	return NULL;
}

struct mem_message *mem_store_message(struct mem_store *s, const char *id)
{
	const struct mem_message key = { .row = { .id = id } };

	return find(&s->messages, &key, by_message);
}

struct mem_case *mem_store_case(struct mem_store *s, const char *peer, const char *case_id)
{
	const struct mem_case key = { .row = { .peer = peer, .case_id = case_id } };

	return find(&s->cases, &key, by_case);
}

/* The first parcel at or after a place. */
static size_t lower_bound(const struct mem_parcels *l, uint64_t epoch, uint64_t sequence)
{
	size_t lo = 0, hi = l->n;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;
		const struct store_parcel *p = &l->at[mid]->row;

		if (p->epoch < epoch || (p->epoch == epoch && p->sequence < sequence))
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

struct mem_parcel *mem_store_parcel(struct mem_store *s, const char *peer, enum store_author author, uint64_t epoch,
				    uint64_t sequence)
{
	struct mem_peer *p = mem_store_peer(s, peer);
	struct mem_parcels *l;
	size_t i;

	if (p == NULL)
		return NULL;
	l = &p->parcels[author];
	i = lower_bound(l, epoch, sequence);
	if (i == l->n || l->at[i]->row.epoch != epoch || l->at[i]->row.sequence != sequence)
		return NULL;
	return l->at[i];
}

/* --------------------------------------------------------------- applying */

void mem_broken(struct mem_store *s, const char *fmt, ...)
{
	char text[300];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	if (s->broken == NULL) {
		fprintf(stderr, "the store: %s\n", text);
		abort();
	}
	s->broken(s->ctx, text);
}

const char *mem_text(struct mem_store *s, const char *new, const char *old)
{
	if (!s->copies)
		return new;
	return old != NULL && strcmp(new, old) == 0 ? old : cy_arena_string(&s->arena, new);
}

static struct cy_bytes bytes(struct mem_store *s, struct cy_bytes new, struct cy_bytes old)
{
	if (!s->copies)
		return new;
	return cy_bytes_equal(new, old) ? old : cy_arena_bytes(&s->arena, new);
}

static void put_meta(struct mem_store *s, const struct store_meta *m)
{
	if (s->has_meta && (m->epoch < s->meta.epoch || m->audit_size < s->meta.audit_size ||
			    (m->wall_mark.ms < s->meta.wall_mark.ms && !s->mark_may_fall)))
		mem_broken(s, "epoch, audit log or wall mark went back");
	if (m->audit_size != s->n_leaves)
		mem_broken(s, "the audit log holds %llu leaves, its size says %llu", (unsigned long long)s->n_leaves,
			   (unsigned long long)m->audit_size);
	s->meta = *m;
	if (s->copies) {
		CY_ASSERT(m->frontier.len <= sizeof s->frontier);
		if (m->frontier.len > 0)
			memcpy(s->frontier, m->frontier.data, m->frontier.len);
		s->meta.frontier = cy_bytes(s->frontier, m->frontier.len);
	}
	s->has_meta = true;
}

static void put_stream(struct mem_store *s, const struct store_stream *row)
{
	struct mem_peer *p = mem_store_peer(s, row->peer);
	const struct store_stream *old = &p->stream;

	if (p->known &&
	    (row->in_epoch < old->in_epoch || (row->in_epoch == old->in_epoch && row->in_held < old->in_held)))
		mem_broken(s, "the receive mark of %s went back", p->id);
	if (p->known && (row->out_epoch < old->out_epoch ||
			 (row->out_epoch == old->out_epoch && row->out_sequence < old->out_sequence)))
		mem_broken(s, "the place to %s went back", p->id);
	if (row->receipted_epoch > row->out_epoch ||
	    (row->receipted_epoch == row->out_epoch && row->out_receipted > row->out_sequence))
		mem_broken(s, "%s receipted more than was sent", p->id);
	{
		const struct store_stream before = p->stream;

		p->stream = *row;
		p->stream.peer = p->id;
		p->stream.head_text = bytes(s, row->head_text, before.head_text);
		p->stream.head_signature = bytes(s, row->head_signature, before.head_signature);
	}
	p->known = true;
}

static void copy_case(struct mem_store *s, struct store_case *to, const struct store_case *row)
{
	const struct store_case old = *to;

	*to = *row;
	to->peer = mem_text(s, row->peer, old.peer);
	to->case_id = mem_text(s, row->case_id, old.case_id);
	to->own_reference = mem_text(s, row->own_reference, old.own_reference);
	to->peer_reference = mem_text(s, row->peer_reference, old.peer_reference);
	to->client = mem_text(s, row->client, old.client);
	to->title = row->title[0] == '\0' && old.title != NULL ? old.title : mem_text(s, row->title, old.title);
	to->instrument = mem_text(s, row->instrument, old.instrument);
	to->state = mem_text(s, row->state, old.state);
	to->terms = bytes(s, row->terms, old.terms);
	to->damaged = false; /* a read says so, no write */
	to->first = old.case_id != NULL ? old.first : STORE_RELAYED;
	to->erased = old.erased;
	to->erased_by = old.erased_by != NULL ? old.erased_by : "";
	to->erased_reason = old.erased_reason != NULL ? old.erased_reason : "";
}

static void put_case(struct mem_store *s, const struct store_case *row)
{
	struct mem_case *c = mem_store_case(s, row->peer, row->case_id);

	if (c == NULL) {
		c = cy_arena_take(&s->arena, sizeof *c);
		c->last = &c->first;
		copy_case(s, &c->row, row);
		insert(&s->cases, c, by_case);
		*s->last_case = c;
		s->last_case = &c->next;
		s->n_cases++;
		return;
	}
	if (row->own_number < c->row.own_number || row->peer_number < c->row.peer_number)
		mem_broken(s, "a number of case %s went back", row->case_id);
	copy_case(s, &c->row, row);
}

static bool is_open(const struct store_message *m)
{
	return m->author == STORE_OWN && m->transport <= STORE_TRANSMITTED;
}

static void open_message(struct mem_store *s, struct mem_message *m)
{
	struct mem_peer *p = mem_store_peer(s, m->row.peer);

	for (size_t i = p->n_open; i-- > 0;)
		if (p->open[i] == m)
			return;
	GROW(p->open, p->n_open, p->cap_open);
	p->open[p->n_open++] = m;
}

static void copy_message(struct mem_store *s, struct store_message *to, const struct store_message *row)
{
	const struct store_message old = *to;

	*to = *row;
	to->id = mem_text(s, row->id, old.id);
	to->peer = mem_text(s, row->peer, old.peer);
	to->case_id = mem_text(s, row->case_id, old.case_id);
	to->void_reason = mem_text(s, row->void_reason, old.void_reason);
	to->client = mem_text(s, row->client, old.client);
	to->fact = bytes(s, row->fact, old.fact);
	to->content = row->content.len == 0 ? old.content : bytes(s, row->content, old.content);
}

/* How far our first message of its case has come. */
static void note_first(struct mem_store *s, const struct store_message *m)
{
	if (m->author == STORE_OWN && m->number == 1)
		mem_store_case(s, m->peer, m->case_id)->row.first = m->transport;
}

static void put_message(struct mem_store *s, const struct store_message *row)
{
	struct mem_message *m = mem_store_message(s, row->id);
	struct mem_case *c = mem_store_case(s, row->peer, row->case_id);

	if (c == NULL) {
		mem_broken(s, "message %s belongs to a case that is not there", row->id);
		return;
	}
	if (m != NULL && (row->author == STORE_PEER || m->row.author != row->author ||
			  strcmp(m->row.peer, row->peer) != 0 || strcmp(m->row.case_id, row->case_id) != 0))
		mem_broken(s, "message %s took effect twice", row->id);
	if (m == NULL) {
		m = cy_arena_take(&s->arena, sizeof *m);
		copy_message(s, &m->row, row);
		m->no = m->turn = ++s->n_messages;
		insert(&s->messages, m, by_message);
		*c->last = m;
		c->last = &m->next;
	} else {
		copy_message(s, &m->row, row);
	}
	for (const struct mem_message *o = c->first; o != NULL && row->number > 0; o = o->next)
		if (o->row.author == row->author && o->row.number > row->number && o->turn < m->turn)
			m->turn = o->turn;
	for (struct mem_message *o = c->first; o != NULL && row->number > 0; o = o->next)
		if (o != m && o->row.author == row->author && o->row.number == row->number)
			mem_broken(s, "number %u of case %s was given twice", row->number, row->case_id);
	note_first(s, &m->row);
	if (is_open(&m->row))
		open_message(s, m);
}

static void mark_message(struct mem_store *s, const struct store_message *row)
{
	struct mem_message *m = mem_store_message(s, row->id);

	if (m == NULL) {
		mem_broken(s, "message %s is marked and not there", row->id);
		return;
	}
	if (m->row.author == STORE_PEER && row->transport < m->row.transport)
		mem_broken(s, "message %s of the peer went back on its way to the client", row->id);
	m->row.transport = row->transport;
	m->row.void_code = row->void_code;
	m->row.void_reason = mem_text(s, row->void_reason, m->row.void_reason);
	m->row.epoch = row->epoch;
	m->row.sequence = row->sequence;
	m->row.index = row->index;
	note_first(s, &m->row);
	if (is_open(&m->row))
		open_message(s, m);
}

static void put_parcel(struct mem_store *s, const struct store_parcel *row)
{
	struct mem_parcels *l = &mem_store_peer(s, row->peer)->parcels[row->author];
	size_t i = lower_bound(l, row->epoch, row->sequence);

	/* An existing one stays as it is. */
	if (mem_store_parcel(s, row->peer, row->author, row->epoch, row->sequence) != NULL)
		return;
	GROW(l->at, l->n, l->cap);
	memmove(l->at + i + 1, l->at + i, (l->n - i) * sizeof *l->at);
	l->n++;
	l->at[i] = cy_arena_take(&s->arena, sizeof *l->at[i]);
	l->at[i]->row = *row;
	l->at[i]->row.peer = mem_text(s, row->peer, NULL);
	l->at[i]->row.manifest = bytes(s, row->manifest, cy_bytes(NULL, 0));
	l->at[i]->row.signature = bytes(s, row->signature, cy_bytes(NULL, 0));
	l->at[i]->row.receipt = bytes(s, row->receipt, cy_bytes(NULL, 0));
	l->at[i]->row.receipt_signature = bytes(s, row->receipt_signature, cy_bytes(NULL, 0));
}

static void put_receipt(struct mem_store *s, const struct store_parcel *row)
{
	struct mem_parcel *p = mem_store_parcel(s, row->peer, row->author, row->epoch, row->sequence);

	if (p == NULL) {
		mem_broken(s, "a receipt for a parcel that is not there");
	} else if (p->row.receipt.len == 0 || row->author == STORE_PEER) {
		p->row.receipt = bytes(s, row->receipt, p->row.receipt);
		p->row.receipt_signature = bytes(s, row->receipt_signature, p->row.receipt_signature);
	}
}

static void dissolve(struct mem_store *s, const struct store_parcel *row)
{
	struct mem_parcel *p = mem_store_parcel(s, row->peer, row->author, row->epoch, row->sequence);

	if (p == NULL || row->author != STORE_OWN)
		mem_broken(s, "a parcel is dissolved that is not there, or not ours");
	else
		p->row.dissolved = true;
}

static void put_event(struct mem_store *s, const struct store_event *row)
{
	struct store_event *e = cy_arena_take(&s->arena, sizeof *e);

	*e = *row;
	e->peer = mem_text(s, row->peer, NULL);
	e->case_id = mem_text(s, row->case_id, NULL);
	e->message_id = mem_text(s, row->message_id, NULL);
	e->client = mem_text(s, row->client, NULL);
	e->own_reference = mem_text(s, row->own_reference, NULL);
	e->text = mem_text(s, row->text, NULL);
	e->case_state = mem_text(s, row->case_state, NULL);
	GROW(s->events, s->n_events, s->cap_events);
	s->events[s->n_events++] = e;
	e->position = s->n_events;
}

static void deliver(struct mem_store *s, const char *client, uint64_t after, uint64_t last)
{
	for (uint64_t i = after; i < last && i < s->n_events; i++) {
		const struct store_event *e = s->events[i];
		struct mem_message *m = mem_store_message(s, e->message_id);

		if (e->type == CY_EVENT_TYPE__MESSAGE_RECEIVED && m != NULL && m->row.author == STORE_PEER &&
		    m->row.transport == STORE_RELAYED && mem_sees((struct store_view){ .client = client }, e->client))
			m->row.transport = STORE_DELIVERED;
	}
}

static void put_cursor(struct mem_store *s, const char *client, const char *name, uint64_t position)
{
	const struct store_cursor key = { client, name, 0 };
	struct store_cursor *c = find(&s->cursors, &key, by_cursor);

	if (c == NULL) {
		c = cy_arena_take(&s->arena, sizeof *c);
		*c = (struct store_cursor){ mem_text(s, client, NULL), mem_text(s, name, NULL), 0 };
		insert(&s->cursors, c, by_cursor);
	}
	if (position < c->position)
		mem_broken(s, "cursor %s went back", name);
	c->position = position;
}

static void move_key(struct mem_store *s, const struct store_key *row)
{
	struct store_key *k = find(&s->keys, row, by_key);

	if (k == NULL)
		mem_broken(s, "idempotency key %s stands for another message, and nobody has used it", row->key);
	else
		k->message_id = mem_text(s, row->message_id, NULL);
}

static void put_key(struct mem_store *s, const struct store_key *row)
{
	struct store_key *k = cy_arena_take(&s->arena, sizeof *k);

	if (find(&s->keys, row, by_key) != NULL)
		mem_broken(s, "idempotency key %s was used twice", row->key);
	*k = *row;
	k->client = mem_text(s, row->client, NULL);
	k->key = mem_text(s, row->key, NULL);
	k->message_id = mem_text(s, row->message_id, NULL);
	insert(&s->keys, k, by_key);
}

/* Its digest stands for it; one that came back after a restore is its own. */
static void spend_key(struct mem_store *s, const struct store_key *used)
{
	const struct cy_digest digest = store_key_digest(used->client, used->key);
	struct store_key spent = { .client = STORE_BY_DIGEST, .key = used->key, .message_id = "", .spent = true }, *row;
	char hex[CY_SHA256_HEX];

	cy_digest_hex(&digest, hex);
	if (strcmp(used->client, STORE_BY_DIGEST) != 0)
		spent.key = cy_arena_string(&s->arena, hex);
	if (tdelete(used, &s->keys, by_key) == NULL)
		mem_broken(s, "idempotency key %s is spent, and nobody has used it", used->key);
	tdelete(&spent, &s->keys, by_key);
	row = cy_arena_take(&s->arena, sizeof *row);
	*row = spent;
	insert(&s->keys, row, by_key);
}

struct keys_of {
	const char *message_id;
	const struct store_key *found;
};

static void find_key_of(const void *node, VISIT visit, void *arg)
{
	struct keys_of *k = arg;
	const struct store_key *row = *(const struct store_key *const *)node;

	if ((visit == postorder || visit == leaf) && strcmp(row->message_id, k->message_id) == 0)
		k->found = row;
}

void mem_spend_keys(struct mem_store *s, const char *message_id)
{
	struct keys_of k;

	do {
		k = (struct keys_of){ message_id, NULL };
		twalk_r(s->keys, find_key_of, &k);
		if (k.found != NULL)
			spend_key(s, k.found);
	} while (k.found != NULL);
}

static void put_leaf(struct mem_store *s, uint64_t index, const struct cy_digest *hash, struct cy_wall at)
{
	if (index != s->n_leaves)
		mem_broken(s, "leaf %llu follows %llu leaves", (unsigned long long)index,
			   (unsigned long long)s->n_leaves);
	GROW(s->leaves, s->n_leaves, s->cap_leaves);
	s->leaves[s->n_leaves++] = (struct mem_leaf){ at, *hash };
}

/* ---------------------------------------------------------------- pruning */

static void drop_cursor(struct mem_store *s, const struct store_cursor *key)
{
	tdelete(key, &s->cursors, by_cursor);
}

static void prune_events(struct mem_store *s, uint64_t until)
{
	if (until > s->n_events || until < s->pruned_events)
		mem_broken(s, "events up to %llu are pruned, of %zu", (unsigned long long)until, s->n_events);
	else
		s->pruned_events = until;
}

static void prune_leaves(struct mem_store *s, uint64_t until)
{
	if (until >= s->n_leaves || until < s->bare_leaves)
		mem_broken(s, "the texts of leaves up to %llu are pruned, of %zu", (unsigned long long)until,
			   s->n_leaves);
	else
		s->bare_leaves = until + 1;
}

static void drop_parcel(struct mem_store *s, const struct store_parcel *row)
{
	struct mem_parcel *p = mem_store_parcel(s, row->peer, row->author, row->epoch, row->sequence);
	struct mem_parcels *l = &mem_store_peer(s, row->peer)->parcels[row->author];
	const size_t i = lower_bound(l, row->epoch, row->sequence);

	if (p == NULL || !p->row.dissolved) {
		mem_broken(s, "a parcel is dropped that is not there, or not dissolved");
		return;
	}
	memmove(l->at + i, l->at + i + 1, (--l->n - i) * sizeof *l->at);
}

static void raise_case(struct mem_store *s, const char *peer, const char *case_id, CyPriority priority)
{
	struct mem_case *c = mem_store_case(s, peer, case_id);

	for (struct mem_message *m = c != NULL ? c->first : NULL; m != NULL; m = m->next)
		if (m->row.author == STORE_OWN && m->row.transport == STORE_QUEUED && m->row.priority < priority)
			m->row.priority = priority;
}

static void raise_all(struct mem_store *s, const char *peer)
{
	for (struct mem_case *c = s->first_case; c != NULL; c = c->next) {
		CyPriority most = CY_PRIORITY__LOW;

		for (struct mem_message *m = c->first; m != NULL; m = m->next)
			if (m->row.author == STORE_OWN && m->row.transport == STORE_QUEUED && m->row.priority > most)
				most = m->row.priority;
		if (strcmp(c->row.peer, peer) == 0)
			raise_case(s, peer, c->row.case_id, most);
	}
}

static void requeue_all(struct mem_store *s, const char *peer)
{
	struct mem_peer *p = mem_store_peer(s, peer);
	struct mem_parcels *l = &p->parcels[STORE_OWN];
	size_t k = 0;

	for (struct mem_case *c = s->first_case; c != NULL; c = c->next)
		for (struct mem_message *x = c->first; x != NULL && strcmp(c->row.peer, peer) == 0; x = x->next) {
			struct store_message *m = &x->row;

			if (m->author != STORE_OWN ||
			    (m->transport != STORE_TRANSMITTED && (m->transport != STORE_FAILED || m->void_code != 0)))
				continue;
			m->transport = STORE_QUEUED;
			m->epoch = m->sequence = m->index = 0;
			note_first(s, m);
			open_message(s, x);
		}
	raise_all(s, peer);
	for (size_t i = 0; i < l->n; i++)
		if (l->at[i]->row.receipt.len > 0)
			l->at[k++] = l->at[i];
	l->n = k;
}

static void put_follow(struct mem_store *s, const struct store_write *w)
{
	struct mem_case *c = mem_store_case(s, w->follow.peer, w->follow.case_id);

	if (c == NULL) {
		mem_broken(s, "a case that is not there follows another one");
		return;
	}
	for (size_t i = 0; i < s->n_follows; i++)
		if (s->follows[i].c == c && strcmp(s->follows[i].follows, w->follow.follows) == 0)
			return;
	GROW(s->follows, s->n_follows, s->cap_follows);
	s->follows[s->n_follows++] = (struct mem_follow){ c, mem_text(s, w->follow.follows, NULL) };
}

static int by_clock(const struct store_clock *a, const struct store_clock *b)
{
	const int name = strcmp(a->name, b->name);

	if (name != 0)
		return name;
	return a->measure != b->measure ? (a->measure > b->measure) - (a->measure < b->measure)
					: (a->notice > b->notice) - (a->notice < b->notice);
}

static void put_clock(struct mem_store *s, const struct store_clock *row)
{
	struct mem_case *c = mem_store_case(s, row->peer, row->case_id);
	struct mem_clock *k, **at;

	if (c == NULL) {
		mem_broken(s, "clock %s belongs to a case that is not there", row->name);
		return;
	}
	for (at = &c->clocks; *at != NULL && by_clock(&(*at)->row, row) < 0; at = &(*at)->next)
		;
	k = *at;
	if (k == NULL || by_clock(&k->row, row) != 0) {
		k = cy_arena_take(&s->arena, sizeof *k);
		k->c = c;
		k->next = *at;
		*at = k;
		GROW(s->clocks, s->n_clocks, s->cap_clocks);
		s->clocks[s->n_clocks++] = k;
		k->row.id = s->n_clocks;
	} else if (row->round < k->row.round || (row->round == k->row.round && row->rungs < k->row.rungs)) {
		mem_broken(s, "a step of clock %s in case %s was taken back", row->name, row->case_id);
	}
	{
		const struct store_clock old = k->row;

		k->row = *row;
		k->row.id = old.id;
		k->row.peer = c->row.peer;
		k->row.case_id = c->row.case_id;
		k->row.name = mem_text(s, row->name, old.name);
		k->row.difference = mem_text(s, row->difference, old.difference);
		k->row.explanation = mem_text(s, row->explanation, old.explanation);
	}
}

static void put_measure(struct mem_store *s, const struct store_measure *row)
{
	struct mem_case *c = mem_store_case(s, row->peer, row->case_id);
	struct mem_measure **at;

	if (c == NULL) {
		mem_broken(s, "measure %u belongs to a case that is not there", row->stat.measure);
		return;
	}
	for (at = &c->measures; *at != NULL && (*at)->row.stat.measure < row->stat.measure; at = &(*at)->next)
		continue;
	if (*at == NULL || (*at)->row.stat.measure != row->stat.measure) {
		struct mem_measure *m = cy_arena_take(&s->arena, sizeof *m);

		m->next = *at;
		*at = m;
	}
	(*at)->row = *row;
}

static void put_hook(struct mem_store *s, const char *id, struct cy_bytes environment)
{
	struct mem_hook *h = cy_arena_take(&s->arena, sizeof *h);

	for (const struct mem_hook *o = s->hooks; o != NULL; o = o->next)
		if (strcmp(o->id, id) == 0)
			mem_broken(s, "hook %s is there twice", id);
	h->id = mem_text(s, id, NULL);
	h->environment = bytes(s, environment, cy_bytes(NULL, 0));
	*s->last_hook = h;
	s->last_hook = &h->next;
}

static void publish(struct mem_store *s, const struct store_write *x)
{
	struct mem_published *p = cy_arena_take(&s->arena, sizeof *p);

	for (const struct mem_published *o = s->published; o != NULL; o = o->next)
		if (strcmp(o->year, x->published.year) == 0)
			mem_broken(s, "the table of %s is published twice", o->year);
	p->year = mem_text(s, x->published.year, NULL);
	p->table = bytes(s, x->published.table, cy_bytes(NULL, 0));
	p->next = s->published;
	s->published = p;
}

static struct mem_profile *mem_profile(const struct mem_store *s, const char *peer, const char *instrument,
				       const char *version)
{
	struct mem_profile *p = s->profiles;

	while (p != NULL && (strcmp(p->peer, peer) != 0 || strcmp(p->instrument, instrument) != 0 ||
			     strcmp(p->version, version) != 0))
		p = p->next;
	return p;
}

static void put_profile(struct mem_store *s, const struct store_write *x)
{
	struct mem_profile *p = mem_profile(s, x->profile.peer, x->profile.instrument, x->profile.version);

	if (p == NULL) {
		p = cy_arena_take(&s->arena, sizeof *p);
		p->peer = mem_text(s, x->profile.peer, NULL);
		p->instrument = mem_text(s, x->profile.instrument, NULL);
		p->version = mem_text(s, x->profile.version, NULL);
		p->next = s->profiles;
		s->profiles = p;
	}
	p->digest = x->profile.digest;
	p->text = bytes(s, x->profile.text, p->text);
}

static void drop_hook(struct mem_store *s, const char *id)
{
	struct mem_hook **at = &s->hooks;

	while (*at != NULL && strcmp((*at)->id, id) != 0)
		at = &(*at)->next;
	if (*at == NULL)
		return;
	*at = (*at)->next;
	if (*at == NULL)
		s->last_hook = at;
}

static void apply(struct mem_store *s, const struct store_writeset *w)
{
	for (const struct store_write *x = w->first; x != NULL; x = x->next) {
		switch (x->op) {
		case STORE_PUT_META:
			put_meta(s, &x->meta);
			break;
		case STORE_PUT_STREAM:
			put_stream(s, &x->stream);
			break;
		case STORE_PUT_CASE:
			put_case(s, &x->case_row);
			break;
		case STORE_PUT_MESSAGE:
			put_message(s, &x->message);
			break;
		case STORE_MARK_MESSAGE:
			mark_message(s, &x->message);
			break;
		case STORE_PUT_PARCEL:
			put_parcel(s, &x->parcel);
			break;
		case STORE_PUT_RECEIPT:
			put_receipt(s, &x->parcel);
			break;
		case STORE_DISSOLVE:
			dissolve(s, &x->parcel);
			break;
		case STORE_PUT_EVENT:
			put_event(s, &x->event);
			break;
		case STORE_PUT_CURSOR:
			put_cursor(s, x->cursor.client, x->cursor.name, x->cursor.position);
			break;
		case STORE_DELIVER:
			deliver(s, x->deliver.client, x->deliver.after, x->deliver.last);
			break;
		case STORE_PUT_KEY:
			put_key(s, &x->key);
			break;
		case STORE_MOVE_KEY:
			move_key(s, &x->key);
			break;
		case STORE_PUT_LEAF:
			put_leaf(s, x->leaf.index, &x->leaf.hash, x->leaf.at);
			break;
		case STORE_DROP_CURSOR:
			drop_cursor(s, &x->cursor);
			break;
		case STORE_PRUNE_EVENTS:
			prune_events(s, x->until);
			break;
		case STORE_PRUNE_LEAVES:
			prune_leaves(s, x->until);
			break;
		case STORE_SPEND_KEY:
			spend_key(s, &x->key);
			break;
		case STORE_DROP_PARCEL:
			drop_parcel(s, &x->parcel);
			break;
		case STORE_PUT_STATEMENT:
			if (mem_store_message(s, x->statement.message_id) == NULL)
				mem_broken(s, "a statement about message %s that is not there",
					   x->statement.message_id);
			break;
		case STORE_RAISE:
			raise_case(s, x->raise.peer, x->raise.case_id, x->raise.priority);
			break;
		case STORE_REQUEUE_ALL:
			requeue_all(s, x->peer);
			break;
		case STORE_PUT_CLOCK:
			put_clock(s, &x->clock);
			break;
		case STORE_PUT_MEASURE:
			put_measure(s, &x->measure);
			break;
		case STORE_PUT_FOLLOW:
			put_follow(s, x);
			break;
		case STORE_PUT_HOOK:
			put_hook(s, x->hook.id, x->hook.environment);
			break;
		case STORE_DROP_HOOK:
			drop_hook(s, x->hook.id);
			break;
		case STORE_PUT_EVIDENCE:
		case STORE_PUT_UPLOAD:
		case STORE_DROP_UPLOAD:
		case STORE_PUT_LEFTOVER:
		case STORE_DROP_LEFTOVER:
		case STORE_PUT_CUSTODY:
		case STORE_COUNT_CUSTODY:
		case STORE_DROP_CUSTODY:
			mem_evidence_apply(s, x);
			break;
		case STORE_ERASE_MESSAGE:
		case STORE_ERASE_CASE:
			mem_erase(s, x);
			break;
		case STORE_PUT_ORDER:
			mem_orders_apply(s, &x->order);
			break;
		case STORE_PUBLISH:
			publish(s, x);
			break;
		case STORE_PUT_PEER_PROFILE:
			put_profile(s, x);
			break;
		}
	}
}

void mem_store_apply(struct mem_store *s, struct store_writeset *w)
{
	GROW(s->log, s->n_log, s->cap_log);
	s->log[s->n_log++] = w;
	apply(s, w);
}

/* ------------------------------------------------------------------- life */

static void no_free(void *row)
{
	(void)row; /* rows live in the arena */
}

static void forget_index(struct mem_store *s)
{
	tdestroy(s->messages, no_free);
	tdestroy(s->cases, no_free);
	tdestroy(s->keys, no_free);
	tdestroy(s->cursors, no_free);
	s->messages = s->cases = s->keys = s->cursors = NULL;
	for (size_t i = 0; i < s->n_peers; i++) {
		struct mem_peer *p = &s->peers[i];

		p->known = false;
		p->stream = (struct store_stream){ .peer = p->id };
		p->n_open = p->parcels[0].n = p->parcels[1].n = 0;
	}
	s->has_meta = false;
	s->meta = (struct store_meta){ 0 };
	s->first_case = NULL;
	s->last_case = &s->first_case;
	s->n_events = s->pruned_events = s->bare_leaves = 0;
	s->n_clocks = s->n_follows = s->n_evidence = s->n_uploads = s->n_leftovers = s->n_custody = s->n_orders = 0;
	s->hooks = NULL;
	s->published = NULL;
	s->profiles = NULL;
	s->last_hook = &s->hooks;
	s->n_leaves = s->n_messages = s->n_cases = 0;
	cy_arena_free(&s->arena);
}

void mem_store_init(struct mem_store *s, const char *const *peers, size_t n_peers,
		    void (*broken_fn)(void *, const char *), void *ctx)
{
	*s = (struct mem_store){ .broken = broken_fn, .ctx = ctx };
	s->peers = calloc(n_peers + 1, sizeof *s->peers);
	CY_ASSERT(s->peers != NULL);
	for (size_t i = 0; i < n_peers; i++)
		CY_ASSERT(cy_copy(s->peers[i].id, sizeof s->peers[i].id, peers[i]) == CY_OK);
	s->n_peers = n_peers;
	forget_index(s);
}

static void forget_log(struct mem_store *s, size_t keep)
{
	while (s->n_log > keep) {
		store_writeset_free(s->log[--s->n_log]);
		free(s->log[s->n_log]);
	}
}

void mem_store_drop_log(struct mem_store *s)
{
	CY_ASSERT(s->copies);
	forget_log(s, 0);
}

void mem_store_finish(struct mem_store *s)
{
	struct store_writeset *w = s->committing;

	s->committing = NULL;
	mem_store_apply(s, w);
}

void mem_store_drop(struct mem_store *s)
{
	if (s->committing == NULL)
		return;
	store_writeset_free(s->committing);
	free(s->committing);
	s->committing = NULL;
}

void mem_store_free(struct mem_store *s)
{
	mem_store_drop(s);
	forget_index(s);
	forget_log(s, 0);
	for (size_t i = 0; i < s->n_peers; i++) {
		free(s->peers[i].open);
		free(s->peers[i].parcels[0].at);
		free(s->peers[i].parcels[1].at);
	}
	free(s->peers);
	free(s->events);
	free(s->leaves);
	free(s->clocks);
	free(s->evidence);
	free(s->uploads);
	free(s->leftovers);
	free(s->custody);
	free(s->orders);
	free(s->log);
}

void mem_store_restore(struct mem_store *s, size_t n)
{
	forget_index(s);
	forget_log(s, n);
	for (size_t i = 0; i < s->n_log; i++)
		apply(s, s->log[i]);
}

/* ---------------------------------------------------------------- reading */

static int read_meta(void *ctx, int (*fn)(void *arg, const struct store_meta *row), void *arg)
{
	struct mem_store *s = ctx;

	return s->unreadable ? CY_ESTORE : fn(arg, &s->meta);
}

static int read_stream(void *ctx, const char *peer, store_stream_fn *fn, void *arg)
{
	struct mem_store *s = ctx;
	struct mem_peer *p = mem_store_peer(s, peer);

	if (s->unreadable)
		return CY_ESTORE;
	return p != NULL && p->known ? fn(arg, &p->stream) : CY_ENOENT;
}

static int read_streams(void *ctx, store_stream_fn *fn, void *arg)
{
	struct mem_store *s = ctx;
	int r = s->unreadable ? CY_ESTORE : CY_OK;

	for (size_t i = 0; i < s->n_peers && r >= 0; i++)
		if (s->peers[i].known)
			r = fn(arg, &s->peers[i].stream);
	return r;
}

static int read_key(void *ctx, const char *client, const char *key, store_key_fn *fn, void *arg)
{
	struct mem_store *s = ctx;
	const struct store_key wanted = { .client = client, .key = key };
	struct store_key *k = find(&s->keys, &wanted, by_key);

	if (s->unreadable)
		return CY_ESTORE;
	return k != NULL ? fn(arg, k) : CY_ENOENT;
}

static int read_cursor(void *ctx, const char *client, const char *name, uint64_t *ret_position)
{
	struct mem_store *s = ctx;
	const struct store_cursor wanted = { client, name, 0 };
	struct store_cursor *c = find(&s->cursors, &wanted, by_cursor);

	if (s->unreadable)
		return CY_ESTORE;
	if (c == NULL)
		return CY_ENOENT;
	*ret_position = c->position;
	return CY_OK;
}

static int see_case(const struct mem_case *c, bool title, store_case_fn *fn, void *arg)
{
	struct store_case row = c->row;

	if (!title)
		row.title = "";
	return fn(arg, &row);
}

static int get_case(void *ctx, const char *peer, const char *case_id, store_case_fn *fn, void *arg)
{
	struct mem_store *s = ctx;
	struct mem_case *c = mem_store_case(s, peer, case_id);

	if (s->unreadable)
		return CY_ESTORE;
	return c != NULL ? see_case(c, false, fn, arg) : CY_ENOENT;
}

bool mem_sees(struct store_view view, const char *client)
{
	return view.client == NULL || strcmp(view.client, client) == 0;
}

/* An id before an own reference, that before one of the peer. */
static bool is_meant(const struct store_case *c, const char *ref, int by)
{
	size_t n = strlen(c->peer);

	if (by == 1)
		return strcmp(c->own_reference, ref) == 0;
	if (by == 2)
		return strcmp(c->peer_reference, ref) == 0;
	if (strncmp(ref, c->peer, n) == 0 && ref[n] == '/')
		ref += n + 1;
	return strcmp(c->case_id, ref) == 0;
}

static int find_case(void *ctx, struct store_view view, const char *ref, store_case_fn *fn, void *arg)
{
	struct mem_store *s = ctx;
	int found = 0, r = CY_OK;

	if (s->unreadable)
		return CY_ESTORE;
	for (int by = 0; by < 3 && found == 0; by++)
		for (struct mem_case *c = s->first_case; c != NULL && found < 2 && r >= 0; c = c->next)
			if (!store_is_unfiled(c->row.case_id) && mem_sees(view, c->row.client) &&
			    is_meant(&c->row, ref, by)) {
				found++;
				r = see_case(c, view.titles, fn, arg);
			}
	return r == CY_OK && found == 0 ? CY_ENOENT : r;
}

static int find_reference(void *ctx, struct store_view view, const char *reference, const char *peer,
			  const char *except, store_case_fn *fn, void *arg)
{
	struct mem_store *s = ctx;

	if (s->unreadable)
		return CY_ESTORE;
	for (struct mem_case *c = s->first_case; c != NULL; c = c->next)
		if (!store_is_unfiled(c->row.case_id) && mem_sees(view, c->row.client) &&
		    is_meant(&c->row, reference, 1) && (peer[0] == '\0' || strcmp(c->row.peer, peer) == 0) &&
		    strcmp(c->row.case_id, except) != 0)
			return see_case(c, false, fn, arg);
	return CY_ENOENT;
}

struct case_list {
	struct mem_case **at;
	size_t n;
};

static void collect_case(const void *node, VISIT visit, void *arg)
{
	struct case_list *l = arg;

	if (visit == postorder || visit == leaf)
		l->at[l->n++] = *(struct mem_case *const *)node;
}

static int list_cases(void *ctx, struct store_view view, const char *peer, bool open_only, const char *after,
		      uint32_t limit, store_case_fn *fn, void *arg)
{
	struct mem_store *s = ctx;
	struct case_list l = { calloc(s->n_cases + 1, sizeof *l.at), 0 };
	int r = CY_OK;

	CY_ASSERT(l.at != NULL);
	twalk_r(s->cases, collect_case, &l);
	for (size_t i = 0; i < l.n && limit > 0 && r >= 0; i++) {
		const struct store_case *c = &l.at[i]->row;

		if (strcmp(c->case_id, after) <= 0 || (peer[0] != '\0' && strcmp(c->peer, peer) != 0) ||
		    (open_only && c->closed) || !mem_sees(view, c->client))
			continue;
		limit--;
		r = see_case(l.at[i], view.titles, fn, arg);
	}
	free(l.at);
	return s->unreadable ? CY_ESTORE : r;
}

static int stale_cases(void *ctx, const char *after_case, const char *after_peer, uint32_t limit, store_case_fn *fn,
		       void *arg)
{
	struct mem_store *s = ctx;
	struct case_list l = { calloc(s->n_cases + 1, sizeof *l.at), 0 };
	int r = s->unreadable ? CY_ESTORE : CY_OK;

	CY_ASSERT(l.at != NULL);
	twalk_r(s->cases, collect_case, &l);
	for (size_t i = 0; i < l.n && limit > 0 && r >= 0; i++) {
		const struct store_case *c = &l.at[i]->row;
		const int order = strcmp(c->case_id, after_case);

		if (!c->stale || order < 0 || (order == 0 && strcmp(c->peer, after_peer) <= 0))
			continue;
		limit--;
		r = see_case(l.at[i], false, fn, arg);
	}
	free(l.at);
	return r;
}

static int following(void *ctx, const char *peer, const char *case_id, CySide side, uint32_t limit, store_case_fn *fn,
		     void *arg)
{
	struct mem_store *s = ctx;
	int r = s->unreadable ? CY_ESTORE : CY_OK;

	for (size_t i = 0; i < s->n_follows && limit > 0 && r >= 0; i++) {
		struct mem_case *c = s->follows[i].c;

		if (strcmp(s->follows[i].follows, case_id) != 0 || strcmp(c->row.peer, peer) != 0 ||
		    strcmp(c->row.case_id, case_id) == 0 || c->row.side != side || strcmp(c->row.state, "VOID") == 0)
			continue;
		limit--;
		r = see_case(c, false, fn, arg);
	}
	return r;
}

static int get_message(void *ctx, const char *id, store_message_fn *fn, void *arg)
{
	struct mem_store *s = ctx;
	struct mem_message *m = mem_store_message(s, id);

	if (s->unreadable)
		return CY_ESTORE;
	return m != NULL ? fn(arg, &m->row) : CY_ENOENT;
}

static int message_row(void *ctx, const char *id, store_message_fn *fn, void *arg)
{
	struct mem_store *s = ctx;
	const struct mem_message *m = mem_store_message(s, id);
	struct store_message row;

	if (s->unreadable)
		return CY_ESTORE;
	if (m == NULL)
		return CY_ENOENT;
	row = m->row;
	row.content = cy_bytes(NULL, 0);
	return fn(arg, &row);
}

static int by_author_number(const void *x, const void *y)
{
	const struct store_message *a = &(*(struct mem_message *const *)x)->row,
				   *b = &(*(struct mem_message *const *)y)->row;

	if (a->author != b->author)
		return a->author < b->author ? -1 : 1;
	return a->number < b->number ? -1 : a->number > b->number;
}

/* Messages of a case above a number, of one author or of both. */
static int sorted(struct mem_store *s, const char *peer, const char *case_id, bool peers_only, uint32_t after,
		  store_message_fn *fn, void *arg)
{
	struct mem_case *c = mem_store_case(s, peer, case_id);
	struct mem_message **at;
	size_t n = 0, k = 0;
	int r = CY_OK;

	if (s->unreadable)
		return CY_ESTORE;
	for (struct mem_message *m = c != NULL ? c->first : NULL; m != NULL; m = m->next)
		n++;
	at = calloc(n + 1, sizeof *at);
	CY_ASSERT(at != NULL);
	for (struct mem_message *m = n > 0 ? c->first : NULL; m != NULL; m = m->next)
		if (m->row.number > after && (!peers_only || m->row.author == STORE_PEER))
			at[k++] = m;
	qsort(at, k, sizeof *at, by_author_number);
	for (size_t i = 0; i < k && r >= 0; i++)
		r = fn(arg, &at[i]->row);
	free(at);
	return r;
}

static int case_messages(void *ctx, const char *peer, const char *case_id, store_message_fn *fn, void *arg)
{
	return sorted(ctx, peer, case_id, false, 0, fn, arg);
}

static int peer_messages(void *ctx, const char *peer, const char *case_id, uint32_t after, store_message_fn *fn,
			 void *arg)
{
	return sorted(ctx, peer, case_id, true, after, fn, arg);
}

static int by_digest(const void *x, const void *y)
{
	const struct mem_message *a = *(struct mem_message *const *)x, *b = *(struct mem_message *const *)y;

	return memcmp(a->row.digest.b, b->row.digest.b, sizeof a->row.digest.b);
}

static bool is_judged(const struct store_message *m, enum store_author author)
{
	return m->author == author && (author == STORE_PEER || m->transport == STORE_RELAYED) &&
	       (m->void_code == 0 || m->void_code == CY_REJECTION_CODE__NUMBER_REUSED ||
		m->void_code == CY_REJECTION_CODE__UNSEEN || m->void_code == CY_REJECTION_CODE__TRANSITION_NOT_ALLOWED);
}

static int judged_messages(void *ctx, const char *peer, const char *case_id, enum store_author author,
			   store_message_fn *fn, void *arg)
{
	struct mem_store *s = ctx;
	struct mem_case *c = mem_store_case(s, peer, case_id);
	struct mem_message **at;
	size_t n = 0;
	int r = CY_OK;

	if (s->unreadable)
		return CY_ESTORE;
	for (struct mem_message *m = c != NULL ? c->first : NULL; m != NULL; m = m->next)
		n += is_judged(&m->row, author);
	at = calloc(n + 1, sizeof *at);
	CY_ASSERT(at != NULL);
	n = 0;
	for (struct mem_message *m = c != NULL ? c->first : NULL; m != NULL; m = m->next)
		if (is_judged(&m->row, author))
			at[n++] = m;
	qsort(at, n, sizeof *at, by_digest);
	for (size_t i = 0; i < n && r >= 0; i++)
		r = fn(arg, &at[i]->row);
	free(at);
	return r;
}

static int by_urgency(const void *x, const void *y)
{
	const struct mem_message *a = *(struct mem_message *const *)x, *b = *(struct mem_message *const *)y;

	if (a->row.priority != b->row.priority)
		return a->row.priority > b->row.priority ? -1 : 1;
	if (a->turn != b->turn)
		return a->turn < b->turn ? -1 : 1;
	return a->row.number < b->row.number ? -1 : a->row.number > b->row.number;
}

/* Drop from the list of open messages what is settled. */
static void tidy(struct mem_peer *p)
{
	size_t k = 0;

	for (size_t i = 0; i < p->n_open; i++)
		if (is_open(&p->open[i]->row))
			p->open[k++] = p->open[i];
	p->n_open = k;
}

static int waiting(void *ctx, const char *peer, uint32_t limit, store_message_fn *fn, void *arg)
{
	struct mem_store *s = ctx;
	struct mem_peer *p = mem_store_peer(s, peer);
	struct mem_message **at;
	size_t n = 0;
	int r = CY_OK;

	if (s->unreadable)
		return CY_ESTORE;
	tidy(p);
	at = calloc(p->n_open + 1, sizeof *at);
	CY_ASSERT(at != NULL);
	for (size_t i = 0; i < p->n_open; i++)
		if (p->open[i]->row.transport == STORE_QUEUED)
			at[n++] = p->open[i];
	qsort(at, n, sizeof *at, by_urgency);
	for (size_t i = 0; i < n && i < limit && r >= 0; i++)
		r = fn(arg, &at[i]->row);
	free(at);
	return r;
}

static int by_created(const void *x, const void *y)
{
	const struct mem_message *a = *(struct mem_message *const *)x, *b = *(struct mem_message *const *)y;

	if (a->row.created.ms != b->row.created.ms)
		return a->row.created.ms < b->row.created.ms ? -1 : 1;
	return strcmp(a->row.id, b->row.id);
}

static bool may_expire(const struct store_message *row, struct cy_wall before, struct cy_wall after,
		       const char *after_id)
{
	if (row->transport == STORE_QUEUED && row->sequence != 0)
		return false;
	return row->created.ms < before.ms &&
	       (row->created.ms > after.ms || (row->created.ms == after.ms && strcmp(row->id, after_id) > 0));
}

static int undelivered(void *ctx, struct cy_wall before, struct cy_wall after, const char *after_id, uint32_t limit,
		       store_message_fn *fn, void *arg)
{
	struct mem_store *s = ctx;
	struct mem_message **at;
	size_t n = 0, most = 1;
	int r = CY_OK;

	if (s->unreadable)
		return CY_ESTORE;
	for (size_t i = 0; i < s->n_peers; i++) {
		tidy(&s->peers[i]);
		most += s->peers[i].n_open;
	}
	at = calloc(most, sizeof *at);
	CY_ASSERT(at != NULL);
	for (size_t i = 0; i < s->n_peers; i++)
		for (size_t k = 0; k < s->peers[i].n_open; k++)
			if (may_expire(&s->peers[i].open[k]->row, before, after, after_id))
				at[n++] = s->peers[i].open[k];
	qsort(at, n, sizeof *at, by_created);
	for (size_t i = 0; i < n && i < limit && r >= 0; i++)
		r = fn(arg, &at[i]->row);
	free(at);
	return r;
}

static int get_parcel(void *ctx, const char *peer, enum store_author author, uint64_t epoch, uint64_t sequence,
		      store_parcel_fn *fn, void *arg)
{
	struct mem_store *s = ctx;
	struct mem_parcel *p = mem_store_parcel(s, peer, author, epoch, sequence);

	if (s->unreadable)
		return CY_ESTORE;
	return p != NULL ? fn(arg, &p->row) : CY_ENOENT;
}

static int parcels(void *ctx, const char *peer, enum store_author author, uint64_t epoch, uint64_t sequence,
		   uint32_t limit, store_parcel_fn *fn, void *arg)
{
	struct mem_store *s = ctx;
	const struct mem_parcels *l = &mem_store_peer(s, peer)->parcels[author];
	int r = CY_OK;

	if (s->unreadable)
		return CY_ESTORE;
	for (size_t i = lower_bound(l, epoch, sequence + 1); i < l->n && limit > 0 && r >= 0; i++) {
		if (l->at[i]->row.dissolved)
			continue;
		limit--;
		r = fn(arg, &l->at[i]->row);
	}
	return r;
}

static int events(void *ctx, struct store_view view, uint64_t after, uint32_t limit, store_event_fn *fn, void *arg)
{
	struct mem_store *s = ctx;
	const struct mem_case *c;
	struct store_event row;
	int r = CY_OK;

	if (s->unreadable)
		return CY_ESTORE;
	for (size_t i = after > s->pruned_events ? after : s->pruned_events; i < s->n_events && limit > 0 && r >= 0;
	     i++) {
		if (!mem_sees(view, s->events[i]->client))
			continue;
		row = *s->events[i];
		c = mem_store_case(s, row.peer, row.case_id);
		row.peer_reference = c != NULL ? c->row.peer_reference : "";
		limit--;
		r = fn(arg, &row);
	}
	return r;
}

static int last_event(void *ctx, uint64_t *ret_position)
{
	struct mem_store *s = ctx;

	*ret_position = s->n_events;
	return s->unreadable ? CY_ESTORE : CY_OK;
}

static int pruned_events(void *ctx, uint64_t *ret_position)
{
	struct mem_store *s = ctx;

	*ret_position = s->pruned_events;
	return s->unreadable ? CY_ESTORE : CY_OK;
}

/* Rows of a tree, in order. */
struct row_list {
	const void **at;
	size_t n, cap;
};

static void collect_row(const void *node, VISIT visit, void *arg)
{
	struct row_list *l = arg;

	if (visit != postorder && visit != leaf)
		return;
	GROW(l->at, l->n, l->cap);
	l->at[l->n++] = *(const void *const *)node;
}

static int cursors(void *ctx, store_cursor_fn *fn, void *arg)
{
	struct mem_store *s = ctx;
	struct row_list l = { 0 };
	int r = s->unreadable ? CY_ESTORE : CY_OK;

	twalk_r(s->cursors, collect_row, &l);
	for (size_t i = 0; i < l.n && r >= 0; i++)
		r = fn(arg, l.at[i]);
	free(l.at);
	return r;
}

static int by_age(const void *x, const void *y)
{
	const struct store_key *a = *(const struct store_key *const *)x, *b = *(const struct store_key *const *)y;

	return a->at.ms < b->at.ms ? -1 : a->at.ms > b->at.ms ? 1 : by_key(a, b);
}

static int old_keys(void *ctx, struct cy_wall before, uint32_t limit, store_key_fn *fn, void *arg)
{
	struct mem_store *s = ctx;
	struct row_list l = { 0 };
	int r = s->unreadable ? CY_ESTORE : CY_OK;

	twalk_r(s->keys, collect_row, &l);
	if (l.n > 0)
		qsort(l.at, l.n, sizeof *l.at, by_age);
	for (size_t i = 0; i < l.n && limit > 0 && r >= 0; i++) {
		const struct store_key *k = l.at[i];

		if (k->spent || k->at.ms >= before.ms)
			continue;
		limit--;
		r = fn(arg, k);
	}
	free(l.at);
	return r;
}

static int leaf_texts(void *ctx, uint32_t limit, store_leaf_fn *fn, void *arg)
{
	struct mem_store *s = ctx;
	int r = s->unreadable ? CY_ESTORE : CY_OK;

	for (size_t i = s->bare_leaves; i < s->n_leaves && limit > 0 && r >= 0; i++, limit--)
		r = fn(arg, i, s->leaves[i].at);
	return r;
}

static void collect_rejected(const void *node, VISIT visit, void *arg)
{
	const struct store_message *m = &(*(const struct mem_message *const *)node)->row;

	if (m->author == STORE_PEER && m->void_code != 0 && m->erasure == STORE_KEPT)
		collect_row(node, visit, arg);
}

static int rejected(void *ctx, const char *after_id, uint32_t limit, store_message_fn *fn, void *arg)
{
	struct mem_store *s = ctx;
	struct row_list l = { 0 };
	int r = s->unreadable ? CY_ESTORE : CY_OK;

	twalk_r(s->messages, collect_rejected, &l);
	for (size_t i = 0; i < l.n && limit > 0 && r >= 0; i++) {
		const struct store_message *m = &((const struct mem_message *)l.at[i])->row;

		if (strcmp(m->id, after_id) <= 0)
			continue;
		limit--;
		r = fn(arg, m);
	}
	free(l.at);
	return r;
}

static int by_arrival(const void *x, const void *y)
{
	const struct mem_message *a = *(struct mem_message *const *)x, *b = *(struct mem_message *const *)y;

	if (a->row.unread.ms != b->row.unread.ms)
		return a->row.unread.ms < b->row.unread.ms ? -1 : 1;
	return strcmp(a->row.id, b->row.id);
}

static void collect_unread(const void *node, VISIT visit, void *arg)
{
	const struct store_message *m = &(*(const struct mem_message *const *)node)->row;

	if (m->unread.ms > 0 && m->transport == STORE_RELAYED && m->void_code == 0 && m->erasure == STORE_KEPT)
		collect_row(node, visit, arg);
}

static int unread(void *ctx, struct cy_wall after, const char *after_id, uint32_t limit, store_message_fn *fn,
		  void *arg)
{
	struct mem_store *s = ctx;
	struct row_list l = { 0 };
	int r = s->unreadable ? CY_ESTORE : CY_OK;

	twalk_r(s->messages, collect_unread, &l);
	if (l.n > 0)
		qsort(l.at, l.n, sizeof *l.at, by_arrival);
	for (size_t i = 0; i < l.n && limit > 0 && r >= 0; i++) {
		const struct store_message *m = &((const struct mem_message *)l.at[i])->row;

		if (m->unread.ms < after.ms || (m->unread.ms == after.ms && strcmp(m->id, after_id) <= 0))
			continue;
		limit--;
		r = fn(arg, m);
	}
	free(l.at);
	return r;
}

static int by_making(const void *x, const void *y)
{
	const struct store_parcel *a = *(const struct store_parcel *const *)x;
	const struct store_parcel *b = *(const struct store_parcel *const *)y;
	const int peer = strcmp(a->peer, b->peer);

	if (a->made.ms != b->made.ms)
		return a->made.ms < b->made.ms ? -1 : 1;
	if (peer != 0)
		return peer;
	if (a->epoch != b->epoch)
		return a->epoch < b->epoch ? -1 : 1;
	return a->sequence < b->sequence ? -1 : a->sequence > b->sequence;
}

static int dissolved(void *ctx, struct cy_wall before, const struct store_parcel *after, uint32_t limit,
		     store_parcel_fn *fn, void *arg)
{
	struct mem_store *s = ctx;
	struct row_list l = { 0 };
	int r = s->unreadable ? CY_ESTORE : CY_OK;

	for (size_t i = 0; i < s->n_peers; i++)
		for (size_t k = 0; k < s->peers[i].parcels[STORE_OWN].n; k++) {
			const struct store_parcel *p = &s->peers[i].parcels[STORE_OWN].at[k]->row;

			if (!p->dissolved || p->made.ms >= before.ms || by_making(&p, &after) <= 0)
				continue;
			GROW(l.at, l.n, l.cap);
			l.at[l.n++] = p;
		}
	if (l.n > 0)
		qsort(l.at, l.n, sizeof *l.at, by_making);
	for (size_t i = 0; i < l.n && i < limit && r >= 0; i++)
		r = fn(arg, l.at[i]);
	free(l.at);
	return r;
}

static int counts(void *ctx, struct store_counts *ret_counts)
{
	struct mem_store *s = ctx;

	*ret_counts = (struct store_counts){ s->n_cases, s->n_messages };
	return s->unreadable ? CY_ESTORE : CY_OK;
}

static int peer_counts(void *ctx, const char *peer, struct store_peer_counts *ret_counts)
{
	struct mem_store *s = ctx;
	struct mem_peer *p = mem_store_peer(s, peer);

	*ret_counts = (struct store_peer_counts){ 0 };
	tidy(p);
	for (size_t i = 0; i < p->n_open; i++) {
		const struct store_message *m = &p->open[i]->row;

		if (m->transport > STORE_TRANSMITTED)
			continue;
		if (ret_counts->waiting++ == 0 || m->created.ms < ret_counts->oldest.ms)
			ret_counts->oldest = m->created;
	}
	for (size_t i = 0; i < p->parcels[STORE_OWN].n; i++)
		ret_counts->in_flight += p->parcels[STORE_OWN].at[i]->row.receipt.len == 0 &&
					 !p->parcels[STORE_OWN].at[i]->row.dissolved;
	return s->unreadable ? CY_ESTORE : CY_OK;
}

/* How far our message has come that starts what the peer owes. */
static enum store_transport starter(const struct mem_case *c, const struct store_clock *row)
{
	const struct mem_message *m = c->first;

	if (row->ours || (row->notice == 0 && c->row.side != CY_SIDE__REQUESTING))
		return STORE_RELAYED;
	while (m != NULL && (m->row.author != STORE_OWN || m->row.number != (row->notice > 0 ? row->notice : 1)))
		m = m->next;
	return m != NULL ? m->row.transport : STORE_RELAYED;
}

static int tell_clock(const struct mem_clock *k, store_clock_fn *fn, void *arg)
{
	struct store_clock row = k->row;

	row.starter = starter(k->c, &k->row);
	row.side = k->c->row.side;
	row.own_reference = k->c->row.own_reference;
	row.peer_reference = k->c->row.peer_reference;
	row.client = k->c->row.client;
	row.terms = k->c->row.terms;
	return fn(arg, &row);
}

static int case_clocks(void *ctx, struct store_view view, const char *peer, const char *case_id, store_clock_fn *fn,
		       void *arg)
{
	struct mem_store *s = ctx;
	struct mem_case *c = mem_store_case(s, peer, case_id);
	int r = s->unreadable ? CY_ESTORE : CY_OK;

	if (c == NULL || !mem_sees(view, c->row.client))
		return r;
	for (const struct mem_clock *k = c->clocks; k != NULL && r >= 0; k = k->next)
		r = tell_clock(k, fn, arg);
	return r;
}

static int get_clock(void *ctx, struct store_view view, uint64_t id, store_clock_fn *fn, void *arg)
{
	struct mem_store *s = ctx;

	if (s->unreadable)
		return CY_ESTORE;
	if (id == 0 || id > s->n_clocks || !mem_sees(view, s->clocks[id - 1]->c->row.client))
		return CY_ENOENT;
	return tell_clock(s->clocks[id - 1], fn, arg);
}

static int next_clock(void *ctx, struct cy_wall *ret_at)
{
	struct mem_store *s = ctx;
	int64_t at = 0;

	for (size_t i = 0; i < s->n_clocks; i++) {
		const int64_t next = s->clocks[i]->row.next.ms;

		if (next > 0 && (at == 0 || next < at))
			at = next;
	}
	*ret_at = (struct cy_wall){ at };
	return s->unreadable ? CY_ESTORE : CY_OK;
}

/* The first after (ms, id) by `due`, or by `next`; NULL: none. */
static const struct mem_clock *clock_after(const struct mem_store *s, bool due, int64_t ms, uint64_t id)
{
	const struct mem_clock *best = NULL;
	int64_t first = 0;

	for (size_t i = 0; i < s->n_clocks; i++) {
		const struct mem_clock *k = s->clocks[i];
		const int64_t at = due ? k->row.due.ms : k->row.next.ms;

		if (due ? k->row.state != 1 && k->row.state != 2 : at == 0)
			continue;
		if (at < ms || (at == ms && k->row.id <= id) || (best != NULL && at >= first))
			continue;
		best = k;
		first = at;
	}
	return best;
}

static int next_clocks(void *ctx, struct cy_wall now, uint32_t limit, store_clock_fn *fn, void *arg)
{
	struct mem_store *s = ctx;
	const struct mem_clock *k = clock_after(s, false, 0, 0);
	int r = s->unreadable ? CY_ESTORE : CY_OK;

	for (; k != NULL && k->row.next.ms <= now.ms && limit > 0 && r >= 0; limit--) {
		r = tell_clock(k, fn, arg);
		k = clock_after(s, false, k->row.next.ms, k->row.id);
	}
	return r;
}

static int open_clocks(void *ctx, struct store_view view, const char *peer, struct cy_wall after, uint64_t after_id,
		       struct cy_wall until, uint32_t limit, store_clock_fn *fn, void *arg)
{
	struct mem_store *s = ctx;
	const struct mem_clock *k = clock_after(s, true, after.ms, after_id);
	int r = s->unreadable ? CY_ESTORE : CY_OK;

	for (; k != NULL && k->row.due.ms <= until.ms && limit > 0 && r >= 0;
	     k = clock_after(s, true, k->row.due.ms, k->row.id)) {
		if ((peer[0] != '\0' && strcmp(peer, k->row.peer) != 0) || !mem_sees(view, k->c->row.client))
			continue;
		limit--;
		r = tell_clock(k, fn, arg);
	}
	return r;
}

static void count_clocks(const struct mem_case *c, struct law_stat *stat, struct cy_wall now)
{
	for (const struct mem_clock *k = c->clocks; k != NULL; k = k->next) {
		const struct store_clock *row = &k->row;
		struct law_limits *l = row->measure > 0 ? &stat->limits[row->ours] : &stat->request_limits[row->ours];

		if (!row->breach || (row->measure > 0 && row->measure != stat->measure))
			continue;
		if (row->state == LAW_CLOCK_MET && (row->due.ms == 0 || row->ended.ms <= row->due.ms)) {
			l->in_time++;
			continue;
		}
		if (row->state == LAW_CLOCK_MET)
			l->late++;
		else if (store_received(starter(c, row)) && row->due.ms > 0 &&
			 ((row->state == LAW_CLOCK_RUNNING && row->due.ms < now.ms) ||
			  (row->state == LAW_CLOCK_CEASED && row->due.ms < row->ended.ms)))
			l->lapsed++;
		else
			continue;
		l->excused += row->excused.ms > 0;
	}
}

struct law_stat mem_stat(const struct mem_case *c, const struct mem_measure *m, uint64_t request, struct cy_wall now)
{
	struct law_stat stat = m->row.stat;

	stat.request = request;
	stat.side = c->row.side;
	count_clocks(c, &stat, now);
	return stat;
}

/* The first one after q->after; NULL: none. */
static const struct mem_measure *measure_after(const struct mem_store *s, struct store_view view,
					       const struct store_measure_query *q, const struct mem_case **ret_case,
					       uint64_t *ret_no)
{
	const struct mem_measure *best = NULL;
	uint64_t no = 0;

	for (const struct mem_case *c = s->first_case; c != NULL; c = c->next) {
		no++;
		if (!mem_sees(view, c->row.client) || (q->peer[0] != '\0' && strcmp(q->peer, c->row.peer) != 0) ||
		    (q->instrument[0] != '\0' && strcmp(q->instrument, c->row.instrument) != 0))
			continue;
		for (const struct mem_measure *m = c->measures; m != NULL; m = m->next) {
			const struct law_stat *x = &m->row.stat;

			if (x->sent_ms >= q->until.ms || (q->type > 0 && q->type != x->type) ||
			    x->sent_ms < q->after.sent_ms ||
			    (x->sent_ms == q->after.sent_ms &&
			     (no < q->after.request || (no == q->after.request && x->measure <= q->after.measure))) ||
			    (best != NULL && x->sent_ms >= best->row.stat.sent_ms))
				continue;
			best = m;
			*ret_case = c;
			*ret_no = no;
		}
	}
	return best;
}

static int measures(void *ctx, struct store_view view, const struct store_measure_query *q, store_measure_fn *fn,
		    void *arg)
{
	struct mem_store *s = ctx;
	struct store_measure_query at = *q;
	const struct mem_measure *m;
	const struct mem_case *c = NULL;
	uint64_t no = 0;
	int r = s->unreadable ? CY_ESTORE : CY_OK;

	while (r >= 0 && at.limit-- > 0 && (m = measure_after(s, view, &at, &c, &no)) != NULL) {
		struct store_measure row = m->row;

		row.stat = mem_stat(c, m, no, q->now);
		at.after.sent_ms = row.stat.sent_ms;
		at.after.request = no;
		at.after.measure = row.stat.measure;
		r = fn(arg, &row);
	}
	return r;
}

static int hooks(void *ctx, uint32_t limit, store_bytes_fn *fn, void *arg)
{
	struct mem_store *s = ctx;
	int r = s->unreadable ? CY_ESTORE : CY_OK;

	for (const struct mem_hook *h = s->hooks; h != NULL && limit > 0 && r >= 0; h = h->next, limit--)
		r = fn(arg, h->id, h->environment);
	return r;
}

static int published(void *ctx, const char *year, store_bytes_fn *fn, void *arg)
{
	const struct mem_store *s = ctx;

	for (const struct mem_published *p = s->published; p != NULL && !s->unreadable; p = p->next)
		if (strcmp(p->year, year) == 0)
			return fn(arg, p->year, p->table);
	return s->unreadable ? CY_ESTORE : CY_ENOENT;
}

static int peer_profile(void *ctx, const char *peer, const char *instrument, const char *version, store_bytes_fn *fn,
			void *arg)
{
	const struct mem_store *s = ctx;
	const struct mem_profile *p = mem_profile(s, peer, instrument, version);
	char hex[CY_SHA256_HEX];

	if (s->unreadable)
		return CY_ESTORE;
	if (p == NULL)
		return CY_ENOENT;
	cy_digest_hex(&p->digest, hex);
	return fn(arg, hex, p->text);
}

static int commit(void *ctx, struct store_writeset *w)
{
	struct mem_store *s = ctx;

	if (s->committing != NULL)
		return CY_EAGAIN;
	s->committing = w;
	return CY_OK;
}

void mem_store_port(struct mem_store *s, struct store_port *ret_port)
{
	*ret_port = (struct store_port){ .ctx = s,
					 .commit = commit,
					 .meta = read_meta,
					 .stream = read_stream,
					 .streams = read_streams,
					 .key = read_key,
					 .cursor = read_cursor,
					 .get_case = get_case,
					 .find_case = find_case,
					 .find_reference = find_reference,
					 .list_cases = list_cases,
					 .stale_cases = stale_cases,
					 .following = following,
					 .get_message = get_message,
					 .message_row = message_row,
					 .case_messages = case_messages,
					 .waiting = waiting,
					 .undelivered = undelivered,
					 .unread = unread,
					 .get_parcel = get_parcel,
					 .parcels = parcels,
					 .peer_messages = peer_messages,
					 .judged_messages = judged_messages,
					 .events = events,
					 .last_event = last_event,
					 .pruned_events = pruned_events,
					 .cursors = cursors,
					 .old_keys = old_keys,
					 .leaf_texts = leaf_texts,
					 .dissolved = dissolved,
					 .rejected = rejected,
					 .case_clocks = case_clocks,
					 .get_clock = get_clock,
					 .next_clocks = next_clocks,
					 .next_clock = next_clock,
					 .open_clocks = open_clocks,
					 .measures = measures,
					 .published = published,
					 .hooks = hooks,
					 .peer_profile = peer_profile,
					 .counts = counts,
					 .peer_counts = peer_counts };
	mem_orders_port(ret_port);
	mem_evidence_port(ret_port);
}
