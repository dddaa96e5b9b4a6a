#include <stdio.h>
#include <string.h>

#include "base/mutant.h"
#include "node/core/core.h"

#define NODE_CLOCK_AHEAD_MS (7 * INT64_C(86400000)) /* so far ahead of what was recorded it is doubted at a start */

#define DAY_MS INT64_C(86400000)

bool waiting_resumed(const struct node *n, const struct peer *p)
{
	return p->wait.resumed || n->wait.all;
}

static bool is_met(const struct node *n, const struct peer *p)
{
	return p->wait.met || waiting_resumed(n, p);
}

static bool is_over(const struct node *n, const struct peer *p)
{
	return (p->wait.met && p->wait.agrees) || waiting_resumed(n, p);
}

static bool all_are(const struct node *n, bool (*test)(const struct node *n, const struct peer *p))
{
	for (size_t i = 0; i < n->n_peers; i++)
		if (n->peers[i]->configured && !test(n, n->peers[i]))
			return false;
	return true;
}

bool node_may_destroy(const struct node *n, const struct peer *p)
{
	if (CY_MUTANT_DESTROYS_UNMET)
		return true;
	if (n->clock_suspect || n->wait.ahead)
		return false;
	return p != NULL && (p->configured || is_over(n, p)) ? is_over(n, p) : all_are(n, is_over);
}

bool node_may_destroy_of(struct node *n, const char *peer)
{
	const struct peer *p = node_peer_ever(n, peer);

	return p != NULL && node_may_destroy(n, p);
}

bool node_may_decide(const struct node *n)
{
	return !n->clock_suspect && !n->wait.ahead && !n->wait.restored;
}

const char *waiting_for(const struct node *n, char *text, size_t size)
{
	size_t left = 0;
	const char *first = "";

	if (!n->wait.restored)
		return "";
	for (size_t i = n->n_peers; i-- > 0;)
		if (n->peers[i]->configured && !is_met(n, n->peers[i])) {
			first = n->peers[i]->id;
			left++;
		}
	snprintf(text, size,
		 "it was restored from a backup, and no message is given up and no step of a time limit taken until "
		 "%zu peer%s %s been met again, %s%s; comityctl resume ends that",
		 left, left == 1 ? "" : "s", left == 1 ? "has" : "have", first, left > 1 ? " among them" : "");
	return text;
}

void waiting_start(struct node *n)
{
	const int64_t ahead = n->started.ms - n->wall_mark.ms;

	n->wait.ahead = n->wall_mark.ms > 0 && ahead > NODE_CLOCK_AHEAD_MS;
	if (n->wait.ahead)
		node_log(n, NODE_ALARM, NODE_EVENT_CLOCK, "",
			 "the wall clock is %lld days ahead of what was recorded last; no message is given up by its "
			 "age, no step of a time limit is taken and nothing is destroyed until a peer's clock agrees, "
			 "or comityctl clock confirm says that it is right",
			 (long long)(ahead / DAY_MS));
	if (n->wait.restored)
		node_log(n, NODE_ALARM, NODE_EVENT_RESTORED, "",
			 "the store was restored from a backup; no message is given up by its age, no step of a time "
			 "limit is taken and nothing is destroyed until every peer has been met again, or comityctl "
			 "resume says that it need not be waited for");
}

/* What waited is looked at again. */
static void look_again(struct node *n)
{
	n->waited = true;
}

static void meet(struct node *n, struct peer *p)
{
	p->wait.met = true;
	p->wait.met_in = n->batch_number;
	p->wait.until = (struct xchg_pos){ 0 };
	look_again(n);
}

static void agree(struct node *n, struct peer *p)
{
	p->wait.agrees = true;
	if (n->wait.ahead)
		node_log(n, NODE_INFO, NODE_EVENT_CLOCK, p->id, "peer %s: its clock agrees with ours", p->id);
	n->wait.ahead = false;
	look_again(n);
}

static bool is_near(int64_t off_ms)
{
	return off_ms <= NODE_CLOCK_JUMP_MS && off_ms >= -NODE_CLOCK_JUMP_MS;
}

void waiting_signed(struct node *n, struct peer *p, struct cy_wall made)
{
	int64_t off;

	if (!p->wait.agrees && !__builtin_sub_overflow(made.ms, node_now(n).ms, &off) && is_near(off))
		agree(n, p);
}

void waiting_heard(struct node *n, struct peer *p, struct xchg_pos receipted)
{
	const struct xchg_pos held = { p->stream.in_epoch, p->stream.in_held };
	const int64_t off = p->skew_ms < 0 ? -p->skew_ms : p->skew_ms;

	if (!p->wait.agrees && is_near(p->skew_ms))
		agree(n, p);
	else if (!p->wait.agrees)
		node_log(n, NODE_ALARM, NODE_EVENT_CLOCK, p->id,
			 "peer %s: its clock is %lld h %s ours: nothing of its cases is destroyed until the times that "
			 "it signs agree with our clock, or comityctl resume says so",
			 p->id, (long long)(off / 3600000), p->skew_ms < 0 ? "behind" : "ahead of");
	if (p->wait.met)
		return;
	/* What it has receipts for, and we have lost, it sends again now. */
	if (receipted.sequence > 0 && xchg_cmp(receipted, held) > 0)
		p->wait.until = receipted;
	else
		meet(n, p);
}

void waiting_held(struct node *n, struct peer *p)
{
	const struct xchg_pos held = { p->stream.in_epoch, p->stream.in_held };

	if (!p->wait.met && p->wait.until.epoch > 0 && xchg_cmp(held, p->wait.until) >= 0)
		meet(n, p);
}

void waiting_failed(struct node *n)
{
	n->wait.all = n->wait.all && n->wait.all_in != n->batch_number;
	n->wait.copy = n->wait.copy || n->wait.ended == n->batch_number;
	for (size_t i = 0; i < n->n_peers; i++) {
		struct waits_peer *w = &n->peers[i]->wait;

		w->met = w->met && w->met_in != n->batch_number;
		w->resumed = w->resumed && w->resumed_in != n->batch_number;
	}
}

void waiting_restored(struct node *n)
{
	n->wait.restored = true;
	n->wait.all = false;
	for (size_t i = 0; i < n->n_peers; i++)
		n->peers[i]->wait = (struct waits_peer){ 0 };
}

void waiting_step(struct node *n)
{
	if (!n->wait.restored || !all_are(n, is_met))
		return;
	if (n->wait.copy)
		n->wait.ended = n->batch_number;
	n->wait.restored = n->wait.copy = false;
	batch_leaf(n, "resumed %s %llu", n->authority, (unsigned long long)n->epoch);
	node_log(n, NODE_INFO, NODE_EVENT_RESTORED, "",
		 "every peer has been met again since the store was restored: what is due is decided again");
	look_again(n);
}

void waiting_resume(struct node *n, struct conn *c, uint64_t correlation, const CyResume *r)
{
	struct peer *p;
	CyServerFrame f = CY_SERVER_FRAME__INIT;
	CyDone done = CY_DONE__INIT;
	struct cy_digest reason;
	char hex[CY_SHA256_HEX], text[NODE_NO_PEER];

	if (!node_is_peer(n, r->peer, text)) {
		batch_error(n, c->id, correlation, CY_ERROR_CODE__NOT_FOUND, "peer", text);
		return;
	}
	p = r->peer[0] != '\0' ? node_peer_ever(n, r->peer) : NULL;
	if (r->reason[0] == '\0' || strlen(r->reason) > CY_REASON_MAX) {
		batch_error(n, c->id, correlation, CY_ERROR_CODE__INVALID, "reason",
			    "a reason of 1 to 255 bytes is mandatory: its digest stands in the audit log");
		return;
	}
	if (p != NULL && !p->wait.resumed) {
		p->wait.resumed = true;
		p->wait.resumed_in = n->batch_number;
	} else if (p == NULL && !n->wait.all) {
		n->wait.all = true;
		n->wait.all_in = n->batch_number;
	}
	reason = cy_sha256(cy_bytes(r->reason, strlen(r->reason)));
	cy_digest_hex(&reason, hex);
	batch_leaf(n, "resume %s %s %s %s", n->authority, p != NULL ? p->id : "-", hex, c->client->name);
	node_log(n, NODE_INFO, NODE_EVENT_RESTORED, r->peer,
		 "client %s has ended the waiting for %s%s before what is over is destroyed", c->client->name,
		 p != NULL ? "peer " : "every peer", p != NULL ? p->id : "");
	look_again(n);
	f.kind_case = CY_SERVER_FRAME__KIND_DONE;
	f.done = &done;
	batch_reply(n, c->id, correlation, &f);
}
