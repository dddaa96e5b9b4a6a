/* Threads that receive and close the descriptors that local clients send (SCM_RIGHTS), so that
 * only the client waits for them.
 *
 * A descriptor is whatever its sender likes, and so is the time that a call on it takes: a
 * TCP socket with SO_LINGER sleeps in close(), a file on a file system of the sender's own
 * (FUSE, NFS) in close() and fstat(). The kernel also closes by itself, in the thread that
 * calls: descriptors that recvmsg() has no room for, and all that lie unread in a connection
 * that is closed. So the main thread neither receives nor closes any: it looks with MSG_PEEK
 * whether there are some beside the next bytes, and if so has threads of this room, the
 * hands, take them or close them.
 *
 * There are STRANGERS_HANDS hands in all. A file occupies a hand for as long as its file
 * system likes, for ever if it hangs: those of one user occupy STRANGERS_HANDS_OF_UID at most,
 * then the others of that user wait, and one hand is always left for connections. Closing a
 * connection does not hang: what sleeps in it is interrupted by a timer.
 *
 * All functions are the main thread's, and none of them waits. */
#ifndef CY_IO_LOCAL_STRANGERS_H
#define CY_IO_LOCAL_STRANGERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "port/ports.h"

struct event_base;
struct strangers;

/* Called from the loop, never from inside a function of this room, for each strangers_take().
 * `file`: enum local_came (port/ports.h), or a descriptor, the receiver's, who gives it to
 * strangers_close(). `surplus`: not all was kept that came. */
struct strangers_events {
	void *ctx;
	void (*taken)(void *ctx, uint64_t conn, uid_t uid, int file, bool surplus);
};

int strangers_new(struct event_base *base, const struct strangers_events *events, struct strangers **ret,
		  struct cy_error *e);

/* Is there a descriptor beside the next bytes of the socket `fd`, or beside the one behind them (the
 * kernel looks so far)? As recv(2) with MSG_PEEK of at most `len` bytes into `data`, which reads no
 * further than to those with a descriptor. */
ssize_t strangers_peek(int fd, void *data, size_t len, bool *ret_beside);

/* Take `len` bytes off the socket `fd` of this user, which were seen by strangers_peek(), with
 * all that is beside them; `want`: one descriptor is kept. taken() follows. CY_ELIMIT: this
 * process can spare no descriptor for it, and nothing follows. */
int strangers_take(struct strangers *s, uid_t uid, uint64_t conn, int fd, size_t len, bool want);

/* Close a file of this user that was taken. */
void strangers_close(struct strangers *s, uid_t uid, int fd);
/* Close what is our own and may take its time: a large file that was destroyed meanwhile goes
 * with its last descriptor. */
void strangers_close_own(struct strangers *s, int fd);
/* Close a connection of this user. It is done at once, unless something lies in it that was not
 * read and brings descriptors. */
void strangers_hang_up(struct strangers *s, uid_t uid, int fd);

/* The work that is pending for this user; for all. */
size_t strangers_of(struct strangers *s, uid_t uid);
size_t strangers_all(struct strangers *s);

/* taken() is not called any more; what was taken is closed with the process at the latest.
 * NULL is fine. */
void strangers_free(struct strangers *s);

#endif
