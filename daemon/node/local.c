/* Local clients: hello, roles, and which room answers what. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/clocks.h"
#include "node/evidence.h"
#include "wire/message.h"

void local_send(struct node *n, uint64_t conn, uint64_t correlation, CyServerFrame *frame)
{
	struct cy_buf out = CY_BUF(CY_LOCAL_FRAME_MAX);

	frame->correlation = correlation;
	if (wire_pack(&frame->base, &out) == CY_OK)
		n->ports.local.send(n->ports.local.ctx, conn, cy_buf_view(&out));
	else if (frame->kind_case != CY_SERVER_FRAME__KIND_ERROR)
		local_error(n, conn, correlation, CY_ERROR_CODE__TOO_MANY, "",
			    "the answer is longer than a frame may be: ask for its parts");
	cy_buf_free(&out);
}

void local_send_file(struct node *n, uint64_t conn, const CyServerFrame *frame, int fd)
{
	struct cy_buf out = CY_BUF(CY_LOCAL_FRAME_MAX);

	CY_ASSERT(wire_pack(&frame->base, &out) == CY_OK);
	n->ports.local.send_file(n->ports.local.ctx, conn, cy_buf_view(&out), fd);
	cy_buf_free(&out);
}

CyErrorCode local_unread_code(int code)
{
	return code == CY_EDAMAGED ? CY_ERROR_CODE__DAMAGED : CY_ERROR_CODE__UNAVAILABLE;
}

const char *local_unread_text(int code)
{
	return code == CY_EDAMAGED ? "what this needs is damaged in the store, nothing was done: a backup has to be "
				     "restored (comityctl health says what is damaged)"
				   : "the store cannot read now, nothing was done: repeat later";
}

void local_unreadable(struct node *n, const struct conn *c, uint64_t correlation, int code)
{
	local_error(n, c->id, correlation, local_unread_code(code), "", "%s", local_unread_text(code));
}

void local_error(struct node *n, uint64_t conn, uint64_t correlation, CyErrorCode code, const char *field,
		 const char *fmt, ...)
{
	CyServerFrame f = CY_SERVER_FRAME__INIT;
	CyError e = CY_ERROR__INIT;
	CyFault fault = CY_FAULT__INIT, *faults[] = { &fault };
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	e.code = code;
	e.text = text;
	if (field[0] != '\0') {
		fault.field = (char *)field;
		fault.text = text;
		e.faults = faults;
		e.n_faults = 1;
	}
	f.kind_case = CY_SERVER_FRAME__KIND_ERROR;
	f.error = &e;
	local_send(n, conn, correlation, &f);
}

struct store_view local_view(const struct conn *c)
{
	bool own_only = c->client->role == CY_ROLE__SUBMITTER && !c->client->sees_all;

	return (struct store_view){ .client = own_only ? c->client->name : NULL };
}

void local_may_be(struct conn *c, const size_t *allowed, size_t n_allowed)
{
	free(c->allowed);
	c->allowed = calloc(n_allowed + 1, sizeof *c->allowed);
	CY_ASSERT(c->allowed != NULL);
	if (n_allowed > 0)
		memcpy(c->allowed, allowed, n_allowed * sizeof *allowed);
	c->n_allowed = n_allowed;
}

void local_conn_free(struct conn *c)
{
	free(c->allowed);
	free(c);
}

void node_local_up(struct node *n, uint64_t conn, const size_t *allowed, size_t n_allowed)
{
	struct conn *c = calloc(1, sizeof *c);

	CY_ASSERT(c != NULL);
	c->id = conn;
	local_may_be(c, allowed, n_allowed);
	c->next = n->conns;
	n->conns = c;
}

void node_local_down(struct node *n, uint64_t conn)
{
	for (struct conn **at = &n->conns; *at != NULL; at = &(*at)->next) {
		struct conn *c = *at;

		if (c->id != conn)
			continue;
		*at = c->next;
		download_gone(n, c);
		local_conn_free(c);
		upload_gone(n, conn);
		return;
	}
}

void node_local_drained(struct node *n, uint64_t conn)
{
	struct conn *c = node_conn(n, conn);

	if (c == NULL)
		return;
	subscribe_push(n, c);
	download_go_on(n, c);
}

/* Which client of the configuration is this? */
static const struct node_client_config *choose(struct node *n, const struct conn *c, const char *name)
{
	if (name[0] == '\0')
		return c->n_allowed == 1 ? &n->clients[c->allowed[0]] : NULL;
	for (size_t i = 0; i < c->n_allowed; i++)
		if (strcmp(n->clients[c->allowed[i]].name, name) == 0)
			return &n->clients[c->allowed[i]];
	return NULL;
}

/* These are the caller's own clients: it may know their names. */
static void tell_which(struct node *n, const struct conn *c, uint64_t correlation, const char *asked)
{
	struct cy_buf text = CY_BUF(4096);

	cy_buf_addf(&text, "these credentials %s",
		    asked[0] ? "do not allow this client name, but these:" : "allow several clients:");
	for (size_t i = 0; i < c->n_allowed; i++)
		cy_buf_addf(&text, "%s %s", i ? "," : "", n->clients[c->allowed[i]].name);
	cy_buf_addf(&text, "; name one (comityctl --client NAME)");
	local_error(n, c->id, correlation, CY_ERROR_CODE__NOT_ALLOWED, "hello.client", "%s", (const char *)text.data);
	cy_buf_free(&text);
}

static void hello(struct node *n, struct conn *c, uint64_t correlation, const CyLocalHello *h)
{
	const struct node_client_config *client = choose(n, c, h->client);
	CyServerFrame f = CY_SERVER_FRAME__INIT;
	CyLocalWelcome w = CY_LOCAL_WELCOME__INIT;

	if (h->version != 1) {
		local_error(n, c->id, correlation, CY_ERROR_CODE__BAD_FRAME, "hello.version",
			    "this daemon speaks version 1 of the local protocol");
	} else if (c->client != NULL) {
		local_error(n, c->id, correlation, CY_ERROR_CODE__BAD_FRAME, "hello", "a second hello");
	} else if (client == NULL) {
		tell_which(n, c, correlation, h->client);
	} else {
		c->client = client;
		w.version = 1;
		w.authority = n->authority;
		w.client = (char *)client->name;
		w.role = client->role;
		w.max_frame_bytes = CY_LOCAL_FRAME_MAX;
		w.software = (char *)"comityd " COMITY_VERSION;
		f.kind_case = CY_SERVER_FRAME__KIND_WELCOME;
		f.welcome = &w;
		local_send(n, c->id, correlation, &f);
	}
}

/* What reads committed state is answered at once; false: it needs a batch. */
static bool answer_at_once(struct node *n, struct conn *c, const CyClientFrame *f)
{
	switch (f->kind_case) {
	case CY_CLIENT_FRAME__KIND_LIST_CASES:
		views_list(n, c, f->correlation, f->list_cases);
		return true;
	case CY_CLIENT_FRAME__KIND_SHOW_CASE:
		views_case(n, c, f->correlation, f->show_case);
		return true;
	case CY_CLIENT_FRAME__KIND_GET_STATUS:
		views_status(n, c, f->correlation);
		return true;
	case CY_CLIENT_FRAME__KIND_READ_EVENTS:
		subscribe_read(n, c, f->correlation, f->read_events);
		return true;
	case CY_CLIENT_FRAME__KIND_LIST_CLOCKS:
		clock_views_list(n, c, f->correlation, f->list_clocks);
		return true;
	case CY_CLIENT_FRAME__KIND_EXPLAIN_CLOCK:
		clock_views_explain(n, c, f->correlation, f->explain_clock);
		return true;
	case CY_CLIENT_FRAME__KIND_COMPARE_PROFILES:
		profiles_compare(n, c, f->correlation, f->compare_profiles);
		return true;
	case CY_CLIENT_FRAME__KIND_GET_STATISTICS:
		if (f->get_statistics->smallest > 1) /* what is published is remembered */
			return false;
		stats_views_get(n, c, f->correlation, f->get_statistics);
		return true;
	case CY_CLIENT_FRAME__KIND_GET_EVIDENCE:
		download_get(n, c, f->correlation, f->get_evidence);
		return true;
	case CY_CLIENT_FRAME__KIND_LIST_EVIDENCE:
		evidence_views_list(n, c, f->correlation, f->list_evidence);
		return true;
	case CY_CLIENT_FRAME__KIND_CHECK_EVIDENCE:
		evidence_rest_asked(n, c, f->correlation, f->check_evidence);
		return true;
	case CY_CLIENT_FRAME__KIND_LIST_CURSORS:
		subscribe_cursors(n, c, f->correlation, f->list_cursors);
		return true;
	case CY_CLIENT_FRAME__KIND_LIST_UPLOADS:
		upload_list(n, c, f->correlation);
		return true;
	case CY_CLIENT_FRAME__KIND_SHOW_CUSTODY:
		evidence_views_custody(n, c, f->correlation, f->show_custody);
		return true;
	case CY_CLIENT_FRAME__KIND_SUBMIT:
	case CY_CLIENT_FRAME__KIND_ACKNOWLEDGE_EVENTS:
	case CY_CLIENT_FRAME__KIND_SUBSCRIBE:
	case CY_CLIENT_FRAME__KIND_SHOW_MESSAGE: /* marks it as retrieved */
	case CY_CLIENT_FRAME__KIND_HOLD_EVIDENCE:
	case CY_CLIENT_FRAME__KIND_ERASE_CASE:
	case CY_CLIENT_FRAME__KIND_FETCH_EVIDENCE:
	case CY_CLIENT_FRAME__KIND_REMOVE_CURSOR:
	case CY_CLIENT_FRAME__KIND_DROP_UPLOAD:
	case CY_CLIENT_FRAME__KIND_RESUME:
	case CY_CLIENT_FRAME__KIND_CONFIRM_TIME:
		return false;
	case CY_CLIENT_FRAME__KIND_OPEN_UPLOAD: /* dealt with before */
	case CY_CLIENT_FRAME__KIND_UPLOAD_DATA:
	case CY_CLIENT_FRAME__KIND_UPLOAD_FILE:
	case CY_CLIENT_FRAME__KIND_FINISH_UPLOAD:
	case CY_CLIENT_FRAME__KIND_HELLO:
	case CY_CLIENT_FRAME__KIND__NOT_SET:
	case _CY_CLIENT_FRAME__KIND__CASE_IS_INT_SIZE:
		break;
	}
	local_error(n, c->id, f->correlation, CY_ERROR_CODE__BAD_FRAME, "", "a frame of an unknown kind");
	return true;
}

static bool role_allows(CyRole role, CyClientFrame__KindCase kind)
{
	if (kind == CY_CLIENT_FRAME__KIND_REMOVE_CURSOR)
		return role == CY_ROLE__ADMINISTRATOR;
	if (kind == CY_CLIENT_FRAME__KIND_CONFIRM_TIME || kind == CY_CLIENT_FRAME__KIND_RESUME ||
	    kind == CY_CLIENT_FRAME__KIND_LIST_CURSORS)
		return role != CY_ROLE__SUBMITTER;
	if (kind == CY_CLIENT_FRAME__KIND_ERASE_CASE)
		return role == CY_ROLE__ADMINISTRATOR;
	if (kind == CY_CLIENT_FRAME__KIND_DROP_UPLOAD)
		return role != CY_ROLE__OPERATOR;
	if (kind == CY_CLIENT_FRAME__KIND_LIST_UPLOADS)
		return true;
	if (role == CY_ROLE__SUBMITTER)
		return true;
	return kind == CY_CLIENT_FRAME__KIND_LIST_CASES || kind == CY_CLIENT_FRAME__KIND_SHOW_CASE ||
	       kind == CY_CLIENT_FRAME__KIND_GET_STATUS || kind == CY_CLIENT_FRAME__KIND_LIST_CLOCKS ||
	       kind == CY_CLIENT_FRAME__KIND_COMPARE_PROFILES || kind == CY_CLIENT_FRAME__KIND_EXPLAIN_CLOCK ||
	       kind == CY_CLIENT_FRAME__KIND_GET_STATISTICS || kind == CY_CLIENT_FRAME__KIND_LIST_EVIDENCE ||
	       kind == CY_CLIENT_FRAME__KIND_SHOW_CUSTODY || kind == CY_CLIENT_FRAME__KIND_FETCH_EVIDENCE ||
	       kind == CY_CLIENT_FRAME__KIND_CHECK_EVIDENCE;
}

static bool is_upload(CyClientFrame__KindCase kind)
{
	return kind == CY_CLIENT_FRAME__KIND_OPEN_UPLOAD || kind == CY_CLIENT_FRAME__KIND_UPLOAD_DATA ||
	       kind == CY_CLIENT_FRAME__KIND_UPLOAD_FILE || kind == CY_CLIENT_FRAME__KIND_FINISH_UPLOAD;
}

static const char *who_may(CyClientFrame__KindCase kind)
{
	if (role_allows(CY_ROLE__SUBMITTER, kind))
		return role_allows(CY_ROLE__ADMINISTRATOR, kind) ? "a submitter or administrator" : "a submitter";
	return role_allows(CY_ROLE__OPERATOR, kind) ? "an operator or administrator" : "an administrator";
}

void node_local_frame(struct node *n, uint64_t conn, struct cy_bytes frame, int fd)
{
	struct conn *c = node_conn(n, conn);
	ProtobufCMessage *m = NULL;
	struct cy_error e = { 0 };
	CyClientFrame *f;
	struct input *in;

	if (c == NULL)
		return;
	if (wire_unpack(&cy_client_frame__descriptor, frame, CY_LOCAL_FRAME_MAX, &m, &e) < 0) {
		local_error(n, conn, 0, CY_ERROR_CODE__BAD_FRAME, e.field, "the frame does not parse: %s", e.text);
		return;
	}
	f = (CyClientFrame *)m;
	/* 0 stands for "none" where an answer is longer than a frame. */
	if (f->correlation == 0)
		local_error(n, conn, 0, CY_ERROR_CODE__BAD_FRAME, "correlation",
			    "a frame has a correlation other than 0, by which its answers are known");
	else if (f->kind_case == CY_CLIENT_FRAME__KIND_HELLO)
		hello(n, c, f->correlation, f->hello);
	else if (c->client == NULL)
		local_error(n, conn, f->correlation, CY_ERROR_CODE__BAD_FRAME, "hello", "the first frame is a hello");
	else if (!role_allows(c->client->role, f->kind_case))
		local_error(n, conn, f->correlation, CY_ERROR_CODE__NOT_ALLOWED, "",
			    "the role of client %s does not allow this: it takes %s", c->client->name,
			    who_may(f->kind_case));
	else if (is_upload(f->kind_case)) {
		upload_frame(n, c, f, fd);
		return;
	} else if (!answer_at_once(n, c, f)) {
		if (c->inputs >= NODE_CLIENT_INPUTS_MAX) {
			local_error(n, conn, f->correlation, CY_ERROR_CODE__TOO_MANY, "",
				    "more than %d requests without an answer: wait for some", NODE_CLIENT_INPUTS_MAX);
		} else {
			c->inputs++;
			in = calloc(1, sizeof *in);
			CY_ASSERT(in != NULL);
			in->kind = INPUT_REQUEST;
			in->source = conn;
			in->request = f;
			node_queue(n, in);
			return;
		}
	}
	cy_client_frame__free_unpacked(f, NULL);
}
