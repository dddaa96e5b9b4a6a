#include "config/config_value.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/num.h"
#include "config/secret_file.h"

#define CREDENTIAL "credential:"

void config_wrong(const struct config_sec *s, const char *option, int line, const char *fmt, ...)
{
	char name[128], text[900];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	snprintf(name, sizeof name, "%s%s%s", s->label, s->label[0] == '\0' ? "" : ".", option);
	config_problem(s->l->out, s->l->path, line, name, "%s", text);
}

struct config_sec config_section(struct config_load *l, cfg_t *root, const char *name)
{
	struct config_sec s = { .l = l, .cfg = cfg_getsec(root, name) };

	snprintf(s.label, sizeof s.label, "%s", name);
	return s;
}

/* Where to put what is missing: the end of its section, or of the file. */
int config_end(const struct config_sec *s)
{
	return s->cfg->line > 0 ? s->cfg->line : s->l->last;
}

/* NULL when it is not given. */
const struct config_text *config_given(const struct config_sec *s, const char *name)
{
	cfg_opt_t *opt = cfg_getopt(s->cfg, name);

	return cfg_opt_size(opt) == 0 ? NULL : cfg_opt_getnptr(opt, 0);
}

const struct config_text *config_required(const struct config_sec *s, const char *name, const char *expected)
{
	const struct config_text *t = config_given(s, name);

	if (t == NULL)
		config_wrong(s, name, config_end(s), "it is missing; %s is expected; add it", expected);
	return t;
}

const char *config_keep(const struct config_sec *s, const char *text)
{
	return cy_arena_string(s->l->arena, text);
}

static int64_t unit_ms(const char *unit, int64_t bare)
{
	if (*unit == '\0')
		return bare;
	if (unit[1] != '\0')
		return 0;
	return *unit == 's' ? SECOND : *unit == 'm' ? MINUTE : *unit == 'h' ? HOUR : *unit == 'd' ? DAY : 0;
}

/* A number with s, m, h or d; without, it counts `bare` milliseconds. */
int64_t config_duration(const struct config_sec *s, const char *name, int64_t bare, int64_t otherwise, int64_t min,
			int64_t max)
{
	const struct config_text *t = config_given(s, name);
	const char *each = bare == DAY ? "days" : bare == HOUR ? "hours" : "seconds";
	uint64_t n;
	int64_t unit;
	size_t digits;

	if (t == NULL)
		return otherwise;
	digits = strspn(t->text, "0123456789");
	unit = unit_ms(t->text + digits, bare);
	if (unit == 0 || cy_parse_u64(t->text, digits, (uint64_t)(max / unit), &n) != CY_OK ||
	    (int64_t)n * unit < min) {
		config_wrong(
			s, name, t->line,
			"'%s' is not a time from %lld s to %lld %s; a whole number of %s, or one with s, m, h or d "
			"such as "
			"45m is expected; correct it",
			t->text, (long long)(min / SECOND), (long long)(max / (max > DAY ? DAY : SECOND)),
			max > DAY ? "d" : "s", each);
		return otherwise;
	}
	return (int64_t)n * unit;
}

unsigned config_number(const struct config_sec *s, const char *name, unsigned min, unsigned max, unsigned otherwise)
{
	const struct config_text *t = config_given(s, name);
	uint64_t n;

	if (t == NULL)
		return otherwise;
	if (cy_parse_u64(t->text, strlen(t->text), max, &n) != CY_OK || n < min) {
		config_wrong(s, name, t->line,
			     "'%s' is out of range; a whole number from %u to %u is expected; correct it", t->text, min,
			     max);
		return otherwise;
	}
	return (unsigned)n;
}

int64_t config_days(const struct config_sec *s, const char *name, unsigned otherwise)
{
	return config_number(s, name, 0, 36500, otherwise) * INT64_C(86400000);
}

/* The place of a word in `words`, or -1. */
int config_choice(const struct config_sec *s, const char *name, const struct config_text *t, const char *const *words)
{
	char all[128] = "";

	for (int i = 0; words[i] != NULL; i++) {
		if (strcmp(words[i], t->text) == 0)
			return i;
		strncat(all, i == 0 ? "" : ", ", sizeof all - strlen(all) - 1);
		strncat(all, words[i], sizeof all - strlen(all) - 1);
	}
	config_wrong(s, name, t->line, "'%s' is not known; one of %s is expected; correct it", t->text, all);
	return -1;
}

/* systemd hands them over in a directory of their own (systemd.exec(5), LoadCredential=). */
static bool is_credential(const char *text)
{
	return strncmp(text, CREDENTIAL, sizeof CREDENTIAL - 1) == 0;
}

/* Absolute; a URI other than file: is left as it is. */
const char *config_resolve(const struct config_sec *s, const char *text)
{
	const char *credentials = getenv("CREDENTIALS_DIRECTORY");
	char whole[4096];

	if (is_credential(text)) {
		if (credentials == NULL || strchr(text, '/') != NULL)
			return config_keep(s, text);
		snprintf(whole, sizeof whole, "%s/%s", credentials, text + sizeof CREDENTIAL - 1);
		return config_keep(s, whole);
	}
	if (strncmp(text, "pkcs11:", 7) == 0)
		return config_keep(s, text);
	if (strncmp(text, "file://", 7) == 0)
		text += 7;
	else if (strncmp(text, "file:", 5) == 0)
		text += 5;
	if (*text == '/')
		return config_keep(s, text);
	snprintf(whole, sizeof whole, "%s/%s", s->l->dir, text);
	return config_keep(s, whole);
}

bool config_credential_hidden(const char *path)
{
	const char *dir = getenv("CREDENTIALS_DIRECTORY");
	struct stat st;

	return dir != NULL && strncmp(path, dir, strlen(dir)) == 0 && stat(path, &st) != 0 && errno == EACCES;
}

/* So that what is found in the file is told where it is named. */
static void name_file(const struct config_sec *s, const char *name, int line, const char *path)
{
	struct config *c = s->l->c;
	struct config_named *n = cy_arena_take(s->l->arena, sizeof *n);
	char option[128];

	snprintf(option, sizeof option, "%s.%s", s->label, name);
	*n = (struct config_named){ c->named, path, config_keep(s, option), line };
	c->named = n;
}

const char *config_path(const struct config_sec *s, const char *name, const struct config_text *t)
{
	const char *path = config_resolve(s, t->text);

	if (!is_credential(path)) {
		if (s->l->c != NULL)
			name_file(s, name, t->line, path);
		return path;
	}
	config_wrong(s, name, t->line,
		     "there is no credential '%s'; a name that LoadCredential= of the service unit gives is expected; "
		     "add it there, or name a file",
		     path + sizeof CREDENTIAL - 1);
	return NULL;
}

void config_above(const struct config_sec *s, const char *name, int line, const char *path, const char *what)
{
	const char *store = s->l->c->store_dir, *above;
	const size_t len = strlen(store);
	char whole[4096];
	struct stat st;
	int code;

	snprintf(whole, sizeof whole, "%s", path);
	above = dirname(whole);
	/* The directory of the store is made first; its path may end in a slash. */
	if (strncmp(store, above, strlen(above)) == 0 && strspn(store + strlen(above), "/") == len - strlen(above))
		return;
	code = stat(above, &st) != 0 ? errno : S_ISDIR(st.st_mode) ? 0 : ENOTDIR;
	if (code != 0)
		config_wrong(s, name, line, "%s: %s; the directory above %s must exist; run mkdir -p %s", above,
			     strerror(code), what, above);
}

/* A file that must be there and readable, and a secret one closed to others. */
static const char *file(const struct config_sec *s, const char *name, const struct config_text *t, bool secret,
			const char *remedy)
{
	const char *path;
	struct stat st;

	if (t == NULL)
		return NULL;
	path = config_path(s, name, t);
	if (path == NULL)
		return NULL;
	if (strncmp(path, "pkcs11:", 7) == 0) {
		if (!secret)
			config_wrong(s, name, t->line, "'%s' is not a file; a path is expected; %s", t->text, remedy);
		/* Its query is hidden in what we print only where one can tell where it ends. */
		else if (strpbrk(path, " \t\r\n") != NULL)
			config_wrong(s, name, t->line,
				     "there is a blank in the URI, and a URI has none; write %%20 for it");
		return path;
	}
	if (config_credential_hidden(path))
		return path;
	if (stat(path, &st) != 0)
		config_wrong(s, name, t->line, "%s: %s; a file is expected; %s", path, strerror(errno), remedy);
	else if (!S_ISREG(st.st_mode))
		config_wrong(s, name, t->line, "%s is not a file; a file is expected; %s", path, remedy);
	else if (secret && secret_file_open_to(path, st.st_mode) != 0)
		config_wrong(
			s, name, t->line,
			"the key %s is open to others (mode %04o); only its owner may have access; run chmod 0600 %s, "
			"and "
			"make a new key if somebody may have read it",
			path, (unsigned)st.st_mode & 07777u, path);
	else if (faccessat(AT_FDCWD, path, R_OK, AT_EACCESS) != 0)
		config_wrong(s, name, t->line, "%s: %s; the daemon's user must be able to read it; change its owner",
			     path, strerror(errno));
	return path;
}

const char *config_file(const struct config_sec *s, const char *name, const struct config_text *t, const char *remedy)
{
	return file(s, name, t, false, remedy);
}

const char *config_secret(const struct config_sec *s, const char *name, const struct config_text *t, const char *remedy)
{
	return file(s, name, t, true, remedy);
}

bool config_host_valid(const char *host, bool numeric)
{
	struct in6_addr any;
	const size_t len = strlen(host);

	if (inet_pton(AF_INET, host, &any) == 1 || inet_pton(AF_INET6, host, &any) == 1)
		return true;
	return !numeric && len > 0 && len <= 253 && host[0] != '-' && host[0] != '.' &&
	       strspn(host, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-") == len &&
	       strspn(host, "0123456789.") < len;
}

/* HOST:PORT or [IPV6]:PORT. */
struct config_address config_address_of(const struct config_sec *s, const char *name, const struct config_text *t,
					bool numeric)
{
	char *host = cy_arena_string(s->l->arena, t->text), *colon = strrchr(host, ':');
	struct in6_addr any;
	uint64_t port = 0;
	bool good = colon != NULL;

	if (good) {
		*colon = '\0';
		if (host[0] == '[' && colon > host + 1 && colon[-1] == ']') {
			host++;
			colon[-1] = '\0';
			good = inet_pton(AF_INET6, host, &any) == 1;
		} else {
			good = strchr(host, ':') == NULL && config_host_valid(host, numeric);
		}
	}
	if (!good)
		config_wrong(s, name, t->line, "'%s' is not an address; %s is expected; correct it", t->text,
			     numeric ? "an IP address with a port, such as 0.0.0.0:5671 or [::]:5671,"
				     : "a host with a port, such as mla.example.org:5671 or [2001:db8::1]:5671,");
	else if (cy_parse_u64(colon + 1, strlen(colon + 1), 65535, &port) != CY_OK || port == 0)
		config_wrong(s, name, t->line,
			     "'%s' has no valid port; a port from 1 to 65535 is expected after the last "
			     "colon; correct it",
			     t->text);
	return (struct config_address){ .text = config_keep(s, t->text), .host = host, .port = (uint16_t)port };
}
