/* An SQLite VFS that verifies every page that it reads, and gives no damaged page back: a shim
 * over another VFS, for databases of our own in WAL mode.
 *
 * Each page of the database ends with 8 reserved bytes, which hold the CRC-64 of its
 * number and of all that stands before them: a page that was damaged, or that lies in
 * another one's place, is not given out. They are computed when the page is written
 * to the database file, by a checkpoint too, and verified whenever it is read from there.
 *
 * The WAL is written as SQLite composes it, byte for byte: its frames have checksums,
 * computed before the VFS sees them, which SQLite itself looks at after a crash only. Here
 * each page that is read from the WAL, for a query or for a checkpoint, is verified by its
 * frame's, by the salts of the WAL, and by the place of the frame, since each checksum goes
 * on from the one before. The transaction under way may still have its frames rewritten in
 * place; they are verified from its end on.
 *
 * That a database has checksums is not asked of the database: each page of PAGE_CHECK_SIZE
 * bytes has one, or is damaged. The header that SQLite reads before it knows the page size is
 * passed on if those bytes of it are right that never change, and decides nothing: page 1 is
 * verified when it is read. Where a part of a page is read, the whole is verified.
 * Whoever reads a damaged page gets SQLITE_CORRUPT, and other statements go on. Files are not
 * mapped into memory. All other files of SQLite pass through.
 *
 * Not found: a page whose last write never reached the disk, so that an older one of the
 * same place stands there. The check of the structure finds some of those.
 *
 * SQLite 3.38 or later. Any thread may use it. */
#ifndef CY_IO_STORE_PAGE_CHECK_VFS_H
#define CY_IO_STORE_PAGE_CHECK_VFS_H

#include <stdbool.h>
#include <stdint.h>

#define PAGE_CHECK_SIZE     4096 /* of a page */
#define PAGE_CHECK_RESERVED 8    /* of it for the checksum: for SQLITE_FCNTL_RESERVE_BYTES of a new database */

struct page_check;
struct sqlite3_file;

/* Register one over the VFS `base` (NULL: the default one), which must outlive it, under a name of
 * its own. `damaged` (may be NULL) is called by the thread that read a damaged page, inside of
 * SQLite, with its name. CY_ENOENT: there is no such VFS. CY_ENOMEM. */
int page_check_new(const char *base, void (*damaged)(void *ctx, const char *what), void *ctx,
		   struct page_check **ret_check);
/* Nothing may be open through it. NULL is fine. */
void page_check_free(struct page_check *c);
/* For sqlite3_open_v2(). */
const char *page_check_name(const struct page_check *c);

/* Reserve the place of the checksums in a database to which nothing was written yet, or which a
 * VACUUM is to make. A code of SQLite. */
struct sqlite3;
int page_check_reserve(struct sqlite3 *db);

/* Write the checksum into a page that is to lie in the place `number`, from 1; does it have it? For tests and
 * tools that treat the file without SQLite. */
void page_check_seal(uint8_t page[static PAGE_CHECK_SIZE], uint32_t number);
bool page_check_sound(const uint8_t page[static PAGE_CHECK_SIZE], uint32_t number);

#endif
