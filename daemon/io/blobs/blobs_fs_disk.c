/* The directory, open files, free space, and what a crash leaves behind. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "io/blobs/blobs_fs_internal.h"

#define DIRECT_MIN (256u * 1024u) /* below it waiting for the disk costs more than the copy */

/* --------------------------------------------------------------- the directory */

static int check_dir(int fd, const char *dir, struct cy_error *e)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return cy_fail(e, CY_ECONFIG, "the directory %s cannot be examined: %s", dir, strerror(errno));
	if (st.st_uid != geteuid())
		return cy_fail(e, CY_ECONFIG, "the directory %s belongs to another user (uid %u)", dir,
			       (unsigned)st.st_uid);
	if ((st.st_mode & 07777) != 0700 && fchmod(fd, 0700) < 0)
		return cy_fail(e, CY_ECONFIG, "the mode of %s cannot be set to 0700: %s", dir, strerror(errno));
	/* Of the open directory; a second process would take parts for leftovers. */
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK
			       ? cy_fail(e, CY_EEXIST, "another process has the evidence in %s open", dir)
			       : cy_fail(e, CY_ECONFIG, "the directory %s cannot be locked: %s", dir, strerror(errno));
	for (size_t i = 0; i < 2; i++) {
		const char *sub = i == 0 ? "content" : "part";

		if (mkdirat(fd, sub, 0700) < 0 && errno != EEXIST)
			return cy_fail(e, CY_ECONFIG, "the directory %s/%s cannot be made: %s", dir, sub,
				       strerror(errno));
	}
	if (fsync(fd) < 0)
		return cy_fail(e, CY_ECONFIG, "the directory %s cannot be flushed: %s", dir, strerror(errno));
	return CY_OK;
}

int blobs_dir_open(const char *dir, int *ret_fd, struct cy_error *e)
{
	int fd, r;

	if (mkdir(dir, 0700) < 0 && errno != EEXIST)
		return cy_fail(e, CY_ECONFIG, "the directory %s cannot be made: %s", dir, strerror(errno));
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return cy_fail(e, CY_ECONFIG, "the directory %s cannot be opened: %s", dir, strerror(errno));
	r = check_dir(fd, dir, e);
	if (r < 0) {
		close(fd);
		return r;
	}
	*ret_fd = fd;
	return CY_OK;
}

void blobs_path(char out[static PATH_SIZE], const char *path, const char *suffix)
{
	CY_ASSERT((size_t)snprintf(out, PATH_SIZE, "%s.%s", path, suffix) < PATH_SIZE);
}

void blobs_content_path(char out[static PATH_SIZE], const struct cy_digest *sha256)
{
	char hex[CY_SHA256_HEX];

	cy_digest_hex(sha256, hex);
	snprintf(out, PATH_SIZE, "content/%.2s/%s", hex, hex);
}

int blobs_sync_dir(struct blobs_fs *b, const char *path)
{
	int fd = openat(b->dir, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), r, err;

	if (fd < 0)
		return CY_EIO;
	r = fsync(fd);
	err = errno;
	close(fd);
	errno = err;
	return r < 0 ? CY_EIO : CY_OK;
}

/* ------------------------------------------------------------------- open files */

static void files_close(struct files *f)
{
	if (f->path[0] == '\0')
		return;
	close(f->data);
	if (f->tree >= 0)
		close(f->tree);
	if (f->direct >= 0)
		close(f->direct);
	f->path[0] = '\0';
}

struct files *blobs_files(struct blobs_fs *b, const char *path, int flags)
{
	struct files *f = NULL;
	int fd;

	for (size_t i = 0; i < FILES_MAX; i++) {
		struct files *at = &b->files[i];

		if (strcmp(at->path, path) == 0) {
			at->turn = ++b->turn;
			return at;
		}
		if (f == NULL || (f->path[0] != '\0' && (at->path[0] == '\0' || at->turn < f->turn)))
			f = at;
	}
	fd = openat(b->dir, path, flags | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return NULL;
	files_close(f);
	snprintf(f->path, sizeof f->path, "%s", path);
	f->data = fd;
	f->tree = f->direct = -1;
	f->no_direct = false;
	f->turn = ++b->turn;
	return f;
}

int blobs_tree(struct blobs_fs *b, struct files *f, int flags)
{
	char path[PATH_SIZE];

	if (f->tree < 0) {
		blobs_path(path, f->path, "tree");
		f->tree = openat(b->dir, path, flags | O_CLOEXEC | O_NOFOLLOW, 0600);
	}
	return f->tree;
}

void blobs_files_forget(struct blobs_fs *b, const char *path)
{
	for (size_t i = 0; i < FILES_MAX; i++)
		if (strcmp(b->files[i].path, path) == 0)
			files_close(&b->files[i]);
}

bool blobs_files_idle(struct blobs_fs *b)
{
	for (size_t i = 0; i < FILES_MAX; i++)
		if (b->files[i].path[0] != '\0')
			return false;
	return true;
}

void blobs_files_close(struct blobs_fs *b)
{
	for (size_t i = 0; i < FILES_MAX; i++)
		files_close(&b->files[i]);
}

int blobs_pread(int fd, void *data, size_t len, uint64_t offset, size_t *ret_len)
{
	size_t done = 0;

	while (done < len) {
		const ssize_t n = pread(fd, (uint8_t *)data + done, len - done, (off_t)(offset + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return CY_EIO;
		if (n == 0)
			break;
		done += (size_t)n;
	}
	*ret_len = done;
	return CY_OK;
}

int blobs_pwrite(int fd, const void *data, size_t len, uint64_t offset)
{
	size_t done = 0;

	while (done < len) {
		const ssize_t n = pwrite(fd, (const uint8_t *)data + done, len - done, (off_t)(offset + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return CY_EIO;
		done += (size_t)n;
	}
	return CY_OK;
}

/* -1: not for these bytes, or not here. */
static int direct(struct blobs_fs *b, struct files *f, size_t len, uint64_t offset)
{
	if (f->no_direct || len < DIRECT_MIN || len > CY_CHUNK || (len | offset) % DIRECT_ALIGN != 0)
		return -1;
	if (f->direct < 0) {
		const int mode = fcntl(f->data, F_GETFL) & O_ACCMODE;

		f->direct = openat(b->dir, f->path, mode | O_DIRECT | O_CLOEXEC | O_NOFOLLOW);
		f->no_direct = f->direct < 0;
	}
	return f->direct;
}

/* Some file systems say so only now. */
static void leave_direct(struct files *f)
{
	close(f->direct);
	f->direct = -1;
	f->no_direct = true;
}

int blobs_data_read(struct blobs_fs *b, struct files *f, void *data, size_t len, uint64_t offset, size_t *ret_len)
{
	const int fd = (uintptr_t)data % DIRECT_ALIGN == 0 ? direct(b, f, len, offset) : -1;

	if (fd >= 0) {
		if (blobs_pread(fd, data, len, offset, ret_len) == CY_OK)
			return CY_OK;
		if (errno != EINVAL)
			return CY_EIO;
		leave_direct(f);
	}
	return blobs_pread(f->data, data, len, offset, ret_len);
}

int blobs_data_write(struct blobs_fs *b, struct files *f, const void *data, size_t len, uint64_t offset)
{
	const int fd = direct(b, f, len, offset);

	if (fd >= 0) {
		const void *from = data;

		if ((uintptr_t)data % DIRECT_ALIGN != 0)
			from = memcpy(b->aligned, data, len);
		if (blobs_pwrite(fd, from, len, offset) == CY_OK)
			return CY_OK;
		if (errno != EINVAL)
			return CY_EIO;
		leave_direct(f);
	}
	return blobs_pwrite(f->data, data, len, offset);
}

uint64_t blobs_tree_at(uint64_t leaves, unsigned level, uint64_t index)
{
	for (unsigned i = 0; i < level; i++)
		index += audit_level(leaves, i);
	return index * CY_SHA256_LEN;
}

/* ------------------------------------------------------------------- free space */

static uint64_t usable(struct blobs_fs *b)
{
	struct statvfs vfs;
	uint64_t avail;

	/* A file system that does not say has no room. */
	if (fstatvfs(b->dir, &vfs) < 0)
		return 0;
	avail = (uint64_t)vfs.f_bavail * vfs.f_frsize;
	b->now.total = (uint64_t)vfs.f_blocks * vfs.f_frsize;
	avail = avail > b->keep_free ? avail - b->keep_free : 0;
	b->now.free = avail > b->now.reserved ? avail - b->now.reserved : 0;
	return avail;
}

void blobs_look(struct blobs_fs *b)
{
	usable(b);
}

/* The space that the owner of this part uses, without this part. */
static uint64_t owner_has(const struct blobs_fs *b, const struct part *p)
{
	const size_t len = blob_owner_len(p->name);
	uint64_t has = 0;

	for (size_t i = 0; i < BUCKETS; i++)
		for (const struct part *x = b->part[i]; x != NULL; x = x->next)
			if (x != p && blob_owner_len(x->name) == len && memcmp(x->name, p->name, len) == 0)
				has += x->held + x->owes;
	return has;
}

static size_t owners(struct blobs_fs *b)
{
	size_t n;

	pthread_mutex_lock(&b->lock);
	n = b->owners;
	pthread_mutex_unlock(&b->lock);
	return n > 0 ? n : 1;
}

static uint64_t beyond(uint64_t avail, uint64_t reserved)
{
	return avail > reserved ? avail - reserved : 0;
}

bool blobs_room(struct blobs_fs *b, const struct part *p, uint64_t len, bool *ret_firm)
{
	const uint64_t avail = usable(b), share = (avail + b->held) / owners(b);
	const uint64_t has = owner_has(b, p) + p->held;

	*ret_firm = has <= share && len <= share - has && len <= beyond(avail, b->firm - (p->firm ? p->owes : 0));
	return *ret_firm || len <= beyond(avail, b->now.reserved - p->owes);
}

bool blobs_usable(struct blobs_fs *b, const struct part *p, uint64_t len)
{
	bool firm;

	if (len > p->owes)
		return blobs_room(b, p, len, &firm);
	/* Space within a share only has to be free; space beyond it must not be another owner's. */
	return len <= beyond(usable(b), p->firm ? 0 : b->firm);
}

/* --------------------------------------------------------- what a crash leaves */

static bool is_there(int dir, const char *name, const char *suffix)
{
	char path[300];

	snprintf(path, sizeof path, "%s%s", name, suffix);
	return faccessat(dir, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* A part that nobody has gone on with for so long is given up: its upload was forgotten, or
 * its item is not fetched any more. */
static bool is_old(int dir, const char *name, const char *suffix)
{
	char path[300];
	struct stat st;

	snprintf(path, sizeof path, "%s%s", name, suffix);
	return fstatat(dir, path, &st, AT_SYMLINK_NOFOLLOW) == 0 && time(NULL) - st.st_mtime > BLOBS_FS_PART_S;
}

/* The name without its suffix .tree or .mark; 0: it has none, and may be data. */
static int suffix_of(char *name)
{
	char *dot = strrchr(name, '.');

	if (dot == NULL || (strcmp(dot, ".tree") != 0 && strcmp(dot, ".mark") != 0))
		return 0;
	*dot = '\0';
	return 1;
}

static DIR *list(struct blobs_fs *b, const char *path)
{
	int fd = openat(b->dir, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd >= 0 ? fdopendir(fd) : NULL;

	if (fd >= 0 && d == NULL)
		close(fd);
	return d;
}

void blobs_scan_parts(struct blobs_fs *b)
{
	struct dirent *entry;
	char name[sizeof entry->d_name];
	DIR *d = list(b, "part");

	while (d != NULL && (entry = readdir(d)) != NULL) {
		bool left;

		if (entry->d_name[0] == '.')
			continue;
		snprintf(name, sizeof name, "%s", entry->d_name);
		if (strlen(name) > 5 && strcmp(name + strlen(name) - 5, ".seal") == 0) {
			name[strlen(name) - 5] = '\0';
			blobs_seal_left(b, name);
			continue;
		}
		if (strlen(name) > 5 && strcmp(name + strlen(name) - 5, ".done") == 0) {
			if (is_old(dirfd(d), name, ""))
				unlinkat(dirfd(d), name, 0);
			continue;
		}
		/* Files that belong to data are removed with it. Data without a mark has no byte that
		 * is known to be on the disk. */
		if (suffix_of(name))
			left = !is_there(dirfd(d), name, "");
		else
			left = !is_there(dirfd(d), name, ".mark") || is_old(dirfd(d), name, ".mark");
		if (left)
			unlinkat(dirfd(d), entry->d_name, 0);
		else if (strcmp(name, entry->d_name) == 0)
			blobs_part_asleep(b, name);
	}
	if (d != NULL)
		closedir(d);
}

void blobs_scan_content(struct blobs_fs *b)
{
	char path[16], name[sizeof((struct dirent *)NULL)->d_name];
	struct dirent *entry;
	DIR *d;

	snprintf(path, sizeof path, "content/%02x", b->scanned & 0xff);
	d = list(b, path);
	while (d != NULL && (entry = readdir(d)) != NULL) {
		struct stat st;

		snprintf(name, sizeof name, "%s", entry->d_name);
		if (suffix_of(name)) {
			if (!is_there(dirfd(d), name, ""))
				unlinkat(dirfd(d), entry->d_name, 0);
		} else if (strlen(name) == CY_SHA256_HEX - 1 &&
			   fstatat(dirfd(d), name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode)) {
			b->now.contents++;
			b->now.content += (uint64_t)st.st_size;
		}
	}
	if (d != NULL)
		closedir(d);
	b->scanned++;
}

/* The digests in one directory, at the end of `out`. */
static int list_dir(struct blobs_fs *b, const char *path, struct cy_digest **list_of, size_t *n, size_t *room)
{
	struct dirent *entry;
	DIR *d = list(b, path);
	int r;

	if (d == NULL)
		return errno == ENOENT ? CY_OK : CY_EIO;
	for (errno = 0; (entry = readdir(d)) != NULL; errno = 0) {
		if (*n == *room) {
			*room = *room > 0 ? 2 * *room : 64;
			*list_of = realloc(*list_of, *room * sizeof **list_of);
			CY_ASSERT(*list_of != NULL);
		}
		if (strlen(entry->d_name) == CY_SHA256_HEX - 1 &&
		    cy_unhex(entry->d_name, CY_SHA256_HEX - 1, (*list_of)[*n].b, CY_SHA256_LEN) == CY_OK)
			++*n;
	}
	r = errno == 0 ? CY_OK : CY_EIO;
	closedir(d);
	return r;
}

/* Directories without any content are passed over. */
void blobs_list(struct blobs_fs *b, struct task *t)
{
	struct cy_digest *found = NULL;
	size_t n = 0, room = 0;
	char path[16];

	while (t->result.code == CY_OK && n == 0 && t->offset < SUBDIRS) {
		snprintf(path, sizeof path, "content/%02x", (unsigned)t->offset & 0xff);
		if (list_dir(b, path, &found, &n, &room) < 0)
			blobs_fail_errno(t, "listed", path);
		t->offset++;
	}
	if (t->result.code == CY_OK && n > 0)
		t->result.data = (struct blob_bytes){
			.data = (uint8_t *)found, .len = n * sizeof *found, .release = free, .owner = found
		};
	else
		free(found);
	t->result.offset = t->offset;
	blobs_post(b, t);
}
