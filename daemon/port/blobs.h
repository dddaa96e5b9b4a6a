/* The blobs port: the bytes of evidence. Content is named by its SHA-256, is divided
 * into chunks of CY_CHUNK bytes (the last one is shorter; an empty content has one chunk
 * of no bytes), and their leaf hashes form a Merkle tree (RFC 6962, section 2.1), whose
 * root the manifest states.
 *
 * Content that is not complete yet is a part, named by its origin: an upload of a local
 * client, or an item that is being pulled from a peer. A part is durable up to a mark, from
 * which it goes on after a crash; the bytes beyond the mark are sent again.
 *
 * No function here waits for a disk: requests are carried out on another thread, in the
 * order in which they were made. Each completes by node_blob_done() with its ticket, also if
 * it fails, and exactly once unless its comment says otherwise. */
#ifndef CY_PORT_BLOBS_H
#define CY_PORT_BLOBS_H

#include <string.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/sha256.h"

/* Bytes with an owner, which are handed on instead of copied. The last holder calls
 * release(owner), from any thread; NULL: they need no release. */
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

/* What a manifest states about content. */
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
#define BLOB_WAITS_MAX 16u  /* chunks whose reading or writing is under way, in all; beyond that CY_EAGAIN */

/* Returns the length of the owner's name in the name of a part, which is OWNER-REST: all before the last hyphen.
 * Each owner has an equal share of the disk. Space reserved within the share stays reserved, whatever other owners
 * ask for; space reserved beyond it gives way to owners within their shares, and the part then finds no room
 * (CY_ELIMIT). */
static inline size_t blob_owner_len(const char *part)
{
	const char *end = strrchr(part, '-');

	return end != NULL ? (size_t)(end - part) : strlen(part);
}

/* A part, as the disk has it. */
struct blob_part {
	const char *name;
	uint64_t size;     /* bytes that it will have; 0: not known, or the part was released */
	uint64_t here;     /* bytes that have come */
	uint64_t held;     /* bytes allocated to it on the disk, also ahead of those that have come */
	uint64_t reserved; /* bytes reserved for it beyond these */
	int64_t since_ms;  /* UTC: since when it is open, or released */
};

/* How a request ended. */
struct blob_result {
	uint64_t ticket;
	/* CY_OK; CY_ENOENT: there is no such part or content; CY_EEXIST: open(): this part has become
	 * the content already; CY_ELIMIT: the disk has no room for it, nothing is lost; CY_ESIGN: the
	 * bytes are not those that the manifest or the client states; CY_EIO: the disk failed. */
	int code;
	bool more;         /* copy(): progress, another result follows */
	uint64_t offset;   /* open(): where to go on; append(), copy(): bytes taken so far; list(): the next page */
	struct blob_id id; /* finish(), verify(): the content */
	struct blob_bytes data; /* read(): the chunk, the receiver's to release, after BLOB_HEADROOM bytes that may
				 * be written */
	struct cy_digest path[CY_CHUNK_PATH_MAX]; /* read(): its audit path, lowest first */
	size_t n_path;
	int fd;         /* file(): the receiver's to close */
	char text[160]; /* on failure a sentence: ids and names of parts, no personal data */
};

struct blob_space {
	uint64_t free, total;       /* bytes of the file system; `free` does not count reserved bytes */
	uint64_t reserved;          /* bytes reserved for parts and not written yet */
	uint64_t contents, content; /* complete contents, and their bytes */
};

struct blob_port {
	void *ctx; /* NULL: this node keeps no evidence */

	/* Begins a part, or goes on with it. `size`: bytes it will have, for which space is
	 * reserved now; 0: not known. `expected`: the content that a manifest says it must become;
	 * NULL: it is an upload. `again`: begin at its first byte even if this part has become the content
	 * already and was not confirmed (no CY_EEXIST). It makes no difference that the same content is
	 * stored already: a sender who names a digest learns nothing from it, and all bytes are sent. */
	int (*open)(void *ctx, uint64_t ticket, const char *part, uint64_t size, const struct blob_id *expected,
		    bool again);
	/* Appends the bytes from `offset` on, where the part must end. For a pulled part `data` is
	 * chunk number offset / CY_CHUNK, and `path` its audit path: the chunk is verified before
	 * anything is written. Returns CY_OK, or CY_EAGAIN if BLOB_WAITS_MAX chunks are under way:
	 * node_blob_ready() follows. `data` is taken over unless CY_EAGAIN is returned. */
	int (*append)(void *ctx, uint64_t ticket, const char *part, uint64_t offset, struct blob_bytes data,
		      const struct cy_digest *path, size_t n_path);
	/* Copies an open file from its first byte into an upload; `fd` is duplicated. A result with
	 * `more` follows after each 64 MiB. The copy takes as long as the file's file system needs, for
	 * ever if that hangs. The result is CY_EINVAL if the file is not a regular file or changed
	 * meanwhile, and CY_EDENIED if it has more than `most` bytes, of which none is taken then.
	 * Returns CY_OK, or CY_ELIMIT if BLOBS_READERS_MAX files are being read. */
	int (*copy)(void *ctx, uint64_t ticket, const char *part, int fd, uint64_t most);
	/* Completes a part: it must have `size` bytes and, unless NULL, this digest. It is synced,
	 * and then renamed after its content. A part with other bytes is thrown away (CY_ESIGN). */
	int (*finish)(void *ctx, uint64_t ticket, const char *part, uint64_t size, const struct cy_digest *sha256);
	/* A row in the store names the content that this upload or pull has become, so that after a crash
	 * node_blob_left() is not called for it. No result follows. */
	void (*confirm)(void *ctx, const char *part, const struct cy_digest *sha256);
	/* Throws a part away. It is no error if there is none. */
	int (*drop_part)(void *ctx, uint64_t ticket, const char *part);
	/* Ends the work on a part for now: nothing is reserved for it any more, and space allocated ahead of its
	 * bytes is freed. Its durable bytes stay for the next open(); a part without durable bytes is removed.
	 * No result follows. */
	void (*release)(void *ctx, const char *part);

	/* Reads a chunk of complete content. With `verify` it is checked against the content's tree: the result is
	 * CY_ESIGN if the disk has changed it, or has lost it. Returns CY_EAGAIN as append() does. */
	int (*read)(void *ctx, uint64_t ticket, const struct cy_digest *sha256, uint64_t chunk, bool verify);
	/* Opens complete content: the result has a read-only descriptor. */
	int (*file)(void *ctx, uint64_t ticket, const struct cy_digest *sha256);
	/* Reads and hashes complete content while no other request waits, and no faster than `rate` bytes a second
	 * (0: no limit). The result is CY_OK with the content's id, or CY_ESIGN if the disk has changed the content,
	 * or the tree that proves its chunks. */
	int (*verify)(void *ctx, uint64_t ticket, const struct cy_digest *sha256, uint64_t rate);
	/* Lists the digests of complete contents, one after the other in the result's data, a page at a time; the
	 * first page is 0. The result's offset is the next page; BLOB_PAGES: that was the last. Content that is
	 * stored or destroyed meanwhile may be listed or not. */
	int (*list)(void *ctx, uint64_t ticket, uint64_t page);
	/* Destroys content. */
	int (*destroy)(void *ctx, uint64_t ticket, const struct cy_digest *sha256);

	/* States how many owners of parts share the disk. */
	void (*share)(void *ctx, size_t owners);

	/* These three answer at once, from memory. */
	void (*space)(void *ctx, struct blob_space *ret_space);
	/* Calls `fn` for each part, those of an earlier process included; `fn` calls no function of this port. */
	void (*parts)(void *ctx, void (*fn)(void *arg, const struct blob_part *part), void *arg);
	/* Returns how many bytes of an open part are verified and written. */
	uint64_t (*progress)(void *ctx, const char *part);
};

/* Sessions of the bulk lane, at most one with each peer. The id of a session is never used again. */
struct bulk_port {
	void *ctx;
	/* Queues a frame, which is taken over, also on failure. Returns CY_OK; CY_EAGAIN if the queue is full:
	 * node_bulk_writable() follows, and room() would have told; or CY_ENOENT if the session has ended. */
	int (*send)(void *ctx, uint64_t session, struct blob_bytes frame);
	/* Returns whether another frame may be queued now. If not, node_bulk_writable() follows. */
	bool (*room)(void *ctx, uint64_t session);
	/* As link_port.proven (ports.h). */
	int (*proven)(void *ctx, uint64_t session, struct cy_error *e);
	/* The session has begun. */
	void (*established)(void *ctx, uint64_t session);
	void (*close)(void *ctx, uint64_t session, const char *why);
	/* States whether there is evidence to pull from this peer, or for the peer to pull from us. While there is
	 * some, the link keeps up a session, or dials one. */
	void (*want)(void *ctx, const char *peer, bool wanted);
};

#endif
