/* Evidence to a local client: verified chunk by chunk as it leaves, or as a read-only descriptor. That it is read
 * becomes a link of its chain of custody before the first byte leaves, and how far it was read one when that is over.
 */
#include <stdio.h>
#include <string.h>

#include "node/evidence/lane.h"
#include "node/evidence/rows.h"
#include "node/evidence/tickets.h"
#include "node/evidence/uploads.h"

#define AHEAD (1024u * 1024u) /* bytes that may wait for a client before more is read */

static void forget(struct conn *c)
{
	memset(&c->evidence->get, 0, sizeof c->evidence->get);
}

/* For its record: that it begins, or is over. */
static void tell(struct node *n, const struct conn *c, bool ended)
{
	struct input *in = node_input_new(INPUT_READ, c->id);

	cy_copy(in->blob.message_id, sizeof in->blob.message_id, c->evidence->get.message_id);
	in->blob.attachment = c->evidence->get.attachment;
	in->blob.at = node_legal_now(n);
	in->blob.correlation = c->evidence->get.correlation;
	in->blob.from = ended ? 0 : c->evidence->get.from;
	in->blob.to = ended ? c->evidence->get.offset : 0;
	in->blob.ended = ended;
	cy_copy(in->blob.name, sizeof in->blob.name, c->client->name);
	node_queue(n, in);
}

static void record_end(struct node *n, struct conn *c)
{
	if (c->evidence->get.recorded)
		tell(n, c, true);
	c->evidence->get.recorded = false;
}

/* How far it went is recorded. */
static void end(struct node *n, struct conn *c)
{
	record_end(n, c);
	forget(c);
}

/* The disk has spoilt or lost it. What a peer sent comes again; of our own nobody else can be asked. */
static void refuse_flawed(struct node *n, const struct conn *c, uint64_t correlation, bool own)
{
	if (own)
		local_error(n, c->id, correlation, CY_ERROR_CODE__DAMAGED, "",
			    "its bytes on our disk are spoilt or missing: put the same content once more");
	else
		local_error(n, c->id, correlation, CY_ERROR_CODE__UNAVAILABLE, "",
			    "its bytes on our disk are spoilt or missing, and are fetched again: wait for the event "
			    "EVIDENCE_ARRIVED");
}

static bool is_flaw(int code)
{
	return code == CY_ESIGN || code == CY_ENOENT;
}

/* What was wrong with the disk is recorded. How far the client has read is recorded in the same batch, but for a flaw,
 * which has its batch first. */
static void record_failure(struct node *n, struct conn *c, int code, const char *why)
{
	if (is_flaw(code)) {
		evidence_found(n, &c->evidence->get.id.sha256, code);
		return;
	}
	node_log(n, NODE_ALARM, NODE_EVENT_EVIDENCE, "", "attachment %u of message %s cannot be read: %s",
		 c->evidence->get.attachment, c->evidence->get.message_id, why);
	record_end(n, c);
}

static void refuse(struct node *n, struct conn *c, int code)
{
	const uint64_t correlation = c->evidence->get.correlation;
	const uint32_t attachment = c->evidence->get.attachment;
	const bool own = c->evidence->get.own;

	end(n, c);
	if (is_flaw(code))
		refuse_flawed(n, c, correlation, own);
	else
		local_error(
			n, c->id, correlation, CY_ERROR_CODE__INTERNAL, "",
			"attachment %u cannot be read from the disk now: repeat later; the log of the daemon says why",
			attachment);
}

static struct blob_ticket *ticket(struct node *n, const struct conn *c, enum blob_task task)
{
	struct blob_ticket *t = blob_take(n, task);

	t->conn = c->id;
	t->correlation = c->evidence->get.correlation;
	return t;
}

/* A whole file was asked for. */
static void asked(struct node *n, struct conn *c, struct blob_ticket *t, int r)
{
	c->evidence->get.reading = true;
	if (r == CY_OK)
		return;
	blob_untake(n, t);
	record_failure(n, c, CY_EIO, "the evidence files cannot be used now");
	refuse(n, c, CY_EIO);
}

const char *download_not_here(const struct store_evidence *row)
{
	if (row->author == STORE_OWN)
		return row->deleted ? "our copy was deleted some time after the receiver had verified or destroyed its "
				      "own, as evidence.keep_sent says"
				    : NULL;
	switch (row->state) {
	case STORE_EVIDENCE_HERE:
	case STORE_EVIDENCE_OFFERED:
		return NULL;
	case STORE_EVIDENCE_WAITING:
		return "it has not arrived yet: wait for the event EVIDENCE_ARRIVED";
	case STORE_EVIDENCE_HELD_BACK:
		return "it was not fetched: a quota would be exceeded";
	case STORE_EVIDENCE_MISMATCHED:
		return "what came was not what its manifest says, and was thrown away";
	case STORE_EVIDENCE_DESTROYED:
		return "it was destroyed";
	}
	return NULL;
}

void download_get(struct node *n, struct conn *c, uint64_t correlation, const CyGetEvidence *r)
{
	struct blob_port *b = &n->ports.blobs;
	struct cy_arena arena = { 0 };
	struct store_evidence row;
	int code = r->item != NULL ? evidence_visible(n, &arena, c, r->item, &row) : CY_ENOENT;
	const char *why = code == CY_OK ? download_not_here(&row) : NULL;

	if (c->evidence->get.correlation != 0)
		local_error(n, c->id, correlation, CY_ERROR_CODE__TOO_MANY, "",
			    "one attachment at a time on a connection: wait for its end");
	else if (code == CY_ENOENT || (code == CY_OK && b->ctx == NULL))
		local_error(n, c->id, correlation, CY_ERROR_CODE__NOT_FOUND, "item",
			    "this client has no such attachment whose bytes travel on the bulk lane");
	else if (code < 0)
		local_unreadable(n, c, correlation, code);
	else if (replay_full(n))
		local_error(n, c->id, correlation, CY_ERROR_CODE__UNAVAILABLE, "",
			    "the store cannot commit now, and who gets evidence has to be recorded: repeat later");
	else if (row.flaw != STORE_SOUND)
		refuse_flawed(n, c, correlation, row.author == STORE_OWN);
	else if (why != NULL)
		local_error(n, c->id, correlation, CY_ERROR_CODE__NOT_FOUND, "item", "%s", why);
	else if (r->offset > row.size)
		local_error(n, c->id, correlation, CY_ERROR_CODE__INVALID, "offset", "it has %llu bytes",
			    (unsigned long long)row.size);
	else {
		c->evidence->get.correlation = correlation;
		c->evidence->get.from = c->evidence->get.offset = r->as_file ? 0 : r->offset;
		c->evidence->get.as_file = r->as_file;
		cy_copy(c->evidence->get.message_id, sizeof c->evidence->get.message_id, row.message_id);
		c->evidence->get.attachment = row.attachment;
		c->evidence->get.own = row.author == STORE_OWN;
		c->evidence->get.id = (struct blob_id){ row.size, row.sha256, row.root };
		if (r->as_file) {
			/* Whoever has it reads on by itself: it is verified whole before. */
			struct blob_ticket *t = ticket(n, c, BLOB_VERIFY_GET);

			asked(n, c, t, b->verify(b->ctx, t->id, &row.sha256, 0));
		} else if (r->offset == row.size && row.size > 0) {
			download_go_on(n, c); /* of nothing there is no record */
		} else {
			c->evidence->get.reading = true;
			tell(n, c, false);
		}
	}
	cy_arena_free(&arena);
}

static struct conn *getting(struct node *n, uint64_t conn, uint64_t correlation)
{
	struct conn *c = node_conn(n, conn);

	return c != NULL && c->evidence->get.correlation == correlation ? c : NULL;
}

void download_begin(struct node *n, uint64_t conn, uint64_t correlation)
{
	struct conn *c = getting(n, conn, correlation);

	if (c == NULL)
		return;
	c->evidence->get.recorded = true;
	c->evidence->get.reading = false;
	if (c->evidence->get.as_file) {
		struct blob_ticket *t = ticket(n, c, BLOB_FILE_GET);

		asked(n, c, t, n->ports.blobs.file(n->ports.blobs.ctx, t->id, &c->evidence->get.id.sha256));
	} else {
		download_go_on(n, c);
	}
}

void download_forget(struct node *n, uint64_t conn, uint64_t correlation)
{
	struct conn *c = getting(n, conn, correlation);

	if (c != NULL)
		forget(c);
}

void download_gone(struct node *n, struct conn *c)
{
	if (c->evidence->get.correlation != 0)
		end(n, c);
}

/* The chunk that the next byte is in; at the end, where there is none, the last one. */
static uint64_t chunk_at(const struct conn *c)
{
	const uint64_t chunk = c->evidence->get.offset / CY_CHUNK, last = blob_chunks(c->evidence->get.id.size) - 1;

	return chunk < last ? chunk : last;
}

void download_go_on(struct node *n, struct conn *c)
{
	struct blob_port *b = &n->ports.blobs;
	struct blob_ticket *t;

	if (c->evidence->get.correlation == 0 || c->evidence->get.reading || n->evidence->blobs_full ||
	    n->ports.local.queued(n->ports.local.ctx, c->id) > AHEAD)
		return;
	t = ticket(n, c, BLOB_CHUNK_GET);
	c->evidence->get.reading = true;
	if (blob_taken(n, b->read(b->ctx, t->id, &c->evidence->get.id.sha256, chunk_at(c), true)) < 0) {
		/* node_blob_ready() follows */
		c->evidence->get.reading = false;
		blob_untake(n, t);
	}
}

void download_retry(struct node *n)
{
	for (struct conn *c = n->conns; c != NULL; c = c->next)
		download_go_on(n, c);
}

/* A chunk, from where the client wants it, in frames. */
static void send_chunk(struct node *n, struct conn *c, const struct blob_result *r)
{
	const uint64_t correlation = c->evidence->get.correlation;
	size_t at = (size_t)(c->evidence->get.offset - chunk_at(c) * CY_CHUNK);
	bool last;

	do {
		CyServerFrame f = CY_SERVER_FRAME__INIT;
		CyEvidenceData d = CY_EVIDENCE_DATA__INIT;
		const size_t left = r->data.len - at, len = left < CY_UPLOAD_DATA_MAX ? left : CY_UPLOAD_DATA_MAX;

		d.offset = c->evidence->get.offset;
		d.data = (ProtobufCBinaryData){ .data = r->data.data + at, .len = len };
		at += len;
		c->evidence->get.offset += len;
		d.last = last = c->evidence->get.offset == c->evidence->get.id.size;
		f.kind_case = CY_SERVER_FRAME__KIND_EVIDENCE_DATA;
		f.evidence_data = &d;
		local_send(n, c->id, correlation, &f);
	} while (!last && at < r->data.len);
	if (last)
		end(n, c);
}

static void send_file(struct node *n, struct conn *c, const struct blob_result *r)
{
	CyServerFrame f = CY_SERVER_FRAME__INIT;
	CyEvidenceFile e = CY_EVIDENCE_FILE__INIT;

	e.size = c->evidence->get.id.size;
	f.correlation = c->evidence->get.correlation;
	f.kind_case = CY_SERVER_FRAME__KIND_EVIDENCE_FILE;
	f.evidence_file = &e;
	local_send_file(n, c->id, &f, r->fd);
	c->evidence->get.offset = c->evidence->get.id.size;
	end(n, c);
}

static void send_verified(struct node *n, struct conn *c)
{
	evidence_found(n, &c->evidence->get.id.sha256, CY_OK);
	c->evidence->get.reading = true;
	tell(n, c, false);
}

void download_done(struct node *n, struct blob_ticket *t, struct blob_result *r)
{
	struct conn *c = getting(n, t->conn, t->correlation);

	if (c == NULL) {
		/* To nobody: that closes it. */
		if (t->task == BLOB_FILE_GET && r->code == CY_OK)
			n->ports.local.send_file(n->ports.local.ctx, t->conn, cy_bytes("", 0), r->fd);
		return;
	}
	if (r->code < 0) { /* nothing more is read: download_refuse() follows */
		record_failure(n, c, r->code, r->text);
		return;
	}
	c->evidence->get.reading = false;
	if (t->task == BLOB_VERIFY_GET)
		send_verified(n, c);
	else if (t->task == BLOB_FILE_GET)
		send_file(n, c, r);
	else {
		send_chunk(n, c, r);
		download_go_on(n, c);
	}
}

void download_refuse(struct node *n, const struct blob_ticket *t, int code)
{
	struct conn *c = getting(n, t->conn, t->correlation);

	if (c != NULL)
		refuse(n, c, code);
}
