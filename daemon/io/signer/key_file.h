/* The private keys of this authority. */
#ifndef CY_IO_SIGNER_KEY_FILE_H
#define CY_IO_SIGNER_KEY_FILE_H

#include <openssl/evp.h>

#include "base/error.h"

/* The key that a path or URI (RFC 7512) names, without a pass phrase. CY_ECONFIG with the sentence:
 * it cannot be read, is no key, or its file is open to others. To be freed with EVP_PKEY_free(). */
int key_file_load(const char *uri, EVP_PKEY **ret_key, struct cy_error *e);

#endif
