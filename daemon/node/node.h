/* The node: the one driver. It takes inputs, loads what a step needs, steps, collects a
 * write-set, commits it, and only then releases the effects. The daemon and the simulator
 * run the same code.
 *
 * The node is single-threaded: all functions are called from one thread, and never from
 * inside a function of a port. */
#ifndef CY_NODE_NODE_H
#define CY_NODE_NODE_H

#include "port/config.h"
#include "port/ports.h"

struct node;

/* Makes a node and loads its state. The configuration is copied. Returns CY_OK, or an error
 * with its sentence. */
int node_new(const struct node_config *config, const struct node_ports *ports, struct node **ret_node,
	     struct cy_error *e);
void node_free(struct node *n);

/* Replaces the configuration, except the authority's own id. A session with a peer that is
 * no longer configured ends with a goodbye, and the peer's records stay in the store. A
 * client that is no longer configured, or has another role or view, is disconnected; the
 * caller then calls node_local_allowed() for the other connections. The window counts from
 * the next session of each peer. Returns CY_OK, or an error, and then nothing has changed. */
int node_reconfigure(struct node *n, const struct node_config *config, struct cy_error *e);

/* Ends the sessions whose proof does not count any more. To be called after each change of the
 * pinned or revoked certificates; that a certificate expires ends no session. */
void node_judge_proofs(struct node *n);

/* Inputs. Bytes that the node keeps are copied. */
/* A connection has begun whose certificate is that of this peer; the session proof has to confirm it. */
void node_link_up(struct node *n, const char *peer, uint64_t session, const struct link_connection *on);
void node_link_frame(struct node *n, uint64_t session, struct cy_bytes frame);
void node_link_writable(struct node *n, uint64_t session); /* after CY_EAGAIN */
void node_link_down(struct node *n, uint64_t session, const char *why);
/* Dialling failed before a session began; for the status. */
void node_link_failed(struct node *n, const char *peer, const char *why);
/* The same if a certificate, ours or the peer's, was the reason. */
void node_link_refused(struct node *n, const char *peer, const char *why);

/* A local client has connected: `allowed` holds the indices into config.clients that its
 * credentials permit. */
void node_local_up(struct node *n, uint64_t conn, const size_t *allowed, size_t n_allowed);
/* The same after node_reconfigure(), for each connection. */
void node_local_allowed(struct node *n, uint64_t conn, const size_t *allowed, size_t n_allowed);
/* `fd`: the descriptor that came with the frame, open during the call, or enum local_came. */
void node_local_frame(struct node *n, uint64_t conn, struct cy_bytes frame, int fd);
void node_local_drained(struct node *n, uint64_t conn); /* the client's queue is empty again */
void node_local_down(struct node *n, uint64_t conn);

void node_committed(struct node *n, int code, const char *why);
/* The store has found damage: `what` names the part of this case, "" is the case itself; case "": the case is not
 * known. */
void node_store_damaged(struct node *n, const char *peer, const char *case_id, const char *what);
void node_signed(struct node *n, uint64_t ticket, int code, struct cy_bytes signature);
/* To be called at the time given to wake_at, and soon after the wall clock was set, which an
 * idle node does not notice by itself. */
void node_wake(struct node *n);
/* A hook has ended: `fault` says what went wrong; NULL: nothing. */
void node_hook_done(struct node *n, const char *id, const char *fault);

/* The bulk lane, as the link; a frame is taken over. */
void node_bulk_up(struct node *n, const char *peer, uint64_t session, const struct link_connection *on);
void node_bulk_frame(struct node *n, uint64_t session, struct blob_bytes frame);
void node_bulk_writable(struct node *n, uint64_t session);
void node_bulk_down(struct node *n, uint64_t session, const char *why);

/* Evidence files. The node takes over what the result owns. */
void node_blob_done(struct node *n, struct blob_result *result);
void node_blob_ready(struct node *n); /* after CY_EAGAIN */
/* An upload had become this content, and the process ended before confirm(): the content may have no row. */
void node_blob_left(struct node *n, const char *part, const struct cy_digest *sha256);

/* Says goodbye to all peers; no further input is accepted. */
void node_stop(struct node *n);

/* The sentence for a configuration in which no client may fetch the cases that peers open, with the remedy. */
#define NODE_UNREAD                                                                                            \
	"no client gets what other authorities ask for: give a submitter 'cases = all' in the configuration, " \
	"and have it read again"

#endif
