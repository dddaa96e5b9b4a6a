/* The configuration file, in libconfuse's syntax. comityd.conf(5) and
 * config/comityd.conf describe every option; this is what they become.
 *
 * Loading reports every problem that it finds, not only the first, each as
 *     FILE:LINE: option 'x': what is wrong; what is expected; what to do
 * Only a file whose syntax is broken ends the search early, and says so. */
#ifndef CY_CONFIG_CONFIG_CONFUSE_H
#define CY_CONFIG_CONFIG_CONFUSE_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/arena.h"
#include "config/config_problems.h"
#include "port/config.h"
#include "port/ports.h"

#define CONFIG_ROLES_MAX 4096

/* host is a name, an IPv4 or an IPv6 address without brackets. */
struct config_address {
	const char *text; /* as written */
	const char *host;
	uint16_t port;
};

struct config_client {
	const char *name;
	int64_t uid, gid; /* -1: not asked for; at least one is given */
	CyRole role;
	bool sees_all;
};

/* Where an authority is; whether there are such a zone and calendar is not looked up
 * here. The lines are those of the options, or where they would stand. */
struct config_place {
	struct node_place names;
	int state_line, zone_line, calendar_line;
};

struct config_peer {
	const char *id;
	struct config_place place;
	struct config_address dial; /* text NULL: we do not dial */
	const char *anchors;
	const char *crl;          /* NULL: none */
	int64_t crl_max_age_ms;   /* 0: until its nextUpdate */
	int64_t crl_grace_ms;     /* after which a stale CRL closes the link */
	const char *const *names; /* expected names of the TLS certificate, "dns:..." or "uri:..." */
	size_t n_names;
	bool tunnel; /* session proofs are bound to TLS certificates */
	const char *signing_certificates;
	const struct node_rate *rates; /* of evidence to it */
	size_t n_rates;
	int line; /* where its section ends */
};

/* A file, and where the configuration names it. */
struct config_named {
	const struct config_named *next;
	const char *path, *option; /* such as peer IE.crl */
	int line;
};

/* Paths are absolute. Optional ones are NULL when not given. */
struct config {
	struct cy_arena arena; /* owns everything */
	const char *path;
	const char *id, *name;
	struct config_place place;
	const char *treaties, *calendars; /* optional: directories */
	int treaties_line, calendars_line;
	const char *store_dir, *store_key, *orders_dir;
	struct node_keeping keep; /* how long what is over is kept */
	const char *evidence_dir;
	uint64_t evidence_keep_free;                   /* bytes of its file system that are never used */
	uint64_t quota_peer, quota_case, quota_client; /* bytes; 0: no limit */
	int64_t check_every_ms;                        /* evidence that was verified longer ago; 0: none */
	uint64_t check_rate;                           /* bytes a second; 0: no limit */
	int64_t keep_sent_ms;                          /* own evidence that its receiver has; 0: for ever */
	const char *tls_certificate, *tls_key;         /* keys: path or OSSL_STORE URI */
	const char *signing_certificate, *signing_key;
	const char *own_signing_certificates; /* optional */
	const char *own_anchors;              /* optional */
	const char *own_crl;                  /* optional */
	int identity_line;                    /* where the section identity ends */
	struct config_address *listen;
	size_t n_listen;
	bool ipv4_only;                   /* the default, where the kernel has no IPv6 */
	int last_line;                    /* of the file */
	const struct config_named *named; /* the files that it names */
	const char *run_dir;
	const char *local_path;
	mode_t local_mode;
	int64_t local_gid; /* -1: as created */
	struct config_client *clients;
	size_t n_clients;
	struct config_peer *peers;
	size_t n_peers;
	const char *hook; /* optional: the command of escalation steps */
	int64_t hook_timeout_ms;
	struct law_ladder ladder; /* the site's; n 0: none */
	struct node_role *roles;
	size_t n_roles;
	uint32_t window; /* parcels without receipt */
	int64_t undelivered_ms, unread_ms;
	int64_t backoff_first_ms, backoff_max_ms;
	int64_t heartbeat_ms, heartbeat_timeout_ms;
	unsigned handshakes, handshakes_per_address; /* unfinished at one time */
	int64_t handshake_timeout_ms;
	enum node_level log_level;
};

/* CY_OK without problems; CY_ECONFIG with at least one. `out` is to be
 * freed in each case. Looks up users and groups and whether files are there, but
 * reads none of them. */
int config_load(const char *path, struct config **ret_config, struct config_problems *out);
/* A credential that systemd shows to the daemon, but not to this process: to ExecReload=
 * it shows none. Nothing can be said about such a file. */
bool config_credential_hidden(const char *path);
void config_free(struct config *c); /* NULL is allowed */

#endif
