#include "io/local/local_listen.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* Does somebody listen at the path? CY_ENOENT: the file is left over. */
static int answered(const struct sockaddr_un *addr, struct cy_error *e)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), r;

	if (fd < 0)
		return cy_fail(e, CY_EIO, "cannot make a socket: %s", strerror(errno));
	r = connect(fd, (const struct sockaddr *)addr, sizeof(*addr)) < 0 ? errno : 0;
	close(fd);
	if (r == ECONNREFUSED || r == ENOENT)
		return CY_ENOENT;
	if (r == 0 || r == EAGAIN)
		return cy_fail(e, CY_EEXIST, "another process answers at %s", addr->sun_path);
	return cy_fail(e, CY_EIO, "cannot tell whether somebody answers at %s: %s", addr->sun_path, strerror(r));
}

static int make_way(const struct sockaddr_un *addr, struct cy_error *e)
{
	struct stat st;
	int r;

	if (lstat(addr->sun_path, &st) < 0)
		return errno == ENOENT ? CY_OK
				       : cy_fail(e, CY_EIO, "cannot look at %s: %s", addr->sun_path, strerror(errno));
	if (!S_ISSOCK(st.st_mode))
		return cy_fail(e, CY_EEXIST, "%s exists and is not a socket", addr->sun_path);
	r = answered(addr, e);
	if (r != CY_ENOENT)
		return r;
	if (unlink(addr->sun_path) < 0 && errno != ENOENT)
		return cy_fail(e, CY_EIO, "cannot remove the left-over socket %s: %s", addr->sun_path, strerror(errno));
	return CY_OK;
}

/* The file exists with nobody's permissions until mode and group are right. */
static int bind_path(int fd, const struct sockaddr_un *addr, struct local_listener *l, struct cy_error *e)
{
	mode_t mask = umask(0777);
	int r = bind(fd, (const struct sockaddr *)addr, sizeof(*addr)) < 0 ? errno : 0;
	struct stat st;

	umask(mask);
	if (r)
		return cy_fail(e, CY_EIO, "cannot make the socket %s: %s", addr->sun_path, strerror(r));
	if (lstat(addr->sun_path, &st) < 0)
		return cy_fail(e, CY_EIO, "cannot look at %s: %s", addr->sun_path, strerror(errno));
	l->dev = st.st_dev;
	l->ino = st.st_ino;
	if (l->gid > 0 && lchown(addr->sun_path, (uid_t)-1, (gid_t)l->gid) < 0)
		return cy_fail(e, CY_EIO, "cannot give %s to group %lld: %s", addr->sun_path, (long long)l->gid,
			       strerror(errno));
	if (chmod(addr->sun_path, l->mode) < 0)
		return cy_fail(e, CY_EIO, "cannot set the mode of %s: %s", addr->sun_path, strerror(errno));
	return CY_OK;
}

int local_listen(struct local_listener *l, const char *path, struct cy_error *e)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd, r;

	if (path == NULL || !path[0] || cy_copy(addr.sun_path, sizeof(addr.sun_path), path) != CY_OK)
		return cy_fail(e, CY_EINVAL, "the path of the local socket is empty or over %zu bytes",
			       sizeof(addr.sun_path) - 1);
	r = make_way(&addr, e);
	if (r != CY_OK)
		return r;
	memcpy(l->path, addr.sun_path, sizeof(l->path));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return cy_fail(e, CY_EIO, "cannot make a socket: %s", strerror(errno));
	r = bind_path(fd, &addr, l, e);
	if (r == CY_OK && listen(fd, SOMAXCONN) < 0)
		r = cy_fail(e, CY_EIO, "cannot listen at %s: %s", path, strerror(errno));
	if (r != CY_OK) {
		local_unlink(l);
		close(fd);
		return r;
	}
	l->fd = fd;
	return CY_OK;
}

void local_unlink(struct local_listener *l)
{
	struct stat st;

	if (l->ino && lstat(l->path, &st) == 0 && st.st_dev == l->dev && st.st_ino == l->ino)
		unlink(l->path);
	l->ino = 0;
}
