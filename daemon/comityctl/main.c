/* comityctl: the commands of the local socket, for people and for scripts. */
#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/guess.h"
#include "comityctl/ctl.h"
#include "comityctl/say.h"
#include "comityctl/treaties.h"

static const struct ctl_command *const commands[] = {
	&ctl_submit,
	&ctl_send,
	&ctl_return_deficient,
	&ctl_inbox,
	&ctl_cursor_list,
	&ctl_cursor_remove,
	&ctl_case_list,
	&ctl_case_show,
	&ctl_case_erase,
	&ctl_message_show,
	&ctl_letter,
	&ctl_record,
	&ctl_export,
	&ctl_verify,
	&ctl_status,
	&ctl_health,
	&ctl_peer_list,
	&ctl_peer_show,
	&ctl_template,
	&ctl_form,
	&ctl_evidence_put,
	&ctl_evidence_get,
	&ctl_evidence_list,
	&ctl_evidence_custody,
	&ctl_evidence_hold,
	&ctl_evidence_release,
	&ctl_evidence_fetch,
	&ctl_evidence_uploads,
	&ctl_evidence_manifest,
	&ctl_evidence_confirm,
	&ctl_evidence_check,
	&ctl_check,
	&ctl_treaty_list,
	&ctl_treaty_show,
	&ctl_treaty_check,
	&ctl_treaty_guide,
	&ctl_treaty_diff,
	&ctl_due,
	&ctl_late,
	&ctl_clock_list,
	&ctl_clock_explain,
	&ctl_clock_confirm,
	&ctl_resume,
	&ctl_stats,
};

static int print_help(void)
{
	fputs(say("usage: comityctl [--socket PATH] [--client NAME] [--json] [--language LANGUAGE] COMMAND ...\n"
		  "\n"
		  "Talks to the Comity daemon of this authority over its local socket.\n"
		  "\n"),
	      stdout);
	for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
		printf("  %-18s %s\n", commands[i]->name, say(commands[i]->summary));
	printf("  %-18s %s\n", "help COMMAND", say("explain a command; also 'COMMAND --help'"));
	fputs(say_made("\n"
		       "  --socket PATH  where the daemon listens (default: $COMITY_SOCKET, else\n"
		       "                 %s)\n"
		       "  --client NAME  client name of the configuration, where these credentials\n"
		       "                 allow several\n"
		       "  --json         print answers as JSON\n"
		       "  --language LANGUAGE  of what is said to people, such as en or fr (default: that of\n"
		       "                 $LC_ALL, $LC_MESSAGES or $LANG, else English)\n"
		       "  --version      print the version\n"
		       "\n"
		       "Exit codes: 0 done; 1 refused by the daemon; 2 the command line is wrong;\n"
		       "3 the daemon cannot be reached; 4 a file cannot be read or is wrong; 5 not found;\n"
		       "6 the daemon cannot do it now: repeat the same command later.\n",
		       CLIENT_SOCKET),
	      stdout);
	return CTL_DONE;
}

/* The command that the words begin with; *ret_used is how many they are. */
static const struct ctl_command *find(int argc, char **argv, int *ret_used)
{
	for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
		const char *name = commands[i]->name, *blank = strchr(name, ' ');
		size_t len = blank != NULL ? (size_t)(blank - name) : strlen(name);

		if (argc < 1 || strlen(argv[0]) != len || strncmp(name, argv[0], len) != 0)
			continue;
		if (blank == NULL || (argc > 1 && strcmp(argv[1], blank + 1) == 0)) {
			*ret_used = blank != NULL ? 2 : 1;
			return commands[i];
		}
	}
	return NULL;
}

static bool asks_help(const char *arg)
{
	return strcmp(arg, "--help") == 0 || strcmp(arg, "-h") == 0;
}

static int explain(const struct ctl_command *command, int argc, char **argv)
{
	if (command->explain != NULL)
		return command->explain(argc, argv);
	fputs(say(command->help), stdout);
	return CTL_DONE;
}

/* The command that was probably meant: of two words where the first is that of a family. */
static int unknown(char **argv, bool of_family)
{
	char given[2 * CY_GUESS_SIZE], meant[CY_GUESS_TEXT];
	struct cy_guess guess = CY_GUESS(given);

	snprintf(given, sizeof given, "%.*s%s%.*s", (int)CY_GUESS_SIZE, argv[0], of_family ? " " : "",
		 (int)CY_GUESS_SIZE, of_family ? argv[1] : "");
	for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
		const char *name = commands[i]->name;
		char first[CY_GUESS_SIZE];

		cy_guess_offer(&guess, name);
		snprintf(first, sizeof first, "%.*s", (int)strcspn(name, " "), name);
		if (!of_family)
			cy_guess_offer(&guess, first);
	}
	if (!of_family)
		cy_guess_offer(&guess, "help");
	return ctl_usage(NULL, "there is no command '%s'%s", given, say_heard(cy_guess_text(&guess, meant)));
}

/* The first word of a family such as `case`: say which commands it has. */
static int family(int argc, char **argv, bool asked)
{
	const char *word = argv[0];
	bool alone = argc < 2 || argv[1][0] == '-';
	size_t len = strlen(word), n = 0;

	asked = asked && alone;
	for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
		if (strncmp(commands[i]->name, word, len) != 0 || commands[i]->name[len] != ' ')
			continue;
		fprintf(asked ? stdout : stderr, "  %-18s %s\n", commands[i]->name, say(commands[i]->summary));
		n++;
	}
	if (n && asked)
		return CTL_DONE;
	if (n && alone)
		return ctl_usage(NULL, "'%s' is one of these", word);
	return unknown(argv, n > 0);
}

static int help_command(int argc, char **argv)
{
	const struct ctl_command *command;
	int used = 0;

	if (argc < 1 || asks_help(argv[0]))
		return print_help();
	command = find(argc, argv, &used);
	return command != NULL ? explain(command, argc - used, argv + used) : family(argc, argv, true);
}

static int run(struct ctl *ctl, int argc, char **argv)
{
	const struct ctl_command *command;
	int used = 0, i = 0;

	for (; i < argc && argv[i][0] == '-'; i++) {
		int r;

		if (asks_help(argv[i]))
			return print_help();
		if (strcmp(argv[i], "--version") == 0) {
			printf("comityctl " COMITY_VERSION "\n");
			return CTL_DONE;
		}
		r = ctl_global(ctl, argc, argv, &i);
		if (r <= 0)
			return ctl_usage(NULL, r < 0 ? "%s requires a value" : "there is no option %s", argv[i]);
	}
	argc -= i;
	argv += i;
	if (argc < 1)
		return ctl_usage(NULL, "which command?");
	if (strcmp(argv[0], "help") == 0)
		return help_command(argc - 1, argv + 1);
	command = find(argc, argv, &used);
	if (command == NULL)
		return family(argc, argv, argc > 1 && asks_help(argv[1]));
	argc -= used;
	argv += used;
	for (int k = 0; k < argc && strcmp(argv[k], "--") != 0; k++)
		if (asks_help(argv[k]))
			return explain(command, argc, argv);
	return command->run(ctl, argc, argv);
}

int main(int argc, char **argv)
{
	const char *path = getenv("COMITY_SOCKET");
	struct ctl ctl = { .socket = path != NULL && path[0] ? path : CLIENT_SOCKET };
	int r;

	setlocale(LC_ALL, "C.UTF-8");
	signal(SIGPIPE, SIG_DFL);
	r = say_begin(argc - 1, argv + 1);
	if (r == CTL_DONE)
		r = run(&ctl, argc - 1, argv + 1);
	client_free(ctl.conn);
	if ((fflush(stdout) != 0 || ferror(stdout)) && r == CTL_DONE)
		r = ctl_fail(CTL_BAD_FILE, "standard output: %s", say(strerror(errno)));
	return r;
}
