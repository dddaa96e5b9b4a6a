/* A message of our own in a case: numbered, serialised for good, folded into the
 * case, and put where it waits for a parcel. Whether a case system hands it in or
 * the daemon says it by itself makes no difference from here on. */
#include <string.h>

#include "law/room.h"
#include "node/cases/cases.h"

struct cy_uuid compose_new_id(struct node *n)
{
	uint8_t random[10];

	n->ports.random.fill(n->ports.random.ctx, random, sizeof random);
	return cy_uuid7(node_now(n), random);
}

/* The signed bytes; what is serialised here is never serialised again. */
static struct cy_bytes serialise(struct node *n, const struct work_case *c, const struct compose_input *s,
				 const char *id, struct law_fact *ret_fact, struct law_terms *ret_terms)
{
	CyMessage m = CY_MESSAGE__INIT;
	uint8_t nonce[16];
	size_t len;
	uint8_t *p;

	n->ports.random.fill(n->ports.random.ctx, nonce, sizeof nonce);
	m.format = 1;
	m.id = (char *)id;
	m.from = n->authority;
	m.to = (char *)c->row.peer;
	m.case_id = (char *)c->row.case_id;
	m.author_side = c->row.side;
	m.number = c->row.own_number + 1;
	m.seen = c->row.peer_number;
	m.created_ms = node_legal_now(n).ms;
	m.nonce = (ProtobufCBinaryData){ .data = nonce, .len = sizeof nonce };
	m.priority = s->priority;
	m.own_reference = (char *)(s->own_reference[0] != '\0' ? s->own_reference : c->row.own_reference);
	m.content = (CyContent *)s->content;
	if (s->key != NULL) {
		m.submission_key = (ProtobufCBinaryData){ .data = (uint8_t *)s->key->b, .len = CY_SHA256_LEN };
		m.submission_digest = (ProtobufCBinaryData){ .data = (uint8_t *)s->request->b, .len = CY_SHA256_LEN };
	}
	law_fact_of(&m, ret_fact);
	law_terms_of(&m, ret_terms);
	len = cy_message__get_packed_size(&m);
	p = cy_arena_take(&n->batch.writes.arena, len + 1);
	cy_message__pack(&m, p);
	return cy_bytes(p, len);
}

static void write_message(struct node *n, struct work_case *c, const struct compose_input *s, const char *id,
			  struct cy_bytes content, const struct law_fact *fact)
{
	struct outgoing *o = cy_arena_take(&n->batch.arena, sizeof *o);
	struct peer *p = node_peer(n, c->row.peer);
	uint8_t encoded[LAW_FACT_MAX];
	struct store_write *w = batch_write(n, STORE_PUT_MESSAGE);
	char hex[CY_SHA256_HEX];

	w->message = (struct store_message){ .id = batch_string(n, id),
					     .peer = c->row.peer,
					     .case_id = c->row.case_id,
					     .author = STORE_OWN,
					     .number = fact->number,
					     .seen = fact->seen,
					     .kind = fact->kind,
					     .priority = s->priority,
					     .created = { fact->at_ms },
					     .digest = cy_sha256(content),
					     .size = content.len,
					     .transport = STORE_QUEUED,
					     .void_reason = "",
					     .client = batch_string(n, s->client),
					     .fact = batch_bytes(n, cy_bytes(encoded, law_fact_encode(fact, encoded))),
					     .content = content };
	if (s->key != NULL)
		w->message.submission_key = *s->key;
	o->peer = p;
	o->id = w->message.id;
	o->case_id = c->row.case_id;
	o->number = fact->number;
	o->priority = s->priority;
	o->digest = w->message.digest;
	o->content = cy_arena_bytes(&n->batch.arena, content);
	o->write = w;
	*n->batch.last_accepted = o;
	n->batch.last_accepted = &o->next;
	if (p != NULL)
		p->waiting = true;
	/* What waits before it in its case must not wait longer. */
	if (o->priority > CY_PRIORITY__LOW && fact->number > 1) {
		struct store_write *raise = batch_write(n, STORE_RAISE);

		raise->raise.peer = c->row.peer;
		raise->raise.case_id = c->row.case_id;
		raise->raise.priority = o->priority;
	}
	cy_digest_hex(&o->digest, hex);
	batch_leaf(n, "message %s %s %s %s 0", n->authority, c->row.peer, id, hex);
	n->batch.messages++;
}

int compose_message(struct node *n, struct work_case *c, const struct compose_input *s, struct composed *ret,
		    struct cy_error *e)
{
	const struct cy_uuid id = compose_new_id(n);
	struct law_terms terms;
	struct law_fact fact;
	struct cy_bytes content = serialise(n, c, s, id.s, &fact, &terms);
	int r;

	if (c->row.damaged)
		return cy_fail(e, CY_EDAMAGED, "the case is damaged in the store: a backup has to be restored");
	if (content.len > CY_MESSAGE_MAX)
		return cy_fail(e, CY_ELIMIT,
			       "the message is over the limit of 256 KiB: hand over large parts as evidence by digest");
	if (law_kept_room(&c->kept, c->facts, c->n, fact.side, fact.kind, e) < 0)
		return CY_EAGAIN;
	r = law_kept_admit(&c->kept, c->facts, c->n, &fact, e);
	if (r < 0)
		return r;
	if (law_kind_opens(fact.kind))
		cases_pin(n, c, &terms);
	cases_add(n, c, &fact);
	write_message(n, c, s, id.s, content, &fact);
	memcpy(ret->id, id.s, sizeof ret->id);
	ret->number = fact.number;
	ret->kind = fact.kind;
	ret->digest = cy_sha256(content);
	return CY_OK;
}
