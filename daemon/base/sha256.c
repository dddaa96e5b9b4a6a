#include "base/sha256.h"

#include <openssl/evp.h>
#include <string.h>

#include "base/error.h"

void cy_sha256_begin(struct cy_sha256_stream *s)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	CY_ASSERT(ctx != NULL);
	CY_ASSERT(EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) == 1);
	s->ctx = ctx;
}

void cy_sha256_update(struct cy_sha256_stream *s, struct cy_bytes data)
{
	CY_ASSERT(EVP_DigestUpdate(s->ctx, data.data, data.len) == 1);
}

struct cy_digest cy_sha256_end(struct cy_sha256_stream *s)
{
	struct cy_digest d;

	CY_ASSERT(EVP_DigestFinal_ex(s->ctx, d.b, NULL) == 1);
	EVP_MD_CTX_free(s->ctx);
	s->ctx = NULL;
	return d;
}

struct cy_digest cy_sha256v(const struct cy_bytes *pieces, size_t n)
{
	struct cy_sha256_stream s;

	cy_sha256_begin(&s);
	for (size_t i = 0; i < n; i++)
		cy_sha256_update(&s, pieces[i]);
	return cy_sha256_end(&s);
}

struct cy_digest cy_sha256(struct cy_bytes data)
{
	return cy_sha256v(&data, 1);
}

bool cy_digest_equal(const struct cy_digest *a, const struct cy_digest *b)
{
	return memcmp(a->b, b->b, CY_SHA256_LEN) == 0;
}
