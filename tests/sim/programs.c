/* Other programs of the case systems, and those of operators: each has a connection of its own, asks for
 * much at once without waiting for an answer, subscribes beside others, repeats what a colleague hands in
 * at the same time, reads late, and goes away in the middle. Each request has one answer, of the right
 * kind; what is shown is what is stored, and nothing that this client may not see. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/uuid.h"
#include "comity/v1/local.pb-c.h"
#include "sim.h"
#include "wire/message.h"

#define ASKED_MAX  128                /* more than a client may have without an answer */
#define UNREAD_MAX (4u * 1024 * 1024) /* as CY_LOCAL_QUEUE_MAX */
#define SETTLED    HOUR               /* after all is healed, the store can be read and written */

#define WITH_CONTENT 1u /* only a submitter may ask for it */
#define IN_A_BATCH   2u

/* X(KIND of the request, KIND of its answer, flags, weight) */
#define REQUESTS(X)                                                 \
	X(LIST_CASES, CASE_LIST, 0, 4)                              \
	X(SHOW_CASE, CASE_VIEW, 0, 4)                               \
	X(SHOW_MESSAGE, MESSAGE_VIEW, WITH_CONTENT | IN_A_BATCH, 6) \
	X(GET_STATUS, STATUS, 0, 1)                                 \
	X(READ_EVENTS, EVENT_LIST, WITH_CONTENT, 3)                 \
	X(LIST_CLOCKS, CLOCK_LIST, 0, 1)                            \
	X(GET_STATISTICS, STATISTICS, 0, 1)                         \
	X(LIST_EVIDENCE, EVIDENCE_LIST, 0, 2)                       \
	X(SUBSCRIBE, SUBSCRIBED, WITH_CONTENT | IN_A_BATCH, 1)      \
	X(ACKNOWLEDGE_EVENTS, DONE, WITH_CONTENT | IN_A_BATCH, 4)   \
	X(SUBMIT, SUBMITTED, WITH_CONTENT | IN_A_BATCH, 6)

static const struct request {
	CyClientFrame__KindCase asks;
	CyServerFrame__KindCase answers;
	unsigned flags;
	uint32_t weight;
} requests[] = {
#define SIM_X(asks, answers, flags, weight) \
	{ CY_CLIENT_FRAME__KIND_##asks, CY_SERVER_FRAME__KIND_##answers, flags, weight },
	REQUESTS(SIM_X)
#undef SIM_X
};
enum {
	KINDS = sizeof requests / sizeof requests[0]
};

/* What was asked for and is not answered. */
struct asked {
	const struct request *r;
	uint64_t correlation;
	const struct mem_message *message; /* SHOW_MESSAGE */
	const struct mem_case *shown;      /* SHOW_CASE */
	struct sim_job *job;               /* SUBMIT */
};

struct program {
	struct sim_node *node;
	struct sim_client client; /* as it was when it connected */
	const char *name;
	uint64_t conn, correlation, subscription, position;
	struct asked asked[ASKED_MAX];
	size_t n_asked, unread;
	bool paused, reading;
};

struct sim_programs {
	struct cy_rng rng;
	struct program at[5];
};
enum {
	PROGRAMS = sizeof((struct sim_programs *)0)->at / sizeof(struct program)
};

/* ----------------------------------------------------------------- what it may see */

static bool submits(const struct program *p)
{
	return p->client.role == CY_ROLE__SUBMITTER;
}

static bool sees_client(const struct program *p, const char *client)
{
	return !submits(p) || p->client.sees_all || strcmp(client, p->name) == 0;
}

static bool sees(const struct program *p, const struct mem_case *c)
{
	return c != NULL && sees_client(p, c->row.client);
}

static const struct mem_case *stored_case(const struct program *p, const char *peer, const char *case_id)
{
	return mem_store_case(&p->node->store, peer, case_id);
}

__attribute__((format(printf, 2, 3))) static void fail(const struct program *p, const char *fmt, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	world_fail(p->node->w, "%s, a program of %s: %s", p->node->id, p->name, text);
}

static void check_summary(const struct program *p, const CyCaseSummary *c)
{
	if (!sees(p, stored_case(p, c->peer, c->case_id)))
		fail(p, "is shown case %s, which is not stored or not its own", c->case_id);
	if (!submits(p) && c->title[0] != '\0')
		fail(p, "is shown the title of case %s", c->case_id);
}

static void check_message(const struct program *p, const struct asked *a, const CyMessageView *v)
{
	const struct store_message *m = &a->message->row;

	if (strcmp(v->summary->message_id, m->id) != 0 || !sees(p, stored_case(p, m->peer, m->case_id)))
		fail(p, "is shown message %s, which is another or not its own", v->summary->message_id);
	if (!cy_bytes_equal(cy_bytes(v->content.data, v->content.len), m->content))
		fail(p, "is shown message %s with other bytes than are stored", m->id);
}

static void check_event(const struct program *p, const CyEvent *e)
{
	const struct mem_store *s = &p->node->store;

	if (e->position == 0 || e->position > s->n_events ||
	    strcmp(s->events[e->position - 1]->message_id, e->message_id) != 0 ||
	    !sees_client(p, s->events[e->position - 1]->client))
		fail(p, "is shown event %llu, which is not stored or not its own", (unsigned long long)e->position);
}

/* Of a subscription: the next one that it may see. */
static void check_next(struct program *p, const CyEvent *e)
{
	check_event(p, e);
	if (e->position <= p->position)
		fail(p, "event %llu comes after %llu", (unsigned long long)e->position,
		     (unsigned long long)p->position);
	for (uint64_t i = p->position; i + 1 < e->position && i < p->node->store.n_events; i++)
		if (sees_client(p, p->node->store.events[i]->client))
			fail(p, "event %llu was left out", (unsigned long long)i + 1);
	p->position = e->position;
}

/* ------------------------------------------------------------------------- answers */

static void check_error(const struct program *p, const struct asked *a, const CyError *e)
{
	const struct world *w = p->node->w;
	const bool settled = w->healed && w->now > w->set.faulty + SETTLED;
	const bool may = submits(p) || !(a->r->flags & WITH_CONTENT);
	bool expected = false;

	switch (e->code) {
	case CY_ERROR_CODE__NOT_ALLOWED:
		expected = !may;
		break;
	case CY_ERROR_CODE__UNAVAILABLE:
		expected = !settled;
		break;
	case CY_ERROR_CODE__NOT_FOUND:
		expected = a->message != NULL ? !sees(p, stored_case(p, a->message->row.peer, a->message->row.case_id))
			   : a->shown != NULL ? !sees(p, a->shown)
					      : true;
		break;
	case CY_ERROR_CODE__TOO_MANY:
		expected = (a->r->flags & IN_A_BATCH) || a->r->asks == CY_CLIENT_FRAME__KIND_GET_STATISTICS;
		break;
	case CY_ERROR_CODE__DAMAGED:
		expected = p->node->damage.ever;
		break;
	case CY_ERROR_CODE__CONFLICT:
		expected = a->job != NULL && erasures_spent(p->node, a->job);
		break;
	default:
		/* What was refused to a colleague is refused again. */
		expected = a->job != NULL && (a->job->state != JOB_ACCEPTED || p->node->restored);
		break;
	}
	if (!expected || (!may && e->code != CY_ERROR_CODE__NOT_ALLOWED))
		fail(p, "request %d is refused: %d %s", (int)a->r->asks, (int)e->code, e->text);
}

static void check_answer(struct program *p, const struct asked *a, const CyServerFrame *f)
{
	if (f->kind_case == CY_SERVER_FRAME__KIND_ERROR) {
		check_error(p, a, f->error);
		return;
	}
	if (f->kind_case != a->r->answers || (!submits(p) && (a->r->flags & WITH_CONTENT))) {
		fail(p, "request %d is answered by %d", (int)a->r->asks, (int)f->kind_case);
		return;
	}
	if (f->kind_case == CY_SERVER_FRAME__KIND_CASE_LIST)
		for (size_t i = 0; i < f->case_list->n_cases; i++)
			check_summary(p, f->case_list->cases[i]);
	if (f->kind_case == CY_SERVER_FRAME__KIND_CASE_VIEW)
		check_summary(p, f->case_view->summary);
	if (f->kind_case == CY_SERVER_FRAME__KIND_MESSAGE_VIEW)
		check_message(p, a, f->message_view);
	if (f->kind_case == CY_SERVER_FRAME__KIND_EVENT_LIST)
		for (size_t i = 0; i < f->event_list->n_events; i++)
			check_event(p, f->event_list->events[i]);
	if (f->kind_case == CY_SERVER_FRAME__KIND_EVIDENCE_LIST)
		for (size_t i = 0; i < f->evidence_list->n_items; i++) {
			const CyEvidenceView *e = f->evidence_list->items[i];

			if (!sees(p, stored_case(p, e->peer, e->case_id)) || (!submits(p) && e->name[0] != '\0'))
				fail(p, "is shown evidence of case %s, or its name", e->case_id);
		}
	if (f->kind_case == CY_SERVER_FRAME__KIND_SUBSCRIBED) {
		p->subscription = a->correlation;
		p->position = f->subscribed->position;
	}
	if (f->kind_case == CY_SERVER_FRAME__KIND_SUBMITTED)
		oracle_submitted(&p->node->desk[p->client.index], a->job, f->submitted);
}

static void answered(struct program *p, const CyServerFrame *f)
{
	size_t i = 0;

	if (f->kind_case == CY_SERVER_FRAME__KIND_WELCOME)
		return;
	if (f->kind_case == CY_SERVER_FRAME__KIND_EVENT && f->correlation == p->subscription) {
		check_next(p, f->event);
		return;
	}
	/* It is sent away by another configuration; the end of the connection follows. */
	if (f->kind_case == CY_SERVER_FRAME__KIND_ERROR && f->correlation == 0 && p->node->reconfigured)
		return;
	while (i < p->n_asked && p->asked[i].correlation != f->correlation)
		i++;
	if (i == p->n_asked) {
		fail(p, "an answer of kind %d to what was not asked, or was answered", (int)f->kind_case);
		return;
	}
	check_answer(p, &p->asked[i], f);
	p->asked[i] = p->asked[--p->n_asked];
}

static struct program *program_of(struct sim_node *s, uint64_t conn)
{
	for (size_t i = 0; s->programs != NULL && i < PROGRAMS; i++)
		if (s->programs->at[i].conn == conn && conn != 0)
			return &s->programs->at[i];
	return NULL;
}

static void on_read(struct world *w, void *arg, uint64_t conn)
{
	struct program *p = arg;

	(void)w;
	if (p->conn != conn || p->node->node == NULL)
		return;
	p->reading = false;
	p->unread = 0;
	node_local_drained(p->node->node, conn);
}

bool programs_take(struct sim_node *s, uint64_t conn, struct cy_bytes frame)
{
	struct program *p = program_of(s, conn);
	struct cy_rng *r;
	CyServerFrame *f;

	if (p == NULL)
		return false;
	r = &s->programs->rng;
	f = cy_server_frame__unpack(NULL, frame.len, frame.data);
	CY_ASSERT(f != NULL);
	world_mix_some(s->w, frame.data, frame.len);
	answered(p, f);
	cy_server_frame__free_unpacked(f, NULL);
	p->unread += frame.len;
	if (p->unread > UNREAD_MAX)
		fail(p, "more waits for it than it may");
	if (!p->reading)
		world_at(s->w, s->w->now + world_span(r, cy_rng_below(r, 8) == 0 ? MINUTE : 10), on_read, p, conn);
	p->reading = true;
	return true;
}

size_t programs_queued(struct sim_node *s, uint64_t conn)
{
	const struct program *p = program_of(s, conn);

	return p != NULL ? p->unread : 0;
}

void programs_pause(struct sim_node *s, uint64_t conn, bool on)
{
	struct program *p = program_of(s, conn);

	if (p != NULL)
		p->paused = on;
}

/* ------------------------------------------------------------------------- requests */

static void forget(struct program *p)
{
	p->conn = p->subscription = p->position = 0;
	p->n_asked = p->unread = 0;
	p->paused = p->reading = false;
}

void programs_closed(struct sim_node *s, uint64_t conn)
{
	struct program *p = program_of(s, conn);

	if (p != NULL)
		forget(p);
}

static void say(struct program *p, CyClientFrame *f)
{
	struct cy_buf out = CY_BUF(CY_LOCAL_FRAME_MAX);

	CY_ASSERT(wire_pack(&f->base, &out) == CY_OK);
	world_mix_some(p->node->w, out.data, out.len);
	node_local_frame(p->node->node, p->conn, cy_buf_view(&out), -1);
	cy_buf_free(&out);
}

static void connect_program(struct program *p)
{
	CyClientFrame f = CY_CLIENT_FRAME__INIT;
	CyLocalHello h = CY_LOCAL_HELLO__INIT;

	if (!sim_client_of(p->node, p->name, &p->client))
		return;
	p->conn = ++p->node->w->conns;
	p->correlation = 1;
	node_local_up(p->node->node, p->conn, &p->client.place, 1);
	h.version = 1;
	f.correlation = 1;
	f.kind_case = CY_CLIENT_FRAME__KIND_HELLO;
	f.hello = &h;
	say(p, &f);
}

static const struct mem_case *some_case(struct sim_node *s, struct cy_rng *r)
{
	const struct mem_case *c = s->store.first_case;

	for (uint64_t skip = s->store.n_cases > 0 ? cy_rng_below(r, s->store.n_cases) : 0; c != NULL && skip > 0;
	     skip--)
		c = c->next;
	return c != NULL && c->row.case_id[0] != '\0' ? c : NULL;
}

/* One that the case system has handed in, and may be waiting for at this moment. */
static struct sim_job *some_job(struct program *p, struct cy_rng *r)
{
	const struct sim_desk *d = &p->node->desk[p->client.index];
	size_t back = d->n_jobs > 0 ? cy_rng_below(r, d->n_jobs < 8 ? d->n_jobs : 8) : 0;
	struct sim_job *j = d->n_jobs > 0 ? d->jobs[d->n_jobs - 1 - back] : NULL;

	return j != NULL && j->said && desk_may_say(d, j) ? j : NULL;
}

/* Everything that a request may point to. */
union about {
	CyListCases cases;
	CyShowCase show_case;
	CyShowMessage show_message;
	CyGetStatus status;
	CyReadEvents events;
	CyListClocks clocks;
	CyGetStatistics statistics;
	CyListEvidence evidence;
	CySubscribe subscribe;
	CyAcknowledgeEvents acknowledge;
};

/* false: there is nothing of the kind to ask about. */
static bool fill(struct program *p, struct cy_rng *r, struct asked *a, CyClientFrame *f, union about *u)
{
	struct sim_node *s = p->node;
	const struct mem_case *c = some_case(s, r);
	const uint32_t limit = 1 + (uint32_t)cy_rng_below(r, 20);

	f->kind_case = a->r->asks;
	f->get_status = &u->status; /* each of them begins there */
	switch (a->r->asks) {
	case CY_CLIENT_FRAME__KIND_LIST_CASES:
		cy_list_cases__init(&u->cases);
		u->cases.limit = limit;
		u->cases.after_case_id = (char *)(c != NULL ? c->row.case_id : "");
		return true;
	case CY_CLIENT_FRAME__KIND_SHOW_CASE:
		cy_show_case__init(&u->show_case);
		a->shown = c;
		u->show_case.ref = (char *)(c != NULL ? c->row.case_id : "");
		return c != NULL;
	case CY_CLIENT_FRAME__KIND_SHOW_MESSAGE:
		cy_show_message__init(&u->show_message);
		a->message = c != NULL ? c->first : NULL;
		for (size_t skip = cy_rng_below(r, 4); a->message != NULL && a->message->next != NULL && skip > 0;
		     skip--)
			a->message = a->message->next;
		u->show_message.message_id = (char *)(a->message != NULL ? a->message->row.id : "");
		return a->message != NULL;
	case CY_CLIENT_FRAME__KIND_READ_EVENTS:
		cy_read_events__init(&u->events);
		u->events.limit = limit;
		u->events.after = cy_rng_below(r, s->store.n_events + 1);
		return true;
	case CY_CLIENT_FRAME__KIND_LIST_CLOCKS:
		cy_list_clocks__init(&u->clocks);
		return true;
	case CY_CLIENT_FRAME__KIND_GET_STATISTICS:
		cy_get_statistics__init(&u->statistics);
		return true;
	case CY_CLIENT_FRAME__KIND_LIST_EVIDENCE:
		cy_list_evidence__init(&u->evidence);
		u->evidence.limit = limit;
		return true;
	case CY_CLIENT_FRAME__KIND_SUBSCRIBE:
		cy_subscribe__init(&u->subscribe);
		u->subscribe.cursor = (char *)"shared";
		u->subscribe.from_now = (protobuf_c_boolean)cy_rng_below(r, 2);
		return p->subscription == 0;
	case CY_CLIENT_FRAME__KIND_ACKNOWLEDGE_EVENTS:
		cy_acknowledge_events__init(&u->acknowledge);
		u->acknowledge.cursor = (char *)"shared";
		/* Programs that share a cursor overtake each other. */
		u->acknowledge.position = p->position > 2 ? p->position - cy_rng_below(r, 3) : p->position;
		return p->subscription != 0;
	default:
		cy_get_status__init(&u->status);
		return true;
	}
}

static const struct request *draw(struct cy_rng *r)
{
	uint64_t all = 0, pick;
	size_t i = 0;

	for (size_t k = 0; k < KINDS; k++)
		all += requests[k].weight;
	for (pick = cy_rng_below(r, all); pick >= requests[i].weight; i++)
		pick -= requests[i].weight;
	return &requests[i];
}

static void hand_in(struct program *p, struct sim_job *j)
{
	CyClientFrame f = CY_CLIENT_FRAME__INIT;
	struct asked *a = &p->asked[p->n_asked++];

	*a = (struct asked){ .r = &requests[KINDS - 1], .correlation = ++p->correlation, .job = j };
	CY_ASSERT(a->r->asks == CY_CLIENT_FRAME__KIND_SUBMIT);
	f.correlation = a->correlation;
	desk_pack_job(j, &f);
	say(p, &f);
	desk_unpack_job(j, &f);
}

static bool is_ready(const struct program *p)
{
	return p->conn != 0 && !p->paused && p->n_asked < ASKED_MAX;
}

void programs_hand_in(const struct sim_desk *d, struct sim_job *j)
{
	struct sim_programs *all = d->node->programs;

	for (size_t i = 0; all != NULL && i < PROGRAMS; i++) {
		struct program *p = &all->at[i];

		if (is_ready(p) && submits(p) && p->client.index == d->client && cy_rng_below(&all->rng, 4) == 0)
			hand_in(p, j);
	}
}

static void ask(struct program *p, struct cy_rng *r)
{
	CyClientFrame f = CY_CLIENT_FRAME__INIT;
	struct asked *a = &p->asked[p->n_asked];
	union about u;

	*a = (struct asked){ .r = draw(r), .correlation = ++p->correlation };
	f.correlation = a->correlation;
	if (a->r->asks == CY_CLIENT_FRAME__KIND_SUBMIT) {
		struct sim_job *j = submits(p) ? some_job(p, r) : NULL;

		if (j != NULL)
			hand_in(p, j);
		return;
	}
	if (!fill(p, r, a, &f, &u))
		return;
	p->n_asked++;
	say(p, &f);
}

static void turn(struct program *p, struct cy_rng *r)
{
	const size_t burst = 1 + cy_rng_below(r, cy_rng_below(r, 20) == 0 ? ASKED_MAX : 12);

	if (p->conn == 0) {
		connect_program(p);
		return;
	}
	for (size_t i = 0; i < burst && is_ready(p); i++)
		ask(p, r);
	if (p->conn != 0 && cy_rng_below(r, 16) == 0) {
		node_local_down(p->node->node, p->conn);
		forget(p);
	}
}

static void on_turn(struct world *w, void *arg, uint64_t x)
{
	struct sim_node *s = arg;
	struct cy_rng *r = &s->programs->rng;
	struct program *p = &s->programs->at[cy_rng_below(r, PROGRAMS)];

	(void)x;
	if (w->healed)
		return;
	if (s->node != NULL && s->suspended_until <= w->now)
		turn(p, r);
	world_at(w, w->now + world_span(r, w->set.pause * 4 / w->set.level[FAULT_PROGRAMS]), on_turn, s, 0);
}

/* ----------------------------------------------------------------- the configuration */

void sim_clients(struct sim_clients *ret, struct cy_rng *r)
{
	static const struct sim_clients all = { { { "desk", CY_ROLE__SUBMITTER, true },
						  { "clerk", CY_ROLE__SUBMITTER, false },
						  { "operator", CY_ROLE__OPERATOR, false },
						  { "administrator", CY_ROLE__ADMINISTRATOR, false } },
						4 };
	const size_t first = r != NULL ? cy_rng_below(r, all.n) : 0;
	const bool no_clerk = r != NULL && cy_rng_below(r, 3) == 0, swap = r != NULL && cy_rng_below(r, 3) == 0;

	ret->n = 0;
	for (size_t i = 0; i < all.n; i++) {
		struct node_client_config *c = &ret->at[ret->n];

		*c = all.at[(first + i) % all.n];
		if (swap && c->role != CY_ROLE__SUBMITTER)
			c->role = c->role == CY_ROLE__OPERATOR ? CY_ROLE__ADMINISTRATOR : CY_ROLE__OPERATOR;
		ret->n += !no_clerk || strcmp(c->name, "clerk") != 0;
	}
}

bool sim_client_of(const struct sim_node *s, const char *name, struct sim_client *ret)
{
	*ret = (struct sim_client){ 0 };
	for (size_t i = 0; i < s->clients.n; i++) {
		const struct node_client_config *c = &s->clients.at[i];

		if (strcmp(c->name, name) != 0)
			continue;
		*ret = (struct sim_client){
			.place = i, .index = strcmp(name, "clerk") == 0, .role = c->role, .sees_all = c->sees_all
		};
		return true;
	}
	return false;
}

/* ------------------------------------------------------------------------------ life */

void programs_new(struct sim_node *s, uint64_t seed)
{
	static const char *const names[PROGRAMS] = { "desk", "desk", "clerk", "operator", "administrator" };

	s->programs = calloc(1, sizeof *s->programs);
	CY_ASSERT(s->programs != NULL);
	s->programs->rng.state = seed;
	for (size_t i = 0; i < PROGRAMS; i++) {
		s->programs->at[i].node = s;
		s->programs->at[i].name = names[i];
	}
	world_at(s->w, world_span(&s->programs->rng, MINUTE), on_turn, s, 0);
}

void programs_free(struct sim_node *s)
{
	free(s->programs);
}

void programs_gone(struct sim_node *s)
{
	for (size_t i = 0; s->programs != NULL && i < PROGRAMS; i++)
		forget(&s->programs->at[i]);
}

void programs_idle(const struct sim_node *s, char *why, size_t size)
{
	for (size_t i = 0; s->programs != NULL && i < PROGRAMS; i++) {
		const struct program *p = &s->programs->at[i];

		if (p->n_asked > 0)
			snprintf(why, size, "%s: a request of kind %d of a program of %s has no answer", s->id,
				 (int)p->asked[0].r->asks, p->name);
	}
}

/* Another configuration: who is left may be the same as before. */
void programs_allowed(struct sim_node *s)
{
	struct sim_client now;

	for (size_t i = 0; s->programs != NULL && i < PROGRAMS; i++) {
		struct program *p = &s->programs->at[i];
		const uint64_t conn = p->conn;

		if (conn != 0)
			node_local_allowed(s->node, conn, &now.place, sim_client_of(s, p->name, &now) ? 1 : 0);
	}
}
