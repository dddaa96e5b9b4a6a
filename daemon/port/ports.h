/* The ports: everything that the node needs from the outside world, as operation tables.
 * daemon/io/ implements them for the daemon, the tests implement them with simulated time. */
#ifndef CY_PORT_PORTS_H
#define CY_PORT_PORTS_H

#include "port/blobs.h"
#include "port/orders.h"
#include "port/store.h"

/* What TLS knows about a connection. A session proof is bound to it. */
struct link_connection {
	bool dialled; /* by us */
	/* The channel binding "tls-exporter" (RFC 9266): equal at both ends of this connection, and
	 * different for every other connection. */
	struct cy_digest exporter;
	struct cy_digest theirs, ours; /* SHA-256 of the certificate (DER) that either side has presented */
};

/* Sessions with peers. A session is one authenticated connection; its id is never used
 * again. The session that a frame came in on identifies its sender. Until proven() has been
 * called for it, a session belongs to no peer, and the link ends it after 10 s. */
struct link_port {
	void *ctx;
	/* Queues a frame. Returns CY_OK, CY_EAGAIN if the queue to this peer is full, or
	 * CY_ENOENT if the session has ended or was closed: no frame follows those queued by then. */
	int (*send)(void *ctx, uint64_t session, struct cy_bytes frame);
	/* The peer's signing key has vouched for this session, which becomes the session of this
	 * peer; the caller closes the session that it replaces. Returns CY_OK, or CY_EDENIED with
	 * the reason if the other session stays. */
	int (*proven)(void *ctx, uint64_t session, struct cy_error *e);
	/* The peer has sent a valid State: if the session lasts, the back-off starts anew. */
	void (*established)(void *ctx, uint64_t session);
	/* Sends the queued frames, then closes. node_link_down() follows. `why` is a sentence
	 * for the journal. */
	void (*close)(void *ctx, uint64_t session, const char *why);
};

/* The descriptor that came with a frame of a local client (SCM_RIGHTS): of a regular file that may be read, or: */
enum local_came {
	LOCAL_CAME_NOTHING = -1, /* none came */
	LOCAL_CAME_UNFIT = -2    /* a descriptor of another kind came, and was closed */
};

/* Local clients. A connection's id is never used again. */
struct local_port {
	void *ctx;
	/* Queues a frame (a serialised ServerFrame, without its length). Returns CY_OK, CY_ELIMIT
	 * if the client's queue was over its limit and the connection is closed, or CY_ENOENT if
	 * the client is gone. */
	int (*send)(void *ctx, uint64_t conn, struct cy_bytes frame);
	/* Returns the number of bytes that wait for this client. */
	size_t (*queued)(void *ctx, uint64_t conn);
	/* Sends the queued frames, then closes. node_local_down() follows. */
	void (*close)(void *ctx, uint64_t conn);
	/* As send, with a descriptor (SCM_RIGHTS) beside the frame's first byte. The port takes the
	 * descriptor over, also on failure. */
	int (*send_file)(void *ctx, uint64_t conn, struct cy_bytes frame, int fd);
	/* Stops (`on`) or resumes reading from this client. Frames that were read before may
	 * still come. */
	void (*pause)(void *ctx, uint64_t conn, bool on);
};

/* Clocks, and the one wake-up that the node has. */
struct clock_port {
	void *ctx;
	struct cy_mono (*mono)(void *ctx);
	struct cy_wall (*wall)(void *ctx);
	/* Arranges that node_wake() is called at or after this time; a later call replaces the
	 * time. CY_NEVER: it is not called. */
	void (*wake_at)(void *ctx, struct cy_mono at);
};

/* The authority's own key, and the certificates pinned for each authority. */
struct signer_port {
	void *ctx;
	/* Begins to make a detached CAdES-BES CMS signature (DER) over `text`, which is copied.
	 * node_signed() follows with the same ticket, also if signing fails. */
	int (*sign)(void *ctx, uint64_t ticket, struct cy_bytes text);
	/* Verifies that this authority (a peer's id or our own) signed `text` with a certificate
	 * that is pinned for it and is not revoked. Returns CY_OK, or CY_ESIGN with the reason.
	 * A certificate that has expired is accepted for texts made while it was valid. Our own
	 * certificates count for texts made while they were valid even if they were revoked
	 * afterwards: we cannot disown what we have signed. */
	int (*verify)(void *ctx, const char *authority, struct cy_bytes text, struct cy_bytes signature,
		      struct cy_wall made, struct cy_error *e);
	/* Returns CY_OK if we may sign a text made at `at`, since our certificate is valid then
	 * and not known to be revoked; otherwise CY_ESIGN with the reason and the remedy.
	 * *ret_certificate identifies our certificate, also on failure. NULL: we always may. */
	int (*may_sign)(void *ctx, struct cy_wall at, struct cy_digest *ret_certificate, struct cy_error *e);
	/* Returns CY_OK if a peer that knows what we know would accept a signature that we made
	 * at `made`; otherwise CY_ESIGN with the reason: its certificate is revoked, or was not
	 * valid then. A signature whose certificate we do not know any more counts as accepted.
	 * *ret_present says, also on failure, whether it was made with the certificate with which
	 * we sign now. NULL: every signature is accepted and was made with that certificate. */
	int (*stands)(void *ctx, struct cy_bytes signature, struct cy_wall made, bool *ret_present, struct cy_error *e);
};

/* Random bytes for ids and nonces. */
struct random_port {
	void *ctx;
	void (*fill)(void *ctx, void *data, size_t len);
};

/* Journal: lines for the operator, with ids and without personal data. */
enum node_level {
	NODE_DEBUG,
	NODE_INFO,
	NODE_WARNING,
	NODE_ALARM
};
/* Events on which an operator may have to act; in the journal each has a MESSAGE_ID. */
enum node_event {
	NODE_EVENT_READY,
	NODE_EVENT_STOPPING,
	NODE_EVENT_RELOADED,
	NODE_EVENT_RELOAD_REFUSED,
	NODE_EVENT_RESTART_NEEDED,
	NODE_EVENT_START_FAILED,
	NODE_EVENT_PEER_UP,
	NODE_EVENT_PEER_DOWN,
	NODE_EVENT_PEER_UNREACHABLE,
	NODE_EVENT_PEER_TRUST,  /* its certificate, its CRL, two machines with one certificate */
	NODE_EVENT_PEER_FAULT,  /* it broke the protocol, or a signature is wrong */
	NODE_EVENT_SIGNED_TIME, /* it signed a time that cannot be right */
	NODE_EVENT_CALLER_REFUSED,
	NODE_EVENT_REJECTED,    /* a message, by us or by the peer */
	NODE_EVENT_UNDELIVERED, /* a message was given up */
	NODE_EVENT_UNREAD,      /* no client has fetched a message of a peer */
	NODE_EVENT_RESTORED,    /* from a backup, one of the two sides */
	NODE_EVENT_STORE,
	NODE_EVENT_SIGNING,
	NODE_EVENT_CLOCK,
	NODE_EVENT_ESCALATION, /* a step of a ladder, a time limit that lapsed */
	NODE_EVENT_HOOK,       /* the command of a step failed */
	NODE_EVENT_EVIDENCE,   /* it is not what its manifest says, or cannot be kept */
	NODE_EVENT_NONE
};
struct journal_port {
	void *ctx;
	void (*note)(void *ctx, enum node_level level, const char *text);
	/* As note(), for an event and the peer that it concerns ("": none). NULL: note() gets
	 * the events too. */
	void (*event)(void *ctx, enum node_level level, enum node_event event, const char *peer, const char *text);
};

/* Facts for the status that the node cannot know by itself. Both functions answer at once,
 * without waiting; unknown values stay zero. NULL: nothing is known. */
struct node_facts {
	uint64_t database_bytes, wal_bytes;
	uint64_t disk_free, disk_total; /* bytes, of the store's file system */
	uint32_t descriptors, descriptor_limit;
	struct cy_wall tls_end, signing_end; /* notAfter of our own certificates */
	struct cy_wall crl_due;              /* a newer CRL of our own CA is expected */
	/* Sentences; NULL or empty: nothing is wrong. */
	const char *trust_fault;  /* why our own keys and certificates cannot be read anew */
	const char *law_fault;    /* what is wrong with the treaty profiles, calendars and time zones */
	const char *config_fault; /* why the configuration file was not accepted when it was last read */
};
struct node_peer_facts {
	struct cy_wall certificate_end; /* notAfter in the last handshake */
	bool crl;                       /* a CRL is configured */
	struct cy_wall crl_due;         /* the CRL is stale from then on; 0: never */
	struct cy_wall crl_end;         /* the peer is refused from then on; 0: never */
	const char *fault;              /* why its certificates or CRL cannot be read; NULL: they can */
};
struct facts_port {
	void *ctx;
	void (*own)(void *ctx, struct node_facts *ret_facts);
	void (*peer)(void *ctx, const char *peer, struct node_peer_facts *ret_facts);
};

/* The site's command for steps of an escalation. NULL: there is none. */
struct hook_port {
	void *ctx;
	/* Starts the command for a step: `environment` holds NAME=value strings, a NUL after each.
	 * node_hook_done() always follows with the same id. */
	int (*run)(void *ctx, const char *id, struct cy_bytes environment);
};

/* The list of orders (orders.h). NULL: there is none, and orders are in the store alone. */
struct orders_port {
	void *ctx;
	const char *name; /* of the file, for sentences */
	/* Calls `fn` for the entries behind number `after`, in order; a return below 0 ends the
	 * reading and is returned. Never called while a commit is under way. */
	int (*read)(void *ctx, uint64_t after,
		    int (*fn)(void *arg, const struct node_order *o, const char *line, const struct orders_mark *mark),
		    void *arg, struct cy_error *e);
	/* Adds a line to the end, and returns once it is on stable storage. A line whose number is
	 * there already is left as it is. Called by the store, on the thread that commits. */
	int (*append)(void *ctx, uint64_t number, const char *line, struct cy_error *e);
};

struct node_ports {
	struct store_port store;
	struct orders_port orders;
	struct link_port link;
	struct local_port local;
	struct clock_port clock;
	struct signer_port signer;
	struct random_port random;
	struct journal_port journal;
	struct facts_port facts;
	struct hook_port hook;
	struct blob_port blobs;
	struct bulk_port bulk;
};

#endif
