/* The blobs port in memory: parts with a mark that a crash goes back to, contents, and a
 * worker that is slow, has no room, fails, and finds changed bytes. What was asked for is
 * done in order; between what is done and what is told there is time for a crash. */
#include <stdlib.h>
#include <string.h>

#include "audit/tree.h"
#include "sim.h"

struct piece {
	const uint8_t *data; /* a pattern, or `own` */
	uint8_t *own;
	size_t len;
};

struct part {
	struct part *next;
	char name[BLOB_NAME_MAX + 1];
	bool open; /* since the last start */
	bool pulled;
	struct blob_id expected;
	uint64_t end, mark;
	uint64_t size; /* that it will have; 0: not known, or nobody goes on with it */
	int64_t since; /* UTC */
	struct piece pieces[SIM_CHUNKS_MAX];
	size_t n;
	int stuck; /* what the last append failed with */
};

struct kept {
	struct kept *next;
	struct blob_id id;
	struct sim_tree tree;
	struct piece pieces[SIM_CHUNKS_MAX];
	size_t n;
	/* What the disk did to it: a bit of its last chunk has changed, that chunk is cut off, the file is lost. */
	enum {
		WELL,
		ROTTEN,
		CUT,
		LOST
	} harm;
};

/* What became of the bytes of a content, whether it is there or not. */
struct history {
	struct history *next;
	struct cy_digest sha256;
	int64_t hashed; /* when all of them were hashed last and were right, since the start; -1: never */
	int64_t harmed; /* when the disk last did something to them; -1: never */
	int64_t lost;   /* when it last gave nothing back, at two checks one after the other; -1: never */
	bool failed;    /* at the last check */
};

enum what {
	OPEN,
	APPEND,
	FINISH,
	DROP,
	RELEASE,
	READ,
	VERIFY,
	LIST,
	DESTROY
};
static const char *const what_name[] = { "open", "append to", "finish", "drop",   "release",
					 "read", "verify",    "list",   "destroy" };

struct task {
	struct task *next;
	enum what what;
	char part[BLOB_NAME_MAX + 1];
	uint64_t size, offset; /* offset: the chunk of a read */
	struct blob_id id;
	bool expects, again, verify;
	struct blob_bytes data;
	size_t n_path;
	struct cy_digest path[CY_CHUNK_PATH_MAX];
	struct blob_result result;
};

/* An upload or a pull has become content, and no row is known to have it. */
struct seal {
	struct seal *next;
	bool pulled;
	char part[BLOB_NAME_MAX + 1];
	struct cy_digest sha256;
};

struct sim_blobs {
	struct sim_node *s;
	struct seal *seals;
	struct history *histories;
	struct part *parts;
	struct kept *kept;
	struct task *first, **last;       /* to be done */
	struct task *ended, **last_ended; /* done, and not told */
	bool busy, refused;
	size_t waits; /* appends and reads that were not told */
	int64_t full_until;
};

/* -------------------------------------------------------------------- buffers */

/* Of a chunk that was read; they are used again. */
struct buffer {
	struct buffer *next;
	bool small;
	uint8_t data[];
};
#define SMALL 1024u
static struct buffer *spare[2];

static void put_back(void *owner)
{
	struct buffer *b = owner;

	b->next = spare[b->small];
	spare[b->small] = b;
}

struct blob_bytes sim_buffer(size_t len)
{
	const bool small = len <= SMALL;
	struct buffer *b = spare[small];

	if (b != NULL)
		spare[small] = b->next;
	else
		b = malloc(sizeof *b + BLOB_HEADROOM + (small ? SMALL : CY_FRAME_MAX));
	CY_ASSERT(b != NULL && len <= CY_FRAME_MAX);
	b->small = small;
	return (struct blob_bytes){ .data = b->data + BLOB_HEADROOM, .len = len, .release = put_back, .owner = b };
}

/* --------------------------------------------------------------------- pieces */

static void piece_free(struct piece *p)
{
	free(p->own);
	*p = (struct piece){ 0 };
}

static void piece_add(struct piece *p, struct cy_bytes data)
{
	const uint8_t *same;

	CY_ASSERT(p->len + data.len <= CY_CHUNK);
	same = p->len == 0 ? contents_same(data) : NULL;
	if (same == NULL) {
		uint8_t *own = realloc(p->own, p->len + data.len + 1);

		CY_ASSERT(own != NULL);
		if (p->own == NULL && p->len > 0)
			memcpy(own, p->data, p->len);
		if (data.len > 0)
			memcpy(own + p->len, data.data, data.len);
		p->data = p->own = own;
		p->len += data.len;
		same = contents_same(cy_bytes(own, p->len));
		if (same == NULL)
			return;
	}
	free(p->own);
	*p = (struct piece){ .data = same, .len = CY_CHUNK };
}

static void part_add(struct part *p, struct cy_bytes data)
{
	do {
		const size_t at = (size_t)(p->end % CY_CHUNK), left = CY_CHUNK - at,
			     n = data.len < left ? data.len : left;

		if (p->n == (size_t)(p->end / CY_CHUNK))
			p->pieces[p->n++] = (struct piece){ 0 };
		CY_ASSERT(p->n > 0 && p->n <= SIM_CHUNKS_MAX);
		piece_add(&p->pieces[p->n - 1], cy_bytes(data.data, n));
		p->end += n;
		data.data += n;
		data.len -= n;
	} while (data.len > 0);
}

static void part_cut(struct part *p, uint64_t end)
{
	const size_t n = (size_t)((end + CY_CHUNK - 1) / CY_CHUNK);

	if (end >= p->end)
		return;
	while (p->n > n)
		piece_free(&p->pieces[--p->n]);
	if (n > 0 && end % CY_CHUNK != 0)
		p->pieces[n - 1].len = (size_t)(end % CY_CHUNK);
	p->end = end;
	if (p->mark > end)
		p->mark = end;
}

static struct part *find_part(struct sim_blobs *b, const char *name)
{
	struct part *p = b->parts;

	while (p != NULL && strcmp(p->name, name) != 0)
		p = p->next;
	return p;
}

static void drop_part_of(struct sim_blobs *b, struct part *p)
{
	struct part **at = &b->parts;

	while (*at != p)
		at = &(*at)->next;
	*at = p->next;
	part_cut(p, 0);
	for (size_t i = 0; i < p->n; i++) /* the one chunk of an empty content */
		piece_free(&p->pieces[i]);
	free(p);
}

/* Also one that is lost. */
static struct kept *find_any(struct sim_blobs *b, const struct cy_digest *sha256)
{
	struct kept *k = b->kept;

	while (k != NULL && !cy_digest_equal(&k->id.sha256, sha256))
		k = k->next;
	return k;
}

static struct kept *find_kept(struct sim_blobs *b, const struct cy_digest *sha256)
{
	struct kept *k = find_any(b, sha256);

	return k != NULL && k->harm != LOST ? k : NULL;
}

static struct history *history_of(struct sim_blobs *b, const struct cy_digest *sha256)
{
	struct history *h = b->histories;

	while (h != NULL && !cy_digest_equal(&h->sha256, sha256))
		h = h->next;
	if (h != NULL)
		return h;
	h = calloc(1, sizeof *h);
	CY_ASSERT(h != NULL);
	*h = (struct history){ .next = b->histories, .sha256 = *sha256, .hashed = -1, .harmed = -1, .lost = -1 };
	return b->histories = h;
}

static void kept_free(struct sim_blobs *b, struct kept *k)
{
	struct kept **at = &b->kept;

	while (*at != k)
		at = &(*at)->next;
	*at = k->next;
	for (size_t i = 0; i < k->n; i++)
		piece_free(&k->pieces[i]);
	free(k);
}

/* ---------------------------------------------------------------------- doing */

static int ended(struct task *t, int code, const char *text)
{
	t->result.code = code;
	if (text != NULL)
		snprintf(t->result.text, sizeof t->result.text, "%s", text);
	return code;
}

static bool is_full(const struct sim_blobs *b)
{
	return b->full_until > b->s->w->now && !b->s->w->healed;
}

static bool same_id(const struct blob_id *a, const struct blob_id *b)
{
	return a->size == b->size && cy_digest_equal(&a->sha256, &b->sha256) && cy_digest_equal(&a->root, &b->root);
}

/* Has this pull become this content? NULL: any. */
static bool is_sealed(const struct sim_blobs *b, const char *part, const struct cy_digest *sha256)
{
	const struct seal *x = b->seals;

	while (x != NULL &&
	       (!x->pulled || strcmp(x->part, part) != 0 || (sha256 != NULL && !cy_digest_equal(&x->sha256, sha256))))
		x = x->next;
	return x != NULL;
}

static int do_open(struct sim_blobs *b, struct task *t)
{
	struct kept *k = t->expects && !t->again ? find_kept(b, &t->id.sha256) : NULL;
	struct part *p = find_part(b, t->part);

	if (k != NULL && same_id(&k->id, &t->id) && is_sealed(b, t->part, &t->id.sha256))
		return ended(t, CY_EEXIST, NULL);
	if (p != NULL && (p->pulled != t->expects || (p->pulled && !same_id(&p->expected, &t->id)))) {
		drop_part_of(b, p);
		p = NULL;
	}
	if (is_full(b) && (p == NULL || p->end < t->size))
		return ended(t, CY_ELIMIT, "the simulated disk is full");
	if (p == NULL) {
		p = calloc(1, sizeof *p);
		CY_ASSERT(p != NULL);
		snprintf(p->name, sizeof p->name, "%s", t->part);
		p->pulled = t->expects;
		p->expected = t->id;
		p->next = b->parts;
		b->parts = p;
	}
	p->open = true;
	p->stuck = 0;
	p->size = t->expects ? t->id.size : t->size;
	p->since = sim_node_wall(b->s).ms;
	t->result.offset = p->end;
	return CY_OK;
}

/* Is the chunk what its manifest says? */
static bool proved(const struct part *p, const struct task *t)
{
	const struct cy_digest leaf = contents_leaf(cy_bytes(t->data.data, t->data.len));
	const uint64_t chunk = t->offset / CY_CHUNK, left = p->expected.size - t->offset;

	return t->offset % CY_CHUNK == 0 && t->offset <= p->expected.size &&
	       t->data.len == (left < CY_CHUNK ? left : CY_CHUNK) &&
	       audit_included(&leaf, chunk, blob_chunks(p->expected.size), t->path, t->n_path, &p->expected.root);
}

static int do_append(struct sim_blobs *b, struct task *t)
{
	struct part *p = find_part(b, t->part);
	int r = CY_OK;

	if (p == NULL || !p->open)
		return ended(t, CY_ENOENT, "there is no such part");
	if (t->offset != p->end)
		r = p->stuck < 0 ? p->stuck : CY_ESTATE;
	else if (p->pulled && !proved(p, t))
		r = CY_ESIGN;
	else if (is_full(b))
		r = CY_ELIMIT;
	if (r == CY_ELIMIT)
		part_cut(p, p->mark);
	p->stuck = r;
	if (r == CY_OK)
		part_add(p, cy_bytes(t->data.data, t->data.len));
	if (r == CY_OK && cy_rng_below(&b->s->w->blobs, 4) == 0)
		p->mark = p->end;
	t->result.offset = p->end;
	return ended(t, r, r < 0 ? "the simulated part does not take it" : NULL);
}

static void seal_remove(struct sim_blobs *b, const char *part, const struct cy_digest *sha256)
{
	for (struct seal **at = &b->seals, *x; (x = *at) != NULL;)
		if (strcmp(x->part, part) == 0 && (sha256 == NULL || cy_digest_equal(&x->sha256, sha256))) {
			*at = x->next;
			free(x);
		} else {
			at = &x->next;
		}
}

static void seal_add(struct sim_blobs *b, const char *part, bool pulled, const struct cy_digest *sha256)
{
	struct seal *x = calloc(1, sizeof *x);

	CY_ASSERT(x != NULL);
	seal_remove(b, part, NULL);
	snprintf(x->part, sizeof x->part, "%s", part);
	x->pulled = pulled;
	x->sha256 = *sha256;
	x->next = b->seals;
	b->seals = x;
}

static int do_finish(struct sim_blobs *b, struct task *t)
{
	struct part *p = find_part(b, t->part);
	struct cy_bytes chunks[SIM_CHUNKS_MAX];
	struct blob_id id;
	struct kept *k, *old;
	bool was;

	if (p == NULL || !p->open)
		return ended(t, CY_ENOENT, "there is no such part");
	if (p->n == 0)
		p->pieces[p->n++] = (struct piece){ .data = (const uint8_t *)"" };
	k = calloc(1, sizeof *k);
	CY_ASSERT(k != NULL);
	for (size_t i = 0; i < p->n; i++) {
		chunks[i] = cy_bytes(p->pieces[i].data, p->pieces[i].len);
		k->tree.leaves[i] = contents_leaf(chunks[i]);
	}
	contents_tree(&k->tree, p->n);
	id = (struct blob_id){ p->end, contents_whole(chunks, p->n), k->tree.root };
	if (id.size != t->size || (t->expects && !cy_digest_equal(&id.sha256, &t->id.sha256)) ||
	    (p->pulled && !same_id(&id, &p->expected))) {
		free(k);
		drop_part_of(b, p);
		return ended(t, CY_ESIGN, "it is not what it must be");
	}
	old = find_any(b, &id.sha256);
	was = old != NULL && old->harm != LOST;
	if (old != NULL)
		kept_free(b, old);
	history_of(b, &id.sha256)->hashed = b->s->w->now;
	if (p->pulled || !was)
		seal_add(b, t->part, p->pulled, &id.sha256);
	k->id = t->result.id = id;
	k->n = p->n;
	memcpy(k->pieces, p->pieces, sizeof k->pieces);
	k->next = b->kept;
	b->kept = k;
	p->n = 0;
	p->end = p->mark = 0;
	drop_part_of(b, p);
	return CY_OK;
}

static int do_read(struct sim_blobs *b, struct task *t)
{
	struct kept *k = find_kept(b, &t->id.sha256);
	struct piece *p;

	if (k == NULL)
		return ended(t, CY_ENOENT, "there is no such content");
	if (t->offset >= k->n)
		return ended(t, CY_EINVAL, "there is no such chunk");
	p = &k->pieces[t->offset];
	if (t->offset == k->n - 1 && (k->harm == CUT || (k->harm == ROTTEN && t->verify)))
		return ended(t, CY_ESIGN, "the disk has changed it");
	t->result.data = sim_buffer(p->len);
	if (p->len > 0)
		memcpy(t->result.data.data, p->data, p->len);
	if (k->harm == ROTTEN && t->offset == k->n - 1)
		t->result.data.data[p->len / 2] ^= 1;
	t->result.n_path = contents_path(&k->tree, (size_t)t->offset, t->result.path);
	return CY_OK;
}

static int do_verify(struct sim_blobs *b, struct task *t)
{
	const struct kept *k = find_kept(b, &t->id.sha256);

	history_of(b, &t->id.sha256)->failed = false;
	if (k == NULL)
		return ended(t, CY_ENOENT, "there is no such content");
	if (k->harm != WELL)
		return ended(t, CY_ESIGN, "the disk has changed it");
	history_of(b, &t->id.sha256)->hashed = b->s->w->now;
	t->result.id = k->id;
	return CY_OK;
}

/* All of it is one page. */
static void do_list(struct sim_blobs *b, struct task *t)
{
	size_t n = 0;

	for (const struct kept *k = b->kept; k != NULL; k = k->next)
		n += k->harm != LOST;
	t->result.data = sim_buffer(n * CY_SHA256_LEN);
	n = 0;
	for (const struct kept *k = b->kept; k != NULL; k = k->next)
		if (k->harm != LOST)
			memcpy(t->result.data.data + CY_SHA256_LEN * n++, k->id.sha256.b, CY_SHA256_LEN);
	t->result.offset = BLOB_PAGES;
}

static int do_destroy(struct sim_blobs *b, struct task *t)
{
	struct kept *k = find_any(b, &t->id.sha256);
	const bool lost = k != NULL && k->harm == LOST;

	if (k == NULL)
		return ended(t, CY_ENOENT, "there is no such content");
	oracle_destroyed(b->s, &t->id.sha256);
	kept_free(b, k);
	return lost ? ended(t, CY_ENOENT, "there is no such content") : CY_OK;
}

/* Only whole chunks are durable. */
static void do_release(struct sim_blobs *b, struct part *p)
{
	const uint64_t whole = p->end - p->end % CY_CHUNK;

	p->size = 0;
	p->since = sim_node_wall(b->s).ms;
	if (p->mark < whole)
		p->mark = whole;
	if (p->mark == 0)
		drop_part_of(b, p);
}

/* A disk that gives nothing back may do so an hour later; what it does not give back then counts as lost. */
static void check_failed(struct sim_blobs *b, const struct cy_digest *sha256)
{
	struct history *h = history_of(b, sha256);

	if (h->failed)
		h->lost = b->s->w->now;
	h->failed = !h->failed;
}

static void do_task(struct sim_blobs *b, struct task *t)
{
	struct part *p = find_part(b, t->part);

	if (t->what != RELEASE && world_chance_high(b->s->w, FAULT_BLOB_FAILS)) {
		if (p != NULL && t->what == APPEND) {
			part_cut(p, p->mark);
			p->stuck = CY_EIO;
			t->result.offset = p->end;
		}
		if (p != NULL && t->what == DROP) /* its files may stay, what is reserved for them does not */
			p->size = 0;
		if (t->what == VERIFY)
			check_failed(b, &t->id.sha256);
		ended(t, CY_EIO, "the simulated disk of evidence failed");
		return;
	}
	switch (t->what) {
	case OPEN:
		do_open(b, t);
		break;
	case APPEND:
		do_append(b, t);
		break;
	case FINISH:
		do_finish(b, t);
		break;
	case DROP:
		if (p != NULL)
			drop_part_of(b, p);
		if (is_sealed(b, t->part, NULL))
			seal_remove(b, t->part, NULL);
		break;
	case RELEASE:
		if (p != NULL)
			do_release(b, p);
		break;
	case READ:
		do_read(b, t);
		break;
	case VERIFY:
		do_verify(b, t);
		break;
	case LIST:
		do_list(b, t);
		break;
	case DESTROY:
		do_destroy(b, t);
		break;
	}
}

/* --------------------------------------------------------------------- worker */

static void on_do(struct world *w, void *arg, uint64_t life);

static void kick(struct sim_blobs *b)
{
	struct world *w = b->s->w;

	if (b->busy || b->first == NULL)
		return;
	b->busy = true;
	world_at(w,
		 w->now + 1 + (int64_t)cy_rng_below(&w->blobs, world_chance_high(w, FAULT_BLOB_SLOW) ? 30 * SECOND : 4),
		 on_do, b, b->s->life);
}

static void task_free(struct task *t)
{
	blob_release(&t->data);
	free(t);
}

static void on_ready(struct world *w, void *arg, uint64_t life)
{
	struct sim_blobs *b = arg;

	if (life != b->s->life || b->s->node == NULL)
		return;
	if (b->s->suspended_until > w->now) {
		world_at(w, b->s->suspended_until, on_ready, b, life);
		return;
	}
	b->refused = false;
	node_blob_ready(b->s->node);
}

static void on_told(struct world *w, void *arg, uint64_t life)
{
	struct sim_blobs *b = arg;
	struct task *t = b->ended;

	if (life != b->s->life || b->s->node == NULL)
		return;
	if (b->s->suspended_until > w->now) {
		world_at(w, b->s->suspended_until, on_told, b, life);
		return;
	}
	b->ended = t->next;
	if (b->ended == NULL)
		b->last_ended = &b->ended;
	if (t->what == APPEND || t->what == READ)
		b->waits--;
	node_blob_done(b->s->node, &t->result);
	task_free(t);
	if (b->refused && b->waits < BLOB_WAITS_MAX)
		world_at(w, w->now, on_ready, b, life);
}

static const char *without_owner(const char *part)
{
	const size_t len = blob_owner_len(part);

	return part[len] != '\0' ? part + len + 1 : part;
}

static void on_do(struct world *w, void *arg, uint64_t life)
{
	struct sim_blobs *b = arg;
	struct task *t = b->first;

	if (life != b->s->life || b->s->node == NULL)
		return;
	if (b->s->suspended_until > w->now) {
		world_at(w, b->s->suspended_until, on_do, b, life);
		return;
	}
	b->first = t->next;
	if (b->first == NULL)
		b->last = &b->first;
	t->next = NULL;
	do_task(b, t);
	if (t->result.code < 0 || t->what != APPEND)
		world_say(w, "%s: %s %.12s %llu: %s", b->s->id, what_name[t->what], without_owner(t->part),
			  (unsigned long long)(t->what == OPEN ? t->result.offset : t->offset),
			  t->result.code == CY_EEXIST ? "it is here"
			  : t->result.code < 0        ? t->result.text
						      : "done");
	if (t->what == RELEASE) {
		task_free(t);
	} else {
		*b->last_ended = t;
		b->last_ended = &t->next;
		world_at(w, w->now + 1 + (int64_t)cy_rng_below(&w->blobs, 3), on_told, b, life);
	}
	if (b->first == NULL)
		oracle_reserved(b->s);
	b->busy = false;
	kick(b);
}

/* ----------------------------------------------------------------------- port */

static struct task *ask(struct sim_blobs *b, uint64_t ticket, enum what what, const char *part,
			const struct cy_digest *sha256)
{
	struct task *t = calloc(1, sizeof *t);

	CY_ASSERT(t != NULL);
	t->what = what;
	t->result.ticket = ticket;
	t->result.fd = -1;
	if (part != NULL)
		snprintf(t->part, sizeof t->part, "%s", part);
	else
		cy_hex(sha256->b, 8, t->part);
	if (sha256 != NULL)
		t->id.sha256 = *sha256;
	t->expects = sha256 != NULL;
	*b->last = t;
	b->last = &t->next;
	kick(b);
	return t;
}

static bool refuses(struct sim_blobs *b)
{
	struct world *w = b->s->w;

	if (b->waits < BLOB_WAITS_MAX && !world_chance_high(w, FAULT_BLOB_SLOW))
		return false;
	if (b->waits < BLOB_WAITS_MAX && !b->refused)
		world_at(w, w->now + (int64_t)cy_rng_below(&w->blobs, SECOND), on_ready, b, b->s->life);
	b->refused = true;
	return true;
}

static int blobs_open(void *ctx, uint64_t ticket, const char *part, uint64_t size, const struct blob_id *expected,
		      bool again)
{
	struct task *t = ask(ctx, ticket, OPEN, part, NULL);

	t->size = size;
	t->again = again;
	t->expects = expected != NULL;
	if (expected != NULL)
		t->id = *expected;
	return CY_OK;
}

static int blobs_append(void *ctx, uint64_t ticket, const char *part, uint64_t offset, struct blob_bytes data,
			const struct cy_digest *path, size_t n_path)
{
	struct sim_blobs *b = ctx;
	struct task *t;

	if (refuses(b))
		return CY_EAGAIN;
	t = ask(b, ticket, APPEND, part, NULL);
	b->waits++;
	t->offset = offset;
	t->data = data;
	t->n_path = n_path;
	if (n_path > 0)
		memcpy(t->path, path, n_path * sizeof *path);
	return CY_OK;
}

/* Case systems here hand over no descriptor and ask for none. */
static int blobs_copy(void *ctx, uint64_t ticket, const char *part, int fd, uint64_t most)
{
	(void)most;
	(void)ctx;
	(void)ticket;
	(void)part;
	(void)fd;
	return CY_EIO;
}

static int blobs_file(void *ctx, uint64_t ticket, const struct cy_digest *sha256)
{
	(void)ctx;
	(void)ticket;
	(void)sha256;
	return CY_EIO;
}

static int blobs_finish(void *ctx, uint64_t ticket, const char *part, uint64_t size, const struct cy_digest *sha256)
{
	struct task *t = ask(ctx, ticket, FINISH, part, sha256);

	t->size = size;
	return CY_OK;
}

/* Here it is as good as done: a seal too many does no harm. */
static void blobs_confirm(void *ctx, const char *part, const struct cy_digest *sha256)
{
	seal_remove(ctx, part, sha256);
}

static int blobs_drop_part(void *ctx, uint64_t ticket, const char *part)
{
	ask(ctx, ticket, DROP, part, NULL);
	return CY_OK;
}

static void blobs_release(void *ctx, const char *part)
{
	ask(ctx, 0, RELEASE, part, NULL);
}

static int blobs_read(void *ctx, uint64_t ticket, const struct cy_digest *sha256, uint64_t chunk, bool verify)
{
	struct sim_blobs *b = ctx;
	struct task *t;

	if (refuses(b))
		return CY_EAGAIN;
	t = ask(b, ticket, READ, NULL, sha256);
	b->waits++;
	t->offset = chunk;
	t->verify = verify;
	return CY_OK;
}

static int blobs_verify(void *ctx, uint64_t ticket, const struct cy_digest *sha256, uint64_t rate)
{
	(void)rate;
	ask(ctx, ticket, VERIFY, NULL, sha256);
	return CY_OK;
}

static int blobs_list(void *ctx, uint64_t ticket, uint64_t page)
{
	(void)page;
	ask(ctx, ticket, LIST, "", NULL);
	return CY_OK;
}

static int blobs_destroy(void *ctx, uint64_t ticket, const struct cy_digest *sha256)
{
	ask(ctx, ticket, DESTROY, NULL, sha256);
	return CY_OK;
}

static uint64_t owes(const struct part *p)
{
	return p->open && p->size > p->end ? p->size - p->end : 0;
}

static void blobs_share(void *ctx, size_t owners)
{
	(void)ctx;
	(void)owners;
}

static void blobs_space(void *ctx, struct blob_space *ret_space)
{
	const struct sim_blobs *b = ctx;

	*ret_space = (struct blob_space){ .free = UINT64_C(1) << 40, .total = UINT64_C(1) << 41 };
	for (const struct part *p = b->parts; p != NULL; p = p->next)
		ret_space->reserved += owes(p);
}

static void blobs_parts(void *ctx, void (*fn)(void *arg, const struct blob_part *part), void *arg)
{
	const struct sim_blobs *b = ctx;

	for (const struct part *p = b->parts; p != NULL; p = p->next)
		fn(arg, &(struct blob_part){ .name = p->name,
					     .size = p->size,
					     .here = p->end,
					     .held = p->end,
					     .reserved = owes(p),
					     .since_ms = p->since });
}

static uint64_t blobs_progress(void *ctx, const char *part)
{
	const struct part *p = find_part(ctx, part);

	return p != NULL && p->open ? p->end : 0;
}

/* ----------------------------------------------------------------------- life */

void blobs_new(struct sim_node *s)
{
	struct sim_blobs *b = calloc(1, sizeof *b);

	CY_ASSERT(b != NULL);
	b->s = s;
	b->last = &b->first;
	b->last_ended = &b->ended;
	s->blobs = b;
}

static void forget_tasks(struct sim_blobs *b)
{
	while (b->first != NULL || b->ended != NULL) {
		struct task **list = b->first != NULL ? &b->first : &b->ended, *t = *list;

		*list = t->next;
		blob_release(&t->result.data);
		task_free(t);
	}
	b->last = &b->first;
	b->last_ended = &b->ended;
	b->busy = b->refused = false;
	b->waits = 0;
}

void blobs_free(struct sim_node *s)
{
	struct sim_blobs *b = s->blobs;

	if (b == NULL)
		return;
	forget_tasks(b);
	while (b->parts != NULL)
		drop_part_of(b, b->parts);
	while (b->kept != NULL)
		kept_free(b, b->kept);
	for (struct seal *x = b->seals, *next; x != NULL; x = next) {
		next = x->next;
		free(x);
	}
	for (struct history *h = b->histories, *next; h != NULL; h = next) {
		next = h->next;
		free(h);
	}
	free(b);
	s->blobs = NULL;
}

struct blob_port blobs_port(struct sim_node *s)
{
	return (struct blob_port){ s->blobs,      blobs_open,      blobs_append,  blobs_copy,  blobs_finish,
				   blobs_confirm, blobs_drop_part, blobs_release, blobs_read,  blobs_file,
				   blobs_verify,  blobs_list,      blobs_destroy, blobs_share, blobs_space,
				   blobs_parts,   blobs_progress };
}

static void on_left(struct world *w, void *arg, uint64_t life)
{
	struct sim_blobs *b = arg;

	if (life != b->s->life || b->s->node == NULL)
		return;
	for (const struct seal *x = b->seals; x != NULL; x = x->next) {
		if (x->pulled) /* its row waits for it */
			continue;
		world_say(w, "%s: an upload had become %02x%02x..", b->s->id, x->sha256.b[0], x->sha256.b[1]);
		node_blob_left(b->s->node, x->part, &x->sha256);
	}
}

void blobs_started(struct sim_node *s)
{
	if (s->blobs != NULL && s->blobs->seals != NULL)
		world_at(s->w, s->w->now, on_left, s->blobs, s->life);
}

/* The process has ended, and perhaps the power: what is beyond a mark is there or not. */
void blobs_gone(struct sim_node *s, enum sim_end end)
{
	struct sim_blobs *b = s->blobs;

	if (b == NULL)
		return;
	forget_tasks(b);
	for (struct history *h = b->histories; h != NULL; h = h->next)
		h->hashed = -1; /* nobody knows of it any more */
	for (struct part *p = b->parts, *next; p != NULL; p = next) {
		uint64_t most = p->mark + cy_rng_below(&s->w->blobs, p->end - p->mark + 1);

		next = p->next;
		p->open = false;
		p->stuck = 0;
		p->size = 0;
		if (end == SIM_ORDERLY)
			most = p->end;
		else if (cy_rng_below(&s->w->blobs, 2) == 0)
			most = p->mark;
		if (p->pulled)
			most -= most % CY_CHUNK;
		part_cut(p, most);
		p->mark = p->end;
		if (p->end == 0)
			drop_part_of(b, p);
	}
}

static void harm(struct sim_node *s, struct kept *k, struct cy_rng *r)
{
	static const char *const how[] = { "is well", "has another byte", "is cut off", "is lost" };

	k->harm = ROTTEN + (unsigned)cy_rng_below(r, 3);
	/* A whole chunk that is none of the patterns would be hashed each time that it is tried. */
	if (k->harm == ROTTEN && k->pieces[k->n - 1].len % CY_CHUNK == 0)
		k->harm = CUT;
	history_of(s->blobs, &k->id.sha256)->harmed = s->w->now;
	world_say(s->w, "%s: content %02x%02x.. %s on its disk", s->id, k->id.sha256.b[0], k->id.sha256.b[1],
		  how[k->harm]);
}

void blobs_strike(struct sim_node *s, enum sim_fault f, struct cy_rng *r)
{
	struct sim_blobs *b = s->blobs;
	size_t n = 0, i;

	if (b == NULL)
		return;
	if (f == FAULT_BLOB_FULL) {
		b->full_until = s->w->now + world_span(r, HOUR);
		world_say(s->w, "%s: its disk of evidence is full", s->id);
		return;
	}
	for (const struct kept *k = b->kept; k != NULL; k = k->next)
		n++;
	i = n > 0 ? (size_t)cy_rng_below(r, n) : 0;
	for (struct kept *k = b->kept; k != NULL; k = k->next)
		if (i-- == 0)
			harm(s, k, r);
}

void blobs_heal(struct sim_node *s)
{
	for (struct kept *k = s->blobs != NULL ? s->blobs->kept : NULL; k != NULL; k = k->next)
		k->harm = WELL;
}

bool blobs_holds(const struct sim_node *s, const struct blob_id *id)
{
	const struct kept *k = find_kept(s->blobs, &id->sha256);

	return k != NULL && same_id(&k->id, id);
}

bool blobs_lost(const struct sim_node *s, const struct cy_digest *sha256)
{
	const struct kept *k = find_any(s->blobs, sha256);

	return k != NULL && k->harm == LOST;
}

int64_t blobs_hashed(const struct sim_node *s, const struct cy_digest *sha256)
{
	return history_of(s->blobs, sha256)->hashed;
}

int64_t blobs_harmed(const struct sim_node *s, const struct cy_digest *sha256)
{
	return history_of(s->blobs, sha256)->harmed;
}

int64_t blobs_not_given(const struct sim_node *s, const struct cy_digest *sha256)
{
	return history_of(s->blobs, sha256)->lost;
}

int blobs_each(const struct sim_node *s, int (*fn)(void *arg, const char *part, const struct cy_digest *sha256),
	       void *arg)
{
	int r = 0;

	for (const struct part *p = s->blobs->parts; p != NULL && r == 0; p = p->next)
		r = fn(arg, p->name, NULL);
	for (const struct kept *k = s->blobs->kept; k != NULL && r == 0; k = k->next)
		if (k->harm != LOST)
			r = fn(arg, NULL, &k->id.sha256);
	return r;
}
