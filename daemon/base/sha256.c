#include "base/sha256.h"

#include <openssl/evp.h>
#include <string.h>

#include "base/error.h"

struct cy_digest cy_sha256v(const struct cy_bytes *pieces, size_t n)
{
	struct cy_digest d;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	CY_ASSERT(ctx != NULL);
	CY_ASSERT(EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) == 1);
	for (size_t i = 0; i < n; i++)
		CY_ASSERT(EVP_DigestUpdate(ctx, pieces[i].data, pieces[i].len) == 1);
	CY_ASSERT(EVP_DigestFinal_ex(ctx, d.b, NULL) == 1);
	EVP_MD_CTX_free(ctx);
	return d;
}

struct cy_digest cy_sha256(struct cy_bytes data)
{
	return cy_sha256v(&data, 1);
}

bool cy_digest_equal(const struct cy_digest *a, const struct cy_digest *b)
{
	return memcmp(a->b, b->b, CY_SHA256_LEN) == 0;
}
