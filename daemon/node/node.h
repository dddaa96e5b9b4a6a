/* The node: the one driver. It takes inputs, loads what a step needs, steps,
 * collects a write-set, commits it, and only then releases effects. The daemon
 * and the simulator run this same file.
 *
 * Single-threaded: all functions are called from one thread, never from inside
 * a port's function. */
#ifndef CY_NODE_NODE_H
#define CY_NODE_NODE_H

#include "port/config.h"
#include "port/ports.h"

struct node;

/* Make a node and load its state. The configuration is copied. */
int node_new(const struct node_config *config, const struct node_ports *ports, struct node **ret_node,
	     struct cy_error *e);
void node_free(struct node *n);

/* Take other peers, places, legal data, clients, window and age limit; the authority stays
 * who it is.
 * A session with a peer that is no longer named ends with a goodbye, and what is
 * stored of it stays. A client that is no longer named, or with another role or
 * view, is sent away; node_local_allowed() follows for those that are left. The
 * window counts from the next session of each peer. On failure nothing has changed. */
int node_reconfigure(struct node *n, const struct node_config *config, struct cy_error *e);

/* Other certificates are pinned, or revoked: sessions end whose proof does not stand any more at this
 * time. To be called after each change; that time alone has passed ends none. */
void node_judge_proofs(struct node *n);

/* Inputs. Bytes are copied where they are kept. */
/* TLS has found that the other side may be this peer; who it is, the session proof says. */
void node_link_up(struct node *n, const char *peer, uint64_t session, const struct link_connection *on);
void node_link_frame(struct node *n, uint64_t session, struct cy_bytes frame);
void node_link_writable(struct node *n, uint64_t session); /* after CY_EAGAIN */
void node_link_down(struct node *n, uint64_t session, const char *why);
/* Dialling failed before there was a session; for status. */
void node_link_failed(struct node *n, const char *peer, const char *why);
/* The same where a certificate was the reason, theirs or ours. */
void node_link_refused(struct node *n, const char *peer, const char *why);

/* `allowed` holds indices into config.clients that the credentials permit. */
void node_local_up(struct node *n, uint64_t conn, const size_t *allowed, size_t n_allowed);
/* The same after node_reconfigure(), for each connection that there is. */
void node_local_allowed(struct node *n, uint64_t conn, const size_t *allowed, size_t n_allowed);
/* `fd`: what came with it, open during the call, or enum local_came. */
void node_local_frame(struct node *n, uint64_t conn, struct cy_bytes frame, int fd);
void node_local_drained(struct node *n, uint64_t conn); /* the client's queue is empty again */
void node_local_down(struct node *n, uint64_t conn);

void node_committed(struct node *n, int code, const char *why);
/* The store has found something damaged: `what` of this case, "" the case itself; case "": it is not known whose. */
void node_store_damaged(struct node *n, const char *peer, const char *case_id, const char *what);
void node_signed(struct node *n, uint64_t ticket, int code, struct cy_bytes signature);
/* At the time given to wake_at, and soon after the wall clock was set: an idle node does
 * not look at it by itself. */
void node_wake(struct node *n);
/* A hook has ended: `fault` says what went wrong; NULL: nothing. */
void node_hook_done(struct node *n, const char *id, const char *fault);

/* The bulk lane, as the link; a frame is taken over. */
void node_bulk_up(struct node *n, const char *peer, uint64_t session, const struct link_connection *on);
void node_bulk_frame(struct node *n, uint64_t session, struct blob_bytes frame);
void node_bulk_writable(struct node *n, uint64_t session);
void node_bulk_down(struct node *n, uint64_t session, const char *why);

/* Evidence files. What the result owns is taken over. */
void node_blob_done(struct node *n, struct blob_result *result);
void node_blob_ready(struct node *n); /* after CY_EAGAIN */
/* An upload had become this content when the process ended before its confirm(): it may have no row. */
void node_blob_left(struct node *n, const char *part, const struct cy_digest *sha256);

/* Say goodbye to all peers; nothing new is taken. */
void node_stop(struct node *n);

/* That no client may fetch what peers open, and what to do. */
#define NODE_UNREAD                                                                                            \
	"no client gets what other authorities ask for: give a submitter 'cases = all' in the configuration, " \
	"and have it read again"

#endif
