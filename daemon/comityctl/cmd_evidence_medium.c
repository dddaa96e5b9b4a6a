/* evidence manifest, evidence confirm: material that travels on a physical medium. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "comityctl/deliver.h"
#include "comityctl/meter.h"
#include "comityctl/out.h"
#include "comityctl/upload.h"

#define BUFFER (1024u * 1024u)

static const char manifest_help[] =
	"usage: comityctl evidence manifest FILE... --medium TEXT [--output FILE] [--progress]\n"
	"                                   [what is said about it]\n"
	"\n"
	"Hashes files that travel on a physical medium, without a daemon, and prints what a\n"
	"message is to say about them: JSON that 'comityctl send KIND CASE FILE' takes. The\n"
	"receiver compares the medium with the signed message by 'comityctl evidence confirm'.\n"
	"\n"
	"  --medium TEXT        what it travels on, such as its make and serial number\n"
	"  --output FILE        append to the JSON in FILE instead of printing\n"
	"  --progress           tell by lines how far it is, where there is no terminal\n"
	"\n" ATTACH_HELP;

static const char confirm_help[] =
	"usage: comityctl evidence confirm CASE --message MESSAGE-ID --dir DIR\n"
	"                                  [--reject-on-mismatch] [--key KEY] [--progress]\n"
	"\n"
	"Compares a physical medium that arrived with the signed message that announced it: each\n"
	"file in DIR is hashed, and a line is printed for each. When all are well, the other side\n"
	"is told so by a signed message (evidence-verification, VERIFIED).\n"
	"\n"
	"  --message MESSAGE-ID   the message with the manifest\n"
	"  --dir DIR              where the medium is mounted\n"
	"  --reject-on-mismatch   when not all are well, those that are not are rejected, with\n"
	"                         the reasons; without it nothing is sent\n"
	"  --key KEY              idempotency key (default: the SHA-256 of what is said and of the\n"
	"                           day, UTC; give one to say the same twice in a day)\n"
	"  --progress             tell by lines how far it is, where there is no terminal\n";

static int hash_file(int fd, const char *file, const char *name, bool lines, uint64_t *ret_size,
		     struct cy_digest *ret_sha256)
{
	struct cy_sha256_stream hash;
	uint8_t *data = malloc(BUFFER);
	struct meter m;
	struct stat st = { 0 };
	uint64_t size = 0;
	ssize_t n;

	CY_ASSERT(data != NULL);
	if (fstat(fd, &st) < 0)
		st.st_size = 0;
	cy_sha256_begin(&hash);
	meter_begin(&m, name, (uint64_t)st.st_size, lines);
	while ((n = upload_read(fd, file, data, BUFFER)) > 0) {
		cy_sha256_update(&hash, cy_bytes(data, (size_t)n));
		size += (uint64_t)n;
		meter_at(&m, size);
	}
	meter_end(&m);
	*ret_sha256 = cy_sha256_end(&hash);
	*ret_size = size;
	free(data);
	return n < 0 ? CTL_BAD_FILE : CTL_DONE;
}

/* ------------------------------------------------------------------- manifest */

static int describe(const char *file, const char *medium, bool lines, const struct attach_options *described,
		    CyAttachment **ret_attachment)
{
	const char *name = attach_name(file, NULL);
	struct cy_digest sha256;
	uint64_t size;
	int fd, r;

	if (name == NULL)
		return CTL_USAGE;
	fd = upload_open(file);
	if (fd < 0)
		return CTL_BAD_FILE;
	r = hash_file(fd, file, name, lines, &size, &sha256);
	close(fd);
	if (r != CTL_DONE)
		return r;
	*ret_attachment = attach_new(described, name, size, &sha256);
	(*ret_attachment)->medium = strdup(medium);
	CY_ASSERT((*ret_attachment)->medium);
	return CTL_DONE;
}

/* A body with nothing but attachments: Result has the same field under the same name as every kind
 * that has any. */
static void print_body(CyAttachment **list, size_t n)
{
	CyResult body = CY_RESULT__INIT;

	body.attachments = list;
	body.n_attachments = n;
	out_json_people(&body.base, 2);
}

static int run_manifest(struct ctl *ctl, int argc, char **argv)
{
	static struct attach_options described;
	static const char *files[CTL_LIST_MAX];
	static CyAttachment *list[CTL_LIST_MAX];
	const char *medium = NULL, *output = NULL;
	bool lines = false;
	const struct ctl_option options[] = { { .name = "medium", .value = &medium },
					      { .name = "output", .value = &output },
					      { .name = "progress", .flag = &lines },
					      ATTACH_OPTIONS(&described) };
	size_t n_files, n = 0;
	int r = ctl_parse(ctl, &ctl_evidence_manifest, argc, argv, options, sizeof options / sizeof options[0], files,
			  1, CTL_LIST_MAX, &n_files);

	if (r == CTL_DONE && (medium == NULL || !medium[0] || !cy_utf8_valid(medium, strlen(medium))))
		r = ctl_usage(ctl_evidence_manifest.name,
			      "it requires --medium TEXT: what the files travel on, such as make and serial number");
	if (r == CTL_DONE)
		r = attach_check(ctl_evidence_manifest.name, &described);
	while (r == CTL_DONE && n < n_files) {
		r = describe(files[n], medium, lines, &described, &list[n]);
		for (size_t i = 0; r == CTL_DONE && i < n; i++)
			if (strcmp(list[i]->name, list[n]->name) == 0)
				r = ctl_fail(CTL_USAGE,
					     "two files are called '%s'; on one medium each needs a name of its own",
					     list[n]->name);
		n += list[n] != NULL;
	}
	if (r == CTL_DONE && output != NULL)
		r = attach_write(output, list, n);
	else if (r == CTL_DONE)
		print_body(list, n);
	for (size_t i = 0; i < n; i++)
		cy_attachment__free_unpacked(list[i], NULL);
	return r;
}

/* -------------------------------------------------------------------- confirm */

struct confirming {
	const char *dir;
	bool lines;
	uint32_t well[CY_REPEATED_MAX], bad[CY_REPEATED_MAX]; /* places, from 1 */
	size_t n_well, n_bad;
	struct cy_buf reasons;
};

/* Says what is wrong with a file of the medium; the text is empty if nothing is. */
static int compare(const struct confirming *c, int dir, const CyAttachment *a, char *out, size_t size)
{
	struct cy_digest sha256;
	struct stat st;
	uint64_t len;
	int fd, r;

	out[0] = 0;
	if (!attach_name_valid(a->name)) {
		snprintf(out, size, "its name is none for a file");
		return CTL_DONE;
	}
	fd = openat(dir, a->name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0 && errno == ENOENT) {
		snprintf(out, size, "it is not on the medium");
		return CTL_DONE;
	}
	if (fd < 0)
		return ctl_fail(CTL_BAD_FILE, "%s/%s: %s", c->dir, a->name, strerror(errno));
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		close(fd);
		snprintf(out, size, "it is not a file");
		return CTL_DONE;
	}
	r = hash_file(fd, a->name, a->name, c->lines, &len, &sha256);
	close(fd);
	if (r != CTL_DONE)
		return r;
	if (len != a->size)
		snprintf(out, size, "it has %llu bytes instead of %llu", (unsigned long long)len,
			 (unsigned long long)a->size);
	else if (a->sha256.len != CY_SHA256_LEN || memcmp(sha256.b, a->sha256.data, CY_SHA256_LEN) != 0)
		snprintf(out, size, "its SHA-256 is another");
	return CTL_DONE;
}

static int compare_all(struct confirming *c, bool json, CyAttachment **list, size_t n)
{
	int dir = open(c->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = CTL_DONE;

	if (dir < 0)
		return ctl_fail(CTL_BAD_FILE, "%s: %s", c->dir, strerror(errno));
	for (size_t i = 0; r == CTL_DONE && i < n; i++) {
		char what[128];

		if (!list[i]->medium[0])
			continue;
		r = compare(c, dir, list[i], what, sizeof what);
		if (r != CTL_DONE)
			break;
		if (!json) {
			printf("%-4s ", what[0] ? "BAD" : "ok");
			out_safe(stdout, list[i]->name);
			printf("%s%s\n", what[0] ? ": " : "", what);
		}
		if (!what[0]) {
			c->well[c->n_well++] = (uint32_t)i + 1;
			continue;
		}
		c->bad[c->n_bad++] = (uint32_t)i + 1;
		cy_buf_addf(&c->reasons, "%s%s: %s", c->reasons.len ? "; " : "", list[i]->name, what);
	}
	close(dir);
	return r;
}

static int say(struct ctl *ctl, struct confirming *c, const char *ref, uint32_t number, const char *key)
{
	CySubmission submission = CY_SUBMISSION__INIT;
	CyContent content = CY_CONTENT__INIT;
	CyEvidenceVerification v = CY_EVIDENCE_VERIFICATION__INIT;

	v.result = number;
	v.state = c->n_bad ? CY_EVIDENCE_STATE__REJECTED : CY_EVIDENCE_STATE__VERIFIED;
	v.attachments = c->n_bad ? c->bad : c->well;
	v.n_attachments = c->n_bad ? c->n_bad : c->n_well;
	if (c->n_bad)
		v.reason = (char *)c->reasons.data;
	content.kind_case = CY_CONTENT__KIND_EVIDENCE_VERIFICATION;
	content.evidence_verification = &v;
	submission.case_ref = (char *)(uintptr_t)ref;
	submission.content = &content;
	return deliver(ctl, ctl_evidence_confirm.name, key, false, &submission);
}

/* Is the message in the case that is named? Its number would mean something else in another. */
static int check_case(struct ctl *ctl, const char *ref, const char *case_id)
{
	CyServerFrame *reply;
	int r = ctl_show_case(ctl, ref, &reply);

	if (r != CTL_DONE)
		return r;
	if (reply->case_view->summary == NULL || strcmp(reply->case_view->summary->case_id, case_id) != 0)
		r = ctl_fail(CTL_NOT_FOUND, "the message is not in the case %s, but in %s", ref, case_id);
	cy_server_frame__free_unpacked(reply, NULL);
	return r;
}

static int confirm(struct ctl *ctl, struct confirming *c, const CyMessageView *v, const char *ref, bool reject,
		   const char *key)
{
	CyAttachment **list;
	size_t n, media = 0;
	int r;

	list = attach_list(attach_body(v->message != NULL ? v->message->content : NULL), &n);
	for (size_t i = 0; i < n; i++)
		media += list[i]->medium[0] != 0;
	if (v->summary == NULL || !media)
		return ctl_fail(CTL_NOT_FOUND, "the message has no attachments that travel on a medium");
	if (v->message->content->kind_case != CY_CONTENT__KIND_RESULT)
		return ctl_fail(CTL_REFUSED, "only what came with a result is confirmed by a message");
	r = check_case(ctl, ref, v->message->case_id);
	if (r == CTL_DONE)
		r = compare_all(c, ctl->json, list, n);
	if (r != CTL_DONE)
		return r;
	if (c->n_bad && !reject)
		return ctl_fail(CTL_BAD_FILE,
				"%zu of %zu are not what the message states, and nothing was sent; with "
				"--reject-on-mismatch they are rejected",
				c->n_bad, media);
	r = say(ctl, c, ref, v->summary->number, key);
	return r == CTL_DONE && c->n_bad ? CTL_BAD_FILE : r;
}

static int run_confirm(struct ctl *ctl, int argc, char **argv)
{
	static struct confirming c = { .reasons = CY_BUF(CY_TEXT_MAX) };
	const char *ref, *message = NULL, *key = NULL;
	bool reject = false;
	const struct ctl_option options[] = { { .name = "message", .value = &message },
					      { .name = "dir", .value = &c.dir },
					      { .name = "key", .value = &key },
					      { .name = "reject-on-mismatch", .flag = &reject },
					      { .name = "progress", .flag = &c.lines } };
	CyServerFrame *reply;
	int r = ctl_parse(ctl, &ctl_evidence_confirm, argc, argv, options, sizeof options / sizeof options[0], &ref, 1,
			  1, NULL);

	if (r == CTL_DONE && (message == NULL || c.dir == NULL))
		r = ctl_usage(ctl_evidence_confirm.name, "it requires --message MESSAGE-ID and --dir DIR");
	if (r == CTL_DONE)
		r = attach_message(ctl, message, &reply);
	if (r != CTL_DONE)
		return r;
	r = confirm(ctl, &c, reply->message_view, ref, reject, key);
	cy_buf_free(&c.reasons);
	cy_server_frame__free_unpacked(reply, NULL);
	return r;
}

const struct ctl_command ctl_evidence_manifest = { "evidence manifest", "describe files that travel on a medium",
						   manifest_help, run_manifest, NULL };
const struct ctl_command ctl_evidence_confirm = { "evidence confirm", "compare a medium with the message about it",
						  confirm_help, run_confirm, NULL };
