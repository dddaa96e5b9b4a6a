#include "comityctl/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "comityctl/ctl.h"
#include "comityctl/say.h"

static int problem(const char *path)
{
	return ctl_fail(CTL_BAD_FILE, "%s: %s", path, say(strerror(errno)));
}

static const char *kind(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFLNK:
		return "a symbolic link";
	case S_IFDIR:
		return "a directory";
	case S_IFIFO:
		return "a named pipe";
	case S_IFSOCK:
		return "a socket";
	default:
		return "a device";
	}
}

int file_may_replace(const char *path, const char *option)
{
	struct stat st;

	if (lstat(path, &st) < 0)
		return errno == ENOENT ? CTL_DONE : problem(path);
	if (!S_ISREG(st.st_mode))
		return ctl_fail(CTL_BAD_FILE,
				"%s: it is %s, and nothing but a regular file is replaced; name another with %s", path,
				say(kind(st.st_mode)), option);
	if (st.st_uid != geteuid())
		return ctl_fail(CTL_BAD_FILE,
				"%s: it belongs to the user %u, and only a file of your own is replaced; name another "
				"with %s",
				path, (unsigned)st.st_uid, option);
	return CTL_DONE;
}

static int write_all(int fd, struct cy_bytes data)
{
	while (data.len > 0) {
		const ssize_t n = write(fd, data.data, data.len);

		if (n < 0 && errno != EINTR)
			return -1;
		if (n > 0)
			data = cy_bytes(data.data + n, data.len - (size_t)n);
	}
	return 0;
}

/* Who may use the new file: nobody but its owner where none is replaced, and otherwise who could use that one. The bits
 * of the group are those of another group, or of the users of an access list, where the old file has one. */
static mode_t mode_of(int fd, const char *path)
{
	struct stat old, new;

	if (lstat(path, &old) < 0)
		return 0600;
	if (fstat(fd, &new) < 0 || old.st_gid != new.st_gid || lgetxattr(path, "system.posix_acl_access", NULL, 0) > 0)
		return old.st_mode & 0700;
	return old.st_mode & 0777;
}

/* In the same directory, to be renamed. */
static int write_new(int fd, mode_t mode, struct cy_bytes data)
{
	return fchmod(fd, mode) < 0 || write_all(fd, data) < 0 || fsync(fd) < 0 ? -1 : 0;
}

static int replace(const char *path, const char *option, struct cy_bytes data, bool own)
{
	const size_t len = strlen(path);
	char *temporary;
	int fd, r = file_may_replace(path, option);

	if (r != CTL_DONE)
		return r;
	temporary = malloc(len + 8);
	CY_ASSERT(temporary != NULL);
	memcpy(temporary, path, len);
	memcpy(temporary + len, ".XXXXXX", 8);
	fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0) {
		r = problem(path);
	} else if (write_new(fd, own ? 0600 : mode_of(fd, path), data) < 0 || rename(temporary, path) < 0) {
		r = problem(path);
		unlink(temporary);
	}
	if (fd >= 0)
		close(fd);
	free(temporary);
	return r;
}

int file_replace(const char *path, const char *option, struct cy_bytes data)
{
	return replace(path, option, data, false);
}

int file_replace_by_own(const char *path, const char *option, struct cy_bytes data)
{
	return replace(path, option, data, true);
}

char *file_beside(const char *place)
{
	char program[PATH_MAX], path[PATH_MAX + 64], *slash;
	const ssize_t len = readlink("/proc/self/exe", program, sizeof program - 1);

	if (len <= 0)
		return NULL;
	program[len] = '\0';
	slash = strrchr(program, '/');
	if (slash != NULL)
		*slash = '\0';
	snprintf(path, sizeof path, "%s%s", program, place);
	return realpath(path, NULL);
}
