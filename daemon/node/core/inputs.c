/* Inputs that wait for a batch. */
#include <stdlib.h>

#include "node/core/core.h"

struct input *node_input_new(enum input_kind kind, uint64_t source)
{
	struct input *in = calloc(1, sizeof *in);

	CY_ASSERT(in != NULL);
	in->kind = kind;
	in->source = source;
	return in;
}

void node_input_free(struct input *in)
{
	if (in->frame != NULL)
		cy_peer_frame__free_unpacked(in->frame, NULL);
	if (in->request != NULL)
		cy_client_frame__free_unpacked(in->request, NULL);
	if (in->table != NULL)
		cy_statistics__free_unpacked(in->table, NULL);
	free(in->text);
	free(in->receipt);
	free(in->hook);
	free(in);
}

void node_queue(struct node *n, struct input *in)
{
	in->next = NULL;
	*n->last_input = in;
	n->last_input = &in->next;
	n->wants_batch = true;
}
