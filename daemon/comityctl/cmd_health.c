/* health: one line and an exit code, as Nagios and Icinga take it. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/num.h"
#include "comityctl/ctl.h"
#include "comityctl/health.h"
#include "comityctl/out.h"

#define TOLD_MAX    5 /* problems in the line */
#define VALUE_MAX   (INT64_C(100) * 366 * 86400)
#define TIMEOUT_MAX 3600

static const char usage[] = "usage: comityctl health [--warn-LIMIT VALUE] [--crit-LIMIT VALUE]\n"
			    "                        [--timeout SECONDS]\n"
			    "\n"
			    "Prints one line as a plugin of Nagios or Icinga does: the verdict, what is wrong,\n"
			    "the worst first, and after a bar the figures to draw. The exit code is 0 OK,\n"
			    "1 WARNING, 2 CRITICAL, 3 UNKNOWN: the daemon could not be asked.\n"
			    "\n"
			    "LIMIT      warns  critical  when\n";

static const char rest[] = "\n"
			   "Times are in seconds, or with s, m, h or d behind them. A store that does not work,\n"
			   "a clock that is not trusted and a CRL that is too old are always critical; a CRL\n"
			   "that is due, a peer that fetches back what a restored store lost, one side's refusal\n"
			   "of the other's certificate, a message that no client has read for longer than\n"
			   "delivery.unread_after of the configuration, and a configuration in which no client\n"
			   "gets what comes in, always warn.\n"
			   "--timeout is how long to wait for an answer; default 10.\n";

static const struct {
	const char *name, *what;
	enum health_unit unit;
	bool below;
} limits[] = {
#define X(name, option, unit, warning, critical, below, what) { option, what, unit, below },
	HEALTH_LIMITS(X)
#undef X
};

static const char *shown(enum health_limit i, int64_t value)
{
	static char text[2][24];
	static int turn;
	char *out = text[turn++ % 2];

	if (limits[i].unit == HEALTH_TIME)
		return out_age(value * 1000);
	snprintf(out, sizeof text[0], "%" PRId64, value);
	return out;
}

static int explain(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	fputs(usage, stdout);
	for (enum health_limit i = 0; i < HEALTH_LIMIT_N; i++)
		printf("%-10s %5s  %8s  %s\n", limits[i].name, shown(i, health_defaults.at[i][HEALTH_WARNING]),
		       shown(i, health_defaults.at[i][HEALTH_CRITICAL]), limits[i].what);
	fputs(rest, stdout);
	return CTL_DONE;
}

static int unknown(const char *why)
{
	printf("COMITY UNKNOWN - ");
	out_safe(stdout, why);
	putchar('\n');
	return HEALTH_UNKNOWN;
}

/* -------------------------------------------------------------- command line */

/* Digits, for times with a unit behind them. */
static int value(enum health_limit i, const char *text, int64_t *ret)
{
	static const char units[] = "smhd";
	static const int64_t seconds[] = { 1, 60, 3600, 86400 };
	size_t len = strlen(text);
	const char *unit = len > 1 ? strchr(units, text[len - 1]) : NULL;
	uint64_t n;

	if (limits[i].unit != HEALTH_TIME)
		unit = NULL;
	if (cy_parse_u64(text, unit != NULL ? len - 1 : len, VALUE_MAX / 86400, &n) != CY_OK)
		return CY_EPARSE;
	*ret = (int64_t)n * (unit != NULL ? seconds[unit - units] : 1);
	return CY_OK;
}

struct asked {
	struct health_limits limits;
	uint64_t timeout_s;
};

static int parse(struct ctl *ctl, int argc, char **argv, struct asked *ret_asked)
{
	static const char *const names[] = {
#define X(name, option, unit, warning, critical, below, what) "warn-" option, "crit-" option,
		HEALTH_LIMITS(X)
#undef X
	};
	const char *given[2 * HEALTH_LIMIT_N] = { 0 }, *timeout = "10";
	struct ctl_option options[2 * HEALTH_LIMIT_N + 1] = { { .name = "timeout", .value = &timeout } };
	int r;

	for (size_t i = 0; i < 2 * HEALTH_LIMIT_N; i++)
		options[i + 1] = (struct ctl_option){ .name = names[i], .value = &given[i] };
	r = ctl_parse(ctl, &ctl_health, argc, argv, options, sizeof options / sizeof options[0], NULL, 0, 0, NULL);
	if (r == CTL_DONE)
		r = ctl_number("health", "timeout", timeout, TIMEOUT_MAX, &ret_asked->timeout_s);
	ret_asked->limits = health_defaults;
	for (size_t i = 0; r == CTL_DONE && i < 2 * HEALTH_LIMIT_N; i++) {
		enum health_limit l = (enum health_limit)(i / 2);
		int64_t *at = ret_asked->limits.at[l];

		if (given[i] != NULL && value(l, given[i], &at[HEALTH_WARNING + i % 2]) != CY_OK)
			return ctl_usage("health", "--%s requires a %s, not '%s'", names[i],
					 limits[l].unit == HEALTH_TIME ? "time such as 90s, 30m, 4h or 2d" : "number",
					 given[i]);
		if (i % 2 == 1 && (limits[l].below ? at[HEALTH_CRITICAL] > at[HEALTH_WARNING]
						   : at[HEALTH_CRITICAL] < at[HEALTH_WARNING]))
			return ctl_usage("health", "--%s %s would be critical before --%s %s warns", names[i],
					 shown(l, at[HEALTH_CRITICAL]), names[i - 1], shown(l, at[HEALTH_WARNING]));
	}
	return r;
}

/* ------------------------------------------------------------------ the line */

/* Prints text into the line without a bar, which begins the figures, and without characters
 * that could harm a terminal. */
static void tell(const char *text)
{
	char copy[sizeof(((struct health_finding *)0)->text)];

	cy_copy(copy, sizeof copy, text);
	for (char *p = strchr(copy, '|'); p != NULL; p = strchr(p, '|'))
		*p = '/';
	out_safe(stdout, copy);
}

static void tell_problem(const char *who, const char *text, size_t *n)
{
	if ((*n)++ >= TOLD_MAX)
		return;
	printf("%s%s: ", *n == 1 ? "" : "; ", who);
	tell(text);
}

static void tell_problems(const CyStatus *s, const struct health *h)
{
	size_t n = 0;

	for (enum health_level v = HEALTH_CRITICAL; v > HEALTH_OK; v--) {
		for (enum health_own i = 0; i < HEALTH_OWN_N; i++)
			if (h->own[i].level == v)
				tell_problem(health_own_label(i), h->own[i].text, &n);
		for (size_t i = 0; i < s->n_peers; i++)
			if (h->peers[i].level == v)
				tell_problem(s->peers[i]->peer, h->peers[i].text, &n);
	}
	if (n > TOLD_MAX)
		printf("; and %zu more: comityctl status", n - TOLD_MAX);
}

/* label=value;warn;crit;min;max, with `at` NULL for no thresholds. */
static void figure(const char *label, int64_t n, const char *unit, const int64_t *at, bool below, const char *range)
{
	const char *colon = below ? ":" : "";

	if (n < 0)
		return;
	printf(" %s=%" PRId64 "%s", label, n, unit);
	if (at != NULL)
		printf(";%" PRId64 "%s;%" PRId64 "%s", at[HEALTH_WARNING], colon, at[HEALTH_CRITICAL], colon);
	else
		printf(";;");
	printf("%s", range);
}

static void tell_figures(const CyStatus *s, const struct health *h, const struct health_limits *l)
{
	const struct health_sums *sums = &h->sums;
	char range[32];

	snprintf(range, sizeof range, ";0;%zu", s->n_peers);
	printf(" |");
	figure("connected", (int64_t)sums->connected, "", NULL, false, range);
	figure("waiting", (int64_t)sums->waiting, "", NULL, false, ";0");
	figure("oldest", sums->oldest_s, "s", l->at[HEALTH_AGE], false, ";0");
	figure("down", sums->down_s, "s", l->at[HEALTH_DOWN], false, ";0");
	figure("skew", sums->skew_s, "s", l->at[HEALTH_SKEW], false, ";0");
	figure("round_trip", sums->round_trip_ms, "ms", NULL, false, ";0");
	figure("cert_days", sums->cert_days, "", l->at[HEALTH_CERT], true, ";0");
	figure("crl_days", sums->crl_days, "", l->at[HEALTH_CRL], true, ";0");
	figure("disk_free", sums->disk_free, "%", l->at[HEALTH_DISK], true, ";0;100");
	figure("flaps", sums->flaps, "", l->at[HEALTH_FLAPS], false, ";0");
	figure("unread", sums->unread, "", NULL, false, ";0");
	figure("unread_age", sums->unread_s, "s", NULL, false, ";0");
	figure("files", sums->files, "%", l->at[HEALTH_FILES], false, ";0;100");
	figure("database", (int64_t)s->database_bytes, "B", NULL, false, ";0");
	figure("wal", (int64_t)s->wal_bytes, "B", NULL, false, ";0");
	putchar('\n');
}

static int run(struct ctl *ctl, int argc, char **argv)
{
	CyClientFrame frame = CY_CLIENT_FRAME__INIT;
	CyGetStatus get_status = CY_GET_STATUS__INIT;
	CyServerFrame *reply;
	struct cy_error e = { 0 };
	struct asked asked;
	struct health h;
	const CyStatus *s;
	int r = parse(ctl, argc, argv, &asked);

	if (r != CTL_DONE)
		return unknown("the command line is wrong");
	frame.kind_case = CY_CLIENT_FRAME__KIND_GET_STATUS;
	frame.get_status = &get_status;
	r = client_open(ctl->socket, ctl->client, (int)asked.timeout_s * 1000, &ctl->conn, &e);
	if (r == CY_OK)
		r = client_call(ctl->conn, &frame, CY_SERVER_FRAME__KIND_STATUS, &reply, &e);
	if (r != CY_OK)
		return unknown(e.text);
	s = reply->status;
	health_assess(s, &asked.limits, &h);
	printf("COMITY %s - ", health_word(h.worst));
	if (h.worst == HEALTH_OK)
		printf("%s: %" PRIu64 " of %zu peers connected, %" PRIu64 " message%s", s->authority, h.sums.connected,
		       s->n_peers, h.sums.waiting, h.sums.waiting == 1 ? " waits" : "s wait");
	tell_problems(s, &h);
	tell_figures(s, &h, &asked.limits);
	r = (int)h.worst;
	health_free(&h);
	cy_server_frame__free_unpacked(reply, NULL);
	return r;
}

const struct ctl_command ctl_health = { "health", "one line for Nagios and Icinga, with an exit code", "", run,
					explain };
