/* The configuration of each part, made from the file's. */
#ifndef CY_COMITYD_PARTS_H
#define CY_COMITYD_PARTS_H

#include "comityd/legal_data.h"
#include "config/config_confuse.h"
#include "io/link/link_zmq.h"
#include "io/local/local_socket.h"
#include "io/loop/file_watch.h"
#include "io/service/hook_process.h"
#include "io/signer/signer_openssl.h"
#include "node/node.h"

/* A fault of files that are read while the service goes on, and that is no error of the whole
 * (tls_peer_config.fault, signer_peer.fault); code CY_OK: there is none. */
struct part_faults {
	struct cy_error tls, signing; /* our own */
	struct cy_error *peers;       /* as in the configuration */
};

/* They point into the configuration, into the legal data, and into the arena. */
struct parts {
	struct cy_arena arena;
	struct part_faults *faults;
	struct signer_config signer;
	struct link_config link;
	struct node_config node;
	struct local_socket_config local;
	struct hook_config hook;
};

/* `signer`: whose material stays where new files cannot be used, or NULL at the start. */
void parts_make(const struct config *c, const struct legal_data *legal_data, struct cy_wall now,
		const struct signer_openssl *signer, struct parts *ret_parts);
void parts_free(struct parts *p);

/* Watch every key, certificate and CRL that it names. */
void parts_watch(const struct config *c, struct file_watch *w);

/* Read our own keys and certificates, and report what is wrong with them: without these
 * nothing starts. */
void parts_check_own(const struct config *c, struct cy_wall now, struct config_problems *out);
/* Read each of the files that the configuration names, and report all that is wrong. */
void parts_check(const struct config *c, struct cy_wall now, struct config_problems *out);
/* The remedy when our own CRL is too old. */
#define CRL_REMEDY                                                                                              \
	"peers refuse us once their grace is over; make one (comity-pki crl), hand it to each peer and put it " \
	"in place here"

/* Say in the lock file of the store, which this process has, where it listens: parts_warn() of another process looks
 * at every other address. */
int parts_say_listen(const struct config *c, bool passed_in, struct cy_error *e);

/* Warns of settings that can be read, and yet would not work: certificates and CRLs that are out of date, addresses
 * that another process has, no client or no peer. The service starts all the same, or may do so later. */
void parts_warn(const struct config *c, struct cy_wall now, struct config_problems *out);

#endif
