#include "law/received.h"

#include "base/limits.h"
#include "base/mutant.h"
#include "law/kinds.h"
#include "law/stated.h"

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* 0: nobody stated it. */
static int64_t stated(const struct law_clock_input *in, const struct law_clock_key *key)
{
	for (size_t i = 0; i < in->n_stated; i++)
		if (law_clock_same(&in->stated[i].key, key))
			return law_counted(in->stated[i].start_ms);
	return 0;
}

/* 0: there is no receipt yet. */
static int64_t proved(const struct law_clock_input *in, const struct law_fact *sent)
{
	for (size_t i = 0; i < in->n_receipts; i++)
		if (!CY_MUTANT_LAW_RECEIPT_UNREAD && in->receipts[i].author == sent->side &&
		    in->receipts[i].number == sent->number)
			return law_counted(in->receipts[i].made_ms);
	return 0;
}

/* The central authority's acknowledgement may say that the request had come before, on paper; but no request is
 * received before it was made, also where the clock of whoever acknowledges is slow. */
static int64_t on_paper(const struct law_story *s, int64_t opened, int64_t at)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct law_fact *f = s->told[i].f;

		if (f->kind == CY_CONTENT__KIND_ACKNOWLEDGEMENT &&
		    f->code[0] == CY_ACKNOWLEDGED_BY__CENTRAL_AUTHORITY && f->stated_ms > 0)
			at = earlier(at, later(law_stated_instant(f, opened), opened));
	}
	return at;
}

int64_t law_received(const struct law_clock_input *in, const struct law_story *s, struct law_clock *c,
		     const struct law_fact *sent, bool *ret_by_receipt)
{
	const int64_t made = law_counted(sent->at_ms), said = stated(in, &c->key),
		      receipt = sent->side != c->rule->obliged ? proved(in, sent) : 0;
	int64_t at;

	c->overruled = receipt > 0 && said > later(receipt, made) + CY_STATED_AHEAD_MS;
	*ret_by_receipt = receipt > 0 && (said == 0 || c->overruled);
	at = *ret_by_receipt ? receipt : said;
	if (at == 0)
		return 0;
	at = later(at, made);
	return law_kind_opens(sent->kind) ? on_paper(s, made, at) : at;
}
