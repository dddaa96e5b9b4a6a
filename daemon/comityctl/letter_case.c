/* letter --case-file: a whole case. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "comityctl/clock_table.h"
#include "comityctl/due.h"
#include "comityctl/letter_job.h"
#include "comityctl/out.h"
#include "comityctl/time_line.h"

#define DAY_MS 86400000

const char *letter_word(struct letter_job *j, const char *text)
{
	char *lower = cy_arena_string(&j->arena, text);
	const char *found;

	for (char *c = lower; *c; c++)
		*c = *c == '_' ? ' ' : (char)tolower((unsigned char)*c);
	found = lower[0] ? form_word(&j->words.words, "case state", lower) : "";
	return found[0] ? found : lower;
}

const char *letter_instant(struct letter_job *j, int64_t ms)
{
	return ms ? form_instant(&j->words.words, &j->arena, ms) : "–";
}

const char *letter_number(struct letter_job *j, uint64_t n)
{
	return form_number(&j->words.words, &j->arena, n);
}

const char *letter_enum(struct letter_job *j, const ProtobufCEnumDescriptor *d, int value)
{
	const ProtobufCEnumValue *v = protobuf_c_enum_descriptor_get_value(d, value);
	char context[128];
	const char *label;

	if (v == NULL || value == 0)
		return "–";
	snprintf(context, sizeof context, "%.60s.%.60s", d->short_name, v->name);
	label = form_word(&j->words.words, context, "label");
	return label[0] ? label : v->name;
}

static const char *yes_no(struct letter_job *j, bool yes)
{
	return letter_say(j, yes ? "yes" : "no");
}

static struct letter_table *begin(struct letter_job *j, const char *title, size_t n, const char *const *heads,
				  const unsigned *share)
{
	const char *said[LETTER_COLUMNS_MAX];

	for (size_t i = 0; i < n; i++)
		said[i] = letter_say(j, heads[i]);
	letter_heading(&j->letter, 1, letter_say(j, title), "");
	return letter_table(&j->letter, 0, n, said, share);
}

const struct law_profile *letter_instrument(const struct letter_job *j, const CyCaseSummary *s)
{
	return law_find_profile(&j->law, s->instrument, "", cy_date_of_days(s->opened_ms / DAY_MS));
}

/* ------------------------------------------------------------------ the case */

static void front(struct letter_job *j, const CyCaseView *v)
{
	const CyCaseSummary *s = v->summary;
	const struct law_profile *p = letter_instrument(j, s);

	letter_title(&j->letter, letter_say(j, "Case file"));
	letter_pair(j, "Title", s->title);
	letter_pair(j, "Case", s->case_id);
	letter_pair(j, "With", s->peer);
	letter_pair(j, "Our side", letter_enum(j, &cy_side__descriptor, (int)s->side));
	letter_pair(j, "Reference", s->own_reference);
	letter_pair(j, "Their reference", s->peer_reference);
	letter_pair(j, "Under", p != NULL ? letter_say(j, p->title) : s->instrument);
	letter_pair(j, "State", letter_word(j, s->state));
	letter_pair(j, "Opened", letter_instant(j, s->opened_ms));
	letter_pair(j, "Last message", letter_instant(j, s->changed_ms));
	letter_pair(j, "As it stood", letter_instant(j, v->now_ms));
	letter_say_zone(j);
	if (v->erasure != NULL)
		letter_pair(j, "Erased",
			    form_fill(&j->words.words, &j->arena, "{when}, by {who}: {reason}", "when",
				      letter_instant(j, v->erasure->at_ms), "who", v->erasure->by, "reason",
				      v->erasure->reason, NULL));
}

static void measures(struct letter_job *j, const CyCaseView *v)
{
	static const char *const heads[] = { "Measure", "Type", "State", "Recognised", "Postponed", "Conditions" };
	static const unsigned share[] = { 7, 15, 11, 9, 8, 8 };
	struct letter_table *t;

	if (v->n_measures == 0)
		return;
	t = begin(j, "Where the measures stand", 6, heads, share);
	for (size_t i = 0; i < v->n_measures; i++) {
		const CyMeasureView *m = v->measures[i];
		const char *cells[] = {
			letter_number(j, m->measure), letter_enum(j, &cy_measure_type__descriptor, (int)m->type),
			letter_word(j, m->state),     yes_no(j, m->recognised),
			yes_no(j, m->postponed),      m->conditions_open ? letter_say(j, "open") : "–"
		};

		letter_row(&j->letter, t, cells);
	}
}

const char *letter_due(struct letter_job *j, const CyClockView *k)
{
	const char *text = due_text(k, k->due_ms);
	char day[DUE_DATE_LEN + 1];
	struct cy_date d;

	if (strlen(text) <= DUE_DATE_AT + DUE_DATE_LEN)
		return "–";
	snprintf(day, sizeof day, "%s", text + DUE_DATE_AT);
	if (cy_date_parse(day, &d) != CY_OK)
		return cy_arena_string(&j->arena, text);
	return form_fill(&j->words.words, &j->arena, "{date},{clock}", "date", form_date(&j->words.words, &j->arena, d),
			 "clock", text + DUE_DATE_AT + DUE_DATE_LEN, NULL);
}

static const char *event(struct letter_job *j, const struct time_line_entry *e)
{
	const struct form_words *w = &j->words.words;
	const bool is_due = e->clock != NULL && e->at == e->clock->due_ms;
	const char *limit, *what, *said;

	if (e->message != NULL)
		return form_fill(w, &j->arena, e->message->void_code != 0 ? "{kind}, no. {n}, void" : "{kind}, no. {n}",
				 "kind", letter_kind(j, e->message->kind_name), "n",
				 letter_number(j, e->message->number), NULL);
	if (e->clock == NULL)
		return letter_say(j, "As it stood when this was written");
	said = e->what == e->clock->state ? letter_word(j, e->what) : letter_say(j, e->what);
	limit = e->clock->obligation[0] ? letter_say(j, e->clock->obligation) : e->clock->clock;
	if (e->clock->measure > 0)
		limit = form_fill(w, &j->arena, "{limit}, measure {n}", "limit", limit, "n",
				  letter_number(j, e->clock->measure), NULL);
	what = form_fill(w, &j->arena, "Time limit ({limit}): {what}", "limit", limit, "what", said, NULL);
	return is_due ? form_fill(w, &j->arena, "{what}, until {when}", "what", what, "when", letter_due(j, e->clock),
				  NULL)
		      : what;
}

static void line(struct letter_job *j, const CyCaseView *v)
{
	static const char *const heads[] = { "When", "Who", "What" };
	static const unsigned share[] = { 15, 5, 25 };
	struct letter_table *t = begin(j, "Time line", 3, heads, share);
	struct time_line_entry *list;
	size_t n;

	list = time_line_entries(v, &n);
	for (size_t i = 0; i < n; i++) {
		const struct time_line_entry *e = &list[i];
		const char *cells[] = { letter_instant(j, e->at),
					e->message != NULL ? e->message->author
					: e->clock != NULL ? e->clock->obliged
							   : "–",
					event(j, e) };

		letter_row(&j->letter, t, cells);
	}
	free(list);
}

const char *letter_clock_article(struct letter_job *j, const CyClockView *k)
{
	const char *text = letter_article(&j->letter, k->article);

	return k->verified || !text[0] ? text
				       : form_fill(&j->words.words, &j->arena, "{article}*", "article", text, NULL);
}

static void clocks(struct letter_job *j, const CyCaseView *v)
{
	static const char *const heads[] = { "What is due", "Owed by", "Measure", "Due", "State", "Article" };
	static const unsigned share[] = { 16, 7, 7, 12, 8, 9 };
	struct letter_table *t;

	if (v->n_clocks == 0)
		return;
	t = begin(j, "Time limits", 6, heads, share);
	for (size_t i = 0; i < v->n_clocks; i++) {
		const CyClockView *k = v->clocks[i];
		const struct form_words *w = &j->words.words;
		const char *state = letter_word(j, k->state);
		const char *cells[] = { k->obligation[0] ? letter_say(j, k->obligation) : k->clock,
					k->obliged,
					k->measure > 0 ? letter_number(j, k->measure) : letter_say(j, "all"),
					letter_due(j, k),
					k->late ? form_fill(w, &j->arena, "{state}, late", "state", state, NULL)
						: state,
					letter_clock_article(j, k) };

		letter_row(&j->letter, t, cells);
	}
	if (v->more_clocks)
		letter_paragraph(&j->letter, LETTER_NOTE, 0,
				 letter_say(j, "There are more time limits: comityctl clock list shows them."));
}

static void evidence(struct letter_job *j, const CyCaseView *v)
{
	static const char *const heads[] = { "Name", "From", "Bytes", "SHA-256", "State", "Arrived" };
	static const unsigned share[] = { 9, 6, 6, 14, 7, 9 };
	struct letter_table *t;

	if (v->n_evidence == 0)
		return;
	t = begin(j, "Evidence", 6, heads, share);
	for (size_t i = 0; i < v->n_evidence; i++) {
		const CyEvidenceView *e = v->evidence[i];
		const char *cells[] = { e->name,
					e->author,
					letter_number(j, e->size),
					out_hex(&e->sha256),
					letter_word(j, e->state),
					letter_instant(j, e->arrived_ms) };

		letter_row(&j->letter, t, cells);
	}
	if (v->more_evidence)
		letter_paragraph(&j->letter, LETTER_NOTE, 0,
				 letter_say(j, "There is more evidence: comityctl evidence list shows it."));
}

/* -------------------------------------------------------------- its messages */

static void particulars(struct letter_job *j, const CyMessageSummary *s)
{
	letter_pair(j, "From", s->author);
	letter_pair(j, "Date", letter_instant(j, s->created_ms));
	letter_pair(j, "On its way", letter_word(j, s->transport));
	if (s->void_code)
		letter_pair(j, "Void",
			    form_fill(&j->words.words, &j->arena, "{code}: {reason}", "code",
				      out_word(&cy_rejection_code__descriptor, (int)s->void_code), "reason",
				      s->void_reason, NULL));
	if (s->overtaken)
		letter_pair(j, "Overtaken", letter_say(j, "a crossing message of the other side holds instead"));
	letter_pair(j, "Date in doubt", s->date_doubt);
}

static int message(struct letter_job *j, const CyMessageSummary *s)
{
	struct letter *l = &j->letter;
	CyServerFrame *reply;
	const CyMessage *m;
	int r = letter_show(j, s->message_id, &reply);

	if (r != CTL_DONE)
		return r;
	m = reply->message_view->message;
	letter_heading(l, 1,
		       form_fill(&j->words.words, &j->arena, "{kind}, {from} no. {n}", "kind",
				 letter_kind(j, s->kind_name), "from", s->author, "n", letter_number(j, s->number),
				 NULL),
		       "");
	particulars(j, s);
	if (m != NULL && m->content != NULL && m->content->kind_case != CY_CONTENT__KIND__NOT_SET)
		letter_content(l, letter_form(j, &m->base, cy_date_of_days(m->created_ms / DAY_MS), false), 2);
	else
		letter_paragraph(
			l, LETTER_TEXT, 0,
			letter_say(j, "Its content is not shown here: it was erased, or this client may not see it."));
	letter_heading(l, 2, letter_say(j, "Proof"), "");
	letter_proof(j, reply->message_view);
	cy_server_frame__free_unpacked(reply, NULL);
	return CTL_DONE;
}

int letter_case(struct letter_job *j, const CyCaseView *v)
{
	struct letter *l = &j->letter;
	const CyCaseSummary *s = v->summary;
	int r = CTL_DONE;

	if (s == NULL)
		return ctl_fail(CTL_NOT_FOUND, "this case is not shown to this client");
	letter_head(j, client_welcome(j->ctl->conn)->authority, NULL);
	letter_zone(j, client_welcome(j->ctl->conn)->authority, NULL, v);
	l->at_ms = v->now_ms;
	l->reference = letter_text(l, s->own_reference[0]    ? s->own_reference
				      : s->peer_reference[0] ? s->peer_reference
							     : s->case_id);
	l->title = form_fill(&j->words.words, &l->arena, "Case file, {reference}", "reference", l->reference, NULL);
	l->subject = letter_text(l, s->title);
	front(j, v);
	measures(j, v);
	line(j, v);
	clocks(j, v);
	evidence(j, v);
	letter_page(l);
	for (size_t i = 0; r == CTL_DONE && i < v->n_messages; i++)
		r = message(j, v->messages[i]);
	letter_page(l);
	letter_heading(l, 1, letter_say(j, "How these messages are verified"), "");
	letter_commands(j, NULL, true);
	letter_caveats(l, j->forms, j->n_forms);
	return r;
}
