#include "comityctl/judge.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "comityctl/out.h"

#define DAY_MS INT64_C(86400000)

const struct judge_limits judge_defaults = { {
#define X(name, option, unit, warning, critical, below, what) [JUDGE_##name] = { 0, warning, critical },
	JUDGE_LIMITS(X)
#undef X
} };

static const bool is_below[] = {
#define X(name, option, unit, warning, critical, below, what) below,
	JUDGE_LIMITS(X)
#undef X
};

const char *judge_word(enum verdict v)
{
	static const char *const words[] = {
#define X(name) #name,
		JUDGE_VERDICTS(X)
#undef X
	};

	return words[v];
}

const char *judge_own_label(enum judge_own i)
{
	static const char *const labels[] = {
#define X(name, label) label,
		JUDGE_OWN(X)
#undef X
	};

	return labels[i];
}

bool judge_connected(const CyPeerStatus *p)
{
	return strcmp(p->state, "connected") == 0 || strcmp(p->state, "reconciling") == 0;
}

/* ----------------------------------------------------------------- one thing */

struct judging {
	const struct judge_limits *limits;
	int64_t now;
	struct judgement *j;
};

static enum verdict limit(const struct judging *g, enum judge_limit i, int64_t value)
{
	const int64_t *at = g->limits->at[i];

	for (enum verdict v = JUDGE_CRITICAL; v > JUDGE_OK; v--)
		if (is_below[i] ? value < at[v] : value > at[v])
			return v;
	return JUDGE_OK;
}

static void add(struct judging *g, struct judged *d, enum verdict v, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
static void add(struct judging *g, struct judged *d, enum verdict v, const char *fmt, ...)
{
	char before[sizeof d->text];
	const bool first = v > d->verdict; /* the worst is read first */
	size_t at = first ? 0 : strlen(d->text);
	va_list ap;

	memcpy(before, d->text, sizeof before);
	if (at > 0)
		at += (size_t)snprintf(d->text + at, sizeof d->text - at, "; ");
	va_start(ap, fmt);
	if (at < sizeof d->text)
		vsnprintf(d->text + at, sizeof d->text - at, fmt, ap);
	va_end(ap);
	at = strlen(d->text);
	if (first && before[0])
		snprintf(d->text + at, sizeof d->text - at, "; %s", before);
	d->verdict = v > d->verdict ? v : d->verdict;
	g->j->worst = v > g->j->worst ? v : g->j->worst;
}

static void raise_to(int64_t *sum, int64_t value)
{
	*sum = value > *sum ? value : *sum;
}

/* Full days left, 0 on the last day and after it; the least of them is kept. */
static int64_t days_left(struct judging *g, int64_t end_ms)
{
	int64_t *least = &g->j->sums.cert_days;
	int64_t days = end_ms > g->now ? (end_ms - g->now) / DAY_MS : 0;

	*least = *least < 0 || days < *least ? days : *least;
	return days;
}

/* -------------------------------------------------------------------- peers */

/* It does not come back by itself, unlike a line. */
static enum verdict when_down(const struct judging *g, const CyPeerStatus *p, int64_t down)
{
	const enum verdict v = limit(g, JUDGE_DOWN, down);

	return v == JUDGE_OK && strcmp(p->state, "refused") == 0 ? JUDGE_WARNING : v;
}

static void judge_link(struct judging *g, struct judged *d, const CyPeerStatus *p)
{
	int64_t down = (g->now - p->since_ms) / 1000;

	/* Each new session begins `since` anew. */
	raise_to(&g->j->sums.flaps, p->flaps);
	if (limit(g, JUDGE_FLAPS, p->flaps) != JUDGE_OK)
		add(g, d, limit(g, JUDGE_FLAPS, p->flaps), "%u sessions ended within an hour", p->flaps);

	/* One of an older release says it by the state alone. */
	if (p->reconciling || strcmp(p->state, "reconciling") == 0)
		add(g, d, JUDGE_WARNING, "fetching back after a restored backup%s",
		    judge_connected(p) ? "" : " goes on once there is a session");
	if (judge_connected(p))
		return;
	raise_to(&g->j->sums.down_s, down);
	add(g, d, when_down(g, p, down), "%s for %s%s%s",
	    strcmp(p->state, "connecting") == 0 ? "not connected" : p->state, out_age(down * 1000),
	    p->last_fault[0] ? ": " : "", p->last_fault);
}

static void judge_peer(struct judging *g, struct judged *d, const CyPeerStatus *p)
{
	struct judge_sums *sums = &g->j->sums;

	sums->connected += judge_connected(p);
	sums->waiting += p->waiting;
	judge_link(g, d, p);
	if (p->signature_refused_ms)
		add(g, d, JUDGE_CRITICAL,
		    "it refuses our signature, for %s: it needs our present sign-all.pem and CRL (comity-pki export)",
		    out_age(g->now - p->signature_refused_ms));
	if (p->waiting > 0) {
		int64_t age = (g->now - p->oldest_ms) / 1000;
		enum verdict v = limit(g, JUDGE_AGE, age);

		raise_to(&sums->oldest_s, age);
		if (v != JUDGE_OK || !judge_connected(p))
			add(g, d, v, "%" PRIu64 " message%s, the oldest for %s", p->waiting,
			    p->waiting == 1 ? " waits" : "s wait", out_age(age * 1000));
	}
	if (p->profiles_differ > 0)
		add(g, d, JUDGE_OK, "%u treaty profile%s differ%s from ours: comityctl treaty diff %s",
		    p->profiles_differ, p->profiles_differ == 1 ? "" : "s", p->profiles_differ == 1 ? "s" : "",
		    p->peer);
	if (p->_clock_skew_ms_case) {
		int64_t skew = (p->clock_skew_ms < 0 ? -p->clock_skew_ms : p->clock_skew_ms) / 1000;
		enum verdict v = limit(g, JUDGE_SKEW, skew);

		raise_to(&sums->skew_s, skew);
		if (v != JUDGE_OK)
			add(g, d, v, "its clock is %s %s of ours", out_age(skew * 1000),
			    p->clock_skew_ms < 0 ? "behind" : "ahead");
	}
	if (p->certificate_end_ms) {
		int64_t days = days_left(g, p->certificate_end_ms);
		enum verdict v = limit(g, JUDGE_CERT, days);

		if (v != JUDGE_OK)
			add(g, d, v, "its certificate has %" PRId64 " days left", days);
	}
	if (p->destroying_waits)
		add(g, d, judge_connected(p) ? JUDGE_WARNING : JUDGE_OK,
		    "nothing of its cases is destroyed until it has been met");
	if (p->trust_fault[0])
		add(g, d, JUDGE_CRITICAL, "its files cannot be used: %s", p->trust_fault);
	if (strcmp(p->crl, "stale") == 0)
		add(g, d, JUDGE_WARNING, "its CRL was due %s ago: install a new one before its grace ends",
		    out_age(g->now - p->crl_due_ms));
	else if (strcmp(p->crl, "expired") == 0)
		add(g, d, JUDGE_CRITICAL, "its CRL is too old, the peer is refused: install a new one");
	if (p->evidence_paused > 0)
		add(g, d, JUDGE_WARNING, "%u attachment%s cannot be fetched now: %s", p->evidence_paused,
		    p->evidence_paused == 1 ? "" : "s", p->evidence_fault);
	if (p->_round_trip_ms_case)
		raise_to(&sums->round_trip_ms, p->round_trip_ms);
}

/* ---------------------------------------------------------------------- own */

static void judge_certificate(struct judging *g, const char *name, int64_t end_ms)
{
	struct judged *d = &g->j->own[JUDGE_OWN_CERTIFICATES];

	if (!end_ms)
		return;
	if (end_ms <= g->now)
		add(g, d, JUDGE_CRITICAL, "%s EXPIRED on %s", name, out_local(end_ms, OUT_DATE));
	else
		add(g, d, limit(g, JUDGE_CERT, days_left(g, end_ms)), "%s %s (%s)", name, out_age(end_ms - g->now),
		    out_local(end_ms, OUT_DATE));
}

/* It is not what the peers have, but they have no newer one from us. */
static void judge_crl(struct judging *g, int64_t due_ms)
{
	const int64_t left = due_ms - g->now;
	int64_t *days = &g->j->sums.crl_days;
	enum verdict v;

	if (!due_ms)
		return;
	*days = left > 0 ? left / DAY_MS : 0;
	v = left > 0 ? limit(g, JUDGE_CRL, *days) : JUDGE_CRITICAL;
	add(g, &g->j->own[JUDGE_OWN_CERTIFICATES], v, "CRL %s%s (%s)%s", left > 0 ? "" : "OVERDUE for ",
	    out_age(left > 0 ? left : -left), out_local(due_ms, OUT_DATE),
	    v == JUDGE_OK ? "" : ": make one (comity-pki crl) and hand it to the peers, who refuse us without");
}

static void judge_evidence(struct judging *g, const CyStatus *s)
{
	struct judged *d = &g->j->own[JUDGE_OWN_EVIDENCE];
	int64_t percent;

	if (!s->evidence_total_bytes) {
		add(g, d, JUDGE_OK, "none is kept");
		return;
	}
	percent = (int64_t)((double)s->evidence_free_bytes * 100 / (double)s->evidence_total_bytes);
	add(g, d, limit(g, JUDGE_DISK, percent), "%" PRIu64 " item%s, %s; room for %s", s->evidence_items,
	    s->evidence_items == 1 ? "" : "s", out_size(s->evidence_bytes), out_size(s->evidence_free_bytes));
	if (s->evidence_fault[0])
		add(g, d, JUDGE_CRITICAL, "%s", s->evidence_fault);
	if (s->evidence_reserved_bytes > 0)
		add(g, d, JUDGE_OK, "%s reserved for what is on its way", out_size(s->evidence_reserved_bytes));
}

/* One of an older release does not count. */
static void judge_incoming(struct judging *g, const CyStatus *s)
{
	struct judged *d = &g->j->own[JUDGE_OWN_INCOMING];
	const CyUnreadMessage *m = s->n_unread_oldest ? s->unread_oldest[0] : NULL;

	g->j->sums.unread = s->unread_messages;
	if (m != NULL) {
		const int64_t age = g->now - m->since_ms;
		const bool late = age > (int64_t)s->unread_after_ms;

		g->j->sums.unread_s = age / 1000;
		add(g, d, late ? JUDGE_WARNING : JUDGE_OK,
		    "%u%s message%s unread, in %u case%s, the oldest for %s%s%s%s%s", s->unread_messages,
		    s->unread_messages == CY_UNREAD_MAX ? "+" : "", s->unread_messages == 1 ? "" : "s", s->unread_cases,
		    s->unread_cases == 1 ? "" : "s", out_age(age), late ? ": " : "", late ? m->peer : "",
		    late ? "/" : "",
		    !late             ? ""
		    : m->reference[0] ? m->reference
				      : m->case_id);
	} else if (s->unread_after_ms) {
		add(g, d, JUDGE_OK, "all that came in was read");
	}
	if (s->unread[0])
		add(g, d, JUDGE_WARNING, "%s", s->unread);
}

static void judge_own(struct judging *g, const CyStatus *s)
{
	struct judged *own = g->j->own;
	struct judge_sums *sums = &g->j->sums;

	if (strcmp(s->store, "ok") == 0)
		add(g, &own[JUDGE_OWN_STORE], JUDGE_OK, "ok, %" PRIu64 " message%s, database %s, WAL %s", s->messages,
		    s->messages == 1 ? "" : "s", out_size(s->database_bytes), out_size(s->wal_bytes));
	else
		add(g, &own[JUDGE_OWN_STORE], JUDGE_CRITICAL, "%s", s->store);
	if (s->events[0] != '\0' && strcmp(s->events, "ok") != 0)
		add(g, &own[JUDGE_OWN_STORE], JUDGE_WARNING, "%s", s->events);
	if (s->waiting[0])
		add(g, &own[JUDGE_OWN_STORE], JUDGE_CRITICAL, "%s", s->waiting);
	if (s->disk_total_bytes) {
		sums->disk_free = (int64_t)((double)s->disk_free_bytes * 100 / (double)s->disk_total_bytes);
		add(g, &own[JUDGE_OWN_DISK_FREE], limit(g, JUDGE_DISK, sums->disk_free),
		    "%s of %s free (%" PRId64 " %%)", out_size(s->disk_free_bytes), out_size(s->disk_total_bytes),
		    sums->disk_free);
	}
	add(g, &own[JUDGE_OWN_CLOCK], strcmp(s->clock, "ok") == 0 ? JUDGE_OK : JUDGE_CRITICAL, "%s%s",
	    strcmp(s->clock, "ok") == 0 ? "" : "not trusted: ", s->clock);
	/* One of an older release does not say. */
	if (s->signing[0] != '\0')
		add(g, &own[JUDGE_OWN_SIGNING], strcmp(s->signing, "ok") == 0 ? JUDGE_OK : JUDGE_CRITICAL, "%s%s",
		    strcmp(s->signing, "ok") == 0 ? "" : "nothing is signed: ", s->signing);
	judge_certificate(g, "TLS", s->tls_certificate_end_ms);
	judge_certificate(g, "signing", s->signing_certificate_end_ms);
	judge_crl(g, s->crl_due_ms);
	if (s->trust_fault[0])
		add(g, &own[JUDGE_OWN_CERTIFICATES], JUDGE_CRITICAL, "they cannot be read anew: %s", s->trust_fault);
	if (s->descriptor_limit)
		sums->files = (int64_t)s->descriptors * 100 / s->descriptor_limit;
	add(g, &own[JUDGE_OWN_PROCESS], s->descriptor_limit ? limit(g, JUDGE_FILES, sums->files) : JUDGE_OK,
	    "%u of %u descriptors, %u local client%s", s->descriptors, s->descriptor_limit, s->clients,
	    s->clients == 1 ? "" : "s");
	if (s->config_fault[0])
		add(g, &own[JUDGE_OWN_CONFIG], JUDGE_CRITICAL, "%s", s->config_fault);
	if (s->treaty_profiles)
		add(g, &own[JUDGE_OWN_TREATIES], JUDGE_OK, "%u profile%s", s->treaty_profiles,
		    s->treaty_profiles == 1 ? "" : "s");
	else
		add(g, &own[JUDGE_OWN_TREATIES], JUDGE_OK, "no treaty profile is loaded: nothing is checked");
	if (s->law_fault[0])
		add(g, &own[JUDGE_OWN_TREATIES], JUDGE_CRITICAL, "%s", s->law_fault);
	judge_evidence(g, s);
	judge_incoming(g, s);
}

void judge(const CyStatus *s, const struct judge_limits *limits, struct judgement *ret_judgement)
{
	struct judging g = { limits, s->now_ms, ret_judgement };

	*ret_judgement = (struct judgement){
		.peers = calloc(s->n_peers + 1, sizeof(struct judged)),
		.sums = { .round_trip_ms = -1, .cert_days = -1, .crl_days = -1, .disk_free = -1, .files = -1 }
	};
	CY_ASSERT(ret_judgement->peers != NULL);
	judge_own(&g, s);
	for (size_t i = 0; i < s->n_peers; i++)
		judge_peer(&g, &ret_judgement->peers[i], s->peers[i]);
}

void judge_free(struct judgement *j)
{
	free(j->peers);
}
