/* status, peer list. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "comityctl/ctl.h"
#include "comityctl/health.h"
#include "comityctl/out.h"

#define SCREEN_LINES 23 /* of 24: the prompt comes below */
#define SCREEN_WIDTH 80
#define REMARK_LEAD  12 /* columns before a remark */
#define HEAD_LINES   4  /* beside one for each thing of our own */

static const char status_help[] = "usage: comityctl status\n"
				  "\n"
				  "Shows on one screen how the service stands: first what is wrong, judged as\n"
				  "'comityctl health' does with its defaults, then the peers, the troubled ones\n"
				  "first. SINCE is when a peer came to be connected or ceased to be, and how long\n"
				  "ago; RECEIPT how long ago its last receipt came; TRIP the time from a parcel's\n"
				  "leaving to its receipt; SKEW its clock less ours; CERT what is left of its\n"
				  "certificate. 'comityctl peer list' shows all peers, --json every field.\n";

static const char peers_help[] = "usage: comityctl peer list\n"
				 "\n"
				 "Shows every peer, a line each: what 'comityctl status' shows, how far both sides\n"
				 "hold each other's messages, and a remark on what is wrong.\n";

static int get(struct ctl *ctl, CyServerFrame **ret_reply)
{
	CyClientFrame frame = CY_CLIENT_FRAME__INIT;
	CyGetStatus get_status = CY_GET_STATUS__INIT;

	frame.kind_case = CY_CLIENT_FRAME__KIND_GET_STATUS;
	frame.get_status = &get_status;
	return ctl_call(ctl, &frame, CY_SERVER_FRAME__KIND_STATUS, ret_reply);
}

/* ------------------------------------------------------------------- columns */

/* `23:02 3h12m`: the time, or the day if it was another one, and how long ago. */
static const char *since(const CyStatus *s, const CyPeerStatus *p)
{
	static char text[48];
	bool today = strcmp(out_local(s->now_ms, OUT_DATE), out_local(p->since_ms, OUT_DATE)) == 0;

	snprintf(text, sizeof text, "%s %s", out_local(p->since_ms, today ? OUT_CLOCK : OUT_DAY),
		 out_age(s->now_ms - p->since_ms));
	return text;
}

static const char *ago(const CyStatus *s, int64_t then_ms)
{
	return then_ms ? out_age(s->now_ms - then_ms) : "-";
}

static const char *left(const CyStatus *s, int64_t end_ms)
{
	return !end_ms ? "-" : end_ms > s->now_ms ? out_age(end_ms - s->now_ms) : "over";
}

/* `84ms`, `1.2s`; beyond a minute as an age. */
static const char *span(bool known, int64_t ms, bool sign)
{
	static char texts[4][24];
	static unsigned turn;
	char *out = texts[turn++ % 4];
	int64_t most = ms < 0 ? -ms : ms;
	const char *mark = !sign || ms == 0 ? "" : ms < 0 ? "-" : "+";

	if (!known)
		return "-";
	if (most < 1000)
		snprintf(out, sizeof texts[0], "%s%" PRId64 "ms", mark, most);
	else if (most < 60000)
		snprintf(out, sizeof texts[0], "%s%" PRId64 ".%" PRId64 "s", mark, most / 1000, most % 1000 / 100);
	else
		snprintf(out, sizeof texts[0], "%s%s", mark, out_age(most));
	return out;
}

/* ----------------------------------------------------------------- peer list */

static void print_peers(const CyStatus *s)
{
	static const char *const heads[] = { "PEER",      "STATE", "SINCE", "RECEIPT", "WAIT", "OLDEST", "IN FLIGHT",
					     "RECEIPTED", "HELD",  "TRIP",  "SKEW",    "CERT", "CRL",    "REMARK" };
	struct out_table *t = out_table_new(sizeof heads / sizeof heads[0], heads);
	struct health h;

	health_assess(s, &health_defaults, &h);
	for (size_t i = 0; i < s->n_peers; i++) {
		const CyPeerStatus *p = s->peers[i];

		out_cell(t, "%s", p->peer);
		out_cell(t, "%s", p->state);
		out_cell(t, "%s", since(s, p));
		out_cell(t, "%s", ago(s, p->last_receipt_ms));
		out_cell(t, "%" PRIu64, p->waiting);
		out_cell(t, "%s", ago(s, p->oldest_ms));
		out_cell(t, "%u", p->in_flight);
		out_cell(t, "%" PRIu64, p->receipted);
		out_cell(t, "%" PRIu64, p->held);
		out_cell(t, "%s", span(p->_round_trip_ms_case, p->round_trip_ms, false));
		out_cell(t, "%s", span(p->_clock_skew_ms_case, p->clock_skew_ms, true));
		out_cell(t, "%s", left(s, p->certificate_end_ms));
		out_cell(t, "%s", p->crl);
		out_cell(t, "%s", h.peers[i].text);
	}
	out_list_end(t, true, "There are no peers in the configuration.");
	health_free(&h);
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

/* ------------------------------------------------------------------- status */

struct line {
	const CyPeerStatus *peer;
	const struct health_finding *finding;
	size_t index;
};

/* The worst first, then those that are not connected, then in their order. */
static int by_trouble(const void *a, const void *b)
{
	const struct line *x = a, *y = b;
	int up_x = health_connected(x->peer), up_y = health_connected(y->peer);

	if (x->finding->level != y->finding->level)
		return (int)y->finding->level - (int)x->finding->level;
	return up_x != up_y ? up_x - up_y : x->index < y->index ? -1 : 1;
}

static void print_line(const CyStatus *s, const struct line *l, int width)
{
	const CyPeerStatus *p = l->peer;

	printf("%-*s %-12s %-11s %7s %5" PRIu64 " %6s %6s %6s %5s %s\n", width, p->peer, p->state, since(s, p),
	       ago(s, p->last_receipt_ms), p->waiting, ago(s, p->oldest_ms),
	       span(p->_round_trip_ms_case, p->round_trip_ms, false),
	       span(p->_clock_skew_ms_case, p->clock_skew_ms, true), left(s, p->certificate_end_ms), p->crl);
	if (!l->finding->text[0])
		return;
	printf("  %s%s", l->finding->level ? health_word(l->finding->level) : "", l->finding->level ? ": " : "");
	out_safe(stdout, l->finding->text);
	putchar('\n');
}

/* Lines on the screen; a long remark goes on below. */
static size_t height(const struct line *l)
{
	return l->finding->text[0] ? 2 + (strlen(l->finding->text) + REMARK_LEAD) / SCREEN_WIDTH : 1;
}

/* As many peers as the screen holds, and a count of the rest. */
static void print_screen_peers(const CyStatus *s, const struct health *h, size_t used)
{
	struct line *lines = calloc(s->n_peers + 1, sizeof *lines);
	size_t n = 0, troubled = 0;
	int width = 7;

	CY_ASSERT(lines != NULL);
	for (size_t i = 0; i < s->n_peers; i++)
		lines[i] = (struct line){ s->peers[i], &h->peers[i], i };
	qsort(lines, s->n_peers, sizeof *lines, by_trouble);
	for (; n < s->n_peers; n++) {
		used += height(&lines[n]);
		if (used > SCREEN_LINES - (n + 1 < s->n_peers))
			break;
		if ((int)strlen(lines[n].peer->peer) > width)
			width = (int)strlen(lines[n].peer->peer);
	}
	printf("%-*s %-12s %-11s %7s %5s %6s %6s %6s %5s %s\n", width, "PEER", "STATE", "SINCE", "RECEIPT", "WAIT",
	       "OLDEST", "TRIP", "SKEW", "CERT", "CRL");
	for (size_t i = 0; i < n; i++)
		print_line(s, &lines[i], width);
	for (size_t i = n; i < s->n_peers; i++)
		troubled += lines[i].finding->text[0] != 0;
	if (n < s->n_peers)
		printf("and %zu more, %zu of them with a remark: comityctl peer list\n", s->n_peers - n, troubled);
	free(lines);
}

static void print_status(const CyStatus *s)
{
	struct health h;
	size_t used = HEAD_LINES;

	health_assess(s, &health_defaults, &h);
	printf("%s  %s  %s, up %s  %s\n", s->authority, health_word(h.worst), s->software,
	       out_age(s->now_ms - s->started_ms), out_local(s->now_ms, OUT_FULL));
	for (enum health_own i = 0; i < HEALTH_OWN_N; i++) {
		const struct health_finding *d = &h.own[i];

		out_pair(health_own_label(i), "%s%s%s", d->level ? health_word(d->level) : "", d->level ? ": " : "",
			 d->text);
		used += d->text[0] != 0;
	}
	out_pair("Audit log", "%" PRIu64 " leaves, root %.16s...", s->audit_size, out_hex(&s->audit_root));
	out_pair("Peers", "%" PRIu64 " of %zu connected, %" PRIu64 " message%s%s%s", h.sums.connected, s->n_peers,
		 h.sums.waiting, h.sums.waiting == 1 ? " waits" : "s wait", h.sums.waiting ? ", the oldest for " : "",
		 h.sums.waiting ? out_age(h.sums.oldest_s * 1000) : "");
	if (s->n_peers) {
		putchar('\n');
		print_screen_peers(s, &h, used);
	}
	health_free(&h);
}

static int run_status(struct ctl *ctl, int argc, char **argv)
{
	CyServerFrame *reply;
	int r = ctl_parse(ctl, &ctl_status, argc, argv, NULL, 0, NULL, 0, 0, NULL);

	if (r == CTL_DONE)
		r = get(ctl, &reply);
	if (r != CTL_DONE)
		return r;
	if (ctl->json)
		out_json(&reply->status->base, 2);
	else
		print_status(reply->status);
	cy_server_frame__free_unpacked(reply, NULL);
	return CTL_DONE;
}

const struct ctl_command ctl_status = { "status", "show how the service stands", status_help, run_status, NULL };
const struct ctl_command ctl_peer_list = { "peer list", "show how every peer stands", peers_help, run_peers, NULL };
