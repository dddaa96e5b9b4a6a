/* The treaty profiles of the two sides: each State names those in use by their digests,
 * and the text of what differs is asked for, so that people can be shown where. Nothing
 * else follows from a difference. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/peers/parcels.h"

#define DIFFERENCES_MAX 2000u /* of an answer */

static const struct law_profile *own(const struct node *n, const char *instrument, const char *version)
{
	const struct law_data *b = n->config.legal_data;

	for (size_t i = 0; b != NULL && i < b->n_profiles; i++)
		if (strcmp(b->profiles[i]->id, instrument) == 0 && strcmp(b->profiles[i]->version, version) == 0)
			return b->profiles[i];
	return NULL;
}

CyProfileDigest **profiles_list(struct node *n, size_t *ret_n)
{
	const struct law_data *b = n->config.legal_data;
	const size_t count = b == NULL ? 0 : b->n_profiles < CY_REPEATED_MAX ? b->n_profiles : CY_REPEATED_MAX;
	CyProfileDigest **list = cy_arena_take(&n->batch.arena, (count + 1) * sizeof *list);

	for (size_t i = 0; i < count; i++) {
		const struct law_profile *p = b->profiles[i];

		list[i] = cy_arena_take(&n->batch.arena, sizeof *list[i]);
		cy_profile_digest__init(list[i]);
		list[i]->instrument = (char *)p->id;
		list[i]->version = (char *)p->version;
		list[i]->digest = (ProtobufCBinaryData){ .data = (uint8_t *)p->digest.b, .len = CY_SHA256_LEN };
	}
	*ret_n = count;
	return list;
}

static int same_text(void *arg, const char *id, struct cy_bytes data)
{
	char hex[CY_SHA256_HEX];

	(void)data;
	cy_digest_hex(arg, hex);
	return strcmp(hex, id) == 0 ? CY_OK : CY_ESTATE;
}

static bool held(struct node *n, const struct peer *p, const struct node_profile *f)
{
	struct store_port *s = &n->ports.store;
	struct cy_digest d = f->digest;

	return s->peer_profile(s->ctx, p->id, f->instrument, f->version, same_text, &d) == CY_OK;
}

static void ask(struct node *n, struct peer *p, const struct node_profile *f)
{
	CyPeerFrame frame = CY_PEER_FRAME__INIT;
	CyProfileRequest r = CY_PROFILE_REQUEST__INIT;

	r.instrument = (char *)f->instrument;
	r.version = (char *)f->version;
	frame.kind_case = CY_PEER_FRAME__KIND_PROFILE_REQUEST;
	frame.profile_request = &r;
	batch_send(n, p->session, &frame);
}

static bool differs(const struct node *n, const struct node_profile *f)
{
	const struct law_profile *mine = own(n, f->instrument, f->version);

	return mine != NULL && !cy_digest_equal(&mine->digest, &f->digest);
}

/* One question a session at a time: an answer brings the next. */
static void ask_next(struct node *n, struct peer *p)
{
	for (size_t i = 0; i < p->exchange->n_profiles && node_understands(p, NODE_FEATURE_PROFILE_TEXT); i++)
		if (!p->exchange->profiles[i].asked && differs(n, &p->exchange->profiles[i]) &&
		    !held(n, p, &p->exchange->profiles[i])) {
			p->exchange->profiles[i].asked = true;
			ask(n, p, &p->exchange->profiles[i]);
			return;
		}
}

void profiles_named(struct node *n, struct peer *p, const CyState *st)
{
	size_t different = 0;

	cy_arena_free(&p->exchange->profiles_arena);
	p->exchange->profiles =
		cy_arena_take(&p->exchange->profiles_arena, (st->n_profiles + 1) * sizeof *p->exchange->profiles);
	p->exchange->n_profiles = 0;
	p->exchange->profiles_known = true;
	for (size_t i = 0; i < st->n_profiles; i++) {
		const CyProfileDigest *d = st->profiles[i];
		struct node_profile *f = &p->exchange->profiles[p->exchange->n_profiles];

		if (strlen(d->instrument) > LAW_INSTRUMENT_MAX || strlen(d->version) > LAW_VERSION_MAX)
			continue;
		f->instrument = cy_arena_string(&p->exchange->profiles_arena, d->instrument);
		f->version = cy_arena_string(&p->exchange->profiles_arena, d->version);
		memcpy(f->digest.b, d->digest.data, CY_SHA256_LEN);
		f->asked = false;
		p->exchange->n_profiles++;
		different += differs(n, f);
	}
	if (different > 0)
		node_log(n, NODE_WARNING, NODE_EVENT_NONE, p->id,
			 "peer %s: %zu treaty profiles differ from ours: comityctl treaty diff %s shows where", p->id,
			 different, p->id);
	ask_next(n, p);
}

uint32_t profiles_different(const struct node *n, const struct peer *p)
{
	uint32_t count = 0;

	for (size_t i = 0; i < p->exchange->n_profiles; i++)
		count += differs(n, &p->exchange->profiles[i]);
	return count;
}

void profiles_asked(struct node *n, struct peer *p, const CyProfileRequest *r)
{
	const struct law_profile *mine = own(n, r->instrument, r->version);
	CyPeerFrame frame = CY_PEER_FRAME__INIT;
	CyProfile f = CY_PROFILE__INIT;
	struct cy_buf text = CY_BUF(LAW_CANONICAL_MAX);

	if (mine != NULL && law_profile_canonical(mine, &text) == CY_OK)
		f.text = (ProtobufCBinaryData){ .data = text.data, .len = text.len };
	f.instrument = r->instrument;
	f.version = r->version;
	frame.kind_case = CY_PEER_FRAME__KIND_PROFILE;
	frame.profile = &f;
	batch_send(n, p->session, &frame);
	cy_buf_free(&text);
}

/* Kept if it is what was named, and was asked for. */
void profiles_told(struct node *n, struct peer *p, const CyProfile *f)
{
	const struct cy_bytes text = cy_bytes(f->text.data, f->text.len);
	const struct cy_digest d = cy_sha256(text);
	struct store_write *w;

	for (size_t i = 0; i < p->exchange->n_profiles && text.len <= LAW_CANONICAL_MAX; i++) {
		struct node_profile *k = &p->exchange->profiles[i];

		if (!k->asked || strcmp(k->instrument, f->instrument) != 0 || strcmp(k->version, f->version) != 0 ||
		    !cy_digest_equal(&k->digest, &d) ||
		    !cy_utf8_valid(f->text.len > 0 ? (char *)f->text.data : "", f->text.len))
			continue;
		w = batch_write(n, STORE_PUT_PEER_PROFILE);
		w->profile.peer = batch_string(n, p->id);
		w->profile.instrument = batch_string(n, k->instrument);
		w->profile.version = batch_string(n, k->version);
		w->profile.digest = d;
		w->profile.text = batch_bytes(n, text);
		break;
	}
	ask_next(n, p);
}

/* ------------------------------------------------------------------ comparing */

struct comparing {
	struct cy_arena arena;
	CyProfileDifferences out;
	CyProfileDifference *rows[DIFFERENCES_MAX];
	char *pending[CY_REPEATED_MAX];
	const struct law_profile *mine;
	struct cy_digest theirs; /* digest that the State named */
	size_t bytes;
	bool found;
};

static char *text_of(struct comparing *c, struct cy_bytes b)
{
	char *s = cy_arena_take(&c->arena, b.len + 1);

	if (b.data != NULL)
		memcpy(s, b.data, b.len);
	return s;
}

static void add(struct comparing *c, const char *instrument, const char *version, char *field, char *ours, char *theirs)
{
	CyProfileDifference *d = cy_arena_take(&c->arena, sizeof *d);

	cy_profile_difference__init(d);
	d->instrument = (char *)instrument;
	d->version = (char *)version;
	d->field = field;
	d->ours = ours;
	d->theirs = theirs;
	c->bytes += cy_profile_difference__get_packed_size(d) + 8;
	if (c->out.n_differences == DIFFERENCES_MAX || c->bytes > CY_LOCAL_FRAME_MAX - 65536) {
		c->out.more = true;
		return;
	}
	c->rows[c->out.n_differences++] = d;
}

static int compare_texts(void *arg, const char *id, struct cy_bytes data)
{
	struct comparing *c = arg;
	struct cy_buf mine = CY_BUF(LAW_CANONICAL_MAX);
	char hex[CY_SHA256_HEX];
	struct law_difference d;

	cy_digest_hex(&c->theirs, hex);
	if (strcmp(id, hex) != 0) /* of an earlier State */
		return CY_OK;
	c->found = true;
	if (law_profile_canonical(c->mine, &mine) == CY_OK) {
		struct law_diff diff = { cy_buf_view(&mine), data };

		while (law_diff_next(&diff, &d))
			add(c, c->mine->id, c->mine->version, text_of(c, d.path), text_of(c, d.a), text_of(c, d.b));
	}
	cy_buf_free(&mine);
	return CY_OK;
}

static void compare_one(struct node *n, const struct peer *p, const struct node_profile *f, struct comparing *c)
{
	struct store_port *s = &n->ports.store;
	char name[LAW_INSTRUMENT_MAX + LAW_VERSION_MAX + 2];

	c->mine = own(n, f->instrument, f->version);
	c->theirs = f->digest;
	c->found = false;
	if (c->mine == NULL) {
		add(c, f->instrument, f->version, (char *)"", (char *)"", (char *)"in use");
		return;
	}
	if (cy_digest_equal(&c->mine->digest, &f->digest)) {
		c->out.equal++;
		return;
	}
	s->peer_profile(s->ctx, p->id, f->instrument, f->version, compare_texts, c);
	if (!c->found && c->out.n_pending < CY_REPEATED_MAX) {
		snprintf(name, sizeof name, "%s %s", f->instrument, f->version);
		c->pending[c->out.n_pending++] = cy_arena_string(&c->arena, name);
	}
}

static bool named(const struct peer *p, const struct law_profile *mine)
{
	for (size_t i = 0; i < p->exchange->n_profiles; i++)
		if (strcmp(p->exchange->profiles[i].instrument, mine->id) == 0 &&
		    strcmp(p->exchange->profiles[i].version, mine->version) == 0)
			return true;
	return false;
}

void profiles_compare(struct node *n, struct conn *c, uint64_t correlation, const CyCompareProfiles *r)
{
	const struct peer *p = node_peer(n, r->peer);
	const struct law_data *b = n->config.legal_data;
	CyServerFrame f = CY_SERVER_FRAME__INIT;
	struct comparing *x;

	if (!node_names_peer(n, c, correlation, r->peer))
		return;
	if (p == NULL) {
		local_error(n, c->id, correlation, CY_ERROR_CODE__NOT_FOUND, "peer",
			    "this authority is not in the configuration: comityctl peer list shows those that are");
		return;
	}
	x = calloc(1, sizeof *x);
	CY_ASSERT(x != NULL);
	cy_profile_differences__init(&x->out);
	x->out.known = p->exchange->profiles_known;
	for (size_t i = 0; i < p->exchange->n_profiles; i++)
		compare_one(n, p, &p->exchange->profiles[i], x);
	for (size_t i = 0; p->exchange->profiles_known && b != NULL && i < b->n_profiles; i++)
		if (!named(p, b->profiles[i]))
			add(x, b->profiles[i]->id, b->profiles[i]->version, (char *)"", (char *)"in use", (char *)"");
	x->out.differences = x->rows;
	x->out.pending = x->pending;
	f.kind_case = CY_SERVER_FRAME__KIND_PROFILE_DIFFERENCES;
	f.profile_differences = &x->out;
	local_send(n, c->id, correlation, &f);
	cy_arena_free(&x->arena);
	free(x);
}
