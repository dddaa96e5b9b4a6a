/* The client's side of the local socket, for comityctl and for web forms:
 * connect, say hello, ask and wait for the answer, follow a subscription.
 *
 * Blocking, one thread. Every waiting has a time limit. A connection that failed
 * once stays failed: free it and open another. */
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

/* Connect to `path` and say hello as `name` (NULL or empty: the only client that
 * the credentials allow). CY_EIO when nobody answers at the path or within
 * `timeout_ms`, which is also the time limit of every later call; a refusal of
 * the daemon gives the code of client_refusal_code(), and the connection is
 * returned nevertheless, so that client_refusal() can be read. */
int client_open(const char *path, const char *name, int timeout_ms, struct client **ret_client, struct cy_error *e);
void client_free(struct client *c);

/* What the daemon said to the hello; owned by the client. */
const CyLocalWelcome *client_welcome(const struct client *c);

/* Send `request` (its correlation is set here) and wait for the answer to it.
 * The answer is of kind `expected` and freed with
 * cy_server_frame__free_unpacked(.., NULL).
 * An error of the daemon gives the code of client_refusal_code(); CY_EPROTO an
 * answer of another kind; CY_EIO a lost connection or a time limit that passed,
 * after which it is unknown whether the daemon acted. */
int client_call(struct client *c, CyClientFrame *request, CyServerFrame__KindCase expected, CyServerFrame **ret_reply,
		struct cy_error *e);

/* The daemon's error to the last call, with all faults; NULL when it did not
 * refuse. Owned by the client until the next call. */
const CyError *client_refusal(const struct client *c);
int client_refusal_code(CyErrorCode code);

/* The time limit of every later call, which was given to client_open(). */
void client_patience(struct client *c, int timeout_ms);

/* Send `request` without waiting for an answer, and beside it the descriptor `fd`, which
 * stays the caller's (-1: none). Frames of a series share a correlation: 0 is replaced by a
 * new one. CY_EIO: as client_call(); what the daemon answered is for client_answer(), which
 * also knows its reason if it has closed the connection. */
int client_post(struct client *c, CyClientFrame *request, int fd, struct cy_error *e);

/* The next answer to what was posted under this correlation, of whatever kind, freed with
 * cy_server_frame__free_unpacked(.., NULL). CY_EAGAIN without client_refusal(): none within
 * `timeout_ms` (0: only what is here already); errors as client_call(). Answers to other correlations are thrown away,
 * events kept. */
int client_answer(struct client *c, uint64_t correlation, int timeout_ms, CyServerFrame **ret_reply,
		  struct cy_error *e);

/* The descriptor that came with the last EvidenceFile; the caller's to close. -1: none came. */
int client_take_file(struct client *c);

/* Subscribe under a named cursor; *ret_position was acknowledged last. Events
 * that come while client_call() waits are kept for client_event(), at most
 * CY_PAGE_MAX of them: do not call much in between. */
int client_subscribe(struct client *c, const char *cursor, bool from_now, uint64_t *ret_position, struct cy_error *e);

/* The next event, freed with cy_server_frame__free_unpacked(.., NULL); it is in
 * `(*ret_frame)->event`. CY_EAGAIN when none came within `timeout_ms` (0: only
 * what is here already, CLIENT_FOR_EVER: waits). A refused acknowledgement shows
 * here as an error of the daemon. */
int client_event(struct client *c, int timeout_ms, CyServerFrame **ret_frame, struct cy_error *e);

/* Acknowledge all events up to `position`, without waiting for the answer: the
 * connection stays in step even when many events are on their way. */
int client_acknowledge(struct client *c, const char *cursor, uint64_t position, struct cy_error *e);

/* From now on events are thrown away on arrival; they are repeated to the next
 * subscription of the cursor unless they are acknowledged. */
void client_ignore_events(struct client *c);

#endif
