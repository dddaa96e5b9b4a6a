/* submit: hands in a message from its JSON. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "comityctl/deliver.h"
#include "comityctl/input.h"
#include "comityctl/out.h"
#include "law/validate.h"

static const char help[] =
	"usage: comityctl submit FILE|- [--key KEY] [--to AUTHORITY] [--priority PRIORITY] [--check]\n"
	"\n"
	"Hands in a message: a new request, or one in a case. FILE is JSON of\n"
	"comity.v1.Submission (proto3 mapping); '-' is standard input. Lines that begin\n"
	"with // are comments. 'comityctl template MEASURE' prints a form to fill in; a\n"
	"file in which a text still says FILL IN is not sent.\n"
	"\n"
	"  --key KEY            idempotency key: repeated with the same key and content,\n"
	"                       nothing takes effect twice (default: a random one, printed\n"
	"                       when the outcome is uncertain)\n"
	"  --to AUTHORITY       addressee, instead of that in the file\n"
	"  --priority PRIORITY  LOW, NORMAL, HIGH or EMERGENCY, instead of that in the file\n"
	"  --check              only check the file, without a daemon: all faults found\n"
	"                       are printed, and the exit code is 4 if there are any\n";

static int check(const char *file, const CySubmission *s)
{
	struct law_faults *faults = calloc(1, sizeof(*faults));
	bool opens = !s->case_ref[0], wrong = false;

	CY_ASSERT(faults);
	if (opens && !cy_authority_valid(s->to))
		wrong = ctl_fail(true, "%s: to: the authority id of the addressee is mandatory", file);
	if (opens && (!s->own_reference[0] || strlen(s->own_reference) > CY_REFERENCE_MAX))
		wrong = ctl_fail(true, "%s: own_reference: 1 to %u bytes are mandatory", file, CY_REFERENCE_MAX);
	if (!s->content)
		wrong = ctl_fail(true, "%s: content: what is said is mandatory", file);
	else
		law_validate(s->content, faults);
	for (size_t i = 0; i < faults->n; i++) {
		const struct law_fault *f = &faults->at[i];
		bool article = f->article[0] != 0;

		wrong = ctl_fail(true, "%s: content.%s: %s%s%s%s", file, f->field, f->text, article ? " (" : "",
				 article ? f->article : "", article ? ")" : "");
	}
	free(faults);
	if (!wrong)
		printf("complete: nothing is missing that every request must hold\n");
	return wrong ? CTL_BAD_FILE : CTL_DONE;
}

static void replace(char **field, const char *value)
{
	if (*field != protobuf_c_empty_string)
		free(*field);
	*field = strdup(value);
	CY_ASSERT(*field);
}

static int load(const char *file, CySubmission **ret_submission)
{
	struct cy_buf text;
	ProtobufCMessage *m;
	int r = input_read(file, &text);

	if (r != CTL_DONE)
		return r;
	r = input_parse(file, cy_buf_view(&text), &cy_submission__descriptor, &m);
	cy_buf_free(&text);
	if (r == CTL_DONE)
		*ret_submission = (CySubmission *)m;
	return r;
}

static int run(struct ctl *ctl, int argc, char **argv)
{
	const char *file, *key = NULL, *to = NULL, *priority = NULL;
	bool only_check = false;
	const struct ctl_option options[] = { { .name = "key", .value = &key },
					      { .name = "to", .value = &to },
					      { .name = "priority", .value = &priority },
					      { .name = "check", .flag = &only_check } };
	CySubmission *s = NULL;
	int r = ctl_parse(ctl, &ctl_submit, argc, argv, options, sizeof(options) / sizeof(options[0]), &file, 1, 1,
			  NULL);

	if (r == CTL_DONE)
		r = load(file, &s);
	if (r != CTL_DONE)
		return r;
	if (to)
		replace(&s->to, to);
	if (priority)
		r = deliver_priority(ctl_submit.name, priority, &s->priority);
	if (r == CTL_DONE)
		r = input_filled(file, &s->base);
	if (r == CTL_DONE)
		r = only_check ? check(file, s) : deliver(ctl, ctl_submit.name, key, s);
	cy_submission__free_unpacked(s, NULL);
	return r;
}

const struct ctl_command ctl_submit = { "submit", "hand in a request, or any message, from its JSON", help, run, NULL };
