/* libconfuse made to report more than its first error. Every option is read as
 * text with its line, so that no value can stop the parser; an option that it
 * does not know, or a section given twice, is reported, blanked out and the rest
 * read again. For the loaders of files in libconfuse's syntax. */
#ifndef CY_CONFIG_CONFIG_TREE_H
#define CY_CONFIG_CONFIG_TREE_H

#include <confuse.h>
#include <stdbool.h>

#include "config/config_problems.h"

/* The value of an option, as cfg_opt_getnptr() gives it. */
struct config_text {
	int line;
	char text[];
};

cfg_opt_t config_option(const char *name);
cfg_opt_t config_list(const char *name);

/* The words for a kind of file. */
struct config_kind {
	const char *manual;  /* such as comityd.conf(5) */
	const char *unread;  /* what cannot be read, such as "the configuration" */
	const char *instead; /* what to do when it cannot be read */
	bool fixed;          /* it says the same everywhere: environment variables are a problem */
};

/* Read the file by `options`. NULL when it cannot be read or its syntax is broken,
 * which `out` then tells. The tree is to be freed with cfg_free(). `ret_last` is the
 * number of its last line. */
cfg_t *config_tree(const struct config_kind *kind, const char *path, cfg_opt_t *options, struct config_problems *out,
		   int *ret_last);

/* Add a problem with an option, or with none (NULL). */
void config_problem(struct config_problems *out, const char *path, int line, const char *option, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));

/* Put the problems of another file behind those of `out`; `more` is empty then. */
void config_problems_append(struct config_problems *out, struct config_problems *more);

#endif
