/* The blobs port: the bytes of evidence. Content is named by its SHA-256, is divided
 * into chunks of CY_CHUNK bytes (the last one is shorter; an empty content has one chunk
 * of no bytes), and their leaf hashes form a Merkle tree (RFC 6962, section 2.1), whose
 * root the manifest states.
 *
 * Content that is not complete yet is a part, named by who makes it: an upload of a
 * local client, or an item that is being pulled from a peer. A part is durable up to a
 * mark, from which it goes on after a crash; what is beyond the mark comes again.
 *
 * Nothing here waits for a disk: what is asked for is done in the order in which it was
 * asked, on another thread, and completes by node_blob_done() with the same ticket, also
 * when it fails, and exactly once unless said otherwise. */
#ifndef CY_PORT_BLOBS_H
#define CY_PORT_BLOBS_H

#include <string.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/sha256.h"

/* Bytes with an owner, which are handed on instead of copied. Whoever has them last
 * calls release(owner), from any thread; NULL: they belong to nobody. */
struct blob_bytes {
	uint8_t *data;
	size_t len;
	void (*release)(void *owner);
	void *owner;
};

static inline void blob_release(struct blob_bytes *b)
{
	if (b->release != NULL)
		b->release(b->owner);
	*b = (struct blob_bytes){ 0 };
}

/* What a manifest says about content. */
struct blob_id {
	uint64_t size;
	struct cy_digest sha256;
	struct cy_digest root;
};

static inline uint64_t blob_chunks(uint64_t size)
{
	return size == 0 ? 1 : (size - 1) / CY_CHUNK + 1;
}

/* Free bytes before the data of a chunk that was read: a frame's head is written there. */
#define BLOB_HEADROOM  4096u
#define BLOB_NAME_MAX  64u  /* bytes of the name of a part: [a-z0-9-], without the NUL */
#define BLOB_PAGES     256u /* of the list of contents */
#define BLOB_WAITS_MAX 16u  /* chunks that are read or written and not done, in all: beyond it CY_EAGAIN */

/* Whose a part is stands in its name before the last hyphen: OWNER-REST. Each owner has an equal share of the disk.
 * What is reserved within it is kept for it, whatever others ask for; what one owner has reserved beyond its share
 * gives way to those within theirs, and then its part finds no room (CY_ELIMIT). */
static inline size_t blob_owner_len(const char *part)
{
	const char *end = strrchr(part, '-');

	return end != NULL ? (size_t)(end - part) : strlen(part);
}

/* A part, as the disk has it. */
struct blob_part {
	const char *name;
	uint64_t size;     /* bytes that it will have; 0: not known, or nobody goes on with it */
	uint64_t here;     /* bytes that came */
	uint64_t held;     /* bytes that the disk has given it, also ahead of what came */
	uint64_t reserved; /* bytes that are kept for it beyond these */
	int64_t since_ms;  /* UTC: since when it is open, or nobody goes on with it */
};

/* How something ended. */
struct blob_result {
	uint64_t ticket;
	/* CY_OK; CY_ENOENT: there is no such part or content; CY_EEXIST: open(): this part
	 * has become the content already; CY_ELIMIT: the disk has no room for it, nothing is lost; CY_ESIGN:
	 * what came is not what the manifest or the client states; CY_EIO: the disk failed. */
	int code;
	bool more;              /* copy(): progress, another result follows */
	uint64_t offset;        /* open(): go on from here; append(), copy(): bytes taken so far; list() */
	struct blob_id id;      /* finish(), verify(): the content; finish(): which is named so from now on */
	struct blob_bytes data; /* read(): the chunk, the receiver's to release, after BLOB_HEADROOM bytes that may
				 * be written */
	struct cy_digest path[CY_CHUNK_PATH_MAX]; /* read(): its audit path, lowest first */
	size_t n_path;
	int fd;         /* file(): the receiver's to close */
	char text[160]; /* a sentence when it failed: ids and names of parts, no personal data */
};

struct blob_space {
	uint64_t free, total;       /* bytes of the file system; free without what is reserved */
	uint64_t reserved;          /* for parts, and not written yet */
	uint64_t contents, content; /* complete ones, and their bytes */
};

struct blob_port {
	void *ctx; /* NULL: this node keeps no evidence */

	/* Begin a part, or go on with it. `size`: bytes it will have, for which space is
	 * reserved now; 0: not known. `expected`: what a manifest says it must become; NULL:
	 * an upload. `again`: from its beginning also where this part has become the content already
	 * and was not confirmed (no CY_EEXIST). That others have the same content changes nothing: whoever
	 * names a digest learns nothing of it, and all bytes come again. */
	int (*open)(void *ctx, uint64_t ticket, const char *part, uint64_t size, const struct blob_id *expected,
		    bool again);
	/* The bytes from `offset` on, which must be where the part ends; taken over, unless it
	 * is CY_EAGAIN. For a pulled part `data` is chunk number offset / CY_CHUNK, and `path` its
	 * audit path: it is verified before anything is written. CY_EAGAIN: BLOB_WAITS_MAX;
	 * node_blob_ready() follows. */
	int (*append)(void *ctx, uint64_t ticket, const char *part, uint64_t offset, struct blob_bytes data,
		      const struct cy_digest *path, size_t n_path);
	/* All of an open file from its beginning, into an upload; `fd` is duplicated. A
	 * result with `more` each 64 MiB. It takes as long as its file system likes, for ever if that
	 * hangs. CY_EINVAL in the result: it is no regular file, or changed meanwhile. CY_EDENIED: it
	 * has more than `most` bytes, and nothing is taken. Returns CY_ELIMIT: BLOBS_READERS_MAX are being read. */
	int (*copy)(void *ctx, uint64_t ticket, const char *part, int fd, uint64_t most);
	/* The part is complete: it has `size` bytes and, unless NULL, this digest. It is
	 * synced, and then has the name of its content. A part that is not what it must be is
	 * thrown away (CY_ESIGN). */
	int (*finish)(void *ctx, uint64_t ticket, const char *part, uint64_t size, const struct cy_digest *sha256);
	/* A row has the content that this upload or pull has become: after a crash it need not be asked
	 * whose it is (node_blob_left). No result follows. */
	void (*confirm)(void *ctx, const char *part, const struct cy_digest *sha256);
	/* Throw a part away; one that is not there is well. */
	int (*drop_part)(void *ctx, uint64_t ticket, const char *part);
	/* Nobody goes on with this part for now: nothing is reserved for it any more, and the disk gets back what it
	 * has given ahead of the bytes that came. What is durable stays for the next open(); a part that has nothing
	 * durable goes. No result follows. */
	void (*release)(void *ctx, const char *part);

	/* A chunk of complete content; `verify`: against its tree (CY_ESIGN: the disk has
	 * changed it, or cut it off before that chunk). CY_EAGAIN as append(). */
	int (*read)(void *ctx, uint64_t ticket, const struct cy_digest *sha256, uint64_t chunk, bool verify);
	/* A read-only descriptor of complete content. */
	int (*file)(void *ctx, uint64_t ticket, const struct cy_digest *sha256);
	/* Read all of complete content, when nothing else is asked for, and no more than `rate` bytes a second (0: no
	 * limit): CY_OK with its id as it is found to be; CY_ESIGN: the disk has changed it, or the tree that
	 * proves its chunks. */
	int (*verify)(void *ctx, uint64_t ticket, const struct cy_digest *sha256, uint64_t rate);
	/* The digests of complete contents, one after the other in the result's data: those of this page, the first
	 * of which is 0. The result's offset is the next page; BLOB_PAGES: that was the last. What is stored or
	 * destroyed meanwhile is in it or not. */
	int (*list)(void *ctx, uint64_t ticket, uint64_t page);
	/* Destroy content. */
	int (*destroy)(void *ctx, uint64_t ticket, const struct cy_digest *sha256);

	/* How many owners of parts there may be: the disk is shared by so many. */
	void (*share)(void *ctx, size_t owners);

	/* All at once, from memory. */
	void (*space)(void *ctx, struct blob_space *ret_space);
	/* Each part, those of an earlier life too; `fn` calls nothing of this port. */
	void (*parts)(void *ctx, void (*fn)(void *arg, const struct blob_part *part), void *arg);
	/* How far a part is that is open: bytes verified and written. */
	uint64_t (*progress)(void *ctx, const char *part);
};

/* Sessions of the bulk lane. One with each peer at most; its id is never used again. */
struct bulk_port {
	void *ctx;
	/* Queue a frame; taken over, also on failure. CY_EAGAIN: the queue is full,
	 * node_bulk_writable() follows; ask bulk.room() first. CY_ENOENT: it is gone. */
	int (*send)(void *ctx, uint64_t session, struct blob_bytes frame);
	/* May another frame be queued now? If not, node_bulk_writable() follows. */
	bool (*room)(void *ctx, uint64_t session);
	/* As that of the link (ports.h). */
	int (*proven)(void *ctx, uint64_t session, struct cy_error *e);
	/* The session has begun. */
	void (*established)(void *ctx, uint64_t session);
	void (*close)(void *ctx, uint64_t session, const char *why);
	/* Is there something to pull from this peer, or for it to pull from us? While it is
	 * so the link keeps up a session, or dials one. */
	void (*want)(void *ctx, const char *peer, bool wanted);
};

#endif
