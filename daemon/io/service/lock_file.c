#include "io/service/lock_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int refused(int fd, const char *what, struct cy_error *e)
{
	char text[32] = "";
	ssize_t n = pread(fd, text, sizeof text - 1, 0);
	long pid = n > 0 ? strtol(text, NULL, 10) : 0;

	if (pid <= 0)
		return cy_fail(e, CY_EEXIST, "another process has %s open", what);
	return cy_fail(e, CY_EEXIST, "process %ld has %s open", pid, what);
}

static int lock(int fd, const char *path, const char *what, struct cy_error *e)
{
	struct flock all = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	char pid[32];
	int len;

	/* Of the open file, not of the process: a library that opens and closes the
	 * same file does not lose it. */
	if (fcntl(fd, F_OFD_SETLK, &all) < 0)
		return errno == EAGAIN || errno == EACCES
			       ? refused(fd, what, e)
			       : cy_fail(e, CY_ECONFIG, "%s cannot be locked: %s", path, strerror(errno));
	len = snprintf(pid, sizeof pid, "%ld\n", (long)getpid());
	if (fchmod(fd, 0600) < 0 || ftruncate(fd, 0) < 0 || pwrite(fd, pid, (size_t)len, 0) != len)
		return cy_fail(e, CY_ECONFIG, "%s cannot be written: %s", path, strerror(errno));
	return CY_OK;
}

int lock_file_take(const char *path, const char *what, int *ret_fd, struct cy_error *e)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	int r;

	if (fd < 0)
		return cy_fail(e, CY_ECONFIG, "%s cannot be opened: %s", path, strerror(errno));
	r = lock(fd, path, what, e);
	if (r < 0)
		close(fd);
	else
		*ret_fd = fd;
	return r;
}

bool lock_file_held(const char *path)
{
	struct flock all = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	bool held = fd >= 0 && fcntl(fd, F_OFD_GETLK, &all) == 0 && all.l_type != F_UNLCK;

	if (fd >= 0)
		close(fd);
	return held;
}

int lock_file_say(const char *path, const char *line, struct cy_error *e)
{
	/* The lock is of the other open file: closing this one leaves it. */
	int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW);
	const bool said = fd >= 0 && dprintf(fd, "%s\n", line) > 0;
	const int code = errno;

	if (fd >= 0)
		close(fd);
	return said ? CY_OK : cy_fail(e, CY_ECONFIG, "%s cannot be written: %s", path, strerror(code));
}

bool lock_file_said(const char *path, const char *line)
{
	FILE *f = fopen(path, "re");
	const size_t len = strlen(line);
	char *text = NULL;
	size_t room = 0;
	bool said = false;

	while (f != NULL && !said && getline(&text, &room, f) > 0)
		said = strncmp(text, line, len) == 0 && text[len] == '\n';
	free(text);
	if (f != NULL)
		fclose(f);
	return said;
}
