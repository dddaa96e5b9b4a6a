/* record good-faith: the document. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "comityctl/record.h"

static const char *say(struct record *r, const char *english)
{
	return letter_say(r->j, english);
}

static const struct form_words *words(const struct record *r)
{
	return &r->j->words.words;
}

const char *record_name(struct record *r, size_t message)
{
	const CyMessageSummary *s = r->m[message].s;

	return form_fill(words(r), &r->j->arena, "{from} no. {n}", "from", s->author, "n",
			 letter_number(r->j, s->number), NULL);
}

/* What is 0 before the first number that counts, or behind whole days, is left out. */
const char *record_span(struct record *r, int64_t ms)
{
	const int64_t s = ms / 1000, days = s / 86400;
	char hours[8], minutes[8], seconds[8];
	const char *form = "{h} h {m} min {s} s", *rest;

	if (days == 0 && s < 3600)
		form = s < 60 ? "{s} s" : "{m} min {s} s";
	snprintf(hours, sizeof hours, "%" PRId64, s / 3600 % 24);
	snprintf(minutes, sizeof minutes, days == 0 && s < 3600 ? "%" PRId64 : "%02" PRId64, s / 60 % 60);
	snprintf(seconds, sizeof seconds, s < 60 ? "%" PRId64 : "%02" PRId64, s % 60);
	rest = form_fill(words(r), &r->j->arena, form, "h", hours, "m", minutes, "s", seconds, NULL);
	if (days == 0)
		return rest;
	if (s % 86400 == 0)
		return days == 1 ? say(r, "1 day")
				 : form_fill(words(r), &r->j->arena, "{n} days", "n",
					     letter_number(r->j, (uint64_t)days), NULL);
	return form_fill(words(r), &r->j->arena, days == 1 ? "1 day, {rest}" : "{n} days, {rest}", "n",
			 letter_number(r->j, (uint64_t)days), "rest", rest, NULL);
}

static const char *span_or_dash(struct record *r, int64_t ms)
{
	return ms > 0 ? record_span(r, ms) : "–";
}

static struct letter_table *table(struct record *r, size_t n, const char *const *heads, const unsigned *share)
{
	const char *said[LETTER_COLUMNS_MAX];

	for (size_t i = 0; i < n; i++)
		said[i] = say(r, heads[i]);
	return letter_table(&r->j->letter, 0, n, said, share);
}

static void heading(struct record *r, const char *text)
{
	letter_heading(&r->j->letter, 1, say(r, text), "");
}

static void paragraph(struct record *r, const char *text)
{
	letter_paragraph(&r->j->letter, LETTER_TEXT, 0, text);
}

static const char *whose(struct record *r, enum proof_side side)
{
	switch (side) {
	case PROOF_REQUESTING:
		return form_fill(words(r), &r->j->arena, "{who}, requesting", "who", r->side[side], NULL);
	case PROOF_REQUESTED:
		return form_fill(words(r), &r->j->arena, "{who}, requested", "who", r->side[side], NULL);
	case PROOF_NOBODY:
	case PROOF_SIDES_N:
		break;
	}
	return say(r, "nobody");
}

/* ---------------------------------------------------------------------- the case */

static void front(struct record *r)
{
	struct letter_job *j = r->j;
	const CyCaseSummary *s = r->v->summary;
	const bool asks = s->side == CY_SIDE__REQUESTING;
	const struct law_profile *p = letter_instrument(j, s);

	letter_title(&j->letter, say(r, "Good-faith record"));
	letter_pair(j, "Title", s->title);
	letter_pair(j, "Case", s->case_id);
	letter_pair(j, "Requesting authority", r->side[PROOF_REQUESTING]);
	letter_pair(j, "Its reference", asks ? s->own_reference : s->peer_reference);
	letter_pair(j, "Requested authority", r->side[PROOF_REQUESTED]);
	letter_pair(j, "Its reference", asks ? s->peer_reference : s->own_reference);
	letter_pair(j, "Under", p != NULL ? letter_say(j, p->title) : s->instrument);
	letter_pair(j, "State", letter_word(j, s->state));
	letter_pair(j, "Written by", client_welcome(j->ctl->conn)->authority);
	letter_pair(j, "As it stood", letter_instant(j, r->v->now_ms));
	letter_say_zone(j);
}

/* ------------------------------------------------------------------ whose time it was */

static int64_t sum(const struct record *r, enum proof_side side, int why)
{
	int64_t ms = 0;

	for (size_t i = 0; i < r->periods.n; i++) {
		const struct proof_period *p = &r->periods.at[i];

		if (p->side == side && (why < 0 || (int)p->why == why))
			ms += p->to_ms - p->from_ms;
	}
	return ms;
}

static void whole(struct record *r)
{
	static const char *const heads[] = { "Whose time", "How long", "Why" };
	static const unsigned share[] = { 10, 12, 24 };
	const struct proof_periods *p = &r->periods;
	struct letter_table *t;

	heading(r, "Whose time it was");
	paragraph(r,
		  form_fill(words(r), &r->j->arena,
			    p->over ? "The case took {long}: from {from}, when the request was made, to {to}, when it "
				      "was over."
				    : "The case has taken {long} so far: from {from}, when the request was made, to "
				      "{to}, when this was written.",
			    "long", record_span(r, p->to_ms - p->from_ms), "from", letter_instant(r->j, p->from_ms),
			    "to", letter_instant(r->j, p->to_ms), NULL));
	t = table(r, 3, heads, share);
	for (unsigned side = 0; side < PROOF_SIDES_N; side++) {
		const char *total[] = { whose(r, side), record_span(r, sum(r, side, -1)), say(r, "in all") };

		if (side == PROOF_NOBODY && sum(r, side, -1) == 0)
			continue;
		letter_row(&r->j->letter, t, total);
		for (int why = 0; why <= PROOF_WHY_CLOSED; why++) {
			const char *cells[] = { "", record_span(r, sum(r, side, why)),
						say(r, proof_why_text((enum proof_why)why)) };

			if (sum(r, side, why) > 0)
				letter_row(&r->j->letter, t, cells);
		}
	}
	letter_row(&r->j->letter, t, (const char *[]){ say(r, "Whole"), record_span(r, p->to_ms - p->from_ms), "" });
}

struct days {
	struct record *r;
	struct letter_table *t;
};

static void day(void *arg, const struct proof_days *d)
{
	struct days *days = arg;
	struct record *r = days->r;
	struct cy_arena *a = &r->j->arena;
	const char *first = form_date(words(r), a, d->first);
	int64_t all = 0;
	const char *cells[5];

	for (unsigned s = 0; s < PROOF_SIDES_N; s++) {
		all += d->ms[s];
		cells[s + 1] = span_or_dash(r, d->ms[s]);
	}
	cells[0] = d->days == 1
			   ? first
			   : form_fill(words(r), a, "{n} days, {first} to {last}", "n", letter_number(r->j, d->days),
				       "first", first, "last", form_date(words(r), a, d->last), NULL);
	cells[4] = record_span(r, all);
	letter_row(&r->j->letter, days->t, cells);
}

static void by_day(struct record *r)
{
	static const unsigned share[] = { 13, 10, 10, 8, 10 };
	const char *heads[] = { say(r, "Day"), whose(r, PROOF_REQUESTING), whose(r, PROOF_REQUESTED),
				whose(r, PROOF_NOBODY), say(r, "Sum") };
	const char *total[5] = { say(r, "Whole") };
	struct days days = { r, NULL };

	heading(r, "Day by day");
	days.t = letter_table(&r->j->letter, 0, 5, heads, share);
	proof_days(&r->periods, words(r)->zone, day, &days);
	for (unsigned s = 0; s < PROOF_SIDES_N; s++)
		total[s + 1] = span_or_dash(r, sum(r, s, -1));
	total[4] = record_span(r, r->periods.to_ms - r->periods.from_ms);
	letter_row(&r->j->letter, days.t, total);
	letter_paragraph(
		&r->j->letter, LETTER_NOTE, 0,
		say(r, "Days are those of the calendar in the time zone above. Days in a row that lay on one side "
		       "alone stand in one line. The first and the last day are counted from and to the instant "
		       "above; a day on which clocks are changed has 23 or 25 hours."));
}

static void by_period(struct record *r)
{
	static const char *const heads[] = { "Begins", "How long", "Whose time", "Why", "Proof" };
	static const unsigned share[] = { 11, 9, 9, 14, 8 };
	struct letter_table *t;

	heading(r, "Step by step");
	t = table(r, 5, heads, share);
	for (size_t i = 0; i < r->periods.n; i++) {
		const struct proof_period *p = &r->periods.at[i];
		const char *cells[] = { letter_instant(r->j, p->from_ms), record_span(r, p->to_ms - p->from_ms),
					whose(r, p->side), say(r, proof_why_text(p->why)),
					form_fill(words(r), &r->j->arena,
						  p->why == PROOF_WHY_TRANSIT ? "{message}" : "receipt for {message}",
						  "message", record_name(r, p->basis), NULL) };

		letter_row(&r->j->letter, t, cells);
	}
	letter_paragraph(
		&r->j->letter, LETTER_NOTE, 0,
		form_fill(words(r), &r->j->arena,
			  "Each step goes on until the next one; the last one ends {to}. The message or receipt that "
			  "began it stands at the end of this record, with its digests.",
			  "to", letter_instant(r->j, r->periods.to_ms), NULL));
}

/* ------------------------------------------------------------------ what was said */

static bool by_people(const struct record_message *m)
{
	return !law_kind_stated(m->s->kind);
}

static const char *received(struct record *r, const struct record_message *m)
{
	if (m->s->void_code != 0)
		return form_fill(words(r), &r->j->arena, "void: {reason}", "reason", m->s->void_reason, NULL);
	if (m->receipt_ms != 0)
		return letter_instant(r->j, m->counts_ms);
	return m->counts_ms != 0 ? form_fill(words(r), &r->j->arena, "seen by {when}; no receipt", "when",
					     letter_instant(r->j, m->counts_ms), NULL)
				 : say(r, "no receipt");
}

static void messages(struct record *r)
{
	static const char *const heads[] = { "Message", "What it is", "Made", "Signed and sent",
					     "Received, by receipt" };
	static const unsigned share[] = { 8, 12, 11, 11, 11 };
	struct letter_table *t;

	heading(r, "What was said, and when it arrived");
	t = table(r, 5, heads, share);
	for (size_t i = 0; i < r->n; i++) {
		const struct record_message *m = &r->m[i];
		const char *cells[] = { record_name(r, i), letter_kind(r->j, m->s->kind_name),
					letter_instant(r->j, m->s->created_ms),
					m->sent_ms != 0 ? letter_instant(r->j, m->sent_ms) : say(r, "not yet"),
					received(r, m) };

		if (by_people(m))
			letter_row(&r->j->letter, t, cells);
	}
	letter_paragraph(
		&r->j->letter, LETTER_NOTE, 0,
		say(r, "The receipt is signed by the other authority, and says that the message is on stable storage "
		       "there (relayed and delivered to the authority). When somebody there read it no message "
		       "says. What the two systems said by themselves, as the start of a time limit, is left out."));
}

static void question(struct record *r, const struct record_question *q)
{
	const struct record_message *asked = &r->m[q->notice];
	const struct record_message *answer = q->answer != SIZE_MAX ? &r->m[q->answer] : NULL;
	const CyProblemNotice *notice = asked->m->content->problem_notice;

	letter_heading(&r->j->letter, 2, record_name(r, q->notice), "");
	letter_field(&r->j->letter, 0, say(r, "Asked by"), asked->s->author, "", false);
	letter_pair(r->j, "Received", received(r, asked));
	letter_field(&r->j->letter, 0, say(r, "In words"), notice->text, "", true);
	for (size_t i = 0; i < notice->n_questions; i++)
		letter_field(&r->j->letter, 0,
			     form_fill(words(r), &r->j->arena, "Question {n}", "n", letter_number(r->j, i + 1), NULL),
			     notice->questions[i], "", true);
	if (answer == NULL) {
		letter_pair(r->j, "Answer", say(r, "none yet"));
		return;
	}
	letter_pair(r->j,
		    answer->m->content->kind_case == CY_CONTENT__KIND_SUPPLEMENT ? "Answer" : "Ended without answer by",
		    form_fill(words(r), &r->j->arena, "{message}, received {when}", "message",
			      record_name(r, q->answer), "when", received(r, answer), NULL));
	if (asked->counts_ms != 0 && answer->counts_ms > asked->counts_ms)
		letter_pair(r->j, "After",
			    record_span(r, answer->counts_ms - answer->counts_ms % 1000 -
						   (asked->counts_ms - asked->counts_ms % 1000)));
}

static void questions(struct record *r)
{
	struct record_question *list;
	const size_t n = record_questions(r, &list);

	heading(r, "Clarifications");
	if (n == 0)
		paragraph(r, say(r, "None was asked for."));
	for (size_t i = 0; i < n; i++)
		question(r, &list[i]);
	free(list);
}

static void outcomes(struct record *r)
{
	static const char *const heads[] = { "Measure", "Type", "Outcome", "Ground and article", "Reason", "Proof" };
	static const unsigned share[] = { 6, 11, 8, 11, 12, 8 };
	struct letter_table *t;

	if (r->v->n_measures == 0)
		return;
	heading(r, "The outcome of each measure");
	t = table(r, 6, heads, share);
	for (size_t i = 0; i < r->v->n_measures; i++) {
		const CyMeasureView *m = r->v->measures[i];
		const struct record_outcome o = record_outcome(r, m->measure);
		const char *article = o.article[0] ? letter_article(&r->j->letter, o.article) : "–";
		const char *cells[] = { letter_number(r->j, m->measure),
					letter_enum(r->j, &cy_measure_type__descriptor, (int)m->type),
					letter_word(r->j, m->state),
					o.ground[0] ? form_fill(words(r), &r->j->arena, "{ground}; {article}", "ground",
								o.ground, "article", article, NULL)
						    : "–",
					o.reason[0] ? o.reason : "–",
					o.by != SIZE_MAX ? record_name(r, o.by) : say(r, "none yet") };

		letter_row(&r->j->letter, t, cells);
	}
}

/* ------------------------------------------------------------------------- the rest */

static void rules(struct record *r)
{
	static const char *const sentences[] = {
		"1. A message counts from its receipt: the instant at which the other authority signed that the "
		"message is "
		"on stable storage there. Whether anybody there has read it makes no difference. Where there is no "
		"receipt, a later message whose author had seen it proves the same.",
		"2. A message that passes the time on to the other side, or ends the waiting, is its author's until it "
		"counts: what is not delivered lies with its sender.",
		"3. Otherwise the time lies with the requested side, as long as there is a measure without an outcome "
		"with "
		"which it can go on, also while it has postponed that measure, whatever the ground.",
		"4. It lies with the requesting side while every measure without an outcome waits for it: for the "
		"answer to "
		"a problem notice, or to proposed conditions.",
		"5. It lies with nobody once every measure has an outcome, or the case was returned, redirected or "
		"closed.",
		"Instants are those that the authorities signed, each by its own clock, cut to the second: so the "
		"times add "
		"up exactly.",
		"These rules are those of the program that wrote this record. No treaty says to whom time is to be "
		"attributed, and whether a delay was justified is not for this record to say: a postponement or an "
		"extension may have had good grounds, which stand above."
	};

	heading(r, "By which rules time was attributed");
	for (size_t i = 0; i < sizeof sentences / sizeof sentences[0]; i++)
		letter_paragraph(&r->j->letter, LETTER_TEXT, 0, say(r, sentences[i]));
}

static void proofs(struct record *r)
{
	letter_page(&r->j->letter);
	heading(r, "The message and receipt behind each line");
	for (size_t i = 0; i < r->n; i++) {
		letter_heading(&r->j->letter, 2,
			       form_fill(words(r), &r->j->arena, "{message}, {kind}", "message", record_name(r, i),
					 "kind", letter_kind(r->j, r->m[i].s->kind_name), NULL),
			       "");
		letter_proof(r->j, r->m[i].view);
	}
	letter_page(&r->j->letter);
	heading(r, "How these messages are verified");
	letter_commands(r->j, NULL, true);
	letter_paragraph(&r->j->letter, LETTER_NOTE, 0,
			 say(r, "The labels and translations of this letter were not reviewed by a lawyer."));
}

void record_page(struct record *r)
{
	struct letter_job *j = r->j;
	struct letter *l = &j->letter;
	const CyCaseSummary *s = r->v->summary;
	const char *authority = client_welcome(j->ctl->conn)->authority;

	letter_head(j, authority, NULL);
	letter_zone(j, authority, NULL, r->v);
	l->at_ms = r->v->now_ms;
	l->reference = letter_text(l, s->own_reference[0]    ? s->own_reference
				      : s->peer_reference[0] ? s->peer_reference
							     : s->case_id);
	l->title = form_fill(&j->words.words, &l->arena, "Good-faith record, {reference}", "reference", l->reference,
			     NULL);
	l->subject = letter_text(l, s->title);
	front(r);
	if (r->periods.n > 0) {
		whole(r);
		by_day(r);
		by_period(r);
	}
	messages(r);
	questions(r);
	record_limits(r);
	outcomes(r);
	rules(r);
	proofs(r);
}
