/* Is comity.db the file that this store had last, and does its WAL belong to it?
 *
 * The row of the table base holds an id that changes in the first transaction of each WAL, and the
 * one before. SQLite begins a WAL anew only when all of the last one is in comity.db: so comity.db by
 * itself holds one of the two ids that its WAL shows, whatever of it has been written back. DIR/comity.db.base
 * holds the same two, flushed before the transaction is committed, and the inode of comity.db. By
 * these a copy is known: as a restored backup, which is examined whole before it is used and counts as
 * restored (meta.restored). A file that is missing, or of another time than its WAL, is refused. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/log.h"
#include "io/store/store_sqlite_sql.h"

/* Steps of SQLite's virtual machine between two signs of life. */
#define STEPS 5000000

struct judging {
	const struct store_sqlite_config *config;
	void *ctx;
	char path[4096], wal[4096 + 8], file[4096 + 8];
};

/* The contents of DIR/comity.db.base. */
struct mark {
	uint64_t inode;
	char id[2][STORE_BASE_HEX];
};

static int name_files(struct judging *j, const struct store_sqlite_config *config, void *ctx, struct cy_error *e)
{
	j->config = config;
	j->ctx = ctx;
	if ((size_t)snprintf(j->path, sizeof j->path, "%s/comity.db", config->dir) >= sizeof j->path)
		return cy_fail(e, CY_ECONFIG, "the name of the directory is too long");
	snprintf(j->wal, sizeof j->wal, "%s-wal", j->path);
	snprintf(j->file, sizeof j->file, "%s.base", j->path);
	return CY_OK;
}

static bool read_mark(const char *path, struct mark *ret)
{
	struct mark m = { 0 };
	char text[256] = "", *end;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t n = fd >= 0 ? read(fd, text, sizeof text - 1) : -1;

	if (fd >= 0)
		close(fd);
	if (n <= 0 || strncmp(text, "inode ", 6) != 0)
		return false;
	m.inode = strtoull(text + 6, &end, 10);
	for (int i = 0; i < 2; i++) {
		if (strncmp(end, "\nbase ", 6) != 0 || strlen(end) < 6 + STORE_BASE_HEX)
			return false;
		memcpy(m.id[i], end + 6, STORE_BASE_HEX - 1);
		end += 6 + STORE_BASE_HEX - 1;
	}
	*ret = m;
	return true;
}

/* Whole or not at all, and on the disk. */
static int write_mark(const struct judging *j, const char *before, const char *now, struct cy_error *e)
{
	const int flags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW;
	char new[sizeof j->file + 8], text[256];
	struct stat st;
	int fd, len, r = CY_OK;

	snprintf(new, sizeof new, "%s.new", j->file);
	if (stat(j->path, &st) < 0)
		return cy_fail(e, CY_EIO, "%s cannot be examined: %s", j->path, strerror(errno));
	len = snprintf(text, sizeof text, "inode %ju\nbase %s\nbase %s\n", (uintmax_t)st.st_ino, before, now);
	fd = open(new, flags, 0600);
	if (fd < 0 || write(fd, text, (size_t)len) != len || (!j->config->sync_off && fsync(fd) < 0) ||
	    rename(new, j->file) < 0)
		r = cy_fail(e, CY_EIO, "%s cannot be written: %s", j->file, strerror(errno));
	if (fd >= 0)
		close(fd);
	return r < 0 || j->config->sync_off ? r : store_sync_path(j->config->dir, e);
}

/* Of the file by itself (`alone`), or with its WAL; nothing is changed by it. *ret_known: there is such a row, and
 * a node has written to the store. */
static int read_ids(const struct judging *j, bool alone, bool *ret_known, char ret[static 2][STORE_BASE_HEX])
{
	const int flags = (alone ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE) | SQLITE_OPEN_NOMUTEX |
			  SQLITE_OPEN_URI | SQLITE_OPEN_EXRESCODE;
	char uri[3 * sizeof j->path + 64];
	sqlite3_stmt *s = NULL;
	sqlite3 *db = NULL;
	int rc;

	*ret_known = false;
	if (store_uri(j->path, alone ? "immutable=1" : "", uri, sizeof uri) < 0)
		return SQLITE_CANTOPEN;
	rc = sqlite3_open_v2(uri, &db, flags, NULL);
	/* A WAL that is of another file must not get into this one. */
	if (rc == SQLITE_OK)
		rc = sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, (int *)NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_prepare_v2(
			db, "SELECT lower(hex(before)), lower(hex(now)) FROM base WHERE (SELECT epoch FROM meta) <> 0",
			-1, &s, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(s);
	if (rc == SQLITE_ROW) {
		for (int i = 0; i < 2; i++)
			snprintf(ret[i], STORE_BASE_HEX, "%s", (const char *)sqlite3_column_text(s, i));
		*ret_known = strlen(ret[0]) == STORE_BASE_HEX - 1 && strlen(ret[1]) == STORE_BASE_HEX - 1;
	}
	sqlite3_finalize(s);
	sqlite3_close(db);
	return rc;
}

static bool is_one_of(const char *id, const char ids[static 2][STORE_BASE_HEX])
{
	return strcmp(id, ids[0]) == 0 || strcmp(id, ids[1]) == 0;
}

/* There is no comity.db, or nothing in it: was there one? */
static int judge_missing(const struct judging *j, bool empty, struct cy_error *e)
{
	const size_t len = strlen(j->config->dir);
	const char *key = j->config->key_path;
	const bool key_here =
		!empty && strncmp(key, j->config->dir, len) == 0 && key[len] == '/' && access(key, F_OK) == 0;

	if (access(j->file, F_OK) != 0 && !key_here)
		return CY_OK;
	return cy_fail(
		e, CY_ESTORE,
		"%s is %s, and there was a store here: %s is left of it; restore the store from a backup, or, to "
		"begin with an empty one that gets back what the peers hold, move %s, %s and %s away",
		j->path, empty ? "empty" : "missing", key_here ? key : j->file, j->path, j->file, key);
}

int store_base_judge(const struct store_sqlite_config *config, bool *ret_copy, struct cy_error *e)
{
	char with[2][STORE_BASE_HEX], alone[2][STORE_BASE_HEX];
	struct judging j;
	struct mark mark;
	struct stat st;
	bool known, known_alone;
	int r = name_files(&j, config, NULL, e);

	*ret_copy = false;
	if (r < 0)
		return r;
	if (config->vfs != NULL) /* its files are not in the directory */
		return CY_OK;
	if (stat(j.path, &st) < 0 || st.st_size == 0) {
		struct stat wal;

		/* Whoever opens it tells of an empty one beside a WAL. */
		if (stat(j.wal, &wal) == 0 && wal.st_size > 0)
			return CY_OK;
		return judge_missing(&j, access(j.path, F_OK) == 0, e);
	}
	/* A file that cannot be read at all is reported when it is opened. */
	if (read_ids(&j, false, &known, with) != SQLITE_ROW || !known)
		return CY_OK;
	if (read_ids(&j, true, &known_alone, alone) == SQLITE_ROW && known_alone && !is_one_of(alone[1], with))
		return cy_fail(
			e, CY_ESTORE,
			"%s and %s are of different times: an older comity.db was put beside the WAL of a newer one; "
			"to start with this comity.db, move %s and %s-shm away; else put the comity.db back that "
			"was here",
			j.path, j.wal, j.wal, j.path);
	*ret_copy =
		known_alone && (!read_mark(j.file, &mark) || mark.inode != st.st_ino || !is_one_of(with[1], mark.id));
	return CY_OK;
}

/* ------------------------------------------------------------------ a copy, whole */

static int go_on(void *arg)
{
	const struct judging *j = arg;

	if (j->config->progress != NULL)
		j->config->progress(j->ctx, "the store is a copy, and is examined whole before it is used");
	return 0;
}

/* The one text that a query gives is "ok". */
static int says_ok(sqlite3 *db, const char *sql, const char *dir, struct cy_error *e)
{
	sqlite3_stmt *s = NULL;
	int rc = sqlite3_prepare_v2(db, sql, -1, &s, NULL), r = CY_OK;
	const char *text;

	if (rc == SQLITE_OK)
		rc = sqlite3_step(s);
	text = rc == SQLITE_ROW ? (const char *)sqlite3_column_text(s, 0) : sqlite3_errmsg(db);
	if (rc != SQLITE_ROW || text == NULL || strcmp(text, "ok") != 0)
		r = cy_fail(
			e, CY_ESTORE,
			"the store in %s is a copy that is not whole (%.160s): copy it while the daemon is stopped, or "
			"by SQLite's .backup, or restore another backup",
			dir, text != NULL ? text : "nothing");
	sqlite3_finalize(s);
	return r;
}

/* The audit log is as long as it says, and its leaves make its root. */
static int check_leaves(sqlite3 *db, const char *dir, struct cy_error *e)
{
	struct audit_log said = { 0 }, made = { 0 };
	struct cy_digest a, b;
	sqlite3_stmt *s = NULL;
	bool good = false;
	int rc = sqlite3_prepare_v2(db, "SELECT audit_size, frontier FROM meta", -1, &s, NULL);

	if (rc == SQLITE_OK && sqlite3_step(s) == SQLITE_ROW)
		good = audit_decode(store_u64_at(s, 0), store_bytes_at(s, 1), &said) == CY_OK;
	sqlite3_finalize(s);
	s = NULL;
	rc = sqlite3_prepare_v2(db, "SELECT first, hashes FROM leaf ORDER BY first", -1, &s, NULL);
	while (good && rc == SQLITE_OK && sqlite3_step(s) == SQLITE_ROW) {
		const struct cy_bytes hashes = store_bytes_at(s, 1);

		good = store_u64_at(s, 0) == made.size && hashes.len % sizeof a.b == 0;
		for (size_t at = 0; good && at < hashes.len; at += sizeof a.b) {
			memcpy(a.b, hashes.data + at, sizeof a.b);
			audit_append(&made, &a);
		}
	}
	sqlite3_finalize(s);
	a = audit_root(&said);
	b = audit_root(&made);
	if (good && said.size == made.size && (said.size == 0 || cy_digest_equal(&a, &b)))
		return CY_OK;
	return cy_fail(
		e, CY_ESTORE,
		"the store in %s is a copy that is not whole (its audit log is not the one that it says): copy it "
		"while the daemon is stopped, or by SQLite's .backup, or restore another backup",
		dir);
}

static int examine(struct judging *j, sqlite3 *db, struct cy_error *e)
{
	static const char counts[] =
		"SELECT iif((SELECT n FROM counter WHERE name = 'cases') = (SELECT count(*) FROM cases)"
		" AND (SELECT n FROM counter WHERE name = 'messages') = (SELECT count(*) FROM message),"
		" 'ok', 'it counts other cases or messages than it holds')";
	int r;

	go_on(j);
	sqlite3_progress_handler(db, STEPS, go_on, j);
	r = says_ok(db, "PRAGMA integrity_check(1)", j->config->dir, e);
	if (r == CY_OK)
		r = says_ok(db, counts, j->config->dir, e);
	if (r == CY_OK)
		r = check_leaves(db, j->config->dir, e);
	sqlite3_progress_handler(db, 0, NULL, NULL);
	return r;
}

/* -------------------------------------------------------------------- while it runs */

static bool wal_is_empty(sqlite3 *db)
{
	sqlite3_file *wal = NULL;
	sqlite3_int64 size = 1;

	return sqlite3_file_control(db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &wal) == SQLITE_OK &&
	       (wal->pMethods == NULL || (wal->pMethods->xFileSize(wal, &size) == SQLITE_OK && size == 0));
}

static int load(struct store_sqlite *st, struct cy_error *e)
{
	sqlite3_stmt *s = NULL;
	int rc = sqlite3_prepare_v2(st->writer.db, "SELECT lower(hex(now)) FROM base", -1, &s, NULL), r = CY_OK;

	if (rc == SQLITE_OK)
		rc = sqlite3_step(s);
	if (rc != SQLITE_ROW && rc != SQLITE_DONE) {
		char text[sizeof e->text];

		store_explain(st->writer.db, rc, st->dir, text, sizeof text);
		r = cy_fail(e, CY_ESTORE, "%s", text);
	} else if (rc == SQLITE_DONE || sqlite3_column_bytes(s, 0) != STORE_BASE_HEX - 1)
		r = cy_fail(e, CY_ESTORE, "the store in %s is damaged (no base): " STORE_RESTORE, st->dir);
	else
		snprintf(st->base.now, sizeof st->base.now, "%s", (const char *)sqlite3_column_text(s, 0));
	sqlite3_finalize(s);
	return r;
}

int store_base_begin(struct store_sqlite *st, const struct store_sqlite_config *config, bool copy, void *ctx,
		     struct cy_error *e)
{
	struct judging j;
	int r = name_files(&j, config, ctx, e);

	st->base.due = wal_is_empty(st->writer.db);
	if (r == CY_OK && copy)
		r = examine(&j, st->writer.db, e);
	if (r == CY_OK && copy &&
	    sqlite3_exec(st->writer.db, "UPDATE meta SET restored = 1", NULL, NULL, NULL) != SQLITE_OK)
		r = cy_fail(e, CY_ESTORE, "the store in %s cannot be written: %s", st->dir,
			    sqlite3_errmsg(st->writer.db));
	if (r == CY_OK)
		r = load(st, e);
	st->base.file = config->vfs == NULL;
	st->base.sync_off = config->sync_off;
	return r == CY_OK && st->base.file ? write_mark(&j, st->base.now, st->base.now, e) : r;
}

int store_base_renew(struct store_applying *a)
{
	struct store_sqlite *st = a->st;
	const struct store_sqlite_config config = { .dir = st->dir, .sync_off = st->base.sync_off };
	uint8_t id[(STORE_BASE_HEX - 1) / 2];
	struct judging j;
	struct store_bind b;
	struct cy_error e = { 0 };
	int r;

	if (!st->base.due)
		return CY_OK;
	/* A commit that failed may be there after all: then it is the same one that is tried again. */
	if (st->base.next[0] == '\0') {
		if (RAND_bytes(id, sizeof id) != 1)
			return store_apply_refuse(a, "there are no random bytes for the store");
		cy_hex(id, sizeof id, st->base.next);
	}
	if (st->base.file &&
	    (name_files(&j, &config, NULL, &e) < 0 || write_mark(&j, st->base.now, st->base.next, &e) < 0))
		return store_apply_refuse(a, "%s", e.text);
	r = store_apply_start(a, W_BASE, &b);
	if (r < 0)
		return r;
	if (cy_unhex(st->base.next, STORE_BASE_HEX - 1, id, sizeof id) < 0)
		return store_apply_refuse(a, "the id of the WAL is none");
	bind_bytes(&b, cy_bytes(id, sizeof id));
	return store_apply_finish(a, &b);
}

void store_base_committed(struct store_sqlite *st)
{
	if (!st->base.due)
		return;
	memcpy(st->base.now, st->base.next, sizeof st->base.now);
	st->base.next[0] = '\0';
	st->base.due = false;
}
