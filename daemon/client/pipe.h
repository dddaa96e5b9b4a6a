/* Frames over the connected socket: the client writes bytes, and reads whole frames and the
 * descriptors that come with them. Internal to the client. */
#ifndef CY_CLIENT_PIPE_H
#define CY_CLIENT_PIPE_H

#include "base/bytes.h"
#include "base/error.h"
#include "base/time.h"

#define PIPE_FILES_MAX 16u

struct pipe {
	int fd; /* -1: not connected, or failed */
	struct cy_buf in;
	int files[PIPE_FILES_MAX]; /* descriptors that came, in order; further ones are closed */
	size_t n_files;
};

struct cy_mono pipe_now(void);

/* Returns CY_OK, or CY_EIO with the sentence. */
int pipe_connect(struct pipe *p, const char *path, struct cy_error *e);

/* Sends all of `data` until `deadline`, with a descriptor beside its first byte, which stays
 * the caller's (-1: none). Bytes that arrive meanwhile are read, so that a daemon which waits
 * for us to read does not wait for ever. */
int pipe_send(struct pipe *p, struct cy_bytes data, int fd, struct cy_mono deadline, struct cy_error *e);

/* Waits until `deadline` for the next whole frame, returned without its length; it stays valid
 * until pipe_drop(), to which *ret_len is given. Returns CY_OK, CY_EAGAIN at the deadline,
 * CY_EPROTO for a length beyond the limit, or CY_EIO for a lost connection. */
int pipe_next(struct pipe *p, struct cy_mono deadline, struct cy_bytes *ret_frame, size_t *ret_len, struct cy_error *e);
void pipe_drop(struct pipe *p, size_t len);

/* Returns the first descriptor that came and was not taken, or -1. Frames that have a descriptor
 * take them in this order. */
int pipe_take_file(struct pipe *p);

void pipe_close(struct pipe *p);

#endif
