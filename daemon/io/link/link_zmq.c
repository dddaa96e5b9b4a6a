#include "io/link/link_zmq.h"

#include <errno.h>
#include <openssl/rand.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

#include "io/link/link_zmq_internal.h"
#include "io/loop/loop_event.h"

#define MINUTE_MS      60000
#define NO_TAKEOVER_MS 600000 /* without takeovers, after too many */

int64_t link_or_default(int64_t value, int64_t otherwise)
{
	return value > 0 ? value : otherwise;
}

void link_log(struct link *l, enum node_level level, const char *fmt, ...)
{
	char text[400];
	va_list ap;

	if (l->events.log == NULL)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	l->events.log(l->events.ctx, level, text);
}

static void alarm_about(struct link_peer *p, const char *text)
{
	if (p->l->events.alarm)
		p->l->events.alarm(p->l->events.ctx, p->id, text);
}

void link_order(struct link *l, enum gate_order what, uint64_t conn, const char *text)
{
	struct mail m = { .what = (int)what, .conn = conn };

	CY_ASSERT(cy_copy(m.text, sizeof m.text, text) == CY_OK);
	gate_post(l->gate, &m);
}

/* ------------------------------------------------------------------ dialling */

void link_on_redial(evutil_socket_t fd, short what, void *arg)
{
	struct link_lane *p = arg;
	struct mail m = { .what = GATE_DIAL, .peer = p->peer->index, .lane = p->lane };

	(void)fd;
	(void)what;
	if (p->now || p->dialling || !p->wanted || p->peer->dial == NULL)
		return;
	p->dialling = true;
	gate_post(p->peer->l->gate, &m);
}

void link_redial_later(struct link_lane *p)
{
	int64_t ms;
	struct timeval tv;

	if (p->peer->dial == NULL || !p->wanted || p->dialling || evtimer_pending(p->redial, NULL))
		return;
	ms = backoff_next(&p->backoff);
	tv = (struct timeval){ .tv_sec = (time_t)(ms / 1000), .tv_usec = (suseconds_t)(ms % 1000 * 1000) };
	CY_ASSERT(event_add(p->redial, &tv) == 0);
}

static void attempt_over(struct link_lane *p, const char *why)
{
	struct link *l = p->peer->l;
	bool told = strcmp(p->failure, why) == 0;

	/* While a session is up a lost race is nobody's failure. */
	if (p->now)
		return;
	if (p->lane == TLS_BULK) {
		link_log(l, told ? NODE_DEBUG : NODE_INFO, "dialling %s for bulk failed: %s", p->peer->id, why);
		snprintf(p->failure, sizeof p->failure, "%s", why);
	} else {
		link_log(l, NODE_DEBUG, "dialling %s failed: %s", p->peer->id, why);
		if (l->events.attempt_failed)
			l->events.attempt_failed(l->events.ctx, p->peer->id, why);
	}
	link_redial_later(p);
}

/* The message lane decides what an operator is told about a peer. */
static void tell_refused(struct link *l, const struct mail *m)
{
	struct link_peer *p = l->peers[m->peer];

	if (m->refused && m->lane == TLS_MESSAGES && p->lanes[TLS_MESSAGES].now == NULL &&
	    l->events.certificate_refused)
		l->events.certificate_refused(l->events.ctx, p->id, m->text);
}

static void refused(struct link *l, const char *address, const char *why)
{
	if (l->events.refused)
		l->events.refused(l->events.ctx, address, why);
}

/* ------------------------------------------------------------------- two of one */

/* Each limit has its own alarm a minute: a flood must not pass for two machines. */
static const char *refuse_often(struct link_lane *p, bool *alarmed, const char *why)
{
	if (!*alarmed)
		alarm_about(p->peer, why);
	*alarmed = true;
	return why;
}

static void begin_minute(struct link_lane *p, int64_t now)
{
	if (now - p->minute < MINUTE_MS)
		return;
	p->minute = now;
	p->takeovers = p->unproven = 0;
	p->n_callers = 0;
	p->alarmed_flood = p->alarmed_takeover = p->alarmed_unproven = false;
}

/* Where the connections of an address are counted: one that floods must not use up what others have. */
static struct link_callers *callers_of(struct link_lane *p, const uint8_t source[static 16])
{
	size_t i = 0;

	while (i < p->n_callers && i < LINK_CALLERS - 1 && memcmp(p->callers[i].source, source, 16) != 0)
		i++;
	if (i == p->n_callers) {
		p->callers[p->n_callers++] = (struct link_callers){ 0 };
		memcpy(p->callers[i].source, source, 16);
	}
	return &p->callers[i];
}

void link_count_unproven(struct link_lane *p)
{
	begin_minute(p, loop_mono().ms);
	if (++p->unproven < LINK_UNPROVEN)
		return;
	refuse_often(p, &p->alarmed_unproven,
		     "connections come in its name and prove nothing; does somebody hold its TLS key?");
}

/* NULL: the connection may prove whose it is; otherwise why it must go. */
static const char *admit(struct link_lane *p, const struct mail *m)
{
	struct link *l = p->peer->l;
	struct link_callers *callers;

	if (p->peer->removed)
		return "this peer is not configured any more";
	if (l->kinds[p->lane].up == NULL)
		return "no bulk is exchanged here";
	if (m->dialled)
		return NULL;
	begin_minute(p, loop_mono().ms);
	callers = callers_of(p, m->source);
	if (callers->connections >= l->connections_a_minute)
		return refuse_often(p, &p->alarmed_flood,
				    "too many connections within a minute; the next ones are refused");
	callers->connections++;
	return NULL;
}

const char *link_weigh(struct link_lane *p, bool new_dialled)
{
	const struct link *l = p->peer->l;
	int64_t now = loop_mono().ms;

	if (p->now == NULL)
		return NULL;
	if (p->now->on.dialled != new_dialled) {
		bool ours_stays = strcmp(l->authority, p->peer->id) < 0;

		if (new_dialled != ours_stays)
			return "another connection with this peer stays";
	}
	begin_minute(p, now);
	if (now < p->no_takeover_before || p->takeovers >= l->takeovers_a_minute) {
		/* Or two machines would take turns for ever. */
		if (now >= p->no_takeover_before)
			p->no_takeover_before = now + NO_TAKEOVER_MS;
		return refuse_often(p, &p->alarmed_takeover,
				    "connections replace each other too often; do two machines hold one certificate?");
	}
	p->takeovers++;
	return NULL;
}

static void on_authenticated(struct link *l, const struct mail *m)
{
	struct link_lane *p = &l->peers[m->peer]->lanes[m->lane];
	const char *no = admit(p, m);

	if (no) {
		link_log(l, NODE_DEBUG, "connection %s %s (%s) dropped: %s", m->dialled ? "to" : "from", p->peer->id,
			 m->address, no);
	} else if (link_session_new(p, m) == NULL) {
		no = "no socket for the session";
	}
	if (no) {
		link_order(l, GATE_DROP, m->conn, no);
		if (m->dialled)
			p->dialling = false;
		link_redial_later(p);
	}
}

static void on_closed(struct link *l, const struct mail *m)
{
	struct link_session *s = link_session_find(l, m->conn);
	char who[CY_AUTHORITY_MAX + sizeof m->address + 8], why[sizeof s->why];
	bool up = false;

	if (s == NULL && !m->refused)
		return;
	snprintf(why, sizeof why, "%s", s && s->why[0] ? s->why : m->text);
	if (s) {
		up = s->up;
		link_session_over(s, why);
	}
	if (up)
		return;
	if (m->dialled) {
		attempt_over(&l->peers[m->peer]->lanes[m->lane], why);
	} else {
		snprintf(who, sizeof who, "%s at %s", l->peers[m->peer]->id, m->address);
		refused(l, who, why);
	}
}

static void on_stale_crl(struct link_peer *p)
{
	int64_t now = loop_mono().ms;

	if (p->crl_alarm && now - p->crl_alarm < MINUTE_MS)
		return;
	p->crl_alarm = now;
	alarm_about(p, "the CRL has passed its nextUpdate; install a new one before its grace ends");
}

static void on_event(void *ctx, const struct mail *m)
{
	struct link *l = ctx;

	switch ((enum gate_event)m->what) {
	case GATE_AUTHENTICATED:
		on_authenticated(l, m);
		break;
	case GATE_FAILED:
		l->peers[m->peer]->lanes[m->lane].dialling = false;
		attempt_over(&l->peers[m->peer]->lanes[m->lane], m->text);
		tell_refused(l, m);
		break;
	case GATE_REFUSED:
		refused(l, m->address, m->text);
		tell_refused(l, m);
		break;
	case GATE_CLOSED:
		on_closed(l, m);
		break;
	case GATE_STALE_CRL:
		on_stale_crl(l->peers[m->peer]);
		break;
	case GATE_DISTRUSTED:
		/* It is no surprise that a removed peer's session ends, and one alarm is enough for both lanes. */
		if (!l->peers[m->peer]->removed && m->lane == TLS_MESSAGES)
			alarm_about(l->peers[m->peer], m->text);
		break;
	case GATE_ALIVE:
		l->alive = true;
		break;
	case GATE_STOPPED:
		break;
	}
}

/* ------------------------------------------------------------------------ life */

static int check_dir(const char *dir, struct cy_error *e)
{
	struct stat st;

	if (strlen(dir) > LINK_IPC_DIR_MAX)
		return cy_fail(e, CY_ECONFIG, "%s: too long for ipc endpoints; choose a directory of at most %d bytes",
			       dir, LINK_IPC_DIR_MAX);
	if (mkdir(dir, 0700) != 0 && errno != EEXIST)
		return cy_fail(e, CY_ECONFIG, "%s: cannot make the directory for ipc endpoints: %s", dir,
			       strerror(errno));
	if (lstat(dir, &st) != 0 || !S_ISDIR(st.st_mode))
		return cy_fail(e, CY_ECONFIG, "%s: is not a directory", dir);
	if (st.st_uid != geteuid() || (st.st_mode & 0077))
		return cy_fail(e, CY_ECONFIG,
			       "%s: others could reach the ipc endpoints; chown it to our user and chmod 0700", dir);
	return CY_OK;
}

static void *gate_main(void *arg)
{
	struct link *l = arg;

	pthread_setname_np(pthread_self(), "gate");
	event_base_loop(l->gate_base, EVLOOP_NO_EXIT_ON_EMPTY);
	return NULL;
}

static int start_thread(struct link *l, struct cy_error *e)
{
	int rc = pthread_create(&l->thread, NULL, gate_main, l);

	if (rc)
		return cy_fail(e, CY_EIO, "cannot start the gate's thread: %s", strerror(rc));
	l->running = true;
	return CY_OK;
}

static void link_free(struct link *l)
{
	while (l->sessions)
		link_session_free(l->sessions);
	gate_free(l->gate);
	if (l->gate_base)
		event_base_free(l->gate_base);
	if (l->zmq)
		zmq_ctx_term(l->zmq);
	mailbox_free(&l->in);
	tls_trust_unref(l->trust);
	for (size_t i = 0; i < l->n_peers; i++) {
		for (size_t k = 0; k < TLS_LANES_N; k++)
			event_free(l->peers[i]->lanes[k].redial);
		free(l->peers[i]->dial);
		free(l->peers[i]);
	}
	free(l->peers);
	free(l->ipc_dir);
	free(l);
}

int link_start(struct event_base *base, const struct link_config *config, const struct link_events *events,
	       struct link **ret_link, struct cy_error *e)
{
	struct link_change *change = NULL;
	struct link *l;
	int rc = check_dir(config->ipc_dir, e);

	if (rc)
		return rc;
	l = calloc(1, sizeof *l);
	CY_ASSERT(l);
	l->base = base;
	l->events = *events;
	l->kinds[TLS_MESSAGES] =
		(struct link_kind){ "session", 32, CY_AHEAD_MAX, 64, events->up, events->writable, events->down };
	l->kinds[TLS_BULK] =
		(struct link_kind){ "bulk session",   4, LINK_AHEAD, 4, events->bulk_up, events->bulk_writable,
				    events->bulk_down };
	l->close_ms = link_or_default(config->close_ms, 2000);
	l->heartbeat_ms = link_or_default(config->heartbeat_ms, 15000);
	l->takeovers_a_minute = config->takeovers_a_minute ? config->takeovers_a_minute : 10;
	l->connections_a_minute = config->connections_a_minute ? config->connections_a_minute : 240;
	cy_copy(l->authority, sizeof l->authority, config->authority);
	l->ipc_dir = strdup(config->ipc_dir);
	l->gate_base = event_base_new();
	l->zmq = zmq_ctx_new();
	CY_ASSERT(l->ipc_dir && l->gate_base && l->zmq);
	CY_ASSERT(zmq_ctx_set(l->zmq, ZMQ_IO_THREADS, 1) == 0);
	CY_ASSERT(RAND_bytes((unsigned char *)&l->tag, sizeof l->tag) == 1);
	rc = link_prepare(l, config, &change, e);
	if (!rc)
		rc = mailbox_init(&l->in, l->base, on_event, l, e);
	if (!rc)
		rc = link_open_gate(l, change, e);
	if (!rc)
		rc = start_thread(l, e);
	if (rc) {
		link_change_free(change);
		link_free(l);
		return rc;
	}
	link_apply(l, change);
	*ret_link = l;
	return CY_OK;
}

void link_stop(struct link *l)
{
	if (l == NULL)
		return;
	/* libzmq flushes and ends its sides, the gate passes that on and drains; only
	 * then can the context end without waiting. */
	while (l->sessions) {
		link_close(l, l->sessions->id, "stopping");
		if (l->sessions->socket)
			link_session_leave(l->sessions);
		link_session_free(l->sessions);
	}
	link_order(l, GATE_STOP, 0, "");
	pthread_join(l->thread, NULL);
	link_free(l);
}

struct link_port link_get_port(struct link *l)
{
	return (struct link_port){
		.ctx = l, .send = link_send, .proven = link_proven, .established = link_established, .close = link_close
	};
}

struct cy_wall link_certificate_end(const struct link *l)
{
	return (struct cy_wall){ tls_trust_end(l->trust) };
}

void link_peer_facts(const struct link *l, const char *peer, struct node_peer_facts *ret_facts)
{
	for (size_t i = 0; i < l->n_peers; i++)
		if (strcmp(l->peers[i]->id, peer) == 0) {
			ret_facts->certificate_end.ms = l->peers[i]->certificate_end;
			ret_facts->crl = tls_trust_crl(l->trust, i, &ret_facts->crl_due.ms, &ret_facts->crl_end.ms);
		}
}

void link_probe(struct link *l)
{
	l->alive = false;
	link_order(l, GATE_PROBE, 0, "");
}

bool link_alive(const struct link *l)
{
	return l->alive;
}

size_t link_sessions(const struct link *l)
{
	size_t n = 0;

	for (const struct link_session *s = l->sessions; s; s = s->next)
		n += s->lane->lane == TLS_MESSAGES && s->greeted != 0 && !s->draining;
	return n;
}

uint16_t link_listen_port(const struct link *l, size_t i)
{
	return gate_port(l->gate, i);
}
