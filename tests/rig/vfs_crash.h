/* A disk in memory for SQLite, which loses power, fills up and fails on demand.
 *
 * Each disk is an SQLite VFS under a name of its own and holds one directory:
 * the directory part of a path is dropped. Several connections of this process
 * may use it, in WAL mode too, from any thread.
 *
 * What is written stays unsynced until a sync of its file; a file that was made
 * or deleted stays so only after a sync of the directory, which happens when
 * SQLite's own unix VFS would make one: at the first sync of a journal or WAL
 * after it was opened, and at a deletion that asks for it. A loss of power decides for each
 * unsynced write, truncation, creation and deletion by itself, in the seeded
 * sequence of the disk: kept, dropped, or, for a write, torn at multiples of 512
 * bytes. Where a file grew without its content, zeros or garbage stand. Equal
 * seeds and equal calls give equal results; the content of a WAL differs with
 * SQLite's own random salts (sqlite3_test_control, SQLITE_TESTCTRL_PRNG_SEED).
 *
 * A crash of the process that owns the store at any moment:
 *
 *	vfs_crash_cut(disk);         all that is open fails from now on
 *	store_sqlite_close(store);   lets go of its handles, changes nothing
 *	vfs_crash_up(disk);
 *	store_sqlite_open(...);      recovers
 *
 * and at the n-th point from now: vfs_crash_fault(disk, VFS_CRASH_CUT, n, 0), then
 * work until it fails, and the same four lines. */
#ifndef CY_TESTS_VFS_CRASH_H
#define CY_TESTS_VFS_CRASH_H

#include <stdbool.h>
#include <stdint.h>

struct vfs_crash;
struct vfs_crash_image;

enum vfs_crash_fault {
	VFS_CRASH_NONE,
	/* The power goes in the middle of the operation; see vfs_crash_cut(). */
	VFS_CRASH_CUT,
	/* Writes stop part of the way with SQLITE_FULL; syncs and deletions succeed. */
	VFS_CRASH_FULL,
	/* Everything fails with SQLITE_IOERR. A write stops part of the way. A sync
	 * fails as on Linux: what it should have made durable is now kept, dropped or
	 * torn on the disk while reads still show it, and no later sync tries it
	 * again. The sync of a directory does not fail: SQLite would not notice. */
	VFS_CRASH_IOERR
};

/* Make an empty disk and register it as the VFS `name` (copied, unique). Ends the
 * process when memory is short, as everything here does. */
struct vfs_crash *vfs_crash_new(const char *name, uint64_t seed);
/* Nothing may be open on it. NULL is fine. */
void vfs_crash_free(struct vfs_crash *d);
/* For store_sqlite_config.vfs; lives as long as the disk. */
const char *vfs_crash_name(const struct vfs_crash *d);

/* Writes, truncations, deletions and syncs (of files and of the directory) that
 * were begun so far: the points at which a fault can strike. */
uint64_t vfs_crash_points(struct vfs_crash *d);

/* Let the `first`-th point from now (1: the next one) and those after it fail,
 * `count` in all (0: until another call). Replaces what was set before. */
void vfs_crash_fault(struct vfs_crash *d, enum vfs_crash_fault fault, uint64_t first, uint64_t count);

/* The power is gone: unsynced changes get their fate, and every operation fails
 * with SQLITE_IOERR until vfs_crash_up(). Also due after VFS_CRASH_CUT has struck. */
void vfs_crash_cut(struct vfs_crash *d);
/* Only the process has died: the same, but unsynced changes stay in the kernel,
 * still unsynced. Shared memory and locks are gone in both cases. */
void vfs_crash_kill(struct vfs_crash *d);
/* May be asked at any time: everything fails until vfs_crash_up(). */
bool vfs_crash_is_down(struct vfs_crash *d);
/* Work again, without a fault set. Nothing may be open; that is asserted. */
void vfs_crash_up(struct vfs_crash *d);

/* What is durable now, as a disk that loses power and every unsynced change
 * would hold it. For backups, and for a look by a second disk while the first
 * one is in use. To be freed. */
struct vfs_crash_image *vfs_crash_snapshot(struct vfs_crash *d);
/* Make the disk hold exactly the image, all of it durable. Nothing may be open. */
void vfs_crash_restore(struct vfs_crash *d, const struct vfs_crash_image *image);
void vfs_crash_image_free(struct vfs_crash_image *image);

#endif
