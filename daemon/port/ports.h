/* The ports: everything that the node needs of the world, as operation tables.
 * daemon/io/ implements them for real, the tests with simulated time. */
#ifndef CY_PORT_PORTS_H
#define CY_PORT_PORTS_H

#include "port/blobs.h"
#include "port/orders.h"
#include "port/store.h"

/* What TLS says of a connection; what a session proof is bound to. */
struct link_connection {
	bool dialled; /* by us */
	/* The channel binding "tls-exporter" (RFC 9266): the same at both ends of this connection, and
	 * of no other. */
	struct cy_digest exporter;
	struct cy_digest theirs, ours; /* SHA-256 of the certificate (DER) that either side has presented */
};

/* Sessions with peers. A session is one authenticated connection; its id is
 * never used again. Which session a frame came in on says who sent it. Until proven()
 * has been called for it, it is a session of nobody, and the link ends it after 10 s. */
struct link_port {
	void *ctx;
	/* Queue a frame. CY_EAGAIN when the queue to this peer is full,
	 * CY_ENOENT when the session is gone, or was closed: nothing follows what was queued by then. */
	int (*send)(void *ctx, uint64_t session, struct cy_bytes frame);
	/* The peer's signing key has spoken for this session: it takes the place of this
	 * peer's session, and the one that had it is the caller's to close. CY_EDENIED with
	 * the reason: another one stays. */
	int (*proven)(void *ctx, uint64_t session, struct cy_error *e);
	/* The peer has said a good State: if the session lasts, the back-off starts anew. */
	void (*established)(void *ctx, uint64_t session);
	/* Let what was queued leave, then close. node_link_down() follows. `why` is a
	 * sentence for the journal. */
	void (*close)(void *ctx, uint64_t session, const char *why);
};

/* What comes with a frame of a local client (SCM_RIGHTS): an open descriptor of a regular file that may be read, or: */
enum local_came {
	LOCAL_CAME_NOTHING = -1, /* nothing */
	LOCAL_CAME_UNFIT = -2    /* something else, which was closed */
};

/* Local clients. A connection's id is never used again. */
struct local_port {
	void *ctx;
	/* Queue a frame (serialised ServerFrame, without its length). A client whose
	 * queue is over its limit is closed: CY_ELIMIT. CY_ENOENT when it is gone. */
	int (*send)(void *ctx, uint64_t conn, struct cy_bytes frame);
	/* Bytes that wait for this client. */
	size_t (*queued)(void *ctx, uint64_t conn);
	/* Let what was queued leave, then close. node_local_down() follows. */
	void (*close)(void *ctx, uint64_t conn);
	/* The same as send, with a descriptor (SCM_RIGHTS) beside the frame's first byte; it is
	 * taken over, also on failure. */
	int (*send_file)(void *ctx, uint64_t conn, struct cy_bytes frame, int fd);
	/* Read nothing from this client until it goes on: frames that were read already
	 * may still come. */
	void (*pause)(void *ctx, uint64_t conn, bool on);
};

/* Clocks, and the one wake-up that the node has. */
struct clock_port {
	void *ctx;
	struct cy_mono (*mono)(void *ctx);
	struct cy_wall (*wall)(void *ctx);
	/* node_wake() is called at or after this time; a later call replaces it.
	 * CY_NEVER: none. */
	void (*wake_at)(void *ctx, struct cy_mono at);
};

/* The authority's own key, and the certificates pinned for each authority. */
struct signer_port {
	void *ctx;
	/* Make a detached CAdES-BES CMS signature (DER) over `text`; it comes by
	 * node_signed() with the same ticket, also when it fails. `text` is copied. */
	int (*sign)(void *ctx, uint64_t ticket, struct cy_bytes text);
	/* Was `text` signed by this authority (a peer's or our own id), with a
	 * certificate pinned for it that is not revoked? CY_ESIGN with the reason.
	 * A certificate that has expired since is accepted for what was made while it
	 * was valid. Ours count for what was made while they were valid, also those
	 * that were revoked since: what we have signed, we have signed. */
	int (*verify)(void *ctx, const char *authority, struct cy_bytes text, struct cy_bytes signature,
		      struct cy_wall made, struct cy_error *e);
	/* May we sign what is made at `at`: is our certificate valid then, and not known
	 * to be revoked? CY_ESIGN with the reason and the remedy. *ret_certificate tells
	 * one certificate of ours from another, also on failure. NULL: we always may. */
	int (*may_sign)(void *ctx, struct cy_wall at, struct cy_digest *ret_certificate, struct cy_error *e);
	/* Would a peer that knows what we know take a signature that we made at `made`?
	 * CY_ESIGN with the reason: its certificate is revoked, or was not valid then.
	 * One whose certificate we do not know any more is not judged. *ret_present, also on
	 * failure: it was made with the certificate with which we sign now. NULL: it would, and all
	 * were made with that. */
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
/* What an operator may have to act on; in the journal each has a MESSAGE_ID. */
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
	NODE_EVENT_SIGNED_TIME, /* what it signed as made cannot have been made then */
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
	/* The same for an event, and the peer that it is about ("": none). NULL: note()
	 * gets them all. */
	void (*event)(void *ctx, enum node_level level, enum node_event event, const char *peer, const char *text);
};

/* What only the world knows, for status. Both answer at once, without waiting for
 * anybody; what is unknown stays zero. NULL: nothing is known. */
struct node_facts {
	uint64_t database_bytes, wal_bytes;
	uint64_t disk_free, disk_total; /* bytes, of the store's file system */
	uint32_t descriptors, descriptor_limit;
	struct cy_wall tls_end, signing_end; /* notAfter of our own certificates */
	struct cy_wall crl_due;              /* a newer CRL of our own CA is expected */
	/* Sentences; NULL or empty: nothing is wrong. */
	const char *trust_fault;  /* why our own keys and certificates cannot be read anew */
	const char *law_fault;    /* of the treaty profiles, calendars and time zones */
	const char *config_fault; /* why the configuration file was not taken when it was read last */
};
struct node_peer_facts {
	struct cy_wall certificate_end; /* notAfter in the last handshake */
	bool crl;                       /* one is configured */
	struct cy_wall crl_due;         /* stale from here on; 0: never */
	struct cy_wall crl_end;         /* the peer is refused from here on; 0: never */
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
	/* Start it for a step: `environment` holds NAME=value strings, a NUL after each.
	 * node_hook_done() follows with the same id, always. */
	int (*run)(void *ctx, const char *id, struct cy_bytes environment);
};

/* The list of orders (orders.h). NULL: there is none, and orders are in the store alone. */
struct orders_port {
	void *ctx;
	const char *name; /* of the file, for sentences */
	/* The entries behind number `after`, in order; a return below 0 ends it. Never called while a
	 * commit is under way. */
	int (*read)(void *ctx, uint64_t after,
		    int (*fn)(void *arg, const struct node_order *o, const char *line, const struct orders_mark *mark),
		    void *arg, struct cy_error *e);
	/* Add a line to the end, and return once it is on stable storage. One whose number is there
	 * already is left as it is. Called by the store, on the thread that commits. */
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
