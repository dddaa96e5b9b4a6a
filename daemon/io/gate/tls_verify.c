/* Verifies the other side's certificate, and finds out whose it is. Each peer has an opinion by
 * its own anchors, CRL and names; a caller is a peer if exactly one peer's opinion says so. The
 * opinions of the other peers count for no more than the sentence of a refusal. */
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/limits.h"
#include "io/gate/crl_list.h"
#include "io/gate/tls_names.h"
#include "io/gate/tls_peers_internal.h"
#include "io/signer/signer_pin.h"

#define STALE_REMINDER_MS 3600000

/* The certificate and the chain that the other side sent. */
struct shown {
	X509 *leaf;
	STACK_OF(X509) * chain;
};

/* The verdict of one peer's trust on a certificate that has one of the peer's names. */
struct opinion {
	const struct peer_trust *peer;
	int err;       /* X509_V_OK: it is this peer */
	bool anchored; /* whatever is wrong with it: a CA of this peer has issued it */
	bool stale;    /* a CRL past its nextUpdate was met */
	int64_t end;   /* of the first certificate of the chain to expire; seconds since 1970 */
};

int64_t tls_seconds(const ASN1_TIME *t)
{
	struct tm tm;

	return t && ASN1_TIME_to_tm(t, &tm) ? (int64_t)timegm(&tm) : 0;
}

/* Seconds since then; INT64_MAX for a time that cannot be read. */
static int64_t seconds_since(const ASN1_TIME *then)
{
	int64_t at = tls_seconds(then);

	return at ? (int64_t)time(NULL) - at : INT64_MAX;
}

/* ---------------------------------------------------------- one peer's opinion */

static bool within_grace(const X509_CRL *crl, int64_t grace_s)
{
	return crl && seconds_since(X509_CRL_get0_nextUpdate(crl)) <= grace_s;
}

static int on_chain_error(int ok, X509_STORE_CTX *ctx)
{
	struct opinion *o = X509_STORE_CTX_get_app_data(ctx);

	if (ok || X509_STORE_CTX_get_error(ctx) != X509_V_ERR_CRL_HAS_EXPIRED)
		return ok;
	o->stale = true;
	if (!within_grace(X509_STORE_CTX_get0_current_crl(ctx), o->peer->crl_grace_s))
		return 0;
	X509_STORE_CTX_set_error(ctx, X509_V_OK);
	return 1;
}

static int64_t first_end(STACK_OF(X509) * chain)
{
	int64_t end = INT64_MAX;

	for (int i = 0; i < sk_X509_num(chain); i++) {
		int64_t at = tls_seconds(X509_get0_notAfter(sk_X509_value(chain, i)));

		end = at < end ? at : end;
	}
	return end;
}

/* A check of what was shown by this peer's anchors; NULL without memory. */
static X509_STORE_CTX *new_check(const struct peer_trust *peer, const struct shown *shown, unsigned long flags)
{
	X509_STORE_CTX *in = X509_STORE_CTX_new();
	X509_VERIFY_PARAM *p;

	if (in == NULL || !X509_STORE_CTX_init(in, peer->store, shown->leaf, shown->chain)) {
		X509_STORE_CTX_free(in);
		return NULL;
	}
	p = X509_STORE_CTX_get0_param(in);
	/* An issuing CA may be pinned without its root. */
	X509_VERIFY_PARAM_set_flags(p, flags | X509_V_FLAG_PARTIAL_CHAIN);
	X509_VERIFY_PARAM_set_auth_level(p, TLS_SECURITY_LEVEL);
	X509_VERIFY_PARAM_set_depth(p, CY_TLS_CHAIN_MAX);
	return in;
}

/* Returns whether a CRL that is configured revokes the certificate, or one of its issuers. */
static bool is_revoked(const struct opinion *o, X509_STORE_CTX *in)
{
	STACK_OF(X509) *chain = crl_list_chain(in);
	const bool revoked = crl_list_revokes(o->peer->crls, chain);

	sk_X509_pop_free(chain, X509_free);
	return revoked;
}

/* Does the peer's trust, and nobody else's, vouch for what was shown? X509_V_OK or
 * the reason. */
static int check_chain(struct opinion *o, const struct shown *shown, bool of_server)
{
	X509_STORE_CTX *in = new_check(o->peer, shown, o->peer->crl ? X509_V_FLAG_CRL_CHECK : 0);
	int err = X509_V_ERR_OUT_OF_MEM;

	if (in) {
		X509_VERIFY_PARAM_set_purpose(X509_STORE_CTX_get0_param(in),
					      of_server ? X509_PURPOSE_SSL_SERVER : X509_PURPOSE_SSL_CLIENT);
		X509_STORE_CTX_set_app_data(in, o);
		X509_STORE_CTX_set_verify_cb(in, on_chain_error);
		err = X509_verify_cert(in) == 1 ? X509_V_OK : X509_STORE_CTX_get_error(in);
		/* The leaf's list has been asked, and must be there. What other lists are given
		 * says of its issuers too: that of a root need not be. */
		if (err == X509_V_OK && o->peer->crl && is_revoked(o, in))
			err = X509_V_ERR_CERT_REVOKED;
		o->end = first_end(X509_STORE_CTX_get0_chain(in));
	}
	X509_STORE_CTX_free(in);
	return err;
}

/* Has a CA of this peer issued it, though it may have expired, be revoked, or be for
 * something else? The reason of check_chain() does not tell: a CRL is asked before any
 * signature is verified, and whoever invents a certificate chooses its number. */
static bool is_anchored(const struct peer_trust *peer, const struct shown *shown)
{
	X509_STORE_CTX *in = new_check(peer, shown, X509_V_FLAG_NO_CHECK_TIME);
	bool good = in && X509_verify_cert(in) == 1;

	X509_STORE_CTX_free(in);
	return good;
}

/* Of a certificate that has a name of this peer. */
static struct opinion opinion_of(const struct peer_trust *peer, const struct shown *shown, bool of_server)
{
	struct opinion o = { .peer = peer, .end = INT64_MAX / 2000 };

	o.err = check_chain(&o, shown, of_server);
	if (o.err == X509_V_OK && peer->crl && peer->crl_max_age_s > 0) {
		int64_t over = (int64_t)time(NULL) - peer->crl_made - peer->crl_max_age_s;

		o.stale = o.stale || over > 0;
		if (over > peer->crl_grace_s)
			o.err = X509_V_ERR_CRL_HAS_EXPIRED;
	}
	if (o.err == X509_V_OK && signer_key_digest(X509_get0_pubkey(shown->leaf)) == NULL)
		o.err = X509_V_ERR_EE_KEY_TOO_SMALL;
	o.anchored = o.err == X509_V_OK || is_anchored(peer, shown);
	return o;
}

/* ------------------------------------------------------------------ the verdict */

static const char *sentence(int err)
{
	if (err == X509_V_ERR_EE_KEY_TOO_SMALL)
		return "its key is not EC P-256 or P-384";
	if (err == X509_V_ERR_HOSTNAME_MISMATCH)
		return "none of the expected names is in the certificate";
	if (err == X509_V_ERR_CRL_HAS_EXPIRED)
		return "the CRL has expired, and its grace too; install a new CRL";
	return X509_verify_cert_error_string(err);
}

/* When the verdict on this peer may become another one; ms since 1970. */
static int64_t when_to_verify(const struct tls_trust *t, size_t peer, const struct opinion *o)
{
	int64_t now = 1000 * (int64_t)time(NULL), then = 1000 * (o->end + 1);
	int64_t crl[2] = { 0, 0 };

	if (tls_trust_crl(t, peer, &crl[0], &crl[1]))
		for (size_t i = 0; i < 2; i++)
			if (crl[i] + 1000 > now && crl[i] + 1000 < then)
				then = crl[i] + 1000;
	return o->stale && now + STALE_REMINDER_MS < then ? now + STALE_REMINDER_MS : then;
}

/* It is about this peer, good or bad. */
static int about(struct tls_verdict *v, size_t peer, const struct opinion *o)
{
	v->peer = peer;
	v->decided = o->err == X509_V_OK;
	v->named = !v->decided;
	v->stale_crl = o->stale;
	v->stale_peer = peer;
	if (v->decided)
		v->verify_at = when_to_verify(v->trust, peer, o);
	else
		snprintf(v->why, sizeof v->why, "%s: %s", o->peer->id, sentence(o->err));
	return o->err;
}

/* Peers of one opinion: how many there are, and the first two. */
struct group {
	size_t n, peer[2];
	struct opinion of[2];
};

static void join(struct group *g, size_t peer, const struct opinion *o)
{
	if (g->n < 2) {
		g->peer[g->n] = peer;
		g->of[g->n] = *o;
	}
	g->n++;
}

static int name_nobody(struct tls_verdict *v, int err)
{
	snprintf(v->why, sizeof v->why, "%s", sentence(err));
	return err;
}

/* No CA of a peer that it names has issued it, as far as their files could be read. */
static int name_foreign(struct tls_verdict *v, const struct group *g)
{
	for (size_t i = 0; i < g->n && i < 2; i++)
		if (!g->of[i].peer->configured) {
			snprintf(v->why, sizeof v->why,
				 "it has a name of %s, whose files here cannot be used: nobody is taken for it now",
				 g->of[i].peer->id);
			return g->of[i].err;
		}
	snprintf(v->why, sizeof v->why, "it has a name of %s, but no CA of %s has issued it: %s", g->of[0].peer->id,
		 g->of[0].peer->id, sentence(g->of[0].err));
	return g->of[0].err;
}

/* Exactly one peer must claim the certificate. Those whom it merely names have no say
 * in who that is, in whatever order they stand, and change nothing of a peer. */
static int verify_caller(struct tls_verdict *v, const struct shown *shown)
{
	const struct tls_trust *t = v->trust;
	struct group good = { 0 }, bad = { 0 }, foreign = { 0 };
	size_t peers[CY_TLS_NAMED_MAX], n = tls_names_peers(t->names, shown->leaf, peers, CY_TLS_NAMED_MAX);

	if (n == 0)
		return name_nobody(v, X509_V_ERR_HOSTNAME_MISMATCH);
	/* Chains are built for those that it names, and it is the caller who says how many. */
	if (n > CY_TLS_NAMED_MAX) {
		snprintf(v->why, sizeof v->why, "it has names of more than %d peers", CY_TLS_NAMED_MAX);
		return X509_V_ERR_CERT_REJECTED;
	}
	for (size_t i = 0; i < n; i++) {
		struct opinion o = opinion_of(&t->peers[peers[i]], shown, false);

		join(o.err == X509_V_OK ? &good : o.anchored ? &bad : &foreign, peers[i], &o);
	}
	if (good.n == 1)
		return about(v, good.peer[0], &good.of[0]);
	if (good.n > 1) {
		snprintf(v->why, sizeof v->why,
			 "it is that of both %s and %s; give each a name that only its own certificate has",
			 good.of[0].peer->id, good.of[1].peer->id);
		return X509_V_ERR_CERT_REJECTED;
	}
	if (bad.n == 1)
		return about(v, bad.peer[0], &bad.of[0]);
	if (bad.n > 1) {
		snprintf(v->why, sizeof v->why, "it has names of both %s and %s: %s", bad.of[0].peer->id,
			 bad.of[1].peer->id, sentence(bad.of[0].err));
		return bad.of[0].err;
	}
	return name_foreign(v, &foreign);
}

static int verify(struct tls_verdict *v, const struct shown *shown)
{
	struct opinion o;

	v->decided = v->named = false;
	v->certificate_end = 1000 * tls_seconds(X509_get0_notAfter(shown->leaf));
	if (!v->dialled)
		return verify_caller(v, shown);
	o = (struct opinion){ .peer = &v->trust->peers[v->peer], .err = X509_V_ERR_HOSTNAME_MISMATCH };
	if (tls_names_match(v->trust->names, shown->leaf, v->peer))
		o = opinion_of(o.peer, shown, true);
	return about(v, v->peer, &o);
}

int tls_on_certificate(X509_STORE_CTX *outer, void *arg)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(outer, SSL_get_ex_data_X509_STORE_CTX_idx());
	struct shown shown = { X509_STORE_CTX_get0_cert(outer), X509_STORE_CTX_get0_untrusted(outer) };
	int err;

	(void)arg;
	err = verify(SSL_get_app_data(ssl), &shown);
	/* An old CRL is our own fault: the peer shall not read "certificate expired". */
	X509_STORE_CTX_set_error(outer, err == X509_V_ERR_CRL_HAS_EXPIRED ? X509_V_ERR_DIFFERENT_CRL_SCOPE : err);
	return err == X509_V_OK;
}

bool tls_verify_again(struct tls_trust *t, const SSL *ssl, struct tls_verdict *v)
{
	struct shown shown = { SSL_get0_peer_certificate(ssl), SSL_get_peer_cert_chain(ssl) };
	const size_t peer = v->peer;

	tls_trust_ref(t);
	tls_trust_unref(v->trust);
	v->trust = t;
	v->why[0] = '\0';
	if (!t->peers[peer].configured) {
		v->decided = false;
		snprintf(v->why, sizeof v->why, "%s: it is not a peer of the configuration any more",
			 t->peers[peer].id);
		return false;
	}
	if (verify(v, &shown) == X509_V_OK && v->peer != peer) {
		v->decided = false;
		snprintf(v->why, sizeof v->why, "%s: its certificate is now that of %s", t->peers[peer].id,
			 t->peers[v->peer].id);
	}
	v->peer = peer;
	return v->decided;
}
