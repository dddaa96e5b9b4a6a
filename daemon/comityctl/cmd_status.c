/* status, peer list. */
#include <inttypes.h>
#include <stdio.h>

#include "comityctl/ctl.h"
#include "comityctl/out.h"

static const char status_help[] = "usage: comityctl status\n"
				  "\n"
				  "Shows how the service stands: counts, the audit log's size and root, the store,\n"
				  "and every peer.\n";

static const char peers_help[] = "usage: comityctl peer list\n"
				 "\n"
				 "Shows every peer: the state of its session, what waits for it, how far both\n"
				 "sides hold each other's messages, and why the last session ended. SKEW is its\n"
				 "clock less ours.\n";

static int get(struct ctl *ctl, CyServerFrame **ret_reply)
{
	CyClientFrame frame = CY_CLIENT_FRAME__INIT;
	CyGetStatus get_status = CY_GET_STATUS__INIT;

	frame.kind_case = CY_CLIENT_FRAME__KIND_GET_STATUS;
	frame.get_status = &get_status;
	return ctl_call(ctl, &frame, CY_SERVER_FRAME__KIND_STATUS, ret_reply);
}

static void print_peers(const CyStatus *s)
{
	static const char *const heads[] = { "PEER",         "STATE",     "SINCE", "WAITING", "OLDEST",    "IN FLIGHT",
					     "LAST RECEIPT", "RECEIPTED", "HELD",  "SKEW",    "LAST FAULT" };
	struct out_table *t = out_table_new(sizeof(heads) / sizeof(heads[0]), heads);

	for (size_t i = 0; i < s->n_peers; i++) {
		const CyPeerStatus *p = s->peers[i];

		out_cell(t, "%s", p->peer);
		out_cell(t, "%s", p->state);
		out_cell(t, "%s", out_time(p->since_ms));
		out_cell(t, "%" PRIu64, p->waiting);
		out_cell(t, "%s", out_time(p->oldest_ms));
		out_cell(t, "%u", p->in_flight);
		out_cell(t, "%s", out_time(p->last_receipt_ms));
		out_cell(t, "%" PRIu64, p->receipted);
		out_cell(t, "%" PRIu64, p->held);
		out_cell(t, "%" PRId64 " ms", p->clock_skew_ms);
		out_cell(t, "%s", p->last_fault);
	}
	out_table_end(t);
}

static int run_peers(struct ctl *ctl, int argc, char **argv)
{
	CyServerFrame *reply;
	int r = ctl_parse(ctl, &ctl_peer_list, argc, argv, NULL, 0, NULL, 0, 0, NULL);

	if (r == CTL_DONE)
		r = get(ctl, &reply);
	if (r != CTL_DONE)
		return r;
	if (ctl->json)
		for (size_t i = 0; i < reply->status->n_peers; i++)
			out_json(&reply->status->peers[i]->base, 0);
	else
		print_peers(reply->status);
	cy_server_frame__free_unpacked(reply, NULL);
	return CTL_DONE;
}

static int run_status(struct ctl *ctl, int argc, char **argv)
{
	CyServerFrame *reply;
	const CyStatus *s;
	int r = ctl_parse(ctl, &ctl_status, argc, argv, NULL, 0, NULL, 0, 0, NULL);

	if (r == CTL_DONE)
		r = get(ctl, &reply);
	if (r != CTL_DONE)
		return r;
	s = reply->status;
	if (ctl->json) {
		out_json(&s->base, 2);
	} else {
		out_pair("Authority", "%s", s->authority);
		out_pair("Software", "%s", s->software);
		out_pair("Started", "%s", out_time(s->started_ms));
		out_pair("Store", "%s", s->store);
		out_pair("Cases", "%" PRIu64, s->cases);
		out_pair("Messages", "%" PRIu64, s->messages);
		out_pair("Local clients", "%u", s->clients);
		out_pair("Stream epoch", "%" PRIu64, s->epoch);
		out_pair("Audit log", "%" PRIu64 " leaves", s->audit_size);
		out_pair("Audit root", "%s", out_hex(&s->audit_root));
		if (s->n_peers)
			putchar('\n');
		print_peers(s);
	}
	cy_server_frame__free_unpacked(reply, NULL);
	return CTL_DONE;
}

const struct ctl_command ctl_status = { "status", "show how the service stands", status_help, run_status, NULL };
const struct ctl_command ctl_peer_list = { "peer list", "show how every peer stands", peers_help, run_peers, NULL };
