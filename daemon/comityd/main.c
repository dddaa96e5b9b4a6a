#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "comityd/daemon.h"
#include "comityd/parts.h"
#include "comityd/test_pause.h"
#include "io/signer/secrets.h"

#define DEFAULT_CONFIG "/etc/comity/comityd.conf"

static const char help[] = "Usage: comityd [--config FILE] [--check-config]\n"
			   "\n"
			   "Exchanges signed requests and answers for mutual legal assistance between this\n"
			   "central authority and its peers.\n"
			   "\n"
			   "  -c, --config FILE   configuration; default " DEFAULT_CONFIG "\n"
			   "      --check-config  read the configuration and every file that it names, print\n"
			   "                      each problem with its line and remedy, and exit;\n"
			   "                      what does not keep the service from starting is a warning\n"
			   "  -h, --help          this text\n"
			   "      --version       name and version\n"
			   "\n"
			   "Runs in the foreground and logs to standard error, or to the journal under systemd.\n"
			   "SIGTERM and SIGINT stop it in order; SIGHUP reads the configuration again, and a\n"
			   "faulty one leaves the old one in force. Exit status: 0 orderly stop, 1 it could\n"
			   "not start or go on, 2 wrong usage, 3 the configuration is wrong.\n";

enum {
	OPT_CHECK = 256,
	OPT_VERSION
};

static const struct option options[] = {
	{ "config", required_argument, NULL, 'c' },
	{ "check-config", no_argument, NULL, OPT_CHECK },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, OPT_VERSION },
	{ NULL, 0, NULL, 0 },
};

/* Print them, and forget them. False: there are none. */
static bool tell(const char *kind, struct config_problems *problems)
{
	const bool any = problems->n > 0;

	for (size_t i = 0; i < problems->n; i++)
		fprintf(stderr, "%s%s\n", kind, problems->list[i].text);
	config_problems_free(problems);
	return any;
}

int main(int argc, char **argv)
{
	const char *path = DEFAULT_CONFIG;
	struct config_problems problems = { 0 }, warnings = { 0 };
	struct config *config = NULL;
	struct cy_error e = { 0 };
	const struct cy_wall now = { 1000 * (int64_t)time(NULL) };
	bool check_only = false;
	bool warned;
	int o, r;

	while ((o = getopt_long(argc, argv, "c:h", options, NULL)) != -1) {
		switch (o) {
		case 'c':
			path = optarg;
			break;
		case OPT_CHECK:
			check_only = true;
			break;
		case 'h':
			fputs(help, stdout);
			return 0;
		case OPT_VERSION:
			puts("comityd " COMITY_VERSION);
			return 0;
		default:
			fputs("Try 'comityd --help'.\n", stderr);
			return 2;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "comityd: unexpected argument '%s'. Try 'comityd --help'.\n", argv[optind]);
		return 2;
	}
	if (!secrets_protect(test_dumpable()))
		fputs("comityd: warning: the memory of keys cannot be locked and may be swapped out; allow 2 MiB by "
		      "LimitMEMLOCK= of the service unit, or ulimit -l\n",
		      stderr);
	signal(SIGPIPE, SIG_IGN);
	/* A limit of file sizes is then a failed commit, as a full disk is. */
	signal(SIGXFSZ, SIG_IGN);
	r = config_load(path, &config, &problems);
	if (r == CY_OK) {
		/* The service starts without a peer, or a treaty profile, that cannot be read. */
		if (check_only)
			parts_check(config, now, &problems);
		else
			parts_check_own(config, now, &problems);
		r = problems.n > 0 ? CY_ECONFIG : CY_OK;
		if (check_only)
			parts_warn(config, now, &warnings);
	}
	tell("", &problems);
	warned = tell("warning: ", &warnings);
	if (r < 0) {
		config_free(config);
		return 3;
	}
	if (check_only)
		printf("%s: no problem found%s\n", path, warned ? ", but see the warnings" : "");
	else
		r = daemon_run(config, &e);
	config_free(config);
	return r < 0 ? 1 : 0;
}
