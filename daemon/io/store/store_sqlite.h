/* The store port (port/store.h) by SQLite: one file DIR/comity.db in WAL mode, for one process.
 *
 * Each page has a checksum (page_check_vfs.h), which DIR/comity.db.checked says: what the
 * disk gives back damaged is not given out. A store without that file is written anew at the
 * next start, with checksums.
 *
 * DIR is 0700 and ours, its files are 0600. DIR/lock holds the pid of the
 * process that has the store open. Content and titles are sealed with
 * AES-256-GCM under a key per case, which the store key wraps; erasing a case sets
 * case_key.wrapped to NULL and deletes what was sealed, so that its content reads as
 * empty, and cuts the WAL off. Metadata (ids, numbers, times, references, facts) is in
 * the clear. A backup that was made before holds the content and the key.
 *
 * A commit that fails may still be in the WAL, where the next start finds it whole. After a failed flush the connection
 * is kept: it writes the frames of the failed commit anew with the next one, where a new connection would believe what
 * the page cache shows and the disk may never have got. For the same reason opening writes a WAL that it finds anew
 * before anything is built upon it.
 *
 * PUT_MESSAGE, PUT_CLOCK and PUT_MEASURE are taken before their case is written.
 *
 * Ids that are UUIDs in the form that cy_uuid7() writes are stored as their 16 bytes, in the same order; others, which
 * no node writes, are stored as text, and come before all of those. */
#ifndef CY_IO_STORE_STORE_SQLITE_H
#define CY_IO_STORE_STORE_SQLITE_H

#include <stdbool.h>

#include "base/error.h"
#include "port/ports.h"

struct store_sqlite;

struct store_sqlite_config {
	const char *dir; /* made 0700 if it does not exist; its parent must */
	/* File with the store key: 32 raw bytes or 64 hexadecimal digits, closed to
	 * others. Made with mode 0600 together with a new store; must be there for an
	 * existing one. */
	const char *key_path;
	bool threaded; /* commit on a thread of its own; otherwise in store_sqlite_dispatch() */
	bool sync_off; /* synchronous=OFF, for tests and simulation only */
	/* SQLite VFS that holds comity.db and its WAL; NULL: the default one. The
	 * directory itself, its lock and the key are real files in any case. */
	const char *vfs;
	/* The orders of a write-set are written to this list before the commit. */
	struct orders_port orders;
	/* What takes long before the store is open, as a sentence, with the `ctx` of committed(), again and
	 * again while it goes on. May be NULL. */
	void (*progress)(void *ctx, const char *text);
	/* Something is damaged: `what` ("": all of it, or not known) of this case; peer and case "": it
	 * is not known of which. Each once, from store_sqlite_dispatch(), with the `ctx` of committed(). A
	 * store with a thread looks at all that it holds, at its opening and once a day, and whenever
	 * somebody has read a damaged page. May be NULL. */
	void (*damaged)(void *ctx, const char *peer, const char *case_id, const char *what);
};

/* Open the store in DIR, or make it. `committed` is called from
 * store_sqlite_dispatch() with CY_OK, or with CY_ESTORE, or CY_EDAMAGED where a
 * page that it needs is damaged, and a sentence: the whole
 * write-set was then rolled back, and the next one may succeed.
 *
 * CY_EEXIST: another process has it open (the sentence names its pid).
 * CY_ECONFIG: directory or key are wrong or missing. CY_ESTORE: the file is
 * damaged, not ours, or newer than this program. */
int store_sqlite_open(const struct store_sqlite_config *config, void (*committed)(void *ctx, int code, const char *why),
		      void *ctx, struct store_sqlite **ret_store, struct store_port *ret_port, struct cy_error *e);

/* Sizes of the files and of their file system, for the facts port. */
void store_sqlite_facts(const struct store_sqlite *store, struct node_facts *ret_facts);

/* Readable when store_sqlite_dispatch() has something to do: a commit has
 * completed (threaded) or waits to be made (not threaded). */
int store_sqlite_fd(const struct store_sqlite *store);

/* Call committed() for the commit that has completed, if any. It may commit
 * again from inside. */
void store_sqlite_dispatch(struct store_sqlite *store);

/* Ask the store's thread for a sign of life; has it given one since? */
void store_sqlite_probe(struct store_sqlite *store);
bool store_sqlite_alive(struct store_sqlite *store);

/* Look at all that is stored now, in a store without a thread. */
void store_sqlite_check(struct store_sqlite *store);

/* Wait for the commit in flight, checkpoint and close; committed() is not
 * called any more. Not threaded: a write-set that was not dispatched is dropped,
 * as by a crash. NULL is fine. */
void store_sqlite_close(struct store_sqlite *store);

#endif
