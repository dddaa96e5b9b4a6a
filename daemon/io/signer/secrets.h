/* Keys in memory. */
#ifndef CY_IO_SIGNER_SECRETS_H
#define CY_IO_SIGNER_SECRETS_H

#include <stdbool.h>

/* Called once, before the first key is read. From then on the process writes no core file, and only
 * root can attach to it or read its memory (PR_SET_DUMPABLE in prctl(2)); and private keys of
 * OpenSSL, the key of the store and those of cases lie in pages of their own that are never swapped
 * out, are in no dump, and are wiped when they are freed (CRYPTO_secure_malloc_init(3)).
 * False: these pages cannot be locked, for want of RLIMIT_MEMLOCK; all else holds.
 * `dumpable`, for tests: the process can be looked into as before. */
bool secrets_protect(bool dumpable);

#endif
