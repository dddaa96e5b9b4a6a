/* evidence uploads: what is not complete, or not attached yet, and what it has of the disk. */
#include <stdio.h>
#include <string.h>

#include "comityctl/ctl.h"
#include "comityctl/out.h"

static const char uploads_help[] =
	"usage: comityctl evidence uploads [drop ID]\n"
	"\n"
	"Lists what local clients hand over, have left in the middle of it, or have handed over\n"
	"and attached to no message yet; and what is left of items that are fetched from peers:\n"
	"the bytes that came, what it has of the disk, and what is kept for it beyond that. A\n"
	"submitter sees its own.\n"
	"\n"
	"  drop ID  throw one away, with all bytes that came. For administrators; a submitter\n"
	"           may drop its own\n";

static int list_uploads(struct ctl *ctl)
{
	static const char *const heads[] = { "WHOSE", "STATE", "SINCE", "SIZE", "HERE", "ON DISK", "RESERVED", "ID" };
	CyClientFrame frame = CY_CLIENT_FRAME__INIT;
	CyListUploads list = CY_LIST_UPLOADS__INIT;
	CyServerFrame *reply;
	struct out_table *t;
	int r;

	frame.kind_case = CY_CLIENT_FRAME__KIND_LIST_UPLOADS;
	frame.list_uploads = &list;
	r = ctl_call(ctl, &frame, CY_SERVER_FRAME__KIND_UPLOAD_LIST, &reply);
	if (r != CTL_DONE)
		return r;
	if (ctl->json) {
		out_json(&reply->upload_list->base, 0);
		cy_server_frame__free_unpacked(reply, NULL);
		return CTL_DONE;
	}
	t = out_table_new(sizeof heads / sizeof heads[0], heads);
	for (size_t i = 0; i < reply->upload_list->n_uploads; i++) {
		const CyUpload *u = reply->upload_list->uploads[i];

		if (u->peer[0])
			out_cell(t, "peer %s", u->peer);
		else
			out_cell(t, "%s", u->client[0] ? u->client : "nobody");
		out_cell(t, "%s", u->state);
		out_cell(t, "%s", out_time(u->since_ms));
		out_cell(t, "%s", u->size ? out_size(u->size) : "-");
		out_cell(t, "%s", out_size(u->here));
		out_cell(t, "%s", out_size(u->held_bytes));
		out_cell(t, "%s", u->reserved_bytes ? out_size(u->reserved_bytes) : "-");
		out_cell(t, "%s", u->id);
	}
	out_list_end(t, true, "Nothing is unfinished, and nothing waits to be attached.");
	if (reply->upload_list->more)
		printf("\nThere are more, which are not shown.\n");
	cy_server_frame__free_unpacked(reply, NULL);
	return CTL_DONE;
}

static int drop_upload(struct ctl *ctl, const char *id)
{
	CyClientFrame frame = CY_CLIENT_FRAME__INIT;
	CyDropUpload drop = CY_DROP_UPLOAD__INIT;

	drop.id = (char *)(uintptr_t)id;
	frame.kind_case = CY_CLIENT_FRAME__KIND_DROP_UPLOAD;
	frame.drop_upload = &drop;
	return ctl_order(ctl, &frame, "%s is dropped", id);
}

static int run_uploads(struct ctl *ctl, int argc, char **argv)
{
	const char *words[2] = { "", "" };
	int r = ctl_parse(ctl, &ctl_evidence_uploads, argc, argv, NULL, 0, words, 0, 2, NULL);

	if (r != CTL_DONE)
		return r;
	if (!words[0][0])
		return list_uploads(ctl);
	if (strcmp(words[0], "drop") != 0 || !words[1][0])
		return ctl_usage(ctl_evidence_uploads.name, "'%s' takes nothing, or drop and the ID of an upload",
				 ctl_evidence_uploads.name);
	return drop_upload(ctl, words[1]);
}

const struct ctl_command ctl_evidence_uploads = { "evidence uploads",
						  "list what is not complete or attached yet, or drop some of it",
						  uploads_help, run_uploads, NULL };
