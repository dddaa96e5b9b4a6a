#include "comityctl/health.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "comityctl/out.h"

#define DAY_MS INT64_C(86400000)

const struct health_limits health_defaults = { {
#define X(name, option, unit, warning, critical, below, what) [HEALTH_##name] = { 0, warning, critical },
	HEALTH_LIMITS(X)
#undef X
} };

static const bool is_below[] = {
#define X(name, option, unit, warning, critical, below, what) below,
	HEALTH_LIMITS(X)
#undef X
};

const char *health_word(enum health_level v)
{
	static const char *const words[] = {
#define X(name) #name,
		HEALTH_LEVELS(X)
#undef X
	};

	return words[v];
}

const char *health_own_label(enum health_own i)
{
	static const char *const labels[] = {
#define X(name, label) label,
		HEALTH_OWN(X)
#undef X
	};

	return labels[i];
}

bool health_connected(const CyPeerStatus *p)
{
	return strcmp(p->state, "connected") == 0 || strcmp(p->state, "reconciling") == 0;
}

/* ----------------------------------------------------------------- one thing */

struct assessment {
	const struct health_limits *limits;
	int64_t now;
	struct health *h;
};

static enum health_level limit(const struct assessment *g, enum health_limit i, int64_t value)
{
	const int64_t *at = g->limits->at[i];

	for (enum health_level v = HEALTH_CRITICAL; v > HEALTH_OK; v--)
		if (is_below[i] ? value < at[v] : value > at[v])
			return v;
	return HEALTH_OK;
}

static void add(struct assessment *g, struct health_finding *d, enum health_level v, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
static void add(struct assessment *g, struct health_finding *d, enum health_level v, const char *fmt, ...)
{
	char before[sizeof d->text];
	const bool first = v > d->level; /* the worst is read first */
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
	d->level = v > d->level ? v : d->level;
	g->h->worst = v > g->h->worst ? v : g->h->worst;
}

static void raise_to(int64_t *sum, int64_t value)
{
	*sum = value > *sum ? value : *sum;
}

/* Full days left, 0 on the last day and after it; the least of them is kept. */
static int64_t days_left(struct assessment *g, int64_t end_ms)
{
	int64_t *least = &g->h->sums.cert_days;
	int64_t days = end_ms > g->now ? (end_ms - g->now) / DAY_MS : 0;

	*least = *least < 0 || days < *least ? days : *least;
	return days;
}

/* -------------------------------------------------------------------- peers */

/* It does not come back by itself, unlike a line. */
static enum health_level when_down(const struct assessment *g, const CyPeerStatus *p, int64_t down)
{
	const enum health_level v = limit(g, HEALTH_DOWN, down);

	return v == HEALTH_OK && strcmp(p->state, "refused") == 0 ? HEALTH_WARNING : v;
}

static void assess_link(struct assessment *g, struct health_finding *d, const CyPeerStatus *p)
{
	int64_t down = (g->now - p->since_ms) / 1000;

	/* Each new session begins `since` anew. */
	raise_to(&g->h->sums.flaps, p->flaps);
	if (limit(g, HEALTH_FLAPS, p->flaps) != HEALTH_OK)
		add(g, d, limit(g, HEALTH_FLAPS, p->flaps), "%u sessions ended within an hour", p->flaps);

	/* One of an older release says it by the state alone. */
	if (p->reconciling || strcmp(p->state, "reconciling") == 0)
		add(g, d, HEALTH_WARNING, "fetching back after a restored backup%s",
		    health_connected(p) ? "" : " goes on once there is a session");
	if (health_connected(p))
		return;
	raise_to(&g->h->sums.down_s, down);
	add(g, d, when_down(g, p, down), "%s for %s%s%s",
	    strcmp(p->state, "connecting") == 0 ? "not connected" : p->state, out_age(down * 1000),
	    p->last_fault[0] ? ": " : "", p->last_fault);
}

static void assess_peer(struct assessment *g, struct health_finding *d, const CyPeerStatus *p)
{
	struct health_sums *sums = &g->h->sums;

	sums->connected += health_connected(p);
	sums->waiting += p->waiting;
	assess_link(g, d, p);
	if (p->signature_refused_ms)
		add(g, d, HEALTH_CRITICAL,
		    "it refuses our signature, for %s: it needs our present sign-all.pem and CRL (comity-pki export)",
		    out_age(g->now - p->signature_refused_ms));
	if (p->waiting > 0) {
		int64_t age = (g->now - p->oldest_ms) / 1000;
		enum health_level v = limit(g, HEALTH_AGE, age);

		raise_to(&sums->oldest_s, age);
		if (v != HEALTH_OK || !health_connected(p))
			add(g, d, v, "%" PRIu64 " message%s, the oldest for %s", p->waiting,
			    p->waiting == 1 ? " waits" : "s wait", out_age(age * 1000));
	}
	if (p->profiles_differ > 0)
		add(g, d, HEALTH_OK, "%u treaty profile%s differ%s from ours: comityctl treaty diff %s",
		    p->profiles_differ, p->profiles_differ == 1 ? "" : "s", p->profiles_differ == 1 ? "s" : "",
		    p->peer);
	if (p->_clock_skew_ms_case) {
		int64_t skew = (p->clock_skew_ms < 0 ? -p->clock_skew_ms : p->clock_skew_ms) / 1000;
		enum health_level v = limit(g, HEALTH_SKEW, skew);

		raise_to(&sums->skew_s, skew);
		if (v != HEALTH_OK)
			add(g, d, v, "its clock is %s %s of ours", out_age(skew * 1000),
			    p->clock_skew_ms < 0 ? "behind" : "ahead");
	}
	if (p->certificate_end_ms) {
		int64_t days = days_left(g, p->certificate_end_ms);
		enum health_level v = limit(g, HEALTH_CERT, days);

		if (v != HEALTH_OK)
			add(g, d, v, "its certificate has %" PRId64 " days left", days);
	}
	if (p->destroying_waits)
		add(g, d, health_connected(p) ? HEALTH_WARNING : HEALTH_OK,
		    "nothing of its cases is destroyed until it has been met");
	if (p->trust_fault[0])
		add(g, d, HEALTH_CRITICAL, "its files cannot be used: %s", p->trust_fault);
	if (strcmp(p->crl, "stale") == 0)
		add(g, d, HEALTH_WARNING, "its CRL was due %s ago: install a new one before its grace ends",
		    out_age(g->now - p->crl_due_ms));
	else if (strcmp(p->crl, "expired") == 0)
		add(g, d, HEALTH_CRITICAL, "its CRL is too old, the peer is refused: install a new one");
	if (p->evidence_paused > 0)
		add(g, d, HEALTH_WARNING, "%u attachment%s cannot be fetched now: %s", p->evidence_paused,
		    p->evidence_paused == 1 ? "" : "s", p->evidence_fault);
	if (p->_round_trip_ms_case)
		raise_to(&sums->round_trip_ms, p->round_trip_ms);
}

/* ---------------------------------------------------------------------- own */

static void assess_certificate(struct assessment *g, const char *name, int64_t end_ms)
{
	struct health_finding *d = &g->h->own[HEALTH_OWN_CERTIFICATES];

	if (!end_ms)
		return;
	if (end_ms <= g->now)
		add(g, d, HEALTH_CRITICAL, "%s EXPIRED on %s", name, out_local(end_ms, OUT_DATE));
	else
		add(g, d, limit(g, HEALTH_CERT, days_left(g, end_ms)), "%s %s (%s)", name, out_age(end_ms - g->now),
		    out_local(end_ms, OUT_DATE));
}

/* It is not what the peers have, but they have no newer one from us. */
static void assess_crl(struct assessment *g, int64_t due_ms)
{
	const int64_t left = due_ms - g->now;
	int64_t *days = &g->h->sums.crl_days;
	enum health_level v;

	if (!due_ms)
		return;
	*days = left > 0 ? left / DAY_MS : 0;
	v = left > 0 ? limit(g, HEALTH_CRL, *days) : HEALTH_CRITICAL;
	add(g, &g->h->own[HEALTH_OWN_CERTIFICATES], v, "CRL %s%s (%s)%s", left > 0 ? "" : "OVERDUE for ",
	    out_age(left > 0 ? left : -left), out_local(due_ms, OUT_DATE),
	    v == HEALTH_OK ? "" : ": make one (comity-pki crl) and hand it to the peers, who refuse us without");
}

static void assess_evidence(struct assessment *g, const CyStatus *s)
{
	struct health_finding *d = &g->h->own[HEALTH_OWN_EVIDENCE];
	int64_t percent;

	if (!s->evidence_total_bytes) {
		add(g, d, HEALTH_OK, "none is kept");
		return;
	}
	percent = (int64_t)((double)s->evidence_free_bytes * 100 / (double)s->evidence_total_bytes);
	add(g, d, limit(g, HEALTH_DISK, percent), "%" PRIu64 " item%s, %s; room for %s", s->evidence_items,
	    s->evidence_items == 1 ? "" : "s", out_size(s->evidence_bytes), out_size(s->evidence_free_bytes));
	if (s->evidence_fault[0])
		add(g, d, HEALTH_CRITICAL, "%s", s->evidence_fault);
	if (s->evidence_reserved_bytes > 0)
		add(g, d, HEALTH_OK, "%s reserved for what is on its way", out_size(s->evidence_reserved_bytes));
}

/* One of an older release does not count. */
static void assess_incoming(struct assessment *g, const CyStatus *s)
{
	struct health_finding *d = &g->h->own[HEALTH_OWN_INCOMING];
	const CyUnreadMessage *m = s->n_unread_oldest ? s->unread_oldest[0] : NULL;

	g->h->sums.unread = s->unread_messages;
	if (m != NULL) {
		const int64_t age = g->now - m->since_ms;
		const bool late = age > (int64_t)s->unread_after_ms;

		g->h->sums.unread_s = age / 1000;
		add(g, d, late ? HEALTH_WARNING : HEALTH_OK,
		    "%u%s message%s unread, in %u case%s, the oldest for %s%s%s%s%s", s->unread_messages,
		    s->unread_messages == CY_UNREAD_MAX ? "+" : "", s->unread_messages == 1 ? "" : "s", s->unread_cases,
		    s->unread_cases == 1 ? "" : "s", out_age(age), late ? ": " : "", late ? m->peer : "",
		    late ? "/" : "",
		    !late             ? ""
		    : m->reference[0] ? m->reference
				      : m->case_id);
	} else if (s->unread_after_ms) {
		add(g, d, HEALTH_OK, "all that came in was read");
	}
	if (s->unread[0])
		add(g, d, HEALTH_WARNING, "%s", s->unread);
}

static void assess_own(struct assessment *g, const CyStatus *s)
{
	struct health_finding *own = g->h->own;
	struct health_sums *sums = &g->h->sums;

	if (strcmp(s->store, "ok") == 0)
		add(g, &own[HEALTH_OWN_STORE], HEALTH_OK, "ok, %" PRIu64 " message%s, database %s, WAL %s", s->messages,
		    s->messages == 1 ? "" : "s", out_size(s->database_bytes), out_size(s->wal_bytes));
	else
		add(g, &own[HEALTH_OWN_STORE], HEALTH_CRITICAL, "%s", s->store);
	if (s->events[0] != '\0' && strcmp(s->events, "ok") != 0)
		add(g, &own[HEALTH_OWN_STORE], HEALTH_WARNING, "%s", s->events);
	if (s->waiting[0])
		add(g, &own[HEALTH_OWN_STORE], HEALTH_CRITICAL, "%s", s->waiting);
	if (s->disk_total_bytes) {
		sums->disk_free = (int64_t)((double)s->disk_free_bytes * 100 / (double)s->disk_total_bytes);
		add(g, &own[HEALTH_OWN_DISK_FREE], limit(g, HEALTH_DISK, sums->disk_free),
		    "%s of %s free (%" PRId64 " %%)", out_size(s->disk_free_bytes), out_size(s->disk_total_bytes),
		    sums->disk_free);
	}
	add(g, &own[HEALTH_OWN_CLOCK], strcmp(s->clock, "ok") == 0 ? HEALTH_OK : HEALTH_CRITICAL, "%s%s",
	    strcmp(s->clock, "ok") == 0 ? "" : "not trusted: ", s->clock);
	/* One of an older release does not say. */
	if (s->signing[0] != '\0')
		add(g, &own[HEALTH_OWN_SIGNING], strcmp(s->signing, "ok") == 0 ? HEALTH_OK : HEALTH_CRITICAL, "%s%s",
		    strcmp(s->signing, "ok") == 0 ? "" : "nothing is signed: ", s->signing);
	assess_certificate(g, "TLS", s->tls_certificate_end_ms);
	assess_certificate(g, "signing", s->signing_certificate_end_ms);
	assess_crl(g, s->crl_due_ms);
	if (s->trust_fault[0])
		add(g, &own[HEALTH_OWN_CERTIFICATES], HEALTH_CRITICAL, "they cannot be read anew: %s", s->trust_fault);
	if (s->descriptor_limit)
		sums->files = (int64_t)s->descriptors * 100 / s->descriptor_limit;
	add(g, &own[HEALTH_OWN_PROCESS], s->descriptor_limit ? limit(g, HEALTH_FILES, sums->files) : HEALTH_OK,
	    "%u of %u descriptors, %u local client%s", s->descriptors, s->descriptor_limit, s->clients,
	    s->clients == 1 ? "" : "s");
	if (s->config_fault[0])
		add(g, &own[HEALTH_OWN_CONFIG], HEALTH_CRITICAL, "%s", s->config_fault);
	if (s->treaty_profiles)
		add(g, &own[HEALTH_OWN_TREATIES], HEALTH_OK, "%u profile%s", s->treaty_profiles,
		    s->treaty_profiles == 1 ? "" : "s");
	else
		add(g, &own[HEALTH_OWN_TREATIES], HEALTH_OK, "no treaty profile is loaded: nothing is checked");
	if (s->law_fault[0])
		add(g, &own[HEALTH_OWN_TREATIES], HEALTH_CRITICAL, "%s", s->law_fault);
	assess_evidence(g, s);
	assess_incoming(g, s);
}

void health_assess(const CyStatus *s, const struct health_limits *limits, struct health *ret_health)
{
	struct assessment g = { limits, s->now_ms, ret_health };

	*ret_health = (struct health){
		.peers = calloc(s->n_peers + 1, sizeof(struct health_finding)),
		.sums = { .round_trip_ms = -1, .cert_days = -1, .crl_days = -1, .disk_free = -1, .files = -1 }
	};
	CY_ASSERT(ret_health->peers != NULL);
	assess_own(&g, s);
	for (size_t i = 0; i < s->n_peers; i++)
		assess_peer(&g, &ret_health->peers[i], s->peers[i]);
}

void health_free(struct health *h)
{
	free(h->peers);
}
