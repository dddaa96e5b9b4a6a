/* Case systems: they open cases, answer what comes, crash, forget what was not
 * acknowledged, and repeat what they are not sure of. What they say is drawn at
 * random from all kinds of messages, with more weight on what moves a case on;
 * what the life cycle refuses is part of the exercise. */
#include <stdlib.h>
#include <string.h>

#include "comity/v1/local.pb-c.h"
#include "law/fact.h"
#include "sim.h"
#include "wire/json.h"
#include "wire/message.h"

#define CONN_QUEUE_MAX (4u * 1024u * 1024u) /* as CY_LOCAL_QUEUE_MAX */

/* ---------------------------------------------------------------- templates */

enum who {
	ASKING = 1,
	ASKED = 2,
	BOTH = 3
};

/* %1 is a measure, %2 the number that is answered. */
static const struct kind {
	enum who who;
	uint32_t weight;
	enum {
		ANY,
		NOTICE,
		PROPOSAL,
		CONSENT
	} answers;
	const char *json;
} kinds[] = {
	{ ASKED, 30, ANY, "\"acknowledgement\":{\"by\":\"CENTRAL_AUTHORITY\",\"reference\":\"r\"}" },
	{ ASKED, 3, ANY, "\"acknowledgement\":{\"by\":\"EXECUTING_AUTHORITY\",\"reference\":\"r\"}" },
	{ ASKED, 1, ANY, "\"returnedDeficient\":{\"faults\":[{\"field\":\"facts\",\"text\":\"t\"}],\"text\":\"t\"}" },
	{ ASKED, 1, ANY, "\"redirection\":{\"competentAuthority\":{\"name\":\"n\",\"address\":\"a\"},\"text\":\"t\"}" },
	{ ASKED, 8, ANY, "\"problemNotice\":{\"type\":\"CLARIFICATION\",\"questions\":[\"q\"],\"text\":\"t\"}" },
	{ ASKED, 5, ANY, "\"conditionsProposed\":{\"measures\":[%1],\"conditions\":[\"c\"]}" },
	{ ASKED, 8, ANY, "\"decision\":{\"measures\":[%1],\"executingAuthority\":{\"name\":\"n\"}}" },
	{ ASKED, 3, ANY, "\"postponement\":{\"measures\":[%1],\"ground\":\"g\",\"article\":\"15\"}" },
	{ ASKED, 3, ANY, "\"resumption\":{\"measures\":[%1],\"text\":\"t\"}" },
	{ ASKED, 3, ANY, "\"extension\":{\"measures\":[%1],\"reason\":\"r\",\"estimateDate\":\"2027-01-01\"}" },
	{ ASKED, 3, ANY, "\"progressReport\":{\"text\":\"t\"}" },
	{ ASKED, 20, ANY, "\"result\":{\"results\":[{\"measure\":%1,\"outcome\":\"EXECUTED\"}]}" },
	{ ASKED, 4, ANY, "\"result\":{\"results\":[{\"measure\":%1,\"partial\":true}]}" },
	{ ASKED, 10, ANY,
	  "\"refusal\":{\"refusals\":[{\"measure\":%1,\"ground\":\"INSUFFICIENT_NEXUS\",\"article\":\"4\",\"reason\":"
	  "\"r\"}]}" },
	{ ASKED, 15, ANY, "\"closure\":{\"text\":\"t\"}" },
	{ ASKED, 5, CONSENT, "\"useConsentDecision\":{\"request\":%2,\"consent\":true}" },
	{ ASKING, 20, NOTICE, "\"supplement\":{\"notice\":%2,\"text\":\"t\"}" },
	{ ASKING, 2, ANY, "\"supplement\":{\"text\":\"t\"}" },
	{ ASKING, 10, PROPOSAL, "\"conditionsAccepted\":{\"proposal\":%2}" },
	{ ASKING, 5, PROPOSAL, "\"conditionsDeclined\":{\"proposal\":%2,\"text\":\"t\"}" },
	{ ASKING, 4, ANY, "\"withdrawal\":{\"measures\":[%1],\"reason\":\"r\"}" },
	{ ASKING, 1, ANY, "\"withdrawal\":{\"reason\":\"r\"}" },
	{ ASKING, 4, ANY, "\"progressQuery\":{\"text\":\"t\"}" },
	{ ASKING, 3, ANY, "\"useConsentRequest\":{\"use\":\"u\",\"reason\":\"r\"}" },
	{ BOTH, 4, ANY, "\"note\":{\"text\":\"t\"}" },
	{ BOTH, 2, ANY, "\"costsConsultation\":{\"text\":\"t\"}" },
	{ BOTH, 2, ANY, "\"reviewAttestation\":{\"by\":\"b\",\"standard\":\"s\",\"result\":\"r\"}" },
};
enum {
	KINDS = sizeof kinds / sizeof kinds[0]
};

static CySubmission *request; /* parsed once; shared, and only its scalars are changed */

static CySubmission *parse(struct cy_bytes json)
{
	ProtobufCMessage *m = NULL;
	struct cy_error e = { 0 };

	if (wire_json_parse(&cy_submission__descriptor, json, &m, &e) < 0) {
		fprintf(stderr, "a template does not parse: %s: %s\n%.*s\n", e.field, e.text, (int)json.len,
			(const char *)json.data);
		abort();
	}
	return (CySubmission *)m;
}

void desk_templates(void)
{
	static const char path[] = "contrib/demo/request.json";
	struct cy_buf b = CY_BUF(1024 * 1024);
	FILE *f = fopen(path, "r");
	char piece[4096];
	size_t n;

	if (f == NULL) {
		fprintf(stderr, "%s is missing: run this from the top of the repository\n", path);
		exit(2);
	}
	while ((n = fread(piece, 1, sizeof piece, f)) > 0)
		CY_ASSERT(cy_buf_add(&b, piece, n) == CY_OK);
	fclose(f);
	request = parse(cy_buf_view(&b));
	cy_buf_free(&b);
}

/* --------------------------------------------------------------------- jobs */

static struct sim_job *add_job(struct sim_desk *d, struct sim_pair *pair)
{
	struct sim_job *j = calloc(1, sizeof *j);

	CY_ASSERT(j != NULL);
	if (d->n_jobs == d->cap_jobs) {
		d->cap_jobs = d->cap_jobs > 0 ? 2 * d->cap_jobs : 16;
		d->jobs = realloc(d->jobs, d->cap_jobs * sizeof *d->jobs);
		CY_ASSERT(d->jobs != NULL);
	}
	d->jobs[d->n_jobs++] = j;
	j->serial = ++d->node->w->jobs;
	j->pair = pair;
	snprintf(j->key, sizeof j->key, "key-%llu", (unsigned long long)j->serial);
	snprintf(j->tag, sizeof j->tag, "tag-%llu", (unsigned long long)j->serial);
	return j;
}

static void keep(struct sim_job *j, const CySubmission *s)
{
	j->len = cy_submission__get_packed_size(s);
	j->submission = malloc(j->len + 1);
	CY_ASSERT(j->submission != NULL);
	cy_submission__pack(s, j->submission);
}

static void new_request(struct sim_desk *d)
{
	struct sim_node *s = d->node;
	struct sim_pair *pair = s->pairs[cy_rng_below(&d->rng, s->n_pairs)];
	struct sim_job *j = add_job(d, pair);
	CySubmission sub = *request;
	CyContent content = *request->content;
	CyRequest r = *request->content->request;

	r.n_measures = 1 + cy_rng_below(&d->rng, r.n_measures);
	content.request = &r;
	sub.content = &content;
	sub.to = pair->side[pair->side[0] == s]->id;
	sub.own_reference = j->tag;
	sub.priority = (CyPriority)(1 + cy_rng_below(&d->rng, 4));
	desk_attach(d, j, content.kind_case);
	keep(j, &sub);
}

static void new_follow_up(struct sim_desk *d)
{
	/* Mostly one of the latest. */
	size_t back = cy_rng_below(&d->rng, cy_rng_below(&d->rng, 4) > 0 && d->n_cases > 8 ? 8 : d->n_cases);
	struct sim_case *c = &d->cases[d->n_cases - 1 - back];
	enum who who = c->side == CY_SIDE__REQUESTING ? ASKING : ASKED;
	uint64_t all = 0, pick;
	struct cy_buf json = CY_BUF(4096);
	const struct kind *k = kinds;
	uint32_t number = 0;
	struct sim_job *j;
	CySubmission *sub;

	for (size_t i = 0; i < KINDS; i++)
		all += kinds[i].who & who ? kinds[i].weight : 0;
	pick = cy_rng_below(&d->rng, all);
	for (;; k++) {
		if (!(k->who & who))
			continue;
		if (pick < k->weight)
			break;
		pick -= k->weight;
	}
	if (k->answers != ANY)
		number = k->answers == NOTICE ? c->notice : k->answers == PROPOSAL ? c->proposal : c->consent;
	if (k->answers != ANY && number == 0)
		return;
	j = add_job(d, c->pair);
	snprintf(j->case_id, sizeof j->case_id, "%s", c->id);
	CY_ASSERT(cy_buf_addf(&json, "{\"caseRef\":\"%s\",\"ownReference\":\"%s\",\"priority\":%u,\"content\":{", c->id,
			      j->tag, (unsigned)(1 + cy_rng_below(&d->rng, 4))) == CY_OK);
	for (const char *p = k->json; *p != '\0'; p++) {
		if (*p != '%') {
			CY_ASSERT(cy_buf_add(&json, p, 1) == CY_OK);
			continue;
		}
		p++;
		CY_ASSERT(cy_buf_addf(&json, "%u", *p == '1' ? (unsigned)(1 + cy_rng_below(&d->rng, 3)) : number) ==
			  CY_OK);
	}
	CY_ASSERT(cy_buf_addf(&json, "}}") == CY_OK);
	sub = parse(cy_buf_view(&json));
	desk_attach(d, j, sub->content->kind_case);
	keep(j, sub);
	cy_submission__free_unpacked(sub, NULL);
	cy_buf_free(&json);
}

void desk_follow_up(struct sim_desk *d, struct sim_pair *pair, const char *case_id, const char *content)
{
	struct cy_buf json = CY_BUF(4096);
	struct sim_job *j = add_job(d, pair);
	CySubmission *sub;

	snprintf(j->case_id, sizeof j->case_id, "%s", case_id);
	CY_ASSERT(cy_buf_addf(&json, "{\"caseRef\":\"%s\",\"ownReference\":\"%s\",\"content\":{%s}}", case_id, j->tag,
			      content) == CY_OK);
	sub = parse(cy_buf_view(&json));
	keep(j, sub);
	cy_submission__free_unpacked(sub, NULL);
	cy_buf_free(&json);
}

/* ------------------------------------------------------------------ talking */

static void to_node(struct world *w, void *arg, uint64_t conn)
{
	struct sim_desk *d = arg;
	struct sim_node *s = d->node;
	struct sim_chunk *c;

	if (d->conn != conn || s->node == NULL)
		return;
	if (s->suspended_until > w->now) {
		world_at(w, s->suspended_until, to_node, d, conn);
		return;
	}
	if (d->paused) /* local_pause() begins anew */
		return;
	c = pipe_take(&d->out);
	if (c == NULL)
		return;
	if (w->set.level[FAULT_EVIDENCE] > 0)
		world_mix_some(w, c->data, c->len);
	else
		world_mix(w, c->data, c->len);
	node_local_frame(s->node, conn, cy_bytes(c->data, c->len), -1);
	free(c);
}

uint64_t desk_say(struct sim_desk *d, CyClientFrame *f)
{
	struct cy_buf out = CY_BUF(CY_LOCAL_FRAME_MAX);

	f->correlation = ++d->correlation;
	CY_ASSERT(wire_pack(&f->base, &out) == CY_OK);
	pipe_put(&d->out, cy_buf_view(&out), false);
	cy_buf_free(&out);
	world_at(d->node->w, d->node->w->now + 1, to_node, d, d->conn);
	return d->correlation;
}

void desk_pack_job(const struct sim_job *j, CyClientFrame *f)
{
	static CySubmit s;
	static CyAttachment room[SIM_ATTACHED_MAX], *list[SIM_ATTACHED_MAX];

	cy_submit__init(&s);
	s.idempotency_key = (char *)j->key;
	/* Its acknowledgements all have one reference. */
	s.same_reference = true;
	s.submission = cy_submission__unpack(NULL, j->len, j->submission);
	CY_ASSERT(s.submission != NULL);
	desk_fill(j, s.submission, room, list);
	f->kind_case = CY_CLIENT_FRAME__KIND_SUBMIT;
	f->submit = &s;
}

void desk_unpack_job(const struct sim_job *j, CyClientFrame *f)
{
	desk_unfill(j, f->submit->submission);
	cy_submission__free_unpacked(f->submit->submission, NULL);
}

static void submit(struct sim_desk *d, struct sim_job *j)
{
	CyClientFrame f = CY_CLIENT_FRAME__INIT;

	desk_pack_job(j, &f);
	world_say(d->node->w, "%s/%u submits %s (%s) to %s", d->node->id, d->client, j->tag,
		  law_kind_name(f.submit->submission->content->kind_case),
		  j->pair->side[j->pair->side[0] == d->node]->id);
	j->said = true;
	j->correlation = desk_say(d, &f);
	desk_unpack_job(j, &f);
	programs_hand_in(d, j);
}

static void acknowledge(struct sim_desk *d)
{
	CyClientFrame f = CY_CLIENT_FRAME__INIT;
	CyAcknowledgeEvents a = CY_ACKNOWLEDGE_EVENTS__INIT;

	if (d->received <= d->confirmed || d->acknowledging != 0 || d->lagging != 0)
		return;
	a.cursor = (char *)"c";
	a.position = d->dealt_with = d->received;
	f.kind_case = CY_CLIENT_FRAME__KIND_ACKNOWLEDGE_EVENTS;
	f.acknowledge_events = &a;
	d->acknowledging = desk_say(d, &f);
	/* Another of its programs has dealt with less, and is heard later, often in the same batch. */
	a.position--;
	if (a.position > d->confirmed)
		d->lagging = desk_say(d, &f);
}

static const char *name_of(const struct sim_desk *d)
{
	return d->client == 0 ? "desk" : "clerk";
}

static void connect_desk(struct sim_desk *d)
{
	CyClientFrame f = CY_CLIENT_FRAME__INIT;
	CyLocalHello h = CY_LOCAL_HELLO__INIT;
	CySubscribe sub = CY_SUBSCRIBE__INIT;
	struct sim_client client;

	if (!sim_client_of(d->node, name_of(d), &client))
		return;
	d->conn = ++d->node->w->conns;
	d->correlation = d->acknowledging = d->lagging = 0;
	node_local_up(d->node->node, d->conn, &client.place, 1);
	h.version = 1;
	f.kind_case = CY_CLIENT_FRAME__KIND_HELLO;
	f.hello = &h;
	desk_say(d, &f);
	sub.cursor = (char *)"c";
	f.kind_case = CY_CLIENT_FRAME__KIND_SUBSCRIBE;
	f.subscribe = &sub;
	d->subscription = desk_say(d, &f);
}

/* After a restore a case system repeats only once it is known what came back. What
 * is new does not wait. */
bool desk_may_say(const struct sim_desk *d, const struct sim_job *j)
{
	const struct sim_node *s = d->node;

	for (size_t i = 0; i < s->n_pairs && j->repeats; i++)
		if (s->pairs[i] == j->pair)
			return !s->unsure[i];
	return true;
}

static bool excused(const struct sim_desk *d, const struct sim_job *j)
{
	const struct sim_node *s = d->node;

	return damage_excuses(s, j->pair->side[j->pair->side[0] == s]->id, j->case_id);
}

/* Several at a time; those for a damaged case, which are handed in again and again, take no turn of the others. */
static void send_jobs(struct sim_desk *d)
{
	size_t in_flight[2] = { 0 }; /* the others; those for a damaged case */

	while (d->first_open < d->n_jobs && d->jobs[d->first_open]->state != JOB_WAITING)
		d->first_open++;
	for (size_t i = d->first_open; i < d->n_jobs && in_flight[0] < 8; i++) {
		struct sim_job *j = d->jobs[i];

		if (j->state != JOB_WAITING || !desk_may_say(d, j) || !desk_attached(j) ||
		    in_flight[excused(d, j)] == 8)
			continue;
		in_flight[excused(d, j)]++;
		if (j->correlation == 0)
			submit(d, j);
	}
	if (d->n_jobs > 0 && world_chance(d->node->w, FAULT_REPEAT)) {
		struct sim_job *j = d->jobs[cy_rng_below(&d->rng, d->n_jobs)];

		if (j->state == JOB_ACCEPTED && desk_may_say(d, j) && j->correlation == 0)
			submit(d, j);
	}
}

static void on_turn(struct world *w, void *arg, uint64_t start)
{
	struct sim_desk *d = arg;
	struct sim_node *s = d->node;

	if (!d->running || start != d->starts)
		return;
	if (s->node != NULL && s->suspended_until <= w->now) {
		if (d->conn == 0)
			connect_desk(d);
		if (!w->healed && s->n_pairs > 0) {
			if (d->n_cases == 0 || cy_rng_below(&d->rng, 6) == 0)
				new_request(d);
			else
				new_follow_up(d);
		}
		if (d->conn != 0) {
			desk_evidence_turn(d);
			send_jobs(d);
			acknowledge(d);
		}
	}
	world_at(w, w->now + world_span(&d->rng, w->healed ? 5 * MINUTE : w->set.pause), on_turn, d, start);
}

/* ---------------------------------------------------------------- listening */

static struct sim_case *case_of(struct sim_desk *d, const char *id, const char *peer, CySide side)
{
	struct sim_node *s = d->node;

	for (size_t i = d->n_cases; i-- > 0;)
		if (strcmp(d->cases[i].id, id) == 0)
			return &d->cases[i];
	if (d->n_cases == d->cap_cases) {
		d->cap_cases = d->cap_cases > 0 ? 2 * d->cap_cases : 16;
		d->cases = realloc(d->cases, d->cap_cases * sizeof *d->cases);
		CY_ASSERT(d->cases != NULL);
	}
	d->cases[d->n_cases] = (struct sim_case){ .side = side };
	snprintf(d->cases[d->n_cases].id, sizeof d->cases[0].id, "%s", id);
	for (size_t i = 0; i < s->n_pairs; i++)
		if (strcmp(s->pairs[i]->side[s->pairs[i]->side[0] == s]->id, peer) == 0)
			d->cases[d->n_cases].pair = s->pairs[i];
	CY_ASSERT(d->cases[d->n_cases].pair != NULL);
	return &d->cases[d->n_cases++];
}

static void on_event(struct sim_desk *d, const CyEvent *e)
{
	struct sim_case *c;

	oracle_event(d, e);
	d->received = e->position;
	if (e->type >= CY_EVENT_TYPE__EVIDENCE_ARRIVED && e->type <= CY_EVENT_TYPE__EVIDENCE_DESTROYED) {
		desk_evidence_event(d, e);
		return;
	}
	if (e->case_id[0] == '\0' || e->type == CY_EVENT_TYPE__MESSAGE_REJECTED)
		return;
	c = case_of(d, e->case_id, e->peer,
		    (e->type == CY_EVENT_TYPE__MESSAGE_RECEIVED) == law_kind_by(e->kind, CY_SIDE__REQUESTED)
			    ? CY_SIDE__REQUESTING
			    : CY_SIDE__REQUESTED);
	if (e->type != CY_EVENT_TYPE__MESSAGE_RECEIVED)
		return;
	if (e->kind == CY_CONTENT__KIND_PROBLEM_NOTICE)
		c->notice = e->number;
	else if (e->kind == CY_CONTENT__KIND_CONDITIONS_PROPOSED)
		c->proposal = e->number;
	else if (e->kind == CY_CONTENT__KIND_USE_CONSENT_REQUEST)
		c->consent = e->number;
}

static struct sim_job *job_of(struct sim_desk *d, uint64_t correlation)
{
	for (size_t i = d->n_jobs; i-- > 0;)
		if (d->jobs[i]->correlation == correlation && correlation != 0)
			return d->jobs[i];
	return NULL;
}

static void on_submitted(struct sim_desk *d, struct sim_job *j, const CySubmitted *s)
{
	j->correlation = 0;
	if (j->state == JOB_WAITING)
		d->node->w->counts.submitted++;
	j->state = JOB_ACCEPTED;
	j->accepted_at = d->node->store.n_log;
	snprintf(j->message_id, sizeof j->message_id, "%s", s->message_id);
	snprintf(j->case_id, sizeof j->case_id, "%s", s->case_id);
}

static void on_error(struct sim_desk *d, uint64_t correlation, const CyError *e)
{
	struct sim_job *j = job_of(d, correlation);

	if (correlation == d->acknowledging && correlation != 0) {
		d->acknowledging = 0; /* the store was not well: again at the next turn */
		return;
	}
	if (correlation == d->lagging && correlation != 0) {
		d->lagging = 0;
		return;
	}
	if (correlation == d->subscription && e->code == CY_ERROR_CODE__UNAVAILABLE) {
		desk_lost_connection(d);
		return;
	}
	/* It is sent away by another configuration; the end of the connection follows. */
	if (correlation == 0 && e->code == CY_ERROR_CODE__NOT_ALLOWED && d->node->reconfigured)
		return;
	if (j == NULL) {
		world_fail(d->node->w, "%s/%u: an error that answers nothing: %s", d->node->id, d->client, e->text);
		return;
	}
	j->correlation = 0;
	/* What is damaged is handed in again, until it is repaired. */
	if (e->code == CY_ERROR_CODE__UNAVAILABLE || (e->code == CY_ERROR_CODE__DAMAGED && d->node->damage.ever))
		return;
	/* The peer is not configured now: again later. */
	if (e->code == CY_ERROR_CODE__INVALID && d->node->reconfigured && e->n_faults == 1 &&
	    strcmp(e->faults[0]->field, "submission.to") == 0)
		return;
	if (e->code == CY_ERROR_CODE__INVALID && e->n_faults > 0 && desk_to_store(d, j, e->faults[0]->field))
		return;
	/* It was used in a case that was erased, where its message still is. */
	if (e->code == CY_ERROR_CODE__CONFLICT && erasures_spent(d->node, j)) {
		j->state = JOB_ACCEPTED;
		return;
	}
	/* After a restore the case itself may be gone; a case with little room may be full. */
	if (e->code != CY_ERROR_CODE__REFUSED_BY_LIFE_CYCLE &&
	    !(e->code == CY_ERROR_CODE__NOT_FOUND && d->node->restored) &&
	    !(e->code == CY_ERROR_CODE__TOO_MANY && d->node->w->set.level[FAULT_SMALL] > 0)) {
		world_fail(d->node->w, "%s/%u: %s was refused: %d %s%s%s", d->node->id, d->client, j->tag, (int)e->code,
			   e->text, e->n_faults > 0 ? ": " : "", e->n_faults > 0 ? e->faults[0]->field : "");
		return;
	}
	if (j->state == JOB_WAITING) {
		j->state = JOB_REFUSED;
		d->node->w->counts.refused++;
	}
}

static void from_node(struct world *w, void *arg, uint64_t conn)
{
	struct sim_desk *d = arg;
	struct sim_chunk *c;
	CyServerFrame *f;
	struct sim_job *j;

	if (d->conn != conn)
		return;
	if (d->stalled && !w->healed) {
		world_at(w, w->now + MINUTE, from_node, d, conn);
		return;
	}
	c = pipe_take(&d->in);
	if (c == NULL)
		return;
	f = cy_server_frame__unpack(NULL, c->len, c->data);
	free(c);
	CY_ASSERT(f != NULL);
	if (desk_evidence_frame(d, f))
		f->kind_case = CY_SERVER_FRAME__KIND__NOT_SET + 0;
	switch (f->kind_case) {
	case CY_SERVER_FRAME__KIND_EVENT:
		on_event(d, f->event);
		break;
	case CY_SERVER_FRAME__KIND_SUBSCRIBED:
		/* What was confirmed is known, and nothing that was not acknowledged. */
		/* What is pruned further on was not for this one. */
		if ((f->subscribed->position > d->dealt_with && f->subscribed->position > f->subscribed->pruned) ||
		    (f->subscribed->position < d->confirmed && !d->node->restored))
			world_fail(w, "%s/%u: the cursor stands at %llu, acknowledged was %llu", d->node->id, d->client,
				   (unsigned long long)f->subscribed->position, (unsigned long long)d->dealt_with);
		d->confirmed = d->dealt_with = d->received = f->subscribed->position;
		break;
	case CY_SERVER_FRAME__KIND_DONE:
		if (f->correlation == d->acknowledging) {
			d->acknowledging = 0;
			d->confirmed = d->dealt_with;
		} else if (f->correlation == d->lagging) {
			d->lagging = 0;
		}
		break;
	case CY_SERVER_FRAME__KIND_SUBMITTED:
		j = job_of(d, f->correlation);
		if (j != NULL)
			on_submitted(d, j, f->submitted);
		break;
	case CY_SERVER_FRAME__KIND_ERROR:
		on_error(d, f->correlation, f->error);
		break;
	default:
		break;
	}
	cy_server_frame__free_unpacked(f, NULL);
	if (d->conn == conn && d->in.n == 0 && d->node->node != NULL)
		node_local_drained(d->node->node, conn);
}

static struct sim_desk *desk_of(struct sim_node *s, uint64_t conn)
{
	for (size_t i = 0; i < SIM_DESKS; i++)
		if (s->desk[i].conn == conn && conn != 0)
			return &s->desk[i];
	return NULL;
}

/* As it leaves: what waits to be sent may be made anew under another number after a
 * restore, before a desk that is slow has read the answer. */
static void check_answer(struct sim_desk *d, struct cy_bytes frame)
{
	CyServerFrame *f = cy_server_frame__unpack(NULL, frame.len, frame.data);
	struct sim_job *j;

	CY_ASSERT(f != NULL);
	j = f->kind_case == CY_SERVER_FRAME__KIND_SUBMITTED ? job_of(d, f->correlation) : NULL;
	if (j != NULL)
		oracle_submitted(d, j, f->submitted);
	cy_server_frame__free_unpacked(f, NULL);
}

static int local_send_frame(void *ctx, uint64_t conn, struct cy_bytes frame)
{
	struct sim_node *s = ctx;
	struct sim_desk *d = desk_of(s, conn);

	if (d == NULL) {
		certs_answered(s, conn, frame);
		return programs_take(s, conn, frame) || erasures_take(s, conn, frame) ? CY_OK : CY_ENOENT;
	}
	if (d->in.bytes + frame.len > CONN_QUEUE_MAX)
		world_fail(s->w, "%s/%u: more waits for a local client than it may", s->id, d->client);
	check_answer(d, frame);
	if (s->blobs != NULL)
		world_mix_some(s->w, frame.data, frame.len);
	else
		world_mix(s->w, frame.data, frame.len);
	pipe_put(&d->in, frame, false);
	world_at(s->w, s->w->now + 1, from_node, d, conn);
	return CY_OK;
}

static size_t local_queued(void *ctx, uint64_t conn)
{
	const struct sim_desk *d = desk_of(ctx, conn);

	return d != NULL ? d->in.bytes : programs_queued(ctx, conn);
}

/* The node knows nothing of it any more. */
static void local_close(void *ctx, uint64_t conn)
{
	struct sim_desk *d = desk_of(ctx, conn);

	programs_closed(ctx, conn);
	erasures_closed(ctx, conn);
	if (d == NULL)
		return;
	d->conn = 0;
	desk_lost_connection(d);
}

static void local_pause(void *ctx, uint64_t conn, bool on)
{
	struct sim_node *s = ctx;
	struct sim_desk *d = desk_of(s, conn);

	programs_pause(s, conn, on);
	if (d == NULL || d->paused == on)
		return;
	d->paused = on;
	for (size_t i = 0; i < d->out.n && !on; i++)
		world_at(s->w, s->w->now + 1, to_node, d, conn);
}

struct local_port desk_port(struct sim_node *s)
{
	return (struct local_port){
		.ctx = s, .send = local_send_frame, .queued = local_queued, .close = local_close, .pause = local_pause
	};
}

/* --------------------------------------------------------------------- life */

void desk_init(struct sim_desk *d, struct sim_node *s, uint32_t client, uint64_t seed)
{
	*d = (struct sim_desk){ .node = s, .client = client, .rng = { seed } };
	pipe_init(&d->out);
	pipe_init(&d->in);
	desk_evidence_init(d);
}

void desk_start(struct sim_desk *d)
{
	d->running = true;
	world_at(d->node->w, d->node->w->now + world_span(&d->rng, MINUTE), on_turn, d, ++d->starts);
}

/* The connection is gone, and with it what was not answered. */
void desk_lost_connection(struct sim_desk *d)
{
	if (d->conn != 0 && d->node->node != NULL)
		node_local_down(d->node->node, d->conn);
	d->conn = 0;
	d->paused = false;
	d->acknowledging = d->lagging = 0;
	d->received = d->confirmed;
	pipe_clear(&d->out);
	pipe_clear(&d->in);
	for (size_t i = 0; i < d->n_jobs; i++)
		d->jobs[i]->correlation = 0;
	desk_evidence_lost(d);
}

void desk_allowed(struct sim_desk *d)
{
	struct sim_client client;
	const bool still = sim_client_of(d->node, name_of(d), &client);

	if (d->conn != 0)
		node_local_allowed(d->node->node, d->conn, &client.place, still ? 1 : 0);
}

void desk_crash(struct sim_desk *d)
{
	world_say(d->node->w, "%s/%u: the case system crashes", d->node->id, d->client);
	desk_lost_connection(d);
	d->running = false;
}

/* What was accepted after the backup is repeated, with the same key, once it is
 * known what came back from the peers. */
void desk_after_restore(struct sim_desk *d)
{
	d->first_open = 0;
	for (size_t i = 0; i < d->n_jobs; i++)
		d->jobs[i]->repeats = d->jobs[i]->said;
	for (size_t i = 0; i < d->n_jobs; i++)
		if (d->jobs[i]->state == JOB_ACCEPTED && d->jobs[i]->accepted_at > d->node->backup)
			d->jobs[i]->state = JOB_WAITING;
	desk_evidence_restored(d);
}

bool desk_idle(const struct sim_desk *d, char *why, size_t size)
{
	for (size_t i = d->first_open; i < d->n_jobs; i++)
		if (d->jobs[i]->state == JOB_WAITING && !excused(d, d->jobs[i])) {
			snprintf(why, size, "%s/%u: %s is not answered%s%s", d->node->id, d->client, d->jobs[i]->tag,
				 desk_may_say(d, d->jobs[i]) ? "" : ", it waits for what the restore lost",
				 d->conn != 0 ? "" : ", it is not connected");
			return false;
		}
	return desk_evidence_idle(d, why, size);
}

void desk_free(struct sim_desk *d)
{
	pipe_clear(&d->out);
	pipe_clear(&d->in);
	for (size_t i = 0; i < d->n_jobs; i++) {
		free(d->jobs[i]->submission);
		free(d->jobs[i]);
	}
	free(d->jobs);
	free(d->cases);
	desk_evidence_free(d);
}
