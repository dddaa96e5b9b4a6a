/* The configuration of a node, as values. The programs fill them from their configuration, and node_new() and
 * node_reconfigure() copy them. The caller owns the strings, and keeps them until these functions return. */
#ifndef CY_PORT_CONFIG_H
#define CY_PORT_CONFIG_H

#include "comity/v1/local.pb-c.h"
#include "law/profile.h"

/* Where an authority is, which decides by which days its time limits are counted. */
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
	const struct node_rate *rates; /* copied; the first that fits the time of day counts; no fit: no limit */
	size_t n_rates;
	/* The peer is behind a TLS tunnel that cannot export keying material: both sides bind their session
	 * proofs to the TLS certificate that they present. No other peer may do so. */
	bool tunnel;
};

/* The address of a role of an escalation ladder. */
struct node_role {
	const char *name;    /* such as desk_officer */
	const char *peer;    /* for cases with this authority; "" : with all others */
	const char *address; /* passed to the hook unchanged */
};

/* A local client that the configuration names. */
struct node_client_config {
	const char *name;
	CyRole role;
	bool sees_all; /* it sees every case; otherwise only those that it opened */
};

/* How long records are kept that nobody needs any more, in milliseconds; 0: for ever (node/clients/prune.h). */
struct node_keeping {
	int64_t events;   /* events that every cursor has passed */
	int64_t keys;     /* the keys of submissions; their digests stay */
	int64_t leaves;   /* the texts of audit leaves; their hashes stay */
	int64_t parcels;  /* dissolved parcels */
	int64_t rejected; /* the content of the peers' rejected messages; a tombstone stays */
	int64_t custody;  /* the chain of custody of evidence that is over, in a closed case */
};

struct node_config {
	const char *authority; /* own id */
	struct node_place place;
	/* Treaty profiles, zones and calendars; NULL: nothing is checked or counted. The caller
	 * keeps them until node_reconfigure() has taken others. */
	const struct law_data *legal_data;
	const struct node_peer_config *peers;
	size_t n_peers;
	const struct node_client_config *clients;
	size_t n_clients;
	uint32_t window; /* parcels without receipt, 1 .. CY_WINDOW_MAX */
	/* The roles that steps of a ladder notify, and their addresses; copied. */
	const struct node_role *roles;
	size_t n_roles;
	bool hook;              /* a command for steps is configured */
	int64_t undelivered_ms; /* age at which an undelivered message ends in RELAY_FAILURE */
	int64_t unread_ms;      /* age at which a message that no local client has fetched is reported; 0: never */
	/* Bytes of evidence of a peer, of one of its cases, of the uploads of a local client; 0: no limit. */
	uint64_t quota_peer, quota_case, quota_client;
	bool copy;              /* the files of the store are a copy, as they show: it counts as restored */
	int64_t check_every_ms; /* evidence verified longer ago than this is verified again; 0: only on demand */
	uint64_t check_rate;    /* bytes a second of that; 0: no limit */
	int64_t keep_sent_ms;   /* how long own evidence is kept once its receiver has verified or destroyed its copy;
				 * 0: for ever */
	struct node_keeping keep;
	/* Test hook, called with the name of a point that the node has reached ("committed": between
	 * the commit and the release of effects); NULL in service. */
	void (*test_pause)(void *ctx, const char *point);
	void *test_pause_ctx;
};

#endif
