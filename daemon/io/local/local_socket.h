/* The local socket: case systems, operators and administrators reach their own
 * daemon over a SOCK_STREAM unix socket. This side of it moves whole frames and
 * keeps clients from hindering each other; what a frame says is the node's.
 *
 * Single-threaded, on one event base. Inputs are called from the loop only,
 * never from inside a function of the port, and a connection stays valid for
 * the port until its down() has returned.
 *
 * What a client may not do, and what happens then:
 * - send a length that does not parse, or a frame over `frame_max`: the error
 *   BAD_FRAME, then the connection is closed;
 * - leave a frame half sent for longer than `half_frame_ms`, counted from its
 *   first byte: the same;
 * - stop reading: above `pause_bytes` waiting for it nothing more is read from
 *   it; above `queue_max` the connection is closed;
 * - send many frames at once: `frames_per_wake` are taken, then the others have
 *   their turn;
 * - send descriptors: one of a regular file goes up with the frame beside whose first byte
 *   it came (SCM_RIGHTS), if this process can spare it (io/loop/descriptors.h); others are closed.
 *   Only this client waits for that, however long it takes (io/local/strangers.h);
 * - leave what it sent unread, or unclosed because closing it takes long, and connect anew: that
 *   still has its slot among the connections;
 * - leave more than a few descriptors waiting for it: nothing more is read from it;
 * - connect without being named in the configuration: the error NOT_ALLOWED,
 *   then the connection is closed; beyond the number of connections: TOO_MANY. */
#ifndef CY_IO_LOCAL_LOCAL_SOCKET_H
#define CY_IO_LOCAL_LOCAL_SOCKET_H

#include <event2/event.h>
#include <sys/types.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/limits.h"
#include "port/ports.h"

struct local_socket;

/* Whom the configuration lets be a client. The entry matches a connection when
 * the uid is that of the connected process, or the gid is its primary or one of
 * its supplementary groups. Root is nobody special. */
struct local_entry {
	int64_t uid; /* -1: by group only */
	int64_t gid; /* -1: by user only */
};

/* Zero means the default for every number but `fd`. */
struct local_socket_config {
	const char *path; /* of the socket */
	int fd;           /* listening socket passed in, `path` is then not touched; -1: none */
	mode_t mode;      /* of the socket file; default 0660 */
	int64_t gid;      /* group of the socket file; -1 or 0: as created */
	const struct local_entry *entries;
	size_t n_entries;
	size_t frame_max;       /* bytes; default CY_LOCAL_FRAME_MAX */
	size_t queue_max;       /* bytes; default CY_LOCAL_QUEUE_MAX */
	size_t pause_bytes;     /* default 1 MiB */
	size_t clients_max;     /* default CY_LOCAL_CLIENTS_MAX; one uid has a quarter of it */
	size_t frames_per_wake; /* default 32 */
	int half_frame_ms;      /* default 30,000; also how long a last word may take to leave */
};

/* Inputs to the node. `allowed` holds the indices of the entries that match.
 * `frame` comes without its length, not parsed; it is valid during the call. `fd`: a
 * descriptor that came beside it, open during the call, or enum local_came. */
struct local_input {
	void *ctx;
	void (*up)(void *ctx, uint64_t conn, const size_t *allowed, size_t n_allowed);
	void (*frame)(void *ctx, uint64_t conn, struct cy_bytes frame, int fd);
	void (*drained)(void *ctx, uint64_t conn); /* everything queued has left */
	void (*down)(void *ctx, uint64_t conn);
	/* From local_socket_reconfigure(): which entries match now, perhaps none. */
	void (*allowed)(void *ctx, uint64_t conn, const size_t *allowed, size_t n_allowed);
	/* Why a client was refused or closed by us; may be NULL. */
	void (*log)(void *ctx, enum node_level level, const char *text);
};

/* Listen. A socket file that nobody answers at is replaced; CY_EEXIST when
 * somebody answers or the path is no socket, CY_EIO with the sentence for all
 * else. The configuration is copied. */
int local_socket_new(struct event_base *base, const struct local_socket_config *config, const struct local_input *input,
		     struct local_socket **ret_socket, struct cy_error *e);

/* The node's port on it; valid as long as the socket. */
struct local_port local_socket_port(struct local_socket *s);

/* Take other entries; copied. allowed() is called for each connection that there is. */
void local_socket_reconfigure(struct local_socket *s, const struct local_entry *entries, size_t n_entries);

/* Take no new connections from now on; the socket file goes, if it is ours. */
void local_socket_stop(struct local_socket *s);

/* Connections that up() was called for and that are not down yet. */
size_t local_socket_clients(const struct local_socket *s);

/* Close everything; no input is called any more. */
void local_socket_free(struct local_socket *s);

#endif
