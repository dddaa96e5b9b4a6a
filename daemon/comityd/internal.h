/* Internal to comityd: shared by daemon.c (starting, inputs, stopping) and reload.c. */
#ifndef CY_COMITYD_INTERNAL_H
#define CY_COMITYD_INTERNAL_H

#include "base/log_limit.h"
#include "comityd/daemon.h"
#include "comityd/facts.h"
#include "comityd/faults.h"
#include "comityd/parts.h"
#include "io/blobs/blobs_fs.h"
#include "io/loop/loop_event.h"
#include "io/loop/signals.h"
#include "io/service/orders_file.h"
#include "io/service/service_systemd.h"
#include "io/store/store_sqlite.h"

struct daemon {
	struct config *config;         /* in force */
	const struct config *first;    /* at the start: what takes a restart is as this says */
	struct legal_data *legal_data; /* in force */
	struct service_sockets sockets;
	struct loop loop;
	struct signals *signals;
	struct orders_file *orders;
	struct store_sqlite *store;
	struct blobs_fs *blobs;
	struct signer_openssl *signer;
	struct local_socket *local;
	struct link *link;
	struct hook_runner *hooks;
	struct facts facts;
	struct node *node;
	struct node_ports ports;
	struct event *store_event, *signer_event, *tick;
	struct file_watch files; /* keys, certificates, CRLs */
	struct faults faults;    /* of what was read last */
	struct cy_log_limit log_limit;
	char status[200];       /* told last */
	int64_t wall_less_mono; /* ms, at the last tick */
	bool may_sign;          /* at the last tick */
	struct cy_wall crl_due; /* of our own CRL that was told to be overdue; 0: none */
};

/* A line that is never held back. */
void daemon_tell(struct daemon *d, enum node_level level, enum node_event event, const char *peer, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));

/* Is our signing certificate valid now, and not known to be revoked? */
bool daemon_may_sign(struct daemon *d);

/* Tell the service manager that all works. */
void daemon_ready(struct daemon *d);

/* Tell of faults that `was` does not have, and of those that are over. */
void daemon_tell_faults(struct daemon *d, const struct faults *was);

/* Read the configuration again, and all files that it names. */
void daemon_reload(struct daemon *d);
/* One of the files has changed: read these, but not the configuration. */
void daemon_renew(struct daemon *d, const char *changed);

#endif
