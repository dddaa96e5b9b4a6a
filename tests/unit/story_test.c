/* A story for each shipped instrument: one request through its time limits, told in the words of the two ministries, as
 * tests/traces/stories/INSTRUMENT.txt. Two real nodes with real stores count, agree, and answer `late` and `stats`.
 * TRACE_WRITE=1 writes the files anew. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/profile_confuse.h"
#include "config/zone_tz.h"
#include "io/calendar/calendar_ical.h"
#include "story.h"
#include "trace_rig.h"

#define DIR  "tests/traces/stories"
#define ROWS 64

/* A time limit as it was when it was last told. */
struct row {
	char clock[CY_CLOCK_MAX + 1], state[16], obliged[8], article[96], zone[64];
	uint64_t id;
	uint32_t measure, notice;
	int64_t due, ended, excused;
	bool late, verified;
};

struct rows {
	size_t n;
	struct row at[ROWS];
};

/* The story that is being told; what a side hears finds it here. */
static struct telling {
	const struct story *s;
	const struct law_profile *p;
	const struct law_zone *zones[2];
	struct world *w;
	struct cy_buf text;
	char case_id[40];
	uint32_t number, asked;   /* of what was handed in last, and of the last question */
	struct rows heard, known; /* of the side that asks first; as told */
	bool lists;               /* answers are told */
} t;

static struct cy_arena arena;
static struct law_data shipped;

__attribute__((format(printf, 1, 2))) static void tell(const char *fmt, ...)
{
	char line[4096];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof line, fmt, ap);
	va_end(ap);
	assert_int_equal(cy_buf_addf(&t.text, "%s\n", line), CY_OK);
}

/* ----------------------------------------------------------------- the instrument */

static void tell_period(const struct law_period *p, char *out, size_t size)
{
	const char *unit = law_unit_name(p->unit);
	char words[32];

	snprintf(words, sizeof words, "%s", unit);
	for (char *c = words; *c != '\0'; c++)
		if (*c == '_')
			*c = ' ';
	snprintf(out, size, "%u %s%s", p->amount, words, p->amount == 1 ? "" : "s");
}

static void tell_rule(const struct law_clock_rule *r)
{
	char text[512] = "by the date asked for", more[64];
	size_t len;

	if (r->period.amount > 0)
		tell_period(&r->period, text, sizeof text);
	len = strlen(text);
	if (r->extensible && r->extension.amount > 0) {
		tell_period(&r->extension, more, sizeof more);
		len += (size_t)snprintf(text + len, sizeof text - len, "; at most %s longer (Article %s)", more,
					r->extension_source.article);
	} else if (r->extensible) {
		len += (size_t)snprintf(text + len, sizeof text - len, "; may be extended (Article %s)",
					r->extension_source.article);
	}
	for (unsigned i = 0; i < LAW_SUSPENDS_N; i++)
		if ((r->suspended_by & 1u << i) != 0)
			len += (size_t)snprintf(text + len, sizeof text - len, "; stands still while there is a %s",
						law_suspend_name((enum law_suspend)i));
	tell("  %s (Article %s%s), owed by %s, %s:", r->name, r->source.article,
	     r->source.verified ? "" : ", not verified against the primary text",
	     t.s->names[r->obliged == CY_SIDE__REQUESTED], text);
	tell("      %s.", r->obligation);
}

static void tell_instrument(void)
{
	bool extended = false, held = false, counted = false;

	tell("%s", t.p->title);
	tell("Profile %s, version %s. %s asks %s. Days end where the side that owes them is: %s, %s.", t.p->id,
	     t.p->version, t.s->names[0], t.s->names[1], t.s->places[0].zone, t.s->places[1].zone);
	if (t.p->status == LAW_STATUS_NOT_IN_FORCE)
		tell("It is not in force, and no request can be based on it; this is told as if it were.");
	tell("%s", "");
	tell("Its time limits:");
	for (size_t i = 0; i < t.p->n_clocks; i++) {
		const struct law_clock_rule *r = &t.p->clocks[i];

		tell_rule(r);
		extended = extended || r->extensible;
		held = held || r->suspended_by != 0;
		counted = counted || r->period.amount > 0;
	}
	if (!counted)
		tell("It sets no time limit of its own: what is asked for by a date is all that is counted.");
	if (!extended)
		tell("It knows no extension of a time limit.");
	if (!held)
		tell("It knows nothing that a time limit stands still for.");
	tell("%s", "");
}

/* --------------------------------------------------------------------- its clocks */

static const char *local(const char *zone, int64_t ms)
{
	static char turns[4][LAW_LOCAL_SIZE];
	static unsigned next;
	char *out = turns[next++ % 4];
	const struct law_zone *z = strcmp(zone, t.zones[0]->name) == 0 ? t.zones[0] : t.zones[1];

	law_local_text(z, (struct cy_wall){ ms }, out);
	return out;
}

static void take(struct row *r, const CyClockView *v)
{
	*r = (struct row){ .id = v->id,
			   .measure = v->measure,
			   .notice = v->notice,
			   .due = v->due_ms,
			   .ended = v->ended_ms,
			   .excused = v->excused_ms,
			   .late = v->late,
			   .verified = v->verified };
	snprintf(r->clock, sizeof r->clock, "%s", v->clock);
	snprintf(r->state, sizeof r->state, "%s", v->state);
	snprintf(r->obliged, sizeof r->obliged, "%s", v->obliged);
	snprintf(r->article, sizeof r->article, "%s", v->article);
	snprintf(r->zone, sizeof r->zone, "%s", v->time_zone);
	assert_string_equal(v->difference, "");
}

static void tell_row(const char *before, const struct row *r)
{
	char of[32] = "", when[160] = "";

	if (r->measure > 0)
		snprintf(of, sizeof of, ", measure %u", r->measure);
	if (strcmp(r->state, "running") == 0)
		snprintf(when, sizeof when, "%s %s", r->late ? "is over since" : "runs until", local(r->zone, r->due));
	else if (strcmp(r->state, "suspended") == 0)
		snprintf(when, sizeof when, "stands still");
	else if (strcmp(r->state, "waiting") == 0)
		snprintf(when, sizeof when, "waits for what starts it");
	else if (strcmp(r->state, "met") == 0)
		snprintf(when, sizeof when, "is met%s, and was due %s", r->late ? " too late" : " in time",
			 local(r->zone, r->due));
	else
		snprintf(when, sizeof when, "is not owed any more");
	tell("%s%s%s (Article %s, %s): %s%s", before, r->clock, of, r->article, r->obliged, when,
	     r->excused != 0 ? "; what would have moved its end was said too late" : "");
}

static bool same_key(const struct row *a, const struct row *b)
{
	return a->measure == b->measure && a->notice == b->notice && strcmp(a->clock, b->clock) == 0;
}

static bool same(const struct row *a, const struct row *b)
{
	return strcmp(a->state, b->state) == 0 && a->due == b->due && a->ended == b->ended && a->late == b->late &&
	       a->excused == b->excused;
}

static const struct row *find(const struct rows *l, const struct row *like)
{
	for (size_t i = 0; i < l->n; i++)
		if (same_key(&l->at[i], like))
			return &l->at[i];
	return NULL;
}

/* -------------------------------------------------------------------- what is heard */

static void hear_statistics(const CyStatistics *s)
{
	for (size_t i = 0; i < s->n_groups; i++) {
		const CyStatisticsGroup *g = s->groups[i];

		for (size_t k = 0; g->measure == 0 && k < g->n_counts; k++)
			if (g->counts[k]->count > 0)
				tell("      %s %s: %u",
				     g->direction == CY_DIRECTION__OUT ? "asked by us," : "asked of us,",
				     g->counts[k]->name, (unsigned)g->counts[k]->count);
	}
}

/* Without the id of the case that follows, which says nothing. */
static void tell_sentence(const char *text)
{
	const char *id = strstr(text, "the request of case ");

	if (id == NULL)
		tell("      %s", text);
	else
		tell("      %.*sthe later request%s", (int)(id - text), text,
		     id + strlen("the request of case ") + CY_UUID_LEN);
}

static void heard(struct side *s, const CyServerFrame *f)
{
	(void)s;
	switch (f->kind_case) {
	case CY_SERVER_FRAME__KIND_SUBMITTED:
		t.number = f->submitted->number;
		break;
	case CY_SERVER_FRAME__KIND_ERROR:
		for (size_t i = 0; i < f->error->n_faults; i++)
			print_message("%s: %s\n", f->error->faults[i]->field, f->error->faults[i]->text);
		print_message("%s", (char *)t.w->trace.data);
		fail_msg("%s: %s", t.s->id, f->error->text);
		break;
	case CY_SERVER_FRAME__KIND_CLOCK_LIST:
		assert_false(f->clock_list->more);
		t.heard.n = f->clock_list->n_clocks;
		assert_true(t.heard.n <= ROWS);
		for (size_t i = 0; i < t.heard.n; i++)
			take(&t.heard.at[i], f->clock_list->clocks[i]);
		break;
	case CY_SERVER_FRAME__KIND_CLOCK_EXPLANATION:
		for (size_t i = 0; i < f->clock_explanation->n_steps; i++)
			tell_sentence(f->clock_explanation->steps[i]);
		break;
	case CY_SERVER_FRAME__KIND_STATISTICS:
		hear_statistics(f->statistics);
		break;
	default:
		break;
	}
}

static void list(struct side *s, CyClockWindow window, const char *case_id)
{
	CyClientFrame f = CY_CLIENT_FRAME__INIT;
	CyListClocks l = CY_LIST_CLOCKS__INIT;

	l.window = window;
	l.case_ref = (char *)(uintptr_t)case_id;
	f.kind_case = CY_CLIENT_FRAME__KIND_LIST_CLOCKS;
	f.list_clocks = &l;
	t.heard.n = 0;
	desk_says(s, &f);
	settle(t.w);
}

/* What has changed; both ministries say the same. */
static void tell_changes(void)
{
	struct rows there;

	list(&t.w->b, CY_CLOCK_WINDOW__CLOCK_WINDOW_UNSPECIFIED, t.case_id);
	there = t.heard;
	list(&t.w->a, CY_CLOCK_WINDOW__CLOCK_WINDOW_UNSPECIFIED, t.case_id);
	assert_int_equal(there.n, t.heard.n);
	for (size_t i = 0; i < t.heard.n; i++) {
		const struct row *r = &t.heard.at[i], *o = find(&there, r), *before = find(&t.known, r);

		if (o == NULL || !same(r, o))
			fail_msg("%s: the two ministries differ about %s, measure %u", t.s->id, r->clock, r->measure);
		if (before == NULL || !same(before, r))
			tell_row("      ", r);
	}
	t.known = t.heard;
}

/* ------------------------------------------------------------------------ the steps */

static void both_wake(void)
{
	for (size_t i = 0; i < 8; i++) {
		node_wake(t.w->a.node);
		node_wake(t.w->b.node);
		settle(t.w);
	}
}

/* Ten o'clock where it is said, or a little later. */
static void go_to(const char *date, size_t side)
{
	struct cy_date d;
	int64_t ms;

	assert_int_equal(cy_date_parse(date, &d), CY_OK);
	ms = cy_date_days(d) * 86400000 + INT64_C(10) * 3600000;
	ms -= (int64_t)law_offset_at(t.zones[side], (struct cy_wall){ ms }) * 1000;
	assert_true(ms + 86400000 > t.w->clock.now);
	if (ms > t.w->clock.now) /* else it is said on the same day, after that */
		t.w->clock.now = ms;
	both_wake();
}

/* JSON with ' for ", with @ for the text that it is about, and # for the instant. */
static void write_json(struct cy_buf *out, const char *quoted, const char *word)
{
	for (const char *p = quoted; *p != '\0'; p++) {
		const char c = *p == '\'' ? '"' : *p;

		assert_int_equal(*p == '@'   ? cy_buf_addf(out, "%s", word)
				 : *p == '#' ? cy_buf_addf(out, "%lld", (long long)t.w->clock.now)
					     : cy_buf_add(out, &c, 1),
				 CY_OK);
	}
	out->data[out->len] = '\0';
}

static void ask(const char *reference, const char *urgency, const char *link, const char *measures)
{
	static const char form[] =
		"{'to':'%s','ownReference':'%s','content':{'request':{'requestingState':'%s','requestedState':'%s',"
		"'language':'en','legalBasis':{'instrument':'%s','version':'%s','articles':['1']},'links':[%s],%s"
		"'authorities':{'requesting':{'name':'The ministry','email':'m@example.org'},"
		"'validating':{'name':'The court'},'investigating':{'name':'The police'},"
		"'prosecuting':{'name':'The prosecutor'}},"
		"'proceeding':{'type':'CRIMINAL','stage':'PROSECUTION','reference':'1','subject':'Fraud'},"
		"'facts':'Customers were led to a false page in March 2026.','offences':[{'name':'Fraud',"
		"'statute':'Section 6','statuteText':'Whoever deceives','maximumPenalty':'Five years',"
		"'committedFromDate':'2026-03-01','committedToDate':'2026-03-20'}],"
		"'persons':[{'role':'SUSPECT','name':'unknown','birthDate':'1990-02-28','nationality':'IE'}],"
		"'measures':[%s],'formalities':{'certification':'As usual'},"
		"'purpose':{'purpose':'Evidence at the trial','confidentiality':'CONFIDENTIAL'},"
		"'dataLocation':{'custodian':'A provider','locations':[{'confidence':'UNKNOWN'}]},"
		"'attachments':[{'name':'order.pdf','mediaType':'application/pdf','size':'0',"
		"'sha256':'47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='}],"
		"'approvals':[{'name':'A. Officer','office':'Ministry','role':'head','atMs':'1790000000000'}],"
		"'title':'A story'}}}";
	struct cy_buf plain = CY_BUF(65536), json = CY_BUF(65536);

	assert_int_equal(cy_buf_addf(&plain, form, t.s->names[1], reference, t.s->places[0].state, t.s->places[1].state,
				     t.p->id, t.p->version, link, urgency, measures),
			 CY_OK);
	write_json(&json, (const char *)plain.data, "@");
	submit(&t.w->a, NULL, (const char *)json.data);
	settle(t.w);
	cy_buf_free(&plain);
	cy_buf_free(&json);
}

static void say_step(const struct step *s)
{
	struct cy_buf json = CY_BUF(65536), link = CY_BUF(256);
	char number[16];

	snprintf(number, sizeof number, "%u", t.asked);
	if (strncmp(s->json, "{'measure'", 10) == 0) { /* a request of its own, which follows */
		assert_int_equal(cy_buf_addf(&link, "{'type':'FOLLOW_UP_MLA','caseId':'%s'}", t.case_id), CY_OK);
		ask(s->date, "", (const char *)link.data, s->json);
	} else {
		assert_int_equal(cy_buf_addf(&json, "{\"content\":"), CY_OK);
		write_json(&json, s->json, number);
		assert_int_equal(cy_buf_addf(&json, "}"), CY_OK);
		submit(s->asked ? &t.w->b : &t.w->a, t.case_id, (const char *)json.data);
	}
	settle(t.w);
	if (strncmp(s->json, "{'problemNotice'", 16) == 0)
		t.asked = t.number;
	cy_buf_free(&json);
	cy_buf_free(&link);
}

static void tell_late(struct side *s)
{
	list(s, CY_CLOCK_WINDOW__LATE, "");
	tell("   `comityctl late` at %s:%s", s->name, t.heard.n > 0 ? "" : " nothing");
	for (size_t i = 0; i < t.heard.n; i++)
		tell_row("      ", &t.heard.at[i]);
}

static void tell_step(const struct step *s)
{
	go_to(s->date, s->asked);
	tell("%s: %s %s.", local(t.s->places[s->asked].zone, t.w->clock.now), t.s->names[s->asked], s->words);
	if (s->json != NULL)
		say_step(s);
	both_wake();
	tell_changes();
	if (s->json != NULL)
		return;
	tell_late(&t.w->a);
	tell_late(&t.w->b);
}

/* ----------------------------------------------------------------------- the end */

static void explain_all(void)
{
	const struct rows all = t.known;

	tell("%s", "");
	tell("How they were counted:");
	for (size_t i = 0; i < all.n; i++) {
		CyClientFrame f = CY_CLIENT_FRAME__INIT;
		CyExplainClock e = CY_EXPLAIN_CLOCK__INIT;

		if (all.at[i].due == 0)
			continue;
		if (all.at[i].measure > 0)
			tell("   %s, measure %u", all.at[i].clock, all.at[i].measure);
		else
			tell("   %s", all.at[i].clock);
		e.id = all.at[i].id;
		f.kind_case = CY_CLIENT_FRAME__KIND_EXPLAIN_CLOCK;
		f.explain_clock = &e;
		desk_says(&t.w->a, &f);
	}
}

static void tell_statistics(struct side *s)
{
	CyClientFrame f = CY_CLIENT_FRAME__INIT;
	CyGetStatistics g = CY_GET_STATISTICS__INIT;

	tell("   `comityctl stats` at %s:", s->name);
	f.kind_case = CY_CLIENT_FRAME__KIND_GET_STATISTICS;
	f.get_statistics = &g;
	desk_says(s, &f);
	both_wake();
}

static void compare_with_file(void)
{
	char path[128];
	char *want;

	snprintf(path, sizeof path, DIR "/%s.txt", t.s->id);
	if (getenv("TRACE_WRITE") != NULL) {
		FILE *f = fopen(path, "w");

		assert_non_null(f);
		fputs((char *)t.text.data, f);
		fclose(f);
	}
	want = read_file(path);
	if (want == NULL)
		fail_msg("%s is missing: TRACE_WRITE=1 writes it", path);
	assert_string_equal((char *)t.text.data, want);
	free(want);
}

static const struct law_profile *profile_named(const char *id)
{
	for (size_t i = 0; i < shipped.n_profiles; i++)
		if (strcmp(shipped.profiles[i]->id, id) == 0)
			return shipped.profiles[i];
	fail_msg("there is no profile %s", id);
	return NULL;
}

static void tell_story(const struct story *s)
{
	struct law_profile binding = *profile_named(s->id);
	const struct law_profile *list_of_one[] = { &binding };
	struct law_data legal_data = shipped;

	t = (struct telling){ .s = s, .p = profile_named(s->id), .text = CY_BUF(1024 * 1024) };
	binding.status = LAW_STATUS_IN_FORCE;
	legal_data.profiles = list_of_one;
	legal_data.n_profiles = 1;
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(zone_load(NULL, s->places[i].zone, &arena, &t.zones[i], NULL), CY_OK);
	legal_data.zones = t.zones;
	legal_data.n_zones = 2;
	t.w = world_between(&legal_data, s->names, s->places);
	t.w->heard = heard;
	connect_both(t.w);
	settle(t.w);
	tell_instrument();
	go_to(s->steps[0].date, 0);
	tell("%s: %s asks %s %s.", local(s->places[0].zone, t.w->clock.now), s->names[0], s->names[1],
	     s->steps[0].words);
	ask("1", s->urgency, "{'type':'NEW'}", s->steps[0].json);
	snprintf(t.case_id, sizeof t.case_id, "%s", t.w->a.case_id);
	both_wake();
	tell_changes();
	for (size_t i = 1; s->steps[i].date != NULL; i++)
		tell_step(&s->steps[i]);
	explain_all();
	tell("%s", "");
	tell("In the end:");
	tell_late(&t.w->a);
	tell_late(&t.w->b);
	tell_statistics(&t.w->a);
	tell_statistics(&t.w->b);
	world_end(t.w, NULL);
	compare_with_file();
	cy_buf_free(&t.text);
}

static void a_request_of_each_instrument_goes_through_its_time_limits(void **state)
{
	(void)state;
	for (size_t i = 0; i < stories_n; i++)
		tell_story(&stories[i]);
}

/* A profile that is added has a story to tell. */
static void every_shipped_instrument_has_a_story(void **state)
{
	(void)state;
	for (size_t i = 0; i < shipped.n_profiles; i++) {
		bool told = false;

		for (size_t k = 0; k < stories_n; k++)
			told = told || strcmp(stories[k].id, shipped.profiles[i]->id) == 0;
		if (!told)
			fail_msg("%s has no story", shipped.profiles[i]->id);
	}
}

static int load(void **state)
{
	struct config_problems problems = { 0 };

	(void)state;
	if (profile_load_dir("config/treaties", &arena, &shipped.profiles, &shipped.n_profiles, &problems) < 0 ||
	    calendar_load_dir("config/calendars", &arena, &shipped.calendars, &shipped.n_calendars, &problems) < 0)
		return -1;
	return 0;
}

static int unload(void **state)
{
	(void)state;
	cy_arena_free(&arena);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_shipped_instrument_has_a_story),
		cmocka_unit_test(a_request_of_each_instrument_goes_through_its_time_limits),
	};

	return cmocka_run_group_tests(tests, load, unload);
}
