/* inbox: what happened, as a list or as a durable subscription. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/limits.h"
#include "comityctl/ctl.h"
#include "comityctl/out.h"
#include "law/fact.h"

#define POLL_MS 2000
/* The daemon marks messages as delivered by the page. */
#define BATCH        500
#define EVENT_INDENT 7 /* below the time, where a terminal has no room for all of it */

static const char help[] = "usage: comityctl inbox [--cursor NAME] [--follow] [--after N] [--limit N]\n"
			   "       comityctl inbox --cursor NAME --ack N\n"
			   "\n"
			   "Prints the events of the cases that this client may see, one a line, the oldest\n"
			   "first.\n"
			   "\n"
			   "  --cursor NAME  a durable cursor of this client: prints what has not been\n"
			   "                 acknowledged under this name. What went to a terminal, or into a\n"
			   "                 file and onto the disk, is acknowledged; what went into a pipe is\n"
			   "                 not: the program that reads it has it printed again until it says\n"
			   "                 with --ack how far it is\n"
			   "  --ack N        print nothing: acknowledge all events up to position N, the first\n"
			   "                 word of a line, or `position` in JSON\n"
			   "  --follow       stay, and print events as they come\n"
			   "  --after N      begin after position N (not with --cursor)\n"
			   "  --limit N      stop after N events\n"
			   "\n"
			   "With --json each event is one line of JSON.\n";

struct inbox {
	struct ctl *ctl;
	const char *cursor; /* NULL: none */
	bool acknowledges;  /* what is printed, by itself */
	bool follow;
	uint64_t after;
	uint64_t left; /* events that may still be printed */
	bool began;    /* it was told where the events begin */
	bool any;      /* event was printed */
};

/* `TST-40 with IE: `; an event about a restored store is about no case. */
static void add_whose(struct cy_buf *b, const CyEvent *v)
{
	if (v->case_id[0])
		cy_buf_addf(b, "%s%s",
			    v->own_reference[0]    ? v->own_reference
			    : v->peer_reference[0] ? v->peer_reference
						   : v->case_id,
			    v->peer[0] ? " with " : "");
	cy_buf_addf(b, "%s%s", v->peer, v->case_id[0] || v->peer[0] ? ": " : "");
}

static void print_event(struct inbox *in, const CyEvent *v)
{
	const char *kind = law_kind_name(v->kind);
	struct cy_buf line = CY_BUF(CY_LOCAL_FRAME_MAX);

	in->any = true;
	if (in->ctl->json) {
		out_json(&v->base, 0);
		return;
	}
	cy_buf_addf(&line, "%-6llu %s  ", (unsigned long long)v->position, out_time(v->at_ms));
	add_whose(&line, v);
	cy_buf_addf(&line, "%s", out_word(&cy_event_type__descriptor, (int)v->type));
	/* One about a time limit is about no message. */
	if (v->number)
		cy_buf_addf(&line, ", %s #%u", kind != NULL ? kind : "message", v->number);
	if (v->case_state[0])
		cy_buf_addf(&line, ", the case is %s", v->case_state);
	if (v->message_id[0])
		cy_buf_addf(&line, ", message %s", v->message_id);
	if (v->code)
		cy_buf_addf(&line, ", %s", out_word(&cy_rejection_code__descriptor, (int)v->code));
	cy_buf_addf(&line, "%s%s", v->text[0] ? ": " : "", v->text);
	out_line(cy_buf_view(&line), EVENT_INDENT);
	cy_buf_free(&line);
}

/* Only what has left our hands may be acknowledged: what is in a file is on its disk as well. */
static int printed(void)
{
	struct stat st;

	if (fflush(stdout) == 0 && !ferror(stdout) &&
	    (fstat(STDOUT_FILENO, &st) < 0 || !S_ISREG(st.st_mode) || fsync(STDOUT_FILENO) == 0))
		return CTL_DONE;
	return ctl_fail(CTL_BAD_FILE, "standard output: %s", strerror(errno));
}

/* Output in a pipe has not been processed yet, and its reader may fail. */
static bool printed_is_taken(void)
{
	struct stat st;

	return fstat(STDOUT_FILENO, &st) == 0 && !S_ISFIFO(st.st_mode) && !S_ISSOCK(st.st_mode);
}

static int acknowledge(struct inbox *in)
{
	struct cy_error e = { 0 };

	if (!in->acknowledges)
		return CTL_DONE;
	if (client_acknowledge(in->ctl->conn, in->cursor, in->after, &e) != CY_OK)
		return ctl_report(in->ctl, &e);
	return CTL_DONE;
}

static int read_page(struct inbox *in, size_t *ret_n)
{
	CyClientFrame frame = CY_CLIENT_FRAME__INIT;
	CyReadEvents read = CY_READ_EVENTS__INIT;
	CyServerFrame *reply;
	int r;

	read.after = in->after;
	read.limit = (uint32_t)(in->left < BATCH ? in->left : BATCH);
	in->began = in->began || in->after > 0;
	frame.kind_case = CY_CLIENT_FRAME__KIND_READ_EVENTS;
	frame.read_events = &read;
	r = ctl_call(in->ctl, &frame, CY_SERVER_FRAME__KIND_EVENT_LIST, &reply);
	if (r != CTL_DONE)
		return r;
	if (!in->began && reply->event_list->pruned > 0)
		fprintf(stderr, "comityctl: events up to %llu are not kept any more\n",
			(unsigned long long)reply->event_list->pruned);
	in->began = true;
	for (size_t i = 0; i < reply->event_list->n_events; i++) {
		print_event(in, reply->event_list->events[i]);
		in->after = reply->event_list->events[i]->position;
	}
	*ret_n = reply->event_list->n_events;
	in->left -= *ret_n < in->left ? *ret_n : in->left;
	cy_server_frame__free_unpacked(reply, NULL);
	return printed();
}

/* Everything that is there now. */
static int read_all(struct inbox *in)
{
	size_t n = 1;
	int r = CTL_DONE;

	while (r == CTL_DONE && n && in->left) {
		r = read_page(in, &n);
		if (r == CTL_DONE && n)
			r = acknowledge(in);
	}
	return r;
}

/* People are told that there is nothing, lest they take silence for a failure; a program that reads the lines is not.
 */
static void tell_none(const struct inbox *in)
{
	if (!in->any && !in->follow && !in->ctl->json && in->left)
		fprintf(stderr,
			in->cursor != NULL ? "comityctl: every event is acknowledged under the cursor '%s'\n"
					   : "comityctl: there are no events%s\n",
			in->cursor != NULL ? in->cursor
			: in->after        ? " after this position"
					   : "");
}

static int poll_events(struct inbox *in)
{
	int r = read_all(in);

	while (r == CTL_DONE && in->follow && in->left) {
		poll(NULL, 0, POLL_MS);
		r = read_all(in);
	}
	return r;
}

/* One waiting for an event, then all that came with it: one acknowledgement. */
static int take_batch(struct inbox *in)
{
	struct cy_error e = { 0 };
	CyServerFrame *frame;
	size_t n = 0;
	int r = client_event(in->ctl->conn, CLIENT_FOR_EVER, &frame, &e);

	while (r == CY_OK) {
		print_event(in, frame->event);
		in->after = frame->event->position;
		in->left--;
		cy_server_frame__free_unpacked(frame, NULL);
		if (!in->left || ++n == BATCH)
			break;
		r = client_event(in->ctl->conn, 0, &frame, &e);
	}
	if (r != CY_OK && r != CY_EAGAIN)
		return ctl_report(in->ctl, &e);
	r = printed();
	return r == CTL_DONE ? acknowledge(in) : r;
}

/* Acknowledge, and wait for the answer. The connection answers in order: with this one the
 * acknowledgements before have been taken too, or a refusal has been seen. */
static int acknowledge_and_wait(struct inbox *in)
{
	CyClientFrame frame = CY_CLIENT_FRAME__INIT;
	CyAcknowledgeEvents acknowledged = CY_ACKNOWLEDGE_EVENTS__INIT;
	CyServerFrame *reply;
	int r;

	acknowledged.cursor = (char *)(uintptr_t)in->cursor;
	acknowledged.position = in->after;
	frame.kind_case = CY_CLIENT_FRAME__KIND_ACKNOWLEDGE_EVENTS;
	frame.acknowledge_events = &acknowledged;
	r = ctl_call(in->ctl, &frame, CY_SERVER_FRAME__KIND_DONE, &reply);
	if (r == CTL_DONE)
		cy_server_frame__free_unpacked(reply, NULL);
	return r;
}

static int subscribed(struct inbox *in)
{
	struct cy_error e = { 0 };
	int r = ctl_connect(in->ctl);

	if (r != CTL_DONE)
		return r;
	if (!in->follow)
		client_ignore_events(in->ctl->conn);
	if (client_subscribe(in->ctl->conn, in->cursor, false, &in->after, &e) != CY_OK)
		return ctl_report(in->ctl, &e);
	if (!in->follow)
		r = read_all(in);
	while (r == CTL_DONE && in->follow && in->left)
		r = take_batch(in);
	if (r != CTL_DONE)
		return r;
	client_ignore_events(in->ctl->conn);
	if (in->acknowledges)
		return acknowledge_and_wait(in);
	if (in->any)
		fprintf(stderr,
			"comityctl: these events are not acknowledged, as they went into a pipe. Once they are dealt "
			"with:\n"
			"comityctl inbox --cursor '%s' --ack %llu\n",
			in->cursor, (unsigned long long)in->after);
	return CTL_DONE;
}

static int check_options(const struct inbox *in, const char *ack, const char *after, const char *limit)
{
	if (in->cursor != NULL && after != NULL)
		return ctl_usage("inbox", "--cursor knows where to begin; --after does not go with it");
	if (in->cursor != NULL && !cy_name_valid(in->cursor, CY_KEY_MAX))
		return ctl_usage("inbox", "--cursor requires 1 to %u printable ASCII characters", CY_KEY_MAX);
	if (ack != NULL && in->cursor == NULL)
		return ctl_usage("inbox", "--ack requires --cursor");
	if (ack != NULL && (in->follow || limit != NULL))
		return ctl_usage("inbox", "--ack prints nothing: --follow and --limit do not go with it");
	return CTL_DONE;
}

static int run(struct ctl *ctl, int argc, char **argv)
{
	struct inbox in = { .ctl = ctl, .left = UINT64_MAX };
	const char *after = NULL, *limit = NULL, *ack = NULL;
	const struct ctl_option options[] = { { .name = "cursor", .value = &in.cursor },
					      { .name = "follow", .flag = &in.follow },
					      { .name = "ack", .value = &ack },
					      { .name = "after", .value = &after },
					      { .name = "limit", .value = &limit } };
	int r = ctl_parse(ctl, &ctl_inbox, argc, argv, options, sizeof options / sizeof options[0], NULL, 0, 0, NULL);

	if (r == CTL_DONE)
		r = check_options(&in, ack, after, limit);
	if (r == CTL_DONE && after != NULL)
		r = ctl_number("inbox", "after", after, UINT64_MAX, &in.after);
	if (r == CTL_DONE && ack != NULL)
		r = ctl_number("inbox", "ack", ack, UINT64_MAX, &in.after);
	if (r == CTL_DONE && limit != NULL)
		r = ctl_number("inbox", "limit", limit, UINT64_MAX, &in.left);
	if (r != CTL_DONE)
		return r;
	if (ack != NULL)
		return acknowledge_and_wait(&in);
	in.acknowledges = in.cursor != NULL && printed_is_taken();
	r = in.cursor != NULL ? subscribed(&in) : poll_events(&in);
	if (r == CTL_DONE)
		tell_none(&in);
	return r;
}

const struct ctl_command ctl_inbox = { "inbox", "print what happened, once or as it comes", help, run, NULL };
