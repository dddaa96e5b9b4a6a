/* The command that ends waiting for a peer after a start. */
#include <stdint.h>

#include "comityctl/ctl.h"

static const char resume_help[] =
	"usage: comityctl resume (PEER | --all) --reason TEXT\n"
	"\n"
	"A store cannot know by itself that it is an old copy. So after each start of the\n"
	"daemon nothing of a peer's cases is destroyed until that peer has been met, which\n"
	"shows whether anything is missing; and in a store that was restored from a backup no\n"
	"message is given up and no step of a time limit taken until all peers have been met.\n"
	"`comityctl health` says what waits.\n"
	"\n"
	"Ends the waiting for this peer, or with --all for every peer: it is gone for good, or\n"
	"the store is known to be the latest. It also ends fetching back from a peer that\n"
	"holds messages of ours which it cannot give back, as its store is damaged: what a\n"
	"case system repeats of those takes effect there twice. Counts until the next start.\n"
	"\n"
	"  --reason TEXT  its SHA-256 stands in the audit log; mandatory\n";

static int run_resume(struct ctl *ctl, int argc, char **argv)
{
	CyClientFrame frame = CY_CLIENT_FRAME__INIT;
	CyResume resume = CY_RESUME__INIT;
	const char *peer = NULL, *reason = NULL;
	bool all = false;
	const struct ctl_option options[] = { { .name = "reason", .value = &reason }, { .name = "all", .flag = &all } };
	size_t n;
	int r = ctl_parse(ctl, &ctl_resume, argc, argv, options, 2, &peer, 0, 1, &n);

	if (r != CTL_DONE)
		return r;
	if (all == (n == 1))
		return ctl_usage("resume", "name a peer, or give --all");
	if (reason == NULL)
		return ctl_usage("resume", "--reason is mandatory");
	if (n == 1)
		resume.peer = (char *)(uintptr_t)peer;
	resume.reason = (char *)(uintptr_t)reason;
	frame.kind_case = CY_CLIENT_FRAME__KIND_RESUME;
	frame.resume = &resume;
	if (n == 1)
		return ctl_order(ctl, &frame, "Peer %s is not waited for any more", peer);
	return ctl_order(ctl, &frame, "No peer is waited for any more");
}

const struct ctl_command ctl_resume = { "resume", "wait no longer for a peer after a start or a restore", resume_help,
					run_resume, NULL };
