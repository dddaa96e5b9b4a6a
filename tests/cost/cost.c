/* Three fixed scenarios for cost_test.py, which counts the instructions of measured() by callgrind: two nodes with real
 * stores, in one thread, with simulated time, link, signatures and ids, so that the same is done each time.
 *
 *   cost new-cases    messages that each open a case, from submission to receipt
 *   cost one-case     notes of both sides in a case that has many
 *   cost reading      what case systems and operators ask
 *
 * Prints how often it was done. */
#include "../unit/trace_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BURST 64  /* submissions that share their batches, as under load */
#define CASES 128 /* measured */
#define GROWN 256 /* notes in the case before, of both sides */
#define NOTES 64  /* measured */
#define ASKED 10  /* each question */

static const char *scenario;
static struct world *w;
static char text[901], first[40];

static void open_cases(unsigned n)
{
	char json[1200];

	for (unsigned i = 0; i < n; i++) {
		snprintf(json, sizeof json,
			 "{\"to\":\"IE\",\"ownReference\":\"cost %llu\",\"content\":{\"spontaneousInformation\":"
			 "{\"title\":\"cost\",\"text\":\"%s\"}}}",
			 (unsigned long long)w->a.key, text);
		submit(&w->a, NULL, json);
		if (i % BURST == BURST - 1 || i == n - 1)
			settle(w);
	}
}

static void write_notes(unsigned n)
{
	char json[1200];

	snprintf(json, sizeof json, "{\"content\":{\"note\":{\"text\":\"%s\"}}}", text);
	for (unsigned i = 0; i < n; i++) {
		submit(i % 2 == 0 ? &w->a : &w->b, first, json);
		if (i % BURST == BURST - 1 || i == n - 1)
			settle(w);
	}
}

static void ask(void)
{
	CyClientFrame f = CY_CLIENT_FRAME__INIT;
	CyGetStatus status = CY_GET_STATUS__INIT;
	CyListCases list = CY_LIST_CASES__INIT;
	CyReadEvents events = CY_READ_EVENTS__INIT;

	f.kind_case = CY_CLIENT_FRAME__KIND_GET_STATUS;
	f.get_status = &status;
	desk_says(&w->a, &f);
	f.kind_case = CY_CLIENT_FRAME__KIND_LIST_CASES;
	f.list_cases = &list;
	desk_says(&w->a, &f);
	f.kind_case = CY_CLIENT_FRAME__KIND_READ_EVENTS;
	f.read_events = &events;
	desk_says(&w->a, &f);
	show(&w->a, first);
	settle(w);
}

/* What stands before it, so that caches are warm and files have grown. */
static void prepare(void)
{
	open_cases(BURST);
	snprintf(first, sizeof first, "%s", w->a.case_id);
	if (strcmp(scenario, "one-case") == 0)
		write_notes(GROWN);
	if (strcmp(scenario, "reading") == 0)
		write_notes(32);
}

/* callgrind counts from here to its end. */
__attribute__((noinline)) void measured(void);
void measured(void)
{
	if (strcmp(scenario, "new-cases") == 0)
		open_cases(CASES);
	else if (strcmp(scenario, "one-case") == 0)
		write_notes(NOTES);
	else
		for (int i = 0; i < ASKED; i++)
			ask();
}

static void run(void **state)
{
	(void)state;
	w = world_new();
	w->silent = true;
	memset(text, 'x', sizeof text - 1);
	connect_both(w);
	settle(w);
	prepare();
	measured();
	assert_string_equal(w->a.last_error, "");
	both_equal(w, first);
	assert_int_equal(w->a.without_receipt + w->b.without_receipt, 0);
	printf("%d\n", strcmp(scenario, "new-cases") == 0 ? CASES : strcmp(scenario, "one-case") == 0 ? NOTES : ASKED);
	world_end(w, NULL);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(run) };

	if (argc != 2 || (strcmp(argv[1], "new-cases") != 0 && strcmp(argv[1], "one-case") != 0 &&
			  strcmp(argv[1], "reading") != 0)) {
		fprintf(stderr, "cost new-cases|one-case|reading\n");
		return 2;
	}
	scenario = argv[1];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
