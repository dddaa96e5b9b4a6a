#include "node/node.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mutant.h"
#include "node/cases/cases.h"
#include "node/clients/clients.h"
#include "node/driver/driver.h"
#include "node/evidence/evidence.h"
#include "node/peers/peers.h"
#include "wire/message.h"

void node_store_damaged(struct node *n, const char *peer, const char *case_id, const char *what)
{
	if (case_id[0] == '\0')
		node_damaged(n, peer, "%s", what);
	else
		cases_damaged(n, peer, case_id, what);
}

/* ----------------------------------------------------------------- loading */

static int load_meta(void *arg, const struct store_meta *row)
{
	struct node *n = arg;

	n->epoch = row->epoch;
	n->wall_mark = row->wall_mark;
	n->wait.restored = row->restored || n->wait.copy;
	return audit_decode(row->audit_size, row->frontier, &n->audit);
}

int node_load(struct node *n, struct cy_error *e)
{
	struct store_port *s = &n->ports.store;
	int r = s->meta(s->ctx, load_meta, n);

	if (r == CY_ENOENT) {
		n->epoch = 0;
		n->audit = (struct audit_log){ 0 };
	} else if (r < 0) {
		return cy_fail(e, r, "the store's own values cannot be read: %s", cy_strerror(r));
	}
	/* A new store starts its streams in an epoch of its own. */
	if (n->epoch == 0)
		n->epoch = xchg_new_epoch(node_now(n), 0);
	for (size_t i = 0; i < n->n_peers; i++) {
		r = node_load_peer(n, n->peers[i], e);
		if (r < 0)
			return r;
	}
	return orders_load(n, e);
}

void node_load_again(struct node *n)
{
	struct cy_error e = { 0 };

	n->stale = node_load(n, &e) < 0;
	if (n->stale)
		node_log(n, NODE_ALARM, NODE_EVENT_STORE, "", "%s", e.text);
}

void node_find_former_peers(struct node *n)
{
	if (node_peers_ever(n) < 0)
		node_log(n, NODE_ALARM, NODE_EVENT_STORE, "",
			 "the streams of former peers cannot be read: what is over of theirs stays here");
}

int node_new(const struct node_config *config, const struct node_ports *ports, struct node **ret_node,
	     struct cy_error *e)
{
	struct node *n = calloc(1, sizeof *n);
	int r;

	if (n == NULL)
		return cy_fail(e, CY_ENOMEM, "out of memory");
	n->ports = *ports;
	stages_new(n);
	n->last_input = &n->inputs;
	n->last_replay = &n->replay;
	n->config.test_pause = config->test_pause;
	n->config.test_pause_ctx = config->test_pause_ctx;
	n->wait.copy = config->copy;
	if (cy_copy(n->authority, sizeof n->authority, config->authority) < 0)
		r = cy_fail(e, CY_ECONFIG, "the authority id is too long");
	else
		r = node_load(n, e);
	if (r == CY_OK)
		r = node_reconfigure(n, config, e);
	if (r < 0) {
		node_free(n);
		return r;
	}
	n->ports.random.fill(n->ports.random.ctx, n->instance, sizeof n->instance);
	n->started = node_now(n);
	n->trusted_from = n->started;
	n->started_mono = n->ports.clock.mono(n->ports.clock.ctx);
	n->planned = CY_NEVER;
	stages_run(n, STAGE_START);
	batch_plan_wake(n);
	*ret_node = n;
	return CY_OK;
}

void node_watch_clock(struct node *n)
{
	char why[128];
	bool suspect = !node_clock_trusted(n, why, sizeof why);

	if (suspect && !n->clock_suspect)
		node_log(n, NODE_ALARM, NODE_EVENT_CLOCK, "",
			 "the wall clock: %s; nothing is signed, no message is given up by its age and no step of a "
			 "time limit is taken until the clock is right, or comityctl clock confirm says that it is",
			 why);
	else if (!suspect && n->clock_suspect)
		node_log(n, NODE_INFO, NODE_EVENT_CLOCK, "", "the wall clock is right again");
	if (!suspect && n->clock_suspect) { /* what retention waited for */
		evidence_resumed(n);
		prune_resumed(n);
	}
	n->clock_suspect = suspect;
}

void node_clock_confirmed(struct node *n, const char *client)
{
	node_log(n, NODE_INFO, NODE_EVENT_CLOCK, "", "client %s: the wall clock is confirmed as it is", client);
	n->started_mono = n->batch.right_at;
	n->trusted_from = n->wall_mark = n->batch.right;
	n->wait.ahead = false;
	signing_clock_confirmed(n);
	node_watch_clock(n);
}

void node_free(struct node *n)
{
	if (n == NULL)
		return;
	stages_free(n);
	replay_free(n->inputs);
	replay_free(n->replay);
	for (size_t i = 0; i < n->n_peers; i++)
		node_peer_free(n->peers[i]);
	node_clients_free(n->clients, n->config.n_clients);
	batch_reset(n);
	cy_arena_free(&n->settings);
	free(n->peers);
	free(n);
}

/* ------------------------------------------------------------------ inputs */

void node_link_up(struct node *n, const char *peer, uint64_t session, const struct link_connection *on)
{
	struct peer *p = node_peer(n, peer);

	if (p == NULL || n->stopping)
		n->ports.link.close(n->ports.link.ctx, session, "this peer is not configured, or the daemon stops");
	else
		greet_begin(n, p, session, WIRE_MESSAGES, on);
}

/* A parcel's messages are those that its manifest names. What else may be wrong with them
 * their author has signed, and would send again for ever: that is answered in the receipt. */
static int check_messages(const CyParcel *p, const struct wire_text *t, struct cy_error *e)
{
	const size_t n_messages = p->n_messages;

	if (n_messages != t->n)
		return cy_fail(e, CY_EPARSE, "a parcel holds %zu messages, its manifest names %zu", n_messages, t->n);
	for (size_t i = 0; i < n_messages; i++) {
		struct cy_digest d = cy_sha256(cy_bytes(p->messages[i].data, p->messages[i].len));

		if (tombstones_at(p->tombstones, p->n_tombstones, i + 1) != NULL ||
		    cy_digest_equal(&d, &t->entries[i].digest))
			continue;
		if (p->messages[i].len == 0)
			return cy_fail(e, CY_EPARSE, "message %zu of a parcel is missing", i + 1);
		return cy_fail(e, CY_ESIGN, "message %zu of a parcel is not the one that the manifest names", i + 1);
	}
	return CY_OK;
}

struct by_bytes {
	const CySignedText *st;
	bool same;
};

static int same_manifest(void *arg, const struct store_parcel *row)
{
	struct by_bytes *b = arg;

	b->same = cy_bytes_equal(row->manifest, cy_bytes(b->st->text.data, b->st->text.len));
	return CY_OK;
}

static int same_receipt(void *arg, const struct store_parcel *row)
{
	struct by_bytes *b = arg;

	b->same = cy_bytes_equal(row->receipt, cy_bytes(b->st->text.data, b->st->text.len));
	return CY_OK;
}

/* The same for a parcel or a receipt of the peer. One that is held with these bytes was good
 * when it came, and is only repeated: its certificate may have been revoked since. */
static int check_from_peer(struct node *n, const struct peer *p, const CySignedText *st, enum wire_text_type type,
			   struct wire_text **ret_text, struct cy_error *e)
{
	struct store_port *s = &n->ports.store;
	const bool parcel = type == WIRE_PARCEL;
	struct by_bytes b = { st, false };
	struct wire_text *t;
	int r = node_check_text(n, st, type, p->id, n->authority, ret_text, e);

	if (r != CY_ESIGN)
		return r;
	t = malloc(sizeof *t);
	CY_ASSERT(t != NULL);
	if (wire_text_read(cy_bytes(st->text.data, st->text.len), t, NULL) == CY_OK)
		s->get_parcel(s->ctx, p->id, parcel ? STORE_PEER : STORE_OWN, t->epoch, t->sequence,
			      parcel ? same_manifest : same_receipt, &b);
	if (!b.same) {
		free(t);
		return r;
	}
	*ret_text = t;
	return CY_OK;
}

/* What stands for erased messages counts with our own receipt alone. */
static int check_parcel(struct node *n, const struct peer *p, struct input *in, struct cy_error *e)
{
	const CyParcel *parcel = in->frame->parcel;
	int r = check_from_peer(n, p, parcel->manifest, WIRE_PARCEL, &in->text, e);

	if (r == CY_OK)
		r = check_messages(parcel, in->text, e);
	if (r < 0 || parcel->n_tombstones == 0)
		return r;
	r = node_check_text(n, parcel->receipt, WIRE_RECEIPT, n->authority, p->id, &in->receipt, e);
	/* It is not the author's signature that is wrong: there is nothing that it could sign anew. */
	if (r == CY_ESIGN)
		return cy_fail(e, CY_EDENIED, "the receipt beside tombstones is none of ours");
	return r < 0 ? r
		     : tombstones_check(parcel->tombstones, parcel->n_tombstones, parcel->messages, in->text,
					parcel->manifest, in->receipt, e);
}

/* A parcel of ours, and the peer's receipt for it. */
static int check_fetched(struct node *n, const struct peer *p, struct input *in, struct cy_error *e)
{
	const CyFetched *f = in->frame->fetched;
	int r;

	if (f->manifest == NULL)
		return CY_OK;
	r = node_check_text(n, f->manifest, WIRE_PARCEL, n->authority, p->id, &in->text, e);
	/* It would sign anew what is its own, and that is not at fault. */
	if (r == CY_ESIGN)
		return cy_fail(
			e, CY_EDENIED,
			"what it gives back as a parcel of ours is none that we signed, as far as our certificates "
			"show: own_signing_certificates has to name the earlier ones");
	if (r == CY_OK)
		r = check_from_peer(n, p, f->receipt, WIRE_RECEIPT, &in->receipt, e);
	if (r == CY_OK && f->n_tombstones > 0 && f->n_messages != in->text->n)
		r = cy_fail(e, CY_EPARSE, "a fetched parcel holds %zu messages, its manifest names %zu", f->n_messages,
			    in->text->n);
	if (r == CY_OK && f->n_tombstones > 0)
		r = tombstones_check(f->tombstones, f->n_tombstones, f->messages, in->text, f->manifest, in->receipt,
				     e);
	return r;
}

/* All that can be checked of a frame before the batch. */
static int check_frame(struct node *n, const struct peer *p, struct input *in, struct cy_error *e)
{
	const CyPeerFrame *f = in->frame;

	switch (f->kind_case) {
	case CY_PEER_FRAME__KIND_STATE:
		return node_check_text(n, f->state->audit_head, WIRE_AUDIT_HEAD, p->id, n->authority, &in->text, e);
	case CY_PEER_FRAME__KIND_PARCEL:
		return check_parcel(n, p, in, e);
	case CY_PEER_FRAME__KIND_RECEIPT:
		return check_from_peer(n, p, f->receipt->receipt, WIRE_RECEIPT, &in->text, e);
	case CY_PEER_FRAME__KIND_FETCHED:
		return check_fetched(n, p, in, e);
	case CY_PEER_FRAME__KIND_GOODBYE:
	case CY_PEER_FRAME__KIND_HEADS_REQUEST:
	case CY_PEER_FRAME__KIND_HEADS:
	case CY_PEER_FRAME__KIND_FETCH_REQUEST:
	case CY_PEER_FRAME__KIND_PROFILE_REQUEST:
	case CY_PEER_FRAME__KIND_PROFILE:
		return CY_OK;
	case CY_PEER_FRAME__KIND_HELLO:
	case CY_PEER_FRAME__KIND_SESSION_PROOF:
		return cy_fail(e, CY_EPARSE, "a second hello or session proof");
	case CY_PEER_FRAME__KIND__NOT_SET:
	case _CY_PEER_FRAME__KIND__CASE_IS_INT_SIZE:
		break;
	}
	return cy_fail(e, CY_EPARSE, "a frame of an unknown kind");
}

static void take_frame(struct node *n, uint64_t session, struct cy_bytes frame)
{
	struct peer *p = node_peer_of_session(n, session);
	struct cy_error e = { 0 };
	ProtobufCMessage *m = NULL;
	struct input *in;
	int r;

	if (n->stopping || greet_frame(n, session, frame) || p == NULL)
		return;
	r = wire_unpack(&cy_peer_frame__descriptor, frame, CY_FRAME_MAX, &m, &e);
	if (r < 0) {
		session_refuse(n, p, NODE_ALARM, NODE_BYE_FRAME, e.text);
		return;
	}
	in = node_input_new(INPUT_FRAME, session);
	in->peer = p->index;
	in->frame = (CyPeerFrame *)m;
	r = check_frame(n, p, in, &e);
	if (r < 0 || p->inputs >= NODE_SESSION_INPUTS_MAX) {
		node_input_free(in);
		session_refuse(n, p, NODE_ALARM,
			       r == CY_OK      ? NODE_BYE_TOO_MANY_FRAMES
			       : r == CY_ESIGN ? NODE_BYE_SIGNATURE
					       : NODE_BYE_CONTENT,
			       r < 0 ? e.text : NULL);
		return;
	}
	if (in->frame->kind_case == CY_PEER_FRAME__KIND_RECEIPT)
		xchg_rtt_back(&p->rtt, (struct xchg_pos){ in->text->epoch, in->text->sequence },
			      n->ports.clock.mono(n->ports.clock.ctx));
	/* The connection may end before the batch that reads it. */
	if (in->frame->kind_case == CY_PEER_FRAME__KIND_GOODBYE) {
		cy_line(p->farewell, sizeof p->farewell, in->frame->goodbye->text);
		p->farewell_code = node_goodbye_name(in->frame->goodbye->code);
		if (in->frame->goodbye->code == CY_GOODBYE_CODE__SIGNATURE)
			signing_refused(n, p, p->greeted);
	}
	p->inputs++;
	node_queue(n, in);
}

void node_link_frame(struct node *n, uint64_t session, struct cy_bytes frame)
{
	take_frame(n, session, frame);
	batch_go(n);
}

void node_link_writable(struct node *n, uint64_t session)
{
	struct peer *p = node_peer_of_session(n, session);

	if (p != NULL)
		p->waiting = true;
	batch_start(n);
}

void node_wake(struct node *n)
{
	n->planned = CY_NEVER;
	batch_start(n);
	stages_run(n, STAGE_WOKEN);
	batch_plan_wake(n);
}

void node_stop(struct node *n)
{
	n->stopping = true;
	greet_dismiss(n, NULL, NODE_BYE_STOPS);
	for (size_t i = 0; i < n->n_peers; i++) {
		struct peer *p = n->peers[i];

		if (p->session != 0)
			session_dismiss(n, p, NODE_BYE_STOPS);
		if (p->bulk != NULL)
			bulk_close(n, p, "the daemon stops");
	}
	batch_go(n);
}

void node_local_up(struct node *n, uint64_t conn, const size_t *allowed, size_t n_allowed)
{
	local_up(n, conn, allowed, n_allowed);
}

void node_local_frame(struct node *n, uint64_t conn, struct cy_bytes frame, int fd)
{
	local_frame(n, conn, frame, fd);
	batch_go(n);
}

void node_local_drained(struct node *n, uint64_t conn)
{
	local_drained(n, conn);
	batch_go(n);
}

void node_local_down(struct node *n, uint64_t conn)
{
	local_down(n, conn);
	batch_go(n);
}

void node_hook_done(struct node *n, const char *id, const char *fault)
{
	hooks_ended(n, id, fault);
	batch_go(n);
}
