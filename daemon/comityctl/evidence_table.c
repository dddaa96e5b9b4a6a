#include "comityctl/evidence_table.h"
#include "comityctl/say.h"

#include <string.h>

struct out_table *evidence_table(void)
{
	static const char *const heads[] = { "EVIDENCE", "FROM",    "NUMBER",     "STATE", "SIZE",
					     "ARRIVED",  "VERDICT", "KEEP UNTIL", "NAME",  "NOTE" };

	return out_table_new(sizeof heads / sizeof heads[0], heads);
}

/* The facts about its bytes then concern the other side's copy. */
static bool own(const CyEvidenceView *v)
{
	return strcmp(v->author, v->peer) != 0;
}

static bool destroyed(const CyEvidenceView *v)
{
	return strcmp(v->state, "destroyed") == 0;
}

/* Rounded down: 100 only when all of it is there. */
static unsigned percent(const CyEvidenceView *v)
{
	if (v->here >= v->size)
		return 100;
	return (unsigned)((double)v->here * 100 / (double)v->size);
}

static const char *flaw(const CyEvidenceView *v)
{
	switch (v->flaw) {
	case CY_EVIDENCE_FLAW__SPOILT:
		return say("spoilt here");
	case CY_EVIDENCE_FLAW__MISSING:
		return say("missing here");
	default:
		return "";
	}
}

void evidence_row(struct out_table *t, const CyEvidenceView *v)
{
	out_cell(t, "%s/%u", v->item != NULL ? v->item->message_id : "?", v->item != NULL ? v->item->attachment : 0);
	out_cell(t, "%s", v->author);
	out_cell(t, "%u", v->number);
	out_cell(t, "%s", say_state(v->state));
	out_cell(t, "%s", out_size(v->size));
	if (destroyed(v))
		out_cell(t, "-");
	else
		out_cell(t, "%u %%", percent(v));
	out_cell(t, "%s",
		 say_value(&cy_evidence_state__descriptor, (int)v->verdict,
			   out_word(&cy_evidence_state__descriptor, (int)v->verdict)));
	out_cell(t, "%s%s", out_or_dash(v->retain_until_date), v->hold ? say(", on hold") : "");
	out_cell(t, "%s", v->name);
	out_cell(t, "%s%s%s", flaw(v), flaw(v)[0] && v->reason[0] ? ", " : "",
		 v->reason[0] || !v->copy_deleted ? say_heard(v->reason) : say("our copy is deleted"));
}

void evidence_print(const CyEvidenceView *v)
{
	if (v->item != NULL)
		out_pair("Evidence", "%s/%u", v->item->message_id, v->item->attachment);
	out_pair("Name", "%s", v->name);
	out_pair("Media type", "%s", v->media_type);
	out_pair("Exhibit", "%s", v->exhibit);
	out_pair("From", "%s", v->author);
	out_pair("Case", "%s", v->case_id);
	out_pair("Size", "%llu bytes (%s)", (unsigned long long)v->size, out_size(v->size));
	out_pair("SHA-256", "%s", out_hex(&v->sha256));
	out_pair("State", "%s%s%s", say_state(v->state), v->reason[0] ? ": " : "", say_heard(v->reason));
	if (v->here < v->size && !(own(v) && destroyed(v)))
		out_pair(own(v) ? "There" : "Here", "%s, %u %%", out_size(v->here), percent(v));
	if (v->arrived_ms)
		out_pair("Arrived", "%s", out_time(v->arrived_ms));
	if (v->verdict)
		out_pair("Verdict", "%s",
			 say_value(&cy_evidence_state__descriptor, (int)v->verdict,
				   out_word(&cy_evidence_state__descriptor, (int)v->verdict)));
	out_pair("Use limits", "%s", v->use_limits);
	out_pair("Keep until", "%s", v->retain_until_date);
	if (v->hold)
		out_pair("Legal hold", "yes");
	if (v->verified_ms)
		out_pair("Last verified", "%s", out_time(v->verified_ms));
	if (own(v))
		out_pair("Our copy", "%s", v->copy_deleted ? say("deleted") : v->flaw ? flaw(v) : say("here"));
	else if (v->flaw)
		out_pair("Our bytes", "%s", flaw(v));
}
