/* Internal to blobs_fs. All state belongs to the worker unless a comment says otherwise. */
#ifndef CY_IO_BLOBS_BLOBS_FS_INTERNAL_H
#define CY_IO_BLOBS_BLOBS_FS_INTERNAL_H

#include <openssl/evp.h>
#include <pthread.h>
#include <stdatomic.h>

#include "audit/tree.h"
#include "io/blobs/blobs_fs.h"
#include "io/loop/mailbox.h"

#define PATH_SIZE      88   /* of a file in DIR, with NUL: content/ab/HEX.tree */
#define FILES_MAX      8    /* parts and contents whose descriptors are kept */
#define DIRECT_ALIGN   4096 /* what goes past the page cache begins and ends with a block of any disk, in memory too */
#define BUCKETS        1024
#define SUBDIRS        256
#define POOL_MAX       (BLOB_WAITS_MAX + 8) /* chunks that were read and not released, and that are being read */
#define PROGRESS_BYTES (64u * CY_CHUNK)
#define BLOBS_SPOILT   "the disk does not give back what it took of %s, which was thrown away"

struct reader;

enum blobs_what {
	BLOBS_OPEN,
	BLOBS_APPEND,
	BLOBS_COPY,
	BLOBS_FINISH,
	BLOBS_DROP,
	BLOBS_READ,
	BLOBS_FILE,
	BLOBS_DESTROY,
	BLOBS_VERIFY,
	BLOBS_LIST,
	BLOBS_CONFIRM,
	BLOBS_PIECE, /* of what is copied: from its reader */
	BLOBS_RELEASE,
	BLOBS_LEFT /* told to main */
};

struct task {
	struct task *next;
	enum blobs_what what;
	char part[BLOB_NAME_MAX + 1];
	uint64_t size, offset; /* offset: a chunk's number for read(), the most for copy(), the page for list(); size:
				  the rate for verify() */
	bool expects;          /* `id` holds what is expected; finish(): its sha256 */
	bool again, verify;    /* open(), read() */
	bool counted;          /* among BLOB_WAITS_MAX */
	struct blob_id id;
	struct blob_bytes data;
	struct reader *reader;     /* copy() */
	bool last;                 /* BLOBS_PIECE */
	struct blob_result result; /* append(): the path is given here */
};

/* Open files of a part or of a content, for the time of a task. */
struct files {
	char path[PATH_SIZE]; /* empty: the slot is free */
	int data, tree;       /* tree: -1 until it is asked for */
	int direct;           /* the data past the page cache; -1 until it is asked for, or it cannot be had */
	bool no_direct;       /* it cannot be had */
	uint64_t turn;
};

struct part {
	struct part *next; /* in its bucket; main looks it up as well, under the lock */
	char name[BLOB_NAME_MAX + 1], path[PATH_SIZE];
	bool asleep; /* of an earlier life, and not opened in this one: only `held` is known of it */
	bool pulled;
	struct blob_id expected;    /* all zero: an upload */
	uint64_t size;              /* that it will have; 0: not known, or nobody goes on with it */
	uint64_t held;              /* bytes that the disk has given it */
	uint64_t owes;              /* bytes of it in blobs_fs.reserved */
	bool firm;                  /* they are within its owner's share, and so in blobs_fs.firm */
	int64_t since_ms;           /* UTC */
	struct blob_part shown;     /* for main, under the lock */
	uint64_t end;               /* bytes that it has */
	uint64_t durable;           /* bytes that its mark says */
	uint64_t marks;             /* that were set */
	bool named;                 /* the disk has the names of its files */
	uint64_t allocated;         /* blocks are there up to here */
	bool no_allocate;           /* the file system cannot */
	uint64_t flushing, flushed; /* write-back has begun up to here; has ended up to there */
	int append_error;           /* the code of an append that failed: those behind it fail alike */

	uint64_t whole_at;        /* `whole` has the bytes before; it catches up with `end` */
	uint64_t resumed;         /* bytes of an earlier life: their leaves are compared */
	EVP_MD_CTX *whole, *leaf; /* leaf: of the chunk at `end` */
	struct cy_digest first;   /* leaf 0, if there is no tree yet */
	bool has_first, has_tree;
	bool leaves_lost; /* of an earlier life: they are written instead of compared */

	/* The work that is done in slices; `job` links the parts that have some. */
	bool is_job;
	struct part *job;
	struct task *copy, *finish;
	struct task *waiting, **last_waiting; /* for copy or finish to end */
	unsigned level;                       /* of the tree, that is being made; 0: none */
	uint64_t index;
};

/* The last piece of a part, while it is written and hashed. */
struct flight {
	struct part *p; /* NULL: nothing is in flight */
	struct task *t;
	struct files *files;
	const uint8_t *data;
	size_t len;
	bool in_turn;  /* the whole is hashed with it; else it catches up later */
	bool is_chunk; /* a whole one, with this leaf */
	struct cy_digest leaf;
	int code, error; /* of writing; errno */
};

struct pool;
struct helper;
struct check;

struct blobs_fs {
	/* Set at the start. */
	struct blobs_fs_events events;
	int dir;
	uint64_t keep_free;
	EVP_MD *sha256;
	pthread_t thread;

	/* main */
	struct mailbox box; /* of results; a letter without one: try again */
	unsigned waits;
	bool refused;
	struct pool *pool;

	/* between both */
	pthread_mutex_t lock;
	pthread_cond_t cond;
	struct task *first, **last;
	bool quit, check_space;
	size_t owners;  /* of parts, that there may be */
	int64_t looked; /* ms, monotonic */
	struct blob_space space;
	struct part *part[BUCKETS]; /* written by the worker */

	/* the worker */
	struct part *job, **last_job;
	struct check *check, **last_check;
	unsigned scanned; /* directories of content that are counted */
	struct files files[FILES_MAX];
	uint64_t turn;
	EVP_MD_CTX *leaf;
	struct flight flight;                   /* with its files: nothing else is opened meanwhile */
	EVP_MD_CTX *whole_before, *leaf_before; /* of the part, without what is in flight */
	struct helper *writer, *hasher;
	uint8_t *scratch; /* CY_CHUNK bytes, aligned */
	uint8_t *aligned; /* CY_CHUNK bytes: what is to be written and is not */
	struct blob_space now;
	uint64_t held; /* bytes that parts have of the disk */
	uint64_t firm; /* of now.reserved, what is within the shares of its owners */
};

/* ----------------------------------------------------------- blobs_fs.c */

struct task *blobs_task(enum blobs_what what, uint64_t ticket);
/* To the worker, from any thread. */
void blobs_queue(struct blobs_fs *b, struct task *t);
/* The task has ended, as its result says. */
void blobs_post(struct blobs_fs *b, struct task *t);
/* Its result so far, with `more`. */
void blobs_post_more(struct blobs_fs *b, const struct task *t);
/* Sets the result and returns the code. */
int blobs_fail(struct task *t, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* The same of errno, after what could not be done. */
int blobs_fail_errno(struct task *t, const char *what, const char *path);
void blobs_do(struct blobs_fs *b, struct task *t);
bool blobs_name_valid(const char *part);
void blobs_task_free(struct task *t);
int64_t blobs_now(void); /* ms, monotonic */

/* ------------------------------------------------------ blobs_fs_pool.c */

struct pool *blobs_pool_new(struct mailbox *box);
/* A chunk's bytes, after BLOB_HEADROOM; without data: all are out, and a letter follows when one
 * is back. */
struct blob_bytes blobs_pool_take(struct pool *pool);
/* From now on a chunk that comes back posts no letter. */
void blobs_pool_leave(struct pool *pool);

/* ------------------------------------------------------ blobs_fs_disk.c */

int blobs_dir_open(const char *dir, int *ret_fd, struct cy_error *e);
/* Leftovers of parts; once at the start. */
void blobs_scan_parts(struct blobs_fs *b);
/* One directory of contents: what is there, and leftovers. */
void blobs_scan_content(struct blobs_fs *b);
void blobs_list(struct blobs_fs *b, struct task *t);
/* NULL: errno. Flags are those of open(2). */
struct files *blobs_files(struct blobs_fs *b, const char *path, int flags);
/* Its tree, opened alike; -1: errno. */
int blobs_tree(struct blobs_fs *b, struct files *f, int flags);
void blobs_files_forget(struct blobs_fs *b, const char *path);
bool blobs_files_idle(struct blobs_fs *b); /* are none open? */
void blobs_files_close(struct blobs_fs *b);
int blobs_pread(int fd, void *data, size_t len, uint64_t offset, size_t *ret_len); /* short at the end of file */
int blobs_pwrite(int fd, const void *data, size_t len, uint64_t offset);           /* all of it; CY_EIO: errno */
/* The same for data, at most CY_CHUNK bytes: whole blocks go past the page cache, where the file system can. Evidence
 * is written and read once: cached, it would push out what is needed again, and each byte would be copied once more. */
int blobs_data_read(struct blobs_fs *b, struct files *f, void *data, size_t len, uint64_t offset, size_t *ret_len);
int blobs_data_write(struct blobs_fs *b, struct files *f, const void *data, size_t len, uint64_t offset);
int blobs_sync_dir(struct blobs_fs *b, const char *path);
/* PATH.SUFFIX */
void blobs_path(char out[static PATH_SIZE], const char *path, const char *suffix);
void blobs_content_path(char out[static PATH_SIZE], const struct cy_digest *sha256);
/* Ask the file system; then main sees it. */
void blobs_look(struct blobs_fs *b);
/* May `len` more bytes be reserved for this part than it holds? Then says whether its owner's share has room for them.
 */
bool blobs_room(struct blobs_fs *b, const struct part *p, uint64_t len, bool *ret_firm);
/* May this part use so many, for which there is room, or which are reserved for it? */
bool blobs_usable(struct blobs_fs *b, const struct part *p, uint64_t len);
/* Where a node is in a stored tree. */
uint64_t blobs_tree_at(uint64_t leaves, unsigned level, uint64_t index);

/* ------------------------------------------------------ blobs_fs_part.c */

struct part *blobs_part_find(struct blobs_fs *b, const char *name);
void blobs_part_open(struct blobs_fs *b, struct task *t);
/* Throws a part away for who asks, and ends what is under way with it; NULL: there is none in memory. */
void blobs_part_drop(struct blobs_fs *b, struct part *p, struct task *t);
void blobs_part_release(struct blobs_fs *b, struct part *p);
/* One that was left in an earlier life; what the disk has given it ahead goes. */
void blobs_part_asleep(struct blobs_fs *b, const char *name);
/* Throws it away: files and memory. */
void blobs_part_remove(struct blobs_fs *b, struct part *p);
/* Of the memory alone. */
void blobs_part_free(struct blobs_fs *b, struct part *p);
void blobs_part_free_all(struct blobs_fs *b); /* marks them first */
/* It has so many bytes: what it holds and what is reserved for it follows from that. */
void blobs_part_end(struct blobs_fs *b, struct part *p, uint64_t end);
/* From nothing, whatever it had. */
int blobs_part_anew(struct blobs_fs *b, struct part *p, struct task *t);
/* Back to the mark after the disk has failed, keeping the result's code. */
void blobs_part_back(struct blobs_fs *b, struct part *p, struct task *t);
/* The disk has all whole chunks, and then the mark says so. */
int blobs_part_mark(struct blobs_fs *b, struct part *p, struct files *f, struct task *t);
/* Of the chunk at the end. */
void blobs_leaf_begin(struct blobs_fs *b, struct part *p);

/* ----------------------------------------------------- blobs_fs_write.c */

void blobs_part_append(struct blobs_fs *b, struct part *p, struct task *t);
/* At its end, where nothing is in flight; `leaf`: the bytes are a whole chunk. They are in flight until blobs_land(),
 * and then the task's result says what has become of them. On failure, which is at once or then, the part is as
 * before, or goes on from its mark. */
int blobs_part_write(struct blobs_fs *b, struct part *p, struct task *t, const uint8_t *data, size_t len,
		     const struct cy_digest *leaf);
/* Wait for what is in flight; an append has then ended. */
void blobs_land(struct blobs_fs *b);
int blobs_part_leaf(struct blobs_fs *b, struct part *p, uint64_t index, const struct cy_digest *leaf, struct task *t);

/* ------------------------------------------------------ blobs_fs_helper.c */

struct helper *helper_new(const char *name); /* of its thread; NULL: there is none */
void helper_free(struct helper *h);
/* Call it in the helper thread, which has nothing to do; until end() nothing that it touches is touched. */
void helper_begin(struct helper *h, void (*fn)(void *what), void *what);
void helper_end(struct helper *h); /* at once if none was begun */

/* ------------------------------------------------------ blobs_fs_copy.c */

/* Reads `fd`, which is duplicated, once the part is ready; main's. NULL: too many do, or there is no thread. */
struct reader *blobs_reader_new(struct blobs_fs *b, const char *part, uint64_t ticket, int fd);
/* Its task has ended; nobody waits for it. */
void blobs_reader_leave(struct reader *r);
void blobs_part_copy(struct blobs_fs *b, struct part *p, struct task *t);
void blobs_part_piece(struct blobs_fs *b, struct part *p, struct task *piece); /* p: NULL if it is gone */

/* ----------------------------------------------------- blobs_fs_slice.c */

/* A slice of what is under way with the first part that has something. */
void blobs_job(struct blobs_fs *b);
void blobs_job_add(struct blobs_fs *b, struct part *p);
/* Bytes that go into the hash of a whole; for a helper thread. */
struct hashing {
	EVP_MD_CTX *whole;
	const uint8_t *data;
	size_t len;
};
void blobs_hash(void *hashing);
/* Takes what waits for copy or finish to end, and does it when they have. */
struct task *blobs_part_waiting(struct part *p);
void blobs_part_go_on(struct blobs_fs *b, struct task *waiting);

/* ---------------------------------------------------- blobs_fs_finish.c */

/* A slice; the whole is hashed. */
void blobs_finish_step(struct blobs_fs *b, struct part *p);
/* Tells main which part became this content, as the seal says; a file that is not a seal is removed. */
void blobs_seal_left(struct blobs_fs *b, const char *part);
void blobs_seal_confirm(struct blobs_fs *b, struct task *t);
/* Has this very part become this content, after it was pulled, and was not confirmed yet? */
bool blobs_seal_pulled(struct blobs_fs *b, const char *part, const struct cy_digest *sha256);

/* ---------------------------------------------------- blobs_fs_verify.c */

/* It waits for its slices. */
void blobs_verify(struct blobs_fs *b, struct task *t);
/* A slice of the first content that is verified: a chunk. */
void blobs_verify_step(struct blobs_fs *b);
/* ms, monotonic, at which there is a slice to be done; INT64_MAX: none. */
int64_t blobs_verify_due(struct blobs_fs *b);
void blobs_verify_free_all(struct blobs_fs *b);

/* --------------------------------------------------- blobs_fs_content.c */

/* Its files and size; NULL: errno. */
struct files *blobs_content_files(struct blobs_fs *b, const struct cy_digest *sha256, uint64_t *ret_size);
/* The root of its stored tree; false: the tree is not there, or not whole. */
bool blobs_tree_root(struct blobs_fs *b, struct files *f, uint64_t leaves, struct cy_digest *ret);
/* A node of the tree, which is open, at a position of blobs_tree_at(). */
bool blobs_tree_node(struct files *f, uint64_t at, struct cy_digest *ret);
/* Is there content of this digest, with all its bytes and its tree? Gives its size and root. */
bool blobs_content_is(struct blobs_fs *b, const struct cy_digest *sha256, struct blob_id *ret_id);
/* The disk has its name: an attempt may have given it the name, and failed to flush it. */
int blobs_content_flush(struct blobs_fs *b, const struct cy_digest *sha256, struct task *t);
void blobs_content_read(struct blobs_fs *b, struct task *t);
void blobs_content_file(struct blobs_fs *b, struct task *t);
void blobs_content_destroy(struct blobs_fs *b, struct task *t);
void blobs_leaf(struct blobs_fs *b, const uint8_t *data, size_t len, struct cy_digest *ret);

#endif
