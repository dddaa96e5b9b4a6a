/* The kinds of values that options have, and the words for what is wrong with
 * them. Each function reports its own problem, with a remedy, and goes on with a
 * harmless value. Private to config_confuse.c. */
#ifndef CY_CONFIG_CONFIG_VALUE_H
#define CY_CONFIG_CONFIG_VALUE_H

#include "config/config_confuse.h"
#include "config/config_tree.h"

#define SECOND INT64_C(1000)
#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)
#define LONG   (3650 * DAY) /* as good as for ever */

struct config_load {
	struct config *c;       /* what is loaded into; NULL: something else than a configuration */
	struct cy_arena *arena; /* of what is kept */
	struct config_problems *out;
	const char *path, *dir; /* the file and its directory */
	int last;               /* line */
};

/* A section, and how it is called in a problem; the whole file has no label. */
struct config_sec {
	struct config_load *l;
	cfg_t *cfg;
	char label[80];
};

struct config_sec config_section(struct config_load *l, cfg_t *root, const char *name);

/* A problem with an option of this section. */
void config_wrong(const struct config_sec *s, const char *option, int line, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* The line for what is missing: the end of its section, or of the file. */
int config_end(const struct config_sec *s);

/* NULL when it is not given; required: and that is a problem. */
const struct config_text *config_given(const struct config_sec *s, const char *name);
const struct config_text *config_required(const struct config_sec *s, const char *name, const char *expected);

/* A copy that lives as long as the configuration. */
const char *config_keep(const struct config_sec *s, const char *text);

/* Milliseconds of a number with s, m, h or d; without, it counts `bare`
 * milliseconds. From `min` to `max`. */
int64_t config_duration(const struct config_sec *s, const char *name, int64_t bare, int64_t otherwise, int64_t min,
			int64_t max);
unsigned config_number(const struct config_sec *s, const char *name, unsigned min, unsigned max, unsigned otherwise);
/* Whole days for which something is kept, 0 (for ever) to 36,500, in milliseconds. */
int64_t config_days(const struct config_sec *s, const char *name, unsigned otherwise);
/* The place of a word in `words`, which NULL ends; -1 when it is none. */
int config_choice(const struct config_sec *s, const char *name, const struct config_text *t, const char *const *words);

/* An absolute path; a pkcs11: URI is left as it is, and so is credential:NAME when
 * there is no such credential. */
const char *config_resolve(const struct config_sec *s, const char *text);
/* The same, remembered as config.named; NULL, and a problem, for a credential that there is not. */
const char *config_path(const struct config_sec *s, const char *name, const struct config_text *t);
/* `path` is made by the service, in a directory that must be there or is that of the store. `what`: such as
 * "the store". */
void config_above(const struct config_sec *s, const char *name, int line, const char *path, const char *what);
/* The path of a file that must be there and readable (NULL for t NULL), and no URI. */
const char *config_file(const struct config_sec *s, const char *name, const struct config_text *t, const char *remedy);
/* The same of a key: a file that is closed to others (config/secret_file.h), or a URI. */
const char *config_secret(const struct config_sec *s, const char *name, const struct config_text *t,
			  const char *remedy);

/* An IP address or, unless numeric, a host name. */
bool config_host_valid(const char *host, bool numeric);
/* HOST:PORT or [IPV6]:PORT. */
struct config_address config_address_of(const struct config_sec *s, const char *name, const struct config_text *t,
					bool numeric);

#endif
