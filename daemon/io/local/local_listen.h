/* A listening unix socket at a path: made, replaced when left over, removed. */
#ifndef CY_IO_LOCAL_LOCAL_LISTEN_H
#define CY_IO_LOCAL_LOCAL_LISTEN_H

#include <sys/types.h>
#include <sys/un.h>

#include "base/bytes.h"
#include "base/error.h"

/* The caller sets mode, gid, and fd = -1, ino = 0. */
struct local_listener {
	mode_t mode; /* of the socket file */
	int64_t gid; /* its group; -1 or 0: as created */
	int fd;      /* listening and not blocking; -1: none */
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
	dev_t dev;
	ino_t ino; /* 0: the file is not ours */
};

/* Listen at `path`. A socket file that nobody answers at is replaced; CY_EEXIST
 * when somebody answers or the path is no socket, CY_EINVAL for a path that does
 * not fit, CY_EIO for all else. */
int local_listen(struct local_listener *l, const char *path, struct cy_error *e);

/* Remove the socket file, unless somebody has put another in its place. */
void local_unlink(struct local_listener *l);

#endif
