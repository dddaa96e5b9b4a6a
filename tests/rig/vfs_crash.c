/* The disk in memory: files, their unsynced changes, and the fate of these. */
#include "vfs_crash.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/rng.h"

#define SECTOR      512
#define NAME_MAX_   64
#define FILES_MAX   16
#define SHM_REGIONS 64

enum fate {
	KEPT,
	DROPPED,
	TORN
};

struct bytes {
	uint8_t *data;
	size_t len, cap;
};

/* An unsynced change of a file, in the order in which they were made. */
struct change {
	struct change *next;
	uint8_t *data; /* NULL: a truncation to `at` */
	size_t at, len;
};

/* A file's content, whatever its name. */
struct inode {
	struct inode *next;
	struct bytes data;    /* as it is read */
	struct bytes durable; /* as it is after a loss of power */
	struct change *first, **last;
	bool temporary; /* no name, no faults */
	uint8_t *shm[SHM_REGIONS];
	int n_shm;
};

struct entry {
	char name[NAME_MAX_];
	struct inode *inode; /* NULL: free */
};

struct directory {
	struct entry entries[FILES_MAX];
};

/* An unsynced change of the directory: the name now stands for `inode` (NULL: deleted). */
struct naming {
	struct naming *next;
	struct entry entry;
};

struct handle {
	sqlite3_file base;
	struct handle *next;
	struct vfs_crash *disk;
	struct inode *inode;
	int lock;                      /* SQLITE_LOCK_* */
	unsigned shm_shared, shm_excl; /* locks, a bit each */
	bool shm_mapped;
	bool sync_directory; /* at the next sync */
	char delete_on_close[NAME_MAX_];
};

struct vfs_crash {
	sqlite3_vfs vfs;
	char name[NAME_MAX_];
	pthread_mutex_t mutex;
	struct cy_rng rng;
	struct inode *inodes;
	struct handle *handles;
	struct directory dir, durable_dir;
	struct naming *first, **last;
	bool down;
	uint64_t points;
	enum vfs_crash_fault fault;
	uint64_t fault_from, fault_until;
};

struct vfs_crash_image {
	struct {
		char name[NAME_MAX_];
		struct bytes content;
	} files[FILES_MAX];
};

static void *must(void *p)
{
	CY_ASSERT(p != NULL);
	return p;
}

/* ------------------------------------------------------------------- bytes */

/* With a random sequence the new bytes are what a crash leaves there. */
static void resize(struct bytes *b, size_t len, struct cy_rng *rng)
{
	bool garbage = rng != NULL && len > b->len && cy_rng_below(rng, 2) == 0;

	if (len > b->cap) {
		b->cap = len + len / 2 + 4096;
		b->data = must(realloc(b->data, b->cap));
	}
	if (len > b->len)
		memset(b->data + b->len, 0, len - b->len);
	for (size_t i = b->len; garbage && i < len; i++)
		b->data[i] = (uint8_t)cy_rng_next(rng);
	b->len = len;
}

static void put(struct bytes *b, size_t at, const uint8_t *data, size_t len, struct cy_rng *rng)
{
	if (at + len > b->len)
		resize(b, at + len, rng);
	if (len > 0)
		memcpy(b->data + at, data, len);
}

static void copy(struct bytes *to, const struct bytes *from)
{
	to->len = 0;
	put(to, 0, from->data, from->len, NULL);
}

/* The length of the piece of a write at `at` that lies in one sector. */
static size_t piece(size_t at, size_t len)
{
	size_t rest = SECTOR - at % SECTOR;

	return len < rest ? len : rest;
}

/* ----------------------------------------------------- unsynced changes, fate */

static void change_file(struct inode *inode, const void *data, size_t at, size_t len)
{
	struct change *c = must(calloc(1, sizeof *c));

	c->at = at;
	c->len = len;
	if (data != NULL) {
		c->data = must(malloc(len > 0 ? len : 1));
		memcpy(c->data, data, len);
		put(&inode->data, at, data, len, NULL);
	} else {
		resize(&inode->data, at, NULL);
	}
	*inode->last = c;
	inode->last = &c->next;
}

static void apply(struct bytes *b, const struct change *c, enum fate fate, struct cy_rng *rng)
{
	if (fate == DROPPED)
		return;
	if (c->data == NULL) {
		resize(b, c->at, rng);
	} else if (fate == KEPT) {
		put(b, c->at, c->data, c->len, rng);
	} else {
		for (size_t i = 0, n; i < c->len; i += n) {
			n = piece(c->at + i, c->len - i);
			if (cy_rng_below(rng, 2) == 0)
				put(b, c->at + i, c->data + i, n, rng);
		}
	}
}

/* Crashes differ in kind: nothing was written yet, all of it, or anything. */
struct mood {
	unsigned kept, torn; /* of 8 */
};

static struct mood draw_mood(struct cy_rng *rng)
{
	static const struct mood moods[] = { { 0, 0 }, { 8, 0 }, { 4, 0 }, { 3, 3 }, { 7, 1 }, { 1, 1 }, { 0, 8 } };

	return moods[cy_rng_below(rng, sizeof moods / sizeof moods[0])];
}

static enum fate draw_fate(struct cy_rng *rng, const struct mood *mood)
{
	uint64_t x = cy_rng_below(rng, 8);

	return x < mood->kept ? KEPT : x < mood->kept + mood->torn ? TORN : DROPPED;
}

/* Let the unsynced changes of a file reach the disk: all (mood NULL), or by chance. */
static void settle(struct inode *inode, struct cy_rng *rng, const struct mood *mood)
{
	for (struct change *c = inode->first, *next; c != NULL; c = next) {
		next = c->next;
		apply(&inode->durable, c, mood == NULL ? KEPT : draw_fate(rng, mood), mood == NULL ? NULL : rng);
		free(c->data);
		free(c);
	}
	inode->first = NULL;
	inode->last = &inode->first;
}

/* --------------------------------------------------------------------- names */

static struct entry *find(struct directory *dir, const char *name)
{
	for (int i = 0; i < FILES_MAX; i++)
		if (dir->entries[i].inode != NULL && strcmp(dir->entries[i].name, name) == 0)
			return &dir->entries[i];
	return NULL;
}

static void give_name(struct directory *dir, const struct entry *entry)
{
	struct entry *e = find(dir, entry->name);

	for (int i = 0; e == NULL && i < FILES_MAX; i++)
		if (dir->entries[i].inode == NULL)
			e = &dir->entries[i];
	must(e);
	*e = *entry;
}

static void change_name(struct vfs_crash *d, const char *name, struct inode *inode)
{
	struct naming *n = must(calloc(1, sizeof *n));

	n->entry.inode = inode;
	CY_ASSERT(strlen(name) < sizeof n->entry.name);
	strcpy(n->entry.name, name);
	give_name(&d->dir, &n->entry);
	*d->last = n;
	d->last = &n->next;
}

static void settle_names(struct vfs_crash *d, const struct mood *mood)
{
	for (struct naming *n = d->first, *next; n != NULL; n = next) {
		next = n->next;
		if (mood == NULL || draw_fate(&d->rng, mood) != DROPPED)
			give_name(&d->durable_dir, &n->entry);
		free(n);
	}
	d->first = NULL;
	d->last = &d->first;
}

/* ------------------------------------------------------------------- inodes */

static struct inode *new_inode(struct vfs_crash *d)
{
	struct inode *inode = must(calloc(1, sizeof *inode));

	inode->last = &inode->first;
	inode->next = d->inodes;
	d->inodes = inode;
	return inode;
}

static void free_shm(struct inode *inode)
{
	for (int i = 0; i < inode->n_shm; i++)
		free(inode->shm[i]);
	inode->n_shm = 0;
}

static bool is_used(const struct vfs_crash *d, const struct inode *inode)
{
	for (const struct handle *h = d->handles; h != NULL; h = h->next)
		if (h->inode == inode)
			return true;
	for (int i = 0; i < FILES_MAX; i++)
		if (d->dir.entries[i].inode == inode || d->durable_dir.entries[i].inode == inode)
			return true;
	for (const struct naming *n = d->first; n != NULL; n = n->next)
		if (n->entry.inode == inode)
			return true;
	return false;
}

/* Free what has neither a name nor a handle. */
static void sweep(struct vfs_crash *d)
{
	for (struct inode **at = &d->inodes; *at != NULL;) {
		struct inode *inode = *at;
		const struct mood none = { 0, 0 };

		if (is_used(d, inode)) {
			at = &inode->next;
			continue;
		}
		*at = inode->next;
		settle(inode, &d->rng, &none);
		free_shm(inode);
		free(inode->data.data);
		free(inode->durable.data);
		free(inode);
	}
}

/* -------------------------------------------------------------------- points */

/* Begin an operation that changes the disk: the fault that strikes it. */
static enum vfs_crash_fault begin(struct vfs_crash *d)
{
	d->points++;
	if (d->fault == VFS_CRASH_NONE || d->points < d->fault_from || d->points > d->fault_until)
		return VFS_CRASH_NONE;
	if (d->fault == VFS_CRASH_CUT)
		d->down = true;
	return d->fault;
}

static int sync_directory(struct vfs_crash *d)
{
	if (begin(d) == VFS_CRASH_CUT)
		return SQLITE_IOERR_DIR_FSYNC;
	settle_names(d, NULL);
	sweep(d);
	return SQLITE_OK;
}

/* --------------------------------------------------------------- file methods */

static struct handle *enter(sqlite3_file *file)
{
	struct handle *h = (struct handle *)file;

	pthread_mutex_lock(&h->disk->mutex);
	return h;
}

static int leave(struct handle *h, int rc)
{
	pthread_mutex_unlock(&h->disk->mutex);
	return rc;
}

static int file_read(sqlite3_file *file, void *buf, int len, sqlite3_int64 at)
{
	struct handle *h = enter(file);
	const struct bytes *b = &h->inode->data;
	size_t n = 0;

	if (h->disk->down)
		return leave(h, SQLITE_IOERR_READ);
	if ((size_t)at < b->len)
		n = b->len - (size_t)at < (size_t)len ? b->len - (size_t)at : (size_t)len;
	if (n > 0)
		memcpy(buf, b->data + at, n);
	memset((char *)buf + n, 0, (size_t)len - n);
	return leave(h, n < (size_t)len ? SQLITE_IOERR_SHORT_READ : SQLITE_OK);
}

/* What a write that fails has written: some sectors from the front. */
static size_t written_part(struct vfs_crash *d, size_t at, size_t len)
{
	size_t n = 0;

	while (n < len && cy_rng_below(&d->rng, 4) != 0)
		n += piece(at + n, len - n);
	return n < len ? n : 0;
}

static int file_write(sqlite3_file *file, const void *buf, int len, sqlite3_int64 at)
{
	struct handle *h = enter(file);
	enum vfs_crash_fault fault = VFS_CRASH_NONE;
	size_t n = (size_t)len;

	if (h->disk->down)
		return leave(h, SQLITE_IOERR_WRITE);
	if (h->inode->temporary) {
		put(&h->inode->data, (size_t)at, buf, n, NULL);
		return leave(h, SQLITE_OK);
	}
	fault = begin(h->disk);
	if (fault == VFS_CRASH_FULL || fault == VFS_CRASH_IOERR)
		n = written_part(h->disk, (size_t)at, n);
	if (n > 0)
		change_file(h->inode, buf, (size_t)at, n);
	if (fault == VFS_CRASH_FULL)
		return leave(h, SQLITE_FULL);
	return leave(h, fault == VFS_CRASH_NONE ? SQLITE_OK : SQLITE_IOERR_WRITE);
}

static int file_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	struct handle *h = enter(file);
	enum vfs_crash_fault fault = VFS_CRASH_NONE;

	if (h->disk->down)
		return leave(h, SQLITE_IOERR_TRUNCATE);
	if (h->inode->temporary) {
		resize(&h->inode->data, (size_t)size, NULL);
		return leave(h, SQLITE_OK);
	}
	fault = begin(h->disk);
	if (fault != VFS_CRASH_IOERR)
		change_file(h->inode, NULL, (size_t)size, 0);
	return leave(h, fault == VFS_CRASH_IOERR || fault == VFS_CRASH_CUT ? SQLITE_IOERR_TRUNCATE : SQLITE_OK);
}

static int file_sync(sqlite3_file *file, int flags)
{
	struct handle *h = enter(file);
	struct mood mood;

	(void)flags;
	if (h->disk->down)
		return leave(h, SQLITE_IOERR_FSYNC);
	if (h->inode->temporary)
		return leave(h, SQLITE_OK);
	switch (begin(h->disk)) {
	case VFS_CRASH_CUT:
		return leave(h, SQLITE_IOERR_FSYNC);
	case VFS_CRASH_IOERR:
		mood = draw_mood(&h->disk->rng);
		settle(h->inode, &h->disk->rng, &mood);
		return leave(h, SQLITE_IOERR_FSYNC);
	case VFS_CRASH_FULL:
	case VFS_CRASH_NONE:
		break;
	}
	settle(h->inode, &h->disk->rng, NULL);
	if (!h->sync_directory)
		return leave(h, SQLITE_OK);
	h->sync_directory = false;
	return leave(h, sync_directory(h->disk));
}

static int file_size(sqlite3_file *file, sqlite3_int64 *ret_size)
{
	struct handle *h = enter(file);

	if (h->disk->down)
		return leave(h, SQLITE_IOERR_FSTAT);
	*ret_size = (sqlite3_int64)h->inode->data.len;
	return leave(h, SQLITE_OK);
}

static int file_lock(sqlite3_file *file, int level)
{
	struct handle *h = enter(file);
	int rc = SQLITE_OK;

	if (h->disk->down)
		return leave(h, SQLITE_IOERR_LOCK);
	if (h->lock >= level)
		return leave(h, SQLITE_OK);
	for (const struct handle *o = h->disk->handles; o != NULL; o = o->next) {
		if (o == h || o->inode != h->inode)
			continue;
		if (level == SQLITE_LOCK_SHARED ? o->lock >= SQLITE_LOCK_PENDING : o->lock >= SQLITE_LOCK_RESERVED)
			return leave(h, SQLITE_BUSY);
		if (level == SQLITE_LOCK_EXCLUSIVE && o->lock >= SQLITE_LOCK_SHARED)
			rc = SQLITE_BUSY;
	}
	h->lock = rc == SQLITE_OK ? level : SQLITE_LOCK_PENDING;
	return leave(h, rc);
}

static int file_unlock(sqlite3_file *file, int level)
{
	struct handle *h = enter(file);

	if (h->lock > level)
		h->lock = level;
	return leave(h, SQLITE_OK);
}

static int file_check_reserved(sqlite3_file *file, int *ret_reserved)
{
	struct handle *h = enter(file);

	if (h->disk->down)
		return leave(h, SQLITE_IOERR_CHECKRESERVEDLOCK);
	*ret_reserved = 0;
	for (const struct handle *o = h->disk->handles; o != NULL; o = o->next)
		if (o->inode == h->inode && o->lock >= SQLITE_LOCK_RESERVED)
			*ret_reserved = 1;
	return leave(h, SQLITE_OK);
}

static int file_control(sqlite3_file *file, int op, void *arg)
{
	(void)file;
	(void)op;
	(void)arg;
	return SQLITE_NOTFOUND;
}

/* As the unix VFS says them; torn writes are finer than the sector it claims. */
static int file_sector_size(sqlite3_file *file)
{
	(void)file;
	return 4096;
}

static int file_characteristics(sqlite3_file *file)
{
	(void)file;
	return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

/* --------------------------------------------------------------- shared memory */

static int shm_map(sqlite3_file *file, int region, int size, int extend, void volatile **ret_memory)
{
	struct handle *h = enter(file);
	struct inode *inode = h->inode;

	*ret_memory = NULL;
	if (h->disk->down)
		return leave(h, SQLITE_IOERR_SHMMAP);
	h->shm_mapped = true;
	CY_ASSERT(region < SHM_REGIONS);
	while (extend && inode->n_shm <= region)
		inode->shm[inode->n_shm++] = must(calloc(1, (size_t)size));
	if (region < inode->n_shm)
		*ret_memory = inode->shm[region];
	return leave(h, SQLITE_OK);
}

static int shm_lock(sqlite3_file *file, int first, int n, int flags)
{
	struct handle *h = enter(file);
	unsigned mask = ((1u << n) - 1) << first;

	if (flags & SQLITE_SHM_UNLOCK) {
		h->shm_shared &= ~mask;
		h->shm_excl &= ~mask;
		return leave(h, SQLITE_OK);
	}
	if (h->disk->down)
		return leave(h, SQLITE_IOERR_SHMLOCK);
	for (const struct handle *o = h->disk->handles; o != NULL; o = o->next)
		if (o != h && o->inode == h->inode &&
		    ((o->shm_excl & mask) != 0 || ((flags & SQLITE_SHM_EXCLUSIVE) && (o->shm_shared & mask) != 0)))
			return leave(h, SQLITE_BUSY);
	if (flags & SQLITE_SHM_EXCLUSIVE)
		h->shm_excl |= mask;
	else
		h->shm_shared |= mask;
	return leave(h, SQLITE_OK);
}

static void shm_barrier(sqlite3_file *file)
{
	leave(enter(file), SQLITE_OK);
}

static void unmap(struct handle *h)
{
	h->shm_mapped = false;
	h->shm_shared = h->shm_excl = 0;
	for (const struct handle *o = h->disk->handles; o != NULL; o = o->next)
		if (o->inode == h->inode && o->shm_mapped)
			return;
	free_shm(h->inode);
}

static int shm_unmap(sqlite3_file *file, int delete)
{
	struct handle *h = enter(file);

	(void)delete;
	unmap(h);
	return leave(h, SQLITE_OK);
}

static int file_close(sqlite3_file *file)
{
	struct handle *h = enter(file);
	struct vfs_crash *d = h->disk;

	unmap(h);
	if (h->delete_on_close[0] != '\0' && !d->down && find(&d->dir, h->delete_on_close) != NULL)
		change_name(d, h->delete_on_close, NULL);
	for (struct handle **at = &d->handles; *at != NULL; at = &(*at)->next)
		if (*at == h) {
			*at = h->next;
			break;
		}
	sweep(d);
	return leave(h, SQLITE_OK);
}

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

/* ---------------------------------------------------------------- VFS methods */

static int vfs_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *file, int flags, int *ret_flags)
{
	struct vfs_crash *d = vfs->pAppData;
	struct handle *h = (struct handle *)file;
	struct entry *e;
	int rc = SQLITE_OK;

	memset(h, 0, sizeof *h);
	pthread_mutex_lock(&d->mutex);
	e = path != NULL ? find(&d->dir, path) : NULL;
	if (d->down || (path != NULL && e == NULL && !(flags & SQLITE_OPEN_CREATE)) ||
	    (e != NULL && (flags & SQLITE_OPEN_EXCLUSIVE))) {
		rc = SQLITE_CANTOPEN;
	} else if (path == NULL) {
		h->inode = new_inode(d);
		h->inode->temporary = true;
	} else if (e != NULL) {
		h->inode = e->inode;
	} else {
		h->inode = new_inode(d);
		change_name(d, path, h->inode);
	}
	if (rc == SQLITE_OK) {
		/* As the unix VFS: also for a file that was there. */
		h->sync_directory = (flags & SQLITE_OPEN_CREATE) &&
				    (flags & (SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_SUPER_JOURNAL | SQLITE_OPEN_WAL));
		if (path != NULL && (flags & SQLITE_OPEN_DELETEONCLOSE))
			strcpy(h->delete_on_close, path);
		h->base.pMethods = &methods;
		h->disk = d;
		h->next = d->handles;
		d->handles = h;
		if (ret_flags != NULL)
			*ret_flags = flags;
	}
	pthread_mutex_unlock(&d->mutex);
	return rc;
}

static int delete_name(struct vfs_crash *d, const char *path, bool sync)
{
	enum vfs_crash_fault fault;

	if (d->down)
		return SQLITE_IOERR_DELETE;
	if (find(&d->dir, path) == NULL)
		return SQLITE_IOERR_DELETE_NOENT;
	fault = begin(d);
	if (fault == VFS_CRASH_IOERR)
		return SQLITE_IOERR_DELETE;
	change_name(d, path, NULL);
	if (fault == VFS_CRASH_CUT)
		return SQLITE_IOERR_DELETE;
	return sync ? sync_directory(d) : SQLITE_OK;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *path, int sync)
{
	struct vfs_crash *d = vfs->pAppData;
	int rc;

	pthread_mutex_lock(&d->mutex);
	rc = delete_name(d, path, sync != 0);
	pthread_mutex_unlock(&d->mutex);
	return rc;
}

/* An empty file does not exist, as for the unix VFS. */
static int vfs_access(sqlite3_vfs *vfs, const char *path, int flags, int *ret_there)
{
	struct vfs_crash *d = vfs->pAppData;
	const struct entry *e;
	int rc = SQLITE_OK;

	pthread_mutex_lock(&d->mutex);
	e = find(&d->dir, path);
	if (d->down)
		rc = SQLITE_IOERR_ACCESS;
	else
		*ret_there = e != NULL && (flags != SQLITE_ACCESS_EXISTS || e->inode->data.len > 0);
	pthread_mutex_unlock(&d->mutex);
	return rc;
}

static int vfs_full_pathname(sqlite3_vfs *vfs, const char *path, int size, char *ret_path)
{
	const char *slash = strrchr(path, '/');

	(void)vfs;
	if (slash != NULL)
		path = slash + 1;
	if (strlen(path) >= (size_t)size)
		return SQLITE_CANTOPEN;
	strcpy(ret_path, path);
	return SQLITE_OK;
}

static int vfs_randomness(sqlite3_vfs *vfs, int len, char *ret_bytes)
{
	struct vfs_crash *d = vfs->pAppData;

	pthread_mutex_lock(&d->mutex);
	for (int i = 0; i < len; i++)
		ret_bytes[i] = (char)cy_rng_next(&d->rng);
	pthread_mutex_unlock(&d->mutex);
	return len;
}

/* Only threads that share a disk ever wait for each other. */
static int vfs_sleep(sqlite3_vfs *vfs, int us)
{
	sqlite3_vfs *real = sqlite3_vfs_find(NULL);

	(void)vfs;
	return real->xSleep(real, us);
}

static int vfs_current_time(sqlite3_vfs *vfs, sqlite3_int64 *ret_ms)
{
	(void)vfs;
	*ret_ms = 0;
	return SQLITE_OK;
}

/* ---------------------------------------------------------------------- door */

struct vfs_crash *vfs_crash_new(const char *name, uint64_t seed)
{
	struct vfs_crash *d = must(calloc(1, sizeof *d));

	CY_ASSERT(strlen(name) < sizeof d->name && sqlite3_vfs_find(name) == NULL);
	strcpy(d->name, name);
	d->rng.state = seed;
	d->last = &d->first;
	pthread_mutex_init(&d->mutex, NULL);
	d->vfs = (sqlite3_vfs){ .iVersion = 2,
				.szOsFile = sizeof(struct handle),
				.mxPathname = 512,
				.zName = d->name,
				.pAppData = d,
				.xOpen = vfs_open,
				.xDelete = vfs_delete,
				.xAccess = vfs_access,
				.xFullPathname = vfs_full_pathname,
				.xRandomness = vfs_randomness,
				.xSleep = vfs_sleep,
				.xCurrentTimeInt64 = vfs_current_time };
	CY_ASSERT(sqlite3_vfs_register(&d->vfs, 0) == SQLITE_OK);
	return d;
}

static void forget_everything(struct vfs_crash *d)
{
	CY_ASSERT(d->handles == NULL);
	settle_names(d, NULL);
	memset(&d->dir, 0, sizeof d->dir);
	memset(&d->durable_dir, 0, sizeof d->durable_dir);
	sweep(d);
}

void vfs_crash_free(struct vfs_crash *d)
{
	if (d == NULL)
		return;
	forget_everything(d);
	sqlite3_vfs_unregister(&d->vfs);
	pthread_mutex_destroy(&d->mutex);
	free(d);
}

const char *vfs_crash_name(const struct vfs_crash *d)
{
	return d->name;
}

uint64_t vfs_crash_points(struct vfs_crash *d)
{
	uint64_t n;

	pthread_mutex_lock(&d->mutex);
	n = d->points;
	pthread_mutex_unlock(&d->mutex);
	return n;
}

void vfs_crash_fault(struct vfs_crash *d, enum vfs_crash_fault fault, uint64_t first, uint64_t count)
{
	pthread_mutex_lock(&d->mutex);
	d->fault = fault;
	d->fault_from = d->points + first;
	d->fault_until = count == 0 ? UINT64_MAX : d->fault_from + count - 1;
	pthread_mutex_unlock(&d->mutex);
}

void vfs_crash_cut(struct vfs_crash *d)
{
	struct mood mood;

	pthread_mutex_lock(&d->mutex);
	mood = draw_mood(&d->rng);
	d->down = true;
	settle_names(d, &mood);
	d->dir = d->durable_dir;
	for (struct inode *inode = d->inodes; inode != NULL; inode = inode->next) {
		settle(inode, &d->rng, &mood);
		copy(&inode->data, &inode->durable);
	}
	sweep(d);
	pthread_mutex_unlock(&d->mutex);
}

void vfs_crash_kill(struct vfs_crash *d)
{
	pthread_mutex_lock(&d->mutex);
	d->down = true;
	pthread_mutex_unlock(&d->mutex);
}

bool vfs_crash_is_down(struct vfs_crash *d)
{
	bool down;

	pthread_mutex_lock(&d->mutex);
	down = d->down;
	pthread_mutex_unlock(&d->mutex);
	return down;
}

void vfs_crash_up(struct vfs_crash *d)
{
	pthread_mutex_lock(&d->mutex);
	CY_ASSERT(d->handles == NULL);
	d->down = false;
	d->fault = VFS_CRASH_NONE;
	pthread_mutex_unlock(&d->mutex);
}

struct vfs_crash_image *vfs_crash_snapshot(struct vfs_crash *d)
{
	struct vfs_crash_image *image = must(calloc(1, sizeof *image));

	pthread_mutex_lock(&d->mutex);
	for (int i = 0; i < FILES_MAX; i++) {
		const struct entry *e = &d->durable_dir.entries[i];

		if (e->inode == NULL)
			continue;
		strcpy(image->files[i].name, e->name);
		copy(&image->files[i].content, &e->inode->durable);
	}
	pthread_mutex_unlock(&d->mutex);
	return image;
}

void vfs_crash_restore(struct vfs_crash *d, const struct vfs_crash_image *image)
{
	pthread_mutex_lock(&d->mutex);
	forget_everything(d);
	for (int i = 0; i < FILES_MAX; i++) {
		struct entry e = { 0 };

		if (image->files[i].name[0] == '\0')
			continue;
		strcpy(e.name, image->files[i].name);
		e.inode = new_inode(d);
		copy(&e.inode->data, &image->files[i].content);
		copy(&e.inode->durable, &image->files[i].content);
		give_name(&d->dir, &e);
		give_name(&d->durable_dir, &e);
	}
	pthread_mutex_unlock(&d->mutex);
}

void vfs_crash_image_free(struct vfs_crash_image *image)
{
	if (image == NULL)
		return;
	for (int i = 0; i < FILES_MAX; i++)
		free(image->files[i].content.data);
	free(image);
}
