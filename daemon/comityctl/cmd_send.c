/* send: says something in a case. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/guess.h"
#include "comityctl/deliver.h"
#include "comityctl/fields.h"
#include "comityctl/input.h"
#include "comityctl/say.h"
#include "comityctl/set.h"
#include "comityctl/template_print.h"
#include "comityctl/upload.h"
#include "comityctl/words.h"
#include "law/fact.h"

#define HELP_MAX (1024u * 1024u)

static const char help[] = "usage: comityctl send KIND REF [FILE|-] [--set FIELD=VALUE]... [--attach FILE]...\n"
			   "                      [--key KEY] [--priority PRIORITY] [--same-reference]\n"
			   "\n"
			   "Says something in the case REF (case id, or own reference). What is said begins\n"
			   "with the JSON in FILE (or with nothing), and each --set then sets one field:\n"
			   "\n"
			   "  comityctl send problem-notice 2026-114 --set type=clarification \\\n"
			   "      --set 'text=Which branch?' --set measures=1\n"
			   "  comityctl send result 2026-114 --set 'results[0].measure=1' \\\n"
			   "      --set 'results[0].outcome=executed'\n"
			   "\n"
			   "  --set FIELD=VALUE    FIELD is a path, as in results[0].outcome; a list of plain\n"
			   "                       values without [place] gets the value appended\n"
			   "  --attach FILE        hand the file over and attach it, as 'comityctl evidence put'\n"
			   "                       does; may be repeated. One that FILE lists by its name\n"
			   "                       becomes what is listed there\n"
			   "  --key KEY            idempotency key (default: the SHA-256 of what is said and of the\n"
			   "                       day, UTC; give one to say the same twice in a day)\n"
			   "  --priority PRIORITY  LOW, NORMAL, HIGH or EMERGENCY\n"
			   "  --same-reference     of an acknowledgement: another case has its reference, too\n"
			   "\n"
			   "About the files that are attached:\n"
			   "\n" ATTACH_HELP "\n"
			   "'comityctl send KIND --help' lists the fields of a kind. The kinds, and who may\n"
			   "say them:\n"
			   "\n";

static const char *who(uint32_t kind)
{
	bool asking = law_kind_by(kind, CY_SIDE__REQUESTING), asked = law_kind_by(kind, CY_SIDE__REQUESTED);

	return asking && asked ? say("either side") : asking ? say("requesting side") : say("requested side");
}

/* The name with hyphens, as people type it. */
static void spelled(const char *name, char out[static 64])
{
	size_t i = 0;

	for (; i < 63 && name[i]; i++)
		out[i] = name[i] == '_' ? '-' : name[i];
	out[i] = 0;
}

/* Whether people send it into a case. */
static bool is_sent(uint32_t kind)
{
	return !law_kind_opens(kind) && !law_kind_stated(kind);
}

static int no_kind(const char *word)
{
	struct cy_guess guess = CY_GUESS(word);
	char name[64], meant[CY_GUESS_TEXT], all[2048] = "";
	size_t len = 0;

	for (unsigned i = 0; i < cy_content__descriptor.n_fields; i++) {
		const ProtobufCFieldDescriptor *f = &cy_content__descriptor.fields[i];

		spelled(f->name, name);
		if (!law_kind_stated(f->id))
			cy_guess_offer(&guess, name);
		if (is_sent(f->id) && len < sizeof all)
			len += (size_t)snprintf(all + len, sizeof all - len, "%s%s", len ? ", " : "", name);
	}
	return ctl_usage("send", "there is no kind '%s'%s Expected one of %s", word,
			 say_heard(cy_guess_text(&guess, meant)), all);
}

static const ProtobufCFieldDescriptor *kind_of(const char *name)
{
	const ProtobufCFieldDescriptor *f = fields_find(&cy_content__descriptor, name, strlen(name));

	return f != NULL && law_kind_name(f->id) != NULL ? f : NULL;
}

/* The same words as those of the form and the template. */
static int explain_kind(const ProtobufCFieldDescriptor *kind)
{
	struct words words = { 0 };
	struct cy_arena arena = { 0 };
	struct cy_buf b = CY_BUF(HELP_MAX);
	struct form *f;
	int r = words_load("send", say_language(), &words);

	if (r == CTL_DONE) {
		const struct form_ask ask = { .words = words.words, .layout = &words.layout, .kind = kind->id };

		CY_ASSERT(form_make(&ask, &arena, &f) == CY_OK);
		template_fields(f, &words.words, &b);
		fwrite(b.data, 1, b.len, stdout);
	}
	cy_buf_free(&b);
	cy_arena_free(&arena);
	cy_arena_free(&words.arena);
	return r;
}

static int explain(int argc, char **argv)
{
	const ProtobufCFieldDescriptor *f = NULL;
	char name[64];

	if (argc > 0 && argv[0][0] != '-') {
		f = kind_of(argv[0]);
		if (f == NULL)
			return no_kind(argv[0]);
	}
	if (f != NULL) {
		spelled(f->name, name);
		printf("%s (%s)%s\n\n", name, who(f->id),
		       law_kind_opens(f->id)    ? say(": opens a case, so it is handed in with 'comityctl submit'")
		       : law_kind_stated(f->id) ? say(": the daemon states it by itself, and nobody sends it")
						: "");
		return explain_kind(f);
	}
	fputs(say(help), stdout);
	for (unsigned i = 0; i < cy_content__descriptor.n_fields; i++) {
		f = &cy_content__descriptor.fields[i];
		if (!is_sent(f->id))
			continue;
		spelled(f->name, name);
		printf("  %-26s %s\n", name, who(f->id));
	}
	return CTL_DONE;
}

/* The JSON of the body after every --set; NULL with the sentence printed. */
static char *changed(const char *text, const ProtobufCMessageDescriptor *d, const struct ctl_list *sets)
{
	json_t *root = json_loads(text, 0, NULL);
	char *out = NULL;

	for (size_t i = 0; root != NULL && i < sets->n; i++) {
		struct cy_error e = { 0 };

		if (set_apply(root, d, sets->at[i], &e) != CY_OK) {
			ctl_usage("send", "--set %s: %s", sets->at[i], say_heard(e.text));
			json_decref(root);
			return NULL;
		}
	}
	if (root != NULL)
		out = json_dumps(root, JSON_COMPACT);
	else
		ctl_fail(CTL_BAD_FILE, "the file is no JSON object that --set could change");
	json_decref(root);
	return out;
}

/* What is said: the file as it is first, so that its faults are told as such. */
static int body(const char *file, const ProtobufCMessageDescriptor *d, const struct ctl_list *sets,
		ProtobufCMessage **ret_body)
{
	struct cy_buf text = CY_BUF(16);
	ProtobufCMessage *m = NULL;
	char *json;
	int r;

	r = file != NULL ? input_read(file, &text) : cy_buf_add(&text, "{}", 2) == CY_OK ? CTL_DONE : CTL_BAD_FILE;
	if (r != CTL_DONE)
		return r;
	r = input_parse(file != NULL ? file : "--set", cy_buf_view(&text), d, &m);
	if (r == CTL_DONE && sets->n) {
		protobuf_c_message_free_unpacked(m, NULL);
		json = changed((const char *)text.data, d, sets);
		r = json != NULL ? input_parse("--set", cy_bytes(json, strlen(json)), d, &m) : CTL_USAGE;
		free(json);
	}
	cy_buf_free(&text);
	if (r != CTL_DONE)
		return r;
	r = input_filled(file != NULL ? file : "--set", m, NULL, NULL);
	if (r != CTL_DONE)
		protobuf_c_message_free_unpacked(m, NULL);
	else
		*ret_body = m;
	return r;
}

/* A case that came in is registered first: to the refusal of all else this tells by what. */
static void tell_first(struct ctl *ctl, const char *ref)
{
	const CyError *refusal = ctl->conn != NULL ? client_refusal(ctl->conn) : NULL;
	CyServerFrame *reply;

	if (refusal == NULL || refusal->code != CY_ERROR_CODE__REFUSED_BY_LIFE_CYCLE ||
	    ctl_show_case(ctl, ref, &reply) != CTL_DONE)
		return;
	if (reply->case_view->summary != NULL && reply->case_view->summary->side == CY_SIDE__REQUESTED &&
	    strcmp(reply->case_view->summary->state, "TRANSMITTED") == 0)
		fputs(say_made("An acknowledgement by the central authority registers the case:\n"
			       "comityctl send acknowledgement '%s' --set by=CENTRAL_AUTHORITY --set "
			       "reference=OUR-REFERENCE\n",
			       ref),
		      stderr);
	cy_server_frame__free_unpacked(reply, NULL);
}

static int run(struct ctl *ctl, int argc, char **argv)
{
	const char *words[3] = { NULL, NULL, NULL }, *key = NULL, *priority = NULL;
	static struct ctl_list sets, files;
	static struct attach_options described;
	bool same_reference = false;
	const struct ctl_option options[] = { { .name = "set", .list = &sets },
					      { .name = "attach", .list = &files },
					      { .name = "key", .value = &key },
					      { .name = "priority", .value = &priority },
					      { .name = "same-reference", .flag = &same_reference },
					      ATTACH_OPTIONS(&described) };
	CySubmission submission = CY_SUBMISSION__INIT;
	CyContent content = CY_CONTENT__INIT;
	const ProtobufCFieldDescriptor *kind;
	ProtobufCMessage *said = NULL;
	int r = ctl_parse(ctl, &ctl_send, argc, argv, options, sizeof options / sizeof options[0], words, 2, 3, NULL);

	if (r != CTL_DONE)
		return r;
	kind = kind_of(words[0]);
	if (kind == NULL)
		return no_kind(words[0]);
	if (law_kind_opens(kind->id))
		return ctl_usage("submit", "'%s' opens a case; hand it in with 'comityctl submit'", words[0]);
	if (law_kind_stated(kind->id))
		return ctl_usage("send", "'%s' is what the daemon states by itself; nobody sends it", words[0]);
	if (priority != NULL)
		r = deliver_priority("send", priority, &submission.priority);
	if (r == CTL_DONE)
		r = body(words[2], kind->descriptor, &sets, &said);
	if (r != CTL_DONE)
		return r;
	r = upload_attach(ctl, "send", said, &files, &described);
	/* Every kind is a pointer at the same place of the oneof. */
	memcpy((char *)&content + kind->offset, &said, sizeof said);
	content.kind_case = (CyContent__KindCase)kind->id;
	submission.case_ref = (char *)(uintptr_t)words[1];
	submission.content = &content;
	if (r == CTL_DONE)
		r = deliver(ctl, "send", key, same_reference, &submission);
	if (r != CTL_DONE)
		tell_first(ctl, words[1]);
	protobuf_c_message_free_unpacked(said, NULL);
	return r;
}

const struct ctl_command ctl_send = { "send", "say something in a case: every follow-up kind", help, run, explain };
