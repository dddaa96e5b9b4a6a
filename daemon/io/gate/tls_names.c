#include "io/gate/tls_names.h"

#include <arpa/inet.h>
#include <openssl/x509v3.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "config/tls_name.h"

struct name {
	int type; /* GEN_DNS, GEN_IPADD or GEN_URI */
	size_t len, peer;
	uint8_t *bytes; /* as in a certificate; of a DNS name in lower case */
};

struct tls_names {
	struct name *name;
	size_t n, room, longest;
};

/* Called for a name that both a certificate and a peer have; returns false to end the search. */
typedef bool on_match(void *ctx, size_t peer);

static void lower(uint8_t *out, const uint8_t *in, size_t len)
{
	for (size_t i = 0; i < len; i++)
		out[i] = in[i] >= 'A' && in[i] <= 'Z' ? (uint8_t)(in[i] + 32) : in[i];
}

/* By type, length and bytes; not by peer. */
static int compare(const struct name *a, const struct name *b)
{
	if (a->type != b->type)
		return a->type < b->type ? -1 : 1;
	if (a->len != b->len)
		return a->len < b->len ? -1 : 1;
	return memcmp(a->bytes, b->bytes, a->len);
}

static int by_name(const void *a, const void *b)
{
	return compare(a, b);
}

struct tls_names *tls_names_new(void)
{
	struct tls_names *names = calloc(1, sizeof *names);

	CY_ASSERT(names);
	return names;
}

void tls_names_free(struct tls_names *names)
{
	if (names == NULL)
		return;
	for (size_t i = 0; i < names->n; i++)
		free(names->name[i].bytes);
	free(names->name);
	free(names);
}

void tls_names_add(struct tls_names *names, const char *s, size_t peer)
{
	struct name n = { .peer = peer };
	uint8_t ip[16];

	CY_ASSERT(tls_name_valid(s));
	if (names->n == names->room) {
		names->room = names->room ? 2 * names->room : 16;
		names->name = reallocarray(names->name, names->room, sizeof *names->name);
		CY_ASSERT(names->name);
	}
	if (strncmp(s, "ip:", 3) == 0) {
		n.type = GEN_IPADD;
		n.len = inet_pton(AF_INET, s + 3, ip) == 1 ? 4 : 16;
		CY_ASSERT(n.len == 4 || inet_pton(AF_INET6, s + 3, ip) == 1);
	} else {
		n.type = s[0] == 'd' ? GEN_DNS : GEN_URI;
		n.len = strlen(s + 4);
	}
	n.bytes = malloc(n.len);
	CY_ASSERT(n.bytes);
	if (n.type == GEN_DNS)
		lower(n.bytes, (const uint8_t *)s + 4, n.len);
	else
		memcpy(n.bytes, n.type == GEN_IPADD ? ip : (const uint8_t *)s + 4, n.len);
	names->longest = n.len > names->longest ? n.len : names->longest;
	names->name[names->n++] = n;
}

void tls_names_sort(struct tls_names *names)
{
	if (names->n)
		qsort(names->name, names->n, sizeof *names->name, by_name);
}

/* The first one that is not less than the key. */
static size_t lower_bound(const struct tls_names *names, const struct name *key)
{
	size_t from = 0, to = names->n;

	while (from < to) {
		size_t middle = from + (to - from) / 2;

		if (compare(&names->name[middle], key) < 0)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

/* One name of a certificate. `room`: for the longest name that anybody expects. */
static bool look_up(const struct tls_names *names, const GENERAL_NAME *of, uint8_t *room, on_match *match, void *ctx)
{
	int type;
	const ASN1_STRING *value = GENERAL_NAME_get0_value(of, &type);
	struct name key = { .type = type, .bytes = room };

	if (type != GEN_DNS && type != GEN_URI && type != GEN_IPADD)
		return true;
	key.len = (size_t)ASN1_STRING_length(value);
	if (key.len == 0 || key.len > names->longest)
		return true;
	if (type == GEN_DNS)
		lower(room, ASN1_STRING_get0_data(value), key.len);
	else
		memcpy(room, ASN1_STRING_get0_data(value), key.len);
	for (size_t i = lower_bound(names, &key); i < names->n && compare(&names->name[i], &key) == 0; i++)
		if (!match(ctx, names->name[i].peer))
			return false;
	return true;
}

static void for_each_match(const struct tls_names *names, X509 *certificate, on_match *match, void *ctx)
{
	GENERAL_NAMES *have = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
	uint8_t *room = malloc(names->longest + 1);
	bool more = true;

	CY_ASSERT(room);
	for (int i = 0; i < sk_GENERAL_NAME_num(have) && more; i++)
		more = look_up(names, sk_GENERAL_NAME_value(have, i), room, match, ctx);
	free(room);
	GENERAL_NAMES_free(have);
}

struct wanted {
	size_t peer;
	bool found;
};

static bool is_wanted(void *ctx, size_t peer)
{
	struct wanted *w = ctx;

	w->found = peer == w->peer;
	return !w->found;
}

bool tls_names_match(const struct tls_names *names, X509 *certificate, size_t peer)
{
	struct wanted w = { .peer = peer };

	for_each_match(names, certificate, is_wanted, &w);
	return w.found;
}

struct found {
	size_t *peers, n, max;
};

/* Insert it, if it is not there yet. */
static bool collect(void *ctx, size_t peer)
{
	struct found *f = ctx;
	size_t at = 0;

	while (at < f->n && f->peers[at] < peer)
		at++;
	if (at < f->n && f->peers[at] == peer)
		return true;
	if (f->n++ == f->max)
		return false;
	memmove(&f->peers[at + 1], &f->peers[at], (f->n - 1 - at) * sizeof *f->peers);
	f->peers[at] = peer;
	return true;
}

size_t tls_names_peers(const struct tls_names *names, X509 *certificate, size_t *ret_peers, size_t max)
{
	struct found f = { .peers = ret_peers, .max = max };

	for_each_match(names, certificate, collect, &f);
	return f.n;
}
