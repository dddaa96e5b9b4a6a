/* message show: a message with its proof, and how to check it without us. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/sha256.h"
#include "base/uuid.h"
#include "comityctl/ctl.h"
#include "comityctl/file.h"
#include "comityctl/message_id.h"
#include "comityctl/out.h"
#include "comityctl/proof.h"
#include "comityctl/prose.h"
#include "comityctl/say.h"
#include "comityctl/treaties.h"
#include "comityctl/words.h"

static const char help[] = "usage: comityctl message show (ID | CASE#NUMBER [--from AUTHORITY]) [--language LANGUAGE]\n"
			   "                              [--raw] [--save DIR]\n"
			   "\n"
			   "Shows a message: what is said, how far it has come, and its proof. It is named by\n"
			   "its id, or by its case (case id, or a reference) and its number there. What is said\n"
			   "is told in words, or with --json as the signed message has it.\n"
			   "\n"
			   "  --from AUTHORITY     whose message, where both sides have one of this number\n"
			   "  --language LANGUAGE  of the labels, such as en or fr (default: that of $LANG)\n"
			   "  --raw       write the signed bytes, and nothing else, to standard output\n"
			   "  --save DIR  write the message (a file named by its id), manifest, manifest.p7s,\n"
			   "              receipt and receipt.p7s into DIR, as far as they exist, and print\n"
			   "              the commands that check them with sha256sum and openssl\n";

static int write_file(const char *dir, const char *name, const ProtobufCBinaryData *data)
{
	char path[4096];

	if (snprintf(path, sizeof path, "%s/%s", dir, name) >= (int)sizeof path)
		return ctl_fail(CTL_BAD_FILE, "%s: the path is too long", dir);
	return file_replace(path, "--save", cy_bytes(data->data, data->len));
}

static int save(const char *dir, const char *id, const CyMessageView *v)
{
	const struct {
		const char *name;
		const ProtobufCBinaryData *data;
	} files[] = { { id, &v->content },
		      { "manifest", &v->manifest },
		      { "manifest.p7s", &v->signature },
		      { "receipt", &v->receipt },
		      { "receipt.p7s", &v->receipt_signature } };
	struct cy_buf commands = CY_BUF(PROOF_COMMANDS_MAX);

	if (mkdir(dir, 0700) < 0 && errno != EEXIST)
		return ctl_fail(CTL_BAD_FILE, "%s: %s", dir, say(strerror(errno)));
	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
		int r = files[i].data->len ? write_file(dir, files[i].name, files[i].data) : CTL_DONE;

		if (r != CTL_DONE)
			return r;
	}
	if (!v->manifest.len) {
		out_safe(stdout,
			 say_made("Saved. In %s there is the message alone: it waits, and is not signed yet.", dir));
		putchar('\n');
		return CTL_DONE;
	}
	out_safe(stdout,
		 say_made("Saved. In %s these commands check it; ANCHORS.pem holds the trust anchors of the signer:",
			  dir));
	fputs("\n\n", stdout);
	proof_commands("  ", v->receipt.len > 0, &commands);
	fwrite(commands.data, 1, commands.len, stdout);
	cy_buf_free(&commands);
	return CTL_DONE;
}

static void print_view(const CyMessageView *v)
{
	const CyMessageSummary *s = v->summary;
	struct cy_digest digest = cy_sha256(cy_bytes(v->content.data, v->content.len));
	char hex[CY_SHA256_HEX];

	cy_digest_hex(&digest, hex);
	if (s != NULL) {
		out_pair("Message", "%s", s->message_id);
		out_pair("Kind", "%s", say_kind(s->kind_name));
		out_pair("Author", "%s", s->author);
		out_pair("Number", "%u", s->number);
		out_pair("Had seen", "%u", s->seen);
		out_pair("Created", "%s", out_time(s->created_ms));
		out_pair("Transport", "%s", say_state(s->transport));
		if (s->void_code)
			out_pair("Void", "%s: %s",
				 say_value(&cy_rejection_code__descriptor, (int)s->void_code,
					   out_word(&cy_rejection_code__descriptor, (int)s->void_code)),
				 say_heard(s->void_reason));
		if (s->overtaken)
			out_pair("Overtaken", "a crossing message of the other side holds instead");
	}
	if (v->message != NULL) {
		out_pair("To", "%s", v->message->to);
		out_pair("Case", "%s", v->message->case_id);
	}
	if (v->content.len)
		out_pair("SHA-256", "%s", hex);
	else if (s != NULL && s->erasure)
		out_pair("Content", "%s, %s; the manifest holds its SHA-256",
			 say_value(&cy_erasure__descriptor, (int)s->erasure,
				   out_word(&cy_erasure__descriptor, (int)s->erasure)),
			 out_time(s->erased_ms));
	else
		out_pair("Content", "it is not kept here; the manifest holds its SHA-256, and its author the message");
	out_pair("Signed", "%s", say(v->manifest.len ? "yes, in a parcel" : "not yet"));
	out_pair("Receipt", "%s", say(v->receipt.len ? "yes" : "none yet"));
}

/* What is said. */
static int print_content(const CyMessage *m, const char *language)
{
	struct words words = { 0 };
	struct treaties treaties = { 0 };
	struct cy_arena arena = { 0 };
	struct law_data legal_data = { 0 };
	struct form_ask ask = { .message = &m->base, .layout = &words.layout, .legal_data = &legal_data };
	struct form *f;
	int r = words_load("message show", language, &words);

	if (r == CTL_DONE && treaties_here(&treaties)) {
		legal_data.profiles = treaties.list;
		legal_data.n_profiles = treaties.n;
	}
	ask.words = words.words;
	ask.between.day = cy_date_of_days(m->created_ms / 86400000);
	if (r == CTL_DONE && form_make(&ask, &arena, &f) == CY_OK)
		prose_print(f, &words.words);
	cy_arena_free(&arena);
	cy_arena_free(&treaties.arena);
	cy_arena_free(&words.arena);
	return r;
}

static int run(struct ctl *ctl, int argc, char **argv)
{
	CyClientFrame frame = CY_CLIENT_FRAME__INIT;
	CyShowMessage show = CY_SHOW_MESSAGE__INIT;
	CyServerFrame *reply;
	const CyMessageView *v;
	const char *word, *dir = NULL, *from = NULL, *language = NULL;
	char id[CY_UUID_LEN + 1]; /* it becomes the name of a file */
	bool raw = false;
	const struct ctl_option options[] = { { .name = "raw", .flag = &raw },
					      { .name = "save", .value = &dir },
					      { .name = "from", .value = &from },
					      { .name = "language", .value = &language } };
	int r = ctl_parse(ctl, &ctl_message_show, argc, argv, options, 4, &word, 1, 1, NULL);

	if (r == CTL_DONE && raw && (dir != NULL || ctl->json))
		r = ctl_usage("message show", "--raw goes with neither --save nor --json");
	if (r == CTL_DONE)
		r = message_id_find(ctl, "message show", word, from, id);
	if (r != CTL_DONE)
		return r;
	show.message_id = id;
	frame.kind_case = CY_CLIENT_FRAME__KIND_SHOW_MESSAGE;
	frame.show_message = &show;
	r = ctl_call(ctl, &frame, CY_SERVER_FRAME__KIND_MESSAGE_VIEW, &reply);
	if (r != CTL_DONE)
		return r;
	v = reply->message_view;
	if (raw) {
		if (fwrite(v->content.data, 1, v->content.len, stdout) != v->content.len || fflush(stdout) != 0)
			r = ctl_fail(CTL_BAD_FILE, "standard output: %s", say(strerror(errno)));
	} else {
		if (ctl->json)
			out_json(&v->base, 2);
		else if (dir == NULL)
			print_view(v);
		if (!ctl->json && dir == NULL && v->message != NULL && v->message->content != NULL)
			r = print_content(v->message, language);
		if (dir != NULL)
			r = save(dir, id, v);
	}
	cy_server_frame__free_unpacked(reply, NULL);
	return r;
}

const struct ctl_command ctl_message_show = { "message show", "show a message, and save its proof", help, run, NULL };
