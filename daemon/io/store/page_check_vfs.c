#include "io/store/page_check_vfs.h"

#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "io/store/crc64.h"

#define CONTENT (PAGE_CHECK_SIZE - PAGE_CHECK_RESERVED)

/* The format of the WAL (sqlite.org/fileformat2.html, section 4). */
#define WAL_HEADER   32
#define FRAME_HEADER 24
#define FRAME        (FRAME_HEADER + PAGE_CHECK_SIZE)
#define WRITE_LOCK   0 /* sqlite.org/walformat.html, section 2.3 */

/* Of the database file: bytes that SQLite reads first, and those of them that tell file
 * format versions, 1 or 2 (WAL). */
#define DB_HEADER     100
#define WRITE_VERSION 18
#define READ_VERSION  19

/* Newer than the SQLite that this may be built with: parts of pages may be read. */
#define IOCAP_SUBPAGE_READ 0x00008000

struct page_check {
	sqlite3_vfs vfs;
	sqlite3_vfs *base;
	char name[40];
	void (*damaged)(void *ctx, const char *what);
	void *ctx;
};

/* A database or its WAL; the base's own file follows. */
struct file {
	sqlite3_file base;
	struct page_check *check;
	struct file *db;    /* of a WAL: its database; of a database: itself */
	bool writing;       /* of a database: the write lock of its WAL is ours */
	sqlite3_int64 own;  /* the first frame of the transaction under way; -1: none yet */
	sqlite3_file *file; /* the base's */
};

_Static_assert(sizeof(struct file) % _Alignof(max_align_t) == 0, "the base's file follows");

/* ------------------------------------------------------------------ a page */

static uint64_t checksum(const uint8_t *page, uint32_t number)
{
	const uint8_t place[4] = { (uint8_t)(number >> 24), (uint8_t)(number >> 16), (uint8_t)(number >> 8),
				   (uint8_t)number };

	return crc64(crc64(0, place, sizeof place), page, CONTENT);
}

void page_check_seal(uint8_t page[static PAGE_CHECK_SIZE], uint32_t number)
{
	const uint64_t sum = checksum(page, number);

	for (int i = 0; i < PAGE_CHECK_RESERVED; i++)
		page[CONTENT + i] = (uint8_t)(sum >> 8 * i);
}

bool page_check_sound(const uint8_t page[static PAGE_CHECK_SIZE], uint32_t number)
{
	uint64_t sum = 0;

	for (int i = 0; i < PAGE_CHECK_RESERVED; i++)
		sum |= (uint64_t)page[CONTENT + i] << 8 * i;
	return sum == checksum(page, number);
}

/* The parts of the header that never change. Between them are the versions. */
static bool sound_header(const uint8_t *header)
{
	static const uint8_t begin[] = { 'S',
					 'Q',
					 'L',
					 'i',
					 't',
					 'e',
					 ' ',
					 'f',
					 'o',
					 'r',
					 'm',
					 'a',
					 't',
					 ' ',
					 '3',
					 0,
					 PAGE_CHECK_SIZE >> 8,
					 PAGE_CHECK_SIZE & 0xff };
	static const uint8_t then[] = { PAGE_CHECK_RESERVED, 64, 32, 32 };

	return memcmp(header, begin, sizeof begin) == 0 && memcmp(header + 20, then, sizeof then) == 0 &&
	       header[WRITE_VERSION] == header[READ_VERSION] &&
	       (header[READ_VERSION] == 1 || header[READ_VERSION] == 2);
}

/* With SQLITE_IOERR_DATA, as it has it for this, SQLite would end all that the connection reads just now. */
static int damaged(const struct file *f, const char *unit, sqlite3_int64 number)
{
	char what[128];

	snprintf(what, sizeof what, "%s %lld of %s", unit, (long long)number,
		 f->db == f ? "comity.db" : "comity.db-wal");
	if (f->check->damaged != NULL)
		f->check->damaged(f->check->ctx, what);
	return SQLITE_CORRUPT;
}

/* ------------------------------------------------------------ the database */

static int read_page(struct file *f, void *page, sqlite3_int64 number)
{
	int rc = f->file->pMethods->xRead(f->file, page, PAGE_CHECK_SIZE, (number - 1) * PAGE_CHECK_SIZE);

	/* An empty file is a database that is not there yet. */
	if (rc == SQLITE_IOERR_SHORT_READ && number == 1)
		return rc;
	if (rc == SQLITE_IOERR_SHORT_READ ||
	    (rc == SQLITE_OK && (number > UINT32_MAX || !page_check_sound(page, (uint32_t)number))))
		return damaged(f, "page", number);
	return rc;
}

static int read_db(struct file *f, void *data, int len, sqlite3_int64 at)
{
	const sqlite3_int64 number = at / PAGE_CHECK_SIZE + 1, begin = at % PAGE_CHECK_SIZE;
	uint8_t page[PAGE_CHECK_SIZE];
	int rc;

	if (len == PAGE_CHECK_SIZE && begin == 0)
		return read_page(f, data, number);
	if (at + len <= DB_HEADER) {
		rc = f->file->pMethods->xRead(f->file, data, len, at);
		/* Page 1 may be in the WAL, or a journal may be about to bring it back. If not, it is read
		 * whole, and refused. */
		if (rc == SQLITE_OK && len == DB_HEADER && !sound_header(data)) {
			memset(data, 0, (size_t)len);
			return SQLITE_IOERR_SHORT_READ;
		}
		return rc;
	}
	if (begin + len > PAGE_CHECK_SIZE)
		return SQLITE_IOERR_READ;
	/* SQLite 3.45 and later read of an overflow page no more than the content that they need. */
	rc = read_page(f, page, number);
	if (rc == SQLITE_OK || rc == SQLITE_IOERR_SHORT_READ)
		memcpy(data, page + begin, (size_t)len);
	return rc;
}

static int write_db(struct file *f, const void *data, int len, sqlite3_int64 at)
{
	uint8_t page[PAGE_CHECK_SIZE];

	/* Whoever writes anything else was not told of the checksums. */
	if (len != PAGE_CHECK_SIZE || at % PAGE_CHECK_SIZE != 0 || at / PAGE_CHECK_SIZE >= UINT32_MAX ||
	    (at == 0 && !sound_header(data)))
		return SQLITE_IOERR_WRITE;
	memcpy(page, data, CONTENT);
	page_check_seal(page, (uint32_t)(at / PAGE_CHECK_SIZE) + 1);
	return f->file->pMethods->xWrite(f->file, page, len, at);
}

/* ----------------------------------------------------------------- the WAL */

static uint32_t word(const uint8_t *at, bool big)
{
	return big ? (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3]
		   : (uint32_t)at[3] << 24 | (uint32_t)at[2] << 16 | (uint32_t)at[1] << 8 | at[0];
}

/* Section 4.2 of the format. */
static void wal_sum(uint32_t sum[2], const uint8_t *data, size_t len, bool big)
{
	for (size_t i = 0; i < len; i += 8) {
		sum[0] += word(data + i, big) + sum[1];
		sum[1] += word(data + i + 4, big) + sum[0];
	}
}

/* The page of frame `number`, from 0, as it was read: is it what its frame says? */
static int check_frame(struct file *f, const uint8_t *page, sqlite3_int64 number)
{
	const sqlite3_int64 at = WAL_HEADER + number * FRAME;
	uint8_t wal[WAL_HEADER], own[FRAME_HEADER], before[8];
	uint32_t sum[2];
	bool big;
	int rc = f->file->pMethods->xRead(f->file, wal, sizeof wal, 0);

	if (rc == SQLITE_OK)
		rc = f->file->pMethods->xRead(f->file, own, sizeof own, at);
	/* The checksum that this one goes on from: of the frame before, or of the header. */
	if (rc == SQLITE_OK)
		rc = f->file->pMethods->xRead(f->file, before, sizeof before,
					      number == 0 ? WAL_HEADER - 8 : at - FRAME + FRAME_HEADER - 8);
	if (rc != SQLITE_OK)
		return rc;
	big = wal[3] & 1;
	sum[0] = word(before, true);
	sum[1] = word(before + 4, true);
	wal_sum(sum, own, 8, big);
	wal_sum(sum, page, PAGE_CHECK_SIZE, big);
	if (memcmp(own + 8, wal + 16, 8) != 0 || sum[0] != word(own + 16, true) || sum[1] != word(own + 20, true))
		return damaged(f, "frame", number + 1);
	return SQLITE_OK;
}

static int read_wal(struct file *f, void *data, int len, sqlite3_int64 at)
{
	const sqlite3_int64 place = at - WAL_HEADER, number = place / FRAME;
	const bool page = len == PAGE_CHECK_SIZE && place >= 0 && place % FRAME == FRAME_HEADER;
	int rc = f->file->pMethods->xRead(f->file, data, len, at);

	/* Whatever else is read SQLite verifies by itself, when it recovers. */
	if (!page || (rc != SQLITE_OK && rc != SQLITE_IOERR_SHORT_READ))
		return rc;
	if (rc == SQLITE_IOERR_SHORT_READ)
		return damaged(f, "frame", number + 1);
	if (f->db->own >= 0 && number >= f->db->own)
		return SQLITE_OK;
	return check_frame(f, data, number);
}

static int write_wal(struct file *f, const void *data, int len, sqlite3_int64 at)
{
	const sqlite3_int64 place = at - WAL_HEADER, number = place / FRAME;

	if (f->db->writing && place >= 0 && (f->db->own < 0 || number < f->db->own))
		f->db->own = number;
	return f->file->pMethods->xWrite(f->file, data, len, at);
}

/* ------------------------------------------------------------------- files */

static struct file *own(sqlite3_file *file)
{
	return (struct file *)file;
}

static int file_close(sqlite3_file *file)
{
	struct file *f = own(file);

	return f->file->pMethods->xClose(f->file);
}

static int file_read(sqlite3_file *file, void *data, int len, sqlite3_int64 at)
{
	struct file *f = own(file);

	return f->db == f ? read_db(f, data, len, at) : read_wal(f, data, len, at);
}

static int file_write(sqlite3_file *file, const void *data, int len, sqlite3_int64 at)
{
	struct file *f = own(file);

	return f->db == f ? write_db(f, data, len, at) : write_wal(f, data, len, at);
}

static int file_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	struct file *f = own(file);

	return f->file->pMethods->xTruncate(f->file, size);
}

static int file_sync(sqlite3_file *file, int flags)
{
	struct file *f = own(file);

	return f->file->pMethods->xSync(f->file, flags);
}

static int file_size(sqlite3_file *file, sqlite3_int64 *ret_size)
{
	struct file *f = own(file);

	return f->file->pMethods->xFileSize(f->file, ret_size);
}

static int file_lock(sqlite3_file *file, int level)
{
	struct file *f = own(file);

	return f->file->pMethods->xLock(f->file, level);
}

static int file_unlock(sqlite3_file *file, int level)
{
	struct file *f = own(file);

	return f->file->pMethods->xUnlock(f->file, level);
}

static int file_check_reserved(sqlite3_file *file, int *ret_reserved)
{
	struct file *f = own(file);

	return f->file->pMethods->xCheckReservedLock(f->file, ret_reserved);
}

static int file_control(sqlite3_file *file, int op, void *arg)
{
	struct file *f = own(file);

	return f->file->pMethods->xFileControl(f->file, op, arg);
}

static int file_sector_size(sqlite3_file *file)
{
	struct file *f = own(file);

	return f->file->pMethods->xSectorSize(f->file);
}

static int file_characteristics(sqlite3_file *file)
{
	struct file *f = own(file);

	return f->file->pMethods->xDeviceCharacteristics(f->file) & ~IOCAP_SUBPAGE_READ;
}

static int shm_map(sqlite3_file *file, int region, int size, int extend, void volatile **ret)
{
	struct file *f = own(file);

	return f->file->pMethods->xShmMap(f->file, region, size, extend, ret);
}

static int shm_lock(sqlite3_file *file, int first, int n, int flags)
{
	struct file *f = own(file);
	int rc = f->file->pMethods->xShmLock(f->file, first, n, flags);

	if (rc == SQLITE_OK && first == WRITE_LOCK && (flags & SQLITE_SHM_EXCLUSIVE)) {
		f->writing = (flags & SQLITE_SHM_LOCK) != 0;
		f->own = -1;
	}
	return rc;
}

static void shm_barrier(sqlite3_file *file)
{
	struct file *f = own(file);

	f->file->pMethods->xShmBarrier(f->file);
}

static int shm_unmap(sqlite3_file *file, int delete)
{
	struct file *f = own(file);

	return f->file->pMethods->xShmUnmap(f->file, delete);
}

/* Of version 2: without it files cannot be mapped into memory. */
static const sqlite3_io_methods methods = {
	.iVersion = 2,
	.xClose = file_close,
	.xRead = file_read,
	.xWrite = file_write,
	.xTruncate = file_truncate,
	.xSync = file_sync,
	.xFileSize = file_size,
	.xLock = file_lock,
	.xUnlock = file_unlock,
	.xCheckReservedLock = file_check_reserved,
	.xFileControl = file_control,
	.xSectorSize = file_sector_size,
	.xDeviceCharacteristics = file_characteristics,
	.xShmMap = shm_map,
	.xShmLock = shm_lock,
	.xShmBarrier = shm_barrier,
	.xShmUnmap = shm_unmap,
};

/* --------------------------------------------------------------------- VFS */

static sqlite3_vfs *base_of(sqlite3_vfs *vfs)
{
	return ((struct page_check *)vfs->pAppData)->base;
}

static int vfs_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *file, int flags, int *ret_flags)
{
	struct file *f = own(file);
	int rc;

	if ((flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL)) == 0)
		return base_of(vfs)->xOpen(base_of(vfs), path, file, flags, ret_flags);
	*f = (struct file){ .check = vfs->pAppData, .db = f, .own = -1, .file = (sqlite3_file *)(f + 1) };
	if (flags & SQLITE_OPEN_WAL)
		f->db = own(sqlite3_database_file_object(path));
	rc = base_of(vfs)->xOpen(base_of(vfs), path, f->file, flags, ret_flags);
	if (f->file->pMethods != NULL)
		f->base.pMethods = &methods;
	return rc;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *path, int sync)
{
	return base_of(vfs)->xDelete(base_of(vfs), path, sync);
}

static int vfs_access(sqlite3_vfs *vfs, const char *path, int flags, int *ret_there)
{
	return base_of(vfs)->xAccess(base_of(vfs), path, flags, ret_there);
}

static int vfs_full_pathname(sqlite3_vfs *vfs, const char *path, int size, char *ret_path)
{
	return base_of(vfs)->xFullPathname(base_of(vfs), path, size, ret_path);
}

static int vfs_randomness(sqlite3_vfs *vfs, int len, char *ret_bytes)
{
	return base_of(vfs)->xRandomness(base_of(vfs), len, ret_bytes);
}

static int vfs_sleep(sqlite3_vfs *vfs, int us)
{
	return base_of(vfs)->xSleep(base_of(vfs), us);
}

static int vfs_current_time(sqlite3_vfs *vfs, sqlite3_int64 *ret_ms)
{
	return base_of(vfs)->xCurrentTimeInt64(base_of(vfs), ret_ms);
}

static int vfs_last_error(sqlite3_vfs *vfs, int size, char *ret_text)
{
	return base_of(vfs)->xGetLastError != NULL ? base_of(vfs)->xGetLastError(base_of(vfs), size, ret_text) : 0;
}

/* -------------------------------------------------------------------- door */

int page_check_new(const char *base, void (*damaged_fn)(void *ctx, const char *what), void *ctx,
		   struct page_check **ret_check)
{
	static atomic_uint made;
	sqlite3_vfs *under = sqlite3_vfs_find(base);
	struct page_check *c;

	if (under == NULL)
		return CY_ENOENT;
	c = calloc(1, sizeof *c);
	if (c == NULL)
		return CY_ENOMEM;
	c->base = under;
	c->damaged = damaged_fn;
	c->ctx = ctx;
	snprintf(c->name, sizeof c->name, "comity-page-check-%u", atomic_fetch_add(&made, 1));
	c->vfs = (sqlite3_vfs){ .iVersion = 2,
				.szOsFile = (int)sizeof(struct file) + under->szOsFile,
				.mxPathname = under->mxPathname,
				.zName = c->name,
				.pAppData = c,
				.xOpen = vfs_open,
				.xDelete = vfs_delete,
				.xAccess = vfs_access,
				.xFullPathname = vfs_full_pathname,
				.xRandomness = vfs_randomness,
				.xSleep = vfs_sleep,
				.xGetLastError = vfs_last_error,
				.xCurrentTimeInt64 = vfs_current_time };
	if (sqlite3_vfs_register(&c->vfs, 0) != SQLITE_OK) {
		free(c);
		return CY_ENOMEM;
	}
	*ret_check = c;
	return CY_OK;
}

void page_check_free(struct page_check *c)
{
	if (c == NULL)
		return;
	sqlite3_vfs_unregister(&c->vfs);
	free(c);
}

const char *page_check_name(const struct page_check *c)
{
	return c->name;
}

int page_check_reserve(sqlite3 *db)
{
	int n = PAGE_CHECK_RESERVED;

	return sqlite3_file_control(db, "main", SQLITE_FCNTL_RESERVE_BYTES, &n);
}
