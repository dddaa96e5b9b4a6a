/* The real store over a disk that loses power (vfs_crash.h), in the place of the
 * one in memory. That one goes on as the account of what must be durable: after
 * each crash, and at the end, both hold the same; only a write-set that was under
 * way, or whose commit failed, may be there or not, and then as a whole. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../rig/vfs_crash.h"
#include "io/store/store_sqlite.h"
#include "sim.h"

struct sim_disk {
	struct sim_disk *next;
	struct sim_node *node;
	struct vfs_crash *vfs;
	struct store_sqlite *store; /* NULL: closed */
	int (*commit)(void *ctx, struct store_writeset *w);
	char name[16], dir[40], key[64];
	int code; /* of the last commit */
	/* May be on the disk: under way at a crash, or failed just before. */
	struct store_writeset *in_doubt;
	struct vfs_crash_image *backups[SIM_BACKUPS];
};

static struct sim_disk *disks;

/* ------------------------------------------------------------- comparing */

struct dump {
	struct cy_buf text;
	struct store_port *port;
};

__attribute__((format(printf, 2, 3))) static void line(struct dump *d, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	CY_ASSERT(cy_buf_add(&d->text, text, strlen(text)) == CY_OK);
}

static void blob(struct dump *d, struct cy_bytes b)
{
	struct cy_digest digest = cy_sha256(b);
	char hex[CY_SHA256_HEX];

	cy_digest_hex(&digest, hex);
	line(d, " %.16s", hex);
}

static int dump_meta(void *arg, const struct store_meta *m)
{
	line(arg, "meta %llu %llu %lld %d", (unsigned long long)m->epoch, (unsigned long long)m->audit_size,
	     (long long)m->wall_mark.ms, m->restored);
	blob(arg, m->frontier);
	line(arg, "\n");
	return CY_OK;
}

static int dump_stream(void *arg, const struct store_stream *s)
{
	line(arg,
	     "stream %s out %llu/%llu %llu/%llu asks %d %llu/%llu in %llu %llu %d last %lld head %llu rejected %llu",
	     s->peer, (unsigned long long)s->out_epoch, (unsigned long long)s->out_sequence,
	     (unsigned long long)s->receipted_epoch, (unsigned long long)s->out_receipted, s->asks,
	     (unsigned long long)s->asks_epoch, (unsigned long long)s->asks_sequence, (unsigned long long)s->in_epoch,
	     (unsigned long long)s->in_held, s->reconciling, (long long)s->last_receipt.ms,
	     (unsigned long long)s->head_size, (unsigned long long)s->rejected);
	blob(arg, s->head_text);
	line(arg, "\n");
	return CY_OK;
}

static int dump_content(void *arg, const struct store_message *m)
{
	blob(arg, m->content);
	return CY_OK;
}

static int dump_message(void *arg, const struct store_message *m)
{
	struct dump *d = arg;

	line(d,
	     "  message %s %d number %u seen %u kind %u priority %d size %zu %d void %d '%s' by '%s' in %llu/%llu/%u",
	     m->id, (int)m->author, m->number, m->seen, m->kind, (int)m->priority, m->size, (int)m->transport,
	     (int)m->void_code, m->void_reason, m->client, (unsigned long long)m->epoch,
	     (unsigned long long)m->sequence, m->index);
	line(d, " erased %d %lld", (int)m->erasure, (long long)m->erased.ms);
	blob(d, m->fact);
	CY_ASSERT(d->port->get_message(d->port->ctx, m->id, dump_content, d) == CY_OK);
	line(d, "\n");
	return CY_OK;
}

static int dump_case(void *arg, const struct store_case *c)
{
	struct dump *d = arg;

	line(d, "case %s %s %d '%s' '%s' '%s' '%s' %s %d %u %u %u title '%s' erased %lld '%s' '%s'\n", c->peer,
	     c->case_id, (int)c->side, c->own_reference, c->peer_reference, c->client, c->instrument, c->state,
	     c->closed, c->own_number, c->peer_number, c->messages, c->title, (long long)c->erased.ms, c->erased_by,
	     c->erased_reason);
	return d->port->case_messages(d->port->ctx, c->peer, c->case_id, dump_message, d);
}

static int dump_parcel(void *arg, const struct store_parcel *p)
{
	line(arg, "parcel %s %d %llu/%llu %u", p->peer, (int)p->author, (unsigned long long)p->epoch,
	     (unsigned long long)p->sequence, p->messages);
	blob(arg, p->manifest);
	blob(arg, p->signature);
	blob(arg, p->receipt);
	blob(arg, p->receipt_signature);
	line(arg, "\n");
	return CY_OK;
}

static int dump_event(void *arg, const struct store_event *e)
{
	line(arg, "event %llu %d %s %s %s '%s' %u %d %s\n", (unsigned long long)e->position, (int)e->type, e->peer,
	     e->case_id, e->message_id, e->client, e->number, (int)e->code, e->case_state);
	return CY_OK;
}

static int dump_custody(void *arg, const struct store_custody *c)
{
	line(arg,
	     "  custody %lld %s by '%s' '%s' salt '%s' in '%s' leaf %llu form %d words %02x hash %02x bytes %llu..%llu "
	     "%llu times until %lld\n",
	     (long long)c->at.ms, c->action, c->by, c->text, c->salt, c->proof, (unsigned long long)c->leaf,
	     (int)c->form, c->words.b[0], c->hash.b[0], (unsigned long long)c->from, (unsigned long long)c->to,
	     (unsigned long long)c->count, (long long)c->last.ms);
	return CY_OK;
}

static int dump_key(void *arg, const struct store_evidence *e)
{
	line(arg, "  also %s/%u\n", e->message_id, e->attachment);
	return CY_OK;
}

static int dump_evidence(void *arg, const struct store_evidence *e)
{
	struct dump *d = arg;

	line(d, "evidence %s/%u of %s %s %d number %u priority %d size %llu %d", e->message_id, e->attachment, e->peer,
	     e->case_id, (int)e->author, e->number, (int)e->priority, (unsigned long long)e->size, e->send_always);
	line(d, " state %d '%s' verdict %d arrived %lld until %lld %d %d %d settled %lld %d verified %lld %d",
	     (int)e->state, e->reason, (int)e->verdict, (long long)e->arrived.ms, (long long)e->retain_until.ms,
	     e->legal_hold, e->retrieved, e->unstated, (long long)e->receiver_done.ms, e->deleted,
	     (long long)e->verified.ms, (int)e->flaw);
	blob(d, cy_bytes(e->sha256.b, sizeof e->sha256.b));
	blob(d, cy_bytes(e->root.b, sizeof e->root.b));
	line(d, "\n");
	CY_ASSERT(d->port->same_evidence(d->port->ctx, &e->sha256, dump_key, d) == CY_OK);
	CY_ASSERT(d->port->same_keys(d->port->ctx, &e->sha256, dump_key, d) == CY_OK);
	return d->port->custody(d->port->ctx, e->message_id, e->attachment, 0, UINT32_MAX, dump_custody, d);
}

static int dump_upload(void *arg, const struct store_upload *u)
{
	line(arg, "upload %s %llu at %lld", u->client, (unsigned long long)u->size, (long long)u->at.ms);
	blob(arg, cy_bytes(u->sha256.b, sizeof u->sha256.b));
	blob(arg, cy_bytes(u->root.b, sizeof u->root.b));
	line(arg, "\n");
	return CY_OK;
}

static int dump_leftover(void *arg, const struct store_leftover *l)
{
	line(arg, "leftover of %llu found %lld", (unsigned long long)l->size, (long long)l->found.ms);
	blob(arg, cy_bytes(l->sha256.b, sizeof l->sha256.b));
	blob(arg, cy_bytes(l->root.b, sizeof l->root.b));
	line(arg, "\n");
	return CY_OK;
}

/* What is asked of evidence beside the rows themselves. */
static void dump_sums(struct store_port *port, const char *peer, struct dump *d)
{
	uint64_t of_peer, of_case;
	bool offered;

	CY_ASSERT(port->evidence_bytes(port->ctx, peer, "", &of_peer, &of_case) == CY_OK);
	CY_ASSERT(port->offered_evidence(port->ctx, peer, &offered) == CY_OK);
	line(d, "evidence of %s %llu %d\n", peer, (unsigned long long)of_peer, offered);
	CY_ASSERT(port->waiting_evidence(port->ctx, peer, UINT32_MAX, dump_key, d) == CY_OK);
	CY_ASSERT(port->overdue_evidence(port->ctx, peer, (struct cy_wall){ INT64_MAX }, UINT32_MAX, dump_key, d) ==
		  CY_OK);
	CY_ASSERT(port->spent_evidence(port->ctx, peer, (struct cy_wall){ INT64_MAX }, UINT32_MAX, dump_key, d) ==
		  CY_OK);
}

/* All that the port shows of a store. */
static void dump(struct sim_node *s, struct store_port *port, struct dump *d)
{
	static const char *const clients[] = { "desk", "clerk" };
	const struct store_view all = { .titles = true };
	uint64_t position;

	*d = (struct dump){ .text = CY_BUF(64u * 1024 * 1024), .port = port };
	CY_ASSERT(port->meta(port->ctx, dump_meta, d) == CY_OK);
	for (size_t i = 0; i < s->store.n_peers; i++) {
		const char *peer = s->store.peers[i].id;

		port->stream(port->ctx, peer, dump_stream, d);
		port->parcels(port->ctx, peer, STORE_OWN, 0, 0, UINT32_MAX, dump_parcel, d);
		port->parcels(port->ctx, peer, STORE_PEER, 0, 0, UINT32_MAX, dump_parcel, d);
		dump_sums(port, peer, d);
	}
	CY_ASSERT(port->list_cases(port->ctx, all, "", false, "", UINT32_MAX, dump_case, d) == CY_OK);
	CY_ASSERT(port->events(port->ctx, all, 0, UINT32_MAX, dump_event, d) == CY_OK);
	CY_ASSERT(port->list_evidence(port->ctx, all,
				      &(struct store_evidence_query){
					      .peer = "", .case_id = "", .after_message = "", .limit = UINT32_MAX },
				      dump_evidence, d) == CY_OK);
	CY_ASSERT(port->held_back_evidence(port->ctx, "", 0, UINT32_MAX, dump_key, d) == CY_OK);
	CY_ASSERT(port->unverified_evidence(port->ctx, (struct cy_wall){ 0 }, "", 0, (struct cy_wall){ INT64_MAX },
					    UINT32_MAX, dump_key, d) == CY_OK);
	CY_ASSERT(port->flawed_evidence(port->ctx, "", 0, UINT32_MAX, dump_key, d) == CY_OK);
	CY_ASSERT(port->uploads(port->ctx, NULL, (struct cy_wall){ 0 }, (struct cy_wall){ INT64_MAX }, UINT32_MAX,
				dump_upload, d) == CY_OK);
	CY_ASSERT(port->discarded(port->ctx, UINT32_MAX, dump_leftover, d) == CY_OK);
	CY_ASSERT(port->strays(port->ctx, (struct cy_wall){ INT64_MAX }, UINT32_MAX, dump_leftover, d) == CY_OK);
	for (size_t i = 0; i < sizeof clients / sizeof clients[0]; i++)
		if (port->cursor(port->ctx, clients[i], "c", &position) == CY_OK)
			line(d, "cursor %s %llu\n", clients[i], (unsigned long long)position);
}

/* Where two dumps part, as two short lines. */
static void first_difference(const struct dump *a, const struct dump *b, char *out, size_t size)
{
	const char *x = (const char *)a->text.data, *y = (const char *)b->text.data;
	size_t start = 0, i = 0;

	for (; x[i] != '\0' && x[i] == y[i]; i++)
		if (x[i] == '\n')
			start = i + 1;
	snprintf(out, size, "'%.*s' and '%.*s'", (int)strcspn(x + start, "\n"), x + start,
		 (int)strcspn(y + start, "\n"), y + start);
}

static bool same(struct sim_disk *k, struct store_port *port, char *where, size_t size)
{
	struct store_port memory = { 0 };
	struct dump a, b;
	bool equal;

	mem_store_port(&k->node->store, &memory);
	dump(k->node, &memory, &a);
	dump(k->node, port, &b);
	equal = cy_bytes_equal(cy_buf_view(&a.text), cy_buf_view(&b.text));
	if (!equal)
		first_difference(&a, &b, where, size);
	cy_buf_free(&a.text);
	cy_buf_free(&b.text);
	return equal;
}

/* ---------------------------------------------------------------- opening */

static int commit_later(void *ctx, struct store_writeset *w);

static void on_done(void *ctx, int code, const char *why)
{
	struct sim_disk *k = ctx;

	(void)why;
	k->code = code;
}

static void drop_doubt(struct sim_disk *k)
{
	if (k->in_doubt == NULL)
		return;
	store_writeset_free(k->in_doubt);
	free(k->in_doubt);
	k->in_doubt = NULL;
}

/* What was in doubt is on the disk, or it is not. */
static void settle_doubt(struct sim_disk *k, struct store_port *port)
{
	struct sim_node *s = k->node;
	struct store_writeset *w = k->in_doubt;
	char where[512] = "", after[512] = "";

	if (same(k, port, where, sizeof where)) {
		drop_doubt(k);
		return;
	}
	if (w != NULL) {
		k->in_doubt = NULL;
		mem_store_apply(&s->store, w);
		oracle_commit(s, w);
		if (same(k, port, after, sizeof after))
			return;
	}
	world_fail(s->w, "%s: after a crash its disk is neither as before nor as after the last commit: %s", s->id,
		   after[0] != '\0' ? after : where);
}

void disk_open(struct sim_node *s)
{
	struct sim_disk *k = s->disk;
	struct store_sqlite_config config = { .dir = k->dir, .key_path = k->key, .vfs = vfs_crash_name(k->vfs) };
	struct cy_error e = { 0 };
	int r;

	/* The power may go again while it recovers. */
	for (int i = 0; i < 3; i++) {
		r = store_sqlite_open(&config, on_done, k, &k->store, &s->ports.store, &e);
		if (r == CY_OK || !vfs_crash_is_down(k->vfs))
			break;
		world_say(s->w, "%s loses power again while it recovers", s->id);
		s->w->counts.cuts++;
		vfs_crash_up(k->vfs);
	}
	if (r < 0) {
		k->store = NULL;
		world_fail(s->w, "%s: its store does not open: %s", s->id, e.text);
		return;
	}
	k->commit = s->ports.store.commit;
	s->ports.store.commit = commit_later;
	settle_doubt(k, &s->ports.store);
}

void disk_close(struct sim_node *s, enum sim_end end)
{
	struct sim_disk *k = s->disk;

	if (k->store == NULL)
		return;
	if (end == SIM_POWER)
		vfs_crash_cut(k->vfs);
	else if (end == SIM_KILL)
		vfs_crash_kill(k->vfs);
	store_sqlite_close(k->store);
	k->store = NULL;
	/* In the sweep the power may go while it closes in order. */
	if (vfs_crash_is_down(k->vfs))
		vfs_crash_up(k->vfs);
}

bool disk_is_down(const struct sim_node *s)
{
	return vfs_crash_is_down(s->disk->vfs);
}

/* CY_OK: it is durable, and `w` still ours to apply. Otherwise it is in doubt, and
 * taken. */
int disk_commit(struct sim_node *s, struct store_writeset *w)
{
	struct sim_disk *k = s->disk;
	struct store_writeset *lent = malloc(sizeof *lent);

	CY_ASSERT(lent != NULL);
	/* The rows stay in our arena: the account needs them as well. */
	*lent = (struct store_writeset){ .first = w->first, .last = w->last, .n = w->n };
	k->code = CY_ESTORE;
	CY_ASSERT(k->commit(s->ports.store.ctx, lent) == CY_OK);
	store_sqlite_dispatch(k->store);
	drop_doubt(k);
	if (k->code < 0)
		k->in_doubt = w;
	return k->code;
}

/* The port's commit(): the simulator decides when it happens. */
static int commit_later(void *ctx, struct store_writeset *w)
{
	for (struct sim_disk *k = disks; k != NULL; k = k->next)
		if (k->store == ctx)
			return sim_node_commit(k->node, w);
	return CY_ESTORE;
}

void disk_fault(struct sim_node *s, enum vfs_crash_fault fault, uint64_t first, uint64_t count)
{
	vfs_crash_fault(s->disk->vfs, fault, first, count);
}

uint64_t disk_points(const struct sim_node *s)
{
	return vfs_crash_points(s->disk->vfs);
}

/* ------------------------------------------------------------------ backups */

void disk_backup(struct sim_node *s)
{
	s->disk->backups[s->n_backups] = vfs_crash_snapshot(s->disk->vfs);
}

void disk_restore(struct sim_node *s, size_t which)
{
	drop_doubt(s->disk);
	vfs_crash_restore(s->disk->vfs, s->disk->backups[which]);
}

void disk_forget_backup(struct sim_node *s, size_t which)
{
	struct vfs_crash_image **at = s->disk->backups;

	vfs_crash_image_free(at[which]);
	for (size_t i = which; i + 1 < SIM_BACKUPS; i++)
		at[i] = at[i + 1];
	at[SIM_BACKUPS - 1] = NULL;
}

void disk_check(struct sim_node *s)
{
	char where[512] = "";

	if (s->disk->store != NULL && !same(s->disk, &s->ports.store, where, sizeof where))
		world_fail(s->w, "%s: its disk holds other things than were committed: %s", s->id, where);
}

/* --------------------------------------------------------------------- life */

void disk_new(struct sim_node *s, uint64_t seed)
{
	struct sim_disk *k = calloc(1, sizeof *k);

	CY_ASSERT(k != NULL);
	k->node = s;
	snprintf(k->name, sizeof k->name, "sim-%.8s", s->id);
	snprintf(k->dir, sizeof k->dir, "/tmp/comity-sim-XXXXXX");
	CY_ASSERT(mkdtemp(k->dir) != NULL);
	snprintf(k->key, sizeof k->key, "%s/store.key", k->dir);
	k->vfs = vfs_crash_new(k->name, seed);
	k->next = disks;
	disks = k;
	s->disk = k;
}

void disk_free(struct sim_node *s)
{
	struct sim_disk *k = s->disk, **at = &disks;
	char path[64];

	if (k == NULL)
		return;
	while (*at != k)
		at = &(*at)->next;
	*at = k->next;
	if (k->store != NULL)
		store_sqlite_close(k->store);
	drop_doubt(k);
	for (size_t i = 0; i < SIM_BACKUPS; i++)
		vfs_crash_image_free(k->backups[i]);
	vfs_crash_free(k->vfs);
	unlink(k->key);
	snprintf(path, sizeof path, "%s/lock", k->dir);
	unlink(path);
	rmdir(k->dir);
	free(k);
}
