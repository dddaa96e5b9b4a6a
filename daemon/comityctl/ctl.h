/* The parts that all commands of comityctl share: options, the connection, exit codes. */
#ifndef CY_COMITYCTL_CTL_H
#define CY_COMITYCTL_CTL_H

#include <stdbool.h>
#include <stddef.h>

#include "client/client.h"

/* Exit codes: comityctl(1) states the same. */
enum ctl_exit {
	CTL_DONE = 0,
	CTL_REFUSED = 1,     /* the daemon refused; its faults are printed */
	CTL_USAGE = 2,       /* the command line is wrong */
	CTL_UNREACHABLE = 3, /* the daemon cannot be reached, or the connection broke */
	CTL_BAD_FILE = 4,    /* a file cannot be read, or what it says is wrong */
	CTL_NOT_FOUND = 5,   /* no such case, message or name */
	CTL_NOT_NOW = 6      /* the daemon cannot do it now; repeated later it may */
};

/* One run. */
struct ctl {
	const char *socket; /* path */
	const char *client; /* name; NULL: the only one allowed */
	bool json;
	struct client *conn; /* NULL until ctl_connect() */
};

/* A command: `name` is one word or two ("case list"). `run` gets the arguments
 * after the name and returns an exit code; `explain`, where there is one,
 * replaces the plain help text. */
struct ctl_command {
	const char *name;
	const char *summary;
	const char *help;
	int (*run)(struct ctl *ctl, int argc, char **argv);
	int (*explain)(int argc, char **argv);
};

extern const struct ctl_command ctl_submit, ctl_send, ctl_inbox, ctl_case_list, ctl_case_show, ctl_case_erase,
	ctl_message_show, ctl_status, ctl_health, ctl_peer_list, ctl_template, ctl_form, ctl_check,
	ctl_return_deficient, ctl_due, ctl_late, ctl_cursor_list, ctl_cursor_remove, ctl_clock_list, ctl_clock_explain,
	ctl_clock_confirm, ctl_resume, ctl_treaty_diff, ctl_stats, ctl_peer_show, ctl_evidence_put, ctl_evidence_get,
	ctl_evidence_list, ctl_evidence_custody, ctl_evidence_hold, ctl_evidence_release, ctl_evidence_fetch,
	ctl_evidence_manifest, ctl_evidence_confirm, ctl_evidence_check, ctl_evidence_uploads, ctl_letter, ctl_record,
	ctl_export, ctl_verify;

/* An option of a command; one of the three is set: `value` (the last one given
 * counts), `flag`, or `list` for an option that may be repeated. */
struct ctl_option {
	const char *name; /* without the hyphens */
	const char **value;
	bool *flag;
	struct ctl_list *list;
	char letter; /* a short name, for one that has a value: 'o' for -o; 0: none */
};

/* Values of an option that may be given several times, in order. */
#define CTL_LIST_MAX 256
struct ctl_list {
	size_t n;
	const char *at[CTL_LIST_MAX];
};

/* Options stand anywhere, as `--name value` or `--name=value`, or `-o value`; `--` ends them.
 * Global options are taken everywhere. The other arguments go to `words`, of
 * which there must be `min` to `max`. CTL_DONE, or CTL_USAGE with the sentence
 * printed. */
int ctl_parse(struct ctl *ctl, const struct ctl_command *command, int argc, char **argv,
	      const struct ctl_option *options, size_t n_options, const char **words, size_t min, size_t max,
	      size_t *ret_n);

/* Take argv[*i] if it is a global option, and its value: 1 taken, 0 not one,
 * -1 without its value. */
int ctl_global(struct ctl *ctl, int argc, char **argv, int *i);

/* Print `comityctl: sentence` and how to get help; CTL_USAGE. */
int ctl_usage(const char *command, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Print `comityctl: sentence` to standard error; `code`. */
int ctl_fail(int code, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* A decimal number up to `max` as value of an option; CTL_USAGE with the sentence. */
int ctl_number(const char *command, const char *option, const char *text, uint64_t max, uint64_t *ret);

/* A state as value of an option, two capital letters of ISO 3166-1; CTL_USAGE with the sentence. NULL is none. */
int ctl_state(const char *command, const char *option, const char *text);

/* Connect and say hello; later calls do nothing. */
int ctl_connect(struct ctl *ctl);

/* Ask the daemon, connected if need be. Not CTL_DONE: the reason is printed. */
int ctl_call(struct ctl *ctl, CyClientFrame *request, CyServerFrame__KindCase expected, CyServerFrame **ret_reply);

/* Order something that is answered with Done. What was done is printed as JSON, or else as this sentence, to which
 * a full stop and a new line are added. Not CTL_DONE: the reason is printed. */
int ctl_order(struct ctl *ctl, CyClientFrame *request, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* The pointers of a page's list go over to the end of `list`, whose new place is returned: *n_page is 0 then. */
void *ctl_join(void *list, size_t *n, const void *page, size_t *n_page);

/* Ask for the view of a case by any of its references. Not CTL_DONE: the reason is printed. */
int ctl_show_case(struct ctl *ctl, const char *ref, CyServerFrame **ret_reply);

/* Print what the last failed use of the connection said; the exit code for it. */
int ctl_report(struct ctl *ctl, const struct cy_error *e);

#endif
