/* What local clients ask for: one row a kind of request says who may ask it, when it is answered, and who answers it.
 * The compiler warns of a kind without a row, and `make check` passes no warning. */
#ifndef CY_NODE_CLIENTS_REQUESTS_H
#define CY_NODE_CLIENTS_REQUESTS_H

#include <stdbool.h>
#include <stddef.h>

#include "comity/v1/local.pb-c.h"

struct conn;
struct node;

/* When a request is answered. */
enum request_turn {
	REQUEST_AT_ONCE, /* from committed state, or by results of the disk that come later */
	REQUEST_IN_BATCH /* it changes rows, or what it shows has to be on record first */
};

struct request {
	unsigned roles; /* that may ask it: a bit 1 << enum CyRole for each */
	enum request_turn turn;
	/* `fd`: what came with the frame, open during the call, or enum local_came; in a batch it is gone. The frame
	 * stays the caller's; its bytes may be taken out of it. */
	void (*answer)(struct node *n, struct conn *c, const CyClientFrame *f, int fd);
};

/* The row of a frame that is no hello. One of an unknown kind has a row as well, which answers that it is one. */
struct request request_of(const CyClientFrame *f);
bool request_allows(const struct request *q, CyRole role);
/* The roles that may, for a sentence, as "a submitter or administrator"; constant. */
const char *request_who_may(const struct request *q);

#endif
