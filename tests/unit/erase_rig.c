#include "erase_rig.h"

#include <stdio.h>
#include <string.h>

void keep(struct side *s, unsigned backup)
{
	session_lost(s->w, "connection reset");
	use_backup(s, backup);
	copy_store(s, false);
	settle(s->w);
}

void restore(struct side *s, unsigned backup)
{
	session_lost(s->w, "connection reset");
	s->w->clock.now += 5000;
	use_backup(s, backup);
	copy_store(s, true);
	settle(s->w);
}

void meet(struct world *w)
{
	for (int i = 0; i < 8; i++) {
		if (w->a.session != 0)
			return;
		w->clock.now += 1000;
		connect_both(w);
		settle(w);
	}
	assert_true(w->a.session != 0);
}

void wait_for_nobody(struct side *s)
{
	CyClientFrame resume = CY_CLIENT_FRAME__INIT, confirm = CY_CLIENT_FRAME__INIT;
	CyResume r = CY_RESUME__INIT;
	CyConfirmTime c = CY_CONFIRM_TIME__INIT;

	r.reason = (char *)"it cannot be reached";
	resume.kind_case = CY_CLIENT_FRAME__KIND_RESUME;
	resume.resume = &r;
	chief_says(s, &resume);
	settle(s->w);
	c.now_ms = s->w->clock.now;
	confirm.kind_case = CY_CLIENT_FRAME__KIND_CONFIRM_TIME;
	confirm.confirm_time = &c;
	chief_says(s, &confirm);
	settle(s->w);
}

void say_in(struct side *s, const char *case_id, const char *json)
{
	submit(s, case_id, json);
	settle(s->w);
}

struct world *with_open_case(char case_id[static CASE_ID])
{
	struct world *w = world_new();

	w->a.muted = w->b.muted = true;
	meet(w);
	say_in(&w->a, NULL, request);
	snprintf(case_id, CASE_ID, "%s", w->a.case_id);
	return w;
}

struct world *with_closed_case(char case_id[static CASE_ID])
{
	struct world *w = with_open_case(case_id); /* another one, so that both know each other */

	keep(&w->a, 0);
	keep(&w->b, 0);
	meet(w);
	say_in(&w->a, NULL, request);
	snprintf(case_id, CASE_ID, "%s", w->a.case_id);
	say_in(&w->b, case_id, NOTE);
	say_in(&w->a, case_id, NOTE);
	say_in(&w->b, case_id, RETURN);
	say_in(&w->a, case_id, NOTE);
	say_in(&w->b, case_id, NOTE);
	keep(&w->a, 1);
	keep(&w->b, 1);
	meet(w);
	return w;
}

void erased(struct side *s, const char *case_id, const char *text)
{
	show(s, case_id);
	assert_string_equal(s->erased, text);
}

void erase(struct side *s, const char *case_id)
{
	order_erasure(s, case_id, WHY);
	assert_string_equal(s->last_error, "");
}

void hold_the_same(struct world *w, const char *case_id)
{
	both_equal(w, case_id);
	assert_string_equal(w->a.verdicts, w->b.verdicts);
	assert_int_equal(w->a.without_receipt, 0);
	assert_int_equal(w->b.without_receipt, 0);
}

void agree(struct world *w, const char *case_id)
{
	hold_the_same(w, case_id);
	say_in(&w->a, case_id, NOTE);
	say_in(&w->b, case_id, NOTE);
	hold_the_same(w, case_id);
}
