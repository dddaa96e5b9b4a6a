/* One connection of the local socket: frames in and out, each perhaps with a
 * descriptor beside it (SCM_RIGHTS). Internal to local_socket.c.
 *
 * Nothing is read beyond the frame that is under way, and its first byte is read by
 * itself: the kernel joins what was sent separately, so that only then it is certain
 * which frame a descriptor came with. It also makes a pause exact: what was not handed
 * up is still with the sender. Bytes that have a descriptor beside them are taken by
 * io/local/strangers.h, and nothing more is read meanwhile. */
#ifndef CY_IO_LOCAL_LOCAL_CLIENT_H
#define CY_IO_LOCAL_LOCAL_CLIENT_H

#include "io/local/local_socket.h"

/* Descriptors that wait for one client: as many as it may have requests without an
 * answer. From a few on nothing more is read from it. */
#define LOCAL_FILES_MAX   64u
#define LOCAL_FILES_PAUSE 4u

struct evbuffer;
struct strangers;

/* The state that all connections of a socket share. */
struct local_shared {
	struct event_base *base;
	struct local_socket_config config;
	struct local_input input;
	struct event *cleanup; /* frees the clients that are dead */
	struct strangers *strangers;
};

enum local_state {
	LOCAL_OPEN,  /* served */
	LOCAL_FLUSH, /* what is queued leaves, then it ends; nothing is read */
	LOCAL_DEAD   /* the cleanup frees it */
};

/* A descriptor that leaves beside byte `at` of all that is ever sent. */
struct local_file {
	uint64_t at;
	int fd;
};

struct local_client {
	struct local_shared *shared;
	uint64_t id;
	uid_t uid;
	int fd;
	enum local_state state;
	bool paused_by_node;
	bool paused;      /* it does not read its answers */
	bool told;        /* that it does not */
	bool half;        /* the timer runs over a half frame */
	struct cy_buf in; /* the frame under way, with its length */
	int came;         /* what came with it: a descriptor, or enum local_came */
	size_t taking;    /* bytes behind `in` that are taken with what is beside them */
	bool taken;       /* they were: the frame may be whole */
	struct evbuffer *out;
	uint64_t sent;                            /* bytes, ever */
	struct local_file files[LOCAL_FILES_MAX]; /* in order, from first_file on, as a ring */
	size_t first_file, n_files;
	struct event *readable, *writable, *timer;
};

/* Takes `fd` over, also on failure: NULL. */
struct local_client *local_client_new(struct local_shared *shared, int fd, uid_t uid, uint64_t id);
void local_client_free(struct local_client *c);

/* Queue a frame, and with it a descriptor (-1: none), which is taken over, also on
 * failure. As local_port.send. */
int local_client_send(struct local_client *c, struct cy_bytes frame, int fd);
/* As strangers_events.taken, of this client. */
void local_client_taken(struct local_client *c, int file, bool surplus);
/* As local_port.pause. */
void local_client_pause(struct local_client *c, bool on);
/* Sends the queued frames, then ends the connection. */
void local_client_close(struct local_client *c);

/* A frame with an error. */
int local_pack_error(CyErrorCode code, const char *text, struct cy_buf *out);
/* A line of the journal about a client of this user. */
void local_say(const struct local_shared *shared, uid_t uid, const char *what);

#endif
