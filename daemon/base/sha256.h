/* SHA-256 (FIPS 180-4) as a function of values, by OpenSSL's libcrypto. */
#ifndef CY_BASE_SHA256_H
#define CY_BASE_SHA256_H

#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

#define CY_SHA256_LEN 32
#define CY_SHA256_HEX 65

struct cy_digest {
	uint8_t b[CY_SHA256_LEN];
};

struct cy_digest cy_sha256(struct cy_bytes data);

/* Of several pieces one after the other. */
struct cy_digest cy_sha256v(const struct cy_bytes *pieces, size_t n);

/* Of what comes piece by piece. Between begin and end it owns memory. */
struct cy_sha256_stream {
	void *ctx;
};

void cy_sha256_begin(struct cy_sha256_stream *s);
void cy_sha256_update(struct cy_sha256_stream *s, struct cy_bytes data);
struct cy_digest cy_sha256_end(struct cy_sha256_stream *s);

static inline void cy_digest_hex(const struct cy_digest *d, char out[static CY_SHA256_HEX])
{
	cy_hex(d->b, CY_SHA256_LEN, out);
}

bool cy_digest_equal(const struct cy_digest *a, const struct cy_digest *b);

#endif
