/* Parts: begun, resumed, appended to, thrown away. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "io/blobs/blobs_fs_internal.h"

#define MARK_MAGIC "CYMARK1"
#define MARK_SLOT  512 /* two that take turns, each in a sector of its own */

/* ------------------------------------------------------------------- in memory */

static struct part **bucket(struct blobs_fs *b, const char *name)
{
	uint32_t h = 2166136261u;

	for (; *name != '\0'; name++)
		h = (h ^ (uint8_t)*name) * 16777619u;
	return &b->part[h % BUCKETS];
}

struct part *blobs_part_find(struct blobs_fs *b, const char *name)
{
	struct part *p = *bucket(b, name);

	while (p != NULL && strcmp(p->name, name) != 0)
		p = p->next;
	return p;
}

static struct part *part_add(struct blobs_fs *b, const char *name)
{
	struct part *p = calloc(1, sizeof *p), **at = bucket(b, name);

	CY_ASSERT(p != NULL);
	memcpy(p->name, name, strlen(name) + 1);
	snprintf(p->path, sizeof p->path, "part/%s", name);
	p->shown.name = p->name;
	p->last_waiting = &p->waiting;
	pthread_mutex_lock(&b->lock);
	p->next = *at;
	*at = p;
	pthread_mutex_unlock(&b->lock);
	return p;
}

static struct part *part_new(struct blobs_fs *b, const char *name)
{
	struct part *p = part_add(b, name);

	p->whole = EVP_MD_CTX_new();
	p->leaf = EVP_MD_CTX_new();
	CY_ASSERT(p->whole != NULL && p->leaf != NULL);
	return p;
}

static int64_t wall_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* Updates the space that the part uses, and what main sees of it. */
static void account(struct blobs_fs *b, struct part *p, uint64_t here, uint64_t held, uint64_t owes)
{
	b->held += held - p->held;
	b->now.reserved += owes - p->owes;
	if (p->firm)
		b->firm += owes - p->owes;
	p->held = held;
	p->owes = owes;
	pthread_mutex_lock(&b->lock);
	p->shown = (struct blob_part){ p->name, p->size, here, held, owes, p->since_ms };
	pthread_mutex_unlock(&b->lock);
}

/* Nothing is reserved for it any more. */
static void unreserve(struct blobs_fs *b, struct part *p)
{
	p->size = 0;
	p->since_ms = wall_ms();
	account(b, p, p->shown.here, p->held, 0);
	p->firm = false;
}

void blobs_part_free(struct blobs_fs *b, struct part *p)
{
	struct part **at = bucket(b, p->name);

	CY_ASSERT(b->flight.p != p);
	blobs_files_forget(b, p->path);
	unreserve(b, p);
	b->held -= p->held;
	pthread_mutex_lock(&b->lock);
	while (*at != p)
		at = &(*at)->next;
	*at = p->next;
	pthread_mutex_unlock(&b->lock);
	if (p->is_job) {
		for (at = &b->job; *at != p;)
			at = &(*at)->job;
		*at = p->job;
		if (p->job == NULL)
			b->last_job = at;
	}
	EVP_MD_CTX_free(p->whole);
	EVP_MD_CTX_free(p->leaf);
	free(p);
}

void blobs_part_end(struct blobs_fs *b, struct part *p, uint64_t end)
{
	const uint64_t held = end > p->allocated ? end : p->allocated;

	p->end = end;
	account(b, p, end, held, p->size > held ? p->size - held : 0);
}

/* ------------------------------------------------------------------- the mark */

struct mark {
	char magic[8];
	uint64_t turn; /* the higher one counts */
	uint64_t durable;
	struct blob_id expected;
	struct cy_digest check; /* SHA-256 of what is before it */
};

static struct cy_digest mark_check(const struct mark *m)
{
	return cy_sha256(cy_bytes(m, offsetof(struct mark, check)));
}

/* False: there is none that is whole. */
static bool mark_read(struct blobs_fs *b, const char *part_path, struct mark *ret)
{
	char path[PATH_SIZE];
	bool found = false;
	int fd;

	blobs_path(path, part_path, "mark");
	fd = openat(b->dir, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	for (uint64_t slot = 0; fd >= 0 && slot < 2; slot++) {
		struct mark m;
		struct cy_digest check;
		size_t len;

		if (blobs_pread(fd, &m, sizeof m, slot * MARK_SLOT, &len) < 0 || len != sizeof m)
			continue;
		check = mark_check(&m);
		if (memcmp(m.magic, MARK_MAGIC, sizeof m.magic) != 0 || !cy_digest_equal(&check, &m.check) ||
		    (found && m.turn < ret->turn))
			continue;
		*ret = m;
		found = true;
	}
	if (fd >= 0)
		close(fd);
	return found;
}

static int mark_write(struct blobs_fs *b, struct part *p, uint64_t durable, struct task *t)
{
	struct mark m = { .magic = MARK_MAGIC, .durable = durable, .expected = p->expected };
	char path[PATH_SIZE];
	int fd, r = CY_OK;

	blobs_path(path, p->path, "mark");
	fd = openat(b->dir, path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return blobs_fail_errno(t, "opened", path);
	/* A mark that is lower than before must be durable before anything is built upon it: in both
	 * slots, and on the disk. */
	for (int i = durable < p->durable ? 2 : 1; i > 0 && r == CY_OK; i--) {
		m.turn = ++p->marks;
		m.check = mark_check(&m);
		r = blobs_pwrite(fd, &m, sizeof m, m.turn % 2 * MARK_SLOT);
	}
	if (r < 0 || (durable < p->durable && fdatasync(fd) < 0))
		r = blobs_fail_errno(t, "written", path);
	else
		p->durable = durable;
	close(fd);
	return r;
}

int blobs_part_mark(struct blobs_fs *b, struct part *p, struct files *f, struct task *t)
{
	if (fdatasync(f->data) < 0)
		return blobs_fail_errno(t, "flushed", p->path);
	if (p->has_tree && (blobs_tree(b, f, O_RDWR) < 0 || fdatasync(f->tree) < 0))
		return blobs_fail_errno(t, "flushed with its tree", p->path);
	p->flushed = p->flushing = p->end;
	if (!p->named) {
		if (blobs_sync_dir(b, "part") < 0)
			return blobs_fail_errno(t, "flushed", "part");
		p->named = true;
	}
	return mark_write(b, p, p->end / CY_CHUNK * CY_CHUNK, t);
}

/* -------------------------------------------------------------- back, and forth */

void blobs_leaf_begin(struct blobs_fs *b, struct part *p)
{
	static const uint8_t prefix = 0;

	CY_ASSERT(EVP_DigestInit_ex2(p->leaf, b->sha256, NULL) == 1 && EVP_DigestUpdate(p->leaf, &prefix, 1) == 1);
}

/* The part ends at `at`, a multiple of CY_CHUNK that the mark covers, and is read back from
 * its beginning. What the file has beyond is cut off, or written over later. */
static void go_back(struct blobs_fs *b, struct part *p, struct files *f, uint64_t at)
{
	struct stat st = { 0 };
	const uint64_t leaves = at / CY_CHUNK * CY_SHA256_LEN;

	CY_ASSERT(EVP_DigestInit_ex2(p->whole, b->sha256, NULL) == 1);
	blobs_leaf_begin(b, p);
	p->has_tree = false;
	if (f != NULL) {
		(void)!ftruncate(f->data, (off_t)at);
		p->has_tree = blobs_tree(b, f, O_RDWR) >= 0 && fstat(f->tree, &st) == 0;
		if (p->has_tree && (uint64_t)st.st_size > leaves)
			(void)!ftruncate(f->tree, (off_t)leaves);
	}
	p->leaves_lost = !p->has_tree || (uint64_t)st.st_size < leaves;
	p->allocated = p->flushing = p->flushed = p->resumed = at;
	p->whole_at = 0;
	p->has_first = false;
	p->level = 0;
	blobs_part_end(b, p, at);
	if (at > 0)
		blobs_job_add(b, p);
}

void blobs_part_back(struct blobs_fs *b, struct part *p, struct task *t)
{
	go_back(b, p, blobs_files(b, p->path, O_RDWR), p->durable);
	t->result.offset = p->end;
}

int blobs_part_anew(struct blobs_fs *b, struct part *p, struct task *t)
{
	struct files *f = blobs_files(b, p->path, O_RDWR | O_CREAT);
	char path[PATH_SIZE];

	if (f == NULL)
		return blobs_fail_errno(t, "made", p->path);
	blobs_path(path, p->path, "mark");
	if (p->marks == 0)
		unlinkat(b->dir, path, 0);
	if (mark_write(b, p, 0, t) < 0)
		return t->result.code;
	go_back(b, p, f, 0);
	return CY_OK;
}

static void remove_files(struct blobs_fs *b, const char *part_path)
{
	char path[PATH_SIZE];

	blobs_files_forget(b, part_path);
	/* The mark last: without data it is a leftover. */
	unlinkat(b->dir, part_path, 0);
	blobs_path(path, part_path, "tree");
	unlinkat(b->dir, path, 0);
	blobs_path(path, part_path, "mark");
	unlinkat(b->dir, path, 0);
}

void blobs_part_remove(struct blobs_fs *b, struct part *p)
{
	remove_files(b, p->path);
	blobs_part_free(b, p);
	blobs_look(b);
}

void blobs_part_release(struct blobs_fs *b, struct part *p)
{
	struct files *f = blobs_files(b, p->path, O_RDWR);
	struct task none = { 0 };

	unreserve(b, p);
	if (f != NULL && p->end / CY_CHUNK * CY_CHUNK > p->durable)
		blobs_part_mark(b, p, f, &none);
	if (p->durable == 0) {
		blobs_part_remove(b, p);
		return;
	}
	/* Blocks ahead of the end go, although the size stays. */
	if (f != NULL && p->allocated > p->end && ftruncate(f->data, (off_t)p->end) == 0)
		p->allocated = p->end;
	blobs_part_end(b, p, p->end);
	blobs_look(b);
}

void blobs_part_asleep(struct blobs_fs *b, const char *name)
{
	char path[PATH_SIZE];
	struct part *p;
	struct stat st;
	int fd;

	if (!blobs_name_valid(name))
		return;
	snprintf(path, sizeof path, "part/%s", name);
	fd = openat(b->dir, path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
		(void)!ftruncate(fd, st.st_size);
		p = part_add(b, name);
		p->asleep = true;
		p->since_ms = (int64_t)st.st_mtim.tv_sec * 1000;
		account(b, p, (uint64_t)st.st_size, (uint64_t)st.st_size, 0);
	}
	close(fd);
}

static void cancel(struct blobs_fs *b, struct task *t)
{
	if (t == NULL)
		return;
	blobs_fail(t, CY_ENOENT, "the part %s was thrown away meanwhile", t->part);
	blobs_post(b, t);
}

void blobs_part_drop(struct blobs_fs *b, struct part *p, struct task *t)
{
	char path[PATH_SIZE], done[PATH_SIZE];

	if (p != NULL) {
		cancel(b, p->copy);
		cancel(b, p->finish);
		for (struct task *w = blobs_part_waiting(p), *next; w != NULL; w = next) {
			next = w->next;
			cancel(b, w);
		}
		blobs_part_free(b, p);
	}
	snprintf(path, sizeof path, "part/%s", t->part);
	remove_files(b, path);
	blobs_path(done, path, "done");
	unlinkat(b->dir, done, 0);
	if (blobs_sync_dir(b, "part") < 0)
		blobs_fail_errno(t, "flushed", "part");
	blobs_look(b);
	blobs_post(b, t);
}

void blobs_part_free_all(struct blobs_fs *b)
{
	for (size_t i = 0; i < BUCKETS; i++) {
		while (b->part[i] != NULL) {
			struct part *p = b->part[i];
			struct task t = { 0 };
			struct files *f = NULL;

			if (p->end / CY_CHUNK * CY_CHUNK > p->durable)
				f = blobs_files(b, p->path, O_RDWR);
			if (f != NULL)
				blobs_part_mark(b, p, f, &t);
			if (p->copy != NULL)
				blobs_task_free(p->copy);
			if (p->finish != NULL)
				blobs_task_free(p->finish);
			for (struct task *w = blobs_part_waiting(p), *next; w != NULL; w = next) {
				next = w->next;
				blobs_task_free(w);
			}
			blobs_part_free(b, p);
		}
	}
}

/* --------------------------------------------------------------------- opening */

/* Loads what the disk has of the part. Returns CY_ENOENT if it has nothing. */
static int load(struct blobs_fs *b, struct part *p, struct task *t)
{
	struct mark m = { 0 };
	struct files *f = blobs_files(b, p->path, O_RDWR);
	struct stat st;
	uint64_t at;

	if (f == NULL && errno == ENOENT)
		return CY_ENOENT;
	if (f == NULL || fstat(f->data, &st) < 0)
		return blobs_fail_errno(t, "opened", p->path);
	/* None that is whole: nothing is known to be durable. */
	mark_read(b, p->path, &m);
	at = m.durable < (uint64_t)st.st_size ? m.durable : (uint64_t)st.st_size;
	p->expected = m.expected;
	p->marks = m.turn;
	p->durable = at / CY_CHUNK * CY_CHUNK;
	go_back(b, p, f, p->durable);
	return CY_OK;
}

static bool id_equal(const struct blob_id *a, const struct blob_id *b)
{
	return a->size == b->size && cy_digest_equal(&a->sha256, &b->sha256) && cy_digest_equal(&a->root, &b->root);
}

/* Has this part become the content that is here, and nobody was told? Then there is no part any
 * more. That the same content is here for others is nothing to whom it is pulled from. */
static bool finished_before(struct blobs_fs *b, struct part *p, struct task *t)
{
	struct blob_id id;

	if (!t->expects || t->again || !blobs_seal_pulled(b, t->part, &t->id.sha256) ||
	    !blobs_content_is(b, &t->id.sha256, &id) || !id_equal(&id, &t->id))
		return false;
	if (p != NULL)
		blobs_part_remove(b, p);
	t->result.id = id;
	t->result.offset = id.size;
	if (blobs_content_flush(b, &id.sha256, t) == CY_OK)
		blobs_fail(t, CY_EEXIST, "all of it has been pulled already");
	return true;
}

/* It is in memory; NULL: it is not, though the disk may have it. */
static struct part *awake(struct blobs_fs *b, const char *name)
{
	struct part *p = blobs_part_find(b, name);

	if (p == NULL || !p->asleep)
		return p;
	blobs_part_free(b, p);
	return NULL;
}

void blobs_part_open(struct blobs_fs *b, struct task *t)
{
	struct part *p = awake(b, t->part);
	const struct blob_id old = p != NULL ? p->expected : (struct blob_id){ 0 };
	bool exists = p != NULL, fresh = p == NULL, firm = false;
	int r = CY_OK;

	if (finished_before(b, p, t)) {
		blobs_post(b, t);
		return;
	}
	if (p == NULL) {
		p = part_new(b, t->part);
		r = load(b, p, t);
		exists = r != CY_ENOENT;
		r = exists ? r : CY_OK;
	}
	if (r == CY_OK && exists && !id_equal(fresh ? &p->expected : &old, &t->id)) {
		p->expected = t->id;
		r = blobs_part_anew(b, p, t);
	}
	p->expected = t->id;
	p->pulled = t->expects;
	if (r == CY_OK && t->size > p->held && !blobs_room(b, p, t->size - p->held, &firm))
		r = blobs_fail(
			t, CY_ELIMIT,
			"the disk has no room for %llu bytes more: %llu are free beyond what others have reserved",
			(unsigned long long)(t->size - p->held), (unsigned long long)b->now.free);
	if (r == CY_OK) {
		unreserve(b, p);
		p->firm = firm;
		p->size = t->size;
		p->append_error = CY_OK;
		blobs_part_end(b, p, p->end);
		if (!exists)
			r = blobs_part_anew(b, p, t);
		t->result.offset = p->end;
	}
	/* The bytes that the disk had stay there. */
	if (r < 0 && fresh && exists) {
		blobs_part_free(b, p);
		blobs_part_asleep(b, t->part);
	} else if (r < 0 && fresh) {
		blobs_part_remove(b, p);
	}
	blobs_look(b);
	blobs_post(b, t);
}
