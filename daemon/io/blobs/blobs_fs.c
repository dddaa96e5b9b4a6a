/* The port, the queue and its thread. */
#include "io/blobs/blobs_fs.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "io/blobs/blobs_fs_internal.h"

#define IDLE_MS  10000 /* then files are closed */
#define LOOK_MS  1000  /* the free space is no older while it is asked for */
#define BUSY_MAX 16    /* tasks that come before a slice of what is verified */

/* --------------------------------------------------------------------- results */

void blobs_task_free(struct task *t)
{
	blob_release(&t->data);
	blob_release(&t->result.data);
	if (t->reader != NULL)
		blobs_reader_leave(t->reader);
	if (t->result.fd >= 0)
		close(t->result.fd);
	free(t);
}

void blobs_post(struct blobs_fs *b, struct task *t)
{
	/* It is over, whenever main takes the letter: its reader queues nothing more. */
	if (t->reader != NULL)
		blobs_reader_leave(t->reader);
	t->reader = NULL;
	pthread_mutex_lock(&b->lock);
	b->space = b->now;
	pthread_mutex_unlock(&b->lock);
	mailbox_post(&b->box, &(struct mail){ .data = t });
}

void blobs_post_more(struct blobs_fs *b, const struct task *t)
{
	struct task *copy = calloc(1, sizeof *copy);

	CY_ASSERT(copy != NULL);
	copy->result = t->result;
	copy->result.more = true;
	blobs_post(b, copy);
}

int blobs_fail(struct task *t, int code, const char *fmt, ...)
{
	va_list ap;

	t->result.code = code;
	va_start(ap, fmt);
	vsnprintf(t->result.text, sizeof t->result.text, fmt, ap);
	va_end(ap);
	return code;
}

int blobs_fail_errno(struct task *t, const char *what, const char *path)
{
	const int err = errno;

	switch (err) {
	case ENOSPC:
	case EDQUOT:
	case EFBIG:
		return blobs_fail(t, CY_ELIMIT, "%s cannot be %s: %s", path, what, strerror(err));
	case ENOENT:
		return blobs_fail(t, CY_ENOENT, "%s cannot be %s: %s", path, what, strerror(err));
	default:
		return blobs_fail(t, CY_EIO, "%s cannot be %s: %s", path, what, strerror(err));
	}
}

static void on_letter(void *ctx, const struct mail *m)
{
	struct blobs_fs *b = ctx;
	struct task *t = m->data;

	if (t != NULL && t->what == BLOBS_LEFT) {
		b->events.left(b->events.ctx, t->part, &t->id.sha256);
		blobs_task_free(t);
	} else if (t != NULL) {
		if (t->counted)
			b->waits--;
		b->events.done(b->events.ctx, &t->result);
		t->result.data = (struct blob_bytes){ 0 };
		t->result.fd = -1;
		blobs_task_free(t);
	}
	if (b->refused && b->waits < BLOB_WAITS_MAX) {
		b->refused = false;
		b->events.ready(b->events.ctx);
	}
}

/* ------------------------------------------------------------------ the thread */

int64_t blobs_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

void blobs_do(struct blobs_fs *b, struct task *t)
{
	struct part *p;

	if (t->what != BLOBS_APPEND)
		blobs_land(b);
	switch (t->what) {
	case BLOBS_READ:
		blobs_content_read(b, t);
		return;
	case BLOBS_FILE:
		blobs_content_file(b, t);
		return;
	case BLOBS_DESTROY:
		blobs_content_destroy(b, t);
		return;
	case BLOBS_CONFIRM:
		blobs_seal_confirm(b, t);
		return;
	case BLOBS_VERIFY:
		blobs_verify(b, t);
		return;
	case BLOBS_LIST:
		blobs_list(b, t);
		return;
	default:
		break;
	}
	p = blobs_part_find(b, t->part);
	if (t->what == BLOBS_DROP) {
		blobs_part_drop(b, p, t);
		return;
	}
	if (t->what == BLOBS_PIECE) {
		blobs_part_piece(b, p, t);
		return;
	}
	if (p != NULL && p->asleep && t->what != BLOBS_OPEN)
		p = NULL;
	if (p != NULL && (p->copy != NULL || p->finish != NULL)) {
		t->next = NULL;
		*p->last_waiting = t;
		p->last_waiting = &t->next;
		return;
	}
	if (t->what == BLOBS_OPEN) {
		blobs_part_open(b, t);
		return;
	}
	if (t->what == BLOBS_RELEASE) {
		if (p != NULL)
			blobs_part_release(b, p);
		blobs_task_free(t);
		return;
	}
	if (p == NULL) {
		blobs_fail(t, CY_ENOENT, "there is no part %s that is open", t->part);
		blobs_post(b, t);
		return;
	}
	if (t->what == BLOBS_APPEND) {
		blobs_part_append(b, p, t);
	} else if (t->what == BLOBS_COPY) {
		blobs_part_copy(b, p, t);
	} else {
		p->finish = t;
		blobs_job_add(b, p);
	}
}

static void idle(struct blobs_fs *b)
{
	const int64_t close_at = blobs_files_idle(b) ? INT64_MAX : blobs_now() + IDLE_MS, due = blobs_verify_due(b);
	const int64_t at = due < close_at ? due : close_at;
	const struct timespec until = { .tv_sec = at / 1000, .tv_nsec = at % 1000 * 1000000 };

	if (at == INT64_MAX)
		pthread_cond_wait(&b->cond, &b->lock);
	else if (pthread_cond_timedwait(&b->cond, &b->lock, &until) == ETIMEDOUT && b->first == NULL && at == close_at)
		blobs_files_close(b);
}

static void *run(void *arg)
{
	struct blobs_fs *b = arg;
	unsigned busy = 0;

	pthread_setname_np(pthread_self(), "evidence");
	pthread_mutex_lock(&b->lock);
	while (!b->quit) {
		struct task *t = b->first;
		const bool check_space = b->check_space, check = blobs_verify_due(b) <= blobs_now();

		if (t == NULL && b->job == NULL && !check && b->scanned == SUBDIRS && !check_space) {
			if (b->flight.p == NULL) {
				idle(b);
				continue;
			}
			pthread_mutex_unlock(&b->lock);
			blobs_land(b);
			pthread_mutex_lock(&b->lock);
			continue;
		}
		if (t != NULL) {
			b->first = t->next;
			if (b->first == NULL)
				b->last = &b->first;
		}
		b->check_space = false;
		pthread_mutex_unlock(&b->lock);
		if (t != NULL)
			blobs_do(b, t);
		/* Whatever waits, the long ones get on by a slice. */
		if (b->job != NULL)
			blobs_job(b);
		else if (b->scanned < SUBDIRS)
			blobs_scan_content(b);
		/* Verifying gives way to all of that, and yet it ends. */
		busy = t != NULL ? busy + 1 : 0;
		if (check && busy % BUSY_MAX == 0)
			blobs_verify_step(b);
		if (check_space || t == NULL)
			blobs_look(b);
		pthread_mutex_lock(&b->lock);
		b->space = b->now;
	}
	pthread_mutex_unlock(&b->lock);
	blobs_land(b);
	blobs_part_free_all(b);
	blobs_verify_free_all(b);
	blobs_files_close(b);
	return NULL;
}

/* -------------------------------------------------------------------- the port */

bool blobs_name_valid(const char *name)
{
	const size_t len = strlen(name);

	return len > 0 && len <= BLOB_NAME_MAX && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == len;
}

struct task *blobs_task(enum blobs_what what, uint64_t ticket)
{
	struct task *t = calloc(1, sizeof *t);

	CY_ASSERT(t != NULL);
	t->what = what;
	t->result.fd = -1;
	t->result.ticket = ticket;
	return t;
}

void blobs_queue(struct blobs_fs *b, struct task *t)
{
	t->next = NULL;
	pthread_mutex_lock(&b->lock);
	*b->last = t;
	b->last = &t->next;
	pthread_cond_signal(&b->cond);
	pthread_mutex_unlock(&b->lock);
}

static int queue(struct blobs_fs *b, struct task *t)
{
	if (t->counted)
		b->waits++;
	blobs_queue(b, t);
	return CY_OK;
}

static int queue_part(struct blobs_fs *b, struct task *t, const char *part)
{
	if (!blobs_name_valid(part)) {
		blobs_task_free(t);
		return CY_EINVAL;
	}
	snprintf(t->part, sizeof t->part, "%s", part);
	return queue(b, t);
}

static int port_open(void *ctx, uint64_t ticket, const char *part, uint64_t size, const struct blob_id *expected,
		     bool again)
{
	struct task *t = blobs_task(BLOBS_OPEN, ticket);

	t->size = size;
	t->again = again;
	if (expected != NULL) {
		t->expects = true;
		t->id = *expected;
		t->size = expected->size;
	}
	if (t->size > CY_EVIDENCE_MAX) {
		blobs_task_free(t);
		return CY_EINVAL;
	}
	return queue_part(ctx, t, part);
}

static int port_append(void *ctx, uint64_t ticket, const char *part, uint64_t offset, struct blob_bytes data,
		       const struct cy_digest *path, size_t n_path)
{
	struct blobs_fs *b = ctx;
	struct task *t;

	if (b->waits >= BLOB_WAITS_MAX) {
		b->refused = true;
		return CY_EAGAIN;
	}
	t = blobs_task(BLOBS_APPEND, ticket);
	t->data = data;
	if (n_path > CY_CHUNK_PATH_MAX) {
		blobs_task_free(t);
		return CY_EINVAL;
	}
	t->offset = offset;
	t->counted = blobs_name_valid(part);
	t->result.n_path = n_path;
	if (n_path > 0)
		memcpy(t->result.path, path, n_path * sizeof *path);
	return queue_part(b, t, part);
}

static int port_copy(void *ctx, uint64_t ticket, const char *part, int fd, uint64_t most)
{
	struct task *t;

	if (!blobs_name_valid(part))
		return CY_EINVAL;
	t = blobs_task(BLOBS_COPY, ticket);
	t->offset = most;
	t->reader = blobs_reader_new(ctx, part, ticket, fd);
	if (t->reader == NULL) {
		blobs_task_free(t);
		return CY_ELIMIT;
	}
	return queue_part(ctx, t, part);
}

static int port_finish(void *ctx, uint64_t ticket, const char *part, uint64_t size, const struct cy_digest *sha256)
{
	struct task *t = blobs_task(BLOBS_FINISH, ticket);

	t->size = size;
	t->expects = sha256 != NULL;
	if (sha256 != NULL)
		t->id.sha256 = *sha256;
	return queue_part(ctx, t, part);
}

static int port_drop(void *ctx, uint64_t ticket, const char *part)
{
	return queue_part(ctx, blobs_task(BLOBS_DROP, ticket), part);
}

static void port_release(void *ctx, const char *part)
{
	queue_part(ctx, blobs_task(BLOBS_RELEASE, 0), part);
}

static int port_read(void *ctx, uint64_t ticket, const struct cy_digest *sha256, uint64_t chunk, bool verify)
{
	struct blobs_fs *b = ctx;
	struct blob_bytes room = { 0 };
	struct task *t;

	if (b->waits < BLOB_WAITS_MAX)
		room = blobs_pool_take(b->pool);
	if (room.data == NULL) {
		b->refused = true;
		return CY_EAGAIN;
	}
	t = blobs_task(BLOBS_READ, ticket);
	t->counted = true;
	t->id.sha256 = *sha256;
	t->offset = chunk;
	t->verify = verify;
	t->data = room;
	return queue(b, t);
}

static int port_file(void *ctx, uint64_t ticket, const struct cy_digest *sha256)
{
	struct task *t = blobs_task(BLOBS_FILE, ticket);

	t->id.sha256 = *sha256;
	return queue(ctx, t);
}

static int port_destroy(void *ctx, uint64_t ticket, const struct cy_digest *sha256)
{
	struct task *t = blobs_task(BLOBS_DESTROY, ticket);

	t->id.sha256 = *sha256;
	return queue(ctx, t);
}

static int port_verify(void *ctx, uint64_t ticket, const struct cy_digest *sha256, uint64_t rate)
{
	struct task *t = blobs_task(BLOBS_VERIFY, ticket);

	t->id.sha256 = *sha256;
	t->size = rate;
	return queue(ctx, t);
}

static int port_list(void *ctx, uint64_t ticket, uint64_t page)
{
	struct task *t = blobs_task(BLOBS_LIST, ticket);

	t->offset = page;
	return queue(ctx, t);
}

static void port_confirm(void *ctx, const char *part, const struct cy_digest *sha256)
{
	struct task *t = blobs_task(BLOBS_CONFIRM, 0);

	t->id.sha256 = *sha256;
	queue_part(ctx, t, part);
}

static void port_space(void *ctx, struct blob_space *ret_space)
{
	struct blobs_fs *b = ctx;
	const int64_t now = blobs_now();

	pthread_mutex_lock(&b->lock);
	*ret_space = b->space;
	if (now - b->looked >= LOOK_MS) {
		b->looked = now;
		b->check_space = true;
		pthread_cond_signal(&b->cond);
	}
	pthread_mutex_unlock(&b->lock);
}

static void port_share(void *ctx, size_t owners)
{
	struct blobs_fs *b = ctx;

	pthread_mutex_lock(&b->lock);
	b->owners = owners;
	pthread_mutex_unlock(&b->lock);
}

static void port_parts(void *ctx, void (*fn)(void *arg, const struct blob_part *part), void *arg)
{
	struct blobs_fs *b = ctx;

	pthread_mutex_lock(&b->lock);
	for (size_t i = 0; i < BUCKETS; i++)
		for (const struct part *p = b->part[i]; p != NULL; p = p->next)
			fn(arg, &p->shown);
	pthread_mutex_unlock(&b->lock);
}

static uint64_t port_progress(void *ctx, const char *part)
{
	struct blobs_fs *b = ctx;
	const struct part *p;
	uint64_t here;

	pthread_mutex_lock(&b->lock);
	p = blobs_part_find(b, part);
	here = p != NULL && !p->asleep ? p->shown.here : 0;
	pthread_mutex_unlock(&b->lock);
	return here;
}

struct blob_port blobs_fs_port(struct blobs_fs *b)
{
	return (struct blob_port){
		.ctx = b,
		.open = port_open,
		.append = port_append,
		.copy = port_copy,
		.finish = port_finish,
		.confirm = port_confirm,
		.drop_part = port_drop,
		.release = port_release,
		.read = port_read,
		.file = port_file,
		.verify = port_verify,
		.list = port_list,
		.destroy = port_destroy,
		.share = port_share,
		.space = port_space,
		.parts = port_parts,
		.progress = port_progress,
	};
}

/* ---------------------------------------------------------- opening and closing */

static void release(struct blobs_fs *b)
{
	if (b->pool != NULL)
		blobs_pool_leave(b->pool);
	for (struct task *t = b->first, *next; t != NULL; t = next) {
		next = t->next;
		blobs_task_free(t);
	}
	if (b->box.wake != NULL) {
		for (struct mail *m = b->box.first; m != NULL; m = m->next)
			if (m->data != NULL)
				blobs_task_free(m->data);
	}
	mailbox_free(&b->box);
	pthread_cond_destroy(&b->cond);
	pthread_mutex_destroy(&b->lock);
	helper_free(b->writer);
	helper_free(b->hasher);
	EVP_MD_CTX_free(b->leaf);
	EVP_MD_CTX_free(b->whole_before);
	EVP_MD_CTX_free(b->leaf_before);
	EVP_MD_free(b->sha256);
	free(b->scratch);
	free(b->aligned);
	if (b->dir >= 0)
		close(b->dir);
	free(b);
}

int blobs_fs_open(struct event_base *base, const struct blobs_fs_config *config, const struct blobs_fs_events *events,
		  struct blobs_fs **ret, struct cy_error *e)
{
	struct blobs_fs *b = calloc(1, sizeof *b);
	pthread_condattr_t attr;
	int r;

	CY_ASSERT(b != NULL);
	b->events = *events;
	b->keep_free = config->keep_free;
	b->dir = -1;
	b->last = &b->first;
	b->last_job = &b->job;
	b->last_check = &b->check;
	b->scratch = aligned_alloc(DIRECT_ALIGN, CY_CHUNK);
	b->aligned = aligned_alloc(DIRECT_ALIGN, CY_CHUNK);
	b->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	b->leaf = EVP_MD_CTX_new();
	b->whole_before = EVP_MD_CTX_new();
	b->leaf_before = EVP_MD_CTX_new();
	CY_ASSERT(b->scratch != NULL && b->aligned != NULL && b->sha256 != NULL && b->leaf != NULL &&
		  b->whole_before != NULL && b->leaf_before != NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	CY_ASSERT(pthread_mutex_init(&b->lock, NULL) == 0 && pthread_cond_init(&b->cond, &attr) == 0);
	pthread_condattr_destroy(&attr);
	r = mailbox_init(&b->box, base, on_letter, b, e);
	if (r == CY_OK) {
		b->pool = blobs_pool_new(&b->box);
		r = blobs_dir_open(config->dir, &b->dir, e);
	}
	/* Before anybody asks what there is. */
	if (r == CY_OK) {
		blobs_scan_parts(b);
		blobs_look(b);
		b->space = b->now;
	}
	b->writer = helper_new("evidence-write");
	b->hasher = helper_new("evidence-hash");
	if (r == CY_OK && (b->writer == NULL || b->hasher == NULL || pthread_create(&b->thread, NULL, run, b) != 0))
		r = cy_fail(e, CY_EIO, "the thread for evidence cannot be started");
	if (r < 0) {
		release(b);
		return r;
	}
	*ret = b;
	return CY_OK;
}

void blobs_fs_close(struct blobs_fs *b)
{
	if (b == NULL)
		return;
	pthread_mutex_lock(&b->lock);
	b->quit = true;
	pthread_cond_signal(&b->cond);
	pthread_mutex_unlock(&b->lock);
	pthread_join(b->thread, NULL);
	release(b);
}
