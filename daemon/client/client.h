/* The client's side of the local socket, for comityctl and for web forms: it connects, says
 * hello, sends requests and waits for their answers, and follows a subscription.
 *
 * The functions block, and a client is used by one thread. Every wait has a time limit. A
 * connection that failed once stays failed: free it and open another. */
#ifndef CY_CLIENT_CLIENT_H
#define CY_CLIENT_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "comity/v1/local.pb-c.h"

#define CLIENT_SOCKET     "/run/comity/comity.sock" /* where a daemon listens by default */
#define CLIENT_TIMEOUT_MS 30000
#define CLIENT_FOR_EVER   (-1)

struct client;

/* Connects to `path` and says hello as `name` (NULL or empty: the only client that the
 * credentials allow). `timeout_ms` is also the time limit of every later call. Returns CY_OK;
 * CY_EIO if no daemon answers at the path or within the time limit; or, if the daemon refuses,
 * the code of client_refusal_code(): the connection is returned then too, so that
 * client_refusal() can be read. */
int client_open(const char *path, const char *name, int timeout_ms, struct client **ret_client, struct cy_error *e);
void client_free(struct client *c);

/* Returns the daemon's answer to the hello; owned by the client. */
const CyLocalWelcome *client_welcome(const struct client *c);

/* Sends `request`, whose correlation is set here, and waits for its answer, which the caller
 * frees with cy_server_frame__free_unpacked(.., NULL). Returns CY_OK with an answer of kind
 * `expected`; the code of client_refusal_code() if the daemon answers with an error; CY_EPROTO
 * if the answer is of another kind; or CY_EIO if the connection is lost or the time limit has
 * passed: it is unknown then whether the daemon acted. */
int client_call(struct client *c, CyClientFrame *request, CyServerFrame__KindCase expected, CyServerFrame **ret_reply,
		struct cy_error *e);

/* Returns the daemon's error to the last call, with all faults, or NULL if it did not refuse.
 * Owned by the client until the next call. */
const CyError *client_refusal(const struct client *c);
int client_refusal_code(CyErrorCode code);

/* Replaces the time limit of every later call, which was given to client_open(). */
void client_patience(struct client *c, int timeout_ms);

/* Sends `request` without waiting for an answer, with the descriptor `fd`, which stays the
 * caller's (-1: none). Frames of a series share a correlation: 0 is replaced by a new number.
 * Returns CY_OK, or CY_EIO as client_call() does. The answer is read by client_answer(), which
 * also gives the daemon's reason if it has closed the connection. */
int client_post(struct client *c, CyClientFrame *request, int fd, struct cy_error *e);

/* Waits for the next answer to the frames posted under this correlation, of whatever kind; the
 * caller frees it with cy_server_frame__free_unpacked(.., NULL). Returns CY_OK; CY_EAGAIN, without
 * a client_refusal(), if no answer came within `timeout_ms` (0: only an answer that is here
 * already counts); or an error of client_call(). Answers to other correlations are thrown away,
 * events are kept. */
int client_answer(struct client *c, uint64_t correlation, int timeout_ms, CyServerFrame **ret_reply,
		  struct cy_error *e);

/* Returns the descriptor that came with the last EvidenceFile, which the caller closes, or -1 if
 * none came. */
int client_take_file(struct client *c);

/* Subscribes under a named cursor; *ret_position is the position acknowledged last. Events
 * that come while client_call() waits are kept for client_event(), at most CY_PAGE_MAX of
 * them: make few calls in between. */
int client_subscribe(struct client *c, const char *cursor, bool from_now, uint64_t *ret_position, struct cy_error *e);

/* Waits for the next event, which is in `(*ret_frame)->event`; the caller frees the frame with
 * cy_server_frame__free_unpacked(.., NULL). Returns CY_OK, or CY_EAGAIN if no event came within
 * `timeout_ms` (0: only an event that is here already counts; CLIENT_FOR_EVER: no time limit).
 * An acknowledgement that the daemon refused is reported here. */
int client_event(struct client *c, int timeout_ms, CyServerFrame **ret_frame, struct cy_error *e);

/* Acknowledges all events up to `position` without waiting for the answer, so that the client
 * keeps pace even if many events are on their way. */
int client_acknowledge(struct client *c, const char *cursor, uint64_t position, struct cy_error *e);

/* Throws events away on arrival from now on. They are repeated to the next subscription of
 * the cursor unless they are acknowledged. */
void client_ignore_events(struct client *c);

#endif
