/* How a store comes to have page checksums (page_check_vfs.h).
 *
 * That it has them stands beside it, in DIR/comity.db.checked, and not in comity.db, which
 * may be damaged. A new store has the file from before its first page. A store without it was
 * made by an earlier version, or is a copy that SQLite made: it is examined, written anew with
 * checksums as DIR/comity.db.new, and put into its place when it is whole and on the disk. The
 * old one is not changed until then; whoever is interrupted begins anew at the next start. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "io/store/page_check_vfs.h"
#include "io/store/store_sqlite_internal.h"

/* How often progress is looked at: steps of SQLite's virtual machine. */
#define STEPS 1000

struct converting {
	const struct store_sqlite_config *config;
	struct page_check *check;
	void *ctx;
	char path[4096], wal[4096 + 8], new[4096 + 8], mark[4096 + 16];
	sqlite3 *db;
	uint64_t bytes; /* of the old store */
	int told;       /* percent */
};

static const char mark_text[] = "Each page of comity.db ends with its checksum. Remove this file together with\n"
				"comity.db-wal and comity.db-shm when you put a copy into the place of comity.db\n"
				"that was made by SQLite (.backup, VACUUM INTO): it gets checksums at the start.\n";

static off_t size_of(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? st.st_size : 0;
}

static int put_mark(const struct converting *c, struct cy_error *e)
{
	int fd = open(c->mark, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600), r = CY_OK;

	if (fd < 0)
		return cy_fail(e, CY_ECONFIG, "%s cannot be made: %s", c->mark, strerror(errno));
	if (write(fd, mark_text, sizeof mark_text - 1) != sizeof mark_text - 1 || fsync(fd) < 0)
		r = cy_fail(e, CY_ESTORE, "%s cannot be written: %s", c->mark, strerror(errno));
	close(fd);
	return r < 0 ? r : store_sync_path(c->config->dir, e);
}

static void tell(struct converting *c, int percent)
{
	char text[160];

	c->told = percent;
	if (c->config->progress == NULL)
		return;
	snprintf(text, sizeof text, "the store gets checksums for its pages, which happens once: %d %% of %llu MiB",
		 percent - percent % 10, (unsigned long long)(c->bytes >> 20));
	c->config->progress(c->ctx, text);
}

static int look(void *ctx)
{
	struct converting *c = ctx;
	const uint64_t done = (uint64_t)size_of(c->new);
	const int percent = c->bytes > 0 && done < c->bytes ? (int)(100 * done / c->bytes) : 99;

	if (percent != c->told)
		tell(c, percent);
	return 0;
}

static int failed(struct converting *c, int rc, struct cy_error *e)
{
	char text[sizeof e->text];

	store_explain(c->db, rc, c->config->dir, text, sizeof text);
	return cy_fail(e, CY_ESTORE, "%s", text);
}

/* Whatever it says from here on is believed. */
static int examine(struct converting *c, struct cy_error *e)
{
	sqlite3_stmt *s;
	int rc = sqlite3_prepare_v2(c->db, "PRAGMA integrity_check(1)", -1, &s, NULL), r = CY_OK;

	if (rc == SQLITE_OK)
		rc = sqlite3_step(s);
	if (rc != SQLITE_ROW)
		r = failed(c, rc, e);
	else if (strcmp((const char *)sqlite3_column_text(s, 0), "ok") != 0)
		r = cy_fail(e, CY_ESTORE, "the store in %s is damaged (%.200s): " STORE_RESTORE, c->config->dir,
			    (const char *)sqlite3_column_text(s, 0));
	sqlite3_finalize(s);
	return r;
}

static int room(struct converting *c, struct cy_error *e)
{
	struct statvfs fs;

	c->bytes = (uint64_t)size_of(c->path) + (uint64_t)size_of(c->wal);
	if (statvfs(c->config->dir, &fs) == 0 && (uint64_t)fs.f_bavail * fs.f_frsize < c->bytes + c->bytes / 8)
		return cy_fail(e, CY_ESTORE,
			       "the store in %s is written anew once, with checksums for its pages, and there is too "
			       "little room on the disk for that: free %llu MiB",
			       c->config->dir, (unsigned long long)((c->bytes + c->bytes / 8) >> 20) + 1);
	return CY_OK;
}

/* Write comity.db.new. */
static int copy(struct converting *c, struct cy_error *e)
{
	char uri[3 * 4096 + 128];
	sqlite3_stmt *s = NULL;
	char vfs[64];
	int fd, rc, r;

	snprintf(vfs, sizeof vfs, "vfs=%s", page_check_name(c->check));
	r = store_uri(c->new, vfs, uri, sizeof uri);
	if (r < 0)
		return cy_fail(e, CY_ECONFIG, "the name of the directory is too long");
	/* SQLite would make it with mode 0644. */
	fd = open(c->new, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return cy_fail(e, CY_ECONFIG, "%s cannot be made: %s", c->new, strerror(errno));
	close(fd);
	rc = page_check_reserve(c->db);
	if (rc == SQLITE_OK)
		rc = sqlite3_prepare_v2(c->db, "VACUUM INTO ?", -1, &s, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_text(s, 1, uri, -1, SQLITE_STATIC);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(s);
	sqlite3_finalize(s);
	return rc == SQLITE_DONE ? store_sync_path(c->new, e) : failed(c, rc, e);
}

/* The old store. It is not changed until it was examined: the WAL may be that of another file, which was
 * left lying when a copy was put in its place. */
static int open_old(struct converting *c, struct cy_error *e)
{
	int rc = sqlite3_open_v2(c->path, &c->db,
				 SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE | SQLITE_OPEN_URI,
				 NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_db_config(c->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, (int *)NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(c->db,
				  "PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY;"
				  "PRAGMA cell_size_check = ON",
				  NULL, NULL, NULL);
	sqlite3_progress_handler(c->db, STEPS, look, c);
	return rc == SQLITE_OK ? CY_OK : failed(c, rc, e);
}

/* All of it in comity.db. */
static int checkpoint(struct converting *c, struct cy_error *e)
{
	int rc = sqlite3_db_config(c->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, (int *)NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_exec(c->db, "PRAGMA wal_checkpoint(TRUNCATE)", NULL, NULL, NULL);
	return rc == SQLITE_OK ? CY_OK : failed(c, rc, e);
}

static int convert(struct converting *c, struct cy_error *e)
{
	int version, r = room(c, e);

	if (r < 0 || (r = open_old(c, e)) < 0)
		return r;
	tell(c, 0);
	if ((r = store_schema_version(c->db, c->config->dir, &version, e)) < 0 || (r = examine(c, e)) < 0 ||
	    (r = checkpoint(c, e)) < 0 || (r = copy(c, e)) < 0)
		return r;
	tell(c, 100);
	if (sqlite3_close(c->db) != SQLITE_OK)
		return cy_fail(e, CY_ESTORE, "the store in %s cannot be closed", c->config->dir);
	c->db = NULL;
	/* Its contents were in comity.db before that was copied. */
	unlink(c->wal);
	tell(c, 100);
	if (rename(c->new, c->path) < 0)
		return cy_fail(e, CY_ESTORE, "%s cannot be renamed: %s", c->new, strerror(errno));
	tell(c, 100);
	return store_sync_path(c->config->dir, e);
}

int store_checked_prepare(const struct store_sqlite_config *config, struct page_check *check, void *ctx,
			  struct cy_error *e)
{
	struct converting c = { .config = config, .check = check, .ctx = ctx };
	int r = CY_OK;

	if ((size_t)snprintf(c.path, sizeof c.path, "%s/comity.db", config->dir) >= sizeof c.path)
		return cy_fail(e, CY_ECONFIG, "the name of the directory is too long");
	snprintf(c.wal, sizeof c.wal, "%s-wal", c.path);
	snprintf(c.new, sizeof c.new, "%s.new", c.path);
	snprintf(c.mark, sizeof c.mark, "%s.checked", c.path);
	/* Of whoever was interrupted: it takes up the room that is asked for, and is nothing to keep. */
	unlink(c.new);
	if (access(c.mark, F_OK) == 0)
		return CY_OK;
	if (size_of(c.path) > 0)
		r = convert(&c, e);
	else if (size_of(c.wal) > 0) /* it was a store once: whoever opens it refuses it */
		return CY_OK;
	sqlite3_close(c.db);
	return r < 0 ? r : put_mark(&c, e);
}
