/* A message as the batch that is under way leaves it. */
#include <string.h>

#include "node/core/core.h"

static int load(void *arg, const struct store_message *row)
{
	struct message_state *m = arg;

	m->author = row->author;
	m->kind = row->kind;
	m->number = row->number;
	m->digest = row->digest;
	m->transport = row->transport;
	m->void_code = row->void_code;
	m->epoch = row->epoch;
	m->sequence = row->sequence;
	m->index = row->index;
	return cy_copy(m->peer, sizeof m->peer, row->peer) < 0 ||
			       cy_copy(m->case_id, sizeof m->case_id, row->case_id) < 0 ||
			       cy_copy(m->void_reason, sizeof m->void_reason, row->void_reason) < 0
		       ? CY_ESTORE
		       : CY_OK;
}

int message_state(struct node *n, const char *id, struct message_state *ret)
{
	struct store_port *s = &n->ports.store;
	const struct written *put = batch_written(n, BATCH_OP(PUT_MESSAGE), id, NULL);
	const struct written *last = batch_written(n, BATCH_OP(MARK_MESSAGE) | BATCH_OP(PUT_MESSAGE), id, NULL);
	const int r = put != NULL ? load(ret, &put->write->message) : s->message_row(s->ctx, id, load, ret);
	const struct store_message *mark;

	if (r < 0 || last == NULL || last == put)
		return r;
	mark = &last->write->message;
	ret->transport = mark->transport;
	ret->void_code = mark->void_code;
	ret->epoch = mark->epoch;
	ret->sequence = mark->sequence;
	ret->index = mark->index;
	return cy_copy(ret->void_reason, sizeof ret->void_reason, mark->void_reason);
}

struct store_write *message_mark(struct node *n, const char *id, const struct message_state *m)
{
	struct store_write *w = batch_write(n, STORE_MARK_MESSAGE);

	w->message.id = batch_string(n, id);
	w->message.transport = m->transport;
	w->message.void_code = m->void_code;
	w->message.void_reason = batch_string(n, m->void_reason);
	w->message.epoch = m->epoch;
	w->message.sequence = m->sequence;
	w->message.index = m->index;
	return w;
}
