#include "io/signer/secrets.h"

#include <openssl/crypto.h>
#include <sys/prctl.h>

#include "base/error.h"
#include "base/limits.h"

#define SECRET_LEAST 32u

bool secrets_protect(bool dumpable)
{
	CY_ASSERT(dumpable || prctl(PR_SET_DUMPABLE, 0) == 0);
	return CRYPTO_secure_malloc_init(CY_SECRET_BYTES, SECRET_LEAST) == 1;
}
