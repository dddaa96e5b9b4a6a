#include "comityctl/cms.h"

#include <errno.h>
#include <openssl/bio.h>
#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"

struct cms_anchors {
	STACK_OF(X509) * certificates;
	STACK_OF(X509_CRL) * crls;
};

void cms_anchors_free(struct cms_anchors *a)
{
	if (a == NULL)
		return;
	sk_X509_pop_free(a->certificates, X509_free);
	sk_X509_CRL_pop_free(a->crls, X509_CRL_free);
	free(a);
}

/* What the entries of the file are, as far as they are certificates or CRLs. */
static bool take(struct cms_anchors *a, STACK_OF(X509_INFO) * list)
{
	bool good = true;

	for (int i = 0; good && i < sk_X509_INFO_num(list); i++) {
		X509_INFO *info = sk_X509_INFO_value(list, i);

		if (info->x509 != NULL) {
			good = sk_X509_push(a->certificates, info->x509) > 0;
			info->x509 = good ? NULL : info->x509;
		}
		/* One entry has both where a CRL stands behind a certificate. */
		if (good && info->crl != NULL) {
			good = sk_X509_CRL_push(a->crls, info->crl) > 0;
			info->crl = good ? NULL : info->crl;
		}
	}
	return good;
}

int cms_anchors_load(const char *path, struct cms_anchors **ret_anchors, struct cy_error *e)
{
	struct cms_anchors *a = calloc(1, sizeof *a);
	BIO *file = BIO_new_file(path, "r");
	STACK_OF(X509_INFO) * list;
	int r = CY_OK;

	if (a == NULL || (a->certificates = sk_X509_new_null()) == NULL || (a->crls = sk_X509_CRL_new_null()) == NULL) {
		r = cy_fail(e, CY_ENOMEM, "no memory for certificates");
	} else if (file == NULL) {
		r = cy_fail(e, CY_ECONFIG, "it cannot be opened: %s", strerror(errno));
	} else {
		list = PEM_X509_INFO_read_bio(file, NULL, NULL, NULL);
		if (list == NULL || !take(a, list))
			r = cy_fail(e, CY_ECONFIG, "it is not PEM with certificates and CRLs");
		else if (sk_X509_num(a->certificates) == 0)
			r = cy_fail(e, CY_ECONFIG, "it has no certificate in PEM");
		sk_X509_INFO_pop_free(list, X509_INFO_free);
	}
	BIO_free(file);
	ERR_clear_error();
	if (r != CY_OK) {
		cms_anchors_free(a);
		return r;
	}
	*ret_anchors = a;
	return CY_OK;
}

/* ------------------------------------------------------------ one signature */

static X509_STORE *store_of(const struct cms_anchors *a, time_t at)
{
	X509_STORE *s = X509_STORE_new();

	CY_ASSERT(s != NULL);
	for (int i = 0; i < sk_X509_num(a->certificates); i++)
		CY_ASSERT(X509_STORE_add_cert(s, sk_X509_value(a->certificates, i)) == 1);
	X509_VERIFY_PARAM_set_time(X509_STORE_get0_param(s), at);
	X509_VERIFY_PARAM_set_purpose(X509_STORE_get0_param(s), X509_PURPOSE_SMIME_SIGN);
	return s;
}

/* The CRL counts if the issuer of the certificate has signed it; a later CRL names what was revoked before as well. */
static bool revoked_by(X509_CRL *crl, X509 *certificate, X509 *issuer, time_t at)
{
	X509_REVOKED *entry;

	if (X509_NAME_cmp(X509_CRL_get_issuer(crl), X509_get_issuer_name(certificate)) != 0 ||
	    X509_CRL_verify(crl, X509_get0_pubkey(issuer)) != 1 || X509_CRL_get0_by_cert(crl, &entry, certificate) != 1)
		return false;
	return X509_cmp_time(X509_REVOKED_get0_revocationDate(entry), &at) <= 0;
}

/* Each CA on the way is an anchor itself, as for authorities among each other: one that is only enclosed in a signature
 * vouches for nobody. */
static int check_chain(const struct cms_anchors *a, X509 *signer, X509_STORE *store, time_t at, struct cy_error *e)
{
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	STACK_OF(X509) * chain;
	bool found = false;
	int r = CY_OK;

	CY_ASSERT(ctx != NULL && X509_STORE_CTX_init(ctx, store, signer, NULL) == 1);
	if (X509_verify_cert(ctx) != 1) {
		r = cy_fail(e, CY_ESIGN, "the certificate that signed it does not chain to the anchors: %s",
			    X509_verify_cert_error_string(X509_STORE_CTX_get_error(ctx)));
	} else {
		chain = X509_STORE_CTX_get0_chain(ctx);
		for (int i = 0; i + 1 < sk_X509_num(chain); i++)
			for (int k = 0; k < sk_X509_CRL_num(a->crls); k++)
				found |= revoked_by(sk_X509_CRL_value(a->crls, k), sk_X509_value(chain, i),
						    sk_X509_value(chain, i + 1), at);
		if (found)
			r = cy_fail(e, CY_ESIGN, "a certificate behind it was revoked by then");
	}
	X509_STORE_CTX_free(ctx);
	return r;
}

static struct cy_digest fingerprint(X509 *certificate)
{
	struct cy_digest d = { 0 };
	unsigned len = sizeof d.b;

	CY_ASSERT(X509_digest(certificate, EVP_sha256(), d.b, &len) == 1);
	return d;
}

/* Why OpenSSL did not accept it. */
static int refused(struct cy_error *e)
{
	const char *data = NULL;
	int flags = 0;
	const unsigned long code = ERR_peek_last_error_all(NULL, NULL, NULL, &data, &flags);
	const char *reason = ERR_reason_error_string(code);
	const int r = cy_fail(e, CY_ESIGN, "%s%s%s", reason != NULL ? reason : "it does not verify",
			      (flags & ERR_TXT_STRING) != 0 ? ": " : "", (flags & ERR_TXT_STRING) != 0 ? data : "");

	ERR_clear_error();
	return r;
}

static int verify(const struct cms_anchors *a, CMS_ContentInfo *cms, struct cy_bytes text, time_t at,
		  struct cy_digest *ret_signer, struct cy_error *e)
{
	X509_STORE *store = store_of(a, at);
	BIO *content = BIO_new_mem_buf(text.data, (int)text.len);
	STACK_OF(X509) *signers = NULL;
	int r = CY_OK;

	CY_ASSERT(content != NULL);
	if (CMS_verify(cms, NULL, store, content, NULL, CMS_BINARY | CMS_CADES) != 1)
		r = refused(e);
	else if ((signers = CMS_get0_signers(cms)) == NULL || sk_X509_num(signers) != 1)
		r = cy_fail(e, CY_ESIGN, "it does not have exactly one signer");
	else
		r = check_chain(a, sk_X509_value(signers, 0), store, at, e);
	if (r == CY_OK)
		*ret_signer = fingerprint(sk_X509_value(signers, 0));
	sk_X509_free(signers);
	BIO_free(content);
	X509_STORE_free(store);
	return r;
}

int cms_verify(const struct cms_anchors *a, struct cy_bytes text, struct cy_bytes signature, struct cy_wall made,
	       struct cy_digest *ret_signer, struct cy_error *e)
{
	const unsigned char *at = signature.data;
	CMS_ContentInfo *cms;
	int r;

	if (signature.len == 0 || signature.len > CY_SIGNATURE_MAX)
		return cy_fail(e, CY_ESIGN, "a signature has 1 to %u bytes, and this one %zu", CY_SIGNATURE_MAX,
			       signature.len);
	cms = d2i_CMS_ContentInfo(NULL, &at, (long)signature.len);
	if (cms == NULL || at != signature.data + signature.len)
		r = cy_fail(e, CY_ESIGN, "it is not one CMS object in DER");
	else if (CMS_is_detached(cms) != 1)
		r = cy_fail(e, CY_ESIGN, "it is not detached");
	else
		r = verify(a, cms, text, (time_t)(made.ms / 1000), ret_signer, e);
	CMS_ContentInfo_free(cms);
	ERR_clear_error();
	return r;
}

struct cy_wall cms_signing_time(struct cy_bytes signature)
{
	const unsigned char *at = signature.data;
	CMS_ContentInfo *cms = d2i_CMS_ContentInfo(NULL, &at, (long)signature.len);
	STACK_OF(CMS_SignerInfo) *infos = cms != NULL ? CMS_get0_SignerInfos(cms) : NULL;
	struct cy_wall when = { 0 };
	ASN1_TYPE *type;
	X509_ATTRIBUTE *attribute;
	struct tm tm;
	int i;

	if (infos != NULL && sk_CMS_SignerInfo_num(infos) == 1 &&
	    (i = CMS_signed_get_attr_by_NID(sk_CMS_SignerInfo_value(infos, 0), NID_pkcs9_signingTime, -1)) >= 0) {
		attribute = CMS_signed_get_attr(sk_CMS_SignerInfo_value(infos, 0), i);
		type = X509_ATTRIBUTE_get0_type(attribute, 0);
		if (type != NULL && (type->type == V_ASN1_UTCTIME || type->type == V_ASN1_GENERALIZEDTIME) &&
		    ASN1_TIME_to_tm(type->value.asn1_string, &tm) == 1)
			when.ms = (int64_t)timegm(&tm) * 1000;
	}
	CMS_ContentInfo_free(cms);
	ERR_clear_error();
	return when;
}
