/* The store's directory: its mode, the lock against a second process, and the
 * file with the store key. */
#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/secret_file.h"
#include "io/service/lock_file.h"
#include "io/store/store_sqlite_internal.h"

static int check_dir(const char *dir, struct cy_error *e)
{
	struct stat st;
	int fd, r = CY_OK;

	if (mkdir(dir, 0700) < 0 && errno != EEXIST)
		return cy_fail(e, CY_ECONFIG, "the directory %s cannot be made: %s", dir, strerror(errno));
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return cy_fail(e, CY_ECONFIG, "the directory %s cannot be opened: %s", dir, strerror(errno));
	if (fstat(fd, &st) < 0)
		r = cy_fail(e, CY_ECONFIG, "the directory %s cannot be examined: %s", dir, strerror(errno));
	else if (st.st_uid != geteuid())
		r = cy_fail(e, CY_ECONFIG, "the directory %s belongs to another user (uid %u)", dir,
			    (unsigned)st.st_uid);
	else if ((st.st_mode & 07777) != 0700 && fchmod(fd, 0700) < 0)
		r = cy_fail(e, CY_ECONFIG, "the mode of %s cannot be set to 0700: %s", dir, strerror(errno));
	close(fd);
	return r;
}

int store_dir_open(const char *dir, int *ret_lock, struct cy_error *e)
{
	char path[4096], what[4096 + 32];
	int r = check_dir(dir, e);

	if (r < 0)
		return r;
	if ((size_t)snprintf(path, sizeof path, "%s/lock", dir) >= sizeof path)
		return cy_fail(e, CY_ECONFIG, "the name of the directory is too long");
	snprintf(what, sizeof what, "the store in %s", dir);
	return lock_file_take(path, what, ret_lock, e);
}

int store_sync_path(const char *path, struct cy_error *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), r = CY_OK;

	if (fd < 0)
		return cy_fail(e, CY_EIO, "%s cannot be opened: %s", path, strerror(errno));
	if (fsync(fd) < 0)
		r = cy_fail(e, CY_EIO, "%s cannot be flushed: %s", path, strerror(errno));
	close(fd);
	return r;
}

int store_uri(const char *path, const char *parameters, char *ret_uri, size_t size)
{
	static const char hex[] = "0123456789ABCDEF";
	size_t n = 5;

	if (size <= 5 + 3 * strlen(path) + 1 + strlen(parameters))
		return CY_ELIMIT;
	snprintf(ret_uri, size, "file:");
	for (const char *s = path; *s != '\0'; s++) {
		const unsigned char b = (unsigned char)*s;

		if ((b >= 'a' && b <= 'z') || (b >= 'A' && b <= 'Z') || (b >= '0' && b <= '9') ||
		    strchr("/._-", b) != NULL) {
			ret_uri[n++] = (char)b;
		} else {
			ret_uri[n++] = '%';
			ret_uri[n++] = hex[b >> 4];
			ret_uri[n++] = hex[b & 15];
		}
	}
	snprintf(ret_uri + n, size - n, "%s%s", parameters[0] != '\0' ? "?" : "", parameters);
	return CY_OK;
}

/* A new key, as hexadecimal digits: it can be printed and kept on paper. */
static int make_key(const char *path, struct cy_error *e)
{
	uint8_t key[SEAL_KEY_LEN];
	char text[2 * SEAL_KEY_LEN + 2], parent[4096];
	const char *slash = strrchr(path, '/');
	int fd, r = CY_OK;

	if (RAND_bytes(key, sizeof key) != 1)
		return cy_fail(e, CY_ECONFIG, "there are no random bytes for the store key");
	cy_hex(key, sizeof key, text);
	text[2 * SEAL_KEY_LEN] = '\n';
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0) {
		r = cy_fail(e, CY_ECONFIG, "the store key %s cannot be made: %s", path, strerror(errno));
	} else if (write(fd, text, 2 * SEAL_KEY_LEN + 1) != 2 * SEAL_KEY_LEN + 1 || fsync(fd) < 0) {
		r = cy_fail(e, CY_ECONFIG, "the store key %s cannot be written: %s", path, strerror(errno));
		unlink(path);
	}
	if (fd >= 0)
		close(fd);
	OPENSSL_cleanse(key, sizeof key);
	OPENSSL_cleanse(text, sizeof text);
	if (r < 0)
		return r;
	snprintf(parent, sizeof parent, "%.*s", slash == NULL ? 1 : (int)(slash - path) + 1,
		 slash == NULL ? "." : path);
	return store_sync_path(parent, e);
}

static int parse_key(const char *path, const uint8_t *text, size_t len, uint8_t ret_key[static SEAL_KEY_LEN],
		     struct cy_error *e)
{
	if (len == SEAL_KEY_LEN) {
		memcpy(ret_key, text, len);
		return CY_OK;
	}
	if (len == 2 * SEAL_KEY_LEN + 1 && text[len - 1] == '\n')
		len--;
	if (cy_unhex((const char *)text, len, ret_key, SEAL_KEY_LEN) < 0)
		return cy_fail(e, CY_ECONFIG, "the store key %s is neither 32 bytes nor 64 hexadecimal digits", path);
	return CY_OK;
}

int store_key_load(const char *path, bool create, uint8_t ret_key[static SEAL_KEY_LEN], struct cy_error *e)
{
	uint8_t text[2 * SEAL_KEY_LEN + 2];
	struct stat st;
	ssize_t n;
	int fd = open(path, O_RDONLY | O_CLOEXEC), r;

	if (fd < 0 && errno == ENOENT && create) {
		r = make_key(path, e);
		return r < 0 ? r : store_key_load(path, false, ret_key, e);
	}
	if (fd < 0)
		return cy_fail(e, CY_ECONFIG,
			       "the store key %s cannot be read (%s), and the store cannot be read without it", path,
			       strerror(errno));
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || secret_file_open_to(path, st.st_mode) != 0) {
		close(fd);
		return cy_fail(e, CY_ECONFIG, "the store key %s must be a file closed to others: chmod 0600", path);
	}
	n = read(fd, text, sizeof text);
	if (n < 0)
		r = cy_fail(e, CY_ECONFIG, "the store key %s cannot be read: %s", path, strerror(errno));
	else
		r = parse_key(path, text, (size_t)n, ret_key, e);
	close(fd);
	OPENSSL_cleanse(text, sizeof text);
	return r;
}
