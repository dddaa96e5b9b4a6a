/* What people do in the legal years: they ask under the treaties that bind the two
 * states, and answer mostly late. Each case is planned when it is opened; what the life
 * cycle then refuses is part of the exercise. */
#include <stdlib.h>
#include <string.h>

#include "law.h"
#include "law/treaty.h"
#include "wire/json.h"
#include "wire/message.h"

#define OPEN_MEAN  (46 * DAY)  /* between two requests of one authority */
#define MEASURES   32          /* of a request, at most */
#define NEVER_SAYS (400 * DAY) /* then what was left lying is refused */

static CyContent *template;

static struct cy_rng *rng(const struct world *w)
{
	return &w->law->rng;
}

static bool one_in(const struct world *w, uint64_t n)
{
	return cy_rng_below(rng(w), n) == 0;
}

static ProtobufCMessage *parsed(const ProtobufCMessageDescriptor *d, struct cy_bytes json)
{
	ProtobufCMessage *m = NULL;
	struct cy_error e = { 0 };

	if (wire_json_parse(d, json, &m, &e) < 0) {
		fprintf(stderr, "%s: %s\n%.*s\n", e.field, e.text, (int)json.len, (const char *)json.data);
		abort();
	}
	return m;
}

static CyContent *content_of(const char *json)
{
	return (CyContent *)parsed(&cy_content__descriptor, cy_bytes(json, strlen(json)));
}

/* ------------------------------------------------------------------- requests */

static void date_text(const struct world *w, int64_t at, char out[static 16])
{
	const struct cy_date d = cy_date_of_days((START_MS + at) / DAY);

	(void)w;
	snprintf(out, 16, "%04d-%02d-%02d", d.year, d.month, d.day);
}

static struct cy_date today(const struct world *w)
{
	return cy_date_of_days((START_MS + w->now) / DAY);
}

static void set_text(char **field, const char *text)
{
	if (*field != protobuf_c_empty_string)
		free(*field);
	*field = strdup(text);
	CY_ASSERT(*field != NULL);
}

static bool fits(const struct world *w, const struct law_between *between, const CyContent *c)
{
	struct law_faults faults = { 0 };

	law_validate(c, &faults);
	law_treaty_check(c, &w->law->legal_data, between, &faults);
	return faults.n == 0;
}

static CyMeasureType any_measure(const struct world *w, const struct law_profile *p)
{
	for (;;) {
		unsigned t = 1 + (unsigned)cy_rng_below(rng(w), 63);

		if ((p->measures >> t & 1) != 0)
			return (CyMeasureType)t;
	}
}

static CyMeasure *measure_of(const struct world *w, CyMeasureType type, uint32_t number)
{
	static const char text[] =
		"{\"request\":{\"measures\":[{\"description\":\"d\",\"targets\":[{\"type\":\"email\","
		"\"value\":\"a@example.com\"}],\"nexus\":\"n\",\"necessity\":\"n\"}]}}";
	CyContent *c = content_of(text);
	CyMeasure *m = c->request->measures[0];
	char day[16];

	c->request->n_measures = 0;
	cy_content__free_unpacked(c, NULL);
	m->measure = number;
	m->type = type;
	if (type == CY_MEASURE_TYPE__HEARING_WITNESS || type == CY_MEASURE_TYPE__HEARING_EXPERT ||
	    type == CY_MEASURE_TYPE__HEARING_SUSPECT) {
		m->hearing = malloc(sizeof *m->hearing);
		CY_ASSERT(m->hearing != NULL);
		cy_hearing_particulars__init(m->hearing);
		m->hearing->mode = (CyHearingMode)1;
	}
	if (one_in(w, 2)) {
		date_text(w, w->now + (int64_t)(5 + cy_rng_below(rng(w), 90)) * DAY, day);
		set_text(&m->wanted_by_date, day);
	}
	return m;
}

static void add_measure(CyRequest *r, CyMeasure *m)
{
	r->measures = realloc(r->measures, (r->n_measures + 1) * sizeof(CyMeasure *));
	CY_ASSERT(r->measures != NULL);
	r->measures[r->n_measures++] = m;
}

/* NULL: nothing can be asked for under this treaty. */
static CyContent *new_request(const struct world *w, struct law_matter *m, const struct law_between *between)
{
	struct cy_buf packed = CY_BUF(1024 * 1024);
	const unsigned wanted = 1 + (unsigned)cy_rng_below(rng(w), MEASURES);
	CyContent *c;
	CyRequest *r;
	char day[16];

	CY_ASSERT(wire_pack(&template->base, &packed) == CY_OK);
	c = cy_content__unpack(NULL, packed.len, packed.data);
	cy_buf_free(&packed);
	r = c->request;
	set_text(&r->requesting_state, between->requesting);
	set_text(&r->requested_state, between->requested);
	set_text(&r->legal_basis->instrument, m->profile->id);
	set_text(&r->legal_basis->version, m->profile->version);
	if (one_in(w, 5)) {
		date_text(w, w->now + (int64_t)(3 + cy_rng_below(rng(w), 30)) * DAY, day);
		set_text(&r->urgency->until_date, day);
	} else {
		cy_urgency__free_unpacked(r->urgency, NULL);
		r->urgency = NULL;
	}
	for (unsigned tries = 0; tries < 4 * MEASURES && r->n_measures < wanted; tries++) {
		CyMeasureType t = any_measure(w, m->profile);

		add_measure(r, measure_of(w, t, (uint32_t)r->n_measures + 1));
		if (fits(w, between, c))
			m->type[r->n_measures - 1] = (uint8_t)t;
		else
			cy_measure__free_unpacked(r->measures[--r->n_measures], NULL);
	}
	m->n = (uint8_t)r->n_measures;
	if (r->n_measures > 0)
		return c;
	cy_content__free_unpacked(c, NULL);
	return NULL;
}

static CyContent *new_notification(const struct world *w, const struct law_matter *m, const struct law_between *between)
{
	char json[400];
	CyContent *c;

	snprintf(json, sizeof json,
		 "{\"notification\":{\"title\":\"t\",\"legalBasis\":{\"instrument\":\"%s\",\"version\":\"%s\","
		 "\"articles\":[\"31\"]},\"type\":\"INTERCEPTION_NOTIFICATION\",\"text\":\"t\"}}",
		 m->profile->id, m->profile->version);
	c = content_of(json);
	if (fits(w, between, c))
		return c;
	cy_content__free_unpacked(c, NULL);
	return NULL;
}

/* -------------------------------------------------------------- what follows it */

/* What is said of a case: by the side that asks (true) or is asked, X(NAME, asks, JSON).
 * %L is a list of measures, %N the number that is answered, %D a date, %T an instant, %C a time limit that can be
 * extended. */
#define STEPS(X)                                                                                                       \
	X(ACKNOWLEDGE, false, "{\"acknowledgement\":{\"by\":\"CENTRAL_AUTHORITY\",\"reference\":\"r\"}}")              \
	X(ACKNOWLEDGE_SINCE, false,                                                                                    \
	  "{\"acknowledgement\":{\"by\":\"CENTRAL_AUTHORITY\",\"reference\":\"r\",\"receivedMs\":\"%T\"}}")            \
	X(EXECUTING, false,                                                                                            \
	  "{\"acknowledgement\":{\"by\":\"EXECUTING_AUTHORITY\",\"reference\":\"r\",\"receivedMs\":\"%T\"}}")          \
	X(RETURN, false, "{\"returnedDeficient\":{\"faults\":[{\"field\":\"facts\",\"text\":\"t\"}],\"text\":\"t\"}}") \
	X(ASK, false, "{\"problemNotice\":{\"type\":\"CLARIFICATION\",\"questions\":[\"q\"],\"text\":\"t\"}}")         \
	X(ASK_BY, false,                                                                                               \
	  "{\"problemNotice\":{\"type\":\"CLARIFICATION\",\"measures\":[1],\"text\":\"t\",\"answerByDate\":\"%D\"}}")  \
	X(ANSWER, true, "{\"supplement\":{\"notice\":%N,\"text\":\"t\"}}")                                             \
	X(PROPOSE, false, "{\"conditionsProposed\":{\"measures\":[1],\"conditions\":[\"c\"]}}")                        \
	X(REPLACE, false, "{\"conditionsProposed\":{\"replaces\":%N,\"conditions\":[\"c2\"]}}")                        \
	X(RETRACT, false, "{\"conditionsProposed\":{\"replaces\":%N,\"text\":\"t\"}}")                                 \
	X(ACCEPT, true, "{\"conditionsAccepted\":{\"proposal\":%N}}")                                                  \
	X(DECIDE, false, "{\"decision\":{\"measures\":[%L],\"decidedMs\":\"%T\"}}")                                    \
	X(POSTPONE, false, "{\"postponement\":{\"measures\":[%L],\"ground\":\"g\",\"article\":\"15\"}}")               \
	X(RESUME, false, "{\"resumption\":{\"measures\":[%L],\"text\":\"t\"}}")                                        \
	X(EXTEND, false, "{\"extension\":{\"measures\":[%L],\"reason\":\"r\",\"estimateDate\":\"%D\"}}")               \
	X(EXTEND_CLOCK, false,                                                                                         \
	  "{\"extension\":{\"measures\":[%L],\"clock\":\"%C\",\"reason\":\"r\",\"estimateDate\":\"%D\"}}")             \
	X(PART, false, "{\"result\":{\"results\":[{\"measure\":%L,\"partial\":true}],\"effectedMs\":\"%T\"}}")         \
	X(RESULT, false,                                                                                               \
	  "{\"result\":{\"results\":[{\"measure\":%L,\"outcome\":\"EXECUTED\"}],\"effectedMs\":\"%T\"}}")              \
	X(REFUSE, false,                                                                                               \
	  "{\"refusal\":{\"refusals\":[{\"measure\":%L,\"ground\":\"NE_BIS_IN_IDEM\",\"article\":\"4\",\"reason\":"    \
	  "\"r\"}]}}")                                                                                                 \
	X(WITHDRAW, true, "{\"withdrawal\":{\"measures\":[%L],\"reason\":\"r\"}}")                                     \
	X(FOLLOW, true, "{\"supplement\":{\"text\":\"t\"}}")                                                           \
	X(CLOSE, false, "{\"closure\":{\"text\":\"t\"}}")

enum step {
#define X(name, asks, json) STEP_##name,
	STEPS(X)
#undef X
};
static const struct {
	bool asks;
	const char *json;
} steps[] = {
#define X(name, asks, json) { asks, json },
	STEPS(X)
#undef X
};

/* Just now, or some days ago; and now and then somebody mistypes the year. */
static int64_t any_instant(const struct world *w, const struct law_matter *m, bool *ret_absurd)
{
	int64_t at = w->now - MINUTE;

	if (one_in(w, 40)) {
		*ret_absurd = true;
		return one_in(w, 2) ? 40 * DAY : INT64_C(4102444800000);
	}
	if (one_in(w, 3))
		at -= world_span(rng(w), 10 * DAY);
	return START_MS + (at > m->opened ? at : m->opened);
}

/* "": the instrument has none. */
static const char *any_extensible(const struct world *w, const struct law_matter *m)
{
	const char *found = "";
	uint64_t n = 0;

	for (size_t i = 0; i < m->profile->n_clocks; i++)
		if (m->profile->clocks[i].extensible && cy_rng_below(rng(w), ++n) == 0)
			found = m->profile->clocks[i].name;
	return found;
}

/* Measures `first` to `last`; a list of objects repeats what stands between [ and ]. */
static void write_step(const struct world *w, const struct law_matter *m, const char *form, unsigned first,
		       unsigned last, struct cy_buf *out, bool *ret_absurd)
{
	const uint32_t number = form == steps[STEP_ANSWER].json ? m->notice : m->proposal;
	const char *open = NULL;
	unsigned at = first;
	char day[16];

	for (const char *p = form; *p != '\0'; p++) {
		if (p[0] == '[' && p[1] == '{')
			open = p;
		if (open != NULL && p[0] == '}' && p[1] == ']' && at < last && strstr(open, "%L") != NULL &&
		    strstr(open, "%L") < p) {
			at++;
			CY_ASSERT(cy_buf_addf(out, "},") == CY_OK);
			p = open;
			continue;
		}
		if (*p != '%') {
			CY_ASSERT(cy_buf_add(out, p, 1) == CY_OK);
			continue;
		}
		switch (*++p) {
		case 'L':
			CY_ASSERT(cy_buf_addf(out, "%u", at) == CY_OK);
			for (; open == NULL && at < last; at++)
				CY_ASSERT(cy_buf_addf(out, ",%u", at + 1) == CY_OK);
			break;
		case 'N':
			CY_ASSERT(cy_buf_addf(out, "%u", number) == CY_OK);
			break;
		case 'C':
			CY_ASSERT(cy_buf_addf(out, "%s", any_extensible(w, m)) == CY_OK);
			break;
		case 'D':
			date_text(w, w->now + (int64_t)(5 + cy_rng_below(rng(w), 60)) * DAY, day);
			CY_ASSERT(cy_buf_addf(out, "%s", day) == CY_OK);
			break;
		default:
			CY_ASSERT(cy_buf_addf(out, "%lld", (long long)any_instant(w, m, ret_absurd)) == CY_OK);
		}
	}
}

/* `x`: the step, and the first and last measure. */
static void on_step(struct world *w, void *arg, uint64_t x)
{
	struct law_matter *m = arg;
	const enum step step = (enum step)(x >> 16);
	struct sim_node *s = m->pair->side[steps[step].asks ? m->asks : 1 - m->asks];
	struct law_job as = { .again = x, .refuses = step == STEP_REFUSE };
	struct cy_buf json = CY_BUF(8192);
	char *text;

	if (w->healed)
		return;
	if (m->id[0] == '\0') { /* it has not even left */
		world_at(w, w->now + DAY, on_step, m, x);
		return;
	}
	if ((step == STEP_ANSWER && m->notice == 0) ||
	    ((step == STEP_ACCEPT || step == STEP_REPLACE || step == STEP_RETRACT) && m->proposal == 0))
		return;
	write_step(w, m, steps[step].json, (unsigned)(x >> 8 & 0xff), (unsigned)(x & 0xff), &json, &as.absurd);
	CY_ASSERT(cy_buf_add(&json, "", 1) == CY_OK);
	text = (char *)json.data;
	as.ret_number = step == STEP_ASK || step == STEP_ASK_BY        ? &m->notice
			: step == STEP_PROPOSE || step == STEP_REPLACE ? &m->proposal
								       : NULL;
	law_hand_in(s, m, false, content_of(text), &as);
	cy_buf_free(&json);
}

void law_say_again(const struct law_job *j)
{
	world_at(j->node->w, j->node->w->now + HOUR, on_step, j->matter, j->again);
}

static void open_case(struct world *w, struct sim_node *s, struct sim_pair *pair, const struct law_matter *earlier);

/* The data that were preserved, or the papers: a request of its own, which follows the earlier one. */
static void on_follow(struct world *w, void *arg, uint64_t x)
{
	struct law_matter *m = arg;

	if (w->healed)
		return;
	if (m->id[0] == '\0')
		world_at(w, w->now + DAY, on_follow, m, x);
	else
		open_case(w, m->pair->side[m->asks], m->pair, m);
}

static int64_t plan(struct world *w, struct law_matter *m, int64_t at, enum step step, unsigned first, unsigned last)
{
	world_at(w, at, on_step, m, (uint64_t)step << 16 | first << 8 | last);
	return at;
}

static int64_t days(const struct world *w, int64_t mean)
{
	return world_span(rng(w), mean * DAY);
}

/* A part of it is given; the rest may be dropped by either side. */
static void plan_part(struct world *w, struct law_matter *m, int64_t at, unsigned a)
{
	plan(w, m, at, STEP_PART, a, a);
	if (one_in(w, 3))
		plan(w, m, at + days(w, 15), one_in(w, 2) ? STEP_WITHDRAW : STEP_REFUSE, a, a);
}

/* Some measures that are dealt with together. */
static int64_t plan_group(struct world *w, struct law_matter *m, int64_t at, unsigned a, unsigned b)
{
	int64_t end;

	if (one_in(w, 12)) /* left lying */
		return plan(w, m, at + NEVER_SAYS, STEP_REFUSE, a, b);
	if (one_in(w, 30))
		return plan(w, m, at + days(w, 20), STEP_WITHDRAW, a, b);
	at += days(w, 22);
	if (one_in(w, 12))
		return plan(w, m, at, STEP_REFUSE, a, b);
	if (one_in(w, 7))
		plan(w, m, at - days(w, 5), STEP_EXTEND, a, b);
	if (!one_in(w, 6))
		plan(w, m, at, STEP_DECIDE, a, b);
	if (one_in(w, 8)) {
		int64_t from = at + days(w, 10);

		plan(w, m, from, STEP_POSTPONE, a, b);
		plan(w, m, from + days(w, 25), STEP_RESUME, a, b);
	}
	if (one_in(w, 7))
		plan(w, m, at + days(w, 40), STEP_EXTEND, a, b);
	if (one_in(w, 8))
		plan_part(w, m, at + days(w, 30), a);
	end = plan(w, m, at + days(w, 60), STEP_RESULT, a, b);
	if (one_in(w, 3))
		plan(w, m, end + days(w, 40), STEP_FOLLOW, a, b);
	else if (one_in(w, 4))
		plan(w, m, end + days(w, 20), STEP_EXTEND_CLOCK, a, b);
	else if (one_in(w, 24))
		world_at(w, end + days(w, 40), on_follow, m, 0);
	return end;
}

/* To what was notified, which is measure 1 for that. */
static void plan_objection(struct world *w, struct law_matter *m, int64_t at)
{
	if (one_in(w, 2))
		plan(w, m, at + days(w, 2), STEP_EXTEND, 1, 1);
	if (one_in(w, 3))
		plan(w, m, plan(w, m, at + days(w, 3), STEP_PROPOSE, 1, 1) + days(w, 4), STEP_ACCEPT, 1, 1);
	if (one_in(w, 3))
		plan(w, m, at + days(w, 4), STEP_REFUSE, 1, 1);
}

static void plan_case(struct world *w, struct law_matter *m)
{
	int64_t at = w->now + days(w, 4), end = at;
	unsigned group = 1 + (unsigned)cy_rng_below(rng(w), 12);

	if (one_in(w, 40)) {
		plan(w, m, at, STEP_RETURN, 1, 1);
		return;
	}
	plan(w, m, at, one_in(w, 4) ? STEP_ACKNOWLEDGE_SINCE : STEP_ACKNOWLEDGE, 1, 1);
	at += days(w, 2);
	if (!one_in(w, 6))
		plan(w, m, at, STEP_EXECUTING, 1, 1);
	if (one_in(w, 4)) {
		int64_t asked = plan(w, m, at + days(w, 8), one_in(w, 2) ? STEP_ASK : STEP_ASK_BY, 1, 1);

		plan(w, m, asked + days(w, 6), STEP_ANSWER, 1, 1);
	}
	if (one_in(w, 12)) {
		int64_t proposed = plan(w, m, at + days(w, 15), STEP_PROPOSE, 1, 1);

		plan(w, m, proposed + days(w, 8), STEP_ACCEPT, 1, 1);
		if (one_in(w, 2))
			plan(w, m, proposed + days(w, 8), one_in(w, 2) ? STEP_REPLACE : STEP_RETRACT, 1, 1);
	}
	if (m->n == 0)
		plan_objection(w, m, at);
	for (unsigned a = 1; a <= m->n; a += group) {
		unsigned b = a + group - 1 < m->n ? a + group - 1 : m->n;
		int64_t done = plan_group(w, m, at, a, b);

		end = done > end ? done : end;
	}
	plan(w, m, end + days(w, 15), STEP_CLOSE, 1, 1);
}

/* A treaty in force between the two, the likelier the more time limits it has. */
static const struct law_profile *any_treaty(const struct world *w, const struct law_between *b)
{
	const struct law_profile *found = NULL;
	uint64_t n = 0;

	for (size_t i = 0; i < w->law->legal_data.n_profiles; i++) {
		const struct law_profile *p = w->law->legal_data.profiles[i];

		if (!law_in_force(p, b->requesting, b->requested, b->day, NULL) || p->n_clocks == 0)
			continue;
		n += p->n_clocks;
		if (cy_rng_below(rng(w), n) < p->n_clocks)
			found = p;
	}
	return found;
}

static void link_to(CyRequest *r, const struct law_matter *earlier)
{
	CyLink *l = r->links[0];

	l->type = CY_LINK_TYPE__FOLLOW_UP_MLA;
	set_text(&l->case_id, earlier->id);
}

/* `earlier`: what it follows; NULL: nothing. */
static void open_case(struct world *w, struct sim_node *s, struct sim_pair *pair, const struct law_matter *earlier)
{
	struct law_matter *m = cy_arena_take(&w->law->arena, sizeof *m);
	struct law_between between = { .day = today(w) };
	struct node_config config = { 0 };
	struct node_peer_config peer = { 0 };
	CyContent *c = NULL;

	m->pair = pair;
	m->asks = m->pair->side[0] == s ? 0 : 1;
	config.n_peers = 1;
	peer.id = m->pair->side[1 - m->asks]->id;
	law_configure(s, &config, &peer);
	between.requesting = config.place.state;
	between.requested = peer.place.state;
	m->profile = any_treaty(w, &between);
	if (m->profile == NULL)
		return;
	snprintf(m->ref, sizeof m->ref, "matter-%llu", (unsigned long long)++w->law->matters);
	if (earlier == NULL && one_in(w, 10))
		c = new_notification(w, m, &between);
	if (c == NULL)
		c = new_request(w, m, &between);
	if (c == NULL)
		return;
	if (earlier != NULL)
		link_to(c->request, earlier);
	law_hand_in(s, m, true, c, &(struct law_job){ 0 });
	plan_case(w, m);
}

static void on_open(struct world *w, void *arg, uint64_t x)
{
	struct sim_node *s = arg;

	if (w->healed)
		return;
	if (s->n_pairs > 0)
		open_case(w, s, s->pairs[cy_rng_below(rng(w), s->n_pairs)], NULL);
	world_at(w, w->now + world_span(rng(w), OPEN_MEAN), on_open, s, x);
}

/* The request that all others are made from. */
static CyContent *load_template(void)
{
	static const char path[] = "tests/fixtures/law/complete_request.json";
	struct cy_buf b = CY_BUF(1024 * 1024);
	FILE *f = fopen(path, "r");
	char piece[4096];
	CyContent *c;
	CyRequest *r;
	size_t n;

	if (f == NULL) {
		fprintf(stderr, "%s is missing: run this from the top of the repository\n", path);
		exit(2);
	}
	while ((n = fread(piece, 1, sizeof piece, f)) > 0)
		CY_ASSERT(cy_buf_add(&b, piece, n) == CY_OK);
	fclose(f);
	c = (CyContent *)parsed(&cy_content__descriptor, cy_buf_view(&b));
	b.len = 0;
	r = c->request;
	while (r->n_measures > 0)
		cy_measure__free_unpacked(r->measures[--r->n_measures], NULL);
	while (r->n_atom_warnings > 0)
		cy_atom_warning__free_unpacked(r->atom_warnings[--r->n_atom_warnings], NULL);
	/* One authority asks and validates. */
	CY_ASSERT(wire_pack(&r->authorities->requesting->base, &b) == CY_OK);
	r->authorities->validating = cy_authority__unpack(NULL, b.len, b.data);
	CY_ASSERT(r->authorities->validating != NULL);
	cy_buf_free(&b);
	return c;
}

void law_say_begin(struct world *w)
{
	if (template == NULL)
		template = load_template();
	for (uint32_t i = 0; i < w->set.nodes; i++)
		world_at(w, world_span(rng(w), OPEN_MEAN), on_open, &w->nodes[i], 0);
}
