/* Who has the disk of evidence: owners of parts and their shares, the quota of a local client, and what people see and
 * drop of what is not complete, or not attached yet. */
#include <stdio.h>
#include <string.h>

#include "node/evidence/lane.h"
#include "node/evidence/rows.h"
#include "node/evidence/tickets.h"
#include "node/evidence/uploads.h"

/* --------------------------------------------------------------------- owners */

void evidence_owner(char kind, const char *name, char ret[static EVIDENCE_OWNER_MAX + 1])
{
	const struct cy_digest d = cy_sha256(cy_bytes(name, strlen(name)));
	char hex[CY_SHA256_HEX];

	cy_digest_hex(&d, hex);
	snprintf(ret, EVIDENCE_OWNER_MAX + 1, "%c-%.16s", kind, hex);
}

bool evidence_owns(const char *owner, const char *part)
{
	const size_t len = strlen(owner);

	return blob_owner_len(part) == len && memcmp(owner, part, len) == 0;
}

static void part_name(char kind, const char *owner, const struct cy_digest *what, char ret[static BLOB_NAME_MAX + 1])
{
	char its[EVIDENCE_OWNER_MAX + 1], hex[CY_SHA256_HEX];

	evidence_owner(kind, owner, its);
	cy_digest_hex(what, hex);
	snprintf(ret, BLOB_NAME_MAX + 1, "%s-%.40s", its, hex);
}

void evidence_part(const char *peer, const struct blob_id *id, char ret[static BLOB_NAME_MAX + 1])
{
	uint8_t all[2 * CY_SHA256_LEN + 8];
	struct cy_digest name;

	memcpy(all, id->sha256.b, CY_SHA256_LEN);
	memcpy(all + CY_SHA256_LEN, id->root.b, CY_SHA256_LEN);
	for (size_t i = 0; i < 8; i++)
		all[2 * CY_SHA256_LEN + i] = (uint8_t)(id->size >> 8 * i);
	name = cy_sha256v((struct cy_bytes[]){ cy_bytes(all, sizeof all), cy_bytes(peer, strlen(peer)) }, 2);
	part_name('p', peer, &name, ret);
}

void upload_part(const char *client, const char *key, char ret[static BLOB_NAME_MAX + 1])
{
	const struct cy_digest name = store_key_digest(client, key);

	part_name('u', client, &name, ret);
}

void evidence_share(struct node *n)
{
	size_t owners = n->config.n_clients;

	for (size_t i = 0; i < n->n_peers; i++)
		owners += n->peers[i]->configured;
	if (n->ports.blobs.ctx != NULL)
		n->ports.blobs.share(n->ports.blobs.ctx, owners);
}

/* ------------------------------------------------------- what a client may have */

static struct upload *by_part(const struct node *n, const char *part)
{
	struct upload *u = n->evidence->uploads;

	while (u != NULL && strcmp(u->part, part) != 0)
		u = u->next;
	return u;
}

/* What an open upload will have: as announced, or as far as it is. */
static uint64_t claim(const struct upload *u)
{
	return u->size > u->taken ? u->size : u->taken;
}

struct others {
	const struct node *n;
	const struct upload *except;
	char owner[EVIDENCE_OWNER_MAX + 1];
	uint64_t bytes;
	size_t left;
};

static void add_part(void *arg, const struct blob_part *p)
{
	struct others *o = arg;
	const struct upload *u;

	if (!evidence_owns(o->owner, p->name))
		return;
	u = by_part(o->n, p->name);
	if (u == NULL) {
		o->bytes += p->held + p->reserved;
		o->left++;
	} else if (u != o->except && p->here > claim(u)) { /* it is being copied */
		o->bytes += p->here - claim(u);
	}
}

/* The client's other uploads that are not complete. */
static struct others others_of(const struct node *n, const struct upload *u)
{
	struct others o = { .n = n, .except = u };

	evidence_owner('u', u->client, o.owner);
	for (const struct upload *x = n->evidence->uploads; x != NULL; x = x->next)
		if (x != u && strcmp(x->client, u->client) == 0)
			o.bytes += claim(x);
	n->ports.blobs.parts(n->ports.blobs.ctx, add_part, &o);
	return o;
}

uint64_t upload_quota(struct node *n, struct upload *u)
{
	struct store_port *s = &n->ports.store;
	const uint64_t quota = n->config.quota_client;

	if (quota == 0)
		return CY_EVIDENCE_MAX;
	s->upload_bytes(s->ctx, u->client, &u->stored_before);
	u->before = u->stored_before + others_of(n, u).bytes;
	return u->before < quota ? quota - u->before : 0;
}

size_t upload_left(const struct node *n, const struct upload *u)
{
	return others_of(n, u).left;
}

/* ------------------------------------------------------------- what people see */

struct owned {
	char owner[EVIDENCE_OWNER_MAX + 1];
	const char *name;
	bool is_peer;
};

struct listing {
	struct node *n;
	struct cy_arena *a;
	const char *client; /* whose are shown; NULL: all */
	struct owned *owners;
	size_t n_owners;
	CyUpload *rows[CY_PAGE_MAX];
	size_t n_rows;
	bool more;
};

static CyUpload *row_new(struct listing *l)
{
	CyUpload *row;

	if (l->n_rows == CY_PAGE_MAX) {
		l->more = true;
		return NULL;
	}
	row = cy_arena_take(l->a, sizeof *row);
	cy_upload__init(row);
	l->rows[l->n_rows++] = row;
	return row;
}

static bool is_fetched(const struct node *n, const char *part)
{
	for (size_t i = 0; i < n->n_peers; i++)
		for (size_t k = 0; n->peers[i]->bulk != NULL && k < XCHG_PULLS; k++)
			if (n->peers[i]->bulk->pulls[k].used && strcmp(n->peers[i]->bulk->pulls[k].part, part) == 0)
				return true;
	return false;
}

static const struct owned *owner_of(const struct listing *l, const char *part)
{
	for (size_t i = 0; i < l->n_owners; i++)
		if (evidence_owns(l->owners[i].owner, part))
			return &l->owners[i];
	return NULL;
}

static void show_part(void *arg, const struct blob_part *p)
{
	struct listing *l = arg;
	const struct owned *o = owner_of(l, p->name);
	CyUpload *row;

	if (l->client != NULL && (o == NULL || o->is_peer || strcmp(o->name, l->client) != 0))
		return;
	row = row_new(l);
	if (row == NULL)
		return;
	row->id = cy_arena_string(l->a, p->name);
	if (o != NULL && o->is_peer)
		row->peer = (char *)o->name;
	else if (o != NULL)
		row->client = (char *)o->name;
	row->state = (char *)(by_part(l->n, p->name) != NULL || is_fetched(l->n, p->name) ? "open" : "left");
	row->size = p->size;
	row->here = p->here;
	row->held_bytes = p->held;
	row->reserved_bytes = p->reserved;
	row->since_ms = p->since_ms;
}

/* Of content that was handed over: its client and its digest. */
#define STORED_ID_MAX (2 + EVIDENCE_OWNER_MAX + CY_SHA256_HEX)

static void stored_id(const char *client, const struct cy_digest *sha256, char ret[static STORED_ID_MAX])
{
	char owner[EVIDENCE_OWNER_MAX + 1], hex[CY_SHA256_HEX];

	evidence_owner('s', client, owner);
	cy_digest_hex(sha256, hex);
	snprintf(ret, STORED_ID_MAX, "%s-%s", owner, hex);
}

static int show_stored(void *arg, const struct store_upload *x)
{
	struct listing *l = arg;
	char id[STORED_ID_MAX];
	CyUpload *row;

	if (l->client != NULL && strcmp(x->client, l->client) != 0)
		return CY_OK;
	row = row_new(l);
	if (row == NULL)
		return CY_EEXIST;
	stored_id(x->client, &x->sha256, id);
	row->id = cy_arena_string(l->a, id);
	row->client = cy_arena_string(l->a, x->client);
	row->state = (char *)"stored";
	row->size = row->here = row->held_bytes = x->size;
	row->since_ms = x->at.ms;
	return CY_OK;
}

static void find_owners(struct listing *l)
{
	struct node *n = l->n;

	l->owners = cy_arena_take(l->a, (n->config.n_clients + n->n_peers + 1) * sizeof *l->owners);
	for (size_t i = 0; i < n->config.n_clients; i++) {
		struct owned *o = &l->owners[l->n_owners++];

		*o = (struct owned){ .name = n->clients[i].name };
		evidence_owner('u', o->name, o->owner);
	}
	for (size_t i = 0; i < n->n_peers; i++) {
		struct owned *o = &l->owners[l->n_owners++];

		*o = (struct owned){ .name = n->peers[i]->id, .is_peer = true };
		evidence_owner('p', o->name, o->owner);
	}
}

void upload_list(struct node *n, struct conn *c, uint64_t correlation, const CyListUploads *r)
{
	struct store_port *s = &n->ports.store;
	struct cy_arena arena = { 0 };
	struct listing *l = cy_arena_take(&arena, sizeof *l);
	CyServerFrame f = CY_SERVER_FRAME__INIT;
	CyUploadList answer = CY_UPLOAD_LIST__INIT;
	int code = CY_OK;

	(void)r;
	*l = (struct listing){ .n = n, .a = &arena };
	l->client = c->client->role == CY_ROLE__SUBMITTER ? c->client->name : NULL;
	find_owners(l);
	if (n->ports.blobs.ctx != NULL) {
		n->ports.blobs.parts(n->ports.blobs.ctx, show_part, l);
		code = s->uploads(s->ctx, NULL, (struct cy_wall){ 0 }, (struct cy_wall){ INT64_MAX }, UINT32_MAX,
				  show_stored, l);
	}
	if (code < 0 && code != CY_EEXIST) {
		local_unreadable(n, c, correlation, code);
	} else {
		answer.uploads = l->rows;
		answer.n_uploads = l->n_rows;
		answer.more = l->more;
		f.kind_case = CY_SERVER_FRAME__KIND_UPLOAD_LIST;
		f.upload_list = &answer;
		local_send(n, c->id, correlation, &f);
	}
	cy_arena_free(&arena);
}

static void sum_part(void *arg, const struct blob_part *p)
{
	struct evidence_parts *sum = arg;

	if (!evidence_owns(sum->owner, p->name))
		return;
	sum->held += p->held;
	sum->reserved += p->reserved;
	if (p->reserved > 0 && (sum->since_ms == 0 || p->since_ms < sum->since_ms))
		sum->since_ms = p->since_ms;
}

void evidence_of_peer(const struct node *n, const char *peer, struct evidence_parts *ret)
{
	*ret = (struct evidence_parts){ 0 };
	evidence_owner('p', peer, ret->owner);
	if (n->ports.blobs.ctx != NULL)
		n->ports.blobs.parts(n->ports.blobs.ctx, sum_part, ret);
}

/* ------------------------------------------------------------ what people drop */

struct finding {
	struct node *n;
	const char *id;
	const char *client; /* in: whose it must be, NULL: anybody's; out: whose it is, if it was handed over */
	struct cy_digest sha256, root;
	uint64_t size;
	bool found;
};

static void find_part(void *arg, const struct blob_part *p)
{
	struct finding *x = arg;
	char owner[EVIDENCE_OWNER_MAX + 1];

	if (strcmp(p->name, x->id) != 0)
		return;
	if (x->client != NULL)
		evidence_owner('u', x->client, owner);
	x->found = x->client == NULL || evidence_owns(owner, p->name);
}

static int find_stored(void *arg, const struct store_upload *row)
{
	struct finding *x = arg;
	char id[STORED_ID_MAX];

	stored_id(row->client, &row->sha256, id);
	if (strcmp(id, x->id) != 0 || (x->client != NULL && strcmp(x->client, row->client) != 0))
		return CY_OK;
	x->found = true;
	x->client = batch_string(x->n, row->client);
	x->root = row->root;
	x->size = row->size;
	return CY_OK;
}

/* Content that was handed over: its row goes, and then its bytes unless somebody else holds them. */
static int drop_stored(struct finding *x)
{
	struct store_port *s = &x->n->ports.store;
	const char *hex = strrchr(x->id, '-');
	struct store_evidence like;
	struct store_write *w;
	int r;

	if (hex == NULL || cy_unhex(hex + 1, strlen(hex + 1), x->sha256.b, CY_SHA256_LEN) < 0)
		return CY_OK;
	r = s->uploads(s->ctx, &x->sha256, (struct cy_wall){ 0 }, (struct cy_wall){ INT64_MAX }, CY_PAGE_MAX,
		       find_stored, x);
	if (r < 0 || !x->found)
		return r;
	like = (struct store_evidence){ .sha256 = x->sha256, .root = x->root, .size = x->size };
	w = batch_write(x->n, STORE_DROP_UPLOAD);
	w->upload.client = x->client;
	w->upload.sha256 = x->sha256;
	evidence_discard(x->n, &like);
	return CY_OK;
}

void upload_drop(struct node *n, struct conn *c, uint64_t correlation, const CyDropUpload *r)
{
	struct finding x = { .n = n, .id = r->id };
	CyServerFrame f = CY_SERVER_FRAME__INIT;
	CyDone done = CY_DONE__INIT;
	int code = CY_OK;

	x.client = c->client->role == CY_ROLE__SUBMITTER ? c->client->name : NULL;
	if (n->ports.blobs.ctx != NULL)
		n->ports.blobs.parts(n->ports.blobs.ctx, find_part, &x);
	if (x.found && is_fetched(n, r->id)) {
		batch_error(n, c->id, correlation, CY_ERROR_CODE__REFUSED_BY_LIFE_CYCLE, "id",
			    "this item is being fetched from a peer: it can be dropped when it is left");
		return;
	}
	if (x.found)
		upload_throw_away(n, by_part(n, r->id), r->id);
	else
		code = drop_stored(&x);
	if (code < 0 || !x.found) {
		batch_error(n, c->id, correlation, code < 0 ? local_unread_code(code) : CY_ERROR_CODE__NOT_FOUND, "id",
			    code < 0 ? local_unread_text(code)
				     : "there is no such upload that this client may drop: list them again");
		return;
	}
	batch_leaf(n, "evidence dropped %s %s", r->id, c->client->name);
	f.kind_case = CY_SERVER_FRAME__KIND_DONE;
	f.done = &done;
	batch_reply(n, c->id, correlation, &f);
}
