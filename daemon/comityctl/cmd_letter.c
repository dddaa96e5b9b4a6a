/* letter: what is said in a draft, a message or a case, on paper. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/uuid.h"
#include "comityctl/file.h"
#include "comityctl/letter_job.h"
#include "comityctl/message_id.h"
#include "comityctl/out.h"
#include "comityctl/say.h"
#include "letter/html.h"
#include "letter/pdf.h"

static const char help[] = "usage: comityctl letter (FILE | CASE | CASE#NUMBER | MESSAGE) -o FILE.pdf|FILE.html\n"
			   "                        [--case-file] [--language LANGUAGE] [--letterhead FILE]\n"
			   "                        [--from AUTHORITY] [--treaties DIR]\n"
			   "\n"
			   "Writes a letter, as PDF or as a page of HTML by the name of the file: of a draft in\n"
			   "FILE, of a message, or of the request that opened a case, with all its fields and the\n"
			   "articles of its instrument, a place for signature and seal, and on the last page how\n"
			   "the message is verified. CASE is the case id or a reference; './NAME' is a file.\n"
			   "\n"
			   "  -o, --output FILE      where to write it\n"
			   "  --case-file            the whole case: where it stands, its time line, every message\n"
			   "  --language LANGUAGE    of the letter's own words, such as en or fr (default: that of\n"
			   "                         $LANG as far as there is a catalogue, else English)\n"
			   "  --letterhead FILE      the letterhead of this authority (default: $COMITY_LETTERHEAD,\n"
			   "                         else what the message says of its author)\n"
			   "  --from AUTHORITY       whose message, where both sides have one of this number\n"
			   "  --treaties DIR         the profiles (default: $COMITY_TREATIES, else those installed)\n"
			   "\n"
			   "A PDF needs fonts for every script that occurs: it says which is missing.\n";

struct asked {
	const char *word, *output, *language, *letterhead, *from, *treaties;
	bool case_file;
};

static bool ends_with(const char *text, const char *end)
{
	const size_t n = strlen(text), m = strlen(end);

	return n > m && strcmp(text + n - m, end) == 0;
}

static int options(struct ctl *ctl, int argc, char **argv, struct asked *a)
{
	const struct ctl_option list[] = {
		{ .name = "output", .value = &a->output, .letter = 'o' },
		{ .name = "language", .value = &a->language },
		{ .name = "letterhead", .value = &a->letterhead },
		{ .name = "from", .value = &a->from },
		{ .name = "treaties", .value = &a->treaties },
		{ .name = "case-file", .flag = &a->case_file },
	};
	int r = ctl_parse(ctl, &ctl_letter, argc, argv, list, sizeof list / sizeof list[0], &a->word, 1, 1, NULL);

	if (r != CTL_DONE)
		return r;
	if (a->output == NULL)
		return ctl_usage("letter", "where to? -o requires a file whose name ends with .pdf or .html");
	if (!ends_with(a->output, ".pdf") && !ends_with(a->output, ".html"))
		return ctl_usage("letter", "-o requires a file whose name ends with .pdf or .html, not '%s'",
				 a->output);
	return file_may_replace(a->output, "-o");
}

int letter_load(struct letter_job *j, const char *command, const char *language, const char *treaties,
		const char *letterhead)
{
	struct config_problems problems = { 0 };
	int r = words_load(command, language, &j->words);

	if (r == CTL_DONE)
		r = treaties_load(treaties, &j->treaties);
	if (r != CTL_DONE)
		return r;
	j->law.profiles = j->treaties.list;
	j->law.n_profiles = j->treaties.n;
	letter_begin(&j->letter, &j->words.words);
	if (letterhead == NULL)
		letterhead = getenv("COMITY_LETTERHEAD");
	if (letterhead == NULL || letterhead[0] == '\0')
		return CTL_DONE;
	if (letterhead_load(letterhead, &j->arena, &j->head, &problems) != CY_OK)
		r = CTL_BAD_FILE;
	treaties_problems(&problems);
	return r;
}

void letter_unload(struct letter_job *j)
{
	letter_free(&j->letter);
	cy_arena_free(&j->arena);
	cy_arena_free(&j->treaties.arena);
	cy_arena_free(&j->words.arena);
}

/* -------------------------------------------------------------- what it is of */

int letter_show_if(struct letter_job *j, const char *id, CyServerFrame **ret_reply)
{
	CyClientFrame frame = CY_CLIENT_FRAME__INIT;
	CyShowMessage show = CY_SHOW_MESSAGE__INIT;
	struct cy_error e = { 0 };
	int r = ctl_connect(j->ctl);

	*ret_reply = NULL;
	if (r != CTL_DONE)
		return r;
	show.message_id = (char *)(uintptr_t)id;
	frame.kind_case = CY_CLIENT_FRAME__KIND_SHOW_MESSAGE;
	frame.show_message = &show;
	r = client_call(j->ctl->conn, &frame, CY_SERVER_FRAME__KIND_MESSAGE_VIEW, ret_reply, &e);
	return r == CY_OK || r == CY_ENOENT ? CTL_DONE : ctl_report(j->ctl, &e);
}

int letter_show(struct letter_job *j, const char *id, CyServerFrame **ret_reply)
{
	int r = letter_show_if(j, id, ret_reply);

	return r == CTL_DONE && *ret_reply == NULL ? ctl_fail(CTL_NOT_FOUND, "there is no message %s", id) : r;
}

/* The message with the view of its case, which may be there already. */
static int of_message(struct letter_job *j, const char *id, const CyCaseView *v)
{
	CyServerFrame *reply, *of_case = NULL;
	int r = letter_show(j, id, &reply);

	if (r != CTL_DONE)
		return r;
	if (v == NULL && reply->message_view->message != NULL)
		r = ctl_show_case(j->ctl, reply->message_view->message->case_id, &of_case);
	if (r == CTL_DONE)
		r = letter_message(j, reply->message_view, of_case != NULL ? of_case->case_view : v);
	if (of_case != NULL)
		cy_server_frame__free_unpacked(of_case, NULL);
	cy_server_frame__free_unpacked(reply, NULL);
	return r;
}

/* What opened it, unless all of it is asked for. */
static int of_case(struct letter_job *j, const struct asked *a)
{
	CyServerFrame *reply;
	const CyCaseView *v;
	int r = ctl_show_case(j->ctl, a->word, &reply);

	if (r != CTL_DONE)
		return r;
	v = reply->case_view;
	if (a->case_file)
		r = letter_case(j, v);
	else if (v->n_messages == 0)
		r = ctl_fail(CTL_NOT_FOUND, "the case has no message yet");
	else
		r = of_message(j, v->messages[0]->message_id, v);
	cy_server_frame__free_unpacked(reply, NULL);
	return r;
}

/* An id is that of a message, or of a case. */
static int of_id(struct letter_job *j, const struct asked *a)
{
	CyServerFrame *reply;
	int r = letter_show_if(j, a->word, &reply);

	if (r != CTL_DONE)
		return r;
	if (reply == NULL)
		return of_case(j, a);
	cy_server_frame__free_unpacked(reply, NULL);
	return of_message(j, a->word, NULL);
}

/* A reference may have a slash in it, but does not begin as a path does. */
static bool is_path(const char *word)
{
	return word[0] == '/' || strncmp(word, "./", 2) == 0 || strncmp(word, "../", 3) == 0 ||
	       ends_with(word, ".json");
}

static int find(struct letter_job *j, const struct asked *a)
{
	char id[CY_UUID_LEN + 1];
	struct stat st;
	int r;

	if (a->case_file)
		return of_case(j, a);
	if (strcmp(a->word, "-") == 0 || is_path(a->word) || stat(a->word, &st) == 0)
		return letter_draft(j, a->word);
	if (strchr(a->word, '#') != NULL) {
		r = message_id_find(j->ctl, "letter", a->word, a->from, id);
		return r == CTL_DONE ? of_message(j, id, NULL) : r;
	}
	return cy_uuid_valid(a->word) ? of_id(j, a) : of_case(j, a);
}

/* -------------------------------------------------------------------- writing */

int letter_write(struct letter_job *j, const char *output)
{
	const bool pdf = ends_with(output, ".pdf");
	struct cy_buf out = CY_BUF(CY_LETTER_MAX);
	struct cy_error e = { 0 };
	unsigned pages = 0;
	int r = pdf ? letter_pdf(&j->letter, &out, &pages, &e) : letter_html(&j->letter, &out);

	if (r != CY_OK)
		r = ctl_fail(CTL_BAD_FILE, "%s: %s", output,
			     e.text[0] ? say_heard(e.text) : say("the letter is too long for one file"));
	else
		r = file_replace_by_own(output, "-o", cy_buf_view(&out));
	cy_buf_free(&out);
	if (r == CTL_DONE && pdf)
		out_said(pages == 1 ? "%s: %s, %u page\n" : "%s: %s, %u pages\n", output, j->letter.title, pages);
	else if (r == CTL_DONE)
		printf("%s: %s\n", output, j->letter.title);
	return r;
}

static int run(struct ctl *ctl, int argc, char **argv)
{
	struct asked a = { 0 };
	struct letter_job *j = calloc(1, sizeof *j);
	int r;

	CY_ASSERT(j != NULL);
	j->ctl = ctl;
	r = options(ctl, argc, argv, &a);
	if (r == CTL_DONE)
		r = letter_load(j, "letter", a.language, a.treaties, a.letterhead);
	if (r == CTL_DONE)
		r = find(j, &a);
	if (r == CTL_DONE)
		r = letter_write(j, a.output);
	letter_unload(j);
	free(j);
	return r;
}

const struct ctl_command ctl_letter = { "letter", "write a letter of a draft, a message or a case, as PDF or HTML",
					help, run, NULL };
