/* What a peer signs as the time when it was made, against our clock and against what
 * must have been there before (exchange/made.h). */
#include <stdio.h>
#include <string.h>

#include "exchange/made.h"
#include "node/peers/parcels.h"

static int load_made(void *arg, const struct store_parcel *row)
{
	*(struct cy_wall *)arg = row->made;
	return CY_OK;
}

/* When the peer made the parcel at `pos`, from the store or from this batch. */
static bool parcel_made(struct node *n, const struct peer *p, struct xchg_pos pos, struct cy_wall *ret_made)
{
	struct store_port *s = &n->ports.store;
	const struct store_parcel *row = batch_parcel(n, STORE_PUT_PARCEL, p->id, STORE_PEER, pos);

	if (row != NULL)
		return load_made(ret_made, row) == CY_OK;
	return pos.sequence > 0 &&
	       s->get_parcel(s->ctx, p->id, STORE_PEER, pos.epoch, pos.sequence, load_made, ret_made) == CY_OK;
}

static void span(int64_t ms, char *out, size_t size)
{
	const int64_t minutes = ms / 60000, hours = minutes / 60, days = hours / 24;

	if (days >= 2)
		snprintf(out, size, "%lld days", (long long)days);
	else if (hours >= 2)
		snprintf(out, size, "%lld hours", (long long)hours);
	else
		snprintf(out, size, "%lld minutes", (long long)minutes);
}

/* NULL: nothing is wrong with it. Else what people are to be told, in the batch's arena. */
static const char *doubt(struct node *n, const struct peer *p, const struct wire_text *t, const struct cy_wall *after,
			 const char *followed)
{
	const struct cy_wall now = node_now(n);
	const enum xchg_made verdict = xchg_judge_made(t->made, n->clock_suspect ? NULL : &now, after);
	char made[CY_RFC3339_SIZE], by[32], text[CY_REASON_MAX + 1];

	cy_rfc3339(t->made, made);
	switch (verdict) {
	case XCHG_MADE_GOOD:
		return NULL;
	case XCHG_MADE_AHEAD:
		span(t->made.ms - now.ms, by, sizeof by);
		snprintf(text, sizeof text, "signed as made at %s, %s ahead of the clock here", made, by);
		break;
	case XCHG_MADE_EARLY:
		span(after->ms - t->made.ms, by, sizeof by);
		snprintf(text, sizeof text, "signed as made at %s, %s before %s", made, by, followed);
		break;
	case XCHG_MADE_LATE:
		span(now.ms - t->made.ms, by, sizeof by);
		snprintf(text, sizeof text, "signed as made at %s, %s before it came here", made, by);
		break;
	}
	node_log(n, verdict == XCHG_MADE_LATE ? NODE_WARNING : NODE_ALARM, NODE_EVENT_SIGNED_TIME, p->id,
		 "peer %s: %s %llu/%llu was taken, but is %s", p->id,
		 t->type == WIRE_RECEIPT ? "the receipt for our parcel" : "parcel", (unsigned long long)t->epoch,
		 (unsigned long long)t->sequence, text);
	return batch_string(n, text);
}

const char *made_parcel(struct node *n, const struct peer *p, const struct wire_text *t)
{
	struct cy_wall before;
	const bool known = parcel_made(n, p, (struct xchg_pos){ p->stream.in_epoch, p->stream.in_held }, &before);

	return doubt(n, p, t, known ? &before : NULL, "the parcel before it");
}

/* The last message of ours that its author had seen, where it was written after it; 0: none. */
static uint32_t seen_before(const struct made_date *d)
{
	uint32_t number = 0;

	for (size_t i = 0; i < d->n; i++)
		if (d->facts[i].side == d->own && d->facts[i].number <= d->seen && d->facts[i].number > number &&
		    law_counted(d->facts[i].at_ms) > law_counted(d->created_ms) + CY_STATED_AHEAD_MS)
			number = d->facts[i].number;
	return number;
}

bool made_doubts(const struct made_date *d, char text[static CY_REASON_MAX + 1])
{
	const int64_t created = law_counted(d->created_ms);
	const uint32_t seen = seen_before(d);
	char dated[CY_RFC3339_SIZE], by[32];

	cy_rfc3339((struct cy_wall){ created }, dated);
	if (created > d->made.ms + CY_STATED_AHEAD_MS) {
		span(created - d->made.ms, by, sizeof by);
		snprintf(text, CY_REASON_MAX + 1, "dated %s by its author, %s after its parcel was signed", dated, by);
	} else if (seen > 0) {
		snprintf(text, CY_REASON_MAX + 1, "dated %s by its author, before message %u here, which it had seen",
			 dated, seen);
	} else if (created < d->made.ms - CY_MADE_LATE_MS) {
		span(d->made.ms - created, by, sizeof by);
		snprintf(text, CY_REASON_MAX + 1, "dated %s by its author, %s before its parcel was signed", dated, by);
	} else {
		return false;
	}
	return true;
}

const char *made_dated(struct node *n, const struct peer *p, const CyMessage *m, const struct work_case *c,
		       struct cy_wall made)
{
	/* Mostly nothing of ours is younger than it: then there is nothing to look for. */
	const bool some = law_counted(c->kept.latest_ms[c->row.side]) > law_counted(m->created_ms) + CY_STATED_AHEAD_MS;
	const struct made_date d = { .created_ms = m->created_ms,
				     .seen = m->seen,
				     .made = made,
				     .facts = c->facts,
				     .n = some ? c->n : 0,
				     .own = c->row.side };
	char text[CY_REASON_MAX + 1];

	if (!made_doubts(&d, text))
		return NULL;
	node_log(n, NODE_WARNING, NODE_EVENT_SIGNED_TIME, p->id, "peer %s: message %s was taken, but is %s", p->id,
		 m->id, text);
	return batch_string(n, text);
}

const char *made_receipt(struct node *n, const struct peer *p, const struct wire_text *t, struct cy_wall parcel)
{
	return doubt(n, p, t, &parcel, "the parcel that it answers");
}
