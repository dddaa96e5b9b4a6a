/* Content that a client has handed over: may it attach it, and what becomes of it then. */
#include <stdio.h>
#include <string.h>

#include "law/validate.h"
#include "node/evidence/rows.h"
#include "node/evidence/uploads.h"

/* A row of ours with this content, of which our copy is kept. */
static bool keeps(const struct store_evidence *row, const struct store_evidence *as)
{
	return row->author == STORE_OWN && !row->deleted && row->flaw == STORE_SOUND && row->size == as->size &&
	       cy_digest_equal(&row->root, &as->root);
}

/* ------------------------------------------------------------- it is attached */

struct storing {
	struct node *n;
	struct store_evidence *row;
	const char *client;
	bool found;
};

/* It was hashed as it came. */
static void stored(struct storing *x, struct cy_wall at)
{
	x->found = true;
	x->row->verified = at;
	evidence_custody(x->n, x->row, "stored", x->client, "", "", at);
}

static int load_upload(void *arg, const struct store_upload *upload)
{
	struct storing *x = arg;

	stored(x, upload->at);
	return CY_OK;
}

static int load_stored(void *arg, const struct store_custody *link)
{
	struct storing *x = arg;

	if (x->found || strcmp(link->action, "stored") != 0 || strcmp(link->by, x->client) != 0)
		return CY_OK;
	stored(x, link->at);
	return CY_OK;
}

static int load_before(void *arg, const struct store_evidence *row)
{
	struct storing *x = arg;
	struct store_port *s = &x->n->ports.store;

	return x->found || !keeps(row, x->row)
		       ? CY_OK
		       : s->custody(s->ctx, row->message_id, row->attachment, 0, UINT32_MAX, load_stored, x);
}

void evidence_own(struct node *n, struct store_evidence *row, const char *client)
{
	struct store_port *s = &n->ports.store;
	struct storing x = { .n = n, .row = row, .client = batch_string(n, client) };
	struct store_write *w;

	s->get_upload(s->ctx, client, &row->sha256, load_upload, &x);
	if (!x.found) {
		s->same_evidence(s->ctx, &row->sha256, load_before, &x);
		return;
	}
	/* From here on the row holds it. */
	w = batch_write(n, STORE_DROP_UPLOAD);
	w->upload.client = x.client;
	w->upload.sha256 = row->sha256;
}

/* --------------------------------------------------------- attached before */

struct attached {
	struct node *n;
	struct store_view view;
	const struct store_evidence *as; /* the content */
	bool found;
	const char *message_id;
	uint32_t attachment;
};

static int is_seen(void *arg, const struct store_evidence *row)
{
	struct attached *x = arg;

	x->found = row->attachment == x->attachment && strcmp(row->message_id, x->message_id) == 0;
	return CY_OK;
}

/* In a case that the client may see. */
static int look_attached(void *arg, const struct store_evidence *row)
{
	struct attached *x = arg;
	struct store_port *s = &x->n->ports.store;
	const struct store_evidence_query q = { .peer = row->peer,
						.case_id = row->case_id,
						.after_message = row->message_id,
						.after_attachment = row->attachment - 1,
						.limit = 1 };

	if (x->found || !keeps(row, x->as))
		return CY_OK;
	x->message_id = row->message_id;
	x->attachment = row->attachment;
	return s->list_evidence(s->ctx, x->view, &q, is_seen, x);
}

/* ------------------------------------------------------------ may this be said? */

struct owning {
	const CyAttachment *a;
	bool found;
};

static bool fits(const CyAttachment *a, uint64_t size, const struct cy_digest *root)
{
	return a->size == size && memcmp(a->chunk_root.data, root->b, CY_SHA256_LEN) == 0;
}

static int own_upload(void *arg, const struct store_upload *row)
{
	struct owning *o = arg;

	o->found = fits(o->a, row->size, &row->root);
	return CY_OK;
}

/* Content that one does not have must not be sent by who happens to know its digest. */
static int check_attachment(struct node *n, const struct conn *c, const CyAttachment *a, size_t i, struct law_faults *f)
{
	struct store_port *s = &n->ports.store;
	struct owning o = { .a = a };
	struct store_evidence as = { .size = a->size };
	struct attached before = { .n = n, .view = local_view(c), .as = &as };
	struct law_fault *fault;
	int r = CY_ENOENT;

	if (a->chunk_root.len != CY_SHA256_LEN || a->sha256.len != CY_SHA256_LEN || f->more)
		return CY_OK;
	memcpy(as.sha256.b, a->sha256.data, CY_SHA256_LEN);
	memcpy(as.root.b, a->chunk_root.data, CY_SHA256_LEN);
	if (n->ports.blobs.ctx != NULL)
		r = s->get_upload(s->ctx, c->client->name, &as.sha256, own_upload, &o);
	if (r == CY_ENOENT && n->ports.blobs.ctx != NULL) {
		r = s->same_evidence(s->ctx, &as.sha256, look_attached, &before);
		o.found = r == CY_OK && before.found;
	}
	if (o.found || (r < 0 && r != CY_ENOENT))
		return r;
	f->more = f->n == LAW_FAULTS_MAX;
	if (f->more)
		return CY_OK;
	fault = &f->at[f->n++];
	*fault = (struct law_fault){ 0 };
	snprintf(fault->field, sizeof fault->field, "attachments[%zu].sha256", i);
	snprintf(fault->text, sizeof fault->text,
		 n->ports.blobs.ctx == NULL
			 ? "This daemon keeps no evidence: set evidence.dir in its configuration."
			 : "This client has handed over no content with this digest, size and chunkRoot that is kept "
			   "here: put it first.");
	return CY_OK;
}

int evidence_check(struct node *n, const struct conn *c, const CyContent *content, struct law_faults *f)
{
	size_t n_list;
	CyAttachment **list = law_attachments_of(content, &n_list);
	int r = CY_OK;

	for (size_t i = 0; i < n_list && r == CY_OK; i++)
		r = check_attachment(n, c, list[i], i, f);
	return r;
}
