#include "io/signer/signer_pin.h"

#include <errno.h>
#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/ess.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/limits.h"
#include "io/gate/crl_list.h"
#include "io/signer/pem_file.h"
#include "io/signer/signer_cms.h"
#include "io/signer/signer_der.h"

/* A bundle beyond this is a mistaken file. */
#define PINS_MAX 64

struct pin {
	X509 *cert;
	struct cy_bytes der;        /* the same; owned */
	struct cy_wall from, until; /* of the whole chain together */
	bool revoked;
};

struct signer_pins {
	size_t refs;
	char id[CY_AUTHORITY_MAX + 1];
	bool own;
	char *crl; /* its file, or NULL */
	struct cy_wall crl_due;
	struct pin pin[PINS_MAX];
	size_t n;
};

const char *signer_reason(void)
{
	unsigned long code = ERR_peek_last_error();
	const char *reason = code == 0 ? NULL : ERR_reason_error_string(code);

	/* System errors have no reason string of their own. */
	if (code != 0 && ERR_SYSTEM_ERROR(code))
		reason = strerrordesc_np(ERR_GET_REASON(code));
	ERR_clear_error();
	return reason == NULL ? "no reason given" : reason;
}

struct cy_wall signer_time(const ASN1_TIME *t)
{
	struct tm tm;

	memset(&tm, 0, sizeof tm);
	if (t == NULL || ASN1_TIME_to_tm(t, &tm) != 1) {
		ERR_clear_error();
		return (struct cy_wall){ 0 };
	}
	return (struct cy_wall){ .ms = (int64_t)timegm(&tm) * 1000 };
}

const EVP_MD *signer_key_digest(const EVP_PKEY *key)
{
	char group[32];

	if (key == NULL || EVP_PKEY_is_a(key, "EC") != 1)
		return NULL;
	if (EVP_PKEY_get_group_name(key, group, sizeof group, NULL) != 1) {
		ERR_clear_error();
		return NULL;
	}
	if (strcmp(group, "prime256v1") == 0)
		return EVP_sha256();
	if (strcmp(group, "secp384r1") == 0)
		return EVP_sha384();
	return NULL;
}

/* Read the PEM blocks of a file. Only the end of the file ends it without error. */
static int read_certificates(const char *path, STACK_OF(X509) * list, struct cy_error *e)
{
	int code = pem_file_check(path, e);
	BIO *in = code != CY_OK ? NULL : BIO_new_file(path, "r");
	X509 *cert;

	if (code != CY_OK)
		return code;
	if (in == NULL)
		return cy_fail_at(e, CY_ECONFIG, path, "the certificate file cannot be read: %s", signer_reason());
	while ((cert = PEM_read_bio_X509(in, NULL, NULL, NULL)) != NULL) {
		if (sk_X509_push(list, cert) <= 0) {
			X509_free(cert);
			break;
		}
	}
	BIO_free(in);
	if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
		return cy_fail_at(e, CY_ECONFIG, path,
				  "the file holds something that is not a PEM certificate: %s; ask for it again",
				  signer_reason());
	ERR_clear_error();
	if (sk_X509_num(list) == 0)
		return cy_fail_at(e, CY_ECONFIG, path, "the file holds no PEM certificate; ask for it again");
	return CY_OK;
}

/* A pin is valid while every certificate of its chain is. */
static void narrow(struct pin *p, const X509 *cert)
{
	struct cy_wall from = signer_time(X509_get0_notBefore(cert)), until = signer_time(X509_get0_notAfter(cert));

	if (from.ms > p->from.ms)
		p->from = from;
	if (until.ms < p->until.ms)
		p->until = until;
}

/* Find the chain of a pin. Time is left out: it is asked for with each signature. */
static int check_chain(const struct signer_pin_source *s, struct pin *p, X509_STORE *store, STACK_OF(X509_CRL) * crls,
		       struct cy_error *e)
{
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	STACK_OF(X509) * chain;
	int code = CY_OK;

	if (ctx == NULL)
		return cy_fail(e, CY_ENOMEM, "no memory to check a certificate");
	if (X509_STORE_CTX_init(ctx, store, p->cert, NULL) != 1 ||
	    X509_STORE_CTX_set_purpose(ctx, X509_PURPOSE_SMIME_SIGN) != 1) {
		code = cy_fail(e, CY_ENOMEM, "a certificate cannot be checked: %s", signer_reason());
		goto out;
	}
	/* An issuing CA may be named without its root, as for TLS. */
	X509_STORE_CTX_set_flags(ctx, X509_V_FLAG_NO_CHECK_TIME | X509_V_FLAG_PARTIAL_CHAIN);
	if (X509_verify_cert(ctx) != 1) {
		code = cy_fail_at(e, CY_ECONFIG, s->bundle == NULL ? s->id : s->bundle,
				  "a signing certificate of %s is not good for signing under %s: %s; ask %s for its "
				  "ca.pem and sign-all.pem again and compare the fingerprints",
				  s->id, s->anchors, X509_verify_cert_error_string(X509_STORE_CTX_get_error(ctx)),
				  s->id);
		goto out;
	}
	chain = crl_list_chain(ctx);
	for (int i = 0; i < sk_X509_num(chain); i++)
		narrow(p, sk_X509_value(chain, i));
	p->revoked = crl_list_revokes(crls, chain);
	sk_X509_pop_free(chain, X509_free);
out:
	ERR_clear_error();
	X509_STORE_CTX_free(ctx);
	return code;
}

/* Takes a reference of its own. A certificate that is there already is left out. */
static int add_pin(struct signer_pins *p, const struct signer_pin_source *s, X509 *cert, struct cy_error *e)
{
	const char *where = s->bundle == NULL ? s->id : s->bundle;
	unsigned char *der = NULL;
	int len;

	for (size_t i = 0; i < p->n; i++) {
		if (X509_cmp(p->pin[i].cert, cert) == 0)
			return CY_OK;
	}
	if (p->n == PINS_MAX)
		return cy_fail_at(e, CY_ECONFIG, where, "more than %d signing certificates; keep the valid ones",
				  PINS_MAX);
	if (signer_key_digest(X509_get0_pubkey(cert)) == NULL)
		return cy_fail_at(e, CY_ECONFIG, where,
				  "a signing certificate of %s has a key that is not EC P-256 or P-384; "
				  "only these may sign",
				  s->id);
	len = i2d_X509(cert, &der);
	if (len <= 0)
		return cy_fail(e, CY_ENOMEM, "no memory for a signing certificate of %s", s->id);
	X509_up_ref(cert);
	p->pin[p->n] = (struct pin){
		.cert = cert, .der = cy_bytes(der, (size_t)len), .from = { INT64_MIN }, .until = { INT64_MAX }
	};
	narrow(&p->pin[p->n], cert);
	p->n++;
	return CY_OK;
}

static int load(struct signer_pins *p, const struct signer_pin_source *s, STACK_OF(X509) * certs,
		STACK_OF(X509) * anchors, STACK_OF(X509_CRL) * crls, X509_STORE *store, struct cy_error *e)
{
	int code;

	if (s->bundle != NULL && (code = read_certificates(s->bundle, certs, e)) != CY_OK)
		return code;
	if (s->also != NULL && (code = add_pin(p, s, s->also, e)) != CY_OK)
		return code;
	for (int i = 0; i < sk_X509_num(certs); i++) {
		if ((code = add_pin(p, s, sk_X509_value(certs, i), e)) != CY_OK)
			return code;
	}
	if (p->n == 0)
		return cy_fail_at(e, CY_ECONFIG, s->id, "no signing certificate is pinned for %s", s->id);
	if (s->anchors == NULL && s->crl != NULL)
		return cy_fail_at(e, CY_ECONFIG, s->crl,
				  "this CRL of %s cannot be checked without the CA that issues it: name that as well",
				  s->id);
	if (s->anchors == NULL)
		return CY_OK;
	if ((code = read_certificates(s->anchors, anchors, e)) != CY_OK)
		return code;
	for (int i = 0; i < sk_X509_num(anchors); i++) {
		if (X509_STORE_add_cert(store, sk_X509_value(anchors, i)) != 1)
			return cy_fail_at(e, CY_ECONFIG, s->anchors, "a CA certificate cannot be used: %s",
					  signer_reason());
	}
	if (s->crl != NULL && (code = crl_list_read(s->crl, s->id, s->anchors, anchors, crls, e)) != CY_OK)
		return code;
	p->crl = s->crl != NULL ? strdup(s->crl) : NULL;
	if (s->crl != NULL && p->crl == NULL)
		return cy_fail(e, CY_ENOMEM, "no memory for the name of a CRL");
	p->crl_due = crl_list_due(crls);
	for (size_t i = 0; i < p->n; i++) {
		if ((code = check_chain(s, &p->pin[i], store, crls, e)) != CY_OK)
			return code;
	}
	return CY_OK;
}

int signer_pins_new(const struct signer_pin_source *s, struct signer_pins **ret_pins, struct cy_error *e)
{
	struct signer_pins *p = calloc(1, sizeof *p);
	STACK_OF(X509) *certs = sk_X509_new_null(), *anchors = sk_X509_new_null();
	STACK_OF(X509_CRL) *crls = sk_X509_CRL_new_null();
	X509_STORE *store = X509_STORE_new();
	int code;

	ERR_clear_error();
	if (p == NULL || certs == NULL || anchors == NULL || crls == NULL || store == NULL)
		code = cy_fail(e, CY_ENOMEM, "no memory for the certificates of %s", s->id);
	else if (cy_copy(p->id, sizeof p->id, s->id) != CY_OK)
		code = cy_fail_at(e, CY_ECONFIG, s->id, "the authority id is too long");
	else
		code = load(p, s, certs, anchors, crls, store, e);
	if (p != NULL)
		p->refs = 1;
	if (code == CY_OK)
		p->own = s->own;

	X509_STORE_free(store);
	sk_X509_CRL_pop_free(crls, X509_CRL_free);
	sk_X509_pop_free(anchors, X509_free);
	sk_X509_pop_free(certs, X509_free);
	if (code != CY_OK) {
		signer_pins_free(p);
		return code;
	}
	*ret_pins = p;
	return CY_OK;
}

struct signer_pins *signer_pins_ref(struct signer_pins *p)
{
	p->refs++;
	return p;
}

void signer_pins_free(struct signer_pins *p)
{
	if (p == NULL || --p->refs > 0)
		return;
	for (size_t i = 0; i < p->n; i++) {
		X509_free(p->pin[i].cert);
		OPENSSL_free((void *)p->pin[i].der.data);
	}
	free(p->crl);
	free(p);
}

const char *signer_pins_id(const struct signer_pins *p)
{
	return p->id;
}

/* ------------------------------------------------------------ one signature */

/* OpenSSL reads BER, and its own encoding keeps what it does not look into as it came:
 * values of attributes, and certificates. Both checks together leave DER. */
static bool encodes_as(CMS_ContentInfo *cms, struct cy_bytes der)
{
	unsigned char *again = NULL;
	int len = i2d_CMS_ContentInfo(cms, &again);
	bool same = len > 0 && cy_bytes_equal(cy_bytes(again, (size_t)len), der);

	OPENSSL_free(again);
	return same;
}

struct signature {
	CMS_ContentInfo *cms;
	const struct pin *enclosed; /* the pin whose certificate was enclosed, and is not in `cms`; or NULL */
};

static const struct pin *pin_with(const struct signer_pins *p, struct cy_bytes der)
{
	for (size_t i = 0; i < p->n; i++)
		if (cy_bytes_equal(p->pin[i].der, der))
			return &p->pin[i];
	return NULL;
}

/* False: it is not the DER encoding of one CMS object. A pinned certificate is known by its bytes,
 * and not read again. */
static bool decode(const struct signer_pins *p, struct cy_bytes der, struct signature *ret)
{
	uint8_t out[CY_SIGNATURE_MAX];
	struct cy_bytes certificate, bare;
	const unsigned char *at;

	*ret = (struct signature){ 0 };
	if (der.len == 0 || der.len > CY_SIGNATURE_MAX || !signer_der_strict(der))
		return false;
	if (signer_cms_bare(der, out, &certificate, &bare) && (ret->enclosed = pin_with(p, certificate)) != NULL)
		der = bare;
	at = der.data;
	ret->cms = d2i_CMS_ContentInfo(NULL, &at, (long)der.len);
	if (ret->cms != NULL && !encodes_as(ret->cms, der)) {
		CMS_ContentInfo_free(ret->cms);
		ret->cms = NULL;
	}
	return ret->cms != NULL;
}

/* ECDSA with SHA-256 or stronger, the same digest in both places. */
static bool strong(CMS_SignerInfo *si)
{
	X509_ALGOR *digest, *signature;
	const ASN1_OBJECT *oid;
	int md, sig_md, sig_key;

	CMS_SignerInfo_get0_algs(si, NULL, NULL, &digest, &signature);
	X509_ALGOR_get0(&oid, NULL, NULL, digest);
	md = OBJ_obj2nid(oid);
	if (md != NID_sha256 && md != NID_sha384 && md != NID_sha512)
		return false;
	X509_ALGOR_get0(&oid, NULL, NULL, signature);
	return OBJ_find_sigid_algs(OBJ_obj2nid(oid), &sig_md, &sig_key) == 1 && sig_md == md &&
	       sig_key == NID_X9_62_id_ecPublicKey;
}

/* The certificate has to travel along, so that anybody can check without us. */
static bool carries(const struct signature *s, const struct pin *pin)
{
	STACK_OF(X509) * certs;
	bool found = false;

	if (s->enclosed != NULL)
		return s->enclosed == pin;
	certs = CMS_get1_certs(s->cms);
	for (int i = 0; i < sk_X509_num(certs) && !found; i++)
		found = X509_cmp(sk_X509_value(certs, i), pin->cert) == 0;
	sk_X509_pop_free(certs, X509_free);
	return found;
}

/* RFC 5035: the signed attribute that binds the signature to one certificate. */
static bool bound_to(CMS_SignerInfo *si, X509 *cert)
{
	STACK_OF(X509) *one = sk_X509_new_null();
	ASN1_STRING *value =
		CMS_signed_get0_data_by_OBJ(si, OBJ_nid2obj(NID_id_smime_aa_signingCertificateV2), -3, V_ASN1_SEQUENCE);
	ESS_SIGNING_CERT_V2 *ess;
	const unsigned char *at;
	bool good;

	if (value == NULL || one == NULL || sk_X509_push(one, cert) <= 0) {
		sk_X509_free(one);
		return false;
	}
	at = ASN1_STRING_get0_data(value);
	ess = d2i_ESS_SIGNING_CERT_V2(NULL, &at, ASN1_STRING_length(value));
	good = ess != NULL && OSSL_ESS_check_signing_certs(NULL, ess, one, 1) == 1;
	ESS_SIGNING_CERT_V2_free(ess);
	sk_X509_free(one);
	return good;
}

/* RFC 5652, 11.1: the signed type is that of the content; CMS_verify() does not compare. */
static bool states_type(CMS_ContentInfo *cms, CMS_SignerInfo *si)
{
	const ASN1_OBJECT *stated =
		CMS_signed_get0_data_by_OBJ(si, OBJ_nid2obj(NID_pkcs9_contentType), -3, V_ASN1_OBJECT);

	return stated != NULL && OBJ_cmp(stated, CMS_get0_eContentType(cms)) == 0;
}

/* The form that the protocol asks for; NULL when it is met, else what is wrong. */
static const char *form(CMS_ContentInfo *cms)
{
	STACK_OF(CMS_SignerInfo) * infos;
	const ASN1_OBJECT *content;

	if (OBJ_obj2nid(CMS_get0_type(cms)) != NID_pkcs7_signed)
		return "it is not CMS SignedData";
	infos = CMS_get0_SignerInfos(cms);
	if (sk_CMS_SignerInfo_num(infos) != 1)
		return "it does not have exactly one signer";
	content = CMS_get0_eContentType(cms);
	if (CMS_is_detached(cms) != 1 || content == NULL || OBJ_obj2nid(content) != NID_pkcs7_data)
		return "it is not detached";
	if (!strong(sk_CMS_SignerInfo_value(infos, 0)))
		return "its algorithm is not ECDSA with SHA-256, SHA-384 or SHA-512";
	return NULL;
}

static const char *mathematics(const struct signature *s, CMS_SignerInfo *si, const struct pin *pin, bool bound,
			       struct cy_bytes text)
{
	STACK_OF(X509) *one = sk_X509_new_null();
	BIO *memory = BIO_new_mem_buf(text.data == NULL ? (const void *)"" : text.data, (int)text.len);
	/* CMS_verify() of OpenSSL 3.0 copies a memory BIO, and loses the copy where it
	 * does not know a digest of the CMS. It copies no other BIO. */
	BIO *in = memory == NULL ? NULL : BIO_push(BIO_new(BIO_f_null()), memory);
	const char *wrong = NULL;

	if (one == NULL || in == NULL || sk_X509_push(one, pin->cert) <= 0)
		wrong = "there is no memory to check it";
	else if (!carries(s, pin))
		wrong = "the signer's certificate is not the one pinned, or is not enclosed";
	else if (!bound)
		wrong = "its signing-certificate-v2 attribute is missing or names another certificate";
	else if (!states_type(s->cms, si))
		wrong = "its content-type attribute is missing or is not that of the content";
	/* The chain was checked at load; NOINTERN keeps enclosed certificates out. */
	else if (CMS_verify(s->cms, one, NULL, in, NULL, CMS_BINARY | CMS_NO_SIGNER_CERT_VERIFY | CMS_NOINTERN) != 1)
		wrong = signer_reason();
	if (in != NULL)
		BIO_free_all(in);
	else
		BIO_free(memory);
	sk_X509_free(one);
	return wrong;
}

/* The certificate that a signature is to be judged by, whatever the order of the pins. A signer
 * may be named by its key, which several certificates can have: then the signed attribute says
 * which one it is, as it names one certificate and no other. Where it names none of them, the
 * first one is returned, which mathematics() refuses. *ret_bound: the attribute names the one returned. */
static const struct pin *pin_of(const struct signer_pins *p, CMS_SignerInfo *si, bool *ret_bound)
{
	const struct pin *first = NULL;

	*ret_bound = true;
	for (size_t i = 0; i < p->n; i++) {
		if (CMS_SignerInfo_cert_cmp(si, p->pin[i].cert) != 0)
			continue;
		if (bound_to(si, p->pin[i].cert))
			return &p->pin[i];
		if (first == NULL)
			first = &p->pin[i];
	}
	*ret_bound = false;
	return first;
}

static const char *out_of_time(const struct pin *pin, struct cy_wall made)
{
	if (made.ms < pin->from.ms)
		return "it was made before the signer's certificate was valid";
	if (made.ms > pin->until.ms)
		return "it was made after the signer's certificate had expired";
	return NULL;
}

static const char *check(const struct signer_pins *p, const struct signature *s, struct cy_bytes text,
			 struct cy_wall made)
{
	const char *wrong = form(s->cms);
	const struct pin *pin;
	CMS_SignerInfo *si;
	bool bound;

	if (wrong != NULL)
		return wrong;
	si = sk_CMS_SignerInfo_value(CMS_get0_SignerInfos(s->cms), 0);
	pin = pin_of(p, si, &bound);
	if (pin == NULL)
		return "its signer is none of the certificates pinned for this authority";
	if (pin->revoked && !p->own)
		return "the signer's certificate is revoked";
	wrong = out_of_time(pin, made);
	if (wrong != NULL)
		return wrong;
	return mathematics(s, si, pin, bound, text);
}

int signer_pins_verify(const struct signer_pins *p, struct cy_bytes text, struct cy_bytes signature,
		       struct cy_wall made, struct cy_error *e)
{
	struct signature s;
	const char *wrong;

	ERR_clear_error();
	if (text.len > CY_MANIFEST_MAX)
		return cy_fail(e, CY_ESIGN, "a signed text of %s is over %u bytes", p->id, CY_MANIFEST_MAX);
	wrong = decode(p, signature, &s) ? check(p, &s, text, made) : "it is not the DER encoding of one CMS object";
	CMS_ContentInfo_free(s.cms);
	ERR_clear_error();
	if (wrong != NULL)
		return cy_fail(e, CY_ESIGN, "a signature said to be of %s is refused: %s", p->id, wrong);
	return CY_OK;
}

/* ------------------------------------------------------- our own certificates */

int signer_pins_may_sign(const struct signer_pins *p, struct cy_wall at, struct cy_error *e)
{
	const struct pin *pin = &p->pin[0];
	char when[CY_RFC3339_SIZE];

	if (pin->revoked)
		return cy_fail(e, CY_ESIGN, "our signing certificate is revoked");
	cy_rfc3339(at.ms < pin->from.ms ? pin->from : pin->until, when);
	if (at.ms < pin->from.ms)
		return cy_fail(e, CY_EAGAIN, "our signing certificate is not valid before %s", when);
	if (at.ms > pin->until.ms)
		return cy_fail(e, CY_ESIGN, "our signing certificate, or the CA that issued it, expired at %s", when);
	return CY_OK;
}

int signer_pins_current(const struct signer_pins *p, struct cy_wall now, struct cy_error *e)
{
	for (size_t i = 0; i < p->n; i++)
		if (!p->pin[i].revoked && out_of_time(&p->pin[i], now) == NULL)
			return CY_OK;
	return cy_fail(e, CY_ESIGN, "every signing certificate of %s has expired or is revoked", p->id);
}

struct cy_wall signer_pins_crl_due(const struct signer_pins *p, const char **ret_file)
{
	if (ret_file != NULL)
		*ret_file = p->crl;
	return p->crl_due;
}

int signer_pins_stand(const struct signer_pins *p, struct cy_bytes signature, struct cy_wall made, bool *ret_present,
		      struct cy_error *e)
{
	struct signature s;
	STACK_OF(CMS_SignerInfo) *infos = decode(p, signature, &s) ? CMS_get0_SignerInfos(s.cms) : NULL;
	bool bound;
	const struct pin *pin =
		sk_CMS_SignerInfo_num(infos) == 1 ? pin_of(p, sk_CMS_SignerInfo_value(infos, 0), &bound) : NULL;
	const char *wrong = pin == NULL    ? NULL
			    : pin->revoked ? "the signer's certificate is revoked"
					   : out_of_time(pin, made);

	*ret_present = pin == &p->pin[0];
	CMS_ContentInfo_free(s.cms);
	ERR_clear_error();
	return wrong == NULL ? CY_OK : cy_fail(e, CY_ESIGN, "a signature of ours does not stand: %s", wrong);
}
