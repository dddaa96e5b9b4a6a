/* What local clients are answered: frames at once, and errors, at once or with a batch. */
#include <stdarg.h>
#include <stdio.h>

#include "node/core/core.h"
#include "wire/message.h"

void node_note(struct node *n, enum node_level level, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	n->ports.journal.note(n->ports.journal.ctx, level, text);
}

void node_log(struct node *n, enum node_level level, enum node_event event, const char *peer, const char *fmt, ...)
{
	struct journal_port *j = &n->ports.journal;
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	if (j->event != NULL)
		j->event(j->ctx, level, event, peer, text);
	else
		j->note(j->ctx, level, text);
}

/* Each once, for the status; when there is no more room, that there is more. */
static void list_damage(struct node *n, const char *what)
{
	static const char more[] = "; and more: see the log";
	size_t len = strlen(n->damaged);

	if (strstr(n->damaged, what) != NULL || strstr(n->damaged, more) != NULL)
		return;
	if (len + strlen(what) + sizeof more + 2 < sizeof n->damaged)
		snprintf(n->damaged + len, sizeof n->damaged - len, "%s%s",
			 len == 0 ? "damaged, restore a backup: " : "; ", what);
	else
		snprintf(n->damaged + len, sizeof n->damaged - len, "%s", more);
}

void node_damaged(struct node *n, const char *peer, const char *fmt, ...)
{
	char what[200];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof what, fmt, ap);
	va_end(ap);
	list_damage(n, what);
	node_log(n, NODE_ALARM, NODE_EVENT_STORE, peer, "the store: %s is damaged: restore a backup", what);
}

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

/* An error about one field, as a frame. */
struct error_frame {
	CyServerFrame frame;
	CyError error;
	CyFault fault, *faults[1];
};

/* The frame in *e, which borrows field and text, which is mended; field "": the error is about no field. */
static CyServerFrame *error_frame(struct error_frame *e, CyErrorCode code, const char *field, char *text)
{
	cy_utf8_mend(text);
	*e = (struct error_frame){ CY_SERVER_FRAME__INIT, CY_ERROR__INIT, CY_FAULT__INIT, { &e->fault } };
	e->fault.field = (char *)field;
	e->fault.text = text;
	e->error.code = code;
	e->error.text = text;
	e->error.faults = e->faults;
	e->error.n_faults = field[0] != '\0';
	e->frame.kind_case = CY_SERVER_FRAME__KIND_ERROR;
	e->frame.error = &e->error;
	return &e->frame;
}

void local_error(struct node *n, uint64_t conn, uint64_t correlation, CyErrorCode code, const char *field,
		 const char *fmt, ...)
{
	struct error_frame e;
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	local_send(n, conn, correlation, error_frame(&e, code, field, text));
}

void batch_error(struct node *n, uint64_t conn, uint64_t correlation, CyErrorCode code, const char *field,
		 const char *text)
{
	struct error_frame e;

	batch_reply(n, conn, correlation, error_frame(&e, code, field, cy_arena_string(&n->batch.arena, text)));
}
