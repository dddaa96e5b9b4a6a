/* evidence put: hands content over, and says how it is attached. */
#include <stdlib.h>
#include <string.h>

#include "comityctl/out.h"
#include "comityctl/upload.h"

static const char help[] =
	"usage: comityctl evidence put FILE...|- [--name NAME] [--stream] [--key KEY] [--output FILE]\n"
	"                              [--progress] [what is said about it]\n"
	"\n"
	"Hands content over to the daemon, any size, and prints the attachment that a message\n"
	"is to have: with --json as one line of JSON for each file. It is on stable storage\n"
	"then; attach it within 30 days, or it is deleted. The shorter way is --attach FILE of\n"
	"'comityctl send' and 'comityctl submit', which hands it over and attaches it.\n"
	"\n"
	"A file is handed over open, and the daemon copies it. '-' is standard input, which is\n"
	"streamed, as pipes and devices are. Repeated after an interruption, the same command\n"
	"goes on.\n"
	"\n"
	"  --name NAME          file name in the attachment (default: the last part of FILE)\n"
	"  --stream             stream a file, too: for a daemon that may not read it\n"
	"  --key KEY            name of the upload, by which it goes on; a pipe needs one for\n"
	"                       that, and skips what is there already (default: made of the\n"
	"                       file's device, inode, size and time of change)\n"
	"  --output FILE        append the attachments to the JSON in FILE, which 'send' and\n"
	"                       'submit' take; a new one has nothing else\n"
	"  --progress           tell by lines how far it is, where there is no terminal\n"
	"\n" ATTACH_HELP;

static int run(struct ctl *ctl, int argc, char **argv)
{
	static struct attach_options described;
	static const char *files[CTL_LIST_MAX];
	static CyAttachment *list[CTL_LIST_MAX];
	struct upload_options o = { 0 };
	const char *given = NULL, *output = NULL;
	const struct ctl_option options[] = {
		{ .name = "name", .value = &given },      { .name = "stream", .flag = &o.stream },
		{ .name = "key", .value = &o.key },       { .name = "output", .value = &output },
		{ .name = "progress", .flag = &o.lines }, ATTACH_OPTIONS(&described)
	};
	size_t n_files, n = 0;
	int r = ctl_parse(ctl, &ctl_evidence_put, argc, argv, options, sizeof options / sizeof options[0], files, 1,
			  CTL_LIST_MAX, &n_files);

	if (r == CTL_DONE && n_files > 1 && (given != NULL || o.key != NULL))
		r = ctl_usage(ctl_evidence_put.name, "--name and --key go with one file");
	if (r == CTL_DONE)
		r = attach_check(ctl_evidence_put.name, &described);
	for (size_t i = 0; r == CTL_DONE && i < n_files; i++)
		r = attach_name(files[i], given) != NULL ? CTL_DONE : CTL_USAGE;
	while (r == CTL_DONE && n < n_files) {
		r = upload(ctl, files[n], attach_name(files[n], given), &o, &described, &list[n]);
		if (r != CTL_DONE)
			break;
		if (ctl->json)
			out_json(&list[n]->base, 0);
		else
			attach_print(list[n]);
		n++;
	}
	if (r == CTL_DONE && output != NULL)
		r = attach_write(output, list, n);
	for (size_t i = 0; i < n; i++)
		cy_attachment__free_unpacked(list[i], NULL);
	return r;
}

const struct ctl_command ctl_evidence_put = { "evidence put", "hand over content that messages can have attached", help,
					      run, NULL };
