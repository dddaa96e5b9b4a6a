/* cursor list, cursor remove: how far clients have dealt with events. */
#include <stdio.h>

#include "base/limits.h"
#include "comityctl/ctl.h"
#include "comityctl/out.h"

static const char list_help[] = "usage: comityctl cursor list\n"
				"\n"
				"Lists the durable cursors of all clients: the event up to which each has dealt with\n"
				"them, and for how long the next one waits for it. Every event is kept until all\n"
				"cursors whose client may see it have passed it.\n"
				"\n"
				"With --json each page of up to 1,000 is one line of JSON.\n";

static const char remove_help[] =
	"usage: comityctl cursor remove CLIENT NAME\n"
	"\n"
	"Removes a cursor with which nobody reads any more, so that the events that it holds up\n"
	"may go (store.keep_events). A case system that uses it still would have to begin anew:\n"
	"ask before. For administrators.\n";

static void print_page(struct out_table *t, const CyCursorList *page)
{
	for (size_t i = 0; i < page->n_cursors; i++) {
		const CyCursorView *v = page->cursors[i];

		out_cell(t, "%s", v->client);
		out_cell(t, "%s", v->name);
		out_cell(t, "%llu", (unsigned long long)v->position);
		out_cell(t, "%s", v->next_ms > 0 ? out_age(page->now_ms - v->next_ms) : "-");
	}
}

static int list_pages(struct ctl *ctl, struct out_table *t)
{
	CyClientFrame frame = CY_CLIENT_FRAME__INIT;
	CyListCursors list = CY_LIST_CURSORS__INIT;
	char client[CY_CLIENT_MAX + 1], name[CY_KEY_MAX + 1];
	bool more = true;

	frame.kind_case = CY_CLIENT_FRAME__KIND_LIST_CURSORS;
	frame.list_cursors = &list;
	while (more) {
		CyServerFrame *reply;
		const CyCursorList *page;
		int r = ctl_call(ctl, &frame, CY_SERVER_FRAME__KIND_CURSOR_LIST, &reply);

		if (r != CTL_DONE)
			return r;
		page = reply->cursor_list;
		if (ctl->json)
			out_json(&page->base, 0);
		else
			print_page(t, page);
		more = page->more && page->n_cursors;
		if (more) {
			cy_copy(client, sizeof client, page->cursors[page->n_cursors - 1]->client);
			cy_copy(name, sizeof name, page->cursors[page->n_cursors - 1]->name);
			list.after_client = client;
			list.after_name = name;
		}
		cy_server_frame__free_unpacked(reply, NULL);
	}
	return CTL_DONE;
}

static int run_list(struct ctl *ctl, int argc, char **argv)
{
	static const char *const heads[] = { "CLIENT", "CURSOR", "EVENT", "NEXT WAITS" };
	struct out_table *t;
	int r = ctl_parse(ctl, &ctl_cursor_list, argc, argv, NULL, 0, NULL, 0, 0, NULL);

	if (r != CTL_DONE)
		return r;
	t = out_table_new(sizeof heads / sizeof heads[0], heads);
	r = list_pages(ctl, t);
	out_list_end(t, r == CTL_DONE && !ctl->json, "There are no cursors.");
	return r;
}

static int run_remove(struct ctl *ctl, int argc, char **argv)
{
	CyClientFrame frame = CY_CLIENT_FRAME__INIT;
	CyRemoveCursor remove = CY_REMOVE_CURSOR__INIT;
	const char *words[2];
	int r = ctl_parse(ctl, &ctl_cursor_remove, argc, argv, NULL, 0, words, 2, 2, NULL);

	if (r != CTL_DONE)
		return r;
	remove.client = (char *)(uintptr_t)words[0];
	remove.name = (char *)(uintptr_t)words[1];
	frame.kind_case = CY_CLIENT_FRAME__KIND_REMOVE_CURSOR;
	frame.remove_cursor = &remove;
	return ctl_order(ctl, &frame, "Cursor %s of client %s is removed", words[1], words[0]);
}

const struct ctl_command ctl_cursor_list = { "cursor list", "how far clients have dealt with events", list_help,
					     run_list, NULL };
const struct ctl_command ctl_cursor_remove = { "cursor remove", "remove a cursor that nobody moves any more",
					       remove_help, run_remove, NULL };
