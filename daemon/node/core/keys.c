/* Idempotency keys: what a client used each for. */
#include <string.h>

#include "base/mutant.h"
#include "node/core/core.h"

static int load_key(void *arg, const struct store_key *row)
{
	struct node_key *k = arg;

	k->found = true;
	k->spent = row->spent;
	k->request = row->request;
	return cy_copy(k->message_id, sizeof k->message_id, row->message_id);
}

int keys_find(struct node *n, const char *client, const char *key, struct node_key *k)
{
	struct store_port *s = &n->ports.store;
	const struct written *w = CY_MUTANT_KEY_TWICE ? NULL : batch_written(n, BATCH_OP(PUT_KEY), key, NULL);

	if (w != NULL && strcmp(w->write->key.client, client) == 0)
		return load_key(k, &w->write->key);
	return s->key(s->ctx, client, key, load_key, k);
}

int keys_known(struct node *n, const char *digest, struct cy_digest *ret_request,
	       char ret_message_id[static CY_UUID_LEN + 1])
{
	struct node_key k = { 0 };
	int r = keys_find(n, STORE_BY_DIGEST, digest, &k);

	*ret_request = k.request;
	cy_copy(ret_message_id, CY_UUID_LEN + 1, k.message_id);
	return r;
}

void keys_put(struct node *n, const char *digest, const struct cy_digest *request, const char *message_id)
{
	struct store_write *w = batch_write(n, STORE_PUT_KEY);

	w->key.client = STORE_BY_DIGEST;
	w->key.key = batch_string(n, digest);
	w->key.request = *request;
	w->key.message_id = batch_string(n, message_id);
	w->key.at = node_now(n);
}
