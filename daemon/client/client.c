#include "client/client.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "client/pipe.h"
#include "wire/message.h"

struct client {
	struct pipe pipe;
	int timeout_ms;
	uint64_t correlation;
	uint64_t subscription; /* correlation of the subscription; 0: none */
	bool ignore_events;
	int file;               /* that came with the last EvidenceFile; -1: none */
	CyServerFrame *welcome; /* NULL until said */
	CyServerFrame *refusal; /* last error of the daemon */
	CyServerFrame *held[CY_PAGE_MAX];
	size_t first_held, n_held;
};

int client_refusal_code(CyErrorCode code)
{
	switch (code) {
	case CY_ERROR_CODE__BAD_FRAME:
		return CY_EPROTO;
	case CY_ERROR_CODE__NOT_ALLOWED:
		return CY_EDENIED;
	case CY_ERROR_CODE__INVALID:
		return CY_EINVAL;
	case CY_ERROR_CODE__NOT_FOUND:
		return CY_ENOENT;
	case CY_ERROR_CODE__CONFLICT:
		return CY_EEXIST;
	case CY_ERROR_CODE__REFUSED_BY_LIFE_CYCLE:
		return CY_ESTATE;
	case CY_ERROR_CODE__UNAVAILABLE:
		return CY_EAGAIN;
	case CY_ERROR_CODE__TOO_MANY:
		return CY_ELIMIT;
	case CY_ERROR_CODE__DAMAGED:
		return CY_EDAMAGED;
	case CY_ERROR_CODE__INTERNAL:
	case CY_ERROR_CODE__ERROR_CODE_UNSPECIFIED:
	case _CY_ERROR_CODE_IS_INT_SIZE:
		break;
	}
	return CY_ESTORE;
}

const CyError *client_refusal(const struct client *c)
{
	return c != NULL && c->refusal != NULL ? c->refusal->error : NULL;
}

const CyLocalWelcome *client_welcome(const struct client *c)
{
	return c->welcome != NULL ? c->welcome->welcome : NULL;
}

static void forget_refusal(struct client *c)
{
	if (c->refusal != NULL)
		cy_server_frame__free_unpacked(c->refusal, NULL);
	c->refusal = NULL;
}

/* Takes the frame. */
static int refused(struct client *c, CyServerFrame *frame, struct cy_error *e)
{
	forget_refusal(c);
	c->refusal = frame;
	return cy_fail(e, client_refusal_code(frame->error->code), "%s", frame->error->text);
}

static struct cy_mono deadline_in(int timeout_ms)
{
	return timeout_ms == CLIENT_FOR_EVER ? CY_NEVER : cy_mono_add(pipe_now(), timeout_ms);
}

void client_patience(struct client *c, int timeout_ms)
{
	c->timeout_ms = timeout_ms;
}

static int send_frame(struct client *c, CyClientFrame *request, int fd, struct cy_error *e)
{
	struct cy_buf out = CY_BUF(CY_LOCAL_FRAME_MAX + 16);
	int r;

	r = wire_delimited_pack(&request->base, &out);
	if (r == CY_OK)
		r = pipe_send(&c->pipe, cy_buf_view(&out), fd, deadline_in(c->timeout_ms), e);
	else
		r = cy_fail(e, r, "the request is over the limit of %u bytes", CY_LOCAL_FRAME_MAX);
	cy_buf_free(&out);
	return r;
}

static int next_frame(struct client *c, struct cy_mono deadline, CyServerFrame **ret_frame, struct cy_error *e)
{
	ProtobufCMessage *m;
	struct cy_bytes data;
	size_t len;
	int r = pipe_next(&c->pipe, deadline, &data, &len, e);

	if (r != CY_OK)
		return r;
	r = wire_unpack(&cy_server_frame__descriptor, data, CY_LOCAL_FRAME_MAX, &m, e);
	pipe_drop(&c->pipe, len);
	if (r != CY_OK) {
		pipe_close(&c->pipe);
		return cy_fail(e, CY_EPROTO, "the daemon's answer does not parse");
	}
	*ret_frame = (CyServerFrame *)m;
	if ((*ret_frame)->kind_case == CY_SERVER_FRAME__KIND_EVIDENCE_FILE) {
		if (c->file >= 0)
			close(c->file);
		c->file = pipe_take_file(&c->pipe);
	}
	return CY_OK;
}

static int keep_event(struct client *c, CyServerFrame *frame, struct cy_error *e)
{
	if (frame->kind_case != CY_SERVER_FRAME__KIND_EVENT || c->ignore_events) {
		cy_server_frame__free_unpacked(frame, NULL);
		return CY_OK;
	}
	if (c->n_held == CY_PAGE_MAX) {
		cy_server_frame__free_unpacked(frame, NULL);
		return cy_fail(e, CY_ELIMIT, "more than %u events came during one call", CY_PAGE_MAX);
	}
	c->held[(c->first_held + c->n_held++) % CY_PAGE_MAX] = frame;
	return CY_OK;
}

int client_answer(struct client *c, uint64_t correlation, int timeout_ms, CyServerFrame **ret_reply, struct cy_error *e)
{
	struct cy_mono deadline = deadline_in(timeout_ms);

	forget_refusal(c);
	for (;;) {
		CyServerFrame *frame = NULL;
		bool error, ours;
		int r = next_frame(c, deadline, &frame, e);

		if (r != CY_OK)
			return r;
		error = frame->kind_case == CY_SERVER_FRAME__KIND_ERROR;
		/* Correlation 0 is about the connection as a whole. */
		ours = frame->correlation == correlation || (error && frame->correlation == 0);
		if (ours && error)
			return refused(c, frame, e);
		if (ours && frame->kind_case != CY_SERVER_FRAME__KIND_EVENT) {
			*ret_reply = frame;
			return CY_OK;
		}
		r = keep_event(c, frame, e);
		if (r != CY_OK)
			return r;
	}
}

int client_post(struct client *c, CyClientFrame *request, int fd, struct cy_error *e)
{
	if (!request->correlation)
		request->correlation = ++c->correlation;
	return send_frame(c, request, fd, e);
}

int client_call(struct client *c, CyClientFrame *request, CyServerFrame__KindCase expected, CyServerFrame **ret_reply,
		struct cy_error *e)
{
	CyServerFrame *reply;
	int r;

	request->correlation = 0;
	forget_refusal(c);
	r = client_post(c, request, -1, e);
	if (r == CY_OK)
		r = client_answer(c, request->correlation, c->timeout_ms, &reply, e);
	if (r == CY_EAGAIN && c->refusal == NULL) {
		pipe_close(&c->pipe);
		return cy_fail(e, CY_EIO, "no answer of the daemon within %d s", c->timeout_ms / 1000);
	}
	if (r != CY_OK)
		return r;
	if (reply->kind_case != expected) {
		cy_server_frame__free_unpacked(reply, NULL);
		return cy_fail(e, CY_EPROTO, "the daemon answers something else than what was asked");
	}
	*ret_reply = reply;
	return CY_OK;
}

int client_open(const char *path, const char *name, int timeout_ms, struct client **ret_client, struct cy_error *e)
{
	CyClientFrame frame = CY_CLIENT_FRAME__INIT;
	CyLocalHello hello = CY_LOCAL_HELLO__INIT;
	struct client *c = calloc(1, sizeof *c);
	int r;

	if (c == NULL)
		return cy_fail(e, CY_ENOMEM, "no memory for a connection");
	c->pipe.fd = c->file = -1;
	c->timeout_ms = timeout_ms;
	r = pipe_connect(&c->pipe, path, e);
	if (r != CY_OK) {
		client_free(c);
		return r;
	}
	hello.version = 1;
	hello.client = (char *)(uintptr_t)(name != NULL ? name : "");
	frame.kind_case = CY_CLIENT_FRAME__KIND_HELLO;
	frame.hello = &hello;
	r = client_call(c, &frame, CY_SERVER_FRAME__KIND_WELCOME, &c->welcome, e);
	if (r != CY_OK && c->refusal == NULL) {
		client_free(c);
		return r;
	}
	*ret_client = c;
	return r;
}

void client_free(struct client *c)
{
	if (c == NULL)
		return;
	pipe_close(&c->pipe);
	if (c->file >= 0)
		close(c->file);
	cy_buf_free(&c->pipe.in);
	forget_refusal(c);
	if (c->welcome != NULL)
		cy_server_frame__free_unpacked(c->welcome, NULL);
	for (; c->n_held; c->n_held--, c->first_held = (c->first_held + 1) % CY_PAGE_MAX)
		cy_server_frame__free_unpacked(c->held[c->first_held], NULL);
	free(c);
}

int client_subscribe(struct client *c, const char *cursor, bool from_now, uint64_t *ret_position, struct cy_error *e)
{
	CyClientFrame frame = CY_CLIENT_FRAME__INIT;
	CySubscribe subscribe = CY_SUBSCRIBE__INIT;
	CyServerFrame *reply = NULL;
	int r;

	subscribe.cursor = (char *)(uintptr_t)cursor;
	subscribe.from_now = from_now;
	frame.kind_case = CY_CLIENT_FRAME__KIND_SUBSCRIBE;
	frame.subscribe = &subscribe;
	r = client_call(c, &frame, CY_SERVER_FRAME__KIND_SUBSCRIBED, &reply, e);
	if (r != CY_OK)
		return r;
	c->subscription = frame.correlation;
	*ret_position = reply->subscribed->position;
	cy_server_frame__free_unpacked(reply, NULL);
	return CY_OK;
}

int client_event(struct client *c, int timeout_ms, CyServerFrame **ret_frame, struct cy_error *e)
{
	struct cy_mono deadline = deadline_in(timeout_ms);

	forget_refusal(c);
	if (c->n_held) {
		*ret_frame = c->held[c->first_held];
		c->first_held = (c->first_held + 1) % CY_PAGE_MAX;
		c->n_held--;
		return CY_OK;
	}
	for (;;) {
		CyServerFrame *frame = NULL;
		int r = next_frame(c, deadline, &frame, e);

		if (r != CY_OK)
			return r;
		if (frame->kind_case == CY_SERVER_FRAME__KIND_ERROR)
			return refused(c, frame, e);
		if (frame->kind_case == CY_SERVER_FRAME__KIND_EVENT && frame->correlation == c->subscription) {
			*ret_frame = frame;
			return CY_OK;
		}
		cy_server_frame__free_unpacked(frame, NULL);
	}
}

int client_acknowledge(struct client *c, const char *cursor, uint64_t position, struct cy_error *e)
{
	CyClientFrame frame = CY_CLIENT_FRAME__INIT;
	CyAcknowledgeEvents acknowledge = CY_ACKNOWLEDGE_EVENTS__INIT;

	acknowledge.cursor = (char *)(uintptr_t)cursor;
	acknowledge.position = position;
	frame.kind_case = CY_CLIENT_FRAME__KIND_ACKNOWLEDGE_EVENTS;
	frame.acknowledge_events = &acknowledge;
	return client_post(c, &frame, -1, e);
}

int client_take_file(struct client *c)
{
	int fd = c->file;

	c->file = -1;
	return fd;
}

void client_ignore_events(struct client *c)
{
	c->ignore_events = true;
}
