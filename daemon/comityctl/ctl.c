#include "comityctl/ctl.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/guess.h"
#include "base/num.h"
#include "comityctl/meter.h"
#include "comityctl/out.h"
#include "comityctl/say.h"

int ctl_fail(int code, const char *fmt, ...)
{
	const char *text;
	va_list ap;

	va_start(ap, fmt);
	text = say_list(fmt, ap);
	va_end(ap);
	fflush(stdout);
	meter_clear();
	fputs("comityctl: ", stderr);
	out_safe(stderr, text);
	fputc('\n', stderr);
	return code;
}

int ctl_usage(const char *command, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	ctl_fail(CTL_USAGE, "%s", say_list(fmt, ap));
	va_end(ap);
	fputs(say_made("Try 'comityctl help%s%s'.\n", command != NULL ? " " : "", command != NULL ? command : ""),
	      stderr);
	return CTL_USAGE;
}

/* The value of `--name value` or `--name=value` at argv[*i]: 1 with *ret_value,
 * 0 when it is another option, -1 when the value is missing. */
static int option_value(const char *name, int argc, char **argv, int *i, const char **ret_value)
{
	const char *arg = argv[*i] + 2;
	size_t len = strlen(name);

	if (strncmp(arg, name, len) != 0 || (arg[len] && arg[len] != '='))
		return 0;
	if (arg[len] == '=') {
		*ret_value = arg + len + 1;
		return 1;
	}
	if (*i + 1 >= argc)
		return -1;
	*ret_value = argv[++*i];
	return 1;
}

int ctl_global(struct ctl *ctl, int argc, char **argv, int *i)
{
	int r;

	if (strcmp(argv[*i], "--json") == 0) {
		ctl->json = true;
		return 1;
	}
	r = option_value("socket", argc, argv, i, &ctl->socket);
	if (!r)
		r = option_value("client", argc, argv, i, &ctl->client);
	/* say_begin() has it already. */
	return r ? r : option_value("language", argc, argv, i, &(const char *){ NULL });
}

static int take_option(const struct ctl_option *o, int argc, char **argv, int *i)
{
	const char *value;
	int r;

	if (o->flag != NULL) {
		if (strcmp(argv[*i] + 2, o->name) != 0)
			return 0;
		*o->flag = true;
		return 1;
	}
	r = option_value(o->name, argc, argv, i, &value);
	if (r <= 0)
		return r;
	if (o->value != NULL) {
		*o->value = value;
		return 1;
	}
	if (o->list->n == CTL_LIST_MAX)
		return -1;
	o->list->at[o->list->n++] = value;
	return 1;
}

/* -o FILE is --output FILE. */
static int take_letter(const struct ctl_option *o, int argc, char **argv, int *i)
{
	if (o->letter == '\0' || argv[*i][1] != o->letter || argv[*i][2] != '\0')
		return 0;
	if (*i + 1 >= argc)
		return -1;
	*o->value = argv[++*i];
	return 1;
}

static int no_option(const char *command, const char *arg, const struct ctl_option *options, size_t n)
{
	static const char *const global[] = { "json", "socket", "client", "language", "help" };
	char given[CY_GUESS_SIZE], meant[CY_GUESS_TEXT], name[CY_GUESS_SIZE];
	struct cy_guess guess = CY_GUESS(given);

	snprintf(given, sizeof given, "%.*s", (int)strcspn(arg, "="), arg);
	for (size_t i = 0; i < n + sizeof global / sizeof global[0]; i++) {
		snprintf(name, sizeof name, "--%s", i < n ? options[i].name : global[i - n]);
		cy_guess_offer(&guess, name);
	}
	return ctl_usage(command, "'%s' has no option %s%s", command, given, say_heard(cy_guess_text(&guess, meant)));
}

int ctl_parse(struct ctl *ctl, const struct ctl_command *command, int argc, char **argv,
	      const struct ctl_option *options, size_t n_options, const char **words, size_t min, size_t max,
	      size_t *ret_n)
{
	bool only_words = false;
	size_t n = 0;

	for (int i = 0; i < argc; i++) {
		const char *arg = argv[i];
		int r = 0;

		if (!only_words && strcmp(arg, "--") == 0) {
			only_words = true;
			continue;
		}
		if (only_words || arg[0] != '-' || !arg[1]) {
			if (n == max)
				return ctl_usage(command->name, "'%s' is one argument too many", arg);
			words[n++] = arg;
			continue;
		}
		for (size_t o = 0; !r && o < n_options; o++)
			r = arg[1] == '-' ? take_option(&options[o], argc, argv, &i)
					  : take_letter(&options[o], argc, argv, &i);
		if (!r && arg[1] == '-')
			r = ctl_global(ctl, argc, argv, &i);
		if (r < 0)
			return ctl_usage(command->name, "%s requires a value, or is given too often", arg);
		if (!r)
			return no_option(command->name, arg, options, n_options);
	}
	if (n < min)
		return ctl_usage(command->name, "'%s' requires %s", command->name,
				 say(max == 1 ? "an argument" : "more arguments"));
	if (ret_n != NULL)
		*ret_n = n;
	return CTL_DONE;
}

int ctl_number(const char *command, const char *option, const char *text, uint64_t max, uint64_t *ret)
{
	if (cy_parse_u64(text, strlen(text), max, ret) != CY_OK)
		return ctl_usage(command, "--%s requires a number up to %llu, not '%s'", option,
				 (unsigned long long)max, text);
	return CTL_DONE;
}

int ctl_state(const char *command, const char *option, const char *text)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

	if (text != NULL && (strlen(text) != 2 || strspn(text, letters) != 2))
		return ctl_usage(command, "--%s requires two capital letters of ISO 3166-1, such as IE, not '%s'",
				 option, text);
	return CTL_DONE;
}

/* A single fault often is the refusal itself: people read it once. */
static void print_refusal(struct ctl *ctl, const CyError *error)
{
	ctl_fail(CTL_REFUSED, "%s: %s", say(error->code == CY_ERROR_CODE__UNAVAILABLE ? "not now" : "refused"),
		 say_heard(error->text));
	for (size_t i = 0; i < error->n_faults; i++)
		if (error->faults[i]->article[0] || strcmp(error->faults[i]->text, error->text) != 0)
			out_fault(stderr, error->faults[i]);
	if (ctl->json)
		out_json(&error->base, 2);
}

int ctl_report(struct ctl *ctl, const struct cy_error *e)
{
	const CyError *error = client_refusal(ctl->conn);

	if (error == NULL)
		return ctl_fail(CTL_UNREACHABLE, "%s", say_heard(e->text));
	print_refusal(ctl, error);
	return error->code == CY_ERROR_CODE__NOT_FOUND     ? CTL_NOT_FOUND
	       : error->code == CY_ERROR_CODE__UNAVAILABLE ? CTL_NOT_NOW
							   : CTL_REFUSED;
}

int ctl_connect(struct ctl *ctl)
{
	struct cy_error e = { 0 };

	if (ctl->conn != NULL)
		return CTL_DONE;
	if (client_open(ctl->socket, ctl->client, CLIENT_TIMEOUT_MS, &ctl->conn, &e) != CY_OK)
		return ctl_report(ctl, &e);
	return CTL_DONE;
}

int ctl_call(struct ctl *ctl, CyClientFrame *request, CyServerFrame__KindCase expected, CyServerFrame **ret_reply)
{
	struct cy_error e = { 0 };
	int r = ctl_connect(ctl);

	if (r != CTL_DONE)
		return r;
	if (client_call(ctl->conn, request, expected, ret_reply, &e) != CY_OK)
		return ctl_report(ctl, &e);
	return CTL_DONE;
}

int ctl_order(struct ctl *ctl, CyClientFrame *request, const char *fmt, ...)
{
	CyServerFrame *reply;
	va_list ap;
	int r = ctl_call(ctl, request, CY_SERVER_FRAME__KIND_DONE, &reply);

	if (r != CTL_DONE)
		return r;
	if (ctl->json) {
		out_json(&reply->done->base, 0);
	} else {
		va_start(ap, fmt);
		fputs(say_list(fmt, ap), stdout);
		va_end(ap);
		puts(".");
	}
	cy_server_frame__free_unpacked(reply, NULL);
	return CTL_DONE;
}

void *ctl_join(void *list, size_t *n, const void *page, size_t *n_page)
{
	char *joined = realloc(list, (*n + *n_page + 1) * sizeof(void *));

	CY_ASSERT(joined != NULL);
	if (*n_page > 0)
		memcpy(joined + *n * sizeof(void *), page, *n_page * sizeof(void *));
	*n += *n_page;
	*n_page = 0;
	return joined;
}

/* Add the messages of a page to those that are here. */
static void take_messages(CyCaseView *all, CyCaseView *page)
{
	all->messages = ctl_join(all->messages, &all->n_messages, page->messages, &page->n_messages);
	all->more_messages = page->more_messages;
}

static bool is_same(const CyCaseView *a, const CyCaseView *b)
{
	return a->summary != NULL && b->summary != NULL && a->summary->messages == b->summary->messages &&
	       a->state_digest.len == b->state_digest.len &&
	       memcmp(a->state_digest.data, b->state_digest.data, a->state_digest.len) == 0;
}

int ctl_show_case(struct ctl *ctl, const char *ref, CyServerFrame **ret_reply)
{
	CyClientFrame frame = CY_CLIENT_FRAME__INIT;
	CyShowCase show = CY_SHOW_CASE__INIT;
	CyServerFrame *all = NULL, *page;
	int r = CTL_DONE;

	show.ref = (char *)(uintptr_t)ref;
	frame.kind_case = CY_CLIENT_FRAME__KIND_SHOW_CASE;
	frame.show_case = &show;
	while (r == CTL_DONE && (all == NULL || all->case_view->more_messages)) {
		show.after = all != NULL ? (uint32_t)all->case_view->n_messages : 0;
		r = ctl_call(ctl, &frame, CY_SERVER_FRAME__KIND_CASE_VIEW, &page);
		if (r != CTL_DONE)
			break;
		/* Something came meanwhile: what was read before may stand elsewhere now. */
		if (all != NULL && (!is_same(all->case_view, page->case_view) || page->case_view->n_messages == 0)) {
			cy_server_frame__free_unpacked(all, NULL);
			cy_server_frame__free_unpacked(page, NULL);
			all = NULL;
			continue;
		}
		if (all == NULL) {
			all = page;
			continue;
		}
		take_messages(all->case_view, page->case_view);
		cy_server_frame__free_unpacked(page, NULL);
	}
	if (r == CTL_DONE)
		*ret_reply = all;
	else if (all != NULL)
		cy_server_frame__free_unpacked(all, NULL);
	return r;
}
