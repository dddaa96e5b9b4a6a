/* What a node is told by its configuration, as values: the loaders of io/ fill them, node_new() and
 * node_reconfigure() take them. Strings are the caller's, who keeps them until these return. */
#ifndef CY_PORT_CONFIG_H
#define CY_PORT_CONFIG_H

#include "comity/v1/local.pb-c.h"
#include "law/profile.h"

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

/* How long what is over is kept, in milliseconds; 0: for ever (node/clients/prune.h). */
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
	const struct law_data *legal_data;
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
	void (*test_pause)(void *ctx, const char *place);
	void *test_pause_ctx;
};

#endif
