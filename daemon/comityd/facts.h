/* The facts port: what status tells of files, certificates and descriptors. */
#ifndef CY_COMITYD_FACTS_H
#define CY_COMITYD_FACTS_H

#include "io/link/link_zmq.h"
#include "io/signer/signer_openssl.h"
#include "io/store/store_sqlite.h"

/* Where they come from; lives as long as the port. */
struct faults;
struct facts {
	const struct store_sqlite *store;
	const struct signer_openssl *signer;
	const struct link *link;
	const struct faults *faults;
};

struct facts_port facts_port(struct facts *f);

#endif
