/* Idempotency keys. One is kept by its digest in hexadecimal (store_key_digest), which travels in the message: so it is
 * known again after a restore. */
#ifndef CY_NODE_CORE_KEYS_H
#define CY_NODE_CORE_KEYS_H

#include <stdbool.h>

#include "base/sha256.h"
#include "base/uuid.h"

struct node;

/* What a key was used for. */
struct node_key {
	bool found;
	bool spent; /* so long ago that the answer is not kept any more */
	struct cy_digest request;
	char message_id[CY_UUID_LEN + 1];
};

/* The key of this client, as the store has it and as this batch adds it. Returns CY_ENOENT if there is none, or another
 * error if the store cannot read it. */
int keys_find(struct node *n, const char *client, const char *key, struct node_key *k);
/* The same by its digest alone: CY_OK, with what it was used for. */
int keys_known(struct node *n, const char *digest, struct cy_digest *ret_request,
	       char ret_message_id[static CY_UUID_LEN + 1]);
/* It stands for this message from now on. */
void keys_put(struct node *n, const char *digest, const struct cy_digest *request, const char *message_id);

#endif
