/* Copying what a local client has opened. How long a read of it takes, and whether it ends, is
 * for its file system to say, which may be the client's own: each is read by a thread of its
 * own, and only the part that it is copied into waits for it. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/blobs/blobs_fs_internal.h"

#define PIECE        (CY_CHUNK / 2)
#define READ_AHEAD   2u /* pieces that are read and not written */
#define READER_STACK (256u * 1024u)

/* Held by its thread and by the task; whoever lets go of it last frees it. Where it hangs, that is its thread. */
struct reader {
	pthread_mutex_t lock;
	pthread_cond_t cond;
	unsigned holders;
	bool over;          /* the task is: nobody waits for a piece */
	bool begun;         /* the part is ready for the first one */
	unsigned waits;     /* pieces that are not written */
	struct blobs_fs *b; /* while it is not over */
	uint64_t ticket;    /* of the task, which its pieces name as well */
	char part[BLOB_NAME_MAX + 1];
	int fd; /* its thread's */
	uint8_t *data[READ_AHEAD];
};

/* Of this process: they may outlive whose they are. */
static _Atomic unsigned readers;

/* ------------------------------------------------------------------- its thread */

static void leave(struct reader *r)
{
	bool last;

	pthread_mutex_lock(&r->lock);
	last = --r->holders == 0;
	pthread_mutex_unlock(&r->lock);
	if (!last)
		return;
	for (size_t i = 0; i < READ_AHEAD; i++)
		free(r->data[i]);
	pthread_cond_destroy(&r->cond);
	pthread_mutex_destroy(&r->lock);
	free(r);
}

/* Until there is room for a piece; false: nobody wants one. */
static bool wait_for_room(struct reader *r)
{
	bool wanted;

	pthread_mutex_lock(&r->lock);
	while (!r->over && (!r->begun || r->waits == READ_AHEAD))
		pthread_cond_wait(&r->cond, &r->lock);
	wanted = !r->over;
	pthread_mutex_unlock(&r->lock);
	return wanted;
}

/* Takes the piece over. */
static void hand_on(struct reader *r, struct task *piece)
{
	bool wanted;

	pthread_mutex_lock(&r->lock);
	wanted = !r->over;
	if (wanted) {
		r->waits++;
		blobs_queue(r->b, piece);
	}
	pthread_mutex_unlock(&r->lock);
	if (!wanted)
		blobs_task_free(piece);
}

/* All that it said to be, and no other meanwhile? Else it would be stored as something that it never was. */
static void check(const struct reader *r, struct task *piece, const struct stat *before)
{
	struct stat now;

	if (fstat(r->fd, &now) < 0)
		blobs_fail(piece, CY_EIO, "what was handed over for %s cannot be asked for its size: %s", r->part,
			   strerror(errno));
	else if (now.st_size != before->st_size || now.st_mtim.tv_sec != before->st_mtim.tv_sec ||
		 now.st_mtim.tv_nsec != before->st_mtim.tv_nsec)
		blobs_fail(piece, CY_EINVAL,
			   "what was handed over for %s changed while it was read: repeat it when nobody writes it",
			   r->part);
	else if (piece->offset + piece->data.len != (uint64_t)before->st_size)
		blobs_fail(piece, CY_EINVAL,
			   "what was handed over for %s says that it has %llu bytes, and %llu could be read", r->part,
			   (unsigned long long)before->st_size, (unsigned long long)(piece->offset + piece->data.len));
}

/* The next piece; its `last`: there is none after it. One byte more than it has is asked for. */
static struct task *read_piece(const struct reader *r, const struct stat *before, uint64_t at)
{
	const uint64_t left = (uint64_t)before->st_size - at + 1;
	const size_t want = left < PIECE ? (size_t)left : PIECE;
	struct task *piece = blobs_task(BLOBS_PIECE, r->ticket);

	memcpy(piece->part, r->part, sizeof piece->part);
	piece->size = (uint64_t)before->st_size;
	piece->offset = at;
	piece->data.data = r->data[at / PIECE % READ_AHEAD];
	if (blobs_pread(r->fd, piece->data.data, want, at, &piece->data.len) < 0)
		blobs_fail(piece, CY_EIO, "what was handed over for %s cannot be read: %s", r->part, strerror(errno));
	piece->last = piece->result.code < 0 || piece->data.len < PIECE;
	if (piece->last && piece->result.code == CY_OK)
		check(r, piece, before);
	return piece;
}

/* A file without a piece: only what is wrong with it. */
static struct task *no_piece(const struct reader *r, const char *what)
{
	struct task *piece = blobs_task(BLOBS_PIECE, r->ticket);

	memcpy(piece->part, r->part, sizeof piece->part);
	piece->last = true;
	blobs_fail(piece, CY_EINVAL, "what was handed over for %s is %s", r->part, what);
	return piece;
}

static void read_all(struct reader *r)
{
	struct stat before;
	uint64_t at = 0;

	if (!wait_for_room(r))
		return;
	if (fstat(r->fd, &before) < 0 || !S_ISREG(before.st_mode)) {
		hand_on(r, no_piece(r, "not a regular file"));
		return;
	}
	if ((uint64_t)before.st_size > CY_EVIDENCE_MAX) {
		hand_on(r, no_piece(r, "larger than an item may be, which is 64 TiB"));
		return;
	}
	posix_fadvise(r->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	for (bool more = true; more && wait_for_room(r); at += PIECE) {
		struct task *piece = read_piece(r, &before, at);

		more = !piece->last;
		hand_on(r, piece);
	}
}

static void *run(void *arg)
{
	struct reader *r = arg;

	pthread_setname_np(pthread_self(), "evidence-read");
	read_all(r);
	close(r->fd);
	leave(r);
	readers--;
	return NULL;
}

static bool start(struct reader *r)
{
	pthread_attr_t attr;
	pthread_t thread;
	int failed;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, READER_STACK);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	failed = pthread_create(&thread, &attr, run, r);
	pthread_attr_destroy(&attr);
	return failed == 0;
}

struct reader *blobs_reader_new(struct blobs_fs *b, const char *part, uint64_t ticket, int fd)
{
	struct reader *r;

	if (readers >= BLOBS_READERS_MAX)
		return NULL;
	r = calloc(1, sizeof *r);
	CY_ASSERT(r != NULL && pthread_mutex_init(&r->lock, NULL) == 0 && pthread_cond_init(&r->cond, NULL) == 0);
	for (size_t i = 0; i < READ_AHEAD; i++) {
		r->data[i] = aligned_alloc(DIRECT_ALIGN, PIECE);
		CY_ASSERT(r->data[i] != NULL);
	}
	r->b = b;
	r->ticket = ticket;
	snprintf(r->part, sizeof r->part, "%s", part);
	r->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	r->holders = 2;
	if (r->fd >= 0 && start(r)) {
		readers++;
		return r;
	}
	/* It is open at the caller's as well: this does not wait. */
	if (r->fd >= 0)
		close(r->fd);
	r->holders = 1;
	leave(r);
	return NULL;
}

void blobs_reader_leave(struct reader *r)
{
	pthread_mutex_lock(&r->lock);
	r->over = true;
	pthread_cond_signal(&r->cond);
	pthread_mutex_unlock(&r->lock);
	leave(r);
}

static void want_more(struct reader *r, unsigned written)
{
	pthread_mutex_lock(&r->lock);
	r->begun = true;
	r->waits -= written;
	pthread_cond_signal(&r->cond);
	pthread_mutex_unlock(&r->lock);
}

/* ------------------------------------------------------------------- the worker */

static void copy_end(struct blobs_fs *b, struct part *p)
{
	struct task *t = p->copy;

	blobs_land(b);
	p->copy = NULL;
	t->result.offset = p->end;
	blobs_post(b, t);
	blobs_part_go_on(b, blobs_part_waiting(p));
}

void blobs_part_copy(struct blobs_fs *b, struct part *p, struct task *t)
{
	p->copy = t;
	if (p->pulled)
		blobs_fail(t, CY_ESTATE, "%s is pulled from a peer", p->name);
	else if (p->end > 0)
		blobs_part_anew(b, p, t);
	if (t->result.code < 0)
		copy_end(b, p);
	else
		want_more(t->reader, 0);
}

/* All of it is allowed, and has room, before anything is written. */
static int reserve(struct blobs_fs *b, struct part *p, struct task *t, uint64_t size)
{
	if (size > t->offset)
		return blobs_fail(t, CY_EDENIED, "what was handed over for %s has %llu bytes, and may have %llu",
				  p->name, (unsigned long long)size, (unsigned long long)t->offset);
	if (p->size == 0 && !blobs_room(b, p, size, &p->firm))
		return blobs_fail(t, CY_ELIMIT, "the disk has no room for the %llu bytes of %s",
				  (unsigned long long)size, p->name);
	if (p->size == 0)
		p->size = size;
	blobs_part_end(b, p, p->end);
	return CY_OK;
}

/* A piece flies while the next one is read. */
void blobs_part_piece(struct blobs_fs *b, struct part *p, struct task *piece)
{
	struct task *t = p != NULL ? p->copy : NULL;
	bool last = piece->last;

	/* Else what it is a piece of has ended. */
	if (t == NULL || t->result.ticket != piece->result.ticket) {
		blobs_task_free(piece);
		return;
	}
	if (t->result.code == CY_OK && piece->offset == 0 && piece->result.code == CY_OK)
		reserve(b, p, t, piece->size);
	if (t->result.code == CY_OK && piece->result.code < 0)
		blobs_fail(t, piece->result.code, "%s", piece->result.text);
	/* Earlier writes have ended by now. */
	if (t->result.code == CY_OK && piece->offset > 0)
		want_more(t->reader, 1);
	if (t->result.code == CY_OK)
		blobs_part_write(b, p, t, piece->data.data, piece->data.len, NULL);
	blobs_task_free(piece);
	if (t->result.code < 0 || last) {
		copy_end(b, p);
		return;
	}
	t->result.offset = p->end;
	if (p->end > 0 && p->end % PROGRESS_BYTES == 0)
		blobs_post_more(b, t);
}
