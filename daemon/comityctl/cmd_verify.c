/* verify: a container, by itself: without a daemon, without a configuration but the anchors. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "comityctl/out.h"
#include "comityctl/verify.h"

static const char help[] =
	"usage: comityctl verify FILE.asice --anchors AUTHORITY=FILE.pem...\n"
	"\n"
	"Verifies a container that 'comityctl export' wrote, here or elsewhere. It asks no daemon, and\n"
	"unpacks nothing: that no file was changed since the authority that gave it out signed which\n"
	"files are in it; that each manifest and receipt is signed by who it says, that the messages are\n"
	"those that were signed, and which of them the other side receipted.\n"
	"\n"
	"  --anchors AUTHORITY=FILE.pem  the trust anchors of an authority, and its CRLs if there are\n"
	"                                any; once for each authority, from a source that you trust\n"
	"\n"
	"Exit status 0 if all of it is verified, 1 if something is not, 4 if it is no container.\n"
	"Pages and JSON in it are for reading: proof are the signed messages alone.\n";

static int load(const struct ctl_list *list, struct verification *r)
{
	char *equal;

	for (size_t i = 0; i < list->n; i++) {
		struct verify_authority *a = &r->authorities[r->n_authorities];
		struct cy_error e = { 0 };

		equal = strchr(list->at[i], '=');
		if (equal == NULL || (size_t)(equal - list->at[i]) >= sizeof a->id)
			return ctl_usage("verify", "--anchors requires AUTHORITY=FILE.pem, as US-OIA=us.pem, not '%s'",
					 list->at[i]);
		memcpy(a->id, list->at[i], (size_t)(equal - list->at[i]));
		if (!cy_authority_valid(a->id) || verify_authority(r, a->id) != NULL)
			return ctl_usage("verify", "--anchors: '%s' is no id of an authority, or stands twice", a->id);
		if (cms_anchors_load(equal + 1, &a->anchors, &e) != CY_OK)
			return ctl_fail(CTL_BAD_FILE, "%s: %s", equal + 1, e.text);
		r->n_authorities++;
	}
	return CTL_DONE;
}

/* ------------------------------------------------------------------ for people */

static void print_faults(const struct verification *r)
{
	for (size_t i = 0; i < r->n_faults; i++) {
		printf("NOT VERIFIED  %s: ", r->faults[i].file);
		out_safe(stdout, r->faults[i].text);
		printf("\n");
	}
}

static const char *receipt_text(const struct verify_message *m)
{
	return !m->receipted  ? "none"
	       : m->code == 0 ? "accepted"
			      : out_word(&cy_rejection_code__descriptor, (int)m->code);
}

static void print(const char *path, const struct verification *r)
{
	static const char *const heads[] = { "Author", "No.", "Kind", "Signed", "Receipt", "Message" };
	struct out_table *t = out_table_new(6, heads);

	print_faults(r);
	for (size_t i = 0; i < r->n_messages; i++) {
		const struct verify_message *m = &r->messages[i];

		out_cell(t, "%s", m->author);
		out_cell(t, "%u", m->number);
		out_cell(t, "%s", m->kind);
		out_cell(t, "%s", out_time(m->signed_at.ms));
		out_cell(t, "%s", receipt_text(m));
		out_cell(t, "%s", m->id);
	}
	out_table_end(t);
	if (r->given_out_by != NULL)
		printf("Given out by %s, %s.\n", r->given_out_by, out_time(r->given_out.ms));
	if (r->other_frame)
		printf("Remark: the ZIP file around the files is not as comityctl writes it, in a date, a flag or an "
		       "attribute; that changes no file.\n");
	printf("%s: %s: %zu message%s, %zu file%s%s.\n", path, r->n_faults == 0 ? "verified" : "NOT VERIFIED",
	       r->n_messages, r->n_messages == 1 ? "" : "s", r->n_files, r->n_files == 1 ? "" : "s",
	       r->n_faults == 0 ? ", each as it was signed" : "");
}

/* ---------------------------------------------------------------- for programs */

static json_t *message_json(const struct verify_message *m)
{
	char hex[CY_SHA256_HEX];

	cy_digest_hex(&m->digest, hex);
	return json_pack("{s:s,s:s,s:i,s:s,s:s,s:s,s:s}", "id", m->id, "author", m->author, "number", (int)m->number,
			 "kind", m->kind, "signed", out_time(m->signed_at.ms), "receipt", receipt_text(m), "sha256",
			 hex);
}

static void print_json(const char *path, const struct verification *r)
{
	json_t *messages = json_array(), *faults = json_array(), *all;
	char *text;

	for (size_t i = 0; i < r->n_messages; i++)
		json_array_append_new(messages, message_json(&r->messages[i]));
	for (size_t i = 0; i < r->n_faults; i++)
		json_array_append_new(faults,
				      json_pack("{s:s,s:s}", "file", r->faults[i].file, "text", r->faults[i].text));
	all = json_pack("{s:s,s:b,s:s*,s:b,s:i,s:o,s:o}", "file", path, "verified", r->n_faults == 0, "givenOutBy",
			r->given_out_by, "otherFrame", r->other_frame, "files", (int)r->n_files, "messages", messages,
			"faults", faults);
	text = json_dumps(all, JSON_INDENT(2));
	CY_ASSERT(text != NULL);
	printf("%s\n", text);
	free(text);
	json_decref(all);
}

static int run(struct ctl *ctl, int argc, char **argv)
{
	static struct ctl_list anchors;
	const struct ctl_option options[] = { { .name = "anchors", .list = &anchors } };
	struct verification *v = calloc(1, sizeof *v);
	const char *path;
	int r = ctl_parse(ctl, &ctl_verify, argc, argv, options, 1, &path, 1, 1, NULL);

	CY_ASSERT(v != NULL);
	if (r == CTL_DONE && (anchors.n == 0 || anchors.n > VERIFY_AUTHORITIES_MAX))
		r = ctl_usage("verify",
			      "whom do you trust? --anchors AUTHORITY=FILE.pem for each authority that signed, "
			      "at most %d",
			      VERIFY_AUTHORITIES_MAX);
	if (r == CTL_DONE)
		r = load(&anchors, v);
	if (r == CTL_DONE)
		r = verify_container(v, path);
	if (r == CTL_DONE) {
		if (ctl->json)
			print_json(path, v);
		else
			print(path, v);
		r = v->n_faults == 0 ? CTL_DONE : CTL_REFUSED;
	}
	verify_free(v);
	free(v);
	return r;
}

const struct ctl_command ctl_verify = { "verify", "verify a container, without a daemon", help, run, NULL };
