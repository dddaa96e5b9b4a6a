/* The blobs port on a directory, with a thread of its own: what is asked for is done in
 * order, and what takes long (a copy, reading back a part after a restart, verifying) is done in
 * slices between the rest.
 *
 *   DIR/content/ab/HEX       complete content, named by its SHA-256, read-only
 *   DIR/content/ab/HEX.tree  its Merkle tree as audit/tree.h says, if it has several chunks
 *   DIR/part/NAME            what is not complete yet
 *   DIR/part/NAME.tree       hashes of its leaves
 *   DIR/part/NAME.mark       how much of it the disk is known to have
 *   DIR/part/NAME.seal       the content that an upload has become, until confirm()
 *
 * Content appears under its name when the disk has all of it, never earlier. A part goes
 * on from its mark, which is set every BLOBS_FS_MARK bytes; the hash of what lies before
 * it is made anew by reading it back, and each chunk is then compared with its leaf.
 *
 * Where the port leaves a choice:
 * - After a port function that returns other than CY_OK no result follows. CY_EINVAL: the name of the part, or its
 * size, is not allowed.
 * - open() of a part that was begun for other content, or as an upload where it is pulled
 *   now, begins it anew.
 * - append(): CY_ESTATE: the offset is not where the part ends, which the result says. After
 *   one that failed, those behind it fail with the same code, until one fits again.
 * - A part that the disk failed to take (CY_EIO, CY_ELIMIT) may go back to its mark, as after
 *   a crash: the offset of the result says where it goes on.
 * - copy() begins the part anew. What is asked of a part that is being copied or finished
 *   waits for that, except drop_part(), which ends it: CY_ENOENT.
 * - space(): free is also without `keep_free`. It is up to a second old.
 * - drop_part() and destroy() of a file that is still open elsewhere: the disk has its bytes
 *   until it is closed there. */
#ifndef CY_IO_BLOBS_BLOBS_FS_H
#define CY_IO_BLOBS_BLOBS_FS_H

#include "base/error.h"
#include "port/blobs.h"

struct event_base;
struct blobs_fs;

#define BLOBS_FS_MARK   (16u * CY_CHUNK) /* bytes that a crash costs a part at most */
#define BLOBS_FS_PART_S (30 * 24 * 3600) /* s; a part that nobody goes on with is removed at a start */

struct blobs_fs_config {
	const char *dir;    /* made 0700 if it does not exist; its parent must */
	uint64_t keep_free; /* bytes of the file system that are never used */
};

/* Called from the loop, never from inside a port function, and not after
 * blobs_fs_close(), which they must not call. */
struct blobs_fs_events {
	void *ctx;
	void (*done)(void *ctx, struct blob_result *result); /* its data and fd are the receiver's */
	void (*ready)(void *ctx); /* append() or read() that was told CY_EAGAIN may be tried again */
	/* After the start: an upload had become this content, which was not confirmed. */
	void (*left)(void *ctx, const char *part, const struct cy_digest *sha256);
};

/* CY_ECONFIG: the directory is wrong. CY_EEXIST: another process has it open. */
int blobs_fs_open(struct event_base *base, const struct blobs_fs_config *config, const struct blobs_fs_events *events,
		  struct blobs_fs **ret, struct cy_error *e);
struct blob_port blobs_fs_port(struct blobs_fs *b);
/* Parts keep what they have. What waits is dropped; data that was handed out stays good
 * until it is released. NULL is fine. */
void blobs_fs_close(struct blobs_fs *b);

#endif
