/* case list: the open ones first, as they are due. Fields that the daemon keeps from a role are empty. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "comityctl/clock_table.h"
#include "comityctl/ctl.h"
#include "comityctl/due.h"
#include "comityctl/out.h"
#include "comityctl/say.h"

static const char help[] = "usage: comityctl case list [--peer AUTHORITY] [--open]\n"
			   "\n"
			   "Lists the cases that this client may see, and counts them: the open ones first, in\n"
			   "the order in which the next of their running time limits is due, with that day and\n"
			   "who owes it; then the closed ones. A case is named by its references; its id stands\n"
			   "where it has none, or where another one has the same. Titles are cut to what the\n"
			   "line of a terminal has room for, and columns that have none stand on a line below.\n"
			   "\n"
			   "  --peer AUTHORITY  only those with this authority\n"
			   "  --open            only those that are not closed\n"
			   "\n"
			   "With --json each page of up to 1,000 cases, in order of their ids, is one line of\n"
			   "JSON, with all there is to a case.\n";

/* The running time limit of a case that is due next. */
struct next {
	char peer[CY_AUTHORITY_MAX + 1], case_id[CY_UUID_LEN + 1];
	int64_t due_ms;
	char text[96];
};

struct listed {
	const CyCaseSummary *summary;
	const struct next *next; /* NULL: none runs */
	bool shared;             /* another one has the same reference */
};

struct listing {
	CyServerFrame **pages;
	struct listed *cases;
	struct next *next;
	size_t n_pages, n_cases, n_next;
};

/* Room for one more element of `size` bytes behind the `n` of `list`. */
static void *grown(void *list, size_t n, size_t size)
{
	if ((n & (n - 1)) == 0) {
		list = realloc(list, (n ? 2 * n : 1) * size);
		CY_ASSERT(list != NULL);
	}
	return list;
}

static void add_page(struct listing *l, CyServerFrame *page)
{
	const CyCaseList *list = page->case_list;

	l->pages = grown(l->pages, l->n_pages, sizeof *l->pages);
	l->pages[l->n_pages++] = page;
	for (size_t i = 0; i < list->n_cases; i++) {
		l->cases = grown(l->cases, l->n_cases, sizeof *l->cases);
		l->cases[l->n_cases++] = (struct listed){ .summary = list->cases[i] };
	}
}

static int read_cases(struct ctl *ctl, const char *peer, bool open_only, struct listing *l)
{
	CyClientFrame frame = CY_CLIENT_FRAME__INIT;
	CyListCases list = CY_LIST_CASES__INIT;
	char after[CY_UUID_LEN + 1] = "";
	bool more = true;

	frame.kind_case = CY_CLIENT_FRAME__KIND_LIST_CASES;
	frame.list_cases = &list;
	list.peer = (char *)(uintptr_t)peer;
	list.open_only = open_only;
	list.limit = CY_PAGE_MAX;
	list.after_case_id = after;
	while (more) {
		CyServerFrame *reply;
		const CyCaseList *page;
		int r = ctl_call(ctl, &frame, CY_SERVER_FRAME__KIND_CASE_LIST, &reply);

		if (r != CTL_DONE)
			return r;
		page = reply->case_list;
		more = page->more && page->n_cases &&
		       cy_copy(after, sizeof after, page->cases[page->n_cases - 1]->case_id) == CY_OK;
		if (ctl->json) {
			out_json(&page->base, 0);
			cy_server_frame__free_unpacked(reply, NULL);
		} else {
			add_page(l, reply);
		}
	}
	return CTL_DONE;
}

static void add_clocks(void *arg, const CyClockList *page)
{
	struct listing *l = arg;

	for (size_t i = 0; i < page->n_clocks; i++) {
		const CyClockView *v = page->clocks[i];
		struct next *n;

		if (v->due_ms == 0 || strcmp(v->state, "running") != 0)
			continue;
		l->next = grown(l->next, l->n_next, sizeof *l->next);
		n = &l->next[l->n_next++];
		snprintf(n->peer, sizeof n->peer, "%s", v->peer);
		snprintf(n->case_id, sizeof n->case_id, "%s", v->case_id);
		n->due_ms = v->due_ms;
		snprintf(n->text, sizeof n->text, "%.*s %s%s", DUE_DATE_LEN, due_text(v, v->due_ms) + DUE_DATE_AT,
			 v->obliged,
			 v->late                       ? say(", late")
			 : clock_unknown(v)[0] != '\0' ? say(", not received")
						       : "");
	}
}

static int by_case(const void *x, const void *y)
{
	const struct next *a = x, *b = y;
	const int c = strcmp(a->case_id, b->case_id);

	return c ? c : strcmp(a->peer, b->peer);
}

static int by_case_and_due(const void *x, const void *y)
{
	const struct next *a = x, *b = y;
	const int c = by_case(a, b);

	return c ? c : (a->due_ms > b->due_ms) - (a->due_ms < b->due_ms);
}

static const struct next *next_of(const struct listing *l, const CyCaseSummary *s)
{
	struct next key;
	const struct next *n;

	snprintf(key.peer, sizeof key.peer, "%s", s->peer);
	snprintf(key.case_id, sizeof key.case_id, "%s", s->case_id);
	n = l->n_next ? bsearch(&key, l->next, l->n_next, sizeof *l->next, by_case) : NULL;
	while (n != NULL && n > l->next && by_case(n - 1, n) == 0)
		n--;
	return n;
}

/* Open before closed; of those what is due first, and none after all that are due; then by id, that is by age. */
static int as_shown(const void *x, const void *y)
{
	const struct listed *a = x, *b = y;
	const int64_t due_a = a->next != NULL ? a->next->due_ms : INT64_MAX,
		      due_b = b->next != NULL ? b->next->due_ms : INT64_MAX;

	if (a->summary->closed != b->summary->closed)
		return a->summary->closed ? 1 : -1;
	if (due_a != due_b)
		return due_a < due_b ? -1 : 1;
	return strcmp(a->summary->case_id, b->summary->case_id);
}

/* By what people name it. */
static const char *reference(const CyCaseSummary *s)
{
	return s->own_reference[0] ? s->own_reference : s->peer_reference;
}

static int by_reference(const void *x, const void *y)
{
	const struct listed *a = x, *b = y;

	return strcmp(reference(a->summary), reference(b->summary));
}

static void arrange(struct listing *l)
{
	if (l->n_next)
		qsort(l->next, l->n_next, sizeof *l->next, by_case_and_due);
	for (size_t i = 0; i < l->n_cases; i++)
		l->cases[i].next = next_of(l, l->cases[i].summary);
	if (l->n_cases)
		qsort(l->cases, l->n_cases, sizeof *l->cases, by_reference);
	for (size_t i = 1; i < l->n_cases; i++)
		if (by_reference(&l->cases[i - 1], &l->cases[i]) == 0)
			l->cases[i - 1].shared = l->cases[i].shared = true;
	if (l->n_cases)
		qsort(l->cases, l->n_cases, sizeof *l->cases, as_shown);
}

/* The id stands where no reference names the case. */
static void name_cell(struct out_table *t, const struct listed *c)
{
	const CyCaseSummary *s = c->summary;
	const char *id = c->shared || !reference(s)[0] ? s->case_id : "";

	out_cell(t, "%s%s%s", s->own_reference, s->own_reference[0] && id[0] ? ", " : "", id);
}

static void print(struct listing *l, bool open_only)
{
	static const char *const heads[] = { "CASE",           "PEER",         "SIDE",     "STATE", "NEXT DUE",
					     "PEER REFERENCE", "LAST MESSAGE", "MESSAGES", "TITLE" };
	struct out_table *t = out_table_new(sizeof heads / sizeof heads[0], heads);
	size_t open = 0;

	arrange(l);
	for (size_t i = 0; i < l->n_cases; i++) {
		const CyCaseSummary *s = l->cases[i].summary;

		open += !s->closed;
		name_cell(t, &l->cases[i]);
		out_cell(t, "%s", s->peer);
		out_cell(t, "%s",
			 say_value(&cy_side__descriptor, (int)s->side, out_word(&cy_side__descriptor, (int)s->side)));
		out_cell(t, "%s%s", say_state(s->state),
			 s->unsent && strcmp(s->state, "QUEUED") != 0 ? say(", not sent") : "");
		out_cell(t, "%s", l->cases[i].next != NULL ? l->cases[i].next->text : "-");
		out_cell(t, "%s", s->peer_reference);
		out_cell(t, "%.10s", out_time(s->changed_ms));
		if (s->unread)
			out_cell(t, "%s", say_made("%u, %u unread", s->messages, s->unread));
		else
			out_cell(t, "%u", s->messages);
		out_cell(t, "%s", s->title);
	}
	out_table_cut(t);
	out_list_end(t, true, "There are no such cases.");
	if (l->n_cases && open_only)
		out_said("%zu open.\n", open);
	else if (l->n_cases)
		out_said("%zu open, %zu closed.\n", open, l->n_cases - open);
}

static int run(struct ctl *ctl, int argc, char **argv)
{
	CyListClocks clocks = CY_LIST_CLOCKS__INIT;
	struct listing l = { .n_cases = 0 };
	const char *peer = "";
	bool open = false;
	const struct ctl_option options[] = { { .name = "peer", .value = &peer }, { .name = "open", .flag = &open } };
	int r = ctl_parse(ctl, &ctl_case_list, argc, argv, options, 2, NULL, 0, 0, NULL);

	if (r != CTL_DONE)
		return r;
	if (peer[0] && !cy_authority_valid(peer))
		return ctl_usage("case list", "'%s' is not an authority id", peer);
	clocks.peer = (char *)(uintptr_t)peer;
	clocks.window = CY_CLOCK_WINDOW__OPEN;
	r = read_cases(ctl, peer, open, &l);
	if (r == CTL_DONE && l.n_cases)
		r = clock_pages(ctl, &clocks, add_clocks, &l);
	if (r == CTL_DONE && !ctl->json)
		print(&l, open);
	for (size_t i = 0; i < l.n_pages; i++)
		cy_server_frame__free_unpacked(l.pages[i], NULL);
	free(l.pages);
	free(l.cases);
	free(l.next);
	return r;
}

const struct ctl_command ctl_case_list = { "case list", "list the cases, the open ones first", help, run, NULL };
