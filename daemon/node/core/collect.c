/* What a batch collects: writes, leaves of the audit log, what is to be signed, and what leaves then. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "node/core/core.h"
#include "wire/message.h"

void batch_retry(struct node *n)
{
	n->retry = cy_mono_add(n->ports.clock.mono(n->ports.clock.ctx), NODE_STORE_RETRY_MS);
}

void batch_replan(struct node *n)
{
	n->wants_plan = true;
}

bool batch_is_idle(const struct node *n)
{
	return n->batch.phase == BATCH_IDLE && !n->wants_batch;
}

struct store_write *batch_write(struct node *n, enum store_op op)
{
	return store_add(&n->batch.writes, op);
}

/* By what a write is found; NULL: by nothing. */
static const char *key_of(const struct store_write *w)
{
	switch (w->op) {
	case STORE_PUT_MESSAGE:
	case STORE_MARK_MESSAGE:
		return w->message.id;
	case STORE_PUT_EVIDENCE:
		return w->evidence.message_id;
	case STORE_PUT_KEY:
		return w->key.key;
	case STORE_PUT_PARCEL:
	case STORE_PUT_RECEIPT:
		return w->parcel.peer;
	default:
		return NULL;
	}
}

/* Writes are listed when the first one is looked for behind them: by then they say what they are about. */
static void list_writes(struct node *n)
{
	struct batch *b = &n->batch;
	const struct store_write *w = b->listed != NULL ? b->listed->next : b->writes.first;

	for (; w != NULL; w = w->next) {
		const char *key = key_of(w);
		struct written *at;

		b->listed = w;
		if (key == NULL)
			continue;
		at = cy_arena_take(&b->arena, sizeof *at);
		at->write = w;
		cy_table_add(&b->written, &at->entry, key);
	}
}

const struct written *batch_written(struct node *n, uint64_t ops, const char *key, const struct written *before)
{
	const struct cy_table_entry *e;

	list_writes(n);
	e = before != NULL ? cy_table_before(&before->entry) : cy_table_find(&n->batch.written, key);
	while (e != NULL && (ops >> CY_TABLE_OWNER(e, const struct written, entry)->write->op & 1) == 0)
		e = cy_table_before(e);
	return e != NULL ? CY_TABLE_OWNER(e, const struct written, entry) : NULL;
}

const struct store_parcel *batch_parcel(struct node *n, enum store_op op, const char *peer, enum store_author author,
					struct xchg_pos pos)
{
	const struct written *w = batch_written(n, UINT64_C(1) << op, peer, NULL);

	while (w != NULL) {
		const struct store_parcel *p = &w->write->parcel;

		if (p->author == author && p->epoch == pos.epoch && p->sequence == pos.sequence)
			return p;
		w = batch_written(n, UINT64_C(1) << op, peer, w);
	}
	return NULL;
}

char *batch_string(struct node *n, const char *s)
{
	return cy_arena_string(&n->batch.writes.arena, s);
}

struct cy_bytes batch_bytes(struct node *n, struct cy_bytes b)
{
	return cy_arena_bytes(&n->batch.writes.arena, b);
}

struct effect *batch_effect(struct node *n, enum effect_kind kind, uint64_t target, struct cy_bytes bytes,
			    const char *why)
{
	struct effect *e = cy_arena_take(&n->batch.arena, sizeof *e);

	e->kind = kind;
	e->target = target;
	e->bytes = bytes;
	n->batch.bytes += bytes.len;
	e->why = cy_arena_string(&n->batch.arena, why);
	*n->batch.last_effect = e;
	n->batch.last_effect = &e->next;
	return e;
}

/* Serialise into the batch's arena. */
static struct cy_bytes pack(struct node *n, const ProtobufCMessage *m)
{
	size_t len = protobuf_c_message_get_packed_size(m);
	uint8_t *p = cy_arena_take(&n->batch.arena, len + 1);

	protobuf_c_message_pack(m, p);
	return cy_bytes(p, len);
}

struct effect *batch_send(struct node *n, uint64_t session, const CyPeerFrame *frame)
{
	return batch_effect(n, EFFECT_LINK_SEND, session, pack(n, &frame->base), "");
}

void batch_send_first(struct node *n, uint64_t session, const CyPeerFrame *frame)
{
	struct batch *b = &n->batch;
	struct effect *others = b->effects, **last = b->last_effect;

	b->last_effect = &b->effects;
	batch_send(n, session, frame)->next = others;
	if (others != NULL)
		b->last_effect = last;
}

void batch_unsend(struct node *n, uint64_t session)
{
	struct batch *b = &n->batch;
	struct effect **at = &b->effects;

	while (*at != NULL) {
		if ((*at)->kind == EFFECT_LINK_SEND && (*at)->target == session)
			*at = (*at)->next;
		else
			at = &(*at)->next;
	}
	b->last_effect = at;
}

void batch_reply(struct node *n, uint64_t conn, uint64_t correlation, CyServerFrame *frame)
{
	frame->correlation = correlation;
	batch_effect(n, EFFECT_LOCAL_SEND, conn, pack(n, &frame->base), "")->correlation = correlation;
}

void batch_go_on(struct node *n, uint64_t conn, CyClientFrame *frame)
{
	batch_effect(n, EFFECT_LOCAL_AGAIN, conn, pack(n, &frame->base), "")->correlation = frame->correlation;
}

struct signing_request *batch_request_signature(struct node *n, enum signing_kind kind, struct peer *p,
						const struct wire_text *text)
{
	struct signing_request *w;
	struct cy_buf out = CY_BUF(CY_MANIFEST_MAX);

	CY_ASSERT(wire_text_write(text, &out) == CY_OK);
	w = batch_request_signature_of(n, kind, cy_buf_view(&out));
	cy_buf_free(&out);
	w->made = text->made;
	w->peer = p;
	w->session = p->session;
	return w;
}

struct signing_request *batch_request_signature_of(struct node *n, enum signing_kind kind, struct cy_bytes text)
{
	struct signing_request *w = cy_arena_take(&n->batch.arena, sizeof *w);

	w->kind = kind;
	w->made = node_now(n);
	/* The text ends up in the write-set as well as in a frame. */
	w->text = batch_bytes(n, text);
	*n->batch.last_request = w;
	n->batch.last_request = &w->next;
	return w;
}

void batch_touch(struct node *n, uint64_t session)
{
	struct batch *b = &n->batch;

	for (size_t i = 0; i < b->n_touched; i++)
		if (b->touched[i] == session)
			return;
	if (b->n_touched == sizeof b->touched / sizeof b->touched[0])
		b->all_touched = true;
	else
		b->touched[b->n_touched++] = session;
}

void batch_abort(struct node *n, struct peer *p, const char *why)
{
	char text[160];

	snprintf(text, sizeof text, "peer %s: %s", p->id, why);
	n->batch.abort_reason = cy_arena_string(&n->batch.arena, text);
	/* Next time it shall fail nobody else's work. */
	p->batch_alone = true;
}

void batch_leaf_of(struct node *n, struct cy_bytes data)
{
	struct store_write *w = batch_write(n, STORE_PUT_LEAF);

	w->leaf.index = n->audit.size;
	w->leaf.data = batch_bytes(n, data);
	w->leaf.hash = audit_leaf(w->leaf.data);
	w->leaf.at = node_now(n);
	audit_append(&n->audit, &w->leaf.hash);
}

void batch_leaf(struct node *n, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	batch_leaf_of(n, cy_bytes(text, strlen(text)));
}

void batch_put_stream(struct node *n, struct peer *p)
{
	struct store_write *w = batch_write(n, STORE_PUT_STREAM);

	w->stream = p->stream;
	w->stream.peer = batch_string(n, p->id);
	w->stream.head_text = batch_bytes(n, p->stream.head_text);
	w->stream.head_signature = batch_bytes(n, p->stream.head_signature);
	p->stored = true;
}
