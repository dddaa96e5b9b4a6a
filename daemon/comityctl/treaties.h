/* The treaty profiles that a command works with, read from a directory. */
#ifndef CY_COMITYCTL_TREATIES_H
#define CY_COMITYCTL_TREATIES_H

#include "base/arena.h"
#include "base/limits.h"
#include "comityctl/ctl.h"
#include "config/profile_confuse.h"

#define TREATIES_UNVERIFIED "not verified against the primary text"

struct treaties {
	struct cy_arena arena; /* owns the profiles; free it after use, also after a failure */
	const struct law_profile *const *list;
	size_t n;
};

/* Read all profiles of `dir`; NULL: those that $COMITY_TREATIES names, else those that were
 * installed with this program, or that stand in the tree it was built in. CTL_DONE, or CTL_BAD_FILE with the problems
 * printed. */
int treaties_load(const char *dir, struct treaties *ret);

/* The same of $COMITY_TREATIES or of those installed, for whoever does without where there are none. False: there are
 * none, or problems were printed. */
bool treaties_here(struct treaties *ret);

/* The version asked for; "": the one that is effective today, else the last one. NULL:
 * there is none, which is told. */
const struct law_profile *treaties_find(const struct treaties *t, const char *id, const char *version);

/* The type of measure of this name, which the profile (NULL: any) admits. CTL_DONE, or CTL_USAGE or CTL_NOT_FOUND with
 * the sentence printed. */
int treaties_measure(const struct law_profile *p, const char *word, int *ret);

/* Today, in UTC. */
struct cy_date treaties_today(void);

/* Print problems to standard error. */
void treaties_problems(struct config_problems *out);

/* 2009-08-11, or "" for none; one of a few buffers in turn. */
const char *treaties_date(struct cy_date d);

/* What the words of a command line ask for: types of measure, which the profile (NULL: any) admits, or what is a
 * message of its own: INTERCEPTION_NOTIFICATION and SPONTANEOUS_INFORMATION. CTL_DONE, or CTL_USAGE or CTL_NOT_FOUND
 * with the sentence printed. */
#define TREATIES_INFORMATION "SPONTANEOUS_INFORMATION"
struct treaties_asked {
	uint32_t kind; /* of message */
	size_t n;
	CyMeasureType types[CY_MEASURES_MAX];
};
int treaties_ask(const char *command, const struct law_profile *p, const char *const *words, size_t n,
		 struct treaties_asked *ret);

extern const struct ctl_command ctl_treaty_list, ctl_treaty_show, ctl_treaty_check, ctl_treaty_guide;

#endif
