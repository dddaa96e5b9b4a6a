/* What the treaty has to say of a case: faults of what was received, and reviews. */
#include <stdio.h>
#include <string.h>

#include "node/cases/cases.h"
#include "wire/message.h"

#define REVIEWS_MAX 200
#define REVIEW_TEXT 256 /* bytes of each of its texts that a view shows */

struct law_between treaty_between(struct node *n, const struct peer *p, CySide side, struct cy_wall made)
{
	const bool ours = side == CY_SIDE__REQUESTING;
	const char *zone = ours ? n->place.zone : p->place.zone;
	const struct law_zone *z = n->config.legal_data != NULL ? law_find_zone(n->config.legal_data, zone) : NULL;

	return (struct law_between){
		.requesting = ours ? n->place.state : p->place.state,
		.requested = ours ? p->place.state : n->place.state,
		.day = z != NULL ? law_local_date(z, made, NULL) : cy_date_of_days(made.ms / 86400000),
	};
}

CyFault **treaty_faults(struct cy_arena *a, const struct law_faults *faults)
{
	CyFault **list = cy_arena_take(a, (faults->n + 1) * sizeof *list);

	for (size_t i = 0; i < faults->n; i++) {
		list[i] = cy_arena_take(a, sizeof **list);
		cy_fault__init(list[i]);
		list[i]->field = (char *)faults->at[i].field;
		list[i]->text = (char *)faults->at[i].text;
		list[i]->article = (char *)faults->at[i].article;
	}
	return list;
}

/* ----------------------------------------------------------------- looking */

struct look {
	struct node *n;
	struct cy_arena *a;
	const CyCaseSummary *c;
	const CyMessageSummary *of; /* the message that is read */
	struct treaty_view *view;
	const char *damaged; /* the id of a message that cannot be read; NULL: all can */
};

static char *cut(struct look *l, const char *text)
{
	char line[REVIEW_TEXT];

	cy_line(line, sizeof line, text);
	return cy_arena_string(l->a, line);
}

static void add_review(struct look *l, const CyReviewAttestation *r, uint32_t place)
{
	CyReviewView *v;

	if (l->view->n_reviews == REVIEWS_MAX) {
		l->view->more_reviews = true;
		return;
	}
	v = cy_arena_take(l->a, sizeof *v);
	cy_review_view__init(v);
	v->author = l->of->author;
	v->number = l->of->number;
	v->review = place;
	v->by = cut(l, r->by);
	v->standard = cut(l, r->standard);
	v->result = cut(l, r->result);
	v->at_ms = r->at_ms;
	l->view->reviews[l->view->n_reviews++] = v;
}

/* The other side's word counts; its last one, if it said several. */
static void add_reliance(struct look *l, const CyReviewReliance *r)
{
	for (size_t i = 0; i < l->view->n_reviews; i++) {
		CyReviewView *v = l->view->reviews[i];

		if (v->number != r->message || v->review != r->review || strcmp(v->author, l->of->author) == 0)
			continue;
		v->reliance = r->reliance;
		v->reason = cut(l, r->reason);
		v->answer = l->of->number;
	}
}

static void check_received(struct look *l, const CyMessage *m)
{
	struct peer *p = node_peer_ever(l->n, l->c->peer);
	struct law_faults *faults = cy_arena_take(l->a, sizeof *faults);
	struct law_between w;

	if (l->c->side != CY_SIDE__REQUESTED || l->n->config.legal_data == NULL || p == NULL)
		return;
	w = treaty_between(l->n, p, l->c->side, (struct cy_wall){ m->created_ms });
	law_treaty_check(m->content, l->n->config.legal_data, &w, faults);
	l->view->faults = treaty_faults(l->a, faults);
	l->view->n_faults = faults->n;
	l->view->more_faults = faults->more;
}

static void read_content(struct look *l, const CyMessage *m)
{
	const CyContent *c = m->content;

	if (law_kind_opens(c->kind_case))
		check_received(l, m);
	if (c->kind_case == CY_CONTENT__KIND_REQUEST) {
		for (size_t i = 0; i < c->request->n_measures && i < CY_MEASURES_MAX; i++)
			l->view->types[i] = (uint8_t)c->request->measures[i]->type;
		for (size_t i = 0; i < c->request->n_reviews; i++)
			add_review(l, c->request->reviews[i], (uint32_t)i + 1);
	} else if (c->kind_case == CY_CONTENT__KIND_REVIEW_ATTESTATION) {
		add_review(l, c->review_attestation, 1);
	} else if (c->kind_case == CY_CONTENT__KIND_REVIEW_RELIANCE) {
		add_reliance(l, c->review_reliance);
	}
}

static int load_content(void *arg, const struct store_message *row)
{
	struct look *l = arg;
	CyMessage *m = NULL;

	if (sound_message(l->n, row) < 0)
		l->damaged = l->of->message_id;
	else
		m = cy_message__unpack(NULL, row->content.len, row->content.data);
	if (m != NULL && m->content != NULL)
		read_content(arg, m);
	if (m != NULL)
		cy_message__free_unpacked(m, NULL);
	return CY_OK;
}

static int read_kind(struct look *l, CyMessageSummary *const *messages, size_t n_messages, bool answers)
{
	struct store_port *s = &l->n->ports.store;
	int r = CY_OK;

	for (size_t i = 0; r == CY_OK && i < n_messages; i++) {
		const CyMessageSummary *m = messages[i];
		const bool answer = m->kind == CY_CONTENT__KIND_REVIEW_RELIANCE;

		if (answer != answers || (m->void_code != 0 && !law_kind_opens(m->kind)) ||
		    (!answer && m->kind != CY_CONTENT__KIND_REVIEW_ATTESTATION && !law_kind_opens(m->kind)))
			continue;
		l->of = m;
		r = s->get_message(s->ctx, m->message_id, load_content, l);
	}
	return r;
}

/* After those of the treaty: what it says is left out. */
static void add_damaged(struct look *l)
{
	CyFault **list = cy_arena_take(l->a, (l->view->n_faults + 1) * sizeof *list);
	CyFault *f = cy_arena_take(l->a, sizeof *f);
	char text[160];

	snprintf(text, sizeof text,
		 "message %s is damaged in the store, and what it says is left out here: a backup has to be restored",
		 l->damaged);
	cy_fault__init(f);
	f->field = (char *)"messages";
	f->text = cy_arena_string(l->a, text);
	for (size_t i = 0; i < l->view->n_faults; i++)
		list[i] = l->view->faults[i];
	list[l->view->n_faults++] = f;
	l->view->faults = list;
}

int treaty_look(struct node *n, struct cy_arena *a, const CyCaseSummary *c, CyMessageSummary *const *messages,
		size_t n_messages, struct treaty_view *ret)
{
	struct look l = { .n = n, .a = a, .c = c, .view = ret };
	int r;

	*ret = (struct treaty_view){ .reviews = cy_arena_take(a, REVIEWS_MAX * sizeof *ret->reviews) };
	r = read_kind(&l, messages, n_messages, false);
	if (r == CY_OK)
		r = read_kind(&l, messages, n_messages, true);
	if (l.damaged != NULL)
		add_damaged(&l);
	return r;
}
