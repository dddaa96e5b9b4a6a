#include "config/config_evidence.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define GIB       (UINT64_C(1) << 30)
#define BYTES_MAX (UINT64_C(1) << 60)
/* Below it the turns of four pulls would be longer than a receiver waits (XCHG_STALL_MS). */
#define RATE_MIN 8192u

/* A number with K, M, G or T (of 1,024), or without; false: it is none. */
static bool bytes_of(const char *text, size_t len, uint64_t *ret)
{
	static const char units[] = "KMGT";
	const char *unit = len > 0 ? memchr(units, toupper((unsigned char)text[len - 1]), 4) : NULL;
	const size_t digits = unit != NULL ? len - 1 : len;
	uint64_t value = 0;

	if (digits == 0 || digits > 15)
		return false;
	for (size_t i = 0; i < digits; i++) {
		if (!isdigit((unsigned char)text[i]))
			return false;
		value = value * 10 + (uint64_t)(text[i] - '0');
	}
	for (ptrdiff_t i = unit != NULL ? unit - units : -1; i >= 0; i--) {
		if (value > BYTES_MAX >> 10)
			return false;
		value <<= 10;
	}
	*ret = value;
	return true;
}

static uint64_t bytes(const struct config_sec *s, const char *name, uint64_t otherwise)
{
	const struct config_text *t = config_given(s, name);
	uint64_t value = otherwise;

	if (t != NULL && !bytes_of(t->text, strlen(t->text), &value))
		config_wrong(
			s, name, t->line,
			"'%s' is not a number of bytes; a whole number is expected, with K, M, G or T where it counts "
			"these (of 1,024), such as 500G; correct it",
			t->text);
	return value;
}

void config_evidence(struct config_load *l, cfg_t *root)
{
	struct config_sec s = config_section(l, root, "evidence");
	const struct config_text *dir = config_given(&s, "dir");
	struct config *c = l->c;
	char within[4096];
	struct stat st;

	snprintf(within, sizeof within, "%s/evidence", c->store_dir);
	c->evidence_dir = dir == NULL ? config_keep(&s, within) : config_resolve(&s, dir->text);
	if (stat(c->evidence_dir, &st) == 0 && !S_ISDIR(st.st_mode))
		config_wrong(&s, "dir", dir == NULL ? config_end(&s) : dir->line,
			     "%s is not a directory; a directory is expected; name another", c->evidence_dir);
	else if (dir != NULL)
		config_above(&s, "dir", dir->line, c->evidence_dir, "the evidence");
	c->evidence_keep_free = bytes(&s, "keep_free", GIB);
	c->quota_peer = bytes(&s, "quota_peer", 0);
	c->quota_case = bytes(&s, "quota_case", 0);
	c->quota_client = bytes(&s, "quota_client", 0);
	c->check_every_ms = config_days(&s, "check_every", CY_EVIDENCE_CHECK_DAYS);
	c->check_rate = bytes(&s, "check_rate", CY_EVIDENCE_CHECK_RATE);
	if (c->check_rate > 0 && c->check_rate < RATE_MIN)
		config_wrong(
			&s, "check_rate", config_given(&s, "check_rate")->line,
			"%llu bytes a second is less than %u; %u at least, or 0 for no limit, is expected; correct it",
			(unsigned long long)c->check_rate, RATE_MIN, RATE_MIN);
	c->keep_sent_ms = config_days(&s, "keep_sent", 0);
	c->keep.custody = config_days(&s, "keep_custody", CY_KEEP_CUSTODY_DAYS);
}

/* HH:MM, to 24:00; returns what follows it, NULL if there is none. */
static const char *minutes(const char *text, uint16_t *ret)
{
	unsigned hour, minute;

	for (size_t i = 0; i < 5; i++)
		if (i == 2 ? text[i] != ':' : !isdigit((unsigned char)text[i]))
			return NULL;
	hour = (unsigned)(text[0] - '0') * 10 + (unsigned)(text[1] - '0');
	minute = (unsigned)(text[3] - '0') * 10 + (unsigned)(text[4] - '0');
	if (minute > 59 || hour > 24 || (hour == 24 && minute > 0))
		return NULL;
	*ret = (uint16_t)(hour * 60 + minute);
	return text + 5;
}

static bool rate_of(const char *text, struct node_rate *ret)
{
	const char *at = minutes(text, &ret->from);

	at = at != NULL && *at == '-' ? minutes(at + 1, &ret->until) : NULL;
	if (at == NULL || *at != ' ' || ret->from == 24 * 60)
		return false;
	at++;
	if (strcmp(at, "unlimited") == 0) {
		ret->bytes_per_second = 0;
		return true;
	}
	return bytes_of(at, strlen(at), &ret->bytes_per_second) && ret->bytes_per_second >= RATE_MIN;
}

void config_rates(const struct config_sec *s, struct config_peer *peer)
{
	cfg_opt_t *opt = cfg_getopt(s->cfg, "evidence_rate");
	struct node_rate *rates;

	peer->n_rates = cfg_opt_size(opt);
	if (peer->n_rates == 0)
		return;
	rates = cy_arena_take(s->l->arena, peer->n_rates * sizeof *rates);
	for (size_t i = 0; i < peer->n_rates; i++) {
		const struct config_text *t = cfg_opt_getnptr(opt, (unsigned)i);

		if (!rate_of(t->text, &rates[i]))
			config_wrong(
				s, "evidence_rate", t->line,
				"'%s' is not a rate; HH:MM-HH:MM and bytes a second with K, M or G, 8K at least, or "
				"the word unlimited, are expected, such as \"08:00-18:00 2M\"; correct it",
				t->text);
	}
	peer->rates = rates;
}
