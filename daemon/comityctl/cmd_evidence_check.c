/* evidence check: is what is on the disk still what was hashed? */
#include <stdio.h>

#include "comityctl/ctl.h"
#include "comityctl/evidence_table.h"
#include "comityctl/out.h"

static const char check_help[] =
	"usage: comityctl evidence check [--now]\n"
	"\n"
	"Shows how the verification of evidence at rest stands: all that is on the disk is read and\n"
	"hashed again each evidence.check_every days, no faster than evidence.check_rate. Lists\n"
	"what was found spoilt or missing: it is given to nobody, what is a peer's is fetched\n"
	"again, and the same content of ours is to be put once more ('evidence put').\n"
	"\n"
	"  --now  has all of it verified now, and once more what is known as spoilt\n";

static void print_round(const CyEvidenceCheck *c)
{
	if (c->every_ms)
		out_pair("Verified again", "each %llu days", (unsigned long long)(c->every_ms / 86400000));
	else
		out_pair("Verified again", "only by order (evidence.check_every = 0)");
	if (c->rate)
		out_pair("At most", "%s a second", out_size(c->rate));
	if (c->oldest_ms)
		out_pair("Longest ago", "%s: all other evidence here was verified later", out_time(c->oldest_ms));
	if (!c->began_ms) {
		out_pair("Last round", "none since the start of the daemon");
		return;
	}
	out_pair("Round began", "%s", out_time(c->began_ms));
	out_pair("Round ended", "%s", c->ended_ms ? out_time(c->ended_ms) : "it is under way");
	out_pair("Verified", "%llu content%s, %s", (unsigned long long)c->contents, c->contents == 1 ? "" : "s",
		 out_size(c->bytes));
	out_pair("Found", "%llu spoilt or missing", (unsigned long long)c->found);
}

/* Those of `page` go over to `whole`, and where the page after it begins. */
static void take_page(CyEvidenceCheck *whole, CyEvidenceCheck *page)
{
	CyEvidenceRef *had = whole->next;

	whole->flawed = ctl_join(whole->flawed, &whole->n_flawed, page->flawed, &page->n_flawed);
	whole->more = page->more;
	whole->next = page->next;
	page->next = had;
}

/* How it stands, and all that is spoilt or missing: CTL_DONE with the answer. */
static int ask(struct ctl *ctl, bool now, CyServerFrame **ret)
{
	CyClientFrame frame = CY_CLIENT_FRAME__INIT;
	CyCheckEvidence check = CY_CHECK_EVIDENCE__INIT;
	CyEvidenceCheck *whole;
	int r;

	check.start = now;
	frame.kind_case = CY_CLIENT_FRAME__KIND_CHECK_EVIDENCE;
	frame.check_evidence = &check;
	r = ctl_call(ctl, &frame, CY_SERVER_FRAME__KIND_EVIDENCE_CHECK, ret);
	if (r != CTL_DONE)
		return r;
	whole = (*ret)->evidence_check;
	check.start = false;
	while (whole->next != NULL) {
		CyServerFrame *reply;

		check.after = whole->next;
		r = ctl_call(ctl, &frame, CY_SERVER_FRAME__KIND_EVIDENCE_CHECK, &reply);
		if (r != CTL_DONE) {
			cy_server_frame__free_unpacked(*ret, NULL);
			return r;
		}
		take_page(whole, reply->evidence_check);
		cy_server_frame__free_unpacked(reply, NULL);
	}
	return CTL_DONE;
}

static int run_check(struct ctl *ctl, int argc, char **argv)
{
	CyServerFrame *reply;
	bool now = false;
	const struct ctl_option options[] = { { .name = "now", .flag = &now } };
	int r = ctl_parse(ctl, &ctl_evidence_check, argc, argv, options, 1, NULL, 0, 0, NULL);

	if (r == CTL_DONE)
		r = ask(ctl, now, &reply);
	if (r != CTL_DONE)
		return r;
	if (ctl->json) {
		out_json(&reply->evidence_check->base, 2);
	} else {
		const CyEvidenceCheck *c = reply->evidence_check;

		print_round(c);
		if (c->n_flawed) {
			struct out_table *t = evidence_table();

			putchar('\n');
			for (size_t i = 0; i < c->n_flawed; i++)
				evidence_row(t, c->flawed[i]);
			out_table_end(t);
		}
	}
	cy_server_frame__free_unpacked(reply, NULL);
	return CTL_DONE;
}

const struct ctl_command ctl_evidence_check = { "evidence check",
						"verify evidence on the disk, or show how that stands", check_help,
						run_check, NULL };
