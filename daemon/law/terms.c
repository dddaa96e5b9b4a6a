#include "law/terms.h"

#include <string.h>

#include "base/error.h"
#include "law/fact.h"
#include "law/kinds.h"

/* Version 1 said whether anything is followed, and not what. */
enum {
	VERSION = 2
};

static void pin(struct law_terms *t, const CyLegalBasis *b)
{
	if (b == NULL || b->reciprocity || cy_copy(t->instrument, sizeof t->instrument, b->instrument) < 0 ||
	    cy_copy(t->version, sizeof t->version, b->version) < 0)
		t->instrument[0] = t->version[0] = '\0';
}

/* One that it names by a reference alone: only its own side knows whose that is. */
static void follow(struct law_terms *t, const CyLink *l)
{
	if (l->type > CY_LINK_TYPE__NEW && cy_uuid_valid(l->case_id) && t->n_follows < LAW_FOLLOWS_MAX &&
	    cy_copy(t->follows[t->n_follows], sizeof t->follows[0], l->case_id) == CY_OK)
		t->n_follows++;
}

static void of_request(struct law_terms *t, const CyRequest *r)
{
	t->n = (uint8_t)(r->n_measures < CY_MEASURES_MAX ? r->n_measures : CY_MEASURES_MAX);
	for (size_t i = 0; i < t->n; i++) {
		t->type[i] = (uint8_t)r->measures[i]->type;
		t->wanted[i] = law_day(r->measures[i]->wanted_by_date);
	}
	if (r->urgency != NULL) {
		t->urgent = true;
		t->urgency_day = law_day(r->urgency->until_date);
	}
	for (size_t i = 0; i < r->n_links; i++)
		follow(t, r->links[i]);
}

void law_terms_of(const CyMessage *m, struct law_terms *ret)
{
	struct law_terms t = { .opened_ms = m->created_ms, .urgency_day = LAW_NO_DAY };

	for (size_t i = 0; i < CY_MEASURES_MAX; i++)
		t.wanted[i] = LAW_NO_DAY;
	if (m->content != NULL)
		pin(&t, law_basis_of(m->content));
	if (m->content != NULL && m->content->kind_case == CY_CONTENT__KIND_REQUEST) {
		of_request(&t, m->content->request);
	} else if (m->content != NULL && m->content->kind_case == CY_CONTENT__KIND_NOTIFICATION) {
		t.type[0] = (uint8_t)m->content->notification->type;
		t.n = t.type[0] != 0;
	}
	*ret = t;
}

struct writer {
	uint8_t *p;
};

static void put(struct writer *w, uint64_t v, int bytes)
{
	for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8)
		*w->p++ = (uint8_t)(v >> shift);
}

static void put_text(struct writer *w, const char *s)
{
	size_t len = strlen(s);

	put(w, len, 1);
	memcpy(w->p, s, len);
	w->p += len;
}

size_t law_terms_encode(const struct law_terms *t, uint8_t out[static LAW_TERMS_MAX])
{
	struct writer w = { out };

	put(&w, VERSION, 1);
	put_text(&w, t->instrument);
	put_text(&w, t->version);
	put(&w, (uint64_t)t->opened_ms, 8);
	put(&w, t->urgent, 1);
	put(&w, (uint32_t)t->urgency_day, 4);
	put(&w, t->n, 1);
	for (size_t i = 0; i < t->n; i++) {
		put(&w, t->type[i], 1);
		put(&w, (uint32_t)t->wanted[i], 4);
	}
	put(&w, t->n_follows, 1);
	for (size_t i = 0; i < t->n_follows; i++, w.p += CY_UUID_LEN)
		memcpy(w.p, t->follows[i], CY_UUID_LEN);
	return (size_t)(w.p - out);
}

struct reader {
	struct cy_bytes left;
	bool bad;
};

static uint64_t get(struct reader *r, size_t bytes)
{
	uint64_t v = 0;

	if (r->left.len < bytes) {
		r->bad = true;
		return 0;
	}
	for (size_t i = 0; i < bytes; i++)
		v = v << 8 | r->left.data[i];
	r->left = cy_bytes(r->left.data + bytes, r->left.len - bytes);
	return v;
}

static void get_text(struct reader *r, char *out, size_t max)
{
	size_t len = (size_t)get(r, 1);

	if (len > max || len > r->left.len) {
		r->bad = true;
		return;
	}
	memcpy(out, r->left.data, len);
	r->left = cy_bytes(r->left.data + len, r->left.len - len);
}

static void get_follows(struct reader *r, struct law_terms *t)
{
	t->n_follows = (uint8_t)get(r, 1);
	if (t->n_follows > LAW_FOLLOWS_MAX || r->left.len != t->n_follows * (size_t)CY_UUID_LEN) {
		r->bad = true;
		return;
	}
	for (size_t i = 0; i < t->n_follows; i++, r->left.data += CY_UUID_LEN, r->left.len -= CY_UUID_LEN)
		memcpy(t->follows[i], r->left.data, CY_UUID_LEN);
}

int law_terms_decode(struct cy_bytes data, struct law_terms *ret)
{
	struct law_terms t = { 0 };
	struct reader r = { .left = data };
	const uint64_t version = get(&r, 1);

	if (version < 1 || version > VERSION)
		return CY_EPARSE;
	get_text(&r, t.instrument, LAW_INSTRUMENT_MAX);
	get_text(&r, t.version, LAW_VERSION_MAX);
	t.opened_ms = (int64_t)get(&r, 8);
	t.urgent = (get(&r, 1) & 1) != 0;
	t.urgency_day = (int32_t)(uint32_t)get(&r, 4);
	t.n = (uint8_t)get(&r, 1);
	if (t.n > CY_MEASURES_MAX)
		return CY_EPARSE;
	for (size_t i = 0; i < t.n; i++) {
		t.type[i] = (uint8_t)get(&r, 1);
		t.wanted[i] = (int32_t)(uint32_t)get(&r, 4);
	}
	for (size_t i = t.n; i < CY_MEASURES_MAX; i++)
		t.wanted[i] = LAW_NO_DAY;
	if (version > 1)
		get_follows(&r, &t);
	if (r.bad || r.left.len > 0)
		return CY_EPARSE;
	*ret = t;
	return CY_OK;
}
