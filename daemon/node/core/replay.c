/* What has happened to evidence outside of the store: bytes were handed over, came, were read or
 * destroyed. A commit that fails undoes none of it. Such an input is kept until a commit holds
 * what it says, and has its turn again when the store is tried again. */
#include <stdlib.h>

#include "node/core/core.h"

#define NODE_REPLAY_MAX 1024 /* inputs of failed batches; then no more evidence goes in or out */

bool replay_keep(struct node *n, struct input *in)
{
	switch (in->kind) {
	case INPUT_STORED:
	case INPUT_ARRIVED:
	case INPUT_DESTROYED:
	case INPUT_LEFT:
	case INPUT_FOUND:
		in->next = NULL;
		*n->batch.last_replay = in;
		n->batch.last_replay = &in->next;
		return true;
	case INPUT_READ: /* who has not got a byte yet is told to repeat */
		if (!in->blob.ended)
			break;
		in->next = NULL;
		*n->batch.last_replay = in;
		n->batch.last_replay = &in->next;
		return true;
	case INPUT_LINK_UP:
	case INPUT_FRAME:
	case INPUT_REQUEST:
	case INPUT_HOOK:
	case INPUT_TABLE: /* who waits for it is told to repeat */
		break;
	}
	return false;
}

void replay_committed(struct node *n)
{
	const struct blob_port *b = &n->ports.blobs;

	for (const struct input *in = n->batch.replay; in != NULL; in = in->next)
		if ((in->kind == INPUT_STORED || in->kind == INPUT_LEFT || in->kind == INPUT_ARRIVED) &&
		    in->blob.part[0] != '\0' && in->blob.outcome != OUTCOME_LOST)
			b->confirm(b->ctx, in->blob.part, &in->blob.id.sha256);
}

void replay_failed(struct node *n)
{
	struct batch *b = &n->batch;

	for (struct input *in = b->replay; in != NULL; in = in->next) {
		n->n_replay++;
		in->source = 0; /* who waited for it has been told to repeat */
	}
	*n->last_replay = b->replay;
	if (b->replay != NULL)
		n->last_replay = b->last_replay;
	b->replay = NULL;
	b->last_replay = &b->replay;
}

void replay_take(struct node *n)
{
	if (n->replay == NULL || cy_mono_before(n->ports.clock.mono(n->ports.clock.ctx), n->retry))
		return;
	*n->last_replay = n->inputs;
	if (n->inputs == NULL)
		n->last_input = n->last_replay;
	n->inputs = n->replay;
	n->replay = NULL;
	n->last_replay = &n->replay;
	n->n_replay = 0;
}

bool replay_full(const struct node *n)
{
	return n->n_replay >= CY_BOUND(NODE_REPLAY_MAX);
}

void replay_free(struct input *first)
{
	for (struct input *in = first, *next; in != NULL; in = next) {
		next = in->next;
		node_input_free(in);
	}
}
