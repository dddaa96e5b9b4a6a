/* record good-faith: the time limits, and what was said about them. */
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

static struct letter_table *table(struct record *r, size_t n, const char *const *heads, const unsigned *share)
{
	const char *said[LETTER_COLUMNS_MAX];

	for (size_t i = 0; i < n; i++)
		said[i] = say(r, heads[i]);
	return letter_table(&r->j->letter, 0, n, said, share);
}

static const char *name(struct record *r, const CyClockView *k)
{
	const char *what = k->obligation[0] ? say(r, k->obligation) : k->clock;

	return k->measure == 0 ? what
			       : form_fill(words(r), &r->j->arena, "{limit}, measure {n}", "limit", what, "n",
					   letter_number(r->j, k->measure), NULL);
}

static const char *became(struct record *r, const CyClockView *k)
{
	const int64_t until = k->ended_ms != 0 ? k->ended_ms : r->v->now_ms;
	const char *state = say(r, record_became(k, r->v->now_ms));
	const char *what = state;

	if (k->ended_ms != 0)
		what = form_fill(words(r), &r->j->arena, "{state}, {when}", "state", state, "when",
				 letter_instant(r->j, k->ended_ms), NULL);
	if (k->late && k->due_ms != 0 && until > k->due_ms)
		what = form_fill(words(r), &r->j->arena, "{state}; {long} too late", "state", what, "long",
				 record_span(r, until - k->due_ms), NULL);
	return k->excused_ms == 0
		       ? what
		       : form_fill(words(r), &r->j->arena,
				   "{state}; an extension or suspension that was said after its end, {when}, moves "
				   "nothing",
				   "state", what, "when", letter_instant(r->j, k->excused_ms), NULL);
}

static void limits(struct record *r)
{
	static const char *const heads[] = { "What is due", "Owed by", "Article", "Start", "Due", "What became of it" };
	static const unsigned share[] = { 13, 6, 7, 10, 10, 13 };
	struct letter_table *t = table(r, 6, heads, share);
	bool star = false;

	for (size_t i = 0; i < r->n_limits; i++) {
		const CyClockView *k = r->limits[i].k;
		const char *article = letter_clock_article(r->j, k);
		const char *cells[] = {
			name(r, k),          k->obliged,  article[0] ? article : "–", letter_instant(r->j, k->start_ms),
			letter_due(r->j, k), became(r, k)
		};

		star |= article[0] && !k->verified;
		letter_row(&r->j->letter, t, cells);
	}
	if (star)
		letter_paragraph(&r->j->letter, LETTER_NOTE, 0,
				 say(r, "* This article was not verified against the primary text."));
}

/* Those that were counted alike stand under one heading. */
static void counted(struct record *r)
{
	for (size_t i = 0; i < r->n_limits;) {
		const struct record_limit *first = &r->limits[i];
		const char *numbers[CY_MEASURES_MAX + 1];
		size_t n = 0;

		for (; i < r->n_limits && n <= CY_MEASURES_MAX && strcmp(r->limits[i].steps, first->steps) == 0 &&
		       strcmp(r->limits[i].k->clock, first->k->clock) == 0;
		     i++)
			numbers[n++] = letter_number(r->j, r->limits[i].k->measure);
		letter_heading(
			&r->j->letter, 2,
			n == 1 ? name(r, first->k)
			       : form_fill(words(r), &r->j->arena, "{limit}, measures {list}", "limit",
					   first->k->obligation[0] ? say(r, first->k->obligation) : first->k->clock,
					   "list", form_list(words(r), &r->j->arena, n, numbers), NULL),
			"");
		letter_paragraph(&r->j->letter, LETTER_NOTE, 0,
				 first->steps[0] ? first->steps : say(r, "It was not counted: it has not started."));
		letter_pair(r->j, "Stated otherwise", first->k->difference);
	}
}

/* ------------------------------------------------------- extended and postponed */

static const char *measures(struct record *r, size_t n, const uint32_t *list)
{
	const char *texts[CY_MEASURES_MAX];

	for (size_t i = 0; i < n && i < CY_MEASURES_MAX; i++)
		texts[i] = letter_number(r->j, list[i]);
	return n == 0 ? say(r, "all that are open")
		      : form_list(words(r), &r->j->arena, n < CY_MEASURES_MAX ? n : CY_MEASURES_MAX, texts);
}

static const char *date(struct record *r, const char *text)
{
	struct cy_date d;

	return cy_date_parse(text, &d) == CY_OK ? form_date(words(r), &r->j->arena, d) : "–";
}

static void put_off(struct record *r)
{
	static const char *const heads[] = { "Message", "Measures", "Reason", "Article", "Until", "Effect" };
	static const unsigned share[] = { 10, 7, 15, 7, 9, 9 };
	struct letter_table *t = NULL;

	for (size_t i = 0; i < r->n; i++) {
		const CyContent *c = r->m[i].m->content;
		const bool extends = c->kind_case == CY_CONTENT__KIND_EXTENSION;
		const char *article, *cells[6];

		if (!extends && c->kind_case != CY_CONTENT__KIND_POSTPONEMENT)
			continue;
		article = extends ? c->extension->article : c->postponement->article;
		cells[0] = form_fill(words(r), &r->j->arena, "{message}, {kind}", "message", record_name(r, i), "kind",
				     letter_kind(r->j, r->m[i].s->kind_name), NULL);
		cells[1] = extends ? measures(r, c->extension->n_measures, c->extension->measures)
				   : measures(r, c->postponement->n_measures, c->postponement->measures);
		cells[2] = extends ? c->extension->reason : c->postponement->ground;
		cells[3] = article[0] ? letter_article(&r->j->letter, article) : "–";
		cells[4] = date(r, extends ? c->extension->estimate_date : c->postponement->until_date);
		cells[5] = say(r, r->m[i].s->void_code != 0 ? "void"
				  : r->m[i].s->overtaken    ? "overtaken"
							    : "in effect");
		if (t == NULL) {
			letter_heading(&r->j->letter, 1, say(r, "Extended and postponed"), "");
			t = table(r, 6, heads, share);
		}
		letter_row(&r->j->letter, t, cells);
	}
	if (t != NULL)
		letter_paragraph(
			&r->j->letter, LETTER_NOTE, 0,
			say(r, "By how much an extension moved which time limit stands where that limit was counted."));
}

void record_limits(struct record *r)
{
	letter_heading(&r->j->letter, 1, say(r, "Time limits"), "");
	if (r->n_limits == 0)
		letter_paragraph(&r->j->letter, LETTER_TEXT, 0, say(r, "No treaty profile sets any for this case."));
	else
		limits(r);
	put_off(r);
	if (r->n_limits == 0)
		return;
	letter_heading(&r->j->letter, 1, say(r, "How each time limit was counted"), "");
	counted(r);
}
