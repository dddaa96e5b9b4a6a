#include "io/gate/crl_list.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "base/limits.h"
#include "io/signer/pem_file.h"
#include "io/signer/signer_pin.h"

static const char *last_reason(void)
{
	unsigned long code = ERR_peek_last_error();
	const char *reason =
		ERR_SYSTEM_ERROR(code) ? strerrordesc_np(ERR_GET_REASON(code)) : ERR_reason_error_string(code);

	ERR_clear_error();
	return reason ? reason : "no reason given";
}

/* Both without this extension, or with the same value of it. */
static bool same_extension(const X509_CRL *a, const X509_CRL *b, int nid)
{
	int at_a = X509_CRL_get_ext_by_NID(a, nid, -1), at_b = X509_CRL_get_ext_by_NID(b, nid, -1);

	if (at_a < 0 || at_b < 0)
		return at_a < 0 && at_b < 0;
	return ASN1_OCTET_STRING_cmp(X509_EXTENSION_get_data(X509_CRL_get_ext(a, at_a)),
				     X509_EXTENSION_get_data(X509_CRL_get_ext(b, at_b))) == 0;
}

static bool same_scope(const X509_CRL *a, const X509_CRL *b)
{
	return X509_NAME_cmp(X509_CRL_get_issuer(a), X509_CRL_get_issuer(b)) == 0 &&
	       same_extension(a, b, NID_authority_key_identifier) &&
	       same_extension(a, b, NID_issuing_distribution_point);
}

static bool is_newer(const X509_CRL *a, const X509_CRL *b)
{
	int by_time = ASN1_TIME_compare(X509_CRL_get0_lastUpdate(a), X509_CRL_get0_lastUpdate(b));
	ASN1_INTEGER *number_a, *number_b;
	bool newer;

	if (by_time != 0)
		return by_time > 0;
	number_a = X509_CRL_get_ext_d2i(a, NID_crl_number, NULL, NULL);
	number_b = X509_CRL_get_ext_d2i(b, NID_crl_number, NULL, NULL);
	newer = number_a && (number_b == NULL || ASN1_INTEGER_cmp(number_a, number_b) > 0);
	ASN1_INTEGER_free(number_a);
	ASN1_INTEGER_free(number_b);
	return newer;
}

/* In place of an older one, or beside the others. Takes the list over. */
static bool keep(STACK_OF(X509_CRL) * list, X509_CRL *crl)
{
	for (int i = 0; i < sk_X509_CRL_num(list); i++) {
		X509_CRL *there = sk_X509_CRL_value(list, i);

		if (!same_scope(there, crl))
			continue;
		if (is_newer(crl, there)) {
			sk_X509_CRL_set(list, i, crl);
			crl = there;
		}
		X509_CRL_free(crl);
		return true;
	}
	if (sk_X509_CRL_push(list, crl) > 0)
		return true;
	X509_CRL_free(crl);
	return false;
}

static bool is_signed(const X509_CRL *crl, STACK_OF(X509) * anchors)
{
	bool good = false;

	for (int i = 0; i < sk_X509_num(anchors) && !good; i++) {
		X509 *ca = sk_X509_value(anchors, i);

		good = X509_NAME_cmp(X509_get_subject_name(ca), X509_CRL_get_issuer(crl)) == 0 &&
		       X509_CRL_verify((X509_CRL *)crl, X509_get0_pubkey(ca)) == 1;
	}
	ERR_clear_error();
	return good;
}

static int read_pem(BIO *in, const char *path, const char *id, STACK_OF(X509_CRL) * list, struct cy_error *e)
{
	X509_CRL *crl;

	while ((crl = PEM_read_bio_X509_CRL(in, NULL, NULL, NULL)) != NULL) {
		if (X509_CRL_get_ext_by_NID(crl, NID_delta_crl, -1) >= 0) {
			X509_CRL_free(crl);
			return cy_fail_at(e, CY_ECONFIG, path,
					  "the file holds a delta CRL, which lists changes only; put the complete CRL "
					  "of %s there, and no delta CRL",
					  id);
		}
		if (!keep(list, crl))
			return cy_fail(e, CY_ENOMEM, "no memory for the CRL of %s", id);
	}
	if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
		return cy_fail_at(e, CY_ECONFIG, path,
				  "the file holds something that is not a PEM CRL: %s; ask %s for its CRL again",
				  last_reason(), id);
	ERR_clear_error();
	if (sk_X509_CRL_num(list) == 0)
		return cy_fail_at(e, CY_ECONFIG, path,
				  "the file is not a PEM file of CRLs; convert it with openssl crl -inform DER, or ask "
				  "%s for its CRL again",
				  id);
	return CY_OK;
}

/* The list may be the right one, and the anchors those of somebody else. */
static int wrong_ca(const char *path, const char *id, const char *from, const X509_CRL *crl, struct cy_error *e)
{
	char name[200] = "";

	X509_NAME_oneline(X509_CRL_get_issuer(crl), name, sizeof name);
	return cy_fail_at(e, CY_ECONFIG, path,
			  "no CA certificate of %s in %s has signed this CRL, which is of the CA '%s'; compare the "
			  "fingerprint of the CA with %s: where it is right, ask for the CRL again, else for the CA's "
			  "certificate",
			  id, from, name, id);
}

int crl_list_read(const char *path, const char *id, const char *from, STACK_OF(X509) * anchors,
		  STACK_OF(X509_CRL) * list, struct cy_error *e)
{
	BIO *in;
	int code;

	code = pem_file_check(path, e);
	if (code != CY_OK)
		return code;
	ERR_clear_error();
	in = BIO_new_file(path, "r");
	if (in == NULL)
		return cy_fail_at(e, CY_ECONFIG, path,
				  "the CRL of %s cannot be read: %s; ask %s for it, or correct the path", id,
				  last_reason(), id);
	code = read_pem(in, path, id, list, e);
	BIO_free(in);
	for (int i = 0; code == CY_OK && i < sk_X509_CRL_num(list); i++)
		if (!is_signed(sk_X509_CRL_value(list, i), anchors))
			code = wrong_ca(path, id, from, sk_X509_CRL_value(list, i), e);
	return code;
}

struct cy_wall crl_list_due(STACK_OF(X509_CRL) * list)
{
	struct cy_wall due = { 0 };

	for (int i = 0; i < sk_X509_CRL_num(list); i++) {
		const struct cy_wall next = signer_time(X509_CRL_get0_nextUpdate(sk_X509_CRL_value(list, i)));

		if (next.ms != 0 && (due.ms == 0 || next.ms < due.ms))
			due = next;
	}
	return due;
}

STACK_OF(X509) * crl_list_chain(X509_STORE_CTX *verified)
{
	STACK_OF(X509) *chain = X509_STORE_CTX_get1_chain(verified);

	CY_ASSERT(chain);
	while (sk_X509_num(chain) < CY_TLS_CHAIN_MAX) {
		X509 *top = sk_X509_value(chain, sk_X509_num(chain) - 1), *above;

		if (X509_NAME_cmp(X509_get_subject_name(top), X509_get_issuer_name(top)) == 0 ||
		    X509_STORE_CTX_get1_issuer(&above, verified, top) != 1)
			break;
		CY_ASSERT(sk_X509_push(chain, above) > 0);
	}
	return chain;
}

bool crl_list_revokes(STACK_OF(X509_CRL) * list, STACK_OF(X509) * chain)
{
	for (int i = 0; i < sk_X509_num(chain); i++) {
		X509 *cert = sk_X509_value(chain, i);

		for (int k = 0; k < sk_X509_CRL_num(list); k++) {
			X509_CRL *crl = sk_X509_CRL_value(list, k);
			X509_REVOKED *entry;

			/* 2 stands for removeFromCRL: no longer revoked. */
			if (X509_NAME_cmp(X509_get_issuer_name(cert), X509_CRL_get_issuer(crl)) == 0 &&
			    X509_CRL_get0_by_cert(crl, &entry, cert) == 1)
				return true;
		}
	}
	return false;
}
