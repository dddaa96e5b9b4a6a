/* The bulk lane: frames are handed on instead of copied, both ways, and a session is
 * dialled while somebody wants it. */
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#include "base/limits.h"
#include "io/link/link_zmq_internal.h"

/* ------------------------------------------------------------------ received */

static void release_received(void *owner)
{
	zmq_msg_t *msg = owner;

	zmq_msg_close(msg);
	free(msg);
}

bool link_take_bulk(struct link_session *s)
{
	struct link *l = s->lane->peer->l;
	zmq_msg_t *msg = malloc(sizeof *msg);

	CY_ASSERT(msg);
	zmq_msg_init(msg);
	if (zmq_msg_recv(msg, s->socket, ZMQ_DONTWAIT) < 0) {
		release_received(msg);
		return false;
	}
	l->events.bulk_frame(l->events.ctx, s->id,
			     (struct blob_bytes){ zmq_msg_data(msg), zmq_msg_size(msg), release_received, msg });
	return true;
}

/* ---------------------------------------------------------------------- sent */

/* In a thread of ZeroMQ, or in this one when it is not sent. */
static void release_sent(void *data, void *hint)
{
	struct blob_bytes *b = hint;

	(void)data;
	blob_release(b);
	free(b);
}

static void make_message(zmq_msg_t *msg, const struct blob_bytes *frame)
{
	struct blob_bytes *keep;

	/* Bytes without an owner may be freed before they are sent. */
	if (frame->release == NULL) {
		CY_ASSERT(zmq_msg_init_size(msg, frame->len) == 0);
		if (frame->len)
			memcpy(zmq_msg_data(msg), frame->data, frame->len);
		return;
	}
	keep = malloc(sizeof *keep);
	CY_ASSERT(keep);
	*keep = *frame;
	CY_ASSERT(zmq_msg_init_data(msg, frame->data, frame->len, release_sent, keep) == 0);
}

/* Asking may have eaten the edge that told of frames to read, or of room. */
static bool has_room(struct link_session *s)
{
	int events = link_session_events(s);

	if (!s->busy && ((events & ZMQ_POLLIN) || ((s->blocked || s->n_ahead) && (events & ZMQ_POLLOUT))))
		link_session_look(s);
	return s->n_ahead == 0 && (events & ZMQ_POLLOUT);
}

static int bulk_send(void *ctx, uint64_t session, struct blob_bytes frame)
{
	struct link_session *s = link_session_up(ctx, session);
	zmq_msg_t msg;

	if (s == NULL || frame.len > CY_FRAME_MAX) {
		blob_release(&frame);
		return s == NULL ? CY_ENOENT : CY_ELIMIT;
	}
	make_message(&msg, &frame);
	if (!link_queue(s, &msg)) {
		s->blocked = true;
		return CY_EAGAIN;
	}
	has_room(s);
	return CY_OK;
}

static bool bulk_room(void *ctx, uint64_t session)
{
	struct link_session *s = link_session_up(ctx, session);

	if (s == NULL)
		return false;
	s->blocked = !has_room(s);
	return !s->blocked;
}

/* ------------------------------------------------------------------- life */

static void bulk_want(void *ctx, const char *peer, bool wanted)
{
	struct link *l = ctx;

	for (size_t i = 0; i < l->n_peers; i++) {
		struct link_lane *p = &l->peers[i]->lanes[TLS_BULK];

		if (strcmp(l->peers[i]->id, peer) != 0 || p->wanted == wanted)
			continue;
		p->wanted = wanted;
		if (!wanted)
			event_del(p->redial);
		else if (p->now == NULL)
			link_redial_later(p);
	}
}

struct bulk_port link_get_bulk_port(struct link *l)
{
	return (struct bulk_port){ l, bulk_send, bulk_room, link_proven, link_established, link_close, bulk_want };
}
