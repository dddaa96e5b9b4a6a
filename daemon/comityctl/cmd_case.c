/* case show, case erase. Fields that the daemon keeps from a role are empty. */
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "comityctl/clock_table.h"
#include "comityctl/ctl.h"
#include "comityctl/evidence_table.h"
#include "comityctl/out.h"
#include "comityctl/say.h"
#include "comityctl/time_line.h"

static const char show_help[] =
	"usage: comityctl case show REF\n"
	"\n"
	"Shows a case: where it stands, its measures, every message in the order in which\n"
	"they take effect, the reviews of both sides and whether the other side relied on\n"
	"them, and what the treaty profile finds wrong with what the other side asked:\n"
	"'comityctl return-deficient' sends exactly that back. Of its evidence it shows how far\n"
	"each item has arrived, and what the receiver said of it. REF is the case id, the own\n"
	"reference or the peer's.\n"
	"The state digest is equal on both sides once nothing is on its way.\n";

static const char erase_help[] =
	"usage: comityctl case erase REF --reason TEXT\n"
	"\n"
	"Erases what people wrote in a closed case, for good and on this side alone: contents,\n"
	"title, references, the texts of events, what the chains of custody say of people, and\n"
	"evidence that no other case uses. Nobody brings it back but who restores a backup from\n"
	"before. Ids, digests, numbers, times and verdicts stay, and who erased it, when and\n"
	"why: 'comityctl case show' shows them. Only an administrator may. The daemon refuses,\n"
	"and says what is to be done first, while something is undelivered, a time limit runs,\n"
	"a legal hold stands, the retention of the treaty profile is not over, or the case is\n"
	"not closed. REF is the case id, the own reference or the peer's.\n"
	"\n"
	"  --reason TEXT  why: 1 to 255 bytes, kept, so without personal data\n";

static void print_summary(const CyCaseView *v)
{
	const CyCaseSummary *s = v->summary;

	out_pair("Case", "%s", s->case_id);
	out_pair("Title", "%s", s->title);
	out_pair("With", "%s", s->peer);
	out_pair("Our side", "%s",
		 say_value(&cy_side__descriptor, (int)s->side, out_word(&cy_side__descriptor, (int)s->side)));
	out_pair("State", "%s%s", say_state(s->state),
		 s->unsent && strcmp(s->state, "QUEUED") != 0 ? say("; what opens it has not left yet") : "");
	out_pair("Own reference", "%s", s->own_reference);
	out_pair("Peer reference", "%s", s->peer_reference);
	out_pair("Instrument", "%s", s->instrument);
	out_pair("Opened", "%s", out_time(s->opened_ms));
	out_pair("Last message", "%s", out_time(s->changed_ms));
	if (v->erasure != NULL)
		out_pair("Erased", "%s by %s: %s", out_time(v->erasure->at_ms), v->erasure->by, v->erasure->reason);
	out_pair("State digest", "%s", out_hex(&v->state_digest));
	for (size_t i = 0; i < v->n_open_notices; i++)
		out_pair("Open", "problem notice #%u has no answer", v->open_notices[i]);
	for (size_t i = 0; i < v->n_open_proposals; i++)
		out_pair("Open", "proposed conditions #%u have no answer%s", v->open_proposals[i],
			 s->side == CY_SIDE__REQUESTED
				 ? say("; they may be replaced or retracted ('send conditions-proposed --help': "
				       "replaces)")
				 : "");
}

static void print_measures(const CyCaseView *v)
{
	static const char *const heads[] = { "MEASURE", "TYPE", "STATE", "RECOGNISED", "POSTPONED", "CONDITIONS" };
	struct out_table *t = out_table_new(sizeof heads / sizeof heads[0], heads);

	if (v->n_measures)
		putchar('\n');
	for (size_t i = 0; i < v->n_measures; i++) {
		const CyMeasureView *m = v->measures[i];

		out_cell(t, "%u", m->measure);
		out_cell(t, "%s",
			 m->type ? say_value(&cy_measure_type__descriptor, (int)m->type,
					     out_enum(&cy_measure_type__descriptor, (int)m->type))
				 : "-");
		out_cell(t, "%s", say_state(m->state));
		out_cell(t, "%s", say(m->recognised ? "yes" : "no"));
		out_cell(t, "%s", say(m->postponed ? "yes" : "no"));
		out_cell(t, "%s", m->conditions_open ? say("open") : "-");
	}
	out_table_end(t);
}

static const char *how_erased(CyErasure e)
{
	return e == CY_ERASURE__ERASED_BY_ORDER       ? say("erased by order")
	       : e == CY_ERASURE__ERASED_BY_RETENTION ? say("erased, its retention is over")
						      : say("lost here, and erased by the other side");
}

static void print_messages(const CyCaseView *v)
{
	static const char *const heads[] = {
		"FROM", "NUMBER", "SEEN", "KIND", "CREATED", "TRANSPORT", "MESSAGE", "NOTE"
	};
	struct out_table *t = out_table_new(sizeof heads / sizeof heads[0], heads);

	if (v->n_messages)
		putchar('\n');
	for (size_t i = 0; i < v->n_messages; i++) {
		const CyMessageSummary *m = v->messages[i];

		out_cell(t, "%s", m->author);
		out_cell(t, "%u", m->number);
		out_cell(t, "%u", m->seen);
		out_cell(t, "%s", say_kind(m->kind_name));
		out_cell(t, "%s", out_time(m->created_ms));
		out_cell(t, "%s", say_state(m->transport));
		out_cell(t, "%s", m->message_id);
		if (m->void_code)
			out_cell(t, "%s",
				 say_made("void, %s: %s",
					  say_value(&cy_rejection_code__descriptor, (int)m->void_code,
						    out_word(&cy_rejection_code__descriptor, (int)m->void_code)),
					  say_heard(m->void_reason)));
		else if (m->erasure)
			out_cell(t, "%s, %s", how_erased(m->erasure), out_time(m->erased_ms));
		else
			out_cell(t, "%s%s%s%s%s", m->unread ? say("unread") : "", m->unread && m->overtaken ? "; " : "",
				 m->overtaken ? say("overtaken by a crossing message") : "",
				 (m->unread || m->overtaken) && m->date_doubt[0] != '\0' ? "; " : "",
				 say_heard(m->date_doubt));
	}
	out_table_end(t);
}

static void print_reviews(const CyCaseView *v)
{
	static const char *const heads[] = { "REVIEW", "BY", "STANDARD", "RESULT", "WHEN", "OTHER SIDE", "REASON" };
	struct out_table *t = out_table_new(sizeof heads / sizeof heads[0], heads);

	if (v->n_reviews)
		putchar('\n');
	for (size_t i = 0; i < v->n_reviews; i++) {
		const CyReviewView *r = v->reviews[i];

		out_cell(t, "%s #%u.%u", r->author, r->number, r->review);
		out_cell(t, "%s", r->by);
		out_cell(t, "%s", r->standard);
		out_cell(t, "%s", r->result);
		out_cell(t, "%s", out_time(r->at_ms));
		if (r->reliance)
			out_cell(t, "%s, #%u",
				 say_value(&cy_reliance__descriptor, (int)r->reliance,
					   out_enum(&cy_reliance__descriptor, (int)r->reliance)),
				 r->answer);
		else
			out_cell(t, "-");
		out_cell(t, "%s", r->reason);
	}
	out_table_end(t);
	if (v->more_reviews)
		out_said("There are more reviews: comityctl message show MESSAGE shows those of each message.\n");
}

static void print_evidence(const CyCaseView *v)
{
	struct out_table *t = evidence_table();

	if (v->n_evidence)
		putchar('\n');
	for (size_t i = 0; i < v->n_evidence; i++)
		evidence_row(t, v->evidence[i]);
	out_table_end(t);
	if (v->more_evidence && v->summary != NULL)
		out_said("There is more: comityctl evidence list %s\n", v->summary->case_id);
}

static void print_faults(const CyCaseView *v)
{
	if (!v->n_faults)
		return;
	out_said("\nNot as the treaty asks (%zu%s):\n", v->n_faults, v->more_faults ? say(" or more") : "");
	for (size_t i = 0; i < v->n_faults; i++) {
		fputs("  ", stdout);
		out_fault(stdout, v->faults[i]);
	}
	if (v->summary != NULL && !strcmp(v->summary->state, "TRANSMITTED"))
		out_said("'comityctl return-deficient %s' returns it with these faults.\n", v->summary->case_id);
}

/* Time limits beside what happened: what was done, and what is still to come. */
static void print_clocks(const CyCaseView *v)
{
	struct out_table *t = clock_table(false);

	if (v->n_clocks > 0)
		putchar('\n');
	for (size_t i = 0; i < v->n_clocks; i++)
		clock_row(t, v->clocks[i], v->now_ms, false);
	out_table_end(t);
	if (v->more_clocks && v->summary != NULL)
		out_said("There are more: comityctl clock list %s\n", v->summary->case_id);
}

static int run_show(struct ctl *ctl, int argc, char **argv)
{
	CyServerFrame *reply;
	const char *ref;
	int r = ctl_parse(ctl, &ctl_case_show, argc, argv, NULL, 0, &ref, 1, 1, NULL);

	if (r == CTL_DONE)
		r = ctl_show_case(ctl, ref, &reply);
	if (r != CTL_DONE)
		return r;
	if (ctl->json) {
		out_json(&reply->case_view->base, 2);
	} else {
		if (reply->case_view->summary != NULL)
			print_summary(reply->case_view);
		print_measures(reply->case_view);
		print_messages(reply->case_view);
		print_reviews(reply->case_view);
		print_evidence(reply->case_view);
		print_faults(reply->case_view);
		print_clocks(reply->case_view);
		time_line(reply->case_view);
	}
	cy_server_frame__free_unpacked(reply, NULL);
	return CTL_DONE;
}

static int run_erase(struct ctl *ctl, int argc, char **argv)
{
	CyClientFrame frame = CY_CLIENT_FRAME__INIT;
	CyEraseCase erase = CY_ERASE_CASE__INIT;
	CyServerFrame *reply;
	const char *ref, *reason = NULL;
	const struct ctl_option options[] = { { .name = "reason", .value = &reason } };
	int r = ctl_parse(ctl, &ctl_case_erase, argc, argv, options, 1, &ref, 1, 1, NULL);

	if (r != CTL_DONE)
		return r;
	if (reason == NULL || !reason[0])
		return ctl_usage("case erase", "--reason TEXT is mandatory: it is kept, and shown with the case");
	erase.ref = (char *)(uintptr_t)ref;
	erase.reason = (char *)(uintptr_t)reason;
	frame.kind_case = CY_CLIENT_FRAME__KIND_ERASE_CASE;
	frame.erase_case = &erase;
	r = ctl_call(ctl, &frame, CY_SERVER_FRAME__KIND_DONE, &reply);
	if (r != CTL_DONE)
		return r;
	if (ctl->json)
		out_json(&reply->done->base, 0);
	else
		printf("The content of case %s is erased. From now on its case id alone names it: %s\n", ref,
		       reply->done->text);
	cy_server_frame__free_unpacked(reply, NULL);
	return CTL_DONE;
}

const struct ctl_command ctl_case_erase = { "case erase", "erase what people wrote in a closed case, for good",
					    erase_help, run_erase, NULL };
const struct ctl_command ctl_case_show = { "case show", "show one case: state, measures, messages", show_help, run_show,
					   NULL };
