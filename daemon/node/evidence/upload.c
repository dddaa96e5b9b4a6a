/* Content that a local client hands over: by frames, or by an open file. A row says whose it
 * is once it is complete; only that goes through a batch. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/evidence/lane.h"
#include "node/evidence/rows.h"
#include "node/evidence/tickets.h"
#include "node/evidence/uploads.h"

#define STATE_EACH (16u * 1024u * 1024u) /* bytes between two UploadStates */

static struct upload *by_id(struct node *n, uint32_t id)
{
	struct upload *u = n->evidence->uploads;

	while (u != NULL && u->id != id)
		u = u->next;
	return u;
}

static struct upload *by_key(struct node *n, const char *client, const char *key)
{
	struct upload *u = n->evidence->uploads;

	while (u != NULL && (strcmp(u->client, client) != 0 || strcmp(u->key, key) != 0))
		u = u->next;
	return u;
}

static void forget(struct node *n, struct upload *u)
{
	struct upload **at = &n->evidence->uploads;

	while (*at != u)
		at = &(*at)->next;
	*at = u->next;
	n->evidence->n_uploads--;
	for (struct upload_late *l = u->late, *next; l != NULL; l = next) {
		next = l->next;
		blob_release(&l->data);
		free(l);
	}
	free(u);
}

void upload_free(struct node *n)
{
	while (n->evidence->uploads != NULL)
		forget(n, n->evidence->uploads);
}

static void drop(struct node *n, const char *part)
{
	struct blob_port *b = &n->ports.blobs;
	struct blob_ticket *t = blob_take(n, BLOB_DROP);

	if (b->drop_part(b->ctx, t->id, part) < 0)
		blob_untake(n, t);
}

/* Nobody feeds it: what is durable of it stays, but the disk has the rest of its room for others. What was copied
 * from a file begins anew, and nothing of it stays. */
static void leave(struct node *n, struct upload *u)
{
	struct blob_port *b = &n->ports.blobs;

	if (u->state == UPLOAD_COPYING)
		drop(n, u->part);
	else
		b->release(b->ctx, u->part);
	forget(n, u);
}

/* The client is told why, and begins anew. */
static void fail(struct node *n, struct upload *u, uint64_t correlation, CyErrorCode code, const char *why)
{
	struct conn *c = node_conn(n, u->conn);

	if (c != NULL) {
		local_error(n, u->conn, correlation, code, "", "%s", why);
		if (c->evidence->paused)
			n->ports.local.pause(n->ports.local.ctx, c->id, false);
		c->evidence->paused = false;
	}
	leave(n, u);
}

void upload_throw_away(struct node *n, struct upload *u, const char *part)
{
	/* What is being copied or finished ends by that. */
	if (u != NULL && u->state != UPLOAD_COPYING && u->state != UPLOAD_FINISHING)
		fail(n, u, u->correlation, CY_ERROR_CODE__NOT_FOUND, "this upload was dropped by order of a client");
	drop(n, part);
}

static CyErrorCode code_of(int code)
{
	switch (code) {
	case CY_ELIMIT:
	case CY_EAGAIN:
		return CY_ERROR_CODE__UNAVAILABLE;
	case CY_ESIGN:
	case CY_EINVAL:
		return CY_ERROR_CODE__INVALID;
	case CY_ENOENT:
		return CY_ERROR_CODE__NOT_FOUND;
	default:
		return CY_ERROR_CODE__INTERNAL;
	}
}

static void tell_state(struct node *n, struct upload *u, uint64_t correlation)
{
	CyServerFrame f = CY_SERVER_FRAME__INIT;
	CyUploadState s = CY_UPLOAD_STATE__INIT;

	s.key = u->key;
	s.offset = u->stored;
	s.size = u->size;
	f.kind_case = CY_SERVER_FRAME__KIND_UPLOAD_STATE;
	f.upload_state = &s;
	u->told = u->stored;
	if (u->conn != 0)
		local_send(n, u->conn, correlation, &f);
}

/* The client is faster than the disk: wait; or not any more. */
static void regulate(struct node *n, struct upload *u)
{
	struct conn *c = node_conn(n, u->conn);
	const bool pause = u->waits >= UPLOAD_WAITS_MAX || u->late != NULL;

	if (c == NULL || c->evidence->paused == pause || (c->evidence->paused && u->waits > UPLOAD_WAITS_MAX / 2))
		return;
	c->evidence->paused = pause;
	n->ports.local.pause(n->ports.local.ctx, c->id, pause);
}

/* --------------------------------------------------------------------- opening */

static bool within_quota(struct node *n, struct upload *u, uint64_t bytes)
{
	return bytes <= upload_quota(n, u);
}

static void refuse_quota(struct node *n, struct upload *u, uint64_t correlation)
{
	char text[320];

	snprintf(text, sizeof text,
		 "the uploads of client %s may have %llu bytes together, and have %llu already: attach them, drop some "
		 "(comityctl evidence uploads), or ask for a higher evidence.quota_client",
		 u->client, (unsigned long long)n->config.quota_client, (unsigned long long)u->before);
	fail(n, u, correlation, CY_ERROR_CODE__TOO_MANY, text);
}

static unsigned open_of(const struct node *n, const char *client)
{
	unsigned open = 0;

	for (const struct upload *u = n->evidence->uploads; u != NULL; u = u->next)
		open += strcmp(u->client, client) == 0;
	return open;
}

static struct upload *begin(struct node *n, struct conn *c, uint64_t correlation, const char *key)
{
	struct store_port *s = &n->ports.store;
	struct upload *u;
	unsigned open;
	int r;

	if (n->ports.blobs.ctx == NULL) {
		local_error(n, c->id, correlation, CY_ERROR_CODE__NOT_ALLOWED, "",
			    "this daemon keeps no evidence: set evidence.dir in its configuration");
		return NULL;
	}
	if (replay_full(n)) {
		local_error(n, c->id, correlation, CY_ERROR_CODE__UNAVAILABLE, "",
			    "the store cannot commit now what was handed over: repeat later");
		return NULL;
	}
	if (!cy_name_valid(key, CY_KEY_MAX)) {
		local_error(n, c->id, correlation, CY_ERROR_CODE__INVALID, "key",
			    "expected 1 to 64 printable ASCII characters");
		return NULL;
	}
	u = by_key(n, c->client->name, key);
	if (u != NULL && (u->state != UPLOAD_READY || (u->conn != c->id && node_conn(n, u->conn) != NULL))) {
		local_error(n, c->id, correlation, CY_ERROR_CODE__CONFLICT, "key",
			    "this upload is under way on another connection, or not answered yet: wait for its end, or "
			    "take another key");
		return NULL;
	}
	if (u != NULL)
		forget(n, u);
	/* However many the others have open, each client may open one. */
	open = open_of(n, c->client->name);
	if (open >= UPLOADS_OF_CLIENT || (open > 0 && n->evidence->n_uploads >= UPLOADS_MAX)) {
		local_error(n, c->id, correlation, CY_ERROR_CODE__TOO_MANY, "",
			    "%u uploads of this client, or %u in all, are open already: finish some, or repeat later",
			    UPLOADS_OF_CLIENT, UPLOADS_MAX);
		return NULL;
	}
	u = calloc(1, sizeof *u);
	CY_ASSERT(u != NULL);
	u->id = ++n->evidence->last_upload;
	cy_copy(u->client, sizeof u->client, c->client->name);
	cy_copy(u->key, sizeof u->key, key);
	upload_part(u->client, u->key, u->part);
	u->conn = c->id;
	u->correlation = correlation;
	u->last_late = &u->late;
	u->next = n->evidence->uploads;
	n->evidence->uploads = u;
	n->evidence->n_uploads++;
	r = s->upload_bytes(s->ctx, u->client, &u->stored_before);
	if (r < 0) {
		fail(n, u, correlation, local_unread_code(r), local_unread_text(r));
		return NULL;
	}
	if (upload_left(n, u) >= UPLOADS_LEFT_MAX) {
		fail(n, u, correlation, CY_ERROR_CODE__TOO_MANY,
		     "this client has left too many uploads: go on with some, or have them dropped (comityctl "
		     "evidence uploads)");
		return NULL;
	}
	return u;
}

static struct blob_ticket *ticket(struct node *n, struct upload *u, enum blob_task task, uint64_t correlation)
{
	struct blob_ticket *t = blob_take(n, task);

	t->number = u->id;
	t->conn = u->conn;
	t->correlation = correlation;
	return t;
}

/* What was asked of the port did not begin. */
static bool failed(struct node *n, struct upload *u, struct blob_ticket *t, int code)
{
	if (code == CY_OK)
		return false;
	blob_untake(n, t);
	fail(n, u, t->correlation, CY_ERROR_CODE__UNAVAILABLE, "the evidence files cannot be used now: repeat later");
	return true;
}

void upload_begin(struct node *n, struct conn *c, uint64_t correlation, const CyOpenUpload *o)
{
	struct blob_port *b = &n->ports.blobs;
	struct upload *u = begin(n, c, correlation, o->key);
	struct blob_ticket *t;

	if (u == NULL)
		return;
	u->size = o->_size_case == CY_OPEN_UPLOAD___SIZE_SIZE ? o->size : 0;
	if (u->size > CY_EVIDENCE_MAX) {
		fail(n, u, correlation, CY_ERROR_CODE__INVALID, "an item has at most 64 TiB");
		return;
	}
	if (!within_quota(n, u, u->size)) {
		refuse_quota(n, u, correlation);
		return;
	}
	t = ticket(n, u, BLOB_OPEN_UPLOAD, correlation);
	failed(n, u, t, b->open(b->ctx, t->id, u->part, u->size, NULL, false));
}

/* May another file of this client be read? One that hangs is never done, also when its client has gone. */
static bool may_copy(struct node *n, const struct conn *c, uint64_t correlation)
{
	unsigned all = 0, own = 0;

	for (const struct upload *u = n->evidence->uploads; u != NULL; u = u->next) {
		all += u->state == UPLOAD_COPYING;
		own += u->state == UPLOAD_COPYING && strcmp(u->client, c->client->name) == 0;
	}
	if (own < BLOBS_READERS_OF_CLIENT && all < BLOBS_READERS_MAX)
		return true;
	local_error(
		n, c->id, correlation, CY_ERROR_CODE__TOO_MANY, "",
		"%u files of this client, or %u in all, are being read already: wait for one, or hand this one over by "
		"upload_data",
		BLOBS_READERS_OF_CLIENT, BLOBS_READERS_MAX);
	return false;
}

/* The three are done one after the other. */
void upload_file(struct node *n, struct conn *c, uint64_t correlation, const CyUploadFile *f, int fd)
{
	struct blob_port *b = &n->ports.blobs;
	struct upload *u;
	struct blob_ticket *t;
	uint64_t most;

	if (fd < 0) {
		local_error(
			n, c->id, correlation, CY_ERROR_CODE__INVALID, "upload_file", "%s",
			fd == LOCAL_CAME_UNFIT
				? "expected a regular file that is open for reading; what came beside this frame is "
				  "none: a folder, pipe, socket or device, or open for writing alone, or by O_PATH"
				: "no descriptor came with this frame: send it as SCM_RIGHTS beside the frame's first "
				  "byte");
		return;
	}
	u = may_copy(n, c, correlation) ? begin(n, c, correlation, f->key) : NULL;
	if (u == NULL)
		return;
	u->state = UPLOAD_COPYING;
	most = upload_quota(n, u);
	drop(n, u->part);
	t = ticket(n, u, BLOB_OPEN_UPLOAD, correlation);
	if (failed(n, u, t, b->open(b->ctx, t->id, u->part, 0, NULL, false)))
		return;
	t = ticket(n, u, BLOB_COPY_UPLOAD, correlation);
	failed(n, u, t, b->copy(b->ctx, t->id, u->part, fd, most));
}

/* ------------------------------------------------------------------------ data */

static int append(struct node *n, struct upload *u, uint64_t correlation, uint64_t offset, struct blob_bytes data)
{
	struct blob_port *b = &n->ports.blobs;
	struct blob_ticket *t = ticket(n, u, BLOB_DATA_UPLOAD, correlation);
	int r = n->evidence->blobs_full ? CY_EAGAIN
					: blob_taken(n, b->append(b->ctx, t->id, u->part, offset, data, NULL, 0));

	if (r < 0)
		blob_untake(n, t);
	else
		u->waits++;
	return r;
}

static void keep_late(struct upload *u, uint64_t correlation, uint64_t offset, struct blob_bytes data)
{
	struct upload_late *l = calloc(1, sizeof *l);

	CY_ASSERT(l != NULL);
	*l = (struct upload_late){ .correlation = correlation, .offset = offset, .data = data };
	*u->last_late = l;
	u->last_late = &l->next;
}

void upload_data(struct node *n, struct conn *c, uint64_t correlation, CyUploadData *d)
{
	struct upload *u = by_key(n, c->client->name, d->key);
	const uint64_t offset = d->offset;
	struct blob_bytes data = { .data = d->data.data, .len = d->data.len, .release = free, .owner = d->data.data };
	const char *fault = NULL;

	d->data = (ProtobufCBinaryData){ 0 };
	if (u == NULL || u->conn != c->id || u->state != UPLOAD_READY || u->finish.asked)
		fault = "no such upload is open on this connection: open it first, and wait for its state";
	else if (data.len == 0 || data.len > CY_UPLOAD_DATA_MAX)
		fault = "expected 1 to 524288 bytes in a frame";
	else if (offset != u->taken)
		fault = "the bytes do not follow those that are here: go on from the offset of the last state";
	else if (u->taken + data.len > CY_EVIDENCE_MAX)
		fault = "an item has at most 64 TiB";
	if (fault != NULL) {
		local_error(n, c->id, correlation, CY_ERROR_CODE__INVALID, "upload_data", "%s", fault);
		blob_release(&data);
		return;
	}
	if (!within_quota(n, u, u->taken + data.len)) {
		refuse_quota(n, u, correlation);
		blob_release(&data);
		return;
	}
	u->taken += data.len;
	if (u->late != NULL || append(n, u, correlation, offset, data) == CY_EAGAIN)
		keep_late(u, correlation, offset, data);
	regulate(n, u);
}

static void finish(struct node *n, struct upload *u)
{
	struct blob_port *b = &n->ports.blobs;
	struct blob_ticket *t = ticket(n, u, BLOB_FINISH_UPLOAD, u->finish.correlation);
	int r;

	u->state = UPLOAD_FINISHING;
	n->evidence->contents_finishing++;
	r = b->finish(b->ctx, t->id, u->part, u->finish.size, u->finish.stated ? &u->finish.sha256 : NULL);
	if (r < 0)
		n->evidence->contents_finishing--;
	failed(n, u, t, r);
}

void upload_finish(struct node *n, struct conn *c, uint64_t correlation, const CyFinishUpload *f)
{
	struct upload *u = by_key(n, c->client->name, f->key);
	const char *fault = NULL;

	if (u == NULL || u->conn != c->id || u->state != UPLOAD_READY || u->finish.asked)
		fault = "no such upload is open on this connection";
	else if (f->size != u->taken)
		fault = "the size is not the number of bytes that were sent";
	else if (f->sha256.len != 0 && f->sha256.len != CY_SHA256_LEN)
		fault = "a SHA-256 digest of 32 bytes is expected, or none";
	if (fault != NULL) {
		local_error(n, c->id, correlation, CY_ERROR_CODE__INVALID, "finish_upload", "%s", fault);
		return;
	}
	u->finish.asked = true;
	u->finish.correlation = correlation;
	u->finish.size = f->size;
	u->finish.stated = f->sha256.len > 0;
	if (u->finish.stated)
		memcpy(u->finish.sha256.b, f->sha256.data, CY_SHA256_LEN);
	if (u->late == NULL)
		finish(n, u);
}

void upload_retry(struct node *n)
{
	for (struct upload *u = n->evidence->uploads; u != NULL; u = u->next) {
		while (u->late != NULL) {
			struct upload_late *l = u->late;

			if (append(n, u, l->correlation, l->offset, l->data) == CY_EAGAIN)
				return;
			u->late = l->next;
			if (u->late == NULL)
				u->last_late = &u->late;
			free(l);
		}
	}
	for (struct upload *u = n->evidence->uploads, *next; u != NULL; u = next) {
		next = u->next;
		regulate(n, u);
		if (u->finish.asked && u->state == UPLOAD_READY)
			finish(n, u);
	}
}

/* What is not durable of an upload comes again when its client is back. */
void upload_gone(struct node *n, uint64_t conn)
{
	for (struct upload *u = n->evidence->uploads, *next; u != NULL; u = next) {
		next = u->next;
		if (u->conn != conn)
			continue;
		u->conn = 0;
		if (u->state == UPLOAD_READY && !u->finish.asked)
			leave(n, u);
	}
}

/* --------------------------------------------------------------------- results */

static void stored(struct node *n, struct upload *u, uint64_t correlation, const struct blob_id *id)
{
	struct input *in = node_input_new(INPUT_STORED, u->conn);

	in->blob.id = *id;
	in->blob.correlation = correlation;
	cy_copy(in->blob.name, sizeof in->blob.name, u->client);
	cy_copy(in->blob.key, sizeof in->blob.key, u->key);
	cy_copy(in->blob.part, sizeof in->blob.part, u->part);
	forget(n, u);
	node_queue(n, in);
}

void upload_leftover(struct node *n, const char *part, const struct cy_digest *sha256)
{
	struct input *in = node_input_new(INPUT_LEFT, 0);

	in->blob.id.sha256 = *sha256;
	cy_copy(in->blob.part, sizeof in->blob.part, part);
	node_queue(n, in);
}

static void copied(struct node *n, struct upload *u, const struct blob_ticket *t, const struct blob_result *r)
{
	u->taken = u->stored = r->offset;
	/* Others of the client may have grown meanwhile. */
	if (!within_quota(n, u, r->offset)) {
		refuse_quota(n, u, t->correlation);
		return;
	}
	if (r->more) {
		tell_state(n, u, t->correlation);
		return;
	}
	u->finish.asked = true;
	u->finish.correlation = t->correlation;
	u->finish.size = r->offset;
	finish(n, u);
}

/* What the disk says names files of the store: that is for the log. What is wrong with what was handed over, or with
 * its key, is for the client. */
static void refuse_disk(struct node *n, struct upload *u, uint64_t correlation, const struct blob_result *r)
{
	const CyErrorCode code = code_of(r->code);
	char text[384];

	if (r->code == CY_ESIGN) {
		snprintf(
			text, sizeof text,
			"the SHA-256 is not the one that is stated: what came before under the key '%s' was of other "
			"content, or bytes were changed on their way; all of it is thrown away: repeat the command, or "
			"take another key",
			u->key);
		fail(n, u, correlation, code, text);
		return;
	}
	if (code == CY_ERROR_CODE__INVALID || code == CY_ERROR_CODE__NOT_FOUND) {
		fail(n, u, correlation, code, r->text);
		return;
	}
	node_log(n, NODE_WARNING, NODE_EVENT_EVIDENCE, "", "what client %s hands over cannot be kept now: %s",
		 u->client, r->text);
	fail(n, u, correlation, code,
	     code == CY_ERROR_CODE__UNAVAILABLE
		     ? "the disk has no room for this upload now: repeat later; the log of the daemon says more"
		     : "the disk cannot take this upload: the log of the daemon says why");
}

void upload_done(struct node *n, struct blob_ticket *t, struct blob_result *r)
{
	struct upload *u = by_id(n, t->number);

	if (t->task == BLOB_FINISH_UPLOAD && (u == NULL || r->code < 0))
		n->evidence->contents_finishing--;
	if (u == NULL)
		return;
	if (r->code == CY_EDENIED) {
		refuse_quota(n, u, t->correlation);
		return;
	}
	if (r->code < 0) {
		refuse_disk(n, u, t->correlation, r);
		return;
	}
	switch (t->task) {
	case BLOB_OPEN_UPLOAD:
		u->taken = u->stored = r->offset;
		if (u->state != UPLOAD_OPENING)
			return;
		u->state = UPLOAD_READY;
		tell_state(n, u, t->correlation);
		if (u->conn == 0)
			leave(n, u);
		return;
	case BLOB_DATA_UPLOAD:
		u->waits--;
		u->stored = r->offset;
		if (u->stored - u->told >= STATE_EACH)
			tell_state(n, u, t->correlation);
		regulate(n, u);
		return;
	case BLOB_COPY_UPLOAD:
		copied(n, u, t, r);
		return;
	default:
		stored(n, u, t->correlation, &r->id);
		return;
	}
}

void upload_stored(struct node *n, struct input *in)
{
	CyServerFrame f = CY_SERVER_FRAME__INIT;
	CyEvidenceStored s = CY_EVIDENCE_STORED__INIT;
	struct store_write *w = batch_write(n, STORE_PUT_UPLOAD);
	struct blob_id *id = &in->blob.id;

	w->upload = (struct store_upload){ .client = batch_string(n, in->blob.name),
					   .sha256 = id->sha256,
					   .root = id->root,
					   .size = id->size,
					   .at = node_legal_now(n) };
	evidence_mended(n, id, w->upload.client);
	evidence_leaf(n, &(struct audit_custody){ .message_id = "",
						  .sha256 = id->sha256,
						  .action = "stored",
						  .by = w->upload.client,
						  .at = w->upload.at,
						  .proof = "" });
	if (node_conn(n, in->source) == NULL)
		return;
	s.key = in->blob.key;
	s.size = id->size;
	s.sha256 = (ProtobufCBinaryData){ .data = id->sha256.b, .len = CY_SHA256_LEN };
	s.chunk_bytes = CY_CHUNK;
	s.chunk_root = (ProtobufCBinaryData){ .data = id->root.b, .len = CY_SHA256_LEN };
	f.kind_case = CY_SERVER_FRAME__KIND_EVIDENCE_STORED;
	f.evidence_stored = &s;
	batch_reply(n, in->source, in->blob.correlation, &f);
}
