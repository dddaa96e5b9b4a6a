/* stats, peer show. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/guess.h"
#include "base/limits.h"
#include "base/time.h"
#include "comityctl/ctl.h"
#include "comityctl/fields.h"
#include "comityctl/health.h"
#include "comityctl/out.h"
#include "comityctl/stats_table.h"

#define SMALLEST     5
#define SMALLEST_MAX 1000000

static const char stats_help[] =
	"usage: comityctl stats [--from DATE] [--to DATE] [--peer AUTHORITY] [--instrument ID]\n"
	"                       [--measure MEASURE] [--csv]\n"
	"       comityctl stats --publish --year YEAR [--smallest N] [--csv]\n"
	"\n"
	"Counts what was asked by us and of us, and what became of it: outcomes by measure,\n"
	"grounds of refusal, the backlog by age, how long each step took from the sending of\n"
	"the request, time limits by whose side owed them, clarification rounds, requests\n"
	"returned as deficient, notifications refused, reviews relied on or repeated.\n"
	"\n"
	"  --from DATE       requests sent on this day or later, in this authority's time zone\n"
	"  --to DATE         sent on this day or earlier\n"
	"  --peer AUTHORITY  only with this authority\n"
	"  --instrument ID   only under this instrument\n"
	"  --measure MEASURE only measures of this type; 'comityctl template --list' shows them\n"
	"  --csv             a line for each number: direction, measure, figure, value\n"
	"  --year YEAR       sent in this calendar year\n"
	"  --publish         the table of a year that is over, of all peers, instruments and\n"
	"                    measures: counts of few requests are hidden, and what would give\n"
	"                    them away; '*' stands for what is hidden. A year has one table: the\n"
	"                    first is kept, and given out again\n"
	"  --smallest N      the fewest requests whose count is published (default: 5)\n"
	"\n"
	"Median and P90 are by nearest rank: of n values in rising order the one numbered\n"
	"n/2 and 9n/10, rounded up. A step that did not happen yet has no value.\n";

static const char peer_help[] = "usage: comityctl peer show AUTHORITY\n"
				"\n"
				"Shows how a peer stands, and how many days it took, from the sending of our\n"
				"requests, to acknowledge, to decide and to execute: median and 90th percentile by\n"
				"measure, over all that was ever asked.\n"
				"\n"
				"With --json comity.v1.PeerStatus and comity.v1.Statistics, a line each.\n";

static int ask(struct ctl *ctl, CyGetStatistics *get, CyServerFrame **ret_reply)
{
	CyClientFrame frame = CY_CLIENT_FRAME__INIT;

	frame.kind_case = CY_CLIENT_FRAME__KIND_GET_STATISTICS;
	frame.get_statistics = get;
	return ctl_call(ctl, &frame, CY_SERVER_FRAME__KIND_STATISTICS, ret_reply);
}

/* ------------------------------------------------------------------------ CSV */

static const char *direction_word(CyDirection d)
{
	return d == CY_DIRECTION__IN ? "in" : "out";
}

static void csv_step(const CyStatisticsGroup *g, const CyStatisticsStep *p)
{
	const bool counted = p->_n_case == CY_STATISTICS_STEP___N_N;
	const bool half = p->_p50_ms_case == CY_STATISTICS_STEP___P50_MS_P50_MS;
	const bool most = p->_p90_ms_case == CY_STATISTICS_STEP___P90_MS_P90_MS;
	const char *lead = direction_word(g->direction), *measure = stats_measure(g);

	if (counted)
		printf("%s,%s,%s_n,%" PRIu64 "\n", lead, measure, p->name, p->n);
	else
		printf("%s,%s,%s_n,%s\n", lead, measure, p->name, STATS_HIDDEN);
	if (half || !counted)
		printf("%s,%s,%s_p50_days,%s\n", lead, measure, p->name,
		       half ? stats_days(true, p->p50_ms, 2) : STATS_HIDDEN);
	if (most || !counted)
		printf("%s,%s,%s_p90_days,%s\n", lead, measure, p->name,
		       most ? stats_days(true, p->p90_ms, 2) : STATS_HIDDEN);
}

/* Names hold letters, digits and '_' only: nothing needs quotes. */
static void print_csv(const CyStatistics *s)
{
	puts("direction,measure,figure,value");
	for (size_t i = 0; i < s->n_groups; i++) {
		const CyStatisticsGroup *g = s->groups[i];

		for (size_t k = 0; k < g->n_counts; k++)
			printf("%s,%s,%s,%s\n", direction_word(g->direction), stats_measure(g), g->counts[k]->name,
			       stats_count(g, g->counts[k]->name));
		for (size_t k = 0; k < g->n_steps; k++)
			csv_step(g, g->steps[k]);
	}
}

/* ---------------------------------------------------------------------- stats */

static void print_people(const CyStatistics *s, const CyGetStatistics *get)
{
	out_pair("Sent", "%s to %s", get->from_date[0] != '\0' ? get->from_date : "ever",
		 get->to_date[0] != '\0' ? get->to_date : "now");
	if (s->smallest > 0)
		out_pair("Published", "%s: a year has one table, and this is it ever after", out_time(s->now_ms));
	out_pair("Time zone", "%s", s->time_zone[0] != '\0' ? s->time_zone : "UTC");
	out_pair("Peer", "%s", get->peer);
	out_pair("Instrument", "%s", get->instrument);
	for (CyDirection d = CY_DIRECTION__OUT; d <= CY_DIRECTION__IN; d++) {
		printf("\n%s\n", d == CY_DIRECTION__OUT ? "ASKED BY US" : "ASKED OF US");
		stats_print(s, d);
	}
	if (stats_hide_any(s))
		printf("\n%s hidden: of fewer than %u requests, or it would give such a number away\n", STATS_HIDDEN,
		       get->smallest);
}

static int check_date(const char *option, const char *date)
{
	struct cy_date d;

	if (date == NULL || cy_date_parse(date, &d) == CY_OK)
		return CTL_DONE;
	return ctl_usage("stats", "--%s requires a day as YYYY-MM-DD, not '%s'", option, date);
}

static int take_measure(const char *word, CyGetStatistics *get)
{
	const ProtobufCEnumValue *v;

	if (word == NULL)
		return CTL_DONE;
	v = fields_enum_value(&cy_measure_type__descriptor, word);
	if (v == NULL || v->value == 0)
		return fields_no_measure(word);
	get->measure = (CyMeasureType)v->value;
	return CTL_DONE;
}

static int take_smallest(bool publish, const char *number, CyGetStatistics *get)
{
	uint64_t n = SMALLEST;
	int r = CTL_DONE;

	if (number != NULL && !publish)
		return ctl_usage("stats", "--smallest goes with --publish");
	if (number != NULL)
		r = ctl_number("stats", "smallest", number, SMALLEST_MAX, &n);
	if (r == CTL_DONE && n < 2)
		return ctl_usage("stats", "--smallest requires a number from 2: below that nothing is hidden");
	get->smallest = publish ? (uint32_t)n : 0;
	return r;
}

/* The days of a year, instead of --from and --to. */
static int take_year(bool publish, const char *year, CyGetStatistics *get)
{
	static char from[16], to[16];
	uint64_t n;
	int r;

	if (year == NULL)
		return publish ? ctl_usage("stats", "--publish requires --year: the table of a year that is over")
			       : CTL_DONE;
	if (get->from_date[0] != '\0' || get->to_date[0] != '\0')
		return ctl_usage("stats", "--year does not go with --from and --to");
	r = ctl_number("stats", "year", year, 9999, &n);
	if (r != CTL_DONE)
		return r;
	if (n < 1970)
		return ctl_usage("stats", "--year requires a year from 1970 to 9999, not '%s'", year);
	snprintf(from, sizeof from, "%04u-01-01", (unsigned)n);
	snprintf(to, sizeof to, "%04u-12-31", (unsigned)n);
	get->from_date = from;
	get->to_date = to;
	return CTL_DONE;
}

static char *text(const char *value)
{
	return (char *)(uintptr_t)(value != NULL ? value : "");
}

static int run_stats(struct ctl *ctl, int argc, char **argv)
{
	CyGetStatistics get = CY_GET_STATISTICS__INIT;
	const char *from = NULL, *to = NULL, *peer = NULL, *instrument = NULL, *measure = NULL, *smallest = NULL,
		   *year = NULL;
	bool csv = false, publish = false;
	const struct ctl_option options[] = {
		{ .name = "from", .value = &from },       { .name = "to", .value = &to },
		{ .name = "peer", .value = &peer },       { .name = "instrument", .value = &instrument },
		{ .name = "measure", .value = &measure }, { .name = "smallest", .value = &smallest },
		{ .name = "year", .value = &year },       { .name = "csv", .flag = &csv },
		{ .name = "publish", .flag = &publish }
	};
	CyServerFrame *reply;
	int r = ctl_parse(ctl, &ctl_stats, argc, argv, options, sizeof options / sizeof options[0], NULL, 0, 0, NULL);

	if (r == CTL_DONE && csv && ctl->json)
		r = ctl_usage("stats", "--csv and --json exclude each other");
	if (r == CTL_DONE && peer != NULL && !cy_authority_valid(peer))
		r = ctl_usage("stats", "'%s' is not an authority id", peer);
	if (r == CTL_DONE)
		r = check_date("from", from);
	if (r == CTL_DONE)
		r = check_date("to", to);
	if (r == CTL_DONE && from != NULL && to != NULL && strcmp(from, to) > 0)
		r = ctl_usage("stats", "--from %s is after --to %s", from, to);
	if (r == CTL_DONE)
		r = take_measure(measure, &get);
	if (r == CTL_DONE)
		r = take_smallest(publish, smallest, &get);
	get.from_date = text(from);
	get.to_date = text(to);
	if (r == CTL_DONE)
		r = take_year(publish, year, &get);
	if (r != CTL_DONE)
		return r;
	get.peer = text(peer);
	get.instrument = text(instrument);
	r = ask(ctl, &get, &reply);
	if (r != CTL_DONE)
		return r;
	if (ctl->json)
		out_json(&reply->statistics->base, 2);
	else if (csv)
		print_csv(reply->statistics);
	else
		print_people(reply->statistics, &get);
	cy_server_frame__free_unpacked(reply, NULL);
	return CTL_DONE;
}

/* ------------------------------------------------------------------ peer show */

static void print_peer(const CyStatus *s, size_t i)
{
	const CyPeerStatus *p = s->peers[i];
	struct health h;

	health_assess(s, &health_defaults, &h);
	out_pair("Peer", "%s", p->peer);
	out_pair("State", "%s for %s", p->state, out_age(s->now_ms - p->since_ms));
	out_pair("Last receipt", "%s", out_time(p->last_receipt_ms));
	out_pair("Waiting", "%" PRIu64 " message%s%s%s", p->waiting, p->waiting == 1 ? "" : "s",
		 p->waiting > 0 ? ", the oldest for " : "", p->waiting > 0 ? out_age(s->now_ms - p->oldest_ms) : "");
	out_pair("In flight", "%u parcels", p->in_flight);
	if (p->certificate_end_ms != 0)
		out_pair("Certificate", "until %s", out_time(p->certificate_end_ms));
	out_pair("CRL", "%s", p->crl);
	if (p->evidence_held_bytes > 0 || p->evidence_reserved_bytes > 0)
		out_pair("Unfinished", "%s of evidence on the disk, %s reserved%s%s", out_size(p->evidence_held_bytes),
			 out_size(p->evidence_reserved_bytes), p->evidence_reserved_ms > 0 ? " for " : "",
			 p->evidence_reserved_ms > 0 ? out_age(s->now_ms - p->evidence_reserved_ms) : "");
	out_pair("Remark", "%s", h.peers[i].text);
	health_free(&h);
}

static int show(struct ctl *ctl, const CyStatus *s, char *peer)
{
	CyGetStatistics get = CY_GET_STATISTICS__INIT;
	CyServerFrame *reply;
	struct cy_guess guess = CY_GUESS(peer);
	char meant[CY_GUESS_TEXT];
	size_t i = 0;
	int r;

	for (; i < s->n_peers && strcmp(s->peers[i]->peer, peer) != 0; i++)
		cy_guess_offer(&guess, s->peers[i]->peer);
	if (i == s->n_peers)
		return ctl_fail(CTL_NOT_FOUND, "comityctl peer list shows the peers, and '%s' is not a peer%s", peer,
				cy_guess_text(&guess, meant));
	get.peer = peer;
	r = ask(ctl, &get, &reply);
	if (r != CTL_DONE)
		return r;
	if (ctl->json) {
		out_json(&s->peers[i]->base, 0);
		out_json(&reply->statistics->base, 0);
	} else {
		print_peer(s, i);
		stats_print_steps(reply->statistics, CY_DIRECTION__OUT);
	}
	cy_server_frame__free_unpacked(reply, NULL);
	return CTL_DONE;
}

static int run_peer(struct ctl *ctl, int argc, char **argv)
{
	CyClientFrame frame = CY_CLIENT_FRAME__INIT;
	CyGetStatus get = CY_GET_STATUS__INIT;
	CyServerFrame *reply;
	const char *peer = NULL;
	int r = ctl_parse(ctl, &ctl_peer_show, argc, argv, NULL, 0, &peer, 1, 1, NULL);

	if (r != CTL_DONE)
		return r;
	if (!cy_authority_valid(peer))
		return ctl_usage("peer show", "'%s' is not an authority id", peer);
	frame.kind_case = CY_CLIENT_FRAME__KIND_GET_STATUS;
	frame.get_status = &get;
	r = ctl_call(ctl, &frame, CY_SERVER_FRAME__KIND_STATUS, &reply);
	if (r != CTL_DONE)
		return r;
	r = show(ctl, reply->status, text(peer));
	cy_server_frame__free_unpacked(reply, NULL);
	return r;
}

const struct ctl_command ctl_stats = { "stats", "count requests, outcomes, days and time limits", stats_help, run_stats,
				       NULL };
const struct ctl_command ctl_peer_show = { "peer show", "how a peer stands, and how long it takes", peer_help, run_peer,
					   NULL };
