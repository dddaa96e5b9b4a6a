/* What we pull, and leave out for a while: why, and until when. */
#include <stdio.h>
#include <string.h>

#include "node/evidence/lane.h"
#include "node/evidence/rows.h"

static struct bulk_skip *skip_of(const struct peer *p, const char *message_id, uint32_t attachment)
{
	for (size_t i = 0; p->bulk != NULL && i < p->bulk->n_skipped; i++)
		if (p->bulk->skipped[i].attachment == attachment &&
		    strcmp(p->bulk->skipped[i].message_id, message_id) == 0)
			return &p->bulk->skipped[i];
	return NULL;
}

const struct bulk_skip *bulk_skipped(const struct peer *p, const char *message_id, uint32_t attachment)
{
	const struct bulk_skip *s = skip_of(p, message_id, attachment);

	return s != NULL && !s->due ? s : NULL;
}

/* One that was due and was not left out again meanwhile is forgotten: it has come, or waits for its place. */
void bulk_skips_due(struct node *n, struct peer *p)
{
	const struct cy_mono now = n->ports.clock.mono(n->ports.clock.ctx);
	struct bulk *b = p->bulk;
	size_t left = 0;

	for (size_t i = 0; i < b->n_skipped; i++) {
		struct bulk_skip s = b->skipped[i];

		if (!cy_mono_before(now, s.until) && (s.due || s.times == 0))
			continue;
		s.due = !cy_mono_before(now, s.until);
		b->skipped[left++] = s;
	}
	b->n_skipped = left;
	b->all_skipped = false;
	b->n_passed = 0;
	if (b->tried_all)
		memset(b->passed, 0, sizeof b->passed);
	b->tried_all = false;
	b->skipped_until = cy_mono_add(now, BULK_RETRY_MS);
	b->look_for_work = true;
}

/* 30 s at first, an hour in the end. */
static struct cy_mono patience(struct cy_mono now, unsigned times)
{
	const int64_t ms = (int64_t)BULK_RETRY_MS << (times < 8 ? times : 8);

	return cy_mono_add(now, ms < BULK_RETRY_MAX_MS ? ms : BULK_RETRY_MAX_MS);
}

/* One that is neither remembered nor passed over would be asked for again at once, as often as the peer answers. */
static void pass_over(struct bulk *b, const struct bulk_pull *pull)
{
	typeof(b->passed[0]) *at = &b->passed[pull->priority];
	const int c = strcmp(pull->message_id, at->message_id);

	if (c > 0 || (c == 0 && pull->attachment > at->attachment)) {
		cy_copy(at->message_id, sizeof at->message_id, pull->message_id);
		at->attachment = pull->attachment;
	}
	b->all_skipped = ++b->n_passed >= BULK_PASSED_MAX;
}

void bulk_leave_out(struct node *n, struct peer *p, const struct bulk_pull *pull, bool differs, const char *why)
{
	const struct cy_mono now = n->ports.clock.mono(n->ports.clock.ctx);
	struct bulk *b = p->bulk;
	struct bulk_skip *s = skip_of(p, pull->message_id, pull->attachment);

	b->look_for_work = true; /* its place is another one's */
	if (b->n_skipped == 0)
		b->skipped_until = cy_mono_add(now, BULK_RETRY_MS);
	if (s == NULL && b->n_skipped == CY_BOUND(BULK_SKIPPED_MAX)) {
		pass_over(b, pull);
		return;
	}
	if (s == NULL) {
		s = &b->skipped[b->n_skipped++];
		*s = (struct bulk_skip){ .attachment = pull->attachment };
		cy_copy(s->message_id, sizeof s->message_id, pull->message_id);
	}
	s->until = differs ? patience(now, s->times) : b->skipped_until;
	s->times = differs ? s->times + 1 : 0;
	s->due = false;
	cy_line(s->why, sizeof s->why, why);
	node_log(n, NODE_WARNING, NODE_EVENT_EVIDENCE, p->id,
		 "peer %s: attachment %u of message %s is not fetched now: %s; it is tried again", p->id,
		 pull->attachment, pull->message_id, s->why);
}

void bulk_hurry(struct node *n, const struct store_evidence *row, char *text, size_t size)
{
	const struct blob_port *port = &n->ports.blobs;
	const struct peer *p = node_peer(n, row->peer);
	const struct bulk_pull *pull = p != NULL ? bulk_pulling(p, row->message_id, row->attachment) : NULL;
	struct bulk_skip *skip = p != NULL ? skip_of(p, row->message_id, row->attachment) : NULL;

	if (p == NULL || p->bulk == NULL || !p->configured) {
		snprintf(text, size, "it waits: its sender is not configured, or this daemon keeps no evidence");
	} else if (pull != NULL) {
		snprintf(text, size, "nothing is ordered: it is being fetched, %llu of %llu bytes are here",
			 (unsigned long long)(pull->phase >= BULK_ARRIVED ? row->size
									  : port->progress(port->ctx, pull->part)),
			 (unsigned long long)row->size);
	} else if (skip != NULL && !skip->due) {
		skip->due = true;
		p->bulk->all_skipped = false;
		p->bulk->look_for_work = true;
		snprintf(text, size, "it had been put off (%s), and is tried now", skip->why);
	} else if (p->bulk->session == 0) {
		snprintf(text, size, "nothing is ordered: it waits until there is a session of the bulk lane");
	} else {
		snprintf(text, size, "nothing is ordered: it waits for its turn behind others");
	}
}
