#include "config/config_distinct.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/limits.h"
#include "config/config_tree.h"

/* The certificates of a file, as far as it holds some; NULL for none. */
static STACK_OF(X509) * read_all(const char *path)
{
	BIO *in = path == NULL ? NULL : BIO_new_file(path, "r");
	STACK_OF(X509) *list = in == NULL ? NULL : sk_X509_new_null();
	X509 *cert;

	while (list != NULL && (cert = PEM_read_bio_X509(in, NULL, NULL, NULL)) != NULL)
		CY_ASSERT(sk_X509_push(list, cert) > 0);
	BIO_free(in);
	ERR_clear_error();
	return list;
}

/* A certificate that is in both lists, or NULL. */
static const X509 *shared(STACK_OF(X509) * a, STACK_OF(X509) * b)
{
	for (int i = 0; i < sk_X509_num(a); i++)
		for (int k = 0; k < sk_X509_num(b); k++)
			if (X509_cmp(sk_X509_value(a, i), sk_X509_value(b, k)) == 0)
				return sk_X509_value(a, i);
	return NULL;
}

static bool stands_under(const X509 *cert, STACK_OF(X509) * anchors)
{
	for (int i = 0; i < sk_X509_num(anchors); i++)
		if (X509_check_issued(sk_X509_value(anchors, i), (X509 *)cert) == X509_V_OK)
			return true;
	return false;
}

/* As `openssl x509 -fingerprint -sha256` and comity-pki fingerprint begin: enough to find it. */
static void fingerprint(const X509 *cert, char out[static 24])
{
	uint8_t digest[EVP_MAX_MD_SIZE];
	unsigned len = 0;

	CY_ASSERT(X509_digest(cert, EVP_sha256(), digest, &len) == 1);
	snprintf(out, 24, "%02X:%02X:%02X:%02X:%02X:%02X", digest[0], digest[1], digest[2], digest[3], digest[4],
		 digest[5]);
}

/* Names of hosts are compared without regard to case (RFC 4343), URIs exactly. */
static const char *shared_name(const struct config_peer *a, const struct config_peer *b)
{
	for (size_t i = 0; i < a->n_names; i++)
		for (size_t k = 0; k < b->n_names; k++)
			if (strcmp(a->names[i], b->names[k]) == 0 ||
			    (strncmp(a->names[i], "dns:", 4) == 0 && strcasecmp(a->names[i], b->names[k]) == 0))
				return a->names[i];
	return NULL;
}

struct material {
	STACK_OF(X509) * anchors, *signing;
};

static void tell(const struct config *c, const struct config_peer *p, const char *option, const char *what,
		 struct config_problems *out)
{
	char name[80];

	snprintf(name, sizeof name, "peer %s.%s", p->id, option);
	config_problem(out, c->path, p->line, name, "%s", what);
}

static void compare(const struct config *c, const struct config_peer *first, const struct config_peer *p,
		    const struct material *a, const struct material *b, struct config_problems *out)
{
	const X509 *cert = shared(a->signing, b->signing);
	const char *expected = shared_name(first, p);
	char what[640], print[24];

	/* Without an anchor in common a certificate counts for one of them at most: a peer that hands over
	 * another one's as its own must not keep us from starting. */
	if (shared(a->anchors, b->anchors) == NULL)
		return;
	if (cert != NULL) {
		fingerprint(cert, print);
		snprintf(what, sizeof what,
			 "the section peer %s (line %d) pins the same certificate (SHA-256 %s...) under the same "
			 "anchor, "
			 "and what it signs would count for both; each authority has its own; remove the copied "
			 "section, or name the "
			 "right "
			 "file",
			 first->id, first->line, print);
		tell(c, p, "signing_certificates", what, out);
	}
	if (expected != NULL) {
		snprintf(
			what, sizeof what,
			"the section peer %s (line %d) expects %.200s under the same anchor, and one certificate would "
			"be both peers; each has names, or anchors, of its own; remove the copied section, or correct "
			"one",
			first->id, first->line, expected);
		tell(c, p, "names", what, out);
	}
}

static void compare_own(const struct config *c, const struct config_peer *p, const struct material *m,
			STACK_OF(X509) * own, struct config_problems *out)
{
	const X509 *cert = shared(m->signing, own);
	char what[400], print[24];

	if (cert == NULL || !stands_under(cert, m->anchors))
		return;
	fingerprint(cert, print);
	snprintf(what, sizeof what,
		 "a certificate of it (SHA-256 %s...) is this authority's own (section identity), and what we sign "
		 "would count as the peer's; name the file that the peer has exported",
		 print);
	tell(c, p, "signing_certificates", what, out);
}

void config_distinct(const struct config *c, struct config_problems *out)
{
	struct material *of = calloc(CY_PEERS_MAX + 1, sizeof *of);
	const size_t n = c->n_peers < CY_PEERS_MAX ? c->n_peers : CY_PEERS_MAX; /* more are a problem of their own */
	STACK_OF(X509) * own[] = { read_all(c->signing_certificate), read_all(c->own_signing_certificates) };

	CY_ASSERT(of != NULL);
	for (size_t i = 0; i < n; i++) {
		of[i] = (struct material){ read_all(c->peers[i].anchors), read_all(c->peers[i].signing_certificates) };
		for (size_t k = 0; k < i; k++)
			compare(c, &c->peers[k], &c->peers[i], &of[k], &of[i], out);
		for (size_t k = 0; k < 2; k++)
			compare_own(c, &c->peers[i], &of[i], own[k], out);
	}
	for (size_t i = 0; i < n; i++) {
		sk_X509_pop_free(of[i].anchors, X509_free);
		sk_X509_pop_free(of[i].signing, X509_free);
	}
	sk_X509_pop_free(own[0], X509_free);
	sk_X509_pop_free(own[1], X509_free);
	free(of);
}
