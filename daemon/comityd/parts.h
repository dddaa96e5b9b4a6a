/* The configuration of each part, made from the file's. */
#ifndef CY_COMITYD_PARTS_H
#define CY_COMITYD_PARTS_H

#include "comityd/books.h"
#include "io/config_confuse.h"
#include "io/file_watch.h"
#include "io/hook_process.h"
#include "io/link_zmq.h"
#include "io/local_socket.h"
#include "io/signer_openssl.h"
#include "node/node.h"

/* They point into the configuration, into the books, and into the arena. */
struct parts {
	struct cy_arena arena;
	struct signer_config signer;
	struct link_config link;
	struct node_config node;
	struct local_socket_config local;
	struct hook_config hook;
};

void parts_make(const struct config *c, const struct books *books, struct cy_wall now, struct parts *ret_parts);
void parts_free(struct parts *p);

/* Watch every key, certificate and CRL that it names. */
void parts_watch(const struct config *c, struct file_watch *w);

/* Read each of these files, and report all that is wrong with them. */
void parts_check(const struct config *c, struct cy_wall now, struct config_problems *out);

#endif
