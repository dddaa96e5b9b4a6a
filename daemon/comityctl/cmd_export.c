/* export: a case or a message with all that proves it, in one container for a court or the other state. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/uuid.h"
#include "comityctl/container.h"
#include "comityctl/file.h"
#include "comityctl/letter_job.h"
#include "comityctl/message_id.h"
#include "comityctl/out.h"
#include "letter/html.h"
#include "wire/json.h"
#include "wire/manifest.h"

#define EXPORT_JSON_MAX (16u * 1024u * 1024u)

static const char help[] =
	"usage: comityctl export (CASE | CASE#NUMBER | MESSAGE) -o FILE.asice [--language LANGUAGE]\n"
	"                        [--letterhead FILE] [--from AUTHORITY] [--treaties DIR]\n"
	"\n"
	"Writes a case, or one message, with all that proves it into one container that anybody can\n"
	"verify without this program: the bytes that were signed, manifests, receipts and signatures as\n"
	"they were exchanged, each message as JSON, and a page for people. This authority signs which\n"
	"files are in it. The format is ASiC-E with CAdES (ETSI EN 319 162-1), a ZIP file.\n"
	"\n"
	"Evidence is in it by its digest. What waits and is not signed yet is left out, and said.\n"
	"\n"
	"  -o, --output FILE      where to write it; FILE ends with .asice\n"
	"  --language LANGUAGE    of the page, such as en or fr (default: that of $LANG)\n"
	"  --letterhead FILE      the letterhead of this authority (default: $COMITY_LETTERHEAD)\n"
	"  --from AUTHORITY       whose message, where both sides have one of this number\n"
	"  --treaties DIR         the profiles (default: $COMITY_TREATIES, else those installed)\n"
	"\n"
	"'comityctl verify FILE' checks it, and proto/VERIFY.md says how others do.\n";

struct asked {
	const char *word, *output, *language, *letterhead, *from, *treaties;
};

struct export
{
	struct ctl *ctl;
	struct letter_job *job;
	struct container container;
	struct wire_text *text;
	size_t messages, left_out;
};

/* ------------------------------------------------------------- what goes in */

static int add_json(struct export *x, const char *name, const ProtobufCMessage *m)
{
	struct cy_buf out = CY_BUF(EXPORT_JSON_MAX);
	int r = wire_json_print_people(m, 2, &out);

	if (r == CY_OK)
		r = cy_buf_add(&out, "\n", 1);
	r = r == CY_OK ? container_add(&x->container, name, cy_buf_view(&out))
		       : ctl_fail(CTL_BAD_FILE, "%s: its JSON is longer than %u bytes", name, EXPORT_JSON_MAX);
	cy_buf_free(&out);
	return r;
}

static int add_html(struct export *x, const char *name)
{
	struct cy_buf out = CY_BUF(CY_LETTER_MAX);
	int r = letter_html(&x->job->letter, &out) == CY_OK
			? container_add(&x->container, name, cy_buf_view(&out))
			: ctl_fail(CTL_BAD_FILE, "%s: it is too long for one file", name);

	cy_buf_free(&out);
	return r;
}

/* A parcel has a folder of its own, in which sha256sum finds the messages by their names in the manifest. */
static int add_in(struct export *x, const char *name, const char *end, const ProtobufCBinaryData *data)
{
	char path[ASIC_NAME_MAX + 1];

	if (data->len == 0)
		return CTL_DONE;
	snprintf(path, sizeof path, "parcels/%s.%" PRIu64 ".%" PRIu64 "/%s%s", x->text->from, x->text->epoch,
		 x->text->sequence, name, end);
	if (!asic_name_valid(path))
		return ctl_fail(CTL_BAD_FILE,
				"a message of %s has an id that cannot be the name of a file in a container",
				x->text->from);
	return container_add(&x->container, path, cy_bytes(data->data, data->len));
}

static int add_message_json(struct export *x, const char *id, const CyMessage *m)
{
	struct cy_buf out = CY_BUF(EXPORT_JSON_MAX);
	int r = CTL_DONE;

	if (m != NULL && wire_json_print_people(&m->base, 2, &out) == CY_OK && cy_buf_add(&out, "\n", 1) == CY_OK)
		r = add_in(x, id, ".json", &(ProtobufCBinaryData){ .data = out.data, .len = out.len });
	cy_buf_free(&out);
	return r;
}

static int add_view(struct export *x, const char *id, const CyMessageView *v)
{
	int r;

	if (v->manifest.len == 0) {
		x->left_out++;
		return CTL_DONE;
	}
	if (wire_text_read(cy_bytes(v->manifest.data, v->manifest.len), x->text, NULL) != CY_OK ||
	    x->text->type != WIRE_PARCEL)
		return ctl_fail(CTL_BAD_FILE,
				"the manifest of message %s cannot be read: 'comityctl health' says what is "
				"damaged",
				id);
	x->messages++;
	r = add_in(x, "manifest", "", &v->manifest);
	if (r == CTL_DONE)
		r = add_in(x, "manifest", ".p7s", &v->signature);
	if (r == CTL_DONE)
		r = add_in(x, "receipt", "", &v->receipt);
	if (r == CTL_DONE)
		r = add_in(x, "receipt", ".p7s", &v->receipt_signature);
	if (r == CTL_DONE)
		r = add_in(x, id, "", &v->content);
	return r == CTL_DONE && v->content.len > 0 ? add_message_json(x, id, v->message) : r;
}

static int add_message(struct export *x, const char *id)
{
	CyServerFrame *reply;
	int r = letter_show(x->job, id, &reply);

	if (r != CTL_DONE)
		return r;
	r = add_view(x, id, reply->message_view);
	cy_server_frame__free_unpacked(reply, NULL);
	return r;
}

/* -------------------------------------------------------------- what it is of */

static int of_case(struct export *x, const char *ref)
{
	CyServerFrame *reply;
	const CyCaseView *v;
	int r = ctl_show_case(x->ctl, ref, &reply);

	if (r != CTL_DONE)
		return r;
	v = reply->case_view;
	r = letter_case(x->job, v);
	if (r == CTL_DONE)
		r = add_html(x, "case.html");
	if (r == CTL_DONE)
		r = add_json(x, "case.json", &v->base);
	for (size_t i = 0; r == CTL_DONE && i < v->n_messages; i++)
		r = add_message(x, v->messages[i]->message_id);
	cy_server_frame__free_unpacked(reply, NULL);
	return r;
}

static int of_message(struct export *x, const char *id, const CyMessageView *m)
{
	CyServerFrame *of_case;
	int r;

	if (m->manifest.len == 0)
		return ctl_fail(CTL_NOT_NOW, "message %s waits, and is not signed yet: repeat it once it has left", id);
	if (m->message == NULL)
		return ctl_fail(CTL_NOT_FOUND, "the content of this message is not kept here: export its case");
	r = ctl_show_case(x->ctl, m->message->case_id, &of_case);
	if (r != CTL_DONE)
		return r;
	r = letter_message(x->job, m, of_case->case_view);
	if (r == CTL_DONE)
		r = add_html(x, "message.html");
	cy_server_frame__free_unpacked(of_case, NULL);
	return r == CTL_DONE ? add_view(x, id, m) : r;
}

/* An id is that of a message, or of a case. */
static int of_id(struct export *x, const char *id)
{
	CyServerFrame *reply;
	int r = letter_show_if(x->job, id, &reply);

	if (r == CTL_DONE && reply == NULL)
		return of_case(x, id);
	if (r != CTL_DONE)
		return r;
	r = of_message(x, id, reply->message_view);
	cy_server_frame__free_unpacked(reply, NULL);
	return r;
}

static int find(struct export *x, const struct asked *a)
{
	char id[CY_UUID_LEN + 1];
	int r;

	if (strchr(a->word, '#') != NULL) {
		r = message_id_find(x->ctl, "export", a->word, a->from, id);
		return r == CTL_DONE ? of_id(x, id) : r;
	}
	return cy_uuid_valid(a->word) ? of_id(x, a->word) : of_case(x, a->word);
}

/* -------------------------------------------------------------------- writing */

/* The daemon writes the same manifest of the same files: nothing else is put beside its signature. */
static int write_signed(struct export *x, const CyContainerSignature *s, const char *path)
{
	struct cy_buf own = CY_BUF(ASIC_MANIFEST_MAX);
	const struct cy_bytes manifest = cy_bytes(s->manifest.data, s->manifest.len);
	struct cy_buf out = CY_BUF(CONTAINER_BYTES_MAX);
	int r;

	CY_ASSERT(asic_manifest(x->container.files, x->container.n, &own) == CY_OK);
	if (cy_bytes_equal(cy_buf_view(&own), manifest))
		r = container_bytes(&x->container, manifest, cy_bytes(s->signature.data, s->signature.len), &out);
	else
		r = ctl_fail(CTL_BAD_FILE,
			     "%s: the daemon signed another list of files; comityctl and comityd are of "
			     "different versions",
			     path);
	if (r == CTL_DONE)
		r = file_replace_by_own(path, "-o", cy_buf_view(&out));
	cy_buf_free(&out);
	cy_buf_free(&own);
	return r;
}

static int sign(struct export *x, const char *path)
{
	const size_t n = x->container.n;
	CyClientFrame frame = CY_CLIENT_FRAME__INIT;
	CySignContainer request = CY_SIGN_CONTAINER__INIT;
	CyContainerFile *files = calloc(n, sizeof *files), **list = calloc(n, sizeof *list);
	CyServerFrame *reply;
	int r;

	CY_ASSERT(files != NULL && list != NULL);
	for (size_t i = 0; i < n; i++) {
		cy_container_file__init(&files[i]);
		files[i].name = (char *)(uintptr_t)x->container.files[i].name;
		files[i].sha256.data = x->container.files[i].sha256.b;
		files[i].sha256.len = CY_SHA256_LEN;
		list[i] = &files[i];
	}
	request.n_files = n;
	request.files = list;
	frame.kind_case = CY_CLIENT_FRAME__KIND_SIGN_CONTAINER;
	frame.sign_container = &request;
	r = ctl_call(x->ctl, &frame, CY_SERVER_FRAME__KIND_CONTAINER_SIGNATURE, &reply);
	free(files);
	free(list);
	if (r != CTL_DONE)
		return r;
	r = write_signed(x, reply->container_signature, path);
	cy_server_frame__free_unpacked(reply, NULL);
	return r;
}

static int run(struct ctl *ctl, int argc, char **argv)
{
	struct asked a = { 0 };
	const struct ctl_option list[] = {
		{ .name = "output", .value = &a.output, .letter = 'o' },
		{ .name = "language", .value = &a.language },
		{ .name = "letterhead", .value = &a.letterhead },
		{ .name = "from", .value = &a.from },
		{ .name = "treaties", .value = &a.treaties },
	};
	struct export x = { .ctl = ctl };
	int r = ctl_parse(ctl, &ctl_export, argc, argv, list, sizeof list / sizeof list[0], &a.word, 1, 1, NULL);

	if (r == CTL_DONE &&
	    (a.output == NULL || strlen(a.output) < 7 || strcmp(a.output + strlen(a.output) - 6, ".asice") != 0))
		r = ctl_usage("export", "-o requires a file whose name ends with .asice");
	if (r != CTL_DONE)
		return r;
	x.job = calloc(1, sizeof *x.job);
	x.text = calloc(1, sizeof *x.text);
	CY_ASSERT(x.job != NULL && x.text != NULL);
	x.job->ctl = ctl;
	r = letter_load(x.job, "export", a.language, a.treaties, a.letterhead);
	if (r == CTL_DONE)
		r = find(&x, &a);
	if (r == CTL_DONE)
		r = sign(&x, a.output);
	if (r == CTL_DONE) {
		printf("%s: %zu message%s with %s proof, %zu files\n", a.output, x.messages, x.messages == 1 ? "" : "s",
		       x.messages == 1 ? "its" : "their", x.container.n);
		if (x.left_out > 0)
			printf("Left out, since not signed yet: %zu message%s.\n", x.left_out,
			       x.left_out == 1 ? "" : "s");
	}
	container_free(&x.container);
	letter_unload(x.job);
	free(x.job);
	free(x.text);
	return r;
}

const struct ctl_command ctl_export = { "export", "write a case or a message with its proof into one container", help,
					run, NULL };
