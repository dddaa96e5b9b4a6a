#include "io/secrets.h"

#include <openssl/crypto.h>
#include <sys/prctl.h>

#include "base/error.h"

/* Two private keys of ours, those that a renewal has loaded beside them, and two keys of the store
 * need less than 4 KiB; when it is full OpenSSL fails instead of using other memory. */
#define SECRET_BYTES 65536u
#define SECRET_LEAST 32u

bool secrets_protect(bool dumpable)
{
	CY_ASSERT(dumpable || prctl(PR_SET_DUMPABLE, 0) == 0);
	return CRYPTO_secure_malloc_init(SECRET_BYTES, SECRET_LEAST) == 1;
}
