/* treaty diff: where our treaty profiles and a peer's differ. */
#include <stdio.h>

#include "comityctl/ctl.h"
#include "comityctl/out.h"

static const char diff_help[] = "usage: comityctl treaty diff PEER\n"
				"\n"
				"Compares the treaty profiles in use here with those that the peer named when the\n"
				"session began, field by field. Nothing follows from a difference by itself; time\n"
				"limits may be counted differently, which `clock list` shows.\n"
				"\n"
				"Exit code 0: none, 1: there are some, or not all is known yet.\n";

static void print_rows(const CyProfileDifferences *d)
{
	static const char *const heads[] = { "INSTRUMENT", "VERSION", "FIELD", "OURS", "THEIRS" };
	struct out_table *t = out_table_new(sizeof heads / sizeof heads[0], heads);

	for (size_t i = 0; i < d->n_differences; i++) {
		const CyProfileDifference *r = d->differences[i];

		out_cell(t, "%s", r->instrument);
		out_cell(t, "%s", r->version);
		out_cell(t, "%s", r->field[0] != '\0' ? r->field : "(the profile)");
		out_cell(t, "%s", out_or_dash(r->ours));
		out_cell(t, "%s", out_or_dash(r->theirs));
	}
	out_table_end(t);
	if (d->more)
		printf("There are more than these.\n");
	for (size_t i = 0; i < d->n_pending; i++) {
		out_safe(stdout, d->pending[i]);
		printf(" differs; its text has not come yet.\n");
	}
}

static int run_diff(struct ctl *ctl, int argc, char **argv)
{
	CyClientFrame frame = CY_CLIENT_FRAME__INIT;
	CyCompareProfiles compare = CY_COMPARE_PROFILES__INIT;
	const CyProfileDifferences *d;
	CyServerFrame *reply;
	const char *peer;
	bool same;
	int r = ctl_parse(ctl, &ctl_treaty_diff, argc, argv, NULL, 0, &peer, 1, 1, NULL);

	if (r != CTL_DONE)
		return r;
	compare.peer = (char *)(uintptr_t)peer;
	frame.kind_case = CY_CLIENT_FRAME__KIND_COMPARE_PROFILES;
	frame.compare_profiles = &compare;
	r = ctl_call(ctl, &frame, CY_SERVER_FRAME__KIND_PROFILE_DIFFERENCES, &reply);
	if (r != CTL_DONE)
		return r;
	d = reply->profile_differences;
	same = d->known && d->n_differences == 0 && d->n_pending == 0;
	if (ctl->json)
		out_json(&d->base, 2);
	else if (!d->known)
		printf("There was no session with %s since the start: nothing is known of its profiles.\n", peer);
	else if (same)
		printf("No difference: %u profile%s the same on both sides.\n", d->equal,
		       d->equal == 1 ? " is" : "s are");
	else
		print_rows(d);
	cy_server_frame__free_unpacked(reply, NULL);
	return same ? CTL_DONE : CTL_REFUSED;
}

const struct ctl_command ctl_treaty_diff = { "treaty diff", "where our profiles and a peer's differ", diff_help,
					     run_diff, NULL };
