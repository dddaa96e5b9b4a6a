/* A signature without the certificate that it encloses, against OpenSSL's own reading of both. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <openssl/cms.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <string.h>

#include "io/signer/signer_cms.h"

static EVP_PKEY *key;
static X509 *certificate;

static X509 *certify(long serial)
{
	X509 *x = X509_new();

	assert_non_null(x);
	X509_set_version(x, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(x), serial);
	X509_gmtime_adj(X509_getm_notBefore(x), 0);
	X509_gmtime_adj(X509_getm_notAfter(x), 3600);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC, (const unsigned char *)"US-OIA", -1,
				   -1, 0);
	X509_set_issuer_name(x, X509_get_subject_name(x));
	X509_set_pubkey(x, key);
	assert_true(X509_sign(x, key, EVP_sha256()) > 0);
	return x;
}

static int make(void **state)
{
	(void)state;
	key = EVP_EC_gen("P-256");
	assert_non_null(key);
	certificate = certify(1);
	return 0;
}

static int drop(void **state)
{
	(void)state;
	X509_free(certificate);
	EVP_PKEY_free(key);
	return 0;
}

/* The DER of a signature by `flags` of CMS_sign(), with one certificate more or not. */
static struct cy_bytes sign(unsigned flags, X509 *also, uint8_t out[static CY_SIGNATURE_MAX])
{
	BIO *text = BIO_new_mem_buf("text", 4);
	CMS_ContentInfo *cms =
		CMS_sign(certificate, key, NULL, text, CMS_BINARY | CMS_DETACHED | CMS_NOSMIMECAP | flags);
	unsigned char *at = out;
	int len;

	assert_non_null(cms);
	if (also != NULL)
		assert_int_equal(CMS_add1_cert(cms, also), 1);
	assert_in_range(i2d_CMS_ContentInfo(cms, NULL), 1, CY_SIGNATURE_MAX);
	len = i2d_CMS_ContentInfo(cms, &at);
	CMS_ContentInfo_free(cms);
	BIO_free(text);
	return cy_bytes(out, (size_t)len);
}

static bool has_certificates(CMS_ContentInfo *cms)
{
	STACK_OF(X509) *list = CMS_get1_certs(cms);
	const bool any = sk_X509_num(list) > 0;

	sk_X509_pop_free(list, X509_free);
	return any;
}

static void the_rest_and_the_certificate_make_the_same_signature_again(void **state)
{
	uint8_t der[CY_SIGNATURE_MAX], out[CY_SIGNATURE_MAX];
	struct cy_bytes all = sign(0, NULL, der), enclosed, bare;
	unsigned char *whole = NULL, *own = NULL;
	const unsigned char *at;
	CMS_ContentInfo *cms;
	int len;

	(void)state;
	assert_true(signer_cms_bare(all, out, &enclosed, &bare));
	len = i2d_X509(certificate, &own);
	assert_true(cy_bytes_equal(enclosed, cy_bytes(own, (size_t)len)));
	at = bare.data;
	cms = d2i_CMS_ContentInfo(NULL, &at, (long)bare.len);
	assert_non_null(cms);
	assert_ptr_equal(at, bare.data + bare.len);
	assert_false(has_certificates(cms));
	assert_int_equal(CMS_add1_cert(cms, certificate), 1);
	len = i2d_CMS_ContentInfo(cms, &whole);
	assert_true(cy_bytes_equal(cy_bytes(whole, (size_t)len), all));
	CMS_ContentInfo_free(cms);
	OPENSSL_free(whole);
	OPENSSL_free(own);
}

static void no_certificate_or_two_are_left_to_others(void **state)
{
	uint8_t der[CY_SIGNATURE_MAX], out[CY_SIGNATURE_MAX];
	struct cy_bytes enclosed, bare;
	X509 *other = certify(2);

	(void)state;
	assert_false(signer_cms_bare(sign(CMS_NOCERTS, NULL, der), out, &enclosed, &bare));
	assert_false(signer_cms_bare(sign(0, other, der), out, &enclosed, &bare));
	assert_false(signer_cms_bare(cy_bytes("", 0), out, &enclosed, &bare));
	assert_false(signer_cms_bare(cy_bytes("\x30\x02\x05\x00", 4), out, &enclosed, &bare));
	X509_free(other);
}

/* Whatever is cut or changed: what comes out is never longer, and the certificate lies within what came in. */
static void damage_does_no_harm(void **state)
{
	uint8_t der[CY_SIGNATURE_MAX], out[CY_SIGNATURE_MAX];
	struct cy_bytes all = sign(0, NULL, der), enclosed, bare;

	(void)state;
	for (size_t len = 0; len < all.len; len++)
		assert_false(signer_cms_bare(cy_bytes(all.data, len), out, &enclosed, &bare));
	for (size_t i = 0; i < all.len; i++)
		for (unsigned bit = 0; bit < 8; bit++) {
			der[i] ^= (uint8_t)(1u << bit);
			if (signer_cms_bare(all, out, &enclosed, &bare)) {
				assert_true(bare.data == out && bare.len < all.len);
				assert_true(enclosed.data > all.data && enclosed.len < all.len);
				assert_true(enclosed.data + enclosed.len <= all.data + all.len);
			}
			der[i] ^= (uint8_t)(1u << bit);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_rest_and_the_certificate_make_the_same_signature_again),
		cmocka_unit_test(no_certificate_or_two_are_left_to_others),
		cmocka_unit_test(damage_does_no_harm),
	};

	return cmocka_run_group_tests(tests, make, drop);
}
