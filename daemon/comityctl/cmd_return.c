/* return-deficient: sends back what the other side asked, with its faults. */
#include <stdio.h>
#include <string.h>

#include "comityctl/deliver.h"
#include "comityctl/out.h"

static const char help[] = "usage: comityctl return-deficient REF [--text TEXT] [--key KEY] [--priority PRIORITY]\n"
			   "\n"
			   "Returns the case REF (case id, or a reference) as deficient: not registered, and\n"
			   "no refusal. What is sent is exactly the list of faults that 'comityctl case show'\n"
			   "prints: what the treaty profile asks and the request lacks. For other reasons there\n"
			   "is 'comityctl send returned-deficient'.\n"
			   "\n"
			   "  --text TEXT          in words (default: a sentence that names the instrument)\n"
			   "  --key KEY            idempotency key (default: the SHA-256 of what is said and of the\n"
			   "                       day, UTC; give one to say the same twice in a day)\n"
			   "  --priority PRIORITY  LOW, NORMAL, HIGH or EMERGENCY\n";

static int send_back(struct ctl *ctl, const CyCaseView *v, const char *ref, const char *text, const char *key,
		     CyPriority priority)
{
	CySubmission submission = CY_SUBMISSION__INIT;
	CyContent content = CY_CONTENT__INIT;
	CyReturnedDeficient returned = CY_RETURNED_DEFICIENT__INIT;
	char words[256];

	if (!v->n_faults)
		return ctl_fail(
			CTL_REFUSED,
			"nothing was found wrong with the case %s; 'comityctl send returned-deficient' says what "
			"is missing in your own words",
			ref);
	snprintf(words, sizeof words, "The request is not as %.100s asks: %zu%s fault%s.",
		 v->summary != NULL && v->summary->instrument[0] ? v->summary->instrument : "the instrument",
		 v->n_faults, v->more_faults ? " or more" : "", v->n_faults == 1 ? "" : "s");
	returned.faults = v->faults;
	returned.n_faults = v->n_faults;
	returned.text = (char *)(uintptr_t)(text != NULL ? text : words);
	content.kind_case = CY_CONTENT__KIND_RETURNED_DEFICIENT;
	content.returned_deficient = &returned;
	submission.case_ref = (char *)(uintptr_t)ref;
	submission.priority = priority;
	submission.content = &content;
	return deliver(ctl, "return-deficient", key, false, &submission);
}

static int run(struct ctl *ctl, int argc, char **argv)
{
	const char *ref, *text = NULL, *key = NULL, *word = NULL;
	const struct ctl_option options[] = { { .name = "text", .value = &text },
					      { .name = "key", .value = &key },
					      { .name = "priority", .value = &word } };
	CyPriority priority = CY_PRIORITY__PRIORITY_UNSPECIFIED;
	CyServerFrame *reply;
	int r = ctl_parse(ctl, &ctl_return_deficient, argc, argv, options, sizeof options / sizeof options[0], &ref, 1,
			  1, NULL);

	if (r == CTL_DONE && word != NULL)
		r = deliver_priority(ctl_return_deficient.name, word, &priority);
	if (r == CTL_DONE)
		r = ctl_show_case(ctl, ref, &reply);
	if (r != CTL_DONE)
		return r;
	r = send_back(ctl, reply->case_view, ref, text, key, priority);
	cy_server_frame__free_unpacked(reply, NULL);
	return r;
}

const struct ctl_command ctl_return_deficient = { "return-deficient", "return a request with the faults found in it",
						  help, run, NULL };
