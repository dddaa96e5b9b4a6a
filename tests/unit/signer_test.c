/* The signer against comity-pki's certificates and the openssl command. Run from
 * the root of the tree. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/limits.h"
#include "io/signer/signer_openssl.h"

#define TEXT     "# comity parcel 1\n# from US-OIA\n0123456789abcdef  message\n"
#define DAY_MS   INT64_C(86400000)
#define PATH_LEN 128

static char dir[] = "/tmp/comity-signer-XXXXXX";
static struct cy_wall now;

struct result {
	unsigned calls;
	uint64_t ticket;
	int code;
	size_t len;
	uint8_t der[CY_SIGNATURE_MAX];
};

struct file {
	size_t len;
	uint8_t data[CY_MANIFEST_MAX];
};

/* Run a command of the shell in the test's folder. */
static void sh(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static int shell(const char *fmt, va_list ap) __attribute__((format(printf, 1, 0)));
static int shell(const char *fmt, va_list ap)
{
	char command[1024], line[1200];

	vsnprintf(command, sizeof command, fmt, ap);
	snprintf(line, sizeof line, "P=$PWD; cd %s && { %s; } >>log 2>&1", dir, command);
	return system(line);
}

static void sh(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	assert_int_equal(shell(fmt, ap), 0);
	va_end(ap);
}

static bool sh_fails(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static bool sh_fails(const char *fmt, ...)
{
	va_list ap;
	int status;

	va_start(ap, fmt);
	status = shell(fmt, ap);
	va_end(ap);
	return status != 0;
}

static const char *in_dir(const char *name, char out[static PATH_LEN])
{
	snprintf(out, PATH_LEN, "%s/%s", dir, name);
	return out;
}

static void save(const char *name, const void *data, size_t len)
{
	char path[PATH_LEN];
	FILE *f = fopen(in_dir(name, path), "w");

	assert_non_null(f);
	assert_int_equal(fwrite(data, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
}

static struct cy_bytes load(const char *name, struct file *f)
{
	char path[PATH_LEN];
	FILE *in = fopen(in_dir(name, path), "r");

	assert_non_null(in);
	f->len = fread(f->data, 1, sizeof f->data, in);
	fclose(in);
	return cy_bytes(f->data, f->len);
}

static void on_signed(void *ctx, uint64_t ticket, int code, struct cy_bytes signature)
{
	struct result *r = ctx;

	r->calls++;
	r->ticket = ticket;
	r->code = code;
	r->len = signature.len;
	if (signature.len > 0)
		memcpy(r->der, signature.data, signature.len);
}

/* What an authority of the test's folder is made of. */
struct party {
	char key[PATH_LEN], certificate[PATH_LEN], anchors[PATH_LEN];
	char peer_anchors[PATH_LEN], peer_crl[PATH_LEN], peer_signing[PATH_LEN];
	struct signer_peer peer;
	struct signer_config config;
};

static void party(struct party *p, const char *id, const char *peer)
{
	char name[64];

#define PARTY_FILE(field, ...)                    \
	snprintf(name, sizeof name, __VA_ARGS__); \
	in_dir(name, p->field)
	PARTY_FILE(key, "%s/sign.key", id);
	PARTY_FILE(certificate, "%s/sign.pem", id);
	PARTY_FILE(anchors, "%s/ca.pem", id);
	PARTY_FILE(peer_anchors, "%s/peers/%s/ca.pem", id, peer);
	PARTY_FILE(peer_crl, "%s/peers/%s/crl.pem", id, peer);
	PARTY_FILE(peer_signing, "%s/peers/%s/sign.pem", id, peer);
#undef PARTY_FILE
	p->peer = (struct signer_peer){
		.id = peer, .anchors = p->peer_anchors, .crl = p->peer_crl, .signing = p->peer_signing
	};
	p->config = (struct signer_config){ .id = id,
					    .key = p->key,
					    .certificate = p->certificate,
					    .own_anchors = p->anchors,
					    .peers = &p->peer,
					    .n_peers = 1,
					    .now = now };
}

struct open {
	struct party party;
	struct signer_openssl *signer;
	struct signer_port port;
	struct result result;
};

static void open_as(struct open *o, const char *id, const char *peer)
{
	struct cy_error e = { 0 };

	memset(o, 0, sizeof *o);
	party(&o->party, id, peer);
	if (signer_openssl_new(&o->party.config, on_signed, &o->result, &o->signer, &o->port, &e) != CY_OK)
		fail_msg("%s: %s", e.field, e.text);
}

static struct cy_bytes sign(struct open *o, const char *text)
{
	const unsigned calls = o->result.calls;

	assert_int_equal(o->port.sign(o->port.ctx, 7, cy_bytes(text, strlen(text))), CY_OK);
	signer_openssl_dispatch(o->signer);
	assert_int_equal(o->result.calls, calls + 1);
	assert_int_equal(o->result.ticket, 7);
	assert_int_equal(o->result.code, CY_OK);
	return cy_bytes(o->result.der, o->result.len);
}

static int verify_at(struct open *o, const char *from, const char *text, struct cy_bytes signature, int64_t after,
		     struct cy_error *e)
{
	return o->port.verify(o->port.ctx, from, cy_bytes(text, strlen(text)), signature,
			      (struct cy_wall){ now.ms + after }, e);
}

static void refused(struct open *o, const char *from, const char *text, struct cy_bytes signature, int64_t after,
		    const char *reason)
{
	struct cy_error e = { 0 };

	assert_int_equal(verify_at(o, from, text, signature, after, &e), CY_ESIGN);
	if (strstr(e.text, reason) == NULL)
		fail_msg("expected '%s' in: %s", reason, e.text);
}

static void accepted(struct open *o, const char *from, const char *text, struct cy_bytes signature, int64_t after)
{
	struct cy_error e = { 0 };

	if (verify_at(o, from, text, signature, after, &e) != CY_OK)
		fail_msg("%s", e.text);
}

/* Both sides: US-OIA signs, IE verifies. */
static struct open us, ie;

static void both(void)
{
	open_as(&us, "US-OIA", "IE");
	open_as(&ie, "IE", "US-OIA");
}

static void close_both(void)
{
	signer_openssl_free(us.signer);
	signer_openssl_free(ie.signer);
}

static void what_we_sign_openssl_verifies(void **state)
{
	(void)state;
	both();
	struct cy_bytes der = sign(&us, TEXT);

	save("text", TEXT, strlen(TEXT));
	save("sig", der.data, der.len);
	sh("openssl cms -verify -binary -cades -inform DER -in sig -content text -CAfile US-OIA/ca.pem"
	   " -purpose smimesign -out out && cmp out text");
	sh("openssl cms -cmsout -print -inform DER -in sig >print; grep -q signingTime print;"
	   " grep -q signingCertificateV2 print && ! grep -qi smimecapabilities print");
	assert_true(sh_fails("openssl cms -verify -binary -inform DER -in sig -content text -CAfile IE/ca.pem"
			     " -purpose smimesign -out out"));
	close_both();
}

static void a_peer_accepts_what_we_sign_and_so_do_we(void **state)
{
	(void)state;
	both();
	struct cy_bytes der = sign(&us, TEXT);

	accepted(&ie, "US-OIA", TEXT, der, 0);
	accepted(&us, "US-OIA", TEXT, der, 0);
	close_both();
}

static void what_openssl_signs_is_accepted(void **state)
{
	struct file f;

	(void)state;
	both();
	save("text", TEXT, strlen(TEXT));
	sh("openssl cms -sign -binary -cades -nosmimecap -outform DER -md sha256 -signer US-OIA/sign.pem"
	   " -inkey US-OIA/sign.key -in text -out foreign");
	accepted(&ie, "US-OIA", TEXT, load("foreign", &f), 0);
	close_both();
}

static void another_text_or_another_authority_is_refused(void **state)
{
	(void)state;
	both();
	struct cy_bytes der = sign(&us, TEXT);

	refused(&ie, "US-OIA", TEXT "x", der, 0, "content verify error");
	refused(&ie, "US-OIA", "", der, 0, "content verify error");
	refused(&ie, "IE", TEXT, der, 0, "none of the certificates pinned");
	refused(&ie, "FR", TEXT, der, 0, "no signing certificate is pinned");
	close_both();
}

static void other_forms_of_cms_are_refused(void **state)
{
	static const struct {
		const char *options, *reason;
	} cases[] = {
		{ "-cades -nodetach -md sha256", "not detached" },
		{ "-cades -md sha1", "SHA-256" },
		{ "-cades -md sha256 -signer IE/sign.pem -inkey IE/sign.key", "exactly one signer" },
		{ "-md sha256", "signing-certificate-v2" },
		{ "-cades -nocerts -md sha256", "not enclosed" },
		{ "-noattr -md sha256", "signing-certificate-v2" },
	};
	struct file f;

	(void)state;
	both();
	save("text", TEXT, strlen(TEXT));
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		sh("openssl cms -sign -binary -outform DER -signer US-OIA/sign.pem -inkey US-OIA/sign.key"
		   " %s -in text -out foreign",
		   cases[i].options);
		refused(&ie, "US-OIA", TEXT, load("foreign", &f), 0, cases[i].reason);
	}
	sh("openssl cms -data_create -outform DER -in text -out foreign");
	refused(&ie, "US-OIA", TEXT, load("foreign", &f), 0, "not CMS SignedData");
	close_both();
}

/* Each form is what signer_forms.py makes of a good signature, and signed anew. */
static void ber_and_another_content_type_are_refused(void **state)
{
	static const struct {
		const char *form, *reason; /* NULL: it is accepted */
	} cases[] = {
		{ "good", NULL },
		{ "indefinite-outer", "not the DER" },
		{ "indefinite-explicit", "not the DER" },
		{ "indefinite-signed-data", "not the DER" },
		{ "indefinite-certificates", "not the DER" },
		{ "indefinite-attributes", "not the DER" },
		{ "indefinite-in-an-attribute", "not the DER" },
		{ "long-outer", "not the DER" },
		{ "long-signers", "not the DER" },
		{ "long-attributes", "not the DER" },
		{ "long-signature", "not the DER" },
		{ "long-in-an-attribute", "not the DER" },
		{ "long-in-another-certificate", "not the DER" },
		{ "pieces-signature", "not the DER" },
		{ "pieces-digest", "not the DER" },
		{ "pieces-in-an-attribute", "not the DER" },
		{ "integer-with-a-zero-before-it", "not the DER" },
		{ "unsorted-attributes", "not the DER" },
		{ "content-type-signed-data", "content-type attribute" },
		{ "content-type-of-nobody", "content-type attribute" },
	};
	char name[64];
	struct file f;
	size_t wrong = 0;

	(void)state;
	both();
	save("text", TEXT, strlen(TEXT));
	sh("mkdir -p forms && $P/tests/unit/signer_forms.py US-OIA/sign.key US-OIA/sign.pem text forms");
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct cy_error e = { 0 };
		int r;

		snprintf(name, sizeof name, "forms/%s", cases[i].form);
		r = verify_at(&ie, "US-OIA", TEXT, load(name, &f), 0, &e);
		if (r == (cases[i].reason == NULL ? CY_OK : CY_ESIGN) &&
		    (cases[i].reason == NULL || strstr(e.text, cases[i].reason) != NULL))
			continue;
		print_error("%s: %s\n", cases[i].form, r == CY_OK ? "accepted" : e.text);
		wrong++;
	}
	assert_int_equal(wrong, 0);
	close_both();
}

static void damaged_der_is_refused_at_every_length_and_byte(void **state)
{
	struct result copy;

	(void)state;
	both();
	struct cy_bytes der = sign(&us, TEXT);

	for (size_t len = 0; len < der.len; len++)
		refused(&ie, "US-OIA", TEXT, cy_bytes(der.data, len), 0, "not the DER");
	for (size_t i = 0; i < der.len; i++) {
		struct cy_error e;

		memcpy(copy.der, der.data, der.len);
		copy.der[i] ^= 0x55;
		/* Bytes outside what is signed and compared may change: never the text. */
		if (verify_at(&ie, "US-OIA", TEXT, cy_bytes(copy.der, der.len), 0, &e) == CY_OK)
			refused(&ie, "US-OIA", TEXT "x", cy_bytes(copy.der, der.len), 0, "");
	}
	memcpy(copy.der, der.data, der.len);
	copy.der[der.len] = 0;
	refused(&ie, "US-OIA", TEXT, cy_bytes(copy.der, der.len + 1), 0, "not the DER");
	memset(copy.der, 0x30, sizeof copy.der);
	refused(&ie, "US-OIA", TEXT, cy_bytes(copy.der, sizeof copy.der), 0, "not the DER");
	close_both();
}

static void an_expired_certificate_counts_for_what_was_made_while_it_was_valid(void **state)
{
	(void)state;
	both();
	struct cy_bytes der = sign(&us, TEXT);
	const int64_t left = signer_openssl_expiry(us.signer).ms - now.ms;

	assert_true(left > DAY_MS);
	accepted(&ie, "US-OIA", TEXT, der, left);
	refused(&ie, "US-OIA", TEXT, der, left + 1, "had expired");
	refused(&ie, "US-OIA", TEXT, der, -2 * DAY_MS, "before the signer's certificate was valid");

	/* IE starts after US-OIA's certificate has expired, with a new one of its own. */
	struct open later = ie;
	struct cy_error e = { 0 };

	sh("cp -a IE IE2 && $P/certs/comity-pki renew IE2 sign --days 3000");
	in_dir("IE2/sign.pem", later.party.certificate);
	later.party.config.certificate = later.party.certificate;
	later.party.config.key = later.party.key;
	later.party.config.own_anchors = NULL;
	later.party.config.peers = &later.party.peer;
	later.party.config.now.ms += left + DAY_MS;
	if (signer_openssl_new(&later.party.config, on_signed, &later.result, &later.signer, &later.port, &e) != CY_OK)
		fail_msg("%s: %s", e.field, e.text);
	accepted(&later, "US-OIA", TEXT, der, 0);
	refused(&later, "US-OIA", TEXT, der, left + DAY_MS, "had expired");
	signer_openssl_free(later.signer);
	close_both();
}

static int reload(struct open *o, struct cy_error *e)
{
	struct signer_material *m;
	int r = signer_prepare(&o->party.config, &m, e);

	if (r == CY_OK)
		signer_openssl_apply(o->signer, m);
	return r;
}

static void old_and_new_certificates_overlap(void **state)
{
	struct cy_error e = { 0 };

	(void)state;
	both();
	struct cy_bytes old = sign(&us, TEXT);

	sh("cp -a US-OIA US-NEW && $P/certs/comity-pki renew US-NEW sign --new-key");
	struct open renewed = us;

	in_dir("US-NEW/sign.pem", renewed.party.certificate);
	in_dir("US-NEW/sign.key", renewed.party.key);
	renewed.party.config.certificate = renewed.party.certificate;
	renewed.party.config.key = renewed.party.key;
	in_dir("US-NEW/sign-all.pem", renewed.party.peer_crl);
	renewed.party.config.own_bundle = renewed.party.peer_crl;
	renewed.party.config.n_peers = 0;
	if (signer_openssl_new(&renewed.party.config, on_signed, &renewed.result, &renewed.signer, &renewed.port, &e) !=
	    CY_OK)
		fail_msg("%s: %s", e.field, e.text);
	assert_int_equal(renewed.port.sign(renewed.port.ctx, 8, cy_bytes("a", 1)), CY_OK);
	signer_openssl_dispatch(renewed.signer);
	assert_int_equal(renewed.result.ticket, 8);

	struct cy_bytes new = cy_bytes(renewed.result.der, renewed.result.len);

	accepted(&renewed, "US-OIA", "a", new, 0);
	accepted(&renewed, "US-OIA", TEXT, old, 0);
	refused(&ie, "US-OIA", "a", new, 0, "none of the certificates pinned");

	sh("cp US-NEW/sign-all.pem IE/peers/US-OIA/both.pem");
	in_dir("IE/peers/US-OIA/both.pem", ie.party.peer_signing);
	assert_int_equal(reload(&ie, &e), CY_OK);
	accepted(&ie, "US-OIA", "a", new, 0);
	accepted(&ie, "US-OIA", TEXT, old, 0);
	signer_openssl_free(renewed.signer);
	close_both();
}

static void a_revoked_certificate_is_refused_from_the_reload_on(void **state)
{
	struct cy_error e = { 0 };

	(void)state;
	both();
	struct cy_bytes der = sign(&us, TEXT);

	accepted(&ie, "US-OIA", TEXT, der, 0);
	sh("cp -a US-OIA US-REV && $P/certs/comity-pki revoke US-REV US-REV/sign.pem --reason keyCompromise");
	in_dir("US-REV/crl.pem", ie.party.peer_crl);
	assert_int_equal(reload(&ie, &e), CY_OK);
	refused(&ie, "US-OIA", TEXT, der, 0, "revoked");

	/* A CRL of somebody else changes nothing. */
	in_dir("IE/crl.pem", ie.party.peer_crl);
	assert_int_equal(reload(&ie, &e), CY_ECONFIG);
	assert_non_null(strstr(e.text, "has signed this CRL"));
	refused(&ie, "US-OIA", TEXT, der, 0, "revoked");
	close_both();
}

/* Three certificates of one key, and signatures that name their signer by that key alone: each is
 * judged by the certificate that it is bound to, in whatever order the three are pinned. */
static void of_several_pins_with_one_key_the_signed_one_counts(void **state)
{
	static const char *const certs[] = { "sign.1.pem", "sign.2.pem", "sign.pem" };
	static const int orders[][3] = { { 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 }, { 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 } };
	struct cy_error e = { 0 };
	struct file f[4];

	(void)state;
	both();
	save("text", TEXT, strlen(TEXT));
	/* The first is revoked, the second one ends within a day, the third is good. */
	sh("cp -a US-OIA US-KEY && $P/certs/comity-pki renew US-KEY sign --days 1 && $P/certs/comity-pki renew US-KEY"
	   " sign && $P/certs/comity-pki revoke US-KEY US-KEY/sign.1.pem --reason superseded");
	for (int i = 0; i < 3; i++) {
		sh("openssl cms -sign -binary -cades -keyid -nosmimecap -outform DER -md sha256 -signer US-KEY/%s"
		   " -inkey US-KEY/sign.key -in text -out by-%d",
		   certs[i], i);
		snprintf(ie.party.peer_signing, PATH_LEN, "by-%d", i);
		load(ie.party.peer_signing, &f[i]);
	}
	sh("openssl cms -sign -binary -cades -keyid -nosmimecap -nocerts -certfile US-KEY/sign.2.pem -outform DER"
	   " -md sha256 -signer US-KEY/sign.pem -inkey US-KEY/sign.key -in text -out by-3");
	load("by-3", &f[3]);
	in_dir("US-KEY/crl.pem", ie.party.peer_crl);
	in_dir("US-KEY/ordered.pem", ie.party.peer_signing);
	for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) {
		sh("cd US-KEY && cat %s %s %s >ordered.pem", certs[orders[i][0]], certs[orders[i][1]],
		   certs[orders[i][2]]);
		assert_int_equal(reload(&ie, &e), CY_OK);
		refused(&ie, "US-OIA", TEXT, cy_bytes(f[0].data, f[0].len), 0, "revoked");
		accepted(&ie, "US-OIA", TEXT, cy_bytes(f[1].data, f[1].len), 0);
		refused(&ie, "US-OIA", TEXT, cy_bytes(f[1].data, f[1].len), 2 * DAY_MS, "had expired");
		accepted(&ie, "US-OIA", TEXT, cy_bytes(f[2].data, f[2].len), 2 * DAY_MS);
		/* What is enclosed is pinned as well, and not what was signed with. */
		refused(&ie, "US-OIA", TEXT, cy_bytes(f[3].data, f[3].len), 0, "not enclosed");
	}
	/* The key is pinned, but not the certificate that was signed with it. */
	sh("cp US-KEY/sign.2.pem US-KEY/ordered.pem");
	assert_int_equal(reload(&ie, &e), CY_OK);
	refused(&ie, "US-OIA", TEXT, cy_bytes(f[2].data, f[2].len), 0, "is not the one pinned");
	close_both();
}

static void p384_signs_with_sha384(void **state)
{
	struct open o = { 0 };
	struct cy_error e = { 0 };

	(void)state;
	sh("$P/certs/comity-pki init FR --id FR --name France --country FR --curve P-384");
	party(&o.party, "FR", "IE");
	o.party.config.n_peers = 0;
	if (signer_openssl_new(&o.party.config, on_signed, &o.result, &o.signer, &o.port, &e) != CY_OK)
		fail_msg("%s: %s", e.field, e.text);
	struct cy_bytes der = sign(&o, TEXT);

	accepted(&o, "FR", TEXT, der, 0);
	save("text", TEXT, strlen(TEXT));
	save("sig", der.data, der.len);
	sh("openssl cms -verify -binary -cades -inform DER -in sig -content text -CAfile FR/ca.pem"
	   " -purpose smimesign -out out");
	sh("openssl cms -cmsout -print -inform DER -in sig | grep -q ecdsa-with-SHA384");
	signer_openssl_free(o.signer);
}

static void start_refused(struct party *p, const char *field, const char *reason)
{
	struct signer_openssl *s = NULL;
	struct signer_port port;
	struct cy_error e = { 0 };

	assert_int_equal(signer_openssl_new(&p->config, on_signed, NULL, &s, &port, &e), CY_ECONFIG);
	assert_null(s);
	if (strstr(e.text, reason) == NULL || strstr(e.field, field) == NULL)
		fail_msg("expected '%s' and '%s' in: %s: %s", field, reason, e.field, e.text);
}

static void a_wrong_start_is_refused_with_file_and_remedy(void **state)
{
	struct party p;

	(void)state;
	party(&p, "US-OIA", "IE");
	p.config.now.ms += 20000 * DAY_MS;
	start_refused(&p, "US-OIA/sign.pem", "comity-pki renew DIR sign");
	start_refused(&p, "US-OIA/sign.pem", "expired at 20");
	party(&p, "US-OIA", "IE");
	p.config.now.ms = 0;
	start_refused(&p, "US-OIA/sign.pem", "not valid before");

	party(&p, "US-OIA", "IE");
	in_dir("US-OIA/tls.key", p.key);
	start_refused(&p, "tls.key", "does not belong to the certificate");
	in_dir("absent.key", p.key);
	start_refused(&p, "absent.key", "cannot be opened");
	sh("openssl genrsa -out rsa.key 2048; openssl genpkey -algorithm ED25519 -out ed.key;"
	   " openssl ecparam -name secp521r1 -genkey -noout -out 521.key;"
	   " openssl ec -in US-OIA/sign.key -aes256 -passout pass:secret -out locked.key");
	in_dir("rsa.key", p.key);
	start_refused(&p, "rsa.key", "not an EC key; EC P-256 or P-384 is expected");
	in_dir("ed.key", p.key);
	start_refused(&p, "ed.key", "not an EC key");
	in_dir("521.key", p.key);
	start_refused(&p, "521.key", "another curve");
	in_dir("locked.key", p.key);
	start_refused(&p, "locked.key", "pass phrase");

	party(&p, "US-OIA", "IE");
	in_dir("US-OIA/tls.pem", p.certificate);
	in_dir("US-OIA/tls.key", p.key);
	start_refused(&p, "tls.pem", "may not be used to sign");
	party(&p, "US-OIA", "IE");
	in_dir("US-OIA/ca.pem", p.peer_anchors);
	start_refused(&p, "IE/crl.pem", "has signed this CRL");
	p.peer.crl = NULL;
	start_refused(&p, "IE/sign.pem", "not good for signing under");
	party(&p, "US-OIA", "IE");
	in_dir("US-OIA/sign.key", p.peer_signing);
	start_refused(&p, "sign.key", "no PEM certificate");
	in_dir("absent.pem", p.peer_signing);
	start_refused(&p, "absent.pem", "no such file");
	sh("{ cat IE/sign.pem; sed 's/^M/!/' IE/sign.pem; } >torn.pem");
	in_dir("torn.pem", p.peer_signing);
	start_refused(&p, "torn.pem", "not a PEM certificate");
}

static void a_key_may_be_named_by_a_file_uri(void **state)
{
	struct open o = { 0 };
	struct cy_error e = { 0 };

	(void)state;
	party(&o.party, "US-OIA", "IE");
	snprintf(o.party.key, sizeof o.party.key, "file:%s/US-OIA/sign.key", dir);
	if (signer_openssl_new(&o.party.config, on_signed, &o.result, &o.signer, &o.port, &e) != CY_OK)
		fail_msg("%s: %s", e.field, e.text);
	signer_openssl_free(o.signer);
}

static void the_worker_signs_in_order_and_the_queue_is_bounded(void **state)
{
	struct open o = { 0 };
	struct cy_error e = { 0 };
	char text[32];
	uint64_t ticket = 0;

	(void)state;
	party(&o.party, "US-OIA", "IE");
	o.party.config.threaded = true;
	if (signer_openssl_new(&o.party.config, on_signed, &o.result, &o.signer, &o.port, &e) != CY_OK)
		fail_msg("%s: %s", e.field, e.text);
	while (ticket < SIGNER_QUEUE_MAX) {
		snprintf(text, sizeof text, "text %u", (unsigned)ticket++);
		assert_int_equal(o.port.sign(o.port.ctx, ticket, cy_bytes(text, strlen(text))), CY_OK);
	}
	assert_int_equal(o.port.sign(o.port.ctx, 0, cy_bytes("x", 1)), CY_EAGAIN);
	while (o.result.calls < SIGNER_QUEUE_MAX) {
		struct pollfd p = { .fd = signer_openssl_fd(o.signer), .events = POLLIN };

		assert_int_equal(poll(&p, 1, 60000), 1);
		signer_openssl_dispatch(o.signer);
		assert_int_equal(o.result.ticket, o.result.calls);
		assert_int_equal(o.result.code, CY_OK);
	}
	snprintf(text, sizeof text, "text %u", SIGNER_QUEUE_MAX - 1);
	accepted(&o, "US-OIA", text, cy_bytes(o.result.der, o.result.len), 0);
	assert_int_equal(o.port.sign(o.port.ctx, 1, cy_bytes("x", 1)), CY_OK);
	assert_int_equal(o.port.sign(o.port.ctx, 1, cy_bytes(NULL, SIGNER_TEXT_MAX + 1)), CY_ELIMIT);
	signer_openssl_free(o.signer);
}

static void may_not_sign(struct open *o, int64_t after, const char *reason, const char *remedy)
{
	struct cy_digest certificate = { 0 };
	struct cy_error e = { 0 };

	assert_int_equal(o->port.may_sign(o->port.ctx, (struct cy_wall){ now.ms + after }, &certificate, &e), CY_ESIGN);
	if (strstr(e.text, reason) == NULL || strstr(e.text, remedy) == NULL || strstr(e.field, "sign.pem") == NULL)
		fail_msg("expected '%s' and '%s' in: %s: %s", reason, remedy, e.field, e.text);
}

static bool is_present(struct open *o, struct cy_bytes der)
{
	bool present = false;

	o->port.stands(o->port.ctx, der, now, &present, NULL);
	return present;
}

static bool stands(struct open *o, struct cy_bytes der, int64_t after)
{
	bool present;

	return o->port.stands(o->port.ctx, der, (struct cy_wall){ now.ms + after }, &present, NULL) == CY_OK;
}

static void we_sign_within_the_validity_of_our_certificate_only(void **state)
{
	struct cy_digest certificate;

	(void)state;
	both();
	const int64_t left = signer_openssl_expiry(us.signer).ms - now.ms;
	struct cy_bytes der = sign(&us, TEXT);

	assert_int_equal(us.port.may_sign(us.port.ctx, (struct cy_wall){ now.ms + left }, &certificate, NULL), CY_OK);
	may_not_sign(&us, left + 1, "expired at 20", "where our CA is kept (comity-pki renew DIR sign)");
	may_not_sign(&us, -2 * DAY_MS, "not valid before 20", "correct the clock");
	assert_true(stands(&us, der, 0) && stands(&us, der, left));
	assert_false(stands(&us, der, left + 1) || stands(&us, der, -2 * DAY_MS));
	/* Whom we do not know we do not judge. */
	assert_true(stands(&ie, der, left + 1) && stands(&us, cy_bytes("x", 1), 0));
	assert_true(is_present(&us, der));
	assert_false(is_present(&ie, der) || is_present(&us, cy_bytes("x", 1)));
	close_both();
}

static void a_revoked_certificate_of_our_own_signs_no_more_and_what_it_signed_stays_ours(void **state)
{
	struct open after = { 0 };
	char crl[PATH_LEN], all[PATH_LEN];
	struct cy_digest before, now_certificate;
	struct cy_error e = { 0 };

	(void)state;
	sh("cp -a US-OIA US3 && cp US3/sign.pem US3/old.pem && $P/certs/comity-pki revoke US3 US3/sign.pem --reason "
	   "superseded");
	both();
	struct cy_bytes der = sign(&us, TEXT);

	party(&after.party, "US-OIA", "IE");
	after.party.config.own_crl = in_dir("US3/crl.pem", crl);
	if (signer_openssl_new(&after.party.config, on_signed, &after.result, &after.signer, &after.port, &e) != CY_OK)
		fail_msg("%s: %s", e.field, e.text);
	may_not_sign(&after, 0, "is revoked", "comity-pki renew");
	assert_false(stands(&after, der, 0));
	assert_true(is_present(&after, der));
	accepted(&after, "US-OIA", TEXT, der, 0);
	refused(&after, "US-OIA", TEXT "x", der, 0, "");
	signer_openssl_free(after.signer);

	/* With a new one, and the old one among our earlier ones. */
	sh("$P/certs/comity-pki renew US3 sign --new-key");
	in_dir("US3/sign.pem", after.party.certificate);
	in_dir("US3/sign.key", after.party.key);
	after.party.config.own_bundle = in_dir("US3/old.pem", all);
	if (signer_openssl_new(&after.party.config, on_signed, &after.result, &after.signer, &after.port, &e) != CY_OK)
		fail_msg("%s: %s", e.field, e.text);
	assert_int_equal(after.port.may_sign(after.port.ctx, now, &now_certificate, &e), CY_OK);
	assert_int_equal(us.port.may_sign(us.port.ctx, now, &before, &e), CY_OK);
	assert_false(cy_digest_equal(&before, &now_certificate));
	assert_false(stands(&after, der, 0) || is_present(&after, der));
	accepted(&after, "US-OIA", TEXT, der, 0);
	signer_openssl_free(after.signer);

	after.party.config.own_anchors = NULL;
	start_refused(&after.party, "US3/crl.pem", "cannot be checked without the CA");
	close_both();
}

/* Our new certificate comes together with a list of ours that cannot be read. What is signed with
 * is what is judged: the whole of what was there before, and then the whole of what is new. */
static void a_renewed_certificate_waits_for_our_own_list_to_be_readable(void **state)
{
	struct open o = { 0 };
	struct signer_material *material;
	struct cy_digest old, now_certificate;
	struct cy_error e = { 0 }, own_fault = { 0 };
	char crl[PATH_LEN];

	(void)state;
	sh("cp -a US-OIA US4 && cp US4/crl.pem US4/good.pem");
	party(&o.party, "US4", "IE");
	o.party.config.id = "US-OIA";
	o.party.config.own_crl = in_dir("US4/crl.pem", crl);
	in_dir("US-OIA/peers/IE/ca.pem", o.party.peer_anchors);
	if (signer_openssl_new(&o.party.config, on_signed, &o.result, &o.signer, &o.port, &e) != CY_OK)
		fail_msg("%s: %s", e.field, e.text);
	assert_int_equal(o.port.may_sign(o.port.ctx, now, &old, &e), CY_OK);

	sh("$P/certs/comity-pki renew US4 sign --new-key && echo '<html>' >US4/crl.pem");
	o.party.config.before = o.signer;
	o.party.config.own_fault = &own_fault;
	assert_int_equal(signer_prepare(&o.party.config, &material, &e), CY_OK);
	assert_int_equal(own_fault.code, CY_ECONFIG);
	signer_openssl_apply(o.signer, material);
	assert_int_equal(o.port.may_sign(o.port.ctx, now, &now_certificate, &e), CY_OK);
	assert_true(cy_digest_equal(&old, &now_certificate));
	accepted(&o, "US-OIA", TEXT, sign(&o, TEXT), 0);

	sh("cp US4/good.pem US4/crl.pem");
	own_fault = (struct cy_error){ 0 };
	assert_int_equal(signer_prepare(&o.party.config, &material, &e), CY_OK);
	assert_int_equal(own_fault.code, CY_OK);
	signer_openssl_apply(o.signer, material);
	assert_int_equal(o.port.may_sign(o.port.ctx, now, &now_certificate, &e), CY_OK);
	assert_false(cy_digest_equal(&old, &now_certificate));
	accepted(&o, "US-OIA", TEXT, sign(&o, TEXT), 0);
	signer_openssl_free(o.signer);
}

static void our_own_list_that_stays_in_force_keeps_the_name_of_its_file(void **state)
{
	struct open o = { 0 };
	struct signer_material *material;
	struct cy_error e = { 0 }, own_fault = { 0 };
	struct cy_wall due;
	const char *file;
	char crl[PATH_LEN], page[PATH_LEN];

	(void)state;
	sh("echo '<html>' >page.pem");
	party(&o.party, "US-OIA", "IE");
	o.party.config.own_crl = in_dir("US-OIA/crl.pem", crl);
	if (signer_openssl_new(&o.party.config, on_signed, &o.result, &o.signer, &o.port, &e) != CY_OK)
		fail_msg("%s: %s", e.field, e.text);
	due = signer_openssl_crl_due(o.signer, &file);
	assert_true(due.ms > now.ms);
	assert_string_equal(file, crl);

	/* It is taken out of the configuration, or another one named, together with what cannot be used. */
	o.party.config.before = o.signer;
	o.party.config.own_fault = &own_fault;
	o.party.config.own_bundle = in_dir("page.pem", page);
	for (unsigned i = 0; i < 2; i++) {
		own_fault = (struct cy_error){ 0 };
		o.party.config.own_crl = i == 0 ? NULL : page;
		assert_int_equal(signer_prepare(&o.party.config, &material, &e), CY_OK);
		assert_int_equal(own_fault.code, CY_ECONFIG);
		signer_openssl_apply(o.signer, material);
		assert_int_equal(signer_openssl_crl_due(o.signer, &file).ms, due.ms);
		assert_string_equal(file, crl);
	}
	signer_openssl_free(o.signer);
}

static int make_folder(void **state)
{
	(void)state;
	if (mkdtemp(dir) == NULL)
		return -1;
	now.ms = (int64_t)time(NULL) * 1000;
	sh("$P/certs/comity-pki throwaway . US-OIA IE");
	return 0;
}

static int remove_folder(void **state)
{
	char line[PATH_LEN];

	(void)state;
	snprintf(line, sizeof line, "rm -rf %s", dir);
	return system(line);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_we_sign_openssl_verifies),
		cmocka_unit_test(a_peer_accepts_what_we_sign_and_so_do_we),
		cmocka_unit_test(what_openssl_signs_is_accepted),
		cmocka_unit_test(another_text_or_another_authority_is_refused),
		cmocka_unit_test(other_forms_of_cms_are_refused),
		cmocka_unit_test(ber_and_another_content_type_are_refused),
		cmocka_unit_test(damaged_der_is_refused_at_every_length_and_byte),
		cmocka_unit_test(an_expired_certificate_counts_for_what_was_made_while_it_was_valid),
		cmocka_unit_test(old_and_new_certificates_overlap),
		cmocka_unit_test(a_revoked_certificate_is_refused_from_the_reload_on),
		cmocka_unit_test(we_sign_within_the_validity_of_our_certificate_only),
		cmocka_unit_test(a_revoked_certificate_of_our_own_signs_no_more_and_what_it_signed_stays_ours),
		cmocka_unit_test(a_renewed_certificate_waits_for_our_own_list_to_be_readable),
		cmocka_unit_test(our_own_list_that_stays_in_force_keeps_the_name_of_its_file),
		cmocka_unit_test(of_several_pins_with_one_key_the_signed_one_counts),
		cmocka_unit_test(p384_signs_with_sha384),
		cmocka_unit_test(a_wrong_start_is_refused_with_file_and_remedy),
		cmocka_unit_test(a_key_may_be_named_by_a_file_uri),
		cmocka_unit_test(the_worker_signs_in_order_and_the_queue_is_bounded),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
