/* The node: the one driver. It takes inputs, loads what a step needs, steps,
 * collects a write-set, commits it, and only then releases effects. The daemon
 * and the simulator run this same file.
 *
 * Single-threaded: all functions are called from one thread, never from inside
 * a port's function. */
#ifndef CY_NODE_NODE_H
#define CY_NODE_NODE_H

#include "law/profile.h"
#include "port/ports.h"

struct node;

/* Where an authority is: what law and calendar count for what it owes. */
struct node_place {
	const char *state;    /* ISO 3166-1 alpha-2; "" or NULL: not configured */
	const char *zone;     /* IANA name of its time zone, at most 64 bytes */
	const char *calendar; /* name of its holiday calendar, at most 64 bytes */
};

/* How fast evidence may leave to a peer within a part of the day, in our time zone. */
struct node_rate {
	uint16_t from, until;      /* minutes since midnight; until <= from: over midnight */
	uint64_t bytes_per_second; /* 0: no limit */
};

struct node_peer_config {
	const char *id; /* authority id */
	struct node_place place;
	const struct node_rate *rates; /* the first that fits holds; none fits: no limit. Copied */
	size_t n_rates;
	/* It sits behind a TLS tunnel that cannot export keying material: both sides bind their session
	 * proofs to the TLS certificate that they present. Nobody else may. */
	bool tunnel;
};

/* The address of a role of an escalation ladder. */
struct node_role {
	const char *name;    /* such as desk_officer */
	const char *peer;    /* for cases with this authority; "" : with all others */
	const char *address; /* handed to the hook as it is */
};

/* A local client that the configuration names. */
struct node_client_config {
	const char *name;
	CyRole role;
	bool sees_all; /* every case; otherwise those that it opened */
};

/* How long what is over is kept, in milliseconds; 0: for ever (node/prune.h). */
struct node_keeping {
	int64_t events;   /* after every cursor */
	int64_t keys;     /* of a submission; its digest stays */
	int64_t leaves;   /* the text of audit leaves; their hashes stay */
	int64_t parcels;  /* dissolved ones */
	int64_t rejected; /* content of the peers' rejected messages; a tombstone stays */
	int64_t custody;  /* of evidence that is over, in a closed case */
};

struct node_config {
	const char *authority; /* own id */
	struct node_place place;
	/* Treaty profiles, zones and calendars; NULL: none, and nothing is checked or
	 * counted. Lives until another one has been taken by node_reconfigure(). */
	const struct law_books *books;
	const struct node_peer_config *peers;
	size_t n_peers;
	const struct node_client_config *clients;
	size_t n_clients;
	uint32_t window; /* parcels without receipt, 1 .. CY_WINDOW_MAX */
	/* Who is told by a step, where; copied. */
	const struct node_role *roles;
	size_t n_roles;
	bool hook;              /* there is a command for steps */
	int64_t undelivered_ms; /* age at which an undelivered message ends in RELAY_FAILURE */
	int64_t unread_ms;      /* age at which one that no local client has fetched is told; 0: none is */
	/* Bytes of evidence of a peer, of one of its cases, of the uploads of a local client; 0: no limit. */
	uint64_t quota_peer, quota_case, quota_client;
	bool copy;              /* the store was copied from somewhere, as its files show: it counts as restored */
	int64_t check_every_ms; /* what was verified longer ago is read and hashed again; 0: only by order */
	uint64_t check_rate;    /* bytes a second of that; 0: no limit */
	int64_t keep_sent_ms;   /* own evidence, after the receiver has verified or destroyed its copy; 0: for ever */
	struct node_keeping keep;
	/* Test hook: called with a name at stated places ("committed": between the
	 * commit and the release of effects); NULL in service. */
	void (*hold)(void *ctx, const char *place);
	void *hold_ctx;
};

/* Make a node and load its state. The configuration is copied. */
int node_new(const struct node_config *config, const struct node_ports *ports, struct node **ret_node,
	     struct cy_error *e);
void node_free(struct node *n);

/* Take other peers, places, books, clients, window and age limit; the authority stays
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

#endif
