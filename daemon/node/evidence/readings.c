/* Who reads evidence, from where, and up to where: links of the chain of custody, the first of which is committed
 * before the first byte is handed out. Equal readings of a day are counted in one link, and once there are many that
 * differ one more link counts all further ones, so that no number of them hides what else became of the attachment. */
#include <string.h>

#include "node/evidence/rows.h"
#include "node/evidence/uploads.h"

#define DAY_MS INT64_C(86400000)

/* What this day's links say of the same client's readings. */
struct day {
	const struct store_custody *like;
	uint64_t no; /* of the one that tells of the same bytes; 0: none */
	size_t n;
};

static bool is_that_day(const struct store_custody *link, struct cy_wall at)
{
	return link->at.ms / DAY_MS == at.ms / DAY_MS;
}

static bool same_bytes(const struct store_custody *link, const struct store_custody *like)
{
	return link->from == like->from && link->to == like->to;
}

static int look(void *arg, const struct store_custody *link)
{
	struct day *d = arg;

	if (!is_that_day(link, d->like->at))
		return CY_OK;
	d->n++;
	if (d->no == 0 && same_bytes(link, d->like))
		d->no = link->no;
	return CY_OK;
}

/* A link that this batch adds. */
static struct store_custody *added(struct node *n, struct day *d)
{
	struct store_custody *found = NULL;

	for (struct store_write *w = n->batch.writes.first; w != NULL; w = w->next) {
		struct store_custody *c = &w->custody;

		if (w->op != STORE_PUT_CUSTODY || c->count == 0 || c->attachment != d->like->attachment ||
		    strcmp(c->message_id, d->like->message_id) != 0 || strcmp(c->action, d->like->action) != 0 ||
		    strcmp(c->by, d->like->by) != 0 || !is_that_day(c, d->like->at))
			continue;
		d->n++;
		if (found == NULL && same_bytes(c, d->like))
			found = c;
	}
	return found;
}

/* In a link that tells of the same bytes. CY_ENOENT: there is none among `ret_links` of this action and day. Otherwise
 * what there is cannot be read. */
static int count_in(struct node *n, const struct store_custody *like, size_t *ret_links)
{
	struct store_port *s = &n->ports.store;
	struct day d = { .like = like };
	struct store_custody *same;
	int r = s->readings(s->ctx, like, (struct cy_wall){ like->at.ms / DAY_MS * DAY_MS }, look, &d);

	if (r < 0)
		return r;
	same = added(n, &d);
	*ret_links = d.n;
	if (same != NULL) {
		same->count++;
		same->last = like->at;
	} else if (d.no != 0) {
		batch_write(n, STORE_COUNT_CUSTODY)->custody =
			(struct store_custody){ .message_id = like->message_id, .no = d.no, .last = like->at };
	}
	return same != NULL || d.no != 0 ? CY_OK : CY_ENOENT;
}

/* Below 0: what there is cannot be read. */
static int record(struct node *n, const struct store_evidence *row, const struct input *in)
{
	struct store_custody like = { .message_id = row->message_id,
				      .attachment = row->attachment,
				      .action = in->blob.ended ? "read_end" : "read",
				      .by = in->blob.name,
				      .at = in->blob.at,
				      .from = in->blob.from,
				      .to = in->blob.to };
	struct evidence_link link = { .text = "", .proof = "", .counts = true };
	size_t links;
	int r = count_in(n, &like, &links);

	/* Of all further ones of the day that differ, whose bytes are in no link. */
	if (r == CY_ENOENT && links >= CY_READINGS_MAX) {
		like.action = in->blob.ended ? "read_end_others" : "read_others";
		like.from = like.to = 0;
		r = count_in(n, &like, &links);
	}
	if (r != CY_ENOENT)
		return r;
	link.action = like.action;
	link.by = like.by;
	link.at = like.at;
	link.from = like.from;
	link.to = like.to;
	evidence_link(n, row, &link);
	return CY_OK;
}

static void refuse(struct node *n, const struct input *in, int code)
{
	download_forget(n, in->source, in->blob.correlation);
	batch_error(n, in->source, in->blob.correlation,
		    code == CY_ENOENT ? CY_ERROR_CODE__NOT_FOUND : local_unread_code(code), "",
		    code == CY_ENOENT ? "its bytes are not here any more" : local_unread_text(code));
}

void evidence_read(struct node *n, struct input *in)
{
	struct store_evidence row;
	int r = evidence_get(n, in->blob.message_id, in->blob.attachment, &row);

	/* It was looked at when it was asked for, and may have been destroyed since. */
	if (r == CY_OK && !in->blob.ended && download_not_here(&row) != NULL)
		r = CY_ENOENT;
	if (r == CY_OK)
		r = record(n, &row, in);
	if (r == CY_EDAMAGED)
		node_damaged(n, "", "who reads attachment %u of message %s is not recorded: its row, or its custody,",
			     in->blob.attachment, in->blob.message_id);
	else if (r < 0 && r != CY_ENOENT)
		n->batch.abort_reason = "the store cannot read the row of evidence that a client reads";
	if (!in->blob.ended) {
		n->batch.shows = n->batch.shows || r == CY_OK;
		if (r == CY_OK)
			batch_effect(n, EFFECT_READING, in->source, cy_bytes(NULL, 0), "")->correlation =
				in->blob.correlation;
		else
			refuse(n, in, r);
		return;
	}
	if (r == CY_OK && row.author == STORE_PEER && !row.retrieved && in->blob.to == row.size) {
		row.retrieved = true;
		evidence_put(n, &row);
	}
}
