/* Content on the disk that nothing in the store knows: it came after the backup from which the store was restored, or
 * its rows went with what was damaged. Nobody could ever read or destroy it. It is marked, as an upload of nobody, and
 * destroyed when that is as old as an upload that nobody attaches may become: by then whoever restores another
 * backup, or had the wrong directory in the configuration, has read of it. */
#include "base/mutant.h"
#include "node/evidence/rows.h"
#include "node/evidence/tickets.h"
#include "node/evidence/uploads.h"

#define STRAYS_EACH_MS (INT64_C(24) * 3600000) /* between two looks at all that is there */
#define STRAYS_STEP    64u                     /* contents that are asked for before others have their turn */

/* Who waits for it, or is kept from it by a quota, may find no other copy anywhere. */
static int look_row(void *arg, const struct store_evidence *row)
{
	bool *needed = arg;

	*needed = *needed || (row->author == STORE_OWN ? !row->deleted : row->state != STORE_EVIDENCE_DESTROYED);
	return CY_OK;
}

static bool is_needed(struct node *n, const struct cy_digest *sha256)
{
	struct store_port *s = &n->ports.store;
	bool needed = false;

	return s->same_evidence(s->ctx, sha256, look_row, &needed) < 0 || needed;
}

static int look_upload(void *arg, const struct store_upload *row)
{
	(void)row;
	*(bool *)arg = true;
	return CY_OK;
}

static int look_leftover(void *arg, const struct store_leftover *row)
{
	(void)arg;
	(void)row;
	return CY_OK;
}

/* Also where the store cannot say, and what waits to be destroyed. */
static bool is_known(struct node *n, const struct cy_digest *sha256)
{
	struct store_port *s = &n->ports.store;
	bool known = false;

	return is_needed(n, sha256) ||
	       s->uploads(s->ctx, sha256, (struct cy_wall){ 0 }, (struct cy_wall){ INT64_MAX }, 1, look_upload,
			  &known) < 0 ||
	       known || s->get_leftover(s->ctx, sha256, look_leftover, NULL) != CY_ENOENT;
}

static bool may_look(const struct node *n)
{
	return n->ports.blobs.ctx != NULL && !n->evidence->rest.strays.asked && !n->stopping && !n->wait.restored &&
	       node_may_destroy(n, NULL);
}

static void look_at_found(struct node *n)
{
	struct strays *s = &n->evidence->rest.strays;

	for (size_t i = 0; i < STRAYS_STEP && s->at < s->found.len && batch_is_idle(n); i++) {
		struct cy_digest sha256;

		memcpy(sha256.b, s->found.data + s->at, CY_SHA256_LEN);
		s->at += CY_SHA256_LEN;
		if (!is_known(n, &sha256) && !CY_MUTANT_STRAYS_STAY)
			upload_leftover(n, "", &sha256);
	}
}

void evidence_strays(struct node *n)
{
	const struct cy_mono now = n->ports.clock.mono(n->ports.clock.ctx);
	struct strays *s = &n->evidence->rest.strays;
	struct blob_port *b = &n->ports.blobs;
	struct blob_ticket *t;

	/* What gets its name just now has no row yet. */
	if (cy_mono_before(now, evidence_strays_next(n)) || n->evidence->contents_finishing > 0 || !batch_is_idle(n) ||
	    replay_full(n))
		return;
	if (s->stale && s->found.len > 0) {
		s->page = s->of;
	} else if (s->at < s->found.len) {
		look_at_found(n);
		return;
	}
	blob_release(&s->found);
	s->at = 0;
	if (s->page == BLOB_PAGES) {
		s->page = 0;
		s->next = cy_mono_add(now, STRAYS_EACH_MS);
		return;
	}
	t = blob_take(n, BLOB_LIST);
	s->asked = true;
	s->stale = false;
	s->of = s->page;
	if (b->list(b->ctx, t->id, s->page) < 0) {
		blob_untake(n, t);
		s->asked = false;
		s->next = cy_mono_add(now, EVIDENCE_CHECK_MS);
	}
}

struct cy_mono evidence_strays_next(const struct node *n)
{
	return may_look(n) ? n->evidence->rest.strays.next : CY_NEVER;
}

void evidence_strays_listed(struct node *n, struct blob_result *r)
{
	struct strays *s = &n->evidence->rest.strays;

	s->asked = false;
	if (r->code < 0) {
		node_log(n, NODE_ALARM, NODE_EVENT_EVIDENCE, "",
			 "it cannot be found out whether there is evidence that belongs to nothing: %s; it is tried "
			 "again within an hour",
			 r->text);
		s->next = cy_mono_add(n->ports.clock.mono(n->ports.clock.ctx), EVIDENCE_CHECK_MS);
		return;
	}
	s->found = r->data;
	r->data = (struct blob_bytes){ 0 };
	s->page = r->offset;
}

void evidence_strays_free(struct node *n)
{
	blob_release(&n->evidence->rest.strays.found);
}

void evidence_left(struct node *n, const struct input *in)
{
	const struct cy_digest *sha256 = &in->blob.id.sha256;
	const struct cy_wall now = node_now(n);
	char hex[CY_SHA256_HEX], until[CY_RFC3339_SIZE];
	struct store_write *w;

	if (in->blob.part[0] != '\0') {
		evidence_discard(n, &(struct store_evidence){ .sha256 = *sha256 });
		return;
	}
	w = batch_write(n, STORE_PUT_LEFTOVER);
	w->leftover = (struct store_leftover){ .sha256 = *sha256, .found = now };
	cy_digest_hex(sha256, hex);
	batch_leaf(n, "content unknown %s %s", n->authority, hex);
	cy_rfc3339((struct cy_wall){ now.ms + UPLOAD_KEEP_MS }, until);
	node_log(n, NODE_WARNING, NODE_EVENT_EVIDENCE, "",
		 "content %s is on the disk of evidence, and no message or upload knows it, as if it had come after a "
		 "backup that was restored: it is destroyed at %s unless something needs it by then",
		 hex, until);
}

bool evidence_stray_over(struct node *n, const struct store_leftover *row)
{
	char hex[CY_SHA256_HEX];
	struct store_write *w;

	/* What the batch changes is looked at once it is committed. */
	if (n->batch.evidence)
		return false;
	if (is_needed(n, &row->sha256)) {
		w = batch_write(n, STORE_DROP_LEFTOVER);
		w->leftover.sha256 = row->sha256;
		return false;
	}
	cy_digest_hex(&row->sha256, hex);
	batch_leaf(n, "content destroyed %s %s", n->authority, hex);
	node_log(n, NODE_WARNING, NODE_EVENT_EVIDENCE, "",
		 "content %s, which no message or upload knows, is destroyed: nothing has needed it since it was found",
		 hex);
	return true;
}
