/* What other authorities sent and no local client has fetched: neither has a cursor moved past its event, nor was it
 * shown, nor has anybody here said anything in its case since it came. It is counted for the status, and told in the
 * journal when it is old. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/clients/views.h"

#define UNREAD_TOLD 4 /* messages that a line of the journal names */

struct counting_unread {
	struct cy_arena *arena;
	CyStatus *status;
	struct unread_case {
		const char *case_id, *peer;
	} cases[CY_UNREAD_MAX];
	CyUnreadMessage *oldest[CY_UNREAD_NAMED];
};

static int count_unread(void *arg, const struct store_message *row)
{
	struct counting_unread *c = arg;
	CyUnreadMessage *m;

	c->cases[c->status->unread_messages++] =
		(struct unread_case){ cy_arena_string(c->arena, row->case_id), cy_arena_string(c->arena, row->peer) };
	if (c->status->n_unread_oldest == CY_UNREAD_NAMED)
		return CY_OK;
	m = cy_arena_take(c->arena, sizeof *m);
	cy_unread_message__init(m);
	m->peer = cy_arena_string(c->arena, row->peer);
	m->case_id = cy_arena_string(c->arena, row->case_id);
	m->message_id = cy_arena_string(c->arena, row->id);
	m->kind = row->kind;
	m->priority = row->priority;
	m->since_ms = row->unread.ms;
	c->oldest[c->status->n_unread_oldest++] = m;
	return CY_OK;
}

static int by_key(const void *a, const void *b)
{
	const struct unread_case *one = a, *other = b;
	const int c = strcmp(one->case_id, other->case_id);

	return c != 0 ? c : strcmp(one->peer, other->peer);
}

struct naming_unread {
	struct cy_arena *arena;
	CyUnreadMessage *message;
	struct store_view view;
};

static int name_case(void *arg, const struct store_case *row)
{
	const struct naming_unread *n = arg;

	if (n->view.client == NULL || strcmp(n->view.client, row->client) == 0)
		n->message->reference = cy_arena_string(n->arena, row->own_reference[0] != '\0' ? row->own_reference
												: row->peer_reference);
	return CY_OK;
}

int unread_count(struct node *n, struct store_view view, struct cy_arena *a, CyStatus *ret_status)
{
	struct store_port *s = &n->ports.store;
	struct counting_unread *c = cy_arena_take(a, sizeof *c);
	int r;

	*c = (struct counting_unread){ .arena = a, .status = ret_status };
	ret_status->unread_oldest = c->oldest;
	ret_status->unread_after_ms = (uint64_t)n->config.unread_ms;
	r = s->unread(s->ctx, (struct cy_wall){ 0 }, "", CY_BOUND(CY_UNREAD_MAX), count_unread, c);
	qsort(c->cases, ret_status->unread_messages, sizeof *c->cases, by_key);
	for (size_t i = 0; i < ret_status->unread_messages; i++)
		ret_status->unread_cases += i == 0 || by_key(&c->cases[i - 1], &c->cases[i]) != 0;
	for (size_t i = 0; i < ret_status->n_unread_oldest && r == CY_OK; i++) {
		struct naming_unread naming = { a, c->oldest[i], view };

		r = s->get_case(s->ctx, c->oldest[i]->peer, c->oldest[i]->case_id, name_case, &naming);
		r = r == CY_ENOENT ? CY_OK : r;
	}
	return r;
}

struct answering {
	struct node *n;
	size_t count;
	uint32_t last; /* number of what is stored */
	char text[UNREAD_TOLD * 48];
};

static int answer_message(void *arg, const struct store_message *row)
{
	struct answering *x = arg;
	const size_t len = strlen(x->text);
	const char *kind = law_kind_name(row->kind);

	x->last = row->number;
	if (!store_is_unread(row))
		return CY_OK;
	if (x->count++ < UNREAD_TOLD)
		snprintf(x->text + len, sizeof x->text - len, "%s%s #%u", len > 0 ? ", " : "",
			 kind != NULL ? kind : "message", row->number);
	subscribe_answered(x->n, row->id);
	return CY_OK;
}

int unread_answered(struct node *n, struct work_case *c, char *ret_text, size_t size)
{
	struct store_port *s = &n->ports.store;
	struct answering x = { .n = n, .last = c->answered };
	char more[32] = "";
	const int r = c->answered < c->row.peer_number
			      ? s->peer_messages(s->ctx, c->row.peer, c->row.case_id, c->answered, answer_message, &x)
			      : CY_OK;

	if (r == CY_OK)
		c->answered = x.last;
	if (x.count > UNREAD_TOLD)
		snprintf(more, sizeof more, ", and %zu more", x.count - UNREAD_TOLD);
	ret_text[0] = '\0';
	if (x.count > 0)
		snprintf(ret_text, size,
			 "no client had fetched %s%s of %s: what came before an answer counts as read (comityctl "
			 "message show CASE#NUMBER --from %s)",
			 x.text, more, c->row.peer, c->row.peer);
	return r;
}

struct marking {
	CyCaseSummary **cases;
	size_t n;
};

static int by_case(const void *key, const void *element)
{
	const struct store_message *row = key;
	const CyCaseSummary *const *s = element;
	const int c = strcmp(row->case_id, (*s)->case_id);

	return c != 0 ? c : strcmp(row->peer, (*s)->peer);
}

static int mark_case(void *arg, const struct store_message *row)
{
	const struct marking *m = arg;
	CyCaseSummary **s = bsearch(row, m->cases, m->n, sizeof *m->cases, by_case);

	if (s != NULL)
		(*s)->unread++;
	return CY_OK;
}

int unread_mark(struct node *n, CyCaseSummary **cases, size_t n_cases)
{
	struct store_port *s = &n->ports.store;
	struct marking m = { cases, n_cases };

	return n_cases == 0 ? CY_OK
			    : s->unread(s->ctx, (struct cy_wall){ 0 }, "", CY_BOUND(CY_UNREAD_MAX), mark_case, &m);
}

/* ---------------------------------------------------------------- the journal */

struct telling {
	struct node *n;
	struct cy_wall before;
	struct cy_wall next; /* when the first of the others came; 0: there is none */
	size_t count;
	char text[UNREAD_TOLD * (CY_AUTHORITY_MAX + 2 * CY_UUID_LEN + 32)];
};

static int add_unread(void *arg, const struct store_message *row)
{
	struct telling *t = arg;
	const size_t len = strlen(t->text);

	if (row->unread.ms >= t->before.ms) {
		t->next = row->unread;
		return CY_EEXIST;
	}
	if (t->count++ < UNREAD_TOLD)
		snprintf(t->text + len, sizeof t->text - len, "%smessage %s of case %s/%s", len > 0 ? ", " : "",
			 row->id, row->peer, row->case_id);
	t->n->local->unread.told = row->unread;
	return cy_copy(t->n->local->unread.told_id, sizeof t->n->local->unread.told_id, row->id);
}

static void tell(struct node *n, const struct telling *t)
{
	char more[48] = "";

	if (t->count > UNREAD_TOLD)
		snprintf(more, sizeof more, ", nor %zu%s more", t->count - UNREAD_TOLD,
			 t->count == CY_UNREAD_MAX ? " or" : "");
	node_log(n, NODE_WARNING, NODE_EVENT_UNREAD, "",
		 "no client has read %s%s: %s here for longer than delivery.unread_after (%lld s); let a client read "
		 "what comes in (comityctl inbox, message show)",
		 t->text, more, t->count == 1 ? "it is" : "they are", (long long)(n->config.unread_ms / 1000));
}

void unread_reconfigured(struct node *n)
{
	n->local->unread.next = n->ports.clock.mono(n->ports.clock.ctx);
}

void unread_committed(struct node *n)
{
	const struct cy_mono now = n->ports.clock.mono(n->ports.clock.ctx);

	if (n->config.unread_ms > 0 && n->local->unread.next.ms == CY_NEVER.ms)
		n->local->unread.next = cy_mono_add(now, n->config.unread_ms + 1);
}

struct cy_mono unread_next(const struct node *n)
{
	return n->local->unread.next;
}

void unread_look(struct node *n)
{
	struct store_port *s = &n->ports.store;
	const struct cy_mono now = n->ports.clock.mono(n->ports.clock.ctx);
	struct telling t = { .n = n, .before = { node_now(n).ms - n->config.unread_ms } };
	int r;

	if (cy_mono_before(now, n->local->unread.next))
		return;
	n->local->unread.next = CY_NEVER;
	if (n->config.unread_ms == 0)
		return;
	r = s->unread(s->ctx, n->local->unread.told, n->local->unread.told_id, CY_BOUND(CY_UNREAD_MAX), add_unread, &t);
	if (r < 0 && r != CY_EEXIST)
		n->local->unread.next = cy_mono_add(now, NODE_EXPIRY_CHECK_MS);
	else if (t.next.ms > 0)
		n->local->unread.next = cy_mono_add(now, t.next.ms - t.before.ms + 1);
	else if (t.count == CY_BOUND(CY_UNREAD_MAX))
		n->local->unread.next = now;
	if (t.count > 0)
		tell(n, &t);
}
