#include "comityctl/clock_table.h"

#include <string.h>

#include "base/limits.h"
#include "comityctl/due.h"
#include "comityctl/say.h"

struct out_table *clock_table(bool cases)
{
	static const char *const all[] = { "ID",    "DUE",  "LEFT",      "OWED BY", "CLOCK", "MEASURE",
					   "STATE", "PEER", "REFERENCE", "ARTICLE", "NOTE" };
	static const char *const one[] = { "ID",      "DUE",   "LEFT",    "OWED BY", "CLOCK",
					   "MEASURE", "STATE", "ARTICLE", "NOTE" };

	return cases ? out_table_new(sizeof all / sizeof all[0], all) : out_table_new(sizeof one / sizeof one[0], one);
}

static void left(struct out_table *t, const CyClockView *v, int64_t now_ms)
{
	if (v->due_ms == 0 || strcmp(v->state, "running") != 0)
		out_cell(t, "-");
	else if (v->due_ms < now_ms)
		out_cell(t, "%s", say_made("%s over", out_age(now_ms - v->due_ms)));
	else
		out_cell(t, "%s", out_age(v->due_ms - now_ms));
}

static const char *state_of(const CyClockView *v)
{
	return strcmp(v->not_received, "queued") == 0 ? say(", not sent")
	       : v->not_received[0] != '\0'           ? say(", no receipt")
	       : v->late                              ? say(", late")
						      : "";
}

const char *clock_unknown(const CyClockView *v)
{
	return strcmp(v->not_received, "queued") == 0   ? say("what starts it has not left yet")
	       : strcmp(v->not_received, "failed") == 0 ? say("what starts it was given up without a receipt")
	       : v->not_received[0] != '\0'             ? say("what starts it has no receipt yet")
							: "";
}

const char *clock_case(const CyClockView *v)
{
	return v->own_reference[0] != '\0'    ? v->own_reference
	       : v->peer_reference[0] != '\0' ? v->peer_reference
					      : v->case_id;
}

void clock_row(struct out_table *t, const CyClockView *v, int64_t now_ms, bool cases)
{
	const bool unverified = v->article[0] != '\0' && !v->verified;
	const bool noted = v->difference[0] != '\0' || unverified;

	out_cell(t, "%llu", (unsigned long long)v->id);
	out_cell(t, "%s", due_text(v, v->due_ms));
	left(t, v, now_ms);
	out_cell(t, "%s", v->obliged);
	out_cell(t, "%s", v->clock);
	if (v->measure > 0)
		out_cell(t, "%u", v->measure);
	else
		out_cell(t, "-");
	out_cell(t, "%s%s%s", say_state(v->state), state_of(v), v->excused_ms != 0 ? say(", extended too late") : "");
	if (cases) {
		out_cell(t, "%s", v->peer);
		out_cell(t, "%s", clock_case(v));
	}
	out_cell(t, "%s%s%s", v->instrument, v->article[0] != '\0' ? " " : "", v->article);
	out_cell(t, "%s%s%s%s%s", clock_unknown(v), clock_unknown(v)[0] != '\0' && noted ? "; " : "",
		 say_heard(v->difference), v->difference[0] != '\0' && unverified ? "; " : "",
		 unverified ? say("not verified against the primary text") : "");
}

int clock_pages(struct ctl *ctl, CyListClocks *list, clock_page_fn *fn, void *arg)
{
	CyClientFrame frame = CY_CLIENT_FRAME__INIT;
	bool more = true;

	frame.kind_case = CY_CLIENT_FRAME__KIND_LIST_CLOCKS;
	frame.list_clocks = list;
	list->limit = CY_PAGE_MAX;
	while (more) {
		CyServerFrame *reply;
		const CyClockList *page;
		int r = ctl_call(ctl, &frame, CY_SERVER_FRAME__KIND_CLOCK_LIST, &reply);

		if (r != CTL_DONE)
			return r;
		page = reply->clock_list;
		fn(arg, page);
		more = page->more && page->n_clocks > 0;
		if (more) {
			list->after_due_ms = page->clocks[page->n_clocks - 1]->due_ms;
			list->after_id = page->clocks[page->n_clocks - 1]->id;
		}
		cy_server_frame__free_unpacked(reply, NULL);
	}
	return CTL_DONE;
}
