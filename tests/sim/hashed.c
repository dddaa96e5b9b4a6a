/* What is said of bytes was hashed: a row, a statement or a link of custody tells that evidence is here, or good again,
 * only after all its bytes were hashed since it was not known to be; and none accuses a disk that did no harm. */
#include <stdlib.h>
#include <string.h>

#include "sim.h"

/* What is hashed may have to wait for its commit, and a row that is new by then has it as well. */
#define PATIENCE HOUR

/* A row was not known to be here and good at this time. */
struct sim_unknown {
	struct sim_unknown *next;
	char message_id[CY_UUID_LEN + 1];
	uint32_t attachment;
	int64_t since;
};

static struct sim_unknown *find(struct sim_node *s, const char *message_id, uint32_t attachment, bool add)
{
	struct sim_unknown *u = s->unknown;

	while (u != NULL && (u->attachment != attachment || strcmp(u->message_id, message_id) != 0))
		u = u->next;
	if (u != NULL || !add)
		return u;
	u = calloc(1, sizeof *u);
	CY_ASSERT(u != NULL);
	*u = (struct sim_unknown){ .next = s->unknown, .attachment = attachment };
	snprintf(u->message_id, sizeof u->message_id, "%s", message_id);
	return s->unknown = u;
}

void hashed_free(struct sim_node *s)
{
	for (struct sim_unknown *u = s->unknown, *next; u != NULL; u = next) {
		next = u->next;
		free(u);
	}
	s->unknown = NULL;
}

/* Does the row say that its bytes are here, and good? */
static bool is_known(const struct store_evidence *e)
{
	return e != NULL && e->flaw == STORE_SOUND &&
	       (e->author == STORE_OWN ? !e->deleted : e->state == STORE_EVIDENCE_HERE);
}

/* The row as the writes before `until` leave it. */
static const struct store_evidence *row_before(struct sim_node *s, const struct store_writeset *w,
					       const struct store_write *until, const char *message_id,
					       uint32_t attachment)
{
	const struct store_evidence *row = mem_store_evidence(&s->store, message_id, attachment);

	for (const struct store_write *x = w->first; x != until; x = x->next)
		if (x->op == STORE_PUT_EVIDENCE && x->evidence.attachment == attachment &&
		    strcmp(x->evidence.message_id, message_id) == 0)
			row = &x->evidence;
	return row;
}

static void check_row(struct sim_node *s, const struct store_writeset *w, const struct store_write *x)
{
	const struct store_evidence *e = &x->evidence;
	const struct store_evidence *old = row_before(s, w, x, e->message_id, e->attachment);
	struct sim_unknown *u;
	int64_t hashed;

	if (!is_known(e)) {
		u = find(s, e->message_id, e->attachment, true);
		if (old == NULL || is_known(old))
			u->since = s->w->now;
		return;
	}
	/* Ours is hashed when its client hands it over. */
	if (is_known(old) || (old == NULL && e->author == STORE_OWN))
		return;
	u = find(s, e->message_id, e->attachment, false);
	hashed = blobs_hashed(s, &e->sha256);
	if (hashed < 0 || (u != NULL && hashed < u->since - PATIENCE) || (u == NULL && hashed < s->w->now - PATIENCE))
		world_fail(s->w, "%s says that %s/%u is here, and has not hashed it since it was not", s->id,
			   e->message_id, e->attachment);
}

static void check_link(struct sim_node *s, const struct store_writeset *w, const struct store_custody *l)
{
	const struct store_evidence *e = row_before(s, w, NULL, l->message_id, l->attachment);
	const bool own = e != NULL && e->author == STORE_OWN;

	if (e == NULL)
		return;
	if (((!own && strcmp(l->action, "arrived") == 0) || strcmp(l->action, "mended") == 0) && !is_known(e))
		world_fail(s->w, "%s: custody of %s/%u says %s, and its row does not", s->id, l->message_id,
			   l->attachment, l->action);
	if (!own && strcmp(l->action, "verified") == 0 && strcmp(l->by, s->id) == 0 && e->arrived.ms == 0 &&
	    !s->restored)
		world_fail(s->w, "%s: custody of %s/%u says verified, and it never arrived", s->id, l->message_id,
			   l->attachment);
	if ((strcmp(l->action, "spoilt") == 0 || strcmp(l->action, "missing") == 0) &&
	    blobs_harmed(s, &e->sha256) < 0 && s->w->set.level[FAULT_BLOB_FAILS] == 0 && !s->restored)
		world_fail(s->w, "%s: custody of %s/%u says %s, and no disk has harmed it", s->id, l->message_id,
			   l->attachment, l->action);
}

void hashed_before(struct sim_node *s, const struct store_writeset *w)
{
	for (const struct store_write *x = w->first; x != NULL; x = x->next)
		if (x->op == STORE_PUT_EVIDENCE)
			check_row(s, w, x);
		else if (x->op == STORE_PUT_CUSTODY)
			check_link(s, w, &x->custody);
}

static const struct store_evidence *has_flaw(const struct sim_node *s)
{
	for (size_t i = 0; i < s->store.n_evidence; i++)
		if (s->store.evidence[i]->flaw != STORE_SOUND)
			return s->store.evidence[i];
	return NULL;
}

/* Operators have all of it verified, once no disk does harm any more. */
static void on_round(struct world *w, void *arg, uint64_t x)
{
	struct sim_node *s = arg;
	CyClientFrame f = CY_CLIENT_FRAME__INIT;
	CyCheckEvidence c = CY_CHECK_EVIDENCE__INIT;

	if (s->node == NULL || s->suspended_until > w->now) {
		world_at(w, w->now + MINUTE, on_round, s, x);
		return;
	}
	world_at(w, w->now + HOUR, on_round, s, x); /* what was read before may be told later */
	if (has_flaw(s) == NULL)
		return;
	c.start = true;
	f.kind_case = CY_CLIENT_FRAME__KIND_CHECK_EVIDENCE;
	f.check_evidence = &c;
	operator_says(s, &f);
}

void hashed_heal(struct sim_node *s)
{
	if (s->blobs != NULL)
		world_at(s->w, s->w->now + HOUR / 2, on_round, s, 0);
}

void hashed_drained(struct world *w, char *why, size_t size)
{
	for (uint32_t i = 0; i < w->set.nodes && why[0] == '\0'; i++) {
		const struct sim_node *s = &w->nodes[i];
		const struct store_evidence *e = has_flaw(s);

		if (e != NULL && !s->restored)
			snprintf(why, size, "%s: %s/%u has a flaw after all disks were healed", s->id, e->message_id,
				 e->attachment);
	}
}
