/* due, late, clock list, clock explain, clock confirm: the time limits. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/limits.h"
#include "comityctl/clock_table.h"
#include "comityctl/ctl.h"
#include "comityctl/due.h"
#include "comityctl/out.h"
#include "comityctl/say.h"

static const char due_help[] = "usage: comityctl due [--today | --week] [--peer AUTHORITY]\n"
			       "\n"
			       "Lists the time limits that are open, in the order in which they are due: running\n"
			       "ones, whoever owes them.\n"
			       "\n"
			       "  --today           due within today, in this authority's time zone (default)\n"
			       "  --week            due within today and the six days after it\n"
			       "  --peer AUTHORITY  only of cases with this authority\n"
			       "\n"
			       "With --json each page of up to 1,000 is one line of JSON.\n";

static const char late_help[] = "usage: comityctl late [--peer AUTHORITY]\n"
				"\n"
				"Lists the time limits that are over and not met, the oldest first, with who owes\n"
				"what. Nothing follows from that by itself, unless the instrument says so. Of one\n"
				"that the other side may know nothing of, since what starts it has not left or has\n"
				"no receipt, the line says that: nobody is late with it.\n"
				"\n"
				"  --peer AUTHORITY  only of cases with this authority\n";

static const char list_help[] = "usage: comityctl clock list REF\n"
				"\n"
				"Lists all time limits of a case: those that wait for what starts them, that run,\n"
				"that stand still, and that were met. REF is the case id, the own reference or the\n"
				"peer's.\n";

static const char explain_help[] = "usage: comityctl clock explain ID\n"
				   "\n"
				   "Tells how a time limit was counted, step by step, with the articles. ID is the\n"
				   "first column of due, late and clock list.\n";

static const char confirm_help[] =
	"usage: comityctl clock confirm\n"
	"\n"
	"Says that the wall clock of the daemon's machine is right. After a jump of more than\n"
	"an hour no step of a time limit is taken, and no message given up, until somebody says\n"
	"so. Compare `comityctl status` with another clock first. The time where this command\n"
	"runs must agree with the daemon's by a minute.\n";

struct printing {
	struct out_table *table; /* NULL: as JSON */
	bool cases;
};

static void print_page(void *arg, const CyClockList *page)
{
	const struct printing *p = arg;

	if (p->table == NULL)
		out_json(&page->base, 0);
	for (size_t i = 0; p->table != NULL && i < page->n_clocks; i++)
		clock_row(p->table, page->clocks[i], page->now_ms, p->cases);
}

/* `empty` is said to people where there are none. */
static int list(struct ctl *ctl, CyListClocks *asked, const char *empty)
{
	const bool cases = asked->case_ref[0] == '\0';
	struct printing p = { ctl->json ? NULL : clock_table(cases), cases };
	const int r = clock_pages(ctl, asked, print_page, &p);

	if (p.table != NULL)
		out_list_end(p.table, r == CTL_DONE, empty);
	return r;
}

static int run_window(struct ctl *ctl, const char *command, CyListClocks *asked, const char *peer, const char *empty)
{
	if (peer != NULL && !cy_authority_valid(peer))
		return ctl_usage(command, "'%s' is not an authority id", peer);
	asked->peer = (char *)(uintptr_t)(peer != NULL ? peer : "");
	return list(ctl, asked, empty);
}

static int run_due(struct ctl *ctl, int argc, char **argv)
{
	CyListClocks asked = CY_LIST_CLOCKS__INIT;
	const char *peer = NULL;
	bool today = false, week = false;
	const struct ctl_option options[] = { { .name = "peer", .value = &peer },
					      { .name = "today", .flag = &today },
					      { .name = "week", .flag = &week } };
	int r = ctl_parse(ctl, &ctl_due, argc, argv, options, 3, NULL, 0, 0, NULL);

	if (r != CTL_DONE)
		return r;
	if (today && week)
		return ctl_usage("due", "either --today or --week");
	asked.window = week ? CY_CLOCK_WINDOW__WEEK : CY_CLOCK_WINDOW__TODAY;
	return run_window(ctl, "due", &asked, peer,
			  week ? "No time limit is due today or in the six days after it."
			       : "No time limit is due today; 'comityctl due --week' looks further.");
}

static int run_late(struct ctl *ctl, int argc, char **argv)
{
	CyListClocks asked = CY_LIST_CLOCKS__INIT;
	const char *peer = NULL;
	const struct ctl_option options[] = { { .name = "peer", .value = &peer } };
	int r = ctl_parse(ctl, &ctl_late, argc, argv, options, 1, NULL, 0, 0, NULL);

	if (r != CTL_DONE)
		return r;
	asked.window = CY_CLOCK_WINDOW__LATE;
	return run_window(ctl, "late", &asked, peer, "No time limit is over and not met.");
}

static int run_list(struct ctl *ctl, int argc, char **argv)
{
	CyListClocks asked = CY_LIST_CLOCKS__INIT;
	const char *ref = NULL;
	int r = ctl_parse(ctl, &ctl_clock_list, argc, argv, NULL, 0, &ref, 1, 1, NULL);

	if (r != CTL_DONE)
		return r;
	asked.case_ref = (char *)(uintptr_t)ref;
	return list(ctl, &asked, "The case has no time limits.");
}

static void print_clock(const CyClockView *v)
{
	out_pair("Clock", "%llu", (unsigned long long)v->id);
	out_pair("Case", "%s", v->case_id);
	out_pair("Own reference", "%s", v->own_reference);
	out_pair("Peer reference", "%s", v->peer_reference);
	out_pair("What", "%s", say(v->obligation));
	if (v->measure > 0)
		out_pair("Measure", "%u", v->measure);
	out_pair("Owed by", "%s", v->obliged);
	if (v->article[0] != '\0')
		out_pair("By", "%s, Article %s%s", v->instrument, v->article,
			 v->verified ? "" : say(" (not verified against the primary text)"));
	out_pair("Force", "%s", say_state(v->force));
	out_pair("State", "%s%s", say_state(v->state), v->late ? say(", late") : "");
	if (clock_unknown(v)[0] != '\0')
		out_pair("Not received", "%s: %s %s", clock_unknown(v), v->obliged,
			 strcmp(v->not_received, "queued") == 0 ? say("does not know of it")
								: say("may not know of it"));
	if (v->start_ms != 0)
		out_pair("Started", "%s", due_text(v, v->start_ms));
	if (v->due_ms != 0)
		out_pair("Due", "%s", due_text(v, v->due_ms));
	if (v->ended_ms != 0)
		out_pair("Ended", "%s", due_text(v, v->ended_ms));
	if (v->excused_ms != 0)
		out_pair("Extended late", "%s: an extension or a suspension after the end moves nothing",
			 due_text(v, v->excused_ms));
	if (v->stated_due_ms != 0)
		out_pair("Stated due", "%s", due_text(v, v->stated_due_ms));
	out_pair("Difference", "%s", say_heard(v->difference));
	out_pair("If it lapses", "%s", say_state(v->on_lapse));
}

static int run_explain(struct ctl *ctl, int argc, char **argv)
{
	CyClientFrame frame = CY_CLIENT_FRAME__INIT;
	CyExplainClock explain = CY_EXPLAIN_CLOCK__INIT;
	CyServerFrame *reply;
	const char *id = NULL;
	int r = ctl_parse(ctl, &ctl_clock_explain, argc, argv, NULL, 0, &id, 1, 1, NULL);

	if (r == CTL_DONE)
		r = ctl_number("clock explain", "ID", id, INT64_MAX, &explain.id);
	if (r != CTL_DONE)
		return r;
	frame.kind_case = CY_CLIENT_FRAME__KIND_EXPLAIN_CLOCK;
	frame.explain_clock = &explain;
	r = ctl_call(ctl, &frame, CY_SERVER_FRAME__KIND_CLOCK_EXPLANATION, &reply);
	if (r != CTL_DONE)
		return r;
	if (ctl->json) {
		out_json(&reply->clock_explanation->base, 2);
	} else {
		const CyClockExplanation *e = reply->clock_explanation;

		if (e->clock != NULL)
			print_clock(e->clock);
		putchar('\n');
		for (size_t i = 0; i < e->n_steps; i++) {
			printf("  %zu. ", i + 1);
			out_safe(stdout, say_heard(e->steps[i]));
			putchar('\n');
		}
	}
	cy_server_frame__free_unpacked(reply, NULL);
	return CTL_DONE;
}

static int run_confirm(struct ctl *ctl, int argc, char **argv)
{
	CyClientFrame frame = CY_CLIENT_FRAME__INIT;
	CyConfirmTime confirm = CY_CONFIRM_TIME__INIT;
	int r = ctl_parse(ctl, &ctl_clock_confirm, argc, argv, NULL, 0, NULL, 0, 0, NULL);

	if (r != CTL_DONE)
		return r;
	confirm.now_ms = (int64_t)time(NULL) * 1000;
	frame.kind_case = CY_CLIENT_FRAME__KIND_CONFIRM_TIME;
	frame.confirm_time = &confirm;
	return ctl_order(ctl, &frame, "The clock is confirmed: %s", out_local(confirm.now_ms, OUT_FULL));
}

const struct ctl_command ctl_due = { "due", "time limits that are due today, or this week", due_help, run_due, NULL };
const struct ctl_command ctl_late = { "late", "time limits that are over and not met", late_help, run_late, NULL };
const struct ctl_command ctl_clock_list = { "clock list", "all time limits of a case", list_help, run_list, NULL };
const struct ctl_command ctl_clock_explain = { "clock explain", "how a time limit was counted", explain_help,
					       run_explain, NULL };
const struct ctl_command ctl_clock_confirm = { "clock confirm", "say that the daemon's wall clock is right",
					       confirm_help, run_confirm, NULL };
