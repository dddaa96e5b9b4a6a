/* Files that cannot be used while the service goes on without them. One peer's broken CRL
 * must not keep the others' new ones from taking effect, nor a treaty profile that does
 * not parse; each is told, shown in the status, and read again when it has changed. */
#ifndef CY_COMITYD_FAULTS_H
#define CY_COMITYD_FAULTS_H

#include "comityd/parts.h"

#define FAULT_TEXT 600 /* bytes of a sentence that names the file, with the NUL */

struct fault {
	char peer[CY_AUTHORITY_MAX + 1]; /* "": our own */
	char text[FAULT_TEXT];
};

/* Zero-initialised: none. */
struct faults {
	struct fault *list; /* of keys, certificates and CRLs */
	size_t n;
	char legal_data[FAULT_TEXT]; /* of treaty profiles, calendars and time zones; "": none */
	char config[FAULT_TEXT];     /* of the configuration itself, since it was last taken; "": none */
};

/* Those that reading the parts has found. `link` is as they were applied to. The legal data's
 * stay as they are. */
void faults_take(struct faults *f, const struct parts *p, const struct link *link);
/* Of legal data that could not be read as a whole. `kept`: those of before stay in force. */
void faults_take_legal_data(struct faults *f, const struct config_problems *problems, bool kept);
/* The configuration was not taken: the first of `n` problems with it. It stands until one is taken (n = 0). */
void faults_take_config(struct faults *f, const char *first, size_t n);
void faults_free(struct faults *f);

/* Is there the same one? */
bool faults_has(const struct faults *f, const struct fault *one);
/* The sentence about one peer, or "" for our own files; NULL: nothing is wrong. */
const char *faults_find(const struct faults *f, const char *peer);

#endif
