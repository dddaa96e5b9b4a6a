/* How the service and its peers stand. Everything is at hand: the node's own
 * state, counters that the store keeps, and facts that do not wait. */
#include <stdio.h>
#include <string.h>

#include "node/clients/prune.h"
#include "node/clients/views.h"
#include "node/evidence/evidence.h"
#include "node/node.h"
#include "node/peers/peers.h"

#define STATUS_PEERS 2000 /* they fit in a frame */

static const char *peer_state(const struct peer *p)
{
	if (p->session == 0)
		return p->refused ? "refused" : "disconnected";
	if (!p->greeted)
		return "connecting";
	return p->stream.reconciling ? "reconciling" : "connected";
}

static const char *crl_state(const struct node_peer_facts *f, struct cy_wall now)
{
	if (!f->crl)
		return "none";
	if (f->crl_end.ms != 0 && now.ms > f->crl_end.ms)
		return "expired";
	return f->crl_due.ms != 0 && now.ms > f->crl_due.ms ? "stale" : "ok";
}

static void put_evidence(struct node *n, CyPeerStatus *row, struct peer *p)
{
	const struct bulk_counts on = bulk_counts(p);
	struct evidence_parts parts;

	evidence_of_peer(n, p->id, &parts);
	row->evidence_held_bytes = parts.held;
	row->evidence_reserved_bytes = parts.reserved;
	row->evidence_reserved_ms = parts.since_ms;
	row->evidence_fetching = on.fetching;
	row->evidence_sending = on.sending;
	if (on.paused == 0)
		return;
	row->evidence_paused = on.paused;
	row->evidence_fault = (char *)on.why;
}

static uint32_t flaps(struct node *n, const struct peer *p)
{
	const int64_t hour = 3600000, now = n->ports.clock.mono(n->ports.clock.ctx).ms;
	uint32_t found = 0;

	for (size_t i = 0; i < p->n_ended && i < CY_FLAPS_MAX; i++)
		found += p->ended[i].ms > now - hour;
	return found;
}

static CyPeerStatus *peer_status(struct node *n, struct cy_arena *a, struct peer *p, int *ret_code)
{
	struct store_port *s = &n->ports.store;
	struct store_peer_counts counts = { 0 };
	struct node_peer_facts facts = { 0 };
	CyPeerStatus *row = cy_arena_take(a, sizeof *row);
	int r = s->peer_counts(s->ctx, p->id, &counts);

	if (r < 0)
		*ret_code = r;
	if (n->ports.facts.peer != NULL)
		n->ports.facts.peer(n->ports.facts.ctx, p->id, &facts);
	cy_peer_status__init(row);
	row->peer = p->id;
	row->state = (char *)peer_state(p);
	row->since_ms = p->since.ms;
	row->waiting = counts.waiting;
	row->oldest_ms = counts.oldest.ms;
	row->in_flight = counts.in_flight;
	row->last_receipt_ms = p->stream.last_receipt.ms;
	if (p->skew_known)
		row->_clock_skew_ms_case = CY_PEER_STATUS___CLOCK_SKEW_MS_CLOCK_SKEW_MS;
	row->clock_skew_ms = p->skew_ms;
	row->held = p->stream.in_held;
	row->receipted = p->stream.out_receipted;
	row->signature_refused_ms = signing_is_refused(n, p) ? p->refusal.since.ms : 0;
	row->last_fault = p->last_fault;
	row->flaps = flaps(n, p);
	if (p->rtt.measured) {
		row->_round_trip_ms_case = CY_PEER_STATUS___ROUND_TRIP_MS_ROUND_TRIP_MS;
		row->_last_round_trip_ms_case = CY_PEER_STATUS___LAST_ROUND_TRIP_MS_LAST_ROUND_TRIP_MS;
	}
	row->round_trip_ms = xchg_rtt_smoothed(&p->rtt);
	row->last_round_trip_ms = p->rtt.last_ms;
	row->certificate_end_ms = facts.certificate_end.ms;
	row->profiles_differ = profiles_different(n, p);
	row->crl = (char *)crl_state(&facts, node_now(n));
	row->crl_due_ms = facts.crl_due.ms;
	row->reconciling = p->stream.reconciling;
	row->destroying_waits = !node_may_destroy(n, p);
	row->trust_fault = facts.fault != NULL ? (char *)facts.fault : (char *)"";
	put_evidence(n, row, p);
	return row;
}

static const char *clock_state(struct node *n, char *text, size_t size)
{
	if (node_clock_trusted(n, text, size))
		snprintf(text, size, "%s", n->wait.ahead ? "far ahead of what was recorded last" : "ok");
	return text;
}

static void put_facts(struct node *n, CyStatus *status)
{
	struct node_facts f = { 0 };

	if (n->ports.facts.own != NULL)
		n->ports.facts.own(n->ports.facts.ctx, &f);
	status->database_bytes = f.database_bytes;
	status->wal_bytes = f.wal_bytes;
	status->disk_free_bytes = f.disk_free;
	status->disk_total_bytes = f.disk_total;
	status->descriptors = f.descriptors;
	status->descriptor_limit = f.descriptor_limit;
	status->tls_certificate_end_ms = f.tls_end.ms;
	status->signing_certificate_end_ms = f.signing_end.ms;
	status->crl_due_ms = f.crl_due.ms;
	status->trust_fault = f.trust_fault != NULL ? (char *)f.trust_fault : (char *)"";
	status->law_fault = f.law_fault != NULL ? (char *)f.law_fault : (char *)"";
	status->config_fault = f.config_fault != NULL ? (char *)f.config_fault : (char *)"";
}

static void put_space(struct node *n, CyStatus *status)
{
	struct blob_space s;

	if (n->ports.blobs.ctx == NULL)
		return;
	n->ports.blobs.space(n->ports.blobs.ctx, &s);
	status->evidence_items = s.contents;
	status->evidence_bytes = s.content;
	status->evidence_free_bytes = s.free;
	status->evidence_reserved_bytes = s.reserved;
	status->evidence_total_bytes = s.total;
}

void views_status(struct node *n, struct conn *c, uint64_t correlation, const CyGetStatus *r)
{
	struct store_port *s = &n->ports.store;
	CyServerFrame f = CY_SERVER_FRAME__INIT;
	CyStatus status = CY_STATUS__INIT;
	struct cy_arena arena = { 0 };
	CyPeerStatus **peers = cy_arena_take(&arena, (STATUS_PEERS + 1) * sizeof *peers);
	size_t shown = 0;
	struct store_counts counts = { 0 };
	struct cy_digest root = audit_root(&n->audit);
	char clock[128], signing[NODE_FAULT_SIZE], events[320], waiting[256], flaws[1024];
	int code = s->counts(s->ctx, &counts);

	(void)r;
	for (size_t i = 0; i < n->n_peers && shown < STATUS_PEERS; i++)
		if (n->peers[i]->configured)
			peers[shown++] = peer_status(n, &arena, n->peers[i], &code);
	if (code == CY_OK)
		code = unread_count(n, local_view(c), &arena, &status);
	status.authority = n->authority;
	status.software = (char *)"comityd " COMITY_VERSION;
	status.started_ms = n->started.ms;
	status.now_ms = node_now(n).ms;
	status.epoch = n->epoch;
	status.cases = counts.cases;
	status.messages = counts.messages;
	status.audit_size = n->audit.size;
	status.audit_root = (ProtobufCBinaryData){ .data = root.b, .len = sizeof root.b };
	status.peers = peers;
	status.n_peers = shown;
	for (const struct conn *k = n->conns; k != NULL; k = k->next)
		status.clients++;
	status.store = n->store_fault[0] != '\0' ? n->store_fault
		       : n->damaged[0] != '\0'   ? n->damaged
		       : code < 0                ? (char *)"it cannot be read"
						 : (char *)"ok";
	status.clock = (char *)clock_state(n, clock, sizeof clock);
	status.waiting = (char *)waiting_for(n, waiting, sizeof waiting);
	status.signing = (char *)signing_state(n, signing, sizeof signing);
	status.events = (char *)prune_state(n, events, sizeof events);
	status.unread = node_is_read(n) ? (char *)"" : (char *)NODE_UNREAD;
	status.treaty_profiles = n->config.legal_data != NULL ? (uint32_t)n->config.legal_data->n_profiles : 0;
	put_facts(n, &status);
	put_space(n, &status);
	status.evidence_fault = (char *)evidence_flaws(n, flaws, sizeof flaws);
	f.kind_case = CY_SERVER_FRAME__KIND_STATUS;
	f.status = &status;
	local_send(n, c->id, correlation, &f);
	cy_arena_free(&arena);
}
