/* record good-faith: whose time it was. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "comityctl/clock_table.h"
#include "comityctl/file.h"
#include "comityctl/record.h"
#include "wire/manifest.h"

static const char help[] = "usage: comityctl record good-faith CASE [-o FILE.pdf|FILE.html|FILE.json]\n"
			   "                        [--language LANGUAGE] [--letterhead FILE] [--treaties DIR]\n"
			   "\n"
			   "Writes the good-faith record of a case: when the request was made, sent, received and\n"
			   "acknowledged, what was asked and answered, each time limit and what became of it, the\n"
			   "outcome of each measure, and on whose side the time lay, day by day, adding up to the\n"
			   "whole; and the message or receipt behind each line. CASE is the case id or a\n"
			   "reference. Both authorities' records say the same.\n"
			   "\n"
			   "  -o, --output FILE      where to write it: as PDF, as a page of HTML, or as JSON, by\n"
			   "                         the end of the name (without it, as JSON on standard output,\n"
			   "                         where --json is given)\n"
			   "  --language LANGUAGE    of the record's own words, such as en or fr (default: that of\n"
			   "                         $LANG as far as there is a catalogue, else English)\n"
			   "  --letterhead FILE      the letterhead of this authority (default: $COMITY_LETTERHEAD)\n"
			   "  --treaties DIR         the profiles (default: $COMITY_TREATIES, else those installed)\n"
			   "\n"
			   "The rules by which time is attributed stand in the record itself. They are rules of\n"
			   "this program: no treaty has any.\n";

struct asked {
	const char *ref, *output, *language, *letterhead, *treaties;
};

static bool ends_with(const char *text, const char *end)
{
	const size_t n = strlen(text), m = strlen(end);

	return n > m && strcmp(text + n - m, end) == 0;
}

static int options(struct ctl *ctl, int argc, char **argv, struct asked *a)
{
	const struct ctl_option list[] = {
		{ .name = "output", .value = &a->output, .letter = 'o' },
		{ .name = "language", .value = &a->language },
		{ .name = "letterhead", .value = &a->letterhead },
		{ .name = "treaties", .value = &a->treaties },
	};
	int r = ctl_parse(ctl, &ctl_record, argc, argv, list, sizeof list / sizeof list[0], &a->ref, 1, 1, NULL);

	if (r != CTL_DONE)
		return r;
	if (a->output == NULL && !ctl->json)
		return ctl_usage("record good-faith",
				 "where to? -o requires a file whose name ends with .pdf, .html or .json");
	if (a->output == NULL)
		return CTL_DONE;
	if (!ends_with(a->output, ".pdf") && !ends_with(a->output, ".html") && !ends_with(a->output, ".json"))
		return ctl_usage("record good-faith",
				 "-o requires a file whose name ends with .pdf, .html or .json, not '%s'", a->output);
	return file_may_replace(a->output, "-o");
}

/* ------------------------------------------------------------------ its messages */

static int64_t made(const ProtobufCBinaryData *text)
{
	struct wire_text *t = calloc(1, sizeof *t);
	int64_t ms = 0;

	CY_ASSERT(t != NULL);
	if (text->len && wire_text_read(cy_bytes(text->data, text->len), t, NULL) == CY_OK)
		ms = t->made.ms;
	free(t);
	return ms;
}

/* What it says has to be here: whose time it was follows from it. */
static int take(struct record *r, const CyMessageSummary *s)
{
	CyServerFrame *reply;
	const CyMessageView *view;
	int e = letter_show(r->j, s->message_id, &reply);

	if (e != CTL_DONE)
		return e;
	view = reply->message_view;
	r->replies[r->n] = reply;
	r->m[r->n] = (struct record_message){ .s = s,
					      .view = view,
					      .m = view->message,
					      .sent_ms = made(&view->manifest),
					      .receipt_ms = made(&view->receipt) };
	if (view->message != NULL)
		law_fact_of(view->message, &r->facts[r->n]);
	r->facts[r->n].voided = s->void_code != 0;
	r->receipts[r->n] = r->m[r->n].receipt_ms;
	r->n++;
	if (view->message != NULL && view->message->content != NULL &&
	    view->message->content->kind_case != CY_CONTENT__KIND__NOT_SET)
		return CTL_DONE;
	return ctl_fail(CTL_REFUSED,
			"the content of message %s is not shown: it was erased, or this client may not see it; whose "
			"time it was cannot be told without it, so ask as a submitter, and before a case is erased",
			s->message_id);
}

static int take_messages(struct record *r)
{
	const size_t n = r->v->n_messages;
	int e = CTL_DONE;

	r->m = calloc(n + 1, sizeof *r->m);
	r->replies = calloc(n + 1, sizeof(CyServerFrame *));
	r->facts = calloc(n + 1, sizeof *r->facts);
	r->receipts = calloc(n + 1, sizeof *r->receipts);
	CY_ASSERT(r->m != NULL && r->replies != NULL && r->facts != NULL && r->receipts != NULL);
	for (size_t i = 0; e == CTL_DONE && i < n; i++)
		e = take(r, r->v->messages[i]);
	for (size_t i = 0; e == CTL_DONE && i < n; i++)
		r->m[i].counts_ms = proof_counts_ms(r->facts, r->receipts, n, i);
	return e;
}

/* --------------------------------------------------------------- its time limits */

static int explain(struct record *r, struct record_limit *l, uint64_t id)
{
	CyClientFrame frame = CY_CLIENT_FRAME__INIT;
	CyExplainClock ask = CY_EXPLAIN_CLOCK__INIT;
	struct cy_buf b = CY_BUF(1u << 20);
	CyServerFrame *reply;
	int e;

	ask.id = id;
	frame.kind_case = CY_CLIENT_FRAME__KIND_EXPLAIN_CLOCK;
	frame.explain_clock = &ask;
	e = ctl_call(r->j->ctl, &frame, CY_SERVER_FRAME__KIND_CLOCK_EXPLANATION, &reply);
	if (e != CTL_DONE)
		return e;
	for (size_t i = 0; i < reply->clock_explanation->n_steps; i++)
		CY_ASSERT(cy_buf_addf(&b, "%s%s", i > 0 ? "\n" : "", reply->clock_explanation->steps[i]) == CY_OK);
	l->steps = cy_arena_string(&r->j->arena, b.data != NULL ? (const char *)b.data : "");
	cy_buf_free(&b);
	cy_server_frame__free_unpacked(reply, NULL);
	return CTL_DONE;
}

static int take_limits(struct record *r)
{
	int e = CTL_DONE;

	if (r->v->more_clocks)
		return ctl_fail(CTL_REFUSED,
				"the case has more time limits than a record shows, %zu of them; comityctl "
				"clock list shows them all",
				r->v->n_clocks);
	r->limits = calloc(r->v->n_clocks + 1, sizeof *r->limits);
	CY_ASSERT(r->limits != NULL);
	for (size_t i = 0; e == CTL_DONE && i < r->v->n_clocks; i++) {
		r->limits[i].k = r->v->clocks[i];
		e = explain(r, &r->limits[i], r->v->clocks[i]->id);
		r->n_limits = i + 1;
	}
	return e;
}

/* ------------------------------------------------------------------------- all of it */

static int load(struct record *r, const char *ref)
{
	const CyCaseSummary *s;
	bool asks;
	int e = ctl_show_case(r->j->ctl, ref, &r->of_case);

	if (e != CTL_DONE)
		return e;
	r->v = r->of_case->case_view;
	s = r->v->summary;
	if (s == NULL)
		return ctl_fail(CTL_NOT_FOUND, "this case is not shown to this client");
	asks = s->side == CY_SIDE__REQUESTING;
	r->side[PROOF_NOBODY] = "";
	r->side[PROOF_REQUESTING] = asks ? client_welcome(r->j->ctl->conn)->authority : s->peer;
	r->side[PROOF_REQUESTED] = asks ? s->peer : client_welcome(r->j->ctl->conn)->authority;
	e = take_messages(r);
	if (e == CTL_DONE)
		e = take_limits(r);
	if (e != CTL_DONE)
		return e;
	law_story_begin(&r->story, r->facts, r->n);
	proof_periods(r->facts, r->receipts, r->n, r->v->now_ms, &r->periods);
	proof_whole_seconds(&r->periods);
	return CTL_DONE;
}

static void unload(struct record *r)
{
	for (size_t i = 0; i < r->n; i++)
		cy_server_frame__free_unpacked(r->replies[i], NULL);
	if (r->of_case != NULL)
		cy_server_frame__free_unpacked(r->of_case, NULL);
	law_story_end(&r->story);
	proof_periods_free(&r->periods);
	free(r->m);
	free(r->replies);
	free(r->facts);
	free(r->receipts);
	free(r->limits);
}

static int write_json(struct record *r, const char *output)
{
	char *text = record_json(r);
	int e = CTL_DONE;

	if (output == NULL)
		fputs(text, stdout);
	else
		e = file_replace_by_own(output, "-o", cy_bytes(text, strlen(text)));
	free(text);
	return e;
}

static int write_record(struct record *r, const struct asked *a)
{
	if (a->output == NULL || ends_with(a->output, ".json"))
		return write_json(r, a->output);
	record_page(r);
	return letter_write(r->j, a->output);
}

static int run(struct ctl *ctl, int argc, char **argv)
{
	struct asked a = { 0 };
	struct letter_job *j = calloc(1, sizeof *j);
	struct record r = { .j = j };
	int e;

	CY_ASSERT(j != NULL);
	j->ctl = ctl;
	e = options(ctl, argc, argv, &a);
	if (e == CTL_DONE)
		e = letter_load(j, "record good-faith", a.language, a.treaties, a.letterhead);
	if (e == CTL_DONE)
		e = load(&r, a.ref);
	if (e == CTL_DONE)
		e = write_record(&r, &a);
	unload(&r);
	letter_unload(j);
	free(j);
	return e;
}

const struct ctl_command ctl_record = { "record good-faith", "write on whose side the time of a case lay, with proof",
					help, run, NULL };
