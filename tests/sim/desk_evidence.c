/* Case systems and evidence: they hand it over in frames, go on where a crash left it,
 * attach it, fetch what arrived and look at every byte, say what they found, hold some of
 * it, and certify that some was destroyed. */
#include <stdlib.h>
#include <string.h>

#include "sim.h"

/* An attachment that arrived, as the case system keeps it in its own database. */
struct item {
	char message_id[CY_UUID_LEN + 1], case_id[CY_UUID_LEN + 1];
	uint32_t attachment, number;
	struct sim_pair *pair;
	bool result, settled, held;
};

struct sim_desk_evidence {
	struct item *items;
	size_t n_items, cap_items, first_open;
	/* The upload under way; job NULL: none. */
	struct {
		struct sim_job *job;
		size_t at;
		uint64_t first; /* correlation of its first frame */
		uint64_t offset;
		bool sending, finished;
	} up;
	/* What is fetched; correlation 0: nothing. */
	struct {
		uint64_t correlation, offset;
		char message_id[CY_UUID_LEN + 1];
		uint32_t attachment;
		bool forbidden; /* it must not be had: it is of another client's case */
	} get;
	uint64_t *said; /* correlations of this connection that are ours */
	size_t n_said, cap_said;
	char fault[120]; /* why the last upload or fetching ended */
};

static bool keeps(const struct sim_desk *d)
{
	return d->node->w->set.level[FAULT_EVIDENCE] > 0;
}

static uint64_t say(struct sim_desk *d, CyClientFrame *f)
{
	struct sim_desk_evidence *v = d->evidence;

	if (v->n_said == v->cap_said) {
		v->cap_said = v->cap_said > 0 ? 2 * v->cap_said : 16;
		v->said = realloc(v->said, v->cap_said * sizeof *v->said);
		CY_ASSERT(v->said != NULL);
	}
	return v->said[v->n_said++] = desk_say(d, f);
}

/* ----------------------------------------------------------------- attaching */

void desk_attach(struct sim_desk *d, struct sim_job *j, CyContent__KindCase kind)
{
	static const uint64_t of_twelve[] = { 0, 2, 4, 8 };
	struct world *w = d->node->w;

	if (!keeps(d) ||
	    (kind != CY_CONTENT__KIND_REQUEST && kind != CY_CONTENT__KIND_RESULT &&
	     kind != CY_CONTENT__KIND_SUPPLEMENT) ||
	    cy_rng_below(&d->rng, 12) >= of_twelve[w->set.level[FAULT_EVIDENCE]])
		return;
	j->n_attached = 1 + (size_t)cy_rng_below(&d->rng, SIM_ATTACHED_MAX);
	for (size_t i = 0; i < j->n_attached; i++) {
		const struct sim_job *other = d->jobs[cy_rng_below(&d->rng, d->n_jobs)];
		const struct cy_date last =
			cy_date_of_days((START_MS + w->now) / DAY + (int64_t)cy_rng_below(&d->rng, 12));

		/* At times what was sent before, perhaps to somebody else. */
		j->attached[i].content = cy_rng_below(&d->rng, 4) == 0 && other != j && other->n_attached > 0
						 ? other->attached[0].content
						 : content_new(w, &d->rng);
		j->attached[i].send_always = cy_rng_below(&d->rng, 10) == 0;
		if (cy_rng_below(&d->rng, 3) == 0)
			snprintf(j->attached[i].retain, sizeof j->attached[i].retain, "%04d-%02d-%02d", (int)last.year,
				 (int)last.month, (int)last.day);
	}
}

bool desk_attached(const struct sim_job *j)
{
	bool all = true;

	for (size_t i = 0; i < j->n_attached; i++)
		all = all && j->attached[i].stored;
	return all;
}

static void place_of(CyContent *c, size_t **ret_n, CyAttachment ****ret_list)
{
	if (c->kind_case == CY_CONTENT__KIND_REQUEST) {
		*ret_n = &c->request->n_attachments;
		*ret_list = &c->request->attachments;
	} else if (c->kind_case == CY_CONTENT__KIND_RESULT) {
		*ret_n = &c->result->n_attachments;
		*ret_list = &c->result->attachments;
	} else {
		*ret_n = &c->supplement->n_attachments;
		*ret_list = &c->supplement->attachments;
	}
}

/* The template's own attachments stay away: they are described, and do not travel. */
void desk_fill(const struct sim_job *j, CySubmission *s, CyAttachment *room, CyAttachment **list)
{
	CyAttachment ***at;
	size_t *n;

	if (j->n_attached == 0)
		return;
	for (size_t i = 0; i < j->n_attached; i++) {
		const struct sim_content *c = j->attached[i].content;

		cy_attachment__init(&room[i]);
		room[i].name = (char *)"f";
		room[i].media_type = (char *)"a/b";
		room[i]._size_case = CY_ATTACHMENT___SIZE_SIZE;
		room[i].size = c->id.size;
		room[i].sha256 = (ProtobufCBinaryData){ .data = (uint8_t *)c->id.sha256.b, .len = CY_SHA256_LEN };
		room[i].chunk_root = (ProtobufCBinaryData){ .data = (uint8_t *)c->id.root.b, .len = CY_SHA256_LEN };
		room[i].chunk_bytes = CY_CHUNK;
		room[i].retain_until_date = (char *)j->attached[i].retain;
		room[i].send_always = j->attached[i].send_always;
		list[i] = &room[i];
	}
	place_of(s->content, &n, &at);
	CY_ASSERT(*n == 0);
	*n = j->n_attached;
	*at = list;
}

void desk_unfill(const struct sim_job *j, CySubmission *s)
{
	CyAttachment ***at;
	size_t *n;

	if (j->n_attached == 0)
		return;
	place_of(s->content, &n, &at);
	*n = 0;
	*at = NULL;
}

/* Content that nobody attaches is deleted after 30 days, by the authority's own clock, which operators
 * confirm also where it is weeks off; what the disk has spoilt, or has not given back at two checks, or an erasure
 * has destroyed, since it was handed over has to be put once more; and a restored store may not know it. */
bool desk_to_store(struct sim_desk *d, struct sim_job *j, const char *field)
{
	const size_t len = strlen(field);
	const int64_t off = d->node->offset_high - d->node->offset_low;
	bool may = d->node->restored;

	if (j->n_attached == 0 || len < 8 || strcmp(field + len - 8, "].sha256") != 0)
		return false;
	for (size_t i = 0; i < j->n_attached; i++) {
		const struct cy_digest *sha256 = &j->attached[i].content->id.sha256;
		const int64_t at = j->attached[i].at;

		may = may || d->node->w->now - at + off > 25 * DAY;
		may = may || blobs_harmed(d->node, sha256) >= at || blobs_not_given(d->node, sha256) >= at;
		may = may || erasures_destroyed(d->node, sha256) >= at;
		j->attached[i].stored = false;
	}
	return may;
}

/* ---------------------------------------------------------------- handing over */

static void key_of(const struct sim_desk_evidence *v, char out[static 32])
{
	snprintf(out, 32, "up-%llu-%zu", (unsigned long long)v->up.job->serial, v->up.at);
}

static void open_upload(struct sim_desk *d)
{
	struct sim_desk_evidence *v = d->evidence;
	CyClientFrame f = CY_CLIENT_FRAME__INIT;
	CyOpenUpload o = CY_OPEN_UPLOAD__INIT;
	char key[32];

	if (v->up.job != NULL || d->conn == 0)
		return;
	for (size_t i = d->first_open; i < d->n_jobs && v->up.job == NULL; i++)
		for (size_t k = 0; d->jobs[i]->state == JOB_WAITING && k < d->jobs[i]->n_attached; k++)
			if (!d->jobs[i]->attached[k].stored) {
				v->up.job = d->jobs[i];
				v->up.at = k;
				break;
			}
	if (v->up.job == NULL)
		return;
	key_of(v, key);
	o.key = key;
	if (v->up.job->serial % 4 != 0) {
		o._size_case = CY_OPEN_UPLOAD___SIZE_SIZE;
		o.size = v->up.job->attached[v->up.at].content->id.size;
	}
	f.kind_case = CY_CLIENT_FRAME__KIND_OPEN_UPLOAD;
	f.open_upload = &o;
	v->up.sending = v->up.finished = false;
	v->up.first = say(d, &f);
	world_say(d->node->w, "%s/%u hands over %s, %llu bytes, for %s", d->node->id, d->client, key,
		  (unsigned long long)v->up.job->attached[v->up.at].content->id.size, v->up.job->tag);
}

static void finish_upload(struct sim_desk *d)
{
	struct sim_desk_evidence *v = d->evidence;
	const struct sim_content *c = v->up.job->attached[v->up.at].content;
	CyClientFrame f = CY_CLIENT_FRAME__INIT;
	CyFinishUpload u = CY_FINISH_UPLOAD__INIT;
	char key[32];

	key_of(v, key);
	u.key = key;
	u.size = c->id.size;
	if (v->up.job->serial % 3 != 0)
		u.sha256 = (ProtobufCBinaryData){ .data = (uint8_t *)c->id.sha256.b, .len = CY_SHA256_LEN };
	f.kind_case = CY_CLIENT_FRAME__KIND_FINISH_UPLOAD;
	f.finish_upload = &u;
	v->up.finished = true;
	v->up.job->attached[v->up.at].at = d->node->w->now;
	say(d, &f);
}

/* The next bytes, until all are said. */
static void on_send(struct world *w, void *arg, uint64_t first)
{
	static uint8_t bytes[CY_UPLOAD_DATA_MAX];
	struct sim_desk *d = arg;
	struct sim_desk_evidence *v = d->evidence;
	CyClientFrame f = CY_CLIENT_FRAME__INIT;
	CyUploadData u = CY_UPLOAD_DATA__INIT;
	const struct sim_content *c;
	uint64_t left, len;
	char key[32];

	if (v->up.job == NULL || v->up.first != first || !v->up.sending || v->up.finished || d->conn == 0)
		return;
	c = v->up.job->attached[v->up.at].content;
	left = c->id.size - v->up.offset;
	if (left == 0) {
		finish_upload(d);
		return;
	}
	if (d->out.n < 4) {
		len = cy_rng_below(&d->rng, 3) > 0 ? CY_UPLOAD_DATA_MAX : 1 + cy_rng_below(&d->rng, CY_UPLOAD_DATA_MAX);
		len = len < left ? len : left;
		content_bytes(c, v->up.offset, (size_t)len, bytes);
		key_of(v, key);
		u.key = key;
		u.offset = v->up.offset;
		u.data = (ProtobufCBinaryData){ .data = bytes, .len = (size_t)len };
		f.kind_case = CY_CLIENT_FRAME__KIND_UPLOAD_DATA;
		f.upload_data = &u;
		v->up.offset += len;
		say(d, &f);
	}
	world_at(w, w->now + 1 + (int64_t)cy_rng_below(&d->rng, d->out.n < 4 ? 20 : SECOND), on_send, d, first);
}

static void on_state(struct sim_desk *d, uint64_t correlation, const CyUploadState *s)
{
	struct sim_desk_evidence *v = d->evidence;

	if (v->up.job == NULL || correlation != v->up.first || v->up.sending)
		return;
	if (s->offset > v->up.job->attached[v->up.at].content->id.size) {
		world_fail(d->node->w, "%s/%u: more of %s is here than it has", d->node->id, d->client, s->key);
		return;
	}
	v->up.sending = true;
	v->up.offset = s->offset;
	world_at(d->node->w, d->node->w->now + 1, on_send, d, v->up.first);
}

static void on_stored(struct sim_desk *d, const CyEvidenceStored *s)
{
	struct sim_desk_evidence *v = d->evidence;
	const struct sim_content *c;
	struct world *w = d->node->w;

	if (v->up.job == NULL)
		return;
	c = v->up.job->attached[v->up.at].content;
	if (s->size != c->id.size || s->sha256.len != CY_SHA256_LEN || s->chunk_root.len != CY_SHA256_LEN ||
	    memcmp(s->sha256.data, c->id.sha256.b, CY_SHA256_LEN) != 0 ||
	    memcmp(s->chunk_root.data, c->id.root.b, CY_SHA256_LEN) != 0)
		world_fail(w, "%s/%u: %s became another content than was handed over", d->node->id, d->client, s->key);
	v->up.job->attached[v->up.at].stored = true;
	v->up.job = NULL;
	w->counts.uploads++;
	open_upload(d);
}

/* ------------------------------------------------------------------- fetching */

static struct item *find_item(struct sim_desk_evidence *v, const char *message_id, uint32_t attachment)
{
	for (size_t i = v->n_items; i-- > 0;)
		if (v->items[i].attachment == attachment && strcmp(v->items[i].message_id, message_id) == 0)
			return &v->items[i];
	return NULL;
}

void desk_evidence_event(struct sim_desk *d, const CyEvent *e)
{
	struct sim_desk_evidence *v = d->evidence;
	const uint32_t attachment = (uint32_t)strtoul(e->text, NULL, 10);
	const struct mem_message *m = mem_store_message(&d->node->store, e->message_id);
	struct sim_node *s = d->node;
	const struct mem_case *c;
	struct item *i;

	if (e->type == CY_EVENT_TYPE__EVIDENCE_ARRIVED && e->text[0] == '\0') {
		/* An erasure of the case took its text before this client had read it. */
		c = mem_store_case(&s->store, e->peer, e->case_id);
		if (c == NULL || c->row.erased.ms == 0)
			world_fail(s->w, "%s/%u: evidence of %s arrived, and it is not said which", s->id, d->client,
				   e->message_id);
		return;
	}
	if (e->type != CY_EVENT_TYPE__EVIDENCE_ARRIVED || find_item(v, e->message_id, attachment) != NULL)
		return;
	if (m == NULL || m->row.author != STORE_PEER || attachment == 0) {
		world_fail(s->w, "%s/%u: evidence %s/%s arrived, of a message that is not there", s->id, d->client,
			   e->message_id, e->text);
		return;
	}
	if (v->n_items == v->cap_items) {
		v->cap_items = v->cap_items > 0 ? 2 * v->cap_items : 16;
		v->items = realloc(v->items, v->cap_items * sizeof *v->items);
		CY_ASSERT(v->items != NULL);
	}
	i = &v->items[v->n_items++];
	*i = (struct item){ .attachment = attachment,
			    .number = e->number,
			    .result = m->row.kind == CY_CONTENT__KIND_RESULT };
	snprintf(i->message_id, sizeof i->message_id, "%s", e->message_id);
	snprintf(i->case_id, sizeof i->case_id, "%s", e->case_id);
	for (size_t k = 0; k < s->n_pairs; k++)
		if (strcmp(s->pairs[k]->side[s->pairs[k]->side[0] == s]->id, e->peer) == 0)
			i->pair = s->pairs[k];
	CY_ASSERT(i->pair != NULL);
}

static void get(struct sim_desk *d, const char *message_id, uint32_t attachment, bool forbidden)
{
	struct sim_desk_evidence *v = d->evidence;
	CyClientFrame f = CY_CLIENT_FRAME__INIT;
	CyGetEvidence g = CY_GET_EVIDENCE__INIT;
	CyEvidenceRef item = CY_EVIDENCE_REF__INIT;

	snprintf(v->get.message_id, sizeof v->get.message_id, "%s", message_id);
	v->get.attachment = attachment;
	v->get.offset = 0;
	v->get.forbidden = forbidden;
	item.message_id = v->get.message_id;
	item.attachment = attachment;
	g.item = &item;
	f.kind_case = CY_CLIENT_FRAME__KIND_GET_EVIDENCE;
	f.get_evidence = &g;
	v->get.correlation = say(d, &f);
	world_say(d->node->w, "%s/%u fetches %s/%u%s", d->node->id, d->client, message_id, attachment,
		  forbidden ? ", which it may not see" : "");
}

static void get_next(struct sim_desk *d)
{
	struct sim_desk_evidence *v = d->evidence;
	const struct mem_store *s = &d->node->store;

	if (v->get.correlation != 0 || d->conn == 0)
		return;
	if (d->client == 1 && s->n_evidence > 0 && cy_rng_below(&d->rng, 16) == 0) {
		const struct store_evidence *e = s->evidence[cy_rng_below(&d->rng, s->n_evidence)];
		const struct mem_case *c = mem_store_case((struct mem_store *)s, e->peer, e->case_id);

		if (strcmp(c->row.client, "clerk") != 0) {
			get(d, e->message_id, e->attachment, true);
			return;
		}
	}
	while (v->first_open < v->n_items && v->items[v->first_open].settled)
		v->first_open++;
	for (size_t i = v->first_open; i < v->n_items; i++)
		if (!v->items[i].settled) {
			get(d, v->items[i].message_id, v->items[i].attachment, false);
			return;
		}
}

static void hold(struct sim_desk *d, struct item *i, bool on)
{
	CyClientFrame f = CY_CLIENT_FRAME__INIT;
	CyHoldEvidence h = CY_HOLD_EVIDENCE__INIT;
	CyEvidenceRef item = CY_EVIDENCE_REF__INIT;

	item.message_id = i->message_id;
	item.attachment = i->attachment;
	h.item = &item;
	h.hold = i->held = on;
	h.reason = (char *)"r";
	f.kind_case = CY_CLIENT_FRAME__KIND_HOLD_EVIDENCE;
	f.hold_evidence = &h;
	say(d, &f);
	world_say(d->node->w, "%s/%u %s %s/%u", d->node->id, d->client, on ? "holds" : "releases", i->message_id,
		  i->attachment);
}

/* As if the disk had spoilt it. */
static void fetch_again(struct sim_desk *d, const struct item *i)
{
	CyClientFrame f = CY_CLIENT_FRAME__INIT;
	CyFetchEvidence again = CY_FETCH_EVIDENCE__INIT;
	CyEvidenceRef item = CY_EVIDENCE_REF__INIT;

	item.message_id = (char *)i->message_id;
	item.attachment = i->attachment;
	again.item = &item;
	again.reason = (char *)"r";
	f.kind_case = CY_CLIENT_FRAME__KIND_FETCH_EVIDENCE;
	f.fetch_evidence = &again;
	say(d, &f);
	world_say(d->node->w, "%s/%u has %s/%u fetched again", d->node->id, d->client, i->message_id, i->attachment);
}

static void certify(struct sim_desk *d, const struct item *i)
{
	char text[200];

	snprintf(text, sizeof text,
		 "\"destructionCertificate\":{\"result\":%u,\"method\":\"m\",\"certifiedBy\":\"c\",\"attachments\":[%u]"
		 "}",
		 i->number, i->attachment);
	desk_follow_up(d, i->pair, i->case_id, text);
}

/* It has all of it: what does it say? */
static void looked_at(struct sim_desk *d, struct item *i)
{
	const bool rejects = cy_rng_below(&d->rng, 6) == 0;
	char text[200];

	i->settled = true;
	d->node->w->counts.fetched++;
	if (cy_rng_below(&d->rng, 4) == 0)
		hold(d, i, true);
	if (!i->result || d->node->w->healed)
		return;
	snprintf(text, sizeof text, "\"evidenceVerification\":{\"result\":%u,\"state\":\"%s\"%s,\"attachments\":[%u]}",
		 i->number, rejects ? "REJECTED" : "VERIFIED", rejects ? ",\"reason\":\"r\"" : "", i->attachment);
	desk_follow_up(d, i->pair, i->case_id, text);
	if (cy_rng_below(&d->rng, 3) == 0)
		certify(d, i);
}

static void on_data(struct sim_desk *d, const CyEvidenceData *e)
{
	struct sim_desk_evidence *v = d->evidence;
	struct world *w = d->node->w;
	const struct store_evidence *row = mem_store_evidence(&d->node->store, v->get.message_id, v->get.attachment);
	const struct sim_content *c = row != NULL ? content_find(w, &row->sha256) : NULL;
	struct item *i = find_item(v, v->get.message_id, v->get.attachment);
	uint8_t *expected;

	if (v->get.forbidden) {
		world_fail(w, "%s/%u gets %s/%u, of another client's case", d->node->id, d->client, v->get.message_id,
			   v->get.attachment);
		return;
	}
	if (c == NULL)
		return;
	expected = malloc(e->data.len + 1);
	CY_ASSERT(expected != NULL);
	if (e->offset != v->get.offset || e->offset + e->data.len > c->id.size ||
	    e->last != (e->offset + e->data.len == c->id.size))
		world_fail(w, "%s/%u gets bytes of %s/%u that do not follow", d->node->id, d->client, v->get.message_id,
			   v->get.attachment);
	else {
		content_bytes(c, e->offset, e->data.len, expected);
		if (e->data.len > 0 && memcmp(expected, e->data.data, e->data.len) != 0)
			world_fail(w, "%s/%u gets other bytes than those of %s/%u", d->node->id, d->client,
				   v->get.message_id, v->get.attachment);
	}
	free(expected);
	v->get.offset += e->data.len;
	if (!e->last)
		return;
	v->get.correlation = 0;
	if (i != NULL && !i->settled)
		looked_at(d, i);
	get_next(d);
}

/* --------------------------------------------------------------------- frames */

static bool is_ours(const struct sim_desk_evidence *v, uint64_t correlation)
{
	for (size_t i = v->n_said; i-- > 0;)
		if (v->said[i] == correlation)
			return true;
	return false;
}

/* An order that came too late, and not the upload that may be under way. */
static bool is_about_item(const CyError *e)
{
	return e->n_faults > 0 && strcmp(e->faults[0]->field, "item") == 0;
}

static void on_error(struct sim_desk *d, uint64_t correlation, const CyError *e)
{
	struct sim_desk_evidence *v = d->evidence;
	struct item *i;

	snprintf(v->fault, sizeof v->fault, "%s", e->text);
	world_say(d->node->w, "%s/%u: %s", d->node->id, d->client, e->text);
	if (correlation == v->get.correlation) {
		const struct store_evidence *row =
			mem_store_evidence(&d->node->store, v->get.message_id, v->get.attachment);

		v->get.correlation = 0;
		i = find_item(v, v->get.message_id, v->get.attachment);
		if (v->get.forbidden || i == NULL || e->code != CY_ERROR_CODE__NOT_FOUND)
			return;
		/* Destroyed by now, or lost by the disk; or a restored store knows nothing of it. */
		if (row != NULL && row->state == STORE_EVIDENCE_HERE && row->flaw == STORE_SOUND &&
		    !d->node->restored && !blobs_lost(d->node, &row->sha256))
			world_fail(d->node->w, "%s/%u cannot get %s/%u, which is here: %s", d->node->id, d->client,
				   v->get.message_id, v->get.attachment, e->text);
		i->settled = true;
		get_next(d); /* of many restored stores there may be hundreds of them */
	} else if (v->up.job != NULL && correlation >= v->up.first && !is_about_item(e)) {
		v->up.job = NULL;
	}
}

bool desk_evidence_frame(struct sim_desk *d, const CyServerFrame *f)
{
	if (!keeps(d) || !is_ours(d->evidence, f->correlation))
		return false;
	switch (f->kind_case) {
	case CY_SERVER_FRAME__KIND_UPLOAD_STATE:
		on_state(d, f->correlation, f->upload_state);
		break;
	case CY_SERVER_FRAME__KIND_EVIDENCE_STORED:
		on_stored(d, f->evidence_stored);
		break;
	case CY_SERVER_FRAME__KIND_EVIDENCE_DATA:
		if (f->correlation == d->evidence->get.correlation)
			on_data(d, f->evidence_data);
		break;
	case CY_SERVER_FRAME__KIND_ERROR:
		on_error(d, f->correlation, f->error);
		break;
	default:
		break;
	}
	return true;
}

/* ----------------------------------------------------------------------- life */

void desk_evidence_init(struct sim_desk *d)
{
	d->evidence = calloc(1, sizeof *d->evidence);
	CY_ASSERT(d->evidence != NULL);
}

void desk_evidence_free(struct sim_desk *d)
{
	free(d->evidence->items);
	free(d->evidence->said);
	free(d->evidence);
}

void desk_evidence_turn(struct sim_desk *d)
{
	struct sim_desk_evidence *v = d->evidence;

	if (!keeps(d))
		return;
	if (v->n_items > 0 && !d->node->w->healed && cy_rng_below(&d->rng, 8) == 0) {
		struct item *i = &v->items[cy_rng_below(&d->rng, v->n_items)];

		if (i->held && cy_rng_below(&d->rng, 2) == 0)
			hold(d, i, false);
		else if (cy_rng_below(&d->rng, 3) == 0)
			fetch_again(d, i);
		else if (i->settled && i->result)
			certify(d, i);
	}
	open_upload(d);
	get_next(d);
}

/* The connection is gone. What is stored, and what was looked at, is known. */
void desk_evidence_lost(struct sim_desk *d)
{
	struct sim_desk_evidence *v = d->evidence;

	v->up.job = NULL;
	v->get.correlation = 0;
	v->n_said = 0;
}

void desk_evidence_restored(struct sim_desk *d)
{
	for (size_t i = 0; i < d->n_jobs; i++)
		for (size_t k = 0; k < d->jobs[i]->n_attached; k++)
			d->jobs[i]->attached[k].stored = false;
}

bool desk_evidence_idle(const struct sim_desk *d, char *why, size_t size)
{
	const struct sim_desk_evidence *v = d->evidence;

	for (size_t i = v->first_open; i < v->n_items; i++)
		if (!v->items[i].settled) {
			snprintf(why, size, "%s/%u: evidence %s/%u is not fetched: %s", d->node->id, d->client,
				 v->items[i].message_id, v->items[i].attachment, v->fault);
			return false;
		}
	return true;
}
