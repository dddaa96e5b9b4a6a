/* Frames over the connected socket: bytes out, whole frames in, and the descriptors
 * beside them. Internal to the client. */
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

/* CY_EIO with the sentence. */
int pipe_connect(struct pipe *p, const char *path, struct cy_error *e);

/* Send all of `data` until `deadline`, with a descriptor beside its first byte, which stays
 * the caller's (-1: none). What arrives meanwhile is taken in, so
 * that a daemon which waits for us to read does not wait for ever. */
int pipe_send(struct pipe *p, struct cy_bytes data, int fd, struct cy_mono deadline, struct cy_error *e);

/* The next whole frame, without its length, until `deadline`; it stays valid
 * until pipe_drop(). CY_EAGAIN at the deadline, CY_EPROTO for a length beyond
 * the limit, CY_EIO for a lost connection. *ret_len is what pipe_drop() takes. */
int pipe_next(struct pipe *p, struct cy_mono deadline, struct cy_bytes *ret_frame, size_t *ret_len, struct cy_error *e);
void pipe_drop(struct pipe *p, size_t len);

/* The first descriptor that came and was not taken; -1: none. They are taken by frames that have
 * one, in the same order. */
int pipe_take_file(struct pipe *p);

void pipe_close(struct pipe *p);

#endif
