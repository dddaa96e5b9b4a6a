/* evidence list, hold, release, fetch: what there is, and what is ordered about it. */
#include <stdio.h>
#include <string.h>

#include "comityctl/attach.h"
#include "comityctl/evidence_table.h"
#include "comityctl/out.h"

static const char list_help[] = "usage: comityctl evidence list [CASE]\n"
				"\n"
				"Lists the attachments of a case (case id, or a reference), or of all cases that\n"
				"this client may see: how far each has arrived, and what the receiver said of it.\n"
				"\n"
				"With --json each page of up to 1,000 is one line of JSON.\n";

static const char hold_help[] = "usage: comityctl evidence hold MESSAGE-ID/N --reason TEXT\n"
				"\n"
				"Sets a legal hold: the attachment is not destroyed when its retention is over.\n"
				"\n"
				"  --reason TEXT  recorded in its chain of custody\n";

static const char release_help[] = "usage: comityctl evidence release MESSAGE-ID/N --reason TEXT\n"
				   "\n"
				   "Ends a legal hold. What is past its retention is then destroyed.\n"
				   "\n"
				   "  --reason TEXT  recorded in its chain of custody\n";

static const char fetch_help[] =
	"usage: comityctl evidence fetch MESSAGE-ID/N --reason TEXT\n"
	"\n"
	"Has an attachment of the other side fetched again, when the disk here has lost or\n"
	"changed its bytes ('evidence get' says so). Until all of it is verified again it is not\n"
	"here. The other side must still have its copy. Of an own attachment put the same\n"
	"content once more instead ('evidence put'). One that has not arrived yet and was put\n"
	"off for a while is tried now. The answer says what happens.\n"
	"\n"
	"  --reason TEXT  recorded in its chain of custody\n";

static int list_pages(struct ctl *ctl, CyListEvidence *list, struct out_table *t)
{
	CyClientFrame frame = CY_CLIENT_FRAME__INIT;
	CyEvidenceRef after = CY_EVIDENCE_REF__INIT;
	char id[CY_UUID_LEN + 1];
	bool more = true;

	frame.kind_case = CY_CLIENT_FRAME__KIND_LIST_EVIDENCE;
	frame.list_evidence = list;
	list->limit = CY_PAGE_MAX;
	while (more) {
		CyServerFrame *reply;
		const CyEvidenceList *page;
		const CyEvidenceRef *last;
		int r = ctl_call(ctl, &frame, CY_SERVER_FRAME__KIND_EVIDENCE_LIST, &reply);

		if (r != CTL_DONE)
			return r;
		page = reply->evidence_list;
		if (ctl->json)
			out_json(&page->base, 0);
		else
			for (size_t i = 0; i < page->n_items; i++)
				evidence_row(t, page->items[i]);
		last = page->n_items ? page->items[page->n_items - 1]->item : NULL;
		more = page->more && last != NULL && cy_copy(id, sizeof id, last->message_id) == CY_OK;
		if (more) {
			after.message_id = id;
			after.attachment = last->attachment;
			list->after = &after;
		}
		cy_server_frame__free_unpacked(reply, NULL);
	}
	return CTL_DONE;
}

static int run_list(struct ctl *ctl, int argc, char **argv)
{
	CyListEvidence list = CY_LIST_EVIDENCE__INIT;
	const char *ref = "";
	struct out_table *t;
	int r = ctl_parse(ctl, &ctl_evidence_list, argc, argv, NULL, 0, &ref, 0, 1, NULL);

	if (r != CTL_DONE)
		return r;
	list.case_ref = (char *)(uintptr_t)ref;
	t = evidence_table();
	r = list_pages(ctl, &list, t);
	out_list_end(t, r == CTL_DONE && !ctl->json, "There is no evidence.");
	return r;
}

/* An order, and the attachment that it is about. */
struct order {
	CyEvidenceRef item;
	struct attach_ref ref;
	const char *text, *reason;
};

static int parse_order(struct ctl *ctl, const struct ctl_command *command, int argc, char **argv, struct order *o)
{
	const struct ctl_option options[] = { { .name = "reason", .value = &o->reason } };
	int r = ctl_parse(ctl, command, argc, argv, options, 1, &o->text, 1, 1, NULL);

	if (r == CTL_DONE)
		r = attach_ref(command->name, o->text, &o->ref);
	if (r == CTL_DONE && (o->reason == NULL || !o->reason[0]))
		r = ctl_usage(command->name, "'%s' requires a --reason, which is recorded in the chain of custody",
			      command->name);
	cy_evidence_ref__init(&o->item);
	o->item.message_id = o->ref.message_id;
	o->item.attachment = o->ref.attachment;
	return r;
}

/* `done`: what to say of it where the daemon says nothing. */
static int give_order(struct ctl *ctl, const struct order *o, CyClientFrame *frame, const char *done)
{
	CyServerFrame *reply;
	int r = ctl_call(ctl, frame, CY_SERVER_FRAME__KIND_DONE, &reply);

	if (r != CTL_DONE)
		return r;
	if (ctl->json)
		out_json(&reply->done->base, 0);
	else
		printf("%s%s %s.\n", o->text, reply->done->text[0] ? ":" : "",
		       reply->done->text[0] ? reply->done->text : done);
	cy_server_frame__free_unpacked(reply, NULL);
	return CTL_DONE;
}

static int set_hold(struct ctl *ctl, const struct ctl_command *command, int argc, char **argv, bool on)
{
	CyClientFrame frame = CY_CLIENT_FRAME__INIT;
	CyHoldEvidence hold = CY_HOLD_EVIDENCE__INIT;
	struct order o = { .reason = NULL };
	int r = parse_order(ctl, command, argc, argv, &o);

	if (r != CTL_DONE)
		return r;
	hold.item = &o.item;
	hold.hold = on;
	hold.reason = (char *)(uintptr_t)o.reason;
	frame.kind_case = CY_CLIENT_FRAME__KIND_HOLD_EVIDENCE;
	frame.hold_evidence = &hold;
	return give_order(ctl, &o, &frame, on ? "is on legal hold" : "is not on hold any more");
}

static int run_hold(struct ctl *ctl, int argc, char **argv)
{
	return set_hold(ctl, &ctl_evidence_hold, argc, argv, true);
}

static int run_release(struct ctl *ctl, int argc, char **argv)
{
	return set_hold(ctl, &ctl_evidence_release, argc, argv, false);
}

static int run_fetch(struct ctl *ctl, int argc, char **argv)
{
	CyClientFrame frame = CY_CLIENT_FRAME__INIT;
	CyFetchEvidence fetch = CY_FETCH_EVIDENCE__INIT;
	struct order o = { .reason = NULL };
	int r = parse_order(ctl, &ctl_evidence_fetch, argc, argv, &o);

	if (r != CTL_DONE)
		return r;
	fetch.item = &o.item;
	fetch.reason = (char *)(uintptr_t)o.reason;
	frame.kind_case = CY_CLIENT_FRAME__KIND_FETCH_EVIDENCE;
	frame.fetch_evidence = &fetch;
	return give_order(ctl, &o, &frame, "is fetched again");
}

const struct ctl_command ctl_evidence_list = { "evidence list", "list attachments, and how far they have arrived",
					       list_help, run_list, NULL };
const struct ctl_command ctl_evidence_hold = { "evidence hold", "keep an attachment beyond its retention", hold_help,
					       run_hold, NULL };
const struct ctl_command ctl_evidence_release = { "evidence release", "end such a hold", release_help, run_release,
						  NULL };
const struct ctl_command ctl_evidence_fetch = { "evidence fetch", "fetch an attachment again that the disk spoilt",
						fetch_help, run_fetch, NULL };
