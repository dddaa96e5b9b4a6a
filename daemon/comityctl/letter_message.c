/* letter: of a draft, or of one message. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/time.h"
#include "comityctl/input.h"
#include "comityctl/letter_job.h"
#include "config/zone_tz.h"

#define DAY_MS 86400000

const char *letter_say(struct letter_job *j, const char *english)
{
	return form_say(&j->words.words, english);
}

void letter_pair(struct letter_job *j, const char *label, const char *text)
{
	if (text != NULL && text[0])
		letter_field(&j->letter, 0, letter_say(j, label), text, "", false);
}

const char *letter_kind(struct letter_job *j, const char *kind)
{
	char context[80];
	const char *label;

	snprintf(context, sizeof context, "Content.%.60s", kind);
	label = form_word(&j->words.words, context, "label");
	return label[0] ? label : kind;
}

const struct form *letter_form(struct letter_job *j, const ProtobufCMessage *m, struct cy_date day, bool judge)
{
	struct form_ask ask = { .words = j->words.words,
				.layout = &j->words.layout,
				.legal_data = &j->law,
				.between = { "", "", day },
				.message = m,
				.n_unread = j->n_unread,
				.unread = j->unread,
				.more_unread = j->more_unread,
				.judge = judge };
	struct form *form;

	CY_ASSERT(form_make(&ask, &j->arena, &form) == CY_OK);
	if (j->n_forms == j->room) {
		const struct form **more;

		j->room = j->room ? 2 * j->room : 8;
		more = cy_arena_take(&j->arena, j->room * sizeof *more);
		if (j->n_forms)
			memcpy(more, j->forms, j->n_forms * sizeof *more);
		j->forms = more;
	}
	j->forms[j->n_forms++] = form;
	return form;
}

void letter_head(struct letter_job *j, const char *authority, const CyAuthority *office)
{
	struct letter *l = &j->letter;

	if (j->head.office != NULL && (authority[0] == '\0' || strcmp(authority, j->head.authority) == 0)) {
		l->office = letter_text(l, j->head.office);
		for (size_t i = 0; i < j->head.n_lines; i++)
			letter_line(l, j->head.lines[i]);
	} else if (office != NULL && office->name[0]) {
		l->office = letter_text(l, office->name);
		letter_line(l, office->address);
		letter_line(l, office->telephone);
		letter_line(l, office->email);
	} else {
		l->office = letter_text(l, authority);
	}
	l->author = l->office;
}

/* What our own daemon is configured with; "": it is another authority's, or none was asked. */
static const char *own_zone(struct letter_job *j, const char *authority)
{
	CyClientFrame frame = CY_CLIENT_FRAME__INIT;
	CyListClocks list = CY_LIST_CLOCKS__INIT;
	struct cy_error e = { 0 };
	CyServerFrame *reply;
	const char *name;

	if (j->ctl->conn == NULL || strcmp(client_welcome(j->ctl->conn)->authority, authority) != 0)
		return "";
	list.limit = 1;
	frame.kind_case = CY_CLIENT_FRAME__KIND_LIST_CLOCKS;
	frame.list_clocks = &list;
	if (client_call(j->ctl->conn, &frame, CY_SERVER_FRAME__KIND_CLOCK_LIST, &reply, &e) != CY_OK)
		return "";
	name = cy_arena_string(&j->arena, reply->clock_list->time_zone);
	cy_server_frame__free_unpacked(reply, NULL);
	return name;
}

static const char *zone_of_clocks(const CyCaseView *v, const char *authority)
{
	for (size_t i = 0; v != NULL && i < v->n_clocks; i++)
		if (strcmp(v->clocks[i]->obliged, authority) == 0 && v->clocks[i]->time_zone[0])
			return v->clocks[i]->time_zone;
	return "";
}

void letter_zone(struct letter_job *j, const char *authority, const CyAuthority *office, const CyCaseView *v)
{
	const bool headed =
		j->head.office != NULL && (authority[0] == '\0' || strcmp(authority, j->head.authority) == 0);
	const char *name = office != NULL ? office->time_zone : "";
	const struct law_zone *zone = NULL;
	struct cy_error e = { 0 };

	if (headed)
		zone = j->head.zone;
	if (zone == NULL && !name[0])
		name = own_zone(j, authority);
	if (zone == NULL && !name[0])
		name = zone_of_clocks(v, authority);
	/* One that this machine does not know stands for nothing: UTC is said then. */
	if (zone == NULL && name[0] && zone_load(NULL, name, &j->arena, &zone, &e) != CY_OK)
		zone = NULL;
	j->words.words.zone = j->letter.words.zone = zone;
}

void letter_say_zone(struct letter_job *j)
{
	const struct law_zone *zone = j->words.words.zone;

	letter_pair(j, "Time zone", zone != NULL ? zone->name : "UTC");
}

/* ----------------------------------------------------------------- one message */

/* Who speaks, as the message itself says: only a request and an acknowledgement do. */
static const CyAuthority *office_of(const CyContent *c)
{
	if (c->kind_case == CY_CONTENT__KIND_REQUEST && c->request->authorities != NULL)
		return c->request->authorities->requesting;
	return c->kind_case == CY_CONTENT__KIND_ACKNOWLEDGEMENT ? c->acknowledgement->receiving_authority : NULL;
}

static const char *in_brackets(struct letter_job *j, const char *text, const char *more)
{
	return more[0] ? form_fill(&j->words.words, &j->arena, "{text} ({more})", "text", text, "more", more, NULL)
		       : text;
}

/* The addressee: the authority, and of a request the state. */
static const char *addressee(struct letter_job *j, const CyContent *c, const char *to)
{
	const char *state = c->kind_case == CY_CONTENT__KIND_REQUEST ? c->request->requested_state : "";
	const char *name = state[0] ? form_word(&j->words.words, "state", state) : "";

	return in_brackets(j, to, name);
}

/* The instrument is that of the message, else that of its case. */
static void title(struct letter_job *j, const CyContent *c, const struct form *f, const CyCaseView *v)
{
	const struct law_profile *p = f->profile;
	struct letter *l = &j->letter;

	if (p == NULL && v != NULL && v->summary != NULL)
		p = letter_instrument(j, v->summary);

	if (c->kind_case == CY_CONTENT__KIND_REQUEST)
		l->content = letter_text(l, c->request->language);
	if (p != NULL)
		letter_field(l, 0, letter_say(j, "Under"), letter_say(j, p->title), p->citation, false);
	l->subject = f->title;
	letter_title(l, f->title);
	if (c->kind_case == CY_CONTENT__KIND_REQUEST)
		letter_paragraph(l, LETTER_TEXT, 0,
				 letter_say(j, "The authority named above asks the authority to which this letter is "
					       "addressed for the assistance that is set out below."));
}

static void faults(struct letter_job *j, const struct form *f)
{
	if (f->n_faults)
		letter_heading(&j->letter, 1, letter_say(j, "What is still wrong with this draft"), "");
	for (size_t i = 0; i < f->n_faults; i++) {
		const struct form_fault *fault = &f->faults[i];

		letter_field(&j->letter, 0, fault->label[0] ? fault->label : fault->path, fault->text, fault->article,
			     false);
	}
	if (f->more_faults || f->more_warnings)
		letter_paragraph(&j->letter, LETTER_NOTE, 0,
				 letter_say(j, "There are more, which are not listed here."));
}

/* What the draft still says that was to be replaced. */
static void on_unread(void *arg, const char *field, const char *text)
{
	struct letter_job *j = arg;

	if (j->n_unread == LAW_FAULTS_MAX) {
		j->more_unread = true;
		return;
	}
	j->unread[j->n_unread++] = (struct form_unread){ .path = cy_arena_string(&j->arena, field),
							 .text = cy_arena_string(&j->arena, text) };
}

int letter_draft(struct letter_job *j, const char *file)
{
	struct letter *l = &j->letter;
	const struct form *f;
	CySubmission *s = NULL;
	int r = input_submission(file, NULL, NULL, &s);

	if (r != CTL_DONE)
		return r;
	if (s->content == NULL || s->content->kind_case == CY_CONTENT__KIND__NOT_SET) {
		r = ctl_fail(CTL_BAD_FILE, "%s: it says nothing; a content such as content.request is expected", file);
		cy_submission__free_unpacked(s, NULL);
		return r;
	}
	(void)input_filled(file, &s->base, on_unread, j);
	letter_zone(j, "", office_of(s->content), NULL);
	f = letter_form(j, &s->base, treaties_today(), true);
	letter_head(j, "", office_of(s->content));
	l->reference = letter_text(l, s->own_reference[0] ? in_brackets(j, s->own_reference, letter_say(j, "draft"))
							  : letter_say(j, "Draft"));
	l->title = form_fill(&j->words.words, &l->arena, "{kind}, {reference}", "kind", f->title, "reference",
			     l->reference, NULL);
	letter_pair(j, "To", s->to[0] ? addressee(j, s->content, s->to) : "");
	letter_pair(j, "Reference", s->own_reference);
	letter_pair(j, "Your reference", s->case_ref);
	letter_say_zone(j);
	letter_pair(j, "Status", letter_say(j, "Draft: it was not sent, and nobody has signed it."));
	title(j, s->content, f, NULL);
	letter_content(l, f, 1);
	letter_caveats(l, j->forms, j->n_forms);
	letter_signature(l);
	letter_page(l);
	faults(j, f);
	letter_envelope(l, f, 1);
	cy_submission__free_unpacked(s, NULL);
	return CTL_DONE;
}

static struct cy_date day_of(int64_t ms)
{
	return cy_date_of_days(ms / DAY_MS);
}

/* The reference of the other side, as far as the case has one. */
static const char *your_reference(const CyMessage *m, const CyCaseView *v)
{
	if (v == NULL || v->summary == NULL)
		return "";
	return strcmp(m->from, v->summary->peer) == 0 ? v->summary->own_reference : v->summary->peer_reference;
}

static const char *own_reference(const CyMessage *m, const CyCaseView *v)
{
	if (m->own_reference[0] || v == NULL || v->summary == NULL)
		return m->own_reference;
	return strcmp(m->from, v->summary->peer) == 0 ? v->summary->peer_reference : v->summary->own_reference;
}

int letter_message(struct letter_job *j, const CyMessageView *view, const CyCaseView *v)
{
	const CyMessage *m = view->message;
	struct letter *l = &j->letter;
	const struct form *f;
	const char *own;

	if (m == NULL || m->content == NULL || m->content->kind_case == CY_CONTENT__KIND__NOT_SET)
		return ctl_fail(CTL_NOT_FOUND,
				"the content of this message is not shown here: it was erased, or this client "
				"may not see it");
	letter_zone(j, m->from, office_of(m->content), v);
	f = letter_form(j, &m->base, day_of(m->created_ms), false);
	own = own_reference(m, v);
	letter_head(j, m->from, office_of(m->content));
	l->at_ms = m->created_ms;
	l->reference = form_fill(&j->words.words, &l->arena, "{authority} {reference}", "authority", m->from,
				 "reference", letter_text(l, own[0] ? own : m->case_id), NULL);
	l->title = form_fill(&j->words.words, &l->arena, "{kind}, {reference}", "kind", f->title, "reference",
			     l->reference, NULL);
	letter_pair(j, "From", m->from);
	letter_pair(j, "To", addressee(j, m->content, m->to));
	letter_pair(j, "Reference", own);
	letter_pair(j, "Your reference", your_reference(m, v));
	letter_pair(j, "Date", form_instant(&j->words.words, &j->arena, m->created_ms));
	letter_say_zone(j);
	if (v != NULL && v->summary != NULL && m->number + m->seen > 1)
		letter_pair(j, "In the matter", v->summary->title);
	title(j, m->content, f, v);
	letter_content(l, f, 1);
	letter_caveats(l, j->forms, j->n_forms);
	letter_signature(l);
	letter_page(l);
	letter_heading(l, 1, letter_say(j, "How this letter is verified"), "");
	letter_proof(j, view);
	letter_commands(j, m->id, view->receipt.len > 0);
	letter_envelope(l, f, 1);
	return CTL_DONE;
}
