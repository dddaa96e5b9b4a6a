/* The desks of the legal years: what people say is handed in until it is answered. */
#include <stdlib.h>
#include <string.h>

#include "law.h"

#define REPEAT_MS  HOUR       /* without an answer it is handed in again */
#define LATER_MS   (6 * HOUR) /* an authority that is down is tried again */
#define TRIES_MOST 600u

/* --------------------------------------------------------------- the connection */

static void frame(struct sim_node *s, uint64_t conn, CyClientFrame *f)
{
	f->correlation = ++law_site(s)->correlation;
	rig_client_says(s->node, conn, f);
}

static uint64_t connect_as(struct sim_node *s, size_t client)
{
	const uint64_t conn = ++s->w->conns;

	rig_client_hello(s->node, conn, client, ++law_site(s)->correlation);
	return conn;
}

void law_confirm(struct sim_node *s)
{
	struct law_site *site = law_site(s);
	CyClientFrame f = CY_CLIENT_FRAME__INIT;
	CyConfirmTime c = CY_CONFIRM_TIME__INIT;

	if (site->operator_conn == 0)
		site->operator_conn = connect_as(s, 1);
	c.now_ms = s->ports.clock.wall(s->ports.clock.ctx).ms;
	f.kind_case = CY_CLIENT_FRAME__KIND_CONFIRM_TIME;
	f.confirm_time = &c;
	frame(s, site->operator_conn, &f);
}

/* ------------------------------------------------------------------ handing in */

static void drop_job(struct law_job *j)
{
	struct law_job **at = &law_site(j->node)->jobs;

	while (*at != j)
		at = &(*at)->next;
	*at = j->next;
	free(j->submission);
	free(j);
}

static void on_job(struct world *w, void *arg, uint64_t serial);

static struct law_job *job_by_serial(struct sim_node *s, uint64_t serial)
{
	struct law_job *j = law_site(s)->jobs;
	char key[24];

	snprintf(key, sizeof key, "law-%llu", (unsigned long long)serial);
	while (j != NULL && strcmp(j->key, key) != 0)
		j = j->next;
	return j;
}

static void hand_in(struct law_job *j)
{
	struct sim_node *s = j->node;
	CyClientFrame f = CY_CLIENT_FRAME__INIT;
	CySubmit submit = CY_SUBMIT__INIT;

	if (law_site(s)->conn == 0)
		law_site(s)->conn = connect_as(s, 0);
	submit.idempotency_key = j->key;
	submit.same_reference = true;
	submit.submission = cy_submission__unpack(NULL, j->len, j->submission);
	CY_ASSERT(submit.submission != NULL);
	f.kind_case = CY_CLIENT_FRAME__KIND_SUBMIT;
	f.submit = &submit;
	/* The answer may come before this returns. */
	j->correlation = law_site(s)->correlation + 1;
	world_say(s->w, "%s: %s is handed in for %s", s->id, submit.submission->content->base.descriptor->short_name,
		  j->matter->ref);
	frame(s, law_site(s)->conn, &f);
	cy_submission__free_unpacked(submit.submission, NULL);
}

static void on_job(struct world *w, void *arg, uint64_t serial)
{
	struct sim_node *s = arg;
	struct law_job *j = job_by_serial(s, serial);

	if (j == NULL)
		return;
	if (s->node == NULL || s->suspended_until > w->now) {
		world_at(w, w->now + LATER_MS, on_job, s, serial);
		return;
	}
	if (j->tries++ == TRIES_MOST) {
		drop_job(j);
		return;
	}
	world_at(w, w->now + REPEAT_MS, on_job, s, serial);
	hand_in(j);
}

void law_hand_in(struct sim_node *s, struct law_matter *m, bool opens, CyContent *content, const struct law_job *as)
{
	struct world *w = s->w;
	CySubmission sub = CY_SUBMISSION__INIT;
	struct law_job *j = calloc(1, sizeof *j);
	const uint64_t serial = ++w->law->jobs;

	CY_ASSERT(j != NULL);
	*j = *as;
	j->node = s;
	j->matter = m;
	snprintf(j->key, sizeof j->key, "law-%llu", (unsigned long long)serial);
	sub.content = content;
	if (opens) {
		sub.to = m->pair->side[1 - m->asks]->id;
		sub.own_reference = m->ref;
	} else {
		sub.case_ref = m->id;
	}
	j->len = cy_submission__get_packed_size(&sub);
	j->submission = malloc(j->len + 1);
	CY_ASSERT(j->submission != NULL);
	cy_submission__pack(&sub, j->submission);
	cy_content__free_unpacked(content, NULL);
	j->next = law_site(s)->jobs;
	law_site(s)->jobs = j;
	on_job(w, s, serial);
}

static bool is_about_instant(const CyError *e)
{
	return e->code == CY_ERROR_CODE__INVALID && e->n_faults == 1 && strstr(e->faults[0]->field, "_ms") != NULL;
}

/* A refusal of what was notified has to be taken as long as the case is open, registered, and not refused yet. */
static bool is_refusable(const struct sim_node *s, const struct law_job *j)
{
	const struct mem_case *c = mem_store_case((struct mem_store *)(uintptr_t)&s->store,
						  j->matter->pair->side[j->matter->asks]->id, j->matter->id);
	bool registered = false, over = false;
	struct law_scenes a;

	if (j->matter->n > 0 || !j->refuses || c == NULL)
		return false;
	law_scenes_begin(&a, c);
	for (size_t i = 0; i < a.n; i++) {
		const uint32_t kind = a.scene[i].f->kind;

		registered = registered || kind == CY_CONTENT__KIND_ACKNOWLEDGEMENT;
		over = over || kind == CY_CONTENT__KIND_REFUSAL || kind == CY_CONTENT__KIND_CLOSURE ||
		       kind == CY_CONTENT__KIND_RETURNED_DEFICIENT || kind == CY_CONTENT__KIND_REDIRECTION;
	}
	over = over || a.n == 0 || a.scene[0].f->kind != CY_CONTENT__KIND_NOTIFICATION;
	law_scenes_end(&a);
	return registered && !over;
}

static void answered(struct sim_node *s, const CyServerFrame *f)
{
	struct law_job *j = law_site(s)->jobs;
	const CyError *e = f->error;

	while (j != NULL && (j->correlation != f->correlation || f->correlation == 0))
		j = j->next;
	if (j == NULL)
		return;
	if (f->kind_case == CY_SERVER_FRAME__KIND_SUBMITTED) {
		if (j->absurd)
			world_fail(s->w, "%s: an instant of 1970 or 2100 was taken for %s", s->id, j->matter->ref);
		if (j->matter->id[0] == '\0') {
			snprintf(j->matter->id, sizeof j->matter->id, "%s", f->submitted->case_id);
			j->matter->opened = s->w->now;
		}
		if (j->ret_number != NULL)
			*j->ret_number = f->submitted->number;
		drop_job(j);
	} else if (f->kind_case == CY_SERVER_FRAME__KIND_ERROR) {
		j->correlation = 0;
		/* The case was lost with a disk before any of it had left. */
		if (e->code == CY_ERROR_CODE__NOT_FOUND && s->restored && s->w->healed) {
			drop_job(j);
			return;
		}
		/* Not here yet, or not now: it is handed in again. */
		if (e->code == CY_ERROR_CODE__NOT_FOUND || e->code == CY_ERROR_CODE__UNAVAILABLE ||
		    e->code == CY_ERROR_CODE__TOO_MANY)
			return;
		if (is_about_instant(e) && (j->absurd || law_site(s)->wrong || law_site(s)->doubted)) {
			if (j->absurd) {
				law_say_again(j);
				drop_job(j);
			}
			return; /* else when its clock is right again */
		}
		if (is_refusable(s, j))
			world_fail(s->w, "%s: what was notified in %s could not be refused: %s", s->id, j->matter->ref,
				   e->text);
		if (e->code != CY_ERROR_CODE__REFUSED_BY_LIFE_CYCLE)
			world_fail(s->w, "%s: what was handed in for %s was refused: %s: %s: %s", s->id, j->matter->ref,
				   e->text, e->n_faults > 0 ? e->faults[0]->field : "",
				   e->n_faults > 0 ? e->faults[0]->text : "");
		s->w->law->counts.refused++;
		drop_job(j);
	}
}

/* ------------------------------------------------------------------ asking for figures */

void law_ask_figures(struct world *w, void *node, uint64_t x)
{
	struct sim_node *s = node;
	struct law_site *site = law_site(s);
	CyClientFrame f = CY_CLIENT_FRAME__INIT;
	CyGetStatistics get;

	(void)w, (void)x;
	if (!law_figures_ask(s, site->question, &get)) {
		site->counted = true;
		return;
	}
	if (site->conn == 0)
		site->conn = connect_as(s, 0);
	f.kind_case = CY_CLIENT_FRAME__KIND_GET_STATISTICS;
	f.get_statistics = &get;
	/* The answer may come before this returns. */
	site->asked = site->correlation + 1;
	frame(s, site->conn, &f);
}

static void figures(struct sim_node *s, const CyServerFrame *f)
{
	struct law_site *site = law_site(s);

	site->asked = 0;
	if (f->kind_case == CY_SERVER_FRAME__KIND_STATISTICS)
		law_figures_answered(s, site->question, f->statistics);
	else if (f->error->code != CY_ERROR_CODE__NOT_FOUND || !law_figures_unknown(s, site->question))
		world_fail(s->w, "%s: statistics are not answered: %s", s->id, f->error->text);
	site->question++;
	world_at(s->w, s->w->now + 1, law_ask_figures, s, 0);
}

static int port_send(void *ctx, uint64_t conn, struct cy_bytes data)
{
	struct sim_node *s = ctx;
	CyServerFrame *f;

	if (conn != law_site(s)->conn && conn != law_site(s)->operator_conn)
		return CY_ENOENT;
	f = cy_server_frame__unpack(NULL, data.len, data.data);
	CY_ASSERT(f != NULL);
	if (conn == law_site(s)->conn && law_site(s)->asked != 0 && f->correlation == law_site(s)->asked)
		figures(s, f);
	else if (conn == law_site(s)->conn)
		answered(s, f);
	else if (f->kind_case == CY_SERVER_FRAME__KIND_ERROR && f->error->code == CY_ERROR_CODE__UNAVAILABLE)
		law_confirm_later(s);
	else if (f->kind_case == CY_SERVER_FRAME__KIND_ERROR)
		world_fail(s->w, "%s does not take an operator's word for its clock: %s", s->id, f->error->text);
	cy_server_frame__free_unpacked(f, NULL);
	return CY_OK;
}

struct local_port law_port(struct sim_node *s)
{
	return rig_local_port(s, port_send);
}
