/* submit: hands in a message from its JSON. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "comityctl/deliver.h"
#include "comityctl/input.h"
#include "comityctl/upload.h"

static const char help[] = "usage: comityctl submit FILE|- [--attach FILE]... [--key KEY] [--to AUTHORITY]\n"
			   "                        [--priority PRIORITY] [--same-reference]\n"
			   "\n"
			   "Hands in a message: a new request, or one in a case. FILE is JSON of\n"
			   "comity.v1.Submission (proto3 mapping); '-' is standard input. Lines that begin\n"
			   "with // are comments. 'comityctl template MEASURE' prints a form to fill in; a\n"
			   "file in which a text still says FILL IN is not sent.\n"
			   "\n"
			   "  --attach FILE        hand the file over and attach it, as 'comityctl evidence put'\n"
			   "                       does; may be repeated. One that FILE lists by its name\n"
			   "                       becomes what is listed there\n"
			   "  --key KEY            idempotency key: repeated with the same key and content,\n"
			   "                       nothing takes effect twice (default: the SHA-256 of what is\n"
			   "                       handed in, so that the same command may be repeated)\n"
			   "  --same-reference     this is another case, although one with this authority has\n"
			   "                       the same own reference\n"
			   "  --to AUTHORITY       addressee, instead of that in the file\n"
			   "  --priority PRIORITY  LOW, NORMAL, HIGH or EMERGENCY, instead of that in the file\n"
			   "\n"
			   "About the files that are attached:\n"
			   "\n" ATTACH_HELP "\n"
			   "'comityctl check FILE' looks for faults without a daemon.\n";

static void replace(char **field, const char *value)
{
	if (*field != protobuf_c_empty_string)
		free(*field);
	*field = strdup(value);
	CY_ASSERT(*field != NULL);
}

static int run(struct ctl *ctl, int argc, char **argv)
{
	const char *file, *key = NULL, *to = NULL, *priority = NULL;
	static struct ctl_list files;
	static struct attach_options described;
	bool same_reference = false;
	const struct ctl_option options[] = { { .name = "attach", .list = &files },
					      { .name = "key", .value = &key },
					      { .name = "to", .value = &to },
					      { .name = "priority", .value = &priority },
					      { .name = "same-reference", .flag = &same_reference },
					      ATTACH_OPTIONS(&described) };
	CySubmission *s = NULL;
	int r = ctl_parse(ctl, &ctl_submit, argc, argv, options, sizeof options / sizeof options[0], &file, 1, 1, NULL);

	if (r == CTL_DONE)
		r = input_submission(file, NULL, NULL, &s);
	if (r != CTL_DONE)
		return r;
	if (to != NULL)
		replace(&s->to, to);
	if (priority != NULL)
		r = deliver_priority(ctl_submit.name, priority, &s->priority);
	if (r == CTL_DONE)
		r = input_filled(file, &s->base, NULL, NULL);
	if (r == CTL_DONE)
		r = upload_attach(ctl, ctl_submit.name, attach_body(s->content), &files, &described);
	if (r == CTL_DONE)
		r = deliver(ctl, ctl_submit.name, key, same_reference, s);
	cy_submission__free_unpacked(s, NULL);
	return r;
}

const struct ctl_command ctl_submit = { "submit", "hand in a request, or any message, from its JSON", help, run, NULL };
